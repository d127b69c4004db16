import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { type Figures, hitList, repeat, simulate, simulateAll } from './fleet.ts';
import { minimise } from './minimise.ts';
import { FAULT_KINDS } from './plan.ts';
import { SABOTAGES } from './sabotage.ts';

/** Histories of this gate, on all cores; `npm run soak` runs as many as there is time for. */
const SEEDS = Number(process.env.POS8583_SEEDS ?? 400);
const FIRST = Number(process.env.POS8583_FIRST_SEED ?? 1);
/** Histories within which each planted fault must be found. */
const SABOTAGE_SEEDS = 80;
/** Kinds of fault that a run of so many histories must have met, and how often each of them. */
const OFTEN = { histories: 400, kinds: 20, hits: 100 };

/** What went wrong and how to see it again, for the message of a failed gate. */
function told(figures: Figures, sabotage?: string): string[] {
  return figures.bad.map(({ seed, violations }) => `${violations[0]}: ${repeat(seed, sabotage)}`);
}

test(`${SEEDS} histories lose, double and invent no money`, { timeout: 900_000 }, async () => {
  const figures = await simulateAll(FIRST, SEEDS);
  console.log(
    `${figures.transactions} transactions, ${figures.crashes} crashes, faults that struck:\n${hitList(figures)}`,
  );
  expect(told(figures)).toEqual([]);
  expect(figures.seeds).toBe(SEEDS);
  // A simulation in which little happens finds little.
  expect(figures.transactions).toBeGreaterThan(25 * SEEDS);
  if (SEEDS >= 100)
    expect(FAULT_KINDS.map(kind => kind.name).filter(name => (figures.hits[name] ?? 0) === 0)).toEqual([]);
  if (SEEDS >= OFTEN.histories)
    expect(Object.values(figures.hits).filter(count => count >= OFTEN.hits).length).toBeGreaterThanOrEqual(OFTEN.kinds);
});

test('the same seed gives the same journal, trace and log to the last byte', { timeout: 300_000 }, async () => {
  const figures = await simulate('--from', String(FIRST + 5_000), '--seeds', '6', '--twice');
  expect(told(figures)).toEqual([]);
  expect(figures.twice).toBe(6);
});

const turns = turnsOf(availableParallelism());

test.concurrent.each(SABOTAGES.map(sabotage => sabotage.name))(
  'finds the planted fault: %s',
  { timeout: 600_000 },
  async name => {
    const figures = await turns(() =>
      simulate('--from', String(FIRST), '--seeds', String(SABOTAGE_SEEDS), '--sabotage', name),
    );
    expect(figures.bad, `${name} was not found in ${figures.seeds} histories`).not.toEqual([]);
  },
);

/** Lets at most `count` pieces of work go on at a time; the others wait for their turn. */
function turnsOf(count: number): <T>(work: () => Promise<T>) => Promise<T> {
  const lines: Promise<unknown>[] = Array.from({ length: count }, () => Promise.resolve());
  let next = 0;
  return work => {
    const line = next++ % count;
    const done = lines[line].then(work);
    // Who asked for it sees how it ended; the next one begins either way.
    lines[line] = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  };
}

test('a failure is brought down to the faults that it needs', () => {
  const all = Array.from({ length: 60 }, (_, id) => id);
  expect(minimise(all, kept => kept.includes(7) && kept.includes(41))).toEqual([7, 41]);
  expect(minimise(all, () => true)).toEqual([]);
});
