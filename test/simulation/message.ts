/** What the simulation reads from a request with its own eyes, not with the program's codec. */
export interface Seen {
  /** `0200` */
  readonly mti: string;
  /** Six digits; empty when the message has none. */
  readonly trace: string;
  readonly amountMinor: number;
  /** Data element 39. */
  readonly code: string;
  /** 60.1, two digits: 22 sale, 23 void, 25 refund. */
  readonly type: string;
  /** 60.2, six digits. */
  readonly batch: string;
  /** The first two digits of data element 22: 03 for a scanned code. */
  readonly entry: string;
  /** 60.3 */
  readonly info: string;
  /** Data element 61: batch and trace of the original, then its date. */
  readonly original: string;
}

/** Lengths: n = packed digits, v = packed digits behind a two-digit length, w = behind three digits; a, x: bytes, the same. */
const FORM: Readonly<Record<number, string>> = {
  2: 'v', 3: 'n6', 4: 'n12', 11: 'n6', 12: 'n6', 13: 'n4', 14: 'n4', 15: 'n4', 22: 'n3', 23: 'n3', 25: 'n2', 26: 'n2',
  32: 'v', 35: 'v', 36: 'w', 37: 'a12', 38: 'a6', 39: 'a2', 41: 'a8', 42: 'a15', 44: 'av', 48: 'w', 49: 'a3', 52: 'a8',
  53: 'n16', 54: 'aw', 55: 'aw', 59: 'aw', 60: 'w', 61: 'w', 62: 'aw', 63: 'aw', 64: 'a8',
}; // prettier-ignore

/** The same as numbers, by field: digits of the length before the value, or the length itself, and what it counts. */
const SHAPES = Array.from({ length: 65 }, (_, field) => {
  const form = FORM[field];
  if (form === undefined) return undefined;
  const lead = form.endsWith('v') ? 2 : form.endsWith('w') ? 4 : 0;
  return { ascii: form.startsWith('a'), lead, length: lead > 0 ? 0 : Number(form.slice(1)) };
});

const HEAD = 2 + 5 + 6;
const BITMAP = HEAD + 2;

/** Reads a whole frame: length, TPDU, header, message. Every request is read, so only what is told becomes a text. */
export function see(frame: Uint8Array): Seen {
  let trace = '';
  let amount = '0';
  let mode = '';
  let code = '';
  let private60 = '';
  let original = '';
  let at = BITMAP + 8;
  for (let field = 2; field <= 64; field++) {
    if ((frame[BITMAP + ((field - 1) >> 3)] & (0x80 >> ((field - 1) & 7))) === 0) continue;
    const shape = SHAPES[field];
    if (shape === undefined) break;
    const length = shape.lead > 0 ? Number(digitsAt(frame, at, shape.lead)) : shape.length;
    at += shape.lead >> 1;
    if (field === 4) amount = digitsAt(frame, at, length);
    else if (field === 11) trace = digitsAt(frame, at, length);
    else if (field === 22) mode = digitsAt(frame, at, length);
    else if (field === 39) code = String.fromCharCode(frame[at], frame[at + 1]);
    else if (field === 60) private60 = digitsAt(frame, at, length);
    else if (field === 61) original = digitsAt(frame, at, length);
    at += shape.ascii ? length : (length + 1) >> 1;
  }
  return {
    mti: digitsAt(frame, HEAD, 4),
    trace,
    amountMinor: Number(amount),
    code,
    type: private60.slice(0, 2),
    batch: private60.slice(2, 8),
    entry: mode.slice(0, 2),
    info: private60.slice(8, 11),
    original,
  };
}

/** `count` packed digits from a whole byte on. */
function digitsAt(frame: Uint8Array, at: number, count: number): string {
  let text = '';
  for (let i = 0; i < count; i++) {
    const byte = frame[at + (i >> 1)];
    text += ((i & 1) === 0 ? byte >> 4 : byte & 0x0f).toString(16);
  }
  return text;
}
