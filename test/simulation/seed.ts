/**
 * Repeats one history exactly, as a timeline that people can read, and says what became of it. When it fails, the faults
 * that matter are found and told.
 *   node test/simulation/seed.ts N [--quiet] [--bytes] [--off 3,7] [--sabotage NAME]
 */
import { parseArgs } from 'node:util';
import { installRim } from './rim.ts';
import { SABOTAGES } from './sabotage.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quiet: { type: 'boolean', default: false },
    bytes: { type: 'boolean', default: false },
    off: { type: 'string', default: '' },
    sabotage: { type: 'string' },
  },
});
const seed = Number(positionals[0]);
const sabotage = SABOTAGES.find(one => one.name === flags.sabotage);
if (!Number.isSafeInteger(seed) || seed < 0 || (flags.sabotage !== undefined && !sabotage)) {
  console.error('npm run seed -- N [--quiet] [--bytes] [--off 3,7] [--sabotage "name"]: N is a whole number from 0');
  process.exit(2);
}
installRim(sabotage?.patches);
const { History } = await import('./history.ts');
const { planOf } = await import('./plan.ts');
const { teller } = await import('./story.ts');
const { minimise } = await import('./minimise.ts');

const plan = planOf(seed);
const forgets = sabotage?.forgets === undefined ? {} : { forgets: sabotage.forgets };
const off = flags.off === '' ? [] : flags.off.split(',').map(Number);
const tell = flags.quiet ? {} : { tell: teller(line => console.log(line)), bytes: flags.bytes };
const verdict = new History(plan, { off: new Set(off), ...forgets, ...tell }).run();

console.log(
  `\nseed ${seed}: ${verdict.intents} intents, ${verdict.transactions} transactions, ${verdict.fired.length} faults, ` +
    `${verdict.crashes} crashes, ${(verdict.virtualMs / 60_000).toFixed(1)} min of virtual time, journal ${verdict.anchor}`,
);
if (verdict.violations.length === 0) {
  console.log(
    `verdict: no money lost, doubled or invented${verdict.shown > 0 ? `; ${verdict.shown} lies shown by the settlement` : ''}` +
      (verdict.madeUp > 0 ? `; ${verdict.madeUp} that make up for each other in its totals, named by reconcile` : ''),
  );
} else {
  console.log('verdict: WRONG');
  for (const violation of verdict.violations) console.log(`  ${violation}`);
  const fails = (kept: readonly number[]): boolean => {
    const without = plan.faults.map(fault => fault.id).filter(id => !kept.includes(id));
    return new History(plan, { off: new Set(without), ...forgets }).run().violations.length > 0;
  };
  const fired = verdict.fired.filter(id => !off.includes(id));
  const kept = fails(fired) ? minimise(fired, fails) : fired;
  console.log(kept.length === 0 ? 'No fault is needed for it.' : 'Faults that are needed for it:');
  for (const fault of plan.faults)
    if (kept.includes(fault.id))
      console.log(
        `  #${fault.id} ${fault.name}, intent ${fault.intent + 1}, at number ${fault.after} of ${fault.channel}: ${JSON.stringify(fault.what)}`,
      );
  const others = plan.faults.map(fault => fault.id).filter(id => !kept.includes(id));
  console.log(`The short history: npm run seed -- ${seed}${others.length > 0 ? ` --off ${others.join(',')}` : ''}`);
  process.exitCode = 1;
}
