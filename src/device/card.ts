import { ownedBytes } from '../card/owned.ts';
import { failed, ok, type Result } from '../fault.ts';
import { ENCRYPT_LENGTH_MAX } from '../limits.ts';
import { AMOUNT_MINOR_MAX, digits } from '../units.ts';
import { malformed, type AnswerReader, type Command, type CommandWriter } from './fields.ts';
import { Pp, Spe } from './ids.ts';
import { incomplete } from './panel.ts';
import { hexValue, toHex } from '../wire/hex.ts';
import { TlvCursor } from '../wire/tlv.ts';
import { argumentFault, encodeMessage, encodeText, type Charset } from './text.ts';

/**
 * Card, PIN and data commands of ABECS: writing them from plain arguments and reading their answers into owned bytes.
 * Clear card data stays bytes from the line to the caller, who wipes them.
 */

/** A working key under the terminal's master key `keyIndex`. */
export interface WorkingKey {
  /** Master-key slot 0–99. */
  readonly keyIndex: number;
  /** 16 bytes: the working key, TDES-ECB under the master key. Absent for DUKPT. */
  readonly wrappedKey?: Uint8Array;
}

export interface ChipRequest {
  readonly amountMinor?: number;
  /** YYMMDD */
  readonly date: string;
  /** HHMMSS */
  readonly time: string;
  /** EMV tag 9C: 00 sale, 01 cash, 20 refund, 30 balance. Default 00. */
  readonly transactionType?: number;
  /** EMV tags wanted, as they stand in a TLV (`9F26` is two bytes), at most 128 bytes. */
  readonly tagList?: Uint8Array;
  /** Contactless reader on. */
  readonly contactless?: boolean;
  /** Seconds without activity, 0–255. */
  readonly timeoutSeconds?: number;
  /** On a panel terminal it takes lines 2 and 3; absent leaves the screen. */
  readonly message?: string;
  /** Restricts the search to an acquirer's tables, 0–99. */
  readonly acquirer?: number;
  /** ISO 4217 number, e.g. `156`. */
  readonly currency?: string;
}

export type CardType = 'magnetic' | 'chip' | 'contactlessStripe' | 'contactlessChip';

/** What GCX found. The byte members are owned by the caller. */
export interface ChipInfo {
  readonly cardType: CardType;
  /** 0 = right; 1 = the last chip read failed, so a stripe is a fallback (UnionPay 60.5 = 2). */
  readonly iccStatus: number;
  /** ASCII digits; undefined when the terminal gives only encrypted data. */
  readonly pan: Uint8Array | undefined;
  /** EMV 5F34, two digits. */
  readonly panSequence: string | undefined;
  /** YYMMDD */
  readonly expiry: string | undefined;
  readonly cardholder: Uint8Array | undefined;
  /** Name of the application as the card gives it. */
  readonly label: string | undefined;
  /** Application identifier, upper-case hex, when tag 4F or 84 was asked for. */
  readonly aid: string | undefined;
  /** Acquirer 0–99 of the table record that the card was started with (PP_AIDTABINFO); GOX wants the same one. */
  readonly acquirer: number | undefined;
  /** BER-TLV in the order of the tag list; absent tags are left out. */
  readonly emvData: Uint8Array | undefined;
  /** Masked account number, expiry and service code of track 2, ASCII. */
  readonly maskedTrack2: Uint8Array | undefined;
}

export interface GoRequest extends WorkingKey {
  /** Acquirer whose tables hold, 0–99. */
  readonly acquirer: number;
  /** ABECS method digit: 1 = master/working key TDES, 3 = DUKPT TDES. Absent: no PIN is asked for. */
  readonly pinMethod?: number;
  readonly amountMinor?: number;
  readonly tagList?: Uint8Array;
  readonly message?: string;
  /** Seconds without activity; the terminal's own default is 60. */
  readonly timeoutSeconds?: number;
  /** 10 bytes: floor limit, target percent, threshold, maximum percent. */
  readonly riskParameters?: Uint8Array;
}

/** The card's decision. The byte members are owned by the caller. */
export interface GoResult {
  readonly decision: 'approved' | 'declined' | 'online';
  readonly signature: boolean;
  readonly pin: 'none' | 'offline' | 'online';
  /** 8 bytes, only with `pin: 'online'`. */
  readonly pinBlock: Uint8Array | undefined;
  readonly ksn: Uint8Array | undefined;
  readonly emvData: Uint8Array | undefined;
}

export interface FinishRequest {
  readonly outcome: 'approved' | 'declined' | 'noHost';
  /** Two characters of data element 39 (`00`, `51`, `Z3` …). */
  readonly responseCode: string;
  /** Tags 91, 71, 72 of the issuer, at most 512 bytes. */
  readonly issuerData?: Uint8Array;
  readonly tagList?: Uint8Array;
}

export interface FinishResult {
  readonly approved: boolean;
  readonly emvData: Uint8Array | undefined;
  /** Results of issuer scripts (UnionPay tag DF31). */
  readonly issuerResults: Uint8Array | undefined;
}

export interface PinRequest extends WorkingKey {
  /** ASCII digits, 1–19. Absent: PIN block without an account number (16 zeros). */
  readonly pan?: Uint8Array;
  /** Takes the account number from the card read last instead. */
  readonly panFromCard?: boolean;
  /** ABECS method digit: 1 = master/working key TDES (default), 3 = DUKPT TDES. */
  readonly method?: number;
  /** Fewest digits; 0 lets the holder press ENTER alone (panel extension). */
  readonly min: number;
  readonly max: number;
  readonly message?: string;
}

/** `entered: false`: ENTER without digits (STAT 130). */
export type PinResult =
  { readonly entered: true; readonly pinBlock: Uint8Array; readonly ksn: Uint8Array } | { readonly entered: false };

export interface EncryptRequest extends WorkingKey {
  readonly method: 'ecb' | 'cbc';
  /** A multiple of 8 bytes, at most 256. */
  readonly data: Uint8Array;
  /** 8 bytes for `cbc`; zeros when absent. */
  readonly iv?: Uint8Array;
}

/** Tracks as the terminal gives them, without sentinels; undefined = not on the card or not readable. */
export interface Tracks {
  readonly track1: Uint8Array | undefined;
  /** Nibbles, separator D, padded with F. Encrypted when encryption was asked for. */
  readonly track2: Uint8Array | undefined;
  readonly track3: Uint8Array | undefined;
}

const CARD_TYPES: Readonly<Record<string, CardType>> = {
  '00': 'magnetic',
  '03': 'chip',
  '05': 'contactlessStripe',
  '06': 'contactlessChip',
};
const DECISIONS = ['approved', 'declined', 'online'] as const;
const PINS = ['none', 'offline', 'online'] as const;
const FINISH_DIGIT = { approved: '0000', declined: '1000', noHost: '2000' } as const;
const ZERO_PAN = new Uint8Array(16).fill(0x30);
const ZERO_KEY = new Uint8Array(16);
const TAG_LIST_MAX = 128;

/** GCX: takes a card and starts its application. */
export function writeChip(writer: CommandWriter, r: ChipRequest, charset: Charset): Result<Command> {
  const amount = amountText(r.amountMinor);
  if (amount === undefined) return badAmount('GCX');
  if (!/^\d{6}$/.test(r.date) || !/^\d{6}$/.test(r.time)) {
    return failed(argumentFault('GCX: date is YYMMDD and time HHMMSS', 'Pass six digits each'));
  }
  const bad = timeoutFault('GCX', r.timeoutSeconds) ?? tagsFault('GCX', r.tagList);
  if (bad !== undefined) return failed(bad);
  const message = optionalText(r.message, charset);
  if (!message.ok) return message;
  writer.begin('GCX').text(Spe.date, r.date).text(Spe.time, r.time);
  writer.number(Spe.transactionType, r.transactionType ?? 0, 1);
  if (amount !== '') writer.text(Spe.amount, amount);
  writer.text(Spe.chipOptions, r.contactless === true ? '10000' : '00000');
  if (r.currency !== undefined) writer.text(Spe.currency, r.currency);
  if (r.acquirer !== undefined) writer.text(Spe.acquirer, digits(r.acquirer, 2));
  if (r.tagList !== undefined) writer.value(Spe.tagList, r.tagList);
  if (r.timeoutSeconds !== undefined) writer.number(Spe.timeout, r.timeoutSeconds, 1);
  if (message.value.length > 0) writer.value(Spe.message, message.value);
  return ok(writer.finish());
}

/** Answer of GCX. */
export function readChip(answer: AnswerReader): Result<ChipInfo> {
  const cardType = CARD_TYPES[answer.text(Pp.cardType)];
  if (cardType === undefined) return failed(incomplete('GCX', 'known PP_CARDTYPE (804F)'));
  const emvData = answer.copy(Pp.emvData);
  return ok({
    cardType,
    iccStatus: Number(answer.text(Pp.iccStatus) || '0'),
    pan: answer.copy(Pp.pan),
    panSequence: optional(answer.text(Pp.panSequence)),
    expiry: optional(answer.text(Pp.expiry)),
    cardholder: answer.copy(Pp.cardholder),
    label: optional(answer.text(Pp.label).trimEnd()),
    aid: aidOf(emvData),
    acquirer: acquirerOf(answer.text(Pp.aidTableInfo)),
    emvData,
    maskedTrack2: answer.copy(Pp.track2Masked),
  });
}

/** PP_AIDTABINFO: six digits a record, acquirer first; the card was started with the first one. */
function acquirerOf(tableInfo: string): number | undefined {
  return /^\d{6}/.test(tableInfo) ? Number(tableInfo.slice(0, 2)) : undefined;
}

/** GOX: card risk management, PIN, first cryptogram. */
export function writeGo(writer: CommandWriter, r: GoRequest, charset: Charset): Result<Command> {
  const amount = amountText(r.amountMinor);
  if (amount === undefined) return badAmount('GOX');
  const bad = timeoutFault('GOX', r.timeoutSeconds) ?? tagsFault('GOX', r.tagList) ?? keyFault('GOX', r);
  if (bad !== undefined) return failed(bad);
  const message = optionalText(r.message, charset);
  if (!message.ok) return message;
  writer.begin('GOX').text(Spe.acquirer, digits(r.acquirer, 2));
  if (r.pinMethod !== undefined) {
    writer.text(Spe.pinMethod, digits(r.pinMethod, 1)).text(Spe.keyIndex, digits(r.keyIndex, 2));
    if (r.wrappedKey !== undefined) writer.value(Spe.wrappedKey, r.wrappedKey);
  }
  if (amount !== '') writer.text(Spe.amount, amount);
  if (r.riskParameters !== undefined) writer.value(Spe.riskParameters, r.riskParameters);
  if (r.tagList !== undefined) writer.value(Spe.tagList, r.tagList);
  if (message.value.length > 0) writer.value(Spe.message, message.value);
  if (r.timeoutSeconds !== undefined) writer.number(Spe.timeout, r.timeoutSeconds, 1);
  return ok(writer.finish());
}

/** Answer of GOX. */
export function readGo(answer: AnswerReader): Result<GoResult> {
  const result = answer.text(Pp.goResult);
  const decision = DECISIONS[Number(result[0])];
  const pin = PINS[Number(result[2])];
  if (decision === undefined || pin === undefined)
    return failed(malformed('GOX', 'PP_GOXRES (8056) is absent or unknown'));
  const pinBlock = answer.copy(Pp.pinBlock);
  if (pin === 'online' && pinBlock?.length !== 8) return failed(incomplete('GOX', 'PP_PINBLK (8057) of 8 bytes'));
  const emvData = answer.copy(Pp.emvData);
  return ok({ decision, signature: result[1] === '1', pin, pinBlock, ksn: answer.copy(Pp.ksn), emvData });
}

/** FCX: the issuer's answer to the card. */
export function writeFinish(writer: CommandWriter, r: FinishRequest): Result<Command> {
  if (!/^[0-9A-Z]{2}$/.test(r.responseCode)) {
    return failed(argumentFault('FCX: response code is two characters 0–9, A–Z', 'Pass data element 39'));
  }
  const bad = tagsFault('FCX', r.tagList);
  if (bad !== undefined) return failed(bad);
  if (r.issuerData !== undefined && r.issuerData.length > 512) {
    return failed(
      argumentFault(`FCX: ${r.issuerData.length} bytes of issuer data, at most 512`, 'Pass tags 91, 71, 72 only'),
    );
  }
  writer.begin('FCX').text(Spe.finishOptions, FINISH_DIGIT[r.outcome]).text(Spe.responseCode, r.responseCode);
  if (r.issuerData !== undefined && r.issuerData.length > 0) writer.value(Spe.emvData, r.issuerData);
  if (r.tagList !== undefined) writer.value(Spe.tagList, r.tagList);
  return ok(writer.finish());
}

/** Answer of FCX. */
export function readFinish(answer: AnswerReader): Result<FinishResult> {
  const result = answer.text(Pp.finishResult);
  if (result[0] !== '0' && result[0] !== '1') return failed(malformed('FCX', 'PP_FCXRES (8058) is absent or unknown'));
  return ok({
    approved: result[0] === '0',
    emvData: answer.copy(Pp.emvData),
    issuerResults: answer.copy(Pp.issuerResults),
  });
}

/**
 * GPN: `093 | method(1) | key index(2) | working key H32 | PAN length(2) | PAN A19 | 1 | min(2) | max(2) | message S32`.
 */
export function writePin(writer: CommandWriter, r: PinRequest, charset: Charset): Result<Command> {
  const bad = keyFault('GPN', r);
  if (bad !== undefined) return failed(bad);
  const pan = r.pan ?? ZERO_PAN;
  if (pan.length < 1 || pan.length > 19 || pan.some(byte => byte < 0x30 || byte > 0x39)) {
    return failed(
      argumentFault('GPN: the account number is 1 to 19 ASCII digits', 'Pass the digits without separators'),
    );
  }
  if (!(r.min === 0 || r.min >= 4) || r.max > 12 || r.max < Math.max(4, r.min)) {
    return failed(
      argumentFault(`GPN: PIN length ${r.min}–${r.max}, allowed 0 or 4–12`, 'Correct the PIN limits in the profile'),
    );
  }
  const message = encodeMessage(r.message, charset);
  if (!message.ok) return message;
  writer
    .begin('GPN')
    .open()
    .ascii(digits(r.method ?? 1, 1))
    .ascii(digits(r.keyIndex, 2));
  writer.ascii(toHex(r.wrappedKey ?? ZERO_KEY));
  if (r.panFromCard === true) {
    writer.ascii('00').ascii(' '.repeat(19));
  } else {
    writer
      .ascii(digits(pan.length, 2))
      .raw(pan)
      .ascii(' '.repeat(19 - pan.length));
  }
  writer.ascii('1').ascii(digits(r.min, 2)).ascii(digits(r.max, 2)).raw(message.value);
  return ok(writer.finish());
}

/** Answer of GPN: `036 | PIN block H16 | KSN H20`. */
export function readPin(answer: AnswerReader): Result<PinResult> {
  if (!answer.block(0) || answer.size !== 36) return failed(malformed('GPN', 'block is not 36 characters'));
  const pinBlock = hexBytes(answer, answer.at, 8);
  const ksn = hexBytes(answer, answer.at + 16, 10);
  if (pinBlock === undefined || ksn === undefined)
    return failed(malformed('GPN', 'PIN block or KSN is not hexadecimal'));
  return ok({ entered: true, pinBlock, ksn });
}

/** EBX: method 10 = TDES-ECB, 11 = TDES-CBC under the working key. */
export function writeEncrypt(writer: CommandWriter, r: EncryptRequest): Result<Command> {
  const size = r.data.length;
  if (size === 0 || size % 8 !== 0 || size > ENCRYPT_LENGTH_MAX) {
    const cause = `EBX: ${size} bytes; allowed are multiples of 8 up to ${ENCRYPT_LENGTH_MAX}`;
    return failed(argumentFault(cause, 'Pad or split the data'));
  }
  const bad = keyFault('EBX', r);
  if (bad !== undefined) return failed(bad);
  if (r.iv !== undefined && r.iv.length !== 8)
    return failed(argumentFault('EBX: IV is 8 bytes', 'Pass 8 bytes or none'));
  writer
    .begin('EBX')
    .text(Spe.dataMethod, r.method === 'ecb' ? '10' : '11')
    .text(Spe.keyIndex, digits(r.keyIndex, 2));
  if (r.wrappedKey !== undefined) writer.value(Spe.wrappedKey, r.wrappedKey);
  writer.value(Spe.dataIn, r.data);
  if (r.method === 'cbc' && r.iv !== undefined) writer.value(Spe.iv, r.iv);
  return ok(writer.finish());
}

/** Answer of EBX: as many bytes as went in. */
export function readEncrypt(answer: AnswerReader, size: number): Result<Uint8Array> {
  const out = answer.copy(Pp.dataOut);
  if (out === undefined || out.length !== size) return failed(incomplete('EBX', `PP_DATAOUT (804E) of ${size} bytes`));
  return ok(out);
}

/** GTK: tracks 1, 2 and 3 of the last swipe; once per read. */
export function writeTracks(writer: CommandWriter, encryption?: WorkingKey): Result<Command> {
  writer.begin('GTK').text(Spe.tracks, '1110');
  if (encryption !== undefined) {
    const bad = keyFault('GTK', encryption);
    if (bad !== undefined) return failed(bad);
    writer.text(Spe.dataMethod, '10').text(Spe.keyIndex, digits(encryption.keyIndex, 2));
    if (encryption.wrappedKey !== undefined) writer.value(Spe.wrappedKey, encryption.wrappedKey);
  }
  return ok(writer.finish());
}

/** Answer of GTK. */
export function readTracks(answer: AnswerReader): Result<Tracks> {
  return ok({ track1: answer.copy(Pp.track1), track2: answer.copy(Pp.track2), track3: answer.copy(Pp.track3) });
}

function amountText(amountMinor: number | undefined): string | undefined {
  if (amountMinor === undefined) return '';
  const good = Number.isSafeInteger(amountMinor) && amountMinor >= 0 && amountMinor <= AMOUNT_MINOR_MAX;
  return good ? digits(amountMinor, 12) : undefined;
}

function badAmount(command: string): Result<never> {
  return failed(
    argumentFault(`${command}: amount is not a whole number of minor units within 12 digits`, 'Correct the amount'),
  );
}

function timeoutFault(command: string, seconds: number | undefined) {
  if (seconds === undefined || (Number.isInteger(seconds) && seconds >= 0 && seconds <= 255)) return undefined;
  return argumentFault(`${command}: time-out ${seconds} s, allowed 0–255`, 'Correct the time-out in the profile');
}

function tagsFault(command: string, tags: Uint8Array | undefined) {
  if (tags === undefined || tags.length <= TAG_LIST_MAX) return undefined;
  return argumentFault(`${command}: tag list of ${tags.length} bytes, at most ${TAG_LIST_MAX}`, 'Ask for fewer tags');
}

function keyFault(command: string, key: WorkingKey) {
  if (!Number.isInteger(key.keyIndex) || key.keyIndex < 0 || key.keyIndex > 99) {
    return argumentFault(
      `${command}: key index ${key.keyIndex}, allowed 0–99`,
      'Correct masterKeyIndex in the profile',
    );
  }
  if (key.wrappedKey === undefined || key.wrappedKey.length === 16) return undefined;
  return argumentFault(
    `${command}: working key of ${key.wrappedKey.length} bytes; this line carries 16`,
    'Single-length keys are passed twice; 24-byte and SM4 keys need another terminal line',
  );
}

function optionalText(text: string | undefined, charset: Charset): Result<Uint8Array> {
  const encoded = encodeText(text ?? '', charset);
  if (!encoded.ok || encoded.value.length <= 128) return encoded;
  return failed(argumentFault(`message of ${encoded.value.length} bytes, at most 128`, 'Shorten the message'));
}

const optional = (text: string): string | undefined => (text === '' ? undefined : text);

/** Hex characters of the answer as bytes, never as a string: a PIN block passes through here. */
function hexBytes(answer: AnswerReader, at: number, length: number): Uint8Array | undefined {
  const out = ownedBytes(length);
  for (let i = 0; i < length; i++) {
    const high = hexValue(answer.byte(at + 2 * i));
    const low = hexValue(answer.byte(at + 2 * i + 1));
    if (high < 0 || low < 0) return undefined;
    out[i] = (high << 4) | low;
  }
  return out;
}

/** Value of tag 4F or 84 at the top level of EMV data. */
function aidOf(emvData: Uint8Array | undefined): string | undefined {
  if (emvData === undefined) return undefined;
  const cursor = new TlvCursor();
  for (const tag of [0x84, 0x4f]) {
    if (!cursor.find(emvData, 0, emvData.length, tag)) continue;
    return toHex(emvData, cursor.valueOffset, cursor.valueOffset + cursor.length);
  }
  return undefined;
}

/** Text of MNU's answer: the number of the chosen line, from 1. */
export function menuChoice(answer: AnswerReader): Result<number> {
  if (!answer.find(Pp.value) || answer.size !== 2) return failed(incomplete('MNU', 'PP_VALUE (804D) of two digits'));
  const text = answer.text(Pp.value);
  return /^\d\d$/.test(text) ? ok(Number(text)) : failed(malformed('MNU', 'PP_VALUE is not two digits'));
}
