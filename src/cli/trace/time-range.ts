import { failed, fault, ok, type Result } from '../../fault.ts';
import { dayText, timeText } from './lines.ts';
import type { Zone } from './zone.ts';

/** True for a time, microseconds since 1970, that lies inside. */
export type TimeRange = (timeUs: number) => boolean;

const TIME = /^(?:(\d{4}-\d{2}-\d{2})(?:[T ]|$))?(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)?$/;
const MIDNIGHT = '00:00:00.000';

/**
 * The range `[from, until)` of local times as a person writes them: `14:03` (of any day), `14:03:22.5`, `2026-11-22`,
 * `2026-11-22T14:03`. A message without a time lies in no range that has an end. Fault `bad-time`.
 */
export function timeRange(from: string | undefined, until: string | undefined, zone: Zone): Result<TimeRange> {
  const first = from === undefined ? ok(undefined) : bound('--from', from);
  if (!first.ok) return first;
  const last = until === undefined ? ok(undefined) : bound('--until', until);
  if (!last.ok) return last;
  const [a, b] = [first.value, last.value];
  if (a === undefined && b === undefined) return ok(() => true);
  // Texts of local times are compared, so that a change of the clock in summer needs no arithmetic.
  return ok(timeUs => {
    if (timeUs === 0) return false;
    const time = timeText(timeUs, zone);
    const whole = `${dayText(zone.local(timeUs / 1000))}T${time}`;
    const at = (text: string): string => (text.length > MIDNIGHT.length ? whole : time);
    return (a === undefined || at(a) >= a) && (b === undefined || at(b) < b);
  });
}

function bound(flag: string, text: string): Result<string> {
  const [, day, time] = TIME.exec(text) ?? [];
  if (day === undefined && time === undefined) {
    const cause = `${flag} ${JSON.stringify(text)} is no time`;
    return failed(fault('E_ILLEGAL', 'bad-time', cause, 'Write 14:03, 14:03:22 or 2026-11-22T14:03:22'));
  }
  const clock = (time ?? '').padEnd(MIDNIGHT.length, ' ');
  const filled = [...MIDNIGHT].map((zero, i) => (clock[i] === ' ' ? zero : clock[i])).join('');
  return ok(day === undefined ? filled : `${day}T${filled}`);
}
