import {
  type BatchTotals,
  CHANNELS,
  channelOf,
  type Journal,
  netOf,
  plus,
  tally,
  type Txn,
} from '../../journal/journal.ts';
import type { ExternalRefund, HeldRefund, Settlement, Sum } from '../../journal/types.ts';
import { digits } from '../../units.ts';
import { overdueTable, refundsOverdue } from './due.ts';
import { fundsTable } from './funds.ts';
import type { Cell, Report, Span, Table, Word } from './model.ts';
import { actOf, cardOf, numberOf, originalText, trackingOf, txnsIn } from './rows.ts';
import { hourText } from './time.ts';
import { CHANNEL_WORDS, column, columns, KINDS, reasonCell, type Sources, STATES, words } from './words.ts';

const item = (id: string, zh: string, en: string): Word => ({ id, zh, en });

/** Money of a day or batch: what came, what went back, what the settlements said, and what still waits. */
export function dayReport(sources: Sources, span: Span): Report {
  const { journal } = sources;
  const txns = [...txnsIn(journal, span)];
  const { fromMs, toMs } = span;
  const externals = journal.externals(fromMs, toMs);
  const late = refundsOverdue(sources);
  return {
    id: 'day',
    title: words('营业日报', 'Day report'),
    span,
    tables: [
      totals(txns, externals),
      channels(txns),
      batches(journal, txns, span),
      waiting(sources, late),
      ...(late.length > 0 ? [overdueTable(late)] : []),
      fundsTable(sources),
      hours(txns),
      entries(sources, txns, externals, fromMs, toMs),
    ],
  };
}

function sumOf(amounts: readonly number[]): Sum {
  return { count: amounts.length, amountMinor: amounts.reduce((sum, one) => sum + one, 0) };
}

function totals(txns: readonly Txn[], externals: readonly ExternalRefund[]): Table {
  const all = tally(txns);
  const other = sumOf(externals.map(one => one.amountMinor));
  const row = (word: Word, count: number | undefined, amountMinor: number): Cell[] => [word, count, amountMinor];
  return {
    id: 'totals',
    title: words('总计', 'Totals'),
    columns: columns('item', 'count', 'amount'),
    rows: [
      row(item('gross', '消费', 'gross sales'), all.sales.count, all.sales.amountMinor),
      row(item('voids', '撤销', 'voids'), all.voids.count, -all.voids.amountMinor),
      row(item('refunds', '退货', 'refunds'), all.refunds.count, -all.refunds.amountMinor),
      row(item('net', '净额', 'net'), undefined, all.netMinor),
      row(item('external', '外部退款', 'given back otherwise'), other.count, -other.amountMinor),
      row(item('netAfterExternal', '扣外部退款后', 'net after that'), undefined, all.netMinor - other.amountMinor),
    ],
    note: words(
      '净额与结算一致; 外部退款不经收单机构',
      'The net is what settlements count; money given back otherwise never passes the acquirer',
    ),
  };
}

function channels(txns: readonly Txn[]): Table {
  const all = tally(txns);
  return {
    id: 'channels',
    title: words('渠道', 'Channels'),
    columns: columns('channel', 'sales', 'salesAmount', 'voids', 'voidsAmount', 'refunds', 'refundsAmount', 'net'),
    rows: CHANNELS.map(channel => {
      const { sales, voids, refunds } = all.channels[channel];
      return [
        CHANNEL_WORDS[channel],
        ...[sales, voids, refunds].flatMap(sum => [sum.count, sum.amountMinor]),
        netOf(all.channels[channel]),
      ];
    }),
  };
}

const RESULTS = {
  1: item('balanced', '平', 'balanced'),
  2: item('notBalanced', '不平', 'not balanced'),
  3: item('error', '出错', 'error'),
} as const;
const BATCH_OPEN = item('open', '未结 (X)', 'open (X)');
const BATCH_CLOSED = item('closed', '已结 (Z)', 'closed (Z)');
const BATCH_LEFT = item('left', '收单已关,未对账', 'closed by the acquirer');
const BATCH_UNFINISHED = item('unfinished', '结算未完', 'settling');

/** X: the open batch as it stands. Z: each closed batch with the totals that were settled and those of now; batches that no settlement compared. */
function batches(journal: Journal, txns: readonly Txn[], span: Span): Table {
  const settlements = journal
    .settlementsBetween(0, Number.MAX_SAFE_INTEGER)
    .filter(
      one =>
        one.stage !== 'cancelled' &&
        (span.periods ? span.periods.includes(one.period) : one.atMs >= span.fromMs && one.atMs < span.toMs),
    );
  const rows = settlements.map(one => batchRow(one.batch, one.totals, journal.batchTotals(one.period), one));
  const period = journal.period();
  const asked = span.periods ? span.periods.includes(period) : txns.some(txn => txn.period === period);
  if (asked && !settlements.some(one => one.period === period)) {
    const now = journal.batchTotals(period);
    rows.push(batchRow(journal.batch(), now, now));
  }
  // A batch that was settled on another day has its row there.
  for (const left of journal.batchesLeft(txns)) {
    const now = journal.batchTotals(left.period);
    if (counted(now) > 0) rows.push(batchRow(left.batch, now, now, undefined, BATCH_LEFT));
  }
  return {
    id: 'batches',
    title: words('批次 (X 未结, Z 已结)', 'Batches (X open, Z closed)'),
    columns: [
      ...columns('batch', 'state', 'at'),
      column('cup', '内卡', 'own cards', 'code'),
      column('foreign', '外卡', 'foreign', 'code'),
      column('debit', '借记笔数', 'debits', 'count'),
      column('debitAmount', '借记金额', 'debit amount', 'amount'),
      column('credit', '贷记笔数', 'credits', 'count'),
      column('creditAmount', '贷记金额', 'credit amount', 'amount'),
      ...columns('net'),
      column('later', '结后变动', 'changed since', 'amount'),
    ],
    rows,
    note: words(
      '结后变动: 结算后登记的待查退货等',
      'Changed since: entries after the settlement, such as an unknown refund that was accepted',
    ),
  };
}

function batchRow(
  batch: number,
  settled: BatchTotals,
  now: BatchTotals,
  settlement?: Settlement,
  unsettled = BATCH_OPEN,
): Cell[] {
  const debit = both(settled.cup.debit, settled.foreign.debit);
  const credit = both(settled.cup.credit, settled.foreign.credit);
  const net = (totals: BatchTotals): number =>
    both(totals.cup.debit, totals.foreign.debit).amountMinor -
    both(totals.cup.credit, totals.foreign.credit).amountMinor;
  const state = !settlement ? unsettled : settlement.stage === 'closed' ? BATCH_CLOSED : BATCH_UNFINISHED;
  return [
    digits(batch, 6),
    state,
    settlement?.atMs,
    settlement?.flags && RESULTS[settlement.flags.cup],
    settlement?.flags && RESULTS[settlement.flags.foreign],
    debit.count,
    debit.amountMinor,
    credit.count,
    credit.amountMinor,
    net(settled),
    net(now) - net(settled),
  ];
}

const counted = ({ cup, foreign }: BatchTotals): number =>
  cup.debit.count + cup.credit.count + foreign.debit.count + foreign.credit.count;

function both(a: Sum, b: Sum): Sum {
  return { count: a.count + b.count, amountMinor: a.amountMinor + b.amountMinor };
}

/** What somebody must still look after, as of now and whatever the span. */
function waiting(sources: Sources, late: readonly Txn[]): Table {
  const { journal, nowMs } = sources;
  const row = (
    word: Word,
    list: readonly { readonly atMs: number; readonly amountMinor?: number; readonly requestedMinor?: number }[],
  ): Cell[] => [
    word,
    list.length,
    list.some(one => one.amountMinor !== undefined)
      ? list.reduce((sum, one) => sum + (one.requestedMinor ?? one.amountMinor ?? 0), 0)
      : undefined,
    list.length === 0 ? undefined : Math.min(...list.map(one => one.atMs)),
  ];
  const cases = journal.cases('open');
  return {
    id: 'waiting',
    title: words('待办 (现在)', 'Waiting for somebody (now)'),
    columns: columns('item', 'count', 'amount', 'oldest'),
    rows: [
      row(item('held', '暂缓退货', 'refunds held'), journal.heldRefunds()),
      row(item('unknown', '待查退货', 'refunds unknown'), journal.unknownRefunds()),
      row(item('overdue', '逾期未到账', 'refunds overdue'), late),
      row(
        item('reversals', '未完成冲正', 'reversals owed or held'),
        [...journal.owedReversals(), ...journal.heldReversals()].map(one => one.txn),
      ),
      row(item('cases', '未结事件', 'cases open'), cases),
      row(
        item('casesLate', '逾期事件', 'cases late'),
        cases.filter(one => one.dueMs < nowMs),
      ),
      row(item('notices', '待发通知', 'notices to send'), journal.noticesWaiting()),
    ],
  };
}

function hours(txns: readonly Txn[]): Table {
  const perHour = new Map<string, Record<'sale' | 'void' | 'refund', Sum>>();
  for (const txn of txns) {
    if (txn.state !== 'approved' && txn.state !== 'voided') continue;
    const hour = hourText(txn.atMs);
    const none: Sum = { count: 0, amountMinor: 0 };
    const sums = perHour.get(hour) ?? { sale: none, void: none, refund: none };
    sums[actOf(txn)] = plus(sums[actOf(txn)], txn.amountMinor);
    perHour.set(hour, sums);
  }
  return {
    id: 'hours',
    title: words('时段', 'By hour'),
    columns: columns('hour', 'sales', 'salesAmount', 'voids', 'voidsAmount', 'refunds', 'refundsAmount'),
    rows: [...perHour]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([hour, sums]) => [
        hour,
        ...[sums.sale, sums.void, sums.refund].flatMap(sum => [sum.count, sum.amountMinor]),
      ]),
    chart: { kind: 'bar', label: 'hour', values: ['salesAmount', 'voidsAmount', 'refundsAmount'] },
  };
}

const ENTRY_COLUMNS = columns(
  'at',
  'kind',
  'state',
  'number',
  'batch',
  'voucher',
  'amount',
  'channel',
  'card',
  'reference',
  'operator',
  'approver',
  'second',
  'reason',
  'original',
  'note',
);
const EXTERNAL = item('external', '外部退款', 'given back otherwise');
const HELD: Record<HeldRefund['state'], Word> = {
  held: item('held', '暂缓', 'held'),
  stopped: item('stopped', '已止付', 'stopped'),
  sent: item('sent', '已发送', 'sent'),
};

/** Every void and refund of the span, line by line, for the books: also what was held, stopped or given back otherwise. */
function entries(
  { journal, profile }: Sources,
  txns: readonly Txn[],
  externals: readonly ExternalRefund[],
  fromMs: number,
  toMs: number,
): Table {
  const rows: Cell[][] = [];
  for (const txn of txns) {
    if (actOf(txn) === 'sale') continue;
    const { intent, answer } = txn;
    rows.push([
      txn.atMs,
      KINDS[txn.kind],
      STATES[txn.state],
      numberOf(txn),
      digits(txn.batch, 6),
      digits(txn.trace, 6),
      txn.amountMinor,
      CHANNEL_WORDS[channelOf(txn)],
      cardOf(txn),
      answer?.reference,
      intent.operator,
      intent.approver,
      intent.second,
      reasonCell(profile, txn.kind, intent.reason),
      originalText(intent.original),
      answer?.note,
    ]);
  }
  for (const hold of journal.holdList(Number.MAX_SAFE_INTEGER)) {
    // A hold that was sent is the transaction above.
    if (hold.state === 'sent' || hold.atMs < fromMs || hold.atMs >= toMs) continue;
    rows.push([
      hold.atMs,
      KINDS[hold.kind],
      HELD[hold.state],
      trackingOf(hold.id),
      undefined,
      undefined,
      hold.amountMinor,
      CHANNEL_WORDS[hold.channel],
      hold.card?.masked,
      undefined,
      hold.operator,
      hold.approver,
      hold.second,
      reasonCell(profile, hold.kind, hold.reason),
      originalText(hold.original),
      hold.stopped?.note,
    ]);
  }
  for (const one of externals)
    rows.push([
      one.atMs,
      EXTERNAL,
      item(one.method, ...METHODS[one.method]),
      String(one.id),
      undefined,
      undefined,
      one.amountMinor,
      undefined,
      undefined,
      one.proof,
      one.operator,
      one.by,
      undefined,
      undefined,
      originalText(one.original),
      one.note,
    ]);
  return {
    id: 'entries',
    title: words('撤销与退货明细', 'Voids and refunds, line by line'),
    columns: ENTRY_COLUMNS,
    rows: rows.sort((a, b) => (a[0] as number) - (b[0] as number)),
  };
}

const METHODS: Readonly<Record<ExternalRefund['method'], readonly [zh: string, en: string]>> = {
  bank: ['银行转账', 'bank transfer'],
  cash: ['现金', 'cash'],
  wallet: ['钱包', 'wallet'],
  other: ['其他', 'other'],
};
