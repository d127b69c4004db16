import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { registerArchive } from '../../src/cli/report/archive.ts';
import { registerSlipArchive } from '../../src/cli/report/slip-archive.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { fileDigest, fileExists, fileNames, nameWhole } from '../../src/node/archive.ts';
import { readText, writeAtomic } from '../../src/node/files.ts';
import { slipBytes } from '../../src/terminal/slips/bytes.ts';
import { open, sale } from '../journal/helpers.ts';

const NOON = new Date(2026, 10, 20, 12).getTime();
const LINES = ['      POS SALES SLIP', '卡号: 622500******0014', '== RMB: 100.00 =='];

let folder = '';
let kept = '';
let path = '';
let slipId = 0;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pos8583-archive-'));
  kept = join(folder, 'kept');
  mkdirSync(kept);
  path = join(folder, 'journal.db');
  const journal = open({ path });
  const { id } = sale(journal, NOON, 10_000);
  slipId = journal.storeSlip(NOON + 1, { txnId: id, kind: 'sale', copy: 'merchant', columns: 32, lines: LINES });
  journal.appendReprint(NOON + 60_000, slipId, '01');
  journal.close();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function settle(): void {
  const journal = open({ path });
  const started = journal.startSettlement(NOON + 90_000);
  if (!started.ok) throw new Error(started.fault.name);
  journal.settlementAnswered(NOON + 91_000, started.value.id, { cup: 1, foreign: 1 });
  journal.settlementEnded(NOON + 92_000, started.value.id, 0);
  journal.closeBatch(NOON + 93_000, started.value.id);
  journal.close();
}

interface Ran {
  readonly out: string;
  readonly err: string;
  readonly exit: number;
}

function run(...args: string[]): Ran {
  const ran = { out: '', err: '', exit: 0 };
  const program = new Command().exitOverride();
  const rim = {
    openJournal: (file: string) => openJournal({ path: file, readOnly: true }),
    print: (text: string) => void (ran.out += `${text}\n`),
    printError: (text: string) => void (ran.err += text),
    setExit: (status: number) => void (ran.exit = status),
  };
  registerArchive(program.command('journal'), {
    ...rim,
    digest: fileDigest,
    names: fileNames,
    exists: fileExists,
    nameWhole,
    readText,
    writeText: writeAtomic,
  });
  registerSlipArchive(program.command('slips'), { ...rim, nowMs: () => NOON, writeBytes: writeAtomic });
  program.parse(args, { from: 'user' });
  return ran;
}

const copies = (): string[] => {
  const names = fileNames(kept);
  return names.ok ? names.value.filter(name => name.endsWith('.db')) : [];
};

describe('pos8583 journal archive', () => {
  test('a journal with money on its way is not archived', () => {
    const ran = run('journal', 'archive', kept, '--journal', path);
    expect(ran).toMatchObject({ exit: 2, out: '' });
    expect(ran.err).toContain('journal-not-closed: the journal has 1 transactions not settled');
    expect(copies()).toEqual([]);
  });

  test('a closed one is copied, listed and checked; again changes nothing; the original stays', () => {
    settle();
    const ran = run('journal', 'archive', kept, '--journal', path);
    expect(ran).toMatchObject({ exit: 0, err: '' });
    expect(ran.out).toMatch(/^2026-11-20_2026-11-20_[0-9a-f]{16}\.db {2}whole {2}8 records {2}keep until 2028-11-20\n/);
    const list = readFileSync(join(kept, 'SHA256SUMS'), 'utf8');
    expect(list).toMatch(/^[0-9a-f]{64} {2}2026-11-20_2026-11-20_[0-9a-f]{16}\.db\n$/);
    expect(run('journal', 'archive', kept, '--journal', path)).toEqual(ran);
    expect(readFileSync(join(kept, 'SHA256SUMS'), 'utf8')).toBe(list);
    expect(run('journal', 'archive', kept, '--lang', 'zh', '--years', '5').out).toContain(
      '完整  8 条记录  保存至 2031-11-20',
    );
    expect(fileExists(path)).toBe(true);
  });

  test('a changed, a damaged, a missing and an unlisted copy are told, with status 1', () => {
    settle();
    run('journal', 'archive', kept, '--journal', path);
    const [name] = copies();
    const states = (): string[] =>
      (JSON.parse(run('journal', 'archive', kept, '--json').out) as { state: string }[]).map(one => one.state);
    expect(states()).toEqual(['whole']);
    const whole = readFileSync(join(kept, name));
    const db = new DatabaseSync(join(kept, name));
    db.exec('CREATE TABLE more(x)');
    db.close();
    expect(states()).toEqual(['changed']);
    const bad = new DatabaseSync(join(kept, name));
    bad.exec('DROP TRIGGER record_stays; UPDATE record SET at_ms = at_ms + 1 WHERE seq = 2');
    bad.close();
    expect(states()).toEqual(['damaged']);
    rmSync(join(kept, name));
    expect(states()).toEqual(['missing']);
    expect(run('journal', 'archive', kept).exit).toBe(1);
    writeFileSync(join(kept, name), whole);
    rmSync(join(kept, 'SHA256SUMS'));
    expect(states()).toEqual(['not-listed']);
    writeFileSync(join(kept, 'SHA256SUMS'), 'nonsense');
    expect(run('journal', 'archive', kept)).toMatchObject({ exit: 2, out: '' });
  });

  test('a half copy is not taken for one, and no flag is guessed', () => {
    settle();
    run('journal', 'archive', kept, '--journal', path);
    const [name] = copies();
    rmSync(join(kept, name));
    writeFileSync(join(kept, `${name}.part`), 'half');
    expect(run('journal', 'archive', kept, '--journal', path).err).toContain('left of a copy that was cut off');
    expect(run('journal', 'archive', kept, '--years', '0').exit).toBe(2);
    expect(run('journal', 'archive', join(folder, 'nowhere'))).toMatchObject({ exit: 2, out: '' });
  });
});

describe('pos8583 slips list|show', () => {
  test('every slip with its reprints; the text line by line, the bytes as the printer got them', () => {
    expect(run('slips', 'list', '--journal', path).out).toMatch(
      /\n +\d+ {2}2026-11-20 12:00:00 {2}sale {2}merchant {2}000001 +1 {2}[0-9a-f]{16}\n/,
    );
    const file = join(folder, 'slip.bin');
    const ran = run('slips', 'show', String(slipId), '--journal', path, '--bytes', file);
    expect(ran.out.split('\n').slice(0, 3)).toEqual(LINES);
    expect(ran.out).toContain('printed again 1: 2026-11-20 12:01:00');
    expect(new Uint8Array(readFileSync(file))).toEqual(slipBytes(LINES));
    const digest = fileDigest(file);
    expect(digest.ok && ran.out).toContain(digest.ok ? digest.value : '?');
    const json = JSON.parse(run('slips', 'show', String(slipId), '--journal', path, '--json').out) as object;
    expect(json).toMatchObject({ lines: LINES, reprints: 1, reprintsMs: [NOON + 60_000] });
    expect(run('slips', 'show', '999', '--journal', path)).toMatchObject({ exit: 2, out: '' });
    expect(JSON.parse(run('slips', 'list', '--journal', path, '--json').out)).toMatchObject([
      { id: slipId, voucher: '000001', reprints: 1 },
    ]);
  });
});
