import { assert } from '../assert.ts';
import type { Timers } from '../hal/hal.ts';

/** Longest delay that the operating system's timer takes, milliseconds; above it, it would fire at once. */
export const SINGLE_DELAY_MAX_MS = 0x7fff_ffff;

/** Timers of the event loop, and a way to end them all. */
export interface SystemTimers extends Timers {
  /** Clears every timer, so that nothing keeps the process alive. */
  clearAll(): void;
}

/** Delays are whole or fractional milliseconds from 0; longer ones than {@link SINGLE_DELAY_MAX_MS} run in parts. */
export function openTimers(): SystemTimers {
  const running = new Map<number, NodeJS.Timeout>();
  let last = 0;

  const start = (handle: number, delayMs: number, fire: () => void): void => {
    const partMs = Math.min(delayMs, SINGLE_DELAY_MAX_MS);
    const timeout = setTimeout(() => {
      if (delayMs > partMs) {
        start(handle, delayMs - partMs, fire);
        return;
      }
      running.delete(handle);
      fire();
    }, partMs);
    running.set(handle, timeout);
  };

  return {
    set(delayMs, fire) {
      assert(Number.isFinite(delayMs) && delayMs >= 0, 'a timer needs a delay of 0 or more milliseconds');
      const handle = ++last;
      start(handle, delayMs, fire);
      return handle;
    },
    clear(handle) {
      clearTimeout(running.get(handle));
      running.delete(handle);
    },
    clearAll() {
      for (const timeout of running.values()) clearTimeout(timeout);
      running.clear();
    },
  };
}
