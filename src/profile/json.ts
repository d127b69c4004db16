/** Where a text stops being JSON. */
export interface JsonFlaw {
  /** Index in the text. */
  readonly offset: number;
  readonly what: string;
}

/** Deepest nesting of objects and arrays. */
export const JSON_DEPTH_MAX = 32;

const BLANKS = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"/y;
const SCALAR = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;

/** Each text and each name of a member in well-formed JSON. */
const ANY_STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/g;

export type ParsedJson =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly flaw: JsonFlaw };

/**
 * The value of a JSON text. The parser of the platform does the work, because profiles are read at each start. It names no
 * place for most errors and quotes the text, which could hold a secret; and it takes the last of two equal members in
 * silence. So its errors are explained by {@link flawOf}, and so is a text with more members than its value.
 */
export function parseJson(text: string): ParsedJson {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const flaw = error instanceof SyntaxError ? flawOf(text) : undefined;
    if (!flaw) throw error;
    return { ok: false, flaw };
  }
  // Every member has one colon, and outside of texts there are no others.
  const colons = text.replace(ANY_STRING, '').split(':').length - 1;
  const flaw = membersOf(value, 0) === colons ? undefined : flawOf(text);
  return flaw ? { ok: false, flaw } : { ok: true, value };
}

/** Members of the objects in `value`; not a number when it is nested deeper than {@link JSON_DEPTH_MAX}. */
function membersOf(value: unknown, depth: number): number {
  if (depth > JSON_DEPTH_MAX) return NaN;
  if (typeof value !== 'object' || value === null) return 0;
  let members = 0;
  if (Array.isArray(value)) for (const item of value) members += membersOf(item, depth + 1);
  else
    for (const name of Object.keys(value))
      members += 1 + membersOf((value as Record<string, unknown>)[name], depth + 1);
  return members;
}

/** The first flaw of `text`, or undefined when it is JSON without equal members and not nested too deep. */
export function flawOf(text: string): JsonFlaw | undefined {
  let at = 0;
  /** Moves over what the pattern matches from here; false when nothing does. A profile is read at each start: no copies. */
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    if (!pattern.test(text)) return false;
    at = pattern.lastIndex;
    return true;
  };
  const flaw = (what: string, offset = at): JsonFlaw => ({ offset, what });

  const value = (depth: number): JsonFlaw | undefined => {
    take(BLANKS);
    if (depth > JSON_DEPTH_MAX) return flaw(`is nested deeper than ${JSON_DEPTH_MAX}`);
    const first = text[at];
    if (first === '{') return members(depth);
    if (first === '[') return items(depth);
    if (first === '"') return take(STRING) ? undefined : flaw('a text is not closed or holds a wrong escape');
    if (take(SCALAR)) return undefined;
    return flaw(at >= text.length ? 'the text ends where a value must stand' : 'no value can begin here');
  };
  const members = (depth: number): JsonFlaw | undefined => {
    const seen = new Set<string>();
    at++;
    take(BLANKS);
    if (text[at] === '}') return void at++;
    for (;;) {
      take(BLANKS);
      const start = at;
      if (!take(STRING)) return flaw('a member name in quotes must stand here');
      const name = text.slice(start, at);
      if (seen.has(name)) return flaw(`the member ${name} stands here a second time`, start);
      seen.add(name);
      take(BLANKS);
      if (text[at] !== ':') return flaw('a colon is missing here');
      at++;
      const inner = value(depth + 1);
      if (inner) return inner;
      take(BLANKS);
      if (text[at] === '}') return void at++;
      if (text[at] !== ',') return flaw('a comma or } is missing here');
      at++;
    }
  };
  const items = (depth: number): JsonFlaw | undefined => {
    at++;
    take(BLANKS);
    if (text[at] === ']') return void at++;
    for (;;) {
      const inner = value(depth + 1);
      if (inner) return inner;
      take(BLANKS);
      if (text[at] === ']') return void at++;
      if (text[at] !== ',') return flaw('a comma or ] is missing here');
      at++;
    }
  };

  const found = value(0);
  if (found) return found;
  take(BLANKS);
  return at < text.length ? flaw('the text goes on after its end') : undefined;
}
