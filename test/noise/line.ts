import type { SerialPort, SerialSink } from '../../src/hal/hal.ts';
import {
  CAN,
  DC3,
  encodePacket,
  ETB,
  NAK,
  PacketEvent,
  packetLengthMax,
  PacketReceiver,
  SYN,
} from '../../src/wire/packet.ts';
import { lrc } from '../../src/wire/lrc.ts';
import { Random } from '../simulation/random.ts';
import type { World } from '../runtime/world.ts';
import { Noise, type NoiseKind } from './damage.ts';

/** 19200 baud, 8N1: ten bits a byte. */
const BYTE_MS = 10_000 / 19_200;
/** Bytes that an adapter hands over at once. */
const CHUNK = 32;
/** Frames that may still come, of one direction. */
const SENT_KEPT = 8;

/**
 * What the receivers check. `crc`: the CRC-16 of the packet, nothing is changed. The two others show what the checks of the
 * gate can see: a damaged packet gets a right CRC, always (`none`), or when the XOR of its bytes hides the damage (`lrc`).
 */
export type Check = 'crc' | 'lrc' | 'none';

/** What passed over one line. */
export interface LineCounts {
  frames: number;
  /** Frames of which a bit or a byte was hit. */
  damaged: number;
  /** Damaged frames whose content came through all the same (a SYN that was doubled). */
  harmless: number;
  /** Damaged frames that ended in a wrong check value: of those CRC-16 lets one in 65536 through. */
  checked: number;
  /** Accepted packets with a content that nobody sent. */
  missed: number;
  naks: number;
  cancels: number;
  opened: number;
  unplugged: number;
}

export const noCounts = (): LineCounts => ({
  frames: 0, damaged: 0, harmless: 0, checked: 0, missed: 0, naks: 0, cancels: 0, opened: 0, unplugged: 0,
}); // prettier-ignore

interface Way {
  readonly noise: Noise;
  readonly judge: PacketReceiver;
  readonly sent: Uint8Array[];
  busyUntilMs: number;
}

/**
 * The serial cable of a counter with noise on it, in virtual time at 19200 baud. Beside it stands a judge with receivers of
 * its own, who knows what was sent and sees what comes out.
 */
export class NoisyLine {
  readonly counts = noCounts();
  private readonly world: World;
  private readonly terminal: (bytes: Uint8Array) => void;
  private readonly check: Check;
  private readonly down: Way;
  private readonly up: Way;
  private readonly random: Random;
  private sink: SerialSink | undefined;
  private plugged = true;
  private noisy = true;
  /** Bytes of an older generation are lost. */
  private generation = 0;
  private readonly frame = new Uint8Array(packetLengthMax(4096));

  constructor(world: World, kind: NoiseKind, seed: number, check: Check, terminal: (bytes: Uint8Array) => void) {
    this.world = world;
    this.terminal = terminal;
    this.check = check;
    const way = (stream: number): Way => ({
      noise: new Noise(kind, new Random(seed, stream)),
      judge: new PacketReceiver(),
      sent: [],
      busyUntilMs: 0,
    });
    this.down = way(1);
    this.up = way(2);
    this.random = new Random(seed, 3);
    if (kind.strayEveryMs !== undefined) this.strays(kind.strayEveryMs);
    if (kind.unplugEveryMs !== undefined) this.pulls(kind.unplugEveryMs);
  }

  fromTerminal(bytes: Uint8Array): void {
    this.carry(this.up, bytes, copy => this.sink?.received(copy));
  }

  port(): SerialPort {
    return {
      path: '/dev/ttyNOISE',
      open: sink => {
        this.drop();
        const { generation } = this;
        this.world.set(1, () => {
          if (generation !== this.generation) return;
          if (!this.plugged) return sink.closed({ kind: 'missing', detail: 'no such device' });
          this.counts.opened++;
          this.sink = sink;
          sink.opened();
        });
      },
      write: bytes => {
        if (this.sink) this.carry(this.down, bytes, this.terminal);
      },
      close: () => this.drop(),
    };
  }

  /** From now on the line is sound. */
  calm(): void {
    this.noisy = false;
    this.plugged = true;
  }

  unplug(): void {
    const { sink } = this;
    this.counts.unplugged++;
    this.plugged = false;
    this.drop();
    sink?.closed({ kind: 'hangup', detail: 'the cable was pulled' });
  }

  plug(): void {
    this.plugged = true;
  }

  private drop(): void {
    this.sink = undefined;
    this.generation++;
    this.down.busyUntilMs = this.up.busyUntilMs = 0;
  }

  private carry(way: Way, bytes: Uint8Array, deliver: (copy: Uint8Array) => void): void {
    const { counts } = this;
    if (bytes.length === 1 && bytes[0] === NAK) counts.naks++;
    if (bytes.length === 1 && bytes[0] === CAN) counts.cancels++;
    let arrived: Uint8Array = this.noisy ? way.noise.damage(bytes) : bytes.slice();
    const packet = bytes[0] === SYN && bytes.length >= 5;
    const damaged = Buffer.compare(arrived, bytes) !== 0;
    if (packet) {
      counts.frames++;
      if (damaged) {
        counts.damaged++;
        if (this.check !== 'crc') arrived = this.blind(bytes, arrived);
      }
      const content = contentOf(bytes);
      if (content) way.sent.push(content.data);
      if (way.sent.length > SENT_KEPT) way.sent.shift();
    }
    this.judge(way, arrived, packet && damaged);
    this.deliver(way, arrived, deliver);
  }

  private deliver(way: Way, bytes: Uint8Array, deliver: (copy: Uint8Array) => void): void {
    const { generation, world } = this;
    const now = world.monotonicMs();
    way.busyUntilMs = Math.max(way.busyUntilMs, now);
    for (let at = 0; at < bytes.length; at += CHUNK) {
      const chunk = bytes.slice(at, at + CHUNK);
      way.busyUntilMs += chunk.length * BYTE_MS;
      world.set(way.busyUntilMs - now, () => {
        if (generation === this.generation) deliver(chunk);
      });
    }
  }

  private judge(way: Way, bytes: Uint8Array, damaged: boolean): void {
    const { judge } = way;
    for (const byte of bytes) {
      const event = judge.push(byte);
      if (event === PacketEvent.bad && judge.fault === 'crc') this.counts.checked++;
      if (event !== PacketEvent.packet) continue;
      const content = judge.data.subarray(0, judge.length);
      if (!way.sent.some(sent => Buffer.compare(sent, content) === 0)) this.counts.missed++;
      else if (damaged) this.counts.harmless++;
    }
  }

  /** Gives a damaged packet the check value that a line with a weaker check would have accepted. */
  private blind(original: Uint8Array, damaged: Uint8Array): Uint8Array {
    const before = contentOf(original);
    const after = contentOf(damaged);
    if (!before || !after) return damaged;
    if (this.check === 'lrc') {
      // The first byte after the ETB stands for the LRC; what the noise did to it, it does to the LRC.
      const hit = original[before.end] ^ damaged[after.end];
      if (lrc(after.data) !== (lrc(before.data) ^ hit)) return damaged;
    }
    const end = encodePacket(after.data, after.data.length, this.frame, 0);
    return this.frame.slice(0, end);
  }

  private strays(everyMs: number): void {
    const { random } = this;
    this.world.set(random.between(1, 2 * everyMs), () => {
      if (!this.noisy) return;
      const bytes = new Uint8Array(random.between(1, 3));
      random.fill(bytes);
      if (random.chance(0.5)) this.deliver(this.up, bytes, copy => this.sink?.received(copy));
      else this.deliver(this.down, bytes, this.terminal);
      this.strays(everyMs);
    });
  }

  private pulls(everyMs: number): void {
    const { random } = this;
    this.world.set(random.between(1, 2 * everyMs), () => {
      if (!this.noisy) return;
      this.unplug();
      this.world.set(random.between(200, 8000), () => this.plug());
      this.pulls(everyMs);
    });
  }
}

/** Unstuffed content of the packet that `bytes` begins with, and where its check value begins; undefined when it is no packet. */
function contentOf(bytes: Uint8Array): { data: Uint8Array; end: number } | undefined {
  if (bytes[0] !== SYN) return undefined;
  const data: number[] = [];
  for (let i = 1; i < bytes.length; i++) {
    if (bytes[i] === SYN) return undefined;
    if (bytes[i] === ETB) return i + 2 < bytes.length ? { data: Uint8Array.from(data), end: i + 1 } : undefined;
    if (bytes[i] !== DC3) data.push(bytes[i]);
    else if (bytes[i + 1] === 0x33 || bytes[i + 1] === 0x36 || bytes[i + 1] === 0x37) data.push(bytes[++i] - 0x20);
    else return undefined;
  }
  return undefined;
}
