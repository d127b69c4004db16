import { clearRegisters } from '../card/owned.ts';
import { FRAME_LENGTH_MAX } from '../limits.ts';

/** Bytes of the length in front of a frame: unsigned, big-endian, counting everything after itself. */
export const LENGTH_BYTES = 2;

/** What the bytes taken so far mean. Plain numbers, so that the receiver creates nothing. */
export const FrameState = {
  /** Nothing of a frame has come yet. */
  empty: 0,
  /** A length or a frame has begun and not ended. */
  partial: 1,
  /** A whole frame lies in `bytes[0, length)` until the next byte is taken. */
  complete: 2,
  /** The length was 0 or above the bound: where the next frame begins is not known any more. */
  badLength: 3,
} as const;
export type FrameState = (typeof FrameState)[keyof typeof FrameState];

const { copy } = Buffer.prototype;

/**
 * Puts frames of the acquirer line together from chunks of any size (UnionPay POS: 2 bytes length, then TPDU, header and
 * body). A frame that lies whole in one chunk stays there, which is the chunk owner's; any other is put together in one
 * buffer for the life of the line. That one may hold card data, so `wipe` it when an exchange is over.
 */
export class FrameReceiver {
  /** Where the complete frame lies, until the next byte is taken: `frame[start, end)`. */
  frame: Uint8Array;
  start = 0;
  end = 0;
  /** Bytes of the current frame that have come, after its length. */
  length = 0;
  /** Length that a frame announced which comes in pieces, or that cannot be used; 0 before it is known. */
  announced = 0;
  state: FrameState = FrameState.empty;
  private readonly bytes = new Uint8Array(FRAME_LENGTH_MAX);
  private lengthBytes = 0;
  private used = 0;

  constructor() {
    this.frame = this.bytes;
  }

  /**
   * Takes bytes from `chunk[at, chunk.length)` until a frame is complete, its length turns out to be unusable, or the chunk
   * ends. Returns the offset after the last byte taken; look at `state` then. After `badLength` nothing more is taken.
   */
  take(chunk: Uint8Array, at: number): number {
    if (this.state === FrameState.badLength) return chunk.length;
    if (this.state !== FrameState.partial) {
      const start = at + LENGTH_BYTES;
      if (start < chunk.length) {
        const announced = (chunk[at] << 8) | chunk[at + 1];
        const end = start + announced;
        if (announced !== 0 && announced <= FRAME_LENGTH_MAX && end <= chunk.length) {
          if (this.frame !== chunk) this.frame = chunk;
          this.start = start;
          this.end = end;
          this.length = announced;
          this.state = FrameState.complete;
          return end;
        }
      }
      this.state = FrameState.empty;
      this.lengthBytes = this.length = this.announced = 0;
    }
    return this.gather(chunk, at);
  }

  /** Forgets a half-received frame and overwrites every byte put together since the last wipe. */
  wipe(): void {
    this.bytes.fill(0, 0, this.used);
    this.used = 0;
    this.frame = this.bytes;
    this.start = this.end = 0;
    this.lengthBytes = this.length = this.announced = 0;
    this.state = FrameState.empty;
  }

  /** Copies what there is of a frame that comes in pieces. */
  private gather(chunk: Uint8Array, at: number): number {
    while (this.lengthBytes < LENGTH_BYTES) {
      if (at === chunk.length) return at;
      this.announced = (this.announced << 8) | chunk[at++];
      this.lengthBytes++;
      this.state = FrameState.partial;
      if (this.lengthBytes === LENGTH_BYTES && (this.announced === 0 || this.announced > FRAME_LENGTH_MAX)) {
        this.state = FrameState.badLength;
        return at;
      }
    }
    const { bytes } = this;
    const missing = this.announced - this.length;
    const available = chunk.length - at;
    const end = at + (available < missing ? available : missing);
    // Of all ways to copy a part of an array, this one creates nothing and is quick at every length.
    copy.call(chunk, bytes, this.length, at, end);
    clearRegisters(end - at);
    const length = this.length + end - at;
    this.length = length;
    if (length > this.used) this.used = length;
    if (length === this.announced) {
      this.frame = bytes;
      this.start = 0;
      this.end = length;
      this.state = FrameState.complete;
    }
    return end;
  }
}
