/** Words of the journal: what the runtime hands in and what it gets back. Amounts are minor units, times milliseconds since 1970. */

/** What a transaction is. The `qr…` kinds are the same money without a card. */
export type TxnKind = 'sale' | 'void' | 'refund' | 'qrSale' | 'qrVoid' | 'qrRefund';

/**
 * `open`: intent on disk, no outcome yet. `failed`: nothing was sent. `unknown`: sent, no usable answer. `voided`: an
 * approved sale whose void was approved. `reversed`: an unknown sale or void whose reversal came to an end.
 */
export type TxnState = 'open' | 'approved' | 'declined' | 'failed' | 'unknown' | 'reversed' | 'voided';

export type CardEntry = 'swipe' | 'chip' | 'tap' | 'manual' | 'none';

/** Chip data by tag (uppercase hex name → uppercase hex value). Only tags of the allow-list in `bodies.ts` may be stored. */
export type EmvTags = Readonly<Record<string, string>>;

/** A card as the journal may keep it: never a track, a PIN block or a CVV. */
export interface StoredCard {
  /** First six and last four digits, `*` between. */
  readonly masked: string;
  /** Keyed hash of the PAN, lowercase hex: equal for equal cards. */
  readonly token: string;
  /** PAN under AES-256-GCM, see `sealPan`. */
  readonly sealedPan: Uint8Array;
  /** YYMM */
  readonly expiry?: string;
  /** Card sequence number, 3 digits (data element 23). */
  readonly sequence?: string;
  readonly entry: CardEntry;
  /** The chip could not be read and the stripe was used. */
  readonly fallback: boolean;
}

/** Names the transaction that a void or refund undoes; `txnId` when this journal holds it. */
export interface OriginalRef {
  readonly txnId?: number;
  readonly batch?: number;
  readonly trace?: number;
  /** MMDD of the acquirer (data element 13 of the original's answer). */
  readonly dateMmdd?: string;
  /** Retrieval reference number, 12 characters (data element 37). */
  readonly reference?: string;
  /** Order number of a scanned payment at its channel, as its answer gave it. */
  readonly order?: string;
  readonly amountMinor?: number;
}

/** Where the money of a transaction moves: the card networks, or a wallet whose code was scanned. */
export type Channel = 'card' | 'wechat' | 'alipay' | 'unionpayQr';

/** Everything that must be on disk before the first byte goes out. */
export interface Intent {
  readonly kind: TxnKind;
  readonly amountMinor: number;
  /** Must be the current batch. */
  readonly batch: number;
  /** Must be the number that `nextTrace()` gave; it is used up by the commit. */
  readonly trace: number;
  /** Operator number, 2 digits. */
  readonly operator: string;
  /** Supervisor who approved, 2 digits. */
  readonly approver?: string;
  /** Second person who approved, 2 digits. */
  readonly second?: string;
  /** The held refund that this one sends. */
  readonly heldId?: number;
  /** Rules of the policy that had something to say, by id. */
  readonly findings?: readonly string[];
  /** `card` when absent. */
  readonly channel?: Channel;
  /** Absent for QR codes. */
  readonly card?: StoredCard;
  /** Data element 22, 3 digits. */
  readonly entryMode: string;
  readonly original?: OriginalRef;
  /** Why a void or refund was made, as chosen on the screen. */
  readonly reason?: string;
  /** Terminal number, 8 characters (data element 41). */
  readonly tid: string;
  /** Merchant number, 15 characters (data element 42). */
  readonly mid: string;
  /** Data elements by number as text, enough to rebuild the 0400; only numbers of the allow-list in `bodies.ts`. */
  readonly fields: Readonly<Record<string, string>>;
  /** Tags of field 55 that a reversal repeats: 95, 9F1E, 9F10, 9F36, DF31. */
  readonly emv?: EmvTags;
}

/** Reason of a reversal (data element 39 of the 0400): no answer, other, wrong MAC, fault of the terminal. */
export type ReversalReason = '98' | '06' | 'A0' | '96';

export interface Approved {
  readonly result: 'approved';
  /** Answer code, 2 characters. */
  readonly code: string;
  readonly reference?: string;
  /** Order number of a scanned payment at its channel (UnionPay: payment voucher code 付款凭证码), 1–32 digits and letters. */
  readonly order?: string;
  readonly authCode?: string;
  /** MMDD */
  readonly hostDate?: string;
  /** hhmmss */
  readonly hostTime?: string;
  /** MMDD */
  readonly settleDate?: string;
  readonly issuer?: string;
  readonly acquirer?: string;
  /** Card organisation, 3 characters of field 63; `CUP` when absent. */
  readonly organisation?: string;
  /** Text of the centre (field 63); card numbers in it are masked. */
  readonly centreText?: string;
  /** Answer code 10 only: what was approved; from then on it is the transaction's amount. At most the amount asked for. */
  readonly amountMinor?: number;
  /** Tags for the slip and for the TC upload. */
  readonly emv?: EmvTags;
}

export interface Declined {
  readonly result: 'declined';
  readonly code: string;
  readonly reference?: string;
  readonly hostDate?: string;
  readonly hostTime?: string;
  readonly issuer?: string;
  readonly acquirer?: string;
  readonly centreText?: string;
}

export type Outcome =
  | Approved
  | Declined
  /** Certain that no byte reached the acquirer. */
  | { readonly result: 'notSent'; readonly why: string }
  /** Sent, and no answer that can be used. */
  | {
      readonly result: 'unknown';
      readonly reason: ReversalReason;
      readonly why: string;
      /** 38 of an approval that could not stand: its reversal names it. */
      readonly authCode?: string;
    };

export interface Txn {
  /** Number of the intent's record: unique in the journal for ever. */
  readonly id: number;
  readonly atMs: number;
  readonly kind: TxnKind;
  readonly state: TxnState;
  /** The journal's own count of batches; unlike the batch number it never repeats. */
  readonly period: number;
  readonly batch: number;
  /** Trace number = voucher number. */
  readonly trace: number;
  /** What counts: the amount asked for, or the part that was approved. */
  readonly amountMinor: number;
  readonly requestedMinor: number;
  /** Sum of the accepted refunds of this sale. */
  readonly refundedMinor: number;
  /** The void that undid this sale. */
  readonly voidedBy?: number;
  /** Times that an unknown refund was sent again. */
  readonly resends: number;
  readonly intent: Intent;
  /** What ended it (last outcome, or the entry of a person). */
  readonly answer?: Answer;
}

/** The last outcome of a transaction in one flat shape. */
export interface Answer {
  readonly atMs: number;
  readonly code?: string;
  readonly reference?: string;
  /** Order number of a scanned payment. */
  readonly order?: string;
  readonly authCode?: string;
  readonly hostDate?: string;
  readonly hostTime?: string;
  readonly settleDate?: string;
  readonly issuer?: string;
  readonly acquirer?: string;
  readonly organisation?: string;
  readonly centreText?: string;
  readonly emv?: EmvTags;
  /** Why the outcome is unknown. */
  readonly reason?: ReversalReason;
  readonly why?: string;
  /** The person whose entry decided. */
  readonly by?: string;
  readonly note?: string;
}

/**
 * `armed`: the request may go out any moment. `owed`: must be sent before any other online message. `held`: tries used
 * up, waits for a person. `done`: final answer or a person's entry. `cleared`: not needed.
 */
export type ReversalState = 'armed' | 'owed' | 'held' | 'done' | 'cleared';

export interface Reversal {
  /** Id of the transaction that it reverses. */
  readonly id: number;
  readonly txn: Txn;
  readonly state: ReversalState;
  readonly reason: ReversalReason;
  /** Tries counted in this round; a try counts before it is sent. */
  readonly tries: number;
  readonly lastTryMs?: number;
  readonly lastCode?: string;
  /** Supervisor who released the terminal while this one is held. */
  readonly releasedBy?: string;
}

export type ReversalResult = { readonly code: string } | { readonly noAnswer: true } | { readonly badMac: true };

/** What the profile says about reversals. */
export interface ReversalPolicy {
  readonly triesMax: number;
  /** Answer codes of a 0410 that end it; compared whole. */
  readonly finalCodes: readonly string[];
  /** A held reversal stops new transactions until a supervisor releases the terminal. */
  readonly blockWhenHeld: boolean;
  /** Reason of the reversal of what a restart cut off; 98 when absent. */
  readonly restartReason?: '98' | '06';
}

export interface WrappedKey {
  /** Under the terminal's master key, hex. */
  readonly wrapped: string;
  /** Key check value, hex. */
  readonly kcv: string;
}

/** What a sign-on answer brought. */
export interface SignOn {
  /** 001 single DES, 003 double DES, 004 double DES with track key (60.3). */
  readonly mode: '001' | '003' | '004';
  readonly batch: number;
  readonly keys: { readonly pin: WrappedKey; readonly mac: WrappedKey; readonly track?: WrappedKey };
  /** Data element 32. */
  readonly acquirerId?: string;
  /** MMDDhhmmss of data elements 13 and 12. */
  readonly hostTime?: string;
  readonly tid?: string;
  readonly mid?: string;
}

export interface Session extends SignOn {
  readonly signedOn: boolean;
  readonly atMs: number;
}

export type OperatorRole = 'cashier' | 'supervisor' | 'administrator';

export interface Operator {
  /** 2 digits: 01–98 cashiers, 00 supervisor, 99 administrator. */
  readonly no: string;
  readonly role: OperatorRole;
  readonly mustChange: boolean;
  readonly failures: number;
  /** 0: not blocked. */
  readonly blockedUntilMs: number;
}

export interface Sum {
  readonly count: number;
  readonly amountMinor: number;
}

/** Totals of field 48 of the 0500: own cards (organisation CUP) and all others. */
export interface BatchTotals {
  readonly cup: { readonly debit: Sum; readonly credit: Sum };
  readonly foreign: { readonly debit: Sum; readonly credit: Sum };
}

export type SettlementStage = 'requested' | 'answered' | 'uploading' | 'ended' | 'closed' | 'cancelled';

/** Flags of the 0510: 1 balanced, 2 not balanced, 3 error. */
export interface SettlementFlags {
  readonly cup: 1 | 2 | 3;
  readonly foreign: 1 | 2 | 3;
}

/** Where a batch upload stands; written after each answered message, so that it goes on after a power cut. */
export interface UploadCursor {
  /** Part of the upload, e.g. `details`, `notices`, `tc`, `end`. */
  readonly step: string;
  /** Next item of the step. */
  readonly index: number;
  /** Round of repeats, from 0. */
  readonly round: number;
  /** Items sent so far (field 48 of the batch end). */
  readonly sent: number;
  /** Transactions to send again in the next round. */
  readonly missing?: readonly number[];
}

export interface Settlement {
  /** Number of its first record. */
  readonly id: number;
  readonly atMs: number;
  readonly period: number;
  readonly batch: number;
  readonly stage: SettlementStage;
  readonly totals: BatchTotals;
  readonly flags?: SettlementFlags;
  readonly cursor?: UploadCursor;
  readonly items?: number;
  readonly newBatch?: number;
}

export type SlipCopy = 'merchant' | 'cardholder' | 'bank';

export interface Slip {
  readonly id: number;
  readonly atMs: number;
  readonly txnId?: number;
  /** e.g. `sale`, `settlement`, `fault`. */
  readonly kind: string;
  readonly copy: SlipCopy;
  readonly columns: number;
  readonly lines: readonly string[];
  /** Text of the QR code that the lines have a mark for: the signed code of a sale. */
  readonly code?: string;
  readonly reprints: number;
}

/** How a training ended: right answers and drills of all that were tried. `by`: who began it. */
export interface TrainingResult {
  readonly operator: string;
  readonly by: string;
  readonly score: number;
  readonly of: number;
  readonly passed: boolean;
}

/** One record of the chain as people may see it. */
export interface JournalRecord {
  readonly seq: number;
  readonly atMs: number;
  readonly kind: string;
  /** Parsed body; sealed and hashed secrets replaced by `…`. */
  readonly body: unknown;
  /** SHA-256, hex. */
  readonly hash: string;
}

/** A refund that was decided and waits: nothing of it was sent, and it can still be stopped. */
export interface HeldRefund {
  /** Number of its record; its tracking number stays when it is sent. */
  readonly id: number;
  readonly atMs: number;
  /** `sent`: its transaction ({@link txnId}) went out. */
  readonly state: 'held' | 'stopped' | 'sent';
  readonly kind: 'refund' | 'qrRefund';
  readonly channel: Channel;
  readonly amountMinor: number;
  /** From then on it may be sent without a person. */
  readonly untilMs: number;
  readonly operator: string;
  readonly approver?: string;
  readonly second?: string;
  /** 6 + 4 digits and the token that the card must have when it is sent. Absent for QR codes. */
  readonly card?: { readonly masked: string; readonly token: string };
  readonly original: OriginalRef;
  readonly reason?: string;
  readonly findings: readonly string[];
  readonly txnId?: number;
  /** Who stopped it and why. */
  readonly stopped?: { readonly atMs: number; readonly by: string; readonly note?: string };
}

/** Money that a person gave back by another way; it counts against what can still be refunded and is never sent. */
export interface ExternalRefund {
  readonly id: number;
  readonly atMs: number;
  readonly original: OriginalRef;
  readonly amountMinor: number;
  readonly method: 'bank' | 'cash' | 'wallet' | 'other';
  /** Number of the bank transfer, receipt or case, up to 40 characters. */
  readonly proof: string;
  readonly operator: string;
  readonly by: string;
  readonly note: string;
}

/** Where an accepted refund is, as somebody said it; the newest word counts. */
export type LifeState = 'processing' | 'cleared' | 'arrived' | 'abnormal' | 'redirected' | 'closed' | 'manual';
export interface Life {
  /** Transaction of the refund. */
  readonly id: number;
  readonly state: LifeState;
  readonly source: 'file' | 'supervisor' | 'channel' | 'customer';
  readonly atMs: number;
  readonly by?: string;
  readonly reference?: string;
  readonly note?: string;
}

export type CaseType = 'amount' | 'card' | 'twice' | 'notOurs' | 'fraud' | 'failed' | 'other';
export type CaseClass = 'system' | 'operator' | 'customer' | 'channel' | 'compatibility' | 'fraud';
export type CaseOwner = 'technician' | 'supervisor' | 'finance' | 'manager';

/** A refund (or void) that went wrong, until somebody has put it right. */
export interface Case {
  /** Number of its first record; IC and this number for people. */
  readonly id: number;
  readonly atMs: number;
  readonly state: 'open' | 'closed';
  /** Transaction, or held refund, that it is about. */
  readonly about: number;
  readonly type: CaseType;
  readonly class: CaseClass;
  readonly owner: CaseOwner;
  readonly dueMs: number;
  readonly operator: string;
  readonly by?: string;
  readonly note?: string;
  readonly entries: readonly CaseEntry[];
}

export interface CaseEntry {
  readonly atMs: number;
  readonly what: 'remedy' | 'contact' | 'compensation' | 'note' | 'closed';
  readonly method?: string;
  /** Never sent to the acquirer. */
  readonly amountMinor?: number;
  readonly proof?: string;
  readonly by: string;
  readonly note: string;
}

export type NoticeEvent = 'accepted' | 'delayed' | 'failed' | 'wrong' | 'corrected' | 'arrived' | 'stopped' | 'frozen';
export type NoticeAdapter = 'print' | 'file' | 'webhook';

/** Something that a customer or an office shall be told. */
export interface Notice {
  readonly id: number;
  readonly atMs: number;
  readonly about: number;
  /** Number of the record that it follows from. */
  readonly because: number;
  readonly event: NoticeEvent;
  readonly adapter: NoticeAdapter;
  readonly lang: 'zh' | 'en';
  readonly lines: readonly string[];
  readonly state: 'waiting' | 'delivered';
  readonly tries: number;
}

/** What was not allowed to begin, and by which rule. */
export interface Refusal {
  readonly act: TxnKind;
  readonly operator: string;
  /** Local prompt, e.g. `E08`. */
  readonly prompt: string;
  readonly rule?: string;
  readonly value?: number;
  readonly limit?: number;
  readonly amountMinor?: number;
  readonly originalId?: number;
}

/** A transaction as the rules of the policy look at the past: what counts as money moved or on its way. */
export interface PastRow {
  /** Number of its record: what came first. */
  readonly id: number;
  readonly atMs: number;
  readonly act: 'sale' | 'void' | 'refund';
  readonly channel: Channel;
  readonly amountMinor: number;
  readonly operator: string;
  readonly token?: string;
}

/** Who switched refunds off, and why. */
export interface Freeze {
  readonly by: string;
  readonly atMs: number;
  readonly note?: string;
}
