import { expect, test } from 'vitest';
import { ok, type Result } from '../../src/fault.ts';
import { checkProfile } from '../../src/profile/profile.ts';
import { readShipped } from './shipped.ts';

function findings(members: object, base = 'unionpay-pos'): string[] {
  const text = JSON.stringify({ id: 'shop', extends: [base], ...members });
  const read = (name: string): Result<string> => (name === 'shop' ? ok(text) : readShipped(name));
  return checkProfile('shop', read).findings.map(one => `${one.fault.name} ${one.pointer}`);
}
const row = { mti: '0400', answer: '0410', type60: '22', info60: '000', unknownOutcome: 'none', mac: false };
const lists = { request: { mandatory: [3], conditional: [] }, response: { mandatory: [39], conditional: [] } };
const spare = { name: { zh: '冲正', en: 'REV' }, ...row, ...lists, enabled: true };
const model = { name: 'PAD 1' };

test.each<[string, object, string]>([
  ['a reversal that nothing names', { transactions: { spare } }, 'transaction-unused /transactions/spare'],
  [
    'a transaction that no flow offers',
    { transactions: { balance: { enabled: true } } },
    'transaction-unused /transactions/balance/enabled',
  ],
  [
    'scan rows without scan payment',
    { acquirer: { scanPayment: null } },
    'transaction-unused /transactions/qrSale/enabled',
  ],
  [
    'a reversal of what is not reversed',
    { transactions: { sale: { unknownOutcome: 'unknown' } } },
    'reversal-unused /transactions/sale/reversal',
  ],
  [
    'a final code that is not in the table',
    { acquirer: { reversal: { finalCodes: ['00', 'ZZ'] } } },
    'code-unknown /acquirer/reversal/finalCodes/1',
  ],
  [
    'a code twice',
    { acquirer: { settlement: { acceptedCodes: ['00', '00'] } } },
    'code-twice /acquirer/settlement/acceptedCodes/1',
  ],
  [
    'a wait code that is not in the table',
    { acquirer: { scanPayment: { waitCodes: ['Z9'] } } },
    'code-unknown /acquirer/scanPayment/waitCodes/0',
  ],
  ['a time-out that counts as a refusal', { responses: { 98: { kind: 'final' } } }, 'response-kind /responses/98/kind'],
  [
    'a tag that the dialect does not have',
    { acquirer: { chipTags: { reversal: ['DF7E'] } } },
    'tag-unknown /acquirer/chipTags/reversal/0',
  ],
  [
    'a key of a terminal that has it not',
    {
      terminal: {
        keys: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'ENTER', 'CANCEL', 'CLEAR'],
        keymap: { F1: '00' },
      },
    },
    'key-missing /terminal/keymap/F1',
  ],
  ['ENTER that means CANCEL', { terminal: { keymap: { ENTER: 'CANCEL' } } }, 'keymap-fixed /terminal/keymap/ENTER'],
  ['a model twice', { terminal: { models: [model, model] } }, 'model-twice /terminal/models/1/name'],
  [
    'firmware upside down',
    { terminal: { models: [{ ...model, firmwareMin: '1.10', firmwareMax: '1.9' }] } },
    'model-range /terminal/models/0/firmwareMax',
  ],
  [
    'firmware that is no version',
    { terminal: { models: [{ ...model, firmwareMin: 'v1' }] } },
    'profile-member /terminal/models/0/firmwareMin',
  ],
  [
    'a short terminal number',
    { dialect: { fields: { 41: { max: 6, fill: null } } } },
    'element-length /dialect/fields/41/max',
  ],
  [
    'a MAC in hex',
    { dialect: { fields: { 64: { encoding: 'hex' } } } },
    'element-encoding /dialect/fields/64/encoding',
  ],
  [
    'a title wider than the paper',
    { acquirer: { slipTitle: { en: 'A TITLE OF MORE THAN THIRTY-TWO COLUMNS' } } },
    'text-too-wide /acquirer/slipTitle/en',
  ],
])('%s', (_, members, expected) => {
  expect(findings(members)).toContain(expected);
});

test('an ASCII terminal shows ASCII', () => {
  const ascii = { terminal: { charset: 'ASCII' }, policy: { language: 'en' } };
  expect(findings(ascii)).toEqual([]);
  expect(findings({ ...ascii, texts: { words: { sale: { en: 'SALÉ' } } } })).toContain(
    'text-not-ascii /texts/words/sale/en',
  );
});

const iso = (fields: object, more: object = {}): string[] =>
  findings({ dialect: { fields }, ...more }, 'iso8583-1987-ascii-pos');

test('what the program writes fits the private elements of the acquirer', () => {
  expect(iso({})).toEqual([]);
  expect(iso({ 48: { max: 100 } })).toEqual(['element-length /dialect/fields/48/max']);
  expect(iso({ 48: { type: 'ans' } })).toEqual(['element-type /dialect/fields/48/type']);
  expect(iso({ 62: { type: 'ans', encoding: null } })).toEqual(['element-type /dialect/fields/62/type']);
  expect(iso({ 62: { max: 50 } })).toEqual([]);
  expect(iso({ 62: { max: 50 } }, { acquirer: { keyMode: '004' } })).toEqual(['element-length /dialect/fields/62/max']);
  expect(iso({ 61: { max: 12 } })).toEqual(['element-length /dialect/fields/61/max']);
  expect(iso({ 64: { encoding: 'hex' } })).toEqual(['element-encoding /dialect/fields/64/encoding']);
});
