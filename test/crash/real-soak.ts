import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Lane } from './real-lane.ts';
import { Matrix, type Summary, chooseCase, hasStrace } from './real-matrix.ts';

export interface SoakOptions {
  readonly minutes: number;
  /** One case, such as `sale:eio:fsync:2`, or a scenario without a fault. */
  readonly case?: string;
}

/** What was done, in figures. */
export function summaryText(summary: Summary): string {
  const { injections, byFault, byScenario, failures, seconds } = summary;
  const list = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, n]) => `${name} ${n}`)
      .join(', ');
  return [
    `${injections} injections into the real process in ${seconds} s (${list(byFault)}), ${failures.length} failed`,
    `  ${list(byScenario)}`,
  ].join('\n');
}

/** The whole matrix, again and again until the time is over; or one case. Returns the exit status. */
export async function soak(options: SoakOptions): Promise<number> {
  if (options.case !== undefined) return one(options.case);
  if (!hasStrace())
    console.log('strace is missing (apt-get install strace): kills only, near the writes of the journal');
  const endMs = performance.now() + options.minutes * 60_000;
  let failed = 0;
  for (let round = 1; performance.now() < endMs && failed === 0; round++) {
    const minutes = (endMs - performance.now()) / 60_000;
    const summary = await new Matrix({ minutes, say: line => console.log(line) }).run();
    failed += summary.failures.length;
    console.log(`round ${round}: ${summaryText(summary)}`);
  }
  return failed > 0 ? 1 : 0;
}

async function one(id: string): Promise<number> {
  const chosen = chooseCase(id);
  if (typeof chosen === 'string') {
    console.error(`soak: ${chosen}`);
    return 2;
  }
  const { scenario, injection } = chosen;
  if (injection && injection.call !== 'growth' && !hasStrace()) {
    console.error(`soak: ${id} needs strace: apt-get install strace`);
    return 2;
  }
  const lane = new Lane(mkdtempSync(join(tmpdir(), 'pos8583-crash-')), hasStrace());
  try {
    await lane.open();
    const result = await lane.run(scenario, injection);
    const struck = injection ? (result.hit ? 'was struck' : 'ended without being hit') : 'was played';
    console.log(`${id} ${struck}; the runtime: ${result.ended}; calls: ${JSON.stringify(result.audit.counts)}`);
    for (const screen of result.screens) console.log(`  ${screen}`);
    for (const violation of result.violations) console.log(`WRONG ${violation}`);
    console.log(`files: ${lane.folder}`);
    return result.violations.length > 0 ? 1 : 0;
  } finally {
    await lane.close();
  }
}
