import { describe, expect, test } from 'vitest';
import { Kind } from '../../src/trace/kinds.ts';
import { crc32 } from '../../src/wire/crc32.ts';
import {
  counterDay,
  HEADER_BYTES,
  joined,
  PAN,
  profile,
  Recorded,
  refundRequest,
  run,
  saleAnswer,
  saleRequest,
  texts,
  TRACK2,
} from './trace-bench.ts';

const day = counterDay();
const files = { day };

describe('view', () => {
  test('one line a message: time, way, type in words, STAN, amount, answer, latency', async () => {
    const { exit, lines, error } = await run(['view', 'day'], { files });
    expect(exit).toBe(0);
    expect(error).toBe('');
    expect(lines[1]).toBe('-- 2026-11-22');
    expect(lines[2]).toMatch(/^ {5}1 {2}14:03:22\.220 {2}→ {2}sale request +000101 +12\.34$/);
    expect(lines[3]).toMatch(
      /^ {5}2 {2}14:03:22\.553 {2}← {2}sale response +000101 +12\.34 {2}\[51\] INSUFFICIENT +333 ms$/,
    );
    expect(lines[6]).toMatch(/→ {2}refund request +000103 +40\.00$/);
    expect(lines[8]).toMatch(/→ {2}sale reversal request +000104 +5\.00 {2}\[98\] NO ANSWER$/);
    // It came after the reversal, and still is the answer to message 6.
    expect(lines[9]).toMatch(/← {2}sale response +000104 +5\.00 {2}\[00\] APPROVED +60\.1 s$/);
    expect(lines[11]).toMatch(/→ {2}training echo test request$/);
    expect(lines).toHaveLength(13);
  });

  test('in Chinese', async () => {
    const { lines } = await run(['view', 'day', '--lang', 'zh'], { files });
    expect(lines[3]).toMatch(/消费应答 +000101 +12\.34 {2}\[51\] 余额不足/);
    expect(lines[6]).toMatch(/退货请求/);
  });

  test('JSON: one object a message', async () => {
    const { lines } = await run(['view', 'day', '--json'], { files });
    expect(JSON.parse(lines[1])).toEqual({
      number: 2,
      time: '2026-11-22T14:03:22.553Z',
      way: 'in',
      stream: 0,
      mti: '0210',
      type: 'sale',
      name: 'sale response',
      stan: '000101',
      terminal: '10000001',
      batch: '000001',
      amountMinor: 1234,
      code: '51',
      meaning: 'INSUFFICIENT',
      request: 1,
      latencyMs: 333,
    });
  });

  test.each([
    [
      ['--from', '14:05'],
      [5, 6, 7, 8, 9, 10, 11],
    ],
    [
      ['--from', '14:04:22.803', '--until', '14:07'],
      [4, 5, 6],
    ],
    [
      ['--until', '2026-11-22T14:04'],
      [1, 2],
    ],
    [['--from', '2026-11-23'], []],
  ])('%j', async (range, numbers) => {
    const { lines } = await run(['view', 'day', '--json', ...range], { files });
    expect(lines.map(line => (JSON.parse(line) as { number: number }).number)).toEqual(numbers);
  });

  test('a time that is none is told', async () => {
    const { exit, error } = await run(['view', 'day', '--from', 'noon'], { files });
    expect(exit).toBe(2);
    expect(error).toBe('E_ILLEGAL bad-time: --from "noon" is no time. Write 14:03, 14:03:22 or 2026-11-22T14:03:22\n');
  });

  test('a file that is not there', async () => {
    const { exit, error } = await run(['view', 'night'], { files });
    expect(exit).toBe(2);
    expect(error).toContain('source-missing');
  });

  test('--records tells what stands between the messages, too', async () => {
    const { lines } = await run(['view', 'day', '--records'], { files });
    expect(lines.filter(line => / · /.test(line)).map(line => line.replace(/^.* · +/, ''))).toEqual([
      'screen  请刷卡',
      'key  1',
      'key  ENTER',
      'serial  → XDS show screen',
      'serial  ← XDS 000',
      'connect  10.0.0.1:8583',
      'connected',
      'journal  #12 | intent | abababab',
      'journal  #13 | outcome | abababab',
      'screen  交易失败 | [51]余额不足',
      'program ends  stopped',
    ]);
    expect(lines.filter(line => / [→←] /.test(line) && !line.includes('·'))).toHaveLength(11);
  });

  test('what cannot be read is told, and the rest is listed', async () => {
    const cut = day.slice(0, -3);
    const { exit, error, lines } = await run(['view', 'cut'], {
      files: { cut: joined([new Recorded().out(saleRequest('000001', '000000000100')).file(), cut]) },
    });
    expect(exit).toBe(3);
    expect(error).toMatch(/^offset \d+: /);
    expect(lines).toHaveLength(3);
  });

  test('an answer belongs to its request over any connection, and only the first one', async () => {
    const trace = new Recorded()
      .out(saleRequest('000001', '000000000100'))
      .bytes(Kind.hostConnect, joined([Uint8Array.of(0, 0, 0, 1), texts('10.0.0.2:8583')]))
      .later(90)
      .in(saleAnswer('000001', '000000000100', '00'))
      .later(10)
      .in(saleAnswer('000001', '000000000100', '00'))
      .file();
    const { lines } = await run(['view', 'twice', '--json'], { files: { twice: trace } });
    const told = lines.map(line => JSON.parse(line) as { stream: number; request?: number; latencyMs?: number });
    expect(told.map(({ stream, request, latencyMs }) => [stream, request, latencyMs])).toEqual([
      [0, undefined, undefined],
      [1, 1, 90],
      [1, undefined, undefined],
    ]);
  });

  test('hex of another way to write: the way comes from the message type', async () => {
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
    const text = [saleRequest('000007', '000000000100'), saleAnswer('000007', '000000000100', '00')]
      .map(hex)
      .join('\n\n');
    const { lines } = await run(['view', '-'], { files: { '-': Buffer.from(text) } });
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(/^ {5}1 +→ {2}sale request/);
    expect(lines[2]).toMatch(/^ {5}2 +← {2}sale response/);
  });

  test('the profile that the trace itself holds gives the words', async () => {
    const own = structuredClone(profile) as unknown as { transactions: { sale: { name: { en: string } } } };
    own.transactions.sale.name.en = 'BUY';
    const trace = new Recorded()
      .bytes(Kind.profile, new TextEncoder().encode(JSON.stringify(own)))
      .out(saleRequest('000001', '000000000100'))
      .file();
    expect((await run(['view', 'own'], { files: { own: trace } })).lines[2]).toContain('buy request');
    const named = await run(['view', 'own', '--profile', 'unionpay-pos'], { files: { own: trace } });
    expect(named.lines[2]).toContain('sale request');
  });

  test('a dialect alone: message types in words, codes without meaning', async () => {
    const { lines } = await run(['view', 'day', '--dialect', 'unionpay-pos'], { files });
    expect(lines[3]).toMatch(/← {2}0210 financial response +000101 +12\.34 {2}\[51\] +333 ms$/);
    const { exit, error } = await run(['view', 'day', '--dialect', 'nothing'], { files });
    expect(exit).toBe(2);
    expect(error).toMatch(/unknown-dialect: there is no dialect "nothing"\. Known: .*iso8583-1987-ascii/);
  });
});

describe('view --follow', () => {
  test('tells what comes, without a gap and only once', async () => {
    const trace = new Recorded().out(saleRequest('000001', '000000000100'));
    const world: Record<string, Uint8Array> = { live: trace.file() };
    const following = await run(['view', 'live', '--follow'], { files: world });
    expect(following.lines).toHaveLength(3);
    following.tick();
    expect(following.lines).toHaveLength(3);
    const whole = trace
      .later(400)
      .in(saleAnswer('000001', '000000000100', '00'))
      .file();
    // A look in the middle of a block.
    world.live = whole.slice(0, -5);
    following.tick();
    expect(following.lines).toHaveLength(3);
    world.live = whole;
    following.tick();
    expect(following.lines).toHaveLength(4);
    expect(following.lines[3]).toMatch(/ 2 .*← {2}sale response .*\[00\] APPROVED +400 ms$/);
    expect(following.exit).toBeUndefined();
  });

  test('goes on when older parts are gone', async () => {
    const trace = new Recorded().out(saleRequest('000001', '000000000100'));
    const first = trace.file();
    trace.turn();
    const second = trace
      .later(400)
      .in(saleAnswer('000001', '000000000100', '00'))
      .file();
    const world: Record<string, Uint8Array> = { live: first };
    const following = await run(['view', 'live', '--follow'], { files: world });
    world.live = joined([first, second]);
    following.tick();
    trace.turn();
    // The first part was removed, and in the same moment a message came.
    world.live = joined([second, trace.later(1000).out(refundRequest('000002', '000000000100')).file()]);
    following.tick();
    following.tick();
    const told = following.lines.slice(2).map(line => /[→←] {2}(\S+ \S+)/.exec(line)?.[1]);
    expect(told).toEqual(['sale request', 'sale response', 'refund request']);
  });

  test('begins anew with another file of this name', async () => {
    const world: Record<string, Uint8Array> = { live: day };
    const following = await run(['view', 'live', '--follow', '--json'], { files: world });
    delete world.live;
    following.tick();
    world.live = new Recorded().later(86_400_000).out(refundRequest('000009', '000000000100')).file();
    following.tick();
    expect(following.lines).toHaveLength(12);
    expect(JSON.parse(following.lines[11])).toMatchObject({ number: 1, type: 'refund' });
  });

  test('standard input is followed by itself', async () => {
    const { exit, error } = await run(['view', '-', '--follow'], { files: { '-': day } });
    expect(exit).toBe(2);
    expect(error).toContain('follow-input');
  });
});

describe('nothing of a card is shown', () => {
  const commands = [
    ['view', 'day'],
    ['view', 'day', '--records'],
    ['view', 'day', '--json'],
    ['show', '1', 'day'],
    ['show', '1', 'day', '--json'],
    ['show', '1', 'day', '--field', '35'],
    ['timeline', 'day'],
    ['timeline', 'day', '--json'],
    ['grep', '35', 'day'],
    ['diff', 'day:1', 'day:3'],
    ['diff', 'day', 'other', '--json'],
    ['diff', 'chip:1', 'chip:2'],
    ['show', '1', 'chip'],
    ['grep', '55.5A', 'chip', '--json'],
    ['explain', '1', 'day'],
    ['explain', '1', 'bad', '--json'],
  ];
  const other = new Recorded()
    .out(saleRequest('000101', '000000001234', { 35: '6225000000000022D28122010000012300000' }))
    .file();
  const chip = new Recorded()
    .out(saleRequest('000101', '000000001234', { 55: `5A08${PAN}5713${TRACK2}F` }))
    .out(saleRequest('000101', '000000001234', { 55: `5A0862250000000000225713${TRACK2}F` }))
    .file();
  const damaged = saleRequest('000101', '000000001234', { 2: PAN });
  damaged[40] = 0xff;
  const bad = new Recorded().out(damaged).file();

  test.each(commands.map(args => [args]))('%j', async args => {
    const { out, error } = await run(args, { files: { day, other, chip, bad } });
    const all = out + error;
    expect(all.length).toBeGreaterThan(20);
    for (const secret of [PAN, TRACK2, '6225000000000022', PAN.slice(3, 13), '6E83D8C871679F76', '8122010000']) {
      expect(all.replace(/\s/g, '')).not.toContain(secret);
    }
  });

  test('unless a person wants it', async () => {
    expect((await run(['show', '1', 'day', '--clear'], { files })).out).toContain(TRACK2);
  });
});

describe('whatever a disk or a person did to the file', () => {
  const places = Array.from({ length: 24 }, (_, i) => HEADER_BYTES + i * Math.floor((day.length - HEADER_BYTES) / 24));

  test.each(places)('a byte turned over at %i: no command throws', async at => {
    const hurt = day.slice();
    hurt[at] ^= 0xff;
    // The checksum of the block would hide the damage from all that comes behind it: the records of the day lie in one block.
    new DataView(hurt.buffer).setUint32(
      HEADER_BYTES + 8,
      crc32(new DataView(hurt.buffer), HEADER_BYTES + 16, hurt.length),
    );
    for (const args of [
      ['view', 'hurt', '--records'],
      ['timeline', 'hurt'],
      ['explain', '7', 'hurt'],
      ['diff', 'day', 'hurt'],
    ]) {
      const { exit } = await run(args, { files: { day, hurt } });
      expect([0, 1, 2, 3]).toContain(exit);
    }
  });
});

test('the bench writes what a trace begins with', () => {
  expect(new TextDecoder().decode(day.slice(0, 8))).toBe('P85TRACE');
  expect(day.length).toBeGreaterThan(HEADER_BYTES);
  expect(texts('a')).toEqual(Uint8Array.of(0, 1, 0x61));
});
