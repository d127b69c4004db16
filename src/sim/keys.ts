import { createCipheriv, createDecipheriv } from 'node:crypto';
import { assert } from '../assert.ts';
import type { CipherRequest, CipherSteps, KeyName } from '../security/cipher.ts';
import { CHECK_VALUE_LENGTH } from '../security/cipher.ts';
import { readPinBlock } from '../security/pin-block.ts';

/**
 * Keys in software, for simulators only: the virtual acquirer (which owns its keys) and the virtual terminal (which plays
 * the secure hardware). The runtime itself never holds a clear key.
 */
export interface SoftwareKeys {
  /** Clear keys: 8, 16 or 24 bytes for DES, 16 for SM4. */
  readonly PIK?: Uint8Array;
  readonly MAK?: Uint8Array;
  readonly TDK?: Uint8Array;
}

export type Cipher = (request: CipherRequest) => Uint8Array;

/** Clear key bytes as OpenSSL's three-key 3DES takes them: K → K,K,K; K1K2 → K1,K2,K1. */
function tripled(key: Uint8Array): Uint8Array {
  assert(key.length === 8 || key.length === 16 || key.length === 24, 'a DES key has 8, 16 or 24 bytes');
  const full = new Uint8Array(24);
  for (let i = 0; i < 24; i++) full[i] = key[i % key.length];
  return full;
}

/** Ciphers in ECB by direction, name and key: they keep nothing from one block to the next, and making one is dear. */
const ready = new Map<string, ReturnType<typeof createCipheriv> | ReturnType<typeof createDecipheriv>>();
const READY_MAX = 64;

function run(
  make: typeof createCipheriv | typeof createDecipheriv,
  name: string,
  key: Uint8Array,
  iv: Uint8Array | null,
  data: Uint8Array,
): Uint8Array {
  const id = iv === null ? `${make.name} ${name} ${Buffer.from(key).toString('latin1')}` : '';
  let cipher = ready.get(id);
  if (!cipher) {
    cipher = make(name, key, iv);
    cipher.setAutoPadding(false);
    if (ready.size >= READY_MAX) ready.clear();
    if (iv === null) ready.set(id, cipher);
  }
  // Without padding everything is out after the whole blocks went in.
  const out = new Uint8Array(cipher.update(data));
  assert(out.length === data.length, 'a cipher without padding takes whole blocks');
  return out;
}

/** DES or 3DES by key length, ECB, no padding. */
export function desEncrypt(key: Uint8Array, data: Uint8Array): Uint8Array {
  return run(createCipheriv, 'des-ede3-ecb', tripled(key), null, data);
}

export function desDecrypt(key: Uint8Array, data: Uint8Array): Uint8Array {
  return run(createDecipheriv, 'des-ede3-ecb', tripled(key), null, data);
}

/** As {@link desEncrypt} in CBC. */
export function desCbcEncrypt(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  return run(createCipheriv, 'des-ede3-cbc', tripled(key), iv, data);
}

/** SM4-ECB, no padding; `key` has 16 bytes. */
export function sm4Encrypt(key: Uint8Array, data: Uint8Array): Uint8Array {
  return run(createCipheriv, 'sm4-ecb', key, null, data);
}

export function sm4Decrypt(key: Uint8Array, data: Uint8Array): Uint8Array {
  return run(createDecipheriv, 'sm4-ecb', key, null, data);
}

/** Wraps a clear working key under the master key (TDES-ECB, each 8 bytes by themselves). */
export function wrapKey(masterKey: Uint8Array, key: Uint8Array): Uint8Array {
  return desEncrypt(masterKey, key);
}

export function unwrapKey(masterKey: Uint8Array, wrapped: Uint8Array): Uint8Array {
  return desDecrypt(masterKey, wrapped);
}

/** Key check value: the first four bytes of eight (DES) or sixteen (SM4) encrypted zeros. */
export function keyCheckValue(key: Uint8Array, algorithm: 'des' | 'sm4' = 'des'): Uint8Array {
  const value = algorithm === 'des' ? desEncrypt(key, new Uint8Array(8)) : sm4Encrypt(key, new Uint8Array(16));
  return value.slice(0, CHECK_VALUE_LENGTH);
}

/** A cipher over software keys. A request for a key that is absent is a programmer's error. */
export function softwareCipher(keys: SoftwareKeys): Cipher {
  const keyOf = (name: KeyName, part: CipherRequest['part']): Uint8Array => {
    const key = keys[name];
    assert(key !== undefined, `software key ${name} is there`);
    return part === 'left' ? key.subarray(0, 8) : key;
  };
  return request => {
    if (request.algorithm === 'sm4') {
      const key = keyOf(request.key, 'whole');
      return request.method === 'ecb'
        ? sm4Encrypt(key, request.data)
        : run(createCipheriv, 'sm4-cbc', key, request.iv ?? new Uint8Array(16), request.data);
    }
    const key = keyOf(request.key, request.part);
    return request.method === 'ecb'
      ? desEncrypt(key, request.data)
      : desCbcEncrypt(key, request.iv ?? new Uint8Array(8), request.data);
  };
}

/** Drives cipher steps to their end over `cipher` and returns their result. */
export function runWithSoftwareKeys<T>(steps: CipherSteps<T>, cipher: Cipher): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next(cipher(step.value));
  return step.value;
}

/** What a PIN block says: `right`, `wrong`, or `unreadable` (no format 0 block under this key for this card number). */
export type PinVerdict = 'right' | 'wrong' | 'unreadable';

/**
 * Opens an encrypted format 0 block and hands the PIN's digits to `judge`; they are zeroed afterwards.
 * `pan` undefined: the form without card number.
 */
export function judgePin(
  pik: Uint8Array,
  encrypted: Uint8Array,
  pan: Uint8Array | undefined,
  judge: (pin: Uint8Array) => boolean,
): PinVerdict {
  const block = desDecrypt(pik, encrypted);
  const pin = new Uint8Array(12);
  const length = readPinBlock(block, pan, pin);
  const verdict = length < 0 ? 'unreadable' : judge(pin.subarray(0, length)) ? 'right' : 'wrong';
  block.fill(0);
  pin.fill(0);
  return verdict;
}
