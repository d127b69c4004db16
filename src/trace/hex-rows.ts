import { bitmapsOf } from '../iso8583/bitmaps.ts';
import { Doubt } from '../iso8583/doubt.ts';
import type { Explanation } from '../iso8583/explain.ts';
import type { MessageView } from '../iso8583/message-view.ts';
import { FIELD_MAX, fieldClass } from '../iso8583/plan.ts';
import { FieldValue } from '../iso8583/field-value.ts';
import { Status } from '../iso8583/status.ts';
import { subfieldsOf, type SubfieldValue } from '../iso8583/subfields.ts';

const ROW_LENGTH = 16;
const OFFSET_DIGITS = 4;
/** Rows before and after the one where a mark begins. */
const ROWS_AROUND = 1;

/**
 * Which half bytes of the caller's array may be shown: 1 at the index of each half byte that is known to be public. That
 * is what stands before the first field, lengths, values and parts of class `public`, tags and lengths of tagged data; of
 * a doubtful stretch nothing. Nothing behind an error is known, except the length of the value that is wrong.
 */
export function publicNibbles(view: MessageView, doubt: Doubt = new Doubt(view)): Uint8Array {
  const { plan, errorField, errorOffset, status } = view;
  const shown = new Uint8Array(view.message.length * 2);
  const bitmaps = bitmapsOf(view);
  const first = bitmaps.at(0);
  // Second and third bitmaps of a doubtful message are hidden, and so is what is doubtful behind them.
  const headEnd = doubt.bitmaps && first !== undefined ? first.offset + first.length : view.end;
  shown.fill(1, 0, headEnd * 2);
  for (let field = 2; field <= FIELD_MAX; field++) {
    if (view.has(field)) new Shading(view, field, shown).field(doubt.trusted(field), field >= doubt.from);
  }
  if (status === Status.ok || status === Status.trailing || status === Status.unknownField) return shown;
  if (errorField >= 2) shown.fill(1, view.end * 2, (view.end + plan.lengthBytes[errorField]) * 2);
  const open = errorField < 2 || status === Status.lengthDigits || fieldClass(plan, errorField) === 'public';
  if (open) shown.fill(1, errorOffset * 2, errorOffset * 2 + 2);
  return shown;
}

/** Makes the half bytes of one value visible or not. */
class Shading {
  private readonly view: MessageView;
  private readonly number: number;
  private readonly value: FieldValue;
  private readonly shown: Uint8Array;

  constructor(view: MessageView, field: number, shown: Uint8Array) {
    this.view = view;
    this.number = field;
    this.value = new FieldValue(view, field);
    this.shown = shown;
  }

  /** Units from `trusted` on are hidden; with `doubtful` all of it is, and its length, because neighbours are in sight here. */
  field(trusted: number, doubtful: boolean): void {
    const { view, number, shown } = this;
    const { plan } = view;
    const start = view.offset(number);
    const end = start + view.length(number);
    const open = !doubtful && fieldClass(plan, number) === 'public' ? 1 : 0;
    shown.fill(doubtful ? 0 : 1, (start - plan.lengthBytes[number]) * 2, start * 2);
    shown.fill(open, start * 2, end * 2);
    if (doubtful || fieldClass(plan, number) === 'pan') return;
    for (const part of subfieldsOf(plan, view, number)) this.part(part);
    if (trusted < view.size(number)) shown.fill(0, this.value.nibble(trusted), end * 2);
  }

  private part(part: SubfieldValue): void {
    const end = part.from + part.size;
    this.set(part.headFrom, part.from, 1);
    this.set(part.from, end, part.class === 'public' && part.children.length === 0 ? 1 : 0);
    for (const child of part.children) this.part(child);
  }

  private set(from: number, to: number, open: number): void {
    this.shown.fill(open, this.value.nibble(from), this.value.nibble(to));
  }
}

/**
 * The rows of a hex dump around a mark, with `^` under each half byte that is meant; under the place behind the last byte
 * where bytes are missing. Half bytes that `shown` does not allow are `*`.
 */
export function markedRows(bytes: Uint8Array, shown: Uint8Array, mark: Explanation['mark']): readonly string[] {
  const from = Math.min(mark.from, bytes.length * 2);
  const to = mark.size === 0 ? from + 2 : mark.from + mark.size;
  const row = Math.floor(Math.min(from, Math.max(0, bytes.length * 2 - 1)) / 2 / ROW_LENGTH) * ROW_LENGTH;
  const lines: string[] = [];
  const last = Math.min(row + ROWS_AROUND * ROW_LENGTH, bytes.length - 1);
  for (let at = Math.max(0, row - ROWS_AROUND * ROW_LENGTH); at <= last; at += ROW_LENGTH) {
    let cells = '';
    let marks = '';
    const end = Math.min(at + ROW_LENGTH, bytes.length);
    // One place more in the first row, for what is missing behind its last byte.
    for (let i = at; i < (at === row ? end + 1 : end); i++) {
      for (const half of [0, 1]) {
        const n = i * 2 + half;
        if (i < end) cells += shown[n] === 1 ? nibbleText(bytes, n) : '*';
        marks += n >= from && n < to && (i < end || to > bytes.length * 2) ? '^' : ' ';
      }
      cells += ' ';
      marks += ' ';
    }
    const offset = at.toString(16).toUpperCase().padStart(OFFSET_DIGITS, '0');
    lines.push(`${offset}: ${cells}`.trimEnd());
    if (marks.includes('^')) lines.push(`${' '.repeat(OFFSET_DIGITS + 2)}${marks}`.trimEnd());
  }
  return lines;
}

function nibbleText(bytes: Uint8Array, nibble: number): string {
  return ((nibble & 1) === 0 ? bytes[nibble >> 1] >> 4 : bytes[nibble >> 1] & 0x0f).toString(16).toUpperCase();
}
