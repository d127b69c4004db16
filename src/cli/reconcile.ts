import { Option, type Command } from 'commander';
import { type Fault, fault, faultText, type Result } from '../fault.ts';
import { type Journal, JournalFailure, KIND_RULES, type Txn } from '../journal/journal.ts';
import { digits, formatAmount } from '../units.ts';
import { allTxns, compareStatement, type Difference, moved } from './compare.ts';
import { parseStatement, type StatementLine } from './statement.ts';
import { kindWord, stateWord } from './txn-words.ts';

/** What the command needs from the rim. */
export interface ReconcileRim {
  /** Opens a journal for looking only. */
  openJournal(path: string): Result<Journal>;
  /** Opens a journal to write an entry; refused while a runtime has it open. */
  openForEntry(path: string): Result<Journal>;
  nowMs(): number;
  readText(path: string): Result<string>;
  print(text: string): void;
  printError(text: string): void;
  setExit(status: number): void;
}

const EXIT_DIFFERENT = 1;
const EXIT_USAGE = 2;

type Lang = 'zh' | 'en';

interface Options {
  readonly journal: string;
  readonly batch?: string;
  readonly json?: boolean;
  readonly markCleared?: boolean;
  readonly lang: Lang;
}

const WORDS = {
  en: {
    'missing-here': 'missing here',
    'missing-there': 'missing there',
    amount: 'amount differs',
    state: 'state differs',
    twice: 'twice there',
    here: 'here',
    there: 'there',
    line: 'line',
    agree: 'transactions agree',
    differ: 'differences',
    net: 'net here',
    netThere: 'net there',
    otherTerminals: 'lines are of other terminals and were passed over',
    sameNumber: 'transactions of other batches with the same number were passed over',
    otherBatches: 'The statement says nothing of batches',
    refundHint: 'enter it: pos8583 refund resolve',
    cleared: 'refunds marked as cleared',
  },
  zh: {
    'missing-here': '本机缺少',
    'missing-there': '收单缺少',
    amount: '金额不符',
    state: '状态不符',
    twice: '收单重复',
    here: '本机',
    there: '收单',
    line: '行',
    agree: '笔相符',
    differ: '处差异',
    net: '本机净额',
    netThere: '收单净额',
    otherTerminals: '行属于其他终端, 已略过',
    sameNumber: '笔属于相同批次号的其他批次, 已略过',
    otherBatches: '对账文件中没有批次',
    refundHint: '登记: pos8583 refund resolve',
    cleared: '笔退货标记为已清算',
  },
} as const;

/** Adds `pos8583 reconcile`: names each difference between a journal and an acquirer's statement. */
export function register(program: Command, rim: ReconcileRim): void {
  program
    .command('reconcile')
    .argument('<acquirer.csv>', "the acquirer's statement")
    .description("compare a journal with an acquirer's statement, transaction by transaction")
    .requiredOption('--journal <file>', 'the journal file')
    .option('--batch <n>', 'only this batch number (default: the batches of the statement)')
    .option('--json', 'JSON instead of text')
    .option(
      '--mark-cleared',
      'accepted refunds that the statement has are cleared from now on (退货进度); while no runtime has the journal open',
    )
    .addOption(new Option('--lang <lang>', 'language of the text').choices(['zh', 'en']).default('en'))
    .addHelpText(
      'after',
      '\nExit status: 0 both sides agree, 1 they differ, 2 flags, statement or journal cannot be read.',
    )
    .action((file: string, options: Options) => {
      let journal: Result<Journal> | undefined;
      try {
        const text = rim.readText(file);
        if (!text.ok) return refuse(rim, text.fault);
        const statement = parseStatement(text.value, file);
        if (!statement.ok) return refuse(rim, statement.fault);
        journal = options.markCleared ? rim.openForEntry(options.journal) : rim.openJournal(options.journal);
        if (!journal.ok) return refuse(rim, journal.fault);
        reconcile(rim, journal.value, statement.value, options);
      } catch (cause) {
        if (!(cause instanceof JournalFailure)) throw cause;
        refuse(rim, cause.fault);
      } finally {
        if (journal?.ok) journal.value.close();
      }
    });
}

function refuse(rim: ReconcileRim, f: Fault): void {
  rim.printError(faultText(f));
  rim.setExit(EXIT_USAGE);
}

function reconcile(rim: ReconcileRim, journal: Journal, statement: readonly StatementLine[], options: Options): void {
  if (options.batch !== undefined && !/^\d{1,6}$/.test(options.batch))
    return refuse(
      rim,
      fault('E_ILLEGAL', 'batch', '--batch is no number of 1 to 6 digits', 'Write for example --batch 12'),
    );
  const words = WORDS[options.lang];
  const every = allTxns(journal);
  const tids = new Set(every.map(txn => txn.intent.tid));
  const mine = statement.filter(line => line.tid === '' || tids.size === 0 || tids.has(line.tid));
  const batchOf = (txn: Txn): string => digits(txn.batch, 6);
  // A statement without a line names no batch: then all of the journal is missing in it.
  const named = statement.length > 0 ? mine.map(line => line.batch) : every.map(batchOf);
  const batches = new Set(options.batch === undefined ? named : [digits(Number(options.batch), 6)]);
  const lines = mine.filter(line => batches.has(line.batch));
  const ours = every.filter(txn => batches.has(batchOf(txn))).reverse();
  const periods = periodsMeant(ours, lines);
  const older = ours.filter(txn => !periods.has(txn.period) && (moved(txn.state) || txn.state === 'unknown'));
  const result = compareStatement(
    ours.filter(txn => periods.has(txn.period)),
    lines,
  );
  // Money of a batch that the statement does not name: nothing is said of it, and that is said.
  const silent = [
    ...new Set(
      every.filter(txn => !batches.has(batchOf(txn)) && (moved(txn.state) || txn.state === 'unknown')).map(batchOf),
    ),
  ].sort();
  const passed = statement.length - mine.length;
  const cleared = options.markCleared ? markCleared(journal, result.agree, rim.nowMs()) : undefined;
  if (result.differences.length > 0) rim.setExit(EXIT_DIFFERENT);
  if (options.json)
    return rim.print(
      JSON.stringify(
        {
          ...result,
          agree: result.agree.length,
          ...(cleared === undefined ? {} : { cleared }),
          batches: [...batches].sort(),
          batchesNotInStatement: silent,
          linesPassedOver: passed,
          otherBatchesOfTheNumber: older.length,
        },
        null,
        2,
      ),
    );
  for (const one of result.differences) rim.print(differenceText(one, options.lang));
  rim.print(
    `${result.agree.length} ${words.agree}, ${result.differences.length} ${words.differ}; ${words.net} ${formatAmount(result.hereNetMinor, true)}, ${words.netThere} ${formatAmount(result.thereNetMinor, true)}`,
  );
  if (cleared !== undefined) rim.print(`${cleared} ${words.cleared}`);
  if (passed > 0) rim.print(`${passed} ${words.otherTerminals}`);
  if (older.length > 0) rim.print(`${older.length} ${words.sameNumber}`);
  if (silent.length > 0 && options.batch === undefined) rim.print(`${words.otherBatches} ${silent.join(', ')}`);
}

/**
 * A batch number comes again, after 999999 or when an acquirer begins anew. Of each number only one batch is meant: the one of which the
 * statement has most transactions, the newest of equals. Gives their periods.
 */
function periodsMeant(ours: readonly Txn[], lines: readonly StatementLine[]): ReadonlySet<number> {
  const named = new Set(lines.map(line => `${line.kind} ${line.batch}/${line.trace} ${line.amountMinor}`));
  const found = new Map<number, Map<number, number>>();
  for (const txn of ours) {
    const periods = found.get(txn.batch) ?? new Map<number, number>();
    const key = `${KIND_RULES[txn.kind].act} ${digits(txn.batch, 6)}/${digits(txn.trace, 6)} ${txn.amountMinor}`;
    found.set(txn.batch, periods.set(txn.period, (periods.get(txn.period) ?? 0) + (named.has(key) ? 1 : 0)));
  }
  const best = [...found.values()].map(periods =>
    [...periods].reduce((a, b) => (b[1] > a[1] || (b[1] === a[1] && b[0] > a[0]) ? b : a)),
  );
  return new Set(best.map(([period]) => period));
}

/** The acquirer's file is the source: accepted refunds in it are cleared. Gives how many were not so before. */
function markCleared(journal: Journal, agreed: readonly number[], nowMs: number): number {
  let count = 0;
  for (const id of agreed) {
    const txn = journal.txn(id);
    if (!txn || KIND_RULES[txn.kind].act !== 'refund' || txn.state !== 'approved') continue;
    const state = journal.life(id)?.state ?? 'processing';
    if (state === 'processing' && journal.appendLife(nowMs, { id, state: 'cleared', source: 'file' }).ok) count++;
  }
  return count;
}

function differenceText(one: Difference, lang: Lang): string {
  const words = WORDS[lang];
  const side = (amountMinor: number, state: string): string =>
    `${formatAmount(amountMinor, true)} ${stateWord(state, lang)}`;
  const here = one.here ? side(one.here.amountMinor, one.here.state) : '-';
  const there = one.there ? `${side(one.there.amountMinor, one.there.state)} (${words.line} ${one.there.line})` : '-';
  const hint = one.kind === 'refund' && one.here?.state === 'unknown' ? `; ${words.refundHint} ${one.here.id}` : '';
  return `${words[one.what]}: ${kindWord(one.kind, lang)} ${one.batch}/${one.trace}  ${words.here}: ${here}  ${words.there}: ${there}${hint}`;
}
