import { describe, expect, test } from 'vitest';
import { openMessages } from '../../src/trace/open.ts';
import { parseHex } from '../../src/trace/text.ts';
import { toHex } from '../../src/wire/hex.ts';
import { bytesOf, constructed, planWith } from '../iso8583/samples.ts';
import { memory, readAll, type Told } from './captures.ts';

const plan = planWith();
const { framing } = plan;
const [request, answer, second] = constructed.map(sample => sample.bytes);
const bare = (frame: Uint8Array): string => toHex(frame, 2);

function read(text: string, piece?: number): Told {
  const messages = openMessages(memory(new TextEncoder().encode(text), piece), { plan, framing });
  if (!messages.ok) throw new Error(messages.fault.cause);
  return readAll(messages.value);
}

const spaced = (bytes: Uint8Array, between = ' '): string => (toHex(bytes).match(/../g) ?? []).join(between);

/** Rows of 16 bytes: offset as `offset` writes it, then `row` of the bytes and the characters. */
function dump(
  bytes: Uint8Array,
  offset: (at: number) => string,
  row: (hex: string[], characters: string) => string,
): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const piece = bytes.subarray(at, at + 16);
    const characters = Array.from(piece, byte => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join(
      '',
    );
    lines.push(offset(at) + row(toHex(piece).match(/../g) ?? [], characters));
  }
  return lines.join('\n');
}

const digits = (at: number, count: number): string => at.toString(16).padStart(count, '0');
const hexdump = (bytes: Uint8Array): string =>
  `${dump(
    bytes,
    at => `${digits(at, 8)}  `,
    (hex, characters) => `${hex.slice(0, 8).join(' ').padEnd(24)} ${hex.slice(8).join(' ').padEnd(24)} |${characters}|`,
  )}\n${digits(bytes.length, 8)}`;
const xxd = (bytes: Uint8Array): string =>
  dump(
    bytes,
    at => `${digits(at, 8)}: `,
    (hex, characters) =>
      `${(
        hex
          .join('')
          .toLowerCase()
          .match(/.{1,4}/g) ?? []
      )
        .join(' ')
        .padEnd(39)}  ${characters}`,
  );
const rows = (bytes: Uint8Array): string =>
  dump(
    bytes,
    at => `${digits(at, 4)}: `,
    (hex, characters) => `${hex.join(' ').padEnd(47)}  ${characters}`,
  );

describe('one message', () => {
  test.each([
    ['plain hex', toHex(request)],
    ['plain hex in lower case', toHex(request).toLowerCase()],
    ['spaces', spaced(request)],
    ['colons', spaced(request, ':')],
    ['commas and 0x', `0x${spaced(request, ', 0x')}`],
    ['hyphens', spaced(request, '-')],
    ['lines of 20 bytes', spaced(request).replace(/((?:.. ){20})/g, '$1\n')],
    ['hexdump -C', hexdump(request)],
    ['xxd', xxd(request)],
    ['rows with short offsets', rows(request)],
    [
      'offsets with 0x',
      dump(
        request,
        at => `0x${digits(at, 4)}:  `,
        hex => hex.join(' '),
      ),
    ],
    [
      'offsets with a bar',
      dump(
        request,
        at => `${digits(at, 6)} | `,
        (hex, text) => `${hex.join(' ').padEnd(48)}| ${text}`,
      ),
    ],
    [
      'a hyphen in the middle',
      dump(
        request,
        at => `${digits(at, 4)}: `,
        hex => hex.join(' ').replace(/^(.{23}) /, '$1-'),
      ),
    ],
    ['carriage returns', hexdump(request).replaceAll('\n', '\r\n')],
    ['behind words', `2026-11-22 13:48:02.123 DEBUG c.p.Channel - sent 118 bytes: ${toHex(request)}`],
    ['in brackets', `[2026-11-22T13:48:02Z] TX [${spaced(request)}]`],
    ['in quotes', `msg="${toHex(request)}" len=118`],
    ['without its length', toHex(request, 2)],
    [
      'rows behind a log prefix',
      dump(
        request,
        at => `13:48:02.001 INFO  [main] ${digits(at, 4)}: `,
        hex => hex.join(' '),
      ),
    ],
  ])('%s', (_, text) => {
    const told = read(text);
    expect(told.troubles).toEqual([]);
    expect(told.messages.map(message => message.hex)).toEqual([bare(request)]);
  });

  test('a body alone gets an empty TPDU and header in front, so that it stands where it is looked for', () => {
    expect(read(toHex(request, 13)).messages[0].hex).toBe(`6000000000600000000000${toHex(request, 13)}`);
    expect(read(toHex(request, 7)).messages[0].hex).toBe(`6000000000${toHex(request, 7)}`);
  });

  test('rows that are like the one before are left out by hexdump', () => {
    const hex = `${'AB'.repeat(16)}${'00'.repeat(64)}CD`;
    const text = ['00000000  ' + 'ab '.repeat(16), '00000010  ' + '00 '.repeat(16), '*', '00000050  cd', '00000051'];
    const parsed = parseHex(text.join('\n'));
    expect(parsed.ok && toHex(parsed.value)).toBe(hex);
  });
});

describe('several', () => {
  test('dumps of all forms in one log, with their directions and times', () => {
    const text = [
      'Starting acquirer line, id deadbeefcafe0123',
      '2026-11-22 13:48:02.250 INFO  >>> request to acquirer',
      hexdump(request),
      '',
      '2026-11-22 13:48:03,5 INFO  received (150 bytes):',
      xxd(answer),
      `2026/11/22 13:48:04 SEND ${toHex(second)}`,
      'some more words',
      '应答报文:',
      rows(answer),
    ].join('\n');
    const at = Date.UTC(2026, 10, 22, 13, 48, 2) * 1000;
    const told = read(text);
    expect(told.troubles).toEqual([]);
    expect(told.messages).toEqual([
      { way: 0, stream: 0, timeUs: at + 250_000, hex: bare(request) },
      { way: 1, stream: 0, timeUs: at + 1_500_000, hex: bare(answer) },
      { way: 0, stream: 0, timeUs: at + 2_000_000, hex: bare(second) },
      { way: 1, stream: 0, timeUs: 0, hex: bare(answer) },
    ]);
    for (const piece of [1, 7, 100]) expect(read(text, piece)).toEqual(told);
  });

  test.each([
    ['>> ', 0],
    ['-> ', 0],
    ['Tx: ', 0],
    ['outgoing ', 0],
    ['[OUT] ', 0],
    ['发送: ', 0],
    ['<< ', 1],
    ['<- ', 1],
    ['rx ', 1],
    ['Response: ', 1],
    ['(in) ', 1],
    ['接收报文: ', 1],
    // Neither word: the message type says it.
    ['', 1],
  ])('%s', (words, way) => {
    const frame = words === '' ? answer : request;
    expect(read(words + toHex(frame)).messages.map(message => message.way)).toEqual([way]);
    expect(read(`${words}\n${hexdump(frame)}`).messages.map(message => message.way)).toEqual([way]);
  });

  test('words that stand more than three lines before a dump are not about it', () => {
    const away = (lines: number): Told => read(`10:00:00 received\n${'-\n'.repeat(lines)}${toHex(request)}\n`);
    expect(away(2).messages[0]).toMatchObject({ way: 1, timeUs: 36_000_000_000 });
    expect(away(3).messages[0]).toMatchObject({ way: 0, timeUs: 0 });
  });

  test('a time zone, a time without a day', () => {
    const line = (time: string): number => read(`${time} send ${toHex(request)}`).messages[0].timeUs;
    expect(line('2026-11-22T13:48:02+08:00')).toBe(Date.UTC(2026, 10, 22, 5, 48, 2) * 1000);
    expect(line('01:00:00.000001')).toBe(3_600_000_001);
  });

  test('frames one after the other in one dump', () => {
    const both = bytesOf(toHex(request) + toHex(answer));
    expect(read(hexdump(both)).messages.map(message => message.hex)).toEqual([bare(request), bare(answer)]);
  });

  test('bare lines below each other are one message, text between them parts two', () => {
    const lines = spaced(request).replace(/((?:.. ){16})/g, '$1\n');
    const told = read(`${lines}\n\nand then\n${lines}\n`);
    expect(told.messages.map(message => message.hex)).toEqual([bare(request), bare(request)]);
  });
});

describe('what is no message', () => {
  test('hex of other things is told with its line', () => {
    const told = read(`key check value\nid 550e8400e29b41d4a716446655440000\nthen\n${toHex(request)}\n`);
    expect(told.messages.length).toBe(1);
    expect(told.troubles).toEqual(['line 2: 16 bytes of hex are no message of this profile']);
  });

  test('an endless line is passed over, in bounded memory', () => {
    const told = read(`${'AB '.repeat(400_000)}\n${toHex(request)}\n`);
    expect(told.messages.map(message => message.hex)).toEqual([bare(request)]);
    expect(told.troubles).toEqual(['line 1 is too long: 1200001 bytes passed over']);
  });

  test('an endless dump is passed over', () => {
    const told = read(`${'AB '.repeat(32).concat('\n').repeat(9000)}\n\n${toHex(request)}\n`);
    expect(told.messages.map(message => message.hex)).toEqual([bare(request)]);
    expect(told.troubles).toEqual(['line 1: a dump of more than 524288 characters is no message']);
  });

  test('an odd number of digits', () => {
    expect(read(`${toHex(request)}\n5\n\n`).messages.map(message => message.hex)).toEqual([bare(request)]);
    expect(read(`send: ${toHex(request)}5\n`).messages).toEqual([]);
  });

  test('words are never taken for bytes', () => {
    const text = 'faced with a decade of dead beef, a cafe added a facade: bad, be fed, feed deed\n'.repeat(20);
    expect(read(text)).toEqual({ messages: [], troubles: [] });
  });

  test('hostile lines cost no more than their length', () => {
    // Each of these would be slow for an expression that goes back and forth.
    for (const piece of ['a', ' ', '0 ', '0x', '::', '13:48:', '2026-', '> ', '00:', '| ']) {
      const text = `${piece.repeat(200_000 / piece.length)}\n`;
      const begin = process.cpuUsage();
      read(text);
      expect(process.cpuUsage(begin).user / 1000, JSON.stringify(piece)).toBeLessThan(500);
    }
  });
});
