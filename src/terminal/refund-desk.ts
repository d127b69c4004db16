import type { LocalTime } from '../hal/hal.ts';
import type { Answer } from '../transaction/arrival.ts';
import type { AccountKind } from '../transaction/arrival-account.ts';
import type { Channel } from '../transaction/refund-policy.ts';
import type { RefundState } from '../transaction/refund-life.ts';

/** What the refund desk shows and asks for: where a refund is, cases, money given back by another way, the freeze. */

/** A refund as people may follow it. Amounts are minor units. */
export interface RefundView {
  /** Number of its transaction; of its hold as long as it was not sent. */
  readonly id: number;
  /** `RF000123`; the voucher of a voided sale. */
  readonly tracking: string;
  readonly state: RefundState | 'VOIDED';
  readonly amountMinor: number;
  readonly channel: Channel;
  /** Where the money arrives. */
  readonly card: AccountKind;
  readonly masked: string;
  /** Reference of the acquirer, or proof of another way. */
  readonly reference: string;
  readonly atMs: number;
  readonly at: LocalTime;
  readonly operator: string;
  readonly approver?: string;
  /** Its sale, when this journal holds it. */
  readonly originalId?: number;
  /** The latest time is over. */
  readonly late: boolean;
  /** When it should be there; empty when nothing is on its way. */
  readonly due: { readonly zh: string; readonly en: string };
  /** Words for the customer and for the cashier. */
  readonly answer: Answer;
}

/** What a person may say about an accepted refund. */
export type LifeEntry = 'arrived' | 'cleared' | 'abnormal' | 'redirected' | 'closed' | 'manual';

/** What went wrong with a refund, in the order of the keys 1–6. */
export const CASE_TYPES = ['amount', 'card', 'twice', 'notOurs', 'fraud', 'other'] as const;
export type CaseTypeView = (typeof CASE_TYPES)[number] | 'failed';
export type CaseOwnerView = 'technician' | 'supervisor' | 'finance' | 'manager';

/** Ways to give money back outside of the terminal, in the order of the keys 1–4. */
export const EXTERNAL_METHODS = ['bank', 'cash', 'wallet', 'other'] as const;
export type ExternalMethod = (typeof EXTERNAL_METHODS)[number];

/** A member of a refund beside that of its sale; at most 14 columns each. */
export interface SideView {
  readonly what: 'amount' | 'card' | 'time' | 'operator';
  readonly refund: string;
  readonly original: string;
  readonly same: boolean;
}

export interface CaseView {
  readonly id: number;
  /** `IC000017` */
  readonly number: string;
  readonly tracking: string;
  readonly amountMinor: number;
  readonly type: CaseTypeView;
  readonly owner: CaseOwnerView;
  /** Whole days since it was opened. */
  readonly ageDays: number;
  readonly overdue: boolean;
  /** Reference that the acquirer asks for. */
  readonly reference: string;
  /** Sale whose money it is about, when this journal holds it. */
  readonly originalId?: number;
}

/** What is being put together at the desk, from one step to the next. */
export interface DeskWork {
  readonly refund?: RefundView;
  readonly sides?: readonly SideView[];
  readonly case?: CaseView;
  readonly type?: CaseTypeView;
  readonly mark?: LifeEntry;
  readonly method?: ExternalMethod;
  readonly proof?: string;
  readonly amountMinor?: number;
  /** Key that was chosen for a note, a reason or an end. */
  readonly choice?: number;
  /** The original of a reversal stands at the acquirer. */
  readonly stands?: boolean;
}

/** Jobs of the desk. Each answers with one DONE. */
export type DeskJob =
  /** By tracking number, voucher, last four digits of the card, or the scanned code of a slip. */
  | { readonly kind: 'findRefunds'; readonly text: string }
  /** All that are on their way or wait for somebody. */
  | { readonly kind: 'openRefunds' }
  | { readonly kind: 'markRefund'; readonly id: number; readonly state: LifeEntry; readonly reference: string }
  | { readonly kind: 'printStatus'; readonly refund: RefundView }
  | { readonly kind: 'freezeRefunds'; readonly reason: number }
  | { readonly kind: 'freeRefunds' }
  | { readonly kind: 'compareRefund'; readonly id: number }
  | { readonly kind: 'openCase'; readonly id: number; readonly type: CaseTypeView }
  | { readonly kind: 'openCases' }
  | { readonly kind: 'printCase'; readonly id: number }
  | { readonly kind: 'noteContact'; readonly id: number; readonly choice: number }
  | { readonly kind: 'noteCompensation'; readonly id: number; readonly amountMinor: number; readonly proof: string }
  | { readonly kind: 'closeCase'; readonly id: number; readonly choice: number }
  | {
      readonly kind: 'recordExternal';
      readonly originalId: number;
      readonly method: ExternalMethod;
      readonly proof: string;
      readonly amountMinor: number;
      /** Case that it puts right. */
      readonly caseId?: number;
    }
  | { readonly kind: 'saleOf'; readonly id: number }
  | { readonly kind: 'resolveReversal'; readonly id: number; readonly stands: boolean; readonly reference: string };
