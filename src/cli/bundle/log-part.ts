import { ok, type Result } from '../../fault.ts';
import { allowed, maskText } from '../../node/log.ts';
import type { OpenSource } from '../told.ts';

/** Bytes of the end of a log that are looked at. */
const TAIL_LENGTH = 4 * 1024 * 1024;
const PIECE_LENGTH = 65_536;
const LEVELS: ReadonlySet<unknown> = new Set(['info', 'warn', 'error']);
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z$/;

export interface LogFacts {
  readonly lines: number;
  /** Lines that are none of this program's: they are left out. */
  readonly leftOut: number;
}

/**
 * The last lines of a log, at most `linesMax`, each made anew: level, time, the fields and the text that a log of this program may
 * have, masked once more. Whatever else stands in the file stays there.
 */
export function logTail(
  path: string,
  open: OpenSource,
  linesMax: number,
): Result<{ readonly text: string; readonly facts: LogFacts }> {
  const source = open(path);
  if (!source.ok) return source;
  const pieces: Buffer[] = [];
  let held = 0;
  let cut = false;
  for (;;) {
    const piece = Buffer.alloc(PIECE_LENGTH);
    const got = source.value.read(piece);
    if (got === 0) break;
    pieces.push(piece.subarray(0, got));
    held += got;
    while (held - pieces[0].length > TAIL_LENGTH) {
      held -= pieces.shift()?.length ?? 0;
      cut = true;
    }
  }
  source.value.close();
  const lines = Buffer.concat(pieces).toString('utf8').split('\n');
  if (cut) lines.shift();
  const wanted = lines.filter(line => line !== '').slice(-linesMax);
  const made = wanted.map(lineOf).filter(line => line !== undefined);
  return ok({
    text: made.map(line => `${line}\n`).join(''),
    facts: { lines: made.length, leftOut: wanted.length - made.length },
  });
}

/** A line of a log as it may be given away; undefined when this program's log has no such lines. */
function lineOf(line: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { level, time, msg, ...fields } = value as Record<string, never>;
  if (!LEVELS.has(level) || typeof time !== 'string' || !TIME.test(time)) return undefined;
  return JSON.stringify({
    level,
    time,
    ...allowed(fields),
    ...(typeof msg === 'string' ? { msg: maskText(msg) } : {}),
  });
}
