import { invented, shipped, targetNamed, type Target } from './dialects.ts';
import { vectors } from './inputs.ts';
import { Judge } from './judge.ts';
import { statusesWithin } from './reach.ts';
import { Run, report } from './run.ts';
import { StatusText } from '../../src/iso8583/status.ts';

/** Inputs of one dialect before the next one has its turn. */
const TURN = 20_000;
const PROGRESS_MS = 60_000;

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  /** Only this dialect. */
  readonly dialect: string | undefined;
  /** Only this input. */
  readonly hex: string | undefined;
}

/** Runs the gate's inputs on and on. Returns the exit status: 0 when nothing was found and every status was met. */
export function soak(options: SoakOptions): number {
  if (options.hex !== undefined) return one(options.dialect ?? 'unionpay-pos', options.hex);
  const targets = options.dialect === undefined ? [...shipped(), ...invented] : [targetNamed(options.dialect)];
  const samples = vectors();
  const started = performance.now();
  const until = started + options.minutes * 60_000;
  let shown = started;
  let total = 0;
  // Each round begins anew with another seed, so that what mutations begin with does not stay the same for hours.
  const statuses = new Map<Target, Float64Array>(targets.map(target => [target, new Float64Array(32)]));
  for (let round = 0; performance.now() < until; round++) {
    const runs = targets.map(target => new Run(target, (options.seed + round * 1_000_003) >>> 0, samples));
    for (let turn = 0; turn < 10 && performance.now() < until; turn++) {
      for (const run of runs) {
        const failure = run.go(TURN);
        total += TURN;
        if (failure !== undefined) {
          console.error(report(failure));
          console.error(`  or       node scripts/soak.mjs codec --dialect ${failure.target} --seed ${failure.seed}`);
          return 1;
        }
      }
      const now = performance.now();
      if (now - shown < PROGRESS_MS) continue;
      shown = now;
      console.log(`${line(now - started, total)}, round ${round + 1}`);
    }
    for (const run of runs) {
      const sum = statuses.get(run.target) as Float64Array;
      run.judge.statuses.forEach((count, status) => (sum[status] += count));
    }
  }
  console.log(line(performance.now() - started, total));
  let missed = 0;
  for (const [target, counts] of statuses) {
    const within = statusesWithin(new Judge(target).oracle);
    console.log(`${target.name}: ${within.map(status => `${StatusText[status].name} ${counts[status]}`).join(', ')}`);
    for (const status of within) {
      if (counts[status] > 0) continue;
      console.error(`${target.name}: no input ended in ${StatusText[status].name}; give it more minutes`);
      missed++;
    }
  }
  return missed > 0 ? 1 : 0;
}

const line = (ms: number, total: number): string =>
  `${total} inputs in ${(ms / 1000).toFixed(0)} s, ${Math.round(total / ms)} thousand a second`;

/** Judges one input, and shows what decoder and oracle say. */
function one(dialect: string, hex: string): number {
  const judge = new Judge(targetNamed(dialect));
  const bytes = Uint8Array.from(Buffer.from(hex === '-' ? '' : hex, 'hex'));
  const what = judge.check(bytes, bytes.length, true);
  const { status, errorField, errorOffset } = judge.oracle;
  console.log(`the oracle says: ${StatusText[status].name}, field ${errorField}, offset ${errorOffset}`);
  console.log(what ?? 'decoder and encoder agree');
  return what === undefined ? 0 : 1;
}
