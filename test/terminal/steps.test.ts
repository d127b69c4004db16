import { describe, expect, test } from 'vitest';
import { loadProfile } from '../../src/profile/profile.ts';
import type { PromptId } from '../../src/profile/words.ts';
import { Keypad, NO_DESK } from '../../src/terminal/machine.ts';
import { panelProfile } from '../../src/terminal/profile.ts';
import type { Context } from '../../src/terminal/step.ts';
import type { DeskStatus, Done, Job, KeyName } from '../../src/terminal/types.ts';
import { readShipped } from '../profile/shipped.ts';
import { OUTCOMES, RECORD } from './world.ts';

const loaded = loadProfile('unionpay-pos', readShipped);
if (!loaded.ok) throw new Error(loaded.fault.cause);
const panel = panelProfile(loaded.value);

/** A person at the keypad, and answers of the jobs as the test wants them; the first good one when it does not say. */
class Person {
  readonly keypad = new Keypad(panel);
  desk: DeskStatus;
  readonly jobs: Job[] = [];

  constructor(desk: Partial<DeskStatus> = {}) {
    this.desk = { ...NO_DESK, operator: '01', signedOn: true, batch: 12, batchCount: 3, ...desk };
    this.settle();
  }

  /** Answers jobs until a person is wanted. `answers` by kind of job. */
  settle(answers: Partial<Record<Job['kind'], Done>> = {}): this {
    for (;;) {
      const waiting = this.keypad.view().await;
      this.keypad.send({ type: 'STATUS', desk: this.desk });
      if (waiting.kind === 'pause') this.keypad.send({ type: 'TIMEOUT' });
      else if (waiting.kind === 'job') {
        this.jobs.push(waiting.job);
        this.keypad.send(
          answers[waiting.job.kind] ?? (OUTCOMES[waiting.job.kind] as (job: Job) => readonly Done[])(waiting.job)[0],
        );
      } else return this;
    }
  }

  keys(...names: readonly KeyName[]): this {
    for (const name of names) {
      this.keypad.send({ type: 'KEY', key: name });
      this.settle();
    }
    return this;
  }

  type(text: string): this {
    return this.keys(...([...text] as KeyName[]), 'ENTER');
  }

  /** One key, and the answers that it brings. */
  press(name: KeyName, answers: Partial<Record<Job['kind'], Done>>): this {
    this.keypad.send({ type: 'KEY', key: name });
    return this.settle(answers);
  }

  swipe(answers: Partial<Record<Job['kind'], Done>> = {}): this {
    this.keypad.send({ type: 'CARD', source: 'swipe' });
    return this.settle(answers);
  }

  get id(): string {
    const { screen } = this.keypad.view();
    return screen.kind === 'prompt'
      ? screen.prompt
      : screen.kind === 'busy' || screen.kind === 'response'
        ? screen.kind
        : screen.id;
  }

  get screen(): unknown {
    return this.keypad.view().screen;
  }

  get values(): unknown {
    const { screen } = this.keypad.view();
    return 'values' in screen ? screen.values : undefined;
  }

  get notice(): PromptId | undefined {
    return this.keypad.view().screen.notice;
  }

  get context(): Context {
    return this.keypad.context;
  }
}

const wrong: Done = { type: 'DONE', outcome: 'wrong' };
const blocked: Done = { type: 'DONE', outcome: 'blocked', prompt: 'E14' };

describe('flows, step by step', () => {
  test('F02: the journal says when it is enough, and the digits are gone at once', () => {
    const person = new Person({ operator: undefined, signedOn: false }).keys('1').type('03');
    for (let count = 0; count < 4; count++) {
      person.keys('1', '3', '7', '9').press('ENTER', { checkPassword: wrong });
      expect([person.id, person.notice]).toEqual(['F02.2', 'F02.wrong']);
      expect(JSON.stringify(person.context)).not.toContain('1379');
    }
    person.keys('1', '3', '7', '9').press('ENTER', { checkPassword: blocked });
    expect(person.id).toBe('E14');
  });

  test('F05-1: three wrong passwords of the supervisor end the flow', () => {
    const person = new Person().keys('F3');
    for (let count = 0; count < 2; count++)
      person.keys('1', '2', '3', '4', '5', '7').press('ENTER', { checkPassword: wrong });
    expect([person.id, person.notice]).toEqual(['F05.1', 'E13']);
    person.keys('1', '2', '3', '4', '5', '7').press('ENTER', { checkPassword: wrong });
    expect(person.id).toBe('E13');
  });

  test('first logon: a published, short or differing password is not taken', () => {
    const person = new Person({ operator: undefined, signedOn: false }).keys('1').type('01');
    person.keys('0', '0', '0', '0').press('ENTER', { checkPassword: { type: 'DONE', outcome: 'mustChange' } });
    expect(person.id).toBe('F02.3');
    expect(person.type('1234').notice).toBe('F02.weak');
    expect(person.type('7777').notice).toBe('F02.weak');
    expect(person.type('258').notice).toBe('E12');
    expect(person.type('25809').id).toBe('F02.3b');
    expect([person.type('2581').id, person.notice, person.context.password]).toEqual([
      'F02.3',
      'F02.differ',
      undefined,
    ]);
    person.type('2580').type('2580');
    expect(person.jobs.find(job => job.kind === 'setPassword')).toEqual({
      kind: 'setPassword',
      operator: '01',
      password: '2580',
    });
    expect([person.id, person.context.password]).toEqual(['F03.3', undefined]);
  });

  test('F05-2 takes 1 to 6 digits, F1 takes the last sale; F06-2a turns batches with UP and DOWN', () => {
    const person = new Person().keys('F3').type('369147').type('7');
    expect(person.id).toBe('F05.3');
    expect(person.jobs.at(-1)).toEqual({ kind: 'findVoucher', voucher: 7, purpose: 'void' });
    expect(new Person().keys('F3').type('369147').keys('F1').jobs.at(-1)).toEqual({
      kind: 'findLast',
      purpose: 'void',
    });
    const refund = new Person().keys('ENTER', '3', '1').type('369147').keys('1', 'UP', 'UP', 'UP', 'DOWN');
    expect(refund.values).toEqual({ entry: '', batch: '000010' });
    expect(refund.keys('DOWN', 'DOWN', 'DOWN', 'DOWN').values).toEqual({ entry: '', batch: '000012' });
    expect(refund.type('5').jobs.at(-1)).toEqual({ kind: 'findVoucher', voucher: 5, batch: 12, purpose: 'refund' });
  });

  test('F06-7: F1 fills in what is left, more than that is refused, CANCEL at the confirmation asks again', () => {
    const record = { ...RECORD, remainingMinor: 6000, amountMinor: 10_000 };
    const person = new Person().keys('ENTER', '3', '1').type('369147').keys('1', '5');
    person.press('ENTER', { findVoucher: { type: 'DONE', outcome: 'ok', record } });
    expect(person.values).toEqual({ pan: RECORD.masked, original: 10_000, left: 6000 });
    person.keys('ENTER').swipe();
    const refused = { kind: 'remainder', prompt: 'E08', value: 6001, limit: 6000, unit: 'minor' } as const;
    const judged = { refused, warnings: [], second: false, blind: false, holdSeconds: 0, voidInstead: false };
    person.keys('6', '0', '0', '1').press('ENTER', { judge: { type: 'DONE', outcome: 'refused', judged } });
    expect(person.id).toBe('E08');
    expect(person.screen).toMatchObject({ figures: { zh: '上限 60.00', en: 'LIMIT 60.00' } });
    person.keys('ENTER');
    expect(person.keys('F1').values).toEqual({ left: 6000, entry: '60.00' });
    expect(person.keys('ENTER').values).toEqual({ amount: 6000 });
    expect(person.keys('CANCEL').values).toEqual({ left: 6000, entry: '0.00' });
  });

  test('a void of an older batch becomes a refund: with its own approval and its own check', () => {
    const tooOld: Done = { type: 'DONE', outcome: 'tooOld', prompt: 'E56', record: RECORD };
    const person = new Person().keys('F3').type('369147').keys('9').press('ENTER', { findVoucher: tooOld });
    expect(person.id).toBe('E56');
    person.press('ENTER', { findVoucher: { type: 'DONE', outcome: 'failed', prompt: 'E10' } });
    expect(person.id).toBe('E10');
    expect(
      person.jobs.some(job => job.kind === 'findVoucher' && job.purpose === 'refund' && job.batch === RECORD.batch),
    ).toBe(true);
  });

  test('[55] says how often the PIN may be entered again, and then ends', () => {
    const no: Done = {
      type: 'DONE',
      outcome: 'declined',
      remark: { code: '55', zh: '密码错', en: 'WRONG PIN', actionZh: '', actionEn: '' },
    };
    const person = new Person().keys('ENTER', '1').type('100');
    person.swipe().press('ENTER', { online: no });
    expect([person.id, person.values]).toEqual(['F04.5p', { count: 2 }]);
    expect(person.press('ENTER', { online: no }).values).toEqual({ count: 1 });
    expect(person.press('ENTER', { online: no }).id).toBe('response');
  });

  test('a slip that stays away stands on the idle screen until F1 has printed it', () => {
    const person = new Person().keys('ENTER', '1').type('100').swipe();
    person.press('ENTER', { printSlip: { type: 'DONE', outcome: 'paperOut' } });
    expect(person.id).toBe('F18.1');
    expect(person.keys('CANCEL', 'ENTER').id).toBe('F01.1s');
    expect(person.press('F1', { reprint: { type: 'DONE', outcome: 'paperOut' } }).keys('CANCEL', 'ENTER').id).toBe(
      'F01.1s',
    );
    expect(person.keys('F1').id).toBe('F01.1');
    expect(person.jobs.at(-1)).toEqual({ kind: 'reprint', id: RECORD.id });
  });

  test('the idle screen says what waits for a person', () => {
    const id = (desk: Partial<DeskStatus>) => [new Person(desk).id, new Person(desk).values];
    expect(id({})).toEqual(['F01.1', undefined]);
    expect(id({ unknownRefunds: 1 })).toEqual(['F01.1u', { unknown: 1 }]);
    expect(id({ reversalsOwed: 1 })).toEqual(['F01.1r', { owed: 1 }]);
    expect(id({ heldRefunds: 3 })).toEqual(['F01.1h', { held: 3 }]);
    expect(id({ openCases: 2 })).toEqual(['F01.1c', { cases: 2 }]);
    expect(id({ openCases: 2, overdueCases: 2 })).toEqual(['F01.1o', { cases: 2 }]);
    expect(id({ frozen: { by: '00', at: RECORD.at } })).toEqual(['F01.1f', undefined]);
    const many = new Person({ openCases: 3, overdueCases: 1, unknownRefunds: 2, reversalsOwed: 120 });
    expect(many.keypad.view().screen).toMatchObject({
      id: 'F01.1m',
      badges: [
        { word: 'badge.owed', count: 99 },
        { word: 'badge.unknown', count: 2 },
        { word: 'badge.overdue', count: 1 },
        { word: 'badge.cases', count: 2 },
      ],
    });
    expect(id({ reversalsOwed: 1, blocked: true })[0]).toBe('F01.1b');
    expect(id({ signedOn: false, unknownRefunds: 1 })[0]).toBe('F01.2');
  });

  test('a held reversal that a supervisor let wait is not sent again at power-up', () => {
    expect(new Person({ reversalsOwed: 1 }).jobs.map(job => job.kind)).toEqual(['recover']);
    expect(new Person({ reversalsOwed: 1, reversalsDue: 1 }).jobs.map(job => job.kind)).toEqual(['recover', 'reverse']);
  });

  test('F15: only the cashier who locked it, or 00, gets in', () => {
    const person = new Person().keys('ENTER', '7', '5', 'ENTER');
    expect(person.jobs.at(-1)).toEqual({ kind: 'lock' });
    const locked = new Person({ lockedBy: '01' });
    expect(locked.id).toBe('F01.3');
    expect([locked.keys('F3').id, locked.type('02').notice, locked.type('99').notice]).toEqual(['F15.2', 'E57', 'E57']);
    locked.type('01').keys('1', '2', '5', '9').press('ENTER', { checkPassword: wrong });
    expect([locked.id, locked.notice]).toEqual(['F15.3', 'F15.wrong']);
    locked.type('2580');
    expect(locked.jobs.at(-1)).toEqual({ kind: 'unlock', operator: '01' });
  });

  test('F11: 00 adds, lists and removes cashiers and stays in the menu', () => {
    const person = new Person({ operator: '02' }).keys('ENTER', '7', '1', '1').type('00').type('369147');
    expect(person.id).toBe('MENU.supervisor');
    expect([person.keys('1').id, person.type('99').notice]).toEqual(['F11.2', 'F11.same']);
    person.keys('0', '2').press('ENTER', { operatorFree: { type: 'DONE', outcome: 'failed', prompt: 'E69' } });
    expect([person.id, person.notice]).toEqual(['F11.2', 'E69']);
    person.type('07');
    expect([person.id, person.type('0000').notice]).toEqual(['F11.3', 'F02.weak']);
    person.type('2580').type('2580');
    expect(person.id).toBe('F11.4');
    expect(person.jobs.at(-1)).toEqual({ kind: 'addOperator', operator: '07', password: '2580' });
    expect(person.keys('ENTER', '3').values).toEqual({ done: 1, of: 3, operator: '00' });
    expect(person.keys('DOWN', 'DOWN', 'DOWN').values).toEqual({ done: 3, of: 3, operator: '99' });
    expect(person.keys('CANCEL', '2').type('02').notice).toBe('E71');
    expect([person.type('07').id, person.keys('ENTER').id]).toEqual(['F11.5', 'F11.5b']);
    expect(person.jobs.at(-1)).toEqual({ kind: 'removeOperator', operator: '07' });
    expect(person.keys('ENTER', '8').id).toBe('MENU.supervisor');
    expect(person.jobs.at(-1)).toEqual({ kind: 'printReport', report: 'day' });
  });

  test('F19-3: 00 looks through the unknown refunds; accepted asks for the reference, not accepted for the card', () => {
    const person = new Person({ unknownRefunds: 2 }).keys('ENTER', '7', '1', '1').type('00').type('369147').keys('6');
    expect(person.values).toEqual({ tracking: 'RF999999', amount: 999_999, count: 2 });
    expect(person.keys('DOWN').jobs.at(-1)).toEqual({ kind: 'unknownRefund', index: 1 });
    expect(person.keys('DOWN').jobs.at(-1)).toEqual({ kind: 'unknownRefund', index: 0 });
    expect([person.keys('1').id, person.type('12').notice, person.keys('CANCEL').id]).toEqual([
      'F19.3b',
      'E12',
      'F19.3',
    ]);
    expect([person.keys('2').id, person.keys('ENTER').id]).toEqual(['F19.3c', 'F06.3']);
    expect(person.context.draft).toMatchObject({ kind: 'refund', amountMinor: 999_999, resend: RECORD.id });
  });

  test('F09-2: four pages, and only the last one starts', () => {
    const person = new Person().keys('ENTER', '7', '4', 'ENTER');
    const ids = [person.id];
    for (let count = 0; count < 3; count++) ids.push(person.keys('ENTER').id);
    expect(ids).toEqual(['F09.2.1', 'F09.2.2', 'F09.2.3', 'F09.2.4s']);
    expect(person.jobs.some(job => job.kind === 'settle')).toBe(false);
    expect(person.keys('ENTER').id).toBe('F09.7');
  });

  test('the own password: titles for a cashier and for 00', () => {
    const cashier = new Person().keys('ENTER', '7', '6');
    expect([cashier.id, cashier.values]).toEqual(['F02.5', { title: 'password', entry: '' }]);
    expect(cashier.type('2580').values).toEqual({ title: 'password', entry: '' });
    expect([cashier.id, cashier.type('3691').id, cashier.type('3691').id]).toEqual(['F02.6', 'F02.6b', 'F02.4']);
    const manager = new Person().keys('ENTER', '7', '1', '1').type('00').type('369147').keys('4');
    expect([manager.id, manager.type('369147').values]).toEqual(['F11.6', { title: 'supervisorPassword', entry: '' }]);
  });
});
