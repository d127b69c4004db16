import {
  Code,
  Memory,
  Op,
  ValueType,
  moduleOf,
  wasmFunction,
  wasmMemory,
  wasmTable,
  type WasmFunction,
  type WasmMemory,
  type WasmTable,
} from '../../wire/wasm.ts';
import { CharacterClass } from '../characters.ts';
import { FieldTypeCode, LengthForm, UnitForm, type FieldPlan } from '../plan.ts';
import { Answer, DECODE_PARAMETERS, decodeModule } from './decode-code.ts';
import { ENCODE_PARAMETERS, encodeModule } from './encode-code.ts';
import { textsModule } from './texts-code.ts';
import {
  ALL_TEXTS_BYTES,
  BITMAP_IN,
  Kept,
  SLACK,
  SLOTS_AT,
  SLOTS_LOG2,
  SLOT_BYTES,
  writeTables,
  type ValuePlan,
} from './layout.ts';

/** Messages with the same fields that must come before code is made for them: one that comes once is not worth it. */
const SIGHTINGS = 8;
/** Sets of fields that a kernel makes code for. Further ones go the slow way. */
export const SHAPES_MAX = 48;
const SHARES_OF_TABLE = 3;

/**
 * Machine code for one dialect. For each set of fields that messages have, it holds a decoding and an encoding function
 * that know every place and every rule beforehand. The code is WebAssembly made from the numbers of the field plan; no
 * text of a profile has any part in it.
 */
export class Kernel {
  readonly memory: WasmMemory;
  /** Finds the code for the bitmap of the message and runs it; {@link Answer}. */
  readonly decode: WasmFunction;
  /** Finds the code for the bitmap of the block and runs it: the end of the message, or 0. */
  readonly encode: WasmFunction;
  /** Finds the code for the bitmap of the block and writes its texts: where they end, or 0. */
  readonly texts: WasmFunction;
  private readonly plan: FieldPlan;
  private readonly values: ValuePlan;
  private readonly table: WasmTable;
  private readonly words: Int32Array;
  /** By slot: the set of fields that may get it, as the two words of its bitmap, and how often it came. */
  private readonly seenHigh = new Int32Array(1 << SLOTS_LOG2);
  private readonly seenLow = new Int32Array(1 << SLOTS_LOG2);
  private readonly sightings = new Int32Array(1 << SLOTS_LOG2);
  private shapes = 0;

  constructor(plan: FieldPlan, values: ValuePlan, bytes: number) {
    this.plan = plan;
    this.values = values;
    this.memory = wasmMemory(bytes);
    this.table = wasmTable(SHAPES_MAX * SHARES_OF_TABLE);
    this.words = new Int32Array(this.memory.buffer);
    writeTables(new Uint8Array(this.memory.buffer));
    this.decode = wasmFunction(finder(1, 2, Answer.noShape, 0), this.memory, this.table);
    this.encode = wasmFunction(finder(0, BITMAP_IN, 0, 1), this.memory, this.table);
    this.texts = wasmFunction(finder(0, BITMAP_IN, 0, 2), this.memory, this.table);
  }

  /**
   * Tells that a message with this bitmap has gone the slow way, as the two words lie in memory. Makes code when it has
   * been so often enough; only then something is created. Code keeps its slot: two sets that want the same one must not
   * have code made for them in turn.
   */
  noteSlow(high: number, low: number): void {
    const { seenHigh, seenLow, sightings } = this;
    const slot = slotOf(high, low);
    if (sightings[slot] === SIGHTINGS) return;
    if (seenHigh[slot] !== high || seenLow[slot] !== low) {
      // A set that comes keeps its slot until others have come as often.
      if (sightings[slot] > 0) {
        sightings[slot]--;
        return;
      }
      seenHigh[slot] = high;
      seenLow[slot] = low;
    }
    // One that cannot have code gives way to those that can.
    if (++sightings[slot] === SIGHTINGS && !this.make(slot, high, low)) sightings[slot] = 0;
  }

  /** Makes the code of a set of fields; false when there is none for it, or too much already. */
  private make(slot: number, high: number, low: number): boolean {
    const { plan } = this;
    if (this.shapes === SHAPES_MAX || plan.mtiForm !== LengthForm.bcd || plan.bitmapForm !== 0) return false;
    if (plan.bitmapsLeast !== 1) return false;
    const fields = fieldsOf(high, low);
    if (fields === null || !fields.every(f => isKnown(plan, this.values, f))) return false;
    if (fields.reduce((sum, f) => sum + 2 * plan.max[f] + SLACK, 0) > ALL_TEXTS_BYTES) return false;
    const at = (SLOTS_AT + slot * SLOT_BYTES) / 4;
    const place = this.shapes * SHARES_OF_TABLE;
    const decoding = decodeModule(this.plan, this.values, fields);
    const encoding = encodeModule(this.plan, this.values, fields);
    this.table.set(place, wasmFunction(decoding, this.memory, this.table));
    this.table.set(place + 1, wasmFunction(encoding, this.memory, this.table));
    this.table.set(place + 2, wasmFunction(textsModule(this.plan, fields), this.memory, this.table));
    this.words[at] = high;
    this.words[at + 1] = low;
    this.words[at + 2] = place + 1;
    this.shapes++;
    return true;
  }
}

/** True when the code writers know the field's form. Any other is left to the table walk. */
function isKnown(plan: FieldPlan, values: ValuePlan, f: number): boolean {
  if (plan.type[f] === FieldTypeCode.absent || plan.form[f] === UnitForm.double || plan.ebcdic[f] === 1) return false;
  const allowed = plan.allowed[f];
  const text = CharacterClass.printable | CharacterClass.upper;
  if (allowed !== CharacterClass.packed && (allowed & ~text) !== 0) return false;
  if (values.kept[f] === Kept.digits && plan.right[f] === 1) return false;
  if (plan.lengthBytes[f] === 0) return plan.fill[f] === 0;
  if (plan.lengthForm[f] !== LengthForm.bcd || plan.lengthBytes[f] > 2) return false;
  return plan.countsBytes[f] === 0 || plan.form[f] === UnitForm.single;
}

/** Fields of a bitmap as it lies in memory; null when it announces a second one. */
function fieldsOf(high: number, low: number): readonly number[] | null {
  const bytes = new Uint8Array(Int32Array.of(high, low).buffer);
  if (bytes[0] >= 0x80) return null;
  const fields: number[] = [];
  for (let f = 2; f <= 64; f++) if ((bytes[(f - 1) >> 3] & (0x80 >> ((f - 1) & 7))) !== 0) fields.push(f);
  return fields;
}

const SPREAD = 0x9e3779b1;

function slotOf(high: number, low: number): number {
  return Math.imul(high ^ low ^ (low << 9), SPREAD) >>> (32 - SLOTS_LOG2);
}

/**
 * A function that looks the bitmap up, which lies `offset` bytes behind parameter `from`, and calls the code of its slot
 * with its own parameters. `which` 0 decodes, 1 encodes, 2 writes texts; `none` is the answer where there is no code.
 */
function finder(from: number, offset: number, none: number, which: number): Uint8Array<ArrayBuffer> {
  const code = new Code(DECODE_PARAMETERS.length);
  const high = code.local(ValueType.i32);
  const low = code.local(ValueType.i32);
  const slot = code.local(ValueType.i32);
  code
    .get(from)
    .memory(Memory.i32Load, offset)
    .set(high)
    .get(from)
    .memory(Memory.i32Load, offset + 4)
    .set(low);
  code.get(high).get(low).op(Op.i32Xor).get(low).i32(9).op(Op.i32Shl, Op.i32Xor).i32(SPREAD).op(Op.i32Mul);
  code
    .i32(32 - SLOTS_LOG2)
    .op(Op.i32ShrU)
    .i32(Math.log2(SLOT_BYTES))
    .op(Op.i32Shl)
    .tee(slot);
  code.memory(Memory.i32Load, SLOTS_AT).get(high).op(Op.i32Ne);
  code
    .get(slot)
    .memory(Memory.i32Load, SLOTS_AT + 4)
    .get(low)
    .op(Op.i32Ne, Op.i32Or);
  code
    .get(slot)
    .memory(Memory.i32Load, SLOTS_AT + 8)
    .op(Op.i32Eqz, Op.i32Or);
  code.if().i32(none).op(Op.return, Op.end);
  for (let p = 0; p < DECODE_PARAMETERS.length; p++) code.get(p);
  code
    .get(slot)
    .memory(Memory.i32Load, SLOTS_AT + 8)
    .i32(1 - which)
    .op(Op.i32Sub)
    .callIndirect();
  return moduleOf(ENCODE_PARAMETERS, ValueType.i32, code, true);
}
