import type { StandIn } from '../card/stand-in.ts';
import { PACKET_LENGTH_MAX } from '../limits.ts';
import { crc16Step } from '../wire/crc16.ts';
import { ACK, CAN, DC3, encodePacket, EOT, ETB, NAK, packetLengthMax, SYN } from '../wire/packet.ts';
import { PacketMarker, type LineFacts } from './redact-packet.ts';

export type { LineFacts } from './redact-packet.ts';
export type { CodeRule } from './redact-text.ts';

/** Pieces that a packet may come in: one byte each at worst. */
const PIECES_MAX = packetLengthMax(PACKET_LENGTH_MAX);
const MARK = 0x30;
const NOTHING = new Uint8Array(0);
const ESCAPE = 0x20;

const OUTSIDE = 0;
const INSIDE = 1;
const ESCAPED = 2;
const CRC_HIGH = 3;
const CRC_LOW = 4;

/** How a packet that is no good ended: it was cut off, an escape in it is wrong, it is too long, its CRC is wrong. */
const Cut = { off: 0, escape: 1, length: 2, crc: 3 } as const;

/**
 * Marks one direction of the terminal line in place, whatever pieces it comes in (docs/redaction.md says what becomes what).
 * The number of bytes stays. A whole packet stays a good packet: its values are marked, its CRC is made again, and where the
 * marks need fewer escapes than what was there, the packet begins with so many start bytes more, which every receiver skips.
 * Packets that are damaged, cut or too long stay so, all their data marked; noise is marked. Control bytes stay.
 *
 * The bytes of a packet lie in clear in the caller's arrays until it ends: while {@link open} is true they must neither move nor
 * leave. Creates nothing.
 */
export class LineRedactor {
  private readonly marker: PacketMarker;
  private state = OUTSIDE;
  private crc = 0;
  private high = 0;
  private readonly data = new Uint8Array(PACKET_LENGTH_MAX);
  private length = 0;
  private readonly wire = new Uint8Array(packetLengthMax(PACKET_LENGTH_MAX));
  /** Where the bytes of the open packet lie. */
  private readonly arrays: Uint8Array[] = Array.from({ length: PIECES_MAX }, () => NOTHING);
  private readonly starts = new Int32Array(PIECES_MAX);
  private readonly ends = new Int32Array(PIECES_MAX);
  private pieces = 0;

  /** `way`: who the bytes are for. `facts`: what the profile knows; without them usual chip tags and wallets. */
  constructor(standIn: StandIn, way: 'toTerminal' | 'fromTerminal', facts: LineFacts = {}) {
    this.marker = new PacketMarker(standIn, way === 'toTerminal', facts);
  }

  /** A packet has begun and has not ended: its bytes are still in clear. */
  get open(): boolean {
    return this.state !== OUTSIDE;
  }

  /** Digits of key events are marked while this is on. */
  get secretKeys(): boolean {
    return this.marker.secretKeys;
  }

  set secretKeys(on: boolean) {
    this.marker.secretKeys = on;
  }

  /** The next bytes of the line: `bytes[from, to)`, which are changed in place until {@link open} is false again. */
  take(bytes: Uint8Array, from: number, to: number): void {
    let start = from;
    for (let at = from; at < to; at++) {
      const byte = bytes[at];
      if (this.state === OUTSIDE) {
        if (byte === SYN) {
          this.begin();
          start = at;
        } else if (byte !== ACK && byte !== NAK && byte !== CAN && byte !== EOT) bytes[at] = MARK;
        continue;
      }
      if (byte === SYN && this.state !== CRC_HIGH && this.state !== CRC_LOW) {
        this.keep(bytes, start, at);
        this.spoil(Cut.off);
        this.begin();
        start = at;
        continue;
      }
      const ended = this.inside(byte);
      if (ended === GOING_ON) continue;
      this.keep(bytes, start, at + 1);
      if (ended === WHOLE) this.packet();
      else this.spoil(ended);
    }
    if (this.state === OUTSIDE) return;
    this.keep(bytes, start, to);
  }

  /** Gives up the packet that has begun: what came of it is marked. What still comes of it counts as noise. */
  abandon(): void {
    if (this.state !== OUTSIDE) this.spoil(Cut.off);
  }

  private begin(): void {
    this.state = INSIDE;
    this.crc = 0;
    this.length = 0;
    this.pieces = 0;
  }

  /** One byte of a packet, as the receiver of the line takes it. */
  private inside(byte: number): number {
    switch (this.state) {
      case INSIDE:
        if (byte === DC3) {
          this.state = ESCAPED;
          return GOING_ON;
        }
        if (byte === ETB) {
          this.crc = crc16Step(this.crc, ETB);
          this.state = CRC_HIGH;
          return GOING_ON;
        }
        return this.store(byte);
      case ESCAPED:
        if (byte !== DC3 + ESCAPE && byte !== SYN + ESCAPE && byte !== ETB + ESCAPE) return Cut.escape;
        this.state = INSIDE;
        return this.store(byte - ESCAPE);
      case CRC_HIGH:
        this.high = byte;
        this.state = CRC_LOW;
        return GOING_ON;
      default:
        return ((this.high << 8) | byte) === this.crc ? WHOLE : Cut.crc;
    }
  }

  private store(byte: number): number {
    if (this.length === PACKET_LENGTH_MAX) return Cut.length;
    this.data[this.length++] = byte;
    this.crc = crc16Step(this.crc, byte);
    return GOING_ON;
  }

  private keep(bytes: Uint8Array, from: number, to: number): void {
    if (from >= to) return;
    this.arrays[this.pieces] = bytes;
    this.starts[this.pieces] = from;
    this.ends[this.pieces] = to;
    this.pieces++;
  }

  /** A packet with a right CRC. */
  private packet(): void {
    const { data, wire } = this;
    const size = this.size();
    this.marker.mark(data, this.length);
    const end = encodePacket(data, this.length, wire, 0);
    // Marks that need more room than there is happen only where chip data breaks its rules.
    if (end < 0 || end > size) return this.spoil(Cut.crc);
    let at = end - size;
    for (let p = 0; p < this.pieces; p++) {
      const bytes = this.arrays[p];
      const to = this.ends[p];
      for (let i = this.starts[p]; i < to; i++, at++) bytes[i] = at < 0 ? SYN : wire[at];
    }
    wire.fill(0, 0, end);
    this.close();
  }

  /** Marks the data of a packet that is no good, so that it stays what it is. */
  private spoil(cut: number): void {
    const size = this.size();
    const close = cut === Cut.crc ? size - 3 : -1;
    const escape = cut === Cut.escape ? size - 2 : -1;
    let crc = 0;
    let at = 0;
    for (let p = 0; p < this.pieces; p++) {
      const bytes = this.arrays[p];
      const to = this.ends[p];
      for (let i = this.starts[p]; i < to; i++, at++) {
        if (at === 0) continue;
        if (at === close || at === escape) {
          bytes[i] = at === close ? ETB : DC3;
          continue;
        }
        bytes[i] = MARK;
        if (close < 0) continue;
        if (at === close + 1) crc = crc16Step(crc, ETB);
        if (at <= close) crc = crc16Step(crc, MARK);
        // The marks must not make the CRC right by chance.
        else if (at === close + 2 && crc === ((MARK << 8) | MARK)) bytes[i] = MARK ^ 1;
      }
    }
    this.close();
  }

  private size(): number {
    let size = 0;
    for (let p = 0; p < this.pieces; p++) size += this.ends[p] - this.starts[p];
    return size;
  }

  private close(): void {
    this.data.fill(0, 0, this.length);
    this.arrays.fill(NOTHING, 0, this.pieces);
    this.length = 0;
    this.pieces = 0;
    this.state = OUTSIDE;
  }
}

/** What one byte of a packet meant, beside the ways in which it can end badly. */
const GOING_ON = -1;
const WHOLE = -2;
