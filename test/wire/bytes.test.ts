import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  badBcd,
  bcdByte,
  bcdNumber,
  bcdText,
  bcdToAscii,
  nibbleAt,
  packDigits,
  putBcdNumber,
  putNibble,
  toBcdByte,
} from '../../src/wire/bcd.ts';
import { fromHex, hexDigit, hexValue, toHex } from '../../src/wire/hex.ts';
import { lrc } from '../../src/wire/lrc.ts';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('hex', () => {
  test('bytes to upper-case text and back', () => {
    expect(toHex(Uint8Array.of(0, 0x9f, 0xff))).toBe('009FFF');
    expect(toHex(Uint8Array.of(1, 2, 3, 4), 1, 3)).toBe('0203');
    fc.assert(
      fc.property(fc.uint8Array(), bytes => {
        expect(fromHex(toHex(bytes))).toEqual({ ok: true, value: bytes });
      }),
    );
    expect(fromHex('ab')).toEqual({ ok: true, value: Uint8Array.of(0xab) });
  });

  test('an odd count and a wrong character are faults with a place', () => {
    expect(fromHex('123')).toMatchObject({
      ok: false,
      fault: { name: 'bad-hex', cause: expect.stringContaining('3 hex') },
    });
    expect(fromHex('12G4')).toMatchObject({ ok: false, fault: { cause: expect.stringContaining('character 3') } });
  });

  test('digits', () => {
    const value = (text: string): number => hexValue(text.charCodeAt(0));
    expect([...'09AFaf'].map(value)).toEqual([0, 9, 10, 15, 10, 15]);
    expect([...'/:@G`g '].map(value)).toEqual([-1, -1, -1, -1, -1, -1, -1]);
    for (let n = 0; n < 16; n++) expect(hexValue(hexDigit(n))).toBe(n);
  });
});

describe('packed digits', () => {
  test('one byte', () => {
    for (let value = 0; value < 100; value++) expect(bcdByte(toBcdByte(value))).toBe(value);
    for (const byte of [0x0a, 0xa0, 0xff, 0x9f]) expect(bcdByte(byte)).toBe(255);
  });

  test('nibbles are counted from the high half', () => {
    const bytes = Uint8Array.of(0x12, 0x34);
    expect([0, 1, 2, 3].map(i => nibbleAt(bytes, i))).toEqual([1, 2, 3, 4]);
    putNibble(bytes, 1, 0x0f);
    putNibble(bytes, 2, 0x0e);
    expect(toHex(bytes)).toBe('1FE4');
  });

  test('the first bad byte is found', () => {
    const bytes = Uint8Array.of(0x12, 0x3a, 0xb0);
    expect(badBcd(bytes, 0, 1)).toBe(-1);
    expect(badBcd(bytes, 0, 3)).toBe(1);
    expect(badBcd(bytes, 2, 3)).toBe(2);
  });

  test('number, text and ASCII of any stretch of nibbles', () => {
    const bytes = Uint8Array.of(0x01, 0x23, 0x4d);
    expect(bcdNumber(bytes, 1, 4)).toBe(1234);
    expect(bcdNumber(bytes, 2, 4)).toBe(-1);
    expect(bcdText(bytes, 2, 4)).toBe('234D');
    const out = new Uint8Array(6);
    bcdToAscii(bytes, 2, 4, out, 1);
    expect([...out]).toEqual([0, 0x32, 0x33, 0x34, 0x44, 0]);
    expect(bcdNumber(new Uint8Array(8).fill(0x99), 0, 15)).toBe(999_999_999_999_999);
    expect(bcdNumber(new Uint8Array(8).fill(0x99), 0, 16)).toBe(-1);
  });

  test('numbers round trip at every position and width and leave their neighbours alone', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 15 }), fc.nat(), (from, count, seed) => {
        const value = seed % 10 ** count;
        const out = new Uint8Array(12).fill(0xee);
        expect(putBcdNumber(out, from, count, value)).toBe(true);
        expect(bcdNumber(out, from, count)).toBe(value);
        expect(bcdText(out, 0, 24)).toBe(
          'E'.repeat(from) + String(value).padStart(count, '0') + 'E'.repeat(24 - from - count),
        );
      }),
    );
    expect(putBcdNumber(new Uint8Array(4), 0, 3, 1000)).toBe(false);
    expect(putBcdNumber(new Uint8Array(4), 0, 4, 1000)).toBe(true);
    expect(putBcdNumber(new Uint8Array(4), 0, 3, -1)).toBe(false);
    expect(putBcdNumber(new Uint8Array(4), 0, 3, 1.5)).toBe(false);
  });

  test('ASCII digits are packed at every position; other characters are refused', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789ABCDEF'), maxLength: 12 });
    fc.assert(
      fc.property(digits, fc.integer({ min: 0, max: 3 }), (text, at) => {
        const out = new Uint8Array(9).fill(0xee);
        expect(packDigits(ascii(`x${text}`), 1, text.length + 1, out, at, true)).toBe(true);
        expect(bcdText(out, 0, 18)).toBe('E'.repeat(at) + text + 'E'.repeat(18 - at - text.length));
        const decimal = /^\d*$/.test(text);
        expect(packDigits(ascii(text), 0, text.length, new Uint8Array(9), at, false)).toBe(decimal);
      }),
    );
    const out = new Uint8Array(2);
    expect(packDigits(ascii('12=3'), 0, 4, out, 0, true)).toBe(true);
    expect(toHex(out)).toBe('12D3');
    for (const bad of ['12G', '1 2', '12:', '/12']) {
      expect(packDigits(ascii(bad), 0, 3, new Uint8Array(4), 0, true)).toBe(false);
      expect(packDigits(ascii(bad), 0, 3, new Uint8Array(4), 1, false)).toBe(false);
    }
  });
});

test('longitudinal check is the XOR of a stretch', () => {
  expect(lrc(Uint8Array.of(1, 2, 4))).toBe(7);
  expect(lrc(Uint8Array.of(9, 1, 2, 9), 1, 3, 0x80)).toBe(0x83);
  expect(lrc(new Uint8Array(0))).toBe(0);
});
