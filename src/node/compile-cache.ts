import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * Lets the engine keep in `folder` what it compiled, so that the next start need not compile the same sources again. Call
 * it before the program is loaded. A folder that cannot be written or read changes nothing but the time of a start.
 */
export function keepCompiled(folder: URL): void {
  enableCompileCache({ directory: fileURLToPath(folder) });
}
