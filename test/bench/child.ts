import { createInterface } from 'node:readline';
import { getHeapStatistics } from 'node:v8';
import { makeMessages } from './messages.ts';
import { ours } from './ours.ts';
import { iso_8583, jspos } from './peers.ts';
import type { Work, WorkMaker } from './work.ts';

/**
 * One contestant in a process of its own, so that what the engine learns from one does not touch another. Argument:
 * `ours:values`. Line in: `run SECONDS`; line out: `{"count":…,"ns":…,"bytes":…}` (messages, time, bytes of heap
 * allocated), or `{"error":…}` once and the end.
 */
const contestants: Readonly<Record<string, Readonly<Record<string, WorkMaker>>>> = { ours, iso_8583, jspos };

interface Run {
  readonly count: number;
  readonly ns: number;
  readonly bytes: number;
}

/** Runs for a time, looking at the clock about every millisecond. */
function run(work: Work, seconds: number, passes: { count: number }): Run {
  const before = getHeapStatistics().total_allocated_bytes;
  const from = performance.now();
  const until = from + seconds * 1000;
  let count = 0;
  let now = from;
  while (now < until) {
    const step = now;
    for (let i = 0; i < passes.count; i++) count += work.pass();
    now = performance.now();
    if (now - step < 0.5) passes.count *= 2;
  }
  const bytes = getHeapStatistics().total_allocated_bytes - before;
  return { count, ns: (now - from) * 1e6, bytes };
}

const say = (line: object): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

try {
  const [who, operation] = (process.argv[2] ?? '').split(':');
  const maker = contestants[who]?.[operation];
  if (maker === undefined) throw new Error(`no contestant ${process.argv[2]}`);
  const work = maker(makeMessages());
  say({ note: work.note ?? '' });
  const passes = { count: 1 };
  for await (const line of createInterface({ input: process.stdin })) {
    const [word, seconds] = line.split(' ');
    if (word === 'run') say(run(work, Number(seconds), passes));
  }
} catch (error) {
  say({ error: error instanceof Error ? error.message : String(error) });
}
