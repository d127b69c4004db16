import { describe, expect, test } from 'vitest';
import { open, paidSale, refund } from '../scenarios/people.ts';
import { Counter, type CounterOptions } from './counter.ts';
import { image, shelf } from './images.ts';

/** The terminal at the line against the profile that runs, and against the terminal of before. */

const IMAGE = image({ version: 7 });
const OTHER = image({ version: 8 });
const FROM_IMAGE: CounterOptions = { equipment: { image: IMAGE, shelf: shelf([IMAGE, OTHER]) } };
const short = (of: { digest: string }): string => of.digest.slice(0, 8);

/** The cable is pulled, and the terminal comes back with an image that nobody expects. */
function otherImage(c: Counter): void {
  c.unplug();
  c.terminal.slots.install('A', IMAGE.bytes);
  c.world.pass(2000);
  c.plug();
}

/** Nobody can sell: not by key, not by card, not from the menu. */
function sellsNothing(c: Counter): void {
  expect(c.terminal.listening().magnetic).toBe(false);
  const sent = c.network.messages.length;
  c.keys('MENU').on('主菜单', '1').on('机具配置不符', 'ENTER').on('停用');
  c.keys('F3').on('机具配置不符', 'ENTER').on('停用');
  expect(c.network.messages.length).toBe(sent);
}

describe('the image in the terminal', () => {
  test('the one that runs: it trades, and the terminal is written down once', () => {
    const c = new Counter(FROM_IMAGE);
    c.terminal.slots.install('A', IMAGE.bytes);
    c.on('请按任意键签到', 'ENTER').on('签到成功', 'ENTER');
    paidSale(c, 10_000);
    expect(c.journal.recordsOfKinds(['terminal'])).toHaveLength(1);
    expect(c.journal.lastTerminal()).toEqual({
      serialNumber: 'SIM00000001',
      model: 'VIRTUAL TERMINAL',
      firmware: '1.0',
      digest: IMAGE.digest,
      profile: 'unionpay-pos',
      version: 7,
    });
    c.unplug();
    c.world.pass(3000);
    c.plug();
    c.world.pass(3000);
    c.on('确认键:菜单');
    expect(c.journal.recordsOfKinds(['terminal'])).toHaveLength(1);
  });

  test('an empty slot: the idle screen says what there is and what is needed; books and menus work, nothing is sold', () => {
    const c = new Counter(FROM_IMAGE);
    c.on('停用:镜像不符');
    expect(c.screen).toBe(`停用:镜像不符\n机具 empty\n应为 ${short(IMAGE)}\n技师:99菜单6刷写`);
    c.keys('F1').on('签到成功', 'ENTER').on('停用:镜像不符');
    sellsNothing(c);
    c.keys('MENU').on('主菜单', '7').on('管理', '7').on('unionpay-pos v7');
    expect(c.log.some(line => line.includes('terminal-refused') && line.startsWith('error'))).toBe(true);
  });

  test('another image: named by both digests, in English too', () => {
    const c = new Counter({ ...FROM_IMAGE, lang: 'en' });
    c.terminal.slots.install('A', OTHER.bytes);
    c.on('STOPPED:IMAGE');
    expect(c.screen).toBe(`STOPPED:IMAGE\nHAS  ${short(OTHER)}\nNEED ${short(IMAGE)}\nTECHNICIAN: 99-6`);
  });

  test('a profile from a source on a terminal that holds an image: run that image', () => {
    const c = new Counter();
    c.terminal.slots.install('A', IMAGE.bytes);
    c.on('停用:镜像不符');
    expect(c.screen).toContain(`机具 ${short(IMAGE)}\n应为 empty\n请用此镜像启动`);
  });

  test('it comes while a refund is held: it goes out neither by a key nor by itself', () => {
    const c = open({ change: { policy: { refundHoldSeconds: 300 } } });
    paidSale(c, 10_000);
    refund(c, 2, 4_000).on('退货待发送');
    otherImage(c);
    c.on('退货待发送', '1').on('机具配置不符', 'ENTER').on('停用:镜像不符');
    const screens = c.screens.length;
    c.pause(1_000);
    expect(c.screens.slice(screens).filter(screen => !screen.includes('停用'))).toEqual([]);
    expect(c.sent('0220')).toEqual([]);
    expect(c.journal.heldRefunds()).toHaveLength(1);
  });

  test('an open batch can be settled although nothing is sold', () => {
    const c = open();
    paidSale(c, 10_000);
    otherImage(c);
    c.world.pass(3000);
    expect(c.screen).toContain('停用:镜像不符');
    c.keys('MENU').on('主菜单', '7').on('管理', '4').on('是否批结算', 'ENTER');
    for (const page of ['内卡销售总计', '内卡退货总计']) c.on(page, 'ENTER');
    c.on('外卡销售总计', 'ENTER')
      .on('确认-开始结算', 'ENTER')
      .on('是否打印明细', '0')
      .on('结算成功', 'ENTER')
      .on('停用');
    expect(c.journal.counts().batch).toBe(0);
  });
});

describe('model and firmware', () => {
  const forModel = (models: Parameters<typeof image>[0]): CounterOptions => {
    const one = image(models);
    return { equipment: { image: one, shelf: shelf([one]) } };
  };

  test('another model, too old a firmware', () => {
    const model = new Counter(forModel({ models: [{ name: 'BIG-1' }] }));
    model.on('停用:机型不符');
    expect(model.screen).toContain('机具 ~L TERMINAL\n应为 BIG-1');
    const firmware = new Counter(forModel({ models: [{ name: 'VIRTUAL TERMINAL', firmwareMin: '1.10' }] }));
    firmware.on('停用:固件不符');
    expect(firmware.screen).toContain('机具 1.0\n应为 1.10');
  });
});

describe('another terminal than before', () => {
  /** The journal of a counter on a terminal, then another counter on it. */
  function changed(path: string, next: CounterOptions): Counter {
    const first = open({ journal: path });
    first.crash();
    first.journal.close();
    return new Counter({ journal: path, onDuty: false, ...next });
  }

  test('its serial number: log, record, a screen until somebody has seen it, also after a restart', async () => {
    const { mkdtempSync, rmSync } = await import('node:fs');
    const { tmpdir } = await import('node:os');
    const { join } = await import('node:path');
    const folder = mkdtempSync(join(tmpdir(), 'equipment-'));
    try {
      const path = join(folder, 'shop.db');
      const c = changed(path, { terminal: { serialNumber: 'SIM00000002' } });
      c.on('序列号已变更');
      expect(c.screen).toContain('原 SIM00000001\n现 SIM00000002');
      expect(c.log.some(line => line.startsWith('warn') && line.includes('terminal-changed'))).toBe(true);
      expect(c.terminal.listening().magnetic).toBe(false);
      c.keys('F3').on('序列号已变更');
      c.crash();
      c.start();
      c.on('序列号已变更', 'ENTER').on('确认键:菜单');
      expect(c.journal.terminalChange()).toBeUndefined();
      expect(c.journal.recordsOfKinds(['terminal-acknowledged']).map(one => one.body)).toMatchObject([
        { operator: '01' },
      ]);
      c.crash();
      c.start();
      c.on('确认键:菜单');
      expect(c.journal.recordsOfKinds(['terminal'])).toHaveLength(2);
      expect(c.journal.verify().ok).toBe(true);
      c.journal.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
