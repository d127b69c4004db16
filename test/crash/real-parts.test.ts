import { expect, test } from 'vitest';
import { openJournal } from '../../src/journal/journal.ts';
import { audit } from './real-audit.ts';
import { checkClaims } from './real-check.ts';
import type { Note } from './real-faults.ts';
import { chooseCase, fairShare } from './real-matrix.ts';

const note = (call: Note['call'], name = '', result = 0): Note => ({ call, name, struck: false, result });
const WAL_WRITE = note('pwrite64', 'shop/journal.db-wal');
const WAL_SYNC = note('fsync', 'shop/journal.db-wal');
const SEND = note('send');

const read = (notes: readonly Note[]): ReturnType<typeof audit> => audit(notes, 'shop/journal.db');

test('the audit sees bytes to the acquirer that overtake a sync, and only those', () => {
  expect(read([WAL_WRITE, WAL_SYNC, SEND])).toMatchObject({ violations: [], syncs: 1, sends: 1, counts: { fsync: 1 } });
  expect(read([WAL_WRITE, SEND, WAL_SYNC]).violations).toEqual([expect.stringContaining('call 2')]);
  expect(read([WAL_WRITE])).toMatchObject({ violations: [], unsynced: true });
  expect(read([WAL_WRITE, WAL_SYNC])).toMatchObject({ unsynced: false });
  // A sync that failed by itself is none.
  expect(read([WAL_WRITE, note('fsync', 'shop/journal.db-wal', -1), SEND]).violations).toHaveLength(1);
});

test('the audit tells a failure that loses something from one that does not', () => {
  const failed = (name: string): Note => ({ call: 'fsync', name, struck: true, result: -1 });
  expect(read([WAL_WRITE, failed('shop/journal.db-wal')])).toMatchObject({ harmless: false });
  expect(read([WAL_WRITE, WAL_SYNC, failed('shop/journal.db-wal')])).toMatchObject({ harmless: true });
  expect(read([WAL_WRITE, WAL_SYNC, failed('shop/journal.db')])).toMatchObject({ harmless: true });
  expect(read([failed('shop/journal.db')])).toMatchObject({ harmless: false, injected: 'fsync of journal.db' });
  const names = [note('create', 'shop/journal.db-wal'), WAL_WRITE, WAL_SYNC];
  expect(read([...names, SEND]).violations).toEqual([expect.stringContaining('names')]);
  expect(read([...names, failed('shop'), SEND]).violations).toEqual([expect.stringContaining('names')]);
  expect(read([...names, failed('shop'), note('fsync', 'shop'), SEND]).violations).toEqual([]);
  // Their names were safe before.
  expect(read([...names, note('fsync', 'shop'), failed('shop'), SEND]).violations).toEqual([]);
  expect(read([note('create', 'shop/journal.db-shm'), SEND]).violations).toEqual([]);
});

test('what was shown and is not in the journal is named', () => {
  const opened = openJournal({
    path: ':memory:',
    sealKey: new Uint8Array(32).fill(1),
    entropy: { fill: bytes => void bytes.fill(2) },
  });
  if (!opened.ok) throw new Error(opened.fault.cause);
  const says = (text: string, what: 'screen' | 'slip' = 'screen'): string[] =>
    checkClaims(opened.value, [{ what, text }]);
  expect(says('交易成功\n金额:     100.00\n凭证号:   000002\n正在打印...')).toEqual([
    'the screen said that 000002 is approved, the journal says nothing of it',
  ]);
  expect(says('银联POS签购单\n批次号: 000001    凭证号: 000007', 'slip')).toHaveLength(1);
  expect(says('退货已受理\n跟踪号 RF000018\n约7个工作日')).toHaveLength(1);
  expect(says('结算成功\n新批次号: 000009\n操作员已签退')).toHaveLength(1);
  expect(says('***故障报告单***\n凭证号: 000007', 'slip')).toEqual([]);
  opened.value.close();
});

test('a case that does not exist is refused with what exists', () => {
  expect(chooseCase('sale:eio:fsync:2')).toMatchObject({ injection: { fault: 'eio', call: 'fsync', n: 2 } });
  expect(chooseCase('sale')).toMatchObject({ scenario: { name: 'sale' } });
  for (const id of [
    'sail',
    'sale:boom:fsync:2',
    'sale:eio:close:2',
    'sale:eio:fsync:0',
    'sale:eio',
    'sale:eio:fsync:2:3',
  ])
    expect(chooseCase(id)).toMatch(/is no case; one is sale:eio:fsync:2/);
});

test('few cases are all played, and of many as many as are missing', () => {
  expect(fairShare([16, 390, 142], 300)).toBe(142);
  expect(fairShare([16, 390, 142], 300 - 1)).toBe(142);
  expect(fairShare([16, 390, 142], 17)).toBe(6);
  expect(fairShare([16, 20], 1000)).toBe(20);
  expect(fairShare([], 10)).toBe(0);
});
