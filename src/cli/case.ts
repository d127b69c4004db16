import { Option, type Command } from 'commander';
import { fault, type Result } from '../fault.ts';
import type { Case, CaseEntry, Journal } from '../journal/journal.ts';
import type { Profile } from '../profile/schema.ts';
import { aboutOf, caseNumber, caseView, type Gap, timeline, type TimelineRow } from '../runtime/cases.ts';
import { noCase, shownCase } from '../runtime/enter.ts';
import { CASE_NOTES, PROOF } from '../runtime/entries.ts';
import { sideBySide } from '../runtime/status.ts';
import { formatAmount } from '../units.ts';
import {
  common,
  enter,
  EXIT_NO_JOURNAL,
  EXIT_REFUSED,
  type EntryOptions,
  type EntryRim,
  type Lang,
  minorOf,
  numberOf,
  refuse,
  timeText,
  withJournal,
  type WriteOptions,
  writing,
  wrongText,
} from './entry.ts';

/** What the command needs from the rim. */
export interface CaseRim extends EntryRim {
  /** A profile by its id or file: its texts are the words of the terminal, its policy says what should have been there. */
  loadProfile(id: string): Promise<Result<Profile>>;
}

interface CaseOptions extends EntryOptions {
  readonly profile: string;
}
interface ListOptions extends CaseOptions {
  readonly all?: boolean;
}
interface NoteOptions extends WriteOptions {
  readonly what: Exclude<CaseEntry['what'], 'closed'>;
  readonly text: string;
  readonly amount?: string;
  readonly proof?: string;
}
interface CloseOptions extends WriteOptions {
  readonly reason: string;
}

const WORDS = {
  en: {
    none: 'There is no open case.',
    days: 'd',
    overdue: 'OVERDUE',
    open: 'open',
    closed: 'closed',
    due: 'due',
    owner: 'owner',
    refund: 'refund',
    refundCard: 'paid back to',
    sale: 'sale',
    operator: 'operator',
    approver: 'approver',
    entered: 'entered',
    missing: 'missing',
    nothingMissing: 'nothing is missing',
    noted: 'noted',
    ended: 'closed',
    title: 'Wrong refund',
    story: 'What happened',
    done: 'What was done',
    lesson: 'Looked for and not found',
    same: 'same',
    differs: 'differs',
    gaps: {
      noApprover: 'approval of the supervisor',
      noSecond: 'second person above the limit',
      noReason: 'reason',
      noOriginal: 'original in this journal',
      samePerson: 'another person than the one who asked',
      otherCard: 'card of the sale (money went to another one)',
    },
    what: { amount: 'amount', card: 'card', time: 'time', operator: 'operator' },
  },
  zh: {
    none: '没有未结案件。',
    days: '天',
    overdue: '超期',
    open: '未结',
    closed: '已结',
    due: '期限',
    owner: '责任',
    refund: '退货',
    refundCard: '实退卡',
    sale: '原交易',
    operator: '操作员',
    approver: '复核',
    entered: '登记',
    missing: '缺少',
    nothingMissing: '没有缺失',
    noted: '已登记',
    ended: '已结案',
    title: '退错登记',
    story: '经过',
    done: '处理',
    lesson: '核查缺失',
    same: '相同',
    differs: '不同',
    gaps: {
      noApprover: '主管复核',
      noSecond: '超限额的第二人复核',
      noReason: '退货原因',
      noOriginal: '本机原交易',
      samePerson: '申请人以外的复核人',
      otherCard: '原交易卡 (款项退到了另一张卡)',
    },
    what: { amount: '金额', card: '卡号', time: '时间', operator: '操作员' },
  },
} as const satisfies Record<Lang, { gaps: Record<Gap, string> } & Record<string, unknown>>;

/** Adds `pos8583 case …`: wrong refunds from the first record to the last. */
export function register(program: Command, rim: CaseRim): void {
  const group = program.command('case').description('wrong refunds as cases: list, story, notes, close, export');
  const reading = (name: string, description: string): Command =>
    common(group.command(name).description(description)).option(
      '--profile <id>',
      'profile with the policy of the shop',
      'unionpay-pos',
    );
  const look = async (options: CaseOptions, work: (journal: Journal, profile: Profile) => void): Promise<void> => {
    const profile = await rim.loadProfile(options.profile);
    if (!profile.ok) return refuse(rim, profile.fault, EXIT_NO_JOURNAL);
    withJournal(rim, rim.openJournal, options.journal, journal => work(journal, profile.value));
  };

  reading('list', 'open cases with their age, oldest first')
    .option('--all', 'closed ones, too')
    .action((options: ListOptions) => look(options, (journal, profile) => list(rim, journal, profile, options)));
  reading('show', 'one case with everything that was done about it')
    .argument('<id>', 'number of the case, 17 or IC000017')
    .action((id: string, options: CaseOptions) =>
      look(options, (journal, profile) => one(rim, journal, profile, id, options, show)),
    );
  reading('timeline', 'all records around a case in the order of time, and what is missing')
    .argument('<id>', 'number of the case, 17 or IC000017')
    .action((id: string, options: CaseOptions) =>
      look(options, (journal, profile) => one(rim, journal, profile, id, options, story)),
    );
  reading('export', 'the case as a report for the case library, without card numbers and names')
    .argument('<id>', 'number of the case, 17 or IC000017')
    .requiredOption('--md', 'Markdown on standard output')
    .action((id: string, options: CaseOptions) =>
      look(options, (journal, profile) => one(rim, journal, profile, id, { ...options, json: false }, markdown)),
    );

  writing(group.command('note').argument('<id>', 'number of the case').description('writes into an open case'))
    .addOption(new Option('--what <what>', 'what was done').choices(CASE_NOTES).default('note'))
    .requiredOption('--text <text>', 'who, how, what was promised')
    .option('--amount <amount>', 'of a compensation, e.g. 5.00; never sent to the acquirer')
    .option('--proof <no>', 'number of the receipt, up to 40 characters')
    .action((id: string, options: NoteOptions) => note(rim, id, options));
  writing(group.command('close').argument('<id>', 'number of the case').description('closes a case'))
    .requiredOption('--reason <text>', 'how it ended')
    .action((id: string, options: CloseOptions) => close(rim, id, options));
}

function found(journal: Journal, text: string): Case | undefined {
  const id = numberOf('IC', text);
  return id === undefined ? undefined : journal.case(id);
}

/** `IC000017  2d  OVERDUE  RF000011 60.00  card  supervisor  due 2026-11-22 14:00` */
function line(journal: Journal, profile: Profile, found: Case, nowMs: number, lang: Lang): string {
  const words = WORDS[lang];
  const view = caseView(journal, found, nowMs);
  const texts = profile.texts.words;
  return [
    view.number,
    found.state === 'closed' ? words.closed : `${view.ageDays}${words.days}`,
    ...(view.overdue ? [words.overdue] : []),
    `${view.tracking} ${formatAmount(view.amountMinor, true)}`,
    texts[`caseType.${view.type}`][lang],
    texts[`owner.${view.owner}`][lang],
    `${words.due} ${timeText(found.dueMs)}`,
  ].join('  ');
}

function list(rim: CaseRim, journal: Journal, profile: Profile, options: ListOptions): void {
  const cases = options.all ? journal.cases() : journal.cases('open');
  const nowMs = rim.nowMs();
  if (options.json)
    return rim.print(
      JSON.stringify(
        cases.map(each => shownCase(journal, each, nowMs)),
        null,
        2,
      ),
    );
  if (cases.length === 0) return rim.print(WORDS[options.lang].none);
  rim.print(cases.map(each => line(journal, profile, each, nowMs, options.lang)).join('\n'));
}

type Look = (rim: CaseRim, journal: Journal, profile: Profile, found: Case, options: CaseOptions) => void;

function one(rim: CaseRim, journal: Journal, profile: Profile, text: string, options: CaseOptions, look: Look): void {
  const there = found(journal, text);
  if (!there) return refuse(rim, noCase(text), EXIT_REFUSED);
  look(rim, journal, profile, there, options);
}

function entryText(entry: CaseEntry): string {
  const amount = entry.amountMinor === undefined ? '' : ` ${formatAmount(entry.amountMinor, true)}`;
  const proof = entry.proof === undefined ? '' : ` [${entry.proof}]`;
  const method = entry.method === undefined ? '' : ` ${entry.method}`;
  return `${timeText(entry.atMs)}  ${entry.by}  ${entry.what}${method}${amount}${proof}  ${entry.note}`.trimEnd();
}

function show(rim: CaseRim, journal: Journal, profile: Profile, found: Case, options: CaseOptions): void {
  if (options.json) return rim.print(JSON.stringify(shownCase(journal, found, rim.nowMs()), null, 2));
  const words = WORDS[options.lang];
  const lines = [line(journal, profile, found, rim.nowMs(), options.lang)];
  lines.push(
    `  ${words.operator} ${found.operator}  ${words.entered} ${found.by ?? '-'} ${timeText(found.atMs)}  ${found.class}`,
  );
  lines.push(...sides(journal, found, options.lang).map(text => `  ${text}`));
  if (found.note !== undefined) lines.push(`  ${found.note}`);
  lines.push(...found.entries.map(entry => `  ${entryText(entry)}`));
  rim.print(lines.join('\n'));
}

/** Refund and sale beside each other; `!` marks a difference. */
function sides(journal: Journal, found: Case, lang: Lang): string[] {
  const { txn } = aboutOf(journal, found);
  const saleId = txn?.intent.original?.txnId;
  if (!txn || saleId === undefined) return [];
  const words = WORDS[lang];
  return sideBySide(txn, journal.txn(saleId), {
    amount: minor => formatAmount(minor, true),
    time: timeText,
    day: ms => timeText(ms).slice(0, 10),
  }).map(({ what, refund, original, same }) => `${same ? ' ' : '!'} ${words.what[what]}: ${refund} / ${original}`);
}

const rowText = ({ atMs, seq, kind, body }: TimelineRow): string => {
  const told = [
    'state',
    'result',
    'code',
    'by',
    'operator',
    'approver',
    'second',
    'reason',
    'note',
    'what',
    'why',
  ] as const;
  // The code of a slip is its QR text, not an answer.
  const parts = told.flatMap(name =>
    body[name] === undefined || (name === 'code' && kind === 'slip') ? [] : [`${name}=${String(body[name])}`],
  );
  const amount = typeof body.amountMinor === 'number' ? [`amount=${formatAmount(body.amountMinor, true)}`] : [];
  return `${timeText(atMs)}  #${seq}  ${kind}  ${[...amount, ...parts].join(' ')}`.trimEnd();
};

function story(rim: CaseRim, journal: Journal, profile: Profile, found: Case, options: CaseOptions): void {
  const { rows, gaps } = timeline(journal, found, profile.policy);
  if (options.json) return rim.print(JSON.stringify({ number: caseNumber(found.id), rows, missing: gaps }, null, 2));
  const words = WORDS[options.lang];
  const missing =
    gaps.length === 0 ? words.nothingMissing : `${words.missing}: ${gaps.map(gap => words.gaps[gap]).join('; ')}`;
  rim.print([...rows.map(rowText), missing].join('\n'));
}

/** One case for the library: amounts, times and steps; cards stay masked, operators are numbers. */
function markdown(rim: CaseRim, journal: Journal, profile: Profile, found: Case, options: CaseOptions): void {
  const { lang } = options;
  const words = WORDS[lang];
  const texts = profile.texts.words;
  const { tracking, amountMinor } = aboutOf(journal, found);
  const { rows, gaps } = timeline(journal, found, profile.policy);
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const lines = [
    `# ${words.title} ${caseNumber(found.id)}`,
    '',
    `- ${words.refund}: ${tracking}, ${formatAmount(amountMinor, true)}`,
    `- ${texts[`caseType.${found.type}`][lang]}, ${found.class}`,
    `- ${words.owner}: ${texts[`owner.${found.owner}`][lang]}, ${words.due} ${timeText(found.dueMs)}`,
    `- ${found.state === 'open' ? words.open : words.closed}`,
    ...sides(journal, found, lang).map(text => `- ${cell(text.trim())}`),
    '',
    `## ${words.story}`,
    '',
    ...rows.map(row => `1. ${cell(rowText(row))}`),
    '',
    `## ${words.done}`,
    '',
    ...(found.entries.length === 0 ? ['-'] : found.entries.map(entry => `- ${cell(entryText(entry))}`)),
    '',
    `## ${words.lesson}`,
    '',
    ...(gaps.length === 0 ? [`- ${words.nothingMissing}`] : gaps.map(gap => `- ${words.gaps[gap]}`)),
  ];
  rim.print(lines.join('\n'));
}

function note(rim: CaseRim, idText: string, options: NoteOptions): void {
  const amount = options.amount === undefined ? undefined : minorOf(options.amount);
  const wrong =
    wrongText('text', options.text) ??
    (options.amount !== undefined && amount === undefined
      ? fault('E_ILLEGAL', 'amount', '--amount is no amount', 'Write it like 5.00')
      : options.proof !== undefined && !PROOF.test(options.proof)
        ? fault('E_ILLEGAL', 'proof', '--proof is no number of a proof', 'Give 1 to 40 letters, digits and signs')
        : undefined);
  if (wrong) return refuse(rim, wrong, EXIT_NO_JOURNAL);
  const id = numberOf('IC', idText);
  if (id === undefined) return refuse(rim, noCase(idText));
  enter<{ number: string }>(rim, options, {
    entry: {
      what: 'case-note',
      id,
      kind: options.what,
      note: options.text,
      ...(amount === undefined ? {} : { amountMinor: amount }),
      ...(options.proof === undefined ? {} : { proof: options.proof }),
    },
    text: value => `${value.number}: ${WORDS[options.lang].noted}`,
    keys: 'sign on as 00, then 7, 2',
  });
}

function close(rim: CaseRim, idText: string, options: CloseOptions): void {
  const wrong = wrongText('reason', options.reason);
  if (wrong) return refuse(rim, wrong, EXIT_NO_JOURNAL);
  const id = numberOf('IC', idText);
  if (id === undefined) return refuse(rim, noCase(idText));
  enter<{ number: string }>(rim, options, {
    entry: { what: 'case-close', id, note: options.reason },
    text: value => `${value.number}: ${WORDS[options.lang].ended}`,
    keys: 'sign on as 00, then 7, 2',
  });
}
