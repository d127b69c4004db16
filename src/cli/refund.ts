import { Option, type Command } from 'commander';
import { type Fault, fault, faultText, type Result } from '../fault.ts';
import { type Journal, JournalFailure, type Txn } from '../journal/journal.ts';
import { digits, formatAmount } from '../units.ts';

/** What the command needs from the rim. */
export interface RefundRim {
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

/** The entry was refused, or there is no such refund. */
const EXIT_REFUSED = 1;
/** Flags, or the journal cannot be opened. */
const EXIT_NO_JOURNAL = 2;
const LIST_LIMIT = 50;
const REASON_LENGTH_MAX = 200;
/** Who approves what the acquirer is said to have answered. */
const SUPERVISOR = '00';
const ADMINISTRATOR = '99';

type Lang = 'zh' | 'en';
const OUTCOMES = ['accepted', 'not-accepted', 'still-unknown'] as const;
type OutcomeWord = (typeof OUTCOMES)[number];

interface Options {
  readonly journal: string;
  readonly json?: boolean;
  readonly lang: Lang;
}
interface ListOptions extends Options {
  readonly unknown?: boolean;
}
interface ResolveOptions extends Options {
  readonly outcome: OutcomeWord;
  readonly reason: string;
  readonly operator: string;
  readonly reference?: string;
}

const WORDS = {
  en: {
    none: 'There is no refund.',
    noUnknown: 'No refund is unknown.',
    waiting: 'waits for the word of the acquirer: call it with the reference, then `pos8583 refund resolve',
    original: 'original',
    reason: 'reason',
    operator: 'operator',
    approver: 'approver',
    answer: 'answer',
    entry: 'entry',
    resends: 'sent again',
    password: 'Password of supervisor 00: ',
    accepted: 'booked as accepted',
    'not-accepted':
      'given up: its original can be refunded again. (To send this very refund again, with the same numbers, choose 2 at the keypad instead.)',
    'still-unknown': 'stays unknown; the call is in the journal',
  },
  zh: {
    none: '没有退货。',
    noUnknown: '没有待查退货。',
    waiting: '待收单机构答复: 报参考号查询后执行 `pos8583 refund resolve',
    original: '原交易',
    reason: '原因',
    operator: '操作员',
    approver: '复核',
    answer: '应答',
    entry: '登记',
    resends: '重发',
    password: '主管00密码: ',
    accepted: '已登记为受理',
    'not-accepted': '已登记为未受理: 原交易可再次退货。(如需原号重发本笔, 请在终端选2。)',
    'still-unknown': '仍为待查; 查询已记入日志',
  },
} as const;

const STATES: Readonly<Record<Txn['state'], string>> = {
  open: '进行中',
  approved: '已受理',
  declined: '拒绝',
  failed: '未成',
  unknown: '待查',
  reversed: '已冲正',
  voided: '已撤销',
};

/** Adds `pos8583 refund list|show|resolve`: where each refund stands, and the way out of an unknown one without the keypad. */
export function register(program: Command, rim: RefundRim): void {
  const refund = program.command('refund').description('refunds of a journal; the entry that ends an unknown one');
  const common = (command: Command): Command =>
    command
      .requiredOption('--journal <file>', 'the journal file')
      .option('--json', 'JSON instead of text')
      .addOption(new Option('--lang <lang>', 'language of the text').choices(['zh', 'en']).default('en'));

  common(refund.command('list').description('refunds, newest first'))
    .option('--unknown', 'only those that wait for the word of the acquirer')
    .action((options: ListOptions) =>
      withJournal(rim, rim.openJournal, options.journal, journal => list(rim, journal, options)),
    );

  common(
    refund.command('show').argument('<id>', 'number of the refund, 14 or RF000014').description('one refund'),
  ).action((id: string, options: Options) =>
    withJournal(rim, rim.openJournal, options.journal, journal => show(rim, journal, id, options)),
  );

  common(
    refund
      .command('resolve')
      .argument('<id>', 'number of the refund, 14 or RF000014')
      .description('enters what the acquirer says about an unknown refund; while no runtime has the journal open'),
  )
    .addOption(new Option('--outcome <outcome>', 'what the acquirer says').choices(OUTCOMES).makeOptionMandatory())
    .requiredOption('--reason <text>', 'who said it, case number')
    .requiredOption('--operator <no>', 'who asked the acquirer: not the person who made the refund')
    .option('--reference <no>', "the acquirer's reference of the refund, 12 characters; needed for accepted")
    .addHelpText(
      'after',
      `
The password of supervisor 00 is asked for, or read as the first line of standard input.

Exit status:
    0  entered
    1  refused: no such unknown refund, wrong person or password, settlement under way
    2  flags, or the journal cannot be opened (a runtime has it: use the keypad, 00, 6)`,
    )
    .action((id: string, options: ResolveOptions) => resolve(rim, id, options));
}

function withJournal(
  rim: RefundRim,
  open: (path: string) => Result<Journal>,
  path: string,
  work: (journal: Journal) => void,
): void {
  let opened: Result<Journal> | undefined;
  try {
    opened = open(path);
    if (!opened.ok) return refuse(rim, inUse(opened.fault), EXIT_NO_JOURNAL);
    work(opened.value);
  } catch (cause) {
    if (!(cause instanceof JournalFailure)) throw cause;
    refuse(rim, cause.fault, EXIT_NO_JOURNAL);
  } finally {
    if (opened?.ok) opened.value.close();
  }
}

/** A running terminal holds its journal: the same entry is made at its keypad. */
function inUse(f: Fault): Fault {
  return f.name === 'journal-in-use'
    ? fault(
        f.code,
        f.name,
        f.cause,
        'Enter it at the terminal (sign on as 00, then 6), or stop the runtime, enter it here, and start it again',
      )
    : f;
}

function refuse(rim: RefundRim, f: Fault, status = EXIT_REFUSED): void {
  rim.printError(faultText(f));
  rim.setExit(status);
}

const isRefund = (txn: Txn | undefined): txn is Txn => txn?.kind === 'refund' || txn?.kind === 'qrRefund';

function found(journal: Journal, idText: string): Txn | undefined {
  const match = /^(?:RF)?(\d{1,12})$/i.exec(idText);
  const txn = match ? journal.txn(Number(match[1])) : undefined;
  return isRefund(txn) ? txn : undefined;
}

const noRefund = (idText: string): Fault =>
  fault(
    'E_NOEXIST',
    'no-refund',
    `the journal holds no refund ${idText.slice(0, 14)}`,
    '`pos8583 refund list` shows the numbers',
  );

/** What people may see of a refund; amounts in minor units. */
function shown(txn: Txn): object {
  const { original, operator, approver, reason, card } = txn.intent;
  return {
    id: txn.id,
    tracking: tracking(txn),
    atMs: txn.atMs,
    state: txn.state,
    batch: digits(txn.batch, 6),
    trace: digits(txn.trace, 6),
    amountMinor: txn.requestedMinor,
    operator,
    ...(approver === undefined ? {} : { approver }),
    ...(reason === undefined ? {} : { reason }),
    ...(card ? { card: card.masked } : {}),
    ...(original ? { original } : {}),
    resends: txn.resends,
    ...(txn.answer ? { answer: txn.answer } : {}),
  };
}

const tracking = (txn: Txn): string => `RF${digits(txn.id, 6)}`;

/** Local time of the host, `2026-11-21 14:03`. */
function timeText(ms: number): string {
  const at = new Date(ms);
  return `${at.getFullYear()}-${digits(at.getMonth() + 1, 2)}-${digits(at.getDate(), 2)} ${digits(at.getHours(), 2)}:${digits(at.getMinutes(), 2)}`;
}

function line(txn: Txn, lang: Lang): string {
  const { original } = txn.intent;
  const of = original?.trace === undefined ? (original?.reference ?? '-') : digits(original.trace, 6);
  const state = lang === 'zh' ? STATES[txn.state] : txn.state;
  return `${txn.id}  ${tracking(txn)}  ${timeText(txn.atMs)}  ${state}  ${digits(txn.batch, 6)}/${digits(txn.trace, 6)}  ${formatAmount(txn.requestedMinor, true)}  ${WORDS[lang].original} ${of}`;
}

function list(rim: RefundRim, journal: Journal, options: ListOptions): void {
  const refunds = options.unknown
    ? journal.unknownRefunds().filter(isRefund)
    : [...journal.list({ kind: 'refund', limit: LIST_LIMIT }), ...journal.list({ kind: 'qrRefund', limit: LIST_LIMIT })]
        .sort((a, b) => b.id - a.id)
        .slice(0, LIST_LIMIT);
  if (options.json) return rim.print(JSON.stringify(refunds.map(shown), null, 2));
  const words = WORDS[options.lang];
  if (refunds.length === 0) return rim.print(options.unknown ? words.noUnknown : words.none);
  rim.print(refunds.map(txn => line(txn, options.lang)).join('\n'));
}

function show(rim: RefundRim, journal: Journal, idText: string, options: Options): void {
  const txn = found(journal, idText);
  if (!txn) return refuse(rim, noRefund(idText));
  if (options.json) return rim.print(JSON.stringify(shown(txn), null, 2));
  const words = WORDS[options.lang];
  const { intent, answer } = txn;
  const lines = [line(txn, options.lang)];
  lines.push(
    `  ${intent.card?.masked ?? '-'}  ${words.operator} ${intent.operator}  ${words.approver} ${intent.approver ?? '-'}`,
  );
  if (intent.original)
    lines.push(`  ${words.original}: ${intent.original.reference ?? '-'} ${intent.original.dateMmdd ?? ''}`.trimEnd());
  if (intent.reason !== undefined) lines.push(`  ${words.reason}: ${intent.reason}`);
  if (answer?.code !== undefined) lines.push(`  ${words.answer}: ${answer.code} ${answer.reference ?? ''}`.trimEnd());
  if (answer?.why !== undefined) lines.push(`  ${words.answer}: ${answer.why}`);
  if (answer?.note !== undefined)
    lines.push(`  ${words.entry}: ${answer.by ?? '-'} ${answer.reference ?? ''} ${answer.note}`);
  if (txn.resends > 0) lines.push(`  ${words.resends}: ${txn.resends}`);
  if (txn.state === 'unknown') lines.push(`  ${words.waiting} ${txn.id}\``);
  rim.print(lines.join('\n'));
}

function resolve(rim: RefundRim, idText: string, options: ResolveOptions): void {
  const wrong = wrongFlags(options);
  if (wrong) return refuse(rim, wrong, EXIT_NO_JOURNAL);
  // What can be refused without a secret is refused before one is asked for.
  let ready = false;
  withJournal(rim, rim.openForEntry, options.journal, journal => {
    const refused = mayResolve(journal, idText, options);
    if (refused) refuse(rim, refused);
    else ready = true;
  });
  if (!ready) return;
  rim.readSecret(WORDS[options.lang].password, secret => {
    if (!secret.ok) return refuse(rim, secret.fault);
    withJournal(rim, rim.openForEntry, options.journal, journal => enter(rim, journal, idText, secret.value, options));
  });
}

function wrongFlags({ outcome, reason, operator, reference }: ResolveOptions): Fault | undefined {
  if (reason.trim() === '' || reason.length > REASON_LENGTH_MAX)
    return fault(
      'E_ILLEGAL',
      'reason',
      `--reason has ${reason.length} characters`,
      `Say in 1 to ${REASON_LENGTH_MAX} who said it`,
    );
  if (!/^\d{2}$/.test(operator))
    return fault(
      'E_ILLEGAL',
      'operator',
      `--operator ${operator.slice(0, 8)} is no operator number`,
      'Give two digits',
    );
  if (outcome === 'accepted' && !/^[0-9A-Za-z]{12}$/.test(reference ?? ''))
    return fault(
      'E_ILLEGAL',
      'reference',
      'an accepted refund has a reference of 12 letters and digits at the acquirer',
      'Ask the acquirer for it and give --reference',
    );
  return undefined;
}

/** Why this entry cannot be made; F19: a named person asked, and it is not the one who made the refund. */
function mayResolve(journal: Journal, idText: string, { operator }: ResolveOptions): Fault | undefined {
  const txn = found(journal, idText);
  if (!txn) return noRefund(idText);
  if (txn.state === 'open')
    return fault(
      'E_BUSY',
      'refund-open',
      `refund ${txn.id} was cut off while it was on its way`,
      'Start the runtime once: it books it as unknown. Then enter what the acquirer says',
    );
  if (txn.state !== 'unknown')
    return fault(
      'E_ILLEGAL',
      'refund-not-unknown',
      `refund ${txn.id} is ${txn.state}, nothing is to be found out`,
      '`pos8583 refund list --unknown` shows those that wait',
    );
  const settlement = journal.openSettlement();
  if (settlement)
    return fault(
      'E_BUSY',
      'settlement-unfinished',
      `the settlement of batch ${digits(settlement.batch, 6)} stands at "${settlement.stage}", its totals must stay as they are`,
      'Finish the settlement at the terminal first',
    );
  if (!journal.operator(operator) || operator === ADMINISTRATOR)
    return fault(
      'E_ILLEGAL',
      'operator',
      `operator ${operator} is not known here or may not do this`,
      'Give 00 or a cashier',
    );
  if (operator === txn.intent.operator)
    return fault(
      'E_ILLEGAL',
      'same-person',
      `operator ${operator} made refund ${txn.id}, so somebody else has to ask the acquirer`,
      'Two persons: give another --operator, or 00',
    );
  return undefined;
}

function enter(rim: RefundRim, journal: Journal, idText: string, secret: string, options: ResolveOptions): void {
  const refused = mayResolve(journal, idText, options);
  if (refused) return refuse(rim, refused);
  const now = rim.nowMs();
  const allowed = journal.verifyPassword(now, SUPERVISOR, secret);
  if (!allowed.ok) return refuse(rim, allowed.fault);
  if (allowed.value.mustChange)
    return refuse(
      rim,
      fault(
        'E_ILLEGAL',
        'password-first',
        'the password of 00 is still the published first one',
        'Sign on as 00 at the terminal and change it',
      ),
    );
  const txn = found(journal, idText) as Txn;
  const { outcome, reason, operator, reference } = options;
  const words = WORDS[options.lang];
  if (outcome === 'still-unknown')
    journal.appendEvent(now, 'case', { txnId: txn.id, by: SUPERVISOR, operator, note: reason });
  else {
    const resolved = journal.resolveRefund(now, txn.id, {
      by: SUPERVISOR,
      operator,
      note: reason,
      ...(outcome === 'accepted' && reference !== undefined
        ? { accepted: true, reference }
        : { accepted: false, resend: false }),
    });
    if (!resolved.ok) return refuse(rim, resolved.fault);
  }
  const after = journal.txn(txn.id) as Txn;
  if (options.json) return rim.print(JSON.stringify(shown(after), null, 2));
  rim.print(`${tracking(after)} ${formatAmount(after.requestedMinor, true)}: ${words[outcome]}`);
}
