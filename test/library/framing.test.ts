import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Codec, CodecError, Deframer, type Framing } from '../../src/iso8583/index.ts';
import { captured } from '../iso8583/samples.ts';
import { shippedDialect } from './dialects.ts';

const dialect = shippedDialect('iso8583-1987-ascii');
const FRAMINGS: readonly Framing[] = [
  { length: 'binary', tpdu: false, header: false },
  { length: 'binary', tpdu: true, header: true },
  { length: 'bcd', tpdu: true, header: false },
  { length: 'ascii', tpdu: false, header: false },
  { length: false, tpdu: true, header: true },
];
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

describe.each(FRAMINGS)('length $length, TPDU $tpdu, header $header', framing => {
  const codec = Codec.of(dialect, { framing });
  const draft = codec.build('0800').set(11, 1).set(70, '301');

  test('a frame is decoded to what it was made of', () => {
    const frame = codec.frame(draft, { tpdu: '6000030000', header: '603100310000' });
    const message = codec.decodeFrame(frame).orThrow();
    expect(message.get(70)).toBe('301');
    expect(message.toJSON()).toEqual({
      mti: '0800',
      fields: { 11: '000001', 70: '301' },
      ...(framing.tpdu ? { tpdu: '6000030000' } : {}),
      ...(framing.header ? { header: '603100310000' } : {}),
    });
    const alone = codec.frame(draft.bytes());
    expect(alone.length).toBe(frame.length);
  });

  test('a frame that is too short is an error and no exception', () => {
    const frame = codec.frame(draft);
    for (let length = 0; length < frame.length; length++)
      expect(codec.decodeFrame(frame.slice(0, length)).ok).toBe(false);
  });
});

test.each(FRAMINGS.filter(each => each.length !== false))(
  'a stream in pieces of any size gives the frames that went in: length $length, TPDU $tpdu',
  framing => {
    const codec = Codec.of(dialect, { framing });
    const bodies = fc.array(fc.integer({ min: 0, max: 999999 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(
        bodies,
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 30 }),
        (numbers, sizes) => {
          const frames = numbers.map(number => codec.frame(codec.build('0800').set(11, number)));
          const stream = Buffer.concat(frames);
          const deframer = codec.deframer();
          const found: Uint8Array[] = [];
          for (let at = 0, n = 0; at < stream.length; n++) {
            const size = sizes[n % sizes.length];
            const got = deframer.push(stream.subarray(at, at + size));
            if (!got.ok) throw new Error(got.fault.cause);
            found.push(...got.value);
            at += size;
          }
          expect(found.map(text)).toEqual(frames.map(text));
          expect(deframer.pending).toBe(0);
          expect(found.map(frame => codec.decodeFrame(frame).orThrow().number(11))).toEqual(numbers);
        },
      ),
      { numRuns: 60, seed: 8583 },
    );
  },
);

describe('lengths that cannot be', () => {
  test('on the wire: what is before stays, then the connection is of no use', () => {
    const codec = Codec.of(dialect, { framing: { length: 'ascii' } });
    const whole = codec.frame(codec.build('0800').set(11, 1));
    const deframer = codec.deframer();
    const first = deframer.push(Buffer.concat([whole, Buffer.from('00x9....')]));
    expect(first).toMatchObject({ ok: true, value: [expect.any(Uint8Array)] });
    expect(deframer.push(whole)).toMatchObject({ ok: false, fault: { name: 'bad-frame-length' } });
    expect(deframer.push(new Uint8Array(0))).toMatchObject({ ok: false });
  });

  test('above the bound or 0', () => {
    const framing: Framing = { length: 'binary', tpdu: false, header: false };
    expect(new Deframer(framing, 100).push(Uint8Array.of(0, 101))).toMatchObject({ ok: false });
    expect(new Deframer(framing, 101).push(Uint8Array.of(0, 101))).toMatchObject({ ok: true, value: [] });
    expect(new Deframer(framing).push(Uint8Array.of(0, 0))).toMatchObject({ ok: false });
  });

  test('in a frame: its fields can be read all the same', () => {
    const codec = Codec.of(dialect);
    const frame = codec.frame(codec.build('0800').set(11, 1));
    frame[1] += 2;
    const message = codec.decodeFrame(frame);
    expect(message.ok).toBe(false);
    expect(message.number(11)).toBe(1);
    expect(message.fault).toMatchObject({
      name: 'bad-frame',
      cause: expect.stringMatching(/tells 28 bytes, 26 follow/),
    });
    expect(() => message.orThrow()).toThrow(CodecError);
  });

  test('for encoding', () => {
    const codec = Codec.of(dialect, { framing: { length: 'ascii' } });
    expect(codec.tryFrame(new Uint8Array(9999))).toMatchObject({ ok: true });
    expect(codec.tryFrame(new Uint8Array(10000))).toMatchObject({ ok: false, fault: { name: 'frame-too-long' } });
    const union = Codec.of(shippedDialect('unionpay-pos'));
    expect(union.tryFrame(new Uint8Array(20), { tpdu: '60000300' })).toMatchObject({ fault: { name: 'frame-part' } });
    expect(union.tryFrame(new Uint8Array(20), { tpdu: 'x' })).toMatchObject({ fault: { name: 'bad-hex' } });
    expect(union.tryFrame(union.build('0800').set(2, 'x'))).toMatchObject({ fault: { name: 'cannot-encode' } });
  });
});

test('captured frames are built again byte for byte', () => {
  const codec = Codec.of(shippedDialect('unionpay-pos'));
  let compared = 0;
  for (const sample of captured.filter(each => each.framing.length !== false && each.tpdu !== null)) {
    const message = codec.decodeFrame(sample.bytes);
    if (!message.ok || message.tpdu === undefined || message.header === undefined) continue;
    const { tpdu, header } = message;
    expect(codec.frame(codec.encode(message), { tpdu, header })).toEqual(Uint8Array.from(sample.bytes));
    compared++;
  }
  expect(compared).toBeGreaterThan(10);
});
