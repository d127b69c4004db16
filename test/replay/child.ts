/**
 * One process of the replay gate: histories of the simulation with a recorder around each process of the program, and every
 * recorded session run again. Prints one line of JSON.
 *   --from N --seeds M     the seeds N to N + M - 1
 *   --intents K            only the first K intents of each history
 */
import { parseArgs } from 'node:util';
import { installRim } from '../simulation/rim.ts';

const { values: flags } = parseArgs({
  options: {
    from: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    intents: { type: 'string', default: '8' },
  },
});
installRim();
// Loaded after the rim, so that the program sees the simulated disk.
const { History } = await import('../simulation/history.ts');
const { planOf } = await import('../simulation/plan.ts');
const { RecordedFile, replaySession } = await import('./recorded.ts');

const from = Number(flags.from);
const total = { seeds: 0, sessions: 0, records: 0, crashes: 0, faults: 0, transactions: 0, bytes: 0, hits: {} };
const bad: object[] = [];
const hits: Record<string, number> = total.hits;
for (let seed = from; seed < from + Number(flags.seeds); seed++) {
  const plan = planOf(seed);
  const file = new RecordedFile();
  const verdict = new History(
    { ...plan, intents: plan.intents.slice(0, Number(flags.intents)) },
    { recording: () => file.recorder() },
  ).run();
  if (verdict.violations.length > 0) bad.push({ seed, violations: verdict.violations });
  for (let session = 1; session <= file.sessions; session++) {
    const outcome = replaySession(file.bytes(), session);
    if (outcome.kind !== 'same') bad.push({ seed, session, outcome });
    total.records += outcome.records;
  }
  total.seeds++;
  total.sessions += file.sessions;
  total.crashes += verdict.crashes;
  total.faults += verdict.fired.length;
  total.transactions += verdict.transactions;
  total.bytes += file.bytes().length;
  for (const [name, count] of verdict.hits) hits[name] = (hits[name] ?? 0) + count;
}
console.log(JSON.stringify({ ...total, bad, cpuMs: Math.round(cpuMs()) }));

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
