import { assert } from '../assert.ts';
import { fromHex, toHex } from '../wire/hex.ts';
import { appendTlv, TlvCursor } from '../wire/tlv.ts';
import { REVERSAL_TAGS, SLIP_TAGS } from './bodies.ts';
import { TAG_VALUE_MAX } from './guard.ts';
import type { EmvTags } from './types.ts';

/** Chip data between the wire (BER-TLV of field 55) and the journal (tags of an allow-list). */

/** Longest field 55, bytes. */
const CHIP_LENGTH_MAX = 255;

/** Tags of `tlv[start, end)` that a reversal repeats: 95, 9F1E, 9F10, 9F36, DF31. All others are left out. */
export function reversalTags(tlv: Uint8Array, start = 0, end = tlv.length): EmvTags {
  return kept(REVERSAL_TAGS, tlv, start, end);
}

/** Tags of `tlv[start, end)` that a slip or a TC upload may use. All others (5A, 57, 5F20, 5F24, …) are left out. */
export function slipTags(tlv: Uint8Array, start = 0, end = tlv.length): EmvTags {
  return kept(SLIP_TAGS, tlv, start, end);
}

/** BER-TLV of stored tags in the order of `order`, or, without it, in the order of the reversal's list. */
export function tlvOf(tags: EmvTags, order: Iterable<string> = REVERSAL_TAGS): Uint8Array {
  const out = new Uint8Array(CHIP_LENGTH_MAX);
  let at = 0;
  for (const tag of order) {
    if (tags[tag] === undefined) continue;
    const value = fromHex(tags[tag]);
    assert(value.ok, 'stored tags are hex');
    at = appendTlv(out, at, Number.parseInt(tag, 16), value.value);
    assert(at >= 0, 'stored tags of one transaction fit field 55');
  }
  return out.slice(0, at);
}

function kept(allowed: ReadonlySet<string>, tlv: Uint8Array, start: number, end: number): EmvTags {
  const tags: Record<string, string> = {};
  const cursor = new TlvCursor();
  cursor.open(tlv, start, end);
  while (cursor.next()) {
    const tag = toHex(tlv, cursor.tagOffset, cursor.tagOffset + cursor.tagLength);
    if (allowed.has(tag) && cursor.length <= TAG_VALUE_MAX)
      tags[tag] = toHex(tlv, cursor.valueOffset, cursor.valueOffset + cursor.length);
  }
  return tags;
}
