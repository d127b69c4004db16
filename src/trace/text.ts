import { failed, fault, ok, type Result } from '../fault.ts';
import { fromHex } from '../wire/hex.ts';
import { Way } from './kinds.ts';

const ROW_LENGTH = 16;
/** More than any row, and than any message. */
const ANY_WIDTH = 0x1_0000;
/** A row of a dump: offset, colon or bar, the rest. Longer lines are no rows. */
const ROW = /^\s*(?:0x)?([0-9A-Fa-f]{3,8})h?\s?([:|]?)(?:\s+(.*))?$/;
/** Where a row begins behind other words. */
const ROW_BEGINS = /(?<![^\s\]|>:-])(?:0x)?[0-9A-Fa-f]{4,8}h?(?:\s?[:|]\s{1,4}|\s{2,4})(?=[0-9A-Fa-f]{2})/;
const ROW_MAX = 512;

/**
 * Bytes of a hex text as people have it: spaces, line ends, `0x`, commas and colons between bytes; a hex dump with an
 * offset before each line and characters after it. Fault `bad-hex` names the line.
 */
export function parseHex(text: string): Result<Uint8Array> {
  const lines = text.split(/\r?\n/).filter(line => line.trim() !== '');
  const dump = parseDump(lines);
  if (dump !== undefined) return ok(dump);
  let digits = '';
  for (const [i, line] of lines.entries()) {
    const bare = line.replace(/0[xX]/g, '').replace(/[\s,:;_-]/g, '');
    const wrong = /[^0-9A-Fa-f]/.exec(bare);
    if (wrong !== null) {
      const cause = `line ${i + 1} has ${JSON.stringify(wrong[0])}, which is no hex digit`;
      return failed(fault('E_ILLEGAL', 'bad-hex', cause, 'Give hex digits, a hex dump, or a binary file'));
    }
    digits += bare;
  }
  return fromHex(digits);
}

interface Row {
  readonly offset: number;
  readonly colon: boolean;
  readonly rest: string;
}

function rowOf(line: string): Row | undefined {
  const found = line.length > ROW_MAX ? null : ROW.exec(line);
  if (found === null) return undefined;
  return { offset: Number.parseInt(found[1], 16), colon: found[2] !== '', rest: found[3] ?? '' };
}

/** Bytes of a hex dump whose offsets count its own bytes (hexdump -C, xxd, tcpdump -x), or undefined when it is none. */
function parseDump(lines: readonly string[]): Uint8Array | undefined {
  const rows = lines.map(line => (line.trim() === '*' ? '*' : rowOf(line)));
  const [first] = rows;
  // One line without a colon may as well be a message that begins with 0000.
  if (first === undefined || first === '*' || (rows.length === 1 && !first.colon)) return undefined;
  const bytes: number[] = [];
  for (const [i, row] of rows.entries()) {
    const next = rows[i + 1];
    if (row === '*') {
      // Rows like the one before are left out, up to the next offset.
      if (typeof next !== 'object' || next.offset > ANY_WIDTH) return undefined;
      while (bytes.length < next.offset) bytes.push(bytes[bytes.length - ROW_LENGTH] ?? 0);
      continue;
    }
    if (row === undefined || row.offset !== bytes.length) return undefined;
    // Behind the bytes stand characters, which may look like hex: the next offset says how many bytes there are.
    const width = typeof next === 'object' ? next.offset - row.offset : lastRowWidth(row.rest);
    const columns = /^(?:[0-9A-Fa-f]{2}[\s-]{0,2})*/.exec(row.rest.replace(/\|.*$/, ''))?.[0] ?? '';
    const digits = columns.replace(/[\s-]/g, '').slice(0, Math.max(0, width) * 2);
    if (digits === '' && row.rest !== '') return undefined;
    for (let at = 0; at < digits.length; at += 2) bytes.push(Number.parseInt(digits.slice(at, at + 2), 16));
  }
  return Uint8Array.from(bytes);
}

/** Bytes that the last row may have: when a full row of 16 is followed by a gap, characters come after it. */
function lastRowWidth(row: string): number {
  const [first, ...more] = row.trim().split(/\s{2,}/);
  const full = first.replace(/\s/g, '').length === ROW_LENGTH * 2;
  return full && more.length > 0 ? ROW_LENGTH : ANY_WIDTH;
}

/** A dump in a text, with what the lines around it say of it. */
export interface HexDump {
  readonly bytes: Uint8Array;
  /** Line at which it begins, from 1. */
  readonly line: number;
  readonly way: Way;
  /** Microseconds since 1970; of the first day when the text gives only the time of day; 0 when it gives none. */
  readonly timeUs: number;
}

/** Shortest run of hex in a line of other text that is taken for a message, bytes; shorter ones are lengths, numbers, words. */
const RUN_LEAST = 10;
/** Characters of a line in which a time and a direction are looked for. */
const NOTE_MAX = 240;
/** Characters of hex of one dump: a message of 64 KiB in the widest form. */
const DUMP_MAX = 524_288;
/** Lines from a note to the dump that it is about. */
const NOTE_NEAR = 3;

const DATE = /(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)/;
const TIME =
  /(?<![\d:A-Fa-f])([01]?\d|2[0-3]):([0-5]\d):([0-5]\d)(?:[.,:](\d{1,9}))?(?![\d:A-Fa-f])\s?(Z|[+-]\d{2}:?\d{2})?/;
const TO_ACQUIRER =
  /\b(?:send(?:ing|s)?|sent|tx|transmit(?:ted|ting)?|writ(?:e|ing|ten)|outgoing|outbound|out(?=\s*[:\])>])|requests?|req)\b|>>|->|=>|→|发送|发出|请求|上送/i;
const FROM_ACQUIRER =
  /\b(?:recv|receiv(?:e|ed|es|ing)|rcvd|rx|read|incoming|inbound|in(?=\s*[:\])>])|respon[sd]e?s?|resp|rsp|repl(?:y|ies)|answers?)\b|<<|<-|<=|←|接收|收到|应答|响应|返回/i;

/**
 * Finds the hex dumps in a text of any kind, line by line: bare hex, hex behind a time and a word of direction, dumps with offsets
 * and characters, several in one text with other lines between. `push` and `end` return a dump when one has become complete.
 */
export class HexText {
  /** Told with the line when something that looks like a dump is none, or is too long. */
  readonly onTrouble: (line: number, why: string) => void;
  private line = 0;
  private rows: string[] = [];
  private characters = 0;
  private startLine = 0;
  /** The rows have offsets; the last one's. */
  private offset = -1;
  private way: Way = Way.unknown;
  private timeUs = 0;
  /** What lines before the dump said, and where. */
  private noteWay: Way = Way.unknown;
  private noteTimeUs = 0;
  private noteLine = Number.NEGATIVE_INFINITY;
  private day: number | undefined;

  constructor(onTrouble: (line: number, why: string) => void) {
    this.onTrouble = onTrouble;
  }

  push(text: string): HexDump | undefined {
    this.line++;
    if (text === '') return this.end();
    if (text.trim() === '*' && this.offset >= 0) {
      this.rows.push('*');
      return undefined;
    }
    const note = new Note(text);
    const rowText = rowTextOf(note.rest);
    const row = rowOf(rowText);
    if (row !== undefined && this.continues(row)) {
      this.add(rowText);
      this.offset = row.offset;
      return undefined;
    }
    if (row !== undefined && row.offset === 0 && isHexRow(row.rest)) {
      const done = this.end();
      this.begin(note);
      this.offset = 0;
      this.add(rowText);
      return done;
    }
    const run = hexRun(note.rest);
    if (run === undefined) {
      const done = this.end();
      this.remember(note);
      return done;
    }
    const bare = !note.told && run.from === 0;
    const least = this.rows.length > 0 && bare && this.offset < 0 ? 1 : RUN_LEAST;
    if (run.bytes < least) {
      const done = this.end();
      this.remember(note);
      return done;
    }
    if (bare && this.rows.length > 0 && this.offset < 0) {
      this.add(run.text);
      return undefined;
    }
    const done = this.end();
    this.begin(note);
    this.add(run.text);
    return done;
  }

  /** The dump that is being read is complete. */
  end(): HexDump | undefined {
    const { rows, startLine, way, timeUs, characters } = this;
    this.rows = [];
    this.offset = -1;
    this.characters = 0;
    if (rows.length === 0) return undefined;
    if (characters > DUMP_MAX) {
      this.onTrouble(startLine, `a dump of more than ${DUMP_MAX} characters is no message`);
      return undefined;
    }
    const parsed = parseHex(rows.join('\n'));
    if (!parsed.ok) {
      this.onTrouble(
        startLine,
        'what looks like hex has an odd number of digits, or offsets that do not count its bytes',
      );
      return undefined;
    }
    return { bytes: parsed.value, line: startLine, way, timeUs };
  }

  private continues({ offset, rest }: Row): boolean {
    const last = this.offset;
    return (
      last >= 0 && offset > last && (offset <= last + 64 || this.rows.at(-1) === '*') && (rest === '' || isHexRow(rest))
    );
  }

  private begin(note: Note): void {
    const near = this.line - this.noteLine <= NOTE_NEAR;
    this.startLine = this.line;
    this.way = note.way !== Way.unknown || !near ? note.way : this.noteWay;
    const timeUs = this.timeOf(note);
    this.timeUs = timeUs !== 0 || !near ? timeUs : this.noteTimeUs;
    this.noteLine = Number.NEGATIVE_INFINITY;
  }

  private add(text: string): void {
    this.characters += text.length;
    // What is too long is not kept: only its length is told.
    if (this.characters <= DUMP_MAX) this.rows.push(text);
  }

  private remember(note: Note): void {
    const timeUs = this.timeOf(note);
    if (note.way === Way.unknown && timeUs === 0) return;
    if (this.line - this.noteLine > NOTE_NEAR) {
      this.noteWay = Way.unknown;
      this.noteTimeUs = 0;
    }
    if (note.way !== Way.unknown) this.noteWay = note.way;
    if (timeUs !== 0) this.noteTimeUs = timeUs;
    this.noteLine = this.line;
  }

  private timeOf(note: Note): number {
    if (note.day !== undefined) this.day = note.day;
    return note.timeOfDayUs === undefined ? 0 : (this.day ?? 0) * 86_400_000_000 + note.timeOfDayUs;
  }
}

/** What the front of a line says: time, direction; `rest` is the line without its time. */
class Note {
  readonly rest: string;
  readonly way: Way;
  /** Days since 1970. */
  readonly day: number | undefined;
  readonly timeOfDayUs: number | undefined;

  constructor(text: string) {
    const head = text.slice(0, NOTE_MAX);
    const time = TIME.exec(head);
    const date = time === null ? null : DATE.exec(head);
    if (date !== null) this.day = dayOf(Number(date[1]), Number(date[2]), Number(date[3]));
    if (time !== null) this.timeOfDayUs = timeOfDay(time);
    const end = time === null ? 0 : Math.max(endOf(time), date === null || this.day === undefined ? 0 : endOf(date));
    // Brackets and separators that stood around the time go with it.
    this.rest =
      end === 0
        ? text
        : text
            .slice(end)
            .replace(/^[\s\])}>|,;-]{0,8}(?=[\s0-9A-Fa-f])/, '')
            .trimStart();
    this.way = wayOf(head);
  }

  get told(): boolean {
    return this.way !== Way.unknown || this.timeOfDayUs !== undefined;
  }
}

function endOf(match: RegExpExecArray): number {
  return match.index + match[0].length;
}

function dayOf(year: number, month: number, day: number): number | undefined {
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 ? Date.UTC(year, month - 1, day) / 86_400_000 : undefined;
}

/** Microseconds since midnight, in universal time when the text gives a zone. */
function timeOfDay([, hours, minutes, seconds, fraction = '', zone = 'Z']: RegExpExecArray): number {
  const whole = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  const digits = zone === 'Z' ? '0000' : zone.slice(1).replace(':', '');
  const shift = (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * 60 * (zone.startsWith('-') ? 1 : -1);
  return (whole + shift) * 1_000_000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

function wayOf(head: string): Way {
  const to = head.search(TO_ACQUIRER);
  const from = head.search(FROM_ACQUIRER);
  if (to < 0 && from < 0) return Way.unknown;
  return from < 0 || (to >= 0 && to < from) ? Way.toAcquirer : Way.fromAcquirer;
}

/** A row of a dump without the words that a log puts in front of it. */
function rowTextOf(line: string): string {
  if (line.length > ROW_MAX) return line;
  const found = ROW_BEGINS.exec(line);
  return found === null ? line : line.slice(found.index).trimStart();
}

/** Bytes in the columns of a row: pairs or longer groups of hex. */
function isHexRow(rest: string): boolean {
  return /^(?:[0-9A-Fa-f]{2})+(?:[\s-|]|$)/.test(rest);
}

interface Run {
  readonly text: string;
  /** Characters of the line before it, spaces not counted. */
  readonly from: number;
  readonly bytes: number;
}

/**
 * The longest run of hex in a line: words of an even number of hex digits with at most three separators between them. One look at
 * each character, however long the line is.
 */
function hexRun(line: string): Run | undefined {
  let best: Run | undefined;
  let start = -1;
  let end = 0;
  let digits = 0;
  const close = (): void => {
    if (start >= 0 && digits >= 2 && digits / 2 > (best?.bytes ?? 0)) {
      best = { text: line.slice(start, end), from: line.slice(0, start).trim().length, bytes: digits / 2 };
    }
    start = -1;
    digits = 0;
  };
  for (let at = 0; at < line.length;) {
    const code = line.charCodeAt(at);
    if (!isWordCode(code)) {
      if (start >= 0 && (at - end >= 3 || !isSeparator(code))) close();
      at++;
      continue;
    }
    let to = at;
    let hex = true;
    while (to < line.length && isWordCode(line.charCodeAt(to))) {
      const letter = line.charCodeAt(to);
      hex = hex && (isHexCode(letter) || (to === at + 1 && (letter | 0x20) === 0x78 && line[at] === '0'));
      to++;
    }
    const count = to - at - (line[at + 1] === 'x' || line[at + 1] === 'X' ? 2 : 0);
    // `length: 5A` and `n=5A` name a number; what follows a colon and a space begins anew.
    if (start >= 0 && line[end] === ':' && line[end + 1] === ' ' && end - start < 10) close();
    if (hex && count > 0 && count % 2 === 0) {
      if (start < 0) start = at;
      end = to;
      digits += count;
    } else {
      close();
    }
    at = to;
  }
  close();
  return best;
}

function isSeparator(code: number): boolean {
  // Space, tab, comma, hyphen, colon, semicolon.
  return code === 0x20 || code === 0x09 || code === 0x2c || code === 0x2d || code === 0x3a || code === 0x3b;
}

function isHexCode(code: number): boolean {
  const lower = code | 0x20;
  return (code >= 0x30 && code <= 0x39) || (lower >= 0x61 && lower <= 0x66);
}

function isWordCode(code: number): boolean {
  const lower = code | 0x20;
  return (code >= 0x30 && code <= 0x39) || (lower >= 0x61 && lower <= 0x7a) || code === 0x5f || code > 0x7f;
}
