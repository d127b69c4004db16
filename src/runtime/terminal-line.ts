import type { DeviceInfo, TerminalDevice } from '../device/terminal.ts';
import { type Fault, faultText } from '../fault.ts';
import type { Hal, SerialClose } from '../hal/hal.ts';

/** Pause before a lost or refused line is opened again. */
const REOPEN_MS = 1000;

type LineState = 'closed' | 'opening' | 'connecting' | 'ready' | 'stopped';

/**
 * Keeps the terminal line open: opens the tty, greets the terminal, and after an unplug tries again every second until
 * it is back, without a restart of the process.
 */
export class TerminalLine {
  private readonly hal: Hal;
  private readonly device: TerminalDevice;
  private state: LineState = 'closed';
  private waiters: { readonly resume: (up: boolean) => void; timer: number }[] = [];
  private retry = 0;
  /** What the terminal said of itself when it was greeted last. */
  info: DeviceInfo | undefined;
  /** Why the line is not ready. */
  trouble: SerialClose | Fault | undefined;
  /** Called each time that the terminal has been greeted, and when the line was lost. */
  onChange: (ready: boolean) => void = () => {};

  constructor(hal: Hal, device: TerminalDevice) {
    this.hal = hal;
    this.device = device;
  }

  get isReady(): boolean {
    return this.state === 'ready';
  }

  open(): void {
    if (this.state !== 'closed') return;
    this.state = 'opening';
    this.hal.serial.open({
      opened: () => this.opened(),
      received: bytes => this.device.received(bytes),
      closed: reason => this.closed(reason),
    });
  }

  /** Resumes with true once the terminal has been greeted, with false when that does not happen in `withinMs`. */
  whenReady(resume: (up: boolean) => void, withinMs?: number): void {
    if (this.state === 'ready') return resume(true);
    const waiter = { resume, timer: 0 };
    this.waiters.push(waiter);
    if (withinMs !== undefined)
      waiter.timer = this.hal.timers.set(withinMs, () => {
        this.waiters = this.waiters.filter(w => w !== waiter);
        resume(false);
      });
  }

  /** The terminal answers no more although the tty is open: the line is closed and opened anew. */
  restart(cause: Fault): void {
    if (this.state === 'stopped' || this.state === 'closed') return;
    this.hal.log.warn({ event: 'terminal', fault: cause.name }, faultText(cause));
    this.trouble = cause;
    this.hal.serial.close();
    this.lost();
  }

  stop(): void {
    this.state = 'stopped';
    this.hal.timers.clear(this.retry);
    this.device.lineDown();
    this.hal.serial.close();
  }

  private opened(): void {
    if (this.state !== 'opening') return;
    this.state = 'connecting';
    this.device.lineUp();
    this.device.connect(answer => {
      if (this.state !== 'connecting') return;
      if (!answer.ok) return this.restart(answer.fault);
      this.state = 'ready';
      this.info = answer.value;
      this.trouble = undefined;
      this.hal.log.info(
        { event: 'terminal', model: answer.value.model, serial: answer.value.serialNumber },
        'terminal ready',
      );
      this.onChange(true);
      const waiting = this.waiters;
      this.waiters = [];
      for (const waiter of waiting) {
        this.hal.timers.clear(waiter.timer);
        waiter.resume(true);
      }
    });
  }

  private closed(reason: SerialClose): void {
    if (this.state === 'stopped' || this.state === 'closed') return;
    this.trouble = reason;
    this.hal.log.warn({ event: 'terminal', reason: reason.kind }, `terminal line closed: ${reason.detail}`);
    this.lost();
  }

  private lost(): void {
    this.state = 'closed';
    this.device.lineDown();
    this.onChange(false);
    this.hal.timers.clear(this.retry);
    this.retry = this.hal.timers.set(REOPEN_MS, () => this.open());
  }
}
