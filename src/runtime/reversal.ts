import { ClearCard } from '../card/card.ts';
import { type Fault, faultText } from '../fault.ts';
import { channelOf, type Reversal, type ReversalPolicy, type Txn, tlvOf } from '../journal/journal.ts';
import type { Profile } from '../profile/schema.ts';
import type { Elements } from '../transaction/elements.ts';
import { SIGN_ON_AGAIN } from '../transaction/answers.ts';
import { reversalElements } from '../transaction/requests.ts';
import { privateTexts } from './private-elements.ts';
import { payCodeOf } from './records.ts';
import { digits } from '../units.ts';
import { prepare, send, type Outcome } from './exchange.ts';
import { signOn } from './management.ts';
import { printFaultSlip } from './printing.ts';
import type { Shop } from './shop.ts';
import { pause, type Task } from './task.ts';

/**
 * How sending what is owed ended. `none`: nothing was due. `reversed`: each has its final answer. `held`: tries used up,
 * kept, fault slip out. `owed`: it could not go out (no connection, or the terminal made no MAC) or this round was
 * stopped; it still goes before the next online message.
 */
export type ReversalEnd =
  | { readonly kind: 'none' | 'reversed' | 'held' }
  | { readonly kind: 'owed'; readonly why: 'line' | 'terminal' | 'stopped'; readonly fault: Fault };

/** What the journal has to know of a profile's rules for reversals. */
export function reversalPolicyOf(profile: Profile): ReversalPolicy {
  const { tries, finalCodes, blockWhenHeld, restartReason } = profile.acquirer.reversal;
  return { triesMax: tries, finalCodes, blockWhenHeld, restartReason };
}

/**
 * The held reversals that get a new round of tries before the next transaction; a released one waits for the settlement. So does one
 * that is held in spite of a final code, as its batch is settled: the acquirer will not say otherwise at the next sale, and each try
 * costs the cashier a wait and a fault slip. A person ends it.
 */
export function heldDue(shop: Shop): readonly Reversal[] {
  const { heldRetry, finalCodes } = shop.profile.acquirer.reversal;
  if (heldRetry !== 'before-next') return [];
  return shop.journal
    .heldReversals()
    .filter(held => held.releasedBy === undefined && !finalCodes.includes(held.lastCode ?? ''));
}

/**
 * Sends what is owed, oldest first, before any other online message: same trace and batch as the original, reason in 39.
 * A try counts when the connection stands and before the first byte goes, so a line that is down uses none up. After the
 * last try the reversal is held, never dropped, and the fault slip comes out. Besides the owed ones, `due` gives a new
 * round to the held ones that are {@link heldDue}, and `all` to every held one.
 */
export function* reverseOwed(shop: Shop, which: 'owed' | 'due' | 'all'): Task<ReversalEnd> {
  const { journal } = shop;
  let kind: 'none' | 'reversed' | 'held' = 'none';
  const held = which === 'all' ? journal.heldReversals() : which === 'due' ? heldDue(shop) : [];
  let next = 0;
  for (;;) {
    const reversal = next < held.length ? held[next++] : journal.owedReversal();
    if (!reversal) return { kind };
    const end = yield* reverseOne(shop, reversal.id);
    if (end.kind === 'owed') return end;
    if (end.kind === 'held' || kind !== 'held') kind = end.kind;
  }
}

/** One round of tries. */
function* reverseOne(shop: Shop, id: number): Task<ReversalEnd> {
  const { journal, hal } = shop;
  const { tries: of, pauseSeconds, wrongMac } = shop.profile.acquirer.reversal;
  let reversal = journal.reversal(id);
  while (reversal) {
    const { elements, card } = buildReversal(shop, reversal);
    const ready = yield* prepare(shop, elements);
    card?.wipe();
    if ('cause' in ready) {
      // Nothing went out and no try is used up: the terminal could not make the MAC.
      logTrouble(shop, reversal, ready);
      return { kind: 'owed', why: 'terminal', fault: ready };
    }
    const attempt = reversal.state === 'held' ? 1 : reversal.tries + 1;
    const answer: Outcome = yield* send(shop, ready, {
      everyCode: true,
      progress: secondsLeft => ({ stage: 'reversal', attempt, of, secondsLeft }),
      outgoing: () => countTry(shop, id),
    });
    if (answer.kind !== 'answered') logTrouble(shop, reversal, answer.fault);
    if (answer.kind === 'notSent') return { kind: 'owed', why: 'line', fault: answer.fault };
    const badMac = answer.kind === 'unknown' && answer.why === 'badMac';
    reversal = journal.appendReversalResult(
      hal.clock.nowMs(),
      id,
      answer.kind === 'answered' ? { code: answer.code } : badMac ? { badMac: true } : { noAnswer: true },
    );
    if (reversal.state === 'done') return { kind: 'reversed' };
    // Wrong keys will not get better by themselves: a sign-on may go before the next try, which is built anew.
    const signOnFirst = badMac || (answer.kind === 'answered' && SIGN_ON_AGAIN.has(answer.code));
    if (signOnFirst) shop.signOnAgain = true;
    if (reversal.state === 'held') {
      yield* printFaultSlip(shop, reversal);
      return { kind: 'held' };
    }
    if (badMac && wrongMac === 'stop') return { kind: 'owed', why: 'stopped', fault: answer.fault };
    if (signOnFirst) yield* signOn(shop);
    if (pauseSeconds > 0) yield* pause(hal.timers, pauseSeconds * 1000);
  }
  return { kind: 'none' };
}

/** The connection stands: the try counts from here on, on disk before its first byte. */
function countTry(shop: Shop, id: number): void {
  const { journal, hal } = shop;
  if (journal.reversal(id)?.state === 'held') journal.retryReversal(hal.clock.nowMs(), id, shop.operator ?? '00');
  journal.appendReversalTry(hal.clock.nowMs(), id);
}

function logTrouble(shop: Shop, reversal: Reversal, fault: Fault): void {
  shop.hal.log.warn({ event: 'reversal', stan: reversal.txn.trace, fault: fault.name }, faultText(fault));
}

function buildReversal(shop: Shop, reversal: Reversal): { elements: Elements; card?: ClearCard } {
  const { intent, answer } = reversal.txn;
  const { reversal: rules, chipTags, cardOrganisation63 } = shop.profile.acquirer;
  const withPan = intent.card !== undefined && (intent.card.entry !== 'swipe' || rules.panAfterSwipe);
  const card = withPan ? openedCard(shop, reversal.txn) : undefined;
  const chip = intent.emv ? tlvOf(intent.emv, chipTags.reversal) : undefined;
  const ownTrace = rules.voidOriginal === 'own-trace' && intent.kind === 'void';
  const fields = {
    // 38 of an approval that the chip refused; a void has the original's among its own fields.
    ...(answer?.authCode === undefined ? {} : { '38': answer.authCode }),
    ...intent.fields,
    ...(ownTrace ? { '61': digits(intent.batch, 6) + digits(intent.trace, 6) } : {}),
  };
  const elements = reversalElements(
    fields,
    reversal.reason,
    card,
    chip && chip.length > 0 ? chip : undefined,
    rules.with63 ? cardOrganisation63 : undefined,
  );
  return {
    elements: { ...elements, text: new Map([...elements.text, ...scanTexts(shop, reversal.txn)]) },
    ...(card ? { card } : {}),
  };
}

/** Private elements of a scan payment, which its reversal repeats as the profile says. */
function scanTexts(shop: Shop, txn: Txn): ReadonlyMap<number, string> {
  const { scanPayment } = shop.profile.acquirer;
  const channel = channelOf(txn);
  if (!scanPayment || channel === 'card') return new Map();
  const { batch, trace } = txn;
  const numbers = { batch, trace, payCode: payCodeOf(shop, txn), order: txn.answer?.order };
  return privateTexts(shop, scanPayment, 'reversal', channel, numbers);
}

/** The card of a record as clear, owned bytes; the caller wipes it. Undefined when the seal key does not open it. */
export function openedCard(shop: Shop, txn: Txn): ClearCard | undefined {
  const pan = shop.journal.openCard(txn.id);
  if (!pan.ok) {
    shop.hal.log.error({ event: 'seal', fault: pan.fault.name }, faultText(pan.fault));
    return undefined;
  }
  const expiry = Uint8Array.from(txn.intent.card?.expiry ?? '', c => c.charCodeAt(0));
  const card = ClearCard.fromPan(pan.value, expiry);
  pan.value.fill(0);
  return card.ok ? card.value : undefined;
}
