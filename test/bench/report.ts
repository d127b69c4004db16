import type { Run } from './contestant.ts';
import type { Curve } from './curve.ts';
import type { BenchMessages } from './messages.ts';

export interface Figure {
  readonly runs: readonly Run[];
  readonly note: string;
}
/** By contestant: `ours:values`. */
export type Figures = ReadonlyMap<string, Figure>;

/** The C row that a row of another contestant is compared with. */
const LIMIT_OF: Readonly<Record<string, string>> = {
  decode: 'spans',
  spans: 'spans',
  values: 'values',
  strings: 'values',
  'strings-in-place': 'values',
  encode: 'encode',
  'encode-strings': 'encode',
  'acquirer-frame': 'acquirer-frame',
  'abecs-encode': 'abecs-encode',
  'abecs-decode': 'abecs-decode',
};
/** Peers only know strings: the row of theirs that a row of ours is compared with. */
const PEER_OF: Readonly<Record<string, string>> = {
  decode: 'strings',
  spans: 'strings',
  values: 'strings',
  strings: 'strings',
  'strings-in-place': 'strings',
  encode: 'encode-strings',
  'encode-strings': 'encode-strings',
};
const PEERS = ['iso_8583', 'jspos'];

/** A target: this row at least `factor` times that row. */
const TARGETS: readonly (readonly [what: string, row: string, factor: number, other: string])[] = [
  ['values at least 1/3 of C values', 'ours:values', 1 / 3, 'c:values'],
  ['spans at least 1/2 of C spans', 'ours:spans', 1 / 2, 'c:spans'],
  ['encode at least 1/4 of C encode', 'ours:encode', 1 / 4, 'c:encode'],
  ['frames at least 1/4 of C', 'ours:acquirer-frame', 1 / 4, 'c:acquirer-frame'],
  ['all strings at least 10x iso_8583, decode', 'ours:strings', 10, 'iso_8583:strings'],
  ['all strings at least 10x iso_8583, encode', 'ours:encode-strings', 10, 'iso_8583:encode-strings'],
  ['all strings at least 10x jspos, decode', 'ours:strings', 10, 'jspos:strings'],
  ['all strings at least 10x jspos, encode', 'ours:encode-strings', 10, 'jspos:encode-strings'],
  ['values at least 100x iso_8583, decode', 'ours:values', 100, 'iso_8583:strings'],
  ['values at least 100x iso_8583, encode', 'ours:encode', 100, 'iso_8583:encode-strings'],
];

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const rateOf = (figures: Figures, name: string): number | undefined => {
  const figure = figures.get(name);
  return figure === undefined || figure.runs.length === 0 ? undefined : median(figure.runs.map(run => run.rate));
};

/** Three significant digits. */
function short(value: number | undefined): string {
  if (value === undefined) return '-';
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(Math.max(value, 0.001)))));
}

/** `x` columns; the first is text, the others stand right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map(row => row[column].length)));
  return rows
    .map(row =>
      row
        .map((cell, k) => (k === 0 ? cell.padEnd(widths[k]) : cell.padStart(widths[k])))
        .join('  ')
        .trimEnd(),
    )
    .map(line => `${line}\n`)
    .join('');
}

/** The table of figures, the notes and the targets, as text. */
export function report(figures: Figures, messages: BenchMessages): string {
  if (figures.size === 0) return '';
  const bodies = messages.list.map(message => message.bodyEnd - message.bodyStart);
  const average = bodies.reduce((sum, length) => sum + length, 0) / bodies.length;
  const rows = [['contestant:work', 'M msg/s', 'best', 'ns/msg', 'of C', ...PEERS.map(peer => `x ${peer}`), 'B/msg']];
  for (const [name, figure] of figures) {
    const [who, work] = name.split(':');
    const rate = rateOf(figures, name);
    if (rate === undefined) continue;
    const limit = who === 'c' ? undefined : rateOf(figures, `c:${LIMIT_OF[work]}`);
    const bytes = figure.runs.map(run => run.bytes ?? 0);
    rows.push([
      name,
      short(rate),
      short(Math.max(...figure.runs.map(run => run.rate))),
      short(1000 / rate),
      limit === undefined ? '-' : `${((rate / limit) * 100).toFixed(1)} %`,
      ...PEERS.map(peer => {
        const other = who === 'ours' ? rateOf(figures, `${peer}:${PEER_OF[work]}`) : undefined;
        return other === undefined ? '-' : short(rate / other);
      }),
      who === 'c' ? '0' : median(bytes).toFixed(1),
    ]);
  }
  const notes = [...figures]
    .filter(([, figure]) => figure.note !== '')
    .map(([name, figure]) => `  ${name}: ${figure.note}\n`);
  return [
    `\n${messages.list.length} messages, ${average.toFixed(0)} bytes a body on average; median of ${figures.values().next().value?.runs.length ?? 0} runs\n\n`,
    table(rows),
    notes.length === 0 ? '' : '\nNotes\n',
    ...notes,
    targets(figures),
  ].join('');
}

function targets(figures: Figures): string {
  const lines: string[] = [];
  for (const [what, row, factor, other] of TARGETS) {
    const mine = rateOf(figures, row);
    const theirs = rateOf(figures, other);
    if (mine === undefined || theirs === undefined) continue;
    const ratio = mine / theirs;
    lines.push(`  ${ratio >= factor ? 'PASS' : 'MISS'}  ${what}: ${short(ratio)} (wanted ${short(factor)})\n`);
  }
  return lines.length === 0 ? '' : `\nTargets\n${lines.join('')}`;
}

/** Tables of the curves: cost by size, and how well a straight line fits. */
export function reportCurves(curves: readonly Curve[]): string {
  return curves
    .map(curve => {
      const rows = [
        [curve.unit, ...curve.points.map(point => String(point.size))],
        ['decode ns', ...curve.points.map(point => short(point.decodeNs))],
        ['encode ns', ...curve.points.map(point => short(point.encodeNs))],
      ];
      return `\n${curve.name}\n${table(rows)}${curve.fit.map(line => `  ${line}\n`).join('')}`;
    })
    .join('');
}
