import { BODY_HEAD_LENGTH } from '../iso8583/message-view.ts';
import { HEADER_LENGTH, TPDU_LENGTH, frameLengthBytes, readFrameLength } from '../iso8583/frame.ts';
import { LengthForm, type FieldPlan } from '../iso8583/plan.ts';
import type { Framing } from '../iso8583/source.ts';

/** Longest message, bytes after the length: more cannot be said in two bytes. */
export const MESSAGE_MAX = 65_535;
const HELD_AT_FIRST = 2048;
const TPDU_ID = 0x60;
const NOTHING = new Uint8Array(0);

/** What a message begins with, by the framing and the dialect: how a stream is taken up in its middle. */
export class Beginning {
  readonly framing: Framing;
  /** Bytes of the length, and of TPDU and header together. */
  readonly headLength: number;
  readonly partsLength: number;
  private readonly mtiForm: number;

  constructor(plan: FieldPlan, framing: Framing) {
    this.framing = framing;
    this.headLength = frameLengthBytes(framing);
    this.partsLength = (framing.tpdu ? TPDU_LENGTH : 0) + (framing.header ? HEADER_LENGTH : 0);
    this.mtiForm = plan.mtiForm;
  }

  /** Shortest message, bytes after the length. */
  get least(): number {
    return this.partsLength + BODY_HEAD_LENGTH;
  }

  /** A message with its length may begin at `bytes[from]`: nothing of what there is up to `to` speaks against it. */
  framed(bytes: Uint8Array, from: number, to: number): boolean {
    const { headLength } = this;
    if (to - from < headLength) return true;
    if (headLength > 0) {
      const length = readFrameLength(this.framing, bytes, from);
      if (length < this.least || length > MESSAGE_MAX) return false;
    }
    return this.bare(bytes, from + headLength, to);
  }

  /** The same for a message without its length. */
  bare(bytes: Uint8Array, from: number, to: number): boolean {
    if (this.framing.tpdu) {
      if (from < to && bytes[from] !== TPDU_ID) return false;
      from += TPDU_LENGTH;
    }
    if (this.framing.header) {
      if (from < to && bytes[from] >> 4 !== 6) return false;
      from += HEADER_LENGTH;
    }
    return this.type(bytes, from, to);
  }

  /** A message type may stand at `bytes[at]`: version 0–2, 8 or 9, class 1–8, function 0–9, origin 0–5. */
  type(bytes: Uint8Array, at: number, to: number): boolean {
    if (to - at < (this.mtiForm === LengthForm.bcd ? 2 : 4)) return true;
    const version = this.digit(bytes, at, 0);
    const kind = this.digit(bytes, at, 1);
    const does = this.digit(bytes, at, 2);
    const origin = this.digit(bytes, at, 3);
    if (!((version >= 0 && version <= 2) || version === 8 || version === 9)) return false;
    return kind >= 1 && kind <= 8 && does >= 0 && does <= 9 && origin >= 0 && origin <= 5;
  }

  /** The function digit of the message type at `bytes[from + parts]`: even ones ask, odd ones answer; -1 when it is no digit. */
  functionOf(bytes: Uint8Array, from: number, to: number): number {
    const at = from + this.partsLength;
    if (to - at < (this.mtiForm === LengthForm.bcd ? 2 : 4)) return -1;
    const digit = this.digit(bytes, at, 2);
    return digit >= 0 && digit <= 9 ? digit : -1;
  }

  private digit(bytes: Uint8Array, at: number, index: number): number {
    if (this.mtiForm !== LengthForm.bcd) return bytes[at + index] - (this.mtiForm === LengthForm.ascii ? 0x30 : 0xf0);
    const byte = bytes[at + (index >> 1)];
    return (index & 1) === 0 ? byte >> 4 : byte & 0x0f;
  }
}

/**
 * Cuts one way of one connection into messages. A message that lies whole in what was fed is given where it lies; one in several
 * pieces is put together in a buffer that is kept. Where bytes were lost, or a length cannot be right, it passes over what follows
 * up to a piece that a message may begin with.
 *
 * Framing without a length: a message ends where the sender pushed.
 */
export class Cutter {
  /** The message: `bytes[from, to)`, valid until the next call. */
  bytes: Uint8Array = NOTHING;
  from = 0;
  to = 0;
  /** Messages follow one another without a hole. While it is false, each piece is tried as the beginning of a message. */
  synced: boolean;
  /** Set by {@link next} when messages stopped following one another; the caller tells it and sets it back. */
  slipped = false;
  /** Bytes were passed over because no message begins there. */
  passedOver = false;
  private readonly beginning: Beginning;
  private input: Uint8Array = NOTHING;
  private inFrom = 0;
  private inTo = 0;
  private pushed = false;
  /** The message that has begun, with its length, and how many bytes it is going to have (0: not known yet). */
  private begun: Uint8Array = NOTHING;
  private count = 0;
  private wanted = 0;

  /** `synced`: the first byte that is fed is known to begin a message. */
  constructor(beginning: Beginning, synced: boolean) {
    this.beginning = beginning;
    this.synced = synced;
  }

  /** Bytes of a message that has begun and has not ended. */
  get held(): number {
    return this.count;
  }

  /** Begins with a new connection; what was held is forgotten. */
  restart(synced: boolean): void {
    this.synced = synced;
    this.slipped = this.passedOver = false;
    this.count = this.wanted = this.inFrom = this.inTo = 0;
  }

  /** Hands over the next piece, when {@link next} has given false for the last one. It must stay until it does so again. */
  feed(bytes: Uint8Array, from: number, to: number, pushed: boolean): void {
    this.input = bytes;
    this.inFrom = from;
    this.inTo = to;
    this.pushed = pushed;
  }

  /** Bytes are missing here: what has begun cannot be finished. Returns how many bytes of it are given up. */
  lose(): number {
    const lost = this.count;
    this.count = this.wanted = 0;
    this.synced = false;
    return lost;
  }

  /** Without a length, the other side has spoken or the end is there: {@link next} gives what has begun. False when nothing has. */
  finish(): boolean {
    if (this.beginning.headLength > 0 || this.count === 0) return false;
    this.inFrom = this.inTo = 0;
    this.pushed = true;
    return true;
  }

  /** The next message of what was fed. */
  next(): boolean {
    return this.beginning.headLength === 0 ? this.nextPushed() : this.nextFramed();
  }

  private nextPushed(): boolean {
    const { inFrom, inTo } = this;
    if (inFrom === inTo) {
      if (!this.pushed || this.count === 0) return false;
      this.giveBegun(0);
      return true;
    }
    if (!this.synced && this.count === 0) {
      if (!this.beginning.bare(this.input, inFrom, inTo)) return this.passOver();
      this.synced = true;
    }
    this.inFrom = inTo;
    if (this.count === 0 && this.pushed) {
      this.bytes = this.input;
      this.from = inFrom;
      this.to = inTo;
      return true;
    }
    if (this.count + inTo - inFrom > MESSAGE_MAX) {
      this.lose();
      this.slipped = true;
      return false;
    }
    this.hold(inFrom, inTo);
    if (!this.pushed) return false;
    this.giveBegun(0);
    return true;
  }

  private nextFramed(): boolean {
    const { beginning } = this;
    const { headLength } = beginning;
    for (;;) {
      const { inFrom, inTo } = this;
      const there = inTo - inFrom;
      if (there === 0) return false;
      if (this.count === 0) {
        if (!this.synced) {
          if (!beginning.framed(this.input, inFrom, inTo)) return this.passOver();
          this.synced = true;
        }
        if (there >= headLength) {
          const length = readFrameLength(beginning.framing, this.input, inFrom);
          if (length === 0) {
            // A sign of life between messages.
            this.inFrom += headLength;
            continue;
          }
          if (!this.fits(length)) return this.passOver();
          if (there >= headLength + length) {
            this.bytes = this.input;
            this.from = inFrom + headLength;
            this.to = this.inFrom = this.from + length;
            return true;
          }
          this.wanted = headLength + length;
        }
        this.hold(inFrom, inTo);
        this.inFrom = inTo;
        return false;
      }
      const target = this.wanted === 0 ? headLength : this.wanted;
      const taken = Math.min(target - this.count, there);
      this.hold(inFrom, inFrom + taken);
      this.inFrom += taken;
      if (this.count < target) return false;
      if (this.wanted > 0) {
        this.giveBegun(headLength);
        return true;
      }
      const length = readFrameLength(beginning.framing, this.begun, 0);
      if (length === 0) this.count = 0;
      else if (this.fits(length)) this.wanted = headLength + length;
      else return this.passOver();
    }
  }

  private fits(length: number): boolean {
    return length >= this.beginning.least && length <= MESSAGE_MAX;
  }

  /** Gives up the rest of the piece. */
  private passOver(): boolean {
    if (this.synced) this.slipped = true;
    this.passedOver = true;
    this.lose();
    this.inFrom = this.inTo;
    return false;
  }

  private hold(from: number, to: number): void {
    const count = this.count + to - from;
    if (count > this.begun.length) {
      const larger = new Uint8Array(Math.max(HELD_AT_FIRST, this.wanted, 2 * count));
      larger.set(this.begun.subarray(0, this.count));
      this.begun = larger;
    }
    const { begun, input } = this;
    // Pieces are short, and a view for `set` would be an object for each.
    for (let at = this.count; from < to;) begun[at++] = input[from++];
    this.count = count;
  }

  private giveBegun(head: number): void {
    this.bytes = this.begun;
    this.from = head;
    this.to = this.count;
    this.count = this.wanted = 0;
  }
}
