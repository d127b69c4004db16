import { luhnValid } from './card.ts';
import { maskPan } from './mask.ts';

/** What people put between the groups of a card number. */
const GAP = '[ ._/\\u3000-]{1,3}';
/** Groups as they stand on cards and in systems, longest first, then digits without a gap. */
const SHAPES = [
  `[0-9]{4}(?:${GAP}[0-9]{4}){3}${GAP}[0-9]{1,3}(?![0-9])`,
  `[0-9]{4}(?:${GAP}[0-9]{4}){3}(?![0-9])`,
  `[0-9]{4}(?:${GAP}[0-9]{4}){2}${GAP}[0-9]{1,3}(?![0-9])`,
  `[0-9]{4}${GAP}[0-9]{6}${GAP}[0-9]{4,5}(?![0-9])`,
  `[0-9]{6}${GAP}[0-9]{7,13}(?![0-9])`,
  '[0-9]{13,19}(?![0-9])',
  // With something right behind it, such as the expiry: told by how numbers of the card organisations begin. 4200: orders of a wallet.
  ...[17, 16, 15, 14].map(more => `62[0-9]{${more}}`),
  '(?:4(?!200)[0-9]|5[1-5]|2[2-7]|35)[0-9]{14}',
].map(shape => new RegExp(shape, 'y'));
/** Digits with single blanks or dashes anywhere between them: looked for where nothing of a shape was found. */
const LOOSE = [/[0-9](?:[ -]?[0-9]){12,18}(?![0-9])/y];
/** Zeros before a number that is right-aligned in a wider field. */
const ALIGNED = /(?<![0-9])0+(?=[1-9][0-9]{12,18}(?![0-9]))/g;

const FULL_WIDTH = /[０-９]/g;
const TO_ASCII = 0xfee0;
const NONE: ReadonlySet<string> = new Set();

/** From and to of a card number in a text. */
type Place = readonly [number, number];

function isCard(found: string, none: ReadonlySet<string>): boolean {
  const digits = digitsOf(found);
  if (none.has(digits) || !/[1-9]/.test(digits)) return false;
  return luhnValid(Uint8Array.from(digits, digit => digit.charCodeAt(0)));
}

const digitsOf = (found: string): string => found.replace(/[^0-9]/g, '');

/** Card numbers in `text[from, to)` that one of the patterns finds where a run of digits begins. */
function* look(
  text: string,
  [from, to]: Place,
  patterns: readonly RegExp[],
  none: ReadonlySet<string>,
): Generator<Place> {
  for (let at = from; at < to; at++) {
    if (!/[0-9]/.test(text[at]) || (at > from && /[0-9]/.test(text[at - 1]))) continue;
    for (const pattern of patterns) {
      pattern.lastIndex = at;
      const found = pattern.exec(text)?.[0];
      if (found === undefined || at + found.length > to || !isCard(found, none)) continue;
      yield [at, at + found.length];
      at += found.length - 1;
      break;
    }
  }
}

/**
 * `text` with the digits of each card number in it replaced by those that `replace` gives for them, as many; what stands between
 * them stays. A card number is 13 to 19 digits with a right check digit, in one run, in groups with blanks, dashes, points or strokes
 * between them, in ASCII or full-width digits; a track's is found by its separator behind it. `none`: numbers that look so and are none.
 */
export function replaceCards(text: string, replace: (digits: string) => string, none = NONE): string {
  const plain = text
    .replace(FULL_WIDTH, digit => String.fromCharCode(digit.charCodeAt(0) - TO_ASCII))
    .replace(ALIGNED, zeros => ' '.repeat(zeros.length));
  const places: Place[] = [];
  let rest = 0;
  for (const shaped of [...look(plain, [0, plain.length], SHAPES, none), [plain.length, plain.length] as const]) {
    places.push(...look(plain, [rest, shaped[0]], LOOSE, none), shaped);
    rest = shaped[1];
  }
  let done = '';
  let from = 0;
  for (const [start, end] of places) {
    const found = plain.slice(start, end);
    const digits = found === '' ? '' : replace(digitsOf(found));
    let n = 0;
    done += text.slice(from, start) + found.replace(/[0-9]/g, () => digits[n++]);
    from = end;
  }
  return done;
}

/** `text` with each card number in it as {@link maskPan} shows it. For texts that repeat what a person typed. */
export function maskCards(text: string): string {
  return replaceCards(text, maskPan);
}
