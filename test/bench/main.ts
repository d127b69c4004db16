import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildLimit, Contestant, pinned } from './contestant.ts';
import type { Curve } from './curve.ts';
import { checkLimit } from './limit-check.ts';
import { makeMessages, writeSlab, type BenchMessages } from './messages.ts';
import { ours } from './ours.ts';
import { iso_8583, jspos } from './peers.ts';
import { report, reportCurves, type Figures } from './report.ts';

const HELP = `npm run bench -- [options]

Measures the codec beside a hard-coded C program and beside the npm packages iso_8583 and jspos, on this machine.
It never fails because of a figure: exit status 0 means that it ran. A full run takes about three minutes.

  --quick        runs of 0.2 s instead of 1 s: about a minute, more noise
  --only NAME    only the contestants whose name begins so: c, ours, ours:values, iso_8583, jspos, curve (may be repeated)
  --json FILE    writes all figures to FILE as well
  --help         this text

What the rows mean: test/bench/README.md
`;

/** Rows of the C program, as limit.c names them. */
const LIMIT_OPERATIONS = [
  'copy',
  'spans',
  'values',
  'values-unchecked',
  'encode',
  'encode-unchecked',
  'acquirer-frame',
  'abecs-encode',
  'abecs-decode',
  'abecs-encode-sliced',
  'abecs-decode-sliced',
];
const RUNS = 5;
const WARM_UPS = 2;
/** Long enough for the engine to compile a contestant for good, also when every process is kept on the same core. */
const WARM_UP_SECONDS = 0.4;

interface Options {
  readonly seconds: number;
  readonly only: readonly string[];
  readonly json: string | undefined;
}

const say = (line: string): void => {
  process.stderr.write(`bench: ${line}\n`);
};

function wanted(options: Options, name: string): boolean {
  if (options.only.length === 0) return true;
  return options.only.some(only => name === only || name.startsWith(`${only}:`));
}

/** Starts the contestants into `all`, each verified before it may run. A JavaScript one that fails is said and left out. */
async function start(options: Options, messages: BenchMessages, folder: string, all: Contestant[]): Promise<void> {
  const pin = pinned();
  if (pin.length === 0) say('no taskset: the processes are not kept on one core');
  if (LIMIT_OPERATIONS.some(operation => wanted(options, `c:${operation}`))) {
    const limit = buildLimit(folder);
    if ('reason' in limit) say(`${limit.reason}; the C columns stay empty`);
    else {
      const slab = join(folder, 'messages.bin');
      writeSlab(messages, slab);
      const checked = new Contestant('c', [limit.program, slab]);
      const kind = await checkLimit(checked, messages).finally(() => checked.end());
      for (const operation of LIMIT_OPERATIONS.filter(one => wanted(options, `c:${one}`))) {
        const contestant = new Contestant(`c:${operation}`, [...pin, limit.program, slab], `${operation} `);
        if (operation === 'values') contestant.note = `the C program is built as ${kind}`;
        all.push(contestant);
      }
    }
  }
  for (const [who, operations] of Object.entries({ ours, iso_8583, jspos })) {
    for (const operation of Object.keys(operations)) {
      const name = `${who}:${operation}`;
      if (!wanted(options, name)) continue;
      const command = [...pin, process.execPath, join(import.meta.dirname, 'child.ts'), name];
      const contestant = new Contestant(name, command);
      try {
        await contestant.ready();
        all.push(contestant);
      } catch (error) {
        say(`left out: ${error instanceof Error ? error.message : String(error)}`);
        contestant.end();
        // The figures of the others are still wanted, but a codec of ours that is wrong is no success.
        if (who === 'ours') process.exitCode = 1;
      }
    }
  }
}

/** Run i of every contestant in turn, so that the noise of the machine hits all alike. */
async function race(all: readonly Contestant[], seconds: number): Promise<void> {
  for (let round = -WARM_UPS; round < RUNS; round++) {
    say(round < 0 ? 'warming up' : `run ${round + 1} of ${RUNS}`);
    for (const contestant of all) await contestant.run(round < 0 ? WARM_UP_SECONDS : seconds, round >= 0);
  }
}

/** The curves, in a process of their own. */
function curves(options: Options): readonly Curve[] {
  say('curves');
  const command = [...pinned(), process.execPath, join(import.meta.dirname, 'curve.ts'), String(options.seconds)];
  const done = spawnSync(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
  if (done.status !== 0) throw new Error('the curves could not be measured; the reason stands above');
  return JSON.parse(done.stdout) as Curve[];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean' },
      only: { type: 'string', multiple: true },
      json: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return;
  }
  const options: Options = { seconds: values.quick === true ? 0.2 : 1, only: values.only ?? [], json: values.json };
  const messages = makeMessages();
  const folder = mkdtempSync(join(tmpdir(), 'pos8583-bench-'));
  const all: Contestant[] = [];
  try {
    await start(options, messages, folder, all);
    const withCurves = wanted(options, 'curve');
    if (all.length === 0 && !withCurves) throw new Error('nothing to run; see --help for the names');
    await race(all, options.seconds);
    const figures: Figures = new Map(all.map(one => [one.name, { runs: one.runs, note: one.note }]));
    process.stdout.write(report(figures, messages));
    const lines: readonly Curve[] = withCurves ? curves(options) : [];
    process.stdout.write(reportCurves(lines));
    if (options.json !== undefined) {
      const contestants = Object.fromEntries(figures);
      writeFileSync(
        options.json,
        `${JSON.stringify({ node: process.version, contestants, curves: lines }, null, 2)}\n`,
      );
    }
  } finally {
    for (const one of all) one.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
