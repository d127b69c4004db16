import { describe, expect, test } from 'vitest';
import { jsonText, plainText, reportOf } from '../../src/cli/decode-report.ts';
import { detectMessage } from '../../src/iso8583/detect.ts';
import { Codec, type DialectSource, type Message } from '../../src/iso8583/index.ts';
import { shippedDialect } from './dialects.ts';

const PAN = '6225918273645546';
const TRACK = `${PAN}D28122017391846205371`;
/** So many digits in a row are a piece of a card number; fewer may stand anywhere by chance, and six are shown anyway. */
const RUN = 7;
/** Packed digits read as characters show at least so many of them. */
const PACKED_RUN = 8;

/** Pieces of the card number and of the track in every form in which they could come out. */
function pieces(): readonly string[] {
  const found = new Set<string>();
  const cut = (size: number, form: (piece: string) => string): void => {
    for (let i = 0; i + size <= TRACK.length; i++) {
      const piece = TRACK.slice(i, i + size);
      if (/^\d+$/.test(piece)) found.add(form(piece));
    }
  };
  // Packed digits in hex look like digits.
  cut(RUN, piece => piece);
  cut(RUN, piece => piece.replace(/./g, '3$&'));
  cut(RUN, piece => piece.replace(/./g, 'F$&'));
  cut(PACKED_RUN, piece => Buffer.from(piece, 'hex').toString('latin1'));
  return [...found];
}
const PIECES = pieces();

/** The first piece that a text shows, blanks between hex bytes or not. */
function leak(text: string): string | undefined {
  const close = text.replace(/[ \t]/g, '');
  return PIECES.find(piece => text.includes(piece) || close.includes(piece));
}

/** All single-bit flips and all single-byte deletions. */
function* damaged(bytes: Uint8Array): Generator<readonly [string, Uint8Array]> {
  for (let i = 0; i < bytes.length; i++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = bytes.slice();
      flipped[i] ^= 1 << bit;
      yield [`bit ${bit} of byte ${i}`, flipped];
    }
    yield [`byte ${i} gone`, Uint8Array.from([...bytes.subarray(0, i), ...bytes.subarray(i + 1)])];
  }
}

const CHIP = `9F3602031E82027C00950500000000005713${TRACK}F9F260811223344AABBCCDD5A08${PAN}9F3303E0F1C8`;
const HEAD = { 3: '000000', 4: '000000001234', 11: '000101', 25: '00', 26: '06' };
const TAIL = { 37: '112233445566', 39: '00', 41: 'TERM0001', 42: '898310148160001', 49: '156' };
const MESSAGES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'card number': { 2: PAN, ...HEAD, ...TAIL, 60: '22000001' },
  track: { ...HEAD, 35: TRACK, ...TAIL, 52: '0123456789ABCDEF' },
  'number, track and chip data': { 2: PAN, ...HEAD, 35: TRACK, 41: 'TERM0001', 55: CHIP, 60: '22000001' },
};

/** Without options none are tried: they are many, and a reading of a damaged message with others is another damage only. */
function withoutSearch(source: DialectSource): DialectSource {
  return { ...source, options: {} };
}

function prints(message: Message): string {
  return [message.explain(), message.explain({ lang: 'zh' }), JSON.stringify(message), String(message)].join('\n');
}

describe('what is hidden because it may stand in the wrong place', () => {
  const codec = Codec.of(shippedDialect('unionpay-pos'));
  const body = codec.encode({ mti: '0200', fields: { 2: PAN, ...HEAD, ...TAIL, 60: '22000001' } });
  const shown = (message: Message, fields: readonly number[]): string[] => fields.map(field => message.masked(field));
  const hidden = (message: Message): string => message.toJSON().hidden ?? '';

  test('nothing of a message that is right', () => {
    const message = codec.decode(body).orThrow();
    expect(hidden(message)).toBe('');
    expect(shown(message, [4, 25, 26, 41])).toEqual(['000000001234', '00', '06', 'TERM0001']);
  });

  test('behind field 2 of one that is cut, but for short values without a neighbour and for listed ones', () => {
    const message = codec.decode(body.subarray(0, -1));
    expect(message.ok).toBe(false);
    // 3 is listed and stands behind the last digits of field 2; 26 stands behind 25.
    expect(shown(message, [2, 3, 4, 25, 26, 37])).toEqual([
      '622591******5546',
      '******',
      '*'.repeat(12),
      '00',
      '**',
      '*'.repeat(12),
    ]);
    expect(shown(message, [39, 41, 49])).toEqual(['00', '********', '156']);
    expect(hidden(message)).toBe(
      'values from field 3 on: the message is not right, so values may be out of place and hold card data; { clear: true } shows them',
    );
    expect(message.explain({ lang: 'zh' })).toContain(
      '3域起的值：报文有错，其后各值可能错位而含有卡片数据；用 { clear: true } 显示',
    );
    expect(message.explain()).toMatch(/^4 +amount +\[doubtful, 12 digits\]$/m);
    expect(message.explain({ clear: true })).toMatch(/^4 +amount +000000001234 +12\.34$/m);
    expect(message.toJSON({ clear: true })).not.toHaveProperty('hidden');
  });

  test('behind card data that is shorter than a card number', () => {
    for (const field of [2, 35]) {
      const right = codec.build('0200', { [field]: '4'.repeat(12), 37: '112233445566' });
      const short = codec.build('0200', { [field]: '4'.repeat(11), 37: '112233445566' });
      expect(codec.decode(right.bytes()).masked(37)).toBe('112233445566');
      expect(codec.decode(short.bytes()).orThrow().masked(37)).toBe('*'.repeat(12));
      expect(hidden(codec.decode(short.bytes()))).toContain(`values from field ${field + 1} on: card data is shorter`);
    }
  });

  test('what a wrong part leaves in doubt: the field from there and what follows, only where there may be card data', () => {
    const wrong = { 60: '2200', 63: 'CUP' };
    const message = codec
      .decode(codec.encode({ mti: '0200', fields: { 35: TRACK, 41: 'TERM0001', ...wrong } }))
      .orThrow();
    expect(shown(message, [41, 60, 63])).toEqual(['TERM0001', '22**', '***']);
    expect(hidden(message)).toContain('values from field 60 on: something inside of a field is not right');
    const plain = codec.decode(codec.encode({ mti: '0200', fields: wrong })).orThrow();
    expect(shown(plain, [60, 63])).toEqual(['2200', 'CUP']);
  });

  test('a public tag that has swallowed the tag of a track', () => {
    const chip = `9F361B031E5713${TRACK}F820200005F34`;
    const right = codec.decode(codec.encode({ mti: '0200', fields: { 55: `9F3602031E5713${TRACK}F` } })).orThrow();
    expect(right.masked(55)).toBe(`9F3602031E5713${'*'.repeat(38)}`);
    const message = codec.decode(codec.encode({ mti: '0200', fields: { 55: chip } })).orThrow();
    expect(message.masked(55)).toBe('*'.repeat(chip.length));
  });

  test('second bitmaps and the fields that they name, of a message that is not right', () => {
    const two = Codec.of(shippedDialect('iso8583-1987-binary'));
    const bytes = two.encode({ mti: '0200', fields: { 2: PAN, 3: '000000' } });
    bytes[2] |= 0x80;
    const text = two.decode(bytes).explain();
    expect(text).toMatch(/second bitmap +\*{16}/);
    expect(leak(text)).toBeUndefined();
  });
});

describe('nothing of a card number or a track comes out of a message that is damaged anywhere', () => {
  const names = ['unionpay-pos', 'iso8583-1987-ascii', 'iso8583-1987-binary', 'iso8583-1987-ebcdic'];
  const cases = (of: readonly string[]): (readonly [string, string, Readonly<Record<string, string>>])[] =>
    of.flatMap(name => Object.entries(MESSAGES).map(([what, fields]) => [name, what, fields] as const));

  test.each(cases(names))('library, %s: %s', (name, _, fields) => {
    const codec = Codec.of(shippedDialect(name));
    const bytes = codec.encode({ mti: '0200', fields: forDialect(name, fields) });
    expect(codec.decode(bytes).ok).toBe(true);
    expect(leak(codec.decode(bytes).explain({ clear: true }))).toBeDefined();
    expect(leak(prints(codec.decode(bytes)))).toBeUndefined();
    for (const [damage, broken] of damaged(bytes)) {
      const found = leak(prints(codec.decode(broken)));
      if (found !== undefined) expect.fail(`${damage}: ${found}\n${codec.decode(broken).explain()}`);
    }
  });

  test.each(cases(names.slice(0, 2)))('decode, %s: %s', (name, _, fields) => {
    const source = withoutSearch(shippedDialect(name));
    const codec = Codec.of(source);
    const bytes = codec.frame(codec.encode({ mti: '0200', fields: forDialect(name, fields) }));
    for (const [damage, broken] of damaged(bytes)) {
      const found = detectMessage(source, broken);
      if (!found.ok) throw new Error(found.fault.cause);
      for (const lang of ['zh', 'en'] as const) {
        const report = reportOf(found.value, broken, {}, { clear: false, lang });
        for (const text of [plainText(report), jsonText(report)]) {
          if (leak(text) !== undefined) expect.fail(`${damage}: ${leak(text)}\n${text}`);
        }
      }
    }
  });
});

/** Those of the fields that the dialect has. */
function forDialect(name: string, fields: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).filter(([field]) => Object.hasOwn(shippedDialect(name).fields, field)),
  );
}
