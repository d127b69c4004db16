import { maskCards } from '../card/mask-text.ts';
import { failed, fault, ok } from '../fault.ts';
import type { Result } from '../fault.ts';

/** Longest text or capture taken from standard input, bytes. */
export const INPUT_LENGTH_MAX = 64 * 1024 * 1024;

/** Signals that ask the program to end: Ctrl-C, `kill`, the window was closed. */
export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** What the commands may do with the process: its words, its answer, its end. */
export interface Console {
  /** Arguments after the program's name. */
  readonly args: readonly string[];
  /** Value of an environment variable, undefined when unset or empty. */
  variable(name: string): string | undefined;
  /** Writes `text` and a line end to standard output. */
  print(text: string): void;
  /** Writes `text` as it is to standard output. */
  write(text: string): void;
  /** Writes `text` and a line end to standard error. */
  printError(text: string): void;
  /** True when a person reads the stream (or types, for `input`). */
  isTerminal(stream: 'input' | 'output' | 'error'): boolean;
  /** Columns of standard output; 80 when it is no terminal. */
  columns(): number;
  /** Sets the status that the process ends with when nothing is left to do. */
  setExitStatus(status: number): void;
  /** Ends the process now, with `status` or the status set before. */
  exit(status?: number): never;
  /** Reads standard input to its end, at most {@link INPUT_LENGTH_MAX} bytes. Faults: `input-too-long`, `input-error`. */
  readInput(done: (input: Result<Uint8Array>) => void): void;
  /** Calls `stop` for each stop signal instead of ending at once. Returns a function that undoes it. */
  onStop(stop: (signal: StopSignal) => void): () => void;
  /** Calls `failed` with an error that nobody caught; when it answers false the process ends with the error as usual. */
  onFailure(failed: (error: unknown) => boolean): void;
}

/**
 * Opens the console of this process, once. When the reader of the output goes away (`| head`) the process ends quietly;
 * a program that handles stop signals itself, such as a running terminal, goes on without its output.
 */
export function openConsole(): Console {
  let stopHandlers = 0;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (stopHandlers > 0) return;
      if (error.code === 'EPIPE') process.exit();
      if (stream === process.stdout)
        process.stderr.write(
          `pos8583: E_FAILURE output-failed: cannot write the output: ${error.code ?? error.message}. Make room\n`,
        );
      process.exit(2);
    });
  }
  return {
    args: process.argv.slice(2),
    variable: name => process.env[name] || undefined,
    print: text => void process.stdout.write(`${text}\n`),
    write: text => void process.stdout.write(text),
    // Errors repeat what was typed, and a card number may be typed where none belongs.
    printError: text => void process.stderr.write(`${maskCards(text)}\n`),
    isTerminal(stream) {
      const real = stream === 'input' ? process.stdin : stream === 'output' ? process.stdout : process.stderr;
      return real.isTTY === true;
    },
    columns: () => process.stdout.columns || 80,
    setExitStatus(status) {
      process.exitCode = status;
    },
    exit: status => process.exit(status),
    readInput,
    onStop(stop) {
      const names: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
      for (const name of names) process.on(name, stop);
      stopHandlers++;
      return () => {
        stopHandlers--;
        for (const name of names) process.off(name, stop);
      };
    },
    onFailure(failed) {
      process.on('uncaughtException', error => {
        if (failed(error)) return;
        process.stderr.write(`${error.stack ?? error.message}\n`);
        process.exit(70);
      });
    },
  };
}

function readInput(done: (input: Result<Uint8Array>) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;
  let over = false;
  const finish = (input: Result<Uint8Array>): void => {
    if (over) return;
    over = true;
    done(input);
  };
  process.stdin.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= INPUT_LENGTH_MAX) {
      chunks.push(chunk);
      return;
    }
    process.stdin.destroy();
    finish(
      failed(
        fault(
          'E_ILLEGAL',
          'input-too-long',
          `standard input has more than ${INPUT_LENGTH_MAX} bytes`,
          'Give a smaller input',
        ),
      ),
    );
  });
  process.stdin.on('end', () => finish(ok(new Uint8Array(Buffer.concat(chunks)))));
  process.stdin.on('error', (error: NodeJS.ErrnoException) =>
    finish(
      failed(
        fault(
          'E_FAILURE',
          'input-error',
          `cannot read standard input: ${error.code ?? error.message}`,
          'Give a file instead',
        ),
      ),
    ),
  );
}
