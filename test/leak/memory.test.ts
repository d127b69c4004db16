import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { tourScript } from '../../src/cli/tour.ts';
import { luhn } from '../../src/sim/terminal/deck.ts';
import { World } from '../e2e/world.ts';

vi.setConfig({ testTimeout: 180_000 });
const world = new World();
afterEach(() => world.end());

/** Invented numbers without runs of zeros, which memory is full of anyway. */
const DECK = {
  format: 'pos8583-deck-1',
  cards: [
    {
      id: 'chip',
      name: { zh: '芯片', en: 'chip' },
      pan: withCheckDigit('621098765432123456'),
      expiry: '3112',
      serviceCode: '201',
      chip: {},
    },
    {
      id: 'swipe',
      name: { zh: '磁条', en: 'stripe' },
      pan: withCheckDigit('622598765432198'),
      expiry: '3112',
      serviceCode: '101',
    },
  ],
};

function withCheckDigit(digits: string): string {
  for (let check = 0; check <= 9; check++) if (luhn(`${digits}${check}`)) return `${digits}${check}`;
  throw new Error('one of ten digits is the check digit');
}

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
    if (!match || line.includes('[vvar')) continue;
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

test('after a day with chip and stripe nothing of a card is left in the memory of the runtime', async () => {
  const acquirer = await world.acquirer();
  const script = tourScript('zh').replace(/quit 0\n$/, 'pause 600\n');
  const terminal = await world.terminal(script, '--deck', world.write('deck.json', JSON.stringify(DECK)));
  const { program } = world.run(acquirer.address);
  await world.screens.line(/操作员已签退/);
  await world.screens.line(/未签到/);
  for (const card of DECK.cards) {
    const patterns = traces(card.pan, card.expiry);
    // The virtual terminal keeps its deck in clear: the search must find it there, or it proves nothing.
    expect(placesIn(terminal.child.pid as number, patterns)).not.toEqual([]);
    expect(placesIn(program.child.pid as number, patterns)).toEqual([]);
  }
});
