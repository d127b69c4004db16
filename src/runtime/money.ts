import type { ClearCard } from '../card/card.ts';
import { ownedCopy } from '../card/owned.ts';
import { type Fault, fault, faultText } from '../fault.ts';
import {
  channelOf,
  type Intent,
  isTrue,
  KIND_RULES,
  type Outcome as Booked,
  reversalTags,
  type StoredCard,
  type Txn,
} from '../journal/journal.ts';
import { encryptTrack } from '../security/track.ts';
import { SIGN_ON_AGAIN, reversalReasonOf } from '../transaction/answers.ts';

import { type CardFacts, type MoneyRequest, moneyElements, reversalFields } from '../transaction/requests.ts';
import type { PromptId } from '../profile/words.ts';
import type { Done, Draft } from '../terminal/types.ts';
import { digits, formatAmount } from '../units.ts';
import { finishChip } from './cards.ts';
import { codesOf, contextOf, remarkOf } from './context.ts';
import { prepare, send, type Outcome } from './exchange.ts';
import { decisionOf } from './judgement.ts';
import { overTerminal, pinKeyOf } from './keys.ts';
import { signOn, signOnIfDue } from './management.ts';
import { factsOfOriginal, originalFacts, originalRef } from './original.ts';
import { printUnknownSlip } from './printing.ts';
import { recordView, trackingOf } from './records.ts';
import { openedCard, reverseOwed, type ReversalEnd } from './reversal.ts';
import { type CardInHand, type Shop, forgetCard } from './shop.ts';
import type { Task } from './task.ts';

/**
 * Sale, void and refund, in the one order that loses no money: reversal owed first, request built, intent on disk with
 * its pending reversal, send, answer matched and its MAC checked, outcome on disk, and only then the screen and the slip.
 */
export function* online(shop: Shop, draft: Draft, findings: readonly string[] = []): Task<Done> {
  const before = yield* clearTheWay(shop);
  if (before) return before;
  const card = shop.card;
  if (draft.resend !== undefined) {
    const unsure = shop.journal.txn(draft.resend);
    if (!unsure || !card) return { type: 'DONE', outcome: 'failed', prompt: 'E02' };
    const done = yield* resend(shop, unsure, card);
    forgetCard(shop);
    return done;
  }
  const made = request(shop, draft, card);
  if ('type' in made) return made;
  const done = yield* transact(shop, draft, made, card, findings);
  if (done.remark?.code !== '55' && !stillHeld(shop, draft)) forgetCard(shop);
  return done;
}

/** Nothing of a held refund went out: it waits as before, with its card. */
function stillHeld(shop: Shop, { heldId }: Draft): boolean {
  return heldId !== undefined && shop.journal.held(heldId)?.state === 'held';
}

/** A partly approved sale that the customer does not want: a void of the approved amount, without card. */
export function* voidOf(shop: Shop, id: number): Task<Done> {
  const original = shop.journal.txn(id);
  if (!original) return { type: 'DONE', outcome: 'failed', prompt: 'E02' };
  forgetCard(shop);
  return yield* online(shop, {
    kind: 'void',
    amountMinor: original.amountMinor,
    original: recordView(shop, original),
    approver: original.intent.operator,
    reason: 6,
    pinTries: 0,
    fallback: false,
    readTries: 0,
  });
}

/**
 * F19-3, "not accepted": the refund goes out again byte for byte but for PIN and MAC, with the batch and trace of the
 * first, so that an acquirer that has it answers 94. Tracks are never stored: the same card is in hand again.
 */
function* resend(shop: Shop, txn: Txn, card: CardInHand): Task<Done> {
  const { journal, hal } = shop;
  const { intent } = txn;
  if (intent.card?.token !== card.token || intent.card.entry !== card.source)
    return { type: 'DONE', outcome: 'failed', prompt: 'E07' };
  const stop = journal.mayTrade();
  if (stop) return { type: 'DONE', outcome: 'failed', prompt: promptOf(stop), fault: stop };
  const stored = intent.card;
  const repeat: MoneyRequest = {
    kind: 'refund',
    codes: codesOf(shop, 'refund'),
    context: contextOf(shop, txn.batch),
    trace: txn.trace,
    amountMinor: txn.requestedMinor,
    facts: cardFacts(stored),
    card: card.clear,
    ...(card.pinBlock ? { pinBlock: card.pinBlock, pinWithPan: true } : {}),
    original: originalFacts(intent),
    organisation: shop.profile.acquirer.cardOrganisation63,
  };
  const track = yield* trackInSafety(shop, repeat);
  if ('cause' in track) return failure(track);
  const ready = yield* prepare(shop, moneyElements({ ...repeat, ...track }));
  track.encryptedTrack2?.fill(0);
  if ('cause' in ready) return failure(ready);
  const again = journal.resolveRefund(hal.clock.nowMs(), txn.id, {
    by: '00',
    accepted: false,
    note: 'not accepted, sent again',
  });
  if (!again.ok) return { type: 'DONE', outcome: 'failed', prompt: promptOf(again.fault), fault: again.fault };
  const answer = yield* send(shop, ready, {
    refund: true,
    repeat: true,
    progress: secondsLeft => ({ stage: 'waiting', secondsLeft }),
  });
  // 94 to a repeat means that the first one was accepted.
  const accepted = answer.kind === 'answered' && answer.code === '94';
  return yield* book(
    shop,
    again.value,
    accepted ? { ...answer, meaning: { ...answer.meaning, kind: 'approved' } } : answer,
    undefined,
  );
}

/** What must be done before any transaction: a new sign-on when the acquirer wants one, and every reversal that is owed. */
export function* clearTheWay(shop: Shop): Task<Done | undefined> {
  const refused = yield* signOnIfDue(shop);
  if (refused) return refused;
  const stop = stopped(shop, yield* reverseOwed(shop, 'owed'));
  if (stop) return stop;
  const { card } = shop;
  if (card?.pinBlock === undefined) return undefined;
  if (isTrue(shop.vault, 'PIN key', () => card.pinKey === pinKeyOf(shop))) return undefined;
  // A sign-on came between: the PIN block is of the old key. Nothing was sent; the customer enters the PIN again.
  yield* finishChip(shop, card, { outcome: 'noHost' });
  forgetCard(shop);
  return { type: 'DONE', outcome: 'failed', prompt: 'E76' };
}

/**
 * Why no transaction can begin after {@link reverseOwed}: the reversal could not go out, or it is held and the profile
 * stops the terminal until a supervisor releases it. Undefined: trade goes on.
 */
export function stopped(shop: Shop, end: ReversalEnd): Done | undefined {
  if (end.kind === 'owed') {
    if (end.why === 'stopped') return { type: 'DONE', outcome: 'failed', prompt: 'E81', fault: end.fault };
    return { type: 'DONE', outcome: 'failed', prompt: end.why === 'line' ? 'E24' : 'E23', fault: end.fault };
  }
  const stop = shop.journal.mayTrade();
  if (stop?.name !== 'reversal-held') return undefined;
  if (end.kind === 'held') return { type: 'DONE', outcome: 'reversalFailed' };
  return { type: 'DONE', outcome: 'failed', prompt: 'E64', fault: stop };
}

interface Made {
  readonly request: MoneyRequest;
  readonly stored: StoredCard;
  /** A card that was opened from the record for this request only. */
  readonly ownedCard?: ClearCard;
}

function request(shop: Shop, draft: Draft, card: CardInHand | undefined): Made | Done {
  const original = draft.original === undefined ? undefined : shop.journal.txn(draft.original.id);
  const stored = card ? storedCard(shop, card) : original?.intent.card;
  if (!stored) return { type: 'DONE', outcome: 'failed', prompt: 'E18' };
  const ownedCard = card || !original ? undefined : openedCard(shop, original);
  const clear = card?.clear ?? ownedCard;
  if (!clear) return { type: 'DONE', outcome: 'failed', prompt: 'E32' };
  const kept: StoredCard = card ? stored : { ...stored, entry: 'none', fallback: false };
  const facts37 = factsOfOriginal(shop, draft);
  return {
    stored: kept,
    ...(ownedCard ? { ownedCard } : {}),
    request: {
      kind: draft.kind,
      codes: codesOf(shop, draft.kind),
      context: contextOf(shop, shop.journal.batch()),
      trace: shop.journal.nextTrace(),
      amountMinor: draft.amountMinor,
      facts: cardFacts(kept),
      card: clear,
      ...(card?.pinBlock ? { pinBlock: card.pinBlock, pinWithPan: true } : {}),
      ...(card?.chip && draft.kind === 'sale' ? { chip: card.chip } : {}),
      ...(facts37 ? { original: facts37 } : {}),
      ...(draft.kind === 'refund' ? { organisation: shop.profile.acquirer.cardOrganisation63 } : {}),
    },
  };
}

function* transact(
  shop: Shop,
  draft: Draft,
  { request: made, stored, ownedCard: owned }: Made,
  card: CardInHand | undefined,
  findings: readonly string[],
): Task<Done> {
  const { journal, hal } = shop;
  const original = originalRef(shop, draft);
  const track = yield* trackInSafety(shop, made);
  if ('cause' in track) return failure(track);
  const elements = moneyElements({ ...made, ...track });
  const ready = yield* prepare(shop, elements);
  owned?.wipe();
  track.encryptedTrack2?.fill(0);
  if ('cause' in ready) return failure(ready);
  const intent: Intent = {
    kind: draft.kind,
    amountMinor: draft.amountMinor,
    batch: made.context.batch,
    trace: made.trace,
    ...decisionOf(shop, draft, findings),
    ...(draft.heldId === undefined ? {} : { heldId: draft.heldId }),
    card: stored,
    entryMode: elements.text.get(22) ?? '',
    ...(original ? { original } : {}),
    tid: shop.profile.merchant.terminalNo,
    mid: shop.profile.merchant.merchantNo,
    fields: reversalFields(elements),
    ...(made.chip ? { emv: reversalTags(made.chip) } : {}),
  };
  const begun = journal.appendIntent(hal.clock.nowMs(), intent);
  if (!begun.ok) {
    hal.log.warn({ event: 'refused', fault: begun.fault.name }, faultText(begun.fault));
    return { type: 'DONE', outcome: 'failed', prompt: promptOf(begun.fault), fault: begun.fault };
  }
  const answer = yield* send(shop, ready, {
    refund: draft.kind === 'refund',
    progress: secondsLeft => ({ stage: 'waiting', secondsLeft }),
  });
  return yield* book(shop, begun.value, answer, card);
}

/** After sign-on 004 a track leaves the host only with its block encrypted under the track key, never in clear. */
function* trackInSafety(shop: Shop, made: MoneyRequest): Task<{ encryptedTrack2?: Uint8Array } | Fault> {
  if (made.context.keyMode !== '004' || made.facts.entry === 'none' || made.card.track2.length === 0) return {};
  // A copy: the card in hand stays as it was read, for a second PIN.
  const encryptedTrack2 = ownedCopy(made.card.track2);
  const done = yield* overTerminal(shop, encryptTrack(encryptedTrack2, encryptedTrack2.length));
  if (!done.ok) return done.fault;
  if (done.value) return { encryptedTrack2 };
  encryptedTrack2.fill(0);
  return fault(
    'E_ILLEGAL',
    'track-too-short',
    'track 2 is too short to be encrypted, so it may not be sent',
    'Nothing was sent. Use another card',
  );
}

/** Outcome on disk, then what follows from it. `order`: number that a scanned payment got at its channel. */
export function* book(shop: Shop, txn: Txn, answer: Outcome, card: CardInHand | undefined, order?: string): Task<Done> {
  const { journal, hal } = shop;
  if (answer.kind === 'notSent') {
    if (card) yield* finishChip(shop, card, { outcome: 'noHost' });
    if (KIND_RULES[txn.kind].reversible && shop.profile.acquirer.reversal.notConnected === 'reverse')
      return yield* unknown(shop, txn, reversalReasonOf('closed'), answer.fault);
    journal.appendOutcome(hal.clock.nowMs(), txn.id, { result: 'notSent', why: answer.fault.name });
    return { type: 'DONE', outcome: 'failed', prompt: 'E24', fault: answer.fault };
  }
  if (answer.kind === 'unknown') {
    if (card) yield* finishChip(shop, card, { outcome: 'noHost' });
    return yield* unknown(shop, txn, reversalReasonOf(answer.why), answer.fault);
  }
  const { code, meaning } = answer;
  if (txn.resends > 0 && SIGN_ON_AGAIN.has(code)) {
    // Keys and batch are looked at before anything else: such a refusal of the repeat says nothing about the first sending.
    shop.signOnAgain = true;
    return yield* unknown(shop, txn, reversalReasonOf('hostUnknown'), {
      code: 'E_EXTENDED',
      name: `code-${code}`,
      cause: `the acquirer answered ${code} to the repeat: it did not look whether it has the first one`,
      remedy: 'Sign on and send it again, or ask the acquirer',
    });
  }
  if (meaning.kind !== 'approved') {
    const declined: Booked = { result: 'declined', code, ...answerFacts(shop, txn) };
    if (SIGN_ON_AGAIN.has(code)) shop.signOnAgain = true;
    if (card) yield* finishChip(shop, card, { outcome: 'declined', responseCode: code });
    journal.appendOutcome(hal.clock.nowMs(), txn.id, declined);
    return { type: 'DONE', outcome: 'declined', remark: remarkOf(code, meaning) };
  }
  // Of a part the answer must say how much it is.
  const approvedMinor = shop.answer.has(4) ? shop.answer.amountMinor(4) : code === '10' ? 0 : txn.requestedMinor;
  const partial = code === '10' && approvedMinor !== txn.requestedMinor;
  if (partial && !(txn.kind === 'sale' && approvedMinor > 0 && approvedMinor < txn.requestedMinor)) {
    if (card) yield* finishChip(shop, card, { outcome: 'noHost' });
    return yield* unknown(shop, txn, reversalReasonOf('mismatch'), {
      code: 'E_EXTENDED',
      name: 'partial-amount',
      cause: `the acquirer approved ${formatAmount(approvedMinor)} of ${formatAmount(txn.requestedMinor)} (39 = 10), which is no part of it`,
      remedy: 'The transaction is reversed. Call the acquirer',
    });
  }
  const approved: Booked = {
    result: 'approved',
    code,
    ...answerFacts(shop, txn),
    ...(order === undefined ? {} : { order }),
    ...(shop.answer.has(38) ? { authCode: shop.answer.text(38) } : {}),
    ...(partial ? { amountMinor: approvedMinor } : {}),
  };
  // The answer's facts are read before FCX: the answer itself lives until the next exchange.
  const finished = card
    ? yield* finishChip(shop, card, { outcome: 'approved', responseCode: code, ...issuerData(shop) })
    : true;
  if (!finished && txn.kind === 'sale')
    return yield* unknown(
      shop,
      txn,
      reversalReasonOf('chipRefused'),
      {
        code: 'E_EXTENDED',
        name: 'chip-refused',
        cause: 'the chip refused the approved transaction',
        remedy: 'The transaction is reversed. Use another card',
      },
      approved.authCode,
    );
  journal.appendOutcome(hal.clock.nowMs(), txn.id, {
    ...approved,
    ...(card && Object.keys(card.tags).length > 0 ? { emv: card.tags } : {}),
  });
  const after = journal.txn(txn.id) ?? txn;
  return {
    type: 'DONE',
    outcome: partial ? 'partial' : 'approved',
    record: recordView(shop, after),
    amountMinor: after.amountMinor,
    ...(KIND_RULES[txn.kind].act === 'refund' ? trackingOf(shop, after) : {}),
  };
}

/**
 * No usable answer. Sale and void are reversed, at once or before the next message as the profile says; a refund and a QR
 * void become UNKNOWN and its original is locked. `authCode`: 38 of an approval that could not stand.
 */
export function* unknown(
  shop: Shop,
  txn: Txn,
  reason: '98' | 'A0' | '96' | '06',
  fault: Fault,
  authCode?: string,
): Task<Done> {
  const { journal, hal } = shop;
  hal.log.warn({ event: 'unknown', stan: txn.trace, fault: fault.name, reason }, faultText(fault));
  if (reason === 'A0') shop.signOnAgain = true;
  journal.appendOutcome(hal.clock.nowMs(), txn.id, {
    result: 'unknown',
    reason,
    why: fault.name,
    ...(authCode === undefined ? {} : { authCode }),
  });
  if (!KIND_RULES[txn.kind].reversible) {
    const after = journal.txn(txn.id) ?? txn;
    yield* printUnknownSlip(shop, after);
    return { type: 'DONE', outcome: 'unknownRefund', record: recordView(shop, after), ...trackingOf(shop, after) };
  }
  if (shop.profile.acquirer.reversal.sent === 'before-next')
    return { type: 'DONE', outcome: 'failed', prompt: 'E81', fault };
  // After a wrong MAC the keys are in doubt: a sign-on may go before the reversal, which then carries the new MAC key.
  if (reason === 'A0') yield* signOn(shop);
  const end = yield* reverseOwed(shop, 'owed');
  if (end.kind === 'owed') return { type: 'DONE', outcome: 'failed', prompt: 'E81', fault };
  return { type: 'DONE', outcome: end.kind === 'held' ? 'reversalFailed' : 'reversed', fault };
}

/** What the answer says for the books and the slip: never card data. */
function answerFacts(
  shop: Shop,
  txn: Txn,
): {
  reference?: string;
  hostDate?: string;
  hostTime?: string;
  settleDate?: string;
  issuer?: string;
  acquirer?: string;
  organisation?: string;
  centreText?: string;
} {
  const { answer } = shop;
  const text = (field: number): string | undefined => (answer.has(field) ? answer.text(field) : undefined);
  const institutions = text(44);
  const field63 = text(63);
  return compact({
    reference: text(37),
    hostDate: text(13),
    hostTime: text(12),
    settleDate: text(15),
    issuer: institutions?.slice(0, 11).trim() || undefined,
    acquirer: institutions?.slice(11, 22).trim() || undefined,
    // 000 stands for the cards of this country in requests and may come back; payments by code are settled with those cards.
    organisation:
      field63 && channelOf(txn) === 'card' && /^(?!000)[A-Z0-9]{3}/.test(field63) ? field63.slice(0, 3) : undefined,
    centreText: field63 && field63.length > 3 ? field63.slice(3).trim() || undefined : undefined,
  });
}

type Known<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without what is not known. */
function compact<T extends object>(object: T): Known<T> {
  const known: Known<T> = {};
  for (const name in object) if (object[name] !== undefined) known[name] = object[name] as Known<T>[typeof name];
  return known;
}

function issuerData(shop: Shop): { issuerData?: Uint8Array } {
  return shop.answer.has(55) ? { issuerData: shop.answer.bytes(55).slice() } : {};
}

function storedCard(shop: Shop, card: CardInHand): StoredCard {
  const expiry = String.fromCharCode(...card.clear.expiry);
  return {
    ...shop.journal.sealCard(card.clear.pan, card.token),
    ...(expiry === '' ? {} : { expiry }),
    ...(card.clear.sequenceNumber < 0 ? {} : { sequence: digits(card.clear.sequenceNumber, 3) }),
    entry: card.source,
    fallback: card.fallback,
  };
}

function cardFacts(stored: StoredCard): CardFacts {
  return {
    entry: stored.entry === 'manual' ? 'none' : stored.entry,
    fallback: stored.fallback,
    ...(stored.expiry === undefined ? {} : { expiry: stored.expiry }),
    ...(stored.sequence === undefined ? {} : { sequence: stored.sequence }),
  };
}

export function failure(fault: Fault): Done {
  return { type: 'DONE', outcome: 'failed', prompt: fault.name === 'pack-error' ? 'E31' : 'E23', fault };
}

/** Which local prompt a refusal of the journal is. */
const PROMPTS: Readonly<Record<string, PromptId>> = {
  'original-unknown': 'E02',
  'original-not-in-batch': 'E56',
  'original-not-a-sale': 'E05',
  'original-voided': 'E03',
  'original-refunded': 'E04',
  'original-not-approved': 'E06',
  'void-amount': 'E08',
  'void-unknown': 'E17',
  'refund-unknown': 'E17',
  'refund-above-remainder': 'E08',
  'refund-batch-closed': 'E17',
  'refunds-frozen': 'E16',
  'refund-held': 'F09.hold',
  'refund-not-held': 'F20.sent',
  'hold-changed': 'E07',
  'reversal-owed': 'E64',
  'reversal-held': 'E64',
  'settlement-unfinished': 'E77',
  'batch-traces-used-up': 'E34',
};

export function promptOf(fault: Fault): PromptId {
  return PROMPTS[fault.name] ?? 'E32';
}
