import { Option, type Command } from 'commander';
import { type Fault, fault, failed, faultText, ok, type Result } from '../fault.ts';
import type { LocalTime } from '../hal/hal.ts';
import { type Journal, JournalFailure } from '../journal/journal.ts';
import { keyLine, type SlipFiles } from '../node/slip-desk.ts';
import { checkSlipCode, ownSale, usedSlips } from '../runtime/slip-code.ts';
import type { SlipCode } from '../transaction/slip-code.ts';
import { type UsedList, usedElsewhere, usedListText } from '../transaction/used-slips.ts';
import { digits, formatAmount } from '../units.ts';
import { stateWord } from './txn-words.ts';

/** What the command needs from the rim. */
export interface SlipsRim {
  /** Opens a journal for looking only. */
  openJournal(path: string): Result<Journal>;
  /** Keys and lists beside a journal. */
  openSlipDesk(journalPath: string): Result<SlipFiles>;
  readText(path: string): Result<string>;
  writeFile(path: string, text: string): Result<void>;
  nowMs(): number;
  local(ms: number): LocalTime;
  print(text: string): void;
  printError(text: string): void;
  setExit(status: number): void;
}

/** A code that proves nothing, a list or key that is not taken. */
const EXIT_REFUSED = 1;
/** Flags, files, or the journal cannot be opened. */
const EXIT_NO_JOURNAL = 2;

type Lang = 'zh' | 'en';

interface Options {
  readonly journal: string;
  readonly json?: boolean;
  readonly lang: Lang;
}
interface TrustOptions extends Options {
  readonly remove?: boolean;
}
interface UsedOptions extends Options {
  readonly export?: string;
  readonly import?: readonly string[];
}

const WORDS = {
  en: {
    signer: 'signer',
    cards: 'card secret',
    trustHow: 'At each other terminal: pos8583 slips trust --journal <file>',
    nobody: 'No other terminal is trusted.',
    trusts: 'trusted:',
    gone: 'no longer trusted:',
    genuine: 'genuine',
    here: 'sale of this journal, number',
    other: 'not in this journal',
    batch: 'batch',
    voucher: 'voucher',
    reference: 'reference',
    date: 'date',
    amount: 'amount',
    card: 'card',
    anchor: 'journal anchor',
    elsewhere: 'given back elsewhere, by the lists that are here:',
    voided: 'voided elsewhere',
    exported: 'slips in the list',
    imported: 'list of terminal',
    older: 'nothing new in the list of terminal',
    lists: 'lists that are here:',
    noLists: 'No list was imported.',
    slips: 'slips',
    upTo: 'up to record',
  },
  zh: {
    signer: '签名号',
    cards: '卡密钥号',
    trustHow: '在其他终端执行: pos8583 slips trust --journal <文件>',
    nobody: '未信任其他终端。',
    trusts: '已信任:',
    gone: '已取消信任:',
    genuine: '签名有效',
    here: '本机流水中的消费, 编号',
    other: '不在本机流水中',
    batch: '批次号',
    voucher: '凭证号',
    reference: '参考号',
    date: '日期',
    amount: '金额',
    card: '卡号',
    anchor: '账本锚',
    elsewhere: '按已导入清单, 他机已退:',
    voided: '他机已撤销',
    exported: '笔已写入清单',
    imported: '已导入终端清单',
    older: '没有更新的内容, 终端',
    lists: '已导入清单:',
    noLists: '没有导入清单。',
    slips: '笔',
    upTo: '至记录',
  },
} as const;

/** Adds `pos8583 slips key|trust|check|used`: keys of the signed slip codes, a code read at the host, lists of used slips. */
export function register(program: Command, rim: SlipsRim): void {
  const slips = program
    .command('slips')
    .description('signed codes on slips: keys, trusted terminals, check of a code, lists of used slips');
  const common = (command: Command): Command =>
    command
      .requiredOption('--journal <file>', 'the journal file; keys and lists lie beside it')
      .option('--json', 'JSON instead of text')
      .addOption(new Option('--lang <lang>', 'language of the text').choices(['zh', 'en']).default('en'));

  common(slips.command('key').description('the public key of this terminal, as a line for the other terminals')).action(
    (options: Options) => atDesk(rim, options, desk => key(rim, desk, options)),
  );

  common(
    slips
      .command('trust')
      .argument('[key...]', 'line that `pos8583 slips key` printed; with --remove the signer; nothing: lists them')
      .description('trusts the slips and lists of another terminal of the merchant'),
  )
    .option('--remove', 'trusts this signer no more')
    .action((words: string[], options: TrustOptions) =>
      atDesk(rim, options, desk => trust(rim, desk, words.join(' '), options)),
    );

  common(
    slips
      .command('check')
      .argument('<code>', 'the scanned text')
      .description('is this code genuine, and what does it say; exit status 1 says why not'),
  ).action((code: string, options: Options) =>
    atDesk(rim, options, desk => withJournal(rim, options, journal => check(rim, desk, journal, code, options))),
  );

  common(
    slips
      .command('used')
      .description('exchanges lists of used slips with the other terminals; without a flag: the lists that are here'),
  )
    .option('--export <file>', 'writes what this terminal gave back, signed')
    .option('--import <file...>', 'keeps lists of other terminals; the same list again changes nothing')
    .addHelpText(
      'after',
      `
A list is the whole word of one terminal: a newer one takes the place of an older one. What a terminal gave
back after its list was made is known nowhere else; two terminals that never exchange lists can both refund
one slip, and then only the acquirer can refuse the second refund.`,
    )
    .action((options: UsedOptions) => atDesk(rim, options, desk => used(rim, desk, options)));
}

function atDesk(rim: SlipsRim, options: Options, work: (desk: SlipFiles) => void): void {
  // The keys belong to a journal; a misspelt name must not leave new ones behind.
  withJournal(rim, options, () => {
    const desk = rim.openSlipDesk(options.journal);
    if (desk.ok) work(desk.value);
    else refuse(rim, desk.fault, EXIT_NO_JOURNAL);
  });
}

function withJournal(rim: SlipsRim, options: Options, work: (journal: Journal) => void): void {
  let opened: Result<Journal> | undefined;
  try {
    opened = rim.openJournal(options.journal);
    if (!opened.ok) return refuse(rim, opened.fault, EXIT_NO_JOURNAL);
    work(opened.value);
  } catch (cause) {
    if (!(cause instanceof JournalFailure)) throw cause;
    refuse(rim, cause.fault, EXIT_NO_JOURNAL);
  } finally {
    if (opened?.ok) opened.value.close();
  }
}

function refuse(rim: SlipsRim, f: Fault, status: number): void {
  rim.printError(faultText(f));
  rim.setExit(status);
}

/** Number of the terminal that a journal belongs to: that of its newest transaction. */
function terminalOf(journal: Journal): Result<string> {
  const tid = journal.list({ limit: 1 })[0]?.intent.tid;
  if (tid !== undefined) return ok(tid);
  const cause = 'the journal holds no transaction, so nothing says which terminal it is';
  return failed(fault('E_NOEXIST', 'no-transaction', cause, 'Make a list after the first sale'));
}

function key(rim: SlipsRim, desk: SlipFiles, options: Options): void {
  const words = WORDS[options.lang];
  withJournal(rim, options, journal => {
    const terminal = terminalOf(journal);
    const line = keyLine(desk.key.publicKey, terminal.ok ? terminal.value : '');
    const { signer } = desk.key;
    if (options.json) return rim.print(JSON.stringify({ line, signer, cardSecret: desk.cardKeyName }));
    rim.print(line);
    rim.print(`${words.signer} ${signer}  ${words.cards} ${desk.cardKeyName}\n${words.trustHow} ${line}`);
  });
}

function trust(rim: SlipsRim, desk: SlipFiles, text: string, options: TrustOptions): void {
  const words = WORDS[options.lang];
  if (text === '') {
    const keys = desk.trusted();
    if (!keys.ok) return refuse(rim, keys.fault, EXIT_REFUSED);
    const shown = keys.value.map(({ signer, name }) => ({ signer, name }));
    if (options.json) return rim.print(JSON.stringify(shown));
    return rim.print(
      shown.length === 0 ? words.nobody : shown.map(one => `${one.signer}  ${one.name}`.trimEnd()).join('\n'),
    );
  }
  const changed = options.remove ? desk.distrust(text) : desk.trust(text);
  if (!changed.ok) return refuse(rim, changed.fault, EXIT_REFUSED);
  const { signer, name } = changed.value;
  if (options.json) return rim.print(JSON.stringify({ signer, name, trusted: !options.remove }));
  rim.print(`${options.remove ? words.gone : words.trusts} ${signer}  ${name}`.trimEnd());
}

function check(rim: SlipsRim, desk: SlipFiles, journal: Journal, text: string, options: Options): void {
  const words = WORDS[options.lang];
  const checked = checkSlipCode(desk, text);
  if (!checked.ok) {
    if (!options.json) return refuse(rim, checked.fault, EXIT_REFUSED);
    rim.print(JSON.stringify({ genuine: false, fault: checked.fault }));
    return rim.setExit(EXIT_REFUSED);
  }
  const code = checked.value;
  const lists = desk.usedLists();
  if (!lists.ok) return refuse(rim, lists.fault, EXIT_NO_JOURNAL);
  const elsewhere = usedElsewhere(lists.value, desk.key.signer, code.reference, code.date);
  const sale = code.signer === desk.key.signer ? ownSale(journal, code) : undefined;
  if (options.json)
    return rim.print(
      JSON.stringify({ genuine: true, ...code, ...(sale ? { id: sale.id, state: sale.state } : {}), elsewhere }),
    );
  const lines = [
    `${words.genuine}: ${sale ? `${words.here} ${sale.id} (${stateWord(sale.state, options.lang)})` : words.other}`,
    ...codeLines(code, options.lang),
  ];
  if (elsewhere.refunds > 0) lines.push(`${words.elsewhere} ${formatAmount(elsewhere.refundedMinor, true)}`);
  if (elsewhere.voided) lines.push(words.voided);
  rim.print(lines.join('\n'));
}

function codeLines(code: SlipCode, lang: Lang): string[] {
  const words = WORDS[lang];
  const date = code.date.replace(/^(..)(..)(..)$/, '20$1-$2-$3');
  return [
    `  ${code.terminal}  ${words.batch} ${digits(code.batch, 6)}  ${words.voucher} ${digits(code.voucher, 6)}`,
    `  ${words.reference} ${code.reference}  ${words.date} ${date}  ${words.amount} ${formatAmount(code.amountMinor, true)}`,
    `  ${words.card} ${code.card ? `****${code.card.lastFour}` : '-'}  ${words.anchor} ${code.anchor}  ${words.signer} ${code.signer}`,
  ];
}

function used(rim: SlipsRim, desk: SlipFiles, options: UsedOptions): void {
  if (options.export !== undefined) exportUsed(rim, desk, options.export, options);
  if (options.import !== undefined) for (const file of options.import) importUsed(rim, desk, file, options);
  if (options.export === undefined && options.import === undefined) listUsed(rim, desk, options);
}

function exportUsed(rim: SlipsRim, desk: SlipFiles, file: string, options: Options): void {
  withJournal(rim, options, journal => {
    const terminal = terminalOf(journal);
    if (!terminal.ok) return refuse(rim, terminal.fault, EXIT_REFUSED);
    const madeAtMs = rim.nowMs();
    const slips = usedSlips(journal, madeAtMs, ms => rim.local(ms));
    const list = { terminal: terminal.value, upTo: journal.headSeq, madeAtMs, slips };
    const written = rim.writeFile(file, usedListText(list, desk.key));
    if (!written.ok) return refuse(rim, written.fault, EXIT_NO_JOURNAL);
    if (options.json) return rim.print(JSON.stringify({ exported: slips.length, upTo: list.upTo, file }));
    rim.print(`${slips.length} ${WORDS[options.lang].exported} (${WORDS[options.lang].upTo} ${list.upTo}): ${file}`);
  });
}

function importUsed(rim: SlipsRim, desk: SlipFiles, file: string, options: Options): void {
  const words = WORDS[options.lang];
  const text = rim.readText(file);
  if (!text.ok) return refuse(rim, text.fault, EXIT_NO_JOURNAL);
  const taken = desk.importUsed(text.value);
  if (!taken.ok) return refuse(rim, { ...taken.fault, cause: `${file}: ${taken.fault.cause}` }, EXIT_REFUSED);
  const { list, isNew } = taken.value;
  if (options.json)
    return rim.print(JSON.stringify({ terminal: list.terminal, signer: list.signer, upTo: list.upTo, isNew }));
  rim.print(`${isNew ? words.imported : words.older} ${listLine(list, options.lang)}`);
}

function listUsed(rim: SlipsRim, desk: SlipFiles, options: Options): void {
  const words = WORDS[options.lang];
  const lists = desk.usedLists();
  if (!lists.ok) return refuse(rim, lists.fault, EXIT_NO_JOURNAL);
  if (options.json) return rim.print(JSON.stringify(lists.value));
  if (lists.value.length === 0) return rim.print(words.noLists);
  rim.print([words.lists, ...lists.value.map(list => `  ${listLine(list, options.lang)}`)].join('\n'));
}

function listLine(list: UsedList, lang: Lang): string {
  const words = WORDS[lang];
  const made = new Date(list.madeAtMs).toISOString();
  return `${list.terminal} (${list.signer}): ${list.slips.length} ${words.slips}, ${words.upTo} ${list.upTo}, ${made}`;
}
