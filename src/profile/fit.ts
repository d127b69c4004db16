import { isObject, readMerged, withDefaults, type Json, type ReadSource } from './source.ts';
import { lintProfile } from './lint.ts';
import type { Profile } from './schema.ts';

/**
 * The shape of a profile as JSON Schema, with the keywords that the shape of a profile uses. What it says comes from
 * the one schema that also explains what is wrong; here only yes or no counts, so that a start need not load all that.
 */
export interface Shape {
  readonly type?: 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean';
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Shape;
  readonly propertyNames?: Shape;
  readonly items?: Shape;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly (string | number)[];
  readonly const?: Json;
  /** The value has exactly one of these shapes. */
  readonly oneOf?: readonly Shape[];
}

/** Keywords that {@link fits} looks at or that say nothing about a value. */
const KNOWN = new Set([
  ...['type', 'properties', 'required', 'additionalProperties', 'propertyNames', 'items', 'minItems', 'maxItems'],
  ...['minLength', 'maxLength', 'pattern', 'minimum', 'maximum', 'enum', 'const', 'oneOf', 'description', '$schema'],
]);

/** Keywords that a shape without `type` may have. */
const UNTYPED = new Set(['const', 'enum', 'oneOf', 'description']);

/** True when `value` has the shape. A keyword that is not known here fits nothing, so nothing passes unchecked. */
export function fits(shape: Shape, value: Json): boolean {
  for (const keyword of Object.keys(shape)) if (!KNOWN.has(keyword)) return false;
  if (shape.const !== undefined && value !== shape.const) return false;
  if (shape.enum !== undefined && !(shape.enum as readonly Json[]).includes(value)) return false;
  if (shape.oneOf !== undefined && shape.oneOf.filter(one => fits(one, value)).length !== 1) return false;
  switch (shape.type) {
    case undefined:
      return Object.keys(shape).every(keyword => UNTYPED.has(keyword));
    case 'object':
      return isObject(value) && membersFit(shape, value);
    case 'array':
      return Array.isArray(value) && itemsFit(shape, value);
    case 'string':
      return typeof value === 'string' && textFits(shape, value);
    case 'integer':
      return Number.isSafeInteger(value) && numberFits(shape, value as number);
    case 'number':
      return Number.isFinite(value) && numberFits(shape, value as number);
    case 'boolean':
      return typeof value === 'boolean';
    default:
      return false;
  }
}

function membersFit(shape: Shape, value: { readonly [member: string]: Json }): boolean {
  const { properties = {}, required = [], additionalProperties: others, propertyNames } = shape;
  for (const member of required) if (!Object.hasOwn(value, member)) return false;
  for (const member of Object.keys(value)) {
    if (propertyNames !== undefined && !fits(propertyNames, member)) return false;
    const own = Object.hasOwn(properties, member) ? properties[member] : others;
    // A shape that forbids nothing is `true` or empty; without the keyword the shape is not meant for profiles.
    if (own === undefined || own === false) return false;
    if (own !== true && Object.keys(own).length > 0 && !fits(own, value[member])) return false;
  }
  return true;
}

function itemsFit({ items, minItems = 0, maxItems = Infinity }: Shape, value: readonly Json[]): boolean {
  if (items === undefined || value.length < minItems || value.length > maxItems) return false;
  return value.every(item => fits(items, item));
}

function textFits({ minLength = 0, maxLength = Infinity, pattern }: Shape, value: string): boolean {
  if (value.length < minLength || value.length > maxLength) return false;
  return pattern === undefined || new RegExp(pattern).test(value);
}

function numberFits({ minimum = -Infinity, maximum = Infinity }: Shape, value: number): boolean {
  return value >= minimum && value <= maximum;
}

/**
 * The complete profile `id`, checked against `shape` and for its meaning; undefined when anything is wrong with it, which
 * the checker of the profiles then explains. Sources as in `loadProfile`.
 */
export function profileThatFits(shape: Shape, id: string, read: ReadSource): Profile | undefined {
  const merged = readMerged(id, read);
  if (!merged.ok) return undefined;
  const value = withDefaults(merged.value.value);
  if (!fits(shape, value)) return undefined;
  const profile = value as unknown as Profile;
  return profile.id === id && lintProfile(profile).length === 0 ? profile : undefined;
}
