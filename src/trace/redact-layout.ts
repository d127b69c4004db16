import { CharacterClass } from '../iso8583/characters.ts';
import type { FieldPlan } from '../iso8583/plan.ts';
import {
  LENGTH_ENCODINGS,
  LENGTH_KINDS,
  type ChainSource,
  type DivisionSource,
  type PartSource,
} from '../iso8583/source.ts';
import type { Unit } from '../iso8583/field-value.ts';
import { Action, actionOf } from './redact-marks.ts';

/**
 * How values are divided, made ready for marking: the layouts of a dialect with names and texts left out and every length as
 * a number, so that walking over a value looks nothing up and creates nothing.
 */

/** How a part's length is told: it is fixed, it is what is left, or a number stands before the part. */
export const REST = -1;
export const TOLD = -2;

export interface Part {
  readonly action: number;
  /** Units, {@link REST} or {@link TOLD}. */
  readonly length: number;
  /** Units of the length before the part. */
  readonly headUnits: number;
  /** Index in `LENGTH_ENCODINGS` of the length before the part. */
  readonly headForm: number;
  readonly max: number;
  /** Packed digits or plain bytes of a b field (not text in it). */
  readonly packed: boolean;
  /** Text of a b field in EBCDIC. */
  readonly ebcdic: boolean;
  /** {@link CharacterClass} bits that each unit must have one of; 0 = any. */
  readonly allowed: number;
  readonly inside: Layout | undefined;
}

export interface ChainTag {
  readonly tag: Uint8Array;
  readonly action: number;
  /** Fixed length, -1 where the chain tells lengths. */
  readonly length: number;
  readonly chain: Chain | undefined;
}

export interface Chain {
  readonly tagLength: number;
  readonly lengthDigits: number;
  readonly tags: readonly ChainTag[];
}

export interface PartMap {
  /** Units of one bitmap, and bits of one unit. */
  readonly units: number;
  readonly bits: number;
  readonly extended: boolean;
  /** By bit; undefined where the dialect has none. */
  readonly parts: readonly (Part | undefined)[];
}

export interface Layout {
  readonly parts: readonly Part[];
  readonly repeat: readonly Part[] | undefined;
  readonly chain: Chain | undefined;
  readonly map: PartMap | undefined;
  readonly tlv: boolean;
}

export function layoutOf(source: DivisionSource, unit: Unit, plan: FieldPlan): Layout {
  const part = (each: PartSource): Part => partOf(each, unit, plan);
  return {
    parts: (source.parts ?? []).map(part),
    repeat: source.repeat?.map(part),
    chain: source.chain && chainOf(source.chain),
    map: source.bitmap && mapOf(source.bitmap, unit, part),
    tlv: source.tlv === true && unit !== 'digit',
  };
}

function partOf(source: PartSource, unit: Unit, plan: FieldPlan): Part {
  const told = typeof source.length === 'string';
  const digits = told ? LENGTH_KINDS.indexOf(source.length) : 0;
  const encoding = unit === 'byte' ? (source.lengthEncoding ?? plan.source.defaults?.length ?? 'bcd') : 'ascii';
  const binary = unit === 'byte' && (encoding === 'bcd' || encoding === 'binary');
  return {
    action: actionOf(source.class),
    length: typeof source.length === 'number' ? source.length : told ? TOLD : REST,
    headUnits: binary ? (digits + 1) >> 1 : digits,
    headForm: LENGTH_ENCODINGS.indexOf(encoding),
    max: source.max ?? Number.MAX_SAFE_INTEGER,
    packed: unit === 'byte' && (source.type === 'b' || source.encoding === 'bcd'),
    ebcdic: unit === 'byte' && source.encoding === 'ebcdic',
    allowed: allowedOf(source, unit),
    inside: source.inside && layoutOf(source.inside, unit, plan),
  };
}

function allowedOf({ type, encoding }: PartSource, unit: Unit): number {
  const ebcdic = unit === 'byte' && encoding === 'ebcdic';
  if (type === 'n') {
    if (unit === 'byte' && encoding === 'bcd') return CharacterClass.packed;
    return ebcdic ? CharacterClass.ebcdicDigit : CharacterClass.digit;
  }
  if (type === 'an') return ebcdic ? CharacterClass.ebcdicPrintable : CharacterClass.printable;
  if (type !== 'ans') return CharacterClass.any;
  return ebcdic
    ? CharacterClass.ebcdicPrintable | CharacterClass.ebcdicUpper
    : CharacterClass.printable | CharacterClass.upper;
}

function chainOf({ tagLength, lengthDigits, tags }: ChainSource): Chain {
  return {
    tagLength,
    lengthDigits,
    tags: Object.entries(tags).map(([tag, { class: shownAs, length, chain }]) => ({
      tag: Uint8Array.from(tag, char => char.charCodeAt(0)),
      action: chain === undefined ? actionOf(shownAs) : Action.private,
      length: length ?? -1,
      chain: chain && chainOf(chain),
    })),
  };
}

function mapOf(source: NonNullable<DivisionSource['bitmap']>, unit: Unit, part: (source: PartSource) => Part): PartMap {
  const hex = (source.form ?? (unit === 'byte' ? 'binary' : 'hex')) === 'hex';
  const bits = 8 * source.length * (source.extended === true ? 2 : 1);
  return {
    units: hex ? 2 * source.length : source.length,
    bits: hex ? 4 : 8,
    extended: source.extended === true,
    parts: Array.from({ length: bits + 1 }, (_, bit) =>
      Object.hasOwn(source.parts, bit) ? part(source.parts[bit]) : undefined,
    ),
  };
}
