import { toHex } from '../wire/hex.ts';
import { timeText } from './json-lines.ts';
import { Way, type Messages } from './kinds.ts';

const ROW_LENGTH = 16;

/** A message as a hex dump that this program and others read back: a line with time and direction, then rows of 16 bytes. */
export function hexRows({ timeUs, way, bytes, from, to }: Messages): string {
  const word = way === Way.toAcquirer ? 'send' : way === Way.fromAcquirer ? 'received' : '';
  const lines = [`${timeText(timeUs)} ${word} ${to - from} bytes`.trim()];
  for (let at = from; at < to; at += ROW_LENGTH) {
    const pairs = toHex(bytes, at, Math.min(to, at + ROW_LENGTH)).replace(/..(?=.)/g, '$& ');
    lines.push(`${(at - from).toString(16).toUpperCase().padStart(4, '0')}: ${pairs}`);
  }
  return `${lines.join('\n')}\n\n`;
}
