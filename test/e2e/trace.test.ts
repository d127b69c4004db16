import { readFileSync, statSync } from 'node:fs';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openByteSource } from '../../src/node/trace-file.ts';
import { Kind } from '../../src/trace/kinds.ts';
import { TraceReader } from '../../src/trace/reader.ts';
import { SALE_DONE, World, saleOf, signedOn } from './world.ts';

let world: World;
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
beforeAll(async () => {
  world = await signedOn();
});
afterAll(() => world.end());

test('a trace lives on through a power cut, holds no card, and goes into a bundle', async () => {
  const path = world.at('counter.p85t');
  const flags = ['--trace', path, '--trace-max', '1', '--trace-keep', '9', '--log', world.at('run.log')];
  const acquirer = await world.acquirer(...world.faults({ match: { mti: '0200', nth: 1 }, do: { delayMs: 600_000 } }));
  const terminal = await world.terminal(
    `${saleOf('1 0 0 00')}expect "有未完成冲正"\nexpect "确认键:菜单"\n${saleOf('5 0 0 00')}${SALE_DONE}quit 0\n`,
  );
  const first = world.run(acquirer.address, ...flags);
  await acquirer.program.line(/ 0200 /);
  // The trace is written beside the trade: a moment after the request.
  await vi.waitFor(() => expect(countsOf(path).kinds[Kind.hostOut]).toBe(1), 30_000);
  await first.program.cut();
  const second = world.run(acquirer.address, ...flags);
  expect(`${await terminal.ended}\n${terminal.output}`).toMatch(/^0\n/);
  second.program.signal('SIGINT');
  expect(await second.program.ended).toBe(0);

  expect(statSync(path).mode & 0o777).toBe(0o600);
  const { kinds, screens, troubles, redacted } = countsOf(path);
  expect(redacted).toBe(true);
  expect(troubles).toBeLessThanOrEqual(1);
  expect([kinds[Kind.session], kinds[Kind.end]]).toEqual([2, 1]);
  // Sale, reversal, sale; the first sale has no answer.
  expect([kinds[Kind.hostOut], kinds[Kind.hostIn]]).toEqual([3, 2]);
  expect(screens.some(screen => screen.includes('请撕下商户存根'))).toBe(true);

  const out = world.at('bundle.zip');
  const made = await world.result(
    ...['bundle', '--journal', world.at('journal.db'), '--trace', path, '--log', world.at('run.log'), '-o', out],
  );
  expect(made.output).toContain('starts 2, ends: stopped 1; cut off 1');
  expect(made.output).toContain('requests 3, answered 2');
  expect(made.status).toBe(0);
  const parts = Object.values(unzipSync(readFileSync(out)));
  for (const bytes of [readFileSync(path), ...parts]) {
    expect(Buffer.from(bytes).includes(SWIPED)).toBe(false);
    expect(Buffer.from(bytes).includes(Buffer.from(SWIPED, 'hex'))).toBe(false);
  }
});

/** Number of the card that the scripts swipe. */
const SWIPED = '6225000000000014';

/** Records of a trace by kind, and its screens. */
function countsOf(path: string) {
  const source = openByteSource(path);
  if (!source.ok) throw new Error(source.fault.cause);
  const reader = new TraceReader(source.value);
  const kinds: Record<number, number> = {};
  const screens: string[] = [];
  while (reader.next()) {
    kinds[reader.kind] = (kinds[reader.kind] ?? 0) + 1;
    if (reader.kind === Kind.screen) screens.push(reader.texts().join('|'));
  }
  source.value.close();
  return { kinds, screens, troubles: reader.troubleCount, redacted: reader.redacted };
}
