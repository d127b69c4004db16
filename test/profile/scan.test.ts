import { describe, expect, test } from 'vitest';
import { ok, type Result } from '../../src/fault.ts';
import { checkProfile, loadProfile, type ScanPayment } from '../../src/profile/profile.ts';
import { readShipped } from './shipped.ts';

const loaded = loadProfile('unionpay-pos', readShipped);
if (!loaded.ok || !loaded.value.acquirer.scanPayment) throw new Error('the shipped profile has scan payment');
const SCAN = loaded.value.acquirer.scanPayment;

/** Findings of a shop whose scan payment differs from the shipped one. */
function found(change: Partial<ScanPayment>): string[] {
  const shop = { id: 'shop', extends: ['unionpay-pos'], acquirer: { scanPayment: change } };
  const read = (name: string): Result<string> => (name === 'shop' ? ok(JSON.stringify(shop)) : readShipped(name));
  return checkProfile('shop', read).findings.map(
    one => `${one.pointer.replace('/acquirer/scanPayment/', '')} ${one.fault.name}`,
  );
}

describe('lint of scan payment', () => {
  test('the shipped one has nothing wrong', () => expect(found({})).toEqual([]));

  const [wechat, alipay, union] = SCAN.codes;
  test.each([
    [
      'a length upside down',
      { codes: [{ ...wechat, lengthMin: 20 }, alipay, union] },
      'codes/0/lengthMin scan-contradiction',
    ],
    [
      'two wallets for one code',
      { codes: [wechat, alipay, { ...union, prefixes: ['2'] }] },
      'codes/2/prefixes scan-contradiction',
    ],
    ['a day behind the end', { orders: [{ ...SCAN.orders[0], dateAt: 17 }] }, 'orders/0/dateAt scan-contradiction'],
    [
      'a text without words',
      { pieces: { ...SCAN.pieces, sale: [{ element: 62, value: 'text' }] } },
      'pieces/sale/0 scan-contradiction',
    ],
    [
      'words that are not sent',
      { pieces: { ...SCAN.pieces, sale: [{ element: 62, value: 'payCode', text: 'A' }] } },
      'pieces/sale/0 scan-contradiction',
    ],
    ['no time to confirm', { confirmSeconds: 5, inquirySeconds: 6 }, 'confirmSeconds scan-contradiction'],
    [
      'an element that means something else',
      { pieces: { ...SCAN.pieces, sale: [{ element: 4, value: 'payCode' }] } },
      'pieces/sale/0/element profile-member',
    ],
  ])('%s', (_what, change, expected) => expect(found(change as Partial<ScanPayment>)).toEqual([expected]));

  test('a number of other lengths may begin alike', () =>
    expect(found({ codes: [wechat, alipay, { ...union, prefixes: ['10'], lengthMin: 19, lengthMax: 19 }] })).toEqual(
      [],
    ));
});
