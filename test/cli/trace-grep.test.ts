import { describe, expect, test } from 'vitest';
import { compileExpression, type Values } from '../../src/cli/trace/expression.ts';
import { counterDay, PAN, Recorded, run, saleRequest } from './trace-bench.ts';

const DIGITS = new Set(['4', '3']);
function values(given: Readonly<Record<string, string>>): Values {
  return { text: path => given[path], numeric: path => DIGITS.has(path) };
}
const sale = values({
  mti: '0210',
  3: '000000',
  4: '000000010000',
  39: '51',
  43: 'SHOP (1)',
  latency: '333.5',
  type: 'sale',
});

function found(expression: string): boolean {
  const compiled = compileExpression(expression);
  if (!compiled.ok) throw new Error(compiled.fault.cause);
  return compiled.value(sale);
}

describe('expressions', () => {
  test.each([
    '39=51',
    '39 = 51',
    '39==51',
    "39='51'",
    '4=10000',
    '4=000000010000',
    '4>=10000',
    '4<=10000',
    '4>9999',
    '4<10001',
    '3=0',
    '39!=00',
    '39~^5',
    '39!~^0',
    '3~^0+$',
    'latency>333',
    'mti=0210 and type=sale',
    '39=00 or 4=10000',
    'not 39=00',
    'not (39=00 or 4=1)',
    '39=00 and 4=1 or 39=51',
    '(39=51 or 4=1) and mti=0210',
    '39',
    'not 55.9F26',
    "43='SHOP (1)'",
    '43~SHOP.(\\(1\\))$',
    'NOT 39=00 AND 39',
  ])('%s', expression => {
    expect(found(expression)).toBe(true);
  });

  test.each([
    '39=5',
    '39=051',
    '4=1000',
    '4>10000',
    '39!=51',
    '55.9F26',
    // A value that is not there makes every comparison false.
    '37!=1',
    '37!~1',
    '37<1',
    '39~^0',
    '43>1',
    'not 39',
    '39=51 and (4=1 or 3=200000)',
    '39=00 or 39=51 and 4=1',
  ])('not %s', expression => {
    expect(found(expression)).toBe(false);
  });

  test.each([
    ['39=', 4, 'expected a value'],
    ['', 1, 'expected a field, found nothing'],
    ['39=00 and', 10, 'expected a field, found nothing'],
    ['39=00 4=1', 7, '"4" is left over'],
    ['amount>5', 1, 'expected a field, found "amount"'],
    ['1=0', 1, 'expected a field, found "1"'],
    ['193=0', 1, 'expected a field, found "193"'],
    ['4>=ten', 4, '"ten" is no number'],
    ['(39=00', 1, 'this bracket is not closed'],
    ['39=00)', 6, '")" is left over'],
    ["43='x", 4, 'this quote is not closed'],
    ['39~[', 4, 'Invalid regular expression'],
    [`${'('.repeat(150)}39`, 101, 'more than 100 levels'],
  ])('%j: column %i, %s', (expression, column, cause) => {
    const compiled = compileExpression(expression);
    expect(compiled.ok).toBe(false);
    if (compiled.ok) return;
    expect(compiled.fault.name).toBe('bad-expression');
    expect(compiled.fault.cause).toContain(`column ${column}: ${cause}`);
    const [, , pointer] = compiled.fault.remedy.split('\n');
    expect(pointer).toHaveLength(column + 2);
  });

  test('one that is too long is not shown', () => {
    const compiled = compileExpression(`39=${'0'.repeat(5000)}`);
    expect(!compiled.ok && compiled.fault.cause).toBe('the expression has 5003 characters');
  });
});

describe('grep', () => {
  const files = { day: counterDay() };
  const numbers = async (...args: readonly string[]): Promise<number[]> => {
    const { lines } = await run(['grep', ...args, 'day', '--json'], { files });
    return lines.map(line => (JSON.parse(line) as { number: number }).number);
  };

  test.each([
    ['39!=00', [2, 7]],
    ['39!=00 and way=in', [2]],
    ['4>=10000 and mti=0200', [3]],
    ['type=refund', [5]],
    ['3~^20', [5]],
    ['60.2=000001 and way=out and 4', [1, 3, 5, 6, 7]],
    ['latency>60000', [8]],
    ['35 and 4=500', [6]],
    ['number>9', [10, 11]],
    ['44.1=01020000', [2, 4, 8]],
  ])('%s', async (expression, expected) => {
    expect(await numbers(expression)).toEqual(expected);
  });

  test('hidden values are compared as they are shown', async () => {
    const trace = new Recorded().out(saleRequest('000001', '000000000100', { 2: PAN })).file();
    const count = async (expression: string, ...more: readonly string[]): Promise<string> =>
      (await run(['grep', expression, 'card', '--count', ...more], { files: { card: trace } })).out.trim();
    expect(await count('2=622500******0014')).toBe('1');
    expect(await count(`2=${PAN}`)).toBe('0');
    expect(await count(`2=${PAN}`, '--clear')).toBe('1');
    expect(await count('35~D')).toBe('0');
  });

  test('lines as view prints them; exit 0 found, 1 nothing, 2 bad', async () => {
    const hit = await run(['grep', '39=51', 'day'], { files });
    expect(hit.exit).toBe(0);
    expect(hit.lines).toHaveLength(3);
    expect(hit.lines[2]).toContain('[51] INSUFFICIENT');
    const miss = await run(['grep', '39=99', 'day'], { files });
    expect([miss.exit, miss.out]).toEqual([1, '']);
    const bad = await run(['grep', '39=00 or', 'day'], { files });
    expect(bad.exit).toBe(2);
    expect(bad.error).toContain('  39=00 or\n          ^');
    expect((await run(['grep', '39=51', 'day', '--count', '--json'], { files })).out).toBe('{"count":1}\n');
  });
});
