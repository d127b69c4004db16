import { assert } from '../assert.ts';
import { failed, fault, ok, type Fault, type Result } from '../fault.ts';
import { frameLengthBytes, readFrameLength } from './frame.ts';
import type { Framing } from './source.ts';

/** Longest frame that is waited for when nothing else is said, bytes after the length. */
const LENGTH_MAX = 65535;

/**
 * Cuts a stream, as it comes from a socket in chunks of any size, into frames by the length before each. It holds at most
 * one frame that is not complete yet.
 */
export class Deframer {
  private readonly framing: Framing;
  private readonly lengthMax: number;
  private readonly headLength: number;
  /** Bytes of the frame that has begun; grows to what its length tells. */
  private held: Uint8Array;
  private count = 0;
  private broken: Fault | undefined;

  /** `lengthMax`: a frame that announces more bytes is a fault. The framing must have a length. */
  constructor(framing: Framing, lengthMax: number = LENGTH_MAX) {
    assert(framing.length !== false, 'Deframer: a framing without a length does not tell where a frame ends');
    this.framing = framing;
    this.lengthMax = lengthMax;
    this.headLength = frameLengthBytes(framing);
    this.held = new Uint8Array(this.headLength);
  }

  /**
   * Takes a chunk and returns the frames that are complete now, each with its length in front. Fault `bad-frame-length`
   * when a length is not decimal, 0 or above the bound: where the next frame begins is not known any more, so the connection
   * must be closed, and every later call returns the fault again.
   */
  push(chunk: Uint8Array): Result<readonly Uint8Array[]> {
    const frames: Uint8Array[] = [];
    let at = 0;
    while (at < chunk.length && this.broken === undefined) {
      const taken = Math.min(this.held.length - this.count, chunk.length - at);
      this.held.set(chunk.subarray(at, at + taken), this.count);
      this.count += taken;
      at += taken;
      if (this.count < this.held.length) break;
      if (this.count === this.headLength) {
        this.begin();
      } else {
        frames.push(this.held);
        this.held = new Uint8Array(this.headLength);
        this.count = 0;
      }
    }
    // Frames before a broken one are whole and right; the fault comes with the next call at the latest.
    return this.broken !== undefined && frames.length === 0 ? failed(this.broken) : ok(frames);
  }

  /** Bytes of a frame that has begun and is not complete; above 0 at the end of a connection, one was cut off. */
  get pending(): number {
    return this.count;
  }

  private begin(): void {
    const length = readFrameLength(this.framing, this.held, 0);
    if (length <= 0 || length > this.lengthMax) {
      const cause = length < 0 ? 'a frame length is not decimal' : `a frame announces ${length} bytes`;
      this.broken = fault(
        'E_ILLEGAL',
        'bad-frame-length',
        `${cause}, wanted 1 to ${this.lengthMax}`,
        'Close the connection; compare the framing of both sides',
      );
      return;
    }
    const frame = new Uint8Array(this.headLength + length);
    frame.set(this.held);
    this.held = frame;
  }
}
