import { type Journal, KIND_RULES, type Txn } from '../../journal/journal.ts';
import type { OriginalRef } from '../../journal/types.ts';
import { digits } from '../../units.ts';
import type { Cell, Span } from './model.ts';

/** Transactions as reports show them. */

/** Transactions of a span, oldest first. */
export function* txnsIn(journal: Journal, span: Span): Generator<Txn> {
  if (!span.periods) return yield* journal.txnsBetween(span.fromMs, span.toMs);
  for (const period of span.periods) yield* journal.txnsOfPeriod(period);
}

export const actOf = (txn: Txn): 'sale' | 'void' | 'refund' => KIND_RULES[txn.kind].act;

/** `622500******0014`, or nothing for a code. */
export const cardOf = (txn: Txn): Cell => txn.intent.card?.masked;

/** `RF000123` for refunds (it stays when a held refund is sent), the plain number for all others. */
export function numberOf(txn: Txn): string {
  return actOf(txn) === 'refund' ? trackingOf(txn.intent.heldId ?? txn.id) : String(txn.id);
}

export const trackingOf = (id: number): string => `RF${digits(id, 6)}`;

/** `000001/000012` (batch, voucher), or the acquirer's reference of an original that another terminal made. */
export function originalText(original: OriginalRef | undefined): Cell {
  if (original?.batch !== undefined && original.trace !== undefined)
    return `${digits(original.batch, 6)}/${digits(original.trace, 6)}`;
  return original?.reference ?? (original?.txnId === undefined ? undefined : String(original.txnId));
}

/** Parts of a hundred with one decimal; nothing when there is no whole. */
export function percent(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : Math.round((part * 1000) / whole) / 10;
}
