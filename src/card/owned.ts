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
  return copy;
}
