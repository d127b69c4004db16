import type { Operator, OperatorRole, TxnKind, TxnState } from './types.ts';

/** What each kind of transaction does with money and what an unknown outcome of it leads to. */
export interface KindRule {
  readonly act: 'sale' | 'void' | 'refund';
  /** Unknown outcome: true = a reversal is owed, false = a person must find out. */
  readonly reversible: boolean;
  /** The kind that a void or refund of this kind undoes. */
  readonly undoes?: TxnKind;
}

/** UnionPay POS: a refund has no reversal, a QR void neither. */
export const KIND_RULES: Readonly<Record<TxnKind, KindRule>> = {
  sale: { act: 'sale', reversible: true },
  void: { act: 'void', reversible: true, undoes: 'sale' },
  refund: { act: 'refund', reversible: false, undoes: 'sale' },
  qrSale: { act: 'sale', reversible: true },
  qrVoid: { act: 'void', reversible: false, undoes: 'qrSale' },
  qrRefund: { act: 'refund', reversible: false, undoes: 'qrSale' },
};

/** Something that takes from what can be refunded. */
export interface Counted {
  readonly state: TxnState;
  readonly amountMinor: number;
}

/**
 * What of a sale can still be refunded, minor units, never negative. The one place where it is computed: a refund that
 * is on its way or unknown counts as if it had been paid; a sale that is not approved gives nothing.
 */
export function refundableMinor(original: Counted, refunds: readonly Counted[]): number {
  if (original.state !== 'approved') return 0;
  let left = original.amountMinor;
  for (const refund of refunds)
    if (refund.state === 'approved' || refund.state === 'unknown' || refund.state === 'open')
      left -= refund.amountMinor;
  return Math.max(0, left);
}

/** Role of an operator number: 00 supervisor, 99 administrator, all others cashiers. */
export function roleOf(no: string): OperatorRole {
  return no === '00' ? 'supervisor' : no === '99' ? 'administrator' : 'cashier';
}

export interface RoleRule {
  /** Digits of a password. */
  readonly length: number;
  /** Published everywhere, so it must be changed at the first use. */
  readonly defaultPassword: string;
  /** Wrong passwords in a row that block. */
  readonly failuresMax: number;
  readonly blockMs: number;
}

export const ROLE_RULES: Readonly<Record<OperatorRole, RoleRule>> = {
  cashier: { length: 4, defaultPassword: '0000', failuresMax: 5, blockMs: 5 * 60_000 },
  supervisor: { length: 6, defaultPassword: '123456', failuresMax: 3, blockMs: 5 * 60_000 },
  administrator: { length: 8, defaultPassword: '00000000', failuresMax: 3, blockMs: 30 * 60_000 },
};

/** Operators of a new journal, all with the default password of their role. */
export const FIRST_OPERATORS: readonly Operator['no'][] = ['00', '01', '02', '03', '04', '05', '99'];
