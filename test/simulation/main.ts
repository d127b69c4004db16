/**
 * One process of the money simulation. Runs histories and prints one line of JSON:
 *   --from N --seeds M     the seeds N to N + M - 1
 *   --seconds S            stops after S seconds, whatever is left
 *   --sabotage NAME        with a planted fault; stops at the first violation
 *   --twice                each history twice, and both must be equal to the last byte
 */
import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { installRim } from './rim.ts';
import { SABOTAGES } from './sabotage.ts';

const { values: flags } = parseArgs({
  options: {
    from: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '0' },
    sabotage: { type: 'string' },
    twice: { type: 'boolean', default: false },
  },
});
const sabotage = flags.sabotage === undefined ? undefined : SABOTAGES.find(one => one.name === flags.sabotage);
if (flags.sabotage !== undefined && !sabotage) throw new Error(`there is no sabotage "${flags.sabotage}"`);
installRim(sabotage?.patches);
// Loaded after the rim, so that the program sees the simulated disk.
const { History } = await import('./history.ts');
const { planOf } = await import('./plan.ts');

const began = performance.now();
const from = Number(flags.from);
const end = from + Number(flags.seeds);
const untilMs = Number(flags.seconds) > 0 ? began + Number(flags.seconds) * 1000 : Infinity;
const hits: Record<string, number> = {};
const bad: { seed: number; violations: readonly string[] }[] = [];
const total = {
  seeds: 0,
  intents: 0,
  transactions: 0,
  crashes: 0,
  events: 0,
  virtualHours: 0,
  shown: 0,
  madeUp: 0,
  twice: 0,
};
let next = from;

for (; next < end && performance.now() < untilMs && bad.length < 5; next++) {
  const forgets = sabotage?.forgets;
  const run = (digest?: (text: string) => void): ReturnType<InstanceType<typeof History>['run']> =>
    new History(planOf(next), { ...(digest ? { digest } : {}), ...(forgets === undefined ? {} : { forgets }) }).run();
  let verdict;
  if (flags.twice) {
    const sums = [createHash('sha256'), createHash('sha256')];
    [verdict] = sums.map(sum => run(text => void sum.update(text).update('\n')));
    const [first, second] = sums.map(sum => sum.digest('hex'));
    total.twice++;
    if (first !== second) bad.push({ seed: next, violations: ['the same seed gave two histories'] });
  } else verdict = run();
  total.seeds++;
  total.intents += verdict.intents;
  total.transactions += verdict.transactions;
  total.crashes += verdict.crashes;
  total.events += verdict.events;
  total.virtualHours += verdict.virtualMs / 3_600_000;
  total.shown += verdict.shown;
  total.madeUp += verdict.madeUp;
  for (const [name, count] of verdict.hits) hits[name] = (hits[name] ?? 0) + count;
  if (verdict.violations.length > 0) {
    bad.push({ seed: next, violations: verdict.violations });
    // At once: the figures come when all histories are done.
    if (!sabotage) console.error(`seed ${next}: ${verdict.violations[0]}`);
  }
  if (sabotage && bad.length > 0) break;
}
const cpu = process.cpuUsage();
const ms = Math.round(performance.now() - began);
console.log(JSON.stringify({ ...total, ms, cpuMs: Math.round((cpu.user + cpu.system) / 1000), next, bad, hits }));
