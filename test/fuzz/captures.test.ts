import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ByteSource, Messages } from '../../src/trace/kinds.ts';
import { Kind } from '../../src/trace/kinds.ts';
import { FORMATS, openMessages, type Format } from '../../src/trace/open.ts';
import { PcapngWriter } from '../../src/trace/pcapng-out.ts';
import { fileHeader, TraceWriter } from '../../src/trace/writer.ts';
import { toHex } from '../../src/wire/hex.ts';
import { constructed, planWith } from '../iso8583/samples.ts';
import { concat, memory } from '../trace/captures.ts';

const plan = planWith();
const { framing } = plan;
const frames = constructed.map(sample => sample.bytes);
const vector = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../vectors/captures/${name}`, import.meta.url)));

function own(): Uint8Array {
  const parts: Uint8Array[] = [fileHeader(true)];
  const writer = new TraceWriter({ write: (bytes, length) => void parts.push(bytes.slice(0, length)) });
  for (const [i, frame] of frames.slice(0, 6).entries()) {
    const at = writer.begin(i & 1 ? Kind.hostIn : Kind.hostOut, 0, i, frame.length);
    writer.bytes.set(frame, at);
    if (i % 2 === 1) writer.flush();
  }
  writer.end();
  return concat(...parts);
}

function pcapng(): Uint8Array {
  const parts: Uint8Array[] = [];
  const writer = new PcapngWriter({ write: (bytes, length) => void parts.push(bytes.slice(0, length)) }, 'fuzz');
  for (const [i, frame] of frames.slice(0, 6).entries())
    writer.frame(i >> 1, (i & 1) as 0 | 1, i, frame, 0, frame.length);
  writer.end();
  return concat(...parts);
}

const text = (characters: string): Uint8Array => new TextEncoder().encode(characters);
const jsonLine = (frame: Uint8Array): string =>
  JSON.stringify({ kind: 'message', way: 'to-acquirer', bytes: toHex(frame, 2) });

/** Good captures of every form, small enough to be broken in every place. */
const GOOD: Readonly<Record<string, Uint8Array>> = {
  own: own(),
  ours: pcapng(),
  pcapng: vector('loopback.pcapng'),
  pcap: vector('loopback-us.pcap'),
  cooked: vector('cooked.pcap'),
  dump: vector('loopback-tshark-x.txt'),
  hex: text(
    frames
      .slice(0, 3)
      .map(frame => `12:00:01 send ${toHex(frame)}\n`)
      .join(''),
  ),
  jsonl: text(frames.slice(0, 3).map(jsonLine).join('\n')),
};

/** Places of each capture that are tried; each opens a reader with its buffers. */
const CUTS = 200;
const FLIPS = 150;

/** A step that does not fall into step with fields of four or eight bytes, or eight bits. */
function strideOf(places: number, count: number): number {
  return Math.max(1, Math.floor(places / count)) | 1;
}

/** Counts what is asked of a source: what was read may be read once, not over and over. */
class Counted implements ByteSource {
  reads = 0;
  readonly size: number | undefined;
  readonly fault = undefined;
  private readonly source: ByteSource;

  constructor(bytes: Uint8Array, piece?: number) {
    this.source = memory(bytes, piece);
    this.size = bytes.length;
  }

  read(into: Uint8Array): number {
    this.reads++;
    return this.source.read(into);
  }
}

/** Reads a capture to its end, whatever it is, and holds it to what every reader promises. */
function judge(bytes: Uint8Array, format?: Format, piece?: number): readonly string[] {
  const source = new Counted(bytes, piece);
  const opened = openMessages(source, { plan, framing, ...(format === undefined ? {} : { format }) });
  if (!opened.ok) {
    expect(opened.fault.remedy.length).toBeGreaterThan(5);
    return [];
  }
  const messages = opened.value;
  const found: string[] = [];
  while (messages.next()) {
    checkMessage(messages, found.length, bytes.length);
    found.push(toHex(messages.bytes, messages.from, messages.to));
  }
  expect(messages.next()).toBe(false);
  checkTroubles(messages, bytes.length);
  const most = piece === undefined ? 8 + bytes.length / 1000 : 8 + (2 * bytes.length) / piece;
  expect(source.reads).toBeLessThan(most);
  return found;
}

function checkMessage(messages: Messages, before: number, length: number): void {
  const { bytes, from, to, number, stream, way, timeUs, offset } = messages;
  if (number !== before + 1 || before > length) throw new Error(`message ${number} after ${before}`);
  if (!(from >= 0 && from < to && to <= bytes.length && to - from <= 65_535)) throw new Error(`bytes [${from}, ${to})`);
  if (!(Number.isInteger(stream) && stream >= 0 && [0, 1, 2].includes(way)))
    throw new Error(`stream ${stream} way ${way}`);
  if (!Number.isFinite(timeUs) || offset < 0 || offset > length) throw new Error(`time ${timeUs} offset ${offset}`);
}

function checkTroubles({ troubles, troubleCount }: Messages, length: number): void {
  expect(troubles.length).toBeLessThanOrEqual(200);
  expect(troubleCount).toBeGreaterThanOrEqual(troubles.length);
  for (const { offset, why } of troubles) {
    if (offset < 0 || offset > length || why === '') throw new Error(`trouble at ${offset}: ${why}`);
    // What is told of a capture holds nothing of its contents: no run of digits as long as a card number.
    expect(why).not.toMatch(/\d{12}/);
  }
}

describe('good captures that were damaged', () => {
  test.each(Object.keys(GOOD))('%s: cut anywhere', name => {
    const whole = GOOD[name];
    const all = judge(whole);
    expect(all.length).toBeGreaterThan(1);
    for (let end = 0; end < whole.length; end += strideOf(whole.length, CUTS)) {
      const found = judge(whole.subarray(0, end));
      // What is there is read, as far as it goes; a text may end within a line.
      if (name !== 'hex' && name !== 'dump') expect(found).toEqual(all.slice(0, found.length));
      expect(found.length).toBeLessThanOrEqual(all.length);
    }
  });

  test.each(Object.keys(GOOD))('%s: single bits', name => {
    const whole = GOOD[name];
    const all = new Set(judge(whole));
    let kept = 0;
    let runs = 0;
    for (let bit = 0; bit < whole.length * 8; bit += strideOf(whole.length * 8, FLIPS)) {
      const broken = whole.slice();
      broken[bit >> 3] ^= 1 << (bit & 7);
      kept += judge(broken).filter(hex => all.has(hex)).length;
      runs++;
    }
    // One bit costs a message or two, not the rest of the file.
    expect(kept / runs).toBeGreaterThan(all.size * 0.5);
  });

  test('several bits, bytes put in and taken out, in pieces of any size', () => {
    const edit = fc.tuple(
      fc.constantFrom('flip', 'insert', 'remove', 'fill', 'copy'),
      fc.nat(),
      fc.integer({ min: 1, max: 60 }),
      fc.nat(255),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(GOOD)),
        fc.array(edit, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 5000 }),
        (name, edits, piece) => {
          let bytes = GOOD[name];
          for (const [how, place, count, value] of edits) {
            const at = place % (bytes.length + 1);
            const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
            if (how === 'insert') bytes = concat(before, new Uint8Array(count).fill(value), after);
            else if (how === 'remove') bytes = concat(before, after.subarray(count));
            else if (how === 'copy') bytes = concat(before, after.subarray(0, count), after);
            else if (how === 'fill')
              bytes = concat(before, new Uint8Array(Math.min(count, after.length)).fill(value), after.subarray(count));
            else
              bytes = concat(
                before,
                after.map((byte, i) => (i === 0 ? byte ^ value : byte)),
              );
          }
          judge(bytes, undefined, piece);
        },
      ),
      { numRuns: 300, seed: 11 },
    );
  });

  test('taken for another format', () => {
    for (const bytes of Object.values(GOOD)) for (const format of FORMATS) judge(bytes, format);
  });
});

describe('what was never a capture', () => {
  test('noise, by itself and behind the beginning of each format', () => {
    const heads = [new Uint8Array(0), ...Object.values(GOOD).map(whole => whole.subarray(0, 48))];
    fc.assert(
      fc.property(
        fc.constantFrom(...heads),
        fc.uint8Array({ maxLength: 3000 }),
        fc.constantFrom(undefined, ...FORMATS),
        (head, noise, format) => {
          judge(concat(head, noise), format);
        },
      ),
      { numRuns: 200, seed: 12 },
    );
  });

  test('long runs of one byte', () => {
    for (const head of [
      GOOD.pcap.subarray(0, 24),
      GOOD.pcapng.subarray(0, 28),
      GOOD.own.subarray(0, 16),
      new Uint8Array(0),
    ]) {
      for (const byte of [0, 0xff, 0x06, 0x0a, 0x20, 0x41, 0x7b])
        judge(concat(head, new Uint8Array(1_100_000).fill(byte)));
    }
  });

  test('lengths of gigabytes', () => {
    const long = (bytes: Uint8Array, at: number, value: readonly number[]): Uint8Array => {
      const copy = bytes.slice();
      copy.set(value, at);
      return copy;
    };
    for (const value of [
      [0xff, 0xff, 0xff, 0x7f],
      [0, 0, 0, 0x80],
      [0, 0, 0, 0],
      [1, 0, 0, 0],
      [0, 0, 0, 4],
      [0xff, 0xff, 0xff, 0xff],
    ]) {
      expect(judge(long(GOOD.pcap, 24 + 8, value)).length, `captured length ${value}`).toBeGreaterThan(3);
      for (const at of [4, 28 + 4]) judge(long(GOOD.pcapng, at, value));
    }
  });

  test('a file that is built to be searched over and over is read once', () => {
    // Every twelve bytes begin a packet, or a block, that reaches as far as one may.
    const unit = { pcap: [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0], pcapng: [6, 0, 0, 0, 0, 0, 1, 0] };
    for (const [name, head] of [
      ['pcap', GOOD.pcap.subarray(0, 24)],
      ['pcapng', GOOD.pcapng.subarray(0, 28)],
    ] as const) {
      const bytes = new Uint8Array(2_000_000);
      for (let i = 0; i < bytes.length; i++) bytes[i] = unit[name][i % unit[name].length];
      judge(concat(head, Uint8Array.of(0xff), bytes));
    }
  });
});
