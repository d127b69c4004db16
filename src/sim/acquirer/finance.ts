import { digits } from '../../units.ts';
import {
  ACQUIRER_ID,
  accountOf,
  type CardReading,
  chainValue,
  checkPin,
  type Desk,
  ISSUER_ID,
  isExpired,
  mmdd,
  newAuthCode,
  newReference,
  readCard,
  type ShownCard,
} from './desk.ts';
import type { Effect } from './effects.ts';
import type { LedgerKind, TerminalRow, TxnRow } from './ledger.ts';
import { channelOfCode, customerOf, orderNumber, payerCode, WAITING_CODE } from './qr.ts';
import type { FinancialRequest, FinancialWord, Request } from './request.ts';

/** What a handler decides: field 39 and fields of the answer beside the ones that every answer has. */
export interface Decision {
  /** Field 39; undefined for a settlement answer, which has none. */
  readonly code: string | undefined;
  readonly fields: Readonly<Record<string, string>>;
  /** For the log: why, without card data. */
  readonly note: string;
  /** Masked card number for the log. */
  readonly masked?: string;
  /** More lines for the log. */
  readonly remarks?: readonly string[];
}

/** Approval as far as the books are concerned: `10` is a partial one. */
export function isApproval(code: string): boolean {
  return code === '00' || code === '10' || code === '11' || /^A[2456]$/.test(code);
}

/** What a check says when it refuses. */
interface Refusal {
  readonly code: string;
  readonly note: string;
}

const refusal = (code: string, note: string): Refusal => ({ code, note });

/** A transaction on its way into the books. */
interface Draft {
  readonly card?: ShownCard;
  readonly original?: TxnRow;
  readonly amountMinor: number;
}

/** Sale, void, refund, balance inquiry, by card or scanned code. Terminal, MAC, batch and mandatory fields were checked before. */
export function handleFinancial(
  desk: Desk,
  request: FinancialRequest,
  terminal: TerminalRow,
  effect: Effect,
): Decision {
  const { ledger } = desk;
  const earlier = ledger.txnByTrace(request.tid, request.mid, request.batch, request.trace);
  if (earlier !== undefined) return repeated(desk, request, earlier);
  const reading = readCard(desk, request, terminal);
  try {
    const checked = check(desk, request, terminal, effect, reading);
    return 'code' in checked ? decline(desk, request, reading, checked) : book(desk, request, effect, checked);
  } finally {
    reading.card?.pan.fill(0);
  }
}

/**
 * The same batch and trace again. What was approved is a duplicate (94). What was declined is declined the same way, so that 94
 * to a repeated refund always means that the first one was accepted. A transaction whose reversal came first is refused.
 */
function repeated(desk: Desk, request: Request, earlier: TxnRow): Decision {
  const fields = financialFields(desk, request, newReference(desk), undefined);
  if (earlier.state === 'tombstone') return { code: '12', fields, note: 'its reversal came first' };
  if (earlier.state === 'declined' && earlier.kind === request.word && earlier.requestedMinor === request.amountMinor)
    return { code: earlier.code, fields, note: 'declined before, same answer' };
  return { code: '94', fields, note: `trace used by a ${earlier.kind} (${earlier.state})` };
}

function check(
  desk: Desk,
  request: FinancialRequest,
  terminal: TerminalRow,
  effect: Effect,
  reading: CardReading,
): Draft | Refusal {
  if (reading.card === undefined && reading.code !== '') return refusal(reading.code, 'card data unusable');
  const card = reading.card;
  if (request.view.text(49) !== '156') return refusal('30', 'currency is not 156');
  if (card !== undefined && !card.luhnValid) return refusal('14', 'check digit of the card number');
  const draft = CHECKS[request.word](desk, request, card);
  if ('code' in draft) return draft;
  let balanceMinor = 0;
  if (card !== undefined) {
    if (request.word !== 'void' && isExpired(desk, card)) return refusal('54', 'card expired');
    const account = accountOf(desk, card);
    balanceMinor = account.balance;
    const pin = checkPin(desk, request, terminal, card, account);
    if (pin !== '') return refusal(pin, 'PIN');
  }
  if (
    effect.code !== undefined &&
    !isApproval(effect.code) &&
    !(effect.once === true && happenedLast(desk, request, effect.code))
  )
    return refusal(effect.code, 'on purpose');
  if (request.word === 'sale' && card !== undefined) {
    if (balanceMinor < grantedMinor(request, draft.amountMinor, effect)) return refusal('51', 'balance too low');
  }
  return draft;
}

const CHECKS: Readonly<
  Record<FinancialWord, (desk: Desk, request: Request, card: ShownCard | undefined) => Draft | Refusal>
> = {
  sale: (_desk, request, card) => {
    const code = payerCode(request);
    if (code !== undefined && channelOfCode(code) === undefined) return refusal('14', 'no wallet issues such a code');
    if (card === undefined) return refusal('14', 'no card number in 2, 35, 36 or 59');
    if (request.amountMinor <= 0) return refusal('13', 'amount is zero');
    return { card, amountMinor: request.amountMinor };
  },
  balance: (_desk, _request, card) =>
    card === undefined ? refusal('14', 'no card number in 2, 35 or 36') : { card, amountMinor: 0 },
  void: checkVoid,
  refund: checkRefund,
};

function checkVoid(desk: Desk, request: Request, card: ShownCard | undefined): Draft | Refusal {
  const { view } = request;
  const named = view.text(61);
  const original = desk.ledger.txnByTrace(request.tid, request.mid, named.slice(0, 6), named.slice(6, 12));
  const missing = unusable(original);
  if (original === undefined || missing !== '') return refusal('25', missing);
  if (original.kind !== 'sale') return refusal('12', `original is a ${original.kind}`);
  const order = chainValue(view.text(59), 'A4');
  if (order !== undefined && order !== original.voucher)
    return refusal('25', 'order number is not the one of the original');
  if (original.reference !== view.text(37)) return refusal('25', 'reference is not the one of the original');
  if (view.has(38) && view.text(38) !== original.authCode)
    return refusal('25', 'authorisation code is not the one of the original');
  if (original.batch !== request.batch) return refusal('12', 'original is settled');
  if (original.state === 'voided') return refusal('12', 'original is voided already');
  if (desk.ledger.refundedMinor(original.id) > 0) return refusal('12', 'original is refunded in part');
  if (card !== undefined && card.token !== original.token) return refusal('12', 'another card than the original');
  if (request.amountMinor !== original.amountMinor) return refusal('64', 'amount is not the one of the original');
  return { ...(card === undefined ? {} : { card }), original, amountMinor: original.amountMinor };
}

function checkRefund(desk: Desk, request: Request, card: ShownCard | undefined): Draft | Refusal {
  const { view } = request;
  const named = view.text(61);
  if (named.length < 16) return refusal('30', 'field 61 has no date');
  if (request.amountMinor <= 0) return refusal('13', 'amount is zero');
  const reference = view.text(37);
  const voucher = chainValue(view.text(59), 'A4');
  const original =
    /^0+$/.test(reference) && voucher !== undefined
      ? desk.ledger.saleByVoucher(request.mid, voucher)
      : desk.ledger.saleByReference(request.mid, reference, named.slice(12, 16));
  const missing = unusable(original);
  if (original === undefined || missing !== '') return refusal('25', missing);
  if (!/^0{12}/.test(named) && named.slice(0, 12) !== original.batch + original.trace)
    return refusal('25', 'batch and trace are not the ones of the original');
  if (card !== undefined && card.token !== original.token) return refusal('25', 'another card than the original');
  if (original.state === 'voided') return refusal('12', 'original is voided');
  if (voucher !== undefined && voucher !== original.voucher)
    return refusal('25', 'order number is not the one of the original');
  const leftMinor = original.amountMinor - desk.ledger.refundedMinor(original.id);
  if (request.amountMinor > leftMinor) return refusal('61', `above the remainder of ${leftMinor} fen`);
  return { ...(card === undefined ? {} : { card }), original, amountMinor: request.amountMinor };
}

/** Why a transaction cannot be an original; empty when it can. */
function unusable(original: TxnRow | undefined): string {
  if (original === undefined || original.state === 'tombstone') return 'original not found';
  if (original.state === 'waiting') return 'original is not paid yet';
  return original.state === 'declined' || original.state === 'reversed' ? `original was ${original.state}` : '';
}

function happenedLast(desk: Desk, request: Request, code: string): boolean {
  return desk.ledger.lastSaleOf(request.tid, request.mid, request.amountMinor)?.code === code;
}

/** A wallet pays the whole amount or nothing. */
function canBePartial(request: Request): boolean {
  return request.word === 'sale' && payerCode(request) === undefined;
}

function grantedMinor(request: Request, amountMinor: number, effect: Effect): number {
  return effect.code === '10' && canBePartial(request) ? Math.floor(amountMinor / 2) : amountMinor;
}

function decline(desk: Desk, request: FinancialRequest, reading: CardReading, reason: Refusal): Decision {
  const reference = newReference(desk);
  // Format errors leave no row: the sender never finished this transaction.
  if (reason.code !== '30')
    addRow(desk, request, reading.card, undefined, {
      state: 'declined',
      amountMinor: Math.max(0, request.amountMinor),
      code: reason.code,
      reference,
      authCode: '',
      voucher: '',
    });
  return {
    code: reason.code,
    fields: financialFields(desk, request, reference, reading.card),
    note: reason.note,
    ...maskedOf(reading.card),
  };
}

function book(desk: Desk, request: FinancialRequest, effect: Effect, draft: Draft): Decision {
  const { ledger } = desk;
  const { word } = request;
  const { card, original } = draft;
  const token = card?.token ?? original?.token ?? '';
  const wanted = effect.code !== undefined && isApproval(effect.code) ? effect.code : '00';
  const code = wanted === '10' && !canBePartial(request) ? '00' : wanted;
  const amountMinor = grantedMinor(request, draft.amountMinor, effect);
  const reference = newReference(desk);
  const authCode = word === 'balance' ? '' : newAuthCode(desk);
  const channel = original?.channel ?? channelOfCode(payerCode(request) ?? '') ?? 'card';
  const voucher = word === 'sale' && channel !== 'card' ? orderNumber(desk, channel, reference) : '';
  const customer = voucher === '' ? undefined : customerOf(channel, amountMinor, effect);
  const course = (channel !== 'card' && word === 'refund' ? effect.refund : customer?.course) ?? '';
  const booked = { amountMinor, reference, authCode, voucher, channel, course };
  if (customer !== undefined && customer.inquiries > 0) {
    const { inquiries } = customer;
    addRow(desk, request, card, undefined, { ...booked, state: 'waiting', code: WAITING_CODE, inquiries });
    const fields = financialFields(desk, request, reference, card);
    return { code: WAITING_CODE, fields, note: `the customer must confirm (${course})`, ...maskedOf(card) };
  }
  if (word === 'void' && original !== undefined) ledger.setState(original.id, 'voided');
  if (word !== 'balance') ledger.addToBalance(token, word === 'sale' ? -amountMinor : amountMinor);
  addRow(desk, request, card, original, { ...booked, state: 'approved', code });
  const fields = financialFields(desk, request, reference, card, original);
  if (word === 'balance') {
    const balanceMinor = card === undefined ? 0 : accountOf(desk, card).balance;
    fields['54'] = `1002156${balanceMinor < 0 ? 'D' : 'C'}${digits(Math.abs(balanceMinor), 12)}`;
  } else {
    fields['4'] = digits(amountMinor, 12);
    fields['38'] = authCode;
  }
  if (voucher !== '') fields['59'] = `A4${digits(voucher.length, 3)}${voucher}`;
  const chip = chipAnswer(request);
  if (chip !== '') fields['55'] = chip;
  return {
    code,
    fields,
    note: code === '10' ? 'half approved' : 'approved',
    masked: card?.masked ?? original?.pan_masked ?? '',
  };
}

interface RowPart {
  readonly state: TxnRow['state'];
  readonly amountMinor: number;
  readonly code: string;
  readonly reference: string;
  readonly authCode: string;
  readonly voucher: string;
  readonly channel?: TxnRow['channel'];
  readonly course?: TxnRow['course'];
  readonly inquiries?: number;
}

function addRow(
  desk: Desk,
  request: FinancialRequest,
  card: ShownCard | undefined,
  original: TxnRow | undefined,
  part: RowPart,
): void {
  desk.ledger.addTxn({
    atMs: desk.nowMs,
    kind: request.word,
    tid: request.tid,
    mid: request.mid,
    batch: request.batch,
    trace: request.trace,
    requestedMinor: Math.max(0, request.amountMinor),
    hostDate: mmdd(desk.now),
    token: card?.token ?? original?.token ?? '',
    pan_masked: card?.masked ?? original?.pan_masked ?? '',
    organisation: original?.organisation ?? card?.organisation ?? 'CUP',
    original: original?.id ?? null,
    channel: original?.channel ?? channelOfCode(payerCode(request) ?? '') ?? 'card',
    course: '',
    inquiries: 0,
    ...part,
  });
}

/**
 * A reversal (冲正) names its original by batch, trace, terminal and merchant. Unknown original: 25, and it is remembered, so that the
 * original is refused when it comes late. Repeated: 00 again.
 */
export function handleReversal(desk: Desk, request: Request): Decision {
  const { ledger } = desk;
  const original = ledger.txnByTrace(request.tid, request.mid, request.batch, request.trace);
  const fields = financialFields(desk, request, newReference(desk), undefined);
  const named = request.view.text(61);
  if (named !== '') fields['61'] = named;
  const chip = chipAnswer(request);
  if (chip !== '') fields['55'] = chip;
  const answer = (code: string, note: string): Decision => ({ code, fields, note, masked: original?.pan_masked ?? '' });
  const kind = reversedKind(request);
  if (kind === undefined) return answer('12', `60.1 = ${request.type60} is not reversed`);
  if (original === undefined) {
    addRow(desk, { ...request, word: kind }, undefined, undefined, {
      state: 'tombstone',
      amountMinor: request.amountMinor,
      code: '25',
      reference: '',
      authCode: '',
      voucher: '',
    });
    return answer('25', 'original not found, remembered');
  }
  if (original.state === 'tombstone') return answer('25', 'original not found');
  if (original.kind !== kind) return answer('12', `original is a ${original.kind}`);
  if (request.amountMinor !== original.requestedMinor && request.amountMinor !== original.amountMinor)
    return answer('64', 'amount is not the one of the original');
  if (ledger.settlement(request.tid, request.mid, request.batch)?.state === 'closed')
    return answer('12', 'original is settled');
  if (original.state === 'reversed') return answer('00', 'reversed already');
  if (original.state === 'voided') return answer('12', 'original is voided');
  if (ledger.refundedMinor(original.id) > 0) return answer('12', 'original is refunded in part');
  if (original.state === 'approved') {
    ledger.addToBalance(original.token, kind === 'sale' ? original.amountMinor : -original.amountMinor);
    if (original.original !== null) ledger.setState(original.original, 'approved');
  }
  ledger.setState(original.id, 'reversed');
  const was = original.state === 'approved' ? 'reversed' : original.state === 'waiting' ? 'closed' : 'was declined';
  return answer('00', `${kind} ${was}`);
}

function reversedKind(request: Request): Extract<LedgerKind, 'sale' | 'void'> | undefined {
  if (request.type60 === '22') return 'sale';
  return request.type60 === '23' ? 'void' : undefined;
}

/** Script results and electronic signatures are taken and acknowledged. */
export function handleAcknowledged(desk: Desk, request: Request): Decision {
  const fields: Record<string, string> = { '49': request.view.text(49) || '156' };
  if (request.word === 'script') {
    for (const field of ['2', '3', '25'])
      if (request.view.has(Number(field))) fields[field] = request.view.text(Number(field));
    fields['32'] = ACQUIRER_ID;
  } else fields['37'] = newReference(desk);
  return { code: '00', fields, note: 'taken' };
}

/** Fields of the request that come back as they were. */
const REPEATED = [3, 4, 23, 25, 49];
/** Field 44: who issued the card and who acquired the payment. */
const PARTIES = ISSUER_ID.padEnd(11) + ACQUIRER_ID.padEnd(11);

/** Fields 2 to 63 that every answer to a financial message or reversal has, approved or not. */
export function financialFields(
  desk: Desk,
  request: Request,
  reference: string,
  card: ShownCard | undefined,
  original?: TxnRow,
): Record<string, string> {
  const { view } = request;
  const fields: Record<string, string> = {};
  for (const field of REPEATED) if (view.has(field)) fields[field] = view.text(field);
  const qr = view.text(22).startsWith('03');
  const pan = card !== undefined && !qr ? String.fromCharCode(...card.pan) : view.text(2);
  const expiry = view.text(14) || (card?.expiry ?? '');
  if (pan !== '') fields['2'] = pan;
  if (expiry !== '') fields['14'] = expiry;
  const organisation = card?.organisationCode ?? (original?.organisation === 'foreign' ? 'VIS' : 'CUP');
  fields['15'] = mmdd(desk.now);
  fields['32'] = ACQUIRER_ID;
  fields['37'] = reference;
  fields['44'] = PARTIES;
  // What a refund names in 63 comes back as it was sent: many terminals send 000 for the cards of this country.
  if (request.word !== 'reversal' && request.word !== 'balance')
    fields['63'] = view.has(63) ? view.text(63) : organisation;
  return fields;
}

function maskedOf(card: ShownCard | undefined): { masked?: string } {
  return card === undefined ? {} : { masked: card.masked };
}

/** Field 55 of an answer: the card's transaction counter (9F36) comes back as it was sent; empty without chip data. */
function chipAnswer(request: Request): string {
  const found = /9F3602([0-9A-F]{4})/.exec(request.view.text(55));
  return found === null ? '' : `9F3602${found[1]}`;
}
