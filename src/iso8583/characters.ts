import { fromEbcdic, toEbcdic } from '../wire/ebcdic.ts';
import { columnsOf, decodeGbk, encodeGbkInto, notGbk } from '../wire/gbk.ts';
import { unitAt } from '../wire/unit-at.ts';

/** What a byte may be, one bit each; a field's check is one bit or several of them, of which each byte must have one. */
export const CharacterClass = {
  /** Any byte at all. */
  any: 0,
  printable: 1 << 0,
  /** The upper half, for GBK. */
  upper: 1 << 1,
  /** Two decimal nibbles. */
  packed: 1 << 2,
  digit: 1 << 3,
  /** Digits, A–F and the separator `=`. */
  track: 1 << 4,
  hex: 1 << 5,
  ebcdicPrintable: 1 << 6,
  /** A0h–FFh of ISO 8859-1. */
  ebcdicUpper: 1 << 7,
  ebcdicDigit: 1 << 8,
  ebcdicTrack: 1 << 9,
  ebcdicHex: 1 << 10,
} as const;

/** {@link CharacterClass} bits of each byte. */
export const CLASSES_OF_BYTE = new Uint16Array(256);

function put(texts: string, ascii: number, ebcdic: number): void {
  for (let i = 0; i < texts.length; i++) {
    CLASSES_OF_BYTE[texts.charCodeAt(i)] |= ascii;
    CLASSES_OF_BYTE[toEbcdic(texts.charCodeAt(i))] |= ebcdic;
  }
}
for (let byte = 0; byte < 256; byte++) {
  const text = String.fromCharCode(byte);
  if (byte >= 0x20 && byte < 0x7f) put(text, CharacterClass.printable, CharacterClass.ebcdicPrintable);
  if (byte >= 0xa0) put(text, 0, CharacterClass.ebcdicUpper);
  if (byte >= 0x80) put(text, CharacterClass.upper, 0);
  if (byte >> 4 <= 9 && (byte & 0x0f) <= 9) put(text, CharacterClass.packed, 0);
}
put('0123456789', CharacterClass.digit, CharacterClass.ebcdicDigit);
put('0123456789ABCDEF=', CharacterClass.track, CharacterClass.ebcdicTrack);
put('0123456789ABCDEFabcdef', CharacterClass.hex, CharacterClass.ebcdicHex);

/** Offset of the first byte in `[start, end)` that has none of the {@link CharacterClass} bits of `allowed`, or -1. */
export function badCharacter(allowed: number, bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i++) if ((CLASSES_OF_BYTE[bytes[i]] & allowed) === 0) return i;
  return -1;
}

/** Writes characters 0–255 one byte each. False when one has none of the {@link CharacterClass} bits of `allowed`. */
export function putText(text: string, out: Uint8Array, at: number, allowed: number): boolean {
  const { length } = text;
  let right = true;
  for (let i = 0; i < length; i++) {
    const code = unitAt(text, i);
    if ((CLASSES_OF_BYTE[code] & allowed) === 0) right = false;
    out[at + i] = code;
  }
  return right;
}

/** One character a byte. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]);
  return text;
}

/** One character a byte of EBCDIC. */
export function ebcdicText(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(fromEbcdic(bytes[i]));
  return text;
}

/** True when every character is one byte of value 0–255; otherwise the text is written as GBK. */
export function isLatin1(text: string): boolean {
  const { length } = text;
  for (let i = 0; i < length; i++) if (unitAt(text, i) > 0xff) return false;
  return true;
}

/**
 * Text for people: GBK where the bytes are GBK, otherwise one character a byte. Whatever it returns, a message builder
 * writes the same bytes from it again.
 */
export function readable(bytes: Uint8Array, start: number, end: number): string {
  const plain = latin1(bytes, start, end);
  const text = decodeGbk(bytes, start, end);
  if (text === plain || isLatin1(text) || notGbk(text) >= 0 || columnsOf(text) !== end - start) return plain;
  const again = new Uint8Array(end - start);
  encodeGbkInto(text, again, 0);
  for (let i = 0; i < again.length; i++) if (again[i] !== bytes[start + i]) return plain;
  return text;
}
