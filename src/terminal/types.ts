import type { Fault } from '../fault.ts';
import type { LocalTime } from '../hal/hal.ts';
import type { MenuId, ScreenId } from '../profile/screens.ts';
import type { PromptId, WordId } from '../profile/words.ts';
import type { Values } from '../profile/template.ts';
import type { MoneyKind } from '../transaction/kinds.ts';
import type { CaseView, DeskJob, RefundView, SideView } from './refund-desk.ts';
import type { EquipmentJob, EquipmentView, FlashMoment, FlashNews, FlashView } from './equipment.ts';
import type { DrillView, Lines, QuizView, ScoreView, TrainingJob } from './quiz.ts';
import type { Finding } from '../transaction/refund-rules.ts';
import type { Wallet } from '../transaction/qr.ts';
import type { SlipCard } from '../transaction/slip-code.ts';

export type { RefundView } from './refund-desk.ts';

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
  readonly openCases: number;
  /** Those of them whose time is over. */
  readonly overdueCases: number;
  /** From then on (milliseconds since 1970) one more case is overdue; absent when none can become it. */
  readonly caseDueMs?: number;
  /** Refunds that were decided and are not sent yet. */
  readonly heldRefunds: number;
  /** Refunds are switched off: by whom, since when. */
  readonly frozen?: { readonly by: string; readonly at: LocalTime };
  /** A settlement was cut off and must be finished first. */
  readonly settlementOpen: boolean;
  /** Operator who locked the terminal. */
  readonly lockedBy?: string;
  /** A chip card is in the slot. */
  readonly chipIn: boolean;
  /** What is odd about the terminal; absent: nothing. */
  readonly equipment?: EquipmentView;
  /** The terminal has a scanner: codes of slips and orders can be scanned. */
  readonly scanner?: boolean;
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
  /** Who holds the money of a scanned payment; absent for cards. */
  readonly channel?: Wallet;
  readonly state: string;
  readonly masked: string;
  readonly amountMinor: number;
  readonly voucher: number;
  readonly batch: number;
  readonly reference: string;
  /** Bank that issued the card, as the acquirer's answer said; absent when it said none. */
  readonly bank?: string;
  /** Local time of the transaction. */
  readonly at: LocalTime;
  /** What may still be refunded. */
  readonly remainingMinor: number;
  readonly refundedMinor: number;
  /** Of a refund. */
  readonly tracking?: string;
  /** Voucher of the original of a void or refund, when it is known here. */
  readonly originalVoucher?: number;
  /** A sale of another terminal, known by the signed code of its slip only; {@link id} is 0 then. */
  readonly foreign?: ForeignOriginal;
}

/** What the code of a slip says beyond its numbers. */
export interface ForeignOriginal {
  /** Terminal number, 8 characters. */
  readonly terminal: string;
  /** MMDD of the acquirer. */
  readonly dateMmdd: string;
  readonly card?: SlipCard;
}

/** A rule of the shop's policy that has something to say, with its numbers. */
export type RuleView = Pick<Finding, 'kind' | 'prompt' | 'value' | 'limit' | 'unit'> & {
  /** How far the rule looks back, when the screen says so. */
  readonly hours?: number;
};

/** What the rules say about the refund or void at the keypad. */
export interface Judged {
  /** It may not be made. */
  readonly refused?: RuleView;
  /** What a person must have seen before it goes on. */
  readonly warnings: readonly RuleView[];
  /** A second person approves. */
  readonly second: boolean;
  /** The second person types amount and last four digits without seeing them. */
  readonly blind: boolean;
  /** How long it waits before it is sent. */
  readonly holdSeconds: number;
  /** A void would do the same. */
  readonly voidInstead: boolean;
}

/** A refund that waits and can be stopped, as people may see it. */
export interface HeldView {
  readonly id: number;
  readonly tracking: string;
  readonly amountMinor: number;
  readonly masked: string;
  /** 0 when its time is over. */
  readonly secondsLeft: number;
  /** Place in the list, from 0, and how many there are. */
  readonly index: number;
  readonly of: number;
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
  /** Two digits of the shop's own table that say more about reason 6. */
  readonly note?: string;
  readonly judged?: Judged;
  /** Second person who approved, two digits. */
  readonly second?: string;
  /** Amount that the second person typed unseen. */
  readonly blindMinor?: number;
  /** The held refund that is sent now. */
  readonly heldId?: number;
  /** Who holds the money of a scanned payment; absent for cards. No card and no PIN is asked for then. */
  readonly channel?: Wallet;
  /** Order number of a scanned payment that this journal does not hold. */
  readonly order?: string;
  /** Code of a slip that was scanned at the idle screen: the refund begins with it. */
  readonly slip?: string;
  /** Inquiries made while the customer confirms. */
  readonly inquiries?: number;
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
  /** May this refund or void be made, and what does it need? */
  | { readonly kind: 'judge'; readonly draft: Draft }
  /** Did the second person type what the first one did? */
  | { readonly kind: 'checkBlind'; readonly draft: Draft; readonly lastFour: string }
  /** Keeps a refund back that was decided. */
  | { readonly kind: 'hold'; readonly draft: Draft }
  /** The held refund at this place of the list, oldest first; it goes round at the end. */
  | { readonly kind: 'heldRefund'; readonly index: number }
  /** How much time is left of this one. */
  | { readonly kind: 'heldLeft'; readonly id: number }
  /** Makes a held refund the transaction at the keypad. `second`: who agreed to it now, when it wants a second person since. */
  | { readonly kind: 'takeHeld'; readonly id: number; readonly second?: string }
  | { readonly kind: 'stopHeld'; readonly id: number }
  | { readonly kind: 'printHeld'; readonly id: number }
  /** Refunds of a sale so far. */
  | { readonly kind: 'refundsOf'; readonly id: number }
  | { readonly kind: 'reverse' }
  | { readonly kind: 'voidOf'; readonly id: number }
  | {
      readonly kind: 'findVoucher';
      readonly voucher: number;
      readonly batch?: number;
      readonly purpose: 'void' | 'refund' | 'reprint' | 'query';
    }
  | { readonly kind: 'findReference'; readonly reference: string; readonly date: string }
  /** The original by the scanned code of its slip. */
  | { readonly kind: 'findSlip'; readonly text: string; readonly purpose: 'void' | 'refund' }
  | { readonly kind: 'findLast'; readonly purpose: 'void' | 'reprint' }
  /** Which wallet does this payer's code belong to? The runtime keeps it for the sale. */
  | { readonly kind: 'readCode'; readonly text: string }
  /** Has the customer confirmed? */
  | { readonly kind: 'qrInquiry'; readonly id: number }
  /** Nobody waits for the customer any more: the payment is closed by its reversal. */
  | { readonly kind: 'qrClose'; readonly id: number }
  | { readonly kind: 'history' }
  /** Transactions of a day MMDD, empty for today; amount and last four digits of the card where they are known. */
  | {
      readonly kind: 'searchRecords';
      readonly date: string;
      readonly amountMinor?: number;
      readonly lastFour?: string;
    }
  | { readonly kind: 'printSlip'; readonly id: number; readonly copy: 'merchant' | 'cardholder' }
  | { readonly kind: 'resumePrint' }
  /** The paper stays out; `id`: the transaction whose slip waits now. */
  | { readonly kind: 'dropPrint'; readonly id?: number }
  | { readonly kind: 'reprint'; readonly id: number }
  | { readonly kind: 'printReport'; readonly report: 'detail' | 'totals' | 'settlement' | 'lastSettlement' | 'day' }
  | { readonly kind: 'totals' }
  | { readonly kind: 'settle' }
  | { readonly kind: 'finishSettlement' }
  /** The unknown refund at this place of the list, oldest first; it goes round at the end. */
  | { readonly kind: 'unknownRefund'; readonly index: number }
  | { readonly kind: 'resolveRefund'; readonly id: number; readonly reference: string }
  | { readonly kind: 'owedReversal' }
  | { readonly kind: 'release' }
  | DeskJob
  | EquipmentJob
  | TrainingJob;

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
  readonly refunds?: readonly RefundView[];
  readonly cases?: readonly CaseView[];
  readonly questions?: readonly QuizView[];
  readonly drill?: DrillView;
  readonly score?: ScoreView;
  /** What can be flashed, and where a flash failed. */
  readonly flash?: FlashView;
  readonly moment?: FlashMoment;
  /** What is said about a drill. */
  readonly told?: Lines;
  /** Another transaction whose slip waits. */
  readonly owedSlip?: RecordView;
  /** A refund beside its sale. */
  readonly compared?: readonly SideView[];
  /** Numbers of the operators. */
  readonly operators?: readonly string[];
  readonly tracking?: string;
  readonly judged?: Judged;
  readonly held?: HeldView;
  /** The transaction that a held refund becomes. */
  readonly draft?: Draft;
  /** The rule behind {@link prompt}. */
  readonly rule?: RuleView;
  /** Day until which a refund is due, `11/26`; absent when the calendar of the year is not known. */
  readonly due?: string;
  readonly channel?: Wallet;
  /** Order number of a scanned payment, and the day MMDD that it names. */
  readonly order?: string;
  readonly date?: string;
  /** Working days until a refund is due. */
  readonly dueDays?: number;
  /** Minutes until a refund to a wallet is due. */
  readonly dueMinutes?: number;
  readonly millis?: number;
  readonly sides?: readonly { readonly count: number; readonly amountMinor: number }[];
  readonly amountMinor?: number;
  readonly batch?: number;
  readonly fault?: Fault;
}

/** News from inside a running job. */
export type Progress =
  | { readonly stage: 'waiting'; readonly secondsLeft: number }
  /** The result of a scan payment is asked for. */
  | { readonly stage: 'inquiry'; readonly secondsLeft: number }
  | { readonly stage: 'connecting' }
  | { readonly stage: 'keys' }
  | { readonly stage: 'reversal'; readonly attempt: number; readonly of: number; readonly secondsLeft: number }
  | { readonly stage: 'signOn'; readonly secondsLeft: number }
  | { readonly stage: 'offline' }
  | { readonly stage: 'totals'; readonly secondsLeft: number }
  | { readonly stage: 'balance'; readonly cup: string; readonly foreign: string }
  | { readonly stage: 'upload'; readonly done: number; readonly of: number; readonly secondsLeft?: number }
  | { readonly stage: 'printing' }
  | FlashNews;

export type TerminalEvent =
  | { readonly type: 'KEY'; readonly key: KeyName }
  | { readonly type: 'CARD'; readonly source: CardSource }
  | { readonly type: 'REMOVED' }
  | { readonly type: 'SCAN'; readonly text: string }
  | { readonly type: 'TIMEOUT' }
  /** The time of a held refund is over. */
  | { readonly type: 'DUE'; readonly id: number }
  | { readonly type: 'STATUS'; readonly desk: DeskStatus }
  | { readonly type: 'PROGRESS'; readonly progress: Progress }
  | Done;

/** Idle; idle with something that waits for a person (F01.1b and its like); not signed on; locked. */
export type IdleId =
  | 'F01.1' | 'F01.1b' | 'F01.1r' | 'F01.1u' | 'F01.1f' | 'F01.1h' | 'F01.1o' | 'F01.1c' | 'F01.1s' | 'F01.1m' | 'F01.2' | 'F01.3' | 'F01.7' | 'F01.8'; // prettier-ignore

/** Something that waits for a person, in the short form that stands beside others. */
export interface Badge {
  readonly word: WordId;
  readonly count?: number;
}

/** Numbers of a rule, as short texts. */
export interface Figures {
  readonly zh: string;
  readonly en: string;
}

/** What the panel shall show. */
export type ScreenSpec =
  /** A screen of the profile with its values. */
  (
    | { readonly kind: 'screen'; readonly id: ScreenId; readonly values: Values }
    /** The idle screens: merchant and clock are added when they are drawn. */
    | {
        readonly kind: 'idle';
        readonly id: IdleId;
        readonly operator: string;
        readonly values?: Values;
        /** Several things wait: as many as fit, the most pressing first. */
        readonly badges?: readonly Badge[];
      }
    /** One page of a menu, from 0. */
    | { readonly kind: 'menu'; readonly id: MenuId; readonly page: number }
    /** A local prompt E01–E77 under the title of its flow. */
    | {
        readonly kind: 'prompt';
        readonly title: WordId;
        readonly prompt: PromptId;
        /** The numbers of the rule behind it. */
        readonly figures?: Figures | undefined;
        /** A warning that ENTER passes over. */
        readonly ask?: boolean;
      }
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
