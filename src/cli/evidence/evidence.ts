import type { Command } from 'commander';
import { type Fault, fault, faultText, ok, type Result } from '../../fault.ts';
import { type Journal, JournalFailure } from '../../journal/journal.ts';
import type { Profile } from '../../profile/schema.ts';
import { type OpenSource, planOfTrace, Told } from '../told.ts';
import { makePack, subjectOf, timesOf } from './pack.ts';

/** What the command needs from the rim. */
export interface EvidenceRim {
  readonly version: string;
  /** Opens a journal for looking only. */
  openJournal(path: string): Result<Journal>;
  readBytes(path: string): Result<Uint8Array>;
  openSource: OpenSource;
  loadProfile(id: string): Promise<Result<Profile>>;
  writeFile(path: string, content: Uint8Array): Result<void>;
  /** Text of the verifier that goes into the pack. */
  readonly verifier: () => Result<string>;
  /** The same verifier over a file: what it says and its exit status, 0 whole, 1 changed, 2 unreadable. */
  verify(path: string, anchorOnPaper: string | undefined): { readonly status: number; readonly text: string };
  print(text: string): void;
  printError(text: string): void;
  setExit(status: number): void;
}

const EXIT_REFUSED = 1;
const EXIT_UNREADABLE = 2;
/** What of a trace belongs to a record of the journal: a person types before it, and reads a slip after it. */
const BEFORE_MS = 180_000;
const AFTER_MS = 60_000;

interface PackOptions {
  readonly journal: string;
  readonly out: string;
  readonly trace?: string;
  readonly profile?: string;
}
interface VerifyOptions {
  readonly anchor?: string;
}

/** Adds `pos8583 evidence pack|verify`: proof for a bank or a lawyer that needs no trust in the shop's computer. */
export function register(program: Command, rim: EvidenceRim): void {
  const evidence = program.command('evidence').description('proof of a refund, void or case for a bank or a lawyer');
  evidence
    .command('pack')
    .argument('<number>', 'RF000014, IC000020, or the number of a transaction')
    .description('gathers original, refund, approvals, slips and policy with the proof that they are in the journal')
    .requiredOption('--journal <file>', 'the journal file')
    .requiredOption('--out <file.zip>', 'where the pack goes')
    .option(
      '--trace <file>',
      'a trace of the same time (`run --trace`): keys, screens, slips and masked messages of those minutes go in too',
    )
    .option('--profile <id>', 'profile that the messages of the trace are read with (default: the one that it holds)')
    .addHelpText(
      'after',
      '\nExit status: 0 made, 1 nothing of this number, 2 flags, journal or files cannot be read or written.',
    )
    .action((text: string, options: PackOptions) => pack(rim, text, options));
  evidence
    .command('verify')
    .argument('<file.zip>', 'the pack')
    .description('checks a pack; `node verify-evidence.mjs` inside it does the same without pos8583')
    .option('--anchor <anchor>', 'the anchor printed on the settlement slip, 9f3c-41aa-77d0-b2e6')
    .addHelpText('after', '\nExit status: 0 whole, 1 changed or another anchor, 2 cannot be read.')
    .action((path: string, options: VerifyOptions) => verify(rim, path, options));
}

function refuse(rim: EvidenceRim, f: Fault, status: number): void {
  rim.printError(faultText(f));
  rim.setExit(status);
}

/** What the trace of a counter told near one of these times, as JSON lines; the rest of the day stays in the shop. */
async function traceLines(rim: EvidenceRim, path: string, profileId?: string): Promise<Result<TraceLines>> {
  const profile = profileId === undefined ? undefined : await rim.loadProfile(profileId);
  if (profile && !profile.ok) return profile;
  const read = await planOfTrace(path, rim.openSource, profile?.value);
  if (!read.ok) return read;
  return ok(timesMs => {
    const source = rim.openSource(path);
    if (!source.ok) return source;
    const told = new Told(source.value, read.value.plan);
    const lines: string[] = [];
    for (let record = told.next(); record; record = told.next()) {
      const { atMs } = record;
      if (timesMs.some(ms => atMs >= ms - BEFORE_MS && atMs <= ms + AFTER_MS)) lines.push(JSON.stringify(record));
    }
    source.value.close();
    return ok(lines);
  });
}

type TraceLines = (timesMs: readonly number[]) => Result<readonly string[]>;

async function pack(rim: EvidenceRim, text: string, options: PackOptions): Promise<void> {
  const verifier = rim.verifier();
  if (!verifier.ok) return refuse(rim, verifier.fault, EXIT_UNREADABLE);
  const trace = options.trace === undefined ? undefined : await traceLines(rim, options.trace, options.profile);
  if (trace && !trace.ok) return refuse(rim, trace.fault, EXIT_UNREADABLE);
  let opened: Result<Journal> | undefined;
  try {
    opened = rim.openJournal(options.journal);
    if (!opened.ok) return refuse(rim, opened.fault, EXIT_UNREADABLE);
    const journal = opened.value;
    const subject = subjectOf(journal, text);
    if (!subject)
      return refuse(
        rim,
        fault(
          'E_NOEXIST',
          'no-subject',
          `the journal has no refund, void, sale or case ${text.slice(0, 10)}`,
          '`pos8583 refund list` and `pos8583 journal list` show the numbers',
        ),
        EXIT_REFUSED,
      );
    const lines = trace?.value(timesOf(journal, subject));
    if (lines && !lines.ok) return refuse(rim, lines.fault, EXIT_UNREADABLE);
    const made = makePack(journal, subject, {
      version: rim.version,
      verifier: verifier.value,
      ...(lines ? { traceLines: lines.value } : {}),
    });
    const written = rim.writeFile(options.out, made.bytes);
    if (!written.ok) return refuse(rim, written.fault, EXIT_UNREADABLE);
    rim.print(
      [
        `${options.out}: ${made.records} records, anchor ${made.anchor}`,
        made.paper
          ? `The anchor is on the settlement slip printed with record ${made.paper.slip.id}: give that paper, or a copy, with the pack.`
          : 'No settlement slip was printed since: the anchor is on no paper yet. Make the pack again after the next settlement.',
      ].join('\n'),
    );
  } catch (cause) {
    if (!(cause instanceof JournalFailure)) throw cause;
    refuse(rim, cause.fault, EXIT_UNREADABLE);
  } finally {
    if (opened?.ok) opened.value.close();
  }
}

function verify(rim: EvidenceRim, path: string, { anchor }: VerifyOptions): void {
  const bytes = rim.readBytes(path);
  if (!bytes.ok) return refuse(rim, bytes.fault, EXIT_UNREADABLE);
  if (anchor !== undefined && !/^[0-9a-f]{4}(-?[0-9a-f]{4}){3}$/i.test(anchor))
    return refuse(
      rim,
      fault(
        'E_ILLEGAL',
        'anchor-form',
        `--anchor ${anchor.slice(0, 24)} is no anchor`,
        'Type it as on the slip: 9f3c-41aa-77d0-b2e6',
      ),
      EXIT_UNREADABLE,
    );
  const { status, text } = rim.verify(path, anchor);
  rim.print(text);
  if (status !== 0) rim.setExit(status);
}
