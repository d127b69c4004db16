import { describe, expect, test } from 'vitest';
import { encodeFields } from '../../src/iso8583/encode.ts';
import { MessageView } from '../../src/iso8583/message-view.ts';
import { partText, subfieldsOf, type SubfieldValue } from '../../src/iso8583/subfields.ts';
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
