import { hexDigit } from '../wire/hex.ts';
import { FieldValue } from './field-value.ts';
import type { MessageView } from './message-view.ts';
import { FieldTypeCode, fieldClass } from './plan.ts';
import { subfieldsOf, type SubfieldValue } from './subfields.ts';

/** The "6+4" of the card schemes: what of an account number may be seen. */
const SHOWN_FIRST = 6;
const SHOWN_LAST = 4;
/** An account number in a wider, zero-filled place keeps at least this many digits when the zeros go. */
const PAN_LENGTH_MIN = 12;
const PAN_LENGTH_MAX = 19;

/**
 * A field's value in the form that a message builder takes (digits, text, upper-case hex), with every hidden character
 * replaced by `*`, so that length and shape stay. Shown are values of class `public`, the first six and last four digits
 * of an account number, parts of class `public` inside of a hidden field, and tags and lengths of chip data. Nothing
 * hidden becomes a string on the way. Empty when the field is absent.
 */
export function maskedText(view: MessageView, field: number): string {
  if (!view.has(field)) return '';
  const value = new FieldValue(view, field);
  const whole = fieldClass(view.plan, field);
  if (whole === 'pan') return maskedPan(value, 0, value.size);
  const parts = subfieldsOf(view.plan, view, field);
  if (parts.length > 0) return compose(value, parts, 0, value.size, whole === 'public');
  return whole === 'public' ? value.text(0, value.size) : hidden(value, value.size);
}

/** One part of a field, masked by its class as {@link maskedText} does. */
export function maskedPart(view: MessageView, field: number, part: SubfieldValue): string {
  const value = new FieldValue(view, field);
  if (part.children.length > 0) return compose(value, part.children, part.from, part.from + part.size, false);
  if (part.class === 'public') return part.text;
  return part.class === 'pan' ? maskedPan(value, part.from, part.size) : hidden(value, part.size);
}

/** The stretch `[from, end)` with the given pieces in it; what lies between the pieces is shown when `openGaps`. */
function compose(
  value: FieldValue,
  parts: readonly SubfieldValue[],
  from: number,
  end: number,
  openGaps: boolean,
): string {
  let text = '';
  let at = from;
  const gap = (to: number): void => {
    if (to > at) text += openGaps ? value.text(at, to - at) : hidden(value, to - at);
    at = Math.max(at, to);
  };
  for (const part of parts) {
    gap(part.headFrom);
    text += value.text(part.headFrom, part.from - part.headFrom);
    if (part.children.length > 0) text += compose(value, part.children, part.from, part.from + part.size, false);
    else if (part.class === 'public') text += value.text(part.from, part.size);
    else text += part.class === 'pan' ? maskedPan(value, part.from, part.size) : hidden(value, part.size);
    at = part.from + part.size;
  }
  gap(end);
  return text;
}

function hidden(value: FieldValue, size: number): string {
  return '*'.repeat(value.unit === 'byte' ? size * 2 : size);
}

/** 6+4. Zeros that fill a wider place in front and F nibbles behind are not part of the number. */
function maskedPan(value: FieldValue, from: number, size: number): string {
  const nibbles = value.view.plan.type[value.field] === FieldTypeCode.b;
  const all = nibbles ? size * 2 : size;
  const code = (i: number): number => {
    if (!nibbles) return value.at(from + i);
    const byte = value.at(from + (i >> 1));
    return hexDigit((i & 1) === 0 ? byte >> 4 : byte & 0x0f);
  };
  let end = all;
  while (end > 0 && code(end - 1) === 0x46) end--;
  let zeros = 0;
  while (end > PAN_LENGTH_MAX && zeros < end - PAN_LENGTH_MIN && code(zeros) === 0x30) zeros++;
  const covered = end - zeros - SHOWN_FIRST - SHOWN_LAST;
  let text = '0'.repeat(zeros);
  for (let i = zeros; i < end; i++) {
    const shown = covered > 0 && (i < zeros + SHOWN_FIRST || i >= end - SHOWN_LAST);
    text += shown ? String.fromCharCode(code(i)) : '*';
  }
  return text + 'F'.repeat(all - end);
}
