import { hexValue, toHex } from '../wire/hex.ts';
import { TlvCursor, TlvStatus } from '../wire/tlv.ts';
import { CLASSES_OF_BYTE, CharacterClass } from './characters.ts';
import type { FieldValue, Unit } from './field-value.ts';
import type { Name } from './plan.ts';
import {
  LENGTH_KINDS,
  SUBFIELD_DEPTH_MAX,
  type BitmapPartsSource,
  type ChainSource,
  type DivisionSource,
  type PartSource,
} from './source.ts';
import { Status } from './status.ts';
import { SubfieldValue, type Piece, type Reading, type SubfieldProblem } from './subfield-value.ts';
import * as words from './words.ts';

/** Most pieces of one value; what comes after them stays one rest. */
export const SUBFIELDS_MAX = 1000;

/** Name of every tag that the dialect does not list. */
export const UNKNOWN: Name = { zh: '未知标签', en: 'unknown tag' };
const REST: Name = { zh: '其余', en: 'rest' };
const BITMAP: Name = { zh: '位图', en: 'bitmap' };
/** Tags that `expected` lists before it says that there are more. */
const TAGS_LISTED_MAX = 12;

/**
 * Divides one value and notes what does not fit its layout. Every loop moves forward by at least one unit, a value gives at
 * most {@link SUBFIELDS_MAX} pieces, and pieces lie at most {@link SUBFIELD_DEPTH_MAX} levels deep.
 */
export class Division {
  readonly problems: SubfieldProblem[] = [];
  private readonly value: FieldValue;
  private pieces = 0;

  constructor(value: FieldValue) {
    this.value = value;
  }

  /** All pieces of the value; what the layout does not explain comes last as one hidden rest. */
  all(source: DivisionSource): readonly SubfieldValue[] {
    return this.divide(source, 0, this.value.size, String(this.value.field), 0);
  }

  private divide(source: DivisionSource, from: number, end: number, path: string, depth: number): SubfieldValue[] {
    const found: SubfieldValue[] = [];
    const at = source.parts === undefined ? from : this.parts(source.parts, from, end, path, depth, false, found);
    if (source.repeat !== undefined) this.repeat(source.repeat, at, end, path, depth, found);
    else if (source.chain !== undefined) found.push(...this.chain(source.chain, at, end, path));
    else if (source.bitmap !== undefined) this.bitmap(source.bitmap, at, end, path, depth, found);
    else if (source.tlv === true && this.value.unit !== 'digit') found.push(...this.tlvs(at, end, path, depth));
    else if (at < end) this.surplus(at, end, path, found);
    return found;
  }

  /** Takes the parts one after the other; `all`: none may be missing. Returns where they end, `end` after a mistake. */
  private parts(
    parts: readonly PartSource[],
    from: number,
    end: number,
    path: string,
    depth: number,
    all: boolean,
    found: SubfieldValue[],
  ): number {
    let at = from;
    for (const part of parts) {
      if (at >= end && !all) return end;
      at = this.part(part, at, end, path, depth, found);
      if (at < 0) return end;
    }
    return at;
  }

  /** Takes one part; returns where it ends, or -1 after a mistake behind which nothing can be found. */
  private part(
    part: PartSource,
    headFrom: number,
    end: number,
    above: string,
    depth: number,
    found: SubfieldValue[],
  ): number {
    const { unit } = this.value;
    const path = pathOf(above, part.id);
    let from = headFrom;
    let size = part.length === undefined ? end - from : 0;
    if (typeof part.length === 'number') size = part.length;
    if (typeof part.length === 'string') {
      const digits = LENGTH_KINDS.indexOf(part.length);
      const encoding = part.lengthEncoding ?? this.value.view.plan.source.defaults?.length ?? 'bcd';
      const packed = encoding === 'bcd' || encoding === 'binary';
      const head = unit === 'byte' && packed ? (digits + 1) >> 1 : digits;
      const most = part.max === undefined ? undefined : words.units(part.max, unit);
      const expected = words.length(digits, most, unit === 'byte' ? encoding : undefined);
      const refuse = (status: number, what: Name, marked: number): number => {
        this.problem(path, headFrom, marked, status, expected, what, part.name);
        if (headFrom < end) found.push(this.rest(headFrom, end, above));
        return -1;
      };
      if (head > end - headFrom) return refuse(Status.truncated, words.left(end - headFrom, unit), end - headFrom);
      size = this.prefix(headFrom, head, unit === 'byte' ? encoding : 'ascii');
      if (size < 0) return refuse(Status.lengthDigits, words.noNumber(), head);
      if (part.max !== undefined && size > part.max) return refuse(Status.tooLong, words.lengthOf(size), head);
      from += head;
    }
    const left = end - from;
    const whole = size <= left;
    if (!whole) {
      this.problem(path, from, left, Status.truncated, words.units(size, unit), words.left(left, unit), part.name);
      size = left;
      if (left === 0 && from === headFrom) return -1;
    }
    const reading = readingOf(part, unit);
    const children =
      part.inside === undefined || depth >= SUBFIELD_DEPTH_MAX
        ? []
        : this.divide(part.inside, from, from + size, path, depth + 1);
    const { id, name, class: shownAs, values } = part;
    found.push(this.make({ id, path, name, class: shownAs, headFrom, from, size, whole, children, reading, values }));
    if (children.length === 0 && part.type !== undefined) this.characters(part, from, size, path);
    return whole ? from + size : -1;
  }

  /** Value of a length before a part; -1 when it is no number. */
  private prefix(from: number, head: number, encoding: string): number {
    let number = 0;
    for (let i = from; i < from + head; i++) {
      const code = this.value.at(i);
      if (encoding === 'binary') {
        number = number * 256 + code;
      } else if (encoding === 'bcd') {
        if (code >> 4 > 9 || (code & 0x0f) > 9) return -1;
        number = number * 100 + (code >> 4) * 10 + (code & 0x0f);
      } else {
        const digit = code - (encoding === 'ebcdic' ? 0xf0 : 0x30);
        if (digit < 0 || digit > 9) return -1;
        number = number * 10 + digit;
      }
    }
    return number;
  }

  private characters(part: PartSource, from: number, size: number, path: string): void {
    const { unit } = this.value;
    const ebcdic = unit === 'byte' && part.encoding === 'ebcdic';
    const packed = unit === 'byte' && part.encoding === 'bcd';
    let allowed: number = CharacterClass.any;
    if (part.type === 'n') {
      allowed = packed ? CharacterClass.packed : ebcdic ? CharacterClass.ebcdicDigit : CharacterClass.digit;
    } else if (part.type === 'an') {
      allowed = ebcdic ? CharacterClass.ebcdicPrintable : CharacterClass.printable;
    } else if (part.type === 'ans') {
      allowed = ebcdic
        ? CharacterClass.ebcdicPrintable | CharacterClass.ebcdicUpper
        : CharacterClass.printable | CharacterClass.upper;
    }
    if (allowed === CharacterClass.any) return;
    for (let i = from; i < from + size; i++) {
      const code = this.value.at(i);
      if ((CLASSES_OF_BYTE[code] & allowed) !== 0) continue;
      const status = part.type === 'n' ? Status.digit : Status.character;
      const what = packed ? words.byte(code, part.class) : words.character(code, ebcdic, part.class);
      const found = words.place(i - from + 1, size, unit, what);
      this.problem(path, i, 1, status, words.typed(size, part.type ?? 'an', unit, part.encoding), found, part.name);
      return;
    }
  }

  private repeat(
    parts: readonly PartSource[],
    start: number,
    end: number,
    path: string,
    depth: number,
    found: SubfieldValue[],
  ): void {
    let at = start;
    for (let n = 1; at < end; n++) {
      if (this.full(at, end, path, found)) return;
      const from = at;
      const here = `${path}.#${n}`;
      const group: SubfieldValue[] = [];
      at = this.parts(parts, at, end, here, depth, true, group);
      const name = { zh: `第${n}笔`, en: `item ${n}` };
      found.push(
        this.make({ id: `#${n}`, path: here, name, class: 'private', from, size: at - from, children: group }),
      );
    }
  }

  private chain(chain: ChainSource, from: number, end: number, path: string): SubfieldValue[] {
    const { value } = this;
    const found: SubfieldValue[] = [];
    const { tagLength, lengthDigits } = chain;
    const head = tagLength + lengthDigits;
    let at = from;
    let known: ChainSource['tags'][string] | undefined;
    while (at < end) {
      if (this.full(at, end, path, found)) return found;
      known = undefined;
      const broken = (where: string, status: number, expected: Name, what: Name): void => {
        // A value in which not even one element fits, and which begins with no tag of the dialect, is no chain.
        if (found.length === 0 && known === undefined) return;
        this.problem(where, at, end - at, status, expected, what, known?.name);
      };
      if (at + head > end) {
        broken(path, Status.truncated, words.tagHead(tagLength, lengthDigits), words.left(end - at, value.unit));
        break;
      }
      const tag = value.plain(at, tagLength);
      if (Object.hasOwn(chain.tags, tag)) known = chain.tags[tag];
      const here = known === undefined ? path : `${path}.${tag}`;
      let size = known?.length ?? -1;
      if (lengthDigits > 0) {
        size = this.prefix(at + tagLength, lengthDigits, 'ascii');
        if (size < 0) broken(here, Status.lengthDigits, words.length(lengthDigits), words.noNumber());
      } else if (size < 0) {
        const tags = Object.keys(chain.tags);
        const more = tags.length > TAGS_LISTED_MAX;
        broken(path, Status.unknownField, words.oneOf(tags.slice(0, TAGS_LISTED_MAX), more), UNKNOWN);
      }
      if (size < 0) break;
      const start = at + head;
      if (start + size > end) {
        broken(here, Status.truncated, words.units(size, value.unit), words.left(end - start, value.unit));
        break;
      }
      const children = known?.chain === undefined ? [] : this.chain(known.chain, start, start + size, here);
      found.push(
        this.make({
          id: tag,
          path: `${path}.${tag}`,
          name: known?.name ?? UNKNOWN,
          class: known?.class ?? 'private',
          headFrom: at,
          from: start,
          size,
          children,
        }),
      );
      at = start + size;
    }
    if (at < end && found.length > 0) found.push(this.rest(at, end, path));
    return found;
  }

  private bitmap(
    source: BitmapPartsSource,
    start: number,
    end: number,
    path: string,
    depth: number,
    found: SubfieldValue[],
  ): void {
    if (start >= end) return;
    const { value } = this;
    const hex = (source.form ?? (value.unit === 'byte' ? 'binary' : 'hex')) === 'hex';
    const width = hex ? source.length * 2 : source.length;
    const bits = hex ? 4 : 8;
    const set: number[] = [];
    let at = start;
    for (let maps = 1; maps > 0; maps--) {
      const first = ((at - start) / width) * source.length * 8;
      const expected = words.bitmap(source.length, hex);
      if (width > end - at) {
        this.problem(path, at, end - at, Status.truncated, expected, words.left(end - at, value.unit));
        found.push(this.rest(start, end, path));
        return;
      }
      for (let i = 0; i < width; i++) {
        const code = hex ? hexValue(value.at(at + i)) : value.at(at + i);
        if (code < 0) {
          this.problem(path, at + i, 1, Status.character, expected, words.character(value.at(at + i), false, 'public'));
          found.push(this.rest(start, end, path));
          return;
        }
        for (let b = 0; b < bits; b++) if ((code >> (bits - 1 - b)) & 1) set.push(first + i * bits + b + 1);
      }
      at += width;
      if (first === 0 && source.extended === true && set[0] === 1) {
        set.shift();
        maps++;
      }
    }
    const size = at - start;
    const reading = value.unit === 'byte' && !hex ? 'hex' : 'text';
    const id = 'bitmap';
    found.push(this.make({ id, path: `${path}.${id}`, name: BITMAP, class: 'public', from: start, size, reading }));
    for (const bit of set) {
      if (!Object.hasOwn(source.parts, bit)) {
        const expected = words.oneOf(Object.keys(source.parts), false);
        this.problem(`${path}.${bit}`, start, size, Status.unknownField, expected, words.bit(bit));
        if (at < end) found.push(this.rest(at, end, path));
        return;
      }
      at = this.part(source.parts[bit], at, end, path, depth, found);
      if (at < 0) return;
    }
    if (at < end) this.surplus(at, end, path, found);
  }

  private tlvs(from: number, end: number, path: string, depth: number): SubfieldValue[] {
    // The walk is over plain bytes. Hex is made plain for it, outside of the engine's heap, and wiped at once.
    const bytes = this.value.copy(0, end);
    const found = this.tlv(bytes, from, end, path, depth);
    bytes.fill(0);
    return found;
  }

  private tlv(bytes: Uint8Array, start: number, end: number, path: string, depth: number): SubfieldValue[] {
    const { tags } = this.value.view.plan.source;
    const found: SubfieldValue[] = [];
    const cursor = new TlvCursor();
    cursor.open(bytes, start, end);
    // Where the first element stands that is no tag of the dialect and may be a stretch of digits read as a tag.
    let doubtful = -1;
    while (cursor.next()) {
      const { tagOffset, valueOffset, length } = cursor;
      if (this.full(tagOffset, end, path, found)) return found;
      const id = toHex(bytes, tagOffset, tagOffset + cursor.tagLength);
      const known = Object.hasOwn(tags, id) ? tags[id] : undefined;
      if (known === undefined && cursor.tagLength === 1 && doubtful < 0) doubtful = found.length;
      const here = `${path}.${id}`;
      let children: readonly SubfieldValue[] = [];
      if (cursor.constructed && depth < SUBFIELD_DEPTH_MAX) {
        children = this.tlv(bytes, valueOffset, valueOffset + length, here, depth + 1);
      }
      found.push(
        this.make({
          id,
          path: here,
          name: known?.name ?? UNKNOWN,
          class: known?.class ?? 'private',
          headFrom: tagOffset,
          from: valueOffset,
          size: length,
          children,
          reading: 'hex',
        }),
      );
    }
    if (cursor.status === TlvStatus.end) return found;
    this.brokenTlv(bytes, cursor.tagOffset, end, path, cursor.status);
    // After a wrong length card data may stand where tags are looked for, so that what is doubtful is not told.
    const from = doubtful < 0 ? cursor.tagOffset : found[doubtful].headFrom;
    if (doubtful >= 0) found.length = doubtful;
    found.push(this.rest(from, end, path));
    return found;
  }

  /** What is wrong with the element at `start`, at which a cursor stopped with `status`. */
  private brokenTlv(bytes: Uint8Array, start: number, end: number, path: string, status: number): void {
    let at = start + 1;
    if ((bytes[start] & 0x1f) === 0x1f) while (at < end && (bytes[at++] & 0x80) !== 0);
    const tag = toHex(bytes, start, at);
    const { tags } = this.value.view.plan.source;
    const known = Object.hasOwn(tags, tag) ? tags[tag].name : undefined;
    const here = known === undefined ? path : `${path}.${tag}`;
    const refuse = (name: number, expected: Name, found: Name): void =>
      this.problem(here, start, end - start, name, expected, found, known ?? UNKNOWN);
    if (status === TlvStatus.tag) return refuse(Status.tooLong, words.TAG_LONGEST, words.TAG_LONGER);
    if (at >= end) return refuse(Status.truncated, words.TAG_AND_LENGTH, words.left(end - start, 'byte'));
    const first = bytes[at++];
    const more = first < 0x80 ? 0 : first & 0x7f;
    // Of an unknown tag not even the length is told: it may be a stretch of something hidden.
    if (status === TlvStatus.length) {
      const found = known === undefined ? words.LENGTH_OTHER : words.lengthByte(first);
      return refuse(Status.tooLong, words.LENGTH_DEFINITE, found);
    }
    if (more > end - at) return refuse(Status.truncated, words.LENGTH_WHOLE, words.left(end - at, 'byte'));
    let size = more === 0 ? first : 0;
    for (let i = 0; i < more; i++) size = size * 256 + bytes[at++];
    const expected = known === undefined ? words.LENGTH_TOLD : words.units(size, 'byte');
    refuse(Status.truncated, expected, words.left(end - at, 'byte'));
  }

  /** True when the value has as many pieces as we look at: the rest stays one. */
  private full(at: number, end: number, path: string, found: SubfieldValue[]): boolean {
    if (this.pieces < SUBFIELDS_MAX) return false;
    this.problem(
      path,
      at,
      end - at,
      Status.tooLong,
      words.pieces(SUBFIELDS_MAX),
      words.units(end - at, this.value.unit),
    );
    found.push(this.rest(at, end, path));
    return true;
  }

  private surplus(at: number, end: number, path: string, found: SubfieldValue[]): void {
    this.problem(path, at, end - at, Status.trailing, words.END, words.units(end - at, this.value.unit));
    found.push(this.rest(at, end, path));
  }

  private rest(from: number, end: number, path: string): SubfieldValue {
    const reading = this.value.unit === 'byte' ? 'hex' : 'text';
    const id = 'rest';
    return this.make({ id, path: `${path}.${id}`, name: REST, class: 'private', from, size: end - from, reading });
  }

  private make(piece: Piece): SubfieldValue {
    this.pieces++;
    return new SubfieldValue(this.value, piece);
  }

  private problem(
    path: string,
    from: number,
    size: number,
    status: number,
    expected: Name,
    found: Name,
    name?: Name,
  ): void {
    this.problems.push({ path, name, from, size, status, expected, found });
  }
}

/** What the units of a part are read as. */
export function readingOf(part: PartSource, unit: Unit): Reading {
  if (unit === 'byte' && (part.type === 'b' || part.encoding === 'bcd')) return 'hex';
  return part.encoding === 'ebcdic' ? 'ebcdic' : 'text';
}

/** `60` and `60.2` → `60.2`; `54.#1` and `54.2` → `54.#1.2`; `127.25` and `127.25.3` → `127.25.3`. */
function pathOf(above: string, id: string): string {
  if (id.startsWith(`${above}.`)) return id;
  return above + id.slice(id.indexOf('.'));
}
