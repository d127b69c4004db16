import { channelOf, KIND_RULES, type Txn } from '../journal/journal.ts';
import type { PurchaseSlip, SlipSide } from '../terminal/slips/slip.ts';
import { digits } from '../units.ts';
import { dueOfRefund, maskedOf, trackingOf } from './records.ts';
import type { Shop } from './shop.ts';

/** What slips and totals say of scanned payments. */

/**
 * Scanned payments of the present batch. The totals of data element 48 count them among the UnionPay cards; people see
 * them by themselves.
 */
export function scannedTotals(shop: Shop): { debit: SlipSide; credit: SlipSide; any: boolean } {
  const scanned = shop.journal.batchDetails().filter(txn => channelOf(txn) !== 'card');
  const sum = (sale: boolean): SlipSide => sumOf(scanned.filter(t => (KIND_RULES[t.kind].act === 'sale') === sale));
  return { debit: sum(true), credit: sum(false), any: scanned.length > 0 };
}

export function less(all: SlipSide, some: SlipSide): SlipSide {
  return { count: all.count - some.count, amountMinor: all.amountMinor - some.amountMinor };
}

export function sumOf(txns: readonly Txn[]): SlipSide {
  return { count: txns.length, amountMinor: txns.reduce((total, txn) => total + txn.amountMinor, 0) };
}

/** Wallet, masked code and order number of a scanned payment. */
export function scanOf(shop: Shop, txn: Txn): PurchaseSlip['scan'] {
  const channel = channelOf(txn);
  const { scanPayment } = shop.profile.acquirer;
  if (channel === 'card' || !scanPayment) return undefined;
  const code = maskedOf(shop, txn);
  return {
    channel: scanPayment.walletNames[channel],
    maskedCode: code === '' ? undefined : code,
    order: txn.answer?.order ?? txn.intent.original?.order,
  };
}

/** When a refund is usually there, as the slip says it. */
export function dueText(shop: Shop, txn: Txn): string {
  const due = dueOfRefund(shop, txn);
  const { dueDays, dueMinutes } = trackingOf(shop, txn, due);
  const { day } = due;
  const zh = shop.lang === 'zh';
  if (dueMinutes !== undefined) return zh ? `约${dueMinutes}分钟` : `${dueMinutes} MINUTES`;
  if (!day) return zh ? `约${dueDays}个工作日` : `${dueDays} WORKDAYS`;
  const text = `${day.year}/${digits(day.month, 2)}/${digits(day.day, 2)}`;
  return zh ? `${text} 前` : `BY ${text}`;
}
