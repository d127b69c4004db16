import { ENCRYPT_LENGTH_MAX } from '../limits.ts';
import { hexDigit } from '../wire/hex.ts';
import { type CipherRequest, type CipherSteps, DES_BLOCK, SM4_BLOCK } from './cipher.ts';

/**
 * Message authentication codes (field 64). All cover the bytes from the message type to the byte before field 64, the
 * bitmap with bit 64 already set; neither length, TPDU nor header. All pad with zeros to a whole block.
 */
export const MAC_LENGTH = 8;

/** Last step: `hex` = the first four bytes as 8 upper-case hex characters, `raw` = the first eight bytes as they are. */
export type MacTail = 'hex' | 'raw';

export type MacKind = 'unionpay-ecb' | 'x9.9' | 'x9.19' | 'evi' | 'sm4-ecb' | 'sm4-cbc';

/** Which MAC an acquirer uses; nothing in a message says so, it is a terminal setting. */
export interface MacRule {
  readonly kind: MacKind;
  readonly tail: MacTail;
  /** Of the MAK: UnionPay uses the left 8 bytes only (`left`), some acquirers a real double-length key (`whole`). */
  readonly part: CipherRequest['part'];
}

/** What the UnionPay direct-connect dialect ships with. */
export const UNIONPAY_MAC: MacRule = { kind: 'unionpay-ecb', tail: 'hex', part: 'left' };

/** Writes the MAC of `data[start, end)` by `rule` to `out[at, at + 8)`. */
export function macSteps(
  rule: MacRule,
  data: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at = 0,
): CipherSteps<void> {
  switch (rule.kind) {
    case 'unionpay-ecb':
      return unionPayEcbMac(data, start, end, out, at, rule.part, rule.tail);
    case 'x9.9':
      return x99Mac(data, start, end, out, at, rule.part, rule.tail);
    case 'x9.19':
      return x919Mac(data, start, end, out, at, rule.tail);
    case 'evi':
      return eviMac(data, start, end, out, at, rule.part, rule.tail);
    case 'sm4-ecb':
      return sm4EcbMac(data, start, end, out, at, rule.tail);
    case 'sm4-cbc':
      return sm4CbcMac(data, start, end, out, at, rule.tail);
  }
}

/**
 * The UnionPay POS algorithm ("ECB"): XOR of all 8-byte blocks, written as 16 upper-case hex characters; the first eight are
 * encrypted, XORed with the last eight and encrypted again; the result in hex, of which 8 characters are the MAC.
 */
export function* unionPayEcbMac(
  data: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at = 0,
  part: CipherRequest['part'] = 'left',
  tail: MacTail = 'hex',
): CipherSteps<void> {
  const value = yield* twiceOverHex('des', DES_BLOCK, part, data, start, end);
  writeTail(tail, value, out, at);
}

/** The UnionPay algorithm in its SM4 form: the same shape with blocks of 16 bytes. Sources differ on the tail. */
export function* sm4EcbMac(
  data: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at = 0,
  tail: MacTail = 'hex',
): CipherSteps<void> {
  const value = yield* twiceOverHex('sm4', SM4_BLOCK, 'whole', data, start, end);
  writeTail(tail, value, out, at);
}

/** ANSI X9.9: DES-CBC from a zero start value; the last block is the MAC. */
export function* x99Mac(
  data: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at = 0,
  part: CipherRequest['part'] = 'left',
  tail: MacTail = 'raw',
): CipherSteps<void> {
  const padded = paddedCopy(data, start, end, DES_BLOCK);
  const value = yield* lastOfChain('des', part, padded, padded.length, new Uint8Array(DES_BLOCK));
  padded.fill(0);
  writeTail(tail, value, out, at);
}

/**
 * ANSI X9.19 (retail MAC): DES-CBC with the left key; the last block is decrypted with the right key and encrypted with the left one again.
 * A terminal cannot decrypt, so the last block goes another way: encrypting, decrypting and encrypting it is 3DES with the
 * double-length key, hence MAC = 3DES(last data block XOR the chain before it).
 */
export function* x919Mac(
  data: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at = 0,
  tail: MacTail = 'hex',
): CipherSteps<void> {
  const padded = paddedCopy(data, start, end, DES_BLOCK);
  const last = padded.length - DES_BLOCK;
  const block = padded.slice(last);
  xorInto(block, yield* lastOfChain('des', 'left', padded, last, new Uint8Array(DES_BLOCK)));
  padded.fill(0);
  writeTail(tail, yield { key: 'MAK', part: 'whole', algorithm: 'des', method: 'ecb', data: block }, out, at);
}

/** A bank's variant, common with EVI terminals: XOR of all blocks, encrypted once. */
export function* eviMac(
  data: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at = 0,
  part: CipherRequest['part'] = 'left',
  tail: MacTail = 'raw',
): CipherSteps<void> {
  const folded = fold(data, start, end, DES_BLOCK);
  writeTail(tail, yield { key: 'MAK', part, algorithm: 'des', method: 'ecb', data: folded }, out, at);
}

/** SM4-CBC from a zero start value, last block; used by some banks. */
export function* sm4CbcMac(
  data: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at = 0,
  tail: MacTail = 'hex',
): CipherSteps<void> {
  const padded = paddedCopy(data, start, end, SM4_BLOCK);
  const value = yield* lastOfChain('sm4', 'whole', padded, padded.length, new Uint8Array(SM4_BLOCK));
  padded.fill(0);
  writeTail(tail, value, out, at);
}

/** Compares two MACs of 8 bytes without telling by its time where they differ. */
export function sameMac(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): boolean {
  let difference = 0;
  for (let i = 0; i < MAC_LENGTH; i++) difference |= a[aAt + i] ^ b[bAt + i];
  return difference === 0;
}

function* twiceOverHex(
  algorithm: CipherRequest['algorithm'],
  block: number,
  part: CipherRequest['part'],
  data: Uint8Array,
  start: number,
  end: number,
): CipherSteps<Uint8Array> {
  const chars = new Uint8Array(2 * block);
  writeHex(fold(data, start, end, block), block, chars, 0);
  const second = chars.slice(block);
  xorInto(second, yield { key: 'MAK', part, algorithm, method: 'ecb', data: chars.slice(0, block) });
  return yield { key: 'MAK', part, algorithm, method: 'ecb', data: second };
}

/** Last block of a CBC chain over `data[0, end)`, in pieces that a terminal takes; `iv` itself when there is no data. */
function* lastOfChain(
  algorithm: CipherRequest['algorithm'],
  part: CipherRequest['part'],
  data: Uint8Array,
  end: number,
  iv: Uint8Array,
): CipherSteps<Uint8Array> {
  let chain = iv;
  for (let from = 0; from < end; from += ENCRYPT_LENGTH_MAX) {
    const piece = data.subarray(from, Math.min(end, from + ENCRYPT_LENGTH_MAX));
    const value = yield { key: 'MAK', part, algorithm, method: 'cbc', data: piece, iv: chain };
    chain = value.slice(piece.length - iv.length, piece.length);
  }
  return chain;
}

function fold(data: Uint8Array, start: number, end: number, block: number): Uint8Array {
  const folded = new Uint8Array(block);
  for (let i = start; i < end; i++) folded[(i - start) % block] ^= data[i];
  return folded;
}

/** Zero-padded to a whole number of blocks, at least one. */
function paddedCopy(data: Uint8Array, start: number, end: number, block: number): Uint8Array {
  const blocks = Math.max(1, Math.ceil((end - start) / block));
  const padded = new Uint8Array(blocks * block);
  padded.set(data.subarray(start, end));
  return padded;
}

function xorInto(target: Uint8Array, other: Uint8Array): void {
  for (let i = 0; i < target.length; i++) target[i] ^= other[i];
}

function writeTail(tail: MacTail, value: Uint8Array, out: Uint8Array, at: number): void {
  if (tail === 'hex') writeHex(value, MAC_LENGTH / 2, out, at);
  else out.set(value.subarray(0, MAC_LENGTH), at);
}

function writeHex(from: Uint8Array, length: number, out: Uint8Array, at: number): void {
  for (let i = 0; i < length; i++) {
    out[at + 2 * i] = hexDigit(from[i] >> 4);
    out[at + 2 * i + 1] = hexDigit(from[i] & 0x0f);
  }
}
