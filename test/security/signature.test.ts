import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openSigningKey, signerOf, verifySignature } from '../../src/security/signature.ts';

interface Vector {
  readonly seed: string;
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
}

const file = new URL('../vectors/ed25519.json', import.meta.url);
const vectors = (JSON.parse(readFileSync(file, 'utf8')) as { tests: readonly Vector[] }).tests;
const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

describe('Ed25519', () => {
  test.each(vectors)('published vector %#', ({ seed, publicKey, message, signature }) => {
    const key = openSigningKey(bytes(seed));
    expect(Buffer.from(key.publicKey).toString('hex')).toBe(publicKey);
    expect(Buffer.from(key.sign(bytes(message))).toString('hex')).toBe(signature);
    expect(verifySignature(key.publicKey, bytes(message), bytes(signature))).toBe(true);
    expect(verifySignature(key.publicKey, bytes(`${message}00`), bytes(signature))).toBe(false);
  });

  test('another key, a short signature, bytes that are no key: false, never an exception', () => {
    const [first, second] = vectors;
    const check = (publicKey: Uint8Array, signature: Uint8Array): boolean =>
      verifySignature(publicKey, bytes(first.message), signature);
    expect(check(bytes(second.publicKey), bytes(first.signature))).toBe(false);
    expect(check(bytes(first.publicKey), bytes(first.signature).subarray(1))).toBe(false);
    expect(check(new Uint8Array(31), bytes(first.signature))).toBe(false);
    for (const filler of [0x00, 0x02, 0xff])
      expect(check(new Uint8Array(32).fill(filler), new Uint8Array(64).fill(0xff))).toBe(false);
  });

  test('the short name is of the public key; the seed may be overwritten after the call', () => {
    const seed = bytes(vectors[0].seed);
    const key = openSigningKey(seed);
    seed.fill(0);
    expect(key.signer).toBe(signerOf(bytes(vectors[0].publicKey)));
    expect(key.signer).toMatch(/^[0-9a-f]{8}$/);
    expect(Buffer.from(key.sign(new Uint8Array(0))).toString('hex')).toBe(vectors[0].signature);
  });
});
