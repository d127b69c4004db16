import type { LocalTime } from '../../hal/hal.ts';

/** What slips are made of: plain data that may be shown to people. Card numbers are masked to 6+4 before they come here. */

export type CopyKind = 'merchant' | 'cardholder';

/** How the card was read: swipe S, chip I, tap C, no card N; fallback F. */
export type SlipEntry = 'swipe' | 'chip' | 'tap' | 'none' | 'fallback';

/** Who prints. */
export interface SlipShop {
  readonly merchantName: string;
  readonly merchantNo: string;
  readonly terminalNo: string;
}

/** Chip data of the merchant copy; hex digits as printed. */
export interface SlipChip {
  readonly arqc?: string;
  /** Transaction certificate; printed instead of the ARQC when it is known. */
  readonly tc?: string;
  readonly tvr: string;
  readonly tsi: string;
  readonly aid: string;
  readonly atc: string;
  readonly aip: string;
  readonly sequence: string;
  readonly unpredictable: string;
  readonly cvmResults: string;
  readonly label: string;
}

/** The sale behind a void or refund. */
export interface SlipOriginal {
  /** Six digits. */
  readonly voucher?: string;
  readonly batch?: string;
  readonly reference?: string;
  /** Year, month and day of the original, `2026/11/20`. */
  readonly date?: string;
  readonly amountMinor?: number;
  /** What may still be refunded afterwards. */
  readonly remainderMinor?: number;
}

/** A payment by scanned code: instead of a card there are the wallet, the masked code, and the wallet's own number. */
export interface SlipScan {
  readonly channel: { readonly zh: string; readonly en: string };
  /** Payer's code with stars, `13************1234`; absent when it is not known here. */
  readonly maskedCode?: string;
  /** Order number (付款凭证码, 订单号), in full: a refund at another terminal needs it. */
  readonly order?: string;
}

/** Sale 消费, void 消费撤销 or refund 退货, by card or by scanned code. */
export interface PurchaseSlip {
  readonly kind: 'sale' | 'void' | 'refund';
  readonly copy: CopyKind;
  readonly shop: SlipShop;
  /** `银联POS签购单`, `POS SALES SLIP` */
  readonly title: { readonly zh: string; readonly en: string };
  readonly operator: string;
  /** Second person of a refund. */
  readonly approver?: string;
  readonly issuer?: { readonly name: string; readonly code?: string };
  readonly acquirer?: { readonly name: string; readonly code?: string };
  readonly maskedPan: string;
  readonly entry: SlipEntry;
  readonly scan?: SlipScan;
  /** `2029/12`; printed on the merchant copy only. */
  readonly expiry?: string;
  readonly batch: string;
  readonly voucher: string;
  readonly authCode?: string;
  readonly reference?: string;
  readonly at: LocalTime;
  /** Never negative; the sign of a void or refund comes from the kind. */
  readonly amountMinor: number;
  readonly original?: SlipOriginal;
  /** `1 金额错` */
  readonly reason?: string;
  /** `RF000123` */
  readonly tracking?: string;
  /** `2026/11/26 前` */
  readonly due?: string;
  /** Further remarks: text of the issuer or of the centre. */
  readonly remarks?: readonly string[];
  readonly chip?: SlipChip;
  /** Neither PIN nor signature was asked, because the amount is not above this. */
  readonly noSignatureLimitMinor?: number;
  /** Number of this reprint, from 1. */
  readonly reprint?: number;
  readonly training?: boolean;
  /** True when a QR code follows: its mark is a line of the slip. */
  readonly qr?: boolean;
  readonly servicePhone: string;
}

export interface SlipSide {
  readonly count: number;
  readonly amountMinor: number;
}

/** Settlement totals 结算总计单. */
export interface SettlementSlip {
  readonly kind: 'settlement';
  readonly shop: SlipShop;
  readonly operator: string;
  readonly batch: string;
  readonly at: LocalTime;
  /** 对账平, 对账不平 or 对账出错, of UnionPay and of foreign cards. */
  readonly cup: CardTotals & { readonly result: string; readonly completion: SlipSide; readonly offline: SlipSide };
  readonly foreign: CardTotals & { readonly result: string };
  /** Left out when the shop has no scan payment. */
  readonly qr?: {
    readonly wechat: SlipSide;
    readonly alipay: SlipSide;
    readonly unionpay: SlipSide;
    readonly refund: SlipSide;
  };
  readonly voids: SlipSide;
  readonly netMinor: number;
  readonly unknownRefunds: SlipSide;
  readonly pendingRefunds: SlipSide;
  readonly externalRefunds: SlipSide;
  /** Short form of the journal's head, `9f3c-41aa-77d0-b2e6`. */
  readonly anchor: string;
  /** Absent while the acquirer has not yet named it. */
  readonly newBatch?: string;
  readonly reprint?: number;
}

export interface CardTotals {
  readonly sale: SlipSide;
  readonly refund: SlipSide;
}

/** One transaction of the detail slip. Types: S sale, V void, R refund, P completion, L offline, C completion notice. */
export interface DetailLine {
  readonly voucher: string;
  readonly type: 'S' | 'V' | 'R' | 'P' | 'L' | 'C';
  /** `*` voided, `?` unknown, `T` training. */
  readonly mark?: '*' | '?' | 'T';
  readonly authCode?: string;
  /** Signed: voids and refunds are negative. */
  readonly amountMinor: number;
  readonly maskedPan: string;
}

/** Transaction detail 交易明细单. */
export interface DetailSlip {
  readonly kind: 'detail';
  readonly terminalNo: string;
  readonly batch: string;
  readonly lines: readonly DetailLine[];
}

/** Transaction totals 交易总计单. */
export interface TotalsSlip {
  readonly kind: 'totals';
  readonly cupDebit: SlipSide;
  readonly cupCredit: SlipSide;
  readonly foreignDebit: SlipSide;
  readonly foreignCredit: SlipSide;
  /** Left out when the shop has no scan payment. */
  readonly qrIn?: SlipSide;
  readonly qrOut?: SlipSide;
}

/** Day report 营业日报: X, it closes nothing. */
export interface DaySlip {
  readonly kind: 'day';
  readonly shop: SlipShop;
  readonly operator: string;
  readonly at: LocalTime;
  readonly sales: SlipSide;
  readonly voids: SlipSide;
  readonly refunds: SlipSide;
  /** Sales less voids and refunds. */
  readonly netMinor: number;
  /** Sales and refunds of each wallet that has any. */
  readonly wallets: readonly {
    readonly wallet: 'wechat' | 'alipay' | 'unionpayQr';
    readonly sales: SlipSide;
    readonly back: SlipSide;
  }[];
  readonly externalRefunds: SlipSide;
  /** The open batch as it stands. */
  readonly open: { readonly batch: string; readonly count: number; readonly netMinor: number };
  /** Batches with money of this day that the acquirer closed by itself. */
  readonly left: readonly { readonly batch: string; readonly count: number; readonly netMinor: number }[];
  /** Batches that were closed on this day. */
  readonly closed: readonly { readonly batch: string; readonly count: number; readonly netMinor: number }[];
  readonly heldRefunds: SlipSide;
  readonly unknownRefunds: SlipSide;
  readonly openCases: number;
  /** Short form of the journal's head. */
  readonly anchor: string;
}

/** The acquirer closed a batch by itself 批次未对账: no settlement has compared it. */
export interface BatchLeftSlip {
  readonly kind: 'batchLeft';
  readonly shop: SlipShop;
  readonly operator: string;
  /** Six digits each. */
  readonly batch: string;
  readonly newBatch: string;
  readonly at: LocalTime;
  readonly sales: SlipSide;
  readonly voids: SlipSide;
  readonly refunds: SlipSide;
  /** Sales less voids and refunds. */
  readonly netMinor: number;
  readonly anchor: string;
}

/** Fault report 故障报告单: a reversal could not be delivered. */
export interface FaultSlip {
  readonly kind: 'fault';
  readonly terminalNo: string;
  readonly transaction: 'sale' | 'void';
  readonly voucher: string;
  readonly maskedPan: string;
  readonly amountMinor: number;
  readonly at: LocalTime;
  readonly tries: number;
  /** `98 无应答` */
  readonly reason: string;
  /** `IC000018`; left out when no case was opened. */
  readonly incident?: string;
}

/** Refund tracking slip 退货受理单, for the customer. */
export interface TrackingSlip {
  readonly kind: 'tracking';
  readonly merchantName: string;
  readonly tracking: string;
  readonly amountMinor: number;
  /** Date `11/20` and amount of the original, when known. */
  readonly original?: { readonly date: string; readonly amountMinor: number };
  readonly maskedPan: string;
  /** `银联 借记卡` */
  readonly channel: string;
  readonly reference?: string;
  readonly due: string;
  readonly appealPhone?: string;
  readonly qr?: boolean;
}

/** A refund that waits 退货受理单, or that was stopped before it was sent 退货止付单. */
export interface HeldSlip {
  readonly kind: 'held';
  readonly stopped: boolean;
  readonly merchantName: string;
  readonly terminalNo: string;
  readonly tracking: string;
  readonly amountMinor: number;
  /** Date `11/20`, voucher and amount of the original, when known. */
  readonly original?: { readonly date: string; readonly voucher: string; readonly amountMinor: number };
  readonly maskedPan: string;
  readonly operator: string;
  readonly approver?: string;
  readonly second?: string;
  /** `3 不想要` */
  readonly reason?: string;
  readonly at: LocalTime;
  /** Until then it can be stopped. */
  readonly until: LocalTime;
  /** Who stopped it, and when. */
  readonly stop?: { readonly by: string; readonly at: LocalTime };
  readonly servicePhone: string;
}

/** Unknown refund 待查单. */
export interface UnknownSlip {
  readonly kind: 'unknown';
  readonly tracking: string;
  readonly amountMinor: number;
  readonly originalReference: string;
  readonly sentAt: LocalTime;
  /** Six digits. */
  readonly trace: string;
  readonly acquirerPhone: string;
  /** A void of a scanned payment, which has no reversal either; a refund when absent. */
  readonly isVoid?: boolean;
}

/** Refund status 退货进度单, for the customer. */
export interface StatusSlip {
  readonly kind: 'status';
  readonly merchantName: string;
  readonly tracking: string;
  readonly amountMinor: number;
  /** Date `11/20` and amount of the original, when known. */
  readonly original?: { readonly date: string; readonly amountMinor: number };
  readonly maskedPan: string;
  readonly channel: string;
  readonly state: { readonly zh: string; readonly en: string };
  readonly reference?: string;
  /** Empty when nothing is on its way. */
  readonly due: string;
  /** What the customer is told, two lines a language. */
  readonly say: { readonly zh: readonly [string, string]; readonly en: readonly [string, string] };
  /** Nothing more happens to it. */
  readonly over: boolean;
  readonly at: LocalTime;
  readonly servicePhone: string;
}

/** Wrong refund 退错登记单. */
export interface CaseSlip {
  readonly kind: 'case';
  readonly merchantNo: string;
  readonly terminalNo: string;
  /** `IC000017` */
  readonly number: string;
  readonly tracking: string;
  readonly type: string;
  readonly amountMinor: number;
  /** Card of the sale, and the card to which the money went. */
  readonly rightPan?: string;
  readonly wrongPan?: string;
  readonly reference?: string;
  readonly operator: string;
  readonly approver?: string;
  readonly by: string;
  readonly at: LocalTime;
  readonly owner: string;
  readonly due: LocalTime;
  /** Refunds are switched off. */
  readonly frozen: boolean;
  readonly servicePhone: string;
  readonly anchor: string;
}

/** A profile was flashed into the terminal. */
export interface FlashSlip {
  readonly kind: 'flash';
  readonly shop: SlipShop;
  readonly serialNumber: string;
  readonly model: string;
  /** Profile and version before and after, e.g. `demo-shop v8`. */
  readonly was: string;
  readonly is: string;
  /** SHA-256 of the image, hex; the slip shows its first 16 digits. */
  readonly digest: string;
  readonly by: string;
  readonly at: LocalTime;
  /** Tests that passed on trial. */
  readonly tests: readonly ('echo' | 'printer' | 'panel')[];
  /** In the language of the slip; undefined when nobody here holds the image from before. */
  readonly changes:
    readonly { readonly label: string; readonly mark: string; readonly was: string; readonly is: string }[] | undefined;
  readonly anchor: string;
}

export type SlipData =
  | StatusSlip
  | CaseSlip
  | PurchaseSlip
  | SettlementSlip
  | DetailSlip
  | TotalsSlip
  | DaySlip
  | BatchLeftSlip
  | FlashSlip
  | FaultSlip
  | TrackingSlip
  | HeldSlip
  | UnknownSlip;

export interface SlipOptions {
  /** Paper: 58 mm has 32 half-width columns, 80 mm has 48. */
  readonly columns: 32 | 48;
  /** Language of the labels; `zh` (also when absent) prints the bilingual form of the UnionPay mock-ups. */
  readonly lang?: 'zh' | 'en';
  /** Minus before the amount of a void or refund; true when absent. */
  readonly negativeAmounts?: boolean;
}
