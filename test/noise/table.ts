import type { CodecCount } from './codec.ts';
import type { Tally } from './session.ts';

type Row = readonly (string | number)[];

function table(head: Row, rows: readonly Row[]): string {
  const all = [head, ...rows].map(row => row.map(String));
  const widths = all[0].map((_, column) => Math.max(...all.map(row => row[column].length)));
  const line = (row: readonly string[]): string => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  return [line(all[0]), line(widths.map(width => '-'.repeat(width))), ...all.slice(1).map(line)].join('\n');
}

const percent = (part: number, whole: number): string => (whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`);
const few = (value: number): string => (value === 0 ? '0' : value >= 0.1 ? value.toFixed(1) : value.toExponential(1));

/** Of so many random errors CRC-16 passes one. */
const CRC_SHARE = 1 / 65_536;

export const wishesOf = (tally: Tally): number => tally.wishes.sale + tally.wishes.void + tally.wishes.refund;
/** NAKs and CANs, without the CAN of each greeting. */
export const retriesOf = (tally: Tally): number =>
  tally.line.naks + Math.max(0, tally.line.cancels - tally.line.opened);

/** Transactions of the whole counter under each kind of noise. */
export function counterTable(tallies: readonly Tally[]): string {
  return table(
    ['noise', 'sales+voids+refunds', 'alone', 'with help', 'given up', 'NAK+CAN each', 'seconds each', 'frames hit', 'caught', 'missed', 'CRC-16 predicts', 'wrong', 'idle after, s'],
    tallies.map(tally => {
      const { wishes, line } = tally;
      const sum = wishesOf(tally);
      return [
        tally.kind.name,
        `${wishes.sale}+${wishes.void}+${wishes.refund}`,
        percent(tally.alone, sum),
        tally.helped,
        tally.givenUp,
        (retriesOf(tally) / Math.max(1, sum)).toFixed(1),
        (tally.ms / 1000 / Math.max(1, sum)).toFixed(1),
        `${line.damaged} of ${line.frames}`,
        line.damaged - line.harmless - line.missed,
        line.missed,
        few(line.checked * CRC_SHARE),
        tally.wrong.length,
        Math.ceil(tally.settleMs / 1000),
      ];
    }),
  ); // prettier-ignore
}

/** Packets alone, against what the mathematics of CRC-16 and of a XOR byte says. */
export function codecTable(counts: readonly CodecCount[]): string {
  return table(
    ['damage', 'packets', 'hit', 'frame whole', 'missed', 'predicted', 'frame broken', 'missed', 'predicted', 'a XOR byte would miss'],
    counts.map(count => [
      count.errors,
      count.packets,
      count.damaged,
      count.whole,
      count.missedWhole,
      `${few(predictedWhole(count))}${count.errors.startsWith('bit') ? ' at most' : ''}`,
      count.damaged - count.whole,
      count.missedBroken,
      predictedBroken(count) === 0 ? '0' : `${few(predictedBroken(count))} at most`,
      count.lrcMissed === 0
        ? '0'
        : `${count.lrcMissed}: 1 in ${Math.round(count.packets / count.lrcMissed)} packets, 1 in ${Math.round(count.damaged / count.lrcMissed)} hit`,
    ]),
  ); // prettier-ignore
}

/** With the frame whole nothing of these gets through: that is what the polynomial is chosen for. */
const SURE: ReadonlySet<string> = new Set(['one bit', 'two bits', 'burst up to 16 bits']);

/** Packets with a whole frame that should be missed; of few bit errors it is an upper bound, as CRC-16 finds every odd number and every two. */
export const predictedWhole = (count: CodecCount): number => (SURE.has(count.errors) ? 0 : count.whole * CRC_SHARE);
/** A frame that ends elsewhere meets two bytes that are no check value of it. */
export const predictedBroken = (count: CodecCount): number => (count.damaged - count.whole) * CRC_SHARE;
