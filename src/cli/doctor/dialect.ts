import { basename } from 'node:path';
import { assert } from '../../assert.ts';
import { faultText, ok, type Fault, type Result } from '../../fault.ts';
import type { Lang } from '../../iso8583/describe.ts';
import type { DialectSource } from '../../iso8583/source.ts';
import { namedProfile, shippedDialectNames, shippedProfileIds } from '../../node/profiles.ts';
import { checkProfile } from '../../profile/profile.ts';
import { isObject, readMerged } from '../../profile/source.ts';
import { framingOf } from '../../trace/dialect/head.ts';
import { type Base, findDialect } from '../../trace/dialect/search.ts';
import { draftOf, type Shelf } from './dialect-draft.ts';
import { messagesIn } from './dialect-input.ts';
import { findingJson, findingText } from './dialect-report.ts';

/** Exit statuses, documented in the help of `doctor`. */
const EXIT_NONE_FITS = 1;
const EXIT_USAGE = 2;
/** Whose fields are known where another dialect lacks them. */
const ALL_FIELDS = 'iso8583-1987-ascii';
const DRAFT_ID = 'draft';

export interface DialectFlags {
  /** File, `-` for standard input. */
  readonly hex: string;
  /** File of the draft. */
  readonly output?: string;
  readonly json?: boolean;
  readonly lang: Lang;
}

export interface DialectRim {
  readBytes(path: string): Result<Uint8Array>;
  readStdin(): Promise<Result<Uint8Array>>;
  writeText(path: string, text: string): Result<unknown>;
  print(text: string): void;
  printError(text: string): void;
  setExit(status: number): void;
}

/** `doctor --hex`: finds out what an unknown acquirer speaks, and drafts a profile for it. */
export async function findOut(flags: DialectFlags, rim: DialectRim): Promise<void> {
  const refuse = (problem: Fault): void => {
    rim.printError(`pos8583: ${faultText(problem)}`);
    rim.setExit(EXIT_USAGE);
  };
  const input = flags.hex === '-' ? await rim.readStdin() : rim.readBytes(flags.hex);
  if (!input.ok) return refuse(input.fault);
  const messages = messagesIn(input.value);
  if (!messages.ok) return refuse(messages.fault);
  const bases = shippedBases();
  if (!bases.ok) return refuse(bases.fault);
  const known = bases.value.find(({ name }) => name === ALL_FIELDS) ?? bases.value[0];
  const finding = findDialect(bases.value, messages.value, known.source);
  const [best] = finding.readings;
  const fits = best?.fits === true;
  rim.setExit(fits ? 0 : EXIT_NONE_FITS);
  if (flags.json === true) rim.print(JSON.stringify(findingJson(finding, messages.value), undefined, 2));
  else rim.print(findingText(finding, messages.value, flags.lang));
  if (flags.output === undefined) return;
  if (!fits) {
    rim.printError('pos8583: no draft was written: no dialect fits. Give more messages, or messages that are whole');
    return;
  }
  const id = basename(flags.output, '.json') || DRAFT_ID;
  const draft = draftOf(id, best, messages.value, openShelf());
  const written = rim.writeText(flags.output, `${JSON.stringify(draft, undefined, 2)}\n`);
  if (!written.ok) return refuse(written.fault);
  const told = (text: string): void => (flags.json === true ? rim.printError(text) : rim.print(text));
  told('');
  told(`draft: ${flags.output}`);
  const shop = namedProfile(flags.output);
  const { findings } = checkProfile(shop.id, name => shop.read(name), shop.knownIds);
  for (const { fault } of findings) told(`  ${fault.cause}. ${fault.remedy}`);
  if (best.head.length === false) told('  the messages have no length in front: the draft has the usual one');
  if (!framingOf(best.head).whole) told('  its framing is the nearest that a profile can say');
  told(`next: pos8583 profile lint ${flags.output}`);
}

/** The dialects that are shipped. */
function shippedBases(): Result<readonly Base[]> {
  const bases: Base[] = [];
  for (const name of shippedDialectNames()) {
    const merged = readMerged(`base/${name}`, source => namedProfile(name).read(source));
    if (!merged.ok) return merged;
    const { dialect } = merged.value.value;
    // The compiler checks every member before it uses one.
    if (isObject(dialect)) bases.push({ name, source: dialect as unknown as DialectSource });
  }
  return ok(bases);
}

/** The shipped sources. */
export function openShelf(): Shelf {
  const read = namedProfile(ALL_FIELDS).read;
  return {
    complete: shippedProfileIds().map(id => {
      const merged = readMerged(id, read);
      return { id, bases: merged.ok ? merged.value.names : [] };
    }),
    dialectOf(sources) {
      const text = JSON.stringify({ extends: sources });
      const merged = readMerged(DRAFT_ID, name => (name === DRAFT_ID ? ok(text) : read(name)));
      assert(merged.ok && isObject(merged.value.value.dialect), 'a shipped profile has a dialect');
      return merged.value.value.dialect as unknown as DialectSource;
    },
  };
}
