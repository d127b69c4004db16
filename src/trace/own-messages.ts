import type { FieldPlan } from '../iso8583/plan.ts';
import type { Framing } from '../iso8583/source.ts';
import { Beginning, Cutter } from './cutter.ts';
import { Kind, Link, Way, type ByteSource, type Messages } from './kinds.ts';
import { TraceReader } from './reader.ts';
import { Troubles } from './troubles.ts';

const LINKS = Object.keys(Link).length;

/**
 * A trace of our own, record by record, with the messages put together out of the pieces in which they came. `next` stops at each
 * message and, when `others` is on, at each record that is no piece of a message; {@link atMessage} tells which.
 */
export class OwnMessages implements Messages {
  readonly reader: TraceReader;
  number = 0;
  way: Way = Way.unknown;
  stream = 0;
  timeUs = 0;
  bytes: Uint8Array;
  from = 0;
  to = 0;
  /** {@link next} stopped at a message, and not at another record. */
  atMessage = false;
  private readonly others: boolean;
  private readonly own = new Troubles();
  /** Per link, its two ways and the number of its connection. */
  private readonly lines: readonly Line[];
  private active: Cutter | undefined;
  private streams = 0;
  /** Troubles of the reader that are known. */
  private damages = 0;

  constructor(source: ByteSource, plan: FieldPlan, framing: Framing, others = false) {
    this.reader = new TraceReader(source);
    this.bytes = this.reader.bytes;
    this.others = others;
    const beginning = new Beginning(plan, framing);
    this.lines = Array.from({ length: LINKS }, () => new Line(beginning));
  }

  get offset(): number {
    return this.reader.offset;
  }

  get troubles(): readonly { readonly offset: number; readonly why: string }[] {
    const { troubles } = this.reader;
    const { list } = this.own;
    return list.length === 0 ? troubles : [...troubles, ...list].sort((a, b) => a.offset - b.offset);
  }

  get troubleCount(): number {
    return this.reader.troubleCount + this.own.count;
  }

  next(): boolean {
    const { reader } = this;
    for (;;) {
      if (this.active !== undefined) {
        if (this.active.next()) return this.give(this.active);
        if (this.active.slipped) {
          this.active.slipped = false;
          this.own.tell(reader.offset, `record ${reader.index}: the length before a message cannot be right`);
        }
        this.active = undefined;
      }
      if (!reader.next()) return false;
      if (reader.troubleCount !== this.damages) this.damaged();
      const { kind } = reader;
      // A file of hostile origin may name links that there are not.
      const line = this.lines[reader.link];
      const message = kind === Kind.hostIn || kind === Kind.hostOut;
      if (message && line !== undefined) {
        const cutter = kind === Kind.hostIn ? line.fromAcquirer : line.toAcquirer;
        // Without a length in front, a record is a message.
        cutter.feed(reader.bytes, reader.from, reader.to, true);
        this.active = cutter;
        this.way = kind === Kind.hostIn ? Way.fromAcquirer : Way.toAcquirer;
        this.stream = line.stream < 0 ? (line.stream = this.streams++) : line.stream;
        this.timeUs = reader.timeUs;
        continue;
      }
      if (line !== undefined && (kind === Kind.hostConnect || kind === Kind.session)) this.begin(line, kind);
      if (!this.others || message) continue;
      this.atMessage = false;
      if (line !== undefined && line.stream >= 0) this.stream = line.stream;
      this.timeUs = reader.timeUs;
      return true;
    }
  }

  /** A connection begins, or a process does, which has none. */
  private begin(line: Line, kind: number): void {
    const half = line.fromAcquirer.held + line.toAcquirer.held;
    if (half > 0)
      this.own.tell(this.reader.offset, `record ${this.reader.index}: ${half} bytes of a message before it`);
    line.fromAcquirer.restart(true);
    line.toAcquirer.restart(true);
    line.stream = kind === Kind.hostConnect ? this.connected() : -1;
  }

  /** Number of the connection that begins: its own, or the one that it has in the capture from which the trace was converted. */
  private connected(): number {
    const { view, from, to } = this.reader;
    const name = from + 4;
    const told = name + 2 > to ? to : name + 2 + view.getUint16(name);
    if (told + 2 >= to) return this.streams++;
    const number = Number(this.reader.texts(4)[1]);
    if (!Number.isSafeInteger(number) || number < 0) return this.streams++;
    this.streams = Math.max(this.streams, number + 1);
    return number;
  }

  /** Records are missing here, and pieces of messages with them. */
  private damaged(): void {
    this.damages = this.reader.troubleCount;
    for (const { toAcquirer, fromAcquirer } of this.lines) {
      toAcquirer.lose();
      fromAcquirer.lose();
    }
  }

  private give(cutter: Cutter): boolean {
    this.bytes = cutter.bytes;
    this.from = cutter.from;
    this.to = cutter.to;
    this.number++;
    this.atMessage = true;
    return true;
  }
}

class Line {
  readonly toAcquirer: Cutter;
  readonly fromAcquirer: Cutter;
  /** Number of the connection; -1 while there is none. */
  stream = -1;

  constructor(beginning: Beginning) {
    this.toAcquirer = new Cutter(beginning, true);
    this.fromAcquirer = new Cutter(beginning, true);
  }
}
