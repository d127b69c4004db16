import { assert } from '../assert.ts';
import { unitAt } from './unit-at.ts';

/**
 * Chinese text of the terminal line, the slips and the text fields of a message: GBK (code page 936), one byte for
 * ASCII, two for everything else. Tables are taken once from the text decoder of the engine, so that encoding creates
 * nothing.
 */
const LEAD_FIRST = 0x81;
const LEAD_LAST = 0xfe;
const TRAIL_FIRST = 0x40;
const TRAIL_LAST = 0xfe;
const TRAIL_HOLE = 0x7f;
const LINE_FEED = 0x0a;
const UNKNOWN = 0xfffd;

/** UTF-16 unit of each two-byte code, 0 where GBK has none. */
const TO_UNICODE = new Uint16Array(0x10000);
/** GBK code of each UTF-16 unit: 0 where GBK has none (U+0000 itself is handled as ASCII). */
const FROM_UNICODE = new Uint16Array(0x10000);

/**
 * True for units that the decoder gives and code page 936 lacks: private use, and 18 characters (vertical forms, parts
 * of ideographs) that GB 18030 put later where the code page has private use. Terminals have no glyph for them.
 */
function isForeign(unit: number): boolean {
  return (
    unit === UNKNOWN ||
    unit < 0x80 ||
    (unit >= 0xe000 && unit <= 0xf8ff) ||
    (unit >= 0xfe10 && unit <= 0xfe19) ||
    (unit >= 0x9fb4 && unit <= 0x9fbb)
  );
}

function fillTables(): void {
  for (let code = 1; code < 0x80; code++) FROM_UNICODE[code] = code;
  const pairs = new Uint8Array((LEAD_LAST - LEAD_FIRST + 1) * (TRAIL_LAST - TRAIL_FIRST + 1) * 3);
  let end = 0;
  for (let lead = LEAD_FIRST; lead <= LEAD_LAST; lead++) {
    for (let trail = TRAIL_FIRST; trail <= TRAIL_LAST; trail++) {
      pairs[end++] = lead;
      pairs[end++] = trail;
      // A line feed after each pair keeps a pair that is not assigned from spoiling the next one.
      pairs[end++] = LINE_FEED;
    }
  }
  const text = new TextDecoder('gbk').decode(pairs);
  let at = 0;
  for (let lead = LEAD_FIRST; lead <= LEAD_LAST; lead++) {
    for (let trail = TRAIL_FIRST; trail <= TRAIL_LAST; trail++) {
      const unit = text.charCodeAt(at);
      const isOne = text.charCodeAt(at + 1) === LINE_FEED;
      while (text.charCodeAt(at) !== LINE_FEED) at++;
      at++;
      if (!isOne || trail === TRAIL_HOLE || isForeign(unit)) continue;
      const code = (lead << 8) | trail;
      TO_UNICODE[code] = unit;
      if (FROM_UNICODE[unit] === 0) FROM_UNICODE[unit] = code;
    }
  }
}
fillTables();

/** GBK code of a UTF-16 unit: one byte below 128, two bytes above; -1 when GBK has no such character. */
export function gbkCode(unit: number): number {
  const code = FROM_UNICODE[unit];
  return code === 0 && unit !== 0 ? -1 : code;
}

/** Index of the first character that GBK cannot hold, or -1 when the whole text can be encoded. */
export function notGbk(text: string): number {
  const { length } = text;
  for (let i = 0; i < length; i++) if (gbkCode(unitAt(text, i)) < 0) return i;
  return -1;
}

/** Half-width columns on a GBK display or printer: 1 for ASCII, 2 for every other character. Equals the encoded length. */
export function columnsOf(text: string): number {
  const { length } = text;
  let columns = length;
  for (let i = 0; i < length; i++) if (unitAt(text, i) >= 0x80) columns++;
  return columns;
}

/** Writes `text` into `out` from `at`. Returns the end, -1 when it does not fit, -2 when a character is not in GBK. */
export function encodeGbkInto(text: string, out: Uint8Array, at: number): number {
  const { length } = text;
  for (let i = 0; i < length; i++) {
    const unit = unitAt(text, i);
    if (unit < 0x80) {
      if (at === out.length) return -1;
      out[at++] = unit;
      continue;
    }
    const code = FROM_UNICODE[unit];
    if (code === 0) return -2;
    if (at + 2 > out.length) return -1;
    out[at++] = code >> 8;
    out[at++] = code & 0xff;
  }
  return at;
}

/**
 * GBK bytes of `text`. A character that GBK cannot hold is a bug of the caller and asserts with its position:
 * text from outside is checked with {@link notGbk} first.
 */
export function encodeGbk(text: string): Uint8Array {
  const bytes = new Uint8Array(columnsOf(text));
  const end = encodeGbkInto(text, bytes, 0);
  // The text is searched for the character only when there is one: this runs for every line of a screen and a slip.
  if (end !== bytes.length) assert(false, `character ${notGbk(text) + 1} of a text is not in GBK`);
  return bytes;
}

/** Text of `bytes[start, end)`; bytes that are no GBK show as U+FFFD each. */
export function decodeGbk(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let text = '';
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte < 0x80) {
      text += String.fromCharCode(byte);
      continue;
    }
    const unit = i + 1 < end ? TO_UNICODE[(byte << 8) | bytes[i + 1]] : 0;
    if (unit === 0) {
      text += '\uFFFD';
    } else {
      text += String.fromCharCode(unit);
      i++;
    }
  }
  return text;
}
