import { ClearCard } from '../card/card.ts';
import { type Fault, faultText } from '../fault.ts';
import { type Reversal, type Txn, tlvOf } from '../journal/journal.ts';
import type { Elements } from '../transaction/elements.ts';
import { SIGN_ON_AGAIN } from '../transaction/answers.ts';
import { reversalElements } from '../transaction/requests.ts';
import { digits } from '../units.ts';
import { prepare, send } from './exchange.ts';
import { signOn } from './management.ts';
import { printFaultSlip } from './printing.ts';
import type { Shop } from './shop.ts';
import { pause, type Task } from './task.ts';

/** Between two tries, so that a line that fails at once does not use them up within a second. */
const TRY_APART_MS = 3000;

export type ReversalEnd = 'none' | 'reversed' | 'failed';

/**
 * Sends what is owed, oldest first, before any other online message: same trace and batch as the original, reason in 39.
 * Each try counts before it is sent. After the last try the reversal is held, never dropped, and the fault slip comes
 * out. A held one that nobody has released gets a new round before the next transaction.
 */
export function* reverseOwed(shop: Shop): Task<ReversalEnd> {
  const { journal, hal } = shop;
  for (const held of journal.heldReversals())
    if (held.releasedBy === undefined) journal.retryReversal(hal.clock.nowMs(), held.id, shop.operator ?? '00');
  let end: ReversalEnd = 'none';
  for (let owed = journal.owedReversal(); owed; owed = journal.owedReversal()) {
    const done = yield* reverseOne(shop, owed);
    if (!done) return 'failed';
    end = 'reversed';
  }
  return end;
}

function* reverseOne(shop: Shop, first: Reversal): Task<boolean> {
  const { journal, hal } = shop;
  const of = shop.profile.acquirer.reversal.tries;
  for (let reversal = first; reversal.state === 'owed';) {
    const { elements, card } = buildReversal(shop, reversal);
    const ready = yield* prepare(shop, elements);
    card?.wipe();
    if ('cause' in ready) {
      // Nothing went out and no try is used up: the terminal could not make the MAC.
      logTrouble(shop, reversal, ready);
      return false;
    }
    const attempt = journal.appendReversalTry(hal.clock.nowMs(), reversal.id).tries;
    const answer = yield* send(shop, ready, {
      progress: secondsLeft => ({ stage: 'reversal', attempt, of, secondsLeft }),
    });
    const now = hal.clock.nowMs();
    if (answer.kind === 'answered') reversal = journal.appendReversalResult(now, reversal.id, { code: answer.code });
    else {
      logTrouble(shop, reversal, answer.fault);
      const badMac = answer.kind === 'unknown' && answer.why === 'badMac';
      reversal = journal.appendReversalResult(now, reversal.id, badMac ? { badMac: true } : { noAnswer: true });
    }
    if (reversal.state === 'done') return true;
    // Wrong keys will not get better by themselves: a sign-on may go before the next try, which is built anew.
    if (
      answer.kind === 'answered' ? SIGN_ON_AGAIN.has(answer.code) : answer.kind === 'unknown' && answer.why === 'badMac'
    ) {
      shop.signOnAgain = true;
      if (reversal.state === 'owed') yield* signOn(shop);
    }
    if (reversal.state === 'held') yield* printFaultSlip(shop, reversal);
    else yield* pause(hal.timers, TRY_APART_MS);
  }
  return false;
}

function logTrouble(shop: Shop, reversal: Reversal, fault: Fault): void {
  shop.hal.log.warn({ event: 'reversal', stan: reversal.txn.trace, fault: fault.name }, faultText(fault));
}

function buildReversal(shop: Shop, reversal: Reversal): { elements: Elements; card?: ClearCard } {
  const { intent } = reversal.txn;
  const { reversal: rules, chipTags } = shop.profile.acquirer;
  const withPan = intent.card !== undefined && (intent.card.entry !== 'swipe' || rules.panAfterSwipe);
  const card = withPan ? openedCard(shop, reversal.txn) : undefined;
  const chip = intent.emv ? tlvOf(intent.emv, chipTags.reversal) : undefined;
  const fields =
    rules.voidOriginal === 'own-trace' && intent.kind === 'void'
      ? { ...intent.fields, '61': digits(intent.batch, 6) + digits(intent.trace, 6) }
      : intent.fields;
  return {
    elements: reversalElements(fields, reversal.reason, card, chip && chip.length > 0 ? chip : undefined),
    ...(card ? { card } : {}),
  };
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
