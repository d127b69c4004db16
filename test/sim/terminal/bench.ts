import { readFileSync } from 'node:fs';
import type { Timers } from '../../../src/hal/hal.ts';
import { fromHex, fromLatin1, hex } from '../../../src/sim/terminal/command.ts';
import { findCard, parseDeck, type Deck, type TestCard } from '../../../src/sim/terminal/deck.ts';
import type { Slip } from '../../../src/sim/terminal/printer.ts';
import { VirtualTerminal, type VirtualTerminalOptions } from '../../../src/sim/terminal/terminal.ts';
import { PacketEvent, PacketReceiver, encodePacket } from '../../../src/wire/packet.ts';

/** Timers in virtual time: nothing happens until {@link run} moves the clock. */
export class VirtualTimers implements Timers {
  nowMs = 0;
  private last = 0;
  private readonly waiting = new Map<number, { dueMs: number; fire: () => void }>();

  set(delayMs: number, fire: () => void): number {
    this.waiting.set(++this.last, { dueMs: this.nowMs + delayMs, fire });
    return this.last;
  }

  clear(handle: number): void {
    this.waiting.delete(handle);
  }

  run(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      let next: number | undefined;
      for (const [handle, timer] of this.waiting)
        if (timer.dueMs <= endMs && (next === undefined || timer.dueMs < (this.waiting.get(next)?.dueMs ?? 0)))
          next = handle;
      if (next === undefined) break;
      const timer = this.waiting.get(next);
      this.waiting.delete(next);
      this.nowMs = Math.max(this.nowMs, timer?.dueMs ?? 0);
      timer?.fire();
    }
    this.nowMs = endMs;
  }
}

export const DECK: Deck = (() => {
  const deck = parseDeck(
    readFileSync(new URL('../../../firmware-profiles/decks/test-deck.json', import.meta.url), 'utf8'),
  );
  if (!deck.ok) throw new Error(deck.fault.cause);
  return deck.value;
})();

export function card(id: string): TestCard {
  const found = findCard(DECK, id);
  if (!found) throw new Error(`no card ${id}`);
  return found;
}

/** One value of a command: id, then bytes as ASCII text or as hex behind `0x`. */
export type Value = readonly [id: number, value: string];

export const bytesOf = (text: string): Uint8Array =>
  text.startsWith('0x') ? (fromHex(text.slice(2)) as Uint8Array) : fromLatin1(text);

/** `CMD LEN BLOCK` with the values in one block; no block without values. */
export function command(name: string, ...values: readonly Value[]): Uint8Array {
  const block = values.flatMap(([id, text]) => {
    const value = bytesOf(text);
    return [id >> 8, id & 0xff, value.length >> 8, value.length & 0xff, ...value];
  });
  return Uint8Array.from([
    ...fromLatin1(name),
    ...(values.length ? fromLatin1(String(block.length).padStart(3, '0')) : []),
    ...block,
  ]);
}

/** A test host at the terminal's line, sending whole packets and reading whole answers. */
export class Bench {
  readonly timers = new VirtualTimers();
  readonly terminal: VirtualTerminal;
  readonly slips: Slip[] = [];
  readonly beeps: string[] = [];
  /** Everything that the terminal sent since the last {@link take}, hex. */
  private sent = '';
  private seed = 1;
  /** True: what the terminal sends is thrown away. */
  mute = false;

  constructor(options: Partial<VirtualTerminalOptions> = {}) {
    this.terminal = new VirtualTerminal({
      timers: this.timers,
      entropy: {
        fill: bytes => {
          for (let i = 0; i < bytes.length; i++) bytes[i] = this.seed = ((this.seed * 75 + 74) % 65537) & 0xff;
        },
      },
      tmk: new Uint8Array(16).fill(0x11),
      serialNumber: 'SIM00000001',
      panel: true,
      write: bytes => {
        if (!this.mute) this.sent += hex(bytes);
      },
      onSlip: slip => this.slips.push(slip),
      onBeep: pattern => this.beeps.push(pattern),
      ...options,
    });
  }

  raw(hexBytes: string): string {
    this.terminal.received(fromHex(hexBytes.replaceAll(' ', '')) as Uint8Array);
    return this.take();
  }

  take(): string {
    const sent = this.sent;
    this.sent = '';
    return sent;
  }

  /** Sends a command; returns what came back as text: ACK, and the answer if there is one already. */
  send(data: Uint8Array | string): string {
    const bytes = typeof data === 'string' ? fromLatin1(data) : data;
    const line = new Uint8Array(2 * bytes.length + 4);
    this.terminal.received(line.subarray(0, encodePacket(bytes, bytes.length, line, 0)));
    const reply = this.take();
    if (!reply.startsWith('06')) throw new Error(`no ACK: ${reply}`);
    return unpack(reply.slice(2));
  }

  /** Answer that came without a new command (after a key, a card, time). */
  later(): string {
    return unpack(this.take());
  }

  x(name: string, ...values: readonly Value[]): string {
    return this.send(command(name, ...values));
  }

  keys(...names: string[]): string {
    for (const name of names) this.terminal.pressKey(name as Parameters<VirtualTerminal['pressKey']>[0]);
    return this.later();
  }

  lines(): readonly string[] {
    return this.terminal.screenState().lines;
  }
}

/** Packets in hex → their clear data as Latin-1 text, joined by `|`. */
function unpack(packets: string): string {
  const receiver = new PacketReceiver();
  const found: string[] = [];
  for (const byte of fromHex(packets) as Uint8Array) {
    const event = receiver.push(byte);
    if (event === PacketEvent.packet) found.push(String.fromCharCode(...receiver.data.subarray(0, receiver.length)));
    else if (event !== PacketEvent.none) found.push(`<${event}>`);
  }
  return found.join('|');
}

/** Values of an answer by id (hex, four digits), as Latin-1 text. */
export function values(answer: string): Record<string, string> {
  const found: Record<string, string> = {};
  let at = 6;
  while (at < answer.length) {
    const end = at + 3 + Number(answer.slice(at, at + 3));
    at += 3;
    while (at < end) {
      const number = (offset: number): number =>
        answer.charCodeAt(at + offset) * 256 + answer.charCodeAt(at + offset + 1);
      const id = number(0).toString(16).padStart(4, '0').toUpperCase();
      found[id] = answer.slice(at + 4, at + 4 + number(2));
      at += 4 + number(2);
    }
  }
  return found;
}

export const toHex = (latin: string): string => hex(fromLatin1(latin));

/** Working keys under the master key of sixteen bytes 11: PIK 22…, MAK 33…33 doubled, TDK 44…. */
export const PIK = '950973182317F80B950973182317F80B';
export const MAK = 'F679786E2411E3DEF679786E2411E3DE';
export const TDK = 'A0C45C59F1E549BBA0C45C59F1E549BB';

export const key = (wrapped: string, method: string, id = 0x0003): Value[] => [
  [id, method],
  [0x0009, '01'],
  [0x000a, `0x${wrapped}`],
];
export const ebx = (bench: Bench, wrapped: string, data: string, method = '10', ...more: Value[]): string =>
  bench.x('EBX', ...key(wrapped, method), [0x000f, `0x${data}`], ...more);
export const dataOut = (answer: string): string => toHex(values(answer)['804E'] ?? answer);
export const gpn = (wrapped: string, pan: string, min = '04', message = '', slot = '01', method = '1'): string =>
  `GPN093${method}${slot}${wrapped}${String(pan.length).padStart(2, '0')}${pan.padEnd(19)}1${min}12${message.padEnd(32)}`;
