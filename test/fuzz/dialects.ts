import { readFileSync, readdirSync } from 'node:fs';
import {
  LENGTH_COUNTS,
  LENGTH_ENCODINGS,
  LENGTH_KINDS,
  type DialectOptions,
  type DialectSource,
  type Encoding,
  type FieldSource,
  type FieldType,
} from '../../src/iso8583/source.ts';

/** A dialect with the options that a run uses. */
export interface Target {
  readonly name: string;
  readonly dialect: DialectSource;
  readonly options: DialectOptions;
}

type Short = Pick<FieldSource, 'type' | 'length' | 'max'> & Partial<FieldSource>;

const name = { zh: '试', en: 'trial' };
const plain = { framing: { length: false, tpdu: false, header: false }, options: {}, subfields: {}, tags: {} } as const;

function fieldsOf(shorts: Readonly<Record<number, Short>>): Record<string, FieldSource> {
  return Object.fromEntries(
    Object.entries(shorts).map(([field, short]) => [field, { name, class: 'public', ...short } satisfies FieldSource]),
  );
}

/** Fields that every hand-written dialect has, in the encodings of its defaults. */
const COMMON: Readonly<Record<number, Short>> = {
  2: { type: 'n', length: 'll', max: 19 },
  3: { type: 'n', length: 'fixed', max: 6 },
  4: { type: 'n', length: 'fixed', max: 12, fill: 'zero' },
  7: { type: 'n', length: 'l', max: 9 },
  11: { type: 'n', length: 'fixed', max: 3, align: 'right' },
  22: { type: 'n', length: 'fixed', max: 3, align: 'left', pad: 'F' },
  32: { type: 'n', length: 'lll', max: 11, align: 'right', pad: 'F' },
  35: { type: 'z', length: 'll', max: 37, pad: 'F' },
  36: { type: 'z', length: 'lll', max: 104, align: 'right' },
  37: { type: 'an', length: 'fixed', max: 12, fill: 'space' },
  38: { type: 'an', length: 'fixed', max: 6, fill: 'zero' },
  41: { type: 'ans', length: 'fixed', max: 8 },
  43: { type: 'ans', length: 'll', max: 40 },
  48: { type: 'ans', length: 'lll', max: 999 },
  52: { type: 'b', length: 'fixed', max: 8 },
  55: { type: 'b', length: 'lll', max: 255 },
  60: { type: 'an', length: 'l', max: 9 },
  62: { type: 'b', length: 'l', max: 1 },
  63: { type: 'ans', length: 'llll', max: 9999 },
  64: { type: 'b', length: 'fixed', max: 8 },
};
const SECOND: Readonly<Record<number, Short>> = {
  66: { type: 'n', length: 'fixed', max: 1 },
  70: { type: 'n', length: 'fixed', max: 3 },
  90: { type: 'n', length: 'fixed', max: 42 },
  95: { type: 'an', length: 'fixed', max: 42, fill: 'space' },
  100: { type: 'n', length: 'll', max: 11 },
  102: { type: 'ans', length: 'll', max: 28 },
  127: { type: 'b', length: 'llll', max: 1000 },
  128: { type: 'b', length: 'fixed', max: 8 },
};
const THIRD: Readonly<Record<number, Short>> = {
  129: { type: 'n', length: 'fixed', max: 2 },
  130: { type: 'z', length: 'l', max: 5 },
  160: { type: 'ans', length: 'll', max: 12 },
  191: { type: 'b', length: 'll', max: 16 },
  192: { type: 'b', length: 'fixed', max: 8 },
};

/** Every encoding of every type × every form of length; too many for one dialect, so it takes every `step`-th from `first`. */
function everyForm(first: number, step: number): Record<string, FieldSource> {
  const encodings: Readonly<Record<FieldType, readonly Encoding[]>> = {
    n: ['bcd', 'ascii', 'ebcdic'],
    z: ['bcd', 'ascii', 'ebcdic'],
    an: ['ascii', 'ebcdic'],
    ans: ['ascii', 'ebcdic'],
    b: ['binary', 'hex', 'hexEbcdic'],
  };
  const most = { fixed: 9, l: 9, ll: 99, lll: 999, llll: 9999 };
  const maxima = [1, 2, 3, 8, 9, 16, 19, 99, 128, 255, 256, 999, 9999];
  const all: Short[] = [];
  for (const [type, forms] of Object.entries(encodings) as [FieldType, readonly Encoding[]][]) {
    for (const encoding of forms) {
      for (const length of LENGTH_KINDS) {
        for (const lengthEncoding of length === 'fixed' ? (['bcd'] as const) : LENGTH_ENCODINGS) {
          for (const lengthCounts of length === 'fixed' ? (['units'] as const) : LENGTH_COUNTS) {
            const turn = all.length;
            // A length in bytes must hold two characters a byte, and does not tell odd digits without a filler F.
            const counted = lengthCounts === 'bytes' && length !== 'fixed';
            const doubled = counted && encoding.startsWith('hex');
            const pad = turn % 4 > 1 ? 'F' : '0';
            const even = counted && encoding === 'bcd' && pad === '0';
            const possible = maxima.filter(max => max * (doubled ? 2 : 1) <= most[length] && !(even && max % 2 === 1));
            const short = { type, encoding, length, lengthEncoding, lengthCounts };
            const max = possible[Math.floor(turn / 3) % possible.length];
            all.push({ ...short, max, align: turn % 2 ? 'right' : 'left', pad });
          }
        }
      }
    }
  }
  const shorts: Record<number, Short> = {};
  let field = 2;
  for (let i = first; i < all.length; i += step) {
    if (field === 65) field++;
    shorts[field++] = all[i];
  }
  return fieldsOf(shorts);
}

/** Packed digits that a length in bytes tells of: an even number of them, where no filler F tells more. */
const EVEN: Readonly<Record<number, Short>> = {
  2: { type: 'n', length: 'll', max: 20 },
  7: { type: 'n', length: 'l', max: 8 },
};

/** Dialects that together use every feature of the format. */
export const invented: readonly Target[] = [
  {
    name: 'ascii',
    dialect: {
      ...plain,
      mti: 'ascii',
      bitmap: 'hex',
      bitmaps: { least: 1, most: 2 },
      defaults: { digits: 'ascii', text: 'ascii', bytes: 'hex', length: 'ascii' },
      fields: fieldsOf({ ...COMMON, ...SECOND, 65: { type: 'b', length: 'fixed', max: 1 } }),
    },
    options: {},
  },
  {
    name: 'ebcdic',
    dialect: {
      ...plain,
      mti: 'ebcdic',
      bitmap: 'hexEbcdic',
      bitmaps: { least: 2, most: 2 },
      defaults: { digits: 'ebcdic', text: 'ebcdic', bytes: 'hexEbcdic', length: 'ebcdic' },
      fields: fieldsOf({ ...COMMON, ...SECOND }),
    },
    options: {},
  },
  {
    name: 'packed-bytes',
    dialect: {
      ...plain,
      mti: 'bcd',
      bitmap: 'binary',
      defaults: { length: 'binary', lengthCounts: 'bytes' },
      fields: fieldsOf({ ...COMMON, ...EVEN }),
    },
    options: {},
  },
  {
    name: 'hex-bytes',
    dialect: {
      ...plain,
      mti: 'ebcdic',
      bitmap: 'binary',
      bitmaps: { least: 1, most: 2 },
      defaults: { digits: 'bcd', text: 'ebcdic', bytes: 'hex', length: 'bcd', lengthCounts: 'bytes' },
      fields: fieldsOf({ ...COMMON, ...SECOND, ...EVEN, 100: { type: 'n', length: 'll', max: 12 } }),
    },
    options: {},
  },
  ...([1, 2, 3] as const).flatMap(least =>
    (['following', 'field65'] as const).map((third): Target => {
      const forms = ['binary', 'hex', 'hexEbcdic'] as const;
      return {
        name: `three-${third}-${least}`,
        dialect: {
          ...plain,
          mti: least === 2 ? 'ascii' : 'bcd',
          bitmap: forms[(least + (third === 'field65' ? 1 : 0)) % 3],
          bitmaps: { least, most: 3, third },
          defaults: { length: least === 1 ? 'binary' : 'ascii' },
          fields: fieldsOf({ ...COMMON, ...SECOND, ...THIRD }),
        },
        options: {},
      };
    }),
  ),
  ...[0, 1, 2].map((first): Target => ({
    name: `every-form-${first}`,
    dialect: {
      ...plain,
      mti: 'bcd',
      bitmap: 'binary',
      bitmaps: { least: 1, most: 3 },
      fields: everyForm(first, 3),
    },
    options: {},
  })),
];

/**
 * Each dialect of `firmware-profiles/base` with its defaults, with the second choice of all options, with the last one, and
 * with the second choice of one half of the options.
 */
export function shipped(): readonly Target[] {
  const folder = new URL('../../firmware-profiles/base/', import.meta.url);
  const found: Target[] = [];
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.json')) continue;
    const { dialect } = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as { dialect?: DialectSource };
    if (dialect === undefined) continue;
    const base = file.slice(0, -'.json'.length);
    const names = Object.keys(dialect.options);
    const choose = (pick: (choices: readonly string[], i: number) => string): DialectOptions =>
      Object.fromEntries(names.map((each, i) => [each, pick(Object.keys(dialect.options[each].choices), i)]));
    const sets: Readonly<Record<string, DialectOptions>> = {
      '': Object.fromEntries(names.map(each => [each, dialect.options[each].default])),
      '-second': choose(choices => choices[1] ?? choices[0]),
      '-last': choose(choices => choices[choices.length - 1]),
      '-mixed': choose((choices, i) => choices[i % choices.length]),
    };
    const seen = new Set<string>();
    for (const [suffix, options] of Object.entries(sets)) {
      const key = JSON.stringify(options);
      if (!seen.has(key)) found.push({ name: base + suffix, dialect, options });
      seen.add(key);
    }
  }
  return found;
}

export function targetNamed(wanted: string): Target {
  const all = [...shipped(), ...invented];
  const found = all.find(target => target.name === wanted);
  if (found === undefined) throw new Error(`no dialect ${wanted}; there are ${all.map(t => t.name).join(', ')}`);
  return found;
}
