import { ok } from '../../fault.ts';
import { namedProfile } from '../../node/profiles.ts';
import type { Profile } from '../../profile/profile.ts';
import { isObject } from '../../profile/source.ts';
import { type ByteSource, Kind } from '../../trace/kinds.ts';
import { formatOf, type Format } from '../../trace/open.ts';
import { TraceReader } from '../../trace/reader.ts';
import { type Zone, zoneNamed } from '../trace/zone.ts';

/** So much of a capture is looked at before it is replayed: enough for what a session begins with. */
export const HEAD_MAX = 2 * 1024 * 1024;

/** What the first bytes of a capture tell. */
export interface Beginning {
  /** Undefined: nothing that is known. */
  readonly format: Format | undefined;
  /** A session of the runtime was recorded: it can be run again. */
  readonly session: boolean;
  /** JSON of the profile that the recorded runtime had. */
  readonly profile: string | undefined;
  /** The clock of the recorded shop. */
  readonly zone: Zone | undefined;
}

/** Looks for the first session of a trace and its profile. */
export function beginningOf(head: Uint8Array, given: Format | undefined): Beginning {
  const found = given === undefined ? formatOf(head) : ok(given);
  const format = found.ok ? found.value : undefined;
  const beginning = {
    format,
    session: false,
    profile: undefined as string | undefined,
    zone: undefined as Zone | undefined,
  };
  if (format !== 'own') return beginning;
  const reader = new TraceReader(new MemorySource(head));
  while (beginning.profile === undefined && reader.next()) {
    const text = (): string => new TextDecoder().decode(reader.bytes.subarray(reader.from, reader.to));
    if (reader.kind === Kind.profile) beginning.profile = text();
    if (reader.kind !== Kind.session) continue;
    beginning.session = true;
    const { zone } = membersOf(text());
    if (typeof zone === 'string') beginning.zone = zoneNamed(zone);
  }
  return beginning;
}

/** The profile of a trace, checked anew; undefined when it does not fit this version. */
export async function recordedProfile(text: string): Promise<Profile | undefined> {
  const { id } = membersOf(text);
  if (typeof id !== 'string') return undefined;
  const { loadProfile } = await import('../../profile/profile.ts');
  const shipped = namedProfile(id);
  const loaded = loadProfile(id, name => (name === id ? ok(text) : shipped.read(name)));
  return loaded.ok ? loaded.value : undefined;
}

/** Members of a JSON object; none of anything else. */
function membersOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return {};
  }
}

/** The bytes of an array, once. */
export class MemorySource implements ByteSource {
  readonly size: number;
  readonly fault = undefined;
  private readonly bytes: Uint8Array;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.size = bytes.length;
  }

  read(into: Uint8Array): number {
    const count = Math.min(into.length, this.bytes.length - this.at);
    into.set(this.bytes.subarray(this.at, this.at + count));
    this.at += count;
    return count;
  }
}
