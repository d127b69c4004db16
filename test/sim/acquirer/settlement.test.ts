import { describe, expect, test } from 'vitest';
import { type Answer, OTHER_PAN, PAN, signedOn, type Till, TODAY } from './till.ts';

const FOREIGN = '4111111111111111';

function block(debitMinor: number, debitCount: number, creditMinor: number, creditCount: number): string {
  const part = (amount: number, count: number): string =>
    String(amount).padStart(12, '0') + String(count).padStart(3, '0');
  return part(debitMinor, debitCount) + part(creditMinor, creditCount) + '0';
}

const NOTHING = block(0, 0, 0, 0);

function settle(till: Till, cup: string, foreign = NOTHING): Answer {
  return till.ask({
    mti: 0x0500,
    fields: { ...till.base('00', '201', ''), '48': cup + foreign, '49': '156', '63': '001' },
    mac: false,
  });
}

const flags = (answer: Answer): string => answer.fields['48'][30] + answer.fields['48'][61];

function upload(till: Till, info: string, field48: string): Answer {
  return till.ask({ mti: 0x0320, fields: { ...till.base('00', info, ''), '48': field48 }, mac: false });
}

const detail = (trace: string, pan: string, amountMinor: number): string =>
  `00${trace}${pan.padStart(20, '0')}${String(amountMinor).padStart(12, '0')}`;

describe('totals', () => {
  test('sales and refunds balance; the answer has flags and no field 39', () => {
    const till = signedOn();
    const sale = till.sale(1000);
    till.sale(234);
    till.refund(sale, 100);
    const answer = settle(till, block(1234, 2, 100, 1));
    expect(answer.mti).toBe('0510');
    expect(answer.fields['48']).toBe(`${block(1234, 2, 100, 1).slice(0, 30)}1${NOTHING.slice(0, 30)}1`);
    expect(Object.keys(answer.fields).sort()).toEqual([
      '11',
      '12',
      '13',
      '15',
      '32',
      '37',
      '41',
      '42',
      '48',
      '49',
      '60',
      '63',
    ]);
  });

  test('a voided sale counts on both sides, a reversed or declined one nowhere', () => {
    const till = signedOn();
    till.void(till.sale(1000));
    const ask = till.saleAsk(500);
    till.ask(ask);
    till.reverse(ask);
    till.sale(705);
    expect(flags(settle(till, block(1000, 1, 1000, 1)))).toBe('11');
  });

  test('cards of other organisations have the second block', () => {
    const till = signedOn();
    till.sale(1000);
    const foreign = till.sale(300, { '35': `${FOREIGN}D28121200000012300000` });
    expect(foreign.fields['63']).toBe('VIS');
    till.void(foreign, { '2': FOREIGN });
    expect(flags(settle(till, block(1000, 1, 0, 0), block(300, 1, 300, 1)))).toBe('11');
    expect(flags(settle(till, block(1300, 2, 300, 1)))).toBe('22');
    expect(flags(settle(till, block(1000, 1, 0, 0)))).toBe('12');
  });

  test.each([
    ['amount', block(1001, 1, 0, 0)],
    ['count', block(1000, 2, 0, 0)],
    ['side', block(0, 0, 1000, 1)],
  ])('wrong %s: not balanced', (_what, text) => {
    const till = signedOn();
    till.sale(1000);
    expect(flags(settle(till, text))).toBe('21');
  });

  test('wrong batch, wrong form, not signed on, unknown terminal: flag 3', () => {
    const till = signedOn();
    till.batch = '000002';
    expect(flags(settle(till, NOTHING))).toBe('33');
    till.batch = '000001';
    expect(flags(settle(till, NOTHING, NOTHING.slice(1)))).toBe('33');
    till.ask({ mti: 0x0820, fields: till.base('00', '002', ''), mac: false });
    expect(flags(settle(till, NOTHING))).toBe('33');
    till.tid = '10000009';
    expect(flags(settle(till, NOTHING))).toBe('33');
  });
});

describe('batch end', () => {
  test('closes the batch; the next sign-on brings the next number; the old batch is refused', () => {
    const till = signedOn();
    till.sale(1000);
    settle(till, block(1000, 1, 0, 0));
    const end = upload(till, '207', '0000');
    expect([end.mti, end.fields['39'], end.fields['48']]).toEqual(['0330', '00', '0000']);
    expect(till.sale(1000).fields['39']).toBe('77');
    expect(upload(till, '207', '0000').fields['39']).toBe('00');
    expect(till.signOn().fields['60']).toBe('00000002003');
    expect(till.sale(1000).fields['39']).toBe('00');
    expect(flags(settle(till, block(1000, 1, 0, 0)))).toBe('11');
  });

  test('a void of a settled sale is refused, a refund is not, a reversal is not', () => {
    const till = signedOn();
    const ask = till.saleAsk(1000);
    const sale = till.ask(ask);
    settle(till, block(1000, 1, 0, 0));
    upload(till, '207', '0000');
    till.signOn();
    expect(till.void(sale, { '61': `000001${sale.fields['11']}` }).fields['39']).toBe('12');
    expect(till.reverse(ask).fields['39']).toBe('12');
    expect(till.refund(sale, 1000).fields['39']).toBe('00');
  });

  test('without a settlement request 12, for a batch that is not open 77', () => {
    const till = signedOn();
    expect(upload(till, '207', '0000').fields['39']).toBe('12');
    till.batch = '000005';
    expect(upload(till, '207', '0000').fields['39']).toBe('77');
  });

  test('the number after 999999 is 1', () => {
    const till = signedOn();
    till.ledger.db.exec('UPDATE terminal SET batch = 999999');
    expect(till.signOn().fields['60'].slice(2, 8)).toBe('999999');
    settle(till, NOTHING);
    upload(till, '207', '0000');
    expect(till.signOn().fields['60'].slice(2, 8)).toBe('000001');
  });
});

describe('batch upload', () => {
  test('details, certificate and notice after totals that do not balance; broken off and resumed', () => {
    const till = signedOn();
    const first = till.sale(1000);
    const second = till.sale(2000);
    const chip = till.sale(500, { '22': '052', '23': '001', '55': '9F36020001' });
    const refundAsk = till.refundAsk(first, 100);
    till.ask(refundAsk);
    expect(flags(settle(till, block(9999, 1, 0, 0)))).toBe('21');

    const two = `02${detail(first.fields['11'], PAN, 1000)}${detail(second.fields['11'], PAN, 2000)}`;
    const answer = upload(till, '201', two);
    expect([answer.mti, answer.fields['39'], answer.macRight]).toEqual(['0330', '00', undefined]);
    expect(upload(till, '201', two).fields['39']).toBe('94');

    till.acquirer = till.make();
    expect(flags(settle(till, block(9999, 1, 0, 0)))).toBe('21');
    expect(upload(till, '201', two).fields['39']).toBe('94');

    const certificate = till.ask({
      mti: 0x0320,
      fields: {
        ...till.base('00', '205', ''),
        '2': PAN,
        '4': '000000000500',
        '11': chip.fields['11'],
        '22': '052',
        '23': '001',
        '55': '9F36020001',
        '62': '3631303030303030303030303035303031353600',
      },
      mac: false,
    });
    expect(certificate.fields).toMatchObject({ '2': PAN, '4': '000000000500', '39': '00' });

    const { '35': _track, '53': _control, ...kept } = refundAsk.fields;
    const notice = till.ask({ mti: 0x0320, fields: { ...kept, '2': PAN }, mac: false });
    expect([notice.fields['39'], notice.fields['63']]).toEqual(['00', '000']);

    expect(till.ledger.uploads(till.tid, till.mid, till.batch)).toEqual({ count: 4, unmatched: 0 });
    expect(upload(till, '202', '0004').fields['39']).toBe('00');
    expect(till.lines.at(-1)).toContain('(batch closed)');
  });

  test('items that the books do not know are taken and counted', () => {
    const till = signedOn();
    const sale = till.sale(1000);
    const other = till.sale(200);
    settle(till, NOTHING);
    upload(
      till,
      '201',
      `04${detail(sale.fields['11'], PAN, 1001)}${detail('000777', PAN, 5)}${detail(other.fields['11'], OTHER_PAN, 200)}${detail('000779', PAN, 5)}`,
    );
    expect(till.ledger.uploads(till.tid, till.mid, till.batch)).toEqual({ count: 4, unmatched: 4 });
    expect(upload(till, '207', '0001').fields['39']).toBe('00');
    expect(till.lines.at(-1)).toMatch(
      /4 items came and 1 were announced, but 207 does not suit the totals, 4 items not in the books/,
    );
  });

  test('a failed chip transaction needs no row in the books', () => {
    const till = signedOn();
    settle(till, NOTHING);
    const failed = till.ask({
      mti: 0x0320,
      fields: {
        ...till.base('00', '206', ''),
        '2': PAN,
        '4': '000000000500',
        '22': '052',
        '55': '9F36020001',
        '62': '37',
      },
      mac: false,
    });
    expect(failed.fields['39']).toBe('00');
    expect(till.ledger.uploads(till.tid, till.mid, till.batch)).toEqual({ count: 1, unmatched: 0 });
  });

  test.each(['00', '09', `01${detail('000101', PAN, 1)}00`, `02${detail('000101', PAN, 1)}`])(
    'field 48 %s: 30',
    text => {
      const till = signedOn();
      settle(till, NOTHING);
      expect(upload(till, '201', text).fields['39']).toBe('30');
    },
  );

  test('before the settlement request: 12; wrong batch: 77; not signed on: A0', () => {
    const till = signedOn();
    const one = `01${detail('000101', PAN, 1)}`;
    expect(upload(till, '201', one).fields['39']).toBe('12');
    till.batch = '000009';
    expect(upload(till, '201', one).fields['39']).toBe('77');
    till.ask({ mti: 0x0820, fields: till.base('00', '002', ''), mac: false });
    expect(upload(till, '201', one).fields['39']).toBe('A0');
  });
});

test('refund with batch and trace of the original, across batches', () => {
  const till = signedOn();
  const sale = till.sale(1000);
  settle(till, block(1000, 1, 0, 0));
  upload(till, '207', '0000');
  till.signOn();
  expect(till.refund(sale, 400, { '61': `000001${sale.fields['11']}${TODAY}` }).fields['39']).toBe('00');
  expect(till.refund(sale, 100, { '61': `000002${sale.fields['11']}${TODAY}` }).fields['39']).toBe('25');
});
