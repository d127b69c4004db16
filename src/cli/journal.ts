import { Option, type Command } from 'commander';
import { type Fault, faultText, type Result } from '../fault.ts';
import { type Journal, JournalFailure, type Slip, type Txn } from '../journal/journal.ts';
import { digits, formatAmount } from '../units.ts';
import { columnsOf } from '../wire/gbk.ts';
import { kindWord, stateWord } from './txn-words.ts';

/** What the command needs from the rim. */
export interface JournalRim {
  /** Opens a journal for looking only. */
  openJournal(path: string): Result<Journal>;
  print(text: string): void;
  printError(text: string): void;
  setExit(status: number): void;
}

/** Exit status when a record is bad or an id is not there. */
const EXIT_FOUND_WRONG = 1;
/** Exit status when the journal cannot be opened or read. */
const EXIT_NO_JOURNAL = 2;

type Lang = 'zh' | 'en';

interface Options {
  readonly journal: string;
  readonly json?: boolean;
  readonly lang: Lang;
}

interface ListOptions extends Options {
  readonly limit: string;
  readonly batch?: string;
}

interface VerifyOptions extends Options {
  readonly anchor?: string;
}

const WORDS: Readonly<Record<Lang, Readonly<Record<string, string>>>> = {
  en: {
    id: 'ID',
    time: 'TIME',
    kind: 'KIND',
    state: 'STATE',
    batch: 'BATCH',
    trace: 'VOUCHER',
    amount: 'AMOUNT',
    card: 'CARD',
    reference: 'REFERENCE',
    none: 'The journal holds no transaction.',
    refunded: 'refunded',
    voidedBy: 'voided by',
    original: 'original',
    operator: 'operator',
    approver: 'approver',
    answer: 'answer',
    why: 'why',
    reversal: 'reversal',
    tries: 'tries',
    slips: 'slips',
    records: 'records',
    fine: 'The journal is whole:',
    bad: 'The journal is damaged at record',
    anchorForm: 'An anchor is 4 to 16 hex digits, as on the slip: --anchor 9f3c-41aa-77d0-b2e6',
    anchorNone: 'No record has this anchor: the journal was cut off before it, or the slip is of another journal:',
    anchorMany: 'More than one record has an anchor that begins so; give all of it:',
    anchorGood: 'The chain is whole up to record',
    anchorBad: 'The chain is broken before the record of this anchor, at record',
    nothing: 'Nothing waits for anybody.',
    held: 'held reversal',
    owed: 'owed reversal',
    unknown: 'unknown refund',
    unfinished: 'unfinished settlement of batch',
    releasedBy: 'released by',
    missing: 'There is no transaction or record',
    look: '`pos8583 journal list` shows the numbers',
  },
  zh: {
    id: '编号',
    time: '时间',
    kind: '类型',
    state: '状态',
    batch: '批次号',
    trace: '凭证号',
    amount: '金额',
    card: '卡号',
    reference: '参考号',
    none: '日志中没有交易。',
    refunded: '已退',
    voidedBy: '撤销交易',
    original: '原交易',
    operator: '操作员',
    approver: '复核',
    answer: '应答',
    why: '原因',
    reversal: '冲正',
    tries: '次数',
    slips: '签购单',
    records: '记录',
    fine: '日志完整:',
    bad: '日志损坏, 首个错误记录',
    anchorForm: '账本锚为4至16位十六进制数, 见单据: --anchor 9f3c-41aa-77d0-b2e6',
    anchorNone: '没有此账本锚的记录: 日志在此之前被截断, 或单据属于其他日志:',
    anchorMany: '多条记录的账本锚以此开头, 请给出全部:',
    anchorGood: '账本链完整至记录',
    anchorBad: '账本链在此账本锚之前已断, 错误记录',
    nothing: '没有待处理事项。',
    held: '停用冲正',
    owed: '待发冲正',
    unknown: '待查退货',
    unfinished: '未完成结算 批次',
    releasedBy: '解除停用',
    missing: '没有此交易或记录',
    look: '用 `pos8583 journal list` 查看编号',
  },
};

/** Adds `pos8583 journal list|show|waiting|verify`: looks at a journal, also while a terminal runs; changes nothing. */
export function register(program: Command, rim: JournalRim): void {
  const journal = program
    .command('journal')
    .description('look at a journal: transactions, one transaction, the whole chain');
  const common = (command: Command): Command =>
    command
      .requiredOption('--journal <file>', 'the journal file')
      .option('--json', 'JSON instead of text')
      .addOption(new Option('--lang <lang>', 'language of the text').choices(['zh', 'en']).default('en'));

  common(journal.command('list').description('transactions, newest first, card numbers masked'))
    .option('--limit <n>', 'at most so many', '20')
    .option('--batch <n>', 'only this batch number')
    .action((options: ListOptions) => run(rim, options, (opened, lang) => list(rim, opened, options, lang)));

  common(
    journal
      .command('show')
      .argument('<id>', 'number of a transaction or record')
      .description('one transaction with its records and slips'),
  ).action((id: string, options: Options) => run(rim, options, (opened, lang) => show(rim, opened, id, options, lang)));

  common(
    journal
      .command('waiting')
      .description('what waits for somebody: reversals owed or held, unknown refunds, a settlement that was cut off'),
  ).action((options: Options) => run(rim, options, (opened, lang) => waiting(rim, opened, options, lang)));

  common(journal.command('verify').description('checks every record; exit status 1 names the first bad one'))
    .option('--anchor <hex>', 'the anchor of a slip: finds its record and says whether the chain is whole up to it')
    .action((options: VerifyOptions) => run(rim, options, (opened, lang) => verify(rim, opened, options, lang)));
}

function run(rim: JournalRim, options: Options, work: (journal: Journal, lang: Lang) => void): void {
  let opened: Result<Journal> | undefined;
  try {
    // A file that is no journal, or a damaged one, may fail at the first look as well as at a later one.
    opened = rim.openJournal(options.journal);
    if (!opened.ok) return refuse(rim, opened.fault);
    work(opened.value, options.lang);
  } catch (cause) {
    if (!(cause instanceof JournalFailure)) throw cause;
    refuse(rim, cause.fault);
  } finally {
    if (opened?.ok) opened.value.close();
  }
}

function refuse(rim: JournalRim, f: Fault): void {
  rim.printError(faultText(f));
  rim.setExit(EXIT_NO_JOURNAL);
}

function wholeNumber(text: string): number | undefined {
  return /^[0-9]{1,12}$/.test(text) ? Number(text) : undefined;
}

function list(rim: JournalRim, journal: Journal, options: ListOptions, lang: Lang): void {
  const limit = wholeNumber(options.limit);
  const batch = options.batch === undefined ? undefined : wholeNumber(options.batch);
  if (limit === undefined || (options.batch !== undefined && batch === undefined)) {
    rim.printError('--limit and --batch want whole numbers, e.g. --limit 50 --batch 12');
    return rim.setExit(EXIT_NO_JOURNAL);
  }
  const txns = journal.list({ limit, ...(batch === undefined ? {} : { batch }) });
  if (options.json) return rim.print(JSON.stringify(txns.map(shown), null, 2));
  const words = WORDS[lang];
  if (txns.length === 0) return rim.print(words.none);
  const rows = txns.map(txn => [
    String(txn.id),
    timeText(txn.atMs),
    kindWord(txn.kind, lang),
    stateWord(txn.state, lang),
    digits(txn.batch, 6),
    digits(txn.trace, 6),
    formatAmount(txn.amountMinor, true),
    txn.intent.card?.masked ?? '-',
    txn.answer?.reference ?? '-',
  ]);
  const head = [
    words.id,
    words.time,
    words.kind,
    words.state,
    words.batch,
    words.trace,
    words.amount,
    words.card,
    words.reference,
  ];
  rim.print(table([head, ...rows], 6));
}

/** Characters of a typed number that are said again: no transaction has more, a card number has. */
const NUMBER_SHOWN = 9;

function show(rim: JournalRim, journal: Journal, idText: string, options: Options, lang: Lang): void {
  const words = WORDS[lang];
  const id = wholeNumber(idText);
  const txn = id === undefined ? undefined : journal.txn(id);
  const record = id === undefined ? undefined : journal.record(id);
  if (!record || id === undefined) {
    rim.printError(`${words.missing} ${idText.slice(0, NUMBER_SHOWN)}. ${words.look}`);
    return rim.setExit(EXIT_FOUND_WRONG);
  }
  if (!txn) return rim.print(options.json ? JSON.stringify(record, null, 2) : recordText(record));
  const reversal = journal.reversal(id);
  const slips = journal.slipsOf(id);
  const records = journal.recordsOf(id);
  if (options.json) {
    const { txn: _, ...plain } = reversal ?? { txn };
    const all = { ...shown(txn), ...(reversal ? { reversal: plain } : {}), slips, records };
    return rim.print(JSON.stringify(all, null, 2));
  }
  const { intent, answer } = txn;
  const original = intent.original;
  const lines = [
    `${txn.id}  ${kindWord(txn.kind, lang)}  ${stateWord(txn.state, lang)}  ${formatAmount(txn.amountMinor, true)}  ${timeText(txn.atMs)}`,
    `  ${words.batch} ${digits(txn.batch, 6)}  ${words.trace} ${digits(txn.trace, 6)}  ${words.card} ${intent.card?.masked ?? '-'}`,
    `  ${words.operator} ${intent.operator}${intent.approver ? `  ${words.approver} ${intent.approver}` : ''}`,
  ];
  if (original)
    lines.push(
      `  ${words.original} ${original.txnId ?? original.reference ?? '-'} ${original.dateMmdd ?? ''}`.trimEnd(),
    );
  if (answer?.code) lines.push(`  ${words.answer} ${answer.code}  ${words.reference} ${answer.reference ?? '-'}`);
  if (answer?.why ?? answer?.note) lines.push(`  ${words.why}: ${answer?.why ?? answer?.note}`);
  if (txn.refundedMinor > 0) lines.push(`  ${words.refunded} ${formatAmount(txn.refundedMinor, true)}`);
  if (txn.voidedBy !== undefined) lines.push(`  ${words.voidedBy} ${txn.voidedBy}`);
  if (reversal && reversal.state !== 'cleared')
    lines.push(`  ${words.reversal} ${reversal.state}  39=${reversal.reason}  ${words.tries} ${reversal.tries}`);
  if (slips.length > 0) lines.push(`  ${words.slips}: ${slips.map(slipText).join(', ')}`);
  lines.push(`${words.records}:`, ...records.map(one => `  ${recordText(one)}`));
  rim.print(lines.join('\n'));
}

/** Everything that somebody must still look after, oldest first. */
function waiting(rim: JournalRim, journal: Journal, options: Options, lang: Lang): void {
  const words = WORDS[lang];
  const held = journal.heldReversals();
  const owed = journal.owedReversals();
  const refunds = journal.unknownRefunds();
  const settlement = journal.openSettlement();
  if (options.json)
    return rim.print(
      JSON.stringify({
        reversals: [...held, ...owed].map(({ txn, ...rest }) => ({ ...rest, txn: shown(txn) })),
        unknownRefunds: refunds.map(shown),
        ...(settlement ? { settlement } : {}),
      }),
    );
  const line = (what: string, txn: Txn, more = ''): string =>
    `${what}  ${txn.id}  ${kindWord(txn.kind, lang)}  ${digits(txn.batch, 6)}/${digits(txn.trace, 6)}  ${formatAmount(txn.requestedMinor, true)}  ${timeText(txn.atMs)}${more}`;
  const lines = [
    ...held.map(one =>
      line(
        words.held,
        one.txn,
        `  39=${one.reason}  ${words.tries} ${one.tries}${one.releasedBy === undefined ? '' : `  ${words.releasedBy} ${one.releasedBy}`}`,
      ),
    ),
    ...owed.map(one => line(words.owed, one.txn, `  39=${one.reason}  ${words.tries} ${one.tries}`)),
    ...refunds.map(one => line(words.unknown, one)),
    ...(settlement ? [`${words.unfinished} ${digits(settlement.batch, 6)}: ${settlement.stage}`] : []),
  ];
  rim.print(lines.length === 0 ? words.nothing : lines.join('\n'));
}

/** The record whose anchor stands on a slip. Nobody who only has the file can make an older chain end in it. */
function verifyAnchor(rim: JournalRim, journal: Journal, anchor: string, options: Options, lang: Lang): void {
  const words = WORDS[lang];
  const hexDigits = anchor.toLowerCase().replaceAll(/[- ]/g, '');
  if (!/^[0-9a-f]{4,16}$/.test(hexDigits)) {
    rim.printError(words.anchorForm);
    return rim.setExit(EXIT_NO_JOURNAL);
  }
  const [record, other] = journal.recordsOfAnchor(hexDigits);
  const found = journal.verify();
  const brokenAt = !found.ok && found.part === 'record' ? found.seq : undefined;
  const good = record !== undefined && other === undefined && (brokenAt === undefined || brokenAt > record.seq);
  if (!good) rim.setExit(EXIT_FOUND_WRONG);
  if (options.json)
    return rim.print(
      JSON.stringify({
        ok: good,
        anchor: hexDigits,
        ...(record && !other ? record : {}),
        ...(brokenAt === undefined ? {} : { brokenAt }),
      }),
    );
  if (!record) return rim.printError(`${words.anchorNone} ${anchor}`);
  if (other) return rim.printError(`${words.anchorMany} ${record.seq}, ${other.seq}`);
  const where = `${record.seq} (${timeText(record.atMs)})`;
  if (good) return rim.print(`${words.anchorGood} ${where}`);
  rim.printError(`${words.anchorBad} ${brokenAt}; ${where}`);
}

function verify(rim: JournalRim, journal: Journal, options: VerifyOptions, lang: Lang): void {
  const words = WORDS[lang];
  if (options.anchor !== undefined) return verifyAnchor(rim, journal, options.anchor, options, lang);
  const found = journal.verify();
  if (!found.ok) rim.setExit(EXIT_FOUND_WRONG);
  if (options.json) return rim.print(JSON.stringify(found));
  if (found.ok) rim.print(`${words.fine} ${found.records} ${words.records}, ${found.anchor}`);
  else rim.printError(`${words.bad} ${found.seq}: ${found.why}`);
}

/** A transaction without the sealed card number. */
function shown(txn: Txn): object {
  const { card, ...intent } = txn.intent;
  if (!card) return txn;
  const { sealedPan: _, ...rest } = card;
  return { ...txn, intent: { ...intent, card: rest } };
}

function slipText(slip: Slip): string {
  return `${slip.id} ${slip.kind} ${slip.copy}${slip.reprints > 0 ? ` (${slip.reprints})` : ''}`;
}

function recordText(record: { seq: number; atMs: number; kind: string; body: unknown; hash: string }): string {
  return `${record.seq}  ${timeText(record.atMs)}  ${record.kind}  ${record.hash.slice(0, 8)}  ${JSON.stringify(record.body)}`;
}

/** Local time of the host, `2026-11-21 14:03:22`. */
function timeText(ms: number): string {
  const at = new Date(ms);
  const two = (value: number): string => digits(value, 2);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Left-aligned columns, the one at `right` right-aligned. */
function table(rows: readonly (readonly string[])[], right: number): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map(row => columnsOf(row[column]))));
  return rows
    .map(row =>
      row
        .map((cell, column) => {
          const space = ' '.repeat(widths[column] - columnsOf(cell));
          return column === right ? space + cell : cell + space;
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
