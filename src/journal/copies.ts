import { createHash } from 'node:crypto';
import { assert } from '../assert.ts';
import { openPan, SEAL_NONCE_LENGTH, sealPan } from '../card/seal.ts';
import { markExpiry, type StandIn } from '../card/stand-in.ts';
import { canonical, type Json } from './chain.ts';
import { grouped, ungrouped } from './guard.ts';
import type { Store } from './store.ts';

/**
 * Records for somebody who may see everything but secrets: what the journal knew when a recording began, and the digests by which
 * a replay is compared. Card numbers become stand-ins, keys and passwords marks of the same form.
 */

/** A record as a copy holds it: number, time and hash of the original, secrets replaced in its body. */
export interface CopiedRecord {
  readonly seq: number;
  readonly atMs: number;
  readonly kind: string;
  /** Canonical JSON. */
  readonly body: string;
  /** 32 bytes. */
  readonly hash: Uint8Array;
}

/**
 * Key of sealed numbers in copies. It is published: what it seals are stand-ins, and the seal is only there because a journal
 * holds sealed numbers.
 */
export const COPY_SEAL_KEY: Uint8Array = createHash('sha256').update('pos8583 copy of a journal').digest();

const NO_BYTES = (text: string): string => Buffer.alloc(Buffer.from(text, 'base64').length).toString('base64');
/** The two hex digits of `K`, again and again; the groups stay. */
const keyMark = (text: string): string => {
  let n = 0;
  return text.replace(/[^-]/g, () => (n++ % 2 === 0 ? '4' : 'B'));
};
const zeros = (text: string): string => text.replace(/[^-]/g, '0');

/** The expiry on a slip, behind its label. */
const PRINTED_EXPIRY = /(有效期|EXP DATE)([^0-9]*)(\d\d)(\d\d)\/(\d\d)/;

/** A line of a slip, its expiry replaced by what `yymm` makes of it. */
function withExpiry(line: string, replace: (yymm: string) => string): string {
  return line.replace(
    PRINTED_EXPIRY,
    (_, label: string, gap: string, _century: string, year: string, month: string) => {
      const yymm = replace(year + month);
      return `${label}${gap}20${yymm.slice(0, 2)}/${yymm.slice(2)}`;
    },
  );
}

function markedExpiry(yymm: string, standIn: StandIn): string {
  const digits = Uint8Array.from(yymm, digit => digit.charCodeAt(0));
  markExpiry(digits, 0, standIn);
  return String.fromCharCode(...digits);
}

/** The two digits that name the wallet and the last four stay, as screens show them. */
function markedCode(stored: string): string {
  const text = ungrouped(stored);
  const from = CODE_HEAD + 2;
  return grouped(
    text.slice(0, from) + '0'.repeat(Math.max(0, text.length - from - 4)) + text.slice(Math.max(from, text.length - 4)),
  );
}
/** Tag and length in front of a payer's code. */
const CODE_HEAD = 5;

/** A line of a slip as a trace shows it: its expiry as the messages have it there. */
export function markSlipLine(line: string, standIn: StandIn): string {
  return withExpiry(line, yymm => markedExpiry(yymm, standIn));
}

/** Members whose text is replaced wherever they stand, and by what. */
const REPLACED: Readonly<Record<string, (text: string) => string>> = {
  salt: NO_BYTES,
  hash: NO_BYTES,
  wrapped: keyMark,
  // Digest of an entry; its request has the password beside it.
  content: zeros,
};

/** How two things are replaced for which there is more than one way. */
interface Marks {
  sealed(sealedPan: string): string;
  expiry(yymm: string): string;
  /** Data element 59 of a scanned payment: `A3`, three digits of length, the payer's code. */
  code(text: string): string;
}

function replaced(value: Json, marks: Marks, inFields: boolean): Json {
  if (typeof value !== 'object') return value;
  if (Array.isArray(value))
    return value.map(item =>
      typeof item === 'string' ? withExpiry(item, yymm => marks.expiry(yymm)) : replaced(item as Json, marks, false),
    );
  const out: Record<string, Json> = {};
  for (const [name, item] of Object.entries(value)) {
    if (typeof item !== 'string') out[name] = replaced(item as Json, marks, name === 'fields');
    else if (name === 'sealedPan') out[name] = marks.sealed(item);
    else if (name === 'expiry' || (inFields && name === '14')) out[name] = marks.expiry(item);
    else if (inFields && name === '59') out[name] = marks.code(item);
    else out[name] = REPLACED[name]?.(item) ?? item;
  }
  return out;
}

const NOTHING: Marks = { sealed: () => '', expiry: () => '', code: () => '' };

/**
 * SHA-256 over kind and body (canonical JSON) without what comes from secrets or from chance: equal for a record and for what a
 * replay makes of it.
 */
export function bodyDigest(kind: string, body: string): Uint8Array {
  const open = replaced(JSON.parse(body) as Json, NOTHING, false);
  return createHash('sha256').update(kind).update(canonical(open)).digest();
}

export function copies(store: Store) {
  function resealed(sealed: string, seq: number, standIn: StandIn): string {
    assert(store.sealKey, 'card numbers are opened with the key of the journal');
    const opened = openPan(store.sealKey, Buffer.from(sealed, 'base64'));
    assert(opened.ok, 'a card of a record is sealed with the key of the journal');
    standIn.pan(opened.value, 0, opened.value.length);
    const nonce = new Uint8Array(SEAL_NONCE_LENGTH);
    new DataView(nonce.buffer).setUint32(0, seq);
    const text = Buffer.from(sealPan(COPY_SEAL_KEY, nonce, opened.value)).toString('base64');
    opened.value.fill(0);
    return text;
  }

  return {
    /** Newest hash of the chain, 32 bytes; that of an empty journal when there is no record. */
    headHash: (): Uint8Array => store.headHash,

    /**
     * At most `limit` records after number `afterSeq`, in order, with their secrets replaced; card numbers and expiries by
     * `standIn`.
     */
    copyRecords(afterSeq: number, limit: number, standIn: StandIn): CopiedRecord[] {
      const expiry = (yymm: string): string => markedExpiry(yymm, standIn);
      return store.all('SELECT * FROM record WHERE seq > ? ORDER BY seq LIMIT ?', afterSeq, limit).map(row => {
        const seq = row.seq as number;
        const marks: Marks = { sealed: text => resealed(text, seq, standIn), expiry, code: markedCode };
        const body = replaced(JSON.parse(row.body as string) as Json, marks, false);
        return {
          seq,
          atMs: row.at_ms as number,
          kind: row.kind as string,
          body: canonical(body),
          hash: row.hash as Uint8Array,
        };
      });
    },

    /**
     * Fills this journal, which is new and in memory, with copied records; it goes on from the hash `head`. Its sealed numbers open
     * with {@link COPY_SEAL_KEY}, so that must be its key. `verify` finds such a chain broken: bodies were changed on the way.
     */
    takeCopies(records: Iterable<CopiedRecord>, head: Uint8Array): void {
      store.takeOver(records, head);
    },
  };
}

export type Copies = ReturnType<typeof copies>;
