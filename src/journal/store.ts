import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { assert } from '../assert.ts';
import { failed, type Fault, fault, ok, type Result } from '../fault.ts';
import type { Entropy } from '../hal/hal.ts';
import { writeBody } from './bodies.ts';
import { chainHash, firstHash, shortHash } from './chain.ts';
import { badRecord, keyCheck, type RecordRow } from './check.ts';
import { firstDifference } from './difference.ts';
import { DAMAGE_REMEDY, failureOf, JournalFailure, openFault, sqliteCode, sqliteText } from './failure.ts';
import { Fold } from './fold.ts';
import { grouped, type HiddenPan } from './guard.ts';
import type { Row } from './query.ts';
import { Reading, type Written } from './reading.ts';
import { APPLICATION_ID, FOLD_VERSION, FOLDED, RECORD_SQL, SCHEMA_VERSION } from './tables.ts';
import type { Txn } from './types.ts';
import { Watch } from './vault.ts';

/** Newest records whose hashes are checked at each opening, weeks of a busy counter; `checkOlder` looks at the others. */
const CHECKED_AT_OPENING = 50_000;
/** How long to wait for another process that reads or checkpoints, milliseconds. */
const BUSY_TIMEOUT_MS = 2000;

export interface StoreOptions {
  /** File, or `:memory:`. Beside it lie `-wal`, `-shm` and `.lock`. */
  readonly path: string;
  /** 32 bytes; needed for writing and for opening sealed card numbers. */
  readonly sealKey?: Uint8Array;
  /** Needed for writing. */
  readonly entropy?: Entropy;
  /** Only looks: no lock, no repair, works beside a running terminal and on a damaged file. */
  readonly readOnly?: boolean;
  /** Newest records whose hashes are checked before this is open; 50,000 when absent. The others: `checkOlder`. */
  readonly checkedAtOpening?: number;
}

/** Records that are read in one go when they are checked. */
const CHECKED_TOGETHER = 256;
const RECORDS = `SELECT seq, at_ms, kind, body, hash FROM record WHERE seq >= ? ORDER BY seq LIMIT ${CHECKED_TOGETHER}`;

/** Lowest number that a row can have, and no record has. */
const FIRST_ROW = -(2n ** 63n);

/** What `verify` found: all is well, or the first bad record. */
export type Verification =
  | { readonly ok: true; readonly records: number; readonly anchor: string }
  | {
      readonly ok: false;
      readonly seq: number;
      readonly why: string;
      /** `record`: the chain is broken at `seq`. `table`: the chain is whole, a folded table says something else. */
      readonly part: 'record' | 'table';
    };

export type { Row } from './query.ts';

/** The file: records in a hash chain, tables folded from them, one writer. */
export class Store {
  readonly path: string;
  readonly readOnly: boolean;
  readonly sealKey: Uint8Array | undefined;
  readonly entropy: Entropy | undefined;
  /** Who is told of every record. */
  readonly watch = new Watch();
  private readonly db: DatabaseSync;
  private readonly lock: DatabaseSync | undefined;
  private readonly fold: Fold;
  private readonly reading: Reading;
  private readonly statements = new Map<string, StatementSync>();
  private readonly checkedAtOpening: number;
  /** Records up to here are still to be looked at by {@link checkOlder}; what was checked so far ends at `olderSeq`. */
  private olderEnd = 0;
  private olderSeq = 0;
  private olderHash: Uint8Array = new Uint8Array(32);
  private seq = 0;
  private hash: Uint8Array = new Uint8Array(32);
  private writing = false;
  private joined = false;
  /** Which journal this is, as its file said at the opening. */
  private identities: readonly Row[] | undefined;
  private broken: JournalFailure | undefined;
  private shown: { readonly hash: Uint8Array; readonly text: string } | undefined;

  private constructor(db: DatabaseSync, lock: DatabaseSync | undefined, options: StoreOptions) {
    this.db = db;
    this.lock = lock;
    this.fold = new Fold(db);
    this.path = options.path;
    this.readOnly = options.readOnly ?? false;
    this.reading = new Reading(db, options.path, this.fold.turns, !this.readOnly);
    this.sealKey = options.sealKey;
    this.entropy = options.entropy;
    this.checkedAtOpening = options.checkedAtOpening ?? CHECKED_AT_OPENING;
  }

  /** Opens or makes the file. Faults: see `openJournal`. */
  static open(options: StoreOptions): Result<Store> {
    const readOnly = options.readOnly ?? false;
    assert(readOnly || (options.sealKey && options.entropy), 'a journal to write needs its key and entropy');
    assert(!options.sealKey || options.sealKey.length === 32, 'the key of a journal has 32 bytes');
    let lock: DatabaseSync | undefined;
    let db: DatabaseSync | undefined;
    try {
      if (!readOnly && options.path !== ':memory:') {
        lock = new DatabaseSync(`${options.path}.lock`, { timeout: 0 });
        lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
      }
      db = new DatabaseSync(options.path, { readOnly, timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
      const store = new Store(db, lock, options);
      const trouble = store.start();
      if (!trouble) return ok(store);
      store.close();
      return failed(trouble);
    } catch (cause) {
      if (db?.isOpen) db.close();
      if (lock?.isOpen) lock.close();
      const root = cause instanceof JournalFailure ? cause.cause : cause;
      if (sqliteCode(root) === 0) throw cause;
      return failed(openFault(options.path, readOnly, root));
    }
  }

  /** One durable step: all records of `work`, and what they change, or nothing. */
  commit<T>(work: () => T): T {
    assert(!this.readOnly, 'this journal was opened for looking only');
    if (this.joined) return work();
    assert(!this.writing, 'one journal commit at a time');
    if (this.broken) throw this.broken;
    const { seq, hash } = this;
    let committed = false;
    this.writing = true;
    try {
      this.db.exec('BEGIN IMMEDIATE');
      const value = work();
      this.db.exec('COMMIT');
      committed = true;
      return value;
    } catch (cause) {
      this.seq = seq;
      this.hash = hash;
      this.forget();
      const failure = sqliteCode(cause) === 0 ? cause : failureOf(this.path, 'write', cause);
      if (failure instanceof JournalFailure) this.broken = failure;
      if (this.db.isTransaction) this.rollback();
      throw failure;
    } finally {
      this.writing = false;
      this.watch.report(committed);
    }
  }

  /** Newest hash of the chain, 32 bytes. */
  get headHash(): Uint8Array {
    return this.hash;
  }

  /**
   * Takes over the records of another journal, with their numbers and hashes, into this new one, which goes on from `head`. The
   * bodies were changed on the way, so this chain cannot be checked: it is for looking at what a counter did, never for trade.
   */
  takeOver(
    records: Iterable<{ seq: number; atMs: number; kind: string; body: string; hash: Uint8Array }>,
    head: Uint8Array,
  ): void {
    assert(this.path === ':memory:' && this.seq === 0, 'records are taken over into a new journal in memory');
    this.commit(() => {
      const add = this.statement('INSERT INTO record(seq, at_ms, kind, body, hash) VALUES (?, ?, ?, ?, ?)');
      for (const { seq, atMs, kind, body, hash } of records) {
        assert(seq === this.seq + 1, 'records are taken over without a gap');
        add.run(seq, atMs, kind, body, hash);
        this.fold.apply(seq, atMs, kind, JSON.parse(body));
        this.fold.turns.appended();
        this.seq = seq;
      }
    });
    this.hash = head;
  }

  /** The commits that `work` makes are one durable step: all of their records, or nothing. */
  together<T>(work: () => T): T {
    return this.commit(() => {
      this.joined = true;
      try {
        return work();
      } finally {
        this.joined = false;
      }
    });
  }

  /**
   * Appends one record inside a {@link commit} and folds it. `pan`: the card number of the transaction at hand; the body
   * must not hold it. Returns the record's number.
   */
  append(nowMs: number, kind: string, body: unknown, pan?: HiddenPan): number {
    assert(this.writing, 'records are appended inside a commit');
    assert(Number.isSafeInteger(nowMs) && nowMs >= 0, 'the time of a record is whole milliseconds since 1970');
    const { mid } = body as { readonly mid?: unknown };
    const known = this.fold.merchants();
    const publicNumbers = typeof mid === 'string' && !known.has(mid) ? new Set([...known, mid]) : known;
    const written = writeBody(kind, body, { pan, publicNumbers });
    const seq = this.seq + 1;
    const hash = this.watch.hash(() => chainHash(this.hash, seq, nowMs, kind, written));
    this.statement('INSERT INTO record(seq, at_ms, kind, body, hash) VALUES (?, ?, ?, ?, ?)').run(
      seq,
      nowMs,
      kind,
      written,
      hash,
    );
    // Folded from what was written, not from what was handed in: the order of members is the same as in a rebuild.
    const { body: readBack } = this.reading.written(seq, nowMs, JSON.parse(written));
    this.fold.apply(seq, nowMs, kind, readBack);
    this.fold.turns.appended();
    this.seq = seq;
    this.hash = hash;
    this.watch.append(seq, kind, written);
    return seq;
  }

  /** First row of a query, or undefined. Throws {@link JournalFailure} when the file cannot be read. */
  one(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.reading.one(sql, values);
  }

  /** All rows of a query. Throws {@link JournalFailure} when the file cannot be read. */
  all(sql: string, ...values: SQLInputValue[]): readonly Row[] {
    return this.reading.all(sql, values);
  }

  /** Time and body of a record that a row or a setting names. */
  record(seq: number): Written {
    const record = this.reading.record(seq);
    assert(record, 'a folded row has its record');
    return record;
  }

  /** The transaction with an id, if there is one. */
  txn(id: number): Txn | undefined {
    return this.reading.txn(id);
  }

  setting(name: string): string | undefined {
    if (this.readOnly) return this.one('SELECT value FROM setting WHERE name = ?', name)?.value as string | undefined;
    try {
      return this.fold.settings.value(name);
    } catch (cause) {
      throw this.reading.failure(cause);
    }
  }

  /** Number of the last record; 0 when there is none. */
  get headSeq(): number {
    return this.readOnly ? Number(this.one('SELECT coalesce(max(seq), 0) AS seq FROM record')?.seq) : this.seq;
  }

  /** Short form of the newest hash, e.g. `9f3c-41aa-77d0-b2e6`: written on paper it proves later that nothing was changed. */
  anchor(): string {
    if (!this.readOnly) {
      // Screens ask for it at each key.
      if (this.shown?.hash !== this.hash) this.shown = { hash: this.hash, text: shortHash(this.hash) };
      return this.shown.text;
    }
    const row = this.one('SELECT hash FROM record ORDER BY seq DESC LIMIT 1');
    return shortHash(row ? (row.hash as Uint8Array) : this.hash);
  }

  /** Checks every record, and that the folded tables are what the records say. Takes seconds on a large file. */
  verify(): Verification {
    const copy = new DatabaseSync(':memory:');
    const fold = new Fold(copy);
    fold.begin();
    let seq = 0;
    let hash = this.firstHash();
    // One view of the file from beginning to end, also while a terminal writes on.
    this.db.exec('BEGIN');
    try {
      copy.exec('BEGIN');
      for (const row of this.records(FIRST_ROW)) {
        const bad = badRecord(row, seq, hash);
        if (bad) return { ok: false, seq: seq + 1, why: bad, part: 'record' };
        seq++;
        hash = row[4];
        fold.apply(seq, row[1], row[2], JSON.parse(row[3]));
      }
      for (const table of FOLDED) {
        const difference = firstDifference(this.db, copy, table);
        if (difference) return { ok: false, seq: difference.seq || seq, why: difference.why, part: 'table' };
      }
      return { ok: true, records: seq, anchor: shortHash(hash) };
    } catch (cause) {
      const root = cause instanceof JournalFailure ? cause.cause : cause;
      if (sqliteCode(root) === 0) throw cause;
      const why = `the file cannot be read or folded here: ${sqliteText(root)}`;
      return { ok: false, seq: seq + 1, why, part: 'record' };
    } finally {
      copy.close();
      this.db.exec('ROLLBACK');
    }
  }

  /**
   * Checks the next `limit` records that were too old for the opening, oldest first, and gives how many are left. Throws
   * {@link JournalFailure} `journal-damaged` with the first bad record: then nothing may be written any more either.
   */
  checkOlder(limit: number): number {
    if (this.olderSeq >= this.olderEnd) return 0;
    const end = Math.min(this.olderSeq + limit, this.olderEnd);
    const bad = this.brokenBetween(this.olderSeq, end);
    if (bad === undefined) return this.olderEnd - this.olderSeq;
    this.broken = new JournalFailure(fault('E_FAILURE', 'journal-damaged', `${this.path}: ${bad}`, DAMAGE_REMEDY));
    throw this.broken;
  }

  /** Records whose hash begins with these hex digits, oldest first, at most two. */
  recordsOfAnchor(hexDigits: string): readonly { readonly seq: number; readonly atMs: number }[] {
    const rows = this.all(
      'SELECT seq, at_ms FROM record WHERE substr(lower(hex(hash)), 1, ?) = ? ORDER BY seq LIMIT 2',
      hexDigits.length,
      hexDigits,
    );
    return rows.map(row => ({ seq: row.seq as number, atMs: row.at_ms as number }));
  }

  /** Makes the folded tables again from the records, in one step. */
  rebuild(): void {
    this.commit(() => {
      this.statements.clear();
      this.reading.end();
      this.fold.begin();
      for (const row of this.db.prepare('SELECT seq, at_ms, kind, body FROM record ORDER BY seq').iterate())
        this.fold.apply(row.seq as number, row.at_ms as number, row.kind as string, JSON.parse(row.body as string));
      this.db.prepare('UPDATE identity SET value = ? WHERE name = ?').run(String(FOLD_VERSION), 'fold');
    });
  }

  /** Closes the file and frees the lock. Safe to call twice. */
  close(): void {
    this.statements.clear();
    this.reading.end();
    this.fold.settings.forget();
    if (this.db.isOpen) this.db.close();
    if (this.lock?.isOpen) this.lock.close();
  }

  private start(): Fault | undefined {
    const { db, path } = this;
    if (!this.readOnly) db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    const version = Number(this.one('PRAGMA user_version')?.user_version);
    const application = Number(this.one('PRAGMA application_id')?.application_id);
    const empty = this.one('SELECT 1 FROM sqlite_schema LIMIT 1') === undefined;
    if (empty && !this.readOnly) this.create();
    else if (application !== APPLICATION_ID)
      return fault(
        'E_ILLEGAL',
        'not-a-journal',
        `${path} is a database of another program`,
        'Give the path of a pos8583 journal',
      );
    else if (version > SCHEMA_VERSION)
      return fault(
        'E_ILLEGAL',
        'journal-newer',
        `${path} was written by a newer pos8583 (format ${version}, this one knows ${SCHEMA_VERSION})`,
        'Use that version; do not go back to an older one with the same journal',
      );
    else if (version < SCHEMA_VERSION)
      return fault(
        'E_ILLEGAL',
        'journal-older',
        `${path} was written by an early pos8583 (format ${version}, this one writes ${SCHEMA_VERSION})`,
        'Settle with that version, keep the file, and begin a new journal',
      );
    this.hash = this.firstHash();
    const wrongKey = this.sealKey && this.identity('keyCheck') !== keyCheck(this.sealKey);
    if (wrongKey)
      return fault(
        'E_ILLEGAL',
        'journal-key',
        `the key file does not belong to the journal ${path}`,
        'Put back the key file that was made with this journal; without it the stored card numbers cannot be opened',
      );
    const folded = this.identity('fold');
    if (this.readOnly)
      return folded === String(FOLD_VERSION)
        ? undefined
        : fault(
            'E_ILLEGAL',
            'journal-older',
            `the tables of ${path} are of another version`,
            'Start pos8583 once with it',
          );
    const bad = this.checkNewest();
    if (bad) return fault('E_FAILURE', 'journal-damaged', `${path}: ${bad}`, DAMAGE_REMEDY);
    if (folded !== String(FOLD_VERSION)) this.rebuild();
    return undefined;
  }

  private create(): void {
    const { db, entropy, sealKey } = this;
    assert(entropy && sealKey, 'a new journal needs its key and entropy');
    const random = new Uint8Array(16);
    entropy.fill(random);
    this.commit(() => {
      db.exec(`${RECORD_SQL} PRAGMA user_version = ${SCHEMA_VERSION}; PRAGMA application_id = ${APPLICATION_ID}`);
      const add = db.prepare('INSERT INTO identity(name, value) VALUES (?, ?)');
      add.run('journal', grouped(Buffer.from(random).toString('hex')));
      add.run('keyCheck', keyCheck(sealKey));
      add.run('fold', String(FOLD_VERSION));
      this.fold.begin();
    });
  }

  private identity(name: string): unknown {
    this.identities ??= this.all('SELECT name, value FROM identity');
    return this.identities.find(row => row.name === name)?.value;
  }

  /** Hash that the first record follows. */
  firstHash(): Uint8Array {
    return firstHash(String(this.identity('journal') ?? ''));
  }

  /** Checks the newest records and takes the head of the chain from them. */
  private checkNewest(): string | undefined {
    const head = Number(this.one('SELECT coalesce(max(seq), 0) AS seq FROM record')?.seq);
    this.olderEnd = Math.max(0, head - this.checkedAtOpening);
    this.olderHash = this.hash;
    // The record before them only gives its hash here; `checkOlder` comes to it.
    if (this.olderEnd > 0) {
      const before = this.one('SELECT hash FROM record WHERE seq = ?', this.olderEnd);
      if (!before) return `record ${this.olderEnd}: it is missing`;
      this.hash = before.hash as Uint8Array;
    }
    this.seq = this.olderEnd;
    for (const row of this.records(this.olderEnd + 1)) {
      const bad = badRecord(row, this.seq, this.hash);
      if (bad) return `record ${this.seq + 1}: ${bad}`;
      this.seq = row[0];
      this.hash = row[4];
    }
    return undefined;
  }

  private brokenBetween(from: number, end: number): string | undefined {
    let seq = from;
    for (const row of this.records(from + 1)) {
      if (row[0] > end) break;
      const bad = badRecord(row, seq, this.olderHash);
      if (bad) return `record ${seq + 1}: ${bad}`;
      seq = row[0];
      this.olderHash = row[4];
    }
    if (seq < end) return `record ${seq + 1}: it is missing`;
    this.olderSeq = end;
    return undefined;
  }

  /**
   * Records from number `from` on. Arrays cost half of what objects cost, and many at once half of what one by one cost. Throws
   * {@link JournalFailure} when the file cannot be read.
   */
  private *records(from: number | bigint): Generator<RecordRow, void, void> {
    try {
      const statement = this.db.prepare(RECORDS);
      statement.setReturnArrays(true);
      for (let next = from; ;) {
        const rows = statement.all(next) as unknown as readonly RecordRow[];
        yield* rows;
        if (rows.length < CHECKED_TOGETHER) return;
        next = rows[rows.length - 1][0] + 1;
      }
    } catch (cause) {
      throw this.reading.failure(cause);
    }
  }

  /** What was read within a commit that failed was taken back with it. */
  private forget(): void {
    this.fold.settings.forget();
    this.fold.turns.all();
    this.reading.forget();
  }

  private statement(sql: string): StatementSync {
    let statement = this.statements.get(sql);
    if (!statement) this.statements.set(sql, (statement = this.db.prepare(sql)));
    return statement;
  }

  private rollback(): void {
    try {
      this.db.exec('ROLLBACK');
    } catch (cause) {
      // The first failure is the one to tell; this one only means that nothing may be written any more.
      this.broken ??= failureOf(this.path, 'write', cause);
    }
  }
}
