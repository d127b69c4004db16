import { Kind, Link } from '../../trace/kinds.ts';
import { LatencyHistogram } from '../../trace/latency.ts';
import type { TraceReader } from '../../trace/reader.ts';
import { LineStats } from './stats-line.ts';
import type { Row } from './story.ts';

/** Requests whose answer is waited for; of older ones it is taken that none comes. */
const WAITING_MAX = 4096;
/** Requests without answer that are listed; the last ones of a bigger number. */
const LISTED_MAX = 20;
/** Kinds of transactions, and response codes, that are told apart. */
const NAMES_MAX = 200;
/** Spans of equal length into which the time of the trace is cut. */
const SPANS = 30;
const FIRST_SPAN_US = 1_000_000;

/** Requests of one kind on one line. */
export interface TypeStats {
  readonly row: Row;
  requests: number;
  answers: number;
  unanswered: number;
  readonly times: LatencyHistogram;
}

/** What happened in one stretch of time. */
export interface SpanStats {
  requests: number;
  answers: number;
  slowestUs: number;
}

/** What an unanswered request was. */
export type Unanswered = Pick<Row, 'number' | 'timeUs' | 'name' | 'stan' | 'mti' | 'training'>;

/** Adds up a capture, message by message and record by record, in memory of a fixed size. */
export class Stats {
  readonly types = new Map<string, TypeStats>();
  /** By response code, and how many of each kind of transaction had it. */
  readonly codes = new Map<string, { count: number; training: number }>();
  readonly all = new LatencyHistogram();
  readonly line = new LineStats();
  readonly closes = new Map<string, number>();
  readonly unanswered: Unanswered[] = [];
  messages = 0;
  requests = 0;
  answers = 0;
  unansweredCount = 0;
  reversals = 0;
  /** Requests that were sent before: a repeat by message type, or the same trace number again. */
  repeats = 0;
  /** Answers of no request in the capture. */
  strays = 0;
  undecoded = 0;
  connects = 0;
  connected = 0;
  sessions = 0;
  ends = 0;
  records = 0;
  streams = 0;
  firstUs = 0;
  lastUs = 0;
  spanUs = FIRST_SPAN_US;
  readonly spans: SpanStats[] = [];
  private readonly waiting = new Map<number, Row>();
  /** Requests that were sent lately, the last one at the end. */
  private readonly sent = new Set<string>();

  message(row: Row): void {
    this.time(row.timeUs);
    this.messages++;
    this.streams = Math.max(this.streams, row.stream + 1);
    if (row.trouble !== undefined) this.undecoded++;
    if (row.answer) this.answer(row);
    else this.request(row);
  }

  /** A record of a trace that is no message. */
  record(reader: TraceReader): void {
    this.records++;
    this.time(reader.timeUs);
    switch (reader.kind) {
      case Kind.session:
        this.sessions++;
        return;
      case Kind.end:
        this.ends++;
        return;
      case Kind.hostConnect:
        this.connects++;
        return;
      case Kind.hostConnected:
        this.connected++;
        return;
      case Kind.hostClosed: {
        const [kind = '?'] = reader.texts();
        bump(this.closes, /^[\w-]{1,20}$/.test(kind) ? kind : '?');
        return;
      }
      default:
        this.line.take(reader);
    }
  }

  finish(): void {
    for (const row of this.waiting.values()) this.giveUp(row);
    this.waiting.clear();
    this.line.finish();
  }

  private request(row: Row): void {
    this.requests++;
    if (row.mti[1] === '4') this.reversals++;
    if (this.isRepeat(row)) this.repeats++;
    const type = this.type(row);
    if (type) type.requests++;
    const span = this.span(row.timeUs);
    if (span) span.requests++;
    this.waiting.set(row.number, row);
    if (this.waiting.size <= WAITING_MAX) return;
    for (const [number, oldest] of this.waiting) {
      this.waiting.delete(number);
      this.giveUp(oldest);
      return;
    }
  }

  /** `0201` says so itself; the same message type, batch and trace number of one terminal is the same request, too. */
  private isRepeat({ mti, stan, batch, terminal, training }: Row): boolean {
    const key = `${mti} ${batch} ${stan} ${terminal} ${training ? Link.training : Link.counter}`;
    const again = stan !== '' && this.sent.delete(key);
    this.sent.add(key);
    if (this.sent.size > WAITING_MAX)
      for (const oldest of this.sent) {
        this.sent.delete(oldest);
        break;
      }
    return again || Number(mti[3]) % 2 === 1;
  }

  private answer(row: Row): void {
    this.answers++;
    if (row.code !== '') {
      const code = /^\w{1,4}$/.test(row.code) ? row.code : '?';
      const known = this.codes.get(code);
      if (known) known.count++;
      else if (this.codes.size < NAMES_MAX) this.codes.set(code, { count: 1, training: 0 });
      const counted = this.codes.get(code);
      if (counted && row.training) counted.training++;
    }
    const span = this.span(row.timeUs);
    if (span) {
      span.answers++;
      span.slowestUs = Math.max(span.slowestUs, row.latencyUs);
    }
    const request = this.waiting.get(row.request);
    if (request === undefined) {
      this.strays++;
      return;
    }
    this.waiting.delete(row.request);
    const type = this.type(request);
    if (!type) return;
    type.answers++;
    if (row.latencyUs < 0) return;
    type.times.add(row.latencyUs);
    this.all.add(row.latencyUs);
  }

  private giveUp(row: Row): void {
    this.unansweredCount++;
    const type = this.type(row);
    if (type) type.unanswered++;
    const { number, timeUs, name, stan, mti, training } = row;
    this.unanswered.push({ number, timeUs, name, stan, mti, training });
    if (this.unanswered.length > LISTED_MAX) this.unanswered.shift();
  }

  private type(row: Row): TypeStats | undefined {
    const key = `${row.training ? Link.training : Link.counter} ${row.mti} ${row.type}`;
    let type = this.types.get(key);
    if (type === undefined && this.types.size < NAMES_MAX) {
      type = { row, requests: 0, answers: 0, unanswered: 0, times: new LatencyHistogram() };
      this.types.set(key, type);
    }
    return type;
  }

  private time(timeUs: number): void {
    if (timeUs === 0) return;
    if (this.firstUs === 0) this.firstUs = timeUs;
    this.lastUs = Math.max(this.lastUs, timeUs);
  }

  /** The span of a moment. When there would be too many, two become one. */
  private span(timeUs: number): SpanStats | undefined {
    if (timeUs === 0 || timeUs < this.firstUs) return undefined;
    let index = Math.floor((timeUs - this.firstUs) / this.spanUs);
    while (index >= SPANS) {
      this.spanUs *= 2;
      const half = Math.ceil(this.spans.length / 2);
      for (let i = 0; i < half; i++) {
        const [a, b] = [this.spans[2 * i], this.spans.at(2 * i + 1)];
        this.spans[i] = {
          requests: a.requests + (b?.requests ?? 0),
          answers: a.answers + (b?.answers ?? 0),
          slowestUs: Math.max(a.slowestUs, b?.slowestUs ?? -1),
        };
      }
      this.spans.length = half;
      index = Math.floor((timeUs - this.firstUs) / this.spanUs);
    }
    while (this.spans.length <= index) this.spans.push({ requests: 0, answers: 0, slowestUs: -1 });
    return this.spans[index];
  }
}

function bump(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
