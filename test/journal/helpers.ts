import { type Journal, type JournalOptions, openJournal } from '../../src/journal/journal.ts';
import type { Intent, StoredCard, Txn } from '../../src/journal/types.ts';
import { digits } from '../../src/units.ts';

/** Twelve published test card numbers, 13 to 19 digits, one without a right check digit. */
export const PANS = [
  '6225000000000014',
  '6210948000000219',
  '6250941006528599',
  '6282000123842342',
  '6212345678900000003',
  '4111111111111111',
  '4222222222222',
  '5555555555554444',
  '378282246310005',
  '3566002020360505',
  '6011000990139424',
  '6226388000000095',
];

export const T0 = 1_763_700_000_000;
export const TID = '10000001';
export const MID = '898310148160001';

export const ascii = (text: string): Uint8Array => Uint8Array.from(text, c => c.charCodeAt(0));

export function seededEntropy(seed = 1): { fill(bytes: Uint8Array): void } {
  let state = seed;
  return {
    fill(bytes) {
      for (let i = 0; i < bytes.length; i++) {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        bytes[i] = state >>> 16;
      }
    },
  };
}

export const KEY = new Uint8Array(32).fill(7);

export function open(options: Partial<JournalOptions> = {}): Journal {
  const opened = openJournal({ path: ':memory:', sealKey: KEY, entropy: seededEntropy(), ...options });
  if (!opened.ok) throw new Error(`${opened.fault.name}: ${opened.fault.cause}`);
  return opened.value;
}

export function cardOf(journal: Journal, pan = PANS[0]): StoredCard {
  return { ...journal.sealCard(ascii(pan)), expiry: '3012', entry: 'swipe', fallback: false };
}

/** An intent with the elements that the transaction room would name. */
export function intentOf(journal: Journal, change: Partial<Intent> = {}): Intent {
  const kind = change.kind ?? 'sale';
  const amountMinor = change.amountMinor ?? 10_000;
  const trace = journal.nextTrace();
  const batch = journal.batch();
  const type60 = { sale: '22', void: '23', refund: '25', qrSale: '22', qrVoid: '23', qrRefund: '25' }[kind];
  return {
    kind,
    amountMinor,
    batch,
    trace,
    operator: '01',
    card: kind.startsWith('qr') ? undefined : cardOf(journal),
    entryMode: '021',
    tid: TID,
    mid: MID,
    fields: {
      '3': kind.toLowerCase().endsWith('sale') ? '000000' : '200000',
      '4': digits(amountMinor, 12),
      '11': digits(trace, 6),
      '14': '3012',
      '22': '021',
      '25': '00',
      '41': TID,
      '42': MID,
      '49': '156',
      '60': `${type60}${digits(batch, 6)}00050`,
    },
    ...change,
  };
}

export function begin(journal: Journal, nowMs: number, change: Partial<Intent> = {}): Txn {
  const result = journal.appendIntent(nowMs, intentOf(journal, change));
  if (!result.ok) throw new Error(`${result.fault.name}: ${result.fault.cause}`);
  return result.value;
}

let counter = 0;
/** A fresh reference number, 12 characters. */
export const nextReference = (): string => digits(++counter, 12);

export function approve(journal: Journal, nowMs: number, id: number, reference = nextReference()): Txn {
  return journal.appendOutcome(nowMs, id, {
    result: 'approved',
    code: '00',
    reference,
    authCode: 'A12345',
    hostDate: '1121',
    hostTime: '140322',
    issuer: '招商银行',
    acquirer: '银联商务',
  });
}

export function sale(journal: Journal, nowMs: number, amountMinor = 10_000, change: Partial<Intent> = {}): Txn {
  return approve(journal, nowMs, begin(journal, nowMs, { amountMinor, ...change }).id);
}

/** Name of the fault of a refused result. */
export function faultName(result: { readonly ok: boolean; readonly fault?: { readonly name: string } }): string {
  return result.fault?.name ?? 'no fault';
}
