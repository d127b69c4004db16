import { type JournalRecord, KIND_RULES, type Notice } from '../journal/journal.ts';
import { type NoticeEvent, noticeLines } from '../terminal/notices.ts';
import type { RefundView } from '../terminal/types.ts';
import type { Shop } from './shop.ts';
import { type Books, trackingText, viewOfHold, viewOfTxn } from './status.ts';

/**
 * Tells customers and offices what became of a refund. What is told follows from the records of the journal alone, so that
 * a power cut between a refund and its notice loses neither; a notice is delivered at least once, and its number says
 * when it comes twice.
 */

/** Kinds of records that something may be told about. */
const TOLD = [
  'outcome',
  'refund-resolved',
  'refund-life',
  'refund-stopped',
  'case-opened',
  'case-closed',
  'refunds-frozen',
];
/** Pauses after failed tries of one notice; the last one stays. */
const RETRY_MS = [60_000, 5 * 60_000, 15 * 60_000, 60 * 60_000];

/** Records looked at in one go. */
const LOOK_MAX = 200;

/** Begins to tell; the function that comes back looks at what is new in the journal. Without an outbox nothing happens. */
export function startNotices(shop: Shop): () => void {
  const { journal, hal } = shop;
  const { outbox } = hal;
  if (!outbox || outbox.adapters.length === 0) return () => {};
  let looked = journal.noticesFrom(hal.clock.nowMs());
  const busy = new Set<Notice['adapter']>();

  const send = (adapter: (typeof outbox.adapters)[number]): void => {
    if (busy.has(adapter) || shop.stopping) return;
    const notice = journal.noticesWaiting().find(one => one.adapter === adapter);
    if (!notice) return;
    busy.add(adapter);
    outbox.deliver(adapter, JSON.stringify(payload(shop, notice)), why => {
      if (shop.stopping) return;
      journal.noticeTried(hal.clock.nowMs(), notice.id, why === undefined, why);
      if (why === undefined) {
        busy.delete(adapter);
        return send(adapter);
      }
      hal.log.warn({ event: 'notice', adapter, notice: notice.id, tries: notice.tries + 1 }, why);
      hal.timers.set(RETRY_MS[Math.min(notice.tries, RETRY_MS.length - 1)], () => {
        busy.delete(adapter);
        send(adapter);
      });
    });
  };

  const look = (): void => {
    const head = journal.headSeq;
    if (head === looked) return;
    const records = journal.recordsAfter(looked, TOLD, LOOK_MAX);
    for (const record of records) {
      const told = eventOf(shop, record);
      if (told)
        journal.addNotices(
          hal.clock.nowMs(),
          outbox.adapters.map(adapter => ({
            about: told.about,
            because: record.seq,
            event: told.event,
            adapter,
            lang: shop.lang,
            lines: noticeLines(told.event, viewOf(shop, told.about), shopOf(shop), shop.lang),
          })),
        );
    }
    looked = records.length < LOOK_MAX ? head : records[LOOK_MAX - 1].seq;
    for (const adapter of outbox.adapters) send(adapter);
  };
  for (const adapter of outbox.adapters) send(adapter);
  look();
  return look;
}

const shopOf = (shop: Shop): { merchant: string; servicePhone: string } => ({
  merchant: shop.profile.merchant.name[shop.lang],
  servicePhone: shop.profile.merchant.servicePhone,
});

const booksOf = (shop: Shop): Books => ({
  journal: shop.journal,
  profile: shop.profile,
  nowMs: shop.hal.clock.nowMs(),
  local: ms => shop.hal.clock.local(ms),
});

/** The refund that a record is about, as people see it; a case may be about something else. */
function viewOf(shop: Shop, about: number): RefundView | undefined {
  const txn = shop.journal.txn(about);
  if (txn) return KIND_RULES[txn.kind].act === 'refund' ? viewOfTxn(booksOf(shop), txn) : undefined;
  const hold = shop.journal.held(about);
  return hold && viewOfHold(booksOf(shop), hold);
}

/** What a record tells, and about which refund. */
function eventOf(
  shop: Shop,
  record: JournalRecord,
): { readonly event: NoticeEvent; readonly about: number } | undefined {
  const body = record.body as Readonly<Record<string, unknown>>;
  const id = body.id as number;
  switch (record.kind) {
    case 'refunds-frozen':
      return { event: 'frozen', about: record.seq };
    case 'refund-stopped':
      return { event: 'stopped', about: id };
    case 'case-opened':
      // That it failed was told with its outcome.
      if (body.type === 'failed') return undefined;
      return { event: 'wrong', about: body.about as number };
    case 'case-closed': {
      const about = shop.journal.case(body.caseId as number)?.about;
      return about === undefined ? undefined : { event: 'corrected', about };
    }
    case 'refund-life': {
      const event = LIFE[body.state as string];
      return event && { event, about: id };
    }
    default: {
      const txn = shop.journal.txn(id);
      if (!txn || KIND_RULES[txn.kind].act !== 'refund') return undefined;
      const word = (record.kind === 'outcome' ? body.result : body.decision) as string;
      // Nothing was sent, and it is held as before: there is nothing to tell.
      if (word === 'failed' && txn.intent.heldId !== undefined) return undefined;
      const event = RESULT[word];
      return event && { event, about: id };
    }
  }
}

const RESULT: Readonly<Record<string, NoticeEvent>> = {
  approved: 'accepted',
  accepted: 'accepted',
  unknown: 'delayed',
  declined: 'failed',
  failed: 'failed',
  'given-up': 'failed',
};
const LIFE: Readonly<Record<string, NoticeEvent>> = {
  arrived: 'arrived',
  abnormal: 'failed',
  closed: 'failed',
  redirected: 'corrected',
};

/** What goes out: the words, and the numbers that a program of the shop needs. Nothing of the card but 6 + 4 digits. */
function payload(shop: Shop, notice: Notice): object {
  const refund = viewOf(shop, notice.about);
  const { merchantNo, terminalNo } = shop.profile.merchant;
  return {
    notice: notice.id,
    event: notice.event,
    atMs: notice.atMs,
    merchantNo,
    terminalNo,
    lang: notice.lang,
    lines: notice.lines,
    ...(refund
      ? {
          refund: {
            tracking: refund.tracking,
            state: refund.state,
            amountMinor: refund.amountMinor,
            channel: refund.channel,
            card: refund.masked,
            reference: refund.reference,
            operator: refund.operator,
          },
        }
      : { about: trackingText(notice.about) }),
  };
}
