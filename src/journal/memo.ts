import type { SQLInputValue } from 'node:sqlite';

/** Answers that are kept at most; then all of them are forgotten. */
const ANSWERS_MAX = 256;
/** Rows of an answer that is kept at most. */
const ROWS_MAX = 32;

type Ask<T> = (sql: string, values: readonly SQLInputValue[]) => T;

/**
 * Answers of queries, kept until something is written. There is one writer, so between two records the same question has
 * the same answer, and a counter asks the same questions at each key. An answer is shared: nobody may change it.
 */
export class Memo {
  private readonly bySql = new Map<string, Map<SQLInputValue | undefined, unknown>>();
  private count = 0;

  forget(): void {
    if (this.count === 0) return;
    this.count = 0;
    for (const answers of this.bySql.values()) answers.clear();
  }

  /** The answer to the query `sql` with `values`, from `ask` when it is not known. `undefined` is an answer, too. */
  answer<T>(sql: string, values: readonly SQLInputValue[], ask: Ask<T>): T {
    if (!isQuery(sql) || values.some(isBytes)) return ask(sql, values);
    let answers = this.bySql.get(sql);
    if (!answers) this.bySql.set(sql, (answers = new Map()));
    // How many values there are is a matter of `sql`, so one value and a list of them are never mistaken for each other.
    const key = values.length < 2 ? values[0] : JSON.stringify(values);
    const known = answers.get(key) as T;
    if (known !== undefined || answers.has(key)) return known;
    const fresh = ask(sql, values);
    // A long list is of a report, which does not ask again.
    if (Array.isArray(fresh) && fresh.length > ROWS_MAX) return fresh;
    if (this.count >= ANSWERS_MAX) this.forget();
    this.count++;
    answers.set(key, fresh);
    return fresh;
  }
}

const isQuery = (sql: string): boolean => sql.startsWith('SELECT');
const isBytes = (value: SQLInputValue): boolean => typeof value === 'object' && value !== null;
