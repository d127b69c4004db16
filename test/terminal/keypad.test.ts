import { expect, test } from 'vitest';
import { transition } from 'xstate';
import { loadProfile } from '../../src/profile/profile.ts';
import { FIRST_CONTEXT, Keypad, NO_DESK, allSteps, checkSteps } from '../../src/terminal/machine.ts';
import { machineOf } from './chart.ts';
import { type PanelProfile, panelProfile } from '../../src/terminal/profile.ts';
import type { Done, Job, KeyName, TerminalEvent } from '../../src/terminal/types.ts';
import { readShipped } from '../profile/shipped.ts';
import { OUTCOMES } from './world.ts';

const KEYS: readonly KeyName[] = ['ENTER', 'ENTER', 'ENTER', 'CANCEL', 'F1', 'F2', 'F3', 'DOWN', 'UP', '0', '1', '2', '3', '7', '00', 'CLEAR', 'MENU']; // prettier-ignore

test('the keypad goes the ways of the machine that XState makes of the same steps', () => {
  const loaded = loadProfile('unionpay-pos', readShipped);
  if (!loaded.ok) throw new Error(loaded.fault.cause);
  const panel = panelProfile(loaded.value);
  const keypad = new Keypad(panel);
  const machine = machineOf(allSteps(panel));
  let snapshot = machine.resolveState({
    value: 'boot',
    context: FIRST_CONTEXT,
  });
  let seed = 11;
  const pick = <T>(list: readonly T[]): T => {
    seed = (seed * 48271) % 2147483647;
    return list[seed % list.length];
  };
  const desks = [
    NO_DESK,
    {
      ...NO_DESK,
      operator: '01',
      signedOn: true,
      batchCount: 3,
      unknownRefunds: 1,
    },
  ];
  const seen = new Set<string>();
  for (let count = 0; count < 5_000; count++) {
    const waiting = keypad.view().await;
    const event: TerminalEvent =
      count % 40 === 0
        ? { type: 'STATUS', desk: pick(desks) }
        : waiting.kind === 'job'
          ? pick((OUTCOMES[waiting.job.kind] as (job: Job) => readonly Done[])(waiting.job))
          : waiting.kind === 'pause' || count % 30 === 0
            ? { type: 'TIMEOUT' }
            : waiting.cards.length > 0 && count % 3 === 0
              ? { type: 'CARD', source: pick(waiting.cards) }
              : { type: 'KEY', key: pick(KEYS) };
    const { turn, step } = keypad.view();
    keypad.send(event);
    snapshot = transition(machine, snapshot, event)[0];
    expect(keypad.stepName).toBe(snapshot.value);
    expect(keypad.view().turn).toBe(event.type === 'STATUS' ? turn : turn + 1);
    if (event.type === 'STATUS') expect(keypad.stepName).toBe(step);
    if (count % 10 === 0) expect(keypad.context).toEqual(snapshot.context);
    seen.add(step);
  }
  expect(seen.size).toBeGreaterThan(40);
});

test('whatever a profile switches on or off, each way leads to a step, and no two flows have a step of one name', () => {
  const loaded = loadProfile('unionpay-pos', readShipped);
  if (!loaded.ok) throw new Error(loaded.fault.cause);
  const panel = panelProfile(loaded.value);
  const switches: Partial<PanelProfile>[] = Object.entries(panel)
    .filter(([, value]) => typeof value === 'boolean' || typeof value === 'number')
    .map(([name, value]) => ({ [name]: value === true ? false : value === false ? true : 0 }));
  switches.push({ training: true }, { scan: { inquirySeconds: 5, confirmSeconds: 60 } });
  expect(switches.length).toBeGreaterThan(20);
  for (const [at, one] of switches.entries())
    for (const other of switches.slice(at)) checkSteps(allSteps({ ...panel, ...one, ...other }));
  const steps = allSteps(panel);
  expect(() => checkSteps({ ...steps, idle: { ...steps.idle, on: { TIMEOUT: [{ to: 'nowhere' }] } } })).toThrow(
    'nowhere',
  );
});
