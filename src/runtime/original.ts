import type { Intent, OriginalRef, Txn } from '../journal/journal.ts';
import type { Draft } from '../terminal/types.ts';
import type { OriginalFacts } from '../transaction/requests.ts';
import { digits } from '../units.ts';
import type { Shop } from './shop.ts';

/** The local date MMDD of a record: what 61.3 of a refund carries. The acquirer's own date wins. */
export function originalOf(shop: Shop, original: Txn): OriginalFacts {
  const local = shop.hal.clock.local(original.atMs);
  const authCode = original.answer?.authCode;
  return {
    batch: original.batch,
    trace: original.trace,
    date: original.answer?.hostDate ?? digits(local.month, 2) + digits(local.day, 2),
    reference: original.answer?.reference ?? '0'.repeat(12),
    ...(authCode === undefined ? {} : { authCode }),
  };
}

export function originalFacts(intent: Intent): OriginalFacts {
  const o = intent.original;
  return {
    reference: o?.reference ?? '0'.repeat(12),
    ...(o?.batch === undefined ? {} : { batch: o.batch }),
    ...(o?.trace === undefined ? {} : { trace: o.trace }),
    ...(o?.dateMmdd === undefined ? {} : { date: o.dateMmdd }),
  };
}

/** What the messages say of the original: from its record, or as it was typed or scanned. */
export function factsOfOriginal(shop: Shop, draft: Draft): OriginalFacts | undefined {
  const original = draft.original === undefined ? undefined : shop.journal.txn(draft.original.id);
  if (original) return originalOf(shop, original);
  return draft.kind === 'refund' ? { reference: draft.reference ?? '', date: draft.date ?? '' } : undefined;
}

/** What the journal knows the original by. */
export function originalRef(shop: Shop, draft: Draft): OriginalRef | undefined {
  const facts = factsOfOriginal(shop, draft);
  if (!facts) return undefined;
  const { original } = draft;
  return {
    ...(original && !original.foreign ? { txnId: original.id } : {}),
    ...(original ? { amountMinor: original.amountMinor } : {}),
    ...(facts.batch === undefined ? {} : { batch: facts.batch }),
    ...(facts.trace === undefined ? {} : { trace: facts.trace }),
    ...(facts.date === undefined ? {} : { dateMmdd: facts.date }),
    reference: facts.reference,
  };
}

/** How long ago the day MMDD of the past year was. `ahead`: read as this year's it would still be to come. */
export function daysAgo(shop: Shop, mmdd: string): { readonly days: number; readonly ahead: boolean } {
  const today = shop.hal.clock.local(shop.hal.clock.nowMs());
  const month = Number(mmdd.slice(0, 2));
  const day = Number(mmdd.slice(2));
  const ahead = month > today.month || (month === today.month && day > today.day);
  const then = Date.UTC(ahead ? today.year - 1 : today.year, month - 1, day);
  return { ahead, days: Math.round((Date.UTC(today.year, today.month - 1, today.day) - then) / 86_400_000) };
}
