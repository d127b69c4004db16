import { describeMessage, type Lang, renderTree } from '../../iso8583/describe.ts';
import { detectMessage } from '../../iso8583/detect.ts';
import { Doubt } from '../../iso8583/doubt.ts';
import { explainDetection, explainError, type Explanation } from '../../iso8583/explain.ts';
import { maskedText } from '../../iso8583/mask.ts';
import { MessageView } from '../../iso8583/message-view.ts';
import { encodingOf, FIELD_MAX, type Name } from '../../iso8583/plan.ts';
import type { DialectSource, FieldSource } from '../../iso8583/source.ts';
import { mtiText } from '../../iso8583/subfields.ts';
import type { Head } from '../../trace/dialect/head.ts';
import { framingOf } from '../../trace/dialect/head.ts';
import { type AsShipped, differences, type Finding, type Reading } from '../../trace/dialect/search.ts';
import { markedRows, publicNibbles } from '../../trace/hex-rows.ts';

/** Longest run of digits that is no account number, and the mark instead of longer ones that pass the check digit. */
const SHOWN_RUN = /(?<!\d)\d{13,19}(?!\d)/g;
/** Messages that are told one by one because they are not read to their end. */
const UNREAD_MAX = 10;
/** Messages that are shown field by field. */
const SHOWN_MAX = 3;

const LENGTH_WORDS: Readonly<Record<string, Name>> = {
  false: { zh: '无长度', en: 'no length' },
  binary: { zh: '长度2字节,高位在前', en: 'length in 2 bytes, high byte first' },
  little: { zh: '长度2字节,低位在前', en: 'length in 2 bytes, low byte first' },
  bcd: { zh: '长度2字节BCD', en: 'length in 2 bytes, packed digits' },
  ascii: { zh: '长度4位ASCII数字', en: 'length in 4 ASCII digits' },
};

/** What stands before the message type, for people. */
export function headText(head: Head, lang: Lang): string {
  const zh = lang === 'zh';
  const parts = [LENGTH_WORDS[String(head.length)][lang]];
  if (head.countsItself) parts[0] += zh ? ',含自身' : ', itself included';
  if (head.tpdu) parts.push('TPDU');
  if (head.headerBytes > 0) parts.push(zh ? `报文头${head.headerBytes}字节` : `header of ${head.headerBytes} bytes`);
  return parts.join(' | ');
}

/** How a field travels, for people: `n ll 19, bcd, length bcd`. */
export function fieldText(source: DialectSource, field: FieldSource): string {
  const size = field.length === 'fixed' ? `${field.type} ${field.max}` : `${field.type} ${field.length} ${field.max}`;
  const encoding = encodingOf(source, field);
  const length = field.lengthEncoding ?? source.defaults?.length ?? 'bcd';
  const counts = (field.lengthCounts ?? source.defaults?.lengthCounts) === 'bytes' ? ' counting bytes' : '';
  const align = field.align === 'right' ? ', odd digits right' : '';
  return `${size}, ${encoding}${field.length === 'fixed' ? '' : `, length ${length}${counts}`}${align}`;
}

const percent = (share: number): string => `${Math.floor(share * 100)} %`;

/** The whole finding for people; `messages` are what was looked at. */
export function findingText(finding: Finding, messages: readonly Uint8Array[], lang: Lang): string {
  const zh = lang === 'zh';
  const bytes = messages.reduce((sum, message) => sum + message.length, 0);
  const lines = [zh ? `${messages.length}条报文,${bytes}字节` : `${messages.length} messages, ${bytes} bytes`];
  const best = finding.readings.at(0);
  if (best === undefined) {
    lines.push('', zh ? '没有规范适合:未找到消息类型和位图' : 'none fits: no message type with a bitmap was found');
    return lines.join('\n');
  }
  if (!best.fits) {
    lines.push('', zh ? '没有规范适合' : 'none fits');
    lines.push('', ...shippedLines(ranked(finding), messages, lang));
    return lines.join('\n');
  }
  const count = differences(best).length + best.changes.length;
  const changes =
    count === 0
      ? zh
        ? '无改动'
        : 'as it is'
      : zh
        ? `${count}处不同`
        : `with ${count} ${count === 1 ? 'difference' : 'differences'}`;
  lines.push(
    '',
    `${zh ? '适合' : 'fits'}: ${best.base.name} ${changes}  (${percent(best.read)}, ${Math.round(best.score)} bits)`,
  );
  lines.push(...readingLines(best, lang));
  const others = finding.readings.slice(1).filter(reading => reading.fits);
  if (others.length > 0) {
    lines.push('', zh ? '其他读法:' : 'other readings:');
    for (const other of others) {
      const also = [
        ...differences(other).map(([what, , after]) => `${what} ${after}`),
        ...other.changes.map(({ field }) => `${zh ? '域' : 'field'} ${field}`),
      ];
      lines.push(
        `  ${other.base.name}  ${Math.round(other.score)} bits${also.length > 0 ? `  (${also.join(', ')})` : ''}`,
      );
    }
  }
  if (count > 0) lines.push('', ...shippedLines(ranked(finding), messages, lang, best));
  lines.push(...unreadLines(best, messages, lang));
  const view = new MessageView(best.plan);
  for (const [i, message] of messages.slice(0, SHOWN_MAX).entries()) {
    view.decode(message, best.head.body, message.length);
    lines.push('', zh ? `报文${i + 1}:` : `message ${i + 1}:`);
    lines.push(covered(renderTree(describeMessage(view, { clear: false, lang }, new Doubt(view)))));
  }
  return lines.join('\n');
}

function readingLines(reading: Reading, lang: Lang): readonly string[] {
  const zh = lang === 'zh';
  const { head, base, source } = reading;
  const lines = [`  ${zh ? '结构' : 'framing'}: ${headText(head, lang)}`];
  if (!framingOf(head).whole)
    lines.push(
      zh
        ? '    本程序的profile写不出这样的结构:须由前置机换成2字节长度、TPDU、6字节报文头中的一种'
        : '    no profile can say this framing: a gateway has to turn it into a length of 2 bytes, TPDU and header of 6 bytes',
    );
  lines.push(`  ${zh ? '消息类型' : 'message type'}: ${head.mti}, ${zh ? '位图' : 'bitmap'}: ${head.bitmap}`);
  for (const [what, before, after] of differences(reading))
    lines.push(`  ${what}: ${after} (${zh ? '原为' : 'shipped'}: ${before})`);
  for (const { field, before, after, option } of reading.changes) {
    const was = before === undefined ? (zh ? '无此域' : 'not there') : fieldText(base.source, before);
    const named = option ? `, ${zh ? '选项' : 'option'} ${option.join('=')}` : '';
    lines.push(
      `  ${zh ? '域' : 'field'} ${field}: ${fieldText(source, after)} (${zh ? '原为' : 'shipped'}: ${was})${named}`,
    );
  }
  if (reading.doubtful.length > 0)
    lines.push(`  ${zh ? '内容可疑的域' : 'fields with an odd content'}: ${reading.doubtful.join(', ')}`);
  return lines;
}

/** How far each shipped dialect comes as it is, the furthest first; of equals the one that is most like the messages. */
function ranked({ shipped, readings }: Finding): readonly AsShipped[] {
  const like = ({ base }: AsShipped): number => (base.name === readings.at(0)?.base.name ? 1 : 0);
  return [...shipped].sort((a, b) => b.whole - a.whole || b.read - a.read || like(b) - like(a));
}

function shippedLines(
  shipped: readonly AsShipped[],
  messages: readonly Uint8Array[],
  lang: Lang,
  right?: Reading,
): readonly string[] {
  const zh = lang === 'zh';
  const lines = [zh ? '未改动的内置规范:' : 'shipped dialects as they are:'];
  for (const { base, read, whole } of shipped)
    lines.push(`  ${base.name.padEnd(34)} ${percent(read).padStart(5)}  ${whole}/${messages.length}`);
  const [nearest] = shipped;
  if (nearest.firstWrong >= 0) lines.push(...mismatchLines(nearest, messages, lang, right));
  return lines;
}

/** Where a shipped dialect stops first: what, where, what was wanted, and the rows with marks. */
export function firstMismatch(
  { base, firstWrong }: AsShipped,
  messages: readonly Uint8Array[],
): Explanation | undefined {
  const message = messages.at(firstWrong);
  if (firstWrong < 0 || message === undefined) return undefined;
  const found = detectMessage(base.source, message);
  if (!found.ok) return undefined;
  return explainDetection(found.value, message).find(({ severity }) => severity === 'error');
}

/** Of many messages those that even the reading that fits does not read to their end. */
function unreadLines({ plan, head }: Reading, messages: readonly Uint8Array[], lang: Lang): readonly string[] {
  const zh = lang === 'zh';
  const view = new MessageView(plan);
  const lines: string[] = [];
  for (const [i, message] of messages.entries()) {
    view.decode(message, Math.min(head.body, message.length), message.length);
    const problem = explainError(view, message.length);
    if (problem === undefined || lines.length >= UNREAD_MAX) continue;
    const place = problem.field >= 2 ? `${zh ? '域' : 'field'} ${problem.path}` : problem.path;
    lines.push(
      zh
        ? `  报文${i + 1}未读完: 偏移${problem.offset},${place}: ${problem.zh}`
        : `  message ${i + 1} is not read to its end: offset ${problem.offset}, ${place}: ${problem.en}`,
    );
  }
  return lines;
}

function mismatchLines(
  nearest: AsShipped,
  messages: readonly Uint8Array[],
  lang: Lang,
  right: Reading | undefined,
): readonly string[] {
  const zh = lang === 'zh';
  const problem = firstMismatch(nearest, messages);
  const message = messages[nearest.firstWrong];
  if (problem === undefined) return [];
  const field = problem.field >= 2 ? `${zh ? '域' : 'field'} ${problem.path}` : problem.path;
  const where = zh
    ? `${nearest.base.name}首处不符: 报文${nearest.firstWrong + 1},偏移${problem.offset},${field}: ${problem.zh}`
    : `${nearest.base.name} stops first at message ${nearest.firstWrong + 1}, offset ${problem.offset}, ${field}: ${problem.en}`;
  const shown = right ? shownBy(right, message) : new Uint8Array(message.length * 2);
  return [
    '',
    where,
    `  ${zh ? '应为' : 'expected'}  ${problem.expected[lang]}`,
    `  ${zh ? '实为' : 'found'}     ${zh ? problem.found.zh : problem.found.en}`,
    ...markedRows(message, shown, problem.mark).map(row => `  ${row}`),
  ];
}

/** Half bytes that may be seen when this reading is the right one; of bytes that nothing explains none may be. */
function shownBy({ plan, head }: Reading, message: Uint8Array): Uint8Array {
  const view = new MessageView(plan);
  view.decode(message, head.body, message.length);
  return publicNibbles(view, new Doubt(view));
}

/** A public field of an unknown acquirer may hold an account number all the same: what passes its check digit is hidden. */
function covered(text: string): string {
  return text.replaceAll(SHOWN_RUN, digits =>
    passesLuhn(digits) ? digits.slice(0, 6) + '*'.repeat(digits.length - 10) + digits.slice(-4) : digits,
  );
}

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    sum += i % 2 === 0 ? digit : digit * 2 - (digit > 4 ? 9 : 0);
  }
  return sum % 10 === 0;
}

/** The finding for programs. */
export function findingJson(finding: Finding, messages: readonly Uint8Array[]): object {
  const [best] = finding.readings;
  return {
    messages: messages.length,
    bytes: messages.reduce((sum, message) => sum + message.length, 0),
    fits: best?.fits === true,
    readings: finding.readings.map(reading => ({
      dialect: reading.base.name,
      fits: reading.fits,
      bits: Math.round(reading.score),
      read: Math.round(reading.read * 1000) / 1000,
      whole: reading.whole,
      framing: {
        length: reading.head.length,
        countsItself: reading.head.countsItself,
        tpdu: reading.head.tpdu,
        headerBytes: reading.head.headerBytes,
        inProfile: framingOf(reading.head).whole,
      },
      mti: reading.head.mti,
      bitmap: reading.head.bitmap,
      differences: Object.fromEntries(differences(reading).map(([what, before, after]) => [what, { before, after }])),
      fields: reading.changes.map(({ field, before, after, option }) => ({
        field,
        before: before ? fieldText(reading.base.source, before) : null,
        after: fieldText(reading.source, after),
        ...(option ? { option: { [option[0]]: option[1] } } : {}),
      })),
      doubtful: reading.doubtful,
    })),
    shipped: ranked(finding).map(one => {
      const problem = firstMismatch(one, messages);
      return {
        dialect: one.base.name,
        read: Math.round(one.read * 1000) / 1000,
        whole: one.whole,
        ...(problem
          ? {
              first: {
                message: one.firstWrong + 1,
                offset: problem.offset,
                path: problem.path,
                status: problem.status,
                expected: problem.expected.en,
              },
            }
          : {}),
      };
    }),
    ...(best?.fits === true ? { decoded: messages.slice(0, SHOWN_MAX).map(message => decoded(best, message)) } : {}),
  };
}

function decoded({ plan, head }: Reading, message: Uint8Array): object {
  const view = new MessageView(plan);
  view.decode(message, head.body, message.length);
  const doubt = new Doubt(view);
  const fields: Record<string, string> = {};
  for (let field = 2; field <= FIELD_MAX; field++)
    if (view.has(field)) fields[field] = covered(maskedText(view, field, doubt));
  return { mti: mtiText(view.mti), fields };
}
