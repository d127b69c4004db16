import { expect, test } from 'vitest';
import { EVERY_IN_GATE, failures, matrix, summary } from './matrix-fleet.ts';

test('crash matrix, half 1 of 2: no money is lost, doubled or invented', { timeout: 1_800_000 }, async () => {
  const figures = await matrix(['--part', '1/2', '--every', EVERY_IN_GATE]);
  console.log(summary(figures, '1/2'));
  expect(failures(figures)).toEqual([]);
  // A matrix that lost its scenarios or its points finds nothing.
  expect(figures.scenarios).toBeGreaterThanOrEqual(200);
  expect(figures.points).toBeGreaterThan(3_500 + 25_000 / Number(EVERY_IN_GATE));
});
