/** What a packet begins with (LINKTYPE numbers of tcpdump), as far as it is read. */
export const LinkType = {
  null: 0,
  ethernet: 1,
  raw: 101,
  loop: 108,
  linuxSll: 113,
  ipv4: 228,
  ipv6: 229,
  linuxSll2: 276,
} as const;
/** What systems call raw IP in files of their own. */
const RAW_TOO: readonly number[] = [12, 14];

const ETHER_IPV4 = 0x0800;
const ETHER_IPV6 = 0x86dd;
const ETHER_VLANS: readonly number[] = [0x8100, 0x88a8, 0x9100];
const VLANS_MAX = 4;
const PROTOCOL_TCP = 6;
/** Extension headers of IPv6 that have their length in their second byte. */
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION = 60;
const EXTENSIONS_MAX = 16;
/** Middle of an IPv4 address that is written as an IPv6 one. */
const MAPPED = 0xffff;

export const Flag = { fin: 1, syn: 2, rst: 4, push: 8, ack: 16 } as const;

/** What became of a packet. */
export const Dissected = {
  segment: 0,
  /** Another protocol than TCP over IP. */
  other: 1,
  /** A piece of an IP packet, which is not put together. */
  fragment: 2,
  /** Shorter than its headers say, or headers that cannot be. */
  broken: 3,
  /** A link type that is not known here. */
  linkType: 4,
} as const;
export type Dissected = (typeof Dissected)[keyof typeof Dissected];

/** The TCP segment of a packet: addresses, ports, and where its payload lies in the packet's bytes. Reused, creates nothing. */
export class Segment {
  /** Addresses of sender and receiver, four words each; IPv4 as mapped into IPv6. */
  readonly source = new Int32Array(4);
  readonly target = new Int32Array(4);
  sourcePort = 0;
  targetPort = 0;
  /** Sequence and acknowledgement as signed words: only differences are of use. */
  sequence = 0;
  acknowledged = 0;
  flags = 0;
  /** Payload: `bytes[from, to)` of the packet. */
  from = 0;
  to = 0;
  /** Bytes of the payload that the capture left out. */
  missing = 0;

  /** Takes a packet apart. */
  open(linkType: number, bytes: Uint8Array, from: number, to: number): Dissected {
    switch (linkType) {
      case LinkType.ethernet:
        return to - from < 14 ? Dissected.broken : this.ether(bytes, from + 12, to);
      case LinkType.linuxSll:
        return to - from < 16 ? Dissected.broken : this.ether(bytes, from + 14, to);
      case LinkType.linuxSll2: {
        if (to - from < 20) return Dissected.broken;
        const type = u16(bytes, from);
        return type === ETHER_IPV4 || type === ETHER_IPV6 ? this.ip(bytes, from + 20, to) : Dissected.other;
      }
      case LinkType.null:
      case LinkType.loop:
        // The number of the address family differs from system to system; the version of IP says the same.
        return to - from < 4 ? Dissected.broken : this.ip(bytes, from + 4, to);
      case LinkType.raw:
      case LinkType.ipv4:
      case LinkType.ipv6:
        return this.ip(bytes, from, to);
      default:
        return RAW_TOO.includes(linkType) ? this.ip(bytes, from, to) : Dissected.linkType;
    }
  }

  /** From the type of an Ethernet frame on. */
  private ether(bytes: Uint8Array, at: number, to: number): Dissected {
    let type = u16(bytes, at);
    for (let tags = 0; tags < VLANS_MAX && ETHER_VLANS.includes(type); tags++) {
      at += 4;
      if (at + 2 > to) return Dissected.broken;
      type = u16(bytes, at);
    }
    return type === ETHER_IPV4 || type === ETHER_IPV6 ? this.ip(bytes, at + 2, to) : Dissected.other;
  }

  private ip(bytes: Uint8Array, at: number, to: number): Dissected {
    if (at >= to) return Dissected.broken;
    const version = bytes[at] >> 4;
    return version === 4 ? this.ipv4(bytes, at, to) : version === 6 ? this.ipv6(bytes, at, to) : Dissected.other;
  }

  private ipv4(bytes: Uint8Array, at: number, to: number): Dissected {
    const head = (bytes[at] & 0x0f) * 4;
    if (head < 20 || to - at < head) return Dissected.broken;
    if (bytes[at + 9] !== PROTOCOL_TCP) return Dissected.other;
    if ((u16(bytes, at + 6) & 0x3fff) !== 0) return Dissected.fragment;
    this.source[0] = this.source[1] = this.target[0] = this.target[1] = 0;
    this.source[2] = this.target[2] = MAPPED;
    this.source[3] = word(bytes, at + 12);
    this.target[3] = word(bytes, at + 16);
    // Captured before the network card cut it, a packet may leave its length open.
    const total = u16(bytes, at + 2);
    const end = total === 0 ? to : at + total;
    return total !== 0 && total < head ? Dissected.broken : this.tcp(bytes, at + head, to, end);
  }

  private ipv6(bytes: Uint8Array, at: number, to: number): Dissected {
    if (to - at < 40) return Dissected.broken;
    for (let i = 0; i < 4; i++) {
      this.source[i] = word(bytes, at + 8 + 4 * i);
      this.target[i] = word(bytes, at + 24 + 4 * i);
    }
    const payload = u16(bytes, at + 4);
    const end = payload === 0 ? to : at + 40 + payload;
    let next = bytes[at + 6];
    at += 40;
    for (let count = 0; next !== PROTOCOL_TCP; count++) {
      const extension = next === HOP_BY_HOP || next === ROUTING || next === DESTINATION || next === AUTHENTICATION;
      if (next === FRAGMENT) return Dissected.fragment;
      if (!extension) return Dissected.other;
      if (count === EXTENSIONS_MAX || at + 2 > to) return Dissected.broken;
      const length = next === AUTHENTICATION ? (bytes[at + 1] + 2) * 4 : (bytes[at + 1] + 1) * 8;
      next = bytes[at];
      at += length;
    }
    return this.tcp(bytes, at, to, end);
  }

  /** `to` is where the captured bytes end, `end` where the packet did. */
  private tcp(bytes: Uint8Array, at: number, to: number, end: number): Dissected {
    if (to - at < 20 || end - at < 20) return Dissected.broken;
    const head = (bytes[at + 12] >> 4) * 4;
    if (head < 20 || at + head > end) return Dissected.broken;
    this.sourcePort = u16(bytes, at);
    this.targetPort = u16(bytes, at + 2);
    this.sequence = word(bytes, at + 4);
    this.acknowledged = word(bytes, at + 8);
    this.flags = bytes[at + 13];
    this.from = Math.min(at + head, to);
    this.to = Math.min(end, to);
    this.missing = end - at - head - (this.to - this.from);
    return Dissected.segment;
  }
}

/** An address for people: `10.0.0.1`, `2001:db8:0:0:0:0:0:1`. */
export function addressText(words: Int32Array, at = 0): string {
  if (words[at] === 0 && words[at + 1] === 0 && words[at + 2] === MAPPED) {
    const address = words[at + 3];
    return [24, 16, 8, 0].map(shift => (address >>> shift) & 0xff).join('.');
  }
  const halves = [0, 1, 2, 3].flatMap(i => [words[at + i] >>> 16, words[at + i] & 0xffff]);
  return halves.map(half => half.toString(16)).join(':');
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}
