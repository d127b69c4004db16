import { compileFieldPlan } from '../iso8583/plan.ts';
import { notGbk } from '../wire/gbk.ts';
import { columnsOf } from './columns.ts';
import { lintEmv } from './emv.ts';
import { lintGlyphs, lintLengths } from './lint-lengths.ts';
import { lintRefunds } from './lint-refunds.ts';
import { lintTables } from './lint-tables.ts';
import { lintTraining } from './lint-training.ts';
import { lintScanPayment } from './lint-scan.ts';
import type { Profile, Transaction } from './schema.ts';
import { SCREENS, SCREEN_IDS } from './screens.ts';
import { LANGUAGES, PROMPT_IDS, WORD_IDS, type Language } from './words.ts';
import { PLACEHOLDERS, type PlaceholderName } from './placeholders.ts';
import { pointerStep } from './source.ts';
import { placeholdersOf, renderLines, type Values } from './template.ts';

/** Something that has the right shape and the wrong meaning. */
export interface LintFinding {
  readonly pointer: string;
  readonly name: string;
  readonly cause: string;
  readonly remedy: string;
}
type Report = (pointer: string, name: string, cause: string, remedy: string) => void;

/** Width of `[51]` before the text of a response code. */
const RESPONSE_TEXT_COLUMNS = 12;
/** Geometry for which the screens are written. */
export const SCREEN_ROWS = 4;
export const SCREEN_COLUMNS = 16;
const KEYS_NEEDED = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'ENTER', 'CANCEL', 'CLEAR'] as const;
/** 22 and 60.1 of money; a transaction with one of these types needs a rule for an unknown outcome. */
const MONEY_MTIS = new Set(['0100', '0200', '0220']);
const MONEY_PROCESSING = /^(00|03|20)/;
/** PIN data and what only the card itself may give: in no message that is sent later from the journal. */
const NEVER_LATER = [26, 35, 36, 52, 53];

/** Checks what the schema cannot say. An empty list means that the profile may be used. */
export function lintProfile(profile: Profile): readonly LintFinding[] {
  const findings: LintFinding[] = [];
  const report: Report = (pointer, name, cause, remedy) => findings.push({ pointer, name, cause, remedy });
  const plan = compileFieldPlan(profile.dialect, profile.acquirer.dialectOptions);
  if (!plan.ok) report('/dialect', 'dialect', `does not compile: ${plan.fault.cause}`, plan.fault.remedy);
  for (const [id, transaction] of Object.entries(profile.transactions))
    lintTransaction(profile, id, transaction, report);
  for (const id of [
    'sale',
    'void',
    'refund',
    'signOn',
    'signOff',
    'echo',
    'settle',
    'batchDetail',
    'batchTc',
    'batchNotice',
    'batchEnd',
  ])
    if (!Object.hasOwn(profile.transactions, id))
      report(
        '/transactions',
        'transaction-missing',
        `has no "${id}"`,
        'Extend base/unionpay-transactions or add the transaction',
      );
  lintResponses(profile, report);
  lintScreens(profile, report);
  lintTexts(profile, report);
  lintTerminal(profile, report);
  lintPolicy(profile, report);
  lintRefunds(profile.policy, report);
  lintScanPayment(profile, report);
  lintTables(profile, report);
  if (plan.ok) lintLengths(profile, plan.value.source, report);
  lintGlyphs(profile, report);
  if (profile.training) lintTraining(profile.training, report);
  lintEmv(profile, report);
  return findings;
}

function lintTransaction(profile: Profile, id: string, transaction: Transaction, report: Report): void {
  const at = `/transactions${pointerStep(id)}`;
  const { request, response, mti } = transaction;
  for (const [side, lists] of [
    ['request', request],
    ['response', response],
  ] as const) {
    for (const list of ['mandatory', 'conditional'] as const) {
      const pointer = `${at}/${side}/${list}`;
      const numbers = lists[list];
      for (const [index, number] of numbers.entries()) {
        if (!Object.hasOwn(profile.dialect.fields ?? {}, String(number)))
          report(
            `${pointer}/${index}`,
            'transaction-field',
            `names data element ${number}, which the dialect does not have`,
            'Correct the number or add the data element to the dialect',
          );
        if (index > 0 && numbers[index - 1] >= number)
          report(
            `${pointer}/${index}`,
            'transaction-field-order',
            `${number} comes after ${numbers[index - 1]}`,
            'List each data element once, in ascending order',
          );
        if (list === 'conditional' && lists.mandatory.includes(number))
          report(
            `${pointer}/${index}`,
            'transaction-field-twice',
            `${number} is mandatory already`,
            'Take it out of one of the two lists',
          );
      }
    }
  }
  if (Number(transaction.answer) !== Number(mti) + 10)
    report(
      `${at}/answer`,
      'transaction-answer',
      `is ${transaction.answer}, but the answer to ${mti} is ${String(Number(mti) + 10).padStart(4, '0')}`,
      'Write the message type of the request plus 10',
    );
  if (transaction.mac !== request.mandatory.includes(64))
    report(
      `${at}/mac`,
      'transaction-mac',
      `is ${transaction.mac}, but 64 is ${transaction.mac ? 'not ' : ''}mandatory in the request`,
      'Make both say the same',
    );
  lintOutcome(profile, at, transaction, report);
}

function lintOutcome(profile: Profile, at: string, transaction: Transaction, report: Report): void {
  const { unknownOutcome, mti, processingCode = '' } = transaction;
  const movesMoney = MONEY_MTIS.has(mti) && MONEY_PROCESSING.test(processingCode);
  if (movesMoney && unknownOutcome === 'none')
    report(
      `${at}/unknownOutcome`,
      'outcome-rule-missing',
      'is "none" for a transaction that moves money',
      'Say "reverse" where the acquirer takes a reversal, otherwise "unknown"',
    );
  if (mti === '0220' && unknownOutcome === 'reverse')
    report(
      `${at}/unknownOutcome`,
      'outcome-no-reversal',
      'is "reverse", but a 0220 (refund, notice) has no reversal',
      'Say "unknown"',
    );
  if (unknownOutcome === 'reverse') {
    const reversal = transaction.reversal === undefined ? undefined : profile.transactions[transaction.reversal];
    if (reversal?.mti !== '0400')
      report(
        `${at}/reversal`,
        'reversal-missing',
        `names ${transaction.reversal ?? 'nothing'}, which is no 0400 of this profile`,
        'Name the transaction with MTI 0400 that reverses this one',
      );
  }
  if (mti !== '0400' && mti !== '0320') return;
  const fields = [...transaction.request.mandatory, ...transaction.request.conditional];
  for (const number of fields.filter(number => NEVER_LATER.includes(number)))
    report(
      `${at}/request`,
      'card-data-stored',
      `names data element ${number}, which may never be stored and sent later`,
      'Take it out: reversals and batch messages carry neither PIN nor track data',
    );
}

function lintResponses(profile: Profile, report: Report): void {
  for (const [code, line] of Object.entries(profile.responses)) {
    const at = `/responses${pointerStep(code)}`;
    for (const member of ['zh', 'en'] as const) width(report, `${at}/${member}`, line[member], RESPONSE_TEXT_COLUMNS);
    for (const member of ['actionZh', 'actionEn'] as const)
      width(report, `${at}/${member}`, line[member], SCREEN_COLUMNS);
    if ((line.group === 'A') !== (line.kind === 'approved'))
      report(
        `${at}/kind`,
        'response-kind',
        `is "${line.kind}" in group ${line.group}`,
        'Group A and "approved" belong together',
      );
  }
  if (profile.responses['00']?.kind !== 'approved')
    report('/responses/00', 'response-kind', 'is not an approval', 'Extend base/unionpay-responses');
}

/** The widest values of all placeholders in one language. */
export function widestValues(language: Language): Values {
  const values: Record<string, string | number> = {};
  for (const [name, placeholder] of Object.entries(PLACEHOLDERS)) {
    values[name] =
      placeholder.kind === 'money' || placeholder.kind === 'count' ? placeholder.most : placeholder[language];
  }
  return values;
}

function lintScreens(profile: Profile, report: Report): void {
  const { screens } = profile.texts;
  const widest = { zh: widestValues('zh'), en: widestValues('en') };
  for (const id of SCREEN_IDS) {
    for (const language of LANGUAGES) {
      const at = `/texts/screens${pointerStep(id)}/${language}`;
      const templates = screens[id][language];
      const allowed: readonly PlaceholderName[] = SCREENS[id];
      let wrong = false;
      for (const [index, template] of templates.entries()) {
        // Most lines are fixed text.
        if (!template.includes('{') && !template.includes('}')) continue;
        const found = placeholdersOf(template);
        const foreign = found.names.find(name => !allowed.includes(name as PlaceholderName));
        const cause =
          found.wrong ?? (foreign === undefined ? undefined : `screen ${id} has no value called ${foreign}`);
        if (cause === undefined) continue;
        wrong = true;
        report(
          `${at}/${index}`,
          'screen-placeholder',
          `"${template}": ${cause}`,
          `Screen ${id} knows: ${allowed.join(', ') || 'no placeholders'}`,
        );
      }
      if (!wrong) lintScreen(profile, at, templates, widest[language], report);
    }
  }
}

function lintScreen(profile: Profile, at: string, templates: readonly string[], widest: Values, report: Report): void {
  const { lines, cutLine } = renderLines(templates, widest, SCREEN_COLUMNS, () => undefined);
  if (cutLine >= 0)
    report(
      `${at}/${cutLine}`,
      'screen-too-wide',
      `needs more than ${SCREEN_COLUMNS} columns with its widest values: "${lines[cutLine]}"`,
      'Shorten the fixed text',
    );
  lines.forEach((line, index) => {
    const bad = notGbk(line);
    if (profile.terminal.charset === 'GBK' && bad >= 0)
      report(
        `${at}/${index}`,
        'text-not-gbk',
        `holds a character that GBK does not have ("${[...line.slice(bad)][0]}")`,
        'Use another character',
      );
  });
}

function lintTexts(profile: Profile, report: Report): void {
  for (const id of PROMPT_IDS) {
    for (const member of ['zh', 'en', 'actionZh', 'actionEn'] as const)
      width(report, `/texts/prompts/${id}/${member}`, profile.texts.prompts[id][member], SCREEN_COLUMNS);
  }
  for (const id of WORD_IDS) {
    for (const language of LANGUAGES)
      width(report, `/texts/words/${id}/${language}`, profile.texts.words[id][language], SCREEN_COLUMNS);
  }
}

function width(report: Report, pointer: string, text: string, most: number): void {
  const columns = columnsOf(text);
  if (columns > most)
    report(pointer, 'text-too-wide', `has ${columns} columns, ${most} are free: "${text}"`, 'Shorten the text');
  if (notGbk(text) >= 0)
    report(pointer, 'text-not-gbk', `holds a character that GBK does not have: "${text}"`, 'Use another character');
}

function lintTerminal(profile: Profile, report: Report): void {
  const { terminal, policy, acquirer } = profile;
  if (terminal.rows < SCREEN_ROWS || terminal.columns < SCREEN_COLUMNS)
    report(
      '/terminal',
      'screen-too-small',
      `has ${terminal.rows} × ${terminal.columns} columns, the screens need ${SCREEN_ROWS} × ${SCREEN_COLUMNS}`,
      'Choose a terminal with a larger screen',
    );
  for (const key of KEYS_NEEDED)
    if (!terminal.keys.includes(key))
      report('/terminal/keys', 'key-missing', `has no ${key}`, 'The flows cannot be used without this key');
  if (terminal.charset !== 'GBK' && policy.language === 'zh')
    report(
      '/policy/language',
      'charset-language',
      `is zh, but the terminal shows ${terminal.charset} only`,
      'Choose en or a GBK terminal',
    );
  if (acquirer.keyMode === '005' || acquirer.keyMode === '006')
    report(
      '/acquirer/keyMode',
      'key-mode-not-on-this-line',
      `${acquirer.keyMode} asks for SM4 working keys, which do not fit the 16-byte 3DES key of the terminal line`,
      'Ask the acquirer for key mode 003 or 004',
    );
  for (const member of ['zh', 'en'] as const) {
    if (notGbk(profile.merchant.name[member]) >= 0)
      report(
        `/merchant/name/${member}`,
        'text-not-gbk',
        'holds a character that GBK does not have',
        'Use another character',
      );
  }
}

function lintPolicy(profile: Profile, report: Report): void {
  const { policy, terminal, acquirer } = profile;
  if (policy.saleMaxMinor === 0)
    report(
      '/policy/saleMaxMinor',
      'policy-nothing-allowed',
      'is 0: no sale is possible',
      'Write the largest sale in minor units',
    );
  if (policy.refundMaxMinor > 0 && policy.refundDualLimitMinor > policy.refundMaxMinor)
    report(
      '/policy/refundDualLimitMinor',
      'policy-contradiction',
      `is above refundMaxMinor (${policy.refundMaxMinor})`,
      'A second person would never be asked: lower it or write 0',
    );
  if (policy.slipCopies === 2 && terminal.printColumns === 0)
    report(
      '/policy/slipCopies',
      'policy-contradiction',
      'is 2 on a terminal without a printer',
      'Write 1, or choose a terminal with a printer',
    );
  for (const [index, code] of acquirer.reversal.finalCodes.entries())
    if (profile.responses[code]?.kind === 'unknown')
      report(
        `/acquirer/reversal/finalCodes/${index}`,
        'policy-contradiction',
        `${code} means an unknown outcome and cannot end a reversal`,
        'Take it out',
      );
}
