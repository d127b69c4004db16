import type { MessageView } from '../iso8583/message-view.ts';
import { FieldTypeCode, UnitForm } from '../iso8583/plan.ts';
import { bcdToAscii, nibbleAt, packDigits, putNibble } from '../wire/bcd.ts';
import { fromEbcdic, toEbcdic } from '../wire/ebcdic.ts';
import { hexDigit, hexValue } from '../wire/hex.ts';

/** The separator of a track as text may write it, and as everything else here does. */
const EQUALS = 0x3d;
const D = 0x44;

/** Code of one unit of a value: ASCII `0`–`F` of a digit, ISO 8859-1 of a character, 0–255 of a byte. Creates nothing. */
export function unitAt(view: MessageView, field: number, unit: number): number {
  const { plan, message } = view;
  const form = plan.form[field];
  if (form === UnitForm.packed) return hexDigit(nibbleAt(message, view.firstNibble(field) + unit));
  const offset = view.offset(field);
  const ebcdic = plan.ebcdic[field] === 1;
  if (form === UnitForm.double) return hexByte(message, offset + 2 * unit, ebcdic);
  const code = ebcdic ? fromEbcdic(message[offset + unit]) : message[offset + unit];
  return code === EQUALS && plan.type[field] === FieldTypeCode.z ? D : code;
}

/** Puts the codes of all units of a value, as {@link unitAt} gives them, to the front of `codes`; returns how many there are. */
export function loadUnits(view: MessageView, field: number, codes: Uint8Array): number {
  const { plan, message } = view;
  const size = view.size(field);
  const offset = view.offset(field);
  const ebcdic = plan.ebcdic[field] === 1;
  switch (plan.form[field]) {
    case UnitForm.packed:
      bcdToAscii(message, view.firstNibble(field), size, codes, 0);
      return size;
    case UnitForm.double:
      for (let i = 0; i < size; i++) codes[i] = hexByte(message, offset + 2 * i, ebcdic);
      return size;
    default:
      for (let i = 0; i < size; i++) codes[i] = ebcdic ? fromEbcdic(message[offset + i]) : message[offset + i];
      if (plan.type[field] === FieldTypeCode.z) for (let i = 0; i < size; i++) if (codes[i] === EQUALS) codes[i] = D;
      return size;
  }
}

/**
 * Writes the codes at the front of `codes` back as the units of the value. Units that are as they were are not touched, so that
 * what stays stays to the bit (a small hex digit, the separator of a track).
 */
export function storeUnits(view: MessageView, field: number, codes: Uint8Array): void {
  const { plan, message } = view;
  const size = view.size(field);
  const offset = view.offset(field);
  const ebcdic = plan.ebcdic[field] === 1;
  switch (plan.form[field]) {
    case UnitForm.packed:
      packDigits(codes, 0, size, message, view.firstNibble(field), true);
      return;
    case UnitForm.double:
      for (let i = 0; i < size; i++) {
        if (hexByte(message, offset + 2 * i, ebcdic) !== codes[i])
          putHexByte(message, offset + 2 * i, codes[i], ebcdic);
      }
      return;
    default: {
      const track = plan.type[field] === FieldTypeCode.z;
      const equals = ebcdic ? toEbcdic(EQUALS) : EQUALS;
      for (let i = 0; i < size; i++) {
        if (track && codes[i] === D && message[offset + i] === equals) continue;
        message[offset + i] = ebcdic ? toEbcdic(codes[i]) : codes[i];
      }
    }
  }
}

/** Writes `mark` as every unit of a value: a digit or character, or a byte. */
export function fillUnits(view: MessageView, field: number, mark: number): void {
  const { plan, message } = view;
  const size = view.size(field);
  const offset = view.offset(field);
  const ebcdic = plan.ebcdic[field] === 1;
  switch (plan.form[field]) {
    case UnitForm.packed:
      for (let i = 0; i < size; i++) putNibble(message, view.firstNibble(field) + i, hexValue(mark));
      return;
    case UnitForm.double:
      for (let i = 0; i < size; i++) putHexByte(message, offset + 2 * i, mark, ebcdic);
      return;
    default:
      message.fill(ebcdic ? toEbcdic(mark) : mark, offset, offset + size);
  }
}

function hexByte(message: Uint8Array, at: number, ebcdic: boolean): number {
  const high = ebcdic ? fromEbcdic(message[at]) : message[at];
  const low = ebcdic ? fromEbcdic(message[at + 1]) : message[at + 1];
  return (hexValue(high) << 4) | hexValue(low);
}

function putHexByte(message: Uint8Array, at: number, byte: number, ebcdic: boolean): void {
  const high = hexDigit(byte >> 4);
  const low = hexDigit(byte & 15);
  message[at] = ebcdic ? toEbcdic(high) : high;
  message[at + 1] = ebcdic ? toEbcdic(low) : low;
}
