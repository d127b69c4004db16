import type { FieldPlan } from '../iso8583/plan.ts';
import type { Framing } from '../iso8583/source.ts';
import {
  CONNECTIONS_MAX,
  Connections,
  EARLY_BYTES_MAX,
  EARLY_SEGMENTS_MAX,
  type Connection,
  type Half,
} from './connections.ts';
import { Beginning } from './cutter.ts';
import { Way, type Messages } from './kinds.ts';
import type { Packets } from './packets.ts';
import { Dissected, Flag, Segment } from './segment.ts';
import type { Troubles } from './troubles.ts';

/** First bytes of a TLS record: handshake, version 3.x. */
const TLS_HANDSHAKE = 0x16;
const TLS_VERSION = 3;
/** Sequence numbers of one connection do not lie further apart than a large window. */
const WINDOW_MAX = 0x40_0000;

export interface StreamOptions {
  readonly plan: FieldPlan;
  readonly framing: Framing;
  /** Port of the acquirer: other connections are passed over, and the side with this port answers. */
  readonly acquirerPort?: number;
}

/**
 * The messages in the TCP connections of a capture. Segments are put in order, repeated bytes are dropped, and what the receiver
 * acknowledged though the capture does not have it is a gap: it is told, and reading goes on where a message may begin. The table
 * of connections and what waits for a missing segment are bounded.
 *
 * Who is the acquirer: the side with `acquirerPort`; else the one that was called; else the one that answers the first message;
 * else the one with the lower port.
 */
export class TcpMessages implements Messages {
  number = 0;
  way: Way = Way.unknown;
  stream = 0;
  bytes: Uint8Array;
  from = 0;
  to = 0;
  private readonly packets: Packets;
  private readonly told: Troubles;
  private readonly beginning: Beginning;
  private readonly acquirerPort: number | undefined;
  private readonly segment = new Segment();
  private readonly connections: Connections;
  private streams = 0;
  private earlyBytes = 0;
  /** Connection of the packet at the cursor, and the way that gives messages now. */
  private connection: Connection | undefined;
  private slot = 0;
  private side: 0 | 1 = 0;
  private active: Half | undefined;
  private activeSide: 0 | 1 = 0;
  /** The payload of the packet has not been looked at. */
  private waiting = false;
  /** After the last packet: the place whose connection is closed next. */
  private closing = -1;
  private others = 0;

  constructor(packets: Packets, { plan, framing, acquirerPort }: StreamOptions) {
    this.packets = packets;
    this.told = packets.troubles;
    this.beginning = new Beginning(plan, framing);
    this.acquirerPort = acquirerPort;
    this.connections = new Connections(this.beginning);
    this.bytes = packets.bytes;
  }

  get timeUs(): number {
    return this.packets.timeUs;
  }

  get offset(): number {
    return this.packets.offset;
  }

  get troubles(): readonly { readonly offset: number; readonly why: string }[] {
    return this.told.list;
  }

  get troubleCount(): number {
    return this.told.count;
  }

  next(): boolean {
    for (;;) {
      if (this.active !== undefined) {
        if (this.active.cutter.next()) return this.give(this.active);
        if (this.active.cutter.passedOver) this.passedOver(this.active);
        if (this.takeEarly(this.active)) continue;
        this.active = undefined;
      }
      if (this.waiting) {
        this.waiting = false;
        this.payload();
      } else if (this.closing >= 0) {
        if (!this.close()) return false;
      } else if (this.packets.next()) {
        this.packet();
      } else {
        this.closing = 0;
      }
    }
  }

  private give(half: Half): boolean {
    const { cutter } = half;
    const connection = this.connection as Connection;
    this.bytes = cutter.bytes;
    this.from = cutter.from;
    this.to = cutter.to;
    this.number++;
    if (connection.stream < 0) connection.stream = this.streams++;
    if (connection.client < 0) connection.client = this.clientOf();
    this.stream = connection.stream;
    this.way = connection.client === this.activeSide ? Way.toAcquirer : Way.fromAcquirer;
    return true;
  }

  /** The side that asks, by the message at the cursor. */
  private clientOf(): 0 | 1 {
    const other = this.activeSide === 0 ? 1 : 0;
    const { connections, slot, acquirerPort } = this;
    if (acquirerPort !== undefined) return connections.port(slot, 1) === acquirerPort ? 0 : 1;
    const does = this.beginning.functionOf(this.bytes, this.from, this.to);
    if (does >= 0) return does % 2 === 0 ? this.activeSide : other;
    return connections.port(slot, 0) < connections.port(slot, 1) ? 1 : 0;
  }

  /** Looks at headers and flags of the packet at the cursor. */
  private packet(): void {
    const { packets, segment } = this;
    const what = segment.open(packets.linkType, packets.bytes, packets.from, packets.to);
    if (what !== Dissected.segment) return this.notSegment(what);
    const { acquirerPort, connections } = this;
    if (acquirerPort !== undefined && segment.sourcePort !== acquirerPort && segment.targetPort !== acquirerPort) {
      this.others++;
      return;
    }
    const { flags } = segment;
    let connection = connections.find(segment);
    const length = segment.to - segment.from;
    if (connection === undefined) {
      // What is left of a connection that is over, or that says nothing, needs no place.
      if ((flags & Flag.syn) === 0 && length === 0) return;
      connection = this.add();
    }
    if (connection.over && length > 0 && (flags & Flag.syn) === 0) this.checkReuse(connection);
    this.connection = connection;
    this.slot = connections.slot;
    const side = (this.side = connections.side);
    if (segment.missing > 0) {
      this.told.tell(packets.offset, `${segment.missing} bytes of a packet were not captured (snap length)`);
    }
    if ((flags & Flag.syn) !== 0) this.synchronise(connection, side);
    const other = connection.halves[side === 0 ? 1 : 0];
    if ((flags & Flag.rst) !== 0) {
      connection.halves[0].finished = connection.halves[1].finished = true;
    }
    if (other.early.length > 0 && (flags & Flag.ack) !== 0 && ((segment.acknowledged - other.expected) | 0) > 0) {
      this.leap(other, side === 0 ? 1 : 0);
    } else if (length > 0 && other.cutter.finish()) {
      this.activate(other, side === 0 ? 1 : 0);
    }
    this.waiting = length > 0;
    if ((flags & Flag.fin) !== 0) connection.halves[side].finished = true;
  }

  private add(): Connection {
    const { connections } = this;
    const leaving = connections.next;
    if (leaving !== undefined) {
      const held = leaving.halves.reduce((sum, half) => sum + half.cutter.held + half.earlyBytes, 0);
      if (held > 0 || !leaving.over) {
        this.tell(`more than ${CONNECTIONS_MAX} connections at a time: one was given up, with ${held} bytes of it`);
      }
      this.forget(leaving);
    }
    const connection = connections.add(this.segment);
    connection.restart(false);
    return connection;
  }

  /** Begins counting at a SYN; a second one with another number is a new connection between the same ports. */
  private synchronise(connection: Connection, side: 0 | 1): void {
    const { segment } = this;
    const half = connection.halves[side];
    const first = (segment.sequence + 1) | 0;
    segment.sequence = first;
    if (half.known && half.expected !== first && (segment.flags & Flag.ack) === 0) {
      // A repeated SYN of the same connection comes before any of its bytes, so its number is the same.
      this.forget(connection);
      connection.restart(false);
    }
    if (half.known) return;
    half.known = true;
    half.expected = first;
    // With the port named, what is on it is believed to be what was asked for.
    half.cutter.restart(this.acquirerPort !== undefined);
    if (this.acquirerPort !== undefined) return;
    connection.client = (segment.flags & Flag.ack) === 0 ? side : side === 0 ? 1 : 0;
  }

  /** Another connection between the same ports, whose beginning was not captured. */
  private checkReuse(connection: Connection): void {
    const half = connection.halves[this.connections.side];
    if (!half.known || Math.abs((this.segment.sequence - half.expected) | 0) < WINDOW_MAX) return;
    this.forget(connection);
    connection.restart(false);
  }

  /** Gives the payload of the packet to its half, or keeps it. */
  private payload(): void {
    const { segment, packets } = this;
    const half = (this.connection as Connection).halves[this.side];
    if (!half.known) {
      half.known = true;
      half.expected = segment.sequence;
    }
    const length = segment.to - segment.from;
    const ahead = (segment.sequence - half.expected) | 0;
    const pushed = (segment.flags & (Flag.push | Flag.fin)) !== 0;
    if (ahead <= 0) {
      // Bytes that were seen before are passed over.
      if (-ahead >= length) return;
      half.expected = (segment.sequence + length) | 0;
      half.cutter.feed(packets.bytes, segment.from - ahead, segment.to, pushed);
      return this.activate(half, this.side);
    }
    if (half.keep(segment.sequence, packets.bytes.slice(segment.from, segment.to), pushed)) this.earlyBytes += length;
    if (half.early.length > EARLY_SEGMENTS_MAX || this.earlyBytes > EARLY_BYTES_MAX) {
      this.tell(`too much waits for a segment of ${this.connections.name(this.slot, this.side)}: it is taken as lost`);
      this.leap(half, this.side);
    }
  }

  /** Goes on with the first segment that waits: what is before it was lost. */
  private leap(half: Half, side: 0 | 1): void {
    const missing = (half.early[0].sequence - half.expected) | 0;
    if (missing > 0) {
      const given = half.cutter.lose();
      const way = this.connections.name(this.slot, side);
      this.tell(`${missing} bytes of ${way} are missing${given > 0 ? ', and with them a message that had begun' : ''}`);
      half.expected = half.early[0].sequence;
    }
    if (this.takeEarly(half)) this.activate(half, side);
  }

  /** Feeds the next segment that waits, when its turn has come. */
  private takeEarly(half: Half): boolean {
    while (half.early.length > 0) {
      const { sequence, bytes, pushed } = half.early[0];
      const behind = (half.expected - sequence) | 0;
      if (behind < 0) return false;
      half.early.shift();
      half.earlyBytes -= bytes.length;
      this.earlyBytes -= bytes.length;
      if (behind >= bytes.length) continue;
      half.expected = (sequence + bytes.length) | 0;
      half.cutter.feed(bytes, behind, bytes.length, pushed);
      return true;
    }
    return false;
  }

  private activate(half: Half, side: 0 | 1): void {
    this.active = half;
    this.activeSide = side;
  }

  /** After the last packet: what waits in each connection is read, what has begun is told. False when all is done. */
  private close(): boolean {
    const { connections } = this;
    for (; this.closing < connections.count * 2; this.closing++) {
      const side = (this.closing & 1) as 0 | 1;
      this.slot = this.closing >> 1;
      this.connection = connections.at(this.slot);
      const half = this.connection.halves[side];
      if (half.early.length > 0) {
        this.leap(half, side);
        if (this.active !== undefined) return true;
      }
      if (half.cutter.finish()) {
        this.activate(half, side);
        return true;
      }
      const held = half.cutter.lose();
      if (held > 0) this.tell(`${connections.name(this.slot, side)} ends with ${held} bytes of a message`);
    }
    return false;
  }

  /** A length was wrong, or the bytes are no messages at all. */
  private passedOver(half: Half): void {
    const { cutter } = half;
    const connection = this.connection as Connection;
    const { slipped } = cutter;
    cutter.slipped = cutter.passedOver = false;
    const way = this.connections.name(this.slot, this.activeSide);
    if (slipped) this.tell(`no message begins in ${way} where one should: passed over up to the next one`);
    else if (connection.stream < 0 && !connection.foreign) {
      connection.foreign = true;
      const { bytes } = this.packets;
      const { from, to } = this.segment;
      const secret = to - from > 1 && bytes[from] === TLS_HANDSHAKE && bytes[from + 1] === TLS_VERSION;
      this.tell(`${way} carries ${secret ? 'TLS, which cannot be read' : 'no messages of this profile'}: passed over`);
    }
  }

  private forget(connection: Connection): void {
    for (const half of connection.halves) this.earlyBytes -= half.earlyBytes;
  }

  private notSegment(what: Dissected): void {
    if (what === Dissected.fragment) this.tell('a piece of an IP packet: pieces are not put together');
    else if (what === Dissected.broken) this.tell('a packet does not fit its headers');
    else if (what === Dissected.linkType) this.tell(`packets of link type ${this.packets.linkType} are not read`);
    else this.others++;
  }

  private tell(why: string): void {
    this.told.tell(this.packets.offset, why);
  }
}
