import type { Profile } from '../profile/schema.ts';

/** What the flows need from the profile: limits, switches and times in milliseconds. */
export interface PanelProfile {
  readonly operationTimeoutMs: number;
  readonly cardTimeoutMs: number;
  readonly cardConfirmMs: number;
  readonly saleMaxMinor: number;
  readonly refundMaxMinor: number;
  /** Who asked or approved may not approve a second time. */
  readonly twoPerson: boolean;
  readonly voidNeedsManager: boolean;
  readonly voidNeedsCard: boolean;
  readonly voidNeedsPin: boolean;
  readonly voidNeedsReason: boolean;
  readonly refundNeedsManager: boolean;
  readonly refundNeedsPin: boolean;
  readonly refundNeedsReason: boolean;
  readonly reprintNeedsManager: boolean;
  /** Contactless sales up to this amount ask for no PIN (小额免密); 0 = always ask. */
  readonly noPinLimitMinor: number;
  readonly slipCopies: number;
  /** A card at the idle screen starts a sale. */
  readonly cardStartsSale: boolean;
  readonly confirmCardAfterSwipe: boolean;
  readonly fallbackAllowed: boolean;
  readonly pinSendsMax: number;
  readonly readTriesMax: number;
  /** Wrong passwords after which an approval is given up. The journal counts on its own and blocks the person. */
  readonly passwordTries: number;
  /** How long an answer of the acquirer is waited for, in seconds. */
  readonly answerSeconds: number;
  /** Scan payment: how often a customer who must confirm is asked about, and for how long. Absent: none. */
  readonly scan?: { readonly inquirySeconds: number; readonly confirmSeconds: number };
  readonly servicePhone: string;
  readonly merchantNo: string;
  readonly terminalNo: string;
  /** The keypad locks itself after so many minutes at the idle screen; 0 = never. */
  readonly autoLockMinutes: number;
  /** The counter of training: its own menu, and no training inside of training. */
  readonly training?: true;
  readonly id: string;
  readonly version: number;
  /** Answers what is asked about typed passwords; absent: the digits themselves do. */
  readonly passwords?: {
    /** Would anybody guess it? */
    weak(typed: string): boolean;
    same(one: string, other: string): boolean;
  };
}

const known = new WeakMap<Profile, PanelProfile>();

/** The flows' view of a complete profile: one object for each profile, so that its steps are made once. */
export function panelProfile(profile: Profile): PanelProfile {
  const made = known.get(profile) ?? viewOf(profile);
  known.set(profile, made);
  return made;
}

function viewOf(profile: Profile): PanelProfile {
  const { policy, terminal, merchant } = profile;
  const { scanPayment } = profile.acquirer;
  return {
    operationTimeoutMs: policy.operationTimeoutSeconds * 1000,
    cardTimeoutMs: policy.cardTimeoutSeconds * 1000,
    cardConfirmMs: policy.cardConfirmSeconds * 1000,
    saleMaxMinor: policy.saleMaxMinor,
    refundMaxMinor: policy.refundMaxMinor,
    twoPerson: policy.twoPerson,
    voidNeedsManager: policy.voidNeedsManager,
    voidNeedsCard: policy.voidNeedsCard,
    voidNeedsPin: policy.voidNeedsPin,
    voidNeedsReason: policy.voidNeedsReason,
    refundNeedsManager: policy.refundNeedsManager,
    refundNeedsPin: policy.refundNeedsPin,
    refundNeedsReason: policy.refundNeedsReason,
    reprintNeedsManager: policy.reprintNeedsManager,
    noPinLimitMinor: policy.qpsLimitMinor,
    slipCopies: terminal.printColumns === 0 ? 0 : policy.slipCopies,
    cardStartsSale: policy.defaultTransaction === 'sale',
    confirmCardAfterSwipe: policy.confirmCardAfterSwipe,
    fallbackAllowed: policy.fallbackAllowed,
    pinSendsMax: policy.pinTries,
    readTriesMax: policy.cardTries,
    passwordTries: policy.passwordTries,
    answerSeconds: profile.acquirer.answerTimeoutSeconds,
    ...(scanPayment && profile.transactions.qrSale?.enabled
      ? { scan: { inquirySeconds: scanPayment.inquirySeconds, confirmSeconds: scanPayment.confirmSeconds } }
      : {}),
    servicePhone: merchant.servicePhone,
    merchantNo: merchant.merchantNo,
    terminalNo: merchant.terminalNo,
    autoLockMinutes: policy.autoLockMinutes,
    id: profile.id,
    version: profile.version,
  };
}
