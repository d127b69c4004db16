import { registerHooks } from 'node:module';
import { installRim, type Patch } from '../simulation/rim.ts';

const DISK = new URL('./matrix-disk.ts', import.meta.url).href;
const SOURCES = new URL('../../src/', import.meta.url).href;

/**
 * Tens of thousands of programs begin here with the same profile: what each would make anew from it, and never changes,
 * is made once. This is the one thing in which the program differs from the shipped one.
 */
const MADE_ONCE: readonly Patch[] = [
  {
    file: 'terminal/machine.ts',
    from: 'this.steps = allSteps(profile);',
    to: `const key = JSON.stringify(profile);
    const made = (globalThis as any).matrixMachines ??= new Map();
    if (!made.has(key)) made.set(key, allSteps(profile));
    this.steps = made.get(key);`,
  },
  {
    file: 'runtime/boot.ts',
    from: 'const plan = compileFieldPlan(profile.dialect, profile.acquirer.dialectOptions);',
    to: `const made = (globalThis as any).matrixPlans ??= new Map();
  if (!made.has(profile)) made.set(profile, compileFieldPlan(profile.dialect, profile.acquirer.dialectOptions));
  const plan: ReturnType<typeof compileFieldPlan> = made.get(profile);`,
  },
];

/** The rim of the money simulation, with the disk of the matrix under the program. Before the program is loaded. */
export function installMatrixRim(patches: readonly Patch[] = []): void {
  installRim([...MADE_ONCE, ...patches]);
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'node:sqlite' && context.parentURL?.startsWith(SOURCES)) return next(DISK, context);
      return next(specifier, context);
    },
  });
}
