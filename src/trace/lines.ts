import { Intake } from './intake.ts';
import type { ByteSource } from './kinds.ts';
import type { Troubles } from './troubles.ts';

const LINE_FEED = 0x0a;
const RETURN = 0x0d;

/** The lines of a text of any size. A line longer than the window is passed over and told. */
export class Lines {
  /** Line at the cursor, without its end. */
  text = '';
  /** Counts from 1. */
  number = 0;
  private readonly intake: Intake;
  private readonly troubles: Troubles;
  private readonly decoder = new TextDecoder();

  constructor(source: ByteSource, troubles: Troubles) {
    this.intake = new Intake(source);
    this.troubles = troubles;
  }

  /** Bytes of the text up to the end of the line. */
  get offset(): number {
    return this.intake.offset;
  }

  /** Goes to the next line; false at the end. */
  next(): boolean {
    const { intake } = this;
    let seen = intake.at;
    for (;;) {
      const found = intake.bytes.subarray(0, intake.end).indexOf(LINE_FEED, seen);
      if (found >= 0) return this.take(found, found + 1);
      const before = intake.offset;
      const unread = intake.end - intake.at;
      if (intake.more()) {
        // The window may have moved; what was searched stays searched.
        seen = intake.at + unread;
        continue;
      }
      if (intake.end === intake.bytes.length) {
        this.passOver();
        seen = intake.at;
        continue;
      }
      if (unread > 0) return this.take(intake.end, intake.end);
      if (intake.fault !== undefined) this.troubles.tell(before, intake.fault);
      return false;
    }
  }

  private take(end: number, next: number): boolean {
    const { intake } = this;
    const { bytes, at } = intake;
    const to = end > at && bytes[end - 1] === RETURN ? end - 1 : end;
    this.text = this.decoder.decode(bytes.subarray(at, to));
    intake.at = next;
    this.number++;
    return true;
  }

  /** Passes over a line that does not fit. */
  private passOver(): void {
    const { intake } = this;
    const from = intake.offset;
    for (;;) {
      const found = intake.bytes.subarray(0, intake.end).indexOf(LINE_FEED, intake.at);
      if (found >= 0) {
        intake.at = found + 1;
        break;
      }
      intake.at = intake.end;
      if (!intake.more()) break;
    }
    this.number++;
    this.troubles.tell(from, `line ${this.number} is too long: ${intake.offset - from} bytes passed over`);
  }
}
