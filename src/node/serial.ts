import fs from 'node:fs';
import path from 'node:path';
import { autoDetect } from '@serialport/bindings-cpp';
import { ByteLengthParser } from '@serialport/parser-byte-length';
import { SerialPortStream } from '@serialport/stream';
import type { SerialPort as PackagedPort } from 'serialport';
import { ownedCopy } from '../card/owned.ts';
import type { SerialClose, SerialPort, SerialSink } from '../hal/hal.ts';
import { CAN, EOT } from '../wire/packet.ts';

/** Bytes that may wait for a peer that takes none; above it the line counts as broken. */
const WRITE_QUEUE_MAX = 64 * 1024;
/** How long a close waits for bytes that are still to be handed to the system, and then for the close itself. */
const FLUSH_MS = 300;
const CLOSE_MS = 2000;
/** A terminal answers CAN at once; 2 s is the limit of the protocol. */
const PROBE_MS = 2000;

// What the package serialport opens ports with, without its other parsers and its simulation: they cost a start 20 ms.
const system: typeof PackagedPort.binding = autoDetect();
type SystemPort = Awaited<ReturnType<typeof system.open>>;
type UnixPort = SystemPort & {
  fd: number | null;
  poller: { once(event: 'readable', done: (error?: Error | null) => void): void };
};

const gone = (): Error => Object.assign(new Error('the tty hung up'), { disconnect: true });
const stopped = (): Error => Object.assign(new Error('the port was closed'), { canceled: true });

/**
 * The system's binding with another `read`. A tty that hung up delivers zero bytes for ever; the packaged read asks
 * again at once and so eats a processor and all memory. Here zero bytes mean that the other side is gone.
 */
export const hangupBinding = {
  list: () => system.list(),
  open: async (options: Parameters<typeof system.open>[0] & object): Promise<SystemPort> => {
    const port = await (system.open as (o: unknown) => Promise<SystemPort>)(options);
    if (isUnix(port)) port.read = (buffer, offset, length) => readOnce(port, buffer, offset, length);
    return port;
  },
};

function isUnix(port: SystemPort): port is UnixPort {
  return 'poller' in port && 'fd' in port;
}

function readOnce(port: UnixPort, buffer: Buffer, offset: number, length: number) {
  return new Promise<{ buffer: Buffer; bytesRead: number }>((resolve, reject) => {
    const attempt = (): void => {
      const fd = port.fd;
      if (fd === null) return reject(stopped());
      fs.read(fd, buffer, offset, length, null, (error, bytesRead) => {
        if (error === null) return bytesRead > 0 ? resolve({ buffer, bytesRead }) : reject(gone());
        const nothingYet = error.code === 'EAGAIN' || error.code === 'EWOULDBLOCK' || error.code === 'EINTR';
        if (!nothingYet) return reject(port.isOpen ? Object.assign(error, { disconnect: true }) : stopped());
        if (!port.isOpen) return reject(stopped());
        port.poller.once('readable', failure => (failure ? reject(failure) : attempt()));
      });
    };
    attempt();
  });
}

type Stream = SerialPortStream;

function newStream(portPath: string, baudRate: number): Stream {
  const options = { path: portPath, baudRate, binding: hangupBinding, autoOpen: false };
  return new SerialPortStream(options as unknown as ConstructorParameters<typeof SerialPortStream>[0]);
}

/** The `SerialClose` of an error that the system gave when the port was opened. */
export function closeReason(error: Error & { code?: string }): SerialClose {
  const detail = error.message.replace(/^Error: /, '');
  const text = `${error.code ?? ''} ${error.message}`;
  if (/ENOENT|no such file/i.test(text))
    return { kind: 'missing', detail: `${detail}. Plug the terminal in or correct the port` };
  if (/inappropriate ioctl|ENOTTY|is a directory/i.test(text))
    return { kind: 'missing', detail: 'that is no tty. No serial device answers there; choose another port' };
  if (/ENXIO|ENODEV|EIO|no such device|input\/output error|not a (tty|serial)/i.test(text)) {
    return { kind: 'missing', detail: `${detail}. No serial device answers there; choose another port` };
  }
  if (/EACCES|EPERM|permission denied|access denied/i.test(text)) {
    return { kind: 'denied', detail: `${detail}. Add this user to the group of the device (often dialout)` };
  }
  if (/EBUSY|EAGAIN|resource (temporarily unavailable|busy)|cannot lock/i.test(text)) {
    return { kind: 'busy', detail: `${detail}. Another program holds the port; end it` };
  }
  return { kind: 'error', detail };
}

/** One open of a port: a stream of its own, told apart from later opens, closed exactly once. */
class Line {
  private readonly stream: Stream;
  private sink: SerialSink | undefined;
  /** Called when the descriptor is released, or the wait for it was given up. */
  private released: (() => void) | undefined;
  private closing = false;
  private isReleased = false;
  private started = false;

  constructor(portPath: string, baudRate: number, sink: SerialSink) {
    this.sink = sink;
    this.stream = newStream(portPath, baudRate);
    // Comes with 'close' at a hang-up, sometimes before it, sometimes twice: handled once, never uncaught.
    this.stream.on('error', error => this.broken({ kind: 'hangup', detail: error.message }));
    this.stream.on('close', (error?: Error | null) => {
      this.over({ kind: 'hangup', detail: error?.message ?? 'the line was closed from outside' });
      this.release();
    });
    this.stream.on('data', (chunk: Buffer) => {
      this.sink?.received(chunk);
      chunk.fill(0); // the pool of the stream would keep card data
    });
  }

  start(): void {
    this.started = true;
    if (this.closing) return this.release();
    this.stream.open(error => {
      if (error !== null && error !== undefined) {
        this.over(closeReason(error));
        return this.release();
      }
      if (this.closing) return this.shut();
      this.sink?.opened();
    });
  }

  write(bytes: Uint8Array): void {
    if (this.sink === undefined || !this.stream.isOpen) return;
    if (this.stream.writableLength + bytes.length > WRITE_QUEUE_MAX) {
      return this.broken({ kind: 'error', detail: `the device takes no bytes (${WRITE_QUEUE_MAX} wait)` });
    }
    const copy = ownedCopy(bytes);
    this.stream.write(copy, () => copy.fill(0));
  }

  /** Tells the sink and lets the descriptor go; `released` is called within about two seconds in any case. */
  close(reason: SerialClose): void {
    if (this.closing) return;
    this.closing = true;
    process.nextTick(() => this.over(reason));
    if (!this.started || this.stream.opening) return; // goes on when the open begins or has ended
    if (!this.stream.isOpen) return this.release();
    if (this.stream.writableLength === 0) return this.shut();
    const timer = setTimeout(() => this.shut(), FLUSH_MS);
    this.stream.once('drain', () => {
      clearTimeout(timer);
      this.shut();
    });
  }

  whenReleased(next: () => void): void {
    if (this.isReleased) next();
    else this.released = next;
  }

  private shut(): void {
    if (!this.stream.isOpen) return this.stream.closing ? this.boundRelease() : this.release();
    this.boundRelease();
    this.stream.close(() => this.release());
  }

  private boundRelease(): void {
    setTimeout(() => this.release(), CLOSE_MS).unref();
  }

  private broken(reason: SerialClose): void {
    this.over(reason);
    this.closing = true;
    this.shut();
  }

  private over(reason: SerialClose): void {
    const sink = this.sink;
    this.sink = undefined;
    sink?.closed(reason);
  }

  private release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    this.released?.();
  }
}

/**
 * A serial port, 8 data bits, no parity, one stop bit. Each open uses a fresh stream and waits until the one before has
 * let the device go, so that a terminal can be unplugged and plugged in again without end.
 */
export function openSerialPort(portPath: string, settings: { readonly baudRate: number }): SerialPort {
  let line: Line | undefined;
  return {
    path: portPath,
    open(sink) {
      const before = line;
      const next = new Line(portPath, settings.baudRate, sink);
      line = next;
      if (before === undefined) return next.start();
      before.close({ kind: 'closed', detail: 'opened anew' });
      before.whenReleased(() => next.start());
    },
    write(bytes) {
      line?.write(bytes);
    },
    close() {
      line?.close({ kind: 'closed', detail: 'closed by this program' });
    },
  };
}

/** A port of this machine and what is known about it. */
export interface PortEntry {
  readonly path: string;
  readonly kind: 'usb' | 'uart' | 'bluetooth' | 'other';
  readonly manufacturer?: string;
  readonly product?: string;
  readonly serialNumber?: string;
  /** Four hex digits. */
  readonly vendorId?: string;
  readonly productId?: string;
  /** Name that stays the same in whatever order devices are plugged in. */
  readonly stablePath?: string;
  /** This user may open it. */
  readonly accessible: boolean;
}

const PORT_NAME = /^(tty(USB|ACM|AMA|XRUSB|GS|mxc|SC|O|S)\d+|rfcomm\d+)$/;

/**
 * Serial ports of this machine. On Linux they are read from /dev and /sys, so neither udev nor another program is
 * needed; built-in ports without hardware behind them (most `ttyS`) are left out.
 */
export async function listPorts(roots = { dev: '/dev', sys: '/sys' }): Promise<PortEntry[]> {
  if (process.platform !== 'linux') {
    const ports = await system.list();
    return ports.map(port => ({
      path: port.path,
      kind: port.vendorId === undefined ? 'other' : 'usb',
      ...known('manufacturer', port.manufacturer),
      ...known('serialNumber', port.serialNumber),
      ...known('vendorId', port.vendorId),
      ...known('productId', port.productId),
      accessible: true,
    }));
  }
  const stable = stableNames(path.join(roots.dev, 'serial/by-id'));
  return entriesOf(roots.dev)
    .filter(name => PORT_NAME.test(name) && hasHardware(roots.sys, name))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .map(name => describePort(roots, name, stable.get(name)));
}

function describePort(roots: { dev: string; sys: string }, name: string, stable: string | undefined): PortEntry {
  const usb = usbDevice(roots.sys, name);
  const portPath = path.join(roots.dev, name);
  const read = (file: string): string | undefined => (usb === undefined ? undefined : textOf(path.join(usb, file)));
  return {
    path: portPath,
    kind: usb !== undefined || /^tty(USB|ACM)/.test(name) ? 'usb' : name.startsWith('rfcomm') ? 'bluetooth' : 'uart',
    ...known('manufacturer', read('manufacturer')),
    ...known('product', read('product')),
    ...known('serialNumber', read('serial')),
    ...known('vendorId', read('idVendor')),
    ...known('productId', read('idProduct')),
    ...known('stablePath', stable),
    accessible: mayOpen(portPath),
  };
}

function known<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined || value === '' ? {} : ({ [key]: value } as Partial<Record<K, string>>);
}

/** Port type 0 is a place in the driver's table without a chip. */
function hasHardware(sys: string, name: string): boolean {
  return !/^ttyS\d+$/.test(name) || !['0', undefined].includes(textOf(path.join(sys, 'class/tty', name, 'type')));
}

/** Folder of the USB device that the port belongs to. */
function usbDevice(sys: string, name: string): string | undefined {
  let folder = realPath(path.join(sys, 'class/tty', name, 'device'));
  for (let depth = 0; folder !== undefined && depth < 6; depth++) {
    if (fs.existsSync(path.join(folder, 'idVendor'))) return folder;
    folder = path.dirname(folder);
  }
  return undefined;
}

function stableNames(folder: string): Map<string, string> {
  const names = new Map<string, string>();
  for (const entry of entriesOf(folder)) {
    const target = realPath(path.join(folder, entry));
    if (target !== undefined) names.set(path.basename(target), path.join(folder, entry));
  }
  return names;
}

/** What a scan cannot read it leaves out: a missing folder or a device unplugged meanwhile is no error of a list. */
function optional<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}

const entriesOf = (folder: string): string[] => optional(() => fs.readdirSync(folder)) ?? [];
const textOf = (file: string): string | undefined => optional(() => fs.readFileSync(file, 'utf8').trim());
const realPath = (file: string): string | undefined => optional(() => fs.realpathSync(file));
const mayOpen = (file: string): boolean =>
  optional(() => fs.accessSync(file, fs.constants.R_OK | fs.constants.W_OK) ?? true) ?? false;

/** What answered on a port. */
export type ProbeResult =
  | { readonly kind: 'terminal' }
  | { readonly kind: 'silent'; readonly bytesReceived: number }
  | { readonly kind: 'closed'; readonly reason: SerialClose };

/**
 * Asks whether an ABECS terminal is on a port: it answers CAN with EOT in any state. Its replies to that are single
 * bytes, so the line is read as records of length one. Calls `done` once; the port is closed then.
 */
export function probeTerminal(portPath: string, baudRate: number, done: (result: ProbeResult) => void): void {
  const port = openSerialPort(portPath, { baudRate });
  const records = new ByteLengthParser({ length: 1 });
  let received = 0;
  let timer: NodeJS.Timeout | undefined;
  let open = true;
  const end = (result: ProbeResult): void => {
    if (!open) return;
    open = false;
    clearTimeout(timer);
    records.destroy();
    port.close();
    done(result);
  };
  records.on('data', (record: Buffer) => {
    received++;
    if (record[0] === EOT) end({ kind: 'terminal' });
  });
  port.open({
    opened() {
      timer = setTimeout(() => end({ kind: 'silent', bytesReceived: received }), PROBE_MS);
      port.write(Uint8Array.of(CAN));
    },
    received(bytes) {
      if (open) records.write(Buffer.from(bytes));
    },
    closed: reason => end({ kind: 'closed', reason }),
  });
}
