import { bitmapsOf } from './bitmaps.ts';
import { UNKNOWN } from './division.ts';
import { Doubt } from './doubt.ts';
import { FieldValue, unitOf, type Unit } from './field-value.ts';
import { maskedPart, maskedText } from './mask.ts';
import type { MessageView } from './message-view.ts';
import { describeMti } from './mti.ts';
import { FIELD_MAX, type FieldClass, type Name } from './plan.ts';
import { mtiText, subfieldsOf, type SubfieldValue } from './subfields.ts';
import { formatAmount } from '../units.ts';
import { columnsOf } from '../wire/gbk.ts';

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
const NAME_COLUMNS_MAX = 36;
const VALUE_COLUMNS_MAX = 48;

/** What lines of terminals call classes of messages, where the standard has another word. */
const LINE_CLASS: Readonly<Record<string, Name>> = {
  '3': { zh: '批上送', en: 'batch upload' },
  '5': { zh: '批结算', en: 'settlement' },
  '6': { zh: '通知', en: 'administrative' },
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
const CLASS_WORDS: Readonly<Record<Exclude<FieldClass, 'public'> | 'doubtful', Name>> = {
  private: { zh: '已隐藏', en: 'hidden' },
  doubtful: { zh: '存疑', en: 'doubtful' },
  pan: { zh: '主账号', en: 'account number' },
  track: { zh: '磁道', en: 'track' },
  expiry: { zh: '有效期', en: 'expiry' },
  pin: { zh: 'PIN', en: 'PIN' },
  key: { zh: '密钥', en: 'key' },
  mac: { zh: 'MAC', en: 'MAC' },
};

/**
 * A decoded message as a tree for people: fields in order with names, values, sub-fields, chip tags. Without `clear`
 * only values of class `public` are shown; account numbers as 6+4, everything else as a mark with its length, and so is
 * what is doubtful. After a decoding error the tree holds the fields before it.
 */
export function describeMessage(view: MessageView, options: DescribeOptions, doubt: Doubt = new Doubt(view)): Tree {
  return { nodes: new Description(view, options, doubt).nodes() };
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

class Description {
  private readonly view: MessageView;
  private readonly clear: boolean;
  private readonly lang: Lang;
  private readonly doubt: Doubt;

  constructor(view: MessageView, { clear, lang }: DescribeOptions, doubt: Doubt) {
    this.view = view;
    this.clear = clear;
    this.lang = lang;
    this.doubt = doubt;
  }

  nodes(): readonly TreeNode[] {
    const { view, lang } = this;
    const nodes: TreeNode[] = [];
    if (view.end > view.start) {
      const mti = mtiText(view.mti);
      const { class: about, function: what } = describeMti(mti);
      const words = [LINE_CLASS[mti[1]] ?? about, what].filter(word => word !== undefined);
      nodes.push(leaf('MTI', WORDS.mti[lang], mti, words.map(word => word[lang]).join(lang === 'zh' ? '' : ' ')));
    }
    bitmapsOf(view).forEach(({ text }, i) => {
      const shown = this.clear || i === 0 || !this.doubt.bitmaps;
      nodes.push(leaf('', BITMAPS[i][lang], shown ? text : '*'.repeat(text.length), ''));
    });
    for (let field = 2; field <= FIELD_MAX; field++) if (view.has(field)) nodes.push(this.field(field));
    return nodes;
  }

  private field(field: number): TreeNode {
    const { view, clear, lang } = this;
    const { plan } = view;
    const source = plan.source.fields[field];
    const size = view.size(field);
    const trusted = clear ? Number.POSITIVE_INFINITY : this.doubt.trusted(field);
    // What stands in the wrong place has no parts.
    const parts = !clear && trusted === 0 && field >= this.doubt.from ? [] : subfieldsOf(plan, view, field);
    let value: string;
    if (clear) value = new FieldValue(view, field).text(0, size);
    else if (trusted > 0 && (source.class === 'pan' || source.class === 'public')) {
      value = maskedText(view, field, this.doubt);
    } else value = mark(parts.length === 0 ? this.hiddenAs(source.class) : undefined, size, unitOf(plan, field), lang);
    let note = '';
    if (clear || (source.class === 'public' && size <= trusted)) {
      note = source.values?.[view.text(field)]?.[lang] ?? '';
      if (field === AMOUNT_FIELD && view.amountMinor(field) >= 0) note = formatAmount(view.amountMinor(field));
      if (clear && source.class === 'mac') note = printable(view, field);
    }
    const children = parts.map(part => this.part(field, part, trusted));
    return { key: String(field), name: source.name[lang], value, note, children };
  }

  private part(field: number, part: SubfieldValue, trusted: number): TreeNode {
    const { view, clear, lang } = this;
    const right = part.from + part.size <= trusted;
    const open = clear || (right && part.class === 'public');
    let value: string;
    if (part.children.length > 0 && !clear) value = '';
    else if (open) value = part.text;
    else if (right && part.class === 'pan') value = maskedPart(view, field, part, this.doubt).replace(/F$/, '');
    else value = mark(this.hiddenAs(part.class), part.size, unitOf(view.plan, field), lang);
    return {
      // The tag of something unknown in the wrong place may be digits of a card.
      key: right || part.name !== UNKNOWN ? part.id : '?',
      name: part.name[lang],
      value,
      note: part.whole ? (open ? (part.meaning?.[lang] ?? '') : '') : WORDS.incomplete[lang],
      children: part.children.map(child => this.part(field, child, trusted)),
    };
  }

  /** What a mark calls a hidden value; that it is public does not tell why it is hidden. */
  private hiddenAs(shownAs: FieldClass): keyof typeof CLASS_WORDS {
    return shownAs === 'public' ? 'doubtful' : shownAs;
  }
}

/** `[track, 37 digits]`; without a class only the length, for a value whose pieces follow. */
function mark(hidden: keyof typeof CLASS_WORDS | undefined, size: number, unit: Unit, lang: Lang): string {
  const length =
    lang === 'zh' ? `${size}${UNITS[unit].zh}` : `${size} ${size === 1 ? UNITS[unit].en.slice(0, -1) : UNITS[unit].en}`;
  if (hidden === undefined) return `[${length}]`;
  return `[${CLASS_WORDS[hidden][lang]}${lang === 'zh' ? ' ' : ', '}${length}]`;
}

function printable(message: MessageView, field: number): string {
  const bytes = message.bytes(field);
  return bytes.every(byte => byte >= 0x20 && byte < 0x7f) ? `"${String.fromCharCode(...bytes)}"` : '';
}
