import { describe, expect, test } from 'vitest';
import { detectMessage } from '../../src/iso8583/detect.ts';
import { encodeFields } from '../../src/iso8583/encode.ts';
import { checkSubfields, explainDetection, explainError, type Explanation } from '../../src/iso8583/explain.ts';
import { MessageView } from '../../src/iso8583/message-view.ts';
import { compileFieldPlan, type DialectSource, type FieldPlan } from '../../src/iso8583/plan.ts';
import { bytesOf, constructed, dialect, planWith } from './samples.ts';

const name = { zh: '域', en: 'field' };
const plan = planWith();

/** A dialect of characters: everything that the packed one of the samples does not have. */
const characters: DialectSource = {
  framing: { length: false, tpdu: false, header: false },
  mti: 'ascii',
  bitmap: 'hex',
  defaults: { digits: 'ascii', text: 'ascii', bytes: 'hex', length: 'ascii' },
  fields: {
    '2': { name, type: 'n', length: 'll', max: 19, class: 'pan' },
    '3': { name, type: 'n', length: 'fixed', max: 6, class: 'public' },
    '4': { name, type: 'an', length: 'lll', max: 200, class: 'private' },
    '5': { name, type: 'b', length: 'll', lengthCounts: 'bytes', max: 8, class: 'public' },
    '6': { name, type: 'ans', length: 'fixed', max: 5, class: 'public', encoding: 'ebcdic' },
    '7': { name, type: 'n', length: 'll', lengthEncoding: 'binary', max: 12, class: 'public' },
  },
  options: {},
  subfields: {},
  tags: {},
};

function planOf(source: DialectSource): FieldPlan {
  const compiled = compileFieldPlan(source);
  if (!compiled.ok) throw new Error(compiled.fault.cause);
  return compiled.value;
}

function explained(using: FieldPlan, bytes: Uint8Array): Explanation | undefined {
  const view = new MessageView(using);
  view.decode(bytes, 0, bytes.length);
  return explainError(view);
}
const ascii = (text: string): Explanation | undefined =>
  explained(
    planOf(characters),
    Uint8Array.from(text, char => char.charCodeAt(0)),
  );
const packed = (hex: string): Explanation | undefined => explained(plan, bytesOf(hex));
/** path, status, offset, expected, found */
const told = (e: Explanation | undefined): unknown[] => [e?.path, e?.status, e?.offset, e?.expected.en, e?.found.en];

describe('what was wanted and what is there, packed', () => {
  test.each<[string, string, unknown[]]>([
    ['message type cut', '02', ['mti', 'truncated', 1, '4 packed digits', '1 byte is left']],
    ['message type wrong', '0A00', ['mti', 'mti', 0, '4 packed digits', 'byte 0A']],
    ['bitmap cut', '020030', ['bitmap', 'truncated', 3, 'a bitmap of 8 bytes', '1 byte is left']],
    [
      'second bitmap',
      '0200B000000000000000',
      ['bitmap', 'second-bitmap', 2, 'bit 1 clear: this dialect has one bitmap', 'bit 1 of the bitmap is set'],
    ],
    [
      'field that is none',
      '02000100000000000000',
      ['8', 'unknown-field', 10, 'only fields that the dialect has', 'bit 8 of the bitmap is set'],
    ],
    [
      'fixed value cut',
      '02001000000000000000' + '0000',
      ['4', 'truncated', 12, '12 packed digits (6 bytes)', '2 bytes are left'],
    ],
    [
      'length missing',
      '02004000000000000000',
      ['2', 'truncated', 10, 'a packed LL length of at most 19 digits', 'nothing is left'],
    ],
    [
      'value behind a length cut',
      '02004000000000000000' + '162345',
      ['2', 'truncated', 13, '16 packed digits (8 bytes)', '2 bytes are left'],
    ],
    [
      'length that is no number',
      '02004000000000000000' + '1B2345',
      ['2', 'length-digits', 10, 'a packed LL length of at most 19 digits', 'byte 1B'],
    ],
    [
      'too long',
      '02004000000000000000' + '20' + '11'.repeat(10),
      ['2', 'too-long', 10, 'a packed LL length of at most 19 digits', 'a length of 20'],
    ],
    [
      'length written in characters',
      '02000000000001000000' + '3130' + '11'.repeat(10),
      ['40', 'too-long', 10, 'a packed LLL length of at most 999 characters', 'a length of 3130 ("10" in ASCII)'],
    ],
    [
      'filler in a card number',
      '02004000000000000000' + '16622500000000001F',
      ['2', 'digit', 18, '16 packed digits (8 bytes)', 'digit 16 of 16 is F, a filler'],
    ],
    [
      'separator in a card number',
      '02004000000000000000' + '1662250000000000D4',
      ['2', 'digit', 18, '16 packed digits (8 bytes)', 'digit 15 of 16 is D, the separator of a track'],
    ],
    [
      'letter in a card number: its kind, not itself',
      '02004000000000000000' + '16622500000000B014',
      ['2', 'digit', 17, '16 packed digits (8 bytes)', 'digit 13 of 16 is a letter A–F'],
    ],
    [
      'letter in an amount: itself',
      '02001000000000000000' + '00000000B014',
      ['4', 'digit', 14, '12 packed digits (6 bytes)', 'digit 9 of 12 is B'],
    ],
    [
      'odd digits at the right',
      '02000000020000000000' + '0A12',
      ['23', 'digit', 10, '3 packed digits (2 bytes)', 'digit 1 of 3 is A'],
    ],
    [
      'bytes left',
      '02002000000000000000' + '00000000FF',
      ['3', 'trailing', 13, 'the end of the message after field 3', '2 bytes'],
    ],
  ])('%s', (_, hex, expected) => {
    expect(told(packed(hex))).toEqual(expected);
  });

  test('nothing when nothing is wrong, and before the first decode', () => {
    expect(packed('02002000000000000000000000')).toBeUndefined();
    expect(explainError(new MessageView(plan))).toBeUndefined();
  });

  test('both languages, the name, where the field begins, and the very half byte', () => {
    const amount = packed('02001000000000000000' + '00000000B014');
    expect(amount).toMatchObject({
      name: { zh: '交易金额' },
      start: 10,
      mark: { from: 28, size: 1 },
      expected: { zh: '12位压缩数字（6字节）' },
      found: { zh: '第9位（共12）：B' },
      zh: '含有非数字',
    });
    expect(packed('02000000000001000000' + '3130' + '11'.repeat(10))?.mark).toEqual({ from: 20, size: 4 });
    expect(packed('02001000000000000000' + '0000')?.mark).toEqual({ from: 24, size: 0 });
  });
});

describe('what was wanted and what is there, in characters', () => {
  test.each<[string, string, unknown[]]>([
    ['bitmap', '08002000000X00000000', ['bitmap', 'character', 11, 'a bitmap of 16 hex characters']],
    ['type', 'A800', ['mti', 'mti', 0, '4 ASCII digits', 'byte 41']],
    [
      'card number',
      '0200400000000000000016411111111 111111',
      ['2', 'digit', 31, '16 ASCII digits', 'digit 10 of 16 is a space'],
    ],
    [
      'length',
      '02004000000000000000x6',
      ['2', 'length-digits', 20, 'an ASCII LL length of at most 19 digits', 'byte 78'],
    ],
    [
      'processing code',
      '0200200000000000000000a000',
      ['3', 'digit', 22, '6 ASCII digits', 'digit 3 of 6 is a letter "a" (61)'],
    ],
    [
      'hidden text',
      '02001000000000000000003a\tc',
      ['4', 'character', 24, '3 printable ASCII characters', 'character 2 of 3 is a control character'],
    ],
    ['half a byte of hex', '0200080000000000000003ABC', ['5', 'length-odd', 20, 'an even length', 'a length of 3']],
    ['hex cut', '0200080000000000000008ABC', ['5', 'truncated', 25, '4 bytes as 8 hex characters', '3 bytes are left']],
    [
      'EBCDIC cut',
      '02000400000000000000\xc1',
      ['6', 'truncated', 21, '5 printable EBCDIC characters', '1 byte is left'],
    ],
    [
      'binary length',
      '02000200000000000000\x20',
      ['7', 'too-long', 20, 'a binary LL length of at most 12 digits', 'a length of 32'],
    ],
  ])('%s', (_, text, expected) => {
    expect(told(ascii(text)).slice(0, expected.length)).toEqual(expected);
  });
});

describe('a whole frame', () => {
  const { bytes, bodyStart } = constructed[1];
  const all = (input: Uint8Array): Explanation[] => {
    const found = detectMessage(dialect, input);
    if (!found.ok) throw new Error(found.fault.cause);
    return explainDetection(found.value, input);
  };

  test('a good one has nothing to explain', () => {
    expect(all(bytes)).toEqual([]);
  });

  test('a frame that was cut: the body, then the length', () => {
    expect(all(bytes.subarray(0, 40)).map(told)).toEqual([
      ['4', 'truncated', 40, '12 packed digits (6 bytes)', '5 bytes are left'],
      ['frame', 'frame-length', 0, '148 bytes after the length, as it says', '38 bytes'],
    ]);
  });

  test('bytes after the frame', () => {
    const more = Uint8Array.from([...bytes, 1, 2, 3]);
    expect(all(more)).toMatchObject([
      { path: 'frame', status: 'trailing', offset: bytes.length, mark: { from: bytes.length * 2, size: 6 } },
    ]);
  });

  test('every cut and every flipped byte is explained without a digit of the card number in any text', () => {
    const pan = '6225918273645546';
    const hidden = bytes.slice();
    hidden.set(bytesOf(pan), bodyStart + 11);
    for (let i = 1; i < hidden.length; i++) {
      for (const flip of [0, 0xff, 0x0f]) {
        const broken = flip === 0 ? hidden.slice(0, i) : hidden.slice();
        if (flip !== 0) broken[i] ^= flip;
        const found = detectMessage(dialect, broken);
        if (!found.ok) throw new Error(found.fault.cause);
        const texts = explainDetection(found.value, broken);
        expect(found.value.status === 0 || texts.some(each => each.severity === 'error')).toBe(true);
        for (const each of texts) {
          const text = JSON.stringify([each.expected, each.found, each.path]);
          for (let from = 0; from + 5 <= pan.length; from++) expect(text).not.toContain(pan.slice(from, from + 5));
          expect(each.offset).toBeLessThanOrEqual(broken.length);
        }
      }
    }
  });
});

describe('sub-fields', () => {
  function warnings(mti: string, fields: Record<string, string>): unknown[][] {
    const out = new Uint8Array(3000);
    const end = encodeFields(plan, mti, fields, out);
    if (!end.ok) throw new Error(end.fault.cause);
    const view = new MessageView(plan);
    expect(view.decode(out, 0, end.value)).toBe(0);
    return checkSubfields(plan, view).map(each => {
      expect(each.severity).toBe('warning');
      return [each.path, each.status, each.offset, each.expected.en, each.found.en];
    });
  }

  test('parts that are cut, values that go on', () => {
    expect(warnings('0200', { 60: '2200' })).toEqual([['60.2', 'truncated', 13, '6 digits', '2 digits are left']]);
    expect(warnings('0200', { 61: '00000100010107319' })).toEqual([
      ['61.4', 'truncated', 20, '2 digits', '1 digit is left'],
    ]);
    expect(warnings('0200', { 22: '051', 53: '2610000000000000' })).toEqual([]);
    expect(warnings('0210', { 54: '1002156C0000000123451002156' })).toEqual([
      ['54.#2.4', 'truncated', 39, '1 character', 'nothing is left'],
    ]);
  });

  test('chip tags: what is cut, where, and under which tag', () => {
    expect(warnings('0200', { 55: '9F3602031E9F26081122' })).toEqual([
      ['55.9F26', 'truncated', 17, '8 bytes', '2 bytes are left'],
    ]);
    expect(warnings('0200', { 55: '9F3602031E9F26' })).toEqual([
      ['55.9F26', 'truncated', 17, 'a whole tag and its length', '2 bytes are left'],
    ]);
    expect(warnings('0200', { 55: '9F2688' + '11'.repeat(9) })).toEqual([
      ['55.9F26', 'too-long', 12, 'a definite length of at most 3 bytes', 'a length that begins with 88'],
    ]);
    expect(warnings('0200', { 55: '720686041122' })).toEqual(
      [['55', 'truncated', 12, '6 bytes', '4 bytes are left']].map(each => ['55.72', ...each.slice(1)]),
    );
    expect(warnings('0200', { 55: '720486041122' })).toEqual([
      ['55.72.86', 'truncated', 14, '4 bytes', '2 bytes are left'],
    ]);
    expect(warnings('0200', { 55: '9F3602031E9FFFFFFF0100' })[0].slice(0, 2)).toEqual(['55', 'too-long']);
  });

  test('card data behind a wrong length is not told as tags', () => {
    // The length of 57 says 1 where 8 bytes of a track stand.
    const shown = warnings('0200', { 55: '9F3602031E' + '5701' + '6225918273645546' });
    expect(shown).toEqual([['55', 'too-long', 20, 'a definite length of at most 3 bytes', 'another form of length']]);
  });

  test('tagged text', () => {
    expect(warnings('0200', { 59: 'A20150100201020031235Q' })).toEqual([
      ['59', 'truncated', 32, 'a tag of 2 characters and a length of 3 digits', '2 characters are left'],
    ]);
    expect(warnings('0200', { 59: 'A3x191' })).toEqual([
      ['59.A3', 'length-digits', 12, 'an LLL length', 'no decimal number'],
    ]);
    expect(warnings('0200', { 59: 'free text' })).toEqual([]);
    expect(warnings('0810', { 60: '00000001360', 62: Buffer.from('116099').toString('hex') })).toEqual([
      ['62', 'unknown-field', expect.any(Number), expect.stringMatching(/^one of 11, 12, .*…$/), 'unknown tag'],
    ]);
  });
});
