import {
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { failed, type Fault, fault, ok, type Result } from '../fault.ts';
import { type ByteSource, FILE_HEADER_LENGTH, TRACE_MAGIC } from '../trace/kinds.ts';
import { fileHeader, type TraceSink } from '../trace/writer.ts';

/** Ending of trace files. */
export const TRACE_ENDING = '.p85t';
/** Name of standard input. */
const STANDARD_INPUT = '-';
const NOTHING = new Uint8Array(0);
/** A pipe that is slow is asked again after so many milliseconds. */
const PIPE_WAIT_MS = 5;

export interface TraceFileOptions {
  /** A part of the trace has at most so many bytes, if no single block is longer. */
  readonly maxBytes: number;
  /** Older parts that are kept: `<file>.1` is the youngest. */
  readonly keep: number;
  /** Called at the first write that fails; the trace has gaps from there on. */
  readonly failed: (fault: Fault) => void;
}

/** A trace that is being written; everything in it must be redacted. */
export interface TraceFile extends TraceSink {
  close(): void;
}

/**
 * Opens `path` for a trace: a new file is made with mode 0600, a trace that is there is continued, whatever a crash left at its
 * end. When it is full it becomes `<path>.1`, the one before `<path>.2` and so on, and a new file begins; a block is never divided.
 * Faults: `trace-other-file` (something else lies there), `trace-file` (cannot be opened).
 */
export function openTraceFile(path: string, options: TraceFileOptions): Result<TraceFile> {
  const header = fileHeader(true);
  const opened = guarded('write', path, () => openToAppend(path, header));
  if (!opened.ok || !opened.value.ok) return opened.ok ? (opened.value as Result<never>) : opened;
  let { fd, size, due } = opened.value.value;
  let limit = options.maxBytes;
  let told = false;
  const tell = (what: Result<unknown>): void => {
    if (what.ok || told) return;
    told = true;
    options.failed(what.fault);
  };
  const append = (bytes: Uint8Array, length: number): void => {
    for (let at = 0; at < length;) {
      const written = writeSync(fd, bytes, at, length - at);
      at += written;
      size += written;
    }
  };
  /** The file becomes the youngest of the older parts, and a new one begins. */
  const turn = (): void => {
    for (let part = options.keep + 1; isThere(partName(path, part)); part++) rmSync(partName(path, part));
    for (let part = options.keep; part > 0; part--) {
      if (isThere(partName(path, part - 1))) renameSync(partName(path, part - 1), partName(path, part));
    }
    if (options.keep === 0) rmSync(path, { force: true });
    const next = openSync(path, 'a', 0o600);
    closeSync(fd);
    fd = next;
    size = 0;
    limit = options.maxBytes;
    due = header;
  };
  return ok({
    write(bytes, length) {
      if (size + length > limit && size > FILE_HEADER_LENGTH) {
        // A part that cannot be put away grows on; it is tried again when it has grown by as much.
        limit += options.maxBytes;
        tell(guarded('rotate', path, turn));
      }
      tell(
        guarded('write', path, () => {
          append(due, due.length);
          due = NOTHING;
          append(bytes, length);
        }),
      );
    },
    close: () => tell(guarded('close', path, () => closeSync(fd))),
  });
}

/** The file, how long it is, and what of the header is not there yet: it comes with the first block. */
function openToAppend(path: string, header: Uint8Array): Result<{ fd: number; size: number; due: Uint8Array }> {
  const fd = openSync(path, 'a+', 0o600);
  const stat = fstatSync(fd);
  if (!stat.isFile()) return ok({ fd, size: 0, due: header });
  const begin = Buffer.alloc(FILE_HEADER_LENGTH);
  const got = readSync(fd, begin, 0, begin.length, 0);
  // A header that a crash cut off is a trace as well, and is made whole.
  if (begin.subarray(0, got).equals(header.subarray(0, got)))
    return ok({ fd, size: stat.size, due: header.subarray(got) });
  closeSync(fd);
  return failed(otherFile(path, begin));
}

function otherFile(path: string, begin: Buffer): Fault {
  const what = begin.toString('latin1').startsWith(TRACE_MAGIC)
    ? 'a trace of another version, or one that no counter wrote'
    : begin[0] === 0x7b
      ? 'JSON lines (an older trace, perhaps)'
      : 'something else';
  return fault(
    'E_EXISTS',
    'trace-other-file',
    `${path} holds ${what}, and nothing of it is overwritten`,
    `Name another file, for example counter${TRACE_ENDING}`,
  );
}

/** Name of a part; 0 is the one that is written. */
function partName(path: string, part: number): string {
  return part === 0 ? path : `${path}.${part}`;
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/**
 * Opens something to be read from its beginning: a file, a trace with its older parts (`<path>.2`, `<path>.1`, `<path>`: one
 * after the other), a folder with one such trace, or `-` for standard input. All parts are opened at once, so a trace that goes on
 * being written does not lose any. Faults: `source-missing`, `source-file`, `source-folder` (no trace in it, or several).
 */
export function openByteSource(path: string): Result<ByteSource & { close(): void }> {
  if (path === STANDARD_INPUT) return ok(new DescriptorSource([0], undefined, 'standard input'));
  const named = guarded('read', path, () => traceOf(path));
  if (!named.ok || !named.value.ok) return named.ok ? (named.value as Result<never>) : named;
  const name = named.value.value;
  return guarded('read', name, () => {
    const parts = [openSync(name, 'r')];
    if (isTrace(parts[0])) openOlderParts(name, parts);
    const sizes = parts.map(fd => fstatSync(fd));
    const known = sizes.every(stat => stat.isFile());
    return new DescriptorSource(parts, known ? sizes.reduce((sum, stat) => sum + stat.size, 0) : undefined, name);
  });
}

/**
 * A trace that a program writes, or is going to write, at `path`: what it has now, and when it is asked again what came since, also
 * in the file that follows when it is full. It is no fault that there is none yet.
 */
export function openGrowingSource(path: string): ByteSource & { close(): void } {
  return new GrowingSource(path);
}

/** The file that a path means. */
function traceOf(path: string): Result<string> {
  if (!statSync(path).isDirectory()) return ok(path);
  const traces = readdirSync(path).filter(name => name.endsWith(TRACE_ENDING));
  if (traces.length === 1) return ok(join(path, traces[0]));
  return failed(
    fault(
      'E_ILLEGAL',
      'source-folder',
      traces.length === 0 ? `${path} is a folder without a trace` : `${path} holds ${traces.length} traces`,
      traces.length === 0 ? 'Name the file' : `Name one of them: ${traces.sort().slice(0, 5).join(', ')}`,
    ),
  );
}

function isTrace(fd: number): boolean {
  if (!fstatSync(fd).isFile()) return false;
  const begin = Buffer.alloc(TRACE_MAGIC.length);
  return readSync(fd, begin, 0, begin.length, 0) === begin.length && begin.toString('latin1') === TRACE_MAGIC;
}

/** Puts the older parts in front. One that was turned away in this very moment has the same file as another, and counts once. */
function openOlderParts(name: string, parts: number[]): void {
  const seen = new Set([fstatSync(parts[0]).ino]);
  for (let part = 1; isThere(partName(name, part)); part++) {
    const fd = openSync(partName(name, part), 'r');
    const { ino } = fstatSync(fd);
    if (isTrace(fd) && !seen.has(ino)) parts.unshift(fd);
    else closeSync(fd);
    seen.add(ino);
  }
}

/** Bytes of open files, one after the other. */
class DescriptorSource implements ByteSource {
  readonly size: number | undefined;
  fault: string | undefined;
  private readonly parts: readonly number[];
  private readonly name: string;
  private part = 0;
  private closed = false;

  constructor(parts: readonly number[], size: number | undefined, name: string) {
    this.parts = parts;
    this.size = size;
    this.name = name;
  }

  read(into: Uint8Array): number {
    while (!this.closed && this.fault === undefined && this.part < this.parts.length) {
      const got = guarded('read', this.name, () => readSome(this.parts[this.part], into));
      if (!got.ok) this.fault = got.fault.cause;
      else if (got.value > 0) return got.value;
      else this.part++;
    }
    return 0;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const fd of this.parts) if (fd > 2) closeSync(fd);
  }
}

class GrowingSource implements ByteSource {
  readonly size = undefined;
  readonly growing = true;
  fault: string | undefined;
  private readonly path: string;
  private fd = -1;

  constructor(path: string) {
    this.path = path;
  }

  read(into: Uint8Array): number {
    if (this.fault !== undefined) return 0;
    const got = guarded('read', this.path, () => this.readOn(into));
    if (got.ok) return got.value;
    this.fault = got.fault.cause;
    return 0;
  }

  close(): void {
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = -1;
    this.fault = `${this.path} is closed`;
  }

  private readOn(into: Uint8Array): number {
    const there = statSync(this.path, { throwIfNoEntry: false });
    if (this.fd >= 0) {
      const got = readSync(this.fd, into, 0, into.length, null);
      // Its writer goes on in another file only when this one is complete.
      if (got > 0 || there === undefined || there.ino === fstatSync(this.fd).ino) return got;
      closeSync(this.fd);
      this.fd = -1;
    }
    if (there === undefined) return 0;
    this.fd = openSync(this.path, 'r');
    return readSync(this.fd, into, 0, into.length, null);
  }
}

function readSome(fd: number, into: Uint8Array): number {
  for (;;) {
    try {
      return readSync(fd, into, 0, into.length, null);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // The end of standard input on Windows.
      if (code === 'EOF') return 0;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PIPE_WAIT_MS);
    }
  }
}

/** A system error becomes a fault; anything else is a bug and goes on. */
function guarded<T>(what: string, path: string, go: () => T): Result<T> {
  try {
    return ok(go());
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (typeof code !== 'string') throw error;
    return failed(faultOf(what, path, code));
  }
}

function faultOf(what: string, path: string, code: string): Fault {
  const cannot = `cannot ${what} ${path}`;
  if (what === 'read')
    return code === 'ENOENT'
      ? fault('E_NOEXIST', 'source-missing', `${cannot}: there is no such file`, 'Check the path')
      : fault('E_FAILURE', 'source-file', `${cannot}: ${code}`, 'Check the owner and mode of the file');
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? fault('E_FAILURE', 'trace-file', `${cannot}: no space left (${code})`, 'Free space on the disk')
    : fault('E_FAILURE', 'trace-file', `${cannot}: ${code}`, 'Choose a file in a folder that can be written');
}
