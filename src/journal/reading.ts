import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { sqliteCode, failureOf } from './failure.ts';
import { Query, type Row } from './query.ts';
import { type Body, txnOf, TXN_BY_ID } from './read.ts';
import type { Turns } from './turns.ts';
import type { Txn } from './types.ts';

/** A record by its number, its body parsed. Shared, as a record never changes: nobody may change it here either. */
export interface Written {
  readonly atMs: number;
  readonly body: Body;
}

/** Records and transactions that are remembered at most, some two kilobytes each; then all of them are read again. */
const KNOWN_MAX = 64;

/** All that is read from the file, and what of it is remembered because it is still right. */
export class Reading {
  private readonly db: DatabaseSync;
  private readonly path: string;
  private readonly turns: Turns;
  /** Nobody else writes the tables, and what is written is told to the turns. */
  private readonly isWriter: boolean;
  private readonly queries = new Map<string, Query>();
  private readonly records = new Map<number, Written>();
  private readonly txns = new Map<number, Txn>();

  constructor(db: DatabaseSync, path: string, turns: Turns, isWriter: boolean) {
    this.db = db;
    this.path = path;
    this.turns = turns;
    this.isWriter = isWriter;
    // Not assigned as it is written: the engine would put it among its old objects, and with it all of a closed journal.
    const forget = (id: number): boolean => this.txns.delete(id);
    turns.onTxn = forget;
  }

  /** First row of a query, or undefined. Throws `JournalFailure` when the file cannot be read. */
  one(sql: string, values: readonly SQLInputValue[]): Row | undefined {
    try {
      return this.query(sql).first(values);
    } catch (cause) {
      throw this.failure(cause);
    }
  }

  /** All rows of a query. Throws `JournalFailure` when the file cannot be read. */
  all(sql: string, values: readonly SQLInputValue[]): readonly Row[] {
    try {
      return this.query(sql).all(values);
    } catch (cause) {
      throw this.failure(cause);
    }
  }

  /** The record with a number, if there is one. */
  record(seq: number): Written | undefined {
    const known = this.records.get(seq);
    if (known) return known;
    const row = this.one('SELECT at_ms, body FROM record WHERE seq = ?', [seq]);
    return row && this.written(seq, row.at_ms as number, JSON.parse(row.body as string) as Body);
  }

  /** A record is in the file from now on, or was just read there. */
  written(seq: number, atMs: number, body: Body): Written {
    return keep(this.records, seq, { atMs, body });
  }

  /** The transaction with an id, if there is one. Each state of it is read once, whatever asks for it. */
  txn(id: number): Txn | undefined {
    const known = this.txns.get(id);
    if (known) return known;
    const row = this.one(TXN_BY_ID, [id]);
    const intent = row && this.record(id);
    if (!intent) return undefined;
    const answer = row.answer_seq === null ? undefined : this.record(row.answer_seq as number);
    const txn = txnOf(row, intent.body, answer);
    return this.isWriter ? keep(this.txns, id, txn) : txn;
  }

  /** What was read within a commit that failed was taken back with it. */
  forget(): void {
    this.records.clear();
    this.txns.clear();
  }

  /** The tables are made again, or the file is closed. */
  end(): void {
    this.forget();
    this.queries.clear();
  }

  /** What went wrong with a read. */
  failure(cause: unknown): unknown {
    return sqliteCode(cause) === 0 ? cause : failureOf(this.path, 'read', cause);
  }

  private query(sql: string): Query {
    let query = this.queries.get(sql);
    if (!query) {
      // Another process writes what a journal only looks at, and tells no turns.
      query = new Query(this.db.prepare(sql), this.isWriter ? this.turns.readBy(sql) : []);
      this.queries.set(sql, query);
    }
    return query;
  }
}

function keep<T>(known: Map<number, T>, id: number, value: T): T {
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(id, value);
  return value;
}
