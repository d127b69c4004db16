import type { Journal, Txn } from '../journal/journal.ts';
import type { LedgerSummary, SummaryRow } from '../sim/acquirer/ledger.ts';
import { digits, formatAmount } from '../units.ts';

/** One transaction as both sides have it. */
export interface ComparedRow {
  readonly kind: string;
  readonly batch: string;
  readonly trace: string;
  readonly amountMinor: number;
  readonly journal: string;
  readonly ledger: string;
}

export interface Verdict {
  readonly rows: readonly ComparedRow[];
  /** What does not agree, in words; empty when the books agree. */
  readonly differences: readonly string[];
  readonly journalNetMinor: number;
  readonly ledgerNetMinor: number;
}

const ROWS_MAX = 1000;
const sign = (kind: string): number => (kind === 'sale' ? 1 : -1);
/** States in which money has moved. */
const moved = (state: string): boolean => state === 'approved' || state === 'voided';

/**
 * Compares a journal with an acquirer's ledger transaction by transaction (kind, batch, trace, amount, state) and by the
 * net sum: sales less voids and refunds.
 */
export function compareBooks(journal: Journal, ledger: LedgerSummary): Verdict {
  const differences: string[] = [];
  const rows: ComparedRow[] = [];
  const theirs = new Map<string, SummaryRow>();
  for (const row of ledger.rows) theirs.set(keyOf(row.kind, row.batch, row.trace), row);
  const ours = journal.list({ limit: ROWS_MAX }).reverse();
  let journalNetMinor = 0;
  for (const txn of ours) {
    if (moved(txn.state)) journalNetMinor += sign(txn.kind) * txn.amountMinor;
    const key = keyOf(txn.kind, digits(txn.batch, 6), digits(txn.trace, 6));
    const row = theirs.get(key);
    theirs.delete(key);
    rows.push({
      kind: txn.kind,
      batch: digits(txn.batch, 6),
      trace: digits(txn.trace, 6),
      amountMinor: txn.amountMinor,
      journal: txn.state,
      ledger: row?.state ?? '-',
    });
    const difference = differs(txn, row);
    if (difference !== undefined) differences.push(`${key}: ${difference}`);
  }
  for (const [key, row] of theirs)
    if (moved(row.state))
      differences.push(`${key}: the acquirer booked ${formatAmount(row.amountMinor)}, the journal knows nothing of it`);
  const ledgerNetMinor = [...ledger.netMinor.values()].reduce((sum, net) => sum + net, 0);
  if (ledgerNetMinor !== journalNetMinor)
    differences.push(
      `net: the journal has ${formatAmount(journalNetMinor)}, the acquirer ${formatAmount(ledgerNetMinor)}`,
    );
  return { rows, differences, journalNetMinor, ledgerNetMinor };
}

function keyOf(kind: string, batch: string, trace: string): string {
  return `${kind} ${batch}/${trace}`;
}

function differs(txn: Txn, row: SummaryRow | undefined): string | undefined {
  const booked = row !== undefined && moved(row.state);
  if (moved(txn.state) !== booked) return `journal says ${txn.state}, acquirer says ${row?.state ?? 'nothing'}`;
  if (!booked) return undefined;
  if (row.amountMinor !== txn.amountMinor)
    return `journal has ${formatAmount(txn.amountMinor)}, acquirer ${formatAmount(row.amountMinor)}`;
  if (row.state !== txn.state) return `journal says ${txn.state}, acquirer says ${row.state}`;
  return undefined;
}
