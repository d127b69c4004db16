import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { failed, fault, ok, type Fault, type Result } from '../fault.ts';

const STANDARD_OUTPUT = '-';
/** Characters of text that are gathered before they are written. */
const GATHERED_MAX = 65_536;
/** A pipe that is full is tried again after so many milliseconds. */
const PIPE_WAIT_MS = 5;

/** A file that is being written, in pieces of any number. */
export interface NewFile {
  /** Writes `bytes[0, length)`. What fails is told by {@link close}; nothing is written after it. */
  write(bytes: Uint8Array, length: number): void;
  text(text: string): void;
  /** Ends the file. After a failure it is removed, and the fault is what failed. */
  close(): Result<void>;
  /** Ends the file and removes it. */
  discard(): void;
}

/**
 * Makes a file that only its owner may read; never over something that is there. `-` is standard output. Faults: `file-exists`,
 * `file-error`.
 */
export function openNewFile(path: string): Result<NewFile> {
  const standard = path === STANDARD_OUTPUT;
  let fd = 1;
  try {
    if (!standard) fd = openSync(path, 'wx', 0o600);
  } catch (error) {
    return failed(faultOf(path, error));
  }
  let problem: Fault | undefined;
  let deaf = false;
  let gathered = '';
  const put = (bytes: Uint8Array, length: number): void => {
    if (problem !== undefined || deaf) return;
    try {
      for (let at = 0; at < length;) at += writeSome(fd, bytes, at, length - at);
    } catch (error) {
      // Whoever reads the output has seen enough, as `head` does.
      if (standard && codeOf(error) === 'EPIPE') deaf = true;
      else problem = faultOf(path, error);
    }
  };
  const flush = (): void => {
    const bytes = Buffer.from(gathered, 'utf8');
    gathered = '';
    put(bytes, bytes.length);
  };
  const end = (): void => {
    flush();
    if (standard) return;
    try {
      closeSync(fd);
    } catch (error) {
      problem ??= faultOf(path, error);
    }
  };
  return ok({
    write(bytes, length) {
      flush();
      put(bytes, length);
    },
    text(text) {
      gathered += text;
      if (gathered.length >= GATHERED_MAX) flush();
    },
    close() {
      end();
      if (problem === undefined) return ok(undefined);
      if (!standard) rmSync(path, { force: true });
      return failed(problem);
    },
    discard() {
      end();
      if (!standard) rmSync(path, { force: true });
    },
  });
}

/** Writes what there is room for; a pipe whose reader is slow has none for a while. */
function writeSome(fd: number, bytes: Uint8Array, at: number, length: number): number {
  for (;;) {
    try {
      return writeSync(fd, bytes, at, length);
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PIPE_WAIT_MS);
    }
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

function faultOf(path: string, error: unknown): Fault {
  const code = codeOf(error);
  if (code === undefined) throw error;
  if (code === 'EEXIST') {
    return fault('E_EXISTS', 'file-exists', `cannot write ${path}: it is there already`, 'Choose another name');
  }
  return fault('E_FAILURE', 'file-error', `cannot write ${path}: ${code}`, 'Check the folder and the room on the disk');
}
