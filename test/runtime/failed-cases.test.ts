import { describe, expect, test } from 'vitest';
import type { FaultRule } from '../../src/sim/acquirer/rules.ts';
import { open, paidSale, refund, refundAmount, refundByVoucher, SUPERVISOR_PASSWORD } from '../scenarios/people.ts';
import { type Counter, type CounterOptions, Crash } from './counter.ts';

/** A refund that failed gets an owner by itself. */

const HOUR_MS = 3_600_000;
const declines = (code: string): FaultRule => ({ match: { mti: '0220' }, do: { code } });

function shop(options: CounterOptions = {}, on = true): Counter {
  const c = open({ ...options, change: { policy: { caseOnFailedRefund: on, caseDueHours: 48 } } });
  c.journal.setPassword(c.world.nowMs(), '00', SUPERVISOR_PASSWORD, '00');
  return paidSale(c, 10_000);
}

/** A refund of 40.00 that the acquirer refuses, back at idle. */
function failed(c: Counter, code = '57'): Counter {
  c.faults(declines(code));
  refund(c, 2, 4_000);
  c.wait(() => c.received('0230').length === 1, 'no answer came');
  return c.pause(61).on('确认键:菜单');
}

const restart = (c: Counter): Counter => {
  c.crash();
  c.start();
  return c.on('确认键:菜单');
};

describe('a refund that the acquirer refused', () => {
  test('opens one case: linked, classed by its code, owned and due; idle counts it; a restart makes no second one', () => {
    const c = failed(shop());
    const [txn] = c.journal.list({ kind: 'refund' });
    const cases = c.journal.cases();
    expect(cases).toMatchObject([
      { about: txn.id, type: 'failed', class: 'channel', owner: 'finance', operator: '01', state: 'open' },
    ]);
    const [outcome] = c.journal.recordsOf(txn.id).filter(record => record.kind === 'outcome');
    expect(cases[0].dueMs).toBe(outcome.atMs + 48 * HOUR_MS);
    expect(cases[0].note).toMatch(/^\[57\]/);
    expect(cases[0].by).toBeUndefined();
    c.on('未结案件 1件');
    restart(restart(c));
    expect(c.journal.cases()).toHaveLength(1);
    expect(c.differences()).toEqual([]);
  });

  test('does nothing when the policy does not ask for it; what failed under that policy stays so later', () => {
    const c = failed(shop({}, false));
    expect(c.journal.cases()).toEqual([]);
    const later = JSON.stringify({ ...c.profile.policy, caseOnFailedRefund: true });
    c.journal.appendPolicy(c.world.nowMs(), c.profile.id, c.profile.version, later);
    expect(c.journal.policySeqAt(c.journal.headSeq)).toBe(c.journal.headSeq);
  });

  test('cut at any commit of the refund: each refused one has its case after the start, once', () => {
    const probe = shop();
    const from = probe.commits.length;
    failed(probe);
    const commits = probe.commits.slice(from);
    expect(commits).toHaveLength(3);
    let cases = 0;
    for (const call of commits)
      for (const when of ['before', 'after'] as const) {
        const c = shop();
        c.crashAt = { call, when };
        expect(() => failed(c)).toThrow(Crash);
        c.crashAt = undefined;
        c.start();
        c.wait(() => c.screen.includes('确认键:菜单'), 'idle never came');
        c.pause(61);
        const refused = c.journal.list({ kind: 'refund', state: 'declined' });
        expect(c.journal.cases().map(one => one.about)).toEqual(refused.map(txn => txn.id));
        cases += refused.length;
      }
    expect(cases).toBeGreaterThan(2);
  });

  test('one that never went out opens none: it is still to be made', () => {
    const c = shop();
    c.network.isUp = false;
    refundAmount(refundByVoucher(c, 2), 4_000);
    c.pause(120).on('确认键:菜单');
    expect(c.journal.list({ kind: 'refund' })[0]?.state).toBe('failed');
    expect(c.journal.cases()).toEqual([]);
  });
});
