import { describe, expect, test } from 'vitest';
import { flashByYmodem } from '../../src/cli/flash/ymodem.ts';
import type { Result } from '../../src/fault.ts';
import { YmodemReceiver } from '../../src/flash/ymodem-receiver.ts';
import type { YmodemFile } from '../../src/flash/ymodem.ts';
import type { SerialClose, SerialPort, SerialSink } from '../../src/hal/hal.ts';
import type { Console } from '../../src/node/console.ts';
import { ManualTimers } from '../device/bench.ts';
import { content } from './ymodem-line.ts';

/** A console that keeps what is printed and can be stopped by hand. */
function paper(isTerminal: boolean) {
  const out: string[] = [];
  const errors: string[] = [];
  let stop = (): void => undefined;
  const console = {
    print: (text: string) => void out.push(`${text}\n`),
    write: (text: string) => void out.push(text),
    printError: (text: string) => void errors.push(text),
    isTerminal: () => isTerminal,
    columns: () => 80,
    onStop(handler: () => void) {
      stop = handler;
      return () => {
        stop = () => undefined;
      };
    },
  } as unknown as Console;
  return { console, out, errors, stop: () => stop() };
}

/** A serial port with a YMODEM receiver at its other end, and the virtual time of both. */
class Monitor implements SerialPort {
  readonly path = '/dev/ttyTEST';
  readonly timers = new ManualTimers();
  readonly got: Result<YmodemFile>[] = [];
  closedBy = 0;
  private sink: SerialSink | undefined;
  private readonly receiver: YmodemReceiver | undefined;

  constructor(answers = true) {
    if (answers)
      this.receiver = new YmodemReceiver(
        {
          timers: this.timers,
          write: bytes => void this.timers.set(1, () => this.sink?.received(bytes)),
        },
        result => this.got.push(result),
      );
  }

  open(sink: SerialSink): void {
    this.sink = sink;
    sink.opened();
    this.receiver?.start();
  }

  write(bytes: Uint8Array): void {
    const copy = bytes.slice();
    this.timers.set(copy.length / 11.52, () => this.receiver?.received(copy));
  }

  close(): void {
    this.closedBy++;
    this.sink = undefined;
  }

  hangUp(reason: SerialClose): void {
    this.sink?.closed(reason);
  }

  async run<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const watched = work.finally(() => {
      over = true;
    });
    for (let i = 0; i < 10_000 && !over; i++) {
      this.timers.advance(20);
      for (let j = 0; j < 10; j++) await Promise.resolve();
    }
    return watched;
  }
}

const request = (monitor: Monitor, file: YmodemFile) => ({
  port: monitor,
  file,
  timers: monitor.timers,
  nowMs: () => monitor.timers.now,
});
const FILE: YmodemFile = { name: 'shop.p8583', bytes: content(65_536, 2) };

describe('flash by YMODEM', () => {
  test('sends the file, tells how far it is once a second, and says what became of it', async () => {
    const monitor = new Monitor();
    const { console, out, errors } = paper(false);
    expect(await monitor.run(flashByYmodem(request(monitor, FILE), console, false))).toBe(true);
    expect(monitor.got[0].ok && Buffer.compare(monitor.got[0].value.bytes, FILE.bytes)).toBe(0);
    expect(out[0]).toBe('waiting for the YMODEM receiver of the terminal on /dev/ttyTEST\n');
    expect(out).toHaveLength(14);
    expect(out[7]).toMatch(/^ {2}\[#+-+\]  50 %  32.\d\/64.0 KiB  1\d.\d KiB\/s  left \d s\n$/);
    expect(out.at(-1)).toMatch(/^shop.p8583: 65536 bytes in \d\.\d s \(1\d{4} bytes\/s\), 1 steps repeated; /);
    expect(errors).toEqual([]);
    expect(monitor.closedBy).toBe(1);
  });

  test('a bar on a terminal, one object with --json', async () => {
    const bar = paper(true);
    const shown = new Monitor();
    await shown.run(flashByYmodem(request(shown, FILE), bar.console, false));
    expect(bar.out.filter(text => text.includes('\r'))).toHaveLength(64);
    const json = paper(true);
    const silent = new Monitor();
    await silent.run(flashByYmodem(request(silent, FILE), json.console, true));
    expect(json.out).toHaveLength(1);
    expect(JSON.parse(json.out[0])).toMatchObject({ sent: true, name: 'shop.p8583', bytes: 65_536, repeats: 1 });
  });

  test('nobody there, a line that hangs up, Ctrl-C', async () => {
    const lonely = new Monitor(false);
    const first = paper(false);
    expect(await lonely.run(flashByYmodem(request(lonely, FILE), first.console, false))).toBe(false);
    expect(first.errors[0]).toContain('ymodem-no-receiver');

    const cut = new Monitor();
    const second = paper(false);
    const work = flashByYmodem(request(cut, FILE), second.console, false);
    cut.timers.set(1000, () => cut.hangUp({ kind: 'hangup', detail: 'unplugged' }));
    expect(await cut.run(work)).toBe(false);
    expect(second.errors[0]).toContain('unplugged');

    const stopped = new Monitor();
    const third = paper(false);
    stopped.timers.set(1000, () => third.stop());
    expect(await stopped.run(flashByYmodem(request(stopped, FILE), third.console, true))).toBe(false);
    expect(JSON.parse(third.out[0])).toMatchObject({ sent: false, fault: { name: 'ymodem-stopped' } });
    stopped.timers.advance(10_000);
    expect(stopped.got.map(result => !result.ok && result.fault.name)).toEqual(['ymodem-cancelled']);
  });
});
