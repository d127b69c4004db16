/** Longitudinal check: XOR of `bytes[start, end)`, continuing from `lrc`. Used by the Chinese BCD frame and YMODEM-like links. */
export function lrc(bytes: Uint8Array, start = 0, end = bytes.length, lrc = 0): number {
  for (let i = start; i < end; i++) lrc ^= bytes[i];
  return lrc;
}
