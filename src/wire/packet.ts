import { PACKET_LENGTH_MAX } from '../limits.ts';
import { crc16, crc16Step } from './crc16.ts';

/**
 * The ABECS packet: `16 | stuffed data | 17 | CRC hi | CRC lo`. The CRC covers the unstuffed data and the closing 17.
 * Stuffing inside the data: 13 → 13 33, 16 → 13 36, 17 → 13 37. Used by both ends of the line.
 */
export const SYN = 0x16;
export const ETB = 0x17;
export const EOT = 0x04;
export const ACK = 0x06;
export const DC3 = 0x13;
export const NAK = 0x15;
export const CAN = 0x18;

/** True for the bytes that do not stand for themselves inside a packet. Most bytes are told by the first comparison. */
function isReserved(byte: number): boolean {
  return byte <= ETB && (byte === DC3 || byte === SYN || byte === ETB);
}

/** Largest number of bytes a packet of `dataLength` can take on the line. */
export function packetLengthMax(dataLength: number): number {
  return 2 * dataLength + 4;
}

/**
 * Writes `data[0, dataLength)` as one packet into `out` from `at`.
 * Returns the offset after the packet, or -1 when it does not fit (nothing usable is left in `out` then).
 */
export function encodePacket(data: Uint8Array, dataLength: number, out: Uint8Array, at: number): number {
  const end = out.length - 3;
  if (at >= end) return -1;
  out[at++] = SYN;
  for (let i = 0; i < dataLength; i++) {
    const byte = data[i];
    if (isReserved(byte)) {
      if (at + 1 >= end) return -1;
      out[at++] = DC3;
      out[at++] = byte + 0x20;
    } else {
      if (at >= end) return -1;
      out[at++] = byte;
    }
  }
  const crc = crc16Step(crc16(data, 0, dataLength), ETB);
  out[at++] = ETB;
  out[at++] = crc >> 8;
  out[at++] = crc & 0xff;
  return at;
}

/** What one byte from the line meant. Plain numbers, so that the receiver allocates nothing. */
export const PacketEvent = {
  /** Nothing to do yet. */
  none: 0,
  /** A whole packet with a right CRC lies in `data[0, length)`. */
  packet: 1,
  /** CRC wrong, stuffing wrong or packet too long: see `fault`. */
  bad: 2,
  ack: 3,
  nak: 4,
  can: 5,
  eot: 6,
} as const;
export type PacketEvent = (typeof PacketEvent)[keyof typeof PacketEvent];

export type PacketFault = 'none' | 'crc' | 'stuffing' | 'length';

const OUTSIDE = 0;
const INSIDE = 1;
const ESCAPED = 2;
const CRC_HIGH = 3;
const CRC_LOW = 4;

/**
 * Receives packets, a byte or a piece of the line at a time. Bytes outside a packet that are no control byte are noise
 * and are skipped. A raw SYN inside a packet starts a new one. Inside a packet 18h, 04h, 06h and 15h are data. Creates
 * nothing while receiving.
 */
export class PacketReceiver {
  readonly data = new Uint8Array(PACKET_LENGTH_MAX);
  length = 0;
  fault: PacketFault = 'none';
  /** Noise bytes skipped since the start. */
  noise = 0;
  /** Where {@link receive} stopped. */
  next = 0;
  private state = OUTSIDE;
  private crc = 0;
  private high = 0;

  /** True while a packet has begun and not ended (the inter-byte timer runs then). */
  get inside(): boolean {
    return this.state !== OUTSIDE;
  }

  /** Forgets a half-received packet. */
  reset(): void {
    this.state = OUTSIDE;
    this.length = 0;
  }

  /**
   * Takes bytes from `from` on, up to and with the first that means something; {@link next} is the offset behind it.
   * `none` when the bytes are used up.
   */
  receive(bytes: Uint8Array, from: number): PacketEvent {
    let at = from;
    while (at < bytes.length) {
      if (this.state === INSIDE) {
        at = this.storePlain(bytes, at);
        if (at === bytes.length) break;
      }
      const event = this.push(bytes[at++]);
      if (event === PacketEvent.none) continue;
      this.next = at;
      return event;
    }
    this.next = at;
    return PacketEvent.none;
  }

  /** Takes one byte. */
  push(byte: number): PacketEvent {
    switch (this.state) {
      case OUTSIDE:
        if (byte === SYN) return this.begin();
        if (byte === ACK) return PacketEvent.ack;
        if (byte === NAK) return PacketEvent.nak;
        if (byte === CAN) return PacketEvent.can;
        if (byte === EOT) return PacketEvent.eot;
        this.noise++;
        return PacketEvent.none;
      case INSIDE:
        if (byte === SYN) return this.begin();
        if (byte === DC3) {
          this.state = ESCAPED;
          return PacketEvent.none;
        }
        if (byte === ETB) {
          this.crc = crc16Step(this.crc, ETB);
          this.state = CRC_HIGH;
          return PacketEvent.none;
        }
        return this.store(byte);
      case ESCAPED:
        if (byte !== 0x33 && byte !== 0x36 && byte !== 0x37)
          return byte === SYN ? this.begin() : this.reject('stuffing');
        this.state = INSIDE;
        return this.store(byte - 0x20);
      case CRC_HIGH:
        this.high = byte;
        this.state = CRC_LOW;
        return PacketEvent.none;
      default:
        if (((this.high << 8) | byte) !== this.crc) return this.reject('crc');
        this.state = OUTSIDE;
        return PacketEvent.packet;
    }
  }

  private begin(): PacketEvent {
    this.state = INSIDE;
    this.length = 0;
    this.crc = 0;
    return PacketEvent.none;
  }

  /** Stores data bytes from `from` on; returns the offset of the first that ends or escapes something or has no room. */
  private storePlain(bytes: Uint8Array, from: number): number {
    const { data } = this;
    const end = Math.min(bytes.length, from + PACKET_LENGTH_MAX - this.length);
    let at = from;
    let { length } = this;
    for (; at < end; at++) {
      const byte = bytes[at];
      if (isReserved(byte)) break;
      data[length++] = byte;
    }
    this.length = length;
    this.crc = crc16(bytes, from, at, this.crc);
    return at;
  }

  private store(byte: number): PacketEvent {
    if (this.length === PACKET_LENGTH_MAX) return this.reject('length');
    this.data[this.length++] = byte;
    this.crc = crc16Step(this.crc, byte);
    return PacketEvent.none;
  }

  private reject(fault: PacketFault): PacketEvent {
    this.fault = fault;
    this.state = OUTSIDE;
    return PacketEvent.bad;
  }
}
