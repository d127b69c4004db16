import { columnsOf } from '../wire/gbk.ts';
import type { CalendarDay, Due } from './calendar.ts';
import { type AnswerRow, FIXED, type Lines, type Row, row, WAIT_EN, WAIT_ZH, WHO, type Who } from './arrival-words.ts';
import type { AccountKind } from './arrival-account.ts';
import type { Channel } from './refund-policy.ts';
import type { RefundState } from './refund-life.ts';

export type { AnswerRow, Who };

/** Columns of a line of the screen; a Chinese character takes two. */
const LINE_COLUMNS = 16;

/** Words of one language; every line fits the screen. */
export interface AnswerText {
  /** State in one word, at most 10 columns. */
  readonly tag: string;
  /** What the cashier tells the customer. */
  readonly line2: string;
  readonly line3: string;
  /** What the cashier does. */
  readonly do2: string;
  readonly do3: string;
  readonly who: string;
}

export interface Answer {
  readonly row: AnswerRow;
  readonly who: Who;
  /** Last day of the usual time, when it is known. */
  readonly due?: CalendarDay;
  readonly zh: AnswerText;
  readonly en: AnswerText;
}

/** What decides the answer. */
export interface Question {
  /** `VOIDED`: the sale was voided, there is no refund. */
  readonly state: RefundState | 'VOIDED';
  readonly channel: Channel;
  readonly card: AccountKind;
  readonly due?: Due;
  /** The usual time is over, the latest not yet. */
  readonly slow?: boolean;
  /** The latest time is over. */
  readonly late?: boolean;
  /** The channel waits until the merchant has money there. */
  readonly lowBalance?: boolean;
  /** Paid with a phone: the account is that of the card behind it. */
  readonly phone?: boolean;
  /** Of a declined one: code and texts of the profile (text at most 12 columns, action at most 16). */
  readonly code?: { readonly code: string; readonly zh: string; readonly en: string; readonly actionZh: string; readonly actionEn: string }; // prettier-ignore
}

/**
 * Why the money is not there yet, or where it is: one answer for the customer, one for the cashier, and who acts. The same
 * words for screen, slip and command line. Chosen by state, channel, kind of card and due time.
 */
export function explainArrival(question: Question): Answer {
  const { due } = question;
  const { name, made } = rowOf(question);
  const text = (language: 'zh' | 'en'): AnswerText => {
    const { tag, say, act } = made[language];
    return { tag, line2: say[0], line3: say[1], do2: act[0], do3: act[1], who: WHO[made.who][language] };
  };
  return { row: name, who: made.who, ...(due?.day ? { due: due.day } : {}), zh: text('zh'), en: text('en') };
}

/** The two lines for the customer, or for the cashier, as one sentence. */
export function sentenceOf(text: AnswerText, language: 'zh' | 'en', forWhom: 'customer' | 'cashier'): string {
  const [first, second] = forWhom === 'customer' ? [text.line2, text.line3] : [text.do2, text.do3];
  return `${first}${language === 'zh' || second === '' ? '' : ' '}${second}`;
}

const WAITING: Readonly<Partial<Record<Question['state'], AnswerRow & keyof typeof FIXED>>> = {
  AWAIT_APPROVAL: 'awaiting',
  HELD: 'held',
  STOPPED: 'stopped',
  SENT: 'sending',
  UNKNOWN: 'unknown',
  FAILED: 'failed',
  CLOSED: 'closed',
  ABNORMAL: 'abnormal',
  REDIRECTED: 'redirected',
  ARRIVED: 'arrived',
  MANUAL: 'manual',
  EXTERNAL: 'external',
  VOIDED: 'voided',
};

function rowOf(question: Question): { readonly name: AnswerRow; readonly made: Row } {
  const { state, channel, card, due } = question;
  const fixed = (name: AnswerRow & keyof typeof FIXED): { name: AnswerRow; made: Row } => ({ name, made: FIXED[name] });
  if (state === 'DECLINED') return { name: 'declined', made: declined(question.code) };
  const waiting = WAITING[state];
  if (waiting !== undefined) return fixed(waiting);
  // ACCEPTED and CLEARED: on its way.
  if (question.late) return fixed('late');
  if (state === 'CLEARED') return fixed('cleared');
  if (question.lowBalance) return fixed('lowBalance');
  if (question.slow && due) return { name: 'slow', made: slow(due) };
  if (question.phone) return fixed('phone');
  if (card === 'balance') return { name: 'balance', made: balance(channel, due) };
  if (due?.holiday && due.day) return { name: 'holiday', made: holiday(due.day) };
  if (card === 'credit') return { name: 'credit', made: credit(due) };
  if (card === 'unknown') return { name: 'either', made: either(due) };
  if (card === 'foreign') return { name: 'foreign', made: foreign(due) };
  return { name: 'debit', made: debit(due) };
}

function declined(code: Question['code']): Row {
  const known = code ?? { code: '--', zh: '银行未受理', en: 'NOT ACCEPTED', actionZh: '', actionEn: '' };
  return row(
    'cashier',
    ['未成功', [`[${known.code}]${known.zh}`, known.actionZh || '请核对后重新办理'], [known.actionZh || '请核对后重新办理', '款项未退']],
    ['DECLINED', [`[${known.code}]${known.en}`, known.actionEn || 'CHECK AND REDO'], [known.actionEn || 'CHECK AND REDO', 'NO MONEY MOVED']],
  ); // prettier-ignore
}

const waits = (zh: Lines, en: Lines): Row => row('customer', ['处理中', zh, WAIT_ZH], ['PENDING', en, WAIT_EN]);

function debit(due?: Due): Row {
  const zh = span(due, '至') ?? '数';
  const en = span(due, '-') ?? 'SOME';
  return waits(
    fitting([`银行处理中,${zh}`, '个工作日到账'], ['银行正在处理,', `${zh}个工作日`]),
    fitting([`BANK POSTS IT IN`, `${en} WORKDAYS`]),
  );
}

function credit(due?: Due): Row {
  const zh = span(due, '至') ?? '数';
  const en = span(due, '-') ?? 'SOME';
  return row(
    'customer',
    ['处理中', fitting([`信用卡${zh}个工作`, '日,账单显示贷记'], [`${zh}个工作日,`, '信用卡账单显贷记']), ['请顾客看账单的', '贷记,不是现金']],
    ['PENDING', fitting(['CREDIT ON STMT IN', `${en} WORKDAYS`], [`${en} WORKDAYS`, 'CREDIT ON STMT']), ['CUSTOMER READS', 'THE STATEMENT']],
  ); // prettier-ignore
}

/** Nobody here knows whether it is a debit or a credit card. */
function either(due?: Due): Row {
  const zh = span(due, '至') ?? '数';
  const en = span(due, '-') ?? 'SOME';
  return waits(
    fitting([`${zh}个工作日,`, '信用卡看账单贷记']),
    fitting([`IN ${en} WORKDAYS`, 'CREDIT CARD:STMT'], [`${en} WORKDAYS`, 'CREDIT CARD:STMT']),
  );
}

function foreign(due?: Due): Row {
  const most = due ? String(due.usualMax) : '数';
  return waits(fitting(['境外卡处理较慢,', `约${most}个工作日到账`], ['境外卡处理较慢,', `约${most}个工作日`]), [
    'FOREIGN CARD:',
    due ? `${due.usualMax} WORKDAYS` : 'TAKES LONGER',
  ]);
}

function holiday(day: CalendarDay): Row {
  return waits(['遇节假日顺延,', `约${monthDay(day)}前到账`], ['HOLIDAY BETWEEN', `DUE BY ${monthDay(day)}`]);
}

function balance(channel: Channel, due?: Due): Row {
  const zh = channel === 'wechat' ? '零钱' : '余额';
  if (!due || due.unit !== 'minutes' || due.usualMax === 0)
    return waits([`退回${zh}通常`, '即时到账'], ['TO THE BALANCE', 'USUALLY AT ONCE']);
  return waits(
    fitting(
      [`退回${zh}通常${due.usualMin}至`, `${due.usualMax}分钟到账`],
      [`退回${zh}通常`, `${due.usualMax}分钟到账`],
    ),
    ['TO THE BALANCE', `${due.usualMin}-${due.usualMax} MINUTES`],
  );
}

function slow(due: Due): Row {
  const [zh, en] =
    due.unit === 'minutes'
      ? [`最迟${due.latest}分钟到账`, `LATEST ${due.latest} MIN`]
      : due.latestDay
        ? [`最迟${monthDay(due.latestDay)}到账`, `LATEST ${monthDay(due.latestDay)}`]
        : [`最迟${due.latest}个工作日`, `WITHIN ${due.latest} DAYS`];
  return waits(['比平常慢,请再等', zh], ['IT TAKES LONGER', en]);
}

/** When the money should be there, for the second line of a slip or screen: a date, or a number when no date can be said. */
export function dueText(due: Due): { readonly zh: string; readonly en: string } {
  if (due.unit === 'minutes')
    return due.usualMax === 0
      ? { zh: '通常即时到账', en: 'DUE AT ONCE' }
      : { zh: `约${due.usualMax}分钟内到账`, en: `DUE IN ${due.usualMax} MIN` };
  if (due.day) return { zh: `约${monthDay(due.day)}前到账`, en: `DUE BY ${monthDay(due.day)}` };
  return { zh: `约${due.usualMax}个工作日`, en: `${due.usualMax} WORKDAYS` };
}

/** `1至3`, or `3` when both are equal. */
function span(due: Due | undefined, between: string): string | undefined {
  if (!due) return undefined;
  return due.usualMin === due.usualMax ? String(due.usualMax) : `${due.usualMin}${between}${due.usualMax}`;
}

/** `11/26` */
function monthDay({ month, day }: CalendarDay): string {
  return `${String(month).padStart(2, '0')}/${String(day).padStart(2, '0')}`;
}

/** The first form whose lines both fit the screen; the last one when none does. */
function fitting(...forms: readonly [Lines, ...Lines[]]): Lines {
  return forms.find(form => form.every(line => columnsOf(line) <= LINE_COLUMNS)) ?? forms[forms.length - 1];
}
