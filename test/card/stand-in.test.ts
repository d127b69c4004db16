import { describe, expect, test } from 'vitest';
import { ClearCard } from '../../src/card/card.ts';
import {
  AS_IS,
  checkSum,
  markExpiryText,
  markName,
  markTrack1,
  markTrack2,
  markTrack3,
  standInOf,
} from '../../src/card/stand-in.ts';
import { Random } from '../fuzz/random.ts';
import { digitsOf } from '../trace/redact-world.ts';

const KEY = Uint8Array.from({ length: 16 }, (_, i) => 3 * i + 1);
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, char => char.charCodeAt(0));
const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

function panOf(pan: string, standIn = standInOf(KEY)): string {
  const bytes = bytesOf(`x${pan}y`);
  standIn.pan(bytes, 1, bytes.length - 1);
  expect([bytes[0], bytes.at(-1)]).toEqual([0x78, 0x79]);
  return textOf(bytes.subarray(1, -1));
}

function marked(mark: (text: Uint8Array, from: number, to: number) => void, text: string): string {
  const bytes = bytesOf(text);
  mark(bytes, 0, bytes.length);
  return textOf(bytes);
}

describe('a stand-in for a card number', () => {
  test('keeps six and four digits, is another number, and has a right check digit where the number has one', () => {
    const random = new Random(1);
    const seen = new Set<string>();
    for (let i = 0; i < 800; i++) {
      const pan = `62${digitsOf(random, 10 + (i % 8))}`;
      const made = panOf(pan);
      expect(made).toHaveLength(pan.length);
      expect(made.slice(0, 6) + made.slice(-4)).toBe(pan.slice(0, 6) + pan.slice(-4));
      expect(made).not.toBe(pan);
      const right = checkSum(bytesOf(pan), 0, pan.length) === 0;
      expect(checkSum(bytesOf(made), 0, made.length) === 0).toBe(right);
      expect(panOf(pan)).toBe(made);
      seen.add(made);
    }
    expect(seen.size).toBeGreaterThan(785);
  });

  test('packed from an even place it has no byte that must be escaped where digits were changed', () => {
    const random = new Random(2);
    for (let i = 0; i < 1000; i++) {
      const length = 12 + (i % 8);
      const made = panOf(`4${digitsOf(random, length - 1)}`);
      for (let at = 6; at < length - 4; at += 2) expect(made.slice(at, at + 2)).not.toMatch(/^1[367]$/);
      if (length % 2 === 1) expect(made.slice(length - 5, length - 3)).not.toMatch(/^1[367]$/);
    }
  });

  test('every middle digit takes every value, about equally often', () => {
    const random = new Random(3);
    const counts = Array.from({ length: 6 }, () => new Array<number>(10).fill(0));
    for (let i = 0; i < 5000; i++)
      [...panOf(`622500${digitsOf(random, 6)}0014`).slice(6, 12)].forEach((d, at) => counts[at][Number(d)]++);
    for (const [at, digits] of counts.entries())
      for (const [d, count] of digits.entries()) {
        // A 1 before the last of them is left out, and what would need an escape is another digit.
        if (at === 4 && d === 1) expect(count).toBe(0);
        else expect(count, `digit ${d} at ${at}`).toBeGreaterThan(300);
      }
  });

  test('another key gives another number', () => {
    const other = standInOf(KEY.map(byte => byte ^ 1));
    let same = 0;
    const random = new Random(4);
    for (let i = 0; i < 500; i++) {
      const pan = `622500${digitsOf(random, 6)}0014`;
      if (panOf(pan) === panOf(pan, other)) same++;
    }
    expect(same).toBeLessThan(3);
  });

  test('is no number where there was none: too short, too long, no digits; zeros and stand-ins stay', () => {
    expect(panOf('62250000014')).toBe('0'.repeat(11));
    expect(panOf('6'.repeat(20))).toBe('0'.repeat(20));
    expect(panOf('622500D000000014')).toBe('0'.repeat(16));
    expect(panOf('0000000000000000')).toBe('0'.repeat(16));
    expect(panOf('6225000000000014', AS_IS as never)).toBe('6225000000000014');
  });
});

describe('tracks', () => {
  const standIn = standInOf(KEY, 2611);
  const pan = panOf('6225000000000014', standIn);

  test('track 2: stand-in, a fixed expiry and service code, zeros; what code reads of it stays the same kind', () => {
    const mark = (text: string): string => marked((b, f, t) => markTrack2(b, f, t, standIn), text);
    expect(mark('6225000000000014D30102011234567890')).toBe(`${pan}D49122010000000000`);
    expect(mark('6225000000000014=30101200234567890')).toBe(`${pan}=49121010000000000`);
    expect(mark('6225000000000014D26106221234567890')).toBe(`${pan}D00012010000000000`);
    expect(mark('6225000000000014D00001201234567890')).toBe(`${pan}D00001010000000000`);
    expect(mark('6225000000000014DD12345')).toBe(`${pan}DD00000`.replace('D00000', 'D10100'));
    expect(mark('6225000000000014D3010D12345')).toBe(`${pan}D4912D00000`);
    expect(mark('6225000000000014D30102A1F0B34')).toBe(`${pan}D4912000000000`.slice(0, 29));
    expect(mark('62250000000000143010201123')).toBe('0'.repeat(26));
    for (const text of ['6225000000000014D30102011234567890', '6225000000000014DD12345', '6225000000000014D2610D123']) {
      const [real, made] = [text, mark(text)].map(track => ClearCard.fromTrack2Ascii(bytesOf(track)));
      if (!real.ok || !made.ok) throw new Error('no track');
      expect(made.value.masked()).toBe(real.value.masked());
      expect(made.value.saysChip()).toBe(real.value.saysChip());
      expect(made.value.luhnValid()).toBe(real.value.luhnValid());
      expect(made.value.expiry.length).toBe(real.value.expiry.length);
      expect(textOf(made.value.expiry) < '2611').toBe(textOf(real.value.expiry) < '2611');
    }
  });

  test('track 1, track 3, names and dates', () => {
    expect(marked((b, f, t) => markTrack1(b, f, t, standIn), 'B6225000000000014^LI/MING T^30102011234')).toBe(
      `B${pan}^XX/XXXX X^49122010000`,
    );
    expect(marked((b, f, t) => markTrack1(b, f, t, standIn), 'B6225000000000014 LI MING')).toBe('0'.repeat(25));
    expect(marked((b, f, t) => markTrack3(b, f, t, standIn), '996225000000000014D123456D78')).toBe(
      `99${pan}D000000000`,
    );
    expect(marked(markName, 'LI/MING T')).toBe('XX/XXXX X');
    expect(marked((b, f, t) => markExpiryText(b, f, t, standIn), '301031')).toBe('491231');
    expect(marked((b, f, t) => markExpiryText(b, f, t, standIn), '261031')).toBe('000101');
    expect(marked((b, f, t) => markExpiryText(b, f, t, AS_IS), '000101')).toBe('000101');
    expect(marked((b, f, t) => markExpiryText(b, f, t, standIn), '3010')).toBe('4912');
    expect(marked((b, f, t) => markExpiryText(b, f, t, standIn), '30103')).toBe('00000');
  });
});
