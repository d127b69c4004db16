import type { Journal, TxnKind, TxnState } from '../../journal/journal.ts';
import type { Channel } from '../../journal/types.ts';
import type { Profile } from '../../profile/profile.ts';
import type { Cell, CellKind, Column, Word } from './model.ts';

/** One meaning in both languages. */
export interface Words {
  readonly zh: string;
  readonly en: string;
}

export type Lang = keyof Words;

export const words = (zh: string, en: string): Words => ({ zh, en });

const list = <T extends string>(entries: Readonly<Record<T, readonly [zh: string, en: string]>>): Record<T, Word> => {
  const out = {} as Record<T, Word>;
  for (const id of Object.keys(entries) as T[]) out[id] = { id, zh: entries[id][0], en: entries[id][1] };
  return out;
};

export const KINDS: Readonly<Record<TxnKind, Word>> = list({
  sale: ['消费', 'sale'],
  void: ['消费撤销', 'void'],
  refund: ['退货', 'refund'],
  qrSale: ['扫码消费', 'QR sale'],
  qrVoid: ['扫码撤销', 'QR void'],
  qrRefund: ['扫码退货', 'QR refund'],
});

export const STATES: Readonly<Record<TxnState, Word>> = list({
  open: ['进行中', 'open'],
  approved: ['成功', 'approved'],
  declined: ['拒绝', 'declined'],
  failed: ['未发送', 'not sent'],
  unknown: ['未知', 'unknown'],
  reversed: ['已冲正', 'reversed'],
  voided: ['已撤销', 'voided'],
});

export const CHANNEL_WORDS: Readonly<Record<Channel, Word>> = list({
  card: ['银行卡', 'card'],
  wechat: ['微信', 'WeChat'],
  alipay: ['支付宝', 'Alipay'],
  unionpayQr: ['银联码', 'UnionPay QR'],
});

export const CLASSES: Readonly<Record<string, Word>> = list({
  system: ['系统', 'system'],
  operator: ['操作员', 'operator'],
  customer: ['顾客', 'customer'],
  channel: ['渠道', 'channel'],
  compatibility: ['兼容', 'compatibility'],
  unknown: ['未分类', 'not known'],
});

export const YES: Word = { id: 'yes', zh: '是', en: 'yes' };
export const NO: Word = { id: 'no', zh: '否', en: 'no' };

const HEADS = {
  item: ['项目', 'item', 'code'],
  at: ['时间', 'time', 'time'],
  day: ['日期', 'day', 'code'],
  hour: ['时段', 'hour', 'code'],
  id: ['编号', 'number', 'count'],
  number: ['编号', 'number', 'code'],
  kind: ['类型', 'kind', 'code'],
  state: ['状态', 'state', 'code'],
  channel: ['渠道', 'channel', 'code'],
  batch: ['批次号', 'batch', 'code'],
  voucher: ['凭证号', 'voucher', 'code'],
  reference: ['参考号', 'reference', 'text'],
  card: ['卡号', 'card', 'code'],
  operator: ['操作员', 'operator', 'code'],
  approver: ['复核', 'approver', 'code'],
  second: ['第二复核', 'second', 'code'],
  terminal: ['终端号', 'terminal', 'text'],
  reason: ['原因', 'reason', 'text'],
  original: ['原交易', 'original', 'text'],
  code: ['应答码', 'code', 'text'],
  note: ['备注', 'note', 'text'],
  method: ['方式', 'method', 'code'],
  count: ['笔数', 'count', 'count'],
  amount: ['金额', 'amount', 'amount'],
  share: ['占比', 'share', 'percent'],
  running: ['累计占比', 'running share', 'percent'],
  sales: ['消费笔数', 'sales', 'count'],
  salesAmount: ['消费金额', 'sales amount', 'amount'],
  voids: ['撤销笔数', 'voids', 'count'],
  voidsAmount: ['撤销金额', 'voids amount', 'amount'],
  voidShare: ['撤销占消费', 'voids of sales', 'percent'],
  refunds: ['退货笔数', 'refunds', 'count'],
  refundsAmount: ['退货金额', 'refunds amount', 'amount'],
  refundShare: ['退货占消费', 'refunds of sales', 'percent'],
  net: ['净额', 'net', 'amount'],
  oldest: ['最早', 'oldest', 'time'],
  after: ['间隔', 'after', 'duration'],
  lost: ['耗时', 'time lost', 'duration'],
  pattern: ['现象', 'pattern', 'code'],
} as const satisfies Record<string, readonly [string, string, CellKind]>;

/** Columns by id, in this order. */
export function columns(...ids: readonly (keyof typeof HEADS)[]): Column[] {
  return ids.map(id => {
    const [zh, en, kind] = HEADS[id];
    return column(id, zh, en, kind);
  });
}

export function column(id: string, zh: string, en: string, kind: CellKind): Column {
  return { id, head: { zh, en }, kind };
}

/** What a builder of a report looks at. */
export interface Sources {
  readonly journal: Journal;
  readonly profile: Profile;
  readonly nowMs: number;
}

/** Reason of a void or refund: the number that was chosen on the screen in the words of the profile, or as it stands. */
export function reasonCell(profile: Profile, kind: TxnKind, reason: string | undefined): Cell {
  if (reason === undefined) return undefined;
  const name = `${kind === 'void' || kind === 'qrVoid' ? 'void' : 'refund'}Reason${reason}`;
  const known = profile.texts.words as Readonly<Record<string, Words | undefined>>;
  const text = known[name];
  return text ? { id: reason, zh: `${reason} ${text.zh}`, en: `${reason} ${text.en}` } : reason;
}
