import { createHmac, type KeyObject } from 'node:crypto';
import { assert } from '../../assert.ts';
import { ClearCard, luhnValid } from '../../card/card.ts';
import { maskPan } from '../../card/mask.ts';
import { cardToken } from '../../card/token.ts';
import type { Entropy, LocalTime } from '../../hal/hal.ts';
import { readTrackBlock, trackBlockAt, writeTrackBlock } from '../../security/track.ts';
import { digits } from '../../units.ts';
import { judgePin, type KeyRing } from '../keys.ts';
import type { AccountRow, Ledger, Organisation, TerminalRow } from './ledger.ts';
import type { Request } from './request.ts';

/** What the handlers work with while one message is handled: the books, the time, the keys. */
export interface Desk {
  readonly ledger: Ledger;
  readonly entropy: Entropy;
  readonly nowMs: number;
  readonly now: LocalTime;
  /** Working keys of the terminals. */
  readonly keys: KeyRing;
  /** Key of the card tokens in the books. */
  readonly tokenKey: KeyObject;
}

/** Field 32 and the acquirer's half of field 44. */
export const ACQUIRER_ID = '48020000';
/** The issuer's half of field 44. */
export const ISSUER_ID = '01020000';
/** What a card owns when it is seen first, minor units. */
export const FIRST_BALANCE_MINOR = 1_000_000;
export const FIRST_PIN = '123456';
/** Wrong PINs in a row on one day after which a card is blocked until the next. */
export const PIN_FAILURES_MAX = 3;

const utf8 = new TextEncoder();

export const mmdd = (now: LocalTime): string => digits(now.month, 2) + digits(now.day, 2);
export const hhmmss = (now: LocalTime): string => digits(now.hour, 2) + digits(now.minute, 2) + digits(now.second, 2);
const yyyymmdd = (now: LocalTime): string => digits(now.year, 4) + mmdd(now);
const yymm = (now: LocalTime): string => digits(now.year % 100, 2) + digits(now.month, 2);

/** A fresh reference number for field 37: MMDD and eight digits. */
export function newReference(desk: Desk): string {
  return mmdd(desk.now) + digits(desk.ledger.nextSerial(), 8);
}

/** A fresh authorisation code for field 38. */
export function newAuthCode(desk: Desk): string {
  const bytes = new Uint8Array(4);
  desk.entropy.fill(bytes);
  return digits(new DataView(bytes.buffer).getUint32(0) % 1_000_000, 6);
}

/** A card as a request shows it. The caller wipes `pan`. */
export interface ShownCard {
  readonly pan: Uint8Array;
  readonly token: string;
  readonly masked: string;
  readonly organisation: Organisation;
  /** Field 63: card organisation, three letters. */
  readonly organisationCode: string;
  /** YYMM, empty when the request does not tell. */
  readonly expiry: string;
  readonly luhnValid: boolean;
}

/** Either a card, or `absent`, or a code for field 39. */
export type CardReading = { readonly card: ShownCard } | { readonly card?: undefined; readonly code: '' | '14' | 'A7' };

/**
 * The card of a request: field 2, track 2, track 3 (decrypted when field 53 says so) or the payer's code of a QR payment.
 * Code `14`: no readable number, or field 2 and the track differ; `A7`: tracks encrypted without a track key; empty: no card.
 */
export function readCard(desk: Desk, request: Request, terminal: TerminalRow): CardReading {
  const { view } = request;
  const code = scannedCode(request);
  if (code !== undefined) return { card: shown(desk, code.slice(-20).replace(/^0+/, ''), '', true) };
  const encrypted = view.text(53)[2] === '1';
  if (encrypted && terminal.tdk.length === 0 && (view.has(35) || view.has(36))) return { code: 'A7' };
  const plain = view.text(2);
  if (view.has(35)) {
    const track = new Uint8Array(40);
    const length = view.digitsInto(35, track, 0);
    if (encrypted) decryptTrack(desk, terminal, track, length);
    const made = ClearCard.fromTrack2Ascii(track, 0, length);
    track.fill(0);
    if (!made.ok) return { code: '14' };
    const card = made.value;
    const pan = latin1(card.pan);
    const expiry = latin1(card.expiry);
    card.wipe();
    return plain !== '' && plain !== pan ? { code: '14' } : { card: shown(desk, pan, expiry || view.text(14), false) };
  }
  if (plain !== '') return { card: shown(desk, plain, view.text(14), false) };
  if (!view.has(36)) return { code: '' };
  const track = new Uint8Array(106);
  const length = view.digitsInto(36, track, 0);
  if (encrypted) decryptTrack(desk, terminal, track, length);
  // ISO/IEC 4909: two digits of format code, then the card number up to the separator.
  const match = /^\d\d(\d{8,19})D/.exec(latin1(track.subarray(0, length)));
  track.fill(0);
  return match === null ? { code: '14' } : { card: shown(desk, match[1], view.text(14), false) };
}

/** A card by its number, as batch details and field 2 give it. */
export function tokenOf(desk: Desk, pan: string): string {
  return cardToken(desk.tokenKey, utf8.encode(pan));
}

/** The payer's code of a QR payment: entry mode 03x with tag A3 in field 59. */
function scannedCode(request: Request): string | undefined {
  return request.view.text(22).startsWith('03') ? chainValue(request.view.text(59), 'A3') : undefined;
}

/** Value of a tag in field 59 (tag 2, length 3 digits, value), undefined when it is not there. */
export function chainValue(chain: string, tag: string): string | undefined {
  let at = 0;
  while (at + 5 <= chain.length) {
    const length = Number(chain.slice(at + 2, at + 5));
    if (!Number.isInteger(length)) return undefined;
    if (chain.slice(at, at + 2) === tag) return chain.slice(at + 5, at + 5 + length);
    at += 5 + length;
  }
  return undefined;
}

/** The account of a card, made when it is seen first. */
export function accountOf(desk: Desk, card: ShownCard): AccountRow {
  const known = desk.ledger.account(card.token);
  if (known !== undefined) return known;
  const fresh: AccountRow = {
    token: card.token,
    pan_masked: card.masked,
    organisation: card.organisation,
    balance: FIRST_BALANCE_MINOR,
    pinCheck: pinDigest(desk, card.token, utf8.encode(FIRST_PIN)),
    pinFailures: 0,
    pinDay: '',
  };
  desk.ledger.putAccount(fresh);
  return fresh;
}

/**
 * Checks field 52 when it is there. Empty when it is absent or right; `55` wrong, `38` wrong too often, `99` no PIN block
 * under the PIN key, or field 53 does not suit the keys. A right PIN clears the count.
 */
export function checkPin(
  desk: Desk,
  request: Request,
  terminal: TerminalRow,
  card: ShownCard,
  account: AccountRow,
): '' | '55' | '38' | '99' {
  const { view } = request;
  const today = yyyymmdd(desk.now);
  const failures = account.pinDay === today ? account.pinFailures : 0;
  if (!view.has(52)) return '';
  if (failures >= PIN_FAILURES_MAX) return '38';
  const control = view.text(53);
  const single = terminal.mode === '001';
  if ((control[0] !== '1' && control[0] !== '2') || control[1] !== (single ? '0' : '6')) return '99';
  const verdict = judgePin(
    desk.keys.unwrap(terminal.pik),
    view.bytes(52),
    control[0] === '2' ? card.pan : undefined,
    pin => pinDigest(desk, account.token, pin) === account.pinCheck,
  );
  if (verdict === 'unreadable') return '99';
  if (verdict === 'right') {
    if (account.pinFailures > 0) desk.ledger.putAccount({ ...account, pinFailures: 0, pinDay: today });
    return '';
  }
  desk.ledger.putAccount({ ...account, pinFailures: failures + 1, pinDay: today });
  return failures + 1 >= PIN_FAILURES_MAX ? '38' : '55';
}

/** True when the card's month is over. */
export function isExpired(desk: Desk, card: ShownCard): boolean {
  return card.expiry !== '' && card.expiry !== '0000' && card.expiry < yymm(desk.now);
}

function shown(desk: Desk, pan: string, expiry: string, code: boolean): ShownCard {
  const bytes = utf8.encode(pan);
  const isNumber = /^[0-9]{8,19}$/.test(pan);
  const organisationCode = code ? 'CUP' : organisationOf(pan);
  return {
    pan: bytes,
    token: cardToken(desk.tokenKey, bytes),
    masked: isNumber ? maskPan(pan) : '*'.repeat(pan.length),
    organisation: organisationCode === 'CUP' ? 'CUP' : 'foreign',
    organisationCode,
    expiry: expiry === '0000' ? '' : expiry,
    luhnValid: code || (isNumber && luhnValid(bytes)),
  };
}

function organisationOf(pan: string): string {
  if (/^(62|60|81|9)/.test(pan)) return 'CUP';
  if (pan.startsWith('4')) return 'VIS';
  if (/^3[47]/.test(pan)) return 'AMX';
  if (pan.startsWith('35')) return 'JCB';
  return /^3[068]/.test(pan) ? 'DCC' : 'MCC';
}

function decryptTrack(desk: Desk, terminal: TerminalRow, track: Uint8Array, length: number): void {
  const at = trackBlockAt(length);
  if (at < 0) return;
  const block = new Uint8Array(8);
  readTrackBlock(track, at, block);
  const clear = desk.keys.unwrap(terminal.tdk).decrypt(block);
  writeTrackBlock(clear, track, at);
  clear.fill(0);
}

function pinDigest(desk: Desk, token: string, pin: Uint8Array): string {
  assert(pin.length > 0, 'a PIN has digits');
  return createHmac('sha256', desk.tokenKey).update('pin').update(token).update(pin).digest('hex').slice(0, 16);
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
