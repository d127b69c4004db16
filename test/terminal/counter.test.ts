import { describe, expect, test } from 'vitest';
import type { Counter } from '../runtime/counter.ts';
import { open, paidSale, sale } from '../scenarios/people.ts';

/** The flows of people and of the desk at a whole counter: terminal, runtime and journal. */

/** From idle to the menu of 00, whose published password must be changed once. */
function supervisor(c: Counter, password = '246810'): Counter {
  c.keys('ENTER').on('主菜单', '7').on('管理', '1').on('1.操作员', '1').on('请输入操作员号').type('00');
  if (c.journal.operator('00')?.mustChange) {
    c.on('请输入操作员密码').type('123456').on('首次登录请改密').type(password).on('请再输一次').type(password);
    return c.on('主管功能');
  }
  return c.on('请输入操作员密码').type(password).on('主管功能');
}

describe('people', () => {
  test('00 adds a cashier, who must change the password, and removes another one', () => {
    const c = supervisor(open());
    c.keys('1').on('增加操作员').type('01').on('该操作员已存在').type('07').on('请输入密码').type('4321');
    c.on('请再输一次').type('4322').on('两次密码不一致').type('4321').on('请再输一次').type('4321');
    c.on('操作员增加成功', 'ENTER').on('主管功能', '3').on('操作员 1/8').keys('DOWN').on('操作员 2/8', 'CANCEL');
    c.on('主管功能', '2')
      .on('删除操作员')
      .type('01')
      .on('操作员已签到')
      .type('05')
      .on('是否删除', 'ENTER')
      .on('操作员已删除', 'ENTER');
    c.on('主管功能', 'CANCEL').on('确认键:菜单');
    expect(c.journal.operators().map(one => one.no)).toEqual(['00', '01', '02', '03', '04', '07', '99']);
    expect(c.journal.operator('07')?.mustChange).toBe(true);
    expect(JSON.stringify(c.journal.records(50))).not.toContain('4321');
  });

  test('nothing to release and nothing to record: said so, and 00 stays in the menu', () => {
    const c = supervisor(open());
    c.keys('6').on('没有待查退货', 'ENTER').on('主管功能', '9').on('没有未完成冲正', 'ENTER').on('主管功能');
    c.keys('5').on('没有暂缓退货', 'ENTER').on('请插卡/刷卡/挥卡');
  });

  test('a cashier locks the terminal, also across a restart; 00 opens it and the cashier is off', () => {
    const c = open();
    c.keys('ENTER').on('主菜单', '7').on('管理', '5').on('确认锁定', 'ENTER').on('终端已锁定');
    expect(c.journal.lockedBy()).toBe('01');
    c.stop();
    c.start();
    c.on('终端已锁定', 'ENTER').on('请输入操作员号').type('02').on('非当前操作员').type('01');
    c.on('请输入密码').type('9999').on('密码不符', 'CANCEL').on('终端已锁定', 'ENTER').on('请输入操作员号').type('00');
    c.on('请输入密码').type('123456').on('首次登录请改密').type('246810').on('请再输一次').type('246810').on('未签到');
    expect([c.journal.lockedBy(), c.journal.currentOperator()]).toEqual([undefined, undefined]);
  });

  test('echo says how long it took; the own password has its own title', () => {
    const c = open();
    c.keys('ENTER').on('主菜单', '8').on('其它', '4').on('主机应答正常').on('毫秒', 'ENTER');
    c.on('确认键:菜单', 'ENTER')
      .on('主菜单', '7')
      .on('管理', '6')
      .on('修改密码')
      .on('请输入原密码')
      .type('1111')
      .on('原密码不正确');
  });
});

describe('paper', () => {
  test('a slip that waits is on the idle screen; F1 prints that one, also after another sale', () => {
    const c = open();
    c.terminal.paper('out');
    sale(c, 12_300).on('打印机缺纸', 'CANCEL').on('交易完成', 'ENTER').on('未打签购单');
    c.terminal.paper('ok');
    paidSale(c, 45_600)
      .on('未打签购单', 'F1')
      .wait(() => c.slips.length === 3, 'no slip came out');
    expect(c.slips.at(-1)).toContain('== RMB: 123.00 ==');
    expect(c.slips.at(-1)?.split('\n')[3]).toContain('****重打印/DUPLICATED(1)****');
    c.on('请插卡/刷卡/挥卡', 'F1').wait(() => c.slips.length === 4, 'no reprint');
    expect(c.slips.at(-1)).toContain('== RMB: 456.00 ==');
  });
});
