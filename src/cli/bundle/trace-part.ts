import { failed, ok, type Result } from '../../fault.ts';
import { Kind } from '../../trace/kinds.ts';
import { TraceReader } from '../../trace/reader.ts';
import { fileHeader, TraceWriter } from '../../trace/writer.ts';
import { type OpenSource, refusalOf } from '../told.ts';
import { type LinkCounts, LinkWatch } from './link.ts';

/** Bytes of records that are written as one block. */
const BLOCK_LENGTH = 65_536;
const KINDS: ReadonlySet<number> = new Set(Object.values(Kind));

/** What is told of a trace. */
export interface TraceFacts {
  readonly records: number;
  /** Milliseconds since 1970 of the first and last record. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Records before these that found no room. */
  readonly leftOut: number;
  /** Records of kinds that this program does not know: nobody can say what is in them. */
  readonly unknownKinds: number;
  /** Id and version of the profile that was run last. */
  readonly profile?: { readonly id: string; readonly version: number };
  readonly troubles: readonly { readonly offset: number; readonly why: string }[];
  readonly troubleCount: number;
  readonly links: LinkCounts;
}

/**
 * Copies a trace record by record into `take`: only what is whole and of a known kind, so nothing else that may lie in the file
 * comes along. Of a trace with more than `bytesMax` bytes the newest ones are taken, from the beginning of a session when there is one
 * among them. Faults: those of the source and of {@link refusalOf}.
 */
export function copyTrace(
  path: string,
  open: OpenSource,
  bytesMax: number,
  take: (bytes: Uint8Array) => void,
): Result<TraceFacts> {
  const from = beginning(path, open, bytesMax);
  if (!from.ok) return from;
  const source = open(path);
  if (!source.ok) return source;
  const reader = new TraceReader(source.value);
  const writer = new TraceWriter({ write: (bytes, length) => take(bytes.slice(0, length)) });
  const links = new LinkWatch();
  const facts = { records: 0, fromMs: 0, untilMs: 0, leftOut: 0, unknownKinds: 0 };
  let profile: TraceFacts['profile'];
  take(fileHeader(true));
  while (reader.next()) {
    if (reader.kind === Kind.profile) profile = profileNamed(reader) ?? profile;
    if (!KINDS.has(reader.kind)) facts.unknownKinds++;
    else if (reader.offset < from.value) facts.leftOut++;
    else {
      const length = reader.to - reader.from;
      const at = writer.begin(reader.kind, reader.link, reader.timeUs, length);
      writer.bytes.set(reader.bytes.subarray(reader.from, reader.to), at);
      links.take(reader);
      facts.untilMs = reader.timeUs / 1000;
      if (facts.records++ === 0) facts.fromMs = facts.untilMs;
      if (writer.waiting >= BLOCK_LENGTH) writer.flush();
    }
  }
  writer.end();
  source.value.close();
  const { troubles, troubleCount } = reader;
  return ok({ ...facts, ...(profile ? { profile } : {}), troubles, troubleCount, links: links.counts });
}

/** Where to begin: offset of the first record that is taken. Looks at the whole file, so that nothing is taken of one that is refused. */
function beginning(path: string, open: OpenSource, bytesMax: number): Result<number> {
  const source = open(path);
  if (!source.ok) return source;
  const reader = new TraceReader(source.value);
  const sessions: number[] = [];
  while (reader.next()) if (reader.kind === Kind.session) sessions.push(reader.offset);
  const { offset } = reader;
  source.value.close();
  const refused = refusalOf(path, reader);
  if (refused) return failed(refused);
  const least = Math.max(0, offset - bytesMax);
  return ok(sessions.find(at => at >= least) ?? least);
}

function profileNamed({ bytes, from, to }: TraceReader): TraceFacts['profile'] {
  try {
    const read = JSON.parse(new TextDecoder().decode(bytes.subarray(from, to))) as { id?: unknown; version?: unknown };
    const { id, version } = read;
    if (typeof id === 'string' && /^[\w.-]{1,64}$/.test(id) && typeof version === 'number') return { id, version };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return undefined;
}
