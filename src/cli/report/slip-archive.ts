import { createHash } from 'node:crypto';
import { Option, type Command } from 'commander';
import { failed, fault, faultText, ok, type Result } from '../../fault.ts';
import { type Journal, JournalFailure, type Slip } from '../../journal/journal.ts';
import { slipBytes } from '../../terminal/slips/bytes.ts';
import { digits } from '../../units.ts';
import { reportText } from './text.ts';
import { type SpanFlags, spanOf, timeText } from './time.ts';
import { column, columns, type Lang, words } from './words.ts';

/** What the commands need from the rim. */
export interface SlipArchiveRim {
  /** Opens a journal for looking only. */
  openJournal(path: string): Result<Journal>;
  nowMs(): number;
  writeBytes(path: string, bytes: Uint8Array): Result<void>;
  print(text: string): void;
  printError(text: string): void;
  setExit(status: number): void;
}

const EXIT_USAGE = 2;
/** Days of the list when none is named. */
const LIST_DAYS = 30;
const LIST_MAX = 10_000;

interface Options extends SpanFlags {
  readonly journal: string;
  readonly json?: boolean;
  readonly lang: Lang;
}
interface ShowOptions extends Options {
  readonly bytes?: string;
}

/** Adds `list` and `show` to `pos8583 slips`: every slip as it was printed, and how often it was printed again. */
export function registerSlipArchive(slips: Command, rim: SlipArchiveRim): void {
  const common = (command: Command): Command =>
    command
      .requiredOption('--journal <file>', 'the journal file')
      .option('--json', 'JSON instead of text')
      .addOption(new Option('--lang <lang>', 'language of the text').choices(['zh', 'en']).default('en'));
  common(slips.command('list').description('slips that were printed, newest first (default: 30 days)'))
    .option('--date <day>', 'one day, 2026-11-21')
    .option('--from <day>', 'first day')
    .option('--to <day>', 'last day')
    .action((options: Options) => run(rim, options, journal => list(rim, journal, options)));
  common(
    slips.command('show').argument('<id>', 'number of the slip').description('one slip, line by line as on the paper'),
  )
    .option('--bytes <file>', 'write what the printer got: GBK text with its commands')
    .action((id: string, options: ShowOptions) => run(rim, options, journal => show(rim, journal, id, options)));
}

function run(rim: SlipArchiveRim, options: Options, work: (journal: Journal) => Result<void>): void {
  let opened: Result<Journal> | undefined;
  let done: Result<void>;
  try {
    opened = rim.openJournal(options.journal);
    done = opened.ok ? work(opened.value) : opened;
  } catch (cause) {
    if (!(cause instanceof JournalFailure)) throw cause;
    done = failed(cause.fault);
  } finally {
    if (opened?.ok) opened.value.close();
  }
  if (done.ok) return;
  rim.printError(faultText(done.fault));
  rim.setExit(EXIT_USAGE);
}

/** The bytes of the first print; a reprint has one line more, its mark. */
function bytesOf(slip: Slip): Uint8Array {
  return slipBytes(slip.lines, slip.code === undefined ? {} : { qr: slip.code });
}

const hashOf = (slip: Slip): string => createHash('sha256').update(bytesOf(slip)).digest('hex');

function list(rim: SlipArchiveRim, journal: Journal, options: Options): Result<void> {
  const span = spanOf(journal, options, rim.nowMs(), LIST_DAYS);
  if (!span.ok) return span;
  const slips = journal.slipsBetween(span.value.fromMs, span.value.toMs, LIST_MAX);
  const voucher = (slip: Slip): string | undefined => {
    const txn = slip.txnId === undefined ? undefined : journal.txn(slip.txnId);
    return txn && digits(txn.trace, 6);
  };
  if (options.json) {
    const rows = slips.map(slip => {
      const { lines: _, ...rest } = slip;
      return { ...rest, voucher: voucher(slip), sha256: hashOf(slip) };
    });
    rim.print(JSON.stringify(rows, null, 2));
    return ok(undefined);
  }
  rim.print(
    reportText(
      {
        id: 'slips',
        title: words('单据', 'Slips'),
        span: span.value,
        tables: [
          {
            id: 'slips',
            title: words('已打印', 'Printed'),
            columns: [
              ...columns('id', 'at'),
              column('what', '单据', 'slip', 'code'),
              column('copy', '联', 'copy', 'code'),
              ...columns('voucher'),
              column('reprints', '重打次数', 'reprints', 'count'),
              column('sha256', '哈希', 'SHA-256', 'code'),
            ],
            rows: slips.map(slip => [
              slip.id,
              slip.atMs,
              slip.kind,
              slip.copy,
              voucher(slip),
              slip.reprints,
              hashOf(slip).slice(0, 16),
            ]),
          },
        ],
      },
      options.lang,
    ),
  );
  return ok(undefined);
}

function show(rim: SlipArchiveRim, journal: Journal, idText: string, options: ShowOptions): Result<void> {
  const slip = /^\d{1,12}$/.test(idText) ? journal.slip(Number(idText)) : undefined;
  if (!slip)
    return failed(
      fault(
        'E_NOEXIST',
        'no-slip',
        `there is no slip ${idText.slice(0, 10)}`,
        '`pos8583 slips list` shows the numbers',
      ),
    );
  if (options.bytes !== undefined) {
    const written = rim.writeBytes(options.bytes, bytesOf(slip));
    if (!written.ok) return written;
  }
  const reprintsMs = journal.reprintsOf(slip.id);
  if (options.json) rim.print(JSON.stringify({ ...slip, sha256: hashOf(slip), reprintsMs }, null, 2));
  else {
    const again = options.lang === 'zh' ? '重打' : 'printed again';
    rim.print([...slip.lines, '', `SHA-256 ${hashOf(slip)}`].join('\n'));
    for (const [i, atMs] of reprintsMs.entries()) rim.print(`${again} ${i + 1}: ${timeText(atMs)}`);
  }
  return ok(undefined);
}
