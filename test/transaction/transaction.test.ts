import { describe, expect, test } from 'vitest';
import { ClearCard } from '../../src/card/card.ts';
import { MessageView } from '../../src/iso8583/message-view.ts';
import { encodeFields } from '../../src/iso8583/encode.ts';
import { compileFieldPlan } from '../../src/iso8583/plan.ts';
import { namedProfile } from '../../src/node/profiles.ts';
import { loadProfile } from '../../src/profile/profile.ts';
import { packTrack } from '../../src/sim/terminal/card.ts';
import { matchAnswer, meaningOf, reversalReasonOf, type Sent } from '../../src/transaction/answers.ts';
import {
  moneyElements,
  type MoneyRequest,
  originalData,
  privateUse60,
  reversalElements,
  reversalFields,
  securityControl,
} from '../../src/transaction/requests.ts';
import {
  balanceFlags,
  detailField,
  detailFieldLength,
  tcField,
  totalsField,
} from '../../src/transaction/settlement.ts';

const loaded = loadProfile('unionpay-pos', name => namedProfile('unionpay-pos').read(name));
if (!loaded.ok) throw new Error(loaded.fault.cause);
const profile = loaded.value;
const compiled = compileFieldPlan(profile.dialect);
if (!compiled.ok) throw new Error(compiled.fault.cause);
const plan = compiled.value;

const ascii = (text: string): Uint8Array => Uint8Array.from(text, c => c.charCodeAt(0));
const identity = {
  terminalNo: '10000001',
  merchantNo: '898310148160001',
  capability: '6',
  currency: '156',
  partialApproval: true,
};

function stripe(): ClearCard {
  const card = ClearCard.fromTrack2(packTrack('6225000000000014=301210100000'));
  if (!card.ok) throw new Error(card.fault.cause);
  return card.value;
}

function request(change: Partial<MoneyRequest> = {}): MoneyRequest {
  return {
    kind: 'sale',
    codes: { ...profile.transactions.sale, info60: profile.transactions.sale.info60 ?? '000' },
    context: { identity, batch: 1, keyMode: '003' },
    trace: 2,
    amountMinor: 12_345,
    facts: { entry: 'swipe', fallback: false, expiry: '3012' },
    card: stripe(),
    ...change,
  };
}

function answer(mti: string, fields: Record<string, string>): MessageView {
  const out = new Uint8Array(512);
  const end = encodeFields(plan, mti, fields, out, 0);
  if (!end.ok) throw new Error(end.fault.cause);
  const view = new MessageView(plan);
  expect(view.decode(out, 0, end.value)).toBe(0);
  return view;
}

describe('requests', () => {
  test('field 60: digits by kind of message', () => {
    const codes = { mti: '0200', type60: '22', info60: '000', mac: true };
    expect(privateUse60(codes, 1)).toBe('22000001000');
    expect(privateUse60(codes, 1, { ...identity, partialApproval: false })).toBe('2200000100060');
    expect(privateUse60(codes, 1, identity, '2')).toBe('22000001000621');
  });

  test.each([
    ['none', false, '003', undefined],
    ['none', true, '003', '0600000000000000'],
    ['withPan', true, '003', '2600000000000000'],
    ['withPan', true, '001', '2000000000000000'],
    ['withPan', true, '004', '2610000000000000'],
    ['withPan', false, '004', '2600000000000000'],
    ['withoutPan', false, '003', '1600000000000000'],
  ] as const)('field 53: PIN %s, tracks %s, mode %s', (pin, tracks, mode, expected) => {
    expect(securityControl(pin, tracks, mode)).toBe(expected);
  });

  test('field 61: void 12 digits, refund always 16', () => {
    expect(originalData('void', { batch: 12, trace: 34, reference: '' })).toBe('000012000034');
    expect(originalData('refund', { batch: 12, trace: 34, date: '1121', reference: '' })).toBe('0000120000341121');
    expect(originalData('refund', { date: '1121', reference: '' })).toBe('0000000000001121');
  });

  test('a sale by stripe has neither 2 nor 23 nor 37; without a PIN neither 26 nor 52', () => {
    const made = moneyElements(request());
    expect([...made.text.keys()].sort((a, b) => a - b)).toEqual([3, 4, 11, 22, 25, 41, 42, 49, 53, 60]);
    expect(made).toMatchObject({ withPan: false, withTracks: true, mac: true });
    expect(made.text.get(22)).toBe('022');
    expect(moneyElements(request({ pinBlock: new Uint8Array(8), pinWithPan: true })).text.get(26)).toBe('12');
  });

  test('a void without a card: 22 = 012, 2 and 14 from the record, no tracks', () => {
    const made = moneyElements(
      request({
        kind: 'void',
        codes: { ...profile.transactions.void, info60: '000' },
        facts: { entry: 'none', fallback: false, expiry: '3012' },
        original: { batch: 1, trace: 1, reference: '112233445566', authCode: 'A1B2C3' },
      }),
    );
    expect(made).toMatchObject({ withPan: true, withTracks: false });
    expect(Object.fromEntries(made.text)).toMatchObject({
      14: '3012',
      22: '012',
      37: '112233445566',
      38: 'A1B2C3',
      61: '000001000001',
    });
    expect(made.text.has(53)).toBe(false);
  });

  test('a reversal keeps what the table says and takes a reason', () => {
    const made = moneyElements(request({ pinBlock: new Uint8Array(8), pinWithPan: true }));
    const reversal = reversalElements(reversalFields(made), 'A0', undefined, undefined);
    expect(reversal.mti).toBe(0x0400);
    expect([...reversal.text.keys()].sort((a, b) => a - b)).toEqual([3, 4, 11, 22, 25, 39, 41, 42, 49, 60]);
    expect(reversal.text.get(39)).toBe('A0');
  });
});

describe('answers', () => {
  const sent: Sent = {
    mti: 0x0200,
    trace: '000002',
    terminalNo: '10000001',
    merchantNo: '898310148160001',
    processingCode: '000000',
    amountMinor: 10_000,
  };
  const right = {
    '3': '000000',
    '4': '000000010000',
    '11': '000002',
    '39': '00',
    '41': '10000001',
    '42': '898310148160001',
  };

  test.each([
    ['the right one', '0210', {}, 'match'],
    ['another type', '0230', {}, 'drop'],
    ['another trace', '0210', { '11': '000003' }, 'drop'],
    ['another terminal', '0210', { '41': '10000002' }, 'drop'],
    ['another merchant', '0210', { '42': '898310148160002' }, 'drop'],
    ['another amount', '0210', { '4': '000000010001' }, 'mismatch'],
    ['another processing code', '0210', { '3': '200000' }, 'mismatch'],
    ['a part approved', '0210', { '4': '000000005000', '39': '10' }, 'match'],
  ] as const)('%s', (_, mti, change, verdict) => {
    expect(matchAnswer(sent, answer(mti, { ...right, ...change }))).toBe(verdict);
  });

  test('an unknown code ends a sale and leaves a refund unknown', () => {
    expect(meaningOf(profile.responses, 'X9', false).kind).toBe('final');
    expect(meaningOf(profile.responses, 'X9', true).kind).toBe('unknown');
    for (const code of ['68', '98', '96', '09'])
      expect([code, meaningOf(profile.responses, code, false).kind]).toEqual([code, 'unknown']);
    expect(meaningOf(profile.responses, '51', true).kind).toBe('final');
  });

  test('reasons of a reversal', () => {
    const reasons = (
      ['timeout', 'closed', 'hostUnknown', 'undecodable', 'mismatch', 'chipRefused', 'badMac'] as const
    ).map(reversalReasonOf);
    expect(reasons).toEqual(['98', '98', '98', '06', '06', '06', 'A0']);
  });
});

describe('settlement fields', () => {
  test('totals: 62 digits, flags 0; the flags of an answer', () => {
    const none = { amountMinor: 0, count: 0 };
    const text = totalsField({
      cupDebit: { amountMinor: 12_345, count: 2 },
      cupCredit: { amountMinor: 1, count: 1 },
      foreignDebit: none,
      foreignCredit: none,
    });
    expect(text).toBe('000000012345002' + '000000000001001' + '0' + '0'.repeat(31));
    expect(balanceFlags(text)).toBeUndefined();
    expect(balanceFlags(`${text.slice(0, 30)}1${text.slice(31, 61)}2`)).toEqual({ cup: '1', foreign: '2' });
  });

  test('details: count, organisation, trace, number right-aligned in 20 digits, amount', () => {
    const out = new Uint8Array(detailFieldLength(2));
    const pans = ['6225000000000014', '6210000000000000017'];
    const items = [
      { id: 0, foreign: false, trace: 101, amountMinor: 1234 },
      { id: 1, foreign: true, trace: 102, amountMinor: 5 },
    ];
    const end = detailField(items, (item, pan) => (pan.set(ascii(pans[item.id])), pans[item.id].length), out);
    expect(end).toBe(82);
    expect(String.fromCharCode(...out)).toBe(
      `02${'00000101' + '00006225000000000014' + '000000001234'}${'01000102' + '06210000000000000017' + '000000000005'}`,
    );
  });

  test('certificate: 61, organisation, 00, amount, currency', () => {
    expect(tcField({ id: 1, foreign: false, trace: 1, amountMinor: 20_000 }, '156')).toBe('610000000000020000156');
  });
});
