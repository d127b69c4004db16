import { Code, Memory, Op, ValueType, Vector, moduleOf } from '../../wire/wasm.ts';
import { CharacterClass } from '../characters.ts';
import { FieldTypeCode, UnitForm, type FieldPlan } from '../plan.ts';
import {
  BITMAP_IN,
  BYTE_MASKS_AT,
  DIGIT_MASKS_AT,
  HALVES_AT,
  Kept,
  LENGTHS_AT,
  MTI_IN,
  NUMBERS_IN,
  OFFSETS_IN,
  SIZES_IN,
  type ValuePlan,
} from './layout.ts';

/** Message type, bitmap. */
const HEAD = 10;
/** Parameters of every decoding function: block of values, start and end of the message, whether values are wanted. */
export const DECODE_PARAMETERS: readonly ValueType[] = [ValueType.i32, ValueType.i32, ValueType.i32, ValueType.i32];
const BLOCK = 0;
const START = 1;
const END = 2;
const WANTED = 3;

/** What a function of the kernel answers. */
export const Answer = { right: 0, noShape: 1, notRight: 2 } as const;

const LOW_HALVES = 0x0f0f0f0f;
/** Lanes that put the bytes of two vectors in turn: of their first halves, and of their second ones. */
export const INTERLEAVE = Array.from({ length: 16 }, (_, i) => (i >> 1) + (i & 1) * 16);
export const INTERLEAVE_HIGH = INTERLEAVE.map(lane => lane + 8);

/** A run of fixed fields between two variable ones, as bytes that must be decimal, printable, or printable or above 7Fh. */
class Run {
  private readonly packed: number[] = [];
  private readonly text: number[] = [];
  private readonly upper: number[] = [];

  add(plan: FieldPlan, f: number, length: number): void {
    const allowed = plan.allowed[f];
    const odd = plan.max[f] % 2 === 1;
    for (let i = 0; i < length; i++) {
      const first = odd && plan.right[f] === 1 && i === 0;
      const last = odd && plan.right[f] === 0 && i === length - 1;
      this.packed.push(allowed !== CharacterClass.packed ? 0 : first ? 0x01 : last ? 0x10 : 0x11);
      this.text.push((allowed & CharacterClass.printable) === 0 ? 0 : 0xff);
      this.upper.push((allowed & CharacterClass.upper) === 0 ? 0 : 0xff);
    }
  }

  /** Bytes `[at, at + 16)` of each kind; behind the end nothing is asked. */
  masks(at: number): { packed: number[]; text: number[]; upper: number[] } {
    const part = (mask: number[]): number[] => Array.from({ length: 16 }, (_, i) => mask[at + i] ?? 0);
    return { packed: part(this.packed), text: part(this.text), upper: part(this.upper) };
  }

  get length(): number {
    return this.packed.length;
  }
}

/** Writes the function that decodes the messages with exactly the given fields, all in a row without a question. */
class DecodeWriter {
  private readonly plan: FieldPlan;
  private readonly values: ValuePlan;
  private readonly code = new Code(DECODE_PARAMETERS.length);
  /** The steps that are only done when values are wanted; they come after all places are known. */
  private readonly later: (() => void)[] = [];
  private readonly wrong = this.code.local(ValueType.v128);
  private readonly vector = this.code.local(ValueType.v128);
  private readonly high = this.code.local(ValueType.v128);
  private readonly low = this.code.local(ValueType.v128);
  private readonly word = this.code.local(ValueType.i32);
  private readonly size = this.code.local(ValueType.i32);
  private readonly long = this.code.local(ValueType.i64);

  constructor(plan: FieldPlan, values: ValuePlan) {
    this.plan = plan;
    this.values = values;
  }

  write(fields: readonly number[]): Uint8Array<ArrayBuffer> {
    const { code, plan } = this;
    this.head();
    let base = START;
    let rel = HEAD;
    let run = new Run();
    let runAt = rel;
    const endRun = (): void => {
      const [from, at, done] = [base, runAt, run];
      if (done.length > 0) this.later.push(() => this.checkRun(done, from, at));
      run = new Run();
    };
    for (const f of fields) {
      if (plan.lengthBytes[f] > 0) {
        endRun();
        base = this.variable(f, base, rel);
        rel = runAt = 0;
        continue;
      }
      const length = plan.form[f] === UnitForm.packed ? (plan.max[f] + 1) >> 1 : plan.max[f];
      this.place(f, base, rel);
      this.fixedValue(f, base, rel, length);
      run.add(plan, f, length);
      rel += length;
    }
    endRun();
    code.get(base).i32(rel).op(Op.i32Add).get(END).op(Op.i32Ne).if().i32(Answer.notRight).op(Op.return, Op.end);
    code.get(WANTED).op(Op.i32Eqz).if().i32(Answer.right).op(Op.return, Op.end);
    for (const step of this.later) step();
    code.i32(Answer.notRight).i32(Answer.right).get(this.wrong).vector(Vector.anyTrue).op(Op.select);
    return moduleOf(DECODE_PARAMETERS, ValueType.i32, code);
  }

  /** Message type and bitmap to the block. The caller of the function has found it by the bitmap. */
  private head(): void {
    const { code } = this;
    code.get(START).memory(Memory.i32Load16U).tee(this.word);
    this.badNibbles(0x1111).if().i32(Answer.notRight).op(Op.return, Op.end);
    code.get(BLOCK).get(this.word).memory(Memory.i32Store16, MTI_IN);
    code.get(BLOCK).get(START).memory(Memory.i32Load, 2).memory(Memory.i32Store, BITMAP_IN);
    code
      .get(BLOCK)
      .get(START)
      .memory(Memory.i32Load, 6)
      .memory(Memory.i32Store, BITMAP_IN + 4);
  }

  /** Replaces the word on the stack, which `this.word` holds too, by the bits of its nibbles above 9. */
  private badNibbles(mask: number): Code {
    const { code, word } = this;
    code.i32(3).op(Op.i32ShrU);
    code.get(word).i32(2).op(Op.i32ShrU).get(word).i32(1).op(Op.i32ShrU, Op.i32Or, Op.i32And);
    return code.i32(mask).op(Op.i32And);
  }

  private place(f: number, base: number, rel: number): void {
    this.code
      .get(BLOCK)
      .get(base)
      .i32(rel)
      .op(Op.i32Add)
      .memory(Memory.i32Store, OFFSETS_IN + 4 * f);
  }

  /** Length, bounds and place of a variable field; returns the local that holds where the value ends. */
  private variable(f: number, base: number, rel: number): number {
    const { code, plan, word, size } = this;
    const two = plan.lengthBytes[f] === 2;
    const at = code.local(ValueType.i32);
    const end = code.local(ValueType.i32);
    code
      .get(base)
      .i32(rel + plan.lengthBytes[f])
      .op(Op.i32Add)
      .tee(at)
      .get(END)
      .op(Op.i32GtU);
    code.if().i32(Answer.notRight).op(Op.return, Op.end);
    // From the length to where the value ends is what every message waits for: tables are the shortest way. A byte that is
    // not packed decimal has a length there that is too long for any field, and so has a hundreds' byte above 9.
    const lengths = (): Code => code.i32(1).op(Op.i32Shl).memory(Memory.i32Load16U, LENGTHS_AT);
    if (two) {
      code.get(base).memory(Memory.i32Load8U, rel + 1);
      lengths().get(base).memory(Memory.i32Load8U, rel).i32(100).op(Op.i32Mul, Op.i32Add).set(size);
    } else {
      code.get(base).memory(Memory.i32Load8U, rel).tee(word);
      lengths().set(size);
    }
    code.get(at);
    if (plan.form[f] !== UnitForm.packed) code.get(size);
    else if (two) code.get(size).i32(1).op(Op.i32Add).i32(1).op(Op.i32ShrU);
    else code.get(word).memory(Memory.i32Load8U, HALVES_AT);
    code.op(Op.i32Add).set(end);
    code.get(size).i32(plan.max[f]).op(Op.i32GtU).if().i32(Answer.notRight).op(Op.return, Op.end);
    code
      .get(BLOCK)
      .get(size)
      .memory(Memory.i32Store, SIZES_IN + 4 * f);
    code
      .get(BLOCK)
      .get(at)
      .memory(Memory.i32Store, OFFSETS_IN + 4 * f);
    if (this.values.kept[f] === Kept.digits) this.later.push(() => this.digits(f, at, 0, 0));
    else if (plan.allowed[f] !== CharacterClass.any) this.later.push(() => this.checkText(f, at));
    return end;
  }

  private fixedValue(f: number, base: number, rel: number, length: number): void {
    if (this.values.kept[f] === Kept.number) this.later.push(() => this.number(f, base, rel, length));
    else if (this.values.kept[f] === Kept.digits) this.later.push(() => this.digits(f, base, rel, this.plan.max[f]));
  }

  private checkRun(run: Run, base: number, at: number): void {
    const { code, vector, wrong } = this;
    for (let i = 0; i < run.length; i += 16) {
      const { packed, text, upper } = run.masks(i);
      const hasPacked = packed.some(byte => byte !== 0);
      const hasText = text.some(byte => byte !== 0);
      if (!hasPacked && !hasText) continue;
      code
        .get(base)
        .vectorLoad(at + i)
        .set(vector)
        .get(wrong);
      if (hasPacked) {
        this.badVectorNibbles();
        code.vectorConstant(packed).vector(Vector.and).vector(Vector.or);
      }
      if (hasText) {
        this.badVectorText();
        if (upper.some(byte => byte !== 0)) {
          code.get(vector).vectorOf(0).vector(Vector.i8x16LtS).vectorConstant(upper).vector(Vector.and);
          code.vector(Vector.andnot);
        }
        code.vectorConstant(text).vector(Vector.and).vector(Vector.or);
      }
      code.set(wrong);
    }
  }

  /** Bits 4 and 0 of each byte of the vector where its nibbles are above 9. */
  private badVectorNibbles(): void {
    const { code, vector } = this;
    code.get(vector).i32(3).vector(Vector.i16x8ShrU);
    code.get(vector).i32(2).vector(Vector.i16x8ShrU).get(vector).i32(1).vector(Vector.i16x8ShrU);
    code.vector(Vector.or).vector(Vector.and);
  }

  /** FFh where a byte of the vector is no printable ASCII. */
  private badVectorText(): void {
    const { code, vector } = this;
    code.get(vector).vectorOf(0x20).vector(Vector.i8x16LtS);
    code.get(vector).vectorOf(0x7f).vector(Vector.i8x16Eq).vector(Vector.or);
  }

  private checkText(f: number, at: number): void {
    const { code, size, word, vector, wrong } = this;
    const upper = (this.plan.allowed[f] & CharacterClass.upper) !== 0;
    code
      .get(BLOCK)
      .memory(Memory.i32Load, SIZES_IN + 4 * f)
      .set(size)
      .get(at)
      .set(word);
    code.loop().get(word).vectorLoad().set(vector).get(wrong);
    this.badVectorText();
    if (upper) code.get(vector).vectorOf(0).vector(Vector.i8x16LtS).vector(Vector.andnot);
    this.maskOf(BYTE_MASKS_AT, 16, 5);
    code.vector(Vector.and).vector(Vector.or).set(wrong);
    code.get(word).i32(16).op(Op.i32Add).set(word);
    code.get(size).i32(16).op(Op.i32Sub).tee(size).i32(0).op(Op.i32GtS).again().op(Op.end);
  }

  /** The mask for the first `this.size` of a vector's parts, at most `most`; entries are `2 ** shift` bytes apart. */
  private maskOf(table: number, most: number, shift: number): void {
    const { code, size } = this;
    code.get(size).i32(most).get(size).i32(most).op(Op.i32LtU, Op.select);
    code.i32(shift).op(Op.i32Shl).vectorLoad(table);
  }

  /** Expands packed digits to ASCII, thirty-two at a time; those of type n are checked. */
  private digits(f: number, at: number, rel: number, fixed: number): void {
    const { code, plan, values, size, word, vector, high, low, wrong } = this;
    const dest = values.digitsIn[f];
    const checked = plan.type[f] === FieldTypeCode.n;
    const many = plan.max[f] > 32;
    const to = many ? code.local(ValueType.i32) : BLOCK;
    if (fixed > 0) code.i32(fixed).set(size);
    else
      code
        .get(BLOCK)
        .memory(Memory.i32Load, SIZES_IN + 4 * f)
        .set(size);
    if (many) code.get(BLOCK).set(to).get(at).set(word).loop();
    code
      .get(many ? word : at)
      .vectorLoad(rel)
      .tee(vector);
    code.i32(4).vector(Vector.i16x8ShrU).vectorOf(0x0f).vector(Vector.and).set(high);
    code.get(vector).vectorOf(0x0f).vector(Vector.and).set(low);
    for (const [lanes, offset] of [
      [INTERLEAVE, 0],
      [INTERLEAVE_HIGH, 16],
    ] as const) {
      code.get(to).get(high).get(low).shuffle(lanes);
      if (!checked) {
        // A nibble above 9 becomes a letter, seven characters behind.
        const nibbles = this.nibbles();
        code
          .tee(nibbles)
          .get(nibbles)
          .vectorOf(9)
          .vector(Vector.i8x16GtS)
          .vectorOf(7)
          .vector(Vector.and)
          .vector(Vector.i8x16Add);
      }
      code
        .vectorOf(0x30)
        .vector(Vector.i8x16Add)
        .vectorStore(dest + offset);
    }
    if (checked) {
      code.get(wrong);
      this.badVectorNibbles();
      this.maskOf(DIGIT_MASKS_AT, 32, 4);
      code.vector(Vector.and).vector(Vector.or).set(wrong);
    }
    if (!many) return;
    code.get(to).i32(32).op(Op.i32Add).set(to).get(word).i32(16).op(Op.i32Add).set(word);
    code.get(size).i32(32).op(Op.i32Sub).tee(size).i32(0).op(Op.i32GtS).again().op(Op.end);
  }

  private nibbleLocal = -1;
  private nibbles(): number {
    if (this.nibbleLocal < 0) this.nibbleLocal = this.code.local(ValueType.v128);
    return this.nibbleLocal;
  }

  /** A packed number of at most 15 digits: pairs of digits to bytes, bytes to fours, fours to the whole. */
  private number(f: number, base: number, rel: number, length: number): void {
    const { code, plan, word, long } = this;
    const digits = plan.max[f];
    const left = digits % 2 === 1 && plan.right[f] === 0;
    const right = digits % 2 === 1 && plan.right[f] === 1;
    code.get(BLOCK);
    if (length > 4) {
      // The eight bytes that end with the value; what stands before it, and a filler, are made zero.
      let mask = BigInt.asUintN(64, -1n << BigInt(8 * (8 - length)));
      if (right) mask &= ~(0xf0n << BigInt(8 * (8 - length)));
      if (left) mask &= 0xf0ffffffffffffffn;
      code
        .get(base)
        .i32(rel + length - 8)
        .op(Op.i32Add)
        .memory(Memory.i64Load)
        .i64(mask)
        .op(Op.i64And)
        .tee(long);
      code
        .get(long)
        .i64(4n)
        .op(Op.i64ShrU)
        .i64(0x0f0f0f0f0f0f0f0fn)
        .op(Op.i64And)
        .i64(6n)
        .op(Op.i64Mul, Op.i64Sub)
        .set(long);
      this.fold64(100n, 8n, 0x00ff00ff00ff00ffn);
      this.fold64(10_000n, 16n, 0x0000ffff0000ffffn);
      this.fold64(100_000_000n, 32n, 0xffffffffn);
      code.get(long).op(Op.f64ConvertI64U);
      if (left) code.f64(10).op(Op.f64Div, Op.f64Trunc);
    } else {
      const mask = (right ? 0xf0 : 0) << (8 * (4 - length));
      const filler = left ? 0x0f << 24 : 0;
      if (length === 1) code.get(base).memory(Memory.i32Load8U, rel);
      else if (length === 2) code.get(base).memory(Memory.i32Load16U, rel);
      else
        code
          .get(base)
          .i32(rel + length - 4)
          .op(Op.i32Add)
          .memory(Memory.i32Load);
      const keep = length <= 2 ? this.smallMask(length, left, right) : ~mask & ~filler & (-1 << (8 * (4 - length)));
      code.i32(keep).op(Op.i32And).tee(word);
      code.get(word).i32(4).op(Op.i32ShrU).i32(LOW_HALVES).op(Op.i32And).i32(6).op(Op.i32Mul, Op.i32Sub);
      if (length > 1) {
        code.tee(word).i32(0x00ff00ff).op(Op.i32And).i32(100).op(Op.i32Mul);
        code.get(word).i32(8).op(Op.i32ShrU).i32(0x00ff00ff).op(Op.i32And, Op.i32Add);
      }
      if (length > 2) {
        code.tee(word).i32(0xffff).op(Op.i32And).i32(10_000).op(Op.i32Mul);
        code.get(word).i32(16).op(Op.i32ShrU, Op.i32Add);
      }
      if (left) code.i32(10).op(Op.i32DivU);
      code.op(Op.f64ConvertI32U);
    }
    code.memory(Memory.f64Store, NUMBERS_IN + 8 * f);
  }

  private smallMask(length: number, left: boolean, right: boolean): number {
    const all = length === 1 ? 0xff : 0xffff;
    return all & ~(right ? 0xf0 : 0) & ~(left ? 0x0f << (8 * (length - 1)) : 0);
  }

  /** Of each pair of parts: the first, which is the more significant, times `factor`, plus the second. */
  private fold64(factor: bigint, shift: bigint, mask: bigint): void {
    const { code, long } = this;
    code.get(long).i64(mask).op(Op.i64And).i64(factor).op(Op.i64Mul);
    code.get(long).i64(shift).op(Op.i64ShrU).i64(mask).op(Op.i64And, Op.i64Add).set(long);
  }
}

/** The module with the decoding function for messages that have exactly these fields, in ascending order. */
export function decodeModule(plan: FieldPlan, values: ValuePlan, fields: readonly number[]): Uint8Array<ArrayBuffer> {
  return new DecodeWriter(plan, values).write(fields);
}
