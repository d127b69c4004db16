import type { Txn } from '../journal/journal.ts';
import type { RecordView } from '../terminal/types.ts';
import { digits } from '../units.ts';
import type { Shop } from './shop.ts';

/** A transaction of the journal as the flows show it. */
export function recordView(shop: Shop, txn: Txn): RecordView {
  const kind = txn.kind === 'sale' || txn.kind === 'void' || txn.kind === 'refund' ? txn.kind : 'sale';
  return {
    id: txn.id,
    kind,
    state: txn.state,
    masked: txn.intent.card?.masked ?? '',
    amountMinor: txn.amountMinor,
    voucher: txn.trace,
    batch: txn.batch,
    reference: txn.answer?.reference ?? '',
    at: shop.hal.clock.local(txn.atMs),
    remainingMinor: txn.kind === 'sale' ? shop.journal.refundable(txn.id) : 0,
    refundedMinor: txn.refundedMinor,
    ...(txn.intent.original?.trace === undefined ? {} : { originalVoucher: txn.intent.original.trace }),
  };
}

/** Tracking number of a refund: `RF` and its record number, six digits at least. */
export function trackingNumber(txn: Txn): string {
  return `RF${digits(txn.id, 6)}`;
}

/** Tracking number and due date of an accepted refund. */
export function trackingOf(shop: Shop, txn: Txn): { tracking: string; dueDays: number } {
  return { tracking: trackingNumber(txn), dueDays: shop.profile.policy.refundDueDays.debit };
}
