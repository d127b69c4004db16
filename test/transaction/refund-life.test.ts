import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { refundableMinor } from '../../src/journal/journal.ts';
import {
  isRefundOver,
  type LifeEvent,
  type LifeStep,
  nextRefundState,
  REFUND_LIFE,
  type RefundFacts,
  type RefundState,
  refundStateOf,
  takesFromOriginal,
} from '../../src/transaction/refund-life.ts';

const STATES = Object.keys(REFUND_LIFE) as RefundState[];
const EVENTS: readonly LifeEvent[] = [
  'approve', 'hold', 'refuse', 'stop', 'send', 'accepted', 'declined', 'noAnswer', 'notSent', 'neverReceived', 'cleared',
  'arrived', 'abnormal', 'redirected', 'closed', 'manual',
]; // prettier-ignore
const step: fc.Arbitrary<LifeStep> = fc.record(
  { event: fc.constantFrom(...EVENTS), source: fc.constantFrom('host', 'file', 'supervisor', 'channel', 'customer') },
  { requiredKeys: ['event'] },
);

describe('the life of a refund', () => {
  test('each event leads somewhere, each state is reached', () => {
    const used = new Set(STATES.flatMap(state => Object.keys(REFUND_LIFE[state])));
    expect([...used].sort()).toEqual([...EVENTS].sort());
    const reached = new Set<RefundState>(['AWAIT_APPROVAL', 'EXTERNAL']);
    for (let size = 0; size !== reached.size;) {
      size = reached.size;
      for (const state of [...reached]) for (const next of Object.values(REFUND_LIFE[state])) reached.add(next);
    }
    expect([...reached].sort()).toEqual([...STATES].sort());
  });
  test('what waits is only sent or stopped; only what was sent is accepted', () => {
    expect(REFUND_LIFE.HELD).toEqual({ send: 'SENT', stop: 'STOPPED' });
    const leads = (to: RefundState) => STATES.filter(state => Object.values(REFUND_LIFE[state]).includes(to));
    expect(leads('ACCEPTED')).toEqual(['SENT', 'UNKNOWN', 'MANUAL']);
    expect(leads('STOPPED')).toEqual(['HELD']);
    expect(leads('SENT')).toEqual(['AWAIT_APPROVAL', 'HELD', 'UNKNOWN']);
  });
  test('what is over', () =>
    expect(STATES.filter(isRefundOver)).toEqual(['STOPPED', 'ARRIVED', 'CLOSED', 'DECLINED', 'FAILED', 'EXTERNAL']));
  test('what does not take from the original', () =>
    expect(STATES.filter(state => !takesFromOriginal(state))).toEqual(['STOPPED', 'CLOSED', 'DECLINED', 'FAILED']));

  test('nobody leaves UNKNOWN or MANUAL without a source', () => {
    for (const event of EVENTS)
      for (const state of ['UNKNOWN', 'MANUAL'] as const) expect(nextRefundState(state, { event })).toBeUndefined();
    expect(nextRefundState('UNKNOWN', { event: 'accepted', source: 'supervisor' })).toBe('ACCEPTED');
    expect(nextRefundState('UNKNOWN', { event: 'neverReceived', source: 'supervisor' })).toBe('SENT');
    expect(nextRefundState('UNKNOWN', { event: 'stop', source: 'supervisor' })).toBeUndefined();
  });
  test('a stopped one was never sent, and nothing can be stopped after it was', () => {
    fc.assert(
      fc.property(fc.constantFrom<RefundState>('AWAIT_APPROVAL', 'HELD'), fc.array(step, { maxLength: 12 }), (first, steps) => {
        let state = first;
        let sent = false;
        for (const one of steps) {
          const next = nextRefundState(state, one);
          if (next === undefined) continue;
          expect(isRefundOver(state)).toBe(false);
          if (next === 'SENT') sent = true;
          if (next === 'STOPPED') expect(sent).toBe(false);
          if (sent) expect(['HELD', 'AWAIT_APPROVAL', 'STOPPED']).not.toContain(next);
          state = next;
        }
      }),
    ); // prettier-ignore
  });
  test('once money may have moved, only a word of somebody says that it has not', () => {
    for (const state of STATES)
      for (const [event, next] of Object.entries(REFUND_LIFE[state]))
        if (takesFromOriginal(state) && !takesFromOriginal(next) && state !== 'AWAIT_APPROVAL' && state !== 'HELD')
          expect(['declined', 'notSent', 'closed']).toContain(event);
  });
});

describe('from the books', () => {
  const rows: readonly [RefundFacts, RefundState][] = [
    [{ hold: 'held' }, 'HELD'],
    [{ hold: 'stopped' }, 'STOPPED'],
    [{ hold: 'sent' }, 'SENT'],
    [{ hold: 'sent', txn: 'approved' }, 'ACCEPTED'],
    [{ txn: 'open' }, 'SENT'],
    [{ txn: 'approved' }, 'ACCEPTED'],
    [{ txn: 'approved', life: 'processing' }, 'ACCEPTED'],
    [{ txn: 'approved', life: 'cleared' }, 'CLEARED'],
    [{ txn: 'approved', life: 'arrived' }, 'ARRIVED'],
    [{ txn: 'approved', life: 'abnormal' }, 'ABNORMAL'],
    [{ txn: 'approved', life: 'redirected' }, 'REDIRECTED'],
    [{ txn: 'approved', life: 'closed' }, 'CLOSED'],
    [{ txn: 'approved', life: 'manual' }, 'MANUAL'],
    [{ txn: 'declined' }, 'DECLINED'],
    [{ txn: 'declined', life: 'arrived' }, 'DECLINED'],
    [{ txn: 'failed' }, 'FAILED'],
    [{ txn: 'reversed' }, 'FAILED'],
    [{ txn: 'unknown' }, 'UNKNOWN'],
    [{ txn: 'unknown', life: 'manual' }, 'MANUAL'],
    [{ external: true }, 'EXTERNAL'],
  ];
  for (const [facts, state] of rows) test(JSON.stringify(facts), () => expect(refundStateOf(facts)).toBe(state));

  test('the journal counts what this table says takes from the original', () => {
    for (const txn of ['open', 'approved', 'declined', 'failed', 'unknown', 'reversed'] as const) {
      const left = refundableMinor({ state: 'approved', amountMinor: 100 }, [{ state: txn, amountMinor: 40 }]);
      expect([txn, left < 100]).toEqual([txn, takesFromOriginal(refundStateOf({ txn }))]);
    }
  });
});
