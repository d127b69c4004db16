import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

/** In the folder of the program and not in one that every user of this host may write: what lies there is run. */
const FOLDER = fileURLToPath(new URL('../../node_modules/.cache/pos8583-compiled', import.meta.url));

/**
 * Lets the engine keep what it compiled, so that the next start need not compile the same sources again. Call it before
 * the program is loaded. A folder that cannot be written or read changes nothing but the time of a start.
 */
export function keepCompiled(): void {
  enableCompileCache({ directory: FOLDER });
}
