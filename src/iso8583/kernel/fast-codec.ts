import { assert } from '../../assert.ts';
import type { WasmFunction } from '../../wire/wasm.ts';
import { MessageBuilder } from '../message-builder.ts';
import { MessageView } from '../message-view.ts';
import { FIELD_MAX, FieldTypeCode, UnitForm, type FieldPlan } from '../plan.ts';
import { Status } from '../status.ts';
import {
  BITMAP_IN,
  BLOCKS_AT,
  Kept,
  MTI_IN,
  NUMBERS_IN,
  OFFSETS_IN,
  SIZES_IN,
  SLACK,
  TEXTS_BYTES,
  planValues,
  type ValuePlan,
} from './layout.ts';
import { Kernel } from './kernel.ts';

/** Messages and blocks of values that a codec has room for when nothing else is said. */
const MEMORY_BYTES = 1 << 20;
/** Message type and bitmap. */
const HEAD_LENGTH = 10;

/**
 * The codec for those who count nanoseconds: messages lie in its own {@link memory}, values in blocks of it, and machine
 * code made for each set of fields goes between the two. What the code does not find right, and every message before its
 * code is made, goes the way of {@link MessageView} and {@link MessageBuilder}, so results and statuses are the same.
 * Decoding and encoding create nothing. The memory holds what was decoded until it is overwritten: {@link wipe} it.
 */
export class FastCodec {
  readonly plan: FieldPlan;
  /** Where messages stand, from {@link firstByte} on. The last 64 bytes are out of bounds. */
  readonly memory: Uint8Array;
  /** The same memory as words, for {@link Values}. */
  readonly words: Int32Array;
  readonly numbers: Float64Array;
  readonly valuePlan: ValuePlan;
  private readonly kernel: Kernel;
  private readonly decodeRight: WasmFunction;
  private readonly encodeRight: WasmFunction;
  private readonly view: MessageView;
  private readonly builder: MessageBuilder;
  private readonly lastByte: number;
  private used = BLOCKS_AT;

  /** `bytes`: size of the memory, for the blocks of values and the messages. */
  constructor(plan: FieldPlan, bytes: number = MEMORY_BYTES) {
    this.plan = plan;
    this.valuePlan = planValues(plan);
    this.kernel = new Kernel(plan, this.valuePlan, bytes + BLOCKS_AT + SLACK);
    this.decodeRight = this.kernel.decode;
    this.encodeRight = this.kernel.encode;
    this.memory = new Uint8Array(this.kernel.memory.buffer);
    this.lastByte = this.memory.length - SLACK;
    this.words = new Int32Array(this.kernel.memory.buffer);
    this.numbers = new Float64Array(this.kernel.memory.buffer);
    this.view = new MessageView(plan);
    this.builder = new MessageBuilder(plan);
  }

  /** First byte of {@link memory} that no block takes. Blocks made later move it. */
  get firstByte(): number {
    return this.used;
  }

  /** A new block of values. Made once, used for every message. */
  values(): Values {
    const at = this.used;
    assert(at + this.valuePlan.blockBytes + SLACK <= this.memory.length, 'values: the memory of the codec is full');
    this.used += this.valuePlan.blockBytes;
    return new Values(this, at);
  }

  /**
   * Decodes the body in `memory[start, end)` and takes out all values. Returns the {@link Status}; anything but `ok` leaves
   * its field and offset in `values` and no value can be read.
   */
  decode(values: Values, start: number, end: number): number {
    assert(start >= this.used && start <= end && end <= this.lastByte, 'decode: range outside the memory');
    if (end - start >= HEAD_LENGTH && this.decodeRight(values.block, start, end, 1) === 0)
      return (values.status = Status.ok);
    return this.slowDecode(values, start, end, true);
  }

  /** Like {@link decode}, but finds only the places; digits and characters are not checked and no value is taken out. */
  locate(values: Values, start: number, end: number): number {
    assert(start >= this.used && start <= end && end <= this.lastByte, 'locate: range outside the memory');
    if (end - start >= HEAD_LENGTH && this.decodeRight(values.block, start, end, 0) === 0)
      return (values.status = Status.ok);
    return this.slowDecode(values, start, end, false);
  }

  /**
   * Encodes the values as a body at `memory[at]`. Returns the offset after it, or the negative {@link Status}, whose field is
   * left in `values`. Up to 64 bytes behind the message are overwritten, too. `limit`: where the room ends.
   */
  encode(values: Values, at: number, limit: number = this.lastByte): number {
    assert(at >= this.used && at <= limit && limit <= this.lastByte, 'encode: place outside the memory');
    const end = this.encodeRight(values.block, at, limit, 0);
    return end !== 0 ? end : this.slowEncode(values, at, limit);
  }

  /** Overwrites all messages and all values. */
  wipe(): void {
    this.memory.fill(0, BLOCKS_AT);
  }

  private slowDecode(values: Values, start: number, end: number, wanted: boolean): number {
    const { view } = this;
    const status = wanted ? view.decode(this.memory, start, end) : view.locate(this.memory, start, end);
    values.status = status;
    values.errorField = view.errorField;
    values.errorOffset = view.errorOffset;
    values.take(status === Status.ok ? view : null, wanted);
    const bitmap = (values.block + BITMAP_IN) >> 2;
    if (status === Status.ok) this.kernel.noteSlow(this.words[bitmap], this.words[bitmap + 1]);
    return status;
  }

  private slowEncode(values: Values, at: number, limit: number): number {
    const { builder } = this;
    builder.begin(this.memory, at, values.mti);
    for (let f = 2; f <= FIELD_MAX; f++) if (values.has(f)) values.give(f, builder);
    const end = builder.finish();
    values.status = end < 0 ? -end : end > limit ? Status.overflow : Status.ok;
    values.errorField = builder.errorField;
    if (values.status !== Status.ok) return -values.status;
    const bitmap = (values.block + BITMAP_IN) >> 2;
    this.kernel.noteSlow(this.words[bitmap], this.words[bitmap + 1]);
    return end;
  }
}

/**
 * The values of one message: what decoding gives and encoding takes, in the codec's memory. Packed numbers of fixed length
 * and at most 15 digits are numbers, other packed digits are ASCII digits, and everything else is a place in the memory.
 */
export class Values {
  /** {@link Status} of the last decoding or encoding; the field and the offset in the memory that were wrong. */
  status: number = Status.ok;
  errorField = 0;
  errorOffset = 0;
  /** Offset of the block in the memory. */
  readonly block: number;
  private readonly codec: FastCodec;
  /** Next free byte for texts and bytes that are set. */
  private textAt: number;

  constructor(codec: FastCodec, block: number) {
    this.codec = codec;
    this.block = block;
    this.textAt = block + codec.valuePlan.textsIn;
    const { max } = codec.plan;
    for (let f = 2; f <= FIELD_MAX; f++) codec.words[(block + SIZES_IN + 4 * f) >> 2] = max[f];
  }

  /** 0x0210 for message type 0210. */
  get mti(): number {
    const { memory } = this.codec;
    return (memory[this.block + MTI_IN] << 8) | memory[this.block + MTI_IN + 1];
  }

  set mti(mti: number) {
    this.codec.memory[this.block + MTI_IN] = mti >> 8;
    this.codec.memory[this.block + MTI_IN + 1] = mti & 0xff;
  }

  has(field: number): boolean {
    return field >= 2 && field <= 64 && (this.codec.memory[this.bitByte(field)] & this.bit(field)) !== 0;
  }

  /** The value of a packed number of fixed length and at most 15 digits; -1 when the field is absent or is kept otherwise. */
  number(field: number): number {
    if (!this.has(field) || this.codec.valuePlan.kept[field] !== Kept.number) return -1;
    return this.codec.numbers[(this.block + NUMBERS_IN + 8 * field) >> 3];
  }

  /** Digits for n and z, characters for an and ans, bytes for b; 0 when absent. */
  size(field: number): number {
    return this.has(field) ? this.codec.words[(this.block + SIZES_IN + 4 * field) >> 2] : 0;
  }

  /** Offset in the memory of the value as it travels, after decoding; of the text or bytes that were set, before encoding. */
  offset(field: number): number {
    return this.has(field) ? this.codec.words[(this.block + OFFSETS_IN + 4 * field) >> 2] : -1;
  }

  /** Offset in the memory of the ASCII digits of a field that is kept so; -1 for any other. */
  digitsAt(field: number): number {
    if (!this.has(field) || this.codec.valuePlan.kept[field] !== Kept.digits) return -1;
    return this.block + this.codec.valuePlan.digitsIn[field];
  }

  /** Forgets all fields. */
  clear(): void {
    const { words, plan, valuePlan } = this.codec;
    const bitmap = (this.block + BITMAP_IN) >> 2;
    words[bitmap] = words[bitmap + 1] = 0;
    this.textAt = this.block + valuePlan.textsIn;
    for (let f = 2; f <= 64; f++)
      if (plan.lengthBytes[f] === 0) words[(this.block + SIZES_IN + 4 * f) >> 2] = plan.max[f];
  }

  /** Sets a number; whether it fits is seen when it is encoded. */
  setNumber(field: number, value: number): number {
    if (this.codec.valuePlan.kept[field] !== Kept.number) return this.refuse(field, Status.type);
    this.codec.numbers[(this.block + NUMBERS_IN + 8 * field) >> 3] = value;
    return this.present(field);
  }

  /** Sets the digits of a packed field that is no number, from ASCII digits in `ascii[from, to)`; tracks take A–F and `=`, too. */
  setDigits(field: number, ascii: Uint8Array, from = 0, to = ascii.length): number {
    const { plan, valuePlan, memory, words } = this.codec;
    const size = to - from;
    if (valuePlan.kept[field] !== Kept.digits) return this.refuse(field, Status.type);
    const wrong = this.wrongSize(field, size, plan.max[field]);
    if (wrong !== Status.ok) return this.refuse(field, wrong);
    const at = this.block + valuePlan.digitsIn[field];
    for (let i = 0; i < size; i++) memory[at + i] = ascii[from + i];
    words[(this.block + SIZES_IN + 4 * field) >> 2] = size;
    return this.present(field);
  }

  /** Sets a text or bytes to `source[from, to)`, as they travel. */
  setBytes(field: number, source: Uint8Array, from = 0, to = source.length): number {
    const { plan, valuePlan, memory, words } = this.codec;
    const size = to - from;
    if (valuePlan.kept[field] !== Kept.bytes) return this.refuse(field, Status.type);
    const units = plan.form[field] === UnitForm.double ? size >> 1 : size;
    const wrong = this.wrongSize(field, units, plan.max[field]);
    if (wrong !== Status.ok) return this.refuse(field, wrong);
    if (this.textAt + size > this.block + valuePlan.textsIn + TEXTS_BYTES) return this.refuse(field, Status.overflow);
    for (let i = 0; i < size; i++) memory[this.textAt + i] = source[from + i];
    words[(this.block + OFFSETS_IN + 4 * field) >> 2] = this.textAt;
    words[(this.block + SIZES_IN + 4 * field) >> 2] = units;
    this.textAt += size;
    return this.present(field);
  }

  /** Takes everything from a decoded view, or nothing; for the codec. */
  take(view: MessageView | null, wanted: boolean): void {
    const { words, plan, valuePlan, memory, numbers } = this.codec;
    const bitmap = (this.block + BITMAP_IN) >> 2;
    words[bitmap] = words[bitmap + 1] = 0;
    if (view === null) return;
    this.mti = view.mti;
    for (let f = 2; f <= 64; f++) {
      if (!view.has(f)) continue;
      this.present(f);
      words[(this.block + OFFSETS_IN + 4 * f) >> 2] = view.offset(f);
      words[(this.block + SIZES_IN + 4 * f) >> 2] = view.size(f);
      if (!wanted) continue;
      if (valuePlan.kept[f] === Kept.number) numbers[(this.block + NUMBERS_IN + 8 * f) >> 3] = view.number(f);
      else if (valuePlan.kept[f] === Kept.digits) view.digitsInto(f, memory, this.block + valuePlan.digitsIn[f]);
    }
    // The first bit may announce a second bitmap; the fields of that one are read from the view only.
    void plan;
  }

  /** Gives one value to a builder; for the codec. */
  give(field: number, builder: MessageBuilder): void {
    const { memory, valuePlan, plan } = this.codec;
    if (valuePlan.kept[field] === Kept.number) {
      builder.number(field, this.number(field));
    } else if (valuePlan.kept[field] === Kept.digits) {
      const at = this.block + valuePlan.digitsIn[field];
      builder.digitsFrom(field, memory, at, at + this.size(field));
    } else {
      const at = this.offset(field);
      builder.bytes(field, memory, at, at + this.size(field));
    }
    void plan;
  }

  private wrongSize(field: number, size: number, max: number): number {
    if (size < 0) return Status.range;
    if (size > max) return Status.tooLong;
    return this.codec.plan.lengthBytes[field] === 0 && size !== max ? Status.fixedLength : Status.ok;
  }

  private present(field: number): number {
    this.codec.memory[this.bitByte(field)] |= this.bit(field);
    return Status.ok;
  }

  private refuse(field: number, status: number): number {
    this.status = this.codec.plan.type[field] > FieldTypeCode.absent ? status : Status.unknownField;
    this.errorField = field;
    return this.status;
  }

  private bitByte(field: number): number {
    return this.block + BITMAP_IN + ((field - 1) >> 3);
  }

  private bit(field: number): number {
    return 0x80 >> ((field - 1) & 7);
  }
}
