import type { LocalTime } from '../../hal/hal.ts';
import { digits, formatAmount } from '../../units.ts';
import { centred, columnsOf, ends, labelled, padEnd, padStart, wrapped } from '../layout.ts';
import type { SlipOptions, SlipSide } from './data.ts';

/** Mark that stands where the printer puts the QR code of the slip. */
export const QR_MARK = '[QR 签名二维码 SLIP QR]';
/** The same on slips for the customer. */
export const QR_MARK_SHORT = '[QR]';

/** Columns of labels, by paper. */
const LABELS = { zh: { 32: 10, 48: 12 }, en: { 32: 13, 48: 15 } } as const;
/** Column at which the counts of a table end. */
const COUNT_END = { 32: 18, 48: 24 } as const;

/** `2026/11/21 14:03:22` */
export function stampText(at: LocalTime): string {
  return `${digits(at.year, 4)}/${digits(at.month, 2)}/${digits(at.day, 2)} ${timeText(at)}`;
}

/** `14:03:22` */
export function timeText(at: LocalTime): string {
  return `${digits(at.hour, 2)}:${digits(at.minute, 2)}:${digits(at.second, 2)}`;
}

/** Collects the lines of one slip. No line is wider than the paper. */
export class Paper {
  readonly lines: string[] = [];
  readonly columns: 32 | 48;
  readonly english: boolean;
  private readonly labelColumns: number;

  /** `narrowLabels`: reports keep the labels of the narrow paper on the wide one. */
  constructor(options: SlipOptions, narrowLabels: boolean) {
    this.columns = options.columns;
    this.english = options.lang === 'en';
    this.labelColumns = LABELS[this.english ? 'en' : 'zh'][narrowLabels ? 32 : options.columns];
  }

  /** The Chinese or the English form. */
  pick(zh: string, en: string): string {
    return this.english ? en : zh;
  }

  line(text: string): void {
    for (const line of wrapped(text, this.columns)) this.lines.push(line);
  }

  centre(text: string): void {
    for (const part of wrapped(text, this.columns)) this.lines.push(centred(part.trimStart(), this.columns));
  }

  rule(): void {
    this.lines.push('-'.repeat(this.columns));
  }

  /** The end of a slip, where it is torn off. */
  end(): void {
    this.lines.push(`X${'-'.repeat(this.columns - 2)}X`);
  }

  field(zh: string, en: string, value: string): void {
    for (const line of labelled(`${this.pick(zh, en)}:`, value, this.labelColumns, this.columns)) this.lines.push(line);
  }

  /** Two short fields at the two ends of a line; the right one may be absent. */
  pair(left: string, right: string | undefined): void {
    if (right === undefined) this.line(left);
    else this.lines.push(...ends(left, right, this.columns));
  }

  /** A row of label, count and amount (with commas, without them where they do not fit). */
  row(label: string, side: SlipSide): void {
    this.cells(label, String(side.count), formatAmount(side.amountMinor, true), formatAmount(side.amountMinor));
  }

  /** A row with an amount and no count. */
  sum(label: string, amountMinor: number): void {
    this.cells(label, '', formatAmount(amountMinor, true), formatAmount(amountMinor));
  }

  heading(label: string, count: string, amount: string): void {
    this.cells(label, count, amount, amount);
  }

  private cells(label: string, count: string, amount: string, plain: string): void {
    const end = COUNT_END[this.columns];
    const counted = count === '' ? label : padEnd(label, end - columnsOf(count)) + count;
    const room = this.columns - columnsOf(counted);
    if (columnsOf(amount) < room) this.lines.push(counted + padStart(amount, room));
    else this.lines.push(...ends(counted, plain, this.columns));
  }
}
