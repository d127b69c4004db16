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

const AMOUNT_LINE = /^ *== RMB: .* ==$/;

export interface SlipBytesOptions {
  /** Text of the QR code that stands where the slip has its QR mark; ASCII. */
  readonly qr?: string;
}

/**
 * GBK text and ESC/POS bytes of a slip: initialise, lines, feed, cut. The amount line is printed twice as high. With
 * `qr` the QR mark becomes a QR code (GS ( k); a mark without QR data is left out.
 */
export function slipBytes(lines: readonly string[], options: SlipBytesOptions = {}): Uint8Array {
  const out: number[] = [...INITIALIZE];
  for (const line of lines) {
    const text = line.trim();
    if (text === QR_MARK || text === QR_MARK_SHORT) {
      if (options.qr !== undefined) out.push(...qrCode(options.qr));
      continue;
    }
    const tall = AMOUNT_LINE.test(line);
    if (tall) out.push(...DOUBLE_HEIGHT);
    pushText(out, line);
    out.push(LINE_FEED);
    if (tall) out.push(...NORMAL_SIZE);
  }
  out.push(...FEED_LINES, ...CUT);
  return new Uint8Array(out);
}

/** Control characters must not reach the printer from a text; a character outside GBK has no shape there. */
function pushText(out: number[], line: string): void {
  for (let i = 0; i < line.length; i++) {
    const unit = line.charCodeAt(i);
    const code = unit < 0x20 || unit === 0x7f ? -1 : gbkCode(unit);
    if (code > 0xff) out.push(code >> 8, code & 0xff);
    else if (code >= 0) out.push(code);
    else {
      out.push(UNPRINTABLE);
      // Two units of one character.
      if ((line.codePointAt(i) ?? 0) > 0xffff) i++;
    }
  }
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
