import { readFileSync } from 'node:fs';
import { Codec, type DialectSource, type FieldSource, type Framing } from '../../src/iso8583/index.ts';
import { shippedDialectNames } from '../../src/node/profiles.ts';
import type { Base } from '../../src/trace/dialect/search.ts';

/** Messages of acquirers that nobody knows: shipped dialects written another way. */

const BASE = new URL('../../firmware-profiles/base/', import.meta.url);
export const bases: readonly Base[] = shippedDialectNames().map(name => ({ name, source: shipped(name) }));

export function shipped(name: string): DialectSource {
  const { dialect } = JSON.parse(readFileSync(new URL(`${name}.json`, BASE), 'utf8')) as { dialect: DialectSource };
  return dialect;
}

interface Plain {
  readonly mti: string;
  readonly fields: Readonly<Record<number, string>>;
}

/** A sale by chip with PIN, its answer, and a refusal of another: of a dialect with UnionPay's private fields. */
const UNIONPAY: readonly Plain[] = [
  {
    mti: '0200',
    fields: {
      2: '6210010000000002',
      3: '000000',
      4: '000000012345',
      11: '000123',
      14: '2912',
      22: '051',
      23: '001',
      25: '00',
      26: '06',
      35: '6210010000000002D29122010000012345678',
      41: '10000001',
      42: '898310148160001',
      49: '156',
      52: '0123456789ABCDEF',
      53: '2600000000000000',
      55: '9F2608A1B2C3D4E5F607189F2701809F10080103A0A8030000005F2A0201569A032611219C01009F02060000000123459F3704DEADBEEF',
      60: '22000007000500',
      64: '1122334455667788',
    },
  },
  {
    mti: '0210',
    fields: {
      2: '6210010000000002',
      3: '000000',
      4: '000000012345',
      11: '000123',
      12: '140512',
      13: '1121',
      14: '2912',
      15: '1122',
      25: '00',
      32: '01020304',
      37: '112114051234',
      38: '778899',
      39: '00',
      41: '10000001',
      42: '898310148160001',
      44: '01020304   03050001   ',
      49: '156',
      53: '2600000000000000',
      60: '22000007000500',
      64: '8877665544332211',
    },
  },
  {
    mti: '0210',
    fields: {
      3: '000000',
      4: '000000000999',
      11: '000124',
      12: '140633',
      13: '1121',
      15: '1122',
      25: '00',
      37: '112114063377',
      39: '51',
      41: '10000001',
      42: '898310148160001',
      49: '156',
      60: '22000007',
      64: '0F1E2D3C4B5A6978',
    },
  },
];

/** The same shop on a line of ISO 8583:1987 as processors elsewhere have it. */
const PLAIN: readonly Plain[] = [
  {
    mti: '0200',
    fields: {
      2: '4111111111111111',
      3: '000000',
      4: '000000004250',
      7: '1121140512',
      11: '000123',
      12: '140512',
      13: '1121',
      14: '2912',
      18: '5411',
      22: '051',
      25: '00',
      32: '445566',
      35: '4111111111111111D29122010000012345678',
      37: '632514000123',
      41: 'TERM0001',
      42: 'MERCHANT0000001',
      43: 'CORNER SHOP            LONDON        GBR',
      49: '826',
      52: '0123456789ABCDEF',
      55: '9F2608A1B2C3D4E5F607189F2701809F10080103A0A8030000005F2A0208269A032611219C01009F02060000000042509F3704DEADBEEF',
    },
  },
  {
    mti: '0210',
    fields: {
      3: '000000',
      4: '000000004250',
      7: '1121140514',
      11: '000123',
      12: '140512',
      13: '1121',
      32: '445566',
      37: '632514000123',
      38: 'A1B2C3',
      39: '00',
      41: 'TERM0001',
      42: 'MERCHANT0000001',
      49: '826',
    },
  },
  { mti: '0800', fields: { 7: '1121140000', 11: '000122', 70: '301' } },
];

export interface Variant {
  readonly what: string;
  readonly base: string;
  readonly messages: readonly Plain[];
  /** Members that are others than in the base. */
  readonly dialect?: Partial<Pick<DialectSource, 'mti' | 'bitmap' | 'bitmaps' | 'defaults'>>;
  readonly fields?: Readonly<Record<number, Partial<FieldSource>>>;
  /** Values of other messages where fields are others. */
  readonly values?: Readonly<Record<number, string>>;
  readonly framing: Framing & { readonly little?: boolean; readonly extra?: string };
  /** Fields that the finding must name. */
  readonly changed: readonly number[];
  /** Differences of the whole dialect that it must name. */
  readonly finds: readonly string[];
}

const FULL: Framing = { length: 'binary', tpdu: true, header: true };
const BARE: Framing = { length: false, tpdu: false, header: false };
const TEXT_LENGTH: Framing = { length: 'ascii', tpdu: false, header: false };

export const VARIANTS: readonly Variant[] = [
  { what: 'UnionPay as shipped', base: 'unionpay-pos', messages: UNIONPAY, framing: FULL, changed: [], finds: [] },
  {
    what: 'no length, no header',
    base: 'unionpay-pos',
    messages: UNIONPAY,
    framing: { length: false, tpdu: true, header: false },
    changed: [],
    finds: [],
  },
  {
    what: 'packed length',
    base: 'unionpay-pos',
    messages: UNIONPAY,
    framing: { length: 'bcd', tpdu: true, header: false },
    changed: [],
    finds: [],
  },
  {
    what: 'length with the low byte first',
    base: 'unionpay-pos',
    messages: UNIONPAY,
    framing: { ...FULL, little: true },
    changed: [],
    finds: [],
  },
  {
    what: 'lengths of fields as numbers',
    base: 'unionpay-pos',
    messages: UNIONPAY,
    framing: FULL,
    dialect: { defaults: { length: 'binary' } },
    changed: [],
    finds: ['length binary'],
  },
  {
    what: 'lengths of fields as characters',
    base: 'unionpay-pos',
    messages: UNIONPAY,
    framing: FULL,
    dialect: { defaults: { length: 'ascii' } },
    changed: [],
    finds: ['length ascii'],
  },
  {
    what: 'digits as characters',
    base: 'unionpay-pos',
    messages: UNIONPAY,
    framing: FULL,
    dialect: { defaults: { digits: 'ascii' } },
    changed: [],
    finds: ['digits ascii'],
  },
  {
    what: 'everything as characters, bitmap in hex',
    base: 'unionpay-pos',
    messages: UNIONPAY,
    framing: TEXT_LENGTH,
    dialect: { mti: 'ascii', bitmap: 'hex', defaults: { digits: 'ascii', bytes: 'hex', length: 'ascii' } },
    changed: [],
    finds: [],
  },
  {
    what: '60 as text of 20, terminal number of 16',
    base: 'unionpay-pos',
    messages: UNIONPAY,
    framing: FULL,
    fields: { 60: { type: 'ans', length: 'lll', max: 999 }, 41: { max: 16 } },
    values: { 41: 'TERMINAL00000001', 60: 'BATCH=000007;T=22' },
    changed: [41],
    finds: [],
  },
  {
    what: '53 as 8 digits',
    base: 'unionpay-pos',
    messages: UNIONPAY,
    framing: FULL,
    fields: { 53: { max: 8 } },
    values: { 53: '26000000' },
    changed: [53],
    finds: [],
  },
  {
    what: '23 at the left end of its bytes',
    base: 'unionpay-pos',
    messages: UNIONPAY,
    framing: FULL,
    fields: { 23: { align: 'left' } },
    changed: [],
    finds: ['odd digits stand left'],
  },
  {
    what: '1987 ASCII as shipped',
    base: 'iso8583-1987-ascii',
    messages: PLAIN,
    framing: TEXT_LENGTH,
    changed: [],
    finds: [],
  },
  {
    what: '1987 EBCDIC',
    base: 'iso8583-1987-ebcdic',
    messages: PLAIN,
    framing: { ...BARE, length: 'binary' },
    changed: [],
    finds: [],
  },
  {
    what: '1987 binary, lengths as numbers',
    base: 'iso8583-1987-binary',
    messages: PLAIN,
    framing: { ...BARE, length: 'binary', tpdu: true },
    dialect: { defaults: { length: 'binary' } },
    changed: [],
    finds: ['length binary'],
  },
  {
    what: '1987 binary, lengths count bytes',
    base: 'iso8583-1987-binary',
    messages: PLAIN,
    framing: { ...BARE, length: 'binary' },
    dialect: { defaults: { digits: 'bcd', text: 'ascii', bytes: 'binary', length: 'binary', lengthCounts: 'bytes' } },
    fields: Object.fromEntries([2, 32, 33, 34, 35, 36, 99, 100].map(field => [field, { pad: 'F' }])),
    changed: [],
    finds: ['length binary', 'lengthCounts bytes'],
  },
  {
    what: '1987 ASCII, 55 as bytes, 18 of 6 digits',
    base: 'iso8583-1987-ascii',
    messages: PLAIN,
    framing: { ...BARE, length: 'binary' },
    fields: { 18: { max: 6 } },
    values: { 18: '005411' },
    changed: [18],
    finds: [],
  },
  {
    what: '12 bytes of a header before the message',
    base: 'iso8583-1987-ascii',
    messages: PLAIN,
    framing: { ...BARE, length: 'binary', extra: '49534F303235303030303730' },
    changed: [],
    finds: [],
  },
  {
    what: '1987 ASCII without anything before it',
    base: 'iso8583-1987-ascii-binary-bitmap',
    messages: PLAIN,
    framing: BARE,
    changed: [],
    finds: [],
  },
];

/** The frames of a variant as they go over its line. */
export function framesOf(variant: Variant): readonly Uint8Array[] {
  const base = shipped(variant.base);
  const fields: Record<string, FieldSource> = { ...base.fields };
  for (const [field, change] of Object.entries(variant.fields ?? {})) fields[field] = { ...fields[field], ...change };
  const subfields = Object.fromEntries(
    Object.entries(base.subfields).filter(([field]) => variant.fields?.[Number(field)] === undefined),
  );
  const options = variant.fields || variant.dialect ? {} : base.options;
  const defaults = variant.dialect?.defaults ? { defaults: { ...base.defaults, ...variant.dialect.defaults } } : {};
  const { little, extra, ...framing } = variant.framing;
  const source: DialectSource = {
    ...base,
    ...variant.dialect,
    ...defaults,
    fields,
    subfields,
    options,
    framing: extra ? { ...framing, length: false } : framing,
  };
  const codec = Codec.of(source as unknown);
  return variant.messages.map(message => {
    const values: Record<number, string> = { ...message.fields };
    for (const [field, value] of Object.entries(variant.values ?? {}))
      if (Object.hasOwn(values, field)) values[Number(field)] = value;
    const body = codec.encode({ mti: message.mti, fields: values });
    const frame = codec.frame(body, { tpdu: '6000060000', header: '603100310000' });
    if (little === true) return Uint8Array.of(frame[1], frame[0], ...frame.subarray(2));
    if (extra === undefined) return frame;
    const whole = Uint8Array.of(...Buffer.from(extra, 'hex'), ...frame);
    return Uint8Array.of(whole.length >> 8, whole.length & 0xff, ...whole);
  });
}
