import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Journal, NewHold } from '../../src/journal/journal.ts';
import { refundableMinor } from '../../src/journal/money.ts';
import type { Txn } from '../../src/journal/types.ts';
import { approve, begin, cardOf, faultName, intentOf, nextReference, open, PANS, sale, T0 } from './helpers.ts';

const HOUR = 3_600_000;

function holdOf(journal: Journal, original: Txn, amountMinor: number, change: Partial<NewHold> = {}): NewHold {
  const { masked, token } = cardOf(journal);
  return {
    kind: 'refund',
    channel: 'card',
    amountMinor,
    untilMs: T0 + HOUR,
    operator: '01',
    approver: '00',
    card: { masked, token },
    original: { txnId: original.id, reference: original.answer?.reference },
    reason: '1',
    ...change,
  };
}

/** The intent that sends a held refund. */
const sending = (journal: Journal, heldId: number, original: Txn, amountMinor: number, pan = PANS[0]) =>
  intentOf(journal, {
    kind: 'refund',
    amountMinor,
    heldId,
    card: cardOf(journal, pan),
    original: { txnId: original.id, reference: original.answer?.reference },
  });

describe('a held refund', () => {
  test('takes from what can be refunded, keeps its number when it goes out, and counts once', () => {
    const journal = open();
    const paid = sale(journal, T0);
    const held = journal.holdRefund(T0, holdOf(journal, paid, 6000));
    if (!held.ok) throw new Error(held.fault.name);
    expect(journal.refundable(paid.id)).toBe(4000);
    expect(faultName(journal.appendIntent(T0, intentOf(journal, refundOf(paid, 4001))))).toBe('refund-above-remainder');
    const sent = journal.appendIntent(T0, sending(journal, held.value.id, paid, 6000));
    if (!sent.ok) throw new Error(sent.fault.name);
    expect(journal.held(held.value.id)).toMatchObject({ state: 'sent', txnId: sent.value.id });
    expect(journal.refundable(paid.id)).toBe(4000);
    approve(journal, T0, sent.value.id);
    expect(journal.refundable(paid.id)).toBe(4000);
    expect(journal.holdOfTxn(sent.value.id)?.id).toBe(held.value.id);
  });

  test('nothing waits, and nothing is given back by another way, while a void of the sale has no known outcome', () => {
    const journal = open();
    const paid = sale(journal, T0);
    const undone = journal.appendIntent(
      T0,
      intentOf(journal, {
        kind: 'void',
        amountMinor: paid.amountMinor,
        original: { txnId: paid.id, reference: paid.answer?.reference },
      }),
    );
    if (!undone.ok) throw new Error(undone.fault.name);
    journal.appendOutcome(T0, undone.value.id, { result: 'unknown', reason: '98', why: 'silence' });
    expect(faultName(journal.holdRefund(T0, holdOf(journal, paid, 100)))).toBe('void-unknown');
    const external = { original: { txnId: paid.id }, amountMinor: 100, operator: '01', way: 'cash' };
    expect(faultName(journal.recordExternal(T0, external as never))).toBe('void-unknown');
    expect(journal.heldRefunds()).toEqual([]);
  });

  test('goes out as it was decided: another amount, card or original is refused', () => {
    const journal = open();
    const paid = sale(journal, T0);
    const held = journal.holdRefund(T0, holdOf(journal, paid, 6000));
    if (!held.ok) throw new Error(held.fault.name);
    const name = (intent: ReturnType<typeof sending>): string => faultName(journal.appendIntent(T0, intent));
    expect(name(sending(journal, held.value.id, paid, 5999))).toBe('hold-changed');
    expect(name(sending(journal, held.value.id, paid, 6000, PANS[1]))).toBe('hold-changed');
    expect(name(sending(journal, held.value.id, sale(journal, T0), 6000))).toBe('hold-changed');
    expect(name(sending(journal, 999, paid, 6000))).toBe('refund-not-held');
  });

  test('that was stopped is never sent, and its money is free again', () => {
    const journal = open();
    const paid = sale(journal, T0);
    const held = journal.holdRefund(T0, holdOf(journal, paid, 10_000));
    if (!held.ok) throw new Error(held.fault.name);
    const stopped = journal.stopRefund(T0 + 1, held.value.id, { by: '00', operator: '02', note: 'wrong card' });
    expect(stopped.ok && stopped.value).toMatchObject({
      state: 'stopped',
      stopped: { atMs: T0 + 1, by: '00', note: 'wrong card' },
    });
    expect(journal.refundable(paid.id)).toBe(10_000);
    expect(faultName(journal.appendIntent(T0, sending(journal, held.value.id, paid, 10_000)))).toBe('refund-not-held');
    expect(faultName(journal.stopRefund(T0, held.value.id, { by: '00' }))).toBe('refund-not-held');
  });

  test('is held again when nothing left the terminal, and not when it did', () => {
    const journal = open();
    const paid = sale(journal, T0);
    const held = journal.holdRefund(T0, holdOf(journal, paid, 6000));
    if (!held.ok) throw new Error(held.fault.name);
    const send = (): Txn => {
      const sent = journal.appendIntent(T0, sending(journal, held.value.id, paid, 6000));
      if (!sent.ok) throw new Error(sent.fault.name);
      return sent.value;
    };
    journal.appendOutcome(T0, send().id, { result: 'notSent', why: 'connect' });
    expect(journal.heldRefunds().map(one => one.id)).toEqual([held.value.id]);
    journal.appendOutcome(T0, send().id, { result: 'unknown', reason: '98', why: 'no answer' });
    expect(journal.heldRefunds()).toEqual([]);
    expect(faultName(journal.stopRefund(T0, held.value.id, { by: '00' }))).toBe('refund-not-held');
  });

  test('stops the settlement until it is sent or stopped', () => {
    const journal = open();
    const paid = sale(journal, T0);
    const held = journal.holdRefund(T0, holdOf(journal, paid, 100));
    if (!held.ok) throw new Error(held.fault.name);
    expect(faultName(journal.startSettlement(T0))).toBe('refund-held');
    journal.stopRefund(T0, held.value.id, { by: '00' });
    expect(journal.startSettlement(T0).ok).toBe(true);
  });

  test('of a sale that is voided or locked is refused, and holds a void back', () => {
    const journal = open();
    const paid = sale(journal, T0);
    expect(journal.holdRefund(T0, holdOf(journal, paid, 1)).ok).toBe(true);
    const voiding = intentOf(journal, { kind: 'void', original: { txnId: paid.id } });
    expect(faultName(journal.appendIntent(T0, voiding))).toBe('original-refunded');
    const locked = sale(journal, T0);
    const unsure = begin(journal, T0, refundOf(locked, 100));
    journal.appendOutcome(T0, unsure.id, { result: 'unknown', reason: '98', why: 'no answer' });
    expect(faultName(journal.holdRefund(T0, holdOf(journal, locked, 1)))).toBe('refund-unknown');
  });
});

const refundOf = (paid: Txn, amountMinor: number) =>
  ({
    kind: 'refund',
    amountMinor,
    original: { txnId: paid.id, reference: paid.answer?.reference },
  }) as const;

describe('money given back by another way', () => {
  test('counts against the sale, and never goes above it', () => {
    const journal = open();
    const paid = sale(journal, T0);
    const entry = {
      original: { txnId: paid.id },
      amountMinor: 7000,
      method: 'bank',
      proof: 'BK-2026-17',
      operator: '01',
      by: '00',
      note: 'card closed',
    } as const;
    expect(journal.recordExternal(T0, entry).ok).toBe(true);
    expect(journal.refundable(paid.id)).toBe(3000);
    expect(faultName(journal.recordExternal(T0, { ...entry, amountMinor: 3001 }))).toBe('refund-above-remainder');
    expect(journal.externalsOf({ txnId: paid.id })).toMatchObject([{ amountMinor: 7000, proof: 'BK-2026-17' }]);
    expect(faultName(journal.appendIntent(T0, intentOf(journal, refundOf(paid, 3001))))).toBe('refund-above-remainder');
  });

  test('of an original of another terminal counts by its reference and date', () => {
    const journal = open();
    const original = { reference: '112233445566', dateMmdd: '1120', amountMinor: 5000 };
    const external = { original, method: 'cash', proof: '7', operator: '01', by: '00', note: '-' } as const;
    expect(journal.recordExternal(T0, { ...external, amountMinor: 4000 }).ok).toBe(true);
    const refund = intentOf(journal, { kind: 'refund', amountMinor: 1001, original });
    expect(faultName(journal.appendIntent(T0, refund))).toBe('refund-above-remainder');
  });
});

describe('refunds switched off', () => {
  test('no refund begins, is held, or is sent again; sale and void go on', () => {
    const journal = open();
    const paid = sale(journal, T0);
    const unsure = begin(journal, T0, refundOf(sale(journal, T0), 100));
    journal.appendOutcome(T0, unsure.id, { result: 'unknown', reason: '98', why: 'no answer' });
    journal.freezeRefunds(T0 + 5, { by: '00', note: 'case IC000009' });
    expect(journal.refundsFrozen()).toEqual({ by: '00', atMs: T0 + 5, note: 'case IC000009' });
    expect(faultName(journal.appendIntent(T0, intentOf(journal, refundOf(paid, 1))))).toBe('refunds-frozen');
    expect(faultName(journal.holdRefund(T0, holdOf(journal, paid, 1)))).toBe('refunds-frozen');
    const again = journal.resolveRefund(T0, unsure.id, { by: '00', accepted: false, note: 'n' });
    expect(faultName(again)).toBe('refunds-frozen');
    sale(journal, T0);
    approve(journal, T0, begin(journal, T0, { kind: 'void', original: { txnId: paid.id } }).id);
    journal.freeRefunds(T0, { by: '00' });
    expect(journal.refundsFrozen()).toBeUndefined();
  });
});

describe('where a refund is, cases, notices', () => {
  test('only an accepted refund has a life, and the newest word counts', () => {
    const journal = open();
    const paid = sale(journal, T0);
    expect(faultName(journal.appendLife(T0, { id: paid.id, state: 'arrived', source: 'customer' }))).toBe(
      'refund-not-accepted',
    );
    const refund = approve(journal, T0, begin(journal, T0, refundOf(paid, 100)).id);
    journal.appendLife(T0 + 1, { id: refund.id, state: 'cleared', source: 'file' });
    journal.appendLife(T0 + 2, { id: refund.id, state: 'arrived', source: 'supervisor', by: '00' });
    expect(journal.life(refund.id)).toEqual({
      id: refund.id,
      atMs: T0 + 2,
      state: 'arrived',
      source: 'supervisor',
      by: '00',
    });
  });

  test('a refund that its channel closed was never paid: its money can be refunded again, under a new number', () => {
    const journal = open();
    const paid = sale(journal, T0);
    const refund = approve(journal, T0, begin(journal, T0, refundOf(paid, 7000)).id);
    expect(journal.refundable(paid.id)).toBe(3000);
    journal.appendLife(T0, { id: refund.id, state: 'closed', source: 'channel' });
    expect([journal.refundable(paid.id), journal.txn(paid.id)?.refundedMinor]).toEqual([10_000, 0]);
    expect(faultName(journal.appendLife(T0, { id: refund.id, state: 'arrived', source: 'customer' }))).toBe(
      'refund-closed',
    );
    approve(journal, T0, begin(journal, T0, refundOf(paid, 10_000)).id);
    expect(journal.refundable(paid.id)).toBe(0);
    expect(journal.verify().ok).toBe(true);
  });

  test('a case keeps all that was done until it is closed, and takes nothing after', () => {
    const journal = open();
    const paid = sale(journal, T0);
    const opened = journal.openCase(T0, {
      about: paid.id,
      type: 'amount',
      class: 'operator',
      owner: 'supervisor',
      dueMs: T0 + HOUR,
      operator: '01',
      note: 'customer 6225000000000014 called',
    });
    expect(opened.note).not.toContain('6225000000000014');
    const noted = journal.noteCase(T0 + 1, opened.id, {
      what: 'compensation',
      amountMinor: 500,
      by: '00',
      note: 'cash',
    });
    expect(noted.ok && noted.value.entries).toMatchObject([{ what: 'compensation', amountMinor: 500, atMs: T0 + 1 }]);
    expect(journal.counts().openCases).toBe(1);
    expect(journal.closeCase(T0 + 2, opened.id, '00', 'solved').ok).toBe(true);
    expect(faultName(journal.noteCase(T0, opened.id, { what: 'note', by: '00', note: 'late' }))).toBe('no-open-case');
    expect(journal.cases('closed')).toMatchObject([
      { id: opened.id, entries: [{}, { what: 'closed', note: 'solved' }] },
    ]);
  });

  test('a notice waits until it is delivered', () => {
    const journal = open();
    expect(journal.noticesFrom(T0)).toBe(1);
    journal.addNotices(T0, [
      { about: 1, because: 1, event: 'accepted', adapter: 'file', lang: 'zh', lines: ['已受理'] },
    ]);
    const [notice] = journal.noticesWaiting();
    journal.noticeTried(T0, notice.id, false, 'disk full');
    expect(journal.noticesWaiting()).toMatchObject([{ id: notice.id, tries: 1, lines: ['已受理'] }]);
    journal.noticeTried(T0, notice.id, true);
    expect(journal.noticesWaiting()).toEqual([]);
    expect(journal.noticesAbout(1)).toMatchObject([{ state: 'delivered', tries: 2 }]);
  });

  test('the past of the rules: money moved or on its way, holds and other ways too', () => {
    const journal = open();
    const paid = sale(journal, T0);
    const declined = begin(journal, T0 + 1);
    journal.appendOutcome(T0 + 1, declined.id, { result: 'declined', code: '51' });
    journal.holdRefund(T0 + 2, holdOf(journal, paid, 10));
    journal.recordExternal(T0 + 3, {
      original: { txnId: paid.id }, amountMinor: 20, method: 'cash', proof: '1', operator: '02', by: '00', note: '-',
    }); // prettier-ignore
    expect(journal.pastSince(T0).map(row => [row.act, row.amountMinor, row.operator])).toEqual([
      ['sale', 10_000, '01'],
      ['refund', 10, '01'],
      ['refund', 20, '02'],
    ]);
    const { token } = cardOf(journal);
    expect(journal.pastSince(T0).every(row => row.token === token && row.channel === 'card')).toBe(true);
    expect([journal.hasPaid(token), journal.hasPaid(cardOf(journal, PANS[3]).token)]).toEqual([true, false]);
  });

  test('the past of the rules is in the order of the journal, whatever the clock was set to', () => {
    const journal = open();
    const DAY = 86_400_000;
    const ids = [T0 - 9 * DAY, T0, T0 + 400 * DAY, T0 - 9 * DAY, T0 + 1].map(atMs => sale(journal, atMs).id);
    const past = (fromMs: number, beforeId?: number): number[] =>
      journal.pastSince(fromMs, beforeId).map(row => ids.indexOf(row.id));
    expect(past(T0)).toEqual([1, 2, 3, 4]);
    expect(past(T0, ids[3])).toEqual([1, 2]);
    expect(past(T0 + DAY)).toEqual([2, 3, 4]);
    expect(past(T0 + 500 * DAY)).toEqual([]);
  });
});

test('whatever is held, stopped, sent and given back: never above the sale, and the records alone give the same tables', () => {
  type Act = 'hold' | 'stop' | 'send' | 'refund' | 'external' | 'fail' | 'unknown';
  const acts = fc.array(
    fc.record({
      act: fc.constantFrom<Act>('hold', 'stop', 'send', 'refund', 'external', 'fail', 'unknown'),
      amount: fc.integer({ min: 1, max: 6000 }),
    }),
    { minLength: 1, maxLength: 25 },
  );
  fc.assert(
    fc.property(acts, history => {
      const journal = open();
      const paid = sale(journal, T0);
      for (const { act, amount } of history) {
        const held = journal.heldRefunds()[0];
        if (act === 'hold') journal.holdRefund(T0, holdOf(journal, paid, amount));
        else if (act === 'external')
          journal.recordExternal(T0, {
            original: { txnId: paid.id }, amountMinor: amount, method: 'bank', proof: 'x', operator: '01', by: '00', note: '-',
          }); // prettier-ignore
        else if (act === 'stop') held && journal.stopRefund(T0, held.id, { by: '00' });
        else {
          const intent = held
            ? sending(journal, held.id, paid, held.amountMinor)
            : intentOf(journal, refundOf(paid, amount));
          const begun = journal.appendIntent(T0, intent);
          if (!begun.ok) continue;
          if (act === 'fail') journal.appendOutcome(T0, begun.value.id, { result: 'notSent', why: 'x' });
          else if (act === 'unknown') {
            journal.appendOutcome(T0, begun.value.id, { result: 'unknown', reason: '98', why: 'x' });
            journal.resolveRefund(T0, begun.value.id, {
              by: '00',
              accepted: amount % 2 === 0,
              resend: false,
              note: 'x',
            });
          } else approve(journal, T0, begun.value.id, nextReference());
        }
        const taken = journal.taken({ txnId: paid.id });
        const sum = taken
          .filter(one => ['approved', 'open', 'unknown'].includes(one.state))
          .reduce((total, one) => total + one.amountMinor, 0);
        expect(sum).toBeLessThanOrEqual(paid.amountMinor);
        expect(journal.refundable(paid.id)).toBe(refundableMinor(paid, taken));
        expect(journal.refundable(paid.id)).toBe(paid.amountMinor - sum);
      }
      const verified = journal.verify();
      expect(verified).toMatchObject({ ok: true });
      journal.close();
    }),
    { numRuns: 60 },
  );
});
