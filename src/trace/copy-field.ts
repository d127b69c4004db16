import type { MessageBuilder } from '../iso8583/message-builder.ts';
import type { MessageView } from '../iso8583/message-view.ts';
import { FieldTypeCode, UnitForm } from '../iso8583/plan.ts';

/** Longest value in digits that a field may have. */
const DIGITS_MAX = 9999;
const scratch = new Uint8Array(DIGITS_MAX);

/**
 * Gives a decoded value to a builder of the same dialect, so that it is written as it came: digits with the filler that they had
 * beside them, everything else as it travels. Nothing becomes a string, except hex characters. The field must be there.
 */
export function copyField(view: MessageView, field: number, builder: MessageBuilder): void {
  const { plan } = view;
  const type = plan.type[field];
  if (type === FieldTypeCode.n || type === FieldTypeCode.z) {
    const size = view.digitsInto(field, scratch, 0);
    const pad = view.padNibble(field);
    builder.digitsFrom(field, scratch, 0, size, pad < 0 ? undefined : pad);
    scratch.fill(0, 0, size);
  } else if (plan.form[field] === UnitForm.double) {
    builder.hex(field, view.text(field));
  } else {
    const at = view.offset(field);
    builder.bytes(field, view.message, at, at + view.length(field));
  }
}
