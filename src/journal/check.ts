import { createHmac } from 'node:crypto';
import { isChainHash } from './chain.ts';

/** A record as SQLite gives it with arrays for rows. */
export type RecordRow = readonly [seq: number, atMs: number, kind: string, body: string, hash: Uint8Array];

/** Short digest of the key of a journal, kept in it: another key is known before anything is opened with it. */
export function keyCheck(sealKey: Uint8Array): string {
  return createHmac('sha256', sealKey).update('pos8583 journal key check').digest('hex').slice(0, 12);
}

/** Why `row` does not follow the record `seq` with `hash`, or undefined. */
export function badRecord(
  [at, atMs, kind, body, stored]: RecordRow,
  seq: number,
  hash: Uint8Array,
): string | undefined {
  if (at !== seq + 1) return `record ${seq + 1} is missing, ${at} follows`;
  return isChainHash(stored, hash, seq + 1, atMs, kind, body) ? undefined : 'its content or its hash was changed';
}
