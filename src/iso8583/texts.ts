import { bcdToAscii } from '../wire/bcd.ts';
import { fromEbcdic } from '../wire/ebcdic.ts';
import { hexToAscii } from '../wire/hex.ts';
import { FIELD_MAX, FieldTypeCode, UnitForm, type FieldPlan } from './plan.ts';

/** Texts that are longer are written by the copying of the engine, shorter ones byte by byte. */
const SHORT = 24;

/** A Node buffer; `latin1Slice` is `toString('latin1', …)` without the look at the name of the encoding. */
export type LatinBuffer = Buffer & { latin1Slice(start: number, end: number): string };

/**
 * Makes the texts of many fields at once: all are written one after the other, become one string, and each is a part of
 * it. That is several times quicker than a string for each; the whole is kept as long as one of them is.
 */
export class Texts {
  private readonly plan: FieldPlan;
  private scratch = Buffer.alloc(0) as LatinBuffer;
  private readonly fields = new Uint8Array(FIELD_MAX + 1);
  private readonly starts = new Int32Array(FIELD_MAX + 1);
  private count = 0;
  private at = 0;

  constructor(plan: FieldPlan) {
    this.plan = plan;
  }

  /** Starts anew. */
  begin(): void {
    this.count = this.at = 0;
  }

  /** Adds a value of `size` units that begins at `source[from]`, in the form of `MessageView.text`. */
  add(field: number, source: Uint8Array, from: number, size: number): void {
    const { plan, at } = this;
    // A unit becomes two characters at most.
    if (at + 2 * size > this.scratch.length) this.grow(at + 2 * size);
    const { scratch } = this;
    const form = plan.form[field];
    this.fields[this.count] = field;
    this.starts[this.count++] = at;
    if (form === UnitForm.packed) {
      bcdToAscii(source, from * 2 + (plan.right[field] & size), size, scratch, at);
      this.at = at + size;
    } else if (plan.type[field] === FieldTypeCode.b && form === UnitForm.single) {
      hexToAscii(source, from, size, scratch, at);
      this.at = at + 2 * size;
    } else {
      this.addCharacters(field, source, from, form === UnitForm.double ? 2 * size : size);
    }
  }

  /** Ends with `out[field]` for every field that was added. */
  end(out: (string | undefined)[]): void {
    const { fields, starts, scratch } = this;
    const whole = scratch.latin1Slice(0, this.at);
    let to = this.at;
    for (let i = this.count - 1; i >= 0; i--) {
      out[fields[i]] = whole.substring(starts[i], to);
      to = starts[i];
    }
    scratch.fill(0, 0, this.at);
  }

  private grow(length: number): void {
    const larger = Buffer.alloc(2 * length) as LatinBuffer;
    this.scratch.copy(larger);
    this.scratch.fill(0);
    this.scratch = larger;
  }

  private addCharacters(field: number, source: Uint8Array, from: number, length: number): void {
    const { plan, scratch } = this;
    let { at } = this;
    const type = plan.type[field];
    const ebcdic = plan.ebcdic[field] === 1;
    if (!ebcdic && type !== FieldTypeCode.z && type !== FieldTypeCode.b && length > SHORT) {
      Buffer.prototype.copy.call(source, scratch, at, from, from + length);
      this.at = at + length;
      return;
    }
    for (let i = from; i < from + length; i++) {
      let code = ebcdic ? fromEbcdic(source[i]) : source[i];
      // The separator of a track is D, and hex is in capitals, however they travel.
      if (type === FieldTypeCode.z && code === 0x3d) code = 0x44;
      else if (type === FieldTypeCode.b && code >= 0x61) code -= 0x20;
      scratch[at++] = code;
    }
    this.at = at;
  }
}
