import { FastCodec } from '../../src/iso8583/kernel/fast-codec.ts';
import { MessageBuilder } from '../../src/iso8583/message-builder.ts';
import { MessageView } from '../../src/iso8583/message-view.ts';
import { compileFieldPlan, type DialectOptions, type DialectSource, type FieldPlan } from '../../src/iso8583/plan.ts';
import type { Target } from './dialects.ts';
import { FastJudge, makeFast } from './fast-judge.ts';
import { LAST_FIELD, Oracle, ok, type Rule } from './oracle.ts';

/** Longest input, bytes: a value of 9999 units in hex and some more. */
const INPUT_MAX = 24_000;
const ROOM = 512;
/** Where the input stands in the two larger buffers, and what stands around it. */
const ZEROS_AT = 3;
const NINES_AT = 61;
const ZEROS = 0x00;
const NINES = 0xff;

export function planOf(dialect: DialectSource, options: DialectOptions = {}): FieldPlan {
  const plan = compileFieldPlan(dialect, options);
  if (!plan.ok) throw new Error(plan.fault.cause);
  return plan.value;
}

const hexOf = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.subarray(from, to)).toString('hex');

/**
 * Holds decoder and encoder of one dialect against the oracle. Every input is decoded twice, inside a Buffer of zeros and
 * inside a Uint8Array of FFh, at an even and an odd place: a byte read outside the range changes one of the results.
 */
export class Judge {
  readonly oracle: Oracle;
  /** Inputs that ended in each status. */
  readonly statuses = new Float64Array(32);
  readonly plan: FieldPlan;
  readonly fast: FastJudge;
  private readonly inZeros: MessageView;
  private readonly inNines: MessageView;
  private readonly alone: MessageView;
  private readonly builder: MessageBuilder;
  private readonly zeros = Buffer.alloc(INPUT_MAX + ROOM, ZEROS);
  private readonly nines = new Uint8Array(INPUT_MAX + ROOM).fill(NINES);
  private readonly expected = new Uint8Array(INPUT_MAX + ROOM);
  private readonly written = new Uint8Array(INPUT_MAX + ROOM);
  private readonly scratch = new Uint8Array(INPUT_MAX + ROOM);
  /** Bytes of the input before: what must be filled again. */
  private dirty = 0;

  /** `makeView`, `makeBuilder` and `makeCodec` let a wrong decoder or encoder take the place of the real one. */
  constructor(
    target: Target,
    makeView: (plan: FieldPlan) => MessageView = plan => new MessageView(plan),
    makeBuilder: (plan: FieldPlan) => MessageBuilder = plan => new MessageBuilder(plan),
    makeCodec: (plan: FieldPlan) => FastCodec = makeFast,
  ) {
    this.oracle = new Oracle(target.dialect, target.options);
    this.plan = planOf(target.dialect, target.options);
    this.inZeros = makeView(this.plan);
    this.inNines = makeView(this.plan);
    this.alone = makeView(this.plan);
    this.builder = makeBuilder(this.plan);
    this.fast = new FastJudge(this.oracle, this.plan, makeCodec);
  }

  /**
   * Undefined when all agree on `input[0, length)`, otherwise what differs. `deep` looks at every value in every form and
   * at every field that must be absent.
   */
  check(input: Uint8Array, length: number, deep: boolean): string | undefined {
    try {
      return this.compare(input, length, deep);
    } catch (error) {
      return `thrown: ${error instanceof Error ? error.stack?.split('\n').slice(0, 4).join('\n') : String(error)}`;
    }
  }

  private compare(input: Uint8Array, length: number, deep: boolean): string | undefined {
    const { oracle, zeros, nines } = this;
    for (let i = 0; i < length; i++) zeros[ZEROS_AT + i] = nines[NINES_AT + i] = input[i];
    for (let i = length; i < this.dirty; i++) {
      zeros[ZEROS_AT + i] = ZEROS;
      nines[NINES_AT + i] = NINES;
    }
    this.dirty = length;
    const status = oracle.decode(input, 0, length);
    this.statuses[status]++;
    if (oracle.steps > length + LAST_FIELD) return `the oracle took ${oracle.steps} steps`;
    if (oracle.errorOffset > length || oracle.end > length) return 'the oracle went past the end';
    this.inZeros.decode(zeros, ZEROS_AT, ZEROS_AT + length);
    this.inNines.decode(nines, NINES_AT, NINES_AT + length);
    const different =
      this.difference(this.inZeros, ZEROS_AT, deep, 'between zeros') ??
      this.difference(this.inNines, NINES_AT, deep, 'between FFh');
    if (different !== undefined) return different;
    if (deep) {
      const exact = input.slice(0, length);
      this.alone.decode(exact, 0, length);
      const wrong = this.difference(this.alone, 0, false, 'alone') ?? this.values(this.alone, 0);
      if (wrong !== undefined) return wrong;
      const other = this.values(this.inNines, NINES_AT);
      if (other !== undefined) return other;
    }
    const other = this.fast.check(input, length, this.inZeros, deep);
    return other === undefined && status === ok ? this.again(length, deep) : other;
  }

  /** Status, place and every span of a view against the oracle. */
  private difference(view: MessageView, base: number, deep: boolean, where: string): string | undefined {
    const { oracle } = this;
    const differs = (what: string, is: unknown, should: unknown): string =>
      `${where}: ${what} is ${String(is)}, should be ${String(should)}`;
    if (view.status !== oracle.status) return differs('status', view.status, oracle.status);
    if (view.mti !== oracle.mti) return differs('mti', view.mti, oracle.mti);
    if (view.end - base !== oracle.end) return differs('end', view.end - base, oracle.end);
    if (oracle.status !== ok) {
      if (view.errorField !== oracle.errorField) return differs('errorField', view.errorField, oracle.errorField);
      const at = view.errorOffset - base;
      if (at !== oracle.errorOffset) return differs('errorOffset', at, oracle.errorOffset);
      if (oracle.errorField > 1 && oracle.status !== 9 && view.has(oracle.errorField)) {
        return differs(`has(${oracle.errorField})`, true, false);
      }
    }
    for (let i = 0; i < oracle.count; i++) {
      const field = oracle.order[i];
      if (!view.has(field)) return differs(`has(${field})`, false, true);
      const at = view.offset(field) - base;
      if (at !== oracle.offset[field]) return differs(`offset(${field})`, at, oracle.offset[field]);
      const length = view.length(field);
      if (length !== oracle.length[field]) return differs(`length(${field})`, length, oracle.length[field]);
      if (view.size(field) !== oracle.size[field]) {
        return differs(`size(${field})`, view.size(field), oracle.size[field]);
      }
      const pad = view.padNibble(field);
      if (pad !== oracle.pad[field]) return differs(`padNibble(${field})`, pad, oracle.pad[field]);
    }
    if (!deep) return undefined;
    let decoded = 0;
    for (let field = 0; field <= LAST_FIELD + 1; field++) {
      if (view.has(field)) decoded++;
      const named = field >= 2 && field <= LAST_FIELD && oracle.named[field] === 1;
      if (view.announced(field) !== named) return differs(`announced(${field})`, !named, named);
    }
    return decoded === oracle.count ? undefined : differs('number of fields', decoded, oracle.count);
  }

  /** Every decoded value in every form that a view gives. */
  private values(view: MessageView, base: number): string | undefined {
    const { oracle, scratch } = this;
    const differs = (what: string, is: unknown, should: unknown): string => `${what} is ${is}, should be ${should}`;
    for (let i = 0; i < oracle.count; i++) {
      const field = oracle.order[i];
      const rule = oracle.rules[field] as Rule;
      const text = oracle.text(field);
      if (view.text(field) !== text) return differs(`text(${field})`, view.text(field), text);
      const number = oracle.number(field);
      if (view.number(field) !== number) return differs(`number(${field})`, view.number(field), number);
      if (view.amountMinor(field) !== number) return differs(`amountMinor(${field})`, view.amountMinor(field), number);
      const raw = view.bytes(field);
      const from = oracle.offset[field];
      if (raw.length !== oracle.length[field] || raw.byteOffset - view.message.byteOffset !== base + from) {
        return `bytes(${field}) is another range`;
      }
      const nibble = rule.packed ? 2 * (base + from) + (rule.fillerFirst && oracle.pad[field] >= 0 ? 1 : 0) : -1;
      if (view.firstNibble(field) !== nibble) return differs(`firstNibble(${field})`, view.firstNibble(field), nibble);
      const size = oracle.size[field];
      scratch.fill(0xee, 0, size + 3);
      const digits = view.digitsInto(field, scratch, 1);
      if (digits !== (rule.digits ? size : -1)) return differs(`digitsInto(${field})`, digits, size);
      if (rule.digits) {
        if (Buffer.from(scratch.subarray(1, 1 + size)).toString('latin1') !== text)
          return `digitsInto(${field}) differs`;
        if (scratch[0] !== 0xee || scratch[1 + size] !== 0xee) return `digitsInto(${field}) writes outside its place`;
        const short = new Uint8Array(size);
        if (size > 0 && view.digitsInto(field, short, 1) !== -1) return `digitsInto(${field}) does not see the end`;
      }
      scratch.fill(0xee, 0, size + 3);
      const count = view.bytesInto(field, scratch, 1);
      const isBytes = rule.source.type === 'b';
      if (count !== (isBytes ? size : -1)) return differs(`bytesInto(${field})`, count, size);
      if (isBytes && hexOf(scratch, 1, 1 + size).toUpperCase() !== text) return `bytesInto(${field}) differs`;
      if (isBytes && (scratch[0] !== 0xee || scratch[1 + size] !== 0xee)) return `bytesInto(${field}) writes outside`;
    }
    return undefined;
  }

  /** Encodes what was decoded, value by value: the same bytes, or their canonical form. */
  private again(length: number, deep: boolean): string | undefined {
    const { oracle, builder, expected, written } = this;
    const should = oracle.canonical(expected);
    const where = `encoded again${deep ? ' from texts' : ''}`;
    const base = 5;
    written[base - 1] = 0xa5;
    written[base + should] = 0xa5;
    const status = this.encode(written, base, deep);
    if (status < 0) return `${where}: status ${-status} in field ${builder.errorField}`;
    if (status - base !== should) return `${where}: ${status - base} bytes, should be ${should} (input ${length})`;
    for (let i = 0; i < should; i++) {
      if (written[base + i] !== expected[i]) {
        return `${where}: byte ${i} differs\n  is     ${hexOf(written, base, base + should)}\n  should ${hexOf(expected, 0, should)}`;
      }
    }
    if (written[base - 1] !== 0xa5 || written[base + should] !== 0xa5) return `${where}: wrote outside its place`;
    if (!deep) return undefined;
    // One byte less room is no room.
    const short = written.subarray(0, base + should - 1);
    const full = this.encode(short, base, false);
    return full === -11 ? undefined : `with one byte less room the encoder gives ${full}, should be -11`;
  }

  private encode(out: Uint8Array, base: number, fromTexts: boolean): number {
    const { oracle, builder, inZeros, zeros, scratch } = this;
    builder.begin(out, base, inZeros.mti);
    for (let i = 0; i < oracle.count; i++) {
      const field = oracle.order[i];
      const rule = oracle.rules[field] as Rule;
      const pad = inZeros.padNibble(field);
      if (fromTexts) {
        if (pad >= 0) builder.value(field, inZeros.text(field), pad);
        else builder.value(field, inZeros.text(field));
      } else if (rule.digits) {
        const size = inZeros.digitsInto(field, scratch, 0);
        builder.digitsFrom(field, scratch, 0, size, pad >= 0 ? pad : rule.filler);
      } else if (rule.source.type === 'b') {
        builder.bytes(field, scratch, 0, inZeros.bytesInto(field, scratch, 0));
      } else {
        const at = inZeros.offset(field);
        builder.bytes(field, zeros, at, at + inZeros.length(field));
      }
    }
    return builder.finish();
  }
}
