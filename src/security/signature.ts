import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { assert } from '../assert.ts';

/** Ed25519 (RFC 8032): a signature of 64 bytes, the same one each time for the same key and bytes. */
export const SEED_LENGTH = 32;
export const PUBLIC_KEY_LENGTH = 32;
export const SIGNATURE_LENGTH = 64;
/** Bytes of a signer's short name. */
export const SIGNER_LENGTH = 4;

/** DER in front of the bare seed (PKCS #8) and of the bare public key (SPKI), RFC 8410. */
const PRIVATE_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

/** A private key that can only sign. */
export interface SigningKey {
  /** 32 bytes */
  readonly publicKey: Uint8Array;
  /** Short name of the public key, see {@link signerOf}. */
  readonly signer: string;
  /** Signature of `bytes`, 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array;
}

/** Opens a private key from its 32-byte seed. The seed stays the caller's, to be overwritten after the call. */
export function openSigningKey(seed: Uint8Array): SigningKey {
  assert(seed.length === SEED_LENGTH, 'an Ed25519 seed has 32 bytes');
  const der = Buffer.concat([PRIVATE_HEAD, seed]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const publicKey = new Uint8Array(spki.subarray(PUBLIC_HEAD.length));
  return { publicKey, signer: signerOf(publicKey), sign: bytes => new Uint8Array(sign(null, bytes, key)) };
}

/**
 * Is `signature` the signature of `bytes` under the 32-byte public key? Wrong lengths and bytes that are no key are false,
 * because both come from paper.
 */
export function verifySignature(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== PUBLIC_KEY_LENGTH || signature.length !== SIGNATURE_LENGTH) return false;
  return verify(null, bytes, publicKeyOf(publicKey), signature);
}

function publicKeyOf(bytes: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([PUBLIC_HEAD, bytes]), format: 'der', type: 'spki' });
}

/** Short name of a public key: 8 hex digits of its SHA-256. It finds the key; only the signature proves anything. */
export function signerOf(publicKey: Uint8Array): string {
  return createHash('sha256')
    .update(publicKey)
    .digest('hex')
    .slice(0, 2 * SIGNER_LENGTH);
}
