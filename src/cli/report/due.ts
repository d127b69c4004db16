import type { LocalTime } from '../../hal/hal.ts';
import { channelOf, type Txn } from '../../journal/journal.ts';
import type { LifeState } from '../../journal/types.ts';
import { accountOf } from '../../runtime/records.ts';
import { progressOf } from '../../transaction/calendar.ts';
import type { Table } from './model.ts';
import { cardOf, numberOf } from './rows.ts';
import { CHANNEL_WORDS, columns, type Sources, words } from './words.ts';

/** Refunds that are older than this were asked about long ago, or by nobody. */
const LOOK_BACK_MS = 90 * 86_400_000;
/** Words that end the waiting for the money of a refund. */
const ENDED: ReadonlySet<LifeState> = new Set(['arrived', 'redirected', 'closed', 'manual']);

/**
 * Accepted refunds of the last 90 days whose latest day is over and of which nobody said that the money is there. Of a card
 * that may be debit or credit the later day counts.
 */
export function refundsOverdue({ journal, profile, nowMs }: Sources): Txn[] {
  const late: Txn[] = [];
  const now = localTime(nowMs);
  for (const txn of journal.acceptedRefunds(nowMs - LOOK_BACK_MS, nowMs)) {
    const sentMs = txn.answer?.atMs ?? txn.atMs;
    const progress = progressOf(profile.policy, {
      channel: channelOf(txn),
      card: accountOf(journal, txn),
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

/** Whom to call: refunds that should be there, oldest first, with what the bank of the customer will ask for. */
export function overdueTable(late: readonly Txn[]): Table {
  return {
    id: 'overdue',
    title: words('到账确认名单 (现在)', 'To be asked whether it arrived (now)'),
    columns: columns('number', 'at', 'amount', 'channel', 'card', 'reference', 'operator'),
    rows: late.map(txn => [
      numberOf(txn),
      txn.atMs,
      txn.amountMinor,
      CHANNEL_WORDS[channelOf(txn)],
      cardOf(txn),
      txn.answer?.reference,
      txn.intent.operator,
    ]),
    note: words(
      '请顾客凭参考号问发卡行; 到账后由主管在退货进度中登记',
      'The customer asks the card bank with the reference; what arrived is entered by the supervisor at the refund status',
    ),
  };
}

/** `ms` as the clock of this machine reads it. */
export function localTime(ms: number): LocalTime {
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
