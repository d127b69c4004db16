import { CLASSES, type CodecCount, codecNoise } from './codec.ts';
import { KINDS, type KindName, SESSIONS } from './kinds.ts';
import { newTally, session, type Tally } from './session.ts';
import { codecTable, counterTable } from './table.ts';
import { type Soaked, figure } from '../soak.ts';

export interface SoakOptions {
  /** Without it: one round. */
  readonly minutes?: number | undefined;
  readonly seed: number;
}

const CODEC_PACKETS = 50_000;
/** The 256-byte packet is the one for which weak check bytes are usually measured. */
const LENGTHS = [64, 256] as const;

/**
 * Rounds of the gate with other seeds, nine tenths of the time for whole counters, one tenth for packets alone; prints both
 * tables. Status 1 when money, card or paper was wrong, with the seed that shows it again.
 */
export function soak(options: SoakOptions): Soaked {
  const { minutes = 0 } = options;
  const started = performance.now();
  const end = started + minutes * 60_000;
  const tallies = new Map<KindName, Tally>();
  for (const name of names()) tallies.set(name, newTally(KINDS[name]));
  const wrong = (): string[] => [...tallies.values()].flatMap(tally => tally.wrong);
  const countersEnd = started + minutes * 54_000;
  // The first round is run to its end, however short the time: figures of nothing prove nothing.
  for (let round = 0; round === 0 || performance.now() < countersEnd; round++) {
    for (const name of names())
      for (let n = 0; n * 10 < SESSIONS[name]; n++) session(tallies.get(name)!, options.seed + round * 100 + n);
    if (wrong().length > 0) break;
  }
  const counts = new Map<string, CodecCount>();
  for (let round = 0; round === 0 || performance.now() < end; round++)
    for (const length of LENGTHS)
      for (const errors of CLASSES)
        add(counts, `${errors} ${length}`, codecNoise(errors, CODEC_PACKETS, length, options.seed + round));
  console.log(counterTable([...tallies.values()]));
  for (const length of LENGTHS) {
    console.log(`\npackets of ${length} bytes`);
    console.log(codecTable(CLASSES.map(errors => counts.get(`${errors} ${length}`)!)));
  }
  const found = wrong();
  for (const one of found.slice(0, 5)) console.error(one);
  if (found.length > 0) console.error(`again: node scripts/soak.mjs noise --seed ${options.seed}`);
  return {
    status: found.length === 0 ? 0 : 1,
    figures: [figure('wrong amounts, cards, slips on a noisy line', 0, found.length, true)],
  };
}

const names = (): KindName[] => Object.keys(KINDS) as KindName[];

function add(counts: Map<string, CodecCount>, name: string, more: CodecCount): void {
  const sum = counts.get(name);
  if (!sum) return void counts.set(name, more);
  for (const key of ['packets', 'damaged', 'whole', 'missedWhole', 'missedBroken', 'lrcMissed'] as const)
    sum[key] += more[key];
}
