import { getHeapStatistics } from 'node:v8';
import { expect, test, vi } from 'vitest';
import { FrameView, sealFrame } from '../../src/iso8583/frame.ts';
import { MessageBuilder } from '../../src/iso8583/message-builder.ts';
import { MessageView } from '../../src/iso8583/message-view.ts';
import { Status } from '../../src/iso8583/status.ts';
import { bytesOf, planWith, samples } from './samples.ts';

const plan = planWith();
/** Enough that the engine's own 128 KB chunks do not count. */
const ROUNDS = 100_000;
const BATCHES = 12;
/** The engine's own bookkeeping stays below this once it has warmed up; one object a message is 16 bytes at least. */
const BYTES_PER_MESSAGE_MAX = 4;

/** Bytes allocated per call of `work` in the best of many batches: the first ones pay for the engine's compilation. */
function allocated(work: (round: number) => void, batches = BATCHES): number {
  let best = Number.POSITIVE_INFINITY;
  for (let batch = 0; batch < batches && best > BYTES_PER_MESSAGE_MAX; batch++) {
    const before = getHeapStatistics().total_allocated_bytes;
    for (let i = 0; i < ROUNDS; i++) work(i);
    best = Math.min(best, (getHeapStatistics().total_allocated_bytes - before) / ROUNDS);
  }
  return best;
}

vi.setConfig({ testTimeout: 60_000 });

const view = new MessageView(plan);
const frame = new FrameView();
const digits = new Uint8Array(64);

function decode(round: number): void {
  const sample = samples[round % samples.length];
  frame.open(sample.framing, sample.bytes, 0, sample.bytes.length);
  view.decode(sample.bytes, frame.bodyStart, frame.bodyEnd);
  view.number(11);
  view.digitsInto(35, digits, 0);
}

test('decoding creates nothing', () => {
  expect(allocated(decode)).toBeLessThan(BYTES_PER_MESSAGE_MAX);
  expect(view.status).toBe(Status.ok);
});

test('the count sees a decoder that creates one small thing a message', () => {
  const kept = { bytes: view.bytes(60) };
  const perMessage = allocated(round => {
    decode(round);
    kept.bytes = view.bytes(60);
  }, 3);
  expect(perMessage).toBeGreaterThan(BYTES_PER_MESSAGE_MAX);
  expect(kept.bytes.length).toBeGreaterThan(0);
});

test('encoding creates nothing', () => {
  const builder = new MessageBuilder(plan);
  const out = new Uint8Array(512);
  const pan = new TextEncoder().encode('6225000000000014');
  const chip = new Uint8Array(120);
  const tpdu = bytesOf('6000030000');
  const header = bytesOf('603100310000');
  let end = 0;
  const perMessage = allocated(round => {
    builder.begin(out, 13, 0x0200);
    builder.digitsFrom(2, pan, 0, pan.length);
    builder.digits(3, '000000');
    builder.number(4, round);
    builder.number(11, round);
    builder.digits(22, '051');
    builder.text(41, '10000001');
    builder.bytes(55, chip);
    builder.text(63, '银联');
    builder.reserveMac();
    end = sealFrame(plan.framing, out, 0, builder.finish() - 13, tpdu, header);
  });
  expect(perMessage).toBeLessThan(BYTES_PER_MESSAGE_MAX);
  expect(end).toBe(190);
});
