import { createHash } from 'node:crypto';
import { fromHex, toHex } from '../wire/hex.ts';
import { lintMedia } from './emv-media.ts';
import type { Profile } from './schema.ts';

type Report = (pointer: string, name: string, cause: string, remedy: string) => void;

export type EmvTables = NonNullable<Profile['emv']>;
export type EmvApplication = EmvTables['applications'][number];
export type EmvPublicKey = EmvTables['publicKeys'][number];
export type EmvRevoked = NonNullable<EmvTables['revoked']>[number];

/** Fewest and most bytes of an AID. */
const AID_LENGTH = { min: 5, max: 16 } as const;
/** Bytes of a data object list in a record. */
const OBJECT_LIST_MAX = 20;
/** The version of a profile as the pad keeps it has four digits. */
export const TABLE_VERSION_MAX = 9999;
/** What is wrong with the EMV tables and the pictures of a profile; nothing when it has none. */
export function lintEmv(profile: Profile, report: Report): void {
  if (profile.emv !== undefined) {
    if (profile.version > TABLE_VERSION_MAX)
      report(
        '/version',
        'emv-version',
        `is above ${TABLE_VERSION_MAX}, and the pad keeps four digits of it`,
        'Give the tables another /emv/name and begin again with version 1',
      );
    lintApplications(profile.emv, report);
    lintPublicKeys(profile.emv, report);
    lintRevoked(profile.emv, report);
  }
  if (profile.media !== undefined) lintMedia(profile.media, report);
}

function lintApplications(emv: EmvTables, report: Report): void {
  const seen = new Map<string, number>();
  for (const [index, application] of emv.applications.entries()) {
    const at = `/emv/applications/${index}`;
    const aid = application.rid + application.pix;
    const first = seen.get(aid);
    if (first !== undefined)
      report(
        `${at}/pix`,
        'emv-aid-twice',
        `makes the AID ${aid}, which application ${first} has already`,
        'Take one of them out, or correct the AID',
      );
    else seen.set(aid, index);
    const length = aid.length / 2;
    if (length < AID_LENGTH.min || length > AID_LENGTH.max)
      report(
        `${at}/pix`,
        'emv-aid-length',
        `makes an AID of ${length} bytes; it has ${AID_LENGTH.min} to ${AID_LENGTH.max}`,
        'Correct the AID',
      );
    for (const member of ['transactionObjects', 'dynamicObjects'] as const) {
      const bytes = application[member].join('').length / 2;
      if (bytes > OBJECT_LIST_MAX)
        report(
          `${at}/${member}`,
          'emv-object-list',
          `has ${bytes} bytes, the record holds ${OBJECT_LIST_MAX}`,
          'Ask for fewer data objects',
        );
      for (const [number, item] of application[member].entries())
        if (!isTagAndLength(item))
          report(
            `${at}/${member}/${number}`,
            'emv-object-list',
            `${item} is no tag with a length`,
            'Write the tag and one byte of length, as in 9F3704',
          );
    }
    const { contactless } = application;
    if (contactless?.terminal !== undefined && contactless.actionCodes === undefined)
      report(
        `${at}/contactless/actionCodes`,
        'emv-contactless',
        'is missing, and the record with /contactless/terminal holds it',
        'Write the contactless action codes, or take terminal out',
      );
  }
}

function lintPublicKeys(emv: EmvTables, report: Report): void {
  const providers = new Set(emv.applications.map(application => application.rid));
  const seen = new Set<string>();
  for (const [index, key] of emv.publicKeys.entries()) {
    const at = `/emv/publicKeys/${index}`;
    if (!providers.has(key.rid))
      report(
        `${at}/rid`,
        'emv-key-provider',
        `${key.rid} is the RID of no application`,
        'Correct the RID, add an application of it, or take the key out',
      );
    if (seen.has(key.rid + key.index))
      report(
        `${at}/index`,
        'emv-key-twice',
        `${key.rid} has two keys ${key.index}`,
        'Keep the one whose SHA-1 the card organisation publishes',
      );
    seen.add(key.rid + key.index);
    const sum = publicKeySha1(key);
    if (sum !== key.sha1)
      report(
        `${at}/sha1`,
        'emv-key-sum',
        `is ${key.sha1}, but RID, index, modulus and exponent have ${sum}`,
        'Copy the key again; with one wrong digit every chip card of this key fails',
      );
    // A modulus that begins with a zero bit or is even is no product of two large primes of its length.
    const first = Number.parseInt(key.modulus.slice(0, 2), 16);
    const last = Number.parseInt(key.modulus.slice(-2), 16);
    if (first === 0 || last % 2 === 0)
      report(`${at}/modulus`, 'emv-key-modulus', 'is no RSA modulus', 'Copy the key again');
  }
}

function lintRevoked(emv: EmvTables, report: Report): void {
  const providers = new Set(emv.applications.map(application => application.rid));
  const seen = new Set<string>();
  for (const [index, entry] of (emv.revoked ?? []).entries()) {
    const at = `/emv/revoked/${index}`;
    const id = entry.rid + entry.index + entry.serial;
    if (!providers.has(entry.rid))
      report(`${at}/rid`, 'emv-revoked', `${entry.rid} is the RID of no application`, 'Correct the RID or take it out');
    if (seen.has(id)) report(at, 'emv-revoked', 'is there twice', 'Take one of them out');
    seen.add(id);
  }
}

/** SHA-1 over RID, index, modulus and exponent, 40 hex digits: how card organisations publish a key's sum. */
export function publicKeySha1(key: Omit<EmvPublicKey, 'sha1'>): string {
  const bytes = fromHex(key.rid + key.index + key.modulus + key.exponent);
  return bytes.ok ? toHex(createHash('sha1').update(bytes.value).digest()) : '';
}

/** A tag of one to three bytes by the rules of BER, and one byte of length. */
function isTagAndLength(item: string): boolean {
  const bytes = item.match(/../g)!.map(byte => Number.parseInt(byte, 16));
  let tag = 1;
  if ((bytes[0] & 0x1f) === 0x1f) while ((bytes[tag++] & 0x80) !== 0) if (tag >= bytes.length) return false;
  return tag === bytes.length - 1;
}
