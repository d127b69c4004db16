import { assert } from '../../assert.ts';
import { fromEbcdic } from '../../wire/ebcdic.ts';
import { hexValue } from '../../wire/hex.ts';
import type { WasmFunction } from '../../wire/wasm.ts';
import { latin1 } from '../characters.ts';
import { MessageBuilder } from '../message-builder.ts';
import { MessageView } from '../message-view.ts';
import { FIELD_MAX, FieldTypeCode, UnitForm, type FieldPlan } from '../plan.ts';
import { Status } from '../status.ts';
import { Texts, type LatinBuffer } from '../texts.ts';
import {
  ALL_TEXTS_BYTES,
  BITMAP_IN,
  BLOCKS_AT,
  Kept,
  MORE_BITMAPS_IN,
  MTI_IN,
  NUMBERS_IN,
  OFFSETS_IN,
  SIZES_IN,
  SLACK,
  STARTS_IN,
  TEXTS_BYTES,
  planValues,
  type ValuePlan,
} from './layout.ts';
import { Kernel } from './kernel.ts';

/** Messages and blocks of values that a codec has room for when nothing else is said. */
const MEMORY_BYTES = 1 << 20;
/** Message type and bitmap. */
const HEAD_LENGTH = 10;
/** The longest value of any field. */
const SCRATCH_BYTES = 9999;
/** Message type of a block that was given none of four digits: encoding refuses it. */
const NO_MTI = 0xffff;

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
  private readonly textsOf: WasmFunction;
  private readonly allTexts: Texts;
  /** The memory once more, for its strings; where texts are put; the fields whose units become two characters. */
  private readonly buffer: LatinBuffer;
  private readonly textsAt: number;
  private readonly doubled = new Uint8Array(FIELD_MAX + 1);
  /** Values that a builder takes in another form than they travel in. */
  readonly scratch = new Uint8Array(SCRATCH_BYTES);
  private readonly blocks: Values[] = [];
  /** The memory up to the end of the room of the last encoding, for the builder. */
  private room: Uint8Array;
  private used = BLOCKS_AT;

  /** `bytes`: size of the memory, for the blocks of values and the messages. */
  constructor(plan: FieldPlan, bytes: number = MEMORY_BYTES) {
    this.plan = plan;
    this.valuePlan = planValues(plan);
    this.kernel = new Kernel(plan, this.valuePlan, bytes + BLOCKS_AT + ALL_TEXTS_BYTES + 2 * SLACK);
    this.decodeRight = this.kernel.decode;
    this.encodeRight = this.kernel.encode;
    this.memory = new Uint8Array(this.kernel.memory.buffer);
    this.lastByte = this.memory.length - SLACK;
    this.room = this.memory.subarray(0, this.lastByte);
    this.words = new Int32Array(this.kernel.memory.buffer);
    this.numbers = new Float64Array(this.kernel.memory.buffer);
    this.view = new MessageView(plan);
    this.allTexts = new Texts(plan);
    this.textsOf = this.kernel.texts;
    this.buffer = Buffer.from(this.kernel.memory.buffer) as LatinBuffer;
    this.textsAt = this.used;
    this.used += ALL_TEXTS_BYTES + SLACK;
    for (let f = 2; f <= FIELD_MAX; f++) this.doubled[f] = plan.type[f] === FieldTypeCode.b ? 1 : 0;
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
    const values = new Values(this, at);
    this.blocks.push(values);
    return values;
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
   * left in `values`. `limit`: where the room ends. Up to 64 bytes behind the message are overwritten, too, even behind the
   * limit. Texts and bytes that are places in the memory must lie outside of all this: to answer a message in its own place
   * would overwrite values before they are read.
   */
  encode(values: Values, at: number, limit: number = this.lastByte): number {
    assert(at >= this.used && at <= limit && limit <= this.lastByte, 'encode: place outside the memory');
    const end = this.encodeRight(values.block, at, limit, 0);
    if (end === 0) return this.slowEncode(values, at, limit);
    values.status = Status.ok;
    return end;
  }

  /**
   * Puts the text of every field of a decoded message into `out[field]`, in the form of `MessageView.text`. The texts share
   * their memory: one that is kept keeps all.
   */
  texts(values: Values, out: (string | undefined)[]): void {
    const { words, textsAt, doubled } = this;
    const { block } = values;
    const end = this.textsOf(block, textsAt, 0, 0);
    if (end === 0) return this.slowTexts(values, out);
    const whole = this.buffer.latin1Slice(textsAt, end);
    const starts = (block + STARTS_IN) >> 2;
    const sizes = (block + SIZES_IN) >> 2;
    for (let byte = 0; byte < 8; byte += 4) {
      let bits = values.bitmapWord(byte);
      while (bits !== 0) {
        const bit = Math.clz32(bits);
        bits &= ~(0x80000000 >>> bit);
        const field = byte * 8 + bit + 1;
        const start = words[starts + field] - textsAt;
        out[field] = whole.substring(start, start + (words[sizes + field] << doubled[field]));
      }
    }
  }

  /** The same for messages without code. */
  private slowTexts(values: Values, out: (string | undefined)[]): void {
    const { memory, words, allTexts } = this;
    allTexts.begin();
    for (let f = 2; f <= FIELD_MAX; f++) {
      if (values.has(f)) allTexts.add(f, memory, values.offset(f), words[(values.block + SIZES_IN + 4 * f) >> 2]);
    }
    allTexts.end(out);
  }

  /** Overwrites all messages and all values. The blocks are empty after it. */
  wipe(): void {
    this.memory.fill(0, BLOCKS_AT);
    this.scratch.fill(0);
    for (const values of this.blocks) values.clear();
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
    if (this.room.length !== limit) this.room = this.memory.subarray(0, limit);
    builder.begin(this.room, at, values.mti);
    for (let f = 2; f <= FIELD_MAX; f++) if (values.has(f)) values.give(f, builder);
    const end = builder.finish();
    values.status = end < 0 ? -end : Status.ok;
    values.errorField = builder.errorField;
    if (end < 0) return end;
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
  /** Where texts and bytes that are set begin, and the next free byte for them. */
  private readonly textsAt: number;
  private textAt: number;
  private readonly codec: FastCodec;

  constructor(codec: FastCodec, block: number) {
    this.codec = codec;
    this.block = block;
    this.textsAt = this.textAt = block + codec.valuePlan.textsIn;
    this.clear();
  }

  /** 0x0210 for message type 0210. */
  get mti(): number {
    const { memory } = this.codec;
    return (memory[this.block + MTI_IN] << 8) | memory[this.block + MTI_IN + 1];
  }

  set mti(mti: number) {
    if (!Number.isInteger(mti) || mti < 0 || mti > NO_MTI) mti = NO_MTI;
    this.codec.memory[this.block + MTI_IN] = mti >> 8;
    this.codec.memory[this.block + MTI_IN + 1] = mti & 0xff;
  }

  /** Four bytes of the bitmap, the lowest field in the highest bit; for the codec. */
  bitmapWord(byte: number): number {
    const { memory } = this.codec;
    const at = this.block + BITMAP_IN + byte;
    return (memory[at] << 24) | (memory[at + 1] << 16) | (memory[at + 2] << 8) | memory[at + 3];
  }

  has(field: number): boolean {
    if (!(field >= 2 && field <= FIELD_MAX) || (field > 64 && !this.hasMore)) return false;
    return (this.codec.memory[this.bitByte(field)] & this.bit(field)) !== 0;
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
    const { words, plan } = this.codec;
    const bitmap = (this.block + BITMAP_IN) >> 2;
    words[bitmap] = words[bitmap + 1] = 0;
    this.textAt = this.textsAt;
    // The code does not write the sizes of fixed fields: they are always the same.
    for (let f = 2; f <= FIELD_MAX; f++)
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
    const end = this.textsAt + TEXTS_BYTES;
    // After decoding, texts and bytes are places in the message, and what was set before is not wanted any more.
    if (this.textAt + size > end && !this.holdsTexts()) this.textAt = this.textsAt;
    if (this.textAt + size > end) return this.refuse(field, Status.overflow);
    for (let i = 0; i < size; i++) memory[this.textAt + i] = source[from + i];
    words[(this.block + OFFSETS_IN + 4 * field) >> 2] = this.textAt;
    words[(this.block + SIZES_IN + 4 * field) >> 2] = units;
    this.textAt += size;
    return this.present(field);
  }

  /** Takes everything from a decoded view, or nothing; for the codec. */
  take(view: MessageView | null, wanted: boolean): void {
    const { words, valuePlan, memory, numbers } = this.codec;
    const bitmap = (this.block + BITMAP_IN) >> 2;
    words[bitmap] = words[bitmap + 1] = 0;
    if (view === null) return;
    this.mti = view.mti;
    for (let f = 2; f <= FIELD_MAX; f++) {
      if (!view.has(f)) continue;
      this.present(f);
      words[(this.block + OFFSETS_IN + 4 * f) >> 2] = view.offset(f);
      words[(this.block + SIZES_IN + 4 * f) >> 2] = view.size(f);
      if (!wanted) continue;
      if (valuePlan.kept[f] === Kept.number) numbers[(this.block + NUMBERS_IN + 8 * f) >> 3] = view.number(f);
      else if (valuePlan.kept[f] === Kept.digits) view.digitsInto(f, memory, this.block + valuePlan.digitsIn[f]);
    }
  }

  /** Gives one value to a builder; for the codec. */
  give(field: number, builder: MessageBuilder): void {
    const { memory, valuePlan, plan, scratch } = this.codec;
    const kept = valuePlan.kept[field];
    if (kept === Kept.number) {
      builder.number(field, this.number(field));
      return;
    }
    const size = this.size(field);
    const at = kept === Kept.digits ? this.block + valuePlan.digitsIn[field] : this.offset(field);
    const digits = plan.type[field] === FieldTypeCode.n || plan.type[field] === FieldTypeCode.z;
    if (digits && plan.ebcdic[field] === 1) {
      for (let i = 0; i < size; i++) scratch[i] = fromEbcdic(memory[at + i]);
      builder.digitsFrom(field, scratch, 0, size);
    } else if (digits) {
      builder.digitsFrom(field, memory, at, at + size);
    } else if (plan.form[field] === UnitForm.double) {
      if (this.hexToScratch(field, at, size)) builder.bytes(field, scratch, 0, size);
      else builder.hex(field, latin1(memory, at, at + 2 * size));
    } else {
      builder.bytes(field, memory, at, at + size);
    }
  }

  /** Turns `size` pairs of hex characters at `at` into bytes; false when a character is none. */
  private hexToScratch(field: number, at: number, size: number): boolean {
    const { memory, plan, scratch } = this.codec;
    for (let i = 0; i < 2 * size; i++) {
      const byte = memory[at + i];
      const nibble = hexValue(plan.ebcdic[field] === 1 ? fromEbcdic(byte) : byte);
      if (nibble < 0) return false;
      scratch[i >> 1] = (scratch[i >> 1] << 4) | nibble;
    }
    return true;
  }

  /** True when a field of the block is a text or bytes that were set. */
  private holdsTexts(): boolean {
    const { kept } = this.codec.valuePlan;
    for (let f = 2; f <= FIELD_MAX; f++) {
      if (kept[f] !== Kept.bytes || !this.has(f)) continue;
      const at = this.offset(f);
      if (at >= this.textsAt && at < this.textsAt + TEXTS_BYTES) return true;
    }
    return false;
  }

  private wrongSize(field: number, size: number, max: number): number {
    const { plan } = this.codec;
    if (size < 0) return Status.range;
    if (plan.lengthBytes[field] > 0) return size > max ? Status.tooLong : Status.ok;
    return size === max || (plan.fill[field] !== 0 && size < max) ? Status.ok : Status.fixedLength;
  }

  private get hasMore(): boolean {
    return this.codec.memory[this.block + BITMAP_IN] >= 0x80;
  }

  private present(field: number): number {
    const { memory } = this.codec;
    if (field > 64 && !this.hasMore) {
      memory.fill(0, this.block + MORE_BITMAPS_IN, this.block + MORE_BITMAPS_IN + 16);
      memory[this.block + BITMAP_IN] |= 0x80;
    }
    memory[this.bitByte(field)] |= this.bit(field);
    return Status.ok;
  }

  private refuse(field: number, status: number): number {
    this.status = this.codec.plan.type[field] > FieldTypeCode.absent ? status : Status.unknownField;
    this.errorField = field;
    return this.status;
  }

  private bitByte(field: number): number {
    if (field <= 64) return this.block + BITMAP_IN + ((field - 1) >> 3);
    return this.block + MORE_BITMAPS_IN + ((field - 65) >> 3);
  }

  private bit(field: number): number {
    return 0x80 >> ((field - 1) & 7);
  }
}
