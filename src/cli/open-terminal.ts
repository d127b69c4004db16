import { TerminalDevice, type DeviceInfo } from '../device/terminal.ts';
import { failed, fault, ok, type Fault, type Result } from '../fault.ts';
import type { SerialClose, SerialPort, Timers } from '../hal/hal.ts';
import { serialFault } from './serial-fault.ts';

/** How long a tty may take to open, milliseconds. */
const OPEN_MS = 10_000;

/**
 * A terminal that a command of the technician works with. Its line may hang up and come back at any time: each
 * {@link connect} opens the tty anew where that is needed, and a terminal with another serial number than the first one is
 * refused.
 */
export class OpenTerminal {
  readonly device: TerminalDevice;
  /** What the terminal said at the last connect. */
  info: DeviceInfo | undefined;
  private readonly port: SerialPort;
  private readonly timers: Timers;
  private open = false;
  private serialNumber: string | undefined;
  private waiting: ((result: Result<void>) => void) | undefined;

  constructor(port: SerialPort, timers: Timers) {
    this.port = port;
    this.timers = timers;
    this.device = new TerminalDevice({ write: bytes => port.write(bytes), timers });
  }

  /** Opens the tty where it is closed; CAN, EOT, XID. Calls `done` once. */
  connect(done: (result: Result<DeviceInfo>) => void): void {
    this.opened(opened => {
      if (!opened.ok) return done(opened);
      this.device.connect(answer => {
        if (!answer.ok) {
          // A tty that is open and mute is opened anew the next time: the device behind it may be another one by now.
          this.shut();
          return done(answer);
        }
        const { serialNumber } = answer.value;
        if (this.serialNumber !== undefined && this.serialNumber !== serialNumber)
          return done(failed(anotherTerminal(this.serialNumber, serialNumber)));
        this.serialNumber = serialNumber;
        this.info = answer.value;
        done(answer);
      });
    });
  }

  /** Leaves the terminal with a blank screen and lets the tty go. */
  close(done: () => void): void {
    const end = (): void => {
      this.shut();
      done();
    };
    if (!this.open || this.device.info === undefined) return end();
    this.device.close(undefined, end);
  }

  /** Lets the tty go as it is. */
  drop(): void {
    this.shut();
  }

  private opened(done: (result: Result<void>) => void): void {
    if (this.open) return done(ok(undefined));
    let over = false;
    const end = (result: Result<void>): void => {
      if (over) return;
      over = true;
      this.timers.clear(timer);
      this.waiting = undefined;
      done(result);
    };
    const timer = this.timers.set(OPEN_MS, () => {
      this.port.close();
      end(failed(fault('E_TIMEOUT', 'tty-silent', 'the tty did not open in time', 'Pull the cable and plug it in')));
    });
    this.waiting = end;
    this.port.open({
      opened: () => {
        if (over) return;
        this.open = true;
        this.device.lineUp();
        end(ok(undefined));
      },
      received: bytes => this.device.received(bytes),
      closed: reason => this.closed(reason),
    });
  }

  private closed(reason: SerialClose): void {
    if (reason.kind === 'closed') return;
    if (this.open) {
      this.open = false;
      this.device.lineDown();
    }
    this.waiting?.(failed(serialFault(reason, this.port.path)));
  }

  private shut(): void {
    if (!this.open) return;
    this.open = false;
    this.device.lineDown();
    this.port.close();
  }
}

function anotherTerminal(before: string, now: string): Fault {
  return fault(
    'E_ILLEGAL',
    'terminal-changed',
    `another terminal is on the line: serial number ${now || '(none)'} instead of ${before || '(none)'}`,
    'Plug the first terminal in again; the one on trial goes back by itself when it is switched off and on',
  );
}
