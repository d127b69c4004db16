import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFields } from '../../src/iso8583/encode.ts';
import { MessageBuilder } from '../../src/iso8583/message-builder.ts';
import { MessageView } from '../../src/iso8583/message-view.ts';
import { FIELD_MAX, FieldTypeCode, type FieldPlan } from '../../src/iso8583/plan.ts';
import { Status } from '../../src/iso8583/status.ts';
import { toHex } from '../../src/wire/hex.ts';
import { bytesOf, planWith } from './samples.ts';

const plan = planWith();

function decoded(hex: string, using: FieldPlan = plan): MessageView {
  const bytes = bytesOf(hex.replaceAll(' ', ''));
  const view = new MessageView(using);
  view.decode(bytes, 0, bytes.length);
  return view;
}

/** Hex of a body with one field. */
function one(field: number, write: (builder: MessageBuilder) => void, using: FieldPlan = plan): string | number {
  const out = new Uint8Array(2048);
  const builder = new MessageBuilder(using);
  builder.begin(out, 0, 0x0200);
  write(builder);
  const end = builder.finish();
  if (end < 0) {
    expect(builder.errorField).toBe(field);
    return -end;
  }
  const bitmap = new Uint8Array(8);
  bitmap[(field - 1) >> 3] = 0x80 >> ((field - 1) & 7);
  expect(toHex(out, 0, 10)).toBe(`0200${toHex(bitmap)}`);
  return toHex(out, 10, end);
}

describe('on the wire', () => {
  const view = (field: number, hex: string, using: FieldPlan = plan): MessageView => {
    const bitmap = new Uint8Array(8);
    bitmap[(field - 1) >> 3] = 0x80 >> ((field - 1) & 7);
    return decoded(`0200${toHex(bitmap)}${hex}`, using);
  };

  test('odd digits stand left with a filler behind, field 23 right with a zero before', () => {
    expect(one(22, b => b.digits(22, '021'))).toBe('0210');
    expect(one(23, b => b.digits(23, '001'))).toBe('0001');
    expect(one(22, b => b.digits(22, '012'), planWith({ entryModeAlign: 'right' }))).toBe('0012');
    expect(one(2, b => b.digits(2, '6210090000000000001'))).toBe('1962100900000000000010');
    expect(one(2, b => b.digits(2, '123'), planWith({ panPad: 'F' }))).toBe('03123F');
    expect(one(2, b => b.digits(2, '123', 7))).toBe('031237');
    expect(one(32, b => b.digits(32, '12345'), planWith({ acquirerAlign: 'right' }))).toBe('05012345');
  });

  test('a filler of any kind is no part of the value and is remembered', () => {
    for (const [hex, pad] of [
      ['031230', 0],
      ['03123F', 15],
      ['03123A', 10],
    ] as const) {
      const found = view(2, hex);
      expect([found.status, found.text(2), found.size(2), found.length(2), found.padNibble(2)]).toEqual([
        0,
        '123',
        3,
        2,
        pad,
      ]);
    }
    const right = view(23, 'F001');
    expect([right.status, right.text(23), right.number(23), right.padNibble(23)]).toEqual([0, '001', 1, 15]);
    expect(view(2, '021230').status).toBe(Status.trailing);
  });

  test('the digit that shares its byte with the filler is checked too', () => {
    for (const [field, hex, offset] of [
      [2, '0312A0', 12],
      [2, '03A230', 11],
      [23, '0A01', 10],
      [23, '000A', 11],
      [22, '02A0', 11],
    ] as const) {
      const found = view(field, hex);
      expect([found.status, found.errorField, found.errorOffset], hex).toEqual([Status.digit, field, offset]);
    }
  });

  test('track nibbles: A to F are kept, = is written as D', () => {
    expect(one(35, b => b.digits(35, '62=28'))).toBe('0562D280');
    expect(view(35, '0562D28F').text(35)).toBe('62D28');
    expect(view(35, '0462DB').status).toBe(Status.ok);
    expect(view(2, '0462DB').status).toBe(Status.digit);
    expect(view(2, '0462DB').errorOffset).toBe(12);
  });

  test('lengths are packed digits: one byte for LL, two for LLL', () => {
    expect(one(60, b => b.digits(60, '2200000100050'))).toBe('001322000001000500');
    expect(one(44, b => b.text(44, 'AB'))).toBe('024142');
    expect(one(62, b => b.bytes(62, new Uint8Array(123)))).toBe(`0123${'00'.repeat(123)}`);
    expect(view(60, '00A1').status).toBe(Status.lengthDigits);
    expect(view(60, '00A1').errorOffset).toBe(11);
    expect(view(60, 'A011').errorOffset).toBe(10);
    expect(view(44, '26').status).toBe(Status.tooLong);
    expect(view(44, '2A').status).toBe(Status.lengthDigits);
    expect(view(60, '0022').status).toBe(Status.tooLong);
  });

  test('legal variants: 60 of every length, 44 up to 25, 62 up to 999, empty values', () => {
    for (let n = 0; n <= 21; n++) {
      const value = '123456789012345678901'.slice(0, n);
      const hex = one(60, b => b.digits(60, value)) as string;
      expect(view(60, hex).text(60)).toBe(value);
    }
    expect(view(44, `25${'20'.repeat(25)}`).text(44)).toBe(' '.repeat(25));
    expect(view(62, `0999${'AB'.repeat(999)}`).size(62)).toBe(999);
    expect(view(48, `0003${'313233'}`, planWith({ field48: 'text' })).text(48)).toBe('123');
    expect(view(48, `0003${'00FF33'}`, planWith({ field48: 'binary' })).text(48)).toBe('00FF33');
    expect(view(52, '00'.repeat(16), planWith({ pinBlock: '16' })).length(52)).toBe(16);
    expect(view(63, '0000').text(63)).toBe('');
  });

  test('numbers', () => {
    expect(one(4, b => b.number(4, 1234))).toBe('000000001234');
    expect(one(4, b => b.number(4, 999_999_999_999))).toBe('999999999999');
    expect(one(4, b => b.number(4, 1_000_000_000_000))).toBe(Status.range);
    expect(one(4, b => b.number(4, -1))).toBe(Status.range);
    expect(one(4, b => b.number(4, 0.5))).toBe(Status.range);
    expect(one(23, b => b.number(23, 7))).toBe('0007');
    expect(one(22, b => b.number(22, 21))).toBe('0210');
    expect(one(32, b => b.number(32, 120))).toBe('031200');
    expect(one(32, b => b.number(32, 0))).toBe('0100');
    expect(one(49, b => b.number(49, 156))).toBe('313536');
    expect(one(49, b => b.number(49, 1560))).toBe(Status.range);
    expect(one(41, b => b.number(41, 42))).toBe('3030303030303432');
    expect(view(4, '000000001234').amountMinor(4)).toBe(1234);
    expect(view(41, '3030303030303432').number(41)).toBe(42);
    expect(view(39, '4130').number(39)).toBe(-1);
    expect(view(53, '1'.repeat(16)).number(53)).toBe(-1);
    expect(view(4, '000000001234').number(11)).toBe(-1);
  });

  test('text is one byte a character, or GBK when a character needs it', () => {
    expect(one(63, b => b.text(63, '001'))).toBe('0003303031');
    expect(one(63, b => b.text(63, '银联A'))).toBe('0005D2F8C1AA41');
    expect(one(63, b => b.text(63, '\u00e9'))).toBe('0001E9');
    expect(one(63, b => b.text(63, '\u{1F600}'))).toBe(Status.character);
    expect(one(63, b => b.text(63, 'a\n'))).toBe(Status.character);
    expect(one(38, b => b.text(38, 'A1234\u00e9'))).toBe(Status.character);
    expect(one(38, b => b.text(38, 'A12345'))).toBe('413132333435');
    expect(view(38, '4131323334E9').status).toBe(Status.character);
    expect(view(38, '4131323334E9').errorOffset).toBe(15);
    expect(view(63, '0002D2F8').text(63)).toBe('\u00d2\u00f8');
    expect(view(63, '00020041').status).toBe(Status.character);
  });

  test('fixed fields take their exact length; long values, wrong forms and wrong characters are refused', () => {
    expect(one(41, b => b.text(41, '1234567'))).toBe(Status.fixedLength);
    expect(one(3, b => b.digits(3, '00000'))).toBe(Status.fixedLength);
    expect(one(44, b => b.text(44, ' '.repeat(26)))).toBe(Status.tooLong);
    expect(one(62, b => b.bytes(62, new Uint8Array(1000)))).toBe(Status.tooLong);
    expect(one(2, b => b.digits(2, '1'.repeat(1200)))).toBe(Status.tooLong);
    expect(one(3, b => b.digits(3, '00000A'))).toBe(Status.digit);
    expect(one(3, b => b.digits(3, '00000\u0131'))).toBe(Status.digit);
    expect(one(35, b => b.digits(35, '12G'))).toBe(Status.digit);
    expect(one(3, b => b.text(3, '000000'))).toBe(Status.type);
    expect(one(41, b => b.digits(41, '00000000'))).toBe(Status.type);
    expect(one(3, b => b.bytes(3, new Uint8Array(3)))).toBe(Status.type);
    expect(one(35, b => b.number(35, 1))).toBe(Status.type);
    expect(one(5, b => b.digits(5, '1'))).toBe(Status.unknownField);
    expect(one(5, b => b.text(5, '1'))).toBe(Status.unknownField);
    expect(one(62, b => b.hex(62, 'abc'))).toBe(Status.digit);
    expect(one(62, b => b.hex(62, 'ag'))).toBe(Status.digit);
    expect(one(62, b => b.hex(62, 'aB'))).toBe('0001AB');
    expect(one(41, b => b.hex(41, '00'))).toBe(Status.type);
    expect(one(62, b => b.bytes(62, new Uint8Array(3), 2, 5))).toBe(Status.range);
    expect(one(2, b => b.digitsFrom(2, new Uint8Array(3), 2, 5))).toBe(Status.range);
  });
});

describe('heads of messages', () => {
  test('message type, second bitmap, unknown field', () => {
    expect(decoded('').status).toBe(Status.truncated);
    const wrong = decoded('02A0 0000000000000000');
    expect([wrong.status, wrong.errorField, wrong.errorOffset]).toEqual([Status.mti, 0, 1]);
    const second = decoded('0200 8000000000000000');
    expect([second.status, second.errorField]).toEqual([Status.secondBitmap, 1]);
    const unknown = decoded('0200 2800000000000000 000000 00');
    expect([unknown.status, unknown.errorField, unknown.errorOffset]).toEqual([Status.unknownField, 5, 13]);
    expect(unknown.has(3)).toBe(true);
    expect(unknown.announced(5)).toBe(true);
    expect(unknown.has(5)).toBe(false);
    expect(decoded('0800 0000000000000000').status).toBe(Status.ok);
    expect(decoded('0800 0000000000000000').mti).toBe(0x0800);
  });

  test('questions about absent and impossible fields have empty answers', () => {
    const view = decoded('0200 2000000000000000 310000');
    for (const f of [-1, 0, 1, 2, 5, 64, 65, 1000]) {
      expect([view.has(f), view.offset(f), view.length(f), view.size(f), view.padNibble(f), view.text(f)]).toEqual([
        false,
        -1,
        0,
        0,
        -1,
        '',
      ]);
      expect(view.number(f)).toBe(-1);
      expect(view.bytes(f)).toHaveLength(0);
      expect(view.digitsInto(f, new Uint8Array(9), 0)).toBe(-1);
    }
  });

  test('digits go into the caller\u2019s bytes', () => {
    const view = decoded('0200 4000000000000000 05 12345F');
    const out = new Uint8Array(7).fill(0x78);
    expect(view.digitsInto(2, out, 1)).toBe(5);
    expect(new TextDecoder().decode(out)).toBe('x12345x');
    expect(view.digitsInto(2, out, 3)).toBe(-1);
    expect(toHex(view.bytes(2))).toBe('12345F');
  });
});

describe('builder', () => {
  test('the first mistake stays and nothing later hides it', () => {
    const out = new Uint8Array(100);
    const builder = new MessageBuilder(plan);
    builder.begin(out, 0, 0x0200);
    builder.digits(4, '000000000001');
    expect(builder.digits(3, '000000')).toBe(Status.order);
    builder.digits(11, '00000x');
    expect(builder.finish()).toBe(-Status.order);
    expect(builder.errorField).toBe(3);
    builder.begin(out, 0, 0x0200);
    builder.digits(3, '000000');
    expect(builder.digits(3, '000000')).toBe(Status.order);
  });

  test('a wrong message type, calls before begin and after finish', () => {
    const out = new Uint8Array(100);
    const builder = new MessageBuilder(plan);
    expect(builder.digits(3, '000000')).toBe(Status.order);
    for (const mti of [0x02a0, -1, 0x10200, 1.5]) {
      builder.begin(out, 0, mti);
      expect(builder.finish(), String(mti)).toBe(-Status.mti);
    }
    builder.begin(out, 0, 0x0200);
    expect(builder.finish()).toBe(10);
    expect(builder.digits(3, '000000')).toBe(Status.order);
  });

  test('a buffer that is too small is never overrun', () => {
    for (let room = 0; room < 40; room++) {
      const out = new Uint8Array(41).fill(0xee);
      const builder = new MessageBuilder(plan);
      builder.begin(out.subarray(0, room), 1, 0x0200);
      builder.digits(2, '622500');
      builder.text(41, '10000001');
      builder.hex(62, 'AABB');
      builder.reserveMac();
      const end = builder.finish();
      // 1 before, 10 head, 4 + 8 + 4 fields, 8 MAC
      expect(end, String(room)).toBe(room < 35 ? -Status.overflow : 35);
      expect(out.subarray(room).every(byte => byte === 0xee)).toBe(true);
    }
  });

  test('the length of a value needs room as well', () => {
    for (const [room, end] of [
      [10, -Status.overflow],
      [11, -Status.overflow],
      [12, 12],
    ]) {
      const builder = new MessageBuilder(plan);
      builder.begin(new Uint8Array(room), 0, 0x0200);
      builder.text(44, 'A');
      expect(builder.finish()).toBe(end);
    }
  });

  test('the bitmap is written at the end', () => {
    const out = new Uint8Array(100);
    const builder = new MessageBuilder(plan);
    builder.begin(out, 0, 0x0820);
    builder.text(41, '10000001');
    const at = builder.reserveMac();
    expect(at).toBe(18);
    expect(builder.finish()).toBe(26);
    expect(toHex(out, 0, 10)).toBe('08200000000000800001');
    expect(builder.reserveMac()).toBe(-Status.order);
  });

  test('whole messages from texts, in any order; the fault names the field and not the value', () => {
    const out = new Uint8Array(100);
    const end = encodeFields(plan, '0800', { 60: '00000001003', 11: '000001', 63: '01 ' }, out, 5);
    expect(end).toEqual({ ok: true, value: 5 + 10 + 3 + 8 + 5 });
    const bad = encodeFields(plan, '0200', { 2: '6225x', 3: '000000' }, out);
    expect(bad).toMatchObject({
      ok: false,
      fault: { name: 'cannot-encode', cause: expect.stringContaining('field 2 ') },
    });
    expect(JSON.stringify(bad)).not.toContain('6225');
    expect(encodeFields(plan, 'x', {}, out)).toMatchObject({ ok: false });
    expect(encodeFields(plan, '0200', { banana: '1' }, out)).toMatchObject({ ok: false });
  });
});

describe('every field', () => {
  const value = (using: FieldPlan, f: number): fc.Arbitrary<string> => {
    const unit: Record<number, fc.Arbitrary<string>> = {
      [FieldTypeCode.n]: fc.constantFrom(...'0123456789'),
      [FieldTypeCode.z]: fc.constantFrom(...'0123456789ABCDEF'),
      [FieldTypeCode.an]: fc.integer({ min: 0x20, max: 0x7e }).map(code => String.fromCharCode(code)),
      [FieldTypeCode.ans]: fc
        .oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff }))
        .map(code => String.fromCharCode(code)),
      [FieldTypeCode.b]: fc.integer({ min: 0, max: 255 }).map(byte => toHex(Uint8Array.of(byte))),
    };
    const minLength = using.lengthBytes[f] === 0 ? using.max[f] : 0;
    return fc.string({ unit: unit[using.type[f]], minLength, maxLength: Math.min(using.max[f], 130) });
  };
  const plans = [
    planWith(),
    planWith({ field48: 'text', field62: 'text', field59: 'binary', entryModeAlign: 'right', pinBlock: '16' }),
  ];

  test.each(
    plans.flatMap((using, p) =>
      Array.from({ length: FIELD_MAX - 1 }, (_, i) => [i + 2, p] as const).filter(([f]) => using.type[f] !== 0),
    ),
  )('field %i of plan %i comes back from any value, with any filler', (f, p) => {
    const using = plans[p];
    const view = new MessageView(using);
    const out = new Uint8Array(1100);
    fc.assert(
      fc.property(value(using, f), fc.integer({ min: 0, max: 15 }), (text, pad) => {
        const end = encodeFields(using, '0200', { [f]: text }, out, 3, { [f]: pad });
        if (!end.ok) throw new Error(end.fault.cause);
        expect(view.decode(out, 3, end.value)).toBe(Status.ok);
        expect(view.text(f)).toBe(text);
        const packed = using.type[f] <= FieldTypeCode.z;
        expect(view.padNibble(f)).toBe(packed && text.length % 2 === 1 ? pad : -1);
      }),
      { numRuns: 40, seed: f },
    );
  });
});
