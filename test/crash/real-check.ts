import type { DatabaseSync } from 'node:sqlite';
import { compareBooks } from '../../src/cli/compare.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { ledgerSummary } from '../../src/sim/acquirer/ledger.ts';
import type { Claim } from './real-person.ts';

/** What is wrong with a journal at rest and the acquirer's books beside it; empty when nothing is. */
export function checkBooks(journal: Journal, books: DatabaseSync): string[] {
  const wrong: string[] = [];
  const verified = journal.verify();
  if (!verified.ok) wrong.push(`journal verify: record ${verified.seq}: ${verified.why}`);
  const unknown = new Set(
    journal.unknownRefunds().map(t => `refund ${String(t.batch).padStart(6, '0')}/${String(t.trace).padStart(6, '0')}`),
  );
  // An unknown refund is a named hold: a person looks after it, and until then only its own line may differ.
  for (const difference of compareBooks(journal, ledgerSummary(books)).differences) {
    if (unknown.has(difference.slice(0, difference.indexOf(':')))) continue;
    if (unknown.size > 0 && difference.startsWith('net:')) continue;
    wrong.push(difference);
  }
  for (const txn of journal.list({ limit: 50 })) {
    if (txn.state === 'open') wrong.push(`${txn.kind} ${txn.trace} is still open at rest`);
    if (txn.state === 'unknown' && txn.kind !== 'refund') wrong.push(`${txn.kind} ${txn.trace} is unknown at rest`);
  }
  if (journal.counts().owed > 0) wrong.push(`${journal.counts().owed} reversals are owed at rest`);
  const doubles = books
    .prepare(
      "SELECT batch, trace, count(*) AS n FROM txn WHERE kind <> 'balance' GROUP BY tid, batch, trace HAVING n > 1",
    )
    .all();
  for (const { batch, trace } of doubles) wrong.push(`trace ${trace} was used twice in batch ${batch}`);
  return wrong;
}

/** What was shown or printed before the fault and is not what the journal says now. */
export function checkClaims(journal: Journal, claims: readonly Claim[]): string[] {
  const wrong: string[] = [];
  for (const { what, text } of claims) {
    if (what === 'slip' && !text.includes('签购单')) continue;
    const batch = /新批次号: *(\d{6})/.exec(text)?.[1];
    if (batch !== undefined && journal.batch() < Number(batch))
      wrong.push(`the ${what} said batch ${batch}, the journal is at ${journal.batch()}`);
    const voucher = /(?<!原)凭证号: *(\d{6})/.exec(text)?.[1];
    const tracking = /RF(\d{6})/.exec(text)?.[1];
    if (voucher === undefined && tracking === undefined) continue;
    const txn =
      tracking === undefined
        ? journal.list({ limit: 20 }).find(t => t.trace === Number(voucher))
        : journal.txn(Number(tracking));
    if (txn?.state !== 'approved' && txn?.state !== 'voided')
      wrong.push(
        `the ${what} said that ${tracking ?? voucher} is approved, the journal says ${txn?.state ?? 'nothing of it'}`,
      );
  }
  return wrong;
}
