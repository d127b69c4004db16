import type { Command } from 'commander';
import type { Result } from '../fault.ts';
import type { Journal, Txn } from '../journal/journal.ts';
import type { Profile } from '../profile/schema.ts';
import { isRefund, noRefund, shownRefund, trackingOf } from '../runtime/enter.ts';
import { type Books, findRefunds, openRefunds, sideBySide } from '../runtime/status.ts';
import type { RefundView } from '../terminal/refund-desk.ts';
import { sentenceOf } from '../transaction/arrival.ts';
import { digits, formatAmount } from '../units.ts';
import {
  common,
  type EntryOptions,
  type EntryRim,
  EXIT_REFUSED,
  type Lang,
  localTime,
  refuse,
  timeText,
  withJournal,
} from './entry.ts';
import { foundRefund } from './refund-view.ts';
import { registerEntries } from './refund-entries.ts';
import { registerResolve } from './refund-resolve.ts';

/** What the command needs from the rim. */
export interface RefundRim extends EntryRim {
  /** A profile by its id or file: its policy says when money is due, its texts are the words of the terminal. */
  loadProfile(id: string): Promise<Result<Profile>>;
}

const LIST_LIMIT = 50;
/** The profile is unknown or wrong. */
const EXIT_PROFILE = 2;

interface ListOptions extends EntryOptions {
  readonly unknown?: boolean;
}
interface StatusOptions extends EntryOptions {
  readonly profile: string;
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
    notFound: 'No refund was found.',
    noOpen: 'No refund is under way.',
    customer: 'customer',
    cashier: 'cashier',
    who: 'acts',
    amount: 'amount',
    card: 'card',
    time: 'time',
    beside: 'refund / sale',
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
    notFound: '未找到退货。',
    noOpen: '没有在途退货。',
    customer: '告知顾客',
    cashier: '收银员须知',
    who: '处理人',
    amount: '金额',
    card: '卡号',
    time: '时间',
    beside: '退货 / 原交易',
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

/** Adds `pos8583 refund …`: where each refund stands and why, and the entries of the supervisor without the keypad. */
export function register(program: Command, rim: RefundRim): void {
  const refund = program
    .command('refund')
    .description('refunds of a journal: state, due date, entries of the supervisor');

  common(refund.command('list').description('refunds, newest first'))
    .option('--unknown', 'only those that wait for the word of the acquirer')
    .action((options: ListOptions) =>
      withJournal(rim, rim.openJournal, options.journal, journal => list(rim, journal, options)),
    );

  common(
    refund
      .command('show')
      .argument('<id>', 'number of the refund, 14 or RF000014')
      .description('one refund beside its sale; ! marks a difference'),
  ).action((id: string, options: EntryOptions) =>
    withJournal(rim, rim.openJournal, options.journal, journal => show(rim, journal, id, options)),
  );

  common(
    refund
      .command('status')
      .argument(
        '[number]',
        'tracking number, voucher, last four digits of the card, or reference; all that are not done without it',
      )
      .description('where the money is, when it is due, what to tell the customer; works beside a running terminal'),
  )
    .option('--profile <id>', 'profile with the policy of the shop', 'unionpay-pos')
    .action(async (number: string | undefined, options: StatusOptions) => {
      const profile = await rim.loadProfile(options.profile);
      if (!profile.ok) return refuse(rim, profile.fault, EXIT_PROFILE);
      withJournal(rim, rim.openJournal, options.journal, journal =>
        status(rim, journal, profile.value, number, options),
      );
    });

  registerResolve(refund, rim);
  registerEntries(refund, rim);
}

function line(txn: Txn, lang: Lang): string {
  const { original } = txn.intent;
  const of = original?.trace === undefined ? (original?.reference ?? '-') : digits(original.trace, 6);
  const state = lang === 'zh' ? STATES[txn.state] : txn.state;
  return `${txn.id}  ${trackingOf(txn)}  ${timeText(txn.atMs)}  ${state}  ${digits(txn.batch, 6)}/${digits(txn.trace, 6)}  ${formatAmount(txn.requestedMinor, true)}  ${WORDS[lang].original} ${of}`;
}

function list(rim: RefundRim, journal: Journal, options: ListOptions): void {
  const refunds = options.unknown
    ? journal.unknownRefunds().filter(isRefund)
    : [...journal.list({ kind: 'refund', limit: LIST_LIMIT }), ...journal.list({ kind: 'qrRefund', limit: LIST_LIMIT })]
        .sort((a, b) => b.id - a.id)
        .slice(0, LIST_LIMIT);
  if (options.json) return rim.print(JSON.stringify(refunds.map(shownRefund), null, 2));
  const words = WORDS[options.lang];
  if (refunds.length === 0) return rim.print(options.unknown ? words.noUnknown : words.none);
  rim.print(refunds.map(txn => line(txn, options.lang)).join('\n'));
}

function show(rim: RefundRim, journal: Journal, idText: string, options: EntryOptions): void {
  const txn = foundRefund(journal, idText);
  if (!txn) return refuse(rim, noRefund(idText));
  if (options.json) return rim.print(JSON.stringify(shownRefund(txn), null, 2));
  const words = WORDS[options.lang];
  const { intent, answer } = txn;
  const lines = [line(txn, options.lang)];
  lines.push(
    `  ${intent.card?.masked ?? '-'}  ${words.operator} ${intent.operator}  ${words.approver} ${intent.approver ?? '-'}`,
  );
  if (intent.original)
    lines.push(`  ${words.original}: ${intent.original.reference ?? '-'} ${intent.original.dateMmdd ?? ''}`.trimEnd());
  lines.push(...besides(journal, txn, options.lang));
  if (intent.reason !== undefined) lines.push(`  ${words.reason}: ${intent.reason}`);
  if (answer?.code !== undefined) lines.push(`  ${words.answer}: ${answer.code} ${answer.reference ?? ''}`.trimEnd());
  if (answer?.why !== undefined) lines.push(`  ${words.answer}: ${answer.why}`);
  if (answer?.note !== undefined)
    lines.push(`  ${words.entry}: ${answer.by ?? '-'} ${answer.reference ?? ''} ${answer.note}`);
  if (txn.resends > 0) lines.push(`  ${words.resends}: ${txn.resends}`);
  if (txn.state === 'unknown') lines.push(`  ${words.waiting} ${txn.id}\``);
  rim.print(lines.join('\n'));
}

/** The refund beside its sale, member by member. */
function besides(journal: Journal, txn: Txn, lang: Lang): string[] {
  const saleId = txn.intent.original?.txnId;
  if (saleId === undefined) return [];
  const words = WORDS[lang];
  const rows = sideBySide(txn, journal.txn(saleId), {
    amount: minor => formatAmount(minor, true),
    time: timeText,
    day: ms => timeText(ms).slice(0, 10),
  });
  return [
    `  ${words.beside}:`,
    ...rows.map(({ what, refund, original, same }) => `  ${same ? ' ' : '!'} ${words[what]}: ${refund} / ${original}`),
  ];
}

function status(
  rim: RefundRim,
  journal: Journal,
  profile: Profile,
  number: string | undefined,
  options: StatusOptions,
): void {
  const books: Books = { journal, profile, nowMs: rim.nowMs(), local: localTime };
  const refunds = number === undefined ? openRefunds(books) : findRefunds(books, number);
  if (options.json) return rim.print(JSON.stringify(refunds, null, 2));
  if (refunds.length === 0) {
    rim.print(WORDS[options.lang][number === undefined ? 'noOpen' : 'notFound']);
    return rim.setExit(number === undefined ? 0 : EXIT_REFUSED);
  }
  rim.print(refunds.map(refund => statusText(refund, profile, options.lang)).join('\n'));
}

/** The words of the terminal's screens, in lines of text. */
function statusText(refund: RefundView, profile: Profile, lang: Lang): string {
  const words = WORDS[lang];
  const answer = refund.answer[lang];
  const channel = profile.texts.words[`channel.${refund.channel}`][lang];
  const account = profile.texts.words[`account.${refund.card}`][lang];
  return [
    [
      refund.tracking,
      answer.tag,
      formatAmount(refund.amountMinor, true),
      `${channel} ${account}`.trim(),
      refund.due[lang],
    ]
      .filter(part => part !== '')
      .join('  '),
    `  ${timeText(refund.atMs)}  ${refund.masked}  ${refund.reference}`.trimEnd(),
    `  ${words.customer}: ${sentenceOf(answer, lang, 'customer')}`,
    `  ${words.cashier}: ${sentenceOf(answer, lang, 'cashier')} (${words.who}: ${answer.who})`,
  ].join('\n');
}
