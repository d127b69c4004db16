/**
 * Bytes for clear card data. Small typed arrays live on the heap of the engine, which copies them about when it collects
 * garbage and leaves the old copies behind; these lie outside it, so that zeroing them leaves nothing.
 */
export function ownedBytes(length: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(length));
}

/** A copy of `bytes[start, end)` that belongs to the caller, who zeroes it. */
export function ownedCopy(bytes: Uint8Array, start = 0, end: number = bytes.length): Uint8Array {
  const copy = ownedBytes(end - start);
  copy.set(bytes.subarray(start, end));
  clearRegisters(end - start);
  return copy;
}

/** Longest copy whose way through the registers is repeated; a longer one ends in the same registers. */
const COPY_MAX = 4096;
const zeros = ownedBytes(COPY_MAX);
const nowhere = ownedBytes(COPY_MAX);
const { copy: copyInto } = Buffer.prototype;

/**
 * To be called after a copy of `length` bytes that may hold card data. Memory is copied through the vector registers of the
 * processor, where pieces of it stay; when the engine gives up optimised code it writes those registers into memory that
 * it frees without zeroing, and a card number of 16 digits is just eight packed bytes. A copy of as many zeros takes the
 * same registers. Creates nothing.
 */
export function clearRegisters(length: number): void {
  copyInto.call(zeros, nowhere, 0, 0, length < COPY_MAX ? length : COPY_MAX);
}
