import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Codec, compileFieldPlan, type DialectSource, type FieldSource } from '../../src/iso8583/index.ts';
import { isoNames, shippedDialect } from './dialects.ts';

const NEVER_SHOWN: Readonly<Record<string, string>> = {
  '2': 'pan',
  '14': 'expiry',
  '34': 'private',
  '35': 'track',
  '36': 'track',
  '45': 'track',
  '52': 'pin',
  '55': 'private',
  '64': 'mac',
  '102': 'private',
  '103': 'private',
  '128': 'mac',
};

/** A value that the field can hold, in the form of `Message.text`. */
function valueOf(field: FieldSource): fc.Arbitrary<string> {
  const most = Math.min(field.max, 60);
  const least = field.length === 'fixed' ? field.max : 0;
  const of = (alphabet: string): fc.Arbitrary<string> =>
    fc.string({ unit: fc.constantFrom(...alphabet), minLength: least, maxLength: Math.max(least, most) });
  switch (field.type) {
    case 'n':
      return of('0123456789');
    case 'z':
      return of('0123456789D');
    case 'b':
      return fc
        .uint8Array({ minLength: least, maxLength: Math.max(least, most) })
        .map(bytes => Array.from(bytes, byte => byte.toString(16).toUpperCase().padStart(2, '0')).join(''));
    default:
      return of('ABCXYZabcxyz0123456789 -/');
  }
}

function messageOf(dialect: DialectSource): fc.Arbitrary<Record<string, string>> {
  return fc.subarray(Object.keys(dialect.fields), { minLength: 1, maxLength: 25 }).chain(numbers => {
    const values: Record<string, fc.Arbitrary<string>> = {};
    for (const number of numbers) values[number] = valueOf(dialect.fields[number]);
    return fc.record(values);
  });
}

describe.each(isoNames)('%s', name => {
  const dialect = shippedDialect(name);

  test('compiles with every choice of every option', () => {
    for (const [option, { choices }] of Object.entries(dialect.options)) {
      for (const choice of Object.keys(choices)) {
        expect(compileFieldPlan(dialect, { [option]: choice })).toMatchObject({ ok: true });
      }
    }
    expect(compileFieldPlan(dialect)).toMatchObject({ ok: true });
  });

  test('has all fields 2 to 128, with names in both languages', () => {
    expect(Object.keys(dialect.fields)).toEqual(Array.from({ length: 127 }, (_, i) => String(i + 2)));
    for (const { name: words } of Object.values(dialect.fields)) {
      expect(words.zh).toMatch(/[一-鿿]/);
      expect(words.en).toMatch(/^[\x20-\x7e]+$/);
    }
  });

  test('shows no card data', () => {
    for (const [field, wanted] of Object.entries(NEVER_SHOWN)) {
      expect([field, dialect.fields[field].class]).toEqual([field, wanted]);
    }
    for (const tag of ['57', '5A', '5F20', '5F24', '99', '9F1F', '9F20', '9F6B']) {
      expect([tag, dialect.tags[tag].class]).not.toEqual([tag, 'public']);
    }
  });

  test('what is encoded is decoded to the same values, and encoded to the same bytes again', () => {
    const codec = Codec.of(dialect);
    fc.assert(
      fc.property(messageOf(dialect), fields => {
        const bytes = codec.encode({ mti: '0200', fields });
        const message = codec.decode(bytes).orThrow();
        const found = message.toJSON({ clear: true });
        for (const [field, value] of Object.entries(fields)) {
          const source = dialect.fields[field];
          const whole =
            source.fill === 'zero'
              ? value.padStart(source.max, '0')
              : source.fill === 'space'
                ? value.padEnd(source.max)
                : value;
          expect([field, found.fields[field]]).toEqual([field, whole]);
        }
        expect(codec.encode(message)).toEqual(bytes);
        expect(codec.encode(found)).toEqual(bytes);
      }),
      { numRuns: 60, seed: 8583 },
    );
  });
});

test('the dialects of 1987 differ only in how fields travel', () => {
  const told = (name: string): unknown => {
    const { fields, subfields, tags } = shippedDialect(name);
    const bare = Object.entries(fields).map(([number, { align: _align, ...rest }]) => [number, rest]);
    return { fields: bare, subfields, tags };
  };
  const ascii = told('iso8583-1987-ascii');
  for (const form of ['ascii-binary-bitmap', 'ebcdic', 'binary']) expect(told(`iso8583-1987-${form}`)).toEqual(ascii);
  expect(shippedDialect('iso8583-1993-ascii').tags).toEqual(shippedDialect('unionpay-pos').tags);
});
