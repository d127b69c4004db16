import { expect, test } from 'vitest';
import { columnsOf } from '../../src/profile/columns.ts';
import { LABEL_COLUMNS, profileDiff } from '../../src/profile/diff.ts';
import { labelOf } from '../../src/profile/diff-labels.ts';
import { loadProfile, type Profile } from '../../src/profile/profile.ts';
import type { Json } from '../../src/profile/source.ts';
import { readShipped, shippedIds } from './shipped.ts';

function load(id: string): Profile {
  const result = loadProfile(id, readShipped);
  if (!result.ok) throw new Error(result.fault.cause);
  return result.value;
}
const shop = load('unionpay-pos');

test('a profile does not differ from itself, whatever the order of its members', () => {
  for (const id of shippedIds) expect(profileDiff(load(id), load(id))).toEqual([]);
  const turned = Object.fromEntries(Object.entries(shop).reverse()) as unknown as Profile;
  expect(profileDiff(shop, turned)).toEqual([]);
});

test('money and security are marked and come first', () => {
  const after: Profile = {
    ...shop,
    version: 2,
    acquirer: { ...shop.acquirer, keyMode: '004', answerTimeoutSeconds: 30 },
    policy: { ...shop.policy, refundMaxMinor: 500_000, voidNeedsManager: false, slipCopies: 1 },
    terminal: { ...shop.terminal, keymap: { F4: '00' } },
  };
  expect(profileDiff(shop, after).map(({ pointer, mark, old, new: now }) => [pointer, mark, old, now])).toEqual([
    ['/acquirer/keyMode', '!', '003', '004'],
    ['/policy/refundMaxMinor', '$', '100000.00', '5000.00'],
    ['/policy/voidNeedsManager', '!', 'yes', 'no'],
    ['/terminal/keymap/F4', '', undefined, '00'],
    ['/acquirer/answerTimeoutSeconds', '', '60', '30'],
    ['/policy/slipCopies', '', '2', '1'],
    ['/version', '', '1', '2'],
  ]);
});

test('a text is told as a whole, an entry that goes too', () => {
  const { '51': gone, ...responses } = shop.responses;
  const screens = { ...shop.texts.screens, 'F04.8': { ...shop.texts.screens['F04.8'], zh: ['谢谢', '', '', ''] } };
  const changes = profileDiff(shop, { ...shop, responses, texts: { ...shop.texts, screens } });
  expect(gone).toBeDefined();
  expect(changes.filter(({ pointer }) => pointer.startsWith('/texts'))).toMatchObject([
    { pointer: '/texts/screens/F04.8/zh', label: { zh: '屏幕 F04.8', en: 'SCREEN F04.8' }, new: '谢谢 |  |  | ' },
  ]);
  expect(changes[0]).toMatchObject({ pointer: '/responses/51', mark: '$', new: undefined });
});

/** Paths of everything that a change can be told of. */
function paths(value: Json, at = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [at];
  return Object.entries(value).flatMap(([member, inner]) => paths(inner, at === '' ? member : `${at}/${member}`));
}

test('every label fits the screen, and rules, acquirer, terminal and shop have labels of their own', () => {
  for (const id of shippedIds)
    for (const path of paths(load(id) as unknown as Json)) {
      const { zh, en } = labelOf(path);
      expect(columnsOf(zh), path).toBeLessThanOrEqual(LABEL_COLUMNS);
      expect(columnsOf(en), path).toBeLessThanOrEqual(LABEL_COLUMNS);
      if (/^(policy|acquirer|terminal|merchant)\//.test(path)) expect(zh, path).toMatch(/[\u4e00-\u9fff]|TPDU/);
    }
});
