import { Option, type Command } from 'commander';
import { fault } from '../fault.ts';
import type { Journal, Reversal } from '../journal/journal.ts';
import { shownReversal } from '../runtime/enter.ts';
import { REFERENCE } from '../runtime/entries.ts';
import { digits, formatAmount } from '../units.ts';
import {
  common,
  enter,
  EXIT_NO_JOURNAL,
  minorOf,
  type EntryOptions,
  type EntryRim,
  refuse,
  timeText,
  withJournal,
  type WriteOptions,
  writing,
  wrongText,
} from './entry.ts';

interface ResolveOptions extends WriteOptions {
  readonly outcome: 'reversed' | 'stands';
  readonly reference: string;
  readonly reason: string;
  readonly amount?: string;
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
  writing(
    group
      .command('resolve')
      .argument('<id>', 'number of the transaction in the list')
      .description('ends a held reversal by what the acquirer says'),
  )
    .addOption(
      new Option('--outcome <outcome>', 'what the acquirer says').choices(['reversed', 'stands']).makeOptionMandatory(),
    )
    .requiredOption('--reference <no>', "the acquirer's reference, 12 characters")
    .option('--amount <amount>', 'what stands of a sale that was approved in part, e.g. 50.00')
    .requiredOption('--reason <text>', 'who said it, case number')
    .action((id: string, options: ResolveOptions) => resolve(rim, id, options));
}

const waiting = (journal: Journal): Reversal[] => [...journal.heldReversals(), ...journal.owedReversals()];

function list(rim: EntryRim, journal: Journal, options: EntryOptions): void {
  const reversals = waiting(journal);
  if (options.json) return rim.print(JSON.stringify(reversals.map(shownReversal), null, 2));
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
  const { outcome, reference, reason, amount } = options;
  const amountMinor = amount === undefined ? undefined : minorOf(amount);
  const wrong =
    wrongText('reason', reason) ??
    (REFERENCE.test(reference)
      ? undefined
      : fault('E_ILLEGAL', 'reference', '--reference is no reference number', 'Give its 12 letters and digits')) ??
    (amount !== undefined && amountMinor === undefined
      ? fault('E_ILLEGAL', 'amount', `--amount ${amount.slice(0, 10)} is no amount`, 'Write it like 40.00')
      : undefined);
  if (wrong) return refuse(rim, wrong, EXIT_NO_JOURNAL);
  const id = /^\d{1,12}$/.test(idText) ? Number(idText) : 0;
  if (id === 0)
    return refuse(
      rim,
      fault(
        'E_NOEXIST',
        'reversal-not-held',
        `the reversal of ${idText.slice(0, 10)} is not in this journal`,
        '`pos8583 reversal list` shows those that wait',
      ),
    );
  enter<{ id: number }>(rim, options, {
    entry: {
      what: 'reversal-resolve',
      id,
      outcome,
      reference,
      ...(amountMinor === undefined ? {} : { amountMinor }),
      note: reason,
    },
    text: value => `${value.id}: ${WORDS[options.lang][outcome]}`,
    keys: 'sign on as 00, then 9, F1',
  });
}
