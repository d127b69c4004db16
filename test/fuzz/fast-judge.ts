import { FastCodec, type Values } from '../../src/iso8583/kernel/fast-codec.ts';
import { Kept, SLACK } from '../../src/iso8583/kernel/layout.ts';
import { SHAPES_MAX } from '../../src/iso8583/kernel/kernel.ts';
import { MessageView } from '../../src/iso8583/message-view.ts';
import type { FieldPlan } from '../../src/iso8583/plan.ts';
import type { WasmFunction } from '../../src/wire/wasm.ts';
import { putLength } from './inputs.ts';
import { LAST_FIELD, ok, trailing, type Oracle } from './oracle.ts';

/** Blocks of values, the input, what is written, and places to choose from. */
const MEMORY_BYTES = 96 * 1024;
/** Longest message that is tried. */
export const FAST_INPUT_MAX = 20_000;
/** Messages of one kind that are shown before there must be code for it. */
const FEEDS = 12;
/** Codecs of one dialect: each makes code for some sets of fields only. */
const LANES_MAX = 12;
/** Inputs with a bitmap that go by before there is code for it. */
const BEFORE_CODE = 2;
/** Bytes before and behind the input that are other ones each time: vectors reach as far. */
const AROUND = SLACK;
/** So many of them in most inputs: a vector is sixteen bytes long. */
const NEAR = 32;
/** One in four. */
const SOME = 3;
const GUARD = 16;
/** What an idle block is filled with. */
const IDLE = 0xb7;
const OVERFLOW = 11;

/** The codec that is judged. */
export const makeFast = (plan: FieldPlan): FastCodec => new FastCodec(plan, MEMORY_BYTES);

/** The functions and helpers of a codec that the planted mistakes and the counting take hold of. */
export interface Inside {
  decodeRight: WasmFunction;
  encodeRight: WasmFunction;
}

export const insideOf = (codec: FastCodec): Inside => codec as unknown as Inside;

/** A codec with two blocks; all that is free in its memory looks random. */
class Lane {
  readonly codec: FastCodec;
  readonly values: Values;
  /** A block that is not used: nothing may change it. */
  readonly idle: Values;
  readonly first: number;
  readonly last: number;
  /** Sets of fields that it was fed. */
  shapes = 0;

  constructor(codec: FastCodec) {
    this.codec = codec;
    this.values = codec.values();
    this.idle = codec.values();
    this.first = codec.firstByte;
    this.last = codec.memory.length - SLACK;
    for (let i = this.first; i < codec.memory.length; i++) codec.memory[i] = (i * 0x9d) >> 3;
    codec.memory.fill(IDLE, this.idle.block, this.first);
  }
}

/**
 * Holds the fast codec of one dialect against the oracle: each input is put somewhere in its memory, between bytes that
 * look random, decoded, located and encoded again by the code for its fields. What an input stands between, and where,
 * comes from its own bytes, so one input alone shows the same again.
 */
export class FastJudge {
  /** Inputs that the code found right, and messages that it wrote; inputs for whose fields there was code. */
  decoded = 0;
  encoded = 0;
  coded = 0;
  private readonly oracle: Oracle;
  private readonly plan: FieldPlan;
  private readonly make: (plan: FieldPlan) => FastCodec;
  private readonly feeds: boolean;
  private readonly lanes: Lane[] = [];
  private lane: Lane;
  /** True when `lane` has code for the input. */
  private hasCode = false;
  /** By the two halves of a bitmap: the lane that has code for it, or how often it came, negative; NaN when none can be made. */
  private readonly bitmaps = new Map<number, Map<number, number>>();
  private hash = 0;
  private readonly locator: MessageView;
  private readonly message = new Uint8Array(FAST_INPUT_MAX);
  private readonly digits = new Uint8Array(FAST_INPUT_MAX);
  private readonly texts: string[] = [];
  private readonly expected = new Uint8Array(FAST_INPUT_MAX + 64);

  constructor(oracle: Oracle, plan: FieldPlan, make: (plan: FieldPlan) => FastCodec) {
    this.oracle = oracle;
    this.plan = plan;
    this.make = make;
    this.locator = new MessageView(plan);
    // Only for these can there be code; the others must behave like the walk.
    this.feeds = oracle.dialect.mti === 'bcd' && oracle.dialect.bitmap === 'binary' && oracle.least === 1;
    this.lane = this.newLane();
  }

  private newLane(): Lane {
    const lane = new Lane(this.make(this.plan));
    const inside = insideOf(lane.codec);
    const { decodeRight, encodeRight } = inside;
    inside.decodeRight = (block, start, end, wanted) => {
      const answer = decodeRight(block, start, end, wanted);
      if (answer === 0) this.decoded += wanted;
      return answer;
    };
    inside.encodeRight = (block, at, limit, none) => {
      const end = encodeRight(block, at, limit, none);
      if (end !== 0) this.encoded++;
      return end;
    };
    this.lanes.push(lane);
    return lane;
  }

  /**
   * Undefined when the codec agrees with the oracle, which has just decoded this input, and with `view`, which has, too.
   * `deep`: code is made for its fields when there is none, and more is looked at.
   */
  check(input: Uint8Array, length: number, view: MessageView, deep: boolean): string | undefined {
    if (length > FAST_INPUT_MAX) return undefined;
    this.hasCode = false;
    if (this.feeds && length >= 10 && input[2] < 0x80) this.choose(input, deep);
    this.hashOf(input, length);
    // Without any code it is the walk, which has been judged already: some of the inputs will do.
    if (!this.feeds && !deep && (this.hash & SOME) !== 0) return undefined;
    const { lane } = this;
    const { memory } = lane.codec;
    const span = lane.last - lane.first - length;
    let at = lane.first + AROUND + (this.hash & 0x3f);
    // One in eight ends where the memory does, one in eight begins where it does.
    const where = this.hash >>> 29;
    if (where === 0) at = lane.last - length;
    else if (where === 1) at = lane.first;
    else if (deep) at = lane.first + (this.hash % span);
    const around = deep ? AROUND : NEAR;
    this.noise(Math.max(lane.first, at - around), at);
    for (let i = 0; i < length; i++) memory[at + i] = input[i];
    this.noise(at + length, at + length + around);
    return this.decode(view, at, length, deep) ?? this.locate(at, length, deep) ?? this.encode(at, length, deep);
  }

  private hashOf(input: Uint8Array, length: number): void {
    let hash = length + 0x51ed;
    for (let i = 0; i < length; i += 1 + (length >> 5)) hash = Math.imul(hash ^ input[i], 0x01000193);
    this.hash = (hash ^ (hash >>> 15)) >>> 0;
  }

  private noise(from: number, to: number): void {
    const { memory } = this.lane.codec;
    let x = this.hash | 1;
    for (let i = from; i < to; i++) {
      x = Math.imul(x, 0x2c1b3c6d) + 0x297a2d39;
      memory[i] = x >>> 24;
    }
  }

  private differs(what: string, is: unknown, should: unknown): string {
    return `fast codec: ${what} is ${String(is)}, should be ${String(should)}`;
  }

  /** Status and place of the mistake, or message type and places of all fields. */
  private places(status: number, at: number, oracle: Oracle): string | undefined {
    const { values } = this.lane;
    if (status !== oracle.status) return this.differs('status', status, oracle.status);
    if (values.status !== status) return this.differs('values.status', values.status, status);
    if (status !== ok) {
      if (values.errorField !== oracle.errorField) {
        return this.differs('errorField', values.errorField, oracle.errorField);
      }
      if (values.errorOffset - at !== oracle.errorOffset) {
        return this.differs('errorOffset', values.errorOffset - at, oracle.errorOffset);
      }
      return undefined;
    }
    if (values.mti !== oracle.mti) return this.differs('mti', values.mti, oracle.mti);
    for (let i = 0; i < oracle.count; i++) {
      const field = oracle.order[i];
      if (!values.has(field)) return this.differs(`has(${field})`, false, true);
      const offset = values.offset(field) - at;
      if (offset !== oracle.offset[field]) return this.differs(`offset(${field})`, offset, oracle.offset[field]);
      const size = values.size(field);
      if (size !== oracle.size[field]) return this.differs(`size(${field})`, size, oracle.size[field]);
    }
    return undefined;
  }

  private decode(view: MessageView, at: number, length: number, deep: boolean): string | undefined {
    const { oracle, digits, lane } = this;
    const { codec, values } = lane;
    const before = this.decoded;
    const status = codec.decode(values, at, at + length);
    if (oracle.status === ok && this.hasCode && this.decoded === before) {
      return 'fast codec: the code refuses a right message';
    }
    const wrong = this.places(status, at, oracle);
    if (wrong !== undefined || status !== ok) return wrong ?? this.nothingHad();
    const { kept } = codec.valuePlan;
    const { memory } = codec;
    for (let i = 0; i < oracle.count; i++) {
      const field = oracle.order[i];
      const should = kept[field] === Kept.number ? view.number(field) : -1;
      if (values.number(field) !== should) return this.differs(`number(${field})`, values.number(field), should);
      const from = values.digitsAt(field);
      if (kept[field] !== Kept.digits) {
        if (from !== -1) return this.differs(`digitsAt(${field})`, from, -1);
        continue;
      }
      const count = view.digitsInto(field, digits, 0);
      for (let k = 0; k < count; k++) {
        if (memory[from + k] !== digits[k]) return this.differs(`digit ${k} of ${field}`, memory[from + k], digits[k]);
      }
    }
    return deep ? this.allTexts() : undefined;
  }

  private allTexts(): string | undefined {
    const { oracle, texts, lane } = this;
    texts.length = 0;
    lane.codec.texts(lane.values, texts);
    let count = 0;
    texts.forEach(() => count++);
    if (count !== oracle.count) return this.differs('number of texts', count, oracle.count);
    for (let i = 0; i < count; i++) {
      const field = oracle.order[i];
      const text = oracle.text(field);
      if (texts[field] !== text) return this.differs(`texts()[${field}]`, texts[field], text);
    }
    return undefined;
  }

  private nothingHad(): string | undefined {
    for (let i = 0; i < this.oracle.count; i++) {
      if (this.lane.values.has(this.oracle.order[i])) return 'fast codec: a field can be read after an error';
    }
    return undefined;
  }

  /** Only what the digits and characters decide may be another status than the oracle's: it is asked of a view then. */
  private locate(at: number, length: number, deep: boolean): string | undefined {
    const { oracle, locator, lane } = this;
    const { codec, values } = lane;
    if (oracle.status === ok) return this.places(codec.locate(values, at, at + length), at, oracle);
    if (!deep && oracle.status !== trailing) return undefined;
    const status = codec.locate(values, at, at + length);
    const should = locator.locate(codec.memory, at, at + length);
    if (status !== should) return this.differs('located status', status, should);
    if (status === ok) {
      for (let field = 2; field <= LAST_FIELD; field++) {
        if (values.offset(field) !== locator.offset(field)) return `fast codec: located offset(${field}) differs`;
        if (values.size(field) !== locator.size(field)) return `fast codec: located size(${field}) differs`;
      }
      return undefined;
    }
    if (values.errorField !== locator.errorField || values.errorOffset !== locator.errorOffset) {
      return 'fast codec: the place of what is wrong differs when it is located';
    }
    return undefined;
  }

  private encode(at: number, length: number, deep: boolean): string | undefined {
    const { oracle, expected, lane } = this;
    const { codec, values } = lane;
    if (oracle.status !== ok) return undefined;
    // Locating has not touched the values that decoding took out.
    const should = oracle.canonical(expected, true);
    const { memory } = codec;
    let out = at + length + AROUND + GUARD;
    if (out + should + SLACK + GUARD > this.lane.last) out = this.lane.first + GUARD;
    const to = out + should + SLACK;
    if (out < at && to + GUARD > at) return undefined;
    const limit = deep ? out + should : this.lane.last;
    for (let i = 1; i <= GUARD; i++) memory[out - i] = memory[to + i - 1] = 0xc0 + i;
    const before = this.encoded;
    const end = codec.encode(values, out, limit);
    if (this.hasCode && this.encoded === before) return 'fast codec: the code refuses right values';
    if (end < 0) return `fast codec: encoded again: status ${-end} in field ${values.errorField}`;
    if (values.status !== ok) return this.differs('status after encoding', values.status, ok);
    if (end - out !== should) return this.differs('encoded length', end - out, should);
    for (let i = 0; i < should; i++) {
      if (memory[out + i] !== expected[i]) {
        const is = Buffer.from(memory.subarray(out, end)).toString('hex');
        return `fast codec: byte ${i} differs\n  is     ${is}\n  should ${Buffer.from(expected.subarray(0, should)).toString('hex')}`;
      }
    }
    for (let i = 1; i <= GUARD; i++) {
      if (memory[out - i] !== 0xc0 + i || memory[to + i - 1] !== 0xc0 + i) return 'fast codec: wrote outside its room';
    }
    if (!deep) return undefined;
    for (let i = this.lane.idle.block; i < this.lane.first; i++)
      if (memory[i] !== IDLE) return 'fast codec: another block changed';
    const short = codec.encode(values, out, out + should - 1);
    if (short !== -OVERFLOW) return this.differs('status with one byte less room', short, -OVERFLOW);
    const lastField = oracle.count === 0 ? 0 : oracle.order[oracle.count - 1];
    if (lastField <= 64 && oracle.least === 1 && values.errorField !== lastField) {
      // The walk looks for room field by field, so only the last one has too little, unless it has no bytes.
      if (oracle.count > 0 && oracle.length[lastField] > 0) {
        return this.differs('field with one byte less room', values.errorField, lastField);
      }
    }
    for (let i = 1; i <= GUARD; i++) {
      if (memory[out - i] !== 0xc0 + i || memory[to + i - 1] !== 0xc0 + i) return 'fast codec: wrote outside its room';
    }
    return undefined;
  }

  /** Chooses the codec that has code for the bitmap of the input, and shows it right messages until it has. */
  private choose(input: Uint8Array, now: boolean): void {
    const { bitmaps, lanes } = this;
    const high = (input[2] << 24) | (input[3] << 16) | (input[4] << 8) | input[5];
    const low = (input[6] << 24) | (input[7] << 16) | (input[8] << 8) | input[9];
    let lows = bitmaps.get(high);
    if (lows === undefined) bitmaps.set(high, (lows = new Map()));
    const known = lows.get(low) ?? -1;
    if (known >= 0) {
      this.lane = lanes[known];
      this.coded++;
      this.hasCode = true;
      return;
    }
    if (Number.isNaN(known)) return;
    lows.set(low, known - 1);
    if (!now && known >= -BEFORE_CODE) return;
    let newest = lanes[lanes.length - 1];
    if (newest.shapes === SHAPES_MAX && lanes.length === LANES_MAX) return;
    const length = this.plainest(input);
    if (length === 0) return;
    if (newest.shapes === SHAPES_MAX) newest = this.newLane();
    newest.shapes++;
    this.lane = newest;
    const { codec, values, first } = newest;
    codec.memory.set(this.message.subarray(0, length), first);
    for (let i = 0; i < FEEDS; i++) codec.decode(values, first, first + length);
    // Two sets of fields may want the same slot; the second one has no code then.
    this.hasCode = insideOf(codec).decodeRight(values.block, first, first + length, 1) === 0;
    lows.set(low, this.hasCode ? lanes.length - 1 : Number.NaN);
  }

  /** Writes the shortest message with the bitmap of the input; 0 when it has fields that there are not. */
  private plainest(input: Uint8Array): number {
    const { oracle, message } = this;
    message.fill(0, 0, 2);
    for (let i = 2; i < 10; i++) message[i] = input[i];
    let at = 10;
    for (let field = 2; field <= 64; field++) {
      if ((input[2 + ((field - 1) >> 3)] & (0x80 >> ((field - 1) & 7))) === 0) continue;
      const rule = oracle.rules[field];
      if (rule === undefined) return 0;
      if (rule.lengthBytes > 0) {
        at = putLength(rule, 0, message, at);
        continue;
      }
      const bytes = rule.packed ? (rule.max + 1) >> 1 : rule.hex ? 2 * rule.max : rule.max;
      message.fill(rule.packed ? 0 : rule.ebcdic ? 0xf0 : 0x30, at, at + bytes);
      at += bytes;
    }
    return at;
  }
}
