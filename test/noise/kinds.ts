import type { NoiseKind } from './damage.ts';

/** Kinds of noise that the gate measures, with how many sessions of six wishes. */
export const KINDS = {
  none: { name: 'none' },
  e5: { name: 'bit errors 1e-5', bitErrors: 1e-5 },
  e4: { name: 'bit errors 1e-4', bitErrors: 1e-4 },
  e3: { name: 'bit errors 1e-3', bitErrors: 1e-3 },
  bursts: { name: 'bursts, 1 in 500 bytes', bursts: 2e-3 },
  lost: { name: 'lost, 1 in 1000 bytes', lost: 1e-3 },
  doubled: { name: 'doubled, 1 in 1000 bytes', doubled: 1e-3 },
  stray: { name: 'stray bytes every 2 s', strayEveryMs: 2000 },
  unplug: { name: 'pulled every 20 s', unplugEveryMs: 20_000 },
  all: {
    name: 'all of them, weaker',
    bitErrors: 1e-4,
    bursts: 1e-4,
    lost: 1e-4,
    doubled: 1e-4,
    strayEveryMs: 5000,
    unplugEveryMs: 60_000,
  },
} as const satisfies Record<string, NoiseKind>;

export type KindName = keyof typeof KINDS;

/** Sessions of each kind in one run of the gate. */
export const SESSIONS: Readonly<Record<KindName, number>> = {
  none: 3, e5: 30, e4: 30, e3: 8, bursts: 15, lost: 12, doubled: 12, stray: 8, unplug: 12, all: 12,
}; // prettier-ignore
