import { packDigits, packText, putBcdNumber, putNibble, toBcdByte } from '../wire/bcd.ts';
import { toEbcdic } from '../wire/ebcdic.ts';
import { encodeGbkInto, gbkCode } from '../wire/gbk.ts';
import { hexDigit, hexValue, putHexText } from '../wire/hex.ts';
import { unitAt } from '../wire/unit-at.ts';
import { badCharacter, isLatin1, putText } from './characters.ts';
import { FieldTypeCode, LengthForm, UnitForm, type FieldPlan } from './plan.ts';
import { Status } from './status.ts';

const NOTHING = new Uint8Array(0);
const MAC_LENGTH = 8;
/** Longest value of any field: four length digits. */
const VALUE_LENGTH_MAX = 9999;
const BITMAP_WORDS = 6;

/**
 * Writes one message body into the caller's buffer, field by field in ascending order. The first mistake stays: later
 * calls do nothing and {@link finish} returns its negative status. Made once, used for every message; creates nothing.
 * The bitmaps are written by {@link finish}; the second and third are made room for when the first field of theirs comes.
 */
export class MessageBuilder {
  readonly plan: FieldPlan;
  /** {@link Status} so far. */
  status: number = Status.order;
  /** Field of the first mistake: 0 message type, 1 bitmap, 2–192. */
  errorField = 0;
  /** Made for the first value that needs it: dialects with packed digits never do. */
  private scratch = NOTHING;
  private readonly bits = new Int32Array(BITMAP_WORDS);
  /** Where each of the three bitmaps stands; -1 where there is none. */
  private readonly bitmapAt = new Int32Array(3);
  private out: Uint8Array = NOTHING;
  private at = 0;
  private last = 0;
  /** The place of a MAC that has been told, -1 when there is none: it must not move any more. */
  private macAt = -1;
  /** End of the fields up to 64. */
  private firstEnd = 0;

  constructor(plan: FieldPlan) {
    this.plan = plan;
  }

  /** Starts a body at `out[at]`. `mti` as packed digits: 0x0200. */
  begin(out: Uint8Array, at: number, mti: number): number {
    const { plan, bits, bitmapAt } = this;
    this.out = out;
    this.last = 1;
    this.macAt = -1;
    this.status = Status.ok;
    this.errorField = 0;
    const packed = plan.mtiForm === LengthForm.bcd;
    const bitmapLength = plan.bitmapForm === 0 ? 8 : 16;
    const bitmapsHere = plan.thirdAtField65 && plan.bitmapsLeast === 3 ? 2 : plan.bitmapsLeast;
    const body = at + (packed ? 2 : 4);
    this.at = body + bitmapsHere * bitmapLength;
    for (let w = 0; w < BITMAP_WORDS; w++) bits[w] = 0;
    for (let b = 0; b < 3; b++) bitmapAt[b] = b < bitmapsHere ? body + b * bitmapLength : -1;
    if (at < 0 || this.at > out.length) return this.fail(Status.overflow, 0);
    for (let shift = 0; shift < 16; shift += 4) if (((mti >> shift) & 0x0f) > 9) return this.fail(Status.mti, 0);
    if (!Number.isInteger(mti) || mti < 0 || mti > 0xffff) return this.fail(Status.mti, 0);
    if (packed) {
      out[at] = mti >> 8;
      out[at + 1] = mti & 0xff;
    } else {
      const zero = plan.mtiForm === LengthForm.ascii ? 0x30 : 0xf0;
      for (let i = 0; i < 4; i++) out[at + i] = zero + ((mti >> (12 - 4 * i)) & 0x0f);
    }
    return Status.ok;
  }

  /** A whole number ≥ 0: all digits of a fixed field with leading zeros, the digits it has in a variable one. For n, an and ans. */
  number(field: number, value: number): number {
    const { plan } = this;
    const type = plan.type[field];
    if (type === FieldTypeCode.z || type === FieldTypeCode.b) return this.fail(Status.type, field);
    if (!Number.isSafeInteger(value) || value < 0) return this.fail(Status.range, field);
    let size = plan.max[field];
    if (plan.lengthBytes[field] > 0) {
      size = 1;
      for (let rest = Math.floor(value / 10); rest > 0; rest = Math.floor(rest / 10)) size++;
    }
    if (this.open(field, size) !== Status.ok) return this.status;
    if (plan.form[field] === UnitForm.packed) {
      const odd = (size & 1) === 1 && plan.countsBytes[field] === 1 && plan.lengthBytes[field] > 0;
      if (odd && plan.pad[field] !== 0x0f) return this.fail(Status.lengthOdd, field);
      if (!putBcdNumber(this.out, this.firstNibble(field, size), size, value)) return this.fail(Status.range, field);
      return this.close(field, size, plan.pad[field]);
    }
    const zero = plan.ebcdic[field] === 1 ? 0xf0 : 0x30;
    for (let i = this.at + size - 1; i >= this.at; i--) {
      const rest = Math.floor(value / 10);
      this.out[i] = zero + (value - rest * 10);
      value = rest;
    }
    return value === 0 ? this.close(field, size, 0) : this.fail(Status.range, field);
  }

  /**
   * Digits of an n or z value; z takes A–F too and `=` as D. Leading zeros count. `pad` is the nibble beside an odd
   * number of packed digits; the dialect's own when it is left out.
   */
  digits(field: number, text: string, pad: number = this.plan.pad[field]): number {
    const { plan } = this;
    const size = text.length;
    if (plan.form[field] === UnitForm.packed && plan.fill[field] === 0 && plan.countsBytes[field] === 0) {
      if (this.open(field, size) !== Status.ok) return this.status;
      const track = plan.type[field] === FieldTypeCode.z;
      if (!packText(text, this.out, this.firstNibble(field, size), track)) return this.fail(Status.digit, field);
      return this.close(field, size, pad);
    }
    if (this.scratch.length === 0) this.scratch = new Uint8Array(VALUE_LENGTH_MAX);
    // A character above 255 must not turn into a digit when it is cut to a byte; no digit is 0.
    for (let i = 0; i < size && i < VALUE_LENGTH_MAX; i++) {
      const code = unitAt(text, i);
      this.scratch[i] = code < 0x80 ? code : 0;
    }
    return this.digitsFrom(field, this.scratch, 0, size, pad);
  }

  /** Like {@link digits}, from ASCII digits in `ascii[from, to)`: for card data, which is never a string. */
  digitsFrom(field: number, ascii: Uint8Array, from: number, to: number, pad: number = this.plan.pad[field]): number {
    const { plan, out } = this;
    const type = plan.type[field];
    if (type !== FieldTypeCode.n && type !== FieldTypeCode.z) return this.wrongType(field);
    const given = to - from;
    if (given < 0) return this.fail(Status.range, field);
    const size = this.filledSize(field, given);
    if (this.open(field, size) !== Status.ok) return this.status;
    if (from < 0 || to > ascii.length) return this.fail(Status.range, field);
    const zeros = size - given;
    if (plan.countsBytes[field] === 1 && !this.tellsDigits(field, ascii, from, to, pad)) {
      return this.fail(Status.lengthOdd, field);
    }
    if (plan.form[field] === UnitForm.packed) {
      const nibble = this.firstNibble(field, size);
      for (let i = 0; i < zeros; i++) putNibble(out, nibble + i, 0);
      const right = packDigits(ascii, from, to, out, nibble + zeros, type === FieldTypeCode.z);
      return right ? this.close(field, size, pad) : this.fail(Status.digit, field);
    }
    const zero = plan.ebcdic[field] === 1 ? 0xf0 : 0x30;
    for (let i = 0; i < zeros; i++) out[this.at + i] = zero;
    for (let i = 0; i < given; i++) {
      const value = hexValue(ascii[from + i] === 0x3d ? 0x44 : ascii[from + i]);
      if (value < 0 || (value > 9 && type === FieldTypeCode.n)) return this.fail(Status.digit, field);
      const code = value === 0x0d ? 0x3d : hexDigit(value);
      out[this.at + zeros + i] = plan.ebcdic[field] === 1 ? toEbcdic(code) : code;
    }
    return this.close(field, size, 0);
  }

  /**
   * Characters of an an or ans value. A text whose characters are all below 256 is written one byte a character; any
   * other text is written as GBK. Fixed fields need their exact length unless the dialect fills them; nothing is cut.
   */
  text(field: number, text: string): number {
    const { plan } = this;
    const type = plan.type[field];
    if (type !== FieldTypeCode.an && type !== FieldTypeCode.ans) return this.wrongType(field);
    const plain = isLatin1(text);
    const given = plain ? text.length : plan.ebcdic[field] === 1 ? -1 : gbkLength(text);
    if (given < 0) return this.fail(Status.character, field);
    const size = this.filledSize(field, given);
    if (this.open(field, size) !== Status.ok) return this.status;
    const { out } = this;
    const at = this.filled(field, size, given);
    if (!plain) encodeGbkInto(text, out, at);
    else if (plan.ebcdic[field] === 1) for (let i = 0; i < given; i++) out[at + i] = toEbcdic(unitAt(text, i));
    else
      return putText(text, out, at, plan.allowed[field])
        ? this.close(field, size, 0)
        : this.fail(Status.character, field);
    return this.checkCharacters(field, size);
  }

  /** Bytes `source[from, to)` of a b value, or the characters of an an or ans value as they travel. */
  bytes(field: number, source: Uint8Array, from = 0, to = source.length): number {
    const { plan } = this;
    const type = plan.type[field];
    if (type === FieldTypeCode.n || type === FieldTypeCode.z) return this.wrongType(field);
    const given = to - from;
    if (given < 0 || from < 0 || to > source.length) return this.fail(Status.range, field);
    const size = this.filledSize(field, given);
    if (this.open(field, size) !== Status.ok) return this.status;
    const { out } = this;
    if (plan.form[field] === UnitForm.double) {
      for (let i = 0; i < size; i++) {
        this.putHex(field, 2 * i, source[from + i] >> 4);
        this.putHex(field, 2 * i + 1, source[from + i] & 0x0f);
      }
    } else {
      const at = this.filled(field, size, given);
      for (let i = 0; i < given; i++) out[at + i] = source[from + i];
    }
    return type === FieldTypeCode.b ? this.close(field, size, 0) : this.checkCharacters(field, size);
  }

  /** A b value from hex digits. */
  hex(field: number, text: string): number {
    if (this.plan.type[field] !== FieldTypeCode.b) return this.wrongType(field);
    if (text.length % 2 !== 0) return this.fail(Status.digit, field);
    const size = text.length >> 1;
    if (this.open(field, size) !== Status.ok) return this.status;
    const { out, at } = this;
    if (this.plan.form[field] === UnitForm.double) {
      for (let i = 0; i < text.length; i++) {
        const nibble = hexValue(unitAt(text, i));
        if (nibble < 0) return this.fail(Status.digit, field);
        this.putHex(field, i, nibble);
      }
    } else if (!putHexText(text, out, at)) {
      return this.fail(Status.digit, field);
    }
    return this.close(field, size, 0);
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
   * Writes field 64 (128 in a message of two bitmaps) as eight zero bytes, to be replaced by the MAC over everything before
   * it once the message is finished. Returns the offset of the field, or the negative status.
   */
  reserveMac(field = 64): number {
    if (this.plan.type[field] !== FieldTypeCode.b || this.plan.form[field] !== UnitForm.single) {
      this.fail(Status.type, field);
    }
    if (this.open(field, MAC_LENGTH) !== Status.ok) return -this.status;
    const at = this.at;
    for (let i = at; i < at + MAC_LENGTH; i++) this.out[i] = 0;
    this.close(field, MAC_LENGTH, 0);
    this.macAt = at;
    return at;
  }

  /** Ends the message. Returns the offset after the last field, or the negative status of the first mistake. */
  finish(): number {
    const { plan, bits, bitmapAt } = this;
    if (this.status === Status.ok && plan.bitmapsLeast === 3 && bitmapAt[2] < 0) this.insertBitmap(2);
    if (this.status !== Status.ok) return -this.status;
    if (bitmapAt[1] >= 0) bits[0] |= 0x80000000;
    if (bitmapAt[2] >= 0) bits[2] |= 0x80000000;
    for (let b = 0; b < 3 && (b === 0 || bitmapAt[b] >= 0); b++) {
      for (let i = 0; i < 16; i++) {
        const nibble = (bits[2 * b + (i >> 3)] >>> (28 - 4 * (i & 7))) & 0x0f;
        if (plan.bitmapForm === 0) putNibble(this.out, bitmapAt[b] * 2 + i, nibble);
        else this.out[bitmapAt[b] + i] = plan.bitmapForm === 1 ? hexDigit(nibble) : toEbcdic(hexDigit(nibble));
      }
    }
    this.status = Status.order;
    return this.at;
  }

  /** Checks order, length and room for a value of `size`, writes its length and moves `at` to the value. */
  private open(field: number, size: number): number {
    if (this.status !== Status.ok) return this.status;
    const plan = this.plan;
    if (!(plan.type[field] > FieldTypeCode.absent)) {
      return this.fail(Status.unknownField, field);
    }
    if (field <= this.last) return this.fail(Status.order, field);
    const lengthBytes = plan.lengthBytes[field];
    if (lengthBytes === 0 && size !== plan.max[field]) return this.fail(Status.fixedLength, field);
    if (size > plan.max[field]) return this.fail(Status.tooLong, field);
    if (this.last <= 64 && field > 64) this.firstEnd = this.at;
    if (field > 64 && this.bitmapAt[1] < 0 && this.insertBitmap(1) !== Status.ok) return this.status;
    const third = field > 128 || (field > 64 && plan.bitmapsLeast === 3);
    if (third && this.bitmapAt[2] < 0 && this.insertBitmap(2) !== Status.ok) return this.status;
    const length = this.wireLength(field, size);
    if (this.at + lengthBytes + length > this.out.length) return this.fail(Status.overflow, field);
    this.putLength(field, plan.countsBytes[field] === 1 ? length : size, lengthBytes);
    return Status.ok;
  }

  /** Ends the value at `at`: pad nibble of odd digits, bit of the field. */
  private close(field: number, size: number, pad: number): number {
    const length = this.wireLength(field, size);
    if (this.plan.form[field] === UnitForm.packed && (size & 1) === 1) {
      const nibble = this.plan.right[field] === 1 ? this.at * 2 : (this.at + length) * 2 - 1;
      putNibble(this.out, nibble, pad & 0x0f);
    }
    this.bits[(field - 1) >> 5] |= 0x80000000 >>> ((field - 1) & 31);
    this.at += length;
    this.last = field;
    return Status.ok;
  }

  /** True when decoding gives these digits back from a length in bytes: an odd number needs the filler F, an even one none. */
  private tellsDigits(field: number, ascii: Uint8Array, from: number, to: number, pad: number): boolean {
    const { plan } = this;
    if (plan.form[field] !== UnitForm.packed || plan.lengthBytes[field] === 0 || to === from) return true;
    const fills = plan.pad[field] === 0x0f;
    if (((to - from) & 1) === 1) return fills && pad === 0x0f;
    return !fills || hexValue(plan.right[field] === 1 ? ascii[from] : ascii[to - 1]) !== 0x0f;
  }

  private wireLength(field: number, size: number): number {
    const form = this.plan.form[field];
    return form === UnitForm.packed ? (size + 1) >> 1 : form === UnitForm.double ? size * 2 : size;
  }

  private putLength(field: number, value: number, count: number): void {
    const form = this.plan.lengthForm[field];
    for (let i = this.at + count - 1; i >= this.at; i--) {
      if (form === LengthForm.bcd) {
        this.out[i] = toBcdByte(value % 100);
        value = (value / 100) | 0;
      } else if (form === LengthForm.binary) {
        this.out[i] = value & 0xff;
        value >>= 8;
      } else {
        this.out[i] = (form === LengthForm.ascii ? 0x30 : 0xf0) + (value % 10);
        value = (value / 10) | 0;
      }
    }
    this.at += count;
  }

  /** Makes room for bitmap 1 (the second) or 2 (the third) where the dialect wants it, and moves what stands behind. */
  private insertBitmap(b: number): number {
    const length = this.plan.bitmapForm === 0 ? 8 : 16;
    if (this.at + length > this.out.length) return this.fail(Status.overflow, 1);
    const inFields = b === 2 && this.plan.thirdAtField65;
    const here = inFields ? (this.last <= 64 ? this.at : this.firstEnd) : this.bitmapAt[b - 1] + length;
    if (this.macAt >= here) return this.fail(Status.order, 1);
    this.out.copyWithin(here + length, here, this.at);
    this.bitmapAt[b] = here;
    this.at += length;
    if (!inFields) this.firstEnd += length;
    return Status.ok;
  }

  /** Size of a value of `given` units: the whole field when the dialect fills it. */
  private filledSize(field: number, given: number): number {
    return this.plan.fill[field] !== 0 && given < this.plan.max[field] ? this.plan.max[field] : given;
  }

  /** Fills what `given` characters leave of a text of `size`: zeros before them or spaces after. Returns where they begin. */
  private filled(field: number, size: number, given: number): number {
    const code = this.plan.fill[field];
    const at = code === 0x30 ? this.at + size - given : this.at;
    const from = code === 0x30 ? this.at : this.at + given;
    const byte = this.plan.ebcdic[field] === 1 ? toEbcdic(code) : code;
    for (let i = from; i < from + size - given; i++) this.out[i] = byte;
    return at;
  }

  private putHex(field: number, index: number, nibble: number): void {
    const code = hexDigit(nibble);
    this.out[this.at + index] = this.plan.ebcdic[field] === 1 ? toEbcdic(code) : code;
  }

  private checkCharacters(field: number, size: number): number {
    const allowed = this.plan.allowed[field];
    if (badCharacter(allowed, this.out, this.at, this.at + size) >= 0) return this.fail(Status.character, field);
    return this.close(field, size, 0);
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
    const code = gbkCode(unitAt(text, i));
    if (code < 0) return -1;
    length += code > 0xff ? 2 : 1;
  }
  return length;
}
