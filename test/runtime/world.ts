import type { Clock, LocalTime, SerialClose, SerialPort, SerialSink, Timers } from '../../src/hal/hal.ts';

/** Saturday 2026-11-21 14:00:00, as the shop reads it. */
export const NOON_MS = Date.UTC(2026, 10, 21, 14, 0, 0);

interface Alarm {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
}

/**
 * Virtual time: one list of alarms, fired in order of time and then of setting. Nothing waits and nothing is random, so the
 * same calls give the same history. It is the clock and the timers of everything on both sides of the rim.
 */
export class World implements Timers, Clock {
  private readonly startMs: number;
  private readonly alarms = new Map<number, Alarm>();
  private elapsedMs = 0;
  private last = 0;

  constructor(startMs = NOON_MS) {
    this.startMs = startMs;
  }

  set(delayMs: number, fire: () => void): number {
    const handle = ++this.last;
    this.alarms.set(handle, { atMs: this.elapsedMs + Math.ceil(delayMs), order: handle, fire });
    return handle;
  }

  clear(handle: number): void {
    this.alarms.delete(handle);
  }

  nowMs(): number {
    return this.startMs + this.elapsedMs;
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  local(ms: number): LocalTime {
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

  /** Lets time pass until `condition` holds; false when it does not within `limitMs`. */
  until(condition: () => boolean, limitMs: number): boolean {
    const endMs = this.elapsedMs + limitMs;
    while (!condition()) if (!this.step(endMs)) return condition();
    return true;
  }

  /** Lets exactly `ms` pass. */
  pass(ms: number): void {
    const endMs = this.elapsedMs + ms;
    while (this.step(endMs));
  }

  /** Fires the next alarm up to `endMs`, or lets the time until then pass and returns false. */
  private step(endMs: number): boolean {
    let next: Alarm | undefined;
    let handle = 0;
    for (const [h, alarm] of this.alarms)
      if (!next || alarm.atMs < next.atMs || (alarm.atMs === next.atMs && alarm.order < next.order))
        [next, handle] = [alarm, h];
    if (!next || next.atMs > endMs) {
      this.elapsedMs = endMs;
      return false;
    }
    this.alarms.delete(handle);
    this.elapsedMs = next.atMs;
    next.fire();
    return true;
  }
}

/** Pseudo-random bytes of a seed: enough for keys and salts of a test, the same in every run. */
export function seeded(seed: number): { fill(bytes: Uint8Array): void } {
  let state = seed | 0;
  return {
    fill(bytes) {
      for (let i = 0; i < bytes.length; i++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
        bytes[i] = state >>> 24;
      }
    },
  };
}

/** Something that can die: after that nothing of the world reaches it any more. */
export interface Process {
  dead: boolean;
}

/** Timers of a process: they end with it. */
export function timersOf(world: World, process: Process): Timers {
  return {
    set: (delayMs, fire) => world.set(delayMs, () => (process.dead ? undefined : fire())),
    clear: handle => world.clear(handle),
  };
}

const CABLE_MS = 1;

/** The serial cable between a counter host and the terminal: bytes take a millisecond, a pulled cable loses them. */
export class Cable {
  private readonly world: World;
  private readonly terminal: (bytes: Uint8Array) => void;
  private sink: SerialSink | undefined;
  /** Asked to open, not answered yet. */
  private opening: SerialSink | undefined;
  private isPlugged = true;
  /** Counts opens and unplugs: bytes of an older one are lost. */
  private generation = 0;

  constructor(world: World, terminal: (bytes: Uint8Array) => void) {
    this.world = world;
    this.terminal = terminal;
  }

  /** Bytes of the terminal. */
  fromTerminal(bytes: Uint8Array): void {
    const copy = bytes.slice();
    this.later(() => this.sink?.received(copy));
  }

  unplug(): void {
    const sink = this.sink;
    this.isPlugged = false;
    this.drop();
    sink?.closed({ kind: 'hangup', detail: 'the cable was pulled' });
  }

  plug(): void {
    this.isPlugged = true;
  }

  /** The host's end, for one process. */
  port(process: Process): SerialPort {
    return {
      path: '/dev/ttyTEST',
      open: sink => {
        this.drop();
        this.opening = sink;
        this.world.set(CABLE_MS, () => {
          // A cable pulled meanwhile is told below; a port closed or opened anew meanwhile says nothing more.
          if (process.dead || this.opening !== sink) return;
          this.opening = undefined;
          if (!this.isPlugged) return sink.closed(MISSING);
          this.sink = sink;
          sink.opened();
        });
      },
      write: bytes => {
        const copy = bytes.slice();
        if (this.sink && !process.dead) this.later(() => this.terminal(copy));
      },
      close: () => {
        if (process.dead) return;
        this.opening = undefined;
        this.drop();
      },
    };
  }

  /** The host lets go of the line without a word: its process ended. */
  drop(): void {
    this.sink = undefined;
    this.generation++;
  }

  private later(deliver: () => void): void {
    const { generation } = this;
    this.world.set(CABLE_MS, () => {
      if (generation === this.generation) deliver();
    });
  }
}

const MISSING: SerialClose = { kind: 'missing', detail: 'no such device' };
