import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { Ledger } from '../../../src/sim/acquirer/ledger.ts';
import { statementCsv } from '../../../src/sim/acquirer/statement.ts';
import { digits } from '../../../src/units.ts';
import { type Answer, Till, TODAY } from './till.ts';

const WECHAT = '134567890123450011';
const ALIPAY = '286543210987654321';
const UNION = '6212345678901234567';

function signedOn(): Till {
  const till = new Till();
  till.signOn();
  return till;
}

const pay = (till: Till, amountMinor: number, code = WECHAT): Answer =>
  till.ask({
    mti: 0x0200,
    fields: {
      ...till.base('22'),
      '3': '000000',
      '4': digits(amountMinor, 12),
      '22': '032',
      '25': '00',
      '49': '156',
      '59': `A3${digits(code.length, 3)}${code}`,
    },
  });

const order = (answer: Answer): string => answer.fields['59'].slice(5);

const refund = (till: Till, paid: Answer, amountMinor: number, more: Record<string, string> = {}): Answer =>
  till.ask({
    mti: 0x0220,
    fields: {
      ...till.base('25'),
      '3': '200000',
      '4': digits(amountMinor, 12),
      '22': '032',
      '25': '00',
      '37': '000000000000',
      '49': '156',
      '59': `A4${digits(order(paid).length, 3)}${order(paid)}`,
      '61': `000000000000${TODAY}`,
      '63': '000',
      ...more,
    },
  });

/** State (Q1) of the transaction with this trace, and the whole answer. */
function inquire(till: Till, of: Answer, amountMinor: number): { state: string; code: string; answer: Answer } {
  const answer = till.ask({
    mti: 0x0200,
    fields: {
      ...till.base('61'),
      '3': '310000',
      '4': digits(amountMinor, 12),
      '22': '032',
      '25': '00',
      '49': '156',
      '61': `000001${of.fields['11']}`,
    },
  });
  const chain = answer.fields['59'] ?? '';
  return {
    state: /Q1\d{3}([A-Z]+)(?=Q2|$)/.exec(chain)?.[1] ?? '',
    code: /Q2002(..)/.exec(chain)?.[1] ?? '',
    answer,
  };
}

describe('scanned payments', () => {
  test.each([
    [WECHAT, /^4200001234\d{18}$/],
    [ALIPAY, /^2026112122001\d{15}$/],
    [UNION, /^5821\d{16}$/],
  ])('%s gets an order number of its wallet', (code, form) => {
    const answer = pay(signedOn(), 10_000, code);
    expect([answer.fields['39'], answer.macRight]).toEqual(['00', true]);
    expect(order(answer)).toMatch(form);
  });

  test.each(['1634567890123450011', '13456789012345001', '5812345678901234567', '4200001234'])(
    '%s is no code of a wallet',
    code => expect(pay(signedOn(), 10_000, code).fields['39']).toBe('14'),
  );

  test('61: waits, then is paid; the inquiry brings what the answer did not', () => {
    const till = signedOn();
    const sale = pay(till, 10_062);
    expect([sale.fields['39'], sale.fields['59'], till.net()]).toEqual(['09', undefined, 0]);
    expect(inquire(till, sale, 10_062).state).toBe('WAIT');
    expect(inquire(till, sale, 10_062).state).toBe('WAIT');
    const paid = inquire(till, sale, 10_062);
    expect(paid.state).toBe('PAID');
    expect(paid.answer).toMatchObject({ macRight: true, fields: { '37': sale.fields['37'], '13': TODAY } });
    expect(paid.answer.fields['59']).toMatch(/^A40284200001234/);
    expect(till.net()).toBe(10_062);
    expect(inquire(till, sale, 10_062).state).toBe('PAID');
  });

  test('a wallet pays the whole amount or nothing, at once and when its customer has confirmed', () => {
    const till = signedOn();
    expect(pay(till, 10_010).fields).toMatchObject({ '39': '00', '4': '000000010010' });
    expect(till.net()).toBe(10_010);
    const sale = pay(till, 500_210);
    while (inquire(till, sale, 500_210).state === 'WAIT');
    expect(till.net()).toBe(510_220);
  });

  test('63: refuses; 64: never decides; the reversal closes it', () => {
    const till = signedOn();
    const refused = pay(till, 10_063);
    expect(inquire(till, refused, 10_063)).toMatchObject({ state: 'FAIL', code: '05' });
    const open = pay(till, 10_064, ALIPAY);
    for (let i = 0; i < 5; i++) expect(inquire(till, open, 10_064).state).toBe('WAIT');
    const reversal = till.ask({
      mti: 0x0400,
      fields: {
        ...till.base('22'),
        '3': '000000',
        '4': digits(10_064, 12),
        '11': open.fields['11'],
        '22': '032',
        '25': '00',
        '39': '06',
        '49': '156',
      },
    });
    expect(reversal.fields['39']).toBe('00');
    expect(inquire(till, open, 10_064)).toMatchObject({ state: 'FAIL', code: '' });
    expect(till.net()).toBe(0);
  });

  test('an inquiry about nothing, or about another amount', () => {
    const till = signedOn();
    const sale = pay(till, 10_000);
    expect(inquire(till, { ...sale, fields: { '11': '000777' } }, 10_000).state).toBe('NONE');
    expect(inquire(till, sale, 10_001).answer.fields['39']).toBe('64');
  });

  test('refund: by the order number; of another order number 25; a waiting payment 25; above the remainder 61', () => {
    const till = signedOn();
    const sale = pay(till, 10_000);
    expect(refund(till, sale, 4_000).fields['39']).toBe('00');
    expect(refund(till, sale, 6_001).fields['39']).toBe('61');
    const other = pay(till, 20_000, ALIPAY);
    expect(refund(till, other, 1_000, { '37': sale.fields['37'] }).fields['39']).toBe('25');
    const open = pay(till, 10_064, UNION);
    expect(refund(till, sale, 1_000, { '37': open.fields['37'] }).fields['39']).toBe('25');
  });

  test.each([
    [1_000, ['PROCESSING', 'SUCCESS', 'SUCCESS']],
    [1_041, ['PROCESSING', 'ABNORMAL', 'ABNORMAL']],
    [1_042, ['PROCESSING', 'CLOSED', 'CLOSED']],
    [1_043, ['NOTENOUGH', 'NOTENOUGH', 'CLOSED']],
  ])('refund of %i: now, after a minute, after a week', (amountMinor, states) => {
    const till = signedOn();
    const back = refund(till, pay(till, 10_000), amountMinor);
    const seen = [0, 60_000, 7 * 86_400_000].map(ms => {
      till.nowMs += ms;
      return inquire(till, back, amountMinor).state;
    });
    expect(seen).toEqual(states);
  });

  test('too little money: a payment by the same wallet is the top-up, one by another is not', () => {
    const till = signedOn();
    const back = refund(till, pay(till, 10_000), 1_043);
    pay(till, 50_000, ALIPAY);
    expect(inquire(till, back, 1_043).state).toBe('NOTENOUGH');
    pay(till, 1_043, '101234567890123452');
    till.nowMs += 60_000;
    expect(inquire(till, back, 1_043).state).toBe('SUCCESS');
  });

  test('the statement names the wallet and leaves out what waits', () => {
    const till = signedOn();
    pay(till, 10_000);
    pay(till, 10_064, ALIPAY);
    const lines = statementCsv(till.ledger.db).split('\n');
    expect(lines[0]).toMatch(/,card,channel$/);
    expect(lines.slice(1)).toEqual([expect.stringMatching(/^sale,.*,100\.00,approved,.*,wechat$/)]);
  });

  test('books of an earlier version are opened', () => {
    const db = new DatabaseSync(':memory:');
    db.exec(`CREATE TABLE txn (
      id INTEGER PRIMARY KEY, atMs INTEGER NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, tid TEXT NOT NULL, mid TEXT NOT NULL,
      batch TEXT NOT NULL, trace TEXT NOT NULL, amountMinor INTEGER NOT NULL, requestedMinor INTEGER NOT NULL, code TEXT NOT NULL,
      reference TEXT NOT NULL, authCode TEXT NOT NULL, hostDate TEXT NOT NULL, token TEXT NOT NULL, pan_masked TEXT NOT NULL,
      organisation TEXT NOT NULL, original INTEGER, voucher TEXT NOT NULL, UNIQUE (tid, mid, batch, trace)) STRICT;
      INSERT INTO txn VALUES (1, 1, 'sale', 'approved', 'T', 'M', '000001', '000002', 5, 5, '00', 'R', '', '1121', 't', '****', 'CUP', NULL, '')`);
    const ledger = new Ledger(db);
    expect(ledger.txnByTrace('T', 'M', '000001', '000002')).toMatchObject({
      channel: 'card',
      course: '',
      inquiries: 0,
    });
  });
});
