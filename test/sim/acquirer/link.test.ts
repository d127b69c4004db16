import { describe, expect, test } from 'vitest';
import type { HostClose } from '../../../src/hal/hal.ts';
import { type Reply } from '../../../src/sim/acquirer/acquirer.ts';
import { acquirerLink, cipherUnder } from '../../../src/sim/acquirer/link.ts';
import { desEncrypt, wrapKey } from '../../../src/sim/keys.ts';
import { World } from '../../runtime/world.ts';

/** The line to an acquirer in the same process: news in their own turn, nothing after the end. */

function bench(reply: (frame: Uint8Array) => Reply) {
  const world = new World();
  const frames: number[][] = [];
  const told: string[] = [];
  const handler = {
    handle(frame: Uint8Array) {
      frames.push([...frame]);
      return reply(frame);
    },
  };
  const link = acquirerLink(handler, { nowMs: () => world.nowMs(), timers: world, log: () => undefined }, 'here');
  const sink = {
    connected: () => void told.push('connected'),
    received: (bytes: Uint8Array) => void told.push(`received ${[...bytes].join(' ')}`),
    closed: (why: HostClose) => void told.push(`closed ${why.kind}`),
  };
  return { world, frames, told, link, sink };
}

const FRAME = Uint8Array.of(0, 2, 7, 8);
const echo = (frame: Uint8Array, delayMs = 0): Reply => ({ answers: [{ delayMs, bytes: frame }] });

describe('a line inside of the process', () => {
  test('frames in pieces arrive whole, answers come later and as copies', () => {
    const { world, frames, told, link, sink } = bench(frame => echo(frame));
    link.connect(0, sink);
    expect(told).toEqual([]);
    world.pass(1);
    const bytes = FRAME.slice();
    link.write(bytes.subarray(0, 3));
    expect(frames).toEqual([]);
    link.write(bytes.subarray(3));
    expect(frames).toEqual([[0, 2, 7, 8]]);
    expect(told).toEqual(['connected']);
    bytes.fill(0);
    world.pass(1);
    expect(told).toEqual(['connected', 'received 0 2 7 8']);
    expect([link.routes, link.routeName(0)]).toEqual([1, 'here']);
  });

  test('an acquirer that closes is told once; a closed line says nothing more and takes nothing', () => {
    const { world, frames, told, link, sink } = bench(() => ({ answers: [], close: true }));
    link.connect(0, sink);
    link.write(FRAME);
    world.pass(1);
    expect(told).toEqual(['connected', 'closed ended']);
    link.write(FRAME);
    link.close();
    world.pass(10);
    expect(frames).toHaveLength(1);
    expect(told).toHaveLength(2);
  });

  test('a new connection ends the old one in silence, with its late answers', () => {
    const { world, told, link, sink } = bench(frame => echo(frame, 1000));
    link.connect(0, sink);
    link.write(FRAME);
    world.pass(500);
    link.connect(0, sink);
    world.pass(5000);
    expect(told).toEqual(['connected', 'connected']);
    link.close();
    link.close();
  });
});

test('a cipher step goes with the key under the master key of that acquirer', () => {
  const master = new Uint8Array(16).fill(3);
  const key = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
  const data = new Uint8Array(8).fill(5);
  const request = { key: 'MAK', part: 'whole', algorithm: 'des', method: 'ecb', data } as const;
  expect(cipherUnder(master)(request, wrapKey(master, key))).toEqual(desEncrypt(key, data));
  expect(cipherUnder(master)({ ...request, part: 'left' }, wrapKey(master, key))).toEqual(
    desEncrypt(key.slice(0, 8), data),
  );
});
