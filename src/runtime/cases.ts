import type { Case, CaseClass, CaseOwner, CaseType, Journal, JournalRecord, NewCase, Txn } from '../journal/journal.ts';
import type { Policy } from '../profile/schema.ts';
import type { CaseView } from '../terminal/refund-desk.ts';
import { digits } from '../units.ts';
import { trackingText } from './status.ts';

/** Wrong refunds as cases: what kind of error, who puts it right until when, and everything that was done about it. */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** An oversight of a person, a fault of the system, or fraud: what is done next follows from that. */
const CLASS_OF: Readonly<Record<CaseType, CaseClass>> = {
  amount: 'operator',
  card: 'operator',
  twice: 'system',
  notOurs: 'operator',
  fraud: 'fraud',
  failed: 'channel',
  other: 'operator',
};
/** System faults go to technical support, errors of people to the supervisor, fraud to the manager, the rest is money. */
const OWNER_OF: Readonly<Record<CaseClass, CaseOwner>> = {
  system: 'technician',
  operator: 'supervisor',
  customer: 'finance',
  channel: 'finance',
  compatibility: 'technician',
  fraud: 'manager',
};

/** `IC000017` */
export const caseNumber = (id: number): string => `IC${digits(id, 6)}`;

/** Refunds of a case type that is opened now by the supervisor. */
export function newCase(
  about: Txn,
  type: CaseType,
  policy: Pick<Policy, 'caseDueHours'>,
  nowMs: number,
  by: string,
  note?: string,
): NewCase {
  const kind = CLASS_OF[type];
  return {
    about: about.id,
    type,
    class: kind,
    owner: OWNER_OF[kind],
    dueMs: nowMs + policy.caseDueHours * HOUR_MS,
    operator: about.intent.operator,
    by,
    ...(note === undefined ? {} : { note }),
  };
}

/** A case that nobody opened: a refund failed at `failedMs`, by what `kind` of trouble. */
export function failedCase(
  about: Txn,
  kind: CaseClass,
  policy: Pick<Policy, 'caseDueHours'>,
  failedMs: number,
  note: string,
): NewCase {
  return {
    about: about.id,
    type: 'failed',
    class: kind,
    owner: OWNER_OF[kind],
    dueMs: failedMs + policy.caseDueHours * HOUR_MS,
    operator: about.intent.operator,
    note,
  };
}

/** The refund, or the held one, that a case is about. */
export function aboutOf(journal: Journal, one: Case): { tracking: string; amountMinor: number; txn?: Txn } {
  const txn = journal.txn(one.about);
  if (txn) return { tracking: trackingText(txn.intent.heldId ?? txn.id), amountMinor: txn.amountMinor, txn };
  return { tracking: trackingText(one.about), amountMinor: journal.held(one.about)?.amountMinor ?? 0 };
}

export function caseView(journal: Journal, one: Case, nowMs: number): CaseView {
  const { tracking, amountMinor, txn } = aboutOf(journal, one);
  const original = txn?.intent.original;
  return {
    id: one.id,
    number: caseNumber(one.id),
    tracking,
    amountMinor,
    type: one.type,
    owner: one.owner,
    ageDays: Math.min(999, Math.max(0, Math.floor((nowMs - one.atMs) / DAY_MS))),
    overdue: one.state === 'open' && nowMs > one.dueMs,
    reference: txn?.answer?.reference ?? original?.reference ?? '',
    ...(original?.txnId === undefined ? {} : { originalId: original.txnId }),
  };
}

/** Something that happened around a case, in the order of time. */
export interface TimelineRow {
  readonly atMs: number;
  /** Record number of the journal. */
  readonly seq: number;
  readonly kind: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What a look at the whole story finds missing. */
export type Gap = 'noApprover' | 'noSecond' | 'noReason' | 'noOriginal' | 'samePerson' | 'otherCard';

/**
 * S016: all records about the refund of a case, its sale and its hold, and the case itself, oldest first; with what should
 * be there and is not.
 */
export function timeline(
  journal: Journal,
  one: Case,
  policy: Pick<Policy, 'refundNeedsManager' | 'refundNeedsReason' | 'refundDualLimitMinor' | 'twoPerson'>,
): { readonly rows: TimelineRow[]; readonly gaps: Gap[] } {
  const txn = journal.txn(one.about);
  const holdId = txn?.intent.heldId ?? (txn ? undefined : one.about);
  const saleId =
    txn?.intent.original?.txnId ?? (holdId === undefined ? undefined : journal.held(holdId)?.original.txnId);
  const records = new Map<number, JournalRecord>();
  for (const id of [saleId, holdId, txn?.id])
    if (id !== undefined) for (const record of journal.recordsOf(id)) records.set(record.seq, record);
  const own = journal.recordsOfKinds(['case-opened', 'case-noted', 'case-closed'], one.atMs);
  for (const record of own)
    if (record.seq === one.id || (record.body as { caseId?: number }).caseId === one.id)
      records.set(record.seq, record);
  const rows = [...records.values()]
    .sort((a, b) => a.seq - b.seq)
    .map(({ atMs, seq, kind, body }) => ({ atMs, seq, kind, body: body as Record<string, unknown> }));
  return { rows, gaps: txn ? gapsOf(journal, txn, policy) : [] };
}

function gapsOf(
  journal: Journal,
  txn: Txn,
  policy: Pick<Policy, 'refundNeedsManager' | 'refundNeedsReason' | 'refundDualLimitMinor' | 'twoPerson'>,
): Gap[] {
  const { approver, second, reason, operator, original, card } = txn.intent;
  const sale = original?.txnId === undefined ? undefined : journal.txn(original.txnId);
  const gaps: Gap[] = [];
  if (policy.refundNeedsManager && approver === undefined) gaps.push('noApprover');
  const dual = policy.refundDualLimitMinor;
  if (dual > 0 && txn.requestedMinor > dual && second === undefined) gaps.push('noSecond');
  if (policy.refundNeedsReason && reason === undefined) gaps.push('noReason');
  if (!sale) gaps.push('noOriginal');
  if (policy.twoPerson && (approver === operator || second === operator)) gaps.push('samePerson');
  if (sale?.intent.card && card && sale.intent.card.token !== card.token) gaps.push('otherCard');
  return gaps;
}
