import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { DISK_CALLS, faultLibrary } from './real-faults.ts';
import { Lane } from './real-lane.ts';
import { Matrix } from './real-matrix.ts';
import { SCENARIOS } from './real-scenarios.ts';
import { NO_LIBRARY, summaryText } from './real-soak.ts';

/** Cases of each scenario in the gate; all of them: npm run soak -- crash. */
const CASES = 16;
const MINUTES_MAX = 20 * 60_000;
const SABOTAGE = fileURLToPath(new URL('./real-sabotage.mjs', import.meta.url));
const library = faultLibrary();
const strace = spawnSync('strace', ['-V'], { stdio: 'ignore' }).status === 0;
const say = (line: string): void => console.log(line);
const sale = SCENARIOS.filter(scenario => scenario.name === 'sale');

/** Calls on files below `folder` and over TCP in a log of `strace -f -yy`, as the library names them. */
function callsOf(log: string, folder: string): string[] {
  const found: string[] = [];
  for (const line of log.split('\n')) {
    const [, call, path] = /^\d+ +(\w+)\(\d+<([^>]*)>/.exec(line) ?? [];
    if (path?.startsWith('TCP')) found.push('send');
    else if (path?.startsWith(folder) && !path.endsWith('.log'))
      found.push(`${call === 'writev' ? 'write' : call} ${path.slice(folder.length + 1)}`.trim());
  }
  return found;
}

test('the library sees the calls that the kernel sees', async () => {
  if (!library || !strace) return say(`${library ? 'strace is missing' : NO_LIBRARY}: they cannot be compared`);
  const folder = mkdtempSync(join(tmpdir(), 'pos8583-crash-'));
  const log = join(folder, 'strace.txt');
  const lane = new Lane(folder, library);
  await lane.run(sale[0]);
  const tracer = spawn('strace', [
    ...['-f', '-yy', '-s', '0', '-o', log, '-e', 'signal=none', '-p', String(lane.pid)],
    ...['-e', `trace=${DISK_CALLS.join(',')},writev,sendto,sendmsg`],
  ]);
  await new Promise(resolve => tracer.stderr.once('data', resolve));
  const { notes } = await lane.run(sale[0]);
  const ended = new Promise(resolve => tracer.once('close', resolve));
  tracer.kill('SIGINT');
  await ended;
  await lane.close();
  const ours = notes.filter(({ call }) => call !== 'create').map(({ call, name }) => `${call} ${name}`.trim());
  expect(ours.filter(call => call.startsWith('fsync')).length).toBeGreaterThan(2);
  expect(ours).toContain('send');
  expect(callsOf(readFileSync(log, 'utf8'), folder).slice(0, ours.length)).toEqual(ours);
  rmSync(folder, { recursive: true });
});

test(
  `the real process, killed and its disk broken, in ${SCENARIOS.length} scenarios`,
  async () => {
    if (!library)
      say(
        `${NO_LIBRARY}: ${SCENARIOS.length * CASES} injections left out; the process is killed near its writes instead`,
      );
    const summary = await new Matrix({ casesPerScenario: CASES, say }).run();
    say(summaryText(summary, summary.failures.length));
    expect(summary.failures).toEqual([]);
    if (!library) return expect(summary.injections).toBeGreaterThan(SCENARIOS.length);
    // Each fault in each scenario: an injection that never strikes would look like one that does no harm.
    expect(Object.keys(summary.byBoth).length).toBe(SCENARIOS.length * 4);
    // Nearly all are hit: the count of calls changes by a few with what the journal holds.
    expect(summary.injections).toBeGreaterThan(SCENARIOS.length * CASES * 0.8);
    for (const { name, phase } of SCENARIOS) if (phase !== 'stop') expect(summary.syncs[name], name).toBeGreaterThan(0);
  },
  MINUTES_MAX,
);

test.each(['no-sync', 'failure-ignored', 'commit-late'])(
  'the harness sees a journal with %s',
  async name => {
    if (!library) return say(`${NO_LIBRARY}: ${name} cannot be looked for`);
    const summary = await new Matrix({
      casesPerScenario: CASES,
      scenarios: sale,
      env: { NODE_OPTIONS: `--import=${SABOTAGE}`, POS8583_SABOTAGE: name },
      firstOnly: true,
    }).run();
    say(`${name}: ${summary.failures.map(failure => `${failure.id}: ${failure.violations[0]}`).join('; ')}`);
    expect(summary.failures.length).toBeGreaterThan(0);
  },
  MINUTES_MAX,
);
