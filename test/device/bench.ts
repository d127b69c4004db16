import type { Command } from '../../src/device/fields.ts';
import type { Timers } from '../../src/hal/hal.ts';
import { ACK, CAN, encodePacket, EOT, NAK, PacketEvent, PacketReceiver } from '../../src/wire/packet.ts';

/** Timers that stand still until somebody moves them. */
export class ManualTimers implements Timers {
  now = 0;
  private next = 1;
  private readonly armed = new Map<number, { at: number; fire: () => void }>();

  set(delayMs: number, fire: () => void): number {
    this.armed.set(this.next, { at: this.now + delayMs, fire });
    return this.next++;
  }

  clear(handle: number): void {
    this.armed.delete(handle);
  }

  /** Lets `ms` pass, firing what is due in order of time. */
  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      let first = 0;
      for (const [handle, timer] of this.armed) {
        if (timer.at <= end && (first === 0 || timer.at < this.armed.get(first)!.at)) first = handle;
      }
      if (first === 0) break;
      const timer = this.armed.get(first)!;
      this.armed.delete(first);
      this.now = timer.at;
      timer.fire();
    }
    this.now = end;
  }

  get count(): number {
    return this.armed.size;
  }
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase();
export const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
export const ascii = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

/** The bytes of a command. */
export const content = ({ bytes, length }: Command): Uint8Array => bytes.slice(0, length);

/** One whole frame of `data`. */
export function frame(data: Uint8Array | string): Uint8Array {
  const bytes = typeof data === 'string' ? ascii(data) : data;
  const out = new Uint8Array(2 * bytes.length + 8);
  return out.slice(0, encodePacket(bytes, bytes.length, out, 0));
}

/** A value: id, length, bytes. */
export function value(id: number, content: Uint8Array | string | number[]): Uint8Array {
  const bytes = typeof content === 'string' ? ascii(content) : Uint8Array.from(content);
  return Uint8Array.of(id >> 8, id & 255, bytes.length >> 8, bytes.length & 255, ...bytes);
}

/** An answer: name and STAT, then one block with all values. */
export function answer(head: string, ...values: Uint8Array[]): Uint8Array {
  const length = values.reduce((sum, v) => sum + v.length, 0);
  const block = length === 0 ? '' : String(length).padStart(3, '0');
  return new Uint8Array(Buffer.concat([ascii(head + block), ...values]));
}

/** Value of `id` in a command of values; undefined when absent. */
export function find(command: Uint8Array, id: number): Uint8Array | undefined {
  for (let block = 3; block < command.length;) {
    const size = Number(Buffer.from(command.subarray(block, block + 3)).toString('latin1'));
    const end = block + 3 + size;
    for (let at = block + 3; at < end;) {
      const length = command[at + 2] * 256 + command[at + 3];
      if (command[at] * 256 + command[at + 1] === id) return command.slice(at + 4, at + 4 + length);
      at += 4 + length;
    }
    block = end;
  }
  return undefined;
}

type Reply = Uint8Array | string | undefined;

/**
 * A scripted terminal: what the host writes is noted as `XID`, `CAN`, `NAK`; `respond` says what to do with a command.
 * Replies wait in a queue until {@link run} delivers them, as bytes on a real line do.
 */
export class FakePad {
  readonly log: string[] = [];
  readonly commands: Uint8Array[] = [];
  /** What to answer to a command, unframed; undefined = stay silent. */
  respond: (name: string, command: Uint8Array) => Reply = () => undefined;
  /** Send ACK to a command. */
  acknowledge: (name: string) => boolean = () => true;
  /** Answer CAN with EOT. */
  endOnCancel = true;
  /** Frames that go out damaged, counted down. */
  damage = 0;
  /** Opens encrypted packets (set by the secure tests). */
  decipher: ((data: Uint8Array) => Uint8Array) | undefined = undefined;
  encipher: ((data: Uint8Array) => Uint8Array) | undefined = undefined;
  /** Bytes to deliver one by one. */
  splitAll = false;
  private last: Uint8Array | undefined = undefined;
  private readonly receiver = new PacketReceiver();
  private readonly outbox: Uint8Array[] = [];

  /** The host's `write`. */
  readonly write = (bytes: Uint8Array): void => {
    for (const byte of bytes) this.take(this.receiver.push(byte));
  };

  /** Puts bytes on the line to the host. */
  send(bytes: Uint8Array): void {
    this.outbox.push(bytes);
  }

  /** Sends an answer and remembers it for NAK. */
  say(data: Uint8Array | string): void {
    const plain = typeof data === 'string' ? ascii(data) : data;
    this.last = frame(this.encipher === undefined ? plain : this.encipher(plain));
    this.transmit();
  }

  /** Delivers everything to `received` until both sides are quiet. */
  run(received: (bytes: Uint8Array) => void): void {
    for (let bytes = this.outbox.shift(); bytes !== undefined; bytes = this.outbox.shift()) {
      if (!this.splitAll) received(bytes);
      else for (const byte of bytes) received(Uint8Array.of(byte));
    }
  }

  private transmit(): void {
    const bytes = this.last!.slice();
    if (this.damage > 0) {
      this.damage--;
      bytes[bytes.length - 1] ^= 0x01;
    }
    this.send(bytes);
  }

  private take(event: number): void {
    if (event === PacketEvent.can) {
      this.log.push('CAN');
      this.last = undefined;
      if (this.endOnCancel) this.send(Uint8Array.of(EOT));
    } else if (event === PacketEvent.nak) {
      this.log.push('NAK');
      if (this.last !== undefined) this.transmit();
    } else if (event === PacketEvent.packet) {
      let command = this.receiver.data.slice(0, this.receiver.length);
      if (command[0] === 0x12 && this.decipher !== undefined) command = this.decipher(command) as typeof command;
      const name = Buffer.from(command.subarray(0, 3)).toString('latin1');
      this.log.push(name);
      this.commands.push(command);
      this.last = undefined;
      if (!this.acknowledge(name)) return;
      this.send(Uint8Array.of(ACK));
      const reply = this.respond(name, command);
      if (reply !== undefined) this.say(reply);
    } else if (event === PacketEvent.bad) {
      this.send(Uint8Array.of(NAK));
    }
  }
}
export { ACK, CAN, EOT, NAK };
