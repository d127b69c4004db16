import iconv from 'iconv-lite';
import { Refusal } from './command.ts';
import { Stat } from './status.ts';

export type Charset = 'GBK' | 'ISO8859-1';

export const ROWS = 4;
export const COLUMNS = 16;
const CR = 0x0d;
const BLANK = new Uint8Array(0);

/** What stands on the screen: the text of each line without padding, and the lines in reverse video (bit 0 = top). */
export interface ScreenState {
  readonly lines: readonly string[];
  readonly reverse: number;
}

/**
 * Four lines of sixteen half-width columns. Lines are kept as bytes of the character set: in GBK a Chinese character is two
 * bytes and two columns, so bytes and columns are the same number.
 */
export class Screen {
  readonly charset: Charset;
  private readonly changed: () => void;
  private lines: Uint8Array[] = Array.from({ length: ROWS }, () => BLANK);
  private reverse = 0;

  constructor(charset: Charset, changed: () => void) {
    this.charset = charset;
    this.changed = changed;
  }

  state(): ScreenState {
    return { lines: this.lines.map(line => this.decode(line).trimEnd()), reverse: this.reverse };
  }

  /** Text of bytes in the terminal's character set; characters that do not exist become U+FFFD. */
  decode(bytes: Uint8Array): string {
    return iconv.decode(bytes, this.charset === 'GBK' ? 'gbk' : 'latin1');
  }

  /** Bytes of text in the terminal's character set. */
  encode(text: string): Uint8Array {
    return new Uint8Array(iconv.encode(text, this.charset === 'GBK' ? 'gbk' : 'latin1'));
  }

  /** Whole new content from lines separated by 0D. Refused with 011 when it does not fit; then nothing changes. */
  replace(text: Uint8Array, reverse: number): void {
    const lines = splitLines(text);
    if (lines.length > ROWS) throw new Refusal(Stat.invalidParameter, `${lines.length} lines on a screen of ${ROWS}`);
    for (const line of lines) this.checkLine(line);
    this.show(lines, reverse);
  }

  blank(): void {
    this.show([], 0);
  }

  /** Puts prompt lines on the screen as they are; they must fit. */
  show(lines: readonly Uint8Array[], reverse: number): void {
    this.set(lines, reverse);
  }

  /** Replaces one line (0 = top) and takes it out of reverse video. */
  setLine(row: number, line: Uint8Array): void {
    const lines = this.lines.slice();
    lines[row] = line;
    this.set(lines, this.reverse & ~(1 << row));
  }

  /**
   * A message of a card or PIN command: up to two lines go to lines 2 and 3, more to the whole screen. A message without
   * characters leaves the screen as it is. Returns true when something was shown.
   */
  message(text: Uint8Array): boolean {
    if (text.every(byte => byte === 0x20 || byte === CR)) return false;
    const lines = this.wrap(text);
    if (lines.length > 2) this.show(lines.slice(0, ROWS), 0);
    else this.show([BLANK, ...lines], 0);
    return true;
  }

  /** Cuts text at 0D and after sixteen columns, never inside a Chinese character. */
  wrap(text: Uint8Array): Uint8Array[] {
    const out: Uint8Array[] = [];
    for (const line of splitLines(text)) {
      let start = 0;
      let at = 0;
      while (at < line.length) {
        const width = this.charset === 'GBK' && line[at] > 0x80 && at + 1 < line.length ? 2 : 1;
        if (at + width - start > COLUMNS) {
          out.push(line.subarray(start, at));
          start = at;
        }
        at += width;
      }
      out.push(line.subarray(start, at));
    }
    return out;
  }

  private checkLine(line: Uint8Array): void {
    if (line.length > COLUMNS)
      throw new Refusal(Stat.invalidParameter, `a line of ${line.length} columns on a screen of ${COLUMNS}`);
    let plain = true;
    for (let at = 0; at < line.length; at++) {
      const byte = line[at];
      if (byte < 0x20 || byte === 0x7f) throw new Refusal(Stat.invalidParameter, `control byte ${byte} in a line`);
      plain &&= byte < 0x80;
    }
    if (this.charset === 'GBK' && !plain && this.decode(line).includes('\ufffd'))
      throw new Refusal(Stat.invalidParameter, 'bytes that are no GBK text');
  }

  private set(lines: readonly Uint8Array[], reverse: number): void {
    let same = reverse === this.reverse;
    for (let row = 0; row < ROWS; row++) {
      const line = lines[row] ?? BLANK;
      if (equalBytes(line, this.lines[row])) continue;
      this.lines[row] = line.slice();
      same = false;
    }
    this.reverse = reverse;
    if (!same) this.changed();
  }
}

function splitLines(text: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    if (at < text.length && text[at] !== CR) continue;
    lines.push(text.subarray(start, at));
    start = at + 1;
  }
  return lines;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
