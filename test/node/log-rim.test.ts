import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess, ChildProcessWithoutNullStreams } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Result } from '../../src/fault.ts';
import { openClock } from '../../src/node/clock.ts';
import { openEntropy } from '../../src/node/entropy.ts';
import { journalKeyPath, openJournalKey, readBytes, readText, writeAtomic } from '../../src/node/files.ts';
import { SINGLE_DELAY_MAX_MS, openTimers } from '../../src/node/timers.ts';

let folder = '';
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pos8583-rim-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Starts a program that does not outlive the test. */
function run(args: readonly string[]): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, args);
  children.push(child);
  return child;
}

const rim = (file: string): string => JSON.stringify(new URL(`../../src/node/${file}`, import.meta.url).href);

function faultOf(result: Result<unknown>): string {
  return result.ok ? 'none' : result.fault.name;
}

function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.fault.cause);
  return result.value;
}

describe('files', () => {
  test('what is written atomically is read back, and nothing else lies in the folder', () => {
    const path = join(folder, 'profile.json');
    valueOf(writeAtomic(path, '退货'));
    valueOf(writeAtomic(path, '消费撤销'));
    expect(valueOf(readText(path))).toBe('消费撤销');
    expect(valueOf(readBytes(path))).toEqual(new Uint8Array(Buffer.from('消费撤销')));
    expect(readdirSync(folder)).toEqual(['profile.json']);
    expect(statSync(path).mode & 0o777).toBe(0o644);
  });

  test('a write that fails keeps the old file and leaves no draft', () => {
    const path = join(folder, 'taken');
    valueOf(writeAtomic(join(folder, 'file'), 'x'));
    expect(faultOf(writeAtomic(join(folder, 'file', 'below'), 'y'))).toBe('file-missing');
    spawnSync('mkdir', ['-p', join(path, 'inner')]);
    expect(faultOf(writeAtomic(path, 'y'))).toBe('file-is-directory');
    expect(readdirSync(folder).sort()).toEqual(['file', 'taken']);
  });

  test('the state of the disk decides the fault, which names the path', () => {
    const missing = readText(join(folder, 'none'));
    expect(faultOf(missing)).toBe('file-missing');
    if (!missing.ok) expect(missing.fault.cause).toContain(join(folder, 'none'));
    expect(faultOf(readBytes(folder))).toBe('file-is-directory');
    expect(faultOf(readBytes('/dev/zero'))).toBe('file-too-long');
    const latin = join(folder, 'latin');
    writeFileSync(latin, Buffer.of(0xcd, 0xcb));
    expect(faultOf(readText(latin))).toBe('file-not-utf8');
    expect(valueOf(readBytes(latin))).toEqual(Uint8Array.of(0xcd, 0xcb));
  });
});

describe('the key of a journal', () => {
  test('is made once, for its owner alone, and is the same ever after', () => {
    const journal = join(folder, 'journal.db');
    const key = valueOf(openJournalKey(journal));
    expect(key).toHaveLength(32);
    expect(key.some(byte => byte !== 0)).toBe(true);
    expect(statSync(journalKeyPath(journal)).mode & 0o777).toBe(0o600);
    expect(valueOf(openJournalKey(journal))).toEqual(key);
    writeFileSync(journal, 'records');
    expect(valueOf(openJournalKey(journal))).toEqual(key);
    expect(readdirSync(folder).sort()).toEqual(['journal.db', 'journal.db.key']);
    expect(valueOf(openJournalKey(join(folder, 'other.db')))).not.toEqual(key);
  });

  test('is refused when others may read it, with the command that helps', () => {
    const journal = join(folder, 'journal.db');
    valueOf(openJournalKey(journal));
    for (const mode of [0o640, 0o604, 0o620, 0o777]) {
      chmodSync(journalKeyPath(journal), mode);
      const opened = openJournalKey(journal);
      expect(faultOf(opened)).toBe('key-file-open');
      if (!opened.ok) expect(opened.fault.remedy).toContain(`chmod 600 ${journalKeyPath(journal)}`);
    }
    chmodSync(journalKeyPath(journal), 0o600);
    expect(faultOf(openJournalKey(journal))).toBe('none');
  });

  test('is never made anew beside an existing journal, and never taken when it is damaged', () => {
    const journal = join(folder, 'journal.db');
    writeFileSync(journal, 'records');
    expect(faultOf(openJournalKey(journal))).toBe('key-file-missing');
    expect(existsSync(journalKeyPath(journal))).toBe(false);
    writeFileSync(journalKeyPath(journal), new Uint8Array(31), { mode: 0o600 });
    expect(faultOf(openJournalKey(journal))).toBe('key-file-length');
    expect(readFileSync(journalKeyPath(journal))).toHaveLength(31);
  });

  test('is one key for two processes that start at the same time', async () => {
    const program = `
      const { openJournalKey } = await import(${rim('files.ts')});
      process.stdin.once('data', () => {
        process.stdout.write(Buffer.from(openJournalKey(${JSON.stringify(join(folder, 'j'))}).value).toString('hex'));
        process.exit();
      });
      process.stderr.write('ready');`;
    const starters = Array.from({ length: 6 }, () => run(['--input-type=module', '-e', program]));
    await Promise.all(starters.map(child => new Promise(ready => child.stderr.once('data', ready))));
    const keys = starters.map(async child => {
      child.stdin.write('go');
      let out = '';
      for await (const chunk of child.stdout) out += String(chunk);
      return out;
    });
    const found = new Set(await Promise.all(keys));
    expect([...found]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
    expect(readdirSync(folder)).toEqual(['j.key']);
  });
});

describe('time and chance', () => {
  test('local time follows the zone of the host', () => {
    const program = `
      const { openClock } = await import(${rim('clock.ts')});
      process.stdout.write(JSON.stringify(openClock().local(Date.UTC(2026, 11, 31, 16, 5, 9))));`;
    const local = (TZ: string): unknown => {
      const env = { ...process.env, TZ };
      return JSON.parse(spawnSync(process.execPath, ['--input-type=module', '-e', program], { env }).stdout.toString());
    };
    expect(local('Asia/Shanghai')).toEqual({ year: 2027, month: 1, day: 1, hour: 0, minute: 5, second: 9 });
    expect(local('UTC')).toEqual({ year: 2026, month: 12, day: 31, hour: 16, minute: 5, second: 9 });
  });

  test('monotonic time is whole milliseconds and never goes back', () => {
    const clock = openClock();
    let before = clock.monotonicMs();
    for (let i = 0; i < 1000; i++) {
      const now = clock.monotonicMs();
      expect(Number.isInteger(now) && now >= before).toBe(true);
      before = now;
    }
  });

  test('entropy fills all of the bytes, of large buffers too', () => {
    const bytes = new Uint8Array(200_000);
    openEntropy().fill(bytes);
    expect(new Set(bytes.subarray(0, 1000)).size).toBeGreaterThan(200);
    expect(new Set(bytes.subarray(-1000)).size).toBeGreaterThan(200);
  });

  test('timers fire once, can be cleared, and take delays longer than the system knows', () => {
    vi.useFakeTimers();
    try {
      const timers = openTimers();
      const fired: string[] = [];
      const soon = timers.set(10, () => fired.push('soon'));
      expect(soon).not.toBe(0);
      const never = timers.set(10, () => fired.push('never'));
      timers.set(2 * SINGLE_DELAY_MAX_MS + 5, () => fired.push('long'));
      timers.clear(never);
      timers.clear(0);
      timers.clear(12345);
      vi.advanceTimersByTime(9);
      expect(fired).toEqual([]);
      vi.advanceTimersByTime(1);
      expect(fired).toEqual(['soon']);
      vi.advanceTimersByTime(2 * SINGLE_DELAY_MAX_MS - 6);
      expect(fired).toEqual(['soon']);
      vi.advanceTimersByTime(1);
      expect(fired).toEqual(['soon', 'long']);
      const again = timers.set(SINGLE_DELAY_MAX_MS + 5, () => fired.push('cleared'));
      vi.advanceTimersByTime(SINGLE_DELAY_MAX_MS + 1);
      timers.clear(again);
      timers.set(1, () => fired.push('cleared'));
      timers.clearAll();
      vi.advanceTimersByTime(100);
      expect(fired).toEqual(['soon', 'long']);
      expect(vi.getTimerCount()).toBe(0);
      expect(() => timers.set(-1, () => undefined)).toThrow('0 or more');
      expect(() => timers.set(Number.NaN, () => undefined)).toThrow('0 or more');
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('the console', () => {
  const start = (body: string): string[] => [
    '--input-type=module',
    '-e',
    `const { openConsole } = await import(${rim('console.ts')}); const c = openConsole(); ${body}`,
  ];

  test('keeps output and errors apart, reads its input to the end, and sets the status', () => {
    const body = `c.readInput(input => { c.print('got ' + input.value.length); c.printError('told'); c.setExitStatus(3); });`;
    const ended = spawnSync(process.execPath, start(body), { input: Buffer.alloc(200_000), encoding: 'utf8' });
    expect(ended).toMatchObject({ stdout: 'got 200000\n', stderr: 'told\n', status: 3 });
  });

  test('stop signals come to the program, and after undoing them they end it', async () => {
    const body = `
      const hold = setInterval(() => undefined, 1000);
      const undo = c.onStop(signal => { if (signal === 'SIGTERM') undo(); c.print(signal); });
      c.print('ready');`;
    const child = run(start(body));
    const answers = ['SIGINT', 'SIGTERM', 'SIGINT'] as const;
    let out = '';
    let sent = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      out += String(chunk);
      child.kill(answers[sent++]);
    });
    const signal = await new Promise(done => child.on('exit', (_status, by) => done(by)));
    expect(out).toBe('ready\nSIGINT\nSIGTERM\n');
    expect(signal).toBe('SIGINT');
  });

  test('a reader that goes away ends a command quietly, but not a program that handles stop signals', async () => {
    const flood = `let n = 0; const t = setInterval(() => { c.print('x'.repeat(10000)); if (++n === 50) { clearInterval(t); c.printError('went on'); c.exit(0); } }, 1);`;
    for (const [body, told] of [
      [flood, ''],
      [`c.onStop(() => undefined); ${flood}`, 'went on\n'],
    ]) {
      const child = run(start(body));
      child.stdout.once('data', () => child.stdout.destroy());
      let errors = '';
      child.stderr.on('data', (chunk: Buffer) => (errors += String(chunk)));
      const status = await new Promise(done => child.on('close', done));
      expect(errors).toBe(told);
      expect(status).toBe(0);
    }
  });
});
