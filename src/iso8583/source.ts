/**
 * A dialect of ISO 8583 as data: what a profile's `dialect` section holds. Everything the codec knows about fields comes
 * from here, so a new dialect is a new file and no code.
 */

/** A name for people in both languages of the product. */
export interface Name {
  readonly zh: string;
  readonly en: string;
}

/**
 * What a value is made of. `n`: decimal digits. `z`: track digits 0–9 and A–F, separator D. `an`: printable ASCII. `ans`:
 * printable ASCII and GBK. `b`: bytes of any value.
 */
export const FIELD_TYPES = ['n', 'z', 'an', 'ans', 'b'] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

/**
 * How a value travels. `bcd`: two digits a byte. `ascii` and `ebcdic`: one character a byte. `binary`: bytes as they are.
 * `hex` and `hexEbcdic`: two characters a byte. Digits may be bcd, ascii or ebcdic (the separator D of a track is then
 * written `=`); texts ascii or ebcdic; bytes binary, hex or hexEbcdic.
 */
export const ENCODINGS = ['bcd', 'ascii', 'ebcdic', 'binary', 'hex', 'hexEbcdic'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** `fixed`: no length. `l` to `llll`: a length of one to four digits stands before the value. */
export const LENGTH_KINDS = ['fixed', 'l', 'll', 'lll', 'llll'] as const;
export type LengthKind = (typeof LENGTH_KINDS)[number];

/**
 * How a length travels. `bcd`: packed, LLL takes two bytes. `ascii` and `ebcdic`: one character a digit. `binary`: an
 * unsigned number, one byte for L and LL, two for LLL and LLLL, high byte first.
 */
export const LENGTH_ENCODINGS = ['bcd', 'ascii', 'ebcdic', 'binary'] as const;
export type LengthEncoding = (typeof LENGTH_ENCODINGS)[number];

/**
 * What a length counts. `units`: digits of n and z, characters of an and ans, bytes of b. `bytes`: bytes on the wire,
 * which differs for packed digits and for hex.
 */
export const LENGTH_COUNTS = ['units', 'bytes'] as const;
export type LengthCounts = (typeof LENGTH_COUNTS)[number];

/** How a bitmap travels: eight bytes, or sixteen characters. */
export const BITMAP_FORMS = ['binary', 'hex', 'hexEbcdic'] as const;
export type BitmapForm = (typeof BITMAP_FORMS)[number];

/**
 * What a value is for those who print or log it. Only `public` may be shown; `pan` may be shown as its first six and
 * last four digits; the rest is replaced by a mark.
 */
export const FIELD_CLASSES = ['private', 'public', 'pan', 'track', 'expiry', 'pin', 'key', 'mac'] as const;
export type FieldClass = (typeof FIELD_CLASSES)[number];

export interface FieldSource {
  readonly name: Name;
  readonly type: FieldType;
  /** The dialect's own for the type when absent. */
  readonly encoding?: Encoding;
  readonly length: LengthKind;
  /** The dialect's own when absent. */
  readonly lengthEncoding?: LengthEncoding;
  /** The dialect's own when absent. */
  readonly lengthCounts?: LengthCounts;
  /** Digits for n and z, characters for an and ans, bytes for b; the exact length of a fixed field. */
  readonly max: number;
  /** Where an odd number of packed digits stands in its bytes; `left` when absent. */
  readonly align?: 'left' | 'right';
  /** Nibble that fills an odd number of packed digits when encoding; `0` when absent. Decoding takes any. */
  readonly pad?: '0' | 'F';
  /**
   * What a value that is shorter than its fixed field is filled with when encoding: `zero` before it or `space` after it.
   * A shorter value is a mistake when absent. Decoding always gives the whole field.
   */
  readonly fill?: 'zero' | 'space';
  readonly class: FieldClass;
  /** Meanings of values, for people. */
  readonly values?: Readonly<Record<string, Name>>;
}

/** One choice that acquirers make differently; each choice changes some members of some fields. */
export interface OptionSource {
  readonly name: Name;
  readonly default: string;
  readonly choices: Readonly<Record<string, Readonly<Record<string, Partial<FieldSource>>>>>;
}

/** Parts inside parts, and constructed tags inside constructed tags: what lies deeper is not looked into. */
export const SUBFIELD_DEPTH_MAX = 8;

/** What a part is made of. Digits are looked at only where it says `n`, characters where it says `an` or `ans`. */
export const PART_TYPES = ['n', 'an', 'ans', 'b'] as const;
export type PartType = (typeof PART_TYPES)[number];

/** How digits and texts inside of a b field travel. `bcd`: two digits a byte. */
export const PART_ENCODINGS = ['bcd', 'ascii', 'ebcdic'] as const;
export type PartEncoding = (typeof PART_ENCODINGS)[number];

/** One piece of a field's value. */
export interface PartSource {
  /** `60.1`; unique within the field's layout. Selectors of other layouts name it. */
  readonly id: string;
  readonly name: Name;
  /**
   * Units (digits, characters or bytes) as the field counts them; `l` to `llll`: a length of so many digits stands before
   * the value and counts units; absent = the rest of the value.
   */
  readonly length?: number | Exclude<LengthKind, 'fixed'>;
  /** Greatest length that a length before the value may tell; what its digits can hold when absent. */
  readonly max?: number;
  /** How a length before the value travels inside a b field; the dialect's own when absent. Elsewhere it is digits or text. */
  readonly lengthEncoding?: LengthEncoding;
  /** Absent: not looked at, and read as text. A part of a b field that is `b` is read as hex. */
  readonly type?: PartType;
  /** Only for an n, an or ans part of a b field: how it travels; `ascii` when absent. */
  readonly encoding?: PartEncoding;
  readonly class: FieldClass;
  readonly values?: Readonly<Record<string, Name>>;
  /** The part is divided itself. */
  readonly inside?: DivisionSource;
}

/**
 * Parts that a bitmap of their own announces, as in field 127 of some hosts. The bitmap stands at the value's start (behind
 * `parts`, when there are some); its first bit is bit 1.
 */
export interface BitmapPartsSource {
  /** Bytes of the bitmap, 1 to 16. */
  readonly length: number;
  /** `binary` in b fields and `hex`, two characters a byte, in others when absent. */
  readonly form?: 'binary' | 'hex';
  /** True: a set first bit is no part but doubles the bitmap. */
  readonly extended?: boolean;
  /** By number of the bit. */
  readonly parts: Readonly<Record<string, PartSource>>;
}

export interface ChainTagSource {
  readonly name: Name;
  readonly class: FieldClass;
  /** Fixed length of the value where the chain has no length digits. */
  readonly length?: number;
  /** Values that are chains themselves. */
  readonly chain?: ChainSource;
}

/** Tag, length and value as text characters. `lengthDigits` 0: each tag's value has the fixed length of the table. */
export interface ChainSource {
  readonly tagLength: number;
  readonly lengthDigits: number;
  readonly tags: Readonly<Record<string, ChainTagSource>>;
}

/**
 * When a layout applies. All given members must hold. `mti`: one of these. `length`: size of the value is one of these.
 * `starts`: the value's text begins so. Any other key names a part (`60.3`) whose digits must be one of the list.
 */
export interface WhenSource {
  readonly mti?: readonly string[];
  readonly length?: readonly number[];
  readonly starts?: string;
  readonly parts?: Readonly<Record<string, readonly string[]>>;
}

/**
 * How a value is divided. `parts` come first, in order; a value that ends early leaves the last ones out. Then `repeat`
 * (a group again and again), `chain`, `tlv` or `bitmap` takes the rest.
 */
export interface DivisionSource {
  readonly parts?: readonly PartSource[];
  readonly repeat?: readonly PartSource[];
  readonly chain?: ChainSource;
  readonly tlv?: boolean;
  readonly bitmap?: BitmapPartsSource;
}

/** A division of a field, and for which messages it holds. */
export interface LayoutSource extends DivisionSource {
  readonly when?: WhenSource;
}

/** A BER-TLV tag that is known by name. Tags that are not listed are masked. */
export interface TagSource {
  readonly name: Name;
  readonly class: FieldClass;
}

/**
 * The length before a message. `binary`: two bytes, high byte first. `bcd`: two bytes, four packed digits. `ascii`: four
 * digits. It counts the bytes that follow it.
 */
export const FRAME_LENGTHS = ['binary', 'bcd', 'ascii'] as const;
export type FrameLength = (typeof FRAME_LENGTHS)[number];

/** Which parts stand before the body of a message. */
export interface Framing {
  /** False: there is none. */
  readonly length: false | FrameLength;
  /** Five bytes: 60, destination, source. */
  readonly tpdu: boolean;
  /** Six bytes of application header. */
  readonly header: boolean;
}

export interface DialectSource {
  readonly framing: Framing;
  readonly mti: 'bcd' | 'ascii' | 'ebcdic';
  readonly bitmap: BitmapForm;
  /**
   * How many bitmaps a message has: written always, and possible at most; one when absent. Bit 1 of the first announces
   * the second. Bit 65 announces the third, which follows the second at once (`following`) or stands where field 65 would
   * (`field65`, as ISO 8583:1987 has it).
   */
  readonly bitmaps?: {
    readonly least: 1 | 2 | 3;
    readonly most: 1 | 2 | 3;
    readonly third?: 'following' | 'field65';
  };
  /** What fields have that do not say it themselves: bcd, ascii, binary, bcd and units when absent. */
  readonly defaults?: {
    readonly digits?: 'bcd' | 'ascii' | 'ebcdic';
    readonly text?: 'ascii' | 'ebcdic';
    readonly bytes?: 'binary' | 'hex' | 'hexEbcdic';
    readonly length?: LengthEncoding;
    readonly lengthCounts?: LengthCounts;
  };
  readonly fields: Readonly<Record<string, FieldSource>>;
  readonly options: Readonly<Record<string, OptionSource>>;
  readonly subfields: Readonly<Record<string, readonly LayoutSource[]>>;
  readonly tags: Readonly<Record<string, TagSource>>;
}

/** Option name → choice. Options that are not named have their default. */
export type DialectOptions = Readonly<Record<string, string>>;
