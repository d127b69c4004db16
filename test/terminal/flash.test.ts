import { describe, expect, test } from 'vitest';
import { loadProfile } from '../../src/profile/profile.ts';
import type { EquipmentView } from '../../src/terminal/equipment.ts';
import { allSteps, Keypad } from '../../src/terminal/machine.ts';
import { panelProfile } from '../../src/terminal/profile.ts';
import { goWhen, key, outcome, type Step, type Steps } from '../../src/terminal/step.ts';
import type { DeskStatus, Done, Job, KeyName } from '../../src/terminal/types.ts';
import { readShipped } from '../profile/shipped.ts';
import { idOf } from './place.ts';
import { QUIET, walk } from './walk.ts';
import { ODD, OUTCOMES } from './world.ts';

const loaded = loadProfile('unionpay-pos', readShipped);
if (!loaded.ok) throw new Error(loaded.fault.cause);
const profile = loaded.value;
const panel = panelProfile(profile);

/** The keypad of 99 at the menu, signed off; jobs answer with their first outcome unless the test says otherwise. */
class Technician {
  readonly keypad = new Keypad(panel);
  readonly jobs: Job[] = [];
  readonly desk: DeskStatus;

  constructor(desk: Partial<DeskStatus> = {}) {
    this.desk = { ...QUIET, signedOn: false, operator: undefined, ...desk };
    this.settle();
  }

  settle(answers: Partial<Record<Job['kind'], Done>> = {}): this {
    for (;;) {
      const waiting = this.keypad.view().await;
      this.keypad.send({ type: 'STATUS', desk: this.desk });
      if (waiting.kind === 'event') return this;
      if (waiting.kind === 'pause') this.keypad.send({ type: 'TIMEOUT' });
      else {
        this.jobs.push(waiting.job);
        this.keypad.send(
          answers[waiting.job.kind] ?? (OUTCOMES[waiting.job.kind] as (job: Job) => readonly Done[])(waiting.job)[0],
        );
      }
    }
  }

  keys(...names: readonly KeyName[]): this {
    for (const name of names) this.press(name);
    return this;
  }

  press(name: KeyName, answers: Partial<Record<Job['kind'], Done>> = {}): this {
    this.keypad.send({ type: 'KEY', key: name });
    return this.settle(answers);
  }

  /** From idle into the menu of 99. */
  menu(): this {
    return this.keys('ENTER', '9', '9', 'ENTER', ...([...'24681357'] as KeyName[]), 'ENTER');
  }

  get id(): string {
    return idOf(this.keypad.view().screen);
  }

  get last(): Job | undefined {
    return this.jobs.at(-1);
  }
}

const done = (end: string, more: Partial<Done> = {}): Done => ({ type: 'DONE', outcome: end, ...more });

describe('F13 and F23 at the keypad', () => {
  test('99 has a menu: flash, own password, training; the rest says that it is off', () => {
    expect(new Technician().menu().id).toBe('MENU.technician');
    expect(new Technician().menu().keys('1').id).toBe('E39');
    expect(new Technician().menu().keys('5').id).toBe('F02.5');
    expect(new Technician().menu().keys('9').id).toBe('F22.1');
    expect(new Technician().menu().keys('CANCEL').id).toBe('F01.2');
  });

  test('now and new, the differences, the question; CANCEL goes one step back each time', () => {
    const person = new Technician().menu().keys('6');
    expect([person.id, person.last]).toEqual(['F23.1', { kind: 'flashLook', index: 0 }]);
    expect([person.keys('ENTER').id, person.keys('DOWN').keypad.context.page]).toEqual(['F23.2', 1]);
    expect([person.keys('DOWN').keypad.context.page, person.keys('UP', 'UP').keypad.context.page]).toEqual([1, 0]);
    expect([person.keys('ENTER').id, person.keys('CANCEL').id, person.keys('CANCEL').id]).toEqual([
      'F23.2a',
      'F23.1',
      'MENU.technician',
    ]);
    expect(person.jobs.some(job => job.kind === 'flash')).toBe(false);
  });

  test('UP and DOWN look at the other images; time over leads home and flashes nothing', () => {
    const person = new Technician().menu().keys('6', 'DOWN');
    expect(person.last).toEqual({ kind: 'flashLook', index: 1 });
    expect(person.keys('UP').last).toEqual({ kind: 'flashLook', index: 0 });
    person.keys('ENTER', 'ENTER').keypad.send({ type: 'TIMEOUT' });
    expect([person.settle().id, person.jobs.some(job => job.kind === 'flash')]).toEqual(['F01.2', false]);
  });

  test('flash, slip, and on with the new profile; out of paper does not stop that', () => {
    const person = new Technician()
      .menu()
      .keys('6', 'ENTER', 'ENTER')
      .press('ENTER', { flashSlip: done('paperOut') });
    expect([person.id, person.press('ENTER', { resumePrint: done('paperOut') }).id]).toEqual(['F18.1', 'F18.1']);
    expect([person.keys('CANCEL').id, person.keys('ENTER').last]).toEqual(['F23.5', { kind: 'flashGoOn' }]);
  });

  test('what went wrong has its screen, and leads back to the menu', () => {
    const asked = (): Technician => new Technician().menu().keys('6', 'ENTER', 'ENTER');
    const back = asked().press('ENTER', { flash: done('fellBack', { moment: 'panel' }) });
    expect([back.id, back.keys('ENTER').id]).toEqual(['F23.6', 'MENU.technician']);
    const open = new Technician().menu().press('6', { flashLook: done('failed', { prompt: 'E35' }) });
    expect([open.id, open.keys('ENTER').id]).toEqual(['E35', 'MENU.technician']);
    for (const prompt of ['F23.signedOn', 'F23.unknown', 'F23.held', 'E64', 'F23.none', 'F23.signature'] as const)
      expect(new Technician().menu().press('6', { flashLook: done('failed', { prompt }) }).id).toBe(prompt);
  });

  test('each step of a person has a help behind FN', () => {
    const person = new Technician().menu().keys('6');
    expect([person.keys('FN').id, person.keys('ENTER').id]).toEqual(['F23.1.help', 'F23.1']);
    expect([person.keys('ENTER', 'FN').id, person.keys('ENTER').id]).toEqual(['F23.2.help', 'F23.2']);
    expect([person.keys('ENTER', 'FN').id, person.keys('ENTER').id]).toEqual(['F23.2a.help', 'F23.2a']);
  });
});

describe('a terminal that is not known', () => {
  const at = (equipment: EquipmentView, desk: Partial<DeskStatus> = {}): Technician =>
    new Technician({ operator: '01', signedOn: true, equipment, ...desk });

  test('idle says it before everything but the lock; no card counts; books stay open', () => {
    const person = at(ODD[0], { heldRefunds: 2 });
    const waiting = person.keypad.view().await;
    expect([person.id, waiting.kind === 'event' && waiting.cards]).toEqual(['F01.7', []]);
    expect(at(ODD[0], { lockedBy: '01' }).id).toBe('F01.3');
    expect(person.keys('MENU', '1').id).toBe('F23.stopped');
    expect(person.keys('ENTER', 'F3').id).toBe('F23.stopped');
    expect(person.keys('ENTER', 'MENU', '7', '4').id).toBe('F09.1');
  });

  test('another terminal: only ENTER says that it was seen, MENU gets in', () => {
    const person = at(ODD[2]);
    expect([person.id, person.keys('F3').id]).toEqual(['F01.8', 'F01.8']);
    expect([person.keys('MENU').id, person.keys('1').id]).toEqual(['MENU.main', 'F01.8']);
    expect(person.keys('ENTER').last).toEqual({ kind: 'acknowledgeTerminal', id: 7 });
    expect(at(ODD[1]).id).toBe('F01.7');
  });
});

test('planted short-cuts are found', () => {
  const good = allSteps(panel);
  const before = (name: string, ...ways: readonly ReturnType<typeof goWhen>[]): Step => ({
    ...good[name],
    on: { ...good[name].on, KEY: [...ways, ...(good[name].on.KEY ?? [])] },
  });
  const steps: Steps = {
    ...good,
    // A flash without 99, one without the question, a sale past the notice of a wrong terminal.
    menuManage: before('menuManage', goWhen(key('9'), 'flash')),
    flashShow: before('flashShow', goWhen(key('F2'), 'flash')),
    menu: before(
      'menu',
      goWhen(key('0'), 'saleAmount', () => ({
        draft: { kind: 'sale', amountMinor: 0, pinTries: 0, fallback: false, readTries: 0 },
      })),
    ),
    // A fall-back that looks like a success, a terminal that goes on without its new profile.
    flash: {
      ...good.flash,
      on: { DONE: [goWhen(outcome('flashed', 'fellBack'), 'flashSlip'), ...(good.flash.on.DONE ?? [])] },
    },
    flashShowNever: good.flashShow,
  };
  const found = walk(steps, panel, profile, [{ ...QUIET, equipment: ODD[0] }]).findings;
  for (const expected of [
    'flash: flash that 99 did not ask for',
    'saleOnline: sale at a terminal that is not known',
    'flash: flash ended fellBack, and then: flashSlip',
    'flashShowNever: no way leads here',
  ])
    expect(
      found.some(finding => finding.startsWith(expected)),
      `${expected}\n${found.join('\n')}`,
    ).toBe(true);
}, 400_000);
