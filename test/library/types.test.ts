import { describe, expect, expectTypeOf, test } from 'vitest';
import { Codec, type DialectSource } from '../../src/iso8583/index.ts';
import { shippedDialect } from './dialects.ts';

const name = (en: string): { readonly zh: string; readonly en: string } => ({ zh: '域', en });

const small = {
  framing: { length: false, tpdu: false, header: false },
  mti: 'ascii',
  bitmap: 'hex',
  defaults: { digits: 'ascii', text: 'ascii', bytes: 'hex', length: 'ascii' },
  fields: {
    3: { name: name('code'), type: 'n', length: 'fixed', max: 6, class: 'public' },
    4: { name: name('amount'), type: 'n', length: 'fixed', max: 12, fill: 'zero', class: 'public' },
    35: { name: name('track'), type: 'z', length: 'll', max: 37, class: 'track' },
    41: { name: name('terminal'), type: 'ans', length: 'fixed', max: 8, fill: 'space', class: 'public' },
    52: { name: name('PIN'), type: 'b', length: 'fixed', max: 8, class: 'pin' },
  },
  options: {},
  subfields: {},
  tags: {},
} as const satisfies DialectSource;

describe('a dialect written as const', () => {
  const codec = Codec.of(small);
  const pin = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const body = codec.build('0200').set(4, 1234).set(41, 'T1').set(52, pin).bytes();
  const message = codec.decode(body);

  test('gives each field its own type', () => {
    expectTypeOf(message.get(4)).toEqualTypeOf<string | undefined>();
    expectTypeOf(message.get(35)).toEqualTypeOf<string | undefined>();
    expectTypeOf(message.get(52)).toEqualTypeOf<Uint8Array | undefined>();
    expectTypeOf(message.get('41.1')).toEqualTypeOf<string | undefined>();
    expectTypeOf(message.number(4)).toEqualTypeOf<number | undefined>();
    expect([message.get(4), message.number(4), message.get(41), message.get(52)]).toEqual([
      '000000001234',
      1234,
      'T1      ',
      pin,
    ]);
    expect(message.get(35)).toBeUndefined();
  });

  test('knows no other fields', () => {
    // @ts-expect-error the dialect has no field 5
    expect(message.get(5)).toBeUndefined();
    // @ts-expect-error a track is no number
    expect(message.number(35)).toBeUndefined();
    // @ts-expect-error bytes are no number
    expect(message.number(52)).toBeUndefined();
    const draft = codec.build('0200');
    // @ts-expect-error the dialect has no field 2
    expect(draft.set(2, '4242').tryBytes().ok).toBe(false);
    // @ts-expect-error a track takes text only
    expect(codec.build('0200').set(35, 4242).tryBytes().ok).toBe(false);
    // @ts-expect-error bytes take no number
    expect(codec.build('0200', { 52: 1 }).tryBytes().ok).toBe(false);
  });

  test('takes what a field can hold', () => {
    expectTypeOf(codec.build('0200').set<4>)
      .parameter(1)
      .toEqualTypeOf<string | number | bigint | undefined>();
    expectTypeOf(codec.build('0200').set<52>)
      .parameter(1)
      .toEqualTypeOf<string | Uint8Array | undefined>();
    expect(codec.encode({ mti: '0200', fields: { 4: 1234n, 41: 'T1', 52: '0102030405060708' } })).toEqual(body);
  });
});

test('a dialect from a file has any field', () => {
  const codec = Codec.of(shippedDialect('iso8583-1987-ascii'));
  const message = codec.decode(codec.build('0800').set(70, '301').bytes());
  expectTypeOf(message.get(70)).toEqualTypeOf<string | Uint8Array | undefined>();
  expectTypeOf(message.text(70)).toEqualTypeOf<string | undefined>();
  expect(message.get(70)).toBe('301');
  const parsed: unknown = JSON.parse(JSON.stringify({ dialect: small }));
  expectTypeOf(Codec.of(parsed)).toEqualTypeOf<Codec<DialectSource>>();
  expect(Codec.of(parsed).build('0200').set(3, '000000').bytes()).toHaveLength(26);
});
