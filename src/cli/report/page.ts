import { chartSvg } from './chart.ts';
import type { Report, Table } from './model.ts';
import { cellText, isNumber } from './text.ts';
import { timeText } from './time.ts';
import type { Lang } from './words.ts';

/** A report as one HTML file: no script, nothing loaded from anywhere, fit for paper. */

/** Where the numbers come from, for the foot of the page. */
export interface PageFoot {
  /** What they were taken from, each with its label: the journal with its anchor, or a capture. */
  readonly from: readonly { readonly zh: string; readonly en: string; readonly text: string }[];
  readonly madeMs: number;
}

const STYLE = `
body { font: 14px/1.45 "Noto Sans SC", "Microsoft YaHei", "PingFang SC", sans-serif; color: #1b1b1b; background: #fff; max-width: 60rem; margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 1.75rem 0 .5rem; border-bottom: 1px solid #999; }
.span, .note, footer { color: #555; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .2rem .5rem; border-bottom: 1px solid #ddd; vertical-align: top; }
th { background: #f1f3f5; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
figure { margin: .5rem 0; }
figure svg { width: 100%; height: auto; max-width: 720px; }
footer { margin-top: 2rem; font-size: .85rem; border-top: 1px solid #999; padding-top: .5rem; }
@page { margin: 14mm; }
@media print {
  body { margin: 0; max-width: none; font-size: 10pt; }
  thead { display: table-header-group; }
  tr, figure { break-inside: avoid; }
  h2 { break-after: avoid; }
  .wide { overflow: visible; }
}`;

/** The whole page. Texts of people and of the acquirer are escaped; the policy in its head forbids scripts and loading. */
export async function reportPage(report: Report, foot: PageFoot, lang: Lang): Promise<string> {
  const parts: string[] = [];
  for (const table of report.tables) parts.push(await section(table, lang));
  const title = `${report.title[lang]} ${report.span.name}`.trimEnd();
  const made = { zh: '生成时间', en: 'made', text: timeText(foot.madeMs) };
  const facts = [...foot.from, made].map(fact => `${fact[lang]}: ${escaped(fact.text)}`);
  return `<!doctype html>
<html lang="${lang === 'zh' ? 'zh-CN' : 'en'}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${STYLE}
</style>
</head>
<body>
<h1>${escaped(report.title[lang])}</h1>
<p class="span">${escaped(report.span.name)}</p>
${parts.join('\n')}
<footer>${facts.join(' · ')}</footer>
</body>
</html>
`;
}

async function section(table: Table, lang: Lang): Promise<string> {
  const title = escaped(table.title[lang]);
  const svg = await chartSvg(table, lang);
  const note = table.note ? `\n<p class="note">${escaped(table.note[lang])}</p>` : '';
  const figure = svg === undefined ? '' : `\n<figure>${svg}</figure>`;
  if (table.rows.length === 0)
    return `<section>\n<h2>${title}</h2>\n<p>${lang === 'zh' ? '无' : 'none'}</p>${note}\n</section>`;
  const mark = table.columns.map(column => (isNumber(column.kind) ? ' class="n"' : ''));
  const head = table.columns.map((column, i) => `<th${mark[i]}>${escaped(column.head[lang])}</th>`).join('');
  const rows = table.rows.map(
    row =>
      `<tr>${row.map((cell, i) => `<td${mark[i]}>${escaped(cellText(cell, table.columns[i].kind, lang))}</td>`).join('')}</tr>`,
  );
  return `<section>
<h2>${title}</h2>${figure}
<div class="wide"><table>
<thead><tr>${head}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table></div>${note}
</section>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, character => ENTITIES[character]);
}
