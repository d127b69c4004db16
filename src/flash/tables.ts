import { assert } from '../assert.ts';
import type { EmvApplication, EmvPublicKey, EmvRevoked } from '../profile/emv.ts';
import type { Profile } from '../profile/schema.ts';
import { digits } from '../units.ts';

/** Lengths of the records in characters, the three of the length included. */
export const RecordLength = {
  /** An application for the contact chip. */
  contact: 284,
  /** And contactless action codes. */
  contactless: 314,
  /** And what a terminal can do contactless. */
  contactlessTerminal: 340,
  publicKey: 611,
  revoked: 26,
} as const;

const AID_DIGITS = 32;
const LABEL_LENGTH = 16;
const OBJECT_LIST_DIGITS = 40;
const MODULUS_DIGITS = 496;
const EXPONENT_DIGITS = 6;
/** Response codes that the terminal gives a decision of its own: approved and declined, offline and unable to go online. */
const OFFLINE_CODES = 'Y1Z1Y3Z3';
/** Minor units of the currencies of this runtime. */
const CURRENCY_EXPONENT = '2';

/** EMV tables as a terminal takes them. */
export interface EmvTableLoad {
  /** Ten characters: six of the tables' name and four digits of the profile's version. */
  readonly version: string;
  /** ASCII records: keys, revoked certificates, then applications. */
  readonly records: readonly Uint8Array[];
}

/**
 * The EMV tables of a checked profile in the record format of ABECS 2.20; undefined when it has none. A record is
 * `length N3 | kind N1 (1 application, 2 key, 3 revoked certificate) | acquirer N2 | number A2 | body`, all ASCII; numbers
 * count from 01 within each kind.
 */
export function emvTables(profile: Profile): EmvTableLoad | undefined {
  const { emv } = profile;
  if (emv === undefined) return undefined;
  const records = [
    ...emv.publicKeys.map((key, index) => publicKey(emv.acquirer, index, key)),
    ...(emv.revoked ?? []).map((entry, index) => revoked(emv.acquirer, index, entry)),
    ...emv.applications.map((application, index) => applicationRecord(profile, index, application)),
  ];
  return {
    version: emv.name + digits(profile.version, 4),
    records: records.map(text => Uint8Array.from(text, character => character.charCodeAt(0))),
  };
}

/**
 * `AID length N2 | AID H32 | type N2 | label S16 | 03 | versions H4 ×3 | country N3 | currency N3 | exponent N1 | merchant
 * A15 | category N4 | terminal A8 | capabilities H6 | additional H10 | terminal type N2 | TAC default, denial, online H10
 * ×3 | floor H8 | transaction category A1 | contactless: zero amount N1, mode N1, limit H8, floor H8, CVM H8, version H4 |
 * 0 | TDOL H40 | DDOL H40 | Y1Z1Y3Z3`, and where it is contactless TAC H10 ×3, and then capabilities H6, phone verifies N1,
 * additional H10, phone limit H8, issuer scripts N1.
 */
function applicationRecord(profile: Profile, index: number, application: EmvApplication): string {
  const { emv, merchant, acquirer } = profile;
  assert(emv !== undefined, 'an application record needs EMV tables');
  const aid = application.rid + application.pix;
  const { versions, contactless } = application;
  const tap = contactless ?? {
    mode: '0',
    zeroAmount: false,
    transactionLimitMinor: 0,
    floorLimitMinor: 0,
    cvmLimitMinor: 0,
    version: '0000',
  };
  let body =
    digits(aid.length / 2, 2) +
    aid.padEnd(AID_DIGITS, '0') +
    application.type +
    application.label.padEnd(LABEL_LENGTH) +
    '03' +
    versions[0] +
    (versions[1] ?? versions[versions.length - 1]) +
    (versions[2] ?? versions[versions.length - 1]) +
    emv.country +
    acquirer.currency +
    CURRENCY_EXPONENT +
    merchant.merchantNo +
    emv.categoryCode +
    merchant.terminalNo +
    application.terminalCapabilities +
    application.additionalCapabilities +
    application.terminalType +
    actionCodes(application.actionCodes) +
    hex8(application.floorLimitMinor) +
    application.transactionCategory +
    flag(tap.zeroAmount) +
    tap.mode +
    hex8(tap.transactionLimitMinor) +
    hex8(tap.floorLimitMinor) +
    hex8(tap.cvmLimitMinor) +
    tap.version +
    '0' +
    application.transactionObjects.join('').padEnd(OBJECT_LIST_DIGITS, '0') +
    application.dynamicObjects.join('').padEnd(OBJECT_LIST_DIGITS, '0') +
    OFFLINE_CODES;
  let length: number = RecordLength.contact;
  if (contactless?.actionCodes !== undefined) {
    body += actionCodes(contactless.actionCodes);
    length = RecordLength.contactless;
    const { terminal } = contactless;
    if (terminal !== undefined) {
      body +=
        terminal.capabilities +
        flag(terminal.phoneVerifies) +
        terminal.additionalCapabilities +
        hex8(terminal.phoneLimitMinor) +
        flag(terminal.issuerScripts);
      length = RecordLength.contactlessTerminal;
    }
  }
  return record(length, '1', emv.acquirer, index, body);
}

/** `RID H10 | index H2 | 00 | exponent length N1 | exponent H6 | modulus length N3 | modulus H496 | 1 | SHA-1 H40 | 42 zeros`. */
function publicKey(acquirer: number, index: number, key: EmvPublicKey): string {
  const body =
    key.rid +
    key.index +
    '00' +
    digits(key.exponent.length / 2, 1) +
    key.exponent.padEnd(EXPONENT_DIGITS, '0') +
    digits(key.modulus.length / 2, 3) +
    key.modulus.padEnd(MODULUS_DIGITS, '0') +
    '1' +
    key.sha1 +
    '0'.repeat(42);
  return record(RecordLength.publicKey, '2', acquirer, index, body);
}

/** `RID H10 | index H2 | serial number H6`. */
function revoked(acquirer: number, index: number, entry: EmvRevoked): string {
  return record(RecordLength.revoked, '3', acquirer, index, entry.rid + entry.index + entry.serial);
}

function record(length: number, kind: string, acquirer: number, index: number, body: string): string {
  const text = digits(length, 3) + kind + digits(acquirer, 2) + digits(index + 1, 2) + body;
  assert(text.length === length, `EMV table record of ${text.length} characters instead of ${length}`);
  return text;
}

const flag = (value: boolean): string => (value ? '1' : '0');
const hex8 = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');
const actionCodes = (codes: EmvApplication['actionCodes']): string => codes.default + codes.denial + codes.online;
