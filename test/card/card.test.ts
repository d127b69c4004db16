import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClearCard, luhnValid } from '../../src/card/card.ts';
import { maskPan, maskPanBytes } from '../../src/card/mask.ts';
import { openPan, sealPan } from '../../src/card/seal.ts';
import { cardToken } from '../../src/card/token.ts';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const hex = (digits: string): Uint8Array => new Uint8Array(Buffer.from(digits, 'hex'));
const digitString = (min: number, max: number): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: min, maxLength: max }).map(digits => digits.join(''));

describe('mask', () => {
  test('shows first six and last four', () => {
    expect(maskPan('6225000000000014')).toBe('622500******0014');
    expect(maskPan('6225000000000000014')).toBe('622500*********0014');
    expect(maskPan('62250000014')).toBe('622500*0014');
  });

  test('ten digits or fewer are masked whole', () => {
    expect(maskPan('6225000014')).toBe('**********');
    expect(maskPan('')).toBe('');
  });

  test('bytes and text agree for every length, and at most ten digits show', () => {
    fc.assert(
      fc.property(digitString(0, 25), fc.integer({ min: 0, max: 5 }), (pan, more) => {
        const masked = maskPan(pan);
        expect(maskPanBytes(ascii(pan + '7'.repeat(more)), pan.length)).toBe(masked);
        expect(masked).toHaveLength(pan.length);
        expect(masked.replaceAll('*', '').length).toBeLessThanOrEqual(10);
      }),
    );
  });
});

describe('track 2', () => {
  test('reads nibbles with separator and padding', () => {
    const made = ClearCard.fromTrack2(hex('6225000000000014D28122010000012300000F'));
    if (!made.ok) throw new Error(made.fault.name);
    const card = made.value;
    expect(text(card.pan)).toBe('6225000000000014');
    expect(text(card.track2)).toBe('6225000000000014D28122010000012300000');
    expect(text(card.expiry)).toBe('2812');
    expect(text(card.serviceCode)).toBe('201');
    expect(card.saysChip()).toBe(true);
    expect(card.masked()).toBe('622500******0014');
  });

  test('takes a piece of a larger buffer', () => {
    const made = ClearCard.fromTrack2(hex('FFFF6225000000000014D281212199FFFF'), 2, 15);
    expect(made.ok && text(made.value.serviceCode)).toBe('121');
    expect(made.ok && made.value.saysChip()).toBe(false);
  });

  test('a separator may stand for expiry or service code, and 0000 is no expiry', () => {
    const noExpiry = ClearCard.fromTrack2Ascii(ascii('6225000000000014==201'));
    expect(noExpiry.ok && [text(noExpiry.value.expiry), text(noExpiry.value.serviceCode)]).toEqual(['', '201']);
    const noService = ClearCard.fromTrack2Ascii(ascii('6225000000000014=2812=55'));
    expect(noService.ok && [text(noService.value.expiry), text(noService.value.serviceCode)]).toEqual(['2812', '']);
    const zeros = ClearCard.fromTrack2Ascii(ascii('6225000000000014=0000201'));
    expect(zeros.ok && text(zeros.value.expiry)).toBe('');
  });

  test.each([
    ['6225000000000014', 'track2-separator'],
    ['62250D2812201', 'track2-pan'],
    ['6225000000000014A2812201', 'track2-character'],
    ['6225000000000014D281220100000123000000', 'track2-length'],
  ])('%s is refused as %s without showing a digit', (track, name) => {
    const made = ClearCard.fromTrack2(hex(track.length % 2 ? `${track}F` : track));
    expect(made.ok).toBe(false);
    if (made.ok) return;
    expect(made.fault.name).toBe(name);
    expect(JSON.stringify(made.fault)).not.toContain('62250');
  });

  test('wipe leaves zeros in every view handed out', () => {
    const made = ClearCard.fromTrack2(hex('6225000000000014D28122010000012300000F'));
    if (!made.ok) throw new Error(made.fault.name);
    const card = made.value;
    expect(card.addTrack3(ascii('996225000000000014=156')).ok).toBe(true);
    card.setSequenceNumber(1);
    const views = [card.pan, card.track2, card.track3, card.expiry, card.serviceCode];
    expect(views.every(view => view.length > 0 && view.some(byte => byte !== 0))).toBe(true);
    card.wipe();
    expect(views.every(view => view.every(byte => byte === 0))).toBe(true);
    expect(card.pan).toHaveLength(0);
    expect(card.sequenceNumber).toBe(-1);
  });

  test('track 3 with a strange character leaves the card as it was', () => {
    const made = ClearCard.fromPan(ascii('6225000000000014'), ascii('2812'));
    if (!made.ok) throw new Error(made.fault.name);
    const added = made.value.addTrack3(ascii('99622500000000X'));
    expect(!added.ok && added.fault.name).toBe('track3-character');
    expect(made.value.track3).toHaveLength(0);
  });
});

describe('card without track', () => {
  test.each([
    ['1234567', '', 'pan-length'],
    ['62250000000000000141', '', 'pan-length'],
    ['62250000000000a4', '', 'pan-character'],
    ['6225000000000014', '281', 'expiry-form'],
  ])('%s/%s is refused as %s', (pan, expiry, name) => {
    const made = ClearCard.fromPan(ascii(pan), ascii(expiry));
    expect(!made.ok && made.fault.name).toBe(name);
  });
});

describe('Luhn', () => {
  test.each(['6225000000000014', '4111111111111111', '6210010000000002', '79927398713'])('%s is right', pan =>
    expect(luhnValid(ascii(pan))).toBe(true),
  );

  test('any single wrong digit is found', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 1, max: 9 }), (at, by) => {
        const pan = ascii('6225000000000014');
        pan[at] = 0x30 + ((pan[at] - 0x30 + by) % 10);
        expect(luhnValid(pan)).toBe(false);
      }),
    );
    expect(luhnValid(ascii(''))).toBe(false);
    expect(luhnValid(ascii('62x5'))).toBe(false);
  });
});

describe('token and seal', () => {
  const key = new Uint8Array(32).fill(7);
  const nonce = new Uint8Array(12).fill(9);
  const pan = ascii('6225000000000014');

  test('a token is stable, keyed and holds no card number', () => {
    const token = cardToken(key, pan);
    expect(token).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{8}){3}$/);
    expect(cardToken(key, pan)).toBe(token);
    expect(token.replaceAll('-', '')).toBe(createHmac('sha256', key).update(pan).digest('hex').slice(0, 32));
    expect(cardToken(new Uint8Array(32), pan)).not.toBe(token);
    expect(cardToken(key, ascii('6225000000000022'))).not.toBe(token);
  });

  test('a token is the start of HMAC-SHA256 (RFC 4231, case 2)', () => {
    expect(cardToken(ascii('Jefe'), ascii('what do ya want for nothing?'))).toBe('5bdcc146-bf60754e-6a042426-089575c7');
  });

  test('seal and open', () => {
    const sealed = sealPan(key, nonce, pan);
    expect(sealed).toHaveLength(12 + 16 + 16);
    expect(Buffer.from(sealed).includes(Buffer.from(pan))).toBe(false);
    const opened = openPan(key, sealed);
    expect(opened.ok && text(opened.value)).toBe('6225000000000014');
  });

  test('every changed byte, another key and a short seal are found', () => {
    const sealed = sealPan(key, nonce, pan);
    for (let at = 0; at < sealed.length; at++) {
      const bent = sealed.slice();
      bent[at] ^= 1;
      const opened = openPan(key, bent);
      expect(!opened.ok && opened.fault.name).toBe('seal-broken');
    }
    const other = openPan(new Uint8Array(32), sealed);
    expect(!other.ok && other.fault.name).toBe('seal-broken');
    const short = openPan(key, sealed.subarray(0, 27));
    expect(!short.ok && short.fault.name).toBe('seal-short');
  });
});
