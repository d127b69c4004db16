import { bcdByte } from '../../wire/bcd.ts';
import { FIELD_MAX, FieldTypeCode, UnitForm, type FieldPlan } from '../plan.ts';

/**
 * The memory of a kernel. All numbers are little-endian, as WebAssembly has them; addresses are offsets into it.
 *
 *     0      words that no one uses: vectors may begin before a message
 *     1024   masks for counts of digits, of bytes
 *     3072   packed digits of 0 to 9999, two bytes each
 *     23552  lengths: of each byte its packed decimal value, and half of that for packed digits
 *     24576  slots of shapes: eight bytes of bitmap, number in the table
 *     40960  blocks of values, one after the other; then the caller's messages
 */
export const DIGIT_MASKS_AT = 1024;
/** Of each count of digits 0–32: 11h for a byte of two, 10h for the last one of an odd count. */
const DIGIT_MASKS = 33;
export const BYTE_MASKS_AT = DIGIT_MASKS_AT + DIGIT_MASKS * 16;
/** Of each count of bytes 0–32: thirty-two bytes, 80h for those that count. */
const BYTE_MASKS = 33;
export const PACKED_AT = 3072;
/** Two bytes for each byte: 0–99, or FFFFh where it is not packed decimal, which is more than any field may have. */
export const LENGTHS_AT = 23_552;
/** One byte for each byte: how many bytes so many packed digits take. */
export const HALVES_AT = LENGTHS_AT + 512;
export const SLOTS_AT = 24_576;
export const SLOT_BYTES = 16;
/** Far more slots than shapes with code, so that two of them seldom want the same one: the second goes the slow way. */
export const SLOTS_LOG2 = 10;
export const BLOCKS_AT = SLOTS_AT + (SLOT_BYTES << SLOTS_LOG2);
/** Vectors may reach so far behind the last byte of a message, for reading and for writing. */
export const SLACK = 64;

/**
 * Inside a block of values: numbers, offsets, sizes, the bitmaps, the message type, where the text of each field was put,
 * digits of each field, other bytes.
 */
export const NUMBERS_IN = 0;
export const OFFSETS_IN = 8 * (FIELD_MAX + 1);
export const SIZES_IN = OFFSETS_IN + 4 * (FIELD_MAX + 1);
export const BITMAP_IN = SIZES_IN + 4 * (FIELD_MAX + 1);
export const MTI_IN = BITMAP_IN + 8;
/** The second and the third bitmap; they count while bit 1 of the first one is set. No code is made for such messages. */
export const MORE_BITMAPS_IN = MTI_IN + 8;
export const STARTS_IN = MTI_IN + 24;
const DIGITS_IN = (STARTS_IN + 4 * (FIELD_MAX + 1) + 15) & ~15;
/** Room for texts and bytes that are to be encoded. */
export const TEXTS_BYTES = 4096;

/** Room for the texts of one message. */
export const ALL_TEXTS_BYTES = 24_576;

/** Digits of a field that is kept as a number: exact in a JavaScript number. */
export const NUMBER_DIGITS_MAX = 15;

/** What a block keeps of a field: a number, ASCII digits, or only where its bytes are. */
export const Kept = { nothing: 0, number: 1, digits: 2, bytes: 3 } as const;

/** By field: {@link Kept}, and for digits their place in a block. */
export interface ValuePlan {
  readonly kept: Uint8Array;
  readonly digitsIn: Int32Array;
  /** Where texts and bytes begin in a block, and the bytes of a whole block. */
  readonly textsIn: number;
  readonly blockBytes: number;
}

/** Decides for each field of a dialect how its value is kept. */
export function planValues(plan: FieldPlan): ValuePlan {
  const kept = new Uint8Array(FIELD_MAX + 1);
  const digitsIn = new Int32Array(FIELD_MAX + 1);
  let at = DIGITS_IN;
  for (let f = 2; f <= FIELD_MAX; f++) {
    const type = plan.type[f];
    if (type === FieldTypeCode.absent) continue;
    const packed = plan.form[f] === UnitForm.packed;
    const fixed = plan.lengthBytes[f] === 0;
    if (!packed) {
      kept[f] = Kept.bytes;
    } else if (type === FieldTypeCode.n && fixed && plan.max[f] <= NUMBER_DIGITS_MAX) {
      kept[f] = Kept.number;
    } else {
      kept[f] = Kept.digits;
      digitsIn[f] = at;
      // Digits are written thirty-two at a time.
      at += (plan.max[f] + 31) & ~31;
    }
  }
  return { kept, digitsIn, textsIn: at, blockBytes: (at + TEXTS_BYTES + SLACK + 15) & ~15 };
}

/** Writes the constant tables. */
export function writeTables(bytes: Uint8Array): void {
  for (let count = 0; count < DIGIT_MASKS; count++) {
    for (let i = 0; i < 16; i++) {
      bytes[DIGIT_MASKS_AT + count * 16 + i] = 2 * i + 2 <= count ? 0x11 : 2 * i + 1 === count ? 0x10 : 0;
    }
  }
  for (let count = 0; count < BYTE_MASKS; count++) {
    bytes.fill(0xff, BYTE_MASKS_AT + count * 32, BYTE_MASKS_AT + count * 32 + count);
  }
  for (let value = 0; value < 10_000; value++) {
    const digit = (power: number): number => Math.floor(value / power) % 10;
    bytes[PACKED_AT + 2 * value] = (digit(1000) << 4) | digit(100);
    bytes[PACKED_AT + 2 * value + 1] = (digit(10) << 4) | digit(1);
  }
  for (let byte = 0; byte < 256; byte++) {
    const value = bcdByte(byte);
    const known = value <= 99;
    bytes[LENGTHS_AT + 2 * byte] = known ? value : 0xff;
    bytes[LENGTHS_AT + 2 * byte + 1] = known ? 0 : 0xff;
    bytes[HALVES_AT + byte] = known ? (value + 1) >> 1 : 0;
  }
}
