import { assert } from '../assert.ts';
import { shownReference, ungrouped } from './guard.ts';
import type { Row, Store } from './store.ts';
import type { Answer, EmvTags, Intent, OriginalRef, Reversal, Settlement, Slip, Txn } from './types.ts';

/** Rows of the folded tables and bodies of records → the words of `types.ts`. */

type Members = Record<string, unknown>;

/** Columns for {@link txnOf}; `condition` begins with WHERE or ORDER. */
export const txnSql = (condition: string): string =>
  `SELECT txn.id, txn.at_ms, state, period, batch, trace, amount_minor, refunded_minor, voided_by, resends, reference, pay_order,
   host_date, organisation, i.body AS intent, a.body AS answer, a.at_ms AS answer_ms FROM txn
   JOIN record i ON i.seq = txn.id LEFT JOIN record a ON a.seq = txn.answer_seq ${condition}`;

/** Data elements that are written in groups, see `grouped` in `guard.ts`. */
const GROUPED_FIELDS = ['59', '60', '61'];

/** The transaction with an id. */
export const TXN_BY_ID = txnSql('WHERE txn.id = ?');

/** `parse`, once for each row: what a row says that the journal has kept is not made again. */
function once<T extends object>(parse: (row: Row) => T): (row: Row) => T {
  const known = new WeakMap<Row, T>();
  return row => {
    let parsed = known.get(row);
    if (!parsed) known.set(row, (parsed = parse(row)));
    return parsed;
  };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Bodies of records by their text. They never change, and a transaction is read again at each of its steps. */
class Parsed<T> {
  private readonly byText = new Map<string, T>();
  private readonly parse: (body: Members) => T;

  constructor(parse: (body: Members) => T) {
    this.parse = parse;
  }

  of(text: string): T {
    const known = this.byText.get(text);
    if (known !== undefined) return known;
    const fresh = this.parse(JSON.parse(text) as Members);
    if (this.byText.size >= PARSED_MAX) this.byText.clear();
    this.byText.set(text, fresh);
    return fresh;
  }
}

/** A transaction takes some two kilobytes. */
const PARSED_MAX = 64;
const intents = new Parsed(intentOf);
const answers = new Parsed(answerMembers);

export const txnOf = once((row): Txn => {
  const intent = intents.of(row.intent as string);
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
  if (typeof row.answer === 'string') txn.answer = answerOf(row.answer, row);
  return txn as Txn;
});

function intentOf(body: Members): Intent {
  const { period: _, fields, card, emv, original, ...rest } = body;
  const plain: Record<string, string> = { ...(fields as Record<string, string>) };
  for (const field of GROUPED_FIELDS) if (plain[field] !== undefined) plain[field] = ungrouped(plain[field]);
  const stored = card as (Members & { sealedPan: string }) | undefined;
  return {
    ...rest,
    fields: plain,
    ...(original ? { original: originalOf(original as Members) } : {}),
    ...(stored ? { card: { ...stored, sealedPan: new Uint8Array(Buffer.from(stored.sealedPan, 'base64')) } } : {}),
    ...(emv ? { emv: tagsOf(emv) } : {}),
  } as Intent;
}

/** The original of a transaction or of a held refund. */
export function originalOf(stored: Members): OriginalRef {
  const { order, ...rest } = stored;
  return { ...rest, ...(typeof order === 'string' ? { order: ungrouped(order) } : {}) };
}

/** Members of an answer's record that the folded row does not have. */
function answerMembers(body: Members): { readonly rest: Members; readonly emv: EmvTags | undefined } {
  const { id: _, result: __, decision: ___, amountMinor: ____, order: _____, emv, ...rest } = body;
  return { rest, emv: emv ? tagsOf(emv) : undefined };
}

function answerOf(text: string, row: Row): Answer {
  const { rest, emv } = answers.of(text);
  // What the folded row took over from earlier records counts more than the last record alone.
  const answer = { ...rest, atMs: row.answer_ms } as Partial<Writable<Answer>>;
  if (row.reference !== null) answer.reference = shownReference(row.reference as string);
  if (row.pay_order !== null) answer.order = ungrouped(row.pay_order as string);
  if (row.host_date !== null) answer.hostDate = row.host_date as string;
  answer.organisation = row.organisation as string;
  if (emv) answer.emv = emv;
  return answer as Answer;
}

function tagsOf(stored: unknown): EmvTags {
  return Object.fromEntries(
    Object.entries(stored as Record<string, string>).map(([tag, value]) => [tag, ungrouped(value)]),
  );
}

/** Row of `reversal` with its transaction. */
export function reversalOf(store: Store, row: Row): Reversal {
  const txn = store.one(TXN_BY_ID, row.id as number);
  assert(txn, 'a reversal belongs to a transaction');
  return {
    id: row.id as number,
    txn: txnOf(txn),
    state: row.state as Reversal['state'],
    reason: row.reason as Reversal['reason'],
    tries: row.tries as number,
    ...(row.last_try_ms === null ? {} : { lastTryMs: row.last_try_ms as number }),
    ...(row.last_code === null ? {} : { lastCode: row.last_code as string }),
    ...(row.released_by === null ? {} : { releasedBy: row.released_by as string }),
  };
}

export const settlementOf = once((row): Settlement => ({
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

/** Columns for {@link slipOf}. */
export const slipSql = (condition: string): string =>
  `SELECT slip.*, r.at_ms, r.body FROM slip JOIN record r ON r.seq = slip.id ${condition}`;

export const slipOf = once((row): Slip => {
  const body = JSON.parse(row.body as string) as Pick<Slip, 'copy' | 'columns' | 'lines' | 'code'>;
  return {
    id: row.id as number,
    atMs: row.at_ms as number,
    ...(row.txn_id === null ? {} : { txnId: row.txn_id as number }),
    kind: row.kind as string,
    copy: body.copy,
    columns: body.columns,
    lines: body.lines,
    ...(body.code === undefined ? {} : { code: ungrouped(body.code) }),
    reprints: row.reprints as number,
  };
});

/** Members that no person needs to see. */
const HIDDEN = new Set(['sealedPan', 'salt', 'hash', 'wrapped']);
/** Most records have none of them, and looking at each member is dear. */
const HIDDEN_NAME = new RegExp(`"(?:${[...HIDDEN].join('|')})"`);

/** A record's body for people and reports: sealed card numbers, password hashes and wrapped keys replaced by `…`. */
export function shownBody(text: string): unknown {
  if (!HIDDEN_NAME.test(text)) return JSON.parse(text);
  return JSON.parse(text, (name, value: unknown) => (HIDDEN.has(name) ? '…' : value));
}
