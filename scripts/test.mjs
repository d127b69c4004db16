// Checks the types, runs the tests, and prints as the last line `N passed, N failed` (and `N skipped`). Each type error and
// each test file that cannot be loaded counts as failed. Arguments are file filters: npm test -- test/host
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startVitest } from 'vitest/node';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);
const filters = process.argv.slice(2);
/** A file that takes longer is named at the end. */
const SLOW_SECONDS = 20;

const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const types = spawnSync(process.execPath, [tsc, '--noEmit', '-p', 'tsconfig.test.json'], { encoding: 'utf8' });
process.stdout.write(types.stdout + types.stderr);
const typeErrors = types.status === 0 ? 0 : Math.max(1, (types.stdout.match(/error TS\d+:/g) ?? []).length);

// Two hundred test files load much the same sources, each in a process of its own: they are compiled once.
process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules', '.cache', 'pos8583-test');

const count = { passed: 0, failed: typeErrors, skipped: 0 };
const reasons = typeErrors > 0 ? [`${typeErrors} type errors`] : [];
const vitest = await startVitest('test', filters, { run: true, watch: false, passWithNoTests: false });
const modules = vitest.state.getTestModules();
for (const module of modules) {
  if (module.errors().length > 0) {
    count.failed++;
    reasons.push(`${module.relativeModuleId} could not be run`);
  }
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === 'passed') count.passed++;
    else if (state === 'skipped') count.skipped++;
    else count.failed++;
  }
}
const unhandled = vitest.state.getUnhandledErrors().length;
if (unhandled > 0) {
  count.failed += unhandled;
  reasons.push(`${unhandled} errors outside of tests`);
}
if (modules.length === 0) {
  count.failed++;
  reasons.push(filters.length > 0 ? `no test file matches ${filters.join(' ')}` : 'no test file found');
}
// A failure that only the runner knows of (a hook of a suite, a broken configuration) must not end in a good status.
if (count.failed === 0 && process.exitCode) {
  count.failed++;
  reasons.push('the test runner ended with a fault, see above');
}
await vitest.close();

// Where the time goes, for whoever makes the suite longer.
const slow = modules
  .map(module => ({ file: module.relativeModuleId, seconds: Math.round(module.diagnostic().duration / 1000) }))
  .filter(({ seconds }) => seconds >= SLOW_SECONDS)
  .sort((a, b) => b.seconds - a.seconds);
if (slow.length > 0)
  console.log(`Files over ${SLOW_SECONDS} s: ${slow.map(({ file, seconds }) => `${file} ${seconds}`).join(', ')}`);

if (reasons.length > 0) console.log(`Counted as failed: ${reasons.join('; ')}`);
const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
console.log(`${count.passed} passed, ${count.failed} failed${skipped}`);
process.exit(count.failed > 0 ? 1 : 0);
