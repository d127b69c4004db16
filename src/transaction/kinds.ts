/**
 * What moves money, in the words of the code table: sale 消费, void 消费撤销, refund 退货.
 */
export type MoneyKind = 'sale' | 'void' | 'refund';

/** Reason of a reversal, data element 39 of the 0400: 98 no answer, A0 MAC wrong, 96 terminal fault, 06 anything else. */
export type ReversalReason = '98' | 'A0' | '96' | '06';

/** How the card was read: decides data element 22 (02 stripe, 05 chip, 07 contactless, 01 without card). */
export type CardEntry = 'swipe' | 'chip' | 'tap' | 'none';

const ENTRY_MODE: Record<CardEntry, string> = { swipe: '02', chip: '05', tap: '07', none: '01' };

/** Data element 22, three digits: two of the entry and one of the PIN (1 entered, 2 not). */
export function entryModeOf(entry: CardEntry, pinEntered: boolean): string {
  return ENTRY_MODE[entry] + (pinEntered ? '1' : '2');
}
