import { luhnValid } from '../../card/card.ts';
import { FIELD_MAX, FieldTypeCode, UnitForm } from '../../iso8583/plan.ts';
import type { MessageView } from '../../iso8583/message-view.ts';
import { Status } from '../../iso8583/status.ts';
import { fromEbcdic } from '../../wire/ebcdic.ts';
import { checkTlv, TlvStatus } from '../../wire/tlv.ts';

/**
 * How much speaks for a reading of a message, in bits: how much rarer what was found is than what random bytes would give.
 * A wrong reading may reach the last byte of one message by chance, but then its dates are no dates and its card number
 * fails its check digit.
 */
const BITS = {
  packedByte: 1.3,
  digit: 4,
  letter: 2,
  printable: 1,
  unprintable: -1.2,
  hexCharacter: 3,
  end: 10,
  early: -20,
  unread: -0.4,
  wrong: -9,
  pad: -5,
} as const;
const UNITS_MAX = 1024;
const DIGIT_0 = 0x30;

const PROCESSING = new Set([
  '00',
  '01',
  '02',
  '03',
  '09',
  '17',
  '18',
  '19',
  '20',
  '21',
  '22',
  '30',
  '31',
  '38',
  '40',
  '90',
  '91',
  '92',
  '93',
  '94',
  '95',
  '96',
  '97',
  '98',
  '99',
]);
const CURRENCIES = new Set(
  '036 124 156 344 356 360 392 398 410 446 458 496 554 608 643 702 704 710 756 764 784 826 840 860 901 949 978 985 986'.split(
    ' ',
  ),
);
const CURRENCY_NAMES = new Set(
  'AUD BRL CAD CHF CNY EUR GBP HKD IDR INR JPY KRW KZT MOP MYR NZD PHP PLN RUB SGD THB TRY TWD USD VND ZAR'.split(' '),
);

/** Adds up the evidence of one message after the other; reused, because a search reads thousands. */
export class Evidence {
  /** Fields of the last message whose content is not what it should be. */
  readonly wrong: number[] = [];
  private readonly units = new Uint8Array(UNITS_MAX);
  private readonly pan = new Uint8Array(20);
  private panSize = 0;
  private size = 0;

  /** Bits that speak for this reading; `end` is the end of the message. */
  of(view: MessageView, end: number): number {
    this.wrong.length = 0;
    this.panSize = 0;
    let bits = 0;
    for (let field = 2; field <= FIELD_MAX; field++) {
      if (!view.has(field)) continue;
      bits += this.form(view, field);
      const meaning = this.meaning(view, field);
      bits += meaning;
      if (meaning < 0) this.wrong.push(field);
      const pad = view.padNibble(field);
      if (pad > 0 && pad < 0x0f) {
        bits += BITS.pad;
        this.wrong.push(field);
      }
    }
    if (view.status === Status.ok) return bits + BITS.end;
    return bits + BITS.early + (end - view.end) * BITS.unread;
  }

  /** What the bytes of a value are made of. Leaves its units as ASCII in `units`. */
  private form(view: MessageView, field: number): number {
    const { plan } = view;
    const type = plan.type[field];
    const single = plan.form[field] === UnitForm.single;
    this.size = Math.min(view.size(field), UNITS_MAX);
    if (type === FieldTypeCode.n || type === FieldTypeCode.z) {
      if (view.size(field) > UNITS_MAX) return 0;
      view.digitsInto(field, this.units, 0);
      if (single) return this.size * BITS.digit;
      return type === FieldTypeCode.n ? (this.size / 2) * BITS.packedByte : 0;
    }
    const at = view.offset(field);
    const bytes = view.message;
    if (type === FieldTypeCode.b) {
      if (view.size(field) > UNITS_MAX) return 0;
      view.bytesInto(field, this.units, 0);
      if (!single) return this.size * 2 * BITS.hexCharacter;
    } else {
      for (let i = 0; i < this.size; i++)
        this.units[i] = plan.ebcdic[field] === 1 ? fromEbcdic(bytes[at + i]) : bytes[at + i];
    }
    // Text counts alike in fields of text and of bytes: many acquirers put text into both.
    let bits = 0;
    for (let i = 0; i < this.size; i++) {
      const code = this.units[i];
      if (code >= 0x30 && code <= 0x39) bits += BITS.digit;
      else if (isLetter(code) || code === 0x20) bits += BITS.letter;
      else bits += code > 0x20 && code < 0x7f ? BITS.printable : BITS.unprintable;
    }
    // Bytes that are no text say nothing; without this a long stretch of random ones would.
    return Math.max(0, bits);
  }

  /** Whether the value of a field that everybody uses alike is what it should be; 0 where nothing is known. */
  private meaning(view: MessageView, field: number): number {
    const { size } = this;
    const type = view.plan.type[field];
    const bytes = type === FieldTypeCode.b;
    switch (field) {
      case 2:
        return bytes ? 0 : this.account();
      case 3:
        return size === 6 && !bytes ? this.told(PROCESSING.has(this.text(0, 2)), 2) : 0;
      case 4:
        return size >= 12 && !bytes
          ? this.told(this.zeros() >= 3 && this.digits(0, size), Math.min(6, this.zeros() * 2))
          : 0;
      case 7:
        return size === 10 && !bytes ? this.told(this.monthDay(0) && this.time(4), 8) : 0;
      case 12:
        if (size === 6) return this.told(this.time(0), 3.5);
        return size === 12 ? this.told(this.monthDay(2) && this.time(6), 8) : 0;
      case 13:
        return size === 4 ? this.told(this.monthDay(0) || this.yearMonth(), 3) : 0;
      case 14:
        return size === 4 ? this.told(this.yearMonth(), 3) : 0;
      case 15:
      case 16:
      case 17:
        return size === 4 ? this.told(this.monthDay(0) || this.text(0, 4) === '0000', 4) : 0;
      case 22:
        return size === 3
          ? this.told(this.number(0, 2) <= 10 || [79, 80, 81, 90, 91, 92, 93, 95, 96].includes(this.number(0, 2)), 2)
          : 0;
      case 23:
        if (size !== 3) return 0;
        return this.told(this.number(0, 3) <= 9 || this.number(0, 3) === 99, this.number(0, 3) <= 2 ? 4 : 2);
      case 25:
        return size === 2 ? this.told(this.digits(0, 2), 0) : 0;
      case 26:
        return size === 2 ? this.told(this.number(0, 2) >= 4 && this.number(0, 2) <= 12, 3) : 0;
      case 35:
        return bytes ? 0 : this.track();
      case 37:
        return size === 12 && !bytes ? this.told(this.alphanumeric(), 1) : 0;
      case 38:
        return size === 6 && !bytes ? this.told(this.alphanumeric(), 1) : 0;
      case 39:
        if (size === 2) return this.told(this.alphanumeric(), 2);
        return size === 3 || size === 4 ? this.told(this.digits(0, size), 2) : 0;
      case 41:
      case 42:
        return bytes ? 0 : this.told(this.printable() && this.letters(), 2);
      case 49:
      case 50:
      case 51:
        return size === 3 ? this.told(CURRENCIES.has(this.text(0, 3)) || CURRENCY_NAMES.has(this.text(0, 3)), 5) : 0;
      case 55:
        return bytes && size >= 4 ? this.told(this.chipData(), 25) : 0;
      case 70:
        return size === 3 ? this.told(this.digits(0, 3), 0) : 0;
      default:
        return 0;
    }
  }

  private told(right: boolean, bits: number): number {
    return right ? bits : BITS.wrong;
  }

  private account(): number {
    const { size, units } = this;
    if (size < 12 || size > 19 || !this.digits(0, size)) return BITS.wrong;
    if (!luhnValid(units, size)) return BITS.wrong / 2;
    this.pan.set(units.subarray(0, size));
    this.panSize = size;
    return 4;
  }

  /** `4…D2912…`; a track whose number is that of field 2 is no chance. */
  private track(): number {
    const { size, units, pan, panSize } = this;
    let end = 0;
    while (end < size && units[end] >= DIGIT_0 && units[end] <= 0x39) end++;
    if (end < 12 || end > 19 || end + 5 > size || units[end] !== 0x44) return BITS.wrong;
    if (!this.digits(end + 1, 4) || this.number(end + 3, 2) > 12) return BITS.wrong;
    let equal = panSize === end;
    for (let i = 0; equal && i < end; i++) equal = pan[i] === units[i];
    return equal ? 30 : luhnValid(units, end) ? 14 : 6;
  }

  private chipData(): boolean {
    const { units, size } = this;
    if (checkTlv(units, 0, size) !== TlvStatus.ok) return false;
    // Zeros are fillers between tags; nothing else but fillers is no chip data.
    for (let i = 0; i < size; i++) if (units[i] !== 0) return true;
    return false;
  }

  private zeros(): number {
    let count = 0;
    while (count < this.size && this.units[count] === DIGIT_0) count++;
    return count;
  }

  private digits(from: number, size: number): boolean {
    for (let i = from; i < from + size; i++) if (this.units[i] < DIGIT_0 || this.units[i] > 0x39) return false;
    return true;
  }

  private number(from: number, size: number): number {
    if (!this.digits(from, size)) return Number.POSITIVE_INFINITY;
    let value = 0;
    for (let i = from; i < from + size; i++) value = value * 10 + this.units[i] - DIGIT_0;
    return value;
  }

  private text(from: number, size: number): string {
    return String.fromCharCode(...this.units.subarray(from, from + size));
  }

  private time(at: number): boolean {
    return this.number(at, 2) < 24 && this.number(at + 2, 2) < 60 && this.number(at + 4, 2) < 60;
  }

  private monthDay(at: number): boolean {
    const month = this.number(at, 2);
    const day = this.number(at + 2, 2);
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
  }

  private yearMonth(): boolean {
    const month = this.number(2, 2);
    return this.number(0, 2) < 100 && ((month >= 1 && month <= 12) || this.text(0, 4) === '0000');
  }

  private alphanumeric(): boolean {
    for (let i = 0; i < this.size; i++) {
      const code = this.units[i];
      if (code !== 0x20 && !(code >= 0x30 && code <= 0x39) && !isLetter(code)) return false;
    }
    return true;
  }

  private printable(): boolean {
    for (let i = 0; i < this.size; i++) if (this.units[i] < 0x20 || this.units[i] >= 0x7f) return false;
    return true;
  }

  /** Mostly letters, digits and blanks. */
  private letters(): boolean {
    let odd = 0;
    for (let i = 0; i < this.size; i++) {
      const code = this.units[i];
      if (code !== 0x20 && !(code >= 0x30 && code <= 0x39) && !isLetter(code)) odd++;
    }
    return odd * 3 <= this.size;
  }
}

function isLetter(code: number): boolean {
  return (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}
