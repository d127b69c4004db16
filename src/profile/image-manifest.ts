import { createHash } from 'node:crypto';
import { canonicalBytes } from './canonical.ts';
import { isObject, type Json } from './source.ts';

/** Terminals of one model, with a range of firmware versions; both ends belong to it. */
export interface ModelRange {
  /** As the terminal tells it (GIX 8003). */
  readonly name: string;
  readonly firmwareMin?: string;
  readonly firmwareMax?: string;
}

/** Signed permission to go back to an older profile. */
export interface Downgrade {
  /** Highest installed version that this image may replace. */
  readonly from: number;
  /** Only terminals with these serial numbers; every one when absent. Ascending, each once. */
  readonly serialNumbers?: readonly string[];
}

/** What a terminal and a person need to know of a profile without reading it. */
export interface ImageManifest {
  readonly format: 1;
  readonly id: string;
  readonly name: { readonly zh: string; readonly en: string };
  readonly version: number;
  readonly terminal: {
    readonly id: string;
    readonly rows: number;
    readonly columns: number;
    readonly charset: string;
    /** 0 = no printer */
    readonly printColumns: number;
    /** bit/s */
    readonly baud: number;
  };
  /** Empty: any model. */
  readonly models: readonly ModelRange[];
  /** SHA-256 of the canonical text of each top-level member of the profile, 64 hex digits. */
  readonly sections: Readonly<Record<string, string>>;
  readonly downgrade?: Downgrade;
}

/** Serial numbers that one permission may name. */
export const SERIAL_NUMBERS_MAX = 256;
const ID = /^[a-z0-9][a-z0-9-]{0,63}$/;
const SERIAL_NUMBER = /^[\x21-\x7e]{1,32}$/;
/** A version that can be compared: numbers with dots between. */
const FIRMWARE = /^\d{1,9}(?:\.\d{1,9}){0,7}$/;

export const isSerialNumber = (text: string): boolean => SERIAL_NUMBER.test(text);
export const isFirmware = (text: string): boolean => FIRMWARE.test(text);

/**
 * The manifest of a profile. The values are taken as they are, so a value of a wrong shape makes a manifest that differs
 * from every right one; what a terminal decides by is checked, and a text says what is wrong.
 */
export function manifestOf(profile: Json, downgrade: Downgrade | undefined): ImageManifest | string {
  if (!isObject(profile)) return 'is no object';
  const { id, name, version, terminal } = profile;
  if (typeof id !== 'string' || !ID.test(id)) return 'has no id';
  if (!isObject(name) || typeof name.zh !== 'string' || typeof name.en !== 'string') return 'has no name in zh and en';
  if (!isCount(version)) return 'has no version';
  if (!isObject(terminal)) return 'has no terminal';
  const { id: terminalId, rows, columns, charset, printColumns, baud, models = [] } = terminal;
  if (typeof terminalId !== 'string' || typeof charset !== 'string') return 'has a terminal without id or charset';
  if (!isNumber(rows) || !isNumber(columns) || !isNumber(printColumns) || !isNumber(baud))
    return 'has a terminal without its measures';
  if (!Array.isArray(models)) return 'has models that are no list';
  const ranges: ModelRange[] = [];
  for (const model of models) {
    const range = rangeOf(model as Json);
    if (range === undefined) return 'has a model without a name or with a firmware version that is not like 1.20.3';
    ranges.push(range);
  }
  const sections: Record<string, string> = {};
  for (const member of Object.keys(profile))
    if (profile[member] !== undefined)
      sections[member] = createHash('sha256').update(canonicalBytes(profile[member])).digest('hex');
  return {
    format: 1,
    id,
    name: { zh: name.zh, en: name.en },
    version,
    terminal: { id: terminalId, rows, columns, charset, printColumns, baud },
    models: ranges,
    sections,
    ...(downgrade ? { downgrade } : {}),
  };
}

/** The permission in a manifest that was read; a text says what is wrong with it. */
export function downgradeOf(manifest: Json): { readonly downgrade?: Downgrade } | string {
  if (!isObject(manifest)) return 'is no object';
  const { downgrade } = manifest;
  if (downgrade === undefined) return {};
  if (!isObject(downgrade) || !isCount(downgrade.from)) return 'has a permission without a version';
  const { from, serialNumbers } = downgrade;
  if (serialNumbers === undefined) return { downgrade: { from } };
  if (!Array.isArray(serialNumbers) || serialNumbers.length === 0 || serialNumbers.length > SERIAL_NUMBERS_MAX)
    return `has a permission without serial numbers, or with more than ${SERIAL_NUMBERS_MAX}`;
  const texts = serialNumbers.filter(one => typeof one === 'string' && isSerialNumber(one)) as string[];
  if (texts.length !== serialNumbers.length || texts.some((one, i) => i > 0 && texts[i - 1] >= one))
    return 'has a permission whose serial numbers are wrong or not in ascending order';
  return { downgrade: { from, serialNumbers: texts } };
}

const isNumber = (value: Json | undefined): value is number => typeof value === 'number';
const isCount = (value: Json | undefined): value is number => Number.isSafeInteger(value) && (value as number) >= 1;

function rangeOf(value: Json): ModelRange | undefined {
  if (!isObject(value) || typeof value.name !== 'string' || value.name === '') return undefined;
  const { name, firmwareMin, firmwareMax } = value;
  for (const bound of [firmwareMin, firmwareMax])
    if (bound !== undefined && (typeof bound !== 'string' || !isFirmware(bound))) return undefined;
  return {
    name,
    ...(typeof firmwareMin === 'string' ? { firmwareMin } : {}),
    ...(typeof firmwareMax === 'string' ? { firmwareMax } : {}),
  };
}
