import { failed, fault, ok, type Fault, type Result } from '../fault.ts';
import { columnsOf, gbkCode } from '../wire/gbk.ts';
import { unitAt } from '../wire/unit-at.ts';

/** Character sets of a terminal's screen (value CHARSET of XID); plain ABECS pads use ISO 8859-1. */
export type Charset = 'GBK' | 'ISO8859-1' | 'ASCII';

/** Length of the two-line message field of the older commands. */
export const MESSAGE_LENGTH = 32;

/**
 * Text in the terminal's bytes. In all three sets one byte is one half-width column, so the length is the width.
 * Control characters and characters outside the set give the fault `text-not-encodable`; nothing becomes a `?`.
 */
export function encodeText(text: string, charset: Charset): Result<Uint8Array> {
  const bytes = new Uint8Array(charset === 'GBK' ? columnsOf(text) : text.length);
  const end = encodeInto(text, charset, bytes, 0);
  if (end < 0) return failed(notEncodable(text.charCodeAt(-1 - end), -1 - end, charset));
  return ok(bytes);
}

/**
 * Writes text in the terminal's bytes to `out[at]`. Returns the end, or -1 less the index of the first character that is
 * not in the set. Bytes beyond the end of `out` are dropped, but counted.
 */
export function encodeInto(text: string, charset: Charset, out: Uint8Array, at: number): number {
  const { length } = text;
  for (let i = 0; i < length; i++) {
    const unit = unitAt(text, i);
    if (unit >= 0x20 && unit < 0x7f) {
      out[at++] = unit;
      continue;
    }
    const code = codeOf(unit, charset);
    if (code < 0) return -1 - i;
    if (code > 0xff) out[at++] = code >> 8;
    out[at++] = code & 0xff;
  }
  return at;
}

/** Code of a UTF-16 unit that is not printable ASCII, one byte or two; -1 when the set lacks it. */
function codeOf(unit: number, charset: Charset): number {
  if (unit <= 0x7f) return -1;
  if (charset === 'GBK') return gbkCode(unit);
  return charset === 'ISO8859-1' && unit >= 0xa0 && unit <= 0xff ? unit : -1;
}

function notEncodable(code: number, index: number, charset: Charset): Fault {
  const hex = code.toString(16).toUpperCase().padStart(4, '0');
  return fault(
    'E_ILLEGAL',
    'text-not-encodable',
    `character U+${hex} at ${index + 1} is not in ${charset}`,
    'Change the text in the profile, or the character set of the terminal',
  );
}

/** Text of at most `columns` half-width columns. */
export function encodeLine(text: string, columns: number, charset: Charset): Result<Uint8Array> {
  const encoded = encodeText(text, charset);
  if (!encoded.ok || encoded.value.length <= columns) return encoded;
  return failed(
    fault(
      'E_ILLEGAL',
      'text-too-wide',
      `text takes ${encoded.value.length} columns, there are ${columns}`,
      'Shorten the text in the profile',
    ),
  );
}

/** Message field S32: padded with blanks; an absent message is all blanks, which leaves the panel's screen alone. */
export function encodeMessage(text: string | undefined, charset: Charset): Result<Uint8Array> {
  const encoded = encodeLine(text ?? '', MESSAGE_LENGTH, charset);
  if (!encoded.ok) return encoded;
  const field = new Uint8Array(MESSAGE_LENGTH).fill(0x20);
  field.set(encoded.value);
  return ok(field);
}

/** A bad argument of a call: the caller's text, length or number, found before anything is sent. */
export function argumentFault(what: string, remedy: string): Fault {
  return fault('E_ILLEGAL', 'argument-invalid', what, remedy);
}

/** The terminal lacks what the call needs. */
export function featureMissing(what: string): Fault {
  return fault(
    'E_NOEXIST',
    'feature-missing',
    `this terminal has no ${what}`,
    'Choose a profile that fits this terminal',
  );
}
