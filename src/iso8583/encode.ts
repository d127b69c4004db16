import { failed, fault, ok, type Result } from '../fault.ts';
import { MessageBuilder } from './message-builder.ts';
import type { FieldPlan } from './plan.ts';
import { StatusText } from './status.ts';

/**
 * Encodes a whole body from texts, for people, tools and simulators. `fields` maps field numbers to the form that
 * `MessageView.text` gives; the order does not matter. `mti` as four digits. `pads` gives the nibble beside an odd
 * number of digits where it is not the dialect's. Returns the offset after the body in `out`; the fault
 * `cannot-encode` names field and cause, never the value.
 */
export function encodeFields(
  plan: FieldPlan,
  mti: string,
  fields: Readonly<Record<string, string>>,
  out: Uint8Array,
  at = 0,
  pads: Readonly<Record<string, number>> = {},
): Result<number> {
  return encodeFieldsWith(new MessageBuilder(plan), mti, fields, out, at, pads);
}

/** As {@link encodeFields}, with a builder that the caller keeps for the next message. */
export function encodeFieldsWith(
  builder: MessageBuilder,
  mti: string,
  fields: Readonly<Record<string, string>>,
  out: Uint8Array,
  at = 0,
  pads: Readonly<Record<string, number>> = {},
): Result<number> {
  builder.begin(out, at, /^\d{4}$/.test(mti) ? Number.parseInt(mti, 16) : -1);
  const numbers = Object.keys(fields).sort((a, b) => Number(a) - Number(b));
  for (const field of numbers) {
    const number = Number(field);
    if (Object.hasOwn(pads, field)) builder.value(number, fields[field], pads[field]);
    else builder.value(number, fields[field]);
  }
  const end = builder.finish();
  if (end >= 0) return ok(end);
  const words = StatusText[-end];
  const where = builder.errorField === 0 ? 'message type' : `field ${builder.errorField}`;
  return failed(
    fault(
      'E_ILLEGAL',
      'cannot-encode',
      `${where} of message ${mti}: ${words.en}`,
      'Correct the value or choose another dialect option',
    ),
  );
}
