import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LocalTime } from '../../src/hal/hal.ts';
import { columnsOf } from '../../src/terminal/layout.ts';
import { slipBytes } from '../../src/terminal/slips/bytes.ts';
import {
  slipLines,
  withReprintMark,
  type HeldSlip,
  type PurchaseSlip,
  type SlipData,
  type SlipOptions,
} from '../../src/terminal/slips/slip.ts';
import { decodeGbk, notGbk } from '../../src/wire/gbk.ts';

type Mockups = Record<string, { '32': string[]; '48': string[] }>;
const mockups = JSON.parse(readFileSync(new URL('../vectors/slips.json', import.meta.url), 'utf8')) as Mockups;

const at = (hour: number, minute: number, second: number): LocalTime => ({
  year: 2026,
  month: 11,
  day: 21,
  hour,
  minute,
  second,
});
const shop = { merchantName: '示例百货商店', merchantNo: '898110053110001', terminalNo: '10000123' };
const side = (count: number, amountMinor: number) => ({ count, amountMinor });

const sale: PurchaseSlip = {
  kind: 'sale',
  copy: 'merchant',
  shop,
  title: { zh: '银联POS签购单', en: 'POS SALES SLIP' },
  operator: '01',
  issuer: { name: '招商银行', code: '03080000' },
  acquirer: { name: '银联商务', code: '48020000' },
  maskedPan: '621226******1234',
  entry: 'chip',
  expiry: '2029/12',
  batch: '000012',
  voucher: '000123',
  authCode: 'A12345',
  reference: '112233445566',
  at: at(14, 3, 22),
  amountMinor: 10000,
  chip: {
    arqc: '8E19ED4BCA5C670A',
    tvr: '0000008000',
    tsi: 'F800',
    aid: 'A000000333010101',
    atc: '004C',
    aip: '7C00',
    sequence: '001',
    unpredictable: '1A2B3C4D',
    cvmResults: '420300',
    label: 'PBOC DEBIT',
  },
  qr: true,
  servicePhone: '95516',
};
const voided: PurchaseSlip = {
  ...sale,
  kind: 'void',
  copy: 'cardholder',
  voucher: '000124',
  reference: '112233445601',
  original: { voucher: '000123' },
  reason: '1 金额错',
};
const refunded: PurchaseSlip = {
  ...sale,
  kind: 'refund',
  copy: 'cardholder',
  approver: '02',
  voucher: '000131',
  reference: '112233447788',
  amountMinor: 6000,
  reprint: 1,
  original: {
    reference: '112233445566',
    date: '2026/11/20',
    voucher: '000118',
    batch: '000011',
    amountMinor: 10000,
    remainderMinor: 4000,
  },
  reason: '1 质量',
  tracking: 'RF000123',
  due: '2026/11/26 前',
};
const none = side(0, 0);
const settlement: SlipData = {
  kind: 'settlement',
  shop,
  operator: '01',
  batch: '000012',
  at: at(22, 58, 10),
  cup: { result: '对账平', sale: side(12, 123400), refund: side(1, 6000), completion: none, offline: none },
  foreign: { result: '对账平', sale: side(1, 30000), refund: none },
  qr: { wechat: side(5, 41000), alipay: side(3, 22050), unionpay: side(2, 8000), refund: side(1, 2000) },
  voids: side(1, 10000),
  netMinor: 216450,
  unknownRefunds: side(1, 6000),
  pendingRefunds: side(2, 8000),
  externalRefunds: none,
  anchor: '9f3c-41aa-77d0-b2e6',
  newBatch: '000013',
};
const masked = '621226******1234';
const slips: Record<string, SlipData> = {
  sale_m: sale,
  void_c: voided,
  refund_c: refunded,
  settle: settlement,
  detail: {
    kind: 'detail',
    terminalNo: '10000123',
    batch: '000012',
    lines: [
      { voucher: '000121', type: 'S', authCode: 'A12201', amountMinor: 10000, maskedPan: masked },
      { voucher: '000122', type: 'S', authCode: 'A12202', amountMinor: 102400, maskedPan: '622588******0077' },
      { voucher: '000123', type: 'S', mark: '*', authCode: 'A12345', amountMinor: 10000, maskedPan: masked },
      { voucher: '000124', type: 'V', authCode: 'A12346', amountMinor: -10000, maskedPan: masked },
      { voucher: '000131', type: 'R', amountMinor: -6000, maskedPan: masked },
    ],
  },
  totals: {
    kind: 'totals',
    cupDebit: side(12, 123400),
    cupCredit: side(1, 6000),
    foreignDebit: side(1, 30000),
    foreignCredit: none,
    qrIn: side(10, 71050),
    qrOut: side(1, 2000),
  },
  fault: {
    kind: 'fault',
    terminalNo: '10000123',
    transaction: 'sale',
    voucher: '000125',
    maskedPan: masked,
    amountMinor: 10000,
    at: at(14, 20, 9),
    tries: 3,
    reason: '98 无应答',
    incident: 'IC000018',
  },
  track: {
    kind: 'tracking',
    merchantName: '示例百货商店',
    tracking: 'RF000123',
    amountMinor: 6000,
    original: { date: '11/20', amountMinor: 10000 },
    maskedPan: masked,
    channel: '银联 借记卡',
    reference: '112233447788',
    due: '2026/11/26 前',
    appealPhone: '021-00000000',
    qr: true,
  },
  batchLeft: {
    kind: 'batchLeft',
    shop,
    operator: '01',
    batch: '000007',
    newBatch: '000009',
    at: at(14, 31, 5),
    sales: side(12, 345600),
    voids: side(1, 10000),
    refunds: side(2, 6000),
    netMinor: 329600,
    anchor: '9f3c-41aa-77d0-b2e6',
  },
  unknown: {
    kind: 'unknown',
    tracking: 'RF000124',
    amountMinor: 6000,
    originalReference: '112233445566',
    sentAt: at(14, 31, 5),
    trace: '000132',
    acquirerPhone: '95516',
  },
};

describe('mock-ups', () => {
  for (const name of Object.keys(mockups)) {
    for (const columns of [32, 48] as const) {
      test(`${name} at ${columns} columns`, () => {
        expect(slipLines(slips[name], { columns })).toEqual(mockups[name][columns]);
      });
    }
  }
});

describe('a refund that waits, and one that was stopped', () => {
  const waiting: HeldSlip = {
    kind: 'held',
    stopped: false,
    merchantName: '示例百货商店',
    terminalNo: '10000001',
    tracking: 'RF000123',
    amountMinor: 6000,
    original: { date: '11/20', voucher: '000123', amountMinor: 10_000 },
    maskedPan: masked,
    operator: '01',
    approver: '00',
    second: '02',
    reason: '3 不想要',
    at: at(14, 31, 5),
    until: at(14, 36, 5),
    servicePhone: '95516',
  };
  const stopped: HeldSlip = { ...waiting, stopped: true, stop: { by: '00', at: at(14, 33, 0) } };

  test('the first says until when it can be stopped, the second that nothing was sent', () => {
    const [first, second] = [waiting, stopped].map(slip => slipLines(slip, { columns: 32 }).join('\n'));
    for (const text of ['退货受理单', '可止付至: 2026/11/21 14:36:05', '00 02', '已受理不等于已到账'])
      expect(first).toContain(text);
    for (const text of ['退货止付单', '止付人:   00', '本笔未发出,款项未退。']) expect(second).toContain(text);
    expect(second).not.toContain('可止付至');
    expect(first).not.toContain('止付人');
  });

  test('both languages fit both papers', () => {
    for (const slip of [waiting, stopped])
      for (const columns of [32, 48] as const)
        for (const lang of ['zh', 'en'] as const)
          for (const line of slipLines(slip, { columns, lang })) expect(columnsOf(line)).toBeLessThanOrEqual(columns);
    expect(slipLines(stopped, { columns: 32, lang: 'en' }).join('\n')).toMatch(/^[ -~\n]*$/m);
  });
});

describe('what is on which copy', () => {
  const lines = (change: Partial<PurchaseSlip>, options: Partial<SlipOptions> = {}) =>
    slipLines({ ...sale, ...change }, { columns: 32, ...options }).join('\n');

  test('expiry, chip data and signature only for the merchant', () => {
    const merchant = lines({});
    const cardholder = lines({ copy: 'cardholder' });
    for (const text of ['有效期', 'ARQC:', 'AID:', '持卡人签名', '本人确认']) {
      expect(merchant).toContain(text);
      expect(cardholder).not.toContain(text);
    }
  });
  test('no chip block for a swipe', () => {
    expect(lines({ chip: undefined, entry: 'swipe' })).not.toContain('TVR');
    expect(lines({ chip: undefined, entry: 'swipe' })).toContain('621226******1234 /S');
  });
  test('no authorisation code on a refund, English half of the declaration only on a sale', () => {
    const refund = lines({ kind: 'refund' });
    expect(refund).not.toContain('授权码');
    expect(refund).toContain('同意将其记入本卡账户');
    expect(refund).not.toContain('ACKNOWLEDGE');
  });
  test('the QR mark needs QR data', () => {
    expect(lines({ qr: undefined })).not.toContain('QR');
    expect(lines({ qr: true })).toContain('[QR 签名二维码 SLIP QR]');
  });
  test('minus by switch, never on a sale', () => {
    expect(lines({ kind: 'void' })).toContain('RMB: -100.00');
    expect(lines({ kind: 'void' }, { negativeAmounts: false })).toContain('RMB: 100.00');
    expect(lines({})).toContain('RMB: 100.00');
  });
  test('a small amount without PIN carries its reason instead of the signature', () => {
    const text = lines({ noSignatureLimitMinor: 100000 });
    expect(text).toContain('交易金额未超过1000元,免密免签');
    expect(text).not.toContain('持卡人签名');
  });
  test('reprint count and training mark', () => {
    expect(lines({ reprint: 2 })).toContain('****重打印/DUPLICATED(2)****');
    expect(lines({ training: true }).match(/凭证无效/g)).toHaveLength(2);
  });
});

describe('every slip', () => {
  const optionList: SlipOptions[] = ([32, 48] as const).flatMap(columns => [
    { columns },
    { columns, lang: 'en' as const },
  ]);
  test('fits its paper and is GBK', () => {
    for (const options of optionList) {
      for (const [name, slip] of Object.entries(slips)) {
        for (const line of slipLines(slip, options)) {
          expect(columnsOf(line), `${name}: ${line}`).toBeLessThanOrEqual(options.columns);
          expect(notGbk(line)).toBe(-1);
        }
      }
    }
  });
  test('in English has no Chinese but names and reasons', () => {
    for (const name of ['fault', 'totals', 'detail', 'unknown']) {
      const text = slipLines(slips[name], { columns: 32, lang: 'en' }).join('\n').replace('无应答', '');
      expect(text, name).not.toMatch(/[^\x00-\x7f]/);
    }
  });
  test('any name, amount and remark keeps the width and the digits of the amount', () => {
    const text = fc.string({ unit: fc.constantFrom('店', '号', 'A', 'b', '1', ' '), maxLength: 90 });
    fc.assert(
      fc.property(
        text,
        text,
        fc.integer({ min: 0, max: 999_999_999_999 }),
        fc.constantFrom(...optionList),
        (name, remark, amountMinor, options) => {
          const purchase = {
            ...refunded,
            shop: { ...shop, merchantName: name },
            remarks: [remark],
            amountMinor,
            copy: 'merchant' as const,
          };
          const digits = `${Math.floor(amountMinor / 100)}.${String(amountMinor % 100).padStart(2, '0')}`;
          const report = { ...settlement, netMinor: amountMinor, voids: side(999, amountMinor) } as SlipData;
          const detail: SlipData = {
            kind: 'detail',
            terminalNo: '10000123',
            batch: '1',
            lines: [{ voucher: '000121', type: 'S', authCode: 'A12201', amountMinor: -amountMinor, maskedPan: masked }],
          };
          for (const slip of [purchase, report, detail]) {
            const lines = slipLines(slip, options);
            for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(options.columns);
            expect(lines.join('\n').replaceAll(',', '')).toContain(digits);
          }
        },
      ),
    );
  });
});

describe('slipBytes', () => {
  const bytes = slipBytes(slipLines(sale, { columns: 32 }));
  const text = decodeGbk(bytes);
  test('initialises, feeds and cuts', () => {
    expect([...bytes.subarray(0, 2)]).toEqual([0x1b, 0x40]);
    expect([...bytes.subarray(-4)]).toEqual([0x1d, 0x56, 0x42, 0x00]);
  });
  test('prints GBK lines, the amount twice as high', () => {
    expect(text).toContain('商户名称: 示例百货商店\n');
    expect(text).toContain('\x1d!\x01       == RMB: 100.00 ==\n\x1d!\x00');
  });
  test('a QR mark without data is left out, with data becomes a code', () => {
    expect(text).not.toContain('SLIP QR');
    const coded = decodeGbk(slipBytes(slipLines(sale, { columns: 32 }), { qr: 'P8:10000123' }));
    expect(coded).toContain('1P0P8:10000123');
  });
  test('control characters and characters outside GBK cannot reach the printer', () => {
    expect(decodeGbk(slipBytes(['a\x1b@b😀']))).toContain('a?@b');
    expect([...slipBytes(['\x1d'])].filter(byte => byte === 0x1d)).toHaveLength(1);
  });
});

describe('reprints', () => {
  test('the mark stands below the copy line, or below the title of a report, in the language of the slip', () => {
    const zh = { columns: 32, lang: 'zh' } as const;
    const en = { columns: 32, lang: 'en' } as const;
    const mark = '  ****重打印/DUPLICATED(2)****';
    expect(withReprintMark(['    银联POS签购单', ' POS SALES SLIP', '商户存根  MERCHANT COPY', '---'], 2, zh)[3]).toBe(
      mark,
    );
    expect(withReprintMark(['   POS结算总计单', '   POS SETTLEMENT', '商户名称: 店'], 2, zh)[2]).toBe(mark);
    expect(withReprintMark([' POS SALES SLIP', 'CARDHOLDER COPY', '---'], 12, en)[2]?.trim()).toBe(
      '****DUPLICATED(12)****',
    );
    expect(withReprintMark(['   POS SETTLEMENT', 'MERCHANT: DEMO'], 1, en)[1]?.trim()).toBe('****DUPLICATED(1)****');
  });
});
