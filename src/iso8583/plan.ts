import { failed, fault, ok, type Result } from '../fault.ts';
import { checkDialect, checkField } from './check.ts';
import {
  FIELD_CLASSES,
  FIELD_TYPES,
  LENGTH_KINDS,
  type DialectOptions,
  type DialectSource,
  type FieldClass,
  type FieldSource,
  type Framing,
} from './source.ts';

export type { DialectOptions, DialectSource, FieldClass, FieldSource, Framing, Name } from './source.ts';

/** Fields 2 to 64; one bitmap of eight bytes. */
export const FIELD_MAX = 64;

/** Numbers of the types in {@link FieldPlan.type}; 0 = the dialect has no such field. */
export const FieldTypeCode = { absent: 0, n: 1, z: 2, an: 3, ans: 4, b: 5 } as const;

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
  /** {@link FieldTypeCode} */
  readonly type: Uint8Array;
  /** 0 fixed, 1 LL, 2 LLL: the number of length bytes. */
  readonly lengthBytes: Uint8Array;
  /** Digits for n and z, bytes for the others. */
  readonly max: Uint16Array;
  /** 1 where odd digits stand at the right. */
  readonly right: Uint8Array;
  /** Nibble written beside odd digits. */
  readonly pad: Uint8Array;
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
  const effective: DialectSource = { ...source, fields };

  const type = new Uint8Array(FIELD_MAX + 1);
  const lengthBytes = new Uint8Array(FIELD_MAX + 1);
  const max = new Uint16Array(FIELD_MAX + 1);
  const right = new Uint8Array(FIELD_MAX + 1);
  const pad = new Uint8Array(FIELD_MAX + 1);
  const classes = new Uint8Array(FIELD_MAX + 1);
  for (const [key, field] of Object.entries(fields)) {
    const f = Number(key);
    type[f] = FIELD_TYPES.indexOf(field.type) + 1;
    lengthBytes[f] = LENGTH_KINDS.indexOf(field.length);
    max[f] = field.max;
    right[f] = field.align === 'right' ? 1 : 0;
    pad[f] = field.pad === 'F' ? 0x0f : 0;
    classes[f] = FIELD_CLASSES.indexOf(field.class);
  }
  return ok({ source: effective, options, framing: source.framing, type, lengthBytes, max, right, pad, classes });
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
