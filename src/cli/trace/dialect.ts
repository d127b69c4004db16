import { ok, type Result } from '../../fault.ts';
import { compileFieldPlan, type DialectOptions, type DialectSource, type FieldPlan } from '../../iso8583/plan.ts';
import type { Profile } from '../../profile/schema.ts';
import { chosenOptions, dialectNamed, type DialectRim } from '../named-dialect.ts';
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
    const dialect = await dialectNamed(flags.dialect, dialectsOf(rim));
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

const dialectsOf = (rim: TraceRim): DialectRim => ({
  dialectNames: () => rim.dialectNames(),
  async loadDialect(id) {
    const profile = await rim.loadProfile(id);
    return profile.ok ? ok(profile.value.dialect) : profile;
  },
});
