import { expect, test, vi } from 'vitest';
import { BYTES_PER_MESSAGE_MAX, MESSAGES, PATIENCE_MS, measure } from './gate.ts';

vi.setConfig({ testTimeout: PATIENCE_MS });

test.each(['fast-decode', 'fast-locate', 'fast-encode', 'fast-answer', 'frames', 'encode'])(
  'ten million times %s: nothing is allocated',
  operation => {
    const { collections, bytes, outside } = measure(operation, MESSAGES);
    expect(collections).toBe(0);
    expect(bytes).toBeLessThanOrEqual(BYTES_PER_MESSAGE_MAX);
    expect(outside).toBeLessThanOrEqual(BYTES_PER_MESSAGE_MAX);
  },
);

test.each(['request', 'answer'])(
  'five million times %s, as an application does it: nothing is allocated',
  operation => {
    const { collections, bytes } = measure(operation, MESSAGES / 2);
    expect(collections).toBe(0);
    expect(bytes).toBeLessThanOrEqual(BYTES_PER_MESSAGE_MAX);
  },
);
