import { assert } from '../assert.ts';
import { LinkType } from './segment.ts';
import { Way } from './kinds.ts';

/** Port of the acquirer's side in what is written, when nothing else is said. */
export const PORT = 8583;
/** Connections that are open at the same time; the one opened first is closed when another one begins. */
const OPEN_MAX = 4096;
/** Payload of one packet, bytes: Ethernet's 1500 without the headers of IP and TCP. */
const SEGMENT_MAX = 1460;
const ETHERNET_LENGTH = 14;
const IP_LENGTH = 20;
const TCP_LENGTH = 20;
const HEADS_LENGTH = ETHERNET_LENGTH + IP_LENGTH + TCP_LENGTH;
const BUFFER_LENGTH = 65_536;
/** Length of an enhanced packet block round its packet. */
const BLOCK_LENGTH = 32;
const FIRST_PORT = 49_152;
const PORTS = 16_384;
/** 10.0.0.2 answers, 10.1.0.1 and those after it ask. */
const SERVER = 0x0a000002;
const CLIENTS = 0x0a010001;
const FIN = 1;
const SYN = 2;
const PUSH = 8;
const ACK = 16;
/** Counting begins here in each connection: a fixed number, so that the same messages give the same file. */
const FIRST_SEQUENCE = 1000;

/** Takes what is written: `bytes[0, length)`, valid during the call. */
export interface ByteSink {
  write(bytes: Uint8Array, length: number): void;
}

/** A connection that is open: the next sequence number of its two sides. */
interface Open {
  readonly address: number;
  readonly port: number;
  client: number;
  server: number;
}

/**
 * Writes messages as a pcapng file that network tools open: each connection a TCP connection between invented addresses, from
 * SYN to FIN, over IPv4 and Ethernet with right checksums. Frames are given as they were on the line, their length included.
 */
export class PcapngWriter {
  private readonly sink: ByteSink;
  private readonly port: number;
  private readonly buffer = new Uint8Array(BUFFER_LENGTH);
  private at = 0;
  private readonly open = new Map<number, Open>();
  private packets = 0;
  private timeUs = 0;

  constructor(sink: ByteSink, program: string, port: number = PORT) {
    this.sink = sink;
    this.port = port;
    this.header(program);
  }

  /** One frame of a connection: `bytes[from, to)`. It is opened when it is not open yet. */
  frame(stream: number, way: Way, timeUs: number, bytes: Uint8Array, from: number, to: number): void {
    this.timeUs = timeUs;
    const open = this.open.get(stream) ?? this.connect(stream);
    // A message of which nothing is known is shown as one to the acquirer.
    const answer = way === Way.fromAcquirer;
    for (let at = from; at < to; at += SEGMENT_MAX) {
      const end = Math.min(to, at + SEGMENT_MAX);
      this.segment(open, answer, end === to ? PUSH | ACK : ACK, bytes, at, end);
    }
  }

  /** The connection ends; nothing when it is not open. */
  close(stream: number, timeUs: number): void {
    const open = this.open.get(stream);
    if (open === undefined) return;
    this.timeUs = timeUs;
    this.open.delete(stream);
    this.flags(open, false, FIN | ACK);
    this.flags(open, true, FIN | ACK);
    this.flags(open, false, ACK);
  }

  /** Closes what is open and writes the rest. */
  end(): void {
    for (const stream of this.open.keys()) this.close(stream, this.timeUs);
    this.flush();
  }

  private connect(stream: number): Open {
    const [first] = this.open.keys();
    if (this.open.size === OPEN_MAX) this.close(first, this.timeUs);
    const open: Open = {
      address: (CLIENTS + Math.floor(stream / PORTS)) >>> 0,
      port: FIRST_PORT + (stream % PORTS),
      client: FIRST_SEQUENCE,
      server: FIRST_SEQUENCE,
    };
    this.open.set(stream, open);
    this.flags(open, false, SYN);
    this.flags(open, true, SYN | ACK);
    this.flags(open, false, ACK);
    return open;
  }

  private flags(open: Open, answer: boolean, flags: number): void {
    this.segment(open, answer, flags, NOTHING, 0, 0);
  }

  private segment(open: Open, answer: boolean, flags: number, bytes: Uint8Array, from: number, to: number): void {
    const length = HEADS_LENGTH + to - from;
    const padded = (length + 3) & ~3;
    if (this.at + BLOCK_LENGTH + padded > BUFFER_LENGTH) this.flush();
    this.u32(6);
    this.u32(BLOCK_LENGTH + padded);
    this.u32(0);
    this.u32(Math.floor(this.timeUs / 0x1_0000_0000));
    this.u32(this.timeUs % 0x1_0000_0000);
    this.u32(length);
    this.u32(length);
    // Ethernet: addresses of our own making (the second bit of the first byte says so), then the type of IPv4.
    this.hardware(answer ? 1 : 2);
    this.hardware(answer ? 2 : 1);
    this.u16(0x0800);
    const source = answer ? SERVER : open.address;
    const target = answer ? open.address : SERVER;
    const ip = this.at;
    this.u16(0x4500);
    this.u16(length - ETHERNET_LENGTH);
    this.u16(this.packets++ & 0xffff);
    this.u16(0x4000);
    this.u16((64 << 8) | 6);
    this.u16(0);
    this.u32(source);
    this.u32(target);
    this.putChecksum(ip + 10, this.sum(ip, ip + IP_LENGTH, 0));
    const tcp = this.at;
    this.u16(answer ? this.port : open.port);
    this.u16(answer ? open.port : this.port);
    this.u32(answer ? open.server : open.client);
    this.u32(flags === SYN ? 0 : answer ? open.client : open.server);
    this.u16(((TCP_LENGTH / 4) << 12) | flags);
    this.u16(0xffff);
    this.u32(0);
    for (let i = from; i < to; i++) this.buffer[this.at++] = bytes[i];
    const pseudo = (source >>> 16) + (source & 0xffff) + (target >>> 16) + (target & 0xffff) + 6 + this.at - tcp;
    this.putChecksum(tcp + 16, this.sum(tcp, this.at, pseudo));
    while ((this.at & 3) !== 0) this.buffer[this.at++] = 0;
    this.u32(BLOCK_LENGTH + padded);
    const moved = to - from + ((flags & (SYN | FIN)) !== 0 ? 1 : 0);
    if (answer) open.server = (open.server + moved) >>> 0;
    else open.client = (open.client + moved) >>> 0;
  }

  /** Section and interface: Ethernet, times in microseconds. */
  private header(program: string): void {
    const name = new TextEncoder().encode(program);
    assert(name.length < 256, 'the name of the program is short');
    const padded = (name.length + 3) & ~3;
    const length = 28 + 4 + padded + 4;
    this.u32(0x0a0d0d0a);
    this.u32(length);
    this.u32(0x1a2b3c4d);
    this.u32(0x0001_0000);
    this.u32(0xffffffff);
    this.u32(0xffffffff);
    // Option 4: the program that wrote the file.
    this.u16(4);
    this.u16(name.length);
    this.buffer.set(name, this.at);
    this.at += padded;
    this.u32(0);
    this.u32(length);
    this.u32(1);
    this.u32(20);
    this.u16(LinkType.ethernet);
    this.u16(0);
    this.u32(0);
    this.u32(20);
  }

  private hardware(last: number): void {
    this.u16(0x0285);
    this.u16(0x8300);
    this.u16(last);
  }

  private u16(value: number): void {
    this.buffer[this.at++] = value >> 8;
    this.buffer[this.at++] = value;
  }

  private u32(value: number): void {
    this.u16(value >>> 16);
    this.u16(value & 0xffff);
  }

  /** Sum of the 16-bit words, as the checksums of the internet are made of. */
  private sum(from: number, to: number, start: number): number {
    const { buffer } = this;
    let sum = start;
    let at = from;
    for (; at + 1 < to; at += 2) sum += (buffer[at] << 8) | buffer[at + 1];
    return at < to ? sum + (buffer[at] << 8) : sum;
  }

  private putChecksum(at: number, sum: number): void {
    while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
    this.buffer[at] = ~sum >> 8;
    this.buffer[at + 1] = ~sum;
  }

  private flush(): void {
    this.sink.write(this.buffer, this.at);
    this.at = 0;
  }
}

const NOTHING = new Uint8Array(0);
