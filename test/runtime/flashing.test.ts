import { describe, expect, test } from 'vitest';
import { imageCheck } from '../../src/sim/terminal/image-check.ts';
import { open, paidSale, sale } from '../scenarios/people.ts';
import { Counter, type CounterOptions } from './counter.ts';
import { image, MAKER, shelf } from './images.ts';

/** F23 at a whole counter: menu 99 flashes a signed image, tests it, writes it down and goes on with it. */

const OLD = image({ version: 7 });
const NEW = image({ version: 8, policy: { refundMaxMinor: 500_000, voidNeedsReason: false } });

/** A counter that runs OLD on a terminal that holds it, with NEW on the shelf. */
function counter(options: CounterOptions = {}): Counter {
  const installed = { now: OLD.bytes };
  const c: Counter = new Counter({
    equipment: { image: OLD, shelf: shelf([OLD, NEW]) },
    terminal: {
      checkImage: imageCheck([MAKER.publicKey], {
        model: 'VIRTUAL TERMINAL',
        firmware: '1.0',
        serialNumber: 'SIM00000001',
        installed: () => installed.now,
      }),
    },
    ...options,
  });
  c.terminal.slots.install('A', OLD.bytes);
  return c;
}

/** 99 logs on at a counter that is signed off. */
function technician(c: Counter, password = '24681357'): Counter {
  c.on('未签到', 'MENU')
    .on('主菜单', '7')
    .on('管理', '1')
    .on('1.操作员', '1')
    .on('请输入操作员号')
    .type('99')
    .on('请输入操作员密码');
  if (c.journal.operator('99')?.mustChange === true)
    c.type('00000000').on('首次登录请改密').type(password).on('请再输一次').type(password);
  else c.type(password);
  return c.on('系统管理');
}

/** Presses the key that the test of screen and keypad asks for. */
function pressCode(c: Counter): Counter {
  c.on('看得清请按');
  return c.keys(/请按 (\d)/.exec(c.screen)?.[1] ?? '0');
}

describe('F23', () => {
  test('from menu 99: differences, flash, tests, slip, record, and the program goes on with the new profile', () => {
    const c = counter();
    technician(c).keys('6').on('差异3项');
    expect(c.screen).toMatch(/当前 .* v7/);
    expect(c.screen).toMatch(/新 .* v8/);
    c.keys('ENTER').on('差异 1/3 !');
    const first = c.screen;
    c.keys('DOWN').on('差异 2/3');
    expect(first).not.toBe(c.screen);
    c.keys('ENTER').on('确认刷写?');
    expect(c.screen).toContain('金额密钥项 1');
    c.keys('ENTER');
    pressCode(c).on('刷写成功');
    expect(c.screens.some(screen => /正在刷写 \d\d\d%/.test(screen))).toBe(true);
    expect(c.screens.some(screen => screen.includes('回响测试'))).toBe(true);
    expect([c.terminal.slots.active, c.terminal.slots.state]).toEqual(['B', 'C']);
    const slip = c.slips.at(-1) ?? '';
    expect(slip).toContain('刷写凭单');
    expect(slip).toContain('unionpay-pos v8');
    expect(slip).toContain('5000.00');
    expect(c.journal.flashes(1)[0]).toMatchObject({
      digest: NEW.digest,
      profile: 'unionpay-pos',
      version: 8,
      from: { profile: 'unionpay-pos', version: 7, digest: OLD.digest },
      by: '99',
      outcome: 'flashed',
      tests: ['echo', 'printer', 'panel'],
      serialNumber: 'SIM00000001',
    });
    expect(c.journal.flashes(1)[0].changes.some(line => line.includes('refundMaxMinor'))).toBe(true);
    c.keys('ENTER');
    c.wait(() => c.ended !== undefined, 'the runtime never ended');
    expect(c.ended).toMatchObject({ kind: 'flashed', image: { digest: NEW.digest } });

    // The next runtime, on the new image: nothing is odd, and it trades.
    c.profile = NEW.profile;
    c.equipment = { image: NEW, shelf: shelf([OLD, NEW]) };
    c.start();
    c.on('请按任意键签到', 'ENTER').on('签到成功', 'ENTER');
    paidSale(c, 10_000);
    expect(c.journal.lastTerminal()).toMatchObject({ digest: NEW.digest, version: 8 });
    expect(c.journal.terminalChange()).toBeUndefined();
    expect(c.journal.verify().ok).toBe(true);
  });

  test('a key that is not pressed: the terminal goes back, the screen says so, nothing is believed', () => {
    const c = counter();
    technician(c).keys('6').on('刷写配置', 'ENTER').on('差异 1/3', 'ENTER').on('确认刷写?', 'ENTER').on('看得清请按');
    c.on('刷写失败 已回退');
    expect(c.screen).toContain('屏幕键盘测试');
    expect([c.terminal.slots.active, c.terminal.slots.state]).toEqual(['A', 'C']);
    expect(c.journal.flashes(1)[0]).toMatchObject({ outcome: 'fellBack', tests: ['echo', 'printer'] });
    c.keys('ENTER').on('系统管理', '6').on('差异3项', 'CANCEL').on('系统管理', 'CANCEL').on('未签到');
    expect(c.ended).toBeUndefined();
    expect(c.journal.terminalChange()).toBeUndefined();
  });

  test('no echo: it goes back before anybody is asked for a key', () => {
    const c = counter({ rules: [{ match: { mti: '0820' }, do: { silent: true } }] });
    technician(c)
      .keys('6')
      .on('刷写配置', 'ENTER')
      .on('差异 1/3', 'ENTER')
      .on('确认刷写?', 'ENTER')
      .on('刷写失败 已回退');
    expect(c.screen).toContain('回响测试');
    expect(c.journal.flashes(1)[0]).toMatchObject({ outcome: 'fellBack', tests: [] });
  });

  /** Up to the middle of the load. */
  const halfWay = (c: Counter): Counter => {
    technician(c).keys('6').on('刷写配置', 'ENTER').on('差异 1/3', 'ENTER').on('确认刷写?', 'ENTER').on('正在刷写 05');
    expect(c.terminal.slots.active).toBe('A');
    return c;
  };

  test('asked to stop in the middle of the load: it ends, and the old image runs', () => {
    const c = halfWay(counter());
    c.stop();
    c.wait(() => c.ended !== undefined, 'the runtime never ended');
    expect(c.ended).toEqual({ kind: 'stopped' });
    expect([c.terminal.slots.active, c.terminal.slots.state]).toEqual(['A', 'C']);
    expect(c.journal.flashes(1)[0]).toMatchObject({ outcome: 'fellBack', tests: [] });
  });

  test('killed in the middle of the load, and on trial: the next start goes on with the old image, the next flash ends', () => {
    const c = halfWay(counter());
    c.crash();
    c.start();
    technician(c).keys('6').on('刷写配置', 'ENTER').on('差异 1/3', 'ENTER').on('确认刷写?', 'ENTER').on('看得清请按');
    expect(c.terminal.slots.state).toBe('T');
    c.crash();
    c.start();
    // The trial of the new image is still on: nothing is sold, and it ends by itself.
    c.on('停用:试运行不符').on('未签到');
    expect([c.terminal.slots.active, c.terminal.slots.state]).toEqual(['A', 'C']);
    technician(c).keys('6').on('刷写配置', 'ENTER').on('差异 1/3', 'ENTER').on('确认刷写?', 'ENTER');
    pressCode(c).on('刷写成功');
    expect(c.journal.flashes().map(one => one.outcome)).toEqual(['flashed']);
    expect(c.journal.verify().ok).toBe(true);
  });

  test('an image that the terminal refuses is not flashed', () => {
    const c = counter({ terminal: { checkImage: () => 122 } });
    technician(c)
      .keys('6')
      .on('刷写配置', 'ENTER')
      .on('差异 1/3', 'ENTER')
      .on('确认刷写?', 'ENTER')
      .on('刷写失败 已回退');
    expect([c.terminal.slots.active, c.terminal.slots.state]).toEqual(['A', 'C']);
    expect(c.journal.flashes(1)[0]).toMatchObject({ outcome: 'fellBack' });
  });

  test('refused while the books are open: each reason by its name', () => {
    const o = open({ equipment: { shelf: shelf([NEW]) } });
    const look = (): Counter => {
      o.on('确认键:菜单', 'MENU')
        .on('主菜单', '7')
        .on('管理', '1')
        .on('1.操作员', '1')
        .on('请输入操作员号')
        .type('99')
        .on('请输入操作员密码');
      if (o.journal.operator('99')?.mustChange === true)
        o.type('00000000').on('首次登录请改密').type('24681357').on('请再输一次').type('24681357');
      else o.type('24681357');
      return o.on('系统管理', '6');
    };
    look().on('请先签退', 'ENTER').on('1.终端参数', 'CANCEL');
    paidSale(o, 10_000);
    look().on('请先结算', 'ENTER').on('1.终端参数', 'CANCEL');
    o.faults({ match: { mti: '0200' }, do: { silent: true } }, { match: { mti: '0400' }, do: { silent: true } });
    sale(o, 5_000).on('冲正不成功', 'ENTER');
    o.on('停用', 'MENU').on('主菜单', '7').on('管理', '1').on('1.操作员', '1').on('请输入操作员号').type('99');
    o.on('请输入操作员密码').type('24681357').on('系统管理', '6').on('冲正未完成');
  });

  test('nothing on the shelf, bad files, another model, another shop', () => {
    const says = (options: CounterOptions['equipment']): string => {
      const c = counter({ equipment: options as never });
      technician(c).keys('6');
      c.wait(() => /按任意键|确认看/.test(c.screen), 'no answer');
      return c.screen;
    };
    expect(says({ image: OLD, shelf: shelf([OLD]) })).toContain('没有新配置');
    expect(says({ image: OLD })).toContain('没有新配置');
    expect(says({ image: OLD, shelf: shelf([OLD], 1) })).toContain('签名无效');
    expect(says({ image: OLD, shelf: shelf([OLD, image({ version: 6 })]) })).toContain('没有新配置');
    expect(says({ image: OLD, shelf: shelf([OLD, image({ version: 8, models: [{ name: 'OTHER' }] })]) })).toContain(
      '机型不符',
    );
    expect(
      says({ image: OLD, shelf: shelf([OLD, image({ version: 8, id: 'other', merchantNo: '898110053110002' })]) }),
    ).toContain('没有新配置');
    expect(says({ image: OLD, shelf: shelf([OLD, image({ version: 8, id: 'other' })]) })).toContain('差异');
    const back = image({ version: 6, downgrade: { from: 7 } });
    expect(says({ image: OLD, shelf: shelf([OLD, back]) })).toContain('v6');
  });
});
