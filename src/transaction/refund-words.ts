import { formatAmount } from '../units.ts';
import type { Finding, FindingUnit, RuleAction } from './refund-rules.ts';

type Language = 'zh' | 'en';
/** What was found (`{value}`, `{limit}`, `{rule}`), and the way out of it. */
interface Words {
  readonly zh: readonly [found: string, wayOut: string];
  readonly en: readonly [found: string, wayOut: string];
}

const WORDS: Readonly<Record<Finding['kind'], Words>> = {
  refundMax: {
    zh: ['退货 {value} 超过单笔上限 {limit}', '请减少金额, 或由店长处理'],
    en: ['the refund of {value} is above the most for one refund, {limit}', 'Refund less, or ask the manager'],
  },
  remainder: {
    zh: ['退货 {value} 超过可退余额 {limit}', '最多退 {limit}'],
    en: ['the refund of {value} is above what is left of the sale, {limit}', 'Refund at most {limit}'],
  },
  refunded: {
    zh: ['原交易已有退货, 不能撤销', '差额请做退货'],
    en: ['the sale has refunds, so it cannot be voided', 'Refund what is left'],
  },
  voidAmount: {
    zh: ['撤销 {value} 不等于原金额 {limit}', '撤销须为全额; 部分请做退货'],
    en: ['the void of {value} is not the whole sale, {limit}', 'A void takes the whole sale; refund a part of it'],
  },
  voidBatch: {
    zh: ['原交易不在本批次', '请做退货'],
    en: ['the sale is not in this batch', 'Make a refund'],
  },
  window: {
    zh: ['原交易已过 {value}, 超过退货期限 {limit}', '由财务另行退款'],
    en: ['the sale is {value} old, the window is {limit}', 'Have finance give the money back another way'],
  },
  unlinked: {
    zh: ['本机没有原交易', '请到原收款终端退货, 或由第二人复核'],
    en: ['the sale is not in this journal', 'Refund at the till of the sale, or let a second person approve'],
  },
  shopDay: {
    zh: ['本店当日退货合计 {value} 超过上限 {limit}', '次日办理或由店长处理'],
    en: ['all refunds of this day, {value}, are above {limit}', 'Refund tomorrow, or ask the manager'],
  },
  cardDay: {
    zh: ['本卡当日退货合计 {value} 超过上限 {limit}', '次日办理或由店长处理'],
    en: ["this card's refunds of this day, {value}, are above {limit}", 'Refund tomorrow, or ask the manager'],
  },
  operatorDay: {
    zh: ['本操作员当日退货合计 {value} 超过上限 {limit}', '请其他操作员办理'],
    en: ["this operator's refunds of this day, {value}, are above {limit}", 'Let another operator do it'],
  },
  partials: {
    zh: ['退货 {value} 少于原金额 {limit}, 该渠道不可部分退货', '请退全额 {limit}'],
    en: ['{value} is a part of {limit}, and this channel refunds no parts', 'Refund all of it, {limit}'],
  },
  refundsMax: {
    zh: ['本笔将是该交易的{value}退货, 上限 {limit}', '由财务另行退款'],
    en: ['with this one the sale has {value} refunds, at most {limit}', 'Have finance give the money back another way'],
  },
  spacing: {
    zh: ['距上次退货 {value}, 至少间隔 {limit}', '请稍后再退'],
    en: ['the last refund of this sale was {value} ago, {limit} must lie between', 'Wait, then try again'],
  },
  sameAmount: {
    zh: ['同样金额近期已退, 本笔为{value}', '核对是否重复; 不是重复则继续'],
    en: ['the same amount was refunded lately, this makes {value}', 'Look whether it is the same refund twice'],
  },
  funds: {
    zh: ['退货 {value} 超过本批净额 {limit}', '请财务备款, 否则到账会推迟'],
    en: [
      'the refund of {value} is more than the takings of this batch cover, {limit}',
      'Tell finance, or it arrives late',
    ],
  },
  dualLimit: {
    zh: ['退货 {value} 超过 {limit}, 需第二人复核', '请店长到场复核'],
    en: ['the refund of {value} is above {limit}, so a second person approves', 'Call the manager'],
  },
  hold: {
    zh: ['退货暂缓 {value} 后发送', '期间可止付'],
    en: ['the refund waits {value} before it is sent', 'It can be stopped meanwhile'],
  },
  cardCount: {
    zh: ['规则{rule}: 本卡退货{value}, 上限 {limit}', '核对顾客与原单'],
    en: ['rule {rule}: {value} refunds to this card, at most {limit}', 'Compare customer and slip'],
  },
  operatorCount: {
    zh: ['规则{rule}: 本操作员退货{value}, 上限 {limit}', '由店长核对'],
    en: ['rule {rule}: {value} refunds by this operator, at most {limit}', 'Have the manager look at them'],
  },
  shopCount: {
    zh: ['规则{rule}: 全店退货{value}, 上限 {limit}', '由店长核对'],
    en: ['rule {rule}: {value} refunds in the shop, at most {limit}', 'Have the manager look at them'],
  },
  repeatedAmount: {
    zh: ['规则{rule}: 同样金额退货{value}, 上限 {limit}', '核对是否重复'],
    en: ['rule {rule}: {value} refunds of one amount, at most {limit}', 'Look whether they are one and the same'],
  },
  refundShare: {
    zh: ['规则{rule}: 退货占销售 {value}, 上限 {limit}', '由店长核对'],
    en: ['rule {rule}: refunds are {value} of the sales, at most {limit}', 'Have the manager look at them'],
  },
  farAboveAverage: {
    zh: ['规则{rule}: 金额为平均退货的 {value}, 上限 {limit}', '核对金额'],
    en: [
      'rule {rule}: the amount is {value} of the average refund, at most {limit}',
      'Compare the amount with the slip',
    ],
  },
  neverPaid: {
    zh: ['规则{rule}: 此卡未在本机付过款', '请用原卡'],
    en: ['rule {rule}: nobody has paid here with this card', 'Use the card of the sale'],
  },
  lateVoid: {
    zh: ['规则{rule}: 撤销距消费 {value}, 上限 {limit}', '由店长核对'],
    en: ['rule {rule}: the void comes within {value} of the sale, at most {limit}', 'Have the manager look at it'],
  },
  afterHours: {
    zh: ['规则{rule}: 现在 {value}, 营业至 {limit}', '营业时间内办理'],
    en: ['rule {rule}: it is {value}, the shop closes at {limit}', 'Do it in opening hours'],
  },
  reprintBefore: {
    zh: ['规则{rule}: 原单重打过', '核对顾客手中的原单'],
    en: ["rule {rule}: the sale's slip was printed again", "Look at the customer's own slip"],
  },
};

export const ACTION_WORDS: Readonly<Record<'allow' | RuleAction, { readonly zh: string; readonly en: string }>> = {
  allow: { zh: '允许', en: 'allow' },
  warn: { zh: '提示', en: 'warn' },
  approve: { zh: '复核', en: 'approve' },
  hold: { zh: '暂缓', en: 'hold' },
  refuse: { zh: '拒绝', en: 'refuse' },
};

/** What a rule found, with its numbers, e.g. `退货 600.00 超过单笔上限 500.00`. */
export function findingText(finding: Finding, language: Language): string {
  return filled(WORDS[finding.kind][language][0], finding, language);
}

/** What the cashier can do about it. */
export function wayOutText(finding: Finding, language: Language): string {
  return filled(WORDS[finding.kind][language][1], finding, language);
}

function filled(template: string, { rule, value, limit, unit }: Finding, language: Language): string {
  const numbers: Readonly<Record<string, string>> = {
    '{value}': quantity(value, unit, language),
    '{limit}': unit === 'count' ? String(limit) : quantity(limit, unit, language),
    '{rule}': rule,
  };
  return template.replace(/\{(value|limit|rule)\}/g, name => numbers[name]);
}

/** A number with its unit: `600.00`, `35天`, `35 days`, `第3次`, `23:10`. */
export function quantity(value: number, unit: FindingUnit, language: Language): string {
  const zh = language === 'zh';
  switch (unit) {
    case 'minor':
      return formatAmount(value, true);
    case 'percent':
      return `${value}%`;
    case 'clock':
      return `${String(Math.floor(value / 100)).padStart(2, '0')}:${String(value % 100).padStart(2, '0')}`;
    case 'count':
      return zh ? `第${value}次` : String(value);
    case 'days':
      return zh ? `${value}天` : `${value} ${value === 1 ? 'day' : 'days'}`;
    case 'hours':
      return zh ? `${value}小时` : `${value} ${value === 1 ? 'hour' : 'hours'}`;
    case 'seconds':
      return zh ? `${value}秒` : `${value} ${value === 1 ? 'second' : 'seconds'}`;
  }
}
