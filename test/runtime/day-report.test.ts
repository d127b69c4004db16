import { expect, test } from 'vitest';
import { type DaySlip, slipLines } from '../../src/terminal/slips/slip.ts';
import { columnsOf } from '../../src/wire/gbk.ts';
import { open, paidSale, paper, refund, typeSupervisorPassword, voidSale } from '../scenarios/people.ts';

test('supervisor 00 prints the day report at any time: money of the day, the open batch, what waits', () => {
  const c = open();
  paidSale(paidSale(c, 10_000), 20_000, 'chip');
  paper(voidSale(c, 3, 'chip'));
  paper(refund(c, 2, 4_000));
  const printed = c.slips.length;
  c.on('确认键:菜单', 'MENU').on('主菜单', '7').on('管理', '1').on('1.操作员', '1').on('请输入操作员号').type('00');
  typeSupervisorPassword(c, '请输入操作员密码').on('主管功能', '8').on('确认键:菜单');
  const slip = c.slips.slice(printed).join('\n');
  expect(slip).toContain('DAY REPORT (X)');
  const row = (label: string): string => slip.split('\n').find(line => line.includes(label)) ?? '';
  expect(row('消费/SALE')).toMatch(/ 2 +300\.00$/);
  expect(row('撤销/VOID')).toMatch(/ 1 +200\.00$/);
  expect(row('退货/REFUND')).toMatch(/ 1 +40\.00$/);
  expect(row('净额/NET')).toMatch(/ 60\.00$/);
  expect(row('X 000001')).toMatch(/ 4 +60\.00$/);
  expect(c.journal.counts().batch).toBe(4);
});

const SLIP: DaySlip = {
  kind: 'day',
  shop: { merchantName: 'CORNER SHOP', merchantNo: '898310148160001', terminalNo: '10000001' },
  operator: '00',
  at: { year: 2026, month: 11, day: 21, hour: 22, minute: 5, second: 9 },
  sales: { count: 999, amountMinor: 123_456_789_012 },
  voids: { count: 2, amountMinor: 30_000 },
  refunds: { count: 3, amountMinor: 45_000 },
  netMinor: 123_456_714_012,
  wallets: [{ wallet: 'unionpayQr', sales: { count: 1, amountMinor: 100 }, back: { count: 0, amountMinor: 0 } }],
  externalRefunds: { count: 1, amountMinor: 5_000 },
  open: { batch: '000013', count: 0, netMinor: 0 },
  left: [{ batch: '000011', count: 2, netMinor: 100 }],
  closed: [{ batch: '000012', count: 1004, netMinor: -1 }],
  heldRefunds: { count: 1, amountMinor: 100 },
  unknownRefunds: { count: 0, amountMinor: 0 },
  openCases: 2,
  anchor: '9f3c-41aa-77d0-b2e6',
};

test.each([
  [32, 'zh'],
  [48, 'zh'],
  [32, 'en'],
  [48, 'en'],
] as const)('%i columns, %s: no line is wider, nothing is cut, batches closed today stand as Z', (columns, lang) => {
  const lines = slipLines(SLIP, { columns, lang });
  expect(Math.max(...lines.map(columnsOf))).toBeLessThanOrEqual(columns);
  const text = lines.join('\n');
  expect(text).toMatch(/Z 000012 +1004 +-0\.01/);
  expect(text).toMatch(/X 000013 +0 +0\.00/);
  expect(text.replaceAll(/[\s,]/g, '')).toContain('1234567890.12');
  expect(text).toContain('9f3c-41aa-77d0-b2e6');
  expect(/[\u4e00-\u9fff]/.test(text)).toBe(lang === 'zh');
});
