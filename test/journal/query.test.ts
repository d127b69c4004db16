import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openJournal } from '../../src/journal/journal.ts';
import { Query } from '../../src/journal/query.ts';
import { Store } from '../../src/journal/store.ts';
import { ARM_REVERSAL, CLEAR_ARMED, FOLDED, FOLDED_SQL } from '../../src/journal/tables.ts';
import { type Turn, Turns } from '../../src/journal/turns.ts';

/** A query that counts how often its statement is asked. */
function counting(sql: string, tables: readonly Turn[]): { query: Query; asked: () => number } {
  const statement = new DatabaseSync(':memory:').prepare(sql);
  let count = 0;
  const get = (...values: SQLInputValue[]) => (count++, statement.get(...values));
  const all = (...values: SQLInputValue[]) => (count++, statement.all(...values));
  const query = new Query({ get, all } as unknown as typeof statement, tables);
  return { query, asked: () => count };
}

test('a question is asked once until a table that it reads is written', () => {
  const [one, other] = [{ count: 0 }, { count: 0 }];
  const { query, asked } = counting('SELECT ? AS a', [one, other]);
  expect(query.first([1])).toBe(query.first([1]));
  expect(query.all([1])).toBe(query.all([1]));
  expect(asked()).toBe(2);
  expect(query.first(['1'])).toEqual({ a: '1' });
  expect(query.first([1])).toEqual({ a: 1 });
  expect(asked()).toBe(3);
  other.count++;
  query.first([1]);
  query.all([1]);
  expect(asked()).toBe(5);
});

test('several values are told apart', () => {
  const { query } = counting('SELECT ? AS a, ? AS b', [{ count: 0 }]);
  expect(query.first([1, 2])).toEqual({ a: 1, b: 2 });
  expect(query.first(['1', 2])).toEqual({ a: '1', b: 2 });
  expect(query.first(['1,2', ''])).toEqual({ a: '1,2', b: '' });
});

test('"there is none" is an answer, too', () => {
  const { query, asked } = counting('SELECT 1 WHERE 0', [{ count: 0 }]);
  expect(query.first([])).toBeUndefined();
  expect(query.first([])).toBeUndefined();
  expect(asked()).toBe(1);
});

test('bytes, long lists, and what reads no table whose turns are kept are asked each time', () => {
  const long = counting('SELECT value FROM json_each(?)', [{ count: 0 }]);
  const bytes = counting('SELECT ?', [{ count: 0 }]);
  const free = counting('SELECT ?', []);
  const list = JSON.stringify(Array.from({ length: 33 }, (_, i) => i));
  for (let i = 0; i < 2; i++) {
    long.query.all([list]);
    bytes.query.first([Uint8Array.of(1)]);
    free.query.first([1]);
  }
  expect([long.asked(), bytes.asked(), free.asked()]).toEqual([2, 2, 2]);
});

test('it stays small', () => {
  const { query, asked } = counting('SELECT ?', [{ count: 0 }]);
  for (let i = 0; i < 129; i++) query.first([i]);
  query.first([128]);
  expect(asked()).toBe(129);
  query.first([0]);
  expect(asked()).toBe(130);
});

test('a query depends on the tables that it names', () => {
  const turns = new Turns();
  const same = (sql: string, ...writes: string[]): boolean => {
    const tables = turns.readBy(sql);
    const before = tables.map(({ count }) => count);
    for (const write of writes) turns.wrote(write);
    return tables.every(({ count }, i) => count === before[i]);
  };
  const slips = 'SELECT * FROM slip JOIN record r ON r.seq = slip.id WHERE slip.txn_id = ?';
  expect(turns.readBy(slips)).toHaveLength(1);
  expect(same(slips, 'UPDATE txn SET state = ?', "INSERT INTO setting(name, value) VALUES ('slip', ?)")).toBe(true);
  expect(same(slips, 'INSERT INTO slip(id) VALUES (?)')).toBe(false);
  expect(same('SELECT 1 FROM life WHERE id IN (SELECT id FROM txn)', 'INSERT OR REPLACE INTO life(id)')).toBe(false);
  expect(same('SELECT 1 FROM life WHERE id IN (SELECT id FROM txn)', 'DELETE FROM txn WHERE id = ?')).toBe(false);
  const vouchers = 'SELECT txn.id FROM txn WHERE txn.trace = ? AND original_reference IS NULL';
  expect(same(vouchers, 'UPDATE txn SET state = ?, reference = ? WHERE id = ?')).toBe(true);
  expect(same(vouchers, 'INSERT INTO txn(id) VALUES (?)')).toBe(false);
  expect(same(`${vouchers} AND reference = ?`, 'UPDATE txn SET reference = ? WHERE id = ?')).toBe(false);
  expect(() => turns.wrote('UPDATE txn SET trace = 1 WHERE id = ?')).toThrow();
  const owed = "SELECT * FROM reversal WHERE state = 'owed' ORDER BY id";
  expect(same(owed, ARM_REVERSAL, CLEAR_ARMED)).toBe(true);
  expect(same('SELECT * FROM reversal WHERE id = ?', ARM_REVERSAL)).toBe(false);
  expect(same(owed, "UPDATE reversal SET state = 'owed', reason = ? WHERE id = ?")).toBe(false);
  const [records] = turns.readBy('SELECT max(seq) FROM record');
  turns.appended();
  expect(records.count).toBe(1);
  expect(turns.readBy('SELECT value FROM identity')).toEqual([]);
  expect(turns.readBy('PRAGMA table_info(txn)')).toEqual([]);
  expect(() => turns.wrote('UPDATE identity SET value = ?')).toThrow();
});

test('every folded table has a turn', () => {
  const turns = new Turns();
  const db = new DatabaseSync(':memory:');
  db.exec(FOLDED_SQL);
  const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  expect(names.map(({ name }) => name).toSorted()).toEqual(FOLDED.map(({ name }) => name).toSorted());
  for (const { name } of FOLDED) expect(turns.readBy(`SELECT * FROM ${name}`)).toHaveLength(1);
});

const OPTIONS = {
  path: ':memory:',
  sealKey: new Uint8Array(32),
  entropy: { fill: (bytes: Uint8Array) => bytes.fill(1) },
};

test('a store never gives an answer of before a commit, a rollback or a rebuild', () => {
  const opened = Store.open(OPTIONS);
  if (!opened.ok) throw new Error(opened.fault.cause);
  const store = opened.value;
  const operator = (): string | undefined => store.setting('operator');
  const failures = (): unknown => store.one('SELECT failures FROM operator WHERE no = ?', '01')?.failures;
  const on = (no: string, count: number): void => {
    store.append(1, 'operator-on', { operator: no });
    store.append(1, 'operator-failures', { no: '01', failures: count, blockMs: 0 });
  };
  const both = (): unknown[] => [operator(), failures()];
  expect(both()).toEqual([undefined, 0]);
  store.commit(() => {
    on('01', 1);
    expect(both()).toEqual(['01', 1]);
    on('02', 2);
    expect(both()).toEqual(['02', 2]);
  });
  expect(both()).toEqual(['02', 2]);
  expect(store.all('SELECT seq FROM record')).toHaveLength(4);
  expect(() =>
    store.commit(() => {
      on('03', 3);
      expect(both()).toEqual(['03', 3]);
      expect(store.all('SELECT seq FROM record')).toHaveLength(6);
      throw new Error('given up');
    }),
  ).toThrow('given up');
  expect(both()).toEqual(['02', 2]);
  expect(store.all('SELECT seq FROM record')).toHaveLength(4);
  store.rebuild();
  expect(both()).toEqual(['02', 2]);
  store.commit(() => store.append(2, 'operator-off', {}));
  expect(operator()).toBeUndefined();
  store.close();
  expect(operator).toThrow();
  expect(failures).toThrow();
});

test('who only looks sees what another process writes', () => {
  const path = `${mkdtempSync(join(tmpdir(), 'journal-'))}/journal.db`;
  const opened = openJournal({ ...OPTIONS, path });
  if (!opened.ok) throw new Error(opened.fault.cause);
  const looking = openJournal({ path, readOnly: true });
  if (!looking.ok) throw new Error(looking.fault.cause);
  for (const operator of ['01', '02']) {
    opened.value.appendEvent(1, 'operator-on', { operator });
    expect(looking.value.currentOperator()).toBe(operator);
    expect(looking.value.headSeq).toBe(opened.value.headSeq);
  }
  looking.value.close();
  opened.value.close();
  rmSync(dirname(path), { recursive: true });
});
