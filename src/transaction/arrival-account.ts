import type { Arrival, CardKind, ChannelRules } from './refund-policy.ts';

/** Where the money arrives, as far as anybody here can tell; `unknown`: a card of one's own country, debit or credit. */
export type AccountKind = CardKind | 'unknown';

/** RID and PIX of the UnionPay applications, hex: debit, credit, quasi-credit 准贷记 and electronic cash. */
const UNIONPAY_RID = 'A000000333';
const UNIONPAY_PIX: Readonly<Record<string, 'debit' | 'credit'>> = {
  '010101': 'debit',
  '010102': 'credit',
  '010103': 'credit',
  '010106': 'debit',
};

/**
 * Debit or credit, by the application of the chip (tag 84 or 4F, hex). A stripe says nothing, nor does any data element of
 * the answer; undefined then.
 */
export function kindOfApplication(aid: string | undefined): 'debit' | 'credit' | undefined {
  if (!aid?.toUpperCase().startsWith(UNIONPAY_RID)) return undefined;
  return UNIONPAY_PIX[aid.slice(UNIONPAY_RID.length, UNIONPAY_RID.length + 6)];
}

/** When the money is there: `debit` stands in for a kind that the channel does not name; of an unknown one the later of both. */
export function arrivalOf({ arrival }: Pick<ChannelRules, 'arrival'>, kind: AccountKind): Arrival {
  const { debit, credit = debit } = arrival;
  if (kind !== 'unknown') return arrival[kind] ?? debit;
  if (debit.unit !== credit.unit) return debit;
  return {
    unit: debit.unit,
    usualMin: Math.min(debit.usualMin, credit.usualMin),
    usualMax: Math.max(debit.usualMax, credit.usualMax),
    latest: Math.max(debit.latest, credit.latest),
  };
}
