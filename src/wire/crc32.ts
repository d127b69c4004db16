/**
 * CRC-32 as in Ethernet, gzip and zip (polynomial 04C11DB7h reflected, start and end inverted): the blocks of a trace file.
 * Eight bytes go in one step: table `k` says what a byte does that is `k` places from the end of the step.
 */
const TABLES = new Int32Array(8 * 256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  TABLES[byte] = crc;
}
for (let at = 256; at < TABLES.length; at++) {
  const before = TABLES[at - 256];
  TABLES[at] = (before >>> 8) ^ TABLES[before & 0xff];
}

/**
 * CRC of the bytes `[from, to)` of a view, unsigned. Over `"123456789"` it is CBF43926h. A view, because it reads words at any
 * place without a copy.
 */
export function crc32(view: DataView, from: number, to: number): number {
  const T = TABLES;
  let crc = -1;
  let at = from;
  for (; at + 8 <= to; at += 8) {
    const a = crc ^ view.getInt32(at, true);
    const b = view.getInt32(at + 4, true);
    crc =
      T[1792 + (a & 0xff)] ^
      T[1536 + ((a >>> 8) & 0xff)] ^
      T[1280 + ((a >>> 16) & 0xff)] ^
      T[1024 + (a >>> 24)] ^
      T[768 + (b & 0xff)] ^
      T[512 + ((b >>> 8) & 0xff)] ^
      T[256 + ((b >>> 16) & 0xff)] ^
      T[b >>> 24];
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ T[(crc ^ view.getUint8(at)) & 0xff];
  return ~crc >>> 0;
}
