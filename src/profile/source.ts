import { failed, fault, ok, type Fault, type Result } from '../fault.ts';
import { parseJson } from './json.ts';
import { keyTrouble } from './key-material.ts';

/** One JSON value without undefined. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [member: string]: Json };
type JsonObject = { readonly [member: string]: Json };

/** Longest profile source, characters. */
export const SOURCE_LENGTH_MAX = 1_048_576;
/** Deepest chain of `extends`. */
export const EXTENDS_DEPTH_MAX = 8;

/** Reads the source called `name` (`base/unionpay-pos`, without ending). */
export type ReadSource = (name: string) => Result<string>;

const SOURCE_NAME = /^(?:[a-z0-9][a-z0-9-]*\/)?[a-z0-9][a-z0-9-]*$/;
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** One step of a JSON pointer (RFC 6901). */
export const pointerStep = (member: string | number): string =>
  `/${String(member).replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** A source with everything that it extends merged in, and who wrote what. */
export interface MergedSource {
  readonly value: JsonObject;
  /** The sources from the lowest to the one that was asked for. */
  readonly names: readonly string[];
  /** Name of the source that wrote the member at a JSON pointer, or the nearest member above it. */
  writerOf(pointer: string): string;
}

/** Members that every profile has and few sources write: a source may leave them out. */
const TERMINAL_DEFAULTS: JsonObject = { keymap: {}, models: [] };

/** `value` with the members that a source may leave out. */
export function withDefaults(value: JsonObject): JsonObject {
  const { terminal } = value;
  return isObject(terminal) ? { ...value, terminal: { ...TERMINAL_DEFAULTS, ...terminal } } : value;
}

interface Layer {
  readonly name: string;
  readonly value: JsonObject;
}

/**
 * Reads a source and what its `extends` names, in order; a later one wins over an earlier one, and the source's own
 * members win over all. Objects merge, everything else is replaced, `null` takes a member away.
 */
export function readMerged(name: string, read: ReadSource): Result<MergedSource> {
  const layers: Layer[] = [];
  const problem = collect(name, read, [], layers);
  if (problem) return failed(problem);
  let value: Json = {};
  for (const layer of layers) value = merge(value, layer.value);
  const merged = value as JsonObject;
  return ok({
    value: merged,
    names: layers.map(layer => layer.name),
    writerOf(pointer) {
      for (let at = pointer; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
        const writer = layers.findLast(layer => has(layer.value, at));
        if (writer) return writer.name;
        if (at === '') return name;
      }
    },
  });
}

function collect(name: string, read: ReadSource, path: readonly string[], layers: Layer[]): Fault | undefined {
  if (!SOURCE_NAME.test(name))
    return fault(
      'E_ILLEGAL',
      'profile-name',
      `"${name}" is not the name of a profile source`,
      'Use small letters, digits and hyphens, and at most one folder, as in base/unionpay-pos',
    );
  const from = path.length === 0 ? '' : ` (extended by ${path.join(' → ')})`;
  if (path.includes(name))
    return fault(
      'E_ILLEGAL',
      'profile-cycle',
      `${[...path, name].join(' → ')} extends itself`,
      `Take one of them out of an "extends"`,
    );
  if (path.length >= EXTENDS_DEPTH_MAX)
    return fault(
      'E_ILLEGAL',
      'profile-depth',
      `"extends" is deeper than ${EXTENDS_DEPTH_MAX}: ${path.join(' → ')}`,
      'Let the profile extend its bases directly',
    );
  const text = read(name);
  if (!text.ok) {
    if (text.fault.code !== 'E_NOEXIST') return text.fault;
    return fault(
      'E_NOEXIST',
      'profile-source-missing',
      `there is no profile source ${name}${from}`,
      path.length > 0 ? 'Correct the name in "extends" or add the file' : 'Check the name of the file',
    );
  }
  if (text.value.length > SOURCE_LENGTH_MAX)
    return fault(
      'E_ILLEGAL',
      'profile-too-long',
      `${name} has ${text.value.length} characters, more than ${SOURCE_LENGTH_MAX}`,
      'Split it or take out what is not needed',
    );
  const parsed = parse(name, text.value);
  if (!parsed.ok) return parsed.fault;
  const problem = refused(name, parsed.value);
  if (problem) return problem;
  const { extends: bases = [], $schema: _schema, ...own } = parsed.value;
  if (!Array.isArray(bases) || !bases.every(base => typeof base === 'string'))
    return fault(
      'E_ILLEGAL',
      'profile-extends',
      `${name}: /extends is not a list of names`,
      'Write "extends": ["base/unionpay-pos", …]',
    );
  for (const base of bases) {
    const inner = collect(base, read, [...path, name], layers);
    if (inner) return inner;
  }
  layers.push({ name, value: own });
  return undefined;
}

function parse(name: string, text: string): Result<JsonObject> {
  const parsed = parseJson(text);
  if (!parsed.ok) {
    const { offset, what } = parsed.flaw;
    return failed(
      fault('E_ILLEGAL', 'profile-json', `${name} ${place(text, offset)}: ${what}`, 'Correct the file there'),
    );
  }
  const { value } = parsed;
  if (!isObject(value))
    return failed(
      fault(
        'E_ILLEGAL',
        'profile-json',
        `${name} is not a JSON object`,
        'Begin the file with { and a member "id" or "extends"',
      ),
    );
  return ok(value);
}

function place(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n');
  return `at line ${before.length}, column ${before[before.length - 1].length + 1}`;
}

/** Finds key material and member names that no source may hold. The fault names the place, never the value. */
export function refused(name: string, value: JsonObject): Fault | undefined {
  const found = forbidden(value, '');
  return found && fault('E_ILLEGAL', found.name, `${name}: ${found.pointer} ${found.cause}`, found.remedy);
}

interface Forbidden {
  readonly pointer: string;
  readonly name: string;
  readonly cause: string;
  readonly remedy: string;
}

/** The pointer is put together on the way out, so that a source with nothing wrong in it costs no texts. */
function forbidden(value: Json, member: string): Forbidden | undefined {
  const trouble = keyTrouble(value, member);
  if (trouble !== undefined)
    return {
      pointer: '',
      name: 'profile-key-material',
      cause: trouble,
      remedy:
        'Take it out: keys live in the terminal, a profile only names the slot (acquirer.masterKeyIndex). If it was a real key, have it replaced',
    };
  if (typeof value !== 'object' || value === null) return undefined;
  for (const inner of Object.keys(value)) {
    const found =
      inner === '__proto__'
        ? { pointer: '', name: 'profile-member', cause: 'is not a member of a profile', remedy: 'Take it out' }
        : forbidden((value as JsonObject)[inner], inner);
    if (found) return { ...found, pointer: pointerStep(inner) + found.pointer };
  }
  return undefined;
}

function merge(base: Json, over: Json): Json {
  if (!isObject(base) || !isObject(over)) return isObject(over) ? merge({}, over) : over;
  const merged: Record<string, Json> = { ...base };
  for (const [member, value] of Object.entries(over)) {
    if (value === null) delete merged[member];
    else merged[member] = merge(merged[member] ?? null, value);
  }
  return merged;
}

function has(value: Json, pointer: string): boolean {
  let at: Json | undefined = value;
  if (pointer === '') return true;
  for (const step of pointer.slice(1).split('/')) {
    const member = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(at)) at = at[Number(member)] as Json | undefined;
    else if (isObject(at) && Object.hasOwn(at, member)) at = at[member];
    else return false;
    if (at === undefined) return false;
  }
  return true;
}
