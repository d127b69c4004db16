import type { ClearCard } from '../card/card.ts';
import { digits } from '../units.ts';
import type { Elements } from './elements.ts';
import { type CardEntry, type MoneyKind, type ReversalReason, entryModeOf } from './kinds.ts';

/** One row of the code table (UnionPay POS, transaction codes), as the profile gives it. */
export interface TransactionCodes {
  /** Four digits. */
  readonly mti: string;
  readonly processingCode?: string;
  readonly conditionCode?: string;
  /** 60.1, two digits. */
  readonly type60: string;
  /** 60.3, three digits. */
  readonly info60: string;
  readonly mac: boolean;
}

/** What every message of this terminal carries. */
export interface TerminalIdentity {
  readonly terminalNo: string;
  readonly merchantNo: string;
  /** 60.4 terminal entry capability, one digit. */
  readonly capability: string;
  /** Data element 49, `156`. */
  readonly currency: string;
  /** 60.6 = 1: a partial approval (39 = 10) is understood. */
  readonly partialApproval: boolean;
}

/** The working-key mode of the last sign-on: 60.3 of that request. */
export type KeyMode = '001' | '003' | '004';

export interface MessageContext {
  readonly identity: TerminalIdentity;
  readonly batch: number;
  readonly keyMode: KeyMode;
}

export interface CardFacts {
  readonly entry: CardEntry;
  /** True after a failed chip read (60.5 = 2). */
  readonly fallback: boolean;
  /** YYMM, when known. */
  readonly expiry?: string;
  /** Three digits; chip and contactless only. */
  readonly sequence?: string;
}

/** Where the original of a void or refund lies. */
export interface OriginalFacts {
  readonly batch?: number;
  readonly trace?: number;
  /** MMDD */
  readonly date?: string;
  /** Data element 37, 12 characters. */
  readonly reference: string;
  /** Data element 38, when the original had one. */
  readonly authCode?: string;
}

export interface MoneyRequest {
  readonly kind: MoneyKind;
  readonly codes: TransactionCodes;
  readonly context: MessageContext;
  readonly trace: number;
  readonly amountMinor: number;
  readonly facts: CardFacts;
  /** Clear card data; of a void without card: the PAN opened from the record. */
  readonly card: ClearCard;
  /** Track 2 with its encrypted block, when the sign-on brought a track key. */
  readonly encryptedTrack2?: Uint8Array;
  /** 8 bytes, or absent when no PIN was entered. */
  readonly pinBlock?: Uint8Array;
  /** True when the PIN block was made with the PAN (53 digit 1 = 2), false = without (1). */
  readonly pinWithPan?: boolean;
  /** BER-TLV of data element 55 (chip and contactless sale). */
  readonly chip?: Uint8Array;
  readonly original?: OriginalFacts;
  /** Data element 63 of a refund: card organisation, `000` or `CUP`. */
  readonly organisation?: string;
}

/**
 * Data element 60 (UnionPay POS field 60): 60.1 type, 60.2 batch, 60.3 information code, then for financial messages
 * 60.4 terminal capability, 60.5 chip condition and, when a partial approval is understood, 60.6 = 1. 11 digits in
 * management, 13 or 14 in financial messages.
 */
export function privateUse60(
  codes: TransactionCodes,
  batch: number,
  identity?: TerminalIdentity,
  chipCondition = '0',
): string {
  const head = codes.type60 + digits(batch, 6) + codes.info60;
  return identity === undefined
    ? head
    : head + identity.capability + chipCondition + (identity.partialApproval ? '1' : '');
}

/**
 * Data element 53 (16 digits), or undefined when neither PIN nor track goes out. Digit 1: 0 no PIN, 1 PIN block without
 * PAN, 2 with PAN. Digit 2: 6 after a double-length sign-on, 0 after a single-length one. Digit 3: 1 when tracks are
 * encrypted (sign-on 004).
 */
export function securityControl(
  pin: 'none' | 'withPan' | 'withoutPan',
  tracks: boolean,
  mode: KeyMode,
): string | undefined {
  if (pin === 'none' && !tracks) return undefined;
  const first = pin === 'none' ? '0' : pin === 'withPan' ? '2' : '1';
  const second = mode === '001' ? '0' : '6';
  const third = mode === '004' && tracks ? '1' : '0';
  return first + second + third + '0'.repeat(13);
}

/**
 * Data element 61: original batch and trace (12 digits) for a void; for a refund always 16 digits, zeros when batch and
 * trace are not known here, then the original's date MMDD.
 */
export function originalData(kind: 'void' | 'refund', original: OriginalFacts): string {
  const known = original.batch !== undefined && original.trace !== undefined;
  const where = known ? digits(original.batch, 6) + digits(original.trace, 6) : '0'.repeat(12);
  return kind === 'void' ? where : where + (original.date ?? '0000');
}

/** Sale 0200/00, void 0200/20, refund 0220/20: the elements of the UnionPay POS field matrix. */
export function moneyElements(request: MoneyRequest): Elements {
  const { codes, context, facts, original } = request;
  const { identity } = context;
  const text = new Map<number, string>();
  const withTracks = facts.entry !== 'none' && request.card.track2.length > 0;
  const withPin = request.pinBlock !== undefined;
  if (codes.processingCode !== undefined) text.set(3, codes.processingCode);
  text.set(4, digits(request.amountMinor, 12));
  text.set(11, digits(request.trace, 6));
  if (facts.entry !== 'swipe' && facts.expiry !== undefined) text.set(14, facts.expiry);
  text.set(22, entryModeOf(facts.entry, withPin));
  if (facts.entry === 'chip' || facts.entry === 'tap') text.set(23, facts.sequence ?? '000');
  if (codes.conditionCode !== undefined) text.set(25, codes.conditionCode);
  if (withPin) text.set(26, '12');
  if (original) {
    text.set(37, original.reference);
    if (original.authCode !== undefined && request.kind === 'void') text.set(38, original.authCode);
  }
  text.set(41, identity.terminalNo);
  text.set(42, identity.merchantNo);
  text.set(49, identity.currency);
  const pin = !withPin ? 'none' : request.pinWithPan === false ? 'withoutPan' : 'withPan';
  const control = securityControl(pin, withTracks, context.keyMode);
  if (control !== undefined) text.set(53, control);
  text.set(60, privateUse60(codes, context.batch, identity, facts.fallback ? '2' : '0'));
  if (original && request.kind !== 'sale') text.set(61, originalData(request.kind, original));
  if (request.kind === 'refund') text.set(63, request.organisation ?? '000');
  return {
    mti: Number.parseInt(codes.mti, 16),
    text,
    card: request.card,
    withPan: facts.entry !== 'swipe',
    withTracks,
    ...(request.encryptedTrack2 ? { encryptedTrack2: request.encryptedTrack2 } : {}),
    ...(request.pinBlock ? { pinBlock: request.pinBlock } : {}),
    ...(request.chip ? { chip: request.chip } : {}),
    mac: codes.mac,
  };
}

/** Data elements of the request that a reversal repeats (UnionPay POS, reversal: fields kept). 2 comes from the sealed PAN. */
const REVERSAL_FIELDS: readonly number[] = [3, 4, 11, 14, 22, 23, 25, 38, 41, 42, 49, 60, 61];

/** The part of a sale or void that its reversal will need, as it is kept in the journal: public elements only. */
export function reversalFields(elements: Elements): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const field of REVERSAL_FIELDS) {
    const value = elements.text.get(field);
    if (value !== undefined) kept[String(field)] = value;
  }
  return kept;
}

/**
 * Reversal 0400: same trace and batch as the original, 39 = reason; no PIN, no tracks, no 62. 61 only for a void, 38 when
 * it is known. `chip` is the subset 95, 9F1E, 9F10, 9F36, DF31 of data element 55; `organisation` goes to 63 for the
 * acquirers that want one there.
 */
export function reversalElements(
  fields: Readonly<Record<string, string>>,
  reason: ReversalReason,
  card: ClearCard | undefined,
  chip: Uint8Array | undefined,
  organisation?: string,
): Elements {
  const text = new Map<number, string>();
  for (const field of REVERSAL_FIELDS) {
    const value = fields[String(field)];
    if (value !== undefined) text.set(field, value);
  }
  text.set(39, reason);
  if (organisation !== undefined) text.set(63, organisation);
  return {
    mti: 0x0400,
    text,
    ...(card ? { card, withPan: true } : {}),
    ...(chip ? { chip } : {}),
    mac: true,
  };
}

/** Sign-on 0800, sign-off 0820/002, echo 0820/301 (the echo has no trace). None has a MAC. */
export function managementElements(
  codes: TransactionCodes,
  context: MessageContext,
  trace: number | undefined,
  operatorForm?: string,
): Elements {
  const text = new Map<number, string>();
  if (trace !== undefined) text.set(11, digits(trace, 6));
  text.set(41, context.identity.terminalNo);
  text.set(42, context.identity.merchantNo);
  text.set(60, privateUse60(codes, context.batch));
  if (operatorForm !== undefined) text.set(63, operatorForm);
  return { mti: Number.parseInt(codes.mti, 16), text, mac: codes.mac };
}
