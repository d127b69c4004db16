import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import type { SignOn } from '../../src/journal/types.ts';
import { intentOf, nextReference, open, T0 } from './helpers.ts';

/**
 * Random histories against a model that knows only money: what was approved, what was undone. After each step the
 * journal must agree with it, and at the end its tables must come out the same from the records alone.
 */
interface ModelTxn {
  readonly id: number;
  readonly kind: 'sale' | 'void' | 'refund';
  readonly original?: ModelTxn;
  readonly period: number;
  amount: number;
  state: string;
}

class Model {
  readonly txns: ModelTxn[] = [];
  readonly used = new Set<string>();
  owed: { txn: ModelTxn; tries: number }[] = [];
  held: ModelTxn[] = [];
  period = 1;
  released = new Set<ModelTxn>();

  net(): number {
    let net = 0;
    for (const txn of this.txns) {
      if (txn.state !== 'approved' && txn.state !== 'voided') continue;
      net += txn.kind === 'sale' ? txn.amount : -txn.amount;
    }
    return net;
  }

  sales(): ModelTxn[] {
    return this.txns.filter(txn => txn.kind === 'sale');
  }

  children(sale: ModelTxn, kind: string, ...states: string[]): ModelTxn[] {
    return this.txns.filter(txn => txn.original === sale && txn.kind === kind && states.includes(txn.state));
  }

  blocked(): boolean {
    return this.owed.length > 0 || this.held.some(txn => !this.released.has(txn));
  }

  left(sale: ModelTxn): number {
    if (sale.state !== 'approved') return 0;
    return this.children(sale, 'refund', 'approved', 'unknown').reduce(
      (left, refund) => left - refund.amount,
      sale.amount,
    );
  }

  mayVoid(sale: ModelTxn): boolean {
    return (
      sale.state === 'approved' &&
      sale.period === this.period &&
      this.left(sale) === sale.amount &&
      this.children(sale, 'void', 'unknown').length === 0
    );
  }

  mayRefund(sale: ModelTxn, amount: number): boolean {
    return (
      amount <= this.left(sale) &&
      this.children(sale, 'refund', 'unknown').length === 0 &&
      this.children(sale, 'void', 'unknown').length === 0
    );
  }
}

const end = fc.oneof(
  { weight: 6, arbitrary: fc.constant('approved' as const) },
  { weight: 1, arbitrary: fc.constantFrom('partial' as const, 'declined' as const, 'notSent' as const) },
  { weight: 3, arbitrary: fc.constantFrom('unknown' as const, 'crash' as const) },
);
const pick = fc.nat({ max: 1000 });
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('sale' as const), amount: fc.integer({ min: 1, max: 500 }), end }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('void' as const), pick, end }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('refund' as const), pick, amount: fc.integer({ min: 1, max: 300 }), end }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('reverse' as const),
      code: fc.constantFrom('00', '25', '51', 'silence', 'mac', 'crash'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('held' as const),
      way: fc.constantFrom('release', 'retry', 'reversed', 'approved'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('decide' as const),
      way: fc.constantFrom('accepted', 'resend', 'given-up'),
      end,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('trace' as const, 'settle' as const, 'sign-on' as const, 'rebuild' as const),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type End = typeof end extends fc.Arbitrary<infer T> ? T : never;

const KEY = { wrapped: '00'.repeat(16), kcv: '00962B60' };
const signOn = (batch: number): SignOn => ({ mode: '003', batch, keys: { pin: KEY, mac: KEY } });
const TRIES = 3;

class Run {
  readonly journal: Journal;
  readonly model = new Model();
  private nowMs = T0;

  constructor(journal: Journal) {
    this.journal = journal;
  }

  apply(one: Step): void {
    this.nowMs += 1;
    const { journal, model, nowMs } = this;
    switch (one.do) {
      case 'sale':
        return this.trade('sale', one.amount, undefined, !model.blocked(), one.end);
      case 'void': {
        const sale = this.choose(model.sales(), one.pick);
        if (sale) this.trade('void', sale.amount, sale, !model.blocked() && model.mayVoid(sale), one.end);
        return;
      }
      case 'refund': {
        const sale = this.choose(model.sales(), one.pick);
        if (sale)
          this.trade('refund', one.amount, sale, !model.blocked() && model.mayRefund(sale, one.amount), one.end);
        return;
      }
      case 'reverse':
        return this.reverse(one.code);
      case 'held':
        return this.held(one.way);
      case 'decide':
        return this.decide(one.way, one.end);
      case 'trace':
        return this.useTrace(journal.takeTrace(nowMs));
      case 'settle': {
        const started = journal.startSettlement(nowMs);
        expect(started.ok).toBe(model.owed.length === 0);
        if (!started.ok) return;
        journal.settlementAnswered(nowMs, started.value.id, { cup: 1, foreign: 1 });
        journal.settlementEnded(nowMs, started.value.id, 0);
        journal.closeBatch(nowMs, started.value.id);
        model.period++;
        return;
      }
      case 'sign-on':
        return journal.appendSignOn(nowMs, signOn(journal.batch()));
      case 'rebuild':
        return journal.rebuild();
    }
  }

  check(): void {
    const { journal, model } = this;
    let net = 0;
    for (let period = 1; period <= model.period; period++) {
      const { cup } = journal.batchTotals(period);
      net += cup.debit.amountMinor - cup.credit.amountMinor;
    }
    expect(net).toBe(model.net());
    expect(journal.period()).toBe(model.period);
    for (const txn of model.txns)
      expect(journal.txn(txn.id)).toMatchObject({ state: txn.state, amountMinor: txn.amount });
    for (const sale of model.sales()) {
      expect(journal.refundable(sale.id)).toBe(model.left(sale));
      expect(model.left(sale)).toBeGreaterThanOrEqual(0);
    }
    expect(journal.owedReversal()?.id).toBe(model.owed[0]?.txn.id);
    expect(journal.heldReversals().map(reversal => reversal.id)).toEqual(
      model.held.map(txn => txn.id).sort((a, b) => a - b),
    );
  }

  private choose<T>(from: readonly T[], at: number): T | undefined {
    return from[at % Math.max(1, from.length)];
  }

  private useTrace(trace: number): void {
    const key = `${this.model.period}/${trace}`;
    expect(this.model.used.has(key), `trace ${key} used twice`).toBe(false);
    this.model.used.add(key);
  }

  private trade(kind: ModelTxn['kind'], amount: number, original: ModelTxn | undefined, may: boolean, how: End): void {
    const { journal, model, nowMs } = this;
    const started = journal.appendIntent(
      nowMs,
      intentOf(journal, { kind, amountMinor: amount, original: original && { txnId: original.id } }),
    );
    expect(started.ok).toBe(may);
    if (!started.ok) return;
    this.useTrace(started.value.trace);
    const txn: ModelTxn = {
      id: started.value.id,
      kind,
      amount,
      state: 'open',
      period: model.period,
      ...(original ? { original } : {}),
    };
    model.txns.push(txn);
    this.finish(txn, how, false);
  }

  private finish(txn: ModelTxn, how: End, resent: boolean): void {
    const { journal, model, nowMs } = this;
    const approved = { result: 'approved' as const, code: '00', reference: nextReference(), hostDate: '1121' };
    switch (how) {
      case 'approved':
      case 'partial': {
        const part =
          how === 'partial' && txn.kind === 'sale' && txn.amount > 1 ? Math.floor(txn.amount / 2) : undefined;
        journal.appendOutcome(nowMs, txn.id, { ...approved, ...(part ? { code: '10', amountMinor: part } : {}) });
        txn.state = 'approved';
        if (part) txn.amount = part;
        if (txn.kind === 'void' && txn.original) txn.original.state = 'voided';
        return;
      }
      case 'declined':
        journal.appendOutcome(nowMs, txn.id, { result: 'declined', code: '51' });
        txn.state = 'declined';
        return;
      case 'notSent':
        journal.appendOutcome(nowMs, txn.id, { result: 'notSent', why: 'line down' });
        txn.state = resent ? 'unknown' : 'failed';
        return;
      case 'unknown':
        journal.appendOutcome(nowMs, txn.id, { result: 'unknown', reason: '98', why: 'silence' });
        break;
      case 'crash':
        journal.recover(nowMs);
        break;
    }
    txn.state = 'unknown';
    if (txn.kind !== 'refund') model.owed.push({ txn, tries: 0 });
  }

  private reverse(code: string): void {
    const { journal, model, nowMs } = this;
    const owed = model.owed[0];
    if (!owed) return;
    owed.tries++;
    expect(journal.appendReversalTry(nowMs, owed.txn.id).tries).toBe(owed.tries);
    if (code === 'crash') journal.recover(nowMs);
    else
      journal.appendReversalResult(
        nowMs,
        owed.txn.id,
        code === 'silence' ? { noAnswer: true } : code === 'mac' ? { badMac: true } : { code },
      );
    if (code === '00' || code === '25') {
      owed.txn.state = 'reversed';
      model.owed.shift();
    } else if (owed.tries === TRIES) {
      model.owed.shift();
      model.held.push(owed.txn);
    }
  }

  private held(way: string): void {
    const { journal, model, nowMs } = this;
    const txn = model.held[0];
    if (way === 'release') {
      journal.releaseTerminal(nowMs, '00');
      for (const held of model.held) model.released.add(held);
      return;
    }
    if (!txn) return;
    model.held.shift();
    if (way === 'retry') {
      expect(journal.retryReversal(nowMs, txn.id, '00').ok).toBe(true);
      model.released.delete(txn);
      model.owed.push({ txn, tries: 0 });
      model.owed.sort((a, b) => a.txn.id - b.txn.id);
      return;
    }
    const entry = { result: way as 'reversed' | 'approved', note: 'acquirer said so' };
    expect(journal.resolveReversal(nowMs, txn.id, { by: '00', entry }).ok).toBe(true);
    txn.state = way;
    if (way === 'approved' && txn.kind === 'void' && txn.original) txn.original.state = 'voided';
  }

  private decide(way: string, how: End): void {
    const { journal, model, nowMs } = this;
    const refund = model.txns.find(txn => txn.kind === 'refund' && txn.state === 'unknown');
    expect(journal.unknownRefunds()[0]?.id).toBe(refund?.id);
    if (!refund) return;
    const decided = journal.resolveRefund(nowMs, refund.id, {
      by: '00',
      accepted: way === 'accepted',
      resend: way === 'resend',
      note: 'acquirer said so',
    });
    expect(decided.ok).toBe(way !== 'resend' || refund.period === model.period);
    if (!decided.ok) return;
    if (way === 'resend') return this.finish(refund, how === 'partial' ? 'approved' : how, true);
    refund.state = way === 'accepted' ? 'approved' : 'failed';
  }
}

describe('any history', () => {
  test('agrees with the money model and folds again to the same tables', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), steps => {
        const run = new Run(open());
        for (const one of steps) {
          run.apply(one);
          run.check();
        }
        const found = run.journal.verify();
        expect(found.ok, found.ok ? '' : found.why).toBe(true);
        run.journal.rebuild();
        run.check();
        run.journal.close();
      }),
      { numRuns: 150, seed: 8583 },
    );
  });
});
