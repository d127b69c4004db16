import { describe, test } from 'vitest';
import type { Counter } from '../runtime/counter.ts';
import { beginRefund, beginVoid, open, paidSale, paper, sale } from './people.ts';

const DAY_S = 86_400;

/** From idle to the first question of the search, as the screens name it: menu 7-3-5. */
function beginSearch(c: Counter): Counter {
  c.on('确认键:菜单', 'ENTER').on('主菜单', '7').on('管理', '3').on('交易查询', '5');
  return c.on('查找交易-日期');
}

function search(c: Counter, date: string, amount: string, lastFour: string): Counter {
  return beginSearch(c).type(date).on('查找交易-金额').type(amount).on('查找交易-卡号').type(lastFour);
}

describe('search at the keypad (menu 7-3-5)', () => {
  test('by amount alone: hits of today, newest first, with the screens of the query', () => {
    const c = paidSale(paidSale(paidSale(open(), 12_800), 5000), 12_800);
    search(c, '', '12800', '').on('金额:     128.00').on('凭证号:   000004', 'DOWN').on('凭证号:   000002', 'DOWN');
    c.on('显示完毕').on('交易查询', 'CANCEL').on('管理', 'CANCEL');
  });

  test('by the card: only its transactions', () => {
    const c = paper(sale(paidSale(open(), 12_800), 12_800, 'chip'));
    search(c, '', '', '0017').on('621000******0017').on('凭证号:   000003', 'DOWN').on('显示完毕');
  });

  test('by the day: yesterday is not today, and nothing found leads back to the day', () => {
    const c = paidSale(open(), 12_800);
    c.pause(DAY_S);
    search(c, '', '12800', '').on('没有符合的交易').on('查找交易-日期');
    c.type('1121').on('查找交易-金额').type('').on('查找交易-卡号').type('').on('凭证号:   000002', 'CANCEL');
    c.on('交易查询', '5')
      .on('查找交易-日期')
      .type('1331')
      .on('日期格式错')
      .type('1121')
      .on('查找交易-金额')
      .type('999');
    c.on('查找交易-卡号').type('12').on('位数不足').type('').on('没有符合的交易');
  });

  test('a void, a refund and a refund status that are not found name the search', () => {
    const c = paidSale(open(), 12_800);
    beginVoid(c, 77).on('原交易不存在').on('查找:菜单7-3-5', 'FN').on('卡号末四位查找', '1').on('查找:菜单7-3-5');
    c.keys('CANCEL').on('确认键:菜单');
    beginRefund(c).keys('1').on('请输入原凭证号').type(77).on('查找:菜单7-3-5', '1').on('批次:', 'CANCEL');
    c.on('确认键:菜单', 'F2').on('跟踪号/凭证号').type('77').on('未找到退货').on('查找:菜单7-3-5', 'CANCEL');
  });
});

describe('the bank of the original', () => {
  test('stands on the second page of a void and of a refund, with what the slip says', () => {
    const c = paidSale(open(), 12_800);
    beginVoid(c, 2).on('撤销-原交易 1/2', 'DOWN').on('撤销-原交易 2/2').on('工商银行').on('11/21 14:0', 'UP').on('1/2');
    c.keys('CANCEL');
    beginRefund(c).keys('1').on('请输入原凭证号').type(2).on('可退:     128.00', 'DOWN').on('退货-原交易 2/2');
    c.on('工商银行')
      .on('11/21 凭证000002')
      .on('参考', 'UP')
      .on('可退:', 'DOWN')
      .on('2/2', 'DOWN')
      .on('可退:', 'CANCEL');
    const en = open({ lang: 'en' });
    en.on('ENTER:MENU', 'ENTER').on('MAIN', '1').on('AMOUNT').type(12_800).swipe('swipe').on('CARD NO', 'ENTER');
    en.on('PIN').type('123456').on('TEAR MERCH COPY', 'ENTER').on('DONE', 'ENTER').on('ENTER:MENU', 'F3');
    en.on('MANAGER PASSWORD').type('123456').on('NEW').type('246810').on('AGAIN').type('246810').on('ORIG VOUCHER');
    en.keys('F1').on('VOID-ORIG   1/2', 'DOWN').on('ICBC').on('REF ');
  });
});
