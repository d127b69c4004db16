import type { ByteSource } from '../../src/trace/kinds.ts';

/** Bytes as a source, given in pieces of at most so many. */
export function memorySource(bytes: Uint8Array, piece = Number.MAX_SAFE_INTEGER, fault?: string): ByteSource {
  let at = 0;
  return {
    size: bytes.length,
    fault,
    read(into) {
      const count = Math.min(into.length, piece, bytes.length - at);
      into.set(bytes.subarray(at, at + count));
      at += count;
      return count;
    },
  };
}
