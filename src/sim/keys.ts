import { createCipheriv, createDecipheriv } from 'node:crypto';
import { assert } from '../assert.ts';
import type { CipherRequest, CipherSteps } from '../security/cipher.ts';
import { CHECK_VALUE_LENGTH, DES_BLOCK, SM4_BLOCK } from '../security/cipher.ts';
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

type OpenSsl = ReturnType<typeof createCipheriv> | ReturnType<typeof createDecipheriv>;

function made(
  make: typeof createCipheriv | typeof createDecipheriv,
  name: string,
  key: Uint8Array,
  iv: Uint8Array | null = null,
): OpenSsl {
  const cipher = make(name, key, iv);
  cipher.setAutoPadding(false);
  return cipher;
}

/** `data` through a cipher: without padding everything is out after the whole blocks went in. */
function through(cipher: OpenSsl, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(cipher.update(data));
  assert(out.length === data.length, 'a cipher without padding takes whole blocks');
  return out;
}

/**
 * A clear key at work. A cipher in ECB keeps nothing from one block to the next, and making one is dear: each that is
 * asked for is made once.
 */
export class ClearKey {
  readonly bytes: Uint8Array;
  private encrypting: OpenSsl | undefined;
  private decrypting: OpenSsl | undefined;
  private sm4Encrypting: OpenSsl | undefined;
  private half: ClearKey | undefined;

  /** Takes over `bytes`, which must stay as they are: 8, 16 or 24 for DES, 16 for SM4. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** DES or 3DES by key length, ECB, no padding. */
  encrypt(data: Uint8Array): Uint8Array {
    this.encrypting ??= made(createCipheriv, 'des-ede3-ecb', tripled(this.bytes));
    return through(this.encrypting, data);
  }

  decrypt(data: Uint8Array): Uint8Array {
    this.decrypting ??= made(createDecipheriv, 'des-ede3-ecb', tripled(this.bytes));
    return through(this.decrypting, data);
  }

  /** As {@link encrypt} in CBC. */
  encryptCbc(iv: Uint8Array, data: Uint8Array): Uint8Array {
    return through(made(createCipheriv, 'des-ede3-cbc', tripled(this.bytes), iv), data);
  }

  /** One step of an algorithm with this key, whatever the step calls it. */
  step({ algorithm, part, method, iv, data }: CipherRequest): Uint8Array {
    if (algorithm === 'sm4') {
      if (method === 'cbc') return through(made(createCipheriv, 'sm4-cbc', this.bytes, iv ?? new Uint8Array(16)), data);
      this.sm4Encrypting ??= made(createCipheriv, 'sm4-ecb', this.bytes);
      return through(this.sm4Encrypting, data);
    }
    const key = part === 'left' ? this.left : this;
    return method === 'ecb' ? key.encrypt(data) : key.encryptCbc(iv ?? new Uint8Array(DES_BLOCK), data);
  }

  /** Zeroes the key; it is not used any more. */
  wipe(): void {
    this.bytes.fill(0);
  }

  private get left(): ClearKey {
    if (this.bytes.length === 8) return this;
    return (this.half ??= new ClearKey(this.bytes.subarray(0, 8)));
  }
}

/** Working keys that are kept unwrapped: those of a few terminals. */
const UNWRAPPED_MAX = 16;

/** Working keys under one master key. Each message comes with the same few: they are unwrapped once. */
export class KeyRing {
  private readonly master: ClearKey;
  private readonly unwrapped: { readonly wrapped: Uint8Array; readonly key: ClearKey }[] = [];

  /** `masterKey`: 16 bytes, which must stay as they are. */
  constructor(masterKey: Uint8Array) {
    this.master = new ClearKey(masterKey);
  }

  /** The key that is wrapped so. It is zeroed after so many others that it counts as out of use. */
  unwrap(wrapped: Uint8Array): ClearKey {
    const known = this.unwrapped.findLast(one => same(one.wrapped, wrapped));
    if (known) return known.key;
    const key = new ClearKey(this.master.decrypt(wrapped));
    if (this.unwrapped.push({ wrapped: wrapped.slice(), key }) > UNWRAPPED_MAX) this.unwrapped.shift()?.key.wipe();
    return key;
  }

  /** Wraps a clear key (TDES-ECB, each 8 bytes by themselves). */
  wrap(key: Uint8Array): Uint8Array {
    return this.master.encrypt(key);
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** As {@link ClearKey.encrypt}, for a key that is used once. */
export function desEncrypt(key: Uint8Array, data: Uint8Array): Uint8Array {
  return new ClearKey(key).encrypt(data);
}

export function desDecrypt(key: Uint8Array, data: Uint8Array): Uint8Array {
  return new ClearKey(key).decrypt(data);
}

/** SM4-ECB, no padding; `key` has 16 bytes. */
export function sm4Encrypt(key: Uint8Array, data: Uint8Array): Uint8Array {
  return through(made(createCipheriv, 'sm4-ecb', key), data);
}

export function sm4Decrypt(key: Uint8Array, data: Uint8Array): Uint8Array {
  return through(made(createDecipheriv, 'sm4-ecb', key), data);
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
  const des = algorithm === 'des';
  const value = des ? desEncrypt(key, new Uint8Array(DES_BLOCK)) : sm4Encrypt(key, new Uint8Array(SM4_BLOCK));
  return value.slice(0, CHECK_VALUE_LENGTH);
}

/** A cipher over software keys. A request for a key that is absent is a programmer's error. */
export function softwareCipher(keys: SoftwareKeys): Cipher {
  const known: { PIK?: ClearKey; MAK?: ClearKey; TDK?: ClearKey } = {};
  return request => {
    const bytes = keys[request.key];
    assert(bytes !== undefined, `software key ${request.key} is there`);
    return (known[request.key] ??= new ClearKey(bytes)).step(request);
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
  pik: ClearKey,
  encrypted: Uint8Array,
  pan: Uint8Array | undefined,
  judge: (pin: Uint8Array) => boolean,
): PinVerdict {
  const block = pik.decrypt(encrypted);
  const pin = new Uint8Array(12);
  const length = readPinBlock(block, pan, pin);
  const verdict = length < 0 ? 'unreadable' : judge(pin.subarray(0, length)) ? 'right' : 'wrong';
  block.fill(0);
  pin.fill(0);
  return verdict;
}
