import fc from 'fast-check';
import type { LocalTime } from '../../src/hal/hal.ts';
import type { Profile } from '../../src/profile/profile.ts';
import { readMerged } from '../../src/profile/source.ts';
import type { RefundPolicy, RiskRule } from '../../src/transaction/refund-policy.ts';
import type { Attempt, Original, PastRow } from '../../src/transaction/refund-rules.ts';
import { readShipped } from '../profile/shipped.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** Wednesday 2026-06-17, 14:30:00 in a shop on UTC. */
export const NOW = Date.UTC(2026, 5, 17, 14, 30);

/** A shipped profile as its sources say it; that it is right is a matter of the profile tests. */
export function profileOf(id: string): Profile {
  const merged = readMerged(id, readShipped);
  if (!merged.ok) throw new Error(merged.fault.cause);
  return merged.value.value as unknown as Profile;
}

/** The shipped policy, in which every rule that can be off is off. A profile's policy is a policy for the rules. */
export const OFF: RefundPolicy = profileOf('unionpay-pos').policy;
export const DESK: RefundPolicy = profileOf('unionpay-pos-desk').policy;

export function utc(ms: number): LocalTime {
  const at = new Date(ms);
  return {
    year: at.getUTCFullYear(),
    month: at.getUTCMonth() + 1,
    day: at.getUTCDate(),
    hour: at.getUTCHours(),
    minute: at.getUTCMinutes(),
    second: at.getUTCSeconds(),
  };
}

export function sale(change: Partial<Original> = {}): Original {
  return {
    id: 7,
    amountMinor: 10_000,
    remainingMinor: 10_000,
    atMs: NOW - 2 * DAY,
    sameDay: false,
    sameBatch: false,
    refunds: 0,
    ...change,
  };
}

export function refund(change: Partial<Attempt> = {}): Attempt {
  const atMs = change.atMs ?? NOW;
  return {
    act: 'refund',
    channel: 'card',
    amountMinor: 6_000,
    atMs,
    local: utc(atMs),
    operator: '01',
    token: 'aa',
    linked: true,
    cardPaidBefore: true,
    reprinted: false,
    original: sale(),
    ...change,
  };
}

export function row(change: Partial<PastRow> = {}): PastRow {
  return {
    atMs: NOW - HOUR,
    act: 'refund',
    amountMinor: 5_000,
    token: 'aa',
    operator: '01',
    channel: 'card',
    ...change,
  };
}

const action = fc.constantFrom('warn', 'approve', 'hold', 'refuse');
const holdSeconds = fc.integer({ min: 1, max: 600 });
const hours = fc.integer({ min: 1, max: 72 });
const clock = fc.integer({ min: 0, max: 23 }).map(hour => `${String(hour).padStart(2, '0')}30`);

export const anyRisk: fc.Arbitrary<RiskRule> = fc.oneof(
  fc.record({
    id: fc.constant('counted'),
    kind: fc.constantFrom('cardCount', 'operatorCount', 'shopCount', 'repeatedAmount'),
    hours,
    max: fc.integer({ min: 0, max: 4 }),
    action,
    holdSeconds,
  }),
  fc.record({
    id: fc.constant('shared'),
    kind: fc.constantFrom('refundShare', 'farAboveAverage'),
    hours,
    percent: fc.integer({ min: 1, max: 400 }),
    atLeast: fc.integer({ min: 1, max: 4 }),
    action,
    holdSeconds,
  }),
  fc.record({
    id: fc.constant('late'),
    kind: fc.constant('lateVoid'),
    hours: fc.integer({ min: 1, max: 24 }),
    action,
    holdSeconds,
  }),
  fc.record({
    id: fc.constant('closed'),
    kind: fc.constant('afterHours'),
    from: clock,
    to: clock,
    action,
    holdSeconds,
  }),
  fc.record({ id: fc.constant('plain'), kind: fc.constantFrom('neverPaid', 'reprintBefore'), action, holdSeconds }),
) as fc.Arbitrary<RiskRule>;

const limit = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 60_000 }));

export const anyPolicy: fc.Arbitrary<RefundPolicy> = fc
  .record({
    refundMaxMinor: fc.integer({ min: 0, max: 60_000 }),
    refundUnlinked: fc.constantFrom('allow', 'approve', 'refuse'),
    refundDayMaxMinor: limit,
    refundCardDayMaxMinor: limit,
    refundOperatorDayMaxMinor: limit,
    refundDualLimitMinor: limit,
    refundBlindEntry: fc.boolean(),
    refundHoldSeconds: fc.constantFrom(0, 300),
    refundSameAmountHours: fc.constantFrom(0, 24),
    voidAdvice: fc.boolean(),
    card: fc.record({
      refundWindowDays: fc.integer({ min: 1, max: 40 }),
      partials: fc.boolean(),
      refundsMax: fc.integer({ min: 0, max: 3 }),
      spacingSeconds: fc.constantFrom(0, 60, 3600),
    }),
    risk: fc.array(anyRisk, { maxLength: 3 }),
  })
  .map(({ card, ...members }) => ({
    ...OFF,
    ...members,
    channels: { ...OFF.channels, card: { ...OFF.channels.card, ...card } },
  }));

const token = fc.constantFrom('aa', 'bb', undefined);
const amount = fc.constantFrom(1, 3_000, 5_000, 10_000, 30_000);

export const anyPast: fc.Arbitrary<PastRow[]> = fc.array(
  fc
    .record({
      ageMs: fc.integer({ min: -HOUR, max: 4 * DAY }),
      act: fc.constantFrom('sale', 'void', 'refund'),
      amountMinor: amount,
      token,
      operator: fc.constantFrom('01', '02'),
    })
    .map(({ ageMs, token: card, ...members }) => ({
      ...members,
      ...(card === undefined ? {} : { token: card }),
      atMs: NOW - ageMs,
      channel: 'card' as const,
    })),
  { maxLength: 12 },
) as fc.Arbitrary<PastRow[]>;

export const anyAttempt: fc.Arbitrary<Attempt> = fc
  .record({
    act: fc.constantFrom('refund', 'void'),
    amountMinor: amount,
    token,
    operator: fc.constantFrom('01', '02'),
    linked: fc.boolean(),
    cardPaidBefore: fc.boolean(),
    reprinted: fc.boolean(),
    saleMinor: amount,
    remainingMinor: amount,
    saleAgeMs: fc.integer({ min: 0, max: 45 * DAY }),
    sameBatch: fc.boolean(),
    refunds: fc.integer({ min: 0, max: 3 }),
    lastAgoMs: fc.integer({ min: 0, max: 2 * HOUR }),
  })
  .map(({ saleMinor, remainingMinor, saleAgeMs, sameBatch, refunds, lastAgoMs, token: card, linked, ...members }) => ({
    ...refund({ ...members } as Partial<Attempt>),
    linked,
    token: card,
    original: linked
      ? sale({
          amountMinor: saleMinor,
          remainingMinor: Math.min(saleMinor, remainingMinor),
          atMs: NOW - saleAgeMs,
          sameDay: utc(NOW - saleAgeMs).day === utc(NOW).day && saleAgeMs < DAY,
          sameBatch,
          refunds,
          ...(refunds > 0 ? { lastRefundMs: NOW - lastAgoMs } : {}),
        })
      : undefined,
  })) as fc.Arbitrary<Attempt>;
