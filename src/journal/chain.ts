import { createHash, hash } from 'node:crypto';
import { assert } from '../assert.ts';

export type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json };

/**
 * JSON with one spelling: names sorted by code unit, no spaces, whole numbers only, members with the value `undefined`
 * left out. So equal bodies have equal bytes and equal hashes.
 */
export function canonical(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'number') {
    assert(Number.isSafeInteger(value), 'journal bodies hold whole numbers only');
    return String(value);
  }
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value) text += (text === '' ? '[' : ',') + canonical(item);
    return text === '' ? '[]' : `${text}]`;
  }
  assert(
    typeof value === 'object' && value !== null,
    'journal bodies hold text, numbers, flags, lists and members only',
  );
  const members = value as Record<string, unknown>;
  for (const name of Object.keys(members).sort()) {
    const item = members[name];
    if (item !== undefined) text += `${text === '' ? '{' : ','}${JSON.stringify(name)}:${canonical(item)}`;
  }
  return text === '' ? '{}' : `${text}}`;
}

/** Hash that the first record follows: it binds the chain to the journal's own random identity. */
export function firstHash(identity: string): Uint8Array {
  return createHash('sha256').update('pos8583 journal ').update(identity).digest();
}

/**
 * SHA-256 over the previous hash (32 bytes), number and time (8 bytes each, big-endian) and the {@link recordDigest}.
 * The digest stands between, so that somebody can check the chain without reading the records of other customers.
 */
export function chainHash(previous: Uint8Array, seq: number, atMs: number, kind: string, body: string): Uint8Array {
  fillLink(previous, seq, atMs, kind, body);
  // By way of a text of one character a byte: an array from the hash itself costs as much as the hash.
  return Buffer.from(hash('sha256', link, 'binary'), 'latin1');
}

/** Is `stored` the {@link chainHash} of all this? Makes no array: an opening asks it of many thousand records. */
export function isChainHash(
  stored: Uint8Array,
  previous: Uint8Array,
  seq: number,
  atMs: number,
  kind: string,
  body: string,
): boolean {
  fillLink(previous, seq, atMs, kind, body);
  const expected = hash('sha256', link, 'binary');
  if (stored.length !== expected.length) return false;
  for (let i = 0; i < expected.length; i++) if (stored[i] !== expected.charCodeAt(i)) return false;
  return true;
}

/**
 * SHA-256 over kind and body (UTF-8): what a record says. A kind has no `{` and each body begins with one, so the two
 * cannot be moved against each other.
 */
export function recordDigest(kind: string, body: string): Uint8Array {
  return hash('sha256', kind + body, 'buffer');
}

/** Previous hash, two numbers, digest: one buffer for all records, so that a journal of years is checked in seconds. */
const link = Buffer.alloc(80);

function fillLink(previous: Uint8Array, seq: number, atMs: number, kind: string, body: string): void {
  link.set(previous, 0);
  writeNumber(32, seq);
  writeNumber(40, atMs);
  // The {@link recordDigest} as a text of one character a byte: an array for it would cost more than the hash.
  link.write(hash('sha256', kind + body, 'binary'), 48, 32, 'latin1');
}

/** Whole number up to 2^53 as 8 bytes, big-endian. */
function writeNumber(at: number, value: number): void {
  link.writeUInt32BE(Math.floor(value / 0x1_0000_0000), at);
  link.writeUInt32BE(value >>> 0, at + 4);
}

/** Lower-case pair of each byte. */
const PAIRS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Short form of a hash for slips and screens: `9f3c-41aa-77d0-b2e6`. */
export function shortHash(hash: Uint8Array): string {
  let text = '';
  for (let i = 0; i < 8; i++) text += (i > 0 && i % 2 === 0 ? '-' : '') + PAIRS[hash[i]];
  return text;
}
