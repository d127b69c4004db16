import { availableParallelism } from 'node:os';
import { type Soaked, NO_FIGURES, figure } from '../soak.ts';
import { type Asked, EVERY, failures, type Figures, matrix, shares } from './matrix-fleet.ts';

export interface SoakOptions {
  /** At most so long, every byte group of the terminal line a crash point. Without it: the share of a change, whole. */
  readonly minutes?: number | undefined;
  /** One point, `NAME:12` or `NAME:12-lost`, told as a story; or a scenario with all its points. */
  readonly case?: string | undefined;
}

const POINTS_WANTED = 25_000;
/** Many, so that no core is left over at the end. */
const SHARES_PER_CORE = 32;

/** The crash matrix on all cores, or one point as a story. */
export async function soak({ minutes, case: id }: SoakOptions): Promise<Soaked> {
  if (id !== undefined) {
    const told = await matrix(['--only', id, '--every', '1'], text => console.log(text));
    for (const text of failures(told)) console.log(`  ${text}`);
    return { status: told.bad.length > 0 ? 1 : 0, figures: NO_FIGURES };
  }
  const began = performance.now();
  const cores = availableParallelism();
  const parts = cores * SHARES_PER_CORE;
  const left = Array.from({ length: parts }, (_, index) => `${index + 1}/${parts}`);
  const all: Figures[] = [];
  const next = (): Asked | undefined => {
    const part = left.shift();
    if (part === undefined) return undefined;
    if (minutes === undefined) return { part };
    // What is left of the time for this share and those that this core still has to do.
    const seconds = (minutes * 60 - (performance.now() - began) / 1000) / Math.ceil((left.length + 1) / cores);
    return { part, seconds: Math.max(1, Math.round(seconds)) };
  };
  const flags = ['--every', minutes === undefined ? EVERY : '1'];
  await Promise.all(Array.from({ length: cores }, () => shares(flags, next, figures => all.push(figures))));
  const sum = (of: 'points' | 'possible' | 'scenarios'): number => all.reduce((n, one) => n + one[of], 0);
  const found = all.flatMap(failures);
  for (const text of found) console.log(`  ${text}`);
  const cut = all.some(one => one.cutShort) ? ', ended by the time that was given' : '';
  const took = ((performance.now() - began) / 60_000).toFixed(1);
  console.log(
    `crash points: ${sum('points')} of ${sum('possible')}, scenarios: ${sum('scenarios')}, violations: ${found.length}, minutes: ${took}${cut}`,
  );
  return {
    status: found.length > 0 ? 1 : 0,
    figures: [
      figure('crash points in virtual time', POINTS_WANTED, sum('points')),
      figure('violations at them', 0, found.length, true),
    ],
  };
}
