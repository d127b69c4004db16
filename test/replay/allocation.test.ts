import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const CHILD = fileURLToPath(new URL('./allocation-child.ts', import.meta.url));
/** The engine tells of every collection, and a megabyte of new objects is enough for one. */
const ENGINE = ['--trace-gc', '--expose-gc', '--min-semi-space-size=1', '--max-semi-space-size=1'];
/** Rounds of eight records. */
const ROUNDS = 30_000;

function collections(planted = ''): number {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...ENGINE, CHILD, String(ROUNDS), planted], {
    encoding: 'utf8',
  });
  const lines = stdout.split('\n');
  const [begin, end] = [lines.indexOf('BEGIN'), lines.indexOf('END')];
  if (status !== 0 || end < begin) throw new Error(stderr + stdout);
  return lines.slice(begin, end).filter(line => /Scavenge|Mark-Compact/.test(line)).length;
}

test('bytes of both lines, recorded and redacted, create nothing', { timeout: 300_000 }, () => {
  expect(collections()).toBeLessThanOrEqual(1);
  expect(collections('objects')).toBeGreaterThan(2);
});
