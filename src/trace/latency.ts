import { assert } from '../assert.ts';

/** Cells of one power of two: a time is known to 1/128 of itself, and told to half of that. */
const CELLS = 128;
const CELL_BITS = 7;
/** Longest time that is told apart, about 12 days; longer ones count as this long. */
const EXPONENT_MAX = 40;
const LONGEST_US = 2 ** EXPONENT_MAX - 1;
const CELLS_ALL = 2 * CELLS + (EXPONENT_MAX - CELL_BITS - 1) * CELLS;

/**
 * How long things took, in memory of a fixed size however many they are: times below 256 µs exactly, longer ones within 0.4 %.
 * Microseconds. Adding creates nothing.
 */
export class LatencyHistogram {
  count = 0;
  /** Exact. */
  minUs = Number.POSITIVE_INFINITY;
  maxUs = 0;
  sumUs = 0;
  private readonly cells = new Float64Array(CELLS_ALL);

  add(us: number): void {
    assert(us >= 0, 'a latency is not negative');
    const whole = Math.min(LONGEST_US, Math.round(us));
    this.count++;
    this.sumUs += us;
    if (us < this.minUs) this.minUs = us;
    if (us > this.maxUs) this.maxUs = us;
    this.cells[cellOf(whole)]++;
  }

  /** The time that `share` (0 to 1) of all did not take longer than; 0 when there are none. */
  quantileUs(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.count));
    let seen = 0;
    for (let cell = 0; cell < CELLS_ALL; cell++) {
      seen += this.cells[cell];
      if (this.count > 0 && seen >= wanted) return Math.min(this.maxUs, Math.max(this.minUs, middleOf(cell)));
    }
    return 0;
  }

  /** How many took longer than `fromUs` and at most `toUs`; the limits are those of the cells in which they lie. */
  between(fromUs: number, toUs: number): number {
    const last = cellOf(Math.min(LONGEST_US, toUs));
    let seen = 0;
    for (let cell = fromUs < 0 ? 0 : cellOf(fromUs) + 1; cell <= last; cell++) seen += this.cells[cell];
    return seen;
  }
}

function cellOf(us: number): number {
  if (us < 2 * CELLS) return us;
  const shift = Math.floor(Math.log2(us)) - CELL_BITS;
  return CELLS * shift + Math.floor(us / 2 ** shift);
}

function middleOf(cell: number): number {
  if (cell < 2 * CELLS) return cell;
  const shift = Math.floor(cell / CELLS) - 1;
  return (cell - CELLS * shift + 0.5) * 2 ** shift;
}
