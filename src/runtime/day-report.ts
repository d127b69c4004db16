import { tally } from '../journal/journal.ts';
import type { SlipSide } from '../terminal/slips/slip.ts';
import type { Done } from '../terminal/types.ts';
import { dayStartMs } from '../transaction/shop-day.ts';
import { digits } from '../units.ts';
import { printData, printNotice, shopOf } from './printing.ts';
import type { Shop } from './shop.ts';
import type { Task } from './task.ts';

const WALLETS = ['wechat', 'alipay', 'unionpayQr'] as const;

/** Prints the day report (X): the shop's day up to now. It changes nothing and can be printed at any time. */
export function* printDay(shop: Shop): Task<Done> {
  const { journal, hal } = shop;
  const nowMs = hal.clock.nowMs();
  const at = hal.clock.local(nowMs);
  const fromMs = dayStartMs(nowMs, at);
  const toMs = nowMs + 1;
  const day = tally(journal.txnsBetween(fromMs, toMs));
  const closed = journal.settlementsBetween(fromMs, toMs).filter(one => one.stage === 'closed');
  const left = journal.batchesLeft(journal.txnsBetween(fromMs, toMs));
  return yield* printData(shop, {
    kind: 'day',
    shop: shopOf(shop),
    operator: shop.operator ?? '',
    at,
    sales: day.sales,
    voids: day.voids,
    refunds: day.refunds,
    netMinor: day.netMinor,
    wallets: WALLETS.map(wallet => ({
      wallet,
      sales: day.channels[wallet].sales,
      back: both(day.channels[wallet].voids, day.channels[wallet].refunds),
    })).filter(one => one.sales.count + one.back.count > 0),
    externalRefunds: sumOf(journal.externals(fromMs, toMs).map(one => one.amountMinor)),
    open: batchLine(shop, journal.batch(), journal.period()),
    left: left.map(one => batchLine(shop, one.batch, one.period)).filter(one => one.count > 0),
    closed: closed.map(one => batchLine(shop, one.batch, one.period)),
    heldRefunds: sumOf(journal.heldRefunds().map(one => one.amountMinor)),
    unknownRefunds: sumOf(journal.unknownRefunds().map(one => one.requestedMinor)),
    openCases: journal.counts().openCases,
    anchor: journal.anchor(),
  });
}

/**
 * The acquirer has closed the present batch by itself and begins `newBatch`: what no settlement will compare goes on paper, for the
 * person who compares it with the statement. Paper trouble stops nothing: the slip is stored.
 */
export function* printBatchLeft(shop: Shop, newBatch: number): Task<void> {
  const { journal, hal } = shop;
  const { sales, voids, refunds, netMinor } = tally(journal.txnsOfPeriod(journal.period()));
  yield* printNotice(
    shop,
    {
      kind: 'batchLeft',
      shop: shopOf(shop),
      operator: shop.operator ?? '',
      batch: digits(journal.batch(), 6),
      newBatch: digits(newBatch, 6),
      at: hal.clock.local(hal.clock.nowMs()),
      sales,
      voids,
      refunds,
      netMinor,
      anchor: journal.anchor(),
    },
    'batchLeft',
  );
}

function batchLine(
  { journal }: Shop,
  batch: number,
  period: number,
): { readonly batch: string; readonly count: number; readonly netMinor: number } {
  const sums = tally(journal.txnsOfPeriod(period));
  return {
    batch: digits(batch, 6),
    count: sums.sales.count + sums.voids.count + sums.refunds.count,
    netMinor: sums.netMinor,
  };
}

function both(a: SlipSide, b: SlipSide): SlipSide {
  return { count: a.count + b.count, amountMinor: a.amountMinor + b.amountMinor };
}

function sumOf(amounts: readonly number[]): SlipSide {
  return { count: amounts.length, amountMinor: amounts.reduce((sum, one) => sum + one, 0) };
}
