import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BLOCK_HEADER_LENGTH, FILE_HEADER_LENGTH, Kind, RECORD_HEADER_LENGTH } from '../../src/trace/kinds.ts';
import { TraceReader } from '../../src/trace/reader.ts';
import { fileHeader, RECORDS_MAX, TraceWriter } from '../../src/trace/writer.ts';
import { crc32 } from '../../src/wire/crc32.ts';
import { memorySource } from './memory.ts';

/** Blocks of records; the payload of a record says which one it is. */
function blocksOf(counts: readonly number[], length = 4): Uint8Array[] {
  const blocks: Uint8Array[] = [];
  const writer = new TraceWriter({ write: (bytes, end) => void blocks.push(bytes.slice(0, end)) });
  let id = 0;
  for (const count of counts) {
    for (let i = 0; i < count; i++) {
      const at = writer.begin(Kind.lineIn, 0, id, length);
      writer.bytes.fill(0, at, at + length);
      new DataView(writer.bytes.buffer).setUint32(at, id++);
    }
    writer.flush();
  }
  return blocks;
}

const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** Which records a file gives, and what it tells of the others. */
function readAll(bytes: Uint8Array, piece?: number) {
  const reader = new TraceReader(memorySource(bytes, piece));
  const ids: number[] = [];
  while (reader.next()) ids.push(reader.to - reader.from >= 4 ? reader.view.getUint32(reader.from) : -1);
  expect(reader.next()).toBe(false);
  return { ids, troubles: reader.troubles, count: reader.troubleCount };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('a whole file', () => {
  test('is the same in pieces of every length', () => {
    const file = join(fileHeader(), ...blocksOf([3, 1, 5]));
    for (let piece = 1; piece <= 40; piece++)
      expect(readAll(file, piece)).toEqual({ ids: upTo(9), troubles: [], count: 0 });
  });

  test('of many chunks', () => {
    const file = join(fileHeader(), ...blocksOf([5000, 1, 3000, 700], 300));
    for (const piece of [undefined, 65_536, 99_991])
      expect(readAll(file, piece)).toEqual({ ids: upTo(8701), troubles: [], count: 0 });
  });

  test('of several parts: each begins with its own header', () => {
    const [a, b, c] = blocksOf([1, 2, 3]);
    expect(readAll(join(fileHeader(), a, fileHeader(), b, fileHeader(), c))).toMatchObject({ ids: upTo(6), count: 0 });
  });

  test('a program that was started again counts its blocks from 0', () => {
    const file = join(fileHeader(), ...blocksOf([1, 1]), ...blocksOf([1, 1]));
    expect(readAll(file)).toEqual({ ids: [0, 1, 0, 1], troubles: [], count: 0 });
  });

  test('offset is where the record ends', () => {
    const reader = new TraceReader(memorySource(join(fileHeader(), ...blocksOf([2, 1])), 7));
    expect(reader.offset).toBe(0);
    const ends: number[] = [];
    while (reader.next()) ends.push(reader.offset);
    expect(ends).toEqual([52, 72, 108]);
  });

  test('says that it was redacted only when each of its parts does', () => {
    const [a, b] = blocksOf([1, 1]);
    const read = (...parts: readonly Uint8Array[]): boolean => {
      const reader = new TraceReader(memorySource(join(...parts)));
      while (reader.next());
      return reader.redacted;
    };
    expect(read(fileHeader(true), a, fileHeader(true), b)).toBe(true);
    expect(read(fileHeader(), a, fileHeader(true), b)).toBe(false);
    expect(read(fileHeader(true), a, fileHeader(), b)).toBe(false);
    expect(read(Uint8Array.of(1), a, fileHeader(true), b)).toBe(false);
    expect(read(a, fileHeader(true), b)).toBe(false);
    expect(read(new Uint8Array(0))).toBe(false);
  });

  test('of kinds that nobody knows yet', () => {
    const file = join(fileHeader(), ...blocksOf([1]));
    file[FILE_HEADER_LENGTH + BLOCK_HEADER_LENGTH + 4] = 200;
    seal(file, FILE_HEADER_LENGTH);
    const reader = new TraceReader(memorySource(file));
    expect([reader.next(), reader.kind]).toEqual([true, 200]);
  });

  test('empty, and only a header', () => {
    expect(readAll(new Uint8Array(0))).toEqual({ ids: [], troubles: [], count: 0 });
    expect(readAll(fileHeader())).toEqual({ ids: [], troubles: [], count: 0 });
  });
});

/** Makes the checksum of the block at `at` right. */
function seal(file: Uint8Array, at: number): void {
  const view = new DataView(file.buffer);
  view.setUint32(at + 8, crc32(view, at + BLOCK_HEADER_LENGTH, at + BLOCK_HEADER_LENGTH + view.getUint32(at + 4)));
}

test('a file that grows is read on, byte by byte, as if it had been whole', () => {
  const [a, b, c] = blocksOf([2, 1, 2]);
  const file = join(fileHeader(), a, b.subarray(0, 20), fileHeader(), c, ...blocksOf([1]));
  let there = 0;
  let at = 0;
  const reader = new TraceReader({
    size: undefined,
    fault: undefined,
    growing: true,
    read(into) {
      const piece = file.subarray(at, Math.min(there, at + into.length));
      into.set(piece);
      at += piece.length;
      return piece.length;
    },
  });
  const ids: number[] = [];
  while (there++ < file.length) while (reader.next()) ids.push(reader.view.getUint32(reader.from));
  expect(ids).toEqual([0, 1, 3, 4, 0]);
  expect(reader.troubles).toEqual([{ offset: 72, why: expect.stringContaining('36 bytes passed over') }]);
  expect(reader.offset).toBe(file.length);
});

describe('damage', () => {
  const LENGTH = BLOCK_HEADER_LENGTH + 2 * (RECORD_HEADER_LENGTH + 4);
  const file = join(fileHeader(), ...blocksOf([2, 2, 2]));
  const second = FILE_HEADER_LENGTH + LENGTH;

  test('a changed byte of any record costs its block, and says where', () => {
    for (let at = second + BLOCK_HEADER_LENGTH; at < second + LENGTH; at++) {
      const changed = file.slice();
      changed[at] ^= 0x10;
      expect(readAll(changed), String(at)).toEqual({
        ids: [0, 1, 4, 5],
        troubles: [
          { offset: second, why: `a block was changed or cut off: its checksum is wrong: ${LENGTH} bytes passed over` },
        ],
        count: 1,
      });
    }
  });

  test('every bit of a file may be wrong: the other blocks are read, and one trouble says so', () => {
    for (let bit = FILE_HEADER_LENGTH * 8; bit < file.length * 8; bit++) {
      const changed = file.slice();
      changed[bit >> 3] ^= 1 << (bit & 7);
      const { ids, count } = readAll(changed);
      const block = Math.floor(((bit >> 3) - FILE_HEADER_LENGTH) / LENGTH);
      const inNumber = ((bit >> 3) - FILE_HEADER_LENGTH) % LENGTH;
      // The number of a block is no part of the checksum: its records are whole. Number 0 may follow on any.
      const number = new DataView(changed.buffer).getUint32(FILE_HEADER_LENGTH + block * LENGTH + 12);
      if (inNumber >= 12 && inNumber < 16)
        expect([ids, count > 0], `bit ${bit}`).toEqual([upTo(6), number !== 0 || block < 2]);
      else expect([ids, count], `bit ${bit}`).toEqual([upTo(6).filter(id => id >> 1 !== block), 1]);
    }
  });

  test('cut at every byte: what is whole is read, and the cut is told', () => {
    for (let end = 1; end < file.length; end++) {
      const { ids, troubles } = readAll(file.slice(0, end));
      const whole = Math.max(0, Math.floor((end - FILE_HEADER_LENGTH) / LENGTH));
      expect(ids, String(end)).toEqual(upTo(whole * 2));
      const cut = end !== FILE_HEADER_LENGTH && (end - FILE_HEADER_LENGTH) % LENGTH !== 0;
      expect(troubles.length, String(end)).toBe(cut ? 1 : 0);
      if (cut && end > FILE_HEADER_LENGTH) expect(troubles[0].why).toContain('cut off');
    }
  });

  test('what a crash cut off stays in front of what the next start writes', () => {
    const [a, b, c] = blocksOf([2, 2, 2]);
    for (let end = 1; end < b.length; end++) {
      for (const header of [fileHeader(), new Uint8Array(0)]) {
        const { ids, troubles } = readAll(join(fileHeader(), a, b.subarray(0, end), header, c));
        expect([ids, troubles.length], String(end)).toEqual([[0, 1, 4, 5], 1]);
      }
    }
  });

  test('a length that claims too much does not hide the blocks behind it', () => {
    for (const claim of [0xffff_ffff, RECORDS_MAX + 1, RECORDS_MAX, LENGTH + 30]) {
      const changed = file.slice();
      new DataView(changed.buffer).setUint32(FILE_HEADER_LENGTH + 4, claim);
      expect(readAll(changed), String(claim)).toMatchObject({ ids: [2, 3, 4, 5], count: 1 });
    }
  });

  test('a record that runs out of its block ends the block', () => {
    const changed = file.slice();
    new DataView(changed.buffer).setUint32(second + BLOCK_HEADER_LENGTH + 20, 5);
    seal(changed, second);
    expect(readAll(changed)).toEqual({
      ids: [0, 1, 2, 4, 5],
      troubles: [
        { offset: second + BLOCK_HEADER_LENGTH + 20, why: 'a record runs out of its block: 20 bytes passed over' },
      ],
      count: 1,
    });
  });

  test('a block that is gone is missed', () => {
    const [a, , c] = blocksOf([1, 1, 1]);
    expect(readAll(join(fileHeader(), a, c)).troubles).toEqual([
      { offset: 52, why: 'block 2 follows on block 0: what was between is missing' },
    ]);
    expect(readAll(join(fileHeader(), c)).count).toBe(0);
  });

  test('something else than a trace', () => {
    const text = new TextEncoder().encode('{"kind":"screen","atMs":1,"lines":["Product"]}\n'.repeat(3));
    expect(readAll(text)).toEqual({
      ids: [],
      troubles: [{ offset: 0, why: `no trace begins here: ${text.length} bytes passed over` }],
      count: 1,
    });
  });

  test('another version is told, and nothing is guessed', () => {
    const newer = file.slice();
    newer[9] = 2;
    expect(readAll(newer)).toEqual({
      ids: [],
      troubles: [{ offset: 0, why: 'the trace has version 2, this program reads version 1' }],
      count: 1,
    });
  });

  test('a source that fails says so at the end', () => {
    const reader = new TraceReader(memorySource(file, undefined, 'cannot read a.p85t: EIO'));
    while (reader.next());
    expect(reader.troubles).toEqual([{ offset: file.length, why: 'cannot read a.p85t: EIO' }]);
  });

  test('troubles are kept up to a bound, and counted above it', () => {
    const blocks = blocksOf(Array.from({ length: 150 }, () => 1));
    const parts = blocks.flatMap(block => [block, Uint8Array.of(1)]);
    const { ids, troubles, count } = readAll(join(fileHeader(), ...parts));
    expect([ids.length, troubles.length, count]).toEqual([150, 100, 150]);
  });
});

describe('hostile bytes', () => {
  test('no input makes it throw or stop', () => {
    const blocks = blocksOf([2, 1]);
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom(fileHeader(), ...blocks, ...blocks.map(block => block.subarray(0, 23))),
      fc.constant(new TextEncoder().encode('P85B')),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.integer({ min: 1, max: 99 }), (parts, step) => {
        const bytes = join(...parts);
        const whole = readAll(bytes);
        expect(readAll(bytes, step)).toEqual(whole);
        for (const { offset } of whole.troubles) expect(offset).toBeLessThanOrEqual(bytes.length);
      }),
      { seed: 85, numRuns: 2000 },
    );
  });

  test('blocks in blocks, each with a fitting chain of records, cost no more than their bytes', () => {
    // Each record holds the header of a block that claims all that follows.
    const bytes = new Uint8Array(1 << 20);
    const view = new DataView(bytes.buffer);
    const STEP = 32;
    for (let at = 16; at + STEP <= bytes.length; at += STEP) {
      view.setUint32(at, 16);
      view.setUint32(at + 16, 0x50_38_35_42);
      // All claims end at the same place, and most of them fit the records before it.
      view.setUint32(at + 20, Math.min(RECORDS_MAX, bytes.length - STEP - at));
    }
    const { ids, count } = readAll(bytes);
    expect([ids, count]).toEqual([[], 1]);
  });
});
