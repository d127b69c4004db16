import type { HeldRefund } from '../journal/journal.ts';
import { digits } from '../units.ts';
import { printNotice, reasonText } from './printing.ts';
import { trackingOfHeld } from './records.ts';
import type { Shop } from './shop.ts';
import type { Task } from './task.ts';

/** 退货受理单 of a refund that waits, 退货止付单 of one that was stopped. */
export function* printHeld(shop: Shop, held: HeldRefund): Task<void> {
  const { profile, lang, hal, journal } = shop;
  const { original, approver, second, stopped } = held;
  const sale = original.txnId === undefined ? undefined : journal.txn(original.txnId);
  const day = sale && hal.clock.local(sale.atMs);
  const reason = held.reason === undefined ? undefined : reasonText('refund', held.reason, profile.texts.words, lang);
  yield* printNotice(
    shop,
    {
      kind: 'held',
      stopped: held.state === 'stopped',
      merchantName: profile.merchant.name[lang],
      terminalNo: profile.merchant.terminalNo,
      tracking: trackingOfHeld(held),
      amountMinor: held.amountMinor,
      ...(sale && day
        ? {
            original: {
              date: `${digits(day.month, 2)}/${digits(day.day, 2)}`,
              voucher: digits(sale.trace, 6),
              amountMinor: sale.amountMinor,
            },
          }
        : {}),
      maskedPan: held.card?.masked ?? '',
      operator: held.operator,
      ...(approver === undefined ? {} : { approver }),
      ...(second === undefined ? {} : { second }),
      ...(reason === undefined ? {} : { reason }),
      at: hal.clock.local(held.atMs),
      until: hal.clock.local(held.untilMs),
      ...(stopped ? { stop: { by: stopped.by, at: hal.clock.local(stopped.atMs) } } : {}),
      servicePhone: profile.merchant.servicePhone,
    },
    held.state === 'stopped' ? 'stopped' : 'held',
  );
}
