import { readFileSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SIGN_ON, World } from './world.ts';

vi.setConfig({ testTimeout: 90_000 });
let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.end());

const PANEL = `
expect "确认=好"
keys ENTER
expect "请按每个键"
keys 9 8 7 6 5 4 3 2 1 0 00 CANCEL CLEAR FN MENU UP DOWN ALPHA F1 F2 F3 F4 ENTER
expect "读卡测试"
insert chip
expect "请取走卡片"
remove
expect "字迹清楚"
keys ENTER
`;
const TRADE = `${SIGN_ON}
expect "确认键:菜单"
keys ENTER
expect "主菜单"
keys 8
expect "其它"
keys 4
expect "主机应答正常"
keys ENTER
expect "确认键:菜单"
keys ENTER
expect "主菜单"
keys 1
expect "请输入金额"
keys 1 ENTER
expect "请插卡/刷卡/挥卡"
insert chip
expect "请持卡人输密码"
pin 123456
expect "请撕下商户存根"
keys ENTER
expect "请取走卡片"
remove
expect "确认键:菜单"
keys F3
expect "请输入主管密码"
keys 1 2 3 4 5 6 ENTER
expect "请输入新密码"
keys 2 4 6 8 1 0 ENTER
expect "请再输一次"
keys 2 4 6 8 1 0 ENTER
expect "请输入原凭证号"
keys F1
expect "撤销-原交易"
keys ENTER
expect "请选撤销原因"
keys 1
expect "请刷原卡或插卡"
insert chip
expect "请撕下商户存根"
keys ENTER
expect "请取走卡片"
remove
pause 60
`;

const doctor = (...flags: string[]): readonly string[] => [
  ...['doctor', '--port', world.at('tty'), '--profile', 'unionpay-pos', '--journal', world.at('journal.db'), ...flags],
];

test('a technician walks the whole checklist: panel, card, paper, keys, acquirer, sale and void, and the slip stays', async () => {
  const acquirer = await world.acquirer();
  await world.terminal(`${PANEL}${TRADE}`, '--slips', world.at('slips'));
  const { status, output } = await world.result(...doctor('--acquirer', acquirer.address));
  expect(output).toMatch(/ready to trade\n$/);
  expect(status).toBe(0);
  for (const step of [
    'LINE',
    'SCREEN',
    'KEYPAD',
    'CARD READER',
    'PRINTER',
    'MASTER KEY',
    'SIGN-ON',
    'ECHO',
    'TEST SALE',
  ])
    expect(output).toMatch(new RegExp(`^ok +${step}`, 'm'));
  // Card numbers as 6+4 only.
  expect(output).toMatch(/\d{6}\*+\d{4}/);
  expect(output).not.toMatch(/\d{13,19}/);
  const slips = readdirSync(world.at('slips')).filter(name => name.endsWith('.txt'));
  const last = readFileSync(`${world.at('slips')}/${slips.sort().at(-1)}`, 'utf8');
  expect(last).toContain('装机检查单');
  expect(last).toMatch(/测试撤销 +正常/);
  expect(last).toContain('结果: 可以营业');
  // What was sold was voided: the two books agree and nothing is left.
  expect(world.books().differences).toEqual([]);
  expect(world.books().journalNetMinor).toBe(0);
});

test('what fails says what to do, what was not done is not called good, and the status tells', async () => {
  await world.terminal('expect "确认=好"\npaper out\nkeys CANCEL\npause 60\n');
  const { status, output } = await world.result(
    ...['doctor', '--port', world.at('tty'), '--profile', 'unionpay-pos', '--skip', 'keypad,reader,echo', '--json'],
  );
  expect(status).toBe(1);
  const told = JSON.parse(output.slice(output.indexOf('{\n'))) as {
    good: boolean;
    slipPrinted: boolean;
    steps: { id: string; outcome: string; detail: string; remedy?: string }[];
  };
  expect(told.good).toBe(false);
  expect(told.slipPrinted).toBe(false);
  expect(told.steps.map(step => `${step.id} ${step.outcome}`)).toEqual([
    'line passed',
    'identity passed',
    'screen failed',
    'keypad skipped',
    'reader skipped',
    'printer failed',
    'masterKey passed',
    'signOn notDone',
    'echo skipped',
    'sale notDone',
    'void notDone',
  ]);
  expect(told.steps[5].detail).toBe('paper out');
  for (const step of told.steps)
    expect(step.remedy !== undefined).toBe(step.outcome === 'failed' || step.outcome === 'notDone');
});

test('a wrong step name, a wrong profile, a missing device: each its own status', async () => {
  const of = async (...flags: string[]): Promise<string> => {
    const { status, output } = await world.result('doctor', ...flags);
    return `${status} ${output.split('\n')[0]}`;
  };
  expect(await of('--port', '/dev/none', '--profile', 'unionpay-pos', '--skip', 'reeder')).toMatch(
    /^2 .*reeder is no step/,
  );
  expect(await of('--port', '/dev/none', '--profile', 'nobody')).toMatch(/^3 .*there is no profile "nobody"/);
  expect(await of('--port', '/dev/none', '--profile', 'unionpay-pos')).toMatch(/^4 FAILED LINE .*no serial device/);
});
