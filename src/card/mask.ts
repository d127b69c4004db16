/**
 * Card numbers for people: the first six and the last four digits, everything between as `*` (the "6+4" of the card
 * schemes). Ten digits or fewer show nothing at all.
 */
const SHOWN_FIRST = 6;
const SHOWN_LAST = 4;

/** `6225000000000014` → `622500******0014`; same length as given. Ten characters or fewer are masked whole. */
export function maskPan(digits: string): string {
  const hidden = digits.length - SHOWN_FIRST - SHOWN_LAST;
  if (hidden <= 0) return '*'.repeat(digits.length);
  return digits.slice(0, SHOWN_FIRST) + '*'.repeat(hidden) + digits.slice(-SHOWN_LAST);
}

/**
 * As {@link maskPan}, from `length` ASCII digits at the start of `pan`. The clear number never becomes a string on the way.
 */
export function maskPanBytes(pan: Uint8Array, length: number = pan.length): string {
  const hides = length > SHOWN_FIRST + SHOWN_LAST;
  let masked = '';
  for (let i = 0; i < length; i++)
    masked += hides && (i < SHOWN_FIRST || i >= length - SHOWN_LAST) ? String.fromCharCode(pan[i]) : '*';
  return masked;
}
