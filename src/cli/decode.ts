import { Option, type Command } from 'commander';
import { failed, fault, faultText, ok, type Fault, type Result } from '../fault.ts';
import { detectMessage, type Detection } from '../iso8583/detect.ts';
import { HEADER_LENGTH, LENGTH_PREFIX_LENGTH, TPDU_LENGTH, requirementOf } from '../iso8583/frame.ts';
import { BODY_HEAD_LENGTH } from '../iso8583/message-view.ts';
import { FIELD_MAX, fieldClass, type DialectSource } from '../iso8583/plan.ts';
import { Status, StatusText } from '../iso8583/status.ts';
import { mtiText } from '../iso8583/subfields.ts';
import { describeMessage, maskedText, renderTree, type Lang } from '../trace/describe.ts';
import { fromHex, toHex } from '../wire/hex.ts';

const EXIT_USAGE = 2;
const EXIT_NOT_DECODED = 3;
const ROW_LENGTH = 16;
/** Longest input, bytes: a frame's 2-byte length can say no more. */
const INPUT_LENGTH_MAX = 0xffff + LENGTH_PREFIX_LENGTH;

/** What the command needs from outside. */
export interface DecodeRim {
  loadDialect(id: string): Result<DialectSource> | Promise<Result<DialectSource>>;
  readFile(path: string): Result<Uint8Array> | Promise<Result<Uint8Array>>;
  readStdin(): Promise<Uint8Array>;
  print(text: string): void;
  printError(text: string): void;
  setExit(code: number): void;
}

interface DecodeFlags {
  readonly file?: string;
  readonly profile: string;
  readonly clear: boolean;
  readonly json: boolean;
  readonly lang: Lang;
}

/** Adds `decode`: one message from hex or binary, explained field by field. */
export function register(program: Command, rim: DecodeRim): void {
  program
    .command('decode')
    .description('explain one ISO 8583 message: framing, fields, sub-fields, chip tags')
    .argument(
      '[hex...]',
      'the message as hex; spaces, 0x, offsets and a hex dump are understood; - or nothing reads stdin',
    )
    .option('-f, --file <path>', 'read the message from a file, hex or binary; - is stdin')
    .option('-p, --profile <id>', 'profile whose dialect is used', 'unionpay-pos')
    .option('--clear', 'show card data, PIN blocks and keys as they are (test data only)', false)
    .option('--json', 'print one JSON object', false)
    .addOption(new Option('--lang <lang>', 'language of names').choices(['zh', 'en']).default('en'))
    .addHelpText('after', '\nExit status: 0 decoded to the last byte, 2 usage, 3 not decoded.')
    .action(async (hex: string[], flags: DecodeFlags) => {
      rim.setExit(await decode(hex, flags, rim));
    });
}

async function decode(hex: readonly string[], flags: DecodeFlags, rim: DecodeRim): Promise<number> {
  const usage = (problem: Fault): number => {
    rim.printError(faultText(problem));
    return EXIT_USAGE;
  };
  const dialect = await rim.loadDialect(flags.profile);
  if (!dialect.ok) return usage(dialect.fault);
  const input = await readInput(hex, flags.file, rim);
  if (!input.ok) return usage(input.fault);
  const detected = detectMessage(dialect.value, input.value);
  if (!detected.ok) return usage(detected.fault);
  const found = detected.value;
  rim.print(flags.json ? jsonText(found, input.value, flags) : plainText(found, input.value, flags));
  return found.status === Status.ok ? 0 : EXIT_NOT_DECODED;
}

async function readInput(
  hex: readonly string[],
  file: string | undefined,
  rim: DecodeRim,
): Promise<Result<Uint8Array>> {
  const stdin = file === '-' || (file === undefined && (hex.length === 0 || (hex.length === 1 && hex[0] === '-')));
  if (file !== undefined && hex.length > 0) {
    return failed(fault('E_ILLEGAL', 'two-inputs', 'hex and --file were both given', 'Give one of them'));
  }
  if (!stdin && file === undefined) return bounded(parseHex(hex.join('\n')));
  let bytes: Uint8Array;
  if (stdin) {
    bytes = await rim.readStdin();
  } else {
    const read = await rim.readFile(file as string);
    if (!read.ok) return read;
    bytes = read.value;
  }
  return bounded(isText(bytes) ? parseHex(new TextDecoder('latin1').decode(bytes)) : ok(bytes));
}

function bounded(bytes: Result<Uint8Array>): Result<Uint8Array> {
  if (!bytes.ok) return bytes;
  if (bytes.value.length === 0) {
    return failed(fault('E_ILLEGAL', 'no-input', 'no bytes were given', 'Give hex, --file, or bytes on stdin'));
  }
  if (bytes.value.length > INPUT_LENGTH_MAX) {
    const cause = `${bytes.value.length} bytes are more than one frame can have (${INPUT_LENGTH_MAX})`;
    return failed(fault('E_ILLEGAL', 'input-too-long', cause, 'Give one message'));
  }
  return bytes;
}

function isText(bytes: Uint8Array): boolean {
  return bytes.every(byte => byte === 0x0a || byte === 0x0d || byte === 0x09 || (byte >= 0x20 && byte < 0x7f));
}

/**
 * Bytes of a hex text as people have it: spaces, line ends, `0x`, commas and colons between bytes; a hex dump with an
 * offset before each line and characters after it. Fault `bad-hex` names the line.
 */
export function parseHex(text: string): Result<Uint8Array> {
  const lines = text.split(/\r?\n/).filter(line => line.trim() !== '');
  const dump = parseDump(lines);
  if (dump !== undefined) return ok(dump);
  let digits = '';
  for (const [i, line] of lines.entries()) {
    const bare = line.replace(/0[xX]/g, '').replace(/[\s,:;_-]/g, '');
    const wrong = /[^0-9A-Fa-f]/.exec(bare);
    if (wrong !== null) {
      const cause = `line ${i + 1} has ${JSON.stringify(wrong[0])}, which is no hex digit`;
      return failed(fault('E_ILLEGAL', 'bad-hex', cause, 'Give hex digits, a hex dump, or a binary file'));
    }
    digits += bare;
  }
  return fromHex(digits);
}

/** Bytes of a hex dump whose offsets count its own bytes (hexdump -C, xxd, tcpdump -x), or undefined when it is none. */
function parseDump(lines: readonly string[]): Uint8Array | undefined {
  const rows = lines.map(line => /^\s*(?:0x)?([0-9A-Fa-f]{4,8})(:?)(?:\s+(.*))?$/.exec(line));
  const offsets = rows.map(row => Number.parseInt(row?.[1] ?? '', 16));
  // One line without a colon may as well be a message that begins with 0000.
  if (rows.length === 0 || (rows.length === 1 && rows[0]?.[2] !== ':')) return undefined;
  const bytes: number[] = [];
  for (const [i, row] of rows.entries()) {
    if (row === null || offsets[i] !== bytes.length) return undefined;
    // Behind the bytes stand characters, which may look like hex: the next offset says how many bytes there are.
    const width = i + 1 < rows.length ? offsets[i + 1] - offsets[i] : lastRowWidth(row[3] ?? '');
    const columns = /^(?:[0-9A-Fa-f]{2}\s{0,2})*/.exec((row[3] ?? '').replace(/\|.*$/, ''))?.[0] ?? '';
    const digits = columns.replace(/\s/g, '').slice(0, Math.max(0, width) * 2);
    if (digits === '' && (row[3] ?? '') !== '') return undefined;
    for (let at = 0; at < digits.length; at += 2) bytes.push(Number.parseInt(digits.slice(at, at + 2), 16));
  }
  return Uint8Array.from(bytes);
}

/** Bytes that the last row may have: when a full row of 16 is followed by a gap, characters come after it. */
function lastRowWidth(row: string): number {
  const [first, ...more] = row.trim().split(/\s{2,}/);
  const full = first.replace(/\s/g, '').length === ROW_LENGTH * 2;
  return full && more.length > 0 ? ROW_LENGTH : INPUT_LENGTH_MAX + 1;
}

function jsonText(found: Detection, bytes: Uint8Array, flags: DecodeFlags): string {
  const { view, plan } = found;
  const fields: Record<string, string> = {};
  for (let field = 2; field <= FIELD_MAX; field++) {
    if (view.has(field)) fields[field] = maskedText(plan, view, field, flags.clear);
  }
  const report: Record<string, unknown> = {
    mti: view.end > view.start ? mtiText(view.mti) : null,
    tpdu: found.frame.tpdu < 0 ? null : toHex(bytes, found.frame.tpdu, found.frame.tpdu + TPDU_LENGTH),
    header: found.frame.header < 0 ? null : toHex(bytes, found.frame.header, found.frame.header + HEADER_LENGTH),
    fields,
    options: found.options,
  };
  if (found.status !== Status.ok) {
    const words = StatusText[found.status];
    report.error = {
      status: words.name,
      field: found.errorField,
      offset: found.errorOffset,
      message: words[flags.lang],
    };
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
} as const;

function plainText(found: Detection, bytes: Uint8Array, flags: DecodeFlags): string {
  const { lang } = flags;
  const { frame, framing, view } = found;
  const parts: string[] = [];
  if (framing.length) parts.push(`${TEXTS.length[lang]} ${(bytes[0] << 8) | bytes[1]}`);
  if (frame.tpdu >= 0) parts.push(`TPDU ${toHex(bytes, frame.tpdu, frame.tpdu + TPDU_LENGTH)}`);
  if (frame.header >= 0) {
    const required = requirementOf(bytes, frame.header);
    const header = `${TEXTS.header[lang]} ${toHex(bytes, frame.header, frame.header + HEADER_LENGTH)}`;
    parts.push(required === 0 ? header : `${header} (${TEXTS.requirement[lang]} ${required})`);
  }
  parts.push(`${TEXTS.body[lang]} ${view.end - view.start}`);
  const lines = [`${TEXTS.framing[lang]}: ${parts.join(' | ')}`];
  const options = Object.entries(found.options).map(([name, choice]) => `${name}=${choice}`);
  if (options.length > 0) lines.push(`${TEXTS.options[lang]}: ${options.join(', ')}`);
  const tree = renderTree(describeMessage(found.plan, view, { clear: flags.clear, lang }));
  if (tree !== '') lines.push('', tree);
  if (found.status !== Status.ok) {
    const words = StatusText[found.status];
    const { errorField: field, errorOffset: offset } = found;
    const where = field >= 2 ? `${TEXTS.field[lang]} ${field}, ` : '';
    lines.push('', `${words.name}: ${where}${TEXTS.offset[lang]} ${offset}: ${words[lang]}`, '');
    lines.push(...markedRows(found, bytes, flags.clear));
  }
  return lines.join('\n');
}

/** The rows around the error as hex with a mark under it. Bytes that are not known to be public show as `**`. */
function markedRows(found: Detection, bytes: Uint8Array, clear: boolean): readonly string[] {
  const visible = new Uint8Array(bytes.length).fill(clear ? 1 : 0);
  const { view, plan, errorOffset } = found;
  visible.fill(1, 0, Math.min(bytes.length, view.start + BODY_HEAD_LENGTH));
  for (let field = 2; field <= FIELD_MAX; field++) {
    if (!view.has(field)) continue;
    const at = view.offset(field);
    const shown = fieldClass(plan, field) === 'public' ? view.length(field) : 0;
    visible.fill(1, at - plan.lengthBytes[field], at + shown);
  }
  if (errorOffset < bytes.length) visible[errorOffset] = 1;
  const row = Math.min(errorOffset, bytes.length - 1) - (Math.min(errorOffset, bytes.length - 1) % ROW_LENGTH);
  const lines: string[] = [];
  for (let at = Math.max(0, row - ROW_LENGTH); at <= row + ROW_LENGTH && at < bytes.length; at += ROW_LENGTH) {
    const cells: string[] = [];
    for (let i = at; i < Math.min(at + ROW_LENGTH, bytes.length); i++) {
      cells.push(visible[i] === 1 ? toHex(bytes, i, i + 1) : '**');
    }
    lines.push(`${at.toString(16).toUpperCase().padStart(4, '0')}: ${cells.join(' ')}`);
    if (at === row) lines.push(`${' '.repeat(6 + 3 * (errorOffset - at))}^^`);
  }
  return lines;
}
