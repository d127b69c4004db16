import { describe, expect, test } from 'vitest';
import { columnsOf } from '../../src/wire/gbk.ts';
import { card, Counter } from '../runtime/counter.ts';
import { beginSale, open, paidSale, paper, sale } from './people.ts';

describe('printer', () => {
  test('paper out at the merchant copy: the sale stands, ENTER goes on', () => {
    const c = open();
    c.terminal.paper('out');
    sale(c, 10_000).on('打印机缺纸').on('确认-继续打印');
    expect(c.journal.list()[0].state).toBe('approved');
    c.terminal.paper('ok');
    paper(c.keys('ENTER'));
    expect(c.slips).toHaveLength(2);
    expect(c.differences()).toEqual([]);
  });

  test('paper out, later: the slip waits, a reprint brings it', () => {
    const c = open();
    c.terminal.paper('out');
    sale(c, 10_000).on('打印机缺纸', 'CANCEL').on('交易完成', 'ENTER').on('确认键:菜单');
    expect(c.slips).toEqual([]);
    c.terminal.paper('ok');
    c.keys('F1').wait(() => c.slips.length === 1, 'no slip came out');
    expect(c.slips[0]).toContain('100.00');
    c.on('确认键:菜单');
  });

  test('reprint of the last and of any, with its count', () => {
    const c = paidSale(paidSale(open(), 10_000), 20_000);
    c.keys('F1').wait(() => c.slips.length === 5, 'no reprint');
    expect(c.slips[4]).toContain('DUPLICATED(1)');
    expect(c.slips[4]).toContain('200.00');
    c.on('确认键:菜单', 'ENTER')
      .on('主菜单', '6')
      .on('打印', '2')
      .on('请输入凭证号')
      .type(2)
      .wait(() => c.slips.length === 6, 'no reprint');
    expect(c.slips[5]).toContain('100.00');
    c.on('确认键:菜单', 'F1').wait(() => c.slips.length === 7, 'no reprint');
    expect(c.slips[6]).toContain('DUPLICATED(2)');
  });

  test('an 80 mm profile on a terminal with 58 mm paper prints lines that fit', () => {
    const c = paidSale(open({ profile: 'unionpay-pos-48' }), 10_000);
    const [slip] = c.journal.slipsOf(c.journal.list()[0].id);
    expect(slip.columns).toBe(32);
    expect(Math.max(...slip.lines.map(line => columnsOf(line)))).toBeLessThanOrEqual(32);
    expect(c.differences()).toEqual([]);
  });
});

describe('the terminal line', () => {
  test('pulled at the idle screen and put back', () => {
    const c = open();
    c.unplug();
    c.pause(5).plug();
    c.pause(3);
    paidSale(c, 10_000);
    expect(c.differences()).toEqual([]);
  });

  test('pulled at the card step: the step waits for the terminal', () => {
    const c = beginSale(open(), 10_000);
    c.unplug();
    c.pause(5).plug();
    c.on('请插卡/刷卡/挥卡').swipe('swipe').on('卡号:', 'ENTER').on('请持卡人输密码').type('123456');
    paper(c);
    expect(c.differences()).toEqual([]);
  });

  test('a chip card that is in when the line comes back is seen', () => {
    const c = beginSale(open(), 10_000);
    c.unplug();
    c.terminal.insert(card('chip'));
    c.pause(5).plug();
    c.on('请持卡人输密码').type('123456');
    paper(c);
    expect(c.differences()).toEqual([]);
  });

  test('pulled at the PIN: nothing was sent', () => {
    const c = beginSale(open(), 10_000).swipe('swipe').on('卡号:', 'ENTER').on('请持卡人输密码', '1 2');
    c.unplug();
    c.pause(5).plug();
    c.on('密码键盘故障', 'ENTER').on('确认键:菜单');
    expect(c.sentTypes()).toBe('0800');
    paidSale(c, 10_000);
    expect(c.differences()).toEqual([]);
  });

  test.each([1, 10])('pulled during the exchange for %i s: the answer waits and is still checked', seconds => {
    const c = open({ rules: [{ match: { mti: '0200' }, do: { delayMs: 5_000 }, times: 1 }] });
    sale(c, 10_000).wait(() => c.sent('0200').length === 1, 'the sale was not sent');
    c.unplug();
    c.pause(seconds).plug();
    paper(c);
    expect(c.sentTypes()).toBe('0800 0200');
    expect(c.journal.list()[0].state).toBe('approved');
    expect(c.differences()).toEqual([]);
  });

  test('pulled during the exchange for too long: reversed when it is back', () => {
    const c = open();
    sale(c, 10_000).wait(() => c.sent('0200').length === 1, 'the sale was not sent');
    c.unplug();
    c.pause(120).plug();
    c.pause(3);
    c.wait(() => c.journal.list()[0].state !== 'open', 'no outcome');
    expect(c.journal.list()[0].state).not.toBe('approved');
    // Whatever is owed goes before the next sale.
    c.on('返回', 'ENTER').on('确认键:菜单');
    paidSale(c, 20_000);
    expect(c.differences()).toEqual([]);
  });

  test('pulled while printing: approved, the slip goes on', () => {
    const c = sale(open(), 10_000);
    c.wait(() => c.journal.list()[0]?.state === 'approved', 'not approved');
    c.unplug();
    c.pause(5).plug();
    c.on('打印机故障').on('确认-重试', 'ENTER');
    paper(c);
    expect(c.slips).toHaveLength(2);
    expect(c.differences()).toEqual([]);
  });

  test('the terminal restarts at the card step', () => {
    const c = beginSale(open(), 10_000);
    c.terminal.restart();
    c.pause(5);
    c.wait(
      () => c.screen.includes('请插卡/刷卡/挥卡') || c.screen.includes('确认键:菜单'),
      'the screen stayed dark',
      120_000,
    );
    if (!c.screen.includes('请插卡')) beginSale(c, 10_000);
    c.swipe('swipe').on('卡号:', 'ENTER').on('请持卡人输密码').type('123456');
    paper(c);
    expect(c.differences()).toEqual([]);
  });

  test('the terminal restarts during the exchange', () => {
    const c = open({ rules: [{ match: { mti: '0200' }, do: { delayMs: 500 }, times: 1 }] });
    sale(c, 10_000).wait(() => c.sent('0200').length === 1, 'the sale was not sent');
    c.terminal.restart();
    c.wait(() => c.journal.list()[0].state !== 'open', 'no outcome');
    c.pause(200);
    expect(c.differences()).toEqual([]);
  });

  // Nothing on the line tells that the pad forgot the wait for a key.
  test('the terminal restarts at a screen that waits as long as it takes', () => {
    const c = open();
    c.terminal.paper('out');
    sale(c, 10_000).on('打印机缺纸');
    c.terminal.restart();
    c.pause(1);
    expect(c.screen.trim()).toBe('');
    c.wait(() => c.screen.includes('打印机缺纸'), 'the screen stayed dark', 90_000);
    c.terminal.paper('ok');
    paper(c.keys('ENTER'));
    expect(c.slips).toHaveLength(2);
    expect(c.differences()).toEqual([]);
  });
});

describe('keys', () => {
  test('a wrong master key in the terminal: E59, not signed on', () => {
    const c = new Counter({ terminalKey: new Uint8Array(16).fill(0x22) });
    c.on('请按任意键签到', 'ENTER').on('下载工作密钥失败', 'ENTER').on('未签到');
    expect(c.journal.session()?.signedOn ?? false).toBe(false);
  });

  test('an empty key slot', () => {
    const c = new Counter({ change: { acquirer: { masterKeyIndex: 42 } } });
    c.on('请按任意键签到', 'ENTER').on('按任意键返回', 'ENTER').on('未签到');
    expect(c.journal.session()?.signedOn ?? false).toBe(false);
  });

  test.each(['001', '003', '004'] as const)('key mode %s: sale, void, refund', keyMode => {
    const c = open({ change: { acquirer: { keyMode } } });
    paidSale(c, 10_000);
    paidSale(c, 20_000, 'chip');
    const sent = c.sent('0200')[0].fields;
    expect(sent[53]).toBe({ '001': '2000000000000000', '003': '2600000000000000', '004': '2610000000000000' }[keyMode]);
    expect(sent[35].startsWith('6225000000000014')).toBe(keyMode !== '004');
    expect(c.differences()).toEqual([]);
  });

  test('mode 004: a second PIN sends the same encrypted track', () => {
    const c = sale(open({ change: { acquirer: { keyMode: '004' } } }), 10_055)
      .on('[55]', 'ENTER')
      .on('请持卡人输密码')
      .type('123456');
    paper(c);
    const [first, second] = c.sent('0200');
    expect(second.fields[35]).toBe(first.fields[35]);
    expect(c.differences()).toEqual([]);
  });
});

describe('people', () => {
  test('first log-on: unknown operator, weak and unequal passwords, then the new one', () => {
    const c = new Counter({ onDuty: false });
    c.on('请按任意键签到', 'ENTER')
      .on('请输入操作员号')
      .type('88')
      .on('操作员不存在')
      .type('01')
      .on('请输入操作员密码')
      .type('0000');
    c.on('请输入新密码')
      .type('0000')
      .on('密码过于简单')
      .type('1111')
      .on('密码过于简单')
      .type('1234')
      .on('密码过于简单');
    c.type('2580')
      .on('请再输一次')
      .type('2581')
      .on('两次密码不一致')
      .type('2580')
      .on('请再输一次')
      .type('2580')
      .on('签到成功', 'ENTER')
      .on('确认键:菜单');
    paidSale(c, 10_000);
    expect(c.slips[0]).toContain('01');
    expect(c.differences()).toEqual([]);
  });

  test('wrong passwords block', () => {
    const c = new Counter({ onDuty: false });
    c.on('请按任意键签到', 'ENTER').on('请输入操作员号').type('00').on('请输入操作员密码');
    c.type('111111')
      .on('密码错误')
      .type('222222')
      .on('密码错误')
      .type('333333')
      .on('密码错次数超限', 'ENTER')
      .on('未签到');
    c.keys('ENTER').on('请输入操作员号').type('00').on('请输入操作员密码').type('123456').on('密码错次数超限');
  });
});
