import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  Codec,
  CodecError,
  describeMti,
  repeatMti,
  responseMti,
  reversalMti,
  type DialectSource,
  type Draft,
} from '../../src/iso8583/index.ts';
import { captured, constructed } from '../iso8583/samples.ts';
import { isoNames, shippedDialect } from './dialects.ts';

const PAN = '4242424242424242';
const TRACK = `${PAN}D25121010000012345678`;
const CHIP = '9F3602001F5A0842424242424242429F10021234DF7F021122';

const ascii = Codec.of(shippedDialect('iso8583-1987-ascii'), { required: { '0200': [3, 4, 11] } });
const union = Codec.of(shippedDialect('unionpay-pos'));

const request = (codec: Codec): Draft =>
  codec
    .build('0200')
    .set(35, TRACK)
    .set(2, PAN)
    .set(3, '000000')
    .set(4, 1234)
    .set(11, 7)
    .set(41, 'T1')
    .set(55, CHIP)
    .set(14, '2512')
    .set(52, '0123456789ABCDEF')
    .set(90, '0'.repeat(42));

const body = request(ascii).bytes();
const message = ascii.decode(body);

describe('reading', () => {
  test('values in clear, as text, number or bytes', () => {
    expect(message.ok).toBe(true);
    expect(message.mti).toBe('0200');
    expect(message.fields()).toEqual([2, 3, 4, 11, 14, 35, 41, 52, 55, 90]);
    expect(message.get(2)).toBe(PAN);
    expect(message.get(4)).toBe('000000001234');
    expect(message.number(4)).toBe(1234);
    expect(message.get(35)).toBe(TRACK);
    expect(message.get(52)).toEqual(Uint8Array.of(0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef));
    expect(message.text(52)).toBe('0123456789ABCDEF');
    expect(message.bytes(41)).toEqual(new TextEncoder().encode('T1      '));
    expect([message.has(4), message.has(5), message.get(5), message.number(5)]).toEqual([
      true,
      false,
      undefined,
      undefined,
    ]);
    expect([...message].map(([field]) => field)).toEqual(message.fields());
    expect(message.nameOf(4)?.en).toBe('transaction amount');
  });

  test('parts by their path, chip tags that nobody knows among them', () => {
    expect(message.get('3.1')).toBe('00');
    expect(message.get('55.9F36')).toBe('001F');
    expect(message.get('55.DF7F')).toBe('1122');
    expect(message.get('55.9F26')).toBeUndefined();
    expect(message.get('60.1')).toBeUndefined();
    const tags = message.parts(55).map(part => [part.path, part.class, part.masked]);
    expect(tags).toEqual([
      ['55.9F36', 'public', '001F'],
      ['55.5A', 'pan', '424242******4242'],
      ['55.9F10', 'public', '1234'],
      ['55.DF7F', 'private', '****'],
    ]);
    expect(message.parts(3)[0].meaning?.en).toBe('purchase');
  });

  test('what a codec requires', () => {
    expect(message.missing()).toEqual([]);
    expect(message.missing([4, 5, 128])).toEqual([5, 128]);
    const refused = ascii.build('0200').set(4, 1).tryBytes();
    expect(refused).toMatchObject({
      ok: false,
      fault: { name: 'missing-fields', cause: 'message 0200 lacks field 3, 11' },
    });
  });

  test('many messages of one codec do not disturb each other, and the bytes may be used again', () => {
    const bytes = ascii.build('0800').set(70, '301').bytes();
    const echo = ascii.decode(bytes);
    bytes.fill(0);
    expect([message.get(4), echo.get(70), message.get(11), echo.mti, message.mti]).toEqual([
      '000000001234',
      '301',
      '000007',
      '0800',
      '0200',
    ]);
    const copy = message.bytes(52);
    copy?.fill(0);
    expect(message.text(52)).toBe('0123456789ABCDEF');
  });

  test('what stands around a frame', () => {
    const sample = captured[0];
    const framed = union.decodeFrame(sample.bytes).orThrow();
    expect(framed.mti).toBe(sample.mti);
    expect(framed.toJSON()).toMatchObject({ tpdu: sample.tpdu, header: sample.header });
  });
});

describe('what may be logged', () => {
  const digits = /424242424242|2512|0123456789ABCDEF/;

  test.each(isoNames)('%s: nothing that prints a message or a draft shows card data', name => {
    const codec = Codec.of(shippedDialect(name));
    const draft = request(codec).set(90, undefined);
    if (name.includes('2003')) draft.set(4, '8402000000001234');
    const shown = codec.decode(draft.bytes()).orThrow();
    for (const text of [
      JSON.stringify(shown),
      shown.explain(),
      shown.explain({ lang: 'zh' }),
      String(shown),
      inspect(shown),
      inspect({ deep: [shown] }, { depth: 9, showHidden: true }),
      JSON.stringify(draft),
      String(draft),
      inspect(draft, { depth: 9, showHidden: true }),
    ]) {
      expect(text).not.toMatch(digits);
      expect(text).not.toContain('52,53,54');
    }
    expect(shown.explain()).toContain('424242******4242');
    expect(shown.explain({ clear: true })).toMatch(digits);
    expect(shown.masked(35)).toBe('*'.repeat(TRACK.length));
    expect(shown.masked(55)).toBe('9F3602001F5A08424242******42429F10021234DF7F02****');
    expect(shown.masked(52)).toBe('*'.repeat(16));
    expect(shown.masked(14)).toBe('****');
  });

  test('account numbers: fillers and zeros in wider places are no part of the number, short ones show nothing', () => {
    const chip = (value: string): string => ascii.decode(ascii.build('0400').set(55, value).bytes()).masked(55);
    expect(chip('5A0A6210055555555500081F')).toBe('5A0A621005*********0081F');
    expect(chip('5A0B0000000000000042424242')).toBe('5A0B0000000000000042**4242');
    // Too short for a card number: its length may be wrong, so nothing of it is told.
    expect(chip('5A050123456789')).toBe('*'.repeat(14));
    const masked = (pan: string): string => ascii.decode(ascii.build('0400').set(2, pan).bytes()).masked(2);
    expect(masked('6210055555555550008')).toBe('621005*********0008');
    expect(masked('42424242424')).toBe('424242*2424');
    expect(masked('4242424242')).toBe('**********');
    expect(masked('')).toBe('');
  });

  test('clear data has to be asked for, and is what encode takes', () => {
    expect(message.toJSON().fields[2]).toBe('424242******4242');
    expect(message.toJSON({ clear: true }).fields[2]).toBe(PAN);
    expect(message.toJSON('clear').fields[2]).toBe('424242******4242');
    expect(ascii.encode(message.toJSON({ clear: true }))).toEqual(body);
  });

  test('faults of encoding name the field and its want, never the value', () => {
    const wrong = ascii.build('0400').set(2, `${PAN}12345`).tryBytes();
    if (wrong.ok) throw new Error('encoded');
    expect(wrong.fault.cause).toBe(
      'field 2 (primary account number) of message 0400: longer than the dialect allows; wanted at most 19 digits, given 21 characters',
    );
    expect(() => ascii.build('0400').set(2, '42424x').bytes()).toThrow(/field 2 .primary account number/);
    expect(() => ascii.build('0400').set(2, '42424x').bytes()).not.toThrow(/42424x/);
    expect(() => ascii.build('04x0').bytes()).toThrow(CodecError);
    expect(() => ascii.build('0400').set(3, '0').bytes()).toThrow(/exactly 6 digits, given 1 characters/);
  });
});

test('numbers fill the whole of a fixed field, digits in a text do not', () => {
  const text = (value: string | number | bigint): string | undefined =>
    ascii.decode(ascii.build('0800').set(70, value).bytes()).text(70);
  expect([text(1), text(1n), text('001')]).toEqual(['001', '001', '001']);
  expect(() => text('1')).toThrow(/exactly 3 digits/);
  expect(() => text(-1)).toThrow(/the number does not fit/);
  expect(() => text(-1n)).toThrow(CodecError);
  expect(() => text(1000)).toThrow(/the number does not fit/);
  expect(() => text(1.5)).toThrow(/the number does not fit/);
  const long = 1234567890123456789n;
  expect(ascii.decode(ascii.build('0800').set(2, long).bytes()).text(2)).toBe('1234567890123456789');
});

describe('bad bytes', () => {
  test('never throw; what came before the error stays, the place is named, nothing hidden is told', () => {
    for (let length = 0; length < body.length; length++) {
      const cut = ascii.decode(body.subarray(0, length));
      expect(cut.ok).toBe(false);
      expect(cut.error?.offset).toBeLessThanOrEqual(length);
      for (const field of cut.fields()) expect(cut.text(field)).toBe(message.text(field));
      expect(cut.fault?.cause + cut.explain() + String(cut) + JSON.stringify(cut)).not.toContain(PAN);
    }
    const empty = ascii.decode(new Uint8Array(0));
    expect([empty.mti, empty.fields(), empty.ok]).toEqual(['', [], false]);
    expect(() => empty.orThrow()).toThrow(CodecError);
    expect(empty.result.ok).toBe(false);
  });

  test.each([...isoNames, 'unionpay-pos'])('%s: whatever the bytes are, all that reads a message returns', name => {
    const codec = Codec.of(shippedDialect(name));
    const whole = codec
      .build('0200')
      .set(2, PAN)
      .set(3, '000000')
      .set(11, 7)
      .set(35, TRACK)
      .set(54, '0102156C000000001234')
      .set(55, CHIP)
      .bytes();
    const changes = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 });
    const mutated = changes.map(list => {
      const bytes = whole.slice();
      for (const [at, byte] of list) bytes[at] = byte;
      return bytes;
    });
    let right = 0;
    fc.assert(
      fc.property(fc.oneof({ weight: 5, arbitrary: mutated }, fc.uint8Array({ maxLength: 200 })), bytes => {
        const read = codec.decode(bytes);
        const { error } = read;
        expect(read.ok).toBe(error === undefined);
        expect(read.explain({ lang: 'zh' }) + read.explain({ clear: true }) + String(read)).not.toBe('');
        expect(JSON.parse(JSON.stringify(read))).toHaveProperty('mti');
        expect(read.warnings()).toBeInstanceOf(Array);
        for (const field of read.fields()) expect(read.parts(field)).toBeInstanceOf(Array);
        expect(codec.decodeFrame(bytes).fields()).toBeInstanceOf(Array);
        if (!read.ok) return;
        right++;
        expect(codec.decode(codec.encode(read)).toJSON({ clear: true })).toEqual(read.toJSON({ clear: true }));
      }),
      { numRuns: 300, seed: 8583 },
    );
    expect(right).toBeGreaterThan(10);
  });

  test('a wrong digit in an account number: field, offset, want and kind, but no digit', () => {
    const bytes = body.slice();
    const at = 4 + 32 + 2 + 5;
    bytes[at] = 0x41;
    const wrong = ascii.decode(bytes);
    expect(wrong.error).toMatchObject({ status: 'digit', path: '2', offset: at });
    expect(wrong.error?.expected.en).toContain('16');
    expect(wrong.fields()).toEqual([]);
    expect(wrong.fault?.cause).not.toContain('4242');
  });

  test('chip data that is cut off inside: the message is right, the tag has a warning', () => {
    const odd = ascii.decode(ascii.build('0400').set(55, '9F3602001F9F2608AABB').bytes());
    expect(odd.ok).toBe(true);
    expect(odd.warnings()).toMatchObject([{ severity: 'warning', path: '55.9F26' }]);
    expect(odd.explain()).toContain('55.9F26');
    expect(message.warnings()).toEqual([]);
  });
});

describe('answers', () => {
  test('a response has the message type of the response and echoes what it is told to', () => {
    const answer = message.toResponse([3, 4, 11, 41, 70]).set(39, '00');
    expect(answer.mti).toBe('0210');
    const decoded = ascii.decode(answer.bytes());
    expect(decoded.toJSON({ clear: true })).toEqual({
      mti: '0210',
      fields: { 3: '000000', 4: '000000001234', 11: '000007', 39: '00', 41: 'T1      ' },
    });
    expect(decoded.respond()).toMatchObject({ ok: false, fault: { name: 'no-response' } });
    expect(() => decoded.toResponse()).toThrow(CodecError);
  });

  test('every captured and constructed message becomes a draft with the same bytes, fillers too', () => {
    let compared = 0;
    for (const sample of [...captured, ...constructed]) {
      const original = union.decode(sample.bytes.subarray(sample.bodyStart));
      if (!original.ok) continue;
      expect(union.encode(original)).toEqual(sample.bytes.slice(sample.bodyStart));
      compared++;
    }
    expect(compared).toBeGreaterThan(40);
  });
});

describe('message types', () => {
  test('in words', () => {
    const words = (mti: string): unknown[] => {
      const { version, class: about, function: what, origin } = describeMti(mti);
      return [version?.en, about?.en, what?.en, origin?.en];
    };
    expect(words('0200')).toEqual(['ISO 8583:1987', 'financial', 'request', 'acquirer']);
    expect(words('1431')).toEqual(['ISO 8583:1993', 'reversal', 'advice response', 'acquirer, repeat']);
    expect(words('2822')).toEqual(['ISO 8583:2003', 'network management', 'advice', 'issuer']);
    expect(words('3099')).toEqual([undefined, undefined, undefined, undefined]);
    expect(describeMti('0810').class?.zh).toBe('网络管理');
  });

  test('of answers, repeats and reversals', () => {
    const answers = [
      '0100',
      '0101',
      '0200',
      '0201',
      '0202',
      '0220',
      '0221',
      '0322',
      '0400',
      '0420',
      '0800',
      '1804',
      '0240',
    ];
    expect(answers.map(responseMti)).toEqual([
      '0110',
      '0110',
      '0210',
      '0210',
      '0212',
      '0230',
      '0230',
      '0332',
      '0410',
      '0430',
      '0810',
      '1814',
      '0250',
    ]);
    expect(['0210', '0230', '0280', '02', 'abcd', ''].map(responseMti)).toEqual(Array(6).fill(undefined));
    expect(['0200', '0201', '0422', 'x'].map(repeatMti)).toEqual(['0201', '0201', '0423', undefined]);
    expect([reversalMti('0200'), reversalMti('0220'), reversalMti('0200', true), reversalMti('0210')]).toEqual([
      '0400',
      '0400',
      '0420',
      undefined,
    ]);
  });
});

test('a wrong dialect is told with its JSON pointer', () => {
  const wrong = Codec.tryOf({ ...shippedDialect('iso8583-1987-ascii'), mti: 'utf8' } as unknown as DialectSource);
  expect(wrong).toMatchObject({ ok: false, fault: { name: 'bad-dialect' } });
  expect(() => Codec.of(42)).toThrow(CodecError);
  expect(() => Codec.of(null)).toThrow(CodecError);
  expect(() => Codec.of(shippedDialect('unionpay-pos'), { options: { nothing: 'x' } })).toThrow(/unknown-option/);
});
