import { randomFillSync } from 'node:crypto';
import type { Entropy } from '../hal/hal.ts';

/** Random bytes of the operating system, fit for keys. */
export function openEntropy(): Entropy {
  return {
    fill: bytes => {
      randomFillSync(bytes);
    },
  };
}
