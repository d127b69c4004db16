import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { unzipSync, zipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { register } from '../../src/cli/bundle/bundle.ts';
import { profileOf } from '../../src/cli/profiles.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { writeAtomic } from '../../src/node/files.ts';
import { openByteSource, openTraceFile } from '../../src/node/trace-file.ts';
import { Kind, Link } from '../../src/trace/kinds.ts';
import { TraceReader } from '../../src/trace/reader.ts';
import { fileHeader, TraceWriter } from '../../src/trace/writer.ts';
import { encodePacket, packetLengthMax } from '../../src/wire/packet.ts';
import { memorySource } from '../trace/memory.ts';

const PAN = '6225000000000014';
const T0 = 1_800_000_000_000_000;

let folder = '';
const at = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pos8583-bundle-'));
  const journal = openJournal({
    path: at('journal.db'),
    sealKey: new Uint8Array(32),
    entropy: { fill: bytes => void bytes.fill(7) },
  });
  if (!journal.ok) throw new Error(journal.fault.cause);
  journal.value.close();
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs a command line; what it printed and its exit status. */
async function run(...args: string[]) {
  const out: string[] = [];
  const errors: string[] = [];
  let status = 0;
  const program = new Command().exitOverride();
  register(program, {
    version: '1.2.3',
    openJournal: path => openJournal({ path, readOnly: true }),
    openSource: openByteSource,
    loadProfile: profileOf,
    writeFile: (path, content) => writeAtomic(path, content, 0o600),
    nowMs: () => T0 / 1000,
    print: text => void out.push(text),
    printError: text => void errors.push(text),
    setExit: code => void (status = code),
  });
  await program.parseAsync(['node', 'pos8583', ...args]);
  return { out: out.join('\n'), errors: errors.join('\n'), status };
}

const make = (...more: string[]) => run('bundle', '--journal', at('journal.db'), '-o', at('b.zip'), ...more);

/** Parts of the bundle that was made. */
function parts(): Record<string, string> {
  const files = unzipSync(readFileSync(at('b.zip')));
  return Object.fromEntries(
    Object.entries(files).map(([name, bytes]) => [name, Buffer.from(bytes).toString('latin1')]),
  );
}

const facts = (): Record<string, never> => JSON.parse(parts()['bundle.json']);

const packet = (text: string): Uint8Array => {
  const data = Buffer.from(text, 'latin1');
  const bytes = new Uint8Array(packetLengthMax(data.length));
  return bytes.slice(0, encodePacket(data, data.length, bytes, 0));
};

/** Writes a trace; `tell` gets functions that add records, each a millisecond after the one before. */
function trace(
  tell: (
    put: (kind: number, payload: Uint8Array | string) => void,
    said: (kind: number, ...texts: string[]) => void,
  ) => void,
  name = 'counter.p85t',
): void {
  const file = openTraceFile(at(name), { maxBytes: 1e9, keep: 1, failed: f => expect(f).toBeUndefined() });
  if (!file.ok) throw new Error(file.fault.cause);
  const writer = new TraceWriter(file.value);
  let timeUs = T0;
  tell(
    (kind, payload) => {
      const bytes = Buffer.from(payload as string, 'latin1');
      const start = writer.begin(kind, Link.counter, (timeUs += 1000), bytes.length);
      writer.bytes.set(bytes, start);
      writer.flush();
    },
    (kind, ...texts) => {
      writer.texts(kind, Link.counter, (timeUs += 1000), ...texts);
      writer.flush();
    },
  );
  writer.end();
  file.value.close();
}

describe('a bundle', () => {
  test('holds the four parts, for this user alone, and shows itself', async () => {
    trace((put, said) => {
      put(Kind.session, '{"form":1}');
      put(Kind.profile, '{"id":"unionpay-pos","version":7}');
      said(Kind.screen, 'idle', 'Sale 1');
    });
    writeFileSync(
      at('run.log'),
      '{"level":"info","time":"2026-11-22T10:00:00.000Z","event":"stopped","msg":"stopped"}\n',
    );
    const made = await make('--trace', at('counter.p85t'), '--log', at('run.log'));
    expect(made).toMatchObject({ status: 0, errors: '' });
    expect(made.out).toContain('unionpay-pos version 7');
    expect(statSync(at('b.zip')).mode & 0o777).toBe(0o600);
    expect(Object.keys(parts()).sort()).toEqual(['bundle.json', 'log.jsonl', 'summary.txt', 'trace.p85t']);
    expect(facts()).toMatchObject({
      version: '1.2.3',
      host: { node: process.version },
      journal: { verify: { ok: true, records: 0 }, counts: { owed: 0, held: 0, unknownRefunds: 0 } },
      log: { lines: 1, leftOut: 0 },
      missing: [],
    });
    const shown = await run('bundle', 'show', at('b.zip'));
    expect(shown.status).toBe(0);
    for (const text of ['trace.p85t', 'SUPPORT BUNDLE', 'whole: 0 records']) expect(shown.out).toContain(text);
  });

  test('names the profile with its digest', async () => {
    await make('--profile', 'unionpay-pos');
    expect(facts()).toMatchObject({ profile: { id: 'unionpay-pos', digest: expect.stringMatching(/^[0-9a-f]{64}$/) } });
  });

  test('counts what the lines did', async () => {
    const sent = packet('XDS0000');
    const answer = packet('XDS000');
    const damaged = answer.slice();
    damaged[3] ^= 1;
    trace((put, said) => {
      put(Kind.session, '{}');
      put(Kind.lineOpened, '');
      put(Kind.lineOut, sent);
      put(Kind.lineIn, '\x15'); // NAK
      put(Kind.lineOut, sent);
      put(Kind.lineIn, damaged);
      put(Kind.lineOut, '\x15');
      put(Kind.lineIn, answer.subarray(0, 4));
      put(Kind.lineIn, answer.subarray(4));
      said(Kind.lineClosed, 'hangup', 'gone');
      put(Kind.hostConnect, '\0\0\0\0');
      put(Kind.hostConnected, '');
      put(Kind.hostOut, '\0\x02ab');
      put(Kind.hostIn, '\0\x02cd');
      put(Kind.hostOut, '\0\x02ab');
      said(Kind.hostClosed, 'timeout', '');
      put(Kind.session, '{}');
      said(Kind.end, 'stopped');
    });
    await make('--trace', at('counter.p85t'));
    const { links } = facts().trace as { links: object };
    expect(links).toMatchObject({
      sessions: { begun: 2, ended: { stopped: 1 }, cutOff: 1 },
      terminal: {
        opened: 1,
        closed: { hangup: 1 },
        packetsOut: 2,
        packetsIn: 1,
        badPackets: { crc: 1 },
        naksIn: 1,
        naksOut: 1,
        commands: { XDS: { sent: 2, answers: 1, meanMs: 4, maxMs: 4 } },
      },
      acquirer: { connects: 1, connected: 1, closed: { timeout: 1 }, requests: 2, answers: 1, unanswered: 1, maxMs: 1 },
    });
  });

  test('what is no whole record of a known kind stays outside', async () => {
    trace((put, said) => {
      said(Kind.screen, 'idle', 'kept');
      put(99, `PAN ${PAN}`);
    });
    writeFileSync(at('counter.p85t'), `junk ${PAN}`, { flag: 'a' });
    trace((_, said) => said(Kind.screen, 'idle', 'after'));
    expect((await make('--trace', at('counter.p85t'))).status).toBe(0);
    expect(facts()).toMatchObject({ trace: { records: 2, unknownKinds: 1, troubleCount: 1 } });
    const reader = new TraceReader(memorySource(unzipSync(readFileSync(at('b.zip')))['trace.p85t']));
    const texts: string[] = [];
    while (reader.next()) texts.push(...reader.texts());
    expect([texts, reader.troubleCount, reader.redacted]).toEqual([['idle', 'kept', 'idle', 'after'], 0, true]);
    for (const [name, text] of Object.entries(parts())) expect(text.includes(PAN), name).toBe(false);
  });

  test('a trace that does not say it was redacted stays outside', async () => {
    const blocks: Uint8Array[] = [fileHeader()];
    const writer = new TraceWriter({ write: (bytes, length) => void blocks.push(bytes.slice(0, length)) });
    writer.texts(Kind.screen, 0, T0, PAN);
    writer.end();
    writeFileSync(at('other.p85t'), Buffer.concat(blocks));
    const made = await make('--trace', at('other.p85t'));
    expect(made.status).toBe(1);
    expect(made.errors).toContain('trace-not-redacted');
    expect(Object.keys(parts()).sort()).toEqual(['bundle.json', 'summary.txt']);
    expect(parts()['summary.txt']).toContain('trace-not-redacted');
  });

  test('of a long trace the newest records are taken, from the beginning of a session', async () => {
    trace((put, said) => {
      for (let session = 0; session < 6; session++) {
        put(Kind.session, '{}');
        for (let i = 0; i < 5; i++) said(Kind.slip, 'x'.repeat(60_000));
      }
    });
    await make('--trace', at('counter.p85t'), '--trace-max', '1');
    const reader = new TraceReader(memorySource(unzipSync(readFileSync(at('b.zip')))['trace.p85t']));
    const kinds: number[] = [];
    while (reader.next()) kinds.push(reader.kind);
    // A megabyte holds 17 of the long records, so three sessions of five.
    expect(kinds).toHaveLength(18);
    expect(kinds[0]).toBe(Kind.session);
    expect(facts()).toMatchObject({ trace: { records: 18, leftOut: 18 } });
    expect(parts()['summary.txt']).toContain('18 older ones');
  });

  test('of a log only the last lines, and of them only what a log may say', async () => {
    const line = (extra: object): string =>
      JSON.stringify({ level: 'warn', time: '2026-11-22T10:00:00.000Z', ...extra });
    const lines = [
      line({ event: 'old' }),
      line({ event: 'declined', stan: '000012', pan: PAN, msg: `card ${PAN}` }),
      `a line of another program ${PAN}`,
      '["level"]',
      JSON.stringify({ level: 'debug', time: 'now', note: PAN }),
      line({ event: `track ${PAN}D49122011234567890`, nested: { pan: PAN } }),
    ];
    writeFileSync(at('run.log'), `${lines.join('\n')}\n`);
    await make('--log', at('run.log'), '--log-lines', '5');
    const log = parts()
      ['log.jsonl'].trimEnd()
      .split('\n')
      .map(text => JSON.parse(text) as object);
    expect(log).toEqual([
      {
        level: 'warn',
        time: '2026-11-22T10:00:00.000Z',
        event: 'declined',
        stan: '000012',
        droppedFields: 1,
        msg: expect.stringContaining('622500******0014'),
      },
      { level: 'warn', time: '2026-11-22T10:00:00.000Z', event: 'track [track]', droppedFields: 1 },
    ]);
    expect(facts()).toMatchObject({ log: { lines: 2, leftOut: 3 } });
  });

  test('a log of gigabytes costs only its end', async () => {
    const line = `${JSON.stringify({ level: 'info', time: '2026-11-22T10:00:00.000Z', event: 'x'.repeat(900) })}\n`;
    writeFileSync(at('run.log'), line.repeat(12_000));
    await make('--log', at('run.log'), '--log-lines', '100000');
    const { lines, leftOut } = facts().log as { lines: number; leftOut: number };
    expect(lines).toBeGreaterThan(4000);
    expect(lines).toBeLessThan(5000);
    expect(leftOut).toBe(0);
  });

  test('is made for a journal that is gone or damaged, and says so', async () => {
    rmSync(at('journal.db'));
    const gone = await make();
    expect(gone.status).toBe(1);
    expect(facts()).toMatchObject({ journal: { unreadable: expect.stringContaining('journal-missing') } });
    expect(parts()['summary.txt']).toContain('! E_NOEXIST journal-missing');
  });

  test.each([
    [['bundle', '--journal', 'x'], 'bundle-flags'],
    [['bundle', '--journal', 'x', '-o', 'y', '--trace-max', 'many'], 'bundle-size'],
    [['bundle', '--journal', 'x', '-o', '/no/such/folder/b.zip'], 'file-missing'],
  ])('%j: %s', async (args, name) => {
    const { status, errors } = await run(...args);
    expect(errors).toContain(name);
    expect(status).toBe(2);
  });
});

describe('show', () => {
  test('finds a part that was changed, added or taken away', async () => {
    await make();
    const files = unzipSync(readFileSync(at('b.zip')));
    const shown = async (changed: Record<string, Uint8Array>): Promise<string> => {
      writeFileSync(at('c.zip'), zipSync(changed));
      const { status, out } = await run('bundle', 'show', at('c.zip'));
      expect(status).toBe(1);
      return out;
    };
    expect(await shown({ ...files, 'summary.txt': new TextEncoder().encode('all is well') })).toMatch(
      /summary\.txt .*! changed/,
    );
    expect(await shown({ ...files, 'notes.txt': new Uint8Array(3) })).toMatch(/notes\.txt .*! changed/);
    const { 'summary.txt': _, ...rest } = files;
    expect(await shown(rest)).toMatch(/summary\.txt .*! is missing/);
  });

  test('refuses what is no bundle', async () => {
    writeFileSync(at('c.zip'), zipSync({ 'bundle.json': new TextEncoder().encode('{"parts":null}') }));
    writeFileSync(at('d.zip'), 'PK nothing');
    for (const name of ['c.zip', 'd.zip', 'journal.db', 'none.zip']) {
      const { status, errors } = await run('bundle', 'show', at(name));
      expect([name, status]).toEqual([name, 2]);
      expect(errors).toMatch(/no-bundle|source-missing/);
    }
  });

  test('a cut file is told, at whatever byte', async () => {
    await make();
    const bytes = readFileSync(at('b.zip'));
    for (let end = 0; end < bytes.length - 22; end += 37) {
      writeFileSync(at('c.zip'), bytes.subarray(0, end));
      expect((await run('bundle', 'show', at('c.zip'))).status, String(end)).not.toBe(0);
    }
  });
});
