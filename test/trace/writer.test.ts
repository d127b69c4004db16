import { describe, expect, test } from 'vitest';
import { crc32 } from 'node:zlib';
import { BLOCK_HEADER_LENGTH, Kind, PAYLOAD_MAX, RECORD_HEADER_LENGTH } from '../../src/trace/kinds.ts';
import { TraceReader } from '../../src/trace/reader.ts';
import { fileHeader, RECORDS_MAX, TEXT_MAX, TraceWriter } from '../../src/trace/writer.ts';
import { memorySource } from './memory.ts';

/** A writer, and what it gave away. */
function setup() {
  const blocks: Uint8Array[] = [];
  const writer = new TraceWriter({ write: (bytes, length) => void blocks.push(bytes.slice(0, length)) });
  const put = (kind: number, link: number, timeUs: number, payload: readonly number[] | Uint8Array): void => {
    const at = writer.begin(kind, link, timeUs, payload.length);
    writer.bytes.set(payload, at);
  };
  const read = (): TraceReader => new TraceReader(memorySource(Buffer.concat([fileHeader(), ...blocks])));
  return { writer, blocks, put, read };
}

test('a file byte by byte, as the format says it', () => {
  const { writer, blocks, put } = setup();
  put(Kind.lineIn, 1, 1_700_000_000_123_456, [0xaa, 0xbb]);
  put(Kind.lineClose, 0, 0, []);
  writer.flush();
  const records = '000000020d01000000060a2418202240aabb' + '000000000f0000000000000000000000';
  const checksum = crc32(Buffer.from(records, 'hex')).toString(16).padStart(8, '0');
  expect(Buffer.from(fileHeader()).toString('hex')).toBe('50383554524143450001000000000000');
  expect(Buffer.from(blocks[0]).toString('hex')).toBe(`5038354200000022${checksum}00000000${records}`);
  put(Kind.lineClose, 0, 0, []);
  writer.flush();
  expect(Buffer.from(blocks[1]).readUInt32BE(12)).toBe(1);
});

test('what was written is read: kinds, links, times to the microsecond, payloads', () => {
  const { writer, put, read } = setup();
  const times = [0, 1, 0xffff_ffff, 0x1_0000_0000, 1_800_000_000_999_999, Number.MAX_SAFE_INTEGER];
  times.forEach((timeUs, i) => put(10 + i, i & 1, timeUs, new Uint8Array(i * 50).fill(i)));
  writer.end();
  const reader = read();
  times.forEach((timeUs, i) => {
    expect(reader.next()).toBe(true);
    expect([reader.index, reader.kind, reader.link, reader.timeUs]).toEqual([i + 1, 10 + i, i & 1, timeUs]);
    expect(reader.bytes.slice(reader.from, reader.to)).toEqual(new Uint8Array(i * 50).fill(i));
  });
  expect(reader.next()).toBe(false);
  expect(reader.troubles).toEqual([]);
});

describe('texts', () => {
  test('of every length of a character, and what is half a character', () => {
    const { writer, read } = setup();
    const texts = ['', 'sale', '¥ 12.30', '退货', '😀 a', 'a\ud83d', '\ude00b', '\u07ff\u0800\uffff'];
    writer.texts(Kind.screen, 0, 5, ...texts);
    writer.lines(Kind.slip, 0, 6, 'first', ['second', '']);
    writer.texts(Kind.end, 0, 7);
    writer.end();
    const reader = read();
    reader.next();
    expect(reader.texts()).toEqual(texts.map(text => text.toWellFormed()));
    reader.next();
    expect(reader.texts()).toEqual(['first', 'second', '']);
    expect(reader.texts(7)).toEqual(['second', '']);
    reader.next();
    expect(reader.texts()).toEqual([]);
  });

  test('too long ones are cut at a character, too many are left out', () => {
    const { writer, read } = setup();
    writer.texts(Kind.screen, 0, 5, '字'.repeat(30_000), 'end');
    writer.texts(Kind.slip, 0, 5, ...Array.from({ length: 20 }, () => 'x'.repeat(TEXT_MAX)));
    writer.end();
    const reader = read();
    reader.next();
    expect(reader.texts()).toEqual(['字'.repeat(21_845), 'end']);
    reader.next();
    expect(reader.texts()).toHaveLength(Math.floor(PAYLOAD_MAX / (TEXT_MAX + 2)));
  });
});

describe('a block', () => {
  test('goes by itself when a record has no room in it', () => {
    const { writer, blocks, put, read } = setup();
    const payload = new Uint8Array(65_536).fill(7);
    const count = Math.floor(RECORDS_MAX / (payload.length + RECORD_HEADER_LENGTH));
    for (let i = 0; i < count; i++) put(Kind.hostIn, 0, i, payload);
    expect(blocks).toHaveLength(0);
    expect(writer.waiting).toBe(count * (payload.length + RECORD_HEADER_LENGTH));
    put(Kind.hostIn, 0, count, payload);
    expect(blocks).toHaveLength(1);
    put(Kind.profile, 0, 0, new Uint8Array(PAYLOAD_MAX));
    writer.end();
    expect(blocks[0].length).toBe(BLOCK_HEADER_LENGTH + count * (payload.length + RECORD_HEADER_LENGTH));
    const reader = read();
    let records = 0;
    while (reader.next()) records++;
    expect([records, reader.troubleCount]).toEqual([count + 2, 0]);
  });

  test('a record above the bound is a bug', () => {
    const { writer } = setup();
    expect(() => writer.begin(Kind.hostIn, 0, 0, PAYLOAD_MAX + 1)).toThrow('fits its bound');
  });

  test('nothing is written when there is nothing', () => {
    const { writer, blocks } = setup();
    writer.flush();
    writer.end();
    expect(blocks).toEqual([]);
  });
});

describe('while it is held', () => {
  test('nothing leaves; the flush is made up for at the last release', () => {
    const { writer, blocks, put } = setup();
    writer.hold();
    put(Kind.lineIn, 0, 1, [0x11]);
    writer.hold();
    writer.flush();
    writer.release();
    expect([writer.held, blocks.length]).toEqual([true, 0]);
    writer.bytes[BLOCK_HEADER_LENGTH + RECORD_HEADER_LENGTH] = 0x2a;
    writer.release();
    expect(writer.held).toBe(false);
    expect(blocks[0][BLOCK_HEADER_LENGTH + RECORD_HEADER_LENGTH]).toBe(0x2a);
    // The flush was made up for once.
    put(Kind.lineIn, 0, 1, [0x11]);
    writer.hold();
    writer.release();
    expect(blocks).toHaveLength(1);
  });

  test.each(['a full block', 'the end'])('%s abandons what is in clear', how => {
    const { writer, blocks, put } = setup();
    put(Kind.lineIn, 0, 1, [0x11, 0x22]);
    writer.hold();
    writer.onAbandon(() => {
      writer.bytes.fill(
        0x2a,
        BLOCK_HEADER_LENGTH + RECORD_HEADER_LENGTH,
        BLOCK_HEADER_LENGTH + RECORD_HEADER_LENGTH + 2,
      );
      writer.release();
    });
    if (how === 'the end') writer.end();
    else {
      for (let i = 0; i < 21; i++) put(Kind.hostIn, 0, i, new Uint8Array(65_536));
      writer.end();
    }
    expect([...blocks[0].subarray(32, 34)]).toEqual([0x2a, 0x2a]);
    expect(writer.held).toBe(false);
  });

  test('a hook that does not release is a bug: nothing in clear goes out', () => {
    const { writer, blocks, put } = setup();
    put(Kind.lineIn, 0, 1, [0x11]);
    writer.hold();
    expect(() => writer.end()).toThrow('masks and releases');
    expect(blocks).toEqual([]);
  });

  test('a release too many is a bug', () => {
    expect(() => setup().writer.release()).toThrow('only when it is held');
  });
});
