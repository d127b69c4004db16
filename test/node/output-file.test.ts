import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openJournalKey, writeOutput } from '../../src/node/files.ts';

let folder = '';
const at = (name: string): string => join(folder, name);
const faultOf = (result: ReturnType<typeof writeOutput>): string => (result.ok ? 'ok' : result.fault.name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pos8583-output-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a file that a person names for what a command makes', () => {
  test('is new, or replaces an older one', () => {
    expect(faultOf(writeOutput(at('day.html'), 'one'))).toBe('ok');
    expect(faultOf(writeOutput(at('day.html'), 'two'))).toBe('ok');
    expect(readFileSync(at('day.html'), 'utf8')).toBe('two');
    expect(faultOf(writeOutput(at('day.html/x'), 'three'))).not.toBe('ok');
  });

  test('is no journal, whatever it is called, and none of the files beside one', () => {
    const database = new DatabaseSync(at('shop.txt'));
    database.exec('CREATE TABLE money (amount INTEGER)');
    database.close();
    writeFileSync(at('empty'), '');
    for (const name of ['shop.db.key', 'shop.db.slip-key', 'shop.db-wal', 'empty.key'])
      writeFileSync(at(name), 'secret');
    for (const name of ['shop.txt', 'shop.db.key', 'shop.db.slip-key', 'shop.db-wal', 'empty']) {
      const before = readFileSync(at(name));
      expect([name, faultOf(writeOutput(at(name), 'report'))]).toEqual([name, 'file-kept']);
      expect(readFileSync(at(name)).equals(before)).toBe(true);
    }
  });

  test('is no link and no device', () => {
    writeFileSync(at('target'), 'mine');
    symlinkSync(at('target'), at('link'));
    expect(faultOf(writeOutput(at('link'), 'report'))).toBe('file-special');
    expect(readFileSync(at('target'), 'utf8')).toBe('mine');
  });
});

describe('a journal that is gone while its log is there', () => {
  test.each([true, false])('is not begun anew (an empty file is there: %s)', empty => {
    if (empty) writeFileSync(at('shop.db'), '');
    writeFileSync(at('shop.db-wal'), 'records');
    const key = openJournalKey(at('shop.db'));
    expect(!key.ok && key.fault.name).toBe('journal-lost');
    expect(readFileSync(at('shop.db-wal'), 'utf8')).toBe('records');
    expect(existsSync(at('shop.db.key'))).toBe(false);
  });

  test('an empty log, or none, is no sign of one', () => {
    writeFileSync(at('shop.db-wal'), '');
    expect(openJournalKey(at('shop.db')).ok).toBe(true);
  });
});
