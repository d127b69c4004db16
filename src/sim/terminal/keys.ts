import { assert } from '../../assert.ts';
import { PIN_BLOCK_LENGTH, writePinBlock } from '../../security/pin-block.ts';
import { type ClearKey, KeyRing } from '../keys.ts';
import { fromLatin1, hex } from './command.ts';

/** Slots 00–09 hold a master key, the same index for PIN and for data; the others are empty. */
export const KEY_SLOTS = 10;
/** Working keys whose use is remembered; the oldest is forgotten first. */
const REMEMBERED_MAX = 1024;

export type CipherMode = 'ecb' | 'cbc';

/** TDES with a key of 16 bytes, no padding; `data` is a multiple of 8 bytes. */
export function tdesEncrypt(
  key: ClearKey,
  data: Uint8Array,
  mode: CipherMode = 'ecb',
  iv: Uint8Array = new Uint8Array(8),
): Uint8Array {
  return mode === 'ecb' ? key.encrypt(data) : key.encryptCbc(iv, data);
}

/**
 * ISO 9564 format 0: `0 L PIN F…` XOR `0000` and the twelve rightmost digits of the card number without its check digit.
 * A card number of sixteen zeros leaves the first half as it is (PIN block without card number).
 */
export function pinBlock(pin: string, pan: string): Uint8Array {
  const block = new Uint8Array(PIN_BLOCK_LENGTH);
  const written = writePinBlock(fromLatin1(pin), fromLatin1(pan), block);
  assert(written.ok, 'the keypad gives 4 to 12 digits');
  return block;
}

/** The zeros of the key check value: the one input that both kinds of key may encrypt. */
export function isCheckValueInput(data: Uint8Array): boolean {
  return data.length === 8 && data.every(byte => byte === 0);
}

/**
 * Master keys and the guard over working keys. A key that made a PIN block encrypts nothing else but eight zero bytes, and a
 * key that encrypted something else makes no PIN block: otherwise the host could compare PIN blocks with guesses of its own.
 * The halves of a key count one by one, so that swapping or doubling a half does not get around the rule.
 */
export class KeyStore {
  private readonly ring: KeyRing;
  private readonly use = new Map<string, 'pin' | 'data'>();
  private last: { readonly key: ClearKey; readonly use: 'pin' | 'data' } | undefined;

  /** `tmk`: 16 bytes, put into every slot 00–09. */
  constructor(tmk: Uint8Array) {
    this.ring = new KeyRing(tmk);
  }

  /** One hundred characters for GIX: 1 = present, 0 = absent. */
  map(): string {
    return '1'.repeat(KEY_SLOTS).padEnd(100, '0');
  }

  /** The working key, 16 bytes, or undefined when the slot is empty. */
  unwrap(slot: number, wrapped: Uint8Array): ClearKey | undefined {
    return slot < KEY_SLOTS ? this.ring.unwrap(wrapped) : undefined;
  }

  /** Marks `key` as used for `use`; false (and nothing is marked) when it was used for the other purpose. */
  claim(key: ClearKey, use: 'pin' | 'data'): boolean {
    // The one that was marked last: a message needs the same key several times.
    if (key === this.last?.key && use === this.last.use) return true;
    const left = hex(key.bytes, 0, 8);
    const right = hex(key.bytes, 8, 16);
    if ((this.use.get(left) ?? use) !== use || (this.use.get(right) ?? use) !== use) return false;
    this.mark(left, use);
    this.mark(right, use);
    this.last = { key, use };
    return true;
  }

  private mark(half: string, use: 'pin' | 'data'): void {
    this.use.delete(half);
    this.use.set(half, use);
    const [oldest] = this.use.keys();
    if (this.use.size > REMEMBERED_MAX) this.use.delete(oldest);
  }
}
