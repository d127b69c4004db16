import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { PATIENCE_MS } from './gate.ts';

vi.setConfig({ testTimeout: PATIENCE_MS });

/** The engine counts its memory in pages; an object each time would be several times as much. */
const BYTES_MAX = 1_000_000;
const FLAGS = ['--trace-gc', '--expose-gc', '--min-semi-space-size=1', '--max-semi-space-size=1'];

/** Bytes of the engine's heap in all, and collections meanwhile. */
function measure(operation: string, count: number, planted = ''): { bytes: number; collections: number } {
  const child = join(import.meta.dirname, 'redact-child.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, [...FLAGS, child, operation, String(count), planted], {
    encoding: 'utf8',
  });
  const lines = stdout.split('\n');
  const [begin, end] = [lines.indexOf('BEGIN'), lines.indexOf('END')];
  if (status !== 0 || begin < 0 || end < begin) throw new Error(`${operation}: status ${status}\n${stderr}${stdout}`);
  const told = JSON.parse(lines.find((line, i) => i > end && line.startsWith('{')) ?? '') as { bytes: number };
  return { bytes: told.bytes, collections: lines.slice(begin, end).filter(line => /Scavenge|Mark/.test(line)).length };
}

test.each([
  ['unionpay', 100_000],
  ['ascii', 50_000],
  ['commands', 200_000],
  ['answers', 200_000],
])('%s marked %i times: nothing is allocated', (operation, count) => {
  const { bytes, collections } = measure(operation, count);
  expect(collections).toBe(0);
  expect(bytes).toBeLessThanOrEqual(BYTES_MAX);
});

test('one small object for each packet would be found', () => {
  const { bytes, collections } = measure('commands', 100_000, 'object');
  expect(collections).toBeGreaterThan(0);
  expect(bytes).toBeGreaterThan(BYTES_MAX);
});
