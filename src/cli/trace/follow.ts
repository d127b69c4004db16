import { Peeked } from '../../trace/open.ts';
import type { Lexicon } from './dialect.ts';
import { type HowToRead, type Reading, readingFrom, readingOf } from './reading.ts';
import type { TraceRim } from './rim.ts';

/** How often a file that grows is looked at. */
const POLL_MS = 500;
/** Bytes by which two files are told apart: the checksum and the time of its first block are among them. */
const HEAD_LENGTH = 64;

/**
 * Looks at a capture that grows again and again. Each look at one that has grown reads it from its start: so it may be of any
 * format and may end in the middle of anything. Of a trace the older parts are read with it; when the oldest is gone the
 * place is found again by the message that was told last.
 */
export class Follower {
  private readonly path: string;
  private readonly flags: HowToRead;
  private readonly rim: TraceRim;
  private readonly tell: (reading: Reading) => void;
  private head: Uint8Array = new Uint8Array(0);
  /** Bytes that it had at the last look. */
  private size = -1;
  /** Messages that were told, from the first one of the capture. */
  private known = 0;
  private lastBytes: Uint8Array = new Uint8Array(0);
  private lastUs = -1;

  constructor(path: string, flags: HowToRead, rim: TraceRim, tell: (reading: Reading) => void) {
    this.path = path;
    this.flags = flags;
    this.rim = rim;
    this.tell = tell;
  }

  /** Looks now and then again and again, without end. */
  go(lexicon: Lexicon): void {
    this.look(lexicon);
    this.rim.after(POLL_MS, () => this.go(lexicon));
  }

  private look(lexicon: Lexicon): void {
    const opened = this.rim.openSource(this.path);
    // Between the renaming and the first block of the next part there is none.
    if (!opened.ok) return;
    const source = opened.value;
    const peeked = new Peeked(source, HEAD_LENGTH);
    const { head } = peeked;
    const size = source.size ?? -1;
    const same = begins(this.head, head);
    if (same && size === this.size) return source.close();
    this.head = head;
    this.size = size;
    if (!same) this.known = this.placeOfLast(lexicon);
    const reading = readingFrom(peeked, lexicon, this.flags, () => source.close());
    // A file that does not even have its header yet is looked at again when it has grown.
    if (!reading.ok) return source.close();
    this.walk(reading.value);
    reading.value.close();
  }

  private walk(reading: Reading): void {
    for (let count = 1; reading.next(); count++) {
      if (count <= this.known) continue;
      this.tell(reading);
      this.known = count;
      this.lastBytes = bytesOf(reading).slice();
      this.lastUs = reading.messages.timeUs;
    }
  }

  /** How many messages there are now up to the one that was told last; 0 when it is not there any more. */
  private placeOfLast(lexicon: Lexicon): number {
    if (this.lastUs < 0) return 0;
    const opened = readingOf(this.path, lexicon, this.flags, this.rim);
    if (!opened.ok) return 0;
    const reading = opened.value;
    let place = 0;
    for (let count = 1; reading.next(); count++) {
      if (reading.messages.timeUs === this.lastUs && equal(bytesOf(reading), this.lastBytes)) place = count;
    }
    reading.close();
    return place;
  }
}

/** The message, or the record, at which a reading stands. */
function bytesOf({ atMessage, records, messages }: Reading): Uint8Array {
  const { bytes, from, to } = atMessage || records === undefined ? messages : records;
  return bytes.subarray(from, to);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** True when a file that began with `before` may be the one that begins with `now`. */
function begins(before: Uint8Array, now: Uint8Array): boolean {
  return before.length <= now.length && before.every((byte, i) => byte === now[i]);
}
