import { failed, fault, ok, type Result } from '../fault.ts';

/**
 * PIN block of ANSI X9.8 format 0 (ISO 9564): `0 | length | PIN | F…` XOR `0000 | the 12 rightmost digits of the card number
 * without its check digit`. UnionPay field 53 digit 1 tells the forms apart: 2 with the card number, 1 without (the second
 * operand is zeros). In production the terminal makes the block; this is for simulators and for checks of vectors.
 */
export const PIN_BLOCK_LENGTH = 8;
export const PIN_LENGTH_MIN = 4;
export const PIN_LENGTH_MAX = 12;

const DIGIT_0 = 0x30;
const FILL = 0x0f;
const PAN_DIGITS = 12;

/**
 * Writes the clear block of `pin` (4–12 ASCII digits) to `out[at, at + 8)`. `pan`: ASCII digits with check digit, or
 * undefined for the form without card number. Faults: `pin-length`, `pin-character`, `pin-pan`. `out` is the caller's to zero.
 */
export function writePinBlock(pin: Uint8Array, pan: Uint8Array | undefined, out: Uint8Array, at = 0): Result<void> {
  if (pin.length < PIN_LENGTH_MIN || pin.length > PIN_LENGTH_MAX)
    return refuse(
      'pin-length',
      `the PIN has ${pin.length} digits, ${PIN_LENGTH_MIN} to ${PIN_LENGTH_MAX} are possible`,
    );
  for (const char of pin)
    if (!isDigit(char)) return refuse('pin-character', 'the PIN holds a character that is no digit');
  if (pan !== undefined && (pan.length < 2 || !pan.every(isDigit)))
    return refuse('pin-pan', 'the card number for the PIN block is no number');
  out[at] = pin.length;
  for (let i = 0; i < 2 * (PIN_BLOCK_LENGTH - 1); i += 2) {
    const high = i < pin.length ? pin[i] - DIGIT_0 : FILL;
    const low = i + 1 < pin.length ? pin[i + 1] - DIGIT_0 : FILL;
    out[at + 1 + i / 2] = (high << 4) | low;
  }
  xorPan(pan, out, at);
  return ok(undefined);
}

/**
 * Reads a clear block: writes the PIN's ASCII digits to `out` and returns their number, or -1 when it is no format 0 block
 * for this card number (wrong key, wrong number, damaged). `block` stays as it is; `out` (12 bytes) is the caller's to zero.
 */
export function readPinBlock(block: Uint8Array, pan: Uint8Array | undefined, out: Uint8Array): number {
  const clear = block.slice(0, PIN_BLOCK_LENGTH);
  xorPan(pan, clear, 0);
  const length = clear[0];
  let valid = length >= PIN_LENGTH_MIN && length <= PIN_LENGTH_MAX;
  for (let i = 0; valid && i < 2 * (PIN_BLOCK_LENGTH - 1); i++) {
    const nibble = i % 2 === 0 ? clear[1 + i / 2] >> 4 : clear[1 + (i - 1) / 2] & 0x0f;
    if (i < length) {
      out[i] = DIGIT_0 + nibble;
      valid = nibble <= 9;
    } else valid = nibble === FILL;
  }
  clear.fill(0);
  return valid ? length : -1;
}

/** XORs `0000` and the 12 digits before the check digit; shorter numbers are filled with zeros on the left. */
function xorPan(pan: Uint8Array | undefined, block: Uint8Array, at: number): void {
  if (pan === undefined) return;
  const check = pan.length - 1;
  for (let i = 0; i < PAN_DIGITS; i++) {
    const index = check - PAN_DIGITS + i;
    const digit = index < 0 ? 0 : pan[index] - DIGIT_0;
    block[at + 2 + (i >> 1)] ^= i % 2 === 0 ? digit << 4 : digit;
  }
}

function isDigit(char: number): boolean {
  return char >= DIGIT_0 && char <= DIGIT_0 + 9;
}

function refuse(name: string, cause: string): Result<never> {
  return failed(fault('E_ILLEGAL', name, cause, 'Enter the PIN again'));
}
