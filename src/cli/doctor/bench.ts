import type {
  DeviceInfo,
  EventSources,
  PanelEvent,
  PrintResult,
  TerminalDevice,
  Tracks,
} from '../../device/terminal.ts';
import { failed, ok, type Result } from '../../fault.ts';
import type { SerialPort, Timers } from '../../hal/hal.ts';
import { OpenTerminal } from '../open-terminal.ts';

/** A terminal on the bench: the driver of the runtime, asked one thing after the other. */
export class Bench {
  private readonly terminal: OpenTerminal;

  constructor(port: SerialPort, timers: Timers) {
    this.terminal = new OpenTerminal(port, timers);
  }

  get device(): TerminalDevice {
    return this.terminal.device;
  }

  /** Opens the line and greets the terminal. */
  connect(): Promise<Result<DeviceInfo>> {
    return ask(done => this.terminal.connect(done));
  }

  /** Leaves the terminal idle and lets the tty go. */
  close(): Promise<void> {
    return new Promise(resolve => this.terminal.close(resolve));
  }

  show(lines: readonly string[], reverse = 0): Promise<Result<void>> {
    return ask(done => this.device.showScreen(lines, reverse, done));
  }

  event(sources: EventSources, timeoutSeconds: number, flush = false): Promise<Result<PanelEvent>> {
    return ask(done => this.device.waitEvent(sources, { timeoutSeconds, ...(flush ? { flush } : {}) }, done));
  }

  tracks(): Promise<Result<Tracks>> {
    return ask(done => this.device.readTracks(done));
  }

  print(bytes: Uint8Array): Promise<Result<void>> {
    return new Promise(resolve =>
      this.device.print(bytes, (result: PrintResult) => resolve(result.ok ? ok(undefined) : failed(result.fault))),
    );
  }
}

/** A call of the driver as a promise. */
export function ask<T>(call: (done: (result: Result<T>) => void) => void): Promise<Result<T>> {
  return new Promise(resolve => call(resolve));
}
