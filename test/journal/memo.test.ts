import { expect, test } from 'vitest';
import { Memo } from '../../src/journal/memo.ts';
import { Store } from '../../src/journal/store.ts';

function counting(): { ask: (sql: string, values: readonly unknown[]) => readonly unknown[]; asked: () => number } {
  let count = 0;
  return { ask: (_, values) => (count++, [...values]), asked: () => count };
}

test('a question is asked once until something is written', () => {
  const memo = new Memo();
  const { ask, asked } = counting();
  expect(memo.answer('SELECT ?', [1], ask)).toBe(memo.answer('SELECT ?', [1], ask));
  expect(asked()).toBe(1);
  expect(memo.answer('SELECT ?', ['1'], ask)).toEqual(['1']);
  expect(memo.answer('SELECT ?, ?', [1, 2], ask)).toEqual([1, 2]);
  expect(memo.answer('SELECT ?, ?', ['1', 2], ask)).toEqual(['1', 2]);
  expect(asked()).toBe(4);
  memo.forget();
  memo.answer('SELECT ?', [1], ask);
  expect(asked()).toBe(5);
});

test('"there is none" is an answer, too', () => {
  const memo = new Memo();
  let asked = 0;
  const none = (): undefined => void asked++;
  expect(memo.answer('SELECT 1', [], none)).toBeUndefined();
  expect(memo.answer('SELECT 1', [], none)).toBeUndefined();
  expect(asked).toBe(1);
});

test('bytes, statements that do something, and long lists are asked each time', () => {
  const memo = new Memo();
  const { ask, asked } = counting();
  for (let i = 0; i < 2; i++) {
    memo.answer('SELECT ?', [Uint8Array.of(1)], ask);
    memo.answer('VACUUM INTO ?', ['copy.db'], ask);
    memo.answer('SELECT *', [], (sql, values) => (ask(sql, values), Array.from({ length: 33 }, () => 0)));
  }
  expect(asked()).toBe(6);
});

test('it stays small', () => {
  const memo = new Memo();
  const { ask, asked } = counting();
  for (let i = 0; i < 257; i++) memo.answer('SELECT ?', [i], ask);
  memo.answer('SELECT ?', [256], ask);
  expect(asked()).toBe(257);
  memo.answer('SELECT ?', [0], ask);
  expect(asked()).toBe(258);
});

test('a store never gives an answer of before a commit, a rollback or a rebuild', () => {
  const opened = Store.open({
    path: ':memory:',
    sealKey: new Uint8Array(32),
    entropy: { fill: bytes => bytes.fill(1) },
  });
  if (!opened.ok) throw new Error(opened.fault.cause);
  const store = opened.value;
  const operator = (): string | undefined => store.setting('operator');
  const on = (no: string): number => store.append(1, 'operator-on', { operator: no });
  expect(operator()).toBeUndefined();
  store.commit(() => {
    on('01');
    expect(operator()).toBe('01');
    on('02');
    expect(operator()).toBe('02');
  });
  expect(operator()).toBe('02');
  expect(() =>
    store.commit(() => {
      on('03');
      expect(operator()).toBe('03');
      throw new Error('given up');
    }),
  ).toThrow('given up');
  expect(operator()).toBe('02');
  expect(store.all('SELECT seq FROM record')).toHaveLength(2);
  store.rebuild();
  expect(operator()).toBe('02');
  store.close();
  expect(operator).toThrow();
});
