import { ok, type Result } from '../fault.ts';
import type { DialectSource } from '../iso8583/source.ts';
import { builtProfile, builtShape, namedProfile } from '../node/profiles.ts';
import { isAsBuilt } from '../profile/built.ts';
import { profileThatFits } from '../profile/fit.ts';
import type { Profile } from '../profile/schema.ts';
import type { ReadSource } from '../profile/source.ts';

/**
 * The complete profile that a person named by its id or by a file. A shipped one was checked by the build. Any other that
 * fits the shape that the build left, and has no wrong meaning, is taken at once; for the rest the whole checker is loaded,
 * which says what is wrong and where.
 */
export async function profileOf(text: string): Promise<Result<Profile>> {
  const named = namedProfile(text);
  if (named.isFile) {
    const there = named.read(named.id);
    if (!there.ok) return there;
  }
  const read: ReadSource = name => named.read(name);
  const built = builtProfile(named.id);
  if (built && isAsBuilt(built, read)) return ok(built.profile);
  const shape = builtShape();
  const profile = shape && profileThatFits(shape, named.id, read);
  if (profile) return ok(profile);
  const { loadProfile } = await import('../profile/profile.ts');
  return loadProfile(named.id, read, named.knownIds);
}

/** The dialect of the profile that {@link profileOf} gives. */
export async function dialectOf(text: string): Promise<Result<DialectSource>> {
  const profile = await profileOf(text);
  return profile.ok ? ok(profile.value.dialect) : profile;
}
