import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Matrix, hasStrace } from './real-matrix.ts';
import { SCENARIOS } from './real-scenarios.ts';
import { summaryText } from './real-soak.ts';

/** Cases of each scenario in the gate; all of them: npm run soak -- crash. */
const CASES = 12;
const MINUTES_MAX = 20 * 60_000;
const SABOTAGE = fileURLToPath(new URL('./real-sabotage.mjs', import.meta.url));
const strace = hasStrace();
const say = (line: string): void => console.log(line);

test(
  `the real process, killed and its disk broken, in ${SCENARIOS.length} scenarios`,
  async () => {
    if (!strace)
      say(
        `strace is missing: ${SCENARIOS.length * CASES} injections left out; the process is killed near its writes instead`,
      );
    const summary = await new Matrix({ casesPerScenario: CASES, say }).run();
    say(summaryText(summary, summary.failures.length));
    expect(summary.failures).toEqual([]);
    if (!strace) return expect(summary.injections).toBeGreaterThan(SCENARIOS.length);
    // Each fault in each scenario: an injection that never strikes would look like one that does no harm.
    expect(Object.keys(summary.byBoth).length).toBe(SCENARIOS.length * 3);
    // Nearly all are hit: the count of calls changes by a few with what the journal holds.
    expect(summary.injections).toBeGreaterThan(SCENARIOS.length * CASES * 0.8);
    for (const { name, phase } of SCENARIOS) if (phase !== 'stop') expect(summary.syncs[name], name).toBeGreaterThan(0);
  },
  MINUTES_MAX,
);

test.each(['no-sync', 'failure-ignored', 'commit-late'])(
  'the harness sees a journal with %s',
  async name => {
    if (!strace) return say(`strace is missing: ${name} cannot be looked for`);
    const summary = await new Matrix({
      casesPerScenario: 12,
      scenarios: SCENARIOS.filter(scenario => scenario.name === 'sale'),
      env: { NODE_OPTIONS: `--import=${SABOTAGE}`, POS8583_SABOTAGE: name },
      firstOnly: true,
    }).run();
    say(`${name}: ${summary.failures.map(failure => `${failure.id}: ${failure.violations[0]}`).join('; ')}`);
    expect(summary.failures.length).toBeGreaterThan(0);
  },
  MINUTES_MAX,
);
