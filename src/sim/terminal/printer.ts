import { ByteList } from './byte-list.ts';
import { Refusal } from './command.ts';
import { gbkText } from './gbk-text.ts';
import { Stat } from './status.ts';

/** Half-width columns of the paper. */
export const PRINT_COLUMNS = 32;

/** A slip that was cut off: its text as a person reads it, and all bytes that made it. */
export interface Slip {
  /** 1 = first slip since the start. */
  readonly number: number;
  readonly text: string;
  readonly raw: Uint8Array;
}

/** Bytes of parameters after `ESC x`. */
const ESC_PARAMETERS = new Map(
  Object.entries({
    '@': 0,
    '2': 0,
    '!': 1,
    '-': 1,
    '3': 1,
    E: 1,
    G: 1,
    J: 1,
    M: 1,
    R: 1,
    V: 1,
    a: 1,
    d: 1,
    t: 1,
    '{': 1,
    ' ': 1,
    r: 1,
    '=': 1,
    U: 1,
    $: 2,
    '\\': 2,
    p: 3,
    c: 2,
  }),
);
const GS_PARAMETERS = new Map(Object.entries({ '!': 1, B: 1, H: 1, h: 1, w: 1, f: 1, a: 1, r: 1, L: 2, W: 2, P: 2 }));
const FS_PARAMETERS = new Map(Object.entries({ '&': 0, '.': 0, '!': 1, '-': 1, W: 1, C: 1, S: 2 }));

const ESC = 0x1b;
const GS = 0x1d;
const FS = 0x1c;
const DLE = 0x10;
const LF = 0x0a;

/**
 * A receipt printer that understands as much ESC/POS as a readable slip needs: text, line feeds, alignment, double width, cut,
 * QR codes. Other control sequences are skipped with their parameters. Sequences and characters may straddle parts.
 */
export class Printer {
  paper: 'ok' | 'out' = 'ok';
  cover: 'closed' | 'open' = 'closed';
  /** Number of slips cut off so far. */
  slips = 0;
  /** Text of the QR code that was printed last; empty before the first. */
  lastCode = '';
  private readonly cut: (slip: Slip) => void;
  private readonly raw = new ByteList();
  private lines: string[] = [];
  private readonly line = new ByteList();
  /** A control sequence that has begun. */
  private readonly sequence = new ByteList();
  /** Its whole length; 0 while more bytes must tell. */
  private sequenceLength = 0;
  private alignment = 0;
  private widthFactor = 1;
  private lineWidthFactor = 1;
  private qr = '';

  constructor(cut: (slip: Slip) => void) {
    this.cut = cut;
  }

  /** PRINTSTAT of the panel extension. */
  status(): number {
    return (this.paper === 'out' ? 1 : 0) | (this.cover === 'open' ? 4 : 0);
  }

  /** Prints a part, or refuses it with 110 or 111 before anything of it is printed. */
  print(part: Uint8Array): void {
    if (this.cover === 'open') throw new Refusal(Stat.coverOpen, 'cover open');
    if (this.paper === 'out') throw new Refusal(Stat.paperOut, 'paper out');
    for (let at = 0; at < part.length; at++) this.push(part[at]);
  }

  /** Ends a slip that was never cut; nothing happens when no bytes wait. */
  tearOff(): void {
    if (this.raw.length > 0) this.endSlip();
  }

  private push(byte: number): void {
    this.raw.push(byte);
    if (this.sequence.length > 0) {
      this.sequence.push(byte);
      this.tryControl();
    } else if (byte === ESC || byte === GS || byte === FS || byte === DLE) this.sequence.push(byte);
    else if (byte === LF) this.endLine();
    else if (byte >= 0x20) {
      if (this.line.length === 0) this.lineWidthFactor = this.widthFactor;
      this.line.push(byte);
    }
  }

  /** Carries out the control sequence collected so far when it is complete. */
  private tryControl(): void {
    const { length, bytes: s } = this.sequence;
    if (this.sequenceLength === 0) this.sequenceLength = sequenceLength(s, length) ?? 0;
    if (this.sequenceLength === 0 || length < this.sequenceLength) return;
    this.sequence.clear();
    this.sequenceLength = 0;
    const name = String.fromCharCode(s[1]);
    if (s[0] === ESC) {
      if (name === '@') {
        this.alignment = 0;
        this.widthFactor = 1;
      } else if (name === 'a') this.alignment = s[2] & 3;
      else if (name === '!') this.widthFactor = s[2] & 0x20 ? 2 : 1;
      else if (name === 'd') for (let i = 0; i < Math.min(s[2], 20); i++) this.endLine();
      else if (name === 'i' || name === 'm') this.endSlip();
    } else if (s[0] === GS) {
      if (name === '!') this.widthFactor = (s[2] >> 4) + 1;
      else if (name === 'V') this.endSlip();
      else if (name === '(' && s[2] === 0x6b && s[5] === 49 && s[6] === 80) this.qr = gbkText(s, 8, length);
      else if (name === '(' && s[2] === 0x6b && s[5] === 49 && s[6] === 81) this.code();
      else if (name === 'v') this.picture('[image]');
      else if (name === 'k') this.picture('[bar code]');
    } else if (s[0] === FS && name === '!') {
      this.widthFactor = s[2] & 4 ? 2 : 1;
    }
  }

  private code(): void {
    this.lastCode = this.qr;
    this.picture(`[QR ${this.qr}]`);
  }

  private picture(text: string): void {
    if (this.line.length > 0) this.endLine();
    this.lines.push(text);
  }

  private endLine(): void {
    const { length, bytes } = this.line;
    const free = Math.max(0, PRINT_COLUMNS - length * this.lineWidthFactor);
    const indent = this.alignment === 1 ? free >> 1 : this.alignment === 2 ? free : 0;
    this.lines.push((' '.repeat(indent) + gbkText(bytes, 0, length)).trimEnd());
    this.line.clear();
  }

  private endSlip(): void {
    if (this.line.length > 0) this.endLine();
    while (this.lines.at(-1) === '') this.lines.pop();
    const slip = {
      number: ++this.slips,
      text: this.lines.length > 0 ? `${this.lines.join('\n')}\n` : '',
      raw: this.raw.copy(),
    };
    this.lines = [];
    this.raw.clear();
    this.sequence.clear();
    this.sequenceLength = 0;
    this.cut(slip);
  }
}

/** Whole length of the control sequence that begins with `s[0, length)`, or undefined while more bytes must tell. */
function sequenceLength(s: Uint8Array, length: number): number | undefined {
  if (length < 2) return undefined;
  const name = String.fromCharCode(s[1]);
  if (s[0] === DLE) return s[1] === 0x14 ? 5 : 3;
  if (s[0] === FS) return 2 + (FS_PARAMETERS.get(name) ?? 0);
  if (s[0] === ESC) {
    if (name !== '*') return 2 + (ESC_PARAMETERS.get(name) ?? 0);
    return length < 5 ? undefined : 5 + (s[3] + 256 * s[4]) * (s[2] >= 32 ? 3 : 1);
  }
  if (name === 'V') return length < 3 ? undefined : s[2] >= 65 ? 4 : 3;
  if (name === '(') return length < 5 ? undefined : 5 + s[3] + 256 * s[4];
  if (name === 'v') return length < 8 ? undefined : 8 + (s[4] + 256 * s[5]) * (s[6] + 256 * s[7]);
  if (name === 'k') {
    if (length < 4) return undefined;
    if (s[2] >= 65) return 4 + s[3];
    return s[length - 1] === 0 ? length : undefined;
  }
  return 2 + (GS_PARAMETERS.get(name) ?? 0);
}
