import type { LocalTime, Timers } from '../../src/hal/hal.ts';

/** Saturday 2026-11-21 14:00:00 UTC, which is also the local time of the simulated shop. */
export const START_MS = Date.UTC(2026, 10, 21, 14, 0, 0);

/** Something that can die: after that nothing of the world reaches it any more. */
export interface Process {
  dead: boolean;
}

const nothing = (): void => {};
const WORLD: Process = { dead: false };

/** A place for an alarm, used again and again. Those that are set form a ring around `end` of the timeline, the next first. */
class Alarm {
  /** Of its present use, or of the next one while it is free: no older handle means it. */
  handle: number;
  atMs = 0;
  fire = nothing;
  /** Whose alarm it is: it ends with that process. */
  process = WORLD;
  before: Alarm = this;
  after: Alarm = this;

  constructor(handle: number) {
    this.handle = handle;
  }
}

/** So many alarms may be set at once: a handle, divided by this, leaves the number of its place. */
const PLACES = 1024;

/**
 * Virtual time for everything in the simulation: alarms fire in the order of their time and then of their setting, and
 * nothing ever waits. Few alarms are set at any moment, and most of those are time-outs that are cleared again; so they
 * are kept as a sorted list, which finds the place of a new one within a few steps and lets go of one at once.
 */
export class Timeline implements Timers {
  /** Milliseconds since the start. */
  nowMs = 0;
  private readonly places: Alarm[] = [];
  private readonly end = new Alarm(0);
  private readonly free: Alarm[] = [];

  /** As of any timers; with `process` only while that lives. */
  set(delayMs: number, fire: () => void, process = WORLD): number {
    const alarm = this.free.pop() ?? this.place();
    const atMs = this.nowMs + Math.max(0, Math.ceil(delayMs));
    let { after } = this.end;
    while (after !== this.end && after.atMs <= atMs) after = after.after;
    const { before } = after;
    alarm.atMs = atMs;
    alarm.fire = fire;
    alarm.process = process;
    alarm.before = before;
    alarm.after = after;
    before.after = after.before = alarm;
    return alarm.handle;
  }

  clear(handle: number): void {
    const alarm = this.places[handle % PLACES];
    if (alarm?.handle === handle) this.take(alarm);
  }

  /** Fires the next alarm; false when there is none. */
  step(): boolean {
    const alarm = this.end.after;
    if (alarm === this.end) return false;
    const { fire, process } = alarm;
    this.nowMs = alarm.atMs;
    this.take(alarm);
    if (!process.dead) fire();
    return true;
  }

  private take(alarm: Alarm): void {
    alarm.before.after = alarm.after;
    alarm.after.before = alarm.before;
    alarm.handle += PLACES;
    alarm.fire = nothing;
    alarm.process = WORLD;
    this.free.push(alarm);
  }

  private place(): Alarm {
    const number = this.places.length;
    if (number === PLACES) throw new Error(`${PLACES} alarms are set at once`);
    const alarm = new Alarm(PLACES + number);
    this.places.push(alarm);
    return alarm;
  }
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

/** Timers of a process: they end with it. */
export function timersOf(timeline: Timeline, process: Process): Timers {
  return {
    set: (delayMs, fire) => timeline.set(delayMs, fire, process),
    clear: handle => timeline.clear(handle),
  };
}

/** Thrown through the program to end it, as a power cut would. */
export class Crash extends Error {}
