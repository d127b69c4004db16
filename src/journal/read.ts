import { assert } from '../assert.ts';
import { shownReference, ungrouped } from './guard.ts';
import type { Row } from './query.ts';
import type { Written } from './reading.ts';
import type { Store } from './store.ts';
import type { Answer, EmvTags, Intent, OriginalRef, Reversal, Settlement, Slip, Txn } from './types.ts';

/** Rows of the folded tables and bodies of records → the words of `types.ts`. */

/** A body as it was written. */
export type Body = Readonly<Record<string, any>>;

const TXN_COLUMNS = `txn.id, txn.at_ms, state, period, batch, trace, amount_minor, refunded_minor, voided_by, resends, reference,
   pay_order, host_date, organisation`;

/** Transactions with their records in the same row, see {@link joinedTxnOf}; `condition` begins with WHERE or ORDER. */
export const txnSql = (condition: string): string =>
  `SELECT ${TXN_COLUMNS}, i.body AS intent, a.body AS answer, a.at_ms AS answer_ms FROM txn
   JOIN record i ON i.seq = txn.id LEFT JOIN record a ON a.seq = txn.answer_seq ${condition}`;

/** The transaction with an id, without its records. */
export const TXN_BY_ID = `SELECT ${TXN_COLUMNS}, answer_seq FROM txn WHERE id = ?`;

/** Data elements that are written in groups, see `grouped` in `guard.ts`. */
const GROUPED_FIELDS = ['59', '60', '61'];

/** `make`, once for each thing: what follows from a row or a record that the journal remembers is not made again. */
function once<K extends object, T extends object>(make: (from: K) => T): (from: K) => T {
  const known = new WeakMap<K, T>();
  return from => {
    let made = known.get(from);
    if (!made) known.set(from, (made = make(from)));
    return made;
  };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A transaction of its row, the body of its intent, and the record of its answer. */
export function txnOf(row: Row, intentBody: Body, answer: Written | undefined): Txn {
  const intent = intentOf(intentBody);
  const txn: Partial<Writable<Txn>> = {
    id: row.id as number,
    atMs: row.at_ms as number,
    kind: intent.kind,
    state: row.state as Txn['state'],
    period: row.period as number,
    batch: row.batch as number,
    trace: row.trace as number,
    amountMinor: row.amount_minor as number,
    requestedMinor: intent.amountMinor,
    refundedMinor: row.refunded_minor as number,
  };
  if (row.voided_by !== null) txn.voidedBy = row.voided_by as number;
  txn.resends = row.resends as number;
  txn.intent = intent;
  if (answer) txn.answer = answerOf(answer, row);
  return txn as Txn;
}

/** A row of {@link txnSql}. */
export const joinedTxnOf = once((row: Row): Txn => {
  const answer =
    typeof row.answer === 'string'
      ? { atMs: row.answer_ms as number, body: JSON.parse(row.answer) as Body }
      : undefined;
  return txnOf(row, JSON.parse(row.intent as string) as Body, answer);
});

/** A transaction is read again at each of its steps; its intent stays. */
const intentOf = once((body: Body): Intent => {
  const { period: _, fields, card, emv, original, ...rest } = body;
  const plain: Record<string, string> = { ...(fields as Record<string, string>) };
  for (const field of GROUPED_FIELDS) if (plain[field] !== undefined) plain[field] = ungrouped(plain[field]);
  const intent = { ...rest, fields: plain } as Partial<Writable<Intent>>;
  if (original) intent.original = originalOf(original as Body);
  if (card) intent.card = { ...card, sealedPan: new Uint8Array(Buffer.from(card.sealedPan as string, 'base64')) };
  if (emv) intent.emv = tagsOf(emv);
  return intent as Intent;
});

/** The original of a transaction or of a held refund. */
export function originalOf(stored: Body): OriginalRef {
  const { order, ...rest } = stored;
  return { ...rest, ...(typeof order === 'string' ? { order: ungrouped(order) } : {}) };
}

function answerOf({ atMs, body }: Written, row: Row): Answer {
  const { id: _, result: __, decision: ___, amountMinor: ____, order: _____, emv, ...rest } = body;
  // What the folded row took over from earlier records counts more than the last record alone.
  const answer = { ...rest, atMs } as Partial<Writable<Answer>>;
  if (row.reference !== null) answer.reference = shownReference(row.reference as string);
  if (row.pay_order !== null) answer.order = ungrouped(row.pay_order as string);
  if (row.host_date !== null) answer.hostDate = row.host_date as string;
  answer.organisation = row.organisation as string;
  if (emv) answer.emv = tagsOf(emv);
  return answer as Answer;
}

function tagsOf(stored: unknown): EmvTags {
  return Object.fromEntries(
    Object.entries(stored as Record<string, string>).map(([tag, value]) => [tag, ungrouped(value)]),
  );
}

/** Row of `reversal` with its transaction. */
export function reversalOf(store: Store, row: Row): Reversal {
  const txn = store.txn(row.id as number);
  assert(txn, 'a reversal belongs to a transaction');
  return {
    id: row.id as number,
    txn,
    state: row.state as Reversal['state'],
    reason: row.reason as Reversal['reason'],
    tries: row.tries as number,
    ...(row.last_try_ms === null ? {} : { lastTryMs: row.last_try_ms as number }),
    ...(row.last_code === null ? {} : { lastCode: row.last_code as string }),
    ...(row.released_by === null ? {} : { releasedBy: row.released_by as string }),
  };
}

export const settlementOf = once((row: Row): Settlement => ({
  id: row.id as number,
  atMs: row.at_ms as number,
  period: row.period as number,
  batch: row.batch as number,
  stage: row.stage as Settlement['stage'],
  totals: JSON.parse(row.totals as string) as Settlement['totals'],
  ...(row.flags === null ? {} : { flags: JSON.parse(row.flags as string) as NonNullable<Settlement['flags']> }),
  ...(row.cursor === null ? {} : { cursor: JSON.parse(row.cursor as string) as NonNullable<Settlement['cursor']> }),
  ...(row.items === null ? {} : { items: row.items as number }),
  ...(row.new_batch === null ? {} : { newBatch: row.new_batch as number }),
}));

/** A slip of its row and its record. */
export function slipOf(row: Row, { atMs, body }: Written): Slip {
  return {
    id: row.id as number,
    atMs,
    ...(row.txn_id === null ? {} : { txnId: row.txn_id as number }),
    kind: row.kind as string,
    copy: body.copy,
    columns: body.columns,
    lines: body.lines,
    ...(body.code === undefined ? {} : { code: ungrouped(body.code as string) }),
    reprints: row.reprints as number,
  };
}

/** Members that no person needs to see. */
const HIDDEN = new Set(['sealedPan', 'salt', 'hash', 'wrapped']);
/** Most records have none of them, and looking at each member is dear. */
const HIDDEN_NAME = new RegExp(`"(?:${[...HIDDEN].join('|')})"`);

/** A record's body for people and reports: sealed card numbers, password hashes and wrapped keys replaced by `…`. */
export function shownBody(text: string): unknown {
  if (!HIDDEN_NAME.test(text)) return JSON.parse(text);
  return JSON.parse(text, (name, value: unknown) => (HIDDEN.has(name) ? '…' : value));
}
