import type { LocalTime, Timers } from '../../src/hal/hal.ts';

/** Saturday 2026-11-21 14:00:00 UTC, which is also the local time of the simulated shop. */
export const START_MS = Date.UTC(2026, 10, 21, 14, 0, 0);

interface Alarm {
  readonly atMs: number;
  readonly order: number;
  fire: (() => void) | undefined;
}

/**
 * Virtual time for everything in the simulation: a heap of alarms, fired in the order of their time and then of their
 * setting. Nothing ever waits.
 */
export class Timeline implements Timers {
  /** Milliseconds since the start. */
  nowMs = 0;
  private readonly heap: Alarm[] = [];
  private readonly byHandle = new Map<number, Alarm>();
  private last = 0;
  private cleared = 0;

  set(delayMs: number, fire: () => void): number {
    const order = ++this.last;
    const alarm: Alarm = { atMs: this.nowMs + Math.max(0, Math.ceil(delayMs)), order, fire };
    this.byHandle.set(order, alarm);
    this.push(alarm);
    return order;
  }

  clear(handle: number): void {
    const alarm = this.byHandle.get(handle);
    if (!alarm) return;
    alarm.fire = undefined;
    this.byHandle.delete(handle);
    // Most alarms are time-outs that never fire: they are swept out before they slow the others down.
    if (++this.cleared > 64 && this.cleared * 2 > this.heap.length) this.sweep();
  }

  private sweep(): void {
    const live = this.heap.filter(alarm => alarm.fire !== undefined);
    this.heap.length = 0;
    this.cleared = 0;
    for (const alarm of live) this.push(alarm);
  }

  /** Fires the next alarm; false when there is none. */
  step(): boolean {
    for (;;) {
      const alarm = this.pop();
      if (!alarm) return false;
      const { fire } = alarm;
      if (!fire) {
        this.cleared--;
        continue;
      }
      this.byHandle.delete(alarm.order);
      this.nowMs = alarm.atMs;
      fire();
      return true;
    }
  }

  private push(alarm: Alarm): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(alarm);
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (!before(alarm, heap[up])) break;
      heap[at] = heap[up];
      at = up;
    }
    heap[at] = alarm;
  }

  private pop(): Alarm | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (!last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
      if (!before(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function before(a: Alarm, b: Alarm): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** Calendar of the shop. */
export function localTime(ms: number): LocalTime {
  const at = new Date(ms);
  return {
    year: at.getUTCFullYear(),
    month: at.getUTCMonth() + 1,
    day: at.getUTCDate(),
    hour: at.getUTCHours(),
    minute: at.getUTCMinutes(),
    second: at.getUTCSeconds(),
  };
}

/** Something that can die: after that nothing of the world reaches it any more. */
export interface Process {
  dead: boolean;
}

/** Timers of a process: they end with it. */
export function timersOf(timeline: Timeline, process: Process): Timers {
  return {
    set: (delayMs, fire) =>
      timeline.set(delayMs, () => {
        if (!process.dead) fire();
      }),
    clear: handle => timeline.clear(handle),
  };
}

/** Thrown through the program to end it, as a power cut would. */
export class Crash extends Error {}
