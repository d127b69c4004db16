import { crc32 as engineCrc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { crc32 } from '../../src/wire/crc32.ts';

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

test('the check value of the algorithm', () => {
  expect(crc32(viewOf(new TextEncoder().encode('123456789')), 0, 9)).toBe(0xcbf43926);
  expect(crc32(viewOf(new Uint8Array(0)), 0, 0)).toBe(0);
});

test('the same as the engine has it, at every place and for every length', () => {
  const bytes = new Uint8Array(20_000);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7919) >> 3;
  const view = viewOf(bytes);
  for (let from = 0; from < 9; from++) {
    for (let length = 0; length < 70; length++) {
      expect(crc32(view, from, from + length)).toBe(engineCrc32(bytes.subarray(from, from + length)));
    }
  }
  for (const length of [2047, 2048, 2049, 4095, 4096, 4097, 6151, 16_389, 19_990])
    expect(crc32(view, 3, 3 + length), String(length)).toBe(engineCrc32(bytes.subarray(3, 3 + length)));
});
