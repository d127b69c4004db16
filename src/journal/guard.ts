import { assert } from '../assert.ts';
import type { Json } from './chain.ts';

/**
 * Keeps card data out of the journal. A body is written only when each of its members is known by name and has the
 * shape that was agreed for it. Texts of our own with something like a card number in them stop the process (a bug);
 * texts of the world (acquirer, person) get it masked. On top of that no text may hold the very PAN of the transaction.
 */
export interface GuardContext {
  /** ASCII digits of the PAN of the transaction at hand, when there is one. */
  readonly pan?: Uint8Array;
  /** Merchant numbers: 15 digits that may look like a card number and are none. */
  readonly publicNumbers: ReadonlySet<string>;
}

/** Checks one value at `at` (path of names for the message, never the value) and gives what may be written. */
export type Shape = (value: unknown, at: string, context: GuardContext) => Json;

const GROUP =
  '(?<![0-9])(?:[0-9]{13,}|[0-9]{4}([ -])[0-9]{4}\\1[0-9]{4}\\1[0-9]{1,4}(?:\\1[0-9]{1,3})?|[0-9]{4}([ -])[0-9]{6}\\2[0-9]{5})(?![0-9])';
const CARD_LIKE = new RegExp(GROUP, 'g');
/** Track 2: digits, separator, expiry and service code; no Luhn needed to know it. */
const TRACK_LIKE = /[0-9]{12,19}[=D^][0-9]{4}/;

/** Luhn check over a text of digits. */
function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = digits.length - 1, double = false; i >= 0; i--, double = !double) {
    const digit = digits.charCodeAt(i) - 48;
    sum += double ? (digit > 4 ? 2 * digit - 9 : 2 * digit) : digit;
  }
  return sum % 10 === 0;
}

function isCardNumber(found: string, publicNumbers: ReadonlySet<string>): boolean {
  if (publicNumbers.has(found)) return false;
  // Right-aligned numbers in a wider field keep their zeros in front.
  const digits = found.replace(/[ -]/g, '');
  const bare = digits.length > 19 ? digits.replace(/^0+/, '') : digits;
  return bare.length >= 13 && bare.length <= 19 && passesLuhn(bare) && /[1-9]/.test(bare);
}

/** True when a text holds something like a card number (13–19 digits that pass Luhn, also in groups) or a track. */
export function looksLikeCard(text: string, publicNumbers: ReadonlySet<string>): boolean {
  if (TRACK_LIKE.test(text)) return true;
  return text.match(CARD_LIKE)?.some(found => isCardNumber(found, publicNumbers)) ?? false;
}

function maskDigits(found: string): string {
  const count = found.replace(/[^0-9]/g, '').length;
  let n = 0;
  return found.replace(/[0-9]/g, digit => (n++ < 6 || n > count - 4 ? digit : '*'));
}

/** Masks card numbers, tracks and `pan` in a text of the world: 6 + 4 digits stay, of a track only the card number's. */
export function scrub(text: string, context: GuardContext): string {
  let clean = text.replace(/([0-9]{12,19})[=D^][0-9A-F]*/g, (_, digits: string) => maskDigits(digits));
  clean = clean.replace(CARD_LIKE, found => (isCardNumber(found, context.publicNumbers) ? maskDigits(found) : found));
  const pan = context.pan;
  if (!pan) return clean;
  for (let found = findPan(clean, pan); found; found = findPan(clean, pan))
    clean = clean.slice(0, found.start) + maskDigits(clean.slice(found.start, found.end)) + clean.slice(found.end);
  return clean;
}

const SPACE = 0x20;
const DASH = 0x2d;

/**
 * Where `text` holds the digits of `pan` (ASCII), spaces and dashes between them not counted. The PAN itself never
 * becomes a string.
 */
export function findPan(text: string, pan: Uint8Array): { readonly start: number; readonly end: number } | undefined {
  for (let start = 0; start + pan.length <= text.length; start++) {
    let end = start;
    let i = 0;
    while (i < pan.length && end < text.length) {
      const char = text.charCodeAt(end);
      if (char === pan[i]) i++;
      else if (i === 0 || (char !== SPACE && char !== DASH)) break;
      end++;
    }
    if (i === pan.length) return { start, end };
  }
  return undefined;
}

/** Longest text of the world that is looked at. */
const WORLD_TEXT_MAX = 4000;
/** Longest value of a chip tag, bytes. */
export const TAG_VALUE_MAX = 64;

/** A text of an agreed form; `pattern` must be anchored. Only for forms that leave no room for a card number. */
export const form =
  (pattern: RegExp): Shape =>
  (value, at) => {
    assert(typeof value === 'string' && pattern.test(value), `journal: ${at} does not have the form ${pattern.source}`);
    return value;
  };

/** Exactly `min` to `max` digits; below 13 they cannot be a card number. */
export const digitsText = (min: number, max = min): Shape => {
  assert(max < 13, 'a run of 13 digits and more needs a form of its own');
  return form(new RegExp(`^[0-9]{${min},${max}}$`));
};

/** Text in groups of eight joined by `-`, so that a search for card numbers never stumbles over it. */
export const grouped = (text: string): string => text.replace(/[^-]{8}(?=[^-])/g, '$&-');
/** Takes {@link grouped} back. */
export const ungrouped = (text: string): string => text.replaceAll('-', '');

/**
 * A reference number as the tables keep it: SQLite puts columns side by side without a mark, and twelve digits with the
 * next column's would look like a card number in the file.
 */
export const keptReference = (reference: string): string => reference.replace(/^([0-9]{6})([0-9]{6})$/, '$1-$2');
/** Takes {@link keptReference} back; a reference number itself has 12 characters at most. */
export const shownReference = (kept: string): string => kept.replace(/^([0-9]{6})-([0-9]{6})$/, '$1$2');

/** As {@link form} for forms with long digit runs that are no card number; written {@link grouped}. */
export const groupedForm = (pattern: RegExp): Shape => {
  const check = form(pattern);
  return (value, at, context) => grouped(check(value, at, context) as string);
};

/** Hex of at most `bytes` bytes (keys under another key, check values, chip tags), written {@link grouped}. */
export const hex = (bytes: number): Shape => groupedForm(new RegExp(`^(?:[0-9A-Fa-f]{2}){0,${bytes}}$`));

/** Bytes up to `max`, written as base64: the sealed PAN, hashes, salts. */
export const blob =
  (max: number): Shape =>
  (value, at) => {
    assert(value instanceof Uint8Array && value.length <= max, `journal: ${at} is not up to ${max} bytes`);
    return Buffer.from(value).toString('base64');
  };

/** Chip tags of an allow-list: names in uppercase hex, values as {@link hex}. */
export const tags = (allowed: ReadonlySet<string>): Shape => {
  const value = hex(TAG_VALUE_MAX);
  return (map, at, context) => {
    assert(typeof map === 'object' && map !== null, `journal: ${at} has no tags`);
    const clean: Record<string, Json> = {};
    for (const [tag, content] of Object.entries(map)) {
      assert(allowed.has(tag), `journal: ${at} may not hold tag ${/^[0-9A-F]{2,6}$/.test(tag) ? tag : '(name)'}`);
      clean[tag] = value(content, `${at}.${tag}`, context);
    }
    return clean;
  };
};

/** A whole number 0 to `max`; at most 12 digits. */
export const int =
  (max: number): Shape =>
  (value, at) => {
    assert(
      typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= Math.min(max, 999_999_999_999),
      `journal: ${at} is not a whole number up to ${max}`,
    );
    return value;
  };

/** Milliseconds since 1970; below 4·10^12, where the 13-digit card numbers begin. */
export const time: Shape = (value, at) => {
  assert(
    typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value < 4e12,
    `journal: ${at} is not a time in milliseconds`,
  );
  return value;
};

export const flag: Shape = (value, at) => {
  assert(typeof value === 'boolean', `journal: ${at} is not true or false`);
  return value;
};

export const oneOf =
  (...words: readonly (string | number)[]): Shape =>
  (value, at) => {
    assert(words.includes(value as string), `journal: ${at} is none of ${words.join(', ')}`);
    return value as string;
  };

/** A short text that our own code made: a card number in it is a bug. */
export const ownText =
  (max = 200): Shape =>
  (value, at, context) => {
    assert(typeof value === 'string' && value.length <= max, `journal: ${at} is not a text of up to ${max} characters`);
    assert(!looksLikeCard(value, context.publicNumbers), `journal: ${at} holds what looks like card data`);
    return value;
  };

/** A text that came from the acquirer or a person: cut at `max`, card numbers masked. */
export const worldText =
  (max = 400): Shape =>
  (value, at, context) => {
    assert(typeof value === 'string', `journal: ${at} is not a text`);
    return scrub(value.slice(0, Math.min(max, WORLD_TEXT_MAX)), context);
  };

export const list =
  (shape: Shape, max: number): Shape =>
  (value, at, context) => {
    assert(Array.isArray(value) && value.length <= max, `journal: ${at} is not a list of up to ${max}`);
    return value.map((item, i) => shape(item, `${at}[${i}]`, context));
  };

/** Members by name. A name that ends with `?` in the table may be absent. Any other name is refused. */
export const members = (table: Readonly<Record<string, Shape>>): Shape => {
  const shapes = new Map<string, Shape>();
  const needed: string[] = [];
  for (const [name, shape] of Object.entries(table)) {
    const plain = name.replace('?', '');
    shapes.set(plain, shape);
    if (plain === name) needed.push(name);
  }
  return (value, at, context) => {
    assert(typeof value === 'object' && value !== null && !Array.isArray(value), `journal: ${at} has no members`);
    const clean: Record<string, Json> = {};
    for (const [name, item] of Object.entries(value)) {
      if (item === undefined) continue;
      const shape = shapes.get(name);
      assert(shape, `journal: ${at}.${/^[A-Za-z0-9_]{1,30}$/.test(name) ? name : '(name)'} is not allowed in a record`);
      clean[name] = shape(item, `${at}.${name}`, context);
    }
    for (const name of needed) assert(name in clean, `journal: ${at}.${name} is missing`);
    return clean;
  };
};
