import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { register } from '../../src/cli/journal.ts';
import { JournalFailure, openJournal } from '../../src/journal/journal.ts';
import { begin, KEY, open, sale, seededEntropy, T0 } from './helpers.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pos8583-damage-'));
  path = join(folder, 'journal.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Edits the closed file behind the journal's back. */
function meddle(sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(`DROP TRIGGER record_stays; DROP TRIGGER record_kept; ${sql}`);
  db.close();
}

/** A journal with 20 records, closed; gives the anchor after each record. */
function filled(): string[] {
  const journal = open({ path });
  const anchors = [journal.anchor()];
  for (let i = 0; i < 10; i++) {
    const { id } = begin(journal, T0 + i, { amountMinor: 100 + i });
    anchors.push(journal.anchor());
    journal.appendOutcome(T0 + i, id, { result: 'declined', code: '51' });
    anchors.push(journal.anchor());
  }
  journal.close();
  return anchors;
}

const tryOpen = (change: object = {}) => openJournal({ path, sealKey: KEY, entropy: seededEntropy(), ...change });

function run(...args: string[]): { out: string; err: string; exit: number } {
  const result = { out: '', err: '', exit: 0 };
  const program = new Command().exitOverride();
  register(program, {
    openJournal: file => openJournal({ path: file, readOnly: true }),
    print: text => void (result.out += text),
    printError: text => void (result.err += text),
    setExit: status => void (result.exit = status),
  });
  program.parse(['journal', ...args, '--journal', path], { from: 'user' });
  return result;
}

describe('damage anywhere in the chain refuses to trade', () => {
  test.each([1, 2, 10, 19, 20])('record %i of 20, changed before the journal is opened', seq => {
    filled();
    meddle(`UPDATE record SET at_ms = at_ms + 1 WHERE seq = ${seq}`);
    const refused = tryOpen();
    expect(refused).toMatchObject({ ok: false, fault: { name: 'journal-damaged' } });
    expect(!refused.ok && refused.fault.cause).toContain(`record ${seq}: `);
    expect(!refused.ok && refused.fault.remedy).toMatch(/journal verify.*restore the last backup.*new journal/);
    // For looking it opens: what is left can be read.
    expect(tryOpen({ readOnly: true }).ok).toBe(true);
  });

  test('older than what the opening checks: found in slices, and nothing is written after it', () => {
    filled();
    meddle('UPDATE record SET at_ms = at_ms + 1 WHERE seq = 7');
    const journal = open({ path, checkedAtOpening: 5 });
    expect(journal.checkOlder(6)).toBe(9);
    expect(() => journal.checkOlder(6)).toThrow(JournalFailure);
    expect(() => journal.checkOlder(6)).toThrow('record 7: its content or its hash was changed');
    expect(() => journal.takeTrace(T0)).toThrow('journal-damaged');
    journal.close();
  });

  test.each([
    ['a record removed between two slices', 'DELETE FROM record WHERE seq = 6', 'record 6: '],
    ['the last of the old ones removed', 'DELETE FROM record WHERE seq = 15', 'record 15: it is missing'],
    ['the hash of the last old one', "UPDATE record SET hash = x'00' WHERE seq = 15", 'record '],
  ])('%s', (_, sql, named) => {
    filled();
    meddle(sql);
    const opened = tryOpen({ checkedAtOpening: 5 });
    if (!opened.ok) return expect(opened.fault.cause).toContain(named);
    expect(() => {
      while (opened.value.checkOlder(5) > 0);
    }).toThrow(named);
    opened.value.close();
  });

  test('a whole journal is checked to its end once', () => {
    filled();
    const journal = open({ path, checkedAtOpening: 5 });
    expect([journal.checkOlder(10), journal.checkOlder(10), journal.checkOlder(10)]).toEqual([5, 0, 0]);
    sale(journal, T0);
    expect(journal.checkOlder(10)).toBe(0);
    expect(journal.verify().ok).toBe(true);
    journal.close();
  });
});

describe('pos8583 journal verify --anchor', () => {
  test('finds the record of a printed anchor, whole or begun, however it is written', () => {
    const anchors = filled();
    const ran = run('verify', '--anchor', anchors[7]);
    expect(ran).toMatchObject({ exit: 0, err: '' });
    expect(ran.out).toMatch(/^The chain is whole up to record 7 \(2025-11-2\d /);
    expect(run('verify', '--anchor', anchors[7].slice(0, 9).toUpperCase()).out).toContain('record 7 ');
    expect(run('verify', '--anchor', anchors[20].replaceAll('-', ''), '--lang', 'zh').out).toContain('完整至记录 20');
    expect(JSON.parse(run('verify', '--anchor', anchors[7], '--json').out)).toMatchObject({ ok: true, seq: 7 });
  });

  test('records cut off at the end: the anchor of the slip is not there any more', () => {
    const anchors = filled();
    meddle('DELETE FROM record WHERE seq > 12');
    expect(run('verify', '--anchor', anchors[12]).exit).toBe(0);
    const ran = run('verify', '--anchor', anchors[20]);
    expect(ran).toMatchObject({ exit: 1, out: '' });
    expect(ran.err).toContain('cut off');
  });

  test('damage after the anchor leaves it standing, damage before it does not', () => {
    const anchors = filled();
    meddle('UPDATE record SET at_ms = at_ms + 1 WHERE seq = 10');
    expect(run('verify', '--anchor', anchors[9]).exit).toBe(0);
    const ran = run('verify', '--anchor', anchors[15]);
    expect(ran.exit).toBe(1);
    expect(ran.err).toContain('broken before the record of this anchor, at record 10');
    expect(JSON.parse(run('verify', '--anchor', anchors[15], '--json').out)).toMatchObject({ ok: false, brokenAt: 10 });
  });

  test('a table that differs is no broken chain', () => {
    const anchors = filled();
    meddle("UPDATE txn SET state = 'approved' WHERE id = 3");
    expect(run('verify').exit).toBe(1);
    expect(run('verify', '--anchor', anchors[15]).exit).toBe(0);
  });

  test('what is no anchor, and one that more than one record has', () => {
    filled();
    expect(run('verify', '--anchor', 'xyz')).toMatchObject({ exit: 2, out: '' });
    expect(run('verify', '--anchor', '00').exit).toBe(2);
    meddle("UPDATE record SET hash = x'abcdef' WHERE seq IN (3, 4)");
    const many = run('verify', '--anchor', 'abcd');
    expect(many.exit).toBe(1);
    expect(many.err).toContain('3, 4');
  });
});

describe('pos8583 journal waiting', () => {
  test('nothing, then everything that somebody must look after', () => {
    const journal = open({ path });
    const original = sale(journal, T0, 10_000);
    expect(run('waiting').out).toBe('Nothing waits for anybody.');
    const refund = begin(journal, T0, { kind: 'refund', amountMinor: 500, original: { txnId: original.id } });
    journal.appendOutcome(T0, refund.id, { result: 'unknown', reason: '98', why: 'no answer' });
    const unsure = begin(journal, T0, { amountMinor: 700 });
    journal.appendOutcome(T0, unsure.id, { result: 'unknown', reason: '98', why: 'no answer' });
    expect(run('waiting').out).toMatch(/owed reversal .* 7\.00 .*39=98 {2}tries 0\nunknown refund .* 5\.00 /);
    for (let i = 0; i < 3; i++) {
      journal.appendReversalTry(T0, unsure.id);
      journal.appendReversalResult(T0, unsure.id, { noAnswer: true });
    }
    journal.releaseTerminal(T0, '00');
    journal.startSettlement(T0);
    const { out } = run('waiting');
    expect(out).toMatch(/^held reversal .* 7\.00 .*tries 3 {2}released by 00\n/);
    expect(out).toContain('unfinished settlement of batch 000001: requested');
    expect(run('waiting', '--lang', 'zh').out).toContain('停用冲正');
    expect(JSON.parse(run('waiting', '--json').out)).toMatchObject({
      reversals: [{ state: 'held' }],
      unknownRefunds: [{ id: refund.id }],
      settlement: { stage: 'requested' },
    });
    expect(run('waiting', '--json').out).not.toContain('sealedPan');
    journal.close();
  });
});
