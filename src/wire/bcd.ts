import { unitAt } from './unit-at.ts';

/**
 * Packed decimal digits, two a byte, high nibble first. Positions inside a packed value are counted in nibbles from the
 * start of the array: nibble 2i is the high half of byte i. Nothing here allocates except {@link bcdText}.
 */

/** 1 where both nibbles of the byte are 0–9. */
const DECIMAL = new Uint8Array(256);
/** 0–99 of a byte with two decimal nibbles, 255 otherwise. */
const VALUE = new Uint8Array(256).fill(255);
for (let tens = 0; tens < 10; tens++) {
  for (let ones = 0; ones < 10; ones++) {
    DECIMAL[(tens << 4) | ones] = 1;
    VALUE[(tens << 4) | ones] = tens * 10 + ones;
  }
}
/** Packed byte of 0–99. */
const PACKED = new Uint8Array(100);
for (let value = 0; value < 100; value++) PACKED[value] = (((value / 10) | 0) << 4) | (value % 10);
/** Nibble of an ASCII digit, 255 for any other character; with A–F in both cases and `=` (as D) in the second table. */
const DIGIT = new Uint8Array(256).fill(255);
const TRACK_DIGIT = new Uint8Array(256).fill(255);
for (let nibble = 0; nibble < 16; nibble++) {
  const text = nibble.toString(16);
  TRACK_DIGIT[text.charCodeAt(0)] = nibble;
  TRACK_DIGIT[text.toUpperCase().charCodeAt(0)] = nibble;
  if (nibble < 10) DIGIT[text.charCodeAt(0)] = nibble;
}
TRACK_DIGIT[0x3d] = 0x0d;
const NIBBLE_TEXT = '0123456789ABCDEF';
/** ASCII of each nibble. */
const ASCII = Uint8Array.from(NIBBLE_TEXT, digit => digit.charCodeAt(0));

/** Largest number of digits whose value is always exact in a JavaScript number. */
export const BCD_NUMBER_DIGITS_MAX = 15;

/** Value 0–99 of one packed byte, or 255 when a nibble is above 9. */
export function bcdByte(byte: number): number {
  return VALUE[byte];
}

/** The packed byte of 0–99. */
export function toBcdByte(value: number): number {
  return PACKED[value];
}

/** One nibble, 0–15. */
export function nibbleAt(bytes: Uint8Array, nibble: number): number {
  const byte = bytes[nibble >> 1];
  return nibble & 1 ? byte & 0x0f : byte >> 4;
}

/** Offset of the first byte in `[start, end)` with a nibble above 9, or -1 when all are decimal. */
export function badBcd(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i++) if (DECIMAL[bytes[i]] === 0) return i;
  return -1;
}

/**
 * Number of `count` digits from nibble `from`; -1 when a nibble is no digit or `count` is above
 * {@link BCD_NUMBER_DIGITS_MAX}.
 */
export function bcdNumber(bytes: Uint8Array, from: number, count: number): number {
  if (count > BCD_NUMBER_DIGITS_MAX) return -1;
  let value = 0;
  for (let i = from; i < from + count; i++) {
    const digit = nibbleAt(bytes, i);
    if (digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Text of `count` nibbles from nibble `from`; nibbles above 9 show as A–F. */
export function bcdText(bytes: Uint8Array, from: number, count: number): string {
  let text = '';
  for (let i = from; i < from + count; i++) text += NIBBLE_TEXT[nibbleAt(bytes, i)];
  return text;
}

/** ASCII of `count` nibbles from nibble `from` into `out` at `at`. The caller checks the room. */
export function bcdToAscii(bytes: Uint8Array, from: number, count: number, out: Uint8Array, at: number): void {
  const end = at + count;
  if ((from & 1) === 1 && count > 0) out[at++] = ASCII[bytes[from++ >> 1] & 0x0f];
  let i = from >> 1;
  for (; at + 1 < end; at += 2) {
    const byte = bytes[i++];
    out[at] = ASCII[byte >> 4];
    out[at + 1] = ASCII[byte & 0x0f];
  }
  if (at < end) out[at] = ASCII[bytes[i] >> 4];
}

/** Writes one nibble and keeps the other half of its byte. */
export function putNibble(out: Uint8Array, nibble: number, value: number): void {
  const i = nibble >> 1;
  out[i] = nibble & 1 ? (out[i] & 0xf0) | value : (out[i] & 0x0f) | (value << 4);
}

/** Writes `value` as exactly `count` digits from nibble `from`. Returns false when it has more digits or is no whole number ≥ 0. */
export function putBcdNumber(out: Uint8Array, from: number, count: number, value: number): boolean {
  if (!Number.isSafeInteger(value) || value < 0) return false;
  let last = from + count - 1;
  if (count > 0 && (last & 1) === 0) {
    const rest = Math.floor(value / 10);
    putNibble(out, last--, value - rest * 10);
    value = rest;
  }
  for (; last > from; last -= 2) {
    const rest = Math.floor(value / 100);
    out[last >> 1] = PACKED[value - rest * 100];
    value = rest;
  }
  if (last === from) {
    const rest = Math.floor(value / 10);
    putNibble(out, last, value - rest * 10);
    value = rest;
  }
  return value === 0;
}

/**
 * Packs the ASCII digits `ascii[from, to)` into `out` from nibble `nibble`. With `track`, A–F and `=` (as D) are digits
 * too. Returns false at the first other character.
 */
export function packDigits(
  ascii: Uint8Array,
  from: number,
  to: number,
  out: Uint8Array,
  nibble: number,
  track: boolean,
): boolean {
  const table = track ? TRACK_DIGIT : DIGIT;
  let bad = 0;
  if ((nibble & 1) === 1 && from < to) {
    const value = table[ascii[from++]];
    bad |= value;
    putNibble(out, nibble++, value & 0x0f);
  }
  let at = nibble >> 1;
  for (; from + 1 < to; from += 2) {
    const high = table[ascii[from]];
    const low = table[ascii[from + 1]];
    bad |= high | low;
    out[at++] = ((high & 0x0f) << 4) | (low & 0x0f);
  }
  if (from < to) {
    const value = table[ascii[from]];
    bad |= value;
    putNibble(out, at * 2, value & 0x0f);
  }
  return bad < 0x10;
}

/** Like {@link packDigits}, from the characters of a text. */
export function packText(text: string, out: Uint8Array, nibble: number, track: boolean): boolean {
  const table = track ? TRACK_DIGIT : DIGIT;
  const { length } = text;
  let from = 0;
  // A character above 255 must not turn into a digit when it is cut to a byte.
  let bad = 0;
  if ((nibble & 1) === 1 && length > 0) {
    const code = unitAt(text, from++);
    const value = table[code & 0xff];
    bad |= value | (code & 0xff00);
    putNibble(out, nibble++, value & 0x0f);
  }
  let at = nibble >> 1;
  for (; from + 1 < length; from += 2) {
    const first = unitAt(text, from);
    const second = unitAt(text, from + 1);
    const high = table[first & 0xff];
    const low = table[second & 0xff];
    bad |= high | low | ((first | second) & 0xff00);
    out[at++] = (high << 4) | (low & 0x0f);
  }
  if (from < length) {
    const code = unitAt(text, from);
    const value = table[code & 0xff];
    bad |= value | (code & 0xff00);
    putNibble(out, at * 2, value & 0x0f);
  }
  return bad < 0x10;
}
