import type { TxnKind, TxnState } from '../journal/journal.ts';

const KINDS: Readonly<Record<TxnKind, string>> = {
  sale: '消费',
  void: '消费撤销',
  refund: '退货',
  qrSale: '扫码消费',
  qrVoid: '扫码撤销',
  qrRefund: '扫码退货',
};

const STATES: Readonly<Record<TxnState, string>> = {
  open: '进行中',
  approved: '成功',
  declined: '拒绝',
  failed: '未发送',
  unknown: '未知',
  reversed: '已冲正',
  voided: '已撤销',
};

/** Kind of a transaction for people: the journal's own word in English. */
export function kindWord(kind: TxnKind, lang: 'zh' | 'en'): string {
  return lang === 'zh' ? KINDS[kind] : kind;
}

/** State of a transaction for people; a state that only an acquirer's books have stays as it is. */
export function stateWord(state: string, lang: 'zh' | 'en'): string {
  return lang === 'zh' && Object.hasOwn(STATES, state) ? STATES[state as TxnState] : state;
}
