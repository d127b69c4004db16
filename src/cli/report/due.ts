import type { LocalTime } from '../../hal/hal.ts';
import { channelOf, type Txn } from '../../journal/journal.ts';
import type { LifeState } from '../../journal/types.ts';
import { progressOf } from '../../transaction/calendar.ts';
import type { Sources } from './words.ts';

/** Refunds that are older than this were asked about long ago, or by nobody. */
const LOOK_BACK_MS = 90 * 86_400_000;
/** Words that end the waiting for the money of a refund. */
const ENDED: ReadonlySet<LifeState> = new Set(['arrived', 'redirected', 'closed', 'manual']);

/**
 * Accepted refunds of the last 90 days whose latest day is over and of which nobody said that the money is there. The
 * journal does not know the kind of a card: own cards count as debit cards, which have the shortest time.
 */
export function refundsOverdue({ journal, profile, nowMs }: Sources): Txn[] {
  const late: Txn[] = [];
  const now = localTime(nowMs);
  for (const txn of journal.acceptedRefunds(nowMs - LOOK_BACK_MS, nowMs)) {
    const sentMs = txn.answer?.atMs ?? txn.atMs;
    const progress = progressOf(profile.policy, {
      channel: channelOf(txn),
      card: (txn.answer?.organisation ?? 'CUP') === 'CUP' ? 'debit' : 'foreign',
      sentMs,
      sent: localTime(sentMs),
      nowMs,
      now,
    });
    if (!progress.late) continue;
    const life = journal.life(txn.id);
    if (!life || !ENDED.has(life.state)) late.push(txn);
  }
  return late;
}

function localTime(ms: number): LocalTime {
  const at = new Date(ms);
  return {
    year: at.getFullYear(),
    month: at.getMonth() + 1,
    day: at.getDate(),
    hour: at.getHours(),
    minute: at.getMinutes(),
    second: at.getSeconds(),
  };
}
