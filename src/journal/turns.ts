import { assert } from '../assert.ts';
import { ARM_REVERSAL, CHANGING_OF_TXN, CLEAR_ARMED, FOLDED } from './tables.ts';

/** One table, or the part of one that some queries are about, and how often it was written. */
export interface Turn {
  count: number;
}

const TABLES = FOLDED.map(({ name }) => name);
const RECORDS = 'record';
/** Which transactions there are, and what of them never changes. */
const INTENTS = 'txn made';
/** Reversals that are owed or held. */
const WAITING = 'reversal waiting';
const READ = new RegExp(`\\b(?:${TABLES.join('|')}|FROM ${RECORDS})\\b`, 'g');
const WRITTEN = /^(?:INSERT(?: OR REPLACE)? INTO|UPDATE|DELETE FROM) (\w+)/;
/** A query about more of the transactions than never changes. */
const CHANGING = new RegExp(`\\*|\\b(?:${CHANGING_OF_TXN.join('|')})\\b`);
/** A query about reversals that wait. */
const OF_WAITING = /^SELECT \S+ FROM reversal WHERE state = '(?:owed|held)'(?: AND| ORDER)/;

/** Names of {@link Turns.readBy} by query: each opening of a journal asks the same ones. */
const namesOf = new Map<string, readonly string[]>();

/**
 * How often the one writer has written each table. What was read from some tables is right as long as their turns stay: the
 * counter asks the same questions at each key, and few records change what they are about.
 */
export class Turns {
  /** Is told which transaction is made or changed, before it happens. */
  onTxn: (id: number) => void = () => {};
  private readonly byName = new Map<string, Turn>(
    [...TABLES, RECORDS, INTENTS, WAITING].map(name => [name, { count: 0 }]),
  );
  private readonly byStatement = new Map<string, readonly Turn[]>();
  private readonly records = this.of(RECORDS);

  /** A statement that writes a folded table is run. */
  wrote(sql: string): void {
    let turns = this.byStatement.get(sql);
    if (!turns) this.byStatement.set(sql, (turns = writtenBy(sql).map(name => this.of(name))));
    for (const turn of turns) turn.count++;
  }

  /** A record was appended. */
  appended(): void {
    this.records.count++;
  }

  /** Any table may be another one: it was made again, or what was written was taken back. */
  all(): void {
    for (const turn of this.byName.values()) turn.count++;
  }

  /**
   * What the answer to a query depends on: all tables that are named in it. Nothing for other statements, and for queries
   * about what no turn is kept of. A record that a row names (`JOIN record`) never changes.
   */
  readBy(sql: string): readonly Turn[] {
    if (!sql.startsWith('SELECT')) return [];
    let names = namesOf.get(sql);
    if (!names) namesOf.set(sql, (names = readFrom(sql)));
    return names.map(name => this.of(name));
  }

  private of(name: string): Turn {
    const turn = this.byName.get(name);
    assert(turn, 'turns are kept of folded tables');
    return turn;
  }
}

function writtenBy(sql: string): readonly string[] {
  const table = WRITTEN.exec(sql)?.[1] ?? '';
  if (table === 'reversal') return sql === ARM_REVERSAL || sql === CLEAR_ARMED ? [table] : [table, WAITING];
  if (table !== 'txn') return [table];
  if (!sql.startsWith('UPDATE')) return [table, INTENTS];
  for (const [, column] of sql.slice(0, sql.indexOf(' WHERE ')).matchAll(/(\w+) =/g))
    assert(CHANGING_OF_TXN.includes(column), 'what a record changes of a transaction is known to change');
  return [table];
}

function readFrom(sql: string): readonly string[] {
  const names = (sql.match(READ) ?? []).map(name => {
    if (name === 'txn' && !CHANGING.test(sql)) return INTENTS;
    if (name === 'reversal' && OF_WAITING.test(sql)) return WAITING;
    return name.startsWith('FROM ') ? RECORDS : name;
  });
  return [...new Set(names)];
}
