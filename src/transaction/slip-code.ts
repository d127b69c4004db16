import { assert } from '../assert.ts';
import { SIGNATURE_LENGTH } from '../security/signature.ts';
import { AMOUNT_MINOR_MAX } from '../units.ts';

/**
 * The code on a slip: what a refund needs to know of its original, signed. 117 bytes as 190 characters.
 *
 * byte  0       version 1 in the high half, channel in the low half
 *       1–8     terminal number, ASCII
 *       9–13    batch × 10⁶ + voucher
 *      14–25    reference number, ASCII
 *      26–28    date YYMMDD of the acquirer
 *      29–33    amount in minor units
 *      34–35    last four digits of the card; FFFF without a card
 *      36–37    name of the key of the card token
 *      38–42    card token
 *      43–48    first bytes of the hash of the journal record that approved it
 *      49–52    short name of the signing key
 *      53–116   Ed25519 signature over the bytes before, behind {@link DOMAIN}
 *
 * All numbers are big-endian.
 */
export const SLIP_CHANNELS = ['card', 'wechat', 'alipay', 'unionpayQr'] as const;
export type SlipChannel = (typeof SLIP_CHANNELS)[number];

/** A card as the code names it: enough to know it again, not to find its number. */
export interface SlipCard {
  /** Four digits, as on the paper. */
  readonly lastFour: string;
  /** Which secret made the token, 4 hex digits: tokens of different secrets cannot be compared. */
  readonly key: string;
  /** 10 hex digits of a keyed hash of the card number. */
  readonly token: string;
}

export interface SlipCode {
  readonly channel: SlipChannel;
  /** Data element 41, 8 characters. */
  readonly terminal: string;
  readonly batch: number;
  readonly voucher: number;
  /** Data element 37, 12 characters. */
  readonly reference: string;
  /** YYMMDD of the acquirer. */
  readonly date: string;
  readonly amountMinor: number;
  readonly card?: SlipCard;
  /** First 12 hex digits of the journal's hash at the record that approved the sale. */
  readonly anchor: string;
  /** Short name of the signing key, 8 hex digits. */
  readonly signer: string;
}

/** A code as it was read: what it says, and what must be checked before anybody believes it. */
export interface ReadSlipCode {
  readonly code: SlipCode;
  /** The bytes that were signed. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

const VERSION = 1;
const BODY_LENGTH = 53;
const LENGTH = BODY_LENGTH + SIGNATURE_LENGTH;
const MARK = 'P8';
/**
 * Digits and the capital letters without I, O, Y and Z: a keyboard-wedge scanner types what a keyboard would, and these arrive
 * right with a caps lock on (letters of both sizes are read) and under a layout that swaps Y and Z.
 */
const ALPHABET = '0123456789ABCDEFGHJKLMNPQRSTUVWX';
const BITS = 5;
const TEXT_LENGTH = Math.ceil((LENGTH * 8) / BITS);
/** Characters of a code. */
export const SLIP_CODE_LENGTH = MARK.length + TEXT_LENGTH;
const NUMBER_BASE = 1_000_000;
const NO_CARD = 0xffff;
/** Signed in front of the body, so that no signature made for something else is ever a slip. */
const DOMAIN = Uint8Array.from('pos8583 slip code 1\0', c => c.charCodeAt(0));
/** Symbology names and line ends that scanners put around a code. */
const AROUND = /^\s*(?:\][A-Za-z][0-9A-Za-z])?|\s+$/g;

/** The bytes to sign for `code`. Members must have the forms that {@link SlipCode} names; anything else is a bug. */
export function slipCodeBytes(code: SlipCode): Uint8Array {
  const out = new Uint8Array(DOMAIN.length + BODY_LENGTH);
  out.set(DOMAIN);
  const body = out.subarray(DOMAIN.length);
  assert(/^[ -~]{8}$/.test(code.terminal), 'a terminal number has 8 characters');
  assert(/^[ -~]{12}$/.test(code.reference), 'a reference number has 12 characters');
  assert(isDate(code.date), 'a slip code has a date YYMMDD');
  assert(code.batch < NUMBER_BASE && code.voucher < NUMBER_BASE, 'batch and voucher have six digits');
  assert(code.amountMinor > 0 && code.amountMinor <= AMOUNT_MINOR_MAX, 'a slip code has an amount');
  body[0] = (VERSION << 4) | SLIP_CHANNELS.indexOf(code.channel);
  putText(body, 1, code.terminal);
  putNumber(body, 9, 5, code.batch * NUMBER_BASE + code.voucher);
  putText(body, 14, code.reference);
  putNumber(body, 26, 3, Number(code.date));
  putNumber(body, 29, 5, code.amountMinor);
  putNumber(body, 34, 2, code.card ? Number(code.card.lastFour) : NO_CARD);
  putHex(body, 36, 2, code.card?.key ?? '0000');
  putHex(body, 38, 5, code.card?.token ?? '0000000000');
  putHex(body, 43, 6, code.anchor);
  putHex(body, 49, 4, code.signer);
  return out;
}

/** The text of the code: `signed` from {@link slipCodeBytes} with its signature, {@link SLIP_CODE_LENGTH} characters. */
export function slipCodeText(signed: Uint8Array, signature: Uint8Array): string {
  assert(signed.length === DOMAIN.length + BODY_LENGTH && signature.length === SIGNATURE_LENGTH, 'a whole slip code');
  const bytes = new Uint8Array(LENGTH);
  bytes.set(signed.subarray(DOMAIN.length));
  bytes.set(signature, BODY_LENGTH);
  let text = MARK;
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= BITS; bits -= BITS) text += ALPHABET[(held >> (bits - BITS)) & 31];
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + ALPHABET[(held << (BITS - bits)) & 31];
}

/** Does a scanned text mean to be a slip code? A payment code or an order number does not. */
export function isSlipCodeText(text: string): boolean {
  const bare = bareText(text);
  return bare.startsWith(MARK) && bare.length > SLIP_CODE_LENGTH / 2;
}

/**
 * Reads a scanned text. Undefined when it is no whole slip code: another length, a character outside the alphabet, a
 * member that no terminal writes. It proves nothing yet: the signature must be checked with the key of `code.signer`.
 */
export function readSlipCode(text: string): ReadSlipCode | undefined {
  const bare = bareText(text);
  if (bare.length !== SLIP_CODE_LENGTH || !bare.startsWith(MARK)) return undefined;
  const bytes = new Uint8Array(LENGTH);
  let at = 0;
  let held = 0;
  let bits = 0;
  for (let i = MARK.length; i < bare.length; i++) {
    const value = ALPHABET.indexOf(bare[i]);
    if (value < 0) return undefined;
    held = (held << BITS) | value;
    bits += BITS;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = held >> bits;
    held &= (1 << bits) - 1;
  }
  // Bits that carry nothing are zero, so that one slip has one text.
  if (held !== 0) return undefined;
  const code = codeOf(bytes);
  if (!code) return undefined;
  const signed = new Uint8Array(DOMAIN.length + BODY_LENGTH);
  signed.set(DOMAIN);
  signed.set(bytes.subarray(0, BODY_LENGTH), DOMAIN.length);
  return { code, signed, signature: bytes.slice(BODY_LENGTH) };
}

function codeOf(bytes: Uint8Array): SlipCode | undefined {
  const channel = SLIP_CHANNELS[bytes[0] & 15];
  const terminal = textAt(bytes, 1, 8);
  const reference = textAt(bytes, 14, 12);
  const numbers = numberAt(bytes, 9, 5);
  const date = String(numberAt(bytes, 26, 3)).padStart(6, '0');
  const amountMinor = numberAt(bytes, 29, 5);
  const lastFour = numberAt(bytes, 34, 2);
  const batch = Math.floor(numbers / NUMBER_BASE);
  const right =
    bytes[0] >> 4 === VERSION &&
    channel !== undefined &&
    /^[ -~]{20}$/.test(terminal + reference) &&
    batch < NUMBER_BASE &&
    isDate(date) &&
    amountMinor > 0 &&
    amountMinor <= AMOUNT_MINOR_MAX &&
    (lastFour <= 9999 || lastFour === NO_CARD);
  if (!right) return undefined;
  return {
    channel,
    terminal,
    batch,
    voucher: numbers % NUMBER_BASE,
    reference,
    date,
    amountMinor,
    ...(lastFour === NO_CARD
      ? {}
      : {
          card: {
            lastFour: String(lastFour).padStart(4, '0'),
            key: hexAt(bytes, 36, 2),
            token: hexAt(bytes, 38, 5),
          },
        }),
    anchor: hexAt(bytes, 43, 6),
    signer: hexAt(bytes, 49, 4),
  };
}

const bareText = (text: string): string => text.replaceAll(AROUND, '').toUpperCase();

function isDate(text: string): boolean {
  return /^\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$/.test(text);
}

function putText(out: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) out[at + i] = text.charCodeAt(i);
}

function putNumber(out: Uint8Array, at: number, length: number, value: number): void {
  assert(Number.isSafeInteger(value) && value >= 0 && value < 256 ** length, 'a number of a slip code fits its place');
  for (let i = length - 1, left = value; i >= 0; i--, left = Math.floor(left / 256)) out[at + i] = left % 256;
}

function putHex(out: Uint8Array, at: number, length: number, hex: string): void {
  assert(hex.length === 2 * length && /^[0-9a-f]+$/.test(hex), 'hex of a slip code fits its place');
  for (let i = 0; i < length; i++) out[at + i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
}

function textAt(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

function numberAt(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = 0; i < length; i++) value = value * 256 + bytes[at + i];
  return value;
}

function hexAt(bytes: Uint8Array, at: number, length: number): string {
  let hex = '';
  for (let i = 0; i < length; i++) hex += bytes[at + i].toString(16).padStart(2, '0');
  return hex;
}
