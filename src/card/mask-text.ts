import { luhnValid } from './card.ts';
import { maskPan } from './mask.ts';

/** Digits, with single blanks or dashes between them, as people write a card number. */
const CARD_LIKE = /(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])/g;

/**
 * `text` with each card number in it as {@link maskPan} shows it; blanks and dashes stay. A card number is 13 to 19 digits with a right
 * check digit. For texts that repeat what a person typed: a card number may be typed where none belongs.
 */
export function maskCards(text: string): string {
  return text.replace(CARD_LIKE, found => {
    const digits = found.replace(/[^0-9]/g, '');
    if (!luhnValid(Uint8Array.from(digits, digit => digit.charCodeAt(0)))) return found;
    const masked = maskPan(digits);
    let at = 0;
    return found.replace(/[0-9]/g, () => masked[at++]);
  });
}
