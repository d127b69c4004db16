import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The engine tells of every collection, and half a megabyte of new objects is enough for one. */
const FLAGS = ['--trace-gc', '--expose-gc', '--min-semi-space-size=1', '--max-semi-space-size=1'];
const COLLECTION = /(?:Scavenge|Mark-Compact|Minor Mark)/;

export const MESSAGES = 10_000_000;
/** Milliseconds for one operation on a machine that has much else to do. */
export const PATIENCE_MS = 600_000;
export const BYTES_PER_MESSAGE_MAX = 0.1;

export interface Allocation {
  /** Collections between the marks. */
  readonly collections: number;
  /** Bytes of the engine's heap, and outside of it, for each message. */
  readonly bytes: number;
  readonly outside: number;
}

/** Runs an operation of child.ts so many times in a process of its own. Throws when it ends in an error. */
export function measure(operation: string, messages: number, planted = ''): Allocation {
  const child = join(import.meta.dirname, 'child.ts');
  const parameters = [...FLAGS, child, operation, String(messages), planted];
  const { status, stdout, stderr } = spawnSync(process.execPath, parameters, { encoding: 'utf8' });
  const lines = stdout.split('\n');
  const begin = lines.indexOf('BEGIN');
  const end = lines.indexOf('END');
  if (status !== 0 || begin < 0 || end < begin) throw new Error(`${operation}: status ${status}\n${stderr}${stdout}`);
  // Collections after the end of the work may tell of themselves before it does.
  const told = JSON.parse(lines.find((line, i) => i > end && line.startsWith('{')) ?? '') as {
    messages: number;
    allocated: number;
    outside: number;
  };
  return {
    collections: lines.slice(begin, end).filter(line => COLLECTION.test(line)).length,
    bytes: told.allocated / told.messages,
    outside: told.outside / told.messages,
  };
}
