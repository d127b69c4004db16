import {
  checkSum,
  markExpiryText,
  markName,
  markTrack1,
  markTrack2,
  markTrack3,
  type StandIn,
} from '../card/stand-in.ts';
import { FIELD_CLASSES, type FieldClass } from '../iso8583/source.ts';
import { hexDigit, hexValue } from '../wire/hex.ts';

/** What is done with a value. The first eight are the classes of a dialect, by their index; then what one tag alone has. */
export const Action = {
  private: 0,
  public: 1,
  pan: 2,
  track: 3,
  expiry: 4,
  pin: 5,
  key: 6,
  mac: 7,
  /** A person's name. */
  name: 8,
  /** Track 3, whose number stands behind two digits of format. */
  track3: 9,
} as const;
export type Action = (typeof Action)[keyof typeof Action];

/** The action of a class. */
export function actionOf(shownAs: FieldClass): Action {
  return FIELD_CLASSES.indexOf(shownAs) as Action;
}

const ZERO = 0x30;
const F = 0x46;
const B = 0x42;
const CARET = 0x5e;
/** Marks of a PIN block and of a key, and what stands for bytes of no known kind. */
export const PIN_MARK = 0x50;
export const KEY_MARK = 0x4b;
/** A card number in a wider place: zeros in front, F or space behind. What is wider is none. */
const PLACE_MAX = 64;
export const PAN_MIN = 12;
const PAN_MAX = 19;

/** Largest value that is marked in one piece, digits or characters: what is longer is no track. */
const TEXT_MAX = 512;

/**
 * Replaces values in `codes`, where a unit is a digit (ASCII `0`–`F`), a character or a byte. All marks have the length of
 * what they replace and keep the form that its type needs.
 */
export class Marker {
  readonly standIn: StandIn;
  private readonly text = new Uint8Array(TEXT_MAX);

  constructor(standIn: StandIn) {
    this.standIn = standIn;
  }

  /** Marks `codes[from, to)`, digits or characters. */
  characters(action: number, codes: Uint8Array, from: number, to: number): void {
    switch (action) {
      case Action.public:
      case Action.mac:
        return;
      case Action.pan:
        return this.pan(codes, from, to);
      case Action.track:
        return this.track(codes, from, to);
      case Action.track3:
        return markTrack3(codes, from, padded(codes, from, to), this.standIn);
      case Action.expiry:
        return markExpiryText(codes, from, to, this.standIn);
      case Action.pin:
        return alternate(codes, from, to, PIN_MARK);
      case Action.key:
        return alternate(codes, from, to, KEY_MARK);
      case Action.name:
        return markName(codes, from, to);
      default:
        codes.fill(ZERO, from, to);
    }
  }

  /** As {@link characters} for digits, which can be no letters: keys and PIN blocks become `0`. */
  digits(action: number, codes: Uint8Array, from: number, to: number): void {
    const letters = action === Action.pin || action === Action.key || action === Action.name;
    this.characters(letters ? Action.private : action, codes, from, to);
  }

  /** Marks `codes[from, to)`, bytes: packed digits where the action is about digits. */
  bytes(action: number, codes: Uint8Array, from: number, to: number): void {
    switch (action) {
      case Action.public:
      case Action.mac:
        return;
      case Action.pin:
        codes.fill(PIN_MARK, from, to);
        return;
      case Action.key:
        codes.fill(KEY_MARK, from, to);
        return;
      case Action.name:
        return markName(codes, from, to);
      case Action.pan:
      case Action.track:
      case Action.track3:
      case Action.expiry:
        // Track 1 is text also where bytes are meant; its `^` is no two packed digits.
        if (action === Action.track && isText(codes, from, to)) {
          markTrack1(codes, from, to, this.standIn);
          // A track that is none is marked as bytes are.
          if (codes[from] !== B) codes.fill(0, from, to);
          return;
        }
        return this.packed(action, codes, from, to);
      default:
        codes.fill(0, from, to);
    }
  }

  private packed(action: number, codes: Uint8Array, from: number, to: number): void {
    const { text } = this;
    const size = 2 * (to - from);
    if (size > TEXT_MAX) {
      codes.fill(0, from, to);
      return;
    }
    for (let i = 0; i < size; i++)
      text[i] = hexDigit((i & 1) === 0 ? codes[from + (i >> 1)] >> 4 : codes[from + (i >> 1)] & 15);
    this.characters(action, text, 0, size);
    for (let i = 0; i < size; i += 2) codes[from + (i >> 1)] = (nibble(text[i]) << 4) | nibble(text[i + 1]);
    text.fill(0, 0, size);
  }

  private pan(codes: Uint8Array, from: number, to: number): void {
    if (to - from > PLACE_MAX) {
      codes.fill(ZERO, from, to);
      return;
    }
    const end = padded(codes, from, to);
    let at = from;
    if (end - from > PAN_MAX) while (end - at > PAN_MIN && codes[at] === ZERO) at++;
    this.standIn.pan(codes, at, end);
  }

  private track(codes: Uint8Array, from: number, to: number): void {
    if (codes[from] === B) return markTrack1(codes, from, to, this.standIn);
    markTrack2(codes, from, padded(codes, from, to), this.standIn);
  }
}

/** True for track 1 as text. A packed number may begin with the byte of `B` too. */
function isText(codes: Uint8Array, from: number, to: number): boolean {
  if (codes[from] !== B) return false;
  for (let i = from; i < to; i++) if (codes[i] === CARET) return true;
  return false;
}

/** Digits of a number in a text that is taken for a card number, and what of it may be seen. */
const RUN_MIN = 13;
const FIRST = 6;
const LAST = 4;

/**
 * Marks what looks like a card number in a text of the world: a run of 13 to 19 digits with a right check digit keeps its first six and
 * last four. The marks are the same whatever stood there, so that marking again changes nothing.
 */
export function markRuns(codes: Uint8Array, from: number, to: number): void {
  for (let at = from; at < to;) {
    let end = at;
    while (end < to && codes[end] >= ZERO && codes[end] <= 0x39) end++;
    const size = end - at;
    if (size >= RUN_MIN && size <= PAN_MAX && checkSum(codes, at, end) === 0) codes.fill(ZERO, at + FIRST, end - LAST);
    at = end + 1;
  }
}

/** End without the F or the spaces that fill a wider place. */
function padded(codes: Uint8Array, from: number, to: number): number {
  let end = to;
  while (end > from && (codes[end - 1] === F || codes[end - 1] === 0x20)) end--;
  return end;
}

/** The mark as hex text. */
function alternate(codes: Uint8Array, from: number, to: number, mark: number): void {
  for (let i = from; i < to; i++) codes[i] = hexDigit(((i - from) & 1) === 0 ? mark >> 4 : mark & 15);
}

function nibble(code: number): number {
  const value = hexValue(code);
  return value < 0 ? 0 : value;
}
