import { failed, fault, ok, type Fault, type Result } from '../../fault.ts';

/** Gives the value at a path (`39`, `55.9F26`, `mti`, `type`, …); undefined when the message has none. */
export interface Values {
  text(path: string): string | undefined;
  /** True when the value is a number that may have zeros in front. */
  numeric(path: string): boolean;
}

export type Predicate = (values: Values) => boolean;

/** What may stand in an expression beside the numbers of fields. */
export const NAMES = ['mti', 'type', 'way', 'latency', 'stream', 'number'] as const;

const OPERATORS = ['!=', '<=', '>=', '!~', '=', '<', '>', '~'] as const;
type Operator = (typeof OPERATORS)[number];

/** Longest expression; a person types less. */
const LENGTH_MAX = 2000;
/** Brackets and `not` inside of one another. */
const DEPTH_MAX = 100;
const PATH = /^(?:[a-z]+|\d{1,3}(?:\.[0-9A-Za-z#*]+)*)$/;

/** A place in the expression where it is wrong. */
class Wrong extends Error {
  readonly at: number;
  readonly remedy: string;

  constructor(at: number, cause: string, remedy: string) {
    super(cause);
    this.at = at;
    this.remedy = remedy;
  }
}

/**
 * Compiles a field expression: comparisons `path operator value` joined by `and`, `or`, `not` and brackets; `and` binds
 * closer than `or`. Operators: `=` `!=` (a number with other zeros in front is the same number), `<` `<=` `>` `>=`
 * (numbers), `~` `!~` (regular expression). A path alone: the value is there. Every comparison with a value that is not
 * there is false. Fault `bad-expression` names the column and shows it.
 */
export function compileExpression(text: string): Result<Predicate> {
  if (text.length > LENGTH_MAX) {
    const cause = `the expression has ${text.length} characters`;
    return failed(fault('E_ILLEGAL', 'bad-expression', cause, `Write at most ${LENGTH_MAX}`));
  }
  try {
    return ok(new Parser(text).whole());
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    return failed(wrongAt(text, error));
  }
}

function wrongAt(text: string, { at, message, remedy }: Wrong): Fault {
  const place = `\n  ${text}\n  ${' '.repeat(at)}^`;
  return fault('E_ILLEGAL', 'bad-expression', `column ${at + 1}: ${message}`, remedy + place);
}

class Parser {
  private readonly text: string;
  private at = 0;
  private depth = 0;

  constructor(text: string) {
    this.text = text;
  }

  whole(): Predicate {
    const found = this.either();
    this.skip();
    if (this.at < this.text.length) {
      throw this.wrong(`"${this.text[this.at]}" is left over`, 'Join comparisons with and, or');
    }
    return found;
  }

  private either(): Predicate {
    let left = this.both();
    while (this.word('or')) {
      const [a, b] = [left, this.both()];
      left = values => a(values) || b(values);
    }
    return left;
  }

  private both(): Predicate {
    let left = this.one();
    while (this.word('and')) {
      const [a, b] = [left, this.one()];
      left = values => a(values) && b(values);
    }
    return left;
  }

  private one(): Predicate {
    if (++this.depth > DEPTH_MAX) throw this.wrong(`more than ${DEPTH_MAX} levels`, 'Write it simpler');
    try {
      if (this.word('not')) {
        const inner = this.one();
        return values => !inner(values);
      }
      this.skip();
      if (this.text[this.at] !== '(') return this.comparison();
      const opened = this.at++;
      const inner = this.either();
      this.skip();
      if (this.text[this.at] !== ')') throw new Wrong(opened, 'this bracket is not closed', 'Write ) behind it');
      this.at++;
      return inner;
    } finally {
      this.depth--;
    }
  }

  private comparison(): Predicate {
    const path = this.path();
    this.skip();
    const operator = OPERATORS.find(each => this.text.startsWith(each, this.at));
    if (operator === undefined) return values => values.text(path) !== undefined;
    this.at += operator.length;
    if (this.text[this.at] === '=' && operator === '=') this.at++;
    this.skip();
    const start = this.at;
    return comparing(path, operator, this.value(), start);
  }

  private path(): string {
    this.skip();
    const found = /^[^\s()=!<>~]+/.exec(this.text.slice(this.at))?.[0] ?? '';
    const known = PATH.test(found) && (/^\d/.test(found) || (NAMES as readonly string[]).includes(found));
    const field = Number(/^\d+/.exec(found)?.[0] ?? 0);
    if (!known || (/^\d/.test(found) && (field < 2 || field > 192))) {
      const there = found === '' ? (this.text[this.at] ?? 'nothing') : found;
      const remedy = `Write a field (39, 60.2, 55.9F26) or one of ${NAMES.join(', ')}`;
      throw this.wrong(`expected a field, found ${there === 'nothing' ? there : JSON.stringify(there)}`, remedy);
    }
    this.at += found.length;
    return found;
  }

  private value(): string {
    const quote = this.text[this.at];
    if (quote === '"' || quote === "'") {
      const end = this.text.indexOf(quote, this.at + 1);
      if (end < 0) throw this.wrong('this quote is not closed', `Write ${quote} behind the value`);
      const found = this.text.slice(this.at + 1, end);
      this.at = end + 1;
      return found;
    }
    // A regular expression may have brackets of its own: one that it opened it closes.
    let open = 0;
    const start = this.at;
    for (; this.at < this.text.length; this.at++) {
      const char = this.text[this.at];
      if (/\s/.test(char) || (char === ')' && open === 0)) break;
      if (char === '(') open++;
      if (char === ')') open--;
    }
    if (this.at === start) throw this.wrong('expected a value', "Write it behind the operator; '' is an empty one");
    return this.text.slice(start, this.at);
  }

  private word(word: string): boolean {
    this.skip();
    const found = new RegExp(`^${word}(?![0-9A-Za-z.])`, 'i').exec(this.text.slice(this.at));
    if (found === null) return false;
    this.at += word.length;
    return true;
  }

  private skip(): void {
    while (/\s/.test(this.text[this.at] ?? '')) this.at++;
  }

  private wrong(cause: string, remedy: string): Wrong {
    return new Wrong(this.at, cause, remedy);
  }
}

function comparing(path: string, operator: Operator, value: string, at: number): Predicate {
  switch (operator) {
    case '=':
      return values => same(values, path, value) === true;
    case '!=':
      return values => same(values, path, value) === false;
    case '~':
    case '!~': {
      const pattern = patternOf(value, at);
      return values => {
        const text = values.text(path);
        return text !== undefined && pattern.test(text) === (operator === '~');
      };
    }
    default: {
      if (!/^-?\d+(\.\d+)?$/.test(value)) {
        throw new Wrong(
          at,
          `${JSON.stringify(value)} is no number`,
          `${operator} compares numbers; use ~ or = for texts`,
        );
      }
      const bound = Number(value);
      return values => {
        const text = values.text(path);
        if (text === undefined || !/^-?\d+(\.\d+)?$/.test(text)) return false;
        const number = Number(text);
        if (operator === '<') return number < bound;
        if (operator === '<=') return number <= bound;
        return operator === '>' ? number > bound : number >= bound;
      };
    }
  }
}

function same(values: Values, path: string, value: string): boolean | undefined {
  const text = values.text(path);
  if (text === undefined) return undefined;
  // Texts are filled with spaces behind.
  if (text.trimEnd() === value.trimEnd()) return true;
  return values.numeric(path) && /^\d+$/.test(value) && /^\d+$/.test(text) && bare(text) === bare(value);
}

const bare = (digits: string): string => digits.replace(/^0+(?=\d)/, '');

function patternOf(text: string, at: number): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Wrong(at, error.message, 'Write a regular expression');
  }
}
