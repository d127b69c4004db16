import fc from 'fast-check';
import iconv from 'iconv-lite';
import { expect, test } from 'vitest';
import { columnsOf, decodeGbk, encodeGbk, encodeGbkInto, notGbk } from '../../src/wire/gbk.ts';
import { toHex } from '../../src/wire/hex.ts';

test('known characters', () => {
  expect(toHex(encodeGbk('消费 SALE'))).toBe('CFFBB7D12053414C45');
  expect(toHex(encodeGbk('￥·—×'))).toBe(toHex(iconv.encode('￥·—×', 'gbk')));
  expect(decodeGbk(Uint8Array.of(0xcf, 0xfb, 0xb7, 0xd1))).toBe('消费');
  expect(decodeGbk(Uint8Array.of(0x41, 0xcf, 0xfb, 0x42), 1, 3)).toBe('消');
});

test('every character of the code page comes back', () => {
  let count = 0;
  for (let unit = 0; unit < 0x10000; unit++) {
    const text = String.fromCharCode(unit);
    if (notGbk(text) >= 0) continue;
    count++;
    const bytes = encodeGbk(text);
    expect(bytes.length, `U+${unit.toString(16)}`).toBe(columnsOf(text));
    expect(decodeGbk(bytes), `U+${unit.toString(16)}`).toBe(text);
  }
  expect(count).toBeGreaterThan(21_000);
});

test('what GBK lacks is reported with its place and never replaced', () => {
  expect(notGbk('金额😀')).toBe(2);
  expect(notGbk('金额\ue000')).toBe(2);
  expect(notGbk('金额')).toBe(-1);
  expect(notGbk('¥')).toBe(0);
  expect(() => encodeGbk('金额😀')).toThrow('character 3');
  expect(encodeGbkInto('a😀', new Uint8Array(9), 0)).toBe(-2);
});

test('a full buffer is reported and not overrun', () => {
  const out = new Uint8Array(4).fill(0xee);
  expect(encodeGbkInto('消费', out, 1)).toBe(-1);
  expect(out[3]).toBe(0xee);
  expect(encodeGbkInto('a消', out, 1)).toBe(4);
});

test('broken pairs show as U+FFFD and any bytes are read without an exception', () => {
  expect(decodeGbk(Uint8Array.of(0x41, 0x81))).toBe('A\ufffd');
  expect(decodeGbk(Uint8Array.of(0x81, 0x20, 0x42))).toBe('\ufffd B');
  fc.assert(
    fc.property(fc.uint8Array(), bytes => {
      expect(decodeGbk(bytes).length).toBeLessThanOrEqual(bytes.length);
    }),
  );
});

test('columns', () => {
  expect(columnsOf('金额:     100.00')).toBe(16);
  expect(columnsOf('')).toBe(0);
});
