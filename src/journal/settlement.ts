import { assert } from '../assert.ts';
import { failed, fault, ok, type Result } from '../fault.ts';
import { digits, formatAmount } from '../units.ts';
import { BATCH_NUMBER_MAX } from './bodies.ts';
import type { EventKind } from './bodies.ts';
import type { RefundDesk } from './refund-desk.ts';
import type { Queries } from './queries.ts';
import type { Store } from './store.ts';
import type { Settlement, SettlementFlags, SettlementStage, Slip, SlipCopy, UploadCursor } from './types.ts';

/** Settlement step by step, slips, and events that only need to be remembered. */

export interface NewSlip {
  readonly txnId?: number;
  readonly kind: string;
  readonly copy: SlipCopy;
  readonly columns: number;
  readonly lines: readonly string[];
  readonly code?: string;
}

export function settlement(store: Store, queries: Queries, desk: RefundDesk) {
  function stageIn(id: number, ...stages: readonly SettlementStage[]): Settlement {
    const current = queries.openSettlement();
    assert(current?.id === id && stages.includes(current.stage), `a settlement must be ${stages.join(' or ')} here`);
    return current;
  }

  function step(nowMs: number, kind: string, body: Readonly<Record<string, unknown>>): Settlement {
    store.commit(() => store.append(nowMs, kind, body));
    const row = queries.settlement(body.id as number);
    assert(row, 'a settlement that was just changed is there');
    return row;
  }

  return {
    /**
     * Begins (or, after a restart, takes up again) the settlement of the current batch with the totals of now; they stay
     * as they are until it ends. Faults: `reversal-owed` and `refund-held` must be cleared first.
     */
    startSettlement(nowMs: number): Result<Settlement> {
      const current = queries.openSettlement();
      if (current) return ok(current);
      assert(
        store.one("SELECT 1 FROM txn WHERE state = 'open'") === undefined,
        'no settlement while a transaction is open',
      );
      const owed = queries.owedReversal();
      if (owed)
        return failed(
          fault(
            'E_BUSY',
            'reversal-owed',
            `the reversal of voucher ${digits(owed.txn.trace, 6)} has not been answered`,
            'It must go out before the settlement',
          ),
        );
      const held = desk.heldRefunds();
      if (held.length > 0)
        return failed(
          fault(
            'E_BUSY',
            'refund-held',
            `${held.length} refunds are held, the first over ${formatAmount(held[0].amountMinor)} (${digits(held[0].id, 6)})`,
            'Send or stop them first',
          ),
        );
      store.commit(() =>
        store.append(nowMs, 'settlement-requested', {
          period: queries.period(),
          batch: queries.batch(),
          totals: queries.batchTotals(),
        }),
      );
      const started = queries.openSettlement();
      assert(started, 'a settlement that was just begun is there');
      return ok(started);
    },

    /** The 0510 came with its flags. */
    settlementAnswered(nowMs: number, id: number, flags: SettlementFlags): Settlement {
      stageIn(id, 'requested', 'answered');
      return step(nowMs, 'settlement-answered', { id, flags });
    },

    /** The batch upload got so far; durable, so that a power cut repeats at most one message. */
    settlementUploaded(nowMs: number, id: number, cursor: UploadCursor): Settlement {
      stageIn(id, 'answered', 'uploading');
      return step(nowMs, 'settlement-cursor', { id, cursor });
    },

    /** The batch end was answered; `items` = number of 0320 items sent in this settlement. */
    settlementEnded(nowMs: number, id: number, items: number): Settlement {
      stageIn(id, 'answered', 'uploading');
      return step(nowMs, 'settlement-ended', { id, items });
    },

    /**
     * Given up, so that the next one begins with totals of its own: the acquirer has refused the totals, or the end of the batch.
     * What it took of an upload it takes again or answers with 94.
     */
    settlementCancelled(nowMs: number, id: number, why: string): Settlement {
      stageIn(id, 'requested', 'answered', 'uploading');
      return step(nowMs, 'settlement-cancelled', { id, why });
    },

    /** Ends the batch: the next one has `newBatch`, or this number plus one (999999 → 1). Paper or no paper. */
    closeBatch(nowMs: number, id: number, newBatch?: number): Settlement {
      const { batch } = stageIn(id, 'ended');
      const next = newBatch ?? (batch === BATCH_NUMBER_MAX ? 1 : batch + 1);
      return step(nowMs, 'batch-closed', { id, period: queries.period() + 1, newBatch: next });
    },

    /** Keeps a slip as printed, for a reprint; card numbers in it are masked if it has any. Returns its id. */
    storeSlip: (nowMs: number, slip: NewSlip): number => store.commit(() => store.append(nowMs, 'slip', slip)),

    /** Counts a reprint before it is printed; the slip with its new count. */
    appendReprint(nowMs: number, slipId: number, by?: string): Slip {
      assert(queries.slip(slipId), 'a reprint is of a stored slip');
      store.commit(() => store.append(nowMs, 'reprint', { slipId, by }));
      return queries.slip(slipId) as Slip;
    },

    /**
     * Remembers something that is no money: operator on and off, lock, freeze of refunds, flash, another terminal, …
     * The members are those of the event allow-list in `bodies.ts`. Returns the record's number.
     */
    appendEvent: (nowMs: number, kind: EventKind, body: EventBody = {}): number =>
      store.commit(() => store.append(nowMs, kind, body)),
  };
}

/** Members that an event may have; see the allow-list in `bodies.ts` for their forms. */
export interface EventBody {
  /** 2 digits */
  readonly operator?: string;
  readonly by?: string;
  readonly txnId?: number;
  readonly count?: number;
  readonly code?: string;
  readonly profile?: string;
  readonly version?: string;
  readonly serialNumber?: string;
  readonly slot?: string;
  /** hex */
  readonly digest?: string;
  readonly from?: string;
  readonly to?: string;
  readonly screen?: string;
  /** Free text; card numbers in it are masked. */
  readonly note?: string;
}

export type SettlementPart = ReturnType<typeof settlement>;
