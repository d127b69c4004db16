import { Kind } from '../../trace/kinds.ts';
import type { TraceReader } from '../../trace/reader.ts';
import { LatencyHistogram } from '../../trace/latency.ts';
import { PacketEvent, PacketReceiver } from '../../wire/packet.ts';

/** Names of commands that are kept; a line that is not this protocol may show any. */
const NAMES_MAX = 80;
/** Commands that may wait for their answer at the same time: one, and one that was given up. */
const NAME_LENGTH = 3;
/** First byte of a packet inside a secure session. */
const SEALED = 0x12;
/** Answers of nobody's command. */
const NOTICE = 'NTM';

/** What the serial line carried. */
export interface LineCounts {
  bytesOut: number;
  bytesIn: number;
  commands: number;
  answers: number;
  /** Commands without an answer before the next one. */
  unanswered: number;
  notices: number;
  naksIn: number;
  naksOut: number;
  crcErrors: number;
  /** Bad stuffing, too long, half a packet. */
  badPackets: number;
  /** The same command again after a NAK. */
  resent: number;
  cancels: number;
  noise: number;
  opened: number;
  lost: number;
}

/** Commands, answers and troubles of the line to the terminal, from the records of a trace. */
export class LineStats {
  readonly counts: LineCounts = {
    bytesOut: 0,
    bytesIn: 0,
    commands: 0,
    answers: 0,
    unanswered: 0,
    notices: 0,
    naksIn: 0,
    naksOut: 0,
    crcErrors: 0,
    badPackets: 0,
    resent: 0,
    cancels: 0,
    noise: 0,
    opened: 0,
    lost: 0,
  };
  /** Time from a command to its answer, by name. */
  readonly commands = new Map<string, LatencyHistogram>();
  /** Time from a command to its acknowledgement. */
  readonly acknowledged = new LatencyHistogram();
  private readonly toTerminal = new PacketReceiver();
  private readonly fromTerminal = new PacketReceiver();
  /** The command that waits for its answer. */
  private name = '';
  private sentUs = 0;
  private waitsForAck = false;
  private refused = false;

  /** Takes a record of the line; others say nothing here. */
  take(reader: TraceReader): void {
    const { counts } = this;
    switch (reader.kind) {
      case Kind.lineOpened:
        counts.opened++;
        this.toTerminal.reset();
        this.fromTerminal.reset();
        this.name = '';
        return;
      case Kind.lineClosed:
        counts.lost++;
        this.giveUp();
        return;
      case Kind.lineOut:
        counts.bytesOut += reader.to - reader.from;
        this.pieces(reader, this.toTerminal, true);
        return;
      case Kind.lineIn:
        counts.bytesIn += reader.to - reader.from;
        this.pieces(reader, this.fromTerminal, false);
        return;
    }
  }

  /** The end of the trace. */
  finish(): void {
    this.counts.noise = this.toTerminal.noise + this.fromTerminal.noise;
  }

  private pieces(reader: TraceReader, receiver: PacketReceiver, out: boolean): void {
    const { timeUs, bytes, to } = reader;
    for (let at = reader.from; at < to; at++) {
      const event = receiver.push(bytes[at]);
      if (event !== PacketEvent.none) this.event(event, receiver, out, timeUs);
    }
  }

  private event(event: PacketEvent, receiver: PacketReceiver, out: boolean, timeUs: number): void {
    const { counts } = this;
    switch (event) {
      case PacketEvent.packet:
        return out ? this.command(nameOf(receiver), timeUs) : this.answer(nameOf(receiver), timeUs);
      case PacketEvent.bad:
        if (receiver.fault === 'crc') counts.crcErrors++;
        else counts.badPackets++;
        return;
      case PacketEvent.nak:
        if (out) counts.naksOut++;
        else {
          counts.naksIn++;
          this.refused = true;
        }
        return;
      case PacketEvent.ack:
        if (!out && this.waitsForAck) this.acknowledged.add(Math.max(0, timeUs - this.sentUs));
        if (!out) this.waitsForAck = false;
        return;
      case PacketEvent.can:
        if (out) {
          counts.cancels++;
          this.name = '';
        }
        return;
    }
  }

  private command(name: string, timeUs: number): void {
    const { counts } = this;
    counts.commands++;
    if (this.refused && name === this.name) counts.resent++;
    else this.giveUp();
    this.refused = false;
    this.name = name;
    this.sentUs = timeUs;
    this.waitsForAck = true;
  }

  private answer(name: string, timeUs: number): void {
    const { counts } = this;
    if (name === NOTICE) {
      counts.notices++;
      return;
    }
    counts.answers++;
    // An error answer names no command.
    if (this.name === '' || (name !== this.name && name !== 'ERR')) return;
    let times = this.commands.get(this.name);
    if (times === undefined) {
      if (this.commands.size >= NAMES_MAX) return;
      this.commands.set(this.name, (times = new LatencyHistogram()));
    }
    times.add(Math.max(0, timeUs - this.sentUs));
    this.name = '';
  }

  private giveUp(): void {
    if (this.name !== '') this.counts.unanswered++;
    this.name = '';
    this.waitsForAck = false;
  }
}

function nameOf({ data, length }: PacketReceiver): string {
  if (length > 0 && data[0] === SEALED) return 'sealed';
  if (length < NAME_LENGTH) return '?';
  for (let i = 0; i < NAME_LENGTH; i++) if (data[i] < 0x41 || data[i] > 0x5a) return '?';
  return String.fromCharCode(data[0], data[1], data[2]);
}
