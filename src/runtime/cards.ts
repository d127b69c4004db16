import { ClearCard } from '../card/card.ts';
import type { ChipInfo, ChipRequest, FinishResult, GoResult, PinResult, Tracks } from '../device/terminal.ts';
import { type Fault, faultText, type Result } from '../fault.ts';
import { isTrue, slipTags } from '../journal/journal.ts';
import type { Profile } from '../profile/schema.ts';
import type { PromptId } from '../profile/words.ts';
import type { CardSource, Done, Draft } from '../terminal/types.ts';
import { digits } from '../units.ts';
import { appendTlv, TlvCursor } from '../wire/tlv.ts';
import { fromHex } from '../wire/hex.ts';
import { isLineFault, pinKeyOf, wrappedKey } from './keys.ts';
import { signOnIfDue } from './management.ts';
import { type CardInHand, type Shop, forgetCard } from './shop.ts';
import { isCardOfSlip } from './slip-code.ts';
import { type Task, wait } from './task.ts';

/** EMV tag 9C of a sale and of a refund. */
const TYPE_SALE = 0x00;
const TYPE_REFUND = 0x20;
const CHIP_LENGTH_MAX = 255;

/** Tags that the slip shows besides those of data element 55. */
const SLIP_ONLY_TAGS: readonly string[] = ['9B', '4F', '50', '5F34'];

/** Reads the card that was swiped, inserted or tapped, and checks it: the same card as the original's, not expired, a right check digit. */
export function* readCard(shop: Shop, source: CardSource, draft: Draft): Task<Done> {
  forgetCard(shop);
  const read = source === 'swipe' ? yield* readStripe(shop, draft) : yield* readChip(shop, source, draft);
  if ('type' in read) return read;
  const refusal = check(shop, read, draft);
  if (refusal) {
    read.clear.wipe();
    return { type: 'DONE', outcome: 'failed', prompt: refusal };
  }
  shop.card = read;
  return {
    type: 'DONE',
    outcome: 'ok',
    card: { masked: read.clear.masked(), entry: read.source, fallback: read.fallback },
  };
}

function* readStripe(shop: Shop, draft: Draft): Task<CardInHand | Done> {
  const tracks = yield* wait<Result<Tracks>>(resume => shop.device.readTracks(resume));
  if (!tracks.ok) return cardTrouble(shop, tracks.fault);
  const { track1, track2, track3 } = tracks.value;
  track1?.fill(0);
  if (!track2) {
    track3?.fill(0);
    return { type: 'DONE', outcome: 'swipeError' };
  }
  const card = ClearCard.fromTrack2(track2);
  track2.fill(0);
  track3?.fill(0);
  if (!card.ok) {
    shop.hal.log.warn({ event: 'card', fault: card.fault.name }, faultText(card.fault));
    return { type: 'DONE', outcome: 'swipeError' };
  }
  if (card.value.saysChip() && !draft.fallback && shop.profile.terminal.readCapability >= '5') {
    card.value.wipe();
    return { type: 'DONE', outcome: 'chipCard' };
  }
  return inHand(shop, card.value, 'swipe', draft.fallback);
}

function* readChip(shop: Shop, source: 'chip' | 'tap', draft: Draft): Task<CardInHand | Done> {
  const info = yield* takeChip(shop, source, draft);
  if ('type' in info) return info;
  const stripe = info.cardType === 'magnetic';
  const track2 = yield* wait<Result<Tracks>>(resume => shop.device.readTracks(resume));
  const card = chipCard(info, track2);
  info.pan?.fill(0);
  info.cardholder?.fill(0);
  info.maskedTrack2?.fill(0);
  if (!card) return { type: 'DONE', outcome: source === 'chip' ? 'chipError' : 'tapAgain' };
  if (info.panSequence !== undefined) card.setSequenceNumber(Number(info.panSequence));
  const hand = inHand(shop, card, stripe ? 'swipe' : source, stripe && info.iccStatus === 1);
  if (info.emvData) hand.tags = slipTags(info.emvData);
  if (info.label !== undefined) hand.label = info.label;
  if (info.acquirer !== undefined) hand.acquirer = info.acquirer;
  info.emvData?.fill(0);
  return hand;
}

/** GCX for the card that is there. A contactless reader that fails once asks for the tap again. */
function* takeChip(shop: Shop, source: 'chip' | 'tap', draft: Draft): Task<ChipInfo | Done> {
  const at = shop.hal.clock.local(shop.hal.clock.nowMs());
  const request: ChipRequest = {
    amountMinor: draft.amountMinor,
    date: digits(at.year % 100, 2) + digits(at.month, 2) + digits(at.day, 2),
    time: digits(at.hour, 2) + digits(at.minute, 2) + digits(at.second, 2),
    transactionType: draft.kind === 'sale' ? TYPE_SALE : TYPE_REFUND,
    tagList: tagListOf(shop),
    contactless: source === 'tap',
    timeoutSeconds: Math.min(255, shop.profile.policy.cardTimeoutSeconds),
    currency: shop.profile.acquirer.currency,
  };
  const info = yield* wait<Result<ChipInfo>>(resume => shop.device.readChip(request, resume));
  return info.ok ? info.value : cardTrouble(shop, info.fault);
}

/** Track 2 of the chip when the terminal gives it, otherwise its account number and expiry. */
function chipCard(info: ChipInfo, tracks: Result<Tracks>): ClearCard | undefined {
  if (tracks.ok && tracks.value.track2) {
    const card = ClearCard.fromTrack2(tracks.value.track2);
    tracks.value.track1?.fill(0);
    tracks.value.track2.fill(0);
    tracks.value.track3?.fill(0);
    if (card.ok) return card.value;
  }
  if (!info.pan) return undefined;
  const card = ClearCard.fromPan(
    info.pan,
    Uint8Array.from((info.expiry ?? '').slice(0, 4), c => c.charCodeAt(0)),
  );
  return card.ok ? card.value : undefined;
}

function inHand(shop: Shop, clear: ClearCard, source: CardSource, fallback: boolean): CardInHand {
  return { clear, source, fallback, token: shop.journal.tokenOf(clear.pan), tags: {}, awaitsFinish: false };
}

function check(shop: Shop, card: CardInHand, draft: Draft): PromptId | undefined {
  if (!card.clear.luhnValid()) return 'E54';
  const held = draft.heldId === undefined ? undefined : shop.journal.held(draft.heldId);
  const known = draft.resend ?? draft.original?.id;
  const token = held?.card?.token ?? (known === undefined ? undefined : shop.journal.txn(known)?.intent.card?.token);
  if (token !== undefined && token !== card.token) return 'E07';
  if (draft.original?.foreign && isCardOfSlip(shop, draft.original.foreign.card, card) === false) return 'E07';
  if (draft.kind !== 'sale' || card.clear.expiry.length !== 4) return undefined;
  const now = shop.hal.clock.local(shop.hal.clock.nowMs());
  const month = digits(now.year % 100, 2) + digits(now.month, 2);
  return isTrue(shop.vault, 'expired', () => String.fromCharCode(...card.clear.expiry) < month) ? 'E53' : undefined;
}

/** The PIN step: GPN for a stripe or a void, GOX (which also lets the chip decide) for a chip or contactless sale. */
export function* pin(shop: Shop, draft: Draft, noPin: boolean): Task<Done> {
  const card = shop.card;
  // Nobody types the PIN of a real card into an exercise.
  const skip = noPin || shop.training !== undefined;
  if (!card) return { type: 'DONE', outcome: 'ok' };
  card.pinBlock?.fill(0);
  delete card.pinBlock;
  // A PIN block lives only under the keys of its sign-on, so a sign-on that is due comes before the PIN.
  if (!skip) {
    const refused = yield* signOnIfDue(shop);
    if (refused) return refused;
  }
  const chip = draft.kind === 'sale' && card.source !== 'swipe';
  // A second PIN after 55: an inserted chip begins anew, a contactless card has gone and only its PIN is asked again.
  if (chip && draft.pinTries > 0 && card.source === 'chip') {
    const info = yield* takeChip(shop, 'chip', draft);
    if ('type' in info) return info;
    info.pan?.fill(0);
    info.cardholder?.fill(0);
    info.maskedTrack2?.fill(0);
    info.emvData?.fill(0);
  }
  if (chip && (draft.pinTries === 0 || card.source === 'chip')) return yield* goOnline(shop, card, draft, skip);
  if (skip) return { type: 'DONE', outcome: 'ok' };
  const key = wrappedKey(shop.journal.session(), {
    key: 'PIK',
    part: shop.journal.session()?.mode === '001' ? 'left' : 'whole',
  });
  if (!key.ok) return pinTrouble(shop, key.fault);
  const answer = yield* wait<Result<PinResult>>(resume =>
    shop.device.enterPin(
      { keyIndex: shop.profile.acquirer.masterKeyIndex, wrappedKey: key.value, pan: card.clear.pan, min: 0, max: 12 },
      resume,
    ),
  );
  if (!answer.ok) return pinTrouble(shop, answer.fault);
  if (answer.value.entered) keepPin(shop, card, answer.value.pinBlock);
  return { type: 'DONE', outcome: 'ok' };
}

function keepPin(shop: Shop, card: CardInHand, pinBlock: Uint8Array): void {
  card.pinBlock = pinBlock;
  card.pinKey = pinKeyOf(shop);
}

function* goOnline(shop: Shop, card: CardInHand, draft: Draft, skip: boolean): Task<Done> {
  const { acquirer } = shop.profile;
  const session = shop.journal.session();
  const key = wrappedKey(session, { key: 'PIK', part: session?.mode === '001' ? 'left' : 'whole' });
  if (!key.ok) return pinTrouble(shop, key.fault);
  const answer = yield* wait<Result<GoResult>>(resume =>
    shop.device.emvGo(
      {
        acquirer: card.acquirer ?? 0,
        ...(skip ? {} : { pinMethod: 1 }),
        keyIndex: acquirer.masterKeyIndex,
        wrappedKey: key.value,
        amountMinor: draft.amountMinor,
        tagList: tagListOf(shop),
        timeoutSeconds: Math.min(255, shop.profile.policy.pinTimeoutSeconds),
      },
      resume,
    ),
  );
  if (!answer.ok)
    return card.source === 'chip' && !isPersonFault(answer.fault)
      ? cardTrouble(shop, answer.fault)
      : pinTrouble(shop, answer.fault);
  const { decision, pinBlock, emvData, ksn } = answer.value;
  ksn?.fill(0);
  if (decision === 'declined') {
    pinBlock?.fill(0);
    emvData?.fill(0);
    return { type: 'DONE', outcome: 'failed', prompt: 'E67' };
  }
  card.awaitsFinish = true;
  if (pinBlock) keepPin(shop, card, pinBlock);
  if (emvData) {
    card.chip?.fill(0);
    card.chip = inOrder(emvData, acquirer.chipTags.request);
    card.tags = { ...card.tags, ...slipTags(emvData) };
    emvData.fill(0);
  }
  return { type: 'DONE', outcome: 'ok' };
}

/**
 * Ends the chip transaction (FCX). False when the chip refused what the acquirer approved: the transaction is reversed.
 * After a refusal or without an answer the chip is told so and its own verdict does not matter.
 */
export function* finishChip(
  shop: Shop,
  card: CardInHand,
  end: {
    readonly outcome: 'approved' | 'declined' | 'noHost';
    readonly responseCode?: string;
    readonly issuerData?: Uint8Array;
  },
): Task<boolean> {
  if (!card.awaitsFinish) return true;
  card.awaitsFinish = false;
  const answer = yield* wait<Result<FinishResult>>(resume =>
    shop.device.emvFinish(
      {
        outcome: end.outcome,
        responseCode: end.responseCode ?? 'Z3',
        ...(end.issuerData ? { issuerData: end.issuerData } : {}),
        tagList: tagListOf(shop),
      },
      resume,
    ),
  );
  if (!answer.ok) {
    shop.hal.log.warn({ event: 'chip', fault: answer.fault.name }, faultText(answer.fault));
    // A contactless card has left the field; the acquirer's answer stands. A contact chip that was pulled has not agreed.
    return card.source === 'tap';
  }
  const { approved, emvData, issuerResults } = answer.value;
  if (emvData) card.tags = { ...card.tags, ...slipTags(emvData) };
  emvData?.fill(0);
  issuerResults?.fill(0);
  return approved || end.outcome !== 'approved' || card.source === 'tap';
}

const tagLists = new WeakMap<Profile, Uint8Array>();

/** Tags that every chip command asks for: those of data element 55 and of the slip, each once. */
function tagListOf(shop: Shop): Uint8Array {
  const { profile } = shop;
  let list = tagLists.get(profile);
  if (!list) {
    list = tagBytes(new Set([...profile.acquirer.chipTags.request, ...SLIP_ONLY_TAGS]));
    tagLists.set(profile, list);
  }
  return list;
}

function tagBytes(tags: Iterable<string>): Uint8Array {
  const bytes: number[] = [];
  for (const tag of tags) {
    const raw = fromHex(tag);
    if (raw.ok) bytes.push(...raw.value);
  }
  return new Uint8Array(bytes);
}

/** Data element 55: the tags of the profile in its order, each at most once, as far as the chip gave them. */
function inOrder(emvData: Uint8Array, order: readonly string[]): Uint8Array {
  const out = new Uint8Array(CHIP_LENGTH_MAX);
  const cursor = new TlvCursor();
  let at = 0;
  for (const name of order) {
    const tag = Number.parseInt(name, 16);
    if (!cursor.find(emvData, 0, emvData.length, tag)) continue;
    const next = appendTlv(out, at, tag, emvData.subarray(cursor.valueOffset, cursor.valueOffset + cursor.length));
    if (next < 0) break;
    at = next;
  }
  return out.slice(0, at);
}

const PERSON_FAULTS: ReadonlySet<string> = new Set(['operator-cancelled', 'operator-timeout', 'pin-busy']);

function isPersonFault(f: Fault): boolean {
  return PERSON_FAULTS.has(f.name);
}

function pinTrouble(shop: Shop, f: Fault): Done {
  if (f.name === 'operator-cancelled') return { type: 'DONE', outcome: 'cancelled' };
  if (f.name === 'operator-timeout') return { type: 'DONE', outcome: 'failed', prompt: 'E22' };
  if (f.name === 'no-card' || f.name === 'card-mute') return { type: 'DONE', outcome: 'failed', prompt: 'E66' };
  shop.hal.log.warn({ event: 'pin', fault: f.name }, faultText(f));
  return { type: 'DONE', outcome: 'failed', prompt: 'E23', fault: f };
}

/** Which way a card that could not be read leads (F17). */
const CARD_WAYS: Readonly<Record<string, string>> = {
  'operator-cancelled': 'cancelled',
  'stripe-unreadable': 'swipeError',
  'no-card': 'swipeError',
  'card-mute': 'chipError',
  'chip-error': 'chipError',
  'card-problem': 'chipError',
  'card-data-invalid': 'chipError',
  'fallback-error': 'chipError',
  'card-blocked': 'blocked',
  'card-invalidated': 'blocked',
  'several-cards': 'oneCard',
  'tap-error': 'tapAgain',
  'confirm-on-phone': 'tapAgain',
  'tap-invalidated': 'chipCard',
  'tap-problem': 'chipCard',
  'tap-no-application': 'chipCard',
  'tap-refused': 'chipCard',
  'other-interface': 'chipCard',
};

function cardTrouble(shop: Shop, f: Fault): Done {
  const way = CARD_WAYS[f.name];
  if (way !== undefined) return { type: 'DONE', outcome: way, fault: f };
  shop.hal.log.warn({ event: 'card', fault: f.name }, faultText(f));
  if (f.name === 'operator-timeout') return { type: 'DONE', outcome: 'failed', prompt: 'E21' };
  return { type: 'DONE', outcome: 'failed', prompt: isLineFault(f) ? 'E42' : 'E67', fault: f };
}
