import { describe, expect, test } from 'vitest';
import { card } from '../runtime/counter.ts';
import { beginSale, open, paidSale, paper, sale } from './people.ts';

describe('a sale goes through', () => {
  test('swipe with PIN: request, answer, two copies', () => {
    const c = paidSale(open(), 10_000);
    expect(c.sentTypes()).toBe('0800 0200');
    const [request] = c.sent('0200');
    expect(request.fields).toMatchObject({
      3: '000000',
      4: '000000010000',
      11: '000002',
      22: '021',
      25: '00',
      26: '12',
      49: '156',
    });
    expect(request.fields[53]).toBe('2600000000000000');
    expect(request.fields[60]).toBe('22000001000601');
    expect(request.fields[2]).toBeUndefined();
    expect(c.slips).toHaveLength(2);
    expect(c.slips[0]).toContain('100.00');
    expect(c.slips.join('')).not.toContain('6225000000000014');
    expect(c.differences()).toEqual([]);
  });

  test('chip with PIN: 55 goes out, the chip agrees, the card is taken', () => {
    const c = paidSale(open(), 12_345, 'chip');
    const [request] = c.sent('0200');
    expect(request.fields).toMatchObject({
      2: '6210000000000000017',
      14: '3012',
      22: '051',
      23: '001',
      60: '22000001000601',
    });
    expect(request.fields[55]).toContain('9F26');
    expect(c.journal.list()[0].answer?.emv?.['9F27']).toBe('40');
    expect(c.slips[0]).toContain('TC');
    expect(c.differences()).toEqual([]);
  });

  test('contactless with PIN', () => {
    const c = paidSale(open(), 500, 'tap');
    expect(c.sent('0200')[0].fields[22]).toBe('071');
    expect(c.differences()).toEqual([]);
  });

  test('contactless below the limit of the profile asks for no PIN', () => {
    const c = open({ change: { policy: { qpsLimitMinor: 100_000 } } });
    beginSale(c, 99_901).tap('tap');
    paper(c);
    expect(c.sent('0200')[0].fields[22]).toBe('072');
    expect(c.sent('0200')[0].fields[52]).toBeUndefined();
    expect(c.differences()).toEqual([]);
  });

  test('ENTER alone is no PIN', () => {
    const c = paper(sale(open(), 10_001, 'swipe', ''));
    expect(c.sent('0200')[0].fields).toMatchObject({ 22: '022' });
    expect(c.sent('0200')[0].fields[52]).toBeUndefined();
    expect(c.sent('0200')[0].fields[26]).toBeUndefined();
    expect(c.differences()).toEqual([]);
  });

  test('in English', () => {
    const c = open({ lang: 'en' });
    c.on('ENTER:MENU', 'ENTER').on('MAIN', '1').on('ENTER AMOUNT').type(10_000).on('INSERT/SWIPE/TAP').swipe('swipe');
    c.on('ENTER-Y CANCEL-N', 'ENTER')
      .on('ENTER PIN')
      .type('123456')
      .on('TEAR MERCH COPY', 'ENTER')
      .on('DONE', 'ENTER')
      .on('ENTER:MENU');
    expect(c.screens.join('\n')).toContain('APPROVED');
    expect(c.differences()).toEqual([]);
  });

  test('a card at the idle screen begins the sale: stripe', () => {
    const c = open();
    c.swipe('swipe').on('请输入金额').type(2_000).on('卡号:', 'ENTER').on('请持卡人输密码').type('123456');
    paper(c);
    expect(c.sent('0200')[0].fields[22]).toBe('021');
    expect(c.differences()).toEqual([]);
  });

  test('a card at the idle screen begins the sale: chip', () => {
    const c = open();
    c.insert('chip').on('请输入金额').type(2_000).on('请持卡人输密码').type('123456');
    paper(c);
    expect(c.sent('0200')[0].fields[22]).toBe('051');
    expect(c.differences()).toEqual([]);
  });

  test('two digits of cents and a leading zero: shift-left entry, CLEAR takes one back', () => {
    const c = open();
    c.on('确认键:菜单', 'ENTER')
      .on('主菜单', '1')
      .on('请输入金额', '0 1 2 9 CLEAR 3')
      .on('1.23', 'ENTER')
      .on('金额:       1.23', 'CANCEL');
    c.on('确认键:菜单');
    expect(c.sentTypes()).toBe('0800');
  });
});

describe('a sale does not begin', () => {
  test('amount 0, and CANCEL at every step, send nothing', () => {
    const c = open();
    c.on('确认键:菜单', 'ENTER')
      .on('主菜单', '1')
      .on('请输入金额', 'ENTER')
      .on('输入金额无效', 'CANCEL')
      .on('确认键:菜单');
    expect(c.beeps.at(-1)).toBe('S-S-S');
    beginSale(c, 1_000).keys('CANCEL').on('确认键:菜单');
    beginSale(c, 1_000).swipe('swipe').on('卡号:', 'CANCEL').on('确认键:菜单');
    beginSale(c, 1_000).swipe('swipe').on('卡号:', 'ENTER').on('请持卡人输密码', 'CANCEL').on('确认键:菜单');
    beginSale(c, 1_000).insert('chip').on('请持卡人输密码', '1 2 CANCEL').on('请取走卡片').remove().on('确认键:菜单');
    expect(c.sentTypes()).toBe('0800');
    expect(c.journal.list()).toEqual([]);
  });

  test('nobody shows a card, nobody enters a PIN', () => {
    const c = open();
    beginSale(c, 1_000).on('读卡超时', 'ENTER').on('确认键:菜单');
    beginSale(c, 1_000)
      .swipe('swipe')
      .on('卡号:', 'ENTER')
      .on('请持卡人输密码')
      .on('输密超时', 'ENTER')
      .on('确认键:菜单');
    beginSale(c, 1_000)
      .insert('chip')
      .on('请持卡人输密码')
      .on('输密超时', 'ENTER')
      .on('请取走卡片')
      .remove()
      .on('确认键:菜单');
    expect(c.sentTypes()).toBe('0800');
  });

  test('a swiped chip card must be inserted', () => {
    const c = open();
    beginSale(c, 1_000).swipe('chip').on('该卡为芯片卡').insert('chip').on('请持卡人输密码').type('123456');
    paper(c);
    expect(c.sent('0200')[0].fields).toMatchObject({ 22: '051' });
    expect(c.differences()).toEqual([]);
  });

  test('a broken chip falls back to the stripe', () => {
    const c = open();
    beginSale(c, 1_000)
      .insert('bad-chip')
      .on('交易降级')
      .remove()
      .swipe('bad-chip')
      .on('卡号:', 'ENTER')
      .on('请持卡人输密码')
      .type('123456');
    paper(c);
    expect(c.sent('0200')[0].fields).toMatchObject({ 22: '021', 60: '22000001000621' });
    expect(c.slips[0]).toContain('/F');
    expect(c.differences()).toEqual([]);
  });

  test('without fallback a broken chip is the end', () => {
    const c = open({ change: { policy: { fallbackAllowed: false } } });
    beginSale(c, 1_000).insert('bad-chip').on('芯片卡不能降级', 'ENTER').on('请取走卡片').remove().on('确认键:菜单');
    expect(c.sentTypes()).toBe('0800');
  });

  test('expired, wrong check digit', () => {
    const c = open();
    beginSale(c, 1_000).insert('expired').on('该卡已过期', 'ENTER').on('请取走卡片').remove().on('确认键:菜单');
    beginSale(c, 1_000)
      .swipe({ ...card('swipe'), pan: '6225000000000013' })
      .on('无效卡号', 'ENTER')
      .on('确认键:菜单');
    expect(c.sentTypes()).toBe('0800');
  });

  test('an unreadable stripe: three tries', () => {
    const c = open();
    beginSale(c, 1_000)
      .swipe('unreadable')
      .on('请继续刷卡')
      .swipe('unreadable')
      .pause(1)
      .on('请继续刷卡')
      .swipe('unreadable')
      .on('读卡次数超限', 'ENTER');
    c.on('确认键:菜单');
    expect(c.sentTypes()).toBe('0800');
  });

  test('a chip that refuses at once', () => {
    const c = open();
    beginSale(c, 1_000)
      .insert('refuses-first')
      .on('请持卡人输密码')
      .type('123456')
      .on('卡片拒绝交易', 'ENTER')
      .on('请取走卡片')
      .remove();
    c.on('确认键:菜单');
    expect(c.sentTypes()).toBe('0800');
  });
});

describe('the acquirer says no', () => {
  test('51: code, text, action; the books agree', () => {
    const c = sale(open(), 10_051).on('[51]余额不足').on('请换卡或付现', 'ENTER').on('确认键:菜单');
    expect(c.sentTypes()).toBe('0800 0200');
    expect(c.journal.list()[0].state).toBe('declined');
    expect(c.differences()).toEqual([]);
  });

  test.each(['swipe', 'chip', 'tap'] as const)('55, then the right PIN with a new trace (%s)', way => {
    const c = sale(open(), 10_055, way).on('[55]', 'ENTER').on('请持卡人输密码').type('123456');
    paper(c);
    const [first, second] = c.sent('0200');
    expect([first.fields[11], second.fields[11]]).toEqual(['000002', '000003']);
    expect(c.sent('0400')).toEqual([]);
    expect(c.differences()).toEqual([]);
  });

  test('a wrong PIN three times ends the sale', () => {
    const c = sale(open(), 20_000, 'swipe', '654321');
    c.on('[55]', 'ENTER').on('请持卡人输密码').type('111111').on('[55]', 'ENTER').on('请持卡人输密码').type('222222');
    c.wait(() => c.sent('0200').length === 3, 'the third PIN never went out');
    c.on('按任意键返回', 'ENTER').on('确认键:菜单');
    expect(c.sent('0200').map(m => m.fields[11])).toEqual(['000002', '000003', '000004']);
    expect(c.differences()).toEqual([]);
  });

  test('half approved and taken', () => {
    const c = sale(open(), 20_010).on('部分承兑').on('批准:     100.05', 'ENTER');
    paper(c);
    expect(c.journal.list()[0].amountMinor).toBe(10_005);
    expect(c.slips[0]).toContain('100.05');
    expect(c.differences()).toEqual([]);
  });

  test('half approved and not wanted: a void of that half', () => {
    const c = sale(open(), 20_010).on('部分承兑', 'CANCEL');
    paper(c);
    const [, request] = c.sent('0200');
    expect(request.fields).toMatchObject({ 3: '200000', 4: '000000010005', 22: '012', 61: '000001000002' });
    expect(c.journal.list().map(t => t.state)).toEqual(['approved', 'voided']);
    expect(c.differences()).toEqual([]);
  });

  // "Reversed", "not sent", "declined" would be about the void: the customer has paid the half.
  test.each([
    ['unanswered', { silent: true as const }],
    ['declined', { code: '91' }],
    ['without a connection', {}],
  ])('half approved, and the void of that half is %s: the half stands, says the screen', (how, effect) => {
    const c = open({ rules: [{ match: { mti: '0200', '60.1': '23' }, do: effect, times: 1 }] });
    sale(c, 20_010).on('部分承兑');
    c.network.isUp = how !== 'without a connection';
    c.keys('CANCEL').on('部分承兑未撤销').on('批准:     100.05', 'ENTER').on('部分承兑').on('应付:     200.10');
    expect(c.journal.list({ kind: 'sale' })[0]).toMatchObject({ state: 'approved', amountMinor: 10_005 });
    paper(c.keys('ENTER'));
    expect(c.slips[0]).toContain('100.05');
    expect(c.differences()).toEqual([]);
  });

  test('a partial approval of nothing is no approval', () => {
    const c = open({ rules: [{ match: { mti: '0200' }, do: { code: '10' } }] });
    sale(c, 1).on('冲正成功').on('确认键:菜单');
    expect(c.sent('0400')[0].fields[39]).toBe('06');
    expect(c.differences()).toEqual([]);
  });
});
