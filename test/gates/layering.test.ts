import { posix } from 'node:path';
import { builtinModules } from 'node:module';
import { describe, expect, test } from 'vitest';
import { isSyntax, nameOf, place, projectFiles, typescriptOf, walk } from './source.ts';
import type { Source, Syntax } from './source.ts';

/** The plan of the house: an import goes to a lower floor, and rooms of one floor do not import each other. */
const FLOORS: readonly (readonly string[])[] = [
  ['assert', 'limits', 'fault', 'units'],
  ['wire', 'hal'],
  ['iso8583', 'card', 'security'],
  ['transaction', 'profile', 'journal', 'trace'],
  ['terminal', 'device', 'host', 'flash'],
  ['runtime', 'replay', 'sim'],
  ['node'],
  ['cli'],
];
/** The entrance above all floors. */
const ENTRANCE = 'main';
const FLOOR_OF = new Map(FLOORS.flatMap((rooms, floor) => rooms.map(room => [room, floor] as const)));

/** Built-in modules outside of the rim, and who may use them. What is not named is for the rim alone. */
const BUILTINS: Readonly<Record<string, (room: string) => boolean>> = {
  'node:crypto': room => (FLOOR_OF.get(room) ?? 0) >= 2,
  // Both only work on names; they open nothing.
  'node:path': room => (FLOOR_OF.get(room) ?? 0) >= 5,
  'node:url': room => (FLOOR_OF.get(room) ?? 0) >= 5,
  // Inflates bytes that are there already.
  'node:zlib': room => room === 'profile',
  'node:sqlite': room => room === 'journal' || room === 'sim',
};
/** Packages that reach the operating system by themselves. */
const RIM_PACKAGES = new Set([
  'pino',
  'serialport',
  '@serialport/stream',
  '@serialport/bindings-cpp',
  'koffi',
  'commander',
]);

function roomOf(path: string): string {
  const [, first] = path.split('/');
  return first.replace(/\.ts$/, '');
}

/** Every module that a file names: imports and exports of values and types, `import()`, `import('…')` types, and built-in ones that are loaded when they are needed. */
function imports(source: Source): { specifier: string | undefined; at: string }[] {
  const out: { specifier: string | undefined; at: string }[] = [];
  walk(source, node => {
    const from = /^(Import|Export(Named|All))Declaration$|^ImportExpression$|^TSImportType$/.test(node.type);
    const named = from ? node.source : isBuiltinCall(node) ? (node.arguments as unknown[])[0] : undefined;
    if (!isSyntax(named)) return;
    const { value } = named;
    out.push({ specifier: typeof value === 'string' ? value : undefined, at: place(source, node.start) });
  });
  return out;
}

/** What the plan does not allow, one text each. */
function breaches(sources: readonly Source[]): string[] {
  const found: string[] = [];
  for (const source of sources) {
    const room = roomOf(source.path);
    const floor = FLOOR_OF.get(room);
    if (floor === undefined && room !== ENTRANCE) {
      found.push(`${source.path}: the room ${room} has no floor; add it to the plan`);
      continue;
    }
    for (const { specifier, at } of imports(source)) {
      if (specifier === undefined) found.push(`${at}: an import of a computed name cannot be checked`);
      else if (specifier.startsWith('.')) {
        const target = roomOf(posix.join(posix.dirname(source.path), specifier));
        const targetFloor = FLOOR_OF.get(target);
        if (target === room && floor !== undefined && floor > 0) continue;
        if (room === ENTRANCE) {
          if (target !== 'cli' && target !== 'node')
            found.push(`${at}: the entrance imports cli and node, not ${target}`);
        } else if (targetFloor === undefined) found.push(`${at}: ${target} is in no room of the plan`);
        else if (targetFloor > (floor ?? 0)) found.push(`${at}: ${room} imports ${target} of a higher floor`);
        else if (targetFloor === floor && floor > 0) found.push(`${at}: ${room} imports ${target} of the same floor`);
      } else if (room !== 'node' && room !== ENTRANCE) {
        const builtin = specifier.startsWith('node:') ? specifier : `node:${specifier}`;
        if (builtinModules.includes(builtin.slice(5)) || specifier.startsWith('node:')) {
          if (BUILTINS[builtin]?.(room) !== true) found.push(`${at}: ${room} uses ${specifier}, which is for the rim`);
        } else if (
          RIM_PACKAGES.has(
            specifier
              .split('/')
              .slice(0, specifier[0] === '@' ? 2 : 1)
              .join('/'),
          )
        ) {
          if (!(room === 'cli' && specifier === 'commander'))
            found.push(`${at}: ${room} uses ${specifier}, which is for the rim`);
        }
      }
    }
    if (room !== 'node' && room !== ENTRANCE) {
      walk(source, (node, parent) => {
        const isImport = isBuiltinMember(parent) && source.text[parent?.end ?? 0] === '(';
        if (isGlobalUse(node, parent, 'process') && !isImport)
          found.push(`${place(source, node.start)}: ${room} uses process`);
      });
    }
  }
  return found;
}

/** `process.getBuiltinModule`, which imports and does nothing else. */
const isBuiltinMember = (node: unknown): boolean =>
  isSyntax(node) &&
  node.type === 'MemberExpression' &&
  nameOf(node.object as Syntax) === 'process' &&
  nameOf(node.property as Syntax) === 'getBuiltinModule';

const isBuiltinCall = (node: Syntax): boolean => node.type === 'CallExpression' && isBuiltinMember(node.callee);

/** True for the global `name` itself, not for a property, key or member of that name. */
function isGlobalUse(node: Syntax, parent: Syntax | undefined, name: string): boolean {
  if (nameOf(node) !== name || parent === undefined) return false;
  if (parent.type === 'MemberExpression') return parent.object === node;
  return !/^(Property|MethodDefinition|PropertyDefinition|TSPropertySignature|TSMethodSignature)$/.test(parent.type);
}

describe('the floors', () => {
  test('the sources keep to the plan', () => {
    const sources = typescriptOf('src', projectFiles());
    expect(sources.length).toBeGreaterThan(5);
    expect(breaches(sources)).toEqual([]);
  });

  test('a planted breach is found', () => {
    const planted: readonly [path: string, text: string, told: string][] = [
      ['src/wire/x.ts', `import { y } from '../card/y.ts';`, 'wire imports card of a higher floor'],
      ['src/wire/x.ts', `import type { Y } from '../card/y.ts';`, 'higher floor'],
      ['src/wire/x.ts', `export * from '../card/y.ts';`, 'higher floor'],
      ['src/wire/x.ts', `export { y } from "../card/y.ts";`, 'higher floor'],
      ['src/wire/x.ts', `type Y = import('../card/y.ts').Y;`, 'higher floor'],
      ['src/wire/x.ts', `const y = import('../card/y.ts');`, 'higher floor'],
      ['src/wire/x.ts', 'const y = import(`../card/${name}.ts`);', 'computed name'],
      ['src/limits.ts', `import { y } from './wire/y.ts';`, 'limits imports wire of a higher floor'],
      ['src/host/x.ts', `import { y } from '../device/y.ts';`, 'host imports device of the same floor'],
      ['src/node/x.ts', `import { y } from '../cli/y.ts';`, 'node imports cli of a higher floor'],
      ['src/main.ts', `import { y } from './runtime/y.ts';`, 'the entrance imports cli and node'],
      ['src/wire/x.ts', `import { y } from '../utils/y.ts';`, 'no room of the plan'],
      ['src/utils/x.ts', '', 'has no floor'],
      ['src/cli/x.ts', `import { readFileSync } from 'node:fs';`, 'cli uses node:fs'],
      ['src/cli/x.ts', `import { readFileSync } from 'fs';`, 'cli uses fs'],
      ['src/cli/x.ts', `import { readFile } from 'node:fs/promises';`, 'cli uses node:fs/promises'],
      ['src/host/x.ts', `import { connect } from 'node:net';`, 'node:net'],
      ['src/host/x.ts', `import { connect } from 'node:tls';`, 'node:tls'],
      ['src/sim/x.ts', `import { ReadStream } from 'node:tty';`, 'node:tty'],
      ['src/sim/x.ts', `import { spawn } from 'node:child_process';`, 'node:child_process'],
      ['src/sim/x.ts', `import { createServer } from 'node:http';`, 'node:http'],
      ['src/sim/x.ts', `import { argv } from 'node:process';`, 'node:process'],
      ['src/runtime/x.ts', `import { DatabaseSync } from 'node:sqlite';`, 'node:sqlite'],
      ['src/wire/x.ts', `import { createHash } from 'node:crypto';`, 'node:crypto'],
      ['src/terminal/x.ts', `import { join } from 'node:path';`, 'node:path'],
      ['src/runtime/x.ts', `import { pino } from 'pino';`, 'pino'],
      ['src/device/x.ts', `import { SerialPortStream } from '@serialport/stream';`, '@serialport/stream'],
      ['src/runtime/x.ts', `const home = process.env.HOME;`, 'runtime uses process'],
      ['src/runtime/x.ts', `const { env } = process;`, 'runtime uses process'],
      ['src/runtime/x.ts', `const fs = process.getBuiltinModule('node:fs');`, 'runtime uses node:fs'],
      ['src/runtime/x.ts', 'const fs = process.getBuiltinModule(name);', 'computed name'],
      ['src/runtime/x.ts', 'const load = process.getBuiltinModule;', 'runtime uses process'],
    ];
    for (const [path, text, told] of planted) {
      const found = breaches([{ path, text }]);
      expect(found, `${path}: ${text}`).toHaveLength(1);
      expect(found[0]).toContain(told);
      expect(found[0]).toContain(path);
    }
  });

  test('what the plan allows is not complained about', () => {
    const fine: readonly [path: string, text: string][] = [
      ['src/fault.ts', `import { assert } from './assert.ts';`],
      ['src/wire/x.ts', `import { y } from './y.ts'; import { assert } from '../assert.ts';`],
      ['src/journal/x.ts', `import { DatabaseSync } from 'node:sqlite'; import { createHash } from 'node:crypto';`],
      ['src/sim/x.ts', `import { DatabaseSync } from 'node:sqlite';`],
      [
        'src/cli/x.ts',
        `import { Command } from 'commander'; import { fileURLToPath } from 'node:url'; import { y } from '../node/y.ts';`,
      ],
      ['src/node/x.ts', `import { connect } from 'node:net'; process.exit(0);`],
      ['src/profile/x.ts', `const zlib = process.getBuiltinModule('node:zlib');`],
      ['src/main.ts', `import { y } from './cli/y.ts'; import { z } from './node/z.ts';`],
      [
        'src/device/x.ts',
        `// import { y } from '../host/y.ts'\nconst text = "import 'node:fs'"; this.process(); const o = { process: 1 };`,
      ],
    ];
    for (const [path, text] of fine) expect(breaches([{ path, text }]), text).toEqual([]);
  });
});
