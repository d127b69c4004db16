import type { FieldValue } from './field-value.ts';
import type { FieldClass, Name } from './plan.ts';

/** What a piece's units are read as: as the field's own (hex where that is bytes), as text, as EBCDIC text. */
export type Reading = 'hex' | 'text' | 'ebcdic';

/** What a {@link SubfieldValue} is made of. */
export interface Piece {
  readonly id: string;
  readonly path: string;
  readonly name: Name;
  readonly class: FieldClass;
  readonly headFrom?: number;
  readonly from: number;
  readonly size: number;
  readonly whole?: boolean;
  readonly children?: readonly SubfieldValue[];
  readonly reading?: Reading;
  readonly values?: Readonly<Record<string, Name>> | undefined;
}

/**
 * One piece of a field. It remembers where it stands and reads its text only when asked, so that looking at a message
 * makes no string of what must stay hidden. Positions are in the field's own unit, counted from the value's start:
 * digits for n and z, characters for an and ans, bytes for b.
 */
export class SubfieldValue {
  /** Part number (`60.3`), tag (`9F26`, `A4`), `#1` for the first group of a repetition, `bitmap`, `rest`. */
  readonly id: string;
  /** Where it stands in the message: `60.3`, `55.9F26`, `55.72.86`, `59.A2.01`, `54.#1.5`. */
  readonly path: string;
  readonly name: Name;
  readonly class: FieldClass;
  /** Unit at which its tag and length begin; equal to {@link from} when it has none. */
  readonly headFrom: number;
  readonly from: number;
  readonly size: number;
  /** False when the value ends before the piece does. */
  readonly whole: boolean;
  readonly children: readonly SubfieldValue[];
  /** What its units are read as. */
  readonly reading: Reading;
  private readonly value: FieldValue;
  private readonly meanings: Readonly<Record<string, Name>> | undefined;

  constructor(value: FieldValue, piece: Piece) {
    this.value = value;
    this.id = piece.id;
    this.path = piece.path;
    this.name = piece.name;
    this.class = piece.class;
    this.headFrom = piece.headFrom ?? piece.from;
    this.from = piece.from;
    this.size = piece.size;
    this.whole = piece.whole ?? true;
    this.children = piece.children ?? [];
    this.reading = piece.reading ?? 'text';
    this.meanings = piece.values;
  }

  /** Offset in the caller's bytes of the byte in which it begins, without its tag and length. */
  get offset(): number {
    return this.value.offset(this.from);
  }

  /** Bytes that it touches, without its tag and length. */
  get length(): number {
    if (this.size === 0) return 0;
    return ((this.value.nibble(this.from + this.size) + 1) >> 1) - this.offset;
  }

  /** Digits, characters (GBK where it is GBK) or upper-case hex. */
  get text(): string {
    if (this.reading === 'hex') return this.value.text(this.from, this.size);
    return this.value.words(this.from, this.size, this.reading === 'ebcdic');
  }

  /** What the value means, when the dialect says so. */
  get meaning(): Name | undefined {
    return this.meanings?.[this.text];
  }
}

/** Something wrong inside a value that the codec itself takes: nothing of a hidden value is in it. */
export interface SubfieldProblem {
  readonly path: string;
  /** Name of the part or tag; undefined where it is the whole value that is wrong. */
  readonly name: Name | undefined;
  /** First unit that is wrong, and how many are meant; 0 where something is missing. */
  readonly from: number;
  readonly size: number;
  /** {@link Status} */
  readonly status: number;
  readonly expected: Name;
  readonly found: Name;
}
