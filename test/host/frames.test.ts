import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameReceiver, FrameState } from '../../src/host/frames.ts';
import { FRAME_LENGTH_MAX } from '../../src/limits.ts';

function framed(bodies: readonly Uint8Array[]): Uint8Array {
  const out: number[] = [];
  for (const body of bodies) out.push(body.length >> 8, body.length & 0xff, ...body);
  return Uint8Array.from(out);
}

function receive(receiver: FrameReceiver, chunks: readonly Uint8Array[]): number[][] {
  const frames: number[][] = [];
  for (const chunk of chunks) {
    let at = 0;
    while (at < chunk.length) {
      at = receiver.take(chunk, at);
      if (receiver.state === FrameState.complete)
        frames.push([...receiver.frame.subarray(receiver.start, receiver.end)]);
      if (receiver.state === FrameState.badLength) return frames;
    }
  }
  return frames;
}

describe('FrameReceiver', () => {
  test('frames come out whole, however the stream is cut', () => {
    const body = fc.uint8Array({ minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(
        fc.array(body, { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (bodies, cuts) => {
          const stream = framed(bodies);
          const edges = [0, ...cuts.map(cut => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length];
          const chunks = edges.slice(1).map((edge, i) => stream.subarray(edges[i], edge));
          expect(receive(new FrameReceiver(), chunks)).toEqual(bodies.map(b => [...b]));
        },
      ),
    );
  });

  test('the longest frame fits, one byte more is a bad length', () => {
    const receiver = new FrameReceiver();
    const longest = new Uint8Array(FRAME_LENGTH_MAX).fill(7);
    expect(receive(receiver, [framed([longest])])).toEqual([[...longest]]);
    receiver.take(Uint8Array.of((FRAME_LENGTH_MAX + 1) >> 8, (FRAME_LENGTH_MAX + 1) & 0xff, 1, 2, 3), 0);
    expect(receiver.state).toBe(FrameState.badLength);
    expect(receiver.announced).toBe(FRAME_LENGTH_MAX + 1);
  });

  test('length 0 is a bad length and swallows the rest until the wipe', () => {
    const receiver = new FrameReceiver();
    expect(receive(receiver, [Uint8Array.of(0, 0, 0, 1, 9)])).toEqual([]);
    expect(receiver.state).toBe(FrameState.badLength);
    expect(receiver.take(Uint8Array.of(0, 1, 9), 0)).toBe(3);
    expect(receiver.state).toBe(FrameState.badLength);
    receiver.wipe();
    expect(receive(receiver, [Uint8Array.of(0, 1, 9)])).toEqual([[9]]);
  });

  test('a frame that lies whole in a chunk stays there', () => {
    const receiver = new FrameReceiver();
    const chunk = framed([Uint8Array.of(7, 8, 9)]);
    expect(receiver.take(chunk, 0)).toBe(5);
    expect([receiver.frame, receiver.start, receiver.end, receiver.length]).toEqual([chunk, 2, 5, 3]);
    receiver.wipe();
    expect(chunk).toEqual(framed([Uint8Array.of(7, 8, 9)]));
  });

  test('a wipe leaves no received byte, of earlier longer frames neither', () => {
    const receiver = new FrameReceiver();
    const stream = framed([new Uint8Array(200).fill(0x62), Uint8Array.of(1, 2)]);
    receive(receiver, [stream.subarray(0, 100), stream.subarray(100, 203), stream.subarray(203)]);
    const { frame } = receiver;
    expect(frame.includes(0x62)).toBe(true);
    receiver.wipe();
    expect(frame.every(byte => byte === 0)).toBe(true);
    expect(receiver.state).toBe(FrameState.empty);
  });

  test('the state tells a frame that has begun from none, from the first length byte on', () => {
    const receiver = new FrameReceiver();
    expect(receiver.state).toBe(FrameState.empty);
    receiver.take(Uint8Array.of(0), 0);
    expect(receiver.state).toBe(FrameState.partial);
    receiver.take(Uint8Array.of(2, 5), 0);
    expect(receiver.state).toBe(FrameState.partial);
    receiver.take(Uint8Array.of(6), 0);
    expect(receiver.state).toBe(FrameState.complete);
  });
});
