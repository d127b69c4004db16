import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { tourScript } from '../../src/cli/tour.ts';
import { compileFieldPlan } from '../../src/iso8583/plan.ts';
import { namedProfile } from '../../src/node/profiles.ts';
import { loadProfile } from '../../src/profile/profile.ts';
import { PROFILE, World } from '../e2e/world.ts';
import { value } from '../runtime/counter.ts';
import { hiddenDigits, panSecret, withCheckDigit } from './canaries.ts';
import { Outputs } from './outputs.ts';
import { LeakIndex, type Secret, wrongWith } from './search.ts';
import { type Passed, Tap } from './tap.ts';

vi.setConfig({ testTimeout: 180_000 });
const world = new World();
let tap: Tap | undefined;
afterEach(async () => {
  tap?.close();
  await world.end();
});

/** Invented numbers without runs of zeros, which memory is full of anyway. */
const DECK = {
  format: 'pos8583-deck-1',
  cards: [
    {
      id: 'chip',
      name: { zh: '芯片', en: 'chip' },
      pan: withCheckDigit('621098180928173645'),
      expiry: '3112',
      serviceCode: '201',
      discretionary: '8190918',
      chip: {},
    },
    {
      id: 'swipe',
      name: { zh: '磁条', en: 'stripe' },
      pan: withCheckDigit('622598081927190'),
      expiry: '3112',
      serviceCode: '101',
      discretionary: '8091972635481',
    },
  ],
};

/** A region of this size and more is address space that was only reserved. */
const REGION_MAX = 2 ** 31;

/** Every way in which a card number and the start of its track could lie in memory. */
function traces(pan: string, expiry: string): Record<string, Buffer> {
  const packed = (digits: string): Buffer => Buffer.from(digits.length % 2 === 0 ? digits : `${digits}0`, 'hex');
  return {
    'number, ASCII': Buffer.from(pan, 'latin1'),
    'number, UTF-16': Buffer.from(pan, 'utf16le'),
    'number, packed': packed(pan),
    'number, packed from the second nibble': Buffer.from(pan.slice(1, 1 + 2 * Math.floor((pan.length - 1) / 2)), 'hex'),
    'track, ASCII': Buffer.from(`${pan}D${expiry}`, 'latin1'),
    'track, packed': packed(`${pan}D${expiry}`),
  };
}

/** Bytes shown before and after a place that was found: the cards are invented, and who looks for a leak needs the neighbours. */
const AROUND = 512;

/** Where each pattern lies in the readable memory of a process: the pattern's name, the region, the bytes around it. */
function placesIn(pid: number, patterns: Record<string, Buffer>): string[] {
  const found: string[] = [];
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const match = /^([0-9a-f]+)-([0-9a-f]+) r/.exec(line);
    // What is a file and cannot be written holds what the file holds.
    if (!match || line.includes('[vvar') || / r-.p .*\//.test(line)) continue;
    const start = Number.parseInt(match[1], 16);
    const size = Number.parseInt(match[2], 16) - start;
    if (size >= REGION_MAX) continue;
    const bytes = Buffer.alloc(size);
    let length = 0;
    try {
      length = readSync(memory, bytes, 0, size, start);
    } catch (error) {
      // Regions of devices and of the kernel cannot be read; there is no card in them.
      if ((error as NodeJS.ErrnoException).code !== 'EIO' && (error as NodeJS.ErrnoException).code !== 'EFAULT')
        throw error;
    }
    for (const [name, pattern] of Object.entries(patterns))
      for (let at = bytes.indexOf(pattern); at >= 0 && at < length; at = bytes.indexOf(pattern, at + 1))
        found.push(`${name} at ${(start + at).toString(16)} of ${line}: ${neighbours(bytes, at, pattern.length)}`);
  }
  closeSync(memory);
  return found;
}

function neighbours(bytes: Buffer, at: number, length: number): string {
  const end = at + length;
  return [bytes.subarray(Math.max(0, at - AROUND), at), bytes.subarray(at, end), bytes.subarray(end, end + AROUND)]
    .map(part => part.toString('hex'))
    .join(' | ');
}

/** PIN blocks of the day as the acquirer got them. */
function pinBlocks(messages: readonly Passed[]): Uint8Array[] {
  return messages.flatMap(({ fields }) => (fields[52] ? [Uint8Array.from(Buffer.from(fields[52], 'hex'))] : []));
}

/** What nobody may find of the cards and keys of the day. */
function secretsOf(messages: readonly Passed[]): Secret[] {
  return [
    ...DECK.cards.map(({ id, pan }) => panSecret(`number of ${id}`, pan)),
    hiddenDigits('discretionary digits of swipe', DECK.cards[1].discretionary),
    ...pinBlocks(messages).map((bytes, n) => ({ name: `PIN block ${n}`, bytes })),
    ...messages.flatMap(({ fields }, n) =>
      fields[62]?.length === 80
        ? [0, 20].map(at => ({ name: `key of ${n}`, bytes: Buffer.from(fields[62], 'hex').subarray(at, at + 8) }))
        : [],
    ),
  ];
}

test('after a day with sale, void, refund and settlement nothing of a card is in memory or in a file of the runtime', async () => {
  const acquirer = await world.acquirer();
  tap = await Tap.open(acquirer.address);
  const script = tourScript('zh').replace(/quit 0\n$/, 'pause 600\n');
  const terminal = await world.terminal(script, '--deck', world.write('deck.json', JSON.stringify(DECK)));
  const log = world.at('run.log');
  const { program } = world.run(tap.address, '--log', log, '--notices', world.at('notices.jsonl'));
  await world.screens.line(/操作员已签退/);
  await world.screens.line(/未签到/);
  const { dialect, acquirer: wanted } = value(loadProfile(PROFILE, name => namedProfile(PROFILE).read(name)));
  const messages = tap.messages(value(compileFieldPlan(dialect, wanted.dialectOptions)));
  const blocks = pinBlocks(messages);
  expect(blocks.length).toBe(2);
  const cards: Record<string, Buffer> = {};
  for (const { id, pan, expiry } of DECK.cards)
    for (const [form, bytes] of Object.entries(traces(pan, expiry))) cards[`${id}: ${form}`] = bytes;
  // The virtual terminal keeps its deck in clear: the search must find it there, or it proves nothing.
  const known = placesIn(terminal.child.pid as number, cards);
  for (const { id } of DECK.cards) expect(known.filter(place => place.startsWith(`${id}: number`))).not.toEqual([]);
  const pins = blocks.flatMap((block, n) => [
    [`PIN block ${n}`, Buffer.from(block)],
    [`PIN block ${n}, hex`, Buffer.from(Buffer.from(block).toString('hex').toUpperCase(), 'latin1')],
  ]);
  expect(placesIn(program.child.pid as number, { ...cards, ...Object.fromEntries(pins) })).toEqual([]);

  program.signal('SIGINT');
  await program.ended;
  const secrets = secretsOf(messages);
  const index = new LeakIndex(secrets);
  expect(index.search(Buffer.concat(messages.map(({ bytes }) => bytes))).leaks.length).toBeGreaterThan(5);
  const outputs = new Outputs();
  outputs.text('both streams', program.output);
  outputs.file('log', log);
  outputs.file('notices', world.at('notices.jsonl'));
  outputs.file('trace', world.at('trace-1.p85t'));
  for (const [name, bytes] of outputs.all)
    expect([name, wrongWith(index.search(bytes), DECK.cards.length)]).toEqual([name, []]);
});
