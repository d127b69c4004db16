import { availableParallelism } from 'node:os';
import { add, type Figures, NO_FIGURES, repeat, simulate, simulateTelling } from './simulation/fleet.ts';
import { SABOTAGES } from './simulation/sabotage.ts';
import { type Soaked, figure } from './soak.ts';

export interface SoakOptions {
  /** Without it: as many histories as the figures want. */
  readonly minutes?: number | undefined;
  /** The first seed. */
  readonly seed: number;
  /** Ends after so many histories, also when there is time left. */
  readonly seeds?: number | undefined;
}

/**
 * Histories of one process at most: many, as a process is slow until the engine knows what it often does. Towards the end the
 * pieces become smaller, so that the cores end together.
 */
const SEEDS_AT_ONCE = 2_500;
/** And at least: a start costs as much as some ten histories. */
const SEEDS_AT_LEAST = 100;
const SABOTAGE_SEEDS = 120;
/** What a change must come to: histories of 50 intents, kinds of fault, and how often each must have struck. */
const SEEDS_WANTED = 10_000;
const KINDS_WANTED = 20;
const HITS_WANTED = 100;

/**
 * The money simulation for as long as wanted, on all cores: figures at the end, and the command that repeats a failure.
 * Planted faults are tried first.
 */
export async function soak({
  minutes,
  seed,
  seeds = minutes === undefined ? SEEDS_WANTED : Infinity,
}: SoakOptions): Promise<Soaked> {
  const untilMs = performance.now() + (minutes ?? Infinity) * 60_000;
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
    const secondsLeft = Math.min(86_400, Math.floor((untilMs - performance.now()) / 1000));
    const left = seed + seeds - next;
    const count = Math.min(left, SEEDS_AT_ONCE, Math.max(SEEDS_AT_LEAST, Math.ceil((left * 0.8) / cores)));
    if (secondsLeft < 2 || count <= 0 || all.bad.length >= 5) return false;
    const from = next;
    next += count;
    const flags = ['--from', String(from), '--seeds', String(count), '--seconds', String(secondsLeft)];
    const figures = await simulateTelling(flags, text => process.stderr.write(text));
    // Read after the wait: another core may have added its own meanwhile.
    all = add(all, figures);
    return true;
  });
  print(all, (performance.now() - began) / 1000, cores, missed);
  const often = Object.values(all.hits).filter(count => count >= HITS_WANTED).length;
  return {
    status: all.bad.length > 0 || missed.length > 0 ? 1 : 0,
    figures: [
      figure('histories of 50 intents', SEEDS_WANTED, all.seeds),
      figure(`kinds of fault that struck ${HITS_WANTED} times`, KINDS_WANTED, often),
      figure('planted faults found', SABOTAGES.length, SABOTAGES.length - missed.length),
      figure('violations in the histories', 0, all.bad.length, true),
    ],
  };
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
  console.log(
    `lies shown:     ${all.shown} differences of a lying acquirer that the settlement has shown; ${all.madeUp} that make up for each other in its totals, named by reconcile`,
  );
  console.log(
    `planted faults: ${SABOTAGES.length - missed.length} of ${SABOTAGES.length} found${missed.length > 0 ? `, missed: ${missed.join('; ')}` : ''}`,
  );
  console.log(`violations:     ${all.bad.length}`);
  for (const { seed, violations } of all.bad) console.log(`  ${violations[0]}\n    again: ${repeat(seed)}`);
}
