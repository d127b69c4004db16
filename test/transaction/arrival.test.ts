import { describe, expect, test } from 'vitest';
import { type Answer, explainArrival, type Question, sentenceOf } from '../../src/transaction/arrival.ts';
import { arrivalOf, kindOfApplication } from '../../src/transaction/arrival-account.ts';
import { dueOf, type Due } from '../../src/transaction/calendar.ts';
import type { Arrival } from '../../src/transaction/refund-policy.ts';
import { REFUND_LIFE, type RefundState } from '../../src/transaction/refund-life.ts';
import { columnsOf } from '../../src/wire/gbk.ts';
import { OFF, profileOf, utc } from './rules-world.ts';

const on = (year: number, month: number, day: number) => utc(Date.UTC(year, month - 1, day, 4));
const card = OFF.channels.card.arrival;
const plain = dueOf(on(2026, 11, 16), card.debit, OFF.cutOff);
const golden = dueOf(on(2026, 9, 30), card.debit, OFF.cutOff);
const unknownYear = dueOf(on(2999, 5, 4), card.debit, OFF.cutOff);
const credit = dueOf(on(2026, 11, 16), card.credit ?? card.debit, OFF.cutOff);
const foreign = dueOf(on(2026, 11, 16), card.foreign ?? card.debit, OFF.cutOff);
const either = dueOf(on(2026, 11, 16), arrivalOf(OFF.channels.card, 'unknown'), OFF.cutOff);
const wechat = dueOf(on(2026, 11, 16), OFF.channels.wechat.arrival.balance ?? card.debit, OFF.cutOff);
const alipay = dueOf(on(2026, 11, 16), OFF.channels.alipay.arrival.balance ?? card.debit, OFF.cutOff);
const profile = profileOf('unionpay-pos');
const code = (value: string) => ({ code: value, ...profile.responses[value] });

const ask = (state: Question['state'], more: Partial<Question> = {}): Question => ({
  state,
  channel: 'card',
  card: 'debit',
  due: plain,
  ...more,
});

/** What is asked, tag, the two lines for the customer, who acts. */
const TABLE: readonly [what: string, question: Question, tag: string, line2: string, line3: string, who: string][] = [
  ['waits in the shop', ask('AWAIT_APPROVAL'), '待复核', '店内审核未完成,', '请经理先复核', 'manager'],
  ['held', ask('HELD'), '待发送', '尚未发出,经理可', '立即发送或止付', 'manager'],
  ['stopped', ask('STOPPED'), '已止付', '本笔未发出,如需', '退款请重新办理', 'cashier'],
  ['on the line', ask('SENT'), '发送中', '正在发送给银行,', '请稍候', 'cashier'],
  ['declined with a code', ask('DECLINED', { code: code('25') }), '未成功', '[25]无原始交易', '核对参考号日期', 'cashier'],
  ['declined in the shop', ask('DECLINED'), '未成功', '[--]银行未受理', '请核对后重新办理', 'cashier'],
  ['did not leave', ask('FAILED'), '未发出', '没有发出,款项未', '动,请重新办理', 'cashier'],
  ['unknown', ask('UNKNOWN'), '待查', '银行没有应答,', '正在核实勿重复退', 'manager'],
  ['debit, in time', ask('ACCEPTED'), '处理中', '银行处理中,1至3', '个工作日到账', 'customer'],
  ['credit, in time', ask('ACCEPTED', { card: 'credit', due: credit }), '处理中', '信用卡3至7个工作', '日,账单显示贷记', 'customer'],
  ['foreign, in time', ask('ACCEPTED', { card: 'foreign', due: foreign }), '处理中', '境外卡处理较慢,', '约10个工作日到账', 'customer'],
  ['debit or credit, nobody knows', ask('ACCEPTED', { card: 'unknown', due: either }), '处理中', '1至7个工作日,', '信用卡看账单贷记', 'customer'],
  ['a holiday lies between', ask('ACCEPTED', { due: golden }), '处理中', '遇节假日顺延,', '约10/10前到账', 'customer'],
  ['a year without data: no date', ask('ACCEPTED', { due: unknownYear }), '处理中', '银行处理中,1至3', '个工作日到账', 'customer'],
  ['slow', ask('ACCEPTED', { slow: true }), '处理中', '比平常慢,请再等', '最迟11/23到账', 'customer'],
  ['slow, a year without data', ask('ACCEPTED', { slow: true, due: unknownYear }), '处理中', '比平常慢,请再等', '最迟5个工作日', 'customer'],
  ['past the due date', ask('ACCEPTED', { late: true }), '超时', '请凭参考号致电', '发卡行查询', 'customer'],
  ['WeChat, balance', ask('ACCEPTED', { channel: 'wechat', card: 'balance', due: wechat }), '处理中', '退回零钱通常5至', '20分钟到账', 'customer'],
  ['WeChat, balance, slow', ask('ACCEPTED', { channel: 'wechat', card: 'balance', due: wechat, slow: true }), '处理中', '比平常慢,请再等', '最迟60分钟到账', 'customer'],
  ['Alipay, balance', ask('ACCEPTED', { channel: 'alipay', card: 'balance', due: alipay }), '处理中', '退回余额通常', '即时到账', 'customer'],
  ['WeChat, the shop has no money there', ask('ACCEPTED', { channel: 'wechat', lowBalance: true }), '处理中', '商户余额不足,', '充值后自动完成', 'finance'],
  ['WeChat, closed', ask('CLOSED', { channel: 'wechat' }), '已关闭', '超7天未完成,', '需换新单号重退', 'finance'],
  ['the card is closed', ask('ABNORMAL'), '退款异常', '原卡已注销或冻结', '需登记新收款卡', 'finance'],
  ['sent to another account', ask('REDIRECTED'), '已改退', '已改退到新账户,', '请留意新账户', 'customer'],
  ['cleared', ask('CLEARED'), '已清算', '已交银行入账,', '通常当日可见', 'customer'],
  ['cleared, and late all the same', ask('CLEARED', { late: true }), '超时', '请凭参考号致电', '发卡行查询', 'customer'],
  ['arrived', ask('ARRIVED'), '已到账', '款项已到账,', '感谢配合', 'nobody'],
  ['with a person', ask('MANUAL'), '人工处理', '已转人工核实,', '请留联系电话', 'finance'],
  ['given back another way', ask('EXTERNAL'), '另行退款', '已用其他方式退,', '原卡不再入账', 'customer'],
  ['a voided sale', ask('VOIDED'), '已撤销', '原扣款已解除,', '不会另有入账', 'customer'],
  ['paid with a phone', ask('ACCEPTED', { phone: true }), '处理中', '请查手机绑定的', '银行卡账单', 'customer'],
]; // prettier-ignore

describe('why it has not arrived', () => {
  for (const [what, question, tag, line2, line3, who] of TABLE)
    test(what, () => {
      const answer = explainArrival(question);
      expect([answer.zh.tag, answer.zh.line2, answer.zh.line3, answer.who]).toEqual([tag, line2, line3, who]);
    });

  test('every state has a row, and every row is in the table', () => {
    const rows = new Set(TABLE.map(([, question]) => explainArrival(question).row));
    expect(rows.size).toBe(25);
    const states = new Set(TABLE.map(([, question]) => question.state));
    for (const state of [...(Object.keys(REFUND_LIFE) as RefundState[]), 'VOIDED'] as const)
      expect(states).toContain(state);
  });

  /** Every line of an answer. */
  const linesOf = ({ zh, en }: Answer): string[] =>
    [zh, en].flatMap(({ tag, line2, line3, do2, do3, who }) => [tag, line2, line3, do2, do3, who]);
  test('every line fits the screen, also with the widest numbers', () => {
    const wide = (unit: Due['unit']): Due => dueOf(on(2026, 11, 16), { usualMin: 18, usualMax: 29, latest: 99, unit } as Arrival, OFF.cutOff); // prettier-ignore
    for (const [, question] of TABLE)
      for (const due of [question.due, wide('days'), wide('minutes'), unknownYear, undefined]) {
        const answer = explainArrival({ ...question, due } as Question);
        for (const line of linesOf(answer)) expect([line, columnsOf(line) <= 16]).toEqual([line, true]);
        for (const { tag } of [answer.zh, answer.en]) expect(columnsOf(tag)).toBeLessThanOrEqual(10);
      }
    for (const line of Object.values(profile.responses).flatMap(text =>
      linesOf(explainArrival(ask('DECLINED', { code: { code: 'A0', ...text } }))),
    ))
      // prettier-ignore
      expect([line, columnsOf(line) <= 16]).toEqual([line, true]);
  });
  test('customer and cashier get something to read in both languages', () => {
    for (const [what, question] of TABLE) {
      const { zh, en } = explainArrival(question);
      for (const text of [zh.line2, zh.line3, zh.do2, en.line2, en.line3, en.do2]) expect([what, text]).not.toEqual([what, '']); // prettier-ignore
      expect(zh.line2 + zh.line3).not.toBe(zh.do2 + zh.do3);
    }
  });
  test('as one sentence', () => {
    const answer = explainArrival(ask('ACCEPTED'));
    expect(sentenceOf(answer.zh, 'zh', 'customer')).toBe('银行处理中,1至3个工作日到账');
    expect(sentenceOf(answer.en, 'en', 'customer')).toBe('BANK POSTS IT IN 1-3 WORKDAYS');
    expect(sentenceOf(explainArrival(ask('ARRIVED')).en, 'en', 'cashier')).toBe('NOTHING TO DO');
    expect(answer.due).toEqual({ year: 2026, month: 11, day: 19 });
  });
});

test.each([
  ['A000000333010101', 'debit'],
  ['A000000333010102', 'credit'],
  ['a00000033301010300', 'credit'],
  ['A000000333010106', 'debit'],
  ['A000000333010109', undefined],
  ['A0000000041010', undefined],
  ['', undefined],
  [undefined, undefined],
])('the account behind the application %s: %s', (aid, kind) => expect(kindOfApplication(aid)).toBe(kind));
