import { describeMessage, renderTree, type Lang } from '../iso8583/describe.ts';
import type { Detection } from '../iso8583/detect.ts';
import { Doubt } from '../iso8583/doubt.ts';
import { explainDetection, type Explanation } from '../iso8583/explain.ts';
import { FieldValue } from '../iso8583/field-value.ts';
import { HEADER_LENGTH, TPDU_LENGTH, frameLengthBytes, readFrameLength, requirementOf } from '../iso8583/frame.ts';
import { maskedText } from '../iso8583/mask.ts';
import { FIELD_MAX, type DialectOptions, type Name } from '../iso8583/plan.ts';
import { describeMti } from '../iso8583/mti.ts';
import { Status, StatusText } from '../iso8583/status.ts';
import { mtiText } from '../iso8583/subfields.ts';
import { markedRows, publicNibbles } from '../trace/hex-rows.ts';
import { toHex } from '../wire/hex.ts';

/** The flag that shows what is hidden. */
export const CLEAR = '--clear';
/** Findings that are shown with their place in the hex; a badly damaged value may give hundreds. */
const FINDINGS_SHOWN_MAX = 20;
/** Bytes that get lost or doubled on a line; a greater difference is a message that was cut. */
const SLIP_MAX = 4;
/** Last field that the first bitmap names. */
const FIRST_BITMAP_MAX = 64;

/** Everything that is told about a message, in whatever form. */
export interface Report {
  readonly found: Detection;
  readonly bytes: Uint8Array;
  readonly problems: readonly Explanation[];
  /** Options that differ from the dialect's own defaults. */
  readonly options: DialectOptions;
  /** The bytes are written another way than the dialect says: nothing that was read of them means anything. */
  readonly foreign: Name | undefined;
  readonly doubt: Doubt;
  readonly clear: boolean;
  readonly lang: Lang;
}

/** Takes together what is told; `options` are those that differ from the dialect's own defaults. */
export function reportOf(
  found: Detection,
  bytes: Uint8Array,
  options: DialectOptions,
  { clear, lang }: { readonly clear: boolean; readonly lang: Lang },
): Report {
  const problems = explainDetection(found, bytes);
  const doubt = new Doubt(found.view);
  return {
    found,
    bytes,
    problems,
    options,
    foreign: otherForm(found, bytes) ?? noHead(found, bytes),
    doubt,
    clear,
    lang,
  };
}

/** The report as one JSON object. */
export function jsonText({ found, bytes, problems, options, foreign, doubt, clear, lang }: Report): string {
  const { view, frame } = found;
  const fields: Record<string, string> = {};
  // Characters of a card number read as something else would pass for public values.
  const shown = foreign === undefined || clear;
  for (let field = 2; field <= FIELD_MAX; field++) {
    if (!shown || !view.has(field)) continue;
    fields[field] = clear ? new FieldValue(view, field).text(0, view.size(field)) : maskedText(view, field, doubt);
  }
  const report: Record<string, unknown> = {
    mti: shown && view.end > view.start ? mtiText(view.mti) : null,
    tpdu: !shown || frame.tpdu < 0 ? null : toHex(bytes, frame.tpdu, frame.tpdu + TPDU_LENGTH),
    header: !shown || frame.header < 0 ? null : toHex(bytes, frame.header, frame.header + HEADER_LENGTH),
    fields,
    options,
  };
  const hidden = shown && !clear ? doubt.text(lang, CLEAR) : undefined;
  if (hidden !== undefined) report.hidden = hidden;
  if (found.status !== Status.ok) {
    const words = StatusText[found.status];
    const { errorField: field, errorOffset: offset } = found;
    report.error = { status: words.name, field, offset, message: words[lang] };
  }
  if (problems.length > 0) {
    report.errors = problems.map(({ path, offset, status, severity, expected, found: there }) => {
      return { path, offset, status, severity, expected: expected[lang], found: there[lang] };
    });
  }
  return JSON.stringify(report, null, 2);
}

const TEXTS = {
  framing: { zh: '报文结构', en: 'framing' },
  length: { zh: '长度', en: 'length' },
  header: { zh: '报文头', en: 'header' },
  requirement: { zh: '处理要求', en: 'processing requirement' },
  body: { zh: '报文体', en: 'body' },
  options: { zh: '方言选项', en: 'options' },
  field: { zh: '域', en: 'field' },
  offset: { zh: '偏移', en: 'offset' },
  warning: { zh: '警告 ', en: 'warning ' },
  name: { zh: '名称', en: 'name' },
  expected: { zh: '应为', en: 'expected' },
  found: { zh: '实为', en: 'found' },
  hidden: { zh: '已隐藏', en: 'hidden' },
  unread: { zh: '未读的域', en: 'not read' },
  hint: { zh: '提示', en: 'hint' },
} as const satisfies Record<string, Name>;

/** The report for people. */
export function plainText({ found, bytes, problems, options, foreign, doubt, clear, lang }: Report): string {
  if (foreign !== undefined && !clear) return foreignText(found, foreign, lang);
  const { frame, framing, view } = found;
  const parts: string[] = [];
  if (framing.length !== false && bytes.length >= frameLengthBytes(framing)) {
    parts.push(`${TEXTS.length[lang]} ${readFrameLength(framing, bytes, 0)}`);
  }
  if (frame.tpdu >= 0) parts.push(`TPDU ${toHex(bytes, frame.tpdu, frame.tpdu + TPDU_LENGTH)}`);
  if (frame.header >= 0) {
    const required = requirementOf(bytes, frame.header);
    const header = `${TEXTS.header[lang]} ${toHex(bytes, frame.header, frame.header + HEADER_LENGTH)}`;
    parts.push(required === 0 ? header : `${header} (${TEXTS.requirement[lang]} ${required})`);
  }
  parts.push(`${TEXTS.body[lang]} ${view.end - view.start}`);
  const lines = [`${TEXTS.framing[lang]}: ${parts.join(' | ')}`];
  const named = Object.entries(options).map(([name, choice]) => `${name}=${choice}`);
  if (named.length > 0) lines.push(`${TEXTS.options[lang]}: ${named.join(', ')}`);
  const tree = renderTree(describeMessage(view, { clear: clear, lang }, doubt));
  if (tree !== '') lines.push('', tree);
  const hidden = clear ? undefined : doubt.text(lang, CLEAR);
  if (hidden !== undefined) lines.push('', `${TEXTS.hidden[lang]}: ${hidden}`);
  const shown = clear ? new Uint8Array(bytes.length * 2).fill(1) : publicNibbles(view, doubt);
  for (const problem of problems.slice(0, FINDINGS_SHOWN_MAX)) {
    lines.push('', ...problemLines(problem, lang), '', ...markedRows(bytes, shown, problem.mark));
  }
  const more = problems.length - FINDINGS_SHOWN_MAX;
  if (more > 0) lines.push('', lang === 'zh' ? `另有${more}处` : `and ${more} more`);
  const unread = found.status === Status.ok ? [] : unreadFields(found, clear || !doubt.bitmaps);
  if (unread.length > 0) lines.push('', `${TEXTS.unread[lang]}: ${unread.join(', ')}`);
  const hint = lostBytes(found, bytes) ?? foreign;
  if (hint !== undefined) lines.push('', `${TEXTS.hint[lang]}: ${hint[lang]}`);
  return lines.join('\n');
}

/** What is wrong and where on one line, then the field, what was wanted and what is there. */
function problemLines(problem: Explanation, lang: Lang): readonly string[] {
  const { path, offset, start, name } = problem;
  const field = problem.field >= 2 ? `${TEXTS.field[lang]} ${path}, ` : '';
  const severity = problem.severity === 'warning' ? TEXTS.warning[lang] : '';
  const lines = [`${severity}${problem.status}: ${field}${TEXTS.offset[lang]} ${offset}: ${problem[lang]}`];
  const line = (label: string, text: string): void => {
    lines.push(`  ${lang === 'en' ? label.padEnd(TEXTS.expected.en.length) : label}  ${text}`);
  };
  if (name !== undefined) {
    const from = start === offset ? '' : lang === 'zh' ? `，从偏移${start}开始` : `, begins at offset ${start}`;
    line(TEXTS.name[lang], name[lang] + from);
  }
  line(TEXTS.expected[lang], problem.expected[lang]);
  line(TEXTS.found[lang], problem.found[lang]);
  return lines;
}

/** Fields that the bitmap names and that were not reached; `all`: those of the second and third bitmaps, too. */
function unreadFields({ view }: Detection, all: boolean): readonly (number | string)[] {
  const fields: (number | string)[] = [];
  const last = all ? FIELD_MAX : FIRST_BITMAP_MAX;
  for (let field = 2; field <= last; field++) if (view.announced(field) && !view.has(field)) fields.push(field);
  // Bits of a bitmap that stands in the wrong place are digits of something else.
  for (let field = last + 1; field <= FIELD_MAX; field++) {
    if (view.announced(field)) return [...fields, `${last + 1}+`];
  }
  return fields;
}

/** A field that cannot be right in a frame of the wrong length: the damage is before it. */
function lostBytes({ frame, framing, view, errorOffset }: Detection, bytes: Uint8Array): Name | undefined {
  const told = frame.status === Status.frameLength ? readFrameLength(framing, bytes, 0) : -1;
  const missing = told - (bytes.length - frameLengthBytes(framing));
  const inside = view.errorField >= 2 && view.status !== Status.truncated && view.status !== Status.ok;
  if (told < 0 || !inside || Math.abs(missing) > SLIP_MAX) return undefined;
  const count = Math.abs(missing);
  const zh = `${missing > 0 ? '少了' : '多了'}${count}字节，很可能在偏移${errorOffset}之前；请先查看上面各域的长度`;
  const en = `${count} ${count === 1 ? 'byte is' : 'bytes are'} ${missing > 0 ? 'missing' : 'too many'}, very likely before offset ${errorOffset}; look at the fields above, their lengths first`;
  return { zh, en };
}

/** Bytes that could not be decoded and begin with digits in another form than the dialect's message type. */
function otherForm({ status, view, plan }: Detection, bytes: Uint8Array): Name | undefined {
  if (status === Status.ok || bytes.length < 4) return undefined;
  const digits = (zero: number): boolean => bytes.subarray(0, 4).every(byte => byte >= zero && byte <= zero + 9);
  const form = digits(0x30) ? 'ascii' : digits(0xf0) ? 'ebcdic' : 'bcd';
  const typeRead = form === 'bcd' && view.end > view.start;
  if (form === plan.source.mti || typeRead) return undefined;
  const { zh, en } = BEGINNINGS[form];
  return {
    zh: `${zh}，与本规范的消息类型不同；请用 --dialect 指定其他规范`,
    en: `${en}, unlike a message type of this dialect; name another one with --dialect`,
  };
}

const NO_HEAD: Name = {
  zh: '开头不像报文（消息类型未知，或帧长、报文头与位图都不对）；报文中间的一段可能含有卡号，因此不显示；--clear 可查看',
  en: 'they do not begin as a message does (no known message type, or frame length, header and bitmap do not fit); a piece of a message may hold a card number, so nothing of it is shown; --clear shows it',
};
/** First byte of a TPDU, and of a header: 60, in the field also 61. */
const TPDU_ID = 0x60;
const HEADER_IDS: readonly number[] = [0x60, 0x61];

/** A piece out of the middle of a message: what would be taken for its head may be digits of a card number. */
function noHead({ status, view, frame, errorField }: Detection, bytes: Uint8Array): Name | undefined {
  if (status === Status.ok) return undefined;
  if (view.end <= view.start) return NO_HEAD;
  if (frame.tpdu >= 0 && bytes[frame.tpdu] !== TPDU_ID) return NO_HEAD;
  if (frame.header >= 0 && !HEADER_IDS.includes(bytes[frame.header])) return NO_HEAD;
  const words = describeMti(mtiText(view.mti));
  const known = words.version && words.class && words.function && words.origin;
  // A length that is wrong before a message that was only cut at its end is no reason; before a bitmap of nonsense, or with no TPDU and no
  // header behind it, it is.
  const bare = frame.tpdu < 0 && frame.header < 0;
  const nonsense = bare || errorField < 2 || status === Status.unknownField || view.status === Status.unknownField;
  return known && !(frame.status === Status.frameLength && nonsense) ? undefined : NO_HEAD;
}

/** What is told of bytes that are written another way: nothing of what they were taken for. */
function foreignText({ status, errorOffset }: Detection, hint: Name, lang: Lang): string {
  const words = StatusText[status];
  return [
    `${words.name}: ${TEXTS.offset[lang]} ${errorOffset}: ${words[lang]}`,
    '',
    `${TEXTS.hint[lang]}: ${hint[lang]}`,
  ].join('\n');
}

const BEGINNINGS: Readonly<Record<'bcd' | 'ascii' | 'ebcdic', Name>> = {
  ascii: { zh: '报文以ASCII数字开头', en: 'the bytes begin with ASCII digits' },
  ebcdic: { zh: '报文以EBCDIC数字开头', en: 'the bytes begin with EBCDIC digits' },
  bcd: { zh: '报文不是以字符数字开头', en: 'the bytes do not begin with digits as characters' },
};
