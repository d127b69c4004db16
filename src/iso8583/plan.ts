import { failed, fault, ok, type Result } from '../fault.ts';
import { CharacterClass } from './characters.ts';
import { checkDialect, checkField } from './check.ts';
import {
  BITMAP_FORMS,
  FIELD_CLASSES,
  FIELD_TYPES,
  LENGTH_ENCODINGS,
  LENGTH_KINDS,
  type DialectOptions,
  type DialectSource,
  type Encoding,
  type FieldClass,
  type FieldSource,
  type FieldType,
  type Framing,
  type LengthEncoding,
} from './source.ts';

export type { DialectOptions, DialectSource, FieldClass, FieldSource, Framing, Name } from './source.ts';

/** Fields 2 to 192: three bitmaps of eight bytes. */
export const FIELD_MAX = 192;

/** Numbers of the types in {@link FieldPlan.type}; 0 = the dialect has no such field. */
export const FieldTypeCode = { absent: 0, n: 1, z: 2, an: 3, ans: 4, b: 5 } as const;

/** Bytes that a unit (digit, character, byte) of a value takes: half a byte, one, or two for hex. */
export const UnitForm = { packed: 0, single: 1, double: 2 } as const;

/** Where the characters of message type, bitmap and lengths come from. Numbers of `LENGTH_ENCODINGS`. */
export const LengthForm = { bcd: 0, ascii: 1, ebcdic: 2, binary: 3 } as const;

/** Pad nibble of a value with an even number of digits. */
export const NO_PAD = 0xff;

/**
 * A dialect made ready for the codec: flat arrays, indexed by field number, so that decoding and encoding look nothing
 * up and create nothing. `source` is the dialect with the chosen options applied; names and layouts are read from it.
 */
export interface FieldPlan {
  readonly source: DialectSource;
  /** Every option of the dialect with the choice in force. */
  readonly options: DialectOptions;
  readonly framing: Framing;
  /** {@link LengthForm} of the message type: bcd, ascii or ebcdic. */
  readonly mtiForm: number;
  /** 0 binary, 1 hex, 2 hex in EBCDIC. */
  readonly bitmapForm: number;
  /** Bitmaps that every message has, and that it may have: 1 to 3. */
  readonly bitmapsLeast: number;
  readonly bitmapsMost: number;
  /** True when the third bitmap stands where field 65 would, not behind the second. */
  readonly thirdAtField65: boolean;
  /** {@link FieldTypeCode} */
  readonly type: Uint8Array;
  /** {@link UnitForm} */
  readonly form: Uint8Array;
  /** 1 where characters are EBCDIC. */
  readonly ebcdic: Uint8Array;
  /** Bits of {@link CharacterClass} that a byte of the value must have one of; 0 where any byte will do. */
  readonly allowed: Uint16Array;
  /** Bytes of the length, 0 to 4. */
  readonly lengthBytes: Uint8Array;
  /** {@link LengthForm} */
  readonly lengthForm: Uint8Array;
  /** 1 where the length counts bytes and not units. */
  readonly countsBytes: Uint8Array;
  /** Digits for n and z, characters for an and ans, bytes for b. */
  readonly max: Uint16Array;
  /** 1 where odd packed digits stand at the right. */
  readonly right: Uint8Array;
  /** Nibble written beside odd packed digits. */
  readonly pad: Uint8Array;
  /** ASCII code of what fills a short value of a fixed field: 0 where nothing does, `0` before it, space after it. */
  readonly fill: Uint8Array;
  /** Index in `FIELD_CLASSES`. */
  readonly classes: Uint8Array;
}

/**
 * Checks a dialect and makes its plan. `chosen` picks options by name; the others have their default. The fault
 * `bad-dialect` names the JSON pointer inside the dialect, the cause and the remedy.
 */
export function compileFieldPlan(source: DialectSource, chosen: DialectOptions = {}): Result<FieldPlan> {
  const checked = checkDialect(source);
  return checked.ok ? planWithOptions(source, chosen) : checked;
}

/** As {@link compileFieldPlan}, for a dialect that has been checked before; only what the options change is checked. */
export function planWithOptions(source: DialectSource, chosen: DialectOptions): Result<FieldPlan> {
  const applied = applyOptions(source, chosen);
  if (!applied.ok) return applied;
  const { options, fields } = applied.value;
  const bytes = (): Uint8Array => new Uint8Array(FIELD_MAX + 1);
  const plan = {
    source: { ...source, fields },
    options,
    framing: source.framing,
    mtiForm: LENGTH_ENCODINGS.indexOf(source.mti),
    bitmapForm: BITMAP_FORMS.indexOf(source.bitmap),
    bitmapsLeast: source.bitmaps?.least ?? 1,
    bitmapsMost: source.bitmaps?.most ?? 1,
    thirdAtField65: source.bitmaps?.most === 3 && source.bitmaps.third === 'field65',
    type: bytes(),
    form: bytes(),
    ebcdic: bytes(),
    allowed: new Uint16Array(FIELD_MAX + 1),
    lengthBytes: bytes(),
    lengthForm: bytes(),
    countsBytes: bytes(),
    max: new Uint16Array(FIELD_MAX + 1),
    right: bytes(),
    pad: bytes(),
    fill: bytes(),
    classes: bytes(),
  };
  for (const [key, field] of Object.entries(fields)) {
    const f = Number(key);
    const encoding = encodingOf(source, field);
    const lengthEncoding = field.lengthEncoding ?? source.defaults?.length ?? 'bcd';
    const ebcdic = encoding === 'ebcdic' || encoding === 'hexEbcdic';
    plan.type[f] = FIELD_TYPES.indexOf(field.type) + 1;
    plan.form[f] =
      encoding === 'bcd' ? UnitForm.packed : encoding.startsWith('hex') ? UnitForm.double : UnitForm.single;
    plan.ebcdic[f] = ebcdic ? 1 : 0;
    plan.allowed[f] = allowedBytes(field.type, encoding);
    plan.lengthForm[f] = LENGTH_ENCODINGS.indexOf(lengthEncoding);
    plan.lengthBytes[f] = lengthBytes(LENGTH_KINDS.indexOf(field.length), lengthEncoding);
    plan.countsBytes[f] = (field.lengthCounts ?? source.defaults?.lengthCounts) === 'bytes' ? 1 : 0;
    plan.max[f] = field.max;
    plan.right[f] = field.align === 'right' ? 1 : 0;
    plan.pad[f] = field.pad === 'F' ? 0x0f : 0;
    plan.fill[f] = field.fill === undefined ? 0 : field.fill === 'zero' ? 0x30 : 0x20;
    plan.classes[f] = FIELD_CLASSES.indexOf(field.class);
    const wrong = plan.countsBytes[f] === 1 ? wrongByteCount(plan, f, field) : undefined;
    if (wrong !== undefined) {
      const [cause, remedy] = wrong;
      return failed(fault('E_ILLEGAL', 'bad-dialect', `dialect/fields/${f}/max: ${cause}`, remedy));
    }
  }
  return ok(plan);
}

/** Cause and remedy where a length that counts bytes cannot tell every value that the field may have. */
function wrongByteCount(
  plan: Pick<FieldPlan, 'form' | 'lengthBytes' | 'lengthForm' | 'max' | 'pad'>,
  f: number,
  field: FieldSource,
): readonly [string, string] | undefined {
  if (plan.lengthBytes[f] === 0) return undefined;
  const max = plan.max[f];
  const packed = plan.form[f] === UnitForm.packed;
  const bytes = packed ? (max + 1) >> 1 : plan.form[f] === UnitForm.double ? 2 * max : max;
  const binary = plan.lengthForm[f] === LengthForm.binary;
  const most = binary ? 256 ** plan.lengthBytes[f] - 1 : 10 ** LENGTH_KINDS.indexOf(field.length) - 1;
  if (bytes > most) {
    return [`a value of ${max} takes ${bytes} bytes, more than the length can tell (${most})`, 'Write a smaller max'];
  }
  if (packed && max % 2 === 1 && plan.pad[f] !== 0x0f) {
    return [`${max} digits are odd, which a length in bytes cannot tell`, 'Write an even max, or pad F'];
  }
  return undefined;
}

/** How a field travels: its own encoding, or the dialect's for its type. */
export function encodingOf(source: DialectSource, field: FieldSource): Encoding {
  if (field.encoding !== undefined) return field.encoding;
  if (field.type === 'b') return source.defaults?.bytes ?? 'binary';
  if (field.type === 'n' || field.type === 'z') return source.defaults?.digits ?? 'bcd';
  return source.defaults?.text ?? 'ascii';
}

/** {@link CharacterClass} bits of a value's bytes. Packed tracks may have any nibble. */
function allowedBytes(type: FieldType, encoding: Encoding): number {
  switch (encoding) {
    case 'bcd':
      return type === 'n' ? CharacterClass.packed : CharacterClass.any;
    case 'hex':
      return CharacterClass.hex;
    case 'hexEbcdic':
      return CharacterClass.ebcdicHex;
    case 'ascii':
      if (type === 'n') return CharacterClass.digit;
      if (type === 'z') return CharacterClass.track;
      return type === 'an' ? CharacterClass.printable : CharacterClass.printable | CharacterClass.upper;
    case 'ebcdic':
      if (type === 'n') return CharacterClass.ebcdicDigit;
      if (type === 'z') return CharacterClass.ebcdicTrack;
      if (type === 'an') return CharacterClass.ebcdicPrintable;
      return CharacterClass.ebcdicPrintable | CharacterClass.ebcdicUpper;
    case 'binary':
      return CharacterClass.any;
  }
}

function lengthBytes(digits: number, encoding: LengthEncoding): number {
  return encoding === 'bcd' || encoding === 'binary' ? (digits + 1) >> 1 : digits;
}

/** Class of a field's whole value; `private` for a field that the dialect does not have. */
export function fieldClass(plan: FieldPlan, field: number): FieldClass {
  return FIELD_CLASSES[plan.classes[field]] ?? 'private';
}

interface Applied {
  readonly options: Record<string, string>;
  readonly fields: Record<string, FieldSource>;
}

function applyOptions(source: DialectSource, chosen: DialectOptions): Result<Applied> {
  const fields: Record<string, FieldSource> = { ...source.fields };
  const options: Record<string, string> = {};
  for (const name of Object.keys(chosen)) {
    if (!Object.hasOwn(source.options, name)) {
      const known = Object.keys(source.options).join(', ');
      return failed(
        fault('E_NOEXIST', 'unknown-option', `the dialect has no option ${name}`, `Known options: ${known}`),
      );
    }
  }
  for (const [name, option] of Object.entries(source.options)) {
    const choice = chosen[name] ?? option.default;
    if (!Object.hasOwn(option.choices, choice)) {
      const known = Object.keys(option.choices).join(', ');
      return failed(fault('E_NOEXIST', 'unknown-choice', `option ${name} has no choice ${choice}`, `Known: ${known}`));
    }
    options[name] = choice;
    for (const [field, change] of Object.entries(option.choices[choice])) {
      const changed = { ...fields[field], ...change };
      const checked = checkField(changed, `/options/${name}/choices/${choice}/${field}`);
      if (!checked.ok) return checked;
      fields[field] = changed;
    }
  }
  return ok({ options, fields });
}
