import { type Command, InvalidArgumentError, Option } from 'commander';
import { fault, type Fault, faultText, ok, type Result } from '../../fault.ts';
import { type Journal, JournalFailure } from '../../journal/journal.ts';
import type { Profile } from '../../profile/schema.ts';
import { reportJson, tableCsv } from './data.ts';
import { dayReport } from './day.ts';
import { failuresReport } from './failures.ts';
import type { Report, Span } from './model.ts';
import { operatorsReport } from './operators.ts';
import { searchReport, type Wanted } from './search.ts';
import { reportText } from './text.ts';
import { type SpanFlags, spanOf } from './time.ts';
import { GROUP_KEYS, type GroupKey, undoneReport } from './undone.ts';
import type { Lang, Sources } from './words.ts';

/** What the command needs from the rim. */
export interface ReportRim {
  /** Opens a journal for looking only. */
  openJournal(path: string): Result<Journal>;
  /** For the words of reasons and answer codes, and for due days. */
  loadProfile(id: string): Promise<Result<Profile>>;
  nowMs(): number;
  writeText(path: string, text: string): Result<void>;
  print(text: string): void;
  /** Prints `text` as it is, without a line end of its own. */
  write(text: string): void;
  printError(text: string): void;
  setExit(status: number): void;
}

/** Flags, the journal or the profile cannot be used. */
const EXIT_USAGE = 2;
/** Days of the reports that look for habits, when no span is named. */
const HABIT_DAYS = 30;

interface Options extends SpanFlags {
  readonly journal: string;
  readonly profile: string;
  readonly lang: Lang;
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly table?: string;
  readonly bom?: boolean;
  readonly html?: string;
}

interface GroupOptions extends Options {
  readonly by?: readonly GroupKey[];
}

type Make = (sources: Sources, span: Span) => Result<Report>;

/** Adds `pos8583 report day|voids|refunds|operators|failures|search`: only looks, also while a terminal runs. */
export function register(program: Command, rim: ReportRim): void {
  const report = program.command('report').description('reports of a journal for managers and finance');
  const add = (name: string, description: string): Command =>
    report
      .command(name)
      .description(description)
      .requiredOption('--journal <file>', 'the journal file')
      .option('--date <day>', 'one day, 2026-11-21')
      .option('--from <day>', 'first day')
      .option('--to <day>', 'last day (default: today)')
      .option('--batch <n>', 'one batch instead of days')
      .option('--profile <id>', 'whose words, answer codes and due days are used', 'unionpay-pos')
      .addOption(new Option('--lang <lang>', 'language of the text').choices(['zh', 'en']).default('en'))
      .addOption(new Option('--json', 'all tables as JSON').conflicts(['csv', 'html']))
      .addOption(new Option('--csv', 'one table as CSV').conflicts('html'))
      .option('--table <id>', 'which table as CSV (default: the first)')
      .option('--bom', 'begin the CSV with a UTF-8 byte order mark, for spreadsheets')
      .option('--html <file>', 'write one page with charts')
      .addHelpText('after', '\nExit status: 0 done, 2 flags, journal or profile cannot be used.');
  const grouped = (command: Command): Command =>
    command.addOption(
      new Option('--by <keys>', `group by, with commas: ${GROUP_KEYS.join(', ')}`).argParser(groupKeys),
    );

  add('day', 'sales, voids, refunds, net; X and Z totals of batches; what waits (default: today)').action(
    (options: Options) => run(rim, options, 0, (sources, span) => ok(dayReport(sources, span))),
  );
  for (const act of ['void', 'refund'] as const)
    grouped(
      add(`${act}s`, `${act}s by reason, operator, hour …, and what is worth a question (default: 30 days)`),
    ).action((options: GroupOptions) =>
      run(rim, options, HABIT_DAYS, (sources, span) => ok(undoneReport(sources, span, act, options.by))),
    );
  add('operators', 'each operator: money, approvals, wrong passwords, refused attempts (default: 30 days)').action(
    (options: Options) => run(rim, options, HABIT_DAYS, (sources, span) => ok(operatorsReport(sources, span))),
  );
  add('failures', 'what did not work, why, what helps, time lost (default: 30 days)').action((options: Options) =>
    run(rim, options, HABIT_DAYS, (sources, span) => ok(failuresReport(sources, span))),
  );
  add('search', 'transactions by amount, card, reference, operator, reason (default: all days)')
    .option('--amount <yuan>', '12.50, or 10-20')
    .option('--last4 <digits>', 'last four digits of the card')
    .option('--reference <text>', 'reference of the acquirer, or a part of it')
    .option('--operator <no>', 'operator or approver')
    .option('--reason <text>', 'number or words of the reason')
    .option('--voucher <no>', 'voucher number')
    .option('--kind <kind>', 'sale, void, refund, qrSale, qrVoid, qrRefund')
    .option('--limit <n>', 'at most so many, the newest', '50')
    .action((options: Options & Wanted) =>
      run(rim, options, undefined, (sources, span) => searchReport(sources, span, options)),
    );
}

/** `reason,operator` → keys; the fault of a wrong one names all of them. */
function groupKeys(text: string): readonly GroupKey[] {
  const keys = text.split(',');
  const known = keys.every(key => (GROUP_KEYS as readonly string[]).includes(key));
  if (!known || new Set(keys).size !== keys.length)
    throw new InvalidArgumentError(`Choose among ${GROUP_KEYS.join(', ')}, each once, with commas.`);
  return keys as GroupKey[];
}

async function run(rim: ReportRim, options: Options, daysBefore: number | undefined, make: Make): Promise<void> {
  const profile = await rim.loadProfile(options.profile);
  if (!profile.ok) return refuse(rim, profile.fault);
  let opened: Result<Journal> | undefined;
  try {
    // A damaged file may fail at the first look as well as at a later one.
    opened = rim.openJournal(options.journal);
    if (!opened.ok) return refuse(rim, opened.fault);
    const journal = opened.value;
    const nowMs = rim.nowMs();
    const span = spanOf(journal, options, nowMs, daysBefore);
    if (!span.ok) return refuse(rim, span.fault);
    const report = make({ journal, profile: profile.value, nowMs }, span.value);
    if (!report.ok) return refuse(rim, report.fault);
    await put(rim, report.value, options, { anchor: journal.anchor(), madeMs: nowMs });
  } catch (cause) {
    if (!(cause instanceof JournalFailure)) throw cause;
    refuse(rim, cause.fault);
  } finally {
    if (opened?.ok) opened.value.close();
  }
}

function refuse(rim: ReportRim, f: Fault): void {
  rim.printError(faultText(f));
  rim.setExit(EXIT_USAGE);
}

/** Gives the report out in the form that was asked for. */
async function put(
  rim: ReportRim,
  report: Report,
  options: Options,
  made: { readonly anchor: string; readonly madeMs: number },
): Promise<void> {
  const { lang } = options;
  if (options.html !== undefined) {
    const { reportPage } = await import('./page.ts');
    const from = [
      { zh: '账本', en: 'journal', text: options.journal },
      // Short form of the journal's head: whoever has it can prove later that nothing was cut off.
      { zh: '账本锚', en: 'anchor', text: made.anchor },
    ];
    const page = await reportPage(report, { from, madeMs: made.madeMs }, lang);
    const written = rim.writeText(options.html, page);
    return written.ok ? rim.print(options.html) : refuse(rim, written.fault);
  }
  if (options.json) return rim.print(reportJson(report));
  if (!options.csv) return rim.print(reportText(report, lang));
  const table = options.table === undefined ? report.tables[0] : report.tables.find(one => one.id === options.table);
  if (table) return rim.write(tableCsv(table, lang, options.bom === true));
  refuse(
    rim,
    fault(
      'E_ILLEGAL',
      'no-table',
      `the report has no table "${(options.table ?? '').slice(0, 40)}"`,
      `Choose among ${report.tables.map(one => one.id).join(', ')}`,
    ),
  );
}
