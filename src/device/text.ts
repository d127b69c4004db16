import { failed, fault, ok, type Fault, type Result } from '../fault.ts';
import { encodeGbk, gbkCode } from '../wire/gbk.ts';

/** Character sets of a terminal's screen (value CHARSET of XID); plain ABECS pads use ISO 8859-1. */
export type Charset = 'GBK' | 'ISO8859-1' | 'ASCII';

/** Length of the two-line message field of the older commands. */
export const MESSAGE_LENGTH = 32;

/**
 * Text in the terminal's bytes. In all three sets one byte is one half-width column, so the length is the width.
 * Control characters and characters outside the set give the fault `text-not-encodable`; nothing becomes a `?`.
 */
export function encodeText(text: string, charset: Charset): Result<Uint8Array> {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (!inCharset(code, charset)) return failed(notEncodable(code, i, charset));
  }
  if (charset === 'GBK') return ok(encodeGbk(text));
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return ok(bytes);
}

function inCharset(code: number, charset: Charset): boolean {
  if (code < 0x20 || code === 0x7f) return false;
  if (code < 0x7f) return true;
  if (charset === 'GBK') return gbkCode(code) >= 0;
  return charset === 'ISO8859-1' && code >= 0xa0 && code <= 0xff;
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
