/**
 * BER-TLV in place, as EMV uses it: tags of one to three bytes, definite lengths of up to three length bytes. A cursor
 * walks over the caller's bytes and creates nothing; a constructed value is walked by a second cursor over its range.
 */
export const TlvStatus = {
  ok: 0,
  /** No more elements. */
  end: 1,
  /** Tag, length or value goes past the end. */
  truncated: 2,
  /** Tag of more than three bytes. */
  tag: 3,
  /** Indefinite length or more than three length bytes. */
  length: 4,
} as const;

/** Constructed values nest at most this deep in anything we walk. */
export const TLV_DEPTH_MAX = 8;

export class TlvCursor {
  private bytes: Uint8Array = new Uint8Array(0);
  private end = 0;
  private at = 0;
  status: number = TlvStatus.end;
  /** Tag as a number, e.g. 0x9f26. */
  tag = 0;
  /** Offset of the first tag byte; after an error, of the element that is wrong. */
  tagOffset = 0;
  tagLength = 0;
  valueOffset = 0;
  /** Bytes of the value. */
  length = 0;
  /** True when the value is itself a list of elements. */
  constructed = false;

  /** Starts before the first element of `bytes[start, end)`. */
  open(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.status = TlvStatus.ok;
  }

  /** Moves to the next element. False at the end and on an error: see {@link status}. Zero bytes between elements are skipped. */
  next(): boolean {
    if (this.status !== TlvStatus.ok) return false;
    const bytes = this.bytes;
    const end = this.end;
    let at = this.at;
    while (at < end && bytes[at] === 0) at++;
    this.tagOffset = at;
    if (at >= end) return this.stop(TlvStatus.end);
    const first = bytes[at++];
    let tag = first;
    if ((first & 0x1f) === 0x1f) {
      let more = true;
      while (more) {
        if (at >= end) return this.stop(TlvStatus.truncated);
        if (tag > 0xffff) return this.stop(TlvStatus.tag);
        const byte = bytes[at++];
        tag = (tag << 8) | byte;
        more = (byte & 0x80) !== 0;
      }
    }
    this.tagLength = at - this.tagOffset;
    if (at >= end) return this.stop(TlvStatus.truncated);
    let length = bytes[at++];
    if (length >= 0x80) {
      let count = length & 0x7f;
      if (count === 0 || count > 3) return this.stop(TlvStatus.length);
      length = 0;
      while (count-- > 0) {
        if (at >= end) return this.stop(TlvStatus.truncated);
        length = (length << 8) | bytes[at++];
      }
    }
    if (length > end - at) return this.stop(TlvStatus.truncated);
    this.tag = tag;
    this.constructed = (first & 0x20) !== 0;
    this.valueOffset = at;
    this.length = length;
    this.at = at + length;
    return true;
  }

  /** Starts anew at `bytes[start, end)` and stops at the first element with `tag` on this level. */
  find(bytes: Uint8Array, start: number, end: number, tag: number): boolean {
    this.open(bytes, start, end);
    while (this.next()) if (this.tag === tag) return true;
    return false;
  }

  private stop(status: number): false {
    this.status = status;
    return false;
  }
}

/** {@link TlvStatus} of the whole list, constructed values included: `ok` when every byte belongs to an element. */
export function checkTlv(bytes: Uint8Array, start: number, end: number, depth = 0): number {
  if (depth > TLV_DEPTH_MAX) return TlvStatus.length;
  const cursor = new TlvCursor();
  cursor.open(bytes, start, end);
  while (cursor.next()) {
    if (!cursor.constructed) continue;
    const inner = checkTlv(bytes, cursor.valueOffset, cursor.valueOffset + cursor.length, depth + 1);
    if (inner !== TlvStatus.ok) return inner;
  }
  return cursor.status === TlvStatus.end ? TlvStatus.ok : cursor.status;
}

/** Writes tag and length. Returns the offset of the value, or -1 when head and value do not fit before `out.length`. */
export function beginTlv(out: Uint8Array, at: number, tag: number, length: number): number {
  const tagLength = tag > 0xffff ? 3 : tag > 0xff ? 2 : 1;
  const lengthLength = length < 0x80 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : 4;
  if (at + tagLength + lengthLength + length > out.length) return -1;
  for (let shift = (tagLength - 1) * 8; shift >= 0; shift -= 8) out[at++] = (tag >> shift) & 0xff;
  if (lengthLength > 1) out[at++] = 0x80 | (lengthLength - 1);
  for (let shift = Math.max(0, lengthLength - 2) * 8; shift >= 0; shift -= 8) out[at++] = (length >> shift) & 0xff;
  return at;
}

/** Appends one element with the value `source[from, to)`. Returns the end, or -1 when it does not fit. */
export function appendTlv(
  out: Uint8Array,
  at: number,
  tag: number,
  source: Uint8Array,
  from = 0,
  to = source.length,
): number {
  let value = beginTlv(out, at, tag, to - from);
  if (value < 0) return -1;
  for (let i = from; i < to; i++) out[value++] = source[i];
  return value;
}
