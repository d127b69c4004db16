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
 * Puts the simulated rim under the program, once for each process and before the program is loaded: `node:sqlite` opens the
 * simulated disk, and password hashes are cheap, because guessing passwords is not what is simulated here. The text of the
 * program is untouched, except by `patches`, which plant the faults that the simulation must find.
 */
export function installRim(patches: readonly Patch[] = []): void {
  const left = new Map<string, Patch[]>();
  for (const patch of patches) left.set(SOURCES + patch.file, [...(left.get(SOURCES + patch.file) ?? []), patch]);
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
