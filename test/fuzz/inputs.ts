import { readFileSync } from 'node:fs';
import { LAST_FIELD, ebcdicByte, ok, wireBytes, type Oracle, type Rule } from './oracle.ts';
import { Random } from './random.ts';

/** Longest input, bytes: above the longest frame of a line. */
const INPUT_MAX = 4608;
/** Messages that mutations begin with, at most. */
const CORPUS_MAX = 400;
const STRUCTURED = 48;

/** Bytes at the edge of some class or meaning: nibbles around 9, ASCII and EBCDIC digits, letters, separators, fillers. */
const EDGE_BYTES = Uint8Array.of(
  ...[0x00, 0x01, 0x09, 0x0a, 0x0f, 0x10, 0x19, 0x1f, 0x20, 0x2f, 0x30, 0x31, 0x39, 0x3a, 0x3d, 0x3f, 0x40, 0x41, 0x44],
  ...[0x46, 0x47, 0x5f, 0x60, 0x61, 0x66, 0x67, 0x7d, 0x7e, 0x7f, 0x80, 0x81, 0x86, 0x87, 0x90, 0x99, 0x9a, 0x9f, 0xa0],
  ...[0xa9, 0xaf, 0xc0, 0xc1, 0xc4, 0xc6, 0xc7, 0xd0, 0xe0, 0xef, 0xf0, 0xf1, 0xf9, 0xfa, 0xfe, 0xff],
);

interface Seed {
  readonly bytes: Uint8Array;
  /** Where something begins or ends: lengths, values, bitmaps. */
  readonly marks: Int32Array;
  /** Fields with a length, and where it stands. */
  readonly lengthFields: Int32Array;
  readonly lengthAt: Int32Array;
  /** Fields with a value, where it stands, and its bytes. */
  readonly fields: Int32Array;
  readonly valueAt: Int32Array;
  readonly valueBytes: Int32Array;
}

/** Bodies of all messages of `test/vectors`: they are of the shipped dialect, and good noise for all others. */
export function vectors(): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const file of ['unionpay-captured', 'unionpay-constructed']) {
    const url = new URL(`../vectors/${file}.json`, import.meta.url);
    for (const { hex, layout } of JSON.parse(readFileSync(url, 'utf8')) as { hex: string; layout?: string }[]) {
      const parts = layout ?? 'len2+tpdu5+header6+body';
      const head =
        (parts.includes('len2') ? 2 : 0) + (parts.includes('tpdu') ? 5 : 0) + (parts.includes('header') ? 6 : 0);
      found.push(new Uint8Array(Buffer.from(hex, 'hex').subarray(head)));
    }
  }
  return found;
}

/** Makes inputs for one dialect: messages written from its rules, mutations of those and of samples, and noise. */
export class Inputs {
  readonly bytes = new Uint8Array(INPUT_MAX);
  length = 0;
  private readonly oracle: Oracle;
  private readonly random: Random;
  private readonly corpus: Seed[] = [];
  private readonly rules: readonly Rule[];
  private readonly chosen = new Uint8Array(LAST_FIELD + 1);
  private readonly scratch = new Uint8Array(INPUT_MAX);
  private readonly letters = new Map<Uint8Array, Uint8Array>();

  constructor(oracle: Oracle, random: Random, samples: readonly Uint8Array[]) {
    this.oracle = oracle;
    this.random = random;
    this.rules = oracle.rules.filter(rule => rule !== undefined);
    for (const { allowed } of this.rules) {
      this.letters.set(allowed, Uint8Array.from([...allowed.keys()].filter(byte => allowed[byte] === 1)));
    }
    // Messages of another dialect are noise; a few of them will do.
    samples.forEach((sample, i) => {
      if (oracle.decode(sample, 0, sample.length) === ok || i % 8 === 0) this.keep(sample, sample.length);
    });
    for (let i = 0; i < STRUCTURED; i++) {
      this.structured();
      this.keep(this.bytes, this.length);
    }
  }

  /** Adds a message that mutations may begin with. */
  keep(bytes: Uint8Array, length: number): void {
    if (this.corpus.length === CORPUS_MAX) return;
    const { oracle } = this;
    const copy = bytes.slice(0, length);
    oracle.decode(copy, 0, length);
    const marks = [0, oracle.mtiBytes, oracle.mtiBytes + oracle.bitmapBytes, length];
    const lengthFields: number[] = [];
    const lengthAt: number[] = [];
    const fields: number[] = [];
    for (let i = 0; i < oracle.count; i++) {
      const field = oracle.order[i];
      const rule = oracle.rules[field] as Rule;
      const at = oracle.offset[field];
      marks.push(at, at + oracle.length[field] - 1);
      if (oracle.length[field] > 0) fields.push(field);
      if (rule.lengthBytes === 0) continue;
      lengthFields.push(field);
      lengthAt.push(at - rule.lengthBytes);
    }
    this.corpus.push({
      bytes: copy,
      marks: Int32Array.from(marks),
      lengthFields: Int32Array.from(lengthFields),
      lengthAt: Int32Array.from(lengthAt),
      fields: Int32Array.from(fields),
      valueAt: Int32Array.from(fields, field => oracle.offset[field]),
      valueBytes: Int32Array.from(fields, field => oracle.length[field]),
    });
  }

  /** The next input, in `bytes[0, length)`. */
  next(): void {
    const kind = this.random.below(64);
    if (kind < 6) this.structured();
    else if (kind < 8) this.noise();
    else this.mutation();
  }

  /** A message that the dialect's rules allow: values of edge sizes, any filler, both spellings of everything. */
  structured(): void {
    const { oracle, random, rules, chosen, bytes } = this;
    chosen.fill(0);
    let most = 1;
    for (let left = random.below(7); left > 0 && rules.length > 0; left--) {
      const { field } = rules[random.below(rules.length)];
      chosen[field] = 1;
      if (field > most) most = field;
    }
    let bitmaps = Math.max(oracle.least, most > 128 ? 3 : most > 64 ? 2 : 1);
    if (random.oneIn(8)) bitmaps = Math.min(oracle.most, bitmaps + random.below(3));
    let at = 0;
    for (let i = 0; i < 4; i++) {
      const digit = random.below(10);
      if (oracle.mtiBytes === 4) bytes[at++] = (oracle.dialect.mti === 'ascii' ? 0x30 : 0xf0) + digit;
      else if (i % 2 === 0) bytes[at] = digit << 4;
      else bytes[at++] |= digit;
    }
    for (let b = 0; b < bitmaps && !(b === 2 && oracle.thirdAtField65); b++) at = this.writeBitmap(b, bitmaps, at);
    let third = bitmaps === 3 && oracle.thirdAtField65;
    for (const rule of rules) {
      if (third && rule.field > 65) {
        third = false;
        at = this.writeBitmap(2, bitmaps, at);
      }
      if (chosen[rule.field] === 1) at = this.writeField(rule, at);
    }
    if (third) at = this.writeBitmap(2, bitmaps, at);
    this.length = at;
  }

  private writeBitmap(b: number, bitmaps: number, at: number): number {
    const { chosen, bytes, oracle, random } = this;
    // A bitmap that is always there may go without the bit that announces it.
    const silent = b + 2 <= oracle.least && random.oneIn(4);
    const lower = random.oneIn(4);
    for (let i = 0; i < 16; i++) {
      let nibble = 0;
      for (let k = 0; k < 4; k++) nibble = nibble * 2 + chosen[64 * b + 4 * i + k + 1];
      if (i === 0 && b + 1 < bitmaps && !silent) nibble |= 8;
      const character = nibble.toString(16);
      const letter = lower ? character : character.toUpperCase();
      if (oracle.dialect.bitmap === 'hex') bytes[at++] = letter.charCodeAt(0);
      else if (oracle.dialect.bitmap === 'hexEbcdic') bytes[at++] = ebcdicByte(letter);
      else if (i % 2 === 0) bytes[at] = nibble << 4;
      else bytes[at++] |= nibble;
    }
    return at;
  }

  private writeField(rule: Rule, at: number): number {
    const { random, bytes } = this;
    let size = rule.max;
    if (rule.lengthBytes > 0) {
      const most = random.oneIn(24) ? rule.max : Math.min(rule.max, 24);
      switch (random.below(6)) {
        case 0:
          size = 0;
          break;
        case 1:
          size = most;
          break;
        case 2:
          size = Math.max(0, most - 1);
          break;
        default:
          size = random.below(most + 1);
      }
      // No room for a very long one: a short one will do.
      while (wireBytes(rule, size) > 900) size >>= 1;
      if (rule.packed && rule.countsBytes && rule.filler !== 0xf) size &= ~1;
      at = putLength(rule, rule.countsBytes ? wireBytes(rule, size) : size, bytes, at);
    }
    if (at + wireBytes(rule, size) > INPUT_MAX - 64) return at;
    const end = at + wireBytes(rule, size);
    if (rule.packed) {
      for (let i = at; i < end; i++) bytes[i] = (this.digit(rule) << 4) | this.digit(rule);
      if (size % 2 === 1) {
        const filler = rule.countsBytes ? 0xf : random.oneIn(3) ? random.below(16) : rule.filler;
        if (rule.fillerFirst) bytes[at] = (filler << 4) | (bytes[at] & 15);
        else bytes[end - 1] = (bytes[end - 1] & 0xf0) | filler;
      }
    } else {
      const letters = this.letters.get(rule.allowed) as Uint8Array;
      for (let i = at; i < end; i++) bytes[i] = letters[random.below(letters.length)];
    }
    return end;
  }

  private digit(rule: Rule): number {
    return this.random.below(rule.source.type === 'z' ? 16 : 10);
  }

  private noise(): void {
    const { random, bytes, oracle } = this;
    const length = random.oneIn(32) ? random.below(600) : random.below(48);
    for (let i = 0; i < length; i++) bytes[i] = random.byte();
    this.length = length;
    if (random.oneIn(4)) return;
    // A right message type and few bits lead deeper.
    for (let i = 0; i < oracle.mtiBytes && i < length; i++) {
      const zero = oracle.dialect.mti === 'bcd' ? 0 : oracle.dialect.mti === 'ascii' ? 0x30 : 0xf0;
      bytes[i] = zero + random.below(10);
    }
    const from = oracle.mtiBytes;
    for (let i = from; i < from + oracle.bitmapBytes && i < length; i++) {
      if (oracle.bitmapBytes === 8) bytes[i] = random.oneIn(3) ? 1 << random.below(8) : 0;
      else bytes[i] = (oracle.dialect.bitmap === 'hex' ? 0x30 : 0xf0) + (random.oneIn(4) ? random.below(10) : 0);
    }
  }

  private mutation(): void {
    const { random, bytes, corpus } = this;
    const seed = corpus[random.below(corpus.length)];
    const from = seed.bytes;
    for (let i = 0; i < from.length; i++) bytes[i] = from[i];
    this.length = from.length;
    let left = 1;
    while (left < 6 && random.oneIn(3)) left++;
    // Marks and lengths stand where they stood only until bytes have moved.
    for (; left > 0; left--) this.mutate(seed);
  }

  private mutate(seed: Seed): void {
    const { random, bytes } = this;
    const length = this.length;
    const marked = random.oneIn(2);
    const place = marked ? seed.marks[random.below(seed.marks.length)] : random.below(length);
    const at = place < 0 ? 0 : place >= length ? Math.max(0, length - 1) : place;
    switch (random.below(17)) {
      case 0:
        bytes[at] ^= 1 << random.below(8);
        return;
      case 1:
      case 2:
        bytes[at] = EDGE_BYTES[random.below(EDGE_BYTES.length)];
        return;
      case 3:
        bytes[at] = random.byte();
        return;
      case 4:
      case 5:
        this.changeLength(seed);
        return;
      case 6:
      case 7:
        this.flipBit();
        return;
      case 8:
        this.length = marked ? at : random.below(length + 1);
        return;
      case 9:
        for (let more = 1 + random.below(4); more > 0 && this.length < INPUT_MAX; more--) {
          bytes[this.length++] = random.oneIn(2) ? random.byte() : EDGE_BYTES[random.below(EDGE_BYTES.length)];
        }
        return;
      case 10:
        this.insert(at, 1 + random.below(3));
        return;
      case 11:
        this.remove(at, 1 + random.below(3));
        return;
      case 12: {
        const other = this.corpus[random.below(this.corpus.length)].bytes;
        const from = random.below(other.length);
        let to = at;
        for (let i = from; i < other.length && to < INPUT_MAX; i++) bytes[to++] = other[i];
        this.length = to;
        return;
      }
      case 13:
      case 14:
      case 15:
        this.changeValue(seed);
        return;
      default: {
        const from = random.below(length);
        for (let i = 0; i < 8 && from + i < length && at + i < length; i++) bytes[at + i] = bytes[from + i];
      }
    }
  }

  /** Writes another length before a value: an edge of the field or any number; half the time the value follows it. */
  private changeLength(seed: Seed): void {
    const { random, bytes, oracle } = this;
    const pick = random.below(seed.lengthFields.length);
    const at = seed.lengthAt[pick];
    if (seed.lengthFields.length === 0 || at + 4 > this.length) return;
    const rule = oracle.rules[seed.lengthFields[pick]] as Rule;
    const edges = random.below(8);
    let units = [0, 1, rule.max - 1, rule.max, rule.max + 1, random.below(rule.max + 2), random.below(24), -1][edges];
    if (units < 0) units = random.below(10_000);
    const told = rule.countsBytes ? wireBytes(rule, units) + (random.oneIn(4) ? 1 : 0) : units;
    const before = lengthRead(rule, bytes, at);
    putLength(rule, told, bytes, at);
    if (before < 0 || random.oneIn(2)) return;
    const old = rule.countsBytes ? before : wireBytes(rule, before);
    const wanted = rule.countsBytes ? told : wireBytes(rule, units);
    const value = at + rule.lengthBytes;
    if (wanted > old) this.insert(Math.min(value + old, this.length), wanted - old);
    else this.remove(value + wanted, old - wanted);
  }

  /** Another value of the same size, which the field's type allows. */
  private changeValue(seed: Seed): void {
    const { random, bytes, oracle } = this;
    if (seed.fields.length === 0) return;
    const pick = random.below(seed.fields.length);
    const rule = oracle.rules[seed.fields[pick]] as Rule;
    const letters = this.letters.get(rule.allowed) as Uint8Array;
    for (let left = random.below(4); left >= 0; left--) {
      const at = seed.valueAt[pick] + random.below(seed.valueBytes[pick]);
      if (at >= this.length) return;
      bytes[at] = rule.packed ? (this.digit(rule) << 4) | this.digit(rule) : letters[random.below(letters.length)];
    }
  }

  private flipBit(): void {
    const { random, bytes, oracle } = this;
    const at = oracle.mtiBytes + random.below(oracle.bitmapBytes * (random.oneIn(3) ? oracle.most : 1));
    if (at >= this.length) return;
    if (oracle.bitmapBytes === 8) {
      bytes[at] ^= 1 << random.below(8);
      return;
    }
    const character = '0123456789ABCDEFabcdef'[random.below(22)];
    bytes[at] = oracle.dialect.bitmap === 'hex' ? character.charCodeAt(0) : ebcdicByte(character);
  }

  /** Makes room for `count` copies of the byte at `at`, or of the one before. */
  private insert(at: number, count: number): void {
    const { bytes, scratch } = this;
    if (this.length + count > INPUT_MAX) return;
    const tail = this.length - at;
    const like = bytes[at > 0 ? at - 1 : 0];
    for (let i = 0; i < tail; i++) scratch[i] = bytes[at + i];
    for (let i = 0; i < count; i++) bytes[at + i] = like;
    for (let i = 0; i < tail; i++) bytes[at + count + i] = scratch[i];
    this.length += count;
  }

  private remove(at: number, count: number): void {
    if (at >= this.length) return;
    const gone = Math.min(count, this.length - at);
    for (let i = at; i + gone < this.length; i++) this.bytes[i] = this.bytes[i + gone];
    this.length -= gone;
  }
}

/** Writes a length in the form of the field, cut to what the form can hold. Returns the offset after it. */
export function putLength(rule: Rule, value: number, out: Uint8Array, at: number): number {
  for (let i = at + rule.lengthBytes - 1; i >= at; i--) {
    if (rule.lengthEncoding === 'binary') {
      out[i] = value % 256;
      value = Math.floor(value / 256);
    } else if (rule.lengthEncoding === 'bcd') {
      out[i] = Math.floor((value % 100) / 10) * 16 + (value % 10);
      value = Math.floor(value / 100);
    } else {
      out[i] = (rule.lengthEncoding === 'ascii' ? 0x30 : 0xf0) + (value % 10);
      value = Math.floor(value / 10);
    }
  }
  return at + rule.lengthBytes;
}

/** Reads a length in the form of the field; -1 where there is none. */
function lengthRead(rule: Rule, bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + rule.lengthBytes; i++) {
    const byte = bytes[i];
    if (rule.lengthEncoding === 'binary') value = value * 256 + byte;
    else if (rule.lengthEncoding === 'bcd') value = value * 100 + (byte >> 4) * 10 + (byte & 15);
    else value = value * 10 + (byte & 15);
  }
  return value;
}
