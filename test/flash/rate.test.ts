import { expect, test } from 'vitest';
import { randomOf } from './proof.ts';
import { loadRate } from './rate.ts';

const random = randomOf(7);
/** Packed and signed bytes look like random ones: 3 of 256 are stuffed. */
const IMAGE = Uint8Array.from({ length: 65_536 }, () => random(256));

test.each([9600, 19_200, 57_600, 115_200])('a load moves image bytes at 92 %% of the line rate or more: %i', baud => {
  const { share, imageBytes } = loadRate(IMAGE, baud);
  expect(imageBytes).toBe(IMAGE.length);
  expect(share).toBeGreaterThan(0.95);
  expect(share).toBeLessThan(0.96);
});

test('64 KiB at 115200 take less than 6.5 s of line time', () => {
  const { ms, lineBytes } = loadRate(IMAGE, 115_200);
  expect(ms).toBeLessThan(6000);
  // 67 parts of 980 bytes or less: 4 of the frame, 18 of the command, and what is stuffed.
  expect(lineBytes).toBeGreaterThan(IMAGE.length + 67 * 22);
  expect(lineBytes).toBeLessThan(IMAGE.length * 1.013 + 67 * 22 + 200);
});

test('the pacer of the simulator with its timers of whole milliseconds keeps the rate too', () => {
  expect(loadRate(IMAGE, 115_200, true).share).toBeGreaterThan(0.92);
});

test('the worst image, all of it stuffed, is slow and still loads', () => {
  const { share } = loadRate(new Uint8Array(20_000).fill(0x16), 115_200);
  expect(share).toBeGreaterThan(0.48);
  expect(share).toBeLessThan(0.5);
});
