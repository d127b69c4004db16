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

const HEAD = 2 + 5 + 6;

/** Reads a whole frame: length, TPDU, header, message. */
export function see(frame: Uint8Array): Seen {
  const hex = Buffer.from(frame.buffer, frame.byteOffset + HEAD, frame.length - HEAD).toString('hex');
  const values = new Map<number, string>();
  let at = 20;
  for (let field = 2; field <= 64; field++) {
    const nibble = Number.parseInt(hex[4 + ((field - 1) >> 2)], 16);
    if ((nibble & (8 >> ((field - 1) & 3))) === 0) continue;
    const form = FORM[field];
    if (form === undefined) break;
    const ascii = form[0] === 'a';
    let length = Number(form.slice(1));
    const kind = form[form.length - 1];
    if (kind === 'v' || kind === 'w') {
      const lead = kind === 'v' ? 2 : 4;
      length = Number(hex.slice(at, at + lead));
      at += lead;
    }
    const nibbles = ascii ? length * 2 : length + (length % 2);
    const raw = hex.slice(at, at + nibbles);
    values.set(field, ascii ? Buffer.from(raw, 'hex').toString('latin1') : raw.slice(0, length));
    at += nibbles;
  }
  const text = (field: number): string => values.get(field) ?? '';
  const f60 = text(60);
  return {
    mti: hex.slice(0, 4),
    trace: text(11),
    amountMinor: Number(text(4) || '0'),
    code: text(39),
    type: f60.slice(0, 2),
    batch: f60.slice(2, 8),
    entry: text(22).slice(0, 2),
    info: f60.slice(8, 11),
    original: text(61),
  };
}
