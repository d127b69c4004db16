import { HEADER_LENGTH, TPDU_LENGTH, readFrameLength } from '../iso8583/frame.ts';
import type { FieldPlan } from '../iso8583/plan.ts';
import type { Framing } from '../iso8583/source.ts';
import { Beginning } from './cutter.ts';
import { Way, type ByteSource, type Messages } from './kinds.ts';
import { Lines } from './lines.ts';
import { Dissected, LinkType, Segment } from './segment.ts';
import { HexText, type HexDump } from './text.ts';
import { Troubles } from './troubles.ts';

/** Bytes that a short Ethernet frame is filled up with. */
const PADDING_MAX = 20;

/**
 * The messages in a text with hex in it. A dump may hold a frame with its length, several one after the other, a message without
 * length, or a body alone: then an empty TPDU and header (`60 00 …`) are put in front where the profile has them, so that the body stands
 * where its readers look for it. All dumps are one connection.
 */
export class TextMessages implements Messages {
  number = 0;
  way: Way = Way.unknown;
  readonly stream = 0;
  timeUs = 0;
  bytes: Uint8Array = new Uint8Array(0);
  from = 0;
  to = 0;
  private readonly lines: Lines;
  private readonly text: HexText;
  private readonly told = new Troubles();
  private readonly beginning: Beginning;
  private readonly bodies: readonly Beginning[];
  private readonly segment = new Segment();
  private dump: HexDump | undefined;
  /** Where the rest of the dump begins. */
  private at = 0;
  private ended = false;

  constructor(source: ByteSource, plan: FieldPlan, framing: Framing) {
    this.lines = new Lines(source, this.told);
    this.text = new HexText((line, why) => this.told.tell(this.lines.offset, `line ${line}: ${why}`));
    this.beginning = new Beginning(plan, framing);
    // What may be left out in front of a body, the least first.
    this.bodies = PARTS.filter(({ tpdu, header }) => (!tpdu || framing.tpdu) && (!header || framing.header)).map(
      parts => new Beginning(plan, { length: framing.length, ...parts }),
    );
  }

  get offset(): number {
    return this.lines.offset;
  }

  get troubles(): readonly { readonly offset: number; readonly why: string }[] {
    return this.told.list;
  }

  get troubleCount(): number {
    return this.told.count;
  }

  next(): boolean {
    for (;;) {
      if (this.dump !== undefined && this.at < this.dump.bytes.length) {
        if (this.cut(this.dump)) return true;
        continue;
      }
      this.dump = undefined;
      if (this.ended) return false;
      if (this.lines.next()) {
        this.dump = this.text.push(this.lines.text);
      } else {
        this.ended = true;
        this.dump = this.text.end();
      }
      this.at = 0;
    }
  }

  /** Takes the next message of a dump; false when what is left is none. */
  private cut(dump: HexDump): boolean {
    const { bytes } = dump;
    const { at } = this;
    const end = bytes.length;
    for (const body of this.bodies) {
      const { headLength, framing } = body;
      if (headLength > 0 && end - at >= headLength && body.framed(bytes, at, end)) {
        const length = readFrameLength(framing, bytes, at);
        if (length > 0 && at + headLength + length <= end)
          return this.give(dump, body, at + headLength, at + headLength + length);
      }
      if (end - at >= body.least && body.bare(bytes, at, end)) return this.give(dump, body, at, end);
    }
    if (at === 0 && this.takePacket(dump)) return false;
    if (at < end) {
      const what = at === 0 ? `${end} bytes of hex` : `${end - at} bytes behind a message`;
      this.told.tell(this.lines.offset, `line ${dump.line}: ${what} are no message of this profile`);
    }
    this.at = end;
    return false;
  }

  /** A dump of a whole packet, as network tools print it, becomes one of its payload. Packets are not put together here. */
  private takePacket(dump: HexDump): boolean {
    const { segment } = this;
    const { bytes } = dump;
    for (const linkType of [LinkType.ethernet, LinkType.raw, LinkType.linuxSll]) {
      if (segment.open(linkType, bytes, 0, bytes.length) !== Dissected.segment) continue;
      // Only a packet that fills the dump is believed to be one.
      if (segment.missing > 0 || segment.to < bytes.length - PADDING_MAX) continue;
      this.dump = { ...dump, bytes: bytes.subarray(segment.from, segment.to) };
      return true;
    }
    return false;
  }

  private give(dump: HexDump, parts: Beginning, from: number, to: number): boolean {
    this.at = to;
    this.number++;
    this.timeUs = dump.timeUs;
    this.bytes = dump.bytes;
    this.from = from;
    this.to = to;
    if (parts.partsLength !== this.beginning.partsLength) this.complete(parts);
    this.way = dump.way;
    if (this.way === Way.unknown) {
      const does = this.beginning.functionOf(this.bytes, this.from, this.to);
      if (does >= 0) this.way = does % 2 === 0 ? Way.toAcquirer : Way.fromAcquirer;
    }
    return true;
  }

  /** Puts what is missing in front. */
  private complete({ framing: parts }: Beginning): void {
    const { framing, partsLength } = this.beginning;
    const given = this.bytes.subarray(this.from, this.to);
    const tpduLength = parts.tpdu ? TPDU_LENGTH : 0;
    const headerLength = parts.header ? HEADER_LENGTH : 0;
    const whole = new Uint8Array(partsLength + given.length - tpduLength - headerLength);
    let at = 0;
    if (framing.tpdu) {
      if (parts.tpdu) whole.set(given.subarray(0, TPDU_LENGTH));
      else whole[0] = 0x60;
      at = TPDU_LENGTH;
    }
    if (framing.header) {
      if (parts.header) whole.set(given.subarray(tpduLength, tpduLength + HEADER_LENGTH), at);
      else whole[at] = 0x60;
    }
    whole.set(given.subarray(tpduLength + headerLength), partsLength);
    this.bytes = whole;
    this.from = 0;
    this.to = whole.length;
  }
}

const PARTS: readonly { readonly tpdu: boolean; readonly header: boolean }[] = [
  { tpdu: true, header: true },
  { tpdu: true, header: false },
  { tpdu: false, header: true },
  { tpdu: false, header: false },
];
