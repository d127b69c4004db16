import { unitOf, type Unit } from '../iso8583/field-value.ts';
import type { MessageView } from '../iso8583/message-view.ts';
import type { FieldPlan } from '../iso8583/plan.ts';
import type { DivisionSource, LayoutSource, WhenSource } from '../iso8583/source.ts';
import { hexDigit } from '../wire/hex.ts';
import { layoutOf, type Layout } from './redact-layout.ts';
import { unitAt } from './redact-unit.ts';

/** Texts that a part of another field must have one of, by its place. */
interface Wanted {
  readonly field: number;
  readonly from: number;
  /** Units of the part, and characters of its text: two for each packed byte. */
  readonly size: number;
  readonly packed: boolean;
  readonly texts: readonly Uint8Array[];
}

/** A layout of a field and for which messages it holds; the first that holds is taken. */
export class Choice {
  readonly layout: Layout;
  /** Parts of it are about a card. */
  readonly holdsCard: boolean;
  private readonly mti: Int32Array | undefined;
  private readonly lengths: Int32Array | undefined;
  private readonly starts: Uint8Array | undefined;
  private readonly wanted: readonly Wanted[];

  constructor(plan: FieldPlan, source: LayoutSource, unit: Unit, wanted: readonly Wanted[]) {
    const { when } = source;
    this.layout = layoutOf(source, unit, plan);
    this.holdsCard = dividesCard(source);
    this.mti = when?.mti && Int32Array.from(when.mti, text => Number.parseInt(text, 16));
    this.lengths = when?.length && Int32Array.from(when.length);
    this.starts = when?.starts === undefined ? undefined : ascii(when.starts);
    this.wanted = wanted;
  }

  holds(view: MessageView, field: number): boolean {
    const { mti, lengths, starts, wanted } = this;
    if (mti !== undefined && !mti.includes(view.mti)) return false;
    if (lengths !== undefined && !lengths.includes(view.size(field))) return false;
    if (starts !== undefined) {
      if (view.size(field) < starts.length) return false;
      for (let i = 0; i < starts.length; i++) if (unitAt(view, field, i) !== starts[i]) return false;
    }
    for (let i = 0; i < wanted.length; i++) if (!hasOne(view, wanted[i])) return false;
    return true;
  }
}

/**
 * The layouts of a field. Undefined when one of their conditions names a part whose place is not fixed: nobody can tell then
 * without taking the other field apart, and the value is better marked whole.
 */
export function choicesOf(plan: FieldPlan, field: number, unit: Unit): readonly Choice[] | undefined {
  const { subfields } = plan.source;
  if (!Object.hasOwn(subfields, field)) return [];
  const choices: Choice[] = [];
  for (const source of subfields[field]) {
    const wanted = wantedOf(plan, source.when);
    if (wanted === undefined) return undefined;
    choices.push(new Choice(plan, source, unit, wanted));
  }
  return choices;
}

function wantedOf(plan: FieldPlan, when: WhenSource | undefined): readonly Wanted[] | undefined {
  const wanted: Wanted[] = [];
  for (const [id, texts] of Object.entries(when?.parts ?? {})) {
    const field = Number.parseInt(id, 10);
    const parts = plan.source.subfields[field]?.find(each => each.when === undefined)?.parts;
    const index = parts?.findIndex(part => part.id === id) ?? -1;
    const before = parts?.slice(0, index + 1) ?? [];
    if (index < 0 || before.some(part => typeof part.length !== 'number')) return undefined;
    const lengths = before.map(part => part.length as number);
    const size = lengths.pop() ?? 0;
    const { type, encoding } = before[index];
    const byte = unitOf(plan, field) === 'byte';
    // A text in EBCDIC inside of bytes is no condition that any dialect has.
    if (byte && encoding === 'ebcdic') return undefined;
    const from = lengths.reduce((sum, length) => sum + length, 0);
    wanted.push({ field, from, size, packed: byte && (type === 'b' || encoding === 'bcd'), texts: texts.map(ascii) });
  }
  return wanted;
}

function hasOne(view: MessageView, { field, from, size, packed, texts }: Wanted): boolean {
  if (!view.has(field) || from + size > view.size(field)) return false;
  const length = packed ? 2 * size : size;
  for (let t = 0; t < texts.length; t++) {
    let same = texts[t].length === length;
    for (let i = 0; i < length && same; i++) {
      const code = unitAt(view, field, from + (packed ? i >> 1 : i));
      same = (packed ? hexDigit((i & 1) === 0 ? code >> 4 : code & 15) : code) === texts[t][i];
    }
    if (same) return true;
  }
  return false;
}

function dividesCard({ parts, repeat, chain, tlv, bitmap }: DivisionSource): boolean {
  const pieces = [...(parts ?? []), ...(repeat ?? []), ...Object.values(bitmap?.parts ?? {})];
  return (
    tlv === true ||
    Object.values(chain?.tags ?? {}).some(tag => isCard(tag.class)) ||
    pieces.some(piece => isCard(piece.class) || (piece.inside !== undefined && dividesCard(piece.inside)))
  );
}

function isCard(shownAs: string): boolean {
  return shownAs === 'pan' || shownAs === 'track';
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, char => char.charCodeAt(0));
}
