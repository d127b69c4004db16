import { failed, fault, ok, type Result } from '../../fault.ts';
import { compileFieldPlan, type DialectOptions, type DialectSource, type FieldPlan } from '../../iso8583/plan.ts';
import { namedProfile } from '../../node/profiles.ts';
import type { Profile } from '../../profile/schema.ts';
import { isObject, readMerged } from '../../profile/source.ts';
import type { TraceFlags, TraceRim } from './rim.ts';
import type { Zone } from './zone.ts';

const PROFILE = 'unionpay-pos';

/** What the messages of a capture are read with. */
export interface Lexicon {
  readonly dialect: DialectSource;
  readonly plan: FieldPlan;
  /** Names of transactions and texts of answers; undefined when only a dialect was named. */
  readonly profile: Profile | undefined;
  /** Choices that a person made. */
  readonly chosen: DialectOptions;
  /** The clock of the shop, or of this computer. */
  readonly zone: Zone;
}

/** What a trace of this program tells of itself. */
export interface OwnFacts {
  readonly profile: Profile | undefined;
  readonly zone: Zone | undefined;
}

/** The dialect and texts that the flags name, or else those that the capture itself holds; its clock in any case. */
export async function lexiconOf(flags: TraceFlags, own: OwnFacts | undefined, rim: TraceRim): Promise<Result<Lexicon>> {
  const zone = own?.zone ?? { name: undefined, local: (ms: number) => rim.local(ms) };
  const chosen = chosenOptions(flags.option);
  if (!chosen.ok) return chosen;
  if (flags.dialect !== undefined) {
    const dialect = await dialectNamed(flags.dialect, rim);
    return dialect.ok ? compiled(dialect.value, undefined, chosen.value, zone) : dialect;
  }
  if (own?.profile !== undefined && flags.profile === undefined) {
    return compiled(own.profile.dialect, own.profile, chosen.value, zone);
  }
  const loaded = await rim.loadProfile(flags.profile ?? PROFILE);
  return loaded.ok ? compiled(loaded.value.dialect, loaded.value, chosen.value, zone) : loaded;
}

function compiled(
  dialect: DialectSource,
  profile: Profile | undefined,
  chosen: DialectOptions,
  zone: Zone,
): Result<Lexicon> {
  const plan = compileFieldPlan(dialect, { ...profile?.acquirer.dialectOptions, ...chosen });
  return plan.ok ? ok({ dialect, plan: plan.value, profile, chosen, zone }) : plan;
}

/** The dialect of a base of the shipped profiles, of a whole profile, or of a file. */
async function dialectNamed(text: string, rim: TraceRim): Promise<Result<DialectSource>> {
  const named = namedProfile(text);
  const name = named.isFile ? named.id : `base/${named.id}`;
  const there = named.read(name);
  if (!there.ok) {
    if (there.fault.code !== 'E_NOEXIST' || named.isFile) return there;
    const profile = await rim.loadProfile(text);
    if (profile.ok) return ok(profile.value.dialect);
    const remedy = `Known: ${rim.dialectNames().join(', ')}; or name a profile, or a path that ends in .json`;
    return failed(fault('E_NOEXIST', 'unknown-dialect', `there is no dialect "${text}"`, remedy));
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

function chosenOptions(texts: readonly string[]): Result<DialectOptions> {
  const chosen: Record<string, string> = {};
  for (const text of texts) {
    const equals = text.indexOf('=');
    if (equals < 1) {
      const remedy = 'Write --option name=choice, e.g. --option field48=text';
      return failed(fault('E_ILLEGAL', 'bad-option', `--option ${text} names no choice`, remedy));
    }
    chosen[text.slice(0, equals)] = text.slice(equals + 1);
  }
  return ok(chosen);
}
