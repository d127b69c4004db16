import { describe, expect, test } from 'vitest';
import { canaryCards, Dice, panSecret, secretsOf, withCheckDigit } from './canaries.ts';
import { ENCODINGS } from './encodings.ts';
import { chance, LeakIndex, type Secret, wrongWith } from './search.ts';

const CARDS = canaryCards(1_000, 7);
const dice = new Dice(99);
const BLOCKS: Secret[] = Array.from({ length: 1_000 }, (_, i) => ({ name: `block ${i}`, bytes: dice.bytes(8) }));
const SECRETS = [...CARDS.flatMap(secretsOf), ...BLOCKS];
const INDEX = new LeakIndex(SECRETS);

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

/** `piece` in the middle of a log. */
function between(piece: Uint8Array): Uint8Array {
  const line = bytesOf(
    '{"level":"info","time":"2026-11-22T14:00:01.123Z","stan":12,"amountMinor":123456,"msg":"approved"}\n',
  );
  return Uint8Array.from([...line, ...line, ...piece, ...line]);
}

const found = (piece: Uint8Array): string[] => INDEX.search(between(piece)).leaks.map(({ secret }) => secret);

describe('the search for leaks', () => {
  test.each(Object.keys(ENCODINGS))('finds number, discretionary digits, PIN, PIN block and name: %s', name => {
    const encode = ENCODINGS[name];
    for (const [i, card] of CARDS.entries()) {
      if (i % 50 !== 0) continue;
      expect(found(encode(card.pan))).toContain(`number of ${card.id}`);
      expect(found(encode(card.discretionary))).toContain(`discretionary digits of ${card.id}`);
      expect(found(encode(card.pin))).toContain(`PIN of ${card.id}`);
      expect(found(encode(bytesOf(card.holder)))).toContain(`holder of ${card.id}`);
      const block = BLOCKS[i];
      if ('bytes' in block) expect(found(encode(block.bytes))).toContain(block.name);
    }
  });

  test('finds pieces: eleven or twelve digits of a number, ten of a discretionary part, six bytes of a block', () => {
    for (const card of CARDS.slice(0, 50)) {
      const row = card.pan.length > 16 ? 12 : 11;
      for (let at = 0; at + row <= card.pan.length; at++)
        expect(found(bytesOf(card.pan.slice(at, at + row)))).toContain(`number of ${card.id}`);
      expect(found(bytesOf(card.discretionary.slice(-10)))).toContain(`discretionary digits of ${card.id}`);
    }
    for (const block of BLOCKS.slice(0, 50))
      if ('bytes' in block)
        for (let at = 0; at <= 2; at++) expect(found(block.bytes.slice(at, at + 6))).toEqual([block.name]);
  });

  test('takes shorter pieces of many cards for a leak, of a few for chance', () => {
    const piecesOf = (count: number): string[] => {
      const text = CARDS.slice(0, count).map(card => `card ${card.pan.slice(2, 12)}x`);
      return wrongWith(INDEX.search(bytesOf(text.join('\n'))), CARDS.length);
    };
    expect(piecesOf(chance(CARDS.length))).toEqual([]);
    expect(piecesOf(chance(CARDS.length) + 1)[0]).toMatch(/^pieces of 9 secrets/);
  });

  test('finds nothing in what may be shown: 6+4, stand-ins, random bytes, digits, hex and base64', () => {
    const shown = CARDS.map(({ pan }) => `${pan.slice(0, 6)}******${pan.slice(-4)}\n`).join('');
    expect(wrongWith(INDEX.search(bytesOf(shown)), CARDS.length)).toEqual([]);
    const standIns = CARDS.map(({ pan }) => standIn(pan)).join('\n');
    expect(wrongWith(INDEX.search(bytesOf(standIns)), CARDS.length)).toEqual([]);
    const noise = dice.bytes(200_000);
    for (const form of ['latin1', 'hex', 'base64'] as const)
      expect(INDEX.search(bytesOf(Buffer.from(noise).toString(form))).leaks).toEqual([]);
    const amounts = Array.from({ length: 10_000 }, () => String(dice.below(1_000_000_000)).padStart(12, '0'));
    expect(INDEX.search(bytesOf(amounts.join(' '))).leaks).toEqual([]);
  });

  test('tells the place', () => {
    const { leaks } = new LeakIndex([panSecret('card', CARDS[0].pan)]).search(
      bytesOf(`${'x'.repeat(100)}${CARDS[0].pan}`),
    );
    expect(leaks[0]).toEqual({ secret: 'card', form: 'digits', at: 108, length: 16 });
  });
});

/** Another number with the same first six and last four digits and a right check digit. */
function standIn(pan: string): string {
  for (;;) {
    const other = `${pan.slice(0, 6)}${dice.digits(pan.length - 10)}${pan.slice(-4)}`;
    if (other !== pan && withCheckDigit(other.slice(0, -1)) === other) return other;
  }
}
