import { failed, fault, ok, type Result } from '../../fault.ts';
import { dayText, timeText } from '../trace/lines.ts';
import type { Zone } from '../trace/zone.ts';

/** One end of what is to be replayed: a number of a message or record, or a time in microseconds since 1970. */
export type Bound =
  { readonly kind: 'number'; readonly number: number } | { readonly kind: 'time'; readonly timeUs: number };

const US_PER_MS = 1000;
const TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?$/;

/** `120`, `2026-11-22T14:03:05.250` (time of the zone) or the same with `Z` or `+08:00`. Fault `bad-bound`. */
export function parseBound(flag: string, text: string, zone: Zone): Result<Bound> {
  if (/^[1-9]\d{0,14}$/.test(text)) return ok({ kind: 'number', number: Number(text) });
  const [, , , offset] = TIME.exec(text) ?? [];
  const at = TIME.test(text) ? Date.parse(`${text.replace(' ', 'T')}${offset === undefined ? 'Z' : ''}`) : Number.NaN;
  if (!Number.isNaN(at)) return ok({ kind: 'time', timeUs: (offset === undefined ? utcOf(at, zone) : at) * US_PER_MS });
  return failed(
    fault(
      'E_ILLEGAL',
      'bad-bound',
      `${flag} ${text} is no number from 1 and no time`,
      'Give for example 120, or 2026-11-22T14:03:05',
    ),
  );
}

/** A time of the zone, given as if it were UTC, in milliseconds. Where a clock is put back, the earlier of the two. */
function utcOf(ms: number, zone: Zone): number {
  const aheadMs = (at: number): number => {
    const { year, month, day, hour, minute, second } = zone.local(at);
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000;
  };
  const guess = ms - aheadMs(ms);
  return ms - aheadMs(guess);
}

/** `2026-11-22 14:03:05.250`, local time of the zone; empty for 0, which is no time. */
export function momentText(timeUs: number, zone: Zone): string {
  if (timeUs === 0) return '';
  return `${dayText(zone.local(Math.floor(timeUs / US_PER_MS)))} ${timeText(timeUs, zone)}`;
}
