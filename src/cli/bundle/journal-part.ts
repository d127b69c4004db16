import { type Fault, fault, faultText, type Result } from '../../fault.ts';
import {
  type Journal,
  JournalFailure,
  type JournalCounts,
  type Txn,
  type Verification,
} from '../../journal/journal.ts';

/** Transactions of each list that are named; of the others only the number is. */
const NAMED_MAX = 100;

/** A transaction without its card. */
interface Named {
  readonly id: number;
  readonly kind: string;
  readonly state: string;
  readonly atMs: number;
  readonly batch: number;
  readonly voucher: number;
  readonly amountMinor: number;
}

/** How the books are: nothing about a card, a customer or a person at the counter. */
export type JournalFacts =
  | {
      readonly verify: Verification;
      readonly records: number;
      readonly batch: number;
      readonly counts: JournalCounts;
      readonly owed: readonly (Named & { readonly reason: string; readonly tries: number })[];
      readonly held: readonly (Named & { readonly reason: string; readonly tries: number })[];
      readonly unknownRefunds: readonly Named[];
      readonly heldRefunds: readonly { readonly id: number; readonly amountMinor: number }[];
      readonly settlement?: { readonly batch: number; readonly stage: string };
    }
  | { readonly unreadable: string };

/** Looks at a journal, also while a counter runs. What it cannot say, because the file is damaged or gone, is told instead. */
export function journalFacts(path: string, open: (path: string) => Result<Journal>): JournalFacts {
  let opened: Result<Journal> | undefined;
  try {
    opened = open(path);
    return opened.ok ? factsOf(opened.value) : { unreadable: faultText(opened.fault) };
  } catch (cause) {
    if (!(cause instanceof JournalFailure)) throw cause;
    return { unreadable: faultText(cause.fault) };
  } finally {
    if (opened?.ok) opened.value.close();
  }
}

function factsOf(journal: Journal): JournalFacts {
  const settlement = journal.openSettlement();
  const reversals = (list: ReturnType<Journal['owedReversals']>) =>
    list.slice(0, NAMED_MAX).map(({ txn, reason, tries }) => ({ ...named(txn), reason, tries }));
  return {
    verify: journal.verify(),
    records: journal.headSeq,
    batch: journal.batch(),
    counts: journal.counts(),
    owed: reversals(journal.owedReversals()),
    held: reversals(journal.heldReversals()),
    unknownRefunds: journal.unknownRefunds().slice(0, NAMED_MAX).map(named),
    heldRefunds: journal
      .heldRefunds()
      .slice(0, NAMED_MAX)
      .map(({ id, amountMinor }) => ({ id, amountMinor })),
    ...(settlement ? { settlement: { batch: settlement.batch, stage: settlement.stage } } : {}),
  };
}

function named({ id, kind, state, atMs, batch, trace, amountMinor }: Txn): Named {
  return { id, kind, state, atMs, batch, voucher: trace, amountMinor };
}

/** What is wrong with the books, when something is. */
export function journalTrouble(facts: JournalFacts): Fault | undefined {
  if ('unreadable' in facts) return fault('E_FAILURE', 'journal-unreadable', facts.unreadable, 'The bundle says so');
  if (facts.verify.ok) return undefined;
  const cause = `the journal is damaged at record ${facts.verify.seq}: ${facts.verify.why}`;
  return fault('E_FAILURE', 'journal-damaged', cause, 'The bundle says so; restore the journal from its backup');
}
