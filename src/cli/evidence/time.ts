import { digits } from '../../units.ts';

/** Local time of the host, `2026-11-21 14:03:22`. */
export function timeText(ms: number): string {
  const at = new Date(ms);
  const two = (n: number): string => digits(n, 2);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
