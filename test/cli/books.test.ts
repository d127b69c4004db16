import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLedger } from '../../src/sim/acquirer/ledger.ts';
import { begin, KEY, open, sale, T0 } from '../journal/helpers.ts';

/** The commands over books as real processes: exit statuses, standard input, the way from one to the next. */
const PROGRAM = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
let folder = '';
let path = '';
let refundId = 0;
const at = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pos8583-books-'));
  path = at('journal.db');
  writeFileSync(`${path}.key`, KEY);
  chmodSync(`${path}.key`, 0o600);
  const journal = open({ path });
  journal.setPassword(T0, '00', '246810', '00');
  const original = sale(journal, T0, 10_000);
  refundId = begin(journal, T0, { kind: 'refund', amountMinor: 4_000, original: { txnId: original.id } }).id;
  journal.appendOutcome(T0, refundId, { result: 'unknown', reason: '98', why: 'no answer' });
  journal.close();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function pos(args: readonly string[], input = ''): { status: number | null; out: string; err: string } {
  const done = spawnSync(process.execPath, [PROGRAM, ...args], { input, encoding: 'utf8' });
  return { status: done.status, out: done.stdout, err: done.stderr };
}

test('a journal with a changed old record does not trade: status 5, the record, the way out', () => {
  const db = new DatabaseSync(path);
  db.exec('DROP TRIGGER record_stays; UPDATE record SET at_ms = at_ms + 1 WHERE seq = 2');
  db.close();
  const ran = pos(['run', '--profile', 'unionpay-pos', '--port', at('tty'), '--journal', path]);
  expect(ran.status).toBe(5);
  expect(ran.err).toContain('journal-damaged');
  expect(ran.err).toContain('record 2: its content or its hash was changed');
  expect(ran.err).toContain('restore the last backup or settle with the acquirer and start a new journal');
  expect(pos(['journal', 'verify', '--journal', path])).toMatchObject({ status: 1 });
  // An entry by hand into a damaged journal neither.
  const entry = ['--outcome', 'not-accepted', '--reason', 'x', '--operator', '02', '--journal', path];
  expect(pos(['refund', 'resolve', String(refundId), ...entry], '246810\n').status).toBe(2);
});

test('an unknown refund is entered with the password from a pipe; the statement then agrees', () => {
  const ledger = openLedger(at('ledger.db'));
  if (!ledger.ok) throw new Error(ledger.fault.cause);
  const row = { atMs: T0, tid: '10000001', mid: '898310148160001', batch: '000001', code: '00', authCode: 'A12345' };
  const more = {
    hostDate: '1121',
    token: 't',
    pan_masked: '622500******0014',
    organisation: 'CUP',
    voucher: '',
  } as const;
  const money = (amountMinor: number) => ({ amountMinor, requestedMinor: amountMinor, state: 'approved' }) as const;
  ledger.value.addTxn({
    ...row,
    ...more,
    ...money(10_000),
    kind: 'sale',
    trace: '000001',
    reference: '000000000001',
    original: null,
  });
  ledger.value.addTxn({
    ...row,
    ...more,
    ...money(4_000),
    kind: 'refund',
    trace: '000002',
    reference: '112233445566',
    original: 1,
  });
  ledger.value.db.close();
  const csv = pos(['sim', 'acquirer', '--ledger', at('ledger.db'), '--export']);
  expect(csv).toMatchObject({ status: 0, err: '' });
  writeFileSync(at('bank.csv'), csv.out);
  const compare = (): ReturnType<typeof pos> => pos(['reconcile', at('bank.csv'), '--journal', path]);
  const before = compare();
  expect(before.status).toBe(1);
  expect(before.out).toContain(`enter it: pos8583 refund resolve ${refundId}`);
  const resolve = ['refund', 'resolve', String(refundId), '--journal', path, '--outcome', 'accepted'];
  const who = ['--reference', '112233445566', '--reason', 'bank file', '--operator', '02'];
  expect(pos([...resolve, ...who])).toMatchObject({ status: 1 });
  expect(pos([...resolve, ...who], '246810\n')).toMatchObject({
    status: 0,
    out: expect.stringContaining('booked as accepted'),
  });
  expect(compare()).toMatchObject({ status: 0, err: '' });
});

test('what cannot be read is status 2 and makes no file', () => {
  const entry = ['--outcome', 'not-accepted', '--reason', 'x', '--operator', '02'];
  expect(pos(['refund', 'resolve', '1', ...entry, '--journal', at('none.db')], '246810\n').status).toBe(2);
  expect(pos(['refund', 'list', '--journal', at('none.db')]).status).toBe(2);
  expect(pos(['reconcile', at('none.csv'), '--journal', path]).status).toBe(2);
  expect(pos(['sim', 'acquirer', '--ledger', at('none.db'), '--export']).status).toBe(2);
  expect(pos(['sim', 'acquirer', '--export']).status).toBe(2);
  expect(() => new DatabaseSync(at('none.db'), { readOnly: true })).toThrow();
});
