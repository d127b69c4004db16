import { faultText } from '../fault.ts';
import type { PromptId } from '../profile/words.ts';
import { channelOf, KIND_RULES, type Txn } from '../journal/journal.ts';
import type { CardSource, Done, Draft, Job } from '../terminal/types.ts';
import { type EquipmentJob, isEquipmentJob } from '../terminal/equipment.ts';
import { isTrainingJob, type TrainingJob } from '../terminal/quiz.ts';
import type { Wallet } from '../transaction/qr.ts';
import { pin, readCard } from './cards.ts';
import { stopsTrade } from './equipment.ts';
import { performEquipment } from './flashing.ts';
import { echo, signOff, signOn } from './management.ts';
import { afterSending, heldAt, heldLeft, hold, leaveToPerson, refundsOf, stopHeld, takeHeld } from './hold.ts';
import { printHeld } from './held-slip.ts';
import { checkBlind, judgeDraft, lastLook } from './judgement.ts';
import { online, promptOf, stopped, voidOf } from './money.ts';
import { printDay } from './day-report.ts';
import {
  printDetail,
  printSettlement,
  printSlip,
  printTotals,
  reprint,
  resumePrint,
  storeSettlementSlip,
} from './printing.ts';
import { less, scannedTotals } from './scan-slip.ts';
import { closeSale, inquireSale, qrOnline, readCode, readOrder } from './qr.ts';
import type { DeskJob } from '../terminal/refund-desk.ts';
import { isDeskJob, performAtDesk } from './refund-desk.ts';
import { recordView, trackingNumber, trackingOf } from './records.ts';
import { daysAgo } from './original.ts';
import { heldDue, reverseOwed } from './reversal.ts';
import { searchRecords } from './search.ts';
import { finishSettlement, settle } from './settlement.ts';
import { performTraining } from './training-jobs.ts';
import { ageDays } from '../transaction/shop-day.ts';
import { type Shop, forgetCard } from './shop.ts';
import { foreignOriginal, lessElsewhere, parseScan } from './slip-code.ts';
import type { Task } from './task.ts';

/** Longest list on the query screen. */
const HISTORY_MAX = 300;

/**
 * Does what a step of the flows asks for and says how it ended. It only chooses: whatever wakes a task that waits passes
 * through every task around it, so this is none.
 */
export function perform(shop: Shop, job: Job): Task<Done> {
  if (isDeskJob(job)) return performAtDesk(shop, job);
  if (isEquipmentJob(job)) return performEquipment(shop, job);
  if (isTrainingJob(job)) return performTraining(shop, job);
  switch (job.kind) {
    case 'signOn':
      return signOn(shop);
    case 'signOff':
      return signOff(shop);
    case 'echo':
      return echo(shop);
    case 'readCard':
      return readTried(shop, job.source, job.draft);
    case 'pin':
      return pin(shop, job.draft, job.skip);
    case 'online':
      return send(shop, job.draft);
    case 'qrInquiry':
      return inquireSale(shop, job.id);
    case 'qrClose':
      return closeSale(shop, job.id);
    case 'hold':
      return hold(shop, job.draft);
    case 'printHeld':
      return printHeldOf(shop, job.id);
    case 'voidOf':
      return voidOf(shop, job.id);
    case 'reverse':
      return reverse(shop);
    case 'printSlip':
      return printSlip(shop, job.id, job.copy);
    case 'resumePrint':
      return resumePrint(shop);
    case 'reprint':
      return reprintFound(shop, job.id);
    case 'printReport':
      return printReport(shop, job.report);
    case 'settle':
      return settle(shop);
    default:
      return ended(answer(shop, job));
  }
}

/** Jobs that wait for somebody: the terminal, the acquirer, the paper. */
type Work =
  | 'signOn' | 'signOff' | 'echo' | 'readCard' | 'pin' | 'online' | 'qrInquiry' | 'qrClose' | 'hold' | 'printHeld' | 'voidOf'
  | 'reverse' | 'printSlip' | 'resumePrint' | 'reprint' | 'printReport' | 'settle'; // prettier-ignore

/** A task that is over at once. */
function* ended(done: Done): Task<Done> {
  return done;
}

/** What the books and the counter itself answer at once. */
function answer(shop: Shop, job: Exclude<Job, { kind: Work } | DeskJob | EquipmentJob | TrainingJob>): Done {
  const { journal, hal } = shop;
  const now = hal.clock.nowMs();
  switch (job.kind) {
    case 'recover':
      return recover(shop);
    case 'operatorKnown':
      return journal.operator(job.operator) ? done('ok') : refused('F02.unknown', 'unknown');
    case 'checkPassword': {
      const blockMs = shop.profile.policy.passwordBlockSeconds * 1000;
      const checked = journal.verifyPassword(now, job.operator, job.password, blockMs);
      if (checked.ok) return done(checked.value.mustChange ? 'mustChange' : 'ok');
      hal.log.warn({ event: 'password', operator: job.operator, fault: checked.fault.name }, faultText(checked.fault));
      return checked.fault.name === 'password-wrong' ? done('wrong') : refused('E14', 'blocked');
    }
    case 'setPassword': {
      const set = journal.setPassword(now, job.operator, job.password, job.operator);
      if (set.ok) return done('ok');
      return refused(job.password === '' || set.fault.name === 'password-form' ? 'F02.differ' : 'F02.weak', 'failed');
    }
    case 'logOn':
      if (job.operator !== '00' && job.operator !== '99') {
        shop.operator = job.operator;
        journal.appendEvent(now, 'operator-on', { operator: job.operator });
      }
      return done('ok');
    case 'operatorFree':
      return operatorFree(shop, job.operator);
    case 'addOperator':
      return addOperator(shop, job.operator, job.password);
    case 'removeOperator': {
      if (job.operator === shop.operator) return refused('E71', 'failed');
      const removed = journal.removeOperator(now, job.operator, '00');
      return removed.ok ? done('ok') : { ...refused('F02.unknown', 'failed'), fault: removed.fault };
    }
    case 'listOperators':
      return { ...done('ok'), operators: journal.operators().map(operator => operator.no) };
    case 'lock':
      journal.appendEvent(now, 'locked', shop.operator === undefined ? {} : { operator: shop.operator });
      return done('ok');
    case 'unlock':
      journal.appendEvent(now, 'unlocked', { operator: job.operator });
      // A supervisor who unlocks does not go on as the cashier who locked.
      if (job.operator !== shop.operator && shop.operator !== undefined) {
        journal.appendEvent(now, 'operator-off', { operator: shop.operator });
        shop.operator = undefined;
      }
      return done('ok');
    case 'forgetCard':
      forgetCard(shop);
      return done('ok');
    case 'readCode':
      return readCode(shop, job.text);
    case 'judge':
      return judgeDraft(shop, job.draft);
    case 'checkBlind':
      return checkBlind(shop, job.draft, job.lastFour);
    case 'heldRefund':
      return heldAt(shop, job.index);
    case 'heldLeft':
      return heldLeft(shop, job.id);
    case 'takeHeld':
      return takeHeld(shop, job.id, job.second);
    case 'stopHeld':
      return stopHeld(shop, job.id);
    case 'refundsOf':
      return refundsOf(shop, job.id);
    case 'findVoucher':
      return find(
        shop,
        journal.byVoucher(job.voucher, job.batch) ??
          (job.batch === undefined ? journal.byVoucherEver(job.voucher)[0] : undefined),
        job.purpose,
      );
    case 'findLast':
      return find(
        shop,
        job.purpose === 'void' ? lastSale(shop) : journal.lastTxn(['approved', 'voided', 'unknown', 'reversed']),
        job.purpose,
      );
    case 'findSlip':
      return findSlip(shop, job.text, job.purpose);
    case 'findReference':
      return tried(shop, 'refund', findReference(shop, job.reference, job.date));
    case 'history':
      return history(shop);
    case 'searchRecords':
      return searchRecords(shop, job);
    case 'dropPrint':
      if (job.id !== undefined) journal.appendEvent(now, 'paper', { txnId: job.id, code: SLIP_WAITS });
      return done('ok');
    case 'totals': {
      const { cup, foreign } = journal.batchTotals();
      const { debit, credit, any } = scannedTotals(shop);
      const cards = [less(cup.debit, debit), less(cup.credit, credit), foreign.debit, foreign.credit];
      return { ...done('ok'), sides: any ? [...cards, debit, credit] : cards };
    }
    case 'finishSettlement':
      return finishSettlement(shop);
    case 'unknownRefund': {
      const unknown = journal.unknownRefunds();
      const txn = unknown[job.index % unknown.length];
      return txn ? { ...done('ok'), record: recordView(shop, txn), tracking: trackingNumber(txn) } : done('none');
    }
    case 'resolveRefund': {
      // The totals and items of a settlement under way stay as they were requested.
      if (journal.openSettlement()) return refused('E77', 'failed');
      const resolved = journal.resolveRefund(now, job.id, {
        by: '00',
        accepted: true,
        reference: job.reference,
        note: 'accepted, says the acquirer',
      });
      if (!resolved.ok) return { ...refused(promptOf(resolved.fault), 'failed'), fault: resolved.fault };
      return { ...done('ok'), record: recordView(shop, resolved.value), ...trackingOf(shop, resolved.value) };
    }
    case 'owedReversal': {
      const reversal = journal.heldReversals()[0] ?? journal.owedReversal();
      return reversal ? { ...done('ok'), record: recordView(shop, reversal.txn) } : done('none');
    }
    case 'release':
      journal.releaseTerminal(now, '00');
      return done('ok');
  }
}

function* readTried(shop: Shop, source: CardSource, draft: Draft): Task<Done> {
  return tried(shop, draft.kind, yield* readCard(shop, source, draft), draft.original?.id);
}

function* printHeldOf(shop: Shop, id: number): Task<Done> {
  const held = shop.journal.held(id);
  if (held) yield* printHeld(shop, held);
  return done('ok');
}

function* reverse(shop: Shop): Task<Done> {
  // New keys may go first: under the old ones the acquirer would only refuse the reversal and use up a try.
  if (shop.signOnAgain && (shop.journal.owedReversal() || heldDue(shop).length > 0)) yield* signOn(shop);
  const end = yield* reverseOwed(shop, 'due');
  return stopped(shop, end) ?? done(end.kind === 'reversed' ? 'reversed' : 'none');
}

function* reprintFound(shop: Shop, id: number): Task<Done> {
  return withOwedSlip(shop, yield* reprint(shop, id));
}

function printReport(shop: Shop, report: Extract<Job, { kind: 'printReport' }>['report']): Task<Done> {
  const { journal } = shop;
  if (report === 'totals') return printTotals(shop);
  if (report === 'day') return printDay(shop);
  if (report === 'settlement' || report === 'lastSettlement') return printSettlement(shop, report === 'lastSettlement');
  // Right after a settlement the batch is new and empty: the details are those of the batch that was closed.
  return journal.counts().batch > 0 || !journal.lastSettlement()
    ? printDetail(shop, journal.period(), journal.batch())
    : printDetail(shop, journal.lastSettlement()?.period ?? 0, journal.lastSettlement()?.batch ?? 0);
}

/** The rules have the last word; then it goes out. */
function* send(shop: Shop, draft: Draft): Task<Done> {
  // The screens lead nobody here; this is the lock behind them.
  if (stopsTrade(shop)) return refused('F23.stopped', 'failed');
  const undoes = draft.kind !== 'sale' && draft.resend === undefined;
  const looked = undoes ? lastLook(shop, draft, 'send') : undefined;
  if (looked && 'type' in looked) {
    if (draft.heldId !== undefined) leaveToPerson(shop, draft.heldId);
    return looked;
  }
  const { card } = shop;
  const findings = looked?.findings ?? [];
  const end = yield* draft.channel === undefined ? online(shop, draft, findings) : qrOnline(shop, draft, findings);
  if (draft.heldId !== undefined) afterSending(shop, draft.heldId, card);
  return end;
}

function done(outcome: string): Done {
  return { type: 'DONE', outcome };
}

function refused(prompt: PromptId, outcome: string): Done {
  return { type: 'DONE', outcome, prompt };
}

function recover(shop: Shop): Done {
  const { journal, hal } = shop;
  const found = journal.recover(hal.clock.nowMs());
  journal.appendEvent(hal.clock.nowMs(), 'boot', {
    version: shop.version,
    profile: `${shop.profile.id} v${shop.profile.version}`,
  });
  journal.appendPolicy(hal.clock.nowMs(), shop.profile.id, shop.profile.version, JSON.stringify(shop.profile.policy));
  for (const reversal of found.owed)
    hal.log.warn({ event: 'recover', stan: reversal.txn.trace }, 'a sale or void was cut off: reversal owed');
  for (const refund of found.unknownRefunds)
    hal.log.warn({ event: 'recover', stan: refund.trace }, 'a refund was cut off: its outcome is unknown');
  shop.operator = journal.currentOperator();
  // Cut off after the batch was closed and before its slip was stored.
  const settled = journal.lastSettlement();
  if (settled && (journal.lastSlip('settlement')?.id ?? 0) < settled.id) storeSettlementSlip(shop, settled);
  const owed = owedSlip(shop);
  return owed ? { ...done('ok'), record: recordView(shop, owed) } : done('ok');
}

/** Code of the event that a slip waits for paper. */
const SLIP_WAITS = 'later';
/** Newest records in which a slip that waits is looked for after a restart. */
const SLIP_LOOK_BACK = 300;
/** Kinds of record that say what became of it. */
const SLIP_RECORDS = ['reprint', 'paper'];

/**
 * The newest transaction whose slip was put off and not printed since, or which was cut off before its slip was made. The
 * journal alone says so, and a restart does not lose it.
 */
function owedSlip(shop: Shop): Txn | undefined {
  const { journal } = shop;
  const printed = new Set<number>();
  const newest = journal.recordsAfter(journal.headSeq - SLIP_LOOK_BACK, SLIP_RECORDS, SLIP_LOOK_BACK);
  for (const { kind, body } of newest.toReversed()) {
    const { txnId, code, slipId } = body as { txnId?: number; code?: string; slipId?: number };
    if (kind === 'reprint' && slipId !== undefined) {
      const of = journal.slip(slipId)?.txnId;
      if (of !== undefined) printed.add(of);
    }
    if (kind === 'paper' && code === SLIP_WAITS && txnId !== undefined && !printed.has(txnId))
      return journal.txn(txnId);
  }
  const last = journal.lastTxn(['approved']);
  return last && last.period === journal.period() && journal.slipsOf(last.id).length === 0 ? last : undefined;
}

function withOwedSlip(shop: Shop, done: Done): Done {
  const owed = done.outcome === 'ok' ? owedSlip(shop) : undefined;
  return owed ? { ...done, owedSlip: recordView(shop, owed) } : done;
}

function operatorFree(shop: Shop, no: string): Done {
  const { journal, profile } = shop;
  if (journal.operator(no)) return refused('E69', 'failed');
  const cashiers = journal.operators().filter(operator => operator.role === 'cashier').length;
  return cashiers >= profile.policy.maxOperators ? refused('E70', 'failed') : done('ok');
}

function addOperator(shop: Shop, no: string, password: string): Done {
  const free = operatorFree(shop, no);
  if (free.outcome !== 'ok') return free;
  const added = shop.journal.addOperator(shop.hal.clock.nowMs(), no, password, '00');
  if (added.ok) return done('ok');
  return { ...refused(added.fault.name === 'operator-number' ? 'F11.same' : 'F02.weak', 'failed'), fault: added.fault };
}

/** Why a sale that was not approved cannot be undone: its reversal is still owed, or no money moved. */
function unfinished(txn: Txn): PromptId {
  return txn.state === 'unknown' || txn.state === 'open' ? 'E64' : 'E80';
}

/** Refusals that say something about who tried: a second time, another card, too late, while it is locked or off. */
const TOLD: ReadonlySet<PromptId> = new Set(['E03', 'E04', 'E07', 'E10', 'E16', 'E17', 'E55', 'E80']);

/** A void or refund that could not begin stays in the journal. */
function tried(shop: Shop, purpose: string, end: Done, originalId?: number): Done {
  if ((purpose !== 'void' && purpose !== 'refund') || end.prompt === undefined || !TOLD.has(end.prompt)) return end;
  shop.journal.appendRefused(shop.hal.clock.nowMs(), {
    act: purpose,
    operator: shop.operator ?? '00',
    prompt: end.prompt,
    ...(end.rule ? { rule: end.rule.kind, value: end.rule.value, limit: end.rule.limit } : {}),
    ...(originalId === undefined || originalId === 0 ? {} : { originalId }),
  });
  return end;
}

/** The original of a void, refund or reprint, with the reason why it cannot be used. */
function find(shop: Shop, txn: Txn | undefined, purpose: 'void' | 'refund' | 'reprint' | 'query'): Done {
  return tried(shop, purpose, usable(shop, txn, purpose), txn?.id);
}

function usable(shop: Shop, txn: Txn | undefined, purpose: 'void' | 'refund' | 'reprint' | 'query'): Done {
  const { journal } = shop;
  if (!txn) {
    const empty = purpose !== 'refund' && journal.counts().batch === 0;
    return refused(empty ? 'E01' : 'E02', 'notFound');
  }
  const record = recordView(shop, txn);
  if (purpose === 'reprint' || purpose === 'query') return { ...done('ok'), record };
  if (KIND_RULES[txn.kind].act !== 'sale') return refused('E05', 'notFound');
  if (txn.state === 'voided') return refused('E03', 'notFound');
  if (txn.state !== 'approved') return refused(unfinished(txn), 'notFound');
  if (purpose === 'void') {
    if (hasUnknownRefund(shop, txn)) return refused('E17', 'notFound');
    if (txn.refundedMinor > 0) return refused('E04', 'notFound');
    if (txn.period !== journal.period()) return { ...refused('E56', 'tooOld'), record };
    return { ...done('ok'), record };
  }
  return refundable(shop, txn);
}

/** A refund of this sale waits for what the acquirer says: until then the sale is locked. */
function hasUnknownRefund(shop: Shop, sale: Txn): boolean {
  return shop.journal.refundsOf(sale.id).some(refund => refund.state === 'unknown');
}

function refundable(shop: Shop, txn: Txn): Done {
  const { hal, profile } = shop;
  if (hasUnknownRefund(shop, txn)) return refused('E17', 'failed');
  const record = lessElsewhere(shop, txn, recordView(shop, txn));
  if (record.remainingMinor <= 0) return refused(record.refundedMinor > 0 ? 'E04' : 'E55', 'failed');
  const nowMs = hal.clock.nowMs();
  const days = ageDays(txn.atMs, nowMs, hal.clock.local(nowMs));
  const limit = profile.policy.channels[channelOf(txn)].refundWindowDays;
  if (days <= limit) return { ...done('ok'), record };
  return {
    ...refused('E10', 'failed'),
    rule: { kind: 'window', prompt: 'E10', value: days, limit, unit: 'days' },
  };
}

/** F06-2, 3: the original by the code of its slip. Only a genuine code counts, and a void only at its own terminal. */
function findSlip(shop: Shop, text: string, purpose: 'void' | 'refund'): Done {
  const paid = readOrder(shop, text);
  if (paid?.txn) return find(shop, paid.txn, purpose);
  if (paid && purpose === 'refund') return otherOrder(shop, paid);
  const scan = parseScan(shop, text);
  if (scan.kind === 'own') return find(shop, scan.txn, purpose);
  if (scan.kind !== 'foreign') return refused('E75', 'notFound');
  return purpose === 'refund' ? foreignOriginal(shop, scan.code) : refused('E02', 'notFound');
}

/** A scanned payment of another terminal: its order number and day are all that is known. */
function otherOrder(shop: Shop, paid: { wallet: Wallet; order: string; date: string }): Done {
  const { wallet, order, date } = paid;
  if (daysAgo(shop, date).days > shop.profile.policy.channels[wallet].refundWindowDays) return refused('E10', 'failed');
  return { ...done('otherOrder'), channel: wallet, order, date };
}

function lastSale(shop: Shop): Txn | undefined {
  const newest = (['sale', 'qrSale'] as const).flatMap(kind =>
    shop.journal.list({ kind, state: 'approved', limit: 1 }),
  );
  return newest.sort((a, b) => b.id - a.id)[0];
}

/** F06-5: MMDD lies in the past year; a date ahead of today is of last year. The window counts in days of this clock. */
function findReference(shop: Shop, reference: string, date: string): Done {
  const { journal, profile } = shop;
  const { ahead, days } = daysAgo(shop, date);
  if (days > profile.policy.channels.card.refundWindowDays)
    return refused(ahead ? 'E11' : 'E10', ahead ? 'badDate' : 'failed');
  const known = journal
    .byReference(reference, date)
    .find(txn => txn.kind === 'sale' && (shop.card === undefined || txn.intent.card?.token === shop.card.token));
  if (!known) {
    const other = journal.byReference(reference, date).find(txn => KIND_RULES[txn.kind].act === 'sale');
    return other ? refused('E07', 'failed') : done('foreign');
  }
  if (known.state === 'voided') return refused('E03', 'failed');
  if (known.state !== 'approved') return refused(unfinished(known), 'failed');
  return refundable(shop, known);
}

function history(shop: Shop): Done {
  const list = shop.journal.list({ limit: HISTORY_MAX });
  return list.length === 0
    ? refused('E01', 'failed')
    : { ...done('ok'), records: list.map(txn => recordView(shop, txn)) };
}
