import type { ByteSource } from './kinds.ts';
import { Intake } from './intake.ts';
import { Troubles } from './troubles.ts';

/** Longest packet, bytes: the largest that capture programs write. */
export const PACKET_MAX = 262_144;
/** Where a damaged capture is searched for its next packet, longer ones are not taken: they would be read over and over. */
export const SEARCHED_MAX = 65_536;

/** Packets of a capture file in their order. A cursor; the bytes are valid until the next call. */
export interface Packets {
  next(): boolean;
  /** The packet as far as it was captured: `bytes[from, to)`. */
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
  /** What the packet begins with, as tcpdump numbers it (LINKTYPE). */
  readonly linkType: number;
  /** Microseconds since 1970; 0 when it is not said. */
  readonly timeUs: number;
  /** Bytes of the capture up to the end of the packet. */
  readonly offset: number;
  readonly troubles: Troubles;
}

/** What readers of capture files have in common: the window, the order of bytes, the packet at the cursor. */
export abstract class PacketFile implements Packets {
  readonly troubles = new Troubles();
  readonly bytes: Uint8Array;
  from = 0;
  to = 0;
  linkType = 0;
  timeUs = 0;
  protected readonly intake: Intake;
  /** Numbers have their lowest byte first. */
  protected little = false;

  constructor(source: ByteSource) {
    this.intake = new Intake(source);
    this.bytes = this.intake.bytes;
  }

  get offset(): number {
    return this.intake.offset;
  }

  abstract next(): boolean;

  /** u16 at an index of the window. */
  protected u16(at: number): number {
    const { bytes } = this;
    return this.little ? bytes[at] | (bytes[at + 1] << 8) : (bytes[at] << 8) | bytes[at + 1];
  }

  /** u32 at an index of the window. */
  protected u32(at: number): number {
    const { bytes } = this;
    const word = this.little
      ? bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
      : (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
    return word >>> 0;
  }

  /** The end; tells of a source that failed, and of the bytes of something that is not whole. */
  protected finish(what: string): false {
    const { intake } = this;
    const left = intake.end - intake.at;
    if (left > 0) this.troubles.tell(intake.offset, `the capture ends within ${what}: ${left} bytes are left`);
    intake.at = intake.end;
    if (intake.fault !== undefined) this.troubles.tell(intake.offset, intake.fault);
    return false;
  }
}
