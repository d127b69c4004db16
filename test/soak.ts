/** One promised figure and what a run came to. */
export interface Figure {
  readonly what: string;
  readonly wanted: string;
  readonly got: string;
  readonly reached: boolean;
}

/** What a part of `scripts/soak.mjs` came to. `status`: 1 when something wrong was found. */
export interface Soaked {
  readonly status: number;
  readonly figures: readonly Figure[];
}

export const NO_FIGURES: readonly Figure[] = [];

/** At least `wanted`; at most when `most` is set. */
export function figure(what: string, wanted: number, got: number, most = false): Figure {
  const sign = most ? '≤' : '≥';
  return {
    what,
    wanted: wanted === 0 && most ? '0' : `${sign} ${wanted.toLocaleString('en')}`,
    got: got.toLocaleString('en'),
    reached: most ? got <= wanted : got >= wanted,
  };
}
