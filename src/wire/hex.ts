import { failed, fault, ok, type Result } from '../fault.ts';
import { unitAt } from './unit-at.ts';

/** Upper-case pair of each byte, so that hex text needs no number formatting. */
const PAIRS: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).toUpperCase().padStart(2, '0'),
);

/** ASCII of each nibble. */
const DIGITS = Uint8Array.from('0123456789ABCDEF', digit => digit.charCodeAt(0));

/** Value of one ASCII hex character (`0`–`9`, `A`–`F`, `a`–`f`), or -1. */
export function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** {@link hexValue} of each ASCII character, 255 where it is none. */
const VALUES = new Uint8Array(128).fill(255);
for (let code = 0; code < 128; code++) if (hexValue(code) >= 0) VALUES[code] = hexValue(code);

/** Writes the bytes of a hex text of even length to `out[at]`, which has the room. False when a character is no hex digit. */
export function putHexText(text: string, out: Uint8Array, at: number): boolean {
  const { length } = text;
  let bad = 0;
  for (let i = 0; i < length; i += 2) {
    const first = unitAt(text, i);
    const second = unitAt(text, i + 1);
    const high = VALUES[first & 0x7f];
    const low = VALUES[second & 0x7f];
    bad |= high | low | ((first | second) & ~0x7f);
    out[at++] = (high << 4) | (low & 0x0f);
  }
  return (bad & ~0x0f) === 0;
}

/** ASCII code of the upper-case hex character of a nibble (0–15). */
export function hexDigit(nibble: number): number {
  return DIGITS[nibble];
}

/** `bytes[start, end)` as upper-case hex, two characters a byte. */
export function toHex(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let text = '';
  for (let i = start; i < end; i++) text += PAIRS[bytes[i]];
  return text;
}

/** Writes `length` bytes as upper-case ASCII hex to `out[at]`, which has the room. */
export function hexToAscii(bytes: Uint8Array, from: number, length: number, out: Uint8Array, at: number): void {
  for (let i = from; i < from + length; i++) {
    const byte = bytes[i];
    out[at++] = DIGITS[byte >> 4];
    out[at++] = DIGITS[byte & 0x0f];
  }
}

/** Bytes of a hex text without separators. Fault `bad-hex` for an odd count or another character. */
export function fromHex(text: string): Result<Uint8Array> {
  if (text.length % 2 !== 0) {
    return failed(
      fault('E_ILLEGAL', 'bad-hex', `${text.length} hex digits make no whole bytes`, 'Give two digits a byte'),
    );
  }
  const bytes = new Uint8Array(text.length / 2);
  if (putHexText(text, bytes, 0)) return ok(bytes);
  let bad = 0;
  while (hexValue(text.charCodeAt(bad)) >= 0) bad++;
  return failed(fault('E_ILLEGAL', 'bad-hex', `character ${bad + 1} is no hex digit`, 'Use only 0-9 and A-F'));
}
