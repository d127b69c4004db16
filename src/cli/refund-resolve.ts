import { Option, type Command } from 'commander';
import { type Fault, fault } from '../fault.ts';
import type { Journal, Txn } from '../journal/journal.ts';
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
  wrongText,
} from './entry.ts';
import { foundRefund, noRefund, shown, tracking } from './refund-view.ts';

/** `pos8583 refund resolve`: what the acquirer says about an unknown refund, entered without the keypad. */

const ADMINISTRATOR = '99';
const OUTCOMES = ['accepted', 'not-accepted', 'still-unknown'] as const;

interface ResolveOptions extends EntryOptions {
  readonly outcome: (typeof OUTCOMES)[number];
  readonly reason: string;
  readonly operator: string;
  readonly reference?: string;
}

const WORDS = {
  en: {
    accepted: 'booked as accepted',
    'not-accepted':
      'given up: its original can be refunded again. (To send this very refund again, with the same numbers, choose 2 at the keypad instead.)',
    'still-unknown': 'stays unknown; the call is in the journal',
  },
  zh: {
    accepted: '已登记为受理',
    'not-accepted': '已登记为未受理: 原交易可再次退货。(如需原号重发本笔, 请在终端选2。)',
    'still-unknown': '仍为待查; 查询已记入日志',
  },
} as const;

export function registerResolve(refund: Command, rim: EntryRim): void {
  common(
    refund
      .command('resolve')
      .argument('<id>', 'number of the refund, 14 or RF000014')
      .description('enters what the acquirer says about an unknown refund; while no runtime has the journal open'),
  )
    .addOption(new Option('--outcome <outcome>', 'what the acquirer says').choices(OUTCOMES).makeOptionMandatory())
    .requiredOption('--reason <text>', 'who said it, case number')
    .requiredOption('--operator <no>', 'who asked the acquirer: not the person who made the refund')
    .option('--reference <no>', "the acquirer's reference of the refund, 12 characters; needed for accepted")
    .addHelpText('after', ENTRY_HELP)
    .action((id: string, options: ResolveOptions) => {
      const wrong = wrongFlags(options);
      if (wrong) return refuse(rim, wrong, EXIT_NO_JOURNAL);
      enter(
        rim,
        options,
        journal => mayResolve(journal, id, options),
        (journal, nowMs) => write(rim, journal, nowMs, foundRefund(journal, id) as Txn, options),
        'sign on as 00, then 6',
      );
    });
}

function wrongFlags({ outcome, reason, operator, reference }: ResolveOptions): Fault | undefined {
  const note = wrongText('reason', reason);
  if (note) return note;
  if (!/^\d{2}$/.test(operator))
    return fault(
      'E_ILLEGAL',
      'operator',
      `--operator ${operator.slice(0, 8)} is no operator number`,
      'Give two digits',
    );
  if (outcome === 'accepted' && !/^[0-9A-Za-z]{12}$/.test(reference ?? ''))
    return fault(
      'E_ILLEGAL',
      'reference',
      'an accepted refund has a reference of 12 letters and digits at the acquirer',
      'Ask the acquirer for it and give --reference',
    );
  return undefined;
}

/** Why this entry cannot be made; F19: a named person asked, and it is not the one who made the refund. */
function mayResolve(journal: Journal, idText: string, { operator }: ResolveOptions): Fault | undefined {
  const txn = foundRefund(journal, idText);
  if (!txn) return noRefund(idText);
  if (txn.state === 'open')
    return fault(
      'E_BUSY',
      'refund-open',
      `refund ${txn.id} was cut off while it was on its way`,
      'Start the runtime once: it books it as unknown. Then enter what the acquirer says',
    );
  if (txn.state !== 'unknown')
    return fault(
      'E_ILLEGAL',
      'refund-not-unknown',
      `refund ${txn.id} is ${txn.state}, nothing is to be found out`,
      '`pos8583 refund list --unknown` shows those that wait',
    );
  const settlement = journal.openSettlement();
  if (settlement)
    return fault(
      'E_BUSY',
      'settlement-unfinished',
      `the settlement of batch ${digits(settlement.batch, 6)} stands at "${settlement.stage}", its totals must stay as they are`,
      'Finish the settlement at the terminal first',
    );
  if (!journal.operator(operator) || operator === ADMINISTRATOR)
    return fault(
      'E_ILLEGAL',
      'operator',
      `operator ${operator} is not known here or may not do this`,
      'Give 00 or a cashier',
    );
  if (operator === txn.intent.operator)
    return fault(
      'E_ILLEGAL',
      'same-person',
      `operator ${operator} made refund ${txn.id}, so somebody else has to ask the acquirer`,
      'Two persons: give another --operator, or 00',
    );
  return undefined;
}

function write(rim: EntryRim, journal: Journal, nowMs: number, txn: Txn, options: ResolveOptions): void {
  const { outcome, reason, operator, reference } = options;
  if (outcome === 'still-unknown')
    journal.appendEvent(nowMs, 'case', { txnId: txn.id, by: SUPERVISOR, operator, note: reason });
  else {
    const resolved = journal.resolveRefund(nowMs, txn.id, {
      by: SUPERVISOR,
      operator,
      note: reason,
      ...(outcome === 'accepted' && reference !== undefined
        ? { accepted: true, reference }
        : { accepted: false, resend: false }),
    });
    if (!resolved.ok) return refuse(rim, resolved.fault);
  }
  const after = journal.txn(txn.id) as Txn;
  if (options.json) return rim.print(JSON.stringify(shown(after), null, 2));
  rim.print(`${tracking(after)} ${formatAmount(after.requestedMinor, true)}: ${WORDS[options.lang][outcome]}`);
}
