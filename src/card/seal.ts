import { createCipheriv, createDecipheriv } from 'node:crypto';
import { assert } from '../assert.ts';
import { failed, fault, ok, type Result } from '../fault.ts';
import { ownedCopy } from './owned.ts';

/** Bytes of a sealing key (AES-256). */
export const SEAL_KEY_LENGTH = 32;
/** Bytes of a nonce; one nonce never serves twice under one key. */
export const SEAL_NONCE_LENGTH = 12;
const TAG_LENGTH = 16;
const ALGORITHM = 'aes-256-gcm';

/**
 * Seals a card number (ASCII digits) with AES-256-GCM. Result: `nonce 12 | ciphertext, as long as the number | tag 16`.
 * The nonce comes from the caller, because this room has no randomness of its own; a repeated nonce breaks the seal.
 */
export function sealPan(key: Uint8Array, nonce: Uint8Array, pan: Uint8Array): Uint8Array {
  assert(key.length === SEAL_KEY_LENGTH, 'a sealing key has 32 bytes');
  assert(nonce.length === SEAL_NONCE_LENGTH, 'a sealing nonce has 12 bytes');
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_LENGTH });
  const sealed = new Uint8Array(SEAL_NONCE_LENGTH + pan.length + TAG_LENGTH);
  sealed.set(nonce, 0);
  sealed.set(cipher.update(pan), SEAL_NONCE_LENGTH);
  cipher.final();
  sealed.set(cipher.getAuthTag(), SEAL_NONCE_LENGTH + pan.length);
  return sealed;
}

/** How many digits the number in `sealed` has. */
export function sealedDigits(sealed: Uint8Array): number {
  return sealed.length - SEAL_NONCE_LENGTH - TAG_LENGTH;
}

/**
 * Opens what {@link sealPan} made. The result is the caller's to zero. Fault `seal-broken` when the key is another one or a
 * byte has changed, `seal-short` when it cannot be a sealed number at all.
 */
export function openPan(key: Uint8Array, sealed: Uint8Array): Result<Uint8Array> {
  assert(key.length === SEAL_KEY_LENGTH, 'a sealing key has 32 bytes');
  const length = sealedDigits(sealed);
  if (length < 0)
    return failed(
      fault(
        'E_ILLEGAL',
        'seal-short',
        `a sealed card number has at least ${SEAL_NONCE_LENGTH + TAG_LENGTH} bytes, this has ${sealed.length}`,
        'Restore the record from a copy',
      ),
    );
  const opener = createDecipheriv(ALGORITHM, key, sealed.subarray(0, SEAL_NONCE_LENGTH), { authTagLength: TAG_LENGTH });
  opener.setAuthTag(sealed.subarray(SEAL_NONCE_LENGTH + length));
  const clear = opener.update(sealed.subarray(SEAL_NONCE_LENGTH, SEAL_NONCE_LENGTH + length));
  const pan = ownedCopy(clear);
  clear.fill(0);
  try {
    opener.final();
  } catch {
    pan.fill(0);
    return failed(
      fault(
        'E_ILLEGAL',
        'seal-broken',
        'the sealed card number does not open: another key, or a byte has changed',
        'Use the key file that belongs to this journal',
      ),
    );
  }
  return ok(pan);
}
