import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeBody } from '../../src/journal/bodies.ts';
import { canonical } from '../../src/journal/chain.ts';
import { grouped, looksLikeCard, scrub, ungrouped } from '../../src/journal/guard.ts';
import { slipTags, tlvOf } from '../../src/journal/emv.ts';
import type { Intent } from '../../src/journal/types.ts';
import { ascii, begin, cardOf, intentOf, MID, open, PANS, T0 } from './helpers.ts';

const none = { publicNumbers: new Set<string>() };
const hidden = (pan: string) => ({ ...none, pan: { length: pan.length, digits: () => ascii(pan) } });

describe('what may be written', () => {
  const refused: readonly [string, (intent: Intent) => unknown, string][] = [
    ['a track', i => ({ ...i, track2: '6225000000000014D30122010000' }), 'intent.track2 is not allowed'],
    ['a PIN block', i => ({ ...i, pinBlock: '0412AC89ABCDEF67' }), 'intent.pinBlock is not allowed'],
    ['a CVV', i => ({ ...i, card: { ...i.card, cvv: '123' } }), 'intent.card.cvv is not allowed'],
    ['field 2', i => ({ ...i, fields: { ...i.fields, '2': PANS[0] } }), 'intent.fields.2 is not allowed'],
    ['field 35', i => ({ ...i, fields: { ...i.fields, '35': '1' } }), 'intent.fields.35 is not allowed'],
    ['field 52', i => ({ ...i, fields: { ...i.fields, '52': '00' } }), 'intent.fields.52 is not allowed'],
    ['the whole field 55', i => ({ ...i, fields: { ...i.fields, '55': '5A08' } }), 'intent.fields.55 is not allowed'],
    ['tag 5A', i => ({ ...i, emv: { '5A': '6225000000000014' } }), 'may not hold tag 5A'],
    ['tag 57', i => ({ ...i, emv: { '57': '6225000000000014D3012' } }), 'may not hold tag 57'],
    ['an unmasked mask', i => ({ ...i, card: { ...i.card, masked: PANS[0] } }), 'intent.card.masked'],
    [
      'a mask that shows too much',
      i => ({ ...i, card: { ...i.card, masked: '62250000****0014' } }),
      'intent.card.masked',
    ],
    ['a card number as token', i => ({ ...i, card: { ...i.card, token: PANS[0] } }), 'intent.card.token'],
    ['a card number as operator', i => ({ ...i, operator: PANS[0] }), 'intent.operator'],
    ['a card number in field 61', i => ({ ...i, fields: { ...i.fields, '61': PANS[0] } }), 'element 61'],
    ['a card number in field 60', i => ({ ...i, fields: { ...i.fields, '60': PANS[0] } }), 'element 60'],
    ['an American card number as merchant', i => ({ ...i, fields: { ...i.fields, '42': PANS[8] } }), 'element 42'],
    [
      'an amount with a fraction',
      i => ({ ...i, original: { reference: '1', amountMinor: 99_999.5 }, kind: 'refund' }),
      'amountMinor',
    ],
  ];
  test.each(refused)('%s is refused', (_, change, message) => {
    const journal = open();
    const intent = change(intentOf(journal)) as Intent;
    expect(() => journal.appendIntent(T0, intent)).toThrow(message);
    expect(() => journal.appendIntent(T0, intent)).toThrow(/^[^0-9]*(?:[0-9]{1,12}[^0-9]+)*[0-9]{0,12}$/);
    expect(journal.headSeq).toBe(0);
    expect(journal.verify().ok).toBe(true);
    begin(journal, T0);
  });

  test('the very card number of the transaction is found in any member, in groups too', () => {
    const body = { id: 1, result: 'approved', reference: '622500000000', authCode: '0014' };
    expect(writeBody('outcome', body, hidden(PANS[0]))).toContain('622500000000');
    const held = { id: 1, result: 'approved', emv: { '9F10': '0762250000000000140A' } };
    expect(() => writeBody('outcome', held, hidden(PANS[0]))).toThrow('card number of its transaction');
    expect(writeBody('outcome', held, none)).toContain('07622500-00000000-140A');
  });

  test('what is written is canonical, whatever the order of the members', () => {
    const intent = { ...intentOf(open()), period: 1, reason: '卡"\\', emv: { '9F36': '004C', '95': '0000008000' } };
    const turned = Object.fromEntries(Object.entries(intent).reverse());
    const written = writeBody('intent', turned, none);
    expect(written).toBe(canonical(JSON.parse(written)));
    expect(writeBody('intent', intent, none)).toBe(written);
    expect(written).toContain('"fields":{"11":');
  });

  test('the card number is only opened for a text that has room for it', () => {
    const pan = { length: 16, digits: () => expect.unreachable('nothing here has 16 digits') };
    const body = { id: 1, result: 'declined', centreText: '2026-11-21 14:03', reference: '622500000000' };
    expect(writeBody('outcome', body, { ...none, pan })).toContain('622500000000');
  });

  test('a kind that nobody knows is refused', () => {
    expect(() => writeBody('secret', {}, none)).toThrow('no record of this kind');
    expect(() => open().appendEvent(T0, 'note', { pan: PANS[0] } as object)).toThrow('note.pan is not allowed');
  });

  test('our own texts with a card number stop the process', () => {
    const journal = open();
    for (const pan of PANS.slice(0, 11))
      expect(() => journal.appendEvent(T0, 'case', { from: `card ${pan}` })).toThrow(
        'case.from holds what looks like card data',
      );
    expect(() => journal.appendEvent(T0, 'case', { from: '6225 0000 0000 0014' })).toThrow('card data');
    expect(() => journal.appendEvent(T0, 'case', { from: '6225000000000015=30122010000' })).toThrow('card data');
    expect(journal.appendEvent(T0, 'case', { from: '2026-11-21 14:03', to: MID.slice(0, 12) })).toBe(1);
  });
});

describe('texts of the world', () => {
  test('get their card numbers masked', () => {
    expect(scrub(`kept ${PANS[0]} end`, none)).toBe('kept 622500******0014 end');
    expect(scrub('6225 0000 0000 0014', none)).toBe('6225 00** **** 0014');
    expect(scrub('3782-822463-10005', none)).toBe('3782-82****-*0005');
    expect(scrub('6225000000000015=30122010000123', none)).toBe('622500******0015');
    expect(scrub('00006225000000000014', none)).not.toContain('6225000000000014');
    expect(scrub(`mid ${MID}`, { publicNumbers: new Set([MID]) })).toBe(`mid ${MID}`);
    expect(scrub('batch 000012 voucher 000123 ref 112233445566', none)).toBe(
      'batch 000012 voucher 000123 ref 112233445566',
    );
  });

  test('an answer that repeats the card number is stored masked, also without a right check digit', () => {
    const journal = open();
    const pan = '6225000000000015';
    const { id } = begin(journal, T0, { card: cardOf(journal, pan) });
    const txn = journal.appendOutcome(T0, id, {
      result: 'declined',
      code: '14',
      centreText: `卡号${pan}无效, ${pan.slice(0, 8)}-${pan.slice(8)}`,
    });
    expect(txn.answer?.centreText).toBe('卡号622500******0015无效, 622500**-****0015');
    const slip = journal.storeSlip(T0, {
      txnId: id,
      kind: 'sale',
      copy: 'merchant',
      columns: 32,
      lines: [`CARD ${PANS[1]}`],
    });
    expect(journal.slip(slip)?.lines).toEqual(['CARD 621094******0219']);
  });

  test('property: no test card number survives scrubbing, whatever is around it', () => {
    const around = fc.string({ unit: fc.constantFrom('a', ' ', '-', '卡', ':', '*', '\n'), maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...PANS.slice(0, 11)), around, around, (pan, before, after) => {
        const clean = scrub(before + pan + after, none);
        expect(clean).not.toContain(pan);
        expect(looksLikeCard(clean, none.publicNumbers)).toBe(false);
        expect(clean).toHaveLength(before.length + pan.length + after.length);
      }),
    );
  });
});

describe('chip data', () => {
  test('only tags of the allow-list leave field 55', () => {
    const tlv = Uint8Array.from(
      Buffer.from('5A0862250000000000149F2608A1A2A3A4A5A6A7A8950500000080005F24033012319F3602004C', 'hex'),
    );
    const tags = slipTags(tlv);
    expect(tags).toEqual({ '9F26': 'A1A2A3A4A5A6A7A8', '95': '0000008000', '9F36': '004C' });
    expect(Buffer.from(tlvOf(tags)).toString('hex').toUpperCase()).toBe('950500000080009F3602004C');
    expect(slipTags(Uint8Array.of(0x95, 0x05, 0x00))).toEqual({});
  });

  test('grouping is taken back', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789ABCDEF'), maxLength: 60 }), text => {
        expect(ungrouped(grouped(text))).toBe(text);
        expect(grouped(text)).not.toMatch(/[0-9]{9}/);
      }),
    );
  });
});
