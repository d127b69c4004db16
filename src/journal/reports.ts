import { KIND_RULES } from './money.ts';
import { joinedTxnOf, settlementOf, slipOf, txnSql } from './read.ts';
import type { Queries } from './queries.ts';
import type { Store } from './store.ts';
import type { Channel, Settlement, Slip, Sum, Txn } from './types.ts';

/** What reports need beside the queries of daily work: long spans, many batches, the paper, a copy of the file. */

/** Transactions that are read in one go. */
const PAGE = 1000;

export const CHANNELS: readonly Channel[] = ['card', 'wechat', 'alipay', 'unionpayQr'];

/** Sums of one channel. */
export interface ChannelTally {
  sales: Sum;
  voids: Sum;
  refunds: Sum;
}

/** What a set of transactions did to the till, minor units. Only approved and voided ones count, as in a settlement. */
export interface Tally {
  readonly sales: Sum;
  readonly voids: Sum;
  readonly refunds: Sum;
  /** Sales less voids and refunds. */
  readonly netMinor: number;
  readonly channels: Readonly<Record<Channel, ChannelTally>>;
}

const NONE: Sum = { count: 0, amountMinor: 0 };

/** A sum with one more. */
export function plus(sum: Sum, amountMinor: number): Sum {
  return { count: sum.count + 1, amountMinor: sum.amountMinor + amountMinor };
}

/** Channel of a transaction: card unless its intent names another. */
export function channelOf(txn: Txn): Channel {
  return txn.intent.channel ?? 'card';
}

/** True for transactions that moved money: a voided sale did, and its void moved it back. */
export function counts(txn: Txn): boolean {
  return txn.state === 'approved' || txn.state === 'voided';
}

/**
 * Adds up transactions. For all of one batch, sales equal the debit and voids plus refunds the credit of
 * `Journal.batchTotals`, to the cent.
 */
export function tally(txns: Iterable<Txn>): Tally {
  const channels = {} as Record<Channel, ChannelTally>;
  for (const channel of CHANNELS) channels[channel] = { sales: NONE, voids: NONE, refunds: NONE };
  const all: ChannelTally = { sales: NONE, voids: NONE, refunds: NONE };
  for (const txn of txns) {
    if (!counts(txn)) continue;
    const act = `${KIND_RULES[txn.kind].act}s` as const;
    const mine = channels[channelOf(txn)];
    mine[act] = plus(mine[act], txn.amountMinor);
    all[act] = plus(all[act], txn.amountMinor);
  }
  return { ...all, netMinor: netOf(all), channels };
}

/** Money of the open batch against the refunds that may still take of it, minor units. */
export interface Funds {
  readonly netMinor: number;
  readonly heldMinor: number;
  readonly unknownMinor: number;
  readonly freeMinor: number;
}

/** Sales less voids and refunds, minor units. */
export function netOf(sums: Readonly<ChannelTally>): number {
  return sums.sales.amountMinor - sums.voids.amountMinor - sums.refunds.amountMinor;
}

/** Reading for reports; changes nothing, and works beside a running terminal. May throw `JournalFailure`. */
export function reports(store: Store, queries: Queries) {
  /** When the settlement that closed a period was begun, ms. */
  const closedMs = (period: number): number | undefined =>
    store.one("SELECT at_ms FROM settlement WHERE period = ? AND stage = 'closed'", period)?.at_ms as
      number | undefined;

  function* paged(condition: string, ...values: number[]): Generator<Txn> {
    for (let last = 0; ;) {
      const rows = store.all(
        txnSql(`WHERE ${condition} AND txn.id > ? ORDER BY txn.id LIMIT ${PAGE}`),
        ...values,
        last,
      );
      for (const row of rows) yield joinedTxnOf(row);
      if (rows.length < PAGE) return;
      last = rows[rows.length - 1].id as number;
    }
  }

  return {
    /** Transactions of `fromMs` ≤ time < `toMs`, oldest first; read as they are asked for. */
    txnsBetween: (fromMs: number, toMs: number): Generator<Txn> =>
      paged('txn.at_ms >= ? AND txn.at_ms < ?', fromMs, toMs),

    /** Refunds that the acquirer accepted, of `fromMs` ≤ time < `toMs`, oldest first. */
    acceptedRefunds: (fromMs: number, toMs: number): Generator<Txn> =>
      paged("txn.at_ms >= ? AND txn.at_ms < ? AND txn.act = 'refund' AND txn.state = 'approved'", fromMs, toMs),

    /**
     * What the open batch holds for refunds, minor units: its net, what is held or unknown and may still go out of it, and
     * what is left then (it may be negative). `exceptHold`: the held refund that is about to be sent.
     */
    funds(exceptHold?: number): Funds {
      const net = store.one(
        `SELECT coalesce(sum(CASE act WHEN 'sale' THEN amount_minor ELSE -amount_minor END), 0) AS net FROM txn
           WHERE period = ? AND (state = 'approved' OR state = 'voided')`,
        Number(store.setting('period')),
      )?.net as number;
      const held = store.one(
        "SELECT coalesce(sum(amount_minor), 0) AS sum FROM hold WHERE state = 'held' AND id <> ?",
        exceptHold ?? 0,
      )?.sum as number;
      const unknown = store.one(
        "SELECT coalesce(sum(amount_minor), 0) AS sum FROM txn WHERE state = 'unknown' AND act = 'refund'",
      )?.sum as number;
      return { netMinor: net, heldMinor: held, unknownMinor: unknown, freeMinor: net - held - unknown };
    },

    /** Transactions of one period (the journal's own count of batches), oldest first. */
    txnsOfPeriod: (period: number): Generator<Txn> => paged('txn.period = ?', period),

    /** Periods that have this batch number (it comes again after 999999), newest first. */
    periodsOfBatch: (batch: number): number[] =>
      store
        .all(
          'SELECT period FROM txn WHERE batch = ?1 UNION SELECT period FROM settlement WHERE batch = ?1 ORDER BY 1 DESC',
          batch,
        )
        .map(row => row.period as number),

    /** Batches of these transactions that the acquirer closed by itself, so that no settlement compared them; in their order. */
    batchesLeft(txns: Iterable<Txn>): { readonly period: number; readonly batch: number }[] {
      const batches = new Map<number, number>();
      for (const { period, batch } of txns) batches.set(period, batch);
      return [...batches]
        .filter(([period]) => period !== queries.period() && closedMs(period) === undefined)
        .map(([period, batch]) => ({ period, batch }));
    },

    /**
     * First and last moment of a period (from ≤ time < to): from settlement to settlement, as {@link externalsBefore} counts. One that the
     * acquirer closed by itself ends with its last transaction, the open one has no end.
     */
    timesOfPeriod(period: number): [fromMs: number, toMs: number] {
      const before = store.one(
        "SELECT at_ms FROM settlement WHERE period < ? AND stage = 'closed' ORDER BY id DESC LIMIT 1",
        period,
      );
      const fromMs = (before?.at_ms as number | undefined) ?? 0;
      const toMs = period === queries.period() ? Number.MAX_SAFE_INTEGER : closedMs(period);
      if (toMs !== undefined) return [fromMs, toMs];
      const last = store.one('SELECT max(at_ms) AS at_ms FROM txn WHERE period = ?', period)?.at_ms as number | null;
      return [fromMs, (last ?? fromMs) + 1];
    },

    /** Every settlement that was begun in `fromMs` ≤ time < `toMs`, oldest first, also cancelled ones. */
    settlementsBetween: (fromMs: number, toMs: number): Settlement[] =>
      store.all('SELECT * FROM settlement WHERE at_ms >= ? AND at_ms < ? ORDER BY id', fromMs, toMs).map(settlementOf),

    /** Money given back by another way between the settlement before this one and this one. */
    externalsBefore(settlement: Settlement): Sum {
      const row = store.one(
        `SELECT count(*) AS count, coalesce(sum(amount_minor), 0) AS amount FROM external_refund WHERE at_ms < ?1
           AND at_ms >= coalesce((SELECT at_ms FROM settlement WHERE id < ?2 AND stage = 'closed' ORDER BY id DESC LIMIT 1), 0)`,
        settlement.atMs,
        settlement.id,
      );
      return { count: row?.count as number, amountMinor: row?.amount as number };
    },

    /** Slips that were stored in `fromMs` ≤ time < `toMs`, newest first, at most `limit`. */
    slipsBetween: (fromMs: number, toMs: number, limit: number): Slip[] =>
      store
        .all(
          'SELECT slip.* FROM slip JOIN record r ON r.seq = slip.id WHERE r.at_ms >= ? AND r.at_ms < ? ORDER BY slip.id DESC LIMIT ?',
          fromMs,
          toMs,
          limit,
        )
        .map(row => slipOf(row, store.record(row.id as number))),

    /** Times at which a stored slip was printed again, oldest first. */
    reprintsOf: (slipId: number): number[] =>
      store
        .all(
          "SELECT at_ms FROM record WHERE seq > ?1 AND kind = 'reprint' AND json_extract(body, '$.slipId') = ?1 ORDER BY seq",
          slipId,
        )
        .map(row => row.at_ms as number),

    /** Approved sales with this card (by its keyed token) before transaction `id`. */
    paymentsBefore: (token: string, id: number): number =>
      Number(
        store.one(
          "SELECT count(*) AS n FROM txn WHERE token = ? AND id < ? AND act = 'sale' AND state IN ('approved', 'voided')",
          token,
          id,
        )?.n,
      ),

    /** Time of the oldest and of the newest record, milliseconds; nothing for a journal without records. */
    timeSpan(): { readonly firstMs: number; readonly lastMs: number } | undefined {
      const row = store.one('SELECT min(at_ms) AS first, max(at_ms) AS last FROM record');
      return typeof row?.first === 'number' ? { firstMs: row.first, lastMs: row.last as number } : undefined;
    },

    /**
     * Writes a whole copy to `path`, which must not exist: one moment of the journal, also while a terminal writes it.
     * The key file is not copied.
     */
    copyTo(path: string): void {
      store.all('VACUUM INTO ?', path);
    },
  };
}

export type Reports = ReturnType<typeof reports>;
