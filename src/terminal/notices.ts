import { formatAmount } from '../units.ts';
import type { Lang, RefundView } from './types.ts';

/** What a notice tells; `frozen` is for the office, all others for the customer too. */
export type NoticeEvent = 'accepted' | 'delayed' | 'failed' | 'wrong' | 'corrected' | 'arrived' | 'stopped' | 'frozen';

/** The shop that tells it. */
export interface NoticeShop {
  readonly merchant: string;
  readonly servicePhone: string;
}

const CHANNEL: Readonly<Record<RefundView['channel'], Readonly<Record<Lang, string>>>> = {
  card: { zh: '银行卡', en: 'card' },
  wechat: { zh: '微信', en: 'WeChat' },
  alipay: { zh: '支付宝', en: 'Alipay' },
  unionpayQr: { zh: '云闪付', en: 'UnionPay QR' },
};

const HEAD: Readonly<Record<NoticeEvent, Readonly<Record<Lang, string>>>> = {
  accepted: {
    zh: '退款已受理。已受理不等于已到账。',
    en: 'Your refund was accepted. Accepted is not yet arrived.',
  },
  delayed: {
    zh: '退款结果正在向银行核实, 请勿重复办理。',
    en: 'We are asking the bank what became of your refund. Please do not ask for it twice.',
  },
  failed: { zh: '退款没有成功, 款项没有退出。', en: 'Your refund did not succeed. No money was paid back.' },
  wrong: {
    zh: '退款可能有误, 我们正在处理并会更正。',
    en: 'Something is wrong with your refund. We are looking into it and will put it right.',
  },
  corrected: { zh: '退款问题已处理完毕。', en: 'The trouble with your refund is settled.' },
  arrived: { zh: '退款已到账, 感谢配合。', en: 'Your refund has arrived. Thank you.' },
  stopped: {
    zh: '退款在发送前已停止, 款项没有退出。',
    en: 'Your refund was stopped before it was sent. No money was paid back.',
  },
  frozen: {
    zh: '本终端已暂停退货, 消费和撤销照常。',
    en: 'Refunds are switched off at this terminal. Sales and voids go on.',
  },
};

/** Events after which the customer still waits: the due date and what to do are said. */
const WAITS: ReadonlySet<NoticeEvent> = new Set(['accepted', 'delayed', 'corrected']);

/**
 * A notice in words: what happened, amount, way, tracking and reference number, due date, whom to call. `refund` is absent for
 * {@link NoticeEvent} `frozen`.
 */
export function noticeLines(
  event: NoticeEvent,
  refund: RefundView | undefined,
  shop: NoticeShop,
  lang: Lang,
): string[] {
  const zh = lang === 'zh';
  const lines = [`${shop.merchant}: ${HEAD[event][lang]}`];
  if (refund) {
    const way = `${CHANNEL[refund.channel][lang]}${refund.masked === '' ? '' : ` ${refund.masked}`}`;
    lines.push(
      zh
        ? `金额: ${formatAmount(refund.amountMinor, true)} 元`
        : `Amount: RMB ${formatAmount(refund.amountMinor, true)}`,
    );
    lines.push(zh ? `退回: ${way}` : `To: ${way}`);
    lines.push(zh ? `跟踪号: ${refund.tracking}` : `Tracking number: ${refund.tracking}`);
    if (refund.reference !== '') lines.push(zh ? `参考号: ${refund.reference}` : `Reference: ${refund.reference}`);
    const due = refund.due[lang];
    if (WAITS.has(event) && due !== '') lines.push(due);
  }
  if (shop.servicePhone !== '') lines.push(zh ? `咨询电话: ${shop.servicePhone}` : `Questions: ${shop.servicePhone}`);
  return lines;
}
