import { type Fault, fault, faultText } from '../fault.ts';
import { channelOf, type Intent, KIND_RULES, type Life, type OriginalRef, type Txn } from '../journal/journal.ts';
import type { ScanPayment } from '../profile/profile.ts';
import type { Done, Draft } from '../terminal/types.ts';
import { SIGN_ON_AGAIN } from '../transaction/answers.ts';
import {
  inquiryElements,
  QR_ENTRY_MODE,
  qrElements,
  ruleOf,
  orderDate,
  tagged,
  type Wallet,
} from '../transaction/qr.ts';
import { type OriginalFacts, reversalFields } from '../transaction/requests.ts';
import { digits } from '../units.ts';
import { codesOf, contextOf } from './context.ts';
import { type Outcome, prepare, send } from './exchange.ts';
import { decisionOf } from './judgement.ts';
import { book, clearTheWay, failure, promptOf, unknown } from './money.ts';
import { originalOf } from './original.ts';
import { KEPT_CODE, payCodeOf, recordView } from './records.ts';
import { answered, privateTexts } from './private-elements.ts';
import { forgetCard, type Shop } from './shop.ts';
import type { Task } from './task.ts';

const KINDS = { sale: 'qrSale', void: 'qrVoid', refund: 'qrRefund' } as const;

/** Which wallet a scanned payer's code belongs to; it is kept for the sale that follows. E45 for what is no such code. */
export function readCode(shop: Shop, scanned: string): Done {
  const rule = ruleOf(shop.profile.acquirer.scanPayment?.codes ?? [], scanned);
  if (!rule) return { type: 'DONE', outcome: 'badCode', prompt: 'E45' };
  shop.payCode = scanned.trim();
  return { type: 'DONE', outcome: 'ok', channel: rule.wallet };
}

/** What an order number of a wallet says: its sale when this journal holds it, otherwise wallet and day. */
export function readOrder(
  shop: Shop,
  scanned: string,
): { txn?: Txn; wallet: Wallet; order: string; date: string } | undefined {
  const order = scanned.trim();
  const rule = ruleOf(shop.profile.acquirer.scanPayment?.orders ?? [], order);
  const txn = shop.journal.byOrder(order).find(one => KIND_RULES[one.kind].act === 'sale');
  const date = rule && orderDate(order, rule.dateAt);
  if (txn) {
    const channel = channelOf(txn);
    if (channel !== 'card') return { txn, wallet: channel, order, date: date ?? '' };
  }
  return rule && date !== undefined ? { wallet: rule.wallet, order, date } : undefined;
}

/**
 * Scan sale, void and refund in the order of all money: reversal owed first, intent on disk, send, outcome on disk. A sale
 * whose customer must confirm comes back as `waiting`, its intent open; {@link inquireSale} and {@link closeSale} end it.
 */
export function* qrOnline(shop: Shop, draft: Draft, findings: readonly string[] = []): Task<Done> {
  const before = yield* clearTheWay(shop);
  if (before) return before;
  if (draft.resend !== undefined) return yield* resend(shop, draft.resend);
  const made = intentOf(shop, draft, findings);
  if ('type' in made) return made;
  const { intent, privateTexts, original } = made;
  const elements = qrElements({
    act: draft.kind,
    codes: codesOf(shop, intent.kind),
    context: contextOf(shop, intent.batch),
    trace: intent.trace,
    amountMinor: intent.amountMinor,
    ...(original ? { original } : {}),
    privateTexts,
    organisation: shop.profile.acquirer.cardOrganisation63,
  });
  const ready = yield* prepare(shop, elements);
  if ('cause' in ready) return failure(ready);
  const kept = tagged(KEPT_CODE.tag, shop.payCode ?? '');
  const begun = shop.journal.appendIntent(shop.hal.clock.nowMs(), {
    ...intent,
    fields: { ...reversalFields(elements), ...(draft.kind === 'sale' ? { '59': kept } : {}) },
  });
  forgetCard(shop);
  if (!begun.ok) {
    shop.hal.log.warn({ event: 'refused', fault: begun.fault.name }, faultText(begun.fault));
    return { type: 'DONE', outcome: 'failed', prompt: promptOf(begun.fault), fault: begun.fault };
  }
  const answer = yield* send(shop, ready, {
    everyCode: true,
    refund: draft.kind === 'refund',
    progress: secondsLeft => ({ stage: 'waiting', secondsLeft }),
  });
  return yield* judge(shop, begun.value, answer);
}

interface Made {
  readonly intent: Omit<Intent, 'fields'>;
  readonly original?: OriginalFacts;
  readonly privateTexts: ReadonlyMap<number, string>;
}

function intentOf(shop: Shop, draft: Draft, findings: readonly string[]): Made | Done {
  const { scanPayment } = shop.profile.acquirer;
  const wallet = draft.channel;
  if (!scanPayment || !wallet) return { type: 'DONE', outcome: 'failed', prompt: 'E39' };
  if (draft.kind === 'sale' && shop.payCode === undefined) return { type: 'DONE', outcome: 'failed', prompt: 'E45' };
  const original = draft.kind === 'sale' ? undefined : originalFacts(shop, draft);
  const known = qrOriginalRef(shop, draft);
  const batch = shop.journal.batch();
  const trace = shop.journal.nextTrace();
  return {
    intent: {
      kind: KINDS[draft.kind],
      channel: wallet,
      amountMinor: draft.amountMinor,
      batch,
      trace,
      ...decisionOf(shop, draft, findings),
      ...(draft.heldId === undefined ? {} : { heldId: draft.heldId }),
      entryMode: QR_ENTRY_MODE,
      ...(known ? { original: known } : {}),
      tid: shop.profile.merchant.terminalNo,
      mid: shop.profile.merchant.merchantNo,
    },
    ...(original ? { original } : {}),
    privateTexts: privateTexts(shop, scanPayment, draft.kind, wallet, {
      batch,
      trace,
      payCode: shop.payCode,
      order: known?.order,
    }),
  };
}

/** The payment that is undone, when this journal holds it. */
function saleOf(shop: Shop, { original }: Draft): Txn | undefined {
  return original === undefined || original.foreign ? undefined : shop.journal.txn(original.id);
}

/** 37 and 61: from the record; of a sale of another terminal the reference is not known and 61 has the day alone. */
function originalFacts(shop: Shop, draft: Draft): OriginalFacts {
  const sale = saleOf(shop, draft);
  if (sale) return originalOf(shop, sale);
  return { reference: '0'.repeat(12), date: draft.date ?? '' };
}

/**
 * What the journal knows the original by. A sale of another terminal is told from others by the end of its order number,
 * which stands for the reference that nobody knows. Held or sent, it is the same.
 */
export function qrOriginalRef(shop: Shop, draft: Draft): OriginalRef | undefined {
  if (draft.kind === 'sale') return undefined;
  const sale = saleOf(shop, draft);
  const facts = originalFacts(shop, draft);
  const order = sale?.answer?.order ?? draft.order;
  return {
    ...(sale ? { txnId: sale.id, amountMinor: sale.amountMinor } : {}),
    ...(facts.batch === undefined ? {} : { batch: facts.batch }),
    ...(facts.trace === undefined ? {} : { trace: facts.trace }),
    ...(facts.date === undefined ? {} : { dateMmdd: facts.date }),
    reference: sale || order === undefined ? facts.reference : order.slice(-12),
    ...(order === undefined ? {} : { order }),
  };
}

const ORDER = /^[0-9A-Za-z]{1,32}$/;

function orderOf(shop: Shop): string | undefined {
  const order = answered(shop, shop.profile.acquirer.scanPayment?.order);
  return order !== undefined && ORDER.test(order) ? order : undefined;
}

/** The answer to the request itself. Where it leaves the outcome open, the acquirer is asked before anything is undone. */
function* judge(shop: Shop, txn: Txn, answer: Outcome): Task<Done> {
  const sale = KIND_RULES[txn.kind].act === 'sale';
  if (answer.kind === 'answered' && sale && waits(shop, answer.code)) return waiting(shop, txn);
  if (answer.kind === 'answered' && answer.meaning.kind !== 'unknown')
    return yield* book(shop, txn, answer, undefined, sale ? orderOf(shop) : undefined);
  const open = answer.kind === 'answered' ? codeUnknown(answer.code, answer.meaning.en) : answer;
  if (open.kind === 'notSent' || open.why === 'badMac' || open.why === 'mismatch')
    return yield* book(shop, txn, open, undefined);
  const found = yield* inquire(shop, txn, 'unsure');
  if (found === 'waiting' && sale) return waiting(shop, txn);
  return typeof found === 'object' ? yield* found.end : yield* book(shop, txn, open, undefined);
}

const waits = (shop: Shop, code: string): boolean =>
  shop.profile.acquirer.scanPayment?.waitCodes.includes(code) ?? false;

function codeUnknown(code: string, text: string): Extract<Outcome, { kind: 'unknown' }> {
  return {
    kind: 'unknown',
    why: 'hostUnknown',
    fault: fault('E_EXTENDED', `code-${code}`, `the acquirer answered ${code}: ${text}`, 'Wait for the result'),
  };
}

function waiting(shop: Shop, txn: Txn): Done {
  const channel = channelOf(txn);
  return {
    type: 'DONE',
    outcome: 'waiting',
    record: recordView(shop, txn),
    ...(channel === 'card' ? {} : { channel }),
  };
}

/** What an inquiry brought: a known end with what is to be done about it, a customer who has not confirmed, or nothing. */
type Found = { readonly end: Task<Done> } | 'waiting' | 'nothing';

/** Asks the acquirer what became of a transaction (qrInquiry). Only an answer with a right MAC and a known word counts. */
function* inquire(shop: Shop, txn: Txn, stage: 'unsure' | 'confirming'): Task<Found> {
  const state = yield* stateOf(shop, txn, stage);
  if (state === undefined) return 'nothing';
  switch (state.word) {
    case 'waiting':
      return 'waiting';
    case 'notFound':
      return 'nothing';
    case 'failed':
      return state.code === undefined ? 'nothing' : { end: declined(shop, txn, state.code) };
    case 'paid':
      return { end: accepted(shop, txn) };
    case 'closed':
      // Nothing was paid: a sale is reversed, a void or refund is for a person.
      return 'nothing';
    default:
      // Where the money of a refund is says that it was accepted; of a sale or void such a word says nothing.
      return KIND_RULES[txn.kind].act === 'refund' ? { end: accepted(shop, txn) } : 'nothing';
  }
}

type InquiryWord = NonNullable<ScanPayment['inquiry']>['words'][string];

/** The state of a transaction at the acquirer, or undefined when there is no inquiry or no answer that can be used. */
function* stateOf(
  shop: Shop,
  txn: Txn,
  stage: 'unsure' | 'confirming',
): Task<{ readonly word: InquiryWord; readonly code?: string } | undefined> {
  const { scanPayment } = shop.profile.acquirer;
  const channel = channelOf(txn);
  if (!scanPayment?.inquiry || channel === 'card' || !shop.profile.transactions.qrInquiry?.enabled) return undefined;
  const order = txn.answer?.order ?? txn.intent.original?.order;
  const { batch, trace } = txn;
  const payCode = payCodeOf(shop, txn);
  const ready = yield* prepare(
    shop,
    inquiryElements(
      codesOf(shop, 'qrInquiry'),
      contextOf(shop, shop.journal.batch()),
      shop.journal.takeTrace(shop.hal.clock.nowMs()),
      { batch, trace, amountMinor: txn.requestedMinor },
      privateTexts(shop, scanPayment, 'inquiry', channel, { batch, trace, payCode, order }),
    ),
  );
  if ('cause' in ready) return undefined;
  const answer = yield* send(shop, ready, {
    everyCode: true,
    progress: secondsLeft => ({ stage: stage === 'unsure' ? 'inquiry' : 'connecting', secondsLeft }),
  });
  if (answer.kind !== 'answered') {
    shop.hal.log.warn({ event: 'inquiry', stan: txn.trace, fault: answer.fault.name }, faultText(answer.fault));
    return undefined;
  }
  if (SIGN_ON_AGAIN.has(answer.code)) shop.signOnAgain = true;
  if (answer.meaning.kind !== 'approved') return undefined;
  const said = answered(shop, scanPayment.inquiry.state);
  const word = said === undefined ? undefined : scanPayment.inquiry.words[said];
  if (word === undefined) return undefined;
  const code = answered(shop, scanPayment.inquiry.code);
  return { word, ...(code !== undefined && /^[0-9A-Z]{2}$/.test(code) ? { code } : {}) };
}

/** The acquirer has it: booked with what its answer to the inquiry says. */
function* accepted(shop: Shop, txn: Txn): Task<Done> {
  const sale = KIND_RULES[txn.kind].act === 'sale';
  const approved = { kind: 'approved', zh: '', en: '', actionZh: '', actionEn: '', class: 'ok' } as const;
  return yield* book(
    shop,
    txn,
    { kind: 'answered', code: '00', meaning: approved },
    undefined,
    sale ? orderOf(shop) : undefined,
  );
}

/** The acquirer has refused it, with this code. */
function* declined(shop: Shop, txn: Txn, code: string): Task<Done> {
  const meaning = shop.profile.responses[code];
  // A code that leaves the outcome open, or that nobody knows, decides nothing.
  if (meaning === undefined || meaning.kind === 'approved' || meaning.kind === 'unknown')
    return yield* book(shop, txn, codeUnknown(code, 'unknown'), undefined);
  return yield* book(shop, txn, { kind: 'answered', code, meaning }, undefined);
}

/** F07-3: has the customer confirmed? `waiting`: not yet, or nobody answered. */
export function* inquireSale(shop: Shop, id: number): Task<Done> {
  const txn = shop.journal.txn(id);
  if (txn?.state !== 'open') return { type: 'DONE', outcome: 'failed', prompt: 'E32' };
  const found = yield* inquire(shop, txn, 'confirming');
  return typeof found === 'object' ? yield* found.end : waiting(shop, txn);
}

/** F07-3, CANCEL or the time is over: the reversal closes the payment at the acquirer, whatever became of it meanwhile. */
export function* closeSale(shop: Shop, id: number): Task<Done> {
  const txn = shop.journal.txn(id);
  if (txn?.state !== 'open') return { type: 'DONE', outcome: 'failed', prompt: 'E32' };
  const why: Fault = fault(
    'E_TIMEOUT',
    'not-confirmed',
    `the customer did not confirm the payment of voucher ${digits(txn.trace, 6)}`,
    'The payment is closed. Begin anew with a fresh code',
  );
  return yield* unknown(shop, txn, '06', why);
}

/** What a wallet says about an accepted refund, as the books keep it. `low-balance`: the shop must top up. */
const LIVES: Partial<Record<InquiryWord, { readonly state: Life['state']; readonly note?: string }>> = {
  processing: { state: 'processing' },
  lowBalance: { state: 'processing', note: 'low-balance' },
  arrived: { state: 'arrived' },
  abnormal: { state: 'abnormal' },
  closed: { state: 'closed' },
};
/** Most refunds that one question at the desk asks the acquirer about. */
const ASKED_MAX = 3;

/**
 * F21: where are these refunds by now? Asks the acquirer about accepted ones to wallets that are not over, and keeps what is
 * new. Without a usable answer the books stay as they are.
 */
export function* askWallets(shop: Shop, ids: readonly number[]): Task<void> {
  const { journal, hal } = shop;
  const over = (id: number): boolean => ['arrived', 'closed'].includes(journal.life(id)?.state ?? '');
  const asked = ids
    .map(id => journal.txn(id))
    .filter(txn => txn?.kind === 'qrRefund' && txn.state === 'approved' && !over(txn.id))
    .slice(0, ASKED_MAX);
  for (const txn of asked) {
    if (!txn) continue;
    const said = yield* stateOf(shop, txn, 'confirming');
    const life = said && LIVES[said.word];
    const before = journal.life(txn.id);
    if (!life || (before?.state === life.state && before.note === life.note)) continue;
    // Nothing was heard so far: that it is being processed is no news.
    if (before === undefined && life.state === 'processing' && life.note === undefined) continue;
    const kept = journal.appendLife(hal.clock.nowMs(), { id: txn.id, source: 'channel', ...life });
    if (!kept.ok) hal.log.warn({ event: 'inquiry', stan: txn.trace, fault: kept.fault.name }, faultText(kept.fault));
  }
}

/** 37 of a request that is sent again: zeros where the order number stood for a reference that nobody knew. */
export function referenceOf(original: OriginalRef | undefined): string {
  const unknown = original?.txnId === undefined && original?.order !== undefined;
  return unknown ? '0'.repeat(12) : (original?.reference ?? '0'.repeat(12));
}

/** F19-3, "not accepted": the same request again with the batch and trace of the first; 94 says that it was accepted. */
function* resend(shop: Shop, id: number): Task<Done> {
  const { journal, hal, profile } = shop;
  const txn = journal.txn(id);
  const { scanPayment } = profile.acquirer;
  const channel = txn === undefined ? 'card' : channelOf(txn);
  if (!txn || !scanPayment || channel === 'card') return { type: 'DONE', outcome: 'failed', prompt: 'E02' };
  const stop = journal.mayTrade();
  if (stop) return { type: 'DONE', outcome: 'failed', prompt: promptOf(stop), fault: stop };
  const act = KIND_RULES[txn.kind].act;
  const { original } = txn.intent;
  const facts: OriginalFacts = {
    reference: referenceOf(original),
    ...(original?.batch === undefined ? {} : { batch: original.batch }),
    ...(original?.trace === undefined ? {} : { trace: original.trace }),
    ...(original?.dateMmdd === undefined ? {} : { date: original.dateMmdd }),
    ...(txn.intent.fields['38'] === undefined ? {} : { authCode: txn.intent.fields['38'] }),
  };
  const order = original?.order;
  const { batch, trace } = txn;
  const elements = qrElements({
    act,
    codes: codesOf(shop, txn.kind),
    context: contextOf(shop, batch),
    trace,
    amountMinor: txn.requestedMinor,
    original: facts,
    privateTexts: privateTexts(shop, scanPayment, act, channel, {
      batch,
      trace,
      payCode: payCodeOf(shop, txn),
      order,
    }),
    organisation: profile.acquirer.cardOrganisation63,
  });
  const ready = yield* prepare(shop, elements);
  if ('cause' in ready) return failure(ready);
  const again = journal.resolveRefund(hal.clock.nowMs(), id, {
    by: '00',
    accepted: false,
    note: 'not accepted, sent again',
  });
  if (!again.ok) return { type: 'DONE', outcome: 'failed', prompt: promptOf(again.fault), fault: again.fault };
  const answer = yield* send(shop, ready, {
    everyCode: true,
    refund: act === 'refund',
    repeat: true,
    progress: secondsLeft => ({ stage: 'waiting', secondsLeft }),
  });
  const first = answer.kind === 'answered' && answer.code === '94';
  return yield* judge(
    shop,
    again.value,
    first ? { ...answer, meaning: { ...answer.meaning, kind: 'approved' } } : answer,
  );
}
