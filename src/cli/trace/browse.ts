import { ALTERNATE_SCREEN, CLEAR_BELOW, CLEAR_LINE, HOME, NORMAL_SCREEN, PLAIN, REVERSE } from '../../node/ansi.ts';
import { hexDump, type Mark } from './hex-dump.ts';
import { columnsOf, cut } from './lines.ts';
import type { Press, TraceRim } from './rim.ts';

/** Rows of hex that are shown at least, and of fields. */
const HEX_ROWS_MAX = 12;
const FIELD_ROWS_MIN = 3;

/** A message as it is gone through. */
export interface Browsed {
  /** One line a field, and the field of each line. */
  readonly lines: readonly string[];
  readonly paths: readonly string[];
  readonly bytes: Uint8Array;
  /** 1 for each half byte that may be shown. */
  readonly shown: Uint8Array;
  place(path: string): Mark | undefined;
  /** Field to begin with. */
  readonly at: string | undefined;
}

/** Lets a person go through the fields of a message until `q`; the bytes of the field are marked. */
export function browse(message: Browsed, rim: TraceRim): void {
  let cursor = Math.max(0, message.at === undefined ? 0 : message.paths.indexOf(message.at));
  rim.write(ALTERNATE_SCREEN);
  const stop = rim.onPress((press, rows) => {
    if (press === 'quit') {
      stop();
      rim.write(NORMAL_SCREEN);
      return;
    }
    cursor = moved(cursor, press, message.lines.length);
    const drawn = drawBrowse(message, cursor, rows, rim.columns());
    rim.write(HOME + drawn.map(row => row + CLEAR_LINE).join('\r\n') + CLEAR_BELOW);
  });
}

/** Where the cursor is after a press. */
export function moved(cursor: number, press: Press, count: number): number {
  const page = 10;
  const steps: Readonly<Record<Press, number>> = {
    up: -1,
    down: 1,
    pageUp: -page,
    pageDown: page,
    home: -count,
    end: count,
    quit: 0,
    other: 0,
  };
  return Math.max(0, Math.min(count - 1, cursor + steps[press]));
}

/** The fields around the cursor, and under them the bytes of the one that it stands on. */
export function drawBrowse(message: Browsed, cursor: number, rows: number, columns: number): readonly string[] {
  const { lines, paths, bytes, shown } = message;
  const mark = message.place(paths[cursor]);
  const dump = hexDump(bytes, shown, mark);
  const hexRows = Math.min(HEX_ROWS_MAX, dump.length, Math.max(2, rows - FIELD_ROWS_MIN - 1));
  const fieldRows = Math.max(FIELD_ROWS_MIN, rows - hexRows - 1);
  const first = Math.max(0, Math.min(cursor - (fieldRows >> 1), lines.length - fieldRows));
  const fields = lines.slice(first, first + fieldRows).map((line, i) => {
    const text = cut(line, columns);
    return first + i === cursor ? REVERSE + text + ' '.repeat(Math.max(0, columns - columnsOf(text))) + PLAIN : text;
  });
  const marked = Math.max(0, dump.findIndex(row => /^ +\^/.test(row)) - 1);
  const from = Math.max(0, Math.min(marked, dump.length - hexRows));
  return [...fields, '─'.repeat(columns), ...dump.slice(from, from + hexRows).map(row => cut(row, columns))];
}
