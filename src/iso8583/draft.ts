import { failed, fault, ok, type Fault, type Result } from '../fault.ts';
import { CodecError } from './codec-error.ts';
import type { MessageBuilder } from './message-builder.ts';
import { FieldTypeCode, type FieldPlan } from './plan.ts';
import type { DialectSource } from './source.ts';
import { Status, StatusText } from './status.ts';
import type { FieldInput, FieldInputs, FieldNumber } from './typed.ts';

/** Fields that a message type must have, by message type. */
export type RequiredFields = Readonly<Record<string, readonly number[]>>;

/** What the drafts of one codec have in common. */
export interface DraftTools {
  readonly plan: FieldPlan;
  readonly builder: MessageBuilder;
  readonly required: RequiredFields;
}

type Given = string | number | bigint | Uint8Array;
interface Entry {
  readonly value: Given;
  /** Nibble beside an odd number of packed digits; the dialect's own when undefined. */
  readonly pad: number | undefined;
}

/** Longest body that is built: the most that two bytes of frame length can tell. */
const BODY_LENGTH_MAX = 65535;
const MTI = /^\d{4}$/;

/** A message that is being put together. Fields may be set in any order; {@link bytes} encodes it. */
export class Draft<D extends DialectSource = DialectSource> {
  /** Four digits. */
  mti: string;
  // Private in the language and not only in the types, so that printing a draft shows no card data.
  readonly #tools: DraftTools;
  readonly #entries = new Map<number, Entry>();

  /** For the codec. */
  constructor(tools: DraftTools, mti: string) {
    this.#tools = tools;
    this.mti = mti;
  }

  /** Sets a field, or replaces it. Undefined takes it out. Checked when the message is encoded. */
  set<F extends FieldNumber<D>>(field: F, value: FieldInput<D, F> | undefined): this {
    return this.put(field, value as Given | undefined);
  }

  /** Sets several fields. */
  setAll(fields: FieldInputs<D>): this {
    for (const [field, value] of Object.entries(fields)) this.put(Number(field), value as Given | undefined);
    return this;
  }

  /** As {@link set}, for field numbers and values that are only known at run time; `pad` is the nibble beside odd digits. */
  put(field: number, value: Given | undefined, pad?: number): this {
    if (value === undefined) this.#entries.delete(field);
    else this.#entries.set(field, { value, pad });
    return this;
  }

  /** True when the field is set. */
  has(field: number): boolean {
    return this.#entries.has(field);
  }

  /** Numbers of the fields that are set, ascending. */
  fields(): readonly number[] {
    return [...this.#entries.keys()].sort((a, b) => a - b);
  }

  /** Which of `fields` are not set; without an argument, of those that the codec requires of this message type. */
  missing(fields: readonly number[] = this.#tools.required[this.mti] ?? []): readonly number[] {
    return fields.filter(field => !this.#entries.has(field));
  }

  /**
   * The encoded body. The fault `missing-fields` names what the codec requires of the message type, `cannot-encode` the
   * first wrong field with what it must be and what was given, never the value.
   */
  tryBytes(): Result<Uint8Array> {
    const missing = this.missing();
    if (missing.length > 0) {
      const cause = `message ${this.mti} lacks field ${missing.join(', ')}`;
      return failed(fault('E_ILLEGAL', 'missing-fields', cause, 'Set the fields or change what is required'));
    }
    for (let room = 1024; ; room = BODY_LENGTH_MAX) {
      const out = new Uint8Array(room);
      const builder = this.#build(out);
      const end = builder.finish();
      if (end >= 0) {
        const body = out.slice(0, end);
        out.fill(0);
        return ok(body);
      }
      out.fill(0);
      if (-end !== Status.overflow || room === BODY_LENGTH_MAX) return failed(this.#wrong(-end, builder.errorField));
    }
  }

  /** As {@link tryBytes}, and throws a {@link CodecError} instead of returning a fault. */
  bytes(): Uint8Array {
    const encoded = this.tryBytes();
    if (!encoded.ok) throw new CodecError(encoded.fault);
    return encoded.value;
  }

  /** Numbers of the fields only. */
  toString(): string {
    return `${this.mti} [${this.fields().join(', ')}]`;
  }

  /** What `JSON.stringify` writes: field numbers, no values. Decode the encoded message to see them masked. */
  toJSON(): object {
    return { mti: this.mti, fields: this.fields() };
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `Draft ${this.toString()}`;
  }

  #build(out: Uint8Array): MessageBuilder {
    const { plan, builder } = this.#tools;
    builder.begin(out, 0, MTI.test(this.mti) ? Number.parseInt(this.mti, 16) : -1);
    for (const field of this.fields()) {
      const { value, pad } = this.#entries.get(field) as Entry;
      if (typeof value === 'number') builder.number(field, value);
      else if (typeof value === 'string') builder.value(field, value, pad);
      else if (typeof value === 'bigint') builder.value(field, bigDigits(plan, field, value), pad);
      else builder.bytes(field, value);
    }
    return builder;
  }

  #wrong(status: number, field: number): Fault {
    const words = StatusText[status].en;
    if (field === 0) {
      const cause = `message type ${JSON.stringify(this.mti)}: ${words}`;
      return fault('E_ILLEGAL', 'cannot-encode', cause, 'Give four digits such as 0200');
    }
    const { plan } = this.#tools;
    const source = plan.source.fields[field];
    const name = source === undefined ? '' : ` (${source.name.en})`;
    const wanted = source === undefined ? '' : `; wanted ${wantedText(plan, field)}`;
    const entry = this.#entries.get(field);
    const given = entry === undefined ? '' : `, given ${givenText(entry.value)}`;
    const cause = `field ${field}${name} of message ${this.mti}: ${words}${wanted}${given}`;
    return fault('E_ILLEGAL', 'cannot-encode', cause, 'Correct the value or choose another dialect or dialect option');
  }
}

/** Digits of a whole number; of a fixed field all of them, with zeros in front, as a number gives them. */
function bigDigits(plan: FieldPlan, field: number, value: bigint): string {
  const digits = value.toString();
  return plan.lengthBytes[field] === 0 ? digits.padStart(plan.max[field], '0') : digits;
}

/** `exactly 12 digits`, `at most 999 bytes`. */
function wantedText(plan: FieldPlan, field: number): string {
  const type = plan.type[field];
  const units =
    type === FieldTypeCode.b
      ? 'bytes'
      : type === FieldTypeCode.n
        ? 'digits'
        : type === FieldTypeCode.z
          ? 'track digits'
          : type === FieldTypeCode.an
            ? 'ASCII characters'
            : 'characters';
  return `${plan.lengthBytes[field] === 0 && plan.fill[field] === 0 ? 'exactly' : 'at most'} ${plan.max[field]} ${units}`;
}

function givenText(value: Given): string {
  if (typeof value === 'number' || typeof value === 'bigint') return 'a number';
  return typeof value === 'string' ? `${value.length} characters` : `${value.length} bytes`;
}
