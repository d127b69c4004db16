/**
 * Delta debugging: the fewest of `all` with which `fails` still holds, none of which can be left out alone. `fails(all)` is
 * known to hold. At most `triesMax` questions are asked.
 */
export function minimise(
  all: readonly number[],
  fails: (kept: readonly number[]) => boolean,
  triesMax = 200,
): number[] {
  let kept = [...all];
  let parts = 2;
  let tries = 0;
  while (kept.length > 0 && tries < triesMax) {
    const size = Math.ceil(kept.length / parts);
    let smaller: number[] | undefined;
    for (let at = 0; at < kept.length && tries < triesMax; at += size) {
      const without = [...kept.slice(0, at), ...kept.slice(at + size)];
      tries++;
      if (!fails(without)) continue;
      smaller = without;
      break;
    }
    if (smaller) {
      kept = smaller;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) break;
    else parts = Math.min(kept.length, parts * 2);
  }
  return kept;
}
