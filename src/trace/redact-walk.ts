import { CLASSES_OF_BYTE } from '../iso8583/characters.ts';
import type { Unit } from '../iso8583/field-value.ts';
import { LENGTH_ENCODINGS, SUBFIELD_DEPTH_MAX } from '../iso8583/source.ts';
import { fromEbcdic, toEbcdic } from '../wire/ebcdic.ts';
import { hexValue } from '../wire/hex.ts';
import { REST, TOLD, type Chain, type ChainTag, type Layout, type Part, type PartMap } from './redact-layout.ts';
import { Action, type Marker, markRuns, PAN_MIN } from './redact-marks.ts';
import type { TlvRedactor } from './redact-tlv.ts';

/** Most pieces of one value; what comes after them is marked whole. */
const PIECES_MAX = 1000;
const BITS_MAX = 256;
const ASCII = LENGTH_ENCODINGS.indexOf('ascii');
const EBCDIC = LENGTH_ENCODINGS.indexOf('ebcdic');
const BCD = LENGTH_ENCODINGS.indexOf('bcd');
/** A number that a payer shows as a code; its first two digits name the wallet. */
const CODE_MIN = 16;
const CODE_MAX = 24;

/**
 * Marks the parts of one value, whose units lie in `codes` one after the other. It takes a value apart as the dialect says and as
 * everything that shows values does; where the value does not fit, the rest is private and {@link problemAt} tells the place.
 */
export class LayoutWalker {
  /** First unit that does not fit its layout, or -1. */
  problemAt = -1;
  /** Units from the start that are known to be what the dialect says: public parts of fixed length, and one card number behind. */
  trusted = 0;
  private readonly marker: Marker;
  private readonly tlv: TlvRedactor;
  private readonly bits = Array.from({ length: SUBFIELD_DEPTH_MAX + 2 }, () => new Uint8Array(BITS_MAX));
  private codes: Uint8Array = new Uint8Array(0);
  private unit: Unit = 'byte';
  private trusting = true;
  private pieces = 0;

  constructor(marker: Marker, tlv: TlvRedactor) {
    this.marker = marker;
    this.tlv = tlv;
  }

  /** Marks `codes[0, size)`. What no part covers is marked as `gaps` says. */
  walk(layout: Layout, codes: Uint8Array, size: number, unit: Unit, gaps: number): void {
    this.codes = codes;
    this.unit = unit;
    this.problemAt = -1;
    this.trusted = 0;
    this.trusting = true;
    this.pieces = 0;
    if (!this.divide(layout, 0, size, 0, gaps)) this.mark(gaps, 0, size);
  }

  /** Marks `codes[from, to)` by an action, in the units of the value. */
  mark(action: number, from: number, to: number, packed = true, ebcdic = false): void {
    if (from >= to || action === Action.public || action === Action.mac) return;
    const { codes, unit } = this;
    if (unit === 'digit') return this.marker.digits(action, codes, from, to);
    if (unit === 'character') return this.marker.characters(action, codes, from, to);
    if (packed) return this.marker.bytes(action, codes, from, to);
    if (ebcdic) for (let i = from; i < to; i++) codes[i] = fromEbcdic(codes[i]);
    this.marker.characters(action, codes, from, to);
    if (ebcdic) for (let i = from; i < to; i++) codes[i] = toEbcdic(codes[i]);
  }

  /** False when nothing was found, so that the whole is to be marked by its own class. */
  private divide(layout: Layout, from: number, end: number, depth: number, gaps: number): boolean {
    const at = this.parts(layout.parts, from, end, depth, false);
    const some = layout.parts.length > 0 && at > from;
    if (at >= end) return some;
    if (layout.parts.length === 0 || depth > 0) this.trusting = false;
    if (layout.repeat !== undefined) return this.repeat(layout.repeat, at, end, depth);
    if (layout.chain !== undefined) return this.chain(layout.chain, at, end, at > from || depth > 0, gaps);
    if (layout.map !== undefined) return this.map(layout.map, at, end, depth);
    this.trusting = false;
    if (layout.tlv) return this.elements(at, end, depth);
    this.rest(at, end, true);
    return true;
  }

  private parts(parts: readonly Part[], from: number, end: number, depth: number, all: boolean): number {
    let at = from;
    for (let i = 0; i < parts.length; i++) {
      if (at >= end && !all) return end;
      at = this.part(parts[i], at, end, depth);
      if (at < 0) return end;
    }
    return at;
  }

  /** Where the part ends, or -1 after a mistake behind which nothing can be found. */
  private part(part: Part, headFrom: number, end: number, depth: number): number {
    this.pieces++;
    let from = headFrom;
    let size = part.length;
    if (size === REST) size = end - from;
    if (size === TOLD) {
      size = part.headUnits > end - headFrom ? -1 : this.number(headFrom, part.headUnits, part.headForm);
      if (size < 0 || size > part.max) {
        this.rest(headFrom, end, true);
        return -1;
      }
      from += part.headUnits;
    }
    const left = end - from;
    const whole = size <= left;
    if (!whole) {
      this.problem(from);
      size = left;
      if (left === 0 && from === headFrom) return -1;
    }
    const to = from + size;
    const { action } = part;
    if (depth === 0) this.trust(part, headFrom, from, to, whole);
    const divided =
      part.inside !== undefined &&
      depth < SUBFIELD_DEPTH_MAX &&
      size > 0 &&
      this.divide(part.inside, from, to, depth + 1, Action.private);
    if (!divided) {
      if (part.allowed !== 0) this.characters(part, from, to);
      if (headFrom < from) this.head(action, from, to, part.packed);
      this.mark(action, from, to, part.packed, part.ebcdic);
      // Free text that a host wrote.
      if (action === Action.public && part.length === REST && this.unit === 'character') markRuns(this.codes, from, to);
    }
    return whole ? to : -1;
  }

  private trust(part: Part, headFrom: number, from: number, to: number, whole: boolean): void {
    if (!this.trusting) return;
    const open = part.action === Action.public && part.inside === undefined;
    if (headFrom !== this.trusted || from !== headFrom || !whole || (!open && part.action !== Action.pan)) {
      this.trusting = false;
      return;
    }
    this.trusted = to;
    if (!open) this.trusting = false;
  }

  /** Value of the length before a part; -1 when it is no number. */
  private number(from: number, units: number, form: number): number {
    let value = 0;
    for (let i = from; i < from + units; i++) {
      const code = this.codes[i];
      if (form === BCD) {
        if (code >> 4 > 9 || (code & 15) > 9) return -1;
        value = value * 100 + (code >> 4) * 10 + (code & 15);
      } else if (form === ASCII || form === EBCDIC) {
        const digit = code - (form === EBCDIC ? 0xf0 : 0x30);
        if (digit < 0 || digit > 9) return -1;
        value = value * 10 + digit;
      } else {
        value = value * 256 + code;
      }
    }
    return value;
  }

  private characters(part: Part, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      if ((CLASSES_OF_BYTE[this.codes[i]] & part.allowed) !== 0) continue;
      this.problem(i);
      return;
    }
  }

  /** A value behind a length of its own: card data in it that is too short says that lengths are wrong. */
  private head(action: number, from: number, to: number, packed: boolean): void {
    const digits = this.unit === 'byte' && packed ? 2 * (to - from) : to - from;
    if ((action === Action.pan || action === Action.track) && digits < PAN_MIN) this.problem(from);
  }

  private repeat(parts: readonly Part[], from: number, end: number, depth: number): boolean {
    this.trusting = false;
    for (let at = from; at < end;) {
      if (this.pieces >= PIECES_MAX) {
        this.rest(at, end, true);
        return true;
      }
      at = this.parts(parts, at, end, depth, true);
    }
    return true;
  }

  private chain(chain: Chain, from: number, end: number, some: boolean, gaps: number): boolean {
    const { codes } = this;
    const head = chain.tagLength + chain.lengthDigits;
    let at = from;
    let found = 0;
    while (at < end && this.pieces < PIECES_MAX) {
      this.pieces++;
      if (at + head > end) break;
      const known = this.tagAt(chain, at);
      const size =
        chain.lengthDigits > 0 ? this.number(at + chain.tagLength, chain.lengthDigits, ASCII) : (known?.length ?? -1);
      const start = at + head;
      if (size < 0 || start + size > end) {
        // A value that begins with no tag of the dialect is no chain.
        if (found > 0 || known !== undefined) this.problem(at);
        break;
      }
      const inner = known?.chain;
      if (inner === undefined || size === 0 || !this.chain(inner, start, start + size, false, Action.private)) {
        this.head(known?.action ?? Action.private, start, start + size, true);
        this.text(known?.action ?? Action.private, start, start + size);
      }
      found++;
      at = start + size;
    }
    if (at >= end) return true;
    if (found > 0) this.rest(at, end, true);
    else if (some) this.mark(gaps, at, end);
    else return false;
    return codes.length > 0;
  }

  /** A text behind a tag: of a long number its first two digits stay, by which wallets are told apart. */
  private text(action: number, from: number, to: number): void {
    const { codes } = this;
    let code = action === Action.private && this.unit === 'character' && to - from >= CODE_MIN && to - from <= CODE_MAX;
    for (let i = from; i < to && code; i++) code = codes[i] >= 0x30 && codes[i] <= 0x39;
    this.mark(action, code ? from + 2 : from, to);
  }

  private tagAt(chain: Chain, at: number): ChainTag | undefined {
    const { codes } = this;
    for (let t = 0; t < chain.tags.length; t++) {
      const { tag } = chain.tags[t];
      let same = true;
      for (let i = 0; i < chain.tagLength && same; i++) same = codes[at + i] === tag[i];
      if (same) return chain.tags[t];
    }
    return undefined;
  }

  /** Parts that a bitmap announces. */
  private map(map: PartMap, start: number, end: number, depth: number): boolean {
    const { codes } = this;
    this.trusting = false;
    const set = this.bits[depth];
    let count = 0;
    let at = start;
    for (let more = true; more;) {
      more = false;
      const first = ((at - start) * map.bits) | 0;
      if (map.units > end - at) {
        this.rest(start, end, true);
        return true;
      }
      for (let i = 0; i < map.units; i++) {
        const code = map.bits === 4 ? hexValue(codes[at + i]) : codes[at + i];
        if (code < 0) {
          this.rest(start, end, true);
          return true;
        }
        for (let b = 0; b < map.bits; b++) {
          if (((code >> (map.bits - 1 - b)) & 1) === 0) continue;
          const bit = first + i * map.bits + b + 1;
          if (bit === 1 && map.extended) more = true;
          else set[count++] = bit;
        }
      }
      at += map.units;
    }
    for (let i = 0; i < count; i++) {
      const part = map.parts[set[i]];
      if (part === undefined) {
        this.rest(at, end, true);
        return true;
      }
      at = this.part(part, at, end, depth);
      if (at < 0) return true;
    }
    if (at < end) this.rest(at, end, true);
    return true;
  }

  private elements(from: number, end: number, depth: number): boolean {
    this.tlv.redact(this.codes, from, end, this.unit === 'character', depth);
    if (this.tlv.problemAt >= 0) this.problem(this.tlv.problemAt);
    return true;
  }

  /** What no layout explains. */
  private rest(from: number, end: number, problem: boolean): void {
    if (problem) this.problem(from);
    this.mark(Action.private, from, end);
  }

  private problem(at: number): void {
    if (this.problemAt < 0 || at < this.problemAt) this.problemAt = at;
  }
}
