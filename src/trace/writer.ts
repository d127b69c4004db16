import { assert } from '../assert.ts';
import { crc32 } from '../wire/crc32.ts';
import {
  BLOCK_HEADER_LENGTH,
  BLOCK_MAGIC,
  FILE_HEADER_LENGTH,
  MARK_REDACTED,
  MARKS_AT,
  PAYLOAD_MAX,
  RECORD_HEADER_LENGTH,
  TRACE_MAGIC,
  TRACE_VERSION,
} from './kinds.ts';

/** Longest block, bytes without its header: the largest record, and room for what waits beside it. */
export const RECORDS_MAX = PAYLOAD_MAX + 256 * 1024;
/** Longest text of a record, bytes of UTF-8; the rest is cut off. */
export const TEXT_MAX = 0xffff;

/** Takes whole blocks: `bytes[0, length)`, valid during the call. What fails there is its own affair: tracing stops no sale. */
export interface TraceSink {
  write(bytes: Uint8Array, length: number): void;
}

/** The 16 bytes that a file begins with. `redacted`: whoever writes it knows that no card data is in it. */
export function fileHeader(redacted = false): Uint8Array {
  const bytes = new Uint8Array(FILE_HEADER_LENGTH);
  for (let i = 0; i < TRACE_MAGIC.length; i++) bytes[i] = TRACE_MAGIC.charCodeAt(i);
  new DataView(bytes.buffer).setUint16(TRACE_MAGIC.length, TRACE_VERSION);
  if (redacted) bytes[MARKS_AT] = MARK_REDACTED;
  return bytes;
}

/**
 * Gathers records into blocks. One buffer, made once: no record creates an object.
 *
 * Records may be put down before they are redacted, because a packet of the terminal comes in pieces and is known only when it
 * is whole. Whoever does so holds the writer until nothing is in clear any more; a block never leaves while it is held.
 */
export class TraceWriter {
  /** The block that is being made. A record's place in it stays the same until the block has been written. */
  readonly bytes = new Uint8Array(BLOCK_HEADER_LENGTH + RECORDS_MAX);
  private readonly view = new DataView(this.bytes.buffer);
  private readonly sink: TraceSink;
  private readonly abandon: (() => void)[] = [];
  private at = BLOCK_HEADER_LENGTH;
  private blocks = 0;
  private holds = 0;
  /** A flush was asked for while the writer was held. */
  private due = false;

  constructor(sink: TraceSink) {
    this.sink = sink;
  }

  /** True while something in the block is in clear. */
  get held(): boolean {
    return this.holds > 0;
  }

  /** Bytes of records that wait to be written. */
  get waiting(): number {
    return this.at - BLOCK_HEADER_LENGTH;
  }

  /**
   * Reserves a record of `length` bytes of payload and returns the offset in `bytes` where the caller puts them at once, before it
   * calls anything else here. `timeUs` is whole microseconds since 1970. A block without room is written first; while it is held,
   * what is in clear is abandoned before that.
   */
  begin(kind: number, link: number, timeUs: number, length: number): number {
    assert(length >= 0 && length <= PAYLOAD_MAX, 'a record of a trace fits its bound');
    if (this.at + RECORD_HEADER_LENGTH + length > this.bytes.length) this.makeRoom();
    const { view, at } = this;
    view.setUint32(at, length);
    view.setUint8(at + 4, kind);
    view.setUint8(at + 5, link);
    view.setUint16(at + 6, 0);
    view.setUint32(at + 8, timeUs / 0x1_0000_0000);
    view.setUint32(at + 12, timeUs);
    const payload = at + RECORD_HEADER_LENGTH;
    this.at = payload + length;
    return payload;
  }

  /** A record whose payload is texts. One longer than {@link TEXT_MAX} is cut at a character. */
  texts(kind: number, link: number, timeUs: number, ...texts: string[]): void {
    this.lines(kind, link, timeUs, undefined, texts);
  }

  /** The same for texts that lie in a list already, with one more in front of them. */
  lines(kind: number, link: number, timeUs: number, first: string | undefined, rest: readonly string[]): void {
    let length = first === undefined ? 0 : 2 + utf8Length(first);
    let count = 0;
    for (; count < rest.length; count++) {
      const more = 2 + utf8Length(rest[count]);
      if (length + more > PAYLOAD_MAX) break;
      length += more;
    }
    let at = this.begin(kind, link, timeUs, length);
    if (first !== undefined) at = this.text(at, first);
    for (let i = 0; i < count; i++) at = this.text(at, rest[i]);
  }

  /**
   * Nothing is written out from now on: bytes of an unfinished packet lie here in clear, and will be redacted in place. Each hold
   * needs its {@link release}.
   */
  hold(): void {
    this.holds++;
  }

  /** One hold less; after the last one, a flush that was asked for in the meantime is made up for. */
  release(): void {
    assert(this.holds > 0, 'a trace is released only when it is held');
    this.holds--;
    if (this.holds === 0 && this.due) this.flush();
  }

  /**
   * Adds what is called when the block must go while it is held: it masks all that is in clear, and releases. Afterwards the bytes
   * that lay here are gone, so it must treat the rest of the packet as unknown.
   */
  onAbandon(hook: () => void): void {
    this.abandon.push(hook);
  }

  /** Writes the block, unless it is held: then it goes when it is released. */
  flush(): void {
    this.due = this.holds > 0;
    if (this.due || this.at === BLOCK_HEADER_LENGTH) return;
    const { view, at } = this;
    view.setUint32(0, BLOCK_MAGIC);
    view.setUint32(4, at - BLOCK_HEADER_LENGTH);
    view.setUint32(8, crc32(view, BLOCK_HEADER_LENGTH, at));
    view.setUint32(12, this.blocks);
    this.blocks = (this.blocks + 1) >>> 0;
    this.at = BLOCK_HEADER_LENGTH;
    this.sink.write(this.bytes, at);
  }

  /** Abandons what is still in clear and writes the last block. */
  end(): void {
    this.abandonAll();
    this.flush();
  }

  private makeRoom(): void {
    this.abandonAll();
    this.flush();
  }

  private abandonAll(): void {
    if (this.holds > 0) for (const hook of this.abandon) hook();
    assert(this.holds === 0, 'what holds a trace masks and releases when it is abandoned');
  }

  /** Puts one text down and returns the offset behind it. */
  private text(at: number, text: string): number {
    const { bytes } = this;
    const length = utf8Length(text);
    this.view.setUint16(at, length);
    let to = at + 2;
    const end = to + length;
    for (let i = 0; to < end; i++) {
      const code = scalarAt(text, i);
      if (code < 0x80) bytes[to++] = code;
      else if (code < 0x800) {
        bytes[to++] = 0xc0 | (code >> 6);
        bytes[to++] = 0x80 | (code & 0x3f);
      } else if (code < 0x1_0000) {
        bytes[to++] = 0xe0 | (code >> 12);
        bytes[to++] = 0x80 | ((code >> 6) & 0x3f);
        bytes[to++] = 0x80 | (code & 0x3f);
      } else {
        bytes[to++] = 0xf0 | (code >> 18);
        bytes[to++] = 0x80 | ((code >> 12) & 0x3f);
        bytes[to++] = 0x80 | ((code >> 6) & 0x3f);
        bytes[to++] = 0x80 | (code & 0x3f);
        i++;
      }
    }
    return end;
  }
}

/** Bytes that a text takes as UTF-8, of whole characters up to {@link TEXT_MAX}. The engine's encoder would create objects. */
function utf8Length(text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const code = scalarAt(text, i);
    const size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
    if (length + size > TEXT_MAX) break;
    length += size;
    if (size === 4) i++;
  }
  return length;
}

/** The character at a place; half of a pair without the other half is no character and becomes U+FFFD. */
function scalarAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code < 0xd800 || code > 0xdfff) return code;
  const next = code < 0xdc00 && at + 1 < text.length ? text.charCodeAt(at + 1) : 0;
  return next >= 0xdc00 && next <= 0xdfff ? 0x1_0000 + ((code - 0xd800) << 10) + (next - 0xdc00) : 0xfffd;
}
