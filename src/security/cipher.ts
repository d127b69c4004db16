/**
 * Cipher steps as requests, so that one algorithm runs over keys that lie in a terminal (asynchronous commands, no clear
 * key in this process) and over software keys (simulators). An algorithm is a generator: it yields a {@link CipherRequest},
 * whoever drives it answers with as many bytes as `data` has. A driver that cannot get an answer ends the generator with
 * `return()`; a generator never throws.
 *
 * A terminal only encrypts (ABECS EBX), so there is no decrypt request: algorithms that name a decryption are rewritten.
 */
export interface CipherRequest {
  readonly key: KeyName;
  /**
   * `left`: the first 8 bytes of the key alone (single DES; a terminal line passes the wrapped half twice, because
   * 3DES with K‖K is single DES). `whole`: all bytes that the key has.
   */
  readonly part: 'left' | 'whole';
  readonly algorithm: 'des' | 'sm4';
  readonly method: 'ecb' | 'cbc';
  /** A multiple of the block (8 for DES, 16 for SM4), at most 256 bytes. Valid until the next step. */
  readonly data: Uint8Array;
  /** Start value of `cbc`, one block; absent in `ecb`. */
  readonly iv?: Uint8Array;
}

/** Working keys of the UnionPay scheme: PIN, MAC, track data. */
export type KeyName = 'PIK' | 'MAK' | 'TDK';

/** An algorithm in cipher steps with result `T`. */
export type CipherSteps<T> = Generator<CipherRequest, T, Uint8Array>;

export const DES_BLOCK = 8;
export const SM4_BLOCK = 16;

/** Bytes of a key check value. */
export const CHECK_VALUE_LENGTH = 4;

/**
 * Compares a key with its check value: encrypts zeros, keeps the first four bytes (UnionPay key download, field 62).
 * `part` as in {@link CipherRequest}: `left` for a single-length key. True when `expected[0, 4)` matches.
 */
export function* keyCheckMatches(
  key: KeyName,
  part: CipherRequest['part'],
  expected: Uint8Array,
  algorithm: CipherRequest['algorithm'] = 'des',
): CipherSteps<boolean> {
  const data = new Uint8Array(algorithm === 'des' ? DES_BLOCK : SM4_BLOCK);
  const value = yield { key, part, algorithm, method: 'ecb', data };
  let difference = 0;
  for (let i = 0; i < CHECK_VALUE_LENGTH; i++) difference |= value[i] ^ expected[i];
  return difference === 0;
}
