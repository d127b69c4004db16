import { Command } from 'commander';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { registerStats } from '../../src/cli/trace/stats.ts';
import { failed, fault, ok } from '../../src/fault.ts';
import { Kind } from '../../src/trace/kinds.ts';
import { LatencyHistogram } from '../../src/trace/latency.ts';
import { encodePacket, packetLengthMax } from '../../src/wire/packet.ts';
import { counterDay, profile, Recorded, saleAnswer, saleRequest, source } from './trace-bench.ts';

async function run(args: readonly string[], files: Readonly<Record<string, Uint8Array>>) {
  const put = { out: '', error: '', exit: undefined as number | undefined, written: {} as Record<string, string> };
  const program = new Command().exitOverride().configureOutput({ writeErr: text => (put.error += text) });
  registerStats(program.command('trace'), {
    loadProfile: () => ok(profile),
    dialectNames: () => [],
    openSource: path =>
      path in files
        ? ok(source(files[path]))
        : failed(fault('E_NOEXIST', 'source-missing', `${path} is not there`, 'Check')),
    local: ms => {
      const at = new Date(ms);
      return {
        year: at.getUTCFullYear(),
        month: at.getUTCMonth() + 1,
        day: at.getUTCDate(),
        hour: at.getUTCHours(),
        minute: at.getUTCMinutes(),
        second: at.getUTCSeconds(),
      };
    },
    after: () => undefined,
    columns: () => 120,
    isTerminal: () => false,
    onPress: () => () => undefined,
    nowMs: () => 0,
    writeFile: (path, content) => {
      put.written[path] = content.toString();
      return ok(undefined);
    },
    print: text => (put.out += `${text}\n`),
    write: text => (put.out += text),
    printError: text => (put.error += `${text}\n`),
    setExit: code => (put.exit = code),
  });
  await program.parseAsync(['trace', 'stats', ...args], { from: 'user' });
  return put;
}

interface Json {
  readonly [name: string]: any;
}
const json = async (bytes: Uint8Array): Promise<Json> =>
  JSON.parse((await run(['a.p85t', '--json'], { 'a.p85t': bytes })).out) as Json;

describe('latencies', () => {
  test('every quantile is right within half a percent, whatever the times are', () => {
    const times = fc.array(fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 2 ** 38 })), {
      minLength: 1,
      maxLength: 400,
    });
    fc.assert(
      fc.property(times, fc.double({ min: 0, max: 1, noNaN: true }), (all, share) => {
        const histogram = new LatencyHistogram();
        for (const us of all) histogram.add(us);
        const sorted = all.toSorted((a, b) => a - b);
        const exact = sorted[Math.max(0, Math.ceil(share * all.length) - 1)];
        const told = histogram.quantileUs(share);
        expect(Math.abs(told - exact)).toBeLessThanOrEqual(exact * 0.005);
        expect([histogram.count, histogram.minUs, histogram.maxUs]).toEqual([all.length, sorted[0], sorted.at(-1)]);
      }),
    );
  });

  test('ranges count each time once', () => {
    const histogram = new LatencyHistogram();
    for (const us of [0, 1, 50_000, 60_000, 1_000_000, 2 ** 50]) histogram.add(us);
    expect([
      histogram.between(-1, 55_000),
      histogram.between(55_000, 500_000),
      histogram.between(500_000, 2 ** 60),
    ]).toEqual([3, 1, 2]);
    expect(new LatencyHistogram().quantileUs(0.5)).toBe(0);
  });
});

describe('the command', () => {
  test('a day at the counter: answer times by transaction, codes, reversals, what had no answer', async () => {
    const told = await json(counterDay());
    expect(told).toMatchObject({
      messages: 11,
      requests: 6,
      answers: 5,
      unanswered: 1,
      reversals: 1,
      connects: 1,
      connected: 1,
    });
    expect(told.responses).toEqual({ '51': 1, '00': 4 });
    expect(told.withoutAnswer).toMatchObject([{ mti: '0220', stan: '000103' }]);
    const sale = told.types.find((type: Json) => type.type === 'sale');
    expect(sale).toMatchObject({ link: 'acquirer', requests: 3, answers: 3, minMs: 250, maxMs: 60_100 });
    expect(Math.abs(sale.p50Ms - 333) / 333).toBeLessThan(0.005);
    expect(told.types.filter((type: Json) => type.link === 'training')).toHaveLength(1);
    const { out, exit } = await run(['a.p85t', '--lang', 'zh'], { 'a.p85t': counterDay() });
    expect(exit).toBe(0);
    expect(out).toMatch(/收单 +0220 +\S+ +1 +0 +1/);
    expect(out).toMatch(/#6? *#?\d+ +2026-11-22 .* 0220 .* 000103/);
  });

  test('sent again: the same trace number of the same message, and a repeat by its type', async () => {
    const bytes = new Recorded()
      .out(saleRequest('000101', '000000001234'))
      .later(60_000)
      .out(saleRequest('000101', '000000001234'))
      .later(100)
      .in(saleAnswer('000101', '000000001234', '00'))
      .in(saleAnswer('000109', '000000001234', '00'))
      .file();
    expect(await json(bytes)).toMatchObject({ requests: 2, repeats: 1, unanswered: 1, strays: 1, answers: 2 });
  });

  test('the serial line: time of each command, NAK, CRC errors, what was sent again, noise', async () => {
    const packet = (text: string): Uint8Array => {
      const data = new TextEncoder().encode(text);
      const out = new Uint8Array(packetLengthMax(data.length));
      return out.slice(0, encodePacket(data, data.length, out, 0));
    };
    const damaged = packet('XDS000');
    damaged[damaged.length - 1] ^= 1;
    const bytes = new Recorded()
      .bytes(Kind.lineOpened, new Uint8Array())
      .bytes(Kind.lineOut, packet('XDS012'))
      .later(2)
      .bytes(Kind.lineIn, Uint8Array.of(0x15))
      .later(10)
      .bytes(Kind.lineOut, packet('XDS012'))
      .later(1)
      .bytes(Kind.lineIn, Uint8Array.of(0x06, 0x55, 0x55))
      .later(19)
      .bytes(Kind.lineIn, damaged)
      .bytes(Kind.lineOut, Uint8Array.of(0x15))
      .later(80)
      .bytes(Kind.lineIn, packet('XDS000'))
      .bytes(Kind.lineOut, packet('XEV004'))
      .later(5000)
      .bytes(Kind.lineOut, Uint8Array.of(0x18))
      .bytes(Kind.lineOut, packet('GIX000'))
      .bytes(Kind.lineClosed, new Uint8Array())
      .file();
    const { terminal } = await json(bytes);
    expect(terminal).toMatchObject({
      ...{ commands: 4, answers: 1, naksIn: 1, naksOut: 1, resent: 1, crcErrors: 1, badPackets: 0, noise: 2 },
      ...{ cancels: 1, opened: 1, lost: 1, unanswered: 1, acknowledge: { count: 1, minMs: 1 } },
    });
    expect(terminal.commandTimes).toMatchObject({ XDS: { count: 1, minMs: 100, maxMs: 100 } });
    const { out } = await run(['a.p85t'], { 'a.p85t': bytes });
    expect(out).toMatch(/XDS +terminal +1 +100 +100 +100 +100/);
  });

  test('a page of its own: charts, no script, nothing loaded, nothing of the trace as markup', async () => {
    const name = 'a&<b>.p85t';
    const { written, out } = await run([name, '--html', 'page.html'], { [name]: counterDay() });
    expect(out).toBe('');
    const page = written['page.html'];
    expect(page.match(/<svg /g)?.length).toBeGreaterThanOrEqual(4);
    expect(page).not.toMatch(/<script|<link|<img|\ssrc=|https?:|url\(/);
    expect(page).toContain('a&amp;&lt;b&gt;.p85t');
    expect(page).not.toContain('<b>');
    expect(page).toContain("default-src 'none'");
  });

  test('memory does not grow with the trace: names, codes, open requests and stretches of time have bounds', async () => {
    const recorded = new Recorded();
    for (let i = 0; i < 6000; i++) recorded.later(500).out(saleRequest(String(i).padStart(6, '0'), '000000000100'));
    const bytes = recorded.file();
    const told = await json(bytes);
    expect(told).toMatchObject({ requests: 6000, unanswered: 6000 });
    expect(told.withoutAnswer).toHaveLength(20);
    expect(told.withoutAnswer.at(-1)).toMatchObject({ stan: '005999' });
    const { out } = await run(['a.p85t'], { 'a.p85t': bytes });
    const rows = /— over time[^]*?—\n[^]*?\n\n/.exec(out)?.[0].split('\n') ?? [];
    expect(rows.length).toBeGreaterThan(15);
    expect(rows.length).toBeLessThanOrEqual(34);
  });

  test('no card data, a broken trace, flags that do not go together', async () => {
    const { out } = await run(['a.p85t'], { 'a.p85t': counterDay() });
    expect(out).not.toMatch(/6225000000000014|D2812/);
    const cut = counterDay().slice(0, -7);
    expect((await run(['a.p85t'], { 'a.p85t': cut })).exit).toBe(3);
    expect((await run(['none'], {})).error).toContain('source-missing');
    expect((await run(['a.p85t', '--json', '--html', 'b.html'], { 'a.p85t': counterDay() })).error).toContain(
      'two-outputs',
    );
  });
});
