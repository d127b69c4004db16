import { failed, type Fault, fault, ok, type Result } from '../fault.ts';
import type { CaseEntry, ExternalRefund } from '../journal/journal.ts';
import { AMOUNT_MINOR_MAX } from '../units.ts';
import { LIFE_ENTRIES } from './status.ts';

/**
 * What a supervisor may enter without the keypad, as one value: made from the flags of a command, or read from a line that
 * came to the running counter. `enter.ts` makes it, the same for both ways.
 */
export type Entry =
  /** Refunds off, and on again. */
  | { readonly what: 'freeze'; readonly note: string }
  | { readonly what: 'free' }
  /** A held refund is never sent; `id` as in RF000014. */
  | { readonly what: 'refund-stop'; readonly id: number; readonly note: string }
  /** Where the money of an accepted refund is. */
  | {
      readonly what: 'refund-life';
      readonly id: number;
      readonly state: (typeof LIFE_ENTRIES)[number];
      readonly reference?: string;
    }
  | RefundResolve
  | External
  | ({ readonly what: 'case-note'; readonly id: number } & CaseNote)
  | { readonly what: 'case-close'; readonly id: number; readonly note: string }
  /** What the acquirer says about a held reversal. */
  | {
      readonly what: 'reversal-resolve';
      readonly id: number;
      readonly outcome: 'reversed' | 'stands';
      readonly reference: string;
      /** What stands of a sale that was approved in part. */
      readonly amountMinor?: number;
      readonly note: string;
    };

/** What the acquirer says about an unknown refund; `operator` asked it. */
export interface RefundResolve {
  readonly what: 'refund-resolve';
  readonly id: number;
  readonly outcome: (typeof RESOLVE_OUTCOMES)[number];
  readonly operator: string;
  readonly note: string;
  /** 12 characters; with `accepted`. */
  readonly reference?: string;
}

/** Money that was given back by another way. The sale is named by its voucher, or by reference and date (MMDD). */
export interface External {
  readonly what: 'refund-external';
  readonly voucher?: number;
  readonly batch?: number;
  readonly reference?: string;
  readonly date?: string;
  readonly amountMinor: number;
  readonly method: ExternalRefund['method'];
  readonly proof: string;
  readonly note: string;
}

export interface CaseNote {
  readonly kind: Exclude<CaseEntry['what'], 'closed'>;
  readonly note: string;
  readonly amountMinor?: number;
  readonly proof?: string;
}

export const RESOLVE_OUTCOMES = ['accepted', 'not-accepted', 'still-unknown'] as const;
export const CASE_NOTES = ['contact', 'compensation', 'remedy', 'note'] as const;
export const NOTE_LENGTH_MAX = 200;

/** One line of what a person says: no control characters, no halves of characters. */
const ONE_LINE = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+$/u;
/** Number of a transfer, receipt or other proof. */
export const PROOF = /^[ -~]{1,40}$/;
export const REFERENCE = /^[0-9A-Za-z]{12}$/;
export const SHORT_REFERENCE = /^[0-9A-Za-z]{1,12}$/;
export const DATE = /^(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])$/;
const OPERATOR = /^[0-9]{2}$/;
/** 128 random bits as hex. */
const REQUEST = /^[0-9a-f]{32}$/;
/** Passwords have 4 to 8 digits. */
const PASSWORD = /^[0-9]{1,12}$/;
const ID_MAX = 999_999_999_999;
const NUMBER_MAX = 999_999;

type Check = (value: unknown) => boolean;

const form =
  (pattern: RegExp): Check =>
  value =>
    typeof value === 'string' && pattern.test(value);
const whole =
  (max: number): Check =>
  value =>
    typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= max;
const oneOf =
  (words: readonly string[]): Check =>
  value =>
    typeof value === 'string' && words.includes(value);

/** A text that a person may enter: 1 to {@link NOTE_LENGTH_MAX} characters on one line. */
export const isNote = (text: unknown): boolean =>
  typeof text === 'string' && text.length <= NOTE_LENGTH_MAX && text.trim() !== '' && ONE_LINE.test(text);

const id = whole(ID_MAX);
const amount = whole(AMOUNT_MINOR_MAX);
const METHODS: readonly ExternalRefund['method'][] = ['bank', 'cash', 'wallet', 'other'];

/** Members of each entry besides `what`; a name with `?` may be absent. Any other member is refused. */
const SHAPES: ReadonlyMap<string, Readonly<Record<string, Check>>> = new Map<
  Entry['what'],
  Readonly<Record<string, Check>>
>([
  ['freeze', { note: isNote }],
  ['free', {}],
  ['refund-stop', { id, note: isNote }],
  ['refund-life', { id, state: oneOf(LIFE_ENTRIES), 'reference?': form(SHORT_REFERENCE) }],
  [
    'refund-resolve',
    { id, outcome: oneOf(RESOLVE_OUTCOMES), operator: form(OPERATOR), note: isNote, 'reference?': form(REFERENCE) },
  ],
  [
    'refund-external',
    {
      'voucher?': whole(NUMBER_MAX),
      'batch?': whole(NUMBER_MAX),
      'reference?': form(REFERENCE),
      'date?': form(DATE),
      amountMinor: amount,
      method: oneOf(METHODS),
      proof: form(PROOF),
      note: isNote,
    },
  ],
  ['case-note', { id, kind: oneOf(CASE_NOTES), note: isNote, 'amountMinor?': amount, 'proof?': form(PROOF) }],
  ['case-close', { id, note: isNote }],
  [
    'reversal-resolve',
    { id, outcome: oneOf(['reversed', 'stands']), reference: form(REFERENCE), 'amountMinor?': amount, note: isNote },
  ],
]);

const malformed = (cause: string): Fault =>
  fault('E_ILLEGAL', 'entry-form', cause, 'Compare with the table of entries in docs/refund-desk.md');

/** Members of `value` by a table; each name known, each value of its form. `at` never says more than names of ours. */
function wrongMember(value: unknown, table: Readonly<Record<string, Check>>, at: string): Fault | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return malformed(`${at} has no members`);
  const checks = new Map(Object.entries(table).map(([name, check]) => [name.replace('?', ''), check]));
  for (const [name, member] of Object.entries(value)) {
    const check = checks.get(name);
    if (!check) return malformed(`${at} may not have the member ${/^[A-Za-z]{1,20}$/.test(name) ? name : '(name)'}`);
    if (!check(member)) return malformed(`${at}.${name} does not have the agreed form`);
  }
  for (const name of Object.keys(table))
    if (!name.endsWith('?') && !Object.hasOwn(value, name)) return malformed(`${at}.${name} is missing`);
  return undefined;
}

/** An entry from anything, by the allow-list. Fault `entry-form`. */
export function readEntry(value: unknown): Result<Entry> {
  const what: unknown =
    typeof value === 'object' && value !== null && Object.hasOwn(value, 'what') && Reflect.get(value, 'what');
  const shape = typeof what === 'string' ? SHAPES.get(what) : undefined;
  if (typeof what !== 'string' || !shape) return failed(malformed('entry.what is no entry'));
  const wrong = wrongMember(value, { what: () => true, ...shape }, what) ?? contradiction(value as Entry);
  return wrong ? failed(wrong) : ok(value as Entry);
}

function contradiction(entry: Entry): Fault | undefined {
  if (entry.what === 'refund-external' && !namesOneSale(entry))
    return malformed('the sale is named by voucher, or by reference and date');
  if (entry.what === 'refund-resolve' && (entry.outcome === 'accepted') !== (entry.reference !== undefined))
    return malformed('an accepted refund has a reference, another one has none');
  return undefined;
}

const namesOneSale = ({ voucher, batch, reference, date }: External): boolean =>
  voucher === undefined
    ? reference !== undefined && date !== undefined && batch === undefined
    : reference === undefined && date === undefined;

/** An entry with what must come with it. */
export interface EntryRequest {
  /** 32 hex digits, made anew for each entry and kept when it is sent again. */
  readonly request: string;
  /** Of supervisor 00. */
  readonly password: string;
  readonly entry: Entry;
}

/** Version of {@link EntryRequest} as a line. */
const LINE_VERSION = 1;

/** One line for the running counter, without its end. */
export const requestLine = ({ request, password, entry }: EntryRequest): string =>
  JSON.stringify({ v: LINE_VERSION, request, password, entry });

/** Reads a line. Faults `entry-form`. */
export function readRequest(line: string): Result<EntryRequest> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return failed(malformed('the line is no JSON'));
  }
  const wrong = wrongMember(
    value,
    { v: v => v === LINE_VERSION, request: form(REQUEST), password: form(PASSWORD), entry: () => true },
    'line',
  );
  if (wrong) return failed(wrong);
  const { request, password, entry } = value as { request: string; password: string; entry: unknown };
  const read = readEntry(entry);
  return read.ok ? ok({ request, password, entry: read.value }) : read;
}
