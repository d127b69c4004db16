import { describe, expect, test } from 'vitest';
import { Kind, Link } from '../../src/trace/kinds.ts';
import { openMessages } from '../../src/trace/open.ts';
import { OwnMessages } from '../../src/trace/own-messages.ts';
import { fileHeader, TraceWriter } from '../../src/trace/writer.ts';
import { toHex } from '../../src/wire/hex.ts';
import { constructed, planWith } from '../iso8583/samples.ts';
import { concat, memory, readAll, type Told } from './captures.ts';

const plan = planWith();
const { framing } = plan;
const frames = constructed.map(sample => sample.bytes);
const bare = (i: number): string => toHex(frames[i], 2);

/** A trace of given records; each array of them becomes a block. */
function traceOf(
  ...blocks: (readonly [kind: number, link: number, payload: Uint8Array, timeUs?: number])[][]
): Uint8Array[] {
  const parts: Uint8Array[] = [];
  const writer = new TraceWriter({ write: (bytes, length) => void parts.push(bytes.slice(0, length)) });
  for (const block of blocks) {
    for (const [kind, link, payload, timeUs = 0] of block) {
      const at = writer.begin(kind, link, timeUs, payload.length);
      writer.bytes.set(payload, at);
    }
    writer.flush();
  }
  return [fileHeader(true), ...parts];
}

function read(file: Uint8Array): Told {
  const messages = openMessages(memory(file, 1000), { plan, framing });
  if (!messages.ok) throw new Error(messages.fault.cause);
  return readAll(messages.value);
}

const NONE = new Uint8Array(0);
const ROUTE = new Uint8Array(4);

test('messages in the pieces in which they came, of two lines at once, each with its connection', () => {
  const { counter, training } = Link;
  const file = traceOf([
    [Kind.wall, counter, new Uint8Array(8)],
    [Kind.hostConnect, counter, ROUTE],
    [Kind.hostConnected, counter, NONE],
    [Kind.hostOut, counter, frames[0], 10],
    [Kind.hostConnect, training, ROUTE],
    [Kind.hostIn, counter, frames[1].subarray(0, 1), 11],
    [Kind.hostOut, training, frames[2], 12],
    [Kind.hostIn, counter, frames[1].subarray(1, 70), 13],
    [Kind.lineIn, counter, Uint8Array.of(6)],
    [Kind.hostIn, training, concat(frames[3], frames[4].subarray(0, 9)), 14],
    [Kind.hostIn, counter, frames[1].subarray(70), 15],
    [Kind.hostIn, training, frames[4].subarray(9), 16],
    [Kind.hostConnect, counter, ROUTE],
    [Kind.hostOut, counter, frames[5], 17],
  ]);
  expect(read(concat(...file))).toEqual({
    messages: [
      { way: 0, stream: 0, timeUs: 10, hex: bare(0) },
      { way: 0, stream: 1, timeUs: 12, hex: bare(2) },
      { way: 1, stream: 1, timeUs: 14, hex: bare(3) },
      { way: 1, stream: 0, timeUs: 15, hex: bare(1) },
      { way: 1, stream: 1, timeUs: 16, hex: bare(4) },
      { way: 0, stream: 2, timeUs: 17, hex: bare(5) },
    ],
    troubles: [],
  });
});

test('a connection of a converted capture keeps the number that it had there', () => {
  const numbered = (number: string): Uint8Array =>
    concat(ROUTE, Uint8Array.of(0, 1, 0x61, 0, number.length), new TextEncoder().encode(number));
  const records: [number, number, Uint8Array][] = ['7', '3', '7', 'x', '-1'].flatMap(number => [
    [Kind.hostConnect, 0, numbered(number)],
    [Kind.hostOut, 0, frames[0]],
  ]);
  const told = read(concat(...traceOf([...records, [Kind.hostConnect, 0, ROUTE], [Kind.hostOut, 0, frames[2]]])));
  // What is no number, and a connection without one, comes after all others.
  expect(told.messages.map(message => message.stream)).toEqual([7, 3, 7, 8, 9, 10]);
});

test('half a message at the end of a connection is told and does not spoil the next one', () => {
  const file = traceOf([
    [Kind.hostConnect, 0, ROUTE],
    [Kind.hostIn, 0, frames[1].subarray(0, 50)],
    [Kind.hostConnect, 0, ROUTE],
    [Kind.hostIn, 0, frames[3]],
  ]);
  const told = read(concat(...file));
  expect(told.messages.map(message => message.hex)).toEqual([bare(3)]);
  expect(told.troubles).toEqual(['record 3: 50 bytes of a message before it']);
});

test('a block that is missing takes only its own messages with it', () => {
  const [head, first, second, third] = traceOf(
    [
      [Kind.hostConnect, 0, ROUTE],
      [Kind.hostIn, 0, concat(frames[1], frames[3].subarray(0, 50))],
    ],
    [[Kind.hostIn, 0, concat(frames[3].subarray(50), frames[4])]],
    [[Kind.hostIn, 0, frames[5]]],
  );
  expect(read(concat(head, first, second, third)).messages.length).toBe(4);
  const told = read(concat(head, first, third));
  expect(told.messages.map(message => message.hex)).toEqual([bare(1), bare(5)]);
  expect(told.troubles.length).toBe(1);
});

test('a length that cannot be right', () => {
  const file = traceOf([
    [Kind.hostConnect, 0, ROUTE],
    [Kind.hostIn, 0, Uint8Array.of(0, 5, 1, 2, 3)],
    [Kind.hostIn, 0, frames[1]],
  ]);
  const told = read(concat(...file));
  expect(told.messages.map(message => message.hex)).toEqual([bare(1)]);
  expect(told.troubles).toEqual(['record 2: the length before a message cannot be right']);
});

test('links that there are not are passed over', () => {
  const file = traceOf([
    [Kind.hostIn, 9, frames[1]],
    [Kind.hostConnect, 200, ROUTE],
    [Kind.hostIn, 0, frames[3]],
  ]);
  expect(read(concat(...file)).messages.map(message => message.hex)).toEqual([bare(3)]);
});

describe('with the other records', () => {
  test('it stops at each of them, in the order of the file', () => {
    const file = traceOf([
      [Kind.screen, 0, Uint8Array.of(0, 1, 0x61)],
      [Kind.hostConnect, 0, ROUTE],
      [Kind.hostIn, 0, frames[1].subarray(0, 50)],
      [Kind.key, 0, NONE],
      [Kind.hostIn, 0, frames[1].subarray(50)],
    ]);
    const messages = new OwnMessages(memory(concat(...file)), plan, framing, true);
    const seen: (number | string)[] = [];
    while (messages.next()) {
      seen.push(messages.atMessage ? toHex(messages.bytes, messages.from, messages.to) : messages.reader.kind);
    }
    expect(seen).toEqual([Kind.screen, Kind.hostConnect, Kind.key, bare(1)]);
    expect(messages.number).toBe(1);
  });
});

describe('what is no capture', () => {
  const open = (bytes: Uint8Array): string => {
    const messages = openMessages(memory(bytes), { plan, framing });
    return messages.ok ? 'opened' : `${messages.fault.name}: ${messages.fault.cause}`;
  };
  const text = (characters: string): Uint8Array => Uint8Array.from(characters, character => character.charCodeAt(0));

  test.each([
    ['', 'empty-capture: the capture is empty'],
    ['SQLite format 3\0\x10\0', 'foreign-file: this is a SQLite database, as a journal is, no capture'],
    ['\x89PNG\r\n\x1a\n', 'foreign-file: this is a PNG image, no capture'],
    ['\x1f\x8b\x08\0', 'foreign-file: the capture is compressed with gzip'],
    ['some text\n and \0 more', 'foreign-file: byte 15 is no text, and the file begins like no capture'],
  ])('%j', (bytes, cause) => {
    expect(open(text(bytes))).toBe(cause);
  });

  test('a source that fails says why', () => {
    const source = { size: undefined, fault: 'cannot read x: EIO', read: () => 0 };
    const messages = openMessages(source, { plan, framing });
    expect(!messages.ok && messages.fault.cause).toBe('cannot read x: EIO');
  });

  test('another format than the one that was named', () => {
    const messages = openMessages(memory(text('plain text')), { plan, framing, format: 'pcap' });
    expect(!messages.ok && messages.fault.cause).toBe('the capture is not pcap, it looks like hex');
  });
});
