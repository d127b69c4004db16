import type { EChartsCoreOption } from 'echarts/core';
import { assert } from '../../assert.ts';
import type { Cell, Table } from './model.ts';
import { cellText } from './text.ts';
import type { Lang } from './words.ts';

/** Pictures of tables as SVG text: no script, no link, nothing to load. */

const WIDTH = 720;
const HEIGHT = 280;
/** More bars cannot be told apart; the table has all of them. */
const BARS_MAX = 31;
/** Told apart in grey print as well, by their lightness. */
const COLOURS = ['#1f5f99', '#d98b2b', '#7a9f35', '#8c4a7a', '#c94f4f', '#46a3a8', '#9a8258', '#5b5b5b'];
/** From so many series on their names stand beside the picture, one below the other. */
const NAMES_BESIDE = 4;
const LINE_COLOUR = '#333333';

/** The drawing library, loaded for pages only: it takes longer to load than a report to make. */
async function library() {
  const [core, charts, components, renderers] = await Promise.all([
    import('echarts/core'),
    import('echarts/charts'),
    import('echarts/components'),
    import('echarts/renderers'),
  ]);
  core.use([
    charts.BarChart,
    charts.LineChart,
    components.GridComponent,
    components.LegendComponent,
    renderers.SVGRenderer,
  ]);
  return core;
}

/** SVG of a table's chart; its texts are escaped. Nothing for a table without chart or rows. */
export async function chartSvg(table: Table, lang: Lang): Promise<string | undefined> {
  if (!table.chart || table.rows.length === 0) return undefined;
  const core = await library();
  const drawing = core.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT });
  try {
    drawing.setOption(optionOf(table, lang));
    return still(drawing.renderToSVGString());
  } finally {
    drawing.dispose();
  }
}

function optionOf(table: Table, lang: Lang): EChartsCoreOption {
  const { chart } = table;
  assert(chart, 'a drawn table has a chart');
  const rows = table.rows.slice(0, BARS_MAX);
  const at = (id: string): number => {
    const index = table.columns.findIndex(column => column.id === id);
    assert(index >= 0, `table ${table.id} has the column ${id} of its chart`);
    return index;
  };
  const label = at(chart.label);
  const { kind } = table.columns[at(chart.values[0])];
  // Axes of money count in yuan, those of time in minutes.
  const scaled = (cell: Cell): number =>
    typeof cell !== 'number' ? 0 : kind === 'amount' ? cell / 100 : kind === 'duration' ? cell / 60_000 : cell;
  const bars = chart.values.map((id, i) => ({
    type: 'bar',
    name: table.columns[at(id)].head[lang],
    data: rows.map(row => scaled(row[at(id)])),
    itemStyle: { color: COLOURS[i % COLOURS.length] },
    barMaxWidth: 40,
    ...(chart.kind === 'stack' ? { stack: 'all' } : {}),
  }));
  const running =
    chart.kind === 'pareto'
      ? [
          {
            type: 'line',
            yAxisIndex: 1,
            name: table.columns[at('running')].head[lang],
            data: rows.map(row => row[at('running')] as number),
            itemStyle: { color: LINE_COLOUR },
          },
        ]
      : [];
  const beside = chart.values.length >= NAMES_BESIDE;
  return {
    animation: false,
    legend: beside ? { orient: 'vertical', right: 0, top: 30 } : { top: 0, itemGap: 30 },
    grid: { left: 70, right: beside ? 170 : 50, top: 36, bottom: rows.length > 8 ? 84 : 40 },
    xAxis: {
      type: 'category',
      data: rows.map(row => cellText(row[label], table.columns[label].kind, lang)),
      axisLabel: { interval: 0, rotate: rows.length > 8 ? 45 : 0, width: 110, overflow: 'truncate' },
    },
    yAxis: [
      { type: 'value', minInterval: kind === 'count' ? 1 : undefined },
      ...(running.length > 0
        ? [{ type: 'value', min: 0, max: 100, splitLine: { show: false }, axisLabel: { formatter: '{value} %' } }]
        : []),
    ],
    series: [...bars, ...running],
  };
}

/** Takes off what only a living drawing needs: hover styles, marks for scripts, names of XML dialects. */
function still(svg: string): string {
  return svg
    .replace(/<style\b[^]*?<\/style>/g, '')
    .replace(/ (?:ecmeta_\w+|class|pointer-events|xmlns(?::\w+)?|baseProfile)="[^"]*"/g, '')
    .replace('<svg ', '<svg role="img" ');
}
