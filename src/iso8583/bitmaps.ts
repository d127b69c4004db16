import { hexValue, toHex } from '../wire/hex.ts';
import { ebcdicText, latin1 } from './characters.ts';
import type { MessageView } from './message-view.ts';
import { LengthForm } from './plan.ts';

/** One bitmap of a decoded message: 16 upper-case hex digits, and where its 8 or 16 bytes stand in the caller's array. */
export interface BitmapText {
  readonly text: string;
  readonly offset: number;
  readonly length: number;
}

/** The bitmaps of the message that was decoded last, as far as the decode came: none to three. */
export function bitmapsOf(view: MessageView): readonly BitmapText[] {
  const { plan } = view;
  const length = plan.bitmapForm === 0 ? 8 : 16;
  const found: BitmapText[] = [];
  let at = view.start + (plan.mtiForm === LengthForm.bcd ? 2 : 4);
  for (let n = 1; n <= plan.bitmapsMost; n++) {
    // The third may stand where field 65 would: behind the last field of the first bitmap's.
    if (n === 3 && plan.thirdAtField65) {
      for (let f = 2; f <= 64; f++) {
        if (view.has(f)) at = view.offset(f) + view.length(f);
        else if (view.announced(f)) return found;
      }
    }
    const announced = n === 1 || n <= plan.bitmapsLeast || hexValue(found[n - 2].text.charCodeAt(0)) >= 8;
    if (!announced || at + length > view.end) return found;
    const bytes = view.message;
    const end = at + length;
    const text =
      plan.bitmapForm === 0
        ? toHex(bytes, at, end)
        : plan.bitmapForm === 1
          ? latin1(bytes, at, end)
          : ebcdicText(bytes, at, end);
    found.push({ text: text.toUpperCase(), offset: at, length });
    at = end;
  }
  return found;
}
