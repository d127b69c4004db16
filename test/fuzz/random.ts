/** A small seeded generator (xorshift, 32 bits): the same seed gives the same inputs on every machine. */
export class Random {
  private state: number;

  constructor(seed: number) {
    // Seeds that differ in one bit must not begin alike, and the state must not be zero.
    let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
    mixed ^= mixed >>> 13;
    mixed = Math.imul(mixed, 0xc2b2ae35);
    this.state = (mixed ^ (mixed >>> 16)) | 1;
    for (let i = 0; i < 8; i++) this.next();
  }

  /** 0 to 2³²−1. */
  next(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x;
    return x >>> 0;
  }

  /** 0 to `count` − 1; 0 when there is nothing to choose from. */
  below(count: number): number {
    return count <= 1 ? 0 : (((this.next() >>> 8) * count) / 0x1000000) | 0;
  }

  byte(): number {
    return this.next() >>> 24;
  }

  /** True once in `count` times. */
  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }
}
