import { assert } from '../assert.ts';
import { type Journal, KIND_RULES, type ListFilter, type Txn, type TxnKind } from '../journal/journal.ts';
import type { LedgerSummary, SummaryRow } from '../sim/acquirer/ledger.ts';
import { digits, formatAmount } from '../units.ts';
import type { StatementLine } from './statement.ts';

/** One transaction as both sides have it. */
export interface ComparedRow {
  readonly kind: TxnKind;
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

/** Rows of one query. */
const PAGE = 1000;

/** Every transaction of a journal, newest first. */
export function allTxns(journal: Journal, filter: ListFilter = {}): Txn[] {
  const all: Txn[] = [];
  for (;;) {
    const last = all.at(-1);
    const page = journal.list({ ...filter, limit: PAGE, ...(last ? { beforeId: last.id } : {}) });
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}

const sign = (kind: string): number => (kind === 'sale' ? 1 : -1);
/** States in which money has moved. */
export const moved = (state: string): boolean => state === 'approved' || state === 'voided';

/**
 * Compares a journal with an acquirer's ledger transaction by transaction (kind, batch, trace, amount, state) and by the
 * net sum: sales less voids and refunds.
 */
export function compareBooks(journal: Journal, ledger: LedgerSummary): Verdict {
  const differences: string[] = [];
  const rows: ComparedRow[] = [];
  const theirs = new Map<string, SummaryRow>();
  for (const row of ledger.rows) theirs.set(keyOf(row.kind, row.batch, row.trace), row);
  const ours = allTxns(journal).reverse();
  let journalNetMinor = 0;
  for (const txn of ours) {
    // A scanned payment is booked as a sale there.
    const { act } = KIND_RULES[txn.kind];
    if (moved(txn.state)) journalNetMinor += sign(act) * txn.amountMinor;
    const key = keyOf(act, digits(txn.batch, 6), digits(txn.trace, 6));
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

/** How one transaction differs between journal and statement. */
export interface Difference {
  /**
   * `missing-here`: booked there, not in the journal. `missing-there`: money moved here, not in the statement. `amount`;
   * `state`: one side says that money moved and the other does not, or a side is not sure yet. `twice`: booked there twice.
   */
  readonly what: 'missing-here' | 'missing-there' | 'amount' | 'state' | 'twice';
  readonly kind: TxnKind;
  readonly batch: string;
  readonly trace: string;
  readonly here?: { readonly id: number; readonly state: string; readonly amountMinor: number };
  readonly there?: { readonly line: number; readonly state: string; readonly amountMinor: number };
}

export interface Reconciled {
  readonly differences: readonly Difference[];
  /** Transactions (ids here) that moved money on both sides and agree. */
  readonly agree: readonly number[];
  readonly hereNetMinor: number;
  readonly thereNetMinor: number;
}

/** States in which this side does not know yet whether money moved. */
const unsure = (state: string): boolean => state === 'unknown' || state === 'open';

/** Compares transactions of a journal with an acquirer's statement by kind, batch and trace. */
export function compareStatement(ours: readonly Txn[], theirs: readonly StatementLine[]): Reconciled {
  const differences: Difference[] = [];
  const lines = new Map<string, StatementLine>();
  let thereNetMinor = 0;
  const lineKey = (line: StatementLine): string => keyOf(line.kind, line.batch, line.trace);
  // A statement may show the money and, in a line of its own, that it went back: then it is not there, whatever the first line says.
  for (const line of theirs) if (line.state === 'reversed') lines.set(lineKey(line), line);
  for (const line of theirs) {
    const key = lineKey(line);
    const first = lines.get(key);
    if (first?.state === 'reversed') continue;
    if (moved(line.state)) thereNetMinor += sign(line.kind) * line.amountMinor;
    if (first && moved(first.state) && moved(line.state)) differences.push(difference('twice', undefined, line));
    if (!first || !moved(first.state)) lines.set(key, line);
  }
  let hereNetMinor = 0;
  const agree: number[] = [];
  for (const txn of ours) {
    const { act } = KIND_RULES[txn.kind];
    if (moved(txn.state)) hereNetMinor += sign(act) * txn.amountMinor;
    const key = keyOf(act, digits(txn.batch, 6), digits(txn.trace, 6));
    const line = lines.get(key);
    lines.delete(key);
    const what = howDifferent(txn, line);
    if (what) differences.push(difference(what, txn, line));
    else if (moved(txn.state)) agree.push(txn.id);
  }
  for (const line of lines.values())
    if (moved(line.state)) differences.push(difference('missing-here', undefined, line));
  const place = (one: Difference): string => one.batch + one.trace;
  differences.sort((a, b) => (place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : 0));
  return { differences, agree, hereNetMinor, thereNetMinor };
}

function howDifferent(txn: Txn, line: StatementLine | undefined): Difference['what'] | undefined {
  if (unsure(txn.state)) return 'state';
  const there = line !== undefined && moved(line.state);
  if (!moved(txn.state)) return there ? 'state' : undefined;
  if (!line) return 'missing-there';
  if (!there) return 'state';
  if (line.amountMinor !== txn.amountMinor) return 'amount';
  // A statement that knows no "voided" shows the void in a line of its own.
  return line.state === 'voided' && txn.state !== 'voided' ? 'state' : undefined;
}

function difference(what: Difference['what'], txn: Txn | undefined, line: StatementLine | undefined): Difference {
  const kind = txn?.kind ?? line?.kind;
  assert(kind, 'a difference is of a transaction or of a line');
  return {
    what,
    kind,
    batch: line?.batch ?? digits(txn?.batch ?? 0, 6),
    trace: line?.trace ?? digits(txn?.trace ?? 0, 6),
    ...(txn ? { here: { id: txn.id, state: txn.state, amountMinor: txn.amountMinor } } : {}),
    ...(line ? { there: { line: line.line, state: line.state, amountMinor: line.amountMinor } } : {}),
  };
}
