import type { Profile } from '../../profile/schema.ts';
import { responseTexts } from '../../profile/responses.ts';
import type { LocalTime } from '../../hal/hal.ts';
import { digits, formatAmount } from '../../units.ts';
import type { Lexicon } from './dialect.ts';
import type { Lang } from './rim.ts';
import type { Row } from './story.ts';
import type { Zone } from './zone.ts';

/** Columns of a line: number, time, arrow, what it is, trace number, amount, answer, time since the request. */
const WIDTHS = { number: 6, time: 12, arrow: 1, name: 28, stan: 6, amount: 12, answer: 20 } as const;
const HEADS = {
  zh: { number: '序号', time: '时间', name: '交易', stan: '流水号', amount: '金额', answer: '应答', latency: '耗时' },
  en: {
    number: 'no',
    time: 'time',
    name: 'message',
    stan: 'STAN',
    amount: 'amount',
    answer: 'answer',
    latency: 'took',
  },
} as const;

const TRAINING = { zh: '练习 ', en: 'training ' } as const;
/** Data element 39 of a reversal: why it is sent. */
const REASONS: Readonly<Record<string, Readonly<Record<Lang, string>>>> = {
  '98': { zh: '没有应答', en: 'NO ANSWER' },
  A0: { zh: 'MAC错误', en: 'WRONG MAC' },
  '96': { zh: '终端故障', en: 'TERMINAL FAULT' },
  '06': { zh: '其他', en: 'OTHER' },
};

/** Tells messages one a line, in columns. */
export class LineTeller {
  private readonly profile: Profile | undefined;
  private readonly lang: Lang;
  private readonly zone: Zone;
  private day = '';

  constructor({ profile, zone }: Lexicon, lang: Lang) {
    this.profile = profile;
    this.lang = lang;
    this.zone = zone;
  }

  head(): string {
    const { number, time, name, stan, amount, answer, latency } = HEADS[this.lang];
    return this.columns([number, time, ' ', name, stan, amount, answer, latency]);
  }

  /** The day when it is another one than that of the line before; undefined else. */
  newDay(timeUs: number): string | undefined {
    if (timeUs === 0) return undefined;
    const day = dayText(this.zone.local(timeUs / 1000));
    if (day === this.day) return undefined;
    this.day = day;
    return dayLine(day, this.zone);
  }

  line(row: Row): string {
    const { number, timeUs, answer, stan, amountMinor, latencyUs } = row;
    return this.columns([
      String(number),
      timeUs === 0 ? '' : timeText(timeUs, this.zone),
      answer ? '←' : '→',
      cut(row.training ? TRAINING[this.lang] + row.name[this.lang] : row.name[this.lang], WIDTHS.name),
      stan,
      amountMinor < 0 ? '' : formatAmount(amountMinor),
      this.answer(row),
      latencyUs < 0 ? '' : durationText(latencyUs),
    ]);
  }

  /** A record that is no message. */
  other(timeUs: number, what: string, text: string): string {
    return this.columns(['', timeText(timeUs, this.zone), '·', `${what}  ${text}`, '', '', '', '']);
  }

  /** `[51] INSUFFICIENT`, or what is wrong with the message. */
  answer({ trouble, troubleField, code, answer }: Row): string {
    const { lang, profile } = this;
    if (trouble !== undefined) {
      const place = troubleField >= 2 ? (lang === 'zh' ? `${troubleField}域: ` : `field ${troubleField}: `) : '';
      return `! ${place}${trouble[lang]}`;
    }
    if (code === '') return '';
    if (answer && profile !== undefined) return `[${code}] ${responseTexts(profile, code, lang).text}`;
    return !answer && Object.hasOwn(REASONS, code) ? `[${code}] ${REASONS[code][lang]}` : `[${code}]`;
  }

  private columns(cells: readonly string[]): string {
    const { number, time, arrow, name, stan, amount, answer } = WIDTHS;
    const [n, at, way, what, trace, money, code, took] = cells;
    const parts = [
      before(n, number),
      fill(at, time),
      fill(way, arrow),
      fill(what, name),
      fill(trace, stan),
      before(money, amount),
      fill(code, answer),
      took,
    ];
    return parts.join('  ').trimEnd();
  }
}

/** Chinese characters and full-width signs, which take two columns. Arrows and dots take one, unlike on a terminal with GBK. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/g;

/** Columns that a text takes in a window. */
export const columnsOf = (text: string): number => text.length + (text.match(WIDE)?.length ?? 0);

export const fill = (text: string, columns: number): string =>
  text + ' '.repeat(Math.max(0, columns - columnsOf(text)));
const before = (text: string, columns: number): string => ' '.repeat(Math.max(0, columns - columnsOf(text))) + text;

/** The text in at most so many columns, with `…` where something is missing. */
export function cut(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let shown = '';
  let width = 0;
  for (const char of text) {
    width += columnsOf(char);
    if (width > columns - 1) break;
    shown += char;
  }
  return `${shown}…`;
}

/** `2026-11-22` */
export const dayText = ({ year, month, day }: LocalTime): string => `${year}-${digits(month, 2)}-${digits(day, 2)}`;

/** `-- 2026-11-22 Asia/Shanghai` */
export const dayLine = (day: string, { name }: Zone): string => `-- ${day}${name === undefined ? '' : ` ${name}`}`;

/** `14:03:22.123`, local time. */
export function timeText(timeUs: number, zone: Zone): string {
  const ms = Math.floor(timeUs / 1000);
  const { hour, minute, second } = zone.local(ms);
  return `${digits(hour, 2)}:${digits(minute, 2)}:${digits(second, 2)}.${digits(ms % 1000, 3)}`;
}

/** `340 µs`, `333 ms`, `12.4 s`, `3 min` */
export function durationText(us: number): string {
  if (us < 1000) return `${us} µs`;
  if (us < 1_000_000) return `${Math.round(us / 1000)} ms`;
  return us < 120_000_000 ? `${(us / 1_000_000).toFixed(1)} s` : `${Math.round(us / 60_000_000)} min`;
}

/** One message as JSON; nothing hidden is in it. */
export function rowJson(row: Row, profile: Profile | undefined, lang: Lang): Readonly<Record<string, unknown>> {
  const { number, stream, timeUs, answer, mti, type, stan, terminal, batch, code, amountMinor, request, latencyUs } =
    row;
  return {
    number,
    time: timeUs === 0 ? null : new Date(timeUs / 1000).toISOString(),
    way: answer ? 'in' : 'out',
    stream,
    mti: mti || null,
    type: type || null,
    name: row.name[lang],
    ...(stan ? { stan } : {}),
    ...(terminal ? { terminal } : {}),
    ...(batch ? { batch } : {}),
    ...(amountMinor < 0 ? {} : { amountMinor }),
    ...(code ? { code } : {}),
    ...(code && answer && profile ? { meaning: responseTexts(profile, code, lang).text } : {}),
    ...(request ? { request } : {}),
    ...(latencyUs < 0 ? {} : { latencyMs: latencyUs / 1000 }),
    ...(row.trouble ? { error: row.trouble[lang] } : {}),
  };
}
