import { Option, type Command } from 'commander';
import { type Fault, fault } from '../fault.ts';
import { noRefund } from '../runtime/enter.ts';
import { REFERENCE, RESOLVE_OUTCOMES } from '../runtime/entries.ts';
import { formatAmount } from '../units.ts';
import {
  enter,
  EXIT_NO_JOURNAL,
  type EntryRim,
  numberOf,
  refuse,
  type WriteOptions,
  writing,
  wrongText,
} from './entry.ts';

/** `pos8583 refund resolve`: what the acquirer says about an unknown refund, entered without the keypad. */

interface ResolveOptions extends WriteOptions {
  readonly outcome: (typeof RESOLVE_OUTCOMES)[number];
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
  writing(
    refund
      .command('resolve')
      .argument('<id>', 'number of the refund, 14 or RF000014')
      .description('enters what the acquirer says about an unknown refund, or an unknown void of a scanned payment'),
  )
    .addOption(
      new Option('--outcome <outcome>', 'what the acquirer says').choices(RESOLVE_OUTCOMES).makeOptionMandatory(),
    )
    .requiredOption('--reason <text>', 'who said it, case number')
    .requiredOption('--operator <no>', 'who asked the acquirer: not the person who made the refund')
    .option('--reference <no>', "the acquirer's reference of the refund, 12 characters; needed for accepted")
    .action((id: string, options: ResolveOptions) => resolve(rim, id, options));
}

function resolve(rim: EntryRim, idText: string, options: ResolveOptions): void {
  const wrong = wrongFlags(options);
  if (wrong) return refuse(rim, wrong, EXIT_NO_JOURNAL);
  const id = numberOf('RF', idText);
  if (id === undefined) return refuse(rim, noRefund(idText));
  const { outcome, operator, reason, reference } = options;
  enter<{ tracking: string; amountMinor: number }>(rim, options, {
    entry: {
      what: 'refund-resolve',
      id,
      outcome,
      operator,
      note: reason,
      ...(outcome === 'accepted' && reference !== undefined ? { reference } : {}),
    },
    text: ({ tracking, amountMinor }) =>
      `${tracking} ${formatAmount(amountMinor, true)}: ${WORDS[options.lang][outcome]}`,
    keys: 'sign on as 00, then 6',
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
  if (outcome === 'accepted' && !REFERENCE.test(reference ?? ''))
    return fault(
      'E_ILLEGAL',
      'reference',
      'an accepted refund has a reference of 12 letters and digits at the acquirer',
      'Ask the acquirer for it and give --reference',
    );
  return undefined;
}
