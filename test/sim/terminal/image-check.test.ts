import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Refusal } from '../../../src/sim/terminal/command.ts';
import { type CheckedTerminal, imageCheck } from '../../../src/sim/terminal/image-check.ts';
import { Slots } from '../../../src/sim/terminal/slots.ts';
import { buildImage } from '../../../src/profile/image-build.ts';
import { craft, flipped, KEY, signed, small, STRANGER } from '../../profile/image-world.ts';

const terminal = (installed?: Uint8Array): CheckedTerminal => ({
  model: 'PANEL',
  firmware: '1.10',
  serialNumber: 'SN-2',
  installed: () => installed,
});
const statOf = (image: Uint8Array, installed?: Uint8Array, trusted = [KEY.publicKey]): number =>
  imageCheck(trusted, terminal(installed))(image);

describe('the check of the firmware', () => {
  const right = signed(small(5));
  const bits = (at: number): Uint8Array => flipped(right, 8 * at);

  test('takes what is signed, newer and for this model', () => {
    expect(statOf(right)).toBe(0);
    expect(statOf(right, signed(small(4)))).toBe(0);
    expect(statOf(right, undefined, [STRANGER.publicKey, KEY.publicKey])).toBe(0);
    // What it holds may be of another make: a firmware that was changed has to be able to go on.
    expect(statOf(right, Uint8Array.of(1, 2, 3))).toBe(0);
    expect(statOf(right, signed(small(9, [], 'other')))).toBe(0);
  });

  test.each<readonly [string, number, Uint8Array]>([
    ['nothing', 121, new Uint8Array(0)],
    ['127 bytes', 121, right.subarray(0, 127)],
    ['another magic', 121, bits(0)],
    ['another format', 121, bits(9)],
    ['another header', 121, bits(11)],
    ['another length', 121, bits(15)],
    ['another digest', 121, bits(20)],
    ['a byte of the header', 121, bits(63)],
    ['a byte of the payload', 121, bits(right.length - 65)],
    ['a byte more', 121, craft(right, { gap: 1 })],
    [
      'a manifest without models',
      121,
      craft(right, { manifest: Buffer.from('{"format":1,"id":"small","version":5}') }),
    ],
    ['not signed', 122, buildImage(small(5))],
    ['another key', 122, bits(52)],
    ['a byte of the manifest', 122, bits(70)],
    ['a byte of the signature', 122, bits(right.length - 1)],
    ['a stranger', 122, signed(small(5), undefined, STRANGER)],
    ['the same version', 123, signed(small(4))],
    ['an older version', 123, signed(small(3))],
    ['a permission that ends too early', 123, signed(small(3), { from: 3 })],
    ['a permission for others', 123, signed(small(3), { from: 4, serialNumbers: ['SN-1'] })],
    ['another model', 124, signed(small(5, [{ name: 'OTHER' }]))],
    ['a newer firmware', 124, signed(small(5, [{ name: 'PANEL', firmwareMin: '1.10.1' }]))],
    ['an older firmware', 124, signed(small(5, [{ name: 'PANEL', firmwareMax: '1.9.9' }]))],
    ['another model and an older version', 124, signed(small(3, [{ name: 'OTHER' }]))],
  ])('%s: %i', (_, stat, image) => {
    expect(statOf(image, signed(small(4)))).toBe(stat);
  });

  test('trusts nobody without a key', () => {
    expect(statOf(right, undefined, [])).toBe(122);
  });

  test('a permission lifts the rule, here or everywhere', () => {
    for (const downgrade of [{ from: 4 }, { from: 9 }, { from: 4, serialNumbers: ['SN-1', 'SN-2'] }])
      expect(statOf(signed(small(3), downgrade), signed(small(4)))).toBe(0);
  });
});

test('a slot that refused an image holds nothing, and the version is that of the image in use', () => {
  const installed = (): Uint8Array | undefined => slots.image(slots.active);
  const slots: Slots = new Slots(imageCheck([KEY.publicKey], { ...terminal(), installed }));
  const load = (image: Uint8Array): number => {
    const held = slots.open(image.length, new Uint8Array(createHash('sha256').update(image).digest()));
    if (held === 0) slots.write(0, image);
    try {
      slots.verify();
      return 0;
    } catch (error) {
      if (error instanceof Refusal) return error.stat;
      throw error;
    }
  };
  slots.install('A', signed(small(4)));
  expect(load(signed(small(4)))).toBe(123);
  expect(slots.digest('B')).toBeUndefined();
  expect(load(buildImage(small(6)))).toBe(122);
  expect(load(signed(small(6)))).toBe(0);
  expect(slots.digest('B')).toBeDefined();
  // Version 6 is loaded but not in use: 5 may still take its place.
  expect(load(signed(small(5)))).toBe(0);
  slots.activate();
  slots.restarted();
  slots.confirm();
  expect(load(signed(small(4)))).toBe(123);
  expect(load(signed(small(6)))).toBe(0);
});
