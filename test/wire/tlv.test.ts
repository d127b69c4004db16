import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../../src/wire/hex.ts';
import { TlvCursor, TlvStatus, appendTlv, beginTlv, checkTlv } from '../../src/wire/tlv.ts';

const hex = (text: string): Uint8Array => {
  const bytes = fromHex(text);
  if (!bytes.ok) throw new Error(bytes.fault.cause);
  return bytes.value;
};

function walk(bytes: Uint8Array, start = 0, end = bytes.length): { status: number; found: string[] } {
  const cursor = new TlvCursor();
  const found: string[] = [];
  cursor.open(bytes, start, end);
  while (cursor.next()) {
    const value = toHex(bytes, cursor.valueOffset, cursor.valueOffset + cursor.length);
    found.push(`${cursor.tag.toString(16)}${cursor.constructed ? '+' : ''}=${value}`);
  }
  return { status: cursor.status, found };
}

describe('cursor', () => {
  test('tags of one to three bytes, long lengths, filler zeros, constructed values', () => {
    const long = '00'.repeat(0x90);
    const bytes = hex(
      `9A03260101 0000 9F2608AABBCCDDEEFF0011 DF810201FF 7204860222 33 4F8190${long}`.replaceAll(' ', ''),
    );
    expect(walk(bytes)).toEqual({
      status: TlvStatus.end,
      found: ['9a=260101', '9f26=AABBCCDDEEFF0011', 'df8102=FF', '72+=86022233', `4f=${long}`],
    });
    expect(checkTlv(bytes, 0, bytes.length)).toBe(TlvStatus.ok);
  });

  test.each([
    ['9F', TlvStatus.truncated],
    ['9A', TlvStatus.truncated],
    ['9A03', TlvStatus.truncated],
    ['9A032601', TlvStatus.truncated],
    ['9A82', TlvStatus.truncated],
    ['9A80', TlvStatus.length],
    ['9A8400000001FF', TlvStatus.length],
    ['9A83FFFFFF', TlvStatus.truncated],
    ['1FFFFFFF0100', TlvStatus.tag],
    ['DF81820100', TlvStatus.tag],
  ])('%s has status %i', (text, status) => {
    expect(walk(hex(text)).status).toBe(status);
    expect(checkTlv(hex(text), 0, text.length / 2)).toBe(status);
  });

  test('a wrong value inside a constructed one is found, and nesting is bounded', () => {
    expect(checkTlv(hex('7203860222'), 0, 5)).toBe(TlvStatus.truncated);
    let nested = '5000';
    for (let i = 0; i < 12; i++) nested = `70${(nested.length / 2).toString(16).padStart(2, '0')}${nested}`;
    expect(checkTlv(hex(nested), 0, nested.length / 2)).toBe(TlvStatus.length);
  });

  test('find stops at the tag of its own level', () => {
    const bytes = hex('720486029102910A0102030405060708090A');
    const cursor = new TlvCursor();
    expect(cursor.find(bytes, 0, bytes.length, 0x91)).toBe(true);
    expect(cursor.length).toBe(10);
    expect(cursor.find(bytes, 0, bytes.length, 0x86)).toBe(false);
  });

  test('nothing is read past the end, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), noise => {
        const zeros = new Uint8Array(300);
        const ones = new Uint8Array(300).fill(0xff);
        zeros.set(noise);
        ones.set(noise);
        expect(walk(zeros, 0, noise.length)).toEqual(walk(ones, 0, noise.length));
      }),
      { numRuns: 2000, seed: 1 },
    );
  });
});

describe('writer', () => {
  test('what is appended is found again', () => {
    const tag = fc.constantFrom(0x9a, 0x82, 0x9f26, 0x5f2a, 0xdf8102);
    const value = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(fc.array(fc.tuple(tag, value), { maxLength: 4 }), list => {
        const out = new Uint8Array(2000);
        let at = 0;
        for (const [id, bytes] of list) at = appendTlv(out, at, id, bytes);
        expect(walk(out, 0, at)).toEqual({
          status: TlvStatus.end,
          found: list.map(([id, bytes]) => `${id.toString(16)}=${toHex(bytes)}`),
        });
      }),
    );
  });

  test('a full buffer is reported', () => {
    const out = new Uint8Array(5);
    expect(appendTlv(out, 0, 0x9f26, Uint8Array.of(1, 2))).toBe(5);
    expect(appendTlv(out, 1, 0x9f26, Uint8Array.of(1, 2))).toBe(-1);
    expect(beginTlv(out, 0, 0x9a, 4)).toBe(-1);
  });
});
