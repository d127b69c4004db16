import { assert } from '../assert.ts';
import type { LocalTime } from '../hal/hal.ts';
import type { CardKind, Channel, RefundPolicy, RiskKind, RuleAction } from './refund-policy.ts';
import { riskFinding } from './refund-risk.ts';
import { ageDays, clockSeconds, dayStartMs } from './shop-day.ts';

export type { CardKind, Channel, RefundPolicy, RiskKind, RuleAction };

/** A refund or void that somebody is about to make. Amounts are minor units, times milliseconds since 1970. */
export interface Attempt {
  readonly act: 'refund' | 'void';
  readonly channel: Channel;
  readonly amountMinor: number;
  readonly atMs: number;
  /** `atMs` as the shop reads it. */
  readonly local: LocalTime;
  readonly operator: string;
  /** Keyed hash of the card number; absent when no card is known. */
  readonly token?: string;
  /** The original is in this journal. */
  readonly linked: boolean;
  /** Somebody has paid here with this card. */
  readonly cardPaidBefore: boolean;
  /** The slip of the original was printed again. */
  readonly reprinted: boolean;
  /** What the open batch holds for refunds: its net, less what is held or unknown; absent when nobody looked. May be negative. */
  readonly fundsMinor?: number;
  readonly original?: Original;
}

export interface Original {
  readonly id: number;
  readonly amountMinor: number;
  /** What can still be refunded. */
  readonly remainingMinor: number;
  readonly atMs: number;
  readonly sameDay: boolean;
  readonly sameBatch: boolean;
  /** Refunds made of it so far. */
  readonly refunds: number;
  readonly lastRefundMs?: number;
}

/** What happened before: approved, unknown, open and held ones and those paid out another way; not declined or failed ones. */
export interface PastRow {
  readonly atMs: number;
  readonly act: 'sale' | 'void' | 'refund';
  readonly amountMinor: number;
  readonly token?: string;
  readonly operator: string;
  readonly channel: Channel;
}

/** Screens of the rules (local prompts of the profile). */
export type RulePrompt =
  | 'E04' | 'E06' | 'E08' | 'E09' | 'E10'
  | 'E82' | 'E83' | 'E84' | 'E85' | 'E86' | 'E87' | 'E88' | 'E89' | 'E90' | 'E91' | 'E92' | 'E93' | 'E95'; // prettier-ignore

/** `clock`: HHMM. */
export type FindingUnit = 'minor' | 'days' | 'count' | 'percent' | 'hours' | 'seconds' | 'clock';

/** The rules that are not risk rules. */
export type PlainRule =
  | 'refundMax' | 'remainder' | 'refunded' | 'voidAmount' | 'voidBatch' | 'window' | 'unlinked' | 'shopDay' | 'cardDay'
  | 'operatorDay' | 'partials' | 'refundsMax' | 'spacing' | 'sameAmount' | 'funds' | 'dualLimit' | 'hold'; // prettier-ignore

/** A rule that has something to say, with the numbers that it saw. */
export interface Finding {
  /** {@link PlainRule}, or the id of a risk rule. */
  readonly rule: string;
  readonly kind: PlainRule | RiskKind;
  readonly action: RuleAction;
  readonly prompt: RulePrompt;
  /** What was found, and what the policy says, in `unit`. */
  readonly value: number;
  readonly limit: number;
  readonly unit: FindingUnit;
}

export interface Verdict {
  readonly action: 'allow' | RuleAction;
  /** Gravest first; of equal ones in the order of the rules. */
  readonly findings: readonly Finding[];
  /** How long it waits before it is sent; 0 = not at all. */
  readonly holdSeconds: number;
  /** A second person must approve. */
  readonly second: boolean;
  /** The second person types amount and last four digits unseen. */
  readonly blind: boolean;
  /** A void would do the same: no fee, and no line on the customer's statement. */
  readonly voidInstead: boolean;
}

const HOUR_MS = 3_600_000;
const SEVERITY: Readonly<Record<Verdict['action'], number>> = { allow: 0, warn: 1, approve: 2, hold: 3, refuse: 4 };

/** Negative when `a` is milder than `b`. */
export function compareActions(a: Verdict['action'], b: Verdict['action']): number {
  return SEVERITY[a] - SEVERITY[b];
}

/** How far back {@link judge} must be able to look, in milliseconds. */
export function lookBackMs(policy: Pick<RefundPolicy, 'risk' | 'refundSameAmountHours'>): number {
  let hours = Math.max(24, policy.refundSameAmountHours);
  for (const rule of policy.risk) if ('hours' in rule && rule.kind !== 'lateVoid') hours = Math.max(hours, rule.hours);
  return hours * HOUR_MS;
}

/**
 * The rows with the times that count. The order of the journal says what came first, not the clock, which somebody may have
 * set: a row of a time to come happened by now, and none happened before the row that stands before it.
 */
function inOrder(past: readonly PastRow[], nowMs: number): readonly PastRow[] {
  let latestMs = Number.NEGATIVE_INFINITY;
  return past.map(row => {
    if (row.atMs > nowMs) return { ...row, atMs: nowMs };
    if (row.atMs < latestMs) return { ...row, atMs: latestMs };
    latestMs = row.atMs;
    return row;
  });
}

/**
 * Judges a refund or void by the policy and by what happened before: at least {@link lookBackMs} of it, in the order of the
 * journal, nothing that came after. Pure: the same question has the same answer. A rule more never makes the verdict milder.
 */
export function judge(policy: RefundPolicy, attempt: Attempt, past: readonly PastRow[]): Verdict {
  const findings: Finding[] = [];
  const before = inOrder(past, attempt.atMs);
  if (attempt.act === 'void') judgeVoid(attempt, findings);
  else judgeRefund(policy, attempt, before, findings);
  let holdSeconds = attempt.act === 'refund' ? policy.refundHoldSeconds : 0;
  for (const rule of policy.risk) {
    const found = riskFinding(rule, attempt, before);
    if (!found) continue;
    // A void cannot wait: its time is the batch. A person looks at it instead.
    const waits = found.action === 'hold' && attempt.act === 'refund';
    findings.push(found.action === 'hold' && !waits ? { ...found, action: 'approve', prompt: 'E91' } : found);
    if (!waits) continue;
    const seconds = rule.holdSeconds ?? policy.refundHoldSeconds;
    assert(seconds > 0, 'a rule that holds has a time, as the lint of the profile sees to');
    holdSeconds = Math.max(holdSeconds, seconds);
  }
  if (policy.refundHoldSeconds > 0 && attempt.act === 'refund')
    findings.push(finding('hold', 'hold', 'E92', policy.refundHoldSeconds, 0, 'seconds'));
  findings.sort((a, b) => compareActions(b.action, a.action));
  const action = findings[0]?.action ?? 'allow';
  const second = findings.some(one => one.action === 'approve');
  return {
    action,
    findings,
    holdSeconds,
    second,
    blind: second && policy.refundBlindEntry && attempt.act === 'refund',
    voidInstead: policy.voidAdvice && voidWouldDo(policy, attempt),
  };
}

function finding(
  rule: PlainRule,
  action: RuleAction,
  prompt: RulePrompt,
  value: number,
  limit: number,
  unit: FindingUnit,
): Finding {
  return { rule, kind: rule, action, prompt, value, limit, unit };
}

/** A void takes the whole sale back, in its batch, before any refund. */
function judgeVoid(attempt: Attempt, findings: Finding[]): void {
  const { original, amountMinor } = attempt;
  if (!original) return;
  if (original.refunds > 0) findings.push(finding('refunded', 'refuse', 'E04', original.refunds, 0, 'count'));
  if (!original.sameBatch) findings.push(finding('voidBatch', 'refuse', 'E06', 1, 0, 'count'));
  if (amountMinor !== original.amountMinor)
    findings.push(finding('voidAmount', 'refuse', 'E08', amountMinor, original.amountMinor, 'minor'));
}

function judgeRefund(policy: RefundPolicy, attempt: Attempt, before: readonly PastRow[], findings: Finding[]): void {
  const { original, amountMinor } = attempt;
  const channel = policy.channels[attempt.channel];
  const above = (rule: PlainRule, prompt: RulePrompt, value: number, limit: number): void => {
    if (value > limit) findings.push(finding(rule, 'refuse', prompt, value, limit, 'minor'));
  };
  above('refundMax', 'E09', amountMinor, policy.refundMaxMinor);
  if (!attempt.linked && policy.refundUnlinked !== 'allow') {
    const refused = policy.refundUnlinked === 'refuse';
    findings.push(finding('unlinked', refused ? 'refuse' : 'approve', refused ? 'E85' : 'E91', 1, 0, 'count'));
  }
  if (original) {
    above('remainder', 'E08', amountMinor, original.remainingMinor);
    const days = ageDays(original.atMs, attempt.atMs, attempt.local);
    if (days > channel.refundWindowDays)
      findings.push(finding('window', 'refuse', 'E10', days, channel.refundWindowDays, 'days'));
    if (!channel.partials && amountMinor !== original.amountMinor)
      findings.push(finding('partials', 'refuse', 'E86', amountMinor, original.amountMinor, 'minor'));
    if (channel.refundsMax > 0 && original.refunds >= channel.refundsMax)
      findings.push(finding('refundsMax', 'refuse', 'E87', original.refunds + 1, channel.refundsMax, 'count'));
    if (original.lastRefundMs !== undefined) {
      const seconds = Math.floor((attempt.atMs - original.lastRefundMs) / 1000);
      // A clock that went back must not lock the sale until it has caught up.
      if (seconds >= 0 && seconds < channel.spacingSeconds)
        findings.push(finding('spacing', 'refuse', 'E88', seconds, channel.spacingSeconds, 'seconds'));
    }
  }
  judgeDay(policy, attempt, before, findings);
  if (policy.refundSameAmountHours > 0) {
    const sinceMs = attempt.atMs - policy.refundSameAmountHours * HOUR_MS;
    const same = before.filter(
      row => row.act === 'refund' && row.atMs > sinceMs && row.amountMinor === amountMinor && sameCard(row, attempt),
    );
    if (same.length > 0) findings.push(finding('sameAmount', 'warn', 'E90', same.length + 1, 1, 'count'));
  }
  const { fundsMinor } = attempt;
  if (policy.refundsFromTakings && fundsMinor !== undefined && amountMinor > fundsMinor)
    findings.push(finding('funds', 'warn', 'E95', amountMinor, fundsMinor, 'minor'));
  if (policy.refundDualLimitMinor > 0 && amountMinor > policy.refundDualLimitMinor)
    findings.push(finding('dualLimit', 'approve', 'E91', amountMinor, policy.refundDualLimitMinor, 'minor'));
}

/** Without a card on one side nobody can tell them apart: then the amount alone counts. */
function sameCard(row: PastRow, attempt: Attempt): boolean {
  return row.token === undefined || attempt.token === undefined || row.token === attempt.token;
}

/** Sums of the shop's day, this refund among them. */
function judgeDay(policy: RefundPolicy, attempt: Attempt, before: readonly PastRow[], findings: Finding[]): void {
  const fromMs = dayStartMs(attempt.atMs, attempt.local);
  let shop = attempt.amountMinor;
  let card = attempt.amountMinor;
  let operator = attempt.amountMinor;
  for (const row of before) {
    if (row.act !== 'refund' || row.atMs < fromMs) continue;
    shop += row.amountMinor;
    if (attempt.token !== undefined && row.token === attempt.token) card += row.amountMinor;
    if (row.operator === attempt.operator) operator += row.amountMinor;
  }
  const above = (rule: PlainRule, prompt: RulePrompt, value: number, limit: number): void => {
    if (limit > 0 && value > limit) findings.push(finding(rule, 'refuse', prompt, value, limit, 'minor'));
  };
  above('shopDay', 'E82', shop, policy.refundDayMaxMinor);
  above('cardDay', 'E83', card, policy.refundCardDayMaxMinor);
  above('operatorDay', 'E84', operator, policy.refundOperatorDayMaxMinor);
}

/**
 * Same day, same batch, the whole amount, nothing refunded, and both on one side of the acquirer's cut-off: then the void
 * undoes the sale before it is cleared.
 */
function voidWouldDo(policy: RefundPolicy, attempt: Attempt): boolean {
  const { original } = attempt;
  if (attempt.act !== 'refund' || !original) return false;
  if (!original.sameDay || !original.sameBatch || original.refunds > 0) return false;
  if (attempt.amountMinor !== original.amountMinor || original.remainingMinor !== original.amountMinor) return false;
  const cutOffMs = dayStartMs(attempt.atMs, attempt.local) + clockSeconds(policy.cutOff) * 1000;
  return original.atMs < cutOffMs === attempt.atMs < cutOffMs;
}
