import { describe, expect, test } from 'vitest';
import { isSyntax, nameOf, place, projectFiles, typescriptOf, walk } from './source.ts';
import type { Source, Syntax } from './source.ts';

/** Rooms that may wait, and read clocks: everything else gets time, timers and randomness through the Hal. */
const FREE = /^src\/(node|cli)\/|^src\/main\.ts$/;

/** Globals that the pure rooms must not name. */
const GLOBALS = new Set([
  ...['Promise', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'clearTimeout', 'clearInterval'],
  ...['performance', 'fetch', 'console', 'crypto', 'globalThis'],
]);
/** Members that bring in a clock or randomness of their own. */
const MEMBERS = new Set(['Date.now', 'Math.random']);
/** Functions of node:crypto that draw randomness or call back later. */
const DRAWS = /^(random|generate|getRandomValues|pbkdf2$|scrypt$|hkdf$|subtle$|webcrypto$)/;

/** What in a pure room waits, reads a clock or draws randomness, one text each. */
function impurities(sources: readonly Source[]): string[] {
  const found: string[] = [];
  for (const source of sources) {
    if (FREE.test(source.path)) continue;
    walk(source, (node, parent) => {
      const what = impurity(node, parent);
      if (what !== undefined) found.push(`${place(source, node.start)}: ${what}`);
    });
  }
  return found;
}

function impurity(node: Syntax, parent: Syntax | undefined): string | undefined {
  if (node.async === true) return 'async function';
  if (node.type === 'AwaitExpression' || node.await === true) return 'await';
  if (node.type === 'MemberExpression') {
    const name = `${nameOf(node.object) ?? ''}.${nameOf(node.property) ?? ''}`;
    return MEMBERS.has(name) ? name : undefined;
  }
  if (node.type === 'NewExpression' && nameOf(node.callee) === 'Date' && (node.arguments as unknown[]).length === 0) {
    return 'new Date() without a time';
  }
  if (node.type === 'CallExpression' && nameOf(node.callee) === 'Date') return 'Date()';
  if (node.type === 'ImportDeclaration' && isSyntax(node.source) && node.source.value === 'node:crypto') {
    for (const specifier of node.specifiers as Syntax[]) {
      const name = nameOf(specifier.imported);
      if (name === undefined) return 'node:crypto as a whole; name the functions';
      if (DRAWS.test(name)) return `${name} of node:crypto`;
    }
  }
  const name = nameOf(node);
  if (name === undefined || !GLOBALS.has(name) || parent === undefined) return undefined;
  const isMember = parent.type === 'MemberExpression' && parent.property === node;
  const isKey = /^(Property|MethodDefinition|PropertyDefinition|TSPropertySignature|TSMethodSignature)$/.test(
    parent.type,
  );
  return isMember || isKey ? undefined : name;
}

describe('no promises, no clock, no randomness below the rim', () => {
  test('the pure rooms have none', () => {
    const sources = typescriptOf('src', projectFiles());
    expect(sources.filter(source => !FREE.test(source.path)).length).toBeGreaterThan(5);
    expect(impurities(sources)).toEqual([]);
  });

  test('a planted one is found', () => {
    const planted: readonly [text: string, told: string][] = [
      ['async function f() {}', 'async'],
      ['const f = async () => 1;', 'async'],
      ['class A { async f() {} }', 'async'],
      ['await g();', 'await'],
      ['async function f() { for await (const x of y) z(x); }', 'await'],
      ['function f(): Promise<void> {}', 'Promise'],
      ['new Promise(() => undefined);', 'Promise'],
      ['const t = Date.now();', 'Date.now'],
      ['const t = new Date();', 'new Date()'],
      ['const r = Math.random();', 'Math.random'],
      ['setTimeout(f, 1);', 'setTimeout'],
      ['const later = setImmediate;', 'setImmediate'],
      ['performance.now();', 'performance'],
      ['console.log(1);', 'console'],
      [`import { randomBytes } from 'node:crypto';`, 'randomBytes'],
      [`import { generateKeyPairSync as g } from 'node:crypto';`, 'generateKeyPairSync'],
      [`import * as crypto from 'node:crypto';`, 'as a whole'],
    ];
    for (const [text, told] of planted) {
      for (const path of ['src/wire/x.ts', 'src/terminal/x.ts', 'src/runtime/x.ts', 'src/sim/x.ts', 'src/limits.ts']) {
        const found = impurities([{ path, text: `// a comment\n${text}` }]);
        expect(found.length, text).toBeGreaterThan(0);
        expect(found[0]).toContain(`${path}:2: `);
        expect(found.join()).toContain(told);
      }
      expect(impurities([{ path: 'src/node/x.ts', text }])).toEqual([]);
    }
  });

  test('comments, texts, members and dates of a given time are fine', () => {
    const text = `
      // no async, no await, no Promise, no Date.now()
      const a = 'setTimeout'; this.fetch(); const b = { console: 1 }; const c = new Date(ms); const d = Date.UTC(1, 2);
      import { createHash, timingSafeEqual } from 'node:crypto';`;
    expect(impurities([{ path: 'src/wire/x.ts', text }])).toEqual([]);
  });
});
