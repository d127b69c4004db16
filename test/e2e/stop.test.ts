import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { SALE_DONE, World, saleOf, signedOn } from './world.ts';

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

test('a stop at the idle, card and PIN step ends at once, and each next start finds a clean line', async () => {
  const { address } = await world.acquirer();
  const toPin = saleOf('1 00').replace(/pin .*\n/, '');
  const toCard = toPin.replace(/swipe [\s\S]*/, '');
  const terminal = await world.terminal(
    `${IDLE}${STARTED}${toCard}${STARTED}${toPin}${STARTED}${saleOf('5 0 0 00')}${SALE_DONE}quit 0\n`,
  );
  for (const [screen, signal] of [
    [/确认键:菜单/, 'SIGINT'],
    [/请插卡.*金额/, 'SIGTERM'],
    [/请持卡人输密码/, 'SIGHUP'],
  ] as const) {
    const counter = world.run(address);
    await world.screens.line(screen);
    counter.program.signal(signal);
    expect(await counter.program.ended).toBe(0);
  }
  const last = world.run(address);
  expect(`${await terminal.ended}\n${terminal.output}`).toMatch(/^0\n/);
  last.program.signal('SIGINT');
  expect(await last.program.ended).toBe(0);
  const { rows, differences } = world.books();
  expect(differences).toEqual([]);
  expect(rows.map(row => row.journal)).toEqual(['approved']);
});

test('a stop during the exchange waits for the answer, says how long, and books it', async () => {
  const { program, address } = await world.acquirer(...world.faults({ match: { mti: '0200' }, do: { delayMs: 1500 } }));
  await world.terminal(`${saleOf('1 0 0 00')}pause 60\n`);
  const counter = world.run(address);
  await program.line(/ 0200 /);
  counter.program.signal('SIGINT');
  await counter.program.line(/stopping after what is in flight, in at most \d+ s; press Ctrl-C again to stop at once/);
  expect(await counter.program.ended).toBe(0);
  const { rows, differences } = world.books();
  expect(differences).toEqual([]);
  expect(rows.map(row => row.journal)).toEqual(['approved']);
});

test('a second stop ends at once with 130, and the next start reverses what was in flight', async () => {
  const { program, address } = await world.acquirer(
    ...world.faults({ match: { mti: '0200' }, do: { delayMs: 600_000 } }),
  );
  const terminal = await world.terminal(`${saleOf('1 0 0 00')}expect "有未完成冲正"\n${IDLE}quit 0\n`);
  const first = world.run(address);
  await program.line(/ 0200 /);
  first.program.signal('SIGINT');
  await first.program.line(/stopping/);
  first.program.signal('SIGINT');
  expect(await first.program.ended).toBe(130);
  const second = world.run(address);
  expect(`${await terminal.ended}\n${terminal.output}`).toMatch(/^0\n/);
  second.program.signal('SIGINT');
  expect(await second.program.ended).toBe(0);
  const { rows, differences } = world.books();
  expect(differences).toEqual([]);
  expect(rows.map(row => row.journal)).toEqual(['reversed']);
});
