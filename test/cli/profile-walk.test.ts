import { expect, test } from 'vitest';
import { lintDeep } from '../../src/cli/profile/lint.ts';
import { ok } from '../../src/fault.ts';
import { loadProfile, type Profile } from '../../src/profile/profile.ts';
import { allSteps } from '../../src/terminal/machine.ts';
import { panelProfile } from '../../src/terminal/profile.ts';
import type { Step, Steps, Way } from '../../src/terminal/step.ts';
import { readShipped } from '../profile/shipped.ts';

function load(id: string, members: object = {}): Profile {
  const text = JSON.stringify({ id: 'shop', extends: [id], ...members });
  const result = loadProfile('shop', name => (name === 'shop' ? ok(text) : readShipped(name)));
  if (!result.ok) throw new Error(result.fault.cause);
  return result.value;
}
const names = (profile: Profile, steps?: Steps): string[] =>
  lintDeep(profile, steps ?? allSteps(panelProfile(profile))).map(
    ({ name, cause }) => `${name} ${cause.split(';')[0]}`,
  );

test('the strictest shop and a terminal with few keys have nothing wrong', () => {
  expect(
    names(
      load('unionpay-pos-desk', {
        terminal: { keys: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'ENTER', 'CANCEL', 'CLEAR'] },
      }),
    ),
  ).toEqual([]);
}, 60_000);

/** Keys whose menu item leads to the refund cannot be typed: the digit 3 means something else. */
test('a key that is not there makes what it leads to unreachable', () => {
  const shop = load('unionpay-pos');
  const without = (...gone: readonly string[]): Profile => ({
    ...shop,
    terminal: { ...shop.terminal, keys: shop.terminal.keys.filter(key => !gone.includes(key)) },
  });
  expect(names(without('7', '4', 'MENU'))).toEqual(['flow-unreachable no keys of this terminal lead to settle']);
}, 60_000);

/** The steps with one step led past: every way to `step` goes on to where its own way `event` leads. */
function past(steps: Steps, step: string, to: string): Steps {
  const redirect = (way: Way): Way => (way.to === step ? { ...way, to } : way);
  return Object.fromEntries(
    Object.entries(steps).map(([name, one]): [string, Step] => [
      name,
      { ...one, on: Object.fromEntries(Object.entries(one.on).map(([type, ways]) => [type, ways?.map(redirect)])) },
    ]),
  );
}

test.each([
  ['voidPassword', 'voidVoucher', 'a void can be sent although the manager did not approve (voidNeedsManager)'],
  ['voidReason', 'voidCard', 'a void can be sent although no reason was given (voidNeedsReason)'],
  ['refundPassword', 'refundFind', 'a refund can be sent although the manager did not approve (refundNeedsManager)'],
  ['refundConfirm', 'refundReason', 'a refund can be sent although the amount was not confirmed'],
  ['refundJudge', 'refundConfirm', 'a refund can be sent although no rule looked at it'],
  ['salePin', 'saleOnline', 'a sale can be sent although the PIN step was passed by'],
])(
  'a planted way past %s is found',
  (step, to, gap) => {
    const shop = load('unionpay-pos');
    const steps = allSteps(panelProfile(shop));
    expect(Object.hasOwn(steps, step) && Object.hasOwn(steps, to)).toBe(true);
    expect(names(shop, past(steps, step, to))).toContain(`send-without-step ${gap}`);
  },
  60_000,
);
