/**
 * The virtual acquirer's own books: accounts, transactions, settlements. Independent of the terminal's journal on purpose,
 * so that the two can be compared. No clear card number: masked number and keyed token only.
 */
export type LedgerKind = 'sale' | 'void' | 'refund' | 'balance';

/**
 * `approved`; `voided` (a sale whose void was approved); `reversed`; `declined`; `tombstone`: a reversal came for a
 * transaction that never did, and if it comes late it is refused; `waiting`: a scanned payment whose customer has not
 * confirmed yet.
 */
export type LedgerState = 'approved' | 'voided' | 'reversed' | 'declined' | 'tombstone' | 'waiting';

/** How a payment came: by card, or by a code of a wallet. */
export type Channel = 'card' | 'wechat' | 'alipay' | 'unionpayQr';

/** What is to become of a payment that its customer must confirm, or of a refund to a wallet; empty: the usual. */
export type Course = '' | 'pays' | 'refuses' | 'never' | 'abnormal' | 'closed' | 'lowBalance';

export type Organisation = 'CUP' | 'foreign';

export interface TerminalRow {
  readonly tid: string;
  readonly mid: string;
  readonly batch: number;
  readonly signedOn: number;
  readonly mode: string;
  /** Working keys wrapped under the master key; empty before the first sign-on. */
  readonly pik: Uint8Array;
  readonly mak: Uint8Array;
  readonly tdk: Uint8Array;
}

export interface AccountRow {
  readonly token: string;
  readonly pan_masked: string;
  readonly organisation: Organisation;
  readonly balance: number;
  /** Keyed digest of the PIN. */
  readonly pinCheck: string;
  /** Wrong PINs in a row on `pinDay` (YYYYMMDD). */
  readonly pinFailures: number;
  readonly pinDay: string;
}

export interface TxnRow {
  readonly id: number;
  readonly atMs: number;
  readonly kind: LedgerKind;
  readonly state: LedgerState;
  readonly tid: string;
  readonly mid: string;
  readonly batch: string;
  readonly trace: string;
  readonly amountMinor: number;
  /** Amount of the request; differs from `amountMinor` after a partial approval. */
  readonly requestedMinor: number;
  readonly code: string;
  readonly reference: string;
  readonly authCode: string;
  /** MMDD of the answer. */
  readonly hostDate: string;
  readonly token: string;
  readonly pan_masked: string;
  readonly organisation: Organisation;
  /** `id` of the voided or refunded sale. */
  readonly original: number | null;
  /** Order number of a scanned payment (UnionPay: voucher code, 20 digits). */
  readonly voucher: string;
  readonly channel: Channel;
  readonly course: Course;
  /** Inquiries until the customer has decided. */
  readonly inquiries: number;
}

/** A transaction that is booked now. */
export type NewTxn = Omit<TxnRow, 'id' | 'channel' | 'course' | 'inquiries'> &
  Partial<Pick<TxnRow, 'channel' | 'course' | 'inquiries'>>;

export interface SettlementRow {
  readonly tid: string;
  readonly mid: string;
  readonly batch: string;
  readonly state: 'requested' | 'closed';
  readonly flagCup: string;
  readonly flagForeign: string;
  /** Items that the batch end announced; -1 before it. */
  readonly announced: number;
}

/** Debit and credit of one block of a settlement. */
export interface Totals {
  readonly debitMinor: number;
  readonly debitCount: number;
  readonly creditMinor: number;
  readonly creditCount: number;
}

export interface UploadItem {
  readonly tid: string;
  readonly mid: string;
  readonly batch: string;
  readonly sort: 'detail' | 'certificate' | 'failed' | 'notice';
  readonly trace: string;
  readonly panMasked: string;
  readonly amountMinor: number;
  readonly matched: boolean;
}

/** One line of {@link ledgerSummary}. */
export interface SummaryRow {
  readonly tid: string;
  readonly mid: string;
  readonly kind: LedgerKind;
  readonly trace: string;
  readonly batch: string;
  readonly reference: string;
  readonly amountMinor: number;
  readonly state: LedgerState;
  readonly code: string;
  readonly channel: Channel;
}

export interface LedgerSummary {
  /** Sales, voids and refunds in the order in which they came, declined ones and tombstones too. */
  readonly rows: readonly SummaryRow[];
  /** `TID MID` → what the merchant is owed, minor units: sales less voids less refunds, without what was reversed. */
  readonly netMinor: ReadonlyMap<string, number>;
}
