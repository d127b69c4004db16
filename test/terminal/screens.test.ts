import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadProfile, type Texts } from '../../src/profile/profile.ts';
import { responseTexts } from '../../src/profile/responses.ts';
import { MENUS, SCREENS, SCREEN_IDS, type MenuId } from '../../src/profile/screens.ts';
import { LANGUAGES, PROMPT_IDS, type Language } from '../../src/profile/words.ts';
import { PLACEHOLDERS, type Placeholder } from '../../src/profile/placeholders.ts';
import { renderLines, type Values } from '../../src/profile/template.ts';
import { widestValues } from '../../src/profile/lint.ts';
import { centred, columnsOf, ends, fit, fitEnd, labelled, wrapped } from '../../src/terminal/layout.ts';
import {
  clockText,
  isShownId,
  missingValues,
  renderScreen,
  reverseMask,
  type ShownId,
} from '../../src/terminal/screens.ts';
import { notGbk } from '../../src/wire/gbk.ts';
import { readShipped } from '../profile/shipped.ts';

const loaded = loadProfile('unionpay-pos', readShipped);
if (!loaded.ok) throw new Error(loaded.fault.cause);
const profile = loaded.value;
const texts: Texts = profile.texts;

const vector = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'));
const contract = vector('screens') as Record<string, Record<Language, string[]>>;
const answers = vector('answers') as {
  codes: { code: string; zh: string; en: string; act_zh: string; act_en: string; class: string }[];
  prompts: { id: string; zh: string; en: string }[];
};

/** Values of the reference screens. Screens that are not named here have none. */
const merchant = { zh: '示例百货', en: 'DEMO STORE' };
const wait = { seconds: '58' };
const original = {
  pan: '621226******1234',
  amount: 10000,
  voucher: '000123',
  reference: '112233445566',
  date: '11/21',
  time: '14:03:22',
};
const samples: Record<string, Values> = {
  'F01.1': { operator: '01', clock: '2026/11/21 22:58' },
  'F01.2': { clock: '2026/11/21 08:58' },
  'F01.3': { clock: '2026/11/21 12:58' },
  'F02.1': { entry: '01' },
  'F02.2': { entry: '****' },
  'F02.3': { entry: '****' },
  'F03.1': wait,
  'F03.3': { batch: '000012' },
  'F04.1': { entry: '0.00' },
  'F04.2': { amount: 10000 },
  'F04.3': original,
  'F04.4': { amount: 10000, entry: '******' },
  'F04.5': wait,
  'F04.6': { amount: '100.00', voucher: '000123' },
  'F05.1': { entry: '******' },
  'F05.2': { entry: '000123' },
  'F05.3': original,
  'F05.3b': original,
  'F05.5': original,
  'F05.6': { amount: 10000, entry: '******' },
  'F05.7': wait,
  'F05.8': { voucher: '000123', newVoucher: '000124' },
  'F06.1': { entry: '******' },
  'F06.2a': { batch: '000011', entry: '000123' },
  'F06.4': { entry: '112233445566' },
  'F06.5': { entry: '1120' },
  'F06.6': { ...original, original: 10000, left: 6000 },
  'F06.7': { left: 6000, entry: '0.00' },
  'F06.8': { amount: 6000 },
  'F06.10': { amount: 6000, entry: '02' },
  'F06.11': { countdown: '04:58' },
  'F06.12': wait,
  'F06.13': { tracking: 'RF000123', due: '11/26' },
  'F09.2': { count: 12, amount: 123400 },
  'F09.4': wait,
  'F09.5': { cup: '1', foreign: '1' },
  'F09.6': { done: 12, of: 40 },
  'F09.8': { batch: '000013' },
  'F10.2': { entry: '000123' },
  'F11.2': { entry: '03' },
  'F11.3': { entry: '****' },
  'F11.5': { operator: '03' },
  'F11.6': { entry: '******' },
  'F12.2': { ...original, kind: 'sale', state: 'voided' },
  'F15.2': { entry: '01' },
  'F15.3': { entry: '****' },
  'F16.1': { attempt: 1, of: 3, ...wait },
  'F19.1': wait,
  'F19.2': { tracking: 'RF000123' },
  'F20.2': { entry: '******' },
  'F20.3': { tracking: 'RF000123' },
  'F19.3': { count: 1, tracking: 'RF000123', amount: 6000 },
};
/** Reference screens that are a page of a menu here. */
const renamed: Record<string, ShownId> = {
  'F09.2': 'F09.2.1',
  'F10.1': 'MENU.print',
  'F11.1': 'MENU.supervisor',
  'F12.1': 'MENU.query',
};
/** Flows of a later release; the answer screen, which has its own test; F20.5, whose freeze is of all terminals and ours of one. */
const notHere = /^(F07|F08|F13|F20\.[1456]$|F21|F22|F23|F04\.5x)/;

describe('reference screens', () => {
  for (const [id, expected] of Object.entries(contract).filter(([id]) => !notHere.test(id))) {
    test(id, () => {
      for (const language of LANGUAGES) {
        const shown = renamed[id] ?? id;
        if (!isShownId(shown)) throw new Error(`${shown} is not a screen`);
        const values = { merchant: merchant[language], ...samples[id] };
        expect(missingValues(shown, values)).toEqual([]);
        expect(renderScreen(texts, language, shown, values)).toEqual(expected[language]);
      }
    });
  }
});

describe('answers and prompts', () => {
  test('each response code: title, code and text, action, any key', () => {
    for (const { code, zh, en, act_zh, act_en } of answers.codes) {
      const text = (language: Language) => responseTexts(profile, code, language);
      const values = {
        title: 'sale',
        code,
        zh: text('zh').text,
        en: text('en').text,
        actionZh: text('zh').action,
        actionEn: text('en').action,
      };
      expect(renderScreen(texts, 'zh', 'CODE', values)).toEqual(['消费', `[${code}]${zh}`, act_zh, '按任意键返回']);
      expect(renderScreen(texts, 'en', 'CODE', values)).toEqual(['SALE', `[${code}]${en}`, act_en, 'PRESS ANY KEY']);
    }
  });
  test('a code without an entry', () => {
    const zh = responseTexts(profile, 'Z9', 'zh');
    const en = responseTexts(profile, 'Z9', 'en');
    const values = { title: 'refund', code: 'Z9', zh: zh.text, en: en.text, actionZh: zh.action, actionEn: en.action };
    expect(renderScreen(texts, 'zh', 'CODE', values)).toEqual([
      '退货',
      '[Z9]未知应答',
      '请联系收单机构',
      '按任意键返回',
    ]);
    expect(renderScreen(texts, 'en', 'CODE', values)).toEqual([
      'REFUND',
      '[Z9]UNKNOWN CODE',
      'CALL ACQUIRER',
      'PRESS ANY KEY',
    ]);
  });
  test('a remark without a code has no brackets', () => {
    const values = { title: 'void', code: '', zh: '不能撤销', en: 'CANNOT VOID', actionZh: '', actionEn: '' };
    expect(renderScreen(texts, 'zh', 'CODE', values)).toEqual(['消费撤销', '不能撤销', '', '按任意键返回']);
  });
  test('E01 to E45 with the texts of the reference', () => {
    for (const { id, zh, en } of answers.prompts) {
      if (!isShownId(id)) throw new Error(`${id} is not a prompt`);
      const lines = renderScreen(texts, 'zh', id, { title: 'void' });
      expect(lines).toEqual(['消费撤销', zh, lines[2], '按任意键返回']);
      expect(lines[2]).not.toBe('');
      expect(renderScreen(texts, 'en', id, { title: 'void' })[1]).toBe(en);
    }
  });
  test('a notice stands on the free line, or on the title line', () => {
    expect(renderScreen(texts, 'zh', 'F05.2', { entry: '' }, 'E02')).toEqual([
      '消费撤销',
      '请输入原凭证号:',
      '原交易不存在',
      '',
    ]);
    expect(renderScreen(texts, 'zh', 'F06.5', { entry: '' }, 'E11')).toEqual([
      '日期格式错',
      '请输入原交易日期',
      '(月月日日):',
      '',
    ]);
  });
});

describe('the bank of an original', () => {
  const values = { bank: '', date: '12/31', time: '23:59:59', voucher: '999999', reference: '999999999999' };
  test('the longest names are cut at a character, and nothing beside them is', () => {
    for (const [bank, shown] of [
      ['中国邮政储蓄银行股份有限公司', '中国邮政储蓄银~'],
      ['A中国邮政储蓄银行股份有限公司', 'A中国邮政储蓄银~'],
      ['INDUSTRIAL AND COMMERCIAL BANK', 'INDUSTRIAL AND ~'],
      ['01020000', '01020000'],
    ])
      for (const language of LANGUAGES)
        for (const id of ['F05.3c', 'F06.6d'] as const) {
          const lines = renderScreen(texts, language, id, { ...values, bank });
          expect(lines[1]).toBe(shown);
          expect(lines.filter(line => columnsOf(line) > 16)).toEqual([]);
          expect(lines.slice(2).join(' ')).not.toContain('~');
          expect(lines[id === 'F05.3c' ? 3 : 2]).toContain('999999');
        }
  });
});

describe('every screen in both languages', () => {
  const shown = [...SCREEN_IDS, ...PROMPT_IDS];
  test('fits 4 × 16 and GBK with its widest values', () => {
    for (const language of LANGUAGES) {
      for (const id of shown) {
        const lines = renderScreen(texts, language, id, widestValues(language));
        expect(lines, id).toHaveLength(4);
        for (const line of lines) {
          expect(columnsOf(line), `${id} ${line}`).toBeLessThanOrEqual(16);
          expect(notGbk(line)).toBe(-1);
          expect(line).not.toMatch(/[{}]| $/);
        }
      }
    }
  });
  test('an amount of any size stays whole', () => {
    for (const language of LANGUAGES) {
      for (const id of SCREEN_IDS) {
        const money = SCREENS[id].filter(name => PLACEHOLDERS[name].kind === 'money');
        for (const name of money) {
          for (const amount of [999_999_999_999, '9,999,999,999.99']) {
            const lines = renderScreen(texts, language, id, { ...widestValues(language), [name]: amount });
            expect(lines.join('\n'), `${id} {${name}}`).toContain('9999999999.99');
            for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(16);
          }
        }
      }
    }
  });
  test('any values keep the geometry', () => {
    const text = fc.string({ unit: fc.constantFrom('卡', '1', 'W', '*', ' '), maxLength: 30 });
    fc.assert(
      fc.property(
        fc.constantFrom(...shown),
        fc.constantFrom(...LANGUAGES),
        text,
        fc.nat(999_999_999_999),
        (id, language, words, amount) => {
          const values = Object.fromEntries(
            Object.entries(PLACEHOLDERS as Record<string, Placeholder>).map(([name, placeholder]) => [
              name,
              placeholder.kind === 'money' ? amount : words,
            ]),
          );
          const lines = renderScreen(texts, language, id, values);
          expect(lines).toHaveLength(4);
          for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(16);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('fitting', () => {
  const none = () => undefined;
  test('amounts give up commas, then blanks, then their line, then the label', () => {
    const line = (template: string, next: string, amount: number) =>
      renderLines([template, next], { amount, tracking: 'RF000123' }, 16, none).lines;
    expect(line('金额:{amount,:>11}', 'x', 123456700)).toEqual(
      ['金额:1,234,567.00', 'x'].map((text, i) => (i === 0 ? '金额: 1234567.00' : text)),
    );
    expect(line('金额:{amount:>11}', '', 999_999_999_999)).toEqual(['金额:', '   9999999999.99']);
    expect(line('金额:{amount:>11}', 'x', 12_345_678_900)).toEqual(['金额123456789.00', 'x']);
    expect(line('金额:{amount:>11}', 'x', 999_999_999_999)).toEqual(['   9999999999.99', 'x']);
    expect(line('{tracking} {amount}', 'x', 10_000_000)).toEqual(['~00123 100000.00', 'x']);
  });
  test('a 19-digit card number loses stars, never digits', () => {
    expect(renderScreen(texts, 'zh', 'F04.3', { pan: '621226*********1234' })[2]).toBe('621226******1234');
  });
  test('names show that they were cut', () => {
    expect(renderScreen(texts, 'zh', 'F01.2', { merchant: '示例百货商店总店一号楼', clock: '' })[0]).toBe(
      '示例百货商店总~',
    );
    expect(fit('ABCDEF', 4)).toBe('ABC~');
    expect(fitEnd('RF000123', 5)).toBe('~0123');
    expect(fit('汉字汉字', 4)).toBe('汉~');
  });
  test('slip layout', () => {
    expect(centred('汉字', 9)).toBe('  汉字');
    expect(ends('左', 'R', 8)).toEqual(['左     R']);
    expect(ends('LEFTLEFT', 'RIGHT', 8)).toEqual(['LEFTLEFT', '   RIGHT']);
    expect(wrapped('ONE TWO THREE', 8)).toEqual(['ONE TWO', 'THREE']);
    expect(wrapped('汉字汉字汉', 4)).toEqual(['汉字', '汉字', '汉']);
    expect(labelled('名:', '汉字汉字', 4, 8)).toEqual(['名: 汉字', '    汉字']);
  });
});

describe('menus, reverse video, clock', () => {
  test('pages of a menu', () => {
    expect(renderScreen(texts, 'zh', 'MENU.main', { page: 1 })).toEqual([
      '主菜单',
      '4.扫码消费',
      '5.退货进度',
      '6.打印 (下)',
    ]);
    for (const [menu, pages] of Object.entries(MENUS)) {
      for (let page = 0; page < pages; page++)
        expect(renderScreen(texts, 'en', menu as MenuId, { page })[1]).toMatch(
          new RegExp(`^${page === 3 ? 0 : 3 * page + 1}\\.`),
        );
      expect(renderScreen(texts, 'en', menu as MenuId, { page: 99 })).toEqual(
        renderScreen(texts, 'en', menu as MenuId, { page: pages - 1 }),
      );
    }
  });
  test('the title is reversed, a blank title is not', () => {
    const sale = renderScreen(texts, 'zh', 'F04.1', { entry: '0.00' });
    expect(reverseMask(texts, 'F04.1', sale)).toBe(1);
    expect(reverseMask(texts, 'WAIT', renderScreen(texts, 'zh', 'WAIT', {}))).toBe(0);
  });
  test('what a call forgot is named', () => {
    expect(missingValues('F04.6', { amount: 1 })).toEqual(['voucher']);
    expect(isShownId('F99.1')).toBe(false);
  });
  test('clock', () => {
    expect(clockText({ year: 2026, month: 1, day: 2, hour: 3, minute: 4, second: 5 })).toBe('2026/01/02 03:04');
  });
});
