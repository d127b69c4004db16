import { hexDigit, hexValue } from '../wire/hex.ts';
import { type CipherSteps, DES_BLOCK, SM4_BLOCK } from './cipher.ts';

/**
 * Track encryption of UnionPay (sign-on 004, field 53 digit 3 = 1): the track is padded to an even number of digits, and
 * the block that ends just before its last byte is encrypted under TDK and put back. Length and all other digits stay.
 */

/**
 * Where the encrypted block begins, counted in digits of a track of `length` digits; -1 when the track is too short to hold
 * one. The block has 16 digits (8 bytes), 32 with SM4.
 */
export function trackBlockAt(length: number, algorithm: 'des' | 'sm4' = 'des'): number {
  const bytes = Math.ceil(length / 2);
  const at = 2 * (bytes - 1 - (algorithm === 'des' ? DES_BLOCK : SM4_BLOCK));
  return at < 0 ? -1 : at;
}

/**
 * Encrypts the block inside `track[0, length)`, ASCII digits with `D` as separator; afterwards the block holds the digits
 * 0–9 and A–F in upper case. Returns false, with the track unchanged, when it is too short to hold a block: such a track may
 * not be sent where encryption is required.
 */
export function* encryptTrack(
  track: Uint8Array,
  length: number,
  algorithm: 'des' | 'sm4' = 'des',
): CipherSteps<boolean> {
  const at = trackBlockAt(length, algorithm);
  if (at < 0) return false;
  const block = new Uint8Array(algorithm === 'des' ? DES_BLOCK : SM4_BLOCK);
  readTrackBlock(track, at, block);
  const value = yield { key: 'TDK', part: 'whole', algorithm, method: 'ecb', data: block };
  block.fill(0);
  writeTrackBlock(value, track, at);
  return true;
}

/** Packs the ASCII hex digits of `track` from `at` into `block`. */
export function readTrackBlock(track: Uint8Array, at: number, block: Uint8Array): void {
  for (let i = 0; i < block.length; i++)
    block[i] = (hexValue(track[at + 2 * i]) << 4) | hexValue(track[at + 2 * i + 1]);
}

/** Unpacks `block` into upper-case ASCII hex digits of `track` from `at`. */
export function writeTrackBlock(block: Uint8Array, track: Uint8Array, at: number): void {
  for (let i = 0; i < block.length; i++) {
    track[at + 2 * i] = hexDigit(block[i] >> 4);
    track[at + 2 * i + 1] = hexDigit(block[i] & 0x0f);
  }
}
