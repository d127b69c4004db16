import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Journal, netOf, openJournal, tally } from '../../src/journal/journal.ts';
import { begin, cardOf, intentOf, nextReference, open, PANS, sale, T0 } from './helpers.ts';

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('sale' as const), amount: fc.integer({ min: 1, max: 9_999 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('void' as const), pick: fc.nat({ max: 99 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('refund' as const), pick: fc.nat({ max: 99 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('lost' as const), pick: fc.nat({ max: 99 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('decline' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Sales of own and foreign cards, whole and partial approvals; refunds with and without an answer; several batches. */
function play(steps: readonly Step[]): Journal {
  const journal = open();
  const sales: number[] = [];
  let at = T0;
  const approved = (id: number, part?: number): void =>
    void journal.appendOutcome(at, id, {
      result: 'approved',
      code: part === undefined ? '00' : '10',
      reference: nextReference(),
      organisation: id % 3 === 0 ? 'VIS' : 'CUP',
      ...(part === undefined ? {} : { amountMinor: part }),
    });
  for (const one of steps) {
    at += 60_000;
    if (one.do === 'sale') {
      const scanned = one.amount % 7 === 0 ? { kind: 'qrSale' as const, channel: 'alipay' as const } : {};
      const { id } = begin(journal, at, { amountMinor: one.amount, ...scanned });
      approved(id, one.amount % 5 === 0 ? Math.ceil(one.amount / 2) : undefined);
      sales.push(id);
    } else if (one.do === 'decline') {
      const { id } = begin(journal, at);
      journal.appendOutcome(at, id, { result: 'declined', code: '51' });
    } else if (one.do === 'settle') {
      const started = journal.startSettlement(at);
      if (!started.ok) throw new Error(started.fault.name);
      journal.settlementAnswered(at, started.value.id, { cup: 1, foreign: 1 });
      journal.settlementEnded(at, started.value.id, 0);
      journal.closeBatch(at, started.value.id);
    } else {
      const id = sales[one.pick % Math.max(1, sales.length)];
      const original = id === undefined ? undefined : journal.txn(id);
      if (!original) continue;
      const amountMinor = one.do === 'void' ? original.amountMinor : Math.max(1, Math.floor(original.amountMinor / 3));
      const intent = intentOf(journal, {
        kind:
          original.kind === 'qrSale'
            ? one.do === 'void'
              ? 'qrVoid'
              : 'qrRefund'
            : one.do === 'void'
              ? 'void'
              : 'refund',
        amountMinor,
        ...(original.kind === 'qrSale' ? { channel: 'alipay' as const } : {}),
        original: { txnId: original.id },
      });
      const made = journal.appendIntent(at, intent);
      if (!made.ok) continue;
      if (one.do !== 'lost') approved(made.value.id);
      else {
        journal.appendOutcome(at, made.value.id, { result: 'unknown', reason: '98', why: 'no-answer' });
        if (one.pick % 2 === 0)
          journal.resolveRefund(at, made.value.id, {
            by: '00',
            accepted: true,
            reference: nextReference(),
            note: 'the acquirer has it',
          });
      }
    }
  }
  return journal;
}

describe('sums for reports', () => {
  test('a batch adds up to the totals that its settlement sends, to the cent; days add up to the whole', () => {
    let moved = 0;
    let scanned = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 40 }), steps => {
        const journal = play(steps);
        let net = 0;
        for (let period = 1; period <= journal.period(); period++) {
          const sums = tally(journal.txnsOfPeriod(period));
          const { cup, foreign } = journal.batchTotals(period);
          expect(sums.sales).toEqual({
            count: cup.debit.count + foreign.debit.count,
            amountMinor: cup.debit.amountMinor + foreign.debit.amountMinor,
          });
          expect(sums.voids.amountMinor + sums.refunds.amountMinor).toBe(
            cup.credit.amountMinor + foreign.credit.amountMinor,
          );
          expect(sums.voids.count + sums.refunds.count).toBe(cup.credit.count + foreign.credit.count);
          net += sums.netMinor;
        }
        const cut = T0 + 15 * 60_000;
        const end = Number.MAX_SAFE_INTEGER;
        const before = tally(journal.txnsBetween(0, cut));
        const after = tally(journal.txnsBetween(cut, end));
        expect(before.netMinor + after.netMinor).toBe(net);
        const { channels } = tally(journal.txnsBetween(0, end));
        expect(channels.card.sales.count + channels.alipay.sales.count).toBe(before.sales.count + after.sales.count);
        moved += net;
        scanned += netOf(channels.alipay);
        journal.close();
      }),
      { numRuns: 60, seed: 5 },
    );
    expect(moved).toBeGreaterThan(scanned);
    expect(scanned).toBeGreaterThan(0);
  });

  test('more transactions than one page are read in order and whole', () => {
    const journal = open();
    for (let i = 0; i < 1003; i++) {
      const { id } = begin(journal, T0 + i, { kind: 'qrSale', channel: 'wechat', amountMinor: 1 + i });
      journal.appendOutcome(T0 + i, id, { result: 'approved', code: '00' });
    }
    const ids = [...journal.txnsBetween(0, T0 + 2000)].map(txn => txn.id);
    expect(ids).toHaveLength(1003);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect([...journal.txnsBetween(T0 + 1, T0 + 3)]).toHaveLength(2);
    expect(tally(journal.txnsBetween(0, T0 + 2000))).toMatchObject({
      netMinor: (1003 * 1004) / 2,
      channels: { card: { sales: { count: 0 } }, wechat: { sales: { count: 1003 } } },
    });
    journal.close();
  });
});

describe('questions of reports', () => {
  test('batches by number, settlements, reprints, earlier payments, accepted refunds', () => {
    const journal = open();
    const first = sale(journal, T0, 5_000);
    const slip = journal.storeSlip(T0, { txnId: first.id, kind: 'sale', copy: 'merchant', columns: 32, lines: ['x'] });
    journal.appendReprint(T0 + 5, slip, '01');
    journal.appendReprint(T0 + 9, slip, '01');
    const second = begin(journal, T0 + 10, { kind: 'refund', amountMinor: 100, original: { txnId: first.id } });
    journal.appendOutcome(T0 + 11, second.id, { result: 'approved', code: '00' });
    expect(journal.reprintsOf(slip)).toEqual([T0 + 5, T0 + 9]);
    expect(journal.slipsBetween(T0, T0 + 1, 10).map(one => [one.id, one.reprints])).toEqual([[slip, 2]]);
    expect([...journal.acceptedRefunds(T0, T0 + 99)].map(txn => txn.id)).toEqual([second.id]);
    const { token } = cardOf(journal);
    expect(journal.paymentsBefore(token, second.id)).toBe(1);
    expect(journal.paymentsBefore(token, first.id)).toBe(0);
    expect(journal.paymentsBefore(cardOf(journal, PANS[5]).token, second.id)).toBe(0);
    const started = journal.startSettlement(T0 + 20);
    if (!started.ok) throw new Error(started.fault.name);
    journal.settlementAnswered(T0 + 21, started.value.id, { cup: 1, foreign: 2 });
    journal.settlementEnded(T0 + 22, started.value.id, 0);
    journal.closeBatch(T0 + 23, started.value.id, 7);
    expect(journal.settlementsBetween(T0, T0 + 99)).toMatchObject([{ batch: 1, stage: 'closed', newBatch: 7 }]);
    expect(journal.settlementsBetween(T0, T0 + 20)).toEqual([]);
    const given = journal.recordExternal(T0 + 15, {
      original: { txnId: first.id },
      amountMinor: 77,
      method: 'cash',
      proof: '1',
      operator: '01',
      by: '00',
      note: 'x',
    });
    expect(given.ok).toBe(true);
    const [settled] = journal.settlementsBetween(0, T0 + 99);
    expect(journal.externalsBefore(settled)).toEqual({ count: 1, amountMinor: 77 });
    expect(journal.externalsBefore({ ...settled, id: settled.id + 9, atMs: T0 + 90 })).toEqual({
      count: 0,
      amountMinor: 0,
    });
    expect([journal.periodsOfBatch(1), journal.periodsOfBatch(7)]).toEqual([[1], []]);
    expect(journal.timeSpan()).toEqual({ firstMs: T0, lastMs: T0 + 23 });
    journal.close();
  });
});

describe('a copy', () => {
  let folder = '';
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'pos8583-copy-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('is whole, also while the journal is open and written', () => {
    const journal = open({ path: join(folder, 'a.db') });
    sale(journal, T0, 1_234);
    const looking = openJournal({ path: join(folder, 'a.db'), readOnly: true });
    if (!looking.ok) throw new Error(looking.fault.cause);
    looking.value.copyTo(join(folder, 'b.db'));
    sale(journal, T0 + 1, 99);
    const copy = openJournal({ path: join(folder, 'b.db'), readOnly: true });
    if (!copy.ok) throw new Error(copy.fault.cause);
    expect(copy.value.verify()).toMatchObject({ ok: true, records: 2 });
    expect(copy.value.batchTotals().cup.debit.amountMinor).toBe(1_234);
    expect(() => looking.value.copyTo(join(folder, 'b.db'))).toThrow('exists');
    for (const one of [copy.value, looking.value, journal]) one.close();
  });
});
