import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openJournal } from '../../src/journal/journal.ts';
import { audit } from './real-audit.ts';
import { checkClaims } from './real-check.ts';
import { chooseCase } from './real-matrix.ts';

const folder = mkdtempSync(join(tmpdir(), 'pos8583-audit-'));
afterAll(() => rmSync(folder, { recursive: true }));

const WAL_WRITE = '100  pwrite64(22</shop/journal.db-wal>, ""..., 24, 4152) = 24';
const WAL_SYNC = '100  fsync(22</shop/journal.db-wal>) = 0';
const SEND = '100  write(30<TCP:[127.0.0.1:40000->127.0.0.1:8583]>, ""..., 120) = 120';
const SCREEN = '107  write(26</dev/pts/0<char 136:0>>, ""..., 40) = 40';

function read(lines: readonly string[], died = false): ReturnType<typeof audit> {
  const path = join(folder, 'strace.log');
  writeFileSync(path, lines.join('\n'));
  return audit(path, '/shop/journal.db', died);
}

test('the audit sees bytes to the acquirer that overtake a sync, and only those', () => {
  expect(read([WAL_WRITE, WAL_SYNC, SEND]).violations).toEqual([]);
  expect(read([WAL_WRITE, SCREEN, WAL_SYNC, SEND])).toMatchObject({ violations: [], syncs: 1, counts: { fsync: 1 } });
  expect(read([WAL_WRITE, SEND, WAL_SYNC]).violations).toEqual([expect.stringContaining('line 2')]);
  expect(read([WAL_WRITE]).violations).toEqual([expect.stringContaining('never synced')]);
  expect(read([WAL_WRITE], true).violations).toEqual([]);
  // Cut in two by another thread: the sync is done when it comes back.
  const cut = ['100  fsync(22</shop/journal.db-wal> <unfinished ...>', SCREEN, '100  <... fsync resumed>) = 0'];
  expect(read([WAL_WRITE, ...cut, SEND]).violations).toEqual([]);
});

test('the audit tells a failure that loses something from one that does not', () => {
  const failed = (file: string): string => `100  fsync(22<${file}>) = -1 EIO (Input/output error) (INJECTED)`;
  expect(read([WAL_WRITE, failed('/shop/journal.db-wal')], true)).toMatchObject({ harmless: false });
  expect(read([WAL_WRITE, WAL_SYNC, failed('/shop/journal.db-wal')])).toMatchObject({ harmless: true });
  expect(read([WAL_WRITE, WAL_SYNC, failed('/shop/journal.db')])).toMatchObject({ harmless: true });
  expect(read([failed('/shop/journal.db')], true)).toMatchObject({ harmless: false, injected: 'fsync journal.db' });
  const names = [WAL_WRITE, WAL_SYNC, failed('/shop')];
  expect(read([...names, SEND]).violations).toEqual([expect.stringContaining('names')]);
  expect(read([...names, '100  fsync(25</shop>) = 0', SEND]).violations).toEqual([]);
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
