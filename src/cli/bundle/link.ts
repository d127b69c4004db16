import { Kind } from '../../trace/kinds.ts';
import type { TraceReader } from '../../trace/reader.ts';
import { PacketEvent, PacketReceiver } from '../../wire/packet.ts';

/** Commands that are counted apart; what else a broken line makes of them is one more. */
const COMMANDS_MAX = 64;
const OTHER = 'other';
/** Why something ended; the same bound. */
const REASONS_MAX = 16;

/** Times between a question and its answer. */
export interface Spans {
  answers: number;
  meanMs: number;
  maxMs: number;
}

export interface LinkCounts {
  readonly sessions: { begun: number; ended: Record<string, number>; cutOff: number };
  readonly terminal: {
    opened: number;
    closed: Record<string, number>;
    bytesIn: number;
    bytesOut: number;
    packetsIn: number;
    packetsOut: number;
    /** Packets that came damaged, by what was wrong with them. */
    badPackets: Record<string, number>;
    /** Bytes between packets that mean nothing. */
    noise: number;
    naksIn: number;
    naksOut: number;
    /** By command: sent, and its answers. */
    readonly commands: Record<string, { sent: number } & Spans>;
  };
  readonly acquirer: {
    connects: number;
    connected: number;
    closed: Record<string, number>;
    bytesIn: number;
    bytesOut: number;
    requests: number;
    unanswered: number;
  } & Spans;
}

/** Counts what the lines of a counter did, record by record. Needs the same memory for every trace. */
export class LinkWatch {
  readonly counts: LinkCounts = {
    sessions: { begun: 0, ended: {}, cutOff: 0 },
    terminal: {
      opened: 0,
      closed: {},
      bytesIn: 0,
      bytesOut: 0,
      packetsIn: 0,
      packetsOut: 0,
      badPackets: {},
      noise: 0,
      naksIn: 0,
      naksOut: 0,
      commands: {},
    },
    acquirer: {
      ...{ connects: 0, connected: 0, closed: {}, bytesIn: 0, bytesOut: 0 },
      ...{ requests: 0, unanswered: 0, answers: 0, meanMs: 0, maxMs: 0 },
    },
  };
  private readonly fromTerminal = new PacketReceiver();
  private readonly toTerminal = new PacketReceiver();
  private running = false;
  /** Command that waits for its answer. */
  private command = '';
  private commandUs = 0;
  private requestUs = -1;

  /** Takes the record at which a reader stands. */
  take(reader: TraceReader): void {
    const { terminal, acquirer, sessions } = this.counts;
    const length = reader.to - reader.from;
    switch (reader.kind) {
      case Kind.session:
        sessions.begun++;
        if (this.running) sessions.cutOff++;
        this.running = true;
        return this.lineEnds();
      case Kind.end:
        this.running = false;
        return add(sessions.ended, reader.texts()[0]);
      case Kind.lineOpened:
        terminal.opened++;
        return this.lineEnds();
      case Kind.lineClosed:
        return add(terminal.closed, reader.texts()[0]);
      case Kind.lineIn:
        terminal.bytesIn += length;
        return this.lineIn(reader);
      case Kind.lineOut:
        terminal.bytesOut += length;
        return this.lineOut(reader);
      case Kind.hostConnect:
        acquirer.connects++;
        return this.requestEnds();
      case Kind.hostConnected:
        acquirer.connected++;
        return;
      case Kind.hostClosed:
        add(acquirer.closed, reader.texts()[0]);
        return this.requestEnds();
      case Kind.hostClose:
        return this.requestEnds();
      case Kind.hostOut:
        this.requestEnds();
        acquirer.bytesOut += length;
        acquirer.requests++;
        this.requestUs = reader.timeUs;
        return;
      case Kind.hostIn:
        acquirer.bytesIn += length;
        if (this.requestUs >= 0) span(acquirer, reader.timeUs - this.requestUs);
        this.requestUs = -1;
        return;
    }
  }

  private lineIn({ bytes, from, to, timeUs }: TraceReader): void {
    const { terminal } = this.counts;
    const receiver = this.fromTerminal;
    const before = receiver.noise;
    for (let at = from; at < to; at++) {
      const event = receiver.push(bytes[at]);
      if (event === PacketEvent.nak) terminal.naksIn++;
      else if (event === PacketEvent.bad) add(terminal.badPackets, receiver.fault);
      else if (event === PacketEvent.packet) {
        terminal.packetsIn++;
        if (this.command !== '' && nameOf(receiver) === this.command) {
          span(this.commandOf(this.command), timeUs - this.commandUs);
          this.command = '';
        }
      }
    }
    terminal.noise += receiver.noise - before;
  }

  private lineOut({ bytes, from, to, timeUs }: TraceReader): void {
    const { terminal } = this.counts;
    for (let at = from; at < to; at++) {
      const event = this.toTerminal.push(bytes[at]);
      if (event === PacketEvent.nak) terminal.naksOut++;
      else if (event === PacketEvent.packet) {
        terminal.packetsOut++;
        this.command = nameOf(this.toTerminal);
        this.commandUs = timeUs;
        this.commandOf(this.command).sent++;
      }
    }
  }

  private commandOf(name: string): { sent: number } & Spans {
    const { commands } = this.counts.terminal;
    const known = Object.hasOwn(commands, name) || Object.keys(commands).length < COMMANDS_MAX ? name : OTHER;
    return (commands[known] ??= { sent: 0, answers: 0, meanMs: 0, maxMs: 0 });
  }

  private lineEnds(): void {
    this.fromTerminal.reset();
    this.toTerminal.reset();
    this.command = '';
  }

  private requestEnds(): void {
    if (this.requestUs >= 0) this.counts.acquirer.unanswered++;
    this.requestUs = -1;
  }
}

/** The three letters that a packet begins with. */
function nameOf({ data, length }: PacketReceiver): string {
  const name = String.fromCharCode(...data.subarray(0, Math.min(3, length)));
  return /^[A-Z]{3}$/.test(name) ? name : OTHER;
}

function add(counts: Record<string, number>, reason = ''): void {
  const name = /^[\w -]{1,40}$/.test(reason) ? reason : OTHER;
  const known = Object.hasOwn(counts, name) || Object.keys(counts).length < REASONS_MAX ? name : OTHER;
  counts[known] = (counts[known] ?? 0) + 1;
}

/** One more time between question and answer; a clock that was set back makes none. */
function span(spans: Spans, us: number): void {
  if (us < 0) return;
  const ms = us / 1000;
  spans.answers++;
  spans.meanMs += (ms - spans.meanMs) / spans.answers;
  spans.maxMs = Math.max(spans.maxMs, ms);
}
