import { describe, expect, test } from 'vitest';
import {
  inquiryElements,
  maskCode,
  orderDate,
  privateElements,
  qrElements,
  ruleOf,
  tagged,
  valueAt,
} from '../../src/transaction/qr.ts';
import type { MessageContext, TransactionCodes } from '../../src/transaction/requests.ts';

const CODES = [
  { wallet: 'wechat', prefixes: ['10', '15'], lengthMin: 18, lengthMax: 18 },
  { wallet: 'alipay', prefixes: ['25', '30'], lengthMin: 16, lengthMax: 24 },
  { wallet: 'unionpayQr', prefixes: ['62'], lengthMin: 16, lengthMax: 24 },
] as const;

const CONTEXT: MessageContext = {
  identity: {
    terminalNo: '10000001',
    merchantNo: '898310148160001',
    capability: '6',
    currency: '156',
    partialApproval: true,
  },
  batch: 12,
  keyMode: '003',
};
const codes = (mti: string, processingCode: string, type60: string): TransactionCodes => ({
  mti,
  processingCode,
  conditionCode: '00',
  type60,
  info60: '000',
  mac: true,
});
const text = (elements: { readonly text: ReadonlyMap<number, string> }): object => Object.fromEntries(elements.text);

describe('payer codes', () => {
  test.each([
    ['101234567890123456', 'wechat'],
    ['151234567890123456', 'wechat'],
    ['10123456789012345', undefined],
    ['1612345678901234567', undefined],
    ['2512345678901234', 'alipay'],
    ['301234567890123456789012', 'alipay'],
    ['3012345678901234567890123', undefined],
    [' 6212345678901234567 ', 'unionpayQr'],
    ['6212345678901', undefined],
    ['62123456789012345a7', undefined],
    ['https://qr.example/6212345678901234567', undefined],
    ['', undefined],
  ])('%s is %s', (scanned, wallet) => expect(ruleOf(CODES, scanned)?.wallet).toBe(wallet));

  test('of a code the wallet and the last four digits are seen', () => {
    expect(maskCode('134567890123450011')).toBe('13************0011');
    expect(maskCode('123456')).toBe('123456');
  });
});

describe('private elements', () => {
  const facts = { wallet: 'wechat', walletWord: 'WX', requestNumber: '10000001000012000034' } as const;

  test('pieces follow each other; without a value, or for another wallet, they are left out', () => {
    const texts = privateElements(
      [
        { element: 59, tag: 'A3', value: 'payCode' },
        { element: 59, tag: 'A4', value: 'order' },
        { element: 59, tag: 'Q3', value: 'requestNumber', wallets: ['alipay'] },
        { element: 62, value: 'text', text: 'PAY' },
        { element: 62, value: 'wallet' },
        { element: 62, value: 'requestNumber', wallets: ['wechat'] },
      ],
      { ...facts, payCode: '134567890123450011' },
    );
    expect(Object.fromEntries(texts)).toEqual({ 59: 'A3018134567890123450011', 62: 'PAYWX10000001000012000034' });
  });

  test('a value is found under its tag, or at its place', () => {
    const chain = tagged('A4', '58210526789789570802') + tagged('Q1', 'PAID');
    expect(chain).toBe('A402058210526789789570802Q1004PAID');
    expect(valueAt({ element: 59, tag: 'Q1' }, chain)).toBe('PAID');
    expect(valueAt({ element: 59, tag: 'A4' }, chain)).toBe('58210526789789570802');
    expect(valueAt({ element: 59, tag: 'Q2' }, chain)).toBeUndefined();
    expect(valueAt({ element: 62, at: 2, length: 3 }, 'ab123 xyz')).toBe('123');
    expect(valueAt({ element: 62, at: 2 }, 'ab')).toBeUndefined();
    expect(valueAt({ element: 62 }, undefined)).toBeUndefined();
  });

  test.each(['A4020582105', 'A4xx0582105', 'A402', ''])('a broken chain holds nothing: %s', chain =>
    expect(valueAt({ element: 59, tag: 'A4' }, chain)).toBeUndefined(),
  );

  test('the day in an order number', () => {
    expect(orderDate('58210526789789570802', 4)).toBe('0526');
    expect(orderDate('58211326789789570802', 4)).toBeUndefined();
    expect(orderDate('5821', 4)).toBeUndefined();
  });
});

describe('requests', () => {
  const privateTexts = new Map([[59, 'A4004abcd']]);
  const original = { batch: 12, trace: 34, date: '1121', reference: '112200000001', authCode: 'A12345' };

  test('sale', () => {
    const elements = qrElements({
      act: 'sale',
      codes: codes('0200', '000000', '22'),
      context: CONTEXT,
      trace: 35,
      amountMinor: 12_061,
      privateTexts: new Map([[59, 'A3003123']]),
    });
    expect([elements.mti, elements.mac, elements.card]).toEqual([0x0200, true, undefined]);
    expect(text(elements)).toEqual({
      3: '000000',
      4: '000000012061',
      11: '000035',
      22: '032',
      25: '00',
      41: '10000001',
      42: '898310148160001',
      49: '156',
      59: 'A3003123',
      60: '2200001200060',
    });
  });

  test('void: 37, 38 and 61 of the sale; refund: 61 with the day, 63, no 38', () => {
    const request = { context: CONTEXT, trace: 36, amountMinor: 100, original, privateTexts };
    const voided = text(qrElements({ ...request, act: 'void', codes: codes('0200', '200000', '23') }));
    expect(voided).toMatchObject({ 37: '112200000001', 38: 'A12345', 61: '000012000034', 60: '2300001200060' });
    expect(voided).not.toHaveProperty('63');
    const refund = qrElements({ ...request, act: 'refund', codes: codes('0220', '200000', '25'), organisation: 'CUP' });
    expect(refund.mti).toBe(0x0220);
    expect(text(refund)).toMatchObject({ 37: '112200000001', 61: '0000120000341121', 63: 'CUP', 59: 'A4004abcd' });
    expect(text(refund)).not.toHaveProperty('38');
  });

  test('refund of a payment of another terminal: zeros and the day', () => {
    const refund = qrElements({
      act: 'refund',
      codes: codes('0220', '200000', '25'),
      context: CONTEXT,
      trace: 36,
      amountMinor: 100,
      original: { reference: '000000000000', date: '0526' },
      privateTexts,
    });
    expect(text(refund)).toMatchObject({ 37: '000000000000', 61: '0000000000000526', 63: '000' });
  });

  test('inquiry: what is asked for stands in 61 and 4; its own trace and the open batch in 11 and 60', () => {
    const asked = { batch: 11, trace: 34, amountMinor: 12_061 };
    const elements = inquiryElements(codes('0200', '310000', '61'), CONTEXT, 37, asked, new Map());
    expect(text(elements)).toMatchObject({
      3: '310000',
      4: '000000012061',
      11: '000037',
      22: '032',
      60: '6100001200060',
      61: '000011000034',
    });
  });
});
