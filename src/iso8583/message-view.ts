import { assert } from '../assert.ts';
import { badBcd, bcdByte, bcdNumber, bcdText, bcdToAscii, nibbleAt } from '../wire/bcd.ts';
import { fromEbcdic } from '../wire/ebcdic.ts';
import { hexValue, toHex } from '../wire/hex.ts';
import { CharacterClass, badCharacter, ebcdicText, latin1 } from './characters.ts';
import { FIELD_MAX, FieldTypeCode, LengthForm, NO_PAD, UnitForm, type FieldPlan } from './plan.ts';
import { Status } from './status.ts';
import { Texts } from './texts.ts';

/** Message type and bitmap where they are shortest: two bytes and eight. */
export const BODY_HEAD_LENGTH = 10;
/** Words of 32 bits in three bitmaps. */
const BITMAP_WORDS = 6;

const NOTHING = new Uint8Array(0);

/**
 * One decoded message body (message type, bitmaps, fields) as offsets into the caller's bytes. The view is made once and
 * used for every message; decoding creates nothing and copies nothing, so the bytes must stay as they are while values
 * are read. After an error the fields before it can still be read.
 */
export class MessageView {
  readonly plan: FieldPlan;
  /** {@link Status} of the last decode. */
  status: number = Status.noMessage;
  /** Field that is wrong: 0 message type, 1 bitmap, 2–192; with `trailing`, the last field of the message. */
  errorField = 0;
  /** Offset of the first wrong byte in the caller's array. */
  errorOffset = 0;
  /** 0x0210 for message type 0210. */
  mti = 0;
  /** Offset of the message type. */
  start = 0;
  /** Offset after the last decoded field. */
  end = 0;
  private source: Uint8Array = NOTHING;
  /** Bits of fields 1–32, 33–64, … that the bitmaps name, and those of the fields that were decoded. */
  private readonly named = new Int32Array(BITMAP_WORDS);
  private readonly decoded = new Int32Array(BITMAP_WORDS);
  private readonly offsets = new Int32Array(FIELD_MAX + 1);
  private readonly lengths = new Int32Array(FIELD_MAX + 1);
  private readonly sizes = new Int32Array(FIELD_MAX + 1);
  private readonly pads = new Uint8Array(FIELD_MAX + 1);

  /** Made for the first {@link texts}. */
  private allTexts: Texts | undefined;

  constructor(plan: FieldPlan) {
    this.plan = plan;
  }

  /**
   * Decodes the body in `bytes[start, end)` and checks every length, bound, digit and character. Returns the
   * {@link Status}; `trailing` when bytes are left after the last field.
   */
  decode(bytes: Uint8Array, start: number, end: number): number {
    return this.walk(bytes, start, end, true);
  }

  /**
   * Like {@link decode}, but finds only where the fields are: lengths and bounds are checked, the digits and characters of
   * the values are not. For routing, and for skipping messages.
   */
  locate(bytes: Uint8Array, start: number, end: number): number {
    return this.walk(bytes, start, end, false);
  }

  private walk(bytes: Uint8Array, start: number, end: number, checked: boolean): number {
    assert(start >= 0 && start <= end && end <= bytes.length, 'decode: range outside the bytes');
    const { plan, named, decoded } = this;
    this.source = bytes;
    this.start = this.end = start;
    this.mti = 0;
    this.status = Status.ok;
    this.errorField = 0;
    this.errorOffset = start;
    for (let w = 0; w < BITMAP_WORDS; w++) named[w] = decoded[w] = 0;
    if (this.messageType(end) !== Status.ok || this.bitmaps(end) !== Status.ok) return this.status;
    let last = 1;
    for (let w = 0; w < BITMAP_WORDS; w++) {
      let bits = named[w];
      // Bits 1 and 65 announce bitmaps; they are no fields.
      if (w === 0 || (w === 2 && plan.bitmapsMost === 3)) bits &= 0x7fffffff;
      if (w === 2 && plan.thirdAtField65 && named[2] < 0 && this.bitmap(4, end) !== Status.ok) return this.status;
      while (bits !== 0) {
        const bit = Math.clz32(bits);
        const mask = 0x80000000 >>> bit;
        bits &= ~mask;
        last = w * 32 + bit + 1;
        if (this.field(last, end, checked) !== Status.ok) return this.status;
        decoded[w] |= mask;
      }
    }
    return this.end === end ? Status.ok : this.fail(Status.trailing, last, this.end);
  }

  /** True when the field was decoded. */
  has(field: number): boolean {
    return isSet(this.decoded, field);
  }

  /** The first decoded field above `field`; 0 when there is none. */
  next(field: number): number {
    let w = field >> 5;
    let bits = this.decoded[w] & (0xffffffff >>> (field & 31));
    while (bits === 0) {
      if (++w >= BITMAP_WORDS) return 0;
      bits = this.decoded[w];
    }
    return w * 32 + Math.clz32(bits) + 1;
  }

  /** True when the bitmap names the field, decoded or not. */
  announced(field: number): boolean {
    return isSet(this.named, field);
  }

  /** Offset of the value's first byte in the caller's array, or -1 when the field is absent. */
  offset(field: number): number {
    return this.has(field) ? this.offsets[field] : -1;
  }

  /** Bytes of the value on the wire without its length; 0 when absent. */
  length(field: number): number {
    return this.has(field) ? this.lengths[field] : 0;
  }

  /** Digits for n and z, characters for an and ans, bytes for b; 0 when absent. */
  size(field: number): number {
    return this.has(field) ? this.sizes[field] : 0;
  }

  /** The nibble that fills an odd number of packed digits, 0–15; -1 when there is none. */
  padNibble(field: number): number {
    return this.has(field) && this.pads[field] !== NO_PAD ? this.pads[field] : -1;
  }

  /** Position of the first packed digit, in nibbles from the start of the caller's array; -1 when absent or not packed. */
  firstNibble(field: number): number {
    if (!this.has(field) || this.plan.form[field] !== UnitForm.packed) return -1;
    const skip = this.plan.right[field] === 1 && this.pads[field] !== NO_PAD ? 1 : 0;
    return this.offsets[field] * 2 + skip;
  }

  /** The caller's array that was decoded last. */
  get message(): Uint8Array {
    return this.source;
  }

  /**
   * The value as text: digits for n, digits and A–F for z (separator D), one character a byte for an and ans, upper-case
   * hex for b; empty when absent. Not for card data on a production path: use {@link digitsInto}.
   */
  text(field: number): string {
    if (!this.has(field)) return '';
    const from = this.offsets[field];
    const to = from + this.lengths[field];
    if (this.plan.form[field] === UnitForm.packed) {
      return bcdText(this.source, this.firstNibble(field), this.sizes[field]);
    }
    const type = this.plan.type[field];
    if (type === FieldTypeCode.b && this.plan.form[field] === UnitForm.single) return toHex(this.source, from, to);
    const text = this.plan.ebcdic[field] === 1 ? ebcdicText(this.source, from, to) : latin1(this.source, from, to);
    if (type === FieldTypeCode.b) return text.toUpperCase();
    return type === FieldTypeCode.z ? text.replaceAll('=', 'D') : text;
  }

  /**
   * Puts {@link text} of every decoded field into `out[field]`, several times quicker than one after the other. The texts
   * share their memory: one that is kept keeps all. Card data becomes strings: not for production paths.
   */
  texts(out: (string | undefined)[]): void {
    const texts = (this.allTexts ??= new Texts(this.plan));
    texts.begin();
    for (let w = 0; w < BITMAP_WORDS; w++) {
      let bits = this.decoded[w];
      while (bits !== 0) {
        const bit = Math.clz32(bits);
        bits &= ~(0x80000000 >>> bit);
        const field = w * 32 + bit + 1;
        texts.add(field, this.source, this.offsets[field], this.sizes[field]);
      }
    }
    texts.end(out);
  }

  /** The value of a digits-only field of up to 15 digits (n, or digits in an/ans); -1 when absent or no such number. */
  number(field: number): number {
    if (!this.has(field)) return -1;
    const type = this.plan.type[field];
    const size = this.sizes[field];
    if (type === FieldTypeCode.b || type === FieldTypeCode.z || size === 0 || size > 15) return -1;
    if (this.plan.form[field] === UnitForm.packed) return bcdNumber(this.source, this.firstNibble(field), size);
    const zero = this.plan.ebcdic[field] === 1 ? 0xf0 : 0x30;
    let value = 0;
    const from = this.offsets[field];
    for (let i = from; i < from + size; i++) {
      const digit = this.source[i] - zero;
      if (digit < 0 || digit > 9) return -1;
      value = value * 10 + digit;
    }
    return value;
  }

  /** An amount of data element 4 or another n12, in minor units (fen); -1 when absent. */
  amountMinor(field: number): number {
    return this.number(field);
  }

  /** The value's bytes on the wire: a view of the caller's bytes, no copy. Empty when absent. */
  bytes(field: number): Uint8Array {
    if (!this.has(field)) return NOTHING;
    const from = this.offsets[field];
    return this.source.subarray(from, from + this.lengths[field]);
  }

  /**
   * Writes the digits of an n or z value as ASCII into `out` from `at` (separator D), so that card data never becomes a
   * string. Returns the number of digits, or -1 when the field is absent, of another type, or does not fit.
   */
  digitsInto(field: number, out: Uint8Array, at: number): number {
    const type = this.plan.type[field];
    if (!this.has(field) || (type !== FieldTypeCode.n && type !== FieldTypeCode.z)) return -1;
    const size = this.sizes[field];
    if (size > out.length - at) return -1;
    if (this.plan.form[field] === UnitForm.packed) {
      bcdToAscii(this.source, this.firstNibble(field), size, out, at);
      return size;
    }
    const from = this.offsets[field];
    for (let i = 0; i < size; i++) {
      const code = this.plan.ebcdic[field] === 1 ? fromEbcdic(this.source[from + i]) : this.source[from + i];
      out[at + i] = code === 0x3d ? 0x44 : code;
    }
    return size;
  }

  /**
   * Writes the bytes of a b value into `out` from `at`, whether they travel as bytes or as hex. Returns their number, or -1
   * when the field is absent, of another type, or does not fit.
   */
  bytesInto(field: number, out: Uint8Array, at: number): number {
    if (!this.has(field) || this.plan.type[field] !== FieldTypeCode.b) return -1;
    const size = this.sizes[field];
    if (size > out.length - at) return -1;
    const from = this.offsets[field];
    const double = this.plan.form[field] === UnitForm.double;
    for (let i = 0; i < size; i++) {
      out[at + i] = double
        ? (this.hexAt(field, from + 2 * i) << 4) | this.hexAt(field, from + 2 * i + 1)
        : this.source[from + i];
    }
    return size;
  }

  private hexAt(field: number, at: number): number {
    const byte = this.source[at];
    return hexValue(this.plan.ebcdic[field] === 1 ? fromEbcdic(byte) : byte);
  }

  private messageType(end: number): number {
    const bytes = this.source;
    const at = this.start;
    const form = this.plan.mtiForm;
    const length = form === LengthForm.bcd ? 2 : 4;
    if (end - at < length) return this.fail(Status.truncated, 0, end);
    if (form === LengthForm.bcd) {
      const bad = badBcd(bytes, at, at + 2);
      if (bad >= 0) return this.fail(Status.mti, 0, bad);
      this.mti = (bytes[at] << 8) | bytes[at + 1];
    } else {
      const digits = form === LengthForm.ascii ? CharacterClass.digit : CharacterClass.ebcdicDigit;
      const bad = badCharacter(digits, bytes, at, at + 4);
      if (bad >= 0) return this.fail(Status.mti, 0, bad);
      for (let i = 0; i < 4; i++) this.mti = (this.mti << 4) | (bytes[at + i] & 0x0f);
    }
    this.end = at + length;
    return Status.ok;
  }

  private bitmaps(end: number): number {
    const { plan, named } = this;
    const start = this.end;
    if (this.bitmap(0, end) !== Status.ok) return this.status;
    if (named[0] < 0 && plan.bitmapsMost === 1) return this.fail(Status.secondBitmap, 1, start);
    if (named[0] >= 0 && plan.bitmapsLeast === 1) return Status.ok;
    if (this.bitmap(2, end) !== Status.ok) return this.status;
    const third = plan.bitmapsMost === 3 && (named[2] < 0 || plan.bitmapsLeast === 3);
    if (!third) return Status.ok;
    // Written always, bit 65 or not: it then counts as set, for those who read it where field 65 stands.
    named[2] |= 0x80000000;
    return plan.thirdAtField65 ? Status.ok : this.bitmap(4, end);
  }

  /** Reads one bitmap at `this.end` into the words `w` and `w + 1`. */
  private bitmap(w: number, end: number): number {
    const bytes = this.source;
    const at = this.end;
    const form = this.plan.bitmapForm;
    const length = form === 0 ? 8 : 16;
    if (end - at < length) return this.fail(Status.truncated, 1, end);
    if (form === 0) {
      this.named[w] = word(bytes, at);
      this.named[w + 1] = word(bytes, at + 4);
    } else {
      const bad = badCharacter(form === 1 ? CharacterClass.hex : CharacterClass.ebcdicHex, bytes, at, at + 16);
      if (bad >= 0) return this.fail(Status.character, 1, bad);
      for (let i = 0; i < 16; i++) {
        const nibble = hexValue(form === 1 ? bytes[at + i] : fromEbcdic(bytes[at + i]));
        this.named[w + (i >> 3)] = (this.named[w + (i >> 3)] << 4) | nibble;
      }
    }
    this.end = at + length;
    return Status.ok;
  }

  private field(f: number, end: number, checked: boolean): number {
    const plan = this.plan;
    const bytes = this.source;
    let at = this.end;
    if (plan.type[f] === FieldTypeCode.absent) return this.fail(Status.unknownField, f, at);
    const form = plan.form[f];
    let size = plan.max[f];
    let length = form === UnitForm.packed ? (size + 1) >> 1 : form === UnitForm.double ? size * 2 : size;
    let pad = NO_PAD;
    const lengthBytes = plan.lengthBytes[f];
    if (lengthBytes > 0) {
      const start = at;
      if (end - at < lengthBytes) return this.fail(Status.truncated, f, end);
      size = this.readLength(f, at);
      if (size < 0) return this.fail(Status.lengthDigits, f, at - size - 1);
      at += lengthBytes;
      if (form === UnitForm.single) {
        length = size;
      } else if (plan.countsBytes[f] === 0) {
        length = form === UnitForm.packed ? (size + 1) >> 1 : size * 2;
      } else {
        length = size;
        if (form === UnitForm.double && (size & 1) === 1) return this.fail(Status.lengthOdd, f, start);
        size = form === UnitForm.packed ? size * 2 : size >> 1;
        // A length that counts bytes cannot tell odd digits from even ones; the filler F can.
        if (form === UnitForm.packed && plan.pad[f] === 0x0f && length > 0 && size - 1 <= plan.max[f]) {
          if (length > end - at) return this.fail(Status.truncated, f, end);
          if (nibbleAt(bytes, plan.right[f] === 1 ? at * 2 : (at + length) * 2 - 1) === 0x0f) size--;
        }
      }
      if (size > plan.max[f]) return this.fail(Status.tooLong, f, start);
    }
    if (length > end - at) return this.fail(Status.truncated, f, end);
    if (form === UnitForm.packed && (size & 1) === 1) {
      pad = nibbleAt(bytes, plan.right[f] === 1 ? at * 2 : (at + length) * 2 - 1);
    }
    if (!checked) {
      // Only places are wanted.
    } else if (plan.allowed[f] === CharacterClass.packed) {
      const bad = badDigit(bytes, at, length, pad === NO_PAD ? 0 : plan.right[f] === 1 ? -1 : 1);
      if (bad >= 0) return this.fail(Status.digit, f, bad);
    } else if (plan.allowed[f] !== CharacterClass.any) {
      const bad = badCharacter(plan.allowed[f], bytes, at, at + length);
      const digits = plan.type[f] === FieldTypeCode.n || plan.type[f] === FieldTypeCode.z;
      if (bad >= 0) return this.fail(digits ? Status.digit : Status.character, f, bad);
    }
    this.offsets[f] = at;
    this.lengths[f] = length;
    this.sizes[f] = size;
    this.pads[f] = pad;
    this.end = at + length;
    return Status.ok;
  }

  /** The length at `at`, or -1 minus the distance of the first byte that is no digit. */
  private readLength(f: number, at: number): number {
    const bytes = this.source;
    const count = this.plan.lengthBytes[f];
    const form = this.plan.lengthForm[f];
    let value = 0;
    for (let i = 0; i < count; i++) {
      const byte = bytes[at + i];
      if (form === LengthForm.bcd) {
        const pair = bcdByte(byte);
        if (pair > 99) return -1 - i;
        value = value * 100 + pair;
      } else if (form === LengthForm.binary) {
        value = (value << 8) | byte;
      } else {
        const digit = byte - (form === LengthForm.ascii ? 0x30 : 0xf0);
        if (digit < 0 || digit > 9) return -1 - i;
        value = value * 10 + digit;
      }
    }
    return value;
  }

  private fail(status: number, field: number, offset: number): number {
    this.status = status;
    this.errorField = field;
    this.errorOffset = offset;
    return status;
  }
}

/** Offset of the first byte with a nibble above 9, or -1. The pad nibble is not looked at: `padAt` -1 first, 1 last, 0 none. */
function badDigit(bytes: Uint8Array, at: number, length: number, padAt: number): number {
  const end = at + length;
  if (padAt === 0) return badBcd(bytes, at, end);
  if (padAt < 0) return nibbleAt(bytes, at * 2 + 1) > 9 ? at : badBcd(bytes, at + 1, end);
  const bad = badBcd(bytes, at, end - 1);
  if (bad >= 0) return bad;
  return nibbleAt(bytes, (end - 1) * 2) > 9 ? end - 1 : -1;
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}

function isSet(words: Int32Array, field: number): boolean {
  return field >= 2 && field <= FIELD_MAX && words[(field - 1) >> 5] << ((field - 1) & 31) < 0;
}
