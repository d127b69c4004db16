import { describe, expect, test } from 'vitest';
import { MessageView } from '../../src/iso8583/message-view.ts';
import { markedRows, publicNibbles } from '../../src/trace/hex-rows.ts';
import { toHex } from '../../src/wire/hex.ts';
import { constructed, planWith, samples, type Sample } from '../iso8583/samples.ts';

const plan = planWith();

/** The message as hex with `*` for what must not be shown. */
function shownHex(sample: Sample, end = sample.bytes.length): string {
  const bytes = sample.bytes.slice(0, end);
  const view = new MessageView(plan);
  view.decode(bytes, sample.bodyStart, end);
  const shown = publicNibbles(view);
  return [...toHex(bytes)].map((digit, i) => (shown[i] === 1 ? digit : '*')).join('');
}

describe('what may be shown of a message', () => {
  test('heads, lengths and public values; no track, PIN block or MAC', () => {
    const hex = shownHex(constructed[0]);
    const { fields } = constructed[0];
    expect(hex.slice(0, 26)).toBe(toHex(constructed[0].bytes, 0, 13));
    expect(hex).toContain(`37${'*'.repeat(38)}`);
    expect(hex).toContain(fields['4']);
    expect(hex.endsWith('*'.repeat(16))).toBe(true);
  });

  test('tags and public chip data, batch details to the half byte, keys hidden and their check values not', () => {
    expect(shownHex(samples[2])).toContain('9F3602');
    const details = shownHex(constructed[12]);
    expect(details).toContain(`00000101${'*'.repeat(20)}000000001234`);
    expect(shownHex(constructed[8])).toContain(`${'*'.repeat(32)}00962B60${'*'.repeat(32)}`);
  });

  test('no sample shows a card number, cut anywhere', () => {
    for (const sample of samples) {
      const pan = sample.fields['2'] ?? sample.fields['35']?.split('D')[0];
      if (pan === undefined) continue;
      for (let end = sample.bodyStart; end <= sample.bytes.length; end += 3) {
        expect(shownHex(sample, end)).not.toContain(pan);
      }
    }
  });
});

describe('rows', () => {
  const bytes = Uint8Array.from({ length: 40 }, (_, i) => i);
  const all = new Uint8Array(80).fill(1);

  test('one half byte, several bytes over two rows, and what is missing', () => {
    expect(markedRows(bytes, all, { from: 35, size: 1 })).toEqual([
      '0000: 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F',
      '0010: 10 11 12 13 14 15 16 17 18 19 1A 1B 1C 1D 1E 1F',
      '          ^',
      '0020: 20 21 22 23 24 25 26 27',
    ]);
    expect(markedRows(bytes, all, { from: 60, size: 8 })).toEqual([
      '0000: 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F',
      '0010: 10 11 12 13 14 15 16 17 18 19 1A 1B 1C 1D 1E 1F',
      `      ${'   '.repeat(14)}^^ ^^`,
      '0020: 20 21 22 23 24 25 26 27',
      '      ^^ ^^',
    ]);
    expect(markedRows(bytes, all, { from: 80, size: 0 }).slice(-2)).toEqual([
      '0020: 20 21 22 23 24 25 26 27',
      `      ${'   '.repeat(8)}^^`,
    ]);
    expect(markedRows(bytes.subarray(0, 16), all, { from: 32, size: 0 })).toEqual([
      '0000: 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F',
      `      ${'   '.repeat(16)}^^`,
    ]);
    expect(markedRows(new Uint8Array(0), all, { from: 0, size: 0 })).toEqual([]);
  });

  test('half bytes that are hidden', () => {
    const some = all.slice();
    some[1] = 0;
    expect(markedRows(bytes.subarray(0, 2), some, { from: 0, size: 2 })).toEqual(['0000: 0* 01', '      ^^']);
  });
});
