import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { assert } from '../../assert.ts';
import { failed, fault, ok, type Result } from '../../fault.ts';

import type {
  AccountRow,
  Channel,
  LedgerState,
  LedgerSummary,
  Organisation,
  SettlementRow,
  SummaryRow,
  TerminalRow,
  Totals,
  NewTxn,
  TxnRow,
  LedgerKind,
  UploadItem,
} from './rows.ts';

export type * from './rows.ts';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS terminal (
  tid TEXT NOT NULL, mid TEXT NOT NULL, batch INTEGER NOT NULL, signedOn INTEGER NOT NULL, mode TEXT NOT NULL,
  pik BLOB NOT NULL, mak BLOB NOT NULL, tdk BLOB NOT NULL, PRIMARY KEY (tid, mid)) STRICT;
CREATE TABLE IF NOT EXISTS account (
  token TEXT PRIMARY KEY, pan_masked TEXT NOT NULL, organisation TEXT NOT NULL, balance INTEGER NOT NULL,
  pinCheck TEXT NOT NULL, pinFailures INTEGER NOT NULL, pinDay TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS txn (
  id INTEGER PRIMARY KEY, atMs INTEGER NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, tid TEXT NOT NULL, mid TEXT NOT NULL,
  batch TEXT NOT NULL, trace TEXT NOT NULL, amountMinor INTEGER NOT NULL, requestedMinor INTEGER NOT NULL, code TEXT NOT NULL,
  reference TEXT NOT NULL, authCode TEXT NOT NULL, hostDate TEXT NOT NULL, token TEXT NOT NULL, pan_masked TEXT NOT NULL,
  organisation TEXT NOT NULL, original INTEGER REFERENCES txn (id), voucher TEXT NOT NULL,
  channel TEXT NOT NULL DEFAULT 'card', course TEXT NOT NULL DEFAULT '', inquiries INTEGER NOT NULL DEFAULT 0,
  UNIQUE (tid, mid, batch, trace)) STRICT;
CREATE INDEX IF NOT EXISTS txnReference ON txn (mid, reference);
CREATE INDEX IF NOT EXISTS txnOriginal ON txn (original) WHERE original IS NOT NULL;
CREATE TABLE IF NOT EXISTS settlement (
  tid TEXT NOT NULL, mid TEXT NOT NULL, batch TEXT NOT NULL, state TEXT NOT NULL, flagCup TEXT NOT NULL, flagForeign TEXT NOT NULL,
  announced INTEGER NOT NULL, PRIMARY KEY (tid, mid, batch)) STRICT;
CREATE TABLE IF NOT EXISTS upload (
  tid TEXT NOT NULL, mid TEXT NOT NULL, batch TEXT NOT NULL, sort TEXT NOT NULL, trace TEXT NOT NULL, pan_masked TEXT NOT NULL,
  amountMinor INTEGER NOT NULL, matched INTEGER NOT NULL, PRIMARY KEY (tid, mid, batch, sort, trace)) STRICT;
`;

/**
 * Opens the books in a file (made when missing) or in `:memory:`. Fault `ledger` when the file cannot be opened, is no
 * database, or another program writes to it.
 */
export function openLedger(path: string): Result<Ledger> {
  try {
    return ok(new Ledger(new DatabaseSync(path, { timeout: LOCK_WAIT_MS })));
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return failed(
      fault(
        'E_FAILURE',
        'ledger',
        `cannot open the ledger ${path}: ${detail}`,
        'Check the path and that no other program holds it, or name a new file',
      ),
    );
  }
}

/** How long a write waits for another program that reads or writes the books. */
const LOCK_WAIT_MS = 5_000;

/** Largest reference serial: the last eight digits of field 37. */
const REFERENCE_SERIAL_MAX = 99_999_999;

/** Columns that books of earlier versions do not have. */
const LATER_COLUMNS = [
  ['channel', "TEXT NOT NULL DEFAULT 'card'"],
  ['course', "TEXT NOT NULL DEFAULT ''"],
  ['inquiries', 'INTEGER NOT NULL DEFAULT 0'],
] as const;

export class Ledger {
  readonly db: DatabaseSync;
  private readonly prepared = new Map<string, StatementSync>();

  /** Takes an open database (a file or `:memory:`), makes missing tables, and turns on durable writes. */
  constructor(db: DatabaseSync) {
    this.db = db;
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
    db.exec(SCHEMA);
    const known = new Set(
      db
        .prepare('PRAGMA table_info(txn)')
        .all()
        .map(column => column.name),
    );
    for (const [name, type] of LATER_COLUMNS)
      if (!known.has(name)) db.exec(`ALTER TABLE txn ADD COLUMN ${name} ${type}`);
  }

  /**
   * Runs `work` in one transaction. `keep` decides on its result: false rolls everything back. What `work` wrote is
   * on disk when this returns.
   */
  atomic<T>(work: () => T, keep: (result: T) => boolean): T {
    this.run('BEGIN IMMEDIATE');
    let kept = false;
    try {
      const result = work();
      kept = keep(result);
      if (kept) this.run('COMMIT');
      return result;
    } finally {
      if (!kept && this.db.isTransaction) this.db.exec('ROLLBACK');
    }
  }

  setting(name: string): Uint8Array | undefined {
    return this.one<{ value: Uint8Array }>('SELECT value FROM setting WHERE name = ?', name)?.value;
  }

  putSetting(name: string, value: Uint8Array): void {
    this.run('INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)', name, value);
  }

  terminal(tid: string, mid: string): TerminalRow | undefined {
    const row = this.cells(
      'SELECT batch, signedOn, mode, pik, mak, tdk FROM terminal WHERE tid = ? AND mid = ?',
      tid,
      mid,
    ) as [number, number, string, Uint8Array, Uint8Array, Uint8Array] | undefined;
    if (row === undefined) return undefined;
    const [batch, signedOn, mode, pik, mak, tdk] = row;
    return { tid, mid, batch, signedOn, mode, pik, mak, tdk };
  }

  putTerminal(row: TerminalRow): void {
    this.run(
      'INSERT OR REPLACE INTO terminal (tid, mid, batch, signedOn, mode, pik, mak, tdk) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      row.tid,
      row.mid,
      row.batch,
      row.signedOn,
      row.mode,
      row.pik,
      row.mak,
      row.tdk,
    );
  }

  account(token: string): AccountRow | undefined {
    const row = this.cells(
      'SELECT pan_masked, organisation, balance, pinCheck, pinFailures, pinDay FROM account WHERE token = ?',
      token,
    ) as [string, Organisation, number, string, number, string] | undefined;
    if (row === undefined) return undefined;
    const [pan_masked, organisation, balance, pinCheck, pinFailures, pinDay] = row;
    return { token, pan_masked, organisation, balance, pinCheck, pinFailures, pinDay };
  }

  putAccount(row: AccountRow): void {
    this.run(
      'INSERT OR REPLACE INTO account (token, pan_masked, organisation, balance, pinCheck, pinFailures, pinDay) VALUES (?, ?, ?, ?, ?, ?, ?)',
      row.token,
      row.pan_masked,
      row.organisation,
      row.balance,
      row.pinCheck,
      row.pinFailures,
      row.pinDay,
    );
  }

  addToBalance(token: string, byMinor: number): void {
    this.run('UPDATE account SET balance = balance + ? WHERE token = ?', byMinor, token);
  }

  /** The transaction that a terminal names by batch and trace number. */
  txnByTrace(tid: string, mid: string, batch: string, trace: string): TxnRow | undefined {
    return this.one<TxnRow>(
      'SELECT * FROM txn WHERE tid = ? AND mid = ? AND batch = ? AND trace = ?',
      tid,
      mid,
      batch,
      trace,
    );
  }

  /** Sale of a merchant by field 37 and the date of its answer. */
  saleByReference(mid: string, reference: string, hostDate: string): TxnRow | undefined {
    return this.one<TxnRow>(
      "SELECT * FROM txn WHERE mid = ? AND reference = ? AND hostDate = ? AND kind = 'sale' ORDER BY id DESC LIMIT 1",
      mid,
      reference,
      hostDate,
    );
  }

  saleByVoucher(mid: string, voucher: string): TxnRow | undefined {
    return this.one<TxnRow>("SELECT * FROM txn WHERE mid = ? AND voucher = ? AND kind = 'sale'", mid, voucher);
  }

  /** The last sale of an amount on a terminal, whatever became of it. */
  lastSaleOf(tid: string, mid: string, requestedMinor: number): TxnRow | undefined {
    return this.one<TxnRow>(
      "SELECT * FROM txn WHERE tid = ? AND mid = ? AND requestedMinor = ? AND kind = 'sale' ORDER BY id DESC LIMIT 1",
      tid,
      mid,
      requestedMinor,
    );
  }

  refundedMinor(saleId: number): number {
    const row = this.one<{ sum: number }>(
      "SELECT COALESCE(SUM(amountMinor), 0) AS sum FROM txn WHERE original = ? AND kind = 'refund' AND state = 'approved'",
      saleId,
    );
    return row?.sum ?? 0;
  }

  /** Adds a row and returns its id. A row that says nothing of wallets is one of a card. */
  addTxn(row: NewTxn): number {
    const result = this.run(
      `INSERT INTO txn (atMs, kind, state, tid, mid, batch, trace, amountMinor, requestedMinor, code, reference, authCode, hostDate,
        token, pan_masked, organisation, original, voucher, channel, course, inquiries)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      row.atMs,
      row.kind,
      row.state,
      row.tid,
      row.mid,
      row.batch,
      row.trace,
      row.amountMinor,
      row.requestedMinor,
      row.code,
      row.reference,
      row.authCode,
      row.hostDate,
      row.token,
      row.pan_masked,
      row.organisation,
      row.original,
      row.voucher,
      row.channel ?? 'card',
      row.course ?? '',
      row.inquiries ?? 0,
    );
    return Number(result.lastInsertRowid);
  }

  /** Forgets that the reversal of a transaction came before it. */
  dropTombstone(tid: string, mid: string, batch: string, trace: string): void {
    this.run(
      "DELETE FROM txn WHERE tid = ? AND mid = ? AND batch = ? AND trace = ? AND state = 'tombstone'",
      tid,
      mid,
      batch,
      trace,
    );
  }

  setState(id: number, state: LedgerState): void {
    this.run('UPDATE txn SET state = ? WHERE id = ?', state, id);
  }

  setInquiries(id: number, inquiries: number): void {
    this.run('UPDATE txn SET inquiries = ? WHERE id = ?', inquiries, id);
  }

  /** The customer of a waiting payment has decided. */
  settleWaiting(id: number, state: 'approved' | 'declined', code: string): void {
    this.run('UPDATE txn SET state = ?, code = ?, inquiries = 0 WHERE id = ?', state, code, id);
  }

  /** True when, after transaction `id`, a payment by this channel brought the merchant at least `amountMinor`. */
  paidSince(mid: string, channel: Channel, id: number, amountMinor: number): boolean {
    const row = this.one<{ id: number }>(
      "SELECT id FROM txn WHERE mid = ? AND channel = ? AND id > ? AND kind = 'sale' AND state = 'approved' AND amountMinor >= ? LIMIT 1",
      mid,
      channel,
      id,
      amountMinor,
    );
    return row !== undefined;
  }

  /** Next serial for field 37, 1 to 99999999 and round again. */
  nextSerial(): number {
    const counted = this.cells("SELECT value FROM counter WHERE name = 'serial'") as [number] | undefined;
    if (counted !== undefined) {
      // Read and written: `RETURNING` costs SQLite a table of its own each time.
      const next = (counted[0] % REFERENCE_SERIAL_MAX) + 1;
      this.run("UPDATE counter SET value = ? WHERE name = 'serial'", next);
      return next;
    }
    // Books of earlier versions have it as a setting of four bytes.
    const last = this.setting('serial');
    const known = last === undefined ? 0 : new DataView(last.buffer, last.byteOffset, 4).getUint32(0);
    const first = (known % REFERENCE_SERIAL_MAX) + 1;
    this.run("INSERT INTO counter (name, value) VALUES ('serial', ?)", first);
    return first;
  }

  /**
   * Totals of a batch as UnionPay settles them: sales are debit, voids and refunds credit; a voided sale counts on both sides;
   * what was reversed or declined counts nowhere.
   */
  totals(tid: string, mid: string, batch: string, organisation: Organisation): Totals {
    const rows = this.all<{ kind: LedgerKind; count: number; sum: number }>(
      `SELECT kind, COUNT(*) AS count, SUM(amountMinor) AS sum FROM txn
        WHERE tid = ? AND mid = ? AND batch = ? AND organisation = ? AND state IN ('approved', 'voided') GROUP BY kind`,
      tid,
      mid,
      batch,
      organisation,
    );
    const of = (kind: LedgerKind): { count: number; sum: number } =>
      rows.find(row => row.kind === kind) ?? { count: 0, sum: 0 };
    return {
      debitMinor: of('sale').sum,
      debitCount: of('sale').count,
      creditMinor: of('void').sum + of('refund').sum,
      creditCount: of('void').count + of('refund').count,
    };
  }

  settlement(tid: string, mid: string, batch: string): SettlementRow | undefined {
    return this.one<SettlementRow>('SELECT * FROM settlement WHERE tid = ? AND mid = ? AND batch = ?', tid, mid, batch);
  }

  putSettlement(row: SettlementRow): void {
    this.run(
      'INSERT OR REPLACE INTO settlement (tid, mid, batch, state, flagCup, flagForeign, announced) VALUES (?, ?, ?, ?, ?, ?, ?)',
      row.tid,
      row.mid,
      row.batch,
      row.state,
      row.flagCup,
      row.flagForeign,
      row.announced,
    );
  }

  /**
   * Takes one uploaded item; false when it was there already. `sort` tells details, certificates and notices apart.
   */
  addUpload(item: UploadItem): boolean {
    const result = this.run(
      'INSERT OR IGNORE INTO upload (tid, mid, batch, sort, trace, pan_masked, amountMinor, matched) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      item.tid,
      item.mid,
      item.batch,
      item.sort,
      item.trace,
      item.panMasked,
      item.amountMinor,
      item.matched ? 1 : 0,
    );
    return Number(result.changes) === 1;
  }

  /** Number of uploaded items of a batch, and how many of them the books do not know. */
  uploads(tid: string, mid: string, batch: string): { count: number; unmatched: number } {
    const row = this.one<{ count: number; unmatched: number }>(
      'SELECT COUNT(*) AS count, COALESCE(SUM(1 - matched), 0) AS unmatched FROM upload WHERE tid = ? AND mid = ? AND batch = ?',
      tid,
      mid,
      batch,
    );
    return row ?? { count: 0, unmatched: 0 };
  }

  private one<T>(sql: string, ...values: (string | number | Uint8Array | null)[]): T | undefined {
    return this.statement(sql).get(...values) as T | undefined;
  }

  /** The columns of a row in their order: for what every message asks, because a row by names is dear to make. */
  private cells(sql: string, ...values: (string | number)[]): unknown[] | undefined {
    let statement = this.prepared.get(sql);
    if (statement === undefined) {
      statement = this.statement(sql);
      statement.setReturnArrays(true);
    }
    return statement.get(...values) as unknown[] | undefined;
  }

  private all<T>(sql: string, ...values: (string | number | Uint8Array | null)[]): T[] {
    return this.statement(sql).all(...values) as T[];
  }

  private run(sql: string, ...values: (string | number | Uint8Array | null)[]): ReturnType<StatementSync['run']> {
    return this.statement(sql).run(...values);
  }

  private statement(sql: string): StatementSync {
    const known = this.prepared.get(sql);
    if (known !== undefined) return known;
    const made = this.db.prepare(sql);
    this.prepared.set(sql, made);
    return made;
  }
}

/** What the acquirer has booked, for comparison with a terminal's journal. Reads only. */
export function ledgerSummary(db: DatabaseSync): LedgerSummary {
  const rows = db
    .prepare(
      "SELECT tid, mid, kind, trace, batch, reference, amountMinor, state, code, channel FROM txn WHERE kind <> 'balance' ORDER BY id",
    )
    .all() as unknown as SummaryRow[];
  const netMinor = new Map<string, number>();
  for (const row of rows) {
    const terminal = `${row.tid} ${row.mid}`;
    const counts = row.state === 'approved' || row.state === 'voided';
    const sign = row.kind === 'sale' ? 1 : -1;
    netMinor.set(terminal, (netMinor.get(terminal) ?? 0) + (counts ? sign * row.amountMinor : 0));
  }
  for (const [terminal, net] of netMinor) assert(Number.isSafeInteger(net), `net of ${terminal} is a whole number`);
  return { rows, netMinor };
}
