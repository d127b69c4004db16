import { FieldValue } from '../iso8583/field-value.ts';
import type { MessageView } from '../iso8583/message-view.ts';
import { FieldTypeCode } from '../iso8583/plan.ts';
import { mtiText } from '../iso8583/subfields.ts';

/** Longest message in this form, bytes with its length. */
export const WIRESHARK_MAX = 65_537;
const LAST_FIELD = 128;
const FIRST_BITMAP_LAST = 64;
const THIRD_BITMAP = 65;
/** Sizes of the fields of ISO 8583:1987 in Wireshark's dissector, from field 2 on: a number is fixed, `2:19` has two digits of length, `b` are 8 bytes as hex. */
const SIZES =
  '2:19 6 12 12 12 10 8 8 8 6 6 4 4 4 4 4 4 3 3 3 3 3 3 2 2 1 9 9 9 9 2:11 2:11 2:28 2:37 3:104 12 6 2 3 8 15 40 2:25 2:76 ' +
  '3:999 3:999 3:999 3 3 3 b 8 3:120 3:999 3:999 3:999 3:999 3:999 3:999 3:999 3:999 3:999 b ' +
  'b 1 2 3 3 3 4 4 6 10 10 10 10 10 10 10 10 12 12 12 12 15 15 15 15 42 1 2 5 7 42 b 17 25 2:11 2:11 2:17 2:28 2:28 3:100 ' +
  '3:999 3:999 3:999 3:999 3:999 3:999 3:999 3:999 3:999 3:999 3:999 3:999 3:999 3:999 3:999 3:999 3:999 3:999 3:999 3:999 ' +
  '3:999 3:999 3:999 b';

interface Shape {
  /** Digits of the length in front; 0: a fixed size. */
  readonly digits: number;
  readonly most: number;
}

const SHAPES: readonly Shape[] = SIZES.split(' ').map(size => {
  const [first, second] = size.split(':');
  if (second !== undefined) return { digits: Number(first), most: Number(second) };
  return { digits: 0, most: first === 'b' ? 16 : Number(first) };
});

/**
 * Writes a message in the one form that Wireshark's dissector `iso8583` reads with its own defaults, whatever its dialect is: a
 * length of two bytes, low byte first; message type, bitmap and digits as characters, bytes as hex. A value that is too long for
 * its field there is cut, one that is too short filled up. Field 65, which it cannot read, and fields
 * above 128 are left out.
 *
 * `out` needs {@link WIRESHARK_MAX} bytes. Returns the end.
 */
export function putForWireshark(view: MessageView, out: Uint8Array): number {
  let text = '';
  let bits = 0n;
  for (let field = 2; field <= LAST_FIELD; field++) {
    if (!view.has(field) || field === THIRD_BITMAP) continue;
    bits |= 1n << BigInt(LAST_FIELD - field);
    text += shaped(SHAPES[field - 2], new FieldValue(view, field).text(0, view.size(field)), view.plan.type[field]);
  }
  const second = bits & ((1n << BigInt(FIRST_BITMAP_LAST)) - 1n);
  if (second !== 0n) bits |= 1n << BigInt(LAST_FIELD - 1);
  const bitmap = bits.toString(16).toUpperCase().padStart(32, '0');
  const whole = mtiText(view.mti) + (second === 0n ? bitmap.slice(0, 16) : bitmap) + text;
  for (let i = 0; i < whole.length; i++) out[2 + i] = whole.charCodeAt(i);
  out[0] = whole.length;
  out[1] = whole.length >> 8;
  return 2 + whole.length;
}

function shaped({ digits, most }: Shape, value: string, type: number): string {
  // What is not ASCII takes more bytes than characters, and the dissector shows none of it.
  const text = value.replace(/[^\x20-\x7e]/g, '?').slice(0, most);
  if (digits > 0) return String(text.length).padStart(digits, '0') + text;
  return type === FieldTypeCode.n ? text.padStart(most, '0') : text.padEnd(most, ' ');
}
