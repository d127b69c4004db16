import iconv from 'iconv-lite';
import { assert } from '../../assert.ts';
import { Refusal } from './command.ts';
import { gbkText, isGbk } from './gbk-text.ts';
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
  /** Row after row, each `COLUMNS` bytes. */
  private readonly cells = new Uint8Array(ROWS * COLUMNS);
  /** How many bytes of each row are text. */
  private readonly lengths = new Uint8Array(ROWS);
  private reverse = 0;

  constructor(charset: Charset, changed: () => void) {
    this.charset = charset;
    this.changed = changed;
  }

  state(): ScreenState {
    const lines = Array.from(this.lengths, (length, row) =>
      this.decode(this.cells.subarray(row * COLUMNS, row * COLUMNS + length)).trimEnd(),
    );
    return { lines, reverse: this.reverse };
  }

  /** Text of bytes in the terminal's character set; characters that do not exist become U+FFFD. */
  decode(bytes: Uint8Array): string {
    return this.charset === 'GBK' ? gbkText(bytes, 0, bytes.length) : iconv.decode(bytes, 'latin1');
  }

  /** Bytes of text in the terminal's character set. */
  encode(text: string): Uint8Array {
    return new Uint8Array(iconv.encode(text, this.charset === 'GBK' ? 'gbk' : 'latin1'));
  }

  /** Whole new content from lines separated by 0D. Refused with 011 when it does not fit; then nothing changes. */
  replace(text: Uint8Array, reverse: number): void {
    this.check(text);
    let same = reverse === this.reverse;
    let start = 0;
    for (let row = 0; row < ROWS; row++) {
      const end = lineEnd(text, start);
      if (this.putLine(row, text, start, end)) same = false;
      start = end + 1;
    }
    this.reverse = reverse;
    if (!same) this.changed();
  }

  blank(): void {
    this.show([], 0);
  }

  /** Puts prompt lines on the screen as they are; they must fit. */
  show(lines: readonly Uint8Array[], reverse: number): void {
    let same = reverse === this.reverse;
    for (let row = 0; row < ROWS; row++) {
      const line = lines[row] ?? BLANK;
      if (this.putLine(row, line, 0, line.length)) same = false;
    }
    this.reverse = reverse;
    if (!same) this.changed();
  }

  /** Replaces one line (0 = top) and takes it out of reverse video. */
  setLine(row: number, line: Uint8Array): void {
    const reverse = this.reverse & ~(1 << row);
    const same = reverse === this.reverse;
    this.reverse = reverse;
    if (this.putLine(row, line, 0, line.length) || !same) this.changed();
  }

  /**
   * A message of a card or PIN command: up to two lines go to lines 2 and 3, more to the whole screen. A message without
   * characters leaves the screen as it is. Returns true when something was shown.
   */
  message(text: Uint8Array): boolean {
    if (isBlank(text)) return false;
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

  /** Refuses a text that is not up to four lines of up to sixteen columns, or that is no text. */
  private check(text: Uint8Array): void {
    let lines = 0;
    for (let start = 0; start <= text.length; lines++) {
      const end = lineEnd(text, start);
      if (end - start > COLUMNS)
        throw new Refusal(Stat.invalidParameter, `a line of ${end - start} columns on a screen of ${COLUMNS}`);
      for (let at = start; at < end; at++)
        if (text[at] < 0x20 || text[at] === 0x7f)
          throw new Refusal(Stat.invalidParameter, `control byte ${text[at]} in a line`);
      if (this.charset === 'GBK' && !isGbk(text, start, end))
        throw new Refusal(Stat.invalidParameter, 'bytes that are no GBK text');
      start = end + 1;
    }
    if (lines > ROWS) throw new Refusal(Stat.invalidParameter, `${lines} lines on a screen of ${ROWS}`);
  }

  /** Makes `text[from, to)` the content of a row; false when it was already. */
  private putLine(row: number, text: Uint8Array, from: number, to: number): boolean {
    const length = to - from;
    assert(length <= COLUMNS, 'a line fits on the screen');
    const { cells } = this;
    let changed = this.lengths[row] !== length;
    this.lengths[row] = length;
    for (let i = 0, at = row * COLUMNS; i < length; i++, at++) {
      if (cells[at] === text[from + i]) continue;
      cells[at] = text[from + i];
      changed = true;
    }
    return changed;
  }
}

/** Where the line that begins at `start` ends: at the next 0D or behind the last byte. */
function lineEnd(text: Uint8Array, start: number): number {
  let end = start;
  while (end < text.length && text[end] !== CR) end++;
  return end;
}

function splitLines(text: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let start = 0; start <= text.length;) {
    const end = lineEnd(text, start);
    lines.push(text.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

function isBlank(text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) if (text[i] !== 0x20 && text[i] !== CR) return false;
  return true;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
