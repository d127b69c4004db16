import { describe, expect, test } from 'vitest';
import { loadProfile } from '../../src/profile/profile.ts';
import { requestLine } from '../../src/runtime/entries.ts';
import { digits } from '../../src/units.ts';
import type { Counter } from '../runtime/counter.ts';
import { readShipped } from '../profile/shipped.ts';
import { open, paidSale, paper, settled, SUPERVISOR_PASSWORD, totals, typeSupervisorPassword } from './people.ts';
import {
  beginScan,
  beginScanRefund,
  CODES,
  paidScan,
  scanRefund,
  scanRefundAmount,
  scanSale,
  scanVoid,
} from './scan.ts';

const loaded = loadProfile('unionpay-pos', readShipped);
if (!loaded.ok) throw new Error(loaded.fault.cause);
const SCAN = loaded.value.acquirer.scanPayment;
if (!SCAN) throw new Error('the shipped profile has scan payment');
/** The same acquirer without an inquiry. */
const { inquiry: _, ...NO_INQUIRY } = SCAN;
const blind = { change: { acquirer: { scanPayment: { ...NO_INQUIRY, inquiry: undefined } } } } as never;
const IDLE = '确认键:菜单';

const lastOf = (c: Counter) => c.journal.list()[0];

describe('a scanned payment', () => {
  test.each([
    ['wechat', '微信支付', /^4200001234\d{18}$/],
    ['alipay', '支付宝', /^2026112122001\d{15}$/],
    ['unionpayQr', '银联', /^5821\d{16}$/],
  ] as const)('%s: request, answer, slip without the code, books', (wallet, name, order) => {
    const [code] = CODES[wallet];
    const c = paidScan(open(), 10_000, code);
    const [request] = c.sent('0200');
    expect(request.fields).toMatchObject({
      3: '000000',
      4: '000000010000',
      22: '032',
      25: '00',
      49: '156',
      59: `A3${digits(code.length, 3)}${code}`,
      60: '2200000100060',
    });
    for (const field of [2, 14, 23, 26, 35, 36, 52, 53, 55]) expect(request.fields[field]).toBeUndefined();
    const txn = lastOf(c);
    expect(txn).toMatchObject({ kind: 'qrSale', state: 'approved', intent: { channel: wallet } });
    expect(txn.answer?.order).toMatch(order);
    expect(c.slips).toHaveLength(2);
    expect(c.slips[0]).toContain(txn.answer?.order);
    expect(c.slips[0]).toContain('扫码消费(QR SALE)');
    expect(c.slips[0]).toContain(`${code.slice(0, 2)}${'*'.repeat(code.length - 6)}${code.slice(-4)}`);
    expect(c.slips[0]).not.toContain('SIGNATURE');
    expect(c.screens.join('\n')).toContain(name);
    expect([...c.slips, ...c.screens, ...c.log].join('\n')).not.toContain(code);
    expect(c.differences()).toEqual([]);
  });

  test('in English, from the menu, the code typed', () => {
    const c = open({ lang: 'en' });
    c.on('ENTER:MENU', 'ENTER').on('MAIN', '4').on('QR SALE').type(5_000).on('SCAN PAY CODE').type(CODES.alipay[0]);
    c.on('TEAR MERCH COPY', 'ENTER').on('DONE', 'ENTER').on('ENTER:MENU');
    expect(c.screens.join('\n')).toContain('ALIPAY PAID');
    expect(c.slips[0]).toContain('QR SALE');
    expect(c.differences()).toEqual([]);
  });

  test('what is no payer code sends nothing; CANCEL and time lead home', () => {
    const c = beginScan(open(), 10_000);
    for (const wrong of ['5812345678901234567', '1345678901234500111', '134567890123', 'https://example.org'])
      c.scan(wrong).on('付款码无效');
    c.keys('CANCEL').on(IDLE);
    beginScan(c, 10_000).pause(61).on(IDLE);
    c.keys('F4').on('请输入金额', 'ENTER').on('输入金额无效', 'CANCEL').on(IDLE);
    expect(c.sentTypes()).toBe('0800');
    expect(c.journal.list()).toEqual([]);
  });

  test('declined: code, text, and the way home', () => {
    const c = scanSale(open(), 10_051).on('[51]余额不足', 'ENTER').on(IDLE);
    expect(lastOf(c).state).toBe('declined');
    expect(c.sent('0400')).toEqual([]);
    expect(c.differences()).toEqual([]);
  });

  test('a profile without scan payment has it neither in the menu nor on F4', () => {
    const c = open({ change: { acquirer: { scanPayment: undefined } } } as never);
    c.keys('F4').on('交易已关闭', 'ENTER').on(IDLE, 'ENTER').on('主菜单', '4').on('交易已关闭', 'ENTER').on(IDLE);
  });
});

describe('the customer must confirm', () => {
  test.each([
    [10_061, 1],
    [10_062, 3],
    [200_000, 2],
  ])('%i is paid after %i inquiries', (amountMinor, inquiries) => {
    const c = scanSale(open(), amountMinor).on('请顾客确认付款');
    paper(c);
    expect(c.sent('0200').filter(m => m.fields[60]?.startsWith('61'))).toHaveLength(inquiries);
    const [inquiry] = c.sent('0200').slice(1);
    expect(inquiry.fields).toMatchObject({ 3: '310000', 22: '032', 61: '000001000002', 4: digits(amountMinor, 12) });
    expect(lastOf(c)).toMatchObject({ kind: 'qrSale', state: 'approved', trace: 2 });
    expect(lastOf(c).answer?.order).toMatch(/^4200001234/);
    paper(scanRefund(c, 2, 1_000));
    expect(c.differences()).toEqual([]);
  });

  test('refuses: declined, nothing to reverse', () => {
    const c = scanSale(open(), 10_063).on('请顾客确认付款').on('[05]', 'ENTER').on(IDLE);
    expect(lastOf(c).state).toBe('declined');
    expect(c.sent('0400')).toEqual([]);
    expect(c.differences()).toEqual([]);
  });

  test('never does: after a minute the payment is closed by its reversal', () => {
    const c = scanSale(open(), 10_064).on('请顾客确认付款').on('冲正成功').on(IDLE);
    expect(c.sent('0400')[0].fields).toMatchObject({
      11: '000002',
      39: '06',
      22: '032',
      59: `A3018${CODES.wechat[0]}`,
    });
    expect(c.sent('0200').filter(m => m.fields[60]?.startsWith('61'))).toHaveLength(12);
    expect(lastOf(c).state).toBe('reversed');
    expect(c.differences()).toEqual([]);
  });

  test('CANCEL asks, CANCEL again waits on, ENTER closes', () => {
    const c = scanSale(open(), 10_064).on('请顾客确认付款', 'CANCEL').on('要停止等待吗', 'CANCEL');
    c.on('请顾客确认付款', 'CANCEL').on('要停止等待吗', 'ENTER').on('冲正成功').on(IDLE);
    expect(lastOf(c).state).toBe('reversed');
    expect(c.differences()).toEqual([]);
  });

  test('waiting on asks the acquirer at once: a customer who has paid meanwhile does not stand there', () => {
    const c = scanSale(open(), 10_061).on('请顾客确认付款', 'CANCEL').on('要停止等待吗', 'CANCEL');
    const before = c.world.nowMs();
    paper(c.on('微信支付成功'));
    expect(c.world.nowMs() - before).toBeLessThan(5_000);
    expect(lastOf(c).state).toBe('approved');
    expect(c.differences()).toEqual([]);
  });

  test('keys do not keep a payment open for longer than it has', () => {
    const c = scanSale(open(), 10_064);
    const before = c.world.nowMs();
    for (let again = 0; again < 12; again++) c.on('请顾客确认付款', 'CANCEL').on('要停止等待吗', 'CANCEL');
    c.on('冲正成功').on(IDLE);
    expect(c.sent('0200').filter(m => m.fields[60]?.startsWith('61'))).toHaveLength(12);
    expect(c.world.nowMs() - before).toBeLessThan(60_000);
    expect(lastOf(c).state).toBe('reversed');
    expect(c.differences()).toEqual([]);
  });

  test('inquiries that stay silent change nothing', () => {
    const c = open({ rules: [{ match: { '60.1': '61' }, do: { silent: true }, times: 1 }] });
    paper(scanSale(c, 10_061).on('请顾客确认付款'));
    expect(lastOf(c).state).toBe('approved');
    expect(c.differences()).toEqual([]);
  });

  test('an inquiry whose MAC is wrong is not believed', () => {
    const c = open({ rules: [{ match: { '60.1': '61' }, do: { badMac: true } }] });
    scanSale(c, 10_061).on('请顾客确认付款').on('冲正成功').on(IDLE);
    expect(lastOf(c).state).toBe('reversed');
    expect(c.differences()).toEqual([]);
  });

  test('an acquirer without inquiry: what must be confirmed is reversed at once', () => {
    const c = scanSale(open(blind), 10_061).on('冲正成功').on(IDLE);
    expect(c.sentTypes()).toBe('0800 0200 0400');
    expect(c.differences()).toEqual([]);
  });
});

describe('no usable answer to a scanned payment', () => {
  test('the inquiry finds it paid: no reversal', () => {
    const c = paper(scanSale(open(), 10_068).on('交易结果未知'));
    expect(c.sentTypes()).toBe('0800 0200 0200');
    expect(lastOf(c)).toMatchObject({ state: 'approved' });
    expect(lastOf(c).answer?.order).toMatch(/^4200/);
    expect(c.differences()).toEqual([]);
  });

  test('the request was lost: reversed', () => {
    const c = open({
      rules: [{ match: { '60.1': '22', mti: '0200' }, do: { silent: true, bookNot: true }, times: 1 }],
    });
    scanSale(c, 10_000).on('交易结果未知').on('冲正成功').on(IDLE);
    expect(lastOf(c).state).toBe('reversed');
    expect(c.differences()).toEqual([]);
  });

  test.each([
    ['wrong MAC', 10_070, 'A0'],
    ['another amount', 10_071, '06'],
  ])('%s: reversed without a question', (_what, amountMinor, reason) => {
    const c = scanSale(open(), amountMinor).on('冲正成功').on(IDLE);
    expect(c.sent('0400')[0].fields[39]).toBe(reason);
    expect(c.sent('0200')).toHaveLength(1);
    expect(c.differences()).toEqual([]);
  });

  test('without inquiry: reversed', () => {
    const c = scanSale(open(blind), 10_068).on('冲正成功').on(IDLE);
    expect(c.sent('0400')[0].fields[39]).toBe('98');
    expect(c.differences()).toEqual([]);
  });

  test('it could not be sent: nothing to reverse', () => {
    const c = open();
    c.network.isUp = false;
    scanSale(c, 10_000).on('连接失败', 'ENTER').on(IDLE);
    expect(lastOf(c).state).toBe('failed');
    expect(c.differences()).toEqual([]);
  });
});

describe('refund of a scanned payment', () => {
  test('a part, then the rest; never a reversal', () => {
    const c = paidScan(open(), 10_000);
    const order = lastOf(c).answer?.order ?? '';
    paper(scanRefund(c, 2, 4_000));
    const [refund] = c.sent('0220');
    const [answer] = c.received('0210');
    expect(refund.fields).toMatchObject({
      3: '200000',
      4: '000000004000',
      22: '032',
      37: answer.fields[37],
      59: `A4028${order}Q302010000001000001000003`,
      60: '2500000100060',
      61: '0000010000021121',
      63: '000',
    });
    expect(c.screens.join('\n')).toMatch(/退款处理中\n跟踪号 RF\d{6}\n约20分钟到账/);
    expect(c.slips.at(-1)).toContain('扫码退货(QR REFUND)');
    expect(c.slips.at(-1)).toContain(order);
    c.pause(61);
    paper(scanRefund(c, 2, 6_000));
    beginScanRefund(c).type(2).on('原交易已退货', 'ENTER');
    expect(c.journal.list({ kind: 'qrRefund' }).map(t => t.state)).toEqual(['approved', 'approved']);
    expect(c.sent('0400')).toEqual([]);
    expect(c.differences()).toEqual([]);
  });

  test('by the order number of the slip', () => {
    const c = paidScan(open(), 10_000, CODES.unionpayQr[0]);
    beginScanRefund(c)
      .scan(lastOf(c).answer?.order ?? '')
      .on('扫码退货  银联码', 'ENTER');
    paper(scanRefundAmount(c, 10_000));
    expect(c.differences()).toEqual([]);
  });

  test('by the voucher under "card": the original says how it was paid', () => {
    const c = paidScan(open(), 10_000);
    c.on(IDLE, 'ENTER').on('主菜单', '3').on('1.银行卡', '1');
    typeSupervisorPassword(c).on('1.查本机流水', '1').on('请输入原凭证号').type(2).on('扫码退货', 'ENTER');
    paper(scanRefundAmount(c, 1_000));
    expect(lastOf(c).kind).toBe('qrRefund');
    expect(c.differences()).toEqual([]);
  });

  test('a payment of another terminal: order number and day alone', () => {
    const c = open();
    beginScanRefund(c).scan('58211120999999990000');
    scanRefundAmount(c, 1_000).on('[25]', 'ENTER').on(IDLE);
    expect(c.sent('0220')[0].fields).toMatchObject({
      37: '000000000000',
      59: 'A402058211120999999990000',
      61: '0000000000001120',
    });
    expect(c.differences()).toEqual([]);
  });

  test('unknown refunds of other terminals lock by their order number, not by their day', () => {
    const c = open({ ...(blind as object), rules: [{ match: { mti: '0220' }, do: { silent: true }, times: 1 }] });
    const [one, other] = ['58211120999999990000', '58211120888888880000'];
    beginScanRefund(c).scan(one);
    scanRefundAmount(c, 1_000).on('退货结果未知', 'ENTER').on(IDLE);
    beginScanRefund(c).scan(one);
    scanRefundAmount(c, 1_000).on('结果未知勿重退', 'ENTER').on(IDLE);
    beginScanRefund(c).scan(other);
    scanRefundAmount(c, 1_000).on('[25]', 'ENTER').on(IDLE);
    expect(c.sent('0220').map(m => m.fields[37])).toEqual(['000000000000', '000000000000']);
    expect(c.journal.unknownRefunds()).toHaveLength(1);
  });

  test('not a voucher, not a sale, above the remainder', () => {
    const c = paidScan(open(), 10_000);
    beginScanRefund(c).type(99).on('原交易不存在', 'CANCEL').on(IDLE);
    paper(scanRefund(c, 2, 1_000));
    beginScanRefund(c).type(3).on('原交易非消费', 'CANCEL').on(IDLE);
    c.pause(61);
    beginScanRefund(c).type(2).on('可退:      90.00', 'ENTER').on('请输入退货金额').type(9_001).on('超可退金额');
    expect(c.sent('0220')).toHaveLength(1);
  });

  test('a shop that holds refunds back: held, then sent with the same order number', () => {
    const c = open({ change: { policy: { refundHoldSeconds: 60 } } });
    const [order] = ['58211120999999990000'];
    beginScanRefund(c).scan(order);
    scanRefundAmount(c, 1_000).on('退货待发送', '1').on('[25]', 'ENTER').on(IDLE);
    expect(c.sent('0220')[0].fields[59]).toBe(`A4020${order}`);
    expect(lastOf(c)).toMatchObject({ kind: 'qrRefund', intent: { original: { order } } });
    expect(c.differences()).toEqual([]);
  });

  test('held across a restart: it needs no card, so it goes out by itself at its time, once, with its order number', () => {
    const c = paidScan(open({ change: { policy: { refundHoldSeconds: 300 } } }), 10_000);
    const { answer } = lastOf(c);
    scanRefund(c, 2, 4_000).on('退货待发送').keys('CANCEL').on(IDLE);
    const [hold] = c.journal.heldRefunds();
    c.crash();
    c.pause(60);
    c.start();
    c.on(IDLE).pause(200);
    expect(c.sent('0220')).toEqual([]);
    expect(c.journal.held(hold.id)?.state).toBe('held');
    paper(c);
    expect(c.world.nowMs()).toBeGreaterThanOrEqual(hold.untilMs);
    expect(c.sent('0220')).toHaveLength(1);
    expect(c.sent('0220')[0].fields[59]).toContain(answer?.order ?? '-');
    expect(c.journal.held(hold.id)?.state).toBe('sent');
    expect(c.differences()).toEqual([]);
  });

  test('held, and a second person is wanted since: asked once when its time comes, and never sent by itself', () => {
    const c = paidScan(open({ change: { policy: { refundHoldSeconds: 300 } } }), 10_000);
    scanRefund(c, 2, 4_000).on('退货待发送').keys('CANCEL').on(IDLE);
    const [hold] = c.journal.heldRefunds();
    c.crash();
    c.profile = { ...c.profile, policy: { ...c.profile.policy, refundDualLimitMinor: 3_000 } };
    c.start();
    c.on(IDLE).pause(200).on('需经理复核').on(IDLE);
    expect(c.world.nowMs()).toBeGreaterThanOrEqual(hold.untilMs);
    const shown = c.screens.length;
    c.pause(3_600);
    expect(c.screens.slice(shown).filter(screen => screen.includes('需经理复核'))).toEqual([]);
    expect(c.sent('0220')).toEqual([]);
    expect(c.journal.held(hold.id)?.state).toBe('held');
    expect(c.screens.at(-1)).toContain('待发送退货 1笔');
  });

  test('held across a restart and stopped: nothing is ever sent', () => {
    const c = paidScan(open({ change: { policy: { refundHoldSeconds: 300 } } }), 10_000);
    scanRefund(c, 2, 4_000).on('退货待发送').keys('CANCEL').on(IDLE);
    const [hold] = c.journal.heldRefunds();
    c.crash();
    c.start();
    supervisor(c.on(IDLE)).keys('5').on('退货止付').on('40.00', 'ENTER');
    typeSupervisorPassword(c).on('已止付').on(IDLE).pause(1_000);
    expect(c.sent('0220')).toEqual([]);
    expect(c.journal.held(hold.id)?.state).toBe('stopped');
    expect(c.journal.refundable(c.journal.byVoucher(2)?.id ?? 0)).toBe(10_000);
  });

  test('held across a restart, of a payment of another terminal: its order number is on record', () => {
    const c = open({ change: { policy: { refundHoldSeconds: 300 } } });
    const order = '5821112100000001000002';
    beginScanRefund(c).scan(order.slice(0, 20));
    scanRefundAmount(c, 4_000).on('退货待发送').keys('CANCEL').on(IDLE);
    c.crash();
    c.start();
    c.on(IDLE);
    c.wait(() => c.sent('0220').length === 1, 'it never went out', 400_000);
    expect(c.sent('0220')[0].fields[59]).toContain(order.slice(0, 20));
  });

  test('no answer: the inquiry finds it accepted', () => {
    const c = paidScan(open(), 10_000);
    paper(scanRefund(c, 2, 4_068).on('交易结果未知'));
    expect(lastOf(c).state).toBe('approved');
    expect(c.differences()).toEqual([]);
  });

  test('no answer and no inquiry: unknown, locked, sent again with the same trace, 94 says accepted', () => {
    const c = paidScan(open(blind), 10_000);
    scanRefund(c, 2, 4_068).on('退货结果未知', 'ENTER').on(IDLE);
    expect(lastOf(c)).toMatchObject({ kind: 'qrRefund', state: 'unknown' });
    beginScanRefund(c).type(2).on('结果未知勿重退', 'ENTER').on(IDLE);
    supervisor(c).keys('DOWN').on('6.').keys('6');
    c.on('待查退货', '2').on('原号重发', 'ENTER');
    paper(c);
    const [first, again] = c.sent('0220');
    expect({ ...again.fields, 64: '' }).toEqual({ ...first.fields, 64: '' });
    expect(c.received('0230').at(-1)?.fields[39]).toBe('94');
    expect(lastOf(c).state).toBe('approved');
    expect(c.differences()).toEqual([]);
  });
});

describe('where a refund to a wallet is by now', () => {
  /** A refund, a while, and the question at the desk: what the books then say of it. */
  function asked(c: Counter, amountMinor: number, seconds: number): Counter {
    paper(scanRefund(paidScan(c, 10_000), 2, amountMinor));
    return c.pause(seconds).on(IDLE, 'F2').on('退货进度').type(3).pause(2);
  }
  const life = (c: Counter) => c.journal.life(c.journal.list({ kind: 'qrRefund' })[0].id);

  test.each([
    [4_000, 61, { state: 'arrived', source: 'channel' }],
    [4_041, 61, { state: 'abnormal', source: 'channel' }],
    [4_042, 61, { state: 'closed', source: 'channel' }],
    [4_043, 5, { state: 'processing', source: 'channel', note: 'low-balance' }],
  ])('%i after %i s', (amountMinor, seconds, expected) => {
    const c = asked(open(), amountMinor, seconds);
    expect(life(c)).toMatchObject(expected);
    expect(c.sent('0200').at(-1)?.fields).toMatchObject({ 61: '000001000003', 4: digits(amountMinor, 12) });
    expect(c.differences()).toEqual([]);
  });

  test('it is being processed: no news, no record; without an answer the books stay', () => {
    const c = asked(open(), 4_000, 5);
    expect(life(c)).toBeUndefined();
    c.faults({ match: { '60.1': '61' }, do: { silent: true } });
    c.keys('CANCEL').pause(1);
    expect(life(c)).toBeUndefined();
  });

  test('too little money: the next payment is the top-up', () => {
    const c = asked(open(), 4_043, 5);
    c.keys('CANCEL').on(IDLE);
    paidScan(c, 20_000, CODES.wechat[1]);
    c.pause(61).on(IDLE, 'F2').on('退货进度').type(3).pause(2);
    expect(life(c)).toMatchObject({ state: 'arrived' });
  });
});

describe('void of a scanned payment', () => {
  test('by its voucher: no card, no PIN; the sale is voided', () => {
    const c = paidScan(open(), 10_000);
    const order = lastOf(c).answer?.order ?? '';
    paper(scanVoid(c, 2));
    expect(c.sent('0200')[1].fields).toMatchObject({
      3: '200000',
      22: '032',
      59: `A4028${order}`,
      60: '2300000100060',
      61: '000001000002',
    });
    expect(c.journal.list({ kind: 'qrSale' })[0].state).toBe('voided');
    expect(c.slips.at(-1)).toContain('扫码撤销(QR VOID)');
    expect(c.differences()).toEqual([]);
  });

  test('no answer, the inquiry finds it done', () => {
    const c = paidScan(open({ rules: [{ match: { '60.1': '23' }, do: { silent: true }, times: 1 }] }), 10_000);
    paper(scanVoid(c, 2).on('交易结果未知'));
    expect(c.journal.list({ kind: 'qrSale' })[0].state).toBe('voided');
    expect(c.differences()).toEqual([]);
  });

  test('no answer and no inquiry: never reversed; unknown, its sale locked, a person decides', () => {
    const rules = [{ match: { '60.1': '23' }, do: { silent: true }, times: 1 }] as const;
    const c = paidScan(open({ ...(blind as object), rules }), 10_000);
    scanVoid(c, 2).on('撤销结果未知', 'ENTER').on(IDLE);
    expect(c.slips.at(-1)).toContain('VOID OUTCOME UNKNOWN');
    expect(c.sent('0400')).toEqual([]);
    expect(lastOf(c)).toMatchObject({ kind: 'qrVoid', state: 'unknown' });
    scanRefund(c, 2, 1_000).on('结果未知勿重退', 'ENTER').on(IDLE);
    supervisor(c).keys('DOWN').on('6.').keys('6');
    c.on('待查退货', '2').on('原号重发', 'ENTER');
    paper(c);
    expect(c.journal.list({ kind: 'qrSale' })[0].state).toBe('voided');
    expect(c.differences()).toEqual([]);
  });
});

describe('settlement with scanned payments', () => {
  test('balanced: they count among the UnionPay cards in 48, and by themselves on screen and slip', () => {
    const c = paidSale(open(), 10_000);
    paidScan(c, 20_000);
    paidScan(c, 30_000, CODES.alipay[0]);
    paidScan(c, 40_000, CODES.unionpayQr[0]);
    paper(scanVoid(c, 5));
    paper(scanRefund(c, 3, 5_000));
    c.on(IDLE, 'ENTER').on('主菜单', '7').on('管理', '4').on('是否批结算', 'ENTER').on('笔数:       001');
    totals(c).on('扫码销售总计\n笔数:       003\n金额:    900.00', 'ENTER');
    c.on('扫码退货总计\n笔数:       002\n金额:    450.00', 'ENTER');
    settled(c);
    expect(c.sent('0500')[0].fields[48].slice(0, 30)).toBe('000000100000004000000045000002');
    const slip = c.slips.at(-1) ?? '';
    for (const line of [
      /微信\/WECHAT +1 +200.00/,
      /支付宝\/ALIPAY +1 +300.00/,
      /银联码\/UPQR +0 +0.00/,
      /退款\/REFUND +1 +50.00/,
    ])
      expect(slip).toMatch(line);
    expect(slip).toMatch(/净额\/NET +550.00/);
    expect(c.differences()).toEqual([]);
  });

  test('not balanced: details with the code in the place of the card, refunds as notices with their order number', () => {
    const c = paidScan(open(), 20_000);
    const order = lastOf(c).answer?.order ?? '';
    paidScan(c, 30_000, CODES.alipay[1]);
    paper(scanRefund(c, 2, 5_000));
    c.ledger.db.exec("UPDATE txn SET amountMinor = 29999 WHERE trace = '000003'");
    c.on(IDLE, 'ENTER').on('主菜单', '7').on('管理', '4').on('是否批结算', 'ENTER');
    totals(c).on('扫码销售总计', 'ENTER').on('扫码退货总计', 'ENTER');
    settled(c);
    const [details, notice] = c.sent('0320');
    expect(details.fields[48]).toBe(
      `0200000002${CODES.wechat[0].padStart(20, '0')}00000002000000000003${CODES.alipay[1].padStart(20, '0')}000000030000`,
    );
    expect(notice.fields).toMatchObject({ 22: '032', 59: `A4028${order}Q302010000001000001000004`, 4: '000000005000' });
    expect(notice.fields[2]).toBeUndefined();
    expect(c.log.filter(line => line.includes('!!'))).toEqual([
      expect.stringContaining('detail 000003 300.00 was uploaded and is not so in the books'),
    ]);
  });
});

test('an acquirer that wants other private elements: data of the profile, nothing else', () => {
  const pieces = {
    sale: [
      { element: 57, value: 'text', text: 'B2C' },
      { element: 57, value: 'wallet' },
      { element: 59, tag: 'A3', value: 'payCode' },
      { element: 62, tag: 'K1', value: 'requestNumber' },
    ],
    reversal: [{ element: 59, tag: 'A3', value: 'payCode' }],
    void: [{ element: 59, tag: 'A4', value: 'order' }],
    refund: [{ element: 59, tag: 'A4', value: 'order' }],
    inquiry: [{ element: 59, tag: 'A4', value: 'order' }],
  };
  const c = paidScan(open({ change: { acquirer: { scanPayment: { ...SCAN, pieces } } } } as never), 10_000);
  const [request] = c.sent('0200');
  expect(request.fields[57]).toBe('B2CWX');
  expect(Buffer.from(request.fields[62], 'hex').toString('latin1')).toBe('K102010000001000001000002');
  expect(c.differences()).toEqual([]);
});

/** From idle to the menu of supervisor 00. */
function supervisor(c: Counter): Counter {
  c.on(IDLE, 'ENTER').on('主菜单', '7').on('管理', '1').on('1.', '1').on('请输入操作员号').type('00');
  return typeSupervisorPassword(c, '请输入操作员密码').on('主管');
}

describe('what an inquiry may say, and what a person enters after it', () => {
  test('a sale whose order the acquirer has closed unpaid is no sale', () => {
    // The request is lost; this acquirer calls an order without payment CLOSED (as WeChat and Alipay do).
    const c = open({
      change: { acquirer: { scanPayment: { inquiry: { words: { NONE: 'closed' } } } } } as never,
      rules: [{ match: { '60.1': '22', mti: '0200' }, do: { silent: true, bookNot: true }, times: 1 }],
    });
    scanSale(c, 10_000).on('交易结果未知').pause(30);
    expect(c.journal.list()[0].state).toBe('reversed');
  });

  test('an unknown refund that the wallet has closed is not told as accepted', () => {
    const c = paidScan(open({ change: { acquirer: { answerTimeoutSeconds: 90 } } }), 10_000);
    c.faults({ match: { mti: '0220' }, do: { silent: true, refund: 'closed' }, times: 1 });
    scanRefund(c, 2, 4_000).pause(130);
    const [refund] = c.journal.list();
    expect(refund.state).toBe('unknown');
  });

  test('where a refund of an earlier batch is: asked for by its own batch', () => {
    const c = paidScan(open(), 10_000);
    paper(scanRefund(c, 2, 4_000));
    c.on(IDLE, 'ENTER').on('主菜单', '7').on('管理', '4').on('是否批结算', 'ENTER');
    totals(c).on('扫码销售总计', 'ENTER').on('扫码退货总计', 'ENTER');
    settled(c).pause(61);
    c.keys('ENTER').on('请输入操作员号').type('01').on('请输入操作员密码').type('0000');
    c.on('请输入新密码').type('2580').on('请再输一次').type('2580').on('签到成功', 'ENTER').on(IDLE);
    const [refund] = c.journal.list({ kind: 'qrRefund' });
    c.keys('F2').on('退货进度').type(`${refund.trace}`).pause(3);
    expect(c.sent('0200').at(-1)?.fields[61]).toBe('000001000003');
    expect(c.journal.life(refund.id)).toMatchObject({ state: 'arrived' });
  });

  test('an unknown void of a scanned payment can be ended after its batch is closed', () => {
    const rules = [{ match: { '60.1': '23' }, do: { silent: true, bookNot: true }, times: 1 }] as const;
    const c = paidScan(open({ ...(blind as object), rules } as never), 10_000);
    scanVoid(c, 2).on('撤销结果未知', 'ENTER').on(IDLE);
    const [unknown] = c.journal.unknownRefunds();
    c.on(IDLE, 'ENTER').on('主菜单', '7').on('管理', '4').on('是否批结算', 'ENTER').on('结算后仍待查', 'ENTER');
    totals(c).on('扫码销售总计', 'ENTER').on('扫码退货总计', 'ENTER');
    settled(c).keys('ENTER').on('请输入操作员号').type('01').on('请输入操作员密码').type('0000');
    c.on('请输入新密码').type('2580').on('请再输一次').type('2580').on('签到成功', 'ENTER').pause(2);
    c.on(IDLE, 'MENU').on('主菜单', '7').on('管理', '1').on('1.操作员', '1').on('请输入操作员号').type('00');
    typeSupervisorPassword(c, '请输入操作员密码')
      .on('主管功能')
      .keys('DOWN')
      .on('6.')
      .keys('6')
      .on('待查', '2')
      .on('原号重发', 'ENTER')
      .pause(3);
    c.keys('ENTER').pause(5);
    expect(c.journal.unknownRefunds()).toHaveLength(1);
    const entry = {
      what: 'refund-resolve',
      id: unknown.id,
      outcome: 'not-accepted',
      operator: '02',
      note: 'n',
    } as const;
    c.control(requestLine({ request: '1'.padStart(32, '0'), password: SUPERVISOR_PASSWORD, entry }));
    c.pause(400);
    scanRefund(c.on(IDLE), 2, 1_000).pause(5);
    expect(c.journal.txn(unknown.id)?.state).toBe('failed');
    expect(c.sent('0220')).toHaveLength(1);
  });
});
