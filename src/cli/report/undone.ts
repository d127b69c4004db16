import { counts, type Journal, plus, type Txn } from '../../journal/journal.ts';
import type { Sum } from '../../journal/types.ts';
import { digits } from '../../units.ts';
import type { Cell, Report, Span, Table, Word } from './model.ts';
import { actOf, cardOf, numberOf, percent, txnsIn } from './rows.ts';
import { dayText, hourText, weekText } from './time.ts';
import { CHANNEL_WORDS, column, columns, reasonCell, type Sources, words } from './words.ts';

/** Voids and refunds: why, by whom, when, and what looks as if it were no mistake. */

/** What a person may group by, in words of the command line. */
export const GROUP_KEYS = ['reason', 'operator', 'hour', 'day', 'terminal', 'channel', 'card', 'amount'] as const;
export type GroupKey = (typeof GROUP_KEYS)[number];

/** More days are shown by weeks. */
const DAYS_MAX = 31;
/** A void so long after its sale: the customer has most likely left. */
const LATE_VOID_MS = 30 * 60_000;
/** The same amount so often by one operator in a span. */
const REPEATED_MIN = 3;
/** A sale so soon after a void: the payment was only put right. */
const PAID_AGAIN_MS = 15 * 60_000;

/** Report of voids or of refunds that counted; without `by`, by reason, operator, hour and day. */
export function undoneReport(sources: Sources, span: Span, act: 'void' | 'refund', by?: readonly GroupKey[]): Report {
  const all = [...txnsIn(sources.journal, span)].filter(counts);
  const undone = all.filter(txn => actOf(txn) === act);
  const sold = all.filter(txn => actOf(txn) === 'sale').reduce((sum, txn) => sum + txn.amountMinor, 0);
  const group = (...keys: GroupKey[]): Table => grouped(sources, undone, keys);
  return {
    id: act === 'void' ? 'voids' : 'refunds',
    title: act === 'void' ? words('撤销报表', 'Voids') : words('退货报表', 'Refunds'),
    span,
    tables: [
      summary(undone, sold, act),
      ...(by ? [group(...by)] : [group('reason'), group('operator'), group('hour'), group('day'), group('terminal')]),
      reasonsOverTime(sources, undone),
      ...patterns(sources, all, undone, act),
      ...(act === 'refund' ? [cards(undone)] : []),
    ],
  };
}

function summary(undone: readonly Txn[], sold: number, act: 'void' | 'refund'): Table {
  const amountMinor = undone.reduce((sum, txn) => sum + txn.amountMinor, 0);
  return {
    id: 'summary',
    title: words('总计', 'In all'),
    columns: columns('count', 'amount', act === 'void' ? 'voidShare' : 'refundShare'),
    rows: [[undone.length, amountMinor, percent(amountMinor, sold)]],
  };
}

function keyCell(sources: Sources, txn: Txn, key: GroupKey): Cell {
  switch (key) {
    case 'reason':
      return reasonCell(sources.profile, txn.kind, txn.intent.reason);
    case 'operator':
      return txn.intent.operator;
    case 'hour':
      return hourText(txn.atMs);
    case 'day':
      return dayText(txn.atMs);
    case 'terminal':
      return txn.intent.tid;
    case 'channel':
      return CHANNEL_WORDS[txn.intent.channel ?? 'card'];
    case 'card':
      return cardOf(txn);
    case 'amount':
      return txn.amountMinor;
  }
}

const idOf = (cell: Cell): string => (typeof cell === 'object' ? cell.id : String(cell ?? ''));

function grouped(sources: Sources, undone: readonly Txn[], keys: readonly GroupKey[]): Table {
  const groups = new Map<string, { cells: Cell[]; sum: Sum }>();
  let whole = 0;
  for (const txn of undone) {
    const cells = keys.map(key => keyCell(sources, txn, key));
    const id = cells.map(idOf).join('\u0000');
    const group = groups.get(id) ?? { cells, sum: { count: 0, amountMinor: 0 } };
    groups.set(id, { cells, sum: plus(group.sum, txn.amountMinor) });
    whole += txn.amountMinor;
  }
  const inOrder = keys.some(key => key === 'hour' || key === 'day');
  const rows = [...groups].sort(([a, left], [b, right]) =>
    !inOrder && left.sum.count !== right.sum.count ? right.sum.count - left.sum.count : a < b ? -1 : 1,
  );
  const name = keys.map(key => columns(key)[0].head);
  return {
    id: `by-${keys.join('-')}`,
    title: words(`按${name.map(head => head.zh).join('、')}`, `By ${name.map(head => head.en).join(', ')}`),
    // The amount of one transaction as a key is a number of its own.
    columns: [
      ...keys.map(key => (key === 'amount' ? column('each', '每笔金额', 'each', 'amount') : columns(key)[0])),
      ...columns('count', 'amount', 'share'),
    ],
    rows: rows.map(([, { cells, sum }]) => [...cells, sum.count, sum.amountMinor, percent(sum.amountMinor, whole)]),
    ...(keys.length === 1 && keys[0] !== 'amount' && (keys[0] !== 'day' || rows.length <= DAYS_MAX)
      ? { chart: { kind: 'bar' as const, label: keys[0], values: ['count'] } }
      : {}),
  };
}

/** One row a day, or a week when there are more days than a picture shows; one column a reason. */
function reasonsOverTime(sources: Sources, undone: readonly Txn[]): Table {
  const reasons = new Map<string, Cell>();
  const days = new Map<string, Map<string, number>>();
  const weekly = new Set(undone.map(txn => dayText(txn.atMs))).size > DAYS_MAX;
  for (const txn of undone) {
    const cell = keyCell(sources, txn, 'reason');
    const id = idOf(cell);
    reasons.set(id, cell);
    const day = weekly ? weekText(txn.atMs) : dayText(txn.atMs);
    const perDay = days.get(day) ?? new Map<string, number>();
    perDay.set(id, (perDay.get(id) ?? 0) + 1);
    days.set(day, perDay);
  }
  const ids = [...reasons.keys()].sort();
  const head = (id: string): { zh: string; en: string } => {
    const cell = reasons.get(id);
    if (typeof cell === 'object') return cell;
    return cell === undefined ? { zh: '无原因', en: 'no reason' } : { zh: id, en: id };
  };
  return {
    id: 'reasons-over-time',
    title: weekly
      ? words('原因与日期 (每周, 周一)', 'Reasons over time (weeks, by their Monday)')
      : words('原因与日期', 'Reasons over time'),
    columns: [...columns('day'), ...ids.map(id => column(`reason${id}`, head(id).zh, head(id).en, 'count'))],
    rows: [...days]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([day, sums]) => [day, ...ids.map(id => sums.get(id) ?? 0)]),
    ...(ids.length > 0
      ? { chart: { kind: 'stack' as const, label: 'day', values: ids.map(id => `reason${id}`) } }
      : {}),
  };
}

const pattern = (id: string, zh: string, en: string): Word => ({ id, zh, en });
const PATTERNS = {
  afterReceipt: pattern('afterReceipt', '顾客联已打印后撤销', 'after the customer had the receipt'),
  lateVoid: pattern('lateVoid', '消费后久才撤销', 'long after the sale'),
  noCard: pattern('noCard', '无卡', 'without the card'),
  notPaidAgain: pattern('notPaidAgain', '撤销后未重新收款', 'not paid again after the void'),
  reprintBefore: pattern('reprintBefore', '先重打再退', 'receipt reprinted before'),
  neverPaid: pattern('neverPaid', '此卡未在本机消费', 'card never paid here'),
  unlinked: pattern('unlinked', '原交易不在本机', 'original not in this journal'),
  repeatedAmount: pattern('repeatedAmount', '同额多次', 'same amount again and again'),
};

/**
 * Voids and refunds that a manager may want to ask about; each of these patterns alone
 * is no proof of anything: first how often each pattern was seen, then the transactions.
 */
function patterns(
  { journal, profile }: Sources,
  all: readonly Txn[],
  undone: readonly Txn[],
  act: 'void' | 'refund',
): Table[] {
  const rows: Cell[][] = [];
  const sums = new Map<Word, Sum>();
  const repeated = new Map<string, number>();
  const amountKey = (txn: Txn): string => `${txn.intent.operator} ${txn.amountMinor}`;
  for (const txn of undone) repeated.set(amountKey(txn), (repeated.get(amountKey(txn)) ?? 0) + 1);
  const again = paidAgain(all, undone);
  for (const txn of undone) {
    const originalId = txn.intent.original?.txnId;
    const original = originalId === undefined ? undefined : journal.txn(originalId);
    const afterMs = original && txn.atMs - original.atMs;
    const token = txn.intent.card?.token;
    const seen: Word[] = [];
    const look = (word: Word, there: boolean): void => void (there && seen.push(word));
    if (act === 'void') {
      look(PATTERNS.afterReceipt, original !== undefined && customerCopyBefore(journal, original.id, txn.id));
      look(PATTERNS.lateVoid, afterMs !== undefined && afterMs > LATE_VOID_MS);
      look(PATTERNS.notPaidAgain, !again.has(txn.id));
    } else {
      look(PATTERNS.neverPaid, token !== undefined && journal.paymentsBefore(token, txn.id) === 0);
      look(PATTERNS.unlinked, original === undefined);
    }
    look(PATTERNS.reprintBefore, original !== undefined && wasReprinted(journal, original.id, txn.atMs));
    look(PATTERNS.noCard, original?.intent.card !== undefined && withoutCard(txn));
    look(PATTERNS.repeatedAmount, (repeated.get(amountKey(txn)) ?? 0) >= REPEATED_MIN);
    for (const word of seen) sums.set(word, plus(sums.get(word) ?? { count: 0, amountMinor: 0 }, txn.amountMinor));
    if (seen.length === 0) continue;
    rows.push([
      txn.atMs,
      numberOf(txn),
      digits(txn.trace, 6),
      txn.amountMinor,
      cardOf(txn),
      txn.intent.operator,
      txn.intent.approver,
      reasonCell(profile, txn.kind, txn.intent.reason),
      afterMs,
      joined(seen),
    ]);
  }
  return [
    {
      id: 'patterns',
      title: words('需留意的现象', 'Worth a question'),
      columns: columns('pattern', 'count', 'amount'),
      rows: [...sums]
        .sort(([, a], [, b]) => b.count - a.count)
        .map(([word, sum]) => [word, sum.count, sum.amountMinor]),
      note: words('单独一项不说明任何问题', 'None of these alone proves anything'),
    },
    {
      id: 'worth-a-question',
      title: words('需留意的交易', 'Transactions worth a question'),
      columns: columns(
        'at',
        'number',
        'voucher',
        'amount',
        'card',
        'operator',
        'approver',
        'reason',
        'after',
        'pattern',
      ),
      rows,
    },
  ];
}

function joined(found: readonly Word[]): Word {
  return {
    id: found.map(word => word.id).join(' '),
    zh: found.map(word => word.zh).join('; '),
    en: found.map(word => word.en).join('; '),
  };
}

function withoutCard(txn: Txn): boolean {
  const entry = txn.intent.card?.entry;
  return entry === undefined || entry === 'none' || entry === 'manual';
}

/** A copy for the customer was printed before this record. */
function customerCopyBefore(journal: Journal, originalId: number, recordId: number): boolean {
  return journal.slipsOf(originalId).some(slip => slip.copy === 'cardholder' && slip.id < recordId);
}

function wasReprinted(journal: Journal, originalId: number, beforeMs: number): boolean {
  const printed = journal.slipsOf(originalId).filter(slip => slip.reprints > 0);
  return printed.length > 0 && printed.some(slip => journal.reprintsOf(slip.id).some(atMs => atMs < beforeMs));
}

/** Transactions that were followed by a sale on the same terminal soon enough. */
function paidAgain(all: readonly Txn[], undone: readonly Txn[]): ReadonlySet<number> {
  const put = new Set<number>();
  const wanted = new Set(undone.map(txn => txn.id));
  all.forEach((txn, i) => {
    if (!wanted.has(txn.id)) return;
    for (let next = i + 1; next < all.length && all[next].atMs - txn.atMs <= PAID_AGAIN_MS; next++) {
      const later = all[next];
      if (actOf(later) === 'sale' && later.state === 'approved' && later.intent.tid === txn.intent.tid) put.add(txn.id);
    }
  });
  return put;
}

/** Cards with more than one refund. */
function cards(undone: readonly Txn[]): Table {
  const perCard = new Map<string, { masked: string; sum: Sum; operators: Set<string> }>();
  for (const txn of undone) {
    const { card, operator } = txn.intent;
    if (!card) continue;
    const one = perCard.get(card.token) ?? {
      masked: card.masked,
      sum: { count: 0, amountMinor: 0 },
      operators: new Set<string>(),
    };
    one.operators.add(operator);
    perCard.set(card.token, { ...one, sum: plus(one.sum, txn.amountMinor) });
  }
  return {
    id: 'cards',
    title: words('多次退货的卡', 'Cards with more than one refund'),
    columns: [...columns('card', 'count', 'amount'), column('operators', '操作员', 'operators', 'code')],
    rows: [...perCard.values()]
      .filter(one => one.sum.count > 1)
      .sort((a, b) => b.sum.count - a.sum.count || b.sum.amountMinor - a.sum.amountMinor)
      .map(one => [one.masked, one.sum.count, one.sum.amountMinor, [...one.operators].sort().join(' ')]),
  };
}
