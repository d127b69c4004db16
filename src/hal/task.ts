import type { Timers } from './hal.ts';

/**
 * Sequences without promises. A {@link Task} is a generator that yields what it waits for: a function that starts the
 * work and later calls `resume` once. So the law of money reads from top to bottom, nothing happens behind its back, and
 * the same events in the same order give the same history.
 */
export type Wait<T> = (resume: (value: T) => void) => void;

// A generator's yields cannot be typed one by one; `wait` gives each of them its type back.
export type Task<T> = Generator<Wait<never>, T, unknown>;

/** Waits for `start` to call `resume`; the value of the task expression is what it was called with. */
export function* wait<T>(start: Wait<T>): Task<T> {
  return (yield start as unknown as Wait<never>) as T;
}

/** Lets `ms` pass. */
export function* pause(timers: Timers, ms: number): Task<void> {
  yield* wait<void>(resume => {
    timers.set(ms, () => resume(undefined));
  });
}

/** Runs a task to its end and hands over its value. Waits that resume at once do not grow the stack. */
export function run<T>(task: Task<T>, done: (value: T) => void): void {
  let value: unknown;
  let inside = false;
  let pending = false;
  const turn = (): void => {
    if (inside) {
      pending = true;
      return;
    }
    inside = true;
    do {
      pending = false;
      const step = task.next(value);
      if (step.done) {
        done(step.value);
        return;
      }
      let resumed = false;
      (step.value as Wait<unknown>)(answer => {
        if (resumed) throw new Error('a wait resumed twice');
        resumed = true;
        value = answer;
        turn();
      });
    } while (pending);
    inside = false;
  };
  turn();
}
