import type { MessageView } from '../../iso8583/message-view.ts';
import { describeMti } from '../../iso8583/mti.ts';
import type { FieldPlan, Name } from '../../iso8583/plan.ts';
import { Status, StatusText } from '../../iso8583/status.ts';
import { mtiText, partText } from '../../iso8583/subfields.ts';
import type { Profile, Transaction } from '../../profile/schema.ts';
import { type Messages, Way } from '../../trace/kinds.ts';
import { QR_ENTRY_MODE } from '../../transaction/qr.ts';

/** What is told of one message in one line. */
export interface Row {
  /** Counts from 1 in the capture. */
  readonly number: number;
  readonly stream: number;
  /** Microseconds since 1970; 0 when the capture does not say. */
  readonly timeUs: number;
  /** In training: no money moved. */
  readonly training: boolean;
  /** It came from the acquirer. */
  readonly answer: boolean;
  /** Four digits; empty when not even they could be read. */
  readonly mti: string;
  /** Id of the transaction in the profile (`refund`); empty when none fits. */
  readonly type: string;
  readonly name: Name;
  /** Data elements 11, 41, 39; empty when absent. */
  readonly stan: string;
  readonly terminal: string;
  readonly code: string;
  /** 60.2 */
  readonly batch: string;
  /** Data element 4, minor units; -1 when absent. */
  readonly amountMinor: number;
  /** Number of the request that it answers; 0 when none is known. */
  readonly request: number;
  /** Microseconds from its request; -1 when not known. */
  readonly latencyUs: number;
  /** Why it could not be decoded to its end. */
  readonly trouble: Name | undefined;
  /** Field that is wrong then. */
  readonly troubleField: number;
}

interface Sort {
  readonly type: string;
  readonly batch: string;
}

const SORTS_MAX = 4096;
/** Requests that wait for an answer; older ones are forgotten. */
const OPEN_MAX = 65_536;
const CODE_FIELD = 39;

/** Takes the messages of a capture in their order and says of each what it is and which request it answers. */
export class Story {
  private readonly profile: Profile | undefined;
  private readonly open = new Map<string, Row>();
  private readonly sorts = new Map<string, Sort>();
  private plan: FieldPlan | undefined;

  constructor(profile: Profile | undefined) {
    this.profile = profile;
  }

  /** `view` has just decoded the message at which `messages` stands. */
  take(messages: Messages, view: MessageView, training: boolean): Row {
    const mti = view.end > view.start ? mtiText(view.mti) : '';
    const answer = messages.way === Way.unknown ? isAnswer(mti) : messages.way === Way.fromAcquirer;
    const { number, stream, timeUs } = messages;
    const stan = view.text(11);
    const terminal = view.text(41);
    const request = answer ? this.closed(mti, stan, terminal, stream) : undefined;
    const { type, batch } = this.sortOf(view, mti);
    const known = request !== undefined && family(request.type) === family(type) ? request.type : type;
    const wrong = view.status !== Status.ok;
    const row: Row = {
      number,
      stream,
      timeUs,
      training,
      answer,
      mti,
      type: known,
      name: nameOf(this.profile, known, mti),
      stan,
      terminal,
      code: view.text(CODE_FIELD),
      batch,
      amountMinor: view.amountMinor(4),
      request: request?.number ?? 0,
      latencyUs: request !== undefined && timeUs > 0 && request.timeUs > 0 ? timeUs - request.timeUs : -1,
      trouble: wrong ? StatusText[view.status] : undefined,
      troubleField: wrong ? view.errorField : 0,
    };
    if (!answer && mti !== '') this.waits(row);
    return row;
  }

  /** What kind of message it is; looked up once for all that are alike. */
  private sortOf(view: MessageView, mti: string): Sort {
    if (view.plan !== this.plan || this.sorts.size > SORTS_MAX) {
      this.sorts.clear();
      this.plan = view.plan;
    }
    const key = `${mti} ${view.text(3)} ${view.text(22)} ${view.text(60)}`;
    let sort = this.sorts.get(key);
    if (sort === undefined) {
      const type = transactionOf(this.profile, view, mti) ?? '';
      sort = { type, batch: partText(view.plan, view, '60.2') };
      this.sorts.set(key, sort);
    }
    return sort;
  }

  private waits(row: Row): void {
    const key = keyOf(row.mti, row.stan, row.terminal, row.stream);
    this.open.delete(key);
    this.open.set(key, row);
    if (this.open.size <= OPEN_MAX) return;
    for (const oldest of this.open.keys()) {
      this.open.delete(oldest);
      return;
    }
  }

  private closed(mti: string, stan: string, terminal: string, stream: number): Row | undefined {
    const key = keyOf(requestMti(mti), stan, terminal, stream);
    const request = this.open.get(key);
    this.open.delete(key);
    return request;
  }
}

/** An answer may come over another connection than its request; without a trace number only the connection tells. */
function keyOf(mti: string, stan: string, terminal: string, stream: number): string {
  return stan === '' ? `${mti.slice(0, 3)} # ${stream}` : `${mti.slice(0, 3)} ${stan} ${terminal}`;
}

/** `0210` → `0200` */
export function requestMti(mti: string): string {
  const what = Number(mti[2]);
  return what % 2 === 1 ? `${mti.slice(0, 2)}${what - 1}${mti.slice(3)}` : mti;
}

const isAnswer = (mti: string): boolean => Number(mti[2] ?? 0) % 2 === 1;

/** Transactions that look alike in an answer: the same without the way in which the customer paid. */
const family = (type: string): string => type.replace(/^qr/, '').toLowerCase();

/**
 * Id of the transaction of the profile that a message belongs to: same message type and processing code, and of several the
 * one whose 60.1 and 60.3 fit best. Undefined when none fits.
 */
export function transactionOf(profile: Profile | undefined, view: MessageView, mti: string): string | undefined {
  if (profile === undefined || mti === '') return undefined;
  const first = `${mti.slice(0, 3)}0`;
  const code = view.text(3);
  const type60 = partText(view.plan, view, '60.1');
  const info60 = partText(view.plan, view, '60.3');
  const scanned = view.text(22) === QR_ENTRY_MODE;
  let best: string | undefined;
  let most = -1;
  for (const [id, transaction] of Object.entries(profile.transactions)) {
    const { mti: asks, answer, processingCode } = transaction;
    if (asks !== first && answer !== first) continue;
    if (code !== '' && processingCode !== undefined && processingCode !== code) continue;
    let fits = processingCode !== undefined && processingCode === code ? 4 : 0;
    if (type60 !== '' && type60 === transaction.type60) fits += 2;
    if (info60 !== '' && fitsInfo(transaction, info60)) fits += 1;
    if (scanned === id.startsWith('qr')) fits += 1;
    if (fits > most) [best, most] = [id, fits];
  }
  return best;
}

/** 60.3 of a sign-on is the key mode, which the code table does not name. */
function fitsInfo({ info60, info60Unbalanced }: Transaction, there: string): boolean {
  return info60 === there || info60Unbalanced === there;
}

const FUNCTION = {
  request: { zh: '请求', en: 'request' },
  answer: { zh: '应答', en: 'response' },
} as const;
const UNREADABLE: Name = { zh: '无法识别', en: 'not readable' };

/** `refund response`, `退货应答`; without a profile the words of the message type. */
function nameOf(profile: Profile | undefined, type: string, mti: string): Name {
  if (mti === '') return UNREADABLE;
  const what = isAnswer(mti) ? FUNCTION.answer : FUNCTION.request;
  const known = profile !== undefined && type !== '' ? profile.transactions[type].name : undefined;
  if (known !== undefined) return { zh: known.zh + what.zh, en: `${lower(known.en)} ${what.en}` };
  const { class: about } = describeMti(mti);
  return {
    zh: `${mti} ${about?.zh ?? ''}${what.zh}`,
    en: `${mti} ${about === undefined ? '' : `${about.en} `}${what.en}`,
  };
}

const SHORT: ReadonlySet<string> = new Set(['QR', 'IC', 'TC', 'PIN']);
/** Texts of terminals are in capitals; what is short for something stays so. */
const lower = (text: string): string => text.replace(/[A-Z]+/g, word => (SHORT.has(word) ? word : word.toLowerCase()));
