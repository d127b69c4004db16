import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { register } from '../../src/cli/training.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { open, T0 } from '../journal/helpers.ts';

let folder = '';
let path = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pos8583-cli-training-'));
  path = join(folder, 'journal.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function run(...args: string[]): Promise<{ out: string[]; errors: string[]; status: number }> {
  const result = { out: [] as string[], errors: [] as string[], status: 0 };
  const program = new Command().exitOverride();
  register(program, {
    console: {
      print: (text: string) => void result.out.push(text),
      printError: (text: string) => void result.errors.push(text),
      setExitStatus: (status: number) => (result.status = status),
    } as unknown as Parameters<typeof register>[1]['console'],
    openJournal: file => openJournal({ path: file, readOnly: true }),
  });
  await program.parseAsync(['node', 'pos8583', 'training', 'score', ...args]);
  return result;
}

test('results newest first, and who may refund by now', async () => {
  const journal = open({ path });
  journal.appendTraining(T0, { operator: '02', by: '99', score: 2, of: 5, passed: false });
  journal.appendTraining(T0 + 60_000, { operator: '01', by: '00', score: 6, of: 6, passed: true });
  journal.close();
  const { out } = await run('--journal', path);
  expect(out.slice(1).map(line => line.slice(21))).toEqual([
    '01        00  6/6    passed      yes',
    '02        99  2/5    not passed  no',
  ]);
  const json = JSON.parse((await run('--journal', path, '--json')).out.join('\n')) as { operator: string }[];
  expect(json.map(({ operator }) => operator)).toEqual(['01', '02']);
});

test('nobody yet; no journal', async () => {
  open({ path }).close();
  expect((await run('--journal', path)).out).toEqual(['Nobody has been trained at this terminal.']);
  const missing = await run('--journal', join(folder, 'none.db'));
  expect([missing.status, missing.errors[0]]).toEqual([2, expect.stringContaining('none.db')]);
});
