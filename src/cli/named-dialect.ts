import { failed, fault, ok, type Result } from '../fault.ts';
import type { DialectOptions, DialectSource } from '../iso8583/plan.ts';
import { namedProfile } from '../node/profiles.ts';
import { isObject, readMerged } from '../profile/source.ts';

/** What finding a dialect by its name needs. */
export interface DialectRim {
  /** The dialect of a whole profile. */
  loadDialect(id: string): Result<DialectSource> | Promise<Result<DialectSource>>;
  /** Names of the shipped dialects, for those who named another one. */
  dialectNames(): readonly string[];
}

/**
 * The dialect of a base of the shipped profiles, of a whole profile, or of a file ending in `.json`. Faults `unknown-dialect`, `no-dialect`,
 * and those of the file.
 */
export async function dialectNamed(text: string, rim: DialectRim): Promise<Result<DialectSource>> {
  const named = namedProfile(text);
  const name = named.isFile ? named.id : `base/${named.id}`;
  const there = named.read(name);
  if (!there.ok) {
    if (there.fault.code !== 'E_NOEXIST' || named.isFile) return there;
    const profile = await rim.loadDialect(text);
    if (profile.ok) return profile;
    const cause = `there is no dialect "${text}"`;
    const remedy = `Known: ${rim.dialectNames().join(', ')}; or name a profile, or a path that ends in .json`;
    return failed(fault('E_NOEXIST', 'unknown-dialect', cause, remedy));
  }
  const merged = readMerged(name, source => named.read(source));
  if (!merged.ok) return merged;
  const { value } = merged.value;
  const dialect = isObject(value.dialect) ? value.dialect : value;
  if (!Object.hasOwn(dialect, 'fields')) {
    const remedy = 'Write { "dialect": { "framing": …, "fields": … } }, or name another file';
    return failed(fault('E_ILLEGAL', 'no-dialect', `${text} holds no dialect`, remedy));
  }
  // Its shape is checked where it is compiled.
  return ok(dialect as unknown as DialectSource);
}

/** The choices of `--option name=choice`. Fault `bad-option`. */
export function chosenOptions(texts: readonly string[]): Result<DialectOptions> {
  const chosen: Record<string, string> = {};
  for (const text of texts) {
    const equals = text.indexOf('=');
    if (equals < 1) {
      const cause = `--option ${text} names no choice`;
      return failed(fault('E_ILLEGAL', 'bad-option', cause, 'Write --option name=choice, e.g. --option field48=text'));
    }
    chosen[text.slice(0, equals)] = text.slice(equals + 1);
  }
  return ok(chosen);
}
