import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { namedProfile } from '../../src/node/profiles.ts';
import { makeKeyPair, readSigningKey } from '../../src/node/key-files.ts';
import { imageDigest, signImage } from '../../src/profile/image.ts';
import { buildImage } from '../../src/profile/image-build.ts';
import { loadProfile } from '../../src/profile/profile.ts';
import type { Profile } from '../../src/profile/schema.ts';
import { BenchTerminal } from '../flash/bench-terminal.ts';
import { World } from './world.ts';

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const profile: Profile = (() => {
  const named = namedProfile('unionpay-pos');
  const loaded = loadProfile(named.id, name => named.read(name), named.knownIds);
  if (!loaded.ok) throw new Error(loaded.fault.cause);
  return loaded.value;
})();

let world: World;
let terminal: BenchTerminal | undefined;
let publicKey: Uint8Array;
let images: string[];

beforeEach(() => {
  world = new World();
  const pair = makeKeyPair(world.at('shop'));
  const key = readSigningKey(world.at('shop.key'));
  if (!pair.ok || !key.ok) throw new Error('no key');
  ({ publicKey } = pair.value);
  images = [1, 2].map(version => {
    const signed = signImage(buildImage({ ...profile, version }), key.value);
    if (!signed.ok) throw new Error(signed.fault.cause);
    const path = world.at(`v${version}.p8583`);
    writeFileSync(path, signed.value);
    return path;
  });
});
afterEach(async () => {
  terminal?.close();
  terminal = undefined;
  await world.end();
});

const digestOf = (path: string): string => hexOf(imageDigest(new Uint8Array(readFileSync(path))));
const flags = (...more: string[]): string[] => [
  ...['--port', world.at('tty'), '--trust', world.at('shop.pub'), '--journal', world.at('journal.db')],
  ...['--by', 'tester', ...more],
];
const plug = (): BenchTerminal => (terminal = new BenchTerminal(world.at('tty'), world.at('slots'), [publicKey]));
const active = (): string => {
  const slots = terminal!.terminal.slots;
  const digest = slots.digest(slots.active);
  return `${digest ? hexOf(digest) : ''} ${slots.state}`;
};

test('the host killed in the load, then the terminal: the load goes on, is tested, confirmed, printed and written down', async () => {
  const { address } = await world.acquirer();
  const args = ['flash', images[0], ...flags('--acquirer', address, '--baud', '115200', '--yes')];
  const simulator = world.start([
    ...['sim', 'terminal', '--link', world.at('tty'), '--state', world.at('slots'), '--trust', world.at('shop.pub')],
    ...['--baud', '57600'],
  ]);
  await simulator.line(/^terminal ready/);
  const first = world.start(args);
  await first.line(/ [234]\d %/);
  await first.cut();
  const second = world.start(args);
  // It does not begin again.
  expect(await second.line(/ [2-9]\d %/)).not.toMatch(/ 0 %/);
  await second.line(/ [5-8]\d %/);
  await simulator.cut();
  plug();
  expect(await second.ended, second.output).toBe(0);
  expect(second.output).toContain('active and confirmed');
  expect(active()).toBe(`${digestOf(images[0])} C`);
  expect(terminal!.slips.map(slip => slip.text).join()).toContain('SIM00000001');
  world.withJournal(journal => {
    const [entry] = journal.flashes();
    expect(entry).toMatchObject({ outcome: 'flashed', digest: digestOf(images[0]), by: 'tester', version: 1 });
    expect(entry.tests).toEqual(['echo', 'printer', 'panel']);
    expect(journal.verify().ok).toBe(true);
  });
  const verified = await world.result('flash', images[0], ...flags('--verify-only', '--json'));
  expect(verified.status).toBe(0);
  expect(JSON.parse(verified.output)).toMatchObject({ outcome: 'verified', digest: digestOf(images[0]) });
  const other = await world.result('flash', images[1], ...flags('--verify-only'));
  expect(other.status).toBe(1);
});

test('a failed echo test falls back, says so, and the next flash and the way back work', async () => {
  plug().terminal.slots.install('A', new Uint8Array(readFileSync(images[0])));
  const failing = world.start(['flash', images[1], ...flags('--acquirer', '127.0.0.1:1', '--yes')]);
  await failing.line(/waiting until the terminal is back/);
  expect(active()).toBe(`${digestOf(images[1])} T`);
  // What a person does who does not wait two minutes.
  terminal!.terminal.restart();
  expect(await failing.ended, failing.output).toBe(1);
  expect(failing.output).toContain('NOT flashed');
  expect(active()).toBe(`${digestOf(images[0])} C`);
  const { address } = await world.acquirer();
  const good = await world.result('flash', images[1], ...flags('--acquirer', address, '--yes', '--lang', 'zh'));
  expect(good.status, good.output).toBe(0);
  expect(active()).toBe(`${digestOf(images[1])} C`);
  const same = await world.result('flash', images[1], ...flags('--acquirer', address, '--yes', '--json'));
  expect([same.status, JSON.parse(same.output).outcome]).toEqual([0, 'same']);
  const back = await world.result(
    'flash',
    '--rollback',
    ...flags('--acquirer', address, '--profile', 'unionpay-pos', '--yes'),
  );
  expect(back.status, back.output).toBe(0);
  expect(active()).toBe(`${digestOf(images[0])} C`);
  world.withJournal(journal =>
    expect(journal.flashes().map(({ outcome, version }) => `${outcome} ${version}`)).toEqual([
      'flashed 1',
      'flashed 2',
      'fellBack 2',
    ]),
  );
});

test('Ctrl-C: before the load nothing is sent, in a test the terminal is left to go back', async () => {
  plug().terminal.slots.install('A', new Uint8Array(readFileSync(images[0])));
  const { address } = await world.acquirer();
  const dry = await world.result('flash', images[1], ...flags('--acquirer', address, '--dry-run'));
  expect([dry.status, dry.output]).toEqual([0, expect.stringContaining('nothing was sent')]);
  const unanswered = await world.result('flash', images[1], ...flags('--acquirer', address));
  expect([unanswered.status, unanswered.output]).toEqual([2, expect.stringContaining('nobody said yes')]);
  terminal!.terminal.paper('out');
  const stopped = world.start(['flash', images[1], ...flags('--acquirer', address, '--yes')]);
  await stopped.line(/no paper/);
  stopped.signal('SIGINT');
  await stopped.line(/waiting until the terminal is back/);
  stopped.signal('SIGINT');
  expect(await stopped.ended).toBe(130);
  expect(stopped.output).toContain('stopped. The terminal works');
  expect(active()).toBe(`${digestOf(images[1])} T`);
  terminal!.terminal.restart();
  expect(active()).toBe(`${digestOf(images[0])} C`);
});
