import { assert } from '../assert.ts';
import { maskPanBytes } from '../card/mask.ts';
import { openPan, SEAL_NONCE_LENGTH, sealedDigits, sealPan } from '../card/seal.ts';
import { cardToken } from '../card/token.ts';
import { failed, type Fault, fault, ok, type Result } from '../fault.ts';
import { AMOUNT_MINOR_MAX, digits, formatAmount } from '../units.ts';
import { type RefundDesk, mayRefund } from './refund-desk.ts';
import { KIND_RULES, refundableMinor } from './money.ts';
import type { Queries } from './queries.ts';
import type { Store } from './store.ts';
import type { Intent, OriginalRef, Outcome, ReversalPolicy, StoredCard, Txn, TxnState } from './types.ts';

/** Highest trace number; the next one is 1. */
export const TRACE_MAX = 999_999;
/** Traces of one batch that transactions may use; the rest is for sign-on, settlement and batch upload. */
export const BATCH_TRACES_MAX = 900_000;

/** Intents and outcomes: each call is one durable step. */
export function ledger(store: Store, queries: Queries, desk: RefundDesk, policy: ReversalPolicy) {
  const number = (name: string): number => Number(store.setting(name));

  function nextTrace(): number {
    assert(number('traces') < TRACE_MAX, 'a batch has no more than 999999 trace numbers');
    const last = number('trace');
    return last === TRACE_MAX ? 1 : last + 1;
  }

  function takeTrace(nowMs: number): number {
    const trace = nextTrace();
    store.commit(() => store.append(nowMs, 'trace', { trace }));
    return trace;
  }

  function token(pan: Uint8Array): string {
    const { sealKey } = store;
    assert(sealKey, 'tokens need the key of the journal');
    return store.watch.vault.ask('card', () => cardToken(sealKey, pan));
  }

  function openCard(txnId: number): Result<Uint8Array> {
    const card = queries.txn(txnId)?.intent.card;
    if (!card)
      return failed(fault('E_NOEXIST', 'no-card', `transaction ${txnId} has no stored card`, 'Read the card again'));
    assert(store.sealKey, 'a journal opened without its key cannot open card numbers');
    return openPan(store.sealKey, card.sealedPan);
  }

  /** The newest sealed number that was made here: that it opens needs no proof. */
  let ownSeal: Uint8Array | undefined;

  /** The clear card number of a transaction, for the guard; the caller zeroes it. */
  function opened(card: StoredCard): Uint8Array {
    assert(store.sealKey, 'a journal to write has its key');
    const pan = openPan(store.sealKey, card.sealedPan);
    assert(pan.ok, 'a card of an intent is sealed with the key of the journal');
    return pan.value;
  }

  /** Appends a record of a transaction with this card, whose number is only opened if the guard asks for it. */
  function append(nowMs: number, kind: string, body: unknown, card: StoredCard | undefined): number {
    let clear: Uint8Array | undefined;
    const pan = card && { length: sealedDigits(card.sealedPan), digits: () => (clear ??= opened(card)) };
    try {
      return store.commit(() => store.append(nowMs, kind, body, pan));
    } finally {
      clear?.fill(0);
    }
  }

  function mayTrade(): Fault | undefined {
    const owed = queries.owedReversal();
    if (owed)
      return fault(
        'E_BUSY',
        'reversal-owed',
        `the reversal of voucher ${digits(owed.txn.trace, 6)} has not been answered (try ${owed.tries})`,
        'It is sent before anything else; check the line to the acquirer',
      );
    if (policy.blockWhenHeld) {
      const held = queries.heldReversals().find(reversal => reversal.releasedBy === undefined);
      if (held)
        return fault(
          'E_BUSY',
          'reversal-held',
          `the reversal of voucher ${digits(held.txn.trace, 6)} over ${formatAmount(held.txn.amountMinor)} was not accepted after ${held.tries} tries`,
          'Call the acquirer with the fault slip; a supervisor can release the terminal',
        );
    }
    const settlement = queries.openSettlement();
    if (settlement)
      return fault(
        'E_BUSY',
        'settlement-unfinished',
        `the settlement of batch ${digits(settlement.batch, 6)} stands at "${settlement.stage}"`,
        'Finish the settlement first',
      );
    if (number('traces') >= BATCH_TRACES_MAX)
      return fault(
        'E_EXTENDED',
        'batch-traces-used-up',
        `batch ${number('batch')} has used ${number('traces')} trace numbers`,
        'Settle the batch',
      );
    return undefined;
  }

  function findOriginal(kind: 'sale' | 'qrSale', ref: OriginalRef, token: string | undefined): Txn | undefined {
    if (ref.txnId !== undefined) return queries.txn(ref.txnId);
    if (ref.batch !== undefined && ref.trace !== undefined) {
      const found = queries.byVoucher(ref.trace, ref.batch);
      if (found) return found;
    }
    if (ref.reference === undefined || ref.dateMmdd === undefined) return undefined;
    // Typed by hand: the same reference, day and card name a sale of this journal, and its remainder counts.
    return queries
      .byReference(ref.reference, ref.dateMmdd)
      .find(
        txn =>
          txn.kind === kind &&
          (token === undefined || txn.intent.card === undefined || txn.intent.card.token === token),
      );
  }

  function appendIntent(nowMs: number, intent: Intent): Result<Txn> {
    const rule = KIND_RULES[intent.kind];
    assert(store.one("SELECT 1 FROM txn WHERE state = 'open'") === undefined, 'one transaction at a time');
    assert(
      Number.isInteger(intent.amountMinor) && intent.amountMinor > 0 && intent.amountMinor <= AMOUNT_MINOR_MAX,
      'the amount of an intent is 1 to 12 digits of minor units',
    );
    assert(intent.trace === nextTrace(), 'an intent uses the next trace number');
    assert(intent.batch === number('batch'), 'an intent belongs to the current batch');
    const stop = mayTrade();
    if (stop) return failed(stop);
    let original: OriginalRef | undefined;
    let known: Txn | undefined;
    if (rule.undoes) {
      assert(intent.original, 'a void or refund names its original');
      known = findOriginal(rule.undoes as 'sale' | 'qrSale', intent.original, intent.card?.token);
      const refused = rule.act === 'void' ? refuseVoid(intent, known) : refuseRefund(intent, known);
      if (refused) return failed(refused);
      original = { ...intent.original, ...(known ? { txnId: known.id } : {}) };
    }
    assert(rule.undoes || !intent.original, 'a sale has no original');
    checkFields(intent, known);
    const body = {
      ...intent,
      period: number('period'),
      ...(original ? { original } : {}),
    };
    // A card that does not open now could not be reversed later.
    if (intent.card && intent.card.sealedPan !== ownSeal) opened(intent.card).fill(0);
    return ok(txnAfter(append(nowMs, 'intent', body, intent.card)));
  }

  function txnAfter(id: number): Txn {
    const txn = queries.txn(id);
    assert(txn, 'a transaction that was just written is there');
    return txn;
  }

  function refuseVoid(intent: Intent, original: Txn | undefined): Fault | undefined {
    if (!original || original.period !== number('period'))
      return originalFault('original-not-in-batch', intent, original);
    const shape = refuseOriginal(intent, original);
    if (shape) return shape;
    const refunds = desk.taken({ txnId: original.id });
    if (refundableMinor(original, refunds) !== original.amountMinor)
      return fault(
        'E_ILLEGAL',
        'original-refunded',
        `voucher ${digits(original.trace, 6)} was refunded in part (${refunds.length} refunds)`,
        'Refund the rest; a sale with a refund cannot be voided',
      );
    if (intent.amountMinor !== original.amountMinor)
      return fault(
        'E_ILLEGAL',
        'void-amount',
        `a void is over the whole ${formatAmount(original.amountMinor)}, not ${formatAmount(intent.amountMinor)}`,
        'Void the whole amount, or refund a part of it',
      );
    return undefined;
  }

  function refuseRefund(intent: Intent, original: Txn | undefined): Fault | undefined {
    const ref = intent.original;
    assert(ref, 'a refund names its original');
    const frozen = mayRefund(desk.refundsFrozen());
    if (frozen) return frozen;
    const hold = refuseHold(intent);
    if (hold) return hold;
    if (ref.txnId !== undefined && !original) return originalFault('original-unknown', intent, undefined);
    const refunds = original
      ? queries.refundsOf(original.id)
      : ref.reference === undefined
        ? []
        : queries.refundsOfReference(ref.reference, ref.dateMmdd);
    const unknown = refunds.find(refund => refund.state === 'unknown');
    if (unknown)
      return fault(
        'E_ILLEGAL',
        'refund-unknown',
        `refund ${digits(unknown.trace, 6)} over ${formatAmount(unknown.amountMinor)} of the same original has an unknown outcome`,
        'Do not refund again; a supervisor enters what the acquirer says first',
      );
    if (original) {
      const shape = refuseOriginal(intent, original);
      if (shape) return shape;
    }
    const amountMinor = original?.amountMinor ?? ref.amountMinor;
    // An original of another terminal whose amount nobody typed: the acquirer alone can check it.
    if (amountMinor === undefined) return undefined;
    const left = refundableMinor(
      original ?? { state: 'approved', amountMinor },
      desk.taken(original ? { txnId: original.id } : ref, intent.heldId),
    );
    if (intent.amountMinor <= left) return undefined;
    return fault(
      'E_ILLEGAL',
      'refund-above-remainder',
      `${formatAmount(left)} of ${formatAmount(amountMinor)} can still be refunded, not ${formatAmount(intent.amountMinor)}`,
      `Refund at most ${formatAmount(left)}`,
    );
  }

  /** A held refund goes out as it was decided: same money, same card, same original. */
  function refuseHold({ heldId, amountMinor, card, original }: Intent): Fault | undefined {
    if (heldId === undefined) return undefined;
    const held = desk.held(heldId);
    if (held?.state !== 'held')
      return fault(
        'E_ILLEGAL',
        'refund-not-held',
        `refund ${digits(heldId, 6)} is ${held?.state ?? 'not a held one'}`,
        'List the held refunds again',
      );
    const same =
      held.amountMinor === amountMinor &&
      held.card?.token === card?.token &&
      held.original.txnId === original?.txnId &&
      held.original.reference === original?.reference;
    return same
      ? undefined
      : fault(
          'E_ILLEGAL',
          'hold-changed',
          `refund ${digits(heldId, 6)} was decided over ${formatAmount(held.amountMinor)} to another card or of another original`,
          'Use the same card, or stop it and make a new refund',
        );
  }

  /** What a void and a refund want of a known original alike. */
  function refuseOriginal(intent: Intent, original: Txn): Fault | undefined {
    if (original.kind !== KIND_RULES[intent.kind].undoes) return originalFault('original-not-a-sale', intent, original);
    if (original.state === 'voided') return originalFault('original-voided', intent, original);
    if (original.state !== 'approved') return originalFault('original-not-approved', intent, original);
    return desk.voidInDoubt(original.id);
  }

  function appendOutcome(nowMs: number, txnId: number, outcome: Outcome): Txn {
    const txn = queries.txn(txnId);
    assert(txn?.state === 'open', 'an outcome belongs to an open transaction');
    const rule = KIND_RULES[txn.kind];
    if (outcome.result === 'approved' && outcome.amountMinor !== undefined)
      assert(
        rule.act === 'sale' && outcome.amountMinor > 0 && outcome.amountMinor <= txn.requestedMinor,
        'a partial approval is of a sale and not above what was asked for',
      );
    const { result, ...members } = outcome;
    let body: Record<string, unknown> = { ...members, id: txnId, result };
    if (result === 'notSent') {
      // Sent again and not out: the first sending stays in question.
      body = { id: txnId, result: txn.resends > 0 ? 'unknown' : 'failed', why: outcome.why };
    } else if (result === 'unknown' && !rule.reversible) {
      body = { id: txnId, result, why: outcome.why };
    }
    append(nowMs, 'outcome', body, txn.intent.card);
    return txnAfter(txnId);
  }

  return {
    /** The trace number that the next intent or message will have; 1–999999, never twice in a batch. */
    nextTrace,

    /** Numbers go on from `first`: for a journal whose vouchers must not look like those of another one. */
    beginTraces(nowMs: number, first: number): void {
      assert(first > 1 && first <= TRACE_MAX, 'vouchers begin between 2 and 999999');
      if (nextTrace() < first) store.commit(() => store.append(nowMs, 'trace', { trace: first - 1 }));
    },

    /** Uses up a trace number for a message that is no transaction (sign-on, settlement, batch upload). Durable. */
    takeTrace,

    /**
     * Seals a card number for an intent: `pan` is ASCII digits, stays the caller's and must be zeroed by the caller.
     * Gives mask, token and sealed number. `name`: its token, when it is known already.
     */
    sealCard(pan: Uint8Array, name: string = token(pan)): Pick<StoredCard, 'masked' | 'token' | 'sealedPan'> {
      assert(store.sealKey && store.entropy, 'a journal to write has its key and entropy');
      const nonce = new Uint8Array(SEAL_NONCE_LENGTH);
      store.entropy.fill(nonce);
      const masked = maskPanBytes(pan, pan.length);
      ownSeal = sealPan(store.sealKey, nonce, pan);
      return { masked, token: name, sealedPan: ownSeal };
    },

    /** Token of a card number for comparing with a stored one; `pan` is ASCII digits. */
    tokenOf: token,

    /** The clear card number of a transaction (ASCII digits), for a 0400, a notice or a detail: zero it after use. */
    openCard,

    /** Why no new transaction may begin now (reversal owed or held, settlement unfinished, traces used up), or nothing. */
    mayTrade,

    /**
     * Writes what is about to be sent, in one durable step with its armed reversal (sale, void). Faults are the local
     * refusals: `reversal-owed`, `reversal-held`, `settlement-unfinished`, `original-…`, `void-…`, `refund-…`.
     */
    appendIntent,

    /**
     * Writes how an open transaction ended. Approved: the reversal is cleared, a void marks its original, a refund adds
     * to it, all in the same step. Unknown: sale and void owe a reversal, a refund waits for a person.
     */
    appendOutcome,

    /** What can still be refunded of a sale of this journal, minor units; unknown, held and other ways count as paid. */
    refundable(id: number): number {
      const original = queries.txn(id);
      return original && KIND_RULES[original.kind].act === 'sale' ? desk.leftOf(original) : 0;
    },
  };
}

export type Ledger = ReturnType<typeof ledger>;

const STATE_TEXT: Readonly<Record<TxnState, string>> = {
  open: 'is still open',
  approved: 'was approved',
  declined: 'was declined',
  failed: 'was never sent',
  unknown: 'has an unknown outcome',
  reversed: 'was reversed',
  voided: 'was voided',
};

function originalFault(name: string, intent: Intent, original: Txn | undefined): Fault {
  const ref = intent.original;
  const asked = ref?.trace ?? original?.trace;
  const what = asked === undefined ? `reference ${ref?.reference ?? '?'}` : `voucher ${digits(asked, 6)}`;
  if (!original)
    return fault(
      'E_NOEXIST',
      name,
      `${what} is not in this journal${name === 'original-not-in-batch' ? "'s current batch" : ''}`,
      'Check the number on the slip',
    );
  if (name === 'original-not-in-batch')
    return fault(
      'E_ILLEGAL',
      name,
      `${what} is of batch ${digits(original.batch, 6)}, which is settled`,
      'Refund it instead',
    );
  if (name === 'original-not-a-sale')
    return fault('E_ILLEGAL', name, `${what} is a ${original.kind}`, 'Choose the voucher of the sale');
  return fault(
    'E_ILLEGAL',
    name,
    `${what} ${STATE_TEXT[original.state]}`,
    'Nothing to do; print the slip again if it is needed',
  );
}

/** The elements of an intent must say the same as its members, so that none of them can be something else. */
function checkFields(intent: Intent, known: Txn | undefined): void {
  const { fields, original } = intent;
  const same = (field: string, ...expected: string[]): void =>
    assert(
      fields[field] === undefined || expected.includes(fields[field]),
      `element ${field} of an intent says what its members say`,
    );
  const place = (of: { readonly batch?: number; readonly trace?: number } | undefined): string =>
    of?.batch === undefined || of.trace === undefined ? '0'.repeat(12) : digits(of.batch, 6) + digits(of.trace, 6);
  same('4', digits(intent.amountMinor, 12));
  same('11', digits(intent.trace, 6));
  same('22', intent.entryMode);
  same('41', intent.tid);
  same('42', intent.mid);
  if (fields['60'] !== undefined)
    assert(fields['60'].slice(2, 8) === digits(intent.batch, 6), 'element 60 of an intent holds its batch');
  if (fields['61'] !== undefined) {
    const dates = ['', original?.dateMmdd ?? '0000', '0000'];
    same('61', ...['0'.repeat(12), place(original), place(known)].flatMap(at => dates.map(date => at + date)));
  }
}
