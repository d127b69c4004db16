import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Result } from '../../src/fault.ts';
import { YmodemReceiver, type YmodemReceiverOptions } from '../../src/flash/ymodem-receiver.ts';
import { YmodemSender, type YmodemFile } from '../../src/flash/ymodem.ts';
import { openTimers } from '../../src/node/timers.ts';
import { content } from './ymodem-line.ts';

/** Sender and receiver of others, from the package lrzsz. */
const installed = spawnSync('rb', ['--version']).status === 0;

const folder = mkdtempSync(join(tmpdir(), 'pos8583-ymodem-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface End {
  received(bytes: Uint8Array): void;
  start(): void;
}

/** Lets one of our ends talk with a program over its pipes; answers our result and the program's exit status. */
async function talk<T>(
  command: string,
  args: readonly string[],
  make: (
    port: { write(bytes: Uint8Array): void; timers: ReturnType<typeof openTimers> },
    done: (r: Result<T>) => void,
  ) => End,
): Promise<{ ours: Result<T>; status: number | null }> {
  const timers = openTimers();
  const peer = spawn(command, args, { cwd: folder, stdio: ['pipe', 'pipe', 'ignore'] });
  peer.stdin.on('error', () => undefined); // it may end before it read everything
  const closed = new Promise<number | null>(resolve => peer.on('close', resolve));
  const ours = await new Promise<Result<T>>(resolve => {
    const end = make({ write: bytes => void peer.stdin.write(bytes.slice()), timers }, resolve);
    peer.stdout.on('data', (bytes: Buffer) => end.received(bytes));
    end.start();
  });
  peer.stdin.end();
  const status = await closed;
  timers.clearAll();
  return { ours, status };
}

const LENGTHS = [1, 128, 129, 1024, 1025, 5000, 204_877];

const say = (what: string): void => console.log(`lrzsz is missing: ${what} left out`);
const take = (command: string, args: readonly string[], options: YmodemReceiverOptions = {}) =>
  talk<YmodemFile>(command, args, (port, done) => new YmodemReceiver(port, done, options));

describe('the programs of lrzsz', () => {
  test('rb takes files from our sender', async () => {
    if (!installed) return say(`${LENGTHS.length} files to rb`);
    // All at once: rb sleeps for three seconds of its own in each session.
    await Promise.all(
      LENGTHS.map(async length => {
        const bytes = content(length, length);
        const name = `to-rb-${length}.bin`;
        const { ours, status } = await talk<void>(
          'rb',
          ['--overwrite'],
          (port, done) => new YmodemSender({ name, bytes }, port, () => undefined, done),
        );
        expect(ours.ok ? 'ok' : ours.fault, name).toBe('ok');
        expect(status, name).toBe(0);
        expect(Buffer.compare(readFileSync(join(folder, name)), bytes), name).toBe(0);
      }),
    );
  });

  test('our receiver takes files from sb', async () => {
    if (!installed) return say(`${LENGTHS.length} files from sb`);
    await Promise.all(
      LENGTHS.map(async length => {
        const bytes = content(length, length + 1);
        const name = `from-sb-${length}.bin`;
        writeFileSync(join(folder, name), bytes);
        const { ours, status } = await take('sb', ['-k', name]);
        expect(ours.ok && ours.value.name, name).toBe(name);
        expect(ours.ok && Buffer.compare(ours.value.bytes, bytes), name).toBe(0);
        expect(status, name).toBe(0);
      }),
    );
  });

  test('our receiver takes short blocks from sb, and a file without block 0 from sx', async () => {
    if (!installed) return say('short blocks and XMODEM');
    const bytes = content(3000, 77);
    writeFileSync(join(folder, 'x.bin'), bytes);
    const short = await take('sb', ['x.bin']);
    expect(short.ours.ok && Buffer.compare(short.ours.value.bytes, bytes)).toBe(0);
    const { ours, status } = await take('sx', ['-k', 'x.bin'], { withoutHead: true });
    expect(status).toBe(0);
    const got = ours.ok ? ours.value.bytes : new Uint8Array(0);
    expect(got.length).toBe(3072);
    expect(Buffer.compare(got.subarray(0, 3000), bytes)).toBe(0);
    expect(got.subarray(3000).every(byte => byte === 0x1a)).toBe(true);
  });
});
