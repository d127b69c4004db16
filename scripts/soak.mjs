// Long runs of the random tests. Without a part: all of them in turn, as much of each as docs/reliability.md promises, and one
// table at the end. With a part: npm run soak -- codec [--minutes 60] [--seed 1]
// crash: the real process under injected disk faults; --case sale:eio:fsync:2 plays one of them
// matrix: every crash point in virtual time; --case "sale by chip: approved:100" tells one of them as a story
// What is found is printed with the command that shows it again, and the exit status is 1.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/**
 * Name of a part → its module and its share of the time when the time is given and no part is. The module exports
 * `soak(options)`, which returns `{ status, figures }`; without `minutes` it does what the figures want.
 */
const PARTS = {
  money: { module: '../test/soak-money.ts', share: 0.5 },
  matrix: { module: '../test/crash/matrix-soak.ts', share: 0.2 },
  crash: { module: '../test/crash/real-soak.ts', share: 0.2 },
  recovery: { module: '../test/crash/recovery-soak.ts', share: 0 },
  codec: { module: '../test/fuzz/soak-codec.ts', share: 0.05 },
  noise: { module: '../test/noise/soak-noise.ts', share: 0.05 },
};

const USAGE = `usage: node scripts/soak.mjs [${Object.keys(PARTS).join('|')}] [--minutes N] [--seed S] [--dialect NAME] [--hex BYTES] [--case ID] [--seeds N]`;

function stop(message) {
  console.error(`soak: ${message}\n${USAGE}`);
  process.exit(2);
}

function options() {
  try {
    const text = { type: 'string' };
    return parseArgs({
      allowPositionals: true,
      options: { minutes: text, seed: text, dialect: text, hex: text, case: text, seeds: text, share: text },
    });
  } catch (error) {
    return stop(error.message);
  }
}

/** Figures side by side: what, wanted, got. */
function table(figures) {
  const rows = [
    ['figure', 'wanted', 'got', ''],
    ...figures.map(f => [f.what, f.wanted, f.got, f.reached ? '' : 'MISSED']),
  ];
  const widths = [0, 1, 2].map(column => Math.max(...rows.map(row => row[column].length)));
  return rows
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

// The parts are TypeScript, which only the pinned Node runs as it is.
const own = join(dirname(fileURLToPath(import.meta.url)), '..', 'node_modules', 'node', 'bin', 'node');
if (!process.features.typescript) {
  if (!existsSync(own)) stop('the Node of the package is not there; run npm test once');
  process.exit(spawnSync(own, process.argv.slice(1), { stdio: 'inherit' }).status ?? 1);
}

const { values, positionals } = options();
const [name] = positionals;
if (positionals.length > 1 || (name !== undefined && !Object.hasOwn(PARTS, name)))
  stop(`no part ${positionals.join(' ')}`);
const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
if (minutes !== undefined && !(minutes > 0)) stop(`--minutes ${values.minutes} is no number above 0`);
const seed = Number(values.seed ?? 8583);
if (!Number.isInteger(seed) || seed < 0) stop(`--seed ${values.seed} is no whole number`);
const seeds = values.seeds === undefined ? undefined : Number(values.seeds);
if (seeds !== undefined && !(Number.isInteger(seeds) && seeds > 0))
  stop(`--seeds ${values.seeds} is no number above 0`);
const { dialect, hex, share } = values;

const began = performance.now();
const figures = [];
let status = 0;
for (const [part, { module, share: partOfTime }] of Object.entries(PARTS)) {
  if (name !== undefined && part !== name) continue;
  if (name === undefined) console.log(`\n=== ${part}`);
  const { soak } = await import(module);
  const time = minutes === undefined ? undefined : name === undefined ? minutes * partOfTime : minutes;
  const done = await soak({ minutes: time, seed, seeds, dialect, hex, share, case: values.case });
  figures.push(...done.figures);
  status ||= done.status;
}
if (name === undefined) {
  console.log(`\n${table(figures)}`);
  console.log(
    `${((performance.now() - began) / 60_000).toFixed(1)} minutes, ${status === 0 ? 'nothing found' : 'something was found, see above'}`,
  );
  // A short time was asked for: then only what is wrong counts, not how much was done.
  if (minutes === undefined && figures.some(figure => !figure.reached)) status ||= 1;
}
process.exitCode = status;
