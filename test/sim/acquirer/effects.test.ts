import { describe, expect, test } from 'vitest';
import { LATE_ANSWER_MS } from '../../../src/sim/acquirer/effects.ts';
import { type FaultRule, parseFaultRules } from '../../../src/sim/acquirer/rules.ts';
import { signedOn, type Till } from './till.ts';

describe('cents of a sale', () => {
  test.each([
    [5, '05'],
    [12, '12'],
    [25, '25'],
    [30, '30'],
    [51, '51'],
    [91, '91'],
    [96, '96'],
    [98, '98'],
  ])('.%i is declined, with a right MAC, and not booked', (cents, code) => {
    const till = signedOn();
    const answer = till.sale(10_000 + cents);
    expect([answer.fields['39'], answer.macRight]).toEqual([code, true]);
    expect(till.net()).toBe(0);
  });

  test('.10 approves the half', () => {
    const till = signedOn();
    expect(till.sale(2010).fields).toMatchObject({ '39': '10', '4': '000000001005' });
    expect([till.net(), till.balance()]).toEqual([1005, 1_000_000 - 1005]);
  });

  test('.55 once, then approved, then 55 again', () => {
    const till = signedOn();
    expect([1055, 1055, 1055, 2055].map(amount => till.sale(amount).fields['39'])).toEqual(['55', '00', '55', '55']);
  });

  test('.68 is booked and not answered', () => {
    const till = signedOn();
    expect(till.send(till.saleAsk(1068))).toEqual({ answers: [] });
    expect(till.net()).toBe(1068);
  });

  test('.69 is answered after the terminal has given up', () => {
    const till = signedOn();
    const reply = till.send(till.saleAsk(1069));
    expect(reply.answers.map(answer => answer.delayMs)).toEqual([LATE_ANSWER_MS]);
    expect(LATE_ANSWER_MS).toBeGreaterThan(60_000);
    expect(till.read(reply.answers[0].bytes).fields['39']).toBe('00');
  });

  test('.70 has a wrong MAC, only that', () => {
    const till = signedOn();
    const answer = till.sale(1070);
    expect([answer.fields['39'], answer.macRight]).toEqual(['00', false]);
    expect(till.net()).toBe(1070);
  });

  test('.71 says another amount, with a right MAC', () => {
    const till = signedOn();
    const answer = till.sale(1071);
    expect([answer.fields['4'], answer.macRight]).toEqual(['000000001072', true]);
    expect(till.net()).toBe(1071);
  });

  test('.72 comes twice', () => {
    const till = signedOn();
    const { answers } = till.send(till.saleAsk(1072));
    expect(answers).toHaveLength(2);
    expect(answers[1]).toEqual(answers[0]);
    expect(till.net()).toBe(1072);
  });

  test('.73 is booked and the connection closed; .74 is not booked', () => {
    const till = signedOn();
    expect(till.send(till.saleAsk(1073))).toEqual({ answers: [], close: true });
    expect(till.net()).toBe(1073);
    expect(till.send(till.saleAsk(1074))).toEqual({ answers: [], close: true });
    expect(till.states()).toEqual(['sale approved 1073']);
  });

  test('line faults come with approvals only', () => {
    const till = signedOn();
    expect(till.sale(1_000_068).fields['39']).toBe('51');
  });
});

describe('cents of a refund', () => {
  test.each([
    [25, '25'],
    [51, '51'],
    [96, '96'],
    [98, '98'],
    [5, '00'],
    [10, '00'],
    [55, '00'],
    [74, '00'],
    [91, '00'],
  ])('.%i → %s', (cents, code) => {
    const till = signedOn();
    const sale = till.sale(10_000);
    expect(till.refund(sale, 100 + cents).fields['39']).toBe(code);
    expect(till.net()).toBe(code === '00' ? 10_000 - 100 - cents : 10_000);
  });

  test('.68 to .73 as for a sale', () => {
    const till = signedOn();
    const sale = till.sale(10_000);
    expect(till.send(till.refundAsk(sale, 168)).answers).toEqual([]);
    expect(till.send(till.refundAsk(sale, 169)).answers[0].delayMs).toBe(LATE_ANSWER_MS);
    expect(till.refund(sale, 170).macRight).toBe(false);
    expect(till.refund(sale, 171).fields['4']).toBe('000000000172');
    expect(till.send(till.refundAsk(sale, 172)).answers).toHaveLength(2);
    expect(till.send(till.refundAsk(sale, 173))).toEqual({ answers: [], close: true });
    expect(till.net()).toBe(10_000 - 168 - 169 - 170 - 171 - 172 - 173);
  });
});

describe('rules', () => {
  const withRules = (...rules: FaultRule[]): Till => signedOn({ rules });

  test('a code replaces the outcome, and wins over the cents', () => {
    const till = withRules({ match: { mti: '0200', '60.1': '22' }, do: { code: '57' } });
    expect(till.sale(1051).fields['39']).toBe('57');
    expect(till.net()).toBe(0);
  });

  test('nth and times count', () => {
    const second = withRules({ match: { mti: '0200', nth: 2 }, do: { code: '91' } });
    expect([100, 100, 100].map(amount => second.sale(amount).fields['39'])).toEqual(['00', '91', '00']);
    const twice = withRules({ match: { mti: '0200', amountMinor: 200 }, do: { code: '91' }, times: 2 });
    expect([200, 100, 200, 200].map(amount => twice.sale(amount).fields['39'])).toEqual(['91', '00', '91', '00']);
  });

  test('the first rule that applies wins; trace and terminal narrow it', () => {
    const till = withRules(
      { match: { trace: '000103' }, do: { code: '61' } },
      { match: { tid: '99999999' }, do: { code: '62' } },
      { match: { tid: '10000001', mti: '0200' }, do: { code: '65' } },
    );
    expect([till.sale(100).fields['39'], till.sale(100).fields['39']]).toEqual(['65', '61']);
  });

  test('booked or not, answered or not', () => {
    const lost = withRules({ match: { amountMinor: 100 }, do: { silent: true, bookNot: true } });
    expect(lost.send(lost.saleAsk(100)).answers).toEqual([]);
    expect(lost.states()).toEqual([]);
    const forgotten = withRules({ match: { amountMinor: 100 }, do: { bookNot: true } });
    expect(forgotten.sale(100).fields['39']).toBe('00');
    expect(forgotten.net()).toBe(0);
    const closed = withRules({ match: { amountMinor: 100 }, do: { closeAfter: true } });
    expect(closed.send(closed.saleAsk(100))).toEqual({ answers: [], close: true });
    expect(closed.net()).toBe(100);
    const before = withRules({ match: { amountMinor: 100 }, do: { closeBefore: true } });
    expect(before.send(before.saleAsk(100))).toEqual({ answers: [], close: true });
    expect(before.net()).toBe(0);
  });

  test('an answer that comes only with the next one, alone or as a second copy', () => {
    const kept = withRules({ match: { amountMinor: 100 }, do: { withNext: true } });
    expect(kept.send(kept.saleAsk(100))).toEqual({ answers: [] });
    const both = kept.send(kept.saleAsk(200)).answers.map(answer => kept.read(answer.bytes).fields);
    expect(both.map(fields => fields['4'])).toEqual(['000000000100', '000000000200']);
    expect(kept.send(kept.saleAsk(300)).answers).toHaveLength(1);
    const again = withRules({ match: { amountMinor: 100 }, do: { withNext: true, twice: true } });
    expect(again.send(again.saleAsk(100)).answers).toHaveLength(1);
    expect(again.send(again.saleAsk(200)).answers).toHaveLength(2);
  });

  test('a request that its reversal overtakes is refused when it comes', () => {
    const till = withRules({ match: { mti: '0200' }, do: { overtaken: true }, times: 1 });
    const ask = till.saleAsk(100);
    expect(till.send(ask).answers).toEqual([]);
    expect(till.states()).toEqual([]);
    expect(till.reverse(ask).fields['39']).toBe('25');
    expect([till.net(), till.states()]).toEqual([0, ['sale tombstone 100']]);
    expect(till.reverse(ask).fields['39']).toBe('25');
  });

  test('booked anyway, although its reversal was answered: only that', () => {
    const till = withRules({ match: { mti: '0200' }, do: { overtaken: true, bookAnyway: true }, times: 1 });
    const ask = till.saleAsk(100);
    till.send(ask);
    expect(till.reverse(ask).fields['39']).toBe('25');
    expect([till.net(), till.states()]).toEqual([100, ['sale approved 100']]);
  });

  test('half an answer', () => {
    const till = withRules({ match: { amountMinor: 100 }, do: { closeMidAnswer: true } });
    const reply = till.send(till.saleAsk(100));
    expect(reply.close).toBe(true);
    const [{ bytes }] = reply.answers;
    expect((bytes[0] << 8) | bytes[1]).toBeGreaterThan(bytes.length);
    expect(till.net()).toBe(100);
  });

  test('answers that do not match, late ones, and a processing requirement', () => {
    const trace = withRules({ match: { amountMinor: 100 }, do: { wrongTrace: true } });
    const answer = trace.sale(100);
    expect([answer.fields['11'], answer.macRight]).toEqual(['000103', true]);
    const late = withRules({ match: { amountMinor: 100 }, do: { delayMs: 61_000, badMac: true } });
    expect(late.send(late.saleAsk(100)).answers[0].delayMs).toBe(61_000);
    const signOn = withRules({ match: { amountMinor: 100 }, do: { requirement: 3 } });
    expect(signOn.sale(100).frame[9]).toBe(0x03);
    expect(signOn.sale(200).frame[9]).toBe(0x00);
  });

  test('other messages too: a reversal that fails at first, a refused sign-on, a settlement in error', () => {
    const till = withRules(
      { match: { mti: '0400' }, do: { code: '96' }, times: 2 },
      { match: { mti: '0500', nth: 1 }, do: { code: '96' } },
    );
    const ask = till.saleAsk(100);
    till.ask(ask);
    expect([till.reverse(ask), till.reverse(ask), till.reverse(ask)].map(answer => answer.fields['39'])).toEqual([
      '96',
      '96',
      '00',
    ]);
    const settle = till.ask({
      mti: 0x0500,
      fields: { ...till.base('00', '201', ''), '48': '0'.repeat(62), '49': '156', '63': '001' },
      mac: false,
    });
    expect([settle.fields['48'][30], settle.fields['48'][61], settle.fields['39']]).toEqual(['3', '3', undefined]);
    const refused = signedOn({ rules: [{ match: { mti: '0800', '60.3': '003', nth: 2 }, do: { code: '91' } }] });
    expect([refused.signOn().fields['39'], refused.signOn().fields['39']]).toEqual(['91', '00']);
  });
});

describe('rule files', () => {
  test('a good one', () => {
    const text = '{"rules":[{"match":{"mti":"0200","60.1":"22","nth":2},"do":{"silent":true,"delayMs":5},"times":1}]}';
    const parsed = parseFaultRules(text, 'f.json');
    expect(parsed.ok && parsed.value).toEqual([
      { match: { mti: '0200', '60.1': '22', nth: 2 }, do: { silent: true, delayMs: 5 }, times: 1 },
    ]);
  });

  test.each([
    ['{', 'f.json is no JSON'],
    ['[]', 'f.json: the file'],
    ['{}', 'f.json: /rules'],
    ['{"rules":[{"match":{"mti":512},"do":{"silent":true}}]}', '/rules/0/match/mti'],
    ['{"rules":[{"match":{"mti":"200"},"do":{"silent":true}}]}', '/rules/0/match/mti must be 4 digits in quotes'],
    ['{"rules":[{"match":{"amount":5},"do":{"silent":true}}]}', '/rules/0/match/amount is not a known member'],
    ['{"rules":[{"match":{},"do":{}}]}', '/rules/0/do must hold at least one action'],
    ['{"rules":[{"match":{},"do":{"silent":false}}]}', '/rules/0/do/silent must be true'],
    ['{"rules":[{"match":{"nth":0},"do":{"silent":true}}]}', '/rules/0/match/nth must be 1 or more'],
    ['{"rules":[{"match":{},"do":{"code":"5"}}]}', '/rules/0/do/code must be two characters'],
    ['{"rules":[{"match":{},"do":{"requirement":10}}]}', '/rules/0/do/requirement must be 0 to 9'],
    ['{"rules":[{"match":{},"do":{"bookAnyway":true}}]}', '/rules/0/do bookAnyway must come with overtaken'],
    ['{"rules":[{"match":{},"do":{"a/b":1}}]}', '/rules/0/do/a~1b is not a known member'],
  ])('%s', (text, cause) => {
    const parsed = parseFaultRules(text, 'f.json');
    expect(!parsed.ok && parsed.fault.cause).toContain(cause);
  });
});
