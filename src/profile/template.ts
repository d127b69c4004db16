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
  readonly lines: readonly string[];
  /** Index of the first line in which something other than a name or a row of stars lost characters, or -1. */
  readonly cutLine: number;
}

/** Text of a word of the profile, or undefined when there is none with that id. */
export type WordOf = (id: string) => string | undefined;

/** Lines of a profile by their text: a screen is drawn again with every key. */
const known = new Map<string, readonly Piece[]>();

function piecesOf(template: string): readonly Piece[] {
  let pieces = known.get(template);
  if (!pieces) known.set(template, (pieces = splitPieces(template)));
  return pieces;
}

function splitPieces(template: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of template.matchAll(PLACEHOLDER)) {
    if (match.index > from) pieces.push(template.slice(from, match.index));
    const [whole, name, comma, filler, arrow, width] = match;
    pieces.push({
      name: name as PlaceholderName,
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

function valueText(slot: Slot, values: Values, wordOf: WordOf): string {
  const value = values[slot.name] ?? '';
  const placeholder: Placeholder = PLACEHOLDERS[slot.name];
  if (placeholder.kind === 'money') {
    if (typeof value === 'number') return formatAmount(value, slot.grouped);
    return slot.grouped ? value : value.replaceAll(',', '');
  }
  if (placeholder.kind === 'word') return wordOf(placeholder.prefix + String(value)) ?? String(value);
  return String(value);
}

function padded(slot: Slot, text: string): string {
  return slot.arrow === '>' ? padStart(text, slot.width, slot.filler) : padEnd(text, slot.width, slot.filler);
}

const isMoney = (piece: Piece): piece is Slot => typeof piece !== 'string' && PLACEHOLDERS[piece.name].kind === 'money';

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
  const noteCut = (index: number): void => {
    if (cutLine < 0) cutLine = index;
  };
  let moved = '';
  for (let index = 0; index < templates.length; index++) {
    if (moved !== '') {
      lines.push(moved);
      moved = '';
      continue;
    }
    const pieces = piecesOf(templates[index]);
    const texts = pieces.map(piece =>
      typeof piece === 'string' ? piece : padded(piece, valueText(piece, values, wordOf)),
    );
    const whole = texts.length === 1 ? texts[0] : texts.join('');
    if (columnsOf(whole) > columns) {
      const room = (): number => columns - columnsOf(texts.join(''));
      const money = pieces.findIndex(isMoney);
      if (money >= 0) {
        const amount = valueText({ ...(pieces[money] as Slot), grouped: false }, values, wordOf);
        texts[money] = amount;
        if (room() > 0) texts[money] = padStart(amount, columnsOf(amount) + room());
        if (room() < 0 && templates[index + 1] === '') {
          texts[money] = '';
          moved = padStart(amount, columns);
        }
      }
      for (let at = pieces.length - 1; at >= 0 && room() < 0; at--) {
        const piece = pieces[at];
        if (typeof piece === 'string' || at === money) continue;
        const { kind } = PLACEHOLDERS[piece.name];
        const width = columnsOf(texts[at]);
        const keep = Math.max(KEPT_COLUMNS_MIN, width + room());
        if (kind === 'card') texts[at] = narrowCard(texts[at], keep);
        else texts[at] = money >= 0 ? fitEnd(texts[at].trimStart(), keep) : fit(texts[at], keep);
        if (kind === 'text' || kind === 'count' || kind === 'word') noteCut(index);
      }
      for (let at = pieces.length - 1; at >= 0 && room() < 0; at--) {
        if (at === money) continue;
        const withoutColon = texts[at].replace(/:$/, '');
        if (money >= 0 && room() + columnsOf(texts[at]) - columnsOf(withoutColon) >= 0) {
          texts[at] = withoutColon;
          continue;
        }
        texts[at] = money >= 0 ? '' : fit(texts[at], Math.max(0, columnsOf(texts[at]) + room()));
        noteCut(index);
      }
      if (money >= 0 && room() > 0) texts[money] = padStart(texts[money], columnsOf(texts[money]) + room());
      lines.push(texts.join('').trimEnd());
    } else lines.push(whole.trimEnd());
  }
  return { lines, cutLine };
}
