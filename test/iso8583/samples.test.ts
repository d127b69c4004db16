import { createCipheriv, createDecipheriv } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { detectMessage } from '../../src/iso8583/detect.ts';
import { encodeFields } from '../../src/iso8583/encode.ts';
import { FrameView, sealFrame } from '../../src/iso8583/frame.ts';
import { MessageBuilder } from '../../src/iso8583/message-builder.ts';
import { MessageView } from '../../src/iso8583/message-view.ts';
import { FIELD_MAX } from '../../src/iso8583/plan.ts';
import { Status } from '../../src/iso8583/status.ts';
import { toHex } from '../../src/wire/hex.ts';
import { bytesOf, captured, constructed, planWith, samples, type Sample, dialect } from './samples.ts';

const plan = planWith();
const name = (sample: Sample, i: number): string => `${i} ${sample.kind}`;
const cases = samples.map((sample, i) => [name(sample, i), sample] as const);

function textsOf(view: MessageView): Record<string, string> {
  const texts: Record<string, string> = {};
  for (let f = 2; f <= FIELD_MAX; f++) if (view.has(f)) texts[f] = view.text(f);
  return texts;
}

test('there are 44 captured and 17 constructed messages', () => {
  expect(captured).toHaveLength(44);
  expect(constructed).toHaveLength(17);
});

describe.each(cases)('%s', (_, sample) => {
  const { bytes } = sample;

  test('decodes to the last byte with the listed values', () => {
    const frame = new FrameView();
    expect(frame.open(sample.framing, bytes, 0, bytes.length)).toBe(Status.ok);
    expect(frame.bodyStart).toBe(sample.bodyStart);
    const view = new MessageView(plan);
    expect(view.decode(bytes, frame.bodyStart, frame.bodyEnd)).toBe(Status.ok);
    expect(view.end).toBe(bytes.length);
    expect(view.mti).toBe(Number.parseInt(sample.mti, 16));
    expect(textsOf(view)).toEqual(sample.fields);
  });

  test('is found without being told framing and options', () => {
    const found = detectMessage(dialect, bytes);
    if (!found.ok) throw new Error(found.fault.cause);
    expect(found.value.status).toBe(Status.ok);
    expect(found.value.framing).toEqual(sample.framing);
    expect(textsOf(found.value.view)).toEqual(sample.fields);
  });

  test('encodes back byte for byte from the texts and the pad nibbles that were seen', () => {
    const view = new MessageView(plan);
    view.decode(bytes, sample.bodyStart, bytes.length);
    const pads: Record<string, number> = {};
    for (let f = 2; f <= FIELD_MAX; f++) if (view.padNibble(f) >= 0) pads[f] = view.padNibble(f);
    const out = new Uint8Array(bytes.length).fill(0xee);
    const end = encodeFields(plan, sample.mti, textsOf(view), out, sample.bodyStart, pads);
    expect(end).toEqual({ ok: true, value: bytes.length });
    const tpdu = bytesOf(sample.tpdu ?? '');
    const header = bytesOf(sample.header ?? '');
    expect(sealFrame(sample.framing, out, 0, bytes.length - sample.bodyStart, tpdu, header)).toBe(bytes.length);
    expect(toHex(out)).toBe(toHex(bytes));
  });

  test('every truncation gives a status inside the bytes and keeps what came before', () => {
    const view = new MessageView(plan);
    for (let end = sample.bodyStart; end < bytes.length; end++) {
      const status = view.decode(bytes, sample.bodyStart, end);
      expect(status).toBe(Status.truncated);
      expect(view.errorOffset).toBe(end);
      expect(view.end).toBeLessThanOrEqual(end);
      const kept = Object.entries(sample.fields).filter(([f]) => Number(f) < view.errorField);
      expect(textsOf(view)).toEqual(Object.fromEntries(kept));
    }
  });

  test('one more byte is trailing', () => {
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    const view = new MessageView(plan);
    expect(view.decode(longer, sample.bodyStart, longer.length)).toBe(Status.trailing);
    expect(view.errorOffset).toBe(bytes.length);
    expect(textsOf(view)).toEqual(sample.fields);
  });
});

/** All that can be asked of a view, as one text. */
function everything(view: MessageView): string {
  const all: unknown[] = [view.status, view.errorField, view.errorOffset, view.mti, view.end];
  for (let f = 0; f <= FIELD_MAX; f++) {
    all.push(
      view.has(f),
      view.offset(f),
      view.length(f),
      view.size(f),
      view.padNibble(f),
      view.text(f),
      view.number(f),
    );
  }
  return all.join('|');
}

describe('damaged messages', () => {
  const damage = fc.record({
    sample: fc.constantFrom(...samples),
    position: fc.nat(),
    byte: fc.integer({ min: 0, max: 255 }),
    cut: fc.nat({ max: 8 }),
  });

  test('one changed byte: no exception, nothing read past the end', () => {
    const first = new MessageView(plan);
    const second = new MessageView(plan);
    fc.assert(
      fc.property(damage, ({ sample, position, byte, cut }) => {
        const { bytes, bodyStart } = sample;
        const end = Math.max(bodyStart, bytes.length - cut);
        const zeros = new Uint8Array(bytes.length + 1100);
        const nines = new Uint8Array(bytes.length + 1100).fill(0x99);
        const at = bodyStart + (position % (bytes.length - bodyStart));
        for (const copy of [zeros, nines]) {
          copy.set(bytes.subarray(0, end));
          if (at < end) copy[at] = byte;
        }
        first.decode(zeros, bodyStart, end);
        second.decode(nines, bodyStart, end);
        expect(everything(first)).toBe(everything(second));
        expect(first.errorOffset).toBeLessThanOrEqual(end);
        expect(first.end).toBeLessThanOrEqual(end);
      }),
      { numRuns: 4000, seed: 8583 },
    );
  });

  test('any bytes at all: no exception, nothing read past the end', () => {
    const first = new MessageView(plan);
    const second = new MessageView(plan);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), noise => {
        const zeros = new Uint8Array(noise.length + 1100);
        const nines = new Uint8Array(noise.length + 1100).fill(0x99);
        zeros.set(noise);
        nines.set(noise);
        first.decode(zeros, 0, noise.length);
        second.decode(nines, 0, noise.length);
        expect(everything(first)).toBe(everything(second));
      }),
      { numRuns: 2000, seed: 8583 },
    );
  });
});

describe('constructed messages verify with their published keys', () => {
  const desEcb = (key: Uint8Array, block: Uint8Array, decrypt = false): Uint8Array => {
    const triple = new Uint8Array(24);
    for (let i = 0; i < 24; i++) triple[i] = key[i % key.length];
    if (key.length === 16) triple.set(key.subarray(0, 8), 16);
    const cipher = (decrypt ? createDecipheriv : createCipheriv)('des-ede3-ecb', triple, null);
    cipher.setAutoPadding(false);
    return new Uint8Array(Buffer.concat([cipher.update(block), cipher.final()]));
  };
  /** UnionPay ECB MAC: XOR of 8-byte blocks, hex-expanded, encrypted half by half. */
  const mac = (key: Uint8Array, data: Uint8Array): string => {
    const sum = new Uint8Array(8);
    data.forEach((byte, i) => (sum[i % 8] ^= byte));
    const ascii = new TextEncoder().encode(toHex(sum));
    const first = desEcb(key, ascii.subarray(0, 8));
    return toHex(
      desEcb(
        key,
        first.map((byte, i) => byte ^ ascii[8 + i]),
      ),
    ).slice(0, 8);
  };
  const signed = constructed.filter(sample => sample.fields['64'] !== undefined);

  test('ten of them carry a MAC', () => expect(signed).toHaveLength(10));

  test.each(signed.map((sample, i) => [name(sample, i), sample] as const))('MAC of %s', (_, sample) => {
    const mak = bytesOf(sample.keys?.MAK ?? '');
    const { bytes, bodyStart } = sample;
    expect(mac(mak, bytes.subarray(bodyStart, bytes.length - 8))).toBe(
      Buffer.from(bytes.subarray(-8)).toString('latin1'),
    );

    const builder = new MessageBuilder(plan);
    const out = new Uint8Array(bytes.length - bodyStart);
    builder.begin(out, 0, Number.parseInt(sample.mti, 16));
    for (let f = 2; f < 64; f++) if (sample.fields[f] !== undefined) builder.value(f, sample.fields[f]);
    const at = builder.reserveMac();
    expect(at).toBe(out.length - 8);
    expect(builder.finish()).toBe(out.length);
    out.set(new TextEncoder().encode(mac(mak, out.subarray(0, at))), at);
    expect(toHex(out)).toBe(toHex(bytes.subarray(bodyStart)));
  });

  test('the PIN block of the sale opens to PIN 123456 with its account number', () => {
    const sale = constructed[0];
    const view = new MessageView(plan);
    view.decode(sale.bytes, sale.bodyStart, sale.bytes.length);
    const clear = desEcb(bytesOf(sale.keys?.PIK ?? ''), view.bytes(52), true);
    const track = view.text(35);
    const pan = track.slice(0, track.indexOf('D'));
    const block = bytesOf(`0000${pan.slice(-13, -1)}`).map((byte, i) => byte ^ clear[i]);
    expect(toHex(block)).toBe('06123456FFFFFFFF');
  });
});
