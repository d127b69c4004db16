import { join } from 'node:path';
import type { Command } from 'commander';
import { failed, type Fault, fault, faultText, ok, type Result } from '../fault.ts';
import type { Freeze, Journal } from '../journal/journal.ts';
import type { EntryDone } from '../runtime/enter.ts';
import type { Entry } from '../runtime/entries.ts';
import {
  atKeypad,
  EXIT_NO_JOURNAL,
  EXIT_REFUSED,
  type EntryRim,
  jsonOption,
  type Lang,
  langOption,
  PASSWORD,
  refusedBefore,
  refuse,
  requestOption,
  sendEntry,
  timeText,
  WAYS,
  withJournal,
  wrongRequest,
  wrongText,
} from './entry.ts';

/** What the command needs from the rim. */
export interface FreezeRim extends EntryRim {
  /** Names of the files in a folder. */
  fileNames(folder: string): Result<string[]>;
}

interface Options {
  readonly journal?: readonly string[];
  readonly all?: string;
  readonly lift?: boolean;
  readonly status?: boolean;
  readonly reason?: string;
  readonly request?: string;
  readonly json?: boolean;
  readonly lang: Lang;
}

/** What became of one terminal. */
interface Row {
  readonly journal: string;
  readonly state: 'frozen' | 'free' | 'unknown';
  /** It was so before. */
  readonly before?: boolean;
  readonly way?: EntryDone['way'];
  readonly freeze?: Freeze;
  readonly fault?: Fault;
}

/** Books of exercises lie beside the shop's and sell nothing. */
const TRAINING = /\.training(?:\.|$)/;
const KEYS = 'sign on as 00, then 0';

const WORDS = {
  en: {
    frozen: 'refunds are switched off; sales and voids go on',
    free: 'refunds are allowed',
    unknown: 'NOT KNOWN',
    before: 'it was so before',
    since: 'since',
    not: 'NOT DONE',
    of: (done: number, all: number) => `${done} of ${all} terminals`,
  },
  zh: {
    frozen: '退货已暂停, 消费和撤销可继续',
    free: '可以退货',
    unknown: '状态不明',
    before: '此前已如此',
    since: '自',
    not: '未完成',
    of: (done: number, all: number) => `${all} 台终端中 ${done} 台`,
  },
} as const;

/** Adds `pos8583 freeze`: refunds off, and on again, on one terminal or on all of a merchant that this host can reach. */
export function register(program: Command, rim: FreezeRim): void {
  program
    .command('freeze')
    .description('switch refunds off on one or many terminals at once, and on again; sales and voids go on')
    .option('--journal <file...>', 'journals of the terminals')
    .option('--all <folder>', 'all journals in a folder: files that have their key file beside them')
    .option('--reason <text>', 'why refunds are switched off')
    .option('--lift', 'switch refunds on again')
    .option('--status', 'only say where they are off, who did it and why; no password')
    .addOption(requestOption())
    .addOption(jsonOption())
    .addOption(langOption())
    .addHelpText(
      'after',
      `
The password of supervisor 00 is asked for once, or read as the first line of standard input, and tried at each terminal;
where 00 has another one, that terminal is named and stays as it is. Works beside running terminals: their screens show it
at once, and a refund that has not gone out is refused.

Exit status:
    0  all of them
    1  not all: the output names those that were not reached or refused
    2  flags, or no journal at all`,
    )
    .action((options: Options) => start(rim, options));
}

function start(rim: FreezeRim, options: Options): void {
  const { lift, status, reason } = options;
  const wrong = wrongFlags(options);
  if (wrong) return refuse(rim, wrong, EXIT_NO_JOURNAL);
  const journals = journalsOf(rim, options);
  if (!journals.ok) return refuse(rim, journals.fault, EXIT_NO_JOURNAL);
  if (status)
    return tell(
      rim,
      options,
      journals.value.map(path => stateOf(rim, path)),
    );
  const request = options.request ?? rim.newRequest();
  const bad = wrongRequest(request);
  if (bad) return refuse(rim, bad, EXIT_NO_JOURNAL);
  change(rim, options, journals.value, request, lift ? { what: 'free' } : { what: 'freeze', note: reason ?? '' });
}

function wrongFlags({ lift, status, reason, request }: Options): Fault | undefined {
  const flags = (cause: string, remedy: string): Fault => fault('E_ILLEGAL', 'flags', cause, remedy);
  if (lift && status) return flags('--lift and --status do not go together', 'Give one of them');
  if ((lift || status) && reason !== undefined)
    return flags('--reason is for switching refunds off', 'Leave it out with --lift and --status');
  if (status && request !== undefined) return flags('--status enters nothing', 'Leave --request out');
  if (lift || status) return undefined;
  return reason === undefined
    ? flags('refunds are switched off for a reason', 'Give --reason, e.g. --reason "wrong refunds, case 77"')
    : wrongText('reason', reason);
}

function journalsOf(rim: FreezeRim, { journal = [], all }: Options): Result<string[]> {
  const paths = [...journal];
  if (all !== undefined) {
    const names = rim.fileNames(all);
    if (!names.ok) return names;
    const there = new Set(names.value);
    paths.push(
      ...names.value.filter(name => there.has(`${name}.key`) && !TRAINING.test(name)).map(name => join(all, name)),
    );
  }
  const each = [...new Set(paths)];
  return each.length > 0
    ? ok(each)
    : failed(
        fault(
          'E_NOEXIST',
          'no-journal',
          all === undefined ? 'no terminal is named' : `${all} holds no journal with its key file`,
          'Name journals with --journal, or their folder with --all',
        ),
      );
}

function stateOf(rim: FreezeRim, path: string): Row {
  let row: Row | undefined;
  const caught: EntryRim = { ...rim, setExit: () => undefined, printError: () => undefined };
  let why: Fault | undefined;
  withJournal(
    caught,
    file => {
      const opened = rim.openJournal(file);
      if (!opened.ok) why = opened.fault;
      return opened;
    },
    path,
    (journal: Journal) => {
      const freeze = journal.refundsFrozen();
      row = { journal: path, state: freeze ? 'frozen' : 'free', ...(freeze ? { freeze } : {}) };
    },
  );
  return row ?? { journal: path, state: 'unknown', fault: why ?? UNREADABLE };
}

const UNREADABLE = fault('E_FAILURE', 'journal-read', 'the journal cannot be read', 'Run `pos8583 journal verify`');

/** One after the other: a terminal that cannot be reached does not keep the others from it. */
function change(rim: FreezeRim, options: Options, journals: readonly string[], request: string, entry: Entry): void {
  const state = entry.what === 'free' ? 'free' : 'frozen';
  const rows = new Map<string, Row>();
  const todo: string[] = [];
  for (const path of journals) {
    const refused = refusedBefore(rim, path, { request, entry }, KEYS);
    if (!refused) todo.push(path);
    else if (refused.fault.name === 'nothing-to-do') rows.set(path, { journal: path, state, before: true });
    else rows.set(path, { journal: path, state: 'unknown', fault: refused.fault });
  }
  const finish = (): void =>
    tell(
      rim,
      options,
      journals.map(path => rows.get(path) ?? stateOf(rim, path)),
    );
  if (todo.length === 0) return finish();
  rim.readSecret(PASSWORD[options.lang], secret => {
    if (!secret.ok) return refuse(rim, secret.fault, EXIT_REFUSED);
    const next = (at: number): void => {
      if (at === todo.length) return finish();
      const path = todo[at];
      sendEntry(rim, path, { request, password: secret.value, entry }, made => {
        rows.set(
          path,
          made.ok
            ? { journal: path, state, way: made.value.way, ...(made.value.again ? { before: true } : {}) }
            : { journal: path, state: 'unknown', fault: atKeypad(made.fault, KEYS) },
        );
        next(at + 1);
      });
    };
    next(0);
  });
}

function tell(rim: FreezeRim, options: Options, rows: readonly Row[]): void {
  const words = WORDS[options.lang];
  const bad = rows.filter(row => row.fault);
  if (bad.length > 0) rim.setExit(EXIT_REFUSED);
  if (options.json) return rim.print(JSON.stringify(rows, null, 2));
  for (const row of rows) {
    if (row.fault)
      rim.printError(`${row.journal}: ${options.status ? words.unknown : words.not}: ${faultText(row.fault)}`);
    else rim.print(lineOf(row, options.lang));
  }
  if (rows.length > 1) rim.print(words.of(rows.length - bad.length, rows.length));
}

function lineOf({ journal, state, before, way, freeze }: Row, lang: Lang): string {
  const words = WORDS[lang];
  const notes: string[] = [...(before ? [words.before] : []), ...(way ? [WAYS[lang][way]] : [])];
  if (freeze)
    notes.push(
      `${freeze.by} ${words.since} ${timeText(freeze.atMs)}${freeze.note === undefined ? '' : `: ${freeze.note}`}`,
    );
  return `${journal}: ${state === 'frozen' ? words.frozen : words.free}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`;
}
