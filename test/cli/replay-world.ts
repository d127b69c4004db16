import { Command } from 'commander';
import { register } from '../../src/cli/replay/replay.ts';
import { profileOf } from '../../src/cli/profiles.ts';
import { failed, fault, ok, type Result } from '../../src/fault.ts';
import type { Console } from '../../src/node/console.ts';
import { shippedDialectNames } from '../../src/node/profiles.ts';
import { Kind, Link, Way } from '../../src/trace/kinds.ts';
import { fileHeader, TraceWriter } from '../../src/trace/writer.ts';
import { utc } from '../transaction/rules-world.ts';
import { memorySource } from '../trace/memory.ts';

export const START_US = 1_795_000_000_000_000;

/** A frame with its length, and which way it goes. */
export interface Frame {
  readonly way: Way;
  readonly bytes: Uint8Array;
}

/** A trace that holds frames and nothing else: one a second, one block each. */
export function traceOf(frames: readonly Frame[]): Uint8Array {
  const blocks: Uint8Array[] = [fileHeader()];
  const writer = new TraceWriter({ write: (bytes, length) => void blocks.push(bytes.slice(0, length)) });
  frames.forEach(({ way, bytes }, i) => {
    const kind = way === Way.fromAcquirer ? Kind.hostIn : Kind.hostOut;
    const at = writer.begin(kind, Link.counter, START_US + i * 1_000_000, bytes.length);
    writer.bytes.set(bytes, at);
    writer.flush();
  });
  return new Uint8Array(Buffer.concat(blocks));
}

export interface Run {
  readonly exit: number | undefined;
  readonly out: string;
  readonly error: string;
}

/** Runs the command over files in memory. `-` is the file of that name. */
export async function runReplay(
  args: readonly string[],
  files: Readonly<Record<string, Uint8Array | string>>,
  terminal = false,
): Promise<Run> {
  const result = { exit: undefined as number | undefined, out: '', error: '' };
  const print = (text: string): void => void (result.out += `${text}\n`);
  const printError = (text: string): void => void (result.error += `${text}\n`);
  const missing = (path: string): Result<never> =>
    failed(fault('E_NOEXIST', 'no-file', `${path} is not there`, 'Check the path'));
  const never = (): never => {
    throw new Error('not wanted here');
  };
  const console: Console = {
    args: [],
    variable: () => undefined,
    print,
    write: text => void (result.out += text),
    printError,
    isTerminal: () => terminal,
    columns: () => 100,
    setExitStatus: status => void (result.exit = status),
    exit: never,
    readInput: never,
    onStop: () => () => {},
    onFailure: never,
  };
  const program = new Command().exitOverride().configureOutput({ writeErr: text => void (result.error += text) });
  register(program, {
    console,
    loadProfile: profileOf,
    dialectNames: shippedDialectNames,
    openSource(path) {
      const bytes = files[path];
      if (!(bytes instanceof Uint8Array)) return missing(path);
      return ok(Object.assign(memorySource(bytes, 1000), { close: () => {} }));
    },
    readText(path) {
      const text = files[path];
      return typeof text === 'string' ? ok(text) : missing(path);
    },
    print,
    printError,
    write: text => void (result.out += text),
    setExit: status => void (result.exit = status),
    columns: () => 100,
    isTerminal: () => terminal,
    local: utc,
    after: never,
    onPress: never,
  });
  for (const command of program.commands) command.exitOverride();
  try {
    await program.parseAsync(['replay', ...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof Error) || !('exitCode' in error)) throw error;
    result.exit = 2;
  }
  return result;
}
