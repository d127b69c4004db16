import type { RefundPolicy, RuleAction } from './refund-policy.ts';
import type { Attempt, Finding, FindingUnit, PastRow, RulePrompt } from './refund-rules.ts';

type Risk = RefundPolicy['risk'][number];

const HOUR_MS = 3_600_000;
/** A share or average that cannot be put into a percentage: nothing was sold, or more than this. */
export const PERCENT_MAX = 9999;
const PROMPTS: Readonly<Record<RuleAction, RulePrompt>> = { warn: 'E93', approve: 'E91', hold: 'E92', refuse: 'E89' };

/**
 * What one risk rule says of a refund or void after `before` (with the times that count, none later than the attempt); undefined: nothing. Each
 * rule can be told in one sentence with two numbers; none learns or guesses.
 */
export function riskFinding(rule: Risk, attempt: Attempt, before: readonly PastRow[]): Finding | undefined {
  const found = (value: number, limit: number, unit: FindingUnit): Finding => ({
    rule: rule.id,
    kind: rule.kind,
    action: rule.action,
    prompt: PROMPTS[rule.action],
    value,
    limit,
    unit,
  });
  switch (rule.kind) {
    case 'cardCount':
    case 'operatorCount':
    case 'shopCount':
    case 'repeatedAmount': {
      if (rule.kind === 'cardCount' && attempt.token === undefined) return undefined;
      if (rule.kind === 'repeatedAmount' && attempt.act !== 'refund') return undefined;
      const sinceMs = attempt.atMs - rule.hours * HOUR_MS;
      let count = 1;
      for (const row of before) if (row.atMs > sinceMs && counts(rule.kind, row, attempt)) count++;
      return count > rule.max ? found(count, rule.max, 'count') : undefined;
    }
    case 'refundShare': {
      if (attempt.act !== 'refund') return undefined;
      let { amountMinor } = attempt;
      let count = 1;
      let soldMinor = 0;
      for (const row of before) {
        if (row.atMs <= attempt.atMs - rule.hours * HOUR_MS) continue;
        if (row.act === 'sale') soldMinor += row.amountMinor;
        if (row.act !== 'refund') continue;
        amountMinor += row.amountMinor;
        count++;
      }
      const percent = percentOf(amountMinor, soldMinor);
      return count >= rule.atLeast && percent > rule.percent ? found(percent, rule.percent, 'percent') : undefined;
    }
    case 'farAboveAverage': {
      if (attempt.act !== 'refund') return undefined;
      let sumMinor = 0;
      let count = 0;
      for (const row of before) {
        if (row.act !== 'refund' || row.atMs <= attempt.atMs - rule.hours * HOUR_MS) continue;
        sumMinor += row.amountMinor;
        count++;
      }
      if (count === 0 || count < rule.atLeast) return undefined;
      const percent = percentOf(attempt.amountMinor * count, sumMinor);
      return percent > rule.percent ? found(percent, rule.percent, 'percent') : undefined;
    }
    case 'neverPaid':
      return attempt.act === 'refund' && !attempt.cardPaidBefore ? found(0, 1, 'count') : undefined;
    case 'lateVoid': {
      if (attempt.act !== 'void' || !attempt.original) return undefined;
      // Begun hours: what is over the limit by a minute shows a larger number than the limit.
      const hours = Math.ceil((attempt.atMs - attempt.original.atMs) / HOUR_MS);
      return hours > rule.hours ? found(hours, rule.hours, 'hours') : undefined;
    }
    case 'afterHours': {
      const now = attempt.local.hour * 100 + attempt.local.minute;
      const from = Number(rule.from);
      const to = Number(rule.to);
      const open = from <= to ? now >= from && now < to : now >= from || now < to;
      return open ? undefined : found(now, to, 'clock');
    }
    case 'reprintBefore':
      return attempt.reprinted ? found(1, 0, 'count') : undefined;
  }
}

/** Voids count with the refunds: to the till both are money back. An amount repeats among refunds only. */
function counts(
  kind: 'cardCount' | 'operatorCount' | 'shopCount' | 'repeatedAmount',
  row: PastRow,
  attempt: Attempt,
): boolean {
  if (row.act === 'sale') return false;
  switch (kind) {
    case 'cardCount':
      return row.token === attempt.token;
    case 'operatorCount':
      return row.operator === attempt.operator;
    case 'shopCount':
      return true;
    case 'repeatedAmount':
      return row.act === 'refund' && row.amountMinor === attempt.amountMinor;
  }
}

/** Rounded up, so that what is above the limit also reads as above it. */
function percentOf(partMinor: number, wholeMinor: number): number {
  return wholeMinor <= 0 ? PERCENT_MAX : Math.min(PERCENT_MAX, Math.ceil((partMinor * 100) / wholeMinor));
}
