import type { HostClose, HostLink, HostSink, Timers } from '../../src/hal/hal.ts';

/** Timers moved by hand: `pass(ms)` fires what is due, in order. */
export class ManualTimers implements Timers {
  nowMs = 0;
  private next = 1;
  private readonly pending = new Map<number, { dueMs: number; fire: () => void }>();

  set(delayMs: number, fire: () => void): number {
    this.pending.set(this.next, { dueMs: this.nowMs + delayMs, fire });
    return this.next++;
  }

  clear(handle: number): void {
    this.pending.delete(handle);
  }

  get size(): number {
    return this.pending.size;
  }

  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      let handle = 0;
      let dueMs = Infinity;
      for (const [candidate, timer] of this.pending) {
        if (timer.dueMs <= endMs && timer.dueMs < dueMs) {
          handle = candidate;
          dueMs = timer.dueMs;
        }
      }
      const timer = this.pending.get(handle);
      if (timer === undefined) break;
      this.pending.delete(handle);
      this.nowMs = timer.dueMs;
      timer.fire();
    }
    this.nowMs = endMs;
  }
}

/** A connection whose other end is the test. */
export class FakeLink implements HostLink {
  readonly routes: number;
  /** Routes in the order in which connections were asked for. */
  readonly attempts: number[] = [];
  /** Copies of what was written. */
  readonly writes: Uint8Array[] = [];
  closes = 0;
  sink: HostSink | undefined;
  /** Called inside `connect`, for links that answer at once. */
  onConnect: ((route: number, sink: HostSink) => void) | undefined;
  /** Called inside `write`. */
  onWrite: ((bytes: Uint8Array, sink: HostSink) => void) | undefined;

  constructor(routes = 1) {
    this.routes = routes;
  }

  routeName(route: number): string {
    return `host${route}:7000`;
  }

  connect(route: number, sink: HostSink): void {
    this.attempts.push(route);
    this.sink = sink;
    this.onConnect?.(route, sink);
  }

  write(bytes: Uint8Array): void {
    this.writes.push(bytes.slice());
    this.onWrite?.(bytes, this.current());
  }

  close(): void {
    this.closes++;
  }

  accept(): void {
    this.current().connected();
  }

  give(...bytes: number[]): void {
    this.current().received(Uint8Array.from(bytes));
  }

  end(kind: HostClose['kind'], detail = 'by the test'): void {
    this.current().closed({ kind, detail });
  }

  private current(): HostSink {
    if (this.sink === undefined) throw new Error('nobody connected');
    return this.sink;
  }
}
