/** Memory that small arrays share, bytes. */
const SHARED_LENGTH = 16_384;
/** Longest array that lies in shared memory; a longer one has its own. */
const SHARED_MAX = 1024;

let shared = new ArrayBuffer(SHARED_LENGTH);
let used = 0;

/**
 * Bytes for clear card data, zero. Small typed arrays live on the heap of the engine, which copies them about when it collects
 * garbage and leaves the old copies behind; these lie outside it, so that zeroing them leaves nothing. Every command to a
 * terminal is such an array, and memory of its own for each is dear, so they are cut from larger pieces. No byte of a piece
 * is given away twice: what one owner forgot to zero is never seen by another.
 */
export function ownedBytes(length: number): Uint8Array {
  if (length > SHARED_MAX) return new Uint8Array(new ArrayBuffer(length));
  if (used + length > SHARED_LENGTH) {
    shared = new ArrayBuffer(SHARED_LENGTH);
    used = 0;
  }
  const bytes = new Uint8Array(shared, used, length);
  // The next one begins where the processor copies well.
  used = (used + bytes.length + 7) & ~7;
  return bytes;
}

const { copy: copyInto } = Buffer.prototype;

/** A copy of `bytes[start, end)` that belongs to the caller, who zeroes it. */
export function ownedCopy(bytes: Uint8Array, start = 0, end: number = bytes.length): Uint8Array {
  const copy = ownedBytes(end - start);
  copyInto.call(bytes, copy, 0, start, end);
  clearRegisters(end - start);
  return copy;
}

/** Longest copy whose way through the registers is repeated; a longer one ends in the same registers. */
const COPY_MAX = 4096;
const zeros = ownedBytes(COPY_MAX);
const nowhere = ownedBytes(COPY_MAX);

/**
 * To be called after a copy of `length` bytes that may hold card data. Memory is copied through the vector registers of the
 * processor, where pieces of it stay; when the engine gives up optimised code it writes those registers into memory that
 * it frees without zeroing, and a card number of 16 digits is just eight packed bytes. A copy of as many zeros takes the
 * same registers. Creates nothing.
 */
export function clearRegisters(length: number): void {
  copyInto.call(zeros, nowhere, 0, 0, length < COPY_MAX ? length : COPY_MAX);
}
