import { FRAME_LENGTH_MAX } from '../limits.ts';

/** Bytes of the length in front of a frame. */
const LENGTH_BYTES = 2;
/** Pieces of one frame that are kept apart; a frame in more of them is masked. */
const PIECES_MAX = 64;
const MASK = 0;

/** Redacts one whole frame in place, TPDU to the end of the body. */
export interface FrameRedactor {
  redact(bytes: Uint8Array, from: number, to: number): void;
}

/**
 * Redacts what an acquirer sends, which comes in pieces of any size that lie in the records of a block. A frame is redacted
 * when its last piece is there; until then {@link open} is true and the bytes must stay where they are. Lengths stay; of what
 * is no frame nothing stays. Creates nothing.
 */
export class HostPieces {
  private readonly redactor: FrameRedactor;
  /** A frame in several pieces is put together here. */
  private readonly scratch = new Uint8Array(FRAME_LENGTH_MAX);
  private bytes: Uint8Array = this.scratch;
  /** Where the pieces of the open frame lie. */
  private readonly from = new Int32Array(PIECES_MAX);
  private readonly to = new Int32Array(PIECES_MAX);
  private pieces = 0;
  private lengthBytes = 0;
  private announced = 0;
  private got = 0;
  /** The stream cannot be followed any more, or the open frame's beginning is gone: all is masked until its end. */
  private lost = false;

  constructor(redactor: FrameRedactor) {
    this.redactor = redactor;
  }

  /** Bytes of an unfinished frame lie in clear in the block. */
  get open(): boolean {
    return this.pieces > 0;
  }

  /** A new connection: what comes begins with a frame. */
  begin(): void {
    this.abandon();
    this.lengthBytes = this.announced = this.got = 0;
    this.lost = false;
  }

  /** The next piece, `bytes[from, to)`; the pieces of one frame lie in the same array. */
  take(bytes: Uint8Array, from: number, to: number): void {
    this.bytes = bytes;
    let at = from;
    while (at < to) {
      if (this.lengthBytes < LENGTH_BYTES) {
        this.announced = ((this.announced << 8) | bytes[at++]) & 0xffff;
        this.lengthBytes++;
        if (this.lengthBytes < LENGTH_BYTES) continue;
        // Behind a length that cannot be, nobody knows where a frame begins: it never ends.
        if (this.announced === 0 || this.announced > FRAME_LENGTH_MAX) {
          this.lost = true;
          this.announced = Number.POSITIVE_INFINITY;
        }
        continue;
      }
      const missing = this.announced - this.got;
      const end = to - at < missing ? to : at + missing;
      this.got += end - at;
      if (this.lost || this.pieces === PIECES_MAX) {
        this.abandon();
        this.lost = true;
        bytes.fill(MASK, at, end);
      } else {
        this.from[this.pieces] = at;
        this.to[this.pieces++] = end;
      }
      at = end;
      if (this.got === this.announced) this.whole();
    }
  }

  /** Masks what is open: the block must go, or the connection is over. */
  abandon(): void {
    if (this.pieces === 0) return;
    for (let i = 0; i < this.pieces; i++) this.bytes.fill(MASK, this.from[i], this.to[i]);
    this.pieces = 0;
    this.lost = true;
  }

  private whole(): void {
    const { bytes, scratch } = this;
    if (this.pieces === 1) this.redactor.redact(bytes, this.from[0], this.to[0]);
    else if (this.pieces > 1) {
      let at = 0;
      for (let i = 0; i < this.pieces; i++) for (let n = this.from[i]; n < this.to[i]; n++) scratch[at++] = bytes[n];
      this.redactor.redact(scratch, 0, at);
      at = 0;
      for (let i = 0; i < this.pieces; i++) for (let n = this.from[i]; n < this.to[i]; n++) bytes[n] = scratch[at++];
      scratch.fill(0, 0, at);
    }
    this.pieces = this.lengthBytes = this.announced = this.got = 0;
    this.lost = false;
  }
}
