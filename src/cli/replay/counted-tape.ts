import { Tape, type Turn } from '../../replay/tape.ts';
import { Kind } from '../../trace/kinds.ts';
import type { TraceReader } from '../../trace/reader.ts';

/** The records of a session, counted as they go by. */
export class CountedTape extends Tape {
  records = 0;
  screens = 0;
  /** Frames to the acquirer. */
  requests = 0;
  journalRecords = 0;
  firstUs = 0;
  lastUs = 0;
  /** Step of the last screen. */
  step = '';

  constructor(reader: TraceReader) {
    super(reader);
  }

  override turn(): Turn | undefined {
    const turn = super.turn();
    for (const { kind, bytes, timeUs } of turn?.records ?? []) {
      this.records++;
      if (this.firstUs === 0) this.firstUs = timeUs;
      this.lastUs = timeUs;
      if (kind === Kind.screen) {
        this.screens++;
        this.step = firstText(bytes);
      } else if (kind === Kind.hostOut) this.requests++;
      else if (kind === Kind.journal) this.journalRecords++;
    }
    return turn;
  }
}

function firstText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(2, 2 + ((bytes[0] << 8) | bytes[1])));
}
