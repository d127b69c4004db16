import { replaceCards } from '../card/mask-text.ts';
import type { StandIn } from '../card/stand-in.ts';

const TYPED = '5';

/**
 * A line of the control socket as a trace may hold it: its password is as long as it was and says nothing, card numbers in its
 * notes are stand-ins, digits in names of members say nothing. A line that is no JSON loses all its digits.
 */
export function redactControlLine(line: string, standIn: StandIn): string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return line.replace(/[0-9]/g, TYPED);
  }
  return JSON.stringify(redacted(value, '', standIn));
}

function redacted(value: unknown, name: string, standIn: StandIn): unknown {
  if (typeof value === 'string')
    return name === 'password'
      ? value.replace(/[0-9]/g, TYPED)
      : replaceCards(value, digits => replaced(digits, standIn));
  if (Array.isArray(value)) return value.map(item => redacted(item, name, standIn));
  if (typeof value !== 'object' || value === null) return value;
  // A member may have any name; those of ours have no digits.
  return Object.fromEntries(
    Object.entries(value).map(([member, item]) => [member.replace(/[0-9]/g, TYPED), redacted(item, member, standIn)]),
  );
}

function replaced(found: string, standIn: StandIn): string {
  const digits = Uint8Array.from(found, digit => digit.charCodeAt(0));
  standIn.pan(digits, 0, digits.length);
  return String.fromCharCode(...digits);
}
