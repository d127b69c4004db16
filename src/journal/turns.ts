import { assert } from '../assert.ts';
import { FOLDED } from './tables.ts';

/** One table, and how often it was written. */
export interface Turn {
  count: number;
}

const TABLES = FOLDED.map(({ name }) => name);
const RECORDS = 'record';
const READ = new RegExp(`\\b(?:${TABLES.join('|')}|FROM ${RECORDS})\\b`, 'g');
const WRITTEN = /^(?:INSERT(?: OR REPLACE)? INTO|UPDATE|DELETE FROM) (\w+)/;

/**
 * How often the one writer has written each table. What was read from some tables is right as long as their turns stay: the
 * counter asks the same questions at each key, and few records change what they are about.
 */
export class Turns {
  private readonly byTable = new Map<string, Turn>([...TABLES, RECORDS].map(name => [name, { count: 0 }]));
  private readonly byStatement = new Map<string, Turn>();
  private readonly records = this.of(RECORDS);

  /** A statement that writes a folded table is run. */
  wrote(sql: string): void {
    let turn = this.byStatement.get(sql);
    if (!turn) this.byStatement.set(sql, (turn = this.of(WRITTEN.exec(sql)?.[1] ?? '')));
    turn.count++;
  }

  /** A record was appended. */
  appended(): void {
    this.records.count++;
  }

  /** Any table may be another one: it was made again, or what was written was taken back. */
  all(): void {
    for (const turn of this.byTable.values()) turn.count++;
  }

  /**
   * Tables on which the answer to a query depends: all that are named in it. Nothing for other statements, and for queries
   * about what no turn is kept of. A record that a row names (`JOIN record`) never changes.
   */
  readBy(sql: string): readonly Turn[] {
    if (!sql.startsWith('SELECT')) return [];
    const names = (sql.match(READ) ?? []).map(name => (name.startsWith('FROM ') ? RECORDS : name));
    return [...new Set(names)].map(name => this.of(name));
  }

  private of(table: string): Turn {
    const turn = this.byTable.get(table);
    assert(turn, 'turns are kept of folded tables');
    return turn;
  }
}
