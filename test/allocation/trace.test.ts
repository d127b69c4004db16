import { expect, test, vi } from 'vitest';
import { BYTES_PER_MESSAGE_MAX, PATIENCE_MS, measure } from './gate.ts';

vi.setConfig({ testTimeout: PATIENCE_MS });

/** Each time eight records. */
const TIMES = 250_000;
/** The start of the measurement, and of a reader what it needs for each 256 KiB: far less than one object for eight records. */
const BYTES_PER_EIGHT_MAX = 4;

test('two million records written: nothing is allocated', () => {
  const { collections, bytes, outside } = measure('trace-write', TIMES);
  expect(collections).toBe(0);
  expect(bytes).toBeLessThanOrEqual(BYTES_PER_EIGHT_MAX);
  expect(outside).toBeLessThanOrEqual(BYTES_PER_MESSAGE_MAX);
});

test('two million records read: nothing is allocated', () => {
  const { bytes, outside } = measure('trace-read', TIMES);
  expect(bytes).toBeLessThanOrEqual(BYTES_PER_EIGHT_MAX);
  expect(outside).toBeLessThanOrEqual(BYTES_PER_MESSAGE_MAX);
});

test.each(['trace-write', 'trace-read'])('one small object for each %s would be found', operation => {
  const { collections, bytes } = measure(operation, 50_000, 'object');
  expect(collections).toBeGreaterThan(0);
  expect(bytes).toBeGreaterThan(2 * BYTES_PER_EIGHT_MAX);
});
