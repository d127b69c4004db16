/** Small, fast, seeded: xoshiro128** whose state comes from splitmix32. Equal seeds and streams give equal numbers for ever. */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  /** `seed`: a whole number from 0 to 2^53 - 1; `stream` tells independent uses of one seed apart. */
  constructor(seed: number, stream = 0) {
    let x = (Math.floor(seed / 2 ** 32) ^ Math.imul(stream + 1, 0x9e3779b1) ^ (seed >>> 0)) | 0;
    const mixed = (): number => {
      x = (x + 0x9e3779b9) | 0;
      let z = x;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return z ^ (z >>> 15);
    };
    this.a = mixed();
    this.b = mixed();
    this.c = mixed();
    this.d = mixed() | 1;
  }

  /** 0 to 2^32 - 1 */
  next(): number {
    const product = Math.imul(this.b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const t = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= t;
    this.d = (this.d << 11) | (this.d >>> 21);
    return result;
  }

  /** 0 to `count` - 1 */
  below(count: number): number {
    return Math.floor((this.next() / 2 ** 32) * count);
  }

  /** `from` to `to`, both possible. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  chance(probability: number): boolean {
    return this.next() / 2 ** 32 < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  /** An {@link Entropy}. */
  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.next() >>> 24;
  }
}
