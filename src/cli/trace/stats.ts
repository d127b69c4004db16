import type { Command } from 'commander';
import { failed, fault, ok, type Result } from '../../fault.ts';
import type { LatencyHistogram } from '../../trace/latency.ts';
import { reportText } from '../report/text.ts';
import { isOwnTrace, openReading, openRecords, refuse, tellTroubles } from './reading.ts';
import { EXIT_OK, readingFlags, type TraceFlags, type TraceRim } from './rim.ts';
import { Stats } from './stats-collect.ts';
import { statsReport } from './stats-tables.ts';

/** A part of the capture could not be read; what was read is told. */
const EXIT_PARTLY = 3;

export interface StatsRim extends TraceRim {
  /** Writes a whole file, or none. */
  writeFile(path: string, content: Uint8Array | string): Result<unknown>;
  nowMs(): number;
}

interface StatsFlags extends TraceFlags {
  readonly html?: string;
}

/** Adds `trace stats`: how long everything took, what was answered, and how the line was. */
export function registerStats(trace: Command, rim: StatsRim): void {
  readingFlags(
    trace
      .command('stats')
      .description(
        'answer times by transaction, response codes, reversals, missing answers, and how the serial line was',
      )
      .argument('<file>', 'the capture; - is stdin')
      .option('--html <page>', 'write one HTML file with charts: no script, nothing loaded'),
  )
    .addHelpText('after', '\nExit status: 0 told, 2 usage or unreadable capture, 3 told, but a part could not be read.')
    .action(async (path: string, flags: StatsFlags) => {
      const done = await stats(path, flags, rim);
      if (!done.ok) refuse(rim, done.fault);
    });
}

async function stats(path: string, flags: StatsFlags, rim: StatsRim): Promise<Result<void>> {
  if (flags.html !== undefined && flags.json)
    return failed(fault('E_ILLEGAL', 'two-outputs', '--html and --json were both given', 'Give one of them'));
  const own = flags.format === undefined || flags.format === 'own' ? isOwnTrace(path, rim) : ok(false);
  if (!own.ok) return own;
  // Of standard input it is not known before what it is; then its messages are enough.
  const records = own.value && path !== '-';
  const opened = await (records ? openRecords(path, flags, rim) : openReading(path, flags, rim));
  if (!opened.ok) return opened;
  const reading = opened.value;
  const found = new Stats();
  while (reading.next()) {
    if (reading.atMessage) found.message(reading.row);
    else if (reading.records) found.record(reading.records);
  }
  found.finish();
  reading.close();
  const { profile, zone } = reading.lexicon;
  const report = statsReport(found, path === '-' ? 'stdin' : path, profile, zone);
  rim.setExit(reading.messages.troubleCount > 0 ? EXIT_PARTLY : EXIT_OK);
  tellTroubles(reading, flags.lang, rim);
  if (flags.html !== undefined) {
    const { reportPage } = await import('../report/page.ts');
    const page = await reportPage(
      report,
      { from: [{ zh: '抓包', en: 'trace', text: path }], madeMs: rim.nowMs() },
      flags.lang,
    );
    return written(rim.writeFile(flags.html, page));
  }
  rim.print(flags.json ? JSON.stringify(statsJson(found, path), undefined, 2) : reportText(report, flags.lang));
  return ok(undefined);
}

function written(result: Result<unknown>): Result<void> {
  return result.ok ? ok(undefined) : result;
}

/** The numbers for programs: milliseconds, nothing rounded away. */
function statsJson(stats: Stats, path: string): object {
  const time = (us: number): string | null => (us === 0 ? null : new Date(us / 1000).toISOString());
  const { line } = stats;
  return {
    capture: path,
    first: time(stats.firstUs),
    last: time(stats.lastUs),
    messages: stats.messages,
    requests: stats.requests,
    answers: stats.answers,
    unanswered: stats.unansweredCount,
    strays: stats.strays,
    reversals: stats.reversals,
    repeats: stats.repeats,
    undecoded: stats.undecoded,
    connections: stats.streams,
    sessions: stats.sessions,
    connects: stats.connects,
    connected: stats.connected,
    closed: Object.fromEntries(stats.closes),
    answerTime: timesJson(stats.all),
    types: [...stats.types.values()].map(({ row, requests, answers, unanswered, times }) => ({
      link: row.training ? 'training' : 'acquirer',
      mti: row.mti,
      type: row.type || null,
      requests,
      answers,
      unanswered,
      ...timesJson(times),
    })),
    responses: Object.fromEntries([...stats.codes].map(([code, { count }]) => [code, count])),
    withoutAnswer: stats.unanswered.map(({ number, timeUs, mti, stan }) => ({ number, time: time(timeUs), mti, stan })),
    terminal: {
      ...line.counts,
      acknowledge: timesJson(line.acknowledged),
      commandTimes: Object.fromEntries([...line.commands].map(([name, times]) => [name, timesJson(times)])),
    },
  };
}

function timesJson(times: LatencyHistogram): object {
  if (times.count === 0) return { count: 0 };
  const ms = (us: number): number => Math.round(us) / 1000;
  return {
    count: times.count,
    minMs: ms(times.minUs),
    meanMs: ms(times.sumUs / times.count),
    p50Ms: ms(times.quantileUs(0.5)),
    p90Ms: ms(times.quantileUs(0.9)),
    p99Ms: ms(times.quantileUs(0.99)),
    maxMs: ms(times.maxUs),
  };
}
