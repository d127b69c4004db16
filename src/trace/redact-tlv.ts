import type { TagSource } from '../iso8583/source.ts';
import { TlvCursor } from '../wire/tlv.ts';
import { Action, actionOf, PAN_MIN, type Marker } from './redact-marks.ts';

/** Tags inside tags: what lies deeper is marked whole. */
const DEPTH_MAX = 8;
const ELEMENTS_MAX = 1000;
/** Names of persons, whatever class a table gives them. */
const NAMES: readonly number[] = [0x5f20, 0x9f0b];
/** What follows number and expiry in a track, without them: short on many cards, and hidden whole. */
const DISCRETIONARY: readonly number[] = [0x9f1f, 0x9f20];
/** Packed digits that may be seen of a card number, bytes. */
const DIGIT_BYTES_MAX = 3;

/** Actions by tag number; a tag that is not listed is private. */
export class TagActions {
  private readonly actions = new Map<number, number>();
  /** Tags that hold card numbers or tracks. */
  readonly cards: Int32Array;

  constructor(tags: Readonly<Record<string, TagSource>>) {
    for (const [tag, { class: shownAs }] of Object.entries(tags)) {
      this.actions.set(Number.parseInt(tag, 16), actionOf(shownAs));
    }
    for (const tag of NAMES) if (this.of(tag) === Action.private) this.actions.set(tag, Action.name);
    for (const tag of DISCRETIONARY) if (this.of(tag) === Action.track) this.actions.set(tag, Action.private);
    const cards = [...this.actions].filter(([, action]) => action === Action.pan || action === Action.track);
    this.cards = Int32Array.from(cards, ([tag]) => tag);
  }

  of(tag: number): number {
    return this.actions.get(tag) ?? Action.private;
  }
}

/** Marks BER-TLV in place: tags and lengths stay, values by their tag. Creates nothing. */
export class TlvRedactor {
  /**
   * After {@link redact}: offset from which on nothing can be relied upon (broken, card data that is too short, the tag of card
   * data inside of a public value), or -1.
   */
  problemAt = -1;
  private readonly tags: TagActions;
  private readonly marker: Marker;
  private readonly cursors = Array.from({ length: DEPTH_MAX + 1 }, () => new TlvCursor());
  private elements = 0;

  constructor(tags: TagActions, marker: Marker) {
    this.tags = tags;
    this.marker = marker;
  }

  /** Marks the elements in `codes[from, to)`; `text`: the bytes are characters of a text, so marks are characters too. */
  redact(codes: Uint8Array, from: number, to: number, text = false, depth = 0): void {
    this.problemAt = -1;
    this.elements = 0;
    this.list(codes, from, to, text, depth);
  }

  private list(codes: Uint8Array, from: number, to: number, text: boolean, depth: number): void {
    const cursor = this.cursors[depth];
    const end = this.soundEnd(cursor, codes, from, to);
    cursor.open(codes, from, end);
    while (cursor.next()) {
      const at = cursor.valueOffset;
      const stop = at + cursor.length;
      this.elements++;
      const action = this.tags.of(cursor.tag);
      if (cursor.constructed && depth < DEPTH_MAX && cursor.length > 0) this.list(codes, at, stop, text, depth + 1);
      else this.value(action, codes, at, stop, text);
    }
    if (end === to) return;
    codes.fill(text ? 0x30 : 0, end, to);
    this.problem(end);
  }

  private value(action: number, codes: Uint8Array, at: number, stop: number, text: boolean): void {
    if (action === Action.public) this.swallowed(codes, at, stop);
    const card = action === Action.pan || action === Action.track;
    if (card && 2 * (stop - at) < PAN_MIN) this.problem(at);
    if (text) this.marker.characters(action, codes, at, stop);
    else this.marker.bytes(action, codes, at, stop);
  }

  /**
   * Where the elements that can be relied upon end: `to` when all are whole. After a wrong length card data may stand where
   * tags are looked for, so that everything from the first unknown tag of one byte on is doubtful then.
   */
  private soundEnd(cursor: TlvCursor, codes: Uint8Array, from: number, to: number): number {
    let unknown = -1;
    let count = this.elements;
    cursor.open(codes, from, to);
    while (cursor.next()) {
      if (++count > ELEMENTS_MAX) return cursor.tagOffset;
      if (unknown < 0 && cursor.tagLength === 1 && this.tags.of(cursor.tag) === Action.private)
        unknown = cursor.tagOffset;
    }
    if (cursor.tagOffset >= to) return to;
    return unknown < 0 ? cursor.tagOffset : unknown;
  }

  /** Looks for a card's tag, length and packed digits inside of a public value: then that value's own length is wrong. */
  private swallowed(codes: Uint8Array, from: number, to: number): void {
    const { cards } = this.tags;
    for (let at = from; at + DIGIT_BYTES_MAX + 2 < to; at++) {
      for (let i = 0; i < cards.length; i++) {
        if (!isCardElement(codes, at, to, cards[i])) continue;
        this.problem(from);
        return;
      }
    }
  }

  private problem(at: number): void {
    if (this.problemAt < 0 || at < this.problemAt) this.problemAt = at;
  }
}

/** Longest value with packed card digits: track 2, 19 bytes. */
const CARD_BYTES_MAX = 19;

/** `tag` at `at`, a length that card data may have, and so many packed digits that they must not be seen. */
function isCardElement(codes: Uint8Array, at: number, to: number, tag: number): boolean {
  const bytes = tag > 0xffff ? 3 : tag > 0xff ? 2 : 1;
  const first = at + bytes + 1;
  const length = codes[first - 1];
  // It must end where the value that has swallowed it ends, or before: most chance bytes (cryptograms) say something else.
  if (length * 2 < PAN_MIN || length > CARD_BYTES_MAX || first + length > to || first + DIGIT_BYTES_MAX >= to)
    return false;
  for (let i = 0; i < bytes; i++) if (codes[at + i] !== ((tag >> (8 * (bytes - 1 - i))) & 0xff)) return false;
  for (let i = first; i <= first + DIGIT_BYTES_MAX; i++) if (codes[i] >> 4 > 9 || (codes[i] & 15) > 9) return false;
  return true;
}
