import type { ByteSource } from './kinds.ts';
import { PACKET_MAX, PacketFile, SEARCHED_MAX } from './packets.ts';

const HEADER_LENGTH = 24;
const MAGIC_US = 0xa1b2c3d4;
const MAGIC_NS = 0xa1b23c4d;
/** A variant of old Linux distributions, with eight bytes more before each packet. */
const MAGIC_WIDE = 0xa1b2cd34;
/** A packet that is found behind damage was captured within so many seconds of the one before it. */
const NEAR_S = 86_400;

/** The first four bytes of a pcap file as a big-endian number: one of its magics, in either order. */
export function isPcapMagic(word: number): boolean {
  return [MAGIC_US, MAGIC_NS, MAGIC_WIDE].some(magic => magic === word || swapped(magic) === word);
}

function swapped(word: number): number {
  return ((word >>> 24) | ((word >>> 8) & 0xff00) | ((word << 8) & 0xff0000) | (word << 24)) >>> 0;
}

/**
 * Packets of a pcap file: a header of 24 bytes (magic, version, snap length, link type), then for each packet seconds,
 * microseconds or nanoseconds, captured length and real length, u32 each, and the captured bytes. Behind a header that cannot be
 * right it goes on with the next one that can.
 */
export class PcapPackets extends PacketFile {
  private opened = false;
  private recordLength = 16;
  private fraction = 1_000_000;
  private lastS = 0;

  constructor(source: ByteSource) {
    super(source);
  }

  next(): boolean {
    const { intake } = this;
    if (!this.opened && !this.open()) return false;
    if (!intake.need(this.recordLength)) return this.finish('the header of a packet');
    if (!this.plausible(intake.at, PACKET_MAX)) {
      const from = intake.offset;
      const found = this.search();
      this.troubles.tell(from, `no packet begins here: ${intake.offset - from} bytes passed over`);
      if (!found) return this.finish('a packet');
    }
    const { at } = intake;
    const length = this.u32(at + 8);
    if (!intake.need(this.recordLength + length)) return this.finish('a packet');
    this.lastS = this.u32(intake.at);
    const part = this.u32(intake.at + 4);
    this.timeUs = this.lastS * 1_000_000 + (this.fraction === 1_000_000 ? part : Math.floor(part / 1000));
    this.from = intake.at + this.recordLength;
    this.to = intake.at = this.from + length;
    return true;
  }

  private open(): boolean {
    const { intake } = this;
    this.opened = true;
    if (!intake.need(HEADER_LENGTH)) return this.finish('the header of a pcap file');
    let magic = this.u32(intake.at);
    if (swapped(magic) === MAGIC_US || swapped(magic) === MAGIC_NS || swapped(magic) === MAGIC_WIDE) {
      this.little = true;
      magic = swapped(magic);
    }
    if (magic === MAGIC_NS) this.fraction = 1_000_000_000;
    if (magic === MAGIC_WIDE) this.recordLength = 24;
    // The upper half says how long a frame check sequence is, which stands behind what is looked at.
    this.linkType = this.u32(intake.at + 20) & 0xffff;
    intake.at += HEADER_LENGTH;
    return true;
  }

  private plausible(at: number, most: number): boolean {
    const length = this.u32(at + 8);
    return this.u32(at + 4) < this.fraction && length <= most && length <= this.u32(at + 12);
  }

  /** Moves to the next place where a packet may begin; false at the end. */
  private search(): boolean {
    const { intake } = this;
    const { recordLength } = this;
    for (;;) {
      intake.at++;
      if (!intake.need(recordLength)) return false;
      if (!this.near(intake.at)) continue;
      const length = this.u32(intake.at + 8);
      // The one behind it must be right as well, or the end must be there.
      if (intake.need(2 * recordLength + length)) {
        if (this.near(intake.at + recordLength + length)) return true;
      } else if (intake.end - intake.at === recordLength + length) return true;
    }
  }

  private near(at: number): boolean {
    if (!this.plausible(at, SEARCHED_MAX) || this.u32(at + 12) > PACKET_MAX) return false;
    return this.u32(at + 8) > 0 && (this.lastS === 0 || Math.abs(this.u32(at) - this.lastS) < NEAR_S);
  }
}
