import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { failed, fault, ok, type Result } from '../../src/fault.ts';
import { checkProfile, loadProfile, profileJsonSchema, type Profile } from '../../src/profile/profile.ts';
import { answerOf, institutionName } from '../../src/profile/responses.ts';
import { flawOf, parseJson } from '../../src/profile/json.ts';
import { EXTENDS_DEPTH_MAX, readMerged } from '../../src/profile/source.ts';
import { placeholdersOf } from '../../src/profile/template.ts';
import { readShipped, shippedIds } from './shipped.ts';

function load(id: string): Profile {
  const result = loadProfile(id, readShipped, shippedIds);
  if (!result.ok) throw new Error(result.fault.cause);
  return result.value;
}
const shipped = load('unionpay-pos');

/** Sources from memory. */
const from =
  (sources: Record<string, unknown>) =>
  (name: string): Result<string> => {
    if (!Object.hasOwn(sources, name)) return readShipped(name);
    const source = sources[name];
    return ok(typeof source === 'string' ? source : JSON.stringify(source));
  };
/** The findings of a profile that changes the shipped one. */
const changed = (members: object) =>
  checkProfile('shop', from({ shop: { id: 'shop', extends: ['unionpay-pos'], ...members } })).findings;
const faultOf = (sources: Record<string, unknown>, id = 'shop') => {
  const result = loadProfile(id, from(sources));
  if (result.ok) throw new Error('was accepted');
  return result.fault;
};

describe('shipped profiles', () => {
  for (const id of shippedIds)
    test(`${id} has no findings`, () => expect(checkProfile(id, readShipped, shippedIds).findings).toEqual([]));

  test('members that the rulings fix', () => {
    const { acquirer, policy, transactions, responses } = shipped;
    expect(acquirer.reversal).toMatchObject({
      tries: 3,
      finalCodes: ['00', '12', '25'],
      blockWhenHeld: true,
      voidOriginal: 'as-void',
      with63: false,
      sent: 'at-once',
      pauseSeconds: 3,
      heldRetry: 'before-next',
      restartReason: '98',
      unmatched: 'reverse',
      notConnected: 'clear',
      wrongMac: 'go-on',
    });
    expect(acquirer).toMatchObject({
      tpdu: '6000060000',
      header: '603100310000',
      keyMode: '003',
      answerTimeoutSeconds: 60,
      connectTimeoutSeconds: 10,
    });
    expect(policy).toMatchObject({
      refundMaxMinor: 10_000_000,
      voidNeedsCard: true,
      voidNeedsPin: false,
      maxTransactions: 300,
      slipCopies: 2,
    });
    expect(Object.fromEntries(Object.entries(transactions).map(([id, t]) => [id, t.unknownOutcome]))).toMatchObject({
      sale: 'reverse',
      void: 'reverse',
      refund: 'unknown',
      qrVoid: 'unknown',
      balance: 'none',
    });
    for (const code of ['68', '98', '96', '09']) expect(responses[code].kind).toBe('unknown');
    for (const [code, line] of Object.entries(responses))
      if (!['68', '98', '96', '09'].includes(code)) expect(line.kind, code).not.toBe('unknown');
  });
  test('codes of the three money transactions', () => {
    const row = ({ mti, processingCode, conditionCode, type60, info60, mac }: Profile['transactions'][string]) => [
      mti,
      processingCode,
      conditionCode,
      type60,
      info60,
      mac,
    ];
    expect(row(shipped.transactions.sale)).toEqual(['0200', '000000', '00', '22', '000', true]);
    expect(row(shipped.transactions.void)).toEqual(['0200', '200000', '00', '23', '000', true]);
    expect(row(shipped.transactions.refund)).toEqual(['0220', '200000', '00', '25', '000', true]);
    expect(shipped.transactions.refund.request.mandatory).toEqual([3, 4, 11, 22, 25, 37, 41, 42, 49, 60, 61, 63, 64]);
  });
  test('the 48-column profile differs in its printer only', () => {
    const wide = load('unionpay-pos-48');
    expect(wide.terminal.printColumns).toBe(48);
    expect({ ...wide, id: '', name: '', terminal: '' }).toEqual({ ...shipped, id: '', name: '', terminal: '' });
  });
  test('response texts are those of the reference', () => {
    const { codes } = JSON.parse(readFileSync(new URL('../vectors/answers.json', import.meta.url), 'utf8')) as {
      codes: Record<string, string>[];
    };
    expect(codes).toHaveLength(49);
    for (const { code, zh, en, act_zh, act_en, class: cause } of codes)
      expect(shipped.responses[code]).toMatchObject({ zh, en, actionZh: act_zh, actionEn: act_en, class: cause });
  });
});

describe('meaning of an answer', () => {
  test('known codes', () => {
    expect(answerOf(shipped, 'sale', '00')).toMatchObject({ kind: 'approved', group: 'A' });
    expect(answerOf(shipped, 'sale', '51')).toMatchObject({ kind: 'final', known: true });
    expect(answerOf(shipped, 'refund', '96')).toMatchObject({ kind: 'unknown' });
  });
  test('a code without an entry is unknown where no reversal exists', () => {
    expect(answerOf(shipped, 'sale', 'Z9')).toMatchObject({ kind: 'final', known: false });
    expect(answerOf(shipped, 'void', 'Z9').kind).toBe('final');
    expect(answerOf(shipped, 'refund', 'Z9').kind).toBe('unknown');
    expect(answerOf(shipped, 'refund', 'constructor').kind).toBe('unknown');
  });
  test('institutions', () => {
    expect(institutionName(shipped, '03080000', 'zh')).toBe('招商银行');
    expect(institutionName(shipped, '99990000   ', 'zh')).toBe('99990000');
  });
});

describe('sources', () => {
  test('objects merge, arrays and values are replaced, null takes away, later wins', () => {
    const merged = readMerged(
      'c',
      from({
        a: { x: { p: 1, q: 2, r: 3 }, l: [1, 2] },
        b: { x: { q: 5 } },
        c: { extends: ['a', 'b'], x: { r: null }, l: [9] },
      }),
    );
    if (!merged.ok) throw new Error(merged.fault.cause);
    expect(merged.value.value).toEqual({ x: { p: 1, q: 5 }, l: [9] });
    expect(['/x/p', '/x/q', '/l/0', '/x/none'].map(merged.value.writerOf)).toEqual(['a', 'b', 'c', 'c']);
  });
  test('a cycle is refused with its path', () => {
    expect(faultOf({ shop: { extends: ['b'] }, b: { extends: ['shop'] } })).toMatchObject({
      name: 'profile-cycle',
      cause: expect.stringContaining('shop → b → shop'),
    });
    expect(faultOf({ shop: { extends: ['shop'] } }).name).toBe('profile-cycle');
  });
  test('the same base twice is no cycle', () => {
    expect(readMerged('c', from({ a: { x: 1 }, b: { extends: ['a'] }, c: { extends: ['a', 'b'] } }))).toMatchObject({
      ok: true,
    });
  });
  test('depth is bounded', () => {
    const chain = Object.fromEntries(
      Array.from({ length: EXTENDS_DEPTH_MAX + 1 }, (_, i) => [`s${i}`, { extends: [`s${i + 1}`] }]),
    );
    expect(faultOf(chain, 's0').name).toBe('profile-depth');
  });
  test('a missing base names who wanted it', () => {
    expect(faultOf({ shop: { extends: ['base/nix'] } })).toMatchObject({
      code: 'E_NOEXIST',
      cause: 'there is no profile source base/nix (extended by shop)',
    });
  });
  test('another fault of the reader comes through', () => {
    const denied = fault('E_FAILURE', 'denied', 'no rights', 'ask');
    expect(loadProfile('shop', () => failed(denied))).toEqual(failed(denied));
  });
  test('JSON errors name line and column', () => {
    expect(faultOf({ shop: '{\n  "id": "shop",\n  "x": }' })).toMatchObject({
      name: 'profile-json',
      cause: expect.stringContaining('line 3, column 8'),
    });
    expect(faultOf({ shop: '[]' }).name).toBe('profile-json');
    expect(faultOf({ shop: '{"id":"shop","policy":{"a":1,"a":2}}' }).cause).toContain(
      'the member "a" stands here a second time',
    );
  });
  test('a JSON error quotes nothing of the file', () => {
    expect(faultOf({ shop: '{"tmk": "0123456789ABCDEF0123456789ABCDEF" x}' }).cause).not.toContain('0123');
  });
  test('flawOf finds a flaw exactly where the parser of the platform refuses', () => {
    const parses = (text: string): boolean => {
      try {
        return JSON.parse(text) !== undefined;
      } catch {
        return false;
      }
    };
    const text = fc.oneof(
      fc.json(),
      fc
        .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '}', '"', '\\', '0', '-', ' ', '.', '\u0001'))
        .map(([json, at, put]) => {
          const index = at % (json.length + 1);
          return json.slice(0, index) + put + json.slice(index + 1);
        }),
    );
    fc.assert(
      fc.property(text, json => {
        const flaw = flawOf(json);
        // The fast way through the platform's parser comes to the same, equal members and depth included.
        expect(parseJson(json)).toEqual(flaw ? { ok: false, flaw } : { ok: true, value: JSON.parse(json) as unknown });
        if (flaw && /second time|deeper/.test(flaw.what)) return;
        expect(flaw === undefined).toBe(parses(json));
      }),
      { numRuns: 3000 },
    );
  });
  test('names cannot leave the folder', () => {
    for (const name of ['../secret', '/etc/passwd', 'a/b/c', 'A', 'base/../x', ''])
      expect(faultOf({ shop: { extends: [name] } }).name, name).toBe('profile-name');
  });
  test('an unknown profile lists the known ids', () => {
    const result = loadProfile('nix', readShipped, shippedIds);
    expect(result).toMatchObject({
      ok: false,
      fault: { code: 'E_NOEXIST', remedy: expect.stringContaining('unionpay-pos, unionpay-pos-48') },
    });
  });
});

describe('no keys in a profile', () => {
  const key = '0123456789ABCDEF';
  test.each([
    ['a member called key', { acquirer: { key: '11111111' } }, '/acquirer/key'],
    ['tmk', { tmk: key + key }, '/tmk'],
    ['masterKey', { acquirer: { masterKey: 'AABBCCDDEE' } }, '/acquirer/masterKey'],
    ['any member with the length of a key', { merchant: { note: key + key } }, '/merchant/note'],
    ['inside an array', { x: [{ y: [key] }] }, '/x/0/y/0'],
  ])('%s', (_, members, pointer) => {
    const problem = faultOf({ shop: { extends: ['unionpay-pos'], id: 'shop', ...members } });
    expect(problem.name).toBe('profile-key-material');
    expect(problem.cause).toContain(pointer);
    expect(problem.cause).not.toContain('1111');
    expect(problem.cause).not.toMatch(/0123|AABB/);
  });
  test('a key in a base is found too', () => {
    expect(faultOf({ shop: { extends: ['b'] }, b: { pik: key } }).cause).toContain('b: /pik');
  });
  test('the slot number of a key is allowed', () => {
    expect(changed({ acquirer: { masterKeyIndex: 7 } })).toEqual([]);
  });
});

describe('shape', () => {
  const findings = (members: object) =>
    changed(members).map(({ pointer, source, fault: f }) => `${f.name} ${source} ${pointer}`);
  test('a misspelt member, a wrong value, a missing member', () => {
    expect(findings({ policy: { saleMax: 1 } })).toEqual(['profile-member-unknown shop /policy/saleMax']);
    expect(findings({ policy: { saleMaxMinor: '100' } })).toEqual(['profile-member shop /policy/saleMaxMinor']);
    expect(findings({ merchant: null })).toEqual(['profile-member-missing shop /merchant']);
    expect(findings({ acquirer: { tpdu: '70' } })).toEqual(['profile-member shop /acquirer/tpdu']);
  });
  test('codes have two characters', () => {
    expect(findings({ responses: { '005': { ...shipped.responses['05'] } } })[0]).toContain('/responses/005');
    expect(findings({ acquirer: { reversal: { finalCodes: ['0'] } } })).toEqual([
      'profile-member shop /acquirer/reversal/finalCodes/0',
    ]);
  });
  test('the writer of an inherited member is named', () => {
    const [finding] = checkProfile(
      'shop',
      from({ shop: { id: 'shop', extends: ['unionpay-pos', 'bad'] }, bad: { policy: { slipCopies: 7 } } }),
    ).findings;
    expect(finding).toMatchObject({ source: 'bad', pointer: '/policy/slipCopies' });
  });
  test('a missing screen and a screen that nobody knows', () => {
    expect(findings({ texts: { screens: { 'F04.1': null } } })[0]).toContain('/texts/screens/F04.1');
    expect(
      findings({ texts: { screens: { 'F99.1': { zh: ['', '', '', ''], en: ['', '', '', ''] } } } }).join(),
    ).toContain('F99.1');
  });
  test('id and file name agree', () => {
    expect(checkProfile('shop', from({ shop: { extends: ['unionpay-pos'] } })).findings[0].fault.name).toBe(
      'profile-id',
    );
  });
  test('several findings are quoted in one fault', () => {
    const { cause } = faultOf({ shop: { id: 'shop', extends: ['unionpay-pos'], policy: { a: 1, b: 2 }, x: 1 } });
    for (const pointer of ['/policy/a', '/policy/b', '/x']) expect(cause).toContain(pointer);
  });
  test('damage anywhere gives findings, never an exception', () => {
    const paths = [
      'policy',
      'acquirer',
      'terminal',
      'merchant',
      'texts',
      'transactions',
      'responses',
      'dialect',
      'institutions',
      'id',
      'name',
      'version',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), (member, value) => {
        const json = JSON.stringify({ id: 'shop', extends: ['unionpay-pos'], [member]: value });
        const { profile, findings: found } = checkProfile('shop', from({ shop: json }));
        expect(profile === undefined).toBe(found.length > 0);
      }),
      { numRuns: 40 },
    );
  });
});

describe('meaning', () => {
  const sale = shipped.transactions.sale;
  const risk = (...rules: object[]) => ({
    policy: { risk: rules.map(rule => ({ id: 'rule', action: 'warn', ...rule })) },
  });
  const cases: [string, string, object][] = [
    [
      'outcome-rule-missing',
      '/transactions/sale/unknownOutcome',
      { transactions: { sale: { unknownOutcome: 'none' } } },
    ],
    [
      'outcome-no-reversal',
      '/transactions/refund/unknownOutcome',
      { transactions: { refund: { unknownOutcome: 'reverse', reversal: 'saleReversal' } } },
    ],
    ['reversal-missing', '/transactions/sale/reversal', { transactions: { sale: { reversal: 'refund' } } }],
    ['reversal-missing', '/transactions/sale/reversal', { transactions: { sale: { reversal: null } } }],
    [
      'transaction-field',
      '/transactions/sale/request/conditional/0',
      { transactions: { sale: { request: { conditional: [5] } } } },
    ],
    [
      'transaction-field-order',
      '/transactions/sale/request/conditional/1',
      { transactions: { sale: { request: { conditional: [14, 2] } } } },
    ],
    [
      'transaction-field-twice',
      '/transactions/sale/request/conditional/0',
      { transactions: { sale: { request: { conditional: [3] } } } },
    ],
    ['transaction-answer', '/transactions/sale/answer', { transactions: { sale: { answer: '0230' } } }],
    ['transaction-mac', '/transactions/sale/mac', { transactions: { sale: { mac: false } } }],
    [
      'card-data-stored',
      '/transactions/saleReversal/request',
      { transactions: { saleReversal: { request: { conditional: [2, 35] } } } },
    ],
    ['transaction-missing', '/transactions', { transactions: { echo: null } }],
    ['dialect', '/dialect', { dialect: { fields: { 3: { length: 'long' } } } }],
    ['dialect', '/dialect', { acquirer: { dialectOptions: { field48: 'morse' } } }],
    ['text-too-wide', '/responses/51/zh', { responses: { 51: { zh: '可用的余额不足' } } }],
    ['text-too-wide', '/responses/51/actionEn', { responses: { 51: { actionEn: 'USE ANOTHER CARD!' } } }],
    ['response-kind', '/responses/51/kind', { responses: { 51: { kind: 'approved' } } }],
    ['text-too-wide', '/texts/prompts/E01/zh', { texts: { prompts: { E01: { zh: '一个太长太长的提示' } } } }],
    ['text-not-gbk', '/texts/words/sale/zh', { texts: { words: { sale: { zh: '😀' } } } }],
    ['screen-too-small', '/terminal', { terminal: { columns: 12 } }],
    [
      'key-missing',
      '/terminal/keys',
      { terminal: { keys: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'ENTER', 'CANCEL'] } },
    ],
    ['charset-language', '/policy/language', { terminal: { charset: 'ASCII' } }],
    ['key-mode-not-on-this-line', '/acquirer/keyMode', { acquirer: { keyMode: '005' } }],
    ['policy-nothing-allowed', '/policy/saleMaxMinor', { policy: { saleMaxMinor: 0 } }],
    ['policy-contradiction', '/policy/refundDualLimitMinor', { policy: { refundDualLimitMinor: 99_000_000 } }],
    ['policy-contradiction', '/policy/slipCopies', { terminal: { printColumns: 0 } }],
    [
      'policy-contradiction',
      '/policy/refundCardDayMaxMinor',
      { policy: { refundDayMaxMinor: 1000, refundCardDayMaxMinor: 1001 } },
    ],
    [
      'policy-contradiction',
      '/policy/refundOperatorDayMaxMinor',
      { policy: { refundDayMaxMinor: 1000, refundOperatorDayMaxMinor: 1001 } },
    ],
    [
      'policy-contradiction',
      '/policy/channels/wechat/arrival/balance',
      { policy: { channels: { wechat: { arrival: { balance: { usualMin: 30 } } } } } },
    ],
    [
      'policy-contradiction',
      '/policy/channels/card/arrival/foreign/latest',
      { policy: { channels: { card: { arrival: { foreign: { latest: 100 } } } } } },
    ],
    ['policy-contradiction', '/policy/risk/1/id', risk({ kind: 'neverPaid' }, { kind: 'reprintBefore' })],
    ['policy-contradiction', '/policy/risk/0/id', risk({ kind: 'neverPaid', id: 'window' })],
    ['policy-contradiction', '/policy/risk/0/action', risk({ kind: 'neverPaid', action: 'hold' })],
    ['policy-contradiction', '/policy/risk/0/to', risk({ kind: 'afterHours', from: '0700', to: '0700' })],
    ['profile-member', '/policy/risk/0/from', risk({ kind: 'afterHours', from: '2400', to: '0700' })],
    ['profile-member', '/policy/risk/0/kind', risk({ kind: 'astrology' })],
    ['profile-member-missing', '/policy/risk/0/hours', risk({ kind: 'cardCount', max: 1 })],
    ['profile-member-unknown', '/policy/risk/0/percent', risk({ kind: 'neverPaid', percent: 1 })],
    [
      'profile-member-missing',
      '/policy/channels/card/arrival/debit',
      { policy: { channels: { card: { arrival: { debit: null } } } } },
    ],
    ['policy-contradiction', '/acquirer/reversal/finalCodes/0', { acquirer: { reversal: { finalCodes: ['98'] } } }],
    ['text-not-gbk', '/merchant/name/zh', { merchant: { name: { zh: '☺店' } } }],
  ];
  test.each(cases)('%s at %s', (name, pointer, members) => {
    const found = changed(members).map(finding => [finding.fault.name, finding.pointer]);
    expect(found).toContainEqual([name, pointer]);
  });
  test('every finding says what and what to do', () => {
    for (const [, , members] of cases) {
      for (const { fault: f, pointer } of changed(members)) {
        expect(f.cause).toContain(pointer);
        expect(f.remedy.length).toBeGreaterThan(10);
      }
    }
  });
  test('the shipped sale is the base of these cases', () => expect(sale.unknownOutcome).toBe('reverse'));

  const screen = (lines: string[]) =>
    changed({ texts: { screens: { 'F04.6': { zh: lines } } } }).map(finding => [finding.fault.name, finding.pointer]);
  test('screens: width with the widest values, placeholders, characters', () => {
    expect(screen(['交易成功', '', '凭证号码为:{voucher:>9}', ''])).toEqual([
      ['screen-too-wide', '/texts/screens/F04.6/zh/2'],
    ]);
    expect(screen(['交易成功', '{pan}', '', ''])).toEqual([['screen-placeholder', '/texts/screens/F04.6/zh/1']]);
    expect(screen(['交易成功', '{amount', '', ''])).toEqual([['screen-placeholder', '/texts/screens/F04.6/zh/1']]);
    expect(screen(['交易成功', '{nothing}', '', ''])).toEqual([['screen-placeholder', '/texts/screens/F04.6/zh/1']]);
    expect(screen(['好☺', '', '', ''])).toEqual([['text-not-gbk', '/texts/screens/F04.6/zh/0']]);
    expect(screen(['只有', '三行', ''])).toEqual([['profile-member', '/texts/screens/F04.6/zh']]);
  });
  test('placeholder grammar', () => {
    expect(placeholdersOf('{amount,:>10} {count:0>3}{seconds}').names).toEqual(['amount', 'count', 'seconds']);
    expect(placeholdersOf('{amount:>}').wrong).toContain('brace');
  });
});

test('JSON Schema names the members and their rules', () => {
  const schema = JSON.parse(JSON.stringify(profileJsonSchema())) as {
    required: string[];
    properties: Record<string, { properties?: Record<string, object> }>;
  };
  expect(schema.required).toContain('policy');
  expect(schema.properties.policy.properties?.saleMaxMinor).toMatchObject({ type: 'integer', minimum: 0 });
  expect(schema).toMatchObject({ additionalProperties: false });
});

test('the examples of docs/profiles.md are right', () => {
  const page = readFileSync(new URL('../../docs/profiles.md', import.meta.url), 'utf8');
  const [shop] = [...page.matchAll(/```json\n(\{[^`]*"my-shop"[^`]*)```/g)].map(match => match[1]);
  expect(checkProfile('my-shop', from({ 'my-shop': shop })).findings).toEqual([]);
  const other = /`("texts": [^`]*)`/.exec(page)?.[1];
  expect(changed(JSON.parse(`{${other}}`) as object)).toEqual([]);
});
