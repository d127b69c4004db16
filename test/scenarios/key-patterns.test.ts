import { describe, expect, test } from 'vitest';
import type { Counter } from '../runtime/counter.ts';
import { beginSale, open, SUPERVISOR_PASSWORD } from './people.ts';

/** The same thing again and again at one screen leaves one record; single presses leave none. */

const IDLE = '确认键:菜单';
const patterns = (c: Counter): unknown[] => c.journal.recordsOfKinds(['key-pattern']).map(record => record.body);

describe('what the keys say', () => {
  test('CANCEL three times at one screen: one record with operator and screen; twice, or slowly, none', () => {
    const c = open();
    const cancel = (): Counter => c.on(IDLE, 'ENTER').on('主菜单', '1').on('请输入金额', 'CANCEL').on(IDLE);
    cancel();
    cancel().pause(601);
    cancel();
    expect(patterns(c)).toEqual([]);
    cancel();
    cancel();
    expect(patterns(c)).toEqual([{ operator: '01', screen: 'F04.1', code: 'CANCEL', count: 3 }]);
    cancel();
    cancel();
    expect(patterns(c)).toHaveLength(1);
  });

  test('the customer gives up at the PIN, and lets the wait for the card run out', () => {
    const c = open();
    for (let i = 0; i < 3; i++) {
      beginSale(c, 100).insert('chip').on('请持卡人输密码', 'CANCEL').on('请取走卡片').remove();
      c.on(IDLE);
    }
    for (let i = 0; i < 3; i++) beginSale(c, 100).pause(61).on(IDLE);
    expect(patterns(c)).toEqual([
      { operator: '01', screen: 'PIN', code: 'CANCEL', count: 3 },
      { operator: '01', screen: 'F04.2', code: 'TIMEOUT', count: 3 },
    ]);
  });

  test('nine times CLEAR; menus, passwords and screens that only tell are not looked at', () => {
    const c = open();
    c.on(IDLE, 'F3').on('请输入主管密码').keys('CLEAR CLEAR CLEAR CLEAR CLEAR CLEAR CLEAR CLEAR CLEAR CLEAR');
    c.keys('CANCEL').on(IDLE);
    for (let i = 0; i < 4; i++) c.on(IDLE, 'ENTER').on('主菜单', 'CANCEL');
    const shown = patterns(c);
    c.on(IDLE, 'ENTER').on('主菜单', '1').on('请输入金额');
    c.keys('1 CLEAR 2 CLEAR 3 CLEAR 4 CLEAR 5 CLEAR 6 CLEAR 7 CLEAR 8 CLEAR').pause(1);
    expect(patterns(c)).toEqual(shown);
    c.keys('9 CLEAR').pause(1);
    expect(patterns(c)).toEqual([...shown, { operator: '01', screen: 'F04.1', code: 'CLEAR', count: 9 }]);
    expect(shown).toEqual([]);
    expect(JSON.stringify(patterns(c))).not.toContain(SUPERVISOR_PASSWORD);
  });
});
