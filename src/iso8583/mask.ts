import { fromEbcdic } from '../wire/ebcdic.ts';
import { hexDigit } from '../wire/hex.ts';
import { Doubt } from './doubt.ts';
import { FieldValue } from './field-value.ts';
import type { MessageView } from './message-view.ts';
import { fieldClass } from './plan.ts';
import type { Reading, SubfieldValue } from './subfields.ts';

/** The "6+4" of the card schemes: what of an account number may be seen. */
const SHOWN_FIRST = 6;
const SHOWN_LAST = 4;
/** An account number in a wider, zero-filled place keeps at least this many digits when the zeros go. */
const PAN_LENGTH_MIN = 12;
const PAN_LENGTH_MAX = 19;
/** What is longer is no account number, not even in a wide place, and shows nothing. */
const PLACE_LENGTH_MAX = 64;

/**
 * A field's value in the form that a message builder takes (digits, text, upper-case hex), with every hidden character
 * replaced by `*`, so that length and shape stay. Shown are values of class `public`, the first six and last four digits
 * of an account number, parts of class `public` inside of a hidden field, and tags and lengths of chip data; of what is
 * doubtful nothing. Nothing hidden becomes a string on the way. Empty when the field is absent.
 */
export function maskedText(view: MessageView, field: number, doubt: Doubt = new Doubt(view)): string {
  if (!view.has(field)) return '';
  const value = new FieldValue(view, field);
  const whole = fieldClass(view.plan, field);
  const trusted = doubt.trusted(field);
  if (trusted === 0) return hidden(value, value.size);
  if (whole === 'pan') return inUnits(value, maskedPan(value, 0, value.size, 'hex'), 'hex');
  const { parts } = doubt.division(field);
  if (parts.length > 0) return compose(value, parts, 0, value.size, whole === 'public', trusted);
  return whole === 'public' ? value.text(0, value.size) : hidden(value, value.size);
}

/** One part of a field as its own reading gives it, masked by its class as {@link maskedText} does. */
export function maskedPart(
  view: MessageView,
  field: number,
  part: SubfieldValue,
  doubt: Doubt = new Doubt(view),
): string {
  const value = new FieldValue(view, field);
  const end = part.from + part.size;
  const trusted = doubt.trusted(field);
  if (part.children.length > 0) return compose(value, part.children, part.from, end, false, trusted);
  if (end <= trusted && part.class === 'public') return part.text;
  if (end <= trusted && part.class === 'pan') return maskedPan(value, part.from, part.size, part.reading);
  return part.reading === 'hex' ? hidden(value, part.size) : '*'.repeat(part.size);
}

/**
 * The stretch `[from, end)` with the given pieces in it; what lies between the pieces is shown when `openGaps`. From unit
 * `trusted` on nothing is shown.
 */
function compose(
  value: FieldValue,
  parts: readonly SubfieldValue[],
  from: number,
  end: number,
  openGaps: boolean,
  trusted: number,
): string {
  let text = '';
  let at = from;
  const put = (to: number, open: boolean): void => {
    if (to > at) text += open && to <= trusted ? value.text(at, to - at) : hidden(value, to - at);
    at = Math.max(at, to);
  };
  for (const part of parts) {
    const { from: start, size, children } = part;
    put(part.headFrom, openGaps);
    put(start, true);
    if (children.length > 0) {
      text += compose(value, children, start, start + size, false, trusted);
      at = start + size;
    } else if (part.class === 'pan' && start + size <= trusted) {
      text += inUnits(value, maskedPan(value, start, size, part.reading), part.reading);
      at = start + size;
    } else {
      put(start + size, part.class === 'public');
    }
  }
  put(end, openGaps);
  return text;
}

function hidden(value: FieldValue, size: number): string {
  return '*'.repeat(value.unit === 'byte' ? size * 2 : size);
}

/**
 * 6+4. Zeros that fill a wider place in front and F nibbles behind are not part of the number. In bytes the number is packed,
 * unless they are read as text.
 */
function maskedPan(value: FieldValue, from: number, size: number, reading: Reading): string {
  const packed = value.unit === 'byte' && reading === 'hex';
  const all = packed ? size * 2 : size;
  if (all > PLACE_LENGTH_MAX) return '*'.repeat(all);
  const code = (i: number): number => {
    const unit = value.at(from + (packed ? i >> 1 : i));
    if (packed) return hexDigit((i & 1) === 0 ? unit >> 4 : unit & 0x0f);
    return value.unit === 'byte' && reading === 'ebcdic' ? fromEbcdic(unit) : unit;
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

/** A masked number in the form of its field: where that is hex and the number is text, two hex characters each. */
function inUnits(value: FieldValue, masked: string, reading: Reading): string {
  if (value.unit !== 'byte' || reading === 'hex') return masked;
  const zero = reading === 'ebcdic' ? 0xf0 : 0x30;
  return masked.replace(/./g, char => (/\d/.test(char) ? (zero + Number(char)).toString(16).toUpperCase() : '**'));
}
