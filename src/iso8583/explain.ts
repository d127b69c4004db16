import { nibbleAt } from '../wire/bcd.ts';
import type { Detection } from './detect.ts';
import { FieldValue, unitOf } from './field-value.ts';
import { frameLengthBytes, readFrameLength } from './frame.ts';
import type { MessageView } from './message-view.ts';
import { LengthForm, UnitForm, encodingOf, fieldClass, type FieldPlan, type Name } from './plan.ts';
import { LENGTH_ENCODINGS, LENGTH_KINDS } from './source.ts';
import { Status, StatusText } from './status.ts';
import { divideField } from './subfields.ts';
import * as words from './words.ts';

/** What is wrong with a message, where, and what was wanted there. No text in it holds anything of a hidden value. */
export interface Explanation {
  /** `error`: the body could not be decoded from here on. `warning`: it was, and something inside a value is wrong. */
  readonly severity: 'error' | 'warning';
  /** Name of the {@link Status}. */
  readonly status: string;
  /** `frame`, `mti`, `bitmap`, a field (`35`), or a piece of one (`60.2`, `55.9F36`). */
  readonly path: string;
  /** 0 frame or message type, 1 bitmap, 2–192. */
  readonly field: number;
  /** Name of the part or tag, or of the field; undefined where there is none. */
  readonly name: Name | undefined;
  /** Offset in the caller's array where the field (with its length) or the piece begins. */
  readonly start: number;
  /** Offset of the first wrong byte in the caller's array; behind the last one where bytes are missing. */
  readonly offset: number;
  /** What to mark, in half bytes from the start of the caller's array; `size` 0 where something is missing. */
  readonly mark: { readonly from: number; readonly size: number };
  /** What was wanted there. */
  readonly expected: Name;
  /** What is there; of hidden values only its place and kind. */
  readonly found: Name;
  /** What is wrong, in a few words. */
  readonly zh: string;
  readonly en: string;
}

/** Words of a {@link Status} where they are about a piece of a value and not about a message. */
const WITHIN: Readonly<Record<number, Name>> = {
  [Status.truncated]: { zh: '值在子域结束前已结束', en: 'the value ends before this part does' },
  [Status.unknownField]: { zh: '本规范没有此子域', en: 'the dialect has no such part' },
  [Status.trailing]: { zh: '最后一个子域之后还有数据', en: 'data is left after the last part' },
  [Status.tooLong]: { zh: '超出可能的长度', en: 'longer than it can be' },
  [Status.digit]: { zh: '含有非数字', en: 'not only digits' },
};

/**
 * Explains why the last decode of `view` stopped; undefined when it did not. `end` is the end of the range that was decoded.
 */
export function explainError(view: MessageView, end: number = view.message.length): Explanation | undefined {
  if (view.status === Status.ok || view.status === Status.noMessage) return undefined;
  const { expected, found, nibble } = view.errorField < 2 ? headError(view, end) : fieldError(view, end);
  const { status, errorField: field, errorOffset: offset } = view;
  const wholeLength = status === Status.tooLong || status === Status.lengthOdd;
  const size = offset >= end ? 0 : wholeLength ? view.plan.lengthBytes[field] * 2 : 2;
  const mark = nibble === undefined ? { from: offset * 2, size } : { from: nibble, size: 1 };
  const name = view.plan.source.fields[field]?.name as Name | undefined;
  const path = field >= 2 ? String(field) : field === 1 ? 'bitmap' : 'mti';
  const { name: statusName } = StatusText[status];
  const { zh, en } = status === Status.digit && nibble === undefined ? WITHIN[status] : StatusText[status];
  const start = field < 2 ? view.start : view.end;
  return { severity: 'error', status: statusName, path, field, name, start, offset, mark, expected, found, zh, en };
}

/**
 * Looks into the sub-fields of every decoded field and explains what does not fit the dialect's layouts: chip tags that are
 * cut, parts that are too short, digits that are none. In ascending order of fields.
 */
export function checkSubfields(plan: FieldPlan, view: MessageView): Explanation[] {
  const found: Explanation[] = [];
  for (const key of Object.keys(plan.source.subfields)) {
    const field = Number(key);
    if (!view.has(field)) continue;
    const value = new FieldValue(view, field);
    for (const problem of divideField(plan, view, field).problems) {
      const from = value.nibble(problem.from);
      found.push({
        severity: 'warning',
        status: StatusText[problem.status].name,
        path: problem.path,
        field,
        name: problem.name ?? plan.source.fields[key].name,
        start: from >> 1,
        offset: from >> 1,
        mark: { from, size: value.nibble(problem.from + problem.size) - from },
        expected: problem.expected,
        found: problem.found,
        zh: (WITHIN[problem.status] ?? StatusText[problem.status]).zh,
        en: (WITHIN[problem.status] ?? StatusText[problem.status]).en,
      });
    }
  }
  return found;
}

/** Everything that is wrong with detected bytes: the body's error, the frame's, then what {@link checkSubfields} finds. */
export function explainDetection(found: Detection, bytes: Uint8Array): Explanation[] {
  const { frame, framing, view, plan } = found;
  const all: Explanation[] = [];
  const head = frameLengthBytes(framing);
  const wrongLength = frame.status === Status.frameLength;
  const told = wrongLength ? readFrameLength(framing, bytes, 0) : bytes.length - head;
  const end = wrongLength ? Math.max(frame.bodyStart, Math.min(bytes.length, head + Math.max(0, told))) : bytes.length;
  const body = explainError(view, end);
  if (body !== undefined) all.push(body);
  if (wrongLength) {
    const there = bytes.length - head;
    const surplus = told >= 0 && told < there;
    const status = StatusText[surplus ? Status.trailing : Status.frameLength];
    const offset = surplus ? end : 0;
    all.push({
      severity: 'error',
      status: status.name,
      path: 'frame',
      field: 0,
      name: undefined,
      start: 0,
      offset,
      mark: { from: offset * 2, size: (surplus ? bytes.length - end : head) * 2 },
      expected: told < 0 ? words.frameDigits(head) : words.frameBytes(told),
      found: words.units(there, 'byte'),
      zh: StatusText[Status.frameLength].zh,
      en: StatusText[Status.frameLength].en,
    });
  }
  all.push(...checkSubfields(plan, view));
  return all;
}

interface Wanted {
  readonly expected: Name;
  readonly found: Name;
  /** The wrong half byte, where only one is. */
  readonly nibble?: number;
}

/** Message type and bitmaps. */
function headError(view: MessageView, end: number): Wanted {
  const { plan, errorOffset: at, message: bytes } = view;
  const left = words.left(end - view.end, 'byte');
  if (view.errorField === 0) {
    const expected = words.typeForm(LENGTH_ENCODINGS[plan.mtiForm]);
    return { expected, found: view.status === Status.truncated ? left : words.byte(bytes[at], 'public') };
  }
  const expected = words.bitmap(8, plan.bitmapForm !== 0);
  if (view.status === Status.secondBitmap) return { expected: words.bitClear(1), found: words.bit(1) };
  if (view.status === Status.truncated) return { expected, found: left };
  return { expected, found: words.character(bytes[at], plan.bitmapForm === 2, 'public') };
}

/** A field whose length or value is wrong. The decode stopped before it, so it begins where the last one ended. */
function fieldError(view: MessageView, end: number): Wanted {
  const { plan, errorField: f, errorOffset: at, message: bytes } = view;
  const start = view.end;
  const lengthBytes = plan.lengthBytes[f];
  switch (view.status) {
    case Status.trailing:
      return { expected: words.endAfter(f), found: words.units(end - at, 'byte') };
    case Status.unknownField:
      return { expected: words.KNOWN_FIELD, found: words.bit(f) };
    case Status.lengthDigits:
      return { expected: lengthOf(plan, f), found: words.byte(bytes[at], 'public') };
    case Status.tooLong:
      return {
        expected: lengthOf(plan, f),
        found: words.lengthOf(announced(plan, f, bytes, start), plan.lengthForm[f] === LengthForm.bcd),
      };
    case Status.lengthOdd:
      return { expected: words.EVEN_LENGTH, found: words.lengthOf(announced(plan, f, bytes, start)) };
    case Status.truncated:
      if (end - start < lengthBytes) return { expected: lengthOf(plan, f), found: words.left(end - start, 'byte') };
      return {
        expected: valueOf(plan, f, announced(plan, f, bytes, start)),
        found: words.left(end - start - lengthBytes, 'byte'),
      };
    default:
      return wrongUnit(view, f, start + lengthBytes);
  }
}

/** A digit or character that the field may not have, in the value that begins at `start`. */
function wrongUnit(view: MessageView, f: number, start: number): Wanted {
  const { plan, errorOffset: at, message: bytes } = view;
  const size = announced(plan, f, bytes, start - plan.lengthBytes[f]);
  const expected = valueOf(plan, f, size);
  const shownAs = fieldClass(plan, f);
  if (plan.form[f] !== UnitForm.packed) {
    const unit = unitOf(plan, f) === 'digit' ? 'digit' : 'character';
    const what = words.character(bytes[at], plan.ebcdic[f] === 1, shownAs);
    const count = plan.form[f] === UnitForm.double ? size * 2 : size;
    return { expected, found: words.place(at - start + 1, count, unit, what) };
  }
  const counted = plan.countsBytes[f] === 1 && plan.lengthBytes[f] > 0 ? size * 2 : size;
  const first = start * 2 + (plan.right[f] === 1 && (counted & 1) === 1 ? 1 : 0);
  let nibble = at * 2;
  if (nibble < first || nibbleAt(bytes, nibble) <= 9) nibble++;
  const what = words.nibble(nibbleAt(bytes, nibble), shownAs);
  return { expected, found: words.place(nibble - first + 1, counted, 'digit', what), nibble };
}

/** What the length of a field at `at` says, in what it counts; a fixed field's own length. */
function announced(plan: FieldPlan, f: number, bytes: Uint8Array, at: number): number {
  if (plan.lengthBytes[f] === 0) return plan.max[f];
  const form = plan.lengthForm[f];
  let value = 0;
  for (let i = at; i < at + plan.lengthBytes[f]; i++) {
    const byte = bytes[i];
    if (form === LengthForm.bcd) value = value * 100 + (byte >> 4) * 10 + (byte & 0x0f);
    else value = form === LengthForm.binary ? value * 256 + byte : value * 10 + (byte & 0x0f);
  }
  return value;
}

function lengthOf(plan: FieldPlan, f: number): Name {
  const digits = LENGTH_KINDS.indexOf(plan.source.fields[f].length);
  const unit = plan.countsBytes[f] === 1 ? 'byte' : unitOf(plan, f);
  const most = plan.countsBytes[f] === 1 ? bytesOf(plan, f, plan.max[f]) : plan.max[f];
  return words.length(digits, words.units(most, unit), LENGTH_ENCODINGS[plan.lengthForm[f]]);
}

/** A value of the field with the length `size`, which counts what the field's length counts. */
function valueOf(plan: FieldPlan, f: number, size: number): Name {
  const inBytes = plan.countsBytes[f] === 1 && plan.lengthBytes[f] > 0 && plan.form[f] !== UnitForm.single;
  const bytes = inBytes ? size : bytesOf(plan, f, size);
  const count = inBytes ? (plan.form[f] === UnitForm.packed ? size * 2 : size >> 1) : size;
  const { type } = plan.source.fields[f];
  return words.value(type, encodingOf(plan.source, plan.source.fields[f]), count, bytes);
}

function bytesOf(plan: FieldPlan, f: number, units: number): number {
  const form = plan.form[f];
  return form === UnitForm.packed ? (units + 1) >> 1 : form === UnitForm.double ? units * 2 : units;
}
