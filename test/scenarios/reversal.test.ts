import { describe, expect, test } from 'vitest';
import type { FaultRule } from '../../src/sim/acquirer/rules.ts';
import type { Profile } from '../../src/profile/schema.ts';
import type { Counter } from '../runtime/counter.ts';
import { open, paidSale, paper, refund, sale, settle, settled, typeSupervisorPassword, voidSale } from './people.ts';

type Rules = Profile['acquirer']['reversal'];

const DEAF: FaultRule = { match: { mti: '0400' }, do: { silent: true, bookNot: true } };

/** A counter whose profile decides the disputed points differently. */
function withRules(reversal: Partial<Rules>, ...rules: readonly FaultRule[]): Counter {
  return open({ change: { acquirer: { reversal } }, rules });
}

/** As 00: releases the terminal. */
function release(c: Counter): Counter {
  c.keys('ENTER').on('主菜单', '7').on('管理', '1').on('1.操作员', '1').on('请输入操作员号').type('00');
  typeSupervisorPassword(c, '请输入操作员密码');
  c.on('主管功能', '9').on('解除停用', 'ENTER').on('终端已解除停用', 'ENTER').on('主管功能', 'CANCEL');
  return c.on('确认键:菜单');
}

const gaps = (c: Counter): number[] => {
  const at = c.sent('0400').map(m => m.atMs);
  return at.slice(1).map((ms, i) => ms - at[i]);
};

describe('the disputed points are options of the profile', () => {
  test('tries and the pause between them', () => {
    const closes: FaultRule = { match: { mti: '0400' }, do: { closeBefore: true } };
    const c = withRules({ tries: 5, pauseSeconds: 20 }, closes);
    sale(c, 10_068).on('第5次/共5次').on('冲正不成功', 'ENTER').on('确认键:菜单');
    expect(c.sent('0400')).toHaveLength(5);
    for (const ms of gaps(c)) expect(Math.round(ms / 1000)).toBe(20);
    expect(c.journal.heldReversals()).toMatchObject([{ state: 'held', tries: 5 }]);
  });

  test('final codes are compared whole: 40 ends it only where the profile says so, and 96 can be one', () => {
    const answer = (code: string): FaultRule => ({ match: { mti: '0400' }, do: { code } });
    const c = withRules({ finalCodes: ['00', '12', '25', '40'] }, answer('40'));
    sale(c, 10_074).on('冲正成功').on('确认键:菜单');
    const plain = withRules({}, answer('40'));
    sale(plain, 10_074).on('冲正不成功', 'ENTER').on('确认键:菜单');
    expect(plain.sent('0400').map(m => m.fields[39])).toEqual(['98', '06', '06']);
    const odd = withRules({ finalCodes: ['96'] }, answer('96'));
    sale(odd, 10_074).on('冲正成功').on('确认键:菜单');
    // A code that begins or ends like a final one is none.
    for (const code of ['06', '95']) {
      const half = withRules({ finalCodes: ['05'] }, answer(code));
      sale(half, 10_074).on('冲正不成功', 'ENTER').on('确认键:菜单');
    }
  });

  test('sent before the next message: the cashier is told, the next sale sends it first', () => {
    const c = withRules({ sent: 'before-next' });
    sale(c, 10_068).on('结果未知待冲正', 'ENTER').on('未完成冲正 1笔');
    expect(c.sent('0400')).toEqual([]);
    paidSale(c, 20_000);
    expect(c.sentTypes()).toBe('0800 0200 0400 0200');
    expect(c.differences()).toEqual([]);
  });

  test('sent before the next message after a wrong MAC: the sign-on goes first, no try is wasted under the old keys', () => {
    const c = withRules({ sent: 'before-next' });
    sale(c, 10_070).on('结果未知待冲正', 'ENTER').on('确认键:菜单');
    paidSale(c, 20_000);
    expect(c.sentTypes()).toBe('0800 0200 0800 0400 0200');
    expect(c.sent('0400')[0].fields[39]).toBe('A0');
    expect(c.differences()).toEqual([]);
  });

  test('sent before the next message: a settlement is one', () => {
    const c = paidSale(withRules({ sent: 'before-next' }), 30_000);
    sale(c, 10_068).on('结果未知待冲正', 'ENTER').on('确认键:菜单');
    settled(settle(c));
    expect(c.sentTypes()).toBe('0800 0200 0200 0400 0500 0320');
    expect(c.differences()).toEqual([]);
  });

  test('not blocking: trade goes on, each next transaction tries the held one again first', () => {
    const c = withRules({ blockWhenHeld: false }, DEAF);
    sale(c, 10_068).on('冲正不成功', 'ENTER').on('确认键:菜单');
    paidSale(c, 20_000);
    expect(c.sent('0400')).toHaveLength(6);
    expect(c.journal.heldReversals()).toHaveLength(1);
    c.faults();
    paidSale(c, 30_000);
    expect(c.sent('0400')).toHaveLength(7);
    expect(c.differences()).toEqual([]);
  });

  test('not blocking and tried again only before a settlement', () => {
    const c = withRules({ blockWhenHeld: false, heldRetry: 'at-settlement' }, DEAF);
    sale(c, 10_068).on('冲正不成功', 'ENTER').on('未完成冲正 1笔');
    paidSale(c, 20_000);
    expect(c.sent('0400')).toHaveLength(3);
    c.faults();
    settled(settle(c));
    expect(c.sentTypes()).toBe('0800 0200 0400 0400 0400 0200 0400 0500 0320');
    expect(c.differences()).toEqual([]);
  });

  test('blocking and tried again only before a settlement: the refusal comes before the amount and says who helps', () => {
    const c = withRules({ heldRetry: 'at-settlement' }, DEAF);
    sale(c, 10_068).on('冲正不成功', 'ENTER').on('停用');
    c.keys('ENTER').on('主菜单', '1').on('冲正未完成').on('请主管解除停用', 'ENTER').on('确认键:菜单');
    expect(c.sent('0400')).toHaveLength(3);
    paidSale(release(c), 20_000);
  });

  test('reason after a restart', () => {
    for (const restartReason of ['98', '06'] as const) {
      const c = withRules({ restartReason }, { match: { mti: '0200' }, do: { delayMs: 30_000 }, times: 1 });
      sale(c, 10_000).wait(() => c.sent('0200').length === 1, 'the sale was not sent');
      c.crash();
      c.start();
      c.on('冲正成功').on('确认键:菜单');
      expect(c.sent('0400')[0].fields[39]).toBe(restartReason);
      expect(c.differences()).toEqual([]);
    }
  });

  test('an answer with another amount: reversed at once, or waited over', () => {
    const wrong: FaultRule = { match: { mti: '0200' }, do: { wrongAmount: true }, times: 1 };
    const at = (c: Counter): string => {
      sale(c, 10_000).on('冲正成功').on('确认键:菜单');
      expect(c.differences()).toEqual([]);
      const [request] = c.sent('0200');
      const [reversal] = c.sent('0400');
      return `${reversal.fields[39]} ${Math.round((reversal.atMs - request.atMs) / 10_000)}`;
    };
    expect(at(withRules({}, wrong))).toBe('06 0');
    expect(at(withRules({ unmatched: 'wait' }, wrong))).toBe('98 6');
  });

  test('no connection for the sale: nothing to reverse, or reversed all the same', () => {
    const c = withRules({ notConnected: 'reverse' });
    c.network.isUp = false;
    sale(c, 10_000).on('结果未知待冲正', 'ENTER').on('未完成冲正 1笔');
    c.network.isUp = true;
    paidSale(c, 20_000);
    expect(c.sentTypes()).toBe('0800 0400 0200');
    expect(c.received('0410')[0].fields[39]).toBe('25');
    expect(c.differences()).toEqual([]);
  });

  test('wrong MAC in the 0410: go on after a sign-on, or stop until the next transaction', () => {
    const wrong: FaultRule = { match: { mti: '0400' }, do: { badMac: true }, times: 1 };
    const on = withRules({}, wrong);
    sale(on, 10_068).on('冲正成功').on('确认键:菜单');
    expect(on.sentTypes()).toBe('0800 0200 0400 0800 0400');
    const stop = withRules({ wrongMac: 'stop' }, wrong);
    sale(stop, 10_068).on('结果未知待冲正', 'ENTER').on('确认键:菜单');
    expect(stop.sentTypes()).toBe('0800 0200 0400');
    paidSale(stop, 20_000);
    expect(stop.sentTypes()).toMatch(/^0800 0200 0400 (0800 )?0400 (0800 )?0200$/);
    expect(stop.differences()).toEqual([]);
  });

  test('61 of the reversal of a void, 2 after a swipe, 63', () => {
    const silentVoid: FaultRule = { match: { '60.1': '23', mti: '0200' }, do: { silent: true }, times: 1 };
    const c = paidSale(
      withRules({ voidOriginal: 'own-trace', panAfterSwipe: false, with63: true }, silentVoid),
      10_000,
    );
    voidSale(c, 2).on('冲正成功').on('确认键:菜单');
    const { fields } = c.sent('0400')[0];
    expect([fields[2], fields[61], fields[63]]).toEqual([undefined, '000001000003', '000']);
    expect(c.differences()).toEqual([]);
  });
});

describe('what a reversal says', () => {
  test('38 of the approval that the chip refused', () => {
    const c = sale(open(), 10_000, 'chip', '123456', 'refuses').on('冲正成功').on('请取走卡片').remove();
    c.on('确认键:菜单');
    expect(c.sent('0400')[0].fields[38]).toBe(c.received('0210')[0].fields[38]);
    expect(c.sent('0400')[0].fields[38]).toMatch(/^\d{6}$/);
    // Of an answer that nobody may trust it says nothing.
    const other = sale(open(), 10_070).on('冲正成功').on('确认键:菜单');
    expect(other.sent('0400')[0].fields[38]).toBeUndefined();
  });
});

describe('never forgotten', () => {
  test('released: one more round before the settlement, which goes on without it and stays released', () => {
    const c = withRules({}, DEAF);
    sale(c, 10_068).on('冲正不成功', 'ENTER').on('确认键:菜单');
    paidSale(release(c), 20_000);
    expect(c.sent('0400')).toHaveLength(3);
    settle(c);
    settled(c);
    expect(c.sent('0400')).toHaveLength(6);
    expect(c.journal.heldReversals()).toMatchObject([{ state: 'held', releasedBy: '00' }]);
    // The acquirer holds a sale that the terminal reversed in vain: the totals differ.
    expect(c.slips.join()).toContain('对账不平');
  });

  test('held over the settlement and answered 12: one slip, no more tries at each sale, a person ends it', () => {
    const c = withRules({ blockWhenHeld: false }, DEAF);
    sale(c, 10_068).on('冲正不成功', 'ENTER').on('确认键:菜单');
    paidSale(c, 15_000);
    settled(settle(c));
    c.faults();
    c.keys('ENTER').on('请输入操作员号').type('01').on('请输入操作员密码').type('0000');
    c.on('请输入新密码').type('2580').on('请再输一次').type('2580').on('签到成功', 'ENTER').on('未完成冲正');
    paidSale(c, 20_000);
    const tries = c.sent('0400').length;
    expect(c.journal.heldReversals()).toMatchObject([{ state: 'held', lastCode: '12' }]);
    const slips = c.slips.join().split('故障报告单').length;
    paidSale(c, 30_000).on('未完成冲正');
    expect(c.sent('0400')).toHaveLength(tries);
    expect(c.slips.join().split('故障报告单')).toHaveLength(slips);
  });

  test('released, and the line is well at the settlement: reversed before the totals', () => {
    const c = withRules({}, DEAF);
    sale(c, 10_068).on('冲正不成功', 'ENTER').on('确认键:菜单');
    paidSale(release(c), 20_000);
    c.faults();
    settled(settle(c));
    expect(c.journal.heldReversals()).toEqual([]);
    expect(c.slips.join()).not.toContain('对账不平');
    expect(c.differences()).toEqual([]);
  });

  test('a power cut between two tries: the tries go on, none is lost and none is doubled', () => {
    const c = withRules({}, DEAF);
    sale(c, 10_068).wait(() => c.sent('0400').length === 2, 'no second try');
    c.crash();
    c.start();
    c.on('冲正不成功', 'ENTER').on('确认键:菜单');
    expect(c.sent('0400')).toHaveLength(3);
    expect(c.journal.heldReversals()).toMatchObject([{ tries: 3 }]);
  });

  test('a refund is never reversed, whatever comes back', () => {
    for (const fault of [{ silent: true }, { code: '96' }, { badMac: true }, { closeMidAnswer: true }] as const) {
      const c = paidSale(open({ rules: [{ match: { mti: '0220' }, do: fault }] }), 10_000);
      refund(c, 2, 4_000).on('退货结果未知', 'ENTER').on('确认键:菜单');
      expect(c.sent('0400')).toEqual([]);
      expect(c.sent('0220')).toHaveLength(1);
      paper(sale(c, 5_000));
      expect(c.sent('0220')).toHaveLength(1);
      expect(c.sent('0400')).toEqual([]);
    }
  });
});
