import type { Clock, LocalTime } from '../hal/hal.ts';

/** The operating system's clock. Local time follows the zone of the host (`TZ`, else the system setting). */
export function openClock(): Clock {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => Math.floor(performance.now()),
    local(ms: number): LocalTime {
      const date = new Date(ms);
      return {
        year: date.getFullYear(),
        month: date.getMonth() + 1,
        day: date.getDate(),
        hour: date.getHours(),
        minute: date.getMinutes(),
        second: date.getSeconds(),
      };
    },
  };
}
