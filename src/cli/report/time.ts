import { failed, fault, ok, type Result } from '../../fault.ts';
import type { Journal } from '../../journal/journal.ts';
import { digits } from '../../units.ts';
import type { Span } from './model.ts';

/** Days and hours of the shop: the local time of the host, as the terminal has it. */

/** `2026-11-21 14:03:22` */
export function timeText(ms: number): string {
  const at = new Date(ms);
  const two = (value: number): string => digits(value, 2);
  return `${dayText(ms)} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** `2026-11-21` */
export function dayText(ms: number): string {
  const at = new Date(ms);
  return `${digits(at.getFullYear(), 4)}-${digits(at.getMonth() + 1, 2)}-${digits(at.getDate(), 2)}`;
}

/** Monday of the week, `2026-11-16`. */
export function weekText(ms: number): string {
  return dayText(addDays(ms, -((new Date(ms).getDay() + 6) % 7)));
}

/** `14`, the hour of the day. */
export function hourText(ms: number): string {
  return digits(new Date(ms).getHours(), 2);
}

export interface SpanFlags {
  readonly date?: string;
  readonly from?: string;
  readonly to?: string;
  readonly batch?: string;
}

/**
 * The span that the flags name; `daysBefore` today when they name none (0: today alone; absent: everything). Faults:
 * `span-flags`, `no-date`, `no-batch`.
 */
export function spanOf(journal: Journal, flags: SpanFlags, nowMs: number, daysBefore?: number): Result<Span> {
  const given = [flags.date, flags.batch, flags.from ?? flags.to].filter(flag => flag !== undefined);
  if (given.length > 1)
    return failed(
      fault('E_ILLEGAL', 'span-flags', '--date, --from/--to and --batch exclude each other', 'Name one span'),
    );
  if (flags.batch !== undefined) return batchSpan(journal, flags.batch);
  const today = dayText(nowMs);
  if (given.length === 0 && daysBefore === undefined) return ok({ fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, name: '' });
  const first = flags.date ?? flags.from ?? (flags.to === undefined ? dayText(addDays(nowMs, -(daysBefore ?? 0))) : '');
  const last = flags.date ?? flags.to ?? today;
  const fromMs = first === '' ? 0 : dayStart(first);
  const lastMs = dayStart(last);
  if (fromMs === undefined || lastMs === undefined)
    return failed(
      fault(
        'E_ILLEGAL',
        'no-date',
        `"${(fromMs === undefined ? first : last).slice(0, 10)}" is no day of the calendar`,
        'Write a day as 2026-11-21',
      ),
    );
  if (lastMs < fromMs)
    return failed(fault('E_ILLEGAL', 'no-date', `${first} is after ${last}`, 'Give the earlier day to --from'));
  return ok({ fromMs, toMs: addDays(lastMs, 1), name: first === last ? first : `${first} – ${last}` });
}

function batchSpan(journal: Journal, batch: string): Result<Span> {
  if (!/^\d{1,6}$/.test(batch))
    return failed(fault('E_ILLEGAL', 'no-batch', '--batch is no number of 1 to 6 digits', 'Write e.g. --batch 12'));
  const periods = journal.periodsOfBatch(Number(batch));
  if (periods.length === 0 && journal.batch() === Number(batch)) periods.push(journal.period());
  if (periods.length === 0)
    return failed(
      fault(
        'E_NOEXIST',
        'no-batch',
        `the journal has no batch ${digits(Number(batch), 6)}`,
        'List the batches: pos8583 report day --from …',
      ),
    );
  // A number that came again means its newest batch.
  const [fromMs, toMs] = journal.timesOfPeriod(periods[0]);
  return ok({
    fromMs,
    toMs,
    periods: periods.slice(0, 1),
    name: digits(Number(batch), 6),
  });
}

/** First moment of a day `2026-11-21`; nothing for a day that no calendar has. */
function dayStart(text: string): number | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!match) return undefined;
  const at = new Date(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
  return dayText(at.getTime()) === text ? at.getTime() : undefined;
}

/** First moment of the day that is `days` after that of `ms`; days of 23 and 25 hours are days. */
function addDays(ms: number, days: number): number {
  const at = new Date(ms);
  return new Date(at.getFullYear(), at.getMonth(), at.getDate() + days).getTime();
}
