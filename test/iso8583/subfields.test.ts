import { describe, expect, test } from 'vitest';
import { encodeFields } from '../../src/iso8583/encode.ts';
import { MessageView } from '../../src/iso8583/message-view.ts';
import { compileFieldPlan, type DialectSource, type FieldSource } from '../../src/iso8583/plan.ts';
import type { LayoutSource } from '../../src/iso8583/source.ts';
import {
  SUBFIELDS_MAX,
  divideField,
  partText,
  subfieldAt,
  subfieldsOf,
  type DividedField,
  type SubfieldValue,
} from '../../src/iso8583/subfields.ts';
import { encodeGbk } from '../../src/wire/gbk.ts';
import { toHex } from '../../src/wire/hex.ts';
import { captured, constructed, planWith, type Sample } from './samples.ts';

const plan = planWith();

function viewOf(mti: string, fields: Record<string, string>): MessageView {
  const out = new Uint8Array(3000);
  const end = encodeFields(plan, mti, fields, out);
  if (!end.ok) throw new Error(end.fault.cause);
  const view = new MessageView(plan);
  expect(view.decode(out, 0, end.value)).toBe(0);
  return view;
}

function viewOfSample(sample: Sample): MessageView {
  const view = new MessageView(plan);
  view.decode(sample.bytes, sample.bodyStart, sample.bytes.length);
  return view;
}

const flat = (parts: readonly SubfieldValue[]): unknown[] =>
  parts.map(part => (part.children.length > 0 ? [part.id, flat(part.children)] : `${part.id}=${part.text}`));
const of = (view: MessageView, field: number): unknown[] => flat(subfieldsOf(plan, view, field));
const hex = (text: string): string => toHex(new TextEncoder().encode(text));

describe('digits', () => {
  test('60 in all its lengths; what is cut off is left out', () => {
    const parts = (value: string): unknown[] => of(viewOf('0200', { 60: value }), 60);
    expect(parts('22000001')).toEqual(['60.1=22', '60.2=000001']);
    expect(parts('22000001000501')).toEqual(['60.1=22', '60.2=000001', '60.3=000', '60.4=5', '60.5=0', '60.6=1']);
    expect(parts('2200000100060104899')).toEqual([
      '60.1=22',
      '60.2=000001',
      '60.3=000',
      '60.4=6',
      '60.5=0',
      '60.6=1',
      '60.7=048',
      '60.8=99',
    ]);
    expect(parts('220000010')).toEqual(['60.1=22', '60.2=000001', '60.3=0']);
    expect(parts('')).toEqual([]);
    const [type] = subfieldsOf(plan, viewOf('0200', { 60: '22000001' }), 60);
    expect(type.meaning).toEqual({ zh: '消费', en: 'sale' });
    expect(subfieldsOf(plan, viewOf('0200', { 60: '99000001' }), 60)[0].meaning).toBeUndefined();
  });

  test('22, 53 and 61', () => {
    const view = viewOf('0200', { 22: '051', 53: '2610000000000000', 61: '0000010001010731' });
    expect(of(view, 22)).toEqual(['22.1=05', '22.2=1']);
    expect(of(view, 53)).toEqual(['53.1=2', '53.2=6', '53.3=1', '53.4=0000000000000']);
    expect(of(view, 61)).toEqual(['61.1=000001', '61.2=000101', '61.3=0731']);
    const right = planWith({ entryModeAlign: 'right' });
    const other = new MessageView(right);
    const bytes = Uint8Array.of(2, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0x00, 0x21);
    other.decode(bytes, 0, bytes.length);
    expect(flat(subfieldsOf(right, other, 22))).toEqual(['22.1=02', '22.2=1']);
  });

  test('48 is read by message: totals, details, count, tip', () => {
    const settle = viewOfSample(captured[22]);
    expect(of(settle, 48)).toEqual([
      '48.1=000000000011',
      '48.2=011',
      '48.3=000000000002',
      '48.4=002',
      '48.5=1',
      '48.6=000000000000',
      '48.7=000',
      '48.8=000000000000',
      '48.9=000',
      '48.10=1',
    ]);
    expect(of(viewOfSample(constructed[12]), 48)).toEqual([
      '48.1=02',
      ['#1', ['48.2=00', '48.3=000101', '48.4=00006225000000000014', '48.5=000000001234']],
      ['#2', ['48.2=00', '48.3=000102', '48.4=00006225000000000014', '48.5=000000001234']],
    ]);
    expect(of(viewOfSample(constructed[13]), 48)).toEqual(['48.1=0002']);
    expect(of(viewOf('0220', { 48: '000000000500', 60: '34000001000' }), 48)).toEqual(['48.1=000000000500']);
    expect(of(viewOf('0200', { 48: '0', 60: '22000001000' }), 48)).toEqual([]);
    expect(of(viewOf('0320', { 48: '0100000101', 60: '00000001201' }), 48)).toEqual([
      '48.1=01',
      ['#1', ['48.2=00', '48.3=000101']],
    ]);
  });

  test('parts by number, for rules', () => {
    const view = viewOf('0200', { 60: '2200000100050', 3: '310000' });
    expect(partText(plan, view, '60.2')).toBe('000001');
    expect(partText(plan, view, '60.3')).toBe('000');
    expect(partText(plan, view, '60.6')).toBe('');
    expect(partText(plan, viewOf('0200', { 60: '220000010' }), '60.3')).toBe('');
    expect(partText(plan, view, '61.1')).toBe('');
    expect(partText(plan, view, '3.1')).toBe('31');
  });
});

describe('characters', () => {
  test('44 and 54', () => {
    const balance = '1002156C0000000123451002156D000000000007';
    const view = viewOf('0210', { 44: '01020000   48020000   ', 54: balance });
    expect(of(view, 44)).toEqual(['44.1=01020000   ', '44.2=48020000   ']);
    expect(of(view, 54)).toEqual([
      ['#1', ['54.1=10', '54.2=02', '54.3=156', '54.4=C', '54.5=000000012345']],
      ['#2', ['54.1=10', '54.2=02', '54.3=156', '54.4=D', '54.5=000000000007']],
    ]);
  });

  test('59: chains, chains in chains, unknown tags, broken ends, and a value that is no chain', () => {
    const chain = (value: string): unknown[] => of(viewOf('0200', { 59: value }), 59);
    expect(chain('A402058210526789789570802')).toEqual(['A4=58210526789789570802']);
    expect(chain('A20150100201020031235Q')).toEqual([['A2', ['01=01', '02=123']], 'rest=5Q']);
    expect(chain('A20170100201020031235QZZ003xyz')).toEqual([['A2', ['01=01', '02=123', 'rest=5Q']], 'ZZ=xyz']);
    expect(chain('ZZ003xyzA1')).toEqual(['ZZ=xyz', 'rest=A1']);
    expect(chain('ZZ000A3001Q')).toEqual(['ZZ=', 'A3=Q']);
    expect(chain('A39991')).toEqual([]);
    expect(of(viewOfSample(captured[4]), 59)).toEqual([]);
    const [unknown] = subfieldsOf(plan, viewOf('0200', { 59: 'ZZ003xyz' }), 59);
    expect(unknown.class).toBe('private');
  });

  test('63 by message; Chinese text is read as GBK', () => {
    expect(of(viewOf('0800', { 63: '01 ' }), 63)).toEqual(['63.1=01 ']);
    expect(of(viewOf('0220', { 63: '000' }), 63)).toEqual(['63.1=000']);
    const issuer = String.fromCharCode(...encodeGbk('余额不足'), ...new Array<number>(12).fill(0x20));
    expect(of(viewOf('0210', { 63: `CUP${issuer}` }), 63)).toEqual(['63.1=CUP', '63.2=余额不足            ']);
  });
});

describe('bytes', () => {
  test('62 of a sign-on answer: keys and their check values', () => {
    const view = viewOfSample(constructed[8]);
    expect(of(view, 62)).toEqual([
      '62.1=950973182317F80B950973182317F80B',
      '62.2=00962B60',
      '62.3=F679786E2411E3DE0000000000000000',
      '62.4=ADC67D84',
      '62.5=A0C45C59F1E549BBA0C45C59F1E549BB',
      '62.6=E2F24340',
    ]);
    expect(subfieldsOf(plan, view, 62).map(part => part.class)).toEqual([
      'key',
      'public',
      'key',
      'public',
      'key',
      'public',
    ]);
    for (const [size, sizes] of [
      [24, [8, 4, 8, 4]],
      [40, [16, 4, 16, 4]],
      [56, [24, 4, 24, 4]],
      [84, [24, 4, 24, 4, 24, 4]],
    ] as const) {
      const answer = viewOf('0810', { 60: '00000001003', 62: '00'.repeat(size) });
      expect(subfieldsOf(plan, answer, 62).map(part => part.size)).toEqual(sizes);
    }
    expect(of(viewOf('0810', { 60: '00000001003', 62: '00'.repeat(41) }), 62)).toEqual([]);
  });

  test('62 of a sign-on, of a TC, of a key list, of parameters', () => {
    expect(of(viewOf('0800', { 60: '00000001003', 62: hex('Sequence No16315305SXX-D4300001') }), 62)).toEqual([
      '62.1=Sequence No',
      '62.2=16',
      '62.3=3153',
      '62.4=05SXX-D4300001',
    ]);
    expect(of(viewOf('0320', { 60: '00000001203', 62: hex('610000000000001234156') }), 62)).toEqual([
      '62.1=61',
      '62.2=00',
      '62.3=00',
      '62.4=000000001234',
      '62.5=156',
    ]);
    expect(of(viewOf('0810', { 60: '00000001370', 62: '319F0605A0000003339F220101' }), 62)).toEqual([
      '62.1=1',
      '9F06=A000000333',
      '9F22=01',
    ]);
    expect(of(viewOf('0810', { 60: '00000001360', 62: hex('116012601829905') }), 62)).toEqual([
      '11=60',
      '12=60',
      '18=2',
      'rest=3939303' + '5',
    ]);
  });

  test('55: chip tags with names, constructed ones with their content, unknown ones private', () => {
    const parts = (value: string): readonly SubfieldValue[] => subfieldsOf(plan, viewOf('0210', { 55: value }), 55);
    const good = parts('9F3602031E7207860580CA9F3600DF7A01FF5A086225000000000014');
    expect(flat(good)).toEqual(['9F36=031E', ['72', ['86=80CA9F3600']], 'DF7A=FF', '5A=6225000000000014']);
    expect(good.map(part => [part.class, part.name.en])).toEqual([
      ['public', 'application transaction counter'],
      ['public', 'issuer script 2'],
      ['private', 'unknown tag'],
      ['pan', 'application PAN'],
    ]);
    expect(flat(parts('9F3602031E9F26081122'))).toEqual(['9F36=031E', 'rest=9F26081122']);
    expect(flat(parts('720486021122'))).toEqual([['72', ['86=1122']]]);
    expect(flat(parts('720486031122'))).toEqual([['72', ['rest=86031122']]]);
  });
});

describe('other encodings and layouts', () => {
  const name = { zh: '部分', en: 'part' };
  const open = { name, class: 'public' as const };
  const tags = { '9F36': { name, class: 'public' as const }, '5A': { name, class: 'pan' as const } };

  /** A dialect in characters whose only field 48 is `field`, divided by `layout`. */
  function source(field: Partial<FieldSource>, layout: LayoutSource): DialectSource {
    return {
      framing: { length: false, tpdu: false, header: false },
      mti: 'ascii',
      bitmap: 'hex',
      defaults: { digits: 'ascii', text: 'ascii', bytes: 'binary', length: 'ascii' },
      fields: { '48': { name, type: 'ans', length: 'lll', max: 999, class: 'private', ...field } },
      options: {},
      subfields: { '48': [layout] },
      tags,
    };
  }

  function viewOfOne(field: Partial<FieldSource>, layout: LayoutSource, value: string): MessageView {
    const compiled = compileFieldPlan(source(field, layout));
    if (!compiled.ok) throw new Error(compiled.fault.cause);
    const out = new Uint8Array(3000);
    const end = encodeFields(compiled.value, '0200', { 48: value }, out);
    if (!end.ok) throw new Error(end.fault.cause);
    const view = new MessageView(compiled.value);
    expect(view.decode(out, 0, end.value)).toBe(0);
    return view;
  }

  function divided(field: Partial<FieldSource>, layout: LayoutSource, value: string): DividedField {
    const view = viewOfOne(field, layout, value);
    return divideField(view.plan, view, 48);
  }
  const pieces = (field: Partial<FieldSource>, layout: LayoutSource, value: string): unknown[] =>
    flat(divided(field, layout, value).parts);
  const wrong = (field: Partial<FieldSource>, layout: LayoutSource, value: string): unknown[] =>
    divided(field, layout, value).problems.map(each => [each.path, each.status, each.from, each.size]);

  const pair: LayoutSource = {
    parts: [
      { id: '48.1', length: 2, ...open },
      { id: '48.2', length: 3, ...open },
    ],
  };

  test('digits and texts in ASCII and EBCDIC, bytes as they are and as hex: the same pieces', () => {
    for (const field of [
      { type: 'n' },
      { type: 'n', encoding: 'ebcdic' },
      { type: 'n', encoding: 'bcd' },
      { type: 'z' },
      { type: 'an' },
      { type: 'ans', encoding: 'ebcdic' },
    ] as const) {
      expect(pieces(field, pair, '12345'), JSON.stringify(field)).toEqual(['48.1=12', '48.2=345']);
    }
    expect(pieces({ type: 'z', encoding: 'ebcdic' }, pair, '1D234')).toEqual(['48.1=1D', '48.2=234']);
    const bytes: LayoutSource = {
      parts: [
        { id: '48.1', length: 2, ...open },
        { id: '48.2', type: 'b', ...open },
      ],
    };
    for (const encoding of ['binary', 'hex', 'hexEbcdic'] as const) {
      expect(pieces({ type: 'b', encoding }, bytes, '4142FE00')).toEqual(['48.1=AB', '48.2=FE00']);
    }
  });

  test('where a piece stands in the bytes of the message', () => {
    // Message type 4, bitmap 16, length 3: values begin at 23.
    const place = (field: Partial<FieldSource>, layout: LayoutSource, value: string): unknown[] =>
      divided(field, layout, value).parts.map(part => [part.offset, part.length]);
    expect(place({ type: 'n', encoding: 'bcd' }, pair, '12345')).toEqual([
      [23, 1],
      [24, 2],
    ]);
    expect(place({ type: 'ans' }, pair, '12345')).toEqual([
      [23, 2],
      [25, 3],
    ]);
    expect(place({ type: 'b', encoding: 'hex' }, { tlv: true }, '9F3602031E')).toEqual([[29, 4]]);
  });

  test('chip tags in bytes, in hex, in hex of EBCDIC', () => {
    for (const encoding of ['binary', 'hex', 'hexEbcdic'] as const) {
      const value = '9F3602031E70059F3602AAAA5A021234';
      expect(pieces({ type: 'b', encoding }, { tlv: true }, value)).toEqual([
        '9F36=031E',
        ['70', ['9F36=AAAA']],
        '5A=1234',
      ]);
      expect(wrong({ type: 'b', encoding }, { tlv: true }, '9F3602031E5A0412')).toEqual([['48.5A', 1, 5, 3]]);
    }
  });

  test('chains and conditions in EBCDIC', () => {
    const chain: LayoutSource = {
      when: { starts: 'A1' },
      chain: { tagLength: 2, lengthDigits: 2, tags: { A1: open } },
    };
    expect(pieces({ encoding: 'ebcdic' }, chain, 'A103xyz')).toEqual(['A1=xyz']);
    expect(pieces({ encoding: 'ebcdic' }, chain, 'B103xyz')).toEqual([]);
  });

  const prefixed: LayoutSource = {
    parts: [
      { id: '48.1', length: 'll', max: 10, type: 'n', ...open },
      { id: '48.2', length: 'lll', ...open },
    ],
  };

  test('parts with a length before them', () => {
    expect(pieces({}, prefixed, '03123004wxyz')).toEqual(['48.1=123', '48.2=wxyz']);
    expect(pieces({ type: 'n', encoding: 'bcd' }, prefixed, '030120029900')).toEqual([
      '48.1=012',
      '48.2=99',
      'rest=00',
    ]);
    expect(pieces({}, prefixed, '00000')).toEqual(['48.1=', '48.2=']);
    expect(wrong({}, prefixed, '0')).toEqual([['48.1', 1, 0, 1]]);
    expect(wrong({}, prefixed, 'x3123')).toEqual([['48.1', 5, 0, 2]]);
    expect(wrong({}, prefixed, '11123')).toEqual([['48.1', 6, 0, 2]]);
    expect(wrong({}, prefixed, '05123')).toEqual([['48.1', 1, 2, 3]]);
    expect(wrong({}, prefixed, '0312x')).toEqual([['48.1', 7, 4, 1]]);
    expect(wrong({}, prefixed, '03123002abZ')).toEqual([['48', 9, 10, 1]]);
  });

  test('in bytes: lengths and values packed, in EBCDIC and binary', () => {
    const layout: LayoutSource = {
      parts: [
        { id: '48.1', length: 'll', lengthEncoding: 'bcd', type: 'n', encoding: 'bcd', ...open },
        { id: '48.2', length: 'll', lengthEncoding: 'ebcdic', type: 'an', encoding: 'ebcdic', ...open },
        { id: '48.3', length: 'lll', lengthEncoding: 'binary', type: 'b', ...open },
      ],
    };
    const field = { type: 'b' } as const;
    expect(pieces(field, layout, '021234' + 'F0F2C1C2' + '0003AABBCC')).toEqual([
      '48.1=1234',
      '48.2=AB',
      '48.3=AABBCC',
    ]);
    expect(wrong(field, layout, '02123B')).toEqual([['48.1', 7, 2, 1]]);
    expect(wrong(field, layout, '0112' + 'F0F103')).toEqual([['48.2', 8, 4, 1]]);
    expect(wrong(field, layout, '0112' + 'F03000')).toEqual([['48.2', 5, 2, 2]]);
    expect(wrong(field, layout, '1B12')).toEqual([['48.1', 5, 0, 1]]);
  });

  const mapped: LayoutSource = {
    bitmap: {
      length: 1,
      parts: {
        '2': { id: '48.2', length: 'll', ...open },
        '3': {
          id: '48.3',
          length: 2,
          ...open,
          inside: {
            parts: [
              { id: '48.3.1', length: 1, ...open },
              { id: '48.3.2', length: 1, ...open },
            ],
          },
        },
      },
    },
  };

  test('parts that a bitmap of their own announces', () => {
    expect(pieces({}, mapped, '6002ABxy')).toEqual(['bitmap=60', '48.2=AB', ['48.3', ['48.3.1=x', '48.3.2=y']]]);
    expect(pieces({ type: 'b', encoding: 'hex' }, mapped, '207879')).toEqual([
      'bitmap=20',
      ['48.3', ['48.3.1=x', '48.3.2=y']],
    ]);
    expect(pieces({}, mapped, '00')).toEqual(['bitmap=00']);
    expect(wrong({}, mapped, '6')).toEqual([['48', 1, 0, 1]]);
    expect(wrong({}, mapped, '6X02AB')).toEqual([['48', 8, 1, 1]]);
    expect(wrong({}, mapped, '40')).toEqual([['48.2', 1, 2, 0]]);
    expect(wrong({}, mapped, '30xy12')).toEqual([['48.4', 4, 0, 2]]);
    expect(pieces({}, mapped, '30xy12')).toEqual(['bitmap=30', ['48.3', ['48.3.1=x', '48.3.2=y']], 'rest=12']);
    expect(wrong({}, mapped, '20xyz')).toEqual([['48', 9, 4, 1]]);
  });

  test('a bitmap that doubles itself', () => {
    const layout: LayoutSource = {
      bitmap: {
        length: 1,
        extended: true,
        parts: { '9': { id: '48.9', length: 1, ...open }, '2': { id: '48.2', length: 1, ...open } },
      },
    };
    expect(pieces({}, layout, 'C080ab')).toEqual(['bitmap=C080', '48.2=a', '48.9=b']);
    expect(pieces({}, layout, '40a')).toEqual(['bitmap=40', '48.2=a']);
    expect(wrong({}, layout, 'C0')).toEqual([['48', 1, 2, 0]]);
  });

  test('paths find pieces of any depth', () => {
    const view = viewOfOne({}, mapped, '6002ABxy');
    expect(subfieldAt(view.plan, view, '48.3.2')?.text).toBe('y');
    expect(subfieldAt(view.plan, view, '48.2')?.text).toBe('AB');
    expect(subfieldAt(view.plan, view, '48.9')).toBeUndefined();
    expect(partText(view.plan, view, '48.2')).toBe('');
    const chip = viewOf('0210', { 55: '72089F3602031E860180' });
    expect(subfieldAt(plan, chip, '55.72.86')?.text).toBe('80');
    expect(subfieldAt(plan, chip, '55.72')?.size).toBe(8);
  });

  test('digits of a card that look like tags behind a wrong length stay one rest', () => {
    expect(of(viewOf('0210', { 55: '9F3602031E' + '5701' + '62220259182736455463' }), 55)).toEqual([
      '9F36=031E',
      '57=62',
      'rest=220259182736455463',
    ]);
    expect(of(viewOf('0210', { 55: '9F3602031E' + 'DF310122' + '9F2608' }), 55)).toEqual([
      '9F36=031E',
      'DF31=22',
      'rest=9F2608',
    ]);
  });

  test('work is bounded: pieces of one value, and depth', () => {
    const repeat: LayoutSource = { repeat: [{ id: '48.1', length: 1, ...open }] };
    const many = divided({ length: 'llll', max: 2000 }, repeat, 'x'.repeat(1500));
    expect(many.problems.map(each => each.path)).toEqual(['48']);
    const count = (parts: readonly SubfieldValue[]): number =>
      parts.reduce((sum, part) => sum + 1 + count(part.children), 0);
    expect(count(many.parts)).toBeLessThanOrEqual(SUBFIELDS_MAX + 2);
    let nested = '9F3600';
    for (let i = 0; i < 30; i++) nested = `70${(nested.length / 2).toString(16).padStart(2, '0')}${nested}`;
    const deep = divided({ type: 'b' }, { tlv: true }, nested);
    const depth = (parts: readonly SubfieldValue[]): number =>
      1 + Math.max(0, ...parts.map(part => depth(part.children)));
    expect(depth(deep.parts)).toBe(10);
  });

  test.each<[string, unknown, string]>([
    ['max without a length', { parts: [{ id: '48.1', length: 2, max: 3, ...open }] }, '/subfields/48/0/parts/0/max'],
    [
      'max beyond the digits',
      { parts: [{ id: '48.1', length: 'll', max: 100, ...open }] },
      '/subfields/48/0/parts/0/max',
    ],
    ['no such length', { parts: [{ id: '48.1', length: 'x', ...open }] }, '/subfields/48/0/parts/0/length'],
    ['length encoding alone', { parts: [{ id: '48.1', lengthEncoding: 'bcd', ...open }] }, '/parts/0/lengthEncoding'],
    ['encoding', { parts: [{ id: '48.1', encoding: 'hex', ...open }] }, '/subfields/48/0/parts/0/encoding'],
    ['bit', { bitmap: { length: 1, parts: { '9': { id: '48.9', length: 1, ...open } } } }, '/bitmap/parts/9'],
    [
      'first bit of a doubling bitmap',
      { bitmap: { length: 1, extended: true, parts: { '1': { id: '48.1', length: 1, ...open } } } },
      '/bitmap/parts/1',
    ],
    ['bitmap length', { bitmap: { length: 17, parts: {} } }, '/bitmap/length'],
    ['two rests', { tlv: true, bitmap: { length: 1, parts: {} } }, 'tlv and bitmap'],
    ['nothing inside', { parts: [{ id: '48.1', length: 2, ...open, inside: {} }] }, '/parts/0/inside'],
    ['when inside', { parts: [{ id: '48.1', length: 2, ...open, inside: { when: {}, tlv: true } }] }, '/inside/when'],
  ])('a wrong layout is refused: %s', (_, layout, where) => {
    const compiled = compileFieldPlan(source({}, layout as LayoutSource));
    expect(compiled.ok ? '' : compiled.fault.cause).toContain(where);
  });
});
