import { availableParallelism } from 'node:os';
import { add, type Figures, NO_FIGURES, repeat, simulate } from './simulation/fleet.ts';
import { SABOTAGES } from './simulation/sabotage.ts';

export interface SoakOptions {
  readonly minutes: number;
  /** The first seed. */
  readonly seed: number;
  /** Ends after so many histories, also when there is time left. */
  readonly seeds?: number | undefined;
}

/** Histories of one process, so that its memory stays small and a failure is seen soon. */
const SEEDS_AT_ONCE = 100;
const SABOTAGE_SEEDS = 60;

/**
 * The money simulation for as long as wanted, on all cores: figures at the end, and the command that repeats a failure.
 * Planted faults are tried first. Returns the exit status.
 */
export async function soak({ minutes, seed, seeds = Infinity }: SoakOptions): Promise<number> {
  const untilMs = performance.now() + minutes * 60_000;
  const cores = availableParallelism();
  const missed: string[] = [];
  const left = [...SABOTAGES];
  await onAll(cores, async () => {
    const sabotage = left.shift();
    if (!sabotage) return false;
    const figures = await simulate(
      '--from',
      String(seed),
      '--seeds',
      String(SABOTAGE_SEEDS),
      '--sabotage',
      sabotage.name,
    );
    const [found] = figures.bad;
    if (!found) missed.push(sabotage.name);
    console.log(
      `planted: ${sabotage.name.padEnd(46)} ${found ? `found by seed ${found.seed}: ${found.violations[0]}` : 'NOT FOUND'}`,
    );
    return true;
  });
  let all: Figures = NO_FIGURES;
  let next = seed;
  const began = performance.now();
  await onAll(cores, async () => {
    const secondsLeft = Math.floor((untilMs - performance.now()) / 1000);
    const count = Math.min(SEEDS_AT_ONCE, seed + seeds - next);
    if (secondsLeft < 2 || count <= 0 || all.bad.length >= 5) return false;
    const from = next;
    next += count;
    all = add(all, await simulate('--from', String(from), '--seeds', String(count), '--seconds', String(secondsLeft)));
    return true;
  });
  print(all, (performance.now() - began) / 1000, cores, missed);
  return all.bad.length > 0 || missed.length > 0 ? 1 : 0;
}

/** Keeps `cores` pieces of work going until each says that there is no more. */
async function onAll(cores: number, work: () => Promise<boolean>): Promise<void> {
  const one = async (): Promise<void> => {
    while (await work());
  };
  await Promise.all(Array.from({ length: cores }, one));
}

function print(all: Figures, seconds: number, cores: number, missed: readonly string[]): void {
  const kinds = Object.entries(all.hits).sort((a, b) => b[1] - a[1]);
  console.log(
    `\nfaults (${kinds.length} kinds, ${kinds.filter(([, count]) => count >= 100).length} of them at least 100 times):`,
  );
  for (const [name, count] of kinds) console.log(`  ${name.padEnd(46)} ${String(count).padStart(7)}`);
  console.log(
    `seeds:          ${all.seeds} (${(all.seeds / seconds).toFixed(2)} a second on ${cores} cores, ${Math.round(all.cpuMs / Math.max(1, all.seeds))} ms of one core each)`,
  );
  console.log(`intents:        ${all.intents}`);
  console.log(`transactions:   ${all.transactions} in the journals`);
  console.log(`crashes:        ${all.crashes}`);
  console.log(`virtual time:   ${all.virtualHours.toFixed(1)} hours, ${all.events} events`);
  console.log(`lies shown:     ${all.shown} differences of a lying acquirer that the settlement has shown`);
  console.log(
    `planted faults: ${SABOTAGES.length - missed.length} of ${SABOTAGES.length} found${missed.length > 0 ? `, missed: ${missed.join('; ')}` : ''}`,
  );
  console.log(`violations:     ${all.bad.length}`);
  for (const { seed, violations } of all.bad) console.log(`  ${violations[0]}\n    again: ${repeat(seed)}`);
}
