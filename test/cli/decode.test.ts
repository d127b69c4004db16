import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { parseHex, register } from '../../src/cli/decode.ts';
import { failed, fault, ok, type Result } from '../../src/fault.ts';
import type { DialectSource } from '../../src/iso8583/plan.ts';
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
    expect(out).toContain('digit: field 11, offset 41: a nibble is no digit');
    const mark = lines.findIndex(line => line.trim() === '^^');
    expect(lines[mark - 1].slice(lines[mark].indexOf('^'), lines[mark].indexOf('^') + 2)).toBe('BB');
    expect(lines[mark - 1].startsWith('0020: ')).toBe(true);
    expect(lines[mark - 2]).toBe('0010: 3E 00 81 0E D0 80 13 16 ** ** ** ** ** ** ** **');
    expect(lines[mark + 1]).toContain('** ** **');
    expect((await run([toHex(bytes), '--clear'])).out).toContain('62 25');
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
