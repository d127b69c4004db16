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
 * How the characters of a value travel. `n`: packed decimal digits. `z`: packed track nibbles, separator D. `an`:
 * printable ASCII. `ans`: printable ASCII and GBK. `b`: bytes as they are.
 */
export const FIELD_TYPES = ['n', 'z', 'an', 'ans', 'b'] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

/**
 * `fixed`: no length. `ll`: one packed byte. `lll`: two packed bytes. The length counts digits for n and z and bytes
 * for the others (UnionPay POS).
 */
export const LENGTH_KINDS = ['fixed', 'll', 'lll'] as const;
export type LengthKind = (typeof LENGTH_KINDS)[number];

/**
 * What a value is for those who print or log it. Only `public` may be shown; `pan` may be shown as its first six and
 * last four digits; the rest is replaced by a mark.
 */
export const FIELD_CLASSES = ['private', 'public', 'pan', 'track', 'expiry', 'pin', 'key', 'mac'] as const;
export type FieldClass = (typeof FIELD_CLASSES)[number];

export interface FieldSource {
  readonly name: Name;
  readonly type: FieldType;
  readonly length: LengthKind;
  /** Digits for n and z, bytes for the others; the exact length of a fixed field. */
  readonly max: number;
  /** Where an odd number of digits stands in its bytes; `left` when absent. */
  readonly align?: 'left' | 'right';
  /** Nibble that fills an odd number of digits when encoding; `0` when absent. Decoding takes any. */
  readonly pad?: '0' | 'F';
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

/** One piece of a field's value. */
export interface PartSource {
  /** `60.1`; unique within the field's layout. Selectors of other layouts name it. */
  readonly id: string;
  readonly name: Name;
  /** Digits or bytes as the field counts; absent = the rest of the value. */
  readonly length?: number;
  /** `an` when absent; only a part of a `b` field needs it, to be read as text. */
  readonly type?: 'an' | 'ans' | 'b';
  readonly class: FieldClass;
  readonly values?: Readonly<Record<string, Name>>;
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
 * How a field is divided. `parts` come first, in order; a value that ends early leaves the last ones out. Then `repeat`
 * (a group again and again), `chain` or `tlv` takes the rest.
 */
export interface LayoutSource {
  readonly when?: WhenSource;
  readonly parts?: readonly PartSource[];
  readonly repeat?: readonly PartSource[];
  readonly chain?: ChainSource;
  readonly tlv?: boolean;
}

/** A BER-TLV tag that is known by name. Tags that are not listed are masked. */
export interface TagSource {
  readonly name: Name;
  readonly class: FieldClass;
}

/** Which parts stand before the body of a message. */
export interface Framing {
  /** Two bytes, big endian: number of bytes that follow. */
  readonly length: boolean;
  /** Five bytes: 60, destination, source. */
  readonly tpdu: boolean;
  /** Six bytes of application header. */
  readonly header: boolean;
}

export interface DialectSource {
  readonly framing: Framing;
  readonly mti: 'bcd';
  readonly bitmap: 'binary';
  readonly fields: Readonly<Record<string, FieldSource>>;
  readonly options: Readonly<Record<string, OptionSource>>;
  readonly subfields: Readonly<Record<string, readonly LayoutSource[]>>;
  readonly tags: Readonly<Record<string, TagSource>>;
}

/** Option name → choice. Options that are not named have their default. */
export type DialectOptions = Readonly<Record<string, string>>;
