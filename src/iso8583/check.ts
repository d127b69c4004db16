import { failed, fault, ok, type Result } from '../fault.ts';
import {
  BITMAP_FORMS,
  ENCODINGS,
  FIELD_CLASSES,
  FIELD_TYPES,
  FRAME_LENGTHS,
  LENGTH_COUNTS,
  LENGTH_ENCODINGS,
  LENGTH_KINDS,
  PART_ENCODINGS,
  PART_TYPES,
  SUBFIELD_DEPTH_MAX,
} from './source.ts';

/** Largest value that a length of so many digits can tell. */
const LENGTH_MAX: Readonly<Record<string, number>> = { fixed: 9999, l: 9, ll: 99, lll: 999, llll: 9999 };
/** Encodings that suit a type, the usual one first. */
const ENCODINGS_OF: Readonly<Record<string, readonly string[]>> = {
  n: ['bcd', 'ascii', 'ebcdic'],
  z: ['bcd', 'ascii', 'ebcdic'],
  an: ['ascii', 'ebcdic'],
  ans: ['ascii', 'ebcdic'],
  b: ['binary', 'hex', 'hexEbcdic'],
};
const PART_ID = /^\d{1,3}\.[\w.]{1,8}$/;
const TAG = /^[0-9A-F]{2}(?:[0-9A-F]{2}){0,2}$/;
/** Longest bitmap of parts, bytes. */
const SUBFIELD_BITMAP_MAX = 16;
/** Chains inside chains: one level is what UnionPay has; more than this is a mistake in the file. */
const CHAIN_DEPTH_MAX = 4;

type Members = Readonly<Record<string, unknown>>;

/** Stops a check at the first mistake; caught only in {@link guarded}. */
class Mistake extends Error {
  readonly pointer: string;
  readonly remedy: string;
  constructor(pointer: string, cause: string, remedy: string) {
    super(cause);
    this.pointer = pointer;
    this.remedy = remedy;
  }
}

/**
 * Checks that a value read from a file is a dialect. Fault `bad-dialect`: the first mistake, with its JSON pointer
 * inside the dialect, the cause and what to write instead.
 */
export function checkDialect(source: unknown): Result<void> {
  return guarded(() => dialect(source));
}

/** Checks one field after options have changed it; `at` is the JSON pointer of the change. */
export function checkField(source: unknown, at: string): Result<void> {
  return guarded(() => field(members(source, at), at, true));
}

function guarded(check: () => void): Result<void> {
  try {
    check();
    return ok(undefined);
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    return failed(fault('E_ILLEGAL', 'bad-dialect', `dialect${error.pointer}: ${error.message}`, error.remedy));
  }
}

function dialect(source: unknown): void {
  const root = members(source, '');
  known(root, '', ['framing', 'mti', 'bitmap', 'bitmaps', 'defaults', 'fields', 'options', 'subfields', 'tags']);
  const framing = members(root.framing, '/framing');
  known(framing, '/framing', ['length', 'tpdu', 'header']);
  if (framing.length !== false) oneOf(framing.length, '/framing/length', FRAME_LENGTHS, 'false');
  for (const part of ['tpdu', 'header']) flag(framing[part], `/framing/${part}`);
  oneOf(root.mti, '/mti', ['bcd', 'ascii', 'ebcdic']);
  oneOf(root.bitmap, '/bitmap', BITMAP_FORMS);
  if (root.bitmaps !== undefined) bitmaps(members(root.bitmaps, '/bitmaps'));
  if (root.defaults !== undefined) defaults(members(root.defaults, '/defaults'));
  const last = 64 * Number(members(root.bitmaps ?? {}, '/bitmaps').most ?? 1);
  const fields = members(root.fields, '/fields');
  for (const [key, value] of Object.entries(fields)) {
    const at = `/fields/${key}`;
    const number = Number(key);
    if (!/^[1-9]\d{0,2}$/.test(key) || number < 2 || number > last) {
      throw new Mistake(at, `${key} is no field number`, `Use 2 to ${last}, as many as the bitmaps have bits`);
    }
    if (number === 65 && last === 192) {
      throw new Mistake(at, 'bit 65 stands for the third bitmap', 'Leave field 65 out, or allow two bitmaps at most');
    }
    field(members(value, at), at, true);
  }
  options(members(root.options, '/options'), fields);
  for (const [key, value] of Object.entries(members(root.subfields, '/subfields'))) {
    const at = `/subfields/${key}`;
    if (!Object.hasOwn(fields, key)) throw new Mistake(at, `there is no field ${key}`, 'Name a field of /fields');
    list(value, at).forEach((entry, i) => layout(members(entry, `${at}/${i}`), `${at}/${i}`));
  }
  for (const [key, value] of Object.entries(members(root.tags, '/tags'))) {
    const at = `/tags/${key}`;
    if (!TAG.test(key)) throw new Mistake(at, `${key} is no tag`, 'Write 1 to 3 bytes as upper-case hex, e.g. 9F26');
    const tag = members(value, at);
    known(tag, at, ['name', 'class']);
    nameAndClass(tag, at);
  }
}

function bitmaps(source: Members): void {
  known(source, '/bitmaps', ['least', 'most', 'third']);
  for (const member of ['least', 'most']) {
    const value = source[member];
    if (value !== 1 && value !== 2 && value !== 3) {
      throw new Mistake(`/bitmaps/${member}`, `${String(value)} is no number of bitmaps`, 'Write 1, 2 or 3');
    }
  }
  if (Number(source.least) > Number(source.most)) {
    throw new Mistake('/bitmaps/least', `${String(source.least)} is above most`, 'Write least not above most');
  }
  if (source.third !== undefined) oneOf(source.third, '/bitmaps/third', ['following', 'field65']);
}

function defaults(source: Members): void {
  known(source, '/defaults', ['digits', 'text', 'bytes', 'length', 'lengthCounts']);
  if (source.digits !== undefined) oneOf(source.digits, '/defaults/digits', ENCODINGS_OF.n);
  if (source.text !== undefined) oneOf(source.text, '/defaults/text', ENCODINGS_OF.an);
  if (source.bytes !== undefined) oneOf(source.bytes, '/defaults/bytes', ENCODINGS_OF.b);
  if (source.length !== undefined) oneOf(source.length, '/defaults/length', LENGTH_ENCODINGS);
  if (source.lengthCounts !== undefined) oneOf(source.lengthCounts, '/defaults/lengthCounts', LENGTH_COUNTS);
}

const FIELD_MEMBERS = [
  ...['name', 'type', 'encoding', 'length', 'lengthEncoding', 'lengthCounts', 'max'],
  ...['align', 'pad', 'fill', 'class', 'values'],
];

function field(source: Members, at: string, whole: boolean): void {
  known(source, at, FIELD_MEMBERS);
  const has = (key: string): boolean => whole || source[key] !== undefined;
  if (has('name')) name(source.name, `${at}/name`);
  if (has('type')) oneOf(source.type, `${at}/type`, FIELD_TYPES);
  if (has('length')) oneOf(source.length, `${at}/length`, LENGTH_KINDS);
  if (has('class')) oneOf(source.class, `${at}/class`, FIELD_CLASSES);
  if (source.encoding !== undefined) {
    oneOf(source.encoding, `${at}/encoding`, ENCODINGS_OF[String(source.type)] ?? ENCODINGS);
  }
  if (source.lengthEncoding !== undefined) oneOf(source.lengthEncoding, `${at}/lengthEncoding`, LENGTH_ENCODINGS);
  if (source.lengthCounts !== undefined) oneOf(source.lengthCounts, `${at}/lengthCounts`, LENGTH_COUNTS);
  if (source.align !== undefined) oneOf(source.align, `${at}/align`, ['left', 'right']);
  if (source.pad !== undefined) oneOf(source.pad, `${at}/pad`, ['0', 'F']);
  if (source.fill !== undefined) {
    const suits = source.type === 'b' ? [] : source.type === 'n' || source.type === 'z' ? ['zero'] : ['zero', 'space'];
    oneOf(source.fill, `${at}/fill`, suits);
    if (whole && source.length !== 'fixed') throw new Mistake(`${at}/fill`, 'the field is not fixed', 'Remove fill');
  }
  if (source.values !== undefined) values(source.values, `${at}/values`);
  if (has('max')) {
    const most = LENGTH_MAX[String(source.length ?? 'llll')];
    const max = source.max;
    if (typeof max !== 'number' || !Number.isInteger(max) || max < 1 || max > most) {
      throw new Mistake(
        `${at}/max`,
        `${String(max)} is no length that ${String(source.length)} can hold`,
        `Use 1 to ${most}`,
      );
    }
  }
}

function options(source: Members, fields: Members): void {
  for (const [key, value] of Object.entries(source)) {
    const at = `/options/${key}`;
    const option = members(value, at);
    known(option, at, ['name', 'default', 'choices']);
    name(option.name, `${at}/name`);
    const choices = members(option.choices, `${at}/choices`);
    oneOf(option.default, `${at}/default`, Object.keys(choices));
    for (const [choice, changes] of Object.entries(choices)) {
      const here = `${at}/choices/${choice}`;
      for (const [number, change] of Object.entries(members(changes, here))) {
        if (!Object.hasOwn(fields, number)) {
          throw new Mistake(`${here}/${number}`, `there is no field ${number}`, 'Name a field of /fields');
        }
        field(members(change, `${here}/${number}`), `${here}/${number}`, false);
      }
    }
  }
}

const RESTS = ['repeat', 'chain', 'tlv', 'bitmap'] as const;

function layout(source: Members, at: string): void {
  if (source.when !== undefined) when(members(source.when, `${at}/when`), `${at}/when`);
  division(source, at, ['when'], 0);
}

/** Layouts and what stands inside of parts; `more`: members that stand beside the division's own. */
function division(source: Members, at: string, more: readonly string[], depth: number): void {
  if (depth > SUBFIELD_DEPTH_MAX) {
    throw new Mistake(at, 'parts are divided too deep', `Use at most ${SUBFIELD_DEPTH_MAX} levels`);
  }
  known(source, at, [...more, 'parts', ...RESTS]);
  const rests = RESTS.filter(key => source[key] !== undefined);
  if (rests.length > 1) {
    throw new Mistake(at, `${rests.join(' and ')} both take the rest of the value`, 'Keep one of them');
  }
  if (source.parts === undefined && rests.length === 0) {
    throw new Mistake(at, 'the layout divides nothing', 'Give parts, repeat, chain, tlv or bitmap');
  }
  if (source.tlv !== undefined) flag(source.tlv, `${at}/tlv`);
  if (source.parts !== undefined) parts(source.parts, `${at}/parts`, rests.length === 0, depth);
  if (source.repeat !== undefined) parts(source.repeat, `${at}/repeat`, false, depth);
  if (source.chain !== undefined) chain(members(source.chain, `${at}/chain`), `${at}/chain`, 0);
  if (source.bitmap !== undefined) bitmapParts(members(source.bitmap, `${at}/bitmap`), `${at}/bitmap`, depth);
}

function parts(source: unknown, at: string, mayEndOpen: boolean, depth: number): void {
  const all = list(source, at);
  if (all.length === 0) throw new Mistake(at, 'the list is empty', 'Give at least one part');
  const seen = new Set<string>();
  all.forEach((entry, i) => {
    part(members(entry, `${at}/${i}`), `${at}/${i}`, seen, mayEndOpen && i === all.length - 1, depth);
  });
}

function bitmapParts(source: Members, at: string, depth: number): void {
  known(source, at, ['length', 'form', 'extended', 'parts']);
  const length = source.length;
  if (typeof length !== 'number' || !Number.isInteger(length) || length < 1 || length > SUBFIELD_BITMAP_MAX) {
    throw new Mistake(`${at}/length`, `${String(length)} is no length`, `Use 1 to ${SUBFIELD_BITMAP_MAX} bytes`);
  }
  if (source.form !== undefined) oneOf(source.form, `${at}/form`, ['binary', 'hex']);
  if (source.extended !== undefined) flag(source.extended, `${at}/extended`);
  const last = length * (source.extended === true ? 16 : 8);
  const first = source.extended === true ? 2 : 1;
  const seen = new Set<string>();
  for (const [bit, entry] of Object.entries(members(source.parts, `${at}/parts`))) {
    const here = `${at}/parts/${bit}`;
    if (!/^[1-9]\d{0,2}$/.test(bit) || Number(bit) < first || Number(bit) > last) {
      throw new Mistake(here, `${bit} is no bit of this bitmap`, `Use ${first} to ${last}`);
    }
    part(members(entry, here), here, seen, Number(bit) === last, depth);
  }
}

const PART_MEMBERS = [
  ...['id', 'name', 'length', 'max', 'lengthEncoding', 'type', 'encoding', 'class', 'values', 'inside'],
];

function part(source: Members, at: string, seen: Set<string>, mayBeOpen: boolean, depth: number): void {
  known(source, at, PART_MEMBERS);
  const { id, length } = source;
  if (typeof id !== 'string' || !PART_ID.test(id) || seen.has(id)) {
    throw new Mistake(
      `${at}/id`,
      `${String(id)} is no new part number`,
      'Write the field, a dot and a number, e.g. 60.3',
    );
  }
  seen.add(id);
  nameAndClass(source, at);
  if (source.type !== undefined) oneOf(source.type, `${at}/type`, PART_TYPES);
  if (source.encoding !== undefined) oneOf(source.encoding, `${at}/encoding`, PART_ENCODINGS);
  if (source.values !== undefined) values(source.values, `${at}/values`);
  if (source.inside !== undefined) division(members(source.inside, `${at}/inside`), `${at}/inside`, [], depth + 1);
  const prefixed = typeof length === 'string';
  if (prefixed) {
    oneOf(length, `${at}/length`, LENGTH_KINDS.slice(1), 'a number of units');
  } else if (length !== undefined) {
    count(length, `${at}/length`);
  } else if (!mayBeOpen) {
    throw new Mistake(`${at}/length`, 'only the last part may take the rest', 'Give a length');
  }
  for (const member of ['max', 'lengthEncoding']) {
    if (source[member] !== undefined && !prefixed) {
      throw new Mistake(`${at}/${member}`, 'no length stands before the part', 'Remove it, or write length ll or lll');
    }
  }
  if (source.lengthEncoding !== undefined) oneOf(source.lengthEncoding, `${at}/lengthEncoding`, LENGTH_ENCODINGS);
  if (source.max !== undefined) count(source.max, `${at}/max`, LENGTH_MAX[String(length)]);
}

function chain(source: Members, at: string, depth: number): void {
  if (depth > CHAIN_DEPTH_MAX)
    throw new Mistake(at, 'chains are nested too deep', `Use at most ${CHAIN_DEPTH_MAX} levels`);
  known(source, at, ['tagLength', 'lengthDigits', 'tags']);
  count(source.tagLength, `${at}/tagLength`);
  if (source.lengthDigits !== 0) count(source.lengthDigits, `${at}/lengthDigits`);
  for (const [key, value] of Object.entries(members(source.tags, `${at}/tags`))) {
    const here = `${at}/tags/${key}`;
    const tag = members(value, here);
    known(tag, here, ['name', 'class', 'length', 'chain']);
    nameAndClass(tag, here);
    if (key.length !== source.tagLength) {
      throw new Mistake(
        here,
        `${key} has ${key.length} characters`,
        `Tags of this chain have ${String(source.tagLength)}`,
      );
    }
    if (source.lengthDigits === 0 || tag.length !== undefined) count(tag.length, `${here}/length`);
    if (tag.chain !== undefined) chain(members(tag.chain, `${here}/chain`), `${here}/chain`, depth + 1);
  }
}

function when(source: Members, at: string): void {
  known(source, at, ['mti', 'length', 'starts', 'parts']);
  if (source.mti !== undefined) texts(source.mti, `${at}/mti`, /^\d{4}$/);
  if (source.length !== undefined) list(source.length, `${at}/length`).forEach((n, i) => count(n, `${at}/length/${i}`));
  if (source.starts !== undefined && (typeof source.starts !== 'string' || source.starts === '')) {
    throw new Mistake(`${at}/starts`, 'not a text', 'Give the first characters of the value');
  }
  if (source.parts === undefined) return;
  for (const [key, value] of Object.entries(members(source.parts, `${at}/parts`))) {
    if (!PART_ID.test(key)) throw new Mistake(`${at}/parts/${key}`, `${key} is no part number`, 'Write e.g. 60.3');
    texts(value, `${at}/parts/${key}`, /^[0-9A-Za-z]+$/);
  }
}

function nameAndClass(source: Members, at: string): void {
  name(source.name, `${at}/name`);
  oneOf(source.class, `${at}/class`, FIELD_CLASSES);
}

function name(source: unknown, at: string): void {
  const both = members(source, at);
  known(both, at, ['zh', 'en']);
  for (const lang of ['zh', 'en']) {
    const text = both[lang];
    if (typeof text !== 'string' || text === '') {
      throw new Mistake(`${at}/${lang}`, 'the name is missing', 'Give names in zh and en');
    }
  }
}

function values(source: unknown, at: string): void {
  for (const [key, value] of Object.entries(members(source, at))) name(value, `${at}/${key}`);
}

function texts(source: unknown, at: string, shape: RegExp): void {
  list(source, at).forEach((entry, i) => {
    if (typeof entry !== 'string' || !shape.test(entry)) {
      throw new Mistake(
        `${at}/${i}`,
        `${JSON.stringify(entry)} has not the form of this list`,
        `Write it as ${shape.source}`,
      );
    }
  });
}

function count(source: unknown, at: string, most = 999): void {
  if (typeof source !== 'number' || !Number.isInteger(source) || source < 1 || source > most) {
    throw new Mistake(at, `${String(source)} is no length`, `Use a whole number from 1 to ${most}`);
  }
}

function flag(source: unknown, at: string): void {
  if (typeof source !== 'boolean')
    throw new Mistake(at, `${String(source)} is neither true nor false`, 'Write true or false');
}

function oneOf(source: unknown, at: string, allowed: readonly string[], or = ''): void {
  if (typeof source === 'string' && allowed.includes(source)) return;
  const cause = source === undefined ? 'the member is missing' : `${JSON.stringify(source)} is not possible here`;
  if (allowed.length === 0) throw new Mistake(at, 'the member does not suit the type', 'Remove it');
  throw new Mistake(at, cause, `Use one of ${allowed.join(', ')}${or === '' ? '' : ` or ${or}`}`);
}

function known(source: Members, at: string, allowed: readonly string[]): void {
  for (const key of Object.keys(source)) {
    if (!allowed.includes(key)) throw new Mistake(`${at}/${key}`, 'no such member', `Use only ${allowed.join(', ')}`);
  }
}

function members(source: unknown, at: string): Members {
  if (typeof source === 'object' && source !== null && !Array.isArray(source)) return source as Members;
  throw new Mistake(at, 'an object is expected', 'Write { … }');
}

function list(source: unknown, at: string): readonly unknown[] {
  if (Array.isArray(source)) return source as readonly unknown[];
  throw new Mistake(at, 'a list is expected', 'Write [ … ]');
}
