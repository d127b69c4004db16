import { describe, expect, test } from 'vitest';
import { track2 } from '../../src/sim/terminal/deck.ts';
import { card, type Counter, Crash, type CounterOptions, type CrashPoint } from '../runtime/counter.ts';
import {
  beginRefund,
  beginVoid,
  open,
  paidSale,
  paper,
  refundByVoucher,
  settle,
  settled,
  SUPERVISOR_PASSWORD,
  typeSupervisorPassword,
  voidSale,
} from './people.ts';
import { paidScan, scanRefund } from './scan.ts';

/** The refund desk: rules before the send, a second person, waiting and stopping. */

const SECOND = { number: '02', password: '1357' } as const;

/** A counter with every rule on, whose passwords are no longer the published ones. */
function desk(options: CounterOptions = {}): Counter {
  const c = open({ profile: 'unionpay-pos-desk', ...options });
  c.journal.setPassword(c.world.nowMs(), '00', SUPERVISOR_PASSWORD, '00');
  c.journal.setPassword(c.world.nowMs(), SECOND.number, SECOND.password, SECOND.number);
  c.journal.appendTraining(c.world.nowMs(), { operator: '01', by: '00', score: 5, of: 5, passed: true });
  return c;
}

/** The plain rules, with those of the test. */
const plain = (policy: NonNullable<CounterOptions['change']>['policy'] = {}): Counter =>
  desk({ profile: 'unionpay-pos', change: { policy } });

/** From the amount to what comes after the reason. */
function decide(c: Counter, amountMinor: number, reason = '3'): Counter {
  return c.on('请输入退货金额').type(amountMinor).on('请确认退货金额', 'ENTER').on('请选退货原因', reason);
}

/** The second person, blind: amount and last four digits unseen. */
function approve(c: Counter, amountMinor: number, lastFour: string): Counter {
  c.on('需经理复核').on('请输复核工号').type(SECOND.number).on('请输复核密码').type(SECOND.password);
  return c.on('复核-盲录').on('请输退货金额').type(amountMinor).on('请输卡号后四位').type(lastFour);
}

/** A sale of 1000.00 and a refund of 600.00 of it that waits. */
function held(c: Counter, amountMinor = 60_000): Counter {
  paidSale(c, 100_000);
  decide(refundByVoucher(c, 2), amountMinor);
  if (amountMinor > 50_000) approve(c, amountMinor, lastFourOf(c));
  return c.on('退货待发送');
}

const lastFourOf = (c: Counter): string => c.journal.byVoucher(2)?.intent.card?.masked.slice(-4) ?? '';

/** From idle to the menu of 00. */
function supervisor(c: Counter): Counter {
  c.on('确认键:菜单', 'MENU').on('主菜单', '7').on('管理', '1').on('1.操作员', '1').on('请输入操作员号').type('00');
  return typeSupervisorPassword(c, '请输入操作员密码').on('主管功能');
}

const refused = (c: Counter): unknown[] =>
  c.journal.recordsOfKinds(['refused']).map(record => {
    const { prompt, rule } = record.body as { prompt: string; rule?: string };
    return [prompt, rule];
  });

describe('a second person', () => {
  test('approves above the limit, types amount and card unseen, and both are in the record', () => {
    const c = held(desk());
    expect(c.screens.some(screen => screen.includes('需经理复核') && screen.includes('600.00'))).toBe(false);
    c.keys('1');
    paper(c.on('退货已受理'));
    const { intent } = c.journal.list({ kind: 'refund' })[0];
    expect(intent).toMatchObject({ operator: '01', approver: '00', second: '02', reason: '3' });
    expect(intent.findings).toEqual(expect.arrayContaining(['dualLimit', 'hold']));
    expect(c.sent('0220')).toHaveLength(1);
    expect(c.differences()).toEqual([]);
  });

  test('is neither who asks nor who approved first; an unknown number is nobody', () => {
    const c = paidSale(desk(), 100_000);
    decide(refundByVoucher(c, 2), 60_000).on('请输复核工号').type('01').on('申请人不能复核').type('00');
    c.on('申请人不能复核').type('99').on('申请人不能复核').type('77').on('操作员不存在').type('02');
    c.on('请输复核密码').type('9999').on('密码错误', 'CANCEL').on('确认键:菜单');
    expect(c.sent('0220')).toEqual([]);
    expect(c.journal.heldRefunds()).toEqual([]);
  });

  test.each([
    ['another amount', 60_001, true],
    ['another card', 60_000, false],
  ])('types %s: stopped, and on record', (_, amountMinor, sameCard) => {
    const c = paidSale(desk(), 100_000);
    decide(refundByVoucher(c, 2), 60_000);
    approve(c, amountMinor, sameCard ? lastFourOf(c) : '0000')
      .on('复核录入不一致', 'ENTER')
      .on('确认键:菜单');
    expect(refused(c)).toEqual([['F06.blind', undefined]]);
    expect([c.sent('0220'), c.journal.heldRefunds()]).toEqual([[], []]);
  });

  test('without a hold and not blind: the amount is shown, and it goes out at once', () => {
    const c = paidSale(plain({ refundDualLimitMinor: 5_000 }), 100_000);
    decide(refundByVoucher(c, 2), 6_000).on('退货:      60.00').on('请输复核工号').type('02');
    paper(c.on('请输复核密码').type('1357').on('退货已受理'));
    expect(c.journal.list({ kind: 'refund' })[0].intent.second).toBe('02');
    expect(c.differences()).toEqual([]);
  });

  test('whose password is the published one must change it first', () => {
    const c = paidSale(plain({ refundDualLimitMinor: 5_000 }), 100_000);
    decide(refundByVoucher(c, 2), 6_000).on('请输复核工号').type('03').on('请输复核密码').type('0000');
    c.on('请输入新密码').type('2468').on('请再输一次').type('2468');
    paper(c.on('退货已受理'));
    expect(c.journal.list({ kind: 'refund' })[0].intent.second).toBe('03');
  });

  test('approves a void when a rule asks for one', () => {
    const c = paidSale(
      plain({ risk: [{ id: 'late', kind: 'lateVoid', hours: 1, action: 'approve' }] as never }),
      10_000,
    );
    c.pause(3700);
    beginVoid(c, 2).on('撤销-原交易', 'ENTER').on('请选撤销原因', '1').on('撤销:     100.00').type('02');
    c.on('请输复核密码').type('1357').on('请刷原卡或插卡').swipe('swipe');
    paper(c.on('撤销成功'));
    expect(c.journal.list({ kind: 'void' })[0].intent).toMatchObject({ second: '02', findings: ['late'] });
    expect(c.differences()).toEqual([]);
  });
});

describe('a refund that waits', () => {
  test('nothing goes out before its time; then it is sent with its own number', () => {
    const c = held(desk());
    const [hold] = c.journal.heldRefunds();
    expect(c.slips.at(-1)).toContain('退货受理单');
    c.on('可止付').keys('CANCEL').on('确认键:菜单').pause(280);
    expect(c.sent('0220')).toEqual([]);
    c.on('退货已受理').on(`RF${String(hold.id).padStart(6, '0')}`);
    paper(c);
    expect(c.world.nowMs() - hold.atMs).toBeLessThan(330_000);
    expect(c.journal.held(hold.id)).toMatchObject({ state: 'sent' });
    expect(c.journal.list({ kind: 'refund' })[0].intent).toMatchObject({ heldId: hold.id, operator: '01' });
    expect(c.slips.at(-1)).toContain('已受理不等于已到账');
    expect(c.differences()).toEqual([]);
  });

  test('the screen counts down, and at the end it sends', () => {
    const c = held(desk());
    c.on('04:5').on('03:').on('00:0').on('退货已受理');
    expect(c.sent('0220')).toHaveLength(1);
  });

  test('stopped one second before the end, nothing was sent and the money can be refunded again', () => {
    const c = held(desk());
    const [hold] = c.journal.heldRefunds();
    c.pause(Math.floor((hold.untilMs - c.world.nowMs()) / 1000) - 20).keys('2');
    c.on('退货止付').on('请输入主管密码').type('111111').on('主管密码错');
    c.pause(Math.floor((hold.untilMs - c.world.nowMs()) / 1000) - 1);
    c.type(SUPERVISOR_PASSWORD).on('已止付').on('款项未发出').on('确认键:菜单');
    expect(c.world.nowMs()).toBeLessThan(hold.untilMs + 5_000);
    c.pause(2_000);
    expect(c.sent('0220')).toEqual([]);
    expect(c.journal.held(hold.id)).toMatchObject({ state: 'stopped', stopped: { by: '00' } });
    expect(c.slips.at(-1)).toContain('退货止付单');
    expect(c.journal.refundable(c.journal.byVoucher(2)?.id ?? 0)).toBe(100_000);
  });

  test('after a restart it still waits, never goes out by itself, and wants the same card', () => {
    const c = held(desk());
    const [hold] = c.journal.heldRefunds();
    c.crash();
    c.start();
    c.on('确认键:菜单').pause(1_000);
    expect(c.sent('0220')).toEqual([]);
    supervisor(c).keys('DOWN').on('5.退货止付', '5').on('退货止付').on('600.00').on('00:00', '1');
    c.on('请插卡/刷卡/挥卡').insert('chip').on('卡号与原交易不符', 'ENTER').on('请取走卡片').remove();
    expect(c.journal.held(hold.id)?.state).toBe('held');
    supervisor(c).keys('5').on('600.00', '1').on('请插卡/刷卡/挥卡').swipe('swipe');
    paper(c.on('退货已受理'));
    expect(c.journal.held(hold.id)?.state).toBe('sent');
    expect(c.sent('0220')).toHaveLength(1);
    expect(c.differences()).toEqual([]);
  });

  test('a rule that came meanwhile wants a second person: asked when somebody sends it, not when nobody is there', () => {
    const c = held(desk(), 40_000);
    const [hold] = c.journal.heldRefunds();
    c.crash();
    c.profile = { ...c.profile, policy: { ...c.profile.policy, refundDualLimitMinor: 30_000 } };
    c.start();
    c.on('确认键:菜单').pause(1_000);
    expect(c.sent('0220')).toEqual([]);
    supervisor(c).keys('DOWN').on('5.退货止付', '5').on('400.00', '1');
    c.on('需经理复核').on('请输复核工号').type('01').on('申请人不能复核').keys('CANCEL').on('确认键:菜单');
    expect(c.journal.held(hold.id)?.state).toBe('held');
    supervisor(c).keys('DOWN').on('5.退货止付', '5').on('400.00', '1');
    approve(c, 40_000, lastFourOf(c)).on('请插卡/刷卡/挥卡').swipe('swipe');
    paper(c.on('退货已受理'));
    expect(c.journal.list({ kind: 'refund' })[0].intent).toMatchObject({
      operator: '01',
      second: '02',
      heldId: hold.id,
    });
    expect(c.journal.held(hold.id)?.state).toBe('sent');
    expect(c.differences()).toEqual([]);
  });

  test('counts against what is left, is listed with the original, and stops the settlement', () => {
    const c = held(desk(), 40_000);
    c.keys('CANCEL').on('确认键:菜单');
    beginRefund(c).keys('1').on('请输入原凭证号').type(2).on('可退:     600.00', 'DOWN');
    c.on('退货-原交易 2/2', 'DOWN')
      .on('已退货 1/1')
      .on('400.00')
      .on('(待发送)', 'CANCEL')
      .on('退货-原交易', 'CANCEL')
      .on('确认键:菜单');
    c.keys('MENU')
      .on('主菜单', '7')
      .on('管理', '4')
      .on('是否批结算', 'ENTER')
      .on('有暂缓退货 1笔')
      .on('400.00', 'ENTER');
    expect(c.sent('0500')).toEqual([]);
    supervisor(c.on('确认键:菜单')).keys('5').on('退货止付', 'ENTER').on('请输入主管密码').type(SUPERVISOR_PASSWORD);
    c.on('已止付').on('确认键:菜单');
    settle(c).on('是否打印明细');
  });

  test('the acquirer cannot be reached: it waits on with its card and is tried again', () => {
    const c = held(desk());
    const [hold] = c.journal.heldRefunds();
    c.keys('CANCEL').on('确认键:菜单');
    c.network.isUp = false;
    c.pause(60).on('连接失败', 'ENTER').on('确认键:菜单');
    expect(c.journal.held(hold.id)?.state).toBe('held');
    c.network.isUp = true;
    c.on('退货已受理');
    expect(c.journal.held(hold.id)?.state).toBe('sent');
    expect(c.sent('0220')).toHaveLength(1);
  });

  test('no answer: unknown, locked, never sent again, under the number of the hold', () => {
    const c = held(desk({ rules: [{ match: { mti: '0220' }, do: { silent: true } }] }));
    const [hold] = c.journal.heldRefunds();
    c.keys('1')
      .on('退货结果未知')
      .on(`RF${String(hold.id).padStart(6, '0')}`, 'ENTER')
      .on('确认键:菜单')
      .pause(1_000);
    expect(c.sent('0220')).toHaveLength(1);
    expect(c.journal.unknownRefunds()).toHaveLength(1);
    expect(c.journal.held(hold.id)?.state).toBe('sent');
  });

  test('another sale in between does not disturb it', () => {
    const c = held(desk());
    c.keys('CANCEL');
    paidSale(c, 5_000);
    paper(c.pause(60).on('退货已受理'));
    expect(c.sentTypes()).toBe('0800 0200 0200 0220');
    expect(c.differences()).toEqual([]);
  });
});

describe('the rules', () => {
  test('a refusal names the rule and its number, is on record, and leads back to the amount', () => {
    const c = paidSale(plain({ refundMaxMinor: 50_000 }), 100_000);
    refundByVoucher(c, 2).type(50_001).on('退货金额超限').on('上限 500.00').on('请找主管处理', 'ENTER');
    c.on('请输入退货金额', 'CANCEL').on('确认键:菜单');
    paidSale(c, 10_000);
    refundByVoucher(c, 3).type(10_001).on('超可退金额').on('上限 100.00', 'CANCEL').on('确认键:菜单');
    expect(refused(c)).toEqual([
      ['E09', 'refundMax'],
      ['E08', 'remainder'],
    ]);
    expect(c.sent('0220')).toEqual([]);
  });

  test('the day of a card: what was refunded and what waits count', () => {
    const c = paidSale(paidSale(plain({ refundCardDayMaxMinor: 10_000 }), 8_000), 8_000);
    paper(decide(refundByVoucher(c, 2), 6_000).on('退货已受理'));
    refundByVoucher(c, 3).type(6_000).on('超本卡当日限额').on('上限 100.00', 'ENTER').on('请输入退货金额').type(4_000);
    paper(c.on('请确认退货金额', 'ENTER').on('请选退货原因', '1').on('退货已受理'));
    expect(c.differences()).toEqual([]);
  });

  test('too late, the wrong card, a second void: refused with its number where it has one, and on record', () => {
    const c = paidSale(plain({ channels: { card: { refundWindowDays: 1 } } as never }), 10_000);
    beginRefund(c)
      .keys('1')
      .on('请输入原凭证号')
      .type(2)
      .on('退货-原交易', 'ENTER')
      .on('请插卡/刷卡/挥卡')
      .insert('chip');
    c.on('卡号与原交易不符', 'ENTER')
      .on('请取走卡片')
      .remove()
      .on('确认键:菜单')
      .pause(2 * 86_400);
    beginRefund(c).keys('1').on('请输入原凭证号').type(2).on('超退货期限').on('2天>1天', 'ENTER').on('确认键:菜单');
    expect(refused(c)).toEqual([
      ['E07', undefined],
      ['E10', 'window'],
    ]);
    expect(c.sent('0220')).toEqual([]);
  });

  test('a void is offered where it does the same; ENTER takes it with card and reason', () => {
    const c = paidSale(plain({ voidAdvice: true }), 10_000);
    refundByVoucher(c, 2).keys('F1').on('100.00', 'ENTER').on('请确认退货金额', 'ENTER').on('请选退货原因', '5');
    paper(c.on('可改做撤销', 'ENTER').on('撤销成功'));
    expect(c.journal.list({ kind: 'void' })[0].intent).toMatchObject({ reason: '2', approver: '00' });
    expect(c.sentTypes()).toBe('0800 0200 0200');
    expect(c.differences()).toEqual([]);
  });

  test('CANCEL at the offer goes on as a refund; a part is never offered', () => {
    const c = paidSale(plain({ voidAdvice: true }), 10_000);
    decide(refundByVoucher(c, 2), 10_000).on('可改做撤销', 'CANCEL').on('请确认退货金额', 'ENTER');
    paper(c.on('退货已受理'));
    paidSale(c, 10_000);
    paper(decide(refundByVoucher(c, 4), 4_000).on('退货已受理'));
    expect(c.sent('0220')).toHaveLength(2);
  });

  test('the offered void keeps its own approval', () => {
    const c = paidSale(plain({ voidAdvice: true, refundNeedsManager: false }), 10_000);
    c.on('确认键:菜单', 'MENU')
      .on('主菜单', '3')
      .on('1.银行卡', '1')
      .on('1.查本机流水', '1')
      .on('请输入原凭证号')
      .type(2);
    decide(c.on('退货-原交易', 'ENTER').on('请插卡/刷卡/挥卡').swipe('swipe'), 10_000).on('可改做撤销', 'ENTER');
    paper(typeSupervisorPassword(c).on('撤销成功'));
    expect(c.differences()).toEqual([]);
  });

  test('the same amount again asks once more', () => {
    const c = paidSale(plain({ refundSameAmountHours: 24 }), 100_000);
    paper(decide(refundByVoucher(c, 2), 3_000).on('退货已受理'));
    refundByVoucher(c, 2).type(3_000).on('24小时内退同额').on('30.00', 'CANCEL').on('确认键:菜单');
    refundByVoucher(c, 2)
      .type(3_000)
      .on('24小时内退同额', 'ENTER')
      .on('请确认退货金额', 'ENTER')
      .on('请选退货原因', '1');
    paper(c.on('退货已受理'));
    expect(c.journal.list({ kind: 'refund' })[0].intent.findings).toEqual(['sameAmount']);
    expect(c.sent('0220')).toHaveLength(2);
  });

  test('more than the takings of the batch: said before it is sent, with what there is; ENTER goes on', () => {
    const c = paidSale(plain({ refundsFromTakings: true }), 10_000);
    refundByVoucher(c, 2).type(6_000).on('请确认退货金额', 'CANCEL').on('请输入退货金额', 'CANCEL').on('确认键:菜单');
    settled(settle(c));
    expect(c.journal.funds().freeMinor).toBe(0);
    c.journal.appendEvent(c.world.nowMs(), 'operator-on', { operator: '01' });
    c.crash();
    c.start();
    paidSale(c.on('请按任意键签到', 'ENTER').on('签到成功', 'ENTER'), 5_000);
    beginRefund(c)
      .keys('1')
      .on('请输入原凭证号', 'UP')
      .type(2)
      .on('退货-原交易', 'ENTER')
      .on('请插卡/刷卡/挥卡')
      .swipe('swipe');
    c.on('请输入退货金额').type(6_000).on('营业款不足退货').on('净额 50.00', 'ENTER');
    paper(c.on('请确认退货金额', 'ENTER').on('请选退货原因', '3').on('退货已受理'));
    expect(c.journal.list({ kind: 'refund' })[0].intent.findings).toEqual(['funds']);
    expect(c.journal.funds()).toEqual({ netMinor: -1_000, heldMinor: 0, unknownMinor: 0, freeMinor: -1_000 });
    expect(c.differences()).toEqual([]);
  });

  test('"other" as the reason wants the code of the shop', () => {
    const c = paidSale(plain(), 10_000);
    decide(refundByVoucher(c, 2), 4_000, '6').on('请输说明代码').type('7').on('位数不足').type('07');
    paper(c.on('退货已受理'));
    expect(c.journal.list({ kind: 'refund' })[0].intent.reason).toBe('6-07');
    expect(c.slips.at(-1)).toContain('6-07 ');
  });

  test('a sale that this terminal does not know: refused where the shop says so', () => {
    const c = plain({ refundUnlinked: 'refuse' });
    beginRefund(c)
      .keys('2')
      .swipe('swipe')
      .on('请输入原参考号')
      .type('123456789012')
      .on('请输入原交易日期')
      .type('1120');
    c.on('请输入退货金额').type(1_000).on('本机无原交易', 'ENTER').on('确认键:菜单');
    expect(c.sent('0220')).toEqual([]);
    expect(refused(c)).toEqual([['E85', 'unlinked']]);
  });

  test('refunds are off: who and when; sales and voids go on, and what waits is not sent', () => {
    const c = held(desk());
    c.keys('CANCEL').on('确认键:菜单');
    c.journal.freezeRefunds(c.world.nowMs(), { by: '00', note: 'wrong refunds' });
    c.keys('MENU')
      .on('主菜单', '3')
      .on('1.银行卡', '1')
      .on('退货已暂停')
      .on('00 11/21 14:0', 'ENTER')
      .on('确认键:菜单');
    c.pause(600);
    expect(c.sent('0220')).toEqual([]);
    paidSale(c, 5_000);
    paper(voidSale(c, 'F1'));
    c.journal.freeRefunds(c.world.nowMs(), { by: '00' });
    c.on('退货已受理');
    expect(c.differences()).toEqual([]);
  });

  test('switched off while somebody is at it: not sent', () => {
    const c = paidSale(plain(), 10_000);
    refundByVoucher(c, 2).type(4_000).on('请确认退货金额', 'ENTER').on('请选退货原因');
    c.journal.freezeRefunds(c.world.nowMs(), { by: '00' });
    c.keys('1').on('退货已暂停', 'ENTER').on('确认键:菜单');
    expect(c.sent('0220')).toEqual([]);
  });
});

/** Where a flow can be cut: before and after each commit of its run. */
function cuts(prepare: () => Counter, run: (c: Counter) => void): CrashPoint[] {
  const c = prepare();
  const from = c.commits.length;
  run(c);
  return c.commits.slice(from).flatMap(
    call =>
      [
        { call, when: 'before' },
        { call, when: 'after' },
      ] as const,
  );
}

describe('the runtime is thrown away while a refund is decided, held, stopped or sent', () => {
  const prepare = (): Counter => paidSale(desk(), 100_000);
  const decideAndHold = (c: Counter): Counter => {
    decide(refundByVoucher(c, 2), 60_000);
    return approve(c, 60_000, lastFourOf(c)).on('退货待发送');
  };
  const flows = {
    held: (c: Counter): void => void decideAndHold(c),
    stopped: (c: Counter): void =>
      void decideAndHold(c).keys('2').on('退货止付').type(SUPERVISOR_PASSWORD).on('已止付').on('确认键:菜单'),
    sent: (c: Counter): void => void paper(decideAndHold(c).keys('1').on('退货已受理')),
  };

  test.each(Object.entries(flows))('%s: nothing goes out that was not told to, and nothing is lost', (name, run) => {
    const points = cuts(prepare, run);
    expect(points.length).toBeGreaterThan(3);
    for (const point of points) {
      const c = prepare();
      c.crashAt = point;
      expect(() => run(c)).toThrow(Crash);
      const sentBefore = c.sent('0220').length;
      c.start();
      c.on('确认键:菜单').pause(1_000);
      // After a restart no card is in memory: what waits waits for a person.
      expect(c.sent('0220')).toHaveLength(sentBefore);
      if (name !== 'sent') expect(sentBefore).toBe(0);
      const sale = c.journal.byVoucher(2);
      const counted = [
        ...c.journal.refundsOf(sale?.id ?? 0).filter(t => t.state === 'approved' || t.state === 'unknown'),
        ...c.journal.heldRefunds(),
      ];
      expect(counted.length).toBeLessThanOrEqual(1);
      expect(c.journal.refundable(sale?.id ?? 0)).toBe(counted.length === 1 ? 40_000 : 100_000);
      expect(c.journal.list().filter(t => t.state === 'open')).toEqual([]);
    }
  });

  test('neither track, PIN block nor card number of a held refund is written anywhere', () => {
    const c = decideAndHold(prepare());
    const stripe = card('swipe');
    const records = JSON.stringify(c.journal.records(200));
    for (const secret of [stripe.pan, track2(stripe), track2(stripe).slice(stripe.pan.length)])
      expect(records).not.toContain(secret);
    expect(c.differences()).toEqual([]);
  });
});

describe('the last look', () => {
  test('a rule that speaks only after the approval stops the send: nothing goes out', () => {
    const c = paidSale(plain({ refundDayMaxMinor: 8_000 }), 20_000);
    refundByVoucher(c, 2).type(6_000).on('请确认退货金额', 'ENTER').on('请选退货原因');
    // Somebody pays out by another way meanwhile: the day is full.
    const sale = c.journal.byVoucher(2);
    c.journal.recordExternal(c.world.nowMs(), {
      original: { txnId: sale?.id ?? 0 },
      amountMinor: 5_000,
      method: 'cash',
      proof: 'receipt 7',
      operator: '01',
      by: '00',
      note: 'given back at the counter',
    });
    c.keys('1').on('超本日退货限额').on('上限 80.00', 'ENTER').on('确认键:菜单');
    expect(c.sent('0220')).toEqual([]);
    expect(refused(c)).toEqual([['E82', 'shopDay']]);
  });

  test('a second person who became necessary meanwhile: not sent without one', () => {
    const rule = { id: 'twice', kind: 'shopCount', hours: 24, max: 1, action: 'approve' };
    const c = paidSale(plain({ risk: [rule] as never }), 20_000);
    refundByVoucher(c, 2).type(6_000).on('请确认退货金额', 'ENTER').on('请选退货原因');
    const sale = c.journal.byVoucher(2);
    c.journal.recordExternal(c.world.nowMs(), {
      original: { txnId: sale?.id ?? 0 },
      amountMinor: 100,
      method: 'cash',
      proof: 'receipt 8',
      operator: '01',
      by: '00',
      note: 'given back at the counter',
    });
    c.keys('1').on('需第二人复核', 'ENTER').on('确认键:菜单');
    expect(c.sent('0220')).toEqual([]);
  });
});

describe('who and how long', () => {
  test('who decided a held refund is not its second person, whoever is on duty', () => {
    const c = open({ profile: 'unionpay-pos-desk' });
    const now = c.world.nowMs();
    c.journal.setPassword(now, '00', SUPERVISOR_PASSWORD, '00');
    c.journal.setPassword(now, '01', '2468', '01');
    c.journal.setPassword(now, '02', '1357', '02');
    c.journal.appendTraining(now, { operator: '01', by: '00', score: 5, of: 5, passed: true });
    paidSale(c, 100_000);
    refundByVoucher(c, 2)
      .on('请输入退货金额')
      .type(40_000)
      .on('请确认退货金额', 'ENTER')
      .on('请选退货原因', '3')
      .on('退货待发送');
    c.crash();
    c.journal.appendEvent(c.world.nowMs(), 'operator-off', { operator: '01' });
    c.journal.appendEvent(c.world.nowMs(), 'operator-on', { operator: '02' });
    c.profile = { ...c.profile, policy: { ...c.profile.policy, refundDualLimitMinor: 30_000 } };
    c.start();
    supervisor(c).keys('DOWN').on('5.退货止付', '5').on('400.00', '1');
    c.on('请输复核工号').type('01').on('请输复核密码').type('2468').on('复核-盲录').on('请输退货金额').type(40_000);
    c.on('请输卡号后四位')
      .type(c.journal.byVoucher(2)?.intent.card?.masked.slice(-4) ?? '')
      .pause(2);
    expect(c.screen).toContain('申请人不能复核');
    expect(c.journal.heldRefunds()).toHaveLength(1);
  });

  test('a rule that holds for its own time holds for that time', () => {
    const risk = [{ id: 'busy', kind: 'shopCount', hours: 24, max: 0, action: 'hold', holdSeconds: 900 }];
    const c = paidScan(open({ change: { policy: { refundHoldSeconds: 0, risk } } } as never), 10_000);
    scanRefund(c, 2, 4_000).on('退货待发送').keys('CANCEL').on('确认键:菜单').pause(800);
    expect(c.sent('0220')).toEqual([]);
    c.wait(() => c.sent('0220').length === 1, 'it never went out', 200_000);
  });
});
