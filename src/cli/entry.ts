import { Option, type Command } from 'commander';
import { failed, type Fault, fault, faultText, ok, type Result } from '../fault.ts';
import type { LocalTime } from '../hal/hal.ts';
import { type Journal, JournalFailure } from '../journal/journal.ts';
import { type EntryDone, makeEntry, refusalOf } from '../runtime/enter.ts';
import { type Entry, type EntryRequest, isNote, NOTE_LENGTH_MAX, requestLine } from '../runtime/entries.ts';
import { AMOUNT_MINOR_MAX, digits } from '../units.ts';

/** What commands share that look into a journal, or enter what a supervisor says: into the file, or at the running counter. */

/** What such a command needs from the rim. */
export interface EntryRim {
  /** Opens a journal for looking only. */
  openJournal(path: string): Result<Journal>;
  /** Opens a journal to write an entry; refused while a runtime has it open. */
  openForEntry(path: string): Result<Journal>;
  /** Does the runtime that has this journal open take entries? */
  hasCounter(path: string): boolean;
  /** Sends one line to that runtime. Faults `control-missing`, `control-denied`, `control-lost`, `control-slow`. */
  askCounter(path: string, line: string, done: (answer: Result<string>) => void): void;
  /** A new request number, 32 hex digits. */
  newRequest(): string;
  nowMs(): number;
  /** Calls `go` after so many milliseconds. */
  after(ms: number, go: () => void): void;
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
/** Of a command that writes. */
export interface WriteOptions extends EntryOptions {
  readonly request?: string;
}
export type Lang = 'zh' | 'en';

/** The entry was refused, or there is no such thing. */
export const EXIT_REFUSED = 1;
/** Flags, or the journal cannot be opened. */
export const EXIT_NO_JOURNAL = 2;
/** The entry was sent to the running counter and its answer was lost. */
export const EXIT_LOST = 3;

/** A counter that ends while it is asked frees its journal, or comes back, within so many tries. */
const TRIES_MAX = 12;
const RETRY_MS = 500;

export const PASSWORD = { zh: '主管00密码: ', en: 'Password of supervisor 00: ' } as const;

/** Which way an entry went, for people. */
export const WAYS = {
  zh: { journal: '已写入日志文件', counter: '由运行中的终端登记', again: '此前已登记' },
  en: { journal: 'into the journal file', counter: 'by the running counter', again: 'was entered before' },
} as const;

/** What the help of a command with a password says. */
export const ENTRY_HELP = `
The password of supervisor 00 is asked for, or read as the first line of standard input. The entry goes into the journal
file, or, while a runtime has it open, over its control socket (<journal>.sock); the output says which.

Exit status:
    0  entered
    1  refused
    2  flags, or the journal cannot be opened and no counter answers
    3  the running counter gave no answer: enter it again with the same --request`;

/** The flags that all of them have. */
export function common(command: Command): Command {
  return command.requiredOption('--journal <file>', 'the journal file').addOption(jsonOption()).addOption(langOption());
}
export const jsonOption = (): Option => new Option('--json', 'JSON instead of text');
export const langOption = (): Option =>
  new Option('--lang <lang>', 'language of the text').choices(['zh', 'en']).default('en');
export const requestOption = (): Option =>
  new Option('--request <id>', 'number of an entry whose answer was lost: it is made once at most');

/** The flags and the help of those that write. */
export function writing(command: Command): Command {
  return common(command).addOption(requestOption()).addHelpText('after', ENTRY_HELP);
}

export function withJournal(
  rim: EntryRim,
  open: (path: string) => Result<Journal>,
  path: string,
  work: (journal: Journal) => void,
): void {
  const done = within(open, path, journal => ok(work(journal)));
  if (!done.ok) refuse(rim, done.fault, EXIT_NO_JOURNAL);
}

/** Opens, works, closes; a journal that fails in between is a fault. */
function within<T>(
  open: (path: string) => Result<Journal>,
  path: string,
  work: (journal: Journal) => Result<T>,
): Result<T> {
  let opened: Result<Journal> | undefined;
  try {
    opened = open(path);
    return opened.ok ? work(opened.value) : opened;
  } catch (cause) {
    if (!(cause instanceof JournalFailure)) throw cause;
    return failed(cause.fault);
  } finally {
    if (opened?.ok) opened.value.close();
  }
}

export function refuse(rim: EntryRim, f: Fault, status = EXIT_REFUSED): void {
  rim.printError(faultText(f));
  rim.setExit(status);
}

const isInUse = (f: Fault): boolean => f.name === 'journal-in-use';

/** A runtime without control socket holds the journal: the same entry is made at its keypad. Other faults stay as they are. */
export const atKeypad = (f: Fault, keys: string): Fault =>
  isInUse(f) && keys !== ''
    ? fault(
        f.code,
        f.name,
        f.cause,
        `Enter it at the terminal (${keys}), or stop the runtime, enter it here, and start it again`,
      )
    : f;

/** An entry with its text for people; `keys`: where the same is entered at the terminal. */
export interface Told<V> {
  readonly entry: Entry;
  readonly text: (value: V) => string;
  readonly keys: string;
}

/**
 * An entry of the supervisor: what can be refused without a secret is refused before one is asked for. It goes into the
 * journal, or to the counter that has it open.
 */
export function enter<V extends object>(rim: EntryRim, options: WriteOptions, told: Told<V>): void {
  const request = options.request ?? rim.newRequest();
  const wrong = wrongRequest(request);
  if (wrong) return refuse(rim, wrong, EXIT_NO_JOURNAL);
  const refused = refusedBefore(rim, options.journal, { request, entry: told.entry }, told.keys);
  if (refused) return refuse(rim, refused.fault, refused.status);
  rim.readSecret(PASSWORD[options.lang], secret => {
    if (!secret.ok) return refuse(rim, secret.fault);
    sendEntry(rim, options.journal, { request, password: secret.value, entry: told.entry }, (made, status) => {
      if (!made.ok) return refuse(rim, atKeypad(made.fault, told.keys), status);
      const { way, again, value } = made.value;
      if (options.json) return rim.print(JSON.stringify({ ...value, way, ...(again ? { again } : {}) }, null, 2));
      const ways = WAYS[options.lang];
      rim.print(`${told.text(value as V)} (${ways[way]}${again ? `; ${ways.again}` : ''})`);
    });
  });
}

export const wrongRequest = (request: string): Fault | undefined =>
  /^[0-9a-f]{32}$/.test(request)
    ? undefined
    : fault('E_ILLEGAL', 'request', '--request is no request number', 'Copy its 32 hex digits, or leave it out');

/** Why an entry needs no password, with the exit status; undefined: it may be made. */
export function refusedBefore(
  rim: EntryRim,
  path: string,
  ask: Omit<EntryRequest, 'password'>,
  keys: string,
): { readonly fault: Fault; readonly status: number } | undefined {
  const look = (journal: Journal): Result<Fault | undefined> => ok(refusalOf(journal, ask));
  let looked = within(rim.openForEntry, path, look);
  if (!looked.ok && isInUse(looked.fault)) {
    if (!rim.hasCounter(path)) return { fault: atKeypad(looked.fault, keys), status: EXIT_NO_JOURNAL };
    looked = within(rim.openJournal, path, look);
  }
  if (!looked.ok) return { fault: looked.fault, status: EXIT_NO_JOURNAL };
  return looked.value && { fault: looked.value, status: EXIT_REFUSED };
}

/**
 * Makes an entry in the journal, or sends it to the counter that has it open. When the counter ends meanwhile, the same
 * request is tried again: whoever then has the journal makes it, and once at most. `done` gets the exit status of a fault.
 */
export function sendEntry(
  rim: EntryRim,
  path: string,
  ask: EntryRequest,
  done: (made: Result<EntryDone>, status: number) => void,
): void {
  let tries = 0;
  let lost: Fault | undefined;
  const again = (inUse: Result<never>, f: Fault): void => {
    if (f.name === 'control-lost') lost = withRequest(f, ask.request);
    if (++tries < TRIES_MAX) return rim.after(RETRY_MS, go);
    done(lost ? failed(lost) : inUse, lost ? EXIT_LOST : EXIT_NO_JOURNAL);
  };
  const go = (): void => {
    const made = within(rim.openForEntry, path, journal =>
      ok(makeEntry(journal, ask, { nowMs: rim.nowMs(), way: 'journal' })),
    );
    if (made.ok) return done(made.value, EXIT_REFUSED);
    if (!isInUse(made.fault)) return done(made, EXIT_NO_JOURNAL);
    rim.askCounter(path, requestLine(ask), answer => {
      if (answer.ok) return done(answerOf(answer.value), EXIT_REFUSED);
      if (answer.fault.name === 'control-denied') return done(answer, EXIT_NO_JOURNAL);
      if (answer.fault.name === 'control-slow') return done(failed(withRequest(answer.fault, ask.request)), EXIT_LOST);
      again(made, answer.fault);
    });
  };
  go();
}

const withRequest = (f: Fault, request: string): Fault =>
  fault(f.code, f.name, f.cause, `Enter it again with --request ${request}: it is made once at most`);

/** The counter's line as the value that it was made of. */
function answerOf(line: string): Result<EntryDone> {
  let answer: { ok?: unknown; fault?: Fault; again?: unknown; way?: unknown; value?: unknown };
  try {
    answer = JSON.parse(line) as typeof answer;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    answer = {};
  }
  const { fault: f, again, way, value } = answer;
  if (answer.ok === true && typeof value === 'object' && value !== null)
    return ok({ again: again === true, way: way === 'journal' ? 'journal' : 'counter', value });
  if (answer.ok === false && typeof f?.name === 'string') return failed(f);
  return failed(
    fault('E_FAILURE', 'control-answer', 'the counter answered in another form', 'Use the same version for both'),
  );
}

/** Undefined when a text that a person gave is right. */
export function wrongText(flag: string, text: string): Fault | undefined {
  return isNote(text)
    ? undefined
    : fault(
        'E_ILLEGAL',
        flag,
        `--${flag} has ${text.length} characters${text.length > 0 && text.length <= NOTE_LENGTH_MAX ? ', some of which cannot be printed' : ''}`,
        `Say it in 1 to ${NOTE_LENGTH_MAX} on one line`,
      );
}

/** Number behind `RF000014`, `IC000014` or `14`. */
export function numberOf(prefix: 'RF' | 'IC', text: string): number | undefined {
  const match = new RegExp(`^(?:${prefix})?(\\d{1,12})$`, 'i').exec(text);
  return match && Number(match[1]) > 0 ? Number(match[1]) : undefined;
}

/** `40.00` or `40` in minor units; undefined for anything else, and for nothing at all. */
export function minorOf(text: string): number | undefined {
  const match = /^(\d{1,10})(?:\.(\d{2}))?$/.exec(text);
  const minor = match ? Number(match[1]) * 100 + Number(match[2] ?? 0) : 0;
  return minor > 0 && minor <= AMOUNT_MINOR_MAX ? minor : undefined;
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
