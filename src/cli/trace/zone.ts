import type { LocalTime } from '../../hal/hal.ts';

/** Clocks of the world are changed at quarters of an hour. */
const QUARTER_MS = 15 * 60_000;

/** Calendar time of a place. */
export interface Zone {
  /** IANA name; undefined for the zone of this computer. */
  readonly name: string | undefined;
  local(ms: number): LocalTime;
}

/** The clock of the zone `name`, such as Asia/Shanghai; undefined when this program does not know it. */
export function zoneNamed(name: string): Zone | undefined {
  const format = formatOf(name);
  if (format === undefined) return undefined;
  let quarter = Number.NaN;
  let offsetMs = 0;
  return {
    name,
    local(ms) {
      const now = Math.floor(ms / QUARTER_MS);
      if (now !== quarter) {
        quarter = now;
        offsetMs = offsetAt(format, now * QUARTER_MS);
      }
      const at = new Date(ms + offsetMs);
      return {
        year: at.getUTCFullYear(),
        month: at.getUTCMonth() + 1,
        day: at.getUTCDate(),
        hour: at.getUTCHours(),
        minute: at.getUTCMinutes(),
        second: at.getUTCSeconds(),
      };
    },
  };
}

function formatOf(timeZone: string): Intl.DateTimeFormat | undefined {
  const numeric = 'numeric';
  const parts = {
    year: numeric,
    month: numeric,
    day: numeric,
    hour: numeric,
    minute: numeric,
    second: numeric,
  } as const;
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', ...parts });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return undefined;
  }
}

/** Milliseconds by which the zone is ahead of UTC then. */
function offsetAt(format: Intl.DateTimeFormat, ms: number): number {
  const at: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(ms)) at[type] = Number(value);
  return Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute, at.second) - ms;
}
