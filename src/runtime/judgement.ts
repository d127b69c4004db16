import type { HeldRefund, Intent, Txn, TxnKind } from '../journal/journal.ts';
import type { PromptId } from '../profile/words.ts';
import type { Done, Draft, Judged, RuleView } from '../terminal/types.ts';
import {
  type Attempt,
  type Finding,
  judge,
  lookBackMs,
  type Original,
  type Verdict,
} from '../transaction/refund-rules.ts';
import { dayStartMs } from '../transaction/shop-day.ts';
import { digits } from '../units.ts';
import { recordView } from './records.ts';
import type { Shop } from './shop.ts';
import { lessElsewhere } from './slip-code.ts';

/**
 * The rules of the shop meet the journal: what is about to be made, what was made before, and what the rules say. They are
 * asked when the amount is known, and once more right before anything is held or sent.
 */

const DAY_MS = 86_400_000;

/** What the rules say of this draft now; of a held refund: as they said it when it was decided. */
function verdictOf(shop: Shop, draft: Draft): Verdict {
  const { journal, profile, hal } = shop;
  const held = draft.heldId === undefined ? undefined : journal.held(draft.heldId);
  const atMs = held?.atMs ?? hal.clock.nowMs();
  const attempt = attemptOf(shop, draft, atMs, held);
  const past = journal.pastSince(atMs - lookBackMs(profile.policy), held?.id);
  return judge(profile.policy, attempt, past);
}

function attemptOf(shop: Shop, draft: Draft, atMs: number, held: HeldRefund | undefined): Attempt {
  const { journal, hal } = shop;
  const sale = saleOf(shop, draft);
  const token = shop.card?.token ?? held?.card?.token ?? sale?.intent.card?.token;
  const local = hal.clock.local(atMs);
  const startMs = dayStartMs(atMs, local);
  const original = sale
    ? originalOf(shop, sale, startMs, draft.heldId)
    : draft.original && foreignOriginal(draft.original, startMs, local.year);
  return {
    act: draft.kind === 'void' ? 'void' : 'refund',
    channel: draft.channel ?? 'card',
    amountMinor: draft.amountMinor,
    atMs,
    local,
    operator: requesterOf(shop, draft),
    ...(token === undefined ? {} : { token }),
    linked: sale !== undefined,
    cardPaidBefore: token === undefined ? sale !== undefined : journal.hasPaid(token),
    fundsMinor: journal.funds(draft.heldId).freeMinor,
    reprinted: sale !== undefined && journal.slipsOf(sale.id).some(slip => slip.reprints > 0),
    ...(original ? { original } : {}),
  };
}

/** The sale that is undone, when this journal holds it. */
function saleOf(shop: Shop, draft: Draft): Txn | undefined {
  const { original } = draft;
  return original === undefined || original.foreign ? undefined : shop.journal.txn(original.id);
}

function originalOf(shop: Shop, sale: Txn, startMs: number, heldId: number | undefined): Original {
  const { journal } = shop;
  const record = lessElsewhere(shop, sale, {
    ...recordView(shop, sale),
    remainingMinor: journal.leftOf(sale, heldId),
  });
  const times = [
    ...journal.refundsOf(sale.id).filter(one => ['approved', 'unknown', 'open'].includes(one.state)),
    ...journal.holdsOf({ txnId: sale.id }).filter(one => one.state === 'held' && one.id !== heldId),
    ...journal.externalsOf({ txnId: sale.id }),
  ].map(one => one.atMs);
  return {
    id: sale.id,
    amountMinor: sale.amountMinor,
    remainingMinor: record.remainingMinor,
    atMs: sale.atMs,
    sameDay: sale.atMs >= startMs,
    sameBatch: sale.period === journal.period(),
    // The lists of other terminals tell sums, not how many refunds: one at least.
    refunds: times.length + (record.refundedMinor > sale.refundedMinor ? 1 : 0),
    ...(times.length === 0 ? {} : { lastRefundMs: Math.max(...times) }),
  };
}

/** A sale of another terminal, by the signed code of its slip: its day is known, its hour is not. */
function foreignOriginal(original: NonNullable<Draft['original']>, startMs: number, year: number): Original {
  const { dateMmdd = '0101' } = original.foreign ?? {};
  const month = Number(dateMmdd.slice(0, 2)) - 1;
  const day = Number(dateMmdd.slice(2));
  const today = new Date(startMs + DAY_MS / 2);
  const then = Date.UTC(year, month, day);
  const now = Date.UTC(year, today.getUTCMonth(), today.getUTCDate());
  const days = Math.round((now - (then > now ? Date.UTC(year - 1, month, day) : then)) / DAY_MS);
  return {
    id: original.id,
    amountMinor: original.amountMinor,
    remainingMinor: original.remainingMinor,
    atMs: startMs - days * DAY_MS,
    sameDay: false,
    sameBatch: false,
    refunds: 0,
  };
}

/** Who asks: the cashier at the keypad, of a held refund the one who decided it. */
function requesterOf(shop: Shop, draft: Draft): string {
  const held = draft.heldId === undefined ? undefined : shop.journal.held(draft.heldId);
  return held?.operator ?? shop.operator ?? '00';
}

function viewOf(shop: Shop, { kind, prompt, value, limit, unit }: Finding): RuleView {
  const hours = shop.profile.policy.refundSameAmountHours;
  return { kind, prompt, value, limit, unit, ...(kind === 'sameAmount' ? { hours } : {}) };
}

function judgedOf(shop: Shop, verdict: Verdict): Judged {
  const refused = verdict.findings.find(finding => finding.action === 'refuse');
  const { second, blind, holdSeconds, voidInstead } = verdict;
  return {
    ...(refused ? { refused: viewOf(shop, refused) } : {}),
    warnings: verdict.findings.filter(finding => finding.action === 'warn').map(finding => viewOf(shop, finding)),
    second,
    blind,
    holdSeconds,
    voidInstead,
  };
}

/** F06-7 and F05-3: may it be made, and what does it need? */
export function judgeDraft(shop: Shop, draft: Draft): Done {
  const shut = frozenFor(shop, draft) ?? untrained(shop, draft);
  if (shut) return shut;
  const verdict = verdictOf(shop, draft);
  const judged = judgedOf(shop, verdict);
  if (!judged.refused) return { type: 'DONE', outcome: 'ok', judged };
  noteRefused(
    shop,
    draft,
    verdict.findings.find(finding => finding.action === 'refuse'),
  );
  return { type: 'DONE', outcome: 'refused', judged };
}

/**
 * The last look before a void or refund is held or sent: nothing that a rule refuses, nothing that wants a second person or
 * a waiting time and did not have it. The ids of the rules that spoke, for the record.
 */
export function lastLook(
  shop: Shop,
  draft: Draft,
  stage: 'hold' | 'send',
): { readonly verdict: Verdict; readonly findings: readonly string[] } | Done {
  const shut = frozenFor(shop, draft) ?? untrained(shop, draft);
  if (shut) return shut;
  const verdict = verdictOf(shop, draft);
  const [gravest] = verdict.findings;
  const stop = (prompt: PromptId, finding: Finding | undefined): Done => {
    noteRefused(shop, draft, finding, prompt);
    return {
      type: 'DONE',
      outcome: 'failed',
      prompt,
      ...(finding === undefined ? {} : { rule: viewOf(shop, finding) }),
    };
  };
  if (verdict.action === 'refuse') return stop(gravest.prompt, gravest);
  if (verdict.second && !approvedTwice(shop, draft))
    return stop(
      'E91',
      verdict.findings.find(finding => finding.action === 'approve'),
    );
  if (stage === 'send' && verdict.holdSeconds > 0 && draft.heldId === undefined)
    return stop(
      'E92',
      verdict.findings.find(finding => finding.action === 'hold'),
    );
  return { verdict, findings: [...new Set(verdict.findings.map(finding => finding.rule))] };
}

/** What the rules say of a held refund for which they want a second person by now and nobody has agreed; undefined: it can go. */
export function secondMissing(shop: Shop, draft: Draft): Judged | undefined {
  const verdict = verdictOf(shop, draft);
  const missing = verdict.action !== 'refuse' && verdict.second && !approvedTwice(shop, draft);
  return missing ? judgedOf(shop, verdict) : undefined;
}

/** Another person than who asked; where two persons are the rule, another one than who approved, too. */
function approvedTwice(shop: Shop, { second, approver, ...draft }: Draft): boolean {
  if (second === undefined || second === requesterOf(shop, draft)) return false;
  return !(shop.profile.policy.twoPerson && second === approver);
}

function frozenFor(shop: Shop, draft: Draft): Done | undefined {
  if (draft.kind !== 'refund' || !shop.journal.refundsFrozen()) return undefined;
  noteRefused(shop, draft, undefined, 'E16');
  return { type: 'DONE', outcome: 'failed', prompt: 'E16' };
}

/** Where the policy asks for it, only who has passed a training refunds. */
function untrained(shop: Shop, draft: Draft): Done | undefined {
  if (draft.kind !== 'refund' || !shop.profile.policy.refundNeedsTraining) return undefined;
  if (shop.journal.trained(requesterOf(shop, draft))) return undefined;
  noteRefused(shop, draft, undefined, 'F22.untrained');
  return { type: 'DONE', outcome: 'failed', prompt: 'F22.untrained' };
}

/** F06-10, blind: did the second person type what the first one did? */
export function checkBlind(shop: Shop, draft: Draft, lastFour: string): Done {
  const held = draft.heldId === undefined ? undefined : shop.journal.held(draft.heldId);
  const number =
    draft.channel === undefined
      ? (draft.card?.masked ?? held?.card?.masked ?? '')
      : draft.original
        ? digits(draft.original.voucher, 6)
        : (draft.order ?? '');
  if (draft.blindMinor === draft.amountMinor && lastFour !== '' && number.endsWith(lastFour))
    return { type: 'DONE', outcome: 'ok' };
  noteRefused(shop, draft, undefined, 'F06.blind');
  return { type: 'DONE', outcome: 'failed', prompt: 'F06.blind' };
}

const KINDS: Readonly<Record<Draft['kind'], readonly [TxnKind, TxnKind]>> = {
  sale: ['sale', 'qrSale'],
  void: ['void', 'qrVoid'],
  refund: ['refund', 'qrRefund'],
};

/** What was not allowed to begin stays in the journal: who tried, how much, and which rule. */
export function noteRefused(shop: Shop, draft: Draft, finding: Finding | undefined, prompt?: PromptId): void {
  const sale = saleOf(shop, draft);
  shop.journal.appendRefused(shop.hal.clock.nowMs(), {
    act: KINDS[draft.kind][draft.channel === undefined ? 0 : 1],
    operator: requesterOf(shop, draft),
    prompt: prompt ?? finding?.prompt ?? 'E89',
    ...(finding ? { rule: finding.rule, value: finding.value, limit: finding.limit } : {}),
    ...(draft.amountMinor > 0 ? { amountMinor: draft.amountMinor } : {}),
    ...(sale ? { originalId: sale.id } : {}),
  });
}

/** What an intent and a hold say about the decision: who, who else, why, and which rules spoke. */
export function decisionOf(
  shop: Shop,
  draft: Draft,
  findings: readonly string[],
): Pick<Intent, 'operator' | 'approver' | 'second' | 'reason' | 'findings'> {
  const { approver, second, reason, note } = draft;
  return {
    operator: requesterOf(shop, draft),
    ...(approver === undefined ? {} : { approver }),
    ...(second === undefined ? {} : { second }),
    ...(reason === undefined ? {} : { reason: note === undefined ? String(reason) : `${reason}-${note}` }),
    ...(findings.length === 0 ? {} : { findings }),
  };
}
