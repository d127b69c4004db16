import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { register, type SimAcquirerRim } from '../../../src/cli/sim-acquirer.ts';
import { failed, fault, ok } from '../../../src/fault.ts';
import { tcpServer } from '../../../src/node/tcp-server.ts';
import type { Reply } from '../../../src/sim/acquirer/acquirer.ts';
import { ledgerSummary } from '../../../src/sim/acquirer/ledger.ts';
import { AcquirerSession } from '../../../src/sim/acquirer/server.ts';
import { localUtc, NOON_MS, plan, seededEntropy, Till } from './till.ts';

/** A connection and timers that only the test moves. */
class Bench {
  readonly handled: string[] = [];
  readonly written: string[] = [];
  readonly lines: string[] = [];
  ended = 0;
  reply: Reply = { answers: [] };
  private readonly alarms = new Map<number, { at: number; fire: () => void }>();
  private handles = 0;
  private now = 0;
  readonly session = new AcquirerSession(
    {
      handle: frame => {
        this.handled.push(Buffer.from(frame).toString('hex'));
        return this.reply;
      },
    },
    {
      name: 'till:1',
      write: bytes => void this.written.push(Buffer.from(bytes).toString('hex')),
      end: () => void this.ended++,
    },
    {
      nowMs: () => this.now,
      timers: {
        set: (delayMs, fire) => {
          this.handles++;
          this.alarms.set(this.handles, { at: this.now + delayMs, fire });
          return this.handles;
        },
        clear: handle => void this.alarms.delete(handle),
      },
      log: line => void this.lines.push(line),
    },
  );

  get waiting(): number {
    return this.alarms.size;
  }

  pass(ms: number): void {
    this.now += ms;
    for (const [handle, alarm] of [...this.alarms])
      if (alarm.at <= this.now) {
        this.alarms.delete(handle);
        alarm.fire();
      }
  }
}

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

describe('a connection', () => {
  test('frames in pieces, two at once, byte by byte', () => {
    const bench = new Bench();
    bench.session.received(bytes('0003aabb'));
    expect(bench.handled).toEqual([]);
    bench.session.received(bytes('cc0001dd00'));
    expect(bench.handled).toEqual(['0003aabbcc', '0001dd']);
    for (const byte of ['02', '11', '22']) bench.session.received(bytes(byte));
    expect(bench.handled).toEqual(['0003aabbcc', '0001dd', '00021122']);
  });

  test('the longest frame is taken, a longer one closes the connection', () => {
    const bench = new Bench();
    bench.session.received(bytes(`1000${'ab'.repeat(4096)}`));
    expect(bench.handled).toHaveLength(1);
    bench.session.received(bytes('1001ab'));
    expect([bench.ended, bench.handled.length]).toEqual([1, 1]);
    expect(bench.lines[0]).toContain('4097');
    bench.session.received(bytes('0001aa'));
    expect(bench.handled).toHaveLength(1);
  });

  test('answers at once, late, and close after the last', () => {
    const bench = new Bench();
    bench.reply = {
      answers: [
        { delayMs: 0, bytes: bytes('01') },
        { delayMs: 70_000, bytes: bytes('02') },
      ],
      close: true,
    };
    bench.session.received(bytes('0001aa'));
    expect([bench.written, bench.ended]).toEqual([['01'], 0]);
    bench.pass(69_999);
    expect(bench.written).toEqual(['01']);
    bench.pass(1);
    expect([bench.written, bench.ended]).toEqual([['01', '02'], 1]);
  });

  test('a late answer is dropped when the till has gone', () => {
    const bench = new Bench();
    bench.reply = { answers: [{ delayMs: 70_000, bytes: bytes('02') }] };
    bench.session.received(bytes('0001aa'));
    expect(bench.waiting).toBe(1);
    bench.session.closed();
    expect(bench.waiting).toBe(0);
  });

  test('closing without an answer', () => {
    const bench = new Bench();
    bench.reply = { answers: [], close: true };
    bench.session.received(bytes('0001aa0001bb'));
    expect([bench.ended, bench.handled]).toEqual([1, ['0001aa']]);
  });
});

interface Run {
  readonly out: string[];
  readonly err: string[];
  exit: number;
  stop: () => void;
}

/** Runs the command in this process; resolves when it has printed or complained. */
async function run(args: string[], files: Record<string, string> = {}): Promise<Run> {
  const started = Promise.withResolvers<void>();
  const result: Run = { out: [], err: [], exit: 0, stop: () => undefined };
  const rim: SimAcquirerRim = {
    loadProfile: id =>
      id === 'unionpay-pos'
        ? ok({ dialect: plan.source, acquirer: { dialectOptions: {}, macAlgorithm: 'unionpay-ecb' } })
        : failed(fault('E_NOEXIST', 'no-profile', `there is no profile ${id}`, 'See the list')),
    readFile: path =>
      Object.hasOwn(files, path)
        ? ok(new TextEncoder().encode(files[path]))
        : failed(fault('E_NOEXIST', 'no-file', `there is no file ${path}`, 'Check the path')),
    tcp: tcpServer,
    clock: { nowMs: () => NOON_MS, monotonicMs: () => 0, local: localUtc },
    timers: { set: () => 1, clear: () => undefined },
    entropy: seededEntropy(3),
    onStop: stop => void (result.stop = stop),
    print: text => {
      result.out.push(text);
      started.resolve();
    },
    printError: text => {
      result.err.push(text);
      started.resolve();
    },
    setExit: code => void (result.exit = code),
  };
  const program = new Command().exitOverride();
  register(program, rim);
  await program.parseAsync(['node', 'pos8583', 'sim', 'acquirer', ...args]);
  await started.promise;
  return result;
}

/** One frame, or the end of the connection. */
function nextFrame(socket: Socket): Promise<Uint8Array | undefined> {
  return new Promise(resolve => {
    let got = Buffer.alloc(0);
    const data = (piece: Buffer): void => {
      got = Buffer.concat([got, piece]);
      if (got.length >= 2 && got.length >= 2 + got.readUInt16BE(0)) finish(new Uint8Array(got));
    };
    const close = (): void => finish(undefined);
    const finish = (frame: Uint8Array | undefined): void => {
      socket.off('data', data).off('close', close);
      resolve(frame);
    };
    socket.on('data', data).on('close', close);
  });
}

describe('pos8583 sim acquirer', () => {
  test('serves sign-on, a sale and a closed connection over TCP; the books are in the file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pos8583-'));
    const ledger = join(folder, 'ledger.db');
    const command = await run(['--listen', '127.0.0.1:0', '--ledger', ledger]);
    expect(command.out).toHaveLength(1);
    const [, port] = /^listening on 127\.0\.0\.1:(\d+)$/.exec(command.out[0]) ?? [];
    const socket = connect(Number(port), '127.0.0.1');
    const till = new Till();
    const over = async (frame: Uint8Array): Promise<Uint8Array | undefined> => {
      const answer = nextFrame(socket);
      socket.write(frame);
      return answer;
    };
    const real = till.acquirer;
    const signOn = await over(
      till.frame({ mti: 0x0800, fields: { ...till.base('00', '003', ''), '63': '001' }, mac: false }),
    );
    // The till takes its keys from what came over the wire.
    till.acquirer = {
      handle: () => ({ answers: [{ delayMs: 0, bytes: signOn ?? new Uint8Array(0) }] }),
    } as unknown as typeof real;
    till.signOn();
    const sale = till.read((await over(till.frame(till.saleAsk(1000)))) ?? new Uint8Array(0));
    expect([sale.fields['39'], sale.macRight]).toEqual(['00', true]);
    expect(await over(till.frame(till.saleAsk(1073)))).toBeUndefined();
    expect(command.err.filter(line => line.includes('-> 0200 sale'))).toHaveLength(2);
    command.stop();
    const books = new DatabaseSync(ledger, { readOnly: true });
    expect(ledgerSummary(books).rows.map(row => [row.kind, row.state, row.amountMinor])).toEqual([
      ['sale', 'approved', 1000],
      ['sale', 'approved', 1073],
    ]);
    books.close();
    rmSync(folder, { recursive: true });
  });

  test('a port that is taken: exit 1 and what to do', async () => {
    const first = await run(['--listen', '127.0.0.1:0', '--quiet']);
    const port = first.out[0].split(':').at(-1);
    const second = await run(['--listen', `127.0.0.1:${port}`]);
    expect([second.exit, second.out]).toEqual([1, []]);
    expect(second.err[0]).toContain('address-in-use');
    first.stop();
    second.stop();
  });

  test.each<[string[], number, string]>([
    [['--listen', 'nowhere'], 2, 'bad-listen'],
    [['--listen', '127.0.0.1:70000'], 2, 'bad-listen'],
    [['--tmk', '11'], 2, 'bad-tmk'],
    [['--tmk', 'x'.repeat(32)], 2, 'bad-tmk'],
    [['--tid', '123'], 2, 'bad-tid'],
    [['--mid', '123'], 2, 'bad-mid'],
    [['--faults', 'absent.json'], 2, 'no-file'],
    [['--faults', 'bad.json'], 2, '/rules'],
    [['--profile', 'other'], 2, 'no-profile'],
    [['--ledger', '/dev/null/x.db'], 1, 'ledger'],
  ])('%j: exit %i', async (args, exit, text) => {
    const command = await run(args, { 'bad.json': '{}' });
    expect([command.exit, command.out]).toEqual([exit, []]);
    expect(command.err.join('\n')).toContain(text);
  });

  test('several terminals and merchants', async () => {
    const command = await run([
      '--listen',
      '127.0.0.1:0',
      '--tid',
      'SHOP0001,SHOP0002',
      '--mid',
      '898310148160009',
      '--quiet',
    ]);
    const port = Number(command.out[0].split(':').at(-1));
    const socket = connect(port, '127.0.0.1');
    const till = new Till();
    till.tid = 'SHOP0002';
    till.mid = '898310148160009';
    const answer = nextFrame(socket);
    socket.write(till.frame({ mti: 0x0800, fields: { ...till.base('00', '001', ''), '63': '001' }, mac: false }));
    expect(till.read((await answer) ?? new Uint8Array(0)).fields['39']).toBe('00');
    expect(command.err).toEqual([]);
    command.stop();
  });
});
