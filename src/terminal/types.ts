import type { Fault } from '../fault.ts';
import type { LocalTime } from '../hal/hal.ts';
import type { MenuId, PromptId, ScreenId, WordId } from '../profile/screens.ts';
import type { Values } from '../profile/template.ts';
import type { MoneyKind } from '../transaction/kinds.ts';

export type Lang = 'zh' | 'en';

/** Key names of the panel (E010 event table). */
export type KeyName =
  | '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9' | '00'
  | 'ENTER' | 'CANCEL' | 'CLEAR' | 'FN' | 'MENU' | 'UP' | 'DOWN' | 'ALPHA' | 'F1' | 'F2' | 'F3' | 'F4'; // prettier-ignore

export type CardSource = 'swipe' | 'chip' | 'tap';

/** What the desk looks like from outside the flow: the runtime tells it after every job. */
export interface DeskStatus {
  /** Cashier at the keypad, two digits. */
  readonly operator?: string;
  readonly signedOn: boolean;
  readonly batch: number;
  /** Transactions in the batch. */
  readonly batchCount: number;
  readonly journalFull: boolean;
  /** Reversals that have no final answer yet. */
  readonly reversalsOwed: number;
  /** Those of them that the next online message sends first: not the held ones that a supervisor let wait. */
  readonly reversalsDue: number;
  /** A held reversal blocks trading until a supervisor releases the terminal. */
  readonly blocked: boolean;
  readonly unknownRefunds: number;
  /** A settlement was cut off and must be finished first. */
  readonly settlementOpen: boolean;
  /** Operator who locked the terminal. */
  readonly lockedBy?: string;
  /** A chip card is in the slot. */
  readonly chipIn: boolean;
  /** Version of this software. */
  readonly version: string;
  /** Short form of the journal's head. */
  readonly anchor: string;
}

/** A card as people may see it. */
export interface CardView {
  readonly masked: string;
  readonly entry: CardSource;
  readonly fallback: boolean;
}

/** A transaction of the journal as people may see it. */
export interface RecordView {
  readonly id: number;
  readonly kind: MoneyKind;
  readonly state: string;
  readonly masked: string;
  readonly amountMinor: number;
  readonly voucher: number;
  readonly batch: number;
  readonly reference: string;
  /** Local time of the transaction. */
  readonly at: LocalTime;
  /** What may still be refunded. */
  readonly remainingMinor: number;
  readonly refundedMinor: number;
  /** Voucher of the original of a void or refund, when it is known here. */
  readonly originalVoucher?: number;
}

/** The transaction that is being made at the keypad. */
export interface Draft {
  readonly kind: MoneyKind;
  readonly amountMinor: number;
  readonly original?: RecordView;
  readonly reference?: string;
  /** MMDD */
  readonly date?: string;
  readonly reason?: number;
  readonly approver?: string;
  readonly card?: CardView;
  readonly pinTries: number;
  /** Chip could not be read: only a swipe is accepted now. */
  readonly fallback: boolean;
  readonly readTries: number;
  /** Id of the UNKNOWN refund that is sent again. */
  readonly resend?: number;
}

/** What the runtime is asked to do; it answers with one DONE event. */
export type Job =
  | { readonly kind: 'recover' }
  | { readonly kind: 'checkPassword'; readonly operator: string; readonly password: string }
  | { readonly kind: 'setPassword'; readonly operator: string; readonly password: string }
  | { readonly kind: 'operatorKnown'; readonly operator: string }
  | { readonly kind: 'logOn'; readonly operator: string }
  /** May this number be given to a new cashier? */
  | { readonly kind: 'operatorFree'; readonly operator: string }
  | { readonly kind: 'addOperator'; readonly operator: string; readonly password: string }
  | { readonly kind: 'removeOperator'; readonly operator: string }
  | { readonly kind: 'listOperators' }
  | { readonly kind: 'lock' }
  | { readonly kind: 'unlock'; readonly operator: string }
  | { readonly kind: 'signOn' }
  | { readonly kind: 'signOff' }
  | { readonly kind: 'echo' }
  | { readonly kind: 'readCard'; readonly source: CardSource; readonly draft: Draft }
  | { readonly kind: 'forgetCard' }
  | { readonly kind: 'pin'; readonly draft: Draft; readonly skip: boolean }
  | { readonly kind: 'online'; readonly draft: Draft }
  | { readonly kind: 'reverse' }
  | { readonly kind: 'voidOf'; readonly id: number }
  | {
      readonly kind: 'findVoucher';
      readonly voucher: number;
      readonly batch?: number;
      readonly purpose: 'void' | 'refund' | 'reprint' | 'query';
    }
  | { readonly kind: 'findReference'; readonly reference: string; readonly date: string }
  | { readonly kind: 'findLast'; readonly purpose: 'void' | 'reprint' }
  | { readonly kind: 'history' }
  | { readonly kind: 'printSlip'; readonly id: number; readonly copy: 'merchant' | 'cardholder' }
  | { readonly kind: 'resumePrint' }
  | { readonly kind: 'dropPrint' }
  | { readonly kind: 'reprint'; readonly id: number }
  | { readonly kind: 'printReport'; readonly report: 'detail' | 'totals' | 'settlement' | 'lastSettlement' }
  | { readonly kind: 'totals' }
  | { readonly kind: 'settle' }
  | { readonly kind: 'finishSettlement' }
  /** The unknown refund at this place of the list, oldest first; it goes round at the end. */
  | { readonly kind: 'unknownRefund'; readonly index: number }
  | { readonly kind: 'resolveRefund'; readonly id: number; readonly reference: string }
  | { readonly kind: 'owedReversal' }
  | { readonly kind: 'release' };

/** Text of an answer or refusal on the screen. */
export interface Remark {
  /** Response code, when the acquirer spoke. */
  readonly code?: string;
  readonly zh: string;
  readonly en: string;
  readonly actionZh: string;
  readonly actionEn: string;
}

/** What a job brought. `outcome` chooses the way on; the rest is shown. */
export interface Done {
  readonly type: 'DONE';
  readonly outcome: string;
  readonly remark?: Remark;
  readonly prompt?: PromptId;
  readonly card?: CardView;
  readonly record?: RecordView;
  readonly records?: readonly RecordView[];
  /** Numbers of the operators. */
  readonly operators?: readonly string[];
  readonly tracking?: string;
  /** Working days until a refund is due. */
  readonly dueDays?: number;
  readonly millis?: number;
  readonly sides?: readonly { readonly count: number; readonly amountMinor: number }[];
  readonly amountMinor?: number;
  readonly batch?: number;
  readonly fault?: Fault;
}

/** News from inside a running job. */
export type Progress =
  | { readonly stage: 'waiting'; readonly secondsLeft: number }
  | { readonly stage: 'connecting' }
  | { readonly stage: 'keys' }
  | { readonly stage: 'reversal'; readonly attempt: number; readonly of: number; readonly secondsLeft: number }
  | { readonly stage: 'signOn'; readonly secondsLeft: number }
  | { readonly stage: 'offline' }
  | { readonly stage: 'totals'; readonly secondsLeft: number }
  | { readonly stage: 'balance'; readonly cup: string; readonly foreign: string }
  | { readonly stage: 'upload'; readonly done: number; readonly of: number; readonly secondsLeft?: number }
  | { readonly stage: 'printing' };

export type TerminalEvent =
  | { readonly type: 'KEY'; readonly key: KeyName }
  | { readonly type: 'CARD'; readonly source: CardSource }
  | { readonly type: 'REMOVED' }
  | { readonly type: 'SCAN'; readonly text: string }
  | { readonly type: 'TIMEOUT' }
  | { readonly type: 'STATUS'; readonly desk: DeskStatus }
  | { readonly type: 'PROGRESS'; readonly progress: Progress }
  | Done;

/** Idle; idle with something that waits for a person (F01.1b and its like); not signed on; locked. */
export type IdleId = 'F01.1' | 'F01.1b' | 'F01.1r' | 'F01.1u' | 'F01.1ru' | 'F01.1s' | 'F01.2' | 'F01.3';

/** What the panel shall show. */
export type ScreenSpec =
  /** A screen of the profile with its values. */
  (
    | { readonly kind: 'screen'; readonly id: ScreenId; readonly values: Values }
    /** The idle screens: merchant and clock are added when they are drawn. */
    | { readonly kind: 'idle'; readonly id: IdleId; readonly operator: string; readonly values?: Values }
    /** One page of a menu, from 0. */
    | { readonly kind: 'menu'; readonly id: MenuId; readonly page: number }
    /** A local prompt E01–E77 under the title of its flow. */
    | { readonly kind: 'prompt'; readonly title: WordId; readonly prompt: PromptId }
    /** An answer of the acquirer: [code] text, action. */
    | { readonly kind: 'response'; readonly title: WordId; readonly remark: Remark }
    /** A moment of work without a screen of its own. */
    | { readonly kind: 'busy'; readonly title: WordId }
  ) & {
    /** Local prompt that stands on a line of an entry screen after a wrong entry. */
    readonly notice?: PromptId;
  };

/** What the runtime waits for in a step. */
export type Await =
  | {
      readonly kind: 'event';
      /** Card sources besides the keypad. */
      readonly cards: readonly CardSource[];
      /** Report the removal of a chip card. */
      readonly removal: boolean;
      readonly scanner: boolean;
      /** Absent: wait for ever. */
      readonly timeoutMs?: number;
    }
  /** A short message: no key counts. */
  | { readonly kind: 'pause'; readonly ms: number }
  | { readonly kind: 'job'; readonly job: Job };
