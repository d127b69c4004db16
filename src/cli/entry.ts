import { Option, type Command } from 'commander';
import { type Fault, fault, faultText, type Result } from '../fault.ts';
import type { LocalTime } from '../hal/hal.ts';
import { type Journal, JournalFailure } from '../journal/journal.ts';
import { digits } from '../units.ts';

/** What commands share that look into a journal, or write what a supervisor says into it. */

/** What such a command needs from the rim. */
export interface EntryRim {
  /** Opens a journal for looking only. */
  openJournal(path: string): Result<Journal>;
  /** Opens a journal to write an entry; refused while a runtime has it open. */
  openForEntry(path: string): Result<Journal>;
  nowMs(): number;
  /** Asks for something that nobody may see. */
  readSecret(question: string, done: (secret: Result<string>) => void): void;
  print(text: string): void;
  printError(text: string): void;
  setExit(status: number): void;
}

export interface EntryOptions {
  readonly journal: string;
  readonly json?: boolean;
  readonly lang: Lang;
}
export type Lang = 'zh' | 'en';

/** The entry was refused, or there is no such thing. */
export const EXIT_REFUSED = 1;
/** Flags, or the journal cannot be opened. */
export const EXIT_NO_JOURNAL = 2;
/** Whose password stands behind an entry. */
export const SUPERVISOR = '00';
const NOTE_LENGTH_MAX = 200;

const PASSWORD = { zh: '主管00密码: ', en: 'Password of supervisor 00: ' } as const;

/** What the help of a command with a password says. */
export const ENTRY_HELP = `
The password of supervisor 00 is asked for, or read as the first line of standard input.

Exit status:
    0  entered
    1  refused
    2  flags, or the journal cannot be opened (a runtime has it: use the keypad of the terminal)`;

/** The flags that all of them have. */
export function common(command: Command): Command {
  return command
    .requiredOption('--journal <file>', 'the journal file')
    .option('--json', 'JSON instead of text')
    .addOption(new Option('--lang <lang>', 'language of the text').choices(['zh', 'en']).default('en'));
}

export function withJournal(
  rim: EntryRim,
  open: (path: string) => Result<Journal>,
  path: string,
  work: (journal: Journal) => void,
  keys?: string,
): void {
  let opened: Result<Journal> | undefined;
  try {
    opened = open(path);
    if (!opened.ok) return refuse(rim, inUse(opened.fault, keys), EXIT_NO_JOURNAL);
    work(opened.value);
  } catch (cause) {
    if (!(cause instanceof JournalFailure)) throw cause;
    refuse(rim, cause.fault, EXIT_NO_JOURNAL);
  } finally {
    if (opened?.ok) opened.value.close();
  }
}

/** A running terminal holds its journal: the same entry is made at its keypad. */
function inUse(f: Fault, keys?: string): Fault {
  return f.name === 'journal-in-use'
    ? fault(
        f.code,
        f.name,
        f.cause,
        `Enter it at the terminal${keys === undefined ? '' : ` (${keys})`}, or stop the runtime, enter it here, and start it again`,
      )
    : f;
}

export function refuse(rim: EntryRim, f: Fault, status = EXIT_REFUSED): void {
  rim.printError(faultText(f));
  rim.setExit(status);
}

/**
 * An entry of the supervisor: what can be refused without a secret is refused before one is asked for, and looked at again
 * after it. The published first password enters nothing. `keys`: where the same entry is made at the terminal.
 */
export function enter(
  rim: EntryRim,
  options: EntryOptions,
  may: (journal: Journal) => Fault | undefined,
  write: (journal: Journal, nowMs: number) => void,
  keys: string,
): void {
  let ready = false;
  withJournal(
    rim,
    rim.openForEntry,
    options.journal,
    journal => {
      const refused = may(journal);
      if (refused) refuse(rim, refused);
      else ready = true;
    },
    keys,
  );
  if (!ready) return;
  rim.readSecret(PASSWORD[options.lang], secret => {
    if (!secret.ok) return refuse(rim, secret.fault);
    withJournal(
      rim,
      rim.openForEntry,
      options.journal,
      journal => {
        const refused = may(journal);
        if (refused) return refuse(rim, refused);
        const nowMs = rim.nowMs();
        const allowed = journal.verifyPassword(nowMs, SUPERVISOR, secret.value);
        if (!allowed.ok) return refuse(rim, allowed.fault);
        if (allowed.value.mustChange) return refuse(rim, FIRST_PASSWORD);
        write(journal, nowMs);
      },
      keys,
    );
  });
}

const FIRST_PASSWORD = fault(
  'E_ILLEGAL',
  'password-first',
  'the password of 00 is still the published first one',
  'Sign on as 00 at the terminal and change it',
);

/** Undefined when a text that a person gave is right. */
export function wrongText(flag: string, text: string): Fault | undefined {
  return text.trim() === '' || text.length > NOTE_LENGTH_MAX
    ? fault('E_ILLEGAL', flag, `--${flag} has ${text.length} characters`, `Say it in 1 to ${NOTE_LENGTH_MAX}`)
    : undefined;
}

/** Number behind `RF000014`, `IC000014` or `14`. */
export function numberOf(prefix: 'RF' | 'IC', text: string): number | undefined {
  const match = new RegExp(`^(?:${prefix})?(\\d{1,12})$`, 'i').exec(text);
  return match ? Number(match[1]) : undefined;
}

/** Local time of this computer. */
export function localTime(ms: number): LocalTime {
  const at = new Date(ms);
  return {
    year: at.getFullYear(),
    month: at.getMonth() + 1,
    day: at.getDate(),
    hour: at.getHours(),
    minute: at.getMinutes(),
    second: at.getSeconds(),
  };
}

/** `2026-11-21 14:03` */
export function timeText(ms: number): string {
  const at = localTime(ms);
  return `${at.year}-${digits(at.month, 2)}-${digits(at.day, 2)} ${digits(at.hour, 2)}:${digits(at.minute, 2)}`;
}
