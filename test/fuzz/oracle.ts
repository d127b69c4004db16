import type { DialectOptions, DialectSource, Encoding, FieldSource, LengthEncoding } from '../../src/iso8583/source.ts';

/**
 * A second decoder, written from the documentation and from nothing else: it shares the data types of a dialect with
 * `src/iso8583` and no code, not even the EBCDIC table. It goes field by field and byte by byte, so that what is right can
 * be read off it. It judges the real one.
 */

/** The statuses of docs/codec.md that decoding can end in. */
export const ok = 0;
export const truncated = 1;
export const wrongMti = 2;
export const secondBitmap = 3;
export const unknownField = 4;
export const lengthDigits = 5;
export const tooLong = 6;
export const wrongDigit = 7;
export const wrongCharacter = 8;
export const trailing = 9;
export const lengthOdd = 17;

export const LAST_FIELD = 192;
const NO_FILLER = -1;

/** ISO 8859-1 characters of the EBCDIC (code page 037) bytes 40h–FEh; the other bytes are control characters. */
const CP037 =
  ' \xa0\xe2\xe4\xe0\xe1\xe3\xe5\xe7\xf1\xa2.<(+|&\xe9\xea\xeb\xe8\xed\xee\xef\xec\xdf!$*);\xac-/\xc2\xc4\xc0\xc1\xc3\xc5\xc7' +
  '\xd1\xa6,%_>?\xf8\xc9\xca\xcb\xc8\xcd\xce\xcf\xcc`:#@\'="\xd8abcdefghi\xab\xbb\xf0\xfd\xfe\xb1\xb0jklmnopqr\xaa\xba\xe6' +
  '\xb8\xc6\xa4\xb5~stuvwxyz\xa1\xbf\xd0\xdd\xde\xae^\xa3\xa5\xb7\xa9\xa7\xb6\xbc\xbd\xbe[]\xaf\xa8\xb4\xd7{ABCDEFGHI\xad' +
  '\xf4\xf6\xf2\xf3\xf5}JKLMNOPQR\xb9\xfb\xfc\xf9\xfa\xff\\\xf7STUVWXYZ\xb2\xd4\xd6\xd2\xd3\xd50123456789\xb3\xdb\xdc\xd9\xda';

/** Character of an EBCDIC byte; `\0` for those that no value may have. */
export function ebcdicCharacter(byte: number): string {
  return byte >= 0x40 && byte <= 0xfe ? CP037[byte - 0x40] : '\0';
}

/** EBCDIC byte of a character. */
export function ebcdicByte(character: string): number {
  return 0x40 + CP037.indexOf(character);
}

/** 1 for each byte whose character is one of `characters`. */
function tableOf(characters: string, ebcdic: boolean): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of characters) table[ebcdic ? ebcdicByte(character) : character.charCodeAt(0)] = 1;
  return table;
}

const DECIMAL = '0123456789';
const HEX = '0123456789ABCDEFabcdef';
let printable = '';
for (let code = 0x20; code <= 0x7e; code++) printable += String.fromCharCode(code);
let upperHalf = '';
for (let code = 0x80; code <= 0xff; code++) upperHalf += String.fromCharCode(code);

/** What a field is, as a reader of the dialect's page would note it down. */
export interface Rule {
  readonly field: number;
  readonly source: FieldSource;
  readonly encoding: Encoding;
  readonly packed: boolean;
  readonly hex: boolean;
  readonly ebcdic: boolean;
  readonly digits: boolean;
  readonly max: number;
  /** Bytes of the length; 0 for a fixed field. */
  readonly lengthBytes: number;
  readonly lengthEncoding: LengthEncoding;
  readonly countsBytes: boolean;
  /** Where the filler of odd packed digits stands. */
  readonly fillerFirst: boolean;
  /** Nibble that encoding writes there. */
  readonly filler: number;
  /** 1 for each byte that a value may have; for packed digits it is not used. */
  readonly allowed: Uint8Array;
}

function ruleOf(dialect: DialectSource, field: number, source: FieldSource): Rule {
  const defaults = dialect.defaults ?? {};
  const digits = source.type === 'n' || source.type === 'z';
  let encoding = source.encoding;
  if (encoding === undefined && digits) encoding = defaults.digits ?? 'bcd';
  if (encoding === undefined && source.type === 'b') encoding = defaults.bytes ?? 'binary';
  encoding ??= defaults.text ?? 'ascii';
  const ebcdic = encoding === 'ebcdic' || encoding === 'hexEbcdic';
  const lengthEncoding = source.lengthEncoding ?? defaults.length ?? 'bcd';
  const lengthDigitsCount = { fixed: 0, l: 1, ll: 2, lll: 3, llll: 4 }[source.length];
  const halves = lengthEncoding === 'bcd' || lengthEncoding === 'binary';
  const hex = encoding === 'hex' || encoding === 'hexEbcdic';
  let allowed: Uint8Array;
  if (hex) allowed = tableOf(HEX, ebcdic);
  else if (source.type === 'n') allowed = tableOf(DECIMAL, ebcdic);
  else if (source.type === 'z') allowed = tableOf(`${DECIMAL}ABCDEF=`, ebcdic);
  else if (source.type === 'an') allowed = tableOf(printable, ebcdic);
  else if (source.type === 'ans') allowed = tableOf(printable + (ebcdic ? upperHalf.slice(32) : upperHalf), ebcdic);
  else allowed = new Uint8Array(256).fill(1);
  return {
    field,
    source,
    encoding,
    packed: encoding === 'bcd',
    hex,
    ebcdic,
    digits,
    max: source.max,
    lengthBytes: halves ? Math.ceil(lengthDigitsCount / 2) : lengthDigitsCount,
    lengthEncoding,
    countsBytes: (source.lengthCounts ?? defaults.lengthCounts) === 'bytes',
    fillerFirst: source.align === 'right',
    filler: source.pad === 'F' ? 0xf : 0,
    allowed,
  };
}

/** Bytes on the wire of a value of so many units. */
export function wireBytes(rule: Rule, units: number): number {
  if (rule.packed) return Math.ceil(units / 2);
  return rule.hex ? units * 2 : units;
}

const byteHex = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, '0');

export class Oracle {
  readonly dialect: DialectSource;
  readonly options: DialectOptions;
  /** By field number; undefined where the dialect has no field. */
  readonly rules: (Rule | undefined)[] = Array.from({ length: LAST_FIELD + 1 }, () => undefined);
  readonly fields: readonly number[];
  readonly least: number;
  readonly most: number;
  readonly thirdAtField65: boolean;
  readonly mtiBytes: number;
  readonly bitmapBytes: number;

  status = ok;
  errorField = 0;
  errorOffset = 0;
  mti = 0;
  start = 0;
  end = 0;
  /** Bytes and fields looked at in the last decode: what the work is bounded by. */
  steps = 0;
  /** Fields decoded, in order: `order[0, count)`. */
  readonly order = new Int32Array(LAST_FIELD + 1);
  count = 0;
  /** 1 where a bitmap names the field. */
  readonly named = new Uint8Array(LAST_FIELD + 1);
  readonly offset = new Int32Array(LAST_FIELD + 1);
  readonly length = new Int32Array(LAST_FIELD + 1);
  readonly size = new Int32Array(LAST_FIELD + 1);
  /** Filler nibble, -1 where there is none. */
  readonly pad = new Int32Array(LAST_FIELD + 1);
  private bytes: Uint8Array = new Uint8Array(0);
  /** Field of the last bit of the bitmaps read so far. */
  private lastBit = 0;
  private readonly mtiTable: Uint8Array | undefined;
  private readonly hexValue = new Int32Array(256).fill(-1);

  constructor(dialect: DialectSource, chosen: DialectOptions = {}) {
    this.dialect = dialect;
    this.options = chosen;
    const fields: Record<string, FieldSource> = { ...dialect.fields };
    for (const [name, option] of Object.entries(dialect.options)) {
      const changes = option.choices[chosen[name] ?? option.default];
      for (const [field, change] of Object.entries(changes)) fields[field] = { ...fields[field], ...change };
    }
    for (const [field, source] of Object.entries(fields)) {
      this.rules[Number(field)] = ruleOf(dialect, Number(field), source);
    }
    this.fields = Object.keys(fields).map(Number);
    this.least = dialect.bitmaps?.least ?? 1;
    this.most = dialect.bitmaps?.most ?? 1;
    this.thirdAtField65 = this.most === 3 && dialect.bitmaps?.third === 'field65';
    this.mtiBytes = dialect.mti === 'bcd' ? 2 : 4;
    this.bitmapBytes = dialect.bitmap === 'binary' ? 8 : 16;
    if (dialect.mti !== 'bcd') this.mtiTable = tableOf(DECIMAL, dialect.mti === 'ebcdic');
    for (const character of HEX) {
      const byte = dialect.bitmap === 'hexEbcdic' ? ebcdicByte(character) : character.charCodeAt(0);
      this.hexValue[byte] = Number.parseInt(character, 16);
    }
  }

  /** Decodes `bytes[start, end)`; the results stay in the members until the next call. */
  decode(bytes: Uint8Array, start: number, end: number): number {
    this.bytes = bytes;
    this.start = this.end = start;
    this.mti = 0;
    this.count = 0;
    this.steps = 0;
    this.named.fill(0);
    this.errorField = 0;
    this.errorOffset = start;
    this.status = ok;
    if (!this.readMti(end) || !this.readBitmaps(end)) return this.status;
    let last = 1;
    for (let field = 2; field <= this.lastBit; field++) {
      if (field === 65 && this.most === 3) {
        if (this.thirdAtField65 && this.named[65] === 1 && !this.readBitmap(129, end)) return this.status;
        continue;
      }
      if (this.named[field] === 0) continue;
      last = field;
      if (!this.readField(field, end)) return this.status;
      this.order[this.count++] = field;
    }
    if (this.end !== end) this.wrong(trailing, last, this.end);
    return this.status;
  }

  private wrong(status: number, field: number, at: number): false {
    this.status = status;
    this.errorField = field;
    this.errorOffset = at;
    return false;
  }

  private readMti(end: number): boolean {
    const { bytes, start } = this;
    if (end - start < this.mtiBytes) return this.wrong(truncated, 0, end);
    for (let at = start; at < start + this.mtiBytes; at++) {
      this.steps++;
      const byte = bytes[at];
      const right = this.mtiTable === undefined ? byte >> 4 <= 9 && (byte & 15) <= 9 : this.mtiTable[byte] === 1;
      if (!right) return this.wrong(wrongMti, 0, at);
    }
    for (let at = start; at < start + this.mtiBytes; at++) {
      this.mti = this.mtiTable === undefined ? this.mti * 256 + bytes[at] : this.mti * 16 + (bytes[at] & 15);
    }
    this.end = start + this.mtiBytes;
    return true;
  }

  private readBitmaps(end: number): boolean {
    const first = this.end;
    if (!this.readBitmap(1, end)) return false;
    if (this.most === 1) return this.named[1] === 0 || this.wrong(secondBitmap, 1, first);
    if (this.named[1] === 0 && this.least === 1) return true;
    if (!this.readBitmap(65, end)) return false;
    if (this.most < 3) return true;
    if (this.named[65] === 0 && this.least < 3) return true;
    // A third bitmap that is always there needs no bit.
    this.named[65] = 1;
    return this.thirdAtField65 || this.readBitmap(129, end);
  }

  /** Reads the bitmap whose first bit stands for `field`. */
  private readBitmap(field: number, end: number): boolean {
    const at = this.end;
    if (end - at < this.bitmapBytes) return this.wrong(truncated, 1, end);
    // A bitmap with a wrong character announces nothing.
    for (let i = 0; this.bitmapBytes === 16 && i < 16; i++) {
      if (this.hexValue[this.bytes[at + i]] < 0) return this.wrong(wrongCharacter, 1, at + i);
    }
    for (let i = 0; i < this.bitmapBytes; i++) {
      this.steps++;
      const byte = this.bytes[at + i];
      const width = 64 / this.bitmapBytes;
      const bits = width === 8 ? byte : this.hexValue[byte];
      if (bits === 0) continue;
      for (let k = 0; k < width; k++) this.named[field + i * width + k] = (bits >> (width - 1 - k)) & 1;
    }
    this.end = at + this.bitmapBytes;
    this.lastBit = field + 63;
    return true;
  }

  private readField(field: number, end: number): boolean {
    const rule = this.rules[field];
    const { bytes } = this;
    const first = this.end;
    this.steps++;
    if (rule === undefined) return this.wrong(unknownField, field, first);
    let size = rule.max;
    let at = first;
    if (rule.lengthBytes > 0) {
      if (end - at < rule.lengthBytes) return this.wrong(truncated, field, end);
      let told = 0;
      for (; at < first + rule.lengthBytes; at++) {
        this.steps++;
        const byte = bytes[at];
        if (rule.lengthEncoding === 'binary') {
          told = told * 256 + byte;
        } else if (rule.lengthEncoding === 'bcd') {
          if (byte >> 4 > 9 || (byte & 15) > 9) return this.wrong(lengthDigits, field, at);
          told = told * 100 + (byte >> 4) * 10 + (byte & 15);
        } else {
          const zero = rule.lengthEncoding === 'ascii' ? 0x30 : 0xf0;
          if (byte < zero || byte > zero + 9) return this.wrong(lengthDigits, field, at);
          told = told * 10 + byte - zero;
        }
      }
      size = told;
      if (rule.countsBytes && rule.hex) {
        if (told % 2 === 1) return this.wrong(lengthOdd, field, first);
        size = told / 2;
      }
      if (rule.countsBytes && rule.packed) {
        size = told * 2;
        // Bytes do not tell odd from even; a filler F does.
        if (rule.filler === 0xf && told > 0 && size - 1 <= rule.max) {
          if (told > end - at) return this.wrong(truncated, field, end);
          const filler = rule.fillerFirst ? bytes[at] >> 4 : bytes[at + told - 1] & 15;
          if (filler === 0xf) size--;
        }
      }
      if (size > rule.max) return this.wrong(tooLong, field, first);
    }
    const length = wireBytes(rule, size);
    if (length > end - at) return this.wrong(truncated, field, end);
    const hasFiller = rule.packed && size % 2 === 1;
    let pad = NO_FILLER;
    if (hasFiller) pad = rule.fillerFirst ? bytes[at] >> 4 : bytes[at + length - 1] & 15;
    for (let i = 0; i < length; i++) {
      this.steps++;
      const byte = bytes[at + i];
      if (!rule.packed) {
        if (rule.allowed[byte] === 0) return this.wrong(rule.digits ? wrongDigit : wrongCharacter, field, at + i);
      } else if (rule.source.type === 'n') {
        const highIsFiller = hasFiller && rule.fillerFirst && i === 0;
        const lowIsFiller = hasFiller && !rule.fillerFirst && i === length - 1;
        if (!highIsFiller && byte >> 4 > 9) return this.wrong(wrongDigit, field, at + i);
        if (!lowIsFiller && (byte & 15) > 9) return this.wrong(wrongDigit, field, at + i);
      }
    }
    this.offset[field] = at;
    this.length[field] = length;
    this.size[field] = size;
    this.pad[field] = pad;
    this.end = at + length;
    return true;
  }

  /** The value as the documentation of `MessageView.text` describes it. */
  text(field: number): string {
    const rule = this.rules[field] as Rule;
    const from = this.offset[field];
    const to = from + this.length[field];
    let text = '';
    for (let at = from; at < to; at++) {
      const byte = this.bytes[at];
      if (rule.packed || rule.encoding === 'binary') text += byteHex(byte);
      else text += rule.ebcdic ? ebcdicCharacter(byte) : String.fromCharCode(byte);
    }
    if (rule.packed && this.pad[field] !== NO_FILLER) return rule.fillerFirst ? text.slice(1) : text.slice(0, -1);
    if (rule.hex) return text.toUpperCase();
    return rule.source.type === 'z' ? text.split('=').join('D') : text;
  }

  /** Value of at most 15 decimal digits, -1 for anything else. */
  number(field: number): number {
    const rule = this.rules[field] as Rule;
    const text = this.text(field);
    if (rule.source.type === 'b' || rule.source.type === 'z') return -1;
    return /^[0-9]{1,15}$/.test(text) ? Number(text) : -1;
  }

  /**
   * Writes the message that was decoded last as an encoder writes it, into `out` from 0: see the list in README.md. With
   * `ownFillers` the dialect's filler stands beside odd packed digits whatever was read. Returns its length.
   */
  canonical(out: Uint8Array, ownFillers = false): number {
    const { bytes } = this;
    let most = 0;
    for (let i = 0; i < this.count; i++) most = this.order[i];
    const bitmaps = Math.max(this.least, most > 128 ? 3 : most > 64 ? 2 : 1);
    let at = 0;
    for (let i = 0; i < this.mtiBytes; i++) out[at++] = bytes[this.start + i];
    for (let b = 0; b < bitmaps && !(b === 2 && this.thirdAtField65); b++) at = this.writeBitmap(b, bitmaps, out, at);
    let third = bitmaps === 3 && this.thirdAtField65;
    for (let i = 0; i < this.count; i++) {
      const field = this.order[i];
      if (third && field > 65) {
        third = false;
        at = this.writeBitmap(2, bitmaps, out, at);
      }
      const rule = this.rules[field] as Rule;
      const value = this.offset[field];
      for (let k = value - rule.lengthBytes; k < value; k++) out[at++] = bytes[k];
      const first = at;
      for (let k = value; k < value + this.length[field]; k++) out[at++] = canonicalByte(rule, bytes[k]);
      if (!ownFillers || this.pad[field] === NO_FILLER) continue;
      if (rule.fillerFirst) out[first] = (rule.filler << 4) | (out[first] & 15);
      else out[at - 1] = (out[at - 1] & 0xf0) | rule.filler;
    }
    return third ? this.writeBitmap(2, bitmaps, out, at) : at;
  }

  private writeBitmap(b: number, bitmaps: number, out: Uint8Array, at: number): number {
    const bits = new Uint8Array(64);
    for (let i = 0; i < this.count; i++) {
      const bit = this.order[i] - 1 - 64 * b;
      if (bit >= 0 && bit < 64) bits[bit] = 1;
    }
    // The first bit of one bitmap announces the next.
    if (b + 1 < bitmaps) bits[0] = 1;
    for (let i = 0; i < 16; i++) {
      const nibble = bits[4 * i] * 8 + bits[4 * i + 1] * 4 + bits[4 * i + 2] * 2 + bits[4 * i + 3];
      const character = nibble.toString(16).toUpperCase();
      if (this.dialect.bitmap === 'hex') out[at++] = character.charCodeAt(0);
      else if (this.dialect.bitmap === 'hexEbcdic') out[at++] = ebcdicByte(character);
      else if (i % 2 === 0) out[at] = nibble * 16;
      else out[at++] += nibble;
    }
    return at;
  }
}

const LOWER_TO_UPPER = new Uint8Array(256);
const LOWER_TO_UPPER_EBCDIC = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) LOWER_TO_UPPER[byte] = LOWER_TO_UPPER_EBCDIC[byte] = byte;
for (const letter of 'abcdef') {
  LOWER_TO_UPPER[letter.charCodeAt(0)] = letter.toUpperCase().charCodeAt(0);
  LOWER_TO_UPPER_EBCDIC[ebcdicByte(letter)] = ebcdicByte(letter.toUpperCase());
}

function canonicalByte(rule: Rule, byte: number): number {
  if (rule.hex) return (rule.ebcdic ? LOWER_TO_UPPER_EBCDIC : LOWER_TO_UPPER)[byte];
  if (rule.source.type !== 'z' || rule.packed) return byte;
  // The separator of a track in characters has two spellings.
  if (rule.ebcdic) return byte === 0xc4 ? 0x7e : byte;
  return byte === 0x44 ? 0x3d : byte;
}
