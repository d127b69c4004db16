import { failed, fault, ok, type Fault, type Result } from '../fault.ts';
import { fromHex } from '../wire/hex.ts';
import { CodecError } from './codec-error.ts';
import { Deframer } from './deframer.ts';
import { Draft, type RequiredFields } from './draft.ts';
import {
  FrameView,
  HEADER_LENGTH,
  TPDU_LENGTH,
  bodyOffset,
  frameLengthBytes,
  readFrameLength,
  sealFrame,
} from './frame.ts';
import { Message, type MessageObject, type Workshop } from './message.ts';
import { MessageBuilder } from './message-builder.ts';
import { MessageView } from './message-view.ts';
import { compileFieldPlan, type FieldPlan } from './plan.ts';
import type { DialectOptions, DialectSource, Framing } from './source.ts';
import { Status, StatusText } from './status.ts';
import type { FieldInputs } from './typed.ts';

export interface CodecOptions {
  /** Choices among the options of the dialect. */
  readonly options?: DialectOptions;
  /** What stands before a body, where it is not what the dialect says. */
  readonly framing?: Partial<Framing>;
  /** Fields that a message type must have: encoding refuses a message without them, `Message.missing` lists them. */
  readonly required?: RequiredFields;
}

/** What stands before a body. Bytes, or their hex. */
export interface FrameParts {
  /** Five bytes; 60 00 00 00 00 when absent. */
  readonly tpdu?: Uint8Array | string;
  /** Six bytes; zeros when absent. */
  readonly header?: Uint8Array | string;
}

/** A message to be encoded. `fields` in the form of `Message.get`, of `Message.toJSON({ clear: true })`, or numbers. */
export interface MessageInput<D extends DialectSource> {
  readonly mti: string;
  readonly fields: FieldInputs<D>;
}

const TPDU_DEFAULT = Uint8Array.of(0x60, 0, 0, 0, 0);
const HEADER_DEFAULT = new Uint8Array(HEADER_LENGTH);

/**
 * Reads and writes the messages of one dialect, for programs that count no nanoseconds: values are copied out, mistakes
 * come as faults in words, and what is printed is masked. It stands on `MessageView` and `MessageBuilder`, which create
 * nothing and are there for the others. A codec is made once and used for every message of a line.
 *
 * Bad bytes never throw: a message has `ok`, `error` and `orThrow`. Methods that build throw a {@link CodecError}; each has a
 * sister beginning with `try` that returns a Result.
 */
export class Codec<D extends DialectSource = DialectSource> {
  readonly plan: FieldPlan;
  readonly framing: Framing;
  readonly #shop: Workshop;
  readonly #frame = new FrameView();

  private constructor(plan: FieldPlan, options: CodecOptions) {
    this.plan = plan;
    this.framing = { ...plan.framing, ...options.framing };
    const view = new MessageView(plan);
    this.#shop = { plan, view, builder: new MessageBuilder(plan), required: options.required ?? {} };
  }

  /**
   * Makes the codec of a dialect: a source written `as const`, which gives typed fields, or what a JSON file holds (the
   * dialect, or a profile source with a `dialect` in it). Throws a {@link CodecError} with the JSON pointer of a mistake.
   */
  static of<const D extends DialectSource>(dialect: D, options?: CodecOptions): Codec<D>;
  static of(dialect: unknown, options?: CodecOptions): Codec;
  static of(dialect: unknown, options?: CodecOptions): Codec {
    const made = Codec.tryOf(dialect, options);
    if (!made.ok) throw new CodecError(made.fault);
    return made.value;
  }

  /** As {@link of}. Fault `bad-dialect`, `unknown-option` or `unknown-choice`. */
  static tryOf<const D extends DialectSource>(dialect: D, options?: CodecOptions): Result<Codec<D>>;
  static tryOf(dialect: unknown, options?: CodecOptions): Result<Codec>;
  static tryOf(dialect: unknown, options: CodecOptions = {}): Result<Codec> {
    const file = dialect as { readonly dialect?: unknown } | null | undefined;
    const source = (typeof file === 'object' && file?.dialect) || dialect;
    // The compiler checks every member before it uses one.
    const plan = compileFieldPlan(source as DialectSource, options.options);
    return plan.ok ? ok(new Codec(plan.value, options)) : plan;
  }

  /** Decodes a body: message type, bitmaps and fields. The bytes are copied, so the caller may reuse them. */
  decode(body: Uint8Array): Message<D> {
    return new Message<D>(this.#shop, body.slice());
  }

  /**
   * Decodes a whole frame: length, TPDU and header as the framing says, then the body. A length that does not fit the bytes
   * makes the message not `ok`, its fields can be read all the same.
   */
  decodeFrame(frame: Uint8Array): Message<D> {
    const parts = this.#frame;
    const status = parts.open(this.framing, frame, 0, frame.length);
    const part = (at: number, length: number): Uint8Array | undefined =>
      at < 0 ? undefined : frame.slice(at, at + length);
    return new Message<D>(this.#shop, frame.slice(), {
      bodyStart: parts.bodyStart,
      tpdu: part(parts.tpdu, TPDU_LENGTH),
      header: part(parts.header, HEADER_LENGTH),
      fault: status === Status.ok ? undefined : this.#frameFault(status, frame),
    });
  }

  /** Begins a message: `codec.build('0200').set(4, 1234).bytes()`. */
  build(mti: string, fields?: FieldInputs<D>): Draft<D> {
    const draft = new Draft<D>(this.#shop, mti);
    return fields === undefined ? draft : draft.setAll(fields);
  }

  /** The body of a message; throws a {@link CodecError} with the faults of {@link tryEncode}. */
  encode(message: MessageInput<D> | MessageObject | Message<D>): Uint8Array {
    return this.#draftOf(message).bytes();
  }

  /** As {@link encode}. Fault `missing-fields` or `cannot-encode`, which names field, want and cause, never a value. */
  tryEncode(message: MessageInput<D> | MessageObject | Message<D>): Result<Uint8Array> {
    return this.#draftOf(message).tryBytes();
  }

  /** A whole frame round a body or a draft; throws a {@link CodecError} with the faults of {@link tryFrame}. */
  frame(body: Uint8Array | Draft<D>, parts?: FrameParts): Uint8Array {
    const frame = this.tryFrame(body, parts);
    if (!frame.ok) throw new CodecError(frame.fault);
    return frame.value;
  }

  /**
   * A whole frame: length, TPDU and header as the framing says, then the body. Faults: those of {@link tryEncode} of a draft;
   * `bad-hex`; `frame-part` when a TPDU is not 5 or a header not 6 bytes long; `frame-too-long`.
   */
  tryFrame(body: Uint8Array | Draft<D>, parts: FrameParts = {}): Result<Uint8Array> {
    const encoded = body instanceof Draft ? body.tryBytes() : ok(body);
    if (!encoded.ok) return encoded;
    const tpdu = framePart('TPDU', parts.tpdu, TPDU_DEFAULT);
    if (!tpdu.ok) return tpdu;
    const header = framePart('header', parts.header, HEADER_DEFAULT);
    if (!header.ok) return header;
    const start = bodyOffset(this.framing);
    const frame = new Uint8Array(start + encoded.value.length);
    frame.set(encoded.value, start);
    if (sealFrame(this.framing, frame, 0, encoded.value.length, tpdu.value, header.value) >= 0) return ok(frame);
    const cause = `a frame of ${frame.length} bytes does not fit its length`;
    return failed(fault('E_ILLEGAL', 'frame-too-long', cause, 'Send less, or choose a framing with another length'));
  }

  /** Cuts a stream of bytes into whole frames for {@link decodeFrame}; one for each connection. */
  deframer(lengthMax?: number): Deframer {
    return new Deframer(this.framing, lengthMax);
  }

  #draftOf(message: MessageInput<D> | MessageObject | Message<D>): Draft<D> {
    if (message instanceof Message) return message.toDraft();
    return this.build(message.mti, message.fields as FieldInputs<D>);
  }

  #frameFault(status: number, frame: Uint8Array): Fault {
    let problem = StatusText[status].en;
    if (status === Status.frameLength) {
      const told = readFrameLength(this.framing, frame, 0);
      const there = frame.length - frameLengthBytes(this.framing);
      problem = told < 0 ? 'its length is not decimal' : `its length tells ${told} bytes, ${there} follow`;
    }
    const cause = `frame of ${frame.length} bytes: ${problem}`;
    return fault('E_ILLEGAL', 'bad-frame', cause, 'Compare the bytes with the framing of the codec');
  }
}

function framePart(what: string, given: Uint8Array | string | undefined, usual: Uint8Array): Result<Uint8Array> {
  const bytes = typeof given === 'string' ? fromHex(given) : ok(given ?? usual);
  if (!bytes.ok || bytes.value.length === usual.length) return bytes;
  const cause = `a ${what} of ${bytes.value.length} bytes`;
  return failed(fault('E_ILLEGAL', 'frame-part', cause, `Give ${usual.length} bytes, or their hex`));
}
