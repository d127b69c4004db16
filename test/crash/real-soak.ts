import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Soaked, NO_FIGURES, figure } from '../soak.ts';
import { faultLibrary } from './real-faults.ts';
import { Lane } from './real-lane.ts';
import { Matrix, type Summary, chooseCase } from './real-matrix.ts';

export interface SoakOptions {
  /** As many whole rounds as fit in. Without it: as many cases as {@link INJECTIONS_WANTED}, evenly taken from all. */
  readonly minutes?: number | undefined;
  /** One case, such as `sale:eio:fsync:2`, or a scenario without a fault. */
  readonly case?: string | undefined;
}

const INJECTIONS_WANTED = 1_500;
/** What a person must do where {@link faultLibrary} gives nothing. */
export const NO_LIBRARY =
  'the disk cannot be broken without a C compiler, cc, on Linux (apt-get install gcc libc6-dev)';

/** What was done, in figures: the first line is the whole. */
export function summaryText(
  summary: Pick<Summary, 'injections' | 'cases' | 'byFault' | 'byScenario' | 'seconds'>,
  failed: number,
): string {
  const { injections, cases, byFault, byScenario, seconds } = summary;
  const list = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, n]) => `${name} ${n}`)
      .join(', ');
  const scenarios = Object.keys(byScenario).length;
  return [
    `injections: ${injections} of ${cases} cases (${list(byFault)}), scenarios: ${scenarios}, violations: ${failed}, minutes: ${(seconds / 60).toFixed(1)}`,
    `  ${list(byScenario)}`,
  ].join('\n');
}

/** The whole matrix, again and again when there is a time to fill; a fair share of it when there is none; or one case. */
export async function soak(options: SoakOptions): Promise<Soaked> {
  if (options.case !== undefined) return { status: await one(options.case), figures: NO_FIGURES };
  if (!faultLibrary()) console.log(`${NO_LIBRARY}: kills only, near the writes of the journal`);
  const began = performance.now();
  const endMs = began + (options.minutes ?? Infinity) * 60_000;
  const all = { injections: 0, cases: 0, byFault: {}, byScenario: {}, seconds: 0 };
  let failed = 0;
  for (let round = 1; round === 1 || (options.minutes !== undefined && failed === 0); round++) {
    const minutes = (endMs - performance.now()) / 60_000;
    if (minutes <= 0) break;
    const summary = await new Matrix({
      ...(minutes === Infinity ? { injections: INJECTIONS_WANTED } : { minutes }),
      say: line => console.log(line),
    }).run();
    failed += summary.failures.length;
    all.injections += summary.injections;
    all.cases += summary.cases;
    add(all.byFault, summary.byFault);
    add(all.byScenario, summary.byScenario);
  }
  all.seconds = (performance.now() - began) / 1000;
  console.log(summaryText(all, failed));
  return {
    status: failed > 0 ? 1 : 0,
    figures: [
      figure('disk faults and kills of the real process', INJECTIONS_WANTED, all.injections),
      figure('violations after them', 0, failed, true),
    ],
  };
}

function add(sum: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, n] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + n;
}

async function one(id: string): Promise<number> {
  const chosen = chooseCase(id);
  if (typeof chosen === 'string') {
    console.error(`soak: ${chosen}`);
    return 2;
  }
  const { scenario, injection } = chosen;
  const library = faultLibrary();
  if (injection && injection.call !== 'growth' && !library) {
    console.error(`soak: ${id}: ${NO_LIBRARY}`);
    return 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'pos8583-crash-'));
  const lane = new Lane(folder, library);
  try {
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
