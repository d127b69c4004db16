import { describe, expect, test } from 'vitest';
import { failed, fault, ok, type Result } from '../../src/fault.ts';
import { openSigningKey } from '../../src/security/signature.ts';
import { readUsedList, type UsedList, usedElsewhere, usedListText } from '../../src/transaction/used-slips.ts';

const key = openSigningKey(new Uint8Array(32).fill(1));
const other = openSigningKey(new Uint8Array(32).fill(2));
const LIST = {
  terminal: '12345678',
  upTo: 40,
  madeAtMs: 1_795_000_000_000,
  slips: [
    { record: 14, act: 'refund', reference: '123456789012', date: '261121', amountMinor: 3_000 },
    { record: 20, act: 'refund', reference: '123456789012', date: '261121', amountMinor: 1_000 },
    { record: 31, act: 'void', reference: 'AB 34567890"', date: '261120', amountMinor: 5_000 },
  ],
} as const;

const trusting =
  (...keys: readonly (typeof key)[]) =>
  (signer: string): Result<Uint8Array> => {
    const found = keys.find(one => one.signer === signer);
    return found ? ok(found.publicKey) : failed(fault('E_NOEXIST', 'signer-unknown', 'not trusted', 'trust it'));
  };

function faultOf(text: string, publicKey = trusting(key)): string {
  const read = readUsedList(text, publicKey);
  return read.ok ? 'ok' : read.fault.name;
}

describe('list of used slips', () => {
  const text = usedListText(LIST, key);

  test('comes back as it was, and is the same file for the same list', () => {
    const read = readUsedList(text, trusting(key));
    expect(read).toEqual(ok({ ...LIST, signer: key.signer }));
    expect(usedListText(LIST, key)).toBe(text);
  });

  test('is only taken from a trusted signer, unchanged and whole', () => {
    expect(faultOf(text, trusting(other))).toBe('signer-unknown');
    expect(faultOf(text.replace('3000', '3001'))).toBe('used-list-signature');
    expect(faultOf(text.replace('"upTo":40', '"upTo":41'))).toBe('used-list-signature');
    expect(faultOf(text.replace(/\[14,.*\n/, ''))).toBe('used-list-signature');
    expect(faultOf(text.replace(key.signer, other.signer), trusting(key, other))).toBe('used-list-signature');
  });

  test('anything else is refused by name', () => {
    for (const wrong of [
      '',
      '[]',
      'null',
      text.slice(0, -20),
      text.replace('slips 1', 'slips 2'),
      text.replace('"refund"', '"sale"'),
      text.replace('261121', '2611'),
      text.replace('3000', '-3000'),
      text.replace('3000', '0.5'),
      text.replace(/"signature":"../, '"signature":"'),
    ])
      expect(faultOf(wrong), wrong).toBe('used-list-form');
  });

  test('what others gave back for one sale: sums, voids, and nothing of the own list', () => {
    const lists: UsedList[] = [
      { ...LIST, signer: key.signer },
      { ...LIST, signer: other.signer, slips: [LIST.slips[0]] },
    ];
    expect(usedElsewhere(lists, '00000000', '123456789012', '261121')).toEqual({
      refundedMinor: 7_000,
      refunds: 3,
      voided: false,
    });
    expect(usedElsewhere(lists, key.signer, '123456789012', '261121').refundedMinor).toBe(3_000);
    expect(usedElsewhere(lists, '00000000', '123456789012', '251121').refunds).toBe(0);
    expect(usedElsewhere(lists, '00000000', 'AB 34567890"', '261120').voided).toBe(true);
  });
});
