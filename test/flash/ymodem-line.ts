import type { Result } from '../../src/fault.ts';
import { YmodemReceiver, type YmodemReceiverOptions } from '../../src/flash/ymodem-receiver.ts';
import { YmodemSender, type YmodemFile } from '../../src/flash/ymodem.ts';
import { ManualTimers } from '../device/bench.ts';

/** A small generator of numbers (mulberry32): the same seed gives the same line. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** How a line damages what goes over it; each is the chance for one byte. */
export interface Damage {
  readonly flip: number;
  readonly drop: number;
  readonly add: number;
  readonly burst: number;
  /** Chance that a whole write is lost. */
  readonly lose: number;
}
export const QUIET: Damage = { flip: 0, drop: 0, add: 0, burst: 0, lose: 0 };

const BAUD = 115_200;

/** One direction of a serial line in virtual time: bytes take their time, and may be damaged on the way. */
export class VirtualLine {
  bytes = 0;
  private freeAt = 0;
  private readonly timers: ManualTimers;
  private readonly damage: Damage;
  private readonly random: () => number;
  private readonly deliver: (bytes: Uint8Array) => void;

  constructor(timers: ManualTimers, damage: Damage, random: () => number, deliver: (bytes: Uint8Array) => void) {
    this.timers = timers;
    this.damage = damage;
    this.random = random;
    this.deliver = deliver;
  }

  write(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    const through = this.damaged(bytes);
    const start = Math.max(this.freeAt, this.timers.now);
    this.freeAt = start + (bytes.length * 10_000) / BAUD;
    if (through.length === 0) return;
    this.timers.set(this.freeAt - this.timers.now, () => this.deliver(through));
  }

  private damaged(bytes: Uint8Array): Uint8Array {
    const { flip, drop, add, burst, lose } = this.damage;
    if (lose > 0 && this.random() < lose) return new Uint8Array(0);
    const out: number[] = [];
    let bursting = 0;
    for (const byte of bytes) {
      const pick = this.random();
      if (bursting > 0 || pick < burst) {
        bursting = bursting > 0 ? bursting - 1 : Math.floor(this.random() * 30);
        out.push(Math.floor(this.random() * 256));
      } else if (pick < burst + flip) out.push(byte ^ (1 << Math.floor(this.random() * 8)));
      else if (pick < burst + flip + add) out.push(byte, Math.floor(this.random() * 256));
      else if (pick >= burst + flip + add + drop) out.push(byte);
    }
    return Uint8Array.from(out);
  }
}

/** Longest virtual time of one transfer: far above what the limits of both ends allow together. */
const END_MS = 2 * 3_600_000;

export interface Run {
  readonly sent: Result<void>[];
  readonly got: Result<YmodemFile>[];
  readonly sender: YmodemSender;
  readonly receiver: YmodemReceiver;
  readonly ms: number;
  /** Bytes from the sender. */
  readonly out: number;
  readonly progress: readonly number[];
}

/** One file over a line in virtual time, until both ends are over. */
export function transfer(file: YmodemFile, damage: Damage, seed: number, options: YmodemReceiverOptions = {}): Run {
  const timers = new ManualTimers();
  const random = randomOf(seed);
  const sent: Result<void>[] = [];
  const got: Result<YmodemFile>[] = [];
  const progress: number[] = [];
  const there = new VirtualLine(timers, damage, random, bytes => receiver.received(bytes));
  const back = new VirtualLine(timers, damage, random, bytes => sender.received(bytes));
  const sender = new YmodemSender(
    file,
    { write: bytes => there.write(bytes.slice()), timers },
    bytes => progress.push(bytes),
    result => sent.push(result),
  );
  const receiver = new YmodemReceiver(
    { write: bytes => back.write(bytes), timers },
    result => got.push(result),
    options,
  );
  sender.start();
  receiver.start();
  let ms = 0;
  while ((sent.length === 0 || got.length === 0) && timers.now < END_MS && timers.count > 0) {
    timers.advance(50);
    ms = timers.now;
  }
  timers.advance(60_000); // what is still under way must change nothing
  return { sent, got, sender, receiver, ms, out: there.bytes, progress };
}

/** `length` bytes that hold every control byte of the protocol. */
export function content(length: number, seed: number): Uint8Array {
  const random = randomOf(seed);
  return Uint8Array.from({ length }, () => {
    const pick = random();
    return pick < 0.1 ? [1, 2, 4, 6, 0x15, 0x18, 0x1a, 0x43, 0][Math.floor(pick * 90)] : Math.floor(random() * 256);
  });
}
