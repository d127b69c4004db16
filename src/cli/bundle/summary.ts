import type { HostFacts } from '../../node/host-facts.ts';
import { timeText } from '../evidence/time.ts';
import type { JournalFacts } from './journal-part.ts';
import type { LogFacts } from './log-part.ts';
import type { TraceFacts } from './trace-part.ts';

/** Troubles of a trace that are named in the text. */
const TROUBLES_SHOWN = 5;

/** All that a bundle says beside the trace and the log themselves. */
export interface BundleFacts {
  readonly format: 1;
  readonly madeMs: number;
  /** Version of this program. */
  readonly version: string;
  readonly host: HostFacts;
  readonly profile?: { readonly id: string; readonly version: number; readonly digest?: string };
  readonly port?: Readonly<Record<string, unknown>>;
  readonly journal: JournalFacts;
  readonly trace?: TraceFacts;
  readonly log?: LogFacts;
  /** What was asked for and could not be put in. */
  readonly missing: readonly string[];
}

/** The first page, for the person who opens the bundle. */
export function summaryOf(facts: BundleFacts): string {
  const { host, profile, port, trace, log } = facts;
  const lines = ['诊断包 SUPPORT BUNDLE', ''];
  const row = (name: string, text: string): void => void lines.push(`${name.padEnd(12)}${text}`);
  row('made', timeText(facts.madeMs));
  row('program', `pos8583 ${facts.version}, Node.js ${host.node}`);
  row('computer', `${host.system}, ${host.memoryMegabytes} MB, ${host.zone}`);
  if (profile)
    row('profile', `${profile.id} version ${profile.version}${profile.digest ? `, SHA-256 ${profile.digest}` : ''}`);
  if (port) row('port', Object.values(port).filter(Boolean).join(' '));
  lines.push('', '账本 JOURNAL', ...journalLines(facts.journal));
  if (trace) lines.push('', '跟踪 TRACE', ...traceLines(trace));
  if (log) lines.push('', '日志 LOG', `  ${log.lines} lines${log.leftOut > 0 ? `, ${log.leftOut} left out` : ''}`);
  if (facts.missing.length > 0) lines.push('', '缺少 MISSING', ...facts.missing.map(text => `  ${text}`));
  lines.push('', 'Card data in it are stand-ins: nothing here may hurt a cardholder.');
  if (trace)
    lines.push('Look at it with `pos8583 trace view trace.p85t`, run it again with `pos8583 replay trace.p85t`.');
  return `${lines.join('\n')}\n`;
}

function journalLines(facts: JournalFacts): string[] {
  if ('unreadable' in facts) return [`  ! ${facts.unreadable}`];
  const { verify, counts } = facts;
  return [
    verify.ok
      ? `  whole: ${verify.records} records, anchor ${verify.anchor}`
      : `  ! damaged at record ${verify.seq}: ${verify.why}`,
    `  batch ${facts.batch}: ${counts.batch} transactions${facts.settlement ? `; settlement of ${facts.settlement.batch} stands at ${facts.settlement.stage}` : ''}`,
    `  reversals owed ${counts.owed}, held ${counts.held}; refunds unknown ${counts.unknownRefunds}, held ${counts.heldRefunds}; cases open ${counts.openCases}; notices waiting ${counts.noticesWaiting}`,
  ];
}

function traceLines(trace: TraceFacts): string[] {
  const { sessions, terminal, acquirer } = trace.links;
  const counted = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ') || 'none';
  const slowest = Object.entries(terminal.commands)
    .filter(([, one]) => one.answers > 0)
    .sort(([, a], [, b]) => b.maxMs - a.maxMs)
    .slice(0, 3)
    .map(([name, one]) => `${name} ${one.maxMs.toFixed(0)} ms`);
  const more = trace.troubleCount - TROUBLES_SHOWN;
  return [
    `  ${trace.records} records, ${timeText(trace.fromMs)} to ${timeText(trace.untilMs)}${trace.leftOut > 0 ? `; ${trace.leftOut} older ones found no room` : ''}`,
    `  starts ${sessions.begun}, ends: ${counted(sessions.ended)}; cut off ${sessions.cutOff}`,
    `  terminal: opened ${terminal.opened}, closed: ${counted(terminal.closed)}; packets in ${terminal.packetsIn}, out ${terminal.packetsOut}`,
    `    damaged: ${counted(terminal.badPackets)}; NAK in ${terminal.naksIn}, out ${terminal.naksOut}; noise ${terminal.noise} bytes${slowest.length > 0 ? `; slowest ${slowest.join(', ')}` : ''}`,
    `  acquirer: connects ${acquirer.connects}, made ${acquirer.connected}, closed: ${counted(acquirer.closed)}`,
    `    requests ${acquirer.requests}, answered ${acquirer.answers} (mean ${acquirer.meanMs.toFixed(0)} ms, at most ${acquirer.maxMs.toFixed(0)} ms), without answer ${acquirer.unanswered}`,
    ...trace.troubles.slice(0, TROUBLES_SHOWN).map(({ offset, why }) => `  ! offset ${offset}: ${why}`),
    ...(more > 0 ? [`  ! and ${more} more places that could not be read`] : []),
  ];
}
