import { describe, expect, test } from 'vitest';
import { MessageBuilder } from '../../src/iso8583/message-builder.ts';
import { invented, shipped, type Target } from './dialects.ts';
import { Inputs, putLength, vectors } from './inputs.ts';
import { Judge } from './judge.ts';
import {
  Oracle,
  lengthOdd,
  ok,
  tooLong,
  trailing,
  truncated,
  wireBytes,
  wrongCharacter,
  wrongDigit,
  type Rule,
} from './oracle.ts';
import { Random } from './random.ts';
import { report } from './run.ts';

// The other choices of options are for the gate: the dialects of other hosts have few, and their forms are all below.
const SECOND_CHOICES = /^(?!unionpay).*-(second|last|mixed)$/;
const targets = [...shipped().filter(({ name }) => !SECOND_CHOICES.test(name)), ...invented];
const named = targets.map(target => [target.name, target] as const);
/** Longest value in which every byte is tried at three places. */
const CHARACTERS_MAX = 12;

function agree(judge: Judge, name: string, bytes: Uint8Array, length = bytes.length, deep = true): void {
  const what = judge.check(bytes, length, deep);
  if (what === undefined) return;
  const cut = bytes.slice(0, length);
  throw new Error(report({ target: name, seed: 0, input: 0, what, bytes: cut, small: cut, smallWhat: what }));
}

/** What `expect(…).toBe` says, at once: it is asked millions of times. `about` is a character or a size. */
function same(actual: unknown, should: unknown, rule: Rule, about?: number): void {
  if (actual !== should)
    expect(actual, `field ${rule.field}${about === undefined ? '' : `, with ${about}`}`).toBe(should);
}

/** Bytes of one field in a message of its own, and where its length and its value stand. */
interface Single {
  readonly bytes: Uint8Array;
  readonly lengthAt: number;
  readonly valueAt: number;
  /** True when a bitmap of no fields follows the value. */
  readonly bitmapBehind: boolean;
}

/** Digit 1, letter A, byte 41h in the form of the field: right in every type. */
function rightByte(rule: Rule): number {
  if (rule.packed) return 0x11;
  if (rule.encoding === 'binary') return 0x41;
  return (rule.ebcdic ? 0xf0 : 0x30) + 1;
}

/** A message of only this field: `told` units before a value of `units`. */
function single(oracle: Oracle, rule: Rule, units: number, told = units): Single {
  const { field } = rule;
  const bitmaps = Math.max(oracle.least, field > 128 ? 3 : field > 64 ? 2 : 1);
  const bitmapBehind = oracle.thirdAtField65 && bitmaps === 3 && field < 65;
  const head = oracle.mtiBytes + (bitmapBehind ? 2 : bitmaps) * oracle.bitmapBytes;
  const wire = wireBytes(rule, units);
  const behind = bitmapBehind ? oracle.bitmapBytes : 0;
  const bytes = new Uint8Array(head + rule.lengthBytes + wire + behind).fill(rightByte(rule));
  for (let i = 0; i < oracle.mtiBytes; i++) bytes[i] = { bcd: 0x02, ascii: 0x32, ebcdic: 0xf2 }[oracle.dialect.mti];
  for (let b = 0; b < bitmaps; b++) {
    for (let i = 0; i < 16; i++) {
      let nibble = i === 0 && b + 1 < bitmaps ? 8 : 0;
      for (let k = 0; k < 4; k++) if (64 * b + 4 * i + k + 1 === field) nibble |= 8 >> k;
      const at = bitmapBehind && b === 2 ? bytes.length - behind : oracle.mtiBytes + b * oracle.bitmapBytes;
      if (oracle.bitmapBytes === 8) bytes[at + (i >> 1)] = i % 2 === 0 ? nibble << 4 : bytes[at + (i >> 1)] | nibble;
      else bytes[at + i] = (oracle.dialect.bitmap === 'hex' ? '0'.charCodeAt(0) : 0xf0) + nibble;
      // No single bit gives more than 8, and bit 1 with another of its nibble at most 12.
      if (oracle.bitmapBytes === 16 && nibble > 9) {
        bytes[at + i] = (oracle.dialect.bitmap === 'hex' ? 0x41 : 0xc1) + nibble - 10;
      }
    }
  }
  if (rule.lengthBytes > 0) putLength(rule, rule.countsBytes ? wireBytes(rule, told) : told, bytes, head);
  const valueAt = head + rule.lengthBytes;
  if (rule.packed && units % 2 === 1 && rule.filler === 0xf && wire > 0) {
    if (rule.fillerFirst) bytes[valueAt] |= 0xf0;
    else bytes[valueAt + wire - 1] |= 0x0f;
  }
  return { bytes, lengthAt: head, valueAt, bitmapBehind };
}

/** True when the length's form can tell so many units. */
function canTell(rule: Rule, units: number): boolean {
  const base = { bcd: 100, binary: 256, ascii: 10, ebcdic: 10 }[rule.lengthEncoding];
  return (rule.countsBytes ? wireBytes(rule, units) : units) < base ** rule.lengthBytes;
}

/** A length in bytes does not tell odd packed digits from even ones where the filler is 0. */
function countsEvenOnly(rule: Rule): boolean {
  return rule.packed && rule.countsBytes && rule.lengthBytes > 0 && rule.filler !== 0xf;
}

const sizesOf = (max: number): readonly number[] =>
  [...new Set([0, 1, 2, max - 1, max, max + 1, max + 2])].filter(size => size >= 0);

describe.each(named)('%s, decoding', (name, target) => {
  const judge = new Judge(target);
  const { oracle } = judge;
  const rules = oracle.rules.filter(rule => rule !== undefined);

  test('every truncation of messages is told as such, or is a shorter message', () => {
    const inputs = new Inputs(oracle, new Random(1), []);
    const messages = vectors().filter(bytes => oracle.decode(bytes, 0, bytes.length) === ok);
    for (let i = 0; i < 60; i++) {
      inputs.structured();
      messages.push(inputs.bytes.slice(0, inputs.length));
    }
    for (const message of messages) {
      if (oracle.decode(message, 0, message.length) !== ok) continue;
      for (let end = 0; end < message.length; end++) {
        agree(judge, name, message, end, end % 16 === 0);
        expect(oracle.status).toBe(truncated);
        expect(oracle.errorOffset).toBe(end);
      }
      const longer = new Uint8Array(message.length + 1);
      longer.set(message);
      agree(judge, name, longer);
      expect(oracle.status).toBe(trailing);
    }
  });

  test('sizes 0, 1, max − 1, max and max + 1 of every field', () => {
    for (const rule of rules) {
      const where = `field ${rule.field}`;
      for (const size of sizesOf(rule.max)) {
        if (rule.lengthBytes > 0 && !canTell(rule, size)) continue;
        if (countsEvenOnly(rule) && size % 2 === 1) continue;
        const { bytes, lengthAt, bitmapBehind } = single(oracle, rule, size);
        agree(judge, name, bytes);
        const exact = rule.lengthBytes === 0 ? wireBytes(rule, size) - wireBytes(rule, rule.max) : 0;
        if (rule.lengthBytes > 0 && size > rule.max) {
          expect([oracle.status, oracle.errorOffset], where).toEqual([tooLong, lengthAt]);
        } else if (exact === 0) {
          expect([oracle.status, oracle.size[rule.field]], `${where}, ${size}`).toEqual([
            ok,
            rule.lengthBytes > 0 ? size : rule.max,
          ]);
        } else if (!bitmapBehind) {
          expect(oracle.status, where).toBe(exact < 0 ? truncated : trailing);
        }
        if (rule.lengthBytes > 0 && size <= rule.max && size > 0) {
          agree(judge, name, bytes, bytes.length - 1);
          expect(oracle.status, where).not.toBe(ok);
        }
      }
      if (rule.hex && rule.countsBytes && rule.lengthBytes > 0) {
        const { bytes, lengthAt } = single(oracle, rule, 1);
        putLength(rule, 1, bytes, lengthAt);
        agree(judge, name, bytes);
        expect([oracle.status, oracle.errorOffset], where).toEqual([lengthOdd, lengthAt]);
      }
    }
  });

  test('every byte at the first, a middle and the last place of every value and every length', () => {
    for (const rule of rules) {
      const size = Math.min(rule.max, CHARACTERS_MAX);
      const units = countsEvenOnly(rule) ? size & ~1 : size;
      if (rule.lengthBytes === 0 ? rule.max > 99 : units === 0) continue;
      const { bytes, lengthAt, valueAt } = single(oracle, rule, rule.lengthBytes === 0 ? rule.max : units);
      const last = valueAt + wireBytes(rule, rule.lengthBytes === 0 ? rule.max : units) - 1;
      for (const at of new Set([valueAt, (valueAt + last) >> 1, last])) {
        const kept = bytes[at];
        for (let byte = 0; byte < 256; byte++) {
          bytes[at] = byte;
          agree(judge, name, bytes, bytes.length, byte === 0x31);
          if (!rule.packed && rule.allowed[byte] === 0) {
            same(oracle.status, rule.digits ? wrongDigit : wrongCharacter, rule);
            same(oracle.errorOffset, at, rule);
          }
        }
        bytes[at] = kept;
      }
      for (let at = lengthAt; at < valueAt; at++) {
        const kept = bytes[at];
        for (let byte = 0; byte < 256; byte++) {
          bytes[at] = byte;
          agree(judge, name, bytes, bytes.length, byte === 0x31);
        }
        bytes[at] = kept;
      }
    }
  });

  test('every byte at every place of message type and bitmaps, and every single bit', () => {
    const inputs = new Inputs(oracle, new Random(2), []);
    for (let round = 0; round < 4; round++) {
      inputs.structured();
      const message = inputs.bytes.slice(0, inputs.length);
      const head = Math.min(message.length, oracle.mtiBytes + oracle.most * oracle.bitmapBytes);
      for (let at = 0; at < head; at++) {
        const kept = message[at];
        for (let byte = 0; byte < 256; byte++) {
          message[at] = byte;
          agree(judge, name, message, message.length, false);
        }
        message[at] = kept;
      }
    }
  });
});

/** What encoding a value of `given` units must end in. */
const FIXED_LENGTH = 12;
const TYPE = 13;
const RANGE = 14;
const ORDER = 10;
const OVERFLOW = 11;
const UNKNOWN_FIELD = 4;

function expectedStatus(rule: Rule, given: number): number {
  if (rule.lengthBytes > 0 && given > rule.max) return tooLong;
  if (rule.lengthBytes > 0) return countsEvenOnly(rule) && given % 2 === 1 ? lengthOdd : ok;
  const filled = rule.source.fill !== undefined && given < rule.max;
  return given === rule.max || filled ? ok : FIXED_LENGTH;
}

/** The text that a value of `text` reads as once it is written: filled when the field is. */
function filled(rule: Rule, text: string): string {
  if (rule.source.fill === 'zero') return text.padStart(rule.max, '0');
  return rule.source.fill === 'space' ? text.padEnd(rule.max, ' ') : text;
}

describe.each(named)('%s, encoding', (name, target) => {
  const judge = new Judge(target);
  const { oracle } = judge;
  const rules = oracle.rules.filter(rule => rule !== undefined);
  const builder = new MessageBuilder(judge.plan);
  const out = new Uint8Array(24_000);
  const scratch = new Uint8Array(10_002);

  /** Writes one field in a message of its own; returns the status, and what it reads as when it was written. */
  function write(rule: Rule, put: () => void): { status: number; text: string } {
    builder.begin(out, 0, 0x0200);
    put();
    const end = builder.finish();
    if (end < 0) {
      same(builder.errorField, rule.field, rule);
      return { status: -end, text: '' };
    }
    agree(judge, name, out, end, false);
    same(oracle.status, ok, rule);
    return { status: ok, text: oracle.text(rule.field) };
  }

  test('sizes 0, 1, max − 1, max and max + 1 of every field, in every form of value', () => {
    for (const rule of rules) {
      const { field } = rule;
      for (const size of sizesOf(rule.max)) {
        const status = expectedStatus(rule, size);
        const text = (rule.source.type === 'b' ? '41' : '1').repeat(size);
        const expected = { status, text: status === ok ? filled(rule, text) : '' };
        const bytes = scratch.fill(rule.source.type === 'b' ? 0x41 : 0x31);
        const where = `field ${field}, size ${size}`;
        expect(
          write(rule, () => builder.value(field, text)),
          where,
        ).toEqual(expected);
        if (rule.digits) {
          expect(
            write(rule, () => builder.digits(field, text)),
            where,
          ).toEqual(expected);
          expect(
            write(rule, () => builder.digitsFrom(field, bytes, 1, 1 + size)),
            where,
          ).toEqual(expected);
          expect(write(rule, () => builder.digitsFrom(field, bytes, 0, -1)).status, where).toBe(RANGE);
        } else {
          if (rule.ebcdic && rule.source.type !== 'b') bytes.fill(0xf1);
          expect(
            write(rule, () => builder.bytes(field, bytes, 1, 1 + size)),
            where,
          ).toEqual(expected);
          expect(write(rule, () => builder.bytes(field, bytes, 2, 1)).status, where).toBe(RANGE);
        }
      }
    }
  });

  test('every character at the first, a middle and the last place', () => {
    for (const rule of rules) {
      const { field } = rule;
      const units = rule.lengthBytes === 0 ? rule.max : Math.min(rule.max, CHARACTERS_MAX);
      const size = countsEvenOnly(rule) ? units & ~1 : units;
      if (size === 0 || size > 99) continue;
      const width = rule.source.type === 'b' ? 2 * size : size;
      for (const at of new Set([0, width >> 1, width - 1])) {
        for (let code = 0; code < 0x180; code++) {
          const character = String.fromCharCode(code);
          const text = `${'1'.repeat(at)}${character}${'1'.repeat(width - at - 1)}`;
          let right: boolean;
          // Above 255 a text is GBK, whose size differs; that has a test of its own.
          if (code > 0xff && !rule.digits && rule.source.type !== 'b') break;
          if (rule.source.type === 'b') right = /[0-9A-Fa-f]/.test(character);
          else if (rule.source.type === 'n') right = /[0-9]/.test(character);
          else if (rule.source.type === 'z') right = /[0-9A-Fa-f=]/.test(character);
          else if (rule.source.type === 'an') right = code >= 0x20 && code <= 0x7e;
          else right = (code >= 0x20 && code <= 0x7e) || code >= (rule.ebcdic ? 0xa0 : 0x80);
          const { status, text: read } = write(rule, () => builder.value(field, text));
          // An even number of digits with F where the filler would stand would read as filled.
          const filler = rule.countsBytes && rule.packed && rule.lengthBytes > 0 && rule.filler === 0xf;
          if (filler && size % 2 === 0 && at === (rule.fillerFirst ? 0 : width - 1) && /f/i.test(character)) {
            same(status, lengthOdd, rule, code);
            continue;
          }
          const wrong = rule.digits || rule.source.type === 'b' ? wrongDigit : wrongCharacter;
          const should = rule.digits || rule.source.type === 'b' ? text.toUpperCase().replace('=', 'D') : text;
          same(status, right ? ok : wrong, rule, code);
          if (right) same(read, should, rule, code);
        }
      }
    }
  });

  test('numbers', () => {
    for (const rule of rules) {
      const { field } = rule;
      const numeric = rule.source.type === 'n' || rule.source.type === 'an' || rule.source.type === 'ans';
      const most = Math.min(rule.max, 15);
      for (const value of [0, 1, 10 ** (most - 1), 10 ** most - 1, 10 ** most, 2 ** 53 - 1]) {
        const digits = String(value);
        const { status, text } = write(rule, () => builder.number(field, value));
        const untold = countsEvenOnly(rule) && digits.length % 2 === 1 && digits.length <= rule.max;
        if (!numeric) expect(status, `field ${field}`).toBe(TYPE);
        else if (untold) expect(status, `field ${field}`).toBe(lengthOdd);
        else if (digits.length <= rule.max) {
          const should = rule.lengthBytes > 0 ? digits : digits.padStart(rule.max, '0');
          expect([status, text], `field ${field}`).toEqual([ok, should]);
        } else expect(status, `field ${field}`).toBe(rule.lengthBytes > 0 ? tooLong : RANGE);
      }
      for (const value of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
        expect(write(rule, () => builder.number(field, value)).status).toBe(numeric ? RANGE : TYPE);
      }
    }
  });

  test('the wrong form of value, the wrong order and the end of the buffer', () => {
    for (const rule of rules) {
      const { field } = rule;
      const some = Uint8Array.of(1);
      if (rule.digits) {
        expect(write(rule, () => builder.text(field, '1')).status).toBe(TYPE);
        expect(write(rule, () => builder.bytes(field, some)).status).toBe(TYPE);
        expect(write(rule, () => builder.hex(field, '11')).status).toBe(TYPE);
      } else {
        expect(write(rule, () => builder.digits(field, '1')).status).toBe(TYPE);
        expect(write(rule, () => builder.digitsFrom(field, some, 0, 1)).status).toBe(TYPE);
        if (rule.source.type === 'b') expect(write(rule, () => builder.text(field, '1')).status).toBe(TYPE);
        else expect(write(rule, () => builder.hex(field, '11')).status).toBe(TYPE);
      }
      const size = rule.lengthBytes === 0 ? rule.max : Math.min(rule.max, 2) & (countsEvenOnly(rule) ? ~1 : ~0);
      const text = (rule.source.type === 'b' ? '41' : '1').repeat(size);
      // Twice, and after a later field.
      builder.begin(out, 0, 0x0200);
      builder.value(field, text);
      builder.value(field, text);
      expect([builder.finish(), builder.errorField]).toEqual([-ORDER, field]);
      const { length } = single(oracle, rule, size).bytes;
      for (let room = 0; room <= length; room++) {
        const short = out.subarray(0, room);
        out.fill(0xee, room, room + 8);
        builder.begin(short, 0, 0x0200);
        builder.value(field, text);
        const end = builder.finish();
        same(end, room === length ? length : -OVERFLOW, rule, room);
        for (let i = room; i < room + 8; i++) same(out[i], 0xee, rule);
      }
    }
    for (const field of [-1, 0, 1, 193, 255, 256, 2.5, Number.NaN]) {
      for (const put of [
        () => builder.value(field, '1'),
        () => builder.digits(field, '1'),
        () => builder.hex(field, ''),
      ]) {
        builder.begin(out, 0, 0x0200);
        put();
        expect([builder.finish(), builder.errorField]).toEqual([-UNKNOWN_FIELD, field]);
      }
      builder.begin(out, 0, 0x0200);
      builder.number(field, 1);
      expect([builder.finish(), builder.errorField]).toEqual([-UNKNOWN_FIELD, field]);
    }
    for (const mti of [-1, 0x0a00, 0x1_0000, 0x020a, 200.5, Number.NaN]) {
      builder.begin(out, 0, mti);
      expect([builder.finish(), builder.errorField], `mti ${mti}`).toEqual([-2, 0]);
    }
    expect(builder.begin(out, -1, 0x0200)).toBe(OVERFLOW);
    const fresh = new MessageBuilder(judge.plan);
    expect(fresh.value(rules[0].field, '1')).toBe(ORDER);
    expect(fresh.finish()).toBe(-ORDER);
  });
});

test('GBK counts two bytes a character, and is refused where it does not belong', () => {
  const target = targets.find(each => each.name === 'three-following-1') as Target;
  const judge = new Judge(target);
  const builder = new MessageBuilder(judge.plan);
  const out = new Uint8Array(200);
  const write = (field: number, text: string): number => {
    builder.begin(out, 0, 0x0200);
    builder.text(field, text);
    return builder.finish();
  };
  const end = write(43, '中é1');
  agree(judge, target.name, out, end);
  expect(judge.oracle.text(43)).toBe('\xd6\xd0\xa8\xa61');
  expect(write(43, '中'.repeat(20))).toBeGreaterThan(0);
  expect(write(43, '中'.repeat(21))).toBe(-tooLong);
  expect(write(43, '€\u{1f600}')).toBe(-wrongCharacter);
  expect(write(43, '中\0')).toBe(-wrongCharacter);
  expect(write(43, '中\x7f')).toBe(-wrongCharacter);
  expect(write(60, '中')).toBe(-wrongCharacter);
  const ebcdic = new MessageBuilder(new Judge(targets.find(each => each.name === 'ebcdic') as Target).plan);
  ebcdic.begin(out, 0, 0x0200);
  expect(ebcdic.text(43, '中')).toBe(wrongCharacter);
});
