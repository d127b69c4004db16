import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { redactControlLine } from '../../src/replay/control-line.ts';
import { standInOf } from '../../src/card/stand-in.ts';
import { requestLine } from '../../src/runtime/entries.ts';
import { open, SUPERVISOR_PASSWORD } from '../scenarios/people.ts';
import type { Counter } from '../runtime/counter.ts';
import { canaryCards, panSecret } from './canaries.ts';
import { command } from './commands.ts';
import { newFolder } from './outputs.ts';
import { LeakIndex } from './search.ts';

/** What people type where no card number belongs is not said again, and not kept. */

const [{ pan, expiry }] = canaryCards(1, 4711);
const index = new LeakIndex([panSecret('number', pan)]);
const leaks = (text: string | Uint8Array): string[] =>
  index.search(typeof text === 'string' ? Buffer.from(text) : text).leaks.map(({ form }) => form);
const folder = newFolder();
const journal = join(folder, 'journal.db');
let counter: Counter;

beforeAll(() => {
  counter = open({ journal });
  counter.journal.setPassword(counter.world.nowMs(), '00', SUPERVISOR_PASSWORD, '00');
});
afterAll(() => {
  counter.journal.close();
  rmSync(folder, { recursive: true });
});

test.each([
  ['journal', 'list', '--limit'],
  ['report', 'search', '--amount'],
  ['refund', 'status'],
  ['slips', 'check'],
])('%s %s: what is wrong with it is said without its digits', async (...words) => {
  expect(leaks((await command(...words, pan, '--journal', journal)).output)).toEqual([]);
});

test.each([
  ['journal', 'show', pan],
  ['journal', 'verify', '--anchor', pan],
  ['refund', 'show', pan],
  ['case', 'show', pan],
])('%s %s: the number that is not found', async (...args) => {
  const { status, output } = await command(...args, '--journal', journal);
  expect(status).toBeGreaterThan(0);
  expect(leaks(output)).toEqual([]);
});

test('decode: a bare track is no message, and no byte of it is shown', async () => {
  const { output } = await command('decode', `${pan}D${expiry}1010000000000`);
  expect(leaks(output)).toEqual([]);
});

const entry = { what: 'freeze', note: 'x' } as const;
const line = JSON.stringify({
  v: 1,
  request: '1'.repeat(32),
  password: '1',
  entry: { ...entry, [pan]: 1 },
  [pan]: pan,
});

test('the control socket: names of members that do not belong there', () => {
  expect(leaks(counter.control(line).join())).toEqual([]);
});

test('the trace of the control socket: the same', () => {
  expect(leaks(redactControlLine(line, standInOf(new Uint8Array(16).fill(5), 2611)))).toEqual([]);
});

test('the control socket: values that do not belong there', () => {
  const lines = [
    JSON.stringify({ v: 1, request: pan, password: pan, entry: { what: pan, note: pan } }),
    `${pan}=${expiry}1010000`,
  ];
  for (const line of lines) {
    const [answer] = counter.control(line);
    expect(JSON.parse(answer)).toMatchObject({ ok: false });
    expect(leaks(answer)).toEqual([]);
    expect(leaks(redactControlLine(line, standInOf(new Uint8Array(16).fill(5), 2611)))).toEqual([]);
  }
});

test('a note with a card number in it does not come into the journal', () => {
  const note = `customer has card ${pan}`;
  const asked = requestLine({
    request: '2'.repeat(32),
    password: SUPERVISOR_PASSWORD,
    entry: { what: 'freeze', note },
  });
  const answers = counter.control(asked);
  expect(answers).toHaveLength(1);
  expect(leaks([...answers, ...counter.screens].join('\n'))).toEqual([]);
  for (const file of [journal, `${journal}-wal`]) expect([file, leaks(readFileSync(file))]).toEqual([file, []]);
});
