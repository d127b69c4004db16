import type { KeyName } from '../../src/sim/terminal/machine.ts';
import type { Intent, Pay } from './plan.ts';

/** Keys that a person presses by mistake. */
export const KEYS: readonly KeyName[] = [
  '0',
  '1',
  '2',
  '3',
  '6',
  '7',
  '9',
  '00',
  'ENTER',
  'CANCEL',
  'CLEAR',
  'FN',
  'MENU',
  'UP',
  'DOWN',
  'F1',
  'F2',
  'F3',
];
/** Acts in one intent after which a person only wants to get out, and after which the terminal is stuck. */
export const PATIENCE = 120;
/** Vouchers and amounts that somebody keys for one void or refund before the customer is sent away. */
export const NUMBERS_MAX = 4;
/** Steps that belong to what was wanted, not to the way there. */
export const FLOW: Readonly<Record<Intent['kind'], RegExp>> = {
  sale: /^(sale|qr(?!Void|Refund)|slip|partial|declined|refusal|reversed|reversalFailed)/,
  void: /^(void|qrVoid|slip|declined|refusal|reversed|reversalFailed)/,
  refund: /^(refund|qrRefund|slip|declined|refusal|reversalFailed)/,
  settle: /^(settle|refusal|reversalFailed)/,
  signOn: /^(signOn|signedOn|refusal)/,
  supervisor: /^(supervisor|unknownRefund|release|heldList)/,
  reprint: /^(reprint|refusal)/,
};

/** How payers' codes of a wallet begin, and how many digits they have. */
export const PAYER_CODES: Readonly<Record<Exclude<Pay, 'card'>, readonly [string, number]>> = {
  wechat: ['13', 18],
  alipay: ['28', 18],
  unionpayQr: ['62', 19],
};

/** What a step asks for by the kind of its name; `other`: by its whole name, if at all. */
export type Want = 'paper' | 'remove' | 'card' | 'pin' | 'newPassword' | 'password' | 'number' | 'other';

const WANTS: readonly (readonly [RegExp, Want])[] = [
  [/Trouble$/, 'paper'],
  [/^(takeCard|slipDone)/, 'remove'],
  [/^(sale|void|refund).*(Card|SwipeAgain|UseChip|Fallback|OneCard)$/, 'card'],
  [/Pin$/, 'pin'],
  [/Password(New|Again)$/, 'newPassword'],
  // The supervisor's; the password of a cashier who signs on, and of the second person, are their own.
  [/(void|Void|refund|Refund|reprint|heldStop)Password$/, 'password'],
  // Voucher and amount of an old sale, which are on its slip.
  [/Voucher$|^refundAmount$|^qr(Void|Refund)Find$/, 'number'],
];
const wants = new Map<string, Want>();

export function wantOf(step: string): Want {
  let want = wants.get(step);
  if (want === undefined) {
    want = WANTS.find(([name]) => name.test(step))?.[1] ?? 'other';
    wants.set(step, want);
  }
  return want;
}

/** The keys of a number, then ENTER. */
export function typed(text: string | number): KeyName[] {
  const keys = String(text).match(/00|[0-9]/g) ?? [];
  return [...(keys as KeyName[]), 'ENTER'];
}
