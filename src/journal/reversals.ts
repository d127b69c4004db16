import { assert } from '../assert.ts';
import { failed, fault, ok, type Result } from '../fault.ts';
import { digits, formatAmount } from '../units.ts';
import { type RefundDesk, mayRefund } from './refund-desk.ts';
import { KIND_RULES } from './money.ts';
import type { Queries } from './queries.ts';
import type { Store } from './store.ts';
import type { Reversal, ReversalPolicy, ReversalResult, Txn } from './types.ts';

/** Reversals, unknown refunds and what a restart does: the ways out of an outcome that nobody knows. */

/** What a person says about a held (or owed) reversal after a call with the acquirer. */
export interface ReversalEntry {
  /** Supervisor's number. */
  readonly by: string;
  readonly entry: {
    /** `reversed`: the acquirer has not booked it or has undone it. `approved`: it stands there, and here from now on. */
    readonly result: 'reversed' | 'approved';
    readonly reference?: string;
    readonly authCode?: string;
    /** With `approved`: what the acquirer has booked of a sale, when it approved a part only. */
    readonly amountMinor?: number;
    /** Who said it, case number. */
    readonly note: string;
  };
}

/** What a person says about an unknown refund (or QR void). */
export interface RefundEntry {
  readonly by: string;
  readonly accepted: boolean;
  /** Only when not accepted: false = it is given up and the original is free again; true (default) = it is sent again. */
  readonly resend?: boolean;
  readonly reference?: string;
  readonly note: string;
  /** Who asked the acquirer and entered it, when that is another person than the one who approves (`by`). */
  readonly operator?: string;
}

/** What a restart found and did. */
export interface Recovery {
  /** Sales and voids that were on their way: unknown now, reversal owed with reason 98. */
  readonly owed: readonly Reversal[];
  /** Refunds and QR voids that were on their way: unknown now. */
  readonly unknownRefunds: readonly Txn[];
  /** Reversals whose last try was interrupted. */
  readonly held: readonly Reversal[];
}

const RESTART = 'the terminal stopped before the outcome was known';

export function reversals(store: Store, queries: Queries, desk: RefundDesk, policy: ReversalPolicy) {
  function reversalIn(id: number, ...states: readonly Reversal['state'][]): Reversal {
    const reversal = queries.reversal(id);
    assert(reversal && states.includes(reversal.state), `a reversal must be ${states.join(' or ')} here`);
    return reversal;
  }

  function reversalAfter(id: number): Reversal {
    const reversal = queries.reversal(id);
    assert(reversal, 'a reversal that was just changed is there');
    return reversal;
  }

  function waiting(id: number, ...states: readonly Reversal['state'][]): Result<Reversal> {
    const reversal = queries.reversal(id);
    if (reversal && states.includes(reversal.state)) return ok(reversal);
    return failed(
      fault(
        'E_ILLEGAL',
        'reversal-not-waiting',
        `the reversal of transaction ${id} is ${reversal?.state ?? 'not there'}`,
        'List the held reversals again',
      ),
    );
  }

  return {
    /** Counts a try of an owed reversal; must be durable before the 0400 goes out. Returns it with the new count. */
    appendReversalTry(nowMs: number, id: number): Reversal {
      const { tries } = reversalIn(id, 'owed');
      assert(tries < policy.triesMax, 'an owed reversal has a try left');
      store.commit(() => store.append(nowMs, 'reversal-try', { id, tries: tries + 1 }));
      return reversalAfter(id);
    },

    /**
     * Writes what came of a try: a final code ends it (transaction `reversed`), any other code makes the reason 06; no
     * answer or a wrong MAC leaves the reason. With the last try it becomes `held` and stays until a person acts. So it does when its
     * batch is closed and the code is final but no 00: an acquirer that says then that it cannot reverse may have settled the money.
     */
    appendReversalResult(nowMs: number, id: number, result: ReversalResult): Reversal {
      const reversal = reversalIn(id, 'owed');
      assert(reversal.tries > 0, 'a reversal has a result after a try');
      const code = 'code' in result ? result.code : undefined;
      const final = code !== undefined && policy.finalCodes.includes(code);
      const ends = final && (code === '00' || reversal.txn.period === queries.period());
      const state = ends ? 'done' : final || reversal.tries >= policy.triesMax ? 'held' : 'owed';
      const reason = code !== undefined && !final ? '06' : reversal.reason;
      store.commit(() => store.append(nowMs, 'reversal-result', { id, ...result, state, reason }));
      return reversalAfter(id);
    },

    /**
     * A held reversal gets another round of tries, e.g. when the line is back. A release stays: should the round bring
     * nothing, the terminal trades on as its supervisor decided.
     */
    retryReversal(nowMs: number, id: number, by: string): Result<Reversal> {
      const held = waiting(id, 'held');
      if (!held.ok) return held;
      const { releasedBy } = held.value;
      store.commit(() =>
        store.append(nowMs, 'reversal-again', {
          id,
          by,
          ...(releasedBy === undefined ? {} : { released: releasedBy }),
        }),
      );
      return ok(reversalAfter(id));
    },

    /** A supervisor lets the terminal trade on although reversals are held; they stay visible. */
    releaseTerminal(nowMs: number, by: string): void {
      store.commit(() => store.append(nowMs, 'terminal-released', { by }));
    },

    /** A named person ends a held or owed reversal by what the acquirer said. Faults `reversal-not-waiting`, `reversal-amount`. */
    resolveReversal(nowMs: number, id: number, { by, entry }: ReversalEntry): Result<Reversal> {
      const found = waiting(id, 'held', 'owed');
      if (!found.ok) return found;
      const { txn } = found.value;
      const part = entry.amountMinor ?? txn.requestedMinor;
      const isPart = entry.result === 'approved' && txn.kind === 'sale' && part > 0 && part <= txn.requestedMinor;
      if (part !== txn.requestedMinor && !isPart)
        return failed(
          fault(
            'E_ILLEGAL',
            'reversal-amount',
            `${formatAmount(part)} is no part of the ${formatAmount(txn.requestedMinor)} of transaction ${id} that can stand`,
            'Give what the acquirer has booked of a sale, and nothing else',
          ),
        );
      store.commit(() => store.append(nowMs, 'reversal-resolved', { id, by, ...entry }));
      return ok(reversalAfter(id));
    },

    /**
     * A named person decides about an unknown refund or QR void. Accepted: approved. Not accepted: back to `open` with the
     * same batch and trace, to be sent again byte for byte (answer 94 then means that the first was accepted), or given
     * up. Faults `refund-not-unknown`, `refunds-frozen`, `refund-batch-closed` (the acquirer's case then, not a repeat).
     */
    resolveRefund(nowMs: number, id: number, entry: RefundEntry): Result<Txn> {
      const txn = queries.txn(id);
      if (txn?.state !== 'unknown' || KIND_RULES[txn.kind].reversible)
        return failed(
          fault(
            'E_ILLEGAL',
            'refund-not-unknown',
            `transaction ${id} is no refund with unknown outcome`,
            'List the unknown refunds again',
          ),
        );
      const decision = entry.accepted ? 'accepted' : entry.resend === false ? 'given-up' : 'resend';
      if (decision === 'resend') {
        const frozen = mayRefund(desk.refundsFrozen());
        if (frozen) return failed(frozen);
        if (txn.period !== queries.period())
          return failed(
            fault(
              'E_ILLEGAL',
              'refund-batch-closed',
              `batch ${digits(txn.batch, 6)} of refund ${digits(txn.trace, 6)} is closed, so it cannot be sent again`,
              'Open a case with the acquirer, then enter "accepted" or give the refund up',
            ),
          );
        assert(store.one("SELECT 1 FROM txn WHERE state = 'open'") === undefined, 'one transaction at a time');
      }
      store.commit(() =>
        store.append(nowMs, 'refund-resolved', {
          id,
          by: entry.by,
          decision,
          reference: entry.reference,
          note: entry.note,
          operator: entry.operator,
        }),
      );
      const after = queries.txn(id);
      assert(after, 'a transaction that was just changed is there');
      return ok(after);
    },

    /**
     * To be called once at each start before anything is sent: what was on its way when the process stopped becomes
     * unknown; sales and voids owe a reversal (98, or the reason of the policy). One durable step, safe to repeat.
     */
    recover(nowMs: number): Recovery {
      const open = store.all("SELECT id, kind FROM txn WHERE state = 'open' ORDER BY id");
      const interrupted = store.all(
        "SELECT id FROM reversal WHERE state = 'owed' AND tries >= ? ORDER BY id",
        policy.triesMax,
      );
      if (open.length + interrupted.length > 0)
        store.commit(() => {
          for (const { id, kind } of open)
            store.append(nowMs, 'outcome', {
              id,
              result: 'unknown',
              ...(KIND_RULES[kind as Txn['kind']].reversible ? { reason: policy.restartReason ?? '98' } : {}),
              why: RESTART,
            });
          for (const { id } of interrupted) store.append(nowMs, 'reversal-held', { id });
        });
      const ids = open.map(row => row.id as number);
      const txns = ids.map(id => queries.txn(id)).filter(txn => txn !== undefined);
      return {
        owed: txns.filter(txn => KIND_RULES[txn.kind].reversible).map(txn => reversalAfter(txn.id)),
        unknownRefunds: txns.filter(txn => !KIND_RULES[txn.kind].reversible),
        held: interrupted.map(row => reversalAfter(row.id as number)),
      };
    },
  };
}

export type Reversals = ReturnType<typeof reversals>;
