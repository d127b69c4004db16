import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { SABOTAGES } from './sabotage.ts';

const MAIN = fileURLToPath(new URL('./proof-main.ts', import.meta.url));
/** Series that a planted fault is looked for in. */
const SABOTAGE_SERIES = ['--from', '0', '--to', '150'];

interface Printed {
  readonly runs: number;
  readonly cuts: number;
  readonly bad: readonly string[];
  readonly count: number;
}

/** The proof runs without the test runner: it is heavy, and faults are planted while its program is loaded. */
function proof(part: string, ...flags: string[]): Promise<Printed> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [MAIN, part, ...flags], { maxBuffer: 1 << 24 }, (error, out, err) => {
      if (error) reject(new Error(`${part}: ${err}`));
      else resolve(JSON.parse(out) as Printed);
    });
  });
}

test('one cut at every piece on the line: every command, block, answer, restart and confirmation, both sides', async () => {
  const { runs, cuts, bad } = await proof('every-piece');
  expect(bad).toEqual([]);
  expect(runs).toBeGreaterThan(350);
  // Those behind the end of the flash strike nothing.
  expect(cuts).toBeGreaterThan(runs - 20);
});

test('one loss of power after every byte that the terminal writes', async () => {
  const { runs, cuts, bad } = await proof('every-byte');
  expect(bad).toEqual([]);
  expect(runs).toBeGreaterThan(2000);
  expect(cuts).toBeGreaterThan(runs - 3);
});

test('2,000 series of five cuts, from seeds', async () => {
  const { runs, cuts, bad } = await proof('series', '--from', '0', '--to', '2000');
  expect(bad).toEqual([]);
  expect(runs).toBe(2000);
  expect(cuts).toBeGreaterThan(9800);
});

test('images that must not start do not, and a terminal that says yes and holds another image is found out', async () => {
  expect((await proof('strangers')).bad).toEqual([]);
});

test('real images under the terminal’s own check', async () => {
  expect((await proof('real-images')).bad).toEqual([]);
});

test.each(SABOTAGES)('the planted fault is found: $name', async ({ name, part }) => {
  const { count } = await proof(part, '--sabotage', name, ...(part === 'series' ? SABOTAGE_SERIES : []));
  expect(count).toBeGreaterThan(0);
});
