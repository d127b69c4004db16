import days from 'chinese-days/dist/chinese-days.json' with { type: 'json' };
import type { LocalTime } from '../hal/hal.ts';
import { type AccountKind, arrivalOf } from './arrival-account.ts';
import type { Arrival, Channel, RefundPolicy } from './refund-policy.ts';
import { clockSeconds } from './shop-day.ts';

/** A day of the calendar: no time, no zone. */
export interface CalendarDay {
  readonly year: number;
  /** 1–12 */
  readonly month: number;
  readonly day: number;
}

/** Which days banks work. */
export interface WorkCalendar {
  /** False for a year whose holidays are not known (yet). */
  knows(year: number): boolean;
  isWorkday(day: CalendarDay): boolean;
}

const { holidays, workdays } = days as {
  readonly holidays: Readonly<Record<string, string>>;
  readonly workdays: Readonly<Record<string, string>>;
};

/**
 * Working days of the People's Republic of China: Monday to Friday without the public holidays, and the weekend days that
 * the State Council has made working days for them. It announces a year in the autumn before; National Day is in every
 * announcement, so a year that has it is known.
 */
export const CHINA: WorkCalendar = {
  knows: year => Object.hasOwn(holidays, `${year}-10-01`),
  isWorkday(day) {
    const name = isoDay(day);
    return isWeekday(day) ? !Object.hasOwn(holidays, name) : Object.hasOwn(workdays, name);
  },
};

/** `2026-10-01` */
function isoDay({ year, month, day }: CalendarDay): string {
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

/** The day `count` days later. */
export function addDays(from: CalendarDay, count: number): CalendarDay {
  const at = new Date(Date.UTC(from.year, from.month - 1, from.day + count));
  return { year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate() };
}

/** Negative when `a` is before `b`. */
export function compareDays(a: CalendarDay, b: CalendarDay): number {
  return a.year - b.year || a.month - b.month || a.day - b.day;
}

/** When money should be there and from when on it is late. */
export interface Due {
  /** `minutes`: the numbers alone count. `days`: working days. */
  readonly unit: 'minutes' | 'days';
  readonly usualMin: number;
  readonly usualMax: number;
  readonly latest: number;
  /** Last day of the usual time; absent for minutes, and when a year in between is not known. */
  readonly day?: CalendarDay;
  /** Last day on which it is not late; absent as `day`. */
  readonly latestDay?: CalendarDay;
  /** A public holiday moved `day`: it is later than weekends alone make it. */
  readonly holiday: boolean;
}

/** Longest way over days off that is looked at: nothing closes banks for so long. */
const DAYS_OFF_MAX = 60;

/**
 * Due days of money that was sent back at `sent` (time of the shop). What is sent after the acquirer's cut-off (`HHMM`)
 * counts for the next day; day 0 is the day itself when it is a working day, else the next working day; then `count`
 * working days follow.
 */
export function dueOf(sent: LocalTime, arrival: Arrival, cutOff: string, calendar: WorkCalendar = CHINA): Due {
  const { unit, usualMin, usualMax, latest } = arrival;
  const numbers = { unit, usualMin, usualMax, latest };
  if (unit === 'minutes') return { ...numbers, holiday: false };
  const second = sent.hour * 3600 + sent.minute * 60 + sent.second;
  const start = addDays(sent, second >= clockSeconds(cutOff) ? 1 : 0);
  const day = workdayAfter(start, usualMax, calendar);
  const latestDay = workdayAfter(start, latest, calendar);
  const plain = workdayAfter(start, usualMax, WEEKENDS_ONLY);
  return {
    ...numbers,
    ...(day ? { day } : {}),
    ...(latestDay ? { latestDay } : {}),
    holiday: day !== undefined && plain !== undefined && compareDays(day, plain) > 0,
  };
}

const WEEKENDS_ONLY: WorkCalendar = { knows: () => true, isWorkday: isWeekday };

/** Monday to Friday. */
function isWeekday({ year, month, day }: CalendarDay): boolean {
  const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay();
  return weekday >= 1 && weekday <= 5;
}

/**
 * The working day that lies `count` working days after `from`, which for 0 is `from` itself or the first working day after
 * it. Undefined when a year on the way is not known.
 */
export function workdayAfter(
  from: CalendarDay,
  count: number,
  calendar: WorkCalendar = CHINA,
): CalendarDay | undefined {
  let at = from;
  let left = count;
  let off = 0;
  for (;;) {
    if (!calendar.knows(at.year)) return undefined;
    if (calendar.isWorkday(at)) {
      if (left === 0) return at;
      left--;
      off = 0;
    } else if (++off > DAYS_OFF_MAX) return undefined;
    at = addDays(at, 1);
  }
}

/** Where a refund stands against what was promised. */
export interface Progress {
  readonly due: Due;
  /** The usual time is over, the latest not yet. */
  readonly slow: boolean;
  /** The latest time is over. */
  readonly late: boolean;
}

/** A refund that was sent then, seen now; both moments also as the shop reads them. */
export interface Sending {
  readonly channel: Channel;
  readonly card: AccountKind;
  readonly sentMs: number;
  readonly sent: LocalTime;
  readonly nowMs: number;
  readonly now: LocalTime;
}

/**
 * Due days of a refund by the policy, and whether it is slow or late now.
 */
export function progressOf(
  policy: Pick<RefundPolicy, 'channels' | 'cutOff'>,
  { channel, card, sentMs, sent, nowMs, now }: Sending,
  calendar: WorkCalendar = CHINA,
): Progress {
  const due = dueOf(sent, arrivalOf(policy.channels[channel], card), policy.cutOff, calendar);
  const late = isLate(due, sentMs, nowMs, now, sent);
  const usual: Due = { ...due, latest: due.usualMax, ...(due.day ? { latestDay: due.day } : {}) };
  return { due, late, slow: !late && isLate(usual, sentMs, nowMs, now, sent) };
}

/**
 * True when `now` is past the latest time: minutes since `sentMs`, or the day after `latestDay`. Where a year is not known
 * nobody can count working days: then it is late after twice as many days since `sent` and ten more, which no row of
 * holidays exceeds, and never without `sent`.
 */
export function isLate(due: Due, sentMs: number, nowMs: number, today: CalendarDay, sent?: CalendarDay): boolean {
  if (due.unit === 'minutes') return nowMs - sentMs > due.latest * 60_000;
  const day = due.latestDay ?? (sent && addDays(sent, 2 * due.latest + 10));
  return day !== undefined && compareDays(today, day) > 0;
}
