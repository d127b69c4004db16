import { createHmac, type KeyObject } from 'node:crypto';

/** Bytes of the HMAC that a token keeps: 128 bits, so that two cards never meet by chance. */
const TOKEN_LENGTH = 16;
const GROUP = 8;

/**
 * Keyed name of a card number, for matching a card with its earlier transactions without storing the number.
 * `pan` is ASCII digits. Result: 32 lower-case hex digits of HMAC-SHA256 in four groups of eight joined by `-`; the groups
 * keep a token from ever holding a digit run that a search for card numbers would take for one.
 */
export function cardToken(key: Uint8Array | KeyObject, pan: Uint8Array): string {
  const hex = createHmac('sha256', key)
    .update(pan)
    .digest('hex')
    .slice(0, 2 * TOKEN_LENGTH);
  const groups: string[] = [];
  for (let at = 0; at < hex.length; at += GROUP) groups.push(hex.slice(at, at + GROUP));
  return groups.join('-');
}
