import { encodeGbk, gbkCode } from '../../wire/gbk.ts';
import { QR_MARK, QR_MARK_SHORT } from './paper.ts';

/** ESC/POS control sequences. */
const INITIALIZE = [0x1b, 0x40];
const DOUBLE_HEIGHT = [0x1d, 0x21, 0x01];
const NORMAL_SIZE = [0x1d, 0x21, 0x00];
const LINE_FEED = 0x0a;
/** Blank lines between the last line and the knife. */
const FEED_LINES = [0x1b, 0x64, 0x04];
/** GS V 66 0: feed to the knife, partial cut. */
const CUT = [0x1d, 0x56, 0x42, 0x00];
/** What stands for a character that GBK does not have (it can only come from a name in an answer). */
const UNPRINTABLE = 0x3f;

const isAmount = (line: string): boolean => line.endsWith(' ==') && /^ *== RMB: /.test(line);

export interface SlipBytesOptions {
  /** Text of the QR code that stands where the slip has its QR mark; ASCII. */
  readonly qr?: string;
}

/**
 * GBK text and ESC/POS bytes of a slip: initialise, lines, feed, cut. The amount line is printed twice as high. With
 * `qr` the QR mark becomes a QR code (GS ( k); a mark without QR data is left out.
 */
export function slipBytes(lines: readonly string[], options: SlipBytesOptions = {}): Uint8Array {
  const code = options.qr === undefined ? [] : qrCode(options.qr);
  const out = new Uint8Array(mostBytes(lines, code));
  let at = put(out, 0, INITIALIZE);
  for (const line of lines) {
    if (isMark(line)) {
      at = put(out, at, code);
      continue;
    }
    const tall = isAmount(line);
    if (tall) at = put(out, at, DOUBLE_HEIGHT);
    at = putText(out, at, line);
    out[at++] = LINE_FEED;
    if (tall) at = put(out, at, NORMAL_SIZE);
  }
  at = put(out, at, FEED_LINES);
  at = put(out, at, CUT);
  return out.slice(0, at);
}

function isMark(line: string): boolean {
  // Most lines are none, and their last character says so.
  if (!line.endsWith(']')) return false;
  const text = line.trimStart();
  return text === QR_MARK || text === QR_MARK_SHORT;
}

/** Room that is enough: no unit of a text takes more than two bytes, no line more control bytes than the tall one. */
function mostBytes(lines: readonly string[], code: readonly number[]): number {
  let most = INITIALIZE.length + FEED_LINES.length + CUT.length;
  for (const line of lines)
    most += isMark(line) ? code.length : DOUBLE_HEIGHT.length + 2 * line.length + 1 + NORMAL_SIZE.length;
  return most;
}

function put(out: Uint8Array, at: number, bytes: readonly number[]): number {
  for (let i = 0; i < bytes.length; i++) out[at + i] = bytes[i];
  return at + bytes.length;
}

/** Control characters must not reach the printer from a text; a character outside GBK has no shape there. */
function putText(out: Uint8Array, from: number, line: string): number {
  let at = from;
  for (let i = 0; i < line.length; i++) {
    const unit = line.charCodeAt(i);
    const code = unit < 0x20 || unit === 0x7f ? -1 : gbkCode(unit);
    if (code > 0xff) {
      out[at++] = code >> 8;
      out[at++] = code & 0xff;
    } else if (code >= 0) out[at++] = code;
    else {
      out[at++] = UNPRINTABLE;
      // Two units of one character.
      if ((line.codePointAt(i) ?? 0) > 0xffff) i++;
    }
  }
  return at;
}

/** QR code model 2, module size 4, correction level M, centred. */
function qrCode(text: string): number[] {
  const data = [...encodeGbk(text)];
  const store = data.length + 3;
  return [
    ...[0x1b, 0x61, 0x01],
    ...[0x1d, 0x28, 0x6b, 0x04, 0x00, 0x31, 0x41, 0x32, 0x00],
    ...[0x1d, 0x28, 0x6b, 0x03, 0x00, 0x31, 0x43, 0x04],
    ...[0x1d, 0x28, 0x6b, 0x03, 0x00, 0x31, 0x45, 0x31],
    ...[0x1d, 0x28, 0x6b, store & 0xff, store >> 8, 0x31, 0x50, 0x30, ...data],
    ...[0x1d, 0x28, 0x6b, 0x03, 0x00, 0x31, 0x51, 0x30],
    ...[0x1b, 0x61, 0x00],
  ];
}
