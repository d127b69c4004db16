import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openSigningKey, verifySignature } from '../../src/security/signature.ts';
import {
  isSlipCodeText,
  readSlipCode,
  SLIP_CHANNELS,
  SLIP_CODE_LENGTH,
  type SlipCode,
  slipCodeBytes,
  slipCodeText,
} from '../../src/transaction/slip-code.ts';

const file = new URL('../vectors/slip-code.json', import.meta.url);
const vector = JSON.parse(readFileSync(file, 'utf8')) as { seed: string; code: SlipCode; text: string };
const key = openSigningKey(new Uint8Array(Buffer.from(vector.seed, 'hex')));
const CODE = vector.code;

function textOf(code: SlipCode): string {
  const signed = slipCodeBytes(code);
  return slipCodeText(signed, key.sign(signed));
}

const genuine = (text: string): boolean => {
  const read = readSlipCode(text);
  return read !== undefined && verifySignature(key.publicKey, read.signed, read.signature);
};

const printable = (length: number): fc.Arbitrary<string> =>
  fc.string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map(c => String.fromCharCode(c)),
    minLength: length,
    maxLength: length,
  });
const hex = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
const two = (min: number, max: number): fc.Arbitrary<string> =>
  fc.integer({ min, max }).map(n => String(n).padStart(2, '0'));
const anyCode: fc.Arbitrary<SlipCode> = fc
  .record({
    channel: fc.constantFrom(...SLIP_CHANNELS),
    terminal: printable(8),
    batch: fc.integer({ min: 0, max: 999_999 }),
    voucher: fc.integer({ min: 0, max: 999_999 }),
    reference: printable(12),
    date: fc.tuple(two(0, 99), two(1, 12), two(1, 31)).map(parts => parts.join('')),
    amountMinor: fc.integer({ min: 1, max: 999_999_999_999 }),
    card: fc.option(
      fc.record({
        lastFour: fc.integer({ min: 0, max: 9999 }).map(n => String(n).padStart(4, '0')),
        key: hex(4),
        token: hex(10),
      }),
      { nil: undefined },
    ),
    anchor: hex(12),
    signer: hex(8),
  })
  .map(({ card, ...rest }) => ({ ...rest, ...(card ? { card } : {}) }));

describe('slip code', () => {
  test('its text: fixed for ever, within what a scanner and the terminal line carry', () => {
    const text = textOf(CODE);
    expect(text).toBe(vector.text);
    expect(text).toHaveLength(SLIP_CODE_LENGTH);
    expect(text.length).toBeLessThanOrEqual(200);
    expect(text).toMatch(/^P8[0-9A-HJ-NP-X]+$/);
  });

  test('every code comes back as it was', () => {
    fc.assert(
      fc.property(anyCode, code => {
        const text = textOf(code);
        expect(text).toHaveLength(SLIP_CODE_LENGTH);
        expect(readSlipCode(text)?.code).toEqual(code);
        expect(genuine(text)).toBe(true);
      }),
      { numRuns: 200, seed: 8583 },
    );
  });

  test('as scanners deliver it: small letters, line end, symbology name in front', () => {
    const text = textOf(CODE);
    for (const scanned of [text.toLowerCase(), `${text}\r\n`, `]Q3${text}`, ` ${text} `]) {
      expect(isSlipCodeText(scanned)).toBe(true);
      expect(genuine(scanned)).toBe(true);
    }
  });

  test('no character can be changed, left out, added or swapped with its neighbour', () => {
    const text = textOf(CODE);
    const others = '0123456789ABCDEFGHJKLMNPQRSTUVWX';
    for (let at = 0; at < text.length; at++) {
      const turned = others[(others.indexOf(text[at]) + 1 + (at % 30)) % others.length];
      expect(genuine(text.slice(0, at) + turned + text.slice(at + 1)), `changed at ${at}`).toBe(false);
      expect(genuine(text.slice(0, at) + text.slice(at + 1)), `left out at ${at}`).toBe(false);
      expect(genuine(`${text.slice(0, at)}0${text.slice(at)}`), `added at ${at}`).toBe(false);
      if (text[at] !== text[at + 1])
        expect(
          genuine(text.slice(0, at) + (text[at + 1] ?? '') + text[at] + text.slice(at + 2)),
          `swapped at ${at}`,
        ).toBe(at === text.length - 1);
    }
  });

  test('the same slip has one text: the bits at its end are zero', () => {
    const text = textOf(CODE);
    const others = [...'0123456789ABCDEFGHJKLMNPQRSTUVWX'].filter(c => c !== text.at(-1));
    for (const other of others) expect(genuine(text.slice(0, -1) + other)).toBe(false);
  });

  test('a signature over anything else is no slip', () => {
    const signed = slipCodeBytes(CODE);
    const body = signed.subarray(signed.length - 53);
    expect(genuine(slipCodeText(signed, key.sign(body)))).toBe(false);
  });

  test('payment codes and order numbers do not mean to be slip codes', () => {
    for (const text of ['', 'P8', '281234567890123456', '6212345678901234567', 'P8ORDER20261121'])
      expect(isSlipCodeText(text)).toBe(false);
  });

  test('what no terminal writes is not read: version, channel, date, amount, batch, card', () => {
    const body = slipCodeBytes(CODE);
    const head = body.length - 53;
    const withBytes = (at: number, ...values: readonly number[]): string => {
      const other = Uint8Array.from(body);
      other.set(values, head + at);
      return slipCodeText(other, key.sign(other));
    };
    expect(readSlipCode(withBytes(0, 0x20))).toBeUndefined();
    expect(readSlipCode(withBytes(0, 0x14))).toBeUndefined();
    expect(readSlipCode(withBytes(1, 0x1f))).toBeUndefined();
    expect(readSlipCode(withBytes(9, 0xff, 0xff, 0xff, 0xff, 0xff))).toBeUndefined();
    expect(readSlipCode(withBytes(26, 0x03, 0xfc, 0xc9))).toBeUndefined();
    expect(readSlipCode(withBytes(29, 0, 0, 0, 0, 0))).toBeUndefined();
    expect(readSlipCode(withBytes(34, 0x27, 0x10))).toBeUndefined();
    expect(readSlipCode(withBytes(0, 0x10))).toBeDefined();
  });

  test('a code with a member of the wrong form is a bug', () => {
    for (const wrong of [
      { terminal: '1234' },
      { reference: '12345678901' },
      { date: '261321' },
      { amountMinor: 0 },
      { voucher: 1_000_000 },
      { anchor: '9F3C41AA77D0' },
    ])
      expect(() => slipCodeBytes({ ...CODE, ...wrong })).toThrow();
  });
});
