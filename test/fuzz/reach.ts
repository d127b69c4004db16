import * as is from './oracle.ts';
import type { Oracle, Rule } from './oracle.ts';

/** The statuses that some message of this dialect can end in. */
export function statusesWithin(oracle: Oracle): readonly number[] {
  const rules = oracle.rules.filter(rule => rule !== undefined);
  const within = [is.ok, is.truncated, is.wrongMti, is.trailing];
  const some = (status: number, holds: (rule: Rule) => boolean): void => {
    if (rules.some(holds)) within.push(status);
  };
  if (oracle.most === 1) within.push(is.secondBitmap);
  // Bit 1 of each bitmap but the last announces the next one and names no field.
  const fieldBits = oracle.most === 1 ? 63 : oracle.most === 2 ? 127 : 190;
  if (rules.length < fieldBits) within.push(is.unknownField);
  some(is.lengthDigits, rule => rule.lengthBytes > 0 && rule.lengthEncoding !== 'binary');
  some(is.tooLong, rule => rule.lengthBytes > 0 && largestLength(rule) > rule.max);
  some(is.wrongDigit, rule => (rule.packed ? rule.source.type === 'n' && rule.max > 1 : rule.digits));
  some(is.wrongCharacter, rule => !rule.digits && rule.encoding !== 'binary');
  if (oracle.bitmapBytes === 16) within.push(is.wrongCharacter);
  some(is.lengthOdd, rule => rule.lengthBytes > 0 && rule.hex && rule.countsBytes);
  return [...new Set(within)].sort((a, b) => a - b);
}

/** Units of the longest value that the form of the length can tell of. */
function largestLength(rule: Rule): number {
  const base = { bcd: 100, binary: 256, ascii: 10, ebcdic: 10 }[rule.lengthEncoding];
  const told = base ** rule.lengthBytes - 1;
  if (!rule.countsBytes) return told;
  return rule.packed ? told * 2 : rule.hex ? Math.floor(told / 2) : told;
}
