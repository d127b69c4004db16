import { Option, type Command } from 'commander';
import { type Fault, fault } from '../fault.ts';
import type { Journal, Reversal } from '../journal/journal.ts';
import { digits, formatAmount } from '../units.ts';
import {
  common,
  enter,
  ENTRY_HELP,
  EXIT_NO_JOURNAL,
  type EntryOptions,
  type EntryRim,
  refuse,
  SUPERVISOR,
  timeText,
  withJournal,
  wrongText,
} from './entry.ts';

interface ResolveOptions extends EntryOptions {
  readonly outcome: 'reversed' | 'stands';
  readonly reference: string;
  readonly reason: string;
}

const WORDS = {
  en: {
    none: 'No reversal waits.',
    tries: 'tries',
    released: 'released by',
    held: 'held: call the acquirer, then `pos8583 reversal resolve',
    owed: 'is sent before the next message',
    reversed: 'ended: the acquirer has reversed it',
    stands: 'ended: the transaction stands at the acquirer and here',
  },
  zh: {
    none: '没有未完成冲正。',
    tries: '次数',
    released: '放行',
    held: '待人工处理: 致电收单机构后执行 `pos8583 reversal resolve',
    owed: '将在下一笔联机前自动冲正',
    reversed: '冲正已登记: 收单机构已冲正',
    stands: '冲正已登记: 原交易在收单机构成立',
  },
} as const;

/** Adds `pos8583 reversal list|resolve`: reversals without a final answer, and the entry that ends a held one. */
export function register(program: Command, rim: EntryRim): void {
  const group = program.command('reversal').description('reversals without a final answer; the entry that ends one');
  common(group.command('list').description('held and owed reversals, oldest first')).action((options: EntryOptions) =>
    withJournal(rim, rim.openJournal, options.journal, journal => list(rim, journal, options)),
  );
  common(
    group
      .command('resolve')
      .argument('<id>', 'number of the transaction in the list')
      .description('ends a held reversal by what the acquirer says; while no runtime has the journal open'),
  )
    .addOption(
      new Option('--outcome <outcome>', 'what the acquirer says').choices(['reversed', 'stands']).makeOptionMandatory(),
    )
    .requiredOption('--reference <no>', "the acquirer's reference, 12 characters")
    .requiredOption('--reason <text>', 'who said it, case number')
    .addHelpText('after', ENTRY_HELP)
    .action((id: string, options: ResolveOptions) => resolve(rim, id, options));
}

const waiting = (journal: Journal): Reversal[] => [...journal.heldReversals(), ...journal.owedReversals()];

function shown({ id, txn, state, reason, tries, lastTryMs, lastCode, releasedBy }: Reversal): object {
  return {
    id,
    state,
    kind: txn.kind,
    batch: digits(txn.batch, 6),
    voucher: digits(txn.trace, 6),
    amountMinor: txn.requestedMinor,
    ...(txn.intent.card ? { card: txn.intent.card.masked } : {}),
    atMs: txn.atMs,
    reason,
    tries,
    ...(lastTryMs === undefined ? {} : { lastTryMs }),
    ...(lastCode === undefined ? {} : { lastCode }),
    ...(releasedBy === undefined ? {} : { releasedBy }),
  };
}

function list(rim: EntryRim, journal: Journal, options: EntryOptions): void {
  const reversals = waiting(journal);
  if (options.json) return rim.print(JSON.stringify(reversals.map(shown), null, 2));
  const words = WORDS[options.lang];
  if (reversals.length === 0) return rim.print(words.none);
  const text = (one: Reversal): string => {
    const { id, txn, state, tries, reason, lastCode, releasedBy } = one;
    const head = [
      String(id),
      timeText(txn.atMs),
      `${txn.kind} ${digits(txn.batch, 6)}/${digits(txn.trace, 6)}`,
      txn.intent.card?.masked ?? '-',
      formatAmount(txn.requestedMinor, true),
      `39=${reason} ${words.tries} ${tries}${lastCode === undefined ? '' : ` (${lastCode})`}`,
      ...(releasedBy === undefined ? [] : [`${words.released} ${releasedBy}`]),
    ].join('  ');
    return `${head}\n  ${state === 'held' ? `${words.held} ${id}\`` : words.owed}`;
  };
  rim.print(reversals.map(text).join('\n'));
}

function resolve(rim: EntryRim, idText: string, options: ResolveOptions): void {
  const id = /^\d{1,12}$/.test(idText) ? Number(idText) : -1;
  const wrong =
    wrongText('reason', options.reason) ??
    (/^[0-9A-Za-z]{12}$/.test(options.reference)
      ? undefined
      : fault('E_ILLEGAL', 'reference', '--reference is no reference number', 'Give its 12 letters and digits'));
  if (wrong) return refuse(rim, wrong, EXIT_NO_JOURNAL);
  enter(
    rim,
    options,
    journal => mayResolve(journal, id, idText),
    (journal, nowMs) => {
      const ended = journal.resolveReversal(nowMs, id, {
        by: SUPERVISOR,
        entry: {
          result: options.outcome === 'stands' ? 'approved' : 'reversed',
          reference: options.reference,
          note: options.reason,
        },
      });
      if (!ended.ok) return refuse(rim, ended.fault);
      if (options.json) return rim.print(JSON.stringify(shown(ended.value), null, 2));
      rim.print(`${id}: ${WORDS[options.lang][options.outcome]}`);
    },
    'sign on as 00, then 9, F1',
  );
}

function mayResolve(journal: Journal, id: number, idText: string): Fault | undefined {
  const reversal = journal.reversal(id);
  if (reversal?.state !== 'held')
    return fault(
      reversal ? 'E_ILLEGAL' : 'E_NOEXIST',
      'reversal-not-held',
      `the reversal of ${idText.slice(0, 14)} is ${reversal?.state ?? 'not in this journal'}`,
      reversal?.state === 'owed' ? 'The terminal sends it by itself' : '`pos8583 reversal list` shows those that wait',
    );
  const settlement = journal.openSettlement();
  return settlement
    ? fault(
        'E_BUSY',
        'settlement-unfinished',
        `the settlement of batch ${digits(settlement.batch, 6)} stands at "${settlement.stage}", its totals must stay as they are`,
        'Finish the settlement at the terminal first',
      )
    : undefined;
}
