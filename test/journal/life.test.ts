import { describe, expect, test } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import { refundableMinor } from '../../src/journal/money.ts';
import { approve, ascii, begin, cardOf, faultName, intentOf, open, PANS, sale, T0 } from './helpers.ts';

const voidOf = (journal: Journal, id: number, amountMinor = 10_000) =>
  journal.appendIntent(T0, intentOf(journal, { kind: 'void', amountMinor, original: { txnId: id } }));
const refundOf = (journal: Journal, id: number, amountMinor: number) =>
  journal.appendIntent(T0, intentOf(journal, { kind: 'refund', amountMinor, original: { txnId: id } }));

describe('a sale', () => {
  test('is open with an armed reversal before it is sent, and clears it when approved', () => {
    const journal = open();
    const txn = begin(journal, T0);
    expect(txn).toMatchObject({ state: 'open', batch: 1, trace: 1, amountMinor: 10_000 });
    expect(journal.reversal(txn.id)).toMatchObject({ state: 'armed', reason: '98', tries: 0 });
    const done = approve(journal, T0 + 1, txn.id, '112233445566');
    expect(done.state).toBe('approved');
    expect(done.answer).toMatchObject({ code: '00', reference: '112233445566', organisation: 'CUP' });
    expect(journal.reversal(txn.id)?.state).toBe('cleared');
    expect(journal.byVoucher(1)?.id).toBe(txn.id);
    expect(journal.byReference('112233445566', '1121').map(t => t.id)).toEqual([txn.id]);
    expect(journal.byReference('112233445566', '1120')).toEqual([]);
    expect(journal.lastTxn()?.id).toBe(txn.id);
  });

  test('keeps all that the reversal needs', () => {
    const journal = open();
    const intent = intentOf(journal, { emv: { '95': '0000008000', '9F36': '004C' }, entryMode: '051' });
    const started = journal.appendIntent(T0, { ...intent, fields: { ...intent.fields, '22': '051', '23': '001' } });
    if (!started.ok) throw new Error(started.fault.cause);
    const { id } = started.value;
    journal.appendOutcome(T0, id, { result: 'unknown', reason: '98', why: 'no answer within 60 s' });
    const owed = journal.owedReversal();
    expect(owed?.txn.intent.fields).toEqual({ ...intent.fields, '22': '051', '23': '001' });
    expect(owed?.txn.intent.emv).toEqual({ '95': '0000008000', '9F36': '004C' });
    const pan = journal.openCard(id);
    expect(pan.ok && Buffer.from(pan.value).toString()).toBe(PANS[0]);
    expect(owed?.txn.intent.card?.token).toBe(journal.tokenOf(ascii(PANS[0])));
  });

  test('declined and not sent need no reversal', () => {
    const journal = open();
    const declined = journal.appendOutcome(T0, begin(journal, T0).id, { result: 'declined', code: '51' });
    expect(declined).toMatchObject({ state: 'declined', answer: { code: '51' } });
    const failed = journal.appendOutcome(T0, begin(journal, T0).id, { result: 'notSent', why: 'refused' });
    expect(failed.state).toBe('failed');
    expect(journal.owedReversal()).toBeUndefined();
    expect(journal.reversal(failed.id)?.state).toBe('cleared');
    expect(journal.batchTotals().cup.debit).toEqual({ count: 0, amountMinor: 0 });
  });

  test('approved in part counts with that part from then on', () => {
    const journal = open();
    const part = journal.appendOutcome(T0, begin(journal, T0).id, {
      result: 'approved',
      code: '10',
      amountMinor: 4_000,
    });
    expect(part).toMatchObject({ amountMinor: 4_000, requestedMinor: 10_000 });
    expect(faultName(voidOf(journal, part.id))).toBe('void-amount');
    expect(faultName(refundOf(journal, part.id, 4_001))).toBe('refund-above-remainder');
    expect(journal.batchTotals().cup.debit.amountMinor).toBe(4_000);
    expect(voidOf(journal, part.id, 4_000).ok).toBe(true);
  });

  test('needs the next trace number, the current batch and no other open transaction', () => {
    const journal = open();
    expect(() => journal.appendIntent(T0, { ...intentOf(journal), trace: 2 })).toThrow('next trace');
    expect(() => journal.appendIntent(T0, { ...intentOf(journal), batch: 2 })).toThrow('current batch');
    begin(journal, T0);
    expect(() => journal.appendIntent(T0, intentOf(journal))).toThrow('one transaction at a time');
    expect(journal.headSeq).toBe(1);
  });
});

describe('a void', () => {
  test('marks its sale in the same step; both count in the totals', () => {
    const journal = open();
    const original = sale(journal, T0);
    const started = voidOf(journal, original.id);
    expect(started.ok && journal.reversal(started.value.id)?.state).toBe('armed');
    if (started.ok) approve(journal, T0, started.value.id);
    expect(journal.txn(original.id)).toMatchObject({ state: 'voided', voidedBy: started.ok && started.value.id });
    expect(journal.batchTotals().cup).toEqual({
      debit: { count: 1, amountMinor: 10_000 },
      credit: { count: 1, amountMinor: 10_000 },
    });
    expect(journal.batchDetails().map(txn => txn.state)).toEqual(['voided', 'approved']);
    expect(faultName(voidOf(journal, original.id))).toBe('original-voided');
    expect(faultName(refundOf(journal, original.id, 1))).toBe('original-voided');
  });

  test('is refused for what cannot be voided', () => {
    const journal = open();
    expect(faultName(voidOf(journal, 77))).toBe('original-not-in-batch');
    const declined = journal.appendOutcome(T0, begin(journal, T0).id, { result: 'declined', code: '51' });
    expect(faultName(voidOf(journal, declined.id))).toBe('original-not-approved');
    const refunded = sale(journal, T0);
    const refund = refundOf(journal, refunded.id, 1);
    if (refund.ok) approve(journal, T0, refund.value.id);
    expect(faultName(voidOf(journal, refunded.id))).toBe('original-refunded');
    expect(faultName(voidOf(journal, refund.ok ? refund.value.id : 0, 1))).toBe('original-not-a-sale');
    expect(faultName(voidOf(journal, sale(journal, T0).id, 9_999))).toBe('void-amount');
    expect(journal.list({ kind: 'void' })).toEqual([]);
  });

  test('without an answer leaves the sale as it was once reversed, and doubtful until then', () => {
    const journal = open({ reversal: { triesMax: 1, finalCodes: ['00'], blockWhenHeld: false } });
    const original = sale(journal, T0);
    const started = voidOf(journal, original.id);
    if (!started.ok) throw new Error(started.fault.cause);
    const { id } = started.value;
    journal.appendOutcome(T0, id, { result: 'unknown', reason: '98', why: 'silence' });
    expect(journal.txn(original.id)?.state).toBe('approved');
    expect(faultName(refundOf(journal, original.id, 1))).toBe('reversal-owed');
    journal.appendReversalTry(T0, id);
    journal.appendReversalResult(T0, id, { noAnswer: true });
    expect(faultName(refundOf(journal, original.id, 1))).toBe('void-unknown');
    journal.resolveReversal(T0, id, { by: '00', entry: { result: 'reversed', note: 'acquirer: not booked' } });
    expect(journal.txn(id)?.state).toBe('reversed');
    expect(refundOf(journal, original.id, 1).ok).toBe(true);
  });

  test('that stands after all, by a person’s entry, voids the sale', () => {
    const journal = open();
    const original = sale(journal, T0);
    const started = voidOf(journal, original.id);
    if (!started.ok) throw new Error(started.fault.cause);
    journal.appendOutcome(T0, started.value.id, { result: 'unknown', reason: '98', why: 'silence' });
    journal.resolveReversal(T0, started.value.id, {
      by: '00',
      entry: { result: 'approved', reference: '998877665544', note: 'booked' },
    });
    expect(journal.txn(started.value.id)).toMatchObject({
      state: 'approved',
      answer: { reference: '998877665544', by: '00' },
    });
    expect(journal.txn(original.id)?.state).toBe('voided');
    expect(journal.mayTrade()).toBeUndefined();
  });
});

describe('a reversal', () => {
  function owed(journal: Journal) {
    const { id } = begin(journal, T0);
    journal.appendOutcome(T0, id, { result: 'unknown', reason: 'A0', why: 'wrong MAC' });
    return id;
  }

  test('stops all trade until a final code', () => {
    const journal = open();
    const id = owed(journal);
    expect(journal.owedReversal()).toMatchObject({ id, reason: 'A0', tries: 0 });
    expect(faultName(journal.appendIntent(T0, intentOf(journal)))).toBe('reversal-owed');
    expect(journal.appendReversalTry(T0 + 1, id)).toMatchObject({ tries: 1, lastTryMs: T0 + 1 });
    expect(journal.appendReversalResult(T0, id, { code: '25' })).toMatchObject({ state: 'done', lastCode: '25' });
    expect(journal.txn(id)?.state).toBe('reversed');
    expect(journal.owedReversal()).toBeUndefined();
    expect(journal.batchTotals().cup.debit.count).toBe(0);
    expect(journal.batchDetails()).toEqual([]);
    expect(begin(journal, T0).trace).toBe(2);
  });

  test('codes are compared whole: 01, 0 and 0012 are not final', () => {
    const journal = open({ reversal: { triesMax: 9, finalCodes: ['00', '12', '25'], blockWhenHeld: true } });
    const id = owed(journal);
    for (const code of ['01', '20', '02', '51']) {
      journal.appendReversalTry(T0, id);
      expect(journal.appendReversalResult(T0, id, { code })).toMatchObject({ state: 'owed', reason: '06' });
    }
  });

  test('keeps its reason after silence or a wrong MAC', () => {
    const journal = open();
    const id = owed(journal);
    journal.appendReversalTry(T0, id);
    expect(journal.appendReversalResult(T0, id, { noAnswer: true })).toMatchObject({ state: 'owed', reason: 'A0' });
    journal.appendReversalTry(T0, id);
    expect(journal.appendReversalResult(T0, id, { badMac: true })).toMatchObject({ state: 'owed', reason: 'A0' });
  });

  test('is held after its last try, released, tried again, never dropped', () => {
    const journal = open();
    const id = owed(journal);
    for (let n = 1; n <= 3; n++) {
      expect(journal.appendReversalTry(T0, id).tries).toBe(n);
      journal.appendReversalResult(T0, id, { noAnswer: true });
    }
    expect(journal.owedReversal()).toBeUndefined();
    expect(journal.heldReversals()).toMatchObject([{ id, state: 'held', tries: 3 }]);
    expect(faultName(journal.appendIntent(T0, intentOf(journal)))).toBe('reversal-held');
    expect(() => journal.appendReversalTry(T0, id)).toThrow('owed');
    journal.releaseTerminal(T0, '00');
    expect(journal.heldReversals()).toMatchObject([{ id, releasedBy: '00' }]);
    expect(sale(journal, T0).state).toBe('approved');
    expect(journal.retryReversal(T0, id, '00').ok).toBe(true);
    expect(journal.owedReversal()).toMatchObject({ id, tries: 0 });
    journal.appendReversalTry(T0, id);
    journal.appendReversalResult(T0, id, { code: '00' });
    expect(journal.heldReversals()).toEqual([]);
    expect(faultName(journal.resolveReversal(T0, id, { by: '00', entry: { result: 'reversed', note: '' } }))).toBe(
      'reversal-not-waiting',
    );
  });

  test.each([
    ['12', 'held', 'unknown'],
    ['25', 'held', 'unknown'],
    ['00', 'done', 'reversed'],
  ])('when its batch was settled meanwhile, %s leaves it %s', (code, state, of) => {
    const journal = open();
    const id = owed(journal);
    for (let n = 1; n <= 3; n++) {
      journal.appendReversalTry(T0, id);
      journal.appendReversalResult(T0, id, { noAnswer: true });
    }
    const settlement = journal.startSettlement(T0);
    if (!settlement.ok) throw new Error(settlement.fault.cause);
    journal.settlementAnswered(T0, settlement.value.id, { cup: 2, foreign: 1 });
    journal.settlementEnded(T0, settlement.value.id, 0);
    journal.closeBatch(T0, settlement.value.id);
    journal.retryReversal(T0, id, '00');
    journal.appendReversalTry(T0, id);
    expect(journal.appendReversalResult(T0, id, { code })).toMatchObject({ state, tries: 1, lastCode: code });
    expect(journal.txn(id)?.state).toBe(of);
    const stands = { result: 'approved', note: 'REF123456789' } as const;
    expect(journal.resolveReversal(T0, id, { by: '00', entry: stands }).ok).toBe(state === 'held');
    expect(journal.verify().ok).toBe(true);
  });

  test('of a sale that was approved in part, what stands is the part', () => {
    const journal = open({ reversal: { triesMax: 1, finalCodes: ['00'], blockWhenHeld: true } });
    const id = owed(journal);
    journal.appendReversalTry(T0, id);
    journal.appendReversalResult(T0, id, { noAnswer: true });
    const stands = (amountMinor: number) =>
      journal.resolveReversal(T0, id, { by: '00', entry: { result: 'approved', amountMinor, note: 'REF' } });
    for (const wrong of [0, 10_001]) expect(faultName(stands(wrong))).toBe('reversal-amount');
    expect(stands(5_000).ok).toBe(true);
    expect(journal.txn(id)).toMatchObject({ state: 'approved', amountMinor: 5_000, requestedMinor: 10_000 });
    expect(journal.refundable(id)).toBe(5_000);
    expect(journal.batchTotals().cup.debit).toEqual({ count: 1, amountMinor: 5_000 });
    expect(journal.verify().ok).toBe(true);
  });

  test('a held one does not block when the profile says so', () => {
    const journal = open({ reversal: { triesMax: 1, finalCodes: ['00'], blockWhenHeld: false } });
    const id = owed(journal);
    journal.appendReversalTry(T0, id);
    journal.appendReversalResult(T0, id, { code: '96' });
    expect(journal.counts()).toMatchObject({ held: 1, owed: 0 });
    expect(journal.mayTrade()).toBeUndefined();
  });
});

describe('a refund', () => {
  test('adds up to the sale and not above it', () => {
    const journal = open();
    const original = sale(journal, T0);
    for (const amount of [3_000, 6_000]) {
      const refund = refundOf(journal, original.id, amount);
      expect(refund.ok && journal.reversal(refund.value.id)).toBeUndefined();
      if (refund.ok) approve(journal, T0, refund.value.id);
    }
    expect(journal.txn(original.id)).toMatchObject({ state: 'approved', refundedMinor: 9_000 });
    expect(journal.refundable(original.id)).toBe(1_000);
    const tooMuch = refundOf(journal, original.id, 1_001);
    expect(!tooMuch.ok && tooMuch.fault.cause).toBe('10.00 of 100.00 can still be refunded, not 10.01');
    expect(journal.refundsOf(original.id).map(txn => txn.amountMinor)).toEqual([3_000, 6_000]);
    expect(journal.batchTotals().cup.credit).toEqual({ count: 2, amountMinor: 9_000 });
  });

  test('typed by reference and date finds the sale of this journal', () => {
    const journal = open();
    const original = sale(journal, T0);
    const ref = { reference: original.answer?.reference, dateMmdd: '1121' };
    const first = begin(journal, T0, { kind: 'refund', amountMinor: 9_999, original: ref });
    approve(journal, T0, first.id);
    expect(journal.txn(original.id)?.refundedMinor).toBe(9_999);
    const more = journal.appendIntent(T0, intentOf(journal, { kind: 'refund', amountMinor: 2, original: ref }));
    expect(faultName(more)).toBe('refund-above-remainder');
    const otherCard = { kind: 'refund' as const, amountMinor: 2, original: ref, card: cardOf(journal, PANS[1]) };
    expect(journal.appendIntent(T0, intentOf(journal, otherCard)).ok).toBe(true);
  });

  test('of another terminal’s sale is limited by the amount that was typed', () => {
    const journal = open();
    const original = { reference: '770000000001', dateMmdd: '1101', amountMinor: 5_000 };
    approve(journal, T0, begin(journal, T0, { kind: 'refund', amountMinor: 3_000, original }).id);
    const more = journal.appendIntent(T0, intentOf(journal, { kind: 'refund', amountMinor: 2_001, original }));
    expect(faultName(more)).toBe('refund-above-remainder');
    expect(journal.refundsOfReference('770000000001', '1101')).toHaveLength(1);
  });

  test('unknown locks its original until a person decides', () => {
    const journal = open();
    const original = sale(journal, T0);
    const refund = begin(journal, T0, { kind: 'refund', amountMinor: 1_000, original: { txnId: original.id } });
    journal.appendOutcome(T0, refund.id, { result: 'unknown', reason: '98', why: 'silence' });
    expect(journal.unknownRefunds().map(txn => txn.id)).toEqual([refund.id]);
    expect(journal.owedReversal()).toBeUndefined();
    expect(faultName(refundOf(journal, original.id, 1))).toBe('refund-unknown');
    expect(faultName(voidOf(journal, original.id))).toBe('original-refunded');
    expect(journal.refundable(original.id)).toBe(9_000);
    expect(sale(journal, T0).state).toBe('approved');

    const again = journal.resolveRefund(T0, refund.id, { by: '00', accepted: false, note: 'not seen' });
    expect(again.ok && again.value).toMatchObject({ state: 'open', batch: 1, trace: refund.trace, resends: 1 });
    journal.appendOutcome(T0, refund.id, { result: 'notSent', why: 'line down' });
    expect(journal.txn(refund.id)?.state).toBe('unknown');
    journal.resolveRefund(T0, refund.id, { by: '00', accepted: true, reference: '123456789012', note: 'case 4' });
    expect(journal.txn(refund.id)).toMatchObject({
      state: 'approved',
      answer: { reference: '123456789012', by: '00' },
    });
    expect(journal.txn(original.id)?.refundedMinor).toBe(1_000);
    expect(faultName(journal.resolveRefund(T0, refund.id, { by: '00', accepted: true, note: '' }))).toBe(
      'refund-not-unknown',
    );
  });

  test('unknown of an original elsewhere locks that reference', () => {
    const journal = open();
    const original = { reference: '770000000001', dateMmdd: '1101' };
    const refund = begin(journal, T0, { kind: 'refund', amountMinor: 1_000, original });
    journal.appendOutcome(T0, refund.id, { result: 'unknown', reason: 'A0', why: 'wrong MAC' });
    const again = journal.appendIntent(T0, intentOf(journal, { kind: 'refund', amountMinor: 1, original }));
    expect(faultName(again)).toBe('refund-unknown');
    expect(
      journal.resolveRefund(T0, refund.id, { by: '00', accepted: false, resend: false, note: 'given up' }).ok,
    ).toBe(true);
    expect(journal.txn(refund.id)?.state).toBe('failed');
    expect(journal.appendIntent(T0, intentOf(journal, { kind: 'refund', amountMinor: 1, original })).ok).toBe(true);
  });

  test('of a closed batch is no repeat', () => {
    const journal = open();
    const refund = begin(journal, T0, { kind: 'refund', original: { reference: '770000000001', dateMmdd: '1101' } });
    journal.appendOutcome(T0, refund.id, { result: 'unknown', reason: '98', why: 'silence' });
    journal.appendSignOn(T0, {
      mode: '003',
      batch: 2,
      keys: { pin: { wrapped: '00'.repeat(16), kcv: '00962B60' }, mac: { wrapped: '00'.repeat(16), kcv: '00962B60' } },
    });
    const again = journal.resolveRefund(T0, refund.id, { by: '00', accepted: false, note: 'not seen' });
    expect(faultName(again)).toBe('refund-batch-closed');
    expect(journal.resolveRefund(T0, refund.id, { by: '00', accepted: true, note: 'case' }).ok).toBe(true);
  });

  test('what is left is never negative and nothing of a sale that is not approved', () => {
    const approved = { state: 'approved', amountMinor: 100 } as const;
    expect(refundableMinor(approved, [])).toBe(100);
    expect(
      refundableMinor(approved, [
        { state: 'unknown', amountMinor: 40 },
        { state: 'declined', amountMinor: 50 },
      ]),
    ).toBe(60);
    expect(refundableMinor(approved, [{ state: 'approved', amountMinor: 101 }])).toBe(0);
    expect(refundableMinor({ state: 'voided', amountMinor: 100 }, [])).toBe(0);
    expect(refundableMinor({ state: 'reversed', amountMinor: 100 }, [])).toBe(0);
  });
});

describe('QR codes', () => {
  test('a QR void without an answer has no reversal and locks its original', () => {
    const journal = open();
    const original = sale(journal, T0, 500, { kind: 'qrSale' });
    const started = begin(journal, T0, { kind: 'qrVoid', amountMinor: 500, original: { txnId: original.id } });
    journal.appendOutcome(T0, started.id, { result: 'unknown', reason: '98', why: 'silence' });
    expect(journal.owedReversal()).toBeUndefined();
    expect(journal.unknownRefunds().map(txn => txn.id)).toEqual([started.id]);
    const refund = intentOf(journal, { kind: 'qrRefund', amountMinor: 1, original: { txnId: original.id } });
    expect(faultName(journal.appendIntent(T0, refund))).toBe('void-unknown');
    journal.resolveRefund(T0, started.id, { by: '00', accepted: true, note: 'stands' });
    expect(journal.txn(original.id)?.state).toBe('voided');
  });

  test('a QR sale without an answer is reversed; its payment code is kept', () => {
    const journal = open();
    const intent = intentOf(journal, { kind: 'qrSale' });
    const started = journal.appendIntent(T0, {
      ...intent,
      fields: { ...intent.fields, '59': 'A3018134567890123456789' },
    });
    expect(journal.recover(T0).owed).toHaveLength(1);
    expect(started.ok && journal.owedReversal()?.txn.intent.fields['59']).toBe('A3018134567890123456789');
  });
});

describe('a restart', () => {
  test('decides by kind what an open transaction becomes', () => {
    const journal = open();
    const first = begin(journal, T0);
    const found = journal.recover(T0 + 1);
    expect(found.owed).toMatchObject([{ id: first.id, state: 'owed', reason: '98' }]);
    expect(journal.recover(T0 + 2)).toEqual({ owed: [], unknownRefunds: [], held: [] });
    journal.appendReversalTry(T0, first.id);
    journal.appendReversalResult(T0, first.id, { code: '00' });
    const refund = begin(journal, T0, { kind: 'refund', original: { reference: '770000000001', dateMmdd: '1101' } });
    expect(journal.recover(T0 + 3)).toMatchObject({ owed: [], unknownRefunds: [{ id: refund.id, state: 'unknown' }] });
  });

  test('a last try that was cut off is held, not tried for ever', () => {
    const journal = open({ reversal: { triesMax: 1, finalCodes: ['00'], blockWhenHeld: true } });
    const { id } = begin(journal, T0);
    journal.recover(T0);
    journal.appendReversalTry(T0, id);
    expect(journal.recover(T0).held).toMatchObject([{ id, state: 'held' }]);
    expect(faultName({ ok: false, fault: journal.mayTrade() })).toBe('reversal-held');
  });
});

describe('trace numbers', () => {
  test('are used up by the intent and by takeTrace, and wrap to 1', () => {
    const journal = open();
    expect(journal.nextTrace()).toBe(1);
    expect(journal.nextTrace()).toBe(1);
    expect(journal.takeTrace(T0)).toBe(1);
    expect(begin(journal, T0).trace).toBe(2);
    expect(journal.nextTrace()).toBe(3);
  });
});

describe('a refund that its channel did not close', () => {
  test('abnormal is not closed: its money is not free, and its life goes on', () => {
    const journal = open();
    const paid = sale(journal, T0);
    const refund = approve(
      journal,
      T0,
      begin(journal, T0, {
        kind: 'refund',
        amountMinor: 7000,
        original: { txnId: paid.id, reference: paid.answer?.reference },
      }).id,
    );
    for (const state of ['abnormal', 'redirected', 'arrived'] as const) {
      expect(journal.appendLife(T0, { id: refund.id, state, source: 'channel' }).ok).toBe(true);
      expect(journal.refundable(paid.id)).toBe(3000);
    }
  });
});
