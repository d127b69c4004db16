import type { Fault, Result } from '../fault.ts';
import type { Timers } from '../hal/hal.ts';

/** What the slots of a terminal hold (XLQ). Digests are SHA-256 in lower-case hex; absent = empty or not verified. */
export interface SlotState {
  readonly active: 'A' | 'B';
  readonly state: 'confirmed' | 'trial';
  readonly digestA?: string | undefined;
  readonly digestB?: string | undefined;
}

/** The slot commands of a terminal, as `TerminalDevice.slots` has them (panel extension, XLQ XLI XLR XLE XLA XLC). */
export interface SlotPort {
  query(done: (result: Result<SlotState>) => void): void;
  /** Answers how many bytes of the image are held already. */
  open(size: number, sha256: Uint8Array, done: (result: Result<number>) => void): void;
  write(offset: number, data: Uint8Array, done: (result: Result<void>) => void): void;
  end(done: (result: Result<void>) => void): void;
  activate(done: (result: Result<void>) => void): void;
  confirm(done: (result: Result<void>) => void): void;
}

/** What an image must pass on trial before it is confirmed. Each answers once; a late answer is ignored. */
export interface FlashTests {
  echo(done: (result: Result<void>) => void): void;
  printer(done: (result: Result<void>) => void): void;
  panel(done: (result: Result<void>) => void): void;
}

export interface FlashHal {
  /** Never goes back. */
  nowMs(): number;
  readonly timers: Timers;
  /** One try to reach the terminal anew: tty where it hung up, CAN and EOT, XID; a fault when it is another terminal. */
  reconnect(done: (result: Result<void>) => void): void;
}

export type FlashStep =
  'compare' | 'load' | 'readBack' | 'activate' | 'trial' | 'test' | 'confirm' | 'done' | 'fellBack';
export type FlashTest = 'echo' | 'printer' | 'panel';

export interface FlashProgress {
  readonly step: FlashStep;
  /** Bytes of the image that the terminal holds. */
  readonly sentBytes: number;
  readonly totalBytes: number;
  /** Of the bytes moved in this load; 0 before the first part. */
  readonly bytesPerSecond: number;
  /** Until the load ends; in `fellBack` until the terminal leaves the trial by itself. */
  readonly secondsLeft: number;
  readonly test?: FlashTest;
}

export type FlashOutcome =
  /** The image runs already, confirmed. */
  | { readonly kind: 'same' }
  /** Read back: active, confirmed. `bytes` were moved over the line in `ms`. */
  | { readonly kind: 'flashed'; readonly digest: string; readonly bytes: number; readonly ms: number }
  /** Read back: the image from before runs, confirmed. `active` is its digest, '' for what the maker built in. */
  | { readonly kind: 'fellBack'; readonly at: FlashStep; readonly fault: Fault; readonly active: string };
