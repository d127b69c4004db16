import { closeSync, constants, existsSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Pty, openPty } from '../../src/node/pty.ts';
import { Lines, type Program, World } from './world.ts';

// A script's step waits 30 s: its own words about what is on the screen come before this.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.end());

/** The demo with its files below this test's folder. */
function demo(args: readonly string[], tty?: number): Program {
  return world.start(['demo', ...args], { env: { TMPDIR: world.folder }, ...(tty === undefined ? {} : { tty }) });
}

const runFolder = (): string => world.at(readdirSync(world.folder).find(name => name.startsWith('pos8583-')) as string);

/** Waits until none of the processes is there any more. */
async function gone(pids: readonly number[]): Promise<void> {
  await vi.waitUntil(() => pids.every(pid => !existsSync(`/proc/${pid}`)), { timeout: 10_000, interval: 50 });
}

describe('the tour', () => {
  test('plays a day in Chinese, and both books agree', async () => {
    const tour = demo(['--tour', '--lang', 'zh']);
    expect(await tour.ended).toBe(0);
    const lines = tour.output;
    expect(lines).toContain('│签到成功');
    expect(lines).toMatch(/>>> 0200 发往收单/);
    expect(lines).toMatch(/<<< 0210 收单应答/);
    expect(lines).toContain('超可退金额');
    expect(lines).toMatch(/消费 000001\/000002 +100\.00 +已撤销 +已撤销/);
    expect(lines).toMatch(/退货 000001\/000005 +60\.00 +成功 +成功/);
    expect(lines).toMatch(/净额 +68\.00 +68\.00 +68\.00/);
    expect(tour.all.slice(-2)).toEqual(['账目一致', `本次运行的文件: ${runFolder()}`]);
    expect(existsSync(join(runFolder(), 'terminal'))).toBe(false);
  });

  test('says why it ends with 1 when a part breaks, and takes the other parts along', async () => {
    const tour = demo(['--tour', '--lang', 'en']);
    await tour.line(/>>> 0800 to the acquirer/);
    const [acquirer, terminal, runtime] = tour.children();
    process.kill(terminal, 'SIGKILL');
    expect(await tour.ended).toBe(1);
    expect(tour.output).toContain("the tour broke off: the terminal's script ended with status -1");
    expect(tour.output).toContain(`files of this run: ${runFolder()}`);
    await gone([acquirer, terminal, runtime]);
  });

  test.each(['SIGINT', 'SIGHUP', 'SIGKILL'] as const)('%s leaves no process and no link behind', async signal => {
    const tour = demo(['--tour']);
    await tour.line(/>>> 0800/);
    const pids = tour.children();
    expect(pids).toHaveLength(3);
    tour.signal(signal);
    expect(await tour.ended).toBe(signal === 'SIGKILL' ? 'SIGKILL' : 130);
    await gone(pids);
    expect(existsSync(join(runFolder(), 'terminal'))).toBe(false);
  });
});

describe('at a terminal', () => {
  let fd: number | undefined;
  let pty: Pty | undefined;
  afterEach(() => {
    if (fd !== undefined) closeSync(fd);
    pty?.close();
  });

  /** Sits down at the demo: what it draws comes as lines. */
  function sit(...args: string[]): {
    program: Program;
    screen: Lines;
    at(screen: RegExp, keys: string): Promise<void>;
    type(keys: string): void;
  } {
    const screen = new Lines();
    const decoder = new TextDecoder();
    let rest = '';
    const opened = openPty(bytes => {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r?\n/);
      rest = lines.pop() ?? '';
      for (const line of lines) screen.add(line);
    });
    if (!opened.ok) throw new Error(opened.fault.cause);
    pty = opened.value;
    fd = openSync(pty.slavePath, constants.O_RDWR | constants.O_NOCTTY);
    const program = demo(args, fd);
    void program.ended.then(() => screen.end('the demo ended'));
    const type = (keys: string): void => pty?.write(new TextEncoder().encode(keys));
    return {
      program,
      screen,
      type,
      async at(pattern, keys) {
        // Drawn when it is new, and again when the terminal listens to keys; what is typed before that is dropped.
        await screen.line(pattern);
        await screen.line(pattern);
        type(keys);
      },
    };
  }

  test('the screen is drawn, keys work, messages can be followed beside it, q ends everything', async () => {
    const { program, screen, at, type } = sit('--lang', 'en');
    expect(await screen.line(/messages, in a second window: tail -f/)).toContain(join(runFolder(), 'messages.txt'));
    await at(/NOT SIGNED ON/, '\r');
    await at(/OPERATOR NO/, '01\r');
    await at(/ENTER PASSWORD/, '0000\r');
    await at(/NEW PASSWORD/, '2580\r');
    await at(/AGAIN/, '2580\r');
    await screen.line(/SIGN-ON OK/);
    const pids = program.children();
    type('q');
    expect(await program.ended).toBe(0);
    expect(screen.all.at(-1)).toBe(`files of this run: ${runFolder()}`);
    expect(screen.all.join('\n')).toContain('The books agree');
    const messages = readFileSync(join(runFolder(), 'messages.txt'), 'utf8');
    expect(messages).toMatch(/>>> 0800 to the acquirer[\s\S]*<<< 0810 from the acquirer/);
    await gone(pids);
    expect(existsSync(join(runFolder(), 'terminal'))).toBe(false);
  });

  test('Ctrl-C as a key ends it like q, also before a sign-on', async () => {
    const { program, screen, type } = sit('--lang', 'zh');
    await screen.line(/未签到/);
    type('\x03');
    expect(await program.ended).toBe(0);
    expect(screen.all.join('\n')).toContain('账目一致');
  });
});
