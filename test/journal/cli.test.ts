import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { register } from '../../src/cli/journal.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { begin, open, PANS, sale, T0 } from './helpers.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pos8583-cli-journal-'));
  path = join(folder, 'journal.db');
  const journal = open({ path });
  sale(journal, T0, 123_456);
  const { id } = begin(journal, T0, { kind: 'refund', amountMinor: 500, original: { txnId: 1 } });
  journal.appendOutcome(T0, id, { result: 'unknown', reason: '98', why: 'no answer within 60 s' });
  journal.storeSlip(T0, { txnId: 1, kind: 'sale', copy: 'merchant', columns: 32, lines: ['x'] });
  journal.close();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]): { out: string; err: string; exit: number } {
  const result = { out: '', err: '', exit: 0 };
  const program = new Command().exitOverride();
  register(program, {
    openJournal: file => openJournal({ path: file, readOnly: true }),
    print: text => void (result.out += `${text}\n`),
    printError: text => void (result.err += `${text}\n`),
    setExit: status => void (result.exit = status),
  });
  program.parse(['journal', ...args], { from: 'user' });
  return result;
}

describe('pos8583 journal', () => {
  test('list shows the newest first, masked, in both languages', () => {
    const { out, exit } = run('list', '--journal', path);
    const lines = out.trimEnd().split('\n');
    expect(exit).toBe(0);
    expect(lines[0]).toMatch(/^ID +TIME +KIND +STATE +BATCH +VOUCHER +AMOUNT +CARD +REFERENCE$/);
    expect(lines[1]).toMatch(/^3 +\S+ \S+ +refund +unknown +000001 +000002 +5\.00 +622500\*{6}0014 +-$/);
    expect(lines[2]).toMatch(/^1 +\S+ \S+ +sale +approved +000001 +000001 +1,234\.56 +622500\*{6}0014 +\d{12}$/);
    expect(run('list', '--journal', path, '--lang', 'zh').out).toContain('退货  未知');
    expect(run('list', '--journal', path, '--limit', '1').out.trimEnd().split('\n')).toHaveLength(2);
    expect(run('list', '--journal', path, '--batch', '9').out).toBe('The journal holds no transaction.\n');
    expect(run('list', '--journal', path, '--limit', 'many')).toMatchObject({ exit: 2, out: '' });
  });

  test('list --json is data without sealed numbers', () => {
    const { out } = run('list', '--journal', path, '--json');
    const rows = JSON.parse(out) as { id: number; amountMinor: number; intent: { card: object } }[];
    expect(rows.map(row => [row.id, row.amountMinor])).toEqual([
      [3, 500],
      [1, 123_456],
    ]);
    expect(out).not.toContain('sealedPan');
    expect(out).not.toContain(PANS[0]);
  });

  test('show tells a transaction with its records and slips, or one record', () => {
    const { out } = run('show', '1', '--journal', path);
    expect(out).toContain('sale  approved  1,234.56');
    expect(out).toContain('5 sale merchant');
    expect(out).toMatch(/1 {2}\S+ \S+ {2}intent {2}[0-9a-f]{8}/);
    expect(out).toContain('"sealedPan":"…"');
    expect(run('show', '3', '--journal', path).out).toContain('why: no answer within 60 s');
    expect(run('show', '2', '--journal', path).out).toContain('outcome');
    const data = JSON.parse(run('show', '1', '--journal', path, '--json').out) as {
      records: unknown[];
      reversal: { state: string };
    };
    expect(data.records).toHaveLength(3);
    expect(data.reversal.state).toBe('cleared');
    expect(run('show', '99', '--journal', path)).toMatchObject({ exit: 1, out: '' });
    expect(run('show', 'x', '--journal', path).err).toContain('no transaction or record x');
  });

  test('verify says that all is well, or names the first bad record with status 1', () => {
    expect(run('verify', '--journal', path)).toMatchObject({ exit: 0, err: '' });
    expect(run('verify', '--journal', path).out).toMatch(/whole: 5 records, [0-9a-f]{4}-/);
    expect(JSON.parse(run('verify', '--journal', path, '--json').out)).toMatchObject({ ok: true, records: 5 });
    const db = new DatabaseSync(path);
    db.exec("DROP TRIGGER record_stays; UPDATE record SET body = replace(body, '123456', '923456') WHERE seq = 1");
    db.close();
    expect(run('verify', '--journal', path)).toMatchObject({ exit: 1, out: '' });
    expect(run('verify', '--journal', path).err).toContain('damaged at record 1');
    expect(JSON.parse(run('verify', '--journal', path, '--json').out)).toMatchObject({ ok: false, seq: 1 });
    expect(run('verify', '--journal', path, '--lang', 'zh').err).toContain('日志损坏');
  });

  test('a file that is not there is a clear error', () => {
    const { err, exit, out } = run('list', '--journal', join(folder, 'none.db'));
    expect({ exit, out }).toEqual({ exit: 2, out: '' });
    expect(err).toContain('E_NOEXIST journal-missing: there is no readable journal');
    expect(err).toContain('--journal');
  });
});
