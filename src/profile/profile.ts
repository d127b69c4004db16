import { z } from 'zod';
import { fault, failed, ok, type Fault, type Result } from '../fault.ts';
import type { DialectSource } from '../iso8583/source.ts';
import { lintProfile } from './lint.ts';
import { profileSchema, type Profile } from './schema.ts';
import { pointerStep, readMerged, withDefaults, type ReadSource } from './source.ts';

export type {
  Acquirer,
  Institutions,
  Merchant,
  Policy,
  Profile,
  PromptText,
  Responses,
  ResponseText,
  ScanPayment,
  ScreenText,
  TerminalModel,
  Texts,
  Transaction,
} from './schema.ts';

/** Something wrong in a profile, with its place. */
export interface Finding {
  /** Source that wrote the member, or ought to have it. */
  readonly source: string;
  /** JSON pointer into the merged profile. */
  readonly pointer: string;
  readonly fault: Fault;
}

/** All that is wrong with a profile. `profile` is there when nothing is. */
export interface CheckedProfile {
  readonly profile?: Profile;
  readonly findings: readonly Finding[];
}

/** Findings that one fault quotes. */
const QUOTED_MAX = 5;

/**
 * Reads the complete profile `id` with everything that it extends and checks shape and meaning. `read` gets names such as
 * `unionpay-pos` or `base/unionpay-pos` and answers E_NOEXIST for what is not there; `knownIds` are named when `id` is
 * not known. The fault of a wrong profile quotes the first findings with source, JSON pointer and cause.
 */
export function loadProfile(id: string, read: ReadSource, knownIds: readonly string[] = []): Result<Profile> {
  const { profile, findings } = checkProfile(id, read, knownIds);
  if (profile) return ok(profile);
  const [first] = findings;
  if (findings.length === 1) return failed(first.fault);
  const more = findings.slice(1, QUOTED_MAX).map(finding => finding.fault.cause);
  const left = findings.length - 1 - more.length;
  return failed({
    ...first.fault,
    cause: [first.fault.cause, ...more, ...(left > 0 ? [`and ${left} more`] : [])].join('; '),
  });
}

/** As {@link loadProfile}, with every finding: for `profile lint`. */
export function checkProfile(id: string, read: ReadSource, knownIds: readonly string[] = []): CheckedProfile {
  if (knownIds.length > 0 && !knownIds.includes(id)) return { findings: [only(id, unknownProfile(id, knownIds))] };
  const merged = readMerged(id, read);
  if (!merged.ok) return { findings: [only(id, merged.fault)] };
  const { writerOf } = merged.value;
  const value = withDefaults(merged.value.value);
  const find = (pointer: string, name: string, cause: string, remedy: string): Finding => {
    const source = writerOf(pointer);
    return { source, pointer, fault: fault('E_ILLEGAL', name, `${source}: ${pointer || '/'} ${cause}`, remedy) };
  };
  const parsed = profileSchema.safeParse(value);
  if (!parsed.success) return { findings: parsed.error.issues.flatMap(issue => shapeFindings(issue, find)) };
  const profile: Profile = { ...parsed.data, dialect: parsed.data.dialect as unknown as DialectSource };
  if (profile.id !== id)
    return {
      findings: [
        find('/id', 'profile-id', `is "${profile.id}" in a file called ${id}`, `Write "id": "${id}" into ${id}`),
      ],
    };
  const findings = lintProfile(profile).map(({ pointer, name, cause, remedy }) => find(pointer, name, cause, remedy));
  return findings.length === 0 ? { profile, findings } : { findings };
}

/** JSON Schema (draft 2020-12) of a complete profile, for editors and third parties. */
export function profileJsonSchema(): object {
  return z.toJSONSchema(profileSchema, { io: 'input' });
}

const only = (id: string, problem: Fault): Finding => ({ source: id, pointer: '', fault: problem });

function unknownProfile(id: string, knownIds: readonly string[]): Fault {
  return fault(
    'E_NOEXIST',
    'profile-unknown',
    `there is no profile "${id}"`,
    `Choose one of: ${[...knownIds].sort().join(', ')}`,
  );
}

type Find = (pointer: string, name: string, cause: string, remedy: string) => Finding;

function shapeFindings(issue: z.core.$ZodIssue, find: Find): Finding[] {
  const pointer = issue.path.map(step => pointerStep(String(step))).join('');
  const missing =
    issue.code === 'invalid_type' && issue.input === undefined && /received undefined/.test(issue.message);
  if (missing)
    return [find(pointer, 'profile-member-missing', 'is missing', 'Add the member, or extend a source that has it')];
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(key =>
      find(
        pointer + pointerStep(key),
        'profile-member-unknown',
        'is not a member of a profile',
        'Correct its spelling or take it out',
      ),
    );
  return [
    find(
      pointer,
      'profile-member',
      `is wrong: ${issue.message}`,
      'Correct the value; the member list says what is allowed',
    ),
  ];
}
