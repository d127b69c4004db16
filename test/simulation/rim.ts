import crypto from 'node:crypto';
import { registerHooks, syncBuiltinESMExports } from 'node:module';

const DISK = new URL('./disk.ts', import.meta.url).href;
const SOURCES = new URL('../../src/', import.meta.url).href;

/** A change of one source text of the program while it is loaded; `from` must stand there exactly once. */
export interface Patch {
  /** Below `src/`. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/**
 * Tens of thousands of programs begin here with the same profile: what each would make anew from it, and never changes,
 * is made once. This is the one thing in which the program differs from the shipped one.
 */
const MADE_ONCE: readonly Patch[] = [
  {
    file: 'terminal/machine.ts',
    from: 'this.steps = allSteps(profile);',
    // What asks a vault about passwords belongs to one program.
    to: `const key = profile.passwords ? Math.random() : JSON.stringify(profile);
    const made = (globalThis as any).simulatedMachines ??= new Map();
    if (!made.has(key)) made.set(key, allSteps(profile));
    if (made.size > 64) made.delete(made.keys().next().value);
    this.steps = made.get(key);`,
  },
  {
    file: 'runtime/boot.ts',
    from: 'const plan = compileFieldPlan(profile.dialect, profile.acquirer.dialectOptions);',
    to: `const made = (globalThis as any).simulatedPlans ??= new WeakMap();
  if (!made.has(profile)) made.set(profile, compileFieldPlan(profile.dialect, profile.acquirer.dialectOptions));
  const plan: ReturnType<typeof compileFieldPlan> = made.get(profile);`,
  },
];

/**
 * Puts the simulated rim under the program, once for each process and before the program is loaded: `node:sqlite` opens the
 * simulated disk, and password hashes are cheap, because guessing passwords is not what is simulated here. The text of the
 * program is untouched, except by {@link MADE_ONCE} and by `patches`, which plant the faults that the simulation must find.
 */
export function installRim(patches: readonly Patch[] = []): void {
  const left = new Map<string, Patch[]>();
  for (const patch of [...MADE_ONCE, ...patches])
    left.set(SOURCES + patch.file, [...(left.get(SOURCES + patch.file) ?? []), patch]);
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'node:sqlite' && context.parentURL?.startsWith(SOURCES)) return next(DISK, context);
      return next(specifier, context);
    },
    load(url, context, next) {
      const loaded = next(url, context);
      const due = left.get(url);
      if (!due) return loaded;
      let text = String(loaded.source);
      for (const patch of due) {
        const parts = text.split(patch.from);
        if (parts.length !== 2)
          throw new Error(`${patch.file} holds the text to be changed ${parts.length - 1} times: ${patch.from}`);
        text = parts.join(patch.to);
      }
      return { ...loaded, source: text };
    },
  });
  crypto.scryptSync = ((password: string, salt: Uint8Array) =>
    crypto.createHash('sha256').update(password).update(salt).digest()) as typeof crypto.scryptSync;
  syncBuiltinESMExports();
}
