// Line rate of a flash, by the clock of the machine and by that of the line:  node test/bench/flash.ts [baud] [bytes]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenTerminal } from '../../src/cli/open-terminal.ts';
import { ok, type Result } from '../../src/fault.ts';
import { flash } from '../../src/flash/flasher.ts';
import { openClock } from '../../src/node/clock.ts';
import { openEntropy } from '../../src/node/entropy.ts';
import { linkDevice, openPty } from '../../src/node/pty.ts';
import { openSerialPort } from '../../src/node/serial.ts';
import { openTimers } from '../../src/node/timers.ts';
import { VirtualTerminal } from '../../src/sim/terminal/terminal.ts';
import { UartPacer } from '../../src/sim/terminal/uart.ts';
import { randomOf } from '../flash/proof.ts';
import { loadRate } from '../flash/rate.ts';
import { sha } from '../flash/world.ts';

const baud = Number(process.argv[2] ?? 115_200);
const size = Number(process.argv[3] ?? 65_536);
const random = randomOf(7);
const image = Uint8Array.from({ length: size }, () => random(256));
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const exact = loadRate(image, baud);
console.log(
  `${size} bytes at ${baud}: line time ${(exact.ms / 1000).toFixed(2)} s, ${percent(exact.share)} of the line rate`,
);

const folder = mkdtempSync(join(tmpdir(), 'pos8583-flash-bench-'));
const timers = openTimers();
const clock = openClock();
const pty = openPty(bytes => fromHost.push(bytes));
if (!pty.ok) throw new Error(pty.fault.cause);
const toHost = new UartPacer(timers, clock, baud, bytes => pty.value.write(bytes));
const terminal = new VirtualTerminal({
  timers,
  entropy: openEntropy(),
  tmk: new Uint8Array(16).fill(0x11),
  serialNumber: 'SIM00000001',
  panel: true,
  write: bytes => toHost.push(bytes),
});
const fromHost = new UartPacer(timers, clock, baud, bytes => terminal.received(bytes));
const link = join(folder, 'tty');
linkDevice(link, pty.value.slavePath);
const line = new OpenTerminal(openSerialPort(link, { baudRate: baud }), timers);
const pass = (done: (result: Result<void>) => void): void => done(ok(undefined));
line.connect(connected => {
  if (!connected.ok) throw new Error(connected.fault.cause);
  flash(
    line.device.slots,
    image,
    sha(image),
    { echo: pass, printer: pass, panel: pass },
    {
      nowMs: () => clock.monotonicMs(),
      timers,
      reconnect: done => line.connect(answer => done(answer.ok ? ok(undefined) : answer)),
    },
    () => {},
    result => {
      if (!result.ok || result.value.kind !== 'flashed') throw new Error(JSON.stringify(result));
      const { bytes, ms } = result.value;
      const share = (bytes * 10_000) / ms / baud;
      console.log(
        `by the clock of this machine, pseudo-terminal and timers included: ${(ms / 1000).toFixed(2)} s, ${percent(share)}`,
      );
      rmSync(folder, { recursive: true });
      process.exit(0);
    },
  );
});
