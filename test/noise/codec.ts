import { lrc } from '../../src/wire/lrc.ts';
import { DC3, encodePacket, ETB, PacketEvent, packetLengthMax, PacketReceiver, SYN } from '../../src/wire/packet.ts';
import { Random } from '../simulation/random.ts';

/** Ways of damage of one packet on its way. */
export type ErrorClass =
  | 'one bit'
  | 'two bits'
  | 'burst up to 16 bits'
  | 'byte lost'
  | 'byte doubled'
  | 'random bytes'
  | 'bit errors 1e-4'
  | 'bit errors 1e-3';

export const CLASSES: readonly ErrorClass[] = [
  'one bit',
  'two bits',
  'burst up to 16 bits',
  'byte lost',
  'byte doubled',
  'random bytes',
  'bit errors 1e-4',
  'bit errors 1e-3',
];

/** What came of the damaged packets of one class. */
export interface CodecCount {
  readonly errors: ErrorClass;
  /** Packets put on the line. */
  packets: number;
  /** Packets that were hit. */
  damaged: number;
  /** Hit ones of which every control byte stayed where it was, so that only the check value decides. */
  whole: number;
  /** Received as a packet with another content, frame whole. */
  missedWhole: number;
  /** The same with a frame that began or ended somewhere else. */
  missedBroken: number;
  /** Packets with a content that the XOR of its bytes would have let through; data and check byte only, as on a line with counted lengths. */
  lrcMissed: number;
}

/**
 * Sends `packets` packets of `length` bytes of data through `encodePacket`, damage of one class and `PacketReceiver`. The
 * same seed gives the same counts.
 */
export function codecNoise(errors: ErrorClass, packets: number, length: number, seed: number): CodecCount {
  const random = new Random(seed);
  const count: CodecCount = { errors, packets: 0, damaged: 0, whole: 0, missedWhole: 0, missedBroken: 0, lrcMissed: 0 };
  const data = new Uint8Array(length);
  const frame = new Uint8Array(packetLengthMax(length));
  const wire = new Uint8Array(frame.length + 1);
  const receiver = new PacketReceiver();
  for (let n = 0; n < packets; n++) {
    if (n % 8 === 0) {
      random.fill(data);
      // Every packet begins with the name of its command. A CRC that starts with zero does not see leading zeros.
      data[0] = data[1] = data[2] = 0x58;
    }
    const size = encodePacket(data, length, frame, 0);
    wire.set(frame);
    count.packets++;
    const arrived = hit(errors, wire, size, random);
    if (arrived === size && same(frame, wire, size)) continue;
    count.damaged++;
    if (arrived === size && lrcLets(frame, wire, size)) count.lrcMissed++;
    const whole = arrived === size && sameControls(frame, wire, size);
    if (whole) count.whole++;
    receiver.reset();
    for (let i = 0; i < arrived; i++) {
      if (receiver.push(wire[i]) !== PacketEvent.packet) continue;
      if (receiver.length === length && same(receiver.data, data, length)) continue;
      if (whole) count.missedWhole++;
      else count.missedBroken++;
    }
  }
  return count;
}

/** Damages a packet in place and returns how many bytes are left of it. */
function hit(errors: ErrorClass, wire: Uint8Array, size: number, random: Random): number {
  const flip = (bit: number): void => void (wire[bit >> 3] ^= 0x80 >> (bit & 7));
  const bits = 8 * size;
  switch (errors) {
    case 'one bit':
      flip(random.below(bits));
      return size;
    case 'two bits': {
      const first = random.below(bits);
      flip(first);
      flip((first + 1 + random.below(bits - 1)) % bits);
      return size;
    }
    case 'burst up to 16 bits': {
      const length = random.between(2, 16);
      const at = random.below(bits - length);
      flip(at);
      flip(at + length - 1);
      for (let i = 1; i < length - 1; i++) if (random.chance(0.5)) flip(at + i);
      return size;
    }
    case 'byte lost': {
      const at = random.below(size);
      wire.copyWithin(at, at + 1, size);
      return size - 1;
    }
    case 'byte doubled': {
      const at = random.below(size);
      wire.copyWithin(at + 1, at, size);
      return size + 1;
    }
    case 'random bytes': {
      // Sixteen bytes within the data, without control bytes of the line, so that the frame stays whole: the pure case.
      const at = random.between(1, size - 20);
      for (let i = at; i < at + 16; i++) if (plain(wire[i])) wire[i] = 0x20 + random.below(0xe0);
      return size;
    }
    default: {
      const log = Math.log(1 - (errors === 'bit errors 1e-4' ? 1e-4 : 1e-3));
      for (let bit = gap(random, log); bit < bits; bit += 1 + gap(random, log)) flip(bit);
      return size;
    }
  }
}

const gap = (random: Random, log: number): number => Math.floor(Math.log(1 - random.next() / 2 ** 32) / log);

/** No SYN, ETB or DC3 and not the second byte of a stuffed pair. */
const plain = (byte: number): boolean => byte >= 0x20 && byte !== 0x33 && byte !== 0x36 && byte !== 0x37;

function same(a: Uint8Array, b: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** No control byte before the check value came, went or belongs to another byte. */
function sameControls(frame: Uint8Array, wire: Uint8Array, size: number): boolean {
  for (let i = 0; i < size - 2; i++) {
    if (frame[i] === wire[i]) continue;
    if (control(frame[i]) || control(wire[i]) || frame[i - 1] === DC3) return false;
  }
  return true;
}

const control = (byte: number): boolean => byte === SYN || byte === ETB || byte === DC3;

/** The same damage on a frame whose check is one XOR byte: the second check byte does not exist there. */
function lrcLets(frame: Uint8Array, wire: Uint8Array, size: number): boolean {
  const end = size - 1;
  return !same(frame, wire, end) && (lrc(frame, 0, end) ^ lrc(wire, 0, end)) === 0;
}
