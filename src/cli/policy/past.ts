import type { LocalTime } from '../../hal/hal.ts';
import { channelOf, type Journal, KIND_RULES, type PastRow, refundableMinor, type Txn } from '../../journal/journal.ts';
import type { RefundPolicy } from '../../transaction/refund-policy.ts';
import { type Attempt, judge, lookBackMs, type Original, type Verdict } from '../../transaction/refund-rules.ts';
import { dayStartMs } from '../../transaction/shop-day.ts';
import { digits } from '../../units.ts';

/** A refund or void of the past, and what a policy says of it. */
export interface Judged {
  readonly txn: Txn;
  readonly attempt: Attempt;
  readonly verdict: Verdict;
  /** Key presses that the policy adds to what was pressed. */
  readonly keysMore: number;
}

const DAY_MS = 86_400_000;

/**
 * Judges every refund and void of `fromMs` ≤ time < `toMs` that was sent, oldest first, by the engine of the terminal and
 * by what the journal knew when it was decided. What was stopped, refused or never left the terminal is not among them.
 * An unknown one that was settled later counts in the past of others as the journal knows it now.
 */
export function judgePast(
  journal: Journal,
  policy: RefundPolicy,
  span: { readonly fromMs: number; readonly toMs: number },
  local: (ms: number) => LocalTime,
): Judged[] {
  const backMs = lookBackMs(policy);
  const rows = journal.pastSince(span.fromMs - backMs);
  /** Latest time up to each row: the clock may have been set back in between. */
  const latest: number[] = [];
  for (const { atMs } of rows) latest.push(Math.max(atMs, latest.at(-1) ?? 0));
  const waits = endedWaits(journal);
  const judged: Judged[] = [];
  const paid = new Set<string>();
  for (const txn of journal.txnsBetween(span.fromMs, span.toMs)) {
    const { token } = txn.intent.card ?? {};
    if (KIND_RULES[txn.kind].act === 'sale') {
      if (token !== undefined && (txn.state === 'approved' || txn.state === 'voided')) paid.add(token);
      continue;
    }
    if (txn.state === 'failed') continue;
    const attempt = attemptOf(journal, txn, local, paid);
    const decidedId = txn.intent.heldId ?? txn.id;
    const past = rows.slice(
      firstAtLeast(latest.length, index => latest[index] >= attempt.atMs - backMs),
      firstAtLeast(rows.length, index => rows[index].id >= decidedId),
    );
    const waiting = waits.filter(one => one.row.id < decidedId && one.waits(decidedId, attempt.atMs));
    if (waiting.length > 0) past.push(...waiting.map(one => one.row));
    past.sort((a, b) => a.id - b.id);
    const verdict = judge(policy, attempt, past);
    judged.push({ txn, attempt, verdict, keysMore: keysOf(verdict, txn) });
  }
  return judged;
}

/** The first of `length` indexes that holds, where all after it hold too. */
function firstAtLeast(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A hold that is over now: while it waited it counted as a refund on its way. */
interface EndedWait {
  readonly row: PastRow;
  /** Did it still wait when record `id` was decided at `atMs`? */
  waits(id: number, atMs: number): boolean;
}

function endedWaits(journal: Journal): EndedWait[] {
  return journal.holdList(Number.MAX_SAFE_INTEGER).flatMap(hold => {
    const { id, atMs, amountMinor, operator, channel, card, txnId, stopped } = hold;
    if (txnId === undefined && stopped === undefined) return [];
    const row: PastRow = { id, atMs, act: 'refund', amountMinor, operator, channel, ...(card ? { token: card.token } : {}) }; // prettier-ignore
    const untilMs = stopped?.atMs ?? 0;
    return [{ row, waits: (decidedId, nowMs) => (txnId === undefined ? untilMs >= nowMs : txnId > decidedId) }];
  });
}

/**
 * The question as the terminal put it: of a refund that was held, at the time when it was decided. `paid`: cards that are
 * known to have paid before `txn`.
 */
function attemptOf(journal: Journal, txn: Txn, local: (ms: number) => LocalTime, paid: ReadonlySet<string>): Attempt {
  const { intent } = txn;
  const decided = intent.heldId === undefined ? txn : (journal.held(intent.heldId) ?? txn);
  const { atMs } = decided;
  const at = local(atMs);
  const named = intent.original;
  const sale = named?.txnId === undefined ? undefined : journal.txn(named.txnId);
  const token = intent.card?.token;
  const original = sale
    ? originalOf(journal, txn, sale, decided, dayStartMs(atMs, at))
    : named?.dateMmdd !== undefined && foreignOriginal(txn, named.dateMmdd, dayStartMs(atMs, at), at);
  return {
    act: KIND_RULES[txn.kind].act === 'void' ? 'void' : 'refund',
    channel: channelOf(txn),
    amountMinor: txn.requestedMinor,
    atMs,
    local: at,
    operator: intent.operator,
    ...(token === undefined ? {} : { token }),
    linked: sale !== undefined,
    cardPaidBefore:
      token === undefined
        ? sale !== undefined
        : (decided === txn && paid.has(token)) || journal.paymentsBefore(token, decided.id) > 0,
    reprinted:
      sale !== undefined &&
      journal.slipsOf(sale.id).some(slip => journal.reprintsOf(slip.id).some(reprintMs => reprintMs < atMs)),
    ...(original ? { original } : {}),
  };
}

/** The sale as it stood before `txn`. */
function originalOf(
  journal: Journal,
  txn: Txn,
  sale: Txn,
  decided: { readonly id: number; readonly atMs: number },
  dayMs: number,
): Original {
  const { atMs } = decided;
  const taken = [
    ...journal
      .refundsOf(sale.id)
      .filter(one => one.id !== txn.id && one.atMs < atMs && ['approved', 'unknown', 'open'].includes(one.state)),
    ...journal
      .holdsOf({ txnId: sale.id })
      .filter(one => {
        const overMs = one.stopped?.atMs ?? (one.txnId === undefined ? Infinity : (journal.txn(one.txnId)?.atMs ?? 0));
        return one.id !== decided.id && one.atMs < atMs && overMs >= atMs;
      })
      .map(one => ({ atMs: one.atMs, amountMinor: one.amountMinor, state: 'open' as const })),
    ...journal
      .externalsOf({ txnId: sale.id })
      .filter(one => one.atMs < atMs)
      .map(one => ({ atMs: one.atMs, amountMinor: one.amountMinor, state: 'approved' as const })),
  ];
  return {
    id: sale.id,
    amountMinor: sale.amountMinor,
    remainingMinor: refundableMinor({ state: 'approved', amountMinor: sale.amountMinor }, taken),
    atMs: sale.atMs,
    sameDay: sale.atMs >= dayMs,
    sameBatch: sale.period === txn.period,
    refunds: taken.length,
    ...(taken.length === 0 ? {} : { lastRefundMs: Math.max(...taken.map(one => one.atMs)) }),
  };
}

/** A sale of another terminal: only its day is known, and that of its year the latest that is not ahead. */
function foreignOriginal(txn: Txn, dateMmdd: string, dayMs: number, at: LocalTime): Original {
  const month = Number(dateMmdd.slice(0, 2));
  const day = Number(dateMmdd.slice(2));
  const ahead = dateMmdd > digits(at.month, 2) + digits(at.day, 2);
  const today = Date.UTC(at.year, at.month - 1, at.day);
  const days = Math.round((today - Date.UTC(ahead ? at.year - 1 : at.year, month - 1, day)) / DAY_MS);
  const amountMinor = txn.intent.original?.amountMinor ?? txn.requestedMinor;
  return {
    id: 0,
    amountMinor,
    remainingMinor: amountMinor,
    atMs: dayMs - days * DAY_MS,
    sameDay: false,
    sameBatch: false,
    refunds: 0,
  };
}

/** Number of the second person and ENTER, a password of six digits and ENTER. */
const SECOND_KEYS = 10;
/** Last four digits and ENTER. */
const LAST_FOUR_KEYS = 5;

/**
 * Key presses that a verdict costs more than what was done: one to go on after all warnings, the second person unless there
 * was one, the amount once more and the last four digits, one for the answer to the offered void. A refused one costs none.
 */
function keysOf({ action, second, blind, voidInstead, findings }: Verdict, txn: Txn): number {
  if (action === 'refuse') return 0;
  let keys = voidInstead ? 1 : 0;
  if (findings.some(one => one.action === 'warn')) keys++;
  if (second && txn.intent.second === undefined) {
    keys += SECOND_KEYS;
    if (blind) keys += String(txn.requestedMinor).length + 1 + LAST_FOUR_KEYS;
  }
  return keys;
}
