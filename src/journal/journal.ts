import { ok, type Result } from '../fault.ts';
import { equipment, type Equipment } from './equipment.ts';
import { refundDesk, type RefundDesk } from './refund-desk.ts';
import { entries, type EntriesPart } from './entries.ts';
import { ledger, type Ledger } from './ledger.ts';
import { proof, type ProofPart } from './proof.ts';
import { type Queries, queries } from './queries.ts';
import { type Reports, reports } from './reports.ts';
import { type Reversals, reversals } from './reversals.ts';
import { session, type SessionPart } from './session.ts';
import { settlement, type SettlementPart } from './settlement.ts';
import { copies, type Copies } from './copies.ts';
import { Store, type StoreOptions, type Verification } from './store.ts';
import type { ReversalPolicy } from './types.ts';
import type { JournalWatcher } from './vault.ts';

export { JournalFailure } from './failure.ts';
export type { StoreOptions, Verification } from './store.ts';
export { reversalTags, slipTags, tlvOf } from './emv.ts';
export { FIRST_OPERATORS, KIND_RULES, refundableMinor, ROLE_RULES, roleOf } from './money.ts';
export { channelOf, CHANNELS, counts, netOf, plus, type Tally, tally } from './reports.ts';
export { FLASH_CHANGES_MAX, keptText } from './equipment.ts';
export type {
  Flash,
  FlashEntry,
  FlashTest,
  SeenTerminal,
  TerminalChange,
  TerminalFacts,
  TerminalMember,
} from './equipment.ts';
export type { EventKind } from './bodies.ts';
export type { KnownEntry, NewEntry } from './entries.ts';
export type { NewCase, NewCaseEntry, NewHold, NewNotice } from './refund-desk.ts';
export type { ChainLink, ExactRecord } from './proof.ts';
export { bodyDigest, COPY_SEAL_KEY, markSlipLine, type CopiedRecord } from './copies.ts';
export { isTrue, type JournalWatcher, QUIET_VAULT, type Vault } from './vault.ts';
export type { EventBody, NewSlip } from './settlement.ts';
export type { JournalCounts, ListFilter, SpanTotal } from './queries.ts';
export type { Recovery, RefundEntry, ReversalEntry } from './reversals.ts';
export type * from './types.ts';

/** UnionPay POS: three tries; 00, 12 and 25 end a reversal; a held one stops the terminal. */
export const DEFAULT_REVERSAL_POLICY: ReversalPolicy = {
  triesMax: 3,
  finalCodes: ['00', '12', '25'],
  blockWhenHeld: true,
};

export interface JournalOptions extends StoreOptions {
  /** From the profile; {@link DEFAULT_REVERSAL_POLICY} when absent. */
  readonly reversal?: ReversalPolicy;
}

/** The file itself. */
export interface JournalFile {
  readonly path: string;
  readonly readOnly: boolean;
  /** Number of the newest record. */
  readonly headSeq: number;
  /** Short form of the newest hash, `9f3c-41aa-77d0-b2e6`. */
  anchor(): string;
  /** Checks the whole chain and that the tables say what the records say. */
  verify(): Verification;
  /**
   * Checks the next `limit` of the records that were too old for the opening, and gives how many are left. Throws
   * `JournalFailure` (`journal-damaged`) that names the first bad one.
   */
  checkOlder(limit: number): number;
  /** Records whose hash begins with these hex digits (an anchor without `-`), oldest first, at most two. */
  recordsOfAnchor(hexDigits: string): readonly { readonly seq: number; readonly atMs: number }[];
  /** Makes the tables again from the records. */
  rebuild(): void;
  /** From now on `watcher` is told of every record that is written, and hears what the secrets of this journal answer. */
  watch(watcher: JournalWatcher): void;
  close(): void;
}

/** The terminal's memory for money. Every call that writes is durable when it returns, or throws `JournalFailure`. */
export type Journal = JournalFile &
  Queries &
  Ledger &
  Reversals &
  RefundDesk &
  SessionPart &
  SettlementPart &
  Reports &
  Equipment &
  ProofPart &
  EntriesPart &
  Copies;

/**
 * Opens a journal, or makes a new one. Checks the newest 50,000 records; older ones by `checkOlder`, all by `verify`. Faults: `journal-in-use`
 * (E_BUSY: another process writes it), `journal-missing` (readOnly), `journal-folder`, `journal-read-only`,
 * `not-a-journal`, `journal-newer`, `journal-older`, `journal-key`, `journal-damaged`, `journal-open-failed`.
 */
export function openJournal(options: JournalOptions): Result<Journal> {
  const opened = Store.open(options);
  if (!opened.ok) return opened;
  const store = opened.value;
  const policy = options.reversal ?? DEFAULT_REVERSAL_POLICY;
  const read = queries(store);
  const atDesk = refundDesk(store, read);
  const file: JournalFile = {
    path: store.path,
    readOnly: store.readOnly,
    get headSeq() {
      return store.headSeq;
    },
    anchor: () => store.anchor(),
    verify: () => store.verify(),
    checkOlder: limit => store.checkOlder(limit),
    recordsOfAnchor: hexDigits => store.recordsOfAnchor(hexDigits),
    rebuild: () => store.rebuild(),
    watch: watcher => store.watch.begin(watcher),
    close: () => store.close(),
  };
  return ok(
    Object.assign(
      file,
      read,
      atDesk,
      ledger(store, read, atDesk, policy),
      reversals(store, read, atDesk, policy),
      session(store, read),
      settlement(store, read, atDesk),
      reports(store, read),
      equipment(store),
      proof(store),
      entries(store),
      copies(store),
    ),
  );
}
