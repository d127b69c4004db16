import type { DialectSource, FieldSource } from './source.ts';

type Numbers<K> = K extends number ? K : K extends `${infer N extends number}` ? N : never;

/**
 * Numbers of the fields that a dialect has: `2 | 3 | 4 | …` when its source is written `as const`, any number when it comes
 * from a file.
 */
export type FieldNumber<D extends DialectSource> = string extends keyof D['fields']
  ? number
  : Numbers<keyof D['fields']>;

/** The source of one field. */
type SourceOf<D extends DialectSource, F extends number> = F extends keyof D['fields']
  ? D['fields'][F]
  : `${F}` extends keyof D['fields']
    ? D['fields'][`${F}`]
    : FieldSource;

type TypeOf<D extends DialectSource, F extends number> = SourceOf<D, F> extends { readonly type: infer T } ? T : never;

/** What a field gives: bytes for type b, text for all others. */
export type FieldOutput<D extends DialectSource, F extends number> =
  TypeOf<D, F> extends infer T ? (T extends 'b' ? Uint8Array : string) : never;

/**
 * What a field takes. n: digits, or a whole number. z: digits and `D` or `=`. an and ans: text, a whole number, or the
 * characters as bytes. b: bytes, or their hex.
 */
export type FieldInput<D extends DialectSource, F extends number> =
  TypeOf<D, F> extends infer T
    ? T extends 'b'
      ? Uint8Array | string
      : T extends 'z'
        ? string
        : T extends 'n'
          ? string | number | bigint
          : string | number | bigint | Uint8Array
    : never;

/** Fields whose value may be read as a number. */
export type NumericField<D extends DialectSource> = {
  [F in FieldNumber<D>]: TypeOf<D, F> extends 'b' | 'z' ? never : F;
}[FieldNumber<D>];

/** Fields with their values, for building a message. */
export type FieldInputs<D extends DialectSource> = { readonly [F in FieldNumber<D>]?: FieldInput<D, F> };
