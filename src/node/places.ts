import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Where the files that belong to the program lie. Only this module asks where it stands itself: two folders below the
 * package as source (`src/node`), as compiled (`dist/node`) and as bundled (`dist/bundle`).
 */

/** The file or folder `path` of the package, such as `package.json`. */
export const inPackage = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The file `path` of the program itself, below `src` or `dist`. */
export const inProgram = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** What starts the program. */
export const PROGRAM = inProgram(`main${extname(import.meta.url)}`);
