import { Random } from '../simulation/random.ts';

/** What a bad line does to the bytes on it. Everything is a probability; what is left out does not happen. */
export interface NoiseKind {
  readonly name: string;
  /** Each bit of a byte on its own. */
  readonly bitErrors?: number;
  /** Each byte: a burst begins here, 2 to 32 bits of which each is wrong with one half. */
  readonly bursts?: number;
  /** Each byte: it is lost. */
  readonly lost?: number;
  /** Each byte: it comes twice. */
  readonly doubled?: number;
  /** Mean pause between bytes that nobody sent, milliseconds; in both directions. */
  readonly strayEveryMs?: number;
  /** Mean pause between two pulls of the cable, milliseconds; it is put back after 0.2 to 8 seconds. */
  readonly unplugEveryMs?: number;
}

/** Damages bytes as one kind of noise does. The same seed and the same bytes give the same damage. */
export class Noise {
  readonly kind: NoiseKind;
  readonly random: Random;
  /** Good bits before the next wrong one. */
  private goodBits: number;

  constructor(kind: NoiseKind, random: Random) {
    this.kind = kind;
    this.random = random;
    this.goodBits = this.gap();
  }

  /** Geometrically distributed, so that a quiet line costs one comparison a byte. */
  private gap(): number {
    const rate = this.kind.bitErrors ?? 0;
    return rate > 0 ? Math.floor(Math.log(1 - this.random.next() / 2 ** 32) / Math.log(1 - rate)) : Infinity;
  }

  /** A fresh array with what is left of `bytes`. */
  damage(bytes: Uint8Array): Uint8Array {
    const { kind, random } = this;
    const out: number[] = [];
    let burst = 0;
    for (const byte of bytes) {
      let sent = byte;
      for (; this.goodBits < 8; this.goodBits += 1 + this.gap()) sent ^= 1 << this.goodBits;
      this.goodBits -= 8;
      if (kind.bursts !== undefined && random.chance(kind.bursts)) burst = random.between(2, 32);
      for (let bit = 0; burst > 0 && bit < 8; bit++, burst--) if (random.chance(0.5)) sent ^= 1 << bit;
      if (kind.lost !== undefined && random.chance(kind.lost)) continue;
      out.push(sent);
      if (kind.doubled !== undefined && random.chance(kind.doubled)) out.push(sent);
    }
    return Uint8Array.from(out);
  }
}
