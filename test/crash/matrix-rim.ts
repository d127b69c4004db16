import { registerHooks } from 'node:module';
import { installRim, type Patch } from '../simulation/rim.ts';

const DISK = new URL('./matrix-disk.ts', import.meta.url).href;
const SOURCES = new URL('../../src/', import.meta.url).href;

/** The rim of the money simulation, with the disk of the matrix under the program. Before the program is loaded. */
export function installMatrixRim(patches: readonly Patch[] = []): void {
  installRim(patches);
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'node:sqlite' && context.parentURL?.startsWith(SOURCES)) return next(DISK, context);
      return next(specifier, context);
    },
  });
}
