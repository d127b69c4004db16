import { readFrameLength } from '../../iso8583/frame.ts';
import type { BitmapForm, FrameLength, Framing } from '../../iso8583/source.ts';
import { fromEbcdic } from '../../wire/ebcdic.ts';
import { hexValue } from '../../wire/hex.ts';

/** Longest stretch before a message type that is looked at, bytes. */
const PREFIX_MAX = 48;
const TPDU_LENGTH = 5;
const HEADER_LENGTH = 6;
/** Heads that are worth a look at the fields. */
const HEADS_MAX = 8;
/** Bits of a message that a head may be behind the best one. */
const BEHIND_MAX = 22;
/** Fewest fields a message has, and most that a bitmap of one names. */
const FIELDS_MIN = 2;
const FIELDS_MAX = 44;
/** Evidence in bits: how much rarer than by chance something is. */
const BITS = {
  knownType: 9,
  typeCharacter: 4.7,
  hexCharacter: 3.5,
  bitmap: 4,
  usualField: 1.5,
  length: 13,
  tpdu: 7,
  header: 3,
  nothing: 2,
  unknownByte: -1.5,
} as const;
/** Fields that nearly every message has, trace number first. */
const USUAL_FIELDS = [3, 11, 41, 42];

/**
 * The length before a message: as a {@link Framing} has it, or `little` (two bytes, low byte first), which no profile can
 * say. False: there is none.
 */
export type LengthFound = false | FrameLength | 'little';

/** What stands before the fields of messages of unknown origin. */
export interface Head {
  readonly length: LengthFound;
  /** The length counts its own bytes, too. */
  readonly countsItself: boolean;
  readonly tpdu: boolean;
  /** Bytes between length (and TPDU) and message type: 0, 6 as a profile can say it, or another number. */
  readonly headerBytes: number;
  /** Offset of the message type. */
  readonly body: number;
  readonly mti: 'bcd' | 'ascii' | 'ebcdic';
  readonly bitmap: BitmapForm;
  /** Whether any message sets the first bit, which announces a second bitmap. */
  readonly second: boolean;
  /** How much speaks for it: bits over all messages. */
  readonly bits: number;
}

/** The framing that a profile can say, and whether it says all of it. */
export function framingOf(head: Head): { readonly framing: Framing; readonly whole: boolean } {
  const known = head.length !== 'little' && !head.countsItself;
  const header = head.headerBytes === HEADER_LENGTH;
  return {
    framing: { length: head.length === 'little' ? 'binary' : head.length, tpdu: head.tpdu, header },
    whole: known && (header || head.headerBytes === 0),
  };
}

/** Message types in use, without the digit of the edition: class and function. */
const KNOWN_CLASSES = new Set([
  0x10, 0x11, 0x12, 0x13, 0x14, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x30, 0x31, 0x32, 0x33,
]);
for (const kind of [0x40, 0x50, 0x60, 0x80]) for (const fn of [0, 1, 2, 3]) KNOWN_CLASSES.add(kind + fn);

/** Every head that most of the messages may have, the likeliest first. */
export function headsOf(messages: readonly Uint8Array[]): readonly Head[] {
  const found: Head[] = [];
  const least = Math.max(1, Math.ceil(messages.length * 0.6));
  for (let body = 0; body <= PREFIX_MAX; body++) {
    const prefix = prefixOf(messages, body, least);
    for (const mti of ['bcd', 'ascii', 'ebcdic'] as const) {
      for (const bitmap of ['binary', 'hex', 'hexEbcdic'] as const) {
        let second = false;
        let bits = prefix.bits;
        let right = 0;
        for (const bytes of messages) {
          const told = typeBits(bytes, body, mti);
          const named = told < 0 ? -1 : bitmapBits(bytes, body + (mti === 'bcd' ? 2 : 4), bitmap);
          if (named < 0) continue;
          right++;
          second ||= firstBit(bytes, body + (mti === 'bcd' ? 2 : 4), bitmap);
          bits += told + named;
        }
        if (right >= least) found.push({ ...prefix, body, mti, bitmap, second, bits });
      }
    }
  }
  found.sort((a, b) => b.bits - a.bits);
  const worst = found.length === 0 ? 0 : found[0].bits - BEHIND_MAX * messages.length;
  return found.filter(head => head.bits >= worst).slice(0, HEADS_MAX);
}

type Prefix = Pick<Head, 'length' | 'countsItself' | 'tpdu' | 'headerBytes' | 'bits'>;

/** The likeliest meaning of the `size` bytes before the message types. */
function prefixOf(messages: readonly Uint8Array[], size: number, least: number): Prefix {
  let best: Prefix | undefined;
  for (const length of [false, 'binary', 'little', 'bcd', 'ascii'] as const) {
    const lengthBytes = lengthBytesOf(length);
    if (size < lengthBytes) continue;
    for (const countsItself of length === false ? [false] : [false, true]) {
      const fitting = messages.filter(bytes => lengthFits(length, countsItself, bytes)).length;
      if (fitting < least) continue;
      const rest = size - lengthBytes;
      const tpdu =
        (rest === TPDU_LENGTH || rest >= TPDU_LENGTH + HEADER_LENGTH) && begins(messages, lengthBytes, 0x60, least);
      const headerBytes = rest - (tpdu ? TPDU_LENGTH : 0);
      let bits = length === false ? 0 : fitting * BITS.length - (countsItself ? 3 : 0);
      if (tpdu) bits += BITS.tpdu;
      if (headerBytes === 0) bits += BITS.nothing;
      else if (headerBytes === HEADER_LENGTH && begins(messages, size - HEADER_LENGTH, 0x60, least))
        bits += BITS.header;
      else bits += headerBytes * BITS.unknownByte - 3;
      if (best === undefined || bits > best.bits) best = { length, countsItself, tpdu, headerBytes, bits };
    }
  }
  return (
    best ?? { length: false, countsItself: false, tpdu: false, headerBytes: size, bits: size * BITS.unknownByte - 3 }
  );
}

/** Bytes that a length takes. */
export function lengthBytesOf(length: LengthFound): number {
  return length === false ? 0 : length === 'ascii' ? 4 : 2;
}

/** The number before a message in `bytes` at `at`, -1 when it is none. */
export function lengthAt(length: Exclude<LengthFound, false>, bytes: Uint8Array, at: number): number {
  if (bytes.length - at < lengthBytesOf(length)) return -1;
  if (length === 'little') return bytes[at] | (bytes[at + 1] << 8);
  return readFrameLength({ length, tpdu: false, header: false }, bytes, at);
}

function lengthFits(length: LengthFound, countsItself: boolean, bytes: Uint8Array): boolean {
  if (length === false) return true;
  return lengthAt(length, bytes, 0) === bytes.length - (countsItself ? 0 : lengthBytesOf(length));
}

/** True when the byte at `at` of most messages has this high half. */
function begins(messages: readonly Uint8Array[], at: number, high: number, least: number): boolean {
  return messages.filter(bytes => (bytes[at] & 0xf0) === high).length >= least;
}

/** Evidence of a message type at `at`; -1 when there is none. */
function typeBits(bytes: Uint8Array, at: number, mti: Head['mti']): number {
  if (bytes.length < at + 4 + 8) return -1;
  let type = 0;
  if (mti === 'bcd') {
    type = (bytes[at] << 8) | bytes[at + 1];
  } else {
    for (let i = at; i < at + 4; i++) {
      const digit = bytes[i] - (mti === 'ascii' ? 0x30 : 0xf0);
      if (digit < 0 || digit > 9) return -1;
      type = (type << 4) | digit;
    }
  }
  const edition = type >> 12;
  if (!KNOWN_CLASSES.has((type >> 4) & 0xff) || (type & 0x0f) > 5) return -1;
  if (edition > 2 && edition !== 8 && edition !== 9) return -1;
  const rare = edition > 0 ? 3 : 0;
  return BITS.knownType + (mti === 'bcd' ? 0 : 2 * BITS.typeCharacter) - rare - ((type & 0x0f) === 0 ? 0 : 3);
}

function firstBit(bytes: Uint8Array, at: number, form: BitmapForm): boolean {
  if (form === 'binary') return bytes[at] >= 0x80;
  return hexValue(form === 'hex' ? bytes[at] : fromEbcdic(bytes[at])) >= 8;
}

/** Evidence of a bitmap at `at`; -1 when there is none. */
function bitmapBits(bytes: Uint8Array, at: number, form: BitmapForm): number {
  const width = form === 'binary' ? 8 : 16;
  if (bytes.length < at + width) return -1;
  let bits = 0;
  const names = (field: number): boolean => {
    const bit = field - 1;
    if (form === 'binary') return ((bytes[at + (bit >> 3)] >> (7 - (bit & 7))) & 1) === 1;
    const byte = bytes[at + (bit >> 2)];
    const nibble = hexValue(form === 'hex' ? byte : fromEbcdic(byte));
    return ((nibble >> (3 - (bit & 3))) & 1) === 1;
  };
  if (form !== 'binary') {
    for (let i = at; i < at + 16; i++) {
      if (hexValue(form === 'hex' ? bytes[i] : fromEbcdic(bytes[i])) < 0) return -1;
    }
    bits += 6 * BITS.hexCharacter;
  }
  let fields = 0;
  for (let field = 2; field <= 64; field++) if (names(field)) fields++;
  if (fields < FIELDS_MIN || fields > FIELDS_MAX) return -1;
  for (const field of USUAL_FIELDS) bits += names(field) ? BITS.usualField : -BITS.usualField;
  return Math.max(0, bits + (fields < 24 ? BITS.bitmap : 0));
}
