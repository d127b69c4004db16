import { assert } from '../assert.ts';
import type { LineFacts } from '../device/redact.ts';
import { compileFieldPlan, type FieldPlan } from '../iso8583/plan.ts';
import type { Profile } from '../profile/schema.ts';

/** Tracks under a key hold digits that look like a number and are none: nothing of them stays. */
export function redactionPlan({ dialect, acquirer }: Profile, plan: FieldPlan): FieldPlan {
  if (acquirer.keyMode !== TRACK_KEY_MODE) return plan;
  const fields = { ...dialect.fields };
  for (const number of TRACKS) {
    const field = fields[number];
    if (field) fields[number] = { ...field, class: 'private' };
  }
  const hidden = compileFieldPlan({ ...dialect, fields }, acquirer.dialectOptions);
  assert(hidden.ok, 'the class of a field makes no plan wrong');
  return hidden.value;
}
const TRACK_KEY_MODE = '004';
const TRACKS = ['35', '36', '45'];

/** What the profile knows of public and hidden values on the terminal line. */
export function factsOf({ merchant, acquirer }: Profile, plan: FieldPlan): LineFacts {
  const { scanPayment } = acquirer;
  return {
    tags: plan.source.tags,
    publicNumbers: [merchant.merchantNo],
    ...(scanPayment ? { codes: scanPayment.codes } : {}),
  };
}
