// Puts the program together: dist/main.js and a few large files in dist/bundle/ instead of one file a module. Finding,
// reading and linking three hundred small files was half of the time of a start. Packages stay outside, in node_modules.
import { rmSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = path => join(root, 'src', path);

/**
 * Commands whose starts count. Each one's file holds all that it needs at once and that the files before it lack; what
 * other commands need besides is cut by the bundler.
 */
const LAYERS = [
  ['version', source('node/version.ts'), source('node/console.ts')],
  ['program', source('cli/program.ts')],
  ['journal', source('cli/journal.ts')],
  ['run', source('cli/run.ts'), source('cli/profiles.ts')],
];

/** Layer of each module that one of them needs at once. */
const layerOf = new Map();

const findLayers = {
  name: 'find-layers',
  buildEnd() {
    for (const [layer, ...open] of LAYERS)
      for (let id = open.pop(); id !== undefined; id = open.pop()) {
        if (layerOf.has(id)) continue;
        const { isExternal, importedIds } = this.getModuleInfo(id);
        if (isExternal) continue;
        layerOf.set(id, layer);
        open.push(...importedIds);
      }
  },
};

const bundle = await rolldown({
  input: source('main.ts'),
  platform: 'node',
  external: id => !id.startsWith('.') && !isAbsolute(id),
  plugins: [findLayers],
  // A command that another one needs as well is in the file of that one, and is loaded with it.
  checks: { ineffectiveDynamicImport: false },
});
rmSync(join(root, 'dist', 'bundle'), { recursive: true, force: true });
await bundle.write({
  dir: join(root, 'dist'),
  format: 'esm',
  sourcemap: true,
  entryFileNames: '[name].js',
  // With the hash, a program that runs on while a newer one is installed never loads a part of that one.
  chunkFileNames: 'bundle/[name]-[hash].js',
  minifyInternalExports: false,
  codeSplitting: {
    groups: LAYERS.map(([name], index) => ({
      name,
      test: id => layerOf.get(id) === name,
      priority: LAYERS.length - index,
    })),
  },
});
