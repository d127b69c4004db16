// Puts the program together: dist/main.js and a few large files in dist/bundle/ instead of one file a module. Finding,
// reading and linking three hundred small files was half of the time of a start.
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, isAbsolute, join, sep } from 'node:path';
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

/** Packages that those starts need; they and what they need is put into the files too. All others stay in node_modules. */
const PACKED = new Set([
  'chinese-days/dist/chinese-days.json',
  'commander',
  'pino',
  '@serialport/bindings-cpp',
  '@serialport/parser-byte-length',
  '@serialport/stream',
]);
/** Looks for its machine code beside itself, so it is loaded from where it is. */
const NATIVE = '@serialport/bindings-cpp/dist/serialport-bindings.js';

function isOutside(id, importer = '') {
  if (isBuiltin(id)) return true;
  const ofPackage = importer.includes(`${sep}node_modules${sep}`);
  return !(id.startsWith('.') || isAbsolute(id) || ofPackage || PACKED.has(id));
}

const nativeWhereItIs = {
  name: 'native-where-it-is',
  resolveId: id => (id === './serialport-bindings' ? { id: NATIVE, external: true } : null),
};

/** The licenses of the packages that are in the files go with them. */
const licenses = {
  name: 'licenses',
  generateBundle(_, files) {
    const modules = Object.values(files).flatMap(file => (file.type === 'chunk' ? file.moduleIds : []));
    const folders = new Set(modules.flatMap(id => /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(id) ?? []));
    const texts = [...folders].sort().map(folder => {
      const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = readdirSync(folder).find(one => /^licen[cs]e/i.test(one));
      if (file === undefined) throw new Error(`the package ${name} has no license`);
      return `${name} ${version}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
    });
    this.emitFile({ type: 'asset', fileName: 'bundle/LICENSES.txt', source: texts.join(`\n${'-'.repeat(80)}\n\n`) });
  },
};

/**
 * An import of a built-in module reads every member of it to link them, and `node:fs` and `node:crypto` load with theirs what
 * this program never uses. The module itself is had without that.
 */
const builtinsAsTheyAre = {
  name: 'builtins-as-they-are',
  renderChunk(code) {
    const had = id => `globalThis.process.getBuiltinModule(${id})`;
    return code
      .replace(/^import (?:(\w+)(?:, )?)?(\{.*\})? from ("node:\w+");$/gm, (_, whole, members, id) => {
        const names = members?.replaceAll(' as ', ': ');
        if (whole === undefined) return `const ${names} = ${had(id)};`;
        return `const ${whole} = ${had(id)};${names === undefined ? '' : ` const ${names} = ${whole};`}`;
      })
      .replace(/\b__require\(("[\w:]+")\)/g, (text, id) => (isBuiltin(JSON.parse(id)) ? had(id) : text));
  },
};

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
  external: isOutside,
  plugins: [nativeWhereItIs, findLayers, builtinsAsTheyAre, licenses],
  // A command that another one needs as well is in the file of that one, and is loaded with it.
  // What is replaced stays in its line: the maps stay right.
  checks: { ineffectiveDynamicImport: false, sourcemapBroken: false },
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
