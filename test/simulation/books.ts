import type { DatabaseSync } from 'node:sqlite';
import { allTxns, compareStatement } from '../../src/cli/compare.ts';
import type { StatementLine } from '../../src/cli/statement.ts';
import type { BatchTotals, Journal } from '../../src/journal/journal.ts';
import { type Ledger, ledgerSummary, type SummaryRow } from '../../src/sim/acquirer/ledger.ts';
import { digits } from '../../src/units.ts';
import type { Eyes } from './eyes.ts';

export interface BooksVerdict {
  readonly violations: readonly string[];
  /** Sales, voids and refunds of the journal. */
  readonly transactions: number;
  /** Differences that a settlement has shown. */
  readonly shown: number;
  /** Differences that make up for each other in the totals: the comparison with the acquirer's statement names them. */
  readonly madeUp: number;
}

export interface BooksOptions {
  /** The acquirer has lied: what is asked then is that the settlement shows it. */
  readonly unsurvivable: boolean;
  readonly finalCodes: readonly string[];
  /** The chain and the folded tables are checked, too: takes a few milliseconds. */
  readonly verify: boolean;
  /** Lines of the idle screen. */
  readonly idle: string;
}

/** A transaction as the checker's own fold of the records has it. */
interface Held {
  readonly id: number;
  /** `sale`, `void` or `refund`, whatever it was paid with. */
  readonly kind: string;
  /** A reversal ends it when its outcome is unknown; all else is looked after by a person. */
  readonly reversible: boolean;
  readonly period: number;
  readonly batch: number;
  readonly trace: number;
  readonly requestedMinor: number;
  readonly original: number | undefined;
  /** The record of the refund that waited. */
  readonly held: number | undefined;
  amountMinor: number;
  state: string;
  reversal: 'none' | 'owed' | 'held' | 'done';
  /** Field 39 of the last answer to its reversal. */
  reversalCode: string | undefined;
}

type Body = Readonly<Record<string, any>>;

/** Kinds of records that {@link RecordFold} reads; the others say nothing about money. */
const FOLDED = [
  'intent',
  'trace',
  'outcome',
  'reversal-result',
  'reversal-held',
  'reversal-again',
  'reversal-resolved',
  'refund-resolved',
  'refund-held',
  'refund-stopped',
  'settlement-requested',
  'settlement-answered',
  'batch-closed',
  'signed-on',
];
const RECORDS = `SELECT seq, kind, body FROM record WHERE kind IN ('${FOLDED.join("', '")}') ORDER BY seq`;

/**
 * Everything at rest: the records of the journal against the rules of money, then against the books of the acquirer. The
 * records are folded here anew, by other hands than the program's.
 */
export function checkBooks(
  disk: DatabaseSync,
  ledger: Ledger,
  journal: Journal,
  eyes: Eyes,
  options: BooksOptions,
): BooksVerdict {
  const violations: string[] = [];
  const wrong = (text: string): void => {
    if (violations.length < 8) violations.push(text);
  };
  const fold = new RecordFold(options.finalCodes, wrong);
  const records = disk.prepare(RECORDS);
  records.setReturnArrays(true);
  for (const [seq, kind, body] of records.all() as unknown as [number, string, string][])
    fold.apply(seq, kind, JSON.parse(body) as Body);
  if (options.verify) {
    const verified = journal.verify();
    if (!verified.ok) wrong(`journal record ${verified.seq}: ${verified.why}`);
  }
  const rows = new Map<string, SummaryRow>();
  for (const row of ledgerSummary(ledger.db).rows) rows.set(`${row.kind} ${row.batch}/${row.trace}`, row);
  /** What does not agree, and in which period. */
  const differences: { period: number; batch: number; trace: number; text: string }[] = [];
  const unknown = new Set(journal.unknownRefunds().map(txn => txn.id));
  const waiting = new Set(journal.heldReversals().map(reversal => reversal.id));
  const open: Held[] = [];
  for (const txn of fold.txns.values()) {
    const key = `${txn.kind} ${digits(txn.batch, 6)}/${digits(txn.trace, 6)}`;
    const row = rows.get(key);
    rows.delete(key);
    if (txn.state === 'open') wrong(`${key} is still open at rest`);
    if (txn.state === 'unknown') {
      open.push(txn);
      if (!txn.reversible && !unknown.has(txn.id)) wrong(`the unknown ${key} is forgotten`);
      if (txn.reversible && !waiting.has(txn.id)) wrong(`the reversal of ${key} is forgotten (${txn.reversal})`);
      continue;
    }
    // Whether it is undone is what nobody knows yet about its void.
    if (fold.voidUnknown(txn.id)) continue;
    const ours = moved(txn.state);
    const theirs = row !== undefined && moved(row.state);
    if (ours !== theirs)
      differences.push({
        ...txn,
        text: `${key}: journal ${txn.state}, acquirer ${row?.state ?? 'nothing'}`,
      });
    else if (ours && row && (row.amountMinor !== txn.amountMinor || row.state !== txn.state))
      differences.push({
        ...txn,
        text: `${key}: journal ${txn.state} ${txn.amountMinor}, acquirer ${row.state} ${row.amountMinor}`,
      });
  }
  if (journal.heldRefunds().length !== fold.holds.size)
    wrong(`${fold.holds.size} refunds wait, and the desk knows of ${journal.heldRefunds().length}`);
  for (const [key, row] of rows) if (moved(row.state)) wrong(`${key} is booked, and the journal knows nothing of it`);
  for (const key of eyes.seenApproved)
    if (!fold.approved(key)) wrong(`people saw ${key} approved, the journal does not hold it`);
  checkRefunds(ledger, wrong);
  let shown = 0;
  let madeUp = 0;
  for (const { period, batch, trace, text } of differences) {
    const flags = fold.flags.get(period);
    if (options.unsurvivable && flags !== undefined && flags !== '11') shown++;
    else if (options.unsurvivable && open.some(txn => txn.period === period)) shown++;
    else if (
      options.unsurvivable &&
      totalsAgree(ledger, batch, fold.requested.get(period)) &&
      named(journal, rowsOf(ledger), batch, trace)
    )
      madeUp++;
    else wrong(options.unsurvivable ? `${text}, and the settlement said ${flags ?? 'nothing'}` : text);
  }
  if (!options.unsurvivable) {
    for (const txn of open)
      if (txn.reversible && !fold.forAPerson(txn))
        wrong(`the reversal of ${txn.kind} ${txn.trace} finds no end on a sound line`);
    const last = journal.lastSettlement();
    if (!last) wrong('the day could not be closed');
    else if (
      fold.flags.get(last.period) !== '11' &&
      !open.some(txn => txn.period === last.period) &&
      !fold.shifted(last.period)
    )
      wrong(`the last settlement did not balance: ${fold.flags.get(last.period)}`);
  }
  if (open.length > 0 && !/UNKN|REV|待查|冲正/.test(options.idle))
    wrong(`the idle screen does not show what is open: ${options.idle}`);
  return { violations, transactions: fold.txns.size, shown, madeUp };
}

/**
 * The totals that the terminal sent are those of the acquirer's books: two lies of the same amount on the same side make up
 * for each other, and no comparison of totals can show them.
 */
function totalsAgree(ledger: Ledger, batch: number, sent: BatchTotals | undefined): boolean {
  const row = rowsOf(ledger).find(one => one.batch === digits(batch, 6));
  if (!sent || !row) return false;
  return (['CUP', 'foreign'] as const).every(organisation => {
    const { debit, credit } = organisation === 'CUP' ? sent.cup : sent.foreign;
    const booked = ledger.totals(row.tid, row.mid, row.batch, organisation);
    return (
      booked.debitCount === debit.count &&
      booked.debitMinor === debit.amountMinor &&
      booked.creditCount === credit.count &&
      booked.creditMinor === credit.amountMinor
    );
  });
}

const rowsOf = (ledger: Ledger): readonly SummaryRow[] => ledgerSummary(ledger.db).rows;

/** `reconcile` names this transaction when it is given the acquirer's books as a statement. */
function named(journal: Journal, rows: readonly SummaryRow[], batch: number, trace: number): boolean {
  const statement = rows
    .filter(row => row.kind !== 'balance')
    .map((row, i) => ({ ...row, line: i + 2, state: moved(row.state) ? row.state : 'declined' }) as StatementLine);
  const { differences } = compareStatement(allTxns(journal).reverse(), statement);
  return differences.some(one => Number(one.batch) === batch && Number(one.trace) === trace);
}

/** In the acquirer's books, refunds of a sale are never more than the sale, and a voided sale has none. */
function checkRefunds(ledger: Ledger, wrong: (text: string) => void): void {
  const bad = ledger.db
    .prepare(
      `SELECT s.batch, s.trace FROM txn s JOIN txn r ON r.original = s.id AND r.kind = 'refund' AND r.state = 'approved'
       GROUP BY s.id HAVING SUM(r.amountMinor) > s.amountMinor OR s.state <> 'approved'`,
    )
    .all() as { batch: string; trace: string }[];
  for (const { batch, trace } of bad) wrong(`refunds of sale ${batch}/${trace} are more than it, or it is undone`);
}

const moved = (state: string): boolean => state === 'approved' || state === 'voided';

/** The rules of money over the records, one after the other. */
class RecordFold {
  readonly txns = new Map<number, Held>();
  /** Flags of the settlement of each period, `11` when both sides balance. */
  readonly flags = new Map<number, string>();
  /** Totals of the settlement of each period. */
  readonly requested = new Map<number, BatchTotals>();
  /** Refunds that were decided and wait, by their record. */
  readonly holds = new Map<number, { readonly original: number | undefined; readonly amountMinor: number }>();
  private readonly finalCodes: ReadonlySet<string>;
  private readonly wrong: (text: string) => void;
  private readonly traces = new Set<string>();
  private readonly byTrace = new Map<string, Held>();
  private readonly settlements = new Map<number, number>();
  private readonly late = new Set<number>();
  private period = 1;

  constructor(finalCodes: readonly string[], wrong: (text: string) => void) {
    this.finalCodes = new Set(finalCodes);
    this.wrong = wrong;
  }

  /** `period/trace` is approved or voided. */
  approved(key: string): boolean {
    const txn = this.byTrace.get(key);
    return txn !== undefined && moved(txn.state);
  }

  /** A void of this sale has no known outcome. */
  voidUnknown(id: number): boolean {
    for (const txn of this.txns.values())
      if (txn.original === id && txn.kind === 'void' && txn.state === 'unknown') return true;
    return false;
  }

  /**
   * The acquirer says 12 or 25 of a reversal whose batch is settled: that may be a sale which it has settled or one which it
   * reversed before and did not say, so only 00 or a person ends it.
   */
  forAPerson(txn: Held): boolean {
    const code = txn.reversalCode;
    return txn.reversal === 'held' && txn.period !== this.period && code !== undefined && this.finalCodes.has(code);
  }

  /** Something of this period changed after its totals were sent: a person's entry for an old refund. */
  shifted(period: number): boolean {
    return this.late.has(period);
  }

  apply(seq: number, kind: string, body: Body): void {
    const txn = this.txns.get(body.id as number);
    switch (kind) {
      case 'intent':
        return this.intent(seq, body);
      case 'trace':
        return this.useTrace(body.trace as number, 'a message');
      case 'outcome':
        if (!txn) return this.wrong(`an outcome of nothing, record ${seq}`);
        if (txn.state !== 'open') this.wrong(`${txn.kind} ${txn.trace} has an outcome and was ${txn.state}`);
        if (body.result === 'approved') return this.approve(txn, body);
        txn.state = body.result as string;
        // Nothing went out: what waited waits on.
        if (txn.state === 'failed' && txn.held !== undefined)
          this.holds.set(txn.held, { original: txn.original, amountMinor: txn.requestedMinor });
        if (txn.state === 'unknown' && txn.reversible) txn.reversal = 'owed';
        return;
      case 'reversal-result':
        return this.reversal(seq, txn, body);
      case 'reversal-held':
        if (txn) txn.reversal = 'held';
        return;
      case 'reversal-again':
        if (txn) txn.reversal = 'owed';
        return;
      case 'reversal-resolved':
        if (!txn) return;
        txn.reversal = 'done';
        if (body.result === 'approved') return this.approve(txn, body);
        txn.state = 'reversed';
        return;
      case 'refund-held':
        return this.hold(seq, body);
      case 'refund-stopped':
        if (!this.holds.delete(body.id as number)) this.wrong(`what waits no more is stopped, record ${seq}`);
        return;
      case 'refund-resolved':
        if (txn?.state !== 'unknown') return this.wrong(`a decision about a refund that is not unknown, record ${seq}`);
        if (txn.period !== this.period) this.late.add(txn.period);
        if (body.decision === 'accepted') return this.approve(txn, body);
        txn.state = body.decision === 'resend' ? 'open' : 'failed';
        return;
      default:
        return this.batch(seq, kind, body);
    }
  }

  private hold(seq: number, body: Body): void {
    const { amountMinor } = body as Record<string, number>;
    const original = body.original?.txnId as number | undefined;
    const sale = original === undefined ? undefined : this.txns.get(original);
    if (sale && amountMinor > this.leftOf(sale))
      this.wrong(`a refund over ${amountMinor} waits, and ${this.leftOf(sale)} is left of sale ${sale.trace}`);
    for (const other of this.txns.values())
      if (sale && other.original === sale.id && other.state === 'unknown')
        this.wrong(`a refund of sale ${sale.trace} waits, of which ${other.kind} ${other.trace} is unknown`);
    this.holds.set(seq, { original, amountMinor });
  }

  private batch(seq: number, kind: string, body: Body): void {
    switch (kind) {
      case 'settlement-requested':
        this.settlements.set(seq, body.period as number);
        this.requested.set(body.period as number, body.totals as BatchTotals);
        for (const txn of this.txns.values())
          if (txn.reversal === 'owed') this.wrong(`a settlement begins while the reversal of ${txn.trace} is owed`);
        return;
      case 'settlement-answered':
        this.flags.set(this.settlements.get(body.id as number) ?? 0, `${body.flags.cup}${body.flags.foreign}`);
        return;
      case 'batch-closed':
      case 'signed-on':
        this.period = body.period as number;
    }
  }

  private intent(seq: number, body: Body): void {
    const { amountMinor, batch, trace, period } = body as Record<string, number>;
    const scanned = (body.kind as string).startsWith('qr');
    const kind = scanned ? (body.kind as string).slice(2).toLowerCase() : (body.kind as string);
    const original = body.original?.txnId as number | undefined;
    if (period !== this.period) this.wrong(`intent ${seq} is of period ${period}, not ${this.period}`);
    this.useTrace(trace, kind);
    const of = original === undefined ? undefined : this.txns.get(original);
    if (
      kind === 'void' &&
      (of?.state !== 'approved' || of.kind !== 'sale' || of.period !== this.period || of.amountMinor !== amountMinor)
    )
      this.wrong(`void ${trace} of ${of?.kind ?? 'nothing'} ${of?.trace ?? ''}, which is ${of?.state ?? 'not there'}`);
    const held = body.heldId as number | undefined;
    if (held !== undefined) {
      if (this.holds.get(held)?.amountMinor !== amountMinor)
        this.wrong(`refund ${trace} over ${amountMinor} goes out for what does not wait, record ${held}`);
      this.holds.delete(held);
    }
    if (kind === 'refund' && of) {
      for (const other of this.txns.values())
        if (other.original === of.id && other.state === 'unknown')
          this.wrong(`refund ${trace} of sale ${of.trace}, of which ${other.kind} ${other.trace} is unknown`);
      if (of.kind !== 'sale' || of.state !== 'approved')
        this.wrong(`refund ${trace} of ${of.kind} ${of.trace}, which is ${of.state}`);
      const left = this.leftOf(of);
      if (amountMinor > left)
        this.wrong(`refund ${trace} over ${amountMinor}, and ${left} is left of sale ${of.trace}`);
    }
    const txn: Held = {
      id: seq, kind, reversible: kind === 'sale' || (kind === 'void' && !scanned), period, batch, trace, requestedMinor: amountMinor, original, held, amountMinor, state: 'open', reversal: 'none', reversalCode: undefined,
    }; // prettier-ignore
    this.txns.set(seq, txn);
    this.byTrace.set(`${period}/${trace}`, txn);
  }

  /** What of a sale has neither gone back nor waits to. */
  private leftOf(sale: Held): number {
    let left = sale.amountMinor;
    for (const waits of this.holds.values()) if (waits.original === sale.id) left -= waits.amountMinor;
    for (const other of this.txns.values())
      if (other.kind === 'refund' && other.original === sale.id && /^(approved|unknown|open)$/.test(other.state))
        left -= other.amountMinor;
    return left;
  }

  private useTrace(trace: number, by: string): void {
    const key = `${this.period}/${trace}`;
    if (this.traces.has(key)) this.wrong(`trace ${key} is used twice, the second time by ${by}`);
    this.traces.add(key);
  }

  private approve(txn: Held, body: Body): void {
    txn.state = 'approved';
    if (body.amountMinor !== undefined) txn.amountMinor = body.amountMinor as number;
    const of = txn.original === undefined ? undefined : this.txns.get(txn.original);
    if (txn.kind !== 'void') return;
    if (of?.state !== 'approved')
      this.wrong(`void ${txn.trace} is approved, and its sale was ${of?.state ?? 'not there'}`);
    if (of) of.state = 'voided';
  }

  private reversal(seq: number, txn: Held | undefined, body: Body): void {
    if (!txn || !txn.reversible || txn.reversal !== 'owed')
      return this.wrong(
        `a reversal of ${txn ? `${txn.kind} ${txn.trace}` : 'nothing'}, which owes none, record ${seq}`,
      );
    if (body.state === 'done' && !this.finalCodes.has(body.code as string))
      this.wrong(`the reversal of ${txn.trace} ends without a final code (${body.code ?? 'no answer'})`);
    if (body.state === 'done' && body.code !== '00' && txn.period !== this.period)
      this.wrong(`the reversal of ${txn.trace}, whose batch is settled, ends with ${body.code}`);
    if (body.code !== undefined) txn.reversalCode = body.code as string;
    txn.reversal = body.state === 'done' ? 'done' : body.state === 'held' ? 'held' : 'owed';
    if (body.state === 'done') txn.state = 'reversed';
  }
}
