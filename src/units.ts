/** Amounts are whole minor units (1 yuan = 100 fen), never fractions: at most 12 digits, the width of data element 4. */
export const AMOUNT_MINOR_MAX = 999_999_999_999;

/** `12345` → `123.45`; `grouped` puts a comma between thousands as settlement slips do. Negative amounts keep their sign. */
export function formatAmount(amountMinor: number, grouped = false): string {
  const sign = amountMinor < 0 ? '-' : '';
  const digits = String(Math.abs(amountMinor)).padStart(3, '0');
  const yuan = digits.slice(0, -2);
  return `${sign}${grouped ? yuan.replace(/\B(?=(\d{3})+$)/g, ',') : yuan}.${digits.slice(-2)}`;
}

/** `00` to `99`: most of what is padded is part of a date or a time. */
const TWO_DIGITS: readonly string[] = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'));

/** Left-pads a whole number with zeros to `width` digits (trace number, batch number, amount of data element 4). */
export function digits(value: number, width: number): string {
  return width === 2 && value in TWO_DIGITS ? TWO_DIGITS[value] : String(value).padStart(width, '0');
}
