import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { PATIENCE_MS } from './gate.ts';

vi.setConfig({ testTimeout: PATIENCE_MS });

/** A view of the buffer for each half megabyte, and what the engine notes while it compiles; nothing for each message. */
const BYTES_MAX = 4;

/** Bytes of the engine's heap for each message. */
function measure(count: number, planted = ''): number {
  const child = join(import.meta.dirname, 'captures-child.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', child, String(count), planted], {
    encoding: 'utf8',
  });
  const lines = stdout.split('\n');
  if (status !== 0 || !lines.includes('END')) throw new Error(`status ${status}\n${stderr}${stdout}`);
  return (JSON.parse(lines.find(line => line.startsWith('{')) ?? '') as { bytes: number }).bytes;
}

test('messages out of TCP connections that are in order: nothing is allocated', () => {
  expect(measure(400_000)).toBeLessThanOrEqual(BYTES_MAX);
});

test('one small object for each message would be found', () => {
  expect(measure(200_000, 'object')).toBeGreaterThan(3 * BYTES_MAX);
});
