import { afterEach, expect, test, vi } from 'vitest';
import { compileFieldPlan } from '../../src/iso8583/plan.ts';
import { namedProfile } from '../../src/node/profiles.ts';
import { loadProfile } from '../../src/profile/profile.ts';
import { PROFILE, saleOf, SIGN_ON, World } from '../e2e/world.ts';
import { value } from '../runtime/counter.ts';
import { canaryCards, RIGHT_PIN, secretsOf } from './canaries.ts';
import { Outputs } from './outputs.ts';
import { LeakIndex, type Secret, wrongWith } from './search.ts';
import { Tap } from './tap.ts';

vi.setConfig({ testTimeout: 180_000 });
const world = new World();
let tap: Tap | undefined;
afterEach(async () => {
  tap?.close();
  await world.end();
});

/**
 * Comes into the program before anything else and breaks it in the middle of a sale: `bug` where the message goes to the
 * acquirer, `disk` where the sale is to be written down.
 */
const BREAKER = `
import { Socket } from 'node:net';
import { StatementSync } from 'node:sqlite';
const { LEAK_CRASH } = process.env;
const write = Socket.prototype.write;
Socket.prototype.write = function (bytes, ...rest) {
  const isSale = bytes instanceof Uint8Array && Buffer.from(bytes).includes(Buffer.from('02007', 'hex'));
  if (LEAK_CRASH === 'bug' && isSale) throw new TypeError('planted: the message cannot be written');
  return write.call(this, bytes, ...rest);
};
const run = StatementSync.prototype.run;
StatementSync.prototype.run = function (...values) {
  if (LEAK_CRASH === 'disk' && values.includes('intent'))
    throw Object.assign(new Error('database or disk is full'), { code: 'ERR_SQLITE_ERROR', errcode: 13 });
  return run.apply(this, values);
};
`;

const STARTED = 'expect "请稍候" 60\nexpect "确认键:菜单" 60\n';

test('a bug, a full disk and a power cut in the middle of a sale leave nothing of the card, wherever they write', async () => {
  const [card] = canaryCards(1, 77).map(one => ({ ...one, id: 'swipe', pin: RIGHT_PIN }));
  const acquirer = await world.acquirer();
  tap = await Tap.open(acquirer.address);
  const deck = world.write('deck.json', JSON.stringify({ format: 'pos8583-deck-1', cards: [card] }));
  const sales = [saleOf('1 0 0 00'), saleOf('2 0 0 00'), saleOf('3 0 0 00')];
  await world.terminal(`${SIGN_ON}${sales.join(STARTED)}pause 600\n`, '--deck', deck);
  const breaker = `--import=${world.write('breaker.mjs', BREAKER)}`;
  const outputs = new Outputs();
  const started = (n: number, crash: string) =>
    world.start(
      [
        ...['run', '--profile', PROFILE, '--port', world.at('tty'), '--acquirer', tap?.address ?? ''],
        ...['--journal', world.at('journal.db'), '--trace', world.at(`${n}.p85t`), '--log', world.at(`${n}.log`)],
      ],
      { env: { LEAK_CRASH: crash, NODE_OPTIONS: breaker } },
    );
  for (const [n, [crash, status, told]] of [
    ['bug', 70, /TypeError: planted/],
    ['disk', 5, /trading has stopped: .*disk is full/],
  ].entries()) {
    const program = started(n, String(crash));
    expect([crash, await program.ended]).toEqual([crash, status]);
    expect(program.output).toMatch(told as RegExp);
    outputs.text(`both streams: ${crash}`, program.output);
  }
  const program = started(2, '');
  await world.screens.line(/有未完成冲正|确认键:菜单/);
  await world.screens.line(/请持卡人输密码/);
  tap.holds = true;
  await tap.next();
  await program.cut();
  outputs.text('both streams: power cut', program.output);
  for (const name of ['0.log', '0.p85t', '1.log', '1.p85t', '2.log', '2.p85t', 'journal.db', 'journal.db-wal'])
    outputs.file(name, world.at(name));

  const { dialect, acquirer: wanted } = value(loadProfile(PROFILE, name => namedProfile(PROFILE).read(name)));
  const messages = tap.messages(value(compileFieldPlan(dialect, wanted.dialectOptions)));
  const blocks = messages.flatMap(({ fields }, n): Secret[] =>
    fields[52] ? [{ name: `PIN block ${n}`, bytes: Buffer.from(fields[52], 'hex') }] : [],
  );
  expect(blocks.length).toBeGreaterThan(0);
  const secrets = [...secretsOf(card).filter(({ name }) => !name.startsWith('PIN of')), ...blocks];
  const index = new LeakIndex(secrets);
  expect(index.search(Buffer.concat(messages.map(({ bytes }) => bytes))).leaks).not.toEqual([]);
  for (const [name, bytes] of outputs.all) {
    if (!name.startsWith('both')) expect([name, bytes.length > 0]).toEqual([name, true]);
    expect([name, wrongWith(index.search(bytes), 1)]).toEqual([name, []]);
  }
});
