import { expect, test } from 'vitest';
import { targetNamed } from './dialects.ts';
import { vectors } from './inputs.ts';
import { Judge } from './judge.ts';
import { planted } from './planted.ts';
import { Run, report } from './run.ts';

/** Below what each dialect gets in the gate. */
const BUDGET = 200_000;
const SEED = 8583;
const samples = vectors();

test.each(planted.map(each => [each.what, each] as const))(
  'the gate finds a codec that %s',
  (_, { target, view, builder, codec }) => {
    const of = targetNamed(target);
    const run = new Run(
      of,
      SEED,
      samples,
      view && (plan => view(of, plan)),
      builder && (plan => builder(of, plan)),
      codec && (plan => codec(of, plan)),
    );
    const failure = run.go(BUDGET);
    expect(failure, `not found in ${BUDGET} inputs`).toBeDefined();
    if (failure === undefined) return;
    expect(failure.small.length).toBeLessThanOrEqual(failure.bytes.length);
    // It was the planted mistake that was found: the real codec is right on both inputs.
    for (const input of [failure.bytes, failure.small]) {
      expect(new Judge(of).check(input, input.length, true)).toBeUndefined();
    }
    expect(report(failure)).toContain(`--dialect ${target} --hex`);
  },
);
