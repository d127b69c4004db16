import type { LocalTime } from '../hal/hal.ts';

const DAY_MS = 86_400_000;

/** First millisecond of the shop's day in which `atMs` lies. */
export function dayStartMs(atMs: number, local: LocalTime): number {
  const secondOfDay = local.hour * 3600 + local.minute * 60 + local.second;
  return Math.floor(atMs / 1000) * 1000 - secondOfDay * 1000;
}

/** Whole days of the shop's calendar from `fromMs` to the day of `atMs`: 0 = the same day. Never negative. */
export function ageDays(fromMs: number, atMs: number, local: LocalTime): number {
  return Math.max(0, Math.ceil((dayStartMs(atMs, local) - fromMs) / DAY_MS));
}

/** Seconds since midnight of `HHMM`. */
export function clockSeconds(hhmm: string): number {
  return Number(hhmm.slice(0, 2)) * 3600 + Number(hhmm.slice(2)) * 60;
}
