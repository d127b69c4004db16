import { bcdText, nibbleAt } from '../wire/bcd.ts';
import { fromEbcdic } from '../wire/ebcdic.ts';
import { hexDigit, hexValue, toHex } from '../wire/hex.ts';
import { ebcdicText, latin1, readable } from './characters.ts';
import type { MessageView } from './message-view.ts';
import { FieldTypeCode, UnitForm, type FieldPlan } from './plan.ts';

/** What a value of n or z, of an or ans, of b consists of. */
export type Unit = 'digit' | 'character' | 'byte';

/** What a field's lengths and positions count. */
export function unitOf(plan: FieldPlan, field: number): Unit {
  const type = plan.type[field];
  if (type === FieldTypeCode.b) return 'byte';
  return type === FieldTypeCode.n || type === FieldTypeCode.z ? 'digit' : 'character';
}

/**
 * One value of a decoded message in its own units (digits of n and z, characters of an and ans, bytes of b), whatever
 * way it travels. It reads the message when asked and keeps nothing of it. Positions are counted from the value's start.
 */
export class FieldValue {
  readonly view: MessageView;
  readonly field: number;
  /** Units of the whole value. */
  readonly size: number;
  readonly unit: Unit;
  private readonly form: number;
  private readonly ebcdic: boolean;

  constructor(view: MessageView, field: number) {
    const { plan } = view;
    this.view = view;
    this.field = field;
    this.size = view.size(field);
    this.unit = unitOf(plan, field);
    this.form = plan.form[field];
    this.ebcdic = plan.ebcdic[field] === 1;
  }

  /** Code of one unit: ASCII `0`–`9`, `A`–`F` of a digit, ISO 8859-1 of a character, 0–255 of a byte. */
  at(unit: number): number {
    const bytes = this.view.message;
    if (this.form === UnitForm.packed) return hexDigit(nibbleAt(bytes, this.view.firstNibble(this.field) + unit));
    const offset = this.view.offset(this.field);
    if (this.form === UnitForm.double) return (this.hexAt(offset + 2 * unit) << 4) | this.hexAt(offset + 2 * unit + 1);
    const code = this.ebcdic ? fromEbcdic(bytes[offset + unit]) : bytes[offset + unit];
    return this.unit === 'digit' && code === 0x3d ? 0x44 : code;
  }

  /** Offset in the caller's bytes of the byte in which the unit begins. */
  offset(unit: number): number {
    return this.nibble(unit) >> 1;
  }

  /** The same in half bytes: where a unit begins. A unit takes one of them when packed, two, or four as hex. */
  nibble(unit: number): number {
    if (this.form === UnitForm.packed) return this.view.firstNibble(this.field) + unit;
    return this.view.offset(this.field) * 2 + unit * (this.form === UnitForm.double ? 4 : 2);
  }

  /**
   * Digits, characters, or the upper-case hex of bytes, as a message builder takes them. ASCII texts are read as GBK where
   * they are GBK.
   */
  text(from: number, size: number): string {
    const start = this.offset(from);
    if (this.form === UnitForm.packed) return bcdText(this.view.message, this.nibble(from), size);
    if (this.unit === 'byte') return this.form === UnitForm.single ? this.wireHex(start, size) : this.hex(from, size);
    if (this.unit === 'digit') return this.plain(from, size);
    const end = start + size;
    return this.ebcdic ? ebcdicText(this.view.message, start, end) : readable(this.view.message, start, end);
  }

  /** One character a unit, whatever the type: texts inside of bytes, tags, digits. */
  plain(from: number, size: number): string {
    let text = '';
    for (let i = from; i < from + size; i++) text += String.fromCharCode(this.at(i));
    return text;
  }

  /** As {@link plain}, with GBK, for the text of people inside of a b value; `ebcdic`: the bytes are EBCDIC. */
  words(from: number, size: number, ebcdic: boolean): string {
    if (this.unit !== 'byte') return this.text(from, size);
    const bytes = this.copy(from, size);
    const text = ebcdic ? ebcdicText(bytes, 0, size) : readable(bytes, 0, size);
    bytes.fill(0);
    return text;
  }

  /** The units as bytes outside of the engine's heap; the caller zeroes them. */
  copy(from: number, size: number): Uint8Array {
    const bytes = new Uint8Array(new ArrayBuffer(size));
    for (let i = 0; i < size; i++) bytes[i] = this.at(from + i);
    return bytes;
  }

  private wireHex(start: number, size: number): string {
    return toHex(this.view.message, start, start + size);
  }

  private hex(from: number, size: number): string {
    const start = this.offset(from);
    const bytes = this.view.message;
    const text = this.ebcdic ? ebcdicText(bytes, start, start + 2 * size) : latin1(bytes, start, start + 2 * size);
    return text.toUpperCase();
  }

  private hexAt(offset: number): number {
    const byte = this.view.message[offset];
    return hexValue(this.ebcdic ? fromEbcdic(byte) : byte);
  }
}
