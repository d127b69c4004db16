import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { panelCode } from '../../src/runtime/flash-trial.ts';
import { image, MAKER } from '../runtime/images.ts';
import { World } from './world.ts';

// A script's step waits 30 s: its own words about what is on the screen come before this.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });
let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.end());

const OLD = image({ version: 7 });
const NEW = image({ version: 8, policy: { refundMaxMinor: 500_000 } });
/** DER of an Ed25519 public key in front of its 32 bytes. */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const LOG_ON = 'expect "未签到" 60\nkeys ENTER\nexpect "请输入操作员号"\n';

/** Both images and the public key as files; the terminal comes with the old image. */
function files(): { readonly trust: string; readonly terminal: readonly string[] } {
  const pem = Buffer.concat([SPKI, MAKER.publicKey]).toString('base64');
  const trust = world.write('maker.pub', `-----BEGIN PUBLIC KEY-----\n${pem}\n-----END PUBLIC KEY-----\n`);
  writeFileSync(world.at('old.p8583'), OLD.bytes);
  writeFileSync(world.at('new.p8583'), NEW.bytes);
  return {
    trust,
    terminal: ['--trust', trust, '--image', world.at('old.p8583'), '--state', world.at('slots.bin')],
  };
}

test('a technician flashes at the keypad, and the same process goes on with the new profile; then each next start', async () => {
  const { trust, terminal: flags } = files();
  const { address } = await world.acquirer();
  const run = (profile: string) =>
    world.run(address, '--profile', profile, '--trust', trust, '--images', world.folder).program;
  const terminal = await world.terminal(
    `${LOG_ON}keys 9 9 ENTER
expect "请输入操作员密码"
pin 00000000
expect "首次登录请改密"
pin 24681357
expect "请再输一次"
pin 24681357
expect "系统管理"
keys 6
expect "差异2项"
keys ENTER ENTER
expect "确认刷写"
keys ENTER
expect "看得清请按" 60
keys ${panelCode(NEW.digest)}
expect "刷写成功"
wait-slip
keys ENTER
${LOG_ON}keys 0 1 ENTER
expect "请输入操作员密码"
pin 0000
expect "首次登录请改密"
pin 2580
expect "请再输一次"
pin 2580
expect "签到成功"
keys ENTER
expect "确认键:菜单"
keys MENU 7 7
expect "unionpay-pos v8"
quit 0
`,
    ...flags,
  );
  const counter = run(world.at('old.p8583'));
  expect(`${await terminal.ended}\n${terminal.output}`).toMatch(/^0\n/);
  counter.signal('SIGINT');
  expect(await counter.ended).toBe(0);
  expect(counter.output).toMatch(/the terminal now runs unionpay-pos version 8 .* from now on/);
  world.withJournal(journal => {
    expect(journal.flashes().map(one => [one.outcome, one.version, one.tests.length])).toEqual([['flashed', 8, 3]]);
    expect(journal.terminalChange()).toBeUndefined();
    expect(journal.verify().ok).toBe(true);
  });
  const kept = world.at('journal.db.images');
  expect(readdirSync(kept).sort()).toEqual([`${OLD.digest}.p8583`, `${NEW.digest}.p8583`, 'current.p8583'].sort());
  expect(readFileSync(`${kept}/current.p8583`).equals(NEW.bytes)).toBe(true);

  // The old image is refused now, with the way out; the one under the name that stays trades.
  for (const [profile, screen] of [
    [world.at('old.p8583'), '停用:镜像不符'],
    ['unionpay-pos', '停用:镜像不符'],
    [`${kept}/current.p8583`, '确认键:菜单'],
  ] as const) {
    const next = await world.terminal(`expect "${screen}" 60\nquit 0\n`, ...flags);
    const again = run(profile);
    expect(`${await next.ended}\n${next.output}`).toMatch(/^0\n/);
    again.signal('SIGINT');
    expect(await again.ended).toBe(0);
    if (profile !== `${kept}/current.p8583`) expect(again.output).toMatch(/terminal-refused.*\.p8583/);
  }
});

test('an image needs a trusted key: none named, another one, a damaged file', async () => {
  const { trust } = files();
  const run = (...flags: string[]) =>
    world.result(
      'run',
      '--port',
      world.at('tty'),
      '--acquirer',
      '127.0.0.1:1',
      '--journal',
      world.at('x.db'),
      ...flags,
    );
  const none = await run('--profile', world.at('new.p8583'));
  expect([none.status, none.output]).toEqual([2, expect.stringContaining('no-trust')]);
  const bytes = NEW.bytes.slice();
  bytes[200] ^= 1;
  writeFileSync(world.at('bad.p8583'), bytes);
  const bad = await run('--profile', world.at('bad.p8583'), '--trust', trust);
  expect([bad.status, bad.output]).toEqual([3, expect.stringContaining('image-signature')]);
  const missing = await run('--profile', world.at('gone.p8583'), '--trust', trust);
  expect([missing.status, missing.output]).toEqual([3, expect.stringContaining('gone.p8583')]);
});
