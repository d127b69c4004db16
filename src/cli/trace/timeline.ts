import type { Command } from 'commander';
import { failed, fault, ok, type Result } from '../../fault.ts';
import { Kind } from '../../trace/kinds.ts';
import { formatAmount } from '../../units.ts';
import { columnsOf, cut, dayLine, dayText, durationText, fill, LineTeller, rowJson, timeText } from './lines.ts';
import { openRecords, type Reading, refuse, tellTroubles } from './reading.ts';
import { type Lane, RecordTeller } from './record-text.ts';
import { EXIT_NOT_DECODED, EXIT_OK, type Lang, readingFlags, type TraceFlags, type TraceRim } from './rim.ts';
import { timeRange } from './time-range.ts';
import type { Zone } from './zone.ts';

interface TimelineFlags extends TraceFlags {
  readonly from?: string;
  readonly until?: string;
  readonly lanes: string;
}

const LANES = ['keys', 'screen', 'serial', 'acquirer', 'journal'] as const;
type Column = (typeof LANES)[number];
const HEADS: Readonly<Record<Column | 'time', { readonly zh: string; readonly en: string }>> = {
  time: { zh: '时间', en: 'time' },
  keys: { zh: '按键', en: 'keys' },
  screen: { zh: '屏幕', en: 'screen' },
  serial: { zh: '串口', en: 'serial' },
  acquirer: { zh: '收单', en: 'acquirer' },
  journal: { zh: '日志', en: 'journal' },
};
/** How the width is shared out. A screen has 16 columns. */
const SHARES: Readonly<Record<Column, number>> = { keys: 10, screen: 16, serial: 14, acquirer: 18, journal: 12 };
const TIME_COLUMNS = 12;
const GAP = '  ';
const COLUMNS_MIN = 6;
/** Lines of a slip that are told: the beginning says which one it is. */
const SLIP_LINES_MAX = 4;

/** Adds `trace timeline`: everything that happened at a counter, side by side. */
export function registerTimeline(trace: Command, rim: TraceRim): void {
  readingFlags(
    trace
      .command('timeline')
      .description('keys, screens, serial line, acquirer and journal side by side by time; of a trace of run --trace')
      .argument('<file>', 'the trace; - is stdin')
      .option('--from <time>', 'begin at this local time: 14:03, 14:03:22, 2026-11-22T14:03:22')
      .option('--until <time>', 'stop before this local time')
      .option('--lanes <names>', `columns, with commas: ${LANES.join(', ')}`, LANES.join(',')),
  )
    .addHelpText('after', '\nExit status: 0 listed, 2 usage or no such trace, 3 a part of it cannot be read.')
    .action(async (path: string, flags: TimelineFlags) => {
      const done = await timeline(path, flags, rim);
      if (!done.ok) refuse(rim, done.fault);
    });
}

async function timeline(path: string, flags: TimelineFlags, rim: TraceRim): Promise<Result<void>> {
  const lanes = lanesOf(flags.lanes);
  if (!lanes.ok) return lanes;
  const opened = await openRecords(path, flags, rim);
  if (!opened.ok) return opened;
  const reading = opened.value;
  const range = timeRange(flags.from, flags.until, reading.lexicon.zone);
  if (!range.ok) return range;
  const records = new RecordTeller(flags.lang);
  const table = new Table(lanes.value, flags.lang, reading.lexicon.zone, rim);
  if (!flags.json) table.head();
  while (reading.next()) {
    const { timeUs } = reading.messages;
    const event = reading.atMessage ? messageEvent(reading, flags.lang) : recordEvent(reading, records);
    if (event === undefined || !range.value(timeUs)) continue;
    if (event.lane !== 'all' && !lanes.value.includes(event.lane)) continue;
    if (flags.json) rim.print(JSON.stringify(eventJson(timeUs, event, reading, flags.lang)));
    else table.put(timeUs, event.lane, event.lines);
  }
  table.flush();
  reading.close();
  tellTroubles(reading, flags.lang, rim);
  rim.setExit(reading.messages.troubleCount > 0 ? EXIT_NOT_DECODED : EXIT_OK);
  return ok(undefined);
}

function lanesOf(text: string): Result<readonly Column[]> {
  const named = text.split(',').map(name => name.trim());
  const wrong = named.find(name => !(LANES as readonly string[]).includes(name));
  if (wrong === undefined) return ok(LANES.filter(lane => named.includes(lane)));
  const cause = `--lanes: there is no column ${JSON.stringify(wrong)}`;
  return failed(fault('E_ILLEGAL', 'unknown-lane', cause, `Name some of ${LANES.join(', ')}`));
}

interface Event {
  readonly lane: Lane;
  readonly what: string;
  readonly lines: readonly string[];
}

function messageEvent({ row, lexicon }: Reading, lang: Lang): Event {
  const { number, answer, name, amountMinor, latencyUs, training } = row;
  const teller = new LineTeller(lexicon, lang);
  const said = teller.answer(row);
  const lines = [
    `${answer ? '←' : '→'} ${training ? `${lang === 'zh' ? '练习' : 'training'} ` : ''}${name[lang]} #${number}`,
    ...(amountMinor < 0 || answer ? [] : [formatAmount(amountMinor)]),
    ...(said === '' ? [] : [said]),
    ...(latencyUs < 0 ? [] : [durationText(latencyUs)]),
  ];
  return { lane: 'acquirer', what: name[lang], lines };
}

function recordEvent({ records }: Reading, teller: RecordTeller): Event | undefined {
  const told = records && teller.tell(records);
  if (records === undefined || told === undefined) return undefined;
  const { lane, what, lines } = told;
  switch (lane) {
    case 'screen':
    case 'keys':
      if (records.kind !== Kind.slip) return { lane, what, lines };
      return {
        lane,
        what,
        lines: [`(${what})`, ...lines.slice(0, SLIP_LINES_MAX), ...more(lines.length - SLIP_LINES_MAX)],
      };
    case 'serial':
      return { lane, what, lines: lines.length > 0 && /^[→←]/.test(lines[0]) ? lines : [[what, ...lines].join(' ')] };
    case 'journal':
      return { lane, what, lines: [lines.slice(0, 2).join(' ')] };
    default:
      return { lane, what, lines: [[what, ...lines].join(' ')] };
  }
}

const more = (count: number): readonly string[] => (count > 0 ? [`… +${count}`] : []);

function eventJson(timeUs: number, { lane, what, lines }: Event, reading: Reading, lang: Lang): object {
  const time = new Date(timeUs / 1000).toISOString();
  if (!reading.atMessage) return { time, lane, what, lines };
  return { time, lane, what, message: rowJson(reading.row, reading.lexicon.profile, lang) };
}

/** Lines of text in columns; events of the same millisecond stand in one row as long as they go from left to right. */
class Table {
  private readonly lanes: readonly Column[];
  private readonly lang: Lang;
  private readonly zone: Zone;
  private readonly rim: TraceRim;
  private readonly widths: readonly number[];
  private time = '';
  private day = '';
  private cells: (readonly string[])[] = [];
  /** Column that was filled last; a row is printed before one to its left is filled. */
  private last = -1;

  constructor(lanes: readonly Column[], lang: Lang, zone: Zone, rim: TraceRim) {
    this.zone = zone;
    this.lanes = lanes;
    this.lang = lang;
    this.rim = rim;
    const room = Math.max(0, rim.columns() - TIME_COLUMNS - GAP.length * lanes.length);
    const shares = lanes.reduce((sum, lane) => sum + SHARES[lane], 0);
    this.widths = lanes.map(lane => Math.max(COLUMNS_MIN, Math.floor((room * SHARES[lane]) / shares)));
  }

  head(): void {
    this.print(
      HEADS.time[this.lang],
      this.lanes.map(lane => HEADS[lane][this.lang]),
    );
  }

  put(timeUs: number, lane: Lane, lines: readonly string[]): void {
    const time = timeText(timeUs, this.zone);
    const day = dayText(this.zone.local(timeUs / 1000));
    if (day !== this.day) {
      this.flush();
      this.day = day;
      this.rim.print(dayLine(day, this.zone));
    }
    if (lane === 'all') {
      this.flush();
      this.rim.print(`${fill(time, TIME_COLUMNS)}${GAP}== ${lines.join(' ')}`);
      return;
    }
    const column = this.lanes.indexOf(lane);
    if (time !== this.time || column <= this.last) this.flush();
    this.time = time;
    this.cells[column] = lines.flatMap(line => wrapped(line, this.widths[column]));
    this.last = column;
  }

  flush(): void {
    const height = this.cells.reduce((most, lines) => Math.max(most, lines.length), 0);
    for (let i = 0; i < height; i++) {
      this.print(
        i === 0 ? this.time : '',
        this.lanes.map((_, column) => this.cells[column]?.[i] ?? ''),
      );
    }
    this.cells = [];
    this.last = -1;
  }

  private print(time: string, cells: readonly string[]): void {
    const texts = cells.map((text, i) => fill(cut(text, this.widths[i]), this.widths[i]));
    this.rim.print([fill(time, TIME_COLUMNS), ...texts].join(GAP).trimEnd());
  }
}

/** A text in lines of at most so many columns, broken at spaces where there are some. */
export function wrapped(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.trimEnd().split(/(?<= )/)) {
    if (columnsOf(line + word.trimEnd()) <= columns) {
      line += word;
      continue;
    }
    if (line.trim() !== '') lines.push(line.trimEnd());
    line = '';
    for (const char of word) {
      if (columnsOf(line + char) > columns) {
        lines.push(line);
        line = '';
      }
      line += char;
    }
  }
  return line.trim() === '' ? lines : [...lines, line.trimEnd()];
}
