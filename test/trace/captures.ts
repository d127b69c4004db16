import type { ByteSource, Messages } from '../../src/trace/kinds.ts';
import { openMessages, type OpenOptions } from '../../src/trace/open.ts';
import { toHex } from '../../src/wire/hex.ts';
import { constructed, planWith } from '../iso8583/samples.ts';

/** A source of bytes that lie in memory, given in pieces of at most `piece`. */
export function memory(bytes: Uint8Array, piece: number = Number.POSITIVE_INFINITY): ByteSource {
  let at = 0;
  return {
    size: bytes.length,
    fault: undefined,
    read(into) {
      const count = Math.min(into.length, bytes.length - at, piece);
      into.set(bytes.subarray(at, at + count));
      at += count;
      return count;
    },
  };
}

/** What a cursor over messages tells of each, and its troubles. */
export interface Told {
  readonly messages: readonly { way: number; stream: number; timeUs: number; hex: string }[];
  readonly troubles: readonly string[];
}

export function readAll(messages: Messages): Told {
  const told: { way: number; stream: number; timeUs: number; hex: string }[] = [];
  while (messages.next()) {
    const { way, stream, timeUs, bytes, from, to, number } = messages;
    if (number !== told.length + 1) throw new Error(`message ${told.length + 1} has number ${number}`);
    told.push({ way, stream, timeUs, hex: toHex(bytes, from, to) });
  }
  return { messages: told, troubles: messages.troubles.map(trouble => trouble.why) };
}

const plan = planWith();
/** The framing of the samples. */
export const { framing } = plan;
/** Messages as they are on the line: requests and answers of one card. */
export const frames = constructed.map(sample => sample.bytes);
/** A frame without its length. */
export const bare = (frame: Uint8Array): string => toHex(frame, 2);

/** Opens a capture that lies in memory and reads it to its end. */
export function read(file: Uint8Array, more: Partial<OpenOptions> = {}): Told {
  const messages = openMessages(memory(file), { plan, framing, ...more });
  if (!messages.ok) throw new Error(messages.fault.cause);
  return readAll(messages.value);
}

export const hexes = (told: Told): readonly string[] => told.messages.map(message => message.hex);

const joined = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

export const concat = (...parts: readonly Uint8Array[]): Uint8Array => joined(parts);

const u16 = (value: number, little = false): Uint8Array =>
  little ? Uint8Array.of(value, value >> 8) : Uint8Array.of(value >> 8, value);
const u32 = (value: number, little = false): Uint8Array => {
  const bytes = Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
  return little ? bytes.reverse() : bytes;
};

/** Bits of a TCP header. */
export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;

export interface Tcp {
  readonly from: string;
  readonly fromPort: number;
  readonly to: string;
  readonly toPort: number;
  readonly sequence: number;
  readonly acknowledged?: number;
  readonly flags: number;
  readonly payload?: Uint8Array;
}

/** A TCP segment in an IPv4 packet, or an IPv6 one where the addresses have colons. Checksums are 0: nobody here looks at them. */
export function ipPacket(tcp: Tcp, extensions: Uint8Array = new Uint8Array(0), firstExtension = 6): Uint8Array {
  const payload = tcp.payload ?? new Uint8Array(0);
  const segment = concat(
    u16(tcp.fromPort),
    u16(tcp.toPort),
    u32(tcp.sequence),
    u32(tcp.acknowledged ?? 0),
    // Twelve bytes of options, as most systems send them.
    u16((8 << 12) | tcp.flags),
    u16(0xffff),
    u32(0),
    new Uint8Array(12).fill(1),
    payload,
  );
  if (!tcp.from.includes(':')) {
    const address = (text: string): Uint8Array => Uint8Array.from(text.split('.'), Number);
    const head = concat(u16(0x4500), u16(20 + segment.length), u32(0), u16((64 << 8) | 6), u16(0));
    return concat(head, address(tcp.from), address(tcp.to), segment);
  }
  const address = (text: string): Uint8Array => concat(...text.split(':').map(part => u16(Number.parseInt(part, 16))));
  const head = concat(u32(0x60000000), u16(extensions.length + segment.length), Uint8Array.of(firstExtension, 64));
  return concat(head, address(tcp.from), address(tcp.to), extensions, segment);
}

/** An Ethernet frame round an IP packet, with VLAN tags when they are wanted, and padding as short frames have. */
export function ethernet(packet: Uint8Array, vlans: readonly number[] = []): Uint8Array {
  const type = packet[0] >> 4 === 6 ? 0x86dd : 0x0800;
  const frame = concat(new Uint8Array(12), ...vlans.flatMap(tag => [u16(0x8100), u16(tag)]), u16(type), packet);
  return frame.length < 60 ? concat(frame, new Uint8Array(60 - frame.length).fill(0xee)) : frame;
}

export interface Captured {
  readonly timeUs: number;
  readonly bytes: Uint8Array;
  /** What was left out behind the bytes. */
  readonly missing?: number;
}

export interface PcapForm {
  readonly linkType?: number;
  readonly little?: boolean;
  readonly nanoseconds?: boolean;
}

export function pcap(
  packets: readonly Captured[],
  { linkType = 1, little = true, nanoseconds }: PcapForm = {},
): Uint8Array {
  const head = [u32(nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, little), u16(2, little), u16(4, little)];
  const rest = [u32(0), u32(0), u32(262_144, little), u32(linkType, little)];
  return joined([
    ...head,
    ...rest,
    ...packets.flatMap(({ timeUs, bytes, missing = 0 }) => [
      u32(Math.floor(timeUs / 1_000_000), little),
      u32((timeUs % 1_000_000) * (nanoseconds ? 1000 : 1), little),
      u32(bytes.length, little),
      u32(bytes.length + missing, little),
      bytes,
    ]),
  ]);
}

/** A block of a pcapng file. */
export function block(type: number, body: Uint8Array, little = true): Uint8Array {
  const padded = concat(body, new Uint8Array(-body.length & 3));
  const length = u32(padded.length + 12, little);
  return concat(u32(type, little), length, padded, length);
}

export const section = (little = true): Uint8Array =>
  block(0x0a0d0d0a, concat(u32(0x1a2b3c4d, little), u16(1, little), u16(0), u32(0xffffffff), u32(0xffffffff)), little);

export function interfaceBlock(linkType: number, options: Uint8Array = new Uint8Array(0), little = true): Uint8Array {
  return block(1, concat(u16(linkType, little), u16(0), u32(0), options), little);
}

export function option(code: number, value: Uint8Array, little = true): Uint8Array {
  return concat(u16(code, little), u16(value.length, little), value, new Uint8Array(-value.length & 3));
}

/** An enhanced packet block; `units`: its time in units of the interface. */
export function enhanced(id: number, units: bigint, bytes: Uint8Array, little = true): Uint8Array {
  const time = [u32(Number(units >> 32n), little), u32(Number(units & 0xffffffffn), little)];
  const length = u32(bytes.length, little);
  return block(6, concat(u32(id, little), ...time, length, length, bytes, new Uint8Array(-bytes.length & 3)), little);
}

export const simple = (bytes: Uint8Array, little = true): Uint8Array =>
  block(3, concat(u32(bytes.length, little), bytes), little);

/** An old packet block. */
export function oldPacket(id: number, timeUs: number, bytes: Uint8Array, little = true): Uint8Array {
  const time = [u32(Math.floor(timeUs / 2 ** 32), little), u32(timeUs % 2 ** 32, little)];
  const length = u32(bytes.length, little);
  return block(2, concat(u16(id, little), u16(0), ...time, length, length, bytes), little);
}

/** A TCP connection that writes the packets of what is said on it. */
export class Talk {
  readonly packets: Captured[] = [];
  timeUs: number;
  private readonly ends: { address: string; port: number; next: number }[];

  constructor(
    client = '10.1.2.3',
    clientPort = 40_000,
    server = '10.9.9.9',
    serverPort = 8583,
    timeUs = 1_700_000_000_000_000,
  ) {
    this.timeUs = timeUs;
    this.ends = [
      { address: client, port: clientPort, next: 0xffff_fff0 },
      { address: server, port: serverPort, next: 77 },
    ];
  }

  open(): this {
    return this.send(0, SYN)
      .send(1, SYN | ACK)
      .send(0, ACK);
  }

  close(): this {
    return this.send(0, FIN | ACK)
      .send(1, FIN | ACK)
      .send(0, ACK);
  }

  /** Says something in pieces of `size` bytes. */
  say(side: 0 | 1, bytes: Uint8Array, size = 1460): this {
    for (let at = 0; at < bytes.length; at += size) {
      const last = at + size >= bytes.length;
      this.send(side, last ? ACK | PSH : ACK, bytes.subarray(at, at + size));
    }
    return this;
  }

  send(side: 0 | 1, flags: number, payload: Uint8Array = new Uint8Array(0)): this {
    const me = this.ends[side];
    const you = this.ends[1 - side];
    const tcp: Tcp = {
      from: me.address,
      fromPort: me.port,
      to: you.address,
      toPort: you.port,
      sequence: me.next,
      acknowledged: (flags & ACK) === 0 ? 0 : you.next,
      flags,
      payload,
    };
    this.packets.push({ timeUs: (this.timeUs += 1000), bytes: ipPacket(tcp) });
    me.next = (me.next + payload.length + ((flags & (SYN | FIN)) === 0 ? 0 : 1)) >>> 0;
    return this;
  }

  /** Passes over bytes of a side, as a capture that dropped packets does. */
  drop(side: 0 | 1, count: number): this {
    this.ends[side].next = (this.ends[side].next + count) >>> 0;
    return this;
  }
}

/** The packets with an Ethernet header in front. */
export const onEthernet = (packets: readonly Captured[], vlans?: readonly number[]): Captured[] =>
  packets.map(packet => ({ ...packet, bytes: ethernet(packet.bytes, vlans) }));
