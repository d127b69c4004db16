import { formatAmount } from '../../units.ts';
import { columnsOf } from '../../wire/gbk.ts';
import type { Cell, CellKind, Report, Table } from './model.ts';
import { timeText } from './time.ts';
import type { Lang } from './words.ts';

/** A value for a person: amounts with commas, times of the shop, durations as `12:05` (minutes, seconds). */
export function cellText(cell: Cell, kind: CellKind, lang: Lang): string {
  if (cell === undefined) return '';
  if (typeof cell === 'object') return cell[lang];
  if (typeof cell === 'string') return cell;
  switch (kind) {
    case 'amount':
      return formatAmount(cell, true);
    case 'percent':
      return cell.toFixed(1);
    case 'duration':
      return `${Math.floor(cell / 60_000)}:${String(Math.floor(cell / 1000) % 60).padStart(2, '0')}`;
    case 'time':
      return timeText(cell);
    default:
      return String(cell);
  }
}

/** Columns of numbers end at the right. */
export const isNumber = (kind: CellKind): boolean =>
  kind === 'count' || kind === 'amount' || kind === 'percent' || kind === 'duration';

/** All tables of a report as text; a table without rows says so. */
export function reportText(report: Report, lang: Lang): string {
  const parts = [`${report.title[lang]}  ${report.span.name}`.trimEnd()];
  for (const table of report.tables) parts.push(tableText(table, lang));
  return parts.join('\n\n');
}

function tableText(table: Table, lang: Lang): string {
  const lines = [`— ${table.title[lang]} —`];
  if (table.rows.length === 0) lines.push(lang === 'zh' ? '无' : 'none');
  else {
    const kinds = table.columns.map(column => column.kind);
    const head = table.columns.map(column => column.head[lang]);
    const rows = [head, ...table.rows.map(row => row.map((cell, i) => plain(cellText(cell, kinds[i], lang)) || '-'))];
    const widths = head.map((_, i) => Math.max(...rows.map(row => columnsOf(row[i]))));
    for (const row of rows)
      lines.push(
        row
          .map((cell, i) => {
            const space = ' '.repeat(widths[i] - columnsOf(cell));
            return isNumber(kinds[i]) ? space + cell : cell + space;
          })
          .join('  ')
          .trimEnd(),
      );
  }
  if (table.note) lines.push(table.note[lang]);
  return lines.join('\n');
}

/** Texts of people cannot move the cursor of the reader's screen. */
function plain(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}
