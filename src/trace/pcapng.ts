import type { ByteSource } from './kinds.ts';
import { PACKET_MAX, PacketFile, SEARCHED_MAX } from './packets.ts';

/** Types of blocks. A section header reads the same in both orders of bytes. */
const Block = { section: 0x0a0d0d0a, interface: 1, packet: 2, simple: 3, enhanced: 6 } as const;
const ORDER_MAGIC = 0x1a2b3c4d;
const BLOCK_LEAST = 12;
/** Longest block that is read or passed over; what claims more is damage. */
const BLOCK_MAX = 67_108_864;
/** Longest block that must lie in memory whole: a packet with its header and options. */
const BLOCK_READ_MAX = PACKET_MAX + 16_384;
const INTERFACES_MAX = 1024;
const OPTION_END = 0;
const OPTION_RESOLUTION = 9;
const OPTION_SHIFT = 14;

/** First four bytes of a pcapng file, big-endian. */
export const PCAPNG_MAGIC: number = Block.section;

interface Interface {
  readonly linkType: number;
  readonly snapLength: number;
  /** Decimal digits, or binary ones, of a second that a unit of time is. */
  readonly decimals: number;
  readonly binary: boolean;
  readonly shiftS: number;
}

/**
 * Packets of a pcapng file: blocks of `type u32 | length u32 | … | length u32`, each a multiple of four bytes long. A section begins
 * with its own order of bytes and numbers its interfaces anew; enhanced, simple and old packet blocks are read, others passed
 * over. Behind a block that cannot be right it goes on with the next one that can.
 */
export class PcapngPackets extends PacketFile {
  private interfaces: Interface[] = [];

  constructor(source: ByteSource) {
    super(source);
  }

  next(): boolean {
    const { intake } = this;
    for (;;) {
      if (!intake.need(BLOCK_LEAST)) return this.finish('a block');
      const type = this.u32(intake.at);
      if (type === Block.section) {
        if (!this.section()) return false;
        continue;
      }
      const length = this.u32(intake.at + 4);
      if ((length & 3) !== 0 || length < BLOCK_LEAST || length > BLOCK_MAX) {
        if (!this.lost(`a block claims ${length} bytes`)) return false;
        continue;
      }
      const known = type === Block.enhanced || type === Block.simple || type === Block.packet;
      if (length > BLOCK_READ_MAX) {
        // No program writes packets of this size, but what a block of another kind holds may be large.
        if (known || type === Block.interface) {
          if (!this.lost(`a block of a packet or an interface claims ${length} bytes`)) return false;
        } else if (!intake.skip(length)) return this.cut(length);
        continue;
      }
      if (!intake.need(length)) {
        if (!this.lost(`a block claims ${length} bytes, more than there are`)) return false;
        continue;
      }
      if (this.u32(intake.at + length - 4) !== length) {
        if (!this.lost('the two lengths of a block differ')) return false;
        continue;
      }
      const at = intake.at + 8;
      const end = intake.at + length - 4;
      if (type === Block.interface) this.addInterface(at, end);
      const whole = known && this.packet(type, at, end);
      intake.at = end + 4;
      if (whole) return true;
    }
  }

  /** A section header at the cursor; false at the end. */
  private section(): boolean {
    const { intake } = this;
    const before = this.little;
    this.little = false;
    const order = this.u32(intake.at + 8);
    if (order !== ORDER_MAGIC) {
      this.little = true;
      if (this.u32(intake.at + 8) !== ORDER_MAGIC) {
        this.little = before;
        return this.lost('a section does not tell its order of bytes');
      }
    }
    const length = this.u32(intake.at + 4);
    if ((length & 3) !== 0 || length < 28 || length > BLOCK_MAX)
      return this.lost(`a section header claims ${length} bytes`);
    if (!intake.skip(length)) return this.cut(length);
    this.interfaces = [];
    return true;
  }

  private addInterface(at: number, end: number): void {
    if (end - at < 8) return this.troubles.tell(this.intake.offset, 'an interface block is too short');
    if (this.interfaces.length === INTERFACES_MAX) {
      return this.troubles.tell(this.intake.offset, `more than ${INTERFACES_MAX} interfaces in a section`);
    }
    const linkType = this.u16(at);
    const snapLength = this.u32(at + 4);
    let resolution = 6;
    let shiftS = 0;
    for (let option = at + 8; option + 4 <= end;) {
      const code = this.u16(option);
      const length = this.u16(option + 2);
      if (code === OPTION_END) break;
      if (option + 4 + length > end) {
        this.troubles.tell(this.intake.offset, 'an option runs out of its block');
        break;
      }
      if (code === OPTION_RESOLUTION && length === 1) resolution = this.bytes[option + 4];
      // The number has 64 bits; captures of this age need its lower half, with the sign of the upper one.
      if (code === OPTION_SHIFT && length === 8) shiftS = this.u32(this.little ? option + 4 : option + 8) | 0;
      option += 4 + ((length + 3) & ~3);
    }
    this.interfaces.push({ linkType, snapLength, decimals: resolution & 0x7f, binary: resolution > 0x7f, shiftS });
  }

  /** The packet of a block whose body is `[at, end)`; false when it makes no sense. */
  private packet(type: number, at: number, end: number): boolean {
    const head = type === Block.simple ? 4 : 20;
    if (end - at < head) return this.senseless('a packet block is too short');
    const id = type === Block.enhanced ? this.u32(at) : type === Block.packet ? this.u16(at) : 0;
    if (id >= this.interfaces.length) return this.senseless(`there is no interface ${id}`);
    const { linkType, snapLength } = this.interfaces[id];
    let length = type === Block.simple ? this.u32(at) : this.u32(at + 12);
    // A simple block says only how long the packet was.
    if (type === Block.simple) length = Math.min(length, snapLength === 0 ? length : snapLength, end - at - head);
    if (length > end - at - head) return this.senseless(`a packet of ${length} bytes runs out of its block`);
    this.linkType = linkType;
    this.timeUs = type === Block.simple ? 0 : this.time(this.interfaces[id], this.u32(at + 4), this.u32(at + 8));
    this.from = at + head;
    this.to = this.from + length;
    return true;
  }

  /** Microseconds of a time of two words; the common units keep every digit. */
  private time(from: Interface, high: number, low: number): number {
    const { decimals, binary, shiftS } = from;
    const shiftUs = shiftS * 1_000_000;
    const units = high * 0x1_0000_0000 + low;
    if (binary) return Math.floor((units / 2 ** decimals) * 1_000_000) + shiftUs;
    if (decimals === 9) return high * 4_294_967 + Math.floor((high * 296 + low) / 1000) + shiftUs;
    if (decimals === 6) return units + shiftUs;
    return Math.floor(units * 10 ** (6 - decimals)) + shiftUs;
  }

  private senseless(why: string): false {
    this.troubles.tell(this.intake.offset, why);
    return false;
  }

  private cut(length: number): false {
    this.troubles.tell(this.intake.offset, `the capture ends within a block of ${length} bytes`);
    return this.finish('a block');
  }

  /** Moves on to the next place where a block begins that can be right; false at the end. */
  private lost(why: string): boolean {
    const { intake } = this;
    const from = intake.offset;
    let found = false;
    for (intake.at++; !found && intake.need(BLOCK_LEAST);) {
      found = this.fits();
      if (!found) intake.at++;
    }
    if (!found) intake.at = intake.end;
    this.troubles.tell(from, `${why}: ${intake.offset - from} bytes passed over`);
    return found || this.finish('a block');
  }

  private fits(): boolean {
    const { intake } = this;
    const type = this.u32(intake.at);
    if (type === Block.section) {
      const { bytes, at } = intake;
      const order = (bytes[at + 8] << 24) | (bytes[at + 9] << 16) | (bytes[at + 10] << 8) | bytes[at + 11];
      return order === ORDER_MAGIC || order === 0x4d3c2b1a;
    }
    if (type === 0 || type > Block.enhanced) return false;
    const length = this.u32(intake.at + 4);
    if ((length & 3) !== 0 || length < BLOCK_LEAST || length > SEARCHED_MAX) return false;
    return intake.need(length) && this.u32(intake.at + length - 4) === length;
  }
}
