import { channelOf, type HeldRefund, type Journal, KIND_RULES, type Txn } from '../journal/journal.ts';
import { institutionName } from '../profile/responses.ts';
import type { RecordView } from '../terminal/types.ts';
import { digits } from '../units.ts';
import { maskCode, valueAt, type Wallet } from '../transaction/qr.ts';
import { type AccountKind, arrivalOf, kindOfApplication } from '../transaction/arrival-account.ts';
import { type Due, dueOf } from '../transaction/calendar.ts';
import type { Shop } from './shop.ts';

/** A transaction of the journal as the flows show it. */
export function recordView(shop: Shop, txn: Txn): RecordView {
  const kind = KIND_RULES[txn.kind].act;
  const channel = channelOf(txn);
  return {
    id: txn.id,
    kind,
    channel: channel === 'card' ? undefined : channel,
    state: txn.state,
    masked: maskedOf(shop, txn),
    amountMinor: txn.amountMinor,
    voucher: txn.trace,
    batch: txn.batch,
    reference: txn.answer?.reference ?? '',
    bank: txn.answer?.issuer && institutionName(shop.profile, txn.answer.issuer, shop.lang),
    at: shop.hal.clock.local(txn.atMs),
    remainingMinor: kind === 'sale' ? shop.journal.refundable(txn.id) : 0,
    refundedMinor: txn.refundedMinor,
    tracking: kind === 'refund' ? trackingNumber(txn) : undefined,
    originalVoucher: txn.intent.original?.trace,
  };
}

/** What may be seen of the card, or of the payer's code, of a transaction. */
export function maskedOf(shop: Shop, txn: Txn): string {
  const { card } = txn.intent;
  if (card) return card.masked;
  const code = payCodeOf(shop, txn);
  return code === undefined ? '' : maskCode(code);
}

/** The payer's code of a scan payment, or of the one that a void or refund is of: element 59 of its intent, tag A3. */
export function payCodeOf(shop: Shop, txn: Txn): string | undefined {
  const original = txn.intent.original?.txnId;
  const sale = original === undefined ? txn : shop.journal.txn(original);
  return valueAt(KEPT_CODE, sale?.intent.fields['59']);
}

/** Where an intent keeps the payer's code, however the acquirer wants it sent. */
export const KEPT_CODE = { element: 59, tag: 'A3' } as const;

/** Tracking number of a refund: `RF` and its record number, or that of its hold; six digits at least. */
export function trackingNumber(txn: Txn): string {
  return `RF${digits(txn.intent.heldId ?? txn.id, 6)}`;
}

/** A refund keeps the number that it had while it was held. */
export function trackingOfHeld(held: Pick<HeldRefund, 'id'>): string {
  return `RF${digits(held.id, 6)}`;
}

/**
 * Where the money of a refund (or of a sale) arrives: a wallet pays to its balance, a card of another organisation takes
 * longer, and the chip that paid says whether its account is debit or credit. Nothing tells it of a stripe.
 */
export function accountOf(journal: Journal, txn: Txn): AccountKind {
  const channel = channelOf(txn);
  if (channel === 'wechat' || channel === 'alipay') return 'balance';
  if (channel === 'card' && (txn.answer?.organisation ?? 'CUP') !== 'CUP') return 'foreign';
  const original = txn.intent.original?.txnId;
  const sale = original === undefined ? undefined : journal.txn(original);
  return applicationOf(txn) ?? (sale && applicationOf(sale)) ?? 'unknown';
}

function applicationOf({ answer }: Txn): 'debit' | 'credit' | undefined {
  return kindOfApplication(answer?.emv?.['84'] ?? answer?.emv?.['4F'] ?? answer?.emv?.['9F06']);
}

/** When refunded money is usually there, by the calendar of banks; counted from when it was sent. */
export function dueOfRefund(shop: Shop, txn: Txn): Due {
  const { channels, cutOff } = shop.profile.policy;
  const account = accountOf(shop.journal, txn);
  // A slip says when the money is on the card behind a wallet; its minutes stand beside it.
  const kind = account === 'balance' ? 'debit' : account;
  return dueOf(shop.hal.clock.local(txn.atMs), arrivalOf(channels[channelOf(txn)], kind), cutOff);
}

/**
 * Tracking number of an accepted refund and when it is usually there: working days, or minutes for a wallet's balance.
 * Who has asked the calendar already passes its answer on.
 */
export function trackingOf(
  shop: Shop,
  txn: Txn,
  { day, usualMax } = dueOfRefund(shop, txn),
): { tracking: string; due?: string; dueDays: number; channel?: Wallet; dueMinutes?: number } {
  const channel = channelOf(txn);
  const { debit, balance } = shop.profile.policy.channels[channel].arrival;
  return {
    tracking: trackingNumber(txn),
    ...(day ? { due: `${digits(day.month, 2)}/${digits(day.day, 2)}` } : {}),
    dueDays: debit.unit === 'days' ? usualMax : 1,
    ...(channel === 'card' ? {} : { channel }),
    ...(balance?.unit === 'minutes' ? { dueMinutes: balance.usualMax } : {}),
  };
}
