import { failed, fault, ok, type Fault, type Result } from '../fault.ts';
import { toHex } from '../wire/hex.ts';
import { CodecError } from './codec-error.ts';
import { describeMessage, renderTree, type Lang, type TreeNode } from './describe.ts';
import { Doubt } from './doubt.ts';
import { Draft, type DraftTools } from './draft.ts';
import { checkSubfields, explainError, type Explanation } from './explain.ts';
import { FieldValue } from './field-value.ts';
import { maskedPart, maskedText } from './mask.ts';
import type { MessageView } from './message-view.ts';
import { describeMti, responseMti, type MtiWords } from './mti.ts';
import { FIELD_MAX, FieldTypeCode, type FieldClass, type Name } from './plan.ts';
import type { DialectSource } from './source.ts';
import { Status } from './status.ts';
import { mtiText, subfieldAt, subfieldsOf, type SubfieldValue } from './subfields.ts';
import type { FieldNumber, FieldOutput, NumericField } from './typed.ts';

/** Without `clear` card data is masked by the classes of the dialect. */
export interface ShowOptions {
  /** Shows everything as it is. For test data on a person's own screen. */
  readonly clear?: boolean;
  /** `en` when absent. */
  readonly lang?: Lang;
}

/** A message as plain data. */
export interface MessageObject {
  readonly mti: string;
  /** By field number: digits, text, or upper-case hex of bytes; hidden characters are `*`, so the length stays. */
  readonly fields: Readonly<Record<string, string>>;
  readonly tpdu?: string;
  readonly header?: string;
  readonly error?: Explanation;
  /** Which values are hidden because they may stand in the wrong place, and why. */
  readonly hidden?: string;
}

/** A piece of a field. `value` is in clear; `masked` is what may be logged. */
export interface MessagePart {
  /** `60.2`, `55.9F36` */
  readonly path: string;
  readonly name: Name;
  readonly class: FieldClass;
  readonly value: string;
  readonly masked: string;
  /** What the value means, when the dialect says so. */
  readonly meaning: Name | undefined;
  readonly parts: readonly MessagePart[];
}

/** What a codec and its messages have in common. */
export interface Workshop extends DraftTools {
  /** One view for all messages: each decodes its own bytes again when another one has used the view since. */
  readonly view: MessageView;
}

/** What stood before a body. */
export interface Envelope {
  /** Offset of the body. */
  readonly bodyStart: number;
  readonly tpdu: Uint8Array | undefined;
  readonly header: Uint8Array | undefined;
  /** What is wrong with the frame itself. */
  readonly fault: Fault | undefined;
}

const NO_ENVELOPE: Envelope = { bodyStart: 0, tpdu: undefined, header: undefined, fault: undefined };

/** What may be the half of a GBK character. */
const ABOVE_ASCII = /[\x80-\xff]/;
/** What shows hidden values. */
const CLEAR = '{ clear: true }';

/**
 * A decoded message. It keeps its own copy of the bytes and nothing else; values are read when asked for. After a decoding
 * error the fields before it can still be read and `error` tells what is wrong where.
 *
 * Printing it, logging it and `JSON.stringify` show card data masked; only {@link get}, {@link text}, {@link bytes},
 * {@link parts} and `clear` give it as it is.
 */
export class Message<D extends DialectSource = DialectSource> {
  /** Five bytes before the body; undefined when there were none. */
  readonly tpdu: Uint8Array | undefined;
  /** Six bytes before the body; undefined when there were none. */
  readonly header: Uint8Array | undefined;
  // Private in the language and not only in the types: an inspector or a logger must not find the bytes.
  readonly #shop: Workshop;
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #fault: Fault | undefined;
  #doubted: Doubt | undefined;

  /** For the codec: `bytes` is the message's own copy of the body or the frame. */
  constructor(shop: Workshop, bytes: Uint8Array, envelope: Envelope = NO_ENVELOPE) {
    this.#shop = shop;
    this.#bytes = bytes;
    this.#start = envelope.bodyStart;
    this.#fault = envelope.fault;
    this.tpdu = envelope.tpdu;
    this.header = envelope.header;
  }

  /** Four digits; empty when not even the message type could be read. */
  get mti(): string {
    const view = this.#view();
    return view.end > view.start ? mtiText(view.mti) : '';
  }

  /** Version, class, function and origin of the message type in words. */
  get mtiWords(): MtiWords {
    return describeMti(this.mti);
  }

  /**
   * What could not be decoded: where (`path`, `offset` in the bytes that were given), what was expected and what was found,
   * which tells nothing of hidden values; undefined when all of it could.
   */
  get error(): Explanation | undefined {
    return explainError(this.#view());
  }

  /** What is wrong inside of fields that are right as a whole: chip tags that are cut, parts that do not fit their layout. */
  warnings(): readonly Explanation[] {
    return checkSubfields(this.#shop.plan, this.#view());
  }

  /** True when the message was decoded to its last byte. */
  get ok(): boolean {
    return this.#fault === undefined && this.#view().status === Status.ok;
  }

  /** What is wrong, as a fault; undefined when nothing is. Names the place, never a hidden value. */
  get fault(): Fault | undefined {
    const { error } = this;
    if (this.#fault !== undefined || error === undefined) return this.#fault;
    const { path, offset, expected, found, en } = error;
    const place = error.field < 2 ? path : `field ${path}`;
    const cause = `message ${this.mti || '(no type)'}, ${place}, offset ${offset}: ${en}; expected ${expected.en}, found ${found.en}`;
    return fault('E_ILLEGAL', 'cannot-decode', cause, 'Compare the bytes with the dialect and its options');
  }

  /** The message itself when it was decoded to its last byte, the fault otherwise. */
  get result(): Result<this> {
    const wrong = this.fault;
    return wrong === undefined ? ok(this) : failed(wrong);
  }

  /** The message itself; throws a {@link CodecError} when it was not decoded to its last byte. */
  orThrow(): this {
    const wrong = this.fault;
    if (wrong !== undefined) throw new CodecError(wrong);
    return this;
  }

  /** True when the field is there. */
  has(field: number): boolean {
    return this.#view().has(field);
  }

  /** Numbers of the fields that are there, ascending. */
  fields(): readonly number[] {
    const view = this.#view();
    const found: number[] = [];
    for (let field = 2; field <= FIELD_MAX; field++) if (view.has(field)) found.push(field);
    return found;
  }

  /** Which of `fields` are absent; without an argument, of those that the codec requires of this message type. */
  missing(fields: readonly number[] = this.#shop.required[this.mti] ?? []): readonly number[] {
    return fields.filter(field => !this.has(field));
  }

  /**
   * A field's value in clear: bytes of a b field, text of any other (digits; track separator `D`; GBK where it is GBK); with a
   * path such as `60.2` or `55.9F36` the text of that part. Undefined when absent.
   */
  get<F extends FieldNumber<D>>(field: F): FieldOutput<D, F> | undefined;
  get(path: `${number}.${string}`): string | undefined;
  get(at: number | string): string | Uint8Array | undefined {
    if (typeof at === 'string') return subfieldAt(this.#shop.plan, this.#view(), at)?.text;
    if (this.#shop.plan.type[at] === FieldTypeCode.b) return this.bytes(at);
    return this.text(at);
  }

  /** A field's value in clear as text, of a b field as upper-case hex; undefined when absent. */
  text(field: number): string | undefined {
    const view = this.#view();
    if (!view.has(field)) return undefined;
    const plain = view.text(field);
    return ABOVE_ASCII.test(plain) ? new FieldValue(view, field).text(0, view.size(field)) : plain;
  }

  /** A value of up to 15 digits as a number, amounts in minor units; undefined when absent or no such number. */
  number(field: NumericField<D>): number | undefined {
    const value = this.#view().number(field);
    return value < 0 ? undefined : value;
  }

  /** A copy of the bytes of a b field; of any other field the bytes as they travel. Undefined when absent. */
  bytes(field: number): Uint8Array | undefined {
    const view = this.#view();
    if (!view.has(field)) return undefined;
    if (this.#shop.plan.type[field] !== FieldTypeCode.b) return view.bytes(field).slice();
    const value = new Uint8Array(view.size(field));
    view.bytesInto(field, value, 0);
    return value;
  }

  /** The parts of a field as the dialect divides it, chip tags among them, known or not; empty when it does not. */
  parts(field: number): readonly MessagePart[] {
    const view = this.#view();
    const doubt = this.#doubt();
    return subfieldsOf(this.#shop.plan, view, field).map(part => partOf(view, field, part, doubt));
  }

  /** A field's value as it may be logged; empty when absent. */
  masked(field: number): string {
    return maskedText(this.#view(), field, this.#doubt());
  }

  /** Name of a field; undefined when the dialect has no such field. */
  nameOf(field: number): Name | undefined {
    return this.#shop.plan.source.fields[field]?.name;
  }

  /** Pairs of field number and value in clear, as {@link get} gives it, in ascending order. */
  *[Symbol.iterator](): Generator<readonly [field: number, value: string | Uint8Array]> {
    for (const field of this.fields()) {
      const value = this.#shop.plan.type[field] === FieldTypeCode.b ? this.bytes(field) : this.text(field);
      if (value !== undefined) yield [field, value];
    }
  }

  /**
   * A draft of the answer: the message type of the response (`0200` → `0210`) and copies of those of the `echo` fields that
   * are there. Fault `no-response` when the message is none that is answered.
   */
  respond(echo: readonly FieldNumber<D>[] = []): Result<Draft<D>> {
    const mti = responseMti(this.mti);
    if (mti === undefined) {
      const cause = `message type ${this.mti || '(none)'} is not answered`;
      return failed(fault('E_ILLEGAL', 'no-response', cause, 'Answer requests, advices and notifications only'));
    }
    return ok(this.#draft(mti, echo));
  }

  /** As {@link respond}, and throws a {@link CodecError} instead of returning a fault. */
  toResponse(echo: readonly FieldNumber<D>[] = []): Draft<D> {
    const draft = this.respond(echo);
    if (!draft.ok) throw new CodecError(draft.fault);
    return draft.value;
  }

  /** A draft with the message type and all fields of this message, fillers of odd digits too. */
  toDraft(): Draft<D> {
    return this.#draft(this.mti, this.fields());
  }

  /** The message as plain data. `JSON.stringify` calls it and gets it masked. */
  toJSON(options?: ShowOptions | string): MessageObject {
    const clear = typeof options === 'object' && options.clear === true;
    const fields: Record<string, string> = {};
    for (const field of this.fields()) fields[field] = (clear ? this.text(field) : this.masked(field)) ?? '';
    const { mti, tpdu, header, error } = this;
    const hidden = clear ? undefined : this.#doubt().text('en', CLEAR);
    return {
      mti,
      ...(tpdu === undefined ? {} : { tpdu: toHex(tpdu) }),
      ...(header === undefined ? {} : { header: toHex(header) }),
      fields,
      ...(error === undefined ? {} : { error }),
      ...(hidden === undefined ? {} : { hidden }),
    };
  }

  /**
   * The message for people, one line a field or part: number, name, value and meaning; then what is hidden because it is
   * doubtful, and what is wrong.
   */
  explain(options: ShowOptions = {}): string {
    const { clear = false, lang = 'en' } = options;
    const view = this.#view();
    const { nodes } = describeMessage(view, { clear, lang }, this.#doubt());
    const notes: TreeNode[] = [];
    const hidden = clear ? undefined : this.#doubt().text(lang, CLEAR);
    if (hidden !== undefined) notes.push(noteOf('', lang === 'zh' ? '已隐藏' : 'hidden', '', hidden));
    const { error } = this;
    for (const each of [...(error === undefined ? [] : [error]), ...this.warnings()]) {
      const { path, offset, expected, found } = each;
      const [name, place] = lang === 'zh' ? ['错误', `偏移 ${offset}`] : [each.severity, `offset ${offset}`];
      const note = lang === 'zh' ? `应为${expected.zh}，实为${found.zh}` : `expected ${expected.en}, found ${found.en}`;
      notes.push(noteOf(path, name, place, `${each[lang]}: ${note}`));
    }
    return renderTree({ nodes: [...nodes, ...notes] });
  }

  /** One line, masked. */
  toString(): string {
    const texts = this.fields().map(field => `${field}=${this.masked(field)}`);
    return [this.mti, ...texts].join(' ') + (this.ok ? '' : ` error: ${this.fault?.cause ?? ''}`);
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.explain();
  }

  #view(): MessageView {
    const { view } = this.#shop;
    if (view.message !== this.#bytes) view.decode(this.#bytes, this.#start, this.#bytes.length);
    return view;
  }

  #doubt(): Doubt {
    return (this.#doubted ??= new Doubt(this.#view()));
  }

  #draft(mti: string, fields: readonly number[]): Draft<D> {
    const draft = new Draft<D>(this.#shop, mti);
    for (const field of fields) {
      const pad = this.#view().padNibble(field);
      draft.put(field, this.text(field), pad < 0 ? undefined : pad);
    }
    return draft;
  }
}

function noteOf(key: string, name: string, value: string, note: string): TreeNode {
  return { key, name, value, note, children: [] };
}

function partOf(view: MessageView, field: number, part: SubfieldValue, doubt: Doubt): MessagePart {
  return {
    path: part.path,
    name: part.name,
    class: part.class,
    value: part.text,
    masked: maskedPart(view, field, part, doubt),
    meaning: part.meaning,
    parts: part.children.map(child => partOf(view, field, child, doubt)),
  };
}
