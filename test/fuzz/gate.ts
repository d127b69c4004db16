import { describe, expect, test } from 'vitest';
import type { Target } from './dialects.ts';
import { vectors } from './inputs.ts';
import { statusesWithin } from './reach.ts';
import { Run, report } from './run.ts';

/** Any number will do; it is printed with what fails. */
const SEED = 8583;
/** Inputs of one test file, shared among its dialects. */
const INPUTS = Number(process.env['POS8583_FUZZ_INPUTS'] ?? 10_050_000);

/** One test for each dialect; together they try {@link INPUTS} inputs. */
export function gate(title: string, targets: readonly Target[]): void {
  const samples = vectors();
  const share = Math.ceil(INPUTS / targets.length);
  describe(`${title}: ${share} inputs each, seed ${SEED}`, () => {
    test.each(targets.map(target => [target.name, target] as const))('%s', (_, target) => {
      const run = new Run(target, SEED, samples);
      const failure = run.go(share);
      expect(failure === undefined ? '' : report(failure)).toBe('');
      expect(run.inputs).toBe(share);
      const { statuses, fast } = run.judge;
      // Inputs that machine code decoded and encoded; elsewhere than here the fast codec is the walk.
      const coded = target.name.startsWith('unionpay') ? share / 50 : 0;
      expect(fast.decoded).toBeGreaterThanOrEqual(coded);
      expect(fast.encoded).toBeGreaterThanOrEqual(coded);
      const missed = statusesWithin(run.judge.oracle).filter(status => statuses[status] === 0);
      expect(missed, 'statuses that no input ended in').toEqual([]);
    });
  });
}
