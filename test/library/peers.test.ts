import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Codec, type DialectSource } from '../../src/iso8583/index.ts';
import { shippedDialect } from './dialects.ts';

const require = createRequire(import.meta.url);

interface Iso8583Format {
  readonly ContentType: string;
  readonly LenType: string;
  readonly MaxLen: number;
}
interface Iso8583Message {
  getRawMessage(): Uint8Array | { readonly error: string };
  getIsoJSON(bytes: Uint8Array, config: object): Record<string, string> & { readonly error?: string };
}
const Iso8583 = require('iso_8583') as new (fields?: Record<string, string>) => Iso8583Message;
const iso8583Formats = require('iso_8583/lib/formats.js') as Readonly<Record<string, Iso8583Format>>;

/** Values that both sides take: printable, not empty. */
const ALPHABETS: Readonly<Record<string, string>> = {
  n: '0123456789',
  z: '0123456789',
  an: '0123456789ABCXYZabcxyz',
  anp: '0123456789ABCXYZabcxyz ',
  ans: '0123456789ABCXYZabcxyz -/.,:()',
  b: '0123456789ABCDEF',
};

describe('npm iso_8583', () => {
  // It writes ASCII, sixteen bytes of bitmap in every message, and fixed b fields as bytes.
  const standard = shippedDialect('iso8583-1987-ascii-binary-bitmap');
  const dialect: DialectSource = { ...standard, bitmaps: { least: 2, most: 2 } };
  const codec = Codec.of(dialect, { options: { field55: 'text' } });
  const fields = codec.plan.source.fields;

  /** What makes a field another one over there, empty when it is the same. */
  function difference(field: number): string {
    const theirs = iso8583Formats[field];
    const ours = fields[field];
    if (theirs === undefined) return 'is missing';
    const length = theirs.LenType === 'fixed' ? 'fixed' : theirs.LenType.replace('var', '');
    // Theirs counts hex digits.
    const max = theirs.ContentType === 'b' ? theirs.MaxLen / 2 : theirs.MaxLen;
    if (length !== ours.length || max !== ours.max) return `${theirs.ContentType} ${length} ${max}`;
    const same = { an: ['n', 'an', 'anp', 'ans', 'ns', 'x+n'], ans: ['an', 'anp', 'ans', 'ns'] }[ours.type as string];
    return (same ?? [ours.type]).includes(theirs.ContentType) ? '' : `${theirs.ContentType} ${length} ${max}`;
  }
  const numbers = Object.keys(fields).map(Number);
  const different = numbers.filter(field => difference(field) !== '');
  const common = numbers.filter(field => !different.includes(field));

  test('the fields that are other ones over there are known', () => {
    // 53, 64, 65, 96: other lengths, the MAC and the security code with 4 bytes, since it counts hex digits. 36: track 3 without a
    // separator. 58, 59, 127: other lengths. 118–122: digits only.
    expect(Object.fromEntries(different.map(field => [field, difference(field)]))).toEqual({
      36: 'n lll 104',
      53: 'b fixed 48',
      58: 'n ll 11',
      59: 'ans lll 255',
      64: 'b fixed 4',
      65: 'b fixed 0.5',
      96: 'b fixed 4',
      118: 'n lll 999',
      119: 'n lll 999',
      120: 'n lll 999',
      121: 'n lll 999',
      122: 'n lll 999',
      127: 'ans llllll 999999',
      128: 'b fixed 4',
    });
    expect(common.length).toBeGreaterThan(110);
  });

  function valueOf(field: number): fc.Arbitrary<string> {
    const theirs = iso8583Formats[field];
    const { length, max } = fields[field];
    const digits = theirs.ContentType === 'b' ? max * 2 : max;
    const size = {
      minLength: length === 'fixed' ? digits : 1,
      maxLength: length === 'fixed' ? digits : Math.min(max, 80),
    };
    if (theirs.ContentType === 'x+n') {
      const sign = fc.constantFrom('C', 'D');
      const amount = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: max - 1, maxLength: max - 1 });
      return fc.tuple(sign, amount).map(([s, n]) => s + n);
    }
    const alphabet = ALPHABETS[theirs.ContentType === 'ns' ? 'n' : theirs.ContentType];
    return fc.string({ unit: fc.constantFrom(...alphabet), ...size });
  }
  const values = fc.subarray(common, { minLength: 1, maxLength: 16 }).chain(chosen => {
    const record: Record<string, fc.Arbitrary<string>> = {};
    for (const field of chosen) record[field] = valueOf(field);
    return fc.record(record);
  });

  test('random messages: the same bytes, read by either side to the same values', () => {
    let compared = 0;
    fc.assert(
      fc.property(fc.constantFrom('0100', '0200', '0210', '0400', '0800'), values, (mti, chosen) => {
        const theirs = new Iso8583({ 0: mti, ...chosen }).getRawMessage();
        if ('error' in theirs) throw new Error(`iso_8583 does not write this: ${theirs.error}`);
        const ours = codec.encode({ mti, fields: chosen });
        expect(Buffer.from(ours).equals(theirs)).toBe(true);
        expect(codec.decode(theirs).orThrow().toJSON({ clear: true })).toEqual({ mti, fields: chosen });
        const read = new Iso8583().getIsoJSON(Buffer.from(ours), { lenHeader: false });
        for (const [field, value] of Object.entries(chosen)) {
          // It gives bytes as small hex letters.
          expect([field, fields[field].type === 'b' ? read[field].toUpperCase() : read[field]]).toEqual([field, value]);
        }
        compared++;
      }),
      { numRuns: 400, seed: 8583 },
    );
    expect(compared).toBe(400);
  });

  test('where it differs: a message that is cut off is right over there, and an error with its place here', () => {
    const whole = codec.encode({ mti: '0200', fields: { 3: '000000', 41: 'TERM0001' } });
    const cut = whole.slice(0, -3);
    expect(new Iso8583().getIsoJSON(Buffer.from(cut), { lenHeader: false })[41]).toBe('TERM0');
    expect(codec.decode(cut).error).toMatchObject({ status: 'truncated', path: '41' });
  });

  test('where it differs: numbers as values are refused over there, and are digits here', () => {
    const number = 1234 as unknown as string;
    expect(new Iso8583({ 0: '0200', 4: number }).getRawMessage()).toHaveProperty('error');
    expect(codec.decode(codec.build('0200').set(4, 1234).bytes()).get(4)).toBe('000000001234');
  });
});

interface JsposMessage {
  setMTI(mti: string): void;
  setField(field: number, value: string): void;
  getMTI(): string;
  getValue(field: number): string | number[] | undefined;
  pack(): number[];
  unpack(bytes: readonly number[]): number;
}
interface JsposPackager {
  setFieldPackager(fields: readonly unknown[]): void;
  createISOMsg(): JsposMessage;
}
type Maker = new (length: number, name: string, leftPadded?: boolean) => unknown;
const jspos = require('jspos') as {
  readonly ISOBasePackager: new () => JsposPackager;
  readonly packer: Readonly<Record<string, Maker>>;
  readonly ISOUtil: { hexString(bytes: readonly number[]): string };
};

describe('npm jspos', () => {
  const dialect = shippedDialect('iso8583-1987-binary');
  const codec = Codec.of(dialect, { options: { field55: 'chip' } });
  const fields = dialect.fields;
  // Left out: tracks (it writes every separator as the digit 0), 65 (a bitmap to it).
  const left = new Set([35, 36, 65]);
  const numbers = Object.keys(fields)
    .map(Number)
    .filter(field => !left.has(field));
  const kinds: Readonly<Record<string, string>> = {
    'n fixed': 'IFB_NUMERIC',
    'n ll': 'IFB_LLNUM',
    'an fixed': 'IF_CHAR',
    'ans fixed': 'IF_CHAR',
    'an ll': 'IFB_LLCHAR',
    'ans ll': 'IFB_LLCHAR',
    'an lll': 'IFB_LLLCHAR',
    'ans lll': 'IFB_LLLCHAR',
    'b fixed': 'IFB_BINARY',
    'b lll': 'IFB_LLLBINARY',
  };
  const packager = new jspos.ISOBasePackager();
  const table: unknown[] = [new jspos.packer.IFB_NUMERIC(4, 'mti', true), new jspos.packer.IFB_BITMAP(16, 'bitmap')];
  for (const field of [...numbers, 35]) {
    const { type, length, max } = fields[field];
    const Maker = jspos.packer[field === 35 ? 'IFB_LLNUM' : kinds[`${type} ${length}`]];
    table[field] = new Maker(max, String(field), field !== 35);
  }
  packager.setFieldPackager(table);

  function valueOf(field: number): fc.Arbitrary<string> {
    const { type, length, max } = fields[field];
    const units = type === 'b' ? 2 : 1;
    const fixed = length === 'fixed';
    const count = fc.integer({ min: fixed ? max : 1, max: fixed ? max : Math.min(max, 300) });
    const unit = fc.constantFrom(...(type === 'b' ? ALPHABETS.b : type === 'n' ? ALPHABETS.n : ALPHABETS.ans));
    return count.chain(n => fc.string({ unit, minLength: n * units, maxLength: n * units }));
  }
  const values = fc.subarray(numbers, { minLength: 1, maxLength: 16 }).chain(chosen => {
    const record: Record<string, fc.Arbitrary<string>> = {};
    for (const field of chosen) record[field] = valueOf(field);
    return fc.record(record);
  });
  const packed = (mti: string, chosen: Readonly<Record<string, string>>): Uint8Array => {
    const message = packager.createISOMsg();
    message.setMTI(mti);
    for (const [field, value] of Object.entries(chosen)) message.setField(Number(field), value);
    // Its bytes may have a fraction; a typed array drops it, as a socket does.
    return Uint8Array.from(message.pack());
  };

  test('random messages of packed digits: the same bytes, read by either side to the same values', () => {
    fc.assert(
      fc.property(fc.constantFrom('0100', '0200', '0210', '0400', '0800'), values, (mti, chosen) => {
        const theirs = packed(mti, chosen);
        const ours = codec.encode({ mti, fields: chosen });
        expect(Buffer.from(ours).toString('hex')).toBe(Buffer.from(theirs).toString('hex'));
        expect(codec.decode(theirs).orThrow().toJSON({ clear: true })).toEqual({ mti, fields: chosen });
        const read = packager.createISOMsg();
        read.unpack([...ours]);
        expect(read.getMTI()).toBe(mti);
        for (const [field, value] of Object.entries(chosen)) {
          const found = read.getValue(Number(field));
          expect([field, typeof found === 'string' ? found : jspos.ISOUtil.hexString(found ?? [])]).toEqual([
            field,
            value,
          ]);
        }
      }),
      { numRuns: 300, seed: 8583 },
    );
  });

  test('where it differs: it loses the separator of a track', () => {
    const track = '4242424242424242D2512';
    const message = codec.decode(packed('0200', { 35: track }));
    expect(message.get(35)).toBe('424242424242424202512');
    expect(codec.decode(codec.build('0200').set(35, track).bytes()).get(35)).toBe(track);
  });
});
