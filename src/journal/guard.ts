import { assert, AssertionFailure } from '../assert.ts';
import { maskPan } from '../card/mask.ts';
import { replaceCards } from '../card/mask-text.ts';
import { hexValue } from '../wire/hex.ts';

/**
 * Keeps card data out of the journal. A body is written only when each of its members is known by name and has the
 * shape that was agreed for it. Texts of our own with something like a card number in them stop the process (a bug);
 * texts of the world (acquirer, person) get it masked. On top of that no text may hold the very PAN of the transaction.
 */
export interface GuardContext {
  /** The PAN of the transaction at hand, when there is one. */
  readonly pan?: HiddenPan;
  /** Merchant numbers: 15 digits that may look like a card number and are none. */
  readonly publicNumbers: ReadonlySet<string>;
}

/** A PAN that is only opened for a text which has room for it. */
export interface HiddenPan {
  /** How many digits it has. */
  readonly length: number;
  /** ASCII digits; who hides the PAN zeroes them. */
  digits(): Uint8Array;
}

/**
 * Checks one value at `at` (path of names for the message, never the value) and gives what may be written, as the canonical
 * JSON of `chain.ts`.
 */
export type Shape = (value: unknown, at: string, context: GuardContext) => string;

/** A bug of our own. Its message is only made here: a record has a hundred values, and all of them are right. */
function refuse(at: string, why: string): never {
  throw new AssertionFailure(`journal: ${at} ${why}`);
}

const GROUP =
  '(?<![0-9])(?:[0-9]{13,}|[0-9]{4}([ -])[0-9]{4}\\1[0-9]{4}\\1[0-9]{1,4}(?:\\1[0-9]{1,3})?|[0-9]{4}([ -])[0-9]{6}\\2[0-9]{5})(?![0-9])';
const CARD_LIKE = new RegExp(GROUP, 'g');
/** Track 2: digits, separator, expiry and service code; no Luhn needed to know it. */
const TRACK_LIKE = /[0-9]{12,19}[=D^][0-9]{4}/;

/** Fewer digits in a whole text hold no card number, not even the shortest. */
const MANY_DIGITS = /(?:[0-9０-９][^0-9０-９]*){11}[0-9０-９]/;
/** Digits of the shortest text that {@link TRACK_LIKE} or {@link CARD_LIKE} finds. */
const LIKE_MIN = 12;

const SPACE = 0x20;
const DASH = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/**
 * True when `text` has `count` digits with nothing but blanks and dashes between them. Without them there is no card number
 * in it, which holds for nearly all texts and is known sooner than by looking for one.
 */
function hasRun(text: string, count: number): boolean {
  let run = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char >= ZERO && char <= NINE) {
      if (++run === count) return true;
    } else if (char !== SPACE && char !== DASH) run = 0;
  }
  return false;
}

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
  if (!hasRun(text, LIKE_MIN)) return false;
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
  const { pan } = context;
  let clean = text;
  if (MANY_DIGITS.test(text)) {
    clean = text.replace(/([0-9]{12,19})[=D^][0-9A-F]*/g, (_, digits: string) => maskPan(digits));
    clean = replaceCards(clean, maskPan, context.publicNumbers);
  }
  if (!pan) return clean;
  for (let found = findPan(clean, pan); found; found = findPan(clean, pan))
    clean = clean.slice(0, found.start) + maskDigits(clean.slice(found.start, found.end)) + clean.slice(found.end);
  return clean;
}

/**
 * Where `text` holds the digits of `pan`, blanks and dashes between them not counted. The PAN itself never becomes a string.
 */
export function findPan(text: string, pan: HiddenPan): { readonly start: number; readonly end: number } | undefined {
  if (!hasRun(text, pan.length)) return undefined;
  const digits = pan.digits();
  for (let start = 0; start + digits.length <= text.length; start++) {
    if (text.charCodeAt(start) !== digits[0]) continue;
    let end = start + 1;
    let i = 1;
    while (i < digits.length && end < text.length) {
      const char = text.charCodeAt(end);
      if (char === digits[i]) i++;
      else if (char !== SPACE && char !== DASH) break;
      end++;
    }
    if (i === digits.length) return { start, end };
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
    if (typeof value !== 'string' || !pattern.test(value)) refuse(at, `does not have the form ${pattern.source}`);
    return JSON.stringify(value);
  };

/** Exactly `min` to `max` digits; below 13 they cannot be a card number. */
export const digitsText = (min: number, max = min): Shape => {
  assert(max < 13, 'a run of 13 digits and more needs a form of its own');
  return (value, at) => {
    if (typeof value !== 'string' || value.length < min || value.length > max || !hasRun(value, value.length))
      refuse(at, `does not have the form of ${min} to ${max} digits`);
    return `"${value}"`;
  };
};

const GROUP_LENGTH = 8;

/** Text in groups of eight joined by `-`, so that a search for card numbers never stumbles over it. */
export function grouped(text: string): string {
  let done = '';
  let from = 0;
  for (let at = 1; at < text.length; at++) {
    if (text.charCodeAt(at - 1) === DASH) {
      done += text.slice(from, at);
      from = at;
    } else if (at - from === GROUP_LENGTH && text.charCodeAt(at) !== DASH) {
      done += `${text.slice(from, at)}-`;
      from = at;
    }
  }
  return from === 0 ? text : done + text.slice(from);
}
/** Takes {@link grouped} back. */
export const ungrouped = (text: string): string => text.replaceAll('-', '');

/**
 * A reference number as the tables keep it: SQLite puts columns side by side without a mark, and twelve digits with the
 * next column's would look like a card number in the file.
 */
export const keptReference = (reference: string): string =>
  reference.length === 12 && hasRun(reference, 12) ? `${reference.slice(0, 6)}-${reference.slice(6)}` : reference;
/** Takes {@link keptReference} back; a reference number itself has 12 characters at most. */
export const shownReference = (kept: string): string =>
  kept.length === 13 && kept[6] === '-' && hasRun(kept, 12) ? kept.slice(0, 6) + kept.slice(7) : kept;

/** As {@link form} for forms with long digit runs that are no card number; written {@link grouped}. */
export const groupedForm =
  (pattern: RegExp): Shape =>
  (value, at) => {
    if (typeof value !== 'string' || !pattern.test(value)) refuse(at, `does not have the form ${pattern.source}`);
    return JSON.stringify(grouped(value));
  };

/** Hex of at most `bytes` bytes (keys under another key, check values, chip tags), written {@link grouped}. */
export const hex =
  (bytes: number): Shape =>
  (value, at) => {
    if (typeof value !== 'string' || value.length > 2 * bytes || !isHex(value))
      refuse(at, `does not have the form of up to ${bytes} bytes in hex`);
    return `"${grouped(value)}"`;
  };

function isHex(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (hexValue(text.charCodeAt(at)) < 0) return false;
  return text.length % 2 === 0;
}

/** Bytes up to `max`, written as base64: the sealed PAN, hashes, salts. */
export const blob =
  (max: number): Shape =>
  (value, at) => {
    if (!(value instanceof Uint8Array) || value.length > max) refuse(at, `is not up to ${max} bytes`);
    return `"${Buffer.from(value).toString('base64')}"`;
  };

/** A whole number 0 to `max`; at most 12 digits. */
export const int = (max: number): Shape => {
  const most = Math.min(max, 999_999_999_999);
  return (value, at) => {
    if (!isWhole(value, most)) refuse(at, `is not a whole number up to ${max}`);
    return String(value);
  };
};

const isWhole = (value: unknown, most: number): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= most;

/** Milliseconds since 1970; below 4·10^12, where the 13-digit card numbers begin. */
export const time: Shape = (value, at) => {
  if (!isWhole(value, 4e12 - 1)) refuse(at, 'is not a time in milliseconds');
  return String(value);
};

export const flag: Shape = (value, at) => {
  if (typeof value !== 'boolean') refuse(at, 'is not true or false');
  return value ? 'true' : 'false';
};

export const oneOf = (...words: readonly (string | number)[]): Shape => {
  const texts = new Map<unknown, string>(words.map(word => [word, JSON.stringify(word)]));
  return (value, at) => texts.get(value) ?? refuse(at, `is none of ${words.join(', ')}`);
};

/** A short text that our own code made: a card number in it is a bug. */
export const ownText =
  (max = 200): Shape =>
  (value, at, context) => {
    if (typeof value !== 'string' || value.length > max) refuse(at, `is not a text of up to ${max} characters`);
    if (looksLikeCard(value, context.publicNumbers)) refuse(at, 'holds what looks like card data');
    return JSON.stringify(value);
  };

/** A text that came from the acquirer or a person: cut at `max`, card numbers masked. */
export const worldText =
  (max = 400): Shape =>
  (value, at, context) => {
    if (typeof value !== 'string') refuse(at, 'is not a text');
    return JSON.stringify(scrub(value.slice(0, Math.min(max, WORLD_TEXT_MAX)), context));
  };

export const list =
  (shape: Shape, max: number): Shape =>
  (value, at, context) => {
    if (!Array.isArray(value) || value.length > max) refuse(at, `is not a list of up to ${max}`);
    let text = '';
    for (let i = 0; i < value.length; i++) text += (i === 0 ? '[' : ',') + shape(value[i], `${at}[${i}]`, context);
    return text === '' ? '[]' : `${text}]`;
  };

/** Members by name. A name that ends with `?` in the table may be absent. Any other name is refused. */
export const members = (table: Readonly<Record<string, Shape>>): Shape => {
  const known = Object.entries(table).map(([mark, shape]) => {
    const name = mark.replace('?', '');
    return { name, shape, needed: name === mark, head: `${JSON.stringify(name)}:` };
  });
  return membersOf(known, (at, name) =>
    refuse(`${at}.${/^[A-Za-z0-9_]{1,30}$/.test(name) ? name : '(name)'}`, 'is not allowed in a record'),
  );
};

/** Chip tags of an allow-list: names in uppercase hex, values as {@link hex}. */
export const tags = (allowed: ReadonlySet<string>): Shape => {
  const shape = hex(TAG_VALUE_MAX);
  const known = [...allowed].map(name => ({ name, shape, needed: false, head: `"${name}":` }));
  return membersOf(known, (at, name) =>
    refuse(at, `may not hold tag ${/^[0-9A-F]{2,6}$/.test(name) ? name : '(name)'}`),
  );
};

interface Member {
  readonly name: string;
  readonly shape: Shape;
  readonly needed: boolean;
  /** The name as it is written. */
  readonly head: string;
}

/** Writes members in the canonical order of names; one that is not `known` is refused by `stranger`. */
function membersOf(known: readonly Member[], stranger: (at: string, name: string) => never): Shape {
  const sorted = [...known].sort((a, b) => (a.name < b.name ? -1 : 1));
  const names = new Set(sorted.map(({ name }) => name));
  return (value, at, context) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(at, 'has no members');
    const items = value as Readonly<Record<string, unknown>>;
    let text = '';
    let count = 0;
    for (const { name, shape, needed, head } of sorted) {
      const item = items[name];
      if (item !== undefined) {
        text += (count++ === 0 ? '{' : ',') + head + shape(item, `${at}.${name}`, context);
      } else if (needed) refuse(`${at}.${name}`, 'is missing');
    }
    // Seldom more than the known ones: then the others are looked at one by one.
    const given = Object.keys(items);
    if (given.length > count)
      for (const name of given) if (!names.has(name) && items[name] !== undefined) stranger(at, name);
    return count === 0 ? '{}' : `${text}}`;
  };
}
