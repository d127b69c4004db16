import { describe, expect, test } from 'vitest';
import { DEFAULT_TERMINAL } from '../../../src/sim/acquirer/acquirer.ts';
import { PAN, signedOn, Till, TODAY } from './till.ts';

describe('sign-on', () => {
  test.each([
    ['001', 24],
    ['003', 40],
    ['004', 60],
  ])('mode %s brings %i bytes of keys with right check values', (mode, length) => {
    const till = new Till();
    const answer = till.signOn(mode);
    expect(answer.mti).toBe('0810');
    expect(answer.fields).toMatchObject({
      '11': '000101',
      '12': '140322',
      '13': TODAY,
      '32': '48020000',
      '39': '00',
      '41': till.tid,
      '42': till.mid,
    });
    expect(answer.fields['60']).toBe(`00000001${mode}`);
    expect(answer.fields['62']).toHaveLength(2 * length);
    expect(Object.keys(answer.fields).sort()).toEqual(['11', '12', '13', '32', '37', '39', '41', '42', '60', '62']);
    expect(answer.macRight).toBeUndefined();
    expect(till.sale(1000).fields['39']).toBe('00');
  });

  test('from 003 on the MAK is eight bytes and eight zeros', () => {
    const { fields } = new Till().signOn('003');
    expect(fields['62'].slice(40 + 16, 40 + 32)).toBe('0'.repeat(16));
  });

  test('keys are new each time; the old ones are refused', () => {
    const till = signedOn();
    const old = till.keys;
    expect(till.signOn().fields['60'].slice(2, 8)).toBe('000001');
    expect(till.keys?.mak).not.toEqual(old?.mak);
    till.keys = old;
    expect(till.sale(1000).fields['39']).toBe('A0');
  });

  test('unknown terminal 97, wrong merchant 03, both without keys', () => {
    const till = new Till();
    till.tid = '10000002';
    expect(till.signOn().fields).toMatchObject({ '39': '97', '41': '10000002' });
    till.tid = DEFAULT_TERMINAL.tid;
    till.mid = '898310148160002';
    const answer = till.signOn();
    expect(answer.fields['39']).toBe('03');
    expect(answer.fields['62']).toBeUndefined();
  });

  test('any terminal: eight letters and digits', () => {
    const till = new Till({ terminals: 'any' });
    till.tid = 'SHOP0042';
    expect(till.signOn().fields['39']).toBe('00');
    till.tid = 'SHOP 042';
    expect(till.signOn().fields['39']).toBe('97');
  });

  test('SM4 sign-on is not known here', () => {
    expect(new Till().signOn('005').fields['39']).toBe('40');
  });

  test('sign-off, then a sale is refused with A0', () => {
    const till = signedOn();
    const off = till.ask({ mti: 0x0820, fields: till.base('00', '002', ''), mac: false });
    expect([off.mti, off.fields['39']]).toEqual(['0830', '00']);
    expect(till.sale(1000).fields['39']).toBe('A0');
    expect(till.states()).toEqual([]);
    till.signOn();
    expect(till.sale(1000).fields['39']).toBe('00');
  });

  test('a restarted acquirer remembers keys and batch', () => {
    const till = signedOn();
    till.acquirer = till.make();
    expect(till.sale(1000).fields['39']).toBe('00');
  });
});

describe('network messages', () => {
  const ask = (till: Till, mti: number, info: string, more: Record<string, string> = {}): Record<string, string> =>
    till.ask({ mti, fields: { '41': till.tid, '42': till.mid, '60': `00${till.batch}${info}`, ...more }, mac: false })
      .fields;

  test('echo needs no sign-on and has no field 11', () => {
    expect(ask(new Till(), 0x0820, '301')).toEqual({
      '12': '140322',
      '13': TODAY,
      '39': '00',
      '41': '10000001',
      '42': '898310148160001',
      '60': '00000001301',
    });
  });

  test.each([
    [0x0820, '372', '30'],
    [0x0820, '382', '30'],
    [0x0820, '362', '30'],
    [0x0800, '370', '30'],
    [0x0800, '380', '30'],
    [0x0800, '371', undefined],
    [0x0800, '381', undefined],
    [0x0800, '360', undefined],
    [0x0800, '361', undefined],
  ])('%i/%s: nothing to download', (mti, info, field62) => {
    const fields = ask(new Till(), mti, info, { '62': '313030' });
    expect([fields['39'], fields['62']]).toEqual(['00', field62]);
  });

  test('script result and electronic signature are taken, with a right MAC', () => {
    const till = signedOn();
    const script = till.ask({
      mti: 0x0620,
      fields: {
        ...till.base('00', '951'),
        '2': PAN,
        '3': '000000',
        '22': '051',
        '25': '00',
        '37': '112100000001',
        '49': '156',
        '61': `000001000100${TODAY}`,
      },
    });
    expect([script.mti, script.fields['39'], script.macRight]).toEqual(['0630', '00', true]);
    const signature = till.ask({ mti: 0x0820, fields: { ...till.base('07', '800', ''), '62': '0102' } });
    expect([signature.mti, signature.fields['39'], signature.macRight]).toEqual(['0830', '00', true]);
  });

  test('transactions of other kinds are answered 40', () => {
    const till = signedOn();
    const preAuth = till.ask({
      mti: 0x0100,
      fields: {
        ...till.base('10'),
        '2': PAN,
        '3': '030000',
        '4': '000000001000',
        '22': '012',
        '25': '06',
        '49': '156',
      },
    });
    expect([preAuth.mti, preAuth.fields['39'], preAuth.macRight]).toEqual(['0110', '40', true]);
  });
});

describe('what is no request', () => {
  test('garbage, answers and truncated bytes are dropped, damaged messages are answered 30', () => {
    const till = signedOn();
    const good = till.frame(till.saleAsk(1000));
    expect(till.acquirer.handle(new Uint8Array(0), till.nowMs)).toEqual({ answers: [] });
    expect(till.acquirer.handle(good.subarray(0, 40), till.nowMs)).toEqual({ answers: [] });
    const answer = till.frame({ mti: 0x0210, fields: till.base('22') });
    expect(till.acquirer.handle(answer, till.nowMs)).toEqual({ answers: [] });
    expect(till.lines.filter(line => line.includes('dropped'))).toHaveLength(3);

    const longer = new Uint8Array(good.length + 1);
    longer.set(good);
    longer[1]++;
    const reply = till.acquirer.handle(longer, till.nowMs);
    expect(till.read(reply.answers[0].bytes).fields['39']).toBe('30');
    expect(till.states()).toEqual([]);
  });

  test('every single wrong byte of a sale leaves the acquirer standing, and none is booked', () => {
    const till = signedOn();
    const good = till.frame(till.saleAsk(1000));
    for (let at = 13; at < good.length; at++) {
      const bent = good.slice();
      bent[at] ^= 0x11;
      till.acquirer.handle(bent, till.nowMs);
    }
    expect(till.states().filter(state => state.includes('approved'))).toEqual([]);
    expect(till.ask({ mti: 0x0200, fields: till.saleAsk(1000).fields }).fields['39']).toBe('00');
  });
});

test('the log shows one line a message and direction, and no card number', () => {
  const till = signedOn();
  till.lines.length = 0;
  till.sale(1234);
  expect(till.lines).toEqual([
    '14:03:22 -> 0200 sale 10000001 trace 000102 batch 000001 12.34',
    '14:03:22 <- 0210 sale trace 000102 code 00 (approved) 622500******0014 12.34',
  ]);
});
