import { bcdText } from '../wire/bcd.ts';
import { toHex } from '../wire/hex.ts';
import { TLV_DEPTH_MAX, TlvCursor, TlvStatus } from '../wire/tlv.ts';
import { latin1, readable } from './characters.ts';
import type { MessageView } from './message-view.ts';
import { FieldTypeCode, type FieldClass, type FieldPlan, type Name } from './plan.ts';
import type { ChainSource, LayoutSource, PartSource, WhenSource } from './source.ts';

const UNKNOWN: Name = { zh: '未知标签', en: 'unknown tag' };
const REST: Name = { zh: '其余', en: 'rest' };

/**
 * One piece of a field. It remembers where it stands and reads its text only when asked, so that looking at a message
 * makes no string of what must stay hidden. Positions are in the field's own unit, counted from the value's start:
 * digits for n and z, bytes for the others.
 */
export class SubfieldValue {
  /** Part number (`60.3`), tag (`9F26`, `A4`), or `#1` for the first group of a repetition. */
  readonly id: string;
  readonly name: Name;
  readonly class: FieldClass;
  /** Unit at which its tag and length begin; equal to {@link from} when it has none. */
  readonly headFrom: number;
  readonly from: number;
  readonly size: number;
  readonly children: readonly SubfieldValue[];
  private readonly view: MessageView;
  private readonly field: number;
  private readonly asHex: boolean;
  private readonly meanings: Readonly<Record<string, Name>> | undefined;

  constructor(view: MessageView, field: number, spec: SubfieldSpec) {
    this.view = view;
    this.field = field;
    this.id = spec.id;
    this.name = spec.name;
    this.class = spec.class;
    this.headFrom = spec.headFrom ?? spec.from;
    this.from = spec.from;
    this.size = spec.size;
    this.children = spec.children ?? [];
    this.asHex = spec.asHex ?? false;
    this.meanings = spec.values;
  }

  /** Digits, characters (GBK where it is GBK) or upper-case hex. */
  get text(): string {
    const view = this.view;
    if (isPacked(view.plan, this.field))
      return bcdText(view.message, view.firstNibble(this.field) + this.from, this.size);
    const at = view.offset(this.field) + this.from;
    return this.asHex ? toHex(view.message, at, at + this.size) : readable(view.message, at, at + this.size);
  }

  /** What the value means, when the dialect says so. */
  get meaning(): Name | undefined {
    return this.meanings?.[this.text];
  }
}

interface SubfieldSpec {
  readonly id: string;
  readonly name: Name;
  readonly class: FieldClass;
  readonly headFrom?: number;
  readonly from: number;
  readonly size: number;
  readonly children?: readonly SubfieldValue[];
  readonly asHex?: boolean;
  readonly values?: Readonly<Record<string, Name>> | undefined;
}

/**
 * The pieces of a field as the dialect divides it for this message; empty when the field is absent or not divided.
 * What no layout explains comes last as one piece of class `private`.
 */
export function subfieldsOf(plan: FieldPlan, message: MessageView, field: number): readonly SubfieldValue[] {
  if (!message.has(field)) return [];
  const layout = plan.source.subfields[field]?.find(each => applies(plan, message, field, each.when));
  return layout === undefined ? [] : new Division(message, field).divide(layout);
}

/**
 * Text of one part by its number, e.g. `60.3`, taken from the field's layout that has no condition; empty when the
 * field is absent or ends before the part is complete.
 */
export function partText(plan: FieldPlan, message: MessageView, id: string): string {
  const field = Number(id.slice(0, id.indexOf('.')));
  if (!message.has(field)) return '';
  const parts = plan.source.subfields[field]?.find(each => each.when === undefined)?.parts ?? [];
  let from = 0;
  for (const part of parts) {
    const size = part.length ?? message.size(field) - from;
    if (part.id === id) return from + size <= message.size(field) ? valueText(message, field, from, size) : '';
    from += size;
  }
  return '';
}

function applies(plan: FieldPlan, message: MessageView, field: number, when: WhenSource | undefined): boolean {
  if (when === undefined) return true;
  const size = message.size(field);
  if (when.mti !== undefined && !when.mti.includes(mtiText(message.mti))) return false;
  if (when.length !== undefined && !when.length.includes(size)) return false;
  if (when.starts !== undefined) {
    const width = when.starts.length;
    if (size < width || valueText(message, field, 0, width) !== when.starts) return false;
  }
  return Object.entries(when.parts ?? {}).every(([id, texts]) => texts.includes(partText(plan, message, id)));
}

/** Four digits of a message type: 0x0210 → `0210`. */
export function mtiText(mti: number): string {
  return mti.toString(16).padStart(4, '0');
}

function isPacked(plan: FieldPlan, field: number): boolean {
  const type = plan.type[field];
  return type === FieldTypeCode.n || type === FieldTypeCode.z;
}

function valueText(message: MessageView, field: number, from: number, size: number): string {
  if (isPacked(message.plan, field)) return bcdText(message.message, message.firstNibble(field) + from, size);
  const at = message.offset(field) + from;
  return latin1(message.message, at, at + size);
}

/** Divides one value. Every loop moves forward by at least one unit, and values have at most 999. */
class Division {
  private readonly view: MessageView;
  private readonly field: number;
  private readonly end: number;
  private readonly binary: boolean;
  private at = 0;

  constructor(view: MessageView, field: number) {
    this.view = view;
    this.field = field;
    this.end = view.size(field);
    this.binary = view.plan.type[field] === FieldTypeCode.b;
  }

  divide(layout: LayoutSource): readonly SubfieldValue[] {
    const found: SubfieldValue[] = [];
    if (layout.parts !== undefined) this.parts(layout.parts, found);
    if (layout.repeat !== undefined) {
      for (let n = 1; this.at < this.end; n++) {
        const from = this.at;
        const group: SubfieldValue[] = [];
        this.parts(layout.repeat, group);
        const name = { zh: `第${n}笔`, en: `item ${n}` };
        found.push(this.make({ id: `#${n}`, name, class: 'private', from, size: this.at - from, children: group }));
      }
    } else if (layout.chain !== undefined) {
      found.push(...this.chain(layout.chain, this.at, this.end));
    } else if (layout.tlv === true && !isPacked(this.view.plan, this.field)) {
      const base = this.view.offset(this.field);
      found.push(...this.tlv(base + this.at, base + this.end, 0));
    } else if (this.at < this.end) {
      found.push(this.rest(this.at, this.end));
    }
    return found;
  }

  private parts(parts: readonly PartSource[], found: SubfieldValue[]): void {
    for (const part of parts) {
      if (this.at >= this.end) return;
      const left = this.end - this.at;
      const size = Math.min(part.length ?? left, left);
      found.push(
        this.make({
          id: part.id,
          name: part.name,
          class: part.class,
          from: this.at,
          size,
          asHex: this.binary && part.type === 'b',
          values: part.values,
        }),
      );
      this.at += size;
    }
  }

  private chain(chain: ChainSource, from: number, end: number): readonly SubfieldValue[] {
    const found: SubfieldValue[] = [];
    let at = from;
    while (at < end) {
      const head = chain.tagLength + chain.lengthDigits;
      if (at + head > end) break;
      const tag = valueText(this.view, this.field, at, chain.tagLength);
      const known = Object.hasOwn(chain.tags, tag) ? chain.tags[tag] : undefined;
      let size = known?.length ?? -1;
      if (chain.lengthDigits > 0) {
        const digits = valueText(this.view, this.field, at + chain.tagLength, chain.lengthDigits);
        size = /^\d+$/.test(digits) ? Number(digits) : -1;
      }
      if (size < 0 || at + head + size > end) break;
      const value = at + head;
      const children = known?.chain === undefined ? [] : this.chain(known.chain, value, value + size);
      found.push(
        this.make({
          id: tag,
          name: known?.name ?? UNKNOWN,
          class: known?.class ?? 'private',
          headFrom: at,
          from: value,
          size,
          children,
        }),
      );
      at = value + size;
    }
    // A value in which not even one element fits is no chain: it stays whole.
    if (at < end && found.length > 0) found.push(this.rest(at, end));
    return found;
  }

  private tlv(start: number, end: number, depth: number): readonly SubfieldValue[] {
    const base = this.view.offset(this.field);
    const bytes = this.view.message;
    const found: SubfieldValue[] = [];
    const cursor = new TlvCursor();
    cursor.open(bytes, start, end);
    while (cursor.next()) {
      const id = toHex(bytes, cursor.tagOffset, cursor.tagOffset + cursor.tagLength);
      const tags = this.view.plan.source.tags;
      const known = Object.hasOwn(tags, id) ? tags[id] : undefined;
      const inside = cursor.constructed && depth < TLV_DEPTH_MAX;
      found.push(
        this.make({
          id,
          name: known?.name ?? UNKNOWN,
          class: known?.class ?? 'private',
          headFrom: cursor.tagOffset - base,
          from: cursor.valueOffset - base,
          size: cursor.length,
          asHex: true,
          children: inside ? this.tlv(cursor.valueOffset, cursor.valueOffset + cursor.length, depth + 1) : [],
        }),
      );
    }
    if (cursor.status !== TlvStatus.end) found.push(this.rest(cursor.tagOffset - base, end - base));
    return found;
  }

  private rest(from: number, end: number): SubfieldValue {
    return this.make({ id: 'rest', name: REST, class: 'private', from, size: end - from, asHex: this.binary });
  }

  private make(spec: SubfieldSpec): SubfieldValue {
    return new SubfieldValue(this.view, this.field, spec);
  }
}
