import { describe, expect, test } from 'vitest';
import { counterDay, Recorded, refundRequest, run, saleAnswer, saleRequest, TRACK2 } from './trace-bench.ts';

const day = counterDay();
const CHIP = '9F26081122334455667788950500000080009F3602000A';
const files = {
  day,
  a: new Recorded()
    .out(saleRequest('000101', '000000001234', { 55: CHIP }))
    .in(saleAnswer('000101', '000000001234', '00', { 38: '123456' }))
    .out(refundRequest('000103', '000000004000'))
    .file(),
  b: new Recorded()
    .in(saleAnswer('000101', '000000001234', '51'))
    .out(saleRequest('000101', '000000001234', { 55: CHIP.replace('000A', '000B') }))
    .out(saleRequest('000102', '000000001234'))
    .file(),
};

describe('diff', () => {
  test('the same is equal: exit 0', async () => {
    expect(await run(['diff', 'day', 'day'], { files })).toMatchObject({
      exit: 0,
      out: '11 pairs, 0 of them different; 0 only in A, 0 only in B\n',
    });
    expect(await run(['diff', 'day:3', 'day:3'], { files })).toMatchObject({ exit: 0, out: 'equal\n' });
    expect(await run(['diff', 'day:3', 'day:3', '--lang', 'zh'], { files })).toMatchObject({ exit: 0, out: '相同\n' });
  });

  test('two messages: by field and part, hidden values without what is in them', async () => {
    const { exit, lines } = await run(['diff', 'a:1', 'b:2'], { files });
    expect(exit).toBe(1);
    expect(lines[0]).toBe('A #1  B #2  sale request');
    expect(lines.slice(1)).toEqual([
      '  55.9F36  application transaction counter  A 000A',
      '                                            B 000B',
    ]);
    const other = new Recorded()
      .out(saleRequest('000101', '000000001234', { 35: TRACK2.replace('0014D', '0022D') }))
      .file();
    const hidden = await run(['diff', 'day:1', 'other:1'], { files: { day, other } });
    const stars = '*'.repeat(TRACK2.length);
    expect(hidden.lines.slice(1)).toEqual([
      `  35  track 2  A ${stars}`,
      `               B ${stars}  (differs where hidden)`,
    ]);
  });

  test('what only one of them has', async () => {
    const { out } = await run(['diff', 'a:2', 'b:1', '--json'], { files });
    const [pair] = (JSON.parse(out) as { different: { differences: unknown[] }[] }).different;
    expect(pair).toEqual({
      a: 2,
      b: 1,
      name: 'sale response',
      differences: [
        { path: '38', name: 'authorisation code', a: '123456', b: null },
        { path: '39', name: 'response code', a: '00', b: '51' },
      ],
    });
  });

  test('whole captures: paired by type and order, whatever stands between', async () => {
    const { exit, lines, out } = await run(['diff', 'a', 'b'], { files });
    expect(exit).toBe(1);
    expect(out).toContain('A #1  B #2  sale request');
    expect(out).toContain('A #2  B #1  sale response');
    expect(lines.slice(-3)).toEqual([
      'only in A: #3 refund request 000103',
      'only in B: #3 sale request 000102',
      '2 pairs, 2 of them different; 1 only in A, 1 only in B',
    ]);
  });

  test('what waits for its partner stays in order', async () => {
    const sale = (stan: string): Uint8Array => saleRequest(stan, '000000001234');
    const refund = refundRequest('000009', '000000004000');
    const [left, right] = [
      new Recorded().out(sale('000001')).out(sale('000002')).out(refund).file(),
      new Recorded().out(refund).out(refund).out(refund).out(sale('000001')).out(sale('000002')).file(),
    ];
    const { out } = await run(['diff', 'left', 'right'], { files: { left, right } });
    expect(out).toBe(
      'only in B: #2 refund request 000009\nonly in B: #3 refund request 000009\n' +
        '3 pairs, 0 of them different; 0 only in A, 2 only in B\n',
    );
  });

  test('--ignore leaves fields and their parts out', async () => {
    expect((await run(['diff', 'a:1', 'b:2', '--ignore', '55'], { files })).exit).toBe(0);
    expect((await run(['diff', 'a:1', 'b:2', '--ignore', '55.9F36'], { files })).exit).toBe(0);
    expect((await run(['diff', 'a:1', 'b:2', '--ignore', '5'], { files })).exit).toBe(1);
    expect((await run(['diff', 'a:2', 'b:1', '--ignore', '38,39'], { files })).exit).toBe(0);
  });

  test('headers count', async () => {
    const other = saleRequest('000101', '000000001234', { 55: CHIP });
    other[5] = 0x77;
    const { lines } = await run(['diff', 'a:1', 'c:1'], { files: { ...files, c: new Recorded().out(other).file() } });
    expect(lines.map(line => line.trim().replace(/\s+/g, ' '))).toEqual([
      'A #1 B #1 sale request',
      'TPDU TPDU A 6000000000',
      'B 6000007700',
    ]);
  });

  test.each([
    [['a:1', 'b'], 2, 'two-kinds'],
    [['-', '-'], 2, 'two-inputs'],
    [['a:1', 'b:9'], 3, 'no-message'],
    [['a', 'missing'], 2, 'source-missing'],
  ])('%j', async (sides, status, name) => {
    const { exit, error } = await run(['diff', ...sides], { files });
    expect(error).toContain(name);
    expect(exit).toBe(status);
  });

  test('one side from standard input', async () => {
    expect((await run(['diff', '-', 'day'], { files: { ...files, '-': day } })).exit).toBe(0);
  });
});
