import { digits, formatAmount } from '../../units.ts';
import type { Figures, RuleView } from '../types.ts';

/** Rules whose numbers tell nobody anything: yes or no is all there is. */
const WITHOUT: ReadonlySet<RuleView['kind']> = new Set([
  'unlinked',
  'reprintBefore',
  'neverPaid',
  'refunded',
  'voidBatch',
]);

/** The numbers of a rule for one line of the screen: what was found against what the shop allows. */
export function figuresOf({ kind, value, limit, unit }: RuleView): Figures | undefined {
  if (WITHOUT.has(kind)) return undefined;
  if (kind === 'funds') {
    const net = formatAmount(limit);
    return { zh: labelled('净额 ', 5, net), en: labelled('NET ', 4, net) };
  }
  switch (unit) {
    case 'minor': {
      const amount = formatAmount(limit);
      return { zh: labelled('上限 ', 5, amount), en: labelled('LIMIT ', 6, amount) };
    }
    case 'days':
      return { zh: `${value}天>${limit}天`, en: `${value}>${limit} DAYS` };
    case 'count':
      return { zh: `${value}次>${limit}次`, en: `${value}>${limit} TIMES` };
    case 'percent':
      return { zh: `${value}%>${limit}%`, en: `${value}%>${limit}%` };
    case 'hours':
      return { zh: `${value}小时>${limit}`, en: `${value}>${limit} HOURS` };
    case 'seconds':
      return { zh: `${value}秒<${limit}秒`, en: `${value}<${limit} SECONDS` };
    case 'clock':
      return { zh: `${clock(value)} 止${clock(limit)}`, en: `${clock(value)} TO ${clock(limit)}` };
  }
}

const COLUMNS = 16;

/** The label goes when the amount needs its columns. */
function labelled(label: string, columns: number, amount: string): string {
  return columns + amount.length > COLUMNS ? amount : label + amount;
}

/** `22:05` of 2205. */
function clock(hhmm: number): string {
  const text = digits(hhmm, 4);
  return `${text.slice(0, 2)}:${text.slice(2)}`;
}
