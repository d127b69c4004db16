import { Doubt } from '../../iso8583/doubt.ts';
import { FieldValue } from '../../iso8583/field-value.ts';
import { HEADER_LENGTH, TPDU_LENGTH } from '../../iso8583/frame.ts';
import { maskedPart, maskedText } from '../../iso8583/mask.ts';
import { MessageView } from '../../iso8583/message-view.ts';
import { FIELD_MAX, type FieldPlan, type Name } from '../../iso8583/plan.ts';
import type { Framing } from '../../iso8583/source.ts';
import { Status, StatusText } from '../../iso8583/status.ts';
import { mtiText, subfieldsOf, type SubfieldValue } from '../../iso8583/subfields.ts';
import { toHex } from '../../wire/hex.ts';

/** A value of a message that has no pieces. */
export interface Leaf {
  /** `39`, `60.2`, `55.9F26`; `mti`, `TPDU`, `header`, `error`. */
  readonly path: string;
  readonly name: Name;
  /** As it may be shown. */
  readonly shown: string;
  /** What is compared: units of a value. Never a string, because it may be card data. */
  readonly units: Uint16Array;
}

/** Two messages at one path: absent, or how it is shown. */
export interface Difference {
  readonly path: string;
  readonly name: Name;
  readonly a: string | undefined;
  readonly b: string | undefined;
}

const HEAD: Readonly<Record<'mti' | 'TPDU' | 'header' | 'error', Name>> = {
  mti: { zh: '消息类型', en: 'message type' },
  TPDU: { zh: 'TPDU', en: 'TPDU' },
  header: { zh: '报文头', en: 'header' },
  error: { zh: '解码错误', en: 'decoding error' },
};

/** Everything that a message says, piece by piece, in the order of its fields. `bytes`: TPDU, header and body. */
export function leavesOf(bytes: Uint8Array, plan: FieldPlan, framing: Framing, start: number, clear: boolean): Leaf[] {
  const view = new MessageView(plan);
  view.decode(bytes, Math.min(start, bytes.length), bytes.length);
  const leaves: Leaf[] = [];
  const text = (path: keyof typeof HEAD, shown: string): void => {
    leaves.push({ path, name: HEAD[path], shown, units: Uint16Array.from(shown, char => char.charCodeAt(0)) });
  };
  if (bytes.length >= start) {
    if (framing.tpdu) text('TPDU', toHex(bytes, 0, TPDU_LENGTH));
    if (framing.header) text('header', toHex(bytes, start - HEADER_LENGTH, start));
  }
  if (view.end > view.start) text('mti', mtiText(view.mti));
  const doubt = new Doubt(view);
  const seen = new Map<string, number>();
  for (let field = 2; field <= FIELD_MAX; field++) {
    if (view.has(field)) leaves.push(...fieldLeaves(view, field, doubt, clear, seen));
  }
  if (view.status !== Status.ok) text('error', `${StatusText[view.status].name}, offset ${view.errorOffset}`);
  return leaves;
}

function fieldLeaves(
  view: MessageView,
  field: number,
  doubt: Doubt,
  clear: boolean,
  seen: Map<string, number>,
): Leaf[] {
  const value = new FieldValue(view, field);
  const parts = subfieldsOf(view.plan, view, field);
  if (parts.length === 0) {
    const shown = clear ? value.text(0, value.size) : maskedText(view, field, doubt);
    return [leaf(value, String(field), view.plan.source.fields[field].name, 0, value.size, shown)];
  }
  const visit = (part: SubfieldValue): Leaf[] => {
    if (part.children.length > 0) return part.children.flatMap(visit);
    const count = (seen.get(part.path) ?? 0) + 1;
    seen.set(part.path, count);
    const path = count === 1 ? part.path : `${part.path}(${count})`;
    return [
      leaf(value, path, part.name, part.from, part.size, clear ? part.text : maskedPart(view, field, part, doubt)),
    ];
  };
  return parts.flatMap(visit);
}

function leaf(value: FieldValue, path: string, name: Name, from: number, size: number, shown: string): Leaf {
  const units = new Uint16Array(size);
  for (let i = 0; i < size; i++) units[i] = value.at(from + i);
  return { path, name, shown, units };
}

/** Where two messages differ, in the order of the first and then of what only the second has. */
export function differences(a: readonly Leaf[], b: readonly Leaf[], ignored: (path: string) => boolean): Difference[] {
  const there = new Map(b.map(each => [each.path, each]));
  const found: Difference[] = [];
  for (const { path, name, shown, units } of a) {
    const other = there.get(path);
    there.delete(path);
    if (ignored(path) || (other !== undefined && equal(units, other.units))) continue;
    found.push({ path, name, a: shown, b: other?.shown });
  }
  for (const { path, name, shown } of there.values())
    if (!ignored(path)) found.push({ path, name, a: undefined, b: shown });
  return found.sort((x, y) => fieldOf(x.path) - fieldOf(y.path));
}

/** Message parts stand before the fields, an error behind them. */
function fieldOf(path: string): number {
  return path === 'error' ? FIELD_MAX + 1 : Number(/^\d+/.exec(path)?.[0] ?? 0);
}

function equal(a: Uint16Array, b: Uint16Array): boolean {
  return a.length === b.length && a.every((unit, i) => unit === b[i]);
}
