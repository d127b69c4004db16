import type { Done, Job } from '../terminal/types.ts';
import { dayStartMs } from '../transaction/shop-day.ts';
import { daysAgo } from './original.ts';
import { recordView } from './records.ts';
import type { Shop } from './shop.ts';

const DAY_MS = 86_400_000;
/** Longest list of hits. */
const HITS_MAX = 300;

/** F12-5: the transactions of one day of the past year that fit, newest first; `date` is MMDD, empty for today. */
export function searchRecords(shop: Shop, wanted: Extract<Job, { kind: 'searchRecords' }>): Done {
  const { journal, hal } = shop;
  const { date, amountMinor, lastFour } = wanted;
  const nowMs = hal.clock.nowMs();
  const today = hal.clock.local(nowMs);
  const fromMs = dayStartMs(nowMs, today) - (date === '' ? 0 : daysAgo(shop, date).days * DAY_MS);
  const month = date === '' ? today.month : Number(date.slice(0, 2));
  const day = date === '' ? today.day : Number(date.slice(2));
  const hits = journal.search({
    fromMs,
    toMs: fromMs + DAY_MS,
    ...(amountMinor === undefined ? {} : { amountMinor }),
    ...(lastFour === undefined ? {} : { lastFour }),
    limit: HITS_MAX,
  });
  // 29 February of a year without one is no other day.
  const records = hits.map(txn => recordView(shop, txn)).filter(({ at }) => at.month === month && at.day === day);
  return records.length === 0
    ? { type: 'DONE', outcome: 'notFound', prompt: 'F12.none' }
    : { type: 'DONE', outcome: 'ok', records };
}
