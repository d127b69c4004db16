import { counts, type Journal } from '../../journal/journal.ts';
import { dayStartMs } from '../../transaction/shop-day.ts';
import { localTime } from './due.ts';
import type { Cell, Table, Word } from './model.ts';
import { actOf } from './rows.ts';
import { columns, type Sources, words } from './words.ts';

/** Does the money of the shop cover its refunds? As of now, whatever the span of the report. */

const DAY_MS = 86_400_000;
/** Whole days before today that say what is usual. */
const USUAL_DAYS = 28;

const item = (id: string, zh: string, en: string): Word => ({ id, zh, en });

/** Open batch, what may still go out of it, what the day's limit leaves, and what is usual in a day. */
export function fundsTable({ journal, profile, nowMs }: Sources): Table {
  const { netMinor, heldMinor, unknownMinor, freeMinor } = journal.funds();
  const startMs = dayStartMs(nowMs, localTime(nowMs));
  const { policy } = profile;
  const usual = usualDay(journal, startMs);
  const rows: Cell[][] = [
    [item('net', '本批净额', 'net of the open batch'), netMinor],
    [item('held', '暂缓退货', 'refunds held'), -heldMinor],
    [item('unknown', '待查退货', 'refunds unknown'), -unknownMinor],
    [item('free', '可用于退货', 'left for refunds'), freeMinor],
  ];
  if (policy.refundDayMaxMinor > 0)
    rows.push([
      item('dayLimitLeft', '当日退货余额度', "left of the day's limit"),
      policy.refundDayMaxMinor - refundedSince(journal, startMs),
    ]);
  if (usual)
    rows.push(
      [item('usualSales', '日均消费', 'sales of a usual day'), usual.soldMinor],
      [item('usualRefunds', '日均退货', 'refunds of a usual day'), -usual.refundedMinor],
    );
  return {
    id: 'funds',
    title: words('退货资金 (现在)', 'Money for refunds (now)'),
    columns: columns('item', 'amount'),
    rows,
    ...(policy.refundsFromTakings && freeMinor < 0
      ? {
          note: words(
            '本批净额不足以支付退货: 请财务备款, 否则到账会推迟',
            'The takings do not cover the refunds: tell finance, or they arrive late',
          ),
        }
      : {}),
  };
}

/** Refunds since `startMs` as the limit of the day counts them: also those held, unknown and paid out another way. */
function refundedSince(journal: Journal, startMs: number): number {
  return journal
    .pastSince(startMs)
    .filter(row => row.act === 'refund')
    .reduce((sum, row) => sum + row.amountMinor, 0);
}

/** Means of the days before today on which anything was sold or refunded, minor units; undefined when there was none. */
function usualDay(journal: Journal, startMs: number): { soldMinor: number; refundedMinor: number } | undefined {
  const days = new Set<number>();
  let soldMinor = 0;
  let refundedMinor = 0;
  for (const txn of journal.txnsBetween(startMs - USUAL_DAYS * DAY_MS, startMs)) {
    if (!counts(txn)) continue;
    days.add(Math.floor((txn.atMs - startMs) / DAY_MS));
    if (actOf(txn) === 'sale') soldMinor += txn.amountMinor;
    if (actOf(txn) === 'refund') refundedMinor += txn.amountMinor;
  }
  const mean = (sum: number): number => Math.round(sum / days.size);
  return days.size === 0 ? undefined : { soldMinor: mean(soldMinor), refundedMinor: mean(refundedMinor) };
}
