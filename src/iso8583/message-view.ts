import { assert } from '../assert.ts';
import { badBcd, bcdByte, bcdNumber, bcdText, bcdToAscii, nibbleAt } from '../wire/bcd.ts';
import { toHex } from '../wire/hex.ts';
import { badCharacter, latin1 } from './characters.ts';
import { FIELD_MAX, FieldTypeCode, NO_PAD, type FieldPlan } from './plan.ts';
import { Status } from './status.ts';

/** Message type and bitmap. */
export const BODY_HEAD_LENGTH = 10;

const NOTHING = new Uint8Array(0);

/**
 * One decoded message body (MTI 2 bytes, bitmap 8 bytes, fields 2–64) as offsets into the caller's bytes. The view is
 * made once and used for every message; decoding creates nothing and copies nothing, so the bytes must stay as they
 * are while values are read. After an error the fields before it can still be read.
 */
export class MessageView {
  readonly plan: FieldPlan;
  /** {@link Status} of the last decode. */
  status: number = Status.noMessage;
  /** Field that is wrong: 0 message type, 1 bitmap, 2–64; with `trailing`, the last field of the message. */
  errorField = 0;
  /** Offset of the first wrong byte in the caller's array. */
  errorOffset = 0;
  /** 0x0210 for message type 0210. */
  mti = 0;
  /** Offset of the message type. */
  start = 0;
  /** Offset after the last decoded field. */
  end = 0;
  /** Fields 1–32 and 33–64 that the bitmap names, most significant bit first. */
  bitmapHigh = 0;
  bitmapLow = 0;
  private source: Uint8Array = NOTHING;
  private decodedHigh = 0;
  private decodedLow = 0;
  private readonly offsets = new Int32Array(FIELD_MAX + 1);
  private readonly lengths = new Int32Array(FIELD_MAX + 1);
  private readonly sizes = new Int32Array(FIELD_MAX + 1);
  private readonly pads = new Uint8Array(FIELD_MAX + 1);

  constructor(plan: FieldPlan) {
    this.plan = plan;
  }

  /**
   * Decodes the body in `bytes[start, end)` and checks every length, bound, digit and character. Returns the
   * {@link Status}; `trailing` when bytes are left after the last field.
   */
  decode(bytes: Uint8Array, start: number, end: number): number {
    assert(start >= 0 && start <= end && end <= bytes.length, 'decode: range outside the bytes');
    this.source = bytes;
    this.start = start;
    this.end = start;
    this.mti = 0;
    this.bitmapHigh = this.bitmapLow = this.decodedHigh = this.decodedLow = 0;
    this.status = Status.ok;
    this.errorField = 0;
    this.errorOffset = start;
    if (end - start < 2) return this.fail(Status.truncated, 0, end);
    const bad = badBcd(bytes, start, start + 2);
    if (bad >= 0) return this.fail(Status.mti, 0, bad);
    this.mti = (bytes[start] << 8) | bytes[start + 1];
    this.end = start + 2;
    if (end - start < BODY_HEAD_LENGTH) return this.fail(Status.truncated, 1, end);
    const high = word(bytes, start + 2);
    const low = word(bytes, start + 6);
    this.bitmapHigh = high;
    this.bitmapLow = low;
    this.end = start + BODY_HEAD_LENGTH;
    if (high < 0) return this.fail(Status.secondBitmap, 1, start + 2);

    let last = 1;
    let bits = high;
    while (bits !== 0) {
      const bit = Math.clz32(bits);
      const mask = 1 << (31 - bit);
      bits &= ~mask;
      last = bit + 1;
      if (this.field(last, end) !== Status.ok) return this.status;
      this.decodedHigh |= mask;
    }
    bits = low;
    while (bits !== 0) {
      const bit = Math.clz32(bits);
      const mask = 1 << (31 - bit);
      bits &= ~mask;
      last = bit + 33;
      if (this.field(last, end) !== Status.ok) return this.status;
      this.decodedLow |= mask;
    }
    return this.end === end ? Status.ok : this.fail(Status.trailing, last, this.end);
  }

  /** True when the field was decoded. */
  has(field: number): boolean {
    return isSet(this.decodedHigh, this.decodedLow, field);
  }

  /** True when the bitmap names the field, decoded or not. */
  announced(field: number): boolean {
    return isSet(this.bitmapHigh, this.bitmapLow, field);
  }

  /** Offset of the value's first byte in the caller's array, or -1 when the field is absent. */
  offset(field: number): number {
    return this.has(field) ? this.offsets[field] : -1;
  }

  /** Bytes of the value on the wire without its length; 0 when absent. */
  length(field: number): number {
    return this.has(field) ? this.lengths[field] : 0;
  }

  /** Digits for n and z, bytes for the other types; 0 when absent. */
  size(field: number): number {
    return this.has(field) ? this.sizes[field] : 0;
  }

  /** The nibble that fills an odd number of digits, 0–15; -1 when there is none. */
  padNibble(field: number): number {
    return this.has(field) && this.pads[field] !== NO_PAD ? this.pads[field] : -1;
  }

  /** Position of the first digit of an n or z value, in nibbles from the start of the caller's array; -1 when absent. */
  firstNibble(field: number): number {
    if (!this.has(field)) return -1;
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
    switch (this.plan.type[field]) {
      case FieldTypeCode.n:
      case FieldTypeCode.z:
        return bcdText(this.source, this.firstNibble(field), this.sizes[field]);
      case FieldTypeCode.b:
        return toHex(this.source, from, from + this.lengths[field]);
      default:
        return latin1(this.source, from, from + this.lengths[field]);
    }
  }

  /** The value of a digits-only field of up to 15 digits (n, or ASCII digits in an/ans); -1 when absent or no such number. */
  number(field: number): number {
    if (!this.has(field)) return -1;
    const type = this.plan.type[field];
    const size = this.sizes[field];
    if (type === FieldTypeCode.n) return bcdNumber(this.source, this.firstNibble(field), size);
    if (type === FieldTypeCode.b || type === FieldTypeCode.z || size === 0 || size > 15) return -1;
    let value = 0;
    const from = this.offsets[field];
    for (let i = from; i < from + size; i++) {
      const digit = this.source[i] - 0x30;
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
   * Writes the digits of an n or z value as ASCII into `out` from `at`, so that card data never becomes a string.
   * Returns the number of digits, or -1 when the field is absent, of another type, or does not fit.
   */
  digitsInto(field: number, out: Uint8Array, at: number): number {
    const type = this.plan.type[field];
    if (!this.has(field) || (type !== FieldTypeCode.n && type !== FieldTypeCode.z)) return -1;
    const size = this.sizes[field];
    if (size > out.length - at) return -1;
    bcdToAscii(this.source, this.firstNibble(field), size, out, at);
    return size;
  }

  private field(f: number, end: number): number {
    const plan = this.plan;
    const bytes = this.source;
    const type = plan.type[f];
    let at = this.end;
    if (type === FieldTypeCode.absent) return this.fail(Status.unknownField, f, at);
    let size = plan.max[f];
    const lengthBytes = plan.lengthBytes[f];
    if (lengthBytes > 0) {
      if (end - at < lengthBytes) return this.fail(Status.truncated, f, end);
      size = bcdByte(bytes[at]);
      if (size > 99) return this.fail(Status.lengthDigits, f, at);
      if (lengthBytes === 2) {
        const low = bcdByte(bytes[at + 1]);
        if (low > 99) return this.fail(Status.lengthDigits, f, at + 1);
        size = size * 100 + low;
      }
      if (size > plan.max[f]) return this.fail(Status.tooLong, f, at);
      at += lengthBytes;
    }
    const packed = type === FieldTypeCode.n || type === FieldTypeCode.z;
    const length = packed ? (size + 1) >> 1 : size;
    if (length > end - at) return this.fail(Status.truncated, f, end);
    let pad = NO_PAD;
    if (packed && (size & 1) === 1) pad = nibbleAt(bytes, plan.right[f] === 1 ? at * 2 : (at + length) * 2 - 1);
    if (type === FieldTypeCode.n) {
      const bad = badDigit(bytes, at, length, pad === NO_PAD ? 0 : plan.right[f] === 1 ? -1 : 1);
      if (bad >= 0) return this.fail(Status.digit, f, bad);
    } else if (type === FieldTypeCode.an || type === FieldTypeCode.ans) {
      const bad = badCharacter(type, bytes, at, at + length);
      if (bad >= 0) return this.fail(Status.character, f, bad);
    }
    this.offsets[f] = at;
    this.lengths[f] = length;
    this.sizes[f] = size;
    this.pads[f] = pad;
    this.end = at + length;
    return Status.ok;
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

function isSet(high: number, low: number, field: number): boolean {
  if (field < 1 || field > FIELD_MAX) return false;
  return field <= 32 ? ((high >>> (32 - field)) & 1) === 1 : ((low >>> (64 - field)) & 1) === 1;
}
