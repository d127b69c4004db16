import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { register } from '../../src/cli/decode.ts';
import { failed, fault, ok, type Result } from '../../src/fault.ts';
import type { DialectSource } from '../../src/iso8583/plan.ts';
import { shippedDialectNames } from '../../src/node/profiles.ts';
import { parseHex } from '../../src/trace/text.ts';
import { toHex } from '../../src/wire/hex.ts';
import { captured, constructed, dialect, samples } from '../iso8583/samples.ts';

interface Run {
  readonly exit: number | undefined;
  readonly out: string;
  readonly error: string;
  readonly profile: string | undefined;
}

async function run(
  args: readonly string[],
  input: { stdin?: Uint8Array; files?: Record<string, Uint8Array> } = {},
): Promise<Run> {
  const result = {
    exit: undefined as number | undefined,
    out: '',
    error: '',
    profile: undefined as string | undefined,
  };
  const program = new Command().exitOverride().configureOutput({ writeErr: text => (result.error += text) });
  register(program, {
    loadDialect(id): Result<DialectSource> {
      result.profile = id;
      return id === 'unionpay-pos'
        ? ok(dialect)
        : failed(fault('E_NOEXIST', 'unknown-profile', `no profile ${id}`, 'Known: unionpay-pos'));
    },
    dialectNames: shippedDialectNames,
    readFile(path): Result<Uint8Array> {
      const bytes = input.files?.[path];
      return bytes === undefined
        ? failed(fault('E_NOEXIST', 'no-file', `${path} is not there`, 'Check the path'))
        : ok(bytes);
    },
    readStdin: () => Promise.resolve(input.stdin ?? new Uint8Array(0)),
    print: text => (result.out += `${text}\n`),
    printError: text => (result.error += `${text}\n`),
    setExit: code => (result.exit = code),
  });
  await program.parseAsync(['decode', ...args], { from: 'user' });
  return result;
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const hexOf = (i: number): string => toHex(constructed[i].bytes);

describe('JSON', () => {
  test.each(samples.map((sample, i) => [`${i} ${sample.kind}`, sample] as const))(
    '%s: clear values',
    async (_, sample) => {
      const { exit, out } = await run(['--json', '--clear', toHex(sample.bytes)]);
      const report = JSON.parse(out) as Record<string, unknown>;
      expect(exit).toBe(0);
      expect(Object.keys(report)).toEqual(['mti', 'tpdu', 'header', 'fields', 'options']);
      expect(report).toMatchObject({
        mti: sample.mti,
        tpdu: sample.tpdu,
        header: sample.header,
        fields: sample.fields,
      });
    },
  );

  test('masked unless told otherwise, in the same shape', async () => {
    const report = JSON.parse((await run(['--json', hexOf(0)])).out) as { fields: Record<string, string> };
    expect(Object.keys(report.fields)).toEqual(Object.keys(constructed[0].fields));
    for (const [f, text] of Object.entries(report.fields)) expect(text).toHaveLength(constructed[0].fields[f].length);
    expect(report.fields['35']).toBe('*'.repeat(37));
    expect(report.fields['41']).toBe('10000001');
  });

  test('options that the message shows are named', async () => {
    expect(JSON.parse((await run(['--json', toHex(captured[0].bytes)])).out)).toMatchObject({
      options: { trackPad: 'F' },
    });
    expect(JSON.parse((await run(['--json', hexOf(0)])).out)).toMatchObject({ options: {} });
  });

  test('an error has status, field, offset and message, and what came before it', async () => {
    const cut = constructed[1].bytes.subarray(0, 40);
    const { exit, out } = await run(['--json', '--lang', 'zh', toHex(cut)]);
    expect(exit).toBe(3);
    const report = JSON.parse(out) as { fields: Record<string, string>; error: unknown };
    expect(report.error).toEqual({ status: 'truncated', field: 4, offset: 40, message: '报文在此处提前结束' });
    expect(report).toMatchObject({
      errors: [
        {
          path: '4',
          offset: 40,
          status: 'truncated',
          severity: 'error',
          expected: '12位压缩数字（6字节）',
          found: '只剩5字节',
        },
        { path: 'frame', offset: 0, status: 'frame-length' },
      ],
    });
    expect(Object.keys(report.fields)).toEqual(['2', '3']);
    const nothing = JSON.parse((await run(['--json', 'FFFF'])).out) as object;
    expect(nothing).toMatchObject({ mti: null, tpdu: null, header: null, fields: {} });
  });
});

describe('text', () => {
  test('framing, tree and no card data', async () => {
    const { exit, out } = await run([hexOf(0)]);
    expect(exit).toBe(0);
    expect(out.split('\n')[0]).toBe('framing: length 116 | TPDU 6000030000 | header 603100310000 | body 105');
    expect(out).toContain('[track, 37 digits]');
    expect(out).not.toContain('6225000000000014');
    expect((await run([hexOf(0), '--clear'])).out).toContain('6225000000000014D2812201');
    expect((await run([hexOf(0), '--lang', 'zh'])).out).toContain('交易金额');
  });

  test('the place of an error is marked, and hidden bytes around it stay hidden', async () => {
    const bytes = constructed[1].bytes.slice();
    bytes[13 + 10 + 9 + 3 + 6] = 0xbb;
    const { exit, out } = await run([toHex(bytes)]);
    expect(exit).toBe(3);
    const lines = out.split('\n');
    expect(out).toContain('digit: field 11, offset 41: not only digits');
    const mark = lines.findIndex(line => line.trim() === '^');
    expect(lines[mark - 1].slice(lines[mark].indexOf('^'), lines[mark].indexOf('^') + 2)).toBe('BB');
    expect(lines[mark - 1].startsWith('0020: ')).toBe(true);
    expect(lines[mark - 2]).toBe('0010: 3E 00 81 0E D0 80 13 16 ** ** ** ** ** ** ** **');
    expect(lines[mark + 1]).toContain('** ** **');
    expect((await run([toHex(bytes), '--clear'])).out).toContain('62 25');
  });

  test('what was wanted, what is there, where it begins, and what was not read', async () => {
    const { exit, out } = await run([toHex(constructed[1].bytes.subarray(0, 76))]);
    expect(exit).toBe(3);
    expect(out).toContain(
      [
        'truncated: field 38, offset 76: the bytes end before this value does',
        '  name      authorisation code, begins at offset 71',
        '  expected  6 printable ASCII characters',
        '  found     5 bytes are left',
        '',
        '0030: ** ** ** ** ** ** ** ** ** ** ** ** ** ** ** **',
        '0040: ** ** ** ** ** ** ** ** ** ** ** **',
        '                                          ^^',
        '',
        'frame-length: offset 0: the length before the message differs from the bytes that are there',
        '  expected  148 bytes after the length, as it says',
        '  found     74 bytes',
      ].join('\n'),
    );
    expect(out).toMatch(/^not read: 38, 39, 41, /m);
    const zh = (await run(['--lang', 'zh', toHex(constructed[1].bytes.subarray(0, 76))])).out;
    expect(zh).toContain('  名称  授权标识应答码，从偏移71开始\n  应为  6个可见ASCII字符\n  实为  只剩5字节');
    expect(zh).toMatch(/^未读的域: 38, 39/m);
  });

  // What stands there for a length, a header or a bitmap are digits of the card, and nothing vouches for them.
  test.each([
    ['a card number', '6225889876543218'],
    ['and the end of a field before it', '00166225889876543218'],
    ['a track', '6225889876543218D3012201123456789F'],
    ['a piece from its middle on', '621226754839162075D491220100000'.padEnd(44, '0')],
    ['a piece that a message type stands in', '015914027115D30111015601102518365031303030303030313839383331'],
  ])('a piece of a message that begins with %s: nothing of it is shown', async (_, hex) => {
    for (const more of [[], ['--json']]) {
      const { out } = await run([...more, hex]);
      const digits = out.replace(/[^0-9A-F]/gi, '').toUpperCase();
      for (let at = 0; at + 8 <= hex.length; at += 2) expect(digits).not.toContain(hex.slice(at, at + 8).toUpperCase());
    }
  });

  test('a wrong half byte in a card number is marked alone, and the other half stays hidden', async () => {
    const bytes = constructed[1].bytes.slice();
    bytes[13 + 10 + 4] = 0xd1;
    const { out } = await run([toHex(bytes)]);
    expect(out).toContain('digit: field 2, offset 27: not only digits');
    expect(out).toContain('found     digit 7 of 16 is D, the separator of a track');
    const lines = out.split('\n');
    const mark = lines.findIndex(line => line.trim() === '^');
    expect(lines[mark - 1]).toBe('0010: 3E 00 81 0E D0 80 13 16 ** ** ** ** ** ** ** **');
    expect(lines[mark].length).toBe(6 + 3 * 11 + 1);
  });

  test('what is wrong inside a field is a warning: the message decodes', async () => {
    const at = toHex(samples[2].bytes).indexOf('9F3303') / 2;
    const bytes = samples[2].bytes.slice();
    bytes[at + 2] = 0x13;
    const { exit, out } = await run([toHex(bytes)]);
    expect(exit).toBe(0);
    expect(out).toMatch(/^warning truncated: field 55\.\S+, offset \d+: the value ends before this part does$/m);
    expect(out).not.toContain('not read');
    const report = JSON.parse((await run(['--json', toHex(bytes)])).out) as { errors: { severity: string }[] };
    expect(report).not.toHaveProperty('error');
    expect(report.errors[0]).toMatchObject({ severity: 'warning', status: 'truncated', found: expect.any(String) });
  });

  test('bytes lost on the way, and bytes of another dialect, are guessed', async () => {
    const lost = Uint8Array.from([...constructed[1].bytes.subarray(0, 30), ...constructed[1].bytes.subarray(31)]);
    expect((await run([toHex(lost)])).out).toMatch(/^hint: 1 byte is missing, very likely before offset \d+;/m);
    const other = toHex(ascii('08002000000000000000000000'));
    expect((await run([other])).out).toContain('hint: the bytes begin with ASCII digits, unlike a message type');
    const packed = { stdin: constructed[1].bytes };
    expect((await run(['-d', 'iso8583-1987-ascii', '-'], packed)).out).toContain('do not begin with digits');
    expect((await run([hexOf(1)])).out).not.toContain('hint');
  });

  test('a message in characters, taken for packed bytes, shows nothing of its card number', async () => {
    const hex = toHex(ascii('0200400000000000000016' + '6225918273645546'));
    for (const flags of [[], ['--json']]) {
      const { exit, out } = await run([hex, ...flags]);
      expect(exit).toBe(3);
      expect(out).not.toMatch(/3[68]32|3539|3138|3237/);
    }
  });

  test('the processing requirement of the header is shown', async () => {
    const bytes = constructed[1].bytes.slice();
    bytes[9] = 0x03;
    expect((await run([toHex(bytes)])).out).toContain('header 603103310000 (processing requirement 3)');
  });
});

describe('input', () => {
  const { bytes } = constructed[0];
  const json = async (args: readonly string[], input = {}): Promise<unknown> =>
    JSON.parse((await run(['--json', '--clear', ...args], input)).out);

  test('file or stdin, hex or binary', async () => {
    const expected = await json([toHex(bytes)]);
    expect(await json(['--file', 'm.bin'], { files: { 'm.bin': bytes } })).toEqual(expected);
    expect(await json(['--file', 'm.hex'], { files: { 'm.hex': ascii(`${toHex(bytes)}\n`) } })).toEqual(expected);
    expect(await json(['-'], { stdin: bytes })).toEqual(expected);
    expect(await json(['--file', '-'], { stdin: ascii(toHex(bytes)) })).toEqual(expected);
    expect(await json([], { stdin: bytes })).toEqual(expected);
    expect(await json([toHex(bytes, 0, 20), toHex(bytes, 20)])).toEqual(expected);
  });

  test('hex as people have it', () => {
    const hex = toHex(bytes);
    const pairs = hex.match(/../g) as string[];
    const rows = (size: number, line: (at: number, pairs: string[]) => string): string => {
      const lines: string[] = [];
      for (let at = 0; at < pairs.length; at += size) lines.push(line(at, pairs.slice(at, at + size)));
      return lines.join('\n');
    };
    const offset = (at: number, width: number): string => at.toString(16).padStart(width, '0');
    const forms = [
      hex.toLowerCase(),
      pairs.join(' '),
      pairs.map(pair => `0x${pair}`).join(', '),
      pairs.join(':'),
      rows(16, (_, row) => row.join(' ')),
      rows(16, (at, row) => `${offset(at, 4)}: ${row.join(' ')}`),
      rows(
        16,
        (at, row) =>
          `${offset(at, 8)}: ${row
            .join('')
            .match(/.{2,4}/g)
            ?.join(' ')
            .padEnd(40)} beef.t..1D..be`,
      ),
      rows(16, (at, row) =>
        `${offset(at, 8)}  ${row.slice(0, 8).join(' ')}  ${row.slice(8).join(' ').padEnd(23)}  |.t..12 34|`.replace(
          / +\|/,
          '  |',
        ),
      ) + `\n${offset(bytes.length, 8)}`,
      rows(
        16,
        (at, row) =>
          `0x${offset(at, 4)}:  ${row
            .join('')
            .match(/.{2,4}/g)
            ?.join(' ')}`,
      ),
      rows(32, (at, row) => `${offset(at, 4)}  ${row.join(' ')}`),
    ];
    for (const form of forms) {
      const parsed = parseHex(form);
      expect(parsed.ok && toHex(parsed.value), form.slice(0, 120)).toBe(hex);
    }
  });

  test('one row of a hex dump, with and without characters behind it, of any width', () => {
    const row = '60 00 03 00 00 60 31 00 31 00 00 02 00 30 20 04';
    const sixteen = '60000300006031003100000200302004';
    for (const [text, hex] of [
      [`0000: ${row}  beefbeefbeefbeef`, sixteen],
      [`0000: ${row} 05 06`, `${sixteen}0506`],
      [`0000: 6000 0300`.padEnd(50) + 'beef', '60000300'],
      [`0000: ${row.slice(0, 23)}  ${row.slice(24)}  |beefbeefbeefbeef|`, sixteen],
    ]) {
      const parsed = parseHex(text);
      expect(parsed.ok && toHex(parsed.value), text).toBe(hex);
    }
  });

  test('a message that begins with 0000 is not taken for a hex dump', () => {
    expect(parseHex('0000 6000')).toEqual({ ok: true, value: Uint8Array.of(0, 0, 0x60, 0) });
  });

  test('usage errors have exit status 2 and say what to do', async () => {
    const cases: [string[], string][] = [
      [['12GG'], 'bad-hex'],
      [['123'], 'bad-hex'],
      [[], 'no-input'],
      [['--file', 'none'], 'no-file'],
      [['00', '--file', 'm'], 'two-inputs'],
      [['00', '--profile', 'other'], 'unknown-profile'],
      [['00'.repeat(70_000)], 'input-too-long'],
    ];
    for (const [args, name] of cases) {
      const { exit, out, error } = await run(args);
      expect([exit, out], name).toEqual([2, '']);
      expect(error).toContain(name);
    }
    await expect(run(['00', '--lang', 'fr'])).rejects.toThrow();
  });

  test('the profile is unionpay-pos unless told otherwise', async () => {
    expect((await run([hexOf(0)])).profile).toBe('unionpay-pos');
    expect((await run([hexOf(0), '-p', 'mine'])).profile).toBe('mine');
  });
});

describe('other dialects', () => {
  const text = '0800822000000000000004000000000000000104120000000001301';

  test('by name, with the message as text, as hex of text, or in a file of text', async () => {
    for (const [args, input] of [
      [['--text', text], {}],
      [[text], {}],
      [[toHex(ascii(text))], {}],
      [['--file', 'm.txt'], { files: { 'm.txt': ascii(`${text}\n`) } }],
    ] as const) {
      const { exit, out } = await run(['--dialect', 'iso8583-1987-ascii', ...args], input);
      expect(exit).toBe(0);
      expect(out).toMatch(/second bitmap +0400000000000000/);
      expect(out).toMatch(/^70 .* 301/m);
    }
  });

  test('text of an EBCDIC dialect becomes EBCDIC', async () => {
    const { exit, out } = await run([
      '-d',
      'iso8583-1987-ebcdic',
      '--json',
      '--text',
      '0800\\x22\\x20\\x00\\x00\\x00\\x00\\x00\\x000104000001',
    ]);
    expect(JSON.parse(out)).toMatchObject({ mti: '0800' });
    expect(exit === 0 || exit === 3).toBe(true);
  });

  test('an error in it names the character, but not inside of card data', async () => {
    const { exit, out } = await run(['-d', 'iso8583-1987-ascii', '--text', '0200400000000000000016622591827x645546']);
    expect(exit).toBe(3);
    expect(out).toContain('digit: field 2, offset 31: not only digits');
    expect(out).toContain('expected  16 ASCII digits\n  found     digit 10 of 16 is a letter\n');
    expect(out).not.toContain('622591');
    expect(out).not.toContain('36 32 32');
  });

  test('from a file, whole or inside of a profile source', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'decode-'));
    try {
      for (const [file, content] of [
        ['mine.json', dialect],
        ['other.json', { dialect }],
      ] as const) {
        writeFileSync(join(folder, file), JSON.stringify(content));
        expect((await run(['-d', join(folder, file), hexOf(0)])).exit).toBe(0);
      }
      writeFileSync(join(folder, 'none.json'), '{}');
      expect((await run(['-d', join(folder, 'none.json'), '00'])).error).toContain('no-dialect');
      expect((await run(['-d', join(folder, 'gone.json'), '00'])).exit).toBe(2);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a choice of an option holds and is named', async () => {
    const right = await run(['--option', 'entryModeAlign=right', '--json', hexOf(0)]);
    expect(JSON.parse(right.out)).toMatchObject({ options: { entryModeAlign: 'right' } });
    expect(right.exit).toBe(0);
    expect(JSON.parse(right.out)).not.toMatchObject({ fields: { 22: '021' } });
    const two = await run(['-o', 'entryModeAlign=left', '-o', 'trackPad=F', '--json', hexOf(0)]);
    expect(two.exit).toBe(0);
    expect(JSON.parse(two.out)).toMatchObject({ options: { trackPad: 'F' } });
    expect(JSON.parse(two.out)).not.toMatchObject({ options: { entryModeAlign: 'left' } });
  });

  test.each<[string[], string]>([
    [['-d', 'nope', '00'], 'unknown-dialect'],
    [['-d', 'nope', '00'], 'Known: iso8583-1987-ascii, iso8583-1987-ascii-binary-bitmap,'],
    [['-d', 'policy', '00'], 'no-dialect'],
    [['-o', 'field48', '00'], 'bad-option'],
    [['-o', 'nope=1', '00'], 'unknown-option'],
    [['-o', 'field48=nope', '00'], 'unknown-choice'],
    [['--text', '0800'], 'packed-dialect'],
    [['-d', 'iso8583-1987-ascii', '--text', '0800', '00'], 'two-inputs'],
    [['-d', 'iso8583-1987-ascii', '--text', '0800\u0e01'], 'bad-text'],
    [['-d', 'iso8583-1987-ascii', '--text', ''], 'no-input'],
  ])('usage: %j', async (args, name) => {
    const { exit, out, error } = await run(args);
    expect([exit, out]).toEqual([2, '']);
    expect(error).toContain(name);
  });

  test('a profile and a dialect cannot both be named', async () => {
    await expect(run(['-d', 'unionpay-pos', '-p', 'unionpay-pos', '00'])).rejects.toThrow();
  });
});
