import { Kind } from '../trace/kinds.ts';
import type { TraceReader } from '../trace/reader.ts';

/** One record of a trace, copied out of its reader. */
export interface TapeRecord {
  /** Place in the trace, from 1. */
  readonly index: number;
  readonly kind: number;
  readonly link: number;
  /** Microseconds since 1970. */
  readonly timeUs: number;
  /** Payload. */
  readonly bytes: Uint8Array;
}

/** Kinds that make the runtime do something. What stands behind one of them, up to the next, followed from it. */
const EVENTS: ReadonlySet<number> = new Set([
  Kind.alarm,
  Kind.lineOpened,
  Kind.lineClosed,
  Kind.lineIn,
  Kind.hostConnected,
  Kind.hostClosed,
  Kind.hostIn,
  Kind.control,
  Kind.noticed,
]);

/** Bytes that the payload of a kind has at least. */
const SHORTEST: Readonly<Record<number, number>> = {
  [Kind.alarm]: 4,
  [Kind.wall]: 12,
  [Kind.monotonic]: 12,
  [Kind.hostConnect]: 4,
  [Kind.journal]: 36,
};

/** Bytes that may follow from one event: a damaged trace must not fill the memory. */
const TURN_BYTES_MAX = 64 * 1_048_576;

/** An event and all that followed from it. The first turn of a session has no event: it is the start. */
export interface Turn {
  readonly event: TapeRecord | undefined;
  readonly records: readonly TapeRecord[];
}

/** The records of one session, turn by turn. Ends at the next session, at the end of the trace, or where the trace is damaged. */
export class Tape {
  private readonly reader: TraceReader;
  private ahead: TapeRecord | undefined;
  private over = false;
  private ended = false;
  /** Why nothing can be read behind what was read. */
  damage: string | undefined;

  constructor(reader: TraceReader) {
    this.reader = reader;
  }

  /** The session ended as it should: its last record says why. Otherwise what happened last may be missing. */
  get complete(): boolean {
    return this.ended;
  }

  /** The event of the next turn. */
  get next(): TapeRecord | undefined {
    return this.ahead;
  }

  turn(): Turn | undefined {
    const event = this.ahead;
    if (event === undefined && this.over) return undefined;
    this.ahead = undefined;
    const records = event ? [event] : [];
    let bytes = 0;
    for (let record = this.read(); record; record = this.read()) {
      if (EVENTS.has(record.kind)) {
        this.ahead = record;
        return { event, records };
      }
      bytes += record.bytes.length;
      if (bytes > TURN_BYTES_MAX) {
        this.damage = `record ${record.index}: more follows from one event than a program can do`;
        break;
      }
      records.push(record);
      if (record.kind === Kind.end) {
        this.ended = true;
        break;
      }
    }
    this.over = true;
    return { event, records };
  }

  private read(): TapeRecord | undefined {
    const { reader } = this;
    const troubles = reader.troubleCount;
    if (!reader.next() || reader.kind === Kind.session) return undefined;
    if (reader.troubleCount > troubles) {
      const { offset, why } = reader.troubles[reader.troubles.length - 1];
      this.damage = `byte ${offset} of the trace: ${why}`;
      return undefined;
    }
    if (reader.to - reader.from < (SHORTEST[reader.kind] ?? 0)) {
      this.damage = `record ${reader.index} is shorter than one of its kind`;
      return undefined;
    }
    return {
      index: reader.index,
      kind: reader.kind,
      link: reader.link,
      timeUs: reader.timeUs,
      bytes: reader.bytes.slice(reader.from, reader.to),
    };
  }
}

/** Texts of a payload, behind its first `skip` bytes. */
export function textsOf(bytes: Uint8Array, skip = 0): string[] {
  const texts: string[] = [];
  const decoder = new TextDecoder();
  for (let at = skip; at + 2 <= bytes.length;) {
    const end = at + 2 + ((bytes[at] << 8) | bytes[at + 1]);
    if (end > bytes.length) break;
    texts.push(decoder.decode(bytes.subarray(at + 2, end)));
    at = end;
  }
  return texts;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
