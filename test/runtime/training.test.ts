import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTraining, trainingPaths } from '../../src/cli/training.ts';
import { failed, fault } from '../../src/fault.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { columnsOf } from '../../src/profile/columns.ts';
import { reversalPolicyOf } from '../../src/runtime/reversal.ts';
import { pastQuestions } from '../../src/runtime/training-past.ts';
import {
  open,
  paidSale,
  paper,
  refund,
  refundByVoucher,
  settle,
  settled,
  typeSupervisorPassword,
} from '../scenarios/people.ts';
import { type Counter, type CounterOptions, value } from './counter.ts';

/** Training at a whole counter: nothing of it reaches the shop, everything of it says what it is, and the score stays. */

const SEAL_KEY = new Uint8Array(32).fill(9);
let folder = '';
let count = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'training-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A counter with room for training; `books` are the files of this one. */
function counter(options: CounterOptions = {}): { readonly c: Counter; readonly books: string } {
  const path = join(folder, `${++count}.db`);
  const c = open({
    ...options,
    training: (rim, profile) => ({
      open: opened =>
        opened(
          openTraining(path, profile, {
            ...rim,
            openJournal: file =>
              openJournal({ path: file, sealKey: SEAL_KEY, entropy: rim.entropy, reversal: reversalPolicyOf(profile) }),
          }),
        ),
    }),
  });
  return { c, books: trainingPaths(path).books };
}

/** 00 begins a training of cashier 01, up to its idle screen. */
function begin(c: Counter, trainee = '01'): Counter {
  c.on('确认键:菜单', 'MENU').on('主菜单', '7').on('管理', '1').on('1.操作员', '1').on('请输入操作员号').type('00');
  typeSupervisorPassword(c, '请输入操作员密码').on('主管功能', 'F1').on('确认进入', 'ENTER');
  return c.on('受训操作员号').type(trainee).on('训练中的密码', 'ENTER').on('**训练**示例');
}

const leave = (c: Counter, password = '246810'): Counter =>
  c.on('**训练**示例', 'FN').on('**训练** 菜单', '4').on('真密码').type(password);

/** Answers every question of a quiz; `right` says how. */
function quiz(c: Counter, right: boolean): Counter {
  c.on('**训练**示例', 'FN').on('**训练** 菜单', '1');
  for (let at = 1; at <= 5; at++) {
    c.on(`小测${at}/5`);
    const { zh, right: answer } = asked(c);
    expect(c.screen).toContain(zh[2]);
    c.keys(String(right ? answer : 3 - answer)).on(right ? '答对了' : '再想想', 'ENTER');
  }
  return c.on('**训练** 成绩');
}

/** The question on the screen. */
function asked(c: Counter) {
  const [, ...lines] = c.screen.split('\n');
  const found = c.profile.training?.questions.find(({ zh }) => zh.every((line, i) => line === lines[i]));
  if (!found) throw new Error(`no such question:\n${c.screen}`);
  return found;
}

describe('nothing of training leaves it', () => {
  test('a sale, void and refund: no byte to the acquirer, no record in the journal, every screen and slip marked', () => {
    const { c, books } = counter();
    begin(c);
    const sent = c.network.messages.length;
    const head = c.journal.headSeq;
    const [screens, slips, traced, logged] = [c.screens.length, c.slips.length, c.traced.length, c.log.length];
    sell(c, 10_000);
    giveBack(c, 4_000);
    c.on('**训练**示例', 'F3').on('请输入主管密码').type('246810').on('请输入原凭证号');
    expect(c.network.messages.length).toBe(sent);
    expect(c.journal.headSeq).toBe(head);
    c.keys('CANCEL').on('**训练**示例');
    for (const screen of c.screens.slice(screens)) {
      expect(screen).toMatch(/^\*\*训练\*\*/);
      expect(columnsOf(screen.split('\n')[0])).toBeLessThanOrEqual(16);
    }
    expect(c.slips.length).toBeGreaterThanOrEqual(slips + 4);
    for (const slip of c.slips.slice(slips)) {
      const lines = slip
        .trimEnd()
        .split('\n')
        .filter(line => line.trim() !== '');
      expect(lines[0].trim()).toBe('**训练 TRAINING 凭证无效**');
      expect(lines.at(-1)?.trim()).toBe('**训练 TRAINING 凭证无效**');
    }
    expect(c.traced.slice(traced).every(record => record.training === true)).toBe(true);
    expect(c.log.slice(logged).every(line => line.includes('"training":true'))).toBe(true);
    leave(c).on('确认键:菜单');
    expect(c.screen).not.toContain('训练');
    expect(c.network.messages.length).toBe(sent);
    expect(c.journal.recordsAfter(head, ['intent', 'trace', 'slip', 'signed-on'], 10)).toEqual([]);
    expect(c.journal.recordsOfKinds(['training-began', 'training-ended']).map(one => one.kind)).toEqual([
      'training-began',
      'training-ended',
    ]);
    const inner = value(openJournal({ path: books, readOnly: true }));
    expect(inner.list({ limit: 10 }).map(txn => txn.kind)).toEqual(['refund', 'sale']);
    expect(inner.list({ limit: 10 }).every(txn => txn.trace > 900_000)).toBe(true);
    inner.close();
    // The real counter goes on as if nothing had been.
    paidSale(c, 5_000);
    expect(c.differences()).toEqual([]);
  });

  test('a power cut in training leads back to the real counter, and the books of training go on', () => {
    const { c } = counter();
    sell(begin(c), 10_000);
    c.crash();
    c.start();
    c.wait(() => c.screen.includes('确认键:菜单') && !c.screen.includes('训练'), 'no idle screen of the real counter');
    expect(c.journal.recordsOfKinds(['training-ended'])).toEqual([]);
  });

  test('the counter stops out of a training, and the score is kept', () => {
    const { c } = counter();
    quiz(begin(c), true);
    c.stop();
    c.wait(() => c.ended !== undefined, 'the runtime did not stop');
    expect(c.ended).toEqual({ kind: 'stopped' });
    expect(c.journal.trained('01')).toBe(true);
  });
});

describe('when training may begin', () => {
  const refusedAt = (c: Counter, text: string): void => {
    c.on('确认键:菜单', 'MENU').on('主菜单', '7').on('管理', '1').on('1.操作员', '1').on('请输入操作员号').type('00');
    typeSupervisorPassword(c, '请输入操作员密码').on('主管功能', 'F1').on(text, 'ENTER');
    expect(c.journal.recordsOfKinds(['training-began'])).toEqual([]);
  };

  test('not over a batch; after the settlement it may', () => {
    const { c } = counter();
    paidSale(c, 5_000);
    refusedAt(c, '有未结算交易');
    settled(settle(c));
    c.keys('ENTER').on('请输入操作员号').type('01').on('请输入操作员密码').type('0000');
    c.on('首次登录请改密').type('2580').on('请再输一次').type('2580').on('签到成功', 'ENTER');
    begin(c);
  });

  test('not while a refund is unknown', () => {
    const { c } = counter();
    paidSale(c, 10_000);
    refund(c, 2, 1_068);
    c.on('退货结果未知', 'ENTER');
    c.on('确认键:菜单');
    refusedAt(c, '有未了结的退货');
  });

  test('not where there is no room for it; only cashiers are trained', () => {
    const c = open();
    refusedAt(c, '交易已关闭');
    const other = counter().c;
    other
      .on('确认键:菜单', 'MENU')
      .on('主菜单', '7')
      .on('管理', '1')
      .on('1.操作员', '1')
      .on('请输入操作员号')
      .type('00');
    typeSupervisorPassword(other, '请输入操作员密码').on('主管功能', 'F1').on('确认进入', 'ENTER');
    other.on('受训操作员号').type('00').on('只训练01-98号').type('77').on('操作员').keys('CANCEL');
  });

  test('only the real password of who began it leads out', () => {
    const { c } = counter();
    leave(begin(c), '135790').on('密码不符');
    c.type('246810').on('确认键:菜单');
  });
});

describe('quiz, drills and score', () => {
  test('a quiz that was passed is in the journal of the shop, and opens refunds where the policy asks for it', () => {
    const { c } = counter({ change: { policy: { refundNeedsTraining: true } } });
    quiz(begin(c), true).on('合格', 'ENTER').on('**训练** 菜单', 'CANCEL');
    leave(c).on('训练结束');
    expect(c.screen).toContain('01号 得分5/5\n合格');
    c.keys('ENTER').on('确认键:菜单');
    expect(c.journal.recordsOfKinds(['training']).map(({ body }) => body)).toEqual([
      { operator: '01', by: '00', score: 5, of: 5, passed: true },
    ]);
    paidSale(c, 10_000);
    paper(refund(c, c.journal.nextTrace() - 1, 1_000));
  });

  test('who failed or was never trained may not refund, and hears what to do', () => {
    const { c } = counter({ change: { policy: { refundNeedsTraining: true } } });
    quiz(begin(c), false).on('不合格', 'ENTER').on('**训练** 菜单', 'CANCEL');
    leave(c).on('01号 得分0/5', 'ENTER');
    paidSale(c, 10_000);
    refundByVoucher(c, c.journal.nextTrace() - 1)
      .type(1_000)
      .on('未通过退货培训');
    expect(c.screen).toContain('请主管开训练');
    expect(c.sent('0220')).toEqual([]);
  });

  test('a removed operator takes the pass along', () => {
    const { c } = counter();
    const now = c.world.nowMs();
    c.journal.addOperator(now, '44', '2468', '00');
    c.journal.appendTraining(now, { operator: '44', by: '00', score: 5, of: 5, passed: true });
    expect(c.journal.trained('44')).toBe(true);
    c.journal.removeOperator(now, '44', '00');
    c.journal.addOperator(now, '44', '2468', '00');
    expect(c.journal.trained('44')).toBe(false);
    expect(c.journal.verify().ok).toBe(true);
  });

  test('drills look at what was done: the slip is printed again, nothing is paid twice', () => {
    const { c } = counter();
    begin(c);
    drill(c, 'slip-again');
    sell(c, 4_000);
    check(c, '没做对');
    const slips = c.slips.length;
    c.on('**训练**示例', 'F1').wait(() => c.slips.length > slips, 'no slip');
    c.on('**训练**示例');
    check(c, '合格');
  });

  test('a refund without an answer must not be made again', () => {
    const { c } = counter();
    begin(c);
    drill(c, 'unknown-refund');
    sell(c, 5_000);
    beginGiveBack(c, 1_068).on('切勿重复退货', 'ENTER').on('**训练**示例');
    check(c, '合格');
  });

  test('a late answer is reversed, and the sale made anew', () => {
    const { c } = counter();
    begin(c);
    drill(c, 'late-answer');
    pay(c, 3_069).on('冲正成功', 'ENTER').on('**训练**');
    c.wait(() => c.screen.includes('示例'), 'no idle screen');
    sell(c, 3_000);
    check(c, '合格');
  });

  test('a check without a drill says so; UP and DOWN look through them', () => {
    const { c } = counter();
    begin(c).keys('FN').on('**训练** 菜单', '3').on('没有进行中的演练', 'ENTER').on('**训练** 菜单', '2');
    c.on('演练1/').keys('UP').on('演练7/').keys('DOWN').on('演练1/').keys('DOWN').on('演练2/');
  });

  test("the shop's own past asks questions without telling whose", () => {
    const { c } = counter();
    paidSale(c, 10_000);
    refundByVoucher(c, 2).keys('CANCEL').on('确认键:菜单');
    paper(refund(c, 2, 4_000));
    const now = c.world.nowMs();
    c.journal.appendRefused(now, { act: 'refund', operator: '01', prompt: 'E07', amountMinor: 6_000 });
    const shop = { journal: c.journal, hal: { clock: c.world } } as unknown as Parameters<typeof pastQuestions>[0];
    const questions = pastQuestions(shop);
    expect(questions.map(({ zh }) => zh.join(' '))).toEqual([
      '退60.00, 拿来另一张卡. 1刷这张 2要原卡',
      '整单里只退 40.00.用? 1撤销 2退货',
    ]);
    for (const { zh, en, why } of questions)
      for (const line of [...zh, ...en, ...why.zh, ...why.en]) expect(columnsOf(line)).toBeLessThanOrEqual(16);
  });
});

/** A sale of training up to its slips: nobody asks for a PIN. */
function pay(c: Counter, amountMinor: number): Counter {
  c.on('**训练**示例', 'ENTER').on('主菜单', '1').on('请输入金额').type(amountMinor).on('请插卡/刷卡/挥卡');
  return c.swipe('swipe').on('卡号:', 'ENTER');
}

function sell(c: Counter, amountMinor: number): Counter {
  return finish(pay(c, amountMinor));
}

function finish(c: Counter): Counter {
  return c.on('请撕下', 'ENTER').on('交易完成', 'ENTER').on('**训练**示例');
}

function beginGiveBack(c: Counter, amountMinor: number): Counter {
  c.on('**训练**示例', 'ENTER').on('主菜', '3').on('1.银行卡', '1').on('请输入主管密码').type('246810');
  c.on('1.查本机流水', '1').on('请输入原凭证号').type(lastVoucher(c)).on('退货-原', 'ENTER').on('请插卡/刷卡/挥卡');
  return c.swipe('swipe').on('请输入退货金额').type(amountMinor).on('请确认退货金额', 'ENTER').on('请选退', '1');
}

const giveBack = (c: Counter, amountMinor: number): Counter => finish(beginGiveBack(c, amountMinor));

/** Voucher of the newest sale slip. */
function lastVoucher(c: Counter): string {
  const found = [...(c.slips.at(-1) ?? '').matchAll(/9000\d\d/g)].at(0);
  return found?.[0] ?? '';
}

function drill(c: Counter, id: string): void {
  const index = c.profile.training?.drills.findIndex(one => one.id === id) ?? -1;
  c.on('**训练**示例', 'FN').on('**训练** 菜单', '2').on('演练1/');
  for (let at = 1; at <= index; at++) c.keys('DOWN').on(`演练${at + 1}/`);
  c.keys('ENTER').on('任务', 'ENTER').on('**训练**示例');
}

function check(c: Counter, verdict: string): void {
  c.on('**训练**示例', 'FN').on('**训练** 菜单', '3').on(verdict, 'ENTER').on('**训练** 菜单', 'CANCEL');
}

test('in English, and begun by 99: the same marks, the password of 99 leads out', () => {
  const { c } = counter({ lang: 'en' });
  c.on('ENTER:MENU', 'MENU').on('MENU', '7').on('MANAGE', '1').on('1.', '1').on('OPERATOR').type('99').on('PASSWORD');
  c.type('00000000')
    .on('NEW PASSWORD')
    .type('24682468')
    .on('AGAIN')
    .type('24682468')
    .on('SYSTEM', '9')
    .on('ENTER TRAINING?', 'ENTER');
  c.on('TRAINEE NO').type('02').on('PASSWORDS HERE', 'ENTER').on('*TRAIN*');
  const screens = c.screens.length;
  c.wait(() => c.screen.includes('ENTER:MENU'), 'no idle screen');
  c.keys('FN').on('*TRAIN* MENU', '1').on('*TRAIN* QUIZ 1/5', 'CANCEL').on('*TRAIN* MENU', '4').on('REAL PASSWORD');
  for (const screen of c.screens.slice(screens)) expect(screen).toMatch(/^\*TRAIN\*/);
  c.type('24682468').wait(() => !c.screen.includes('TRAIN'), 'training was not left');
  expect(c.journal.recordsOfKinds(['training'])).toEqual([]);
  expect(c.journal.recordsOfKinds(['training-ended']).map(({ body }) => body)).toEqual([{ operator: '02', by: '99' }]);
});

test('books of training that cannot be opened leave the real counter as it is', () => {
  const c = open({
    training: () => ({
      open: opened => opened(failed(fault('E_FAILURE', 'journal-damaged', 'the books are damaged', 'Delete them'))),
    }),
  });
  c.on('确认键:菜单', 'MENU').on('主菜单', '7').on('管理', '1').on('1.操作员', '1').on('请输入操作员号').type('00');
  typeSupervisorPassword(c, '请输入操作员密码').on('主管功能', 'F1').on('确认进入', 'ENTER');
  c.on('受训操作员号').type('01').on('训练中的密码', 'ENTER').on('训练无法开启', 'ENTER');
  expect(c.journal.recordsOfKinds(['training-began'])).toEqual([]);
  paidSale(c, 5_000);
  expect(c.differences()).toEqual([]);
});
