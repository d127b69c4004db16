import { describe, expect, test } from 'vitest';
import { ok, type Result } from '../../src/fault.ts';
import { keyTrouble } from '../../src/profile/key-material.ts';
import { checkProfile } from '../../src/profile/profile.ts';
import { readShipped } from './shipped.ts';

const KEY = '0123456789ABCDEFFEDCBA9876543210';
const bytes = KEY.match(/../g) ?? [];
const base64 = Buffer.from(KEY, 'hex').toString('base64');

/** A source with a member that nobody asked for; null: it is taken. */
function findingOf(members: object): string | undefined {
  const text = JSON.stringify({ id: 'shop', extends: ['unionpay-pos'], ...members });
  const read = (name: string): Result<string> => (name === 'shop' ? ok(text) : readShipped(name));
  const [finding] = checkProfile('shop', read).findings;
  return finding && `${finding.fault.name} ${finding.fault.cause}`;
}

describe('no keys in a profile, in any disguise', () => {
  const disguises: readonly (readonly [string, object])[] = [
    ['plain, under a harmless name', { merchant: { servicePhone: KEY } }],
    ['small letters', { merchant: { servicePhone: KEY.toLowerCase() } }],
    ['bytes with blanks between', { note: bytes.join(' ') }],
    ['bytes with colons between', { note: bytes.join(':') }],
    ['with 0x before it', { note: `0x${KEY}` }],
    ['base64', { note: base64 }],
    ['base64 without padding', { note: base64.replaceAll('=', '') }],
    ['a list of numbers', { note: bytes.map(byte => Number.parseInt(byte, 16)) }],
    ['a list of two digits each', { note: bytes }],
    ['in a longer text', { name: { zh: '店', en: `shop ${KEY} of ours` } }],
    ['in parts of eight digits', { note: { a: KEY.slice(0, 8), b: KEY.slice(8, 16), c: 'FEDCBA98', d: '7654321F' } }],
    ['as the name of a member', { institutions: { [KEY]: { zh: '行', en: 'bank' } } }],
    ['digits of full width', { note: [...KEY].map(one => String.fromCharCode(one.charCodeAt(0) + 0xfee0)).join('') }],
    ['in groups of four', { note: (KEY.match(/.{4}/g) ?? []).join('-') }],
    ['an odd length under a telling name', { acquirer: { masterKeyHex: KEY.slice(0, 20) } }],
    ['a telling name with a form behind', { acquirer: { tmk_clear: KEY.slice(0, 10) } }],
    ['a private key of a web server', { note: '-----BEGIN PRIVATE KEY-----\nMC4CAQ' }],
    ['deep inside', { policy: { risk: [{ id: 'x', kind: { a: [{ b: KEY }] } }] } }],
  ];
  test.each(disguises)('%s', (_, members) => {
    const finding = findingOf(members);
    expect(finding).toMatch(/^profile-key-material /);
    expect(finding?.toUpperCase()).not.toContain(KEY.slice(0, 8));
    expect(finding).not.toContain(base64.slice(0, 8));
  });

  test('what a profile is made of is no key', () => {
    const harmless: readonly (readonly [string, Parameters<typeof keyTrouble>[0]])[] = [
      ['routes', ['100.123.112.123:8583', '10.0.0.1:65535']],
      ['servicePhone', '95516 02112345678'],
      ['mandatory', [3, 4, 11, 22, 25, 41, 42, 49]],
      ['finalCodes', ['00', '12', '25']],
      ['prefixes', ['10', '11', '12', '13', '14', '15', '16', '17']],
      ['merchantNo', '898310148160001'],
      ['risk', 'ten-times-the-usual'],
      ['masterKeyIndex', 7],
      ['keyMode', '003'],
      ['en', 'UNIONPAY QR CODE PAYMENT 2026'],
      ['merchant', { merchantNo: '12345678', terminalNo: '87654321' }],
    ];
    for (const [member, value] of harmless) expect(keyTrouble(value, member), member).toBeUndefined();
  });
});
