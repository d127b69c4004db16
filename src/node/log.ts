import { pino } from 'pino';
import { failed, fault, ok } from '../fault.ts';
import type { Result } from '../fault.ts';
import type { Log, LogFields } from '../hal/hal.ts';

/** Longest text of one field or message in the log, characters; the rest is cut. */
export const LOG_TEXT_MAX = 1024;
/** Bytes that wait in memory while the log cannot be written; above it, lines are lost. */
const LOG_WAITING_MAX = 1024 * 1024;
/** Fewest digits in a row that can be a card number. */
const CARD_DIGITS_MIN = 13;
const CARD_DIGITS_MAX = 19;

/**
 * The field names that may appear in the log; every other field is dropped and counted in `droppedFields`. None of them
 * holds a card number, track, PIN block, key or free message bytes. What a name may hold is still masked, see
 * {@link maskText}.
 */
export const LOG_FIELDS: ReadonlySet<string> = new Set([
  // what happened
  ...['event', 'fault', 'code', 'name', 'cause', 'remedy', 'state', 'from', 'to', 'screen', 'flow', 'kind', 'why'],
  ...['job', 'outcome', 'prompt', 'step', 'mode', 'training'],
  // where
  ...[
    'where',
    'path',
    'port',
    'route',
    'host',
    'device',
    'model',
    'serial',
    'slot',
    'profile',
    'version',
    'digest',
    'case',
  ],
  // message and record, without card data
  ...['mti', 'transaction', 'processingCode', 'stan', 'batch', 'voucher', 'retrievalReference', 'responseCode'],
  ...[
    'terminalId',
    'merchantId',
    'operator',
    'amountMinor',
    'currency',
    'element',
    'offset',
    'status',
    'command',
    'field',
  ],
  // how much, how long
  ...['attempt', 'attempts', 'count', 'length', 'bytes', 'sequence', 'durationMs', 'timeoutMs', 'delayMs', 'elapsedMs'],
  ...['baud', 'sent', 'answered', 'foreignFrames', 'lateFrames', 'failedConnects', 'noise', 'badPackets', 'naks'],
  // the process
  ...['signal', 'exitStatus', 'seed', 'node', 'reason', 'detail'],
]);

/** Fields that may hold a SHA-256 whole: a checksum, not a secret. */
const DIGEST_FIELDS: ReadonlySet<string> = new Set(['digest']);

/** The log with an end. */
export interface SystemLog extends Log {
  /** Writes that failed. Lines wait in memory for the next write, up to a bound, and are lost above it. */
  failures(): number;
  /** Waits for the operating system to take every line; after a failed write it does not wait. */
  flush(): void;
}

export interface LogOptions {
  /** File that lines are appended to, made with mode 0600; absent: standard error. */
  readonly file?: string;
  readonly level?: 'info' | 'warn' | 'error' | 'silent';
}

/**
 * Opens the log: one JSON object a line, with `level`, `time` (ISO 8601, UTC), allowed fields and `msg`. Lines are handed
 * to the operating system before the call returns, so a killed process loses none. A log that cannot be written never
 * stops a sale: failed writes are counted, and the first one is told on standard error. Fault: `log-file`.
 */
export function openLog(options: LogOptions = {}): Result<SystemLog> {
  let failures = 0;
  let stream: ReturnType<typeof pino.destination>;
  try {
    stream = pino.destination({
      dest: options.file ?? 2,
      sync: true,
      append: true,
      mode: 0o600,
      maxLength: LOG_WAITING_MAX,
      // A reader of standard error that has stopped reading must not stop the terminal.
      retryEAGAIN: () => false,
    });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (typeof code !== 'string') throw error;
    return failed(
      fault(
        'E_FAILURE',
        'log-file',
        `cannot open the log ${options.file}: ${code}`,
        'Choose a file in a folder that can be written',
      ),
    );
  }
  const failedWrite = (reason: string): void => {
    failures++;
    if (failures > 1 || options.file === undefined) return;
    process.stderr.write(`pos8583: the log ${options.file} cannot be written (${reason}); trading goes on\n`);
  };
  stream.on('error', (error: NodeJS.ErrnoException) => failedWrite(error.code ?? error.message));
  stream.on('drop', () => failedWrite('too many lines wait'));

  const out = pino(
    {
      level: options.level ?? 'info',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
    },
    stream,
  );
  return ok({
    info: (fields, message) => out.info(allowed(fields), maskText(message)),
    warn: (fields, message) => out.warn(allowed(fields), maskText(message)),
    error: (fields, message) => out.error(allowed(fields), maskText(message)),
    failures: () => failures,
    flush() {
      // The stream's flush tries a full disk for ever; lines that it did not take until now are lost, and were counted.
      if (failures === 0) stream.flushSync();
    },
  });
}

/** The part of `fields` that may be logged: known names, plain values, texts and numbers masked. */
export function allowed(fields: LogFields): Record<string, string | number | boolean> {
  const out: Record<string, string | number | boolean> = {};
  let dropped = 0;
  for (const [name, value] of Object.entries(fields) as [string, unknown][]) {
    if (value === undefined) continue;
    if (!LOG_FIELDS.has(name)) dropped++;
    else if (typeof value === 'boolean') out[name] = value;
    else if (typeof value === 'number') out[name] = Math.abs(value) < 10 ** (CARD_DIGITS_MIN - 1) ? value : '[number]';
    else if (typeof value === 'string') out[name] = maskText(value, DIGEST_FIELDS.has(name));
    else dropped++;
  }
  if (dropped > 0) out.droppedFields = dropped;
  return out;
}

/** Track 1 or 2: card number, separator (`=`, `D` or `^`), the rest. */
const TRACK = /\p{Nd}{12,}(?:[=Dd]\p{Nd}{3}[\p{Nd}=Dd]*[Ff?]?|\^[^^]{0,40}\^?[\p{Nd} ]*)/gu;
/** 8 bytes or more in hexadecimal: PIN blocks, keys, message bytes. */
const HEX = /[0-9A-Fa-f]{16,}|(?:[0-9A-Fa-f]{2}[ :]){7,}[0-9A-Fa-f]{2}/g;
/** Digits that can be a card number, also grouped by single blanks, dots or dashes. */
const DIGITS = /\p{Nd}(?:[ .-]?\p{Nd}){12,}/gu;
const SHA256 = /^[0-9a-f]{64}$/;

/**
 * Hides what could be card data or a secret in a text: tracks as `[track]`, 13–19 digits as first 6 and last 4, longer
 * runs as `[digits]`, 8 bytes or more in hexadecimal as `[hex]`. Long texts are cut. With `digest`, a SHA-256 in small
 * hexadecimal letters passes whole.
 */
export function maskText(text: string, digest = false): string {
  if (digest && SHA256.test(text)) return text;
  const out = text
    .slice(0, 4 * LOG_TEXT_MAX)
    .replace(TRACK, '[track]')
    .replace(HEX, run => (/[A-Fa-f:]/.test(run) ? '[hex]' : run))
    .replace(DIGITS, maskDigits);
  return out.length > LOG_TEXT_MAX ? `${out.slice(0, LOG_TEXT_MAX)}…` : out;
}

function maskDigits(run: string): string {
  const digits = run.replace(/[ .-]/g, '');
  if (digits.length > CARD_DIGITS_MAX) return '[digits]';
  return `${digits.slice(0, 6)}${'*'.repeat(digits.length - 10)}${digits.slice(-4)}`;
}
