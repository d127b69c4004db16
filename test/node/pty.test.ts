import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReadStream } from 'node:tty';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { linkDevice, openPty, unlinkDevice, type Pty } from '../../src/node/pty.ts';

const XID = Buffer.from('1658494417D01A', 'hex');
const RUNNER = `
import { Command } from 'commander';
import { register } from ${JSON.stringify(new URL('../../src/cli/sim-terminal.ts', import.meta.url).href)};
const program = new Command('pos8583');
register(program);
program.parse(process.argv.slice(1), { from: 'user' });
`;

let folder = '';
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pos8583-pty-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

function open(received: (bytes: Uint8Array) => void): Pty {
  const pty = openPty(received);
  if (!pty.ok) throw new Error(pty.fault.cause);
  return pty.value;
}

/** The host's end: waits until `enough` says that what came is complete. */
class Host {
  private readonly fd: number;
  private readonly stream: ReadStream;
  private bytes: Buffer = Buffer.alloc(0);
  private check = (): void => undefined;
  readonly closed: Promise<void>;

  constructor(path: string) {
    this.fd = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    this.stream = new ReadStream(this.fd);
    this.closed = new Promise(resolve => {
      this.stream.on('error', () => resolve());
      this.stream.on('close', () => resolve());
    });
    this.stream.on('data', chunk => {
      this.bytes = Buffer.concat([this.bytes, chunk as unknown as Buffer]);
      this.check();
    });
  }

  send(bytes: Uint8Array): void {
    writeSync(this.fd, bytes);
  }

  read(enough: (bytes: Buffer) => boolean): Promise<Buffer> {
    return new Promise(resolve => {
      this.check = () => {
        if (!enough(this.bytes)) return;
        const bytes = this.bytes;
        this.bytes = Buffer.alloc(0);
        this.check = () => undefined;
        resolve(bytes);
      };
      this.check();
    });
  }

  close(): void {
    this.stream.destroy();
  }
}

const whole = (bytes: Buffer): boolean => bytes.at(-3) === 0x17;

function start(...flags: string[]): {
  child: ChildProcess;
  ready: Promise<string>;
  output: () => string;
  ended: Promise<number | null>;
} {
  const child = spawn(process.execPath, ['--input-type=module', '-e', RUNNER, '--', 'terminal', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let text = '';
  const ready = new Promise<string>(resolve => {
    child.stdout?.on('data', chunk => {
      text += chunk;
      const line = /^terminal ready on (.*)\n/.exec(text);
      if (line) resolve(line[1]);
    });
  });
  child.stderr?.on('data', chunk => {
    text += chunk;
  });
  const ended = new Promise<number | null>(resolve => child.on('close', resolve));
  return { child, ready, output: () => text, ended };
}

describe('pseudo-terminal', () => {
  test('carries every byte value both ways, again after the host closed and opened it, and hangs up', async () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    let pty: Pty | undefined;
    pty = open(bytes => pty?.write(bytes));
    for (let round = 0; round < 3; round++) {
      const host = new Host(pty.slavePath);
      host.send(all);
      expect([...(await host.read(bytes => bytes.length >= 256))]).toEqual([...all]);
      host.close();
      await host.closed;
    }
    const host = new Host(pty.slavePath);
    pty.close();
    pty.close();
    pty.write(all);
    await host.closed;
    host.close();
    expect(existsSync(pty.slavePath)).toBe(false);
  });

  test('a host that does not read blocks nothing and gets its bytes later', async () => {
    const pty = open(() => undefined);
    const fd = openSync(pty.slavePath, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    for (let i = 0; i < 60; i++) pty.write(new Uint8Array(1000).fill(i));
    closeSync(fd);
    const host = new Host(pty.slavePath);
    const bytes = await host.read(got => got.length >= 60_000);
    expect(bytes.every((byte, i) => byte === Math.floor(i / 1000))).toBe(true);
    host.close();
    pty.close();
  });
});

describe('link', () => {
  test('replaces an old link, leaves other files alone, removes only its own', () => {
    const link = join(folder, 'pos');
    symlinkSync('/dev/pts/none', link);
    expect(linkDevice(link, '/dev/pts/a')).toMatchObject({ ok: true });
    expect(readlinkSync(link)).toBe('/dev/pts/a');
    unlinkDevice(link, '/dev/pts/b');
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    unlinkDevice(link, '/dev/pts/a');
    expect(existsSync(link)).toBe(false);
    unlinkDevice(link, '/dev/pts/a');
    writeFileSync(link, 'precious');
    expect(linkDevice(link, '/dev/pts/a')).toMatchObject({ ok: false, fault: { name: 'link-exists' } });
    expect(readFileSync(link, 'utf8')).toBe('precious');
    expect(linkDevice(join(folder, 'no', 'pos'), '/dev/pts/a')).toMatchObject({
      ok: false,
      fault: { name: 'link-failed' },
    });
  });
});

describe('the program', () => {
  test('answers XID on its link and takes the link away at the end', async () => {
    const link = join(folder, 'pos');
    const { child, ready, ended } = start('--link', link, '--serial-number', 'T0001');
    expect(await ready).toBe(link);
    const host = new Host(link);
    host.send(XID);
    const answer = await host.read(whole);
    expect(answer.subarray(0, 8).toString('hex')).toBe('0616584944303030');
    expect(answer.toString('latin1')).toContain('T0001');
    child.kill('SIGTERM');
    await host.closed;
    host.close();
    expect(await ended).toBe(0);
    expect(lstatSync(link, { throwIfNoEntry: false })).toBeUndefined();
  }, 30_000);

  test('plays a script: waits for the screen, types, prints a slip, survives a pulled cable', async () => {
    const link = join(folder, 'pos');
    const script = join(folder, 'script.txt');
    writeFileSync(script, 'expect "Hi" 20\nkeys ENTER\nwait-slip 20\nunplug 0.2\nexpect "Hi again" 20\nquit 5\n');
    const { ready, ended, output } = start(
      '--link',
      link,
      '--script',
      script,
      '--slips',
      join(folder, 'slips'),
      '--screens',
      join(folder, 'screens.jsonl'),
      '--baud',
      '115200',
    );
    await ready;
    const first = new Host(link);
    first.send(packet('XDS010\x60\x01\x00\x02Hi\x70\x00\x00\x00'));
    await first.read(whole);
    first.send(packet('XEV005\x60\x04\x00\x01\x01'));
    expect((await first.read(bytes => bytes.length > 8 && whole(bytes))).toString('latin1')).toContain(
      '\xe0\x10\x00\x0210',
    );
    // The cable may be out before the answer: what is under way then is lost, as on a real line.
    first.send(packet('XPR010\x60\x06\x00\x06ok\x0a\x1dV\x00'));
    await first.closed;
    first.close();
    const again = await reopened(link);
    again.send(packet('XDS012\x60\x01\x00\x08Hi again'));
    await again.closed;
    again.close();
    expect(await ended, output()).toBe(5);
    expect(readFileSync(join(folder, 'slips', 'slip-0001.txt'), 'utf8')).toBe('ok\n');
    expect(readFileSync(join(folder, 'slips', 'slip-0001.bin')).toString('hex')).toBe('6f6b0a1d5600');
    const screens = readFileSync(join(folder, 'screens.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { lines: string[] });
    expect(screens.map(screen => screen.lines[0])).toEqual(['Hi', 'Hi again']);
  }, 30_000);

  test('exit status 4 for an expect that fails, 2 for wrong flags, scripts and decks', async () => {
    const script = join(folder, 'script.txt');
    writeFileSync(script, 'expect "never" 0\n');
    const failing = start('--script', script);
    expect(await failing.ended).toBe(4);
    expect(failing.output()).toContain('script line 1: expected "never"');
    writeFileSync(script, 'dance\n');
    const cases: [string[], string][] = [
      [['--script', script], 'script line 1: unknown step "dance"'],
      [['--tmk', 'zz'], '32 hex digits'],
      [['--baud', 'fast'], '--baud fast'],
      [['--deck', script], 'deck-not-json'],
      [['--deck', join(folder, 'none')], 'file-missing'],
    ];
    for (const [flags, message] of cases) {
      const wrong = start(...flags);
      expect(await wrong.ended).toBe(2);
      expect(wrong.output()).toContain(message);
    }
  }, 30_000);
});

/** One packet; CRC-16/XMODEM written out once more, so that the test does not share it with the program. */
function packet(text: string): Buffer {
  const data = Buffer.from(text, 'latin1');
  let crc = 0;
  for (const byte of [...data, 0x17]) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : crc << 1;
  }
  return Buffer.from([0x16, ...data, 0x17, crc >> 8, crc & 0xff]);
}

/** Opens the link as soon as it is there again. */
function reopened(link: string): Promise<Host> {
  return new Promise(resolve => {
    const look = (): void => {
      if (existsSync(link)) resolve(new Host(link));
      else setImmediate(look);
    };
    look();
  });
}
