import { columnsOf, decodeGbk, encodeGbkInto, notGbk } from '../wire/gbk.ts';
import { FieldTypeCode } from './plan.ts';

/** Bit 1: printable ASCII; bit 2: the upper half, for GBK. */
const KIND = new Uint8Array(256);
KIND.fill(1, 0x20, 0x7f);
KIND.fill(2, 0x80);

/**
 * Offset of the first byte in `[start, end)` that a text type excludes, or -1. `an` is printable ASCII: real terminals
 * put spaces and signs into it. `ans` has the upper half as well, for GBK. Control characters are in neither; a field
 * that carries them is of type b.
 */
export function badCharacter(type: number, bytes: Uint8Array, start: number, end: number): number {
  const mask = type === FieldTypeCode.ans ? 3 : 1;
  for (let i = start; i < end; i++) if ((KIND[bytes[i]] & mask) === 0) return i;
  return -1;
}

/** One character a byte. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]);
  return text;
}

/** True when every character is one byte of value 0–255; otherwise the text is written as GBK. */
export function isLatin1(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return false;
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
