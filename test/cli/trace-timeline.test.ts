import { describe, expect, test } from 'vitest';
import { columnsOf } from '../../src/cli/trace/lines.ts';
import { wrapped } from '../../src/cli/trace/timeline.ts';
import { Kind } from '../../src/trace/kinds.ts';
import { counterDay, Recorded, run, saleRequest, texts } from './trace-bench.ts';

const files = { day: counterDay() };

describe('timeline', () => {
  test('keys, screens, serial line, acquirer and journal side by side', async () => {
    const { exit, lines, error } = await run(['timeline', 'day'], { files, columns: 120 });
    expect(exit).toBe(0);
    expect(error).toBe('');
    expect(lines[0].split(/\s{2,}/)).toEqual(['time', 'keys', 'screen', 'serial', 'acquirer', 'journal']);
    const at = (word: string): number => columnsOf(lines[0].slice(0, lines[0].indexOf(word)));
    const cell = (row: string, text: string): number => columnsOf(row.slice(0, row.indexOf(text)));
    const row = (text: string): string => lines.find(line => line.includes(text)) ?? '';
    expect(cell(row('ENTER'), 'ENTER')).toBe(at('keys'));
    expect(cell(row('[51]余额不足'), '[51]')).toBe(at('screen'));
    expect(cell(row('→ XDS'), '→ XDS')).toBe(at('serial'));
    expect(cell(row('→ sale request #1'), '→ sale')).toBe(at('acquirer'));
    expect(cell(row('#12 intent'), '#12')).toBe(at('journal'));
    // What happened in the same millisecond from left to right stands in one row.
    expect(row('ENTER')).toContain('→ XDS show screen');
    expect(row('connect 10.0.0.1:8583')).toContain('← XDS 000');
    expect(lines.at(-1)).toBe('14:07:25.003  == program ends stopped');
  });

  test.each([40, 80, 100, 200])('fits %i columns', async columns => {
    const { lines } = await run(['timeline', 'day'], { files, columns });
    const widest = Math.max(...lines.map(columnsOf));
    expect(widest).toBeLessThanOrEqual(Math.max(columns, 12 + 5 * 8));
  });

  test('--lanes and --from choose', async () => {
    const { lines } = await run(['timeline', 'day', '--lanes', 'acquirer,keys', '--from', '14:07'], { files });
    expect(lines[0].split(/\s{2,}/)).toEqual(['time', 'keys', 'acquirer']);
    expect(lines[2]).toMatch(/^14:07:22\.803 +→ sale reversal request #7/);
    const bad = await run(['timeline', 'day', '--lanes', 'slips'], { files });
    expect(bad.exit).toBe(2);
    expect(bad.error).toContain('unknown-lane: --lanes: there is no column "slips"');
  });

  test('JSON: one object an event', async () => {
    const { lines } = await run(['timeline', 'day', '--json'], { files });
    const events = lines.map(line => JSON.parse(line) as { lane: string; what: string; message?: { number: number } });
    expect(events[0]).toEqual({
      time: '2026-11-22T14:03:22.000Z',
      lane: 'screen',
      what: 'screen',
      lines: ['    请刷卡'],
    });
    expect(events.filter(event => event.message).map(event => event.message?.number)).toHaveLength(11);
  });

  test('the serial line: packets in pieces, timeouts, refusals, damage, give-ups', async () => {
    const whole = new Recorded();
    const trace = whole
      .packet(Kind.lineOut, 'GPN')
      .packet(Kind.lineIn, 'GPN012')
      .packet(Kind.lineOut, 'GPN')
      .packet(Kind.lineIn, 'GPN042')
      .bytes(Kind.lineOut, Uint8Array.of(0x18))
      .bytes(Kind.lineIn, Uint8Array.of(0x04))
      .bytes(Kind.lineIn, Uint8Array.of(0x15))
      .bytes(Kind.lineIn, Uint8Array.of(0x06))
      .bytes(Kind.lineIn, Uint8Array.of(0x16, 0x41))
      .bytes(Kind.lineIn, Uint8Array.of(0x42, 0x17, 0, 0))
      .texts(Kind.lineClosed, 'hangup', 'unplugged')
      .file();
    const { lines } = await run(['timeline', 'it', '--json', '--lanes', 'serial'], { files: { it: trace } });
    expect(lines.flatMap(line => (JSON.parse(line) as { lines: string[] }).lines)).toEqual([
      '→ GPN ask PIN',
      '← GPN 012 timeout',
      '→ GPN ask PIN',
      '← GPN 042 key-missing',
      '→ CAN',
      '← EOT',
      '← NAK',
      '← damaged packet (crc)',
      'line is lost hangup unplugged',
    ]);
  });

  test('what a screen would take for a command is made harmless', async () => {
    const trace = new Recorded().texts(Kind.screen, 'idle', '\x1b[2Jpaid\x07').file();
    for (const args of [
      ['timeline', 'it'],
      ['view', 'it', '--records'],
    ]) {
      const { out } = await run(args, { files: { it: trace } });
      expect(out).toContain('·[2Jpaid·');
      expect(out).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
    }
  });

  test('session and slip', async () => {
    const trace = new Recorded()
      .bytes(Kind.session, new TextEncoder().encode('{"version":"1.2.3","profile":"unionpay-pos","start":{}}'))
      .texts(Kind.slip, '签购单', '金额 12.34', '', '3', '4', '5', '6')
      .file();
    const { lines } = await run(['timeline', 'it', '--lang', 'zh'], { files: { it: trace } });
    expect(lines[2]).toBe('14:03:22.000  == 程序启动 version 1.2.3 profile unionpay-pos');
    expect(lines.slice(3).map(line => line.replace(/^\S*\s+/, ''))).toEqual([
      '(签购单)',
      '签购单',
      '金额 12.34',
      '3',
      '4',
      '… +2',
    ]);
  });

  test('a capture without keys and screens is refused', async () => {
    const hex = Buffer.from(Buffer.from(saleRequest('000001', '000000000100')).toString('hex'));
    const { exit, error } = await run(['timeline', 'hex'], { files: { hex } });
    expect(exit).toBe(2);
    expect(error).toContain('not-own-trace: hex holds messages only');
  });
});

test('texts are broken at spaces, and in words that are too long', () => {
  expect(wrapped('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrapped('交易失败请联系', 8)).toEqual(['交易失败', '请联系']);
  expect(wrapped('  in the middle', 20)).toEqual(['  in the middle']);
  expect(wrapped('', 5)).toEqual([]);
  expect(texts('')).toEqual(Uint8Array.of(0, 0));
});
