import { Kind, Link, type ByteSource } from '../../src/trace/kinds.ts';
import { TraceWriter, fileHeader } from '../../src/trace/writer.ts';
import type { BenchMessages } from './messages.ts';

/** Bytes of an image: more than the inner caches of a processor hold, little enough beside the memory that is measured. */
const IMAGE_BYTES = 4 * 1024 * 1024;
const START_US = 1_795_000_000_000_000;
const STEP_US = 250;

export type BenchFormat = 'own' | 'pcapng' | 'hex';

/** What a capture begins with, and a piece of it that may follow on itself any number of times. */
export interface Image {
  readonly head: Uint8Array;
  readonly piece: Uint8Array;
  /** Messages in one piece. */
  readonly messages: number;
}

/** A capture of any size without a disk: the head once, then the piece until `size` bytes are out. Only whole pieces. */
export class LoopSource implements ByteSource {
  readonly size: number;
  readonly fault = undefined;
  readonly pieces: number;
  private readonly image: Image;
  private at: number;

  constructor(image: Image, bytes: number) {
    this.image = image;
    this.pieces = Math.max(1, Math.floor((bytes - image.head.length) / image.piece.length));
    this.size = image.head.length + this.pieces * image.piece.length;
    this.at = 0;
  }

  read(into: Uint8Array): number {
    const { head, piece } = this.image;
    if (this.at === this.size) return 0;
    const inHead = this.at < head.length;
    const from = inHead ? this.at : (this.at - head.length) % piece.length;
    const bytes = inHead ? head : piece;
    const count = Math.min(into.length, bytes.length - from);
    into.set(bytes.subarray(from, from + count));
    this.at += count;
    return count;
  }
}

export function imageOf(format: BenchFormat, messages: BenchMessages): Image {
  switch (format) {
    case 'own':
      return ownImage(messages);
    case 'pcapng':
      return pcapngImage(messages);
    case 'hex':
      return hexImage(messages);
  }
}

/** A block for each message, as the recorder writes them: after each event. */
function ownImage({ list, slab }: BenchMessages): Image {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const writer = new TraceWriter({
    write(bytes, count) {
      pieces.push(bytes.slice(0, count));
      length += count;
    },
  });
  let count = 0;
  for (; length < IMAGE_BYTES || count % list.length !== 0; count++) {
    const { frameStart, bodyEnd } = list[count % list.length];
    const kind = count % 2 === 0 ? Kind.hostOut : Kind.hostIn;
    const at = writer.begin(kind, Link.counter, START_US + count * STEP_US, bodyEnd - frameStart);
    writer.bytes.set(slab.subarray(frameStart, bodyEnd), at);
    writer.flush();
  }
  return { head: fileHeader(), piece: joined(pieces), messages: count };
}

const PORT = 8583;
const CLIENT_PORT = 40_001;
const HEADERS = 14 + 20 + 20;
const SYN = 2;
const FIN_ACK = 0x11;
const PUSH_ACK = 0x18;

/** One connection per piece: SYN of both sides, a packet for each message, FIN of both. */
function pcapngImage({ list, slab }: BenchMessages): Image {
  const head = new Uint8Array(28 + 20);
  const view = new DataView(head.buffer);
  view.setUint32(0, 0x0a0d0d0a, true);
  view.setUint32(4, 28, true);
  view.setUint32(8, 0x1a2b3c4d, true);
  view.setUint16(12, 1, true);
  view.setBigInt64(16, -1n, true);
  view.setUint32(24, 28, true);
  view.setUint32(28, 1, true);
  view.setUint32(32, 20, true);
  view.setUint16(36, 1, true);
  view.setUint32(44, 20, true);
  const pieces: Uint8Array[] = [];
  let length = 0;
  let count = 0;
  const next = [1, 1];
  const packet = (fromClient: boolean, flags: number, payload: Uint8Array): void => {
    const side = fromClient ? 0 : 1;
    const block = packetBlock(fromClient, flags, next[side], next[1 - side], payload, START_US + count * STEP_US);
    next[side] = (next[side] + payload.length + ((flags & 3) === 0 ? 0 : 1)) >>> 0;
    pieces.push(block);
    length += block.length;
  };
  const nothing = new Uint8Array(0);
  packet(true, SYN, nothing);
  packet(false, SYN | 0x10, nothing);
  for (; length < IMAGE_BYTES || count % list.length !== 0; count++) {
    const { frameStart, bodyEnd } = list[count % list.length];
    packet(count % 2 === 0, PUSH_ACK, slab.subarray(frameStart, bodyEnd));
  }
  packet(true, FIN_ACK, nothing);
  packet(false, FIN_ACK, nothing);
  return { head, piece: joined(pieces), messages: count };
}

/** An enhanced packet block with Ethernet, IPv4 and TCP. Checksums are left at 0, as network cards leave them to captures. */
function packetBlock(
  fromClient: boolean,
  flags: number,
  sequence: number,
  acknowledged: number,
  payload: Uint8Array,
  timeUs: number,
): Uint8Array {
  const captured = HEADERS + payload.length;
  const padded = (captured + 3) & ~3;
  const block = new Uint8Array(32 + padded);
  const view = new DataView(block.buffer);
  view.setUint32(0, 6, true);
  view.setUint32(4, block.length, true);
  view.setUint32(12, Math.floor(timeUs / 0x1_0000_0000), true);
  view.setUint32(16, timeUs >>> 0, true);
  view.setUint32(20, captured, true);
  view.setUint32(24, captured, true);
  view.setUint32(28 + padded, block.length, true);
  const at = 28;
  view.setUint16(at + 12, 0x0800);
  const ip = at + 14;
  block[ip] = 0x45;
  view.setUint16(ip + 2, 40 + payload.length);
  block[ip + 8] = 64;
  block[ip + 9] = 6;
  view.setUint32(ip + 12, fromClient ? 0x0a000002 : 0x0a000001);
  view.setUint32(ip + 16, fromClient ? 0x0a000001 : 0x0a000002);
  const tcp = ip + 20;
  view.setUint16(tcp, fromClient ? CLIENT_PORT : PORT);
  view.setUint16(tcp + 2, fromClient ? PORT : CLIENT_PORT);
  view.setUint32(tcp + 4, sequence);
  view.setUint32(tcp + 8, acknowledged);
  block[tcp + 12] = 0x50;
  block[tcp + 13] = flags;
  view.setUint16(tcp + 14, 0xffff);
  block.set(payload, tcp + 20);
  return block;
}

/** Dumps as logs have them: a line with the direction, then rows with offset, 16 bytes and characters. */
function hexImage({ list, slab }: BenchMessages): Image {
  const lines: string[] = [];
  let length = 0;
  let count = 0;
  for (; length < IMAGE_BYTES || count % list.length !== 0; count++) {
    const { frameStart, bodyEnd } = list[count % list.length];
    lines.push(count % 2 === 0 ? 'send request' : 'recv response');
    for (let at = frameStart; at < bodyEnd; at += 16) {
      const row = Buffer.from(slab.subarray(at, Math.min(at + 16, bodyEnd)));
      const cells = row.toString('hex').replace(/../g, '$& ').padEnd(48);
      const text = row.toString('latin1').replace(/[^\x20-\x7e]/g, '.');
      lines.push(`${(at - frameStart).toString(16).padStart(4, '0')}: ${cells} ${text}`);
    }
    lines.push('');
    length += 90 * (2 + ((bodyEnd - frameStart) >> 4));
  }
  return {
    head: new Uint8Array(0),
    piece: new Uint8Array(Buffer.from(`${lines.join('\n')}\n`, 'latin1')),
    messages: count,
  };
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces));
}
