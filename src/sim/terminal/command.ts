import { fromHex as bytesOfHex, toHex } from '../../wire/hex.ts';
import { BLOCK_LENGTH_MAX, PACKET_LENGTH_MAX } from '../../limits.ts';
import { Stat } from './status.ts';

/** A command that breaks a rule of the grammar or a bound: answered with this STAT and nothing changes. */
export class Refusal extends Error {
  readonly stat: number;
  constructor(stat: number, what: string) {
    super(what);
    this.stat = stat;
  }
}

/** Id and length in front of a value. */
const VALUE_HEAD = 4;
/** LEN in front of a block. */
const BLOCK_HEAD = 3;
const NAME_LENGTH = 3;
/** CMD and STAT in front of an answer. */
const ANSWER_HEAD = 6;

/** The three characters of a command's name as one number. */
export function commandCode(name: string): number {
  return (name.charCodeAt(0) << 16) | (name.charCodeAt(1) << 8) | name.charCodeAt(2);
}

/**
 * The command in progress: `CMD(3) [LEN(3 digits) BLOCK]…`. Older commands have blocks of fixed layout, newer ones blocks
 * of `ID(2) LENGTH(2) VALUE`, both big endian. The bytes are copied, so that a command that waits keeps its own. What is
 * handed out lies in these bytes and is valid until the next command comes, which ends the wait of this one.
 */
export class Command {
  /** {@link commandCode} of CMD. */
  code = 0;
  private readonly bytes = new Uint8Array(PACKET_LENGTH_MAX);
  private length = 0;
  /** The bytes add up to blocks of values. */
  private checked = false;
  /** Offset and length of the value that {@link find} found. */
  private valueAt = 0;
  private valueLength = 0;

  /** Takes `data[0, length)`, at least three bytes. */
  take(data: Uint8Array, length: number): void {
    for (let i = 0; i < length; i++) this.bytes[i] = data[i];
    this.length = length;
    this.code = (data[0] << 16) | (data[1] << 8) | data[2];
    this.checked = false;
  }

  get name(): string {
    return latin1(this.bytes.subarray(0, NAME_LENGTH));
  }

  /** The blocks in order. Refused with 011 when a LEN is not three digits or the bytes do not add up. */
  blocks(): Uint8Array[] {
    const blocks: Uint8Array[] = [];
    for (let at = NAME_LENGTH; at < this.length;) {
      const end = this.blockEnd(at);
      blocks.push(this.bytes.subarray(at + BLOCK_HEAD, end));
      at = end;
    }
    return blocks;
  }

  /** The only block of an older command; refused with 011 when it is not `length` bytes. */
  fixed(length: number): Uint8Array {
    const blocks = this.blocks();
    if (blocks.length !== 1 || blocks[0].length !== length)
      throw new Refusal(Stat.invalidParameter, `${this.name}: one block of ${length} bytes expected`);
    return blocks[0];
  }

  /** First value of `id`, or undefined. */
  optional(id: number): Uint8Array | undefined {
    return this.find(id) ? this.value() : undefined;
  }

  /** First value of `id`; refused with 019 when it is not there. */
  required(id: number): Uint8Array {
    return this.optional(id) ?? this.missing(id);
  }

  /** Every value of `id` in the order of the line. */
  all(id: number): readonly Uint8Array[] {
    const values: Uint8Array[] = [];
    while (this.find(id, values.length)) values.push(this.value());
    return values;
  }

  /** Unsigned number of exactly `width` bytes, big endian; undefined when absent. */
  number(id: number, width: number): number | undefined {
    if (!this.find(id)) return undefined;
    if (this.valueLength !== width)
      throw new Refusal(
        Stat.invalidParameter,
        `${this.name}: value ${hexId(id)} has ${this.valueLength} bytes instead of ${width}`,
      );
    let number = 0;
    for (let i = 0; i < width; i++) number = number * 256 + this.bytes[this.valueAt + i];
    return number;
  }

  requiredNumber(id: number, width: number): number {
    return this.number(id, width) ?? this.missing(id);
  }

  /** ASCII digits, `min` to `max` of them; undefined when absent. */
  digits(id: number, min: number, max = min): string | undefined {
    if (!this.find(id)) return undefined;
    let text = '';
    for (let i = 0; i < this.valueLength; i++) {
      const byte = this.bytes[this.valueAt + i];
      if (byte < 0x30 || byte > 0x39) break;
      text += String.fromCharCode(byte);
    }
    if (text.length < this.valueLength || text.length < min || text.length > max)
      throw new Refusal(Stat.invalidParameter, `${this.name}: value ${hexId(id)} is not ${min} to ${max} digits`);
    return text;
  }

  requiredDigits(id: number, min: number, max = min): string {
    return this.digits(id, min, max) ?? this.missing(id);
  }

  private missing(id: number): never {
    throw new Refusal(Stat.mandatory, `${this.name}: value ${hexId(id)} is missing`);
  }

  private value(): Uint8Array {
    return this.bytes.subarray(this.valueAt, this.valueAt + this.valueLength);
  }

  /** Looks for a value of `id` behind `skip` others of the same id. Commands have few values: they are walked through. */
  private find(id: number, skip = 0): boolean {
    if (!this.checked) this.check();
    const { bytes } = this;
    for (let block = NAME_LENGTH; block < this.length;) {
      const end = this.blockEnd(block);
      let at = block + BLOCK_HEAD;
      while (at < end) {
        const length = (bytes[at + 2] << 8) | bytes[at + 3];
        if (((bytes[at] << 8) | bytes[at + 1]) === id && skip-- === 0) {
          this.valueAt = at + VALUE_HEAD;
          this.valueLength = length;
          return true;
        }
        at += VALUE_HEAD + length;
      }
      block = end;
    }
    return false;
  }

  /** Refuses with 011 what are not blocks of whole values. */
  private check(): void {
    const { bytes } = this;
    for (let block = NAME_LENGTH; block < this.length;) {
      const end = this.blockEnd(block);
      let at = block + BLOCK_HEAD;
      while (at < end) {
        if (at + VALUE_HEAD > end) throw new Refusal(Stat.invalidParameter, `${this.name}: a value is cut off`);
        const length = (bytes[at + 2] << 8) | bytes[at + 3];
        if (at + VALUE_HEAD + length > end)
          throw new Refusal(
            Stat.invalidParameter,
            `${this.name}: value ${hexId((bytes[at] << 8) | bytes[at + 1])} reaches over its block`,
          );
        at += VALUE_HEAD + length;
      }
      block = end;
    }
    this.checked = true;
  }

  /** Where the block whose LEN stands at `at` ends. */
  private blockEnd(at: number): number {
    const length = at + BLOCK_HEAD > this.length ? -1 : decimal(this.bytes, at, BLOCK_HEAD);
    if (length < 0 || at + BLOCK_HEAD + length > this.length)
      throw new Refusal(Stat.invalidParameter, `${this.name}: the block at ${at} does not add up`);
    return at + BLOCK_HEAD + length;
  }
}

/**
 * The answer in the making, as it goes into a packet: `CMD STAT [LEN BLOCK]…`. A value that does not fit in the open
 * block begins the next one.
 */
export class Answer {
  /** After {@link finish} the answer is `bytes[0, length)`. */
  readonly bytes = new Uint8Array(PACKET_LENGTH_MAX);
  length = ANSWER_HEAD;
  /** Where the LEN of the open block belongs; 0 while none is open. */
  private block = 0;
  private tooLong = false;

  /** Forgets everything. */
  clear(): this {
    this.length = ANSWER_HEAD;
    this.block = 0;
    this.tooLong = false;
    return this;
  }

  value(id: number, bytes: Uint8Array): this {
    if (!this.begin(id, bytes.length)) return this;
    for (let i = 0; i < bytes.length; i++) this.bytes[this.length++] = bytes[i];
    return this;
  }

  text(id: number, ascii: string): this {
    if (this.begin(id, ascii.length)) this.ascii(ascii);
    return this;
  }

  /** Unsigned, big endian. */
  number(id: number, value: number, width: number): this {
    if (!this.begin(id, width)) return this;
    for (let i = width - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256))
      this.bytes[this.length + i] = rest;
    this.length += width;
    return this;
  }

  /** One block of fixed layout, as the older commands have. */
  fixed(ascii: string): this {
    if (this.openBlock(ascii.length)) this.ascii(ascii);
    return this;
  }

  /**
   * Ends the answer to the command with this code. With a STAT other than 000 there are no blocks; an answer that would
   * be too long for a packet is 011.
   */
  finish(code: number, stat: number): void {
    const told = stat === Stat.ok && this.tooLong ? Stat.invalidParameter : stat;
    this.endBlock();
    if (told !== Stat.ok) this.length = ANSWER_HEAD;
    this.bytes[0] = code >> 16;
    this.bytes[1] = (code >> 8) & 0xff;
    this.bytes[2] = code & 0xff;
    putDecimal(this.bytes, NAME_LENGTH, told);
  }

  /** Head of a value of `length` bytes; false when there is no room for it. */
  private begin(id: number, length: number): boolean {
    if (!this.openBlock(VALUE_HEAD + length)) return false;
    const { bytes } = this;
    bytes[this.length++] = id >> 8;
    bytes[this.length++] = id & 0xff;
    bytes[this.length++] = length >> 8;
    bytes[this.length++] = length & 0xff;
    return true;
  }

  /** Makes room for `length` bytes more in the open block, or in a new one; false when there is none. */
  private openBlock(length: number): boolean {
    if (this.block !== 0 && this.length - this.block - BLOCK_HEAD + length > BLOCK_LENGTH_MAX) this.endBlock();
    if (length > BLOCK_LENGTH_MAX || this.length + BLOCK_HEAD + length > PACKET_LENGTH_MAX) {
      this.tooLong = true;
      return false;
    }
    if (this.block === 0) {
      this.block = this.length;
      this.length += BLOCK_HEAD;
    }
    return true;
  }

  private endBlock(): void {
    if (this.block !== 0) putDecimal(this.bytes, this.block, this.length - this.block - BLOCK_HEAD);
    this.block = 0;
  }

  private ascii(text: string): void {
    for (let i = 0; i < text.length; i++) this.bytes[this.length++] = text.charCodeAt(i);
  }
}

/** Three ASCII digits at `at`. */
function putDecimal(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = 0x30 + Math.floor(value / 100);
  bytes[at + 1] = 0x30 + (Math.floor(value / 10) % 10);
  bytes[at + 2] = 0x30 + (value % 10);
}

/** `width` ASCII digits at `at` as a number, or -1. */
export function decimal(bytes: Uint8Array, at: number, width: number): number {
  if (at + width > bytes.length) return -1;
  let sum = 0;
  for (let i = at; i < at + width; i++) {
    if (bytes[i] < 0x30 || bytes[i] > 0x39) return -1;
    sum = sum * 10 + bytes[i] - 0x30;
  }
  return sum;
}

/** One character a byte. */
export function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i]);
  return text;
}

export function fromLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

export function bigEndian(value: number, width: number): Uint8Array {
  const bytes = new Uint8Array(width);
  for (let i = width - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
  return bytes;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (let i = 0; i < parts.length; i++) length += parts[i].length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (let i = 0; i < parts.length; i++) {
    whole.set(parts[i], at);
    at += parts[i].length;
  }
  return whole;
}

/** Bytes of an even number of hex digits, or undefined. */
export function fromHex(text: string): Uint8Array | undefined {
  const bytes = bytesOfHex(text);
  return bytes.ok ? bytes.value : undefined;
}

export { toHex as hex };

const hexId = (id: number): string => id.toString(16).padStart(4, '0').toUpperCase();
