import type { Clock, Timers } from '../../hal/hal.ts';

/** Start bit, eight data bits, stop bit. */
const BITS_A_BYTE = 10;

/**
 * Delays bytes as a serial line of a given speed does: a byte arrives when its ten bits and all earlier ones have passed. A
 * pseudo-terminal alone is as fast as memory, which hides time-outs that a real line would show.
 */
export class UartPacer {
  private readonly timers: Timers;
  private readonly clock: Pick<Clock, 'monotonicMs'>;
  private readonly byteMs: number;
  private readonly deliver: (bytes: Uint8Array) => void;
  private queue: number[] = [];
  /** Time at which the first byte of the queue arrives. */
  private firstDueMs = 0;
  private timer = 0;

  /** `baud`: bits a second. */
  constructor(timers: Timers, clock: Pick<Clock, 'monotonicMs'>, baud: number, deliver: (bytes: Uint8Array) => void) {
    this.timers = timers;
    this.clock = clock;
    this.byteMs = (1000 * BITS_A_BYTE) / baud;
    this.deliver = deliver;
  }

  push(bytes: Uint8Array): void {
    if (this.queue.length === 0) this.firstDueMs = Math.max(this.firstDueMs, this.clock.monotonicMs() + this.byteMs);
    for (const byte of bytes) this.queue.push(byte);
    this.arm();
  }

  /** The line is cut: bytes on their way are lost. */
  clear(): void {
    this.queue = [];
    this.timers.clear(this.timer);
    this.timer = 0;
  }

  private arm(): void {
    if (this.timer !== 0 || this.queue.length === 0) return;
    const delayMs = Math.max(1, Math.ceil(this.firstDueMs - this.clock.monotonicMs()));
    this.timer = this.timers.set(delayMs, () => {
      this.timer = 0;
      const due = Math.floor((this.clock.monotonicMs() - this.firstDueMs) / this.byteMs) + 1;
      const arrived = Uint8Array.from(this.queue.splice(0, Math.max(due, 0)));
      this.firstDueMs += arrived.length * this.byteMs;
      this.arm();
      if (arrived.length > 0) this.deliver(arrived);
    });
  }
}
