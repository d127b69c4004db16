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

/**
 * Puts frames of the acquirer line together from chunks of any size (UnionPay POS: 2 bytes length, then TPDU, header and
 * body). One buffer for the life of the line; it may hold card data, so `wipe` it when an exchange is over.
 */
export class FrameReceiver {
  readonly bytes = new Uint8Array(FRAME_LENGTH_MAX);
  /** Bytes of the current frame that have come, after its length. */
  length = 0;
  /** Length that the frame announced; 0 before it is known. */
  announced = 0;
  state: FrameState = FrameState.empty;
  private lengthBytes = 0;
  private used = 0;

  /**
   * Takes bytes from `chunk[at, chunk.length)` until a frame is complete, its length turns out to be unusable, or the chunk
   * ends. Returns the offset after the last byte taken; look at `state` then. After `badLength` nothing more is taken.
   */
  take(chunk: Uint8Array, at: number): number {
    if (this.state === FrameState.badLength) return chunk.length;
    if (this.state === FrameState.complete) this.next();
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
    const missing = this.announced - this.length;
    const available = chunk.length - at;
    const end = at + (available < missing ? available : missing);
    while (at < end) this.bytes[this.length++] = chunk[at++];
    if (this.length > this.used) this.used = this.length;
    if (this.length === this.announced) this.state = FrameState.complete;
    return at;
  }

  /** Forgets a half-received frame and overwrites every byte received since the last wipe. */
  wipe(): void {
    this.bytes.fill(0, 0, this.used);
    this.used = 0;
    this.next();
  }

  private next(): void {
    this.length = 0;
    this.announced = 0;
    this.lengthBytes = 0;
    this.state = FrameState.empty;
  }
}
