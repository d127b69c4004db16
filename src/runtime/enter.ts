import { assert } from '../assert.ts';
import { failed, type Fault, fault, ok, type Result } from '../fault.ts';
import { type Case, type Journal, KIND_RULES, type OriginalRef, type Reversal, type Txn } from '../journal/journal.ts';
import { digits } from '../units.ts';
import { caseNumber, caseView } from './cases.ts';
import type { Entry, EntryRequest, External, RefundResolve } from './entries.ts';
import { mayEnter, trackingText, viewState } from './status.ts';

/**
 * Makes what a supervisor enters without the keypad. There is this one way only: for a command that found the journal free,
 * and for the running counter that was asked over its socket.
 */

/** Whose password stands behind an entry. */
export const SUPERVISOR = '00';
const ADMINISTRATOR = '99';

export interface EntryPlace {
  readonly nowMs: number;
  readonly way: 'journal' | 'counter';
  /** How long 00 is blocked after too many wrong passwords, milliseconds; the journal's rule when absent. */
  readonly blockMs?: number;
}

/** An entry that is in the journal. */
export interface EntryDone {
  /** It was made before, under the same request number; nothing was written now. */
  readonly again: boolean;
  readonly way: 'journal' | 'counter';
  /** What it is about as it stands now; amounts in minor units. */
  readonly value: object;
}

/** What can be refused before anybody is asked for a password. */
export function refusalOf(journal: Journal, { request, entry }: Omit<EntryRequest, 'password'>): Fault | undefined {
  const known = journal.knownEntry({ request, what: entry.what, content: entry });
  if (!known) return mayBeMade(journal, entry);
  return known.same
    ? undefined
    : fault(
        'E_ILLEGAL',
        'request-differs',
        `request ${request.slice(0, 8)} was another entry (record ${known.seq})`,
        'Leave --request out to make a new entry',
      );
}

/**
 * Checks the password of 00, then the entry, and makes it: it is on disk when this returns. The same request again changes
 * nothing and gets the same answer. Faults: those of the password (`operator-blocked`, `password-wrong`, `password-first`),
 * `request-differs`, and those of the entry.
 */
export function makeEntry(journal: Journal, ask: EntryRequest, place: EntryPlace): Result<EntryDone> {
  const { request, entry } = ask;
  const { nowMs, way } = place;
  const allowed = journal.verifyPassword(nowMs, SUPERVISOR, ask.password, place.blockMs);
  if (!allowed.ok) return allowed;
  if (allowed.value.mustChange) return failed(FIRST_PASSWORD);
  const refused = refusalOf(journal, ask);
  if (refused) return failed(refused);
  const key = { request, what: entry.what, content: entry };
  const known = journal.knownEntry(key);
  if (known) return ok({ again: true, way: known.way, value: standing(journal, nowMs, entry) });
  const written = journal.enterOnce(nowMs, { ...key, way }, () => write(journal, nowMs, entry));
  return written.ok ? ok({ again: false, way, value: standing(journal, nowMs, entry) }) : written;
}

const FIRST_PASSWORD = fault(
  'E_ILLEGAL',
  'password-first',
  'the password of 00 is still the published first one',
  'Sign on as 00 at the terminal and change it',
);

const nothingToDo = (cause: string): Fault => fault('E_ILLEGAL', 'nothing-to-do', cause, 'Nothing to do');

function mayBeMade(journal: Journal, entry: Entry): Fault | undefined {
  switch (entry.what) {
    case 'freeze':
      return journal.refundsFrozen() ? nothingToDo('refunds are switched off already') : undefined;
    case 'free':
      return journal.refundsFrozen() ? undefined : nothingToDo('refunds are not switched off');
    case 'refund-stop':
      return mayStop(journal, entry.id);
    case 'refund-life': {
      const txn = refundOf(journal, entry.id);
      if (!txn) return noRefund(trackingText(entry.id));
      const state = viewState(journal, txn);
      return mayEnter(state, entry.state)
        ? undefined
        : fault(
            'E_ILLEGAL',
            'refund-state',
            `refund ${txn.id} is ${state}, ${entry.state} cannot follow on that`,
            '`pos8583 refund status` shows where it is',
          );
    }
    case 'refund-resolve':
      return mayResolve(journal, entry);
    case 'refund-external': {
      const sale = saleOf(journal, entry);
      return 'cause' in sale ? sale : undefined;
    }
    case 'case-note':
    case 'case-close':
      return openCase(journal, entry.id);
    case 'reversal-resolve':
      return mayEnd(journal, entry.id);
  }
}

/** Writes it with the functions of the journal, which look once more. */
function write(journal: Journal, nowMs: number, entry: Entry): Result<unknown> {
  const by = SUPERVISOR;
  switch (entry.what) {
    case 'freeze':
      return ok(journal.freezeRefunds(nowMs, { by, note: entry.note }));
    case 'free':
      return ok(journal.freeRefunds(nowMs, { by }));
    case 'refund-stop':
      return journal.stopRefund(nowMs, entry.id, { by, note: entry.note });
    case 'refund-life': {
      const { state, reference } = entry;
      const id = refundOf(journal, entry.id)?.id ?? entry.id;
      return journal.appendLife(nowMs, {
        id,
        state,
        source: 'supervisor',
        by,
        ...(reference === undefined ? {} : { reference }),
      });
    }
    case 'refund-resolve':
      return resolve(journal, nowMs, entry);
    case 'refund-external': {
      const original = saleOf(journal, entry);
      if ('cause' in original) return failed(original);
      const { amountMinor, method, proof, note } = entry;
      return journal.recordExternal(nowMs, { original, amountMinor, method, proof, operator: by, by, note });
    }
    case 'case-note': {
      const { id, kind, note, amountMinor, proof } = entry;
      return journal.noteCase(nowMs, id, {
        what: kind,
        by,
        note,
        ...(amountMinor === undefined ? {} : { amountMinor }),
        ...(proof === undefined ? {} : { proof }),
      });
    }
    case 'case-close':
      return journal.closeCase(nowMs, entry.id, by, entry.note);
    case 'reversal-resolve': {
      const { outcome, reference, amountMinor, note } = entry;
      const result = outcome === 'stands' ? 'approved' : 'reversed';
      const part = amountMinor === undefined ? {} : { amountMinor };
      return journal.resolveReversal(nowMs, entry.id, { by, entry: { result, reference, ...part, note } });
    }
  }
}

/** What an entry is about, as it stands in the journal: the same whether it was made now or before. */
function standing(journal: Journal, nowMs: number, entry: Entry): object {
  switch (entry.what) {
    case 'freeze':
    case 'free':
      return journal.refundsFrozen() ?? {};
    case 'refund-stop':
      return journal.held(entry.id) ?? {};
    case 'refund-life': {
      const txn = refundOf(journal, entry.id);
      return { ...(txn && journal.life(txn.id)), tracking: txn ? trackingOf(txn) : '' };
    }
    case 'refund-resolve': {
      const txn = doubtfulOf(journal, entry.id);
      return txn ? shownRefund(txn) : {};
    }
    case 'refund-external': {
      const original = saleOf(journal, entry);
      if ('cause' in original) return {};
      const { amountMinor, proof } = entry;
      const made = journal
        .externalsOf(original)
        .findLast(one => one.amountMinor === amountMinor && one.proof === proof);
      const left = original.txnId === undefined ? undefined : journal.refundable(original.txnId);
      return { ...made, ...(left === undefined ? {} : { leftMinor: left }) };
    }
    case 'case-note':
    case 'case-close': {
      const one = journal.case(entry.id);
      return one ? shownCase(journal, one, nowMs) : {};
    }
    case 'reversal-resolve': {
      const reversal = journal.reversal(entry.id);
      return reversal ? shownReversal(reversal) : {};
    }
  }
}

export const isRefund = (txn: Txn | undefined): txn is Txn =>
  txn !== undefined && KIND_RULES[txn.kind].act === 'refund';

/** A refund by its own number, or by the number of the hold that it was. */
export function refundOf(journal: Journal, id: number): Txn | undefined {
  const txn = journal.txn(journal.held(id)?.txnId ?? id);
  return isRefund(txn) ? txn : undefined;
}

/** What a person can end: a refund, or a void of a scanned payment, which has no reversal either. */
function doubtfulOf(journal: Journal, id: number): Txn | undefined {
  const txn = journal.txn(journal.held(id)?.txnId ?? id);
  return txn && !KIND_RULES[txn.kind].reversible ? txn : undefined;
}

/** `named`: as the person wrote it. */
export const noRefund = (named: string): Fault =>
  fault(
    'E_NOEXIST',
    'no-refund',
    `the journal holds no refund ${named.slice(0, 10)}`,
    '`pos8583 refund list` shows the numbers',
  );

export const noCase = (named: string): Fault =>
  fault(
    'E_NOEXIST',
    'no-case',
    `the journal holds no case ${named.slice(0, 10)}`,
    '`pos8583 case list --all` shows them',
  );

export const trackingOf = (txn: Txn): string => trackingText(txn.intent.heldId ?? txn.id);

/** What people may see of a refund; amounts in minor units. */
export function shownRefund(txn: Txn): object {
  const { original, operator, approver, reason, card } = txn.intent;
  return {
    id: txn.id,
    tracking: trackingOf(txn),
    atMs: txn.atMs,
    state: txn.state,
    batch: digits(txn.batch, 6),
    trace: digits(txn.trace, 6),
    amountMinor: txn.requestedMinor,
    operator,
    ...(approver === undefined ? {} : { approver }),
    ...(reason === undefined ? {} : { reason }),
    ...(card ? { card: card.masked } : {}),
    ...(original ? { original } : {}),
    resends: txn.resends,
    ...(txn.answer ? { answer: txn.answer } : {}),
  };
}

export const shownCase = (journal: Journal, one: Case, nowMs: number): object => ({
  ...caseView(journal, one, nowMs),
  ...one,
  number: caseNumber(one.id),
});

export function shownReversal({ id, txn, state, reason, tries, lastTryMs, lastCode, releasedBy }: Reversal): object {
  return {
    id,
    state,
    kind: txn.kind,
    batch: digits(txn.batch, 6),
    voucher: digits(txn.trace, 6),
    amountMinor: txn.requestedMinor,
    ...(txn.intent.card ? { card: txn.intent.card.masked } : {}),
    atMs: txn.atMs,
    reason,
    tries,
    ...(lastTryMs === undefined ? {} : { lastTryMs }),
    ...(lastCode === undefined ? {} : { lastCode }),
    ...(releasedBy === undefined ? {} : { releasedBy }),
  };
}

function mayStop(journal: Journal, id: number): Fault | undefined {
  const hold = journal.held(id);
  if (!hold) return noRefund(trackingText(id));
  return hold.state === 'held'
    ? undefined
    : fault(
        'E_ILLEGAL',
        'refund-not-held',
        `refund ${trackingText(id)} is ${hold.state}`,
        hold.state === 'sent' ? 'It was sent: open a case for a wrong refund' : 'Nothing to do',
      );
}

/** Totals and items of a settlement under way stay as they were requested. */
function settling(journal: Journal): Fault | undefined {
  const settlement = journal.openSettlement();
  return (
    settlement &&
    fault(
      'E_BUSY',
      'settlement-unfinished',
      `the settlement of batch ${digits(settlement.batch, 6)} stands at "${settlement.stage}", its totals must stay as they are`,
      'Finish the settlement at the terminal first',
    )
  );
}

/** Why this entry cannot be made; F19: a named person asked, and it is not the one who made the refund. */
function mayResolve(journal: Journal, { id, operator }: RefundResolve): Fault | undefined {
  const txn = doubtfulOf(journal, id);
  if (!txn) return noRefund(trackingText(id));
  if (txn.state === 'open')
    return fault(
      'E_BUSY',
      'refund-open',
      `refund ${txn.id} is on its way, or was cut off on it`,
      'Wait for its end; when no runtime is at work, start it once: it books it as unknown. Then enter what the acquirer says',
    );
  if (txn.state !== 'unknown')
    return fault(
      'E_ILLEGAL',
      'refund-not-unknown',
      `refund ${txn.id} is ${txn.state}, nothing is to be found out`,
      '`pos8583 refund list --unknown` shows those that wait',
    );
  const settlement = settling(journal);
  if (settlement) return settlement;
  if (!journal.operator(operator) || operator === ADMINISTRATOR)
    return fault(
      'E_ILLEGAL',
      'operator',
      `operator ${operator} is not known here or may not do this`,
      'Give 00 or a cashier',
    );
  if (operator === txn.intent.operator)
    return fault(
      'E_ILLEGAL',
      'same-person',
      `operator ${operator} made refund ${txn.id}, so somebody else has to ask the acquirer`,
      'Two persons: give another --operator, or 00',
    );
  return undefined;
}

function resolve(journal: Journal, nowMs: number, entry: RefundResolve): Result<unknown> {
  const { outcome, note, operator, reference } = entry;
  const txn = doubtfulOf(journal, entry.id);
  assert(txn, 'the refund was looked up before');
  if (outcome === 'still-unknown')
    return ok(journal.appendEvent(nowMs, 'case', { txnId: txn.id, by: SUPERVISOR, operator, note }));
  return journal.resolveRefund(nowMs, txn.id, {
    by: SUPERVISOR,
    operator,
    note,
    ...(outcome === 'accepted' && reference !== undefined
      ? { accepted: true, reference }
      : { accepted: false, resend: false }),
  });
}

const isSale = (txn: Txn): boolean => KIND_RULES[txn.kind].act === 'sale';

/** The sale that an entry names, when this journal holds it; else its reference and date. */
function saleOf(journal: Journal, { voucher, batch, reference = '', date = '' }: External): OriginalRef | Fault {
  const known =
    voucher === undefined
      ? journal.byReference(reference, date).find(isSale)
      : batch === undefined
        ? journal.byVoucherEver(voucher).find(isSale)
        : journal.byVoucher(voucher, batch);
  if (known && isSale(known) && known.state === 'approved')
    return {
      txnId: known.id,
      batch: known.batch,
      trace: known.trace,
      ...(known.answer?.reference === undefined ? {} : { reference: known.answer.reference }),
      ...(known.answer?.hostDate === undefined ? {} : { dateMmdd: known.answer.hostDate }),
    };
  if (known)
    return fault(
      'E_ILLEGAL',
      'sale-state',
      `voucher ${digits(known.trace, 6)} is ${known.state}`,
      'Money can only be given back of an approved sale',
    );
  return voucher === undefined
    ? { reference, dateMmdd: date }
    : fault('E_NOEXIST', 'no-sale', `the journal holds no sale with voucher ${voucher}`, 'Compare it with the slip');
}

function openCase(journal: Journal, id: number): Fault | undefined {
  const there = journal.case(id);
  if (!there) return noCase(caseNumber(id));
  return there.state === 'open'
    ? undefined
    : fault('E_ILLEGAL', 'case-closed', `case ${caseNumber(id)} is closed`, 'Nothing to do');
}

function mayEnd(journal: Journal, id: number): Fault | undefined {
  const reversal = journal.reversal(id);
  if (reversal?.state !== 'held')
    return fault(
      reversal ? 'E_ILLEGAL' : 'E_NOEXIST',
      'reversal-not-held',
      `the reversal of ${id} is ${reversal?.state ?? 'not in this journal'}`,
      reversal?.state === 'owed' ? 'The terminal sends it by itself' : '`pos8583 reversal list` shows those that wait',
    );
  return settling(journal);
}
