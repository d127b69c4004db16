import type { Profile } from '../../profile/schema.ts';
import { responseTexts } from '../../profile/responses.ts';
import type { LatencyHistogram } from '../../trace/latency.ts';
import type { Cell, Column, Report, Table } from '../report/model.ts';
import { words } from '../report/words.ts';
import type { Stats } from './stats-collect.ts';
import type { Zone } from './zone.ts';
import { dayText, durationText, timeText } from './lines.ts';

/** Limits of the ranges in which answer times are counted, milliseconds. */
const RANGES_MS = [50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000];
const SHARES = [0.5, 0.9, 0.99] as const;
/** Commands that wait for a person at the terminal. */
const PERSON = new Set(['XEV', 'CEX', 'GKY', 'GCD', 'MNU', 'RMC', 'GPN']);

const count = (id: string, zh: string, en: string): Column => ({ id, head: words(zh, en), kind: 'count' });
const code = (id: string, zh: string, en: string): Column => ({ id, head: words(zh, en), kind: 'code' });
const text = (id: string, zh: string, en: string): Column => ({ id, head: words(zh, en), kind: 'text' });

const TIMES: readonly Column[] = [
  count('p50', 'p50 毫秒', 'p50 ms'),
  count('p90', 'p90 毫秒', 'p90 ms'),
  count('p99', 'p99 毫秒', 'p99 ms'),
  count('max', '最长 毫秒', 'max ms'),
];

/** Milliseconds: whole ones, below 10 with one decimal. */
const ms = (us: number): number => (us < 10_000 ? Math.round(us / 100) / 10 : Math.round(us / 1000));

const timesOf = (times: LatencyHistogram): readonly Cell[] =>
  times.count === 0
    ? [undefined, undefined, undefined, undefined]
    : [...SHARES.map(share => ms(times.quantileUs(share))), ms(times.maxUs)];

/** What a capture adds up to, as tables. `name` is what the person called it. */
export function statsReport(stats: Stats, name: string, profile: Profile | undefined, zone: Zone): Report {
  const { firstUs, lastUs } = stats;
  const hasLine = stats.line.counts.bytesOut + stats.line.counts.bytesIn > 0;
  return {
    id: 'trace-stats',
    title: words('抓包统计', 'TRACE STATISTICS'),
    span: { fromMs: firstUs / 1000, toMs: lastUs / 1000, name },
    tables: [
      overview(stats, zone),
      answerTimes(stats),
      ranges(stats),
      ...(stats.spans.length > 1 ? [overTime(stats, zone)] : []),
      responses(stats, profile),
      unanswered(stats, zone),
      ...(hasLine ? [commands(stats), line(stats)] : []),
    ],
  };
}

function moment(timeUs: number, zone: Zone): string {
  return timeUs === 0 ? '-' : `${dayText(zone.local(Math.floor(timeUs / 1000)))} ${timeText(timeUs, zone)}`;
}

function pairs(id: string, zh: string, en: string, rows: readonly (readonly [string, string, string, Cell])[]): Table {
  return {
    id,
    title: words(zh, en),
    columns: [text('what', '项目', 'what'), text('value', '数值', 'value')],
    rows: rows.map(([rowId, inZh, inEn, value]) => [
      { id: rowId, zh: inZh, en: inEn },
      value === undefined ? '-' : String(value),
    ]),
  };
}

function overview(stats: Stats, zone: Zone): Table {
  const closes = [...stats.closes].map(([kind, times]) => `${kind} ${times}`).join(', ');
  const own = stats.records > 0;
  return pairs('overview', '概况', 'overview', [
    ['first', '开始', 'first', moment(stats.firstUs, zone)],
    ['last', '结束', 'last', moment(stats.lastUs, zone)],
    ['messages', '报文', 'messages', stats.messages],
    ['requests', '请求', 'requests', stats.requests],
    ['answers', '应答', 'answers', stats.answers],
    ['unanswered', '无应答的请求', 'requests without answer', stats.unansweredCount],
    ['strays', '无请求的应答', 'answers without request', stats.strays],
    ['reversals', '冲正', 'reversals', stats.reversals],
    ['repeats', '重发', 'sent again', stats.repeats],
    ['undecoded', '无法解码', 'not decoded', stats.undecoded],
    ['streams', '连接数', 'connections with messages', stats.streams],
    ...(own
      ? ([
          ['sessions', '程序启动', 'program starts', stats.sessions],
          ['noEnd', '未正常结束', 'program ended without a word', Math.max(0, stats.sessions - stats.ends)],
          ['connects', '拨号', 'connects', stats.connects],
          ['refused', '未接通', 'connects that failed', Math.max(0, stats.connects - stats.connected)],
          ['closed', '断开', 'connections over', closes || 0],
        ] as const)
      : []),
  ]);
}

function answerTimes(stats: Stats): Table {
  const rows = [...stats.types.values()]
    .sort((a, b) => b.requests - a.requests)
    .map(({ row, requests, answers, unanswered: none, times }) => [
      {
        id: row.training ? 'training' : 'acquirer',
        zh: row.training ? '练习' : '收单',
        en: row.training ? 'training' : 'acquirer',
      },
      row.mti || '?',
      { id: row.type || row.mti || '?', ...row.name },
      requests,
      answers,
      none,
      ...timesOf(times),
    ]);
  return {
    id: 'answerTimes',
    title: words('收单应答时间', 'answer times of the acquirer'),
    columns: [
      text('link', '线路', 'link'),
      code('mti', '类型', 'MTI'),
      text('transaction', '交易', 'transaction'),
      count('requests', '请求', 'requests'),
      count('answers', '应答', 'answered'),
      count('unanswered', '无应答', 'no answer'),
      ...TIMES,
    ],
    rows,
    chart: { kind: 'bar', label: 'transaction', values: ['p50', 'p90', 'p99'] },
  };
}

function ranges(stats: Stats): Table {
  const { all } = stats;
  const rows: Cell[][] = [];
  let from = -1;
  for (const to of RANGES_MS) {
    rows.push([`≤ ${durationText(to * 1000)}`, all.between(from < 0 ? -1 : from * 1000, to * 1000)]);
    from = to;
  }
  rows.push([`> ${durationText(from * 1000)}`, all.count - rows.reduce((sum, row) => sum + Number(row[1]), 0)]);
  return {
    id: 'ranges',
    title: words('应答时间分布', 'answers by the time they took'),
    columns: [text('time', '时间', 'time'), count('answers', '应答', 'answers')],
    rows: all.count === 0 ? [] : rows,
    chart: { kind: 'bar', label: 'time', values: ['answers'] },
  };
}

function overTime(stats: Stats, zone: Zone): Table {
  return {
    id: 'overTime',
    title: words(`随时间变化（每${durationText(stats.spanUs)}）`, `over time, by ${durationText(stats.spanUs)}`),
    columns: [
      text('from', '时间', 'from'),
      count('requests', '请求', 'requests'),
      count('answers', '应答', 'answers'),
      count('slowest', '最慢 毫秒', 'slowest ms'),
    ],
    rows: stats.spans.map(({ requests, answers, slowestUs }, i) => [
      timeText(stats.firstUs + i * stats.spanUs, zone).slice(0, 8),
      requests,
      answers,
      slowestUs < 0 ? undefined : ms(slowestUs),
    ]),
    chart: { kind: 'bar', label: 'from', values: ['requests', 'answers'] },
  };
}

function responses(stats: Stats, profile: Profile | undefined): Table {
  const rows = [...stats.codes]
    .sort((a, b) => b[1].count - a[1].count)
    .map(([answer, { count: times, training }]) => [
      answer,
      profile
        ? { id: answer, zh: responseTexts(profile, answer, 'zh').text, en: responseTexts(profile, answer, 'en').text }
        : undefined,
      times,
      training,
    ]);
  return {
    id: 'responses',
    title: words('应答码', 'response codes'),
    columns: [
      code('code', '应答码', 'code'),
      text('meaning', '含义', 'meaning'),
      count('answers', '应答', 'answers'),
      count('training', '其中练习', 'of training'),
    ],
    rows,
    chart: { kind: 'bar', label: 'code', values: ['answers'] },
  };
}

function unanswered(stats: Stats, zone: Zone): Table {
  const more = stats.unansweredCount - stats.unanswered.length;
  return {
    id: 'unanswered',
    title: words('无应答的请求', 'requests without answer'),
    columns: [
      code('number', '报文', 'message'),
      text('time', '时间', 'time'),
      code('mti', '类型', 'MTI'),
      text('transaction', '交易', 'transaction'),
      code('stan', '流水号', 'trace no'),
    ],
    rows: stats.unanswered.map(({ number, timeUs, mti, name, stan }) => [
      `#${number}`,
      moment(timeUs, zone),
      mti,
      { id: mti, ...name },
      stan || undefined,
    ]),
    ...(more > 0 ? { note: words(`之前还有${more}条`, `and ${more} before these`) } : {}),
  };
}

function commands({ line: { commands: all, acknowledged } }: Stats): Table {
  const rows = [...all]
    .sort((a, b) => b[1].count - a[1].count)
    .map(([name, times]) => [
      name,
      PERSON.has(name)
        ? { id: 'person', zh: '等人操作', en: 'a person' }
        : { id: 'terminal', zh: '终端', en: 'terminal' },
      times.count,
      ...timesOf(times),
    ]);
  const ack = { id: 'ack', zh: '确认', en: 'acknowledgement' };
  return {
    id: 'commands',
    title: words('终端命令时间', 'times of terminal commands'),
    columns: [
      text('command', '命令', 'command'),
      text('waitsFor', '等待', 'waits for'),
      count('count', '次数', 'count'),
      ...TIMES,
    ],
    rows: [
      ...(acknowledged.count > 0
        ? [[ack, { id: 'terminal', zh: '终端', en: 'terminal' }, acknowledged.count, ...timesOf(acknowledged)]]
        : []),
      ...rows,
    ],
    chart: { kind: 'bar', label: 'command', values: ['count'] },
  };
}

function line({ line: { counts } }: Stats): Table {
  return pairs('line', '串口线路', 'serial line', [
    ['bytesOut', '发往终端字节', 'bytes to the terminal', counts.bytesOut],
    ['bytesIn', '来自终端字节', 'bytes from the terminal', counts.bytesIn],
    ['commands', '命令', 'commands', counts.commands],
    ['answers', '应答', 'answers', counts.answers],
    ['lineUnanswered', '无应答的命令', 'commands without answer', counts.unanswered],
    ['notices', '通知', 'notices', counts.notices],
    ['cancels', '取消', 'cancelled (CAN)', counts.cancels],
    ['naksIn', '收到NAK', 'NAK received', counts.naksIn],
    ['naksOut', '发出NAK', 'NAK sent', counts.naksOut],
    ['resent', '重发的命令', 'commands sent again', counts.resent],
    ['crcErrors', 'CRC错误', 'CRC errors', counts.crcErrors],
    ['badPackets', '损坏的包', 'other damaged packets', counts.badPackets],
    ['noise', '包外杂散字节', 'bytes outside of packets', counts.noise],
    ['opened', '打开', 'line opened', counts.opened],
    ['lost', '断开', 'line lost', counts.lost],
  ]);
}
