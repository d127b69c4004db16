import { createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import {
  type Counter,
  type Program,
  REFUND_FOUND,
  REFUND_FOUND_AGAIN,
  SALE_DONE,
  SETTLE,
  World,
  saleOf,
  signedOn,
} from './world.ts';

let base: World;
// A script's step waits 30 s: its own words about what is on the screen come before this.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
let world: World;

beforeAll(async () => {
  base = await signedOn();
});
afterAll(() => base.end());
beforeEach(() => {
  world = new World();
  world.continueFrom(base);
});
afterEach(() => world.end());

const IDLE = 'expect "确认键:菜单"\n';
/** A new start is at work: a script must not press keys that the old one would have read. */
const STARTED = `expect "请稍候"\n${IDLE}`;
const REVERSED = `expect "有未完成冲正"\n${IDLE}`;
const NEXT_SALE = `${saleOf('5 0 0 00')}${SALE_DONE}quit 0\n`;
const IDLE_SHOWN = /"step":"idle".*确认键:菜单/;

/** The script ran to its end; then the runtime is asked to stop and ends well. */
async function finish(terminal: Program, counter: Counter): Promise<void> {
  expect(`${await terminal.ended}\n${terminal.output}`).toMatch(/^0\n/);
  counter.program.signal('SIGINT');
  expect(await counter.program.ended).toBe(0);
}

/** State and amount of each transaction in the journal, and what does not agree with the acquirer's books. */
function books(): { rows: string[]; differences: readonly string[] } {
  const { rows, differences } = world.books();
  return { rows: rows.map(row => `${row.kind} ${row.amountMinor} ${row.journal}`), differences };
}

test('while the answer is awaited, then at the idle screen, then at the PIN: reversed once, and the line is clean each time', async () => {
  const acquirer = await world.acquirer(...world.faults({ match: { mti: '0200', nth: 1 }, do: { delayMs: 600_000 } }));
  const terminal = await world.terminal(
    `${saleOf('1 0 0 00')}expect "有未完成冲正"\nexpect "冲正成功"\n${STARTED}${saleOf('2 0 0 00').replace(/pin .*\n/, '')}${STARTED}${NEXT_SALE}`,
  );
  const first = world.run(acquirer.address);
  await acquirer.program.line(/ 0200 /);
  await first.program.cut();
  const second = world.run(acquirer.address);
  await world.screens.line(/冲正成功/);
  await world.screens.line(/确认键:菜单/);
  await second.program.cut();
  const third = world.run(acquirer.address);
  await world.screens.line(/请持卡人输密码/);
  await third.program.cut();
  const fourth = world.run(acquirer.address);
  await finish(terminal, fourth);
  expect(books()).toEqual({ rows: ['sale 10000 reversed', 'sale 50000 approved'], differences: [] });
});

test('with the request on disk and nothing sent yet: reversed, which the acquirer does not know', async () => {
  const acquirer = await world.acquirer();
  const sockets: Socket[] = [];
  // It accepts connections and never shakes hands, so TLS never lets the request out.
  const mute = createServer(socket => sockets.push(socket.on('error', () => {})));
  await new Promise<void>(resolve => mute.listen(0, '127.0.0.1', resolve));
  const port = (mute.address() as { port: number }).port;
  const called = new Promise(resolve => mute.once('connection', resolve));
  const terminal = await world.terminal(`${saleOf('1 0 0 00')}${REVERSED}${NEXT_SALE}`);
  const first = world.run(`127.0.0.1:${port}`, '--tls');
  await called;
  await first.program.cut();
  expect(world.withJournal(journal => journal.list({ limit: 1 })[0].state)).toBe('open');
  const second = world.run(acquirer.address);
  await finish(terminal, second);
  for (const socket of sockets) socket.destroy();
  mute.close();
  expect(books()).toEqual({ rows: ['sale 10000 reversed', 'sale 50000 approved'], differences: [] });
});

test('as the answer comes in: approved on both sides or reversed on both', async () => {
  const acquirer = await world.acquirer();
  const terminal = await world.terminal(`${saleOf('1 0 0 00')}${STARTED}${NEXT_SALE}`);
  const first = world.run(acquirer.address);
  await first.trace.line(/"kind":"received"/);
  await first.program.cut();
  const second = world.run(acquirer.address);
  await finish(terminal, second);
  const { rows, differences } = books();
  expect(differences).toEqual([]);
  expect(rows).toHaveLength(2);
  expect(rows[0]).toMatch(/^sale 10000 (approved|reversed)$/);
});

test('while the slip is printed: the sale stands, and its slip can be printed again', async () => {
  const acquirer = await world.acquirer();
  const terminal = await world.terminal(
    `paper out\n${saleOf('1 0 0 00')}expect "打印机缺纸"\nexpect "请插卡/刷卡/挥卡"\npaper ok\nkeys F1\nwait-slip\n${IDLE}quit 0\n`,
    ...['--slips', world.at('slips')],
  );
  const first = world.run(acquirer.address);
  await world.screens.line(/打印机缺纸/);
  await first.program.cut();
  const second = world.run(acquirer.address);
  const slip = await second.trace.line(/"kind":"slip"/);
  expect(slip).toContain('100.00');
  expect(slip).toContain('000002');
  await finish(terminal, second);
  expect(books()).toEqual({ rows: ['sale 10000 approved'], differences: [] });
});

test('during the settlement: it is resumed and ends', async () => {
  const acquirer = await world.acquirer(...world.faults({ match: { mti: '0500', nth: 1 }, do: { delayMs: 600_000 } }));
  const terminal = await world.terminal(
    `${saleOf('1 0 0 00')}${SALE_DONE}${SETTLE}expect "上次结算中断"\nexpect "是否打印明细"\nkeys CANCEL\nexpect "结算成功"\nkeys ENTER\nexpect "未签到"\nquit 0\n`,
  );
  const first = world.run(acquirer.address);
  await acquirer.program.line(/ 0500 /);
  await first.program.cut();
  const second = world.run(acquirer.address);
  await finish(terminal, second);
  expect(books()).toEqual({ rows: ['sale 10000 approved'], differences: [] });
  const settlement = world.withJournal(journal => ({ open: journal.openSettlement(), batch: journal.batch() }));
  expect(settlement).toEqual({ open: undefined, batch: 2 });
});

test('during a refund: its outcome is unknown, the sale is locked, and nothing is sent a second time', async () => {
  const acquirer = await world.acquirer(...world.faults({ match: { mti: '0220' }, do: { delayMs: 600_000 } }));
  const terminal = await world.terminal(
    `${saleOf('1 0 0 00')}${SALE_DONE}${REFUND_FOUND}expect "可退"\nkeys ENTER\nexpect "请插卡/刷卡/挥卡"\nswipe swipe
expect "请输入退货金额"\nkeys 4 0 00 ENTER\nexpect "请确认退货金额"\nkeys ENTER\nexpect "请选退货原因"\nkeys 1
${IDLE}${REFUND_FOUND_AGAIN}expect "结果未知"\nquit 0\n`,
  );
  const first = world.run(acquirer.address);
  await acquirer.program.line(/ 0220 /);
  await first.program.cut();
  const second = world.run(acquirer.address);
  await finish(terminal, second);
  // The acquirer has booked it; the journal says what it knows, and the comparison names the difference.
  expect(books()).toEqual({
    rows: ['sale 10000 approved', 'refund 4000 unknown'],
    differences: [
      expect.stringMatching(/^refund 000001\/000003: journal says unknown/),
      expect.stringMatching(/^net:/),
    ],
  });
  expect(acquirer.program.all.filter(line => / 0220 /.test(line))).toHaveLength(1);
});

test('acquirer, then terminal cut off and started again, then the cable pulled: the runtime goes on by itself', async () => {
  const first = await world.acquirer(...world.faults({ match: { mti: '0200', nth: 1 }, do: { delayMs: 600_000 } }));
  const before = await world.terminal(`${saleOf('1 0 0 00')}expect "待冲正"\nkeys ENTER\n${IDLE}pause 600\n`);
  const counter = world.run(first.address);
  await first.program.line(/ 0200 /);
  await first.program.cut();
  await counter.trace.line(IDLE_SHOWN);
  await counter.trace.line(/待冲正/);
  await counter.trace.line(IDLE_SHOWN);
  // CLEAR does nothing at the idle screen: it is for the command that was open when the cable came out.
  await before.cut();
  await world.acquirer('--listen', first.address);
  const after = await world.terminal(`${IDLE}unplug 0.2\nkeys CLEAR\n${NEXT_SALE}`);
  await finish(after, counter);
  const { rows, differences } = books();
  expect(differences).toEqual([]);
  expect(rows[1]).toBe('sale 50000 approved');
  expect(counter.trace.all.filter(line => /"event":"ready"/.test(line))).toHaveLength(3);
});
