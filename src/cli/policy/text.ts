import type { Policy } from '../../profile/profile.ts';
import { CHANNELS } from '../../journal/journal.ts';
import type { CardKind, Channel, RiskRule } from '../../transaction/refund-policy.ts';
import { formatAmount } from '../../units.ts';

export type Lang = 'zh' | 'en';

export const CHANNEL_WORDS: Readonly<Record<Channel, Readonly<Record<Lang, string>>>> = {
  card: { zh: '银行卡', en: 'card' },
  wechat: { zh: '微信', en: 'WeChat' },
  alipay: { zh: '支付宝', en: 'Alipay' },
  unionpayQr: { zh: '银联二维码', en: 'UnionPay QR' },
};

const CARD_WORDS: Readonly<Record<CardKind, Readonly<Record<Lang, string>>>> = {
  debit: { zh: '借记卡', en: 'debit card' },
  credit: { zh: '信用卡', en: 'credit card' },
  foreign: { zh: '境外卡', en: 'foreign card' },
  balance: { zh: '钱包余额', en: 'wallet balance' },
};

const ACTS: Readonly<Record<RiskRule['action'], Readonly<Record<Lang, string>>>> = {
  warn: { zh: '提示收银员', en: 'the cashier is asked to look again' },
  approve: { zh: '须第二人复核', en: 'a second person must approve' },
  hold: { zh: '暂缓发送', en: 'it waits before it is sent' },
  refuse: { zh: '不予办理', en: 'it is refused' },
};

/** What the policy says about refunds and voids, one sentence a rule, in the order in which a cashier meets them. */
export function policySentences(policy: Policy, lang: Lang): string[] {
  const pick = (zh: string, en: string): string => (lang === 'zh' ? zh : en);
  const money = (minor: number): string => formatAmount(minor, true);
  const said: string[] = [];
  const say = (when: boolean, zh: string, en: string): void => {
    if (when) said.push(pick(zh, en));
  };
  say(true, `单笔退货最多 ${money(policy.refundMaxMinor)}。`, `One refund is at most ${money(policy.refundMaxMinor)}.`);
  for (const [minor, zh, en] of [
    [policy.refundDayMaxMinor, '全店', 'of the whole shop'],
    [policy.refundCardDayMaxMinor, '同一张卡', 'to one card'],
    [policy.refundOperatorDayMaxMinor, '同一操作员', 'by one operator'],
  ] as const)
    say(
      minor > 0,
      `${zh}当日退货合计最多 ${money(minor)}。`,
      `All refunds ${en} in one day are at most ${money(minor)}.`,
    );
  for (const channel of CHANNELS) said.push(channelSentence(channel, policy, lang));
  const unlinked = {
    allow: pick('本机没有原交易的退货可以办理。', 'A refund whose sale is not in this journal is allowed.'),
    approve: pick(
      '本机没有原交易的退货须第二人复核。',
      'A refund whose sale is not in this journal needs a second person.',
    ),
    refuse: pick('本机没有原交易的退货不予办理。', 'A refund whose sale is not in this journal is refused.'),
  };
  said.push(unlinked[policy.refundUnlinked]);
  const needs = (flag: boolean, zh: string, en: string): void => say(flag, `${zh}。`, `${en}.`);
  needs(policy.refundNeedsManager, '退货须主管授权', 'A refund needs the manager');
  needs(policy.refundNeedsCard, '退货须出示原卡', 'A refund needs the card of the sale');
  needs(policy.refundNeedsPin, '退货须持卡人输密码', "A refund needs the customer's PIN");
  needs(policy.refundNeedsReason, '退货须选原因', 'A refund needs a reason');
  needs(policy.voidNeedsManager, '撤销须主管授权', 'A void needs the manager');
  needs(policy.voidNeedsCard, '撤销须出示原卡', 'A void needs the card of the sale');
  needs(policy.voidNeedsPin, '撤销须持卡人输密码', "A void needs the customer's PIN");
  needs(policy.voidNeedsReason, '撤销须选原因', 'A void needs a reason');
  needs(policy.twoPerson, '申请人不能自己复核', 'Who asks may not approve');
  say(
    policy.refundDualLimitMinor > 0,
    `退货超过 ${money(policy.refundDualLimitMinor)} 须第二人复核。`,
    `A refund above ${money(policy.refundDualLimitMinor)} needs a second person.`,
  );
  needs(
    policy.refundBlindEntry,
    '第二人看不到已输金额, 须自己输入金额和卡号后四位',
    'The second person does not see the amount and types it, and the last four digits, anew',
  );
  say(
    policy.refundHoldSeconds > 0,
    `退货暂缓 ${policy.refundHoldSeconds} 秒后发送, 期间可止付。`,
    `A refund waits ${policy.refundHoldSeconds} seconds before it is sent and can be stopped meanwhile.`,
  );
  say(
    policy.refundSameAmountHours > 0,
    `${policy.refundSameAmountHours} 小时内同样金额再退, 会再问一次。`,
    `The same amount again within ${hours(policy.refundSameAmountHours)} is asked about once more.`,
  );
  needs(
    policy.voidAdvice,
    '当日当批全额且未退过的, 建议改做撤销',
    'For the whole amount of a sale of this day and batch a void is offered instead',
  );
  needs(policy.refundNeedsTraining, '通过培训的收银员才可退货', 'Only a cashier who has passed a training refunds');
  needs(
    policy.refundsFromTakings,
    '退货从营业款中支付; 本批净额不足时先提示',
    'Refunds are paid out of the takings; when those of the batch do not do, the terminal says so first',
  );
  said.push(
    pick(
      `收单日切时间 ${clock(policy.cutOff)}; 之后发送的算次日。`,
      `The acquirer's day ends at ${clock(policy.cutOff)}; what is sent later counts for the next day.`,
    ),
    pick(
      `退错等案件须在 ${policy.caseDueHours} 小时内结案。`,
      `A case is to be closed within ${hours(policy.caseDueHours)}.`,
    ),
  );
  needs(
    policy.caseOnFailedRefund,
    '被拒绝或被渠道退回的退货, 自动登记案件',
    'A refund that the acquirer or the channel refused opens a case by itself',
  );
  for (const rule of policy.risk) said.push(riskSentence(rule, lang));
  return said;
}

/** `2300` → `23:00` */
const clock = (hhmm: string): string => `${hhmm.slice(0, 2)}:${hhmm.slice(2)}`;

function channelSentence(channel: Channel, { channels }: Policy, lang: Lang): string {
  const { refundWindowDays, partials, refundsMax, spacingSeconds, arrival } = channels[channel];
  const zh = lang === 'zh';
  const name = CHANNEL_WORDS[channel][lang];
  const kinds = (Object.keys(CARD_WORDS) as CardKind[]).flatMap(kind => {
    const times = arrival[kind];
    if (!times) return [];
    const days = times.unit === 'days';
    const unit = zh ? (days ? '个工作日' : '分钟') : days ? ' working days' : ' minutes';
    const span = times.usualMin === times.usualMax ? '' : `${times.usualMin}${zh ? '至' : ' to '}`;
    const usual = times.usualMax === 0 ? (zh ? '即时' : 'at once') : `${span}${times.usualMax}${unit}`;
    return [
      zh
        ? `${CARD_WORDS[kind].zh}${usual}, 最迟${times.latest}${unit}`
        : `${CARD_WORDS[kind].en} ${usual}, at the latest ${times.latest}${unit}`,
    ];
  });
  const parts = zh
    ? [
        `${name}: 消费后 ${refundWindowDays} 天内可退`,
        partials ? '可部分退' : '只能全额退',
        ...(refundsMax > 0 ? [`每笔最多退 ${refundsMax} 次`] : []),
        ...(spacingSeconds > 0 ? [`两次至少间隔 ${spacingSeconds} 秒`] : []),
      ]
    : [
        `${name}: refunds within ${refundWindowDays} days of the sale`,
        partials ? 'parts are allowed' : 'only the whole amount',
        ...(refundsMax > 0 ? [`at most ${refundsMax} of one sale`] : []),
        ...(spacingSeconds > 0 ? [`at least ${spacingSeconds} seconds between two`] : []),
      ];
  return zh ? `${parts.join(', ')}。到账: ${kinds.join('; ')}。` : `${parts.join(', ')}. Arrival: ${kinds.join('; ')}.`;
}

function riskSentence(rule: RiskRule, lang: Lang): string {
  const [zh, en] = riskTexts(rule);
  const hold = rule.action === 'hold' && rule.holdSeconds !== undefined;
  return lang === 'zh'
    ? `规则 ${rule.id}: ${zh}, 则${ACTS[rule.action].zh}${hold ? ` ${rule.holdSeconds} 秒` : ''}。`
    : `Rule ${rule.id}: ${en}, ${ACTS[rule.action].en}${hold ? ` (${rule.holdSeconds} seconds)` : ''}.`;
}

function riskTexts(rule: RiskRule): readonly [zh: string, en: string] {
  switch (rule.kind) {
    case 'cardCount':
      return [`${rule.hours} 小时内同一张卡退回多于 ${rule.max} 次`, `when one card gets money back more than ${rule.max} times in ${hours(rule.hours)}`]; // prettier-ignore
    case 'operatorCount':
      return [`${rule.hours} 小时内同一操作员退回多于 ${rule.max} 次`, `when one operator gives money back more than ${rule.max} times in ${hours(rule.hours)}`]; // prettier-ignore
    case 'shopCount':
      return [`${rule.hours} 小时内全店退回多于 ${rule.max} 次`, `when the shop gives money back more than ${rule.max} times in ${hours(rule.hours)}`]; // prettier-ignore
    case 'repeatedAmount':
      return [`${rule.hours} 小时内同样金额退货多于 ${rule.max} 次`, `when one amount is refunded more than ${rule.max} times in ${hours(rule.hours)}`]; // prettier-ignore
    case 'refundShare':
      return [`${rule.hours} 小时内退货超过销售的 ${rule.percent}% (至少 ${rule.atLeast} 笔退货)`, `when the refunds of ${hours(rule.hours)} are above ${rule.percent} % of the sales (from ${rule.atLeast} refunds on)`]; // prettier-ignore
    case 'farAboveAverage':
      return [`金额超过 ${rule.hours} 小时内平均退货的 ${rule.percent}% (至少 ${rule.atLeast} 笔退货)`, `when the amount is above ${rule.percent} % of the average refund of ${hours(rule.hours)} (from ${rule.atLeast} refunds on)`]; // prettier-ignore
    case 'lateVoid':
      return [`撤销距消费超过 ${rule.hours} 小时`, `when a void comes more than ${hours(rule.hours)} after its sale`];
    case 'afterHours':
      return [`不在营业时间 ${clock(rule.from)} 至 ${clock(rule.to)}`, `when it is outside of ${clock(rule.from)} to ${clock(rule.to)}`]; // prettier-ignore
    case 'neverPaid':
      return ['此卡未在本机付过款', 'when nobody has paid here with this card'];
    case 'reprintBefore':
      return ['原签购单重打过', "when the sale's slip was printed again before"];
  }
}

const hours = (count: number): string => `${count} ${count === 1 ? 'hour' : 'hours'}`;
