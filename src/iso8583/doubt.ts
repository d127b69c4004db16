import { FieldValue } from './field-value.ts';
import type { MessageView } from './message-view.ts';
import { FIELD_MAX, FieldTypeCode, fieldClass, type FieldClass, type FieldPlan, type Name } from './plan.ts';
import type { DivisionSource } from './source.ts';
import { Status } from './status.ts';
import { divideField, isDivided, UNDIVIDED, type DividedField, type SubfieldValue } from './subfields.ts';

/** Digits that a card number has at least. */
const PAN_LENGTH_MIN = 12;
/** Greatest values that are shown in a doubtful stretch: of any content, and where the dialect lists the content. */
const SHORT_MAX = 2;
const LISTED_MAX = 6;
/** Bytes of packed digits that may be seen of a card number. */
const DIGIT_BYTES_MAX = 3;

const ERROR: Name = {
  zh: '报文有错，其后各值可能错位而含有卡片数据',
  en: 'the message is not right, so values may be out of place and hold card data',
};
const SHORT: Name = {
  zh: '卡片数据短于卡号，其后各值可能错位而含有卡片数据',
  en: 'card data is shorter than a card number, so values behind it may be out of place and hold card data',
};
const INSIDE: Name = {
  zh: '域内有错，其后各值可能错位而含有卡片数据',
  en: 'something inside of a field is not right, so values behind it may be out of place and hold card data',
};

/**
 * Which values of the message that a view holds may be something else than their class says. A wrong length or a wrong bit
 * of a bitmap moves all that follows, and a field that is public then shows a piece of a card number or a track. So:
 *
 * - A message that could not be decoded to its end is doubtful behind the place of the first field of its dialect that is
 *   hidden and of variable length (2 in all shipped dialects), whether the bitmap names it or not: the bitmap may be wrong.
 * - When card data of variable length is there and shorter than a card number, all fields behind it are doubtful.
 * - When a field does not fit its layout, has such short card data inside, or has the tag of card data inside of the value
 *   of a public tag, and it may hold card data of variable length or stands behind a field that may: then it is doubtful from
 *   its first part that is hidden, wrong or of variable length, and all fields behind it are.
 *
 * Of a doubtful stretch a public value is shown when it has at most two digits or characters, or is one of the values that
 * the dialect lists for the field and has at most six; but never when the value before it on the wire shows something,
 * because short neighbours together would show a card number. Of a doubtful message second and third bitmaps are hidden.
 */
export class Doubt {
  /** First field that is doubtful as a whole; above {@link FIELD_MAX} when none is. */
  readonly from: number = FIELD_MAX + 1;
  /** Why values are hidden; undefined when none is. */
  readonly why: Name | undefined;
  /** True when the message was not decoded to its end: then its bitmaps may be wrong. */
  readonly bitmaps: boolean;
  private readonly harmless: number[] = [];
  /** Unit from which on the last field before {@link from} is doubtful; infinite when all of it is what it seems. */
  private readonly limit: number = Number.POSITIVE_INFINITY;
  private readonly divided = new Map<number, DividedField>();
  private readonly view: MessageView;

  constructor(view: MessageView) {
    const { plan, status } = view;
    this.view = view;
    const wrong = status !== Status.ok && status !== Status.noMessage;
    const hidden = wrong ? firstHidden(plan) : FIELD_MAX;
    this.bitmaps = hidden < FIELD_MAX;
    if (this.bitmaps) {
      this.from = hidden + 1;
      this.why = ERROR;
    } else if (!wrong) {
      const holdsCard = cardFields(plan);
      let behindCard = false;
      for (let field = view.next(1); field > 0 && field < this.from; field = view.next(field)) {
        const variable = plan.lengthBytes[field] > 0;
        behindCard ||= variable && holdsCard[field];
        if (variable && isCard(fieldClass(plan, field)) && digitsOf(view, field) < PAN_LENGTH_MIN) {
          this.from = field + 1;
          this.why = SHORT;
          break;
        }
        const limit = behindCard ? limitOf(view, field, this.division(field)) : -1;
        if (limit < 0) continue;
        this.limit = limit;
        this.from = field + 1;
        this.why = INSIDE;
      }
    }
    let shown = this.from <= FIELD_MAX && fieldClass(plan, this.from - 1) === 'pan' && view.has(this.from - 1);
    for (let field = view.next(this.from - 1); field > 0; field = view.next(field)) {
      shown = !shown && isHarmless(view, field);
      if (shown) this.harmless.push(field);
    }
  }

  /** What is hidden, why, and what shows it; undefined when nothing is doubtful. */
  text(lang: 'zh' | 'en', clear: string): string | undefined {
    const { why } = this;
    const field = this.limit < Number.POSITIVE_INFINITY ? this.from - 1 : this.from;
    if (why === undefined) return undefined;
    return lang === 'zh'
      ? `${field}域起的值：${why.zh}；用 ${clear} 显示`
      : `values from field ${field} on: ${why.en}; ${clear} shows them`;
  }

  /** The pieces of a field as {@link divideField} gives them, divided once for as long as the message is looked at. */
  division(field: number): DividedField {
    if (!isDivided(this.view.plan, field)) return UNDIVIDED;
    let known = this.divided.get(field);
    if (known === undefined) {
      known = divideField(this.view.plan, this.view, field);
      this.divided.set(field, known);
    }
    return known;
  }

  /** How many units of a value, from its start, are what the dialect says; what comes behind them is hidden. */
  trusted(field: number): number {
    if (field >= this.from) return this.harmless.includes(field) ? Number.POSITIVE_INFINITY : 0;
    return field === this.from - 1 ? this.limit : Number.POSITIVE_INFINITY;
  }
}

function isCard(shownAs: FieldClass): boolean {
  return shownAs === 'pan' || shownAs === 'track';
}

const cardFieldsOfPlan = new WeakMap<FieldPlan, readonly boolean[]>();

/** For each field of a plan, true when it is card data or the dialect names some inside of it. */
function cardFields(plan: FieldPlan): readonly boolean[] {
  let fields = cardFieldsOfPlan.get(plan);
  if (!fields) {
    const { subfields } = plan.source;
    fields = Array.from(
      { length: FIELD_MAX + 1 },
      (_, field) =>
        isCard(fieldClass(plan, field)) || (Object.hasOwn(subfields, field) && subfields[field].some(dividesCard)),
    );
    cardFieldsOfPlan.set(plan, fields);
  }
  return fields;
}

function dividesCard({ parts, repeat, chain, tlv, bitmap }: DivisionSource): boolean {
  const pieces = [...(parts ?? []), ...(repeat ?? []), ...Object.values(bitmap?.parts ?? {})];
  return (
    tlv === true ||
    Object.values(chain?.tags ?? {}).some(tag => isCard(tag.class)) ||
    pieces.some(piece => isCard(piece.class) || (piece.inside !== undefined && dividesCard(piece.inside)))
  );
}

/** The first field in which card data of unknown length may stand; the last of all where a dialect has none. */
function firstHidden(plan: FieldPlan): number {
  for (let field = 2; field <= FIELD_MAX; field++) {
    const there = plan.type[field] !== FieldTypeCode.absent;
    if (there && plan.lengthBytes[field] > 0 && fieldClass(plan, field) !== 'public') return field;
  }
  return FIELD_MAX;
}

/** Units of a value; of bytes the digits that they could be. */
function digitsOf(view: MessageView, field: number): number {
  return view.size(field) * (view.plan.type[field] === FieldTypeCode.b ? 2 : 1);
}

function isHarmless(view: MessageView, field: number): boolean {
  const { plan } = view;
  if (fieldClass(plan, field) !== 'public') return false;
  const size = digitsOf(view, field);
  if (size <= SHORT_MAX) return true;
  const { values } = plan.source.fields[field];
  return size <= LISTED_MAX && values !== undefined && Object.hasOwn(values, view.text(field));
}

/** Unit from which on a field is doubtful; -1 when nothing in it is. */
function limitOf(view: MessageView, field: number, divided: DividedField): number {
  if (divided.parts.length === 0 && divided.problems.length === 0) return -1;
  const bytes = view.plan.type[field] === FieldTypeCode.b;
  const short = divided.parts.some(part => hasShortCard(part, bytes));
  if (divided.problems.length === 0 && !short && !(bytes && hasSwallowed(view, field, divided))) return -1;
  return Math.min(trustedParts(divided), ...divided.problems.map(problem => problem.from));
}

function hasShortCard(part: SubfieldValue, bytes: boolean): boolean {
  if (part.children.length > 0) return part.children.some(child => hasShortCard(child, bytes));
  const digits = bytes && part.reading === 'hex' ? part.size * 2 : part.size;
  return part.headFrom < part.from && isCard(part.class) && digits < PAN_LENGTH_MIN;
}

const headsOfPlan = new WeakMap<FieldPlan, readonly (readonly number[])[]>();

/** Bytes of the tags that hold card data. */
function cardHeads(plan: FieldPlan): readonly (readonly number[])[] {
  let heads = headsOfPlan.get(plan);
  if (!heads) {
    const tags = Object.entries(plan.source.tags).filter(([, tag]) => isCard(tag.class));
    heads = tags.map(([tag]) => tag.match(/../g)?.map(byte => Number.parseInt(byte, 16)) ?? []);
    headsOfPlan.set(plan, heads);
  }
  return heads;
}

/** True when the value of a public tag holds the tag of card data with its length and digits: then its own length is wrong. */
function hasSwallowed(view: MessageView, field: number, { parts }: DividedField): boolean {
  const heads = cardHeads(view.plan);
  const value = new FieldValue(view, field);
  const inside = (part: SubfieldValue): boolean => {
    if (part.children.length > 0) return part.children.some(inside);
    if (part.class !== 'public' || part.headFrom === part.from) return false;
    const end = part.from + part.size;
    for (let at = part.from; at < end; at++) {
      if (heads.some(head => isCardElement(value, head, at, end))) return true;
    }
    return false;
  };
  return parts.some(inside);
}

/** The tag `head` at `at`, a length that card data may have, and so many packed digits that they must not be shown. */
function isCardElement(value: FieldValue, head: readonly number[], at: number, end: number): boolean {
  const first = at + head.length + 1;
  if (first + DIGIT_BYTES_MAX >= end || head.some((byte, i) => value.at(at + i) !== byte)) return false;
  if (value.at(first - 1) * 2 < PAN_LENGTH_MIN) return false;
  for (let i = first; i <= first + DIGIT_BYTES_MAX; i++) {
    const byte = value.at(i);
    if (byte >> 4 > 9 || (byte & 0x0f) > 9) return false;
  }
  return true;
}

/** Unit behind the parts that are public, whole and of fixed length, and behind one card number after them. */
function trustedParts({ parts }: DividedField): number {
  let at = 0;
  for (const part of parts) {
    const open = part.class === 'public' && part.children.length === 0;
    const fixed = part.headFrom === at && part.from === at && part.whole;
    if (!fixed || (!open && part.class !== 'pan')) break;
    at = part.from + part.size;
    if (!open) break;
  }
  return at;
}
