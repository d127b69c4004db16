import { Code, Memory, Op, ValueType, Vector, moduleOf } from '../../wire/wasm.ts';
import { FieldTypeCode, UnitForm, type FieldPlan } from '../plan.ts';
import { DECODE_PARAMETERS, INTERLEAVE, INTERLEAVE_HIGH } from './decode-code.ts';
import { OFFSETS_IN, SIZES_IN, STARTS_IN } from './layout.ts';

const BLOCK = 0;
const OUT = 1;

/**
 * Writes the function that puts the texts of a decoded block one after the other at parameter 1 and where each begins into
 * the block; the answer is where the last one ends. Halves of bytes become digits and letters, sixteen bytes at a time;
 * characters are copied.
 */
export function textsModule(plan: FieldPlan, fields: readonly number[]): Uint8Array<ArrayBuffer> {
  const code = new Code(DECODE_PARAMETERS.length);
  const out = code.local(ValueType.i32);
  const from = code.local(ValueType.i32);
  const to = code.local(ValueType.i32);
  const left = code.local(ValueType.i32);
  const size = code.local(ValueType.i32);
  const high = code.local(ValueType.v128);
  const low = code.local(ValueType.v128);
  const characters = (nibbles: number): void => {
    code.get(nibbles).vectorOf(9).vector(Vector.i8x16GtS).vectorOf(7).vector(Vector.and);
    code.get(nibbles).vectorOf(0x30).vector(Vector.i8x16Add).vector(Vector.i8x16Add);
  };
  code.get(OUT).set(out);
  for (const f of fields) {
    const packed = plan.form[f] === UnitForm.packed;
    const halves = packed || plan.type[f] === FieldTypeCode.b;
    // Odd digits at the right have a filler before them.
    const filler = packed && plan.right[f] === 1 && plan.max[f] % 2 === 1 ? 1 : 0;
    code
      .get(BLOCK)
      .get(out)
      .i32(filler)
      .op(Op.i32Add)
      .memory(Memory.i32Store, STARTS_IN + 4 * f);
    code
      .get(BLOCK)
      .memory(Memory.i32Load, SIZES_IN + 4 * f)
      .tee(size);
    if (halves && !packed) code.i32(1).op(Op.i32Shl).tee(size);
    code.set(left);
    code
      .get(BLOCK)
      .memory(Memory.i32Load, OFFSETS_IN + 4 * f)
      .set(from)
      .get(out)
      .set(to);
    const many = plan.max[f] * (halves && !packed ? 2 : 1) > (halves ? 32 : 16);
    if (many) code.loop();
    if (halves) {
      code.get(from).vectorLoad().tee(low).i32(4).vector(Vector.i16x8ShrU).vectorOf(0x0f).vector(Vector.and).set(high);
      code.get(low).vectorOf(0x0f).vector(Vector.and).set(low);
      characters(high);
      code.set(high);
      characters(low);
      code.set(low);
      code.get(to).get(high).get(low).shuffle(INTERLEAVE).vectorStore();
      code.get(to).get(high).get(low).shuffle(INTERLEAVE_HIGH).vectorStore(16);
    } else {
      code.get(to).get(from).vectorLoad().vectorStore();
    }
    if (many) {
      const step = halves ? 32 : 16;
      code.get(from).i32(16).op(Op.i32Add).set(from).get(to).i32(step).op(Op.i32Add).set(to);
      code.get(left).i32(step).op(Op.i32Sub).tee(left).i32(0).op(Op.i32GtS).again().op(Op.end);
    }
    code.get(out).get(size).op(Op.i32Add).i32(filler).op(Op.i32Add).set(out);
  }
  code.get(out);
  return moduleOf(DECODE_PARAMETERS, ValueType.i32, code);
}
