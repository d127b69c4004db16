import type { DeviceInfo, EventSources, PanelEvent, Tracks } from '../../device/terminal.ts';
import { TerminalDevice } from '../../device/terminal.ts';
import { failed, fault, ok, type Result } from '../../fault.ts';
import type { SerialClose, SerialPort, Timers } from '../../hal/hal.ts';
import type { PrintResult } from '../../device/terminal.ts';
import { serialFault } from '../serial-fault.ts';

/** How long a tty may take to open, milliseconds. */
const OPEN_MS = 10_000;

/** A terminal on the bench: the driver of the runtime, asked one thing after the other. */
export class Bench {
  readonly device: TerminalDevice;
  private readonly port: SerialPort;
  private readonly timers: Timers;

  constructor(port: SerialPort, timers: Timers) {
    this.port = port;
    this.timers = timers;
    this.device = new TerminalDevice({ write: bytes => port.write(bytes), timers });
  }

  /** Opens the line and greets the terminal. Faults: those of the tty, `line-silent`, those of the driver. */
  connect(): Promise<Result<DeviceInfo>> {
    return new Promise(resolve => {
      let over = false;
      const end = (result: Result<DeviceInfo>): void => {
        if (over) return;
        over = true;
        this.timers.clear(timer);
        resolve(result);
      };
      const timer = this.timers.set(OPEN_MS, () =>
        end(
          failed(fault('E_TIMEOUT', 'line-silent', 'the line did not open in time', 'Pull the cable and plug it in')),
        ),
      );
      this.port.open({
        opened: () => {
          this.device.lineUp();
          this.device.connect(end);
        },
        received: bytes => this.device.received(bytes),
        closed: (reason: SerialClose) => {
          this.device.lineDown();
          end(failed(serialFault(reason, this.port.path)));
        },
      });
    });
  }

  /** Leaves the terminal idle and lets the tty go. */
  async close(): Promise<void> {
    if (this.device.info) await ask<void>(done => this.device.close(undefined, done));
    this.device.lineDown();
    this.port.close();
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
