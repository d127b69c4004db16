import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Soaked, figure } from '../soak.ts';

const RECOVERY = fileURLToPath(new URL('../journal/recovery.ts', import.meta.url));
const SECONDS_MAX = 2;

/** How long a start takes with a journal of 100,000 transactions, the last of them cut off. */
export function soak(): Soaked {
  const { status, stdout, stderr } = spawnSync(process.execPath, [RECOVERY], { encoding: 'utf8' });
  process.stdout.write(stdout + stderr);
  const [, open, recover] = /open (\d+) ms, recover (\d+) ms/.exec(stdout) ?? [];
  const seconds = open === undefined ? Infinity : (Number(open) + Number(recover)) / 1000;
  return {
    status: status ?? 1,
    figures: [figure('start on a journal of 100,000 transactions, seconds', SECONDS_MAX, seconds, true)],
  };
}
