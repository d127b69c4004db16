import { faultText } from '../fault.ts';
import {
  channelOf,
  KIND_RULES,
  type Settlement,
  type SettlementFlags,
  tlvOf,
  type Txn,
  type UploadCursor,
} from '../journal/journal.ts';
import { SIGN_ON_AGAIN } from '../transaction/answers.ts';
import type { Elements } from '../transaction/elements.ts';
import { type TransactionCodes, managementElements, originalData, privateUse60 } from '../transaction/requests.ts';
import {
  balanceFlags,
  type Detail,
  detailField,
  detailFieldLength,
  tcField,
  totalsField,
} from '../transaction/settlement.ts';
import type { Done } from '../terminal/types.ts';
import { digits } from '../units.ts';
import { toHex } from '../wire/hex.ts';
import { prepare, send, type Outcome } from './exchange.ts';
import { signOn } from './management.ts';
import { codesOf, contextOf } from './context.ts';
import { promptOf, stopped } from './money.ts';
import { originalOf } from './original.ts';
import { storeSettlementSlip } from './printing.ts';
import { privateTexts } from './private-elements.ts';
import { referenceOf } from './qr.ts';
import { payCodeOf } from './records.ts';
import { openedCard, reverseOwed } from './reversal.ts';
import type { Shop } from './shop.ts';
import type { Task } from './task.ts';

/** One message of the batch upload: what it uploads and how it is built. */
interface Item {
  readonly txns: readonly Txn[];
  readonly build: (trace: number) => Elements | undefined;
  /** Chip certificates keep the trace of their transaction; stripe details take a new one. */
  readonly trace: number | undefined;
}

/**
 * F09: 0500 with the totals, batch upload, batch end, new batch. Every step is on disk before the next one, so a
 * settlement that is cut anywhere goes on where it stood (批上送断点续传).
 */
export function* settle(shop: Shop): Task<Done> {
  const { journal, hal } = shop;
  if (!journal.openSettlement()) {
    if (shop.signOnAgain) {
      const again = yield* signOn(shop);
      if (again.outcome !== 'ok') return again;
      // The acquirer has closed the batch whose totals were confirmed, and a new one is empty.
      if (journal.counts().batch === 0) return { type: 'DONE', outcome: 'failed', prompt: 'E01' };
    }
    // Also what a supervisor let wait: the last chance before the batch is closed. What stays held is on the idle screen.
    const stop = stopped(shop, yield* reverseOwed(shop, 'all'));
    if (stop) return stop;
  }
  const started = journal.startSettlement(hal.clock.nowMs());
  if (!started.ok) return { type: 'DONE', outcome: 'failed', prompt: promptOf(started.fault), fault: started.fault };
  let settlement = started.value;
  if (settlement.stage === 'requested') {
    const answered = yield* requestTotals(shop, settlement);
    if ('type' in answered) return answered;
    settlement = answered;
  }
  if (settlement.stage === 'answered' || settlement.stage === 'uploading') {
    const flags = settlement.flags ?? { cup: 3, foreign: 3 };
    shop.progress({ stage: 'balance', cup: String(flags.cup), foreign: String(flags.foreign) });
    const uploaded = yield* upload(shop, settlement, flags);
    // A sign-on on the way may have brought the next batch: then the acquirer has closed this one.
    const closed = journal.settlement(settlement.id);
    if (closed?.stage === 'closed') return closedBatch(shop, closed);
    if ('type' in uploaded) return uploaded;
    settlement = uploaded;
  }
  return closedBatch(shop, journal.closeBatch(hal.clock.nowMs(), settlement.id));
}

function closedBatch(shop: Shop, settlement: Settlement): Done {
  storeSettlementSlip(shop, settlement);
  return {
    type: 'DONE',
    outcome: 'settled',
    ...(settlement.newBatch === undefined ? {} : { batch: settlement.newBatch }),
  };
}

/** The operator goes home: signed off when the profile says so. */
export function finishSettlement(shop: Shop): Done {
  const now = shop.hal.clock.nowMs();
  if (shop.profile.policy.autoSignOff) {
    shop.journal.appendSignOff(now, 'settled');
    if (shop.operator !== undefined) shop.journal.appendEvent(now, 'operator-off', { operator: shop.operator });
    shop.operator = undefined;
  }
  return { type: 'DONE', outcome: 'ok', batch: shop.journal.batch() };
}

function* requestTotals(shop: Shop, settlement: Settlement): Task<Settlement | Done> {
  const { journal, hal, profile } = shop;
  const { cup, foreign } = settlement.totals;
  const trace = journal.takeTrace(hal.clock.nowMs());
  const operator = (shop.operator ?? '01').padStart(3, '0');
  const base = managementElements(codesOf(shop, 'settle'), contextOf(shop, settlement.batch), trace, operator);
  const text = new Map(base.text);
  text.set(
    48,
    totalsField({
      cupDebit: cup.debit,
      cupCredit: cup.credit,
      foreignDebit: foreign.debit,
      foreignCredit: foreign.credit,
    }),
  );
  text.set(49, profile.acquirer.currency);
  const ready = yield* prepare(shop, { ...base, text });
  if ('cause' in ready) return { type: 'DONE', outcome: 'failed', prompt: 'E31', fault: ready };
  const answer = yield* send(shop, ready, { progress: secondsLeft => ({ stage: 'totals', secondsLeft }) });
  const flags = flagsOf(shop, answer);
  if (!flags) {
    if (answer.kind !== 'answered')
      shop.hal.log.warn({ event: 'settlement', fault: answer.fault.name }, faultText(answer.fault));
    // An 0510 has no 39; an acquirer that gives one refuses with it.
    else if (answer.meaning.kind !== 'approved') return giveUp(shop, settlement, `the totals with ${answer.code}`);
    return { type: 'DONE', outcome: 'notAnswered' };
  }
  // The acquirer refused the request itself (sign-on, batch, form): nothing is under way there.
  if (flags.cup === REFUSED && flags.foreign === REFUSED) return giveUp(shop, settlement, 'the totals');
  return journal.settlementAnswered(hal.clock.nowMs(), settlement.id, flags);
}

/**
 * The acquirer has answered that it does not settle so: the settlement is given up here, not the batch. The next try signs on first
 * and asks for totals anew, so that no counter waits for ever for an end that nobody will accept.
 */
function giveUp(shop: Shop, { id, batch }: Settlement, what: string): Done {
  const why = `the acquirer refused ${what}`;
  shop.hal.log.warn({ event: 'settlement', batch }, why);
  shop.journal.settlementCancelled(shop.hal.clock.nowMs(), id, why);
  shop.signOnAgain = true;
  return { type: 'DONE', outcome: 'notAnswered' };
}

/** Flag of the 0510: error. On both sides it says that the totals were not even looked at. */
const REFUSED = 3;

function flagsOf(shop: Shop, answer: Outcome): SettlementFlags | undefined {
  if (answer.kind !== 'answered' || !shop.answer.has(48)) return undefined;
  const flags = balanceFlags(shop.answer.text(48));
  return flags && { cup: Number(flags.cup) as 1 | 2 | 3, foreign: Number(flags.foreign) as 1 | 2 | 3 };
}

/** Stripe details and notices only when the totals differ; chip certificates always; then the end with the count. */
function* upload(shop: Shop, settlement: Settlement, flags: SettlementFlags): Task<Settlement | Done> {
  const { journal, hal, profile } = shop;
  const { rounds, acceptedCodes } = profile.acquirer.settlement;
  const balanced = flags.cup === 1 && flags.foreign === 1;
  const items = itemsOf(shop, settlement, balanced);
  let cursor: UploadCursor = settlement.cursor ?? { step: 'items', index: 0, round: 0, sent: 0, missing: [] };
  while (cursor.round < rounds) {
    const { round } = cursor;
    // In the first round `missing` grows by what stays silent; afterwards it holds all that is still to be sent.
    const due: readonly number[] =
      round === 0 ? items.map((_, index) => index).slice(cursor.index) : (cursor.missing ?? []);
    for (const index of due) {
      shop.progress({ stage: 'upload', done: index + 1, of: items.length });
      const outcome = yield* sendItem(shop, items[index], secondsLeft => ({
        stage: 'upload',
        done: index + 1,
        of: items.length,
        secondsLeft,
      }));
      // Any answer counts as sent; only silence is repeated after the round, and what the acquirer took for a stranger's.
      const stranger = outcome.kind === 'answered' && SIGN_ON_AGAIN.has(outcome.code);
      const answered = outcome.kind === 'answered' && !stranger;
      if (outcome.kind === 'answered' && !acceptedCodes.includes(outcome.code))
        shop.hal.log.warn(
          { event: 'settlement', code: outcome.code, count: index },
          'an item of the batch upload was refused',
        );
      if (outcome.kind !== 'answered')
        shop.hal.log.warn({ event: 'settlement', fault: outcome.fault.name, count: index }, faultText(outcome.fault));
      const silent = (cursor.missing ?? []).filter(other => other !== index);
      cursor = {
        step: 'items',
        index: index + 1,
        round,
        sent: cursor.sent + (answered ? items[index].txns.length : 0),
        missing: answered ? silent : [...silent, index],
      };
      journal.settlementUploaded(hal.clock.nowMs(), settlement.id, cursor);
      if (!stranger) continue;
      const again = yield* signOn(shop, true);
      if (again.outcome !== 'ok') return again;
      if (!journal.openSettlement()) return { type: 'DONE', outcome: 'notAnswered' };
    }
    if ((cursor.missing ?? []).length === 0) break;
    cursor = { ...cursor, round: round + 1 };
    journal.settlementUploaded(hal.clock.nowMs(), settlement.id, cursor);
  }
  return yield* end(shop, settlement, balanced, cursor.sent);
}

/** Batch end 207 or 202 with the number of items. An acquirer that wants a sign-on first gets it, and the end once more. */
function* end(
  shop: Shop,
  settlement: Settlement,
  balanced: boolean,
  sent: number,
  repeated = false,
): Task<Settlement | Done> {
  const { journal, hal } = shop;
  const codes = codesOf(shop, 'batchEnd');
  const base = managementElements(
    unbalancedCodes(shop, 'batchEnd', codes, balanced),
    contextOf(shop, settlement.batch),
    journal.takeTrace(hal.clock.nowMs()),
  );
  const text = new Map(base.text).set(48, digits(sent, 4));
  const ready = yield* prepare(shop, { ...base, text });
  if ('cause' in ready) return { type: 'DONE', outcome: 'failed', prompt: 'E31', fault: ready };
  const answer = yield* send(shop, ready, { progress: secondsLeft => ({ stage: 'totals', secondsLeft }) });
  if (answer.kind !== 'answered') return { type: 'DONE', outcome: 'notAnswered' };
  if (SIGN_ON_AGAIN.has(answer.code)) {
    const again = yield* signOn(shop, true);
    if (again.outcome !== 'ok') return again;
    if (!repeated && journal.openSettlement()) return yield* end(shop, settlement, balanced, sent, true);
  }
  if (answer.meaning.kind !== 'approved')
    // A sign-on that has brought the next batch has closed this one.
    return journal.openSettlement()
      ? giveUp(shop, settlement, `the end of the batch with ${answer.code}`)
      : { type: 'DONE', outcome: 'notAnswered' };
  return journal.settlementEnded(hal.clock.nowMs(), settlement.id, sent);
}

function* sendItem(
  shop: Shop,
  item: Item,
  progress: (secondsLeft: number) => { stage: 'upload'; done: number; of: number; secondsLeft: number },
): Task<Outcome> {
  const trace = item.trace ?? shop.journal.takeTrace(shop.hal.clock.nowMs());
  const elements = item.build(trace);
  if (!elements)
    return {
      kind: 'notSent',
      fault: {
        code: 'E_ILLEGAL',
        name: 'no-card',
        cause: 'the card of a batch item cannot be opened',
        remedy: 'Check the key file of the journal',
      },
    };
  const ready = yield* prepare(shop, elements);
  elements.card?.wipe();
  elements.digits48?.fill(0);
  if ('cause' in ready) return { kind: 'notSent', fault: ready };
  return yield* send(shop, ready, { reuse: true, progress });
}

function itemsOf(shop: Shop, settlement: Settlement, balanced: boolean): Item[] {
  const details = shop.journal.batchDetails(settlement.period);
  const items: Item[] = [];
  if (!balanced) {
    const stripes = details.filter(t => KIND_RULES[t.kind].act !== 'refund' && !isChipSale(t));
    const per = shop.profile.acquirer.settlement.detailsPerMessage;
    for (let at = 0; at < stripes.length; at += per)
      items.push(detailItem(shop, settlement, stripes.slice(at, at + per)));
    for (const refund of details.filter(t => KIND_RULES[t.kind].act === 'refund')) items.push(noticeItem(shop, refund));
  }
  for (const sale of details.filter(isChipSale)) items.push(certificateItem(shop, settlement, sale, balanced));
  return items;
}

const isChipSale = (t: Txn): boolean =>
  t.kind === 'sale' &&
  (t.intent.card?.entry === 'chip' || t.intent.card?.entry === 'tap') &&
  t.answer?.emv !== undefined;

const isForeign = (t: Txn): boolean => (t.answer?.organisation ?? 'CUP') !== 'CUP';

const detailOf = (t: Txn): Detail => ({ id: t.id, foreign: isForeign(t), trace: t.trace, amountMinor: t.amountMinor });

/** Text of data element 62 as the dialect writes it: its bytes as hex where the element is binary. */
function privateText(shop: Shop, ascii: string): string {
  if (shop.plan.source.fields['62']?.type !== 'b') return ascii;
  return toHex(Uint8Array.from(ascii, character => character.charCodeAt(0)));
}

function detailItem(shop: Shop, settlement: Settlement, txns: readonly Txn[]): Item {
  return {
    txns,
    trace: undefined,
    build: trace => {
      const base = managementElements(codesOf(shop, 'batchDetail'), contextOf(shop, settlement.batch), trace);
      const digits48 = new Uint8Array(detailFieldLength(txns.length));
      let opened = true;
      detailField(
        txns.map(detailOf),
        (detail, out) => {
          const code = scannedDigits(shop, detail.id);
          if (code !== undefined) {
            for (let i = 0; i < code.length; i++) out[i] = code.charCodeAt(i);
            return code.length;
          }
          const pan = shop.journal.openCard(detail.id);
          if (!pan.ok) {
            opened = false;
            return 0;
          }
          out.set(pan.value);
          const { length } = pan.value;
          pan.value.fill(0);
          return length;
        },
        digits48,
      );
      return opened ? { ...base, digits48 } : undefined;
    },
  };
}

/** The place of the card number of a scanned payment: the last 20 digits of the payer's code; undefined for cards. */
function scannedDigits(shop: Shop, id: number): string | undefined {
  const txn = shop.journal.txn(id);
  return txn && channelOf(txn) !== 'card' ? (payCodeOf(shop, txn) ?? '').slice(-20) : undefined;
}

/** A refund goes up as a copy of its 0220 without PIN, MAC and tracks. */
function noticeItem(shop: Shop, txn: Txn): Item {
  return {
    txns: [txn],
    trace: txn.trace,
    build: trace => {
      const scanned = scannedNotice(shop, txn);
      const card = scanned ? undefined : openedCard(shop, txn);
      if (!card && !scanned) return undefined;
      const { intent } = txn;
      const codes = codesOf(shop, 'batchNotice');
      const context = contextOf(shop, txn.batch);
      const text = new Map<number, string>([
        [4, digits(txn.amountMinor, 12)],
        [11, digits(trace, 6)],
        [22, `${intent.entryMode.slice(0, 2)}2`],
        [37, scanned?.reference ?? intent.original?.reference ?? '0'.repeat(12)],
        [41, intent.tid],
        [42, intent.mid],
        [49, context.identity.currency],
        [60, intent.fields['60'] ?? privateUse60(codes, txn.batch, context.identity)],
        [61, intent.fields['61'] ?? originalData('refund', originalOf(shop, txn))],
        [63, shop.profile.acquirer.cardOrganisation63],
        ...(scanned?.texts ?? []),
      ]);
      if (codes.processingCode !== undefined) text.set(3, codes.processingCode);
      if (codes.conditionCode !== undefined) text.set(25, codes.conditionCode);
      if (intent.card?.expiry !== undefined) text.set(14, intent.card.expiry);
      if (intent.card?.sequence !== undefined && intent.entryMode.startsWith('05')) text.set(23, intent.card.sequence);
      return { mti: 0x0320, text, ...(card ? { card, withPan: true } : {}), mac: false };
    },
  };
}

/** What the notice of a refund of a scanned payment says instead of a card: the private elements of its 0220, and 37. */
function scannedNotice(
  shop: Shop,
  txn: Txn,
): { readonly reference: string; readonly texts: ReadonlyMap<number, string> } | undefined {
  const { scanPayment } = shop.profile.acquirer;
  const channel = channelOf(txn);
  if (channel === 'card' || !scanPayment) return undefined;
  const { original } = txn.intent;
  const { batch, trace } = txn;
  const numbers = { batch, trace, payCode: payCodeOf(shop, txn), order: original?.order };
  return {
    reference: referenceOf(original),
    texts: privateTexts(shop, scanPayment, 'refund', channel, numbers),
  };
}

function certificateItem(shop: Shop, settlement: Settlement, txn: Txn, balanced: boolean): Item {
  return {
    txns: [txn],
    trace: txn.trace,
    build: trace => {
      const card = openedCard(shop, txn);
      if (!card) return undefined;
      const codes = unbalancedCodes(shop, 'batchTc', codesOf(shop, 'batchTc'), balanced);
      const base = managementElements(codes, contextOf(shop, settlement.batch), trace);
      const text = new Map(base.text);
      text.set(4, digits(txn.amountMinor, 12));
      text.set(22, txn.intent.entryMode);
      if (txn.intent.card?.sequence !== undefined) text.set(23, txn.intent.card.sequence);
      text.set(62, privateText(shop, tcField(detailOf(txn), shop.profile.acquirer.currency)));
      return {
        mti: base.mti,
        text,
        card,
        withPan: true,
        chip: tlvOf(txn.answer?.emv ?? {}, shop.profile.acquirer.chipTags.certificate),
        mac: false,
      };
    },
  };
}

/** 60.3 of the upload and its end differ when the totals did not balance (205 for 203, 202 for 207). */
function unbalancedCodes(shop: Shop, id: string, codes: TransactionCodes, balanced: boolean): TransactionCodes {
  const other = shop.profile.transactions[id].info60Unbalanced;
  return balanced || other === undefined ? codes : { ...codes, info60: other };
}
