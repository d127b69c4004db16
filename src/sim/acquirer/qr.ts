import { digits } from '../../units.ts';
import { chainValue, type Desk, mmdd } from './desk.ts';
import type { Effect } from './effects.ts';
import type { Channel, Course } from './ledger.ts';
import type { Request } from './request.ts';

/** Wallets and UnionPay codes as the virtual acquirer plays them: payers and order numbers. */

/** Above it a wallet asks its customer for the password, minor units. */
const CONFIRM_ABOVE_MINOR = 100_000;
/** Inquiries until such a customer has paid. */
const CONFIRM_INQUIRIES = 2;
/** Answer code of a payment that its customer must confirm. */
export const WAITING_CODE = '09';

/** True for a payment by scanned code: entry mode 03x. */
export function isQr(request: Request): boolean {
  return request.view.text(22).startsWith('03');
}

/** The wallet of a payer's code, told by its first two digits; undefined for what no wallet issues. */
export function channelOfCode(code: string): Exclude<Channel, 'card'> | undefined {
  if (!/^\d{16,24}$/.test(code)) return undefined;
  const prefix = Number(code.slice(0, 2));
  if (prefix >= 10 && prefix <= 15) return code.length === 18 ? 'wechat' : undefined;
  if (prefix >= 25 && prefix <= 30) return 'alipay';
  return prefix === 62 ? 'unionpayQr' : undefined;
}

/** The payer's code of a request, tag A3. */
export function payerCode(request: Request): string | undefined {
  return isQr(request) ? chainValue(request.view.text(59), 'A3') : undefined;
}

/** How the customer of a payment behaves: as the effect says, else as the wallet does. */
export function customerOf(
  channel: Channel,
  amountMinor: number,
  effect: Effect,
): { course: Course; inquiries: number } {
  const end = effect.customer;
  if (end !== undefined) return { course: end, inquiries: effect.inquiries ?? 1 };
  if (effect.inquiries !== undefined) return { course: 'pays', inquiries: effect.inquiries };
  if (channel !== 'unionpayQr' && amountMinor > CONFIRM_ABOVE_MINOR)
    return { course: 'pays', inquiries: CONFIRM_INQUIRIES };
  return { course: '', inquiries: 0 };
}

/**
 * Order number of a payment. UnionPay: 20 digits, 5821, MMDD, serial; WeChat: 28, 4200001234, YYYYMMDD, serial; Alipay: 28,
 * YYYYMMDD, 22001, serial.
 */
export function orderNumber(desk: Desk, channel: Channel, reference: string): string {
  const day = digits(desk.now.year, 4) + mmdd(desk.now);
  const serial = reference.slice(4);
  if (channel === 'wechat') return `4200001234${day}${serial.padStart(10, '0')}`;
  if (channel === 'alipay') return `${day}22001${serial.padStart(15, '0')}`;
  return `5821${mmdd(desk.now)}${serial}0000`;
}
