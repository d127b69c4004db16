import { failed, fault, ok, type Result } from '../../fault.ts';
import type { Txn } from '../../journal/journal.ts';
import { digits } from '../../units.ts';
import type { Cell, Report, Span } from './model.ts';
import { cardOf, numberOf, originalText, txnsIn } from './rows.ts';
import { CHANNEL_WORDS, columns, KINDS, reasonCell, type Sources, STATES, words } from './words.ts';

/** What is looked for; all that is given must fit. */
export interface Wanted {
  /** `12.50`, or `10-20` for a span, both ends included. */
  readonly amount?: string;
  /** Last four digits of the card. */
  readonly last4?: string;
  /** The acquirer's reference, or a part of it; also that of the original. */
  readonly reference?: string;
  readonly operator?: string;
  /** Number on the screen, or a part of its text. */
  readonly reason?: string;
  /** Voucher number. */
  readonly voucher?: string;
  /** `sale`, `void`, `refund`, … */
  readonly kind?: string;
  readonly limit: string;
}

type Test = (txn: Txn) => boolean;

/** Transactions that fit, newest first. Faults: `search-flags`. */
export function searchReport(sources: Sources, span: Span, wanted: Wanted): Result<Report> {
  const tests = testsOf(sources, wanted);
  if (!tests.ok) return tests;
  const limit = /^\d{1,6}$/.test(wanted.limit) ? Number(wanted.limit) : 0;
  if (limit === 0) return badFlag('--limit', wanted.limit, '--limit 50');
  const found: Txn[] = [];
  let count = 0;
  for (const txn of txnsIn(sources.journal, span)) {
    if (!tests.value.every(test => test(txn))) continue;
    count++;
    found.push(txn);
    // Only the newest are shown, and a long journal shall not be kept in memory.
    if (found.length > limit * 2) found.splice(0, found.length - limit);
  }
  return ok({
    id: 'search',
    title: words('交易查找', 'Search'),
    span,
    tables: [
      {
        id: 'found',
        title: words(`找到 ${count} 笔`, `${count} found`),
        columns: columns(
          'id',
          'at',
          'kind',
          'state',
          'number',
          'batch',
          'voucher',
          'amount',
          'channel',
          'card',
          'reference',
          'operator',
          'approver',
          'reason',
          'original',
        ),
        rows: found
          .slice(-limit)
          .reverse()
          .map(txn => rowOf(sources, txn)),
        ...(count > limit
          ? { note: words(`仅显示最新 ${limit} 笔 (--limit)`, `Only the newest ${limit} are shown (--limit)`) }
          : {}),
      },
    ],
  });
}

function rowOf({ profile }: Sources, txn: Txn): Cell[] {
  return [
    txn.id,
    txn.atMs,
    KINDS[txn.kind],
    STATES[txn.state],
    numberOf(txn),
    digits(txn.batch, 6),
    digits(txn.trace, 6),
    txn.amountMinor,
    CHANNEL_WORDS[txn.intent.channel ?? 'card'],
    cardOf(txn),
    txn.answer?.reference,
    txn.intent.operator,
    txn.intent.approver,
    reasonCell(profile, txn.kind, txn.intent.reason),
    originalText(txn.intent.original),
  ];
}

function testsOf({ profile }: Sources, wanted: Wanted): Result<Test[]> {
  const tests: Test[] = [];
  const { amount, last4, reference, operator, reason, voucher, kind } = wanted;
  if (amount !== undefined) {
    const [low, high = low] = amount.split('-', 2).map(minorOf);
    if (low === undefined || high === undefined || low > high)
      return badFlag('--amount', amount, '--amount 12.50, or --amount 10-20');
    tests.push(txn => txn.amountMinor >= low && txn.amountMinor <= high);
  }
  if (last4 !== undefined) {
    if (!/^\d{4}$/.test(last4)) return badFlag('--last4', '', '--last4 with the last four digits');
    tests.push(txn => txn.intent.card?.masked.endsWith(last4) ?? false);
  }
  if (reference !== undefined)
    tests.push(
      txn =>
        (txn.answer?.reference?.includes(reference) ?? false) ||
        (txn.intent.original?.reference?.includes(reference) ?? false),
    );
  if (operator !== undefined) {
    if (!/^\d{2}$/.test(operator)) return badFlag('--operator', operator, '--operator 01');
    tests.push(
      ({ intent }) => intent.operator === operator || intent.approver === operator || intent.second === operator,
    );
  }
  if (reason !== undefined)
    tests.push(txn => {
      const cell = reasonCell(profile, txn.kind, txn.intent.reason);
      if (typeof cell === 'object') return cell.id === reason || has(cell.zh, reason) || has(cell.en, reason);
      return typeof cell === 'string' && has(cell, reason);
    });
  if (voucher !== undefined) {
    if (!/^\d{1,6}$/.test(voucher)) return badFlag('--voucher', voucher, '--voucher 000123');
    tests.push(txn => txn.trace === Number(voucher));
  }
  if (kind !== undefined) {
    if (!Object.hasOwn(KINDS, kind)) return badFlag('--kind', kind, `one of ${Object.keys(KINDS).join(', ')}`);
    tests.push(txn => txn.kind === kind);
  }
  return ok(tests);
}

const has = (text: string, part: string): boolean => text.toLowerCase().includes(part.toLowerCase());

/** Minor units of `12`, `12.5` or `12.50`. */
function minorOf(text: string): number | undefined {
  const match = /^(\d{1,10})(?:\.(\d{1,2}))?$/.exec(text);
  return match ? Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0')) : undefined;
}

/** What the person typed may be a card number by mistake, so only its beginning is shown. */
function badFlag(flag: string, value: string, form: string): Result<never> {
  return failed(fault('E_ILLEGAL', 'search-flags', `${flag} ${value.slice(0, 6)} has not the form`, `Write ${form}`));
}
