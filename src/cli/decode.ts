import { Option, type Command } from 'commander';
import { failed, fault, faultText, ok, type Fault, type Result } from '../fault.ts';
import { detectMessage, type Detection } from '../iso8583/detect.ts';
import { explainDetection, type Explanation } from '../iso8583/explain.ts';
import { HEADER_LENGTH, TPDU_LENGTH, frameLengthBytes, readFrameLength, requirementOf } from '../iso8583/frame.ts';
import { FIELD_MAX, compileFieldPlan, type DialectOptions, type DialectSource, type Name } from '../iso8583/plan.ts';
import { Status, StatusText } from '../iso8583/status.ts';
import { mtiText } from '../iso8583/subfields.ts';
import { namedProfile } from '../node/profiles.ts';
import { isObject, readMerged } from '../profile/source.ts';
import { describeMessage, maskedText, renderTree, type Lang } from '../trace/describe.ts';
import { markedRows, publicNibbles } from '../trace/hex-rows.ts';
import { toHex } from '../wire/hex.ts';
import { readInput, type InputRim } from './decode-input.ts';

const EXIT_USAGE = 2;
const EXIT_NOT_DECODED = 3;
/** Findings that are shown with their place in the hex; a badly damaged value may give hundreds. */
const FINDINGS_SHOWN_MAX = 20;
/** Bytes that get lost or doubled on a line; a greater difference is a message that was cut. */
const SLIP_MAX = 4;

/** What the command needs from outside. */
export interface DecodeRim extends InputRim {
  loadDialect(id: string): Result<DialectSource> | Promise<Result<DialectSource>>;
  print(text: string): void;
  printError(text: string): void;
  setExit(code: number): void;
}

interface DecodeFlags {
  readonly file?: string;
  readonly text?: string;
  readonly profile: string;
  readonly dialect?: string;
  readonly option: readonly string[];
  readonly clear: boolean;
  readonly json: boolean;
  readonly lang: Lang;
}

/** Adds `decode`: one message from hex, text or binary, explained field by field, with everything that is wrong in it. */
export function register(program: Command, rim: DecodeRim): void {
  program
    .command('decode')
    .description('explain one ISO 8583 message: framing, fields, sub-fields, chip tags, and what is wrong in it')
    .argument(
      '[hex...]',
      'the message as hex; spaces, 0x, offsets and a hex dump are understood; - or nothing reads stdin',
    )
    .option('-f, --file <path>', 'read the message from a file, hex, text or binary; - is stdin')
    .option('-t, --text <characters>', 'the message as characters, for dialects that are written so; \\xHH is any byte')
    .option('-p, --profile <id>', 'profile whose dialect is used', 'unionpay-pos')
    .addOption(
      new Option(
        '-d, --dialect <name|file>',
        'a dialect instead of a profile: a name such as iso8583-1987-ascii, or a file that ends in .json',
      ).conflicts('profile'),
    )
    .option(
      '-o, --option <name=choice>',
      'read the message with this choice of a dialect option; may be given again for others',
      (value: string, before: readonly string[]) => [...before, value],
      [] as readonly string[],
    )
    .option('--clear', 'show card data, PIN blocks and keys as they are (test data only)', false)
    .option('--json', 'print one JSON object', false)
    .addOption(new Option('--lang <lang>', 'language of names').choices(['zh', 'en']).default('en'))
    .addHelpText(
      'after',
      '\nExit status: 0 decoded to the last byte (what is wrong inside a field is a warning), 2 usage, 3 not decoded.',
    )
    .action(async (hex: string[], flags: DecodeFlags) => {
      rim.setExit(await decode(hex, flags, rim));
    });
}

async function decode(hex: readonly string[], flags: DecodeFlags, rim: DecodeRim): Promise<number> {
  const usage = (problem: Fault): number => {
    rim.printError(faultText(problem));
    return EXIT_USAGE;
  };
  const loaded =
    flags.dialect === undefined ? await rim.loadDialect(flags.profile) : await dialectNamed(flags.dialect, rim);
  if (!loaded.ok) return usage(loaded.fault);
  const chosen = chosenOptions(flags.option);
  if (!chosen.ok) return usage(chosen.fault);
  const dialect = withChoices(loaded.value, chosen.value);
  if (!dialect.ok) return usage(dialect.fault);
  const input = await readInput({ hex, file: flags.file, text: flags.text }, dialect.value.mti, rim);
  if (!input.ok) return usage(input.fault);
  let best: { readonly found: Detection; readonly bytes: Uint8Array } | undefined;
  for (const bytes of input.value) {
    const detected = detectMessage(dialect.value, bytes);
    if (!detected.ok) return usage(detected.fault);
    const found = detected.value;
    if (best === undefined || (best.found.status !== Status.ok && progress(found) > progress(best.found))) {
      best = { found, bytes };
    }
  }
  if (best === undefined) return EXIT_USAGE;
  const report = reportOf(best.found, best.bytes, chosen.value, loaded.value, flags);
  rim.print(flags.json ? jsonText(report) : plainText(report));
  return best.found.status === Status.ok ? 0 : EXIT_NOT_DECODED;
}

/** How much of a message was understood: all of it, or so many bytes of its body. */
function progress(found: Detection): number {
  return found.status === Status.ok ? Number.POSITIVE_INFINITY : found.view.end - found.view.start;
}

/** The dialect of a base of the shipped profiles, of a whole profile, or of a file. */
async function dialectNamed(text: string, rim: DecodeRim): Promise<Result<DialectSource>> {
  const named = namedProfile(text);
  const name = named.isFile ? named.id : `base/${named.id}`;
  const there = named.read(name);
  if (!there.ok) {
    if (there.fault.code !== 'E_NOEXIST' || named.isFile) return there;
    const profile = await rim.loadDialect(text);
    if (profile.ok) return profile;
    const cause = `there is no dialect "${text}"`;
    const remedy = 'Name a file of firmware-profiles/base without its ending, a profile, or a path that ends in .json';
    return failed(fault('E_NOEXIST', 'unknown-dialect', cause, remedy));
  }
  const merged = readMerged(name, source => named.read(source));
  if (!merged.ok) return merged;
  const { value } = merged.value;
  const dialect = isObject(value.dialect) ? value.dialect : value;
  if (!Object.hasOwn(dialect, 'fields')) {
    const remedy = 'Write { "dialect": { "framing": …, "fields": … } }, or name another file';
    return failed(fault('E_ILLEGAL', 'no-dialect', `${text} holds no dialect`, remedy));
  }
  // Its shape is checked where it is compiled.
  return ok(dialect as unknown as DialectSource);
}

function chosenOptions(texts: readonly string[]): Result<DialectOptions> {
  const chosen: Record<string, string> = {};
  for (const text of texts) {
    const equals = text.indexOf('=');
    if (equals < 1) {
      const cause = `--option ${text} names no choice`;
      return failed(fault('E_ILLEGAL', 'bad-option', cause, 'Write --option name=choice, e.g. --option field48=text'));
    }
    chosen[text.slice(0, equals)] = text.slice(equals + 1);
  }
  return ok(chosen);
}

/** The dialect with choices made for good, so that no other ones are tried. */
function withChoices(source: DialectSource, chosen: DialectOptions): Result<DialectSource> {
  const plan = compileFieldPlan(source, chosen);
  if (!plan.ok) return plan;
  if (Object.keys(chosen).length === 0) return ok(source);
  const open = Object.entries(source.options).filter(([name]) => !Object.hasOwn(chosen, name));
  // Of the others only their default would be in the plan's fields; they stay free to be tried.
  const fixed = compileFieldPlan({ ...source, options: pick(source.options, Object.keys(chosen)) }, chosen);
  if (!fixed.ok) return fixed;
  return ok({ ...source, fields: fixed.value.source.fields, options: Object.fromEntries(open) });
}

function pick<T>(from: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(names.map(name => [name, from[name]]));
}

/** Everything that is told about a message, in whatever form. */
interface Report {
  readonly found: Detection;
  readonly bytes: Uint8Array;
  readonly problems: readonly Explanation[];
  /** Options that differ from the dialect's own defaults. */
  readonly options: DialectOptions;
  /** The bytes are written another way than the dialect says: nothing that was read of them means anything. */
  readonly foreign: Name | undefined;
  readonly flags: DecodeFlags;
}

function reportOf(
  found: Detection,
  bytes: Uint8Array,
  chosen: DialectOptions,
  source: DialectSource,
  flags: DecodeFlags,
): Report {
  const options: Record<string, string> = { ...found.options };
  for (const [name, choice] of Object.entries(chosen)) {
    if (source.options[name].default !== choice) options[name] = choice;
  }
  const problems = explainDetection(found, bytes);
  return { found, bytes, problems, options, foreign: otherForm(found, bytes), flags };
}

function jsonText({ found, bytes, problems, options, foreign, flags }: Report): string {
  const { view, plan, frame } = found;
  const { lang } = flags;
  const fields: Record<string, string> = {};
  // Characters of a card number read as something else would pass for public values.
  const shown = foreign === undefined || flags.clear;
  for (let field = 2; field <= FIELD_MAX; field++) {
    if (shown && view.has(field)) fields[field] = maskedText(plan, view, field, flags.clear);
  }
  const report: Record<string, unknown> = {
    mti: view.end > view.start ? mtiText(view.mti) : null,
    tpdu: frame.tpdu < 0 ? null : toHex(bytes, frame.tpdu, frame.tpdu + TPDU_LENGTH),
    header: frame.header < 0 ? null : toHex(bytes, frame.header, frame.header + HEADER_LENGTH),
    fields,
    options,
  };
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
  unread: { zh: '未读的域', en: 'not read' },
  hint: { zh: '提示', en: 'hint' },
} as const satisfies Record<string, Name>;

function plainText({ found, bytes, problems, options, foreign, flags }: Report): string {
  const { lang } = flags;
  if (foreign !== undefined && !flags.clear) return foreignText(found, foreign, lang);
  const { frame, framing, view, plan } = found;
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
  const tree = renderTree(describeMessage(plan, view, { clear: flags.clear, lang }));
  if (tree !== '') lines.push('', tree);
  const shown = flags.clear ? new Uint8Array(bytes.length * 2).fill(1) : publicNibbles(plan, view);
  for (const problem of problems.slice(0, FINDINGS_SHOWN_MAX)) {
    lines.push('', ...problemLines(problem, lang), '', ...markedRows(bytes, shown, problem.mark));
  }
  const more = problems.length - FINDINGS_SHOWN_MAX;
  if (more > 0) lines.push('', lang === 'zh' ? `另有${more}处` : `and ${more} more`);
  const unread = found.status === Status.ok ? [] : unreadFields(found);
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

/** Fields that the bitmap names and that were not reached. */
function unreadFields({ view }: Detection): readonly number[] {
  const fields: number[] = [];
  for (let field = 2; field <= FIELD_MAX; field++) if (view.announced(field) && !view.has(field)) fields.push(field);
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
