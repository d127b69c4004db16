import { faultText } from '../fault.ts';
import type { PromptId } from '../profile/screens.ts';
import type { Txn } from '../journal/journal.ts';
import type { Done, Job } from '../terminal/types.ts';
import { pin, readCard } from './cards.ts';
import { echo, signOff, signOn } from './management.ts';
import { online, promptOf, stopped, voidOf } from './money.ts';
import { printDetail, printSettlement, printSlip, printTotals, reprint, resumePrint } from './printing.ts';
import { recordView, trackingNumber, trackingOf } from './records.ts';
import { heldDue, reverseOwed } from './reversal.ts';
import { finishSettlement, settle } from './settlement.ts';
import { type Shop, forgetCard } from './shop.ts';
import type { Task } from './task.ts';

/** Longest list on the query screen. */
const HISTORY_MAX = 300;

/** Does what a step of the flows asks for and says how it ended. */
export function* perform(shop: Shop, job: Job): Task<Done> {
  const { journal, hal } = shop;
  const now = hal.clock.nowMs();
  switch (job.kind) {
    case 'recover':
      return recover(shop);
    case 'operatorKnown':
      return journal.operator(job.operator) ? done('ok') : refused('F02.unknown', 'unknown');
    case 'checkPassword': {
      const checked = journal.verifyPassword(now, job.operator, job.password);
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
    case 'signOn':
      return yield* signOn(shop);
    case 'signOff':
      return yield* signOff(shop);
    case 'echo':
      return yield* echo(shop);
    case 'readCard':
      return yield* readCard(shop, job.source, job.draft);
    case 'forgetCard':
      forgetCard(shop);
      return done('ok');
    case 'pin':
      return yield* pin(shop, job.draft, job.skip);
    case 'online':
      return yield* online(shop, job.draft);
    case 'voidOf':
      return yield* voidOf(shop, job.id);
    case 'reverse': {
      // New keys may go first: under the old ones the acquirer would only refuse the reversal and use up a try.
      if (shop.signOnAgain && (journal.owedReversal() || heldDue(shop).length > 0)) yield* signOn(shop);
      const end = yield* reverseOwed(shop, 'due');
      return stopped(shop, end) ?? done(end.kind === 'reversed' ? 'reversed' : 'none');
    }
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
        job.purpose === 'void'
          ? journal.list({ kind: 'sale', state: 'approved', limit: 1 })[0]
          : journal.lastTxn(['approved', 'voided', 'unknown', 'reversed']),
        job.purpose,
      );
    case 'findReference':
      return findReference(shop, job.reference, job.date);
    case 'history':
      return history(shop);
    case 'printSlip':
      return yield* printSlip(shop, job.id, job.copy);
    case 'resumePrint':
      return yield* resumePrint(shop);
    case 'dropPrint':
      return done('ok');
    case 'reprint':
      return yield* reprint(shop, job.id);
    case 'printReport':
      if (job.report === 'totals') return yield* printTotals(shop);
      if (job.report === 'settlement' || job.report === 'lastSettlement')
        return yield* printSettlement(shop, job.report === 'lastSettlement');
      // Right after a settlement the batch is new and empty: the details are those of the batch that was closed.
      return yield* journal.counts().batch > 0 || !journal.lastSettlement()
        ? printDetail(shop, journal.period(), journal.batch())
        : printDetail(shop, journal.lastSettlement()?.period ?? 0, journal.lastSettlement()?.batch ?? 0);
    case 'totals': {
      const { cup, foreign } = journal.batchTotals();
      return { ...done('ok'), sides: [cup.debit, cup.credit, foreign.debit, foreign.credit] };
    }
    case 'settle':
      return yield* settle(shop);
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
  for (const reversal of found.owed)
    hal.log.warn({ event: 'recover', stan: reversal.txn.trace }, 'a sale or void was cut off: reversal owed');
  for (const refund of found.unknownRefunds)
    hal.log.warn({ event: 'recover', stan: refund.trace }, 'a refund was cut off: its outcome is unknown');
  shop.operator = journal.currentOperator();
  return done('ok');
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

/** The original of a void, refund or reprint, with the reason why it cannot be used. */
function find(shop: Shop, txn: Txn | undefined, purpose: 'void' | 'refund' | 'reprint' | 'query'): Done {
  const { journal } = shop;
  if (!txn) {
    const empty = purpose !== 'refund' && journal.counts().batch === 0;
    return refused(empty ? 'E01' : 'E02', 'notFound');
  }
  const record = recordView(shop, txn);
  if (purpose === 'reprint' || purpose === 'query') return { ...done('ok'), record };
  if (txn.kind !== 'sale') return refused('E05', 'notFound');
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
  const record = recordView(shop, txn);
  if (record.remainingMinor <= 0) return refused(txn.refundedMinor > 0 ? 'E04' : 'E55', 'failed');
  const days = Math.floor((hal.clock.nowMs() - txn.atMs) / 86_400_000);
  if (days > profile.policy.refundWindowDays) return refused('E10', 'failed');
  return { ...done('ok'), record };
}

/** F06-5: MMDD lies in the past year; a date ahead of today is of last year. The window counts in days of this clock. */
function findReference(shop: Shop, reference: string, date: string): Done {
  const { journal, hal, profile } = shop;
  const nowMs = hal.clock.nowMs();
  const today = hal.clock.local(nowMs);
  const month = Number(date.slice(0, 2));
  const day = Number(date.slice(2));
  const ahead = month > today.month || (month === today.month && day > today.day);
  const days = Math.round(
    (Date.UTC(today.year, today.month - 1, today.day) - Date.UTC(ahead ? today.year - 1 : today.year, month - 1, day)) /
      86_400_000,
  );
  if (days > profile.policy.refundWindowDays) return refused(ahead ? 'E11' : 'E10', ahead ? 'badDate' : 'failed');
  const known = journal
    .byReference(reference, date)
    .find(txn => txn.kind === 'sale' && (shop.card === undefined || txn.intent.card?.token === shop.card.token));
  if (!known) {
    const other = journal.byReference(reference, date).find(txn => txn.kind === 'sale');
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
