import { describe, expect, test } from 'vitest';
import { Kind } from '../../src/trace/kinds.ts';
import {
  counterDay,
  frame,
  CARD,
  Recorded,
  refundRequest,
  reversalAnswer,
  reversalRequest,
  run,
  saleAnswer,
  saleRequest,
} from './trace-bench.ts';

const files = { day: counterDay() };

interface Told {
  readonly exchange: readonly { readonly number: number }[];
  readonly outcome?: readonly string[];
  readonly cause?: readonly string[];
  readonly remedy?: readonly string[];
  readonly by?: readonly string[];
  readonly followed?: readonly string[];
  readonly wrong?: readonly string[];
  readonly seen?: readonly string[];
}

async function told(number: number, trace: Uint8Array, ...more: readonly string[]): Promise<Told> {
  const { out } = await run(['explain', String(number), 'it', '--json', ...more], { files: { it: trace } });
  return JSON.parse(out) as Told;
}
const numbers = ({ exchange }: Told): readonly number[] => exchange.map(({ number }) => number);

describe('explain', () => {
  test('a refusal: meaning, who, what to do, which bank, what the cashier saw', async () => {
    for (const number of [1, 2]) {
      const found = await told(number, files.day);
      expect(numbers(found)).toEqual([1, 2]);
      expect(found).toMatchObject({
        outcome: ['[51] INSUFFICIENT: refused; this answer stands', 'answered after 333 ms'],
        cause: ['customer or card (code 51)'],
        remedy: ['USE OTHER CARD'],
        by: ['ICBC'],
        seen: ['交易失败 | [51]余额不足'],
      });
      expect(found.followed).toBeUndefined();
      expect(found.wrong).toBeUndefined();
    }
  });

  test('in Chinese, as text', async () => {
    const { out, exit } = await run(['explain', '2', 'day', '--lang', 'zh'], { files });
    expect(exit).toBe(0);
    expect(out).toMatch(/^> +2 .*消费应答/m);
    expect(out).toMatch(/^终端10000001，批次000001$/m);
    expect(out).toMatch(/^结果 +\[51\] 余额不足: 已拒绝，以此为准$/m);
    expect(out).toMatch(/^处理 +请换卡或付现$/m);
    expect(out).toMatch(/^应答方 +工商银行$/m);
  });

  test('an approval has no cause and no remedy', async () => {
    const found = await told(4, files.day);
    expect(found.outcome?.[0]).toBe('[00] APPROVED: approved');
    expect(found.cause).toBeUndefined();
    expect(found.remedy).toBeUndefined();
  });

  test('a refund without answer is not to be done again', async () => {
    const found = await told(5, files.day);
    expect(numbers(found)).toEqual([5]);
    expect(found.outcome).toEqual(['no answer came in time']);
    expect(found.remedy?.[0]).toBe('Do not do it again: first find out what became of it');
    expect(found.followed).toEqual(['it has no reversal: the original is locked until the outcome is known']);
  });

  test.each([6, 7, 8, 9])('a late answer behind its reversal, by message %i of it', async number => {
    const found = await told(number, files.day);
    expect(numbers(found)).toEqual([6, 7, 8, 9]);
    expect(found.outcome).toEqual([
      'no answer came in time',
      'an answer [00] APPROVED came after the reversal was sent (after 60.1 s): #8',
    ]);
    expect(found.cause).toEqual(['acquirer or bank (the answer came late, no answer)']);
    expect(found.remedy?.[0]).toBe('It was undone, no money moved: it may be done again');
    expect(found.followed).toEqual(['reversal sent: #7', 'the reversal is done [00] APPROVED: #9']);
  });

  test('a reversal that nobody answered, or that was refused, is still owed', async () => {
    const begun = (): Recorded =>
      new Recorded()
        .out(saleRequest('000104', '000000000500'))
        .later(60_000)
        .out(reversalRequest('000104', '000000000500'));
    const silent = await told(1, begun().file());
    expect(silent.followed?.[1]).toBe('no answer to the reversal: it is still owed');
    expect(silent.remedy).toEqual(['Wait until the reversal is done, then do it again']);
    const refused = await told(
      1,
      begun()
        .in(reversalAnswer('000104', '000000000500', '96'))
        .file(),
    );
    expect(refused.followed?.[1]).toMatch(/^the reversal was refused \[96\] .*: it is still owed$/);
    const none = await told(1, new Recorded().out(saleRequest('000104', '000000000500')).file());
    expect(none.followed).toEqual(['no reversal in this capture: one is owed before the next online message']);
  });

  test('the connection was lost while the answer was awaited', async () => {
    const trace = new Recorded()
      .out(saleRequest('000104', '000000000500'))
      .texts(Kind.hostClosed, 'reset', 'ECONNRESET')
      .out(reversalRequest('000104', '000000000500'))
      .file();
    for (const number of [1, 2]) {
      expect((await told(number, trace)).outcome).toEqual(['the connection was over before an answer came: reset']);
    }
  });

  test('a trace number that comes round again is another transaction', async () => {
    const twice = new Recorded()
      .out(saleRequest('000101', '000000000100'))
      .in(saleAnswer('000101', '000000000100', '51'))
      .later(86_400_000)
      .out(saleRequest('000101', '000000000700'))
      .in(saleAnswer('000101', '000000000700', '00', { 38: '123456' }))
      .file();
    expect(numbers(await told(1, twice))).toEqual([1, 2]);
    expect(numbers(await told(4, twice))).toEqual([3, 4]);
  });

  test('short of funds in a refund is the merchant and not the customer', async () => {
    const trace = new Recorded()
      .out(refundRequest('000103', '000000004000'))
      .in(frame('0230', { 3: '200000', 4: '000000004000', 11: '000103', 39: '51', ...CARD, 60: '2500000100050' }))
      .file();
    const found = await told(2, trace);
    expect(found.cause).toEqual(['acquirer or bank (code 51)']);
    expect(found.remedy).toEqual(["Have finance top up the merchant's account, then try again"]);
  });

  test('a code that the profile does not know', async () => {
    const trace = new Recorded()
      .out(refundRequest('000103', '000000004000'))
      .in(frame('0230', { 3: '200000', 4: '000000004000', 11: '000103', 39: 'Z9', ...CARD, 60: '2500000100050' }))
      .file();
    const found = await told(2, trace);
    expect(found.outcome?.slice(0, 2)).toEqual([
      '[Z9] UNKNOWN CODE: the outcome is not known',
      'the profile has no line for Z9',
    ]);
    expect(found.remedy?.[0]).toBe('Do not do it again: first find out what became of it');
  });

  test('another amount in the answer, and mandatory fields that are not there', async () => {
    const trace = new Recorded()
      .out(saleRequest('000101', '000000001234'))
      .in(frame('0210', { 3: '000000', 4: '000000001000', 11: '000101', 39: '00', ...CARD, 60: '2200000100050' }))
      .file();
    const found = await told(2, trace);
    expect(found.outcome).toContain('12.34 was asked for, 10.00 answered');
    expect(found.wrong).toEqual(['the profile asks for field 37, which is not there']);
  });

  test('damage is explained, and nothing hidden is in it', async () => {
    const broken = saleRequest('000101', '000000001234').slice();
    broken[27] = 0xaa;
    const bad = new Recorded().out(broken).file();
    const { exit, out } = await run(['explain', '1', 'bad'], { files: { bad } });
    expect(exit).toBe(3);
    expect(out).toMatch(/field 4, offset 25: .*; expected .*, found /);
  });

  test('an answer alone', async () => {
    const found = await told(1, new Recorded().in(saleAnswer('000101', '000000001234', '51')).file());
    expect(found.outcome?.[0]).toBe('[51] INSUFFICIENT: refused; this answer stands');
    const reversal = await told(1, new Recorded().out(reversalRequest('000104', '000000000500')).file());
    expect(reversal.outcome).toEqual(['the request that began it is not in this capture']);
    expect(reversal.followed).toEqual(['reversal sent: #1', 'no answer to the reversal: it is still owed']);
  });

  test('a dialect alone gives the exchange and the code', async () => {
    const found = await told(2, files.day, '--dialect', 'unionpay-pos');
    expect(numbers(found)).toEqual([1, 2]);
    expect(found.outcome?.[0]).toBe('[51]');
    expect(found.remedy).toBeUndefined();
  });

  test('no such message', async () => {
    const { exit, error } = await run(['explain', '99', 'day'], { files });
    expect(exit).toBe(3);
    expect(error).toContain('there is no message 99: the capture has 11');
  });
});
