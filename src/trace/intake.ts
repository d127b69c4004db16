import { assert } from '../assert.ts';
import type { ByteSource } from './kinds.ts';

/** Room for the largest piece that is ever asked for, and so much more that moving the rest to the front stays rare. */
const ROOM = 524_288;

/** Largest piece, bytes, that {@link Intake.need} can be asked for. */
export const PIECE_MAX = 327_680;

/**
 * A window that slides over a capture: what is asked for lies in `bytes[at, end)`. It has one buffer of 512 KiB for captures of
 * any size. Moving on is `at += n` for bytes that are there, `skip` for any number.
 */
export class Intake {
  readonly bytes = new Uint8Array(ROOM);
  at = 0;
  end = 0;
  private readonly source: ByteSource;
  /** Bytes of the capture before `bytes[0]`. */
  private base = 0;
  private ended = false;

  constructor(source: ByteSource) {
    this.source = source;
  }

  /** Bytes of the capture before `at`. */
  get offset(): number {
    return this.base + this.at;
  }

  /** Bytes in all, when they are known. */
  get size(): number | undefined {
    return this.source.size;
  }

  /** Why the capture could not be read to its end. */
  get fault(): string | undefined {
    return this.source.fault;
  }

  /** Gets `length` bytes to `bytes[at]`, at most {@link PIECE_MAX}; false when the capture ends before. */
  need(length: number): boolean {
    if (this.end - this.at >= length) return true;
    assert(length <= PIECE_MAX, 'need: more than the window can hold');
    if (this.at + length > ROOM || this.at === this.end) this.moveToFront();
    while (this.end - this.at < length) if (!this.more()) return false;
    return true;
  }

  /** Reads more behind `end`, moving the rest to the front when there is no room; false at the end, or when the window is full. */
  more(): boolean {
    if (this.ended) return false;
    if (this.end === ROOM) {
      if (this.at === 0) return false;
      this.moveToFront();
    }
    const count = this.source.read(this.bytes.subarray(this.end));
    this.end += count;
    this.ended = count === 0;
    return count > 0;
  }

  /** Passes over `length` bytes, whether they are in the window or not; false when the capture ends before. */
  skip(length: number): boolean {
    while (length > this.end - this.at) {
      length -= this.end - this.at;
      this.at = this.end;
      this.moveToFront();
      if (!this.more()) return false;
    }
    this.at += length;
    return true;
  }

  private moveToFront(): void {
    this.bytes.copyWithin(0, this.at, this.end);
    this.base += this.at;
    this.end -= this.at;
    this.at = 0;
  }
}
