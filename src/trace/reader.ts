import { crc32 } from '../wire/crc32.ts';
import {
  BLOCK_HEADER_LENGTH,
  BLOCK_MAGIC,
  type ByteSource,
  FILE_HEADER_LENGTH,
  MARK_REDACTED,
  MARKS_AT,
  PAYLOAD_MAX,
  RECORD_HEADER_LENGTH,
  TRACE_MAGIC,
  TRACE_VERSION,
} from './kinds.ts';
import { RECORDS_MAX } from './writer.ts';

/** Bytes that are asked for at once. */
const CHUNK_LENGTH = 256 * 1024;
/** Room in front of a chunk for a block that began in an earlier one. */
const CARRY_LENGTH = BLOCK_HEADER_LENGTH + RECORDS_MAX;
/** Troubles that are kept; later ones are only counted. */
const TROUBLES_MAX = 100;
const WALKS_MAX = CHUNK_LENGTH;
const CHECKS_MAX = 4 * RECORDS_MAX;
const [MAGIC_FIRST] = bytesOf(TRACE_MAGIC);
const MAGIC_HIGH = wordOf(TRACE_MAGIC, 0);
const MAGIC_LOW = wordOf(TRACE_MAGIC, 4);

/** Something in a file that could not be read. */
export interface Trouble {
  /** Bytes from the beginning of the source. */
  readonly offset: number;
  readonly why: string;
}

/**
 * Reads the records of a trace in their order. It takes what another machine, another version or a broken disk made of the file:
 * it throws nothing, needs the same memory for every file, and behind damage goes on with the next whole block. What was passed
 * over is told in `troubles`.
 *
 * A cursor: all members tell of the record at which the last `next` stopped, and its bytes are valid until the next call.
 */
export class TraceReader {
  readonly bytes = new Uint8Array(CARRY_LENGTH + CHUNK_LENGTH);
  /** The same bytes, for numbers in a payload. */
  readonly view = new DataView(this.bytes.buffer);
  /** Payload of the record: `bytes[from, to)`. */
  from = CARRY_LENGTH;
  to = CARRY_LENGTH;
  /** Counts from 1. */
  index = 0;
  readonly troubles: Trouble[] = [];
  troubleCount = 0;
  /** Every part that was read so far says that what it holds was redacted before it was written. */
  redacted = false;

  private readonly source: ByteSource;
  private readonly growing: boolean;
  private readonly chunk = this.bytes.subarray(CARRY_LENGTH);
  /** Next record while it is before `blockEnd`, else the next block. */
  private at = CARRY_LENGTH;
  private blockEnd = CARRY_LENGTH;
  /** End of what was read into `bytes`. */
  private end = CARRY_LENGTH;
  /** Offset in the source of `bytes[0]`. */
  private base = -CARRY_LENGTH;
  /** The source has nothing more. */
  private drained = false;
  private over = false;
  /** Where the stretch begins that cannot be read, and why; -1: all is well. */
  private damageAt = -1;
  private damageWhy = '';
  /** Records to look at and bytes to check in search of the end of damage, until more is read: hostile files cost little more. */
  private walks = WALKS_MAX;
  private checks = CHECKS_MAX;
  /** Number that the next block should have; -1 before the first one. */
  private number = -1;

  constructor(source: ByteSource) {
    this.source = source;
    this.growing = source.growing === true;
  }

  /** Kind of the record; a newer program may write kinds that this one does not know. */
  get kind(): number {
    return this.bytes[this.from - RECORD_HEADER_LENGTH + 4];
  }

  get link(): number {
    return this.bytes[this.from - RECORD_HEADER_LENGTH + 5];
  }

  /** Microseconds since 1970. */
  get timeUs(): number {
    return this.view.getUint32(this.from - 8) * 0x1_0000_0000 + this.view.getUint32(this.from - 4);
  }

  /** Bytes of the source up to the end of the record. Its header begins `to - from + 16` before. */
  get offset(): number {
    return this.base + this.to;
  }

  /** Goes to the next record; false at the end. Of a source that grows, there may be more when it is asked again. */
  next(): boolean {
    for (;;) {
      const { at, blockEnd } = this;
      if (at < blockEnd) {
        const length = blockEnd - at < RECORD_HEADER_LENGTH ? PAYLOAD_MAX + 1 : this.view.getUint32(at);
        const from = at + RECORD_HEADER_LENGTH;
        if (length <= PAYLOAD_MAX && length <= blockEnd - from) {
          this.from = from;
          this.to = from + length;
          this.at = from + length;
          this.index++;
          return true;
        }
        this.tell(this.base + at, `a record runs out of its block: ${blockEnd - at} bytes passed over`);
        this.at = blockEnd;
      }
      if (!this.nextBlock()) return false;
    }
  }

  /** The payload, behind its first `skip` bytes, as texts. For people: it creates them. A damaged payload gives those that are whole. */
  texts(skip = 0): string[] {
    const found: string[] = [];
    const decoder = new TextDecoder();
    for (let at = this.from + skip; at + 2 <= this.to;) {
      const end = at + 2 + this.view.getUint16(at);
      if (end > this.to) break;
      found.push(decoder.decode(this.bytes.subarray(at + 2, end)));
      at = end;
    }
    return found;
  }

  /** Goes to the next whole block; false at the end. */
  private nextBlock(): boolean {
    for (;;) {
      if (!this.have(BLOCK_HEADER_LENGTH)) return this.growing ? this.rest() : this.finish();
      const { view, at } = this;
      const magic = view.getUint32(at);
      if (magic === BLOCK_MAGIC) {
        if (this.growing && !this.have(blockLength(view, at))) return this.rest();
        if (this.openBlock()) return true;
      } else if (magic === MAGIC_HIGH && view.getUint32(at + 4) === MAGIC_LOW) {
        if (!this.openPart()) return false;
      } else {
        this.damaged(this.base + at === 0 ? 'no trace begins here' : 'no block begins here');
        this.search();
      }
    }
  }

  /** The block at the cursor, when it is whole. Else the cursor moves on. */
  private openBlock(): boolean {
    const length = this.view.getUint32(this.at + 4);
    if (length > RECORDS_MAX) return this.passOver(`a block claims ${length} bytes`);
    if (!this.have(BLOCK_HEADER_LENGTH + length))
      return this.passOver('the last block is cut off, as a crash or a program that still runs leaves it');
    const { view, at } = this;
    const from = at + BLOCK_HEADER_LENGTH;
    if (this.damageAt >= 0) {
      // A length is believed only when records fill it to the last byte, and the work for bytes that lie in several such claims is bounded.
      if (this.checks < length || !this.recordsFit(from, from + length)) return this.passOver('');
      this.checks -= length;
    }
    if (crc32(view, from, from + length) !== view.getUint32(at + 8))
      return this.passOver('a block was changed or cut off: its checksum is wrong');
    const number = view.getUint32(at + 12);
    if (this.damageAt >= 0) this.endDamage(this.base + at);
    else if (this.number >= 0 && number !== this.number && number !== 0)
      this.tell(this.base + at, `block ${number} follows on block ${this.number - 1}: what was between is missing`);
    this.number = (number + 1) >>> 0;
    this.at = from;
    this.blockEnd = from + length;
    return true;
  }

  /** The header of a file, also where rotated parts follow each other; false: this program cannot read what follows. */
  private openPart(): boolean {
    const version = this.view.getUint16(this.at + TRACE_MAGIC.length);
    if (this.damageAt < 0 && version !== TRACE_VERSION) {
      this.tell(this.base + this.at, `the trace has version ${version}, this program reads version ${TRACE_VERSION}`);
      this.over = this.drained = true;
      this.at = this.blockEnd = this.end;
      return false;
    }
    const marked = (this.bytes[this.at + MARKS_AT] & MARK_REDACTED) !== 0;
    this.redacted = marked && (this.redacted || this.base + this.at === 0);
    this.at += FILE_HEADER_LENGTH;
    this.blockEnd = this.at;
    return true;
  }

  /** Do records fill the bytes to the last one? */
  private recordsFit(from: number, to: number): boolean {
    let at = from;
    while (to - at >= RECORD_HEADER_LENGTH && this.walks > 0) {
      this.walks--;
      const length = this.view.getUint32(at);
      if (length > PAYLOAD_MAX || this.view.getUint16(at + 6) !== 0) return false;
      at += RECORD_HEADER_LENGTH + length;
    }
    return at === to;
  }

  private passOver(why: string): false {
    this.damaged(why);
    this.search();
    return false;
  }

  private damaged(why: string): void {
    if (this.damageAt >= 0) return;
    this.damageAt = this.base + this.at;
    this.damageWhy = why;
  }

  private endDamage(offset: number): void {
    this.tell(this.damageAt, `${this.damageWhy}: ${offset - this.damageAt} bytes passed over`);
    this.damageAt = -1;
  }

  /** Moves the cursor to the next byte with which a block or a file could begin. */
  private search(): void {
    const found = this.bytes.indexOf(MAGIC_FIRST, this.at + 1);
    this.at = found < 0 || found > this.end ? this.end : found;
    this.blockEnd = this.at;
  }

  /** What is left is waited for. */
  private rest(): false {
    this.drained = false;
    return false;
  }

  /** Less than a block's header is left. */
  private finish(): false {
    if (this.over) return false;
    this.over = true;
    if (this.at < this.end)
      this.damaged('the last block is cut off, as a crash or a program that still runs leaves it');
    this.at = this.blockEnd = this.end;
    if (this.damageAt >= 0) this.endDamage(this.base + this.end);
    if (this.source.fault !== undefined) this.tell(this.base + this.end, this.source.fault);
    return false;
  }

  /** Reads until `count` bytes lie behind the cursor, if the source has them. May move them. */
  private have(count: number): boolean {
    while (this.end - this.at < count) {
      if (this.drained) return false;
      // What is left goes in front of the chunk, so that reading needs no new view of the buffer.
      const left = this.end - this.at;
      this.bytes.copyWithin(CARRY_LENGTH - left, this.at, this.end);
      this.base += this.end - CARRY_LENGTH;
      this.at = this.blockEnd = CARRY_LENGTH - left;
      this.end = CARRY_LENGTH;
      this.walks = WALKS_MAX;
      this.checks = CHECKS_MAX;
      let got = this.source.read(this.chunk);
      this.end += got;
      // A pipe gives less than was asked for; moving the bytes for each piece would cost more than a view.
      while (got > 0 && this.end < this.bytes.length) {
        got = this.source.read(this.bytes.subarray(this.end));
        this.end += got;
      }
      this.drained = got === 0;
    }
    return true;
  }

  private tell(offset: number, why: string): void {
    this.troubleCount++;
    if (this.troubles.length < TROUBLES_MAX) this.troubles.push({ offset, why });
  }
}

/** Bytes of a block that begins at `at`, as far as they are to be waited for. */
function blockLength(view: DataView, at: number): number {
  const length = view.getUint32(at + 4);
  return BLOCK_HEADER_LENGTH + (length > RECORDS_MAX ? 0 : length);
}

function bytesOf(text: string): readonly number[] {
  return Array.from(text, character => character.charCodeAt(0));
}

function wordOf(text: string, at: number): number {
  return bytesOf(text.slice(at, at + 4)).reduce((word, byte) => word * 256 + byte, 0);
}
