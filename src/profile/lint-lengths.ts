import type { DialectSource, FieldSource } from '../iso8583/source.ts';
import { notGbk } from '../wire/gbk.ts';
import { columnsOf } from './columns.ts';
import type { Profile } from './schema.ts';
import { pointerStep } from './source.ts';

type Report = (pointer: string, name: string, cause: string, remedy: string) => void;

/** 60.1 to 60.6. */
const PRIVATE_60 = 14;
/** 61 of a refund: batch, trace, date. */
const ORIGINAL_61 = 16;
const TOTALS_48 = 62;
/** 48 of a batch detail: a count of two digits, then so many digits an item. */
const DETAIL_HEAD = 2;
const DETAIL_ITEM = 40;
/** Bytes of 62 in the answer to a sign-on, by key mode. */
const KEY_BYTES: Readonly<Record<string, number>> = { '001': 24, '003': 40, '004': 60, '005': 40, '006': 60 };
const PIN_BLOCK_BYTES = 8;
const MAC_BYTES = 8;

/** What the program puts into the data elements fits the dialect with the acquirer's options applied. */
export function lintLengths({ acquirer, merchant, dialect }: Profile, spoken: DialectSource, report: Report): void {
  const { fields, framing } = spoken;
  const element = (number: number): FieldSource | undefined =>
    Object.hasOwn(fields, number) ? fields[number] : undefined;
  const holds = (number: number, length: number, what: string, types: readonly string[]): void => {
    const field = element(number);
    const at = `/dialect/fields/${number}`;
    if (!field) {
      report(
        `/dialect/fields`,
        'element-missing',
        `has no ${number}, which carries ${what}`,
        'Add the data element to the dialect',
      );
      return;
    }
    if (!types.includes(field.type))
      report(
        `${at}/type`,
        'element-type',
        `is ${field.type}, but ${what} is ${types.join(' or ')}`,
        `Write "type": "${types[0]}", in the acquirer's part when only this acquirer differs`,
      );
    else if (field.length === 'fixed' && field.fill === undefined && field.max !== length)
      report(
        `${at}/max`,
        'element-length',
        `is ${field.max}, but ${what} has ${length}`,
        'Correct the length of the data element',
      );
    else if (field.max < length)
      report(
        `${at}/max`,
        'element-length',
        `is ${field.max}, but ${what} takes ${length}`,
        'Make the data element longer',
      );
  };
  const text = ['ans', 'an', 'n', 'a', 'as'];
  holds(3, 6, 'the processing code', ['n']);
  holds(4, 12, 'the amount', ['n']);
  holds(11, 6, 'the trace number', ['n']);
  holds(37, 12, 'the reference number', text);
  holds(38, 6, 'the authorisation code', text);
  holds(39, 2, 'the response code', text);
  holds(41, merchant.terminalNo.length, 'the terminal number', text);
  holds(42, merchant.merchantNo.length, 'the merchant number', text);
  holds(
    48,
    Math.max(TOTALS_48, DETAIL_HEAD + DETAIL_ITEM * acquirer.settlement.detailsPerMessage),
    'the totals and details of a settlement',
    ['n'],
  );
  holds(49, acquirer.currency.length, 'the currency', text);
  holds(52, PIN_BLOCK_BYTES, 'the PIN block', ['b']);
  holds(60, PRIVATE_60, 'type, batch and network code', text);
  holds(61, ORIGINAL_61, 'the original of a refund', text);
  holds(62, KEY_BYTES[acquirer.keyMode] ?? 0, `the working keys of key mode ${acquirer.keyMode}`, ['b']);
  holds(63, 3, 'operator and card organisation', text);
  holds(64, MAC_BYTES, 'the MAC', ['b']);
  for (const number of [52, 64]) {
    const field = element(number);
    if (field?.type === 'b' && (field.encoding ?? dialect.defaults?.bytes ?? 'binary') !== 'binary')
      report(
        `/dialect/fields/${number}/encoding`,
        'element-encoding',
        `is ${field.encoding ?? dialect.defaults?.bytes}; PIN block and MAC go out as the bytes that the terminal makes`,
        `Write "${number}": { "encoding": "binary" } into the acquirer's part of the dialect`,
      );
  }
  if (framing.length === false)
    report(
      '/dialect/framing/length',
      'framing-length',
      'is false: a TCP stream could not be cut into messages',
      'Write "binary"',
    );
}

/** Texts that a terminal without Chinese, and a printer, can show. */
export function lintGlyphs(profile: Profile, report: Report): void {
  const { terminal, texts, responses, merchant, acquirer, institutions } = profile;
  for (const member of ['zh', 'en'] as const) {
    gbk(report, `/acquirer/slipTitle/${member}`, acquirer.slipTitle[member]);
    for (const [code, name] of Object.entries(institutions))
      gbk(report, `/institutions/${code}/${member}`, name[member]);
  }
  if (terminal.printColumns > 0)
    for (const member of ['zh', 'en'] as const)
      if (columnsOf(acquirer.slipTitle[member]) > terminal.printColumns)
        report(
          `/acquirer/slipTitle/${member}`,
          'text-too-wide',
          `has ${columnsOf(acquirer.slipTitle[member])} columns, the paper has ${terminal.printColumns}`,
          'Shorten the title',
        );
  if (terminal.charset !== 'ASCII') return;
  const ascii = (pointer: string, text: string): void => {
    if (!/^[\x20-\x7e]*$/.test(text))
      report(
        pointer,
        'text-not-ascii',
        `holds a character that a terminal with ASCII cannot show: "${text}"`,
        'Write it with plain letters, digits and signs',
      );
  };
  ascii('/merchant/name/en', merchant.name.en);
  for (const [id, screen] of Object.entries(texts.screens))
    for (const [index, line] of screen.en.entries()) ascii(`/texts/screens${pointerStep(id)}/en/${index}`, line);
  for (const [id, prompt] of Object.entries(texts.prompts))
    for (const member of ['en', 'actionEn'] as const) ascii(`/texts/prompts/${id}/${member}`, prompt[member]);
  for (const [id, word] of Object.entries(texts.words)) ascii(`/texts/words${pointerStep(id)}/en`, word.en);
  for (const [code, line] of Object.entries(responses))
    for (const member of ['en', 'actionEn'] as const) ascii(`/responses/${code}/${member}`, line[member]);
}

function gbk(report: Report, pointer: string, text: string): void {
  if (notGbk(text) >= 0)
    report(pointer, 'text-not-gbk', `holds a character that GBK does not have: "${text}"`, 'Use another character');
}
