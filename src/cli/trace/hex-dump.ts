import { bitmapsOf } from '../../iso8583/bitmaps.ts';
import { FieldValue } from '../../iso8583/field-value.ts';
import type { MessageView } from '../../iso8583/message-view.ts';
import { LengthForm } from '../../iso8583/plan.ts';
import { subfieldAt } from '../../iso8583/subfields.ts';

const ROW_LENGTH = 16;
const OFFSET_DIGITS = 4;

/** Half bytes `[from, from + size)` of the caller's array. */
export interface Mark {
  readonly from: number;
  readonly size: number;
}

/**
 * Where a field stands, its length or tag included: `mti`, `bitmap`, `39`, `60.2`, `55.9F26`. Undefined when the message has
 * none there.
 */
export function placeOf(view: MessageView, path: string): Mark | undefined {
  if (path === 'mti') {
    const size = (view.plan.mtiForm === LengthForm.bcd ? 2 : 4) * 2;
    return view.end > view.start ? { from: view.start * 2, size } : undefined;
  }
  if (path === 'bitmap') {
    const maps = bitmapsOf(view);
    const [first, last] = [maps.at(0), maps.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    return { from: first.offset * 2, size: (last.offset + last.length - first.offset) * 2 };
  }
  const field = Number(path.split('.')[0]);
  if (!view.has(field)) return undefined;
  const value = new FieldValue(view, field);
  if (!path.includes('.')) {
    const from = (view.offset(field) - view.plan.lengthBytes[field]) * 2;
    return { from, size: (view.offset(field) + view.length(field)) * 2 - from };
  }
  const part = subfieldAt(view.plan, view, path);
  if (part === undefined) return undefined;
  const from = value.nibble(part.headFrom);
  return { from, size: value.nibble(part.from + part.size) - from };
}

/**
 * All bytes as hex, sixteen a row, with their characters; half bytes that `shown` does not allow are `*`. Under those of the
 * mark stands `^`.
 */
export function hexDump(bytes: Uint8Array, shown: Uint8Array, mark: Mark = { from: 0, size: 0 }): readonly string[] {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += ROW_LENGTH) {
    const end = Math.min(at + ROW_LENGTH, bytes.length);
    let cells = '';
    let characters = '';
    let marks = '';
    for (let i = at; i < end; i++) {
      const byte = bytes[i];
      const [high, low] = [shown[2 * i] === 1, shown[2 * i + 1] === 1];
      cells += (high ? hexOf(byte >> 4) : '*') + (low ? hexOf(byte & 0x0f) : '*') + ' ';
      characters += !high || !low ? '*' : byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
      marks += (marked(mark, 2 * i) ? '^' : ' ') + (marked(mark, 2 * i + 1) ? '^' : ' ') + ' ';
    }
    const offset = at.toString(16).toUpperCase().padStart(OFFSET_DIGITS, '0');
    rows.push(`${offset}: ${cells.padEnd(ROW_LENGTH * 3)} ${characters}`);
    if (marks.includes('^')) rows.push(`${' '.repeat(OFFSET_DIGITS + 2)}${marks}`.trimEnd());
  }
  return rows;
}

const hexOf = (nibble: number): string => nibble.toString(16).toUpperCase();
const marked = ({ from, size }: Mark, nibble: number): boolean => nibble >= from && nibble < from + size;
