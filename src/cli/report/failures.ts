import { KIND_RULES, type Journal, type Txn } from '../../journal/journal.ts';
import { type Cause, causeOf, refusalCause } from './cause.ts';
import type { Cell, Report, Span, Table } from './model.ts';
import { refusals } from './operators.ts';
import { patternsTable } from './patterns.ts';
import { percent, txnsIn } from './rows.ts';
import { column, columns, type Sources, words } from './words.ts';

/** What did not work: what to mend first, what it cost, how fast the acquirer answers. */

interface Pile {
  readonly cause: Cause;
  count: number;
  amountMinor: number;
  lostMs: number;
}

/** An outcome that comes later was entered by a person; nobody stood at the counter for it. */
const WAIT_MAX_MS = 10 * 60_000;

/** Pareto of causes, sums of classes, codes and times of the acquirer. */
export function failuresReport({ journal, profile }: Sources, span: Span): Report {
  const txns = [...txnsIn(journal, span)];
  const { fromMs, toMs } = span;
  const ends = endTimes(journal, fromMs);
  const piles = new Map<string, Pile>();
  const add = (cause: Cause, amountMinor: number, lostMs: number): void => {
    let pile = piles.get(cause.id);
    if (!pile) piles.set(cause.id, (pile = { cause, count: 0, amountMinor: 0, lostMs: 0 }));
    pile.count++;
    pile.amountMinor += amountMinor;
    pile.lostMs += lostMs;
  };
  for (const txn of txns) {
    const cause = causeOf(profile, txn);
    if (cause) add(cause, txn.requestedMinor, lostTime(txn, ends));
  }
  const refused = refusals(journal, fromMs, toMs);
  for (const one of refused) add(refusalCause(profile, one), one.amountMinor ?? 0, 0);
  const all = [...piles.values()].sort((a, b) => b.count - a.count || (a.cause.id < b.cause.id ? -1 : 1));
  return {
    id: 'failures',
    title: words('失败分析', 'Failures'),
    span,
    tables: [
      pareto(all),
      classes(all),
      patternsTable({ journal, profile }, txns, refused, fromMs, toMs),
      link(txns, ends),
      codes(txns),
    ],
  };
}

/** First outcome of a transaction, and the end of its reversal when one was owed. */
interface Ends {
  readonly outcome: ReadonlyMap<number, number>;
  readonly reversal: ReadonlyMap<number, number>;
}

function endTimes(journal: Journal, fromMs: number): Ends {
  const outcome = new Map<number, number>();
  const reversal = new Map<number, number>();
  for (const record of journal.recordsOfKinds(['outcome', 'reversal-result'], fromMs)) {
    const { id, state } = record.body as { id: number; state?: string };
    if (record.kind === 'outcome') {
      if (!outcome.has(id)) outcome.set(id, record.atMs);
    } else if (state === 'done') reversal.set(id, record.atMs);
  }
  return { outcome, reversal };
}

/**
 * Time at the counter: from the intent to its outcome, and on to the end of the reversal, because the terminal does
 * nothing else until then. What took longer than ten minutes went on without anybody waiting and counts as ten.
 */
function lostTime(txn: Txn, ends: Ends): number {
  const end = ends.reversal.get(txn.id) ?? ends.outcome.get(txn.id);
  return end === undefined ? 0 : Math.min(WAIT_MAX_MS, Math.max(0, end - txn.atMs));
}

function pareto(piles: readonly Pile[]): Table {
  const whole = piles.reduce((sum, pile) => sum + pile.count, 0);
  let running = 0;
  return {
    id: 'pareto',
    title: words('失败原因 (先解决最上面的)', 'Causes, the one to mend first on top'),
    columns: [
      column('cause', '原因', 'cause', 'text'),
      column('class', '类别', 'class', 'code'),
      ...columns('count', 'share', 'running', 'amount', 'lost'),
      column('remedy', '处理', 'remedy', 'text'),
    ],
    rows: piles.map(({ cause, count, amountMinor, lostMs }) => {
      running += count;
      return [
        { id: cause.id, ...cause.text },
        cause.class,
        count,
        percent(count, whole),
        percent(running, whole),
        amountMinor,
        lostMs,
        { id: cause.id, ...cause.remedy },
      ];
    }),
    chart: { kind: 'pareto', label: 'cause', values: ['count'] },
    note: words(
      '耗时: 至结果或冲正完成, 每笔最多10分钟; 本机拒绝不计',
      'Time lost: until the outcome or the end of the reversal, ten minutes at most each; refusals here count none',
    ),
  };
}

function classes(piles: readonly Pile[]): Table {
  const sums = new Map<string, { word: Cell; count: number; lostMs: number }>();
  for (const { cause, count, lostMs } of piles) {
    const one = sums.get(cause.class.id) ?? { word: cause.class, count: 0, lostMs: 0 };
    sums.set(cause.class.id, { ...one, count: one.count + count, lostMs: one.lostMs + lostMs });
  }
  const whole = piles.reduce((sum, pile) => sum + pile.count, 0);
  return {
    id: 'classes',
    title: words('类别', 'Classes'),
    columns: [column('class', '类别', 'class', 'code'), ...columns('count', 'share', 'lost')],
    rows: [...sums.values()]
      .sort((a, b) => b.count - a.count)
      .map(one => [one.word, one.count, percent(one.count, whole), one.lostMs]),
  };
}

/** So many of a hundred without a usable answer want a word with the acquirer; fewer requests than that say nothing. */
const ALARM_PERCENT = 10;
const ALARM_SENT = 10;

/** How fast the acquirer answers, by kind of transaction. */
function link(txns: readonly Txn[], ends: Ends): Table {
  const perKind = new Map<string, { answers: number[]; timeouts: number; notSent: number }>();
  for (const txn of txns) {
    const act = KIND_RULES[txn.kind].act;
    const one = perKind.get(act) ?? { answers: [], timeouts: 0, notSent: 0 };
    perKind.set(act, one);
    const end = ends.outcome.get(txn.id);
    if (txn.state === 'failed') one.notSent++;
    else if (txn.state === 'unknown' || txn.state === 'reversed') one.timeouts++;
    else if (end !== undefined && end - txn.atMs <= WAIT_MAX_MS) one.answers.push(Math.max(0, end - txn.atMs));
  }
  const bad = [...perKind].some(([, { answers, timeouts }]) => {
    const sent = answers.length + timeouts;
    return sent >= ALARM_SENT && timeouts * 100 >= sent * ALARM_PERCENT;
  });
  const seconds = (ms: number | undefined): string | undefined =>
    ms === undefined ? undefined : (ms / 1000).toFixed(1);
  return {
    id: 'link',
    title: words('收单应答', 'Answers of the acquirer'),
    columns: [
      column('act', '交易', 'transaction', 'code'),
      column('answered', '有应答', 'answered', 'count'),
      column('p50Seconds', '中位秒', 'p50 seconds', 'code'),
      column('p95Seconds', '95%秒', 'p95 seconds', 'code'),
      column('timeouts', '无可用应答', 'no usable answer', 'count'),
      column('notSent', '未发送', 'not sent', 'count'),
      column('timeoutShare', '无应答占比', 'share', 'percent'),
    ],
    rows: [...perKind].map(([act, one]) => {
      const sorted = one.answers.sort((a, b) => a - b);
      const sent = sorted.length + one.timeouts;
      return [
        ACTS[act as keyof typeof ACTS],
        sorted.length,
        seconds(rank(sorted, 50)),
        seconds(rank(sorted, 95)),
        one.timeouts,
        one.notSent,
        percent(one.timeouts, sent),
      ];
    }),
    ...(bad
      ? {
          note: words(
            '无应答过多: 请联系收单机构或换线路',
            'Too many have no answer: call the acquirer, or take another line',
          ),
        }
      : {}),
  };
}

const ACTS = {
  sale: { id: 'sale', ...words('消费', 'sale') },
  void: { id: 'void', ...words('撤销', 'void') },
  refund: { id: 'refund', ...words('退货', 'refund') },
};

/** The value that `share` percent of the sorted ones do not exceed (nearest rank). */
function rank(sorted: readonly number[], share: number): number | undefined {
  return sorted.at(Math.max(0, Math.ceil((sorted.length * share) / 100) - 1));
}

/** Answer codes and how often each came. */
function codes(txns: readonly Txn[]): Table {
  const counts = new Map<string, number>();
  for (const txn of txns) {
    const code = txn.answer?.code;
    if (code !== undefined) counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  const whole = [...counts.values()].reduce((sum, one) => sum + one, 0);
  return {
    id: 'codes',
    title: words('应答码', 'Answer codes'),
    columns: columns('code', 'count', 'share'),
    rows: [...counts]
      .sort(([a, left], [b, right]) => right - left || (a < b ? -1 : 1))
      .map(([code, count]) => [code, count, percent(count, whole)]),
  };
}
