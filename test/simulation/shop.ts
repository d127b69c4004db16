import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { faultText, type Result } from '../../src/fault.ts';
import { compileFieldPlan, type FieldPlan } from '../../src/iso8583/plan.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { namedProfile } from '../../src/node/profiles.ts';
import { loadProfile, type Profile } from '../../src/profile/profile.ts';
import { type Ledger, openLedger } from '../../src/sim/acquirer/ledger.ts';
import { parseDeck, type TestCard } from '../../src/sim/terminal/deck.ts';
import { newPassword, SECOND } from './passwords.ts';
import { PROFILES, type ShopOptions } from './plan.ts';

const DECK = fileURLToPath(new URL('../../firmware-profiles/decks/test-deck.json', import.meta.url));

export function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(faultText(result.fault));
  return result.value;
}

/** The cards of the shipped deck by their id. */
export const CARDS: ReadonlyMap<string, TestCard> = new Map(
  value(parseDeck(readFileSync(DECK, 'utf8'))).cards.map(card => [card.id, card]),
);

/** The first day of a shop: a cashier on duty; who refunds has passed the training, who agrees to refunds has a password. */
export function openShop(journal: Journal, nowMs: number): void {
  journal.appendEvent(nowMs, 'operator-on', { operator: '01' });
  for (const operator of ['01', '00'])
    journal.appendTraining(nowMs, { operator, by: '00', score: 1, of: 1, passed: true });
  value(journal.setPassword(nowMs, SECOND, newPassword(SECOND), SECOND));
}

/** Books of acquirers whose histories are over. To make tables and prepare statements takes as long as twenty sales. */
const closed: Ledger[] = [];

/** The books of an acquirer in memory, empty. */
export function openBooks(): Ledger {
  const books = closed.pop() ?? value(openLedger(':memory:'));
  books.db.exec(EMPTY);
  return books;
}

const EMPTY = ['setting', 'counter', 'terminal', 'account', 'txn', 'settlement', 'upload']
  .map(table => `DELETE FROM ${table};`)
  .join('\n');

/** These books are not needed any more. */
export function closeBooks(books: Ledger): void {
  closed.push(books);
}

const shipped = new Map<string, Profile>(
  PROFILES.map(id => [id, value(loadProfile(id, name => namedProfile(id).read(name)))]),
);

const fields = new Map<string, FieldPlan>(
  [...shipped].map(([id, { dialect, acquirer }]) => [id, value(compileFieldPlan(dialect, acquirer.dialectOptions))]),
);

/** Field plan of the acquirer: no option of a history changes it. */
export function fieldsOf(options: ShopOptions): FieldPlan {
  return fields.get(options.profile) as FieldPlan;
}

/** A shipped profile with the options of one history. */
export function profileOf(options: ShopOptions): Profile {
  const profile = shipped.get(options.profile) as Profile;
  const { policy, acquirer } = profile;
  return {
    ...profile,
    policy: {
      ...policy,
      slipCopies: options.slipCopies as typeof policy.slipCopies,
      voidNeedsManager: options.voidNeedsManager,
      voidNeedsReason: options.voidNeedsReason,
      voidNeedsCard: options.voidNeedsCard,
      refundNeedsManager: options.refundNeedsManager,
      refundNeedsReason: options.refundNeedsReason,
      confirmCardAfterSwipe: options.confirmCardAfterSwipe,
      autoSignOff: options.autoSignOff,
    },
    acquirer: {
      ...acquirer,
      keyMode: options.keyMode,
      answerTimeoutSeconds: options.answerTimeoutSeconds,
      reversal: {
        ...acquirer.reversal,
        tries: options.reversalTries,
        blockWhenHeld: options.blockWhenHeld,
        panAfterSwipe: options.panAfterSwipe,
      },
    },
  };
}
