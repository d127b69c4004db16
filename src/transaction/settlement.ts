import { ownedBytes } from '../card/owned.ts';
import { digits } from '../units.ts';

/** Sum and count of one side of the batch. */
export interface Side {
  readonly amountMinor: number;
  readonly count: number;
}

/** Totals of a batch: cards of UnionPay (内卡) and foreign cards (外卡). A voided sale is a debit, its void a credit. */
export interface Totals {
  readonly cupDebit: Side;
  readonly cupCredit: Side;
  readonly foreignDebit: Side;
  readonly foreignCredit: Side;
}

/** One card transaction of the batch as the batch upload needs it. */
export interface Detail {
  readonly id: number;
  readonly foreign: boolean;
  readonly trace: number;
  readonly amountMinor: number;
}

const side = (s: Side): string => digits(s.amountMinor, 12) + digits(s.count, 3);

/**
 * Data element 48 of 0500, 62 digits: debit amount 12 + count 3, credit amount 12 + count 3, flag 0; then the same for
 * foreign cards. Flags are 0 in a request.
 */
export function totalsField(totals: Totals): string {
  return `${side(totals.cupDebit)}${side(totals.cupCredit)}0${side(totals.foreignDebit)}${side(totals.foreignCredit)}0`;
}

/** Answer flag of 0510: 1 balanced 对账平, 2 not balanced 对账不平, 3 error 对账出错. */
export type BalanceFlag = '1' | '2' | '3';

/** Digits 31 and 62 of data element 48 of the answer; undefined when the field is not of that form. */
export function balanceFlags(field48: string): { cup: BalanceFlag; foreign: BalanceFlag } | undefined {
  const cup = field48.charAt(30);
  const foreign = field48.charAt(61);
  if (!/^[123]$/.test(cup) || !/^[123]$/.test(foreign)) return undefined;
  return { cup: cup as BalanceFlag, foreign: foreign as BalanceFlag };
}

/** Digits of data element 48 with `items` details. */
export function detailFieldLength(items: number): number {
  return 2 + 40 * items;
}

/**
 * Data element 48 of a detail upload: count n2, then an item each: card organisation 00 (UnionPay) or 01 (foreign),
 * trace 6, PAN 20 right-justified and zero-filled, amount 12. `pan` gives the digits of one item.
 */
export function detailField(
  items: readonly Detail[],
  panDigits: (detail: Detail, out: Uint8Array) => number,
  out: Uint8Array,
): number {
  let at = put(out, 0, digits(items.length, 2));
  const pan = ownedBytes(20);
  for (const item of items) {
    at = put(out, at, item.foreign ? '01' : '00');
    at = put(out, at, digits(item.trace, 6));
    const length = panDigits(item, pan);
    for (let i = length; i < 20; i++) out[at++] = 0x30;
    for (let i = 0; i < length; i++) out[at++] = pan[i];
    at = put(out, at, digits(item.amountMinor, 12));
  }
  pan.fill(0);
  return at;
}

function put(out: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) out[at++] = text.charCodeAt(i);
  return at;
}

/** Data element 62 of a TC upload: `61`, 00/01, `00`, amount 12, currency 3. */
export function tcField(detail: Detail, currency: string): string {
  return `61${detail.foreign ? '01' : '00'}00${digits(detail.amountMinor, 12)}${currency}`;
}
