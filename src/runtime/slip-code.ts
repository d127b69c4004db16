import { assert } from '../assert.ts';
import { cardToken } from '../card/token.ts';
import { failed, type Fault, fault, faultText, ok, type Result } from '../fault.ts';
import { channelOf, isTrue, type Journal, type Txn, type Vault } from '../journal/journal.ts';
import { type SigningKey, verifySignature } from '../security/signature.ts';
import {
  isSlipCodeText,
  readSlipCode,
  type SlipCard,
  type SlipCode,
  slipCodeBytes,
  slipCodeText,
} from '../transaction/slip-code.ts';
import { type UsedList, type UsedSlip, usedElsewhere } from '../transaction/used-slips.ts';
import type { Done, RecordView } from '../terminal/types.ts';
import { digits } from '../units.ts';
import { fromHex, toHex } from '../wire/hex.ts';
import { askResult } from './recording.ts';
import type { CardInHand, Shop } from './shop.ts';

/** Keys and lists of the signed slip codes, as the rim keeps them. */
export interface SlipDesk {
  /** Signs the slips of this terminal. */
  readonly key: SigningKey;
  /** Secret of the card tokens, 32 bytes: the same at all terminals that shall know each other's cards. */
  readonly cardKey: Uint8Array;
  /** Short name of that secret, 4 hex digits. */
  readonly cardKeyName: string;
  /** Public key of a signer that is trusted now, this terminal's own included. Faults `signer-unknown`, `trust-file-line`. */
  publicKey(signer: string): Result<Uint8Array>;
  /** Lists of used slips that were imported, each with a right signature. */
  usedLists(): Result<readonly UsedList[]>;
}

/** What a scanned text is. */
export type Scan =
  /** Something else: a payment code, an order number. */
  | { readonly kind: 'other' }
  /** Wants to be a slip code and proves nothing: misread, changed, or signed by a key that is not trusted here. */
  | { readonly kind: 'invalid'; readonly fault: Fault }
  /** A genuine slip of a sale in this journal. */
  | { readonly kind: 'own'; readonly code: SlipCode; readonly txn: Txn }
  /** A genuine slip of another terminal, or of an earlier journal of this one. */
  | { readonly kind: 'foreign'; readonly code: SlipCode };

/** How long before now a used slip is still told to other terminals, milliseconds: longer than any refund window. */
const TOLD_MS = 400 * 86_400_000;
const LIST_PAGE = 1000;
const TOKEN_DIGITS = 10;
const ANCHOR_DIGITS = 12;

/**
 * The code for the slips of a sale, 190 characters; the same one for each copy and reprint. Undefined where there is nothing to
 * refund or to name it by, and where the profile or the rim has no slip codes.
 */
export function slipCodeOf(shop: Shop, txn: Txn): string | undefined {
  const { slips, journal } = shop;
  const reference = txn.answer?.reference;
  if (!slips || !shop.profile.policy.slipCode || (txn.kind !== 'sale' && txn.kind !== 'qrSale')) return undefined;
  if (txn.state !== 'approved' || reference?.length !== 12) return undefined;
  const approval = journal.recordsOf(txn.id).find(record => record.kind === 'outcome');
  if (!approval) return undefined;
  const card = slipCardOf(shop, slips, txn);
  const bytes = slipCodeBytes({
    channel: channelOf(txn),
    terminal: txn.intent.tid,
    batch: txn.batch,
    voucher: txn.trace,
    reference,
    date: dateOf(shop, txn),
    amountMinor: txn.amountMinor,
    ...(card ? { card } : {}),
    anchor: approval.hash.slice(0, ANCHOR_DIGITS),
    signer: slips.key.signer,
  });
  return slipCodeText(bytes, signed(shop.vault, slips, bytes));
}

function signed(vault: Vault, slips: SlipDesk, bytes: Uint8Array): Uint8Array {
  const signature = fromHex(vault.ask('slip signature', () => toHex(slips.key.sign(bytes))));
  assert(signature.ok, 'a signature is asked for as hex');
  return signature.value;
}

function slipCardOf({ journal, vault }: Shop, slips: SlipDesk, txn: Txn): SlipCard | undefined {
  const masked = txn.intent.card?.masked;
  if (masked === undefined) return undefined;
  const pan = journal.openCard(txn.id);
  if (!pan.ok) return undefined;
  const token = slipToken(vault, slips, pan.value);
  pan.value.fill(0);
  return { lastFour: masked.slice(-4), key: slips.cardKeyName, token };
}

function slipToken(vault: Vault, slips: SlipDesk, pan: Uint8Array): string {
  return vault.ask('slip card', () => cardToken(slips.cardKey, pan).replaceAll('-', '').slice(0, TOKEN_DIGITS));
}

/** Says what a scanned text is, and proves it. Nothing is looked up beyond the original itself. */
export function parseScan(shop: Shop, text: string): Scan {
  const { slips, journal, vault } = shop;
  if (!slips || !isTrue(vault, 'slip text', () => isSlipCodeText(text))) return { kind: 'other' };
  const checked = askResult(vault, 'slip code', () => checkSlipCode(slips, text));
  if (!checked.ok) {
    shop.hal.log.warn({ event: 'scan', fault: checked.fault.name }, faultText(checked.fault));
    return { kind: 'invalid', fault: checked.fault };
  }
  const code = checked.value;
  const txn = code.signer === slips.key.signer ? ownSale(journal, code) : undefined;
  return txn ? { kind: 'own', code, txn } : { kind: 'foreign', code };
}

/**
 * Reads a slip code and checks its signature with the keys that are trusted now. Faults: `slip-code-form` (not whole, or
 * misread), `slip-code-signature` (changed), and those of `publicKey`: `signer-unknown`.
 */
export function checkSlipCode(slips: Pick<SlipDesk, 'publicKey'>, text: string): Result<SlipCode> {
  const read = readSlipCode(text);
  if (!read)
    return failed(fault('E_ILLEGAL', 'slip-code-form', 'the slip code is not whole, or was misread', 'Scan it again'));
  const key = slips.publicKey(read.code.signer);
  if (!key.ok) return key;
  if (verifySignature(key.value, read.signed, read.signature)) return ok(read.code);
  const cause = 'the slip code does not agree with its signature: a digit of it was changed, or misread';
  return failed(
    fault('E_ILLEGAL', 'slip-code-signature', cause, 'Scan it again; then find the sale by its voucher number'),
  );
}

/** The sale of this journal that a genuine code names: batch numbers come again after a long time, so all of it must agree. */
export function ownSale(journal: Pick<Journal, 'byReference'>, code: SlipCode): Txn | undefined {
  return journal
    .byReference(code.reference, code.date.slice(2))
    .find(
      txn =>
        txn.trace === code.voucher &&
        txn.batch === code.batch &&
        txn.amountMinor === code.amountMinor &&
        txn.intent.tid === code.terminal,
    );
}

/**
 * A genuine slip of another terminal as the original of a refund (purpose `refund` only: a void belongs to its own terminal).
 * Refused when it is used up or voided as far as this journal and the imported lists know.
 */
export function foreignOriginal(shop: Shop, code: SlipCode): Done {
  const { journal, hal, profile } = shop;
  const refused = (prompt: NonNullable<Done['prompt']>, outcome = 'failed'): Done => ({
    type: 'DONE',
    outcome,
    prompt,
  });
  // The acquirer knows a scanned payment by its order number, for which the code has no room: that is scanned next.
  if (code.channel !== 'card')
    return profile.acquirer.scanPayment ? refused('E94', 'scanOrder') : refused('E05', 'notFound');
  const dateMmdd = code.date.slice(2);
  const here = journal.taken({ reference: code.reference, dateMmdd });
  if (here.some(refund => refund.state === 'unknown')) return refused('E17');
  const elsewhere = elsewhereOf(shop, code.reference, code.date);
  if (elsewhere.voided) return refused('E03', 'notFound');
  const counted = here.filter(refund => refund.state === 'approved' || refund.state === 'open');
  const refundedMinor = elsewhere.refundedMinor + counted.reduce((sum, refund) => sum + refund.amountMinor, 0);
  const remainingMinor = code.amountMinor - refundedMinor;
  if (remainingMinor <= 0) return refused('E04');
  const [year, month, day] = [0, 2, 4].map(at => Number(code.date.slice(at, at + 2)));
  const today = hal.clock.local(hal.clock.nowMs());
  const age = Date.UTC(today.year, today.month - 1, today.day) - Date.UTC(2000 + year, month - 1, day);
  if (age > profile.policy.channels.card.refundWindowDays * 86_400_000) return refused('E10');
  const record: RecordView = {
    id: 0,
    kind: 'sale',
    state: 'approved',
    masked: code.card ? `****${code.card.lastFour}` : '',
    amountMinor: code.amountMinor,
    voucher: code.voucher,
    batch: code.batch,
    reference: code.reference,
    at: { year: 2000 + year, month, day, hour: 0, minute: 0, second: 0 },
    remainingMinor,
    refundedMinor,
    foreign: { terminal: code.terminal, dateMmdd, ...(code.card ? { card: code.card } : {}) },
  };
  return { type: 'DONE', outcome: 'ok', record };
}

/**
 * Is the card in hand that of a foreign slip? Undefined when nobody here can tell: a slip without card, or a token made with
 * another secret. The acquirer compares the card in any case.
 */
export function isCardOfSlip(shop: Shop, slipCard: SlipCard | undefined, card: CardInHand): boolean | undefined {
  const { slips } = shop;
  if (!slips || !slipCard || slipCard.key !== slips.cardKeyName) return undefined;
  return slipToken(shop.vault, slips, card.clear.pan) === slipCard.token;
}

/** A sale of this journal for the screen, less what other terminals gave back for it as far as their lists are here. */
export function lessElsewhere(shop: Shop, txn: Txn, record: RecordView): RecordView {
  const reference = txn.answer?.reference;
  if (reference === undefined) return record;
  const { refundedMinor } = elsewhereOf(shop, reference, dateOf(shop, txn));
  if (refundedMinor === 0) return record;
  return {
    ...record,
    remainingMinor: Math.max(0, record.remainingMinor - refundedMinor),
    refundedMinor: record.refundedMinor + refundedMinor,
  };
}

const NOTHING = { refundedMinor: 0, refunds: 0, voided: false } as const;

function elsewhereOf(shop: Shop, reference: string, date: string): ReturnType<typeof usedElsewhere> {
  const { slips } = shop;
  if (!slips) return NOTHING;
  const used = askResult(shop.vault, 'slips elsewhere', () => {
    const lists = slips.usedLists();
    return lists.ok ? ok(usedElsewhere(lists.value, slips.key.signer, reference, date)) : lists;
  });
  if (used.ok) return used.value;
  // Lists are a help and no lock: without them the terminal knows what it would know had nobody imported any.
  shop.hal.log.warn({ event: 'slips', fault: used.fault.name }, faultText(used.fault));
  return NOTHING;
}

/** Date of a sale as its acquirer counts, YYMMDD. */
function dateOf(shop: Shop, txn: Txn): string {
  const { clock } = shop.hal;
  return originalDate(clock.local(txn.atMs), txn.answer?.hostDate);
}

/** MMDD of the acquirer with the year of the clock at that time; without it the date of the clock. YYMMDD. */
function originalDate(
  at: { readonly year: number; readonly month: number; readonly day: number },
  mmdd: string | undefined,
): string {
  const own = digits(at.month, 2) + digits(at.day, 2);
  const date = mmdd ?? own;
  // Around New Year the two clocks may stand in two years.
  const ahead = Number(date.slice(0, 2)) - at.month;
  const year = ahead > 6 ? at.year - 1 : ahead < -6 ? at.year + 1 : at.year;
  return digits(year % 100, 2) + date;
}

/**
 * Everything that this journal gave back of late, for the other terminals of the merchant: refunds that were accepted, that may
 * have been, that wait or that were paid by another way, and voids. Oldest first; no card data.
 */
export function usedSlips(
  journal: Journal,
  nowMs: number,
  local: (ms: number) => { readonly year: number; readonly month: number; readonly day: number },
): readonly UsedSlip[] {
  const slips: UsedSlip[] = [];
  const sinceMs = nowMs - TOLD_MS;
  const add = (
    record: number,
    atMs: number,
    act: 'refund' | 'void',
    amountMinor: number,
    original: Txn['intent']['original'],
  ): void => {
    const sale = original?.txnId === undefined ? undefined : journal.txn(original.txnId);
    const reference = sale?.answer?.reference ?? original?.reference;
    if (reference === undefined) return;
    const date = sale
      ? originalDate(local(sale.atMs), sale.answer?.hostDate)
      : originalYear(local(atMs), original?.dateMmdd);
    slips.push({ record, act, reference, date, amountMinor });
  };
  for (const kind of ['refund', 'qrRefund', 'void', 'qrVoid'] as const)
    for (let page = journal.list({ kind, limit: LIST_PAGE }); page.length > 0;) {
      for (const txn of page) {
        if (txn.atMs < sinceMs || !(txn.state === 'approved' || txn.state === 'unknown' || txn.state === 'open'))
          continue;
        if (journal.life(txn.id)?.state === 'closed') continue;
        add(txn.id, txn.atMs, kind.endsWith('oid') ? 'void' : 'refund', txn.amountMinor, txn.intent.original);
      }
      const last = page[page.length - 1];
      page = last.atMs < sinceMs ? [] : journal.list({ kind, limit: LIST_PAGE, beforeId: last.id });
    }
  for (const paid of journal.externals(sinceMs)) add(paid.id, paid.atMs, 'refund', paid.amountMinor, paid.original);
  for (const held of journal.heldRefunds()) add(held.id, held.atMs, 'refund', held.amountMinor, held.original);
  return slips.sort((a, b) => a.record - b.record);
}

/** Date of an original that somebody typed or scanned: never after its refund. */
function originalYear(
  refund: { readonly year: number; readonly month: number; readonly day: number },
  mmdd: string | undefined,
): string {
  const today = digits(refund.month, 2) + digits(refund.day, 2);
  const date = mmdd ?? today;
  return digits((date > today ? refund.year - 1 : refund.year) % 100, 2) + date;
}
