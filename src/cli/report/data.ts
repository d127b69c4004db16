import { formatAmount } from '../../units.ts';
import type { Cell, CellKind, Column, Report, Table } from './model.ts';
import { timeText } from './time.ts';
import type { Lang } from './words.ts';

/** Reports for other programs: JSON and CSV. */

/** Unit of a value, as the end of its name. */
const JSON_UNIT: Partial<Record<CellKind, string>> = {
  amount: 'Minor',
  duration: 'Ms',
  time: 'Ms',
  percent: 'Percent',
};
const CSV_UNIT: Partial<Record<CellKind, string>> = { duration: 'Minutes', percent: 'Percent' };

/** Mark at the beginning of a UTF-8 file, by which spreadsheets know the encoding. */
const BYTE_ORDER_MARK = '\uFEFF';
const LINE_END = '\r\n';

/**
 * `{ report, span, tables: { totals: [ { item, count, amountMinor } ] } }`: amounts in minor units, times and durations in
 * milliseconds, words by their ids; a value that is not known is left out.
 */
export function reportJson(report: Report): string {
  const tables: Record<string, Record<string, string | number>[]> = {};
  for (const table of report.tables)
    tables[table.id] = table.rows.map(row => {
      const out: Record<string, string | number> = {};
      row.forEach((cell, i) => {
        const { id, kind } = table.columns[i];
        if (cell !== undefined) out[id + (JSON_UNIT[kind] ?? '')] = typeof cell === 'object' ? cell.id : cell;
      });
      return out;
    });
  const { fromMs, toMs, name, periods } = report.span;
  const open = toMs === Number.MAX_SAFE_INTEGER;
  const span = { name, ...(open ? {} : { fromMs, toMs }), ...(periods ? { batch: name } : {}) };
  return JSON.stringify({ report: report.id, span, tables }, null, 2);
}

/**
 * One table as RFC 4180: comma, CR LF, quotes doubled, first line = names (ids in English, words in Chinese). Amounts are
 * decimals with two places and no commas, exact to the minor unit. Texts that a spreadsheet would take for a formula get a
 * `'` before them. `mark` puts the UTF-8 byte order mark in front.
 */
export function tableCsv(table: Table, lang: Lang, mark: boolean): string {
  const head = table.columns.map(column => field(lang === 'zh' ? column.head.zh : csvName(column)));
  const lines = table.rows.map(row => row.map((cell, i) => csvField(cell, table.columns[i].kind, lang)).join(','));
  return (mark ? BYTE_ORDER_MARK : '') + [head.join(','), ...lines].join(LINE_END) + LINE_END;
}

const csvName = ({ id, kind }: Column): string => id + (CSV_UNIT[kind] ?? '');

function csvField(cell: Cell, kind: CellKind, lang: Lang): string {
  if (cell === undefined) return '';
  if (typeof cell === 'object') return field(defused(cell[lang]));
  if (typeof cell === 'string') return field(defused(cell));
  switch (kind) {
    case 'amount':
      return formatAmount(cell);
    case 'percent':
      return cell.toFixed(1);
    case 'duration':
      return (cell / 60_000).toFixed(2);
    case 'time':
      return timeText(cell);
    default:
      return String(cell);
  }
}

/** A spreadsheet runs what begins with one of these, also in its full-width form and after spaces. */
function defused(text: string): string {
  return /^[\s\u0000-\u001f]*[=+\-@＝＋－＠\t\r|%]/.test(text) ? `'${text}` : text;
}

function field(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
