import { availableParallelism } from 'node:os';
import { failures, type Figures, matrix } from './matrix-fleet.ts';

export interface SoakOptions {
  readonly minutes: number;
  /** One point, `NAME:12` or `NAME:12-lost`, told as a story; or a scenario with all its points. */
  readonly case?: string | undefined;
}

/**
 * The whole crash matrix, every byte group of the terminal line too, on all cores for at most so many minutes; or one
 * point as a story. Returns the exit status.
 */
export async function soak({ minutes, case: id }: SoakOptions): Promise<number> {
  if (id !== undefined) {
    const figures = await matrix(['--only', id, '--every', '1'], text => console.log(text));
    return ended([figures]);
  }
  const cores = availableParallelism();
  const seconds = String(Math.max(1, Math.round(minutes * 60)));
  const parts = Array.from({ length: cores }, (_, index) => `${index + 1}/${cores}`);
  return ended(await Promise.all(parts.map(part => matrix(['--part', part, '--every', '1', '--seconds', seconds]))));
}

function ended(all: readonly Figures[]): number {
  const sum = (of: 'points' | 'possible' | 'scenarios' | 'events'): number => all.reduce((n, one) => n + one[of], 0);
  const found = all.flatMap(failures);
  const cut = all.some(one => one.cutShort) ? ', ended by the time that was given' : '';
  console.log(`crash points: ${sum('points')}, scenarios: ${sum('scenarios')} (${sum('events')} events${cut})`);
  console.log(`violations:   ${found.length}`);
  for (const text of found) console.log(`  ${text}`);
  return found.length > 0 ? 1 : 0;
}
