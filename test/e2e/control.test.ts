import { spawn } from 'node:child_process';
import { existsSync, statSync, symlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openJournal } from '../../src/journal/journal.ts';
import { openControl } from '../../src/node/control.ts';
import { openEntropy } from '../../src/node/entropy.ts';
import { openJournalKey } from '../../src/node/files.ts';
import { makeEntry } from '../../src/runtime/enter.ts';
import { readRequest } from '../../src/runtime/entries.ts';
import { seeded } from '../runtime/world.ts';
import { SALE_DONE, World, saleOf, signedOn } from './world.ts';

/** The real program, its real socket, real commands: entries while the counter works. */

const PROGRAM = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const SECRET = '246810';
const IDLE = 'expect "确认键:菜单"\n';
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let base: World;
let world: World;

beforeAll(async () => {
  base = await signedOn();
  write(base, journal => journal.setPassword(Date.now(), '00', SECRET, '00'));
});
afterAll(() => base.end());
beforeEach(() => {
  world = new World();
  world.continueFrom(base);
});
afterEach(() => world.end());

function write(at: World, work: (journal: ReturnType<typeof opened>) => void): void {
  const journal = opened(at);
  work(journal);
  journal.close();
}

function opened(at: World) {
  const key = openJournalKey(at.at('journal.db'));
  const journal = key.ok ? openJournal({ path: at.at('journal.db'), sealKey: key.value, entropy: openEntropy() }) : key;
  if (!journal.ok) throw new Error(journal.fault.cause);
  return journal.value;
}

interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** A command with the password on its standard input. */
function command(args: readonly string[], secret = SECRET): Promise<Ran> {
  return new Promise(resolve => {
    const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => void (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => void (err += text));
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${secret}\n`);
    child.on('close', status => resolve({ status, out, err }));
  });
}

const entered = (...args: string[]): Promise<Ran> => command([...args, '--journal', world.at('journal.db')]);
const socketPath = (): string => `${world.at('journal.db')}.sock`;

/** One line to the socket, one back; undefined when the connection ends without. */
function ask(line: string | Uint8Array): Promise<string | undefined> {
  return new Promise(resolve => {
    const socket = connect(socketPath());
    let text = '';
    socket.on('connect', () => socket.write(line));
    socket.on('data', chunk => {
      text += chunk.toString('utf8');
      if (text.includes('\n')) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text === '' ? undefined : text.trim()));
  });
}

const line = (request: string, entry: object, password = SECRET): string =>
  `${JSON.stringify({ v: 1, request, password, entry })}\n`;
const REQUEST = '0123456789abcdef0123456789abcdef';

describe('a running counter', () => {
  test('freeze: the idle screen shows it at once, a refund is refused, a sale goes on; free lifts it', async () => {
    const { address } = await world.acquirer();
    await world.terminal(
      `${IDLE}expect "退货已暂停"
keys ENTER
expect "主菜单"
keys 3
expect "1.银行卡"
keys 1
expect "退货已暂停"
keys CANCEL
${saleOf('1 00')}${SALE_DONE}pause 60
`,
    );
    const counter = world.run(address);
    await world.screens.line(/确认键:菜单/);
    expect(statSync(socketPath()).mode & 0o777).toBe(0o600);
    const frozen = await entered('freeze', '--reason', 'wrong refunds');
    expect(frozen).toMatchObject({ status: 0, err: '' });
    expect(frozen.out).toContain('refunds are switched off; sales and voids go on (by the running counter)');
    await world.screens.line(/交易完成/);
    await world.screens.line(/退货已暂停.*确认键:菜单/);
    const free = await entered('freeze', '--lift', '--json');
    expect(JSON.parse(free.out)).toMatchObject([{ state: 'free', way: 'counter' }]);
    await world.screens.line(/^(?!.*暂停).*确认键:菜单/);
    counter.program.signal('SIGINT');
    expect(await counter.program.ended).toBe(0);
    expect(existsSync(socketPath())).toBe(false);
    world.withJournal(journal => {
      expect(journal.refundsFrozen()).toBeUndefined();
      expect(journal.recordsOfKinds(['entry']).map(record => record.body)).toMatchObject([
        { what: 'freeze', way: 'counter' },
        { what: 'free', way: 'counter' },
      ]);
      expect(journal.verify()).toMatchObject({ ok: true });
    });
    expect(world.books().differences).toEqual([]);
  });

  test('stopped by a cut between the entry and its answer: the same request again does nothing twice', async () => {
    const { address } = await world.acquirer();
    await world.terminal(`${IDLE}pause 60\n`);
    const counter = world.run(address);
    await world.screens.line(/确认键:菜单/);
    const note = {
      what: 'refund-external',
      reference: '123456789012',
      date: '1121',
      amountMinor: 500,
      method: 'cash',
      proof: 'R-1',
      note: 'card was closed',
    };
    expect(JSON.parse((await ask(line(REQUEST, note))) ?? '')).toMatchObject({
      ok: true,
      again: false,
      way: 'counter',
    });
    await counter.program.cut();
    expect(existsSync(socketPath())).toBe(true);
    // The journal is free now: the command with the same request goes into the file and finds that it is done.
    const again = await entered(
      ...[
        'refund',
        'external',
        '--reference',
        '123456789012',
        '--date',
        '1121',
        '--amount',
        '5.00',
        '--method',
        'cash',
      ],
      ...['--proof', 'R-1', '--reason', 'card was closed', '--request', REQUEST],
    );
    expect(again).toMatchObject({ status: 0, err: '' });
    expect(again.out).toContain('by the running counter; was entered before');
    // The next start takes the stale socket away, and answers the same.
    const next = world.run(address);
    await world.screens.line(/确认键:菜单/);
    expect(JSON.parse((await ask(line(REQUEST, note))) ?? '')).toMatchObject({ ok: true, again: true });
    expect(JSON.parse((await ask(line(REQUEST, { ...note, amountMinor: 501 }))) ?? '')).toMatchObject({
      ok: false,
      fault: { name: 'request-differs' },
    });
    next.program.signal('SIGINT');
    expect(await next.program.ended).toBe(0);
    world.withJournal(journal => expect(journal.externals()).toHaveLength(1));
  });

  test.each([
    ['before it has made the entry', false, '(into the journal file)'],
    ['after it has made the entry', true, '(it was so before; by the running counter)'],
  ])(
    'a counter that dies %s, with no answer: the command ends well, and the entry is there once',
    async (_, made, told) => {
      const path = world.at('journal.db');
      const journal = opened(world);
      const troubles: string[] = [];
      const control = openControl(
        path,
        ({ line: text }) => {
          const request = readRequest(text);
          if (made && request.ok) makeEntry(journal, request.value, { nowMs: Date.now(), way: 'counter' });
          control.close();
          journal.close();
        },
        f => troubles.push(f.name),
      );
      const ran = await entered('freeze', '--reason', 'wrong refunds');
      expect(ran).toMatchObject({ status: 0, err: '' });
      expect(ran.out).toContain(told);
      world.withJournal(after => {
        expect(after.recordsOfKinds(['refunds-frozen', 'entry'])).toHaveLength(2);
        expect(after.verify()).toMatchObject({ ok: true });
      });
      expect(troubles).toEqual([]);
    },
  );

  test('something else in the place of the socket is left alone: the counter says so and trades on', async () => {
    const { address } = await world.acquirer();
    world.write('secrets', 'precious');
    symlinkSync(world.at('secrets'), socketPath());
    const terminal = await world.terminal(`${saleOf('1 00')}${SALE_DONE}quit 0\n`);
    const counter = world.run(address);
    await counter.program.line(/no entries from the command line: E_EXISTS control-path-taken/);
    expect(`${await terminal.ended}\n${terminal.output}`).toMatch(/^0\n/);
    const refused = await entered('freeze', '--reason', 'x');
    expect(refused.status).toBe(1);
    expect(refused.err).toContain('sign on as 00, then 0');
    counter.program.signal('SIGINT');
    expect(await counter.program.ended).toBe(0);
    expect(existsSync(world.at('secrets'))).toBe(true);
  });

  test('thousands of hostile lines and connections never end it, and it sells afterwards', async () => {
    const { address } = await world.acquirer();
    const terminal = await world.terminal(`${IDLE}expect "退货已暂停"\n${saleOf('1 00')}${SALE_DONE}quit 0\n`);
    const counter = world.run(address);
    await world.screens.line(/确认键:菜单/);
    const random = seeded(20_261_122);
    // Without a password: damage must not lock 00 out.
    const valid = `${JSON.stringify({ v: 1, request: REQUEST, entry: { what: 'freeze', note: 'x' } })}\n`;
    let answered = 0;
    const hostile = async (n: number): Promise<void> => {
      const bytes = new Uint8Array(n % 50 === 0 ? 9000 : (n * 7) % 400);
      random.fill(bytes);
      // Random bytes, damaged lines, lines without an end that are broken off, two lines at once.
      const damaged = Buffer.from(valid, 'utf8');
      if (n % 4 === 1) damaged[n % (damaged.length - 1)] ^= 1 << (n % 8);
      const sent = n % 4 === 0 ? Buffer.concat([bytes, Buffer.from('\n')]) : n % 4 === 2 ? Buffer.from(bytes) : damaged;
      if (n % 4 === 2) return breakOff(sent);
      const answer = await ask(
        n % 40 === 3 ? Buffer.concat([sent, sent]) : n % 4 === 3 ? Buffer.from('{"v":1}\n') : sent,
      );
      if (answer === undefined) return;
      answered++;
      expect(JSON.parse(answer)).toMatchObject({ v: 1, ok: false });
    };
    for (let n = 0; n < 4000; n += 4) await Promise.all([hostile(n), hostile(n + 1), hostile(n + 2), hostile(n + 3)]);
    expect(answered).toBeGreaterThan(2500);
    expect(await ask(line(REQUEST, { what: 'freeze', note: 'x' }))).toMatch(/"ok":true/);
    expect(`${await terminal.ended}\n${terminal.output}`).toMatch(/^0\n/);
    counter.program.signal('SIGINT');
    expect(await counter.program.ended).toBe(0);
    world.withJournal(journal => expect(journal.verify()).toMatchObject({ ok: true }));
    expect(world.books().differences).toEqual([]);
  });
});

/** Sends something without an end and goes away. */
function breakOff(bytes: Uint8Array): Promise<void> {
  return new Promise(resolve => {
    const socket = connect(socketPath());
    socket.on('connect', () => socket.write(bytes, () => socket.destroy()));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
  });
}
