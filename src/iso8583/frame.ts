import { assert } from '../assert.ts';
import { bcdNumber, putBcdNumber } from '../wire/bcd.ts';
import { BODY_HEAD_LENGTH } from './message-view.ts';
import type { Framing } from './source.ts';
import { Status } from './status.ts';

/** Bytes of the length of the acquirer line; the ASCII form has {@link frameLengthBytes} instead. */
export const LENGTH_PREFIX_LENGTH = 2;
export const TPDU_LENGTH = 5;
export const HEADER_LENGTH = 6;

/** Bytes of the length before a frame: 0, 2, or 4 in ASCII. */
export function frameLengthBytes(framing: Framing): number {
  return framing.length === false ? 0 : framing.length === 'ascii' ? 4 : LENGTH_PREFIX_LENGTH;
}

/** Reads the length at `at`: how many bytes follow it; -1 when it is not decimal where it must be. The caller checks the room. */
export function readFrameLength(framing: Framing, bytes: Uint8Array, at: number): number {
  if (framing.length === 'bcd') return bcdNumber(bytes, at * 2, 4);
  if (framing.length !== 'ascii') return (bytes[at] << 8) | bytes[at + 1];
  let value = 0;
  for (let i = at; i < at + 4; i++) {
    const digit = bytes[i] - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Writes the length of a frame at `out[at]`; false when it does not fit the form. */
function putFrameLength(framing: Framing, out: Uint8Array, at: number, length: number): boolean {
  if (framing.length === 'bcd') return putBcdNumber(out, at * 2, 4, length);
  if (framing.length === 'ascii') {
    for (let i = at + 3; i >= at; i--) {
      out[i] = 0x30 + (length % 10);
      length = (length / 10) | 0;
    }
    return length === 0;
  }
  out[at] = length >> 8;
  out[at + 1] = length & 0xff;
  return length <= 0xffff;
}

/** Offset of the body in a frame that begins at 0. */
export function bodyOffset(framing: Framing): number {
  return frameLengthBytes(framing) + (framing.tpdu ? TPDU_LENGTH : 0) + (framing.header ? HEADER_LENGTH : 0);
}

/**
 * Parts of one frame on the acquirer line: `length | TPDU 5 | header 6 | body`, each of the first three only when the
 * framing has it. The length counts everything after itself. Reusable, creates nothing.
 */
export class FrameView {
  status: number = Status.noMessage;
  /** Offset of the first wrong byte. */
  errorOffset = 0;
  /** Offset of the TPDU, -1 when the framing has none. */
  tpdu = -1;
  /** Offset of the header, -1 when the framing has none. */
  header = -1;
  bodyStart = 0;
  bodyEnd = 0;
  /** The framing of the last frame, and where its parts stand. */
  private framing: Framing | undefined;
  private lengthBytes = 0;
  private tpduOffset = -1;
  private headerOffset = -1;
  private body = 0;

  /** Opens the frame in `bytes[start, end)`; returns the {@link Status}. The body itself is not looked at. */
  open(framing: Framing, bytes: Uint8Array, start: number, end: number): number {
    assert(start >= 0 && start <= end && end <= bytes.length, 'open: range outside the bytes');
    if (framing !== this.framing) this.learn(framing);
    this.tpdu = this.header = -1;
    this.bodyStart = this.bodyEnd = end;
    if (end - start < this.body + BODY_HEAD_LENGTH) return this.result(Status.truncated, end);
    if (this.tpduOffset >= 0) this.tpdu = start + this.tpduOffset;
    if (this.headerOffset >= 0) this.header = start + this.headerOffset;
    this.bodyStart = start + this.body;
    const { lengthBytes } = this;
    const fits = lengthBytes === 0 || readFrameLength(framing, bytes, start) === end - start - lengthBytes;
    return this.result(fits ? Status.ok : Status.frameLength, start);
  }

  private learn(framing: Framing): void {
    this.framing = framing;
    this.lengthBytes = frameLengthBytes(framing);
    this.tpduOffset = framing.tpdu ? this.lengthBytes : -1;
    this.headerOffset = framing.header ? this.lengthBytes + (framing.tpdu ? TPDU_LENGTH : 0) : -1;
    this.body = bodyOffset(framing);
  }

  private result(status: number, offset: number): number {
    this.status = status;
    this.errorOffset = offset;
    return status;
  }
}

/**
 * Processing requirement (处理要求) of a header: digit 6, what the terminal must do next. 0 none, 1 parameters, 2 status
 * upload, 3 sign on, 4 public keys, 5 chip parameters, 6 TMS, 7 card blacklist, 8 exchange rates, 9–15 reserved.
 */
export function requirementOf(bytes: Uint8Array, header: number): number {
  return bytes[header + 2] & 0x0f;
}

/** Exchanges destination and source of the TPDU at `at`: the way back. */
export function swapTpdu(bytes: Uint8Array, at: number): void {
  const high = bytes[at + 1];
  const low = bytes[at + 2];
  bytes[at + 1] = bytes[at + 3];
  bytes[at + 2] = bytes[at + 4];
  bytes[at + 3] = high;
  bytes[at + 4] = low;
}

/**
 * Completes a frame whose body of `bodyLength` bytes stands at `at + bodyOffset(framing)`: writes the length, the TPDU
 * (5 bytes) and the header (6 bytes) before it. Returns the end of the frame, or the negative {@link Status}
 * (`overflow` when the body ends outside `out` or the frame is longer than its length can tell: 65535, or 9999 bytes).
 */
export function sealFrame(
  framing: Framing,
  out: Uint8Array,
  at: number,
  bodyLength: number,
  tpdu: Uint8Array,
  header: Uint8Array,
): number {
  assert(!framing.tpdu || tpdu.length === TPDU_LENGTH, 'sealFrame: a TPDU has 5 bytes');
  assert(!framing.header || header.length === HEADER_LENGTH, 'sealFrame: a header has 6 bytes');
  const end = at + bodyOffset(framing) + bodyLength;
  if (at < 0 || bodyLength < 0 || end > out.length) return -Status.overflow;
  if (framing.length !== false) {
    const start = at + frameLengthBytes(framing);
    if (!putFrameLength(framing, out, at, end - start)) return -Status.overflow;
    at = start;
  }
  if (framing.tpdu) for (let i = 0; i < TPDU_LENGTH; i++) out[at++] = tpdu[i];
  if (framing.header) for (let i = 0; i < HEADER_LENGTH; i++) out[at++] = header[i];
  return end;
}
