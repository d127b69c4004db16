import type { Journal, Txn } from '../journal/journal.ts';
import { refundOf } from '../runtime/enter.ts';
import { numberOf } from './entry.ts';

/** A refund by the number that somebody typed: 14 or RF000014. */
export function foundRefund(journal: Journal, idText: string): Txn | undefined {
  const number = numberOf('RF', idText);
  return number === undefined ? undefined : refundOf(journal, number);
}
