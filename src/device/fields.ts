import { clearRegisters, ownedBytes, ownedCopy } from '../card/owned.ts';
import { BLOCK_LENGTH_MAX } from '../limits.ts';
import { assert } from '../assert.ts';
import { fault, type Fault } from '../fault.ts';
import { unitAt } from '../wire/unit-at.ts';
import { encodeInto, type Charset } from './text.ts';

/**
 * Commands `CMD(3) [LEN(3 digits) BLOCK]…` and answers `CMD(3) STAT(3 digits) [LEN(3) BLOCK]…`; a block of the newer
 * commands is a chain of values `ID(2) LENGTH(2) VALUE`, big endian, that does not reach over the block's end.
 */

/** Longest clear command, bytes (a secure session adds 4 bytes, padding and a mark, and so reaches 2049). */
export const COMMAND_LENGTH_MAX = 2044;
/** Longest VALUE: a block less the 4 bytes of ID and LENGTH. */
export const VALUE_LENGTH_MAX = BLOCK_LENGTH_MAX - 4;

const ZERO = 0x30;
/** Largest number of so many bytes. */
const NUMBER_MAX = { 1: 0xff, 2: 0xffff, 4: 0xffff_ffff } as const;

/**
 * A written command, `bytes[0, length)`. It belongs to one owner, who lets go of it with {@link wipe}; the writer then
 * writes a later command into the same bytes.
 */
export class Command {
  readonly bytes = ownedBytes(COMMAND_LENGTH_MAX);
  length = 0;
  private readonly spare: Command[];

  constructor(spare: Command[]) {
    this.spare = spare;
  }

  /** The command is over: its bytes are zeroed. To be called once. */
  wipe(): void {
    assert(this.length > 0, 'a command is wiped once');
    this.empty();
    this.spare.push(this);
  }

  /** Zeroes what was written. */
  empty(): void {
    if (this.length === 0) return;
    this.bytes.fill(0, 0, this.length);
    this.length = 0;
  }
}

const TOO_LONG = `command longer than ${COMMAND_LENGTH_MAX} bytes`;
const VALUE_TOO_LONG = `value longer than ${VALUE_LENGTH_MAX} bytes`;

/**
 * Writes one command after another. Values open a new block by themselves when the current one is full. A command that
 * would not fit is a bug of this room (every caller's value is bounded) and asserts.
 */
export class CommandWriter {
  /** Commands that are over; as many as there ever were at once. */
  private readonly spare: Command[] = [];
  private command = new Command(this.spare);
  /** Offset of the open block's three length digits, 0 = no block is open. */
  private block = 0;
  /** Offset of the content of the value that {@link beginValue} opened. */
  private content = 0;

  /** Starts a command; `name` is three ASCII characters. */
  begin(name: string): this {
    assert(name.length === 3, 'a command name has three characters');
    // One that was given up half written.
    this.command.empty();
    this.block = 0;
    return this.ascii(name);
  }

  /** Opens a block whose content follows by `ascii`, `raw` or values. */
  open(): this {
    this.close();
    this.block = this.command.length;
    return this.ascii('000');
  }

  /** Appends characters (each one byte) outside any value. */
  ascii(text: string): this {
    const { command } = this;
    const { bytes } = command;
    const { length } = text;
    let at = command.length;
    assert(at + length <= COMMAND_LENGTH_MAX, TOO_LONG);
    for (let i = 0; i < length; i++) bytes[at++] = unitAt(text, i);
    command.length = at;
    return this;
  }

  /** Appends bytes outside any value. */
  raw(value: Uint8Array): this {
    const { command } = this;
    assert(command.length + value.length <= COMMAND_LENGTH_MAX, TOO_LONG);
    command.bytes.set(value, command.length);
    command.length += value.length;
    clearRegisters(value.length);
    return this;
  }

  /** A value of bytes (B, or S text already encoded). */
  value(id: number, bytes: Uint8Array): this {
    return this.head(id, bytes.length).raw(bytes);
  }

  /** A value of one-byte characters (A, N). */
  text(id: number, text: string): this {
    return this.head(id, text.length).ascii(text);
  }

  /** A value of `size` bytes unsigned binary, big endian (X1, X2, X4). */
  number(id: number, value: number, size: 1 | 2 | 4): this {
    assert(Number.isInteger(value) && value >= 0 && value <= NUMBER_MAX[size], 'number outside X1, X2, X4');
    this.head(id, size);
    const { command } = this;
    for (let shift = 8 * (size - 1); shift >= 0; shift -= 8) command.bytes[command.length++] = (value >>> shift) & 0xff;
    return this;
  }

  /** Begins a value of at most `max` bytes, which follow by `ascii`, `raw` or {@link display}; {@link endValue} ends it. */
  beginValue(id: number, max: number): this {
    this.head(id, max);
    this.content = this.command.length;
    return this;
  }

  endValue(): this {
    const { bytes, length } = this.command;
    const size = length - this.content;
    bytes[this.content - 2] = size >> 8;
    bytes[this.content - 1] = size & 0xff;
    return this;
  }

  /**
   * Appends text in the terminal's bytes and returns its columns, which are its bytes. When it has more than `max` or a
   * character that is not in the set, it appends nothing and returns -1.
   */
  display(text: string, max: number, charset: Charset): number {
    const { command } = this;
    assert(command.length + max <= COMMAND_LENGTH_MAX, TOO_LONG);
    const end = encodeInto(text, charset, command.bytes, command.length);
    const columns = end - command.length;
    if (end >= 0 && columns <= max) {
      command.length = end;
      return columns;
    }
    command.bytes.fill(0, command.length);
    return -1;
  }

  /** Closes the command and hands it to its owner. */
  finish(): Command {
    this.close();
    const { command } = this;
    this.command = this.spare.pop() ?? new Command(this.spare);
    return command;
  }

  private head(id: number, length: number): this {
    assert(length <= VALUE_LENGTH_MAX, VALUE_TOO_LONG);
    const { command } = this;
    if (this.block === 0 || command.length + 4 + length - (this.block + 3) > BLOCK_LENGTH_MAX) this.open();
    assert(command.length + 4 + length <= COMMAND_LENGTH_MAX, TOO_LONG);
    const { bytes } = command;
    let at = command.length;
    bytes[at++] = id >> 8;
    bytes[at++] = id & 0xff;
    bytes[at++] = length >> 8;
    bytes[at++] = length & 0xff;
    command.length = at;
    return this;
  }

  private close(): void {
    if (this.block === 0) return;
    const { bytes, length } = this.command;
    const size = length - this.block - 3;
    assert(size <= BLOCK_LENGTH_MAX, 'block longer than 999 bytes');
    bytes[this.block] = ZERO + Math.floor(size / 100);
    bytes[this.block + 1] = ZERO + (Math.floor(size / 10) % 10);
    bytes[this.block + 2] = ZERO + (size % 10);
    this.block = 0;
  }
}

/** Upper-case letter or digit. */
function isNameByte(byte: number): boolean {
  return (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x30 && byte <= 0x39);
}

function isNamed(bytes: Uint8Array, name: string): boolean {
  return bytes[0] === unitAt(name, 0) && bytes[1] === unitAt(name, 1) && bytes[2] === unitAt(name, 2);
}

/** Three digits at `at`, or -1. */
function digits3(bytes: Uint8Array, at: number, end: number): number {
  if (at + 3 > end) return -1;
  let value = 0;
  for (let i = at; i < at + 3; i++) {
    const digit = bytes[i] - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** A terminal's bytes break the grammar of an answer. */
export function malformed(command: string, what: string): Fault {
  return fault(
    'E_FAILURE',
    'answer-malformed',
    `answer of ${command}: ${what}`,
    'Note the terminal model and firmware and report it; the terminal does not follow the protocol',
  );
}

/**
 * Reads one answer in place: {@link load} checks the whole grammar first, so that the getters can trust every length.
 * The bytes belong to the link and are valid only during its callback; what is kept has to be copied ({@link copy}).
 */
export class AnswerReader {
  /** Three characters, `ERR` when the terminal did not know the command. */
  name = '';
  /** STAT, 0 = done. */
  stat = 0;
  /** Where the last {@link find} found its value, and how long it is. */
  at = 0;
  size = 0;
  private bytes: Uint8Array = new Uint8Array(0);
  private length = 0;

  /**
   * Takes `bytes[0, length)`, most likely the answer of `command`. `tagged` tells whether blocks are chains of values.
   * Returns a fault for a broken answer: no name or STAT, block sum other than LEN, value over the end of its block.
   */
  load(bytes: Uint8Array, length: number, tagged: boolean, command = 'ERR'): Fault | undefined {
    this.bytes = bytes;
    this.length = length;
    this.name = '';
    if (length < 3 || !isNameByte(bytes[0]) || !isNameByte(bytes[1]) || !isNameByte(bytes[2]))
      return malformed('?', `no command name in ${length} bytes`);
    this.name = isNamed(bytes, command) ? command : latin1(bytes, 0, 3);
    this.stat = digits3(bytes, 3, length);
    if (this.stat < 0) return malformed(this.name, 'STAT is not three digits');
    if (this.stat !== 0) {
      this.length = 6;
      return undefined;
    }
    for (let at = 6; at < length;) {
      const size = digits3(bytes, at, length);
      if (size < 0) return malformed(this.name, `block length at ${at} is not three digits`);
      const end = at + 3 + size;
      if (end > length) return malformed(this.name, `block at ${at} says ${size} bytes, ${length - at - 3} came`);
      if (tagged) {
        const bad = this.checkValues(at + 3, end);
        if (bad !== undefined) return bad;
      }
      at = end;
    }
    return undefined;
  }

  /** Forgets the bytes. */
  clear(): void {
    this.bytes = EMPTY;
    this.length = 0;
  }

  /** Sets `at` and `size` to the value of `id`; false when the answer has none. */
  find(id: number): boolean {
    const bytes = this.bytes;
    for (let block = 6; block < this.length;) {
      const end = block + 3 + digits3(bytes, block, this.length);
      for (let at = block + 3; at < end;) {
        const size = (bytes[at + 2] << 8) | bytes[at + 3];
        if (((bytes[at] << 8) | bytes[at + 1]) === id) {
          this.at = at + 4;
          this.size = size;
          return true;
        }
        at += 4 + size;
      }
      block = end;
    }
    return false;
  }

  /** Value as Latin-1 text, '' when absent. Never for card data. */
  text(id: number): string {
    return this.find(id) ? latin1(this.bytes, this.at, this.at + this.size) : '';
  }

  /** Unsigned binary value of 1 to 4 bytes; undefined when absent or of another length. */
  number(id: number): number | undefined {
    if (!this.find(id) || this.size < 1 || this.size > 4) return undefined;
    let value = 0;
    for (let i = 0; i < this.size; i++) value = value * 256 + this.bytes[this.at + i];
    return value;
  }

  /** A fresh copy that the caller owns and wipes; undefined when absent. */
  copy(id: number): Uint8Array | undefined {
    return this.find(id) ? ownedCopy(this.bytes, this.at, this.at + this.size) : undefined;
  }

  /** Offset and size of block number `index` of an answer without values; false when there is none. */
  block(index: number): boolean {
    for (let at = 6, i = 0; at < this.length; i++) {
      const size = digits3(this.bytes, at, this.length);
      if (i === index) {
        this.at = at + 3;
        this.size = size;
        return true;
      }
      at += 3 + size;
    }
    return false;
  }

  /** Byte at an offset of the answer (for blocks without values). */
  byte(at: number): number {
    return this.bytes[at];
  }

  private checkValues(start: number, end: number): Fault | undefined {
    for (let at = start; at < end;) {
      if (at + 4 > end) return malformed(this.name, `value head at ${at} runs over its block, which ends at ${end}`);
      const size = (this.bytes[at + 2] << 8) | this.bytes[at + 3];
      if (at + 4 + size > end) {
        const id = ((this.bytes[at] << 8) | this.bytes[at + 1]).toString(16).toUpperCase().padStart(4, '0');
        return malformed(this.name, `value ${id} at ${at} says ${size} bytes, its block has ${end - at - 4}`);
      }
      at += 4 + size;
    }
    return undefined;
  }
}

const EMPTY = new Uint8Array(0);

/** One character a byte. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]);
  return text;
}
