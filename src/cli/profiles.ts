import { ok, type Result } from '../fault.ts';
import type { DialectSource } from '../iso8583/source.ts';
import { builtShape, namedProfile } from '../node/profiles.ts';
import { profileThatFits } from '../profile/fit.ts';
import type { Profile } from '../profile/schema.ts';

/**
 * The complete profile that a person named by its id or by a file. One that fits the shape that the build left is taken
 * at once; for any other the whole checker is loaded, which says what is wrong and where.
 */
export async function profileOf(text: string): Promise<Result<Profile>> {
  const named = namedProfile(text);
  if (named.isFile) {
    const there = named.read(named.id);
    if (!there.ok) return there;
  }
  const shape = builtShape();
  const profile = shape && profileThatFits(shape, named.id, name => named.read(name));
  if (profile) return ok(profile);
  const { loadProfile } = await import('../profile/profile.ts');
  return loadProfile(named.id, name => named.read(name), named.knownIds);
}

/** The dialect of the profile that {@link profileOf} gives. */
export async function dialectOf(text: string): Promise<Result<DialectSource>> {
  const profile = await profileOf(text);
  return profile.ok ? ok(profile.value.dialect) : profile;
}
