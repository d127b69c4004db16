import { assert } from '../assert.ts';
import { failed, type Fault, fault, ok, type Result } from '../fault.ts';
import { AMOUNT_MINOR_MAX, digits, formatAmount } from '../units.ts';
import { type Counted, refundableMinor } from './money.ts';
import type { Queries } from './queries.ts';
import { keptReference } from './guard.ts';
import { originalOf } from './read.ts';
import type { Row, Store } from './store.ts';
import type {
  Case,
  CaseEntry,
  ExternalRefund,
  Freeze,
  HeldRefund,
  Life,
  Notice,
  OriginalRef,
  PastRow,
  Refusal,
  Txn,
  TxnState,
} from './types.ts';

/**
 * What a shop knows about refunds besides messages: decided and not yet sent, given back by another way, where an
 * accepted one is, what went wrong, who was told, and whether refunds are switched off.
 */

export type NewHold = Omit<HeldRefund, 'id' | 'atMs' | 'state' | 'txnId' | 'stopped' | 'findings'> & {
  readonly findings?: readonly string[];
};
export type NewCase = Omit<Case, 'id' | 'atMs' | 'state' | 'entries'>;
export type NewNotice = Omit<Notice, 'id' | 'atMs' | 'state' | 'tries'>;
export type NewCaseEntry = Omit<CaseEntry, 'atMs' | 'what'> & { readonly what: Exclude<CaseEntry['what'], 'closed'> };

export function refundDesk(store: Store, queries: Queries) {
  function holdOf(row: Row): HeldRefund {
    const { original, findings, channel, ...rest } = store.record(row.id as number).body;
    const stopped = typeof row.stopped_seq === 'number' ? queries.record(row.stopped_seq) : undefined;
    return {
      ...(rest as Pick<HeldRefund, 'kind' | 'amountMinor' | 'untilMs' | 'operator'>),
      id: row.id as number,
      atMs: row.at_ms as number,
      state: row.state as HeldRefund['state'],
      channel: (channel ?? 'card') as HeldRefund['channel'],
      original: originalOf(original as Record<string, unknown>),
      findings: (findings ?? []) as string[],
      ...(row.txn_id === null ? {} : { txnId: row.txn_id as number }),
      ...(stopped ? { stopped: { atMs: stopped.atMs, ...(stopped.body as { by: string; note?: string }) } } : {}),
    };
  }

  const holds = (condition: string, ...values: (string | number)[]): HeldRefund[] =>
    store.all(`SELECT * FROM hold WHERE ${condition} ORDER BY id`, ...values).map(holdOf);

  function held(id: number): HeldRefund | undefined {
    const row = store.one('SELECT * FROM hold WHERE id = ?', id);
    return row && holdOf(row);
  }

  /** Rows of a table about one original: by its id, or by reference and date when this journal does not hold it. */
  function about(original: OriginalRef, condition: string): [string, ...(string | number)[]] {
    if (original.txnId !== undefined) return [`${condition} AND original_id = ?1`, original.txnId];
    return [
      `${condition} AND original_id IS NULL AND original_reference = ?1 AND (?2 = '' OR original_date = ?2)`,
      keptReference(original.reference ?? ''),
      original.dateMmdd ?? '',
    ];
  }

  /** What holds and money given back by another way take from an original; `exceptHold` is the one that is sent now. */
  function takenBeside(original: OriginalRef, exceptHold?: number): Counted[] {
    const [held, ...values] = about(original, "state = 'held'");
    const [external] = about(original, '1 = 1');
    return store
      .all(
        `SELECT id, 'open' AS state, amount_minor FROM hold WHERE ${held}
         UNION ALL SELECT id, 'approved', amount_minor FROM external_refund WHERE ${external}`,
        ...values,
      )
      .filter(row => row.id !== exceptHold)
      .map(row => ({ state: row.state as TxnState, amountMinor: row.amount_minor as number }));
  }

  /** The channel closed it without paying: it takes nothing from its sale. */
  const isClosed = (id: number): boolean => store.one('SELECT state FROM life WHERE id = ?', id)?.state === 'closed';

  /** Everything that counts against what can still be refunded of an original. */
  function taken(original: OriginalRef, exceptHold?: number): Counted[] {
    const refunds =
      original.txnId !== undefined
        ? queries.refundsOf(original.txnId)
        : original.reference === undefined
          ? []
          : queries.refundsOfReference(original.reference, original.dateMmdd);
    return [...refunds.filter(refund => !isClosed(refund.id)), ...takenBeside(original, exceptHold)];
  }

  /** Minor units of a sale of this journal that can still be refunded. */
  const leftOf = (sale: Txn, exceptHold?: number): number =>
    refundableMinor(sale, taken({ txnId: sale.id }, exceptHold));

  /** A sale whose void has no known outcome gives nothing back by any way until it is known. Fault `void-unknown`. */
  function voidInDoubt(saleId: number | undefined): Fault | undefined {
    const doubtful =
      saleId === undefined
        ? undefined
        : store.one(
            "SELECT trace FROM txn WHERE original_id = ? AND act = 'void' AND state IN ('open', 'unknown')",
            saleId,
          );
    if (!doubtful) return undefined;
    return fault(
      'E_ILLEGAL',
      'void-unknown',
      `void ${digits(doubtful.trace as number, 6)} of the original has an unknown outcome`,
      'Wait for its reversal, or let a supervisor enter what the acquirer says',
    );
  }

  function aboveRemainder(original: OriginalRef, amountMinor: number): Fault | undefined {
    const sale = original.txnId === undefined ? undefined : queries.txn(original.txnId);
    const whole = sale?.amountMinor ?? original.amountMinor;
    if (whole === undefined) return undefined;
    const left = refundableMinor(sale ?? { state: 'approved', amountMinor: whole }, taken(original));
    return amountMinor <= left
      ? undefined
      : fault(
          'E_ILLEGAL',
          'refund-above-remainder',
          `${formatAmount(left)} of ${formatAmount(whole)} can still be refunded, not ${formatAmount(amountMinor)}`,
          `Refund at most ${formatAmount(left)}`,
        );
  }

  function refundsFrozen(): Freeze | undefined {
    const seq = store.setting('refundsFrozen');
    if (seq === undefined) return undefined;
    const record = queries.record(Number(seq));
    assert(record, 'a freeze has its record');
    const { by, operator, note } = record.body as { by?: string; operator?: string; note?: string };
    return { by: by ?? operator ?? '', atMs: record.atMs, ...(note === undefined ? {} : { note }) };
  }

  function caseOf(row: Row): Case {
    const entries = store
      .all(
        "SELECT at_ms, kind, body FROM record WHERE seq > ?1 AND kind IN ('case-noted', 'case-closed') AND json_extract(body, '$.caseId') = ?1 ORDER BY seq",
        row.id as number,
      )
      .map(entry => {
        const { caseId: _, ...members } = JSON.parse(entry.body as string) as CaseEntry & { caseId: number };
        return {
          ...members,
          atMs: entry.at_ms as number,
          what: entry.kind === 'case-closed' ? ('closed' as const) : members.what,
        };
      });
    const record = queries.record(row.id as number);
    assert(record, 'a case has its record');
    return {
      ...(record.body as NewCase),
      id: row.id as number,
      atMs: record.atMs,
      state: row.state as Case['state'],
      entries,
    };
  }

  function caseAfter(id: number): Case {
    const row = store.one('SELECT * FROM incident WHERE id = ?', id);
    assert(row, 'a case that was just changed is there');
    return caseOf(row);
  }

  function openCaseOf(id: number): Result<Case> {
    const row = store.one('SELECT * FROM incident WHERE id = ?', id);
    if (row?.state === 'open') return ok(caseOf(row));
    return failed(
      fault(
        'E_NOEXIST',
        'no-open-case',
        `case ${digits(id, 6)} is ${row ? 'closed' : 'not in this journal'}`,
        'List the cases again',
      ),
    );
  }

  function noticeOf(row: Row): Notice {
    const record = queries.record(row.id as number);
    assert(record, 'a notice has its record');
    return {
      ...(record.body as Pick<Notice, 'about' | 'because' | 'event' | 'adapter' | 'lang' | 'lines'>),
      id: row.id as number,
      atMs: record.atMs,
      state: row.state as Notice['state'],
      tries: row.tries as number,
    };
  }

  return {
    /**
     * Decides a refund and keeps it back until `untilMs`; nothing is sent. Faults `refunds-frozen`,
     * `refund-above-remainder`, `refund-unknown` and `void-unknown` (the original is locked).
     */
    holdRefund(nowMs: number, hold: NewHold): Result<HeldRefund> {
      assert(
        Number.isInteger(hold.amountMinor) && hold.amountMinor > 0 && hold.amountMinor <= AMOUNT_MINOR_MAX,
        'the amount of a held refund is 1 to 12 digits of minor units',
      );
      const stop =
        mayRefund(refundsFrozen()) ??
        lockedBy(taken(hold.original)) ??
        voidInDoubt(hold.original.txnId) ??
        aboveRemainder(hold.original, hold.amountMinor);
      if (stop) return failed(stop);
      const id = store.commit(() => store.append(nowMs, 'refund-held', hold));
      return ok(held(id) as HeldRefund);
    },

    /** Stops a held refund: it is never sent. Fault `refund-not-held`. */
    stopRefund(
      nowMs: number,
      id: number,
      entry: { readonly by: string; readonly operator?: string; readonly note?: string },
    ): Result<HeldRefund> {
      if (held(id)?.state !== 'held')
        return failed(
          fault(
            'E_ILLEGAL',
            'refund-not-held',
            `refund ${digits(id, 6)} is ${held(id)?.state ?? 'not a held one'}`,
            held(id)?.state === 'sent' ? 'It was sent; open a case for a wrong refund' : 'List the held refunds again',
          ),
        );
      store.commit(() => store.append(nowMs, 'refund-stopped', { id, ...entry }));
      return ok(held(id) as HeldRefund);
    },

    held,
    /** Refunds that wait and can be stopped, oldest first. */
    heldRefunds: (): HeldRefund[] => holds("state = 'held'"),
    /** The hold that a refund was before it went out. */
    holdOfTxn: (txnId: number): HeldRefund | undefined => holds('txn_id = ?', txnId)[0],
    /** All holds of an original, in any state, oldest first. */
    holdsOf(original: OriginalRef): HeldRefund[] {
      const [sql, ...values] = about(original, '1 = 1');
      return holds(sql, ...values);
    },
    /** Newest first, in any state. */
    holdList: (limit = 50): HeldRefund[] => store.all('SELECT * FROM hold ORDER BY id DESC LIMIT ?', limit).map(holdOf),

    taken,
    leftOf,
    voidInDoubt,

    /** Writes down money that was given back outside of the terminal. Faults `refund-above-remainder`, `refund-unknown`, `void-unknown`. */
    recordExternal(nowMs: number, entry: Omit<ExternalRefund, 'id' | 'atMs'>): Result<ExternalRefund> {
      const stop =
        lockedBy(taken(entry.original)) ??
        voidInDoubt(entry.original.txnId) ??
        aboveRemainder(entry.original, entry.amountMinor);
      if (stop) return failed(stop);
      const id = store.commit(() => store.append(nowMs, 'refund-external', entry));
      return ok({ ...entry, id, atMs: nowMs });
    },

    /** Money given back by another way for one original, oldest first. */
    externalsOf(original: OriginalRef): ExternalRefund[] {
      const [sql, ...values] = about(original, '1 = 1');
      return store.all(`SELECT id, at_ms FROM external_refund WHERE ${sql} ORDER BY id`, ...values).map(row => ({
        ...(store.record(row.id as number).body as ExternalRefund),
        id: row.id as number,
        atMs: row.at_ms as number,
      }));
    },
    /** Of `fromMs` ≤ time < `toMs`, oldest first. */
    externals: (fromMs = 0, toMs = Number.MAX_SAFE_INTEGER): ExternalRefund[] =>
      store
        .all('SELECT id, at_ms FROM external_refund WHERE at_ms >= ? AND at_ms < ? ORDER BY id', fromMs, toMs)
        .map(row => ({
          ...(store.record(row.id as number).body as ExternalRefund),
          id: row.id as number,
          atMs: row.at_ms as number,
        })),

    /** Where an accepted refund is now, as somebody said it. Faults `refund-not-accepted`, `refund-closed`. */
    appendLife(nowMs: number, life: Omit<Life, 'atMs'>): Result<Life> {
      const txn = queries.txn(life.id);
      if (txn?.state !== 'approved' || (txn.kind !== 'refund' && txn.kind !== 'qrRefund'))
        return failed(
          fault(
            'E_ILLEGAL',
            'refund-not-accepted',
            `transaction ${life.id} is no accepted refund`,
            'Enter what the acquirer says about it first',
          ),
        );
      if (isClosed(life.id))
        return failed(
          fault('E_ILLEGAL', 'refund-closed', `refund ${life.id} was closed by its channel`, 'Make a new refund'),
        );
      store.commit(() => store.append(nowMs, 'refund-life', life));
      return ok({ ...life, atMs: nowMs });
    },
    /** The newest word about a refund. */
    life(id: number): Life | undefined {
      const row = store.one('SELECT seq FROM life WHERE id = ?', id);
      const record = row && queries.record(row.seq as number);
      return record && { ...(record.body as Omit<Life, 'atMs'>), atMs: record.atMs };
    },

    openCase: (nowMs: number, entry: NewCase): Case =>
      caseAfter(store.commit(() => store.append(nowMs, 'case-opened', entry))),
    /** Fault `no-open-case`. */
    noteCase(nowMs: number, id: number, entry: NewCaseEntry): Result<Case> {
      const there = openCaseOf(id);
      if (!there.ok) return there;
      store.commit(() => store.append(nowMs, 'case-noted', { caseId: id, ...entry }));
      return ok(caseAfter(id));
    },
    /** Fault `no-open-case`. */
    closeCase(nowMs: number, id: number, by: string, note: string): Result<Case> {
      const there = openCaseOf(id);
      if (!there.ok) return there;
      store.commit(() => store.append(nowMs, 'case-closed', { caseId: id, by, note }));
      return ok(caseAfter(id));
    },
    case(id: number): Case | undefined {
      const row = store.one('SELECT * FROM incident WHERE id = ?', id);
      return row && caseOf(row);
    },
    /** About one transaction or hold, oldest first. */
    casesAbout: (about: number): Case[] =>
      store.all('SELECT * FROM incident WHERE about = ? ORDER BY id', about).map(caseOf),
    /** Oldest first. */
    cases: (state?: Case['state']): Case[] =>
      (state === undefined
        ? store.all('SELECT * FROM incident ORDER BY id')
        : store.all('SELECT * FROM incident WHERE state = ? ORDER BY id', state)
      ).map(caseOf),

    /** A sale, void or refund that was not allowed to begin: which rule, which number. */
    appendRefused: (nowMs: number, refusal: Refusal): number =>
      store.commit(() => store.append(nowMs, 'refused', refusal)),

    /** Remembers the policy in force, when it is not the one of before; `text` is its JSON. */
    appendPolicy(nowMs: number, profile: string, version: number, text: string): void {
      const newest = store.one("SELECT body FROM record WHERE kind = 'policy' ORDER BY seq DESC LIMIT 1");
      const before = newest && (JSON.parse(newest.body as string) as Record<string, unknown>);
      if (before?.profile === profile && before.version === version && before.text === text) return;
      store.commit(() => store.append(nowMs, 'policy', { profile, version, text }));
    },
    /** Number of the record with the policy that was in force when record `seq` was written. */
    policySeqAt(seq: number): number | undefined {
      const row = store.one("SELECT max(seq) AS seq FROM record WHERE kind = 'policy' AND seq <= ?", seq);
      return typeof row?.seq === 'number' ? row.seq : undefined;
    },

    /** Puts notices into the outbox, all or none. */
    addNotices(nowMs: number, notices: readonly NewNotice[]): void {
      store.commit(() => {
        for (const notice of notices) store.append(nowMs, 'notice', notice);
      });
    },
    /** Number of the record up to which notices were made; the first call begins now. */
    noticesFrom(nowMs: number): number {
      const seq = store.setting('noticed');
      return seq === undefined ? store.commit(() => store.append(nowMs, 'notices-on', {})) : Number(seq);
    },
    /** A try to deliver it, and what came of it. */
    noticeTried(nowMs: number, id: number, delivered: boolean, why?: string): void {
      store.commit(() => store.append(nowMs, 'notice-tried', { id, delivered, why }));
    },
    /** Notices that are not delivered yet, oldest first. */
    noticesWaiting: (): Notice[] => store.all("SELECT * FROM notice WHERE state = 'waiting' ORDER BY id").map(noticeOf),
    noticesAbout: (about: number): Notice[] =>
      store.all('SELECT * FROM notice WHERE about = ? ORDER BY id', about).map(noticeOf),

    /** Refunds are off on this terminal until the supervisor lifts it; sales and voids go on. */
    freezeRefunds(
      nowMs: number,
      entry: { readonly by: string; readonly operator?: string; readonly note?: string },
    ): void {
      store.commit(() => store.append(nowMs, 'refunds-frozen', entry));
    },
    freeRefunds(nowMs: number, entry: { readonly by: string; readonly note?: string }): void {
      store.commit(() => store.append(nowMs, 'refunds-freed', entry));
    },
    refundsFrozen,

    /**
     * Money moved or on its way, holds and other ways included, in the order of the journal: the past of the rules. From the
     * first row of `fromMs` or later to the last one before record `beforeId`; a row in between is there whatever its time says.
     */
    pastSince(fromMs: number, beforeId: number = Number.MAX_SAFE_INTEGER): PastRow[] {
      const first = store.one(
        `SELECT min(id) AS id FROM (SELECT min(id) AS id FROM txn WHERE at_ms >= ?1
           UNION ALL SELECT min(id) FROM hold WHERE at_ms >= ?1
           UNION ALL SELECT min(id) FROM external_refund WHERE at_ms >= ?1)`,
        fromMs,
      )?.id;
      if (typeof first !== 'number') return [];
      return (
        store
          .all(
            `SELECT id, at_ms, act, channel, amount_minor, operator, token FROM txn
             WHERE id >= ?1 AND id < ?2 AND (state = 'approved' OR state = 'voided' OR state = 'unknown' OR state = 'open')
           UNION ALL SELECT id, at_ms, 'refund', channel, amount_minor, operator, token FROM hold
             WHERE id >= ?1 AND id < ?2 AND state = 'held'
           UNION ALL SELECT e.id, e.at_ms, 'refund', coalesce(t.channel, 'card'), e.amount_minor, e.operator, t.token
             FROM external_refund e LEFT JOIN txn t ON t.id = e.original_id WHERE e.id >= ?1 AND e.id < ?2`,
            first,
            beforeId,
          )
          .map(row => ({
            id: row.id as number,
            atMs: row.at_ms as number,
            act: row.act as PastRow['act'],
            channel: row.channel as PastRow['channel'],
            amountMinor: row.amount_minor as number,
            operator: row.operator as string,
            ...(row.token === null ? {} : { token: row.token as string }),
          }))
          // Each part is in order already; SQLite sorts what UNION joins at twice the price of reading it.
          .sort((a, b) => a.id - b.id)
      );
    },
    /** Has a card of this token paid here before? */
    hasPaid: (token: string): boolean =>
      store.one(
        "SELECT 1 FROM txn WHERE token = ? AND act = 'sale' AND (state = 'approved' OR state = 'voided')",
        token,
      ) !== undefined,
  };
}

export type RefundDesk = ReturnType<typeof refundDesk>;

/** Refunds are switched off. */
export function mayRefund(freeze: Freeze | undefined): Fault | undefined {
  return (
    freeze &&
    fault(
      'E_BUSY',
      'refunds-frozen',
      `operator ${freeze.by} switched refunds off${freeze.note === undefined ? '' : `: ${freeze.note}`}`,
      'Only 00 can switch them on again',
    )
  );
}

/** An unknown refund locks its original. */
function lockedBy(taken: readonly Counted[]): Fault | undefined {
  return taken.some(refund => refund.state === 'unknown')
    ? fault(
        'E_ILLEGAL',
        'refund-unknown',
        'a refund of the same original has an unknown outcome',
        'Do not refund again; a supervisor enters what the acquirer says first',
      )
    : undefined;
}
