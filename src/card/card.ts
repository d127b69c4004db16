import { assert } from '../assert.ts';
import { failed, fault, ok, type Result } from '../fault.ts';
import { maskPanBytes } from './mask.ts';
import { ownedBytes } from './owned.ts';

/** Digits of the longest card number (ISO/IEC 7812). */
export const PAN_LENGTH_MAX = 19;
/** Digits of the shortest card number that is taken for one. */
export const PAN_LENGTH_MIN = 8;
/** Characters of the longest track 2 without sentinels (ISO/IEC 7813). */
export const TRACK2_LENGTH_MAX = 37;
/** Characters of the longest track 3 without sentinels (ISO/IEC 4909). */
export const TRACK3_LENGTH_MAX = 104;

const DIGIT_0 = 0x30;
const SEPARATOR = 0x44; // 'D'
const EQUALS = 0x3d;
const PAD = 0x0f;
const NONE = -1;

const isDigit = (char: number): boolean => char >= DIGIT_0 && char <= DIGIT_0 + 9;

/**
 * Clear card data with an owner and an end. Everything lies as ASCII in arrays that this object owns; {@link wipe} zeroes
 * them all. Nothing here turns the clear number into a string: for people there is {@link masked}.
 */
export class ClearCard {
  private readonly panBytes = ownedBytes(PAN_LENGTH_MAX);
  private readonly track2Bytes = ownedBytes(TRACK2_LENGTH_MAX);
  private readonly track3Bytes = ownedBytes(TRACK3_LENGTH_MAX);
  private readonly expiryBytes = ownedBytes(4);
  private readonly serviceBytes = ownedBytes(3);
  private panEnd = 0;
  private track2End = 0;
  private track3End = 0;
  private expiryKnown = false;
  private serviceKnown = false;
  private sequence = NONE;

  /**
   * Reads track 2 as a terminal gives it (ABECS PP_TRACK2): nibbles, `D` as separator, `F` as padding at the end.
   * `bytes[start, end)`; the caller still owns and zeroes them. Faults: `track2-length`, `track2-character`, `track2-pan`,
   * `track2-separator`.
   */
  static fromTrack2(bytes: Uint8Array, start = 0, end: number = bytes.length): Result<ClearCard> {
    let nibbles = 2 * (end - start);
    while (nibbles > 0 && nibbleAt(bytes, start, nibbles - 1) === PAD) nibbles--;
    const card = new ClearCard();
    if (nibbles > TRACK2_LENGTH_MAX)
      return card.refuse(
        'track2-length',
        `track 2 has ${nibbles} characters, at most ${TRACK2_LENGTH_MAX} are possible`,
      );
    for (let i = 0; i < nibbles; i++) {
      const nibble = nibbleAt(bytes, start, i);
      card.track2Bytes[i] = nibble < 10 ? DIGIT_0 + nibble : 0x37 + nibble;
    }
    card.track2End = nibbles;
    return card.readTrack2();
  }

  /** As {@link fromTrack2} from ASCII; the separator may be `D` or `=`. */
  static fromTrack2Ascii(ascii: Uint8Array, start = 0, end: number = ascii.length): Result<ClearCard> {
    const card = new ClearCard();
    const length = end - start;
    if (length > TRACK2_LENGTH_MAX)
      return card.refuse(
        'track2-length',
        `track 2 has ${length} characters, at most ${TRACK2_LENGTH_MAX} are possible`,
      );
    for (let i = 0; i < length; i++) card.track2Bytes[i] = ascii[start + i] === EQUALS ? SEPARATOR : ascii[start + i];
    card.track2End = length;
    return card.readTrack2();
  }

  /**
   * A card without a track: `pan` and `expiry` (YYMM, may be empty) as ASCII digits, as a chip or a key-in gives them.
   * Faults: `pan-length`, `pan-character`, `expiry-form`.
   */
  static fromPan(pan: Uint8Array, expiry: Uint8Array = new Uint8Array(0)): Result<ClearCard> {
    const card = new ClearCard();
    if (pan.length < PAN_LENGTH_MIN || pan.length > PAN_LENGTH_MAX)
      return card.refuse(
        'pan-length',
        `the card number has ${pan.length} digits, ${PAN_LENGTH_MIN} to ${PAN_LENGTH_MAX} are possible`,
      );
    if (!pan.every(isDigit)) return card.refuse('pan-character', 'the card number holds a character that is no digit');
    if (expiry.length !== 0 && (expiry.length !== 4 || !expiry.every(isDigit)))
      return card.refuse('expiry-form', `the expiry date has ${expiry.length} characters, four digits YYMM are needed`);
    card.panBytes.set(pan);
    card.panEnd = pan.length;
    card.takeExpiry(expiry, 0, expiry.length);
    return ok(card);
  }

  /** Card number, ASCII digits; a view that {@link wipe} zeroes. */
  get pan(): Uint8Array {
    return this.panBytes.subarray(0, this.panEnd);
  }

  /** Track 2, ASCII with `D` as separator; empty when there is none. */
  get track2(): Uint8Array {
    return this.track2Bytes.subarray(0, this.track2End);
  }

  /** Track 3, ASCII with `D` as separator; empty when there is none. */
  get track3(): Uint8Array {
    return this.track3Bytes.subarray(0, this.track3End);
  }

  /** Expiry YYMM, ASCII digits; empty when the card does not say (absent or 0000). */
  get expiry(): Uint8Array {
    return this.expiryBytes.subarray(0, this.expiryKnown ? 4 : 0);
  }

  /** Service code, three ASCII digits; empty when unknown. */
  get serviceCode(): Uint8Array {
    return this.serviceBytes.subarray(0, this.serviceKnown ? 3 : 0);
  }

  /** Card sequence number 0–99 of a chip (data element 23, tag 5F34); -1 when unknown. */
  get sequenceNumber(): number {
    return this.sequence;
  }

  setSequenceNumber(sequence: number): void {
    assert(Number.isInteger(sequence) && sequence >= 0 && sequence <= 99, 'a card sequence number is 0 to 99');
    this.sequence = sequence;
  }

  /**
   * Adds track 3 as ASCII (`D` or `=` as separator). Fault `track3-length` or `track3-character`; the card stays as it was.
   */
  addTrack3(ascii: Uint8Array, start = 0, end: number = ascii.length): Result<void> {
    const length = end - start;
    if (length > TRACK3_LENGTH_MAX)
      return trouble('track3-length', `track 3 has ${length} characters, at most ${TRACK3_LENGTH_MAX} are possible`);
    for (let i = 0; i < length; i++) {
      const char = ascii[start + i];
      if (!isDigit(char) && char !== SEPARATOR && char !== EQUALS)
        return trouble('track3-character', `track 3 holds a character that is neither digit nor separator at ${i}`);
    }
    for (let i = 0; i < length; i++) this.track3Bytes[i] = ascii[start + i] === EQUALS ? SEPARATOR : ascii[start + i];
    this.track3End = length;
    return ok(undefined);
  }

  /** The number for people: first six, last four. */
  masked(): string {
    return maskPanBytes(this.panBytes, this.panEnd);
  }

  /** True when the check digit of the card number is right. */
  luhnValid(): boolean {
    return luhnValid(this.panBytes, this.panEnd);
  }

  /** True when the magnetic stripe says that the card has a chip (service code 2xx or 6xx, ISO/IEC 7813). */
  saysChip(): boolean {
    return this.serviceKnown && (this.serviceBytes[0] === DIGIT_0 + 2 || this.serviceBytes[0] === DIGIT_0 + 6);
  }

  /** Zeroes every clear byte. The object then describes no card. */
  wipe(): void {
    this.panBytes.fill(0);
    this.track2Bytes.fill(0);
    this.track3Bytes.fill(0);
    this.expiryBytes.fill(0);
    this.serviceBytes.fill(0);
    this.panEnd = this.track2End = this.track3End = 0;
    this.expiryKnown = this.serviceKnown = false;
    this.sequence = NONE;
  }

  private readTrack2(): Result<ClearCard> {
    const track = this.track2Bytes;
    const end = this.track2End;
    let split = NONE;
    for (let i = 0; i < end; i++) {
      if (track[i] === SEPARATOR && split === NONE) split = i;
      if (!isDigit(track[i]) && track[i] !== SEPARATOR)
        return this.refuse('track2-character', `track 2 holds a character that is neither digit nor separator at ${i}`);
    }
    if (split === NONE) return this.refuse('track2-separator', 'track 2 has no separator after the card number');
    if (split < PAN_LENGTH_MIN || split > PAN_LENGTH_MAX)
      return this.refuse(
        'track2-pan',
        `the card number in track 2 has ${split} digits, ${PAN_LENGTH_MIN} to ${PAN_LENGTH_MAX} are possible`,
      );
    this.panBytes.set(track.subarray(0, split));
    this.panEnd = split;
    // ISO/IEC 7813: a separator stands where the expiry date or the service code is left out.
    let at = split + 1;
    if (at < end && track[at] === SEPARATOR) at++;
    else {
      this.takeExpiry(track, at, end);
      at += 4;
    }
    if (at + 3 <= end && track[at] !== SEPARATOR) {
      for (let i = 0; i < 3; i++) if (!isDigit(track[at + i])) return ok(this);
      this.serviceBytes.set(track.subarray(at, at + 3));
      this.serviceKnown = true;
    }
    return ok(this);
  }

  private takeExpiry(from: Uint8Array, at: number, end: number): void {
    if (at + 4 > end) return;
    let known = false;
    for (let i = 0; i < 4; i++) {
      if (!isDigit(from[at + i])) return;
      if (from[at + i] !== DIGIT_0) known = true;
    }
    if (!known) return;
    this.expiryBytes.set(from.subarray(at, at + 4));
    this.expiryKnown = true;
  }

  private refuse(name: string, cause: string): Result<never> {
    this.wipe();
    return trouble(name, cause);
  }
}

/** Luhn check (ISO/IEC 7812-1 annex B) over `length` ASCII digits; an empty number is wrong. */
export function luhnValid(pan: Uint8Array, length: number = pan.length): boolean {
  let sum = 0;
  for (let i = 0; i < length; i++) {
    const digit = pan[length - 1 - i] - DIGIT_0;
    if (digit < 0 || digit > 9) return false;
    const weighed = i % 2 === 1 ? 2 * digit : digit;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return length > 0 && sum % 10 === 0;
}

function nibbleAt(bytes: Uint8Array, start: number, index: number): number {
  const byte = bytes[start + (index >> 1)];
  return index % 2 === 0 ? byte >> 4 : byte & 0x0f;
}

function trouble(name: string, cause: string): Result<never> {
  return failed(fault('E_ILLEGAL', name, cause, 'Read the card again or use another card'));
}
