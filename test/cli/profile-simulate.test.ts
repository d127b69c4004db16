import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { simulate } from '../../src/cli/profile/simulate.ts';
import { Player } from '../../src/cli/profile/player.ts';
import { loadProfile, type Profile } from '../../src/profile/profile.ts';
import { readShipped } from '../profile/shipped.ts';

const DECK = fileURLToPath(new URL('../../firmware-profiles/decks/test-deck.json', import.meta.url));

function load(id: string): Profile {
  const result = loadProfile(id, readShipped);
  if (!result.ok) throw new Error(result.fault.cause);
  return result.value;
}

test('an ISO 8583:1987 ASCII acquirer and a terminal with mapped keys trade a day with real processes', async () => {
  const keys = load('unionpay-pos-keypad').terminal;
  const pressed: string[] = [];
  const profile = { ...load('iso8583-1987-ascii-pos'), terminal: keys };
  const played = await simulate(profile, DECK, record => {
    if (record.kind === 'key' && record.step === 'saleAmount') pressed.push(record.key);
  });
  if (!played.ok) throw new Error(played.fault.cause);
  const { tasks, differences } = played.value;
  expect(tasks.map(({ task, ok, why }) => [task, ok, why])).toEqual(
    ['signOn', 'sale', 'void', 'secondSale', 'refund', 'settle'].map(task => [task, true, undefined]),
  );
  expect(differences).toEqual([]);
  const sale = tasks[1].messages;
  expect(sale.map(({ mti, fields }) => [mti, fields['39']])).toEqual([
    ['0200', undefined],
    ['0210', '00'],
  ]);
  // Two sales of 100.00 and 128.00, each with the key of the device that stands for 00.
  expect(pressed.filter(key => key === 'F4')).toHaveLength(2);
}, 120_000);

test('a refusal fails its task, says what stood on the screen, and the others go on', () => {
  const player = new Player(load('unionpay-pos'));
  const screen = (step: string, ...lines: string[]): string | undefined =>
    player.tell({ kind: 'screen', atMs: 0, step, lines });
  expect(screen('idle')).toBe('keys ENTER');
  expect(screen('signedOn', 'SIGN-ON OK')).toBe('keys ENTER');
  expect(screen('idle')).toBe('keys ENTER');
  expect(screen('menu')).toBe('keys 1');
  expect(screen('saleAmount')).toBe('keys 1 0 0 00 ENTER');
  expect(screen('declined', '[51]', 'NO FUNDS')).toBe('keys CANCEL');
  expect(screen('idle')).toBe('keys ENTER');
  expect(player.task).toBe('void');
  expect(player.reports).toMatchObject([
    { task: 'signOn', ok: true },
    { task: 'sale', ok: false, why: 'it was refused: [51] | NO FUNDS' },
  ]);
  for (let turn = 0; turn < 6; turn++) {
    screen('voidVoucher');
    screen('voidFind');
  }
  expect(player.over).toBe(true);
  expect(player.reports[2].why).toContain('came 6 times');
});
