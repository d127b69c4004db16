import { Option, type Command } from 'commander';
import { failed, fault, type Fault, faultText, ok, type Result } from '../../fault.ts';
import { type Journal, JournalFailure } from '../../journal/journal.ts';
import { dayText } from './time.ts';
import type { Lang } from './words.ts';

/** What the command needs from the rim. */
export interface ArchiveRim {
  /** Opens a journal for looking only. */
  openJournal(path: string): Result<Journal>;
  /** SHA-256 of a file, hex. */
  digest(path: string): Result<string>;
  /** Files of a folder. */
  names(folder: string): Result<string[]>;
  exists(path: string): boolean;
  /** Renames a draft after it is safely on disk. */
  nameWhole(draft: string, path: string): Result<void>;
  readText(path: string): Result<string>;
  writeText(path: string, text: string): Result<void>;
  print(text: string): void;
  printError(text: string): void;
  setExit(status: number): void;
}

/** A copy is missing, changed or damaged. */
const EXIT_FOUND_WRONG = 1;
/** Flags, folder or journal cannot be used, or the journal is not closed. */
const EXIT_USAGE = 2;

/** The list beside the copies: one line a file, SHA-256 and name, as `sha256sum -c` reads it. */
const LIST = 'SHA256SUMS';
const COPY = /^\d{4}-\d{2}-\d{2}_\d{4}-\d{2}-\d{2}_[0-9a-f]{16}\.db$/;

interface Options {
  readonly journal?: string;
  readonly years: string;
  readonly json?: boolean;
  readonly lang: Lang;
}

/** One copy as it was found. */
interface Kept {
  readonly name: string;
  readonly state: 'whole' | 'changed' | 'damaged' | 'missing' | 'not-listed';
  readonly records?: number;
  readonly sha256?: string;
  readonly why?: string;
}

const WORDS = {
  en: {
    whole: 'whole',
    changed: 'changed since it was archived',
    damaged: 'damaged',
    missing: 'missing',
    'not-listed': `not in ${LIST}`,
    records: 'records',
    keep: 'keep until',
    none: 'The folder holds no journal.',
    key: 'Keep the key file of the journal apart from it; nothing here deletes anything.',
  },
  zh: {
    whole: '完整',
    changed: '归档后被改动',
    damaged: '损坏',
    missing: '缺失',
    'not-listed': `不在 ${LIST} 中`,
    records: '条记录',
    keep: '保存至',
    none: '此文件夹中没有账本。',
    key: '密钥文件须另外保存; 本命令不删除任何文件。',
  },
} as const;

/** Adds `archive` to `pos8583 journal`: copies a closed journal and checks every copy that is kept; never deletes. */
export function registerArchive(journal: Command, rim: ArchiveRim): void {
  journal
    .command('archive')
    .argument('<folder>', 'where the copies lie')
    .description('keep closed journals: checks each copy and its hash; with --journal makes the copy first')
    .option('--journal <file>', 'a closed journal to copy into the folder')
    .option('--years <n>', 'how long records must be kept', '2')
    .option('--json', 'JSON instead of text')
    .addOption(new Option('--lang <lang>', 'language of the text').choices(['zh', 'en']).default('en'))
    .addHelpText(
      'after',
      '\nExit status: 0 all copies are whole, 1 one is not, 2 folder or journal cannot be used, or it is not closed.',
    )
    .action((folder: string, options: Options) => {
      const done = archive(rim, folder, options);
      if (done.ok) return;
      rim.printError(faultText(done.fault));
      rim.setExit(EXIT_USAGE);
    });
}

function archive(rim: ArchiveRim, folder: string, options: Options): Result<void> {
  const years = /^\d{1,2}$/.test(options.years) ? Number(options.years) : 0;
  if (years === 0)
    return failed(fault('E_ILLEGAL', 'no-years', '--years is no number from 1 to 99', 'Write e.g. --years 2'));
  if (!rim.exists(folder))
    return failed(fault('E_NOEXIST', 'no-folder', `there is no folder ${folder}`, `Make it: mkdir ${folder}`));
  const list = readList(rim, folder);
  if (!list.ok) return list;
  if (options.journal !== undefined) {
    const added = withJournal(rim, options.journal, journal => add(rim, folder, journal, list.value));
    if (!added.ok) return added;
  }
  const names = rim.names(folder);
  if (!names.ok) return names;
  const copies = new Set([...names.value.filter(name => COPY.test(name)), ...list.value.keys()]);
  const found = [...copies].sort().map(name => check(rim, folder, name, list.value.get(name)));
  if (found.some(one => one.state !== 'whole')) rim.setExit(EXIT_FOUND_WRONG);
  show(rim, found, years, options);
  return ok(undefined);
}

const pathOf = (folder: string, name: string): string => `${folder}/${name}`;

function readList(rim: ArchiveRim, folder: string): Result<Map<string, string>> {
  const path = pathOf(folder, LIST);
  const list = new Map<string, string>();
  if (!rim.exists(path)) return ok(list);
  const text = rim.readText(path);
  if (!text.ok) return text;
  for (const [i, line] of text.value.split('\n').entries()) {
    if (line === '') continue;
    const match = /^([0-9a-f]{64}) {2}([^/\\]+)$/.exec(line);
    if (!match || !COPY.test(match[2]))
      return failed(
        fault('E_ILLEGAL', 'archive-list', `${path}, line ${i + 1} is no hash and name of a copy`, 'Restore the list'),
      );
    list.set(match[2], match[1]);
  }
  return ok(list);
}

function withJournal<T>(rim: ArchiveRim, path: string, work: (journal: Journal) => Result<T>): Result<T> {
  let opened: Result<Journal> | undefined;
  try {
    opened = rim.openJournal(path);
    return opened.ok ? work(opened.value) : opened;
  } catch (cause) {
    if (!(cause instanceof JournalFailure)) throw cause;
    return failed(cause.fault);
  } finally {
    if (opened?.ok) opened.value.close();
  }
}

/** Copies a closed journal; one that lies there already is left as it is. */
function add(rim: ArchiveRim, folder: string, journal: Journal, list: Map<string, string>): Result<void> {
  const open = stillOpen(journal);
  if (open) return failed(open);
  const times = journal.timeSpan();
  if (!times)
    return failed(fault('E_ILLEGAL', 'journal-empty', 'the journal holds no record', 'There is nothing to keep'));
  const name = `${dayText(times.firstMs)}_${dayText(times.lastMs)}_${journal.anchor().replaceAll('-', '')}.db`;
  const path = pathOf(folder, name);
  if (rim.exists(path)) return ok(undefined);
  const draft = `${path}.part`;
  if (rim.exists(draft))
    return failed(fault('E_EXISTS', 'archive-draft', `${draft} is left of a copy that was cut off`, 'Remove it'));
  journal.copyTo(draft);
  const verified = withJournal(rim, draft, copy => ok(copy.verify()));
  if (!verified.ok) return verified;
  if (!verified.value.ok || verified.value.anchor !== journal.anchor())
    return failed(
      fault('E_FAILURE', 'archive-copy', `${draft} is not what was copied`, 'Check the disk, remove it, try again'),
    );
  const digest = rim.digest(draft);
  if (!digest.ok) return digest;
  const named = rim.nameWhole(draft, path);
  if (!named.ok) return named;
  list.set(name, digest.value);
  const lines = [...list].sort(([a], [b]) => (a < b ? -1 : 1)).map(([file, hash]) => `${hash}  ${file}\n`);
  return rim.writeText(pathOf(folder, LIST), lines.join(''));
}

/** Why a journal is not closed: money of it is still on its way or not settled. */
function stillOpen(journal: Journal): Fault | undefined {
  const { batch, owed, held, unknownRefunds, heldRefunds, openCases } = journal.counts();
  const left = [
    [batch, 'transactions not settled'],
    [owed + held, 'reversals owed or held'],
    [unknownRefunds, 'unknown refunds'],
    [heldRefunds, 'held refunds'],
    [openCases, 'open cases'],
    [journal.openSettlement() ? 1 : 0, 'unfinished settlement'],
  ]
    .filter(([count]) => (count as number) > 0)
    .map(([count, what]) => `${count} ${what}`);
  return left.length === 0
    ? undefined
    : fault(
        'E_BUSY',
        'journal-not-closed',
        `the journal has ${left.join(', ')}`,
        'Settle the batch and finish what waits (pos8583 journal waiting), then archive it',
      );
}

function check(rim: ArchiveRim, folder: string, name: string, listed: string | undefined): Kept {
  const path = pathOf(folder, name);
  if (!rim.exists(path)) return { name, state: 'missing' };
  const digest = rim.digest(path);
  if (!digest.ok) return { name, state: 'damaged', why: digest.fault.cause };
  const verified = withJournal(rim, path, copy => ok(copy.verify()));
  const sha256 = digest.value;
  if (!verified.ok) return { name, state: 'damaged', sha256, why: verified.fault.cause };
  if (!verified.value.ok) return { name, state: 'damaged', sha256, why: verified.value.why };
  const { records } = verified.value;
  if (listed === undefined) return { name, state: 'not-listed', records, sha256 };
  return { name, state: listed === sha256 ? 'whole' : 'changed', records, sha256 };
}

function show(rim: ArchiveRim, found: readonly Kept[], years: number, options: Options): void {
  // The second day of the name is that of the newest record.
  const until = (name: string): string => String(Number(name.slice(11, 15)) + years) + name.slice(15, 21);
  if (options.json)
    return rim.print(
      JSON.stringify(
        found.map(one => ({ ...one, keepUntil: until(one.name) })),
        null,
        2,
      ),
    );
  const words = WORDS[options.lang];
  if (found.length === 0) return rim.print(words.none);
  for (const one of found) {
    const records = one.records === undefined ? '' : `  ${one.records} ${words.records}`;
    const why = one.why === undefined ? '' : `: ${one.why}`;
    rim.print(`${one.name}  ${words[one.state]}${why}${records}  ${words.keep} ${until(one.name)}`);
    if (one.sha256 !== undefined) rim.print(`  ${one.sha256}`);
  }
  rim.print(words.key);
}
