import { HEADER_LENGTH, TPDU_LENGTH } from '../iso8583/frame.ts';
import { FastCodec, type Values } from '../iso8583/kernel/fast-codec.ts';
import { MessageBuilder } from '../iso8583/message-builder.ts';
import { BODY_HEAD_LENGTH, MessageView } from '../iso8583/message-view.ts';
import { FIELD_MAX, fieldClass, type FieldPlan } from '../iso8583/plan.ts';
import { Status, StatusText } from '../iso8583/status.ts';
import { copyField } from './copy-field.ts';
import type { FieldExpectation } from './expectation.ts';
import type { Messages } from './kinds.ts';

/** Longest body, bytes: what a length of two bytes can tell. */
const BODY_MAX = 0xffff;
/** Room of one body in the memory of the codec, with what the codec writes behind it. */
const BODY_ROOM = BODY_MAX + 1 + 128;
/** Room for the blocks of values of a dialect with the longest fields. */
const BLOCKS_ROOM = 1 << 19;
/** So many differences are kept; the others are counted. */
export const DIFFERENCES_KEPT = 20;
const MTI_COUNT = 0x10000;
const MAC_LENGTH = 8;
/** Fields that a MAC may stand in. */
const MAC_FIELDS = [64, 128] as const;

const { copy } = Buffer.prototype;

/** Something that a replay found. `offset` counts bytes from the beginning of the message, TPDU and header included. */
export interface MessageDifference {
  readonly kind: 'undecodable' | 'bytes' | 'mac' | 'expectation';
  /** Number of the message in the capture, from 1. */
  readonly number: number;
  /** Microseconds since 1970; 0 when the capture does not say. */
  readonly timeUs: number;
  /** Four digits; empty when there is none. */
  readonly mti: string;
  /** 0 the message type, 1 the bitmap, 2–192. */
  readonly field: number;
  readonly offset: number;
  /** Holds no card data. */
  readonly why: string;
}

/** Says which MAC is right for the bytes from the message type up to the MAC's field. */
export interface MacCheck {
  /** True when one of the keys gives the eight bytes at `bytes[at]` for `bytes[start, end)`. */
  matches(bytes: Uint8Array, start: number, end: number, at: number): boolean;
}

export interface ReplayOptions {
  /** First and last message, from 1, and the time between which messages count, microseconds since 1970. */
  readonly fromNumber?: number;
  readonly untilNumber?: number;
  readonly fromUs?: number;
  readonly untilUs?: number;
  readonly expectations?: readonly FieldExpectation[];
  readonly mac?: MacCheck;
  /** The card data of the capture was replaced: a MAC over it cannot be right any more. */
  readonly redacted?: boolean;
}

/** What became of the messages of one type. */
export interface TypeCounts {
  readonly mti: string;
  readonly messages: number;
  readonly bytes: number;
  readonly different: number;
}

/**
 * Decodes every message of a capture, encodes its values again and compares byte for byte; checks MACs and wanted values on the way.
 * Made once for a capture. Creates nothing for a message that is as it should be.
 */
export class MessageReplay {
  /** Messages that were replayed, and those before and behind the wanted range. */
  messages = 0;
  skipped = 0;
  /** Bytes of the replayed messages. */
  bytes = 0;
  equal = 0;
  undecodable = 0;
  different = 0;
  /** Of the equal ones: another filler beside odd digits than the dialect writes. */
  otherFillers = 0;
  macsRight = 0;
  macsWrong = 0;
  /** The card data under the MAC was replaced, or its form is not the one that is checked. */
  macsUnchecked = 0;
  expectationsMissed = 0;
  readonly differences: MessageDifference[] = [];
  /** The first message that did not decode, TPDU and header included; empty: there was none. Until {@link wipe}. */
  firstUndecodable: Uint8Array = new Uint8Array(0);
  private readonly plan: FieldPlan;
  private readonly options: ReplayOptions;
  private readonly codec: FastCodec;
  private readonly values: Values;
  private readonly view: MessageView;
  private readonly builder: MessageBuilder;
  private readonly headLength: number;
  /** Where the body of the message goes, and where it is encoded again; both at whole words. */
  private readonly bodyAt: number;
  private readonly againAt: number;
  /** The message at hand. */
  private number = 0;
  private timeUs = 0;
  private readonly byType = new Float64Array(MTI_COUNT);
  private readonly bytesByType = new Float64Array(MTI_COUNT);
  private readonly differentByType = new Float64Array(MTI_COUNT);
  private readonly fromNumber: number;
  private readonly untilNumber: number;
  private readonly fromUs: number;
  private readonly untilUs: number;

  constructor(plan: FieldPlan, options: ReplayOptions = {}) {
    this.plan = plan;
    this.options = options;
    this.codec = new FastCodec(plan, BLOCKS_ROOM + 2 * BODY_ROOM);
    this.values = this.codec.values();
    this.view = new MessageView(plan);
    this.builder = new MessageBuilder(plan);
    this.headLength = (plan.framing.tpdu ? TPDU_LENGTH : 0) + (plan.framing.header ? HEADER_LENGTH : 0);
    this.bodyAt = (this.codec.firstByte + 15) & ~15;
    this.againAt = this.bodyAt + BODY_ROOM;
    this.fromNumber = options.fromNumber ?? 0;
    this.untilNumber = options.untilNumber ?? Number.POSITIVE_INFINITY;
    this.fromUs = options.fromUs ?? Number.NEGATIVE_INFINITY;
    this.untilUs = options.untilUs ?? Number.POSITIVE_INFINITY;
  }

  /** Replays up to `most` further messages; false when the capture, or the wanted range, is at its end. */
  run(messages: Messages, most: number): boolean {
    for (let n = 0; n < most; n++) {
      if (!messages.next() || messages.number > this.untilNumber || messages.timeUs > this.untilUs) return false;
      if (messages.number < this.fromNumber || messages.timeUs < this.fromUs) this.skipped++;
      else this.one(messages);
    }
    return true;
  }

  /** True when every message decoded, came out as it went in, and held what was wanted. */
  get clean(): boolean {
    const { undecodable, different, macsWrong, expectationsMissed } = this;
    return undecodable + different + macsWrong + expectationsMissed === 0 && this.unused.length === 0;
  }

  /** Wanted values that no message was asked for: nothing was proved by them. */
  get unused(): readonly FieldExpectation[] {
    return (this.options.expectations ?? []).filter(one => one.asked === 0);
  }

  /** The message types in their order. */
  types(): readonly TypeCounts[] {
    const found: TypeCounts[] = [];
    for (let mti = 0; mti < MTI_COUNT; mti++) {
      if (this.byType[mti] === 0) continue;
      found.push({
        mti: mtiOf(mti),
        messages: this.byType[mti],
        bytes: this.bytesByType[mti],
        different: this.differentByType[mti],
      });
    }
    return found;
  }

  /** Overwrites what the last message left in memory. */
  wipe(): void {
    this.codec.wipe();
    this.firstUndecodable.fill(0);
  }

  private one(messages: Messages): void {
    const { codec, values, bodyAt, againAt, options } = this;
    const start = messages.from + this.headLength;
    const length = messages.to - start;
    this.messages++;
    this.bytes += messages.to - messages.from;
    this.number = messages.number;
    this.timeUs = messages.timeUs;
    if (length < BODY_HEAD_LENGTH || length > BODY_MAX) return this.noBody(messages, length);
    copy.call(messages.bytes, codec.memory, bodyAt, start, messages.to);
    if (codec.decode(values, bodyAt, bodyAt + length) !== Status.ok) return this.notDecoded(messages);
    const { mti } = values;
    this.byType[mti]++;
    this.bytesByType[mti] += length + this.headLength;
    const again = codec.encode(values, againAt) - againAt;
    let fine = (again === length && sameBytes(codec.words, bodyAt, againAt, length)) || this.sameWithItsFillers(length);
    if (options.mac !== undefined || options.expectations !== undefined) fine = this.wanted(length) && fine;
    if (fine) this.equal++;
    else this.differentByType[mti]++;
  }

  /** MAC and wanted values. */
  private wanted(length: number): boolean {
    const { view, codec, bodyAt, options } = this;
    view.decode(codec.memory, bodyAt, bodyAt + length);
    let fine = this.macFits();
    for (const expectation of options.expectations ?? []) {
      const why = expectation.judge(view);
      if (why === '') continue;
      fine = false;
      this.expectationsMissed++;
      const at = view.offset(expectation.field);
      this.keep('expectation', view.mti, expectation.field, at < 0 ? 0 : at - bodyAt + this.headLength, why);
    }
    return fine;
  }

  private macFits(): boolean {
    const { view, codec, bodyAt, options, headLength } = this;
    if (options.mac === undefined) return true;
    const field = MAC_FIELDS.find(each => view.has(each));
    if (field === undefined) return true;
    const at = view.offset(field);
    if (view.length(field) !== MAC_LENGTH) {
      this.macsUnchecked++;
      return true;
    }
    if (options.mac.matches(codec.memory, bodyAt, at - this.plan.lengthBytes[field], at)) {
      this.macsRight++;
      return true;
    }
    if (options.redacted === true && this.holdsHidden()) {
      this.macsUnchecked++;
      return true;
    }
    this.macsWrong++;
    this.keep('mac', view.mti, field, at - bodyAt + headLength, 'the MAC is not right for this message');
    return false;
  }

  /** True when the message has a field that a redacted capture does not show as it was. MACs are shown. */
  private holdsHidden(): boolean {
    const { view, plan } = this;
    for (let f = 2; f <= FIELD_MAX; f++) {
      if (!view.has(f)) continue;
      const kind = fieldClass(plan, f);
      if (kind !== 'public' && kind !== 'mac') return true;
    }
    return false;
  }

  private noBody(messages: Messages, length: number): void {
    this.undecodable++;
    const why =
      length < BODY_HEAD_LENGTH
        ? `${messages.to - messages.from} bytes are too few for TPDU, header, message type and bitmap`
        : `${length} bytes are more than a frame can have (${BODY_MAX})`;
    this.keep('undecodable', -1, 0, 0, why);
  }

  private notDecoded(messages: Messages): void {
    const { bytes, from, to } = messages;
    if (this.firstUndecodable.length === 0) this.firstUndecodable = bytes.slice(from, to);
    const { values, bodyAt, headLength } = this;
    this.undecodable++;
    const { status, errorField, errorOffset } = values;
    const mti = errorField === 0 ? -1 : (this.codec.memory[bodyAt] << 8) | this.codec.memory[bodyAt + 1];
    const packed = this.plan.mtiForm === 0;
    this.keep('undecodable', packed ? mti : -1, errorField, errorOffset - bodyAt + headLength, StatusText[status].en);
  }

  /** Encodes field by field with the fillers that the message has itself; what still differs is told. */
  private sameWithItsFillers(length: number): boolean {
    const { codec, view, bodyAt, againAt } = this;
    const { memory } = codec;
    view.decode(memory, bodyAt, bodyAt + length);
    const again = this.encodeView();
    let at = 0;
    while (at < length && at < again && memory[bodyAt + at] === memory[againAt + at]) at++;
    if (again === length && at === length) {
      this.otherFillers++;
      return true;
    }
    this.different++;
    const field = again < 0 ? this.builder.errorField : fieldAt(view, bodyAt + at);
    const open = field < 2 || fieldClass(this.plan, field) === 'public';
    const why =
      again < 0
        ? `cannot be encoded again: ${StatusText[-again].en}`
        : open && at < length && at < again
          ? `byte ${hex(memory[bodyAt + at])} becomes ${hex(memory[againAt + at])}`
          : again !== length
            ? `${length} bytes become ${again}`
            : 'another byte';
    this.keep('bytes', view.mti, field, at + this.headLength, why);
    return false;
  }

  /** Writes the decoded view to its place again; its length, or the negative status. */
  private encodeView(): number {
    const { view, builder, codec, againAt } = this;
    builder.begin(codec.memory.subarray(0, againAt + BODY_ROOM), againAt, view.mti);
    for (let f = 2; f <= FIELD_MAX; f++) if (view.has(f)) copyField(view, f, builder);
    const end = builder.finish();
    return end < 0 ? end : end - againAt;
  }

  private keep(kind: MessageDifference['kind'], mti: number, field: number, offset: number, why: string): void {
    if (this.differences.length >= DIFFERENCES_KEPT) return;
    const { number, timeUs } = this;
    this.differences.push({ kind, number, timeUs, mti: mti < 0 ? '' : mtiOf(mti), field, offset, why });
  }
}

/**
 * Are the `length` bytes at `a` and at `b`, both at whole words, the same? Four words at a time: one branch for sixteen bytes. Of the
 * last word only the bytes count that belong to the message; numbers in the codec's memory are little-endian.
 */
function sameBytes(words: Int32Array, a: number, b: number, length: number): boolean {
  const apart = (b - a) >> 2;
  const end = (a + length) >> 2;
  let w = a >> 2;
  for (; w + 4 <= end; w += 4) {
    const v = w + apart;
    const other =
      (words[w] ^ words[v]) |
      (words[w + 1] ^ words[v + 1]) |
      (words[w + 2] ^ words[v + 2]) |
      (words[w + 3] ^ words[v + 3]);
    if (other !== 0) return false;
  }
  let other = (words[end] ^ words[end + apart]) & ((1 << ((length & 3) << 3)) - 1);
  for (; w < end; w++) other |= words[w] ^ words[w + apart];
  return other === 0;
}

/** Field of a decoded message at an offset: 0 message type, 1 bitmap. */
function fieldAt(view: MessageView, at: number): number {
  if (at < view.start + (view.plan.mtiForm === 0 ? 2 : 4)) return 0;
  let found = 1;
  for (let f = 2; f <= FIELD_MAX; f++) {
    if (view.has(f) && view.offset(f) - view.plan.lengthBytes[f] <= at) found = f;
  }
  return found;
}

const mtiOf = (mti: number): string => mti.toString(16).padStart(4, '0');
const hex = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, '0');
