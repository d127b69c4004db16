import type { HeldRefund } from '../journal/journal.ts';
import { HELD_CARDS_MAX, HELD_CARD_MS } from '../limits.ts';
import type { Done, Draft, HeldView, RecordView } from '../terminal/types.ts';
import { printHeld } from './held-slip.ts';
import { decisionOf, lastLook, secondMissing } from './judgement.ts';
import { promptOf } from './money.ts';
import { originalRef } from './original.ts';
import { qrOriginalRef } from './qr.ts';
import { recordView, trackingOfHeld } from './records.ts';
import { type CardInHand, forgetCard, type Shop, wipeCard } from './shop.ts';
import type { Task } from './task.ts';

/** How long after a try that sent nothing a due refund waits for the next one. */
const AGAIN_MS = 60_000;
/** The next try of one that only a person sends. */
const NEVER = Number.MAX_SAFE_INTEGER;

/**
 * F06-11: keeps a refund back that was decided. It is in the journal before anybody sees it; its card stays in memory only,
 * so after a restart the same card is asked for.
 */
export function* hold(shop: Shop, draft: Draft): Task<Done> {
  const { journal, hal } = shop;
  const looked = lastLook(shop, draft, 'hold');
  if ('type' in looked) return looked;
  const { card } = shop;
  if (draft.channel === undefined && !card) return { type: 'DONE', outcome: 'failed', prompt: 'E18' };
  const nowMs = hal.clock.nowMs();
  const original = draft.channel === undefined ? originalRef(shop, draft) : qrOriginalRef(shop, draft);
  const held = journal.holdRefund(nowMs, {
    kind: draft.channel === undefined ? 'refund' : 'qrRefund',
    channel: draft.channel ?? 'card',
    amountMinor: draft.amountMinor,
    untilMs: nowMs + looked.verdict.holdSeconds * 1000,
    ...decisionOf(shop, draft, looked.findings),
    ...(card ? { card: { masked: card.clear.masked(), token: card.token } } : {}),
    original: original ?? {},
  });
  if (!held.ok) return { type: 'DONE', outcome: 'failed', prompt: promptOf(held.fault), fault: held.fault };
  if (card) keepCard(shop, held.value, card);
  yield* printHeld(shop, held.value);
  return { type: 'DONE', outcome: 'held', held: heldView(shop, held.value) };
}

/** The card of a held refund waits beside the one at the keypad; what is too much is asked for again. */
function keepCard(shop: Shop, held: HeldRefund, card: CardInHand): void {
  if (shop.heldCards.size >= HELD_CARDS_MAX) return forgetCard(shop);
  shop.heldCards.set(held.id, card);
  shop.card = undefined;
}

export function dropHeldCard(shop: Shop, id: number): void {
  const kept = shop.heldCards.get(id);
  if (kept) wipeCard(kept);
  shop.heldCards.delete(id);
}

/** No card of a held refund outlives the process. */
export function dropHeldCards(shop: Shop): void {
  for (const id of [...shop.heldCards.keys()]) dropHeldCard(shop, id);
}

function heldView(shop: Shop, held: HeldRefund): HeldView {
  const all = shop.journal.heldRefunds();
  const left = Math.ceil((held.untilMs - shop.hal.clock.nowMs()) / 1000);
  return {
    id: held.id,
    tracking: trackingOfHeld(held),
    amountMinor: held.amountMinor,
    masked: held.card?.masked ?? '',
    secondsLeft: Math.max(0, left),
    index: Math.max(
      0,
      all.findIndex(one => one.id === held.id),
    ),
    of: all.length,
  };
}

/** The held refund at a place of the list, which goes round; `none` when nothing waits. */
export function heldAt(shop: Shop, index: number): Done {
  const all = shop.journal.heldRefunds();
  const held = all[index % Math.max(all.length, 1)];
  return held ? { type: 'DONE', outcome: 'ok', held: heldView(shop, held) } : { type: 'DONE', outcome: 'none' };
}

/** How much time is left: `ok`, `due` when it is over and it can be sent, `gone` when it waits no more. */
export function heldLeft(shop: Shop, id: number): Done {
  const held = shop.journal.held(id);
  if (held?.state !== 'held') return { type: 'DONE', outcome: 'gone' };
  const view = heldView(shop, held);
  const due = view.secondsLeft === 0 && maySend(shop) && sendable(shop, held);
  return { type: 'DONE', outcome: due ? 'due' : 'ok', held: view };
}

const sendable = (shop: Shop, held: HeldRefund): boolean => held.kind === 'qrRefund' || shop.heldCards.has(held.id);

/** While refunds are off, or the terminal stands still, nothing is sent by itself. */
function maySend(shop: Shop): boolean {
  const { journal } = shop;
  return (
    journal.session()?.signedOn === true &&
    journal.refundsFrozen() === undefined &&
    journal.mayTrade()?.name !== 'reversal-held' &&
    !journal.openSettlement()
  );
}

/** The held refund whose time is over first, and in how many milliseconds; undefined: none can be sent without a person. */
export function nextDue(shop: Shop): { readonly id: number; readonly inMs: number } | undefined {
  const nowMs = shop.hal.clock.nowMs();
  let next: { id: number; inMs: number } | undefined;
  for (const held of shop.journal.heldRefunds()) {
    if (nowMs > held.untilMs + HELD_CARD_MS) dropHeldCard(shop, held.id);
    if (!sendable(shop, held)) continue;
    const inMs = Math.max(0, (shop.heldTries.get(held.id) ?? held.untilMs) - nowMs);
    if (next === undefined || inMs < next.inMs) next = { id: held.id, inMs };
  }
  return next && maySend(shop) ? next : undefined;
}

/**
 * Makes a held refund the transaction at the keypad. Outcome `ready`; `card` when its card must be read again; `second` when the
 * rules want a second person by now (another profile, a lower limit) and nobody has agreed: then the draft says what that person
 * must do, and the same is asked again with the operator number `second` of who agreed. Failed with F20.sent when it waits no more,
 * E16 while refunds are off, E15 when `second` may not agree.
 */
export function takeHeld(shop: Shop, id: number, second?: string): Done {
  const { journal } = shop;
  const held = journal.held(id);
  if (held?.state !== 'held') return { type: 'DONE', outcome: 'failed', prompt: 'F20.sent' };
  if (journal.refundsFrozen()) return { type: 'DONE', outcome: 'failed', prompt: 'E16' };
  const kept = shop.heldCards.get(id);
  forgetCard(shop);
  const decided = draftOf(shop, held, kept);
  const draft = second === undefined ? decided : { ...decided, second };
  const judged = secondMissing(shop, draft);
  if (judged) {
    if (second !== undefined) return { type: 'DONE', outcome: 'failed', prompt: 'E15' };
    // Nobody may be there to agree: it is not tried again by itself.
    shop.heldTries.set(id, NEVER);
    return { type: 'DONE', outcome: 'second', draft: { ...draft, judged } };
  }
  shop.card = kept;
  return { type: 'DONE', outcome: kept || held.kind === 'qrRefund' ? 'ready' : 'card', draft };
}

function draftOf(shop: Shop, held: HeldRefund, card: CardInHand | undefined): Draft {
  const { original, reason, approver, second, channel } = held;
  const sale = original.txnId === undefined ? undefined : shop.journal.txn(original.txnId);
  const [code, note] = reason?.split('-') ?? [];
  return {
    kind: 'refund',
    amountMinor: held.amountMinor,
    ...(channel === 'card' ? {} : { channel }),
    ...(sale ? { original: recordView(shop, sale) } : {}),
    ...(original.reference === undefined ? {} : { reference: original.reference }),
    ...(original.dateMmdd === undefined ? {} : { date: original.dateMmdd }),
    ...(original.order === undefined ? {} : { order: original.order }),
    ...(code === undefined ? {} : { reason: Number(code) }),
    ...(note === undefined ? {} : { note }),
    ...(approver === undefined ? {} : { approver }),
    ...(second === undefined ? {} : { second }),
    ...(card ? { card: { masked: card.clear.masked(), entry: card.source, fallback: card.fallback } } : {}),
    pinTries: card ? 1 : 0,
    fallback: false,
    readTries: 0,
    heldId: held.id,
  };
}

/**
 * A held refund went to the line and came back: what was sent lets go of its card; what was not keeps it for another try.
 * `card`: the one that was in hand.
 */
export function afterSending(shop: Shop, heldId: number, card: CardInHand | undefined): void {
  const held = shop.journal.held(heldId);
  const kept = shop.heldCards.get(heldId);
  if (held?.state !== 'held') {
    shop.heldTries.delete(heldId);
    dropHeldCard(shop, heldId);
    return;
  }
  shop.heldTries.set(heldId, shop.hal.clock.nowMs() + AGAIN_MS);
  if (kept && kept !== card) dropHeldCard(shop, heldId);
  // A sign-on on the way makes its PIN worthless: then the card is gone already.
  if (!card || shop.card !== card) {
    shop.heldCards.delete(heldId);
    return;
  }
  shop.heldCards.set(heldId, card);
  shop.card = undefined;
}

/** What a rule stopped at the last moment is not tried again by itself. */
export function leaveToPerson(shop: Shop, heldId: number): void {
  if (shop.card === shop.heldCards.get(heldId)) shop.card = undefined;
  dropHeldCard(shop, heldId);
  shop.heldTries.set(heldId, NEVER);
}

/** F20-2: 00 stops it; it is never sent. */
export function stopHeld(shop: Shop, id: number): Done {
  const stopped = shop.journal.stopRefund(shop.hal.clock.nowMs(), id, {
    by: '00',
    ...(shop.operator === undefined ? {} : { operator: shop.operator }),
  });
  if (!stopped.ok) return { type: 'DONE', outcome: 'failed', prompt: promptOf(stopped.fault), fault: stopped.fault };
  dropHeldCard(shop, id);
  shop.heldTries.delete(id);
  return { type: 'DONE', outcome: 'ok', held: heldView(shop, stopped.value) };
}

/** F06-6, DOWN: refunds of a sale in any form, oldest first. */
export function refundsOf(shop: Shop, id: number): Done {
  const { journal, hal } = shop;
  const sale = journal.txn(id);
  if (!sale) return { type: 'DONE', outcome: 'none' };
  const base = { ...recordView(shop, sale), kind: 'refund' as const, remainingMinor: 0, refundedMinor: 0 };
  const at = (atMs: number): Pick<RecordView, 'at'> => ({ at: hal.clock.local(atMs) });
  const records: readonly (RecordView & { atMs: number })[] = [
    ...journal.refundsOf(id).map(txn => {
      const view = recordView(shop, txn);
      return { ...view, state: txn.state === 'approved' ? 'accepted' : txn.state, atMs: txn.atMs };
    }),
    ...journal
      .holdsOf({ txnId: id })
      .filter(held => held.state === 'held')
      .map(held => ({
        ...base,
        ...at(held.atMs),
        id: held.id,
        state: 'waiting',
        amountMinor: held.amountMinor,
        tracking: trackingOfHeld(held),
        atMs: held.atMs,
      })),
    ...journal.externalsOf({ txnId: id }).map(external => ({
      ...base,
      ...at(external.atMs),
      id: external.id,
      state: 'external',
      amountMinor: external.amountMinor,
      tracking: '',
      atMs: external.atMs,
    })),
  ].sort((a, b) => a.atMs - b.atMs);
  if (records.length === 0) return { type: 'DONE', outcome: 'none' };
  return { type: 'DONE', outcome: 'ok', records: records.map(({ atMs: _, ...record }) => record) };
}
