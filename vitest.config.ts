import { BaseSequencer } from 'vitest/node';
import type { TestSpecification } from 'vitest/node';
import { defineConfig } from 'vitest/config';

/**
 * The files that take longest, so that none of them is left for the end, when the other worker has nothing to do any more.
 * A fresh clone knows no times of an earlier run, and the size of a file says nothing here.
 */
const LONG = [
  'simulation/money',
  'crash/real.test',
  'terminal/flows',
  'crash/matrix-a',
  'crash/matrix-b',
  'crash/matrix-sabotage',
  'flash/proof',
  'noise/noise',
  'profile/image-proof',
  'fuzz/',
  'allocation/',
  'e2e/',
  'leak/',
  'cli/',
  'scenarios/',
];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex(name => moduleId.includes(`/test/${name}`));
      return at < 0 ? LONG.length : at;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/vectors/**', 'node_modules/**', 'dist/**'],
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongFirst },
    // Node loads the files as it loads the program: as Vite rewrites them, loops over millions of inputs took twice the processor time.
    experimental: { viteModuleRunner: false },
    testTimeout: 180_000,
    hookTimeout: 30_000,
  },
});
