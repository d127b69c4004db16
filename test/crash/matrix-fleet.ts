import { fork, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CACHED } from '../simulation/fleet.ts';

const MAIN = fileURLToPath(new URL('./matrix-main.ts', import.meta.url));

/** What a process of the matrix prints at its end. */
export interface Figures {
  readonly scenarios: number;
  /** Crash points that were run, and how many there are. */
  readonly points: number;
  readonly possible: number;
  /** Different ends of a day that were settled. */
  readonly settled: number;
  readonly events: number;
  readonly cutShort: boolean;
  readonly ms: number;
  readonly cpuMs: number;
  readonly bad: readonly { readonly id: string; readonly what: string; readonly violations: readonly string[] }[];
}

/** What a process of the matrix is asked for: its part of the scenarios, as 1/2, and when it is to stop at the latest. */
export interface Asked {
  readonly part: string;
  readonly seconds?: number;
}

/** Short-lived worlds by the thousand: a larger nursery, and no helpers that take the other worker's core. */
const ENGINE = ['--max-semi-space-size=64', '--single-threaded-gc'];

/**
 * Runs one process of the matrix to its end. `told` takes what it prints before its figures. Rejects with what it wrote to
 * its standard error when it broke.
 */
export function matrix(args: readonly string[], told?: (text: string) => void): Promise<Figures> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...ENGINE, MAIN, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: CACHED,
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.on('error', reject);
    child.on('close', code => {
      const lines = out.trim().split('\n');
      const last = lines.pop() ?? '';
      if (lines.length > 0) told?.(lines.join('\n'));
      if (code === 0 && last.startsWith('{')) resolve(JSON.parse(last) as Figures);
      else reject(new Error(`the crash matrix (${args.join(' ')}) ended with ${code}: ${err.slice(0, 2000)}`));
    });
  });
}

/**
 * One process that is asked for a share again and again, until `next` has none: the program is loaded, the shops are
 * prepared and the engine learns what is often done once for all of them. `took` takes the figures of each share.
 */
export function shares(
  args: readonly string[],
  next: () => Asked | undefined,
  took: (figures: Figures) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(MAIN, ['--asked', ...args], {
      execArgv: ENGINE,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: CACHED,
    });
    let asked: Asked | undefined;
    const ask = (): void => {
      asked = next();
      if (asked) child.send(asked);
      else child.disconnect();
    };
    child.on('message', figures => {
      took(figures as Figures);
      ask();
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (code === 0 && !asked) resolve();
      else reject(new Error(`the crash matrix (part ${asked?.part}) ended with ${code ?? signal}`));
    });
    ask();
  });
}

/** What went wrong and the command that shows it again. */
export function failures(figures: Figures): string[] {
  return figures.bad.map(
    ({ id, what, violations }) => `${id} (${what}): ${violations.join('; ')}\n    again: ${repeat(id)}`,
  );
}

/** The command that repeats one point as a story. */
export const repeat = (id: string): string => `node scripts/soak.mjs matrix --case "${id}"`;

/** Of the byte groups of the terminal line, one in so many is a crash point of the soak: 25,369 in all; 1 takes all 92,681. */
export const EVERY = String(process.env.POS8583_CRASH_EVERY ?? 5.2);
/** The same in `npm test`: every commit, effect and byte group of the acquirer all the same. The soak does the rest. */
export const EVERY_IN_GATE = String(process.env.POS8583_CRASH_EVERY ?? 12);

/** One line for the log of the gate. */
export function summary(figures: Figures, part: string): string {
  const seconds = (figures.ms / 1000).toFixed(0);
  return (
    `crash matrix, half ${part}: crash points: ${figures.points}, scenarios: ${figures.scenarios} ` +
    `(${figures.possible} points there are, ${figures.events} events, ${figures.settled} different settlements, ${seconds} s)`
  );
}
