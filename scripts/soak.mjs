// Long runs of the random tests, for a night or a weekend: node scripts/soak.mjs codec --minutes 60 [--seed 1]
// crash: the real process under injected disk faults; --case sale:eio:fsync:2 plays one of them
// matrix: every crash point in virtual time; --case "sale by chip: approved:100" tells one of them as a story
// What is found is printed with the command that shows it again, and the exit status is 1.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Name of a part → its module, which exports `soak(options)` and returns the exit status. */
const PARTS = {
  codec: '../test/fuzz/soak-codec.ts',
  crash: '../test/crash/real-soak.ts',
  matrix: '../test/crash/matrix-soak.ts',
  money: '../test/soak-money.ts',
  noise: '../test/noise/soak-noise.ts',
};

const USAGE = `usage: node scripts/soak.mjs ${Object.keys(PARTS).join('|')} [--minutes N] [--seed S] [--dialect NAME] [--hex BYTES] [--case ID] [--seeds N]`;

function stop(message) {
  console.error(`soak: ${message}\n${USAGE}`);
  process.exit(2);
}

function options() {
  try {
    const text = { type: 'string' };
    return parseArgs({
      allowPositionals: true,
      options: { minutes: text, seed: text, dialect: text, hex: text, case: text, seeds: text },
    });
  } catch (error) {
    return stop(error.message);
  }
}

// The parts are TypeScript, which only the pinned Node runs as it is.
const own = join(dirname(fileURLToPath(import.meta.url)), '..', 'node_modules', 'node', 'bin', 'node');
if (!process.features.typescript) {
  if (!existsSync(own)) stop('the Node of the package is not there; run npm test once');
  process.exit(spawnSync(own, process.argv.slice(1), { stdio: 'inherit' }).status ?? 1);
}

const { values, positionals } = options();
const part = PARTS[positionals[0]];
if (part === undefined || positionals.length !== 1) stop(`no part ${positionals.join(' ') || 'is named'}`);
const minutes = Number(values.minutes ?? 1);
if (!(minutes > 0)) stop(`--minutes ${values.minutes} is no number above 0`);
const seed = Number(values.seed ?? 8583);
if (!Number.isInteger(seed) || seed < 0) stop(`--seed ${values.seed} is no whole number`);
const { soak } = await import(part);
const seeds = values.seeds === undefined ? undefined : Number(values.seeds);
if (seeds !== undefined && !(Number.isInteger(seeds) && seeds > 0))
  stop(`--seeds ${values.seeds} is no number above 0`);
process.exitCode = await soak({ minutes, seed, seeds, dialect: values.dialect, hex: values.hex, case: values.case });
