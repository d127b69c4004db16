import { assert } from '../assert.ts';
import { recordDigest } from './chain.ts';
import type { Store } from './store.ts';

/** One record as a third person can check it: its hash follows from the hash before, number, time and digest. */
export interface ChainLink {
  readonly seq: number;
  readonly atMs: number;
  /** SHA-256 over kind and body, hex; says nothing of the record itself. */
  readonly digest: string;
  /** Hex. */
  readonly hash: string;
}

/** A record word for word, as it was hashed. */
export interface ExactRecord {
  readonly seq: number;
  readonly atMs: number;
  readonly kind: string;
  readonly body: string;
}

/** What proves to a third person that records are in this journal, and nothing of the others. */
export function proof(store: Store) {
  const hex = (value: unknown): string => Buffer.from(value as Uint8Array).toString('hex');
  return {
    /** Links of `fromSeq` ≤ number ≤ `toSeq`, and the hash that the first of them follows. */
    chainLinks(fromSeq: number, toSeq: number): { readonly before: string; readonly links: readonly ChainLink[] } {
      const before = store.one('SELECT hash FROM record WHERE seq = ?', fromSeq - 1);
      return {
        before: before ? hex(before.hash) : hex(store.firstHash()),
        links: store.all('SELECT * FROM record WHERE seq >= ? AND seq <= ? ORDER BY seq', fromSeq, toSeq).map(row => ({
          seq: row.seq as number,
          atMs: row.at_ms as number,
          digest: hex(recordDigest(row.kind as string, row.body as string)),
          hash: hex(row.hash),
        })),
      };
    },

    /** Sealed card numbers and tokens included; no password and no key is in the records of a transaction. */
    exactRecord(seq: number): ExactRecord {
      const row = store.one('SELECT * FROM record WHERE seq = ?', seq);
      assert(row, 'a record that is proved is there');
      return { seq, atMs: row.at_ms as number, kind: row.kind as string, body: row.body as string };
    },

    /** Numbers of the records that are, or name, one of these: transactions, holds, cases, slips, notices. In order. */
    recordsNaming: (ids: readonly number[]): number[] =>
      store
        .all(
          `SELECT seq FROM record WHERE seq IN (SELECT value FROM json_each(?1))
             OR json_extract(body, '$.id') IN (SELECT value FROM json_each(?1))
             OR json_extract(body, '$.txnId') IN (SELECT value FROM json_each(?1))
             OR json_extract(body, '$.about') IN (SELECT value FROM json_each(?1))
             OR json_extract(body, '$.caseId') IN (SELECT value FROM json_each(?1))
             OR json_extract(body, '$.heldId') IN (SELECT value FROM json_each(?1))
             OR json_extract(body, '$.slipId') IN (SELECT value FROM json_each(?1))
             OR json_extract(body, '$.originalId') IN (SELECT value FROM json_each(?1))
             OR json_extract(body, '$.original.txnId') IN (SELECT value FROM json_each(?1)) ORDER BY seq`,
          JSON.stringify(ids),
        )
        .map(row => row.seq as number),
  };
}

export type ProofPart = ReturnType<typeof proof>;
