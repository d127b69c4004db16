import { hash } from 'node:crypto';
import { profileThatFits, type Shape } from './fit.ts';
import type { Profile } from './schema.ts';
import { readMerged, type ReadSource } from './source.ts';

/** A complete profile that the build checked. */
export interface BuiltProfile {
  /** Its sources as they were then: names and SHA-256. */
  readonly sources: readonly (readonly [name: string, digest: string])[];
  readonly profile: Profile;
}

/** True when a profile that the build checked still has the same sources to the byte: then it is right without a check. */
export function isAsBuilt({ sources }: BuiltProfile, read: ReadSource): boolean {
  return sources.every(([name, digest]) => digestOf(name, read) === digest);
}

/** What the build keeps of the profile `id` that is right; `shape` and sources as in {@link profileThatFits}. */
export function builtFrom(shape: Shape, id: string, read: ReadSource): BuiltProfile | undefined {
  const merged = readMerged(id, read);
  const profile = profileThatFits(shape, id, read);
  if (!merged.ok || !profile) return undefined;
  return { sources: merged.value.names.map(name => [name, digestOf(name, read)]), profile };
}

function digestOf(name: string, read: ReadSource): string {
  const text = read(name);
  return text.ok ? hash('sha256', text.value) : '';
}
