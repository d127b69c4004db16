import { Division, readingOf } from './division.ts';
import { FieldValue } from './field-value.ts';
import type { MessageView } from './message-view.ts';
import type { FieldPlan } from './plan.ts';
import type { LayoutSource, PartSource, WhenSource } from './source.ts';
import type { SubfieldProblem, SubfieldValue } from './subfield-value.ts';

export { SUBFIELDS_MAX } from './division.ts';
export type { Reading, SubfieldProblem, SubfieldValue } from './subfield-value.ts';

/** A field's pieces, and what does not fit their layout. */
export interface DividedField {
  readonly parts: readonly SubfieldValue[];
  readonly problems: readonly SubfieldProblem[];
}

/** What {@link divideField} finds in a field that is not divided. */
export const UNDIVIDED: DividedField = { parts: [], problems: [] };

/** True when the dialect divides the field in some message. */
export function isDivided(plan: FieldPlan, field: number): boolean {
  return Object.hasOwn(plan.source.subfields, field);
}

/**
 * The pieces of a field as the dialect divides it for this message, and what is wrong in them; nothing when the field is
 * absent or not divided. What no layout explains comes last as one piece of class `private`.
 */
export function divideField(plan: FieldPlan, message: MessageView, field: number): DividedField {
  const layout = layoutOf(plan, message, field);
  if (layout === undefined) return UNDIVIDED;
  const division = new Division(new FieldValue(message, field));
  return { parts: division.all(layout), problems: division.problems };
}

/** Only the pieces of {@link divideField}. */
export function subfieldsOf(plan: FieldPlan, message: MessageView, field: number): readonly SubfieldValue[] {
  return divideField(plan, message, field).parts;
}

/** The piece at a path such as `60.2`, `55.9F26`, `55.72.86`, `54.#1.5`; undefined when the message has none. */
export function subfieldAt(plan: FieldPlan, message: MessageView, path: string): SubfieldValue | undefined {
  const within = (parts: readonly SubfieldValue[]): SubfieldValue | undefined => {
    for (const part of parts) {
      if (part.path === path) return part;
      const inner = path.startsWith(`${part.path}.`) ? within(part.children) : undefined;
      if (inner !== undefined) return inner;
    }
    return undefined;
  };
  return within(subfieldsOf(plan, message, fieldOf(path)));
}

/**
 * Text of one part by its number, e.g. `60.3`, taken from the field's layout that has no condition; empty when the
 * field is absent or ends before the part is complete.
 */
export function partText(plan: FieldPlan, message: MessageView, id: string): string {
  const field = fieldOf(id);
  if (!message.has(field)) return '';
  const parts = plan.source.subfields[field]?.find(each => each.when === undefined)?.parts;
  if (parts === undefined) return '';
  const value = new FieldValue(message, field);
  const fixed = fixedPlace(parts, id);
  if (fixed !== undefined) {
    const { part, from, size } = fixed;
    if (from + size > value.size) return '';
    const reading = readingOf(part, value.unit);
    return reading === 'hex' ? value.text(from, size) : value.words(from, size, reading === 'ebcdic');
  }
  const found = new Division(value).all({ parts }).find(part => part.id === id);
  return found?.whole === true ? found.text : '';
}

/** Where a part stands when it and all before it have fixed lengths; undefined when only dividing the value can tell. */
function fixedPlace(
  parts: readonly PartSource[],
  id: string,
): { readonly part: PartSource; readonly from: number; readonly size: number } | undefined {
  let from = 0;
  for (const part of parts) {
    if (typeof part.length !== 'number') return undefined;
    if (part.id === id) return { part, from, size: part.length };
    from += part.length;
  }
  return undefined;
}

/** Four digits of a message type: 0x0210 → `0210`. */
export function mtiText(mti: number): string {
  return mti.toString(16).padStart(4, '0');
}

function fieldOf(path: string): number {
  const dot = path.indexOf('.');
  return Number(dot < 0 ? path : path.slice(0, dot));
}

function layoutOf(plan: FieldPlan, message: MessageView, field: number): LayoutSource | undefined {
  if (!message.has(field) || !isDivided(plan, field)) return undefined;
  return plan.source.subfields[field].find(each => applies(plan, message, field, each.when));
}

function applies(plan: FieldPlan, message: MessageView, field: number, when: WhenSource | undefined): boolean {
  if (when === undefined) return true;
  const size = message.size(field);
  if (when.mti !== undefined && !when.mti.includes(mtiText(message.mti))) return false;
  if (when.length !== undefined && !when.length.includes(size)) return false;
  if (when.starts !== undefined) {
    const width = when.starts.length;
    if (size < width || new FieldValue(message, field).plain(0, width) !== when.starts) return false;
  }
  if (when.parts === undefined) return true;
  for (const id of Object.keys(when.parts)) if (!when.parts[id].includes(partText(plan, message, id))) return false;
  return true;
}
