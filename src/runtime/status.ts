import type { LocalTime } from '../hal/hal.ts';
import {
  channelOf,
  type ExternalRefund,
  type HeldRefund,
  type Journal,
  KIND_RULES,
  type Life,
  type Txn,
} from '../journal/journal.ts';
import type { Profile } from '../profile/schema.ts';
import { dueText, explainArrival } from '../transaction/arrival.ts';
import { progressOf } from '../transaction/calendar.ts';
import type { AccountKind } from '../transaction/arrival-account.ts';
import type { Channel } from '../transaction/refund-policy.ts';
import { nextRefundState, refundStateOf, type RefundState } from '../transaction/refund-life.ts';
import type { RefundView } from '../terminal/refund-desk.ts';
import { accountOf } from './records.ts';
import { digits } from '../units.ts';

/** Where each refund is: found by whatever the customer has in hand, with the words for both sides of the counter. */

/** What the answers are read from; the same for the terminal and for the command line. */
export interface Books {
  readonly journal: Journal;
  readonly profile: Pick<Profile, 'policy' | 'responses'>;
  readonly nowMs: number;
  /** Local time of the shop. */
  local(ms: number): LocalTime;
}

/** Most refunds of one answer, and how far back the last four digits of a card are looked for. */
const HITS_MAX = 30;
const CARDS_LOOKED_AT = 1000;

/** `RF000123`: the number of the hold, or of the refund that was sent at once. */
export const trackingText = (id: number): string => `RF${digits(id, 6)}`;

/** States that a person may enter for a refund, in the order of the keys 1–6. */
export const LIFE_ENTRIES = ['arrived', 'cleared', 'abnormal', 'redirected', 'closed', 'manual'] as const;

/** May `entry` follow on `state`, as the word of a person who knows? */
export function mayEnter(state: RefundState | 'VOIDED', entry: Life['state']): boolean {
  return (
    state !== 'VOIDED' &&
    entry !== 'processing' &&
    nextRefundState(state, { event: entry, source: 'supervisor' }) !== undefined
  );
}

/** Where a refund with a transaction is, by the books alone. */
export function viewState(journal: Journal, txn: Txn): RefundState {
  const life = journal.life(txn.id);
  return refundStateOf({ txn: txn.state, ...(life === undefined ? {} : { life: life.state }) });
}

/** A refund that has a transaction, whatever became of it. */
export function viewOfTxn(books: Books, txn: Txn): RefundView {
  const { journal } = books;
  const held = txn.intent.heldId;
  const life = journal.life(txn.id);
  const state = viewState(journal, txn);
  return view(books, {
    id: txn.id,
    tracking: trackingText(held ?? txn.id),
    state,
    amountMinor: txn.amountMinor,
    channel: channelOf(txn),
    masked: txn.intent.card?.masked ?? '',
    reference: txn.answer?.reference ?? '',
    atMs: txn.atMs,
    operator: txn.intent.operator,
    ...(txn.intent.approver === undefined ? {} : { approver: txn.intent.approver }),
    ...(txn.intent.original?.txnId === undefined ? {} : { originalId: txn.intent.original.txnId }),
    card: accountOf(journal, txn),
    ...(txn.answer?.code === undefined ? {} : { code: txn.answer.code }),
    ...(life === undefined ? {} : { life }),
  });
}

/** A refund that was decided and has not gone out. */
export function viewOfHold(books: Books, hold: HeldRefund): RefundView {
  const sent = hold.txnId === undefined ? undefined : books.journal.txn(hold.txnId);
  if (sent) return viewOfTxn(books, sent);
  return view(books, {
    id: hold.id,
    tracking: trackingText(hold.id),
    state: refundStateOf({ hold: hold.state }),
    amountMinor: hold.amountMinor,
    channel: hold.channel,
    masked: hold.card?.masked ?? '',
    reference: '',
    atMs: hold.atMs,
    operator: hold.operator,
    ...(hold.approver === undefined ? {} : { approver: hold.approver }),
    ...(hold.original.txnId === undefined ? {} : { originalId: hold.original.txnId }),
    card: accountOfOriginal(books, hold.channel, hold.original.txnId),
  });
}

/** Money that was given back by another way. */
export function viewOfExternal(books: Books, external: ExternalRefund): RefundView {
  return view(books, {
    id: external.id,
    tracking: trackingText(external.id),
    state: 'EXTERNAL',
    amountMinor: external.amountMinor,
    channel: 'card',
    masked: '',
    reference: external.proof,
    atMs: external.atMs,
    operator: external.operator,
    ...(external.original.txnId === undefined ? {} : { originalId: external.original.txnId }),
    card: accountOfOriginal(books, 'card', external.original.txnId),
  });
}

/** A voided sale: no refund, and customers ask for it all the same. */
function viewOfVoided(books: Books, sale: Txn): RefundView {
  return view(books, {
    id: sale.id,
    tracking: digits(sale.trace, 6),
    state: 'VOIDED',
    amountMinor: sale.amountMinor,
    channel: channelOf(sale),
    masked: sale.intent.card?.masked ?? '',
    reference: sale.answer?.reference ?? '',
    atMs: sale.atMs,
    operator: sale.intent.operator,
    originalId: sale.id,
    card: accountOf(books.journal, sale),
  });
}

type Facts = Omit<RefundView, 'answer' | 'due' | 'at' | 'late'> & {
  readonly atMs: number;
  readonly code?: string;
  readonly life?: Life;
};

function view(books: Books, { code, life, ...facts }: Facts): RefundView {
  const { policy, responses } = books.profile;
  const { card } = facts;
  const at = books.local(facts.atMs);
  const { due, slow, late } = progressOf(policy, {
    channel: facts.channel,
    card,
    sentMs: facts.atMs,
    sent: at,
    nowMs: books.nowMs,
    now: books.local(books.nowMs),
  });
  const waits = facts.state === 'ACCEPTED' || facts.state === 'CLEARED' || facts.state === 'REDIRECTED';
  const response = code === undefined ? undefined : responses[code];
  return {
    ...facts,
    at,
    late: waits && late,
    due: waits ? dueText(due) : { zh: '', en: '' },
    answer: explainArrival({
      state: facts.state,
      channel: facts.channel,
      card,
      ...(waits ? { due, slow, late } : {}),
      ...(life?.state === 'processing' && life.note === 'low-balance' ? { lowBalance: true } : {}),
      ...(code === undefined || facts.state !== 'DECLINED'
        ? {}
        : {
            code: response
              ? { code, ...response }
              : { code, zh: '未知应答', en: 'UNKNOWN CODE', actionZh: '请联系收单机构', actionEn: 'CALL ACQUIRER' },
          }),
    }),
  };
}

/** Where the money of a refund that was not sent arrives: as its sale says. */
function accountOfOriginal(books: Books, channel: Channel, originalId: number | undefined): AccountKind {
  if (channel === 'wechat' || channel === 'alipay') return 'balance';
  const sale = originalId === undefined ? undefined : books.journal.txn(originalId);
  return sale ? accountOf(books.journal, sale) : 'unknown';
}

/**
 * Refunds by what somebody types or reads: tracking number (RF or its digits), voucher of the refund or of its sale, last
 * four digits of the card, reference number. Newest first, each once, at most {@link HITS_MAX}.
 */
export function findRefunds(books: Books, text: string): RefundView[] {
  const hits = new Hits(books);
  const tracking = /^RF(\d{1,12})$/i.exec(text);
  const number = tracking?.[1] ?? (/^\d{1,12}$/.test(text) ? text : undefined);
  if (number !== undefined) hits.byNumber(Number(number));
  if (tracking === null && /^\d{1,6}$/.test(text)) hits.byVoucher(Number(text));
  if (/^\d{4}$/.test(text)) hits.byLastFour(text);
  if (/^[0-9A-Za-z]{12}$/.test(text)) for (const txn of books.journal.byReference(text)) hits.about(txn);
  return hits.list();
}

/** All that a transaction has to do with refunds: itself, or those of its sale. */
export function refundsAbout(books: Books, txn: Txn): RefundView[] {
  const hits = new Hits(books);
  hits.about(txn);
  return hits.list();
}

/** Refunds that are on their way or wait for somebody, newest first: what the shop owes its customers an answer for. */
export function openRefunds(books: Books): RefundView[] {
  const hits = new Hits(books);
  for (const hold of books.journal.heldRefunds()) hits.hold(hold);
  for (const kind of ['refund', 'qrRefund'] as const)
    for (const txn of books.journal.list({ kind, limit: CARDS_LOOKED_AT }))
      if (txn.state === 'approved' || txn.state === 'unknown' || txn.state === 'open') hits.refund(txn);
  return hits.list(CARDS_LOOKED_AT).filter(({ state }) => !SETTLED.has(state));
}

const SETTLED: ReadonlySet<RefundView['state']> = new Set([
  'ARRIVED',
  'STOPPED',
  'DECLINED',
  'FAILED',
  'EXTERNAL',
  'VOIDED',
  'CLOSED',
]);

class Hits {
  private readonly books: Books;
  private readonly found = new Map<string, RefundView>();

  constructor(books: Books) {
    this.books = books;
  }

  list(most = HITS_MAX): RefundView[] {
    return [...this.found.values()].sort((a, b) => b.atMs - a.atMs || b.id - a.id).slice(0, most);
  }

  refund(txn: Txn): void {
    this.add(viewOfTxn(this.books, txn));
  }

  hold(hold: HeldRefund): void {
    this.add(viewOfHold(this.books, hold));
  }

  byNumber(id: number): void {
    const { journal } = this.books;
    const txn = journal.txn(id);
    if (txn && KIND_RULES[txn.kind].act === 'refund') this.refund(txn);
    const hold = journal.held(id);
    if (hold) this.hold(hold);
  }

  byVoucher(voucher: number): void {
    for (const txn of this.books.journal.byVoucherEver(voucher)) this.about(txn);
  }

  byLastFour(lastFour: string): void {
    const { journal } = this.books;
    for (const txn of journal.list({ kind: 'refund', limit: CARDS_LOOKED_AT }))
      if (txn.intent.card?.masked.endsWith(lastFour)) this.refund(txn);
    for (const hold of journal.holdList(CARDS_LOOKED_AT)) if (hold.card?.masked.endsWith(lastFour)) this.hold(hold);
  }

  about(txn: Txn): void {
    const { journal } = this.books;
    const { act } = KIND_RULES[txn.kind];
    if (act === 'refund') return this.refund(txn);
    if (act !== 'sale') return;
    if (txn.state === 'voided') this.add(viewOfVoided(this.books, txn));
    for (const refund of journal.refundsOf(txn.id)) this.refund(refund);
    for (const hold of journal.holdsOf({ txnId: txn.id })) this.hold(hold);
    for (const external of journal.externalsOf({ txnId: txn.id })) this.add(viewOfExternal(this.books, external));
  }

  private add(one: RefundView): void {
    this.found.set(one.tracking, one);
  }
}

/** One difference between a refund and its sale, as short texts for both; `same` says that nothing is odd. */
export interface Difference {
  readonly what: 'amount' | 'card' | 'time' | 'operator';
  readonly refund: string;
  readonly original: string;
  readonly same: boolean;
}

/** Amount, card, time and operator of a refund beside those of its sale. Amounts differ, and operators, in many right ones too. */
export function sideBySide(refund: Txn, original: Txn | undefined, texts: SideTexts): Difference[] {
  const none = '-';
  const pair = (what: Difference['what'], mine: string, its: string | undefined, same: boolean): Difference => ({
    what,
    refund: mine,
    original: its ?? none,
    same,
  });
  const card = refund.intent.card;
  const paid = original?.intent.card;
  return [
    pair(
      'amount',
      texts.amount(refund.amountMinor),
      original && texts.amount(original.amountMinor),
      refund.amountMinor === original?.amountMinor,
    ),
    pair('card', card?.masked ?? none, paid?.masked, original !== undefined && card?.token === paid?.token),
    pair(
      'time',
      texts.time(refund.atMs),
      original && texts.time(original.atMs),
      original !== undefined && texts.day(refund.atMs) === texts.day(original.atMs),
    ),
    pair(
      'operator',
      refund.intent.operator,
      original?.intent.operator,
      original !== undefined && refund.intent.operator === original.intent.operator,
    ),
  ];
}

/** How numbers and times are written where the two stand side by side. */
export interface SideTexts {
  amount(minor: number): string;
  /** At most 16 columns. */
  time(ms: number): string;
  /** Equal for two moments of one day. */
  day(ms: number): string;
}
