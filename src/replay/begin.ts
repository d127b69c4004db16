import type { Hal } from '../hal/hal.ts';
import type { CopiedRecord, Journal } from '../journal/journal.ts';
import { TRACE_STATE_RECORDS_MAX } from '../limits.ts';
import type { ImageManifest, ProfileImage } from '../profile/image.ts';
import type { Lang } from '../terminal/types.ts';

/**
 * The first records of a session: what the runtime was started with. Everything that comes later follows from it and from what
 * crossed the rim.
 */
export interface SessionBegin {
  /** Form of this record and of the records that follow. */
  readonly form: 1;
  /** Version of the software. */
  readonly version: string;
  readonly profile: string;
  readonly profileVersion: number;
  readonly lang: Lang;
  /** IANA name of the zone of the shop's clock. */
  readonly zone: string;
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  readonly port: string;
  /** Names of the acquirer's addresses, the main one first. */
  readonly routes: readonly string[];
  /** There were images to choose from, and a room for training. */
  readonly shelf: boolean;
  readonly training: boolean;
  readonly outbox?: readonly ('file' | 'webhook')[];
  readonly slips?: { readonly signer: string; readonly cardKeyName: string };
  readonly image?: { readonly manifest: ImageManifest; readonly digest: string; readonly keyId: string };
  readonly state: SessionState;
}

/** What of the journal stands in front; `head`: its newest hash, hex. */
export type SessionState =
  | { readonly records: number; readonly head: string }
  /** The journal is too long: the session can be looked at and not run again. */
  | { readonly records: number; readonly missing: string };

export function stateOf(journal: Journal): SessionState {
  const records = journal.headSeq;
  if (records > TRACE_STATE_RECORDS_MAX)
    return {
      records,
      missing: `the journal had ${records} records, a trace begins with at most ${TRACE_STATE_RECORDS_MAX}`,
    };
  return { records, head: hexOf(journal.headHash()) };
}

export function routesOf({ host }: Hal): string[] {
  const names: string[] = [];
  for (let route = 0; route < host.routes; route++) names.push(host.routeName(route));
  return names;
}

export const imageOf = ({ manifest, digest, keyId }: ProfileImage): NonNullable<SessionBegin['image']> => ({
  manifest,
  digest,
  keyId,
});

/** What stands in a control record when the program was asked to end; a line of the socket is JSON. */
export const STOP = 'stop';

/** Characters of a piece of the journal, unless one record alone is longer: three bytes each stay below the bound of a payload. */
const PIECE_MAX = 200_000;

/** Pieces of the journal: one JSON list for each record, a line each. */
export function* statePieces(records: readonly CopiedRecord[]): Generator<string, void, void> {
  let piece = '';
  for (const { seq, atMs, kind, body, hash } of records) {
    const line = `${JSON.stringify([seq, atMs, kind, hexOf(hash), body])}\n`;
    if (piece !== '' && piece.length + line.length > PIECE_MAX) {
      yield piece;
      piece = '';
    }
    piece += line;
  }
  if (piece !== '') yield piece;
}

/** Reads one of the {@link statePieces}; undefined when it is something else. */
export function readStateLines(text: string): CopiedRecord[] | undefined {
  const records: CopiedRecord[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const value = parsed(line);
    if (!Array.isArray(value) || value.length !== 5) return undefined;
    const [seq, atMs, kind, hash, body] = value as unknown[];
    const whole = Number.isSafeInteger(seq) && Number.isSafeInteger(atMs);
    if (!whole || typeof kind !== 'string' || typeof hash !== 'string' || typeof body !== 'string') return undefined;
    if (typeof parsed(body) !== 'object') return undefined;
    records.push({ seq: seq as number, atMs: atMs as number, kind, body, hash: Buffer.from(hash, 'hex') });
  }
  return records;
}

/** JSON of a file that anybody may have written. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
