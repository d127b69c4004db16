import { ownedBytes } from '../card/owned.ts';
import { maskPanBytes } from '../card/mask.ts';
import { FieldValue, type Unit } from '../iso8583/field-value.ts';
import { bitmapsOf } from '../iso8583/bitmaps.ts';
import type { MessageView } from '../iso8583/message-view.ts';
import { FIELD_MAX, fieldClass, type FieldClass, type FieldPlan, type Name } from '../iso8583/plan.ts';
import { mtiText, subfieldsOf, type Reading, type SubfieldValue } from '../iso8583/subfields.ts';
import { formatAmount } from '../units.ts';
import { fromEbcdic } from '../wire/ebcdic.ts';
import { columnsOf } from '../wire/gbk.ts';
import { hexDigit } from '../wire/hex.ts';

export type Lang = 'zh' | 'en';

export interface DescribeOptions {
  /** Shows card data as it is. Only for test data on a person's own screen. */
  readonly clear: boolean;
  readonly lang: Lang;
}

/** One line of a described message with what belongs to it. */
export interface TreeNode {
  /** Field number, part number or tag; `MTI` for the message type. */
  readonly key: string;
  readonly name: string;
  /** Value, masked value or mark. */
  readonly value: string;
  /** What the value means; empty when the dialect does not say. */
  readonly note: string;
  readonly children: readonly TreeNode[];
}

export interface Tree {
  readonly nodes: readonly TreeNode[];
}

const AMOUNT_FIELD = 4;
/** Long enough for the 20-digit account number of a batch detail and for any PAN in chip data. */
const PAN_SCRATCH_LENGTH = 64;
/** Account numbers in wider, zero-filled places keep at least this many digits when the zeros go. */
const PAN_LENGTH_MIN = 12;
const NAME_COLUMNS_MAX = 36;
const VALUE_COLUMNS_MAX = 48;

const MTI_CLASS: Readonly<Record<string, Name>> = {
  '1': { zh: '授权', en: 'authorisation' },
  '2': { zh: '金融', en: 'financial' },
  '3': { zh: '批上送', en: 'batch upload' },
  '4': { zh: '冲正', en: 'reversal' },
  '5': { zh: '批结算', en: 'settlement' },
  '6': { zh: '通知', en: 'administrative' },
  '8': { zh: '网络管理', en: 'network management' },
};
const MTI_FUNCTION: Readonly<Record<string, Name>> = {
  '0': { zh: '请求', en: 'request' },
  '1': { zh: '应答', en: 'response' },
  '2': { zh: '通知', en: 'advice' },
  '3': { zh: '通知应答', en: 'advice response' },
};
const WORDS = {
  mti: { zh: '消息类型', en: 'message type' },
  incomplete: { zh: '不完整', en: 'incomplete' },
} as const satisfies Record<string, Name>;
const BITMAPS: readonly Name[] = [
  { zh: '位图', en: 'bitmap' },
  { zh: '第二位图', en: 'second bitmap' },
  { zh: '第三位图', en: 'third bitmap' },
];
const UNITS: Readonly<Record<Unit, Name>> = {
  digit: { zh: '位', en: 'digits' },
  character: { zh: '字符', en: 'characters' },
  byte: { zh: '字节', en: 'bytes' },
};
const CLASS_WORDS: Readonly<Record<FieldClass, Name>> = {
  private: { zh: '已隐藏', en: 'hidden' },
  public: { zh: '公开', en: 'public' },
  pan: { zh: '主账号', en: 'account number' },
  track: { zh: '磁道', en: 'track' },
  expiry: { zh: '有效期', en: 'expiry' },
  pin: { zh: 'PIN', en: 'PIN' },
  key: { zh: '密钥', en: 'key' },
  mac: { zh: 'MAC', en: 'MAC' },
};

/**
 * A decoded message as a tree for people: fields in order with names, values, sub-fields, chip tags. Without `clear`
 * only values of class `public` are shown; account numbers as 6+4, everything else as a mark with its length. After a
 * decoding error the tree holds the fields before it.
 */
export function describeMessage(plan: FieldPlan, message: MessageView, options: DescribeOptions): Tree {
  const { lang } = options;
  const nodes: TreeNode[] = [];
  if (message.end > message.start) {
    const mti = mtiText(message.mti);
    const words = [MTI_CLASS[mti[1]], MTI_FUNCTION[mti[2]]].filter(word => word !== undefined);
    nodes.push(leaf('MTI', WORDS.mti[lang], mti, words.map(word => word[lang]).join(lang === 'zh' ? '' : ' ')));
  }
  bitmapsOf(message).forEach((bitmap, i) => nodes.push(leaf('', BITMAPS[i][lang], bitmap.text, '')));
  for (let field = 2; field <= FIELD_MAX; field++) {
    if (message.has(field)) nodes.push(fieldNode(plan, message, field, options));
  }
  return { nodes };
}

/**
 * A field's value in the form that a message builder takes (digits, text, upper-case hex), with every hidden character
 * replaced by `*`, so that length and shape stay. Parts of class `public` inside a hidden field are shown, and so are
 * the tags and lengths of chip data. With `clear` nothing is replaced.
 */
export function maskedText(plan: FieldPlan, message: MessageView, field: number, clear: boolean): string {
  const masker = new Masker(message, field);
  const whole = fieldClass(plan, field);
  const size = message.size(field);
  if (clear) return masker.shown(0, size);
  if (whole === 'pan') return masker.pan(0, size);
  const parts = subfieldsOf(plan, message, field);
  if (parts.length === 0) return whole === 'public' ? masker.shown(0, size) : masker.hidden(size);
  return masker.compose(parts, 0, size, whole === 'public');
}

/** The tree as text, one line a node: indentation, key, name, value and meaning in aligned columns. */
export function renderTree(tree: Tree): string {
  const rows: { head: string; name: string; value: string; note: string }[] = [];
  const visit = (nodes: readonly TreeNode[], depth: number): void => {
    for (const node of nodes) {
      rows.push({ head: '  '.repeat(depth) + node.key, name: node.name, value: node.value, note: node.note });
      visit(node.children, depth + 1);
    }
  };
  visit(tree.nodes, 0);
  const width = (pick: (row: (typeof rows)[number]) => string, most: number): number =>
    rows.reduce((widest, row) => Math.max(widest, Math.min(most, columnsOf(pick(row)))), 0);
  const heads = width(row => row.head, NAME_COLUMNS_MAX);
  const names = width(row => row.name, NAME_COLUMNS_MAX);
  const values = width(row => (row.note === '' ? '' : row.value), VALUE_COLUMNS_MAX);
  return rows
    .map(row => `${fill(row.head, heads)}  ${fill(row.name, names)}  ${fill(row.value, values)}  ${row.note}`.trimEnd())
    .join('\n');
}

function fill(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)));
}

function leaf(key: string, name: string, value: string, note: string): TreeNode {
  return { key, name, value, note, children: [] };
}

function fieldNode(plan: FieldPlan, message: MessageView, field: number, options: DescribeOptions): TreeNode {
  const { clear, lang } = options;
  const source = plan.source.fields[field];
  const parts = subfieldsOf(plan, message, field);
  const size = message.size(field);
  const masker = new Masker(message, field);
  let value: string;
  if (clear) value = masker.shown(0, size);
  else if (source.class === 'pan') value = masker.pan(0, size);
  else if (source.class === 'public')
    value = parts.every(isOpen) ? masker.shown(0, size) : maskedText(plan, message, field, false);
  else value = mark(parts.length === 0 ? source.class : undefined, size, masker.unit, lang);
  let note = '';
  if (clear || source.class === 'public') {
    note = source.values?.[message.text(field)]?.[lang] ?? '';
    if (field === AMOUNT_FIELD && message.amountMinor(field) >= 0) note = formatAmount(message.amountMinor(field));
    if (clear && source.class === 'mac') note = printable(message, field);
  }
  return {
    key: String(field),
    name: source.name[lang],
    value,
    note,
    children: parts.map(part => partNode(message, field, part, options)),
  };
}

function partNode(message: MessageView, field: number, part: SubfieldValue, options: DescribeOptions): TreeNode {
  const { clear, lang } = options;
  const masker = new Masker(message, field);
  const open = clear || part.class === 'public';
  let value: string;
  if (part.children.length > 0 && !clear) value = '';
  else if (open) value = part.text;
  else if (part.class === 'pan') value = masker.pan(part.from, part.size, part.reading).replace(/F$/, '');
  else value = mark(part.class, part.size, masker.unit, lang);
  return {
    key: part.id,
    name: part.name[lang],
    value,
    note: part.whole ? (open ? (part.meaning?.[lang] ?? '') : '') : WORDS.incomplete[lang],
    children: part.children.map(child => partNode(message, field, child, options)),
  };
}

function isOpen(part: SubfieldValue): boolean {
  return part.class === 'public' && part.children.every(isOpen);
}

/** `[track, 37 digits]`; without a class only the length, for a value whose pieces follow. */
function mark(hidden: FieldClass | undefined, size: number, unit: Unit, lang: Lang): string {
  const length =
    lang === 'zh' ? `${size}${UNITS[unit].zh}` : `${size} ${size === 1 ? UNITS[unit].en.slice(0, -1) : UNITS[unit].en}`;
  if (hidden === undefined) return `[${length}]`;
  return `[${CLASS_WORDS[hidden][lang]}${lang === 'zh' ? ' ' : ', '}${length}]`;
}

function printable(message: MessageView, field: number): string {
  const bytes = message.bytes(field);
  return bytes.every(byte => byte >= 0x20 && byte < 0x7f) ? `"${String.fromCharCode(...bytes)}"` : '';
}

/** Writes stretches of one value shown, hidden or as 6+4. Hidden stretches never become a string. */
class Masker {
  readonly unit: Unit;
  private readonly value: FieldValue;

  constructor(view: MessageView, field: number) {
    this.value = new FieldValue(view, field);
    this.unit = this.value.unit;
  }

  shown(from: number, size: number): string {
    return this.value.text(from, size);
  }

  hidden(size: number): string {
    return '*'.repeat(this.unit === 'byte' ? size * 2 : size);
  }

  /**
   * 6+4. Zeros that fill a wider place in front and F nibbles behind are not part of the number. In bytes the number is
   * packed, unless they are read as text.
   */
  pan(from: number, size: number, reading: Reading = 'hex'): string {
    const packed = this.unit === 'byte' && reading === 'hex';
    let count = packed ? size * 2 : size;
    if (count > PAN_SCRATCH_LENGTH) return this.hidden(size);
    const digits = ownedBytes(PAN_SCRATCH_LENGTH);
    for (let i = 0; i < count; i++) {
      const code = this.value.at(from + (packed ? i >> 1 : i));
      if (packed) digits[i] = hexDigit((i & 1) === 0 ? code >> 4 : code & 0x0f);
      else digits[i] = this.unit === 'byte' && reading === 'ebcdic' ? fromEbcdic(code) : code;
    }
    const all = count;
    while (count > 0 && digits[count - 1] === 0x46) count--;
    let zeros = 0;
    while (count > 19 && zeros < count - PAN_LENGTH_MIN && digits[zeros] === 0x30) zeros++;
    const text =
      '0'.repeat(zeros) + maskPanBytes(digits.subarray(zeros, count), count - zeros) + 'F'.repeat(all - count);
    digits.fill(0);
    return text;
  }

  /** The stretch `[from, end)` with the given pieces in it; what lies between pieces is shown when `openGaps`. */
  compose(parts: readonly SubfieldValue[], from: number, end: number, openGaps: boolean): string {
    let text = '';
    let at = from;
    const gap = (to: number): void => {
      if (to > at) text += openGaps ? this.shown(at, to - at) : this.hidden(to - at);
      at = Math.max(at, to);
    };
    for (const part of parts) {
      gap(part.headFrom);
      const { from: value, size } = part;
      text += this.shown(part.headFrom, value - part.headFrom);
      if (part.children.length > 0) text += this.compose(part.children, value, value + size, false);
      else if (part.class === 'public') text += this.shown(value, size);
      else text += part.class === 'pan' ? this.pan(value, size) : this.hidden(size);
      at = value + size;
    }
    gap(end);
    return text;
  }
}
