import { digits } from '../units.ts';
import type { Elements } from './elements.ts';
import {
  type MessageContext,
  type OriginalFacts,
  type TransactionCodes,
  originalData,
  privateUse60,
} from './requests.ts';

/** Who holds the money of a scanned payment. */
export type Wallet = 'wechat' | 'alipay' | 'unionpayQr';

/** How numbers of one wallet look: digits only, by their first ones and their length. */
export interface NumberRule {
  readonly wallet: Wallet;
  readonly prefixes: readonly string[];
  readonly lengthMin: number;
  readonly lengthMax: number;
}

/** The rule that a scanned number meets; the first one wins. Blanks around it do not count. */
export function ruleOf<R extends NumberRule>(rules: readonly R[], scanned: string): R | undefined {
  const number = scanned.trim();
  if (!/^\d+$/.test(number)) return undefined;
  return rules.find(
    rule =>
      number.length >= rule.lengthMin &&
      number.length <= rule.lengthMax &&
      rule.prefixes.some(prefix => number.startsWith(prefix)),
  );
}

/** What of a payer's code may be seen on screens and slips: the two digits that name the wallet, and the last four. */
export function maskCode(code: string): string {
  return code.slice(0, 2) + '*'.repeat(Math.max(0, code.length - 6)) + code.slice(-4);
}

/** One value in a private data element, as the acquirer's profile says. */
export interface Piece {
  readonly element: number;
  /** Two characters before a length of three digits; absent: the value stands alone. */
  readonly tag?: string | undefined;
  readonly value: 'payCode' | 'order' | 'wallet' | 'requestNumber' | 'text';
  readonly text?: string | undefined;
  readonly wallets?: readonly Wallet[] | undefined;
}

/** What pieces can be made of. */
export interface PieceFacts {
  readonly wallet: Wallet;
  /** What the acquirer calls the wallet. */
  readonly walletWord: string;
  readonly payCode?: string;
  readonly order?: string;
  /** Terminal number 8, batch 6, trace 6: the same when a request is sent again. */
  readonly requestNumber: string;
}

/** Texts of the private data elements: pieces of one element one after the other, those without a value left out. */
export function privateElements(pieces: readonly Piece[], facts: PieceFacts): Map<number, string> {
  const texts = new Map<number, string>();
  for (const piece of pieces) {
    if (piece.wallets && !piece.wallets.includes(facts.wallet)) continue;
    const value = valueOf(piece, facts);
    if (value === undefined || value === '') continue;
    const written = piece.tag === undefined ? value : tagged(piece.tag, value);
    texts.set(piece.element, (texts.get(piece.element) ?? '') + written);
  }
  return texts;
}

function valueOf(piece: Piece, facts: PieceFacts): string | undefined {
  switch (piece.value) {
    case 'wallet':
      return facts.walletWord;
    case 'text':
      return piece.text;
    default:
      return facts[piece.value];
  }
}

/** Tag, length in three digits, value (UnionPay POS, data element 59). */
export function tagged(tag: string, value: string): string {
  return tag + digits(value.length, 3) + value;
}

/** Where an answer holds a value: under a tag, or at a place of the element. */
export interface Place {
  readonly element: number;
  readonly tag?: string | undefined;
  readonly at?: number | undefined;
  readonly length?: number | undefined;
}

/** The value at a place of an element's text; undefined when it is not there. */
export function valueAt(place: Place, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (place.tag === undefined) {
    const from = place.at ?? 0;
    const value = text.slice(from, place.length === undefined ? undefined : from + place.length).trim();
    return value === '' ? undefined : value;
  }
  let at = 0;
  while (at + 5 <= text.length) {
    const length = text.slice(at + 2, at + 5);
    if (!/^\d{3}$/.test(length)) return undefined;
    const end = at + 5 + Number(length);
    if (end > text.length) return undefined;
    if (text.startsWith(place.tag, at)) return text.slice(at + 5, end).trim() || undefined;
    at = end;
  }
  return undefined;
}

/** Data element 22 of a scanned code (UnionPay POS 032: bar or QR code, no PIN). */
export const QR_ENTRY_MODE = '032';

export interface QrRequest {
  readonly act: 'sale' | 'void' | 'refund';
  readonly codes: TransactionCodes;
  readonly context: MessageContext;
  readonly trace: number;
  readonly amountMinor: number;
  readonly original?: OriginalFacts;
  /** Texts of private data elements, {@link privateElements}. */
  readonly privateTexts: ReadonlyMap<number, string>;
  /** 63 of a refund, three characters. */
  readonly organisation?: string;
}

/**
 * Scan payment: sale 0200/22, void 0200/23, refund 0220/25 with entry mode 032 and no card (UnionPay POS, 扫码消费, 扫码撤销,
 * 扫码退货). A void and a refund carry 37 and 61 of the original; 60 has 13 digits, for no part of a scan payment is approved.
 */
export function qrElements(request: QrRequest): Elements {
  const { act, codes, context, original } = request;
  const text = common(codes, context, request.trace, request.privateTexts);
  text.set(4, digits(request.amountMinor, 12));
  if (original) {
    text.set(37, original.reference);
    if (act === 'void' && original.authCode !== undefined) text.set(38, original.authCode);
    text.set(61, originalData(act === 'void' ? 'void' : 'refund', original));
  }
  if (act === 'refund') text.set(63, request.organisation ?? '000');
  return { mti: Number.parseInt(codes.mti, 16), text, mac: codes.mac };
}

/** Which transaction an inquiry asks for: its batch, trace and amount. */
export interface Inquired {
  readonly batch: number;
  readonly trace: number;
  readonly amountMinor: number;
}

/**
 * Inquiry 0200 with 60.1 = 61 (结果查询): 61 names batch and trace of what is asked for, 4 its amount. Nothing moves. The
 * public sources name the type only; the rest of its form is the profile's.
 */
export function inquiryElements(
  codes: TransactionCodes,
  context: MessageContext,
  trace: number,
  asked: Inquired,
  privateTexts: ReadonlyMap<number, string>,
): Elements {
  const text = common(codes, context, trace, privateTexts);
  text.set(4, digits(asked.amountMinor, 12));
  text.set(61, digits(asked.batch, 6) + digits(asked.trace, 6));
  return { mti: Number.parseInt(codes.mti, 16), text, mac: codes.mac };
}

function common(
  codes: TransactionCodes,
  context: MessageContext,
  trace: number,
  privateTexts: ReadonlyMap<number, string>,
): Map<number, string> {
  const { identity, batch } = context;
  const text = new Map(privateTexts);
  if (codes.processingCode !== undefined) text.set(3, codes.processingCode);
  text.set(11, digits(trace, 6));
  text.set(22, QR_ENTRY_MODE);
  if (codes.conditionCode !== undefined) text.set(25, codes.conditionCode);
  text.set(41, identity.terminalNo);
  text.set(42, identity.merchantNo);
  text.set(49, identity.currency);
  text.set(60, privateUse60(codes, batch, { ...identity, partialApproval: false }));
  return text;
}

/** MMDD inside an order number, at its place; undefined when no day stands there. */
export function orderDate(order: string, dateAt: number): string | undefined {
  const date = order.slice(dateAt, dateAt + 4);
  return /^(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/.test(date) ? date : undefined;
}
