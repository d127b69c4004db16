/**
 * Finds where a text stops being JSON. The parser of the platform names no place for most errors and quotes the text,
 * which could hold a secret; and it takes the last of two equal members in silence.
 */
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

/** The first flaw of `text`, or undefined when `JSON.parse` may have it. */
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
