import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RefundPolicy, RiskRule } from '../../src/transaction/refund-policy.ts';
import {
  type Attempt,
  compareActions,
  type Finding,
  judge,
  lookBackMs,
  type PastRow,
  type Verdict,
} from '../../src/transaction/refund-rules.ts';
import { PERCENT_MAX } from '../../src/transaction/refund-risk.ts';
import { findingText, wayOutText } from '../../src/transaction/refund-words.ts';
import {
  anyAttempt,
  anyPast,
  anyPolicy,
  anyRisk,
  DAY,
  DESK,
  HOUR,
  NOW,
  OFF,
  profileOf,
  refund,
  row,
  sale,
  utc,
} from './rules-world.ts';

const withChannel = (change: Partial<RefundPolicy['channels']['card']>): RefundPolicy => ({
  ...OFF,
  channels: { ...OFF.channels, card: { ...OFF.channels.card, ...change } },
});
const withRisk = (...risk: RiskRule[]): RefundPolicy => ({ ...OFF, risk });
/** Rule, action and numbers of what was found. */
const told = (policy: RefundPolicy, attempt: Attempt, past: readonly PastRow[] = []): unknown[] =>
  judge(policy, attempt, past).findings.map(({ rule, action, value, limit, unit }) => [
    rule,
    action,
    value,
    limit,
    unit,
  ]);

describe('the plain rules', () => {
  test('the shipped policy lets an ordinary refund through', () =>
    expect(judge(OFF, refund(), [row(), row({ act: 'sale' })])).toEqual({
      action: 'allow',
      findings: [],
      holdSeconds: 0,
      second: false,
      blind: false,
      voidInstead: false,
    }));

  const rows: readonly [name: string, policy: RefundPolicy, attempt: Attempt, past: PastRow[], expected: unknown[]][] = [
    ['the limit itself', { ...OFF, refundMaxMinor: 6_000 }, refund(), [], []],
    ['above the limit', { ...OFF, refundMaxMinor: 5_999 }, refund(), [], [['refundMax', 'refuse', 6_000, 5_999, 'minor']]],
    ['above the remainder', OFF, refund({ original: sale({ remainingMinor: 5_000 }) }), [], [['remainder', 'refuse', 6_000, 5_000, 'minor']]],
    ['last day of the window', OFF, refund({ original: sale({ atMs: Date.UTC(2026, 4, 18, 0, 0) }) }), [], []],
    ['a day later', OFF, refund({ original: sale({ atMs: Date.UTC(2026, 4, 17, 23, 59, 59) }) }), [], [['window', 'refuse', 31, 30, 'days']]],
    ['the window of another channel', OFF, refund({ channel: 'wechat', original: sale({ atMs: NOW - 300 * DAY }) }), [], []],
    ['unlinked, allowed', OFF, refund({ linked: false, original: undefined }), [], []],
    ['unlinked, second person', { ...OFF, refundUnlinked: 'approve' }, refund({ linked: false, original: undefined }), [], [['unlinked', 'approve', 1, 0, 'count']]],
    ['unlinked, refused', { ...OFF, refundUnlinked: 'refuse' }, refund({ linked: false, original: undefined }), [], [['unlinked', 'refuse', 1, 0, 'count']]],
    ['the day is full', { ...OFF, refundDayMaxMinor: 10_999 }, refund(), [row({ token: 'bb', operator: '02' })], [['shopDay', 'refuse', 11_000, 10_999, 'minor']]],
    ['the day is just full', { ...OFF, refundDayMaxMinor: 11_000 }, refund(), [row()], []],
    ['yesterday does not count', { ...OFF, refundDayMaxMinor: 6_000 }, refund(), [row({ atMs: Date.UTC(2026, 5, 16, 23, 59, 59) })], []],
    ['sales and voids do not count', { ...OFF, refundDayMaxMinor: 6_000 }, refund(), [row({ act: 'sale' }), row({ act: 'void' })], []],
    ['a time to come counts as now: the clock was set back', { ...OFF, refundDayMaxMinor: 6_000 }, refund(), [row({ atMs: NOW + 5 * DAY })], [['shopDay', 'refuse', 11_000, 6_000, 'minor']]],
    ['a time of long ago counts as that of the row before', { ...OFF, refundDayMaxMinor: 6_000 }, refund(), [row({ act: 'sale' }), row({ atMs: NOW - 300 * DAY })], [['shopDay', 'refuse', 11_000, 6_000, 'minor']]],
    ['the card is full', { ...OFF, refundCardDayMaxMinor: 10_000 }, refund(), [row({ operator: '02' }), row({ token: 'bb' })], [['cardDay', 'refuse', 11_000, 10_000, 'minor']]],
    ['the operator is full', { ...OFF, refundOperatorDayMaxMinor: 10_000 }, refund(), [row({ token: 'bb' }), row({ operator: '02' })], [['operatorDay', 'refuse', 11_000, 10_000, 'minor']]],
    ['a part, where only all goes', withChannel({ partials: false }), refund(), [], [['partials', 'refuse', 6_000, 10_000, 'minor']]],
    ['all of it', withChannel({ partials: false }), refund({ amountMinor: 10_000 }), [], []],
    ['refunds of the sale', withChannel({ refundsMax: 2 }), refund({ original: sale({ refunds: 2 }) }), [], [['refundsMax', 'refuse', 3, 2, 'count']]],
    ['too soon', withChannel({ spacingSeconds: 60 }), refund({ original: sale({ refunds: 1, lastRefundMs: NOW - 59_999 }) }), [], [['spacing', 'refuse', 59, 60, 'seconds']]],
    ['after the clock went back, spacing off', withChannel({ spacingSeconds: 0 }), refund({ original: sale({ refunds: 1, lastRefundMs: NOW + 3_600_000 }) }), [], []],
    ['after the clock went back', withChannel({ spacingSeconds: 60 }), refund({ original: sale({ refunds: 1, lastRefundMs: NOW + 3_600_000 }) }), [], []],
    ['soon enough', withChannel({ spacingSeconds: 60 }), refund({ original: sale({ refunds: 1, lastRefundMs: NOW - 60_000 }) }), [], []],
    ['more than the takings', { ...OFF, refundsFromTakings: true }, refund({ fundsMinor: 5_999 }), [], [['funds', 'warn', 6_000, 5_999, 'minor']]],
    ['as much as the takings', { ...OFF, refundsFromTakings: true }, refund({ fundsMinor: 6_000 }), [], []],
    ['takings that do not count', OFF, refund({ fundsMinor: -1 }), [], []],
    ['the same amount again', { ...OFF, refundSameAmountHours: 2 }, refund({ amountMinor: 5_000 }), [row(), row({ token: undefined })], [['sameAmount', 'warn', 3, 1, 'count']]],
    ['the same amount, long ago or to another card', { ...OFF, refundSameAmountHours: 1 }, refund({ amountMinor: 5_000 }), [row(), row({ atMs: NOW - 1, token: 'bb' })], []],
    ['above the dual limit', { ...OFF, refundDualLimitMinor: 5_999 }, refund(), [], [['dualLimit', 'approve', 6_000, 5_999, 'minor']]],
    ['a hold', { ...OFF, refundHoldSeconds: 300 }, refund(), [], [['hold', 'hold', 300, 0, 'seconds']]],
    ['a void of the whole sale', DESK, refund({ act: 'void', amountMinor: 10_000, original: sale({ sameDay: true, sameBatch: true, atMs: NOW - HOUR }) }), [], []],
    ['a void of a part', OFF, refund({ act: 'void', original: sale({ sameBatch: true }) }), [], [['voidAmount', 'refuse', 6_000, 10_000, 'minor']]],
    ['a void after settlement', OFF, refund({ act: 'void', amountMinor: 10_000 }), [], [['voidBatch', 'refuse', 1, 0, 'count']]],
    ['a void after a refund', OFF, refund({ act: 'void', amountMinor: 10_000, original: sale({ sameBatch: true, refunds: 1 }) }), [], [['refunded', 'refuse', 1, 0, 'count']]],
  ]; // prettier-ignore
  for (const [name, policy, attempt, past, expected] of rows)
    test(name, () => expect(told(policy, attempt, past)).toEqual(expected));

  test('gravest first; a refused one still says everything else', () => {
    const policy = { ...DESK, refundMaxMinor: 60_000, refundDualLimitMinor: 50_000 };
    const { action, findings, second, blind, holdSeconds } = judge(policy, refund({ amountMinor: 70_000, original: sale({ amountMinor: 70_000, remainingMinor: 70_000 }) }), []);
    expect(action).toBe('refuse');
    expect(findings.map(one => one.rule)).toEqual(['refundMax', 'hold', 'dualLimit']);
    expect({ second, blind, holdSeconds }).toEqual({ second: true, blind: true, holdSeconds: 300 });
  }); // prettier-ignore
});

describe('void or refund', () => {
  const today = sale({ atMs: NOW - HOUR, sameDay: true, sameBatch: true });
  const advice = (original: Partial<typeof today>, attempt: Partial<Attempt> = {}, policy: Partial<RefundPolicy> = {}) =>
    judge({ ...OFF, voidAdvice: true, ...policy }, refund({ amountMinor: 10_000, ...attempt, original: { ...today, ...original } }), []).voidInstead; // prettier-ignore
  test('same day, same batch, all of it, nothing refunded', () => expect(advice({})).toBe(true));
  for (const [name, original, attempt, policy] of [
    ['switched off', {}, {}, { voidAdvice: false }],
    ['a part', {}, { amountMinor: 9_999 }, {}],
    ['another day', { sameDay: false }, {}, {}],
    ['another batch', { sameBatch: false }, {}, {}],
    ['refunded before', { refunds: 1, remainingMinor: 5_000 }, {}, {}],
    ['given back another way', { remainingMinor: 5_000 }, {}, {}],
    ['the cut-off lies between', {}, {}, { cutOff: '1400' }],
    ['it is a void already', {}, { act: 'void' }, {}],
  ] as const)
    test(`not: ${name}`, () => expect(advice(original, attempt, policy)).toBe(false));
  test('both after the cut-off', () => expect(advice({}, {}, { cutOff: '1300' })).toBe(true));
});

describe('the risk rules', () => {
  const at = (hour: number, minute = 0): Attempt => refund({ atMs: Date.UTC(2026, 5, 17, hour, minute) });
  const lateVoid = (ms: number): Attempt => refund({ act: 'void', amountMinor: 10_000, original: sale({ sameBatch: true, atMs: NOW - ms }) }); // prettier-ignore
  const shop: RiskRule = { id: 'r', kind: 'afterHours', from: '0700', to: '2200', action: 'warn' };
  const night: RiskRule = { id: 'r', kind: 'afterHours', from: '1800', to: '0200', action: 'warn' };
  const rows: readonly [name: string, rule: RiskRule, attempt: Attempt, past: PastRow[], numbers: unknown[] | undefined][] = [
    ['one card, at the limit', { id: 'r', kind: 'cardCount', hours: 2, max: 2, action: 'warn' }, refund(), [row(), row({ token: 'bb' })], undefined],
    ['one card, above', { id: 'r', kind: 'cardCount', hours: 2, max: 2, action: 'warn' }, refund(), [row(), row({ act: 'void' })], [3, 2, 'count']],
    ['one card, long ago', { id: 'r', kind: 'cardCount', hours: 1, max: 1, action: 'warn' }, refund(), [row()], undefined],
    ['no card', { id: 'r', kind: 'cardCount', hours: 2, max: 0, action: 'warn' }, refund({ token: undefined }), [row({ token: undefined })], undefined],
    ['one operator', { id: 'r', kind: 'operatorCount', hours: 2, max: 1, action: 'warn' }, refund(), [row({ token: 'bb' }), row({ operator: '02' })], [2, 1, 'count']],
    ['the shop', { id: 'r', kind: 'shopCount', hours: 2, max: 2, action: 'warn' }, refund(), [row({ token: 'bb' }), row({ operator: '02' }), row({ act: 'sale' })], [3, 2, 'count']],
    ['one amount', { id: 'r', kind: 'repeatedAmount', hours: 2, max: 1, action: 'warn' }, refund({ amountMinor: 5_000 }), [row({ token: 'bb' }), row({ act: 'void' })], [2, 1, 'count']],
    ['share of sales', { id: 'r', kind: 'refundShare', hours: 2, percent: 50, atLeast: 2, action: 'warn' }, refund(), [row({ act: 'sale', amountMinor: 20_000 }), row()], [55, 50, 'percent']],
    ['share, just reached', { id: 'r', kind: 'refundShare', hours: 2, percent: 55, atLeast: 2, action: 'warn' }, refund(), [row({ act: 'sale', amountMinor: 20_000 }), row()], undefined],
    ['share, too few refunds', { id: 'r', kind: 'refundShare', hours: 2, percent: 1, atLeast: 2, action: 'warn' }, refund(), [row({ act: 'sale' })], undefined],
    ['share, nothing sold', { id: 'r', kind: 'refundShare', hours: 2, percent: 50, atLeast: 1, action: 'warn' }, refund(), [], [PERCENT_MAX, 50, 'percent']],
    ['far above the average', { id: 'r', kind: 'farAboveAverage', hours: 2, percent: 100, atLeast: 1, action: 'warn' }, refund(), [row(), row({ amountMinor: 6_000 })], [110, 100, 'percent']],
    ['far above, nothing to compare', { id: 'r', kind: 'farAboveAverage', hours: 2, percent: 1, atLeast: 1, action: 'warn' }, refund(), [], undefined],
    ['never paid', { id: 'r', kind: 'neverPaid', action: 'warn' }, refund({ cardPaidBefore: false }), [], [0, 1, 'count']],
    ['has paid', { id: 'r', kind: 'neverPaid', action: 'warn' }, refund(), [], undefined],
    ['a late void', { id: 'r', kind: 'lateVoid', hours: 4, action: 'warn' }, lateVoid(4 * HOUR + 1), [], [5, 4, 'hours']],
    ['a void in time', { id: 'r', kind: 'lateVoid', hours: 4, action: 'warn' }, lateVoid(4 * HOUR), [], undefined],
    ['a late refund is no void', { id: 'r', kind: 'lateVoid', hours: 4, action: 'warn' }, refund(), [], undefined],
    ['before opening', shop, at(6, 59), [], [659, 2200, 'clock']],
    ['opening', shop, at(7), [], undefined],
    ['closing', shop, at(22), [], [2200, 2200, 'clock']],
    ['past midnight, open', night, at(1, 59), [], undefined],
    ['past midnight, closed', night, at(2), [], [200, 200, 'clock']],
    ['printed again', { id: 'r', kind: 'reprintBefore', action: 'warn' }, refund({ reprinted: true }), [], [1, 0, 'count']],
    ['not printed again', { id: 'r', kind: 'reprintBefore', action: 'warn' }, refund(), [], undefined],
  ]; // prettier-ignore
  for (const [name, rule, attempt, past, numbers] of rows)
    test(name, () => expect(told(withRisk(rule), attempt, past)).toEqual(numbers ? [['r', 'warn', ...numbers]] : []));

  test('every kind of rule is in the table and in the shipped desk profile', () => {
    const kinds = new Set(rows.map(([, rule]) => rule.kind));
    expect(new Set(DESK.risk.map(rule => rule.kind))).toEqual(kinds);
    expect(kinds.size).toBe(10);
  });
  test('a hold of its own is the longer one; a void is looked at instead', () => {
    const rule: RiskRule = { id: 'new', kind: 'neverPaid', action: 'hold', holdSeconds: 1800 };
    const policy = { ...withRisk(rule), refundHoldSeconds: 60 };
    expect(judge(policy, refund({ cardPaidBefore: false }), [])).toMatchObject({ action: 'hold', holdSeconds: 1800, second: false }); // prettier-ignore
    const late: RiskRule = { id: 'late', kind: 'lateVoid', hours: 1, action: 'hold', holdSeconds: 1800 };
    expect(judge(withRisk(late), lateVoid(2 * HOUR), [])).toMatchObject({ action: 'approve', holdSeconds: 0, second: true, findings: [{ prompt: 'E91' }] }); // prettier-ignore
  });
});

/** When each row counts, found in another way: no later than now, no earlier than any row before it that can be believed. */
const timed = (past: readonly PastRow[]): PastRow[] =>
  past.map((one, index) => {
    const before = past.slice(0, index + 1).map(other => other.atMs).filter(ms => ms <= NOW);
    return { ...one, atMs: one.atMs > NOW ? NOW : Math.max(...before) };
  }); // prettier-ignore

/** The sum that a rule is about, counted a second time and in another way. */
function recount(finding: Finding, policy: RefundPolicy, attempt: Attempt, rows: readonly PastRow[]): number | undefined {
  const past = timed(rows);
  const today = past.filter(one => one.act === 'refund' && one.atMs <= NOW && utc(one.atMs).day === 17 && one.atMs > NOW - DAY);
  const sum = (rows: readonly PastRow[]): number => rows.reduce((total, one) => total + one.amountMinor, attempt.amountMinor);
  const rule = policy.risk.find(one => one.id === finding.rule && one.kind === finding.kind);
  const back = past.filter(one => one.act !== 'sale' && one.atMs <= NOW && rule && 'hours' in rule && one.atMs > NOW - rule.hours * HOUR);
  switch (finding.kind) {
    case 'refundMax': case 'remainder': case 'dualLimit': case 'voidAmount': case 'partials': return attempt.amountMinor;
    case 'shopDay': return sum(today);
    case 'cardDay': return sum(today.filter(one => one.token === attempt.token && one.token !== undefined));
    case 'operatorDay': return sum(today.filter(one => one.operator === attempt.operator));
    case 'shopCount': return back.length + 1;
    case 'operatorCount': return back.filter(one => one.operator === attempt.operator).length + 1;
    default: return undefined;
  }
} // prettier-ignore

describe('properties', () => {
  const question = [anyPolicy, anyAttempt, anyPast] as const;
  test('nothing above a limit is allowed', () => {
    fc.assert(
      fc.property(...question, (policy, attempt, past) => {
        if (attempt.act === 'void') return;
        const { action } = judge(policy, attempt, past);
        if (action === 'refuse') return;
        const { original, amountMinor } = attempt;
        expect(amountMinor).toBeLessThanOrEqual(policy.refundMaxMinor);
        const probe = (kind: Finding['kind']) => recount({ kind, rule: kind } as Finding, policy, attempt, past) ?? 0;
        for (const [limit, sum] of [
          [policy.refundDayMaxMinor, probe('shopDay')],
          [attempt.token === undefined ? 0 : policy.refundCardDayMaxMinor, probe('cardDay')],
          [policy.refundOperatorDayMaxMinor, probe('operatorDay')],
        ])
          if (limit > 0) expect(sum).toBeLessThanOrEqual(limit);
        if (!original) {
          expect(policy.refundUnlinked).not.toBe('refuse');
          return;
        }
        expect(amountMinor).toBeLessThanOrEqual(original.remainingMinor);
        const midnight = Date.UTC(2026, 5, 17);
        expect(original.atMs).toBeGreaterThanOrEqual(midnight - policy.channels.card.refundWindowDays * DAY);
      }),
      { numRuns: 3000 },
    );
  });
  test('one rule more never makes it milder', () => {
    fc.assert(
      fc.property(...question, anyRisk, (policy, attempt, past, rule) => {
        const before = judge(policy, attempt, past);
        const after = judge({ ...policy, risk: [...policy.risk, rule] }, attempt, past);
        expect(compareActions(after.action, before.action)).toBeGreaterThanOrEqual(0);
        expect(after.holdSeconds).toBeGreaterThanOrEqual(before.holdSeconds);
        expect(after.findings.length).toBeGreaterThanOrEqual(before.findings.length);
        if (before.second) expect(after.second).toBe(true);
        if (before.blind) expect(after.blind).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
  test('a limit switched on never makes it milder', () => {
    const limits = ['refundDayMaxMinor', 'refundCardDayMaxMinor', 'refundOperatorDayMaxMinor', 'refundDualLimitMinor', 'refundHoldSeconds'] as const; // prettier-ignore
    fc.assert(
      fc.property(...question, fc.constantFrom(...limits), fc.integer({ min: 1, max: 60_000 }), (policy, attempt, past, name, value) => {
        const without = judge({ ...policy, [name]: 0 }, attempt, past);
        const withIt = judge({ ...policy, [name]: value }, attempt, past);
        expect(compareActions(withIt.action, without.action)).toBeGreaterThanOrEqual(0);
      }),
    ); // prettier-ignore
  });
  test('the verdict is its gravest finding, and the findings tell true numbers on the wrong side of their limit', () => {
    let counted = 0;
    fc.assert(
      fc.property(...question, (policy, attempt, past) => {
        const { action, findings, second, holdSeconds } = judge(policy, attempt, past);
        expect(action).toBe(findings[0]?.action ?? 'allow');
        expect(second).toBe(findings.some(one => one.action === 'approve'));
        expect(holdSeconds > 0).toBe(findings.some(one => one.action === 'hold'));
        for (const one of findings) {
          const below = ['spacing', 'neverPaid', 'partials', 'voidAmount', 'afterHours'].includes(one.kind);
          if (below) expect(one.value === one.limit && one.kind !== 'afterHours').toBe(false);
          else expect(one.value).toBeGreaterThan(one.limit);
          const again = recount(one, policy, attempt, past);
          if (again === undefined || policy.risk.filter(rule => rule.id === one.rule).length > 1) continue;
          counted++;
          expect([one.kind, one.value]).toEqual([one.kind, again]);
        }
      }),
      { numRuns: 3000 },
    );
    expect(counted).toBeGreaterThan(500);
  });
  test('a clock that was ahead for a while makes no limit and no count milder', () => {
    const counted: readonly Finding['kind'][] = ['shopDay', 'cardDay', 'operatorDay', 'sameAmount', 'cardCount', 'operatorCount', 'shopCount', 'repeatedAmount']; // prettier-ignore
    const numbers = (verdict: Verdict): Map<string, number> => {
      const found = new Map<string, number>();
      for (const { rule, kind, limit, value } of verdict.findings) {
        const name = [rule, kind, limit].join();
        if (counted.includes(kind)) found.set(name, Math.max(value, found.get(name) ?? 0));
      }
      return found;
    };
    const span = fc.record({ from: fc.nat(12), count: fc.nat(12), aheadMs: fc.integer({ min: 1, max: 400 * DAY }) });
    fc.assert(
      fc.property(...question, span, (policy, attempt, past, { from, count, aheadMs }) => {
        const truly = past.map(one => ({ ...one, atMs: Math.min(one.atMs, NOW) })).sort((a, b) => a.atMs - b.atMs);
        const said = truly.map((one, at) =>
          at >= from && at < from + count ? { ...one, atMs: one.atMs + aheadMs } : one,
        );
        const after = numbers(judge(policy, attempt, said));
        for (const [rule, value] of numbers(judge(policy, attempt, truly)))
          expect(after.get(rule) ?? 0).toBeGreaterThanOrEqual(value);
      }),
      { numRuns: 2000 },
    );
  });
  test('what lies further back than lookBackMs says nothing', () => {
    expect([lookBackMs(OFF), lookBackMs(DESK)]).toEqual([DAY, 30 * DAY]);
    fc.assert(
      fc.property(...question, (policy, attempt, past) => {
        const first = past.findIndex(one => one.atMs > NOW - lookBackMs(policy));
        const near = first < 0 ? [] : past.slice(first);
        expect(judge(policy, attempt, near)).toEqual(judge(policy, attempt, past));
      }),
    );
  });
});

describe('in words', () => {
  test('every finding of many questions has its numbers and a way out in both languages', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(anyPolicy, anyAttempt, anyPast, (policy, attempt, past) => {
        for (const finding of judge(policy, attempt, past).findings) {
          seen.add(finding.kind);
          for (const language of ['zh', 'en'] as const) {
            const text = `${findingText(finding, language)} ${wayOutText(finding, language)}`;
            expect(text).not.toMatch(/[{}]|undefined|NaN/);
            if (finding.unit !== 'count') expect(text).toMatch(/\d/);
          }
        }
      }),
      { numRuns: 3000 },
    );
    expect(seen.size).toBe(26);
  });
  test('a sentence names rule and numbers', () => {
    const [finding] = judge({ ...OFF, refundMaxMinor: 5_000 }, refund(), []).findings;
    expect(findingText(finding, 'zh')).toBe('退货 60.00 超过单笔上限 50.00');
    expect(findingText(finding, 'en')).toBe('the refund of 60.00 is above the most for one refund, 50.00');
    expect(wayOutText(finding, 'en')).toBe('Refund less, or ask the manager');
  });
  test('every prompt of a rule is a text of the profile', () => {
    const prompts = Object.keys(profileOf('unionpay-pos').texts.prompts);
    fc.assert(
      fc.property(anyPolicy, anyAttempt, anyPast, (policy, attempt, past) => {
        for (const { prompt } of judge(policy, attempt, past).findings) expect(prompts).toContain(prompt);
      }),
    );
  });
});
