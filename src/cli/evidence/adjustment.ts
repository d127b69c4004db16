import type { Case, CaseType, HeldRefund, Journal, Txn, TxnKind, TxnState } from '../../journal/journal.ts';
import { columnsOf } from '../../profile/columns.ts';
import { digits, formatAmount } from '../../units.ts';
import type { Subject } from './pack.ts';
import { timeText } from './time.ts';

/** One thought in both languages, each at most {@link PAGE_COLUMNS} wide. */
interface Words {
  readonly zh: string;
  readonly en: string;
}

/** What went wrong and what the acquirer is asked for. */
interface Wish {
  readonly wrong: Words;
  readonly ask: Words;
  /** The whole amount of the transaction is asked back; otherwise a person writes how much. */
  readonly whole?: true;
}

/** Width of the page, half-width columns. */
export const PAGE_COLUMNS = 78;
const LABEL_COLUMNS = 26;
const BLANK = '________________';
const LINE = '-'.repeat(PAGE_COLUMNS);

const BY_CASE: Readonly<Record<CaseType, Wish>> = {
  amount: {
    wrong: { zh: '退货金额与应退金额不符。', en: 'The amount that was given back is not the amount that was due.' },
    ask: { zh: '请调整差额。', en: 'Please adjust the difference.' },
  },
  card: {
    wrong: { zh: '款项退到了另一张卡。', en: 'The money went to another card than the one that paid.' },
    ask: { zh: '请调回款项,并退至原交易卡。', en: 'Please take it back and credit the card of the original.' },
    whole: true,
  },
  twice: {
    wrong: { zh: '同一笔消费重复退货。', en: 'The same sale was given back twice.' },
    ask: { zh: '请调回重复的一笔。', en: 'Please take the second one back.' },
    whole: true,
  },
  notOurs: {
    wrong: { zh: '该笔交易非本商户发起。', en: 'This merchant did not make the transaction.' },
    ask: { zh: '请查明发起方,并调回款项。', en: 'Please find out who made it, and take it back.' },
    whole: true,
  },
  fraud: {
    wrong: { zh: '疑似冒领退货款。', en: 'Somebody else than the cardholder is suspected of having the money.' },
    ask: { zh: '请止付并协助查明收款账户。', en: 'Please stop the payment and help to find the account.' },
    whole: true,
  },
  failed: {
    wrong: { zh: '退货已受理,款项未到持卡人账户。', en: 'The refund was accepted, and the money has not arrived.' },
    ask: { zh: '请查询入账情况,并重新入账。', en: 'Please find out where it is, and credit it again.' },
    whole: true,
  },
  other: {
    wrong: { zh: '见所附记录,说明如下:', en: 'See the records enclosed; in short:' },
    ask: { zh: '请查明并书面答复。', en: 'Please look into it and answer in writing.' },
  },
};

const UNKNOWN: Wish = {
  wrong: { zh: '终端未收到应答,交易结果不明。', en: 'The terminal received no answer: the outcome is unknown.' },
  ask: { zh: '请书面确认该笔是否已入账。', en: 'Please confirm in writing whether it was booked.' },
};
const BY_STATE: Readonly<Partial<Record<TxnState, Wish>>> = {
  unknown: UNKNOWN,
  open: UNKNOWN,
  reversed: {
    wrong: { zh: '终端已冲正该笔,扣款应已解除。', en: 'It was reversed: the debit should be undone.' },
    ask: {
      zh: '请核对冲正结果,未解除的请调账。',
      en: 'Please check the reversal, and put right what is still booked.',
    },
    whole: true,
  },
};

const KINDS: Readonly<Record<TxnKind, Words>> = {
  sale: { zh: '消费', en: 'sale' },
  void: { zh: '撤销', en: 'void' },
  refund: { zh: '退货', en: 'refund' },
  qrSale: { zh: '扫码消费', en: 'QR sale' },
  qrVoid: { zh: '扫码撤销', en: 'QR void' },
  qrRefund: { zh: '扫码退货', en: 'QR refund' },
};
const STATES: Readonly<Record<TxnState, Words>> = {
  open: { zh: '进行中', en: 'under way' },
  approved: { zh: '已批准', en: 'approved' },
  declined: { zh: '已拒绝', en: 'declined' },
  failed: { zh: '未发送', en: 'not sent' },
  unknown: { zh: '结果不明', en: 'unknown' },
  reversed: { zh: '已冲正', en: 'reversed' },
  voided: { zh: '已撤销', en: 'voided' },
};

/**
 * The form with which a shop asks its acquirer to put a transaction right: one page in both languages, filled in from the
 * journal as far as that knows it. What is wrong follows from the case, else from the state; else a person writes it.
 */
export function adjustmentRequest(journal: Journal, subject: Subject, anchor: string): string {
  const { txn, original } = subject;
  const hold = subject.heldId === undefined ? undefined : journal.held(subject.heldId);
  const about = caseOf(journal, subject);
  const wish = about ? BY_CASE[about.type] : txn && BY_STATE[txn.state];
  const numbers = (txn ?? original)?.intent;
  return [
    '调账申请表  ADJUSTMENT REQUEST',
    '由终端账本预填,请核对、签字盖章后交收单机构。',
    'Filled in from the terminal: compare, sign, and give it to the acquirer.',
    LINE,
    row('商户号 MERCHANT NO', numbers?.mid),
    row('终端号 TERMINAL NO', numbers?.tid),
    row('案件号 CASE NO', about && `IC${digits(about.id, 6)}`),
    row('跟踪号 TRACKING NO', trackingOf(txn, hold)),
    LINE,
    ...(txn ? facts('交易 TRANSACTION', txn) : hold ? heldFacts(hold) : []),
    ...(original ? [LINE, ...facts('原交易 ORIGINAL', original)] : []),
    LINE,
    '问题 WHAT IS WRONG',
    ...(wish ? [`  ${wish.wrong.zh}`, `  ${wish.wrong.en}`] : []),
    `  ${LINE.slice(2).replaceAll('-', '_')}`,
    '请求 WHAT IS ASKED',
    ...(wish ? [`  ${wish.ask.zh}`, `  ${wish.ask.en}`] : [`  ${LINE.slice(2).replaceAll('-', '_')}`]),
    row('申请调整金额 AMOUNT', wish?.whole && txn ? formatAmount(txn.amountMinor) : undefined),
    LINE,
    row('附件 ENCLOSED', 'summary.txt, records, slips, chain.json'),
    row('账本锚 ANCHOR', anchor),
    row('经办人 NAME', undefined),
    row('签章 SIGNATURE, STAMP', undefined),
    row('日期 DATE', undefined),
    '',
  ].join('\n');
}

/** The newest case about the transaction or its hold. */
function caseOf(journal: Journal, { txn, heldId }: Subject): Case | undefined {
  return journal.cases().findLast(({ about }) => about === txn?.id || about === heldId);
}

function trackingOf(txn: Txn | undefined, hold: HeldRefund | undefined): string | undefined {
  if (hold) return `RF${digits(hold.id, 6)}`;
  return txn && (txn.kind === 'refund' || txn.kind === 'qrRefund') ? `RF${digits(txn.id, 6)}` : undefined;
}

function facts(title: string, txn: Txn): string[] {
  const { intent, answer } = txn;
  const both = ({ zh, en }: Words): string => `${zh} ${en}`;
  return [
    row(title, `${both(KINDS[txn.kind])}, ${both(STATES[txn.state])}`),
    row('  日期时间 DATE, TIME', timeText(txn.atMs)),
    row('  参考号 REFERENCE', answer?.reference),
    row('  流水号 TRACE', digits(txn.trace, 6)),
    row('  批次号 BATCH', digits(txn.batch, 6)),
    row('  金额 AMOUNT', formatAmount(txn.amountMinor)),
    row('  卡号 CARD', intent.card?.masked ?? intent.channel),
  ];
}

function heldFacts(hold: HeldRefund): string[] {
  return [
    row('交易 TRANSACTION', '退货 refund, 未发送 not sent'),
    row('  日期时间 DATE, TIME', timeText(hold.atMs)),
    row('  金额 AMOUNT', formatAmount(hold.amountMinor)),
    row('  卡号 CARD', hold.card?.masked ?? hold.channel),
  ];
}

/** A label and what the journal knows, or room for a pen. */
function row(label: string, value: string | undefined): string {
  const filled = value === undefined || value === '' ? BLANK : value;
  return `${label}${' '.repeat(Math.max(1, LABEL_COLUMNS - columnsOf(label)))}${filled}`;
}
