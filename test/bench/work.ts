import type { BenchMessages } from './messages.ts';

/** One thing that is measured: made once (which also verifies it), then run over and over. */
export interface Work {
  /** What the figure leaves out or does otherwise; shown below the table. */
  readonly note?: string;
  /** Does the work once for every message; returns how many that were. */
  pass(): number;
}

/** Makes the work and throws when its results are not what it claims. */
export type WorkMaker = (messages: BenchMessages) => Work;

/** Throws when a value differs from what was put into the messages. */
export function same(got: unknown, wanted: unknown, what: string): void {
  if (got !== wanted) throw new Error(`${what}: got ${String(got)}, wanted ${String(wanted)}`);
}

/** Throws when `got` is not byte for byte `wanted[start, end)`. */
export function sameBytes(got: ArrayLike<number>, wanted: Uint8Array, start: number, end: number, what: string): void {
  same(got.length, end - start, `${what}, length`);
  for (let i = start; i < end; i++) same(got[i - start], wanted[i], `${what}, byte ${i - start}`);
}
