import { failed, fault, ok, type Result } from '../fault.ts';
import { MessageBuilder } from '../iso8583/message-builder.ts';
import { MessageView } from '../iso8583/message-view.ts';
import { FIELD_MAX, FieldTypeCode, fieldClass, type FieldPlan } from '../iso8583/plan.ts';
import { StatusText } from '../iso8583/status.ts';

const ROOM = 16_384;
const ANY_TYPE = -1;

/** A value that messages must have: of all types that have the field, or of one type, which must have it then. */
export class FieldExpectation {
  /** As it was written, without a value that may not be shown. */
  readonly text: string;
  readonly field: number;
  /** Messages that it was asked of. */
  asked = 0;
  private readonly mti: number;
  private readonly want: string;
  private readonly open: boolean;

  constructor(text: string, mti: number, field: number, want: string, open: boolean) {
    this.text = text;
    this.mti = mti;
    this.field = field;
    this.want = want;
    this.open = open;
  }

  /** Empty when the message is as wanted or not meant; else why it is not. */
  judge(view: MessageView): string {
    if (this.mti === ANY_TYPE ? !view.has(this.field) : view.mti !== this.mti) return '';
    this.asked++;
    if (!view.has(this.field)) return `wanted ${this.text}, the field is not there`;
    const got = view.text(this.field);
    if (got === this.want) return '';
    return `wanted ${this.text}, got ${this.open ? JSON.stringify(got) : `another value of ${view.size(this.field)} characters`}`;
  }
}

/**
 * Reads `39=00` (every message that has field 39) or `0210.39=00` (every 0210, which must have it). The value is digits,
 * characters, or hex for a field of bytes, and is filled as the dialect fills it. Fault `bad-expectation`.
 */
export function parseExpectation(plan: FieldPlan, text: string): Result<FieldExpectation> {
  const wrong = (cause: string): Result<never> =>
    failed(
      fault(
        'E_ILLEGAL',
        'bad-expectation',
        `--expect-field ${text}: ${cause}`,
        'Write field=value or type.field=value, e.g. 39=00 or 0210.39=00',
      ),
    );
  const parts = /^(?:(\d{4})\.)?(\d{1,3})=(.*)$/s.exec(text);
  if (parts === null) return wrong('it has another form');
  const field = Number(parts[2]);
  if (field < 2 || field > FIELD_MAX || plan.type[field] === FieldTypeCode.absent)
    return wrong(`the dialect has no field ${field}`);
  const mti = parts[1] === undefined ? ANY_TYPE : Number.parseInt(parts[1], 16);
  // Through the codec, so that fillers and letters are those that a message has.
  const builder = new MessageBuilder(plan);
  const bytes = new Uint8Array(ROOM);
  builder.begin(bytes, 0, 0x0200);
  builder.value(field, parts[3]);
  const end = builder.finish();
  if (end < 0) return wrong(StatusText[-end].en);
  const view = new MessageView(plan);
  view.decode(bytes, 0, end);
  const open = fieldClass(plan, field) === 'public';
  // What may not be shown is not repeated from the command line either.
  const shown = open ? text : `${text.slice(0, text.indexOf('='))}=…`;
  return ok(new FieldExpectation(shown, mti, field, view.text(field), open));
}
