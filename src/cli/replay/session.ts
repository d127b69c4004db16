import { failed, fault, ok, type Fault, type Result } from '../../fault.ts';
import { openClock } from '../../node/clock.ts';
import { openTimers } from '../../node/timers.ts';
import type { Difference } from '../../replay/difference.ts';
import { openSession, type Outcome, type Session, SessionReplay } from '../../replay/session.ts';
import { boot } from '../../runtime/boot.ts';
import { reversalPolicyOf } from '../../runtime/reversal.ts';
import type { ByteSource } from '../../trace/kinds.ts';
import type { Peeked } from '../../trace/open.ts';
import { TraceReader } from '../../trace/reader.ts';
import { CountedTape } from './counted-tape.ts';
import { ReplayProgress } from './progress.ts';
import { tellTroubles } from '../trace/reading.ts';
import { type Zone, zoneNamed } from '../trace/zone.ts';
import { type Bound, momentText, parseBound } from './range.ts';
import { nothing, refuse, type ReplayFlags, type ReplayRim } from './replay.ts';
import { type Lang, ReplayExit } from './words.ts';

/** Events between two looks at the clock. */
const BATCH = 256;
/** A pause of the recording is not sat out longer than this, milliseconds. */
const PAUSE_MAX_MS = 60_000;

/** Where a replay is to end before the session does. */
type End = Bound | { readonly kind: 'step'; readonly step: string };

/** What is told of one session. */
interface Report {
  readonly session: number;
  readonly profile: string;
  readonly startedMs: number;
  readonly records: number;
  readonly screens: number;
  readonly requests: number;
  readonly journalRecords: number;
  /** `until`: the end that a person asked for was reached, everything equal. */
  readonly result: 'equal' | 'different' | 'stopped' | 'until' | 'refused';
  /** False: the process was killed, the end of its session is missing. */
  readonly complete?: boolean;
  readonly difference?: Difference;
  readonly why?: string;
  readonly seconds: number;
}

/**
 * Runs the sessions of a trace again: all of them, or the one that `--session` names. Standard input is read once, so only one
 * can be run. Resolves to the exit status.
 */
export async function replaySession(
  path: string,
  peeked: Peeked,
  zone: Zone | undefined,
  flags: ReplayFlags,
  rim: ReplayRim,
): Promise<number> {
  const wanted = sessionNumber(flags.session);
  if (!wanted.ok) return refuse(rim, wanted.fault, ReplayExit.usage);
  if (flags.toTerminal !== undefined) {
    const { showSession } = await import('./show.ts');
    return showSession(path, peeked, wanted.value ?? 1, zone, flags, rim);
  }
  const only = wanted.value ?? (path === '-' ? 1 : undefined);
  const reports: Report[] = [];
  let status: number = ReplayExit.equal;
  for (let number = only ?? 1; only === undefined || number === only; number++) {
    const source = number === (only ?? 1) ? ok(peeked) : rim.openSource(path);
    if (!source.ok) return refuse(rim, source.fault, ReplayExit.unreadable);
    const reader = new TraceReader(source.value);
    const report = await one(number, reader, source.value.size, flags, rim);
    if ('close' in source.value) (source.value as ByteSource & { close(): void }).close();
    const over = !report.ok && report.fault.name === 'no-session' && reports.length > 0;
    // Who reads to the end of the file meets all that cannot be read in it: sessions may be missing there.
    if ((over || only !== undefined) && reader.troubleCount > 0) {
      tellTroubles({ messages: reader }, flags.lang, rim);
      if (status === ReplayExit.equal) status = ReplayExit.unreadable;
    }
    if (!report.ok) {
      if (over) break;
      if (report.fault.name === 'bad-bound') return refuse(rim, report.fault, ReplayExit.usage);
      const none = report.fault.name === 'no-session';
      return refuse(rim, none ? nothing(`${path}: ${report.fault.cause}`) : report.fault, ReplayExit.unreadable);
    }
    const { zone, ...told } = report.value;
    reports.push(told);
    const { result } = told;
    if (result === 'different' || result === 'refused') status = ReplayExit.different;
    if (!flags.json && (!flags.quiet || result === 'different' || result === 'refused'))
      rim.print(reportText(told, zone, flags.lang));
  }
  if (flags.json) rim.print(JSON.stringify({ clean: status === ReplayExit.equal, sessions: reports }, undefined, 2));
  return status;
}

async function one(
  number: number,
  reader: TraceReader,
  size: number | undefined,
  flags: ReplayFlags,
  rim: ReplayRim,
): Promise<Result<Report & { readonly zone: Zone }>> {
  const opened = openSession(reader, number);
  if (!opened.ok) {
    // The others of the file may still be run.
    if (opened.fault.name !== 'session-state') return opened;
    return ok({ ...refused(number, opened.fault), zone: { name: undefined, local: rim.local } });
  }
  const tape = new CountedTape(reader);
  const session: Session = { ...opened.value, tape };
  const zone = zoneNamed(session.begin.zone);
  if (zone === undefined) return failed(unknownZone(session.begin.zone));
  const end = endOf(flags.until, zone);
  if (!end.ok) return end;
  const replay = new SessionReplay(session, { boot, reversalPolicy: reversalPolicyOf, local: () => zone.local });
  const clock = openClock();
  const start = clock.monotonicMs();
  const seconds = (): number => (clock.monotonicMs() - start) / 1000;
  const progress = new ReplayProgress(rim.console, flags.lang, flags.quiet);
  const speed = flags.speed ?? 0;
  let reached = false;
  for (let event = 1; replay.step(); event++) {
    reached = isReached(end.value, tape, replay.next?.index ?? 0, replay.next?.timeUs ?? 0);
    if (reached) break;
    if (event % BATCH === 0 || speed > 0)
      progress.show({ offset: reader.offset, size, messages: tape.requests, seconds: seconds() });
    if (speed > 0 && replay.next !== undefined) await pause((replay.next.timeUs - tape.lastUs) / 1000 / speed);
  }
  progress.end();
  const { records, screens, requests, journalRecords } = tape;
  const { profile, startedMs } = session.begin;
  const counts = { records: replay.records, screens, requests, journalRecords };
  const base = { zone, session: number, profile, startedMs, ...counts, seconds: seconds() };
  const { outcome } = replay;
  return ok({
    ...base,
    ...(outcome === undefined || reached ? { result: 'until' as const, records } : resultOf(outcome)),
  });
}

function resultOf(outcome: Outcome): Pick<Report, 'result' | 'complete' | 'difference' | 'why'> {
  switch (outcome.kind) {
    case 'same':
      return { result: 'equal', complete: outcome.complete };
    case 'differs':
      return { result: 'different', difference: outcome.difference };
    case 'stopped':
      return { result: 'stopped', why: outcome.why };
  }
}

function refused(session: number, f: Fault): Report {
  const none = { profile: '', startedMs: 0, records: 0, screens: 0, requests: 0, journalRecords: 0, seconds: 0 };
  return { session, ...none, result: 'refused', why: `${f.cause}. ${f.remedy}` };
}

/** Waits as long as the recording did. */
function pause(ms: number): Promise<void> {
  if (!(ms > 0)) return Promise.resolve();
  return new Promise(resolve => openTimers().set(Math.min(ms, PAUSE_MAX_MS), resolve));
}

function unknownZone(name: string): Fault {
  return fault(
    'E_ILLEGAL',
    'unknown-zone',
    `the trace was made in the time zone ${JSON.stringify(name)}, which this computer does not know`,
    'Use a Node.js with full ICU data',
  );
}

/** Number of a session; undefined: all of them. */
export function sessionNumber(text: string | true | undefined): Result<number | undefined> {
  if (text === undefined) return ok(undefined);
  if (text === true) return ok(1);
  if (/^[1-9]\d{0,8}$/.test(text)) return ok(Number(text));
  return failed(
    fault('E_ILLEGAL', 'bad-session', `--session ${text} is no number of a session`, 'Give a number from 1'),
  );
}

function endOf(text: string | undefined, zone: Zone): Result<End | undefined> {
  if (text === undefined) return ok(undefined);
  const bound = parseBound('--until', text, zone);
  if (bound.ok) return bound;
  // Steps have the names that the trace shows beside its screens.
  return /^[A-Za-z][\w./-]{0,63}$/.test(text) ? ok({ kind: 'step', step: text }) : bound;
}

function isReached(end: End | undefined, tape: CountedTape, nextIndex: number, nextUs: number): boolean {
  switch (end?.kind) {
    case undefined:
      return false;
    case 'number':
      return nextIndex > end.number;
    case 'time':
      return nextUs > end.timeUs;
    case 'step':
      return tape.step === end.step;
  }
}

const RESULTS: Readonly<Record<Lang, Readonly<Record<Report['result'], string>>>> = {
  en: {
    equal: 'equal',
    different: 'DIFFERENT',
    stopped: 'equal up to a point where no replay goes on',
    until: 'equal up to the end that was asked for',
    refused: 'cannot be run',
  },
  zh: {
    equal: '一致',
    different: '不一致',
    stopped: '一致, 到此无法继续重放',
    until: '一致, 到指定处为止',
    refused: '无法重放',
  },
};

function reportText(report: Report, zone: Zone, lang: Lang): string {
  const { session, profile, records, screens, requests, journalRecords, result, difference, why } = report;
  const zh = lang === 'zh';
  const head = zh ? `会话 ${session}` : `session ${session}`;
  const counts = zh
    ? `${records} 条记录, ${screens} 屏, ${requests} 条请求, ${journalRecords} 条流水`
    : `${records} records, ${screens} screens, ${requests} requests, ${journalRecords} journal records`;
  const begun = profile === '' ? '' : ` (${profile}, ${momentText(report.startedMs * 1000, zone)})`;
  const lines = [`${head}${begun}: ${counts}: ${RESULTS[lang][result]}${why === undefined ? '' : `: ${why}`}`];
  if (report.complete === false)
    lines.push(zh ? '  会话没有正常结束: 进程被终止' : '  the session has no end: its process was killed');
  if (difference !== undefined) {
    const { index, timeUs, device, part, recorded, replayed } = difference;
    const where = part === '' ? device : `${device}, ${part}`;
    lines.push(`  ${zh ? '记录' : 'record'} ${index}, ${momentText(timeUs, zone)}, ${where}`);
    lines.push(`    ${zh ? '原为' : 'recorded'}: ${recorded}`, `    ${zh ? '重放' : 'replayed'}: ${replayed}`);
  }
  return lines.join('\n');
}
