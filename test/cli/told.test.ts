import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { unzipSync } from 'fflate';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { register } from '../../src/cli/evidence/evidence.ts';
import { profileOf } from '../../src/cli/profiles.ts';
import { followTrace, Told } from '../../src/cli/told.ts';
import { ok } from '../../src/fault.ts';
import { bodyOffset, sealFrame } from '../../src/iso8583/frame.ts';
import { MessageBuilder } from '../../src/iso8583/message-builder.ts';
import { compileFieldPlan } from '../../src/iso8583/plan.ts';
import { openByteSource, openTraceFile } from '../../src/node/trace-file.ts';
import { Kind, Link } from '../../src/trace/kinds.ts';
import type { TraceRecord } from '../../src/trace/record.ts';
import { fileHeader, TraceWriter } from '../../src/trace/writer.ts';
import { open, sale, T0 } from '../journal/helpers.ts';

const loaded = await profileOf('unionpay-pos');
if (!loaded.ok) throw new Error(loaded.fault.cause);
const profile = loaded.value;
const compiled = compileFieldPlan(profile.dialect, profile.acquirer.dialectOptions);
if (!compiled.ok) throw new Error(compiled.fault.cause);
const plan = compiled.value;

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pos8583-told-'));
  path = join(folder, 'counter.p85t');
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

/** One frame on the acquirer line. */
function frame(mti: number, stan: number): Uint8Array {
  const out = new Uint8Array(512);
  const start = bodyOffset(plan.framing);
  const builder = new MessageBuilder(plan);
  builder.begin(out, start, mti);
  builder.digits(2, '6225000000000014');
  builder.number(11, stan);
  const end = builder.finish();
  if (end < 0) throw new Error(`not built: ${end}`);
  return out.slice(
    0,
    sealFrame(plan.framing, out, 0, end - start, new Uint8Array(5).fill(0x60), new Uint8Array(6).fill(0x60)),
  );
}

/** A trace with a key, a screen, a message in two pieces, a slip and a card; `shift` milliseconds after {@link T0}. */
function write(shift: number, withProfile = true): void {
  const file = openTraceFile(path, { maxBytes: 1e9, keep: 1, failed: f => expect(f).toBeUndefined() });
  if (!file.ok) throw new Error(file.fault.cause);
  const writer = new TraceWriter(file.value);
  const timeUs = (T0 + shift) * 1000;
  const put = (kind: number, bytes: Uint8Array): void => {
    const at = writer.begin(kind, Link.counter, timeUs, bytes.length);
    writer.bytes.set(bytes, at);
  };
  put(Kind.session, new TextEncoder().encode('{}'));
  if (withProfile) put(Kind.profile, new TextEncoder().encode(JSON.stringify(profile)));
  writer.texts(Kind.key, Link.counter, timeUs, 'amount', '5');
  writer.texts(Kind.screen, Link.training, timeUs, 'amount', 'Amount', '0.05');
  put(Kind.wall, new Uint8Array(12));
  const bytes = frame(0x0200, 7);
  put(Kind.hostOut, bytes);
  put(Kind.hostIn, frame(0x0210, 7).subarray(0, 20));
  put(Kind.hostIn, frame(0x0210, 7).subarray(20));
  writer.texts(Kind.slip, Link.counter, timeUs, 'SALE', '¥0.05');
  writer.texts(Kind.card, Link.counter, timeUs, 'removed');
  writer.texts(Kind.terminal, Link.counter, timeUs, 'lost', 'PIN pad');
  writer.end();
  file.value.close();
}

const SALE = { '2': '622500******0014', '11': '000007' };

function expected(atMs: number): TraceRecord[] {
  return [
    { kind: 'key', atMs, step: 'amount', key: '5' },
    { kind: 'screen', atMs, step: 'amount', lines: ['Amount', '0.05'], training: true },
    { kind: 'sent', atMs, mti: '0200', fields: SALE },
    { kind: 'received', atMs, mti: '0210', fields: SALE },
    { kind: 'slip', atMs, lines: ['SALE', '¥0.05'] },
    { kind: 'card', atMs, event: 'removed' },
    { kind: 'terminal', atMs, event: 'lost', detail: 'PIN pad' },
  ];
}

test('a trace as people are told of it', () => {
  write(0);
  const source = openByteSource(path);
  if (!source.ok) throw new Error(source.fault.cause);
  const told = new Told(source.value, plan);
  const records: TraceRecord[] = [];
  for (let record = told.next(); record; record = told.next()) records.push(record);
  source.value.close();
  expect(records).toEqual(expected(T0));
});

test('a trace that is being written is followed from its beginning, before it is there', () => {
  vi.useFakeTimers();
  const records: TraceRecord[] = [];
  const stop = followTrace(path, profile, record => void records.push(record));
  vi.advanceTimersByTime(100);
  expect(records).toEqual([]);
  write(0);
  vi.advanceTimersByTime(100);
  expect(records).toEqual(expected(T0));
  write(5000);
  stop();
  expect(records).toEqual([...expected(T0), ...expected(T0 + 5000)]);
  write(9000);
  vi.advanceTimersByTime(100);
  expect(records).toHaveLength(14);
});

/** Makes an evidence pack of the first sale of a journal; the lines of its trace. */
async function evidence(...flags: string[]) {
  const journal = open();
  const { id } = sale(journal, T0);
  const errors: string[] = [];
  let status = 0;
  let pack = new Uint8Array();
  const program = new Command().exitOverride();
  register(program, {
    version: '1.2.3',
    openJournal: () => ok(journal),
    readBytes: () => ok(pack),
    openSource: openByteSource,
    loadProfile: profileOf,
    writeFile: (_, content) => ok(void (pack = content.slice())),
    verifier: () => ok(''),
    verify: () => ({ status: 0, text: '' }),
    print: () => undefined,
    printError: text => void errors.push(text),
    setExit: code => void (status = code),
  });
  await program.parseAsync([
    'node',
    'pos8583',
    'evidence',
    'pack',
    String(id),
    '--journal',
    'j',
    '--out',
    'o',
    ...flags,
  ]);
  const text = pack.length > 0 ? unzipSync(pack)['trace.jsonl'] : undefined;
  const lines =
    text &&
    new TextDecoder()
      .decode(text)
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line) as unknown);
  return { lines, errors: errors.join('\n'), status };
}

test('evidence takes the minutes around its records, and nothing of the rest of the day', async () => {
  write(-600_000);
  write(-100_000);
  write(30_000);
  write(600_000);
  const { lines, status, errors } = await evidence('--trace', path);
  expect([status, errors]).toEqual([0, '']);
  expect(lines).toEqual([...expected(T0 - 100_000), ...expected(T0 + 30_000)]);
});

test('a trace without its beginning needs a profile', async () => {
  write(0, false);
  expect(await evidence('--trace', path)).toMatchObject({
    status: 2,
    errors: expect.stringContaining('trace-profile'),
  });
  const { lines, status } = await evidence('--trace', path, '--profile', 'unionpay-pos');
  expect(status).toBe(0);
  expect(lines).toEqual(expected(T0));
  expect(await evidence('--trace', path, '--profile', 'no-such')).toMatchObject({ status: 2 });
});

test.each([
  ['JSON lines of an older version', '{"kind":"screen","atMs":1}\n', 'not-own-trace'],
  ['a trace that does not say it was redacted', '', 'trace-not-redacted'],
])('%s is refused', async (_, content, name) => {
  if (content !== '') writeFileSync(path, content);
  else {
    const blocks: Uint8Array[] = [fileHeader()];
    const writer = new TraceWriter({ write: (bytes, length) => void blocks.push(bytes.slice(0, length)) });
    writer.texts(Kind.screen, 0, 1, 'idle');
    writer.end();
    writeFileSync(path, Buffer.concat(blocks));
  }
  expect(await evidence('--trace', path)).toMatchObject({
    status: 2,
    lines: undefined,
    errors: expect.stringContaining(name),
  });
});
