import type { Json } from './source.ts';

/** Deepest nesting of objects and arrays in a canonical text. */
export const CANONICAL_DEPTH_MAX = 32;

/**
 * The one text of a value: members sorted by code unit, no white space, escapes as `JSON.stringify` writes them. A member
 * that is undefined is left out, as in JSON. Equal values give equal texts whatever the order of their members was.
 */
export function canonicalText(value: Json | undefined): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  const members = value as { readonly [member: string]: Json | undefined };
  const texts: string[] = [];
  for (const member of Object.keys(members).sort())
    if (members[member] !== undefined) texts.push(`${JSON.stringify(member)}:${canonicalText(members[member])}`);
  return `{${texts.join(',')}}`;
}

/** {@link canonicalText} in UTF-8. */
export function canonicalBytes(value: Json | undefined): Uint8Array {
  return new TextEncoder().encode(canonicalText(value));
}

/**
 * The value of a canonical text, for bytes from anywhere; a text says what is wrong with them, without quoting them. Every
 * number has to be an integer without loss. One value has one text, so two equal members, blanks or another order are
 * refused without looking for them one by one.
 */
export function readCanonical(bytes: Uint8Array): { readonly value: Json } | string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return 'is no UTF-8 text';
    throw error;
  }
  // Before the parser, whose values are walked by recursion.
  if (isDeep(text)) return `is nested deeper than ${CANONICAL_DEPTH_MAX}`;
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (error) {
    if (error instanceof SyntaxError) return 'is no JSON';
    throw error;
  }
  if (!onlyIntegers(value)) return 'holds a number that is no integer of 53 bits';
  if (canonicalText(value) !== text)
    return 'is not canonical (sorted members, each once; no white space; shortest escapes)';
  return { value };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function isDeep(text: string): boolean {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (inText) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) inText = false;
    } else if (code === QUOTE) inText = true;
    // [ and {, ] and } differ in one bit only.
    else if ((code | 0x20) === 0x7b) {
      if (++depth > CANONICAL_DEPTH_MAX) return true;
    } else if ((code | 0x20) === 0x7d) depth--;
  }
  return false;
}

function onlyIntegers(value: Json): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value);
  return (
    typeof value !== 'object' || value === null || Object.values(value).every(inner => onlyIntegers(inner as Json))
  );
}
