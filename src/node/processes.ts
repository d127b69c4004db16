import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PART, PART_END_MS } from './part.ts';
import { PROGRAM } from './places.ts';

/** How often a growing file is looked at, milliseconds. */
const FOLLOW_MS = 25;

/** A process of this program. */
export interface Part {
  /** Calls `line` for each line of its standard output and standard error. */
  onLine(line: (text: string) => void): void;
  /** Calls `ended` once with the exit status; -1 when a signal ended it. */
  onEnd(ended: (status: number) => void): void;
  /** Asks it to end, as Ctrl-C does; it takes the time that it needs. */
  interrupt(): void;
  /** Asks it to end, and ends it when that takes too long. */
  stop(): void;
}

/** Starts `pos8583` with `args` as a process of its own. `shared` gives it this terminal to draw on. */
export function startPart(args: readonly string[], shared = false): Part {
  const child: ChildProcess = spawn(process.execPath, [PROGRAM, ...args], {
    // The channel tells the part when this program is gone, however it went.
    stdio: shared ? ['inherit', 'inherit', 'inherit', 'ipc'] : ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, [PART]: '1' },
  });
  let status: number | undefined;
  const waiting: ((status: number) => void)[] = [];
  // 'close' comes after the last output; 'exit' may come before it.
  child.on('close', code => {
    status = code ?? -1;
    for (const ended of waiting) ended(status);
  });
  return {
    onLine(line) {
      for (const stream of [child.stdout, child.stderr]) {
        let rest = '';
        stream?.setEncoding('utf8').on('data', (chunk: string) => {
          const lines = (rest + chunk).split('\n');
          rest = lines.pop() ?? '';
          for (const text of lines) line(text);
        });
      }
    },
    onEnd(ended) {
      if (status === undefined) waiting.push(ended);
      else ended(status);
    },
    interrupt: () => void child.kill('SIGINT'),
    stop() {
      if (status !== undefined) return;
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), PART_END_MS).unref();
    },
  };
}

/** A new folder for files of this run. */
export function scratchFolder(): string {
  return mkdtempSync(join(tmpdir(), 'pos8583-'));
}

/** Calls `line` for each line that is added to `path`; returns a function that reads to the end and stops. */
export function followLines(path: string, line: (text: string) => void): () => void {
  let fd: number | undefined;
  let rest = '';
  const buffer = Buffer.alloc(65536);
  const decoder = new TextDecoder();
  const look = (): void => {
    if (fd === undefined) {
      try {
        fd = openSync(path, 'r');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
        throw error;
      }
    }
    for (let length = readSync(fd, buffer); length > 0; length = readSync(fd, buffer)) {
      const lines = (rest + decoder.decode(buffer.subarray(0, length), { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const text of lines) line(text);
    }
  };
  const timer = setInterval(look, FOLLOW_MS);
  return () => {
    clearInterval(timer);
    look();
    if (fd !== undefined) closeSync(fd);
  };
}

/** Calls `there` once `path` exists. */
export function whenThere(path: string, there: () => void): void {
  const timer = setInterval(() => {
    if (!existsSync(path)) return;
    clearInterval(timer);
    there();
  }, FOLLOW_MS);
}
