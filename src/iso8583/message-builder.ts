import { packDigits, putBcdNumber, putNibble, toBcdByte } from '../wire/bcd.ts';
import { encodeGbkInto, gbkCode } from '../wire/gbk.ts';
import { hexValue } from '../wire/hex.ts';
import { badCharacter, isLatin1 } from './characters.ts';
import { FIELD_MAX, FieldTypeCode, type FieldPlan } from './plan.ts';
import { BODY_HEAD_LENGTH } from './message-view.ts';
import { Status } from './status.ts';

const NOTHING = new Uint8Array(0);
const MAC_FIELD = 64;
const MAC_LENGTH = 8;
/** Longest value of any field: three length digits. */
const VALUE_LENGTH_MAX = 999;

/**
 * Writes one message body into the caller's buffer, field by field in ascending order. The first mistake stays: later
 * calls do nothing and {@link finish} returns its negative status. Made once, used for every message; creates nothing.
 * The bitmap in the buffer is right after every field.
 */
export class MessageBuilder {
  readonly plan: FieldPlan;
  /** {@link Status} so far. */
  status: number = Status.order;
  /** Field of the first mistake: 0 message type, 1 bitmap, 2–64. */
  errorField = 0;
  private readonly scratch = new Uint8Array(VALUE_LENGTH_MAX);
  private out: Uint8Array = NOTHING;
  private start = 0;
  private at = 0;
  private last = 0;

  constructor(plan: FieldPlan) {
    this.plan = plan;
  }

  /** Starts a body at `out[at]`. `mti` as packed digits: 0x0200. */
  begin(out: Uint8Array, at: number, mti: number): number {
    this.out = out;
    this.start = at;
    this.at = at + BODY_HEAD_LENGTH;
    this.last = 1;
    this.status = Status.ok;
    this.errorField = 0;
    if (at < 0 || this.at > out.length) return this.fail(Status.overflow, 0);
    for (let shift = 0; shift < 16; shift += 4) if (((mti >> shift) & 0x0f) > 9) return this.fail(Status.mti, 0);
    if (!Number.isInteger(mti) || mti < 0 || mti > 0xffff) return this.fail(Status.mti, 0);
    out[at] = mti >> 8;
    out[at + 1] = mti & 0xff;
    for (let i = at + 2; i < this.at; i++) out[i] = 0;
    return Status.ok;
  }

  /** A whole number ≥ 0: all digits of a fixed field with leading zeros, the digits it has in a variable one. For n, an and ans. */
  number(field: number, value: number): number {
    const type = this.plan.type[field];
    if (type === FieldTypeCode.z || type === FieldTypeCode.b) return this.fail(Status.type, field);
    if (!Number.isSafeInteger(value) || value < 0) return this.fail(Status.range, field);
    let size = this.plan.max[field];
    if (this.plan.lengthBytes[field] > 0) {
      size = 1;
      for (let rest = Math.floor(value / 10); rest > 0; rest = Math.floor(rest / 10)) size++;
    }
    if (this.open(field, size) !== Status.ok) return this.status;
    if (type === FieldTypeCode.n) {
      const length = (size + 1) >> 1;
      if (!putBcdNumber(this.out, this.firstNibble(field, size), size, value)) return this.fail(Status.range, field);
      return this.close(field, size, length, this.plan.pad[field]);
    }
    for (let i = this.at + size - 1; i >= this.at; i--) {
      const rest = Math.floor(value / 10);
      this.out[i] = 0x30 + (value - rest * 10);
      value = rest;
    }
    if (value !== 0) return this.fail(Status.range, field);
    return this.close(field, size, size, 0);
  }

  /**
   * Digits of an n or z value; z takes A–F too and `=` as D. Leading zeros count. `pad` is the nibble beside an odd
   * number of digits; the dialect's own when it is left out.
   */
  digits(field: number, text: string, pad: number = this.plan.pad[field]): number {
    const size = text.length;
    // A character above 255 must not turn into a digit when it is cut to a byte; no digit is 0.
    for (let i = 0; i < size && i < VALUE_LENGTH_MAX; i++) {
      const code = text.charCodeAt(i);
      this.scratch[i] = code < 0x80 ? code : 0;
    }
    return this.digitsFrom(field, this.scratch, 0, size, pad);
  }

  /** Like {@link digits}, from ASCII digits in `ascii[from, to)`: for card data, which is never a string. */
  digitsFrom(field: number, ascii: Uint8Array, from: number, to: number, pad: number = this.plan.pad[field]): number {
    const type = this.plan.type[field];
    if (type !== FieldTypeCode.n && type !== FieldTypeCode.z) return this.wrongType(field);
    const size = to - from;
    if (size < 0) return this.fail(Status.range, field);
    if (this.open(field, size) !== Status.ok) return this.status;
    const nibble = this.firstNibble(field, size);
    if (from < 0 || to > ascii.length) return this.fail(Status.range, field);
    if (!packDigits(ascii, from, to, this.out, nibble, type === FieldTypeCode.z)) return this.fail(Status.digit, field);
    return this.close(field, size, (size + 1) >> 1, pad);
  }

  /**
   * Characters of an an or ans value. A text whose characters are all below 256 is written one byte a character; any
   * other text is written as GBK. Fixed fields need their exact length: nothing is padded or cut.
   */
  text(field: number, text: string): number {
    const type = this.plan.type[field];
    if (type !== FieldTypeCode.an && type !== FieldTypeCode.ans) return this.wrongType(field);
    const plain = isLatin1(text);
    const size = plain ? text.length : gbkLength(text);
    if (size < 0) return this.fail(Status.character, field);
    if (this.open(field, size) !== Status.ok) return this.status;
    const { out, at } = this;
    if (plain) for (let i = 0; i < size; i++) out[at + i] = text.charCodeAt(i);
    else encodeGbkInto(text, out, at);
    return this.checkCharacters(field, type, size);
  }

  /** Bytes `source[from, to)` of a b value, or the characters of an an or ans value as they are. */
  bytes(field: number, source: Uint8Array, from = 0, to = source.length): number {
    const type = this.plan.type[field];
    if (type === FieldTypeCode.n || type === FieldTypeCode.z) return this.wrongType(field);
    const size = to - from;
    if (size < 0 || from < 0 || to > source.length) return this.fail(Status.range, field);
    if (this.open(field, size) !== Status.ok) return this.status;
    const { out, at } = this;
    for (let i = 0; i < size; i++) out[at + i] = source[from + i];
    return type === FieldTypeCode.b ? this.close(field, size, size, 0) : this.checkCharacters(field, type, size);
  }

  /** A b value from hex digits. */
  hex(field: number, text: string): number {
    if (this.plan.type[field] !== FieldTypeCode.b) return this.wrongType(field);
    if (text.length % 2 !== 0) return this.fail(Status.digit, field);
    const size = text.length >> 1;
    if (this.open(field, size) !== Status.ok) return this.status;
    for (let i = 0; i < text.length; i++) {
      const nibble = hexValue(text.charCodeAt(i));
      if (nibble < 0) return this.fail(Status.digit, field);
      putNibble(this.out, this.at * 2 + i, nibble);
    }
    return this.close(field, size, size, 0);
  }

  /** A value in the form that `MessageView.text` gives: digits, characters or hex as the field's type asks. */
  value(field: number, text: string, pad: number = this.plan.pad[field]): number {
    switch (this.plan.type[field]) {
      case FieldTypeCode.n:
      case FieldTypeCode.z:
        return this.digits(field, text, pad);
      case FieldTypeCode.b:
        return this.hex(field, text);
      default:
        return this.text(field, text);
    }
  }

  /**
   * Writes field 64 as eight zero bytes, to be replaced by the MAC over the message type up to field 63 (the bitmap has
   * bit 64 already). Returns the offset of the field, or the negative status.
   */
  reserveMac(): number {
    if (this.plan.type[MAC_FIELD] !== FieldTypeCode.b) this.fail(Status.type, MAC_FIELD);
    if (this.open(MAC_FIELD, MAC_LENGTH) !== Status.ok) return -this.status;
    const at = this.at;
    for (let i = at; i < at + MAC_LENGTH; i++) this.out[i] = 0;
    this.close(MAC_FIELD, MAC_LENGTH, MAC_LENGTH, 0);
    return at;
  }

  /** Ends the message. Returns the offset after the last field, or the negative status of the first mistake. */
  finish(): number {
    const end = this.status === Status.ok ? this.at : -this.status;
    if (this.status === Status.ok) this.status = Status.order;
    return end;
  }

  /** Checks order, length and room for a value of `size`, writes its length and moves `at` to the value. */
  private open(field: number, size: number): number {
    if (this.status !== Status.ok) return this.status;
    const plan = this.plan;
    const type = plan.type[field];
    if (field < 2 || field > FIELD_MAX || type === FieldTypeCode.absent) return this.fail(Status.unknownField, field);
    if (field <= this.last) return this.fail(Status.order, field);
    const lengthBytes = plan.lengthBytes[field];
    if (lengthBytes === 0 && size !== plan.max[field]) return this.fail(Status.fixedLength, field);
    if (size > plan.max[field]) return this.fail(Status.tooLong, field);
    const packed = type === FieldTypeCode.n || type === FieldTypeCode.z;
    const length = packed ? (size + 1) >> 1 : size;
    if (this.at + lengthBytes + length > this.out.length) return this.fail(Status.overflow, field);
    if (lengthBytes === 2) this.out[this.at++] = toBcdByte((size / 100) | 0);
    if (lengthBytes > 0) this.out[this.at++] = toBcdByte(size % 100);
    return Status.ok;
  }

  /** Ends the value of `length` bytes at `at`: pad nibble of odd digits, bitmap. */
  private close(field: number, size: number, length: number, pad: number): number {
    const type = this.plan.type[field];
    if ((type === FieldTypeCode.n || type === FieldTypeCode.z) && (size & 1) === 1) {
      const nibble = this.plan.right[field] === 1 ? this.at * 2 : (this.at + length) * 2 - 1;
      putNibble(this.out, nibble, pad & 0x0f);
    }
    this.out[this.start + 2 + ((field - 1) >> 3)] |= 0x80 >> ((field - 1) & 7);
    this.at += length;
    this.last = field;
    return Status.ok;
  }

  private checkCharacters(field: number, type: number, size: number): number {
    if (badCharacter(type, this.out, this.at, this.at + size) >= 0) return this.fail(Status.character, field);
    return this.close(field, size, size, 0);
  }

  private firstNibble(field: number, size: number): number {
    return this.at * 2 + (this.plan.right[field] === 1 ? size & 1 : 0);
  }

  private wrongType(field: number): number {
    const absent = !(this.plan.type[field] > FieldTypeCode.absent);
    return this.fail(absent ? Status.unknownField : Status.type, field);
  }

  private fail(status: number, field: number): number {
    if (this.status !== Status.ok) return this.status;
    this.status = status;
    this.errorField = field;
    return status;
  }
}

/** Bytes of `text` in GBK, -1 when a character is not in it. */
function gbkLength(text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const code = gbkCode(text.charCodeAt(i));
    if (code < 0) return -1;
    length += code > 0xff ? 2 : 1;
  }
  return length;
}
