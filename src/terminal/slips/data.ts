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

/** Sale 消费, void 消费撤销 or refund 退货. */
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
}

export type SlipData = PurchaseSlip | SettlementSlip | DetailSlip | TotalsSlip | FaultSlip | TrackingSlip | UnknownSlip;

export interface SlipOptions {
  /** Paper: 58 mm has 32 half-width columns, 80 mm has 48. */
  readonly columns: 32 | 48;
  /** Language of the labels; `zh` (also when absent) prints the bilingual form of the UnionPay mock-ups. */
  readonly lang?: 'zh' | 'en';
  /** Minus before the amount of a void or refund; true when absent. */
  readonly negativeAmounts?: boolean;
}
