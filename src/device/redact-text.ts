import { checkSum, type StandIn } from '../card/stand-in.ts';
import { SLIP_CODE_LENGTH } from '../transaction/slip-code.ts';

/** A number that a payer shows as a code: its first digits and its length. */
export interface CodeRule {
  readonly prefixes: readonly string[];
  readonly lengthMin: number;
  readonly lengthMax: number;
}

/** The wallets in use: two digits in front, 16 to 24 digits. */
export const USUAL_CODES: readonly CodeRule[] = [
  { prefixes: ['10', '11', '12', '13', '14', '15'], lengthMin: 18, lengthMax: 18 },
  { prefixes: ['25', '26', '27', '28', '29', '30', '62'], lengthMin: 16, lengthMax: 24 },
];

const ZERO = 0x30;
const FIRST = 6;
const LAST = 4;
const CODE_LAST = 4;
const PAN_MIN = 13;
const PAN_MAX = 19;
/** A track has its number, a separator and an expiry. */
const TRACK_PAN_MIN = 12;
const EXPIRY = 4;
/** Scanned digits: fewer are no card number, more are the order number of a wallet. */
const SCAN_MIN = 12;
const ORDER_MIN = 20;

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, char => char.charCodeAt(0));

/** What stands before the expiry on a slip, in English and in GBK. */
const LABELS: readonly Uint8Array[] = [latin1('EXP DATE'), Uint8Array.of(0xd3, 0xd0, 0xd0, 0xa7, 0xc6, 0xda)];
const GOOD = latin1('204912');
const OVER = latin1('200001');
/** Digits of an expiry on paper: year 4, month 2. */
const PAPER_DIGITS = 6;

/**
 * Marks texts for screen and paper in place. Card numbers stand there with stars already; what still looks like one (13 to 19
 * digits with a right check digit), or like a track, keeps its first six and last four digits. The expiry on a slip is marked.
 * Creates nothing.
 */
export class TextMarker {
  private readonly standIn: StandIn;
  /** Numbers that look like a card's and are none: the merchant's. */
  private readonly open: readonly Uint8Array[];
  /** How much of each label has been seen; a slip comes in parts that end anywhere. */
  private readonly matched = new Uint8Array(LABELS.length);
  /** Digits of the expiry that were seen behind its label; -1: no label stands before. */
  private expiryDigits = -1;
  private over = false;

  constructor(standIn: StandIn, publicNumbers: readonly string[]) {
    this.standIn = standIn;
    this.open = publicNumbers.map(latin1);
  }

  /** Marks `bytes[from, to)`; `paper`: it goes on where the last text for the paper ended. */
  mark(bytes: Uint8Array, from: number, to: number, paper: boolean): void {
    for (let at = from; at < to;) {
      let end = at;
      while (end < to && isDigit(bytes[end])) end++;
      if (end > at) this.run(bytes, at, end, to);
      at = end + 1;
    }
    if (paper) for (let i = from; i < to; i++) this.paper(bytes, i, to);
  }

  private run(bytes: Uint8Array, at: number, end: number, to: number): void {
    const length = end - at;
    if (length < TRACK_PAN_MIN || length > PAN_MAX) return;
    if (isTrackMark(bytes[end]) && end + EXPIRY < to && areDigits(bytes, end + 1, end + 1 + EXPIRY)) {
      bytes.fill(ZERO, at, end);
      for (let i = end + 1; i < to && isTrackChar(bytes[i]); i++) bytes[i] = ZERO;
      return;
    }
    if (length < PAN_MIN || checkSum(bytes, at, end) !== 0 || this.isOpen(bytes, at, end)) return;
    bytes.fill(ZERO, at + FIRST, end - LAST);
  }

  private isOpen(bytes: Uint8Array, at: number, end: number): boolean {
    for (let n = 0; n < this.open.length; n++) {
      const number = this.open[n];
      let same = number.length === end - at;
      for (let i = 0; i < number.length && same; i++) same = bytes[at + i] === number[i];
      if (same) return true;
    }
    return false;
  }

  private paper(bytes: Uint8Array, i: number, to: number): void {
    const byte = bytes[i];
    if (byte === 0x0a || byte === 0x0d) {
      this.expiryDigits = -1;
      this.matched.fill(0);
      return;
    }
    if (this.expiryDigits >= 0 && this.expiryDigits < PAPER_DIGITS && isDigit(byte)) {
      if (this.expiryDigits === 0) this.over = this.isOver(bytes, i, to);
      bytes[i] = (this.over ? OVER : GOOD)[this.expiryDigits++];
      return;
    }
    for (let n = 0; n < LABELS.length; n++) {
      const label = LABELS[n];
      if (byte === label[this.matched[n]]) this.matched[n]++;
      else this.matched[n] = byte === label[0] ? 1 : 0;
      if (this.matched[n] < label.length) continue;
      this.matched[n] = 0;
      this.expiryDigits = 0;
    }
  }

  /** True when the expiry `YYYY/MM` at `at` is over; false when the part ends within. */
  private isOver(bytes: Uint8Array, at: number, to: number): boolean {
    if (at + 7 > to || !areDigits(bytes, at, at + 4) || !areDigits(bytes, at + 5, at + 7)) return false;
    const yymm =
      (bytes[at + 2] * 10 + bytes[at + 3] - 11 * ZERO) * 100 + bytes[at + 5] * 10 + bytes[at + 6] - 11 * ZERO;
    return yymm === 1 || yymm < this.standIn.month;
  }
}

/**
 * Marks a scanned text. A payer's code keeps the two digits that name the wallet and the last four, as screens show it; a slip's
 * own code, an order number (20 digits and more) and fewer than 12 digits stay; of everything else letters and digits become `0`.
 */
export class ScanMarker {
  private readonly codes: readonly {
    readonly prefixes: readonly Uint8Array[];
    readonly min: number;
    readonly max: number;
  }[];

  constructor(codes: readonly CodeRule[]) {
    this.codes = codes.map(({ prefixes, lengthMin, lengthMax }) => ({
      prefixes: prefixes.map(latin1),
      min: lengthMin,
      max: lengthMax,
    }));
  }

  mark(bytes: Uint8Array, from: number, to: number): void {
    let at = from;
    while (at < to && bytes[at] <= 0x20) at++;
    // The name of a symbology that some scanners put in front: `]C1`.
    if (bytes[at] === 0x5d && at + 3 <= to) at += 3;
    let end = to;
    while (end > at && bytes[end - 1] <= 0x20) end--;
    const size = end - at;
    if (isSlipCode(bytes, at, end)) return;
    if (areDigits(bytes, at, end)) {
      if (size < SCAN_MIN) return;
      if (this.isCode(bytes, at, size)) {
        bytes.fill(ZERO, at + 2, end - CODE_LAST);
        return;
      }
      if (size >= ORDER_MIN) return;
    }
    for (let i = from; i < to; i++) if (isLetterOrDigit(bytes[i])) bytes[i] = ZERO;
  }

  private isCode(bytes: Uint8Array, at: number, size: number): boolean {
    for (let c = 0; c < this.codes.length; c++) {
      const { prefixes, min, max } = this.codes[c];
      if (size < min || size > max) continue;
      for (let p = 0; p < prefixes.length; p++) {
        const prefix = prefixes[p];
        let same = true;
        for (let i = 0; i < prefix.length && same; i++) same = bytes[at + i] === prefix[i];
        if (same) return true;
      }
    }
    return false;
  }
}

/** A code begins with P8 in either case. */
function isSlipCode(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at !== SLIP_CODE_LENGTH || (bytes[at] | 0x20) !== 0x70 || bytes[at + 1] !== 0x38) return false;
  for (let i = at; i < end; i++) if (!isLetterOrDigit(bytes[i])) return false;
  return true;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function areDigits(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (!isDigit(bytes[i])) return false;
  return true;
}

function isLetterOrDigit(code: number): boolean {
  return isDigit(code) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a) || code >= 0x80;
}

function isTrackMark(code: number): boolean {
  return code === 0x3d || code === 0x44 || code === 0x5e;
}

function isTrackChar(code: number): boolean {
  return isDigit(code) || isTrackMark(code);
}
