import { assert } from '../assert.ts';
import { BODY_HEAD_LENGTH } from './message-view.ts';
import type { Framing } from './source.ts';
import { Status } from './status.ts';

export const LENGTH_PREFIX_LENGTH = 2;
export const TPDU_LENGTH = 5;
export const HEADER_LENGTH = 6;

/** Offset of the body in a frame that begins at 0. */
export function bodyOffset(framing: Framing): number {
  return (
    (framing.length ? LENGTH_PREFIX_LENGTH : 0) +
    (framing.tpdu ? TPDU_LENGTH : 0) +
    (framing.header ? HEADER_LENGTH : 0)
  );
}

/**
 * Parts of one frame on the acquirer line: `length 2 | TPDU 5 | header 6 | body`, each of the first three only when the
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

  /** Opens the frame in `bytes[start, end)`; returns the {@link Status}. The body itself is not looked at. */
  open(framing: Framing, bytes: Uint8Array, start: number, end: number): number {
    assert(start >= 0 && start <= end && end <= bytes.length, 'open: range outside the bytes');
    let at = start;
    this.tpdu = -1;
    this.header = -1;
    this.bodyStart = this.bodyEnd = end;
    if (end - start < bodyOffset(framing) + BODY_HEAD_LENGTH) return this.result(Status.truncated, end);
    let status: number = Status.ok;
    if (framing.length) {
      if (((bytes[at] << 8) | bytes[at + 1]) !== end - start - LENGTH_PREFIX_LENGTH) status = Status.frameLength;
      at += LENGTH_PREFIX_LENGTH;
    }
    if (framing.tpdu) {
      this.tpdu = at;
      at += TPDU_LENGTH;
    }
    if (framing.header) {
      this.header = at;
      at += HEADER_LENGTH;
    }
    this.bodyStart = at;
    return this.result(status, start);
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
 * (`overflow` when the body ends outside `out` or the frame is longer than 65535 bytes).
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
  const length = end - at - LENGTH_PREFIX_LENGTH;
  if (at < 0 || bodyLength < 0 || end > out.length || length > 0xffff) return -Status.overflow;
  if (framing.length) {
    out[at++] = length >> 8;
    out[at++] = length & 0xff;
  }
  if (framing.tpdu) for (let i = 0; i < TPDU_LENGTH; i++) out[at++] = tpdu[i];
  if (framing.header) for (let i = 0; i < HEADER_LENGTH; i++) out[at++] = header[i];
  return end;
}
