import { describe, expect, test } from 'vitest';
import type { Counter } from '../runtime/counter.ts';
import { open, paidSale, paper, refund, sale, typeSupervisorPassword, voidSale } from './people.ts';

/** What a reversal says of its original, and what it must not say. */
function checkReversal(c: Counter, reason: string): void {
  const reversal = c.sent('0400').at(-1)!;
  const original = c.sent('0200').find(m => m.fields[11] === reversal.fields[11])!;
  for (const field of [3, 4, 11, 22, 25, 41, 42, 49, 60, 61])
    expect([field, reversal.fields[field]]).toEqual([field, original.fields[field]]);
  expect(reversal.fields[39]).toBe(reason);
  for (const field of [26, 35, 36, 37, 52, 53, 62, 63])
    expect([field, reversal.fields[field]]).toEqual([field, undefined]);
}

describe('a sale without a usable answer is reversed at once', () => {
  test.each([
    ['no answer', 10_068, '98'],
    ['connection closed after booking', 10_073, '98'],
    ['connection closed before booking', 10_074, '98'],
    ['answer after the time is over', 10_069, '98'],
    ['wrong amount in the answer', 10_071, '06'],
    ['96: the acquirer does not know', 10_096, '98'],
    ['98: the acquirer got no answer', 10_098, '98'],
  ])('%s', (_, amount, reason) => {
    const c = sale(open(), amount).on('冲正成功').on('确认键:菜单');
    expect(c.sentTypes()).toBe('0800 0200 0400');
    checkReversal(c, reason);
    expect(c.journal.list()[0].state).toBe('reversed');
    expect(c.slips).toEqual([]);
    expect(c.differences()).toEqual([]);
    // The next sale is a new transaction.
    paidSale(c, 10_000);
    expect(c.sent('0200').map(m => m.fields[11])).toEqual(['000002', '000003']);
    expect(c.differences()).toEqual([]);
  });

  test('by chip: 55 of the reversal is a part of it, 2 is there, 23 too', () => {
    const c = sale(open(), 10_068, 'chip').on('冲正成功').on('请取走卡片').remove().on('确认键:菜单');
    checkReversal(c, '98');
    const [reversal] = c.sent('0400');
    expect(reversal.fields[2]).toBe('6210000000000000017');
    expect(reversal.fields[23]).toBe('001');
    expect(reversal.fields[55]).toContain('95');
    expect(reversal.fields[55]).not.toContain('9F26');
    expect(c.differences()).toEqual([]);
  });

  test('a wrong MAC: sign-on again, then the reversal A0 with the new key', () => {
    const c = sale(open(), 10_070).on('冲正成功').on('确认键:菜单');
    expect(c.sentTypes()).toBe('0800 0200 0800 0400');
    checkReversal(c, 'A0');
    expect(c.received('0410')[0].fields[39]).toBe('00');
    paidSale(c, 10_000);
    expect(c.sentTypes()).toBe('0800 0200 0800 0400 0200');
    expect(c.differences()).toEqual([]);
  });

  test('the answer twice counts once', () => {
    const c = paidSale(open(), 10_072);
    paidSale(c, 10_000);
    expect(c.journal.list().map(t => t.state)).toEqual(['approved', 'approved']);
    expect(c.differences()).toEqual([]);
  });

  test('an answer with another trace is not ours: dropped, then 98', () => {
    const c = open({ rules: [{ match: { mti: '0200' }, do: { wrongTrace: true }, times: 1 }] });
    sale(c, 10_000).on('冲正成功').on('确认键:菜单');
    checkReversal(c, '98');
    expect(c.differences()).toEqual([]);
  });

  test('half an answer', () => {
    const c = open({ rules: [{ match: { mti: '0200' }, do: { closeMidAnswer: true }, times: 1 }] });
    sale(c, 10_000).on('冲正成功').on('确认键:菜单');
    checkReversal(c, '98');
    expect(c.differences()).toEqual([]);
  });

  test('the chip refuses what the acquirer approved: 06', () => {
    const c = sale(open(), 10_000, 'chip', '123456', 'refuses')
      .on('冲正成功')
      .on('请取走卡片')
      .remove()
      .on('确认键:菜单');
    checkReversal(c, '06');
    expect(c.differences()).toEqual([]);
  });

  test('the reversal comes before its original: 25 ends it, the late original is refused', () => {
    const c = open({ rules: [{ match: { mti: '0200' }, do: { closeBefore: true }, times: 1 }] });
    sale(c, 10_000).on('冲正成功').on('确认键:菜单');
    expect(c.received('0410')[0].fields[39]).toBe('25');
    expect(c.differences()).toEqual([]);
  });
});

describe('nothing was sent', () => {
  test('the acquirer cannot be reached: E24, no reversal owed', () => {
    const c = open();
    c.network.isUp = false;
    sale(c, 10_000).on('连接失败').on('未发送', 'ENTER').on('确认键:菜单');
    expect(c.journal.list()[0].state).toBe('failed');
    expect(c.journal.counts()).toMatchObject({ owed: 0, held: 0 });
    c.network.isUp = true;
    paidSale(c, 10_000);
    expect(c.sentTypes()).toBe('0800 0200');
    expect(c.differences()).toEqual([]);
  });
});

describe('reversals', () => {
  const deaf = { match: { mti: '0400' }, do: { silent: true, bookNot: true } } as const;

  test('no answer to three tries: held, fault slip; the next sale begins a new round before anything else', () => {
    const c = open({ rules: [deaf] });
    sale(c, 10_068).on('第3次/共3次').on('冲正不成功').on('已打故障报告单', 'ENTER').on('确认键:菜单');
    expect(c.sentTypes()).toBe('0800 0200 0400 0400 0400');
    expect(c.slips).toHaveLength(1);
    expect(c.slips[0]).toContain('故障');
    expect(c.journal.heldReversals()).toHaveLength(1);
    // Blocked: before an amount or a card is asked for, the reversal has three more tries.
    c.keys('ENTER').on('主菜单', '1').on('第1次/共3次').on('冲正不成功', 'ENTER').on('确认键:菜单');
    expect(c.screens.slice(-12).join('\n')).not.toContain('请输入金额');
    c.swipe('swipe').on('第1次/共3次').on('冲正不成功', 'ENTER').on('确认键:菜单');
    expect(c.sent('0200')).toHaveLength(1);
    expect(c.sent('0400')).toHaveLength(9);
    // The line is well again: the reversal goes first, then the sale.
    c.faults();
    paidSale(c, 20_000);
    expect(c.sentTypes()).toBe('0800 0200 0400 0400 0400 0400 0400 0400 0400 0400 0400 0400 0200');
    expect(c.differences()).toEqual([]);
  });

  test('no connection for the reversal either: no try is used up, and it goes before the next amount is asked', () => {
    const c = open({ rules: [{ match: { mti: '0200' }, do: { silent: true } }] });
    sale(c, 10_000).wait(() => c.sent('0200').length === 1, 'the sale was not sent');
    c.network.isUp = false;
    c.on('结果未知待冲正').on('联网后自动冲正', 'ENTER').on('未完成冲正 1笔');
    expect(c.sentTypes()).toBe('0800 0200');
    // As often as somebody asks: nothing goes out, so nothing counts.
    for (let i = 0; i < 5; i++) c.keys('ENTER').on('主菜单', '1').on('连接失败', 'ENTER').on('确认键:菜单');
    expect(c.journal.owedReversal()).toMatchObject({ state: 'owed', tries: 0 });
    expect(c.slips).toEqual([]);
    c.network.isUp = true;
    c.faults();
    paidSale(c, 20_000);
    expect(c.sentTypes()).toBe('0800 0200 0400 0200');
    expect(c.differences()).toEqual([]);
  });

  test('the supervisor releases the terminal: a sale goes through, the held reversal stays to be seen', () => {
    const c = open({ rules: [deaf] });
    sale(c, 10_068).on('冲正不成功', 'ENTER').on('确认键:菜单');
    c.keys('ENTER').on('主菜单', '7').on('管理', '1').on('1.操作员', '1').on('请输入操作员号').type('00');
    typeSupervisorPassword(c, '请输入操作员密码');
    c.on('主管功能', '9')
      .on('解除停用', 'ENTER')
      .on('终端已解除停用', 'ENTER')
      .on('主管功能', 'CANCEL')
      .on('确认键:菜单');
    const before = c.sent('0400').length;
    paidSale(c, 20_000);
    expect(c.sent('0400')).toHaveLength(before);
    expect(c.journal.heldReversals()).toMatchObject([{ state: 'held', releasedBy: '00' }]);
    expect(c.differences()).toHaveLength(2);
    // A restart leaves it where it is: nobody is told of a reversal that did not happen.
    const screens = c.screens.length;
    c.crash();
    c.start();
    c.on('确认键:菜单');
    expect(c.screens.slice(screens).join('\n')).not.toContain('冲正成功');
    expect(c.sent('0400')).toHaveLength(before);
  });

  test.each(['00', '12', '25'])('0410 with %s is the end', code => {
    const c = open({ rules: [{ match: { mti: '0400' }, do: { code } }] });
    sale(c, 10_074).on('冲正成功').on('确认键:菜单');
    expect(c.sent('0400')).toHaveLength(1);
    expect(c.differences()).toEqual([]);
  });

  test('0410 with another code: repeated with 39 = 06', () => {
    const c = open({
      rules: [
        { match: { mti: '0400' }, do: { code: '96' }, times: 1 },
        { match: { mti: '0400' }, do: { code: '30' }, times: 1 },
      ],
    });
    sale(c, 10_068).on('冲正成功').on('确认键:菜单');
    expect(c.sent('0400').map(m => m.fields[39])).toEqual(['98', '06', '06']);
    expect(c.differences()).toEqual([]);
  });

  test('0410 with A0: sign-on, then the reversal under the new key', () => {
    const c = open({ rules: [{ match: { mti: '0400' }, do: { code: 'A0' }, times: 1 }] });
    sale(c, 10_068).on('冲正成功').on('确认键:菜单');
    expect(c.sentTypes()).toBe('0800 0200 0400 0800 0400');
    expect(c.differences()).toEqual([]);
  });

  test('a wrong MAC in the 0410 is no answer', () => {
    const c = open({ rules: [{ match: { mti: '0400' }, do: { badMac: true }, times: 1 }] });
    sale(c, 10_068).on('冲正成功').on('确认键:菜单');
    expect(c.sent('0400').map(m => m.fields[39])).toEqual(['98', '98']);
    expect(c.differences()).toEqual([]);
  });
});

describe('a void without an answer', () => {
  test('is reversed with 61 of the void; the sale stands again', () => {
    const c = paidSale(
      open({ rules: [{ match: { '60.1': '23', mti: '0200' }, do: { silent: true }, times: 1 }] }),
      10_000,
    );
    voidSale(c, 2).on('冲正成功').on('确认键:菜单');
    checkReversal(c, '98');
    expect(c.sent('0400')[0].fields[61]).toBe('000001000002');
    expect(c.journal.byVoucher(2)?.state).toBe('approved');
    expect(c.differences()).toEqual([]);
    paper(voidSale(c, 2));
    expect(c.journal.byVoucher(2)?.state).toBe('voided');
    expect(c.differences()).toEqual([]);
  });

  test('68 for a void is unknown too', () => {
    const c = paidSale(open({ rules: [{ match: { '60.1': '23', mti: '0200' }, do: { code: '68' } }] }), 10_000);
    voidSale(c, 'F1').on('冲正成功').on('确认键:菜单');
    checkReversal(c, '98');
    expect(c.differences()).toEqual([]);
  });
});

describe('the acquirer wants a sign-on', () => {
  test('A0 to a sale: declined, and a sign-on goes before the next message', () => {
    const c = open({ rules: [{ match: { mti: '0200' }, do: { code: 'A0' }, times: 1 }] });
    sale(c, 10_000).on('[A0]', 'ENTER').on('确认键:菜单');
    paidSale(c, 10_000);
    expect(c.sentTypes()).toBe('0800 0200 0800 0200');
    expect(c.differences()).toEqual([]);
  });

  test('a reversal that brings a new sign-on comes before the PIN, so no PIN is of an old key', () => {
    const c = open({ rules: [{ match: { mti: '0400' }, do: { silent: true, bookNot: true } }] });
    sale(c, 10_068).on('冲正不成功', 'ENTER').on('确认键:菜单');
    c.faults({ match: { mti: '0400' }, do: { code: 'A0' }, times: 1 });
    paidSale(c, 20_000);
    expect(c.sentTypes()).toBe('0800 0200 0400 0400 0400 0400 0800 0400 0200');
    expect(c.differences()).toEqual([]);
  });

  test('header digit 6 = 3 in an answer', () => {
    const c = open({ rules: [{ match: { mti: '0200' }, do: { requirement: 3 }, times: 1 }] });
    paidSale(c, 10_000);
    paidSale(c, 10_000);
    expect(c.sentTypes()).toBe('0800 0200 0800 0200');
    expect(c.differences()).toEqual([]);
  });

  test('and has closed the batch by itself: the log says what no settlement has compared', () => {
    const c = paidSale(open(), 10_000);
    c.ledger.db.exec('UPDATE terminal SET batch = 9');
    sale(c, 5_000).on('[77]', 'ENTER').on('确认键:菜单');
    paidSale(c, 5_000);
    expect(c.journal.batch()).toBe(9);
    expect(c.log.filter(line => line.includes('batch-left'))).toEqual([
      expect.stringContaining('its 1 transactions were compared by no settlement'),
    ]);
    const slip = c.slips.find(one => one.includes('批次未对账')) ?? '';
    expect(slip).toMatch(/批次号: +000001/);
    expect(slip).toMatch(/新批次号: +000009/);
    expect(slip).toMatch(/消费\/SALE +1 +100.00/);
    expect(slip).toMatch(/净额\/NET +100.00/);
    expect(c.journal.lastSlip('batchLeft')).toBeDefined();
    // And in the day report, so that its batches make up its net.
    supervisor(c).keys('8').pause(5);
    expect(c.slips.at(-1)).toMatch(/净额\/NET +150\.00/);
    expect(c.slips.at(-1)).toMatch(/X 000009 +1 +50\.00\n未对账 000001 +1 +100\.00/);
  });
});

describe('an unknown refund, repeated', () => {
  test('94 with a wrong MAC does not book a refund', () => {
    const c = paidSale(
      open({ rules: [{ match: { mti: '0220' }, do: { silent: true, bookNot: true }, times: 1 }] }),
      10_000,
    );
    refund(c, 2, 4_000).on('退货结果未知').on('RF', 'ENTER').on('确认键:菜单');
    c.faults({ match: { mti: '0220' }, do: { code: '94', badMac: true } });
    repeat(c).swipe('swipe').pause(20);
    expect(c.journal.list()[0].state).toBe('unknown');
  });

  test('a repeat goes out by the way of the card that the first one went', () => {
    const c = paidSale(open({ rules: [{ match: { mti: '0220' }, do: { silent: true }, times: 1 }] }), 10_000, 'tap');
    c.on('确认键:菜单', 'ENTER').on('主菜单', '3').on('1.银行卡', '1');
    typeSupervisorPassword(c)
      .on('1.查本机流水', '1')
      .on('请输入原凭证号')
      .type(2)
      .on('退货-原交易', 'ENTER')
      .on('请插卡/刷卡/挥卡')
      .tap('tap');
    c.on('请输入退货金额')
      .type(4_000)
      .on('请确认退货金额', 'ENTER')
      .on('请选退货原因', '1')
      .on('退货结果未知', 'ENTER')
      .on('确认键:菜单');
    repeat(c).insert('tap').pause(5);
    expect(c.sent('0220')).toHaveLength(1);
  });
});

/** As 00: the unknown refund was not accepted and is sent again, up to the card. */
function repeat(c: Counter): Counter {
  return supervisor(c)
    .keys('DOWN')
    .on('6.')
    .keys('6')
    .on('1已受理', '2')
    .on('原号重发', 'ENTER')
    .on('请插卡/刷卡/挥卡');
}

function supervisor(c: Counter): Counter {
  c.on('确认键:菜单', 'MENU').on('主菜单', '7').on('管理', '1').on('1.操作员', '1').on('请输入操作员号').type('00');
  return typeSupervisorPassword(c, '请输入操作员密码').on('主管功能');
}
