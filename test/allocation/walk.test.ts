import { expect, test, vi } from 'vitest';
import { BYTES_PER_MESSAGE_MAX, MESSAGES, PATIENCE_MS, measure } from './gate.ts';

vi.setConfig({ testTimeout: PATIENCE_MS });

test.each(['decode', 'locate', 'packet-encode', 'packet-decode'])(
  'ten million times %s: nothing is allocated',
  operation => {
    const { collections, bytes, outside } = measure(operation, MESSAGES);
    expect(collections).toBe(0);
    expect(bytes).toBeLessThanOrEqual(BYTES_PER_MESSAGE_MAX);
    expect(outside).toBeLessThanOrEqual(BYTES_PER_MESSAGE_MAX);
  },
);

test.each(['fast-decode', 'encode', 'frames'])('one small object for each %s would be found', operation => {
  const { collections, bytes } = measure(operation, 200_000, 'object');
  expect(collections).toBeGreaterThan(0);
  expect(bytes).toBeGreaterThan(10 * BYTES_PER_MESSAGE_MAX);
});
