import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { begin, open, sale, T0 } from './helpers.ts';

/**
 * How long a start takes with a journal of years: `node test/journal/recovery.ts [transactions] [folder]`, 100,000 and
 * /dev/shm when not given. Each transaction is an intent, an outcome and two slips; the last one is cut off. Status 1
 * above two seconds.
 */
const LIMIT_MS = 2_000;
const SETTLE_EVERY = 400;
const count = Number(process.argv[2] ?? 100_000);
const folder = mkdtempSync(join(process.argv[3] ?? '/dev/shm', 'pos8583-recovery-'));
const path = join(folder, 'journal.db');
const lines = Array.from({ length: 30 }, (_, i) => `商户名称/MERCHANT NAME  line ${i}`);

const writer = open({ path });
for (let i = 1; i <= count; i++) {
  const txn = sale(writer, T0 + i * 1000);
  for (const copy of ['merchant', 'cardholder'] as const)
    writer.storeSlip(T0 + i * 1000, { txnId: txn.id, kind: 'sale', copy, columns: 32, lines });
  if (i % SETTLE_EVERY > 0) continue;
  const settlement = writer.startSettlement(T0 + i * 1000);
  if (!settlement.ok) throw new Error(settlement.fault.cause);
  writer.settlementAnswered(T0, settlement.value.id, { cup: 1, foreign: 1 });
  writer.settlementEnded(T0, settlement.value.id, 0);
  writer.closeBatch(T0, settlement.value.id);
}
begin(writer, T0);
writer.close();

const beganMs = performance.now();
const journal = open({ path });
const openedMs = performance.now();
const { owed } = journal.recover(T0);
journal.counts();
journal.batchTotals();
const readyMs = performance.now();
while (journal.checkOlder(5_000) > 0);
const checkedMs = performance.now();
const ms = (from: number, to: number): string => `${Math.round(to - from)} ms`;
console.log(
  `${count} transactions, ${journal.headSeq} records: open ${ms(beganMs, openedMs)}, recover ${ms(openedMs, readyMs)} ` +
    `(${owed.length} reversal owed), older records checked in ${ms(readyMs, checkedMs)} beside the trade`,
);
journal.close();
rmSync(folder, { recursive: true });
process.exitCode = readyMs - beganMs > LIMIT_MS ? 1 : 0;
