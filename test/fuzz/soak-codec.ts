import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { invented, shipped, targetNamed, type Target } from './dialects.ts';
import { vectors } from './inputs.ts';
import { Judge } from './judge.ts';
import { statusesWithin } from './reach.ts';
import { Run, report } from './run.ts';
import { StatusText } from '../../src/iso8583/status.ts';
import { type Soaked, NO_FIGURES, figure } from '../soak.ts';

/** Inputs of one dialect before the next one has its turn. */
const TURN = 20_000;
const PROGRESS_MS = 60_000;
const INPUTS_WANTED = 20_000_000;
const DISPATCHER = fileURLToPath(new URL('../../scripts/soak.mjs', import.meta.url));

export interface SoakOptions {
  /** Without it: as many inputs as the figures want. */
  readonly minutes?: number | undefined;
  readonly seed: number;
  /** Only this dialect. */
  readonly dialect?: string | undefined;
  /** Only this input. */
  readonly hex?: string | undefined;
  /** `1/2`: every second dialect, from the first one on. How the cores share the work. */
  readonly share?: string | undefined;
}

/**
 * Runs the gate's inputs on and on, on all cores; one dialect, one input and one share on one. Status 1 when something was
 * found, or a status was never met.
 */
export async function soak(options: SoakOptions): Promise<Soaked> {
  const { dialect, hex, share, seed, minutes } = options;
  if (hex !== undefined) return { status: one(dialect ?? 'unionpay-pos', hex), figures: NO_FIGURES };
  if (dialect !== undefined || share !== undefined) return inputs(options);
  const cores = availableParallelism();
  const flags = ['--seed', String(seed), ...(minutes === undefined ? [] : ['--minutes', String(minutes)])];
  const parts = await Promise.all(
    Array.from({ length: cores }, (_, i) => part([...flags, '--share', `${i + 1}/${cores}`])),
  );
  const total = parts.reduce((sum, { inputs }) => sum + inputs, 0);
  const status = parts.some(each => each.status !== 0) ? 1 : 0;
  console.log(`inputs: ${total}`);
  return {
    status,
    figures: [
      figure('inputs of the codec', INPUTS_WANTED, total),
      figure('cores that found something in them', 0, parts.filter(each => each.status !== 0).length, true),
    ],
  };
}

/** One core's share, as a process of its own. */
function part(flags: readonly string[]): Promise<{ readonly status: number; readonly inputs: number }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [DISPATCHER, 'codec', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      process.stdout.write(chunk);
      text += chunk;
    });
    child.on('error', reject);
    child.on('close', code =>
      resolve({
        status: code ?? 1,
        inputs: Number(
          text
            .trim()
            .split('\n')
            .at(-1)
            ?.match(/^(\d+) inputs in/)?.[1] ?? 0,
        ),
      }),
    );
  });
}

function inputs(options: SoakOptions): Soaked {
  const every = [...shipped(), ...invented];
  const [nth, of] = (options.share ?? '1/1').split('/').map(Number);
  const targets =
    options.dialect === undefined ? every.filter((_, i) => i % of === nth - 1) : [targetNamed(options.dialect)];
  const { minutes } = options;
  const wanted = minutes === undefined ? Math.ceil((INPUTS_WANTED * targets.length) / every.length) : Infinity;
  const samples = vectors();
  const started = performance.now();
  const until = started + (minutes ?? Infinity) * 60_000;
  const over = (): boolean => performance.now() >= until || total >= wanted;
  let shown = started;
  let total = 0;
  // Each round begins anew with another seed, so that what mutations begin with does not stay the same for hours.
  const statuses = new Map<Target, Float64Array>(targets.map(target => [target, new Float64Array(32)]));
  for (let round = 0; !over(); round++) {
    const runs = targets.map(target => new Run(target, (options.seed + round * 1_000_003) >>> 0, samples));
    for (let turn = 0; turn < 10 && !over(); turn++) {
      for (const run of runs) {
        const failure = run.go(TURN);
        total += TURN;
        if (failure !== undefined) {
          console.error(report(failure));
          console.error(`  or       node scripts/soak.mjs codec --dialect ${failure.target} --seed ${failure.seed}`);
          return { status: 1, figures: NO_FIGURES };
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
  console.log(line(performance.now() - started, total));
  return { status: missed > 0 ? 1 : 0, figures: NO_FIGURES };
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
