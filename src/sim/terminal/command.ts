import { fromHex as bytesOfHex, toHex } from '../../wire/hex.ts';
import { BLOCK_LENGTH_MAX } from '../../limits.ts';
import { Stat } from './status.ts';

/** A command that breaks a rule of the grammar or a bound: answered with this STAT and nothing changes. */
export class Refusal extends Error {
  readonly stat: number;
  constructor(stat: number, what: string) {
    super(what);
    this.stat = stat;
  }
}

/** Longest value: a block less the two bytes of the id and the two of the length. */
const VALUE_LENGTH_MAX = BLOCK_LENGTH_MAX - 4;

/**
 * A received command: `CMD(3) [LEN(3 digits) BLOCK]…`. Older commands have blocks of fixed layout, newer ones blocks of
 * `ID(2) LENGTH(2) VALUE`, both big endian. The bytes are copied, so that a waiting command keeps its own.
 */
export class Command {
  readonly name: string;
  private readonly bytes: Uint8Array;
  private values: Map<number, Uint8Array[]> | undefined;

  /** Takes `data[0, length)`, at least three bytes. */
  constructor(data: Uint8Array, length: number) {
    this.bytes = data.slice(0, length);
    this.name = String.fromCharCode(data[0], data[1], data[2]);
  }

  /** The blocks in order. Refused with 011 when a LEN is not three digits or the bytes do not add up. */
  blocks(): Uint8Array[] {
    const blocks: Uint8Array[] = [];
    let at = 3;
    while (at < this.bytes.length) {
      const length = decimal(this.bytes, at, 3);
      at += 3;
      if (length < 0 || at + length > this.bytes.length)
        throw new Refusal(Stat.invalidParameter, `${this.name}: block ${blocks.length + 1} does not add up`);
      blocks.push(this.bytes.subarray(at, at + length));
      at += length;
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
    return this.all(id)[0];
  }

  /** First value of `id`; refused with 019 when it is not there. */
  required(id: number): Uint8Array {
    const value = this.optional(id);
    if (value === undefined) throw new Refusal(Stat.mandatory, `${this.name}: value ${hexId(id)} is missing`);
    return value;
  }

  /** Every value of `id` in the order of the line. */
  all(id: number): readonly Uint8Array[] {
    this.values ??= this.readValues();
    return this.values.get(id) ?? [];
  }

  /** Unsigned number of exactly `width` bytes, big endian; undefined when absent. */
  number(id: number, width: number): number | undefined {
    const value = this.optional(id);
    if (value === undefined) return undefined;
    if (value.length !== width)
      throw new Refusal(
        Stat.invalidParameter,
        `${this.name}: value ${hexId(id)} has ${value.length} bytes instead of ${width}`,
      );
    return value.reduce((sum, byte) => sum * 256 + byte, 0);
  }

  requiredNumber(id: number, width: number): number {
    this.required(id);
    return this.number(id, width) as number;
  }

  /** ASCII digits, `min` to `max` of them; undefined when absent. */
  digits(id: number, min: number, max = min): string | undefined {
    const value = this.optional(id);
    if (value === undefined) return undefined;
    const text = latin1(value);
    if (text.length < min || text.length > max || !/^\d*$/.test(text))
      throw new Refusal(Stat.invalidParameter, `${this.name}: value ${hexId(id)} is not ${min} to ${max} digits`);
    return text;
  }

  requiredDigits(id: number, min: number, max = min): string {
    this.required(id);
    return this.digits(id, min, max) as string;
  }

  private readValues(): Map<number, Uint8Array[]> {
    const values = new Map<number, Uint8Array[]>();
    for (const block of this.blocks()) {
      let at = 0;
      while (at < block.length) {
        if (at + 4 > block.length) throw new Refusal(Stat.invalidParameter, `${this.name}: a value is cut off`);
        const id = (block[at] << 8) | block[at + 1];
        const length = (block[at + 2] << 8) | block[at + 3];
        at += 4;
        if (length > VALUE_LENGTH_MAX || at + length > block.length)
          throw new Refusal(Stat.invalidParameter, `${this.name}: value ${hexId(id)} reaches over its block`);
        const list = values.get(id);
        if (list) list.push(block.subarray(at, at + length));
        else values.set(id, [block.subarray(at, at + length)]);
        at += length;
      }
    }
    return values;
  }
}

/** Collects the values of an answer; a value that does not fit in the open block begins the next one. */
export class Answer {
  private readonly finished: Uint8Array[] = [];
  private readonly open: Uint8Array[] = [];
  private openLength = 0;

  value(id: number, bytes: Uint8Array): this {
    if (this.openLength + 4 + bytes.length > BLOCK_LENGTH_MAX) this.endBlock();
    this.open.push(Uint8Array.of(id >> 8, id & 0xff, bytes.length >> 8, bytes.length & 0xff), bytes);
    this.openLength += 4 + bytes.length;
    return this;
  }

  text(id: number, ascii: string): this {
    return this.value(id, fromLatin1(ascii));
  }

  number(id: number, value: number, width: number): this {
    return this.value(id, bigEndian(value, width));
  }

  /** One block of fixed layout, as the older commands have. */
  static fixed(ascii: string): Answer {
    const answer = new Answer();
    answer.open.push(fromLatin1(ascii));
    answer.openLength = ascii.length;
    return answer;
  }

  /** `CMD STAT [LEN BLOCK]…`; with a STAT other than 000 there are no blocks. */
  encode(name: string, stat: number): Uint8Array {
    const head = fromLatin1(name + String(stat).padStart(3, '0'));
    if (stat !== 0) return head;
    this.endBlock();
    const parts = [head];
    for (const block of this.finished) parts.push(fromLatin1(String(block.length).padStart(3, '0')), block);
    return concat(parts);
  }

  private endBlock(): void {
    if (this.openLength > 0) this.finished.push(concat(this.open));
    this.open.length = 0;
    this.openLength = 0;
  }
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
