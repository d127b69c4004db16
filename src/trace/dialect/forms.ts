import {
  LENGTH_COUNTS,
  LENGTH_ENCODINGS,
  type DialectSource,
  type Encoding,
  type FieldSource,
  type FieldType,
  type LengthEncoding,
} from '../../iso8583/source.ts';
import type { Head } from './head.ts';

/** How messages of an unknown acquirer may differ from a shipped dialect, and what each difference costs a reading, in bits. */

/** How values travel that do not say it themselves. */
export type Defaults = Required<NonNullable<DialectSource['defaults']>>;

/** Where odd packed digits stand: as the dialect says, or all of them at one end of their bytes. */
export type Alignment = 'own' | 'left' | 'right';

/** A way to write all fields of a dialect. */
export interface Form {
  readonly defaults: Defaults;
  readonly align: Alignment;
  readonly bitmapsLeast: 1 | 2;
  readonly bitmapsMost: 1 | 2;
  readonly cost: number;
}

/** Another way to write one field. */
export interface FieldForm {
  readonly source: FieldSource;
  /** Choice of an option of the dialect that says the same. */
  readonly option?: readonly [name: string, choice: string];
  readonly cost: number;
}

const COST = { head: 4, defaults: 4, bitmaps: 2, align: 2, option: 3, member: 4, length: 7, field: 9 } as const;
/** Changes of a whole dialect that may come together. */
const DEVIATIONS_MAX = 4;
/** Longest fixed value that is tried for a field that does not fit. */
const FIXED_MAX = 44;
const LENGTH_MAX = { l: 9, ll: 99, lll: 999 } as const;

/** Fields that nobody writes in another size. */
const ALWAYS_ALIKE = new Set([3, 4, 7, 11, 12, 13, 14, 22, 23, 25, 26, 37, 38, 39, 49]);

/** The defaults of a dialect with what it leaves out. */
export function defaultsOf(source: DialectSource): Defaults {
  const standard = { digits: 'bcd', text: 'ascii', bytes: 'binary', length: 'bcd', lengthCounts: 'units' } as const;
  return { ...standard, ...source.defaults };
}

/** Ways to write messages with this head in a dialect, the dialect's own first. */
export function formsOf(source: DialectSource, head: Head): readonly Form[] {
  const own = defaultsOf(source);
  const packed = head.mti === 'bcd';
  const headCost = (source.mti === head.mti ? 0 : COST.head) + (source.bitmap === head.bitmap ? 0 : COST.head);
  const forms: Form[] = [];
  for (const digits of ['bcd', 'ascii', 'ebcdic'] as const)
    for (const text of ['ascii', 'ebcdic'] as const)
      for (const bytes of ['binary', 'hex', 'hexEbcdic'] as const)
        for (const length of LENGTH_ENCODINGS)
          for (const lengthCounts of LENGTH_COUNTS) {
            // A peer that writes EBCDIC writes no ASCII beside it.
            const ebcdic = [digits, text, bytes, length, head.mti].filter(form => /ebcdic/i.test(form)).length;
            const ascii = [digits, text, length, head.mti].filter(form => form === 'ascii').length;
            if ((ebcdic > 0 && ascii > 0) || (bytes === 'hexEbcdic' && ebcdic === 1)) continue;
            const defaults = { digits, text, bytes, length, lengthCounts };
            const differing = (Object.keys(defaults) as (keyof Defaults)[]).filter(key => defaults[key] !== own[key]);
            if (differing.length > DEVIATIONS_MAX) continue;
            // Packed message types with digits as characters, and the other way round, are rarer.
            const odd = packed === (digits === 'bcd') ? 0 : COST.defaults;
            const [[bitmapsLeast, bitmapsMost]] = bitmapsOf(source, head);
            const wider = bitmapsMost > (source.bitmaps?.most ?? 1) ? COST.bitmaps : 0;
            const cost = headCost + differing.length * COST.defaults + odd + wider;
            forms.push({ defaults, align: 'own', bitmapsLeast, bitmapsMost, cost });
          }
  return forms.sort((a, b) => a.cost - b.cost);
}

/** The same form with what does not change where values stand, or moves all of them. */
export function sistersOf(source: DialectSource, head: Head, form: Form): readonly Form[] {
  const packed = form.defaults.digits === 'bcd';
  const aligned = packed
    ? (['left', 'right'] as const).map(align => ({ ...form, align, cost: form.cost + COST.align }))
    : [];
  const bitmaps = bitmapsOf(source, head)
    .slice(1)
    .map(([bitmapsLeast, bitmapsMost]) => ({ ...form, bitmapsLeast, bitmapsMost, cost: form.cost + COST.bitmaps }));
  return [...aligned, ...bitmaps];
}

/** Numbers of bitmaps that messages may show: a second one that no message names may stand there all the same. */
function bitmapsOf(source: DialectSource, head: Head): readonly (readonly [least: 1 | 2, most: 1 | 2])[] {
  const own = [Math.min(source.bitmaps?.least ?? 1, 2), Math.min(source.bitmaps?.most ?? 1, 2)] as [1 | 2, 1 | 2];
  if (head.second) return own[1] === 2 ? [own] : [[1, 2]];
  return own[0] === 2 ? [own] : [own, [2, 2]];
}

/** The dialect as messages with this head write it; `changes` replace fields or add them. */
export function sourceIn(
  base: DialectSource,
  head: Head,
  form: Form,
  changes: ReadonlyMap<number, FieldSource> = new Map(),
): DialectSource {
  const { framing: _own, bitmaps: _bitmaps, defaults: _defaults, ...rest } = base;
  const fields: Record<string, FieldSource> = {};
  for (const [key, field] of Object.entries(base.fields))
    fields[key] = countable(aligned(field, form.align), form.defaults);
  const subfields = { ...base.subfields };
  // An option would set a field back that is said to be another one.
  const options = Object.fromEntries(
    Object.entries(base.options).filter(([, { choices }]) =>
      Object.values(choices).every(choice =>
        Object.entries(choice).every(
          ([field, change]) => !changes.has(Number(field)) && (form.align === 'own' || change.align === undefined),
        ),
      ),
    ),
  );
  for (const [number, field] of changes) {
    // Layouts are written for the field as it was; a field of another kind has none.
    if (base.fields[number]?.type !== field.type) delete subfields[number];
    fields[number] = field;
  }
  return {
    framing: { length: false, tpdu: false, header: false },
    ...rest,
    mti: head.mti,
    bitmap: head.bitmap,
    bitmaps: { least: form.bitmapsLeast, most: form.bitmapsMost },
    defaults: form.defaults,
    fields,
    options,
    subfields,
  };
}

function aligned(field: FieldSource, align: Alignment): FieldSource {
  if (align === 'own' || (field.type !== 'n' && field.type !== 'z') || field.encoding !== undefined) return field;
  return (field.align ?? 'left') === align ? field : { ...field, align };
}

/** A field whose greatest length a length in bytes can tell. */
export function countable(field: FieldSource, defaults: Defaults): FieldSource {
  if (field.length === 'fixed' || (field.lengthCounts ?? defaults.lengthCounts) === 'units') return field;
  const digits = field.type === 'n' || field.type === 'z';
  if (digits && (field.encoding ?? defaults.digits) === 'bcd')
    return field.max % 2 === 1 && field.pad !== 'F' ? { ...field, pad: 'F' } : field;
  const hex = field.type === 'b' && (field.encoding ?? defaults.bytes).startsWith('hex');
  return hex ? { ...field, max: Math.min(field.max, lengthMax(field.length) >> 1) } : field;
}

/** Ways to write one field that messages show to be another than the dialect has it; the cheapest first. */
export function fieldForms(
  base: DialectSource,
  form: Form,
  number: number,
  now: FieldSource,
  isNew: boolean,
): readonly FieldForm[] {
  const found: FieldForm[] = [];
  for (const [name, { choices }] of Object.entries(base.options))
    for (const [choice, changes] of Object.entries(choices))
      if (Object.hasOwn(changes, number) && Object.keys(changes).length === 1) {
        const source = { ...base.fields[number], ...changes[number] };
        if (!sameReading(source, now)) found.push({ source, option: [name, choice], cost: COST.option });
      }
  if (!isNew && (now.type === 'n' || now.type === 'z') && (now.encoding ?? form.defaults.digits) === 'bcd')
    found.push({ source: { ...now, align: now.align === 'right' ? 'left' : 'right' }, cost: COST.align });
  if (now.length !== 'fixed' && now.max < lengthMax(now.length))
    found.push({ source: { ...now, max: lengthMax(now.length) }, cost: COST.member });
  const text = form.defaults.text;
  const kinds: readonly (readonly [FieldType, Encoding])[] = [
    ['n', 'bcd'],
    ['n', text],
    ['ans', text],
    ['b', 'binary'],
    ['b', text === 'ascii' ? 'hex' : 'hexEbcdic'],
    ['z', 'bcd'],
    ['z', text],
  ];
  const lengths: readonly LengthEncoding[] = ['bcd', text, 'binary'];
  const usual: Readonly<Record<FieldType, Encoding>> = {
    n: form.defaults.digits,
    z: form.defaults.digits,
    an: text,
    ans: text,
    b: form.defaults.bytes,
  };
  const start = isNew ? COST.field : 0;
  const sizeCost = COST.length + (ALWAYS_ALIKE.has(number) ? COST.member : 0);
  for (const [type, encoding] of kinds) {
    if ((type === 'z') !== (now.type === 'z')) continue;
    const alike = type === now.type || (type === 'ans' && now.type === 'an');
    const kept: FieldSource = alike ? now : withoutForm(now, type);
    const typed = { ...kept, ...(encoding === (now.encoding ?? usual[kept.type]) ? {} : { encoding }) };
    const typeCost = start + (alike ? 0 : COST.member + 1) + (typed.encoding === kept.encoding ? 0 : COST.member);
    if (now.length === 'fixed') found.push({ source: typed, cost: typeCost });
    for (const length of ['ll', 'lll', 'l'] as const) {
      const grown = { ...typed, length, max: now.length === length && alike ? now.max : LENGTH_MAX[length] };
      const lengthCost = typeCost + (now.length === length ? 0 : COST.member + (length === 'l' ? 2 : 0));
      for (const lengthEncoding of lengths) {
        const told = lengthEncoding === (now.lengthEncoding ?? form.defaults.length);
        const counted = { ...grown, ...(told ? {} : { lengthEncoding }) };
        const cost = lengthCost + (told ? 0 : COST.member);
        found.push({ source: counted, cost });
        if (encoding !== 'bcd' && !encoding.startsWith('hex')) continue;
        const other = (now.lengthCounts ?? form.defaults.lengthCounts) === 'units' ? 'bytes' : 'units';
        const source = countable({ ...counted, lengthCounts: other }, form.defaults);
        found.push({ source, cost: cost + COST.member });
      }
    }
    if (now.length !== 'fixed' && !isNew && !alike) continue;
    for (let max = 1; max <= FIXED_MAX; max++)
      if (max !== now.max || now.length !== 'fixed')
        found.push({ source: { ...typed, length: 'fixed', max }, cost: typeCost + sizeCost + (max % 2) });
  }
  return found.filter(one => !sameReading(one.source, now)).sort((a, b) => a.cost - b.cost);
}

function withoutForm(field: FieldSource, type: FieldType): FieldSource {
  const { encoding: _encoding, align: _align, pad: _pad, fill: _fill, values: _values, ...rest } = field;
  return { ...rest, type };
}

const lengthMax = (kind: FieldSource['length']): number =>
  kind === 'fixed' ? 0 : kind === 'llll' ? 9999 : LENGTH_MAX[kind];

/** Members that say how bytes are read. */
export const READING_MEMBERS = [
  'type',
  'encoding',
  'length',
  'lengthEncoding',
  'lengthCounts',
  'max',
  'align',
] as const;

/** True when two fields are read alike. */
export function sameReading(a: FieldSource, b: FieldSource): boolean {
  return READING_MEMBERS.every(member => (a[member] ?? usualMember(member)) === (b[member] ?? usualMember(member)));
}

const usualMember = (member: (typeof READING_MEMBERS)[number]): string | undefined =>
  member === 'align' ? 'left' : undefined;
