import { Doubt } from '../../iso8583/doubt.ts';
import { FieldValue } from '../../iso8583/field-value.ts';
import { maskedPart, maskedText } from '../../iso8583/mask.ts';
import type { MessageView } from '../../iso8583/message-view.ts';
import { FieldTypeCode } from '../../iso8583/plan.ts';
import { subfieldAt } from '../../iso8583/subfields.ts';
import type { Values } from './expression.ts';
import type { Row } from './story.ts';

/** Names and fields of the message that was decoded last, for an expression. Hidden values have `*` unless `clear`. */
export class MessageValues implements Values {
  private readonly clear: boolean;
  private row: Row | undefined;
  private view: MessageView | undefined;
  private doubt: Doubt | undefined;

  constructor(clear: boolean) {
    this.clear = clear;
  }

  of(row: Row, view: MessageView): void {
    this.row = row;
    this.view = view;
    this.doubt = undefined;
  }

  text(path: string): string | undefined {
    const { row, view } = this;
    if (row === undefined || view === undefined) return undefined;
    return /^\d/.test(path) ? this.field(view, path) : named(row, path);
  }

  numeric(path: string): boolean {
    const field = Number(/^\d+$/.exec(path)?.[0] ?? 0);
    return field === 0 ? path !== 'type' && path !== 'way' : this.view?.plan.type[field] === FieldTypeCode.n;
  }

  private field(view: MessageView, path: string): string | undefined {
    const dot = path.indexOf('.');
    const field = Number(dot < 0 ? path : path.slice(0, dot));
    if (!view.has(field)) return undefined;
    this.doubt ??= new Doubt(view);
    if (dot < 0) {
      return this.clear ? new FieldValue(view, field).text(0, view.size(field)) : maskedText(view, field, this.doubt);
    }
    const part = subfieldAt(view.plan, view, path);
    if (part === undefined) return undefined;
    return this.clear ? part.text : maskedPart(view, field, part, this.doubt);
  }
}

/** What an expression may ask of a message beside its fields. */
function named(row: Row, path: string): string | undefined {
  switch (path) {
    case 'mti':
      return row.mti === '' ? undefined : row.mti;
    case 'type':
      return row.type === '' ? undefined : row.type;
    case 'way':
      return row.answer ? 'in' : 'out';
    case 'latency':
      return row.latencyUs < 0 ? undefined : String(row.latencyUs / 1000);
    case 'stream':
      return String(row.stream);
    default:
      return String(row.number);
  }
}
