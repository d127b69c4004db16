/**
 * What the shop's policy says about refunds 退货 and voids 撤销, as far as the rules need it; the policy of a profile is one.
 * Amounts are minor units, `HHMM` is local time of the shop, 0 means off where it says so.
 */

/** How the money came in, and therefore how it goes back. */
export type Channel = 'card' | 'wechat' | 'alipay' | 'unionpayQr';

/** Where refunded money arrives: debit card, credit card, card of another organisation, balance of a wallet. */
export type CardKind = 'debit' | 'credit' | 'foreign' | 'balance';

/** Mildest first. */
export type RuleAction = 'warn' | 'approve' | 'hold' | 'refuse';

/** When refunded money is there: usually between both numbers, overdue after `latest`. Days are working days. */
export interface Arrival {
  readonly usualMin: number;
  readonly usualMax: number;
  readonly latest: number;
  readonly unit: 'minutes' | 'days';
}

/** What a channel allows. */
export interface ChannelRules {
  /** Whole days after the day of the sale. */
  readonly refundWindowDays: number;
  /** A part of the sale may be refunded. */
  readonly partials: boolean;
  /** Refunds of one sale; 0 = off. */
  readonly refundsMax: number;
  /** Between two refunds of one sale; 0 = off. */
  readonly spacingSeconds: number;
  /** By kind of card; `debit` stands in for a kind that is not there. */
  readonly arrival: { readonly [kind in CardKind]?: Arrival | undefined } & { readonly debit: Arrival };
}

interface RiskBase {
  readonly id: string;
  readonly action: RuleAction;
  /** With `hold`: how long; {@link RefundPolicy.refundHoldSeconds} when absent. */
  readonly holdSeconds?: number | undefined;
}

/** One rule against abuse. Counts hold the refund or void in question; `hours` looks back from now. */
export type RiskRule = RiskBase &
  (
    | {
        /** Money back to one card, by one operator, in the whole shop, or refunds of one amount: more than `max` times. */
        readonly kind: 'cardCount' | 'operatorCount' | 'shopCount' | 'repeatedAmount';
        readonly hours: number;
        readonly max: number;
      }
    | {
        /** `refundShare`: refunds above `percent` of the sales. `farAboveAverage`: this one above `percent` of the average refund. */
        readonly kind: 'refundShare' | 'farAboveAverage';
        readonly hours: number;
        readonly percent: number;
        /** Only from so many refunds on: fewer say nothing. */
        readonly atLeast: number;
      }
    | {
        /** A void more than so long after its sale. */
        readonly kind: 'lateVoid';
        readonly hours: number;
      }
    | {
        /** Outside the opening hours `from`–`to` (HHMM); they may go past midnight. */
        readonly kind: 'afterHours';
        readonly from: string;
        readonly to: string;
      }
    | {
        /** `neverPaid`: a refund to a card with which nobody has paid here. `reprintBefore`: the slip was printed again. */
        readonly kind: 'neverPaid' | 'reprintBefore';
      }
  );

export type RiskKind = RiskRule['kind'];

export interface RefundPolicy {
  readonly refundMaxMinor: number;
  /** Original not in this journal: nothing said, a second person, or no. */
  readonly refundUnlinked: 'allow' | 'approve' | 'refuse';
  /** Sum of a local day: shop, card, operator; 0 = off. */
  readonly refundDayMaxMinor: number;
  readonly refundCardDayMaxMinor: number;
  readonly refundOperatorDayMaxMinor: number;
  /** Above it a second person approves; 0 = off. */
  readonly refundDualLimitMinor: number;
  /** The second person types amount and last four digits without seeing what the first one typed. */
  readonly refundBlindEntry: boolean;
  /** How long every refund waits and can be stopped; 0 = sent at once. */
  readonly refundHoldSeconds: number;
  /** The same amount again within so many hours asks once more; 0 = off. */
  readonly refundSameAmountHours: number;
  /** Offer a void where it does the same as the refund. */
  readonly voidAdvice: boolean;
  /** The acquirer pays refunds out of the takings of the batch: what they do not cover is said before it is sent. */
  readonly refundsFromTakings: boolean;
  /** The acquirer's day ends then, HHMM. */
  readonly cutOff: string;
  readonly channels: { readonly [channel in Channel]: ChannelRules };
  readonly risk: readonly RiskRule[];
}
