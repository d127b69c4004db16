import { type JournalRecord, KIND_RULES, type Txn } from '../journal/journal.ts';
import { classifyFailure, type FailureClass } from '../transaction/failure-class.ts';
import { failedCase } from './cases.ts';
import type { Shop } from './shop.ts';

/**
 * A refund that the acquirer or the channel refused opens a case, when the policy says so: somebody owns it, and it is due. One
 * that never went out opens none: it is still to be made, and its customer stands at the counter. Which refunds have their
 * case follows from the records alone, so that a power cut between a failure and its case loses none and makes none twice.
 */

/** Kinds of records after which a refund may have failed. */
const FAILING = ['outcome', 'refund-resolved', 'refund-life'];
/** Newest records that are looked at after a start: what a cut, or an entry while nothing ran, left without its case. */
const LOOK_BACK = 5000;
/** Records looked at in one go. */
const LOOK_MAX = 200;

/** Begins to follow; the function that comes back looks at what is new in the journal. */
export function startFailedCases(shop: Shop): () => void {
  const { journal, profile } = shop;
  if (!profile.policy.caseOnFailedRefund || shop.training) return () => {};
  let looked: number | undefined;
  return () => {
    const head = journal.headSeq;
    // What failed under an older policy, which wanted no cases, stays as it is.
    looked ??= Math.max(journal.policySeqAt(head) ?? head, head - LOOK_BACK);
    while (looked < head) {
      const records = journal.refundRecordsAfter(looked, FAILING, LOOK_MAX);
      for (const record of records) openFor(shop, record);
      looked = records.length < LOOK_MAX ? head : records[LOOK_MAX - 1].seq;
    }
  };
}

function openFor(shop: Shop, record: JournalRecord): void {
  const { journal, profile } = shop;
  const body = record.body as Readonly<Record<string, unknown>>;
  const txn = journal.txn(body.id as number);
  if (!txn || KIND_RULES[txn.kind].act !== 'refund' || !hasFailed(record.kind, body)) return;
  const known = journal
    .casesAbout(txn.id)
    .some(one => one.state === 'open' || (one.type === 'failed' && one.id > record.seq));
  if (known) return;
  const { kind, note } = whyOf(shop, txn, record);
  journal.openCase(shop.hal.clock.nowMs(), failedCase(txn, kind, profile.policy, record.atMs, note));
}

function hasFailed(kind: string, body: Readonly<Record<string, unknown>>): boolean {
  switch (kind) {
    case 'outcome':
      return body.result === 'declined';
    case 'refund-resolved':
      return body.decision === 'given-up';
    default:
      return body.state === 'abnormal' || body.state === 'closed';
  }
}

/** What the records say about the cause, in words for the owner of the case. */
function whyOf({ profile, lang }: Shop, txn: Txn, record: JournalRecord): { kind: FailureClass; note: string } {
  const { answer, intent } = txn;
  if (record.kind !== 'outcome') {
    const { note, state } = record.body as { note?: string; state?: string };
    return { kind: 'channel', note: note ?? state ?? '' };
  }
  const found = classifyFailure(profile, {
    act: 'refund',
    fromJournal: intent.original?.txnId !== undefined,
    ...(answer?.code === undefined ? {} : { code: answer.code }),
    ...(answer?.why === undefined ? {} : { fault: answer.why }),
  });
  return { kind: found.class ?? 'channel', note: `${found.cause[lang]}; ${found.remedy[lang]}` };
}
