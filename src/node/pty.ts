import { closeSync, constants, lstatSync, readlinkSync, symlinkSync, unlinkSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ReadStream } from 'node:tty';
import { failed, fault, ok, type Result } from '../fault.ts';

/** Bytes kept for a slave that nobody reads; more are lost, as on a line without a listener. */
const BACKLOG_MAX = 65_536;
/** Pause before a full line is tried again, milliseconds. */
const RETRY_MS = 2;
/** At least as large as `struct termios` of every C library. */
const TERMIOS_SIZE = 256;
const NAME_SIZE = 128;
const F_GETFL = 3;
const F_SETFL = 4;
const LIBRARIES = ['libc.so.6', 'libutil.so.1', 'libc.musl-x86_64.so.1', 'libc.musl-aarch64.so.1', 'libSystem.dylib'];

interface PtyCalls {
  openpty(master: number[], slave: number[], name: Uint8Array, termios: null, size: null): number;
  tcgetattr(fd: number, termios: Uint8Array): number;
  cfmakeraw(termios: Uint8Array): void;
  tcsetattr(fd: number, when: number, termios: Uint8Array): number;
  fcntl(fd: number, command: number, type: 'int', value: number): number;
}

/** The master's side of a pseudo-terminal: a serial line that another program opens by `slavePath`. */
export interface Pty {
  /** File descriptor of the master. */
  readonly master: number;
  /** Device that the other program opens, e.g. `/dev/pts/4`. */
  readonly slavePath: string;
  /** Sends bytes; never blocks. */
  write(bytes: Uint8Array): void;
  /** Hangs up: whoever has the slave open sees an unplugged line. */
  close(): void;
}

let calls: PtyCalls | undefined;

/**
 * Opens a pseudo-terminal in raw mode. One descriptor of the slave stays open inside, so that the other program may close and
 * open it again. `received` gets the bytes of the other program. Fault `no-pty` when this platform has no `openpty`.
 */
export function openPty(received: (bytes: Uint8Array) => void): Result<Pty> {
  const loaded = calls ? ok(calls) : loadCalls();
  if (!loaded.ok) return loaded;
  calls = loaded.value;
  const master = [0];
  const slave = [0];
  const name = new Uint8Array(NAME_SIZE);
  if (calls.openpty(master, slave, name, null, null) !== 0)
    return failed(
      fault(
        'E_FAILURE',
        'no-pty',
        'openpty failed: no pseudo-terminal is free or /dev/pts is not mounted',
        'Mount devpts or close other terminals',
      ),
    );
  const termios = new Uint8Array(TERMIOS_SIZE);
  calls.tcgetattr(slave[0], termios);
  calls.cfmakeraw(termios);
  calls.tcsetattr(slave[0], 0, termios);
  calls.fcntl(master[0], F_SETFL, 'int', calls.fcntl(master[0], F_GETFL, 'int', 0) | constants.O_NONBLOCK);
  const slavePath = new TextDecoder().decode(name.subarray(0, name.indexOf(0)));
  return ok(new MasterSide(master[0], slave[0], slavePath, received));
}

class MasterSide implements Pty {
  readonly master: number;
  readonly slavePath: string;
  private readonly slave: number;
  private readonly stream: ReadStream;
  private backlog: Uint8Array[] = [];
  private backlogLength = 0;
  private retry: NodeJS.Timeout | undefined;
  private open = true;

  constructor(master: number, slave: number, slavePath: string, received: (bytes: Uint8Array) => void) {
    this.master = master;
    this.slave = slave;
    this.slavePath = slavePath;
    this.stream = new ReadStream(master);
    this.stream.on('data', chunk => received(chunk as unknown as Uint8Array));
    // With a slave of our own open the master reports no end; an error means that the line is of no use any more.
    this.stream.on('error', () => this.close());
  }

  write(bytes: Uint8Array): void {
    if (!this.open || this.backlogLength + bytes.length > BACKLOG_MAX) return;
    this.backlog.push(bytes.slice());
    this.backlogLength += bytes.length;
    if (this.retry === undefined) this.drain();
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    clearTimeout(this.retry);
    this.stream.destroy();
    closeSync(this.slave);
  }

  private readonly drain = (): void => {
    this.retry = undefined;
    while (this.backlog.length > 0) {
      const first = this.backlog[0];
      let sent: number;
      try {
        sent = writeSync(this.master, first);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return this.close();
        this.retry = setTimeout(this.drain, RETRY_MS);
        return undefined;
      }
      this.backlogLength -= sent;
      if (sent === first.length) this.backlog.shift();
      else this.backlog[0] = first.subarray(sent);
    }
    return undefined;
  };
}

/** Binds the few C functions. They are only needed by the simulator, so a missing koffi must not stop anything else. */
function loadCalls(): Result<PtyCalls> {
  const reasons: string[] = [];
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    for (const library of LIBRARIES) {
      try {
        const lib = koffi.load(library);
        return ok({
          openpty: lib.func('int openpty(_Out_ int *master, _Out_ int *slave, void *name, void *termios, void *size)'),
          tcgetattr: lib.func('int tcgetattr(int fd, void *termios)'),
          cfmakeraw: lib.func('void cfmakeraw(void *termios)'),
          tcsetattr: lib.func('int tcsetattr(int fd, int when, void *termios)'),
          fcntl: lib.func('int fcntl(int fd, int command, ...)'),
        } as unknown as PtyCalls);
      } catch (error) {
        reasons.push(`${library}: ${(error as Error).message}`);
      }
    }
  } catch (error) {
    reasons.push((error as Error).message);
  }
  return failed(
    fault(
      'E_NOHARDWARE',
      'no-pty',
      `no pseudo-terminal can be made on ${process.platform}-${process.arch} (${reasons.join('; ')})`,
      'Run the virtual terminal on Linux with the koffi package installed',
    ),
  );
}

/**
 * Makes `link` a symbolic link to `target`. An old link (of a program that is gone) is replaced; anything else at that place
 * is left alone and is a fault.
 */
export function linkDevice(link: string, target: string): Result<void> {
  try {
    const old = lstatSync(link, { throwIfNoEntry: false });
    if (old && !old.isSymbolicLink())
      return failed(
        fault(
          'E_EXISTS',
          'link-exists',
          `${link} exists and is no symbolic link`,
          'Choose another --link or remove the file',
        ),
      );
    if (old) unlinkSync(link);
    symlinkSync(target, link);
    return ok(undefined);
  } catch (error) {
    return failed(
      fault(
        'E_FAILURE',
        'link-failed',
        `link ${link}: ${(error as Error).message}`,
        'Choose a --link in a folder that exists and may be written',
      ),
    );
  }
}

/** Removes `link` when it still points to `target`. */
export function unlinkDevice(link: string, target: string): void {
  const stat = lstatSync(link, { throwIfNoEntry: false });
  if (stat?.isSymbolicLink() && readlinkSync(link) === target) unlinkSync(link);
}
