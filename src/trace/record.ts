import { Doubt } from '../iso8583/doubt.ts';
import { maskedText } from '../iso8583/mask.ts';
import { FIELD_MAX, FieldTypeCode, type FieldPlan } from '../iso8583/plan.ts';
import type { MessageView } from '../iso8583/message-view.ts';
import { mtiText } from '../iso8583/subfields.ts';

/** One crossing of the rim, already redacted: nothing in it may hurt a cardholder. Times are milliseconds since 1970. */
export type TraceRecord = (
  | { readonly kind: 'screen'; readonly atMs: number; readonly step: string; readonly lines: readonly string[] }
  /** Digits typed into a password are `*`. */
  | { readonly kind: 'key'; readonly atMs: number; readonly step: string; readonly key: string }
  | { readonly kind: 'card'; readonly atMs: number; readonly event: string }
  | {
      readonly kind: 'sent' | 'received';
      readonly atMs: number;
      readonly mti: string;
      /** Data element → text, card data masked by its class. */
      readonly fields: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'slip'; readonly atMs: number; readonly lines: readonly string[] }
  | { readonly kind: 'terminal'; readonly atMs: number; readonly event: string; readonly detail: string }
) & {
  /** It happened in training: no money, no real acquirer. */
  readonly training?: true;
};

export type MessageRecord = Extract<TraceRecord, { readonly kind: 'sent' | 'received' }>;

/** A decoded message with every value masked by the allow-list of its dialect. */
export function messageRecord(
  kind: 'sent' | 'received',
  atMs: number,
  plan: FieldPlan,
  message: MessageView,
): MessageRecord {
  const doubt = new Doubt(message);
  const fields: Record<string, string> = {};
  for (let field = 2; field <= FIELD_MAX; field++) {
    if (plan.type[field] !== FieldTypeCode.absent && message.has(field))
      fields[field] = maskedText(message, field, doubt);
  }
  return { kind, atMs, mti: mtiText(message.mti), fields };
}
