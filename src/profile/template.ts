import { formatAmount } from '../units.ts';
import { columnsOf, fit, fitEnd, padEnd, padStart } from './columns.ts';
import { PLACEHOLDERS, type Placeholder, type PlaceholderName } from './placeholders.ts';

/**
 * Screen lines with variable parts. `{name}` is replaced by a value; `{name:>11}` right-aligns it in 11 columns, `<`
 * left-aligns; a character before the arrow fills instead of blanks (`{count:0>3}` → `012`); a comma after the name puts
 * commas between thousands (`{amount,:>10}`).
 */
const PLACEHOLDER = /\{([A-Za-z]+)(,?)(?::(.?)([<>])(\d{1,2}))?\}/g;

interface Slot {
  readonly name: PlaceholderName;
  readonly kind: Placeholder['kind'];
  /** Stands before the ids of its words. */
  readonly prefix: string;
  readonly grouped: boolean;
  readonly filler: string;
  readonly arrow: '<' | '>';
  readonly width: number;
}

/** A fixed text or a variable part. */
type Piece = string | Slot;

/** Columns that a cut value keeps at least: the mark and some of its end. */
const KEPT_COLUMNS_MIN = 4;

/** Values of one screen, by placeholder. */
export type Values = Readonly<Record<string, string | number>>;

export interface RenderedLines {
  /** New, and the caller's. */
  readonly lines: string[];
  /** Index of the first line in which something other than a name or a row of stars lost characters, or -1. */
  readonly cutLine: number;
}

/** Text of a word of the profile, or undefined when there is none with that id. */
export type WordOf = (id: string) => string | undefined;

/** A line of a screen, taken apart. */
interface Line {
  readonly pieces: readonly Piece[];
  /** As it is shown, when nothing of it is variable. */
  readonly fixed: string | undefined;
  /** Columns of {@link fixed} with the blanks at its end. */
  readonly columns: number;
}

/** The lines of a screen, taken apart once: it is drawn again with every key. */
const known = new WeakMap<readonly string[], readonly Line[]>();

function linesOf(templates: readonly string[]): readonly Line[] {
  let lines = known.get(templates);
  if (!lines) known.set(templates, (lines = templates.map(lineOf)));
  return lines;
}

function lineOf(template: string): Line {
  const pieces = splitPieces(template);
  const fixed = pieces.every(piece => typeof piece === 'string') ? pieces.join('') : undefined;
  return { pieces, fixed: fixed?.trimEnd(), columns: columnsOf(fixed ?? '') };
}

function splitPieces(template: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of template.matchAll(PLACEHOLDER)) {
    if (match.index > from) pieces.push(template.slice(from, match.index));
    const [whole, name, comma, filler, arrow, width] = match;
    const placeholder: Placeholder = PLACEHOLDERS[name as PlaceholderName];
    pieces.push({
      name: name as PlaceholderName,
      kind: placeholder.kind,
      prefix: placeholder.kind === 'word' ? placeholder.prefix : '',
      grouped: comma === ',',
      filler: filler || ' ',
      arrow: arrow === '>' ? '>' : '<',
      width: width === undefined ? 0 : Number(width),
    });
    from = match.index + whole.length;
  }
  if (from < template.length) pieces.push(template.slice(from));
  return pieces;
}

/** Names of the variable parts of a line, and what is wrong with it, if anything. */
export function placeholdersOf(template: string): { readonly names: readonly string[]; readonly wrong?: string } {
  const names = [...template.matchAll(PLACEHOLDER)].map(match => match[1]);
  const rest = template.replace(PLACEHOLDER, '');
  if (/[{}]/.test(rest)) return { names, wrong: 'a brace that belongs to no placeholder such as {amount:>11}' };
  const unknown = names.find(name => !Object.hasOwn(PLACEHOLDERS, name));
  if (unknown !== undefined) return { names, wrong: `no placeholder is called ${unknown}` };
  return { names };
}

function valueText({ name, kind, prefix, grouped }: Slot, values: Values, wordOf: WordOf): string {
  const value = values[name] ?? '';
  if (kind === 'money') {
    if (typeof value === 'number') return formatAmount(value, grouped);
    return grouped ? value : value.replaceAll(',', '');
  }
  if (kind === 'word') return wordOf(prefix + String(value)) ?? String(value);
  return String(value);
}

function slotText(slot: Slot, values: Values, wordOf: WordOf): string {
  const text = valueText(slot, values, wordOf);
  if (slot.width === 0) return text;
  return slot.arrow === '>' ? padStart(text, slot.width, slot.filler) : padEnd(text, slot.width, slot.filler);
}

const isMoney = (piece: Piece): piece is Slot => typeof piece !== 'string' && piece.kind === 'money';

/** Takes stars out of a masked card number until it fits; the six and the four digits stay. */
function narrowCard(text: string, columns: number): string {
  let narrow = text;
  while (columnsOf(narrow) > columns && narrow.includes('**')) narrow = narrow.replace('**', '*');
  return narrow;
}

/**
 * Fills the templates of one screen. No line is wider than `columns`, and an amount is never cut. What does not fit
 * yields in this order: commas of the amount, blanks before it, its place (it moves to the next line when that is
 * blank), other values of its line (they lose their beginning), the colon of its label, the label. Without an amount:
 * stars of a card number, then the end of a value, then the end of the line. A cut shows as `~`.
 */
export function renderLines(
  templates: readonly string[],
  values: Values,
  columns: number,
  wordOf: WordOf,
): RenderedLines {
  const lines: string[] = [];
  let cutLine = -1;
  const split = linesOf(templates);
  for (let index = 0; index < split.length; index++) {
    const { pieces, fixed, columns: fixedColumns } = split[index];
    if (fixed !== undefined && fixedColumns <= columns) {
      lines.push(fixed);
      continue;
    }
    let whole = '';
    for (const piece of pieces) whole += typeof piece === 'string' ? piece : slotText(piece, values, wordOf);
    if (columnsOf(whole) <= columns) {
      lines.push(whole.trimEnd());
      continue;
    }
    const { line, moved, cut } = narrowed(pieces, values, columns, wordOf, templates[index + 1] === '');
    if (cut && cutLine < 0) cutLine = index;
    lines.push(line);
    if (moved !== '') {
      lines.push(moved);
      index++;
    }
  }
  return { lines, cutLine };
}

/** A line that is too wide. `moved`: its amount, which goes to the next line when that is blank; `cut`: more was lost than a name or stars. */
function narrowed(
  pieces: readonly Piece[],
  values: Values,
  columns: number,
  wordOf: WordOf,
  blankBelow: boolean,
): { readonly line: string; readonly moved: string; readonly cut: boolean } {
  const texts = pieces.map(piece => (typeof piece === 'string' ? piece : slotText(piece, values, wordOf)));
  const room = (): number => columns - columnsOf(texts.join(''));
  const money = pieces.findIndex(isMoney);
  let moved = '';
  let cut = false;
  if (money >= 0) {
    const amount = valueText({ ...(pieces[money] as Slot), grouped: false }, values, wordOf);
    texts[money] = amount;
    if (room() > 0) texts[money] = padStart(amount, columnsOf(amount) + room());
    if (room() < 0 && blankBelow) {
      texts[money] = '';
      moved = padStart(amount, columns);
    }
  }
  for (let at = pieces.length - 1; at >= 0 && room() < 0; at--) {
    const piece = pieces[at];
    if (typeof piece === 'string' || at === money) continue;
    const { kind } = piece;
    const width = columnsOf(texts[at]);
    const keep = Math.max(KEPT_COLUMNS_MIN, width + room());
    if (kind === 'card') texts[at] = narrowCard(texts[at], keep);
    else texts[at] = money >= 0 ? fitEnd(texts[at].trimStart(), keep) : fit(texts[at], keep);
    if (kind === 'text' || kind === 'count' || kind === 'word') cut = true;
  }
  for (let at = pieces.length - 1; at >= 0 && room() < 0; at--) {
    if (at === money) continue;
    const withoutColon = texts[at].replace(/:$/, '');
    if (money >= 0 && room() + columnsOf(texts[at]) - columnsOf(withoutColon) >= 0) {
      texts[at] = withoutColon;
      continue;
    }
    texts[at] = money >= 0 ? '' : fit(texts[at], Math.max(0, columnsOf(texts[at]) + room()));
    cut = true;
  }
  if (money >= 0 && room() > 0) texts[money] = padStart(texts[money], columnsOf(texts[money]) + room());
  return { line: texts.join('').trimEnd(), moved, cut };
}
