import { formatAmount } from '../units.ts';
import { labelOf, type Label } from './diff-labels.ts';
import type { Profile } from './schema.ts';
import { isObject, pointerStep, type Json } from './source.ts';

export { LABEL_COLUMNS, type Label } from './diff-labels.ts';

/** One difference between two profiles. */
export interface Change {
  /** JSON pointer of the member. */
  readonly pointer: string;
  /** What the member is called, at most sixteen columns. */
  readonly label: Label;
  /** `$` it decides about money, `!` about keys, passwords or who must agree. */
  readonly mark: '$' | '!' | '';
  /** The value before, as a person reads it; undefined: it was not there. */
  readonly old: string | undefined;
  /** The value after; undefined: it is taken away. */
  readonly new: string | undefined;
  /** 100 = most important. */
  readonly weight: number;
}

interface Rule {
  readonly path: RegExp;
  readonly mark: Change['mark'];
  readonly weight: number;
}

/** The first rule that fits says how much a change matters. */
const RULES: readonly Rule[] = [
  { path: /^id$/, mark: '!', weight: 100 },
  { path: /^acquirer\/(keyMode|masterKeyIndex|macAlgorithm|tls)$/, mark: '!', weight: 100 },
  { path: /^transactions\/[^/]+\/mac$/, mark: '!', weight: 100 },
  { path: /^merchant\/(merchantNo|terminalNo)$/, mark: '$', weight: 95 },
  { path: /^acquirer\/(id|routes|tpdu|currency)$/, mark: '$', weight: 95 },
  { path: /^policy\/([^/]*Minor|refundUnlinked)$/, mark: '$', weight: 90 },
  { path: /^policy\/[^/]*(NeedsManager|NeedsPin|NeedsCard|NeedsTraining)$/, mark: '!', weight: 90 },
  {
    path: /^policy\/(twoPerson|refundBlindEntry|risk|fallbackAllowed|password|pinTries|autoLock)/,
    mark: '!',
    weight: 90,
  },
  {
    path: /^transactions\/[^/]+(\/(unknownOutcome|reversal|enabled|mti|processingCode|type60))?$/,
    mark: '$',
    weight: 85,
  },
  { path: /^acquirer\/(reversal|settlement|partialApproval)/, mark: '$', weight: 85 },
  { path: /^responses\/[^/]+(\/(kind|group))?$/, mark: '$', weight: 80 },
  { path: /^policy\/(refundHoldSeconds|voidAdvice|cutOff|maxTransactions)$/, mark: '$', weight: 75 },
  { path: /^policy\/channels\//, mark: '$', weight: 70 },
  { path: /^acquirer\/scanPayment/, mark: '$', weight: 70 },
  { path: /^terminal\/(models|baud|readCapability|keys|keymap)/, mark: '', weight: 65 },
  { path: /^dialect/, mark: '', weight: 60 },
  { path: /^transactions/, mark: '', weight: 60 },
  { path: /^acquirer\/(answer|connect)/, mark: '', weight: 60 },
  { path: /^acquirer/, mark: '', weight: 55 },
  { path: /^terminal/, mark: '', weight: 50 },
  { path: /^policy/, mark: '', weight: 45 },
  { path: /^merchant/, mark: '', weight: 40 },
  { path: /^responses/, mark: '', weight: 30 },
  { path: /^texts/, mark: '', weight: 20 },
  { path: /^(version|name)/, mark: '', weight: 15 },
  { path: /^/, mark: '', weight: 10 },
];

/** Where a difference is told as a whole: a screen is read as a whole, an entry that comes or goes too. */
const WHOLE =
  /^(texts\/screens\/[^/]+\/(zh|en)|institutions\/[^/]+|training\/[^/]+|policy\/risk|dialect\/(subfields|tags|options)\/[^/]+)$/;

/** What changes from `before` to `after`, the most important first. Empty: the two say the same. */
export function profileDiff(before: Profile, after: Profile): Change[] {
  const changes: Change[] = [];
  compare(before as unknown as Json, after as unknown as Json, '', '', changes);
  return changes.sort((a, b) => b.weight - a.weight || (a.pointer < b.pointer ? -1 : 1));
}

function compare(a: Json | undefined, b: Json | undefined, path: string, pointer: string, changes: Change[]): void {
  if (!WHOLE.test(path) && isObject(a) && isObject(b)) {
    const members = new Set([...Object.keys(a), ...Object.keys(b)]);
    for (const member of members)
      compare(
        Object.hasOwn(a, member) ? a[member] : undefined,
        Object.hasOwn(b, member) ? b[member] : undefined,
        path === '' ? member : `${path}/${member}`,
        pointer + pointerStep(member),
        changes,
      );
    return;
  }
  if (same(a, b)) return;
  const { mark, weight } = RULES.find(rule => rule.path.test(path)) ?? RULES[RULES.length - 1];
  changes.push({ pointer, label: labelOf(path), mark, weight, old: shown(a, path), new: shown(b, path) });
}

/** Same value; the order of members does not count. */
function same(a: Json | undefined, b: Json | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, at) => same(item, b[at]));
  if (isObject(a) && isObject(b)) {
    const members = Object.keys(a);
    return members.length === Object.keys(b).length && members.every(member => same(a[member], b[member]));
  }
  return a === b;
}

/** A value as a person reads it: amounts with their point, lists with commas, objects by their members. */
function shown(value: Json | undefined, path: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && path.endsWith('Minor')) return formatAmount(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) {
    const lines = /^texts\/screens\//.test(path);
    if (value.length === 0) return 'none';
    return value.map(item => shown(item as Json, path) ?? '').join(lines ? ' | ' : ', ');
  }
  if (isObject(value))
    return Object.entries(value)
      .map(
        ([member, inner]) =>
          `${member}: ${isObject(inner) || Array.isArray(inner) ? JSON.stringify(inner) : shown(inner, `/${member}`)}`,
      )
      .join(', ');
  return String(value);
}
