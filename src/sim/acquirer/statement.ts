import type { DatabaseSync } from 'node:sqlite';
import { formatAmount } from '../../units.ts';
import type { Channel, LedgerKind, LedgerState } from './ledger.ts';

/** What an acquirer hands out about its books: the statement that a shop reconciles, and what an upload did not settle. */

/** Columns of the statement, in this order, named in its first line. */
export const STATEMENT_COLUMNS = [
  'kind',
  'tid',
  'batch',
  'trace',
  'amount',
  'state',
  'reference',
  'date',
  'card',
  'channel',
] as const;

interface StatementRow {
  readonly kind: LedgerKind;
  readonly tid: string;
  readonly batch: string;
  readonly trace: string;
  readonly amountMinor: number;
  readonly state: LedgerState;
  readonly reference: string;
  readonly hostDate: string;
  readonly pan_masked: string;
  readonly channel: Channel;
}

/**
 * The books as CSV (UTF-8, comma, LF; no value holds a comma or quote): sales, voids and refunds in the order in which
 * they came, reversed and declined ones too. Amounts with two digits after the point, card numbers masked. A tombstone and
 * a payment that waits for its customer are no transactions and are left out.
 */
export function statementCsv(db: DatabaseSync): string {
  const rows = db
    .prepare(
      `SELECT kind, tid, batch, trace, amountMinor, state, reference, hostDate, pan_masked, channel FROM txn
       WHERE kind <> 'balance' AND state NOT IN ('tombstone', 'waiting') ORDER BY id`,
    )
    .all() as unknown as StatementRow[];
  const line = (row: StatementRow): string =>
    [
      row.kind,
      row.tid,
      row.batch,
      row.trace,
      formatAmount(row.amountMinor),
      row.state,
      row.reference,
      row.hostDate,
      row.pan_masked,
      row.channel,
    ].join(',');
  return [STATEMENT_COLUMNS.join(','), ...rows.map(line)].join('\n');
}

/** After a full upload of a batch, one line for each transaction in which the books and the upload differ. */
export function uploadDifferences(db: DatabaseSync, tid: string, mid: string, batch: string): string[] {
  const missing = db
    .prepare(
      `SELECT kind, trace, amountMinor FROM txn t WHERE tid = ?1 AND mid = ?2 AND batch = ?3 AND kind <> 'balance'
       AND state IN ('approved', 'voided') AND NOT EXISTS
       (SELECT 1 FROM upload u WHERE u.tid = ?1 AND u.mid = ?2 AND u.batch = ?3 AND u.trace = t.trace) ORDER BY trace`,
    )
    .all(tid, mid, batch) as unknown as Pick<StatementRow, 'kind' | 'trace' | 'amountMinor'>[];
  const strange = db
    .prepare(
      'SELECT sort, trace, amountMinor FROM upload WHERE tid = ? AND mid = ? AND batch = ? AND matched = 0 ORDER BY trace',
    )
    .all(tid, mid, batch) as unknown as { sort: string; trace: string; amountMinor: number }[];
  return [
    ...missing.map(
      row => `${row.kind} ${row.trace} ${formatAmount(row.amountMinor)} is in the books and was not uploaded`,
    ),
    ...strange.map(
      row => `${row.sort} ${row.trace} ${formatAmount(row.amountMinor)} was uploaded and is not so in the books`,
    ),
  ];
}
