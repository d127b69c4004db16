/**
 * CRC-16/XMODEM (polynomial 1021h, start 0, no reflection): ABECS packets, ABECS media files, YMODEM. Four bytes go in
 * one step: table `k` says what a byte does that is `k` places from the end of the step.
 */
const TABLES = new Uint16Array(4 * 256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  TABLES[byte] = crc;
}
for (let at = 256; at < TABLES.length; at++) TABLES[at] = crc16Step(TABLES[at - 256], 0);

/** One byte further: returns the new CRC. */
export function crc16Step(crc: number, byte: number): number {
  return ((crc << 8) & 0xffff) ^ TABLES[((crc >> 8) ^ byte) & 0xff];
}

/** CRC of `bytes[start, end)`, continuing from `crc`. `crc16("123456789") === 0x31c3`. */
export function crc16(bytes: Uint8Array, start = 0, end = bytes.length, crc = 0): number {
  const T = TABLES;
  let at = start;
  for (; at + 4 <= end; at += 4)
    crc =
      T[768 + ((crc >> 8) ^ bytes[at])] ^
      T[512 + ((crc & 0xff) ^ bytes[at + 1])] ^
      T[256 + bytes[at + 2]] ^
      T[bytes[at + 3]];
  for (; at < end; at++) crc = crc16Step(crc, bytes[at]);
  return crc;
}
