import type { TestCard } from './deck.ts';
import type { EmvTransaction } from './emv.ts';

/** How long a tapped card stays in the field when nobody reads it, milliseconds. */
export const FIELD_MS = 5000;

/** The last card that was read, kept for GTK and for GPN without a card number. */
export interface CardMemory {
  readonly card: TestCard;
  readonly source: 'stripe' | 'chip';
  /** GTK gave the tracks; they are given once. */
  tracksGiven: boolean;
}

/** The three readers of the terminal: slot, field, stripe. */
export class Reader {
  /** Card in the chip slot. */
  inserted: TestCard | undefined;
  /** Card in the contactless field. */
  field: TestCard | undefined;
  /** True when the host was told last that a card is in the slot. */
  reportedIn = false;
  /** The last try to read a chip failed: a swipe of a chip card is a permitted fallback. */
  chipFailed = false;
  memory: CardMemory | undefined;
  transaction: EmvTransaction | undefined;
  /** The transaction's card is a contactless one and may be gone. */
  contactless = false;
  private sequence = 0;
  private readonly counters = new Map<string, number>();

  remember(card: TestCard, source: CardMemory['source']): void {
    this.memory = { card, source, tracksGiven: false };
  }

  /** Forgets the card that was read, not the cards that are there. */
  forget(): void {
    this.memory = undefined;
    this.transaction = undefined;
  }

  /** Next values of the card's and the terminal's transaction counters. */
  nextCounters(card: TestCard): { atc: number; sequence: number } {
    const atc = ((this.counters.get(card.id) ?? card.chip?.atc ?? 0) + 1) % 0x10000;
    this.counters.set(card.id, atc);
    this.sequence = (this.sequence % 99_999_999) + 1;
    return { atc, sequence: this.sequence };
  }

  /** True when the card of the transaction is still where it was read. */
  get present(): boolean {
    return this.contactless || (this.transaction !== undefined && this.inserted === this.transaction.card);
  }
}
