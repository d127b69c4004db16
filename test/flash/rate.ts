import { TerminalDevice } from '../../src/device/terminal.ts';
import { ok, type Result } from '../../src/fault.ts';
import { flash } from '../../src/flash/flasher.ts';
import type { FlashOutcome } from '../../src/flash/types.ts';
import type { Timers } from '../../src/hal/hal.ts';
import { VirtualTerminal } from '../../src/sim/terminal/terminal.ts';
import { UartPacer } from '../../src/sim/terminal/uart.ts';
import { VirtualTimers } from '../sim/terminal/bench.ts';
import { sha } from './world.ts';

/** Start bit, eight data bits, stop bit. */
const BITS_A_BYTE = 10;

/** One direction of a line: what is written leaves byte by byte after what was written before. */
interface Wire {
  push(bytes: Uint8Array): void;
}

/** A serial line to the bit: a piece arrives when its last bit has passed. */
class ExactWire implements Wire {
  private readonly timers: VirtualTimers;
  private readonly byteMs: number;
  private readonly deliver: (bytes: Uint8Array) => void;
  private freeMs = 0;

  constructor(timers: VirtualTimers, baud: number, deliver: (bytes: Uint8Array) => void) {
    this.timers = timers;
    this.byteMs = (1000 * BITS_A_BYTE) / baud;
    this.deliver = deliver;
  }

  push(bytes: Uint8Array): void {
    const copy = bytes.slice();
    this.freeMs = Math.max(this.freeMs, this.timers.nowMs) + copy.length * this.byteMs;
    this.timers.set(this.freeMs - this.timers.nowMs, () => this.deliver(copy));
  }
}

export interface Rate {
  readonly baud: number;
  readonly imageBytes: number;
  /** Virtual time from the answer of XLI to that of XLE. */
  readonly ms: number;
  /** Bytes that the host put on the line for the whole load, XLI and XLE included. */
  readonly lineBytes: number;
  /** Image bytes a second against the bytes a second that the line carries. */
  readonly share: number;
}

/**
 * Loads `image` over a virtual line of `baud` in virtual time. `paced`: with the
 * pacer of the simulator and its timers of whole milliseconds; otherwise with a line that is exact to the bit.
 */
export function loadRate(image: Uint8Array, baud: number, paced = false): Rate {
  const timers = new VirtualTimers();
  const clock = { monotonicMs: () => timers.nowMs };
  const wire = (deliver: (bytes: Uint8Array) => void): Wire =>
    paced ? new UartPacer(timers, clock, baud, deliver) : new ExactWire(timers, baud, deliver);
  const toHost = wire(bytes => device.received(bytes));
  const toTerminal = wire(bytes => terminal.received(bytes));
  const terminal: VirtualTerminal = new VirtualTerminal({
    timers,
    entropy: { fill: bytes => bytes.fill(0x5a) },
    tmk: new Uint8Array(16).fill(0x11),
    serialNumber: 'SIM00000001',
    panel: true,
    write: bytes => toHost.push(bytes),
  });
  const device: TerminalDevice = new TerminalDevice({
    timers: timers as Timers,
    write: bytes => toTerminal.push(bytes),
  });
  device.lineUp();
  const wait = <T>(start: (done: (value: T) => void) => void): T => {
    let got: { value: T } | undefined;
    start(value => {
      got = { value };
    });
    for (let i = 0; i < 1_000_000 && !got; i++) timers.run(5);
    if (!got) throw new Error('it did not end');
    return got.value;
  };
  const connected = wait<Result<unknown>>(done => device.connect(done));
  if (!connected.ok) throw new Error(connected.fault.cause);
  const before = device.counters.bytesSent;
  let lineBytes = 0;
  const result = wait<Result<FlashOutcome>>(done => {
    flash(
      device.slots,
      image,
      sha(image),
      { echo: done => done(ok(undefined)), printer: done => done(ok(undefined)), panel: done => done(ok(undefined)) },
      {
        nowMs: () => timers.nowMs,
        timers,
        reconnect: done => device.connect(answer => done(answer.ok ? ok(undefined) : answer)),
      },
      ({ step }) => {
        if (step === 'readBack') lineBytes = device.counters.bytesSent - before;
      },
      done,
    );
  });
  if (!result.ok || result.value.kind !== 'flashed') throw new Error(JSON.stringify(result));
  const { bytes, ms } = result.value;
  const perSecond = (bytes * 1000) / ms;
  return { baud, imageBytes: bytes, ms, lineBytes, share: perSecond / (baud / BITS_A_BYTE) };
}
