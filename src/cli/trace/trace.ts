import type { Command } from 'commander';
import { registerConvert } from './convert.ts';
import { registerDiff } from './diff.ts';
import { registerExplain } from './explain.ts';
import { registerGrep } from './grep.ts';
import type { TraceRim } from './rim.ts';
import { registerShow } from './show.ts';
import { registerStats } from './stats.ts';
import { registerTimeline } from './timeline.ts';
import { registerToTest } from './to-test.ts';
import { registerView } from './view.ts';

/** What all commands of `trace` need from outside. */
export type AllTraceRim = TraceRim &
  Parameters<typeof registerConvert>[1] &
  Parameters<typeof registerStats>[1] &
  Parameters<typeof registerToTest>[1];

/** Adds `trace`: looks into captures of the acquirer line and of whole counters. */
export function register(program: Command, rim: AllTraceRim): void {
  const trace = program
    .command('trace')
    .description('look into a capture: list, show, search, compare and explain messages; convert, redact, make a test');
  registerView(trace, rim);
  registerShow(trace, rim);
  registerTimeline(trace, rim);
  registerGrep(trace, rim);
  registerDiff(trace, rim);
  registerExplain(trace, rim);
  registerStats(trace, rim);
  registerConvert(trace, rim);
  registerToTest(trace, rim);
}
