import { describe, expect, test } from 'vitest';
import type { Counter } from '../runtime/counter.ts';
import type { Message } from '../runtime/network.ts';
import {
  beginRefund,
  beginVoid,
  open,
  paidSale,
  paper,
  refund,
  refundAmount,
  refundByVoucher,
  sale,
  settle,
  settled,
  typeSupervisorPassword,
  voidSale,
} from './people.ts';

const DAY_S = 86_400;

/** Logs the supervisor on for the first time, with the change of the published password. */
function supervisor(c: Counter): Counter {
  c.on('确认键:菜单', 'ENTER').on('主菜单', '7').on('管理', '1').on('1.操作员', '1').on('请输入操作员号').type('00');
  typeSupervisorPassword(c, '请输入操作员密码');
  return c.on('主管功能');
}

/** Path 2: card, reference and date of the original, up to what is found. */
function byReference(c: Counter, reference: string): Counter {
  beginRefund(c).keys('2').on('请插卡/刷卡/挥卡').swipe('swipe').on('请输入原参考号').type(reference);
  return c.on('请输入原交易日期').type('1121');
}

/** Fields of two messages that differ, without MAC and PIN. */
function differentFields(a: Message, b: Message): number[] {
  const names = new Set([...Object.keys(a.fields), ...Object.keys(b.fields)].map(Number));
  return [...names].filter(field => field !== 52 && field !== 64 && a.fields[field] !== b.fields[field]);
}

describe('void', () => {
  test('by voucher: original shown on two pages, whole amount, both records', () => {
    const c = paidSale(open(), 10_000);
    beginVoid(c, 2)
      .on('撤销-原交易 1/2', 'DOWN')
      .on('撤销-原交易 2/2', 'UP')
      .on('1/2', 'ENTER')
      .on('请选撤销原因', '2')
      .on('请刷原卡或插卡')
      .swipe('swipe');
    c.on('撤销成功');
    paper(c);
    const request = c.sent('0200')[1];
    expect(request.fields).toMatchObject({ 3: '200000', 4: '000000010000', 22: '022', 61: '000001000002' });
    expect(request.fields[37]).toBe(c.received('0210')[0].fields[37]);
    expect(request.fields[38]).toBe(c.received('0210')[0].fields[38]);
    expect(request.fields[52]).toBeUndefined();
    expect(c.journal.list().map(t => [t.kind, t.state])).toEqual([
      ['void', 'approved'],
      ['sale', 'voided'],
    ]);
    expect(c.differences()).toEqual([]);
  });

  test('the customer reads until when a sale can be refunded, and what becomes of a void; the merchant does not', () => {
    const c = paidSale(open(), 10_000);
    paper(voidSale(c, 2));
    expect(c.slips.map(slip => /退货期限\d+天/.exec(slip)?.[0])).toEqual([
      undefined,
      '退货期限30天',
      undefined,
      undefined,
    ]);
    expect(c.slips.map(slip => slip.includes('撤销后原扣款解除'))).toEqual([false, false, false, true]);
    const en = open({ lang: 'en' });
    en.on('ENTER:MENU', 'ENTER').on('MAIN', '1').on('AMOUNT').type(10_000).swipe('swipe').on('CARD NO', 'ENTER');
    en.on('PIN').type('123456').on('TEAR MERCH COPY', 'ENTER').on('DONE');
    expect(en.slips[1]).toContain('REFUND WITHIN 30 DAYS: KEEP THIS');
  });

  test('F1 takes the last sale; by chip', () => {
    const c = paidSale(open(), 10_000, 'chip');
    paper(voidSale(c, 'F1', 'chip'));
    expect(c.sent('0200')[1].fields).toMatchObject({ 22: '052', 2: '6210000000000000017' });
    expect(c.sent('0200')[1].fields[55]).toBeUndefined();
    expect(c.differences()).toEqual([]);
  });

  test('refusals: another card, voided already, a refund, a part refunded, no such voucher', () => {
    const c = paidSale(open(), 10_000);
    voidSale(c, 2, 'chip').on('卡号与原交易不符', 'ENTER').on('请取走卡片').remove().on('确认键:菜单');
    beginVoid(c, 77).on('原交易不存在', 'CANCEL').on('确认键:菜单');
    paper(refund(c, 2, 3_000));
    beginVoid(c, 2).on('原交易已退货', 'CANCEL').on('确认键:菜单');
    beginVoid(c, 3).on('原交易非消费', 'CANCEL').on('确认键:菜单');
    paidSale(c, 20_000);
    paper(voidSale(c, 4));
    beginVoid(c, 4).on('原交易已撤销', 'CANCEL').on('确认键:菜单');
    expect(c.sentTypes()).toBe('0800 0200 0220 0200 0200');
    expect(c.differences()).toEqual([]);
  });

  test('a sale of an older batch goes on as a refund', () => {
    const c = settled(settle(paidSale(open(), 10_000)));
    c.keys('ENTER')
      .on('请输入操作员号')
      .type('01')
      .on('请输入操作员密码')
      .type('0000')
      .on('请输入新密码')
      .type('2580')
      .on('请再输一次')
      .type('2580');
    c.on('签到成功', 'ENTER');
    beginVoid(c, 'F1').on('非本批次', 'ENTER').on('退货-原交易', 'ENTER').on('请插卡/刷卡/挥卡').swipe('swipe');
    paper(refundAmount(c, 10_000));
    expect(c.sent('0220')[0].fields).toMatchObject({ 61: '0000010000021121', 60: '25000002000601' });
    expect(c.differences()).toEqual([]);
  });

  test('three wrong passwords of the supervisor block for five minutes', () => {
    const c = paidSale(open(), 10_000);
    c.on('确认键:菜单', 'F3')
      .on('请输入主管密码')
      .type('111111')
      .on('主管密码错')
      .type('222222')
      .on('主管密码错')
      .type('333333');
    c.on('密码错次数超限', 'ENTER')
      .on('确认键:菜单', 'F3')
      .on('请输入主管密码')
      .type('123456')
      .on('密码错次数超限', 'ENTER');
    c.pause(301)
      .on('确认键:菜单', 'F3')
      .on('请输入主管密码')
      .type('123456')
      .on('首次登录请改密', 'CANCEL')
      .on('确认键:菜单');
    expect(c.differences()).toEqual([]);
  });
});

describe('refund', () => {
  test('by voucher: a part, then the rest (F1), then nothing is left', () => {
    const c = paidSale(open(), 10_000);
    paper(refund(c, 2, 3_000));
    const [request] = c.sent('0220');
    expect(request.fields).toMatchObject({
      3: '200000',
      4: '000000003000',
      22: '022',
      60: '25000001000601',
      61: '0000010000021121',
      63: '000',
    });
    expect(request.fields[37]).toBe(c.received('0210')[0].fields[37]);
    refundByVoucher(c, 2)
      .on('可退:      70.00')
      .keys('F1')
      .on('70.00', 'ENTER')
      .on('请确认退货金额', 'ENTER')
      .on('请选退货原因', '3');
    paper(c);
    beginRefund(c).keys('1').on('请输入原凭证号').type(2).on('原交易已退货', 'ENTER').on('确认键:菜单');
    expect(c.slips[2]).toContain('30.00');
    expect(c.differences()).toEqual([]);
  });

  test('from an older batch: UP turns the batch back', () => {
    const c = settled(settle(paidSale(open(), 10_000)));
    c.keys('ENTER')
      .on('请输入操作员号')
      .type('01')
      .on('请输入操作员密码')
      .type('0000')
      .on('请输入新密码')
      .type('2580')
      .on('请再输一次')
      .type('2580');
    c.on('签到成功', 'ENTER');
    beginRefund(c)
      .keys('1')
      .on('批次:     000002', 'UP')
      .on('批次:     000001')
      .type(2)
      .on('退货-原交易', 'ENTER')
      .on('请插卡/刷卡/挥卡')
      .swipe('swipe');
    paper(refundAmount(c, 4_000));
    expect(c.sent('0220')[0].fields[61]).toBe('0000010000021121');
    expect(c.differences()).toEqual([]);
  });

  test('by card, reference and date: our own sale is found', () => {
    const c = paidSale(open(), 10_000);
    const reference = c.received('0210')[0].fields[37];
    byReference(c, reference).on('可退:     100.00', 'ENTER');
    paper(refundAmount(c, 2_500));
    expect(c.journal.list()[0].intent.original?.txnId).toBe(c.journal.byVoucher(2)?.id);
    expect(c.differences()).toEqual([]);
  });

  test('by card, reference with letters, date: an original of another terminal is the acquirer’s to judge', () => {
    const c = open();
    beginRefund(c).keys('2').on('请插卡/刷卡/挥卡').swipe('swipe').on('请输入原参考号');
    c.keys('2 ALPHA 3 ALPHA ALPHA 1 1 1 1 1 1 1 1 1 1').on('AE1111111111', 'ENTER').on('请输入原交易日期').type('1120');
    refundAmount(c, 2_500).on('[25]', 'ENTER').on('确认键:菜单');
    expect(c.sent('0220')[0].fields).toMatchObject({ 37: 'AE1111111111', 61: '0000000000001120' });
    expect(c.journal.list()[0].state).toBe('declined');
    expect(c.differences()).toEqual([]);
  });

  test('refusals: above the remainder, above the limit, wrong date, too short, too old, another card', () => {
    const c = paidSale(
      paidSale(
        open({ change: { policy: { refundMaxMinor: 500_000, channels: { card: { refundWindowDays: 1 } } } } }),
        10_000,
      ),
      600_000,
    );
    refundByVoucher(c, 2).type(10_001).on('超可退金额', 'CANCEL').on('确认键:菜单');
    refundByVoucher(c, 3).type(500_001).on('退货金额超限', 'CANCEL').on('确认键:菜单');
    beginRefund(c)
      .keys('2')
      .swipe('swipe')
      .on('请输入原参考号')
      .type('12345')
      .on('位数不足', 'CANCEL')
      .on('确认键:菜单');
    beginRefund(c)
      .keys('2')
      .swipe('swipe')
      .on('请输入原参考号')
      .type('123456789012')
      .on('请输入原交易日期')
      .type('1340')
      .on('日期格式错')
      .type('0901')
      .on('超退货期限', 'ENTER');
    c.on('确认键:菜单');
    beginRefund(c)
      .keys('1')
      .on('请输入原凭证号')
      .type(2)
      .on('退货-原交易', 'ENTER')
      .on('请插卡/刷卡/挥卡')
      .insert('chip')
      .on('卡号与原交易不符', 'ENTER');
    c.on('请取走卡片').remove().on('确认键:菜单');
    expect(c.sent('0220')).toEqual([]);
    c.pause(2 * DAY_S);
    beginRefund(c).keys('1').on('请输入原凭证号').type(2).on('超退货期限', 'ENTER').on('确认键:菜单');
    expect(c.sent('0220')).toEqual([]);
    expect(c.differences()).toEqual([]);
  });
});

describe('a refund of a sale that stands by what the acquirer said on the telephone', () => {
  /** A sale of 100.00, its reversal without an answer, and its reference, which 00 enters. */
  function standing(): { c: Counter; reference: string } {
    const booked = { match: { mti: '0200' }, do: { silent: true as const }, times: 1 };
    const c = open({ rules: [booked, { match: { mti: '0400' }, do: { silent: true, bookNot: true } }] });
    sale(c, 10_000).on('冲正不成功', 'ENTER').on('确认键:菜单');
    const { reference } = c.ledger.db.prepare('SELECT reference FROM txn').get() as { reference: string };
    supervisor(c).keys('9').on('F1-登记', 'F1').on('2原交易成立', '2').on('参考号').type(reference);
    c.faults();
    return { c: paper(c), reference };
  }

  test('by reference and date it is the sale of this journal: the remainder counts', () => {
    const { c, reference } = standing();
    paper(refundAmount(byReference(c, reference).on('退货-原交易', 'ENTER'), 4_000));
    expect(c.journal.list({ kind: 'sale' })[0].refundedMinor).toBe(4_000);
    expect(c.sent('0220')[0].fields[61]).toBe('0000010000021121');
    expect(c.differences()).toEqual([]);
  });

  test('and an unknown refund locks it', () => {
    const { c, reference } = standing();
    c.faults({ match: { mti: '0220' }, do: { silent: true }, times: 1 });
    refund(c, 2, 4_000).on('退货结果未知', 'ENTER').on('确认键:菜单');
    byReference(c, reference).on('结果未知', 'ENTER').on('确认键:菜单');
    expect(c.sent('0220')).toHaveLength(1);
  });
});

describe('a refund without an answer', () => {
  /** A sale of 100.00 and a refund of 40.68 of it that is booked, or not, and never answered. */
  function unknownRefund(booked: boolean): Counter {
    const effect = booked ? { silent: true as const } : { silent: true as const, bookNot: true as const };
    const c = paidSale(open({ rules: [{ match: { mti: '0220' }, do: effect, times: 1 }] }), 10_000);
    refund(c, 2, 4_000).on('退货结果未知').on('切勿重复退货').on('RF', 'ENTER').on('确认键:菜单');
    return c;
  }

  test('is never reversed and never repeated by itself; slip, lock, settlement warns', () => {
    const c = unknownRefund(true);
    expect(c.sentTypes()).toBe('0800 0200 0220');
    expect(c.slips.at(-1)).toContain('待查');
    beginRefund(c).keys('1').on('请输入原凭证号').type(2).on('结果未知勿重退', 'ENTER').on('确认键:菜单');
    beginVoid(c, 2).on('结果未知勿重退', 'CANCEL').on('确认键:菜单');
    paidSale(c, 5_000);
    expect(c.sent('0220')).toHaveLength(1);
    c.keys('ENTER')
      .on('主菜单', '7')
      .on('管理', '4')
      .on('是否批结算', 'ENTER')
      .on('结算后仍待查', 'CANCEL')
      .on('确认键:菜单');
    expect(c.journal.unknownRefunds()).toHaveLength(1);
  });

  test('accepted, says the acquirer: reference typed, slip, books agree', () => {
    const c = unknownRefund(true);
    supervisor(c).keys('6').on('1已受理', '1').on('请输收单参考号').type('112233445566');
    c.on('请撕下商户存根', 'ENTER').on('交易完成', 'ENTER').on('确认键:菜单');
    expect(c.journal.unknownRefunds()).toEqual([]);
    expect(c.sent('0220')).toHaveLength(1);
    expect(c.differences()).toEqual([]);
  });

  test('of two: who goes back from an entry is at the same one, not at the first', () => {
    const c = paidSale(
      paidSale(open({ rules: [{ match: { mti: '0220' }, do: { silent: true }, times: 2 }] }), 10_000),
      9_000,
    );
    for (const [voucher, amount] of [
      [2, 4_000],
      [3, 2_000],
    ])
      refund(c, voucher, amount).on('退货结果未知', 'ENTER').on('确认键:菜单');
    supervisor(c).keys('6').on('40.00', 'DOWN').on('20.00', '1').on('请输收单参考号', 'CANCEL').on('待查退货 2笔');
    expect(c.screen).toContain('20.00');
    c.keys('2').on('原号重发').on('20.00', 'CANCEL').on('待查退货 2笔');
    expect(c.screen).toContain('20.00');
  });

  test.each([true, false])('not accepted: the same bytes again (booked the first time: %s)', booked => {
    const c = unknownRefund(booked);
    supervisor(c).keys('6').on('1已受理', '2').on('原号重发', 'ENTER').on('请插卡/刷卡/挥卡').swipe('swipe');
    paper(c);
    const [first, second] = c.sent('0220');
    expect(differentFields(first, second)).toEqual([]);
    expect(Buffer.from(second.bytes).equals(Buffer.from(first.bytes))).toBe(true);
    expect(c.received('0230').map(m => m.fields[39])).toEqual(booked ? ['94'] : ['00']);
    expect(c.sent('0400')).toEqual([]);
    expect(c.differences()).toEqual([]);
  });

  // What is refused for its keys or its batch was not compared with the first sending.
  test.each([
    ['A0', 'signedOn = 0'],
    ['77', 'batch = 9'],
  ])('sent again and refused with %s: still unknown, still locked', (_, change) => {
    const c = unknownRefund(true);
    c.ledger.db.exec(`UPDATE terminal SET ${change}`);
    supervisor(c).keys('6').on('1已受理', '2').on('原号重发', 'ENTER').on('请插卡/刷卡/挥卡').swipe('swipe');
    c.on('退货结果未知', 'ENTER').on('确认键:菜单');
    expect(c.journal.unknownRefunds()).toHaveLength(1);
    beginRefund(c).keys('1').on('请输入原凭证号').type(2).on('结果未知勿重退', 'ENTER').on('确认键:菜单');
  });

  test('sent again and silent again: still unknown, still locked', () => {
    const c = unknownRefund(false);
    c.faults({ match: { mti: '0220' }, do: { silent: true }, times: 1 });
    supervisor(c).keys('6').on('1已受理', '2').on('原号重发', 'ENTER').on('请插卡/刷卡/挥卡').swipe('swipe');
    c.on('退货结果未知', 'ENTER').on('确认键:菜单');
    expect(c.journal.unknownRefunds()).toHaveLength(1);
  });

  test('no connection for the repeat: the first sending stays in question', () => {
    const c = unknownRefund(true);
    c.network.isUp = false;
    supervisor(c).keys('6').on('1已受理', '2').on('原号重发', 'ENTER').on('请插卡/刷卡/挥卡').swipe('swipe');
    c.on('连接失败', 'ENTER').on('确认键:菜单');
    expect(c.journal.unknownRefunds()).toHaveLength(1);
  });

  test('a wrong MAC of the 0230 is unknown', () => {
    const c = paidSale(open({ rules: [{ match: { mti: '0220' }, do: { badMac: true }, times: 1 }] }), 10_000);
    refund(c, 2, 4_000).on('退货结果未知', 'ENTER').on('确认键:菜单');
    expect(c.journal.unknownRefunds()).toHaveLength(1);
    expect(c.sent('0400')).toEqual([]);
  });

  test.each([4_068, 4_073, 4_096, 4_098])('cents of the amount: %i', amount => {
    const c = paidSale(open(), 10_000);
    refund(c, 2, amount).on('退货结果未知', 'ENTER').on('确认键:菜单');
    expect(c.sent('0400')).toEqual([]);
    expect(c.journal.unknownRefunds()).toHaveLength(1);
  });

  test('not reached at all: nothing is unknown, the refund may be made', () => {
    const c = paidSale(open(), 10_000);
    c.network.isUp = false;
    refund(c, 2, 4_000).on('连接失败', 'ENTER').on('确认键:菜单');
    c.network.isUp = true;
    paper(refund(c, 2, 4_000));
    expect(c.sent('0220')).toHaveLength(1);
    expect(c.differences()).toEqual([]);
  });

  test('a reversed sale cannot be refunded', () => {
    const c = sale(open(), 10_068).on('冲正成功').on('确认键:菜单');
    beginRefund(c).keys('1').on('请输入原凭证号').type(2).on('原交易未成功', 'CANCEL').on('确认键:菜单');
    expect(c.sent('0220')).toEqual([]);
  });
});
