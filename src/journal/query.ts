import type { SQLInputValue, StatementSync } from 'node:sqlite';
import type { Turn } from './turns.ts';

/** Answers of one query that are kept at most; then all of them are forgotten. */
const ANSWERS_MAX = 128;
/** Rows of an answer that is kept at most. */
const ROWS_MAX = 32;

export type Row = Readonly<Record<string, string | number | Uint8Array | null>>;
type Values = readonly SQLInputValue[];
type Answers<T> = Map<SQLInputValue | undefined, T>;

/**
 * One query of the journal with its answers, which are kept until one of the tables that it reads is written. An answer is
 * shared: nobody may change it.
 */
export class Query {
  private readonly statement: StatementSync;
  private readonly tables: readonly Turn[];
  private readonly firsts: Answers<Row | undefined> = new Map();
  private readonly lists: Answers<readonly Row[]> = new Map();
  private turn = -1;

  /** `tables`: those on which an answer depends; without any, no answer is kept. */
  constructor(statement: StatementSync, tables: readonly Turn[]) {
    this.statement = statement;
    this.tables = tables;
  }

  /** First row. "There is none" is an answer, too. */
  first(values: Values): Row | undefined {
    if (!this.keeps(values)) return this.statement.get(...values) as Row | undefined;
    this.forgetOld();
    const key = keyOf(values);
    const known = this.firsts.get(key);
    if (known !== undefined || this.firsts.has(key)) return known;
    return keep(this.firsts, key, this.statement.get(...values) as Row | undefined);
  }

  /** All rows. */
  all(values: Values): readonly Row[] {
    if (!this.keeps(values)) return this.statement.all(...values) as Row[];
    this.forgetOld();
    const key = keyOf(values);
    const known = this.lists.get(key);
    if (known !== undefined) return known;
    const fresh = this.statement.all(...values) as Row[];
    // A long list is of a report, which does not ask again.
    return fresh.length > ROWS_MAX ? fresh : keep(this.lists, key, fresh);
  }

  private keeps(values: Values): boolean {
    if (this.tables.length === 0) return false;
    // Bytes may be others when they come again.
    for (const value of values) if (typeof value === 'object' && value !== null) return false;
    return true;
  }

  private forgetOld(): void {
    // Turns only grow, so their sum is the same only when each of them is.
    let turn = 0;
    for (const table of this.tables) turn += table.count;
    if (turn === this.turn) return;
    this.turn = turn;
    if (this.firsts.size > 0) this.firsts.clear();
    if (this.lists.size > 0) this.lists.clear();
  }
}

/** How many values there are is a matter of the query, so one value and a list of them are never mistaken for each other. */
function keyOf(values: Values): SQLInputValue | undefined {
  return values.length < 2 ? values[0] : JSON.stringify(values);
}

function keep<T>(answers: Answers<T>, key: SQLInputValue | undefined, answer: T): T {
  if (answers.size >= ANSWERS_MAX) answers.clear();
  answers.set(key, answer);
  return answer;
}
