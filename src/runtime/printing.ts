import type { PrintResult } from '../device/terminal.ts';
import { type Fault, faultText } from '../fault.ts';
import { institutionName } from '../profile/responses.ts';
import {
  channelOf,
  KIND_RULES,
  type OriginalRef,
  type Reversal,
  type Settlement,
  type Txn,
} from '../journal/journal.ts';
import { slipBytes } from '../terminal/slips/bytes.ts';
import {
  type DetailLine,
  type PurchaseSlip,
  type SettlementSlip,
  type SlipChip,
  type SlipData,
  type SlipEntry,
  type SlipOriginal,
  type SlipSide,
  slipLines,
  type SlipOptions,
  withReprintMark,
} from '../terminal/slips/slip.ts';
import { centred } from '../terminal/layout.ts';
import { TRAINING_SLIP_MARK } from '../terminal/quiz.ts';
import type { Done } from '../terminal/types.ts';
import { digits } from '../units.ts';
import { maskedOf, trackingNumber } from './records.ts';
import { dueText, less, scannedTotals, scanOf, sumOf } from './scan-slip.ts';
import type { Shop } from './shop.ts';
import { slipCodeOf } from './slip-code.ts';
import { type Task, wait } from './task.ts';

/** Prints a fresh copy of a transaction and keeps its lines for the day when somebody asks for it again. */
export function* printSlip(shop: Shop, id: number, copy: 'merchant' | 'cardholder'): Task<Done> {
  const txn = shop.journal.txn(id);
  if (!txn) return { type: 'DONE', outcome: 'failed', prompt: 'E02' };
  // A slip that was printed keeps its code for ever: the lists of used slips and a later reprint speak of the same one.
  const code = shop.journal.slipsOf(id).find(slip => slip.code !== undefined)?.code ?? slipCodeOf(shop, txn);
  return yield* printNew(shop, purchaseSlip(shop, txn, copy, code !== undefined), txn.kind, copy, txn.id, code);
}

/** A reprint shows the stored lines, marked with their count; every reprint is in the journal before it is on paper. */
export function* reprint(shop: Shop, id: number): Task<Done> {
  const stored = shop.journal.slipsOf(id);
  const slip = stored.find(s => s.copy === 'merchant' && s.kind !== 'fault' && s.kind !== 'unknown') ?? stored[0];
  if (!slip) {
    // The first copy never came out: this one is the original. Only where money moved: a purchase slip proves a purchase.
    const txn = shop.journal.txn(id);
    if (txn?.state !== 'approved' && txn?.state !== 'voided') return { type: 'DONE', outcome: 'failed', prompt: 'E01' };
    return yield* printSlip(shop, id, 'merchant');
  }
  const counted = shop.journal.appendReprint(shop.hal.clock.nowMs(), slip.id, shop.operator);
  const lines = withReprintMark(counted.lines, counted.reprints, slipOptions(shop));
  return yield* printLines(shop, lines, counted.code);
}

export function* reprintStored(shop: Shop, kind: string): Task<Done> {
  const slip = shop.journal.lastSlip(kind);
  if (!slip) return { type: 'DONE', outcome: 'failed', prompt: 'E01' };
  const counted = shop.journal.appendReprint(shop.hal.clock.nowMs(), slip.id, shop.operator);
  return yield* printLines(shop, withReprintMark(counted.lines, counted.reprints, slipOptions(shop)));
}

/** Fault report of a reversal that found no end. Paper trouble does not stop anything: the slip is stored. */
export function* printFaultSlip(shop: Shop, reversal: Reversal): Task<void> {
  if (!shop.profile.policy.printFaultSlip) return;
  const { txn } = reversal;
  const words = shop.profile.texts.words;
  const reason = { '98': words.noAnswer, A0: words.badMac, '96': words.terminalFault, '06': words.otherReason }[
    reversal.reason
  ];
  yield* printNew(
    shop,
    {
      kind: 'fault',
      terminalNo: shop.profile.merchant.terminalNo,
      transaction: KIND_RULES[txn.kind].act === 'void' ? 'void' : 'sale',
      voucher: digits(txn.trace, 6),
      maskedPan: maskedOf(shop, txn),
      amountMinor: txn.requestedMinor,
      at: shop.hal.clock.local(txn.atMs),
      tries: reversal.tries,
      reason: `${reversal.reason} ${reason[shop.lang]}`,
    },
    'fault',
    'merchant',
    txn.id,
  );
}

/** 待查单: the refund without an answer. */
export function* printUnknownSlip(shop: Shop, txn: Txn): Task<void> {
  yield* printNew(
    shop,
    {
      kind: 'unknown',
      tracking: trackingNumber(txn),
      amountMinor: txn.requestedMinor,
      originalReference: txn.intent.original?.reference ?? '',
      sentAt: shop.hal.clock.local(txn.atMs),
      trace: digits(txn.trace, 6),
      acquirerPhone: shop.profile.merchant.servicePhone,
      ...(KIND_RULES[txn.kind].act === 'void' ? { isVoid: true } : {}),
    },
    'unknown',
    'merchant',
    txn.id,
  );
}

/** A slip that belongs to no transaction yet. Paper trouble stops nothing: the slip is stored. */
export function* printNotice(shop: Shop, slip: SlipData, kind: string): Task<void> {
  yield* printNew(shop, slip, kind, 'merchant', undefined);
}

export function* printDetail(shop: Shop, period: number, batch: number): Task<Done> {
  const details = shop.journal.batchDetails(period);
  if (details.length === 0) return { type: 'DONE', outcome: 'failed', prompt: 'E01' };
  const lines = details.map((txn): DetailLine => {
    const mark = txn.state === 'voided' ? '*' : txn.state === 'unknown' ? '?' : undefined;
    const authCode = txn.answer?.authCode;
    const { act } = KIND_RULES[txn.kind];
    return {
      voucher: digits(txn.trace, 6),
      type: act === 'void' ? 'V' : act === 'refund' ? 'R' : 'S',
      ...(mark === undefined ? {} : { mark }),
      ...(authCode === undefined ? {} : { authCode }),
      amountMinor: act === 'sale' ? txn.amountMinor : -txn.amountMinor,
      maskedPan: maskedOf(shop, txn),
    };
  });
  return yield* printLines(
    shop,
    linesOf(shop, { kind: 'detail', terminalNo: shop.profile.merchant.terminalNo, batch: digits(batch, 6), lines }),
  );
}

export function* printTotals(shop: Shop): Task<Done> {
  const { cup, foreign } = shop.journal.batchTotals();
  const scanned = scannedTotals(shop);
  return yield* printLines(
    shop,
    linesOf(shop, {
      kind: 'totals',
      cupDebit: less(cup.debit, scanned.debit),
      cupCredit: less(cup.credit, scanned.credit),
      foreignDebit: foreign.debit,
      foreignCredit: foreign.credit,
      ...(scanned.any ? { qrIn: scanned.debit, qrOut: scanned.credit } : {}),
    }),
  );
}

const NONE: SlipSide = { count: 0, amountMinor: 0 };

/** Keeps the totals slip of a closed settlement; it is printed from the store, so that paper never holds up the books. */
export function storeSettlementSlip(shop: Shop, settlement: Settlement): void {
  const { journal, profile } = shop;
  const details = journal.batchDetails(settlement.period);
  const sum = (foreign: boolean, kind: Txn['kind']): SlipSide => {
    const some = details.filter(
      t => t.kind === kind && t.state !== 'voided' && ((t.answer?.organisation ?? 'CUP') !== 'CUP') === foreign,
    );
    return { count: some.length, amountMinor: some.reduce((total, t) => total + t.amountMinor, 0) };
  };
  const voids = details.filter(t => KIND_RULES[t.kind].act === 'void');
  const paidBy = (channel: string): SlipSide =>
    sumOf(details.filter(t => t.kind === 'qrSale' && t.state !== 'voided' && channelOf(t) === channel));
  const qrRefund = sumOf(details.filter(t => t.kind === 'qrRefund'));
  const qr = {
    wechat: paidBy('wechat'),
    alipay: paidBy('alipay'),
    unionpay: paidBy('unionpayQr'),
    refund: qrRefund,
  };
  const qrPaidMinor = qr.wechat.amountMinor + qr.alipay.amountMinor + qr.unionpay.amountMinor;
  const word = (flag: 1 | 2 | 3): string => profile.texts.words[`balance.${flag}`][shop.lang];
  const unknown = journal.unknownRefunds();
  const cupSale = sum(false, 'sale');
  const cupRefund = sum(false, 'refund');
  const foreignSale = sum(true, 'sale');
  const foreignRefund = sum(true, 'refund');
  const slip: SettlementSlip = {
    kind: 'settlement',
    shop: shopOf(shop),
    operator: shop.operator ?? '',
    batch: digits(settlement.batch, 6),
    at: shop.hal.clock.local(shop.hal.clock.nowMs()),
    cup: {
      sale: cupSale,
      refund: cupRefund,
      completion: NONE,
      offline: NONE,
      result: word(settlement.flags?.cup ?? 3),
    },
    foreign: { sale: foreignSale, refund: foreignRefund, result: word(settlement.flags?.foreign ?? 3) },
    ...(profile.acquirer.scanPayment ? { qr } : {}),
    voids: { count: voids.length, amountMinor: voids.reduce((total, t) => total + t.amountMinor, 0) },
    netMinor:
      cupSale.amountMinor +
      foreignSale.amountMinor +
      qrPaidMinor -
      cupRefund.amountMinor -
      foreignRefund.amountMinor -
      qrRefund.amountMinor,
    unknownRefunds: { count: unknown.length, amountMinor: unknown.reduce((total, t) => total + t.requestedMinor, 0) },
    pendingRefunds: {
      count: cupRefund.count + foreignRefund.count + qrRefund.count,
      amountMinor: cupRefund.amountMinor + foreignRefund.amountMinor + qrRefund.amountMinor,
    },
    externalRefunds: journal.externalsBefore(settlement),
    anchor: journal.anchor(),
    ...(settlement.newBatch === undefined ? {} : { newBatch: digits(settlement.newBatch, 6) }),
  };
  journal.storeSlip(shop.hal.clock.nowMs(), {
    kind: 'settlement',
    copy: 'merchant',
    columns: columns(shop),
    lines: linesOf(shop, slip),
  });
}

/** Prints the stored slip of the last settlement: the first time it is the original, later a reprint. */
export function* printSettlement(shop: Shop, again: boolean): Task<Done> {
  if (again) return yield* reprintStored(shop, 'settlement');
  const slip = shop.journal.lastSlip('settlement');
  return slip ? yield* printLines(shop, slip.lines) : { type: 'DONE', outcome: 'failed', prompt: 'E01' };
}

/** Goes on where the paper ended; a document that never reached the terminal, because its line was down, is printed whole. */
export function* resumePrint(shop: Shop): Task<Done> {
  const result = yield* wait<PrintResult>(resume => shop.device.resumePrint(resume));
  const document = shop.document;
  if (result.ok || result.fault.name !== 'nothing-to-resume' || !document) return printed(shop, result);
  return printed(shop, yield* wait<PrintResult>(resume => shop.device.print(document, resume)));
}

export function* printNew(
  shop: Shop,
  slip: SlipData,
  kind: string,
  copy: 'merchant' | 'cardholder',
  txnId: number | undefined,
  code?: string,
): Task<Done> {
  const lines = linesOf(shop, slip);
  const signed = code === undefined ? {} : { code };
  const about = txnId === undefined ? {} : { txnId };
  const kept = { ...about, kind, copy, columns: columns(shop), lines, ...signed };
  shop.journal.storeSlip(shop.hal.clock.nowMs(), kept);
  return yield* printLines(shop, lines, code);
}

/** Prints a report that is made again whenever it is asked for, so nothing of it is kept. */
export function* printData(shop: Shop, slip: SlipData): Task<Done> {
  return yield* printLines(shop, linesOf(shop, slip));
}

/** `code`: what stands in the QR code where the lines have its mark. */
function* printLines(shop: Shop, lines: readonly string[], code?: string): Task<Done> {
  shop.trace?.({ kind: 'slip', atMs: shop.hal.clock.nowMs(), lines });
  if (paperColumns(shop) === 0) return { type: 'DONE', outcome: 'ok' };
  const document = slipBytes(lines, code === undefined ? {} : { qr: code });
  shop.document = document;
  return printed(shop, yield* wait<PrintResult>(resume => shop.device.print(document, resume)));
}

function printed(shop: Shop, result: PrintResult): Done {
  if (result.ok) {
    shop.document = undefined;
    return { type: 'DONE', outcome: 'ok' };
  }
  const { fault } = result;
  shop.hal.log.warn({ event: 'printer', fault: fault.name }, faultText(fault));
  return { type: 'DONE', outcome: isPaper(fault) ? 'paperOut' : 'printerFault', fault };
}

const isPaper = (fault: Fault): boolean => fault.name === 'paper-out' || fault.name === 'cover-open';

function linesOf(shop: Shop, slip: SlipData): string[] {
  const lines = slipLines(slip, slipOptions(shop));
  if (!shop.training) return lines;
  const mark = centred(TRAINING_SLIP_MARK, columns(shop));
  return [mark, ...lines, mark];
}

function slipOptions(shop: Shop): SlipOptions {
  return { columns: columns(shop), lang: shop.lang, negativeAmounts: shop.profile.policy.negativeAmountOnSlip };
}

function columns(shop: Shop): 32 | 48 {
  return paperColumns(shop) >= 48 ? 48 : 32;
}

/** Width of the paper that both the profile and the terminal at hand have; 0 = nothing can be printed. */
function paperColumns(shop: Shop): number {
  const { printColumns } = shop.profile.terminal;
  const panel = shop.terminal.info?.panel;
  return panel ? Math.min(printColumns, panel.printColumns) : printColumns;
}

export function shopOf(shop: Shop): PurchaseSlip['shop'] {
  const { merchant } = shop.profile;
  return { merchantName: merchant.name[shop.lang], merchantNo: merchant.merchantNo, terminalNo: merchant.terminalNo };
}

function purchaseSlip(shop: Shop, txn: Txn, copy: 'merchant' | 'cardholder', qr: boolean): PurchaseSlip {
  const { intent, answer } = txn;
  const { profile, lang } = shop;
  const kind = KIND_RULES[txn.kind].act;
  const approvers = [intent.approver, intent.second].filter(one => one !== undefined);
  const original = intent.original;
  const words = profile.texts.words;
  const reason = intent.reason === undefined ? undefined : reasonText(kind, intent.reason, words, lang);
  const entry: SlipEntry = intent.card?.fallback
    ? 'fallback'
    : intent.card?.entry === 'manual'
      ? 'none'
      : (intent.card?.entry ?? 'none');
  const at = slipTime(shop, txn);
  const expiry = intent.card?.expiry;
  return {
    kind,
    copy,
    shop: shopOf(shop),
    title: profile.acquirer.slipTitle,
    operator: intent.operator,
    approver:
      approvers.length > 0 && (kind === 'refund' || intent.second !== undefined) ? approvers.join(' ') : undefined,
    issuer: institution(shop, answer?.issuer),
    acquirer: institution(shop, answer?.acquirer),
    maskedPan: intent.card?.masked ?? '',
    entry,
    scan: scanOf(shop, txn),
    expiry: expiry === undefined ? undefined : `20${expiry.slice(0, 2)}/${expiry.slice(2)}`,
    batch: digits(txn.batch, 6),
    voucher: digits(txn.trace, 6),
    authCode: kind === 'refund' ? undefined : answer?.authCode,
    reference: answer?.reference,
    at,
    amountMinor: txn.amountMinor,
    original: original && slipOriginal(shop, original, at),
    reason,
    tracking: kind === 'refund' ? trackingNumber(txn) : undefined,
    due: kind === 'refund' ? dueText(shop, txn) : undefined,
    remarks: [
      ...(answer?.centreText === undefined ? [] : [answer.centreText]),
      ...(copy === 'cardholder' ? advice(shop, txn) : []),
    ],
    chip: kind === 'sale' && answer?.emv && intent.card?.entry !== 'swipe' ? chipOf(answer.emv) : undefined,
    qr,
    servicePhone: profile.merchant.servicePhone,
  };
}

function slipOriginal(shop: Shop, original: OriginalRef, at: PurchaseSlip['at']): SlipOriginal {
  const { txnId, trace, batch, reference, dateMmdd } = original;
  const txn = txnId === undefined ? undefined : shop.journal.txn(txnId);
  return {
    voucher: trace === undefined ? undefined : digits(trace, 6),
    batch: batch === undefined ? undefined : digits(batch, 6),
    reference,
    date: dateMmdd === undefined ? undefined : `${yearOf(at, dateMmdd)}/${dateMmdd.slice(0, 2)}/${dateMmdd.slice(2)}`,
    amountMinor: txn?.amountMinor,
    remainderMinor: txn && shop.journal.refundable(txn.id),
  };
}

/** What the customer must know: until when a sale can be refunded, what becomes of a void, that a refund is on its way. */
function advice(shop: Shop, txn: Txn): readonly string[] {
  const zh = shop.lang === 'zh';
  const days = shop.profile.policy.channels[channelOf(txn)].refundWindowDays;
  switch (KIND_RULES[txn.kind].act) {
    case 'sale':
      return [zh ? `退货期限${days}天,请保留本单` : `REFUND WITHIN ${days} DAYS: KEEP THIS`];
    case 'void':
      return [zh ? '撤销后原扣款解除,当日至次日可见' : 'CHARGE RELEASED BY NEXT DAY'];
    case 'refund':
      return zh
        ? ['已受理不等于已到账', '到期未到请凭参考号致电发卡行']
        : ['ACCEPTED IS NOT YET ARRIVED', 'NOT THERE BY THEN: CALL YOUR BANK WITH THE REFERENCE'];
  }
}

export function reasonText(
  kind: string,
  reason: string,
  words: Shop['profile']['texts']['words'],
  lang: 'zh' | 'en',
): string | undefined {
  const id = `${kind}Reason${reason.slice(0, 1)}`;
  return id in words ? `${reason} ${words[id as keyof typeof words][lang]}` : undefined;
}

function institution(shop: Shop, code: string | undefined): PurchaseSlip['issuer'] {
  return code === undefined ? undefined : { name: institutionName(shop.profile, code, shop.lang), code };
}

/** Date and time of the acquirer (13, 12) with the year of this clock. */
function slipTime(shop: Shop, txn: Txn): PurchaseSlip['at'] {
  const local = shop.hal.clock.local(txn.atMs);
  const date = txn.answer?.hostDate;
  const time = txn.answer?.hostTime;
  if (date === undefined || time === undefined) return local;
  return {
    year: yearOf(local, date),
    month: Number(date.slice(0, 2)),
    day: Number(date.slice(2)),
    hour: Number(time.slice(0, 2)),
    minute: Number(time.slice(2, 4)),
    second: Number(time.slice(4)),
  };
}

/** Year of a date MMDD seen from `now`: a date more than a day ahead belongs to last year. */
function yearOf(now: { year: number; month: number; day: number }, mmdd: string): number {
  const ahead = Number(mmdd.slice(0, 2)) * 31 + Number(mmdd.slice(2)) - (now.month * 31 + now.day);
  return ahead > 180 ? now.year - 1 : ahead < -330 ? now.year + 1 : now.year;
}

function chipOf(tags: Readonly<Record<string, string>>): SlipChip {
  const tag = (name: string): string => tags[name] ?? '';
  const certificate = tag('9F27').startsWith('4');
  return {
    ...(tag('9F26') === '' ? {} : certificate ? { tc: tag('9F26') } : { arqc: tag('9F26') }),
    tvr: tag('95'),
    tsi: tag('9B'),
    aid: tag('84') || tag('4F'),
    atc: tag('9F36'),
    aip: tag('82'),
    sequence: tag('5F34').padStart(3, '0'),
    unpredictable: tag('9F37'),
    cvmResults: tag('9F34'),
    label: tag('50')
      .replace(/../g, hex => String.fromCharCode(Number.parseInt(hex, 16)))
      .replace(/[^\x20-\x7e]/g, ''),
  };
}
