import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import { type Fault, fault, faultText, type Result } from '../../fault.ts';
import type { Journal } from '../../journal/journal.ts';
import { hostFacts } from '../../node/host-facts.ts';
import { canonicalBytes } from '../../profile/canonical.ts';
import type { Profile } from '../../profile/schema.ts';
import type { Json } from '../../profile/source.ts';
import type { OpenSource } from '../told.ts';
import { journalFacts, journalTrouble } from './journal-part.ts';
import { MEMBERS, Pack, type Part } from './parts.ts';
import { shownOf } from './show.ts';
import { type BundleFacts, summaryOf } from './summary.ts';
import type { TraceFacts } from './trace-part.ts';

/** What the command needs from outside. */
export interface BundleRim {
  readonly version: string;
  /** Opens a journal for looking only. */
  openJournal(path: string): Result<Journal>;
  openSource: OpenSource;
  loadProfile(id: string): Promise<Result<Profile>>;
  /** Writes a file that only this user may read. */
  writeFile(path: string, content: Uint8Array): Result<void>;
  nowMs(): number;
  print(text: string): void;
  printError(text: string): void;
  setExit(status: number): void;
}

/** Exit statuses, documented in the README. */
export const BundleExit = {
  /** Made and complete; `show`: whole. */
  made: 0,
  /** Made, but something that was asked for is not in it, or the journal is damaged; `show`: a part was changed. */
  incomplete: 1,
  /** Flags; nothing could be written or read. */
  usage: 2,
} as const;

interface MakeFlags {
  readonly journal?: string;
  readonly out?: string;
  readonly trace?: string;
  readonly traceMax: string;
  readonly log?: string;
  readonly logLines: string;
  readonly port?: string;
  readonly profile?: string;
}

const MEGABYTE = 1024 * 1024;
const TRACE_MEGABYTES_MAX = 4096;
const LOG_LINES_MAX = 100_000;

/** Adds `pos8583 bundle` and `bundle show`: the one file that support needs. */
export function register(program: Command, rim: BundleRim): void {
  const bundle = program
    .command('bundle')
    .description('make ONE file for support: redacted trace, health of the journal, line statistics, last log lines')
    .option('--journal <file>', 'journal of the counter; looked at, also while it runs')
    .option('--trace <file>', 'trace of `run --trace`, with its older parts')
    .option('--trace-max <MB>', 'take at most so much of the end of the trace', '64')
    .option('--log <file>', 'log of `run --log`')
    .option('--log-lines <n>', 'take at most so many of its last lines', '2000')
    .option('--port <tty>', 'say what is known of this serial device; it is not opened')
    .option('--profile <id>', 'say which profile runs, with its digest (default: as the trace says)')
    .option('-o, --out <file.zip>', 'where the bundle goes')
    .addHelpText(
      'after',
      `
Card numbers in it are stand-ins, tracks, PIN blocks and keys are marks. Parts: ${MEMBERS.join(', ')}.

Exit status:
    0  made
    1  made, but a part that was asked for is missing, or the journal is damaged: the bundle says so
    2  flags, or the bundle cannot be written`,
    )
    .action((flags: MakeFlags) => make(rim, flags));
  bundle
    .command('show')
    .argument('<file.zip>', 'the bundle')
    .description('lists what is in a bundle and prints its first page')
    .addHelpText('after', '\nExit status: 0 whole, 1 a part was changed or is no part of a bundle, 2 cannot be read.')
    .action((path: string) => show(rim, path));
}

async function make(rim: BundleRim, flags: MakeFlags): Promise<void> {
  const refuse = (f: Fault): void => {
    rim.printError(`pos8583: ${faultText(f)}`);
    rim.setExit(BundleExit.usage);
  };
  const { journal, out } = flags;
  if (journal === undefined || out === undefined)
    return refuse(
      fault('E_ILLEGAL', 'bundle-flags', 'a bundle needs --journal <file> and --out <file.zip>', 'Give both'),
    );
  const traceMax = wholeNumber(flags.traceMax, TRACE_MEGABYTES_MAX);
  const logLines = wholeNumber(flags.logLines, LOG_LINES_MAX);
  if (traceMax === undefined || logLines === undefined) {
    const cause = `--trace-max ${flags.traceMax} and --log-lines ${flags.logLines} want whole numbers`;
    return refuse(fault('E_ILLEGAL', 'bundle-size', cause, `Give at most ${TRACE_MEGABYTES_MAX} and ${LOG_LINES_MAX}`));
  }
  const pack = new Pack();
  const missing: string[] = [];
  const miss = (name: string, f: Fault): void => {
    missing.push(`${name}: ${faultText(f)}`);
  };
  const profile = await profileFacts(rim, flags.profile, miss);
  const books = journalFacts(journal, path => rim.openJournal(path));
  const trouble = journalTrouble(books);
  if (trouble) rim.printError(`pos8583: ${faultText(trouble)}`);
  const trace = flags.trace === undefined ? undefined : await traceInto(pack, rim, flags.trace, traceMax, miss);
  const log = flags.log === undefined ? undefined : await logInto(pack, rim, flags.log, logLines, miss);
  const port = flags.port === undefined ? undefined : await portFacts(flags.port);
  const facts: BundleFacts = {
    format: 1,
    madeMs: rim.nowMs(),
    version: rim.version,
    host: hostFacts(),
    ...(profile ? { profile } : trace?.profile ? { profile: trace.profile } : {}),
    ...(port ? { port } : {}),
    journal: books,
    ...(trace ? { trace } : {}),
    ...(log ? { log } : {}),
    missing,
  };
  const summary = summaryOf(facts);
  pack.text('summary.txt', summary);
  pack.text('bundle.json', `${JSON.stringify({ ...facts, parts: pack.digests() }, null, 1)}\n`);
  const written = rim.writeFile(out, pack.end());
  if (!written.ok) return refuse(written.fault);
  rim.print(summary.trimEnd());
  rim.print(`\n${out}`);
  for (const one of missing) rim.printError(`pos8583: not in the bundle: ${one}`);
  if (missing.length > 0 || trouble) rim.setExit(BundleExit.incomplete);
}

type Miss = (name: string, f: Fault) => void;

async function profileFacts(rim: BundleRim, id: string | undefined, miss: Miss): Promise<BundleFacts['profile']> {
  if (id === undefined) return undefined;
  const loaded = await rim.loadProfile(id);
  if (!loaded.ok) {
    miss('profile', loaded.fault);
    return undefined;
  }
  const { value } = loaded;
  const digest = createHash('sha256')
    .update(canonicalBytes(value as unknown as Json))
    .digest('hex');
  return { id: value.id, version: value.version, digest };
}

async function traceInto(
  pack: Pack,
  rim: BundleRim,
  path: string,
  megabytesMax: number,
  miss: Miss,
): Promise<TraceFacts | undefined> {
  const { copyTrace } = await import('./trace-part.ts');
  let part: Part | undefined;
  const copied = copyTrace(path, rim.openSource, megabytesMax * MEGABYTE, bytes => {
    part ??= pack.begin('trace.p85t');
    part.push(bytes);
  });
  part?.end();
  if (copied.ok) return copied.value;
  miss('trace', copied.fault);
  return undefined;
}

async function logInto(pack: Pack, rim: BundleRim, path: string, linesMax: number, miss: Miss) {
  const { logTail } = await import('./log-part.ts');
  const tail = logTail(path, rim.openSource, linesMax);
  if (!tail.ok) {
    miss('log', tail.fault);
    return undefined;
  }
  pack.text('log.jsonl', tail.value.text);
  return tail.value.facts;
}

/** What the system knows of a serial device. */
async function portFacts(path: string): Promise<Record<string, unknown>> {
  const { listPorts } = await import('../../node/serial.ts');
  const found = (await listPorts()).find(one => one.path === path);
  return found ? { ...found } : { path, known: 'not among the serial devices of this computer' };
}

function wholeNumber(text: string, max: number): number | undefined {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  return number <= max ? number : undefined;
}

function show(rim: BundleRim, path: string): void {
  const unreadable = (f: Fault): void => {
    rim.printError(`pos8583: ${faultText(f)}`);
    rim.setExit(BundleExit.usage);
  };
  const source = rim.openSource(path);
  if (!source.ok) return unreadable(source.fault);
  const shown = shownOf(source.value);
  source.value.close();
  if (!shown) {
    const cause = source.value.fault ?? `${path} is no bundle`;
    return unreadable(fault('E_ILLEGAL', 'no-bundle', cause, 'Give a file that pos8583 bundle made'));
  }
  rim.print([...shown.lines, '', shown.summary].join('\n'));
  if (!shown.whole) rim.setExit(BundleExit.incomplete);
}
