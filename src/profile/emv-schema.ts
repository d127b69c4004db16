import { z } from 'zod';
import { PICTURE_LENGTH_MAX } from './emv-media.ts';

/** EMV tables and pictures of a PIN pad. Key material of people has no place here: a CA public key is public. */

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9A-F]{${2 * bytes}}$`), `${2 * bytes} hex digits`);
const digits = (count: number) => z.string().regex(new RegExp(`^\\d{${count}}$`), `${count} digits`);
const amountMinor = z.int().min(0).max(0xffff_ffff);
const rid = z
  .string()
  .regex(/^[0-9A-F]{10}$/, '10 hex digits')
  .describe('Registered application provider: the first five bytes of an AID');
const objectList = z
  .array(z.string().regex(/^(?:[0-9A-F]{2}){2,4}$/, 'a tag and its length, as in 9F3704'))
  .max(10)
  .describe('Data object list: each item a tag of one to three bytes and the length');
const actionCodes = z
  .strictObject({ default: hex(5), denial: hex(5), online: hex(5) })
  .describe('Terminal action codes');

const contactless = z
  .strictObject({
    mode: z
      .string()
      .regex(/^[1-9]$/)
      .describe('Kind of contactless application, as the makers of pads number them'),
    zeroAmount: z.boolean().describe('A transaction over nothing is allowed'),
    transactionLimitMinor: amountMinor.describe('From here on no contactless'),
    floorLimitMinor: amountMinor.describe('Above it the issuer is asked'),
    cvmLimitMinor: amountMinor.describe('From here on the holder shows who he is'),
    version: hex(2),
    actionCodes: actionCodes.optional(),
    terminal: z
      .strictObject({
        capabilities: hex(3),
        additionalCapabilities: hex(5),
        phoneVerifies: z.boolean().describe('The phone may verify its holder'),
        phoneLimitMinor: amountMinor,
        issuerScripts: z.boolean(),
      })
      .optional()
      .describe('Only with actionCodes; for pads that know the longest record'),
  })
  .describe('Absent: the application is for the contact chip alone');

const application = z.strictObject({
  rid,
  pix: z
    .string()
    .regex(/^(?:[0-9A-F]{2}){0,11}$/, '0 to 11 bytes in hex')
    .describe('The rest of the AID'),
  type: digits(2).describe('Kind of application for the host: 01 credit, 02 debit'),
  label: z.string().regex(/^[\x20-\x7e]{1,16}$/, '1 to 16 ASCII characters'),
  versions: z.array(hex(2)).min(1).max(3).describe('Application versions; the last one fills the rest of three'),
  terminalCapabilities: hex(3),
  additionalCapabilities: hex(5),
  terminalType: digits(2),
  actionCodes,
  floorLimitMinor: amountMinor,
  transactionCategory: z.string().regex(/^[\x20-\x7e]$/, 'one ASCII character'),
  transactionObjects: objectList.describe('Default TDOL'),
  dynamicObjects: objectList.describe('Default DDOL'),
  contactless: contactless.optional(),
});

const publicKey = z
  .strictObject({
    rid,
    index: hex(1),
    exponent: z.enum(['03', '010001']),
    modulus: z.string().regex(/^(?:[0-9A-F]{2}){64,248}$/, '64 to 248 bytes in hex'),
    sha1: hex(20).describe('SHA-1 over RID, index, modulus and exponent, as the card organisation publishes it'),
  })
  .describe('Public key of a certification authority');

const revoked = z.strictObject({ rid, index: hex(1), serial: hex(3).describe('Serial number of the certificate') });

export const emv = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Z0-9]{6}$/, 'six characters A-Z 0-9')
      .describe('First part of the version that the pad keeps; the version of the profile is the second'),
    acquirer: z.int().min(1).max(99).describe('Number of the acquirer in the records'),
    country: digits(3),
    categoryCode: digits(4).describe('Merchant category code'),
    applications: z.array(application).min(1).max(99),
    publicKeys: z.array(publicKey).max(99),
    revoked: z.array(revoked).max(99).optional(),
  })
  .describe('EMV tables for terminals that take them by TLI, TLR, TLE');

/** Characters of the longest picture in base64. */
const PICTURE_TEXT_MAX = Math.ceil(PICTURE_LENGTH_MAX / 3) * 4;

export const media = z
  .strictObject({
    idle: z.string().optional().describe('Name of the picture that the pad shows when nobody pays'),
    pictures: z.record(
      z.string().regex(/^[A-Z0-9]{1,7}$/, '1 to 7 characters A-Z 0-9'),
      z.strictObject({
        file: z
          .string()
          .regex(/^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[\w./-]{1,200}$/, 'a path below the folder of the profile')
          .describe('PNG, JPG or GIF, below the folder of the profile'),
        data: z
          .string()
          .regex(/^[A-Za-z0-9+/]*={0,2}$/, 'base64')
          .max(PICTURE_TEXT_MAX)
          .optional()
          .describe('The bytes in base64; the build of an image puts them here'),
      }),
    ),
  })
  .describe('Pictures for terminals that take them by MLI, MLR, MLE');
