import type { Txn } from '../../src/journal/journal.ts';
import type { TestCard } from '../../src/sim/terminal/deck.ts';
import type { Intent, Pay } from './plan.ts';

/** A sale that can be voided or refunded, as its slip shows it. */
export interface Receipt {
  readonly id: number;
  readonly batch: number;
  readonly voucher: number;
  readonly reference: string;
  readonly hostDate: string;
  readonly card: string;
  readonly way: Intent['way'];
  readonly pay: Pay;
  /** Order number of a scanned payment. */
  readonly order: string;
}

/** The drawer of the counter: slips of approved sales, and which of them somebody takes out. */
export class Drawer {
  private readonly cards: ReadonlyMap<string, TestCard>;
  private readonly receipts: Receipt[] = [];
  private lastTxn = 0;
  /** The sale that somebody wanted to refund last. */
  private refunded = 0;

  constructor(cards: ReadonlyMap<string, TestCard>) {
    this.cards = cards;
  }

  get last(): Receipt | undefined {
    return this.receipts[this.receipts.length - 1];
  }

  /** Keeps the slip of the newest transaction when it is an approved sale. */
  learn(last: Txn | undefined): void {
    if (!last || last.id === this.lastTxn) return;
    this.lastTxn = last.id;
    if (!/^(sale|qrSale)$/.test(last.kind) || last.state !== 'approved') return;
    const { card, way } = this.cardOf(last);
    this.receipts.push({
      id: last.id,
      batch: last.batch,
      voucher: last.trace,
      reference: last.answer?.reference ?? '',
      hostDate: last.answer?.hostDate ?? '',
      card,
      way,
      pay: last.intent.channel ?? 'card',
      order: last.answer?.order ?? '',
    });
  }

  /** The card of the deck with which a transaction was made, and how. */
  cardOf(txn: Txn): { card: string; way: Intent['way'] } {
    const masked = txn.intent.card?.masked ?? '';
    const entry = txn.intent.card?.entry;
    for (const [id, card] of this.cards)
      if (card.pan.slice(0, 6) === masked.slice(0, 6) && card.pan.slice(-4) === masked.slice(-4))
        return { card: id, way: entry === 'chip' ? 'insert' : entry === 'tap' ? 'tap' : 'swipe' };
    return { card: 'swipe', way: 'swipe' };
  }

  /** The slip that somebody with this intent takes; `batch`: the one that is open. */
  find(intent: Intent, batch: number | undefined): Receipt | undefined {
    const older = intent.find === 'older' ? this.receipts.filter(r => r.batch !== batch) : [];
    const same = intent.find === 'same' ? this.receipts.find(r => r.id === this.refunded) : undefined;
    const newest = this.receipts.slice(-8);
    // Slips of cards and of scanned payments lie apart; where there is none of a kind, somebody takes the wrong one.
    const alike = newest.filter(r => (r.pay === 'card') === (intent.pay === 'card'));
    const list = same ? [same] : older.length > 0 ? older : alike.length > 0 ? alike : newest;
    const receipt = list[Math.floor((intent.choice / 2 ** 32) * list.length)];
    if (intent.kind === 'refund' && receipt) this.refunded = receipt.id;
    return receipt;
  }
}
