import {
  chmodSync,
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ReadStream } from 'node:tty';
import { afterEach, describe, expect, test } from 'vitest';
import type { SerialClose, SerialPort } from '../../src/hal/hal.ts';
import { closeReason, hangupBinding, listPorts, openSerialPort, probeTerminal } from '../../src/node/serial.ts';

/** A pseudo-terminal of the system; the test holds the master, the port under test opens the slave. */
interface Pair {
  readonly path: string;
  readonly master: number;
  /** Bytes that the port wrote. */
  onData: (bytes: Buffer) => void;
  send(text: string | Uint8Array): void;
  /** Hangs up. */
  close(): void;
}

const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
const libc = koffi.load('libc.so.6');
const openpty = libc.func('int openpty(_Out_ int *master, _Out_ int *slave, _Out_ uint8_t *name, void *t, void *w)');
const tcgetattr = libc.func('int tcgetattr(int fd, _Out_ uint8_t *t)');
const tcsetattr = libc.func('int tcsetattr(int fd, int when, uint8_t *t)');
const cfmakeraw = libc.func('void cfmakeraw(_Inout_ uint8_t *t)');
const fcntl = libc.func('int fcntl(int fd, int cmd, int arg)');

const open: Pair[] = [];
const ports: SerialPort[] = [];

function pair(reads = true): Pair {
  const master = [0];
  const slave = [0];
  const name = new Uint8Array(128);
  expect(openpty(master, slave, name, null, null)).toBe(0);
  const termios = new Uint8Array(256);
  tcgetattr(slave[0], termios);
  cfmakeraw(termios);
  tcsetattr(slave[0], 0, termios);
  fcntl(master[0], 4, fcntl(master[0], 3, 0) | constants.O_NONBLOCK);
  let live = true;
  const stream = reads ? new ReadStream(master[0]) : undefined;
  const self: Pair = {
    path: new TextDecoder().decode(name.subarray(0, name.indexOf(0))),
    master: master[0],
    onData: () => undefined,
    send: text => void writeSync(master[0], typeof text === 'string' ? Buffer.from(text, 'latin1') : text),
    close: () => {
      if (!live) return;
      live = false;
      closeSync(slave[0]);
      if (stream === undefined) closeSync(master[0]);
      else stream.destroy();
    },
  };
  stream?.on('data', bytes => self.onData(bytes as unknown as Buffer));
  stream?.on('error', () => self.close());
  open.push(self);
  return self;
}

/** A port and everything its sink heard; `next` waits for the next thing of a kind. */
function listen(portPath: string, port = openSerialPort(portPath, { baudRate: 19200 })) {
  ports.push(port);
  const heard: string[] = [];
  const waiting: { kind: string; resolve: (detail: string) => void }[] = [];
  let text = '';
  const tell = (kind: string, detail: string): void => {
    heard.push(kind);
    const index = waiting.findIndex(w => w.kind === kind);
    if (index >= 0) waiting.splice(index, 1)[0].resolve(detail);
  };
  const next = (kind: string): Promise<string> => new Promise(resolve => waiting.push({ kind, resolve }));
  const start = (): void =>
    port.open({
      opened: () => tell('opened', ''),
      received: bytes => {
        text += Buffer.from(bytes).toString('latin1');
        tell('received', text);
      },
      closed: (reason: SerialClose) => tell(`closed ${reason.kind}`, reason.detail),
    });
  return { port, heard, next, start, text: () => text };
}

afterEach(() => {
  for (const port of ports.splice(0)) port.close();
  for (const p of open.splice(0)) p.close();
});

describe('a serial port', () => {
  test('carries bytes both ways', async () => {
    const tty = pair();
    const line = listen(tty.path);
    line.start();
    await line.next('opened');
    const echoed = new Promise<string>(resolve => (tty.onData = bytes => resolve(bytes.toString('latin1'))));
    const mine = Buffer.from('PING');
    line.port.write(mine);
    mine.fill(0); // the buffer is free after the call
    expect(await echoed).toBe('PING');
    tty.send('PONG');
    expect(await line.next('received')).toBe('PONG');
  });

  test('zeroes received bytes after the call', async () => {
    const tty = pair();
    let kept: Uint8Array | undefined;
    const port = openSerialPort(tty.path, { baudRate: 19200 });
    ports.push(port);
    await new Promise<void>(resolve => {
      port.open({
        opened: () => tty.send('6225000000000001'),
        received: bytes => {
          kept = bytes;
          setImmediate(resolve);
        },
        closed: () => undefined,
      });
    });
    expect([...kept!].every(byte => byte === 0)).toBe(true);
  });

  test('a hang-up while idle closes it once', async () => {
    const tty = pair();
    const line = listen(tty.path);
    line.start();
    await line.next('opened');
    tty.close();
    await line.next('closed hangup');
    line.port.write(Uint8Array.of(1));
    line.port.close();
    await new Promise(resolve => setImmediate(resolve));
    expect(line.heard).toEqual(['opened', 'closed hangup']);
  });

  test('a hang-up with bytes still to be written closes it once', async () => {
    const tty = pair(false); // nobody reads: the queue of the system fills up
    const line = listen(tty.path);
    line.start();
    await line.next('opened');
    line.port.write(new Uint8Array(60_000));
    const closed = Promise.race([line.next('closed hangup'), line.next('closed error')]);
    setImmediate(() => tty.close());
    await closed;
    await new Promise(resolve => setImmediate(resolve));
    expect(line.heard).toHaveLength(2);
  });

  test('a peer that takes nothing is a fault, not endless memory', async () => {
    const tty = pair(false);
    const line = listen(tty.path);
    line.start();
    await line.next('opened');
    const closed = line.next('closed error');
    for (let i = 0; i < 10; i++) line.port.write(new Uint8Array(20_000));
    expect(await closed).toContain('takes no bytes');
  });

  test('can be unplugged and opened again fifty times', async () => {
    const port: { current?: ReturnType<typeof listen> } = {};
    for (let i = 0; i < 50; i++) {
      const tty = pair();
      const line = listen(tty.path);
      port.current = line;
      line.start();
      await line.next('opened');
      tty.send('x');
      await line.next('received');
      const ended = line.next('closed hangup');
      tty.close();
      await ended;
    }
    expect(port.current!.heard).toEqual(['opened', 'received', 'closed hangup']);
  });

  test('the same port is opened and closed fifty times, each time answered once', async () => {
    const tty = pair();
    const line = listen(tty.path);
    for (let i = 0; i < 50; i++) {
      const opened = line.next('opened');
      line.start();
      await opened;
      const closed = line.next('closed closed');
      line.port.close();
      line.port.close();
      await closed;
    }
    expect(line.heard).toHaveLength(100);
  });

  test('open upon open: the older ones are told, the last one works', async () => {
    const tty = pair();
    const line = listen(tty.path);
    const opened = line.next('opened');
    line.start();
    line.start();
    line.start();
    await opened;
    expect(line.heard).toEqual(['closed closed', 'closed closed', 'opened']);
    tty.send('ok');
    expect(await line.next('received')).toBe('ok');
  });

  test('close right after open', async () => {
    const tty = pair();
    const line = listen(tty.path);
    const closed = line.next('closed closed');
    line.start();
    line.port.close();
    await closed;
    const opened = line.next('opened');
    line.start();
    await opened;
    expect(line.heard).toEqual(['closed closed', 'opened']);
  });

  test('a missing device, a locked one and a file that is no tty', async () => {
    const missing = listen('/dev/pos8583-none');
    missing.start();
    expect(await missing.next('closed missing')).toContain('Plug the terminal in');
    const tty = pair();
    const first = listen(tty.path);
    first.start();
    await first.next('opened');
    const second = listen(tty.path);
    second.start();
    expect(await second.next('closed busy')).toContain('Another program');
    const folder = mkdtempSync(path.join(tmpdir(), 'pos8583-'));
    writeFileSync(path.join(folder, 'plain'), 'x');
    const plain = listen(path.join(folder, 'plain'));
    plain.start();
    expect(await plain.next('closed missing')).toContain('No serial device');
    rmSync(folder, { recursive: true });
  });

  test.each([
    ['Error: Permission denied, cannot open /dev/ttyUSB0', 'denied'],
    ['Error: No such device or address, cannot open /dev/ttyS3', 'missing'],
    ['Error Resource temporarily unavailable Cannot lock port', 'busy'],
    ['Error: Something new', 'error'],
  ])('%s is %s', (message, kind) => {
    expect(closeReason(new Error(message)).kind).toBe(kind);
  });
});

describe('the read of the binding', () => {
  test('ends when the first read comes after the hang-up', async () => {
    const tty = pair();
    const port = await hangupBinding.open({ path: tty.path, baudRate: 19200 } as never);
    tty.close();
    const cpu = process.cpuUsage();
    await expect(port.read(Buffer.alloc(64), 0, 64)).rejects.toMatchObject({ disconnect: true });
    const { user, system } = process.cpuUsage(cpu);
    expect(user + system).toBeLessThan(1_000_000);
    await port.close();
  });

  test('ends as cancelled when the port is closed', async () => {
    const tty = pair();
    const port = await hangupBinding.open({ path: tty.path, baudRate: 19200 } as never);
    const read = expect(port.read(Buffer.alloc(64), 0, 64)).rejects.toMatchObject({ canceled: true });
    await new Promise(resolve => setImmediate(resolve));
    await port.close();
    await read;
  });
});

describe('the list of ports', () => {
  test('needs no udev: names, USB facts, stable names, and no ports without hardware', async () => {
    const root = mkdtempSync(path.join(tmpdir(), 'pos8583-'));
    const dev = path.join(root, 'dev');
    const sys = path.join(root, 'sys');
    const usb = path.join(sys, 'devices/usb1/1-1');
    for (const folder of [
      path.join(dev, 'serial/by-id'),
      path.join(usb, '1-1:1.0/ttyUSB10'),
      path.join(sys, 'class/tty'),
    ]) {
      mkdirSync(folder, { recursive: true });
    }
    for (const name of ['ttyUSB10', 'ttyUSB2', 'ttyS0', 'ttyS1', 'tty1', 'null'])
      writeFileSync(path.join(dev, name), '');
    const facts = { manufacturer: 'PAX', product: 'S90', serial: '0001', idVendor: '2fb8', idProduct: '2205' };
    for (const [file, text] of Object.entries(facts)) writeFileSync(path.join(usb, file), `${text}\n`);
    for (const name of ['ttyUSB10', 'ttyUSB2', 'ttyS0', 'ttyS1']) mkdirSync(path.join(sys, 'class/tty', name));
    symlinkSync(path.join(usb, '1-1:1.0/ttyUSB10'), path.join(sys, 'class/tty/ttyUSB10/device'));
    writeFileSync(path.join(sys, 'class/tty/ttyS0/type'), '4\n');
    writeFileSync(path.join(sys, 'class/tty/ttyS1/type'), '0\n');
    symlinkSync(path.join(dev, 'ttyUSB10'), path.join(dev, 'serial/by-id/usb-PAX_S90-if00'));
    chmodSync(path.join(dev, 'ttyUSB2'), 0o600);
    expect(await listPorts({ dev, sys })).toEqual([
      { path: path.join(dev, 'ttyS0'), kind: 'uart', accessible: true },
      { path: path.join(dev, 'ttyUSB2'), kind: 'usb', accessible: true },
      {
        path: path.join(dev, 'ttyUSB10'),
        kind: 'usb',
        manufacturer: 'PAX',
        product: 'S90',
        serialNumber: '0001',
        vendorId: '2fb8',
        productId: '2205',
        stablePath: path.join(dev, 'serial/by-id/usb-PAX_S90-if00'),
        accessible: true,
      },
    ]);
    rmSync(root, { recursive: true });
  });

  test('of this machine comes without an error', async () => {
    for (const port of await listPorts()) expect(port.path).toMatch(/^\/dev\/|^COM/);
    expect(await listPorts({ dev: '/none', sys: '/none' })).toEqual([]);
  });
});

describe('the probe', () => {
  test('finds a terminal by its EOT, in whatever comes before it', async () => {
    const tty = pair();
    tty.onData = bytes => {
      if (bytes.includes(0x18)) tty.send(Uint8Array.of(0x41, 0x42, 0x04));
    };
    expect(await new Promise(resolve => probeTerminal(tty.path, 19200, resolve))).toEqual({ kind: 'terminal' });
  });

  test('says why when the port cannot be opened', async () => {
    const result = await new Promise(resolve => probeTerminal('/dev/pos8583-none', 19200, resolve));
    expect(result).toMatchObject({ kind: 'closed', reason: { kind: 'missing' } });
  });

  test('notices a line that goes away', async () => {
    const tty = pair();
    tty.onData = () => tty.close();
    const result = await new Promise(resolve => probeTerminal(tty.path, 19200, resolve));
    expect(result).toMatchObject({ kind: 'closed', reason: { kind: 'hangup' } });
  });
});
