import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { OTHER_PAN, PAN, signedOn, Till, TODAY } from './till.ts';
import { Ledger, ledgerSummary, openLedger } from '../../../src/sim/acquirer/ledger.ts';

describe('sale', () => {
  test('approved, booked, with all fields of the answer', () => {
    const till = signedOn();
    const answer = till.sale(1234);
    expect(answer.mti).toBe('0210');
    expect(answer.macRight).toBe(true);
    expect(answer.fields).toEqual({
      '2': PAN,
      '3': '000000',
      '4': '000000001234',
      '11': '000102',
      '12': '140322',
      '13': TODAY,
      '14': '2812',
      '15': TODAY,
      '25': '00',
      '32': '48020000',
      '37': expect.stringMatching(/^1121\d{8}$/) as string,
      '38': expect.stringMatching(/^\d{6}$/) as string,
      '39': '00',
      '41': '10000001',
      '42': '898310148160001',
      '44': '01020000   48020000   ',
      '49': '156',
      '60': '2200000100050',
      '63': 'CUP',
    });
    expect(till.states()).toEqual(['sale approved 1234']);
    expect(till.net()).toBe(1234);
    expect(till.balance()).toBe(1_000_000 - 1234);
  });

  test('manual and chip entry; the chip counter comes back', () => {
    const till = signedOn();
    expect(till.sale(100, { '2': PAN, '14': '2812', '22': '012', '35': `${PAN}D2812` }).fields['39']).toBe('00');
    const ask = till.saleAsk(100, { '2': PAN, '22': '052', '23': '001', '55': '9F3602031E9F26080102030405060708' });
    const answer = till.ask(ask);
    expect([answer.fields['23'], answer.fields['55']]).toEqual(['001', '9F3602031E']);
  });

  test('QR payment: voucher code in 59, void and refund find it', () => {
    const till = signedOn();
    const base = {
      ...till.base('22'),
      '3': '000000',
      '22': '032',
      '25': '00',
      '49': '156',
      '59': 'A30196212345678901234567',
    };
    const sale = till.ask({ mti: 0x0200, fields: { ...base, '4': '000000001000' } });
    expect(sale.fields['39']).toBe('00');
    expect(sale.fields['2']).toBeUndefined();
    expect(sale.fields['59']).toMatch(/^A40205821\d{16}$/);
    const refund = {
      ...till.base('25'),
      '3': '200000',
      '22': '032',
      '25': '00',
      '37': '000000000000',
      '49': '156',
      '59': sale.fields['59'],
      '61': `000000000000${TODAY}`,
      '63': '000',
    };
    expect(till.ask({ mti: 0x0220, fields: { ...refund, '4': '000000000400' } }).fields['39']).toBe('00');
    expect(till.net()).toBe(600);
  });

  test.each([
    ['wrong check digit', { '35': '6225000000000015D28121200000012300000' }, '14'],
    ['no card at all', { '35': '' }, '14'],
    ['field 2 and track differ', { '2': OTHER_PAN }, '14'],
    ['expired', { '35': `${PAN}D26101200000012300000` }, '54'],
    ['other currency', { '49': '840' }, '30'],
    ['zero', { '4': '000000000000' }, '13'],
    ['old batch', { '60': '2200000000050' }, '77'],
    ['more than the balance', { '4': '000001000001' }, '51'],
  ])('%s', (_what, more, code) => {
    const till = signedOn();
    const ask = till.saleAsk(1000, more);
    if (ask.fields['35'] === '') delete ask.fields['35'];
    const answer = till.ask(ask);
    expect(answer.fields['39']).toBe(code);
    expect(answer.fields['38']).toBeUndefined();
    expect(answer.macRight).toBe(true);
    expect(till.net()).toBe(0);
  });

  test('a card is good until the end of its month', () => {
    expect(signedOn().sale(1000, { '35': `${PAN}D26111200000012300000` }).fields['39']).toBe('00');
  });

  test.each([3, 4, 22, 25, 49])('without field %i: 30', field => {
    const till = signedOn();
    const ask = till.saleAsk(1000);
    delete ask.fields[String(field)];
    const answer = till.read(till.acquirer.handle(till.frame(ask), till.nowMs).answers[0].bytes);
    expect(answer.fields['39']).toMatch(field === 3 ? /^40$/ : /^30$/);
  });

  test('without or with a wrong MAC: A0', () => {
    const till = signedOn();
    expect(till.ask({ ...till.saleAsk(1000), mac: false }).fields['39']).toBe('A0');
    const frame = till.frame(till.saleAsk(1000));
    frame[frame.length - 1] ^= 1;
    expect(till.read(till.acquirer.handle(frame, till.nowMs).answers[0].bytes).fields['39']).toBe('A0');
    expect(till.states()).toEqual([]);
  });

  test('not signed on: A0 without MAC', () => {
    const answer = new Till().sale(1000);
    expect([answer.fields['39'], answer.macRight]).toEqual(['A0', undefined]);
  });

  test('the same trace again: 94 when it was approved, the same refusal when it was declined', () => {
    const till = signedOn();
    const approved = till.saleAsk(1000);
    expect(till.ask(approved).fields['39']).toBe('00');
    expect(till.ask(approved).fields['39']).toBe('94');
    expect(
      till.ask({ mti: 0x0200, fields: { ...till.saleAsk(2000).fields, '11': approved.fields['11'] } }).fields['39'],
    ).toBe('94');
    const declined = till.saleAsk(1005);
    expect([till.ask(declined).fields['39'], till.ask(declined).fields['39']]).toEqual(['05', '05']);
    expect(till.states()).toEqual(['sale approved 1000', 'sale declined 1005']);
  });
});

describe('encrypted tracks', () => {
  test('read under the track key of sign-on 004', () => {
    const till = new Till();
    till.signOn('004');
    const track = till.encryptedTrack(`${PAN}D28121200000012300000`);
    expect(track).not.toContain('D2812120000001');
    const answer = till.sale(1000, { '35': track, '53': '0610000000000000' });
    expect([answer.fields['39'], answer.fields['2'], answer.fields['14']]).toEqual(['00', PAN, '2812']);
  });

  test('said to be encrypted after sign-on 003: A7', () => {
    expect(signedOn().sale(1000, { '53': '0610000000000000' }).fields['39']).toBe('A7');
  });
});

describe('PIN', () => {
  test('right with and without card number, single and double keys', () => {
    const till = signedOn();
    expect(till.sale(100, { '22': '021', ...till.pin('123456') }).fields['39']).toBe('00');
    expect(till.sale(100, { '22': '021', ...till.pin('123456', PAN, '1600000000000000') }).fields['39']).toBe('00');
    till.signOn('001');
    expect(till.sale(100, { '22': '021', ...till.pin('123456', PAN, '2000000000000000') }).fields['39']).toBe('00');
    expect(till.sale(100, { '22': '021', ...till.pin('123456') }).fields['39']).toBe('99');
  });

  test('wrong: 55, 55, 38, and then not even the right one; the next day it is over', () => {
    const till = signedOn();
    const codes = ['000000', '111111', '222222', '123456'].map(pin => till.sale(100, till.pin(pin)).fields['39']);
    expect(codes).toEqual(['55', '55', '38', '38']);
    expect(till.sale(100).fields['39']).toBe('00');
    till.nowMs += 86_400_000;
    expect(till.sale(100, till.pin('123456')).fields['39']).toBe('00');
  });

  test('a right PIN clears the count', () => {
    const till = signedOn();
    const codes = ['000000', '000000', '123456', '000000', '000000'].map(
      pin => till.sale(100, till.pin(pin)).fields['39'],
    );
    expect(codes).toEqual(['55', '55', '00', '55', '55']);
  });

  test('a block under another key: 99', () => {
    const till = signedOn();
    const pin = till.pin('123456');
    till.signOn();
    expect(till.sale(100, pin).fields['39']).toBe('99');
  });
});

describe('void', () => {
  test('takes back the whole sale, once', () => {
    const till = signedOn();
    const sale = till.sale(1234);
    const voided = till.void(sale);
    expect(voided.fields).toMatchObject({ '4': '000000001234', '39': '00', '63': 'CUP' });
    expect(till.states()).toEqual(['sale voided 1234', 'void approved 1234']);
    expect([till.net(), till.balance()]).toEqual([0, 1_000_000]);
    expect(till.void(sale).fields['39']).toBe('12');
  });

  test.each<[string, Record<string, string>, string]>([
    ['unknown trace', { '61': '000001999999' }, '25'],
    ['reference of another', { '37': '112199999999' }, '25'],
    ['authorisation code of another', { '38': 'ZZZZZZ' }, '25'],
    ['other amount', { '4': '000000001233' }, '64'],
    ['other card', { '2': OTHER_PAN }, '12'],
  ])('%s: refused', (_what, more, code) => {
    const till = signedOn();
    const sale = till.sale(1234);
    expect(till.void(sale, more).fields['39']).toBe(code);
    expect(till.net()).toBe(1234);
  });

  test('a void of a void, of a refunded, of a reversed, of a declined sale', () => {
    const till = signedOn();
    const first = till.sale(1000);
    const voided = till.void(first);
    expect(till.void({ ...voided, fields: { ...voided.fields } }).fields['39']).toBe('12');
    const second = till.sale(1000);
    till.refund(second, 1);
    expect(till.void(second).fields['39']).toBe('12');
    const ask = till.saleAsk(1000);
    const third = till.ask(ask);
    till.reverse(ask);
    expect(till.void(third).fields['39']).toBe('25');
    const declined = till.sale(1005);
    expect(till.void(declined, { '38': '123456' }).fields['39']).toBe('25');
  });

  test('the cents of its amount do nothing to a void', () => {
    const till = signedOn();
    const reply = till.send(till.saleAsk(1072));
    const sale = till.read(reply.answers[0].bytes);
    expect(till.send(till.voidAsk(sale)).answers).toHaveLength(1);
  });
});

describe('refund', () => {
  test('in parts up to the sale, from another terminal of the merchant too, and no fen more', () => {
    const till = signedOn({ terminals: 'any' });
    const sale = till.sale(1000);
    expect(till.refund(sale, 400).fields['39']).toBe('00');
    expect(till.refund(sale, 601).fields['39']).toBe('61');
    till.tid = 'SHOP0002';
    till.signOn();
    expect(till.refund(sale, 600).fields['39']).toBe('00');
    expect(till.refund(sale, 1).fields['39']).toBe('61');
    till.tid = '10000001';
    expect(till.net()).toBe(600);
    expect(till.states().filter(state => state === 'refund approved 600')).toHaveLength(1);
  });

  test('after the batch was closed and on a later day', () => {
    const till = signedOn();
    const sale = till.sale(1000);
    till.nowMs += 86_400_000;
    const answer = till.refund(sale, 1000, { '61': `${till.batch}${sale.fields['11']}${TODAY}` });
    expect([answer.fields['39'], answer.fields['13']]).toEqual(['00', '1122']);
    expect(till.balance()).toBe(1_000_000);
  });

  test.each<[string, Record<string, string>, string]>([
    ['other date', { '61': '0000000000001120' }, '25'],
    ['other reference', { '37': '112199999999' }, '25'],
    ['trace of another', { '61': `000001000001${TODAY}` }, '25'],
    ['no date', { '61': '000000000000' }, '30'],
    ['other card', { '35': `${OTHER_PAN}D2812120` }, '25'],
    ['expired card', { '35': `${PAN}D2601120` }, '54'],
    ['zero', { '4': '000000000000' }, '13'],
  ])('%s: refused', (_what, more, code) => {
    const till = signedOn();
    const sale = till.sale(1000);
    expect(till.refund(sale, 100, more).fields['39']).toBe(code);
    expect(till.net()).toBe(1000);
  });

  test('of a voided sale 12, of a reversed one 25', () => {
    const till = signedOn();
    const first = till.sale(1000);
    till.void(first);
    expect(till.refund(first, 100).fields['39']).toBe('12');
    const ask = till.saleAsk(1000);
    const second = till.ask(ask);
    till.reverse(ask);
    expect(till.refund(second, 100).fields['39']).toBe('25');
  });

  test('sent again byte for byte: 94 says that it was accepted', () => {
    const till = signedOn();
    const ask = till.refundAsk(till.sale(1000), 300);
    expect(till.ask(ask).fields['39']).toBe('00');
    expect(till.ask(ask).fields['39']).toBe('94');
    expect(till.net()).toBe(700);
  });

  test('a refund booked in silence and sent again: 94', () => {
    const till = signedOn();
    const ask = till.refundAsk(till.sale(1000), 368);
    expect(till.send(ask).answers).toEqual([]);
    expect(till.ask(ask).fields['39']).toBe('94');
    expect(till.net()).toBe(632);
  });
});

describe('reversal', () => {
  test('of a sale, and repeated', () => {
    const till = signedOn();
    const ask = till.saleAsk(1234);
    till.ask(ask);
    const answer = till.reverse(ask);
    expect([answer.mti, answer.fields['39'], answer.fields['63'], answer.macRight]).toEqual([
      '0410',
      '00',
      undefined,
      true,
    ]);
    expect(till.states()).toEqual(['sale reversed 1234']);
    expect([till.net(), till.balance()]).toEqual([0, 1_000_000]);
    expect(till.reverse(ask).fields['39']).toBe('00');
    expect(till.balance()).toBe(1_000_000);
  });

  test('before the original: 25, and the late original is refused', () => {
    const till = signedOn();
    const ask = till.saleAsk(1234);
    expect(till.reverse(ask).fields['39']).toBe('25');
    expect(till.reverse(ask).fields['39']).toBe('25');
    expect(till.ask(ask).fields['39']).toBe('12');
    expect(till.states()).toEqual(['sale tombstone 1234']);
    expect(till.net()).toBe(0);
  });

  test('of a void: the sale stands again and can be voided again', () => {
    const till = signedOn();
    const sale = till.sale(1000);
    const ask = till.voidAsk(sale);
    till.ask(ask);
    const answer = till.reverse(ask, '98', { '38': sale.fields['38'] });
    expect([answer.fields['39'], answer.fields['61']]).toEqual(['00', ask.fields['61']]);
    expect(till.states()).toEqual(['sale approved 1000', 'void reversed 1000']);
    expect([till.net(), till.balance()]).toEqual([1000, 999_000]);
    expect(till.void(sale).fields['39']).toBe('00');
  });

  test('of a declined sale: 00, nothing moves', () => {
    const till = signedOn();
    const ask = till.saleAsk(1096);
    expect(till.ask(ask).fields['39']).toBe('96');
    expect(till.reverse(ask).fields['39']).toBe('00');
    expect(till.balance()).toBe(1_000_000);
  });

  test('of a half approved sale: with the amount that was asked or that was granted', () => {
    const till = signedOn();
    for (const amount of ['000000001010', '000000000505']) {
      const ask = till.saleAsk(1010);
      expect(till.ask(ask).fields).toMatchObject({ '39': '10', '4': '000000000505' });
      expect(till.reverse(ask, '98', { '4': amount }).fields['39']).toBe('00');
    }
    expect(till.balance()).toBe(1_000_000);
  });

  test('other amount 64, a voided or refunded sale 12, a void named as a sale 12, a refund 12', () => {
    const till = signedOn();
    const ask = till.saleAsk(1000);
    const sale = till.ask(ask);
    expect(till.reverse(ask, '98', { '4': '000000000999' }).fields['39']).toBe('64');
    const voidAsk = till.voidAsk(sale);
    till.ask(voidAsk);
    expect(till.reverse(ask).fields['39']).toBe('12');
    expect(till.reverse(voidAsk, '98', { '60': ask.fields['60'] }).fields['39']).toBe('12');
    const refundedAsk = till.saleAsk(1000);
    const refundAsk = till.refundAsk(till.ask(refundedAsk), 10);
    till.ask(refundAsk);
    expect(till.reverse(refundAsk).fields['39']).toBe('12');
    expect(till.reverse(refundedAsk).fields['39']).toBe('12');
    expect(till.net()).toBe(990);
  });

  test('needs sign-on and a right MAC', () => {
    const till = signedOn();
    const ask = till.saleAsk(1000);
    till.ask(ask);
    expect(till.ask({ ...till.reversalAsk(ask), mac: false }).fields['39']).toBe('A0');
    expect(till.states()).toEqual(['sale approved 1000']);
  });
});

describe('the books', () => {
  test('hold no card number, and are on disk before the answer is handed over', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pos8583-'));
    const path = join(folder, 'ledger.db');
    const till = new Till({}, path);
    till.signOn();
    till.sale(1000, till.pin('123456'));
    const other = new DatabaseSync(path, { readOnly: true });
    expect(ledgerSummary(other).rows).toHaveLength(1);
    expect(other.prepare('SELECT pan_masked, balance FROM account').get()).toEqual({
      pan_masked: '622500******0014',
      balance: 999_000,
    });
    other.close();
    const files = [path, `${path}-wal`].map(file => readFileSync(file));
    expect(files[1].length).toBeGreaterThan(0);
    for (const bytes of files) for (const pan of [PAN, '123456789']) expect(bytes.includes(pan)).toBe(false);
    till.ledger.db.close();
    rmSync(folder, { recursive: true });
  });

  test('a file that is no database is refused with a way out', () => {
    const opened = openLedger(new URL('./till.ts', import.meta.url).pathname);
    expect(!opened.ok && opened.fault.name).toBe('ledger');
  });

  test('a failing handler leaves nothing half written', () => {
    const ledger = new Ledger(new DatabaseSync(':memory:'));
    expect(() =>
      ledger.atomic(
        () => {
          ledger.putSetting('x', new Uint8Array(1));
          throw new Error('stop');
        },
        () => true,
      ),
    ).toThrow('stop');
    expect(ledger.setting('x')).toBeUndefined();
  });

  test('the same seed and the same requests give the same answers', () => {
    const run = (): string[] => {
      const till = signedOn();
      const sale = till.sale(1000);
      return [sale, till.void(sale), till.sale(5)].map(answer => Buffer.from(answer.frame).toString('hex'));
    };
    expect(run()).toEqual(run());
  });
});
