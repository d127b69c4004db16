import { Code, Memory, Op, ValueType, Vector, moduleOf } from '../../wire/wasm.ts';
import { CharacterClass } from '../characters.ts';
import { FieldTypeCode, type FieldPlan } from '../plan.ts';
import {
  BITMAP_IN,
  BYTE_MASKS_AT,
  Kept,
  MTI_IN,
  NUMBERS_IN,
  OFFSETS_IN,
  PACKED_AT,
  SIZES_IN,
  type ValuePlan,
} from './layout.ts';

const HEAD = 10;
/** Parameters of every encoding function: block of values, where the message goes, the end of the room, nothing. */
export const ENCODE_PARAMETERS: readonly ValueType[] = [ValueType.i32, ValueType.i32, ValueType.i32, ValueType.i32];
const BLOCK = 0;
const OUT = 1;
const LIMIT = 2;

const EVEN_BYTES = Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? 0xff : 0));

/**
 * Writes the function that encodes the messages with exactly the given fields. Every value is written a little too long
 * rather than asked how long it is; what is too much is overwritten by the next, and behind the last there is slack.
 */
class EncodeWriter {
  private readonly plan: FieldPlan;
  private readonly values: ValuePlan;
  private readonly code = new Code(ENCODE_PARAMETERS.length);
  /** Where `this.at` plus a constant is where the next byte goes. */
  private readonly at = this.code.local(ValueType.i32);
  private rel = HEAD;
  private readonly wrong = this.code.local(ValueType.v128);
  private readonly vector = this.code.local(ValueType.v128);
  private readonly other = this.code.local(ValueType.v128);
  private readonly value = this.code.local(ValueType.i32);
  private readonly fours = this.code.local(ValueType.i32);
  private readonly size = this.code.local(ValueType.i32);
  private readonly from = this.code.local(ValueType.i32);
  private readonly to = this.code.local(ValueType.i32);
  private readonly number = this.code.local(ValueType.f64);
  private readonly whole = this.code.local(ValueType.f64);

  constructor(plan: FieldPlan, values: ValuePlan) {
    this.plan = plan;
    this.values = values;
  }

  write(fields: readonly number[]): Uint8Array<ArrayBuffer> {
    const { code, plan, values } = this;
    this.room(fields);
    this.messageType();
    code.get(OUT).get(BLOCK).memory(Memory.i32Load, BITMAP_IN).memory(Memory.i32Store, 2);
    code
      .get(OUT)
      .get(BLOCK)
      .memory(Memory.i32Load, BITMAP_IN + 4)
      .memory(Memory.i32Store, 6);
    for (const f of fields) {
      const fixed = plan.lengthBytes[f] === 0;
      if (!fixed) this.length(f);
      if (values.kept[f] === Kept.number) this.fixedNumber(f);
      else if (values.kept[f] === Kept.digits) this.digits(f);
      else if (fixed && plan.max[f] <= 64) this.fixedBytes(f);
      else this.bytes(f);
    }
    code.i32(0).get(this.at).i32(this.rel).op(Op.i32Add);
    code.get(this.wrong).vector(Vector.anyTrue).op(Op.select);
    return moduleOf(ENCODE_PARAMETERS, ValueType.i32, code);
  }

  /** Message type to its place; ends with 0 when it is not four digits: a nibble has bit 3 and bit 2 or 1. */
  private messageType(): void {
    const { code, value } = this;
    code.get(BLOCK).memory(Memory.i32Load16U, MTI_IN).tee(value).i32(3).op(Op.i32ShrU);
    code.get(value).i32(2).op(Op.i32ShrU).get(value).i32(1).op(Op.i32ShrU, Op.i32Or, Op.i32And);
    code.i32(0x1111).op(Op.i32And).if().i32(0).op(Op.return, Op.end);
    code.get(OUT).tee(this.at).get(value).memory(Memory.i32Store16);
  }

  /** Ends with 0 unless every size is one that its field may have and the message has room: nothing is written before. */
  private room(fields: readonly number[]): void {
    const { code, plan, values } = this;
    let fixed = HEAD;
    for (const f of fields) {
      if (plan.lengthBytes[f] === 0) continue;
      code
        .get(BLOCK)
        .memory(Memory.i32Load, SIZES_IN + 4 * f)
        .i32(plan.max[f])
        .op(Op.i32GtU);
      code.if().i32(0).op(Op.return, Op.end);
    }
    code.get(OUT);
    for (const f of fields) {
      const packed = values.kept[f] === Kept.number || values.kept[f] === Kept.digits;
      if (plan.lengthBytes[f] === 0) {
        fixed += packed ? (plan.max[f] + 1) >> 1 : plan.max[f];
        continue;
      }
      fixed += plan.lengthBytes[f];
      code.get(BLOCK).memory(Memory.i32Load, SIZES_IN + 4 * f);
      if (packed) code.i32(1).op(Op.i32Add).i32(1).op(Op.i32ShrU);
      code.op(Op.i32Add);
    }
    code.i32(fixed).op(Op.i32Add).get(LIMIT).op(Op.i32GtU).if().i32(0).op(Op.return, Op.end);
  }

  private length(f: number): void {
    const { code, plan, size } = this;
    const two = plan.lengthBytes[f] === 2;
    code
      .get(BLOCK)
      .memory(Memory.i32Load, SIZES_IN + 4 * f)
      .set(size);
    code.get(this.at).get(size).i32(1).op(Op.i32Shl).memory(Memory.i32Load16U, PACKED_AT);
    if (two) code.memory(Memory.i32Store16, this.rel);
    else code.i32(8).op(Op.i32ShrU).memory(Memory.i32Store8, this.rel);
    this.rel += plan.lengthBytes[f];
  }

  /** Moves on by what `bytes` puts on the stack. */
  private advance(bytes: () => void): void {
    const { code, at } = this;
    code.get(at).i32(this.rel).op(Op.i32Add);
    bytes();
    code.op(Op.i32Add).set(at);
    this.rel = 0;
  }

  /** A number as the packed digits of a fixed field: in fours from the last digit on, each from the table. */
  private fixedNumber(f: number): void {
    const { code, plan, number, whole, value, at } = this;
    const digits = plan.max[f];
    const odd = digits % 2 === 1;
    const left = odd && plan.right[f] === 0;
    const length = (digits + 1) >> 1;
    code
      .get(BLOCK)
      .memory(Memory.f64Load, NUMBERS_IN + 8 * f)
      .tee(number)
      .op(Op.f64Trunc)
      .get(number)
      .op(Op.f64Ne);
    code
      .get(number)
      .f64(10 ** digits)
      .op(Op.f64Ge, Op.i32Or)
      .get(number)
      .f64(0)
      .op(Op.f64Lt, Op.i32Or);
    code.if().i32(0).op(Op.return, Op.end);
    if (left) code.get(number).f64(10).op(Op.f64Mul).set(number);
    if (length > 4) {
      code.get(number).f64(1e8).op(Op.f64Div, Op.f64Trunc).tee(whole).truncate().set(value);
      this.putFours(length - 4);
      code.get(number).get(whole).f64(1e8).op(Op.f64Mul, Op.f64Sub).set(number);
      this.rel += length - 4;
    }
    code.get(number).truncate().set(value);
    this.putFours(Math.min(length, 4));
    this.rel += Math.min(length, 4);
    const pad = plan.pad[f];
    if (!odd || pad === 0) return;
    const here = left ? this.rel - 1 : this.rel - length;
    code
      .get(at)
      .get(at)
      .memory(Memory.i32Load8U, here)
      .i32(left ? pad : pad << 4)
      .op(Op.i32Or);
    code.memory(Memory.i32Store8, here);
  }

  /** Writes `this.value` (at most eight digits) as `length` (1 to 4) bytes at `rel`; three bytes take a fourth one with them. */
  private putFours(length: number): void {
    const { code, at, value, fours, rel } = this;
    const packed = (): Code => code.i32(1).op(Op.i32Shl).memory(Memory.i32Load16U, PACKED_AT);
    if (length <= 2) {
      code.get(at).get(value);
      packed();
      if (length === 1) code.i32(8).op(Op.i32ShrU).memory(Memory.i32Store8, rel);
      else code.memory(Memory.i32Store16, rel);
      return;
    }
    code.get(at).get(value).i32(10_000).op(Op.i32DivU).tee(fours);
    packed();
    if (length === 3) code.i32(8).op(Op.i32ShrU);
    code.get(value).get(fours).i32(10_000).op(Op.i32Mul, Op.i32Sub);
    packed();
    code
      .i32(length === 3 ? 8 : 16)
      .op(Op.i32Shl, Op.i32Or)
      .memory(Memory.i32Store, rel);
  }

  /** ASCII digits of the block as packed digits, thirty-two at a time. */
  private digits(f: number): void {
    const { code, plan, values, size, from, to, vector, other, wrong, at } = this;
    const fixed = plan.lengthBytes[f] === 0;
    const many = plan.max[f] > 32;
    const track = plan.type[f] === FieldTypeCode.z;
    const source = many ? from : BLOCK;
    if (fixed) code.i32(plan.max[f]).set(size);
    if (many) code.get(BLOCK).set(from).get(at).set(to).loop();
    for (const [half, offset] of [
      [vector, 0],
      [other, 16],
    ] as const) {
      code
        .get(source)
        .vectorLoad(values.digitsIn[f] + offset)
        .set(half);
      code.get(wrong);
      code.get(half).vectorOf(0x30).vector(Vector.i8x16Sub).vectorOf(9).vector(Vector.i8x16GtU);
      if (track) {
        code.get(half).vectorOf(0x3d).vector(Vector.i8x16Ne).vector(Vector.and);
        code.get(half).vectorOf(0x41).vector(Vector.i8x16Sub).vectorOf(5).vector(Vector.i8x16GtU).vector(Vector.and);
      }
      this.digitMask(offset);
      code.vector(Vector.and).vector(Vector.or).set(wrong);
      // The low nibble is the digit; of a letter, nine more; and of the separator `=` it is D as it should be.
      code.get(half).vectorOf(0x0f).vector(Vector.and);
      if (track)
        code.get(half).vectorOf(0x40).vector(Vector.i8x16GtS).vectorOf(9).vector(Vector.and).vector(Vector.i8x16Add);
      this.digitMask(offset);
      code.vector(Vector.and).set(half);
    }
    code.get(many ? to : at);
    for (const half of [vector, other]) {
      code.get(half).i32(4).vector(Vector.i16x8Shl).get(half).i32(8).vector(Vector.i16x8ShrU).vector(Vector.or);
      code.vectorConstant(EVEN_BYTES).vector(Vector.and);
    }
    code.vector(Vector.i8x16NarrowI16x8U).vectorStore(this.rel);
    if (many) {
      code.get(from).i32(32).op(Op.i32Add).set(from).get(to).i32(16).op(Op.i32Add).set(to);
      code.get(size).i32(32).op(Op.i32Sub).tee(size).i32(0).op(Op.i32GtS).again().op(Op.end);
      if (!fixed)
        code
          .get(BLOCK)
          .memory(Memory.i32Load, SIZES_IN + 4 * f)
          .set(size);
    }
    if (fixed) this.rel += (plan.max[f] + 1) >> 1;
    else this.advance(() => code.get(size).i32(1).op(Op.i32Add).i32(1).op(Op.i32ShrU));
    if (plan.pad[f] === 0 || (fixed && plan.max[f] % 2 === 0)) return;
    // The filler of an odd number of digits; the low half of their last byte is still zero.
    code
      .get(at)
      .i32(this.rel - 1)
      .op(Op.i32Add)
      .tee(to)
      .get(to)
      .memory(Memory.i32Load8U);
    if (fixed) code.i32(plan.pad[f]);
    else code.get(size).i32(1).op(Op.i32And).i32(plan.pad[f]).op(Op.i32Mul);
    code.op(Op.i32Or).memory(Memory.i32Store8);
  }

  /** FFh for those of thirty-two digits that count: the half that begins at `offset`. */
  private digitMask(offset: number): void {
    const { code, size } = this;
    code.get(size).i32(32).get(size).i32(32).op(Op.i32LtU, Op.select).i32(5).op(Op.i32Shl);
    code.vectorLoad(BYTE_MASKS_AT + offset);
  }

  /** A short fixed text or value of bytes: whole vectors, checked with constant masks. */
  private fixedBytes(f: number): void {
    const { code, plan, from, vector, wrong, at } = this;
    code
      .get(BLOCK)
      .memory(Memory.i32Load, OFFSETS_IN + 4 * f)
      .set(from);
    for (let i = 0; i < plan.max[f]; i += 16) {
      const rest = Math.min(16, plan.max[f] - i);
      code
        .get(at)
        .get(from)
        .vectorLoad(i)
        .tee(vector)
        .vectorStore(this.rel + i);
      if (plan.allowed[f] === CharacterClass.any) continue;
      code.get(wrong);
      this.badText(f);
      code
        .vectorConstant(new Uint8Array(16).fill(0xff, 0, rest))
        .vector(Vector.and)
        .vector(Vector.or)
        .set(wrong);
    }
    this.rel += plan.max[f];
  }

  /** A text or bytes of any length. */
  private bytes(f: number): void {
    const { code, plan, from, to, size, value, vector, wrong, at } = this;
    const fixed = plan.lengthBytes[f] === 0;
    if (fixed) code.i32(plan.max[f]).set(size);
    code
      .get(BLOCK)
      .memory(Memory.i32Load, OFFSETS_IN + 4 * f)
      .set(from);
    code.get(at).set(to).get(size).set(value).loop();
    code.get(to).get(from).vectorLoad().tee(vector).vectorStore(this.rel);
    if (plan.allowed[f] !== CharacterClass.any) {
      code.get(wrong);
      this.badText(f);
      code.get(value).i32(16).get(value).i32(16).op(Op.i32LtU, Op.select).i32(5).op(Op.i32Shl);
      code.vectorLoad(BYTE_MASKS_AT).vector(Vector.and).vector(Vector.or).set(wrong);
    }
    code.get(from).i32(16).op(Op.i32Add).set(from).get(to).i32(16).op(Op.i32Add).set(to);
    code.get(value).i32(16).op(Op.i32Sub).tee(value).i32(0).op(Op.i32GtS).again().op(Op.end);
    if (fixed) this.rel += plan.max[f];
    else this.advance(() => code.get(size));
  }

  /** FFh where a byte of the vector is neither printable nor, where the field takes it, above 7Fh. */
  private badText(f: number): void {
    const { code, plan, vector } = this;
    code.get(vector).vectorOf(0x20).vector(Vector.i8x16LtS);
    code.get(vector).vectorOf(0x7f).vector(Vector.i8x16Eq).vector(Vector.or);
    if ((plan.allowed[f] & CharacterClass.upper) === 0) return;
    code.get(vector).vectorOf(0).vector(Vector.i8x16LtS).vector(Vector.andnot);
  }
}

/** The module with the encoding function for messages that have exactly these fields, in ascending order. */
export function encodeModule(plan: FieldPlan, values: ValuePlan, fields: readonly number[]): Uint8Array<ArrayBuffer> {
  return new EncodeWriter(plan, values).write(fields);
}
