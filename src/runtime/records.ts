import { channelOf, type HeldRefund, KIND_RULES, type Txn } from '../journal/journal.ts';
import type { RecordView } from '../terminal/types.ts';
import { digits } from '../units.ts';
import { maskCode, valueAt, type Wallet } from '../transaction/qr.ts';
import { type Due, dueOf } from '../transaction/calendar.ts';
import type { Shop } from './shop.ts';

/** A transaction of the journal as the flows show it. */
export function recordView(shop: Shop, txn: Txn): RecordView {
  const kind = KIND_RULES[txn.kind].act;
  const channel = channelOf(txn);
  return {
    id: txn.id,
    kind,
    ...(channel === 'card' ? {} : { channel }),
    state: txn.state,
    masked: maskedOf(shop, txn),
    amountMinor: txn.amountMinor,
    voucher: txn.trace,
    batch: txn.batch,
    reference: txn.answer?.reference ?? '',
    at: shop.hal.clock.local(txn.atMs),
    remainingMinor: kind === 'sale' ? shop.journal.refundable(txn.id) : 0,
    refundedMinor: txn.refundedMinor,
    ...(kind === 'refund' ? { tracking: trackingNumber(txn) } : {}),
    ...(txn.intent.original?.trace === undefined ? {} : { originalVoucher: txn.intent.original.trace }),
  };
}

/** What may be seen of the card, or of the payer's code, of a transaction. */
export function maskedOf(shop: Shop, txn: Txn): string {
  const code = payCodeOf(shop, txn);
  return txn.intent.card?.masked ?? (code === undefined ? '' : maskCode(code));
}

/** The payer's code of a scan payment, or of the one that a void or refund is of: element 59 of its intent, tag A3. */
export function payCodeOf(shop: Shop, txn: Txn): string | undefined {
  const original = txn.intent.original?.txnId;
  const sale = original === undefined ? txn : shop.journal.txn(original);
  return valueAt(KEPT_CODE, sale?.intent.fields['59']);
}

/** Where an intent keeps the payer's code, however the acquirer wants it sent. */
export const KEPT_CODE = { element: 59, tag: 'A3' } as const;

/** Tracking number of a refund: `RF` and its record number, or that of its hold; six digits at least. */
export function trackingNumber(txn: Txn): string {
  return `RF${digits(txn.intent.heldId ?? txn.id, 6)}`;
}

/** A refund keeps the number that it had while it was held. */
export function trackingOfHeld(held: Pick<HeldRefund, 'id'>): string {
  return `RF${digits(held.id, 6)}`;
}

/** When refunded money is usually there, by the calendar of banks; counted from when it was sent. */
export function dueOfRefund(shop: Shop, txn: Txn): Due {
  const { channels, cutOff } = shop.profile.policy;
  const { arrival } = channels[channelOf(txn)];
  const foreign = channelOf(txn) === 'card' && (txn.answer?.organisation ?? 'CUP') !== 'CUP';
  return dueOf(shop.hal.clock.local(txn.atMs), (foreign ? arrival.foreign : undefined) ?? arrival.debit, cutOff);
}

/** Tracking number of an accepted refund and when it is usually there: working days, or minutes for a wallet's balance. */
export function trackingOf(
  shop: Shop,
  txn: Txn,
): { tracking: string; due?: string; dueDays: number; channel?: Wallet; dueMinutes?: number } {
  const channel = channelOf(txn);
  const { day, usualMax } = dueOfRefund(shop, txn);
  const { debit, balance } = shop.profile.policy.channels[channel].arrival;
  return {
    tracking: trackingNumber(txn),
    ...(day ? { due: `${digits(day.month, 2)}/${digits(day.day, 2)}` } : {}),
    dueDays: debit.unit === 'days' ? usualMax : 1,
    ...(channel === 'card' ? {} : { channel }),
    ...(balance?.unit === 'minutes' ? { dueMinutes: balance.usualMax } : {}),
  };
}
