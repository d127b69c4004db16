import { assert } from '../assert.ts';

/**
 * Stand-ins for card data: what a capture shows in its place. Everything works on ASCII in the caller's bytes, keeps lengths
 * and creates nothing.
 *
 * A stand-in for a card number keeps what screens and slips show (first six, last four), has a right check digit where the
 * number has one, and is the same for the same number under the same key. Packed into bytes from an even place, no byte that
 * it changed is one that the terminal line would have to escape (13h, 16h, 17h).
 */
export interface StandIn {
  /**
   * Replaces the card number in the ASCII digits `[from, to)`. 12 to 19 digits keep the first six and the last four; any other
   * length, and what is not all digits, becomes `0` throughout. All zeros, which is no card, stays.
   */
  pan(digits: Uint8Array, from: number, to: number): void;
  /** The month now, YYMM as a number (2611); 0 = not known. A card that expired before it gets an expiry that is over too. */
  readonly month: number;
}

/** Bytes of the key of {@link standInOf}. */
export const STAND_IN_KEY_LENGTH = 16;

const PAN_MIN = 12;
const PAN_MAX = 19;
const FIRST = 6;
const LAST = 4;
const ZERO = 0x30;
const NINE = 0x39;
const D = 0x44;
const EQUALS = 0x3d;
/** Remainder of the check sum that a stand-in for a number with a wrong check digit gets. */
const WRONG = 5;
/** Numbers to choose from: as many as ten free digits would need, cut to what an integer of the engine holds. */
const HASH_MASK = 0x3fffffff;

/** A stand-in keyed with 16 random bytes (SipHash-2-4): without the key the hidden digits cannot be tried out. */
export class KeyedStandIn implements StandIn {
  month: number;
  private readonly key = new Int32Array(4);
  /** The four words of the hash, low half first. */
  private readonly v = new Int32Array(8);
  private readonly block = new Uint8Array(8);
  private readonly real = new Uint8Array(PAN_MAX);

  constructor(key: Uint8Array, month: number) {
    assert(key.length === STAND_IN_KEY_LENGTH, 'the key of a stand-in has 16 bytes');
    for (let i = 0; i < 4; i++) this.key[i] = littleEndian(key, 4 * i);
    this.month = month;
  }

  pan(digits: Uint8Array, from: number, to: number): void {
    const length = to - from;
    if (length < PAN_MIN || length > PAN_MAX || !allDigits(digits, from, to)) {
      digits.fill(ZERO, from, to);
      return;
    }
    const { real } = this;
    let any = 0;
    for (let i = 0; i < length; i++) {
      real[i] = digits[from + i];
      any |= real[i] ^ ZERO;
    }
    if (any === 0) return;
    const target = checkSum(digits, from, to) === 0 ? 0 : WRONG;
    const seed = this.hash(real, length);
    for (let attempt = 0; attempt < 10; attempt++) {
      this.fill(digits, from, to, seed, attempt);
      if (this.finish(digits, from, to, target)) break;
    }
    real.fill(0);
  }

  /** All digits between the kept ones but the last. */
  private fill(digits: Uint8Array, from: number, to: number, seed: number, attempt: number): void {
    const fixed = to - LAST - 1;
    let rest = seed;
    for (let at = from + FIRST; at < fixed; at++) {
      let digit = rest % 10;
      rest = (rest / 10) | 0;
      if (at === from + FIRST) digit = (digit + attempt) % 10;
      const odd = ((at - from) & 1) === 1;
      if (odd && digits[at - 1] === ZERO + 1 && escaped(digit)) digit = (digit + 2) % 10;
      // The digit behind this one follows from the check sum, so this one must leave it free.
      if (!odd && at === fixed - 1 && digit === 1) digit = 2;
      digits[at] = ZERO + digit;
    }
  }

  /** The last free digit, by the check sum. False when another attempt is needed. */
  private finish(digits: Uint8Array, from: number, to: number, target: number): boolean {
    const at = to - LAST - 1;
    digits[at] = ZERO;
    const missing = (target + 10 - checkSum(digits, from, to)) % 10;
    const doubled = ((to - 1 - at) & 1) === 1;
    digits[at] = ZERO + (doubled ? HALVES[missing] : missing);
    const even = ((at - from) & 1) === 0;
    if (even && digits[at] === ZERO + 1 && escaped(digits[at + 1] - ZERO)) return false;
    for (let i = from + FIRST; i <= at; i++) if (digits[i] !== this.real[i - from]) return true;
    return false;
  }

  /** SipHash-2-4 of `bytes[0, length)`, cut to 30 bits. */
  private hash(bytes: Uint8Array, length: number): number {
    const { key, v, block } = this;
    v[0] = key[0] ^ 0x70736575;
    v[1] = key[1] ^ 0x736f6d65;
    v[2] = key[2] ^ 0x6e646f6d;
    v[3] = key[3] ^ 0x646f7261;
    v[4] = key[0] ^ 0x6e657261;
    v[5] = key[1] ^ 0x6c796765;
    v[6] = key[2] ^ 0x79746573;
    v[7] = key[3] ^ 0x74656462;
    for (let at = 0; at <= length; at += 8) {
      for (let i = 0; i < 8; i++) block[i] = at + i < length ? bytes[at + i] : 0;
      if (at + 8 > length) block[7] = length;
      const low = littleEndian(block, 0);
      const high = littleEndian(block, 4);
      v[6] ^= low;
      v[7] ^= high;
      this.round();
      this.round();
      v[0] ^= low;
      v[1] ^= high;
    }
    block.fill(0);
    v[4] ^= 0xff;
    for (let i = 0; i < 4; i++) this.round();
    const result = (v[0] ^ v[2] ^ v[4] ^ v[6]) & HASH_MASK;
    v.fill(0);
    return result;
  }

  private round(): void {
    const { v } = this;
    add(v, 0, 2);
    rotate(v, 2, 13);
    xor(v, 2, 0);
    swap(v, 0);
    add(v, 4, 6);
    rotate(v, 6, 16);
    xor(v, 6, 4);
    add(v, 0, 6);
    rotate(v, 6, 21);
    xor(v, 6, 0);
    add(v, 4, 2);
    rotate(v, 2, 17);
    xor(v, 2, 4);
    swap(v, 4);
  }
}

/** The digit whose doubled cross sum is the index. */
const HALVES = Uint8Array.of(0, 5, 1, 6, 2, 7, 3, 8, 4, 9);

/**
 * The stand-in of one capture. `key`: 16 random bytes that are kept nowhere, or stand-ins can be reversed by trying.
 * `month`: see {@link StandIn.month}; it may be moved on while the capture runs.
 */
export function standInOf(key: Uint8Array, month = 0): KeyedStandIn {
  return new KeyedStandIn(key, month);
}

/** For what comes out of a capture already: card numbers stay, all other marks are made again and change nothing. */
export const AS_IS: StandIn = { pan: () => undefined, month: 0 };

/** Expiry YYMM of a card that is good for long, and of one that is not. */
const GOOD = Uint8Array.of(0x34, 0x39, 0x31, 0x32);
const OVER = Uint8Array.of(0x30, 0x30, 0x30, 0x31);

/**
 * Marks the expiry YYMM in the four ASCII characters at `at`: `4912`, or `0001` when it was over in {@link StandIn.month}.
 * `0000`, which says that there is none, stays.
 */
export function markExpiry(text: Uint8Array, at: number, standIn: StandIn): void {
  const digits = allDigits(text, at, at + 4);
  let yymm = 0;
  for (let i = at; i < at + 4; i++) yymm = yymm * 10 + text[i] - ZERO;
  if (digits && yymm === 0) return;
  const over = digits && (yymm === 1 || yymm < standIn.month);
  for (let i = 0; i < 4; i++) text[at + i] = over ? OVER[i] : GOOD[i];
}

/** Marks an expiry of any form: YYMM, YYMMDD (the day becomes 31, or 01), else zeros. */
export function markExpiryText(text: Uint8Array, from: number, to: number, standIn: StandIn): void {
  const size = to - from;
  if (size !== 4 && size !== 6) {
    text.fill(ZERO, from, to);
    return;
  }
  markExpiry(text, from, standIn);
  if (size === 4) return;
  text[from + 4] = text[from] === GOOD[0] ? 0x33 : ZERO;
  text[from + 5] = ZERO + 1;
}

/**
 * Marks track 2 (`number 8–19 | D or = | YYMM | service code 3 | rest`) in ASCII without sentinels or padding. The number gets
 * its stand-in; the service code becomes `201` where it says that the card has a chip, else `101`; separators stay where
 * expiry or service code are left out; all the rest becomes `0`. A value of another form becomes `0` throughout.
 */
export function markTrack2(text: Uint8Array, from: number, to: number, standIn: StandIn): void {
  const split = separator(text, from, to);
  if (split < 0 || split - from > PAN_MAX || !allDigits(text, from, split)) {
    text.fill(ZERO, from, to);
    return;
  }
  standIn.pan(text, from, split);
  let at = split + 1;
  if (at < to && isSeparator(text[at])) at++;
  else if (at + 4 <= to) {
    markExpiry(text, at, standIn);
    at += 4;
  }
  if (at < to && isSeparator(text[at])) at++;
  else if (at + 3 <= to && allDigits(text, at, at + 3)) {
    markService(text, at);
    at += 3;
  }
  text.fill(ZERO, at, to);
}

/** Marks track 3: two digits of format, the number's stand-in, its separator; all the rest becomes `0`. */
export function markTrack3(text: Uint8Array, from: number, to: number, standIn: StandIn): void {
  const split = separator(text, from, to);
  const number = from + 2;
  if (split < number || split - number > PAN_MAX || !allDigits(text, from, split)) {
    text.fill(ZERO, from, to);
    return;
  }
  standIn.pan(text, number, split);
  text.fill(ZERO, split + 1, to);
}

const CARET = 0x5e;
const B = 0x42;

/** Marks track 1 (`B | number | ^ | name | ^ | YYMM | service code 3 | rest`), the name as {@link markName} does. */
export function markTrack1(text: Uint8Array, from: number, to: number, standIn: StandIn): void {
  const number = from + 1;
  const split = find(text, number, to, CARET);
  const second = split < 0 ? -1 : find(text, split + 1, to, CARET);
  if (text[from] !== B || second < 0 || split - number > PAN_MAX || !allDigits(text, number, split)) {
    text.fill(ZERO, from, to);
    return;
  }
  standIn.pan(text, number, split);
  markName(text, split + 1, second);
  let at = second + 1;
  if (at + 4 <= to) {
    markExpiry(text, at, standIn);
    at += 4;
  }
  if (at + 3 <= to && allDigits(text, at, at + 3)) {
    markService(text, at);
    at += 3;
  }
  text.fill(ZERO, at, to);
}

/** A name: every character but space and `/` becomes `X`. */
export function markName(text: Uint8Array, from: number, to: number): void {
  for (let i = from; i < to; i++) if (text[i] !== 0x20 && text[i] !== 0x2f) text[i] = 0x58;
}

/** `000` stays: a mark that is made again must not become another one. */
function markService(text: Uint8Array, at: number): void {
  if (text[at] === ZERO && text[at + 1] === ZERO && text[at + 2] === ZERO) return;
  const chip = text[at] === ZERO + 2 || text[at] === ZERO + 6;
  text[at] = ZERO + (chip ? 2 : 1);
  text[at + 1] = ZERO;
  text[at + 2] = ZERO + 1;
}

function isSeparator(code: number): boolean {
  return code === D || code === EQUALS;
}

function separator(text: Uint8Array, from: number, to: number): number {
  for (let i = from; i < to; i++) if (isSeparator(text[i])) return i;
  return -1;
}

function find(text: Uint8Array, from: number, to: number, code: number): number {
  for (let i = from; i < to; i++) if (text[i] === code) return i;
  return -1;
}

function allDigits(text: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (text[i] < ZERO || text[i] > NINE) return false;
  return true;
}

/** Check sum of the digits (ISO/IEC 7812-1), 0–9; 0 when the check digit is right. */
export function checkSum(digits: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) {
    const digit = digits[i] - ZERO;
    const weighed = ((to - 1 - i) & 1) === 1 ? 2 * digit : digit;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return sum % 10;
}

/** Behind a 1 the packed byte would be 13h, 16h or 17h. */
function escaped(digit: number): boolean {
  return digit === 3 || digit === 6 || digit === 7;
}

function littleEndian(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

// Words of 64 bits as two halves each, low half first, by index of the low half.

function add(v: Int32Array, to: number, from: number): void {
  const a = v[to];
  const b = v[from];
  const sum = (a + b) | 0;
  const carry = ((a & b) | ((a | b) & ~sum)) >>> 31;
  v[to] = sum;
  v[to + 1] = (v[to + 1] + v[from + 1] + carry) | 0;
}

function rotate(v: Int32Array, at: number, bits: number): void {
  const low = v[at];
  const high = v[at + 1];
  v[at] = (low << bits) | (high >>> (32 - bits));
  v[at + 1] = (high << bits) | (low >>> (32 - bits));
}

function xor(v: Int32Array, to: number, from: number): void {
  v[to] ^= v[from];
  v[to + 1] ^= v[from + 1];
}

/** Turns a word by 32 bits. */
function swap(v: Int32Array, at: number): void {
  const low = v[at];
  v[at] = v[at + 1];
  v[at + 1] = low;
}
