import { assert } from '../assert.ts';
import { grouped, keptReference } from './guard.ts';
import { KIND_RULES } from './money.ts';
import type { Row } from './query.ts';
import { joinedTxnOf, reversalOf, settlementOf, shownBody, slipOf, txnSql } from './read.ts';
import type { Store } from './store.ts';
import type { BatchTotals, JournalRecord, Reversal, Settlement, Slip, Sum, Txn, TxnKind, TxnState } from './types.ts';

/** Most rows of one answer. */
export const LIST_MAX = 1000;

export interface ListFilter {
  /** Only older ones than this id. */
  readonly beforeId?: number;
  readonly period?: number;
  /** Batch number as printed; it may come again after a long time. */
  readonly batch?: number;
  readonly kind?: TxnKind;
  readonly state?: TxnState;
  /** At most {@link LIST_MAX}. */
  readonly limit?: number;
}

/** What a person knows of a transaction: when it was, `fromMs` ≤ time < `toMs`, and what else there is. */
export interface SearchWanted {
  readonly fromMs: number;
  readonly toMs: number;
  readonly amountMinor?: number;
  /** Last four digits of the card. */
  readonly lastFour?: string;
  /** At most {@link LIST_MAX}. */
  readonly limit: number;
}

/** Transactions of a time span, one row for each kind, state and operator. */
export interface SpanTotal extends Sum {
  readonly kind: TxnKind;
  readonly state: TxnState;
  readonly operator: string;
}

export interface JournalCounts {
  /** Transactions of the current batch that totals count. */
  readonly batch: number;
  readonly owed: number;
  readonly held: number;
  readonly unknownRefunds: number;
  readonly heldRefunds: number;
  readonly openCases: number;
  readonly noticesWaiting: number;
}

const REFUND_KINDS = Object.entries(KIND_RULES)
  .filter(([, rule]) => !rule.reversible)
  .map(([kind]) => `'${kind}'`)
  .join(', ');

/**
 * Counted in totals and uploaded as details: a voided sale and its void both count, a reversed one nowhere. With OR, as in all that
 * is asked often: for IN SQLite makes a table of the words each time.
 */
const COUNTED = "(txn.state = 'approved' OR txn.state = 'voided')";

const TXN_COUNTS = `SELECT
  (SELECT count(*) FROM txn WHERE period = ? AND ${COUNTED}) AS batch,
  (SELECT count(*) FROM txn WHERE state = 'unknown' AND kind IN (${REFUND_KINDS})) AS unknownRefunds`;

/** What the desk of refunds has to do; that changes more seldom than transactions do. */
const DESK_COUNTS = `SELECT
  (SELECT count(*) FROM hold WHERE state = 'held') AS heldRefunds,
  (SELECT count(*) FROM incident WHERE state = 'open') AS openCases,
  (SELECT count(*) FROM notice WHERE state = 'waiting') AS noticesWaiting`;

const OWED = "SELECT * FROM reversal WHERE state = 'owed' ORDER BY id";
const HELD = "SELECT * FROM reversal WHERE state = 'held' ORDER BY id";

/** What is asked for again and again: the ids alone, and all that is known of the transactions. */
interface Often {
  readonly ids: string;
  readonly rows: string;
}

const often = (condition: string): Often => ({
  ids: `SELECT txn.id FROM txn ${condition}`,
  rows: txnSql(condition),
});

const NEWEST = often('ORDER BY txn.id DESC LIMIT 1');
const OF_PERIOD = often('WHERE txn.trace = ? AND txn.period = ?');
const OF_BATCH = often('WHERE txn.trace = ? AND txn.batch = ? ORDER BY txn.id DESC LIMIT 1');
const REFUNDS_OF = often("WHERE txn.original_id = ? AND txn.act = 'refund' ORDER BY txn.id");
const UNKNOWN_REFUNDS = often(`WHERE txn.state = 'unknown' AND txn.kind IN (${REFUND_KINDS}) ORDER BY txn.id`);
const DETAILS = often(`WHERE txn.period = ? AND ${COUNTED} ORDER BY txn.id`);

/** Reading the journal. All of it may throw `JournalFailure` when the file cannot be read. */
export function queries(store: Store) {
  const txns = (condition: string, ...values: (string | number)[]): Txn[] =>
    store.all(txnSql(condition), ...values).map(joinedTxnOf);
  /**
   * The writer reads a transaction once after each change, whatever asks for it. Who only looks reads all at one moment,
   * because another process may write in between.
   */
  const all = ({ ids, rows }: Often, ...values: (string | number)[]): Txn[] =>
    store.readOnly
      ? store.all(rows, ...values).map(joinedTxnOf)
      : store.all(ids, ...values).map(row => store.txn(row.id as number) as Txn);
  const one = ({ ids, rows }: Often, ...values: (string | number)[]): Txn | undefined => {
    const row = store.one(store.readOnly ? rows : ids, ...values);
    return row && (store.readOnly ? joinedTxnOf(row) : store.txn(row.id as number));
  };
  const reversals = (sql: string): Reversal[] => store.all(sql).map(row => reversalOf(store, row));
  const slip = (row: Row): Slip => slipOf(row, store.record(row.id as number));
  const number = (name: string): number => Number(store.setting(name));

  return {
    /** Current batch number, 1–999999. */
    batch: (): number => number('batch'),
    /** The journal's own count of batches. */
    period: (): number => number('period'),

    txn: (id: number): Txn | undefined => store.txn(id),

    /** By voucher (= trace) number: in `batch`, the newest of that number, or in the current batch when none is given. */
    byVoucher: (trace: number, batch?: number): Txn | undefined =>
      batch === undefined ? one(OF_PERIOD, trace, number('period')) : one(OF_BATCH, trace, batch),

    /** By voucher number in any kept batch, newest first. */
    byVoucherEver: (trace: number): Txn[] => txns('WHERE txn.trace = ? ORDER BY txn.id DESC LIMIT 100', trace),

    /**
     * By reference number (12 characters) and, when given, the acquirer's date MMDD; newest first. What a person entered has no date
     * and is found by any: it must not look like a sale of another terminal.
     */
    byReference: (reference: string, dateMmdd?: string): Txn[] =>
      dateMmdd === undefined
        ? txns('WHERE txn.reference = ? ORDER BY txn.id DESC LIMIT 100', keptReference(reference))
        : txns(
            'WHERE txn.reference = ? AND (txn.host_date = ? OR txn.host_date IS NULL) ORDER BY txn.id DESC LIMIT 100',
            keptReference(reference),
            dateMmdd,
          ),

    /** By the order number of a scanned payment; newest first. */
    byOrder: (order: string): Txn[] => txns('WHERE txn.pay_order = ? ORDER BY txn.id DESC LIMIT 100', grouped(order)),

    /** The newest transaction; `states` limits it, e.g. to those that have a slip. */
    lastTxn: (states?: readonly TxnState[]): Txn | undefined =>
      one(
        states
          ? often(`WHERE ${states.map(state => `txn.state = '${state}'`).join(' OR ')} ORDER BY txn.id DESC LIMIT 1`)
          : NEWEST,
      ),

    /** Newest first. */
    list(filter: ListFilter = {}): Txn[] {
      const conditions: string[] = [];
      const values: (string | number)[] = [];
      const want = (condition: string, value: string | number | undefined): void => {
        if (value === undefined) return;
        conditions.push(condition);
        values.push(value);
      };
      want('txn.id < ?', filter.beforeId);
      want('txn.period = ?', filter.period);
      want('txn.batch = ?', filter.batch);
      want('txn.kind = ?', filter.kind);
      want('txn.state = ?', filter.state);
      const where = conditions.length ? `WHERE ${conditions.join(' AND ')}` : '';
      return txns(`${where} ORDER BY txn.id DESC LIMIT ${whole(Math.min(filter.limit ?? 50, LIST_MAX))}`, ...values);
    },

    /** Transactions of a time span that fit, newest first. It reads the rows of that span alone. */
    search({ fromMs, toMs, amountMinor, lastFour, limit }: SearchWanted): Txn[] {
      const amount = amountMinor === undefined ? '' : 'AND txn.amount_minor = ?';
      const card = lastFour === undefined ? '' : "AND substr(json_extract(i.body, '$.card.masked'), -4) = ?";
      return txns(
        `WHERE txn.at_ms >= ? AND txn.at_ms < ? ${amount} ${card} ORDER BY txn.at_ms DESC, txn.id DESC LIMIT ?`,
        fromMs,
        toMs,
        ...(amountMinor === undefined ? [] : [amountMinor]),
        ...(lastFour === undefined ? [] : [lastFour]),
        Math.min(limit, LIST_MAX),
      );
    },

    /** All refunds of a sale that this journal holds, oldest first. */
    refundsOf: (id: number): Txn[] => all(REFUNDS_OF, id),

    /** Refunds of an original that this journal does not hold. */
    refundsOfReference: (reference: string, dateMmdd?: string): Txn[] =>
      txns(
        "WHERE txn.original_reference = ? AND txn.original_id IS NULL AND txn.act = 'refund' AND (?2 = '' OR txn.original_date = ?2) ORDER BY txn.id",
        keptReference(reference),
        dateMmdd ?? '',
      ),

    /** Refunds (and QR voids) with unknown outcome, oldest first: each locks its original until a person decides. */
    unknownRefunds: (): Txn[] => all(UNKNOWN_REFUNDS),

    /** The reversal to send next, oldest first. */
    owedReversal(): Reversal | undefined {
      const rows = store.all(OWED);
      return rows.length > 0 ? reversalOf(store, rows[0]) : undefined;
    },
    /** All that must still be sent, oldest first. */
    owedReversals: (): Reversal[] => reversals(OWED),
    /** Reversals whose tries are used up; a person must act. */
    heldReversals: (): Reversal[] => reversals(HELD),
    reversal(id: number): Reversal | undefined {
      const row = store.one('SELECT * FROM reversal WHERE id = ?', id);
      return row && reversalOf(store, row);
    },

    /**
     * Totals of a batch (the current one when not given) as field 48 of the 0500 wants them: debit = sales, credit =
     * voids and refunds; a voided sale and its void count on both sides.
     */
    batchTotals(period = number('period')): BatchTotals {
      const rows = store.all(
        `SELECT organisation = 'CUP' AS cup, act = 'sale' AS debit, count(*) AS count, sum(amount_minor) AS amount
         FROM txn WHERE period = ? AND ${COUNTED} GROUP BY 1, 2`,
        period,
      );
      const sum = (cup: number, debit: number): Sum => {
        const row = rows.find(r => r.cup === cup && r.debit === debit);
        return { count: (row?.count as number) ?? 0, amountMinor: (row?.amount as number) ?? 0 };
      };
      return { cup: { debit: sum(1, 1), credit: sum(1, 0) }, foreign: { debit: sum(0, 1), credit: sum(0, 0) } };
    },

    /** Transactions that the totals count, oldest first. */
    batchDetails: (period = number('period')): Txn[] => all(DETAILS, period),

    /** Kind, state and operator sums of `fromMs` ≤ time < `toMs` (the shop's day is the caller's to know). */
    spanTotals: (fromMs: number, toMs: number): SpanTotal[] =>
      store
        .all(
          `SELECT kind, state, operator, count(*) AS count, sum(amount_minor) AS amount FROM txn
           WHERE at_ms >= ? AND at_ms < ? GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
          fromMs,
          toMs,
        )
        .map((row: Row) => ({
          kind: row.kind as TxnKind,
          state: row.state as TxnState,
          operator: row.operator as string,
          count: row.count as number,
          amountMinor: row.amount as number,
        })),

    counts(): JournalCounts {
      const txnCounts = store.one(TXN_COUNTS, number('period'));
      const deskCounts = store.one(DESK_COUNTS);
      return {
        batch: Number(txnCounts?.batch),
        owed: store.all(OWED).length,
        held: store.all(HELD).length,
        unknownRefunds: Number(txnCounts?.unknownRefunds),
        heldRefunds: Number(deskCounts?.heldRefunds),
        openCases: Number(deskCounts?.openCases),
        noticesWaiting: Number(deskCounts?.noticesWaiting),
      };
    },

    /** The settlement that is under way, to go on with after a restart. */
    openSettlement(): Settlement | undefined {
      const row = store.one(
        "SELECT * FROM settlement WHERE stage NOT IN ('closed', 'cancelled') ORDER BY id DESC LIMIT 1",
      );
      return row && settlementOf(row);
    },
    settlement(id: number): Settlement | undefined {
      const row = store.one('SELECT * FROM settlement WHERE id = ?', id);
      return row && settlementOf(row);
    },
    /** The newest closed settlement, e.g. to print it again. */
    lastSettlement(): Settlement | undefined {
      const row = store.one("SELECT * FROM settlement WHERE stage = 'closed' ORDER BY id DESC LIMIT 1");
      return row && settlementOf(row);
    },

    slipsOf: (txnId: number): Slip[] => store.all('SELECT * FROM slip WHERE txn_id = ? ORDER BY id', txnId).map(slip),
    slip(id: number): Slip | undefined {
      const row = store.one('SELECT * FROM slip WHERE id = ?', id);
      return row && slip(row);
    },
    /** Slips of a kind after record `seq`, oldest first. */
    slipsOfKind: (kind: string, seq = 0): Slip[] =>
      store.all('SELECT * FROM slip WHERE kind = ? AND id > ? ORDER BY id', kind, seq).map(slip),
    /** The newest slip of a kind, e.g. `settlement`. */
    lastSlip(kind: string): Slip | undefined {
      const row = store.one('SELECT * FROM slip WHERE kind = ? ORDER BY id DESC LIMIT 1', kind);
      return row && slip(row);
    },

    /** Number of the operator who is signed on at the keypad, also across a restart. */
    currentOperator: (): string | undefined => store.setting('operator'),
    /** Who locked the terminal. */
    lockedBy: (): string | undefined => store.setting('locked'),

    record(seq: number): JournalRecord | undefined {
      const row = store.one('SELECT * FROM record WHERE seq = ?', seq);
      return row && recordOf(row);
    },
    /** Records about a transaction, oldest first (its intent and all that name it). */
    recordsOf: (id: number): JournalRecord[] =>
      store
        .all(
          "SELECT * FROM record WHERE seq >= ?1 AND (seq = ?1 OR json_extract(body, '$.id') = ?1 OR json_extract(body, '$.txnId') = ?1) ORDER BY seq",
          id,
        )
        .map(recordOf),
    /** Records of these kinds of `fromMs` ≤ time < `toMs`, oldest first. */
    recordsOfKinds: (kinds: readonly string[], fromMs = 0, toMs = Number.MAX_SAFE_INTEGER): JournalRecord[] =>
      store
        .all(`SELECT * FROM record WHERE ${ofKinds(kinds)} AND at_ms >= ? AND at_ms < ? ORDER BY seq`, fromMs, toMs)
        .map(recordOf),
    /** Records of these kinds after number `seq`, oldest first, at most `limit`. */
    recordsAfter: (seq: number, kinds: readonly string[], limit: number): JournalRecord[] =>
      store
        .all(`SELECT * FROM record WHERE seq > ? AND ${ofKinds(kinds)} ORDER BY seq LIMIT ${whole(limit)}`, seq)
        .map(recordOf),
    /** As {@link recordsAfter}, of those only the ones about a refund: their `id` names it. */
    refundRecordsAfter: (seq: number, kinds: readonly string[], limit: number): JournalRecord[] =>
      store
        .all(
          `SELECT * FROM record WHERE seq > ? AND ${ofKinds(kinds)}
             AND (SELECT act FROM txn WHERE txn.id = json_extract(record.body, '$.id')) = 'refund' ORDER BY seq LIMIT ${whole(limit)}`,
          seq,
        )
        .map(recordOf),
    /** Newest records first. */
    records: (limit: number, beforeSeq = Number.MAX_SAFE_INTEGER): JournalRecord[] =>
      store
        .all('SELECT * FROM record WHERE seq < ? ORDER BY seq DESC LIMIT ?', beforeSeq, Math.min(limit, LIST_MAX))
        .map(recordOf),
  };
}

export type Queries = ReturnType<typeof queries>;

/**
 * A limit that stands in the text of a query: bound as a value it makes the engine plan the query anew each time it is
 * asked, which takes far longer than the answer.
 */
function whole(limit: number): number {
  assert(Number.isSafeInteger(limit), 'a limit is a whole number');
  return limit;
}

/** Condition for records of these kinds. */
function ofKinds(kinds: readonly string[]): string {
  assert(kinds.length > 0 && kinds.every(kind => /^[a-z-]+$/.test(kind)), 'kinds of record are words');
  return `(${kinds.map(kind => `kind = '${kind}'`).join(' OR ')})`;
}

function recordOf(row: Row): JournalRecord {
  return {
    seq: row.seq as number,
    atMs: row.at_ms as number,
    kind: row.kind as string,
    body: shownBody(row.body as string),
    hash: Buffer.from(row.hash as Uint8Array).toString('hex'),
  };
}
