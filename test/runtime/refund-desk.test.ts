import { describe, expect, test } from 'vitest';
import type { Counter } from './counter.ts';
import {
  beginRefund,
  open,
  paidSale,
  paper,
  refundAmount,
  refundByVoucher,
  sale,
  typeSupervisorPassword,
  voidSale,
} from '../scenarios/people.ts';
import { paidScan, scanRefund } from '../scenarios/scan.ts';

/** The refund desk at a whole counter: where a refund is, wrong ones as cases, the freeze, other ways, held reversals. */

const IDLE = '确认键:菜单';

/** A sale of 100.00 (voucher 2) and a refund of it (voucher 3). */
function refunded(c: Counter, amountMinor = 6_000): Counter {
  paidSale(c, 10_000);
  refundByVoucher(c, 2).type(amountMinor).on('请确认退货金额', 'ENTER').on('请选退货原因', '1');
  return paper(c);
}

function supervisor(c: Counter): Counter {
  c.on(IDLE, 'MENU').on('主菜单', '7').on('管理', '1').on('1.操作员', '1').on('请输入操作员号').type('00');
  return typeSupervisorPassword(c, '请输入操作员密码').on('主管功能');
}

const refundOf = (c: Counter) => {
  const refund = c.journal.list({ kind: 'refund', limit: 1 })[0];
  if (!refund) throw new Error('no refund was made');
  return refund;
};

describe('refund status', () => {
  test('by voucher, tracking number, last four digits and the voucher of its sale; explained; printed', () => {
    const c = refunded(open());
    const tracking = `RF${String(refundOf(c).id).padStart(6, '0')}`;
    for (const number of ['3', String(refundOf(c).id), '0014', '2']) {
      c.on(IDLE, 'F2').on('退货进度').type(number).on(`${tracking} 处理中`);
      expect(c.screen).toBe(`${tracking} 处理中\n金额:      60.00\n银行卡\n约12/02前到账`);
      c.keys('CANCEL').on('跟踪号', 'CANCEL');
    }
    c.on(IDLE, 'MENU').on('主菜单', '5').on('退货进度', 'ENTER').on(`${tracking} 处理中`, 'ENTER');
    expect(c.on('告知顾客').screen).toBe('告知顾客:   (下)\n1至7个工作日,\n信用卡看账单贷记\n约12/02前到账');
    expect(c.keys('ENTER').on('收银员须知').screen).toContain('处理人:顾客');
    const printed = c.slips.length;
    c.keys('ENTER')
      .on('处理中', 'F1')
      .wait(() => c.slips.length > printed, 'no status slip');
    expect(c.slips.at(-1)).toContain('退货进度单');
    expect(c.slips.at(-1)).toContain('信用卡看账单贷记');
    expect(c.differences()).toEqual([]);
  });

  test.each([
    ['chip', '借记卡', '约11/26前到账', '银行处理中,1至3'],
    ['tap', '贷记卡', '约12/02前到账', '信用卡3至7个工作'],
  ] as const)(
    'paid by %s: the chip says what account it is, the date and the words are its own',
    (way, account, due, words) => {
      const c = paidSale(open(), 12_800, way);
      const to = beginRefund(c)
        .keys('1')
        .on('请输入原凭证号')
        .type(2)
        .on('退货-原交易', 'ENTER')
        .on('请插卡/刷卡/挥卡');
      if (way === 'chip') to.insert('chip');
      else to.tap('tap');
      paper(refundAmount(to, 6_000));
      c.on(IDLE, 'F2').on('退货进度', 'ENTER').on('处理中');
      expect(c.screen.split('\n').slice(2)).toEqual([`银行卡 ${account}`, due]);
      expect(c.keys('ENTER').on('告知顾客').screen).toContain(words);
      expect(c.slips.at(-1)).toContain(`${due.slice(1, 6)} 前`);
    },
  );

  test('several hits are a list; nothing found says so; FN says where the number stands, what was typed stays', () => {
    const c = refunded(refunded(open(), 1_000), 2_000);
    c.on(IDLE, 'F2').on('退货进度').type('0014').on('选退货 1/1');
    expect(
      c.screen
        .split('\n')
        .slice(1)
        .map(line => line.slice(0, 1)),
    ).toEqual(['1', '2', '']);
    c.keys('2')
      .on('金额:      10.00', 'CANCEL')
      .on('选退货', 'CANCEL')
      .on('跟踪号')
      .type('777')
      .on('未找到退货')
      .keys('4 FN')
      .on('RF号在受理单上', 'ENTER');
    expect(c.on('跟踪号').screen).toContain('\n4');
  });

  test('a scanned payment: its order number on the slip finds its refund, which goes to the balance', () => {
    const c = paidScan(open(), 10_000);
    const order = c.journal.list()[0].answer?.order ?? '';
    paper(scanRefund(c, 2, 4_000));
    c.on(IDLE, 'F2').on('退货进度').scan(order).on('处理中');
    expect(c.screen.split('\n').slice(1)).toEqual(['金额:      40.00', '微信支付 余额', '约20分钟内到账']);
    c.keys('ENTER').on('退回零钱通常5至');
    c.pause(30 * 60)
      .on(IDLE, 'F2')
      .on('退货进度', 'ENTER')
      .on('处理中', 'ENTER')
      .on('比平常慢,请再等');
    c.pause(40 * 60)
      .on(IDLE, 'F2')
      .on('退货进度', 'ENTER')
      .on('超时');
  });

  test('a voided sale is explained, too', () => {
    const c = paidSale(open(), 10_000);
    paper(voidSale(c, 'F1'));
    c.on(IDLE, 'F2').on('退货进度').type('2').on('000002 已撤销', 'ENTER').on('原扣款已解除');
  });

  test('00 enters that the money arrived; nothing follows on that, and a cashier cannot', () => {
    const c = refunded(open());
    c.on(IDLE, 'F2').on('退货进度').type('3').on('处理中', '1');
    typeSupervisorPassword(c).on('1已到账', '1').on('依据编号').type('123').on('状态已登记', 'ENTER').on('已到账', '1');
    expect(c.journal.life(refundOf(c).id)).toMatchObject({
      state: 'arrived',
      source: 'supervisor',
      by: '00',
      reference: '123',
    });
    typeSupervisorPassword(c).on('1已到账', '3').on('依据编号', 'ENTER').on('当前状态不可改');
    expect(c.journal.life(refundOf(c).id)).toMatchObject({ state: 'arrived' });
    c.keys('1').on('请输入主管密码').type('111111').on('主管密码错', 'CANCEL').on('已到账');
    expect(c.differences()).toEqual([]);
  });
});

describe('wrong refunds', () => {
  test('compared, opened, frozen, printed, put right by another way, closed', () => {
    const c = refunded(open());
    supervisor(c)
      .keys('7')
      .on('1.新登记', '1')
      .on('跟踪号')
      .type('3')
      .on('比对:金额 !', 'ENTER')
      .on('比对:卡号', 'ENTER');
    expect(c.on('比对:时间').screen).toContain('退11/21 14:00:00');
    c.keys('ENTER').on('比对:操作员', 'ENTER').on('1金额错', '2').on('本机停止全部退货', 'ENTER').on('收单机构电话');
    const [opened] = c.journal.cases('open');
    expect(opened).toMatchObject({
      type: 'card',
      class: 'operator',
      owner: 'supervisor',
      about: refundOf(c).id,
      by: '00',
    });
    expect(opened.dueMs - opened.atMs).toBe(c.profile.policy.caseDueHours * 3_600_000);
    expect(c.slips.at(-1)).toContain(`IC${String(opened.id).padStart(6, '0')}`);
    expect(c.slips.at(-1)).toContain('[x]1 停退货开关');
    c.keys('ENTER')
      .on('终端编号', 'ENTER')
      .on('2.未结案件', '2')
      .on('卡错 主管', '1')
      .on('案件处理', '3')
      .on('联系结果', '3');
    c.on('已登记', 'ENTER').on('卡错 主管', '1').on('案件处理', '2').on('赔付金额').type(500).on('凭据号').type('77');
    c.on('已登记', 'ENTER').on('卡错 主管', '1').on('案件处理', '1').on('外部退款-原交易', 'ENTER').on('退款方式', '1');
    c.on('凭据号').type('881').on('可退').type('4001').on('超可退金额').keys('F1 ENTER').on('只登记,不发送', 'ENTER');
    c.on('外部退款已登记', 'ENTER').on('退货暂停 案件:1');
    const sent = c.sent('0220').length;
    // Frozen: a refund is refused at its first step, a sale goes on.
    c.keys('ENTER').on('主菜单', '3').on('1.银行卡', '1').on('退货已暂停', 'ENTER');
    paidSale(c, 500);
    supervisor(c)
      .keys('0')
      .on('是否恢复退货', 'ENTER')
      .on('退货已恢复', 'ENTER')
      .on('主管功能', '7')
      .on('1.新登记', '2');
    c.on('卡错 主管', '2').on('结案原因', '1').on('已结案', 'ENTER').on('1.新登记', '2').on('没有未结案件', 'ENTER');
    c.on('主管功能', 'CANCEL').on('请插卡/刷卡/挥卡');
    const closed = c.journal.case(opened.id);
    expect(closed?.entries.map(entry => [entry.what, entry.amountMinor, entry.proof])).toEqual([
      ['contact', undefined, undefined],
      ['compensation', 500, '77'],
      ['remedy', 4_000, '881'],
      ['closed', undefined, undefined],
    ]);
    expect([closed?.state, c.journal.refundable(opened.about), c.sent('0220').length]).toEqual(['closed', 0, sent]);
    const original = refundOf(c).intent.original?.txnId ?? 0;
    expect(c.journal.refundable(original)).toBe(0);
    expect(c.journal.externalsOf({ txnId: original })).toMatchObject([
      { amountMinor: 4_000, method: 'bank', proof: '881' },
    ]);
    expect(c.differences()).toEqual([]);
  });

  test('a case needs a refund that went out, and its age goes red when its time is over', () => {
    const c = refunded(open({ change: { policy: { caseDueHours: 1 } } }));
    supervisor(c)
      .keys('7')
      .on('1.新登记', '1')
      .on('跟踪号')
      .type('3')
      .on('比对:金额', 'ENTER')
      .on('比对:卡号', 'ENTER');
    c.on('比对:时间', 'ENTER')
      .on('比对:操作员', 'ENTER')
      .on('1金额错', '1')
      .on('本机停止全部退货', 'CANCEL')
      .on('收单机构电话');
    c.keys('CANCEL').on('1.新登记', 'CANCEL').on('主管功能', 'CANCEL').on('未结案件 1件');
    expect(c.journal.refundsFrozen()).toBeUndefined();
    c.pause(3_700).on('案件超期 1件');
    supervisor(c).keys('7').on('1.新登记', '2').on('0天!');
  });

  test('money given back by another way takes a password, a sale of which something is left, and a proof', () => {
    const c = refunded(open());
    c.keys('ENTER').on('主菜单', '3').on('3.外部退款登记', '3');
    typeSupervisorPassword(c).on('请输入原凭证号').type('9').on('原交易不存在').type('3').on('原交易非消费').type('2');
    c.on('外部退款-原交易', 'ENTER')
      .on('退款方式', '2')
      .on('凭据号', 'ENTER')
      .on('请输入凭据号')
      .type('5')
      .on('可退:      40.00');
    c.keys('F1 ENTER').on('40.00', 'ENTER').on('外部退款已登记', 'ENTER').on(IDLE);
    c.keys('ENTER').on('主菜单', '3').on('3.外部退款登记', '3');
    typeSupervisorPassword(c).on('请输入原凭证号').type('2').on('原交易已退货');
    expect(c.sent('0220')).toHaveLength(1);
  });
});

describe('held reversals', () => {
  /** Books the sale of 100.68, answers neither it nor its reversal. */
  const deaf = { match: { mti: '0400' }, do: { silent: true, bookNot: true } } as const;

  test('00 enters what the acquirer says: reversed there', () => {
    const c = open({ rules: [deaf] });
    sale(c, 10_068).on('冲正不成功', 'ENTER').on(IDLE);
    c.faults();
    supervisor(c)
      .keys('9')
      .on('F1-登记', 'F1')
      .on('1银行已冲正', '1')
      .on('请输收单参考号')
      .type('12345')
      .on('位数不足');
    c.type('112100000099').on('冲正已登记', 'ENTER').on('主管功能', 'CANCEL').on('请插卡/刷卡/挥卡');
    expect(c.journal.heldReversals()).toEqual([]);
    expect(c.journal.list({ kind: 'sale', limit: 1 })[0]).toMatchObject({
      state: 'reversed',
      answer: { by: '00', reference: '112100000099' },
    });
  });

  test('the sale stands at the acquirer: it counts here, and its slip comes out', () => {
    const c = open({ rules: [deaf] });
    sale(c, 10_068).on('冲正不成功', 'ENTER').on(IDLE);
    c.faults();
    const printed = c.slips.length;
    supervisor(c)
      .keys('9')
      .on('F1-登记', 'F1')
      .on('1银行已冲正', '2')
      .on('请输收单参考号')
      .type('112100000099')
      .on('请撕下商户存根');
    expect(c.slips.length).toBe(printed + 1);
    expect(c.journal.list({ kind: 'sale', limit: 1 })[0]).toMatchObject({ state: 'approved', amountMinor: 10_068 });
  });
});

describe('what survives, and what locks itself', () => {
  test('the badge of a slip that waits is there after a restart, and gone when it is printed', () => {
    const c = open();
    c.terminal.paper('out');
    sale(c, 12_300).on('打印机缺纸', 'CANCEL').on('交易完成', 'ENTER').on('未打签购单');
    c.stop();
    c.terminal.paper('ok');
    c.start();
    c.on('未打签购单', 'F1').on('请插卡/刷卡/挥卡');
    c.stop();
    c.start();
    c.on('请插卡/刷卡/挥卡');
    expect(c.slips.at(-1)).toContain('== RMB: 123.00 ==');
  });

  test('left alone it locks itself after the minutes of the policy; a key begins anew', () => {
    const c = open({ change: { policy: { autoLockMinutes: 3 } } });
    c.pause(170).keys('MENU').on('主菜单', 'CANCEL').on(IDLE).pause(170);
    expect(c.journal.lockedBy()).toBeUndefined();
    c.pause(80).on('终端已锁定');
    expect(c.journal.lockedBy()).toBe('01');
  });

  test('the published password of 00 approves nothing; CANCEL leaves it as it is', () => {
    const c = paidSale(open(), 10_000);
    c.on(IDLE, 'F3').on('请输入主管密码').type('123456').on('首次登录请改密', 'CANCEL').on(IDLE);
    expect(c.journal.operator('00')?.mustChange).toBe(true);
    c.keys('F3').on('请输入主管密码').type('123456').on('首次登录请改密').type('123456').on('密码过于简单');
    c.type('246810')
      .on('请再输一次')
      .type('246811')
      .on('两次密码不一致')
      .type('246810')
      .on('请再输一次')
      .type('246810');
    c.on('请输入原凭证号');
    expect(c.journal.operator('00')?.mustChange).toBe(false);
    expect(c.sent('0200')).toHaveLength(1);
  });

  test('wrong passwords block as long as the policy says', () => {
    const c = paidSale(open({ change: { policy: { passwordBlockSeconds: 60 } } }), 10_000);
    const wrong = c.on(IDLE, 'F3').on('请输入主管密码').type('111111').on('主管密码错').type('222222').on('主管密码错');
    wrong.type('333333').on('密码错次数超限', 'ENTER').pause(61).on(IDLE, 'F3').on('请输入主管密码').type('123456');
    c.on('首次登录请改密');
  });
});

describe('help', () => {
  test('questions of customers, page by page, in both languages', () => {
    const c = open({ lang: 'en' });
    c.on('ENTER:MENU', 'MENU')
      .on('MAIN', '7')
      .on('MANAGE', '8')
      .on('SUPPORT PHONE')
      .keys('DOWN')
      .on('FAQ: PENDING', 'DOWN');
    c.on('CREDIT ON STMT', 'UP').on('BANK POSTS IT', 'CANCEL').on('MANAGE');
  });
});
