import { describe, expect, test } from 'vitest';
import { FastCodec, type Values } from '../../src/iso8583/kernel/fast-codec.ts';
import { SHAPES_MAX } from '../../src/iso8583/kernel/kernel.ts';
import { BITMAP_IN, Kept, NUMBERS_IN, SIZES_IN, SLACK, TEXTS_BYTES } from '../../src/iso8583/kernel/layout.ts';
import { MessageBuilder } from '../../src/iso8583/message-builder.ts';
import { MessageView } from '../../src/iso8583/message-view.ts';
import { invented, shipped, targetNamed, type Target } from './dialects.ts';
import { insideOf } from './fast-judge.ts';
import { planOf } from './judge.ts';
import { Oracle, ok, wireBytes, type Rule } from './oracle.ts';
import { Random } from './random.ts';

/** Blocks that are set and encoded for each dialect; those of which code is made and those of which none is. */
const ROUNDS = 12_000;
const ROUNDS_SLOW = 3_000;
const SETS = 8;
const GUARD = 24;
const MEMORY_BYTES = 128 * 1024;
const ROOM = 24_000;
const TOO_LONG = 6;
const OVERFLOW = 11;
const FIXED_LENGTH = 12;

const WRONG_NUMBERS = [
  -1,
  -0.5,
  0.5,
  1e-9,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  2 ** 53,
  1e300,
];
const WRONG_BYTES = Uint8Array.of(
  0x00,
  0x1f,
  0x2f,
  0x3a,
  0x3b,
  0x3c,
  0x3e,
  0x40,
  0x47,
  0x60,
  0x67,
  0x7f,
  0x80,
  0xb0,
  0xff,
);
const MTIS = [0x0200, 0x0210, 0x9999, 0, 0x0a00, 0x020a, 0x1_0200, -1, 512.5, Number.NaN];

/** What a block was given for a field, to be given to a builder. */
interface Given {
  readonly rule: Rule;
  number: number;
  bytes: Uint8Array;
}

class Trial {
  readonly codec: FastCodec;
  readonly values: Values;
  readonly other: Values;
  readonly out: number;
  coded = 0;
  right = 0;
  private readonly builder: MessageBuilder;
  private readonly random: Random;
  private readonly expected = new Uint8Array(ROOM);

  constructor(target: Target, random: Random) {
    const plan = planOf(target.dialect, target.options);
    this.random = random;
    this.builder = new MessageBuilder(plan);
    this.codec = new FastCodec(plan, MEMORY_BYTES);
    this.values = this.codec.values();
    this.other = this.codec.values();
    this.out = this.codec.firstByte + GUARD + 3;
    const inside = insideOf(this.codec);
    const { encodeRight } = inside;
    inside.encodeRight = (...parameters) => {
      const end = encodeRight(...parameters);
      if (end !== 0) this.coded++;
      return end;
    };
  }

  /** A value of the field: most are right, the others wrong in one way. */
  private invent(rule: Rule): Given {
    const { random } = this;
    const kind = this.codec.valuePlan.kept[rule.field];
    const wrong = random.oneIn(12);
    if (kind === Kept.number) {
      const most = 10 ** rule.max;
      const right = [0, 1, most - 1, random.below(1 << 24) % most, Math.floor(most / 3)][random.below(5)];
      const number = wrong ? [most, most + 1, ...WRONG_NUMBERS][random.below(11)] : right;
      return { rule, number, bytes: new Uint8Array(0) };
    }
    let size = rule.max;
    if (rule.lengthBytes > 0) {
      size = [0, 1, 15, 16, 17, 31, 32, 33, rule.max - 1, rule.max, random.below(rule.max + 1)][random.below(11)];
      size = Math.max(0, Math.min(size, rule.max, 1200));
    }
    if (wrong && random.oneIn(4)) size = Math.max(0, size + (random.oneIn(2) ? 1 : -1));
    const digits = kind === Kept.digits;
    const bytes = new Uint8Array(digits ? size : wireBytes(rule, size));
    for (let i = 0; i < bytes.length; i++) {
      if (digits) bytes[i] = 0x30 + random.below(10);
      else if (rule.allowed[0x41] === 1 && !rule.ebcdic) bytes[i] = 0x41 + random.below(6);
      else bytes[i] = (rule.ebcdic ? 0xf0 : 0x30) + random.below(10);
    }
    if (digits && rule.source.type === 'z' && size > 0)
      bytes[random.below(size)] = '=DABCFabf'.charCodeAt(random.below(9));
    if (wrong && bytes.length > 0) bytes[random.below(bytes.length)] = WRONG_BYTES[random.below(WRONG_BYTES.length)];
    return { rule, number: 0, bytes };
  }

  private set(given: Given): number {
    const { values } = this;
    const { field } = given.rule;
    const kind = this.codec.valuePlan.kept[field];
    if (kind === Kept.number) return values.setNumber(field, given.number);
    return kind === Kept.digits ? values.setDigits(field, given.bytes) : values.setBytes(field, given.bytes);
  }

  /** Gives the builder the same value. */
  private build({ rule, number, bytes }: Given): number {
    const { builder, codec } = this;
    const { field } = rule;
    if (codec.valuePlan.kept[field] === Kept.number) return builder.number(field, number);
    if (codec.valuePlan.kept[field] === Kept.digits) return builder.digitsFrom(field, bytes, 0, bytes.length);
    if (!rule.hex && !rule.digits) return builder.bytes(field, bytes);
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(rule.ebcdic ? FROM_EBCDIC[byte] : byte);
    return rule.hex ? builder.hex(field, text) : builder.digits(field, text);
  }

  /** Sets a block, encodes it, and compares with a builder that is given the same. */
  round(rules: readonly Rule[], mti: number): void {
    const { values, builder, random, expected } = this;
    values.clear();
    values.mti = mti;
    const given: Given[] = [];
    let texts = 0;
    for (const rule of rules) {
      const value = this.invent(rule);
      const status = this.set(value);
      // Sizes are judged when they are set; of the rest nothing is asked before it is encoded.
      builder.begin(expected, 0, 0x0200);
      const should = this.build(value);
      const full = texts + value.bytes.length > TEXTS_BYTES && this.codec.valuePlan.kept[rule.field] === Kept.bytes;
      const bySize = should === TOO_LONG || should === FIXED_LENGTH;
      insist(status, bySize ? should : full ? OVERFLOW : ok, `setting field ${rule.field}`);
      if (status === ok && this.codec.valuePlan.kept[rule.field] === Kept.bytes) texts += value.bytes.length;
      if (status === ok) given.push(value);
      else insist(values.errorField, rule.field, 'field of a wrong size');
      insist(values.has(rule.field), status === ok, `has(${rule.field})`);
    }
    builder.begin(expected, 0, mti);
    for (const value of given) this.build(value);
    const whole = builder.finish();
    this.compare(whole, builder.errorField, ROOM);
    if (whole < 0) return;
    this.right++;
    // Too little room, by one byte and by any number.
    for (const room of [whole - 1, random.below(whole)]) {
      builder.begin(expected.subarray(0, room), 0, mti);
      for (const value of given) this.build(value);
      this.compare(builder.finish(), builder.errorField, room);
    }
    builder.begin(expected, 0, mti);
    for (const value of given) this.build(value);
    builder.finish();
    this.compare(whole, 0, whole);
  }

  private compare(should: number, field: number, room: number): void {
    const { codec, values, out, expected } = this;
    const { memory } = codec;
    const behind = out + (should < 0 ? Math.min(room, ROOM) : should) + SLACK;
    memory.fill(0xa5, out - GUARD, out);
    memory.fill(0xa5, behind, behind + GUARD);
    memory.fill(0xb7, this.other.block, codec.firstByte);
    const end = codec.encode(values, out, out + room);
    insist(end < 0 ? end : end - out, should, `encoding into ${room} bytes`);
    insist(values.status, should < 0 ? -should : ok, 'status');
    if (should < 0) insist(values.errorField, field, `field of status ${-should}`);
    else if (Buffer.compare(memory.subarray(out, end), expected.subarray(0, should)) !== 0) {
      const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
      expect(hex(memory.subarray(out, end))).toBe(hex(expected.subarray(0, should)));
    }
    for (let i = 0; i < GUARD; i++) {
      insist(memory[out - GUARD + i], 0xa5, 'a byte before its room');
      insist(memory[behind + i], 0xa5, 'a byte behind its room');
    }
    for (let i = this.other.block; i < codec.firstByte; i++) insist(memory[i], 0xb7, 'another block');
  }
}

const FROM_EBCDIC = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) FROM_EBCDIC[byte] = byte >= 0xf0 && byte <= 0xf9 ? byte - 0xc0 : 0x3f;
'ABCDEF'.split('').forEach((letter, i) => {
  FROM_EBCDIC[0xc1 + i] = letter.charCodeAt(0);
  FROM_EBCDIC[0x81 + i] = letter.toLowerCase().charCodeAt(0);
});
FROM_EBCDIC[0x7e] = 0x3d;

/** What `expect(…).toBe` says, at once. */
function insist(is: unknown, should: unknown, what: string): void {
  if (is !== should) expect(is, what).toBe(should);
}

const targets = [...shipped().filter(({ name }) => !/-(second|mixed)$/.test(name)), ...invented];

describe('blocks set by hand give what a builder gives', () => {
  test.each(targets.map(target => [target.name, target] as const))('%s', (_, target) => {
    const random = new Random(8583);
    const oracle = new Oracle(target.dialect, target.options);
    const rules = oracle.rules.filter(rule => rule !== undefined);
    const coded = oracle.dialect.mti === 'bcd' && oracle.dialect.bitmap === 'binary' && oracle.least === 1;
    const trial = new Trial(target, random);
    const sets = Array.from({ length: SETS }, (_, i) =>
      rules.filter(({ field }) => random.oneIn(i < 4 ? 8 : 2) && (field <= 64 || i % 4 === 3)),
    );
    for (let i = 0; i < (coded ? ROUNDS : ROUNDS_SLOW) / 3; i++) {
      trial.round(sets[random.below(SETS)], MTIS[random.oneIn(8) ? random.below(MTIS.length) : 0]);
    }
    expect(trial.right).toBeGreaterThan(50);
    if (coded && target.name.startsWith('unionpay')) expect(trial.coded).toBeGreaterThan(trial.right / 2);
  });
});

describe('a kernel that sees everything', () => {
  const target = targetNamed('unionpay-pos');
  const plan = planOf(target.dialect, target.options);
  const oracle = new Oracle(target.dialect, target.options);
  const rules = oracle.rules.filter(rule => rule !== undefined);

  /** The shortest message with the given fields. */
  function message(fields: readonly Rule[]): Uint8Array {
    const builder = new MessageBuilder(plan);
    const out = new Uint8Array(4096);
    builder.begin(out, 0, 0x0200);
    for (const rule of fields) {
      const units = rule.lengthBytes > 0 ? 0 : rule.max;
      builder.value(rule.field, (rule.source.type === 'b' ? '41' : '1').repeat(units));
    }
    return out.slice(0, builder.finish());
  }

  test('thousands of bitmaps: code for so many, the slow way for the others, and all are right', () => {
    const random = new Random(5);
    const codec = new FastCodec(plan, 64 * 1024);
    const values = codec.values();
    const view = new MessageView(plan);
    const messages = Array.from({ length: 4000 }, () => message(rules.filter(() => random.oneIn(3))));
    const at = codec.firstByte;
    const inside = insideOf(codec);
    const count = (): number => {
      let coded = 0;
      for (const bytes of messages) {
        codec.memory.set(bytes, at);
        if (inside.decodeRight(values.block, at, at + bytes.length, 1) === 0) coded++;
        insist(codec.decode(values, at, at + bytes.length), view.decode(bytes, 0, bytes.length), 'status');
        for (const { field } of rules) insist(values.size(field), view.size(field), `size of ${field}`);
        const end = codec.encode(values, at + 4096);
        const again = codec.memory.subarray(at + 4096, end);
        insist(Buffer.compare(again, bytes), 0, 'encoded again');
      }
      return coded;
    };
    expect(count()).toBe(0);
    const history = Array.from({ length: 12 }, count);
    expect(history[11]).toBeLessThanOrEqual(SHAPES_MAX);
    expect(history[11]).toBe(history[10]);
    // One set of fields comes all the time now: it has code, or never will, and nothing is made any more.
    expect(Object.values(codec).length).toBe(Object.values(new FastCodec(plan, 64 * 1024)).length);
  });

  test('two sets of fields that want the same slot: one has code, both are right', () => {
    const random = new Random(6);
    let collisions = 0;
    for (let n = 0; n < 60; n++) {
      const codec = new FastCodec(plan, 32 * 1024);
      const values = codec.values();
      const at = codec.firstByte;
      const inside = insideOf(codec);
      const pool = Array.from({ length: 30 }, () => message(rules.filter(() => random.oneIn(4))));
      for (let i = 0; i < 40; i++) {
        for (const bytes of pool) {
          codec.memory.set(bytes, at);
          insist(codec.decode(values, at, at + bytes.length), ok, 'status');
        }
      }
      const coded = pool.filter(bytes => {
        codec.memory.set(bytes, at);
        return inside.decodeRight(values.block, at, at + bytes.length, 1) === 0;
      });
      collisions += pool.length - coded.length;
      expect(coded.length).toBeGreaterThan(25);
    }
    expect(collisions).toBeGreaterThan(0);
  });

  test('what is not a value: numbers, sizes and bits written straight into the memory', () => {
    const random = new Random(7);
    const codec = new FastCodec(plan, 64 * 1024);
    const values = codec.values();
    const builder = new MessageBuilder(plan);
    const out = codec.firstByte + 512;
    const room = new Uint8Array(ROOM);
    const sizes = [-1, -2147483648, 2147483647, 0x7fff, 1 << 16, 4_000_000];
    const fields = [2, 4, 11, 35, 36, 48, 60].map(field => oracle.rules[field] as Rule);
    const digits = new Uint8Array(400).fill(0x31);
    let refused = 0;
    for (let n = 0; n < 4000; n++) {
      values.clear();
      values.mti = 0x0200;
      for (const { field, max } of fields) {
        if (codec.valuePlan.kept[field] === Kept.number) values.setNumber(field, n);
        else insist(values.setDigits(field, digits, 0, Math.min(max, n % 40)), ok, `setting field ${field}`);
      }
      insist(codec.encode(values, out) > 0, true, 'a right block');
      if (n < 20) continue;
      const { field, max } = fields[random.below(fields.length)];
      const size = random.oneIn(3) ? max + 1 + random.below(3) : sizes[random.below(sizes.length)];
      const number = [-1, 0.5, Number.NaN, 10 ** max, Number.POSITIVE_INFINITY, -1e-300][random.below(6)];
      const isNumber = codec.valuePlan.kept[field] === Kept.number;
      if (isNumber) codec.numbers[(values.block + NUMBERS_IN) / 8 + field] = number;
      else codec.words[(values.block + SIZES_IN) / 4 + field] = size;
      builder.begin(room, 0, 0x0200);
      if (isNumber) builder.number(field, number);
      else builder.digitsFrom(field, digits, 0, size);
      codec.memory.fill(0x5a, out + 1024, out + 2048);
      insist(codec.encode(values, out, out + 1024), -builder.status, `status of size ${size}, number ${number}`);
      insist(values.errorField, field, 'field');
      for (let i = out + 1024 + SLACK; i < out + 2048; i++) insist(codec.memory[i], 0x5a, 'a byte behind the room');
      refused++;
    }
    expect(refused).toBe(3980);
    // Bits of fields that there are not.
    values.clear();
    codec.memory.fill(0xff, values.block + BITMAP_IN, values.block + BITMAP_IN + 8);
    expect(codec.encode(values, out)).toBeLessThan(0);
    values.clear();
    expect(codec.encode(values, out)).toBe(out + 10);
  });

  test('after wiping, a block is empty and works as before', () => {
    const codec = new FastCodec(plan, 64 * 1024);
    const values = codec.values();
    const at = codec.firstByte;
    const bytes = message([4, 11, 35, 41].map(field => oracle.rules[field] as Rule));
    for (let i = 0; i < 20; i++) {
      codec.memory.set(bytes, at);
      expect(codec.decode(values, at, at + bytes.length)).toBe(ok);
      expect([values.size(4), values.size(35), values.size(41), values.number(4)]).toEqual([12, 0, 8, 111111111111]);
      expect(values.setBytes(41, Uint8Array.from(Buffer.from('87654321')))).toBe(ok);
      const end = codec.encode(values, at + 1024);
      expect(Buffer.from(codec.memory.subarray(end - 8, end)).toString()).toBe('87654321');
      codec.wipe();
      expect(
        codec.memory.subarray(values.block + BITMAP_IN, values.block + BITMAP_IN + 8).every(byte => byte === 0),
      ).toBe(true);
      expect([values.has(4), values.size(4), values.number(4)]).toEqual([false, 0, -1]);
    }
    // A block that is used again and again does not run out of room for texts.
    for (let i = 0; i < 2000; i++) {
      codec.memory.set(bytes, at);
      codec.decode(values, at, at + bytes.length);
      insist(values.setBytes(41, Uint8Array.from(Buffer.from('87654321'))), ok, 'setting');
    }
  });
});
