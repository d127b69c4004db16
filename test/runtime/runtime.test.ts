import { describe, expect, test } from 'vitest';
import { faultText } from '../../src/fault.ts';
import { fault } from '../../src/fault.ts';
import { deviceFaultNames } from '../../src/device/stat.ts';
import { isLineFault } from '../../src/runtime/keys.ts';
import { Inbox } from '../../src/runtime/inbox.ts';
import { run, type Task, wait } from '../../src/runtime/task.ts';
import { INBOX_MAX } from '../../src/limits.ts';
import { card, Counter } from './counter.ts';
import { World } from './world.ts';

describe('line faults', () => {
  const is = (name: string): boolean => isLineFault(fault('E_TIMEOUT', name, '', ''));

  test('of the names that the device room knows, these and no others are the line', () => {
    expect(deviceFaultNames().filter(is).sort()).toEqual([
      'answer-damaged',
      'answer-lost',
      'answer-timeout',
      'line-down',
      'no-acknowledge',
      'no-reply-to-cancel',
      'not-connected',
      'refused-three-times',
    ]);
  });

  test('a person who takes long is none', () => {
    expect(is('operator-timeout')).toBe(false);
    expect(is('operator-cancelled')).toBe(false);
  });
});

describe('tasks', () => {
  test('waits that resume at once do not grow the stack', () => {
    function* many(): Task<number> {
      let sum = 0;
      for (let i = 0; i < 50_000; i++) sum += yield* wait<number>(resume => resume(1));
      return sum;
    }
    let got = 0;
    run(many(), value => {
      got = value;
    });
    expect(got).toBe(50_000);
  });

  test('a wait that resumes twice is a bug', () => {
    let again: (value: number) => void = () => undefined;
    function* one(): Task<number> {
      return yield* wait<number>(resume => {
        again = resume;
        resume(1);
      });
    }
    run(one(), () => undefined);
    expect(() => again(2)).toThrow('twice');
  });
});

describe('the inbox', () => {
  test('an event that is posted by another waits for its end', () => {
    const inbox = new Inbox();
    const seen: string[] = [];
    inbox.post(() => {
      inbox.post(() => seen.push('second'));
      seen.push('first');
    });
    expect(seen).toEqual(['first', 'second']);
  });

  test('after an event that threw, the next one is handled', () => {
    const inbox = new Inbox();
    expect(() => inbox.post(() => { throw new Error('bug'); })).toThrow('bug'); // prettier-ignore
    let seen = false;
    inbox.post(() => {
      seen = true;
    });
    expect(seen).toBe(true);
  });

  test('its bound is a bug of the rim', () => {
    const inbox = new Inbox();
    expect(() =>
      inbox.post(() => {
        for (let i = 0; i <= INBOX_MAX; i++) inbox.post(() => undefined);
      }),
    ).toThrow(`${INBOX_MAX} events`);
  });
});

describe('the runtime ends', () => {
  test('at the idle screen at once', () => {
    const c = new Counter().on('请按任意键签到', 'ENTER').on('签到成功', 'ENTER').on('确认键:菜单');
    c.stop();
    c.wait(() => c.ended !== undefined, 'the runtime did not end');
    expect(c.ended).toEqual({ kind: 'stopped' });
  });

  test('during an exchange only after its outcome, with the slip of what was approved', () => {
    const c = new Counter({ rules: [{ match: { mti: '0200' }, do: { delayMs: 5_000 } }] });
    c.on('请按任意键签到', 'ENTER')
      .on('签到成功', 'ENTER')
      .on('确认键:菜单', 'ENTER')
      .on('主菜单', '1')
      .on('请输入金额')
      .type(10_000);
    c.swipe('swipe').on('卡号:', 'ENTER').on('请持卡人输密码').type('123456');
    c.wait(() => c.sent('0200').length === 1, 'the sale was not sent');
    c.stop();
    c.wait(() => c.ended !== undefined, 'the runtime did not end');
    expect(c.journal.list()[0].state).toBe('approved');
    expect(c.slips).toHaveLength(1);
    expect(JSON.stringify(c.slips)).toContain('商户存根');
    expect(c.differences()).toEqual([]);
  });

  test('during an exchange while the terminal is unplugged: the outcome comes first', () => {
    const c = new Counter({ rules: [{ match: { mti: '0200' }, do: { delayMs: 5_000 } }] });
    c.on('请按任意键签到', 'ENTER').on('签到成功', 'ENTER').on('确认键:菜单', 'ENTER').on('主菜单', '1');
    c.on('请输入金额').type(10_000).swipe('swipe').on('卡号:', 'ENTER').on('请持卡人输密码').type('123456');
    c.wait(() => c.sent('0200').length === 1, 'the sale was not sent');
    c.unplug();
    c.stop();
    c.pause(10).plug();
    c.wait(() => c.ended !== undefined, 'the runtime did not end');
    expect(c.journal.list()[0].state).toBe('approved');
    expect(c.differences()).toEqual([]);
  });

  test('while the terminal is unplugged at the idle screen', () => {
    const c = new Counter().on('请按任意键签到', 'ENTER').on('签到成功', 'ENTER').on('确认键:菜单');
    c.unplug();
    c.pause(2).stop();
    expect(c.ended).toEqual({ kind: 'stopped' });
  });

  test('a terminal without a panel cannot carry the profile', () => {
    const c = new Counter({ panel: false });
    c.wait(() => c.ended !== undefined, 'the runtime did not end');
    const { ended } = c;
    expect(ended?.kind === 'terminal' && faultText(ended.fault)).toContain('no-panel');
  });
});

describe('the harness', () => {
  test('virtual time: alarms in order of time, then of setting', () => {
    const world = new World(0);
    const seen: string[] = [];
    world.set(20, () => seen.push('b'));
    world.set(10, () => {
      seen.push('a');
      world.set(10, () => seen.push('c'));
    });
    const gone = world.set(15, () => seen.push('never'));
    world.clear(gone);
    world.pass(19);
    expect([seen.join(''), world.monotonicMs()]).toEqual(['a', 19]);
    world.pass(1);
    expect([seen.join(''), world.nowMs()]).toEqual(['abc', 20]);
  });

  test('the same seed gives the same history to the byte', () => {
    const history = (): string => {
      const c = new Counter({ seed: 7 })
        .on('请按任意键签到', 'ENTER')
        .on('签到成功', 'ENTER')
        .on('确认键:菜单')
        .insert('chip');
      c.on('请输入金额')
        .type(1_234)
        .on('请持卡人输密码')
        .type('123456')
        .on('请撕下商户存根', 'ENTER')
        .on('交易完成')
        .remove()
        .on('确认键:菜单');
      const bytes = c.network.messages.map(m => Buffer.from(m.bytes).toString('hex'));
      return [c.journal.anchor(), ...bytes, ...c.screens, ...c.slips].join('\n');
    };
    expect(history()).toBe(history());
  });

  test('a failing expectation tells the screen, the messages and the log', () => {
    const c = new Counter();
    expect(() => c.wait(() => false, 'nothing came', 1000)).toThrow(
      /nothing came within 1 s\nscreen:\n {2}\| 示例百货商店[^]*last messages:[^]*log:/,
    );
  });

  test('money that only one side has is found', () => {
    const c = new Counter()
      .on('请按任意键签到', 'ENTER')
      .on('签到成功', 'ENTER')
      .on('确认键:菜单')
      .swipe(card('swipe'));
    c.on('请输入金额').type(1_000).on('卡号:', 'ENTER').on('请持卡人输密码').type('123456').on('请撕下商户存根');
    expect(c.differences()).toEqual([]);
    c.ledger.db.exec("UPDATE txn SET amountMinor = 999 WHERE kind = 'sale'");
    expect(c.differences().join()).toContain('acquirer 9.99');
    c.ledger.db.exec("DELETE FROM txn WHERE kind = 'sale'");
    expect(c.differences().join()).toContain('acquirer says nothing');
  });
});
