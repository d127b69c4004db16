import type { ClearCard } from '../card/card.ts';
import type { TerminalDevice } from '../device/terminal.ts';
import type { Hal } from '../hal/hal.ts';
import type { AcquirerLine } from '../host/line.ts';
import { FrameView } from '../iso8583/frame.ts';
import { MessageBuilder } from '../iso8583/message-builder.ts';
import { MessageView } from '../iso8583/message-view.ts';
import type { FieldPlan } from '../iso8583/plan.ts';
import { type EmvTags, type Journal, QUIET_VAULT, type Vault } from '../journal/journal.ts';
import { FRAME_LENGTH_MAX } from '../limits.ts';
import type { Profile } from '../profile/schema.ts';
import type { Keypad } from '../terminal/machine.ts';
import type { CardSource, Done, Lang, Progress } from '../terminal/types.ts';
import type { MessageRecord, TraceRecord } from '../trace/record.ts';
import type { EquipmentState } from './equipment.ts';
import type { Recording } from './recording.ts';
import type { SlipDesk } from './slip-code.ts';
import type { Task } from './task.ts';
import type { TerminalLine } from './terminal-line.ts';
import type { Training } from './training-jobs.ts';

/** The card of the transaction in hand: clear data with an owner and an end. */
export interface CardInHand {
  readonly clear: ClearCard;
  readonly source: CardSource;
  readonly fallback: boolean;
  /** Keyed hash of the PAN: equal for equal cards. */
  readonly token: string;
  /** BER-TLV of data element 55, after the chip has decided to go online. */
  chip?: Uint8Array;
  /** Chip tags for the slip and the TC upload. */
  tags: EmvTags;
  label?: string;
  /** Acquirer of the EMV tables that the terminal took for this card, 0–99. */
  acquirer?: number;
  pinBlock?: Uint8Array;
  /** PIN key under which {@link pinBlock} was made, as the session holds it: after a new sign-on the block is worth nothing. */
  pinKey?: string;
  /** The chip waits for the end of the transaction (FCX). */
  awaitsFinish: boolean;
}

/** Everything the jobs of one counter share. */
export interface Shop {
  readonly hal: Hal;
  readonly profile: Profile;
  readonly lang: Lang;
  readonly plan: FieldPlan;
  readonly journal: Journal;
  readonly device: TerminalDevice;
  readonly terminal: TerminalLine;
  readonly host: AcquirerLine;
  readonly keypad: Keypad;
  /** The terminal against its profile and its past, and what can be flashed. */
  readonly equipment: EquipmentState;
  /** One reused buffer for requests, and views over answers. */
  readonly out: Uint8Array;
  readonly builder: MessageBuilder;
  readonly answer: MessageView;
  readonly frame: FrameView;
  /** Bytes of the last answer, which hold a card number: zeroed when its job is over. */
  answerBytes: Uint8Array;
  operator: string | undefined;
  chipIn: boolean;
  card: CardInHand | undefined;
  /** Cards of held refunds, by hold: in memory only. */
  readonly heldCards: Map<number, CardInHand>;
  /** When a held refund that could not go out is tried again, by hold; milliseconds since 1970. */
  readonly heldTries: Map<number, number>;
  /** Payer's code of the scan payment in hand: it pays once and lives a minute. */
  payCode: string | undefined;
  /** The document that is being printed, or that stopped. */
  document: Uint8Array | undefined;
  /** The acquirer asked for a new sign-on before the next transaction (header digit 6, or A0, 99, 77). */
  signOnAgain: boolean;
  stopping: boolean;
  /** Something came in over the control socket that the idle screen does not show yet. */
  news: boolean;
  /** A job is being done: the end waits for its outcome. */
  working: boolean;
  /** View over requests, for {@link messages} only. */
  readonly traced: MessageView;
  /** Takes redacted records; absent when no trace is kept. */
  readonly trace: ((record: TraceRecord) => void) | undefined;
  /** Takes redacted messages; absent when nobody asks for them. */
  readonly messages: ((record: MessageRecord) => void) | undefined;
  /** Where everything that crosses the rim is written down; absent when nothing is. */
  readonly recording?: Recording | undefined;
  /** What only this counter's secrets answer. */
  readonly vault: Vault;
  /** Keys of the signed slip codes; absent where none are kept. */
  readonly slips?: SlipDesk;
  /** This is the counter of training: every screen and slip says so. */
  readonly training?: Training;
  /** Runs a training to its end; undefined where there is no room for it, and inside of it. */
  readonly train: ((shop: Shop, operator: string, by: string) => Task<Done>) | undefined;
  /** Version of this software, for the screen. */
  readonly version: string;
  /** A job is over: what waited for that goes on. */
  jobEnded(): void;
  /** Shows news of the running job; `always`: also when the terminal is at something else, as soon as it can. */
  progress(progress: Progress, always?: boolean): void;
}

/** What a counter works with: everything of a {@link Shop} that somebody has to bring. */
export type ShopParts = Pick<
  Shop,
  | 'hal'
  | 'profile'
  | 'lang'
  | 'plan'
  | 'journal'
  | 'device'
  | 'terminal'
  | 'host'
  | 'keypad'
  | 'equipment'
  | 'version'
  | 'progress'
> &
  Partial<Shop>;

/** A counter with empty hands: buffers of its own, no card, no document, nobody signed on. */
export function openShop(parts: ShopParts): Shop {
  return {
    ...emptyHands(parts.plan),
    trace: undefined,
    messages: undefined,
    vault: parts.recording?.vault ?? QUIET_VAULT,
    train: undefined,
    operator: undefined,
    chipIn: false,
    stopping: false,
    news: false,
    working: false,
    jobEnded: () => {},
    ...parts,
  };
}

/** Buffers and what is in hand, for a counter that begins. */
export function emptyHands(plan: FieldPlan) {
  return {
    out: new Uint8Array(FRAME_LENGTH_MAX),
    builder: new MessageBuilder(plan),
    answer: new MessageView(plan),
    frame: new FrameView(),
    answerBytes: new Uint8Array(0),
    traced: new MessageView(plan),
    card: undefined,
    heldCards: new Map<number, CardInHand>(),
    heldTries: new Map<number, number>(),
    payCode: undefined,
    document: undefined,
    signOnAgain: false,
  };
}

/** Zeroes the last answer. */
export function wipeAnswer(shop: Shop): void {
  shop.answerBytes.fill(0);
}

/** Zeroes the card in hand, and lets go of a payer's code. */
export function forgetCard(shop: Shop): void {
  shop.payCode = undefined;
  if (shop.card) wipeCard(shop.card);
  shop.card = undefined;
}

/** Zeroes all that was read of a card. */
export function wipeCard(card: CardInHand): void {
  card.clear.wipe();
  card.chip?.fill(0);
  card.pinBlock?.fill(0);
}
