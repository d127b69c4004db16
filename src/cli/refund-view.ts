import { fault, type Fault } from '../fault.ts';
import { type Journal, KIND_RULES, type Txn } from '../journal/journal.ts';
import { trackingText } from '../runtime/status.ts';
import { digits } from '../units.ts';
import { numberOf } from './entry.ts';

/** Refunds as the commands name and show them. */

export const isRefund = (txn: Txn | undefined): txn is Txn =>
  txn !== undefined && KIND_RULES[txn.kind].act === 'refund';

export function foundRefund(journal: Journal, idText: string): Txn | undefined {
  const number = numberOf('RF', idText);
  const txn = number === undefined ? undefined : journal.txn(journal.held(number)?.txnId ?? number);
  return isRefund(txn) ? txn : undefined;
}

export const noRefund = (idText: string): Fault =>
  fault(
    'E_NOEXIST',
    'no-refund',
    `the journal holds no refund ${idText.slice(0, 14)}`,
    '`pos8583 refund list` shows the numbers',
  );

/** What people may see of a refund; amounts in minor units. */
export function shown(txn: Txn): object {
  const { original, operator, approver, reason, card } = txn.intent;
  return {
    id: txn.id,
    tracking: tracking(txn),
    atMs: txn.atMs,
    state: txn.state,
    batch: digits(txn.batch, 6),
    trace: digits(txn.trace, 6),
    amountMinor: txn.requestedMinor,
    operator,
    ...(approver === undefined ? {} : { approver }),
    ...(reason === undefined ? {} : { reason }),
    ...(card ? { card: card.masked } : {}),
    ...(original ? { original } : {}),
    resends: txn.resends,
    ...(txn.answer ? { answer: txn.answer } : {}),
  };
}

export const tracking = (txn: Txn): string => trackingText(txn.intent.heldId ?? txn.id);
