import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerConvert } from '../../src/cli/trace/convert.ts';
import type { TraceRim } from '../../src/cli/trace/rim.ts';
import { failed, fault, ok } from '../../src/fault.ts';
import { MessageView } from '../../src/iso8583/message-view.ts';
import { shippedDialectNames } from '../../src/node/profiles.ts';
import { profileOf } from '../../src/cli/profiles.ts';
import { Kind, Link, Way } from '../../src/trace/kinds.ts';
import { TraceReader } from '../../src/trace/reader.ts';
import { fileHeader, TraceWriter } from '../../src/trace/writer.ts';
import { toHex } from '../../src/wire/hex.ts';
import { constructed, planWith } from '../iso8583/samples.ts';
import { concat, memory, onEthernet, pcap, read, Talk } from '../trace/captures.ts';

const plan = planWith();
const [sale, saleAnswer, second] = constructed.map(sample => sample.bytes);
const PAN = '6225000000000014';
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pos8583-convert-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(args: readonly string[], file: Uint8Array): Promise<{ exit: number | undefined; error: string }> {
  const result = { exit: undefined as number | undefined, error: '' };
  const rim = {
    loadProfile: profileOf,
    dialectNames: shippedDialectNames,
    openSource: (path: string) =>
      path === 'in' || path === '-'
        ? ok({ ...memory(file), close: () => undefined })
        : failed(fault('E_NOEXIST', 'source-missing', `cannot read ${path}`, 'Check the path')),
    printError: (text: string) => (result.error += `${text}\n`),
    print: () => undefined,
    setExit: (code: number) => (result.exit = code),
  } as unknown as TraceRim;
  const program = new Command().exitOverride().configureOutput({ writeErr: text => (result.error += text) });
  registerConvert(program.command('trace'), rim);
  await program.parseAsync(['trace', ...args], { from: 'user' });
  return result;
}

let files = 0;
/** Converts and gives what was written. */
async function converted(file: Uint8Array, ending: string, ...flags: string[]): Promise<Uint8Array> {
  const path = join(folder, `${files++}${ending}`);
  const { exit, error } = await run(['convert', 'in', '-o', path, ...flags], file);
  expect(error).toBe('');
  expect(exit).toBe(0);
  return readFileSync(path);
}

const network = pcap(
  onEthernet([
    ...new Talk().open().say(0, sale).say(1, saleAnswer).close().packets,
    ...new Talk('10.1.2.4', 5).open().say(0, second, 50).packets,
  ]),
);

/** A trace as `run --trace` writes it, with records of every kind. */
function ownTrace(redacted: boolean): Uint8Array {
  const parts: Uint8Array[] = [fileHeader(redacted)];
  const writer = new TraceWriter({ write: (bytes, length) => void parts.push(bytes.slice(0, length)) });
  const put = (kind: number, payload: Uint8Array, link: number = Link.counter): void => {
    const at = writer.begin(kind, link, 1_700_000_000_000_000 + kind, payload.length);
    writer.bytes.set(payload, at);
  };
  const float = Buffer.alloc(8);
  float.writeDoubleBE(1.5);
  put(Kind.session, new TextEncoder().encode('{"program":"x"}'));
  put(Kind.profile, new TextEncoder().encode('no JSON'));
  put(Kind.state, new Uint8Array(3));
  put(Kind.wall, float);
  put(Kind.alarm, Uint8Array.of(0, 0, 0, 7));
  put(Kind.lineIn, Uint8Array.of(0x16, 0x4f));
  writer.texts(Kind.lineClosed, 0, 1, 'lost', 'unplugged');
  put(Kind.hostConnect, Uint8Array.of(0, 0, 0, 1, 0, 1, 0x61));
  put(Kind.hostOut, sale);
  put(Kind.hostIn, saleAnswer.subarray(0, 50));
  put(Kind.hostIn, saleAnswer.subarray(50));
  put(Kind.hostClose, new Uint8Array(0));
  put(
    Kind.journal,
    concat(Uint8Array.of(0, 0, 0, 9), new Uint8Array(32).fill(0xab), Uint8Array.of(0, 4), Buffer.from('sale')),
  );
  writer.texts(Kind.screen, 0, 2, 'idle', '请刷卡', 'SWIPE');
  writer.texts(Kind.key, Link.training, 3, 'pin', '*');
  put(99, Uint8Array.of(1));
  writer.texts(Kind.end, 0, 4, 'asked to');
  writer.end();
  return concat(...parts);
}

describe('messages come through every form', () => {
  test.each(['.p85t', '.pcapng', '.jsonl', '.hex'])('%s', async ending => {
    const clear = read(await converted(network, ending, '--clear'));
    const expected = read(network);
    expect(expected.messages.map(message => message.stream)).toEqual([0, 0, 1]);
    // A text has no connections.
    const streams =
      ending === '.hex' ? expected.messages.map(message => ({ ...message, stream: 0 })) : expected.messages;
    // A TCP message has the time of its last segment.
    expect(clear).toEqual({ messages: streams, troubles: [] });
  });

  test.each(['.p85t', '.pcapng', '.jsonl', '.hex'])('%s is redacted unless it is asked otherwise', async ending => {
    const file = await converted(network, ending);
    expect(toHex(file)).not.toContain(PAN);
    expect(Buffer.from(file).toString('latin1')).not.toContain(PAN);
    const told = read(file);
    expect(told.messages.map(message => message.hex.length)).toEqual(
      read(network).messages.map(message => message.hex.length),
    );
    const cards = told.messages.map(message => cardOf(message.hex)).filter(card => card !== '');
    // Sale, its answer and the void: one card, so one stand-in, with the ends that slips show.
    expect(new Set(cards).size).toBe(1);
    expect(cards[0]).toMatch(/^622500\d{6}0014$/);
    expect(cards[0]).not.toBe(PAN);
  });

  test('redact is the same without a way to leave it clear, with a new key each time', async () => {
    const write = async (name: string): Promise<Uint8Array> => {
      const path = join(folder, name);
      expect((await run(['redact', 'in', '-o', path], network)).exit).toBe(0);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      return readFileSync(path);
    };
    const files = [await write('a.pcapng'), await write('b.pcapng')];
    const cards = files.map(file => cardOf(read(file).messages[0].hex));
    expect(cards[0]).not.toBe(cards[1]);
    await expect(run(['redact', 'in', '-o', join(folder, 'c.pcapng'), '--clear'], network)).rejects.toThrow();
  });
});

/** The card number of a message, from data element 2 or 35. */
function cardOf(hex: string): string {
  const view = new MessageView(plan);
  const bytes = Buffer.from(hex, 'hex');
  view.decode(bytes, 11, bytes.length);
  return view.has(2) ? view.text(2) : view.text(35).split('D')[0];
}

describe('a trace of our own', () => {
  test('every record becomes a line, pieces of messages become messages', async () => {
    const lines = Buffer.from(await converted(ownTrace(true), '.jsonl'))
      .toString('utf8')
      .trim()
      .split('\n');
    const records = lines.map(line => JSON.parse(line) as Record<string, unknown>);
    expect(records.map(({ kind, device }) => `${String(kind)} ${String(device)}`)).toEqual([
      'session program',
      'profile program',
      'state program',
      'wall clock',
      'alarm clock',
      'lineIn terminal',
      'lineClosed terminal',
      'hostConnect acquirer',
      'message acquirer',
      'message acquirer',
      'hostClose acquirer',
      'journal journal',
      'screen counter',
      'key counter',
      'kind-99 unknown',
      'end program',
    ]);
    expect(records[0].data).toEqual({ program: 'x' });
    expect(records[1].data).toBe('no JSON');
    expect(records[2].length).toBe(3);
    expect(records[3].ms).toBe(1.5);
    expect(records[4].alarm).toBe(7);
    expect(records[5].bytes).toBe('164F');
    expect(records[6]).toMatchObject({ why: 'lost', detail: 'unplugged' });
    expect(records[7]).toMatchObject({ route: 1, name: 'a' });
    expect(records[8]).toMatchObject({
      number: 1,
      time: '2023-11-14T22:13:20.000024Z',
      timeUs: 1_700_000_000_000_024,
      way: 'to-acquirer',
      stream: 0,
      mti: '0200',
      bytes: toHex(sale, 2),
    });
    expect(records[8].fields).toMatchObject({
      '4': '000000001234',
      '35': '[track, 37 digits]',
      '52': '[PIN, 8 bytes]',
      '60.1': '22',
    });
    expect(records[11]).toMatchObject({ seq: 9, digest: 'ab'.repeat(32), entry: 'sale' });
    expect(records[12]).toMatchObject({ step: 'idle', lines: ['请刷卡', 'SWIPE'] });
    expect(records[13]).toMatchObject({ link: 'training', step: 'pin', key: '*' });
    expect(records[15].why).toBe('asked to');
  });

  test('written once more it has the same records, messages whole', async () => {
    const reader = new TraceReader(memory(await converted(ownTrace(true), '.p85t')));
    const kinds: number[] = [];
    while (reader.next()) kinds.push(reader.kind);
    const original = new TraceReader(memory(ownTrace(true)));
    const expected: number[] = [];
    while (original.next()) expected.push(original.kind);
    expected.splice(expected.indexOf(Kind.hostIn), 1);
    expect(kinds).toEqual(expected);
    expect(reader.redacted).toBe(true);
  });

  test('connections of counter and training beside each other stay what they were', async () => {
    const parts: Uint8Array[] = [fileHeader(true)];
    const writer = new TraceWriter({ write: (bytes, length) => void parts.push(bytes.slice(0, length)) });
    const kinds: (readonly [kind: number, link: number])[] = [];
    const put = (kind: number, link: number, payload: Uint8Array = new Uint8Array(4)): void => {
      kinds.push([kind, link]);
      const at = writer.begin(kind, link, kinds.length, payload.length);
      writer.bytes.set(payload, at);
    };
    const { counter, training } = Link;
    for (const link of [counter, training, counter]) put(Kind.hostConnect, link);
    put(Kind.hostOut, training, second);
    put(Kind.hostOut, counter, sale);
    put(Kind.hostConnect, training);
    put(Kind.hostIn, counter, saleAnswer);
    put(Kind.hostClose, counter);
    put(Kind.hostOut, training, second);
    writer.end();
    const trace = concat(...parts);
    const again = await converted(trace, '.p85t');
    const reader = new TraceReader(memory(again));
    const found: (readonly [kind: number, link: number])[] = [];
    while (reader.next()) found.push([reader.kind, reader.link]);
    expect(found).toEqual(kinds);
    const streams = [1, 2, 2, 3];
    expect(read(again).messages.map(message => message.stream)).toEqual(streams);
    // In pcapng a connection ends where it was closed: its FIN stands before the message that came afterwards.
    const network = read(await converted(trace, '.pcapng'));
    expect(network.messages.map(message => message.hex)).toEqual(read(trace).messages.map(message => message.hex));
  });

  test('one that does not say that it was redacted loses all but its messages, and they are redacted', async () => {
    const path = join(folder, 'mine.p85t');
    const { exit, error } = await run(['convert', 'in', '-o', path], ownTrace(false));
    expect(exit).toBe(3);
    expect(error).toContain('14 records that are no messages were left out');
    const told = read(readFileSync(path));
    expect(told.messages.map(message => message.way)).toEqual([Way.toAcquirer, Way.fromAcquirer]);
    expect(cardOf(told.messages[0].hex)).not.toBe(PAN);
  });
});

describe('Markdown', () => {
  test('a table, then a section for each message, card data masked', async () => {
    const page = Buffer.from(await converted(network, '.md')).toString('utf8');
    expect(page).not.toContain(PAN);
    expect(page).toContain(
      '| 1 | 2023-11-14T22:13:20.004000Z | → acquirer | 0 | 0200 | 000000 | 000101 | 000000001234 |  |',
    );
    expect(page).toContain('## 2. 0210 ← acquirer');
    expect(page).toMatch(/^35 +track 2 +\[track, 37 digits\]/m);
    expect(Buffer.from(await converted(network, '.md', '--lang', 'zh')).toString('utf8')).toContain(
      '## 2. 0210 ← 收单',
    );
  });
});

describe('pcapng', () => {
  const tshark = existsSync('/usr/bin/tshark');

  test('checksums of IP and TCP are right', async () => {
    const file = await converted(network, '.pcapng', '--port', '7001');
    let packets = 0;
    for (let at = 0; at < file.length;) {
      const view = new DataView(file.buffer, file.byteOffset + at);
      const length = view.getUint32(4);
      if (view.getUint32(0) === 6) {
        const packet = file.subarray(at + 28, at + 28 + view.getUint32(20));
        expect(sum(packet.subarray(14, 34))).toBe(0xffff);
        const pseudo = concat(packet.subarray(26, 34), Uint8Array.of(0, 6, 0, packet.length - 34));
        expect(sum(concat(pseudo, packet.subarray(34)))).toBe(0xffff);
        packets++;
      }
      at += length || file.length;
    }
    expect(packets).toBeGreaterThan(12);
  });

  test('for Wireshark: ISO 8583:1987 in characters behind a little-endian length', async () => {
    const file = Buffer.from(await converted(network, '.pcapng', '--for', 'wireshark', '--clear')).toString('latin1');
    // Type, bitmap, 3, 4, 11, 22, 25, 26, 35 with its length of two digits …
    const fields = ['0200', '302004C020C09811', '000000', '000000001234', '000101', '021', '00', '12', '37', PAN];
    expect(file).toContain(`\xac\0${fields.join('')}`);
  });

  test.skipIf(!tshark)('tshark takes every field of every message', async () => {
    const frames = constructed.map(sample => sample.bytes);
    const talk = new Talk().open();
    for (const frame of frames) talk.say(0, frame);
    const path = join(folder, 'w.pcapng');
    await run(['convert', 'in', '-o', path, '--for', 'wireshark'], pcap(talk.packets, { linkType: 101 }));
    const shown = execFileSync(
      'tshark',
      [
        '-r',
        path,
        '-d',
        'tcp.port==8583,iso8583',
        '-V',
        '-o',
        'tcp.check_checksum:TRUE',
        '-o',
        'ip.check_checksum:TRUE',
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    expect(shown.match(/^ISO 8583-1:/gm)?.length).toBe(frames.length);
    expect(shown).not.toMatch(/malformed|stray|incorrect|bad checksum/i);
    expect(shown).toContain('Bit 4: 000000001234');
    expect(shown).toContain('Bit 41: 10000001');
  });
});

function sum(bytes: Uint8Array): number {
  let total = 0;
  for (let i = 0; i < bytes.length; i++) total += i % 2 === 0 ? bytes[i] << 8 : bytes[i];
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

describe('what goes wrong', () => {
  test.each([
    [['convert', 'in', '-o', 'x'], 'unknown-form'],
    [['convert', 'nope', '-o', 'x.md'], 'source-missing'],
    [['convert', 'in', '-o', '/nowhere/x.md'], 'file-error'],
    [['convert', 'in', '-o', 'x.md', '--format', 'pcapng'], 'not-this-format'],
  ])('%j: %s', async (args, name) => {
    const { exit, error } = await run(args, network);
    expect(exit).toBe(2);
    expect(error).toContain(name);
  });

  test('nothing is written over', async () => {
    const path = join(folder, 'there.md');
    await run(['convert', 'in', '-o', path], network);
    const before = readFileSync(path);
    const { exit, error } = await run(['convert', 'in', '-o', path], network);
    expect([exit, error]).toEqual([2, expect.stringContaining('file-exists')]);
    expect(readFileSync(path)).toEqual(before);
  });

  test('without a message no file is left, and it says what may help', async () => {
    const path = join(folder, 'none.md');
    const { exit, error } = await run(['convert', 'in', '-o', path], new TextEncoder().encode('nothing here\n'));
    expect([exit, error]).toEqual([2, expect.stringContaining('no-messages')]);
    expect(existsSync(path)).toBe(false);
  });

  test('what could not be read is told, and the rest is written', async () => {
    const path = join(folder, 'cut.jsonl');
    const { exit, error } = await run(['convert', 'in', '-o', path], network.subarray(0, network.length - 20));
    expect(exit).toBe(3);
    expect(error).toContain('the capture ends within a packet');
    expect(read(readFileSync(path)).messages.length).toBe(2);
  });
});
