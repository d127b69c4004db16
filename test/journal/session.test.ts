import { describe, expect, test } from 'vitest';
import type { SignOn } from '../../src/journal/types.ts';
import { approve, begin, faultName, intentOf, MID, open, sale, T0 } from './helpers.ts';

const KEYS = {
  pin: { wrapped: '950973182317F80B950973182317F80B', kcv: '00962B60' },
  mac: { wrapped: 'F679786E2411E3DEF679786E2411E3DE', kcv: 'ADC67D84' },
};
const signOn = (batch: number): SignOn => ({
  mode: '003',
  batch,
  keys: KEYS,
  acquirerId: '00012900',
  hostTime: '1121140322',
  tid: '10000001',
  mid: MID,
});

describe('sign-on', () => {
  test('keeps keys, batch and acquirer; sign-off ends it', () => {
    const journal = open();
    expect(journal.session()).toBeUndefined();
    journal.appendSignOn(T0, signOn(7));
    expect(journal.session()).toEqual({ ...signOn(7), signedOn: true, atMs: T0 });
    expect(journal.batch()).toBe(7);
    journal.appendSignOff(T0, 'answer A0');
    expect(journal.session()).toMatchObject({ signedOn: false, batch: 7 });
  });

  test('in mid-batch goes on with it; a new number begins a new one', () => {
    const journal = open();
    journal.appendSignOn(T0, signOn(7));
    const first = sale(journal, T0);
    const period = journal.period();
    journal.appendSignOn(T0, signOn(7));
    expect(journal.period()).toBe(period);
    expect(journal.byVoucher(first.trace)?.id).toBe(first.id);
    journal.appendSignOn(T0, signOn(8));
    expect(journal.byVoucher(first.trace)).toBeUndefined();
    expect(journal.byVoucher(first.trace, 7)?.id).toBe(first.id);
    expect(journal.batchTotals().cup.debit.count).toBe(0);
    expect(journal.batchTotals(period).cup.debit.count).toBe(1);
    const void7 = intentOf(journal, { kind: 'void', original: { txnId: first.id } });
    expect(faultName(journal.appendIntent(T0, void7))).toBe('original-not-in-batch');
  });
});

describe('operators', () => {
  test('a new journal has its first operators, all to change their password', () => {
    const journal = open();
    expect(journal.operators().map(o => [o.no, o.role, o.mustChange])).toEqual([
      ['00', 'supervisor', true],
      ['01', 'cashier', true],
      ['02', 'cashier', true],
      ['03', 'cashier', true],
      ['04', 'cashier', true],
      ['05', 'cashier', true],
      ['99', 'administrator', true],
    ]);
    for (const [no, password] of [
      ['01', '0000'],
      ['00', '123456'],
      ['99', '00000000'],
    ])
      expect(journal.verifyPassword(T0, no, password)).toMatchObject({ ok: true, value: { no, mustChange: true } });
    expect(journal.headSeq).toBe(0);
  });

  test('a password is changed, wants its form and is never stored', () => {
    const journal = open();
    expect(faultName(journal.setPassword(T0, '00', '12345', '00'))).toBe('password-form');
    expect(faultName(journal.setPassword(T0, '00', '123456', '00'))).toBe('password-default');
    expect(journal.setPassword(T0, '00', '975310', '00')).toMatchObject({ ok: true, value: { mustChange: false } });
    expect(faultName(journal.verifyPassword(T0, '00', '123456'))).toBe('password-wrong');
    expect(journal.verifyPassword(T0, '00', '975310').ok).toBe(true);
    expect(JSON.stringify(journal.records(100))).not.toContain('975310');
    expect(journal.setPassword(T0, '02', '4711', '00')).toMatchObject({ ok: true, value: { mustChange: true } });
  });

  test('wrong passwords are counted, block, and free again', () => {
    const journal = open();
    for (let n = 1; n <= 2; n++) expect(faultName(journal.verifyPassword(T0, '00', '999999'))).toBe('password-wrong');
    expect(journal.operator('00')?.failures).toBe(2);
    expect(faultName(journal.verifyPassword(T0, '00', '999999'))).toBe('operator-blocked');
    expect(journal.operator('00')?.blockedUntilMs).toBe(T0 + 300_000);
    expect(faultName(journal.verifyPassword(T0 + 299_999, '00', '123456'))).toBe('operator-blocked');
    expect(journal.verifyPassword(T0 + 300_000, '00', '123456').ok).toBe(true);
    expect(journal.operator('00')).toMatchObject({ failures: 0, blockedUntilMs: 0 });
  });

  test('a clock that goes back hours does not block for hours', () => {
    const journal = open();
    for (let n = 1; n <= 3; n++) journal.verifyPassword(T0, '00', '999999');
    expect(faultName(journal.verifyPassword(T0 + 60_000, '00', '123456'))).toBe('operator-blocked');
    expect(journal.verifyPassword(T0 - 3 * 3_600_000, '00', '123456').ok).toBe(true);
    expect(journal.operator('00')).toMatchObject({ failures: 0, blockedUntilMs: 0 });
  });

  test('cashiers have five tries, the administrator waits 30 minutes', () => {
    const journal = open();
    for (let n = 1; n <= 4; n++) expect(faultName(journal.verifyPassword(T0, '01', '1234'))).toBe('password-wrong');
    expect(faultName(journal.verifyPassword(T0, '01', '1234'))).toBe('operator-blocked');
    for (let n = 1; n <= 3; n++) journal.verifyPassword(T0, '99', '1');
    expect(faultName(journal.verifyPassword(T0 + 29 * 60_000, '99', '00000000'))).toBe('operator-blocked');
    expect(journal.verifyPassword(T0 + 30 * 60_000, '99', '00000000').ok).toBe(true);
  });

  test('cashiers are added and removed, supervisor and administrator stay', () => {
    const journal = open();
    expect(journal.addOperator(T0, '17', '0000', '00')).toMatchObject({
      ok: true,
      value: { no: '17', mustChange: true },
    });
    expect(journal.verifyPassword(T0, '17', '0000').ok).toBe(true);
    expect(faultName(journal.addOperator(T0, '17', '0000', '00'))).toBe('operator-exists');
    expect(faultName(journal.addOperator(T0, '99', '0000', '00'))).toBe('operator-number');
    expect(journal.removeOperator(T0, '17', '00').ok).toBe(true);
    expect(faultName(journal.removeOperator(T0, '00', '00'))).toBe('operator-number');
    expect(faultName(journal.verifyPassword(T0, '17', '0000'))).toBe('operator-unknown');
    expect(journal.verify().ok).toBe(true);
  });
});

describe('settlement', () => {
  test('goes step by step, each to be taken up again, and begins a new batch', () => {
    const journal = open();
    journal.appendSignOn(T0, signOn(12));
    sale(journal, T0, 10_000);
    const foreign = begin(journal, T0, { amountMinor: 700 });
    journal.appendOutcome(T0, foreign.id, { result: 'approved', code: '00', organisation: 'VIS' });
    approve(
      journal,
      T0,
      begin(journal, T0, { kind: 'refund', amountMinor: 500, original: { reference: '77', dateMmdd: '1101' } }).id,
    );

    const started = journal.startSettlement(T0);
    if (!started.ok) throw new Error(started.fault.cause);
    const { id, totals } = started.value;
    expect(totals).toEqual({
      cup: { debit: { count: 1, amountMinor: 10_000 }, credit: { count: 1, amountMinor: 500 } },
      foreign: { debit: { count: 1, amountMinor: 700 }, credit: { count: 0, amountMinor: 0 } },
    });
    expect(faultName(journal.appendIntent(T0, intentOf(journal)))).toBe('settlement-unfinished');
    expect(journal.startSettlement(T0)).toEqual(started);
    expect(() => journal.settlementEnded(T0, id, 0)).toThrow('answered or uploading');
    journal.settlementAnswered(T0, id, { cup: 2, foreign: 1 });
    const cursor = { step: 'details', index: 1, round: 0, sent: 1, missing: [2] };
    journal.settlementUploaded(T0, id, cursor);
    expect(journal.openSettlement()).toMatchObject({ id, stage: 'uploading', flags: { cup: 2, foreign: 1 }, cursor });
    journal.settlementEnded(T0, id, 1);
    expect(() => journal.settlementCancelled(T0, id, 'no')).toThrow('requested or answered or uploading');
    expect(journal.closeBatch(T0, id)).toMatchObject({ stage: 'closed', newBatch: 13, items: 1 });
    expect(journal.openSettlement()).toBeUndefined();
    expect(journal.lastSettlement()?.batch).toBe(12);
    expect(journal.batch()).toBe(13);
    expect(journal.batchDetails()).toEqual([]);
    expect(begin(journal, T0).trace).toBe(4);
    expect(journal.verify().ok).toBe(true);
  });

  test('waits for a reversal that is owed and can be cancelled before the upload', () => {
    const journal = open();
    const { id } = begin(journal, T0);
    journal.recover(T0);
    expect(faultName(journal.startSettlement(T0))).toBe('reversal-owed');
    journal.appendReversalTry(T0, id);
    journal.appendReversalResult(T0, id, { code: '00' });
    const started = journal.startSettlement(T0);
    if (started.ok) journal.settlementCancelled(T0, started.value.id, 'no answer');
    expect(sale(journal, T0).batch).toBe(1);
  });

  test('is closed by a sign-on that brings the next batch, and the batch number wraps', () => {
    const journal = open();
    journal.appendSignOn(T0, signOn(999_999));
    const started = journal.startSettlement(T0);
    if (!started.ok) throw new Error(started.fault.cause);
    journal.settlementAnswered(T0, started.value.id, { cup: 1, foreign: 1 });
    journal.appendSignOn(T0, signOn(1));
    expect(journal.settlement(started.value.id)).toMatchObject({ stage: 'closed', newBatch: 1 });
    journal.appendSignOn(T0, signOn(999_999));
    const next = journal.startSettlement(T0);
    if (!next.ok) throw new Error(next.fault.cause);
    journal.settlementAnswered(T0, next.value.id, { cup: 1, foreign: 1 });
    journal.settlementEnded(T0, next.value.id, 0);
    expect(journal.closeBatch(T0, next.value.id).newBatch).toBe(1);
  });
});

describe('slips and events', () => {
  test('slips are kept as printed; reprints are counted', () => {
    const journal = open();
    const { id } = sale(journal, T0);
    const lines = [
      '         银联POS签购单',
      `商户编号: ${MID}`,
      '卡号:     622500******0014 /S',
      '日期/时间:2026/11/21 14:03:22',
    ];
    const slip = journal.storeSlip(T0, { txnId: id, kind: 'sale', copy: 'merchant', columns: 32, lines });
    journal.storeSlip(T0, { txnId: id, kind: 'sale', copy: 'cardholder', columns: 32, lines });
    journal.storeSlip(T0, { kind: 'settlement', copy: 'merchant', columns: 32, lines: ['x'] });
    expect(journal.slipsOf(id).map(s => s.copy)).toEqual(['merchant', 'cardholder']);
    expect(journal.slip(slip)?.lines).toEqual(lines);
    expect(journal.appendReprint(T0, slip, '01').reprints).toBe(1);
    expect(journal.appendReprint(T0, slip).reprints).toBe(2);
    expect(journal.lastSlip('settlement')?.lines).toEqual(['x']);
  });

  test('who is signed on, a lock and a freeze of refunds outlive a restart', () => {
    const journal = open();
    journal.appendEvent(T0, 'operator-on', { operator: '01' });
    journal.appendEvent(T0, 'locked', { by: '01' });
    journal.appendEvent(T0, 'refunds-frozen', { by: '00', note: 'wrong refund' });
    journal.rebuild();
    expect([journal.currentOperator(), journal.lockedBy(), journal.refundsFrozen()?.by]).toEqual(['01', '01', '00']);
    journal.appendEvent(T0, 'unlocked', { by: '00' });
    journal.appendEvent(T0, 'refunds-freed', { by: '00' });
    journal.appendEvent(T0, 'operator-off', { operator: '01' });
    expect([journal.currentOperator(), journal.lockedBy(), journal.refundsFrozen()]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('lists, day sums and counts', () => {
    const journal = open();
    sale(journal, T0, 100);
    sale(journal, T0 + 10, 200);
    journal.appendOutcome(T0 + 20, begin(journal, T0 + 20, { operator: '02' }).id, { result: 'declined', code: '51' });
    expect(journal.list().map(txn => txn.trace)).toEqual([3, 2, 1]);
    expect(journal.list({ limit: 1, beforeId: journal.list()[0].id }).map(txn => txn.trace)).toEqual([2]);
    expect(journal.list({ state: 'approved', batch: 1 }).map(txn => txn.trace)).toEqual([2, 1]);
    expect(journal.lastTxn(['approved'])?.trace).toBe(2);
    expect(journal.spanTotals(T0, T0 + 20)).toEqual([
      { kind: 'sale', state: 'approved', operator: '01', count: 2, amountMinor: 300 },
    ]);
    expect(journal.spanTotals(T0 + 20, T0 + 21)).toMatchObject([{ state: 'declined', operator: '02', count: 1 }]);
    expect(journal.counts()).toMatchObject({ batch: 2, owed: 0, held: 0, unknownRefunds: 0 });
    expect(journal.byVoucherEver(1)).toHaveLength(1);
    expect(journal.recordsOf(1).map(record => record.kind)).toEqual(['intent', 'outcome']);
  });
});

describe('totals of card organisations', () => {
  test('a refund of a foreign card that a person enters counts among the foreign cards', () => {
    const journal = open();
    const made = begin(journal, T0);
    const paid = journal.appendOutcome(T0, made.id, {
      result: 'approved',
      code: '00',
      reference: '112233445566',
      organisation: 'VIS',
    });
    const refund = begin(journal, T0, {
      kind: 'refund',
      amountMinor: 4000,
      original: { txnId: paid.id, reference: '112233445566' },
    });
    journal.appendOutcome(T0, refund.id, { result: 'unknown', reason: '98', why: 'silence' });
    journal.resolveRefund(T0, refund.id, { by: '00', accepted: true, reference: '112233445567', note: 'n' });
    expect(journal.batchTotals()).toMatchObject({
      cup: { credit: { count: 0 } },
      foreign: { debit: { count: 1 }, credit: { count: 1, amountMinor: 4000 } },
    });
  });
});
