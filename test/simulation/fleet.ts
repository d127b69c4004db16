import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

/** A history makes little that lives and much that does not: with more room for it the engine collects less. */
const ENGINE = ['--max-semi-space-size=32'];

/** The engine keeps the compiled program from one process to the next: half of the cost of a start. */
export const CACHED: NodeJS.ProcessEnv = {
  ...process.env,
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../../node_modules/.cache/pos8583-simulation', import.meta.url)),
};

/** What a process of the simulation prints at its end. */
export interface Figures {
  seeds: number;
  intents: number;
  transactions: number;
  crashes: number;
  events: number;
  virtualHours: number;
  /** Lies of the acquirer that the settlement has shown. */
  shown: number;
  /** Lies that make up for each other in the totals; `reconcile` names them. */
  madeUp: number;
  /** Histories that were run twice and compared. */
  twice: number;
  ms: number;
  cpuMs: number;
  next: number;
  bad: { seed: number; violations: string[] }[];
  hits: Record<string, number>;
}

/** Runs one process of the simulation to its end. Rejects with what it wrote to its standard error when it broke. */
export function simulate(...args: readonly string[]): Promise<Figures> {
  return simulateTelling(args, () => {});
}

/** As {@link simulate}; `tell` takes what it writes to its standard error as it comes: the violations. */
export function simulateTelling(args: readonly string[], tell: (text: string) => void): Promise<Figures> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...ENGINE, MAIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: CACHED,
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
      tell(text);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const last = out.trim().split('\n').pop() ?? '';
      if (code === 0 && last.startsWith('{')) resolve(JSON.parse(last) as Figures);
      else reject(new Error(`the simulation (${args.join(' ')}) ended with ${code ?? signal}: ${err.slice(0, 2000)}`));
    });
  });
}

/** Histories of one process at most, so that a failure is seen soon. */
const SEEDS_AT_ONCE = 250;

/** Runs `seeds` histories from seed `from` on, on all cores, and gives the figures of all of them. */
export async function simulateAll(from: number, seeds: number): Promise<Figures> {
  let all = NO_FIGURES;
  let next = from;
  const end = from + seeds;
  const cores = availableParallelism();
  // One turn for each core where that is enough: a process is slow until the engine knows what it often does.
  const count = Math.min(SEEDS_AT_ONCE, Math.ceil(seeds / cores));
  const one = async (): Promise<void> => {
    while (next < end) {
      const first = next;
      next = Math.min(end, first + count);
      const figures = await simulate('--from', String(first), '--seeds', String(next - first));
      // Read after the wait: another core may have added its own meanwhile.
      all = add(all, figures);
    }
  };
  await Promise.all(Array.from({ length: cores }, one));
  return all;
}

/** The kinds of fault with how often each struck, most first. */
export function hitList({ hits }: Figures): string {
  const kinds = Object.entries(hits).sort((a, b) => b[1] - a[1]);
  return kinds.map(([name, count]) => `${String(count).padStart(7)} ${name}`).join('\n');
}

/** Adds the figures of one process to those of all. */
export function add(all: Figures, one: Figures): Figures {
  const hits = { ...all.hits };
  for (const [name, count] of Object.entries(one.hits)) hits[name] = (hits[name] ?? 0) + count;
  return {
    seeds: all.seeds + one.seeds,
    intents: all.intents + one.intents,
    transactions: all.transactions + one.transactions,
    crashes: all.crashes + one.crashes,
    events: all.events + one.events,
    virtualHours: all.virtualHours + one.virtualHours,
    shown: all.shown + one.shown,
    madeUp: all.madeUp + one.madeUp,
    twice: all.twice + one.twice,
    ms: all.ms + one.ms,
    cpuMs: all.cpuMs + one.cpuMs,
    next: Math.max(all.next, one.next),
    bad: [...all.bad, ...one.bad],
    hits,
  };
}

export const NO_FIGURES: Figures = {
  seeds: 0, intents: 0, transactions: 0, crashes: 0, events: 0, virtualHours: 0, shown: 0, madeUp: 0, twice: 0, ms: 0, cpuMs: 0, next: 0,
  bad: [], hits: {},
}; // prettier-ignore

/** The command that repeats a failure. */
export function repeat(seed: number, sabotage?: string): string {
  return `npm run seed -- ${seed}${sabotage === undefined ? '' : ` --sabotage "${sabotage}"`}`;
}
