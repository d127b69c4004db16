import { expect, test } from 'vitest';
import { failures, matrix } from './matrix-fleet.ts';

const SALE = 'sale by stripe without PIN: approved';

/**
 * Faults planted into the program while it is loaded, and a scenario in which a crash must show them. Blind: nobody
 * watches what leaves the counter, so that only the books after the restart can tell, and only at a crash.
 */
const PLANTED: readonly (readonly [name: string, like: string, blind: boolean])[] = [
  ['journal after send', SALE, true],
  ['reversal not remembered across a restart', SALE, true],
  ['refund not remembered across a restart', 'refund of a chip sale: approved', true],
  ['outcome shown before it is durable', SALE, false],
  ['reversal dropped after its tries', 'reversal with one try: no answer once', false],
];

test.each(PLANTED)('the matrix shows the planted fault: %s', { timeout: 300_000 }, async (name, like, blind) => {
  const sound = await matrix(['--like', like, '--every', '16']);
  expect(failures(sound)).toEqual([]);
  const figures = await matrix(['--like', like, '--sabotage', name, ...(blind ? ['--blind'] : [])]);
  expect(figures.bad, `${name} was not found at ${figures.points} crash points`).not.toEqual([]);
  if (blind) expect(figures.bad[0].id).toMatch(/:\d+(-lost)?$/);
});

test('the same point gives the same run', { timeout: 300_000 }, async () => {
  const runs: string[] = [];
  for (let i = 0; i < 2; i++) await matrix(['--only', 'sale by chip: approved:100'], text => runs.push(text));
  expect(runs[0].split('\n').length).toBeGreaterThan(50);
  expect(runs[1]).toBe(runs[0]);
});
